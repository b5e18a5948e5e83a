"""`recoup simulate`: measured months paid by other policies, from what the store has, and as a check before a merge."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.results import read_payout_lines
from domain.ids import canonical_decimal
from domain.periods import Period
from flows.cli import app
from incentives.pay_compared import PayCompared
from reports.formats import Formats
from reports.rule_effects import FigureKind
from reports.simulation import Simulation
from tasks.stages.diff_rules import diff_rules
from tasks.stages.rule_effects import last_nights
from tasks.stages.simulate import simulate_policies
from tests.reports.reading import Page
from tests.stages.books import POLICIES, edit, house_book

MONTH = Period(2026, 9)
HOUSE = Settings().rules
LEADERS = "incentives/policies/leader_bonus.yaml"
FLAT = (("below: zero\n", "below: flat\n"),)  # half of the target for everybody with a score below 60


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    """A folder with the house's policy files alone, edited."""

    def write(*edits, name=POLICIES):
        return edit(house_book(tmp_path_factory.mktemp("book")), {name: edits}) / "incentives" / "policies"

    return write


@pytest.fixture(scope="module")
def dearer(policies):
    return policies(*FLAT)


@pytest.fixture(scope="module")
def simulated(measured_world, dearer):
    return simulate_policies(measured_world, dearer, MONTH, MONTH)


def test_the_old_side_is_what_the_night_has_forecast(measured_world, simulated):
    with measured_world.store.read() as connection:
        stored = read_payout_lines(connection, last_nights(measured_world)[MONTH].run, "bonus")
    costs = {(each.department, each.currency): each.cost.old for each in simulated.pay.costs}
    assert {key: cost for key, cost in costs.items() if cost} == {
        key: cost for key, cost in sums_of(stored).items() if cost
    }
    assert sum(costs.values())


def sums_of(lines):
    sums = defaultdict(Decimal)
    for line in lines:
        sums[line.scope, line.currency] += line.amount
    return sums


def test_the_new_side_is_what_diff_rules_finds_and_says_by_which_rules(measured_world, simulated, dearer):
    effects = diff_rules(measured_world, str(HOUSE), str(dearer.parent.parent), months=1).effects
    (month,) = effects.months
    differing = {total.name: total for total in month.totals_of(FigureKind.PAY) if total.currency == "VND"}
    sums = {each.department: each.cost for each in simulated.pay.costs if each.currency == "VND"}
    assert {name: (total.old, total.new) for name, total in differing.items()} == {
        name: (sides.old, sides.new) for name, sides in sums.items() if sides.difference
    }
    assert simulated.changes == effects.changes
    assert {each.department for each in simulated.pay.costs if each.currency == "VND" and each.budget} >= set(sums)
    assert [each.recovered > 0 for each in simulated.pay.totals] == [True, True]


def test_a_folder_laid_out_as_a_rule_book_replaces_the_files_that_it_has_and_one_of_policies_all(
    measured_world, simulated, dearer, tmp_path
):
    (tmp_path / POLICIES).parent.mkdir(parents=True)
    shutil.copy(dearer / "collector_bonus.yaml", tmp_path / POLICIES)
    assert simulate_policies(measured_world, tmp_path, MONTH, MONTH).pay == simulated.pay
    alone = simulate_policies(measured_world, (tmp_path / POLICIES).parent, MONTH, MONTH)
    assert {"policy leaders_vnd"} <= {change.name for change in alone.changes if change.new is None}
    assert any("no policy for leader" in each.new for each in alone.pay.unpaid)


VND = "    template: leader_bonus\n    parameters:\n      currency: VND\n"
ENDS = (
    f"    valid_from: 2025-01-01\n    review_by: 2027-12-31\n{VND}",
    f"    valid_from: 2025-01-01\n    valid_to: 2026-12-01\n{VND}",
)
BEGINS = (
    "  - id: leaders_cny\n",
    """  - id: leaders_vnd
    title: Team leaders paid in VND
    owner: head_of_operations
    valid_from: 2026-12-01
    review_by: 2027-12-31
    template: leader_bonus
    parameters:
      currency: VND
      first_limit: 1_000
      second_limit: 4_000_000_000
      digits: 0
  - id: leaders_cny
""",
)


