"""Tasks: the month's batches, and publishing one of them."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.world import world_of_process
from domain.ids import AttemptId
from domain.periods import Period
from tasks import artifacts
from tasks.limits import stage_limit
from tasks.places import places
from tasks.stages import decide
from tasks.stages.after_publish import write_outputs
from tasks.stages.month_end import Prepared
from tasks.stages.month_end import prepare as prepare_batches
from tasks.stages.review import debts_told, tie_out_of, write_review


@task(name="prepare", cache_policy=NO_CACHE)
def prepare(period: str, attempt: AttemptId, by: str) -> Prepared:
    with stage_limit(f"preparing {period}"):
        return prepare_batches(world_of_process(), Period.parse(period), attempt, by=by)


@task(name="review", cache_policy=NO_CACHE)
def review(prepared: Prepared, period: str) -> None:
    """The workbook and the page that HR reviews, and where they lie."""
    world, month = world_of_process(), Period.parse(period)
    with stage_limit(f"HR's pages of {period}"):
        files = write_review(world, month)
    artifacts.show_batches(prepared, places(files, world.settings), debts_told(world, month))
    artifacts.show_tie_out(month, *tie_out_of(world, month))


@task(name="publish", cache_policy=NO_CACHE)
def publish(batch: str, by: str) -> decide.Published:
    world = world_of_process()
    with stage_limit(f"publishing {batch}"):
        published = decide.publish(world, batch, by=by)
        write_outputs(world, published.batch)
    artifacts.show_published(published)
    return published
