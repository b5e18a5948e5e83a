"""Report: the daily, weekly or monthly report of a night that has measured, written again."""

from __future__ import annotations

from datetime import date

from prefect import flow

from adapters.world import world_of_process
from flows.attempts import attempt_at
from flows.dates import name_of_report
from flows.endings import ends_told
from flows.parameters import LanguageName, ReportName
from tasks.report import write_report
from tasks.stages.asked import reported_faults


@flow(name="report", flow_run_name=name_of_report)
@ends_told
def report(
    business_date: date, report: ReportName = "daily", department: str = "", language: LanguageName = ""
) -> None:
    """Write a report of a date again: for one department, or in another language. No figure is computed anew.

    Args:
        business_date: Business date of a night that has measured.
        report: Of the day, of the week up to it, or of the month up to it.
        department: Only this department; empty for the whole book, with each department and team.
        language: English, Vietnamese or Chinese; empty for that of the settings.
    """
    world = world_of_process()
    faults = reported_faults(world, business_date, department)
    with attempt_at(world, f"{report} report {business_date}", business_date, faults):
        write_report(business_date, report, department, language)
