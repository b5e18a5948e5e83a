"""The plain pairs of claim lines and bookings as statements, and what they leave to pairing in Python (`pairing`):
several lines for one booking, sums, near misses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, ExactSelect, count_rows, exact
from incentives.claims.asked import Asked, Condition, within
from incentives.claims.pairing import Way
from incentives.claims.views import SQL

NONE_NAMED = ""


def named_pairs() -> ExactSelect:
    """Rows of `claim_pairs`: lines that name a booking of their account which no other line names."""
    line, booking = SQL["claim_lines"].c, SQL["claim_bookings"].c
    alone = (
        sa.select(line.payment_id, line.account_id)
        .where(line.can_match, line.payment_id != NONE_NAMED)
        .group_by(line.payment_id, line.account_id)
        .having(count_rows() == 1)
        .subquery("alone")
    )
    source = (
        SQL["claim_lines"]
        .join(SQL["claim_bookings"], _names(line, booking))
        .join(alone, sa.and_(alone.c.payment_id == line.payment_id, alone.c.account_id == line.account_id))
    )
    return exact(_pair_columns(Way.REFERENCE).select_from(source).where(line.can_match))


def fitting_pairs(asked: Asked) -> ExactSelect:
    """Rows of `claim_pairs`: lines that name none, and one booking, which no line names, has their day and amount, as
    far as the tolerances go; no other such line has it."""
    line, booking = SQL["claim_lines"].c, SQL["claim_bookings"].c
    days = sa.type_coerce(line.paid_on - booking.paid_on, sa.BigInteger)
    fits = sa.and_(
        line.account_id == booking.account_id,
        days <= asked.tolerance_days,
        days >= -asked.tolerance_days,
        within(line.amount - booking.left_open, asked.tolerance),
    )
    candidate = (
        sa.select(
            line.claim_id,
            booking.payment_id,
            sa.cast(sa.func.count().over(partition_by=line.claim_id), sa.BigInteger).label("bookings"),
            sa.cast(sa.func.count().over(partition_by=booking.payment_id), sa.BigInteger).label("lines"),
        )
        .select_from(SQL["claim_lines"].join(SQL["claim_bookings"], fits))
        .where(line.can_match, ~_names_one(line), ~_is_named(booking), booking.left_open > 0)
        .subquery("candidate")
    )
    source = (
        SQL["claim_lines"]
        .join(candidate, candidate.c.claim_id == line.claim_id)
        .join(SQL["claim_bookings"], booking.payment_id == candidate.c.payment_id)
    )
    alone = (candidate.c.bookings == 1, candidate.c.lines == 1)
    return exact(_pair_columns(Way.FACTS).select_from(source).where(*alone))


def crowded_lines() -> ExactSelect:
    """What is left for pairing in Python: lines without a pair, and beside them those that they may repeat, with the
    booking that these have."""
    line, given = SQL["claim_lines"].c, SQL["claim_pairs"].c
    waiting = _waiting()
    same = sa.and_(
        waiting.c.account_id == line.account_id, waiting.c.paid_on == line.paid_on, waiting.c.amount == line.amount
    )
    is_wanted = sa.or_(given.claim_id.is_(None), sa.exists().where(same))
    wanted = ("account_id", "claim_id", "claimed_on", "paid_on", "amount", "payment_id")
    statement = (
        sa.select(*(line[name] for name in wanted), given.payment_id.label("paired"))
        .select_from(SQL["claim_lines"].outerjoin(SQL["claim_pairs"], given.claim_id == line.claim_id))
        .where(line.can_match, is_wanted)
    )
    return exact(statement.order_by(line.account_id, line.claim_id))


def crowded_bookings() -> ExactSelect:
    """The bookings of their accounts that no line has yet."""
    booking, given, waiting = SQL["claim_bookings"].c, SQL["claim_pairs"].c, _waiting()
    wanted = ("account_id", "payment_id", "paid_on", "counted", "left_open", "is_mine", "reversed_on")
    statement = sa.select(*(booking[name] for name in wanted)).where(
        booking.account_id.in_(sa.select(waiting.c.account_id)),
        booking.payment_id.not_in(sa.select(given.payment_id)),
    )
    return exact(statement.order_by(booking.account_id, booking.payment_id))


def _pair_columns(way: Way) -> sa.Select[Any]:
    line, booking = SQL["claim_lines"].c, SQL["claim_bookings"].c
    whole = sa.case((line.amount > booking.left_open, booking.left_open), else_=line.amount)
    taken = whole if way is Way.REFERENCE else booking.left_open
    found = (sa.cast(taken, MONEY).label("amount"), sa.literal(way.value).label("way"), sa.literal("").label("clash"))
    return sa.select(line.claim_id, booking.payment_id, *found)


def _names(line: Any, booking: Any) -> Condition:
    return sa.and_(line.payment_id == booking.payment_id, line.account_id == booking.account_id)


def _names_one(line: Any) -> Condition:
    """Whether the line names a booking of its own account."""
    booking = SQL["claim_bookings"].alias("named_booking").c
    return sa.exists().where(_names(line, booking))


def _is_named(booking: Any) -> Condition:
    line = SQL["claim_lines"].alias("naming_line").c
    return sa.exists().where(_names(line, booking), line.can_match)


def _waiting() -> sa.Subquery:
    """Lines that could be matched and have no pair."""
    line, given = SQL["claim_lines"].alias("unpaired").c, SQL["claim_pairs"].c
    statement = sa.select(line.account_id, line.paid_on, line.amount).where(
        line.can_match, line.claim_id.not_in(sa.select(given.claim_id))
    )
    return statement.subquery("waiting")
