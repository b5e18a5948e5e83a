"""Which date a night belongs to, and what a run is called in the Prefect UI."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prefect.runtime import flow_run

from adapters.settings import read_settings


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
    return f"night of {_date_of_parameters()}"


def name_of_rerun() -> str:
    parameters = flow_run.parameters
    return f"{'what-if' if parameters.get('what_if') else 'rerun'} of {_date_of_parameters()}"


def name_of_allocation_report() -> str:
    return f"allocation of {_date_of_parameters()}"


def name_of_month_end() -> str:
    return f"month-end {flow_run.parameters.get('period')}"


def name_of_publish() -> str:
    return f"publish {flow_run.parameters.get('batch')}"


def name_of_simulation() -> str:
    parameters = flow_run.parameters
    return f"simulation of {parameters.get('first_month')} to {parameters.get('last_month')}"


def _date_of_parameters() -> str:
    given = flow_run.parameters.get("business_date")
    return str(given or business_date_of_schedule())
