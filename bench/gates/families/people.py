"""Employees, their places and hours; partners; calendars."""

from __future__ import annotations

from decimal import Decimal

from bench.gates.kinds import (
    ALL,
    FIVE,
    ONE,
    ONE_ROW,
    TWENTY,
    WHOLE,
    Kind,
    Rows,
    Unit,
    added,
    among,
    changed,
    dealt,
    joined_by,
    lost,
    swapped,
)

_NOW = "(valid_to IS NULL OR valid_to > $day)"
_GROUPS = (Decimal(1), Decimal(3))

KINDS = (
    Kind(
        "people.postings.overlapping",
        "people with two postings at the same time",
        (Rows("staff_postings", added(valid_from="valid_from + 1", department_id="'legal'"), of=_NOW),),
        ONE_ROW,
        "nobody belongs to two teams at once",
    ),
    Kind(
        "people.postings.team_missing",
        "the postings of a whole team are missing",
        (Rows("staff_postings", lost(), of=among("team_id", "staff_postings", "valid_to IS NULL")),),
        Decimal(1),
        "a team does not vanish overnight",
        _GROUPS,
        Unit.GROUPS,
    ),
    Kind(
        "people.postings.all_ended",
        "postings that ended yesterday",
        (Rows("staff_postings", changed(valid_to="$day - 1"), of="valid_to IS NULL AND valid_from < $day - 1"),),
        FIVE,
        "people leave one by one",
    ),
    Kind(
        "people.postings.all_leaders",
        "everybody is a leader",
        (Rows("staff_postings", changed(role="'leader'"), of="role = 'collector'"),),
        TWENTY,
        "teams have one leader",
    ),
    Kind(
        "people.postings.one_department",
        "everybody is in one department",
        (Rows("staff_postings", changed(department_id="'legal'"), of="valid_to IS NULL AND department_id <> 'legal'"),),
        TWENTY,
        "reorganisations are announced",
    ),
    Kind(
        "people.postings.teams_swapped",
        "two teams have each other's names",
        (
            Rows(
                "staff_postings",
                changed(
                    team_id="CASE team_id WHEN 'PE-1' THEN 'PL-1' ELSE 'PE-1' END",
                    department_id="CASE team_id WHEN 'PE-1' THEN 'phone_late' ELSE 'phone_early' END",
                ),
                of="valid_to IS NULL AND team_id IN ('PE-1', 'PL-1')",
            ),
        ),
        ALL,
        "pay depends on the team; reorganisations are announced",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.postings.own_manager",
        "people who lead themselves",
        (Rows("staff_postings", changed(manager_id="employee_id"), of="manager_id IS NOT NULL"),),
        ONE_ROW,
        "nobody does",
    ),
    Kind(
        "people.employees.missing",
        "employees are missing while their postings are there",
        (Rows("employees", lost()),),
        ONE_ROW,
        "somebody would not be paid",
    ),
    Kind(
        "people.employees.everywhere_missing",
        "a person is missing from employees, postings, terms and attendance",
        tuple(
            Rows(table, lost(), of=among("employee_id", "staff_postings", "valid_to IS NULL AND role = 'collector'"))
            for table in ("employees", "staff_postings", "employment", "capacity", "skills", "leave", "attendance")
        ),
        Decimal(1),
        "who worked yesterday is still known today, be it as one who left",
        _GROUPS,
        Unit.GROUPS,
    ),
    Kind(
        "people.employees.one_name",
        "all employees have one name",
        (Rows("employees", changed(full_name="'Demo Employee'")),),
        TWENTY,
        "a filler",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "people.employees.names_of_others",
        "employees with the names of others",
        (Rows("employees", dealt("full_name", "employee_id")),),
        TWENTY,
        "people marry, but not a fifth of them on one day",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "people.leave.everybody_away",
        "everybody is on leave today",
        (
            Rows(
                "leave",
                joined_by(
                    "SELECT DISTINCT employee_id, $day AS starts_on, $day + 5 AS ends_on, 'annual' AS leave_type "
                    "FROM staff_postings WHERE valid_to IS NULL "
                    "AND employee_id NOT IN (SELECT employee_id FROM extract WHERE starts_on = $day)"
                ),
            ),
        ),
        ALL,
        "and yet they call",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.leave.endless",
        "leave that ends in ten years",
        (Rows("leave", changed(ends_on="ends_on + 3650")),),
        FIVE,
        "nobody is away for ten years; one may be a mistyped year",
    ),
    Kind(
        "people.leave.starts_and_ends_swapped",
        "first and last day of leave swapped",
        (Rows("leave", swapped("starts_on", "ends_on")),),
        ONE_ROW,
        "nobody is back before going",
    ),
    Kind(
        "people.employment.shares_as_percent",
        "full-time shares as 100 instead of 1",
        (Rows("employment", changed(full_time_share="full_time_share * 100")),),
        ONE_ROW,
        "nobody works a hundred jobs",
    ),
    Kind(
        "people.employment.all_left",
        "everybody left last week",
        (Rows("employment", changed(exited_on="$day - 7"), of="exited_on IS NULL AND hired_on < $day - 7"),),
        FIVE,
        "and yet they work; one or two at once may have left",
    ),
    Kind(
        "people.employment.hired_after_their_terms",
        "terms that hold before the person was hired",
        (Rows("employment", changed(hired_on="valid_from + 30")),),
        ONE_ROW,
        "nobody has terms before",
    ),
    Kind(
        "people.employment.payroll_numbers_equal",
        "everybody has one payroll number",
        (Rows("employment", changed(payroll_number="'PR000001'")),),
        FIVE,
        "two people would be paid as one",
    ),
    Kind(
        "people.employment.missing",
        "terms of employment of some are missing",
        (Rows("employment", lost(), of="valid_to IS NULL"),),
        ONE_ROW,
        "they would not be paid",
    ),
    Kind(
        "people.capacity.zero",
        "nobody may own an account",
        (Rows("capacity", changed(accounts_at_most="0"), of="accounts_at_most > 0"),),
        TWENTY,
        "the book would have no owners",
    ),
    Kind(
        "people.capacity.in_hours",
        "minutes of a day in hours: 8",
        (Rows("capacity", changed(minutes_per_day="minutes_per_day // 60")),),
        TWENTY,
        "nobody works eight minutes a day",
    ),
    Kind(
        "people.attendance.in_hours",
        "minutes worked in hours",
        (Rows("attendance", changed(minutes_worked="minutes_worked // 60", minutes_on_calls="0")),),
        TWENTY,
        "one may have left at once; a fifth did not",
    ),
    Kind(
        "people.attendance.calls_longer_than_work",
        "more minutes on calls than at work",
        (Rows("attendance", changed(minutes_on_calls="minutes_worked + 60")),),
        ONE_ROW,
        "nobody calls when away",
    ),
    Kind(
        "people.attendance.all_equal",
        "everybody was there for 480 minutes",
        (Rows("attendance", changed(minutes_worked="480")),),
        ALL,
        "a filler: on other days nobody is there to the minute",
        (TWENTY, ALL),
    ),
    Kind(
        "people.attendance.team_missing",
        "attendance of a whole team is missing",
        (
            Rows(
                "attendance",
                lost(),
                of="employee_id IN (SELECT employee_id FROM staff_postings WHERE valid_to IS NULL AND "
                + among("team_id", "staff_postings", "valid_to IS NULL AND team_id LIKE '%-1'")
                + ")",
            ),
        ),
        Decimal(1),
        "they called, so they were there",
        _GROUPS,
        Unit.GROUPS,
    ),
    Kind(
        "people.attendance.doubled_under_others",
        "attendance of people who were on leave",
        (
            Rows(
                "attendance",
                joined_by(
                    "SELECT DISTINCT employee_id, $day AS day, 470 AS minutes_worked, 0 AS minutes_on_calls "
                    "FROM leave WHERE starts_on <= $day AND ends_on > $day "
                    "AND employee_id NOT IN (SELECT employee_id FROM extract)"
                ),
            ),
        ),
        ALL,
        "nobody is away and at work",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.calendar.flags_inverted",
        "working days are days off, and days off working days",
        (Rows("calendar", changed(is_working_day="NOT is_working_day")),),
        ONE,
        "decrees move single days; more than a few do not change between two nights",
    ),
    Kind(
        "people.calendar.of_last_year",
        "last year's calendar",
        (Rows("calendar", changed(day="day - 365")),),
        ALL,
        "today is not in it, or the wrong one is",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.calendar.ends_today",
        "a calendar without the days to come",
        (Rows("calendar", lost(), of="day > $day"),),
        ALL,
        "no date can be counted on",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.calendar.no_holidays",
        "every weekday is a working day",
        (Rows("calendar", changed(is_working_day="true", name="NULL"), of="name IS NOT NULL AND isodow(day) < 6"),),
        ALL,
        "Tết is a working day",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.calendar.one_jurisdiction",
        "the calendar of one country is missing",
        (Rows("calendar", lost(), of="jurisdiction = 'CN'"),),
        ALL,
        "its people would work on holidays",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.placements.recalled_before_placed",
        "placements that were recalled before they began",
        (Rows("placements", changed(recalled_on="placed_on - 10")),),
        ONE_ROW,
        "nobody gives back what he does not have",
    ),
    Kind(
        "people.placements.all_recalled",
        "all placements were recalled today",
        (
            Rows(
                "placements",
                changed(recalled_on="$day", recall_reason="'closed'"),
                of="recalled_on IS NULL AND placed_on <= $day",
            ),
        ),
        TWENTY,
        "a partner may lose its accounts, but not without anybody's knowing",
    ),
    Kind(
        "people.placements.two_partners",
        "accounts placed with two partners at once",
        (
            Rows(
                "placements",
                added(
                    placement_id="placement_id || 'B'",
                    partner_id="(SELECT min(partner_id) FROM partners WHERE partners.partner_id <> extract.partner_id)",
                ),
                of="recalled_on IS NULL",
            ),
        ),
        ONE_ROW,
        "placements are exclusive: two would be paid for one recovery",
    ),
    Kind(
        "people.placements.in_the_future",
        "placements that begin next month",
        (Rows("placements", changed(placed_on="$day + 30", term_ends_on="$day + 210", recalled_on="NULL")),),
        ONE,
        "what is placed tomorrow comes tomorrow",
    ),
    Kind(
        "people.placements.one_partner",
        "all placements are one partner's",
        (Rows("placements", changed(partner_id="(SELECT min(partner_id) FROM partners)"), of="recalled_on IS NULL"),),
        TWENTY,
        "accounts do not change their partner without a recall",
    ),
    Kind(
        "people.placements.lost",
        "placements are missing: past ones stay in the extract",
        (Rows("placements", lost()),),
        ONE,
        "none of them can vanish",
        (ONE, FIVE, TWENTY, ALL),
    ),
    Kind(
        "people.placements.terms_moved",
        "terms of placements that moved by a year",
        (Rows("placements", changed(term_ends_on="term_ends_on + 365")),),
        TWENTY,
        "contracts are for half a year",
    ),
    Kind(
        "people.partners.ended",
        "partners whose contracts ended last year",
        (Rows("partners", changed(active_to="$day - 365"), of="active_from < $day - 365"),),
        ONE_ROW,
        "and yet they have accounts",
    ),
    Kind(
        "people.partners.room",
        "partners that may have a hundred times the accounts",
        (Rows("partners", changed(accounts_at_most="accounts_at_most * 100")),),
        ALL,
        "a slip of two digits",
        (ALL,),
    ),
    Kind(
        "people.costs.month_missing",
        "the last month of costs is missing",
        (Rows("costs", lost(), of="month = (SELECT max(month) FROM costs)"),),
        ALL,
        "a month would seem to be free",
        WHOLE,
        Unit.ONCE,
    ),
    Kind(
        "people.costs.negative",
        "costs with the opposite sign",
        (Rows("costs", changed(amount="-amount")),),
        ONE_ROW,
        "nothing that costs is an income",
    ),
    Kind(
        "people.costs.in_thousands",
        "costs in thousands",
        (Rows("costs", changed(amount="round(amount / 1000, 0)::DECIMAL(18,4)")),),
        TWENTY,
        "a centre does not cost a thousandth",
    ),
)
