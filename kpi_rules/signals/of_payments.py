"""What fires among payments: credited after a reassignment, taken back, kept, split, just enough, held over."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.exact import running_total
from domain.sql import TABLES
from kpi_rules.signals.language import (
    CashKept,
    HeldOver,
    JustAboveTier,
    PaidAfterReassignment,
    ReversedAfterCutOff,
    SplitPayments,
)
from kpi_rules.signals.units import Span, Sql, credited, date_of, of_credit, unit


def paid_after_reassignment(kind: PaidAfterReassignment, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: accounts that were handed over from one worker to another, so long before the end of the month that the
    days are over. Figure: days from the first day of ownership to the first payment credited to the new owner; the row
    is that payment, or where there is none the account. Other: the owner before.

    Of payments it would be no clue: of somebody who is new, every payment comes soon after a handover.
    """
    first, last = span.start - timedelta(days=kind.days), span.as_of - timedelta(days=kind.days)
    given, rows = _handovers(first, last), credited(first, span.as_of)
    soon = sa.and_(
        rows.c.account_id == given.c.account_id,
        rows.c.subject_kind == given.c.owner_kind,
        rows.c.subject_id == given.c.owner_id,
        rows.c.credited_for >= given.c.valid_from,
        rows.c.credited_for <= given.c.valid_from + kind.days,
    )
    keys = [given.c[name] for name in ("account_id", "owner_kind", "owner_id", "given_by", "valid_from")]
    paid = (
        sa.select(
            *keys,
            sa.func.min(rows.c.payment_id).label("payment_id"),
            sa.func.min(rows.c.credited_for).label("paid_on"),
        )
        .select_from(given.outerjoin(rows, soon))
        .group_by(*keys)
        .subquery("paid")
    )
    return sa.select(
        *unit(
            row_id=sa.func.coalesce(paid.c.payment_id, paid.c.account_id),
            other_id=paid.c.given_by,
            account_id=paid.c.account_id,
            subject_kind=paid.c.owner_kind,
            subject_id=paid.c.owner_id,
            day=sa.func.coalesce(paid.c.paid_on, paid.c.valid_from),
            figure=sa.func.coalesce(paid.c.paid_on - paid.c.valid_from, 0),
            hit=paid.c.payment_id.is_not(None),
        )
    )


def _handovers(first: date, last: date) -> sa.Subquery:
    """Changes of ownership in the days from one who worked the account to another, without a day between.

    An account that comes from the house, or from nowhere, was handed out, not handed over.
    """
    table = DISPATCH_SQL.c
    order: dict[str, Any] = {"partition_by": table.account_id, "order_by": table.valid_from}
    names = ("account_id", "owner_kind", "owner_id", "valid_from")
    steps = sa.select(
        *(table[name] for name in names),
        *(
            sa.func.lag(table[name]).over(**order).label(f"{name}_before")
            for name in ("owner_kind", "owner_id", "valid_to")
        ),
    ).subquery("steps")
    worked = (steps.c.owner_kind != "house", steps.c.owner_kind_before != "house")
    return (
        sa.select(*(steps.c[name] for name in names), steps.c.owner_id_before.label("given_by"))
        .where(
            *worked,
            steps.c.valid_to_before == steps.c.valid_from,
            steps.c.owner_id_before != steps.c.owner_id,
            steps.c.valid_from >= first,
            steps.c.valid_from <= last,
        )
        .subquery("given")
    )


