"""Recoveries of partners as a session has them: the placement, the kind of money, and the account of the day before."""

from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest

from adapters.duck import duck_columns, open_duck
from adapters.rule_files import parse_document
from adapters.settings import Settings
from domain.catalogue import CATALOGUE
from domain.periods import Period
from incentives.contracts import decode_contracts
from incentives.recoveries import AccountFacts, Money, Promised
from tasks.stages.recoveries import known_from, placements_of, recoveries_of
from tests.incentives.test_contract_schedules import HEAD, REST

JUNE = Period(2026, 6)
PLAIN = {"DATE": date(2026, 6, 1), "BIGINT": 0, "BOOLEAN": False}
VIEWS = ("accounts_previous", "accounts_opening")


@pytest.fixture(scope="module")
def contracts():
    def build(**keys):
        lines = "".join(f"    {key}: {value}\n" for key, value in {**REST, **keys}.items())
        document, _ = parse_document(HEAD + lines, "a.yaml")
        book, issues = decode_contracts([document])
        assert not issues, "\n".join(map(str, issues))
        return book

    return build


@pytest.fixture
def session(tmp_path):
    """A session with these rows; `days` are extracts of accounts: the day, and days past due by account."""

    @contextmanager
    def of(days=(), **rows):
        with open_duck(Settings(home=tmp_path)) as duck:
            for name in (*CATALOGUE, *VIEWS):
                columns = duck_columns(CATALOGUE["accounts" if name in VIEWS else name])
                listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
                duck.run(f'CREATE TABLE "{name}" ({listed})')
                for row in rows.get(name, ()):
                    values = tuple(row.get(column, _plain(column, kind, row)) for column, kind in columns.items())
                    duck.run(f'INSERT INTO "{name}" VALUES ({", ".join("?" for _ in values)})', values)
            duck.run("CREATE TABLE account_days (account_id VARCHAR, day DATE, days_past_due BIGINT)")
            duck.run("CREATE TABLE extract_days (table_name VARCHAR, day DATE)")
            for day, states in days:
                duck.run("INSERT INTO extract_days VALUES ('accounts', ?)", (day,))
                for account, past_due in states.items():
                    duck.run("INSERT INTO account_days VALUES (?, ?, ?)", (account, day, past_due))
            yield duck

    return of


NULLS = {
    "reverses",
    "recalled_on",
    "recall_reason",
    "charged_off_on",
    "receipt",
    "deposited_on",
    "deadline",
    "decision",
}


def _plain(column, kind, row):
    if column in NULLS:
        return None
    if column == "paid_on":
        return row.get("posted_on")
    return PLAIN.get(kind, Decimal(0) if kind.startswith("DECIMAL") else "x")


def payment(name, day, account="A1", **other):
    amount = other.pop("amount", 100)
    return {"payment_id": name, "account_id": account, "posted_on": date(2026, 6, day), "amount": amount, **other}


def placement(name="L1", account="A1", day=date(2026, 5, 1), **other):
    ends = {"term_ends_on": date(2026, 12, 1)}
    return {"placement_id": name, "account_id": account, "partner_id": "P1", "placed_on": day, **ends, **other}


def test_a_payment_falls_to_the_latest_placement_and_a_reversal_where_its_original_does(session, contracts):
    rows = {
        "placements": [
            placement("L1", day=date(2026, 5, 1), placement_number=1),
            placement("L2", day=date(2026, 6, 10), placement_number=2, partner_id="P2"),
        ],
        "payments": [
            payment("Y1", 9),
            payment("Y2", 12, paid_on=date(2026, 6, 9)),
            payment("Y3", 12),
            payment("Y4", 20, amount=-100, reverses="Y1"),
            payment("Y5", 20, account="A9"),
        ],
    }
    with session(**rows) as duck:
        found = recoveries_of(duck, JUNE, contracts())
    assert [(each.payment_id, each.partner_id, each.placement.number) for each in found] == [
        ("Y1", "P1", 1),
        ("Y2", "P1", 1),
        ("Y3", "P2", 2),
        ("Y4", "P1", 1),
    ]
    assert found[0].placement is found[1].placement  # one record for each placement, however many payments


DAYS = [(date(2026, 6, day), {"A1": day, "A2": 100 + day}) for day in (1, 8, 9)]
BY_DAYS = "{cases: [{by: days_past_due, boundary: at, bands: [{from: 0, rate: 0.1}]}]}"


@pytest.mark.parametrize(("day", "past_due"), [(1, None), (2, 1), (8, 1), (9, 8), (10, 9), (16, 9), (17, None)])
def test_days_past_due_are_those_of_the_last_extract_of_the_week_before(session, contracts, day, past_due):
    with session(DAYS, placements=[placement()], payments=[payment("Y1", day)]) as duck:
        (found,) = recoveries_of(duck, JUNE, contracts(schedule=BY_DAYS))
        (unread,) = recoveries_of(duck, JUNE, contracts())
    assert (found.days_past_due, unread.days_past_due) == (past_due, None)


