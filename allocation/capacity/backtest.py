"""Earlier forecasts beside what came: how far off, how often within their intervals, and against no forecast at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from allocation.capacity.forecast import FEWEST_STEPS, forecast
from allocation.capacity.rates import rates_of
from allocation.capacity.stock import Flow, State, Stratum

Stock = Mapping[tuple[Stratum, State], int]

_DIGITS = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Case:
    """Of one name so many steps after `origin`: what was forecast, what came, and what there was at the origin."""

    name: str
    origin: date
    steps: int
    forecast: Decimal
    low: Decimal
    high: Decimal
    came: int
    before: int

    @property
    def is_within(self) -> bool:
        return self.low <= self.came <= self.high


@dataclass(frozen=True, slots=True)
class BackTest:
    """Over `cases` earlier forecasts so many steps ahead: `off` is the mean of |forecast − came| ÷ came, `unmoved` the
    same if accounts are said to stay as many as they were, `within` how many came within their interval."""

    name: str
    steps: int
    cases: int
    off: Decimal | None
    unmoved: Decimal | None
    within: int


def cases_of(
    stocks: Mapping[date, Stock],
    steps: Mapping[date, Sequence[Flow]],
    names: Mapping[str, Callable[[State], bool]],
    *,
    step_days: int,
    stated_months: float,
    fewest: int = FEWEST_STEPS,
) -> Iterator[Case]:
    """From every date that has seen at least `fewest` steps, each by what was known then alone."""
    days = sorted(stocks)
    for origin in days:
        seen = [steps[day] for day in days if day <= origin and day in steps]
        later = [day for day in days if day > origin]
        if len(seen) < fewest or not later:
            continue
        ahead = forecast(stocks[origin], seen, rates_of(seen, step_days, stated_months), len(later))
        for number, day in enumerate(later, start=1):
            for name, inside in names.items():
                found = ahead.interval(number, lambda _, state, inside=inside: float(inside(state)))  # type: ignore[misc]
                low, high = _decimal(found.low), _decimal(found.high)
                came, before = _count(stocks[day], inside), _count(stocks[origin], inside)
                yield Case(name, origin, number, _decimal(found.value), low, high, came, before)


def back_tests(cases: Sequence[Case]) -> tuple[BackTest, ...]:
    """By name, in the order given, and steps ahead; names of which nothing ever was are left out."""
    groups: defaultdict[tuple[str, int], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.name, case.steps].append(case)
    order = {name: number for number, name in enumerate(dict.fromkeys(case.name for case in cases))}
    return tuple(
        _back_test(*key, groups[key])
        for key in sorted(groups, key=lambda key: (order[key[0]], key[1]))
        if any(case.came or case.before for case in groups[key])
    )


def _back_test(name: str, steps: int, cases: Sequence[Case]) -> BackTest:
    some = [case for case in cases if case.came]
    off = _mean([abs(case.forecast - case.came) / case.came for case in some])
    unmoved = _mean([Decimal(abs(case.before - case.came)) / case.came for case in some])
    return BackTest(name, steps, len(cases), off, unmoved, sum(case.is_within for case in cases))


def _mean(numbers: Sequence[Decimal]) -> Decimal | None:
    return (sum(numbers, Decimal(0)) / len(numbers)).quantize(_DIGITS) if numbers else None


def _count(stock: Stock, inside: Callable[[State], bool]) -> int:
    return sum(accounts for (_, state), accounts in stock.items() if inside(state))


def _decimal(number: float) -> Decimal:
    return Decimal(repr(round(number, 4)))
