"""How accounts move from state to state in a step: counted over the steps seen, and shrunk to the wider book.

A narrow cell is a state within a jurisdiction and product; wider are the jurisdiction, and the whole book. Of each
outcome, the cell's share is held beside the wider cell's as `credibility` does with recoveries, and the outcomes of a
cell are then scaled so that they sum to one: no account is lost or made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter

from allocation.capacity.stock import Flow, State, Stratum
from allocation.credibility import MONTH_DAYS, Experience, weights

# How much of a stratum a level of the hierarchy looks at, from wide to narrow: nothing, jurisdiction, and product too.
LEVELS = (0, 1, 2)

Outcomes = dict[State | None, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """One outcome of a state: of `seen` accounts × steps `went` there; None is out of the book.

    `share` is what is reckoned with: `weight` × the own share + (1 − weight) × the wider cell's, scaled with the other
    outcomes to one.
    """

    to: State | None
    went: int
    seen: int
    wider: float
    weight: float
    share: float


@dataclass(frozen=True, slots=True)
class RateRow:
    """A rate as people read it: `of` is the country and product, `to` empty out of the book."""

    of: str
    state: str
    to: str
    went: int
    seen: int
    wider: Decimal
    weight: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Rates:
    """`found` by what of the stratum is looked at, and state; `steps` is how many steps were seen."""

    found: Mapping[tuple[Stratum, State], tuple[Rate, ...]]
    entered: Mapping[tuple[Stratum, State], float]
    steps: int

    def of(self, stratum: Stratum, state: State) -> tuple[Rate, ...]:
        """The narrowest rates that there are; none where nobody was ever seen in the state."""
        for level in reversed(LEVELS):
            rates = self.found.get((stratum[:level], state))
            if rates:
                return rates
        return ()


def rate_rows(rates: Rates, stock: Mapping[tuple[Stratum, State], int]) -> tuple[RateRow, ...]:
    """The rates by which the accounts of a stock are carried on, in order; every one of them once."""
    used = {(" ".join(stratum[: LEVELS[-1]]), state): rates.of(stratum, state) for stratum, state in sorted(stock)}
    return tuple(
        RateRow(
            of,
            str(state),
            "" if one.to is None else str(one.to),
            one.went,
            one.seen,
            _decimal(one.wider),
            _decimal(one.weight),
            _decimal(one.share),
        )
        for (of, state), outcomes in used.items()
        for one in outcomes
    )


def _decimal(number: float) -> Decimal:
    return Decimal(repr(round(number, 6)))


def rates_of(steps: Sequence[Iterable[Flow]], step_days: int, stated_months: float) -> Rates:
    """From the flows of each step; `stated_months` account-months weigh as much as the wider cell, where it cannot be
    estimated how much cells differ."""
    counts: list[dict[tuple[Stratum, State], Outcomes]] = [defaultdict(dict) for _ in LEVELS]
    entered: defaultdict[tuple[Stratum, State], float] = defaultdict(float)
    for flow in (flow for step in steps for flow in step):
        if flow.before is None:
            if flow.after is not None:
                entered[flow.stratum, flow.after] += flow.accounts / len(steps)
            continue
        for level in LEVELS:
            outcomes = counts[level][flow.stratum[:level], flow.before]
            outcomes[flow.after] = outcomes.get(flow.after, 0) + flow.accounts
    found: dict[tuple[Stratum, State], tuple[Rate, ...]] = {}
    for level in LEVELS:
        found |= dict(_shrunk(counts[level], found, level, step_days, stated_months))
    return Rates(found, dict(entered), len(steps))


def _shrunk(
    cells: Mapping[tuple[Stratum, State], Outcomes],
    wider: Mapping[tuple[Stratum, State], tuple[Rate, ...]],
    level: int,
    step_days: int,
    stated: float,
) -> Iterator[tuple[tuple[Stratum, State], tuple[Rate, ...]]]:
    if not level:
        for key, outcomes in cells.items():
            seen = sum(outcomes.values())
            yield key, tuple(Rate(to, went, seen, went / seen, 1.0, went / seen) for to, went in _ordered(outcomes))
        return
    above = {key: wider[key[0][: level - 1], key[1]] for key in cells}
    experience = {
        (key, rate.to): _experience(outcomes.get(rate.to, 0), sum(outcomes.values()), rate.share, step_days)
        for key, outcomes in cells.items()
        for rate in above[key]
    }
    weigh = weights([((key[0][: level - 1], key[1], to), one) for (key, to), one in experience.items()], stated)
    for key, outcomes in cells.items():
        seen = sum(outcomes.values())
        rows = [
            (rate, outcomes.get(rate.to, 0), min(max(weigh.of(experience[key, rate.to]), 0.0), 1.0))
            for rate in above[key]
        ]
        raw = [weight * went / seen + (1 - weight) * rate.share for rate, went, weight in rows]
        whole = sum(raw)
        yield (
            key,
            tuple(
                Rate(rate.to, went, seen, rate.share, weight, share / whole)
                for (rate, went, weight), share in zip(rows, raw, strict=True)
            ),
        )


def _experience(went: int, seen: int, expected: float, step_days: int) -> Experience:
    """Of `seen` accounts `went` somewhere, where the wider cell promises the share `expected` of each."""
    months = seen * step_days / MONTH_DAYS
    return Experience(
        parts=seen,
        account_months=months,
        money_months=months,
        expected=seen * expected,
        recovered=went,
        expected_squared=seen * expected**2,
        expected_recovered=went * expected,
        recovered_squared=went,
    )


def _ordered(outcomes: Outcomes) -> list[tuple[State | None, int]]:
    return sorted(outcomes.items(), key=lambda each: (each[0] is not None, each[0] or ()))


def stock_after(flows: Iterable[Flow]) -> dict[tuple[Stratum, State], int]:
    """How many accounts are where at the end of a step."""
    found: defaultdict[tuple[Stratum, State], int] = defaultdict(int)
    for flow in flows:
        if flow.after is not None:
            found[flow.stratum, flow.after] += flow.accounts
    return dict(sorted(found.items(), key=itemgetter(0)))
