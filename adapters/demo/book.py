"""Writes a demo book: plans the months of every account, then writes each day's files from them."""

from __future__ import annotations

import json
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import duckdb

from adapters.demo import activity, casework, partners, payments, states, work
from adapters.demo.accounts import contact_points, make_accounts, parties
from adapters.demo.calendars import calendar_days
from adapters.demo.draws import MACROS, Draws
from adapters.demo.months import make_roll_rates, open_month, plan_month
from adapters.demo.people import load_staff, staff_of
from adapters.demo.plan import LABEL, DemoPlan, DemoSummary
from adapters.demo.write import LandingFiles, Write, replace_when_whole
from domain.catalogue import CATALOGUE
from domain.periods import Period

Progress = Callable[[str, float], None]

_ROWS_OF_A_BATCH = 3_000_000  # accounts times days whose contacts are made in one statement


def _no_progress(_step: str, _done: float) -> None:
    return None


def write_demo_book(
    plan: DemoPlan,
    landing: Path,
    *,
    memory_limit: str = "4GB",
    threads: int = 2,
    progress: Progress = _no_progress,
    write: Write = replace_when_whole,
) -> DemoSummary:
    """Writes `landing/<date>/<table>.parquet` for the catalogue's tables, and `landing/book.json` with the label.

    The same plan gives the same bytes, whatever the memory and the number of threads. `progress` is told each step and
    the share of the work that is done; `write` makes a file appear whole.
    """
    draws = Draws(plan.seed)
    landing.mkdir(parents=True, exist_ok=True)
    with _workbench(landing, memory_limit, threads) as connection:
        files = LandingFiles(connection, landing, write)
        _make_book(connection, plan, draws, progress)
        _write_label(plan, landing, write)
        _write_contacts(connection, plan, files, draws, progress)
        _make_results(connection, plan, draws)
        _write_days(connection, plan, files, draws, progress)
        return _summary(connection, plan, files)


@contextmanager
def _workbench(landing: Path, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database beside the files, so that tables larger than memory have a place; it is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=landing, prefix=".demo-") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": str(threads),
            "temp_directory": f"{folder}/spill",
        }
        connection = duckdb.connect(f"{folder}/book.duckdb", config=config)
        try:
            connection.execute(MACROS)
            yield connection
        finally:
            connection.close()


def _make_book(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws, progress: Progress) -> None:
    progress("people and calendars", 0.0)
    first, last = plan.months[0], plan.months[-1]
    work.make_calendar(connection, calendar_days(date(first.year, 1, 1), date(last.year + 1, 2, 1)))
    work.make_days(connection, plan, draws)
    load_staff(connection, staff_of(plan, draws), draws)
    work.make_rosters(connection, draws)
    partners.make_partners(connection, plan, draws)
    progress("accounts", 0.02)
    make_accounts(connection, plan, draws)
    make_roll_rates(connection)
    for index, month in enumerate(plan.months):
        progress(f"the month {month}", 0.05 + 0.1 * index / len(plan.months))
        _make_month(connection, plan, index, draws)
    partners.end_closed_placements(connection, plan)
    payments.make_payments(connection, plan, draws)
    states.make_opening_owners(connection, plan, draws)
    activity.make_activity_tables(connection)


def _make_month(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, index: int, draws: Draws) -> None:
    open_month(connection, plan, index)
    if index == 0:
        partners.place_opening(connection, plan, draws)
    partners.place_batch(connection, plan, index, draws)
    plan_month(connection, plan, index, draws)


def _write_label(plan: DemoPlan, landing: Path, write: Write) -> None:
    text = json.dumps({"label": LABEL, "plan": asdict(plan)}, default=str, indent=2, sort_keys=True)

    def fill(path: Path) -> None:
        path.write_text(text + "\n", encoding="utf-8")

    write(landing / "book.json", fill)


def _write_contacts(
    connection: duckdb.DuckDBPyConnection, plan: DemoPlan, files: LandingFiles, draws: Draws, progress: Progress
) -> None:
    for index, days in _batches(plan):
        progress(f"contacts from {days[0]}", 0.15 + 0.45 * (days[0] - plan.start).days / len(plan.days))
        activity.act(connection, plan, index, days, draws)
        for day in days:
            files.table(day, CATALOGUE["contacts"], activity.contacts(day), "n, attempt")
    connection.execute("DROP TABLE contact_batch")


