"""What an allocation comes to: who got what, the proven bound, the gap, and the price of each capacity."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from allocation.decisions import Night, used_of_limits
from allocation.limits import as_asked, capacity_of, passed_by_fixed
from allocation.problem import Violation
from allocation.recovery import RecoveryTable
from allocation.shortages import Shortage, shortages
from allocation.teams import FAIRNESS, Spread, compared_in


@dataclass(frozen=True, slots=True)
class DestinationSummary:
    """`capacity` and `used` in accounts, or minutes a month; `price` is an estimate per one of them.

    The price is what one more of it would be worth tonight, in the strategy's comparison currency: an upper estimate.
    """

    key: str
    department: str | None
    team: str | None
    accounts: int
    balance: tuple[tuple[str, Decimal], ...]  # by currency
    capacity: int
    used: int
    price: float


@dataclass(frozen=True, slots=True)
class FairnessSummary:
    """A band (a share of the mean) and what it costs, as a share of the value without it: this allocation, and any that
    keeps the band as well (`cost_at_least`). `outside` are members who lie outside it all the same."""

    band: Decimal
    value_without: float
    cost: float
    cost_at_least: float
    outside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """book = allocated + held + excluded. `bound`: no allocation could bring more; `gap`: (bound − value) ÷ bound.

    `reasons` are (reason, accounts), `segments` (segment or empty, disposition, accounts). Value, bound and prices are
    estimates in the strategy's comparison currency; `prices` are what the next night starts from. `spreads` are of
    teams, with a band or without; `shortages` what nobody has room for, whatever it brings.
    """

    strategy: str
    allocated: int
    held: int
    excluded: int
    reasons: tuple[tuple[str, int], ...]
    segments: tuple[tuple[str, str, int], ...]
    destinations: tuple[DestinationSummary, ...]
    value: float
    bound: float
    gap: float
    violations: tuple[str, ...]
    unkept: tuple[Violation, ...]  # the same in figures, but for the fairness band
    prices: Mapping[str, float]
    recovery: RecoveryTable
    spreads: tuple[Spread, ...] = ()
    fairness: FairnessSummary | None = None
    shortages: tuple[Shortage, ...] = ()

    @property
    def book(self) -> int:
        return self.allocated + self.held + self.excluded


def summary(night: Night, accounts: pa.Table, recovery: RecoveryTable) -> Summary:
    counts = Counter(accounts["disposition"].to_pylist())
    solution, scale = night.solution, 10.0**night.work.digits
    segments = accounts.group_by(["segment", "disposition"]).aggregate([([], "count_all")]).to_pylist()
    ends, problem = _destinations(night, accounts), night.work.problem
    passed = [end for end in ends if end.used > end.capacity]
    asked = (night.book, night.destinations, night.strategy)
    broken = (*passed_by_fixed(*asked), *as_asked(solution.violations, *asked))
    return Summary(
        strategy=night.strategy.rule.id,
        allocated=counts["allocated"],
        held=counts["held"],
        excluded=counts["excluded"],
        reasons=tuple(sorted(Counter(accounts["reason"].to_pylist()).items())),
        segments=tuple(sorted((row["segment"] or "", row["disposition"], row["count_all"]) for row in segments)),
        destinations=ends,
        value=solution.value / scale,
        bound=solution.bound / scale,
        gap=solution.gap,
        violations=(
            *(_violation(end) for end in passed),
            *(str(violation) for violation in broken),
            *_outside(night),
        ),
        unkept=(*(Violation(end.key, end.capacity, end.used) for end in passed), *broken),
        prices={
            name: price
            for name, price in zip(
                problem.limits.names, (solution.prices / np.exp2(problem.shifts) / scale).tolist(), strict=True
            )
            if not name.startswith(FAIRNESS)
        },
        recovery=recovery,
        spreads=_spreads(night),
        fairness=_fairness(night),
        shortages=shortages(night.book, night.strategy, night.work),
    )


def _spreads(night: Night) -> tuple[Spread, ...]:
    scale = 10.0**night.work.digits
    found = (
        night.fair.spreads if night.fair else compared_in(night.work.problem, night.teams).spreads(night.solution.place)
    )
    return tuple(replace(spread, mean=spread.mean / scale) for spread in found)


def _fairness(night: Night) -> FairnessSummary | None:
    rule, fair = night.strategy.rule.fairness, night.fair
    if rule is None or fair is None:
        return None
    return FairnessSummary(
        rule.band, fair.free.value / 10.0**night.work.digits, fair.cost, fair.cost_at_least, fair.outside_keys
    )


def _outside(night: Night) -> Iterator[str]:
    rule, fair = night.strategy.rule.fairness, night.fair
    if rule is None or fair is None:
        return
    for key, ratio in fair.outside:
        yield f"{FAIRNESS}{key} has {ratio:.3f} of its team's mean where {1 - rule.band} to {1 + rule.band} is the band"


def _destinations(night: Night, accounts: pa.Table) -> tuple[DestinationSummary, ...]:
    owned = accounts.group_by(["owner_kind", "owner_id", "currency"]).aggregate([("balance", "sum"), ([], "count_all")])
    balances: defaultdict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for row in owned.to_pylist():
        key = f"{row['owner_kind']}:{row['owner_id']}"
        balances[key].append((row["currency"], row["balance_sum"]))
        counts[key] += row["count_all"]
    used, scale = used_of_limits(night), 10.0**night.work.digits
    return tuple(
        DestinationSummary(
            end.key,
            end.department,
            end.team,
            counts[end.key],
            tuple(sorted(balances[end.key])),
            capacity_of(end, night.strategy),
            int(used[number]),
            int(night.solution.prices[number]) / scale,
        )
        for number, end in enumerate(night.destinations)
    )


def _violation(end: DestinationSummary) -> str:
    """Only what stays where it is can pass a capacity: running placements, and owners that the strategy keeps."""
    return f"{end.key} has {end.used} where {end.capacity} is the most: accounts that stay where they are"
