"""Lots: who is drawn, into which arm, and what stays drawn: by hand, and what holds for every book."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from allocation.drawing import Lots, drawn_table, meets_statement
from allocation.experiments import decode_experiments
from allocation.explain import explain

SEGMENTS = ("current", "restructuring", "phone", "legal")
FIRMS = """\
experiments:
  - id: two_firms
    title: Two law firms on what is over 90 days
    owner: head_of_partners
    valid_from: 2026-10-01
    valid_to: 2027-01-01
    draws_until: 2026-11-15
    salt: two-firms-2026
    segments: [legal]
    share: 0.40
    strata: {by: [product], balance_from: [5000]}
    capacity_share: 0.50
    arms:
      - {id: firm_a, title: Firm A, probability: 0.50, partners: [P1]}
      - {id: firm_b, title: Firm B, probability: 0.50, partners: [P2]}
    champion: firm_a
    outcome: {measure: recovered_of_overdue, days: 30}
"""
CONTROL = FIRMS.replace("partners: [P1]", "usual: true").replace("partners: [P2]", "untouched: decision 7 of 2026")
CONTROL = CONTROL.replace("    capacity_share: 0.50\n", "")
DEPARTMENTS = FIRMS.replace("partners: [P1]", "departments: [phone]").replace("partners: [P2]", "usual: true")
DEPARTMENTS = DEPARTMENTS.replace("segments: [legal]", "segments: [phone]")


def experiments_of(text):
    document, issues = parse_document(text, "experiments.yaml")
    assert document is not None, issues
    book, issues = decode_experiments([document], SEGMENTS, ("legal", "phone"))
    assert not issues, [str(issue) for issue in issues]
    return book


def debtor(number, **given):
    """An account over 90 days, which partners may have."""
    return {
        "account_id": f"A{number:04d}",
        "debtor_id": f"D{number}",
        "segment": "legal",
        "days_past_due": 200,
        **given,
    }


@pytest.fixture
def draw(hand):
    """The night's allocation with lots; `before` are the rows of the night before."""

    def made(rows, text=FIRMS, *, day=hand.day, before=(), rooms=(200, 200, 200), meets=None, ends=None, cooling=()):
        lots = Lots(experiments_of(text).on(day), day, tuple(before), meets or {})
        partners = [hand.partner("P1", rooms[0]), hand.partner("P2", rooms[1])]
        given_ends = ends or [*partners, *(hand.collector(f"E {name}", rooms[2], name) for name in ("legal", "phone"))]
        strategy = hand.strategy(hand.text.replace("share_at_most: 0.50", "share_at_most: 1"))
        other = {"strategy": strategy, "barred": hand.barred(*cooling), "lots": lots}
        return hand.allocate(hand.book(*rows), *given_ends, **other)

    return made


def arms_of(made):
    return {row["debtor_id"]: row["arm"] for row in made.draw.rows}


def by_account(made, column):
    return dict(zip(made.accounts["account_id"].to_pylist(), made.accounts[column].to_pylist(), strict=True))


def test_who_is_drawn_goes_to_the_arms_partner_with_its_reason_and_the_rest_is_the_optimisers(draw):
    made = draw([debtor(number) for number in range(200)])
    (tally,) = made.draw.tallies
    assert tally.could == 200
    assert 60 <= tally.drawn <= 100  # 40 % of 200 by hash
    owners, reasons, arms = (by_account(made, name) for name in ("owner_id", "reason", "experiment_arm"))
    for row in made.draw.rows:
        assert owners[row["account_id"]] == {"firm_a": "P1", "firm_b": "P2"}[row["arm"]]
        assert reasons[row["account_id"]] == f"held_out:two_firms:{row['arm']}"
        assert (row["chance"], row["chance_of_arm"], row["chance_of_destination"]) == (
            Decimal("0.4"),
            Decimal("0.5"),
            1,
        )
    drawn = {row["account_id"] for row in made.draw.rows}
    assert {arms[name] for name in owners.keys() - drawn} == {None}
    assert not any(reasons[name].startswith("held_out") for name in owners.keys() - drawn)
    assert "by lot, in the experiment two_firms, arm firm_" in explain(made, min(drawn))


def test_without_an_experiment_nothing_is_drawn(draw, hand):
    made = draw([debtor(1)], day=date(2026, 9, 30))
    assert made.draw is None
    assert by_account(made, "experiment_arm") == {"A0001": None}


