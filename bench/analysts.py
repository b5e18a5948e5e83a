"""Twenty analysts start what-ifs at once while a night runs: is the night's result the same, and how much later is it?

    python -m bench.analysts [--accounts 20000] [--analysts 20] [--home FOLDER] [--out FILE.md]

A demo book is opened and two nights are run. Then a copy of it runs the third night alone, and another copy runs it
while what-ifs of the second, each by a rule book of its own, wait and run beside it, all through a real `recoup serve`:
the deployments are started as the forms of the UI start them. The night's tables and files have to be equal in both;
its delay is printed. `--out` writes the page, and a picture beside it of who waited and who ran.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import sqlalchemy as sa

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings, read_settings
from adapters.store.runs import begin_attempt, files_of_run, official_run
from adapters.store.schema import RECORDED, STORE
from adapters.store.signatures import sign
from adapters.world import open_world
from bench.demo_month import run_night
from domain.manifest import RunKind, Stage
from tasks.stages.opening import open_book
from tasks.stages.plan import NIGHT
from tasks.stages.rules import sound_rules

FIRST = date(2026, 9, 1)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
SCORECARDS = "kpi_rules/rules/scorecards.yaml"
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_LONGEST_SECONDS, _BUSY_SECONDS = 7_200, 120


@dataclass(frozen=True, slots=True)
class Ran:
    """A flow run: what it ended as, and when it was asked for, began and ended."""

    state: str
    asked: datetime
    begun: datetime
    ended: datetime

    @property
    def seconds(self) -> float:
        return (self.ended - self.asked).total_seconds()

    @property
    def took(self) -> float:
        return (self.ended - self.begun).total_seconds()


def main() -> None:
    arguments = _arguments()
    home = arguments.home or Path(tempfile.mkdtemp(prefix="recoup-analysts-"))
    if not (home / "book").exists():
        _book(home / "book", arguments.accounts)
    alone, _ = _night(home, "alone", 0)
    beside, analysts = _night(home, "beside", arguments.analysts)
    differing = _differing(home / "alone", home / "beside")
    lines = list(_lines(arguments, (alone, beside), analysts, differing))
    print("\n".join(lines))
    if arguments.out:
        picture = arguments.out.with_suffix(".svg")
        _draw(beside, analysts, picture)
        shown = f"![Who waited and who ran, seconds from the first request]({picture.name})"
        arguments.out.write_text("\n".join([*_HEAD, *lines, "", shown, ""]), encoding="utf-8")
    sys.exit(1 if differing or beside.state != "COMPLETED" else 0)


_HEAD = (
    "# A night beside twenty analysts",
    "",
    "Made by `python -m bench.analysts --out`; do not edit. What it runs stands at the top of `bench/analysts.py`.",
    "",
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.analysts", description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--analysts", type=int, default=20)
    parser.add_argument("--home", type=Path, help="keep everything here")
    parser.add_argument("--out", type=Path, help="write the figures here")
    return parser.parse_args()


def _book(home: Path, accounts: int) -> None:
    world = open_world(Settings(home=home))
    plan = DemoPlan(accounts, max(20, accounts // 400), 4, FIRST, THIRD, seed=1)
    write_demo_book(plan, world.settings.landing, memory_limit=world.settings.memory_limit)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="bench", signer="bench signer")
    run_night(world, FIRST, (Stage.GATE,))
    open_book(world, FIRST, begin_attempt(world.store, "open", FIRST), by="bench")
    run_night(world, SECOND, NIGHT)
    world.store.engine.dispose()


def _overlay(home: Path, number: int) -> str:
    """The analyst's own rule book: scorecards in which attainment is capped a little higher."""
    known = (read_settings().rules / SCORECARDS).read_text(encoding="utf-8")
    path = home / f"overlay-{number}" / SCORECARDS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(known.replace("attainment: 1.2,", f"attainment: 1.{30 + number},"), encoding="utf-8")
    return str(home / f"overlay-{number}")


def _night(home: Path, name: str, analysts: int) -> tuple[Ran, list[Ran]]:
    """The third night on a copy of the book, with the what-ifs asked for first."""
    shutil.copytree(home / "book", home / name)
    with _served(home / name) as ask:
        found = {each["name"]: each["id"] for each in ask("/deployments/filter", {})}
        what_if = {"business_date": SECOND.isoformat(), "first_stage": "gate", "what_if": True}
        own = [{**what_if, "rules": _overlay(home, number)} for number in range(analysts)]
        others = [_start(ask, found["rerun"], each) for each in own]
        night = _start(ask, found["nightly"], {"business_date": THIRD.isoformat()})
        return _ran(ask, night), [_ran(ask, other) for other in others]


