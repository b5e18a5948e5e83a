"""The pace of a month: what builds up grows by the days left, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapters.settings import Settings
from domain.ids import digest_of
from domain.records import Grain, KpiResult, Unit, ValueState
from kpi_rules.pace import at_pace
from tasks.stages.rules import sound_rules

DAY, HALF = date(2026, 9, 15), Decimal("0.5")


@pytest.fixture(scope="module")
def figures():
    rules = sound_rules(Settings().rules).kpis.on(DAY)
    return {figure.id: figure for figure in rules.figures}


def result(kpi: str, value: str | None, unit: Unit, **sums: str) -> KpiResult:
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    number = None if value is None else Decimal(value)
    made = KpiResult(kpi, digest_of(kpi), Grain.EMPLOYEE, "E1", DAY.replace(day=1), DAY, unit, state, number)
    return replace(made, **{name: Decimal(text) for name, text in sums.items()})


@pytest.mark.parametrize(
    ("kpi", "unit", "value", "passed", "expected"),
    [
        ("recovered", Unit.MONEY, "300", "0.5", "600"),
        ("recovered", Unit.MONEY, "-300", "0.5", "-600"),
        ("calls_made", Unit.COUNT, "100", "0.3", "333"),
        ("upheld_complaints", Unit.COUNT, "1", "0.5", "1"),
        ("critical_fails", Unit.COUNT, "1", "0.5", "1"),
        ("promise_kept", Unit.RATIO, "0.6", "0.5", "0.6"),
        ("recovered", Unit.MONEY, "300", "1", "300"),
        ("recovered", Unit.MONEY, "300", "0", "300"),
    ],
    ids=["money grows", "what was reversed too", "a count stays whole", "complaints do not", "critical fails do not",
         "a rate of events does not", "the last day", "before the first working day"],
)  # fmt: skip
def test_what_grows(figures, kpi, unit, value, passed, expected):
    assert kpi in figures
    (found,) = at_pace([result(kpi, value, unit)], figures, Decimal(passed))
    assert found.value == Decimal(expected)


def test_of_a_share_of_what_stands_still_only_the_upper_part_grows(figures):
    (found,) = at_pace([result("recovery_rate", "0.1", Unit.RATIO, numerator="10", denominator="100")], figures, HALF)
    assert (found.value, found.numerator, found.denominator) == (Decimal("0.2"), 20, 100)


def test_no_value_stays_none(figures):
    (found,) = at_pace([result("recovered", None, Unit.MONEY)], figures, HALF)
    assert (found.value, found.state) == (None, ValueState.NO_VALUE)