def test_an_arm_may_be_left_to_the_strategy_or_to_nobody(draw):
    made = draw([debtor(number) for number in range(100)], CONTROL)
    arms, reasons, owners = arms_of(made), by_account(made, "reason"), by_account(made, "owner_kind")
    assert set(arms.values()) == {"firm_a", "firm_b"}
    for row in made.draw.rows:
        if row["arm"] == "firm_b":
            assert reasons[row["account_id"]] == "held:untouched:two_firms:firm_b"
            assert owners[row["account_id"]] == "house"
        else:
            assert reasons[row["account_id"]] in {"best_value", "capacity_moved"}
            assert "drawn into two_firms:firm_a" in explain(made, row["account_id"])
    dispositions = by_account(made, "disposition")
    assert {dispositions[row["account_id"]] for row in made.draw.rows if row["arm"] == "firm_b"} == {"held"}


def test_an_arm_of_a_department_is_given_to_its_collectors_by_lot(draw, hand):
    ends = [hand.collector(f"E{number}", 40) for number in range(1, 5)]
    made = draw([debtor(n, segment="phone", days_past_due=40) for n in range(150)], DEPARTMENTS, ends=ends)
    owners = Counter(
        by_account(made, "owner_id")[row["account_id"]] for row in made.draw.rows if row["arm"] == "firm_a"
    )
    assert owners.keys() == {"E1", "E2", "E3", "E4"}
    assert max(owners.values()) <= 20  # half of forty
    chances = {row["chance_of_destination"] for row in made.draw.rows if row["arm"] == "firm_a"}
    assert Decimal("0.25") in chances


@pytest.mark.parametrize(
    "not_free",
    [{"not_worked": "held:dispute"}, {"placed_with": "P2"}, {"segment": "current", "days_past_due": 0},
     {"segment": "phone", "days_past_due": 40}],
)  # fmt: skip
def test_holds_placements_and_other_segments_come_first(draw, not_free):
    made = draw([debtor(number, **not_free) for number in range(50)], FIRMS.replace("share: 0.40", "share: 1"))
    assert made.draw.rows == ()


def test_only_debtors_that_every_arm_could_take_are_drawn(draw):
    everybody = FIRMS.replace("share: 0.40", "share: 1")
    rows = [debtor(number) for number in range(10)]
    made = draw(rows, everybody, cooling=[("A0003", "partner:P2")])
    assert arms_of(made).keys() == {f"D{number}" for number in range(10)} - {"D3"}
    assert draw(rows, everybody, rooms=(50, 0, 50)).draw.tallies[0].no_room == 10


def test_a_condition_says_who_may_be_drawn(draw, engine, hand):
    text = FIRMS.replace("share: 0.40", "share: 1").replace("share: 1\n", "share: 1\n    when: product == 'card'\n", 1)
    engine.add("accounts", account_id="A0001", product="card")
    engine.add("accounts", account_id="A0002", product="loan")
    (experiment,) = experiments_of(text).on(hand.day)
    meets = frozenset(row["account_id"] for row in engine.rows(meets_statement(experiment, hand.day)))
    made = draw([debtor(1), debtor(2, product="loan")], text, meets={"two_firms": meets})
    assert arms_of(made).keys() == {"D1"}


def test_an_experiment_has_no_more_of_a_partner_than_its_slice_and_the_rest_of_it_is_kept(draw):
    everybody = FIRMS.replace("share: 0.40", "share: 1")
    made = draw([debtor(number) for number in range(100)], everybody, rooms=(20, 20, 0))
    assert Counter(arms_of(made).values()) in ({"firm_a": 10, "firm_b": 10}, {"firm_a": 10, "firm_b": 9},
                                               {"firm_a": 9, "firm_b": 10})  # fmt: skip
    few = draw([debtor(number) for number in range(100)], FIRMS.replace("0.40", "0.01"), rooms=(20, 20, 0))
    drawn = len(arms_of(few))
    with_partners = [kind for kind in by_account(few, "owner_kind").values() if kind == "partner"]
    assert len(with_partners) <= 20 + drawn  # half of each capacity stays free for later lots


def test_a_pack_is_shuffled_so_that_who_comes_first_is_as_likely_in_one_arm_as_in_another(draw):
    """A stratum of its own for each debtor: whoever is alone in one gets its first card."""
    text = FIRMS.replace("share: 0.40", "share: 1")
    made = draw([debtor(number, product=f"product {number}") for number in range(80)], text)
    arms = Counter(arms_of(made).values())
    assert arms["firm_a"] + arms["firm_b"] == 80
    assert 25 <= arms["firm_a"] <= 55