@contextmanager
def _served(home: Path) -> Iterator[_Ask]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    password = "bench:bench"
    both = {"PREFECT_SERVER_API_AUTH_STRING": password, "PREFECT_API_AUTH_STRING": password}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", "from flows.cli import main; main()", "serve", "--port", str(port)],
        env={**environment, **both, "RECOUP_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield _until_up(_Ask(f"http://127.0.0.1:{port}/api", password), process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


@dataclass(frozen=True, slots=True)
class _Ask:
    url: str
    password: str

    def __call__(self, path: str, body: Mapping[str, object] | None) -> list[dict[str, str]]:
        """POST with a body, else GET; asked again while the server's database is busy, as Prefect's own clients do."""
        token = base64.b64encode(self.password.encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {token}"}
        data = None if body is None else json.dumps(body).encode()
        request, deadline = urllib.request.Request(self.url + path, data, headers), time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                with urllib.request.urlopen(request, timeout=60) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                    raise
            time.sleep(1)


def _until_up(ask: _Ask, process: subprocess.Popen[bytes]) -> _Ask:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            names = {each["name"] for each in ask("/deployments/filter", {})}
        except (urllib.error.URLError, OSError):
            names = set()
        if {"nightly", "rerun"} <= names:
            return ask
        time.sleep(0.5)
    raise RuntimeError("recoup serve did not come up")


def _start(ask: _Ask, deployment: str, parameters: Mapping[str, object]) -> str:
    return ask(f"/deployments/{deployment}/create_flow_run", {"parameters": parameters})["id"]


def _ran(ask: _Ask, run: str) -> Ran:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        found = ask(f"/flow_runs/{run}", None)
        if found["state_type"] in _ENDED:
            times = (_time(found[name] or found["created"]) for name in ("created", "start_time", "end_time"))
            return Ran(found["state_type"], *times)
        time.sleep(1)
    raise RuntimeError(f"flow run {run} did not end")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _differing(one: Path, other: Path) -> list[str]:
    """Tables and files of the third night that are not the same in both homes."""
    first, second = _content(one), _content(other)
    return sorted(name for name in first | second if first.get(name) != second.get(name))


def _content(home: Path) -> dict[str, object]:
    world = open_world(Settings(home=home))
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, THIRD, Stage.REPORT.value)
        if run is None:
            return {"night": "not finished"}
        tables = [each for each in STORE.sorted_tables if "run_id" in each.columns and each.name != "attempts"]
        rows = {table.name: _rows(connection, table, run) for table in tables}
        return {**rows, "files": files_of_run(connection, run)}


def _rows(connection: sa.Connection, table: sa.Table, run: str) -> list[str]:
    """Numbers that the store gives out depend on who came between; so they are left out, and the rows sorted."""
    columns = [each for each in table.columns if each.name not in RECORDED and each.autoincrement is not True]
    return sorted(repr(tuple(row)) for row in connection.execute(sa.select(*columns).where(table.c.run_id == run)))


def _lines(
    arguments: argparse.Namespace, nights: tuple[Ran, Ran], analysts: Sequence[Ran], differing: Sequence[str]
) -> Iterator[str]:
    alone, beside = nights
    done = sum(each.state == "COMPLETED" for each in analysts)
    yield f"{arguments.accounts:,} accounts, {len(analysts)} what-ifs by as many rule books, then the night, asked for "
    yield f"at once; {os.cpu_count()} processors, of what-ifs {read_settings().analyses_at_once} run side by side "
    yield "(`RECOUP_ANALYSES_AT_ONCE`)."
    yield ""
    yield "| the night | ended | from asked to ended, s | from its start, s |"
    yield "| --- | --- | ---: | ---: |"
    yield f"| alone | {alone.state.lower()} | {alone.seconds:.0f} | {alone.took:.0f} |"
    yield f"| beside the analysts | {beside.state.lower()} | {beside.seconds:.0f} | {beside.took:.0f} |"
    yield ""
    yield f"Its delay: {beside.seconds - alone.seconds:.0f} s. What-ifs completed: {done} of {len(analysts)}, the last "
    yield f"{max((each.seconds for each in analysts), default=0):.0f} s after it was asked for."
    yield f"Its tables and files: {'equal' if not differing else 'differ in ' + ', '.join(differing)}."


def _draw(night: Ran, analysts: Sequence[Ran], path: Path) -> None:
    import altair as alt

    first = min(each.asked for each in (night, *analysts))
    runs = [("the night", night), *((f"what-if {number:02}", each) for number, each in enumerate(analysts, start=1))]
    rows = [
        {"run": name, "is": what, "from": (begin - first).total_seconds(), "to": (end - first).total_seconds()}
        for name, each in runs
        for what, begin, end in (("waiting", each.asked, each.begun), ("running", each.begun, each.ended))
    ]
    alt.Chart(alt.Data(values=rows)).mark_bar().encode(
        alt.X("from:Q", title="seconds from the first request"),
        alt.X2("to:Q"),
        alt.Y("run:N", title=None),
        alt.Color("is:N", title=None, scale=alt.Scale(domain=["waiting", "running"], range=["#c8d3dc", "#2f6f9f"])),
    ).properties(width=560, height=18 * len(runs)).save(str(path))


if __name__ == "__main__":
    main()
