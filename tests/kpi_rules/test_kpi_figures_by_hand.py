"""A book that fits on a page, and the figures of the house's own rules that one can check by counting."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

PHONE = {"department_id": "phone_early", "team_id": "T1"}
NOON = time(12)
FIELD = {"department_id": "field", "team_id": "T2"}


def fill(book):
    """E1 stays on the telephone; E2 moves from the telephone to the field on the 11th; P1 is a partner."""
    book.add("staff_postings", employee_id="E1", role="collector", **PHONE)
    book.add("staff_postings", employee_id="E2", role="collector", valid_to=date(2026, 10, 11), **PHONE)
    book.add("staff_postings", employee_id="E2", role="collector", valid_from=date(2026, 10, 11), **FIELD)
    add_accounts(book)
    add_calls(book)
    add_promises(book)
    add_visits(book)
    add_quality(book)


def add_accounts(book):
    #        account, before: days, balance, now: days, balance (None: gone), currency, owner
    table = [
        ("A1", 10, 100, 40, 110, "VND", ("employee", "E1", "phone_early", "T1")),
        ("A2", 20, 300, 0, 50, "VND", ("employee", "E1", "phone_early", "T1")),
        ("A3", 40, 500, None, None, "VND", ("employee", "E1", "phone_early", "T1")),
        ("A4", 0, 70, 5, 80, "VND", ("partner", "P1", None, None)),
        ("A5", 25, 9, 55, 10, "USD", ("partner", "P1", None, None)),
        ("A6", 200, 1000, 230, 1000, "VND", ("house", "HOUSE", None, None)),
    ]
    for account, before, owed, now, owes, currency, (kind, owner, department, team) in table:
        known = {"account_id": account, "currency": currency, "branch_id": "B1"}
        overdue = owed if before else 0
        book.add("accounts_opening", days_past_due=before, balance=Decimal(owed), overdue_amount=overdue, **known)
        if now is not None:
            book.add("accounts", days_past_due=now, balance=Decimal(owes), **known)
        book.add("dispatch", account_id=account, owner_kind=kind, owner_id=owner, department_id=department,
                 team_id=team, segment="S1" if kind == "employee" else "S2")  # fmt: skip


def add_calls(book):
    #        account, employee, day, outcome
    calls = [
        ("A1", "E1", 2, "no_answer"),
        ("A1", "E1", 3, "promise"),
        ("A2", "E1", 3, "third_party"),
        ("A2", "E2", 10, "right_party"),
        ("A3", "E2", 11, "busy"),
        ("A3", None, 12, "no_answer"),
        ("A1", "E1", 21, "promise"),  # after the business date
    ]
    for number, (account, employee, day, outcome) in enumerate(calls):
        book.add("contacts", contact_id=f"C{number}", account_id=account, employee_id=employee,
                 started_wall=october(f"{day:02d} 23:59"), outcome=outcome)  # fmt: skip
    book.add("attendance", employee_id="E1", day=date(2026, 10, 2), minutes_worked=90)
    book.add("attendance", employee_id="E2", day=date(2026, 10, 10), minutes_worked=0)


def add_promises(book):
    #         promise, amount, due in October, paid on, paid
    promises = [("M1", 100, 10, 13, 90), ("M2", 100, 10, 14, 100), ("M3", 100, 10, 12, 89), ("M4", 100, 18, 18, 100)]
    for number, (promise, amount, due, paid_on, paid) in enumerate(promises):
        account = f"X{number}"  # accounts that are on the book no more
        book.add("promises", promise_id=promise, account_id=account, employee_id="E1", made_on=date(2026, 9, 28),
                 due_on=date(2026, 10, due), amount=Decimal(amount))  # fmt: skip
        paid_day = date(2026, 10, paid_on)
        book.add("payments", payment_id=f"Y{number}", account_id=account, paid_on=paid_day, posted_on=paid_day,
                 amount=Decimal(paid + 5), principal=Decimal(paid), waiver=Decimal(5))  # fmt: skip
    book.add("promises", promise_id="M5", account_id="X5", employee_id="E1", made_on=date(2026, 9, 28),
             due_on=date(2026, 10, 10), amount=Decimal(100))  # fmt: skip
    for payment, day, amount, reverses in (("Y5", 10, 100, None), ("Z5", 16, -100, "Y5")):
        book.add("payments", payment_id=payment, account_id="X5", paid_on=date(2026, 10, day), reverses=reverses,
                 posted_on=date(2026, 10, day), amount=Decimal(amount), principal=Decimal(amount))  # fmt: skip


def add_visits(book):
    #        planned, made, recorded
    visits = [
        (5, october("05 18:00"), october("06 18:00")),
        (5, october("06 08:00"), october("07 08:01")),
        (12, october("12 09:00"), october("12 10:00")),
        (20, None, None),
        (21, None, None),
    ]
    for number, (planned, made, recorded) in enumerate(visits):
        book.add("visits", visit_id=f"V{number}", account_id="A1", employee_id="E2", planned_on=date(2026, 10, planned),
                 made_at=made, recorded_at=recorded, outcome="met_debtor" if made else "planned")  # fmt: skip


def add_quality(book):
    for number, (day, found) in enumerate(
        [("2026-07-22", "open"), ("2026-07-23", "upheld"), ("2026-10-02", "rejected")]
    ):
        book.add("complaints", complaint_id=f"K{number}", account_id="A1", employee_id="E1", finding=found,
                 received_on=date.fromisoformat(day), answered_on=date(2026, 10, 9))  # fmt: skip
    for number, (score, fails) in enumerate([("0.9", False), ("0.7", True)]):
        book.add("reviews", review_id=f"R{number}", employee_id="E1", score=Decimal(score), critical_fail=fails)


def october(day_and_time):
    return datetime.fromisoformat(f"2026-10-{day_and_time}")


#    kpi, entity, currency, what one counts
CASES = [
    ("calls_made", "portfolio", "", "6"),
    ("calls_made", "E1", "", "3"),
    ("calls_made", "T1", "", "4"),  # E2's call of the 10th was made for the telephone …
    ("calls_made", "T2", "", "1"),  # … and that of the 11th for the field
    ("calls_made", "B1", "", "4"),  # A3 has left the book, and its branch with it
    ("calls_made", "P1", "", "0"),
    ("calls_per_hour", "E1", "", "2"),
    ("calls_per_hour", "E2", "", "no value"),  # no minute at work
    ("accounts_contacted", "portfolio", "", "2"),
    ("contact_rate", "E1", "", "2/3"),  # A2 was reached by E2, and is E1's; A3 has left the book, and was owned
    ("contact_rate", "P1", "", "0/2"),
    ("contact_rate", "portfolio", "", "2/5"),  # nobody works the house's A6
    ("right_party_per_attempt", "portfolio", "", "2/6"),
    ("right_party_per_person_reached", "portfolio", "", "2/3"),
    ("promise_rate", "portfolio", "", "1/2"),
    ("promise_kept", "E1", "", "1/4"),  # M1 just enough, M2 late, M3 too little, M5 reversed; M4's grace still runs
    ("broken_promises", "E1", "", "3"),
    ("broken_promise_amount", "E1", "VND", "300"),
    ("visits_due", "E2", "", "4"),
    ("visits_on_time", "E2", "", "2/4"),
    ("visits_on_time", "field", "", "1/2"),
    ("visits_recorded_on_time", "E2", "", "2/3"),
    ("accounts_owned", "P1", "", "2"),
    ("accounts_owned", "S1", "", "2"),
    ("overdue_accounts_1", "portfolio", "", "1"),
    ("overdue_balance_1", "portfolio", "VND", "80"),
    ("overdue_balance_2", "portfolio", "USD", "10"),
    ("roll_rate_by_stock_1", "portfolio", "VND", "110/400"),
    ("roll_rate_by_cohort_1", "portfolio", "VND", "100/400"),
    ("roll_rate_by_cohort_1", "portfolio", "USD", "9/9"),
    ("roll_rate_by_cohort_1", "E1", "VND", "100/400"),
    ("roll_rate_by_stock_accounts_0", "portfolio", "", "1/1"),
    ("roll_rate_by_cohort_accounts_1", "portfolio", "", "2/3"),
    ("roll_rate_by_cohort_accounts_3", "portfolio", "", "no value"),
    ("cure_rate_1", "portfolio", "", "1/3"),
    ("cure_rate_2", "portfolio", "", "1/1"),  # gone from the book
    ("cure_rate_7", "portfolio", "", "0/1"),
    ("cure_rate_overdue", "E1", "", "2/3"),
    ("qa_score", "E1", "", "1.6/2"),
    ("critical_fails", "T1", "", "1"),
    ("complaints_received", "E1", "", "1"),
    ("complaints_last_90_days", "E1", "", "1"),  # the 22nd of July is 91 days back, the third was rejected
    ("days_to_answer", "phone_early", "", "7/1"),
    ("days_to_record", "E2", "", "2/3"),  # the third was recorded on its day
    ("overdue_at_opening", "E1", "VND", "900"),
    ("overdue_days", "E1", "VND", "18000"),
    ("average_overdue", "E1", "VND", "900"),
    ("recovered", "portfolio", "VND", "379"),
    ("recovered_uncredited_no_owner", "portfolio", "VND", "379"),
]


def test_what_is_owned_for_a_part_of_the_period_counts_for_that_part(book, house_rules):
    """20 days: E1 has A1 for 5 of them, then E2; nobody touches A2 after E1 cured it; A3 comes in on the 11th."""
    owned = [
        ("A1", 100, 80, "E1", "phone_early", 1, 6),
        ("A1", 100, 80, "E2", "field", 6, None),
        ("A2", 60, 0, "E1", "phone_early", 1, 11),
        ("A2", 60, 0, "HOUSE", None, 11, None),
        ("A3", 0, 30, "HOUSE", None, 1, 11),
        ("A3", 0, 30, "E2", "field", 11, None),
        ("A4", 500, 500, None, None, 1, None),
    ]
    for account, before, now in sorted({each[:3] for each in owned}):
        book.add("accounts_opening", account_id=account, overdue_amount=before, days_past_due=bool(before))
        book.add("accounts", account_id=account, overdue_amount=now, days_past_due=bool(now))
    for account, _, _, owner, department, first, end in owned:
        if owner:
            kind, last = "house" if owner == "HOUSE" else "employee", date(2026, 10, end) if end else date(9999, 12, 31)
            book.add("dispatch", account_id=account, owner_kind=kind, owner_id=owner, department_id=department,
                     valid_from=date(2026, 10, first), valid_to=last)  # fmt: skip
    for account, day, amount in (("A1", 20, 20), ("A2", 10, 75), ("A3", 15, 10)):
        paid_on = date(2026, 10, day)
        book.add("payments", payment_id=account, account_id=account, paid_on=paid_on, posted_on=paid_on, amount=amount)
    figures = book.night(house_rules)
    shown = {name: figures.shown("overdue_days", name, "VND") for name in ("E1", "E2", "field", "portfolio")}
    # E1: A1 100 × 5, A2 75 × 20: more was paid than was past due, and it was cured. E2: A1 100 × 15, A3 (30 + 10) × 10.
    # The house has A3 for 10 days; A4 is nobody's, and the portfolio's only.
    assert shown == {"E1": "2000", "E2": "1900", "field": "1900", "portfolio": "14300"}
    assert figures.shown("average_overdue", "E1", "VND") == "100"
    assert figures.shown("recovery_rate", "E1", "VND") == "75/100"
    assert figures.shown("recovery_rate", "E2", "VND") == "30/95"
    assert figures.shown("recovery_rate_of_opening", "E1", "VND") == "75/160"
    assert figures.shown("recovery_rate_of_opening", "E2", "VND") == "no value"


def test_complaints_are_judged_when_their_days_have_ended_and_open_ones_count_so_far(book, house_rules):
    """7 days each: the 24th of September ends on the 1st of October, the 13th of October on the 20th."""
    received = [("2026-09-23", "2026-09-29"), ("2026-09-24", "2026-10-01"), ("2026-10-02", "2026-10-10"),
                ("2026-10-13", None), ("2026-10-14", "2026-10-15"), ("2026-10-19", None)]  # fmt: skip
    book.add("staff_postings", employee_id="E1", role="collector", **PHONE)
    for number, days in enumerate(received):
        received_on, answered_on = (day and date.fromisoformat(day) for day in days)
        book.add("complaints", complaint_id=f"K{number}", account_id="A1", employee_id="E1", received_on=received_on,
                 answered_on=answered_on)  # fmt: skip
    figures = book.night(house_rules)
    assert figures.shown("answered_in_time", "phone_early") == "1/3"
    assert figures.shown("days_to_answer", "phone_early") == "9/2"
    assert figures.shown("days_to_answer_so_far", "phone_early") == "17/4"  # 8 and 1; 7 and 1 so far
    assert figures.shown("open_complaints", "portfolio") == "2"


#    promise, due in October, paid, called on: called back by the second day after three of grace?
BROKEN = [
    ("M1", 5, 0, "09 00:00", True),
    ("M2", 5, 0, "10 23:59", True),
    ("M3", 5, 0, "11 00:00", False),
    ("M4", 5, 0, "08 23:59", False),  # within the grace
    ("M5", 5, 89, None, False),
    ("M6", 5, 90, None, None),  # kept
    ("M7", 15, 0, "19 12:00", True),  # the two days end on the 20th
    ("M8", 16, 0, "20 12:00", None),  # … and here on the 21st
]


def test_broken_promises_are_called_back_within_two_days_after_the_grace(book, house_rules):
    for promise, due, paid, called, _ in BROKEN:
        book.add("promises", promise_id=promise, account_id=promise, employee_id="E1", made_on=date(2026, 9, 28),
                 due_on=date(2026, 10, due), amount=Decimal(100))  # fmt: skip
        book.add("payments", payment_id=promise, account_id=promise, amount=Decimal(paid))
        if called:
            book.add("contacts", contact_id=promise, account_id=promise, started_wall=october(called))
            book.add("contacts", contact_id=f"{promise}b", account_id=promise, started_wall=october(called))
    book.add("contacts", contact_id="in", account_id="M5", started_wall=october("09 10:00"), direction="in")
    expected = [each[-1] for each in BROKEN]
    shown = book.night(house_rules).shown("broken_called_back", "E1")
    assert shown == f"{expected.count(True)}/{len(expected) - expected.count(None)}"


def test_visits_of_which_three_are_recorded_within_ten_minutes_are_in_bulk(book, house_rules):
    recorded = ["09:00", "09:05", "09:10", "09:20", "09:20", "11:00", None]
    for number, at in enumerate(recorded):
        moment = october(f"05 {at}") if at else None
        book.add("visits", visit_id=f"V{number}", account_id="A1", employee_id="E1", planned_on=date(2026, 10, 5),
                 made_at=october("05 08:00"), recorded_at=moment)  # fmt: skip
    book.add("visits", visit_id="V9", account_id="A1", employee_id="E2", planned_on=date(2026, 10, 5),
             made_at=october("05 08:00"), recorded_at=october("05 11:01"))  # fmt: skip
    figures = book.night(house_rules)
    assert figures.shown("visits_in_bulk", "E1") == "5/6"  # 9:10 and both at 9:20 are within ten minutes as well
    assert figures.shown("visits_in_bulk", "E2") == "0/1"
    assert figures.shown("days_to_record", "E1") == "15/7"  # one is not recorded yet, 15 days after it was made


#    account, past due, kind of owner, owned from, contact, visit: untouched on the 20th?
UNTOUCHED = [
    ("A1", 10, "employee", date(2026, 9, 1), None, None, True),
    ("A2", 10, "employee", date(2026, 9, 1), date(2026, 10, 13), None, True),  # 7 days ago
    ("A3", 10, "employee", date(2026, 9, 1), date(2026, 10, 14), None, False),
    ("A4", 10, "employee", date(2026, 9, 1), date(2026, 10, 2), date(2026, 10, 19), False),
    ("A5", 10, "employee", date(2026, 10, 14), None, None, False),  # owned for 6 days
    ("A6", 10, "employee", date(2026, 10, 13), date(2026, 10, 1), None, True),
    ("A7", 10, "employee", date(2026, 9, 1), date(2026, 10, 21), None, True),  # the contact lies ahead
    ("A8", 0, "employee", date(2026, 9, 1), None, None, None),  # nothing is past due
    ("A9", 10, "house", date(2026, 9, 1), None, None, None),
]


def test_accounts_are_untouched_where_nobody_tried_for_seven_days(book, house_rules):
    for account, past_due, kind, owned_from, contact, visit, _ in UNTOUCHED:
        book.add("accounts", account_id=account, days_past_due=past_due)
        book.add("dispatch", account_id=account, owner_kind=kind, owner_id="E1", valid_from=owned_from)
        if contact:
            book.add("contacts", contact_id=account, account_id=account, started_wall=datetime.combine(contact, NOON))
        if visit:
            book.add(
                "visits", visit_id=account, account_id=account, planned_on=visit, made_at=datetime.combine(visit, NOON)
            )
    expected = [each[-1] for each in UNTOUCHED]
    figures = book.night(house_rules)
    assert figures.shown("untouched_rate", "E1") == f"{expected.count(True)}/{len(expected) - expected.count(None)}"


def test_a_cost_centre_is_the_department_s_that_has_most_of_its_people(book, house_rules):
    for number, (centre, where) in enumerate([("C1", PHONE), ("C1", PHONE), ("C1", FIELD), ("C2", FIELD)]):
        book.add("employment", employee_id=f"E{number}", cost_centre=centre)
        book.add("staff_postings", employee_id=f"E{number}", role="collector", **where)
    for centre, month, amount in (("C1", 10, 30), ("C1", 9, 1000), ("C2", 10, 12), ("C3", 10, 8)):
        book.add("costs", cost_centre=centre, month=date(2026, month, 1), amount=Decimal(amount))
    book.add("dispatch", account_id="A1", owner_kind="employee", owner_id="E3", **FIELD)
    book.add("payments", payment_id="Y1", account_id="A1", amount=Decimal(100))
    book.add("accounts", account_id="A1", overdue_amount=Decimal(150), days_past_due=9)
    figures = book.night(house_rules)
    costs = {name: figures.shown("cost", name, "VND") for name in ("phone_early", "field", "portfolio")}
    assert costs == {"phone_early": "30", "field": "12", "portfolio": "50"}
    assert figures.shown("cost_to_collect", "field", "VND") == "12/100"
    assert figures.shown("cost_to_collect", "phone_early", "VND") == "no value"
    assert figures.shown("collection_effectiveness", "field", "VND") == "100/250"


def test_the_figures_are_those_that_one_counts_by_hand(book, house_rules):
    fill(book)
    figures = book.night(house_rules)
    assert [(*case[:3], figures.shown(*case[:3])) for case in CASES] == CASES


def test_postgresql_gives_the_same_results_as_duckdb_to_the_last_digit(book, postgresql_book, house_rules):
    for each in (book, postgresql_book):
        fill(each)
    assert postgresql_book.credit(house_rules) == book.credit(house_rules)
    assert postgresql_book.night(house_rules).results == book.night(house_rules).results


def test_an_event_of_nobody_counts_for_the_portfolio_only(book, house_rules):
    book.add("contacts", contact_id="C1", employee_id=None)
    figures = book.night(house_rules)
    assert figures.shown("calls_made", "portfolio") == "1"
    assert {each.entity for each in figures.results if each.kpi == "calls_made"} == {"portfolio"}


def test_an_empty_night_has_zeros_and_ratios_without_value(book, house_rules):
    figures = book.night(house_rules)
    assert figures.shown("calls_made", "portfolio") == "0"
    assert figures.shown("promise_kept", "portfolio") == "no value"
    assert {each.entity for each in figures.results} == {"portfolio"}
