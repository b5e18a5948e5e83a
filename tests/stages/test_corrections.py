"""Quarantined rows go out on a sheet, come back corrected, and leave a trail."""

from __future__ import annotations

import csv
import json
from decimal import Decimal

import pytest

from adapters.errors import RefusedError
from adapters.snapshots import Pointer, pointed
from adapters.store.guards import WRITER
from adapters.store.quarantine import corrections_on_record
from adapters.store.results import read_verdict
from domain.manifest import Stage
from tasks.stages.corrections import correct, export_quarantine, list_quarantine
from tests.conftest import copy_of, new_world
from tests.stages.conftest import night_of, put_book
from tests.stages.logins import as_login
from tests.stages.test_nights import DAY, halting, rewrite

pytestmark = pytest.mark.slow

GATE = (Stage.GATE,)
# Two payments whose parts do not add up, and one whose receipt a spreadsheet would run.
BROKEN = """
    SELECT * EXCLUDE (place) REPLACE (
        CASE WHEN place <= 2 THEN principal + 1 ELSE principal END AS principal,
        CASE WHEN place = 2 THEN '=HYPERLINK("x")' ELSE receipt END AS receipt
    )
    FROM (SELECT *, row_number() OVER (ORDER BY payment_id) AS place FROM extract WHERE amount > 0
          UNION ALL SELECT *, 99999 FROM extract WHERE amount <= 0)
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def gated(request, tmp_path_factory, book):
    """A world with two payments in quarantine; each test has a copy."""
    with new_world(request, tmp_path_factory.mktemp("gated") / "home", request.param) as world:
        put_book(world, book)
        rewrite(world, "payments", BROKEN)
        night_of(world, DAY, GATE)
        yield world


@pytest.fixture
def quarantined(gated, tmp_path, request):
    with copy_of(gated, tmp_path / "home", request) as world:
        yield world


def exported(world, tmp_path):
    path = tmp_path / "payments.csv"
    assert export_quarantine(world, "payments", DAY, path) == 2
    with path.open(encoding="utf-8-sig", newline="") as file:
        return path, list(csv.DictReader(file))


def save(path, lines):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, lines[0].keys())
        writer.writeheader()
        writer.writerows(lines)
    return path


def take(world, sheet, **changed):
    terms = {"by": "corrector", "reason": "the receipt says so", "attempt": None} | changed
    return correct(as_login(world, "corrector", role=WRITER), sheet, "payments", DAY, **terms)


def totals_of(world, night):
    with world.store.read() as connection:
        verdict = read_verdict(connection, night.run, DAY)
    return next(table.totals for table in verdict.tables if table.table == "payments")


def test_the_quarantine_lists_rows_and_money_by_reason(quarantined):
    (found,) = list_quarantine(quarantined, table="payments")
    assert (found.business_date, found.reason, found.rows) == (DAY, "payments.amount.split", 2)
    assert all(amount > 0 for _, amount in found.money)


def test_the_sheet_shows_the_rows_as_they_came_and_runs_nothing(quarantined, tmp_path):
    path, lines = exported(quarantined, tmp_path)
    assert {line["reasons"] for line in lines} == {"payments.amount.split"}
    assert '\'=HYPERLINK("x")' in {line["receipt"] for line in lines}
    assert path.stat().st_mode & 0o077 == 0, "it holds personal data"


def test_a_corrected_row_lands_anew_and_passes_and_leaves_a_trail(quarantined, tmp_path, run_night):
    path, lines = exported(quarantined, tmp_path)
    for line in lines:
        line["principal"] = str(Decimal(line["principal"]) - 1)
    done = take(quarantined, save(path, lines))
    assert (done.replaced, done.dropped) == (2, 0)
    again = run_night(quarantined, DAY, GATE)
    assert not halting(quarantined, again)
    totals = totals_of(quarantined, again)
    assert totals.quarantined == 0
    trail = [json.loads(line) for line in (quarantined.settings.home / done.path).read_text("utf-8").splitlines()]
    assert [Decimal(each["before"]["principal"]) - Decimal(each["after"]["principal"]) for each in trail] == [1, 1]
    assert '=HYPERLINK("x")' in {each["after"]["receipt"] for each in trail}, "what was not touched is as it came"
    with quarantined.store.read() as connection:
        (recorded,) = corrections_on_record(connection)
    assert (recorded.by, recorded.reason, recorded.sha256) == ("corrector", "the receipt says so", done.sha256)


def test_rows_can_be_left_out_and_what_is_not_touched_stays_in_quarantine(quarantined, tmp_path, run_night):
    path, lines = exported(quarantined, tmp_path)
    before = totals_of(quarantined, run_night(quarantined, DAY, GATE))
    lines[0]["action"] = "drop"
    assert take(quarantined, save(path, lines)).dropped == 1
    after = totals_of(quarantined, run_night(quarantined, DAY, GATE))
    assert (after.landed, after.quarantined) == (before.landed - 1, 1)
    assert after.accepted == before.accepted


def test_a_new_extract_from_the_source_takes_the_place_of_a_correction(quarantined, tmp_path, run_night):
    path, lines = exported(quarantined, tmp_path)
    lines[0]["action"] = "drop"
    corrected = take(quarantined, save(path, lines)).version
    rewrite(quarantined, "payments", "SELECT * REPLACE ('counter' AS channel) FROM extract")
    run_night(quarantined, DAY, GATE)
    with quarantined.store.read() as connection:
        assert pointed(connection, Pointer.LANDED, DAY, DAY)["payments", DAY] != corrected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"principal": "12 000"}, 'COR004 row .*, principal: found "12 000"'),
        ({"principal": "1.23456"}, "COR004"),
        ({"paid_on": "03/09/2026"}, "COR004"),
        ({"row": "0123"}, 'payments.csv:2 COR002 row "0123" is not in the quarantine'),
        ({"action": "delete"}, 'payments.csv:2 COR003 action "delete"'),
        ({}, "COR006"),
    ],
)
def test_a_wrong_sheet_is_refused_with_its_place_and_nothing_changes(quarantined, tmp_path, change, code):
    path, lines = exported(quarantined, tmp_path)
    lines[0].update(change)
    with quarantined.store.read() as connection:
        before = pointed(connection, Pointer.LANDED, DAY, DAY)
    with pytest.raises(RefusedError, match=code):
        take(quarantined, save(path, lines))
    with quarantined.store.read() as connection:
        assert pointed(connection, Pointer.LANDED, DAY, DAY) == before
        assert corrections_on_record(connection) == ()


def test_a_sheet_of_data_that_landed_anew_since_is_refused(quarantined, tmp_path, run_night):
    path, lines = exported(quarantined, tmp_path)
    lines[0]["action"] = "drop"
    save(path, lines)
    rewrite(quarantined, "payments", "SELECT * REPLACE ('counter' AS channel) FROM extract")
    run_night(quarantined, DAY, GATE)
    with pytest.raises(RefusedError, match="COR002"):
        take(quarantined, path)
