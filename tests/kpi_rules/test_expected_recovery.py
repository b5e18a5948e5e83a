"""What an account is expected to bring: rates shrunk to their parents, and money by the days owned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.recovery import Basis, Cell, Level, Seen, recovery_rates, shrunk

D = Decimal


def seen(bucket, product, band, accounts, overdue, recovered, *, days=30, currency="VND"):
    cell = Cell(currency, Level.CELL, bucket, product, band)
    return Seen(cell, accounts, accounts * days, D(overdue), D(overdue) * days, D(recovered))


def rates_of(history, own=None):
    return {rate.cell: rate for rate in recovery_rates(history, history if own is None else own)}


@pytest.mark.parametrize(
    ("raw", "parent", "account_days", "level", "expected"),
    [
        ("0.02", None, 30, Level.ALL, ("1", "0.02")),
        ("-0.02", None, 30, Level.ALL, ("1", "0")),  # reversals alone: nothing is expected, not less
        (None, "0.01", 0, Level.CELL, ("0", "0.01")),  # never seen: as its parent
        ("0.02", "0.01", 3_000, Level.CELL, ("0.5", "0.015")),  # a hundred accounts for thirty days: half
        ("0.02", "0.01", 3_000, Level.PRODUCT, ("0.5", "0.015")),
        ("0.02", "0.01", 300, Level.BUCKET, ("0.5", "0.015")),  # ten accounts are enough for half of a bucket
        ("0.02", "0.01", 27_000, Level.CELL, ("0.9", "0.019")),
        ("-0.05", "0.01", 3_000, Level.CELL, ("0.5", "0")),
    ],
)
def test_the_more_was_seen_the_less_the_parent_counts(raw, parent, account_days, level, expected):
    numbers = (None if text is None else D(text) for text in (raw, parent))
    assert shrunk(*numbers, account_days, level) == tuple(map(D, expected))


def test_each_level_leans_on_the_one_above():
    found = rates_of([seen(1, "card", 0, 100, 1_000, 600), seen(2, "card", 0, 100, 1_000, 0)])
    rate = {(cell.level, cell.bucket): each.rate for cell, each in found.items()}
    assert rate[Level.ALL, None] == D("0.01")  # 600 ÷ (2,000 × 30)
    assert rate[Level.BUCKET, 1] == round(D("0.9090909091") * D("0.02") + D("0.0909090909") * D("0.01"), 10)
    assert rate[Level.PRODUCT, 1] == round(D("0.5") * D("0.02") + D("0.5") * rate[Level.BUCKET, 1], 10)
    assert rate[Level.CELL, 1] == round(D("0.5") * D("0.02") + D("0.5") * rate[Level.PRODUCT, 1], 10)


def test_months_add_up_by_their_days():
    whole, half = seen(1, "card", 0, 100, 1_000, 300), seen(1, "card", 0, 100, 1_000, 150, days=15)
    both = rates_of([whole, half])[whole.cell]
    assert (both.seen.account_days, both.raw) == (4_500, D("0.01"))


def test_what_earlier_months_saw_counts_and_this_month_only_where_they_saw_nothing():
    history = [seen(1, "card", 0, 100, 1_000, 300)]
    own = [seen(1, "card", 0, 50, 500, 500), seen(1, "overdraft", 0, 5, 50, 50),
           seen(1, "card", 0, 50, 500, 150, currency="CNY")]  # fmt: skip
    found = rates_of(history, own)
    known, new, chinese = (found[each.cell] for each in own)
    assert (known.raw, known.basis) == (D("0.01"), Basis.HISTORY)
    assert (new.raw, new.weight, new.rate) == (None, 0, found[new.cell.ancestors[-1]].rate)
    assert (chinese.raw, chinese.basis) == (D("0.01"), Basis.OWN_MONTH)


def test_a_currency_in_which_nothing_is_overdue_has_no_rates():
    assert rates_of([]) == {}
    assert rates_of([seen(1, "card", 0, 0, 0, 0)]) == {}


cells = st.builds(
    seen,
    st.integers(1, 3),
    st.sampled_from(["card", "overdraft"]),
    st.integers(0, 2),
    st.integers(1, 500),
    st.integers(1, 10_000),
    st.integers(-500, 20_000),
)


@given(st.lists(cells, max_size=12), st.randoms())
def test_the_order_of_what_was_seen_does_not_matter_and_rows_recompute_from_themselves(found, random):
    shuffled = random.sample(found, len(found))
    assert recovery_rates(found, found) == recovery_rates(shuffled, shuffled)
    for each in recovery_rates(found, found):
        assert (each.weight, each.rate) == shrunk(each.raw, each.parent, each.seen.account_days, each.cell.level)
        assert each.rate >= 0
        if each.parent is not None and each.raw is not None:
            assert min(each.raw, each.parent) - D("1e-10") <= each.rate <= max(each.raw, each.parent, D(0)) + D("1e-10")


def test_the_widest_cell_has_seen_what_all_cells_have():
    found = [seen(1, "card", 0, 10, 100, 7), seen(2, "card", 1, 20, 200, 11)]
    (whole,) = (each.seen for each in recovery_rates(found, found) if each.cell.level is Level.ALL)
    assert whole == replace(found[0] + found[1], cell=whole.cell)


OWNED = [("E1", 1, 11), ("E2", 11, 13), ("E2", 14, 30)]  # up to the 20th: ten days, two, and seven; one of nobody


def test_an_account_that_changes_hands_divides_its_expectation_by_days(book, house_rules):
    book.add("accounts_opening", account_id="A1", days_past_due=10, balance=D(1_000), overdue_amount=D(1_000))
    for owner, first, end in OWNED:
        book.add("dispatch", account_id="A1", owner_kind="employee", owner_id=owner, department_id="d", team_id="t",
                 segment="s", valid_from=date(2026, 10, first), valid_to=date(2026, 10, end))  # fmt: skip
    _pay(book, "A1", 400)
    figures = book.night(house_rules)
    expected = {entity: figures.of("expected_recovery", entity, "VND").value for entity in ("E1", "E2", "portfolio")}
    assert expected == {"E1": D(200), "E2": D(180), "portfolio": D(400)}
    assert figures.shown("recovery_vs_expected", "portfolio", "VND") == "400/400"
    assert figures.shown("recovery_vs_expected", "E1", "VND") == "400/200"


@pytest.mark.parametrize("change", [{"hold": "dispute"}, {"status": "closed"}, {"status": "sold"},
                                    {"overdue_amount": D(0)}])  # fmt: skip
def test_of_what_cannot_be_worked_nothing_is_expected_and_its_money_is_not_held_against_it(change, book, house_rules):
    known = {"days_past_due": 10, "balance": D(1_000), "overdue_amount": D(1_000)}
    book.add("accounts_opening", account_id="A1", **known)
    book.add("accounts_opening", account_id="A2", **{**known, **change})
    _pay(book, "A1", 300)
    _pay(book, "A2", 500)
    _pay(book, "A3", 700)  # came overdue within the month
    figures = book.night(house_rules)
    assert figures.shown("recovery_vs_expected", "portfolio", "VND") == "300/300"
    assert figures.shown("recovered", "portfolio", "VND") == "1500"


def test_without_rates_the_ratio_has_no_value(book, house_rules):
    assert book.night(house_rules).shown("recovery_vs_expected", "portfolio") == "no value"


def _pay(book, account, amount):
    day = date(2026, 10, 5)
    book.add("payments", payment_id=f"P{account}", account_id=account, paid_on=day, posted_on=day, amount=D(amount))
