"""A line of pay disputed, answered, upheld and settled; and what is owed in one department deducted in another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from domain.actions import ActionDecisionKind
from flows.attempts import attempt_at
from tasks.stages.adjust import (
    KnownAdjustment,
    NewAdjustment,
    NewMove,
    decide_adjustment,
    list_adjustments,
    propose,
    propose_move,
)
from tasks.stages.disputes import answer, batch_to_adjust, list_disputes, open_dispute, resolve
from tasks.stages.month_end import read_frozen
from tests.crashes.month import PERIOD, of_field, prepare_month
from tests.crashes.office import BY_ROLE, DIRECTOR, FINANCE, HR, Office, Scenario, Step
from tests.crashes.ready import month_in_debt

MANAGER, REASON = BY_ROLE["manager"], "works in field now"


def _open(office: Office) -> None:
    batch, payee = of_field(office, 0)
    if not list_disputes(office.world):
        with office.world.store.read() as connection:
            line = next(
                each for each in read_frozen(connection, batch).lines if each.payee == payee and each.amount > 0
            )
        said = {"by": HR, "about": "visits count twice", "owner": "hr"}
        with attempt_at(office.world, f"disputes open {payee}", None) as attempt:
            open_dispute(office.under(HR), batch, payee, line.component, **said, attempt=attempt)


def _answer(office: Office) -> None:
    (case,) = list_disputes(office.world)
    name = case.action.action_id
    if not any(each.kind is ActionDecisionKind.ANSWERED for each in case.action.decisions):
        with attempt_at(office.world, f"disputes answer {name}", None) as attempt:
            answer(office.under(MANAGER), name, by=MANAGER, text="you are right", attempt=attempt)


def _uphold(office: Office) -> None:
    (case,) = list_disputes(office.world)
    name = case.action.action_id
    if case.is_open:
        with attempt_at(office.world, f"disputes uphold {name}", None) as attempt:
            said = {"by": DIRECTOR, "reason": "two visits were missed", "attempt": attempt}
            resolve(office.under(DIRECTOR), name, upheld=True, **said)


def _settle(office: Office) -> None:
    (case,) = list_disputes(office.world)
    name = case.action.action_id
    if not any(each.case == name for each in list_adjustments(office.world, PERIOD)):
        wanted = NewAdjustment(case.payee, Decimal(250_000), "VND", HR, "two visits", name)
        with attempt_at(office.world, f"adjust {case.payee}", None) as attempt:
            propose(office.under(HR), batch_to_adjust(office.world, case), wanted, attempt)
    _approve(office, lambda each: each.case == name)


def _move(office: Office) -> None:
    """All that the one who owes in legal owes there."""
    batch, payee = of_field(office, -1)
    if not any(each.moved_from for each in list_adjustments(office.world, PERIOD)):
        with attempt_at(office.world, f"adjust move {payee}", None) as attempt:
            propose_move(office.under(HR), batch, NewMove(payee, "legal", "VND", HR, REASON), attempt)
    _approve(office, lambda each: bool(each.moved_from))


def _approve(office: Office, is_meant: Callable[[KnownAdjustment], bool]) -> None:
    (known,) = (each for each in list_adjustments(office.world, PERIOD) if is_meant(each))
    if known.state == "proposed":
        with attempt_at(office.world, f"approve {known.adjustment_id}", None) as attempt:
            decide_adjustment(office.under(FINANCE), known.adjustment_id, approve=True, by=FINANCE, attempt=attempt)


DISPUTES = Scenario(
    "disputes",
    "a line disputed, answered, upheld and settled by an adjustment of two people; a debt moved to another department",
    month_in_debt,
    datetime(2026, 10, 2, tzinfo=UTC),
    (
        Step("prepare", prepare_month),
        Step("open a dispute", _open),
        Step("answer it", _answer),
        Step("uphold it", _uphold),
        Step("settle it by two people", _settle),
        Step("move a debt by two people", _move),
        Step("prepare again", prepare_month),
    ),
)
