"""Small books, and who must get which account, for which reason."""

from decimal import Decimal

import pytest

from allocation.explain import explain


def account(name, **given):
    return {"account_id": name, **given}


def legal(name, **given):
    return account(name, **{"segment": "legal", "days_past_due": 200, **given})


def test_each_account_goes_to_its_segments_department(hand):
    made = hand.allocate(
        hand.book(account("A1"), legal("A2")), hand.collector("E1", 5), hand.collector("E2", 5, "legal")
    )
    assert hand.owners(made) == {"A1": "E1", "A2": "E2"}
    assert set(hand.reasons(made).values()) == {"best_value"}
    row = made.accounts.to_pylist()[0]
    assert (row["channel"], row["department_id"], row["team_id"]) == ("phone", "phone", "phone 1")


def test_where_room_is_short_the_accounts_that_bring_most_are_worked(hand):
    book = hand.book(
        account("A1", overdue_amount=Decimal(10)),
        account("A2", overdue_amount=Decimal(30)),
        account("A3", overdue_amount=Decimal(20)),
    )
    made = hand.allocate(book, hand.collector("E1", 2))
    assert hand.reasons(made) == {"A1": "held:no_capacity", "A2": "best_value", "A3": "best_value"}
    assert (made.summary.allocated, made.summary.held, made.summary.value) == (2, 1, 25.0)


@pytest.mark.parametrize(
    ("given", "reason", "owner_kind"),
    [
        ({"not_worked": "held:dispute"}, "held:dispute", "house"),
        ({"not_worked": "excluded:closed", "segment": None}, "excluded:closed", "nobody"),
        ({"segment": "current", "days_past_due": 0}, "held:current", "house"),
        ({"jurisdiction": "CN", "currency": "CNY"}, "held:no_destination", "house"),
        ({"language": "km"}, "held:no_destination", "house"),
        ({"segment": "legal", "days_past_due": 200}, "held:no_destination", "house"),
    ],
)
def test_who_is_not_worked_and_why(hand, given, reason, owner_kind):
    made = hand.allocate(hand.book(account("A1", **given)), hand.collector("E1", 5))
    row = made.accounts.to_pylist()[0]
    assert (row["reason"], row["owner_kind"], row["owner_id"], row["channel"]) == (reason, owner_kind, "HOUSE", None)


def test_without_capacity_everything_is_held(hand):
    made = hand.allocate(hand.book(account("A1"), account("A2")), hand.collector("E1", 0))
    assert set(hand.reasons(made).values()) == {"held:no_capacity"}
    assert (made.summary.value, made.summary.bound, made.summary.gap) == (0, 0, 0)


def test_an_empty_book_and_nobody_at_work_are_no_crash(hand):
    assert hand.allocate(hand.book()).summary.book == 0
    assert hand.reasons(hand.allocate(hand.book(account("A1")))) == {"A1": "held:no_destination"}


class TestDebtors:
    def test_all_accounts_of_a_debtor_go_to_one_owner_in_the_segment_of_the_worst(self, hand):
        book = hand.book(
            account("A1", debtor_id="D1"),
            legal("A2", debtor_id="D1"),
            account("A3", debtor_id="D1", not_worked="held:dispute"),
        )
        made = hand.allocate(book, hand.collector("E1", 5), hand.collector("E2", 5, "legal"))
        assert hand.owners(made) == {"A1": "E2", "A2": "E2", "A3": "HOUSE"}
        assert made.accounts["segment"].to_pylist() == ["legal", "legal", "phone"]
        assert made.accounts["debtor_accounts"].to_pylist() == [2, 2, 1]

    def test_a_debtor_is_never_split_for_want_of_room(self, hand):
        book = hand.book(account("A1", debtor_id="D1"), account("A2", debtor_id="D1"), account("A3"))
        made = hand.allocate(book, hand.collector("E1", 1), hand.collector("E2", 1))
        assert hand.owners(made)["A1"] == hand.owners(made)["A2"] == "HOUSE"
        assert hand.owners(made)["A3"] != "HOUSE"

    def test_where_the_strategy_says_so_accounts_go_one_by_one(self, hand):
        strategy = hand.strategy(hand.text.replace("one_owner_per_debtor: true", "one_owner_per_debtor: false"))
        book = hand.book(account("A1", debtor_id="D1"), account("A2", debtor_id="D1"))
        made = hand.allocate(book, hand.collector("E1", 1), hand.collector("E2", 1), strategy=strategy)
        assert set(hand.owners(made).values()) == {"E1", "E2"}