@pytest.mark.parametrize("quota", ["at_most_number: 6", "by: balance, at_most_number: 6000", "at_most: 0.06"])
def test_a_partners_quota_holds_for_lots_too(hand, quota):
    """Accounts of 1,000 each, a hundred of them: six at most, in each of the three ways."""
    text = hand.text.replace("share_at_most: 0.50", "share_at_most: 1")
    text = text.replace("    excluded:\n", f"    quotas:\n      - {{partner: P1, {quota}}}\n    excluded:\n")
    lots = Lots(experiments_of(FIRMS.replace("share: 0.40", "share: 1")).on(hand.day), hand.day)
    book = hand.book(*(debtor(number) for number in range(100)))
    ends = hand.partner("P1", 200), hand.partner("P2", 200)
    made = hand.allocate(book, *ends, strategy=hand.strategy(text), lots=lots)
    drawn = Counter(row["arm"] for row in made.draw.rows)
    assert drawn["firm_a"] == 6
    assert drawn["firm_b"] in {5, 6, 7}
    assert Counter(hand.owners(made).values())["P1"] == 6


def test_what_was_drawn_stays_drawn_and_who_comes_later_is_drawn_when_they_come(draw, hand):
    rows = [debtor(number) for number in range(100)]
    first = draw(rows)
    second = draw([*rows, *(debtor(number) for number in range(100, 200))], day=hand.day + timedelta(days=1),
                  before=first.draw.rows)  # fmt: skip
    old, new = arms_of(first), arms_of(second)
    assert old.items() <= new.items()
    assert {int(name[1:]) >= 100 for name in new.keys() - old.keys()} == {True}
    assert second.draw.tallies[0].held_on == len(old)
    again = draw([*rows, *(debtor(number) for number in range(100, 200))], day=hand.day + timedelta(days=2),
                 before=second.draw.rows)  # fmt: skip
    assert again.draw.rows == second.draw.rows


def test_after_the_last_day_of_drawing_lots_hold_and_nobody_new_is_drawn(draw):
    rows = [debtor(number) for number in range(100)]
    first = draw(rows)
    late = date(2026, 11, 16)
    second = draw([*rows, *(debtor(number) for number in range(100, 200))], day=late, before=first.draw.rows)
    assert second.draw.rows == first.draw.rows
    assert second.draw.tallies[0].could == 0
    assert by_account(second, "reason")[first.draw.rows[0]["account_id"]].startswith("held_out")


def test_a_lot_that_is_not_allowed_any_more_is_not_followed_and_still_counts(draw, hand):
    first = draw([debtor(number) for number in range(40)])
    row = first.draw.rows[0]
    partner = row["destination"].removeprefix("partner:")
    second = draw([debtor(number) for number in range(40)], day=hand.day + timedelta(days=1), before=first.draw.rows,
                  cooling=[(row["account_id"], row["destination"])])  # fmt: skip
    assert second.draw.rows == first.draw.rows
    assert second.draw.tallies[0].not_treated == 1
    assert by_account(second, "owner_id")[row["account_id"]] != partner
    assert by_account(second, "experiment_arm")[row["account_id"]] == f"two_firms:{row['arm']}"


def test_a_new_account_of_a_drawn_debtor_is_drawn_with_it(draw, hand):
    first = draw([debtor(number) for number in range(20)])
    row = first.draw.rows[0]
    newcomer = debtor(900, debtor_id=row["debtor_id"], days_past_due=120)
    second = draw([*(debtor(number) for number in range(20)), newcomer], day=hand.day + timedelta(days=1),
                  before=first.draw.rows)  # fmt: skip
    (new,) = [each for each in second.draw.rows if each["account_id"] == "A0900"]
    assert (new["arm"], new["drawn_on"], new["destination"]) == (
        row["arm"],
        hand.day + timedelta(days=1),
        row["destination"],
    )


def test_two_experiments_share_no_debtor_and_the_earlier_one_draws_first(draw):
    second = FIRMS.partition("\n")[2].replace("two_firms", "another").replace("2026-10-01", "2026-10-05")
    made = draw([debtor(number) for number in range(200)], FIRMS + second.replace("share: 0.40", "share: 1"))
    debtors = defaultdict(set)
    for row in made.draw.rows:
        debtors[row["experiment_id"]].add(row["debtor_id"])
    assert not debtors["two_firms"] & debtors["another"]
    assert len(debtors["two_firms"] | debtors["another"]) == 200


