"""What people decide about extracts and enter by hand: a halt waived, rows corrected, a complaint entered."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from adapters.store.actions import read_actions
from adapters.store.nights import newest_gated_night
from adapters.store.quarantine import corrections_on_record
from adapters.world import World
from domain.actions import RegisterKind
from domain.manifest import Stage
from flows.attempts import attempt_at
from tasks.stages.corrections import correct, export_quarantine
from tasks.stages.entered_actions import Entry, enter_action
from tasks.stages.waive import list_waivers, waive
from tests.crashes.nights import FOURTH, run_night
from tests.crashes.office import BY_ROLE, CLERK, Office, Scenario, Step
from tests.crashes.ready import three_nights

HEAD, MANAGER, TODAY = "head", BY_ROLE["manager"], date(2026, 9, 5)
_TWICE = "SELECT * FROM extract UNION ALL SELECT * FROM extract"
_PARTS_DIFFER = """
    SELECT * REPLACE (IF(payment_id = (SELECT min(payment_id) FROM extract), principal + 1, principal) AS principal)
    FROM extract
"""


def _gate(office: Office) -> None:
    """Contacts came twice, which halts; a payment's parts do not add up, which is set aside."""
    _deliver(office.world, "contacts", _TWICE)
    _deliver(office.world, "payments", _PARTS_DIFFER)
    run_night(office.world, FOURTH, Stage.GATE, (Stage.GATE,))


def _deliver(world: World, table: str, sql: str) -> None:
    """The extract of the date as the core system sends it, once: what it was lies beside it."""
    path = world.settings.landing / str(FOURTH) / f"{table}.parquet"
    first = path.with_suffix(".first")
    if not first.exists():
        part = path.with_suffix(".part")
        duckdb.execute(f"COPY (WITH extract AS (FROM '{path}') {sql}) TO '{part}' (FORMAT parquet)")
        first.hardlink_to(path)
        part.replace(path)


def _waive(office: Office) -> None:
    """Where the waiver is on record already, typing it again is refused (WAV006)."""
    with office.world.store.read() as connection:
        run = newest_gated_night(connection, FOURTH)
    assert run is not None
    with attempt_at(office.world, "waive contacts.duplicates", None) as attempt:
        if not list_waivers(office.world):
            said = {"by": HEAD, "reason": "the source doubled it", "until": TODAY}
            waive(office.under(HEAD), run, "contacts.duplicates", **said, attempt=attempt)


def _take_out(office: Office) -> None:
    with attempt_at(office.world, f"quarantine payments {FOURTH}", FOURTH):
        export_quarantine(office.world, "payments", FOURTH, _sheet(office))


def _correct(office: Office) -> None:
    """The clerk corrects the sheet in a copy of it. Where it is on record, the sheet's rows are no longer set aside."""
    with office.world.store.read() as connection:
        is_known = bool(corrections_on_record(connection))
    with attempt_at(office.world, f"correct payments {FOURTH}", FOURTH) as attempt:
        if not is_known:
            corrected = _corrected(_sheet(office))
            said = {"by": CLERK, "reason": "the receipts say so", "attempt": attempt}
            correct(office.under(CLERK), corrected, "payments", FOURTH, **said)


def _sheet(office: Office) -> Path:
    return office.world.settings.landing / "payments.csv"


def _corrected(sheet: Path) -> Path:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        line["principal"] = str(Decimal(line["principal"]) - 1)
    path = sheet.with_name("corrected.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, lines[0].keys())
        writer.writeheader()
        writer.writerows(lines)
    return path


def _through(stage: Stage) -> Callable[[Office], None]:
    def typed(office: Office) -> None:
        run_night(office.world, FOURTH, stage)

    return typed


def _enter(office: Office) -> None:
    """A second entry would be a second action: who has lost the answer looks at the register first."""
    entry = Entry(RegisterKind.RECTIFICATION, "recordings come late", MANAGER, TODAY, partner="R01")
    with office.world.store.read() as connection:
        known = [each for each in read_actions(connection) if each.opened.about == entry.about]
    with attempt_at(office.world, "actions enter rectification", None) as attempt:
        if not known:
            enter_action(office.under(MANAGER), entry, attempt)


DECISIONS = Scenario(
    "decisions",
    "a halted gate and its waiver; rows taken out of quarantine, corrected and landed anew; an action entered by hand",
    three_nights,
    datetime(2026, 9, 5, 1, tzinfo=UTC),
    (
        Step("gate what halts", _gate),
        Step("waive", _waive),
        Step("gate again", _through(Stage.GATE)),
        Step("take rows out of quarantine", _take_out),
        Step("correct them", _correct),
        Step("go on", _through(Stage.MEASURE)),
        Step("enter an action", _enter),
    ),
    people=(HEAD, MANAGER, CLERK),
)
