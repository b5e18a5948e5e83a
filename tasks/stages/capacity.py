"""Capacity planning from the store: the weeks before a night as stock and flows, and the plan of those ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from adapters.duck import Duck, duck_columns
from adapters.errors import RefusedError
from adapters.store.nights import newest_gated_nights
from adapters.store.runs import files_of_run
from adapters.world import World, registered_file
from allocation.capacity.demand import Demand, actions_statement, demand_of, owners_statement
from allocation.capacity.forecast import Forecast, forecast
from allocation.capacity.money import Money, budgets_statement, money_of
from allocation.capacity.plan import CapacityPlan, capacity_plan
from allocation.capacity.rates import Rates, rates_of, stock_after
from allocation.capacity.staffing import StaffingRule
from allocation.capacity.stock import (
    STOCK,
    STOCK_BEFORE,
    Flow,
    State,
    Stratum,
    flows_of,
    flows_statement,
    stock_statement,
    strata_of,
)
from allocation.capacity.supply import (
    WEEK_DAYS,
    Capacity,
    Supply,
    capacities_statement,
    exits_statement,
    leaving_of,
    supply_of,
)
from allocation.destinations import collectors_statement, destinations, skills_statement
from allocation.strategies import Strategy
from allocation.work_costs import cost_centres_statement, costs_statement, spent_on_minutes, working_days_statement
from domain.ids import RunId, digest_of
from domain.manifest import Input, Manifest
from domain.periods import Period
from domain.planned import PLANNED
from tasks.stages.calculation import calculation_version
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.people import staff_of, working_days_of
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.rules_then import rules_then
from tasks.stages.session import planned_before, session_of_night

WEEKS_AT_LEAST, WEEKS_AT_MOST = 4, 12

Stock = Mapping[tuple[Stratum, State], int]


@dataclass(frozen=True, slots=True)
class Seen:
    """The book on some dates, oldest first, and by date what moved since the one before it; `runs` are the nights that
    were read, `missing` the dates between them that have no night: nothing is known of the steps to and from these."""

    stocks: Mapping[date, Stock]
    steps: Mapping[date, tuple[Flow, ...]]
    runs: tuple[RunId, ...]
    missing: tuple[date, ...] = ()

    @property
    def now(self) -> Stock:
        return self.stocks[max(self.stocks)]


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan and all that it was made of."""

    night: PlanNight
    digest: str
    seen: Seen
    rates: Rates
    forecast: Forecast
    demand: Demand
    supply: Supply
    money: Money
    plan: CapacityPlan

    @property
    def staffing(self) -> StaffingRule:
        return self.night.staffing or DEFAULTS


def plan_capacity(world: World, as_of: date, weeks: int, overlay: Path | None = None) -> Planned:
    """Of the newest official night of the date that was gated; the same nights and rules give the same plan.

    Raises: RefusedError if there is none (CAP010), no strategy holds (CAP011), or its accounts were halted (CAP012);
    ConflictError; FileChangedError.
    """
    night = night_of_plan(world, as_of, overlay)
    staffing, strategy = night.staffing or DEFAULTS, night.strategy
    seen = weeks_before(world, as_of, strategy, staffing.lookback_weeks)
    steps = tuple(seen.steps.values())
    rates = rates_of(steps, WEEK_DAYS, strategy.rule.shrinkage_accounts)
    ahead = forecast(seen.now, steps, rates, weeks)
    with session_of_night(world, night.manifest, night.accepted) as duck:
        _with_actions_of_the_night(world, duck, night)
        owners, actions = duck.read(owners_statement(as_of)), duck.read(actions_statement(as_of))
        demand = demand_of(strategy, staffing, owners, actions, seen.now, as_of)
        supply = _supply(duck, night, weeks)
        money = _money(duck, night, weeks)
    plan = capacity_plan(as_of, ahead, demand, supply, money)
    named = [seen.runs, strategy.version, staffing.model_dump(mode="python"), as_of, weeks, calculation_version()]
    return Planned(night, digest_of(named), seen, rates, ahead, demand, supply, money, plan)


@dataclass(frozen=True, slots=True)
class PlanNight:
    """The night that is planned from, with the strategy and the staffing that hold on its date."""

    day: date
    run: RunId
    manifest: Manifest
    accepted: tuple[Input, ...]
    rules: RuleSet
    strategy: Strategy
    staffing: StaffingRule | None


DEFAULTS = StaffingRule(
    id="none", title="No staffing rule", owner="nobody", valid_from=date.min, valid_to=date.max
)  # what is planned with where no rule is stated


