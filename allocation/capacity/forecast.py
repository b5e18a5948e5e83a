"""Accounts carried on step by step: stock next week = stock + what comes in − what goes out, by state and stratum.

A Markov chain in floats. Its intervals are made of what the steps that were seen left unexplained: the residual of each
state, and how residuals of states go together, is what a step to come may be off by; and because the rates are measured
over so few steps, the same error goes into every step to come. Weeks are taken to be alike: pay days, Tết and campaigns
are not known to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np

from allocation.capacity.rates import Rates, stock_after
from allocation.capacity.stock import Flow, State, Stratum
from allocation.problem import Floats

COVERED = 0.80
"""Of the intervals: four of five weeks are to end within them."""

FEWEST_STEPS = 3
"""With fewer there is no telling how weeks differ: intervals are of chance alone, and too narrow."""

# The 90 % point of Student's t with 1, 2, … degrees of freedom, so that 80 % lie within; beyond them the normal's.
_T = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372, 1.363, 1.356, 1.350, 1.345, 1.341, 1.337,
      1.333, 1.330, 1.328, 1.325, 1.323, 1.321, 1.319, 1.318, 1.316, 1.315, 1.314, 1.313, 1.311, 1.310)  # fmt: skip
_NORMAL = 1.282


@dataclass(frozen=True, slots=True)
class Interval:
    """A number of accounts to be expected, and between what it lies in four of five weeks."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)  # without slots: what is worked out once is kept
class Forecast:
    """`stock[h]` has the accounts after h steps, by stratum and state; `moved[h]` how many of all strata go from a
    state to another one (the last column: out of the book) in the step that ends then, and `entered` who comes in."""

    strata: tuple[Stratum, ...]
    states: tuple[State, ...]
    stock: Floats
    moved: Floats
    entered: Floats
    never_left: tuple[State, ...]
    steps_seen: int
    _unsure: _Unsure

    @property
    def steps(self) -> int:
        return len(self.stock) - 1

    def accounts(self, step: int, wanted: Callable[[Stratum, State], float]) -> float:
        """The accounts after so many steps, each weighing what `wanted` says."""
        return float((self.stock[step] * self._weights(wanted)).sum())

    def interval(self, step: int, wanted: Callable[[Stratum, State], float]) -> Interval:
        """The same with its interval; what strata share of a state is taken to be sure."""
        weights = self._weights(wanted)
        value = float((self.stock[step] * weights).sum())
        whole = self.stock[step].sum(axis=0)
        share = np.divide(
            (self.stock[step] * weights).sum(axis=0), whole, out=np.asarray(weights.mean(axis=0)), where=whole > 0
        )
        spread = self._unsure.spread(step, share)
        return Interval(value, max(value - spread, 0.0), value + spread)

    def flows(self, step: int, inside: Callable[[State], bool]) -> Mapping[str, float]:
        """What goes into and out of the states in a step: by segment on the other side, `new` and `left`."""
        mine = np.array([inside(state) for state in self.states])
        found: dict[str, float] = {}
        for sign, at, other in self._borders(step, mine):
            found[f"{sign}{other}"] = found.get(f"{sign}{other}", 0.0) + at
        return {name: value for name, value in found.items() if value}

    def _borders(self, step: int, mine: np.ndarray) -> Iterator[tuple[str, float, str]]:
        moved, kinds = self.moved[step], len(self.states)
        yield "+", float(self.entered[step][mine].sum()), "new"
        yield "-", float(moved[mine, kinds].sum()), "left"
        for number, state in enumerate(self.states):
            if not mine[number]:
                yield "+", float(moved[number, :kinds][mine].sum()), state.segment
                yield "-", float(moved[mine, number].sum()), state.segment

    def _weights(self, wanted: Callable[[Stratum, State], float]) -> Floats:
        return np.array(
            [[wanted(stratum, state) for state in self.states] for stratum in self.strata], dtype=np.float64
        )


