"""The strategy of docs/examples/vietnam-centre: what becomes of one account of each kind, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.settings import Settings
from allocation.book import barred_statement, book_statement
from allocation.strategies import Strategy
from tasks.stages.rules import sound_rules
from tests.allocation.conftest import allocate_by_hand, barred_of, book_of, collector, owners, partner, reasons

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "vietnam-centre"
DAY = date(2026, 10, 16)
FOREVER = date(9999, 12, 31)


@pytest.fixture(scope="module")
def rules():
    return sound_rules(Settings().rules, EXAMPLE)


@pytest.fixture(scope="module")
def strategy(rules) -> Strategy:
    return rules.strategies.on(DAY)


def calls(count, outcome="no_answer"):
    started = [datetime(2026, 10, 1 + n, 9) for n in range(count)]  # noqa: DTZ001 - on the debtor's clock
    return [("contacts", {"started_wall": at, "channel": "call", "direction": "out", "outcome": outcome})
            for at in started]  # fmt: skip


def broken(count):
    due = [DAY - timedelta(days=5 * n) for n in range(count)]
    return [("promises", {"state": "broken", "due_on": day, "made_on": day - timedelta(days=3)}) for day in due]


def case(kind):
    return ("cases", {"case_id": f"C-{kind}", "case_type": kind, "outcome": "pending", "opened_on": DAY})


def owned(first, segment="early"):
    row = {"owner_kind": "employee", "owner_id": "E1", "segment": segment, "valid_from": first, "valid_to": FOREVER}
    return ("dispatch", row)


PAID = ("payments", {"amount": Decimal(9), "posted_on": DAY - timedelta(days=5)})
PROMISED = ("promises", {"state": "open", "due_on": DAY, "made_on": DAY})
PLACED_LONG = ("placements", {"partner_id": "R01", "placed_on": DAY - timedelta(days=120), "term_ends_on": FOREVER})
RECALLED = ("placements", {"partner_id": "R01", "placed_on": date(2026, 1, 1), "recalled_on": date(2026, 10, 1)})
SILENT = {"own_phone": False}

CASES = [
    # what it is, its columns, what is known of it, and what the night makes of it
    ("not overdue", {"days_past_due": 0}, [], {"segment": "current"}),
    ("small, a few days", {"days_past_due": 5}, [], {"segment": "remind"}),
    ("small, a week", {"days_past_due": 8}, [], {"segment": "early"}),
    ("large, a few days", {"days_past_due": 5, "balance": Decimal(5_000_000)}, [], {"segment": "early"}),
    ("broke a promise", {"days_past_due": 5}, broken(1), {"segment": "early"}),
    ("broke three", {"days_past_due": 5}, broken(3), {"segment": "late", "escalated": "broken_promises"}),
    ("thirty days", {"days_past_due": 30}, [], {"segment": "early"}),
    ("ninety days", {"days_past_due": 90}, [], {"segment": "late"}),
    ("tried seven times", {"days_past_due": 40}, calls(7), {"segment": "late"}),
    ("tried eight times", {"days_past_due": 40}, calls(8), {"segment": "field", "escalated": "unreachable"}),
    ("reached at last", {"days_past_due": 40}, calls(8, "right_party"), {"segment": "late"}),
    ("no telephone", {"days_past_due": 12, **SILENT}, [], {"segment": "field", "escalated": "unreachable"}),
    ("a visit lately", {"days_past_due": 40}, [owned(DAY - timedelta(days=28), "field")],
     {"segment": "field", "escalated": "unreachable"}),
    ("a visit long ago", {"days_past_due": 40}, [owned(DAY - timedelta(days=29), "field")], {"segment": "late"}),
    ("half a year", {"days_past_due": 181}, [], {"segment": "legal"}),
    ("a new plan", {"days_past_due": 40}, [case("restructuring")], {"segment": "restructuring"}),
    ("suspected fraud", {"days_past_due": 40}, [case("fraud")], {"not_worked": "excluded:fraud", "case_id": "C-fraud"}),
    ("litigation", {"days_past_due": 200}, [case("legal")], {"not_worked": "excluded:litigation"}),
    ("complains", {"days_past_due": 40}, [case("complaint")], {"not_worked": "held:complaint"}),
    ("disputes it", {"days_past_due": 40, "hold": "dispute"}, [], {"not_worked": "held:dispute"}),
    ("has promised", {"days_past_due": 12}, [owned(DAY), PROMISED], {"segment": "early", "stays": True}),
    ("ninety days with one", {"days_past_due": 40}, [owned(DAY - timedelta(days=89), "late")], {"rotates": True}),
    ("the same, paid", {"days_past_due": 40}, [owned(DAY - timedelta(days=89), "late"), PAID], {"rotates": False}),
    ("placed without a payment", {"days_past_due": 300}, [PLACED_LONG], {"recall": "no_payment"}),
    ("placed, and paid", {"days_past_due": 300}, [PLACED_LONG, PAID], {"recall": None, "placed_with": "R01"}),
]  # fmt: skip


def test_one_account_of_each_kind(shared_engine, strategy):
    views = ("accounts", "contacts", "promises", "cases", "dispatch", "payments", "placements", "parties",
             "contact_points")  # fmt: skip
    shared_engine.empty(*views)
    for number, (_, columns, known, _) in enumerate(CASES):
        account, debtor = f"A{number:02}", f"D{number:02}"
        given = {"balance": Decimal(1_000_000), "currency": "VND", "status": "open", "hold": "none", **columns}
        has_phone = given.pop("own_phone", True)
        shared_engine.add("accounts", account_id=account, debtor_id=debtor, **given)
        for serial, (view, row) in enumerate(known):
            key = {"payments": "payment_id", "promises": "promise_id", "contacts": "contact_id"}.get(view, "")
            shared_engine.add(view, **{"account_id": account, **({key: f"{number}-{serial}"} if key else {}), **row})
        if has_phone:
            shared_engine.add("parties", party_id=f"P{number}", debtor_id=debtor, role="debtor")
            shared_engine.add("contact_points", contact_point_id=f"N{number}", party_id=f"P{number}", kind="phone",
                              state="active")  # fmt: skip
    found = {row["account_id"]: row for row in shared_engine.rows(book_statement(strategy, DAY))}
    for number, (name, _, _, expected) in enumerate(CASES):
        row = found[f"A{number:02}"]
        assert {key: row[key] for key in expected} == expected, name


def test_who_had_an_account_twice_or_lately_does_not_get_it_again(shared_engine, strategy):
    shared_engine.empty("placements")
    for number in (1, 2):
        placed = {"placement_id": f"L{number}", "placed_on": date(2025, number, 1), "term_ends_on": date(2025, 6, 1)}
        shared_engine.add("placements", account_id="A1", partner_id="R02", **placed)
    view, row = RECALLED
    shared_engine.add(view, account_id="A2", placement_id="L3", term_ends_on=FOREVER, **row)
    found = shared_engine.rows(barred_statement(strategy, DAY))
    assert [(row["account_id"], row["owner_id"], row["reason"]) for row in found] == [
        ("A1", "R02", "placed_before"),
        ("A2", "R01", "cooling_off"),
    ]


def minutes(name, department="phone_late", **given):
    return collector(name, 0, department, minutes_per_day=60, days=20, **given)


def test_a_joiner_carries_less_and_a_visit_needs_its_permit(strategy):
    """Of 1,200 minutes the joiner has 480: at 20 minutes for an account, 60 and 24 of the hundred."""
    late = [{"account_id": f"A{number:03}", "segment": "late"} for number in range(100)]
    joiner = minutes("New", share=Decimal("0.4"))
    made = allocate_by_hand(book_of(*late), minutes("Old"), joiner, strategy=strategy)
    assert [list(owners(made).values()).count(name) for name in ("Old", "New", "HOUSE")] == [60, 24, 16]
    visit = book_of({"account_id": "V", "segment": "field"})
    without, with_permit = minutes("Han", "field"), minutes("Lan", "field", skills=frozenset({"vi", "visit_permit"}))
    assert reasons(allocate_by_hand(visit, without, strategy=strategy)) == {"V": "held:no_destination"}
    assert owners(allocate_by_hand(visit, without, with_permit, strategy=strategy)) == {"V": "Lan"}


def test_a_neighbour_does_not_get_the_debtor(strategy):
    row = {"account_id": "A", "segment": "late", "debtor_id": "D000000123"}
    made = allocate_by_hand(book_of(row), minutes("E0007"), minutes("E0008"), strategy=strategy)
    assert owners(made) == {"A": "E0008"}


def test_the_firm_has_its_least_and_no_more_than_its_most(strategy):
    """Of twenty accounts R01 has two at least and eight at most, although it keeps a quarter of what it brings."""
    rows = [{"account_id": f"A{number:02}", "segment": "legal"} for number in range(20)]
    law = collector("Law", 0, "legal", minutes_per_day=480, days=20)
    made = allocate_by_hand(book_of(*rows), law, partner("R01", 50), strategy=strategy, barred=barred_of())
    assert list(owners(made).values()).count("R01") == 2
    alone = allocate_by_hand(book_of(*rows), partner("R01", 50), strategy=strategy)
    assert list(owners(alone).values()).count("R01") == 8
    assert alone.summary.violations == ()


def test_the_members_of_a_team_get_about_the_same(strategy):
    rows = [{"account_id": f"A{number:02}", "segment": "late", "overdue_amount": Decimal(100 + 40 * number)}
            for number in range(40)]  # fmt: skip
    made = allocate_by_hand(book_of(*rows), minutes("Han"), minutes("Lan"), strategy=strategy)
    (spread,) = made.summary.spreads
    assert 0.9 <= spread.lowest <= spread.highest <= 1.1
    free = replace(strategy, placed=replace(strategy.placed, rule=strategy.rule.model_copy(update={"fairness": None})))
    assert allocate_by_hand(book_of(*rows), minutes("Han"), minutes("Lan"), strategy=free).summary.fairness is None


def test_what_partners_bring_is_found_out_by_lot(rules):
    (experiment,) = rules.experiments.on(DAY)
    assert {arm.id: (arm.departments, arm.partners) for arm in experiment.rule.arms} == {
        "house": (("legal",), ()),
        "firm": ((), ("R01",)),
    }
