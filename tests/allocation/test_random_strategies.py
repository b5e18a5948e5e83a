"""What holds under every strategy: quotas by accounts and by balance, shares of partners, a fairness band or none."""

from collections import defaultdict
from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.allocation.test_allocation_properties import books, night, rooms

SHARE = st.sampled_from([None, "0.1", "0.25", "0.5", "0.9"])
quota = st.fixed_dictionaries(
    {
        "partner": st.sampled_from(["P1", "P2"]),
        "by": st.sampled_from(["accounts", "balance"]),
        "at_least": SHARE,
        "at_most": SHARE,
        "at_most_number": st.sampled_from([None, 3, 2_000]),
    }
).filter(
    lambda one: (
        any(one[key] for key in ("at_least", "at_most", "at_most_number"))
        and Decimal(one["at_least"] or 0) <= Decimal(one["at_most"] or 1)
    )
)
strategies = st.fixed_dictionaries(
    {
        "quotas": st.lists(quota, max_size=2, unique_by=lambda one: (one["partner"], one["by"])),
        "share_at_most": st.sampled_from(["0.2", "0.50", "1"]),
        "band": st.sampled_from([None, "0.10"]),
        "together": st.booleans(),
    }
)


def strategy_text(hand, drawn) -> str:
    quotas = ", ".join(
        "{" + ", ".join(f"{key}: {value}" for key, value in one.items() if value is not None) + "}"
        for one in drawn["quotas"]
    )
    band = f"    fairness: {{within: department, band: {drawn['band']}}}\n" if drawn["band"] else ""
    return (
        hand.text.replace("    segments:", f"    quotas: [{quotas}]\n{band}    segments:", 1)
        .replace("share_at_most: 0.50", f"share_at_most: {drawn['share_at_most']}")
        .replace("one_owner_per_debtor: true", f"one_owner_per_debtor: {str(drawn['together']).lower()}")
    )


def decided(hand, drawn, room, rules):
    return night(hand, drawn, room, strategy=hand.strategy(strategy_text(hand, rules)))


def worked(rows):
    """What the strategy lets be worked: not what it holds or excludes."""
    out = ("held:dispute", "held:current", "excluded:closed")
    return [row for row in rows if row["reason"] not in out]


@settings(max_examples=20)
@given(books, rooms, strategies)
def test_capacities_shares_and_quotas_hold_or_it_is_told_what_is_missing(hand, drawn, room, rules):
    found = decided(hand, drawn, room, rules)
    rows = worked(found.made.accounts.to_pylist())
    placed = [row for row in rows if row["reason"] == "placement_in_force"]
    for end in found.ends:
        mine, running = ([row for row in some if row["owner_id"] == end.id] for some in (rows, placed))
        assert len(mine) <= max(end.accounts_at_most, len(running))
    legal = [row for row in rows if row["segment"] == "legal"]
    of_partners = [row for row in legal if row["owner_kind"] == "partner"]
    running = [row for row in of_partners if row["reason"] == "placement_in_force"]
    assert len(of_partners) <= max(int(Decimal(rules["share_at_most"]) * len(legal)), len(running))
    for one in rules["quotas"]:
        _holds(one, rows, found.made.summary.violations)


def _holds(quota, rows, told):
    """In whole units of what the quota counts. Running placements may pass a maximum, and use up a minimum."""

    def counted(some):
        return sum(1 if quota["by"] == "accounts" else round(row["balance"]) for row in some)

    mine = [row for row in rows if row["owner_id"] == quota["partner"]]
    running = counted(row for row in mine if row["reason"] == "placement_in_force")
    whole, has = counted(rows), counted(mine)
    tops = [int(Decimal(quota["at_most"]) * whole)] if quota["at_most"] else []
    tops += [quota["at_most_number"]] if quota["at_most_number"] else []
    assert not tops or has <= max(min(tops), running)
    missing = ceil(Decimal(quota["at_least"] or 0) * whole) - has
    named = [text for text in told if text.startswith(f"quota:{quota['partner']}:all:{quota['by']}: {has} where ")]
    short = [text for text in named if not text.endswith("is the most")]
    assert bool(short) == (missing > 0)
    assert all(text.endswith(f": {missing} cannot be met") for text in short)
    assert bool(set(named) - set(short)) == bool(tops and has > min(tops))


