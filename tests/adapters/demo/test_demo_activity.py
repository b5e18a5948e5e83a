"""Whoever acts on an account is there that day, and what was promised and planned has a result."""

from __future__ import annotations

from datetime import date

import pytest

EVENTS_OF_EMPLOYEES = {"contacts": "CAST(started_wall AS DATE)", "visits": "planned_on", "reviews": "reviewed_on"}


@pytest.mark.parametrize(
    "table", ["payments", "contacts", "promises", "visits", "complaints", "placements", "partner_claims", "cases"]
)
def test_every_account_named_is_in_the_book_that_day(book, table):
    assert (
        book.value(f"""
        SELECT count(*) FROM {table} AS e LEFT JOIN accounts AS a
            ON a.account_id = e.account_id AND a.landed_on = e.landed_on
        WHERE e.account_id IS NOT NULL AND a.account_id IS NULL""")
        == 0
    )


@pytest.mark.parametrize(("table", "day"), EVENTS_OF_EMPLOYEES.items())
def test_employees_act_only_on_days_on_which_they_are_at_work(book, table, day):
    """Visits of the last days may be planned for days that have no attendance yet."""
    assert (
        book.value(f"""
        SELECT count(*) FROM {table} AS e LEFT JOIN attendance AS w ON w.employee_id = e.employee_id AND w.day = {day}
        WHERE e.employee_id IS NOT NULL AND w.day IS NULL AND {day} <= DATE '{book.plan.end}'""")
        == 0
    )


def test_who_is_at_work_is_posted_and_not_on_leave(book):
    assert (
        book.value("""
        SELECT count(*) FROM attendance AS w LEFT JOIN staff_postings AS p ON p.employee_id = w.employee_id
            AND p.landed_on = w.landed_on AND p.valid_from <= w.day AND coalesce(p.valid_to > w.day, true)
        WHERE p.employee_id IS NULL""")
        == 0
    )
    assert (
        book.value("""
        SELECT count(*) FROM attendance AS w JOIN leave AS l ON l.employee_id = w.employee_id
            AND l.landed_on = w.landed_on AND l.starts_on <= w.day AND l.ends_on > w.day""")
        == 0
    )


def test_postings_and_terms_do_not_overlap_and_agree_with_each_other(book):
    for table in ("staff_postings", "employment"):
        assert (
            book.value(f"""
            SELECT count(*) FROM {table} AS a JOIN {table} AS b ON a.employee_id = b.employee_id
                AND a.landed_on = b.landed_on AND a.valid_from < b.valid_from
                AND coalesce(a.valid_to > b.valid_from, true)""")
            == 0
        )


def test_staff_come_go_move_and_work_part_time(book):
    last = f"landed_on = DATE '{book.plan.end}'"
    assert book.value(f"SELECT count(*) FROM employment WHERE {last} AND exited_on IS NOT NULL") > 0
    assert book.value(f"SELECT count(*) FROM employment WHERE {last} AND hired_on > DATE '{book.plan.start}'") > 0
    assert book.value(f"SELECT count(*) FROM employment WHERE {last} AND contract_type = 'collaborator'") > 0
    moved = f"SELECT 1 FROM staff_postings WHERE {last} GROUP BY employee_id HAVING count(DISTINCT department_id) > 1"
    assert book.value(f"SELECT count(*) FROM ({moved})") > 0
    assert book.value("SELECT count(*) FROM leave") > 0


def test_each_of_the_five_departments_has_a_manager_and_collectors_of_both_jurisdictions(book):
    rows = book.rows(f"""
        SELECT department_id, count(*) FILTER (role = 'manager'),
            count(DISTINCT jurisdiction) FILTER (role = 'collector')
        FROM staff_postings AS p JOIN employees AS e USING (employee_id, landed_on)
        WHERE landed_on = DATE '{book.plan.start}' GROUP BY ALL ORDER BY ALL""")
    departments = ("field", "legal", "phone_early", "phone_late", "restructuring")
    assert rows == [(department, 1, 2) for department in departments]


def test_contacts_of_a_department_are_with_its_accounts(book):
    """As of the evening: a payment of the day may have moved the account since the morning, but not the other way."""
    odd = book.value("""
        SELECT count(*) FROM contacts AS c
        JOIN attendance AS w ON w.employee_id = c.employee_id AND w.landed_on = c.landed_on
        JOIN staff_postings AS p ON p.employee_id = c.employee_id AND p.landed_on = c.landed_on
            AND p.valid_from <= c.landed_on AND coalesce(p.valid_to > c.landed_on, true)
        JOIN accounts AS a ON a.account_id = c.account_id AND a.landed_on = c.landed_on
        WHERE p.department_id <> 'restructuring' AND p.department_id <> CASE
            WHEN a.days_past_due BETWEEN 1 AND 30 THEN 'phone_early' WHEN a.days_past_due BETWEEN 31 AND 90
            THEN 'phone_late' WHEN a.days_past_due BETWEEN 91 AND 180 THEN 'field' ELSE 'legal' END""")
    assert odd == 0


