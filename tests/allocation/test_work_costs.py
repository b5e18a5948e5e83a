"""What working an account costs, and what that does to where it goes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from allocation.explain import explain
from allocation.recovery import recovery_table
from allocation.work_costs import (
    cost_centres_statement,
    costs_statement,
    work_costs,
    working_days_statement,
)

D = date(2026, 10, 20)


def strategy_with(hand, terms):
    return hand.strategy(hand.text.replace("    excluded:", f"    work_cost: {{{terms}}}\n    excluded:"))


def costs_of(engine, hand, terms, *ends):
    strategy = strategy_with(hand, terms)
    statements = (costs_statement(D), cost_centres_statement(D), working_days_statement(D))
    found = work_costs(strategy, ends, D, *(engine.rows(statement) for statement in statements))
    return {place: (cost.minutes, cost.minute) for place, cost in found.accounts.items()}


@pytest.fixture
def filled(shared_engine):
    """September: 20 working days; centre A cost 90,000 VND and 10 CNY, of which one is worth 3,600."""
    shared_engine.empty("costs", "employment", "calendar")
    for month, centre, kind, amount, currency in (
        (9, "A", "staff", 80_000, "VND"), (9, "A", "travel", 10_000, "VND"), (9, "A", "other", 10, "CNY"),
        (8, "A", "staff", 7, "VND"), (9, "empty", "staff", 999, "VND"),
    ):  # fmt: skip
        given = {"cost_centre": centre, "month": date(2026, month, 1), "cost_type": kind, "amount": Decimal(amount)}
        shared_engine.add("costs", currency=currency, **given)
    for name, centre in (("E1", "A"), ("E2", "A"), ("L1", "A"), ("L2", "unknown")):
        shared_engine.add("employment", employee_id=name, cost_centre=centre)
    for day in range(1, 31):
        given = {"day": date(2026, 9, day), "is_working_day": day <= 20}
        shared_engine.add("calendar", jurisdiction="VN", **given)
    return shared_engine


def test_a_minute_costs_what_its_cost_centre_does_by_the_minutes_of_its_collectors(filled, hand):
    """Three collectors of 100 minutes on 20 days share 126,000: 21 a minute in either department."""
    ends = [hand.collector(name, 1, department=place, minutes_per_day=100)
            for name, place in (("E1", "phone"), ("E2", "phone"), ("L1", "legal"), ("L2", "legal"))]  # fmt: skip
    found = costs_of(filled, hand, "from_costs: true", *ends)
    assert {place: (minutes, minute.cost) for place, (minutes, minute) in found.items()} == {
        ("phone", "phone"): (20, pytest.approx(21)),
        ("legal", "legal"): (45, pytest.approx(21)),
    }
    assert found["phone", "phone"][1].source == "costs of 2026-09: 84,000 ÷ 4,000 minutes"


def test_what_is_stated_holds_where_the_table_says_nothing(filled, hand):
    ends = [hand.collector("E1", 1, minutes_per_day=100), hand.collector("L2", 1, department="legal")]
    found = costs_of(filled, hand, "from_costs: true, per_minute: {legal: 5, phone: 1}", *ends)
    assert {place: (minute.cost, minute.source[:8]) for place, (_, minute) in found.items()} == {
        ("phone", "phone"): (63.0, "costs of"),
        ("legal", "legal"): (5.0, "stated"),
    }
    assert costs_of(filled, hand, "per_minute: {legal: 5}", *ends).keys() == {("legal", "legal")}


def test_value_is_net_of_the_cost_of_work(hand):
    """Of 50 expected, 20 minutes at 2 leave 10; of an account that brings 5 nobody makes anything."""
    strategy = strategy_with(hand, "per_minute: {phone: 2}")
    end = hand.collector("E1", 5)
    table = recovery_table(strategy, [])
    table = replace(table, work=work_costs(strategy, [end], D, [], [], []))
    book = hand.book({"account_id": "A1"}, {"account_id": "A2", "overdue_amount": Decimal(10)})
    made = hand.allocate(book, end, strategy=strategy, recovery=table)
    assert hand.owners(made) == {"A1": "E1", "A2": "HOUSE"}
    assert made.accounts["value_estimate"][0].as_py() == pytest.approx(10)
    assert "    work there: 20 minutes at 2.00 = 40.00 (stated)" in explain(made, "A1").splitlines()


@pytest.mark.parametrize(
    ("terms", "told"),
    [("from_costs: false", "say from_costs: true"), ("per_minute: {phone: -1}", "a minute costs nothing or more")],
)
def test_terms_that_say_nothing_are_refused(hand, terms, told):
    with pytest.raises(AssertionError, match=told):
        strategy_with(hand, terms)


def test_a_segment_must_say_how_many_minutes_it_takes(hand):
    text = hand.text.replace("        handling_minutes: 20\n", "")
    text = text.replace("    excluded:", "    work_cost: {per_minute: {phone: 2}}\n    excluded:")
    with pytest.raises(AssertionError, match="ALL010 work costs by the minute, and segment"):
        hand.strategy(text)