def test_an_extract_without_the_account_leaves_its_days_unknown(session, contracts):
    rows = {"placements": [placement(account="A3")], "payments": [payment("Y1", 10, account="A3")]}
    with session(DAYS, **rows) as duck:
        (found,) = recoveries_of(duck, JUNE, contracts(schedule=BY_DAYS))
    assert found.days_past_due is None


def test_facts_of_an_account_are_those_of_the_newest_extract_that_has_it(session, contracts):
    account = {"account_id": "A1", "currency": "USD", "region": "north", "branch_id": "B1", "balance": 7}
    by_product = contracts(schedule="{cases: [{when: product == 'card', rate: 0.5}, {rate: 0.1}]}")
    rows = {"placements": [placement(), placement("L2", "A2")], "payments": [payment("Y1", 9), payment("Y2", 9, "A2")]}
    opening = [{**account, "product": "card"}, {**account, "account_id": "A2", "product": "overdraft"}]
    with session(**rows, accounts_opening=opening, accounts=[{**account, "product": "cash_loan"}]) as duck:
        one, two = recoveries_of(duck, JUNE, by_product)
    assert (one.account.product, two.account.product) == ("cash_loan", "overdraft")
    assert one.account.balance == 7
    with session(**rows, accounts=[{**account, "product": "card"}]) as duck:
        assert [each.account == AccountFacts() for each in recoveries_of(duck, JUNE, by_product)] == [False, True]
        assert all(each.account == AccountFacts() for each in recoveries_of(duck, JUNE, contracts()))


def case(kind, outcome, day, account="A1"):
    return {
        "case_id": f"{kind}{outcome}{day}", "account_id": account, "case_type": kind, "outcome": outcome,
        "opened_on": date(2026, 6, day),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cases", "kinds"),
    [
        ([], [Money.CASH, Money.CASH]),
        ([case("legal", "settled", 10)], [Money.CASH, Money.SETTLEMENT]),
        ([case("legal", "confirmed", 10)], [Money.CASH, Money.CASH]),
        ([case("restructuring", "pending", 10)], [Money.CASH, Money.CASH]),
        ([case("restructuring", "confirmed", 10)], [Money.CASH, Money.RESTRUCTURED]),
        ([case("restructuring", "settled", 10), case("legal", "settled", 5)], [Money.SETTLEMENT, Money.RESTRUCTURED]),
        ([case("legal", "settled", 5, account="A2")], [Money.CASH, Money.CASH]),
    ],
)
def test_money_is_of_one_kind_by_the_cases_that_were_open_when_it_was_paid(session, contracts, cases, kinds):
    """Of payments on the ninth and on the tenth."""
    rows = {"placements": [placement()], "payments": [payment("Y1", 9), payment("Y2", 10)], "cases": cases}
    with session(**rows) as duck:
        assert [each.kind for each in recoveries_of(duck, JUNE, contracts(counts="[cash]"))] == kinds
        assert {each.kind for each in recoveries_of(duck, JUNE, contracts())} == {Money.CASH}


def test_promises_are_the_partners_own_and_cancelled_ones_are_none(session, contracts):
    promise = {"account_id": "A1", "made_on": date(2026, 6, 1), "due_on": date(2026, 6, 5), "currency": "USD"}
    rows = [
        {**promise, "promise_id": "1", "partner_id": "P1", "state": "kept"},
        {**promise, "promise_id": "2", "partner_id": "P1", "state": "cancelled"},
        {**promise, "promise_id": "3", "partner_id": "P2", "state": "kept"},
    ]
    in_flight = contracts(entitlement="{after_recall: none, after_term: none, promises_in_flight: {grace_days: 3}}")
    with session(placements=[placement()], payments=[payment("Y1", 9)], promises=rows) as duck:
        (found,) = recoveries_of(duck, JUNE, in_flight)
    assert found.promised == (Promised(date(2026, 6, 1), date(2026, 6, 5)),)


def test_placements_of_a_month_are_those_that_were_at_the_partner_on_one_of_its_days(session):
    first, last = date(2026, 6, 1), date(2026, 6, 30)
    rows = [
        placement("begun", day=last),
        placement("later", day=date(2026, 7, 1)),
        placement("back", recalled_on=first),
        placement("gone", recalled_on=date(2026, 5, 31)),
        placement("over", term_ends_on=date(2026, 5, 31)),
        placement("ending", term_ends_on=first),
    ]
    with session(placements=rows) as duck:
        assert [each.placement.placement_id for each in placements_of(duck, JUNE)] == ["back", "begun", "ending"]


def test_the_first_day_of_payments_is_that_of_their_first_extract(session):
    with session() as duck:
        assert known_from(duck) is None
        duck.run("INSERT INTO extract_days VALUES ('payments', DATE '2026-03-02'), ('payments', DATE '2026-03-03')")
        assert known_from(duck) == date(2026, 3, 2)