def test_about_five_contacts_an_account_and_month(book):
    days_of_accounts = book.value("SELECT count(*) FROM accounts")
    assert 4 <= book.summary.rows["contacts"] * 30 / days_of_accounts <= 6


def test_the_debtors_clock_and_utc_differ_by_the_zone(book):
    assert (
        book.value("""
        SELECT count(*) FROM contacts AS c JOIN accounts AS a USING (account_id, landed_on)
        WHERE c.started_wall - c.started_at <> to_hours(CASE a.time_zone WHEN 'Asia/Shanghai' THEN 8 ELSE 7 END)""")
        == 0
    )


def test_few_contacts_are_outside_the_hours_of_law(book):
    outside = book.value("SELECT count(*) FROM contacts WHERE hour(started_wall) NOT BETWEEN 7 AND 20")
    assert 0 < outside < book.summary.rows["contacts"] // 300


def test_parties_and_contact_points_of_contacts_exist_and_fit(book):
    assert (
        book.value("""
        SELECT count(*) FROM contacts AS c
        LEFT JOIN parties AS p ON p.party_id = c.party_id AND p.landed_on = c.landed_on
        LEFT JOIN accounts AS a ON a.account_id = c.account_id AND a.landed_on = c.landed_on
        WHERE p.debtor_id IS DISTINCT FROM a.debtor_id""")
        == 0
    )
    assert (
        book.value("""
        SELECT count(*) FROM contacts AS c LEFT JOIN contact_points AS k
            ON k.contact_point_id = c.contact_point_id AND k.landed_on = c.landed_on
        WHERE c.contact_point_id IS NOT NULL AND k.party_id IS DISTINCT FROM c.party_id""")
        == 0
    )


def test_some_contact_points_repeat_another_or_reach_somebody_else(book):
    first = f"FROM contact_points WHERE landed_on = DATE '{book.plan.start}'"
    assert book.value(f"SELECT count(*) - count(DISTINCT (party_id, value)) {first}") > 0
    assert book.value(f"SELECT count(*) {first} AND state = 'wrong_party'") > 0


def test_a_promise_opens_once_and_is_resolved_at_most_once_later(book):
    versions = book.rows("""
        SELECT promise_id, list(state ORDER BY landed_on), count(DISTINCT (account_id, made_on, due_on, amount)),
            min(landed_on) = any_value(made_on), max(landed_on) FROM promises GROUP BY promise_id""")
    assert len(versions) > 500
    for promise, states, contents, opened_on_its_day, last in versions:
        assert states in (["open"], ["open", "kept"], ["open", "broken"], ["open", "cancelled"]), promise
        assert contents == 1
        assert opened_on_its_day
        assert last <= book.plan.end


def test_a_promise_is_kept_exactly_if_bookings_until_two_days_after_it_is_due_cover_it(book):
    assert (
        book.value("""
        SELECT count(*) FROM (
            SELECT p.promise_id, p.state, p.amount, coalesce(sum(m.amount), 0) AS booked
            FROM promises AS p LEFT JOIN payments AS m ON m.account_id = p.account_id AND m.paid_on >= p.made_on
                AND m.posted_on BETWEEN p.made_on AND p.due_on + 2
            WHERE p.state IN ('kept', 'broken') GROUP BY ALL
        ) WHERE (state = 'kept') <> (booked >= amount)""")
        == 0
    )
    kept, resolved = book.rows("""
        SELECT count(*) FILTER (state = 'kept'), count(*) FROM promises WHERE state IN ('kept', 'broken')""")[0]
    assert 30 <= kept * 100 // resolved <= 75


def test_a_visit_is_planned_before_it_gets_a_result(book):
    versions = book.rows("""
        SELECT visit_id, list(outcome ORDER BY landed_on), any_value(planned_on), list(landed_on ORDER BY landed_on)
        FROM visits GROUP BY visit_id""")
    assert len(versions) > 100
    for visit, outcomes, planned_on, landed_on in versions:
        assert len(outcomes) <= 2, visit
        assert "planned" not in outcomes[1:]
        assert landed_on[0] < planned_on or outcomes[0] != "planned"
        assert outcomes[-1] == "planned" or landed_on[-1] >= planned_on


