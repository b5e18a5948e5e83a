"""Catch-up: the nights that are missing since the last official one, oldest first."""

from __future__ import annotations

from datetime import date

from prefect import flow
from prefect.client.schemas.objects import State

from adapters.world import world_of_process
from flows.attempts import refuse_wrong
from flows.dates import business_date_of_schedule, name_of_catch_up
from flows.endings import ends_told
from flows.nightly import nightly
from flows.order import run_in_order
from tasks.stages.asked import until_faults
from tasks.stages.due import nights_due


@flow(name="catch-up", flow_run_name=name_of_catch_up)
@ends_told
def catch_up(until: date | None = None) -> State[object] | None:
    """Run the nights that are missing since the last official one, oldest first, each as a run of its own below this.

    The scheduled night does the same by itself; this is for an operator who does not want to wait for it.

    Args:
        until: Last business date to run; without one, the local date before the scheduled start.
    """
    world = world_of_process()
    refuse_wrong(until_faults(world, until))
    return run_in_order(nights_due(world, until or business_date_of_schedule()), nightly)