def reversed_after_cut_off(kind: ReversedAfterCutOff, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: what was credited in the month before. Figure: days from its last day to the reversal."""
    before = span.month_before
    rows, table = credited(before.start, before.last_day), TABLES["payments"].c
    last = min(before.last_day + timedelta(days=kind.within_days), span.as_of)
    back = (
        sa.select(table.reverses, sa.func.min(table.payment_id).label("payment_id"),
                  sa.func.min(table.posted_on).label("posted_on"))
        .where(table.reverses.is_not(None), table.posted_on >= span.start, table.posted_on <= last)
        .group_by(table.reverses)
        .subquery("back")
    )  # fmt: skip
    days = back.c.posted_on - date_of(before.last_day)
    return sa.select(
        *unit(
            **of_credit(rows.c),
            other_id=back.c.payment_id,
            figure=sa.func.coalesce(days, 0),
            hit=back.c.payment_id.is_not(None),
        )
    ).select_from(rows.outerjoin(back, back.c.reverses == rows.c.payment_id))


def cash_kept(kind: CashKept, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: credited cash. Figure: days from paying to depositing; of what is not deposited, to the last day."""
    rows, paid = credited(span.start, span.as_of), TABLES["payments"].alias("paid")
    days = sa.func.coalesce(paid.c.deposited_on, date_of(span.as_of)) - paid.c.paid_on
    joined = rows.join(paid, sa.and_(paid.c.payment_id == rows.c.payment_id, paid.c.channel == "cash"))
    return sa.select(*unit(**of_credit(rows.c), channel=paid.c.channel, figure=days, hit=days > kind.days)).select_from(
        joined
    )


def held_over(kind: HeldOver, span: Span) -> sa.Select[tuple[object, ...]]:
    """Figure: days from paying to booking, of what was paid before the month."""
    rows = credited(span.start, span.as_of)
    days = rows.c.posted_on - rows.c.paid_on
    return sa.select(
        *unit(**of_credit(rows.c), figure=days, hit=sa.and_(rows.c.paid_on < span.start, days > kind.days))
    )


def split_payments(kind: SplitPayments, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: credited payments; all pieces of a day fire together. Figure: pieces."""
    rows = credited(span.start, span.as_of)
    of_day = (rows.c.account_id, rows.c.subject_kind, rows.c.subject_id, rows.c.paid_on, rows.c.currency)
    pieces = sa.cast(sa.func.count().over(partition_by=of_day), sa.BigInteger)
    counted = sa.select(
        rows,
        pieces.label("pieces"),
        running_total(rows.c.amount, partition_by=of_day).label("whole"),
        sa.func.max(rows.c.amount).over(partition_by=of_day).label("largest"),
        sa.func.min(rows.c.payment_id).over(partition_by=of_day).label("first_piece"),
    ).subquery("counted")
    crossed = [
        sa.and_(counted.c.currency == currency, counted.c.largest < each, counted.c.whole >= each)
        for currency, boundaries in sorted(kind.boundaries.items())
        for each in map(_money, boundaries)
    ]
    fires = sa.and_(counted.c.pieces >= kind.pieces, sa.or_(*crossed) if crossed else sa.true())
    return sa.select(*unit(**of_credit(counted.c), other_id=counted.c.first_piece, figure=counted.c.pieces, hit=fires))


def just_above_tier(kind: JustAboveTier, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: payments credited in the last days. Figure: how far the month's money lies above the tier, in whole units
    of the currency."""
    rows = credited(span.start, span.as_of)
    first = span.as_of - timedelta(days=kind.last_days - 1)
    mine = (rows.c.subject_kind, rows.c.subject_id, rows.c.currency)
    small = [
        sa.and_(rows.c.currency == currency, rows.c.amount <= _money(amount)) for currency, amount in kind.small.items()
    ]
    is_late_and_small = sa.and_(rows.c.posted_on >= first, sa.or_(*small))
    late = sa.case((is_late_and_small, rows.c.amount), else_=_money(Decimal(0)))
    judged = sa.select(
        rows,
        is_late_and_small.label("is_small"),
        running_total(rows.c.amount, partition_by=mine).label("whole"),
        running_total(late, partition_by=mine).label("late"),
    ).subquery("judged")
    tier = sa.case(
        *(
            (_just_above(judged.c, currency, each, kind.margin), _money(each))
            for currency, boundaries in sorted(kind.boundaries.items())
            for each in boundaries
        ),
        else_=None,
    )
    reached = sa.select(judged, tier.label("tier")).where(judged.c.posted_on >= first).subquery("reached")
    above = sa.cast(sa.func.coalesce(reached.c.whole - reached.c.tier, 0), sa.BigInteger)
    fires = sa.and_(reached.c.tier.is_not(None), reached.c.is_small)
    return sa.select(*unit(**of_credit(reached.c), figure=above, hit=fires))


def _just_above(rows: Any, currency: str, tier: Decimal, margin: Decimal) -> Sql:
    """Reached, by less than the margin, and not without the small payments of the last days."""
    return sa.and_(
        rows.currency == currency,
        rows.whole >= _money(tier),
        rows.whole < _money(tier + tier * margin),
        rows.whole - rows.late < _money(tier),
    )


def _money(amount: Decimal) -> sa.ColumnElement[Decimal]:
    return sa.literal(amount, sa.Numeric(38, 4))
