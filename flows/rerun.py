"""Rerun: any date again, officially or as a what-if, ending with a comparison to the official result."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from prefect import flow

from adapters.world import world_of_process
from domain.ids import AttemptId
from domain.manifest import Stage
from flows.attempts import attempt_at
from flows.dates import name_of_rerun
from flows.endings import ends_told
from flows.nightly import run_stages
from flows.parameters import FirstStage
from flows.turns import our_turn
from flows.verdicts import raise_if_halted
from tasks.land import land
from tasks.night import compare
from tasks.stages.asked import folder_faults, night_faults, official_faults
from tasks.stages.compare import RunComparison, official_before
from tasks.stages.plan import Request, with_stages


@flow(name="rerun", flow_run_name=name_of_rerun)
@ends_told
def rerun(
    business_date: date, first_stage: FirstStage = "gate", rules: str = "", *, what_if: bool = True
) -> RunComparison | None:
    """Run the date again with what has landed for it by now; without an earlier official result nothing is compared.

    Args:
        business_date: Business date to run again.
        first_stage: First stage to run; the gate always comes first, because every stage needs its verdict.
        rules: Folder of rule files that take the place of the book's; empty for the book as it is.
        what_if: Compute beside the official result, without releasing, accepting or posting anything.
    """
    world = world_of_process()
    faults = (
        *night_faults(world, business_date),
        *folder_faults(rules),
        *official_faults(rules, what_if=what_if),
    )
    request = with_stages(
        Request(business_date, what_if=what_if, overlay=Path(rules) if rules else None), Stage(first_stage)
    )
    with _attempt(business_date, faults, what_if=what_if) as attempt:
        night = land(request, attempt)
        official = official_before(world, night)
        run_stages(night, request.stages)
        raise_if_halted(night)
        return compare(night, official) if official and Stage.MEASURE in request.stages else None


def _attempt(day: date, faults: Iterable[str], *, what_if: bool) -> AbstractContextManager[AttemptId]:
    """What-ifs change nothing, and may run beside anything."""
    if what_if:
        return attempt_at(world_of_process(), f"what-if {day}", day, faults)
    return our_turn(f"rerun {day}", day, faults)
