"""The night's figures and those by hand: two ways from the same files to the same numbers, to the last digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.settings import Settings
from bench.by_hand.__main__ import as_text, measured
from bench.comparison import Comparison, compared
from bench.demo_month import END, comparison_of, last_night, prepare
from domain.records import Grain, KpiResult, Unit, ValueState
from tasks.stages.rules import sound_rules


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Of the last night of 400 accounts and 120 employees, some of whom moved; the gate halts nothing of this seed."""
    home = tmp_path_factory.mktemp("bench") / "home"
    prepare(home, 400, employees=120, seed=3)
    night = last_night(home)
    return comparison_of(home, night["run"], [as_text(figure) for figure in measured(night["book"])])


@pytest.mark.slow
def test_all_figures_of_the_night_are_equal_to_those_by_hand(comparison):
    assert comparison.differing == comparison.not_covered == comparison.by_hand_alone == comparison.halted == ()
    assert len(comparison.equal) > 6000


@pytest.mark.slow
def test_every_kpi_of_the_rule_book_is_covered_at_each_of_its_grains(comparison):
    figures = sound_rules(Settings().rules).kpis.on(END).figures
    measured_at = {(figure.id, grain.value) for figure in figures for grain in figure.grains}
    assert {key[:2] for key in comparison.equal} == measured_at


def result(value, above=None, below=None, *, state=ValueState.VALUE):
    numbers = (None if each is None else Decimal(each) for each in (value, above, below))
    day = date(2026, 9, 30)
    return KpiResult("rate", "rule", Grain.TEAM, "T1", day.replace(day=1), day, Unit.RATIO, state, *numbers, "")


@pytest.mark.parametrize(
    ("ours", "by_hand", "expected"),
    [
        (result("0.5", "1", "2"), ("0.5", "1", "2"), "equal"),
        (result("0.5", "1", "2"), ("0.50", "1.0", "2"), "equal"),
        (result("0.5", "1", "2"), ("0.5", "2", "4"), "differing"),
        (result("0.3333", "1", "3"), ("0.33333", "1", "3"), "differing"),
        (result("7"), ("7", "7", None), "equal"),
        (result("7"), ("8", "8", None), "differing"),
        (result(None, "0", "0", state=ValueState.NO_VALUE), (None, "0", "0"), "equal"),
        (result(None, "1", "0", state=ValueState.NO_VALUE), ("0", "1", "0"), "differing"),
        (result("0"), (None, "0", None), "differing"),
        (result(None, state=ValueState.HALTED), ("7", "7", None), "halted"),
        (result("7"), None, "not_covered"),
        (None, ("7", "7", None), "by_hand_alone"),
    ],
)
def test_a_figure_is_compared_in_value_numerator_and_denominator(ours, by_hand, expected):
    key = ("rate", "team", "T1", "")
    found = compared([ours] if ours else [], [[*key, *by_hand]] if by_hand else [])
    assert {name: getattr(found, name) for name in Comparison.__slots__ if getattr(found, name)} == {expected: (key,)}


def test_the_totals_name_the_kpis_that_are_not_equal():
    key = ("rate", "team", "T1", "")
    found = Comparison(equal=(("count", *key[1:]),), differing=(key,), not_covered=(), by_hand_alone=(), halted=())
    assert found.lines() == [
        "2 figures of 2 KPIs: 1 equal, 1 differ, 0 not covered, 0 by hand alone, 0 halted",
        "differ: rate 1",
    ]
