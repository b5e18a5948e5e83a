"""Targets as they are due by a day, what was reached of them, and who falls behind since when."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from domain.records import Grain, ScorePart
from kpi_rules.progress import Stretch, Week, accrues, due_by_now, reached, share_passed, stretches

HALF = Decimal("0.5")
E1, T1 = (Grain.EMPLOYEE, "E1"), (Grain.TEAM, "T1")


@pytest.fixture
def figures(house_rules):
    return {figure.id: figure for figure in house_rules.figures}


@pytest.mark.parametrize(
    ("kpi", "builds_up"),
    [
        ("calls_made", True),
        ("recovered", True),
        ("recovery_rate", True),  # payments of the month, of what stood at opening
        ("contact_rate", True),  # accounts reached in the month, of those owned in it
        ("complaint_rate", True),
        ("promise_kept", False),  # both sides grow
        ("calls_per_hour", False),
        ("qa_score", False),
        ("accounts_owned", False),
        ("cure_rate_overdue", False),  # it stands as of one day
        ("complaints_last_90_days", False),
        ("unknown", False),
    ],
)
def test_what_builds_up_over_a_month_is_due_in_part(figures, kpi, builds_up):
    assert accrues(kpi, figures) is builds_up
    assert due_by_now(kpi, Decimal(8), figures, HALF) == (4 if builds_up else 8)


def test_the_share_passed_counts_working_days_and_the_business_date():
    working = frozenset(
        {date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 5), date(2026, 10, 30), date(2026, 9, 30)}
    )
    assert share_passed(working, date(2026, 10, 2)) == HALF
    assert share_passed(working, date(2026, 10, 4)) == HALF, "a day off adds nothing"
    assert share_passed(working, date(2026, 10, 31)) == 1
    assert share_passed(None, date(2026, 10, 2)) == share_passed(frozenset(), date(2026, 10, 2)) == 1


def part(kpi, value, target, weight="0.5"):
    numbers = (None if each is None else Decimal(each) for each in (value, target))
    return ScorePart(kpi, *numbers, None, None, Decimal(weight), None)


@pytest.mark.parametrize(
    ("parts", "share"),
    [
        ([part("recovery_rate", "0.05", "0.20")], Fraction(1, 2)),  # 0.10 is due by half of the month
        ([part("promise_kept", "0.20", "0.40")], Fraction(1, 2)),  # due in full on every day
        ([part("recovery_rate", "0.90", "0.20"), part("promise_kept", "0", "0.40")], Fraction(1, 2)),
        ([part("promise_kept", "0.30", "0.40", "0.75"), part("qa_score", "0.8", "0.8", "0.25")], Fraction(13, 16)),
        ([part("complaint_rate", "0.005", "0.01")], Fraction(1)),  # lower is better, and 0.005 is due
        ([part("complaint_rate", "0.0075", "0.01")], Fraction(1, 2)),
        ([part("complaint_rate", "0.5", "0.01")], Fraction(0)),
        ([part("promise_kept", "0.20", "0.40"), part("qa_score", None, "0.8")], Fraction(1, 2)),
        ([part("promise_kept", None, "0.40")], None),
        ([part("promise_kept", "0.20", None)], None),
        ([part("critical_fails", "0", "1", "0")], None),  # a gate
    ],
)  # fmt: skip
def test_what_was_reached_of_the_targets_due(figures, parts, share):
    found = reached(parts, figures, HALF)
    assert (found if found is None else Fraction(found)) == share


def weeks(*shares, entity=E1):
    """One week after the other, the newest last; None where the entity has no value."""
    days = (date(2026, 10, day) for day in (2, 9, 16, 23, 30))
    made = ({} if share is None else {entity: Decimal(share)} for share in shares)
    return [Week(day, reached) for day, reached in zip(days, made, strict=False)]


@pytest.mark.parametrize(
    ("shares", "first", "number"),
    [
        (("0.9", "0.7", "0.7", "0.7"), date(2026, 10, 9), 3),
        (("0.7", "0.9", "0.7", "0.7", "0.7"), date(2026, 10, 16), 3),
        (("0.7", "0.7", "0.7", "0.7", "0.1"), date(2026, 10, 2), 5),
        (("0.7", "0.7", None, "0.7"), date(2026, 10, 2), 3),
    ],
)
def test_a_stretch_begins_with_the_first_of_the_weeks_in_a_row(shares, first, number):
    (found,) = stretches(weeks(*shares), below=Decimal("0.8"), at_least=3)
    assert found == Stretch(E1, first, number, Decimal(shares[-1]))


@pytest.mark.parametrize("shares", [("0.7", "0.7"), ("0.7", "0.7", "0.7", "0.8"), ("0.7", "0.7", "0.7", None), ()])
def test_too_few_weeks_the_share_itself_and_no_value_now_are_no_stretch(shares):
    assert stretches(weeks(*shares), below=Decimal("0.8"), at_least=3) == ()


def test_teams_and_employees_are_told_apart():
    both = [
        Week(one.ending, {**one.reached, **other.reached})
        for one, other in zip(weeks("0.7", "0.7", "0.7"), weeks("0.9", "0.9", "0.9", entity=T1), strict=True)
    ]
    assert [each.entity for each in stretches(both, below=Decimal("0.8"), at_least=3)] == [E1]
