"""What may be used at most, and must be at least: capacities, what partners share of a segment, quotas of partners."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from allocation.destinations import Destination
from allocation.problem import ACCOUNTS, NO_MAXIMUM, Floats, Ints, Limit, Limits, Violation
from allocation.rows import MISSING, Book
from allocation.strategies import Strategy
from allocation.strategy_rules import Quota, SegmentRule

_BALANCE = 1  # the number of the measure, where quotas count balances


def limits_of(book: Book, destinations: Sequence[Destination], strategy: Strategy) -> Limits:
    """What accounts that stay where they are leave of each limit: the destinations' capacities, in their order, less
    what is kept for later lots; then partners' shares by segment; then quotas in the order of the strategy."""
    used = fixed_use(book, destinations, strategy)
    used[: len(destinations)] += book.kept
    fixed = iter(used.tolist())
    return Limits.of(
        [
            *(Limit(end.key, hi=max(capacity_of(end, strategy) - next(fixed), 0)) for end in destinations),
            *(Limit(name, hi=max(most - next(fixed), 0)) for name, most in shares_of_segments(book, strategy)),
            *(_limit_of_quota(quota, book, strategy, next(fixed)) for quota in strategy.rule.quotas),
        ]
    )


def passed_by_fixed(book: Book, destinations: Sequence[Destination], strategy: Strategy) -> tuple[Violation, ...]:
    """Quotas, and shares of segments that go to partners, of which accounts that stay use more than the most."""
    fixed = fixed_use(book, destinations, strategy)[len(destinations) :].tolist()
    quotas = ((quota.name, bounds_of_quota(quota, book, strategy)[1]) for quota in strategy.rule.quotas)
    goes_out = [segment.rule.partners is not None for segment in strategy.segments]
    shares = (
        (name, most if out else None)
        for (name, most), out in zip(shares_of_segments(book, strategy), goes_out, strict=True)
    )
    mosts = (*shares, *quotas)
    return tuple(
        Violation(name, most, used)
        for (name, most), used in zip(mosts, fixed, strict=True)
        if most is not None and used > most
    )


def as_asked(
    found: Sequence[Violation], book: Book, destinations: Sequence[Destination], strategy: Strategy
) -> tuple[Violation, ...]:
    """Violations as the strategy asks for them: what stays with a partner counts for its quota, too."""
    names = [quota.name for quota in strategy.rule.quotas]
    stays = dict(zip(names, _fixed_of_quotas(book, destinations, strategy).tolist(), strict=True))
    return tuple(
        replace(one, asked=one.asked + stays.get(one.limit, 0), reached=one.reached + stays.get(one.limit, 0))
        for one in found
    )


def capacity_of(destination: Destination, strategy: Strategy) -> int:
    """In accounts, or for collectors in minutes where the strategy says so, those of the days that they are there."""
    capacity = strategy.rule.capacity
    if destination.is_partner:
        return destination.accounts_at_most
    if capacity.by == "minutes":
        days = capacity.working_days_per_month if destination.days is None else destination.days
        return int(destination.minutes_per_day * (days or 0) * destination.share)
    there = destination.accounts_at_most * destination.share
    return int(there if not destination.days_in_all else there * (destination.days or 0) / destination.days_in_all)


def use_of_account(strategy: Strategy, rule: SegmentRule, destination: Destination) -> int:
    return 1 if destination.is_partner else _minutes(strategy, rule)


def _minutes(strategy: Strategy, rule: SegmentRule) -> int:
    """What an account takes of its collector's capacity: one of so many accounts, or minutes."""
    return 1 if strategy.rule.capacity.by == "accounts" else rule.handling_minutes or 0


def shares_of_segments(book: Book, strategy: Strategy) -> Iterator[tuple[str, int]]:
    """The most that partners may have of each segment together."""
    worked = np.bincount(book.segment[book.is_free | book.is_fixed], minlength=len(strategy.segments))
    for segment, accounts in zip(strategy.segments, worked.tolist(), strict=True):
        terms = segment.rule.partners
        yield f"partners:{segment.id}", int(terms.share_at_most * accounts) if terms else 0


