"""Nobody's name or number, and no password, comes out where it has no business: every output of a month is looked at.

People are planted into the extracts and secrets into the environment; then a house works, well and badly, on a real
Prefect server and PostgreSQL. What it prints, logs, stores, writes and shows is read to the last file and row.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.engine import make_engine
from adapters.store.guards import APPROVER
from adapters.store.signatures import sign
from adapters.world import open_world
from tasks.stages.rules import sound_rules
from tests.conftest import database_on
from tests.security.plants import (
    ENVIRONMENT,
    PERSONAL,
    SECRETS,
    Leak,
    leaks_in,
    plant_broken_extracts,
    plant_claims,
    plant_people,
)
from tests.security.sweep import texts_below, texts_of_store

pytestmark = [pytest.mark.slow, pytest.mark.prefect]

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST, LAST, BROKEN = date(2026, 9, 29), date(2026, 9, 30), date(2026, 10, 1)
PEOPLE = ("demo manager", "demo hr", "demo finance")

# Where people may be named, and why: docs/security.md says the same. What matches none of these holds nobody's data.
ALLOWED = {
    "landing/*": "what the core systems sent",
    "snapshots/*": "the versions of it that the stages read",
    "runs/*/quarantine/*": "rows that were set aside, as they came: they come back corrected",
    "corrections/*": "the rows as they were corrected, and the sheets of it",
    "contact-points/*/points.parquet": "cleaned contact points, for later stages",
    "reports/*/contact-points/corrections/*": "corrections for the core systems",
    "reports/partners/*.placement.csv": "the columns of the partner's contract",
    "reports/partners/*.placement.xlsx!*": "the same as workbook",
    "lists/FD-?/*": "field collectors visit: their lists have name and address",
    "prefect/ui/*": "the pages of Prefect's UI as its package has them: lines of its drawings are as long as numbers",
}


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of the month: what was printed, the home folder, the store, and how each command ended."""

    home: Path
    store: sa.Engine
    printed: str
    codes: dict[str, object]
    unreachable: list[object]
    failed_notices: list[str]


