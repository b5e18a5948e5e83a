"""Allocation report: who got which accounts in a night, what limits cost, and who lost what, and why."""

from __future__ import annotations

from datetime import date

from prefect import flow

from adapters.world import world_of_process
from flows.attempts import attempt_at
from flows.dates import name_of_allocation_report
from flows.endings import ends_told
from tasks.allocation_report import allocation_report as report_allocation
from tasks.stages.asked import reported_faults


@flow(name="allocation-report", flow_run_name=name_of_allocation_report)
@ends_told
def allocation_report(business_date: date, department: str = "") -> None:
    """Write the report of the newest official allocation of the date: page and workbook of the whole book, of each
    department and of each team. The dispatch is not made again.

    Args:
        business_date: Business date of a night that has allocated.
        department: Only this department; empty for the whole book, with each department and team.
    """
    world = world_of_process()
    faults = reported_faults(world, business_date, department)
    with attempt_at(world, f"allocation report {business_date}", business_date, faults):
        report_allocation(business_date, department)
