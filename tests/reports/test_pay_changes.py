"""What changed in somebody's pay, and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from domain.ids import digest_of
from domain.records import PayoutLine, Step
from reports.pay_changes import Cause, Change, changes_between, pay_changes
from tests.reports import sample


def line(payee: str = "E0001", score: str = "80", days: str = "20") -> PayoutLine:
    made = sample.payout_line(payee, score=score)
    prorate = Step("for_days", "prorate", Decimal(1), (("days", days), ("days of the period", "20")), "a.yaml:1:1")
    return replace(made, steps=(*made.steps[:-1], prorate, made.steps[-1]))


def test_the_same_twice_has_no_change():
    assert changes_between(line(), line()) == ()


def test_a_figure_that_differs_is_named_with_both_values():
    assert changes_between(line(), line(score="90")) == (Change(Cause.FIGURE, "score", Decimal(80), Decimal(90)),)


def test_days_differ_by_their_share_of_the_month_and_not_by_its_length():
    shorter = replace(line(), steps=tuple(_with_days(step, "18", "18") for step in line().steps))
    assert changes_between(line(), shorter) == ()
    assert changes_between(line(), line(days="10")) == (Change(Cause.DAYS, "for_days", Decimal(20), Decimal(10)),)


def _with_days(step: Step, days: str, whole: str) -> Step:
    return replace(step, inputs=(("days", days), ("days of the period", whole))) if step.kind == "prorate" else step


def test_another_version_of_the_rule_is_named():
    changed = replace(line(), rule=digest_of("edited"))
    assert changes_between(line(), changed) == (Change(Cause.RULE, "phone_early_vnd"),)


def test_who_came_and_who_left_are_told():
    came, left = pay_changes([line("E0002")], [line("E0001")])
    assert (came.payee, came.before, came.changes) == ("E0001", None, (Change(Cause.NEW),))
    assert (left.payee, left.now, left.changes) == ("E0002", None, (Change(Cause.ENDED),))
    assert left.difference == -line().amount


def test_a_difference_that_nothing_explains_is_seen():
    (change,) = pay_changes([line()], [replace(line(), amount=Decimal(7))])
    assert change.is_unexplained
    (same,) = pay_changes([line()], [line()])
    assert not same.is_unexplained
