"""What limits cost: the same night solved again without one of them, beside what was decided. Estimates, in floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allocation.allocate import Asked, Prepared, allocated
from allocation.got import net_value
from allocation.moves import workers
from allocation.problem import PARTS
from allocation.strategies import Strategy
from allocation.units import fit_parts


class Without(StrEnum):
    """Which limit is left out."""

    MINIMUMS = "minimums"
    SWITCHING_COST = "switching_cost"
    KEPT_OWNERS = "kept_owners"
    FAIRNESS = "fairness"


@dataclass(frozen=True, slots=True)
class LimitCost:
    """`value` is what the night brings as decided, `without` what it would without the limit, both by `net_value`;
    `accounts` go to somebody else then. A limit that the strategy does not set has nothing to cost."""

    limit: Without
    value: float
    without: float
    accounts: int
    is_set: bool = True

    @property
    def cost(self) -> float:
        """Nothing where the solver finds nothing better without it."""
        return max(self.without - self.value, 0.0)


def limit_costs(asked: Asked, known: Prepared, decided: pa.Table) -> tuple[LimitCost, ...]:
    """Each limit by itself; the night is solved once for each that is set."""
    brings = what_destinations_bring(known)
    value = net_value(decided, asked.strategy, brings)
    found = []
    for limit in Without:
        changed = _without(limit, asked)
        if changed is None:
            found.append(LimitCost(limit, value, value, 0, is_set=False))
            continue
        other = allocated(changed).accounts
        found.append(LimitCost(limit, value, net_value(other, asked.strategy, brings), elsewhere(decided, other)))
    return tuple(found)


def _without(limit: Without, asked: Asked) -> Asked | None:
    """What is asked without the limit; None where there is none."""
    rule = asked.strategy.rule
    match limit:
        case Without.MINIMUMS:
            if not any(quota.at_least or quota.at_least_number for quota in rule.quotas):
                return None
            quotas = tuple(
                quota.model_copy(update={"at_least": None, "at_least_number": None}) for quota in rule.quotas
            )
            return replace(asked, strategy=with_rule(asked.strategy, quotas=quotas))
        case Without.SWITCHING_COST:
            if not rule.switching_cost:
                return None
            return replace(asked, strategy=with_rule(asked.strategy, switching_cost=rule.switching_cost * 0))
        case Without.FAIRNESS:
            return None if rule.fairness is None else replace(asked, strategy=with_rule(asked.strategy, fairness=None))
    if not pc.any(asked.book["stays"]).as_py():
        return None
    at = asked.book.column_names.index("stays")
    nobody = pa.array(np.zeros(asked.book.num_rows, dtype=np.bool_))
    return replace(asked, book=asked.book.set_column(at, "stays", nobody))


def with_rule(strategy: Strategy, **changed: object) -> Strategy:
    """The strategy with other values of keys that are no conditions."""
    rule = strategy.rule.model_copy(update=changed)
    return replace(strategy, placed=replace(strategy.placed, rule=rule))


def what_destinations_bring(known: Prepared) -> Mapping[tuple[str, str], tuple[float, float]]:
    """Of each segment and destination: how many times the expectation, net of what a partner keeps, and what working
    an account costs."""
    return {
        (segment.id, end.key): (
            fit_parts(segment.rule, end, known.recovery.effects) / PARTS,
            known.recovery.work.of(segment.id, end),
        )
        for segment in known.strategy.segments
        if segment.rule.hold is None
        for end in known.destinations
    }


def elsewhere(decided: pa.Table, other: pa.Table) -> int:
    """How many accounts somebody else works, or nobody."""
    mine, theirs = (workers(table.sort_by("account_id")) for table in (decided, other))
    return int(pc.sum(pc.not_equal(mine, theirs)).as_py() or 0)
