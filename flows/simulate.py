"""Simulate: what other bonus policies would have cost in months that are past, and whether they pass a check."""

from __future__ import annotations

from decimal import Decimal

from prefect import flow

from adapters.world import world_of_process
from domain.periods import Period
from flows.attempts import attempt_at
from flows.dates import name_of_simulation
from flows.endings import ends_told
from flows.parameters import FolderText, PeriodText
from tasks.simulate import simulate as simulate_months
from tasks.stages.asked import folder_faults


@flow(name="simulate", flow_run_name=name_of_simulation)
@ends_told
def simulate(
    policies: FolderText,
    first_month: PeriodText,
    last_month: PeriodText,
    at_most: Decimal | None = None,
    *,
    within_budget: bool = False,
    as_dated: bool = False,
) -> None:
    """Pay past months by other bonus policies, over the figures that are stored. Nothing of it counts.

    The run fails if the policies are wrong, or if a check that was asked for is broken; its message says why.

    Args:
        policies: Folder with policy files, or laid out as a rule book, on the machine that serves this.
        first_month: First month, such as 2026-01.
        last_month: Last month, such as 2026-09.
        at_most: Fail if all months together are dearer by more than so many percent; empty asks nothing.
        within_budget: Fail if a department costs more than its bonus budget of these months.
        as_dated: Do not pay by a policy before it begins, or after it ends.
    """
    command = f"simulate {first_month} to {last_month}"
    with attempt_at(world_of_process(), command, Period.parse(last_month).last_day, folder_faults(policies)):
        simulate_months(policies, first_month, last_month, at_most, within_budget=within_budget, as_dated=as_dated)
