"""Which date a night belongs to, and what a run is called in the Prefect UI."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prefect.runtime import flow_run

from adapters.settings import read_settings
from tasks.stages.plan import NIGHT


def business_date_of_schedule() -> date:
    """The local date before the scheduled start: the night of the 6th at 02:00 works the 5th."""
    return night_before(flow_run.scheduled_start_time, read_settings().time_zone)


def night_before(scheduled: datetime, time_zone: str) -> date:
    """The local date before `scheduled`.

    >>> from datetime import UTC
    >>> night_before(datetime(2026, 10, 5, 19, 0, tzinfo=UTC), "Asia/Ho_Chi_Minh")
    datetime.date(2026, 10, 5)
    """
    return scheduled.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


def name_of_night() -> str:
    """With its stages, where they are not all of a night's."""
    stages = tuple(map(str, flow_run.parameters.get("stages") or NIGHT))
    return f"night of {_date_of_parameters()}{'' if stages == NIGHT else ': ' + ', '.join(stages)}"


def name_of_rerun() -> str:
    parameters = flow_run.parameters
    first = parameters.get("first_stage") or NIGHT[0]
    what = "what-if" if parameters.get("what_if") else "rerun"
    return f"{what} of {_date_of_parameters()}{'' if first == NIGHT[0] else f' from {first}'}"


def name_of_catch_up() -> str:
    return f"catch-up to {flow_run.parameters.get('until') or business_date_of_schedule()}"


def name_of_allocation_report() -> str:
    return f"allocation of {_date_of_parameters()}{_department()}"


def name_of_report() -> str:
    return f"{flow_run.parameters.get('report')} report of {_date_of_parameters()}{_department()}"


def name_of_month_end() -> str:
    return f"month-end {flow_run.parameters.get('period')}"


def name_of_publish() -> str:
    return f"publish {flow_run.parameters.get('batch')}"


def name_of_simulation() -> str:
    parameters = flow_run.parameters
    return f"simulation of {parameters.get('first_month')} to {parameters.get('last_month')}"


def _department() -> str:
    department = flow_run.parameters.get("department")
    return f", {department}" if department else ""


def _date_of_parameters() -> str:
    given = flow_run.parameters.get("business_date")
    return str(given or business_date_of_schedule())
