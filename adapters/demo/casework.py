"""Cases: restructuring, legal, fraud, complaint and rectification."""

from __future__ import annotations

import duckdb

from adapters.demo.accounts import account_id
from adapters.demo.draws import Draws
from adapters.demo.plan import DemoPlan
from adapters.demo.work import seat_of
from domain.periods import Period


def make_cases(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes case_file: a row per case, with when and how it ended."""
    months = range(len(plan.months))
    kinds = [
        *(_restructuring(plan, index) for index in months),
        *(_drawn_cases("legal", plan, index, "u BETWEEN 7 AND 10 AND hold = 'none'", 2_500, draws) for index in months),
        *(_drawn_cases("fraud", plan, index, "u >= 1", 40, draws) for index in months),
        _complaint(),
        *(_rectification(month, draws) for month in plan.months),
    ]
    connection.execute(f"""
        CREATE TABLE case_file AS
        SELECT * FROM ({" UNION ALL ".join(kinds)})
        WHERE opened_on <= DATE '{plan.end}' AND decided_on > greatest(opened_on, DATE '{plan.start}')""")


def cases(plan: DemoPlan, day: str, draws: Draws) -> str:
    """The cases opened on the day, and those decided. On the first day, those that were running already."""
    opened = f"greatest(opened_on, DATE '{plan.start}')"
    seats = f"""SELECT c.*, {seat_of("c.debtor_no", draws)} AS seat_no FROM case_file AS c
        LEFT JOIN desk USING (jurisdiction, department_id)
        WHERE {opened} = {day} OR decided_on = {day}"""
    known = f"decided_on <= {day}"
    return f"""
    SELECT case_id, {account_id("n")} AS account_id, case_type, source, opened_on, c.department_id,
        o.employee_id AS owner_id, opened_on + 30 AS deadline,
        CASE WHEN {known} THEN decision END AS decision,
        CASE WHEN {known} THEN outcome ELSE 'pending' END AS outcome
    FROM ({seats}) AS c LEFT JOIN owner AS o ON o.day = {day} AND o.jurisdiction = c.jurisdiction
        AND o.department_id = c.department_id AND o.seat_no = c.seat_no"""


def _restructuring(plan: DemoPlan, index: int) -> str:
    """Each case once: in the month that decides it, or in the last one."""
    month = plan.months[index]
    here = "" if index == len(plan.months) - 1 else f"AND decided_on <= DATE '{month.last_day}'"
    return f"""
        SELECT {_case_id("S", "n", "case_on")} AS case_id, n, debtor_no, jurisdiction, 'restructuring' AS case_type,
            'debtor' AS source, case_on AS opened_on, 'restructuring' AS department_id, decided_on,
            CASE decision WHEN 'settled' THEN 'settled at six tenths of the principal'
                WHEN 'restructured' THEN 'new plan of instalments' ELSE 'no ability to pay shown' END AS decision,
            CASE decision WHEN 'settled' THEN 'settled' WHEN 'restructured' THEN 'confirmed' ELSE 'rejected' END
                AS outcome
        FROM month_{index} WHERE case_on IS NOT NULL {here}"""


def _drawn_cases(case_type: str, plan: DemoPlan, index: int, where: str, below: int, draws: Draws) -> str:
    start = plan.months[index].start
    opened = f"DATE '{start}' + CAST({draws.sql(f'{case_type} on {index}', 'n', 25)} AS INTEGER)"
    lasts = f"CAST(10 + {draws.sql(f'{case_type} lasts {index}', 'n', 45)} AS INTEGER)"
    upheld = f"{draws.sql(f'{case_type} upheld {index}', 'n', 100)} < 60"
    source, decided = {"legal": ("house", "suit filed"), "fraud": ("debtor", "forged signature")}[case_type]
    return f"""
        SELECT {_case_id(case_type[0].upper(), "n", opened)}, n, debtor_no, jurisdiction, '{case_type}', '{source}',
            {opened}, 'legal', {opened} + {lasts}, CASE WHEN {upheld} THEN '{decided}' ELSE 'not pursued' END,
            CASE WHEN {upheld} THEN 'confirmed' ELSE 'rejected' END
        FROM month_{index} WHERE {where} AND NOT coalesce(closed_on < {opened}, false)
            AND entry_month < {index} AND {draws.sql(f"{case_type} {index}", "n", 100_000)} < {below}"""


def _complaint() -> str:
    """An upheld complaint becomes a case of the legal department."""
    return f"""
        SELECT {_case_id("C", "n", "answered_on")} || '-' || attempt || strftime(received_on, '%d'), n, debtor_no,
            jurisdiction, 'complaint', 'complaint', answered_on, 'legal', answered_on + 14,
            'collector instructed', 'confirmed'
        FROM complaint WHERE finding = 'upheld'"""


def _rectification(month: Period, draws: Draws) -> str:
    """One partner in four has to put something right, each month; such a case is about no single account."""
    return f"""
        SELECT 'KR-' || '{month}' || '-' || partner_id, NULL, NULL, jurisdiction, 'rectification', partner_id,
            DATE '{month.start}' + 4, 'legal', DATE '{month.start}' + 18, 'put right', 'confirmed'
        FROM partner WHERE {draws.sql(f"rectifies {month}", "partner_no", 100)} < 25"""


def _case_id(letter: str, n: str, on: str) -> str:
    return f"'K{letter}-' || strftime({on}, '%Y%m%d') || '-' || lpad(CAST({n} AS VARCHAR), 9, '0')"
