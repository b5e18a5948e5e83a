"""The whole tables of a date: accounts, staff, partners, calendar, costs, budgets; and who owns what at the opening."""

from __future__ import annotations

import duckdb

from adapters.demo.accounts import CURRENCY, account_id, debtor_id, money
from adapters.demo.activity import SEGMENT
from adapters.demo.draws import Draws
from adapters.demo.people import DEPARTMENTS, FULL_DAY_MINUTES
from adapters.demo.plan import DemoPlan
from adapters.demo.standing import standing
from adapters.demo.work import seat_of

CAPACITY_PERCENT = 95  # of what is there to be worked: a little too few people


def accounts(plan: DemoPlan, index: int, day: str) -> str:
    return f"""
    SELECT n, {account_id("n")} AS account_id, {debtor_id("debtor_no")} AS debtor_id, product,
        'BR' || lpad(CAST(1 + debtor_no % 40 AS VARCHAR), 3, '0') AS branch_id, region,
        CASE jurisdiction WHEN 'CN' THEN 'zh' ELSE 'vi' END AS language, {CURRENCY} AS currency, jurisdiction,
        CASE jurisdiction WHEN 'CN' THEN 'Asia/Shanghai' ELSE 'Asia/Ho_Chi_Minh' END AS time_zone,
        CASE n % 7 WHEN 0 THEN 'purchased 2024' WHEN 1 THEN 'consumer finance' ELSE 'retail bank' END AS originator,
        opened_on, {money("principal")} AS principal, {money("balance")} AS balance,
        {money("overdue")} AS overdue_amount, days_past_due,
        CASE WHEN charged_off_on <= {day} THEN charged_off_on END AS charged_off_on,
        CASE WHEN closed THEN 'closed' WHEN written_off THEN 'charged_off'
            WHEN restructured_on <= {day} THEN 'restructured' ELSE 'open' END AS status,
        hold, consent
    FROM ({standing(f"month_{index}", day, plan.months[index], index)}) WHERE entered"""


def make_opening_owners(connection: duckdb.DuckDBPyConnection, plan: DemoPlan, draws: Draws) -> None:
    """Makes opening_owner, the owners on the first day, and load, what each department has to work on that day."""
    month = f"(SELECT *, DATE '{plan.start}' AS day FROM month_0)"
    connection.execute(f"""
        CREATE TABLE opening_owner AS
        WITH working AS (
            SELECT *, {SEGMENT} AS segment FROM ({standing(month, "day", plan.months[0], 0)}) WHERE entered
        ),
        seated AS (
            SELECT w.*, {seat_of("debtor_no", draws)} AS seat_no
            FROM working AS w LEFT JOIN desk ON desk.jurisdiction = w.jurisdiction AND desk.department_id = w.segment
        )
        SELECT s.n, s.jurisdiction, s.segment, p.partner_id, o.employee_id, o.team_id
        FROM seated AS s LEFT JOIN owner AS o ON o.day = s.day AND o.jurisdiction = s.jurisdiction
            AND o.department_id = s.segment AND o.seat_no = s.seat_no
        LEFT JOIN partner AS p ON p.partner_no = s.partner_no AND s.segment = 'partner'""")
    connection.execute("""
        CREATE TABLE load AS
        SELECT jurisdiction, segment AS department_id, count(*) AS accounts,
            coalesce((SELECT sum(full_time_percent) FROM presence AS p
                WHERE p.day = (SELECT min(day) FROM book_day) AND p.role = 'collector'
                    AND p.jurisdiction = opening_owner.jurisdiction AND p.department_id = opening_owner.segment), 100)
                AS full_time_percent
        FROM opening_owner GROUP BY ALL""")


def opening_dispatch(plan: DemoPlan) -> str:
    return f"""
    SELECT n, {account_id("n")} AS account_id,
        CASE WHEN partner_id IS NOT NULL THEN 'partner' WHEN employee_id IS NOT NULL THEN 'employee' ELSE 'house' END
            AS owner_kind,
        coalesce(partner_id, employee_id, 'HOUSE') AS owner_id,
        CASE WHEN employee_id IS NOT NULL THEN segment END AS department_id, team_id, DATE '{plan.start}' AS valid_from
    FROM opening_owner"""


def employees(day: str) -> str:
    return f"SELECT * FROM employee WHERE hired_on <= {day}"


def employment(day: str) -> str:
    """What holds from a later day on is not in the system yet; neither are exits to come."""
    return f"""
    SELECT t.employee_id, t.valid_from, {_known("t.valid_to", day)} AS valid_to, contract_type,
        CAST(CAST(full_time_percent AS DECIMAL(3,0)) * CAST('0.01' AS DECIMAL(2,2)) AS DECIMAL(18,10))
            AS full_time_share,
        hired_on, hired_on + 60 AS probation_until, {_known("exited_on", day)} AS exited_on, cost_centre,
        'PR' || lpad(CAST(number AS VARCHAR), 6, '0') AS payroll_number, {CURRENCY} AS currency
    FROM term AS t JOIN employee USING (employee_id) WHERE t.valid_from <= {day}"""


