"""Task: land the extracts of a date, and plan the run that they make."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.store.costs import measured
from adapters.world import world_of_process
from domain.costs import LAND
from domain.ids import AttemptId
from tasks.logs import log_issues
from tasks.stages import land as stage
from tasks.stages.night import Night
from tasks.stages.plan import Request, plan_night


@task(name="land", cache_policy=NO_CACHE)
def land(request: Request, attempt: AttemptId) -> Night:
    """The run of what has landed; files that could not be read are logged, and missing to the gate."""
    world = world_of_process()
    with measured(world.store, attempt, LAND) as counter:
        landing = stage.land(world, request.business_date, attempt)
        counter.rows = sum(rows for _, rows in landing.rows)
    log_issues(landing.issues)
    return plan_night(world, request, attempt)
