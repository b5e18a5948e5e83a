"""Kill the whole stack: `recoup nightly` with the Prefect server that it starts, at moments drawn by lot.

    python -m tests.crashes.stack [--seed 1] [--kills 24] [--only N ...] [--store sqlite] [--log FILE.csv]
        [--folder FOLDER]

The command runs as people type it, in a process group of its own, and the whole group gets SIGKILL. Typed again it runs
to its end; files and tables must be those of a night that nobody disturbed. A line for each goes to the log.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from adapters.settings import Settings
from adapters.store.runs import newest_attempts
from adapters.store.schema import stage_results
from adapters.world import open_world
from tests.conftest import copied
from tests.crashes.__main__ import on_store
from tests.crashes.log import EQUAL, WHOLE, Kill, add_to_log, lines_of, read_log, write_log
from tests.crashes.moments import Left, differing, left_of
from tests.crashes.nights import MORNING, NIGHTS, THIRD
from tests.crashes.office import office_at
from tests.crashes.report import STORES

COMMAND = f"recoup nightly --date {THIRD}"
ANYWHERE = (
    14  # so many numbers are drawn from the whole command, most of which is Prefect's start; others from the night
)
HALTED = 3  # what the command ends with here: of that date the small book has no visits, and the rest goes on


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="recoup-stack-") as temporary:
        folder = arguments.folder or Path(temporary)
        log = arguments.log or folder / "kills.csv"
        write_log(log, read_log(log))
        for store in arguments.store or STORES:
            _kill_on(store, folder, log, arguments)
        wrong = [kill for kill in read_log(log) if kill.sort == WHOLE and kill.result != EQUAL]
    return 1 if wrong else 0


def _kill_on(store: str, folder: Path, log: Path, arguments: argparse.Namespace) -> None:
    ready = NIGHTS.ready(folder / NIGHTS.ready.__name__)
    with tempfile.TemporaryDirectory(prefix=f"stack-{store}-", dir=folder) as name, ExitStack() as kept:
        place = Path(name)
        begun, server = kept.enter_context(on_store(store, ready, place))
        open_world(begun).store.engine.dispose()  # migrated: the night itself is what is timed
        with copied(begun, place / "whole", server) as settings:
            begun_after, seconds = _timed(settings)
            expected = _left(settings)
        print(f"\n{COMMAND} on {store}: {seconds:.0f} s undisturbed, the night after {begun_after:.0f} s", flush=True)
        for number in arguments.only or range(arguments.kills):
            with copied(begun, place / f"kill-{number}", server) as settings:
                first = 0.0 if number < ANYWHERE else begun_after
                delay = random.Random(f"stack/{arguments.seed}/{number}").uniform(first, seconds)
                kill = _killed(settings, expected, store, arguments.seed, number, delay)
            add_to_log(log, kill)
            print("\n".join(lines_of(kill)), flush=True)


def _timed(settings: Settings) -> tuple[float, float]:
    """Seconds until the night's attempt is on record, and until the end."""
    now, begun = datetime.now(UTC), time.perf_counter()
    _to_its_end(settings)
    seconds = time.perf_counter() - begun
    world = open_world(settings)
    with world.store.read() as connection:
        started = newest_attempts(connection, 1)[0].started_at
    world.store.engine.dispose()
    return (started - now).total_seconds(), seconds


def _killed(settings: Settings, expected: Left, store: str, seed: int, number: int, delay: float) -> Kill:
    process = _begun(settings)
    begun = time.perf_counter()
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    how = "killed" if process.returncode == -signal.SIGKILL else "over before its moment came"
    said = f"{how}; {_reached(settings)}"
    _to_its_end(settings)
    result = "; ".join(differing(expected, _left(settings))) or EQUAL
    took = f"{time.perf_counter() - begun:.1f}"
    return Kill(
        WHOLE, store, seed, number, "whole stack", COMMAND, 0, f"{delay * 1000:.2f}", said, "", "", result, took
    )


def _begun(settings: Settings) -> subprocess.Popen[bytes]:
    """The command as people type it, and everything that it starts, in one group."""
    environment = os.environ | {
        "RECOUP_HOME": str(settings.home),
        "RECOUP_RULES": str(settings.rules),
        "RECOUP_DATABASE_URL": settings.database_url,
    }
    command = [sys.executable, "-W", "ignore", "-c", "from flows.cli import main; main()", *COMMAND.split()[1:]]
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def _to_its_end(settings: Settings) -> None:
    process = _begun(settings)
    _, said = process.communicate()
    if process.returncode not in {0, HALTED}:
        raise RuntimeError(f"{COMMAND} ended with {process.returncode}: {said.decode()[-2000:]}")


def _reached(settings: Settings) -> str:
    """The stages that had been finished by then, by the store's own record."""
    world = open_world(settings)
    with world.store.read() as connection:
        stages = (
            connection.execute(sa.select(stage_results.c.stage).order_by(stage_results.c.recorded_at)).scalars().all()
        )
    world.store.engine.dispose()
    return f"finished: {', '.join(stages)}" if stages else "no stage was finished"


def _left(settings: Settings) -> Left:
    office = office_at(settings, datetime.now(MORNING.tzinfo))
    office.world.seam.sweep()
    left = left_of(office)
    office.close_connections()
    ours = {name: digest for name, digest in left.files.items() if not name.startswith("prefect")}
    return Left(ours, left.tables, left.findings)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crashes.stack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--only", type=int, nargs="+")
    parser.add_argument("--store", action="append", choices=STORES)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--folder", type=Path, help="where the worlds lie, or are put to be used again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