def staff_postings(day: str) -> str:
    return f"""
    SELECT employee_id, valid_from, {_known("valid_to", day)} AS valid_to, department_id, team_id, role, manager_id
    FROM posting WHERE valid_from <= {day}"""


def leave(day: str) -> str:
    """Annual and parental leave is known two weeks ahead, the rest on its first day."""
    ahead = "CASE WHEN leave_type IN ('annual', 'parental') THEN 14 ELSE 0 END"
    return f"SELECT * FROM absence WHERE starts_on - {ahead} <= {day}"


def skills(day: str, draws: Draws) -> str:
    """Everybody's language and card; each other product for six in ten; a licence in the field and in legal work."""
    draw = draws.sql("skill", "number * 8 + skill_no", 100)
    return f"""
    SELECT employee_id, language AS skill FROM employee WHERE hired_on <= {day}
    UNION ALL
    SELECT employee_id, ['card', 'cash_loan', 'instalment', 'two_wheeler', 'overdraft'][skill_no]
    FROM employee CROSS JOIN (SELECT unnest(range(1, 6)) AS skill_no)
    WHERE hired_on <= {day} AND (skill_no = 1 OR {draw} < 60)
    UNION ALL
    SELECT DISTINCT employee_id, CASE department_id WHEN 'field' THEN 'driving licence' ELSE 'court practice' END
    FROM posting WHERE department_id IN ('field', 'legal') AND valid_from <= {day}"""


def capacity(day: str) -> str:
    """A row for each posting and each change of hours within it. Leaders and managers own no accounts."""
    share = f"t.full_time_percent * l.accounts * {CAPACITY_PERCENT} // (100 * l.full_time_percent)"
    return f"""
    SELECT p.employee_id, greatest(p.valid_from, t.valid_from) AS valid_from,
        {FULL_DAY_MINUTES} * t.full_time_percent // 100 AS minutes_per_day,
        CASE WHEN p.role = 'collector' THEN greatest(1, coalesce({share}, 0)) ELSE 0 END AS accounts_at_most
    FROM posting AS p JOIN term AS t ON t.employee_id = p.employee_id
        AND coalesce(t.valid_to > p.valid_from, true) AND coalesce(p.valid_to > t.valid_from, true)
    LEFT JOIN load AS l ON l.jurisdiction = p.jurisdiction AND l.department_id = p.department_id
    WHERE greatest(p.valid_from, t.valid_from) <= {day}"""


def calendar() -> str:
    return "SELECT * FROM calendar_day"


def costs(plan: DemoPlan, day: str, draws: Draws) -> str:
    """Of every month that has begun, in the currency of the cost centre."""
    months = ", ".join(f"(DATE '{month.start}', {index})" for index, month in enumerate(plan.months))
    base = "CASE jurisdiction WHEN 'CN' THEN 800000 ELSE 14000000 END * people"
    wobble = draws.sql("cost", "(key * 8 + type_no) * 32 + month_no", 20)
    return f"""
    SELECT cost_centre, month, cost_type, {money("minor")} AS amount, {CURRENCY} AS currency
    FROM (
        SELECT *, {base} * percent // 100 * (90 + {wobble}) // 100 AS minor
        FROM (SELECT cost_centre, jurisdiction, count(*) AS people, min(number) AS key FROM employee GROUP BY ALL)
        CROSS JOIN (VALUES ('staff', 100, 0), ('telephony', 6, 1), ('travel', 4, 2), ('legal', 3, 3), ('other', 5, 4))
            AS types (cost_type, percent, type_no)
        CROSS JOIN (VALUES {months}) AS months (month, month_no)
    ) WHERE month <= {day}"""


def budgets(plan: DemoPlan) -> str:
    """Of every month of the book, in đồng for both jurisdictions together."""
    months = ", ".join(f"(DATE '{month.start}')" for month in plan.months)
    departments = ", ".join(f"('{each.department_id}', {each.share_percent})" for each in DEPARTMENTS)
    recovery = f"CAST({plan.accounts} AS BIGINT) * 9000 * share_percent"
    return f"""
    SELECT department_id, month, budget_type, CAST(minor AS DECIMAL(18,4)) AS amount, 'VND' AS currency
    FROM (
        SELECT *, CASE budget_type WHEN 'recovery' THEN {recovery} WHEN 'bonus' THEN {recovery} * 3 // 100
            ELSE CAST({plan.employees} AS BIGINT) * 165000 * share_percent END AS minor
        FROM (VALUES {departments}) AS departments (department_id, share_percent)
        CROSS JOIN (VALUES ('bonus'), ('recovery'), ('cost')) AS types (budget_type)
        CROSS JOIN (VALUES {months}) AS months (month)
    )"""


def _known(column: str, day: str) -> str:
    return f"CASE WHEN {column} <= {day} THEN {column} END"
