"""The night: from the extracts of one business date to what people read in the morning."""

from __future__ import annotations

from datetime import date

from prefect import flow

from adapters.world import world_of_process
from domain.manifest import Stage
from flows.attempts import attempt_at
from flows.dates import business_date_of_schedule, name_of_night
from flows.parameters import Stages
from flows.verdicts import raise_if_halted
from tasks.land import land
from tasks.night import allocate, gate, measure, project, report
from tasks.stages.night import Night
from tasks.stages.plan import NIGHT, Request


@flow(name="nightly", flow_run_name=name_of_night, persist_result=False)
def nightly(business_date: date | None = None, stages: Stages = NIGHT) -> None:
    """Run every stage whose inputs passed the gate; end Failed if one was halted.

    Each stage takes a reference to a stored run and leaves its results in the store: nothing large passes through the
    orchestrator, and a rerun finds what is already there.

    Args:
        business_date: Business date; without one, the local date before the scheduled start.
        stages: Stages to run, in the order of a night.
    """
    day = business_date or business_date_of_schedule()
    with attempt_at(world_of_process(), f"nightly {day}", day) as attempt:
        night = land(Request(day, tuple(stages)), attempt)
        run_stages(night, stages)
        raise_if_halted(night)


def run_stages(night: Night, stages: tuple[Stage, ...]) -> None:
    """The stages asked for, in the order of a night."""
    for stage, task in _TASKS.items():
        if stage in stages:
            task(night)


_TASKS = {
    Stage.GATE: gate,
    Stage.ALLOCATE: allocate,
    Stage.MEASURE: measure,
    Stage.PROJECT: project,
    Stage.REPORT: report,
}
