"""What fires among visits, calls and promises: too far, too late, at one place, too short, too many at the end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.exact import count_distinct, product, total
from domain.sql import TABLES
from kpi_rules.signals.distances import square_metres
from kpi_rules.signals.language import (
    KeptWithoutPayment,
    LatePromises,
    PromiseAfterPayment,
    RecordedAfterShift,
    SamePlace,
    ShortContacts,
    TravelTooFast,
)
from kpi_rules.signals.units import (
    Span,
    Sql,
    day_of,
    has_subject,
    minute_of,
    minute_of_clock,
    subject_of,
    unit,
)

CALL = "call"


def travel_too_fast(kind: TravelTooFast, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: visits after another one of the same person on the same day. Figure ÷ per: square metres, minutes.

    Faster than v km/h in t minutes: 60 × metres > 1000 × v × t, both sides squared, so that no root is taken.
    """
    made = _visits(span)
    order: dict[str, Any] = {"partition_by": (made.c.subject_kind, made.c.subject_id, made.c.day),
             "order_by": (made.c.made_at, made.c.visit_id)}  # fmt: skip
    pairs = sa.select(
        made,
        *(
            sa.func.lag(made.c[name]).over(**order).label(f"{name}_before")
            for name in ("visit_id", "minute", "latitude", "longitude")
        ),
    ).subquery("pairs")
    minutes = pairs.c.minute - pairs.c.minute_before
    metres2 = square_metres((pairs.c.latitude_before, pairs.c.longitude_before), (pairs.c.latitude, pairs.c.longitude))
    measured = (
        sa.select(pairs, metres2.label("metres2"), minutes.label("minutes"))
        .where(pairs.c.visit_id_before.is_not(None))
        .subquery("measured")
    )
    allowed = 1000 * kind.faster_than_kmh
    fires = sa.and_(
        measured.c.metres2 >= kind.at_least_metres**2,
        product(measured.c.metres2, sa.literal(3600))
        > product(product(measured.c.minutes, measured.c.minutes), sa.literal(allowed**2, sa.BigInteger)),
    )
    return sa.select(
        *unit(
            **_of_visit(measured.c),
            other_id=measured.c.visit_id_before,
            figure=measured.c.metres2,
            per=sa.cast(measured.c.minutes, sa.BigInteger),
            hit=fires,
        )
    )


