"""Who is at work on each day, and who of them works which debtor."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from adapters.demo.calendars import CalendarDay
from adapters.demo.draws import Draws
from adapters.demo.people import FULL_DAY_MINUTES
from adapters.demo.plan import DemoPlan
from domain.periods import Period

WEEKEND_SHIFT_PERCENT = 15


def make_calendar(connection: duckdb.DuckDBPyConnection, calendar: tuple[CalendarDay, ...]) -> None:
    """Makes calendar_day."""
    rows = pa.table(
        {
            "jurisdiction": [each.jurisdiction for each in calendar],
            "day": [each.day for each in calendar],
            "is_working_day": [each.is_working_day for each in calendar],
            "name": pa.array([each.name for each in calendar], pa.string()),
        }
    )
    connection.register("rows", rows)
    connection.execute("CREATE TABLE calendar_day AS SELECT * FROM rows")
    connection.unregister("rows")


def make_days(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes book_day: each business date, with the salt that makes its draws its own."""
    rows = ", ".join(
        f"(DATE '{day}', {plan.months.index(Period.of(day))}, {draws.salt(f'{day}')})" for day in plan.days
    )
    connection.execute(f"""
        CREATE TABLE book_day AS
        SELECT day, CAST(month_no AS BIGINT) AS month_no, CAST(salt AS UBIGINT) AS salt,
            vn.is_working_day AS works_vn, cn.is_working_day AS works_cn
        FROM (VALUES {rows}) AS days (day, month_no, salt)
        JOIN calendar_day AS vn USING (day) JOIN calendar_day AS cn USING (day)
        WHERE vn.jurisdiction = 'VN' AND cn.jurisdiction = 'CN'""")


def make_rosters(connection: duckdb.DuckDBPyConnection, draws: Draws) -> None:
    """Makes presence, desk, roster (who works a seat's debtors on a day) and owner (whose debtors they are).

    Debtors are spread over the seats of their department and jurisdiction. A seat whose holder is not posted, or for
    the roster not at work, is taken by the next seat whose holder is: a debtor keeps a collector who is there.
    """
    connection.execute(f"CREATE TABLE presence AS {_presence(draws)}")
    connection.execute("""
        CREATE TABLE seat AS
        SELECT *, row_number() OVER (PARTITION BY jurisdiction, department_id ORDER BY number) - 1 AS seat_no
        FROM (SELECT DISTINCT jurisdiction, department_id, number, employee_id
            FROM posting WHERE role = 'collector')""")
    connection.execute("""
        CREATE TABLE desk AS SELECT jurisdiction, department_id, count(*) AS seats FROM seat GROUP BY ALL""")
    connection.execute(f"CREATE TABLE roster AS {_roster('at_work')}")
    connection.execute(f"CREATE TABLE owner AS {_roster('true')}")


def seat_of(debtor_no: str, draws: Draws) -> str:
    """The seat that works a debtor, among `seats`."""
    return draws.sql("seat", debtor_no, "seats")


def attendance(day: str, draws: Draws) -> str:
    worked = (
        f"{FULL_DAY_MINUTES} * full_time_percent // 100 - {draws.sql('absent minutes', 'number', 20, salted_by='salt')}"
    )
    return f"""
    SELECT employee_id, day, minutes_worked, least(minutes_worked, coalesce(seconds, 0) // 60) AS minutes_on_calls
    FROM (
        SELECT presence.*, {worked} AS minutes_worked FROM presence JOIN book_day USING (day)
        WHERE at_work AND day = {day}
    ) LEFT JOIN (SELECT employee_id, sum(seconds) AS seconds FROM talk WHERE day = {day} GROUP BY employee_id)
    USING (employee_id)"""


def _presence(draws: Draws) -> str:
    """Each posted employee on each day. On days off, the departments of the telephone have a shift."""
    shift = draws.sql("weekend shift", "p.number", 100, salted_by="d.salt")
    return f"""
    SELECT d.day, p.number, p.employee_id, p.jurisdiction, p.department_id, p.team_id, p.role, t.full_time_percent,
        a.employee_id IS NULL AND (
            CASE p.jurisdiction WHEN 'CN' THEN d.works_cn ELSE d.works_vn END
            OR (p.works_weekends AND p.role = 'collector' AND {shift} < {WEEKEND_SHIFT_PERCENT})
        ) AS at_work
    FROM book_day AS d
    JOIN posting AS p ON p.valid_from <= d.day AND coalesce(p.valid_to > d.day, true)
    JOIN term AS t ON t.employee_id = p.employee_id AND t.valid_from <= d.day AND coalesce(t.valid_to > d.day, true)
    LEFT JOIN absence AS a ON a.employee_id = p.employee_id AND a.starts_on <= d.day AND a.ends_on > d.day"""


def _roster(available: str) -> str:
    return f"""
    WITH taken AS (
        SELECT d.day, s.jurisdiction, s.department_id, s.seat_no,
            coalesce(
                min(CASE WHEN p.employee_id IS NOT NULL THEN s.seat_no END) OVER (
                    PARTITION BY d.day, s.jurisdiction, s.department_id ORDER BY s.seat_no
                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING),
                min(CASE WHEN p.employee_id IS NOT NULL THEN s.seat_no END) OVER (
                    PARTITION BY d.day, s.jurisdiction, s.department_id)
            ) AS taken_by
        FROM book_day AS d CROSS JOIN seat AS s
        LEFT JOIN presence AS p ON p.day = d.day AND p.employee_id = s.employee_id
            AND p.department_id = s.department_id AND p.role = 'collector' AND {available}
    )
    SELECT t.day, t.jurisdiction, t.department_id, t.seat_no, s.employee_id, p.team_id
    FROM taken AS t JOIN seat AS s ON s.jurisdiction = t.jurisdiction AND s.department_id = t.department_id
        AND s.seat_no = t.taken_by
    JOIN presence AS p ON p.day = t.day AND p.employee_id = s.employee_id"""
