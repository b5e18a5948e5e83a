"""A partner's claims from the matching to the file for finance, and a second cycle that takes one of them back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from domain.periods import Period
from flows.attempts import attempt_at
from incentives.batches import BatchPhase
from incentives.claims.differences import Standing
from incentives.claims.differences import Step as Word
from tasks.stages import decide
from tasks.stages.after_publish import write_outputs
from tasks.stages.claims_decide import Which, decide_differences
from tasks.stages.claims_files import take_reply, write_correspondence
from tasks.stages.claims_invoices import KnownInvoice, NewInvoice, decide_invoice, list_invoices, take_invoice
from tasks.stages.claims_run import settle_claims
from tasks.stages.claims_statement import write_claims_statement
from tasks.stages.claims_status import OpenDifference, settlement_status
from tasks.stages.month_end import prepare
from tasks.stages.payroll import write_pay_files
from tests.crashes.month import batches_in, frozen_of
from tests.crashes.office import CLERK, DIRECTOR, FINANCE, Office, Scenario, Step, approve_all
from tests.crashes.ready import claimed
from tests.stages.claimed import PARTNER
from tests.stages.test_claims import CLAIMS, LATER

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
ID = f"{PARTNER}-by_claims-2026-09-1"


def _match(office: Office, cycle: str, night: date) -> None:
    with attempt_at(office.world, f"settlement run {PARTNER} {cycle}", night) as attempt:
        settle_claims(office.world, PARTNER, cycle, on=night, by="operator", attempt=attempt)


def _correspond(office: Office) -> None:
    with attempt_at(office.world, f"settlement correspondence {ID}", None):
        write_correspondence(office.world, ID)


def _answer(office: Office) -> None:
    """What the partner sent back; its file is the same each time, and counts once."""
    path = office.world.settings.landing / "answer.csv"
    path.parent.mkdir(exist_ok=True)
    _put(path, f"difference_id,answer,text\n{ID}.2,disputed,receipt 4711\n")
    with attempt_at(office.world, f"settlement answers {path.name}", None) as attempt:
        take_reply(office.under(CLERK), path, ID, by=CLERK, attempt=attempt)


def _put(path: Path, text: str) -> None:
    part = path.with_suffix(".new")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _decide(office: Office) -> None:
    """What the partner did not claim is owed all the same, and what nobody booked is not: each said by two people."""
    for subject, verdict in (("payment:P4", Word.OURS), ("C5", Word.REJECT)):
        for standing, word, by in ((Standing.OPEN, verdict, FINANCE), (Standing.PROPOSED, Word.CONFIRM, DIRECTOR)):
            for each in _open(office):
                if each.difference.subject == subject and each.standing is standing:
                    _say(office, each, word, by)


def _open(office: Office) -> tuple[OpenDifference, ...]:
    (status,) = settlement_status(office.world, partner=PARTNER)
    return status.open


def _say(office: Office, each: OpenDifference, word: Word, by: str) -> None:
    which = Which(named=(each.difference.difference_id,))
    with attempt_at(office.world, f"settlement decide {word}", None) as attempt:
        decide_differences(office.under(by), which, word, by=by, reason="seen", attempt=attempt)


def _tell(office: Office) -> None:
    with attempt_at(office.world, f"settlement statement {ID}", None):
        write_claims_statement(office.world, ID)


def _prepare(office: Office, month: Period) -> None:
    with attempt_at(office.world, f"month-end {month}", month.last_day) as attempt:
        prepare(office.world, month, attempt, by="preparer")


def _pay(office: Office, month: Period) -> None:
    with attempt_at(office.world, f"approve the batches of {month}", None):
        approve_all(office, frozen_of(office.world, month))
    for frozen in frozen_of(office.world, month):
        if frozen.state.phase is BatchPhase.APPROVED:
            with attempt_at(office.world, f"publish {frozen.batch.batch_id}", None):
                decide.publish(office.world, frozen.batch.batch_id, by=FINANCE)


def _write(office: Office) -> None:
    for frozen in batches_in(office.world, BatchPhase.PUBLISHED):
        with attempt_at(office.world, f"outputs {frozen.batch.batch_id}", None):
            write_outputs(office.world, frozen.batch.batch_id)


def _invoice(office: Office) -> None:
    """One đồng too much is rejected; the next one agrees."""
    if not _known(office, "7"):
        _bring(office, "7", Decimal(700_001))
    if _known(office, "7").state == "differs":
        with attempt_at(office.world, "settlement reject R01/7", None) as attempt:
            reject = {"accept": False, "by": FINANCE, "reason": "one đồng too much", "attempt": attempt}
            decide_invoice(office.under(FINANCE), f"{PARTNER}/7", **reject)
    if not _known(office, "8"):
        _bring(office, "8", Decimal(700_000))


def _known(office: Office, number: str) -> KnownInvoice | None:
    found = [each for each in list_invoices(office.world, PARTNER) if each.invoice.invoice_id == f"{PARTNER}/{number}"]
    return found[0] if found else None


def _bring(office: Office, number: str, net: Decimal) -> None:
    (frozen,) = batches_in(office.world, BatchPhase.PUBLISHED)
    new = NewInvoice(number, date(2026, 11, 2), net, Decimal(70_000), "VND")
    with attempt_at(office.world, f"settlement invoice {number}", None) as attempt:
        take_invoice(office.under(CLERK), frozen.batch.batch_id, new, by=CLERK, attempt=attempt)


def _export(office: Office) -> None:
    (frozen,) = batches_in(office.world, BatchPhase.PUBLISHED)
    with attempt_at(office.world, f"settlement export {frozen.batch.batch_id}", None):
        write_pay_files(office.world, frozen.batch.batch_id)


SETTLEMENT = Scenario(
    "settlement",
    "a partner's claims matched, listed for it, answered, decided by two people, paid; an invoice rejected and another "
    "one taken; the file for finance; and the next cycle",
    claimed,
    datetime(2026, 11, 2, 1, tzinfo=UTC),
    (
        Step("match", lambda office: _match(office, "2026-09", CLAIMS)),
        Step("list for the partner", _correspond),
        Step("the partner's answer", _answer),
        Step("decide by two people", _decide),
        Step("statement", _tell),
        Step("prepare", lambda office: _prepare(office, SEPTEMBER)),
        Step("approve and publish", lambda office: _pay(office, SEPTEMBER)),
        Step("outputs", _write),
        Step("invoices", _invoice),
        Step("the file for finance", _export),
        Step("match the next cycle", lambda office: _match(office, "2026-10", LATER)),
        Step("prepare the next month", lambda office: _prepare(office, OCTOBER)),
        Step("pay the next month", lambda office: _pay(office, OCTOBER)),
    ),
)
