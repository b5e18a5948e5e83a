"""Resume: a night that was killed goes on after its last finished stage, with what it was planned with."""

from __future__ import annotations

from prefect import flow

from adapters.world import world_of_process
from flows.endings import ends_told
from flows.nightly import run_stages
from flows.turns import our_turn
from flows.verdicts import raise_if_halted
from tasks.land import go_on
from tasks.stages.night import Night
from tasks.stages.resuming import unfinished_run


@flow(name="resume", flow_run_name="resume {run}", persist_result=False)
@ends_told
def resume(run: str = "") -> Night:
    """Go on with a night after its last finished stage, by the store's own record; nothing lands anew.

    Args:
        run: The run to go on with, or the beginning of its id; without one, the night that was not finished last.
    """
    world = world_of_process()
    found = unfinished_run(world, run)
    with our_turn(f"resume {found}", None) as attempt:
        night, stages = go_on(found, attempt)
        run_stages(night, stages)
        raise_if_halted(night)
        return night
