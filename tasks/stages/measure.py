"""Measure: credits row by row, KPIs in few scans, scores; what a halted table feeds has no value, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.steps import stepwise
from adapters.store.results import read_kpis, write_kpis, write_scores
from adapters.store.runs import RunFile, StageResult, State
from adapters.store.seals import FIGURES, write_seals
from adapters.world import World
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect
from domain.manifest import Manifest, Stage
from domain.periods import Period
from domain.records import KpiResult, Score, ValueState
from domain.staff import Employee, WorkingDays
from kpi_rules.breaches import BREACHES_READ, breach_statements, breaches_in_order
from kpi_rules.credit_totals import CreditTotals, credit_totals, credited_statement, eligible_statement
from kpi_rules.credits import credit_statement, credits_read
from kpi_rules.partner_scores import score_partners
from kpi_rules.plan import KpiPlan, plan_kpis
from kpi_rules.plan_text import plan_as_sql
from kpi_rules.results import kpi_results
from kpi_rules.rulebook import KpiRules
from kpi_rules.scores import score
from kpi_rules.stays import moved_among, stays_of
from kpi_rules.trial import read_by_scorecard
from kpi_rules.views import BREACHES, CREDITS
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.liquidation import expect_recovery
from tasks.stages.night import Night, StageWork, folder_of, run_stage
from tasks.stages.people import BONUS_READS, capacities_of, partners_of, staff_of, working_days_of
from tasks.stages.session import session_of_night


def measure(world: World, night: Night, manifest: Manifest, rules: KpiRules) -> StageResult:
    """Month-to-date KPIs and scores as of the business date."""
    return run_stage(world, night, Stage.MEASURE, lambda: _measure(world, night, manifest, rules))


@dataclass(frozen=True, slots=True)
class Measured:
    """What the rules come to over one session, and the plan by which it was computed."""

    plan: KpiPlan
    results: tuple[KpiResult, ...]
    scores: tuple[Score, ...]


Read = Callable[[ExactSelect], Sequence[Mapping[str, Any]]]


def figures_in(
    duck: Duck,
    rules: KpiRules,
    as_of: date,
    halted: frozenset[str],
    read: Read | None = None,
    *,
    carried: tuple[KpiResult, ...] = (),
) -> Measured:
    """KPI results and scores, month to date, over a session that has the credits and the breaches of the same rules.

    `read` takes the place of `duck.read` for the scans: who measures several rule books need not scan alike twice.
    `carried` are results of earlier months, which scorecards may take.
    """
    period, scan_rows = Period.of(as_of), read or duck.read
    plan = plan_kpis(rules, start=period.start, as_of=as_of, halted=halted)
    staff, working_days = _staff(duck, period, halted)
    moved = moved_among(stays_of(staff, period.start, as_of))
    scans = {
        scan.name: scan_rows(scan.statement)
        for scan in stepwise("scan of", plan.statements, lambda scan: scan.name.replace("_", " "))
    }
    results = kpi_results(plan, scans, moved)
    capacities = None if "capacity" in halted else capacities_of(duck, as_of)
    of_people = score(rules, results, staff, working_days, start=period.start, as_of=as_of, capacities=capacities,
                      earlier=carried)  # fmt: skip
    partners = () if "partners" in halted else partners_of(duck, period, as_of)
    of_partners = score_partners(rules, results, partners, start=period.start, as_of=as_of, earlier=carried)
    return Measured(plan, results, (*of_people, *of_partners))


def _measure(world: World, night: Night, manifest: Manifest, rules: KpiRules) -> StageWork:
    as_of, halted = night.business_date, halted_tables(world, night)
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        duck.keep(DISPATCH_SQL.name)
        files, totals = _credits(world, night, duck, rules, halted)
        files += _breaches(world, night, duck, rules, halted)
        if not halted & credits_read(rules, as_of):
            files += expect_recovery(world, night, duck)
        found = figures_in(duck, rules, as_of, halted, carried=carried_values(world, manifest, rules.on(as_of)))
        files += (_kept_plan(world, night, plan_as_sql(found.plan, duck.sql)),)

    def write(connection: sa.Connection) -> None:
        write_kpis(connection, night.run, found.results)
        write_scores(connection, night.run, found.scores)
        write_seals(connection, night.run, FIGURES)

    rows = len(found.results) + len(found.scores)
    return StageWork(State.DONE, _summary(found.results, found.scores, totals, as_of), files, write, rows)


def _staff(duck: Duck, period: Period, halted: frozenset[str]) -> tuple[tuple[Employee, ...], WorkingDays | None]:
    """Who can be scored, and the days on which they worked, or None if a table that says these is halted."""
    if "staff_postings" in halted:
        return (), None
    return staff_of(duck, period), None if halted & BONUS_READS else working_days_of(duck)


def carried_values(world: World, manifest: Manifest, rules: KpiRules) -> tuple[KpiResult, ...]:
    """What scorecards may carry: the results of the nights that the manifest names."""
    parts = {kpi for placed in rules.scorecards if placed.rule.carry for kpi in read_by_scorecard(placed.rule)}
    with world.store.read() as connection:
        return tuple(each for night in manifest.carried for each in read_kpis(connection, night.run, parts))


def _credits(
    world: World, night: Night, duck: Duck, rules: KpiRules, halted: frozenset[str]
) -> tuple[tuple[RunFile, ...], tuple[CreditTotals, ...]]:
    """The credits as a file of the run and a view of the session; none where a table that they need is halted."""
    start, as_of = Period.of(night.business_date).start, night.business_date
    if halted & credits_read(rules, as_of):
        duck.create_view(CREDITS.name, (), duck_columns(CREDITS))
        return (), ()
    path = world.settings.home / folder_of(night) / "credits.parquet"
    statement = credit_statement(rules, start=start, as_of=as_of)
    written = world.seam.write_file(path, lambda part: duck.write_parquet(statement, part), point="credits")
    duck.create_view(CREDITS.name, [path], duck_columns(CREDITS))
    totals = credit_totals(
        duck.read(eligible_statement(start=start, as_of=as_of)), duck.read(credited_statement(start=start, as_of=as_of))
    )
    rows = sum(total.eligible_count for total in totals)
    name = path.relative_to(world.settings.home).as_posix()
    return (RunFile(CREDITS.name, name, written.sha256, rows),), totals


def _breaches(world: World, night: Night, duck: Duck, rules: KpiRules, halted: frozenset[str]) -> tuple[RunFile, ...]:
    """The breaches as a file of the run and a view of the session; none where a table that they need is halted."""
    start, as_of = Period.of(night.business_date).start, night.business_date
    if halted & BREACHES_READ:
        duck.create_view(BREACHES.name, (), duck_columns(BREACHES))
        return ()
    path = world.settings.home / folder_of(night) / "breaches.parquet"
    statements = breach_statements(rules.on(as_of).limits, start=start, as_of=as_of)
    duck.create_table(BREACHES.name, duck_columns(BREACHES), statements)
    (count,) = duck.run(f"SELECT count(*) FROM {BREACHES.name}").fetchone()
    written = world.seam.write_file(path, lambda part: duck.write_parquet(breaches_in_order(), part), point="breaches")
    return (RunFile(BREACHES.name, path.relative_to(world.settings.home).as_posix(), written.sha256, count),)


def _kept_plan(world: World, night: Night, text: str) -> RunFile:
    """By which statements the figures were computed: a file of the run, to read and to run again."""
    path = world.settings.home / folder_of(night) / "kpi_plan.sql"
    written = world.seam.write_text(path, text, point="kpi_plan")
    return RunFile("kpi_plan", path.relative_to(world.settings.home).as_posix(), written.sha256, text.count("\n"))


def _summary(
    results: Iterable[KpiResult], scores: Iterable[Score], totals: Iterable[CreditTotals], as_of: date
) -> dict[str, Any]:
    found, graded = tuple(results), tuple(scores)
    return {
        "as_of": as_of,
        "kpis": len({result.kpi for result in found}),
        "results": len(found),
        "without_value": sum(result.state is ValueState.NO_VALUE for result in found),
        "halted": sorted({result.kpi for result in found if result.state is ValueState.HALTED}),
        "scores": len(graded),
        "credits": [
            {
                "currency": total.currency,
                "eligible": total.eligible,
                "credited": total.credited,
                "uncredited": [
                    {"reason": reason, "rows": rows, "money": money} for reason, rows, money in total.uncredited
                ],
                "tie_out": total.tie_out,
            }
            for total in totals
        ],
    }
