"""Task: land the extracts of a date, and plan the run that they make."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.store.costs import measured
from adapters.world import world_of_process
from domain.costs import LAND
from domain.ids import AttemptId, RunId
from domain.manifest import Stage
from tasks.limits import stage_limit
from tasks.logs import log_issues, log_words
from tasks.stages import land as stage
from tasks.stages.night import Night
from tasks.stages.plan import Request, plan_night
from tasks.stages.resuming import go_on_with, note_going_on


@task(name="land", cache_policy=NO_CACHE)
def land(request: Request, attempt: AttemptId) -> Night:
    """The run of what has landed; files that could not be read are logged, and missing to the gate."""
    world = world_of_process()
    with stage_limit(f"landing {request.business_date}"):
        with measured(world.store, attempt, LAND) as counter:
            landing = stage.land(world, request.business_date, attempt)
            counter.rows = sum(rows for _, rows in landing.rows)
        log_issues(landing.issues)
        night = plan_night(world, request, attempt)
    log_words(note_going_on(world, night, request.stages))
    return night


@task(name="go on", cache_policy=NO_CACHE)
def go_on(run: RunId, attempt: AttemptId) -> tuple[Night, tuple[Stage, ...]]:
    """A recorded run as it was planned, and its stages: nothing lands, and nothing is planned anew."""
    world = world_of_process()
    night, manifest = go_on_with(world, run, attempt)
    log_words(note_going_on(world, night, manifest.stages))
    return night, manifest.stages