def test_visits_are_made_by_day_near_the_region_and_some_are_recorded_late(book):
    made = "FROM visits WHERE made_at IS NOT NULL"
    assert book.value(f"SELECT count(*) {made} AND (hour(made_at) NOT BETWEEN 8 AND 18 OR recorded_at < made_at)") == 0
    assert book.value(f"SELECT count(*) {made} AND (latitude IS NULL OR longitude NOT BETWEEN 98 AND 125)") == 0
    late, whole = book.rows(f"""
        SELECT count(*) FILTER (recorded_at > made_at + INTERVAL 24 HOUR), count(*) {made}""")[0]
    assert 0 < late < whole // 5


def test_minutes_on_calls_are_those_of_the_contacts(book):
    assert (
        book.value("""
        SELECT count(*) FROM attendance AS w
        LEFT JOIN (SELECT employee_id, landed_on, sum(duration_seconds + 20) AS seconds FROM contacts
            WHERE channel = 'call' AND employee_id IS NOT NULL GROUP BY ALL) AS c USING (employee_id, landed_on)
        WHERE w.minutes_on_calls <> least(w.minutes_worked, coalesce(c.seconds, 0) // 60)""")
        == 0
    )


def test_reviews_are_of_calls_of_the_same_employee(book):
    assert (
        book.value("""
        SELECT count(*) FROM reviews AS r LEFT JOIN contacts AS c USING (contact_id)
        WHERE c.employee_id IS DISTINCT FROM r.employee_id OR c.channel <> 'call'""")
        == 0
    )
    failed, whole = book.rows("SELECT count(*) FILTER (critical_fail), count(*) FROM reviews")[0]
    assert whole > 50
    assert failed * 10 < whole


def test_complaints_and_cases_open_and_end(book):
    for table, key, opened, state in (
        ("complaints", "complaint_id", "open", "finding"),
        ("cases", "case_id", "pending", "outcome"),
    ):
        versions = book.rows(f"SELECT list({state} ORDER BY landed_on) FROM {table} GROUP BY {key}")
        assert versions
        for (states,) in versions:
            assert states[0] == opened
            assert opened not in states[1:]
            assert len(states) <= 2


def test_cases_running_at_the_opening_come_with_the_first_day(book):
    assert (
        book.value(f"""
        SELECT count(*) FROM cases WHERE landed_on = DATE '{book.plan.start}' AND opened_on < landed_on""")
        > 0
    )
    assert (
        book.value(f"""
        SELECT count(*) FROM cases WHERE opened_on > landed_on
            OR (opened_on < DATE '{book.plan.start}' AND outcome = 'pending' AND landed_on > DATE '{book.plan.start}')
        """)
        == 0
    )


def test_the_opening_names_an_owner_who_works_such_accounts(book):
    counted = dict(book.rows("SELECT owner_kind, count(*) FROM opening_dispatch GROUP BY ALL"))
    assert set(counted) == {"employee", "partner", "house"}
    assert sum(counted.values()) == book.value(
        f"SELECT count(*) FROM accounts WHERE landed_on = DATE '{book.plan.start}'"
    )
    assert (
        book.value("""
        SELECT count(*) FROM opening_dispatch AS o
        LEFT JOIN staff_postings AS p ON p.employee_id = o.owner_id AND p.landed_on = o.landed_on
            AND coalesce(p.valid_to > o.valid_from, true)
        WHERE o.owner_kind = 'employee' AND (p.department_id IS DISTINCT FROM o.department_id
            OR p.team_id IS DISTINCT FROM o.team_id OR p.role <> 'collector')""")
        == 0
    )
    assert (
        book.value("""
        SELECT count(*) FROM (
            SELECT a.debtor_id FROM opening_dispatch AS o JOIN accounts AS a USING (account_id, landed_on)
            WHERE o.owner_kind = 'employee' GROUP BY a.debtor_id, o.department_id HAVING count(DISTINCT o.owner_id) > 1
        )""")
        == 0
    )


def test_there_are_a_little_too_few_people_for_the_book(book):
    owned = book.value("SELECT count(*) FROM opening_dispatch WHERE owner_kind = 'employee'")
    room = book.value(f"SELECT sum(accounts_at_most) FROM capacity WHERE landed_on = DATE '{book.plan.start}'")
    assert 0.8 < room / owned < 1


def test_what_will_happen_to_the_staff_is_not_known_before(book):
    assert book.value("SELECT count(*) FROM staff_postings WHERE valid_from > landed_on OR valid_to > landed_on") == 0
    assert book.value("SELECT count(*) FROM employment WHERE hired_on > landed_on OR exited_on > landed_on") == 0
    assert book.value("SELECT count(*) FROM placements WHERE placed_on > landed_on OR recalled_on > landed_on") == 0


def test_the_calendar_covers_the_year_and_the_month_after(book):
    first, last = book.rows("SELECT min(day), max(day) FROM calendar")[0]
    assert (first, last) == (date(2026, 1, 1), date(2027, 1, 31))
