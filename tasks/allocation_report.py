"""Task: the report of a night's allocation, with its pages and workbooks."""

from __future__ import annotations

from datetime import date

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.world import world_of_process
from domain.records import Grain
from reports.scopes import Scope
from tasks import artifacts
from tasks.limits import stage_limit
from tasks.places import places
from tasks.stages.allocation_report import allocation_facts, allocation_report_files
from tasks.stages.labels import language_of


@task(name="allocation-report", cache_policy=NO_CACHE)
def allocation_report(business_date: date, department: str = "") -> None:
    """The artifact says what it says, and where the files lie. Raises: RefusedError if the night has not allocated."""
    world = world_of_process()
    language, scope = language_of(world), Scope(Grain.DEPARTMENT, department) if department else None
    with stage_limit(f"the allocation report of {business_date}"):
        facts = allocation_facts(world, business_date, language)
        files = allocation_report_files(world, facts, language, scope=scope)
    artifacts.show_allocation_report(facts, places(files, world.settings))