class TestStickiness:
    def owned(self, name, owner, **given):
        return account(name, owner_kind="employee", owner_id=owner, **given)

    def test_an_account_stays_with_its_owner(self, hand):
        book = hand.book(*(self.owned(f"A{number}", "E2") for number in range(5)))
        made = hand.allocate(book, *(hand.collector(f"E{number}", 9) for number in (1, 2, 3)))
        assert set(hand.owners(made).values()) == {"E2"}
        assert set(hand.reasons(made).values()) == {"kept_owner"}

    def test_beyond_capacity_those_leave_that_lose_least(self, hand):
        amounts = {"A1": 50, "A2": 40, "A3": 30, "A4": 20}
        book = hand.book(*(self.owned(name, "E1", overdue_amount=Decimal(one)) for name, one in amounts.items()))
        made = hand.allocate(book, hand.collector("E1", 2), hand.collector("E2", 2))
        assert hand.owners(made) == {"A1": "E1", "A2": "E1", "A3": "E2", "A4": "E2"}

    def test_an_owner_who_is_gone_costs_nothing(self, hand):
        made = hand.allocate(hand.book(self.owned("A1", "E9")), hand.collector("E1", 2))
        assert made.summary.value == 50.0

    def test_a_small_change_of_the_book_moves_few_accounts(self, hand):
        names = [f"A{number:03d}" for number in range(200)]
        ends = [hand.collector(f"E{number}", 45) for number in range(4)]
        amounts = {name: Decimal(100 + 7 * (hash_of(name) % 90)) for name in names}
        first = hand.owners(hand.allocate(hand.book(*(account(n, overdue_amount=amounts[n]) for n in names)), *ends))
        kept = [self.owned(n, first[n], overdue_amount=amounts[n]) if first[n] != "HOUSE"
                else account(n, overdue_amount=amounts[n]) for n in names if n != "A007"]  # fmt: skip
        second = hand.owners(hand.allocate(hand.book(*kept), *ends))
        assert sum(first[name] != second[name] for name in second) <= 2


def with_keys(hand, lines):
    return hand.strategy(hand.text.replace("    segments:\n", f"    {lines}\n    segments:\n"))


class TestKeepingAndRotating:
    def owned(self, name, owner, **given):
        return account(name, owner_kind="employee", owner_id=owner, **given)

    def test_what_the_strategy_keeps_stays_whatever_else_brings_more(self, hand):
        book = hand.book(self.owned("A1", "E1", stays=True, overdue_amount=Decimal(1)), account("A2"), account("A3"))
        made = hand.allocate(book, hand.collector("E1", 2))
        assert hand.reasons(made)["A1"] == "stays_with_owner"
        assert sorted(hand.owners(made).values()) == ["E1", "E1", "HOUSE"]

    def test_with_one_owner_per_debtor_what_the_owner_has_of_the_debtor_stays_too(self, hand):
        book = hand.book(
            self.owned("A1", "E1", debtor_id="D1", stays=True),
            self.owned("A2", "E1", debtor_id="D1"),
            self.owned("A3", "E1", debtor_id="D2"),
        )
        reasons = hand.reasons(hand.allocate(book, hand.collector("E1", 3)))
        assert reasons == {"A1": "stays_with_owner", "A2": "stays_with_owner", "A3": "kept_owner"}

    def test_nothing_stays_with_an_owner_who_gets_nothing_any_more(self, hand):
        made = hand.allocate(hand.book(self.owned("A1", "E9", stays=True)), hand.collector("E1", 2))
        assert hand.owners(made) == {"A1": "E1"}

    def test_what_stays_uses_minutes_and_is_told_where_it_passes_them(self, hand):
        by_minutes = "by: minutes, working_days_per_month: 1"
        strategy = hand.strategy(hand.text.replace("by: accounts", by_minutes))
        book = hand.book(*(self.owned(f"A{number}", "E1", stays=True) for number in range(3)))
        made = hand.allocate(book, hand.collector("E1", 0, minutes_per_day=50), strategy=strategy)
        assert [end.used for end in made.summary.destinations] == [60]
        assert made.summary.violations == (
            "employee:E1 has 60 where 50 is the most: accounts that stay where they are",
        )

    def test_what_rotates_goes_to_another_collector_or_to_nobody(self, hand):
        book = hand.book(self.owned("A1", "E1", rotates=True))
        ends = hand.collector("E1", 9), hand.collector("E2", 9)
        assert hand.owners(hand.allocate(book, *ends)) == {"A1": "E2"}
        assert hand.reasons(hand.allocate(book, ends[0])) == {"A1": "held:no_destination"}


