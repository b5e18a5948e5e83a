"""Task: a report of a stored night, written again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.world import world_of_process
from domain.records import Grain
from reports.languages import Language
from reports.scopes import Scope
from tasks import artifacts
from tasks.limits import stage_limit
from tasks.places import places
from tasks.stages.labels import language_of
from tasks.stages.reporting import ReportKind, report_files


@task(name="report-files", cache_policy=NO_CACHE)
def write_report(business_date: date, kind: str, department: str, language: str) -> None:
    world = world_of_process()
    scope = Scope(Grain.DEPARTMENT, department) if department else None
    spoken = Language(language) if language else language_of(world)
    with stage_limit(f"the {kind} report of {business_date}"):
        files = report_files(world, ReportKind(kind), business_date, spoken, None, scope)
    artifacts.show_paths(f"{kind} report of {business_date}", places(files, world.settings))
    artifacts.show_plots(_first_page(files))


def _first_page(files: Sequence[Path]) -> list[Path]:
    """The one of the whole scope: those of its departments and teams follow."""
    return [path for path in files if path.suffix == ".html"][:1]
