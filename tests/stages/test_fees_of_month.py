"""Fees of a month that was prepared: by days past due from the books of those days, and by contracts of long ago."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.store.batches import read_batches
from adapters.store.runs import begin_attempt, official_run
from adapters.store.signatures import sign, signed_versions
from adapters.world import open_world
from domain.manifest import Stage
from domain.periods import Period
from domain.rules import RuleKind
from flows.cli import app, explaining
from incentives.batches import DecisionKind
from tasks.stages import decide, explain_fees, recompute, rules_then
from tasks.stages.explain import verify_ledger
from tasks.stages.explain_payout import explain_payout
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.month_end import prepare, read_frozen
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night
from tests.conftest import copy_of
from tests.stages.books import edit, house_book
from tests.stages.conftest import night_of
from tests.stages.logins import as_login

pytestmark = pytest.mark.slow

D = Decimal
SEPTEMBER, LAST = Period(2026, 9), date(2026, 9, 30)
STATES = [date(2026, 9, day) for day in (1, 2, 3, 4, 29)]
STANDARD = "incentives/contracts/standard.yaml"
MEASURED = (Stage.GATE, Stage.MEASURE, Stage.PROJECT)


@pytest.fixture
def month(september_on_sqlite, tmp_path, request):
    with copy_of(september_on_sqlite, tmp_path / "home", request) as world:
        yield world


def prepared(world):
    return prepare(world, SEPTEMBER, begin_attempt(world.store, "month-end", LAST), by="preparer")


def fee_batches(world):
    with world.store.read() as connection:
        rows = [row for row in read_batches(connection, str(SEPTEMBER)) if row.kind == "fee"]
        return [read_frozen(connection, row.batch_id) for row in rows]


BY_AGE = """        - by: age_at_placement_days
          boundary: at
          bands:
            - {from: 0, rate: 0.08}
            - {from: 91, rate: 0.15}
            - {from: 181, rate: 0.22}
            - {from: 361, rate: 0.30}
"""
BY_DAYS = """        - by: days_past_due
          boundary: at
          bands:
            - {from: 0, rate: 0.05}
            - {from: 181, rate: 0.11}
            - {from: 361, rate: 0.23}