class TestWhoMayHaveIt:
    def test_a_conflict_bars_all_accounts_of_the_debtor(self, hand):
        strategy = with_keys(hand, "conflicts: [{employee: E1, debtors: [D1]}, {partner: P1, debtors: [D2]}]")
        book = hand.book(account("A1", debtor_id="D1"), legal("A2", debtor_id="D2"), account("A3", debtor_id="D3"))
        ends = hand.collector("E1", 9), hand.collector("E2", 9, skills=frozenset({"en"})), hand.partner("P1", 9)
        assert hand.owners(hand.allocate(book, *ends, strategy=strategy)) == {"A1": "HOUSE", "A2": "HOUSE", "A3": "E1"}

    def test_a_licence_is_asked_of_collectors_whatever_the_account(self, hand):
        licensed = "departments: [phone]\n        licences: [card_licence]"
        strategy = hand.strategy(hand.text.replace("departments: [phone]", licensed))
        skills = frozenset({"vi", "card_licence"})
        ends = hand.collector("E1", 9), hand.collector("E2", 9, skills=skills)
        assert hand.owners(hand.allocate(hand.book(account("A1")), *ends, strategy=strategy)) == {"A1": "E2"}

    def test_where_partners_need_consent_they_get_no_account_without(self, hand):
        asked = hand.text.replace("cost_share: 0.20", "cost_share: 0.20, needs_consent: true")
        book = hand.book(*(legal(f"A{number}", consent=number < 2) for number in range(4)))
        made = hand.allocate(book, hand.partner("P1", 9), strategy=hand.strategy(asked))
        assert hand.owners(made) == {"A0": "P1", "A1": "P1", "A2": "HOUSE", "A3": "HOUSE"}


def had_by(made, partner):
    return [name for name, owner in hand_owners(made) if owner == partner]


def hand_owners(made):
    return zip(made.accounts["account_id"].to_pylist(), made.accounts["owner_id"].to_pylist(), strict=True)


