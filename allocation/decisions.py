"""The decision on each account, as a row that explains itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from allocation.destinations import Destination
from allocation.fairness import FairSolution
from allocation.limits import fixed_use
from allocation.problem import Flags, Floats, Ints, Problem
from allocation.rows import MISSING, Book
from allocation.solve import Solution
from allocation.strategies import Strategy
from allocation.teams import Teams
from allocation.units import Work
from domain.dispatch import HOUSE

HOLD = "hold"  # the place that is always there: nobody works the account, which costs and brings nothing
PARTNER_CHANNEL = "partner"
_PRECISION = 1_000  # prices are no finer: a place that is better by less than this part of the value is a tie
_SOLVED_REASONS = (
    "best_value", "kept_owner", "capacity_moved", "fair_share", "held:no_capacity", "held:no_destination"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Night:
    """What was decided on, and the solver's answer; `fair` is how it came to be within a fairness band."""

    book: Book
    destinations: tuple[Destination, ...]
    strategy: Strategy
    work: Work
    solution: Solution
    teams: Teams
    fair: FairSolution | None = None


def decisions(night: Night) -> pa.Table:
    """One row per account of the book, in order of account_id.

    account_id, debtor_id · segment, channel · owner_kind, owner_id, department_id, team_id · disposition (allocated,
    held, excluded), reason · experiment_arm: what a lot has drawn it into, or NULL · escalated: the rule that took it
    out of its segment by condition · case_id: its first undecided case · recall: why its placement ends · product,
    currency, balance, overdue_amount · debtor_accounts: how many accounts of the debtor were decided together, for all
    of whom the three estimates at the end are · next_best: the place that would have been next; NULL where nothing was
    decided by price. Estimates, as floats: expected_recovery of the account, in its currency; in the strategy's
    comparison currency value_estimate (what they bring where they went), price_estimate (of the capacity that they use
    there) and margin_estimate (value less price, less the same at the next best place; negative where that was full).
    Where the strategy looks at scores also score (its name, NULL where it says nothing), and in the account's currency
    score_estimate and rate_estimate, of which one is expected_recovery.
    """
    book, work = night.book, night.work
    choice = _choices(work.problem, night.solution)
    destination = np.where(book.is_fixed, book.fixed_to, MISSING)
    destination[work.rows] = choice.destination[work.unit]
    together = np.ones(book.size, dtype=np.int64)
    together[work.rows] = work.problem.accounts[work.unit]
    reason = _reasons(night, choice, destination)
    return pa.table(
        {
            **{name: book.table[name] for name in ("account_id", "debtor_id")},
            **_ownership(night, destination, reason),
            "disposition": _dispositions(reason),
            "reason": reason,
            "experiment_arm": _texts([*book.arm.names, None], book.arm.codes),
            **{
                name: book.table[name]
                for name in ("escalated", "case_id", "recall", "product", "currency", "balance", "overdue_amount")
            },
            "debtor_accounts": pa.array(together),
            "next_best": _next_best(night, choice),
            "expected_recovery": pa.array(work.expected),
            "value_estimate": _per_account(night, choice.value),
            "price_estimate": _per_account(night, choice.price),
            "margin_estimate": _per_account(night, choice.margin),
            **_scores(work),
        }
    )


def _scores(work: Work) -> dict[str, pa.Array]:
    """Where scores are looked at: what they say and what our rates say, of which one is what is expected."""
    if work.scored is None:
        return {}
    by_score = pa.array(work.scored.by_score, from_pandas=True)
    return {
        "score": pc.if_else(pc.is_valid(by_score), work.scored.name, None),
        "score_estimate": by_score,
        "rate_estimate": pa.array(work.scored.by_rates),
    }


@dataclass(frozen=True, slots=True)
class _Choice:
    """Of each unit: where it went (a destination, or MISSING), what that brings and costs, and what was next."""

    destination: Ints
    value: Ints
    price: Ints
    next_best: Ints
    margin: Ints


def _choices(problem: Problem, solution: Solution) -> _Choice:
    """Compares each unit's place, net of prices, with the best of the others; being held nets 0."""
    nowhere, zero = np.full(problem.size, MISSING, dtype=np.int64), np.zeros(problem.size, dtype=np.int64)
    found = _Choice(nowhere, zero, zero.copy(), nowhere.copy(), zero.copy())
    for group, rows in problem.blocks():
        at, every = solution.place[rows], np.arange(len(rows))
        holding = np.zeros((len(rows), 1), dtype=np.int64)  # the last column, which is where NOWHERE (-1) points
        values = np.hstack([problem.values(group, rows), holding])
        paid = np.hstack([problem.tolls(group, rows, solution.prices), holding])
        net = values - paid
        own = net[every, at].copy()
        net[every, at] = np.iinfo(np.int64).min // 2
        following = net.argmax(axis=1)
        numbers = np.append(group.places, MISSING)
        found.destination[rows], found.next_best[rows] = numbers[at], numbers[following]
        found.value[rows], found.price[rows] = values[every, at], paid[every, at]
        found.margin[rows] = own - net[every, following] if len(group.places) else 0
    return found


