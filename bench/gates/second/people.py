"""Incidents of personnel masters, time clocks and payroll."""

from __future__ import annotations

from bench.gates.kinds import (
    ALL,
    ONE_ROW,
    WHOLE,
    Kind,
    Rows,
    Unit,
    changed,
    dealt,
    joined_by,
)
from bench.gates.second.forms import A_NIGHT, ROW_OR_ALL, ROW_TO_ALL

KINDS = (
    Kind(
        "people.employment.payroll_numbers_shifted",
        "payroll numbers slipped by some lines in a spreadsheet",
        (Rows("employment", dealt("payroll_number", "(employee_id, valid_from)")),),
        ONE_ROW,
        "the bonus of one is paid to another",
        ROW_OR_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "people.employment.hired_at_renewal",
        "renewing a contract overwrote the day of hiring; the terms hold from years before",
        (Rows("employment", changed(hired_on="$day - 30"), of="hired_on < $day - 60"),),
        ONE_ROW,
        "nobody has terms before being hired; everybody is on probation",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "people.employment.part_time_lost",
        "the interface sends full time for everybody",
        (
            Rows(
                "employment",
                changed(full_time_share="CAST(1 AS DECIMAL(18,10))"),
                of="full_time_share < 1",
            ),
        ),
        ALL,
        "targets of part-timers double, and their bonus is gone; of one it could be a new contract",
        ROW_OR_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "people.employment.ended_while_at_work",
        "exits of a neighbouring unit hit the wrong people: gone for a week, and on the telephone today",
        (
            Rows(
                "employment",
                changed(exited_on="$day - 7", valid_to="$day - 7"),
                of="""valid_to IS NULL AND valid_from < $day - 30
                    AND employee_id IN (SELECT employee_id FROM contacts WHERE channel = 'call')""",
            ),
        ),
        ONE_ROW,
        "who has left makes no calls",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "people.staff_postings.half_a_reorganisation",
        "one department is renamed in the postings, and nowhere else",
        (
            Rows(
                "staff_postings",
                changed(department_id="'phone_mid'"),
                of="department_id = 'phone_late'",
            ),
        ),
        ALL,
        "its cases and budgets are left with a department in which nobody works",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "people.staff_postings.history_rewritten",
        "a transfer overwrote the old posting instead of ending it",
        (
            Rows(
                "staff_postings",
                changed(
                    valid_from="$day",
                    department_id="CASE department_id WHEN 'field' THEN 'legal' ELSE 'field' END",
                ),
                of="role = 'collector' AND valid_to IS NULL AND valid_from < $day - 60",
            ),
        ),
        ONE_ROW,
        "where the collector worked for years, and earned this month's bonus, is lost",
        ROW_TO_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "people.staff_postings.led_in_a_circle",
        "managers report to their own collectors",
        (
            Rows(
                "staff_postings",
                """SELECT e.* EXCLUDE (hit) REPLACE (
                        CASE WHEN hit THEN coalesce(below.employee_id, e.manager_id) ELSE e.manager_id END
                            AS manager_id)
                    FROM extract AS e LEFT JOIN (
                        SELECT manager_id AS leader, min(employee_id) AS employee_id FROM extract
                        WHERE valid_to IS NULL GROUP BY ALL) AS below ON below.leader = e.employee_id""",
                of="employee_id IN (SELECT manager_id FROM staff_postings)",
            ),
        ),
        ONE_ROW,
        "who leads whom has no end",
        ROW_OR_ALL,
        nights=A_NIGHT,
    ),
    Kind(
        "people.attendance.planned_for_worked",
        "the clocks are down, and the plan is sent: everybody was there for 480 minutes",
        (Rows("attendance", changed(minutes_worked="CAST(480 AS BIGINT)")),),
        ALL,
        "minutes are of the clock, not of the plan; part-timers did not work full time",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "people.attendance.absent_present",
        "everybody on the list was at work, those on leave too",
        (
            Rows(
                "attendance",
                joined_by(
                    """SELECT employee_id, $day AS day, CAST(450 AS BIGINT) AS minutes_worked,
                        CAST(0 AS BIGINT) AS minutes_on_calls
                    FROM employees WHERE employee_id NOT IN (SELECT employee_id FROM attendance)"""
                ),
            ),
        ),
        ALL,
        "who is on leave is not at work",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "people.leave.last_day_for_first_back",
        "the new form asks for the last day away; first day back is what is meant",
        (Rows("leave", changed(ends_on="ends_on - 1")),),
        ALL,
        "everybody is at work a day before coming back",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "people.costs.centres_swapped",
        "the costs of two departments stand under each other's cost centre",
        (
            Rows(
                "costs",
                changed(
                    cost_centre="""CASE WHEN cost_centre LIKE 'CC-PE-%' THEN replace(cost_centre, 'CC-PE-', 'CC-LG-')
                        ELSE replace(cost_centre, 'CC-LG-', 'CC-PE-') END"""
                ),
                of="cost_centre LIKE 'CC-PE-%' OR cost_centre LIKE 'CC-LG-%'",
            ),
        ),
        ALL,
        "one department pays for the other's people",
        WHOLE,
        Unit.ONCE,
        A_NIGHT,
    ),
    Kind(
        "people.capacity.without_limit",
        "an upgrade set the default: 9999 accounts for each",
        (Rows("capacity", changed(accounts_at_most="CAST(9999 AS BIGINT)")),),
        ONE_ROW,
        "one collector would be given the whole book",
        ROW_OR_ALL,
        nights=A_NIGHT,
    ),
)