"""


@pytest.fixture
def by_days(month, tmp_path):
    """The month under a contract that pays by the days past due at the payment."""
    book = edit(house_book(tmp_path / "book"), {STANDARD: ((BY_AGE, BY_DAYS),)})
    world = open_world(month.settings.model_copy(update={"rules": book}), clock=month.seam.clock)
    sign(world.store, sound_rules(book).contents(), proposer="proposer", signer="signer")
    return world


def test_a_month_by_days_past_due_pays_by_the_books_of_the_days_before_the_payments(by_days):
    night = night_of(by_days, LAST, MEASURED)
    prepared(by_days)
    with by_days.store.read() as connection:
        manifest, accepted = manifest_of(connection, night.run), accepted_in(connection, night.run)
    books = {item.business_date for item in manifest.history if item.table == "accounts"}
    assert set(STATES) <= books, "the manifest names the books of the days"
    with session_of_night(by_days, manifest, accepted) as duck:
        expected, unknown = by_hand(by_days, duck)
    fees = [line for batch in fee_batches(by_days) for line in batch.lines if line.component == "fee:standard_vnd"]
    assert {line.payee: line.amount for line in fees} == expected
    assert expected
    assert unknown, "payments far from any book of the month have no days past due"
    assert night_of(by_days, LAST, MEASURED).run == night.run


def by_hand(world, duck):
    """Plainly, from the landed books: of each payment its placement, the newest book of the seven days before it, and
    the rate of that; a reversal by the payment that it takes back. Fees by partner, and payments of unknown days."""
    states = {day: states_of(world, day) for day in STATES}
    payments = {row[0]: row for row in duck.run(f"SELECT {PAYMENT} FROM payments WHERE currency = 'VND'").fetchall()}
    placements = duck.run(f"SELECT {PLACEMENT} FROM placements WHERE currency = 'VND'").fetchall()
    sums, unknown = defaultdict(Decimal), set()
    for payment, account, posted_on, _, amount, reverses in payments.values():
        judged = payments.get(reverses, payments[payment])
        mine = [each for each in placements if each[0] == account and each[2] <= judged[3]]
        if posted_on not in SEPTEMBER or not mine:
            continue
        _, partner, placed_on, _, term_ends_on, recalled_on = max(mine, key=lambda each: each[2:4])
        back_on = min(term_ends_on, recalled_on or term_ends_on)
        if judged[2] < placed_on or judged[2] >= back_on + timedelta(days=30):
            continue
        days = [day for day in STATES if judged[2] - timedelta(days=7) <= day < judged[2]]
        past_due = states[max(days)].get(account) if days else None
        if past_due is None:
            unknown.add(payment)
            continue
        sums[partner] += amount * (D("0.23") if past_due > 360 else D("0.11") if past_due > 180 else D("0.05"))
    return {partner: fee.quantize(D(1), ROUND_HALF_UP) for partner, fee in sums.items()}, unknown


PAYMENT = "payment_id, account_id, posted_on, paid_on, amount - waiver, reverses"
PLACEMENT = "account_id, partner_id, placed_on, placement_number, term_ends_on, recalled_on"


def states_of(world, day):
    path = world.settings.landing / str(day) / "accounts.parquet"
    return dict(duckdb.sql(f"SELECT account_id, days_past_due FROM '{path}'").fetchall())


OLD_SCHEDULE = {"by": "age_at_placement_days", "boundary": "at", "bands": [{"start": "0", "rate": "0.08"}]}


@pytest.fixture
def signed_long_ago(month, monkeypatch):
    """A published month whose contracts were signed in the words of before schedules had cases."""
    prepared(month)
    batches = fee_batches(month)
    for each in batches:
        batch = each.batch.batch_id
        for role in ("manager", "hr", "finance"):
            decide.decide(as_login(month, f"demo {role}"), batch, DecisionKind.APPROVED, by=f"demo {role}")
        decide.publish(month, batch, by="publisher")

    def in_old_words(connection):
        return tuple(
            replace(one, content={**one.content, "schedule": OLD_SCHEDULE}) if one.kind is RuleKind.CONTRACT else one
            for one in signed_versions(connection)
        )

    assert verify_ledger(month) == ()
    for module in (recompute, explain_fees, rules_then):
        monkeypatch.setattr(module, "signed_versions", in_old_words)
    return month, next(line for each in batches for line in each.lines if line.component == "fee:standard_vnd")


def test_a_contract_in_words_of_long_ago_is_told_and_nothing_is_called_wrong(signed_long_ago, monkeypatch):
    world, line = signed_long_ago
    (issue,) = verify_ledger(world)
    assert issue.code == "LED024"
    assert "contract standard_vnd from 2025-01-01" in issue.message
    assert "schedule" in issue.message
    assert issue.hint.startswith("Nothing is known to be wrong")
    monkeypatch.setattr(explaining, "open_world", lambda: world)
    told = CliRunner().invoke(app, ["explain", "payout", line.payee, "--period", str(SEPTEMBER)])
    assert (told.exit_code, "LED024" in told.output, "Traceback" in told.output) == (1, True, False)
    assert "the payments give" not in told.output
    explained = next(each for each in explain_payout(world, line.payee, SEPTEMBER) if each.component == line.component)
    assert explained.amount == line.amount


def test_a_night_by_such_a_contract_is_refused_with_what_to_do(signed_long_ago, tmp_path):
    world, _ = signed_long_ago
    book = edit(house_book(tmp_path / "book"), {STANDARD: ((BY_AGE, BY_DAYS),)})
    moved_on = open_world(world.settings.model_copy(update={"rules": book}))
    with world.store.read() as connection:
        manifest = manifest_of(connection, official_run(connection, "nightly", LAST, "measure"))
    with pytest.raises(RefusedError, match=r"RUL012 .*this version of Recoup.*run the night again") as refused:
        rules_then.rules_then(moved_on, manifest)
    assert "schedule" in str(refused.value)