def test_a_number_of_debtors_is_drawn_from_all_strata_alike_and_filled_up_later(draw, hand):
    text = FIRMS.replace("share: 0.40", "debtors: 30")
    products = ["card"] * 100 + ["loan"] * 50
    rows = [debtor(number, product=product) for number, product in enumerate(products)]
    made = draw(rows, text)
    assert Counter(row["stratum"].split()[0] for row in made.draw.rows) == {"card": 20, "loan": 10}
    assert {row["chance"] for row in made.draw.rows} == {Decimal("0.2")}
    few = draw(rows[:20], text)
    more = draw(rows, text, day=hand.day + timedelta(days=1), before=few.draw.rows)
    assert (len(few.draw.rows), len(more.draw.rows)) == (20, 30)


account = st.tuples(
    st.integers(1, 40),  # debtor
    st.sampled_from(["card", "loan"]),
    st.sampled_from([1000, 9000]),
    st.sampled_from([None, None, None, "held:dispute"]),
    st.sampled_from([None, None, None, "P1"]),
)
books = st.lists(account, min_size=1, max_size=80)
everybody = (
    FIRMS.replace("share: 0.40", "share: 1")
    .replace("0.50, partners: [P1]", "0.25, partners: [P1]")
    .replace("0.50, partners: [P2]", "0.75, partners: [P2]")
)


def rows_of(drawn):
    return [
        debtor(n, debtor_id=f"D{who}", product=product, balance=Decimal(balance), not_worked=reason, placed_with=placed)
        for n, (who, product, balance, reason, placed) in enumerate(drawn)
    ]


@settings(max_examples=40, deadline=None)
@given(drawn=books, room=st.integers(0, 60), shuffle=st.randoms(use_true_random=False))
def test_lots_are_balanced_keep_debtors_together_pass_no_limit_and_know_no_order(hand, drawn, room, shuffle):
    ends = [hand.partner("P1", room), hand.partner("P2", 60), hand.collector("E1", 20, "legal")]
    rows, day = rows_of(drawn), hand.day
    lots = Lots(experiments_of(everybody).on(day), day)
    made = hand.allocate(hand.book(*rows), *ends, lots=lots)
    by_stratum, together = defaultdict(Counter), defaultdict(set)
    for row in made.draw.rows:
        together[row["debtor_id"]].add(row["arm"])
        by_stratum[row["stratum"]][row["debtor_id"], row["arm"]] += 1
    assert all(len(arms) == 1 for arms in together.values())
    for counted in by_stratum.values():
        arms = Counter(arm for _, arm in counted)
        whole = len(counted)
        assert abs(arms["firm_a"] - whole / 4) < 1  # a pack is of four cards
    decided = made.accounts.to_pylist()
    assert len(decided) == made.summary.book == len(rows)
    placed = sum(row["reason"] == "placement_in_force" for row in decided)
    assert sum(row["owner_id"] == "P1" for row in decided) <= max(room, placed)
    shuffle.shuffle(rows)
    again = hand.allocate(hand.book(*rows), *reversed(ends), lots=lots)
    assert again.accounts.equals(made.accounts)
    assert drawn_table(again.draw.rows).equals(drawn_table(made.draw.rows))


@settings(max_examples=20, deadline=None)
@given(nights=st.lists(st.sets(st.integers(0, 59), max_size=60), min_size=2, max_size=4))
def test_over_nights_on_which_accounts_come_and_go_no_lot_changes_and_who_was_passed_over_stays_so(hand, nights):
    ends = [hand.partner("P1", 200), hand.partner("P2", 200), hand.collector("E1", 200, "legal")]
    before, seen, lots_seen = (), set(), {}
    for number, present in enumerate(nights):
        day = hand.day + timedelta(days=number)
        lots = Lots(experiments_of(FIRMS).on(day), day, before)
        made = hand.allocate(hand.book(*(debtor(each) for each in [*sorted(present), 999])), *ends, lots=lots)
        arms = arms_of(made)
        assert lots_seen.items() <= arms.items()
        assert not (arms.keys() - lots_seen.keys()) & seen
        seen |= {f"D{each}" for each in present} | {"D999"}
        before, lots_seen = made.draw.rows, arms
