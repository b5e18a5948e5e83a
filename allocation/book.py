"""The book of one night as the solver needs it: every account once, with its segment, owner and running placement."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from allocation.segments import classified
from allocation.strategies import Strategy
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, exact
from domain.sql import TABLES


def book_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """One row per account of the view `accounts`, in order of account_id.

    `segment`, `not_worked` (a reason, or NULL), the owner in force on the day after `as_of`, and `placed_with`: the
    partner whose placement runs on that day (the latest one, if there are several).
    """
    day = as_of + timedelta(days=1)
    book = classified(strategy, TABLES["accounts"], as_of).subquery("book")
    owner, placed = _in_force(day).subquery("owner"), _running_placements(day)
    columns = [book.c[name] for name in _BOOK_COLUMNS]
    return exact(
        sa.select(*columns, owner.c.owner_kind, owner.c.owner_id, placed.c.partner_id.label("placed_with"))
        .select_from(
            book.outerjoin(owner, owner.c.account_id == book.c.account_id).outerjoin(
                placed, placed.c.account_id == book.c.account_id
            )
        )
        .order_by(book.c.account_id)
    )


def cooling_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """Accounts and the partners from whom they were recalled in the last `cooling_off_days`: these do not get them."""
    placements = TABLES["placements"].c
    first = as_of + timedelta(days=1 - strategy.rule.cooling_off_days)
    return exact(
        sa.select(placements.account_id, placements.partner_id)
        .where(placements.recalled_on.is_not(None), placements.recalled_on >= first, placements.recalled_on <= as_of)
        .distinct()
        .order_by(placements.account_id, placements.partner_id)
    )


def in_force_statement(day: date) -> ExactSelect:
    """The dispatch in force on `day`, one row per account: what a new release is compared with."""
    return exact(_in_force(day).order_by(DISPATCH_SQL.c.account_id))


_BOOK_COLUMNS = (
    "account_id",
    "debtor_id",
    "segment",
    "not_worked",
    "jurisdiction",
    "language",
    "region",
    "product",
    "currency",
    "balance",
    "overdue_amount",
    "days_past_due",
)


def _in_force(day: date) -> sa.Select[Any]:
    dispatch = DISPATCH_SQL.c
    return sa.select(
        dispatch.account_id,
        dispatch.owner_kind,
        dispatch.owner_id,
        dispatch.department_id,
        dispatch.team_id,
        dispatch.segment,
        dispatch.channel,
    ).where(dispatch.valid_from <= day, dispatch.valid_to > day)


def _running_placements(day: date) -> sa.Subquery:
    placements = TABLES["placements"].c
    latest = sa.func.row_number().over(
        partition_by=placements.account_id,
        order_by=(placements.placed_on.desc(), placements.placement_id.desc()),
    )
    runs = sa.and_(
        placements.placed_on <= day,
        placements.term_ends_on > day,
        sa.or_(placements.recalled_on.is_(None), placements.recalled_on > day),
    )
    ranked = sa.select(placements.account_id, placements.partner_id, latest.label("place")).where(runs).subquery("runs")
    return sa.select(ranked.c.account_id, ranked.c.partner_id).where(ranked.c.place == 1).subquery("placed")