def _ownership(night: Night, destination: Ints, reason: pa.Array) -> dict[str, pa.Array]:
    """Segment, channel and owner; accounts that nobody works belong to the house, excluded ones to nobody."""
    book, ends = night.book, night.destinations
    worked_as = book.segment.copy()
    worked_as[night.work.rows] = night.work.segment[night.work.unit]
    is_ended = book.is_fixed & (destination == MISSING)  # placed with a partner that gets nothing new any more
    is_partner = np.array([*(end.is_partner for end in ends), False])[destination] | is_ended
    unworked = np.where(pc.starts_with(reason, "excluded:").to_numpy(zero_copy_only=False), len(ends), len(ends) + 1)
    owner = np.where(destination == MISSING, unworked, destination)
    own_channels = [segment.rule.channel for segment in night.strategy.segments]
    channel = np.where(is_partner, len(own_channels), np.where(destination == MISSING, MISSING, worked_as))
    kind = _texts([*(end.kind for end in ends), "nobody", "house"], owner)
    name = _texts([*(end.id for end in ends), HOUSE, HOUSE], owner)
    return {
        "segment": _texts([*(segment.id for segment in night.strategy.segments), None], worked_as),
        "channel": _texts([*own_channels, PARTNER_CHANNEL, None], channel),
        "owner_kind": pc.if_else(pa.array(is_ended), "partner", kind),
        "owner_id": pc.if_else(pa.array(is_ended), book.table["placed_with"], name),
        "department_id": _texts([*(end.department for end in ends), None], destination),
        "team_id": _texts([*(end.team for end in ends), None], destination),
    }


def _reasons(night: Night, choice: _Choice, destination: Ints) -> pa.Array:
    """Why each account is where it is: one code each."""
    book, work, groups = night.book, night.work, night.work.problem.groups
    reachable = np.repeat([group.is_reachable for group in groups], [group.stop - group.start for group in groups])
    mine = destination[work.rows]
    best, kept, moved, shared, full, none = range(len(_SOLVED_REASONS))
    missed = _missed(choice)
    solved = np.where(missed[work.unit], moved, best)
    solved = np.where((_to_members(night, choice) & (missed | _would_go_elsewhere(night)))[work.unit], shared, solved)
    solved = np.where(mine == book.owner[work.rows], kept, solved)
    solved = np.where(mine == MISSING, np.where(reachable[work.unit], full, none), solved)
    holds = [f"held:{segment.rule.hold}" for segment in night.strategy.segments]
    names = [*_SOLVED_REASONS, *book.fixed.names, *holds]
    others = len(_SOLVED_REASONS)
    code = np.where(book.is_fixed, others + book.fixed.codes, others + len(book.fixed.names) + book.segment)
    code[work.rows] = solved
    return pc.coalesce(book.table["not_worked"].combine_chunks().cast(pa.string()), _texts(names, code))


def _missed(choice: _Choice) -> Flags:
    found: Flags = -choice.margin * _PRECISION > choice.value
    return found


def _to_members(night: Night, choice: _Choice) -> Flags:
    """Of each unit: whether it went to somebody whom a fairness band is kept for."""
    found: Flags = np.isin(choice.destination, night.teams.place) & (night.fair is not None)
    return found


def _would_go_elsewhere(night: Night) -> Flags:
    """Of each unit: whether another place would net more but for what is paid for fairness."""
    problem, fair = night.work.problem, night.fair
    if fair is None:
        return np.zeros(problem.size, dtype=np.bool_)
    prices = night.solution.prices.copy()
    prices[len(prices) - len(night.teams) :] = 0
    return _missed(_choices(problem, replace(night.solution, prices=prices)))


def _dispositions(reason: pa.Array) -> pa.Array:
    excluded, held = pc.starts_with(reason, "excluded:"), pc.starts_with(reason, "held:")
    return pc.if_else(excluded, "excluded", pc.if_else(held, "held", "allocated"))


def _next_best(night: Night, choice: _Choice) -> pa.Array:
    names = [*(end.key for end in night.destinations), HOLD, None]
    code = np.full(night.book.size, MISSING, dtype=np.int64)
    following = choice.next_best[night.work.unit]
    code[night.work.rows] = np.where(following == MISSING, len(names) - 2, following)
    return _texts(names, code)


def _per_account(night: Night, of_unit: Ints) -> pa.Array:
    values: Floats = np.zeros(night.book.size)
    values[night.work.rows] = of_unit[night.work.unit] / 10.0**night.work.digits
    return pa.array(values)


def _texts(names: Sequence[str | None], codes: npt.NDArray[np.int64]) -> pa.Array:
    """The name of each code; MISSING takes the last name."""
    return pa.array(names, pa.string()).take(pa.array(np.where(codes == MISSING, len(names) - 1, codes)))


def used_of_limits(night: Night) -> Ints:
    """How much of each limit of the strategy is used, running placements included."""
    fixed = fixed_use(night.book, night.destinations, night.strategy)
    return night.work.problem.used(night.solution.place)[: len(fixed)] + fixed
