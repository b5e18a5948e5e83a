"""Report: the page of the night, its daily report, and the page of a rerun beside the official result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from adapters.store.results import read_kpis, read_payout_lines, read_scores, read_verdict
from adapters.store.runs import RunFile, StageResult, State, files_of_run, stages_of
from adapters.world import World
from domain.manifest import Manifest, Stage
from domain.records import Grain, KpiResult, Verdict
from incentives.ledger import BatchKind
from kpi_rules.rulebook import KpiRules
from reports.comparison import ComparisonReport, comparison_page
from reports.daily import daily_report
from reports.night import Link, NightReport, RollRow, RollTable, StageSummary, night_page
from tasks.stages.compare import RunComparison
from tasks.stages.daily import daily_facts
from tasks.stages.files_of_reports import write_report
from tasks.stages.labels import book_label, labels_of, language_of, run_label
from tasks.stages.night import Night, StageWork, folder_of, run_stage
from tasks.stages.reporting import write_due_reports
from tasks.stages.rules import RuleSet
from tasks.stages.signals import due_signals
from tasks.stages.standing import propose_at_months_end
from tasks.stages.waive import waivers_of_run

PAGE = "night.html"
_ROLLS = (
    ("Balance", "roll_rate_by_stock", "roll_rate_by_cohort"),
    ("Accounts", "roll_rate_by_stock_accounts", "roll_rate_by_cohort_accounts"),
)
_MOST_FIGURES = 8


def report(world: World, night: Night, manifest: Manifest, rules: RuleSet) -> StageResult:
    """What people read in the morning, from what the stages have stored; and the reports of the week and month that
    this night ends, with the month's integrity signals and proposed standings of partners."""
    result = run_stage(world, night, Stage.REPORT, lambda: _report(world, night, manifest, rules))
    if night.is_official:
        write_due_reports(world, night, manifest, rules.kpis.on(manifest.effective_on))
        due_signals(world, night)
        propose_at_months_end(world, night, rules)
    return result


def _report(world: World, night: Night, manifest: Manifest, rules: RuleSet) -> StageWork:
    in_force = rules.kpis.on(manifest.effective_on)
    content = _content(world, night, in_force)
    daily = _daily(world, night, manifest, in_force, content)
    linked = replace(content, links=(*(Link(file.name, file.name) for file in daily), *content.links))
    name = f"{folder_of(night)}/{PAGE}"
    written = world.seam.write_text(
        world.settings.home / name, night_page(linked, language_of(world)), point="night_page"
    )
    files = (RunFile(PAGE, name, written.sha256, 0), *daily)
    return StageWork(State.DONE, {"page": name}, files, rows=len(files))


def _daily(
    world: World, night: Night, manifest: Manifest, rules: KpiRules, content: NightReport
) -> tuple[RunFile, ...]:
    """The daily report as page and workbook; none where nothing was measured."""
    if not content.kpis:
        return ()
    language = language_of(world)
    facts = daily_facts(world, night, manifest, rules, content.kpis, content.scores, language)
    return write_report(world, daily_report(facts, language), language, folder_of(night))


def _content(world: World, night: Night, rules: KpiRules) -> NightReport:
    with world.store.read() as connection:
        kpis = read_kpis(connection, night.run)
        verdict = read_verdict(connection, night.run, night.business_date)
        return NightReport(
            business_date=night.business_date,
            run_id=night.run,
            verdict=verdict or Verdict(night.business_date, ()),
            stages=tuple(_stage(result) for result in stages_of(connection, night.run)),
            labels=labels_of(rules, language_of(world)),
            kpis=kpis,
            rolls=tuple(_rolls(kpis)),
            scores=read_scores(connection, night.run),
            forecast=tuple(line for kind in BatchKind for line in read_payout_lines(connection, night.run, kind.value)),
            links=tuple(_links(connection, night)),
            waivers=waivers_of_run(connection, night.run),
            book_label=book_label(world),
            run_label=run_label(night, language_of(world)),
        )


def _stage(result: StageResult) -> StageSummary:
    plain = [(name, value) for name, value in result.summary.items() if isinstance(value, str | int) and name != "note"]
    figures = tuple((name.replace("_", " "), value) for name, value in plain if not isinstance(value, bool))
    return StageSummary(
        result.stage, result.outcome.value, figures[:_MOST_FIGURES], str(result.summary.get("note") or "")
    )


def _rolls(kpis: tuple[KpiResult, ...]) -> Iterator[RollTable]:
    """By stock beside by cohort, for the portfolio: a table for each measure and currency, a row for each bucket."""
    found = {(result.kpi, result.currency): result for result in kpis if result.grain is Grain.PORTFOLIO}
    for title, stock, cohort in _ROLLS:
        buckets = sorted({name.removeprefix(f"{stock}_") for name, _ in found if name.startswith(f"{stock}_")})
        buckets = [bucket for bucket in buckets if bucket.isdigit()]
        currencies = sorted({currency for name, currency in found if name in {f"{stock}_{each}" for each in buckets}})
        for currency in currencies:
            rows = tuple(
                RollRow(bucket, found.get((f"{stock}_{bucket}", currency)), found.get((f"{cohort}_{bucket}", currency)))
                for bucket in buckets
            )
            yield RollTable(f"{title}, {currency}" if currency else title, rows)


def _links(connection: sa.Connection, night: Night) -> Iterator[Link]:
    folder = folder_of(night)
    for name, file in files_of_run(connection, night.run).items():
        yield Link(name, str(Path(file.path).relative_to(folder)), f"{file.rows:,} rows" if file.rows else "")


def write_comparison(world: World, night: Night, rules: RuleSet, comparison: RunComparison) -> Path:
    """The page of a rerun or what-if beside the official result; it is a view, and written anew each time."""
    content = ComparisonReport(
        business_date=night.business_date,
        official=comparison.official,
        new=comparison.new,
        is_what_if=not night.is_official,
        labels=labels_of(rules.kpis.on(night.business_date), language_of(world)),
        book_label=book_label(world),
    )
    path = world.settings.home / folder_of(night) / "comparison.html"
    world.seam.write_text(path, comparison_page(content, language_of(world)), point="comparison_page")
    return path
