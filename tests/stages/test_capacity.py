"""Capacity planned from a store: of its nights alone, the same each time, and honest where there is little to go by."""

from __future__ import annotations

import json
from datetime import date, timedelta
from itertools import pairwise

import openpyxl
import pytest

from adapters.errors import RefusedError
from allocation.capacity.rates import stock_after
from domain.ids import canonical_json
from reports.capacity import capacity_report
from reports.capacity_facts import Gap
from reports.languages import Language
from tasks.stages.capacity import night_of_plan, plan_capacity, seen_on
from tasks.stages.capacity_facts import capacity_facts, write_workbook

NIGHTS = tuple(date(2026, 9, number) for number in (1, 2, 3))


@pytest.fixture(scope="module")
def facts(measured_world):
    return capacity_facts(measured_world, plan_capacity(measured_world, NIGHTS[-1], 4), by_name=True)


def test_a_store_without_a_night_a_week_before_says_so_and_plans_for_what_there_is(facts):
    gaps = {notice.gap for notice in facts.notices}
    assert Gap.NO_WEEKS in gaps
    assert Gap.NO_COST in gaps, "the demo book begins in September, and has no costs of August"
    assert {row.cost for row in facts.plan.departments} == {None}, "nothing is made up"
    assert {(row.at_start, row.new, row.low) for row in facts.plan.segments} == {
        (row.at_end, 0, row.at_end) for row in facts.plan.segments
    }
    assert (facts.weeks_seen, facts.rolls, facts.back_tests) == (0, (), ())
    assert all(row.people > 0 for row in facts.plan.departments)


def test_the_same_nights_give_the_same_plan(measured_world, facts):
    again = capacity_facts(measured_world, plan_capacity(measured_world, NIGHTS[-1], 4), by_name=True)
    assert json.loads(canonical_json(again)) == json.loads(canonical_json(facts))


def test_names_are_left_out_unless_they_are_asked_for(measured_world, facts):
    without = capacity_facts(measured_world, plan_capacity(measured_world, NIGHTS[-1], 4), with_hours=False)
    assert without.people == ()
    assert facts.hours, "solved again for each team"
    assert '"E0' not in canonical_json(without)


def test_stocks_and_steps_are_those_of_the_nights(measured_world):
    strategy = night_of_plan(measured_world, NIGHTS[-1]).strategy
    missing = NIGHTS[0] - timedelta(days=1)
    seen = seen_on(measured_world, [missing, *NIGHTS], strategy)
    assert (tuple(seen.stocks), tuple(seen.steps), seen.missing) == (NIGHTS, NIGHTS[1:], ())
    for before, day in pairwise(NIGHTS):
        left = sum(flow.accounts for flow in seen.steps[day] if flow.before is not None)
        assert left == sum(seen.stocks[before].values())
        assert stock_after(seen.steps[day]) == seen.stocks[day]
    longer = seen_on(measured_world, NIGHTS[::2], strategy)
    assert tuple(longer.steps) == NIGHTS[2:], "what lies between two dates is one step"


def test_a_night_that_is_missing_between_cuts_the_steps(measured_world):
    strategy = night_of_plan(measured_world, NIGHTS[-1]).strategy
    after = NIGHTS[-1] + timedelta(days=1)
    seen = seen_on(measured_world, [*NIGHTS, after], strategy)
    assert (seen.missing, tuple(seen.steps)) == ((after,), NIGHTS[1:])


def test_a_date_without_a_night_is_refused(measured_world):
    with pytest.raises(RefusedError, match="CAP010"):
        plan_capacity(measured_world, date(2026, 8, 1), 4)


def test_the_workbook_has_a_sheet_for_each_table(measured_world, facts, tmp_path):
    path = tmp_path / "capacity.xlsx"
    write_workbook(measured_world, facts, path, Language.ENGLISH)
    book = openpyxl.load_workbook(path)
    report = capacity_report(facts)
    assert len(book.sheetnames) == len(report.sections) + 1 + bool(report.tie_outs), "and the definitions"
    sheet = book[report.sections[0].title]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert any(row[0] == "phone_early" and row[1] == "1: 2026-09-04" for row in rows)
