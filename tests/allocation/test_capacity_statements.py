"""The statements of capacity planning, on DuckDB and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from allocation.capacity.demand import actions_statement, owners_statement
from allocation.capacity.money import budgets_statement
from allocation.capacity.stock import (
    NOT_WORKED,
    STOCK,
    STOCK_BEFORE,
    State,
    flows_of,
    flows_statement,
    stock_statement,
    strata_of,
)
from allocation.capacity.supply import capacities_statement, exits_statement

D = date(2026, 10, 20)
TABLES_USED = (
    "accounts",
    "cases",
    "dispatch",
    "planned_actions",
    "budgets",
    "employment",
    "staff_postings",
    "capacity",
)


def test_states_and_where_accounts_went(shared_engine, hand):
    shared_engine.empty(*TABLES_USED, STOCK.name, STOCK_BEFORE.name)
    strategy = hand.strategy()
    shared_engine.add("accounts", account_id="A1", days_past_due=8, product="card")
    shared_engine.add("accounts", account_id="A2", days_past_due=0, product="card")
    shared_engine.add("accounts", account_id="A3", days_past_due=200, product="loan", hold="dispute")
    shared_engine.add("accounts", account_id="A4", days_past_due=200, product="loan", status="sold")
    now = shared_engine.rows(stock_statement(strategy, D))
    assert [(row["account_id"], row["segment"], row["band"]) for row in now] == [
        ("A1", "phone", 2),
        ("A2", "current", 0),
        ("A3", "held:blocked", NOT_WORKED),
        ("A4", "excluded:closed", NOT_WORKED),
    ]
    for row in now:
        shared_engine.add(STOCK.name, **row)
    for account, segment, band in (("A1", "phone", 1), ("A3", "legal", 25), ("A9", "phone", 4)):
        shared_engine.add(STOCK_BEFORE.name, account_id=account, jurisdiction="VN", product="card", language="vi",
                          region="hn", segment=segment, band=band)  # fmt: skip
    found = flows_of(shared_engine.rows(flows_statement()), strata_of(strategy))
    assert Counter({(flow.stratum, flow.before, flow.after): flow.accounts for flow in found}) == Counter(
        {
            (("VN", "card", "vi", ""), State("phone", 1), State("phone", 2)): 1,
            (("VN", "card", "vi", ""), State("legal", 25), State("held:blocked")): 1,
            (("VN", "card", "vi", ""), State("phone", 4), None): 1,
            (("VN", "card", "vi", ""), None, State("current", 0)): 1,
            (("VN", "loan", "vi", ""), None, State("excluded:closed")): 1,
        }
    )


def test_who_owns_what_of_a_segment(shared_engine):
    shared_engine.empty(*TABLES_USED)
    for number, owner in enumerate(["employee", "partner", "partner", "house"]):
        shared_engine.add("accounts", account_id=f"A{number}")
        for segment, first, end in (("legal", D, D + timedelta(days=9)), ("phone", D - timedelta(days=9), D)):
            shared_engine.add("dispatch", account_id=f"A{number}", owner_kind=owner, segment=segment, valid_from=first,
                              valid_to=end)  # fmt: skip
    assert shared_engine.rows(owners_statement(D)) == [
        {"jurisdiction": "VN", "segment": "legal", "accounts": 4, "placed": 2}
    ]


def test_what_plans_asked_collectors_for_in_the_last_four_weeks(shared_engine):
    shared_engine.empty(*TABLES_USED)
    days_ago = [(0, "employee", "phone"), (27, "employee", "phone"), (28, "employee", "phone"),
                (-1, "employee", "phone"), (0, "partner", "phone"), (0, "employee", None)]  # fmt: skip
    for number, (ago, owner, segment) in enumerate(days_ago):
        shared_engine.add("planned_actions", due_from=D - timedelta(days=ago), number=number, owner_kind=owner,
                          segment=segment, kind="call")  # fmt: skip
    assert shared_engine.rows(actions_statement(D)) == [
        {"segment": "phone", "kind": "call", "actions": 2, "first": D - timedelta(days=27)}
    ]


def test_budgets_of_cost_from_the_first_month_to_the_last(shared_engine):
    shared_engine.empty(*TABLES_USED)
    for month, kind in ((9, "cost"), (10, "cost"), (11, "cost"), (12, "cost"), (10, "bonus")):
        shared_engine.add("budgets", department_id="phone", month=date(2026, month, 1), budget_type=kind,
                          amount=Decimal(100 * month))  # fmt: skip
    found = shared_engine.rows(budgets_statement(D, date(2026, 11, 30)))
    assert [(row["month"].month, row["amount"]) for row in found] == [(10, 1000), (11, 1100)]


def test_capacities_and_leavers(shared_engine):
    shared_engine.empty(*TABLES_USED)
    for first, minutes in ((date(2026, 1, 1), 400), (D + timedelta(days=1), 480), (D + timedelta(days=2), 1)):
        shared_engine.add("capacity", employee_id="E1", valid_from=first, minutes_per_day=minutes, accounts_at_most=9)
    assert [row["minutes_per_day"] for row in shared_engine.rows(capacities_statement(D))] == [400, 480]
    shared_engine.add("employment", employee_id="E1", hired_on=date(2026, 1, 1), exited_on=D)
    shared_engine.add("employment", employee_id="E2", hired_on=date(2026, 1, 1))
    shared_engine.add("staff_postings", employee_id="E1", department_id="phone")
    shared_engine.add("staff_postings", employee_id="E2", department_id="phone", role="leader")
    assert [
        (row["employee_id"], row["exited_on"], row["department_id"]) for row in shared_engine.rows(exits_statement())
    ] == [("E1", D, "phone")]
