"""What the report of a capacity plan shows: the plan, what could be done about it, and what it could not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from adapters.world import World
from allocation.capacity.backtest import BackTest, back_tests, cases_of
from allocation.capacity.demand import worked_segments
from allocation.capacity.forecast import FEWEST_STEPS
from allocation.capacity.moves import moves, proposals
from allocation.capacity.plan import CapacityPlan, rolls_of
from allocation.capacity.rates import rate_rows
from allocation.capacity.stock import State
from allocation.capacity.supply import WEEK_DAYS
from allocation.effects import Effects
from reports.capacity import capacity_report
from reports.capacity_facts import CapacityFacts, Gap, HourCosted, Notice
from reports.languages import Language
from reports.report_files import report_page, write_report_workbook
from tasks.stages.capacity import Planned
from tasks.stages.capacity_hours import solved_again
from tasks.stages.labels import book_label


def capacity_facts(
    world: World, planned: Planned, *, with_hours: bool = True, by_name: bool = False, with_rates: bool = False
) -> CapacityFacts:
    """`with_hours`: the allocation is solved again for each team. `by_name`: proposals say who. `with_rates`: every
    single rate, of which there may be thousands.

    Raises: FileChangedError.
    """
    solved = solved_again(world, planned.night, planned.money) if with_hours else None
    hours = solved.hours if solved else ()
    found = moves(planned.plan, planned.supply.crew_of, solved.effects if solved else Effects(), hours)
    return CapacityFacts(
        planned.digest,
        tuple(planned.seen.runs),
        planned.night.strategy.rule.id,
        planned.staffing.lookback_weeks,
        len(planned.seen.steps),
        planned.staffing.productive_share,
        planned.plan,
        rolls_of(planned.seen.steps.values()),
        tuple(planned.demand.handling.values()),
        planned.supply.leaving,
        tuple(planned.supply.working_days.items()),
        tuple(_hour_costs(planned)),
        hours,
        proposals(found),
        found if by_name else (),
        rate_rows(planned.rates, planned.seen.now) if with_rates else (),
        _back_tests(planned),
        tuple(_notices(planned, is_solved=solved is not None or not with_hours)),
        book_label(world),
    )


def write_page(world: World, facts: CapacityFacts, path: Path, language: Language) -> None:
    world.seam.write_text(path, report_page(capacity_report(facts, language), language), point="capacity_page")


def write_workbook(world: World, facts: CapacityFacts, path: Path, language: Language) -> None:
    report = capacity_report(facts, language)
    world.seam.write_file(path, lambda part: write_report_workbook(report, part, language), point="capacity_workbook")


def _back_tests(planned: Planned) -> tuple[BackTest, ...]:
    """Of the segments that are worked, from the weeks that were looked back on."""
    names = {each.id: _is_in(each.id) for each in worked_segments(planned.night.strategy)}
    stated = planned.night.strategy.rule.shrinkage_accounts
    cases = cases_of(planned.seen.stocks, planned.seen.steps, names, step_days=WEEK_DAYS, stated_months=stated)
    return back_tests(tuple(cases))


def _is_in(segment: str) -> Callable[[State], bool]:
    return lambda state: state.segment == segment


def _hour_costs(planned: Planned) -> Iterator[HourCosted]:
    for department in sorted({row.department for row in planned.plan.departments}):
        cost = planned.money.hour_cost(department, planned.plan.starts[0])
        if cost is not None:
            yield HourCosted(department, replace(cost, amount=cost.amount.quantize(Decimal("0.01"))))


def _notices(planned: Planned, *, is_solved: bool) -> Iterator[Notice]:
    """In the order of what matters most."""
    seen, plan = planned.seen, planned.plan
    never = planned.forecast.never_left if seen.steps else ()
    unknown = [each.id for each in worked_segments(planned.night.strategy) if not each.rule.handling_minutes]
    is_few = 0 < len(seen.steps) < FEWEST_STEPS
    found = (
        (Gap.NO_WEEKS, not seen.steps, ()),
        (Gap.FEW_WEEKS, is_few, (str(len(seen.steps)),)),
        (Gap.MISSING_NIGHTS, bool(seen.missing), tuple(map(str, seen.missing))),
        (Gap.NO_STAFFING, planned.night.staffing is None, ()),
        (Gap.NEVER_LEFT, bool(never), tuple(map(str, never))),
        (Gap.NO_CALENDAR, bool(planned.supply.without_calendar), planned.supply.without_calendar),
        (Gap.NO_HANDLING, bool(unknown), tuple(unknown)),
        *(_without(gap, name, plan) for gap, name in ((Gap.NO_COST, "cost"), (Gap.NO_BUDGET, "budget"))),
        (Gap.NOT_SOLVED, not is_solved, ()),
    )
    return (Notice(gap, ", ".join(names)) for gap, holds, names in found if holds)


def _without(gap: Gap, name: str, plan: CapacityPlan) -> tuple[Gap, bool, tuple[str, ...]]:
    missing = sorted({row.department for row in plan.departments if getattr(row, name) is None})
    return gap, bool(missing), tuple(missing)
