"""Why accounts change hands: one small night for each reason, and who got what."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest

from allocation.allocate import Asked, allocated, prepare
from allocation.destinations import Destination
from allocation.effects import Effect, Effects
from allocation.got import spreads, who_got_what
from allocation.limit_costs import Without, limit_costs
from allocation.moves import NOBODY, Owners, Why, counted, moves
from allocation.pins import Pin
from allocation.recovery import recovery_table
from tests.allocation.conftest import STRATEGY, barred_of, book_of, collector, partner, strategy_of

HAN, LAN = collector("Han", 5), collector("Lan", 5)
QUOTA = """\
    quotas:
      - {partner: P1, segments: [legal], at_least_number: 1}
    segments:
"""


OWNED = pa.schema(
    [(name, pa.string()) for name in ("account_id", "owner_kind", "owner_id", "department_id", "team_id", "segment",
                                      "reason")]
)  # fmt: skip


def owned(account, owner, segment="phone", reason="best_value"):
    """A row of the dispatch of the day before."""
    kind, _, name = owner.partition(":")
    at = {"department_id": "phone", "team_id": "phone 1"} if kind == "employee" else {}
    row = {"account_id": account, "owner_kind": kind, "owner_id": name, "segment": segment, "reason": reason}
    return {"department_id": None, "team_id": None, **row, **at}


def account(name, owner=None, **other):
    """A row of the book, with the owner whom the dispatch has for tomorrow."""
    kind, _, who = (owner or ":").partition(":")
    return {"account_id": name, "owner_kind": kind or None, "owner_id": who or None, **other}


def asked(rows, ends, *, text=STRATEGY, barred=None, **other):
    strategy = strategy_of(text)
    recovery = other.pop("recovery", None) or recovery_table(strategy, [])
    return Asked(book_of(*rows), barred or barred_of(), ends, strategy, recovery, **other)


def moved(night: Asked, before, due=None, on_leave=frozenset()):
    """Account: why and detail of every move."""
    made = allocated(night)
    owners = Owners(*(pa.Table.from_pylist(rows, OWNED) for rows in (before, before if due is None else due)), on_leave)
    return moves(prepare(night), made.accounts, owners, made.summary.prices)


def why(found):
    return [(move.account_id, move.from_owner, move.to_owner, move.why, move.detail) for move in found]


def test_who_stays_has_not_moved():
    night = asked([account("A", "employee:Han")], (HAN, LAN))
    assert moved(night, [owned("A", "employee:Han")]) == ()


@pytest.mark.parametrize(
    ("row", "before", "expected"),
    [
        (account("A"), None, (Why.NEW, "")),
        (account("A"), owned("A", "house:HOUSE", "current", "held:current"), (Why.TAKEN_UP, "held:current")),
        (account("A", "employee:Bao"), owned("A", "employee:Bao"), (Why.OWNER_GONE, "not_posted")),
        (account("A", "employee:Chi"), owned("A", "employee:Chi"), (Why.OWNER_GONE, "long_leave")),
        (account("A", "partner:P9"), owned("A", "partner:P9"), (Why.OWNER_GONE, "no_contract")),
        (account("A", "employee:Law"), owned("A", "employee:Law", "legal"), (Why.SEGMENT, "phone")),
        (account("A", "employee:Law", escalated="x"), owned("A", "employee:Law", "legal"), (Why.ESCALATED, "x")),
        (account("A", "employee:Law"), owned("A", "employee:Law"), (Why.NOT_ELIGIBLE, "department")),
        (account("A", "employee:Pi"), owned("A", "employee:Pi"), (Why.NOT_ELIGIBLE, "skills")),
        (account("A", "employee:Lan", rotates=True), owned("A", "employee:Lan"), (Why.ROTATED, "")),
    ],
)
def test_an_account_goes_to_the_one_who_may_have_it_and_it_is_told_why(row, before, expected):
    ends = (HAN, *([LAN] if expected[0] is Why.ROTATED else []), collector("Law", 5, "legal"),
            collector("Pi", 5, skills=frozenset({"zh"})))  # fmt: skip
    found = moved(asked([row], ends), [before] if before else [], on_leave=frozenset({"Chi"}))
    assert [(move.to_owner, move.why, move.detail) for move in found] == [("employee:Han", *expected)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (account("A", "employee:Han", not_worked="excluded:closed", segment=None), (Why.EXCLUDED, "closed")),
        (account("A", "employee:Han", not_worked="excluded:fraud", case_id="C7"), (Why.EXCLUDED, "fraud C7")),
        (account("A", "employee:Han", not_worked="held:dispute"), (Why.HELD, "dispute")),
        (account("A", "employee:Han", segment="current"), (Why.HELD, "current")),
        (account("A", "employee:Han", jurisdiction="CN"), (Why.NOT_ELIGIBLE, "jurisdiction")),
    ],
)
def test_an_account_that_nobody_works_any_more_says_why(row, expected):
    found = moved(asked([row], (HAN,)), [owned("A", "employee:Han")])
    assert [(move.from_owner, move.to_owner, move.why, move.detail) for move in found] == [
        ("employee:Han", NOBODY, *expected)
    ]


def test_what_has_left_the_book_is_told_from_the_dispatch():
    found = moved(
        asked([account("B", "employee:Han")], (HAN,)), [owned("A", "employee:Han"), owned("B", "employee:Han")]
    )
    assert why(found) == [("A", "employee:Han", NOBODY, Why.LEFT_THE_BOOK, "")]


@pytest.mark.parametrize(
    ("row", "barred", "expected"),
    [
        ({"placed_with": "P1", "recall": "no_payment"}, barred_of(), (Why.RECALLED, "no_payment")),
        ({}, barred_of(("A", "partner:P1")), (Why.RECALLED, "cooling_off")),
    ],
)
def test_recalled_accounts_do_not_go_back_to_the_partner(row, barred, expected):
    ends = (partner("P1", 5), collector("Law", 5, "legal"))
    night = asked([account("A", "partner:P1", segment="legal", **row)], ends, barred=barred)
    found = moved(night, [owned("A", "partner:P1", "legal")])
    assert [(move.to_owner, move.why, move.detail) for move in found] == [("employee:Law", *expected)]


def test_a_bar_of_one_account_takes_all_of_its_debtor_along():
    rows = [account(name, "partner:P1", segment="legal", debtor_id="D") for name in "AB"]
    night = asked(rows, (partner("P1", 5), collector("Law", 5, "legal")), barred=barred_of(("B", "partner:P1")))
    found = moved(night, [owned(name, "partner:P1", "legal") for name in "AB"])
    assert [(move.account_id, move.why) for move in found] == [("A", Why.TOGETHER), ("B", Why.RECALLED)]


def test_a_running_placement_takes_an_account_to_its_partner():
    night = asked([account("A", "employee:Han", segment="legal", placed_with="P1")], (HAN, partner("P1", 5)))
    found = moved(night, [owned("A", "employee:Han", "legal")])
    assert why(found) == [("A", "employee:Han", "partner:P1", Why.PLACED, "P1")]
    assert list(counted(found)) == [(Why.PLACED, "", 1)]


def test_leaders_decide_by_overrides_and_by_their_end():
    over = asked([account("A", "employee:Han")], (HAN, LAN), pins={"A": Pin("employee:Lan", "override:3")})
    found = moved(over, [owned("A", "employee:Han")], [owned("A", "employee:Lan", reason="override:3")])
    assert why(found) == [("A", "employee:Han", "employee:Lan", Why.BY_LEADERS, "override:3")]
    back = asked([account("A", "employee:Han")], (HAN, LAN))
    found = moved(back, [owned("A", "employee:Lan", reason="override:3")],
                  [owned("A", "employee:Han", reason="override_ended:3")])  # fmt: skip
    assert why(found) == [("A", "employee:Lan", "employee:Han", Why.BY_LEADERS, "override_ended:3")]


def test_an_account_that_was_to_go_back_to_somebody_who_left_is_told_so():
    """Lan had it by override until today; it was to go back to Bao, who has left, and Han gets it."""
    night = asked([account("A", "employee:Bao")], (HAN, collector("Lan", 0)))
    back = [owned("A", "employee:Bao", reason="override_ended:3")]
    found = moved(night, [owned("A", "employee:Lan", reason="override:3")], back)
    assert why(found) == [("A", "employee:Lan", "employee:Han", Why.OWNER_GONE, "not_posted")]


def with_effects(night: Asked, **factors: float) -> Asked:
    """Collectors who bring so many times the expectation."""
    found = {f"department:phone team:phone 1 employee:{name}": factor for name, factor in factors.items()}
    effects = {place: Effect(place, factor, 1.0, 1.0, 0.0, is_estimated=True) for place, factor in found.items()}
    return replace(night, recovery=replace(night.recovery, effects=Effects(effects)))


def test_better_value_beyond_the_switching_cost_is_told_with_what_it_is():
    """50 are expected; Lan brings twice as much: 100 less 15 % of 50 beside 50."""
    night = with_effects(asked([account("A", "employee:Han")], (HAN, LAN)), Lan=2.0)
    found = moved(night, [owned("A", "employee:Han")])
    assert why(found) == [("A", "employee:Han", "employee:Lan", Why.BETTER, "")]
    assert found[0].gain_estimate == pytest.approx(100 - 7.5 - 50)


def test_room_that_is_worth_more_to_another_account_is_told_with_the_limit():
    """Han has room for one, and both were Han's: the smaller one goes, although it brings less elsewhere."""
    rows = [account("A", "employee:Han", overdue_amount=Decimal(100)),
            account("B", "employee:Han", overdue_amount=Decimal(900))]  # fmt: skip
    night = asked(rows, (collector("Han", 1), LAN))
    found = moved(night, [owned("A", "employee:Han"), owned("B", "employee:Han")])
    assert why(found) == [("A", "employee:Han", "employee:Lan", Why.LIMIT, "employee:Han")]
    assert found[0].gain_estimate == pytest.approx(-7.5)
    assert list(counted(found)) == [(Why.LIMIT, "capacity", 1)]