def night_of_plan(world: World, as_of: date, overlay: Path | None = None) -> PlanNight:
    """Raises: RefusedError (CAP010, CAP011, CAP012); ConflictError."""
    with world.store.read() as connection:
        run = newest_gated_nights(connection, as_of, as_of).get(as_of)
        if run is None:
            raise RefusedError(f"CAP010 no night of {as_of} has run; `recoup runs` lists those that have")
        manifest, accepted = manifest_of(connection, run), tuple(accepted_in(connection, run))
    rules = rules_then(world, manifest) if overlay is None else sound_rules(world.settings.rules, overlay)
    strategy = rules.strategies.on(as_of)
    if strategy is None:
        raise RefusedError(f"CAP011 no strategy holds on {as_of}, so no account is in a segment; state one")
    if not _has_accounts(accepted):
        raise RefusedError(f"CAP012 accounts were halted on {as_of}: plan from a night whose accounts were accepted")
    return PlanNight(as_of, run, manifest, accepted, rules, strategy, rules.staffing.on(as_of))


def weeks_before(world: World, as_of: date, strategy: Strategy, lookback_weeks: int) -> Seen:
    """The nights of the same weekday, so many weeks back, classified by this strategy."""
    dates = [as_of - timedelta(days=WEEK_DAYS * number) for number in range(lookback_weeks, -1, -1)]
    return seen_on(world, dates, strategy)


def seen_on(world: World, dates: Sequence[date], strategy: Strategy) -> Seen:
    """The book on these dates, which rise. Before the first night that there is, nothing is missing: the store begins
    there. Raises: FileChangedError."""
    read = _nights_with_accounts(world, dates)
    strata = strata_of(strategy)
    stocks: dict[date, Stock] = {}
    steps: dict[date, tuple[Flow, ...]] = {}
    before: pa.Table | None = None
    for day in dates:
        if day not in read:
            before = None
            continue
        flows, now = _flows_to(world, read[day], strategy, before, strata)
        stocks[day] = stock_after(flows)
        if before is not None:
            steps[day] = flows
        before = now
    missing = tuple(day for day in dates if day not in read and day > min(stocks, default=dates[-1]))
    return Seen(stocks, steps, tuple(read[day].run for day in stocks), missing)


@dataclass(frozen=True, slots=True)
class _Read:
    run: RunId
    manifest: Manifest
    accepted: tuple[Input, ...]


def _nights_with_accounts(world: World, dates: Sequence[date]) -> Mapping[date, _Read]:
    with world.store.read() as connection:
        nights = newest_gated_nights(connection, dates[0], dates[-1])
        found = {
            day: _Read(nights[day], manifest_of(connection, nights[day]), tuple(accepted_in(connection, nights[day])))
            for day in dates
            if day in nights
        }
    return {day: one for day, one in found.items() if _has_accounts(one.accepted)}


def _flows_to(
    world: World, night: _Read, strategy: Strategy, before: pa.Table | None, strata: tuple[int, ...]
) -> tuple[tuple[Flow, ...], pa.Table]:
    """What moved to the night's book, and that book; without one before, everything comes in."""
    with session_of_night(world, night.manifest, night.accepted) as duck:
        now = duck.arrow(stock_statement(strategy, night.manifest.business_date))
        duck.create_table_of(STOCK.name, now)
        duck.create_table_of(STOCK_BEFORE.name, now.slice(0, 0) if before is None else before)
        return flows_of(duck.read(flows_statement()), strata), now


def _has_accounts(accepted: Sequence[Input]) -> bool:
    return any(item.table == "accounts" for item in accepted)


def _with_actions_of_the_night(world: World, duck: Duck, night: PlanNight) -> None:
    """The planned actions of the nights before, and those that the night itself released."""
    with world.store.read() as connection:
        before = planned_before(world, connection, night.manifest)
        own = files_of_run(connection, night.run).get(PLANNED.name)
    files = [*before, *([registered_file(world, own.path, own.sha256)] if own and own.rows else [])]
    duck.create_view(PLANNED.name, files, duck_columns(PLANNED))


def _supply(duck: Duck, night: PlanNight, weeks: int) -> Supply:
    staffing, day = night.staffing or DEFAULTS, night.day
    skills: dict[str, list[str]] = defaultdict(list)
    for row in duck.read(skills_statement()):
        skills[row["employee_id"]].append(row["skill"])
    capacities = {
        row["employee_id"]: Capacity(int(row["minutes_per_day"]), int(row["accounts_at_most"]))
        for row in duck.read(capacities_statement(day))
    }
    leaving = leaving_of(duck.read(exits_statement()), staffing, day)
    staff = staff_of(duck, Period.of(day + timedelta(days=1)))
    return supply_of(staff, skills, capacities, night.strategy, staffing, leaving, working_days_of(duck), day, weeks)


def _money(duck: Duck, night: PlanNight, weeks: int) -> Money:
    day, strategy = night.day, night.strategy
    collectors = destinations(duck.read(collectors_statement(strategy, day)), (), (), strategy, day)
    statements = (costs_statement(day), cost_centres_statement(day), working_days_statement(day))
    spent = spent_on_minutes(strategy, collectors, *(duck.read(each) for each in statements))
    last = day + timedelta(days=weeks * WEEK_DAYS)
    budgets = duck.read(budgets_statement(day + timedelta(days=1), last))
    return money_of(strategy, night.staffing or DEFAULTS, spent, budgets, day)
