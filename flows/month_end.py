"""Month-end: what is owed for a month, frozen into batches for people to review."""

from __future__ import annotations

from prefect import flow

from adapters.world import world_of_process
from domain.periods import Period
from flows.dates import name_of_month_end
from flows.endings import ends_told
from flows.events import tell_approval_waits
from flows.parameters import By, PeriodText
from flows.turns import our_turn
from tasks.pay import prepare, review
from tasks.stages.asked import name_faults, period_faults
from tasks.stages.month_end import Prepared


@flow(name="month-end", flow_run_name=name_of_month_end)
@ends_told
def month_end(period: PeriodText, by: By) -> Prepared:
    """Compute a month's payouts from its last official night, and freeze them, one batch per department or partner.

    Approving and publishing are decisions of people, and join this flow by the batch, not inside it.

    Args:
        period: Month, such as 2026-10.
        by: Your name, as it is to be recorded; who prepares does not approve.
    """
    faults = (*period_faults(world_of_process(), period), *name_faults(by))
    with our_turn(f"month-end {period}", Period.parse(period).last_day, faults) as attempt:
        prepared = prepare(period, attempt, by)
        review(prepared, period)
    tell_approval_waits(prepared.batches)
    return prepared
