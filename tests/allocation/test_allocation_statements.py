"""The statements that allocation reads by, run on small tables."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from allocation.book import barred_statement, book_statement, in_force_statement
from allocation.destinations import (
    PartnerTerms,
    collectors_statement,
    destinations,
    partners_statement,
    skills_statement,
)
from allocation.limits import capacity_of
from allocation.recovered import history_statement, recovered_statement

D = date(2026, 10, 20)
NEXT = date(2026, 10, 21)


def book(engine, hand, **changed):
    strategy = hand.strategy(hand.text.replace(*changed["replace"]) if changed else hand.text)
    return {row["account_id"]: row for row in engine.rows(book_statement(strategy, D))}


@pytest.mark.parametrize(
    ("columns", "segment", "not_worked"),
    [
        ({"days_past_due": 0}, "current", None),
        ({"days_past_due": 1}, "phone", None),
        ({"days_past_due": 90}, "phone", None),
        ({"days_past_due": 91}, "legal", None),
        ({"days_past_due": 91, "hold": "dispute"}, "legal", "held:blocked"),
        ({"days_past_due": 91, "status": "sold"}, None, "excluded:closed"),
        ({"days_past_due": 91, "status": "sold", "hold": "fraud"}, None, "excluded:closed"),
        ({"days_past_due": 5, "currency": "USD"}, "phone", "held:unknown_currency"),
    ],
)
def test_conditions_decide_segment_and_holds(engine, hand, columns, segment, not_worked):
    engine.add("accounts", account_id="A1", **columns)
    row = book(engine, hand)["A1"]
    assert (row["segment"], row["not_worked"]) == (segment, not_worked)


@pytest.mark.parametrize(
    ("case", "segment"),
    [
        ({}, "restructuring"),
        ({"case_type": "complaint"}, "phone"),
        ({"outcome": "rejected"}, "phone"),
        ({"opened_on": NEXT}, "phone"),
    ],
)
def test_an_undecided_case_is_known_from_the_day_it_is_opened(engine, hand, case, segment):
    engine.add("accounts", account_id="A1", days_past_due=40)
    for number in (1, 2):
        given = {"case_type": "restructuring", "opened_on": D, **case}
        engine.add("cases", case_id=f"C{number}", account_id="A1", **given)
    assert book(engine, hand)["A1"]["segment"] == segment


def test_unique_segments_hold_what_fits_two(engine, hand):
    engine.add("accounts", account_id="A1", days_past_due=40)
    engine.add("accounts", account_id="A2", days_past_due=41)
    engine.add("cases", case_id="C1", account_id="A1", case_type="restructuring", opened_on=D)
    rows = book(engine, hand, replace=("    excluded:", "    match: unique\n    excluded:"))
    assert [rows[name]["not_worked"] for name in ("A1", "A2")] == ["held:several_segments", None]


def test_earlier_placements_can_be_asked_for(engine, hand):
    engine.add("accounts", account_id="A1", days_past_due=40)
    engine.add("accounts", account_id="A2", days_past_due=40)
    for number, placed_on in enumerate((date(2026, 1, 1), date(2026, 5, 1), NEXT)):
        engine.add("placements", placement_id=f"PL{number}", account_id="A1", placed_on=placed_on)
    rows = book(engine, hand, replace=("when: days_past_due <= 90", "when: earlier_placements < 2"))
    assert [rows[name]["segment"] for name in ("A1", "A2")] == ["legal", "phone"]


def with_keys(hand, lines):
    return hand.strategy(hand.text.replace("    segments:\n", f"    {lines}\n    segments:\n"))


UNREACHABLE = "escalations: [{reason: lost, from: [phone], when: own_phones == 0, to: legal, stays_days: 30}]"


@pytest.mark.parametrize(
    ("columns", "phones", "in_legal_since", "segment", "escalated"),
    [
        ({}, 1, None, "phone", None),
        ({}, 0, None, "legal", "lost"),
        ({"days_past_due": 0}, 0, None, "current", None),
        ({"days_past_due": 91}, 0, None, "legal", None),
        ({}, 1, date(2026, 9, 22), "legal", "lost"),
        ({}, 1, date(2026, 9, 21), "phone", None),
        ({"status": "sold"}, 0, None, None, None),
    ],
)
def test_escalated_accounts_leave_their_segment_and_stay_away(
    engine, hand, columns, phones, in_legal_since, segment, escalated
):
    engine.add("accounts", account_id="A1", debtor_id="D1", **{"days_past_due": 40, **columns})
    engine.add("parties", party_id="X1", debtor_id="D1", role="debtor")
    for number in range(phones):
        engine.add("contact_points", contact_point_id=f"N{number}", party_id="X1", kind="phone", state="active")
    if in_legal_since:
        engine.add("dispatch", account_id="A1", segment="legal", valid_from=in_legal_since, valid_to=date(9999, 12, 31))
    (row,) = engine.rows(book_statement(with_keys(hand, UNREACHABLE), D))
    assert (row["segment"], row["escalated"]) == (segment, escalated)


@pytest.mark.parametrize(
    ("columns", "segment"),
    [
        ({"days_past_due": 1, "product": "card"}, "phone"),
        ({"days_past_due": 31, "product": "card"}, "legal"),
        ({"days_past_due": 1, "product": "overdraft"}, "legal"),
        ({"days_past_due": 400, "balance": Decimal("99.5"), "consent": True}, "phone"),
        ({"days_past_due": 400, "balance": Decimal("99.4"), "consent": True}, "legal"),
        ({"days_past_due": 400, "balance": Decimal(500), "consent": False}, "legal"),
    ],
)
def test_segments_by_tables(engine, hand, columns, segment):
    rows = (
        "where: [{days_past_due: {from: 1, below: 31}, product: [card, cash_loan]},"
        " {balance: {from: 99.5}, consent: true}]"
    )
    engine.add("accounts", account_id="A1", **columns)
    assert book(engine, hand, replace=("when: days_past_due <= 90", rows))["A1"]["segment"] == segment


def test_the_case_for_which_an_account_is_not_worked_is_named(engine, hand):
    engine.add("accounts", account_id="A1", hold="fraud", days_past_due=40)
    for name, outcome, opened_on in (("C2", "pending", D), ("C1", "rejected", D), ("C3", "pending", NEXT)):
        given = {"case_type": "fraud", "outcome": outcome, "opened_on": opened_on}
        engine.add("cases", case_id=name, account_id="A1", **given)
    assert book(engine, hand)["A1"]["case_id"] == "C2"


def test_owners_are_kept_and_rotated_by_conditions(engine, hand):
    strategy = with_keys(hand, "keep_owner_when: open_promise\n    rotate_when: days_with_owner >= 60")
    for name, first in (("A1", date(2026, 10, 1)), ("A2", date(2026, 8, 1))):
        engine.add("accounts", account_id=name, days_past_due=40)
        engine.add("dispatch", account_id=name, owner_kind="employee", valid_from=first, valid_to=date(9999, 12, 31))
    engine.add("promises", promise_id="1", account_id="A1", state="open", made_on=D, due_on=NEXT)
    found = [(row["stays"], row["rotates"]) for row in engine.rows(book_statement(strategy, D))]
    assert found == [(True, False), (False, True)]


def test_a_placement_is_recalled_by_the_first_condition_that_is_met_on_days_of_recalls(engine, hand):
    strategy = with_keys(
        hand, "recalls: [{reason: old, when: days_placed >= 60}, {reason: any, when: days_placed >= 9}]"
    )
    for name, placed_on in (("A1", date(2026, 8, 1)), ("A2", date(2026, 10, 1)), ("A3", D), ("A4", None)):
        engine.add("accounts", account_id=name, days_past_due=200)
        if placed_on:
            engine.add("placements", placement_id=name, account_id=name, partner_id="P1", placed_on=placed_on)
    assert [row["recall"] for row in engine.rows(book_statement(strategy, D))] == ["old", "any", None, None]
    assert {row["recall"] for row in engine.rows(book_statement(strategy, D, recalls=False))} == {None}


def test_a_partner_has_an_account_at_most_so_often(engine, hand):
    for number, partner_id in enumerate(("P1", "P2", "P1")):
        given = {"partner_id": partner_id, "placed_on": date(2026, 1, 1 + number), "term_ends_on": date(2026, 3, 1)}
        engine.add("placements", placement_id=str(number), account_id="A1", **given)
    rows = engine.rows(barred_statement(with_keys(hand, "placements_at_most: 2"), D))
    assert [tuple(row.values()) for row in rows] == [("A1", "partner", "P1", "placed_before")]


def test_owner_and_placement_are_those_of_the_day_after(engine, hand):
    for name in ("A1", "A2", "A3"):
        engine.add("accounts", account_id=name, days_past_due=200)
    engine.add("dispatch", account_id="A1", owner_kind="employee", owner_id="E1", valid_from=D, valid_to=NEXT)
    engine.add(
        "dispatch", account_id="A1", owner_kind="employee", owner_id="E2", valid_from=NEXT, valid_to=date(9999, 12, 31)
    )
    runs = {"partner_id": "P1", "placed_on": date(2026, 9, 1)}
    engine.add("placements", placement_id="1", account_id="A1", **{**runs, "recalled_on": NEXT})
    engine.add("placements", placement_id="2", account_id="A2", **runs, term_ends_on=NEXT)
    engine.add("placements", placement_id="3", account_id="A3", **runs, recalled_on=date(2026, 10, 22))
    engine.add("placements", placement_id="4", account_id="A3", **{**runs, "partner_id": "P2"})
    rows = book(engine, hand)
    assert (rows["A1"]["owner_id"], rows["A2"]["owner_id"]) == ("E2", None)
    assert [rows[name]["placed_with"] for name in ("A1", "A2", "A3")] == [None, None, "P2"]


def test_the_book_has_every_account_once_in_order(engine, hand):
    for name in ("A3", "A1", "A2"):
        engine.add("accounts", account_id=name, days_past_due=200)
        engine.add("placements", placement_id=f"1{name}", account_id=name, placed_on=date(2026, 9, 1))
        engine.add("placements", placement_id=f"2{name}", account_id=name, placed_on=date(2026, 9, 1))
    assert list(book(engine, hand)) == ["A1", "A2", "A3"]


def test_cooling_off_counts_from_the_recall(engine, hand):
    for number, recalled_on in enumerate((date(2026, 9, 20), date(2026, 9, 21), D, NEXT, None)):
        given = {"account_id": f"A{number}", "partner_id": "P1", "placed_on": date(2026, 1, 1)}
        engine.add("placements", placement_id=str(number), recalled_on=recalled_on, **given)
    found = [row["account_id"] for row in engine.rows(barred_statement(hand.strategy(), D))]
    assert found == ["A1", "A2"]  # 30 days: back at the house on 21 September, free again on 21 October


def test_the_dispatch_in_force_has_one_row_per_account(engine):
    engine.add("dispatch", account_id="A1", owner_id="E1", valid_from=date(2026, 1, 1), valid_to=NEXT)
    engine.add("dispatch", account_id="A1", owner_id="E2", valid_from=NEXT, valid_to=date(9999, 12, 31))
    assert [row["owner_id"] for row in engine.rows(in_force_statement(NEXT))] == ["E2"]


def posted(engine, name, **given):
    engine.add("employees", employee_id=name)
    engine.add("staff_postings", **{"employee_id": name, "department_id": "phone", "team_id": "T1", **given})
    engine.add("capacity", employee_id=name, valid_from=date(2026, 1, 1), accounts_at_most=100, minutes_per_day=450)


def test_collectors_are_those_at_work_on_the_day_after(engine, hand):
    posted(engine, "E1")
    posted(engine, "E2", role="leader")
    posted(engine, "E3", valid_to=NEXT)
    posted(engine, "E4", valid_from=NEXT)
    posted(engine, "E5")
    engine.add("leave", employee_id="E5", starts_on=D, ends_on=date(2026, 10, 31))
    posted(engine, "E6")
    engine.add("leave", employee_id="E6", starts_on=D, ends_on=date(2026, 10, 30))
    found = engine.rows(collectors_statement(hand.strategy(), D))
    assert [row["employee_id"] for row in found] == ["E1", "E4", "E6"]


def test_the_latest_capacity_counts(engine, hand):
    posted(engine, "E1")
    engine.add("capacity", employee_id="E1", valid_from=NEXT, accounts_at_most=60)
    engine.add("capacity", employee_id="E1", valid_from=date(2026, 11, 1), accounts_at_most=10)
    (row,) = engine.rows(collectors_statement(hand.strategy(), D))
    assert row["accounts_at_most"] == 60


def test_destinations_know_skills_and_legal_types(engine, hand):
    posted(engine, "E1")
    engine.add("skills", employee_id="E1", skill="vi")
    engine.add("skills", employee_id="E1", skill="card")
    engine.add("partners", partner_id="P1", legal_type="law_firm", accounts_at_most=50)
    engine.add("partners", partner_id="P2", legal_type="agency", active_to=NEXT)
    ends = destinations(
        engine.rows(collectors_statement(hand.strategy(), D)),
        engine.rows(skills_statement()),
        engine.rows(partners_statement(D)),
        hand.strategy(),
        D,
        {"P1": PartnerTerms("", 30)},
    )
    assert [end.key for end in ends] == ["employee:E1", "partner:P1"]
    assert (ends[0].skills, ends[0].department, ends[0].accounts_at_most) == ({"vi", "card"}, "phone", 100)
    assert (ends[1].legal_type, ends[1].accounts_at_most, ends[1].refused) == ("law_firm", 30, "")
    without = destinations([], [], engine.rows(partners_statement(D)), hand.strategy(), D)
    assert [(end.accounts_at_most, end.refused) for end in without] == [(50, "no_contract")]


RAMP = "ramp: [{months: 0, share: 0.5}, {months: 2, share: 1}]"


@pytest.mark.parametrize(
    ("capacity", "columns", "expected"),
    [
        ("by: accounts", {"full_time_share": Decimal("0.5")}, 100),
        ("by: accounts, part_time: true", {"full_time_share": Decimal("0.5")}, 50),
        (f"by: accounts, {RAMP}", {"hired_on": date(2026, 8, 21)}, 100),
        (f"by: accounts, {RAMP}", {"hired_on": date(2026, 8, 22)}, 50),
        (f"by: accounts, part_time: true, {RAMP}", {"hired_on": D, "full_time_share": Decimal("0.5")}, 25),
        ("by: minutes, working_days_per_month: 20", {}, 9000),
        # 21 October to 9 November: Wednesday to Monday, 14 working days, of which two are holidays and two on leave
        ("by: minutes, calendar_days: 20", {}, 450 * 10),
        ("by: accounts, calendar_days: 20", {}, 100 * 10 // 12),
    ],
)
def test_capacity_goes_by_the_days_that_a_collector_is_there(shared_engine, hand, capacity, columns, expected):
    shared_engine.empty("employees", "staff_postings", "capacity", "employment", "leave", "calendar", "skills")
    posted(shared_engine, "E1")
    shared_engine.add("employment", employee_id="E1", **{"full_time_share": Decimal(1), **columns})
    holidays = {date(2026, 10, 22), date(2026, 10, 23)}
    for number in range(60):
        day = date(2026, 10, 1) + timedelta(days=number)
        given = {"day": day, "is_working_day": day.isoweekday() < 6 and day not in holidays}
        shared_engine.add("calendar", jurisdiction="VN", **given)
        shared_engine.add("calendar", jurisdiction="CN", day=day, is_working_day=True)
    for first, end in ((date(2026, 10, 24), date(2026, 10, 27)), (date(2026, 10, 26), date(2026, 10, 28))):
        shared_engine.add("leave", employee_id="E1", starts_on=first, ends_on=end)
    strategy = hand.strategy(hand.text.replace("{by: accounts}", f"{{{capacity}}}"))
    (one,) = destinations(shared_engine.rows(collectors_statement(strategy, D)), [], [], strategy, D)
    assert capacity_of(one, strategy) == expected


def test_days_that_the_calendar_does_not_have_yet_are_like_those_that_it_has(engine, hand):
    posted(engine, "E1")
    strategy = hand.strategy(hand.text.replace("{by: accounts}", "{by: minutes, calendar_days: 14}"))

    def minutes() -> int:
        (one,) = destinations(engine.rows(collectors_statement(strategy, D)), [], [], strategy, D)
        return capacity_of(one, strategy)

    assert minutes() == 450 * 10
    for number in range(7):
        engine.add("calendar", jurisdiction="VN", day=NEXT + timedelta(days=number), is_working_day=number < 4)
    assert minutes() == 450 * 8


OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)
OWNED = {"owner_kind": "employee", "department_id": "phone", "team_id": "T1"}


def opened(engine, view="accounts_opening"):
    accounts = [
        ("A1", {"days_past_due": 40, "overdue_amount": Decimal(100)}),
        ("A2", {"days_past_due": 50, "overdue_amount": Decimal(300)}),
        ("A3", {"days_past_due": 50, "overdue_amount": Decimal(70), "currency": "CNY"}),
        ("A4", {"days_past_due": 50, "overdue_amount": Decimal(900), "hold": "dispute"}),
    ]
    for name, columns in accounts:
        engine.add(view, account_id=name, balance=Decimal(1000), **columns)


def paid(engine, *payments):
    for number, (name, amount, waiver, posted_on) in enumerate(payments):
        given = {"amount": Decimal(amount), "waiver": Decimal(waiver), "posted_on": posted_on}
        engine.add("payments", payment_id=str(number), account_id=name, **given)


def seen(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def test_a_month_sees_what_was_recovered_on_its_opening_book(engine, hand):
    """Payments of the month up to the date, less waivers and what was reversed; accounts on hold are left out."""
    opened(engine)
    paid(engine, ("A1", 40, 5, D), ("A1", -10, 0, D), ("A2", 60, 0, NEXT), ("A2", 9, 0, date(2026, 9, 30)),
         ("A4", 50, 0, D))  # fmt: skip
    rows = engine.rows(recovered_statement(hand.strategy(), [OCTOBER], D))
    assert seen(rows, "currency", "segment", "band", "parts", "account_days", "money_days", "recovered") == [
        ("CNY", "phone", 1, 1, 20, Decimal(1_400), Decimal(0)),
        ("VND", "phone", 1, 2, 40, Decimal(8_000), Decimal(25)),
    ]
    assert seen(rows, "money_days_squared", "money_days_recovered", "recovered_squared") == [
        (1_400**2, 0, 0),
        (2_000**2 + 6_000**2, 2_000 * 25, 25**2),
    ]


def test_a_part_of_an_account_counts_for_who_owned_it_on_the_day(engine, hand):
    """E1 for nine days, nobody for one, E2 from the 11th on: each with its days, and with what was booked in them."""
    engine.add("accounts_opening", account_id="A1", days_past_due=40, overdue_amount=Decimal(100))
    for owner, start, end in (("E1", date(2026, 9, 1), date(2026, 10, 10)), ("E2", date(2026, 10, 11), NEXT)):
        engine.add("dispatch", account_id="A1", owner_id=owner, valid_from=start, valid_to=end, **OWNED)
    paid(engine, ("A1", 1, 0, OCTOBER), ("A1", 2, 0, date(2026, 10, 9)), ("A1", 4, 0, date(2026, 10, 10)),
         ("A1", 8, 0, date(2026, 10, 11)))  # fmt: skip
    rows = engine.rows(recovered_statement(hand.strategy(), [OCTOBER], D))
    assert seen(rows, "owner_id", "team_id", "account_days", "money_days", "recovered") == [
        ("E1", "T1", 9, Decimal(900), Decimal(3)),
        ("E2", "T1", 10, Decimal(1_000), Decimal(8)),
        (None, None, 1, Decimal(100), Decimal(4)),
    ]


def test_with_a_longer_horizon_earlier_opening_books_are_followed(engine, hand):
    """September's book in October: what its accounts still bring, whoever owns them."""
    strategy = hand.strategy(hand.text.replace("    excluded:", SIXTY + "    excluded:"))
    opened(engine)
    opened(engine, "accounts_opening_before")
    paid(engine, ("A1", 40, 0, D), ("A2", 9, 0, date(2026, 9, 30)))
    rows = engine.rows(recovered_statement(strategy, [OCTOBER, SEPTEMBER], D))
    assert [row for row in seen(rows, "age", "currency", "parts", "money_days", "recovered") if row[1] == "VND"] == [
        (0, "VND", 2, Decimal(8_000), Decimal(40)),
        (1, "VND", 2, Decimal(8_000), Decimal(40)),
    ]