class TestQuotas:
    """Ten accounts that the department would rather have: nobody goes to a partner but for a quota."""

    def made(self, hand, quotas, *accounts, room=10):
        strategy = with_keys(hand, f"quotas: [{quotas}]")
        book = hand.book(*accounts or (legal(f"A{number}") for number in range(10)))
        ends = hand.collector("E1", 20, "legal"), hand.partner("P1", room), hand.partner("P2", 10)
        return hand.allocate(book, *ends, strategy=strategy)

    @pytest.mark.parametrize(
        ("quota", "expected"),
        [
            ("{partner: P1, at_least: 0.25}", 3),
            ("{partner: P1, at_least_number: 2}", 2),
            ("{partner: P1, at_least: 0.3, at_most: 0.3, segments: [legal]}", 3),
            ("{partner: P1, at_least: 0.1, by: balance}", 1),
            ("{partner: P1, at_least_number: 4001, by: balance}", 5),
        ],
    )
    def test_a_partner_has_at_least_its_quota(self, hand, quota, expected):
        made = self.made(hand, quota)
        assert len(had_by(made, "P1")) == expected
        assert made.summary.violations == ()

    def test_a_partner_has_at_most_its_quota_although_another_costs_as_much(self, hand):
        strategy = with_keys(hand, "quotas: [{partner: P1, at_most: 0.1}]")
        book = hand.book(*(legal(f"A{number}") for number in range(10)))
        made = hand.allocate(book, hand.partner("P1", 10), hand.partner("P2", 10), strategy=strategy)
        assert len(had_by(made, "P1")) <= 1
        assert len(had_by(made, "P1")) + len(had_by(made, "P2")) == 5  # partners have half of it together

    def test_running_placements_count_for_what_a_partner_has_at_least(self, hand):
        accounts = [legal(f"A{number}", placed_with="P1" if number < 2 else None) for number in range(10)]
        made = self.made(hand, "{partner: P1, at_least: 0.3}", *accounts)
        assert len(had_by(made, "P1")) == 3
        assert made.summary.violations == ()

    def test_running_placements_count_for_what_a_partner_has_at_most(self, hand):
        accounts = [legal(f"A{number}", placed_with="P1" if number < 2 else None) for number in range(10)]
        strategy = with_keys(hand, "quotas: [{partner: P1, at_most: 0.3}]")
        made = hand.allocate(hand.book(*accounts), hand.partner("P1", 10), strategy=strategy)
        assert len(had_by(made, "P1")) == 3

    @pytest.mark.parametrize(
        ("quota", "room", "told"),
        [
            ("{partner: P1, at_least: 0.4}", 3, "quota:P1:all:accounts: 3 where 4 is the least: 1 cannot be met"),
            ("{partner: P1, at_least: 0.4}", 0, "quota:P1:all:accounts: 0 where 4 is the least: 4 cannot be met"),
            ("{partner: P1, at_least: 0.8}", 10, "quota:P1:all:accounts: 5 where 8 is the least: 3 cannot be met"),
            ("{partner: P9, at_least_number: 1}", 10, "quota:P9:all:accounts: 0 where 1 is the least: 1 cannot be met"),
        ],
    )
    def test_what_cannot_be_met_is_told_by_how_much_and_the_rest_is_met(self, hand, quota, room, told):
        assert self.made(hand, quota, room=room).summary.violations == (told,)

    @pytest.mark.parametrize(
        ("quota", "told"),
        [
            ("{partner: P1, at_least: 0.8}", ("5 where 8 is the least: 3 cannot be met",)),
            (
                "{partner: P1, at_least: 0.4, at_most_number: 1}",
                ("2 where 1 is the most", "2 where 4 is the least: 2 cannot be met"),
            ),
        ],
    )
    def test_running_placements_count_for_what_is_told_of_a_quota(self, hand, quota, told):
        accounts = [legal(f"A{number}", placed_with="P1" if number < 2 else None) for number in range(10)]
        made = self.made(hand, quota, *accounts)
        assert made.summary.violations == tuple(f"quota:P1:all:accounts: {text}" for text in told)