def recorded_after_shift(kind: RecordedAfterShift, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: visits that were recorded. Figure: whole hours from making to recording."""
    made = _visits(span)
    recorded = sa.select(made).where(made.c.recorded_at.is_not(None)).subquery("recorded")
    order: dict[str, Any] = {"partition_by": (recorded.c.subject_kind, recorded.c.subject_id),
             "order_by": (recorded.c.recorded_at, recorded.c.visit_id)}  # fmt: skip
    reach = kind.together - 1
    shifted = sa.select(
        recorded,
        *(sa.func.lag(recorded.c.recorded_at, each).over(**order).label(f"b{each}") for each in range(1, reach + 1)),
        *(sa.func.lead(recorded.c.recorded_at, each).over(**order).label(f"a{each}") for each in range(1, reach + 1)),
    ).subquery("shifted")
    at, length = shifted.c.recorded_at, sa.cast(sa.literal(f"{kind.minutes} minutes"), sa.Interval())
    stretches = [
        (shifted.c[f"b{reach - after}"] if after < reach else at, shifted.c[f"a{after}"] if after else at)
        for after in range(reach + 1)
    ]
    in_bulk = sa.or_(*(sa.func.coalesce(last <= first + length, sa.false()) for first, last in stretches))
    is_after = sa.or_(day_of(at) > shifted.c.day, minute_of(at) > minute_of_clock(kind.shift_ends))
    days = sa.cast(day_of(at) - shifted.c.day, sa.BigInteger)
    hours = sa.cast(product(days, sa.literal(24)), sa.BigInteger) + sa.cast(
        sa.extract("hour", at) - sa.extract("hour", shifted.c.made_at), sa.BigInteger
    )
    return sa.select(*unit(**_of_visit(shifted.c), figure=hours, hit=sa.and_(in_bulk, is_after)))


def same_place(kind: SamePlace, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: visits with a place. Figure: debtors that the person visited at it in the month."""
    made, book = _visits(span), TABLES["accounts"].alias("debtors")
    rounded = sa.Numeric(9, kind.digits)
    placed = (
        sa.select(
            made,
            sa.cast(made.c.latitude, rounded).label("north"),
            sa.cast(made.c.longitude, rounded).label("east"),
            sa.func.coalesce(book.c.debtor_id, made.c.account_id).label("debtor"),
        )
        .select_from(made.outerjoin(book, book.c.account_id == made.c.account_id))
        .where(made.c.latitude.is_not(None), made.c.longitude.is_not(None))
        .subquery("placed")
    )
    keys = ("subject_kind", "subject_id", "north", "east")
    places = (
        sa.select(*(placed.c[name] for name in keys), count_distinct(placed.c.debtor).label("debtors"))
        .group_by(*(placed.c[name] for name in keys))
        .subquery("places")
    )
    together = sa.and_(*(placed.c[name] == places.c[name] for name in keys))
    return sa.select(
        *unit(**_of_visit(placed.c), figure=places.c.debtors, hit=places.c.debtors >= kind.debtors)
    ).select_from(placed.join(places, together))


def late_promises(kind: LatePromises, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: contacts that came to a promise. Figure: minute of the debtor's day."""
    table, book, days = TABLES["contacts"], TABLES["accounts"].alias("debtors"), _late_days(kind, span)
    at = table.c.started_wall
    late = sa.and_(days.c.first_day <= day_of(at), minute_of(at) >= minute_of_clock(kind.after))
    source = table.join(book, book.c.account_id == table.c.account_id).outerjoin(
        days, days.c.jurisdiction == book.c.jurisdiction
    )
    return (
        sa.select(*unit(**_of_contact(table.c), figure=minute_of(at), hit=late))
        .select_from(source)
        .where(*_in_days(at, span), table.c.outcome == "promise", has_subject(table.c))
    )


def _late_days(kind: LatePromises, span: Span) -> sa.Subquery:
    """The first of the last working days of the month, by jurisdiction."""
    days = TABLES["calendar"].c
    place = sa.func.row_number().over(partition_by=days.jurisdiction, order_by=days.day.desc())
    ranked = (
        sa.select(days.jurisdiction, days.day, place.label("place"))
        .where(days.is_working_day, days.day >= span.start, days.day <= span.as_of)
        .subquery("ranked")
    )
    return (
        sa.select(ranked.c.jurisdiction, sa.func.min(ranked.c.day).label("first_day"))
        .where(ranked.c.place <= kind.last_working_days)
        .group_by(ranked.c.jurisdiction)
        .subquery("late_days")
    )


def short_contacts(kind: ShortContacts, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: calls that are said to have reached somebody. Figure: seconds."""
    table = TABLES["contacts"]
    reached = sa.and_(table.c.channel == CALL, table.c.outcome.in_(kind.outcomes))
    seconds = table.c.duration_seconds
    return sa.select(*unit(**_of_contact(table.c), figure=seconds, hit=seconds <= kind.seconds)).where(
        *_in_days(table.c.started_wall, span), reached, has_subject(table.c)
    )


def promise_after_payment(kind: PromiseAfterPayment, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: promises. Figure: days from the latest booking that covers it to the promise."""
    promised, paid = TABLES["promises"], TABLES["payments"].alias("paid")
    covers = sa.and_(
        paid.c.account_id == promised.c.account_id,
        paid.c.currency == promised.c.currency,
        paid.c.posted_on <= promised.c.made_on,
        paid.c.posted_on >= promised.c.made_on - kind.days,
        paid.c.amount - paid.c.waiver >= promised.c.amount,
        paid.c.reverses.is_(None),
    )
    booked = (
        sa.select(
            promised.c.promise_id,
            sa.func.max(paid.c.posted_on).label("posted_on"),
            sa.func.max(paid.c.payment_id).label("payment_id"),
        )
        .select_from(promised.join(paid, covers))
        .where(promised.c.made_on >= span.start, promised.c.made_on <= span.as_of)
        .group_by(promised.c.promise_id)
        .subquery("booked")
    )
    days = sa.func.coalesce(promised.c.made_on - booked.c.posted_on, 0)
    return (
        sa.select(
            *unit(
                **_of_promise(promised.c),
                other_id=booked.c.payment_id,
                figure=days,
                hit=booked.c.payment_id.is_not(None),
            )
        )
        .select_from(promised.outerjoin(booked, booked.c.promise_id == promised.c.promise_id))
        .where(*_of_month(promised.c.made_on, span), has_subject(promised.c))
    )


def kept_without_payment(kind: KeptWithoutPayment, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: promises noted as kept. Figure: what was booked for them, in whole units of the currency.

    What was forgiven counts here: a settlement that was agreed on keeps a promise.
    """
    promised, paid = TABLES["promises"], TABLES["payments"].alias("paid")
    counts = sa.and_(
        paid.c.account_id == promised.c.account_id,
        paid.c.currency == promised.c.currency,
        paid.c.posted_on >= promised.c.made_on,
        paid.c.posted_on <= promised.c.due_on + kind.grace_days,
    )
    mine = sa.and_(*_of_month(promised.c.made_on, span), promised.c.state == "kept", has_subject(promised.c))
    whole = total(paid.c.amount)
    booked = (
        sa.select(promised.c.promise_id, whole.label("whole"))
        .select_from(promised.join(paid, counts))
        .where(mine)
        .group_by(promised.c.promise_id)
        .subquery("booked")
    )
    got = sa.func.coalesce(booked.c.whole, sa.cast(sa.literal(Decimal(0)), sa.Numeric(38, 4)))
    due = product(promised.c.amount, sa.literal(kind.share, sa.Numeric(38, 10)))
    return (
        sa.select(*unit(**_of_promise(promised.c), figure=got, hit=got < due))
        .select_from(promised.outerjoin(booked, booked.c.promise_id == promised.c.promise_id))
        .where(mine)
    )


def _visits(span: Span) -> sa.Subquery:
    """Visits that were made in the days, by whom and where."""
    table = TABLES["visits"]
    columns = ("visit_id", "account_id", "made_at", "recorded_at", "latitude", "longitude", "outcome")
    return (
        sa.select(
            *(table.c[name] for name in columns),
            *(value.label(name) for name, value in subject_of(table.c).items()),
            day_of(table.c.made_at).label("day"),
            minute_of(table.c.made_at).label("minute"),
        )
        .where(*_in_days(table.c.made_at, span), has_subject(table.c))
        .subquery("made")
    )


def _of_visit(rows: Any) -> dict[str, Sql]:
    kept = {name: rows[name] for name in ("account_id", "subject_kind", "subject_id", "day", "outcome")}
    return {"row_id": rows.visit_id, **kept}


def _of_contact(rows: Any) -> dict[str, Sql]:
    kept = {name: rows[name] for name in ("account_id", "channel", "outcome")}
    return {"row_id": rows.contact_id, "day": day_of(rows.started_wall), **subject_of(rows), **kept}


def _of_promise(rows: Any) -> dict[str, Sql]:
    kept = {name: rows[name] for name in ("account_id", "amount", "currency")}
    return {"row_id": rows.promise_id, "day": rows.made_on, "outcome": rows.state, **subject_of(rows), **kept}


def _in_days(at: Sql, span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return at >= span.start, at < span.as_of + timedelta(days=1)


def _of_month(day: Sql, span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return day >= span.start, day <= span.as_of
