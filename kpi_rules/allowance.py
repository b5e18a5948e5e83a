"""What the limits of the law leave of a day for one account: hours, contacts that are left, days off.

Limits forbid contacts that were made; this reads them the other way round, for the contact that somebody is about to
make with the debtor. Nothing here allows anything: a limit that it cannot read so is told by its title.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact
from domain.expressions import evaluate, to_sql
from kpi_rules.breaches import applies, contacts_of_days
from kpi_rules.limit_checks import LIMIT_COLUMNS, CheckedLimit
from kpi_rules.limit_language import MoreThan, OnDays, OutsideHours, Per, TooSoon, Weekday

COUNTED = {Per.DEBTOR: "debtor_id", Per.ACCOUNT: "account_id"}
_TRIED = ("right_party", "no_answer")  # what may come of the contact: a limit on either of them counts
_MIDNIGHT, _END = "00:00", "24:00"


@dataclass(frozen=True, slots=True)
class Left:
    """So many of so many contacts are left within so many days, the day itself included."""

    left: int
    count: int
    days: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """Hours on the debtor's clock; `blocked` are the titles of the limits that forbid the whole day, with a day from
    which they do not where that is known; `also` the titles of limits on single numbers or persons."""

    starts: str = _MIDNIGHT
    ends: str = _END
    left: tuple[Left, ...] = ()
    blocked: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        return not self.blocked and self.starts < self.ends and all(each.left > 0 for each in self.left)


Used = Mapping[tuple[str, str], tuple[int, date]]
"""By limit and key (debtor or account): contacts that count already, and the day of the last one."""


def used_statement(limit: CheckedLimit, day: date) -> ExactSelect | None:
    """`key`, `contacts` and `last_on` of the contacts before `day` that a counting limit counts on it; None where it
    counts nothing, or not by debtor or account."""
    forbids = limit.rule.forbids
    if not isinstance(forbids, MoreThan | TooSoon) or forbids.per not in COUNTED:
        return None
    back = forbids.days - 1 if isinstance(forbids, MoreThan) else forbids.days
    if back < 1:
        return None
    rows = contacts_of_days(day - timedelta(days=back), day - timedelta(days=1))
    key = rows.c[COUNTED[forbids.per]]
    counts = applies(limit, rows)
    if isinstance(forbids, TooSoon):
        is_after = to_sql(limit.after, dict(rows.c)) if limit.after else sa.true()
        counts = sa.and_(rows.c.jurisdiction == limit.rule.jurisdiction, is_after)
    columns = (key.label("key"), count_rows().label("contacts"), sa.func.max(rows.c.day).label("last_on"))
    return exact(sa.select(*columns).where(counts).group_by(key).order_by(key))


def allowance(
    limits: Iterable[CheckedLimit], account: Mapping[str, Any], channel: str, day: date, used: Used, *, holiday: bool
) -> Allowance:
    """What is left for a contact by `channel` with the debtor of the account; `account` is its row."""
    found = Allowance()
    for limit in limits:
        holds = limit.rule.jurisdiction == account["jurisdiction"] and limit.rule.holds_on(day)
        if holds and _speaks_of(limit, account, channel):
            found = _within(found, limit, account, day, used, holiday=holiday)
    return found


def _within(
    found: Allowance, limit: CheckedLimit, account: Mapping[str, Any], day: date, used: Used, *, holiday: bool
) -> Allowance:
    rule = limit.rule
    before, last = (0, None) if not isinstance(rule.forbids, MoreThan | TooSoon) else _used(limit, account, used)
    starts, ends, left, blocked, also = found.starts, found.ends, found.left, found.blocked, found.also
    match rule.forbids:
        case OutsideHours(starts=first, ends=until):
            starts, ends = max(starts, first), min(ends, until)
        case OnDays(weekdays=weekdays, holidays=holidays):
            if list(Weekday)[day.weekday()] in weekdays or (holidays and holiday):
                blocked = (*blocked, rule.title)
        case MoreThan(per=per) if per not in COUNTED:
            also = (*also, rule.title)
        case MoreThan(count=count, days=days):
            left = (*left, Left(max(count - before, 0), count, days))
        case TooSoon(days=days):
            if last is not None and last + timedelta(days=days) >= day:
                blocked = (*blocked, f"{rule.title} ({last + timedelta(days=days + 1)})")
        case _:
            blocked = (*blocked, rule.title)
    return Allowance(starts, ends, left, blocked, also)


def _used(limit: CheckedLimit, account: Mapping[str, Any], used: Used) -> tuple[int, date | None]:
    per = limit.rule.forbids.per if isinstance(limit.rule.forbids, MoreThan | TooSoon) else Per.DEBTOR
    return used.get((limit.rule.id, account[COUNTED[per]]), (0, None)) if per in COUNTED else (0, None)


def _speaks_of(limit: CheckedLimit, account: Mapping[str, Any], channel: str) -> bool:
    """Whether the limit counts, or forbids, such a contact with the debtor, who has the duty to repay."""
    facts: dict[str, Any] = {name: account.get(name) for name in LIMIT_COLUMNS}
    facts |= {"channel": channel, "direction": "out", "duration_seconds": 60}
    facts |= {"party_role": "debtor", "duty_to_repay": True}
    outcomes: Sequence[str] = _TRIED
    return limit.where is None or any(evaluate(limit.where, {**facts, "outcome": each}) is True for each in outcomes)
