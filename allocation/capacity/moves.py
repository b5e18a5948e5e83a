"""Proposals of who could help where: people of teams with hours to spare, for work that is short of them.

A proposal is arithmetic over a plan. It judges nobody: what somebody recovered with other accounts says little about
these, and the figure is shrunk the more, the less was seen of them. Whoever decides talks to the people first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from allocation.capacity.demand import Work
from allocation.capacity.hours import TenHours
from allocation.capacity.plan import CapacityPlan, WorkWeek
from allocation.capacity.supply import Crew
from allocation.effects import Effects, path_of

FEWEST_MONTHS = 30
"""Account-months; with fewer the figure is the team's, more or less, and says so."""

WORTH_A_MOVE = Decimal("0.5")
"""People short, below which nobody is asked to move."""

_DIGITS = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Ability:
    """What somebody recovered ÷ what their accounts were expected to bring whoever works them: `own`, and `believed`
    of it after shrinking to the team's. `own` is None where nothing was seen."""

    own: Decimal | None
    believed: Decimal
    account_months: Decimal
    weight: Decimal

    @property
    def is_thin(self) -> bool:
        return self.account_months < FEWEST_MONTHS


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody who could help `work`: before and after it, people to spare in their team's fullest week, and people
    short as a mean over the weeks. `hours_here` is what ten more hours bring in their own team, `hours_there` the most
    that they bring in a team that has the work, where it was solved."""

    employee: str
    department: str
    team: str
    work: Work
    ability: Ability
    spare_before: Decimal
    spare_after: Decimal
    short_before: Decimal
    short_after: Decimal
    hours_here: Decimal | None
    hours_there: Decimal | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The moves from one team to one work, without names."""

    department: str
    team: str
    work: Work
    people: int
    spare_before: Decimal
    spare_after: Decimal
    short_before: Decimal
    short_after: Decimal
    hours_here: Decimal | None
    hours_there: Decimal | None


def proposals(found: Iterable[Move]) -> tuple[Proposal, ...]:
    groups: defaultdict[tuple[str, str, Work], list[Move]] = defaultdict(list)
    for move in found:
        groups[move.department, move.team, move.work].append(move)
    return tuple(
        Proposal(
            *key,
            len(group),
            group[0].spare_before,
            group[-1].spare_after,
            group[0].short_before,
            group[-1].short_after,
            group[0].hours_here,
            group[0].hours_there,
        )
        for key, group in groups.items()
    )


def moves(
    plan: CapacityPlan, crew_of: Mapping[str, Crew], effects: Effects, hours: Iterable[TenHours] = ()
) -> tuple[Move, ...]:
    """For the work that is shortest first: as many as it takes, of those who may and whose team can spare one.

    Nobody is taken from a team where ten hours are sure to bring more than there. Of people who could go, those
    first who are believed to bring most against what was expected, then of the team that can spare most, then by id.
    """
    worth = {(each.jurisdiction, each.department, each.team): each for each in hours}
    spare, short = _spare(plan), _short(plan)
    taken: set[str] = set()
    found: list[Move] = []
    for work in sorted(short, key=lambda each: (-short[each], each)):
        able = sorted(
            (_candidate(name, crew, effects) for name, crew in crew_of.items() if _could(crew, work)),
            key=lambda each: (-each[2].believed, -spare.get(each[1][:3], Decimal(0)), each[0]),
        )
        for name, crew, ability in able:
            team = (crew.jurisdiction, crew.department, crew.team)
            if short[work] < WORTH_A_MOVE or name in taken or spare.get(team, Decimal(0)) < 1:
                continue
            here, there = worth.get(team), _best(worth.values(), work)
            if here and there and here.low > there.high:
                continue
            before = spare[team], short[work]
            spare[team] -= 1
            short[work] -= 1
            taken.add(name)
            told = (before[0], spare[team], before[1], max(short[work], Decimal(0)))
            values = [None if each is None else each.value for each in (here, there)]
            found.append(Move(name, crew.department, crew.team, work, ability, *told, *values))
    return tuple(found)


def _best(hours: Iterable[TenHours], work: Work) -> TenHours | None:
    mine = [each for each in hours if each.jurisdiction == work.jurisdiction and each.department in work.departments]
    return max(mine, key=lambda each: each.value, default=None)


def _could(crew: Crew, work: Work) -> bool:
    """Of another department: within their own, work is shared already. Permits and languages are not learnt at once."""
    is_elsewhere = crew.jurisdiction == work.jurisdiction and crew.department not in work.departments
    return is_elsewhere and set(work.skills) <= set(crew.skills)


def _candidate(name: str, crew: Crew, effects: Effects) -> tuple[str, Crew, Ability]:
    path = path_of("employee", name, crew.department, crew.team)
    own = effects.found.get(path[-1])
    wider = next(effects.along(path), None)
    believed = Decimal(repr(round(wider.factor, 6))) if wider else Decimal(1)
    if own is None:
        return name, crew, Ability(None, believed.quantize(_DIGITS), Decimal(0), Decimal(0))
    numbers = (own.own, own.account_months, own.weight)
    told = [Decimal(repr(round(number, 6))).quantize(_DIGITS) for number in numbers]
    return name, crew, Ability(told[0], believed.quantize(_DIGITS), told[1], told[2])


def _spare(plan: CapacityPlan) -> dict[tuple[str, str, str], Decimal]:
    """People over in each team in its fullest week: what is needed then is not given away."""
    found: defaultdict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for row in plan.teams:
        found[row.jurisdiction, row.department, row.team].append(-row.short)
    return {team: min(numbers).quantize(Decimal("0.01"), ROUND_DOWN) for team, numbers in found.items()}


def _short(plan: CapacityPlan) -> dict[Work, Decimal]:
    """People short of each work, as a mean over the weeks."""
    found: defaultdict[Work, Decimal] = defaultdict(Decimal)
    for row in _known(plan):
        found[row.work] += row.people_short or Decimal(0)
    return {work: (people / len(plan.starts)).quantize(Decimal("0.01"), ROUND_UP) for work, people in found.items()}


def _known(plan: CapacityPlan) -> Iterator[WorkWeek]:
    return (row for row in plan.works if row.people_short is not None)
