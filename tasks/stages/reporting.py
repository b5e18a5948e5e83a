"""Reports on request: of the newest official night of a date, in any language, whole or cut to a team or department."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.errors import RefusedError
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import official_run
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import AttemptId, RunId
from domain.manifest import Manifest, RunKind, Stage
from domain.records import Grain, KpiResult, Score
from kpi_rules.rulebook import KpiRules
from reports.daily import DailyFacts, daily_report
from reports.languages import Language
from reports.scopes import Posting, Scope
from reports.sections import Report
from tasks.stages.daily import daily_facts
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.rules import rules_of_run


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
    place = folder or world.settings.home / "reports" / "daily" / day.isoformat()
    if scope is not None:
        refuse_unknown(scope, facts.postings)
        return _written(world, daily_report(facts, language, scope), language, place, scope.name)
    files = _written(world, daily_report(facts, language), language, place, "daily")
    return (*files, *(path for each in scopes_of(facts.postings) for path in _cut(world, facts, language, place, each)))


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


def _cut(world: World, facts: DailyFacts, language: Language, place: Path, scope: Scope) -> tuple[Path, ...]:
    return _written(world, daily_report(facts, language, scope), language, place / f"{scope.grain}s", scope.name)


def _written(world: World, report: Report, language: Language, folder: Path, stem: str) -> tuple[Path, ...]:
    kinds = write_report_files(world, report, language, folder, stem)
    return tuple(folder / f"{stem}.{kind}" for kind, _ in kinds)


def _night(run: RunId, day: date) -> Night:
    return Night(run, AttemptId(""), day, RunKind.NIGHTLY)