def _batches(plan: DemoPlan) -> Iterator[tuple[int, tuple[date, ...]]]:
    """Days within one month, as many at once as keep the statement small."""
    size = max(1, _ROWS_OF_A_BATCH // plan.accounts)
    for index, month in enumerate(plan.months):
        days = iter(day for day in plan.days if day in month)
        while batch := tuple(islice(days, size)):
            yield index, batch


def _make_results(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    activity.make_promise_results(connection)
    casework.make_cases(connection, plan, draws)
    partners.make_claims(connection, plan, draws)


def _write_days(
    connection: duckdb.DuckDBPyConnection, plan: DemoPlan, files: LandingFiles, draws: Draws, progress: Progress
) -> None:
    wanted = set(plan.dates_of_state)
    changes = _StaffChanges(connection)
    for done, day in enumerate(plan.days):
        progress(f"files of {day}", 0.6 + 0.4 * done / len(plan.days))
        _write_events(plan, files, day, draws)
        if day in wanted:
            _write_states(plan, files, day, draws, changes)
    files.table(plan.start, CATALOGUE["opening_dispatch"], states.opening_dispatch(plan), "n")


def _write_events(plan: DemoPlan, files: LandingFiles, day: date, draws: Draws) -> None:
    at = f"DATE '{day}'"
    for name, query in (
        ("payments", payments.payments(at)),
        ("promises", activity.promises(at)),
        ("visits", activity.visits(at)),
        ("complaints", activity.complaints(at)),
        ("reviews", activity.reviews(at)),
        ("partner_reviews", activity.partner_reviews(at)),
        ("partner_reports", partners.partner_reports(plan, at, draws)),
        ("cases", casework.cases(plan, at, draws)),
        ("attendance", work.attendance(at, draws)),
        ("partner_claims", partners.partner_claims(at)),
    ):
        files.table(day, CATALOGUE[name], query)


def _write_states(plan: DemoPlan, files: LandingFiles, day: date, draws: Draws, changes: _StaffChanges) -> None:
    """Each table with the version that tells whether it is as it was at the date before."""
    at, month = f"DATE '{day}'", Period.of(day)
    index = plan.months.index(month)
    staff = changes.before(day)
    files.table(day, CATALOGUE["accounts"], states.accounts(plan, index, at), "n")
    for name, version, query in (
        ("parties", None, parties(draws)),
        ("contact_points", None, contact_points(plan, draws)),
        ("employees", staff, states.employees(at)),
        ("employment", staff, states.employment(at)),
        ("staff_postings", staff, states.staff_postings(at)),
        ("leave", staff, states.leave(at)),
        ("skills", staff, states.skills(at, draws)),
        ("capacity", staff, states.capacity(at)),
        ("partners", None, partners.partners(plan)),
        ("placements", day, partners.placements(at)),
        ("calendar", None, states.calendar()),
        ("costs", month, states.costs(plan, at, draws)),
        ("budgets", None, states.budgets(plan)),
    ):
        files.state(day, CATALOGUE[name], query, version=version)


class _StaffChanges:
    """The days on which anything about the staff changes, so that the days between copy their files."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        rows = connection.execute("""
            SELECT DISTINCT day FROM (
                SELECT unnest([hired_on, exited_on]) AS day FROM employee
                UNION ALL SELECT unnest([valid_from, valid_to]) FROM posting
                UNION ALL SELECT unnest([valid_from, valid_to]) FROM term
                UNION ALL SELECT unnest([starts_on, starts_on - 14]) FROM absence
            ) WHERE day IS NOT NULL ORDER BY day""").fetchall()
        self._days = [day for (day,) in rows]

    def before(self, day: date) -> int:
        """How many such days there were up to and including `day`."""
        return bisect_right(self._days, day)


def _summary(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, files: LandingFiles) -> DemoSummary:
    kinds = connection.execute(
        "SELECT kind, count(*) FROM claim WHERE kind <> 'agrees' GROUP BY kind ORDER BY kind"
    ).fetchall()
    return DemoSummary(
        plan, files.files, MappingProxyType(dict(sorted(files.rows.items()))), MappingProxyType(dict(kinds))
    )
