"""Reports of stored nights: of any measured one on request, in any language, whole or cut; and those that are due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path

from adapters.errors import RefusedError
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import official_run, stage_result
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import AttemptId
from domain.manifest import Manifest, RunKind, Stage
from domain.periods import Period
from domain.records import Grain, KpiResult, Score
from kpi_rules.rulebook import KpiRules
from reports.daily import daily_report
from reports.languages import Language
from reports.monthly import monthly_report
from reports.scopes import Posting, Scope
from reports.sections import Report
from reports.weekly import weekly_report
from tasks.stages.daily import daily_facts
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.labels import language_of
from tasks.stages.manifests import manifest_of
from tasks.stages.monthly import monthly_facts
from tasks.stages.night import Night
from tasks.stages.people import calendar_of
from tasks.stages.rules_then import rules_then
from tasks.stages.session import session_of_tables
from tasks.stages.weekly import is_last_working_day_of_week, weekly_facts


class ReportKind(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Measured:
    """A night whose figures are stored, opened again; `rules` are those in force on its date."""

    night: Night
    manifest: Manifest
    rules: KpiRules
    kpis: tuple[KpiResult, ...]
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report whose facts are known: `make` cuts it to a scope; `postings` say which scopes there are."""

    make: Callable[[Scope], Report]
    postings: tuple[Posting, ...]


def report_files(
    world: World, kind: ReportKind, day: date, language: Language, folder: Path | None, scope: Scope | None = None
) -> tuple[Path, ...]:
    """Write the report of the date, or of the week or month up to it; of the whole book also one below `departments/`
    and `teams/` for each. Who falls behind in a week gets a coaching action, if there is none yet.

    Raises: RefusedError if no night of the date has measured, or there is no such team or department; ConflictError if
    the rules were edited since.
    """
    return _files(world, kind, measured_night(world, day), language, folder, scope)


def write_due_reports(world: World, night: Night, manifest: Manifest, rules: KpiRules) -> tuple[Path, ...]:
    """After an official night: the weekly report on the last working day of a week, the monthly one on the last day of
    a month. They look at several nights, so they are no files of the run: they lie below `reports/`, are written anew
    when the night is run again, and name the runs that they were made from."""
    with world.store.read() as connection:
        if stage_result(connection, night.run, Stage.MEASURE.value) is None:
            return ()
    due = tuple(_due(world, night, manifest))
    if not due:
        return ()
    with world.store.read() as connection:
        kpis, scores = read_kpis(connection, night.run), read_scores(connection, night.run)
    found, language = Measured(night, manifest, rules, kpis, scores), language_of(world)
    return tuple(path for kind in due for path in _files(world, kind, found, language))


def _due(world: World, night: Night, manifest: Manifest) -> Iterator[ReportKind]:
    day, halted = night.business_date, halted_tables(world, night)
    with session_of_tables(world, manifest, accepted_inputs(world, night), ("calendar",)) as duck:
        calendar = calendar_of(duck, world.settings.jurisdiction, halted)
    if is_last_working_day_of_week(day, calendar):
        yield ReportKind.WEEKLY
    if day == Period.of(day).last_day:
        yield ReportKind.MONTHLY


def _files(
    world: World,
    kind: ReportKind,
    found: Measured,
    language: Language,
    folder: Path | None = None,
    scope: Scope | None = None,
) -> tuple[Path, ...]:
    """The report of the book, and one for each department and team below folders of their own; or that asked for."""
    place = folder or world.settings.home / "reports" / kind / found.night.business_date.isoformat()
    report = _PREPARED[kind](world, found, language)
    if scope is not None:
        refuse_unknown(scope, report.postings)
        return _written(world, report.make(scope), language, place, scope.name)
    files = _written(world, report.make(Scope()), language, place, kind)
    for each in scopes_of(report.postings):
        files += _written(world, report.make(each), language, place / f"{each.grain}s", each.name)
    return files


def _daily(world: World, found: Measured, language: Language) -> Prepared:
    facts = daily_facts(world, found.night, found.manifest, found.rules, found.kpis, found.scores, language)
    return Prepared(partial(daily_report, facts, language), facts.about.postings)


def _weekly(world: World, found: Measured, language: Language) -> Prepared:
    facts = weekly_facts(world, found.night, found.rules, language)
    return Prepared(partial(weekly_report, facts, language), facts.about.postings)


def _monthly(world: World, found: Measured, language: Language) -> Prepared:
    facts = monthly_facts(world, found.night, found.rules, found.kpis, found.scores, language)
    return Prepared(partial(monthly_report, facts, language), facts.about.postings)


_PREPARED: Mapping[ReportKind, Callable[[World, Measured, Language], Prepared]] = {
    ReportKind.DAILY: _daily,
    ReportKind.WEEKLY: _weekly,
    ReportKind.MONTHLY: _monthly,
}


def measured_night(world: World, day: date) -> Measured:
    """The newest official night of the date that has measured. Raises: RefusedError, ConflictError."""
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
        if run is None:
            raise RefusedError(f"REP001 no night of {day} has measured; `recoup runs` lists those that have")
        manifest = manifest_of(connection, run)
        kpis, scores = read_kpis(connection, run), read_scores(connection, run)
    rules = rules_then(world, manifest).kpis.on(manifest.effective_on)
    return Measured(Night(run, AttemptId(""), day, RunKind.NIGHTLY), manifest, rules, kpis, scores)


def refuse_unknown(scope: Scope, postings: Iterable[Posting]) -> None:
    """Raises: RefusedError naming a team or department that is like it."""
    known = {each.team if scope.grain is Grain.TEAM else each.department for each in postings}
    if scope.name not in known:
        raise RefusedError(f'REP002 nobody works in the {scope.grain} "{scope.name}". {suggestion(scope.name, known)}')


def scopes_of(postings: Iterable[Posting]) -> Iterator[Scope]:
    """Each department, and each team."""
    everybody = tuple(postings)
    yield from (Scope(Grain.DEPARTMENT, name) for name in sorted({each.department for each in everybody}))
    yield from (Scope(Grain.TEAM, name) for name in sorted({each.team for each in everybody}))


def _written(world: World, report: Report, language: Language, folder: Path, stem: str) -> tuple[Path, ...]:
    kinds = write_report_files(world, report, language, folder, stem)
    return tuple(folder / f"{stem}.{kind}" for kind, _ in kinds)
