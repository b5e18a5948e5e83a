"""What a settlement tells, as statements: its differences, what nobody claims, numbers and money of both sides."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, ExactSelect, count_rows, exact, total
from incentives.claims.asked import Asked, Condition
from incentives.claims.kinds import AGREED, Kind
from incentives.claims.views import SQL


def unclaimed(asked: Asked) -> ExactSelect:
    """What the books have for the partner, up to the cycle, and no line has: whole bookings, and rests of them.

    A booking that a line holds while its difference is open is not listed twice.
    """
    booking, spoken = SQL["claim_bookings"].c, _spoken_for()
    rest = booking.left_open - sa.func.coalesce(spoken.c.amount, 0)
    is_left = (~sa.func.coalesce(spoken.c.is_held, sa.false()), rest > asked.tolerance)
    is_part = sa.or_(spoken.c.amount > 0, booking.settled > 0)
    kind = sa.case((is_part, Kind.PART_NOT_CLAIMED.value), else_=Kind.NOT_CLAIMED.value)
    found = (
        booking.payment_id,
        booking.account_id,
        booking.paid_on,
        booking.posted_on,
        sa.cast(rest, MONEY).label("amount"),
        kind.label("kind"),
    )
    source = SQL["claim_bookings"].outerjoin(spoken, spoken.c.payment_id == booking.payment_id)
    return exact(sa.select(*found).select_from(source).where(*_due(booking), *is_left).order_by(booking.payment_id))


def differences() -> ExactSelect:
    """The lines that are not agreed."""
    outcome = SQL["claim_outcomes"].c
    return exact(sa.select(*outcome).where(outcome.kind != AGREED).order_by(outcome.claim_id))


def all_outcomes() -> ExactSelect:
    """Every line with what became of it."""
    outcome = SQL["claim_outcomes"].c
    return exact(sa.select(*outcome).order_by(outcome.claim_id))


def sum_of_agreed() -> ExactSelect:
    """What agreed lines are payable at, as booked."""
    match = SQL["claim_matches"].c
    return exact(sa.select(total(match.amount, match.kind == AGREED).label("amount")))


def counts_of_lines() -> ExactSelect:
    """Theirs: number and money of lines, by kind and currency."""
    outcome = SQL["claim_outcomes"].c
    statement = sa.select(
        outcome.kind, outcome.currency, count_rows().label("lines"), total(outcome.amount).label("amount")
    )
    return exact(statement.group_by(outcome.kind, outcome.currency).order_by(outcome.kind, outcome.currency))


def counts_of_bookings() -> ExactSelect:
    """Ours: number and money of what is due to be claimed, in all and by what became of it."""
    booking, spoken = SQL["claim_bookings"].c, _spoken_for()
    taken = sa.cast(sa.func.coalesce(spoken.c.amount, 0), MONEY)
    is_held = sa.func.coalesce(spoken.c.is_held, sa.false())
    rest = booking.left_open - taken
    statement = sa.select(
        count_rows().label("bookings"),
        total(booking.left_open).label("booked"),
        count_rows(sa.and_(~is_held, taken > 0)).label("agreed_bookings"),
        total(taken).label("agreed"),
        count_rows(is_held).label("held_bookings"),
        total(rest, is_held).label("held"),
        count_rows(sa.and_(~is_held, taken == 0)).label("unclaimed_bookings"),
        total(rest, ~is_held).label("unclaimed"),
    )
    source = SQL["claim_bookings"].outerjoin(spoken, spoken.c.payment_id == booking.payment_id)
    return exact(statement.select_from(source).where(*_due(booking)))


def _due(booking: Any) -> tuple[Condition, ...]:
    """Of bookings, what the partner should claim by now: its own, of the cycle or an earlier one, and standing."""
    return (
        booking.is_mine,
        booking.left_open > 0,
        booking.is_due,
        ~booking.is_before_first,
        ~booking.is_after_recall,
        ~booking.is_after_term,
        booking.reversed_on.is_(None),
    )


def _spoken_for() -> sa.Subquery:
    """Of each booking: what lines have agreed on, and whether one holds it while its difference is open."""
    match = SQL["claim_matches"].c
    is_agreed = match.kind == AGREED
    statement = sa.select(
        match.payment_id,
        total(match.amount, is_agreed, as_type=MONEY).label("amount"),
        sa.func.bool_or(~is_agreed).label("is_held"),
    )
    return statement.group_by(match.payment_id).subquery("spoken")