SIXTY = "    recovery: {horizon_days: 60, later_months_without_history: [0.5]}\n"


def test_months_are_added_up_by_cell_and_owner(engine):
    cell = {"currency": "VND", "segment": "phone", "product": "card", "band": 1, "parts": 1, "account_days": 30}
    for month in (SEPTEMBER, OCTOBER):
        money = {"money_days": Decimal(9), "recovered": Decimal(3), "recovered_squared": Decimal(9)}
        engine.add("recovered", month=month, owner_kind="employee", owner_id="E1", **cell, **money)
    (row,) = engine.rows(history_statement())
    assert (row["first_month"], row["last_month"]) == (SEPTEMBER, OCTOBER)
    assert seen([row], "owner_id", "parts", "account_days", "money_days", "recovered", "recovered_squared") == [
        ("E1", 2, 60, Decimal(18), Decimal(6), Decimal(18))
    ]


def test_postgresql_reads_every_statement_as_duckdb_does(engine, postgresql_engine, hand):
    text = hand.text.replace("when: days_past_due <= 90", "when: days_past_due <= 90 and earlier_placements < 2")
    strategy = hand.strategy(text.replace("    excluded:", "    match: unique\n    excluded:"))
    for one in (engine, postgresql_engine):
        fill(one)
    for statement in (
        book_statement(strategy, D),
        barred_statement(strategy, D),
        in_force_statement(NEXT),
        collectors_statement(strategy, D),
        skills_statement(),
        partners_statement(D),
        recovered_statement(strategy, [OCTOBER], D),
    ):
        found = engine.rows(statement)
        assert found
        assert found == postgresql_engine.rows(statement)


def fill(engine):
    posted(engine, "E1")
    engine.add("skills", employee_id="E1", skill="vi")
    engine.add("partners", partner_id="P1", legal_type="law_firm")
    for number, days in enumerate((0, 40, 80, 200)):
        name = f"A{number}"
        for view in ("accounts", "accounts_opening"):
            engine.add(view, account_id=name, days_past_due=days, overdue_amount=Decimal(days))
        engine.add("dispatch", account_id=name, owner_kind="employee", owner_id="E1", valid_to=date(9999, 12, 31))
        engine.add("placements", placement_id=name, account_id=name, partner_id="P1", recalled_on=D)
    engine.add("cases", case_id="C1", account_id="A2", case_type="restructuring", opened_on=D)
    engine.add("payments", payment_id="1", account_id="A1", amount=Decimal(7), posted_on=D)
