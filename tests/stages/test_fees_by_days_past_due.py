"""A whole month under a contract whose rate goes by the days past due at the payment: landed day by day, prepared,
approved, published, explained payment by payment, and proved."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from adapters.settings import Settings
from adapters.store.results import read_held
from adapters.store.runs import official_run
from adapters.world import open_world
from domain.manifest import RunKind, Stage
from domain.periods import Period
from flows.cli import app
from incentives.ledger import BatchKind
from tasks.stages.explain import verify_ledger
from tasks.stages.explain_payout import explain_payout
from tasks.stages.inputs import account_days_read
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock
from tests.stages.claimed import CONTRACT, Book, Paid, Placed, nights_by_day, rule_book, sign_all
from tests.stages.test_claims import pay

SEPTEMBER = Period(2026, 9)
FIRST = date(2026, 8, 28)
PLAIN = "        - {rate: 0.10}\n"
BY_DAYS = """\
        - by: days_past_due
          boundary: at
          bands:
            - {from: 0, rate: 0.05}
            - {from: 31, rate: 0.10}
            - {from: 91, rate: 0.20}
"""


def on(day: int) -> date:
    return date(2026, 9, day)


BOOK = Book(
    paid=(
        Paid("P1", "A1", on(10), 1_000_000),  # by the extract of the 9th: 30 days past due
        Paid("P2", "A1", on(11), 2_000_000),  # by that of the 10th: 31
        Paid("T1", "A1", on(10), -400_000, reverses="P1", posted_on=on(25)),  # at the rate of what it takes back
        Paid("P3", "A2", on(20), 500_000),
        Paid("P4", "A3", on(17), 700_000),  # by that of the 10th, a week old: 40
        Paid("P5", "A3", on(18), 900_000),  # nothing is known of the week before it
        Paid("P6", "A4", on(21), 800_000),  # the book has not had it since the first
    ),
    placed=tuple(Placed(f"A{number}") for number in range(1, 5)),
    due_since={"A1": date(2026, 8, 10), "A2": date(2026, 5, 1), "A3": date(2026, 8, 1)},
    gone_on={"A4": on(1)},
)
NO_ACCOUNTS = frozenset(on(day) for day in range(11, 18))


@pytest.fixture(scope="module")
def paid(tmp_path_factory):
    """The month, paid; and what the ledger has come to."""
    rules = rule_book(tmp_path_factory.mktemp("rules"))
    text = CONTRACT.replace(PLAIN, BY_DAYS).replace("    settlement:\n", "")
    (rules / "incentives/contracts/by_claims.yaml").write_text(text, encoding="utf-8")
    world = open_world(Settings(home=tmp_path_factory.mktemp("days") / "home", rules=rules), clock=SteppingClock())
    sign_all(world)
    days = account_days_read(sound_rules(rules).contracts)
    assert days == 99, "what the rules reference says of the days that are read"
    nights_by_day(world, FIRST, SEPTEMBER.last_day, BOOK, days, NO_ACCOUNTS)
    return world, pay(world)


def test_each_payment_earns_by_the_days_past_due_of_the_last_book_before_it(paid):
    world, posted = paid
    fee = 50_000 + 200_000 - 20_000 + 100_000 + 70_000
    assert posted == {"fee:by_claims 2026-09": fee, "vat:by_claims 2026-09": fee // 10}
    assert verify_ledger(world) == ()


def test_the_explanation_names_the_days_past_due_of_each_payment_and_ties(paid):
    world, _ = paid
    (fee, _) = explain_payout(world, "R01", SEPTEMBER)
    assert fee.differing == ()
    bands = {each.name: each for each in fee.tree[0].children if each.kind == "band"}
    payments = {each.payment: each for band in bands.values() for each in band.payments}
    assert {name: each.fee for name, each in payments.items()} == {
        "P1": Decimal(50_000), "P2": Decimal(200_000), "T1": Decimal(-20_000), "P3": Decimal(100_000),
        "P4": Decimal(70_000),
    }  # fmt: skip
    assert {name: each.rate for name, each in payments.items()} == {
        "P1": Decimal("0.05"), "P2": Decimal("0.1"), "T1": Decimal("0.05"), "P3": Decimal("0.2"), "P4": Decimal("0.1"),
    }  # fmt: skip


def test_what_no_book_knew_earns_nothing_and_is_listed(paid):
    world, _ = paid
    with world.store.read() as connection:
        run = official_run(connection, RunKind.MONTH_END.value, SEPTEMBER.last_day, Stage.PREPARE.value)
        held = read_held(connection, run, BatchKind.FEE.value)
    (told,) = held
    assert told[0] == "R01"
    assert told[2].endswith("earn no fee: unknown_days_past_due")
    assert told[2].startswith("2 recoveries of 1700000")


def test_people_read_why_each_payment_earns_what_it_does(paid):
    world, _ = paid
    env = {"RECOUP_HOME": str(world.settings.home), "RECOUP_RULES": str(world.settings.rules), "COLUMNS": "400"}
    result = CliRunner().invoke(app, ["explain", "payout", "R01", "--period", "2026-09"], env=env)
    assert result.exit_code == 0, result.output
    assert "days past due 30" in result.output
    assert "days past due 31" in result.output
