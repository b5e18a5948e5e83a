"""Reports on request: of the newest official night of a date, in any language, whole or cut to a team or department."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from adapters.errors import RefusedError
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import official_run, stage_result
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import AttemptId, RunId
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
from tasks.stages.manifests import manifest_of
from tasks.stages.monthly import monthly_facts
from tasks.stages.night import Night
from tasks.stages.people import working_days_of
from tasks.stages.rules import rules_of_run
from tasks.stages.session import session_of_tables
from tasks.stages.weekly import is_last_working_day_of_week, weekly_facts


@dataclass(frozen=True, slots=True)
class Measured:
    """A night whose figures are stored, opened again; `rules` are those in force on its date."""

    night: Night
    manifest: Manifest
    rules: KpiRules
    kpis: tuple[KpiResult, ...]
    scores: tuple[Score, ...]


def daily_files(
    world: World, day: date, language: Language, folder: Path | None, scope: Scope | None = None
) -> tuple[Path, ...]:
    """Write the daily report of the date; of the whole book also one below `departments/` and `teams/` for each.

    Raises: RefusedError if no night of the date has measured, or there is no such team or department; ConflictError if
    the rules were edited since.
    """
    found = measured_night(world, day)
    facts = daily_facts(world, found.night, found.manifest, found.rules, found.kpis, found.scores, language)
    make = partial(daily_report, facts, language)
    return _files(world, make, facts.postings, _place(world, "daily", day, folder), language, scope)


def weekly_files(
    world: World, day: date, language: Language, folder: Path | None, scope: Scope | None = None
) -> tuple[Path, ...]:
    """Write the report of the week up to the date; who falls behind gets a coaching action, if there is none yet.

    Raises: as `daily_files`.
    """
    found = measured_night(world, day)
    facts = weekly_facts(world, found.night, found.rules, language)
    make = partial(weekly_report, facts, language)
    return _files(world, make, facts.postings, _place(world, "weekly", day, folder), language, scope)


def monthly_files(
    world: World, day: date, language: Language, folder: Path | None, scope: Scope | None = None
) -> tuple[Path, ...]:
    """Write the report of the month up to the date. Raises: as `daily_files`."""
    found = measured_night(world, day)
    facts = monthly_facts(world, found.night, found.rules, found.kpis, found.scores, language)
    make = partial(monthly_report, facts, language)
    return _files(world, make, facts.postings, _place(world, "monthly", day, folder), language, scope)


def write_due_reports(world: World, night: Night, manifest: Manifest, rules: KpiRules) -> tuple[Path, ...]:
    """After an official night: the weekly report on the last working day of a week, the monthly one on the last day of
    a month. They look at several nights, so they are no files of the run: they lie below `reports/`, are written anew
    when the night is run again, and name the runs that they were made from."""
    day, language = night.business_date, Language(world.settings.language)
    written: tuple[Path, ...] = ()
    with world.store.read() as connection:
        if stage_result(connection, night.run, Stage.MEASURE.value) is None:
            return ()
    if is_last_working_day_of_week(day, _calendar(world, night, manifest)):
        facts = weekly_facts(world, night, rules, language)
        make = partial(weekly_report, facts, language)
        written += _files(world, make, facts.postings, _place(world, "weekly", day, None), language, None)
    if day == Period.of(day).last_day:
        with world.store.read() as connection:
            kpis, scores = read_kpis(connection, night.run), read_scores(connection, night.run)
        month = monthly_facts(world, night, rules, kpis, scores, language)
        make_month = partial(monthly_report, month, language)
        written += _files(world, make_month, month.postings, _place(world, "monthly", day, None), language, None)
    return written


def _calendar(world: World, night: Night, manifest: Manifest) -> frozenset[date] | None:
    """The working days of the house's jurisdiction; None if the gate has stopped the calendar."""
    if "calendar" in halted_tables(world, night):
        return None
    with session_of_tables(world, manifest, accepted_inputs(world, night), ("calendar",)) as duck:
        return working_days_of(duck).get(world.settings.jurisdiction)


def _place(world: World, kind: str, day: date, folder: Path | None) -> Path:
    return folder or world.settings.home / "reports" / kind / day.isoformat()


def _files(
    world: World,
    make: Callable[[Scope], Report],
    postings: Iterable[Posting],
    place: Path,
    language: Language,
    scope: Scope | None,
) -> tuple[Path, ...]:
    """The report of the book, and one for each department and team below folders of their own; or that asked for."""
    everybody = tuple(postings)
    if scope is not None:
        refuse_unknown(scope, everybody)
        return _written(world, make(scope), language, place, scope.name)
    whole = make(Scope())
    files = _written(world, whole, language, place, whole.name)
    for each in scopes_of(everybody):
        files += _written(world, make(each), language, place / f"{each.grain}s", each.name)
    return files


def measured_night(world: World, day: date) -> Measured:
    """The newest official night of the date that has measured. Raises: RefusedError, ConflictError."""
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
        if run is None:
            raise RefusedError(f"REP001 no night of {day} has measured; `recoup runs` lists those that have")
        manifest = manifest_of(connection, run)
        kpis, scores = read_kpis(connection, run), read_scores(connection, run)
    rules = rules_of_run(world, manifest, None).kpis.on(manifest.effective_on)
    return Measured(_night(run, day), manifest, rules, kpis, scores)


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


def _night(run: RunId, day: date) -> Night:
    return Night(run, AttemptId(""), day, RunKind.NIGHTLY)