def test_a_policy_that_begins_after_the_months_is_paid_as_if_it_held(measured_world, policies):
    later = policies(ENDS, BEGINS, name=LEADERS)
    found = simulate_policies(measured_world, later, MONTH, MONTH)
    assert [(each.rule, each.what) for each in found.as_if] == [("policy leaders_vnd", "begins on 2026-12-01")]
    now = policies(("first_limit: 1_000_000_000", "first_limit: 1_000"), name=LEADERS)
    assert found.pay == simulate_policies(measured_world, now, MONTH, MONTH).pay
    assert [each.winners > 0 for each in found.pay.totals] == [False, True]
    dated = simulate_policies(measured_world, later, MONTH, MONTH, as_dated=True)
    assert dated.as_if == ()
    assert all(each.cost.old == each.cost.new for each in dated.pay.totals)


def test_what_is_not_there_is_told_month_by_month(measured_world, dearer):
    found = simulate_policies(measured_world, dearer, Period(2026, 7), MONTH)
    assert [each.period for each in found.without] == ["2026-07", "2026-08"]
    assert [(each.period, each.night, each.is_whole) for each in found.months] == [("2026-09", date(2026, 9, 3), False)]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [(MONTH, Period(2026, 8), "SIM001"), (Period(2026, 1), Period(2026, 2), "SIM003")],
)
def test_months_that_cannot_be_simulated_are_refused(measured_world, dearer, first, last, code):
    with pytest.raises(RefusedError, match=code):
        simulate_policies(measured_world, dearer, first, last)


def test_a_folder_without_policies_is_refused(measured_world, tmp_path):
    with pytest.raises(RefusedError, match="SIM002"):
        simulate_policies(measured_world, tmp_path, MONTH, MONTH)


def test_wrong_policies_are_refused_with_everything_that_is_wrong(measured_world, policies):
    wrong = policies(("below: zero\n", "below: nothing\n"), ("factor: 0.5\n", "factor: -1\n"))
    with pytest.raises(RefusedError, match="collector_bonus") as refused:
        simulate_policies(measured_world, wrong, MONTH, MONTH)
    assert "nothing" in str(refused.value)
    assert "-1" in str(refused.value)


@pytest.fixture
def run(measured_world, monkeypatch):
    monkeypatch.setenv("RECOUP_HOME", str(measured_world.settings.home))

    def invoke(folder, *arguments):
        words = ["simulate", "--policies", str(folder), "--from", "2026-09", "--to", "2026-09", *arguments]
        return CliRunner().invoke(app, words)

    return invoke


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 0, ""),
        (("--at-most", "3 %"), 1, "SIM010 the new policies cost"),
        (("--within-budget",), 1, "SIM011 field costs"),
        (("--at-most", "three"), 2, "no percentage"),
        (("--to", "2026-13"), 2, "month"),
    ],
)
def test_it_is_a_check_by_its_exit_code(run, dearer, arguments, code, told):
    result = run(dearer, *arguments)
    assert result.exit_code == code, result.output
    assert told in result.output
    if code < 2:
        assert "2026-09 is simulated up to the night of 3 September 2026 only" in " ".join(result.output.split())


def test_a_check_that_is_passed_says_so(run, policies):
    result = run(policies(("rate: 0.001", "rate: 0.00102"), name=LEADERS), "--at-most", "2.5")
    assert (result.exit_code, "The check is passed" in result.output) == (0, True), result.output


def test_json_the_page_and_the_workbook_tell_the_same(run, dearer, simulated, tmp_path):
    page, book = tmp_path / "simulation.html", tmp_path / "simulation.xlsx"
    result = run(dearer, "--json", "--page", str(page), "--workbook", str(book))
    told = json.loads(result.stdout)
    assert list(told) == sorted(Simulation.__slots__)
    assert list(told["pay"]) == sorted(PayCompared.__slots__)
    assert told["pay"]["totals"][1]["cost"]["new"] == canonical_decimal(simulated.pay.totals[1].cost.new)
    shown = Formats().amount(simulated.pay.totals[1].cost.new, "VND")
    assert shown in Page(page.read_text(encoding="utf-8")).text
    sheet = load_workbook(book)["Cost"]
    assert [row[2] for row in sheet.iter_rows(min_row=5, values_only=True)][1] == simulated.pay.totals[1].cost.new
