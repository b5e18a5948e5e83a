"""One kind for each line as statements: agreed, or the first difference that holds of it or of one of its bookings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, ExactSelect, exact, total
from domain.sql import TABLES
from incentives.claims.asked import NO_ONE, Asked, Condition, within
from incentives.claims.kinds import ABOUT, AGREED, ORDER, Kind
from incentives.claims.pairing import Way
from incentives.claims.views import SQL

AGREED_RANK = len(ORDER)


def outcomes(asked: Asked) -> ExactSelect:
    """Rows of `claim_outcomes`: each line with the first kind that holds of it or of one of its bookings."""
    judged = _judged(asked)
    line = SQL["claim_lines"].c
    kinds = {AGREED_RANK: AGREED, **{number: kind.value for number, kind in enumerate(ORDER)}}
    first = (
        sa.select(
            judged.c.claim_id,
            sa.func.min(judged.c.rank).label("rank"),
            sa.func.min(judged.c.way).label("way"),
            sa.func.min(judged.c.booking).label("booking"),
            total(judged.c.booked, as_type=MONEY).label("booked"),
            sa.func.min(judged.c.booked_on).label("booked_on"),
            sa.func.min(judged.c.posted_on).label("posted_on"),
        )
        .group_by(judged.c.claim_id)
        .subquery("first")
    )
    wanted = ("claim_id", "account_id", "claimed_on", "month", "paid_on", "amount", "currency", "payment_id")
    found = (
        *(line[name] for name in wanted),
        sa.case(kinds, value=first.c.rank).label("kind"),
        sa.func.coalesce(first.c.way, "").label("way"),
        sa.func.coalesce(first.c.booking, "").label("booking"),
        first.c.booked,
        first.c.booked_on,
        first.c.posted_on,
    )
    source = SQL["claim_lines"].join(first, first.c.claim_id == line.claim_id)
    return exact(sa.select(*found).select_from(source).order_by(line.claim_id))


def matches() -> ExactSelect:
    """Rows of `claim_matches`: what is agreed, and what lines hold whose difference is open, booking by booking.

    A line that is agreed alone has all that is left of its booking, whatever the tolerance forgave.
    """
    outcome, given, booking = SQL["claim_outcomes"].c, SQL["claim_pairs"].c, SQL["claim_bookings"].c
    holding = [AGREED, *(kind.value for kind, about in ABOUT.items() if about.holds)]
    found = (
        given.claim_id,
        given.payment_id,
        outcome.kind,
        booking.posted_on,
        sa.cast(sa.case((given.way == Way.PART.value, given.amount), else_=booking.left_open), MONEY).label("amount"),
    )
    source = (
        SQL["claim_pairs"]
        .join(SQL["claim_outcomes"], outcome.claim_id == given.claim_id)
        .join(SQL["claim_bookings"], booking.payment_id == given.payment_id)
    )
    statement = sa.select(*found).select_from(source).where(outcome.kind.in_(holding), given.clash == "")
    return exact(statement.order_by(given.claim_id, given.payment_id))


def _judged(asked: Asked) -> sa.Subquery:
    """Each line beside each of its bookings, with the rank of the first kind that holds."""
    line, given, booking = SQL["claim_lines"].c, SQL["claim_pairs"].c, SQL["claim_bookings"].c
    then, back = _placement_of_lines(asked), _taken_back_by_claim()
    source = (
        SQL["claim_lines"]
        .outerjoin(SQL["claim_pairs"], given.claim_id == line.claim_id)
        .outerjoin(SQL["claim_bookings"], booking.payment_id == given.payment_id)
        .outerjoin(then, then.c.claim_id == line.claim_id)
        .outerjoin(back, sa.and_(back.c.claim_id == line.claim_id, back.c.payment_id == given.payment_id))
    )
    facts = _Facts(asked, line, given, booking, then.c, sa.func.coalesce(back.c.amount, 0))
    whens = [(sa.func.coalesce(condition, sa.false()), ORDER.index(kind)) for kind, condition in _conditions(facts)]
    found = (
        line.claim_id,
        sa.case(*whens, else_=AGREED_RANK).label("rank"),
        given.way,
        given.payment_id.label("booking"),
        booking.left_open.label("booked"),
        booking.paid_on.label("booked_on"),
        booking.posted_on,
    )
    return sa.select(*found).select_from(source).subquery("judged")


@dataclass(frozen=True, slots=True)
class _Facts:
    """Columns of a line, of what it was paired with, of where its account was, and what had been taken back by then."""

    asked: Asked
    line: Any
    given: Any
    booking: Any
    then: Any
    taken_back: Any


def _conditions(facts: _Facts) -> tuple[tuple[Kind, Condition], ...]:
    """Each kind with what makes it, in their order."""
    found = {**_of_the_line(facts), **_of_the_placement(facts), **_of_the_booking(facts), **_of_the_amount(facts)}
    return tuple((kind, found[kind]) for kind in ORDER if kind in found)


def _of_the_line(facts: _Facts) -> dict[Kind, Condition]:
    line, given, asked = facts.line, facts.given, facts.asked
    is_nowhere = given.payment_id.is_(None)
    names_none = sa.or_(line.payment_id == "", line.named.is_not(None))
    return {
        Kind.ESTIMATE: line.is_estimate,
        Kind.PREPAYMENT: line.is_prepayment,
        Kind.ZERO_AMOUNT: line.amount == 0,
        Kind.NEGATIVE_AMOUNT: line.amount < 0,
        Kind.NOT_YET_PAID: line.paid_on > line.claimed_on,
        Kind.UNKNOWN_ACCOUNT: line.account_currency == "",
        Kind.NOT_UNDER_CONTRACT: ~line.is_of_contract,
        Kind.WRONG_CURRENCY: line.currency != line.account_currency,
        Kind.REFUSED_AT_GATE: line.is_refused,
        Kind.IS_REVERSAL: line.names_reversal,
        Kind.WRONG_REFERENCE: line.named_account != line.account_id,
        Kind.DUPLICATE_LINE: given.clash == Kind.DUPLICATE_LINE.value,
        Kind.DUPLICATE_FILE: given.clash == Kind.DUPLICATE_FILE.value,
        Kind.TOO_OLD: sa.and_(is_nowhere, line.paid_on < asked.looks_back_to),
        Kind.UNKNOWN_REFERENCE: sa.and_(is_nowhere, ~names_none),
        Kind.NOT_IN_BOOKS: is_nowhere,
    }  # fmt: skip


def _of_the_placement(facts: _Facts) -> dict[Kind, Condition]:
    """By the day on which it was paid, as booked; of a line that is not booked, by the day that it names."""
    then, booking, asked = facts.then, facts.booking, facts.asked
    placed_with = sa.func.coalesce(booking.placed_with, then.placed_with, NO_ONE)
    return {
        Kind.NEVER_PLACED: sa.and_(~then.was_placed, placed_with == NO_ONE),
        Kind.BEFORE_PLACEMENT: sa.and_(placed_with == NO_ONE, then.was_placed),
        Kind.PLACED_WITH_ANOTHER: placed_with != asked.partner,
        Kind.AFTER_RECALL: booking.is_after_recall,
        Kind.AFTER_TERM: booking.is_after_term,
    }


def _of_the_booking(facts: _Facts) -> dict[Kind, Condition]:
    line, given, booking, asked = facts.line, facts.given, facts.booking, facts.asked
    months = (sa.func.date_trunc("month", booking.paid_on), sa.func.date_trunc("month", booking.posted_on))
    is_far = sa.func.abs(sa.type_coerce(line.paid_on - booking.paid_on, sa.BigInteger)) > asked.tolerance_days
    return {
        Kind.SETTLED_WITH_ANOTHER: booking.is_settled_elsewhere,
        Kind.SETTLED_BEFORE: sa.and_(booking.settled > 0, booking.left_open == 0),
        Kind.REJECTED_BEFORE: booking.is_rejected,
        Kind.BEFORE_FIRST_CYCLE: booking.is_before_first,
        Kind.REVERSED_BEFORE: booking.reversed_on <= line.claimed_on,
        Kind.REVERSED_AFTER: booking.reversed_on > line.claimed_on,
        Kind.NOTHING_COUNTS: booking.counted <= 0,
        Kind.LATER_CYCLE: ~booking.is_due,
        Kind.CLAIMED_LATE: line.claimed_on > booking.claims_due_on,
        Kind.WRONG_PERIOD: line.month.not_in([sa.cast(month, sa.Date) for month in months]),
        Kind.WRONG_DATE: sa.and_(is_far, given.way != Way.SPLIT.value),
    }


def _of_the_amount(facts: _Facts) -> dict[Kind, Condition]:
    """Lines that were matched in parts or in sums fit by how they were matched."""
    line, given, booking, asked = facts.line, facts.given, facts.booking, facts.asked
    is_alone = given.way.in_([Way.REFERENCE.value, Way.FACTS.value, Way.NEAR.value, Way.FAR.value])
    standing = booking.left_open - facts.taken_back
    fits_standing = within(line.amount - standing, asked.tolerance)
    fits_whole = within(line.amount - booking.left_open, asked.tolerance)
    fits_gross = sa.and_(within(line.amount - booking.gross, asked.tolerance), booking.gross > booking.counted)
    return {
        Kind.PARTLY_REVERSED: sa.and_(is_alone, facts.taken_back > 0, fits_whole, ~fits_standing),
        Kind.WAIVER_AS_CASH: sa.and_(is_alone, fits_gross, ~fits_whole),
        Kind.OVER_CLAIMED: given.clash == Kind.OVER_CLAIMED.value,
        Kind.AMOUNT_ABOVE: sa.and_(is_alone, ~fits_standing, line.amount > standing),
        Kind.AMOUNT_BELOW: sa.and_(is_alone, ~fits_standing, line.amount < standing),
    }


def _placement_of_lines(asked: Asked) -> sa.Subquery:
    """Where the account of each line was on the day that the line names, and whether it was ever with the partner."""
    line, placements = SQL["claim_lines"].c, TABLES["placements"].c
    rank = sa.func.row_number().over(
        partition_by=line.claim_id,
        order_by=(
            (placements.placed_on <= line.paid_on).desc().nulls_last(),
            placements.placed_on.desc().nulls_last(),
            placements.placement_number.desc().nulls_last(),
            placements.placement_id.nulls_last(),
        ),
    )
    was_placed = sa.func.bool_or(sa.func.coalesce(placements.partner_id == asked.partner, sa.false())).over(
        partition_by=line.claim_id
    )
    placed_with = sa.case((placements.placed_on <= line.paid_on, placements.partner_id), else_=NO_ONE)
    source = SQL["claim_lines"].outerjoin(TABLES["placements"], placements.account_id == line.account_id)
    ranked = (
        sa.select(line.claim_id, placed_with.label("placed_with"), was_placed.label("was_placed"), rank.label("rank"))
        .select_from(source)
        .subquery("ranked_lines")
    )
    kept = (ranked.c.claim_id, ranked.c.placed_with, ranked.c.was_placed)
    return sa.select(*kept).where(ranked.c.rank == 1).subquery("then")


def _taken_back_by_claim() -> sa.Subquery:
    """Of a booking that was taken back in part: how much of it, up to the day of the claim."""
    given, line, payments = SQL["claim_pairs"].c, SQL["claim_lines"].c, TABLES["payments"].c
    source = (
        SQL["claim_pairs"]
        .join(SQL["claim_lines"], line.claim_id == given.claim_id)
        .join(TABLES["payments"], payments.reverses == given.payment_id)
    )
    statement = (
        sa.select(given.claim_id, given.payment_id, sa.cast(total(-payments.amount), MONEY).label("amount"))
        .select_from(source)
        .where(payments.posted_on <= line.claimed_on)
    )
    return statement.group_by(given.claim_id, given.payment_id).subquery("taken_back")
