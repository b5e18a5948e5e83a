"""Who is compared with whom, and how far apart they are: expected value ÷ capacity, beside the team's mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from allocation.problem import NO_MAXIMUM, PARTS, Floats, Group, Ints, Measure, Problem, Uses

FAIRNESS = "fairness:"  # what names of members' limits begin with
_BITS_OF_LARGEST = 31  # expected value is counted so finely that prices of it have room beside it in 64 bits


@dataclass(frozen=True, slots=True)
class Teams:
    """The members of all teams, in columns: `keys` (names), `place` (destinations by number), the number of their
    `team` in `names`, `capacity` above zero, and the worth of the accounts that stay with them (`fixed`, in quanta)."""

    names: tuple[str, ...]
    keys: tuple[str, ...]
    place: Ints
    team: Ints
    capacity: Ints
    fixed: Ints

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one team: members, and expected value ÷ capacity of the lowest and the highest beside the mean, which is 1.

    `mean` is in quanta for one of capacity.
    """

    team: str
    members: int
    mean: float
    lowest: float
    highest: float

    @property
    def ratio(self) -> float:
        return self.highest / self.lowest if self.lowest > 0 else float("inf")


@dataclass(frozen=True, slots=True)
class Compared:
    """A problem with one more limit for each member, which counts expected value and holds nothing back.

    `first` is the number of the first of them. Amounts of the measure are quanta >> `coarse`.
    """

    problem: Problem
    teams: Teams
    first: int
    coarse: int

    @property
    def fixed(self) -> Ints:
        found: Ints = self.teams.fixed >> self.coarse
        return found

    @property
    def shares(self) -> Floats:
        """Of each member: its part of the team's capacity."""
        team, capacity = self.teams.team, self.teams.capacity
        found: Floats = capacity / np.bincount(team, capacity, len(self.teams.names))[team]
        return found

    def given(self, place: Ints) -> Ints:
        """The expected value that each member has, in what the measure counts."""
        found: Ints = self.problem.used(place)[self.first :] + self.fixed
        return found

    def totals(self, given: Ints) -> Ints:
        """The same of each team."""
        found = np.zeros(len(self.teams.names), dtype=np.int64)
        np.add.at(found, self.teams.team, given)
        return found

    def ratios(self, place: Ints) -> Floats:
        """Of each member: its expected value for one of capacity beside its team's mean; 1 where the team has none."""
        given = self.given(place)
        fair = self.totals(given)[self.teams.team] * self.shares
        return np.divide(given, fair, out=np.ones(len(given)), where=fair > 0)

    def bounds(self, given: Ints, band: int) -> tuple[Ints, Ints]:
        """What each member must have at least, and may have at most, around the means as they are."""
        fair = self.totals(given)[self.teams.team] * self.shares
        lo, hi = np.ceil(fair * (1 - band / PARTS)), np.floor(fair * (1 + band / PARTS))
        return lo.astype(np.int64), np.maximum(hi, lo).astype(np.int64)

    def outside(self, place: Ints, band: int) -> Ints:
        """The numbers of the members outside it."""
        given = self.given(place)
        lo, hi = self.bounds(given, band)
        return np.flatnonzero((given < lo) | (given > hi))

    def spreads(self, place: Ints) -> tuple[Spread, ...]:
        """Of each team that has two members or more, and anything to work."""
        ratios, totals = self.ratios(place), self.totals(self.given(place))
        of_teams = ((number, name, self.teams.team == number) for number, name in enumerate(self.teams.names))
        return tuple(
            Spread(
                name,
                int(mine.sum()),
                float(totals[number] << self.coarse) / int(self.teams.capacity[mine].sum()),
                float(ratios[mine].min()),
                float(ratios[mine].max()),
            )
            for number, name, mine in of_teams
            if mine.sum() > 1 and totals[number]
        )


def compared_in(problem: Problem, teams: Teams) -> Compared:
    """The problem with a limit for each member."""
    coarse = max(int(problem.worth.max(initial=1)).bit_length() - _BITS_OF_LARGEST, 0)
    limits, first, members = problem.limits, len(problem.limits), len(teams)
    widened = replace(
        limits,
        names=(*limits.names, *(f"{FAIRNESS}{key}" for key in teams.keys)),
        lo=np.append(limits.lo, np.zeros(members, dtype=np.int64)),
        hi=np.append(limits.hi, np.full(members, NO_MAXIMUM)),
        by=np.append(limits.by, np.full(members, len(problem.measures) + 1)),
    )
    limit_of = dict(zip(teams.place.tolist(), range(first, first + members), strict=True))
    measure = Measure.of("expected value", problem.worth >> coarse, problem.worth)
    found = replace(
        problem,
        groups=tuple(replace(group, uses=_with_members(group, limit_of)) for group in problem.groups),
        limits=widened,
        measures=(*problem.measures, measure),
    )
    return Compared(found, teams, first, coarse)


def _with_members(group: Group, limit_of: dict[int, int]) -> Uses:
    own = [(at, limit_of[place], 1) for at, place in enumerate(group.places.tolist()) if place in limit_of]
    added, uses = Uses.of(own), group.uses
    return Uses(*(np.append(getattr(uses, name), getattr(added, name)) for name in ("place", "limit", "amount")))