@pytest.fixture(scope="module")
def worked(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("planted") / "home"
    with database_on(request.getfixturevalue("postgresql")) as url:
        url = url.replace("//postgres:@", "//postgres:dbPlantPw7@")
        world = open_world(Settings(home=home, database_url=url))
        _write_book(world)
        _give_logins(world)
        refused = _demand_password(world, url)
        world.store.engine.dispose()
        done = _work(world, url, refused, tmp_path_factory.mktemp("words") / "steps.json")
        engine = make_engine(url)
        yield Worked(home, engine, *done)
        engine.dispose()


def _write_book(world):
    landing = world.settings.landing
    write_demo_book(DemoPlan(150, 30, 2, FIRST, LAST, seed=3), landing)
    plant_people(landing)
    plant_broken_extracts(landing, landing / LAST.isoformat(), BROKEN)
    plant_claims(landing, LAST)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")


def _give_logins(world):
    with world.store.write("test") as connection:
        for name in PEOPLE:
            connection.execute(sa.text(f'DROP ROLE IF EXISTS "{name}"'))
            connection.execute(sa.text(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'dbPlantPw7'"))
            connection.execute(sa.text(f'GRANT {APPROVER} TO "{name}"'))


def _demand_password(world, url):
    """The address of a login whose password is another one; the server asks no other login for its own."""
    with world.store.read() as connection:
        access = Path(connection.execute(sa.text("SHOW hba_file")).scalar_one())
        asked = f"local all {REFUSED} scram-sha-256\nhost all {REFUSED} all scram-sha-256\n"
        access.write_text(asked + access.read_text(encoding="utf-8"), encoding="utf-8")
    with world.store.write("test") as connection:
        connection.execute(sa.text(f"DROP ROLE IF EXISTS {REFUSED}"))
        connection.execute(sa.text(f"CREATE ROLE {REFUSED} LOGIN PASSWORD 'another'"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    return url.replace("//postgres:", f"//{REFUSED}:")


def _work(world, url, refused, steps):
    """What was printed, how each command of the month ended, how those that found no database did, and which notices
    could not be delivered."""
    own = {"RECOUP_DATABASE_URL": url}
    listed = [*((words, own) for words in (*NIGHTS, *BEFORE_APPROVAL))]
    listed += [(["approve", BATCH, "--by", name], _as_login(url, name)) for name in PEOPLE]
    listed += [*((words, own) for words in AFTERWARDS)]
    of_month = len(listed)
    listed += [(["runs"], {"RECOUP_DATABASE_URL": address}) for address in (*UNREACHABLE, refused)]
    listed += [(["nightly", *NIGHT], {"RECOUP_DATABASE_URL": address}) for address in (UNREACHABLE[0], refused)]
    home = str(world.settings.home)
    typed = [{"words": [w.replace("HOME", home) for w in words], "environment": env} for words, env in listed]
    typed = [_edit(home) if step["words"] == EDIT else step for step in typed]
    steps.write_text(json.dumps(typed))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        **ENVIRONMENT,
        **own,
        "RECOUP_HOME": home,
        "DO_NOT_TRACK": "1",
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "tests.security.work", str(steps)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    steps.with_suffix(".printed.txt").write_text(done.stdout + done.stderr)
    outcome = json.loads(steps.with_suffix(".outcome.json").read_text())
    codes = outcome["codes"]
    of_commands = {" ".join(words): code for (words, _), code in zip(listed, codes[:of_month], strict=False)}
    return done.stdout + done.stderr, of_commands, codes[of_month:], outcome["failed_notices"]


def _edit(home):
    """Somebody corrects the sheet: the one wrong code of the parties that were set aside."""
    return {"file": SHEET.replace("HOME", home), "replace": ["neighbour", "reference"]}


def _as_login(url, name):
    return {"RECOUP_DATABASE_URL": url.replace("//postgres:", f"//{quote(name)}:")}


NIGHT, MONTH, OF_MONTH = ["--date", str(LAST)], ["--period", "2026-09"], ["--month", "2026-09"]
BATCH, SETTLEMENT, SHEET = "bonus-2026-09-field", "R01-", "HOME/corrections/sheets/parties.csv"
REFUSED = "refused"
EDIT = ["the sheet is corrected"]
OF_PARTIES = ["--date", str(BROKEN), "--table", "parties"]
CORRECTED = ["--by", "postgres", "--reason", "the contract says so"]
NIGHTS = (
    ["nightly", "--date", str(FIRST), "--stage", "gate"],
    ["open", "--date", str(FIRST), "--by", "postgres"],
    ["nightly", *NIGHT],
    ["nightly", "--date", str(BROKEN)],
)
BEFORE_APPROVAL = (
    ["contact-points", *MONTH],
    ["month-end", *MONTH, "--by", "preparer"],
)
AFTERWARDS = (
    ["publish", BATCH, "--by", "publisher"],
    ["statements", BATCH],
    ["tie-out", *MONTH],
    ["verify"],
    ["rerun", *NIGHT, "--stage", "measure", "--what-if"],
    ["report", "partner", *OF_MONTH],
    ["worklist", *NIGHT, "--all", "--to", "HOME/lists"],
    ["partners", "export", *NIGHT, "--by", "postgres"],  # the session's own login
    ["settlement", "run", "--partner", "R01", "--cycle", "2026-09", *NIGHT, "--by", "postgres"],
    ["settlement", "show", SETTLEMENT],
    ["settlement", "correspondence", SETTLEMENT],
    ["settlement", "statement", SETTLEMENT],
    ["settlement", "list", "--json"],
    ["signals", "run", *OF_MONTH],
    ["quarantine", "--date", str(BROKEN)],
    ["export-quarantine", *OF_PARTIES, "--to", SHEET],
    EDIT,
    ["correct", SHEET, *OF_PARTIES, *CORRECTED],
    ["corrections", "--json"],
    ["explain", "allocation", "A000000035", *NIGHT],
    ["trends"],
    ["audit", "--json"],
    ["runs", "--json"],
)
# Addresses at which there is no database, or that are none; a password that was not encoded tears one apart.
UNREACHABLE = (
    "postgresql://recoup:dbPlantPw7@127.0.0.1:1/recoup",
    "postgresql://recoup:dbPlantPw7/x@127.0.0.1:1/recoup",
    "postgresql://recoup:dbPlantPw7@127.0.0.1:port/recoup",
    "postgresql://recoup:dbPlantPw7#x@nowhere.invalid/recoup",
    "mysteryql://recoup:dbPlantPw7@127.0.0.1/recoup",
)


def test_the_month_was_worked_well_and_badly(worked):
    """What is looked at below is what came of work: a command that is refused at once shows nothing."""
    halted = f"nightly --date {BROKEN}"
    ended = {words: code for words, code in worked.codes.items() if code and not words.startswith("partners export")}
    assert ended == {halted: 3}
    assert worked.unreachable == [1] * (len(UNREACHABLE) + 3)
    assert "password authentication failed" in worked.printed
    assert any("Webhook call failed" in each for each in worked.failed_notices), "or no notice was tried"
    assert (worked.home / "prefect-server.log").stat().st_size > 0


def test_what_a_month_prints_logs_stores_and_writes_holds_nobodys_name_or_number(leaks):
    assert [leak for leak in leaks if leak.what in PERSONAL and not _is_allowed(leak)] == []


def test_no_password_or_token_is_anywhere(leaks):
    assert [leak for leak in leaks if leak.what in SECRETS] == []


@pytest.fixture(scope="module")
def leaks(worked):
    """What of the plants stands where: of each place and plant the first."""
    found: dict[tuple[str, str], Leak] = {}
    for place, text in (("printed", worked.printed), *texts_below(worked.home), *texts_of_store(worked.store)):
        for leak in leaks_in(place, text, {**PERSONAL, **SECRETS}):
            found.setdefault((leak.place, leak.what), leak)
    return sorted(found.values())


def _is_allowed(leak):
    return any(fnmatch(leak.place, pattern) for pattern in ALLOWED)
