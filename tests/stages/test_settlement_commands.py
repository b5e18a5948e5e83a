"""What an operations person types, from the claims of a cycle to the file for finance; and what stands in the files."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.batches import read_batches
from adapters.store.runs import begin_attempt
from adapters.world import open_world
from domain.periods import Period
from flows.cli import app
from incentives.batches import DecisionKind
from incentives.claims.differences import Step
from tasks.stages import decide
from tasks.stages.claims_decide import Which, decide_differences
from tasks.stages.claims_files import take_reply
from tasks.stages.claims_invoices import NewInvoice, decide_invoice, take_invoice
from tasks.stages.claims_status import settlement_status
from tasks.stages.month_end import prepare
from tests.conftest import SteppingClock, copy_of
from tests.stages.claimed import Claimed, Paid, Placed, night, rule_book, settle, sign_all
from tests.stages.test_claims import BOOK, CLAIMS, END, LATER, SEPTEMBER, on

ID = "R01-by_claims-2026-09-1"
HOSTILE = Claimed("=1+1", "A9", on(9), 700, "=cmd|' /C calc'!A0")


@pytest.fixture(scope="module")
def claimed_world(tmp_path_factory):
    """September, claimed; with a line that a spreadsheet would run, on an account that was never placed."""
    rules = rule_book(tmp_path_factory.mktemp("rules"))
    found = open_world(Settings(home=tmp_path_factory.mktemp("claimed") / "home", rules=rules), clock=SteppingClock())
    sign_all(found)
    book = BOOK.and_claimed(HOSTILE)
    book = replace(book, placed=(*book.placed, Placed("A8", "R02")), accounts=frozenset({"A9"}))
    night(found, END, book)
    night(found, CLAIMS, book)
    return found


@pytest.fixture
def world(request, tmp_path, claimed_world):
    with copy_of(claimed_world, tmp_path / "home", request) as found:
        yield found


def typed(world, *words: str, code: int = 0) -> str:
    env = {"RECOUP_HOME": str(world.settings.home), "RECOUP_RULES": str(world.settings.rules), "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["settlement", *words], env=env)
    assert result.exit_code == code, f"{result.output}\n{result.exception}"
    return result.output if code == 0 else str(result.exception)


def published(world) -> str:
    """The batch of September, approved and published, its outputs written."""
    from tasks.stages.after_publish import write_outputs

    prepared = prepare(world, SEPTEMBER, begin_attempt(world.store, "m", END), by="preparer", on=LATER)
    (batch,) = prepared.batches
    for role in ("manager", "hr", "finance"):
        decide.decide(world, batch, DecisionKind.APPROVED, by=f"demo {role}", on=LATER)
    decide.publish(world, batch, by="publisher", on=LATER)
    files = write_outputs(world, batch)
    assert not any(path.name.endswith("journal.csv") for path in files), "finance waits for the invoice"
    return batch


def test_from_claims_to_finance(world, tmp_path):
    said = typed(world, "run", "--partner", "R01", "--cycle", "2026-09", "--by", "operator")
    assert "It ties out." in said
    assert ID in typed(world, "list")
    assert "amount_above" in typed(world, "show", ID)
    typed(world, "correspondence", ID)
    typed(world, "decide", "ours", "--settlement", ID, "--kind", "not_claimed", "--by", "demo finance",
          "--reason", "the partner has proof")  # fmt: skip
    typed(world, "decide", "confirm", "--settlement", ID, "--by", "demo director", "--reason", "seen")
    files = typed(world, "statement", ID, "--json")
    assert files.count("statement-") == 3
    batch = published(world)
    assert "STL057" in typed(world, "export", batch, code=1)
    wrong = ("--dated", "2026-11-02", "--currency", "VND", "--by", "clerk")
    said = typed(world, "invoice", batch, "--number", "7", "--net", "700,001", "--tax", "70,000", *wrong)
    assert "differs" in said
    assert "STL053" in typed(world, "invoice", batch, "--number", "7", "--net", "1", "--tax", "0", *wrong, code=1)
    typed(world, "reject", "R01/7", "--by", "demo finance", "--reason", "one đồng too much")
    assert "STL057" in typed(world, "export", batch, code=1)
    typed(world, "invoice", batch, "--number", "8", "--net", "700,000", "--tax", "70,000", *wrong)
    assert "agrees" in typed(world, "invoices")
    assert typed(world, "export", batch) == typed(world, "export", batch)


def test_the_list_for_the_partner_tells_no_more_than_it_needs_and_runs_nothing(world, tmp_path):
    settle(world, "2026-09", CLAIMS)
    typed(world, "correspondence", ID)
    (path,) = (world.settings.home / "reports/claims" / ID).glob("*.csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    hostile = next(row for row in rows if row["account_id"] == "A9")
    assert hostile["claim_id"] == "'=1+1"
    assert hostile["reference"].startswith("'=cmd")
    assert (hostile["kind"], hostile["booked"]) == ("never_placed", "")
    book = openpyxl.load_workbook(path.with_suffix(".xlsx"))
    assert all(cell.data_type != "f" for row in book.active.iter_rows() for cell in row)
    before = path.read_bytes()
    typed(world, "correspondence", ID)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{id}.1,maybe,", "STL032"),
        ("{id}.1,disputed,", "STL033"),
        ("R09-x.1,agreed,", "STL031"),
        ("{id}.1,agreed,\n{id}.1,agreed,", "STL034"),
        ("{id}.1,,", "STL036"),
    ],
)
def test_an_answer_with_anything_wrong_is_refused_whole(world, tmp_path, line, code):
    settle(world, "2026-09", CLAIMS)
    file = tmp_path / "answer.csv"
    file.write_text(f"difference_id,answer,text\n{line.format(id=ID)}\n", encoding="utf-8")
    assert code in typed(world, "answers", str(file), "--settlement", ID, "--by", "clerk", code=1)


def test_an_answer_stands_beside_the_difference_and_decides_nothing(world, tmp_path):
    settle(world, "2026-09", CLAIMS)
    file = tmp_path / "answer.csv"
    file.write_text(f"difference_id,answer,text\n{ID}.2,disputed,receipt 4711\n", encoding="utf-8")
    for _ in range(2):
        typed(world, "answers", str(file), "--settlement", ID, "--by", "clerk")
    (status,) = settlement_status(world, on=CLAIMS)
    answered = [(each.answer, each.answer_text, each.standing.value) for each in status.open if each.answer]
    assert answered == [("disputed", "receipt 4711", "open")]
    assert status.waits_for == "a decision"


def test_a_line_in_a_currency_that_nobody_knows_stops_nothing(world):
    """It is listed, shown, decided and told like any other, and no money of it is added to any."""
    odd = [Claimed(f"U{name}", "A1", on(9), 900, currency=name) for name in ("XXX", "USD")]
    night(world, LATER, BOOK.and_claimed(*odd))
    made = settle(world, "2026-09", LATER)
    assert "wrong_currency" in typed(world, "list", "--json") + typed(world, "show", made.settlement_id)
    typed(world, "decide", "reject", "--settlement", made.settlement_id, "--kind", "wrong_currency", "--up-to", "900",
          "--by", "demo finance", "--reason", "ours are in VND")  # fmt: skip
    files = [
        each["file"] for each in json.loads(typed(world, "statement", made.settlement_id, "--language=vi", "--json"))
    ]
    (page,) = [each for each in files if each.endswith(".vi.html")]
    assert "XXX" in Path(page).read_text(encoding="utf-8")
    assert settle(world, "2026-10", LATER).differences < made.differences


@pytest.mark.parametrize("point", ["claims:renamed", "claims_settled:before_commit", "claims_settled:after_commit"])
def test_killed_anywhere_and_settled_again_it_is_settled_once(world, point):
    world.store.engine.dispose()
    child = multiprocessing.get_context("fork").Process(target=_settle_and_die, args=(world.settings, point))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    again = open_world(world.settings, clock=SteppingClock())
    again.seam.sweep()
    settle(again, "2026-09", CLAIMS)
    (status,) = settlement_status(again, on=CLAIMS)
    assert (status.settlement_id, len(status.open)) == (ID, 4)
    assert status.reconciled[0].is_tied


def _settle_and_die(settings: Settings, point: str) -> None:
    settle(open_world(settings.model_copy(update={"failpoint": point}), clock=SteppingClock()), "2026-09", CLAIMS)
    os._exit(0)


def _answer(world, tmp_path, batch: str) -> None:
    file = tmp_path / "answer.csv"
    file.write_text(f"difference_id,answer,text\n{ID}.2,disputed,receipt 4711\n", encoding="utf-8")
    take_reply(world, file, ID, by="clerk", attempt=begin_attempt(world.store, "answers", CLAIMS))


def _decide(world, tmp_path, batch: str) -> None:
    which = Which(named=tuple(f"{ID}.{number}" for number in range(1, 5)))
    decide_differences(world, which, Step.REJECT, by="demo director", reason="seen", on=CLAIMS, attempt=None)


def _invoice(world, tmp_path, batch: str) -> None:
    attempt = begin_attempt(world.store, "invoice", CLAIMS)
    take_invoice(world, batch, WRONG_INVOICE, by="clerk", attempt=attempt)


def _reject_invoice(world, tmp_path, batch: str) -> None:
    attempt = begin_attempt(world.store, "invoice", CLAIMS)
    decide_invoice(world, "R01/7", accept=False, by="demo finance", reason="too much", attempt=attempt)


WRONG_INVOICE = NewInvoice("7", date(2026, 11, 2), Decimal(300_001), Decimal(30_000), "VND")
WRITES = {
    "claim_reply_taken_in": (_answer, None, "claim_replies", 1),
    "claim_decided": (_decide, "STL027", "claim_decisions", 4),
    "invoice_taken_in": (_invoice, "STL053", "partner_invoices", 1),
    "invoice_decided": (_reject_invoice, "STL055", "invoice_decisions", 1),
}


@pytest.fixture(scope="module")
def published_world(request, claimed_world, tmp_path_factory):
    with copy_of(claimed_world, tmp_path_factory.mktemp("published") / "home", request) as found:
        settle(found, "2026-09", CLAIMS)
        yield found, published(found)


@pytest.mark.parametrize("place", ["before_commit", "after_commit"])
@pytest.mark.parametrize("point", WRITES)
def test_what_a_person_types_is_killed_and_typed_again_and_counts_once(
    request, published_world, tmp_path, point, place
):
    """Killed before the transaction ends nothing is there; after it everything is, and again is refused or the same."""
    (write, again, table, rows), (source, batch) = WRITES[point], published_world
    with copy_of(source, tmp_path / "home", request) as world:
        if point == "invoice_decided":
            _invoice(world, tmp_path, batch)
        world.store.engine.dispose()
        args = (world.settings, f"{point}:{place}", write, tmp_path, batch)
        child = multiprocessing.get_context("fork").Process(target=_write_and_die, args=args)
        child.start()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        reopened = open_world(world.settings, clock=SteppingClock())
        is_done = place == "after_commit"
        assert _count(reopened, table) == (rows if is_done else 0)
        with pytest.raises(RefusedError, match=again) if is_done and again else nullcontext():
            write(reopened, tmp_path, batch)
        assert _count(reopened, table) == rows
        reopened.store.engine.dispose()


def _write_and_die(settings: Settings, point: str, write, tmp_path, batch: str) -> None:
    write(open_world(settings.model_copy(update={"failpoint": point}), clock=SteppingClock()), tmp_path, batch)
    os._exit(0)


def _count(world, table: str) -> int:
    with world.store.read() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_two_batches_never_share_an_invoice(world):
    """A number counts once for a partner, and a second invoice for the same batch differs."""
    settle(world, "2026-09", CLAIMS)
    batch = published(world)
    right = ("--net", "300,000", "--tax", "30,000", "--dated", "2026-11-02", "--currency", "VND", "--by", "clerk")
    typed(world, "invoice", batch, "--number", "1", *right)
    assert "already_invoiced" in typed(world, "invoice", batch, "--number", "2", *right)
    with world.store.read() as connection:
        assert len(read_batches(connection)) == 1
    assert date(2026, 11, 2) > LATER


def test_a_batch_that_takes_back_waits_for_no_invoice_and_what_is_carried_is_no_part_of_one(world):
    """Nobody invoices what they owe; until now the debt that is carried forward stood in the invoice's amount."""
    settle(world, "2026-09", CLAIMS)
    published(world)
    night(world, LATER, BOOK.and_paid(Paid("T1", "A1", on(5), -1_000_000, reverses="P1", posted_on=on(20, 10))))
    attempt = begin_attempt(world.store, "m", LATER)
    (batch,) = prepare(world, Period(2026, 10), attempt, by="preparer", on=LATER).batches
    for role in ("manager", "hr", "finance"):
        decide.decide(world, batch, DecisionKind.APPROVED, by=f"demo {role}", on=LATER)
    decide.publish(world, batch, by="publisher", on=LATER)
    assert "owed 0 VND" in typed(world, "export", batch)
    back = ("--number", "9", "--dated", "2026-11-02", "--currency", "VND", "--by", "clerk")
    assert "agrees" in typed(world, "invoice", batch, "--net", "-100,000", "--tax", "-10,000", *back)


def test_control_totals_are_shown_in_the_currency_s_own_unit(world):
    settle(world, "2026-09", CLAIMS)
    batch = published(world)
    right = ("--net", "300,000", "--tax", "30,000", "--dated", "2026-11-02", "--currency", "VND", "--by", "clerk")
    typed(world, "invoice", batch, "--number", "1", *right)
    assert "owed 330,000 VND" in typed(world, "export", batch)
