"""Batch checks of state: each key beside itself in the last accepted extract, and each account beside its payments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY_SUM, ExactSelect, count_rows, exact, product, total
from expectations.batch_statements import counted
from expectations.declaring import Declared, Subject, counted_shares, shares_of, unknown
from expectations.limits import Changed, Continuity, Share
from expectations.lowering import Sql, decimal_literal, view_named
from expectations.suites import Fact

_FACT = "fact_accounts_continuity"
_LATE_DAYS = 90
_ENDED = ("charged_off", "closed", "sold")
# What is expected of an account from one extract to the next, and what to look at where it does not hold.
_MOVES = {
    "aged": ("days past due that grow by the days gone by", "See whether days past due are in another unit"),
    "cured": ("days past due that fall with a payment", "See whether they were reset, or payments are missing"),
    "unexplained": ("balances that fall by what was paid", "See whether payments are missing, or balances too low"),
    "grown": ("balances that grow by interest only", "See whether balances are in another unit"),
    "frozen": ("balances that move with payments", "See whether the file of accounts is that of an earlier date"),
    "stuck": ("days past due that go on without a payment", "See whether days past due are counted any more"),
    "reopened": ("accounts that stay closed, sold or written off", "See whether states were reset in the core system"),
    "vanished": ("accounts that stay while they owe", "See whether a branch or product is missing"),
    "appeared": ("new accounts that are not long overdue", "See whether accounts came back under other keys"),
}


def _continuity(limits: Continuity, of: Subject) -> Iterator[Declared]:
    before = of.night.previous.get("accounts")
    apart = (of.night.business_date - before).days if before else 0
    if before is None or apart > limits.days_apart or not _payments_are_whole(of, before):
        found = f"an extract {apart} days old, payments of {_days_of_payments(of, before)} of those days"
        found = found if before else "no extract of the days before"
        for name in _MOVES:
            expected = f"an extract at most {limits.days_apart} days old, and the payments of every day since"
            yield unknown(of.table, f"accounts.{name}", found, expected)
        return
    yield Fact(_FACT, _moves(limits, before, of.night.business_date))
    for name, (expected, hint) in _MOVES.items():
        yield from shares_of(f"accounts.{name}", getattr(limits, name), _FACT, f"{name}_", expected, hint)


def _payments_are_whole(of: Subject, before: date) -> bool:
    return _days_of_payments(of, before) == (of.night.business_date - before).days


def _days_of_payments(of: Subject, before: date | None) -> int:
    """Days since the extract before whose payments have come."""
    earlier = of.night.history.get("payments", frozenset())
    return sum(before is not None and day > before for day in earlier) + ("payments" in of.night.landed)


def _moves(limits: Continuity, before: date, today: date) -> ExactSelect:
    """One pass over both extracts and the payments between them: for each move, how many are off of how many."""
    was, now, paid = view_named("accounts_previous"), view_named("accounts"), _paid_since(before)
    both = sa.and_(was.c.account_id.is_not(None), now.c.account_id.is_not(None))
    alike = sa.and_(both, was.c.status == now.c.status, was.c.hold == now.c.hold)
    amount = sa.func.coalesce(paid.c.amount, 0)
    apart = (today - before).days
    rest = sa.cast(was.c.balance, MONEY_SUM) - amount
    growth = product(sa.case((was.c.balance > 0, was.c.balance), else_=0), decimal_literal(limits.daily_growth * apart))
    fell, was_paid = sa.and_(alike, now.c.balance < was.c.balance), sa.and_(alike, amount != 0)
    owed = sa.and_(was.c.account_id.is_not(None), was.c.balance > 0, was.c.status == "open")
    new = sa.and_(was.c.account_id.is_(None), now.c.account_id.is_not(None))
    overdue = sa.and_(alike, was.c.days_past_due > 0, amount == 0, now.c.balance >= was.c.balance)
    moves: Mapping[str, tuple[Sql, Sql]] = {
        "aged": (alike, now.c.days_past_due > was.c.days_past_due + apart),
        "cured": (overdue, now.c.days_past_due < was.c.days_past_due),
        "unexplained": (fell, now.c.balance < rest),
        "grown": (alike, now.c.balance > rest + growth),
        "frozen": (was_paid, now.c.balance == was.c.balance),
        "stuck": (overdue, now.c.days_past_due == was.c.days_past_due),
        "reopened": (sa.and_(both, was.c.status.in_(_ENDED)), now.c.status == "open"),
        "vanished": (owed, now.c.account_id.is_(None)),
        "appeared": (new, now.c.days_past_due > _LATE_DAYS),
    }
    joined = was.outerjoin(now, was.c.account_id == now.c.account_id, full=True).outerjoin(
        paid, paid.c.account_id == was.c.account_id
    )
    columns: list[Sql] = [
        column
        for name, (looked_at, off) in moves.items()
        for column in (
            count_rows(sa.and_(looked_at, off)).label(f"{name}_off"),
            count_rows(looked_at).label(f"{name}_rows"),
        )
    ]
    return exact(sa.select(*columns).select_from(joined))


def _paid_since(before: date) -> sa.Subquery:
    sources = (view_named("payments"), view_named("payments_history"))
    rows = sa.union_all(
        *(sa.select(one.c.account_id, one.c.amount).where(one.c.posted_on > before) for one in sources)
    ).subquery("rows_paid")
    amount = total(rows.c.amount).label("amount")
    return sa.select(rows.c.account_id, amount).group_by(rows.c.account_id).subquery("paid")


def _vanished(share: Share, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.vanished"
    if of.table.name in of.night.unchanged:
        return
    if of.table.name not in of.night.previous:
        yield unknown(of.table, check, "no earlier accepted extract", "one to compare with")
        return
    was, now = view_named(f"{of.table.name}_previous"), view_named(of.table.name)
    statement = _beside(of, was, now, now.c[of.table.key[0]].is_(None))
    expected = "the keys of the last accepted extract"
    yield from counted_shares(check, share, statement, expected, "See whether a part of the extract is missing")


def _changed(changed: Changed, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.{changed.columns[0]}.changed"
    if of.table.name in of.night.unchanged:
        return
    if of.table.name not in of.night.previous:
        yield unknown(of.table, check, "no earlier accepted extract", "one to compare with")
        return
    was, now = view_named(f"{of.table.name}_previous"), view_named(of.table.name)
    differs = sa.or_(*(was.c[name].is_distinct_from(now.c[name]) for name in changed.columns))
    is_there = now.c[of.table.key[0]].is_not(None)
    expected = f"{', '.join(changed.columns)} as in the last accepted extract"
    hint = "See whether columns were swapped, or keys were given to others"
    yield from counted_shares(check, changed, _beside(of, was, now, differs, is_there), expected, hint)


def _beside(
    of: Subject, was: sa.TableClause, now: sa.TableClause, off: Sql, looked_at: Sql | None = None
) -> ExactSelect:
    same = sa.and_(*(was.c[name] == now.c[name] for name in of.table.key))
    return counted(was.outerjoin(now, same), off, looked_at)


STATE_SECTIONS: Mapping[str, Callable[[Any, Subject], Iterator[Declared]]] = {
    "continuity": _continuity,
    "vanished": _vanished,
    "changed": _changed,
}