def bounds_of_quota(quota: Quota, book: Book, strategy: Strategy) -> tuple[int, int | None]:
    """The least and the most of what it counts, running placements included; None: no most."""
    whole = int(amounts_counted(quota, book, strategy).sum())
    least = max(_part(quota.at_least, whole, up=True), quota.at_least_number or 0)
    tops = [_part(quota.at_most, whole)] if quota.at_most is not None else []
    return least, min([*tops, *([] if quota.at_most_number is None else [quota.at_most_number])], default=None)


def amounts_counted(quota: Quota, book: Book, strategy: Strategy) -> Ints:
    """Of each row what it counts for the quota, whoever has it; 0 where it is not worked, or of other segments."""
    return np.where(_counted(quota, book, strategy), _amounts(quota, book, strategy), 0)


def _limit_of_quota(quota: Quota, book: Book, strategy: Strategy, fixed: int) -> Limit:
    least, most = bounds_of_quota(quota, book, strategy)
    left = NO_MAXIMUM if most is None else max(most - fixed, 0)
    return Limit(quota.name, max(least - fixed, 0), left, ACCOUNTS if quota.by == "accounts" else _BALANCE)


def _part(share: Decimal | None, whole: int, *, up: bool = False) -> int:
    exact = (share or Decimal(0)) * whole
    return int(exact.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


def _counted(quota: Quota, book: Book, strategy: Strategy) -> np.ndarray:
    of_segment = np.array([*(quota.counts(segment.id) for segment in strategy.segments), False])
    found: np.ndarray = of_segment[book.segment] & (book.is_free | book.is_fixed)
    return found


def _amounts(quota: Quota, book: Book, strategy: Strategy) -> Ints:
    return np.ones(book.size, dtype=np.int64) if quota.by == "accounts" else balances(book, strategy)


def fixed_use(book: Book, destinations: Sequence[Destination], strategy: Strategy) -> Ints:
    """What accounts that stay where they are use of each limit, in the order of the limits.

    An account at a partner that gets nothing new any more counts for the shares alone.
    """
    kinds, rows = len(strategy.segments), np.flatnonzero(book.is_fixed)
    to, segment = book.fixed_to[rows], book.segment[rows]
    is_partner = np.array([*(one.is_partner for one in destinations), True])[to]
    minutes = np.array([_minutes(strategy, one.rule) for one in strategy.segments], dtype=np.int64)
    use = np.where(is_partner, 1, minutes[segment])
    taken = np.zeros(len(destinations) + kinds, dtype=np.int64)
    np.add.at(taken, to[to != MISSING], use[to != MISSING])
    np.add.at(taken, len(destinations) + segment[is_partner], 1)
    return np.concatenate([taken, _fixed_of_quotas(book, destinations, strategy)])


def _fixed_of_quotas(book: Book, destinations: Sequence[Destination], strategy: Strategy) -> Ints:
    number = {end.key: position for position, end in enumerate(destinations)}
    found = []
    for quota in strategy.rule.quotas:
        mine = book.is_fixed & (book.fixed_to == number.get(f"partner:{quota.partner}", len(destinations)))
        counted = mine & _counted(quota, book, strategy)
        found.append(int(_amounts(quota, book, strategy)[counted].sum()))
    return np.array(found, dtype=np.int64)


def balances(book: Book, strategy: Strategy) -> Ints:
    """What is owed on each account, in whole units of the comparison currency; what the bank owes counts as nothing."""
    owed = book.table["balance"].cast("double").to_numpy()
    return np.maximum(np.rint(comparable(book, strategy, owed)), 0).astype(np.int64)


def comparable(book: Book, strategy: Strategy, amounts: Floats) -> Floats:
    """Amounts of accounts, each in its currency, in the strategy's comparison currency: an estimate."""
    worth = strategy.rule.currencies
    of_code = np.array([*(float(worth[name]) if name in worth else 0.0 for name in book.currency.names), 0.0])
    compared: Floats = amounts * of_code[book.currency.codes]
    return compared
