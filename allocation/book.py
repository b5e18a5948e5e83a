"""The book of one night as the solver needs it: every account once, with its segment, owner and running placement."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from allocation.segments import classified
from allocation.strategies import Strategy
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, count_rows, exact
from domain.sql import TABLES


def book_statement(strategy: Strategy, as_of: date, *, recalls: bool = True) -> ExactSelect:
    """One row per account of the view `accounts`, in order of account_id.

    `segment`, `escalated`, `not_worked` (a reason, or NULL), `case_id`: the first undecided case of the account, the
    owner in force on the day after `as_of`, and `placed_with`: the partner whose placement runs on that day (the latest
    one, if there are several); `stays` and `rotates` by the strategy's conditions, and `recall`: why the placement ends
    (NULL where it does not, and where recalls do not take effect that day).
    """
    day = as_of + timedelta(days=1)
    ended = {f"recall_{number}": one.when for number, one in enumerate(strategy.recalls)} if recalls else {}
    flags = {"stays": strategy.keep_owner, "rotates": strategy.rotate, **ended}
    book = classified(strategy, TABLES["accounts"], as_of, flags).subquery("book")
    owner, placed, case = _in_force(day).subquery("owner"), _running_placements(day), _first_cases(as_of)
    why = [(book.c[name], sa.literal(one.reason)) for name, one in zip(ended, strategy.recalls, strict=False)]
    recall = sa.case(*why, else_=sa.null()) if why else sa.cast(sa.null(), sa.String)
    return exact(
        sa.select(
            *(book.c[name] for name in _BOOK_COLUMNS),
            case.c.case_id,
            owner.c.owner_kind,
            owner.c.owner_id,
            placed.c.partner_id.label("placed_with"),
            sa.case((placed.c.partner_id.is_not(None), recall), else_=sa.null()).label("recall"),
        )
        .select_from(
            book.outerjoin(owner, owner.c.account_id == book.c.account_id)
            .outerjoin(placed, placed.c.account_id == book.c.account_id)
            .outerjoin(case, case.c.account_id == book.c.account_id)
        )
        .order_by(book.c.account_id)
    )


def _first_cases(day: date) -> sa.Subquery:
    cases = TABLES["cases"].c
    undecided = (cases.outcome == "pending", cases.opened_on <= day, cases.account_id.is_not(None))
    first = sa.func.min(cases.case_id).label("case_id")
    return sa.select(cases.account_id, first).where(*undecided).group_by(cases.account_id).subquery("first_cases")


def barred_statement(strategy: Strategy, as_of: date) -> ExactSelect:
    """Accounts and who does not get them, by what placements say: `account_id`, `owner_kind`, `owner_id`, `reason`.

    `cooling_off`: recalled from that partner in the last `cooling_off_days`. `placed_before`: that partner has had the
    account as often as the strategy lets it.
    """
    cooling = _recalled_lately(strategy, as_of)
    most = strategy.rule.placements_at_most
    parts = [cooling] if most is None else [cooling, _placed_before(most, as_of)]
    found = sa.union_all(*parts).subquery("barred")
    columns = (found.c.account_id, found.c.owner_kind, found.c.owner_id, found.c.reason)
    return exact(sa.select(*columns).order_by(*columns))


def _recalled_lately(strategy: Strategy, as_of: date) -> sa.Select[Any]:
    placements = TABLES["placements"].c
    first = as_of + timedelta(days=1 - strategy.rule.cooling_off_days)
    lately = (placements.recalled_on.is_not(None), placements.recalled_on >= first, placements.recalled_on <= as_of)
    return sa.select(*_barred_from("cooling_off")).where(*lately).distinct()


def _placed_before(most: int, as_of: date) -> sa.Select[Any]:
    placements = TABLES["placements"].c
    return (
        sa.select(*_barred_from("placed_before"))
        .where(placements.placed_on <= as_of)
        .group_by(placements.account_id, placements.partner_id)
        .having(count_rows() >= most)
    )


def _barred_from(reason: str) -> tuple[sa.ColumnElement[Any], ...]:
    placements = TABLES["placements"].c
    kind = sa.literal("partner").label("owner_kind")
    return placements.account_id, kind, placements.partner_id.label("owner_id"), sa.literal(reason).label("reason")


def in_force_statement(day: date) -> ExactSelect:
    """The dispatch in force on `day`, one row per account: what a new release is compared with."""
    return exact(_in_force(day).order_by(DISPATCH_SQL.c.account_id))


_BOOK_COLUMNS = (
    "account_id",
    "debtor_id",
    "segment",
    "escalated",
    "not_worked",
    "stays",
    "rotates",
    "consent",
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