class TestPartners:
    def test_a_recalled_placement_is_free_but_not_for_that_partner(self, hand):
        book = hand.book(legal("A1", placed_with="P1", recall="no_payment"), legal("A2"))
        made = hand.allocate(book, hand.partner("P1", 5), hand.partner("P2", 5), hand.collector("E1", 5, "legal"))
        assert hand.owners(made) in ({"A1": "P2", "A2": "E1"}, {"A1": "E1", "A2": "P1"}, {"A1": "E1", "A2": "E1"})
        assert made.accounts["recall"].to_pylist() == ["no_payment", None]

    def test_a_running_placement_stays_where_it_is(self, hand):
        book = hand.book(legal("A1", placed_with="P1"), legal("A2", placed_with="P9"))
        made = hand.allocate(book, hand.collector("E1", 5, "legal"), hand.partner("P1", 5))
        assert hand.owners(made) == {"A1": "P1", "A2": "P9"}
        assert set(hand.reasons(made).values()) == {"placement_in_force"}
        assert made.accounts["channel"].to_pylist() == ["partner", "partner"]

    def test_running_placements_use_capacity_and_may_alone_pass_it(self, hand):
        book = hand.book(*(legal(f"A{n}", placed_with="P1") for n in range(3)), legal("A9"))
        made = hand.allocate(book, hand.partner("P1", 2))
        assert hand.reasons(made)["A9"] == "held:no_capacity"
        assert made.summary.violations == (
            "partner:P1 has 3 where 2 is the most: accounts that stay where they are",
            "partners:legal: 3 where 2 is the most",
        )

    def test_a_hold_goes_before_a_placement(self, hand):
        made = hand.allocate(hand.book(legal("A1", placed_with="P1", not_worked="held:dispute")), hand.partner("P1", 5))
        assert hand.owners(made) == {"A1": "HOUSE"}

    def test_partners_get_at_most_their_share_of_the_segment(self, hand):
        book = hand.book(*(legal(f"A{number}") for number in range(10)), legal("B1", placed_with="P2"))
        made = hand.allocate(book, hand.partner("P1", 50), hand.partner("P2", 50))
        assert sum(owner.startswith("P") for owner in hand.owners(made).values()) == 5  # half of eleven, rounded down

    def test_a_collector_is_preferred_by_what_the_partner_keeps(self, hand):
        made = hand.allocate(
            hand.book(legal("A1"), legal("A2")), hand.collector("E1", 1, "legal"), hand.partner("P1", 9)
        )
        assert sorted(hand.owners(made).values()) == ["E1", "P1"]
        assert made.summary.value == 10.0 + 8.0

    def test_after_a_recall_the_same_partner_does_not_get_it_again(self, hand):
        barred = hand.barred(("A1", "partner:P1"))
        book = hand.book(legal("A1"), legal("A2"))
        strategy = hand.strategy(hand.text.replace("share_at_most: 0.50", "share_at_most: 1"))
        made = hand.allocate(book, hand.partner("P1", 5), barred=barred, strategy=strategy)
        assert hand.reasons(made) == {"A1": "held:no_destination", "A2": "best_value"}

    @pytest.mark.parametrize("refused", ["", "legal_type", "no_contract", "several_contracts"])
    def test_a_partner_that_law_or_contract_refuses_gets_nothing(self, hand, refused):
        strategy = hand.strategy(hand.text.replace("share_at_most: 0.50", "share_at_most: 1"))
        made = hand.allocate(hand.book(legal("A1")), hand.partner("P1", 5, refused=refused), strategy=strategy)
        assert hand.owners(made) == {"A1": "HOUSE" if refused else "P1"}


def test_capacity_in_minutes(hand):
    text = hand.text.replace("{by: accounts}", "{by: minutes, working_days_per_month: 20}")
    made = hand.allocate(
        hand.book(*(account(f"A{number}") for number in range(9))),
        hand.collector("E1", 1000, minutes_per_day=4),  # 80 minutes a month, 20 for each account
        strategy=hand.strategy(text),
    )
    assert (made.summary.allocated, made.summary.destinations[0].used) == (4, 80)


def test_accounts_of_two_currencies_are_weighed_by_what_the_strategy_says(hand):
    book = hand.book(
        account("A1", overdue_amount=Decimal(3000)), account("A2", overdue_amount=Decimal(1), currency="CNY")
    )
    assert hand.owners(hand.allocate(book, hand.collector("E1", 1))) == {"A1": "HOUSE", "A2": "E1"}


def test_an_explanation_shows_the_arithmetic(hand):
    made = hand.allocate(hand.book(account("A1"), legal("A2", not_worked="held:dispute")), hand.collector("E1", 5))
    assert explain(made, "A1") == (
        "A1: allocated, employee E1 (phone phone 1), segment phone, by phone."
        " best_value: it brings most there, net of the price of capacity.\n"
        "  value 50.00 − price 0.00 = 50.00 (estimates)\n"
        "  next best hold: 0.00; margin 50.00\n"
        "  expected recovery 50.00 VND of 100.0000 overdue:"
        " 0.5000 of what is overdue in 30 days, as stated, without history\n"
        "    segment phone: 0.5000, nothing observed\n"
        "    channel phone beside what is stated: 1.0000, nothing observed\n"
        "    portfolio VND beside what is stated: 1.0000, nothing observed"
    )
    assert explain(made, "A2") == "A2: held, house HOUSE, segment legal. held:dispute: held, because of dispute."
    with pytest.raises(KeyError, match="A3 is not in the book"):
        explain(made, "A3")


def hash_of(name):
    return sum(ord(letter) * 31**place for place, letter in enumerate(name))