@settings(max_examples=10)
@given(books, rooms, strategies)
def test_each_account_is_decided_once_and_what_is_decided_together_goes_together(hand, drawn, room, rules):
    rows = decided(hand, drawn, room, rules).made.accounts.to_pylist()
    assert [row["account_id"] for row in rows] == [f"A{number:03d}" for number in range(len(drawn))]
    owners = defaultdict(set)
    for row in rows:
        if row["next_best"] is not None:
            owners[row["debtor_id"] if rules["together"] else row["account_id"]].add((row["owner_id"], row["segment"]))
    assert all(len(found) == 1 for found in owners.values())
    departments = {"E1": "phone", "E2": "phone", "E3": "legal", "E4": "legal", "P1": "legal"}
    assert all(owner == "HOUSE" or departments[owner] == segment for ((owner, segment),) in owners.values())


@settings(max_examples=20)
@given(books, rooms, strategies.filter(lambda rules: rules["band"] is None))
def test_published_prices_and_expectations_choose_the_same_place_again(hand, drawn, room, rules):
    """Every destination reckoned anew from what the night says of it: the chosen place nets what the row says, the next
    best one the margin less, and nobody nets more, unless the row says that there was no room."""
    found = decided(hand, [{**one, "owner": None, "language": "vi"} for one in drawn], room, rules)
    every = found.made.accounts.to_pylist()
    open_ends, prices = list(_with_room(found.ends, worked(every), rules)), found.made.summary.prices
    together = defaultdict(list)
    for row in every:
        if row["next_best"] is not None:
            together[row["debtor_id"] if rules["together"] else row["account_id"]].append(row)
    for rows in together.values():
        first, nets = rows[0], dict(_nets(open_ends, rows, prices, rules))
        key = "hold" if first["owner_id"] == "HOUSE" else f"{first['owner_kind']}:{first['owner_id']}"
        own = first["value_estimate"] - first["price_estimate"]
        assert nets[key] == pytest.approx(own, abs=1e-2)
        best_other = max((net for end, net in nets.items() if end != key), default=0.0)
        assert best_other == pytest.approx(own - first["margin_estimate"], abs=1e-2)
        if best_other > own + 0.001 * first["value_estimate"] + 1e-2:
            assert first["reason"] in {"capacity_moved", "held:no_capacity"}


def _with_room(ends, rows, rules):
    """Who has any left beside running placements: of its own, and partners of what they may have together."""
    placed = [row["owner_id"] for row in rows if row["reason"] == "placement_in_force"]
    legal = sum(row["segment"] == "legal" for row in rows)
    of_partners = sum(
        row["segment"] == "legal" and row["owner_kind"] == "partner" and row["reason"] == "placement_in_force"
        for row in rows
    )
    for end in ends:
        shared = int(Decimal(rules["share_at_most"]) * legal) > of_partners
        if end.accounts_at_most > placed.count(end.id) and (shared or not end.is_partner):
            yield end


def _nets(ends, rows, prices, rules):
    """Of being held, and of each place that may have the accounts: P2 is an agency, which may not in Vietnam."""
    yield "hold", 0.0
    worth, segment = sum(row["expected_recovery"] for row in rows), rows[0]["segment"]
    for end in ends:
        if end.department == segment or (end.id == "P1" and segment == "legal"):
            yield end.key, worth * (0.8 if end.is_partner else 1) - _paid(end, rows, prices, rules)


def _paid(end, rows, prices, rules):
    paid = len(rows) * (prices[end.key] + (prices["partners:legal"] if end.is_partner else 0))
    for one in rules["quotas"]:
        if one["partner"] == end.id:
            count = len(rows) if one["by"] == "accounts" else sum(round(row["balance"]) for row in rows)
            paid += count * prices[f"quota:{end.id}:all:{one['by']}"]
    return paid


def test_a_night_on_which_nothing_is_free_ends_with_what_is_missing(hand):
    """Found by the properties above: measures of no unit at all."""
    rules = {
        "quotas": [{"partner": "P1", "by": "balance", "at_least": None, "at_most": None, "at_most_number": 3}],
        "share_at_most": "1",
        "band": "0.10",
        "together": True,
    }
    nothing = {"debtor_id": "D1", "days_past_due": 0, "overdue_amount": Decimal(0), "not_worked": None, "owner": None,
               "placed_with": None, "language": "vi"}  # fmt: skip
    made = decided(hand, [nothing], [5] * 6, rules).made
    assert (made.summary.held, made.summary.value, made.summary.violations) == (1, 0, ())
