"""What fires among the claims of partners: accounts that it never had, and amounts that are rounded up."""

from __future__ import annotations

import sqlalchemy as sa

from domain.exact import count_rows
from domain.sql import TABLES
from kpi_rules.signals.language import NeverPlaced, RoundedClaims
from kpi_rules.signals.units import Span, Sql, unit


def never_placed(kind: NeverPlaced, span: Span) -> sa.Select[tuple[object, ...]]:  # noqa: ARG001 - one shape for all
    """Rows: claims of the month's files. Figure: placements with the partner before the debtor paid."""
    claims, placed = TABLES["partner_claims"], TABLES["placements"].alias("placed")
    had = sa.and_(
        placed.c.account_id == claims.c.account_id,
        placed.c.partner_id == claims.c.partner_id,
        placed.c.placed_on <= claims.c.paid_on,
    )
    counted = (
        sa.select(claims.c.claim_id, count_rows().label("placements"))
        .select_from(claims.join(placed, had))
        .where(*_of_files(claims, span))
        .group_by(claims.c.claim_id)
        .subquery("counted")
    )
    return (
        sa.select(
            *unit(
                **_of_claim(claims),
                other_id=claims.c.payment_id,
                figure=sa.func.coalesce(counted.c.placements, 0),
                hit=counted.c.placements.is_(None),
            )
        )
        .select_from(claims.outerjoin(counted, counted.c.claim_id == claims.c.claim_id))
        .where(*_of_files(claims, span))
    )


def rounded_claims(kind: RoundedClaims, span: Span) -> sa.Select[tuple[object, ...]]:
    """Rows: claims that name a booking. Figure: whole units of the currency above what was booked."""
    claims, paid = TABLES["partner_claims"], TABLES["payments"].alias("paid")
    booked = paid.c.amount - paid.c.waiver
    whole = sa.cast(claims.c.amount, sa.BigInteger)
    steps = [sa.and_(claims.c.currency == name, sa.func.mod(whole, step) == 0) for name, step in kind.step.items()]
    is_round = sa.and_(whole == claims.c.amount, sa.or_(*steps))
    return (
        sa.select(
            *unit(
                **_of_claim(claims),
                other_id=claims.c.payment_id,
                figure=claims.c.amount - booked,
                hit=sa.and_(claims.c.amount > booked, is_round),
            )
        )
        .select_from(claims.join(paid, paid.c.payment_id == claims.c.payment_id))
        .where(*_of_files(claims, span))
    )


def _of_claim(claims: sa.Table) -> dict[str, Sql]:
    return {
        "row_id": claims.c.claim_id,
        "account_id": claims.c.account_id,
        "subject_kind": sa.literal("partner", sa.String),
        "subject_id": claims.c.partner_id,
        "day": claims.c.claimed_on,
        "currency": claims.c.currency,
        "amount": claims.c.amount,
    }


def _of_files(claims: sa.Table, span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return claims.c.claimed_on >= span.start, claims.c.claimed_on <= span.as_of
