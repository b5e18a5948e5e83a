"""A halt that a named person waives: for those data, until that day, and shown on whatever used them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.errors import RefusedError
from adapters.snapshots import Pointer, pointed
from adapters.store.results import read_verdict
from adapters.world import open_world
from domain.manifest import Stage
from domain.records import Outcome
from tasks.stages.waive import Standing, list_waivers, waive, waivers_of_run
from tests.conftest import copy_of, new_world
from tests.stages.conftest import night_of, put_book
from tests.stages.logins import as_login
from tests.stages.test_nights import DAY, NEXT, halting, rewrite

pytestmark = pytest.mark.slow

GATE = (Stage.GATE,)

DOUBLED = "SELECT * FROM extract UNION ALL SELECT * FROM extract"
UNTIL = date(2026, 1, 9)  # the clock of these tests stands in the first days of January


def waived(world, night, check="payments.duplicates", **changed):
    terms = {"by": "head", "reason": "the source  doubled it", "until": UNTIL, "attempt": None} | changed
    return waive(as_login(world, "head"), night.run, check, **terms)


def outcome_of(world, night, table):
    with world.store.read() as connection:
        verdict = read_verdict(connection, night.run, night.business_date)
    return next(one.outcome for one in verdict.tables if one.table == table)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def halted_once(request, tmp_path_factory, book):
    """A world with a night that halts, because payments came twice."""
    with new_world(request, tmp_path_factory.mktemp("halted") / "home", request.param) as world:
        put_book(world, book)
        rewrite(world, "payments", DOUBLED)
        yield world, night_of(world, DAY)


@pytest.fixture
def halted(halted_once, tmp_path, request):
    """A copy of it for each test."""
    world, night = halted_once
    with copy_of(world, tmp_path / "home", request) as copy:
        yield copy, night


def test_after_it_the_night_goes_on_and_says_so(halted, run_night):
    world, night = halted
    assert waived(world, night).reason == "the source doubled it"
    again = run_night(world, DAY)
    assert again.run != night.run, "a waiver is an input of the run"
    assert not halting(world, again)
    assert outcome_of(world, again, "payments") is Outcome.WAIVED
    page = (world.settings.home / "runs" / again.run / "night.html").read_text(encoding="utf-8")
    assert "waived by head until 9 January 2026: the source doubled it" in page


def test_a_later_night_that_reads_the_data_rests_on_it_too(halted, run_night):
    world, night = halted
    waived(world, night)
    run_night(world, DAY, GATE)
    later = run_night(world, NEXT, (Stage.GATE, Stage.MEASURE))
    with world.store.read() as connection:
        (found,) = waivers_of_run(connection, later.run)
    assert (found.table, found.business_date, found.by) == ("payments", DAY, "head")


def test_other_data_make_it_void(halted, run_night):
    world, night = halted
    waived(world, night)
    rewrite(world, "payments", "SELECT * FROM extract UNION ALL SELECT * FROM extract LIMIT 200")
    again = run_night(world, DAY, GATE)
    assert "payments.duplicates" in halting(world, again)
    (listed,) = list_waivers(world)
    assert listed.standing is Standing.OTHER_DATA


def test_it_is_void_after_its_day(halted, run_night):
    world, night = halted
    waived(world, night)

    after = open_world(world.settings, clock=lambda: datetime(2026, 1, 10, tzinfo=UTC))
    assert list_waivers(after)[0].standing is Standing.PAST
    again = run_night(after, DAY)
    assert again.run == night.run, "without the waiver it is the halted run"
    with after.store.read() as connection:
        assert pointed(connection, Pointer.ACCEPTED, DAY, DAY).get(("payments", DAY)) is None


@pytest.mark.parametrize(
    ("check", "changed", "code"),
    [
        ("payments.volume", {}, "WAV002 'payments.volume' did not halt in this run; halted: payments.duplicates"),
        ("payments.duplicates", {"reason": " "}, "WAV004 a waiver has a name and a reason"),
        ("payments.duplicates", {"until": date(2025, 12, 31)}, "WAV004 it holds until 2025-12-31"),
        ("payments.duplicates", {"until": date(2026, 3, 1)}, "at most 31 days ahead"),
    ],
)
def test_what_is_not_waived_is_refused_with_its_reason(halted, check, changed, code):
    world, night = halted
    with pytest.raises(RefusedError, match=code):
        waived(world, night, check, **changed)
    assert list_waivers(world) == ()


def test_a_missing_column_cannot_be_waived(world, land_book, run_night):
    land_book(world)
    rewrite(world, "payments", "SELECT * EXCLUDE (channel) FROM extract")
    night = run_night(world, DAY, GATE)
    with pytest.raises(RefusedError, match=r"WAV003 payments\.channel\.column cannot be waived"):
        waived(world, night, "payments.channel.column")


def test_data_that_landed_since_are_looked_at_first(halted, run_night):
    world, night = halted
    rewrite(world, "payments", "SELECT DISTINCT * FROM extract")
    run_night(world, DAY, GATE)
    with pytest.raises(RefusedError, match="WAV005 payments of 2026-09-03 has landed anew"):
        waived(world, night)


def test_one_check_of_a_run_is_waived_once(halted):
    world, night = halted
    waived(world, night)
    with pytest.raises(RefusedError, match="WAV006"):
        waived(world, night)