def test_a_minimum_that_pulls_an_account_is_told_with_its_name():
    text = STRATEGY.replace("    segments:\n", QUOTA)
    night = asked([account("A", "employee:Law", segment="legal")], (collector("Law", 5, "legal"), partner("P1", 5)),
                  text=text.replace("share_at_most: 0.50", "share_at_most: 1"))  # fmt: skip
    found = moved(night, [owned("A", "employee:Law", "legal")])
    assert why(found) == [("A", "employee:Law", "partner:P1", Why.LIMIT, "quota:P1:legal:accounts")]


def test_a_fairness_band_that_takes_accounts_from_who_has_all_of_them_is_told():
    """All four are Han's, and would stay; within ten percent each has two."""
    text = STRATEGY.replace("    segments:\n", "    fairness: {within: team, band: 0.10}\n    segments:\n")
    night = asked([account(name, "employee:Han") for name in "ABCD"], (HAN, LAN), text=text)
    found = moved(night, [owned(name, "employee:Han") for name in "ABCD"])
    assert [(move.to_owner, move.why, move.detail) for move in found] == [("employee:Lan", Why.FAIR, "")] * 2
    (band,) = [one for one in limit_costs(night, prepare(night), allocated(night).accounts)
               if one.limit is Without.FAIRNESS]  # fmt: skip
    assert (band.is_set, band.accounts) == (True, 2)


