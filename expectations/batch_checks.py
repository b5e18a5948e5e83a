"""Which batch checks a table's thresholds ask for, and how each is declared for one night."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from statistics import median_low
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.money import CONTEXT, Rounding, round_to
from domain.records import CheckResult
from domain.tables import Kind, Table, Type
from expectations.batch_statements import counted, money_outside, not_rolled, over_balance
from expectations.contracts import MONEY_COLUMNS
from expectations.declaring import LEVELS, Declared, Subject, condition_of, counted_shares, unknown
from expectations.event_checks import EVENT_SECTIONS, moved_mix
from expectations.limits import (
    Change,
    Dates,
    Drift,
    Filled,
    Holds,
    Known,
    Mix,
    OverBalance,
    Past,
    Share,
    TableThreshold,
)
from expectations.lowering import view_named
from expectations.state_checks import STATE_SECTIONS
from expectations.suites import (
    Baseline,
    DayFigures,
    Expectation,
    Fact,
    Night,
    NoRows,
    RowCount,
    Severity,
    Suite,
)


def suite_for(threshold: TableThreshold, night: Night, baseline: Baseline) -> Suite | None:
    """The suite of one table for one night; None where its thresholds ask for no batch check."""
    of = Subject(threshold, night, baseline)
    if not any(getattr(threshold, section) for section in _SECTIONS):
        return None
    found = [item for section, declare in _SECTIONS.items() for item in _declared(section, declare, of)]
    return Suite(
        table=of.table.name,
        expectations=(
            _some_rows(of),
            *(item for item in found if isinstance(item, Expectation)),
        ),
        not_yet_known=tuple(item for item in found if isinstance(item, CheckResult)),
        facts=tuple(item for item in found if isinstance(item, Fact)),
    )


_Declare = Callable[[Any, Subject], Iterator[Declared]]


def _declared(section: str, declare: _Declare, of: Subject) -> Iterator[Declared]:
    limits = getattr(of.threshold, section)
    for one in limits if isinstance(limits, tuple) else ([] if limits is None else [limits]):
        yield from declare(one, of)


def _some_rows(of: Subject) -> Expectation:
    """Column checks pass over no rows at all, so each suite says whether there must be some."""
    check, hint = f"{of.table.name}.rows", "Ask for the extract again"
    if not of.rows_due:
        return Expectation(check, Severity.CRITICAL, RowCount(0), "rows, or none on such a day", hint)
    if _are_few(of):
        return Expectation(check, Severity.WARNING, RowCount(1), "a row or two: there are few on other days", hint)
    return Expectation(check, Severity.CRITICAL, RowCount(1), "at least one row", hint)


def _are_few(of: Subject) -> bool:
    """So few rows on comparable days that one without any is no wonder."""
    change = of.threshold.volume
    if change is None or of.table.kind is Kind.STATE:
        return False
    days = _comparable(of, change)
    return len(days) >= change.minimum_days and median_low(day.rows for day in days) < _FEW_ROWS


_FEW_ROWS = 10


def _volume(change: Change, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.volume"
    days = _comparable(of, change)
    usual = median_low(day.rows for day in days) if days else 0
    if len(days) < change.minimum_days or not (usual or change.minimum_rows):
        yield _not_yet_known(of.table, check, days, change)
        return
    peak = max([usual, *(day.rows for day in _month_ends(of))])
    for severity, level in LEVELS:
        factor: Decimal = getattr(change, f"{level}_factor")
        low, high = _bounds(Decimal(usual), factor)[0], _bounds(Decimal(peak), factor)[1]
        high = max(high, Decimal(change.minimum_rows))
        is_judged = usual >= change.minimum_rows and (of.rows_due or severity is Severity.WARNING)
        least = int(low) if is_judged else 0
        measure = RowCount(least, int(high))
        last = f", and {peak:,} at the last month-end" if peak > usual else ""
        expected = f"{least:,} to {int(high):,} rows; usual are {usual:,}{last}, {_of_days(of.table, days)}"
        yield Expectation(check, severity, measure, expected, "See whether the extract is whole, and sent once")


def _drift(drift: Drift, of: Subject) -> Iterator[Declared]:
    """Slow changes that no day shows: rows, and money by currency, beside an extract from some days ago."""
    check = f"{of.table.name}.drift"
    first = of.night.business_date - timedelta(days=drift.days)
    days = sorted((day for day in of.baseline.days if day.business_date >= first), key=lambda day: day.business_date)
    then = days[0] if days and (of.night.business_date - days[0].business_date).days > drift.days // 2 else None
    if then is None or not then.rows:
        yield unknown(of.table, check, "no accepted extract from so long ago", f"one from {drift.days} days ago")
        return
    hint = "See what changed a little every day: accounts that are lost, balances that grow"
    for severity, level in LEVELS:
        factor: Decimal = getattr(drift, f"{level}_factor")
        low, high = _bounds(Decimal(then.rows), factor)
        expected = f"{int(low):,} to {int(high):,} rows; on {then.business_date} there were {then.rows:,}"
        yield Expectation(check, severity, RowCount(int(low), int(high)), expected, hint)
        bounds = {currency: _bounds(amount, factor) for currency, amount in then.sums if amount > 0}
        money = "; ".join(f"{low:,} to {high:,} {currency}" for currency, (low, high) in bounds.items())
        if bounds:
            statement = money_outside(of.table, bounds, 0, is_mean=False, column=MONEY_COLUMNS[of.table.name])
            name = f"{of.table.name}.drift_of_money"
            yield Expectation(name, severity, NoRows(statement), f"{money}, as on {then.business_date}", hint)


def _sums(change: Change, of: Subject) -> Iterator[Declared]:
    yield from _of_money(change, of, "sum", lambda day, currency: dict(day.sums)[currency])


def _mean(change: Change, of: Subject) -> Iterator[Declared]:
    yield from _of_money(change, of, "mean", DayFigures.mean)


def _of_money(
    change: Change,
    of: Subject,
    figure: str,
    of_day: Callable[[DayFigures, str], Decimal],
) -> Iterator[Declared]:
    """The sum, or the mean, of the amounts of each currency against its median on comparable days."""
    check = f"{of.table.name}.{figure}"
    days = [day for day in _comparable(of, change) if day.rows]
    usual = {
        currency: median_low([of_day(day, currency) for day in days if currency in dict(day.sums)])
        for currency in sorted({currency for day in days for currency, _ in day.sums})
    }
    usual = {currency: amount for currency, amount in usual.items() if amount > 0}
    if not usual or len(days) < change.minimum_days:
        yield _not_yet_known(of.table, check, days, change)
        return
    ends = [day for day in _month_ends(of) if day.rows]
    peak = {
        currency: max([amount, *(of_day(day, currency) for day in ends if currency in dict(day.sums))])
        for currency, amount in usual.items()
    }
    for severity, level in LEVELS:
        factor: Decimal = getattr(change, f"{level}_factor")
        bounds = {
            currency: (_bounds(amount, factor)[0], _bounds(peak[currency], factor)[1])
            for currency, amount in usual.items()
        }
        expected = "; ".join(f"{low:,} to {high:,} {currency}" for currency, (low, high) in bounds.items())
        statement = money_outside(of.table, bounds, change.minimum_rows, is_mean=figure == "mean")
        hint = "See whether the amounts are in the right unit and the extract is whole"
        yield Expectation(
            check, severity, NoRows(statement), f"a {figure} of {expected}, {_of_days(of.table, days)}", hint
        )


def _dates(dates: Dates, of: Subject) -> Iterator[Declared]:
    first = None if dates.days_before is None else of.night.business_date - timedelta(days=dates.days_before)
    last = of.night.business_date + timedelta(days=dates.days_after)
    columns = dates.columns or (of.table.dated_by,)
    view = view_named(of.table.name)
    days = [
        sa.cast(view.c[name], sa.Date) if of.table[name].type is Type.WALL_TIME else view.c[name] for name in columns
    ]
    outside = sa.or_(*(day > last for day in days), *(day < first for day in days if first is not None))
    expected = f"{', '.join(columns)} {f'from {first} ' if first else ''}to {last}"
    yield from counted_shares(
        f"{of.table.name}.dates",
        dates,
        counted(view, outside),
        expected,
        "See whether the file is that of another date. Rows of earlier dates count there once those nights run again",
    )


def _mix(mix: Mix, of: Subject) -> Iterator[Declared]:
    check = f"{of.table.name}.mix"
    if of.table.name not in of.night.previous:
        yield unknown(of.table, check, "no earlier accepted extract", "one to compare with")
        return
    hint = "See whether a branch, product or bucket is missing"
    expected = f"shares of {', '.join(mix.columns)} as in the last accepted extract"
    sides = (view_named(of.table.name), view_named(f"{of.table.name}_previous"))
    yield from moved_mix(check, mix, of.table, sides, expected, hint)


def _filled(filled: Filled, of: Subject) -> Iterator[Declared]:
    view, name = view_named(of.table.name), filled.column
    statement = counted(view, view.c[name].is_(None))
    hint = "See whether the source still fills the column"
    yield from counted_shares(f"{of.table.name}.{name}.filled", filled, statement, f"a value of {name}", hint)


def _holds(holds: Holds, of: Subject) -> Iterator[Declared]:
    view = view_named(of.table.name)
    statement = counted(view, sa.not_(condition_of(holds.rule, of.table, view)))
    yield from counted_shares(f"{of.table.name}.{holds.name}", holds, statement, holds.rule, holds.hint)


def _known(known: Known, of: Subject) -> Iterator[Declared]:
    """Keys that are referred to are looked for in the extract and the look-back, and nowhere else."""
    view, key = view_named(of.table.name), CATALOGUE[known.table].key[0]
    value = view.c[known.column]
    referred = sa.select(value).where(value.is_not(None))
    sources = [view_named(name) for name in (known.table, f"{known.table}_history")]
    seen = sa.union_all(*(sa.select(one.c[key]).where(one.c[key].in_(referred)) for one in sources))
    statement = counted(view, value.not_in(seen), value.is_not(None))
    expected = f"{known.column} of {known.table} that have come"
    hint = f"See whether {known.table} are missing, or were made up; older ones than the look-back are not seen"
    yield from counted_shares(f"{of.table.name}.{known.column}.known", known, statement, expected, hint)


def _placed(share: Share, of: Subject) -> Iterator[Declared]:
    claims, placements = view_named(of.table.name), view_named("placements")
    with_partner = sa.exists().where(
        placements.c.account_id == claims.c.account_id, placements.c.partner_id == claims.c.partner_id
    )
    hint = "See whether the claims are those of another partner, or placements are missing"
    expected = "claims on accounts that were placed with the partner"
    statement = counted(claims, sa.not_(with_partner))
    yield from counted_shares(f"{of.table.name}.placed", share, statement, expected, hint)


def _over_balance(limits: OverBalance, of: Subject) -> Iterator[Declared]:
    """Without yesterday's balances, today's have to do: they lack what was paid, so only a flood counts, and none of
    accounts on which nothing is left."""
    check, known = f"{of.table.name}.over_balance", "accounts" in of.night.previous
    if not known and "accounts" not in of.night.landed:
        yield unknown(of.table, check, "no balances of accounts", "those of the day before")
        return
    alone = limits.halt_share_without_previous
    shares = limits if known else Share(warn_share=alone, halt_share=alone)
    statement = over_balance(of.table, limits.factor, is_before=known)
    expected = (
        f"amounts of at most {limits.factor} times the balance {'of the day before' if known else 'that is left'}"
    )
    yield from counted_shares(check, shares, statement, expected, "See whether the amounts are in the right unit")


def _past(past: Past, of: Subject) -> Iterator[Declared]:
    view, day = view_named(of.table.name), of.night.business_date
    later = sa.or_(*(sa.cast(view.c[name], sa.Date) > day for name in past.columns))
    expected = f"{', '.join(past.columns)} not after {day}"
    hint = "See whether dates were mistyped, or are those of another year"
    yield from counted_shares(f"{of.table.name}.past", past, counted(view, later), expected, hint)


def _roll(share: Share, of: Subject) -> Iterator[Declared]:
    check = "accounts.roll"
    if "accounts" not in of.night.previous or "payments" not in of.night.landed:
        yield unknown(
            CATALOGUE["accounts"], check, "no balances of the day before, or no payments", "both to compare with"
        )
        return
    expected = "balances of the day before, less the payments, equal to today's"
    hint = "See whether accounts or payments are missing, or amounts in another unit"
    for severity, level in LEVELS:
        limit: Decimal = getattr(share, f"{level}_share")
        yield Expectation(check, severity, NoRows(not_rolled(limit)), f"{expected}; at most {limit} off", hint)


def _posted(share: Share, of: Subject) -> Iterator[Declared]:
    rows, postings = view_named(of.table.name), view_named("staff_postings")
    in_force = sa.and_(
        postings.c.valid_from <= of.night.business_date,
        sa.or_(postings.c.valid_to.is_(None), postings.c.valid_to > of.night.business_date),
        postings.c.employee_id.is_not(None),
    )
    absent = rows.c.employee_id.not_in(sa.select(postings.c.employee_id).where(in_force))
    yield from counted_shares(
        f"{of.table.name}.posted",
        share,
        counted(rows, absent, rows.c.employee_id.is_not(None)),
        f"employees with a posting on {of.night.business_date}",
        "See whether the staff extract is that of the date",
    )


def _comparable(of: Subject, change: Change) -> Sequence[DayFigures]:
    """The past days to compare with, newest first; they may be fewer than the threshold asks for."""
    past = sorted(of.baseline.days, key=lambda day: day.business_date, reverse=True)
    if of.table.kind is Kind.STATE:
        return past[:1]
    alike = [day for day in past if day.kind is of.night.kind]
    same_weekday = [day for day in alike if day.business_date.weekday() == of.night.business_date.weekday()]
    return same_weekday if len(same_weekday) >= change.minimum_days else alike


def _month_ends(of: Subject) -> Sequence[DayFigures]:
    """On the last days of a month, those of the months before: paydays and closings make peaks that no weekday has."""
    if of.table.kind is Kind.STATE or not _is_month_end(of.night.business_date):
        return ()
    return [day for day in of.baseline.days if day.kind is of.night.kind and _is_month_end(day.business_date)]


def _is_month_end(day: date) -> bool:
    return (day + timedelta(days=_LAST_DAYS)).month != day.month


_LAST_DAYS = 3


def _bounds(usual: Decimal, factor: Decimal) -> tuple[Decimal, Decimal]:
    low, high = CONTEXT.divide(usual, factor), CONTEXT.multiply(usual, factor)
    return round_to(low, 2, Rounding.DOWN), round_to(high, 2, Rounding.UP)


def _of_days(table: Table, days: Sequence[DayFigures]) -> str:
    if table.kind is Kind.STATE:
        return f"as on {days[0].business_date}"
    return f"the median of {len(days)} comparable days"


def _not_yet_known(table: Table, check: str, days: Sequence[DayFigures], change: Change) -> CheckResult:
    found = f"{len(days)} comparable days with figures"
    return unknown(table, check, found, f"at least {change.minimum_days} accepted days of the same kind")


_SECTIONS: Mapping[str, _Declare] = {
    "volume": _volume,
    "drift": _drift,
    "sums": _sums,
    "mean": _mean,
    "dates": _dates,
    "mix": _mix,
    "filled": _filled,
    "holds": _holds,
    "known": _known,
    "placed": _placed,
    "over_balance": _over_balance,
    "roll": _roll,
    "posted": _posted,
    "past": _past,
    **EVENT_SECTIONS,
    **STATE_SECTIONS,
}