def forecast(
    now: Mapping[tuple[Stratum, State], int], seen: Sequence[Sequence[Flow]], rates: Rates, steps: int
) -> Forecast:
    """From the stock of today. Where nobody was ever seen in a state, its accounts are taken to stay there."""
    chain = _chain(now, rates)
    stock, moved, entered = [chain.start], [np.zeros_like(chain.pooled)], [np.zeros(len(chain.states))]
    for _ in range(steps):
        went = np.einsum("sk,skj->kj", stock[-1], chain.moves)
        after = np.einsum("sk,skj->sj", stock[-1], chain.moves)[:, :-1] + chain.entries
        stock.append(after)
        moved.append(went)
        entered.append(chain.entries.sum(axis=0))
    return Forecast(
        chain.strata,
        chain.states,
        np.array(stock),
        np.array(moved),
        np.array(entered),
        chain.never_left,
        rates.steps,
        _Unsure(chain.pooled[:, :-1], _residuals(chain, seen), chain.chance(), steps),
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """`moves[s, k, j]`: the share of a stratum's accounts in state k that go to j; `entries[s, k]` come in each step;
    `pooled` is that of the whole book as it stands."""

    strata: tuple[Stratum, ...]
    states: tuple[State, ...]
    start: Floats
    moves: Floats
    entries: Floats
    never_left: tuple[State, ...]

    @property
    def pooled(self) -> Floats:
        whole = self.start.sum(axis=0)
        weights = np.where(whole > 0, self.start, 1.0)
        return np.asarray(np.einsum("sk,skj->kj", weights / weights.sum(axis=0), self.moves))

    def chance(self) -> Floats:
        """The covariance of a step if accounts alone were drawn, and weeks were alike."""
        whole, moves = self.start.sum(axis=0), self.pooled[:, :-1]
        mean = whole @ moves
        return np.asarray(np.diag(mean + self.entries.sum(axis=0)) - moves.T @ (whole[:, None] * moves))


def _chain(now: Mapping[tuple[Stratum, State], int], rates: Rates) -> _Chain:
    strata = tuple(sorted({stratum for stratum, _ in (*now, *rates.entered)}))
    reached = {rate.to for rows in rates.found.values() for rate in rows if rate.to is not None}
    known = {state for _, state in (*now, *rates.entered, *rates.found)} | reached
    states = tuple(sorted(known))
    place = {state: number for number, state in enumerate(states)}
    row = {stratum: number for number, stratum in enumerate(strata)}
    moves = np.zeros((len(strata), len(states), len(states) + 1))
    start, entries = np.zeros(moves.shape[:2]), np.zeros(moves.shape[:2])
    for stratum, number in row.items():
        for state, at in place.items():
            outcomes = rates.of(stratum, state)
            for rate in outcomes:
                moves[number, at, len(states) if rate.to is None else place[rate.to]] = rate.share
            if not outcomes:
                moves[number, at, at] = 1.0
    for (stratum, state), accounts in now.items():
        start[row[stratum], place[state]] += accounts
    for (stratum, state), accounts_a_step in rates.entered.items():
        entries[row[stratum], place[state]] += accounts_a_step
    never = {state for stratum, state in now if not rates.of(stratum, state)}
    return _Chain(strata, states, start, moves, entries, tuple(sorted(never)))


def _residuals(chain: _Chain, seen: Sequence[Sequence[Flow]]) -> Floats:
    """Of each step that was seen: what came, less what the rates make of what there was, by state."""
    place = {state: number for number, state in enumerate(chain.states)}
    row = {stratum: number for number, stratum in enumerate(chain.strata)}
    found = np.zeros((len(seen), len(chain.states)))
    for number, flows in enumerate(seen):
        before = np.zeros(chain.start.shape)
        for flow in flows:
            if flow.before is not None and flow.stratum in row:
                before[row[flow.stratum], place[flow.before]] += flow.accounts
        expected = np.einsum("sk,skj->j", before, chain.moves)[:-1] + chain.entries.sum(axis=0)
        for (_, state), accounts in stock_after(flows).items():
            found[number, place[state]] += accounts
        found[number] -= expected
    return found


@dataclass(frozen=True)  # without slots: the sums are worked out once
class _Unsure:
    """How far off a weighted sum of states may be after some steps."""

    moves: Floats
    residuals: Floats
    chance: Floats
    most: int

    def spread(self, step: int, weights: Floats) -> float:
        """Half of the interval's width."""
        return self._quantile * sqrt(max(float(weights @ self._covariances[step] @ weights), 0.0))

    @property
    def _tells_weeks_apart(self) -> bool:
        return len(self.residuals) >= FEWEST_STEPS

    @property
    def _quantile(self) -> float:
        freedom = len(self.residuals) - 1
        return _T[freedom - 1] if self._tells_weeks_apart and freedom <= len(_T) else _NORMAL

    @cached_property
    def _covariances(self) -> Floats:
        """After each step: what the steps before it were off by, carried on, and the same error of the rates in all."""
        seen = len(self.residuals)
        each = self.residuals.T @ self.residuals / (seen - 1) if self._tells_weeks_apart else self.chance
        kinds = len(self.moves)
        by_steps, reach, found = np.zeros((kinds, kinds)), np.zeros((kinds, kinds)), [np.zeros((kinds, kinds))]
        for _ in range(self.most):
            by_steps = self.moves.T @ by_steps @ self.moves + each
            reach = self.moves.T @ reach + np.eye(kinds)
            found.append(by_steps + reach @ each @ reach.T / max(seen, 1))
        return np.array(found)