def test_accounts_of_one_debtor_come_together():
    rows = [account("A", "employee:Han", debtor_id="D", days_past_due=80),
            account("B", "employee:Lan", debtor_id="D", days_past_due=40)]  # fmt: skip
    found = moved(asked(rows, (HAN, LAN)), [owned("A", "employee:Han"), owned("B", "employee:Lan")])
    assert why(found) == [("B", "employee:Lan", "employee:Han", Why.TOGETHER, "A")]


def test_a_debtor_goes_along_when_one_account_is_longer_overdue():
    """B was by telephone; A of the same debtor is over 90 days now, and takes it along to legal."""
    rows = [account("A", "employee:Han", debtor_id="D", days_past_due=95, segment="legal"),
            account("B", "employee:Han", debtor_id="D", days_past_due=40)]  # fmt: skip
    found = moved(
        asked(rows, (HAN, collector("Law", 5, "legal"))), [owned("A", "employee:Han"), owned("B", "employee:Han")]
    )
    assert [(move.account_id, move.why, move.detail) for move in found] == [
        ("A", Why.SEGMENT, "legal"),
        ("B", Why.TOGETHER, "A"),
    ]


def test_who_got_what_is_by_minute_of_work_and_neutral_to_who_works_it():
    """Phone takes 20 minutes, and half of what is overdue is expected: 100 and 300 of two accounts."""
    rows = [account("A", "employee:Han"), account("B", "employee:Lan", overdue_amount=Decimal(300)),
            account("C", "employee:Lan", overdue_amount=Decimal(100))]  # fmt: skip
    night = with_effects(asked(rows, (HAN, LAN)), Lan=1.1)
    got = {one.key: one for one in who_got_what(allocated(night).accounts, night.strategy)}
    assert (got["employee:Han"].expected, got["employee:Han"].minutes) == (50, 20)
    assert (got["employee:Lan"].expected, got["employee:Lan"].minutes, got["employee:Lan"].accounts) == (200, 40, 2)
    (spread,) = spreads(got.values())
    assert (spread.mean, spread.ratio) == (pytest.approx(250 / 60), 2.0)
    assert (spread.lowest.key, spread.highest.key) == ("employee:Han", "employee:Lan")


