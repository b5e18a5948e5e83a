"""Duties of a contract beside what landed: what never came, came late, or came in another form."""

from __future__ import annotations

from datetime import date

import pytest

from domain.periods import Period
from incentives.duties import Duty, Return, returned

OCTOBER, SEPTEMBER = Period(2026, 10), Period(2026, 9)
DUTY = Duty(duty="staff_list", due_day=5)
END = date(2026, 10, 31)


def row(received=None, accepted=None, *, partner="R01", duty="staff_list", month=SEPTEMBER):
    return Return(partner, duty, month, date(2026, 10, received) if received else None, accepted)


@pytest.mark.parametrize(
    ("returns", "as_of", "is_kept", "note"),
    [
        ((row(3, True),), END, True, "came on 2026-10-03"),
        ((row(5, True),), END, True, "came on 2026-10-05"),
        ((row(8, True),), END, True, "came on 2026-10-08, 3 days late"),
        ((row(3, False),), END, False, "came on 2026-10-03, not in the agreed form"),
        ((row(3, False), row(9, True)), END, True, "came on 2026-10-09, 4 days late"),
        ((row(),), END, False, "has not come"),
        ((), END, False, "never landed"),
        ((row(3, True, partner="R02"),), END, False, "never landed"),
        ((row(3, True, duty="recordings"),), END, False, "never landed"),
        ((row(3, True, month=OCTOBER),), END, False, "never landed"),
        ((), date(2026, 10, 5), None, "not yet due"),
        ((), date(2026, 10, 6), False, "never landed"),
        (None, END, None, "no returns of partners have landed here"),
    ],
)
def test_a_return_that_never_landed_is_a_broken_duty(returns, as_of, is_kept, note):
    (found,) = returned([DUTY], returns, "R01", OCTOBER, as_of)
    assert found.is_kept is is_kept
    assert found.in_words == f"staff_list of 2026-09: due on 2026-10-05, {note}"


@pytest.mark.parametrize(
    ("months", "period", "is_due"),
    [((), OCTOBER, True), ((10,), OCTOBER, True), ((1, 4, 7, 10), OCTOBER, True), ((3,), OCTOBER, False),
     ((3,), Period(2027, 3), True), ((1, 4, 7, 10), Period(2026, 11), False)],
)  # fmt: skip
def test_an_audit_once_a_year_is_due_in_its_month_alone(months, period, is_due):
    found = returned([Duty(duty="audit", due_day=5, months=months)], (), "R01", period, period.last_day)
    assert [each.month for each in found] == ([period.previous()] if is_due else [])


@pytest.mark.parametrize("months", [(0,), (13,), ("march",)])
def test_a_month_is_one_of_twelve(months):
    with pytest.raises(ValueError, match="months"):
        Duty(duty="audit", due_day=5, months=months)
