"""Ten more hours at each team: the problem of a night posed again, from what its manifest names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from adapters.store.runs import files_of_run
from adapters.world import World
from allocation.allocate import prepare
from allocation.capacity.hours import TenHours, ten_hours
from allocation.capacity.money import Money
from allocation.destinations import Destination
from allocation.effects import Effects
from domain.staff import WorkingDays
from tasks.stages.allocate import READS, asked_of_night
from tasks.stages.allocated_night import looked_at_again, seen_by
from tasks.stages.capacity import PlanNight
from tasks.stages.gate import halted_in
from tasks.stages.lots import lots_of_night
from tasks.stages.people import working_days_of
from tasks.stages.recovered import expect

CAPACITY_DAYS = 30  # that a collector's capacity is of, where the strategy does not say


@dataclass(frozen=True, slots=True)
class Solved:
    """What ten more hours bring at each team, and what destinations are believed to make of their accounts."""

    hours: tuple[TenHours, ...]
    effects: Effects


def solved_again(world: World, night: PlanNight, money: Money) -> Solved | None:
    """The night's allocation, without a fairness band, with ten hours more at each team in turn, warm from its own
    prices; None where a table that allocation reads was halted.

    Raises: FileChangedError.
    """
    with world.store.read() as connection:
        if halted_in(connection, night.run) & READS:
            return None
        files = files_of_run(connection, night.run)
    with looked_at_again(world, night.run, night.manifest, files) as duck:
        recovery = expect(world, night.manifest, duck, night.strategy, seen_by(files))
        lots = lots_of_night(world, night.manifest, duck, night.rules.experiments)
        asked = asked_of_night(world, night.manifest, duck, night.rules, night.strategy, recovery, lots)
        working = working_days_of(duck)
    known = prepare(asked)
    ends, minutes = known.destinations, _minutes_of_month(known.destinations, working, night.day)
    costs = {
        name: cost.amount
        for name in sorted({end.department for end in ends if end.department})
        if (cost := money.hour_cost(name, night.day + timedelta(days=1)))
    }
    found = ten_hours(known.work, ends, night.strategy, minutes, costs, asked.prices_before)
    return Solved(found, recovery.effects)


def _minutes_of_month(ends: Sequence[Destination], working: WorkingDays, day: date) -> dict[str, int]:
    ahead = [day + timedelta(days=number) for number in range(1, CAPACITY_DAYS + 1)]
    found = {}
    for end in ends:
        days = [each for each in ahead if each in working.get(end.jurisdiction, frozenset())]
        number = len(days) or CAPACITY_DAYS * 5 // 7
        found[end.id] = int(end.minutes_per_day * (number if end.days is None else end.days) * end.share)
    return found