def test_limits_cost_what_the_night_would_bring_without_them():
    """Lan would bring 55 instead of 50, and the switching cost of 15 % keeps A with Han; P1 must have one of 10 each,
    and keeps a fifth of it."""
    rows = [account("A", "employee:Han"), account("Z", segment="legal")]
    ends: tuple[Destination, ...] = (HAN, LAN, collector("Law", 5, "legal"), partner("P1", 5))
    text = STRATEGY.replace("    segments:\n", QUOTA).replace("share_at_most: 0.50", "share_at_most: 1")
    night = with_effects(asked(rows, ends, text=text), Lan=1.1)
    costs = {one.limit: one for one in limit_costs(night, prepare(night), allocated(night).accounts)}
    assert costs[Without.SWITCHING_COST].cost == pytest.approx(5)
    assert costs[Without.SWITCHING_COST].accounts == 1
    assert costs[Without.MINIMUMS].cost == pytest.approx(2)
    assert not costs[Without.KEPT_OWNERS].is_set


def test_what_owners_kept_cost_is_found_without_them():
    rows = [account("A", "employee:Han", stays=True)]
    night = with_effects(asked(rows, (HAN, LAN)), Lan=2.0)
    (kept,) = [one for one in limit_costs(night, prepare(night), allocated(night).accounts)
               if one.limit is Without.KEPT_OWNERS]  # fmt: skip
    assert (kept.is_set, kept.cost, kept.accounts) == (True, pytest.approx(50), 1)


def test_the_order_of_rows_is_irrelevant():
    rows = [account("A", "employee:Han"), account("B", "employee:Gone"), account("C")]
    night = asked(rows, (HAN, LAN))
    before = [owned("A", "employee:Lan"), owned("B", "employee:Gone")]
    turned = replace(night, book=night.book.take(pa.array([2, 0, 1])))
    assert moved(night, before) == moved(turned, before[::-1])
