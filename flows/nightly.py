"""The night: from the extracts of one business date to what people read in the morning."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State

from adapters.world import world_of_process
from domain.manifest import Stage
from flows.dates import business_date_of_schedule, name_of_night
from flows.endings import ends_told
from flows.order import run_in_order
from flows.parameters import Stages
from flows.turns import our_turn
from flows.verdicts import raise_if_halted
from tasks.land import land
from tasks.night import allocate, gate, measure, project, report
from tasks.notices import staged
from tasks.stages.asked import night_faults
from tasks.stages.due import nights_due
from tasks.stages.night import Night
from tasks.stages.plan import NIGHT, Request


@flow(name="nightly", flow_run_name=name_of_night, persist_result=False)
@ends_told
def nightly(business_date: date | None = None, stages: Stages = NIGHT) -> State[object] | None:
    """Run every stage whose inputs passed the gate; end Halted if one was halted.

    Each stage takes a reference to a stored run and leaves its results in the store: nothing large passes through the
    orchestrator, and a rerun finds what is already there.

    Args:
        business_date: Business date; without one, the local date before the scheduled start, after those missing.
        stages: Stages to run, in the order of a night.
    """
    world = world_of_process()
    if business_date is None:
        due = nights_due(world, business_date_of_schedule())
        if len(due.nights) != 1 or due.missing:
            return run_in_order(due, lambda day: nightly(day, stages))
        (business_date,) = due.nights
    request = Request(business_date, tuple(stage for stage in NIGHT if stage in stages))
    with our_turn(f"nightly {business_date}", business_date, night_faults(world, business_date)) as attempt:
        night = land(request, attempt)
        run_stages(night, request.stages)
        raise_if_halted(night)
    return None


def run_stages(night: Night, stages: tuple[Stage, ...]) -> None:
    """The stages asked for, in the order of a night."""
    for task in staged(_TASKS, stages, night):
        task(night)


_TASKS = {
    Stage.GATE: gate,
    Stage.ALLOCATE: allocate,
    Stage.MEASURE: measure,
    Stage.PROJECT: project,
    Stage.REPORT: report,
}
