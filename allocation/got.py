"""Who got what in a night: accounts, balances, minutes, and what a minute of work is expected to bring.

What accounts are expected to bring is collector-neutral here: it does not make anybody's accounts look better because
they work them well. Estimates, in floats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allocation.effects import DESTINATIONS
from allocation.strategies import Strategy


@dataclass(frozen=True, slots=True)
class Got:
    """What a destination has of the book after the night, running placements included; `balances` by currency.

    `expected` is in the comparison currency; `minutes` are those of a month by the segments' handling_minutes, None
    where a segment does not state them, or for partners, whose minutes nobody counts.
    """

    key: str
    department: str
    team: str
    accounts: int
    balances: tuple[tuple[str, Decimal], ...]
    expected: float
    minutes: int | None

    @property
    def per_minute(self) -> float | None:
        return self.expected / self.minutes if self.minutes else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How far apart the collectors of one team are, by value per minute: `mean` is the team's expected value by all of
    its minutes, `middle` the collector in the middle."""

    team: str
    department: str
    mean: float
    lowest: Got
    middle: Got
    highest: Got
    collectors: int

    @property
    def ratio(self) -> float | None:
        """The highest beside the lowest; 1 where all are alike, None where the lowest has nothing."""
        low, high = self.lowest.per_minute or 0.0, self.highest.per_minute or 0.0
        return high / low if low > 0 else None


def who_got_what(decided: pa.Table, strategy: Strategy) -> tuple[Got, ...]:
    """Everybody who works an account after the night, by department, team and key; partners come last."""
    worked = decided.filter(pc.is_in(decided["owner_kind"], pa.array(sorted(DESTINATIONS))))
    minutes = {one.id: one.rule.handling_minutes for one in strategy.segments}
    keys = ["owner_kind", "owner_id", "department_id", "team_id", "segment", "currency"]
    sums = [("balance", "sum"), ("expected_recovery", "sum"), ([], "count_all")]
    parts: defaultdict[tuple[str, str, str], list[Got]] = defaultdict(list)
    for row in worked.group_by(keys).aggregate(sums).to_pylist():
        each = minutes.get(row["segment"]) if row["owner_kind"] == "employee" else None
        at = (row["department_id"] or "", row["team_id"] or "", f"{row['owner_kind']}:{row['owner_id']}")
        parts[at].append(
            Got(
                at[2],
                at[0],
                at[1],
                row["count_all"],
                ((row["currency"], row["balance_sum"]),),
                (row["expected_recovery_sum"] or 0.0) * float(strategy.rule.currencies.get(row["currency"], 0)),
                None if each is None else each * row["count_all"],
            )
        )
    order = sorted(parts, key=lambda at: (at[2].startswith("partner:"), at))
    return tuple(together_of(parts[at], key=at[2]) for at in order)


def together_of(parts: Iterable[Got], *, key: str, department: str | None = None, team: str | None = None) -> Got:
    """Several as one, by that name; of minutes nothing is known where one of them has none."""
    found = list(parts)
    balances: defaultdict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in (each for part in found for each in part.balances):
        balances[currency] += amount
    minutes = [part.minutes for part in found if part.minutes is not None]
    return replace(
        found[0],
        key=key,
        department=found[0].department if department is None else department,
        team=found[0].team if team is None else team,
        accounts=sum(part.accounts for part in found),
        balances=tuple(sorted(balances.items())),
        expected=float(np.sum([part.expected for part in sorted(found, key=lambda one: (one.key, one.balances))])),
        minutes=sum(minutes) if len(minutes) == len(found) else None,
    )


def teams_of(got: Iterable[Got]) -> dict[tuple[str, str], tuple[Got, ...]]:
    """The collectors of each department and team."""
    found: defaultdict[tuple[str, str], list[Got]] = defaultdict(list)
    for one in got:
        if one.team:
            found[one.department, one.team].append(one)
    return {at: tuple(found[at]) for at in sorted(found)}


def spreads(got: Iterable[Got]) -> tuple[Spread, ...]:
    """Of every team with two or more collectors of whose minutes something is known."""
    found = []
    for (department, team), members in teams_of(got).items():
        known = [one for one in members if one.per_minute is not None]
        if len(known) > 1:
            ordered = sorted(known, key=lambda one: (one.per_minute or 0.0, one.key))
            whole = sum(one.expected for one in known) / sum(one.minutes or 0 for one in known)
            middle = ordered[len(ordered) // 2]
            found.append(Spread(team, department, whole, ordered[0], middle, ordered[-1], len(known)))
    return tuple(found)


def net_value(decided: pa.Table, strategy: Strategy, brings: Mapping[tuple[str, str], tuple[float, float]]) -> float:
    """What all accounts are expected to bring where they went, net of what partners keep and what work costs.

    `brings` says of each segment and owner how many times the expectation comes in net, and what working an account
    costs. Unlike the solver's value it has no switching costs in it, and running placements and kept owners count, so
    that nights by other rules can be held beside each other. In the comparison currency.
    """
    worth = strategy.rule.currencies
    keys = ["owner_kind", "owner_id", "segment", "currency"]
    rows = decided.group_by(keys).aggregate([("expected_recovery", "sum"), ([], "count_all")]).to_pylist()
    found = []
    for row in rows:
        if row["owner_kind"] in DESTINATIONS:
            times, cost = brings.get((row["segment"], f"{row['owner_kind']}:{row['owner_id']}"), (1.0, 0.0))
            expected = (row["expected_recovery_sum"] or 0.0) * float(worth.get(row["currency"], 0))
            found.append(expected * times - row["count_all"] * cost)
    return float(sum(sorted(found)))
