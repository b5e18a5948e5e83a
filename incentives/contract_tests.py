"""Tests that managers write beside contracts: placements, payments and figures, and what should come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pydantic import Field

from domain.documents import Document, Path, RuleModel, decode
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue, Location
from domain.periods import Period
from incentives.contract_trial import ContractTrial, Given, GivenPayment, try_contract
from incentives.contracts import ContractBook
from incentives.fees import FeeCalculation
from incentives.numbers import Name, Number
from incentives.sections import check_sections


class ContractTest(Given):
    """One case: a contract, what is given, and what is expected of the month and of single payments."""

    name: str
    """What the case shows."""
    contract: Name
    """The contract."""
    on: date
    """A day of the month that is paid; the versions are those that the dates of placements or payments ask for."""
    expect: dict[str, Number] = Field(default_factory=dict)
    """Exact values by step of the month; `amount` is the fee, `vat` the tax."""
    held: str | None = None
    """The reason for which the month's fee is held instead, such as `missing_input`."""


class ContractTestFile(RuleModel):
    """A file `*.test.yaml` below `incentives/contracts`."""

    tests: tuple[ContractTest, ...] = ()
    """The cases."""


def run_contract_tests(book: ContractBook, documents: Iterable[Document]) -> tuple[Issue, ...]:
    """What the cases of the documents find: one issue for each value that is not as expected."""
    return tuple(issue for document in documents for issue in _of_document(book, document))


@dataclass(frozen=True, slots=True)
class _Case:
    test: ContractTest
    document: Document
    path: Path

    def place(self, *steps: str | int) -> Location:
        return self.document.place(self.path + steps)

    def differs(self, what: str, found: object, expected: object, *steps: str | int) -> Issue:
        message = f'"{self.test.name}": {what} is {_text(found)}, expected {_text(expected)}'
        return Issue("CON071", self.place(*steps), message)


def _of_document(book: ContractBook, document: Document) -> Iterator[Issue]:
    faults = tuple(check_sections(document, ("tests",)))
    yield from faults
    for index in range(0 if faults else len(document.data.get("tests", ()))):
        path: Path = ("tests", index)
        test, found = decode(document, ContractTest, path)
        yield from found
        if test is not None:
            yield from _of_case(book, _Case(test, document, path))


def _of_case(book: ContractBook, case: _Case) -> Iterator[Issue]:
    test = case.test
    if not any(each.contract.id == test.contract and each.contract.holds_on(test.on) for each in book.ready):
        known = [each.contract.id for each in book.ready if each.contract.holds_on(test.on)]
        message = f'no contract "{test.contract}" holds on {test.on}'
        yield Issue("CON070", case.place("contract"), message, suggestion(test.contract, known))
        return
    trial = try_contract(book, test.contract, test, Period.of(test.on), case.place())
    yield from trial.issues
    if trial.found is not None:
        yield from _of_payments(case, trial.found)
        yield from _of_month(case, trial, trial.found)


def _of_payments(case: _Case, found: FeeCalculation) -> Iterator[Issue]:
    lines = {each.recovery.payment_id: each.fee for each in found.lines}
    without = {each.recovery.payment_id: each.reason for each in found.without_fee}
    for name, payment in case.test.payments.items():
        yield from _of_payment(case, name, payment, lines.get(name), without.get(name))


def _of_payment(
    case: _Case, name: str, payment: GivenPayment, fee: Decimal | None, reason: str | None
) -> Iterator[Issue]:
    if payment.fee is not None and fee != payment.fee:
        found = fee if reason is None else f"nothing ({reason})"
        yield case.differs(f"the fee of {name}", found, payment.fee, "payments", name, "fee")
    if payment.no_fee is not None and reason != payment.no_fee:
        found = "paid" if reason is None else reason
        yield case.differs(f"why {name} earns nothing", found, payment.no_fee, "payments", name, "no_fee")


def _of_month(case: _Case, trial: ContractTrial, found: FeeCalculation) -> Iterator[Issue]:
    reason = found.held[0].reason.value if found.held else None
    if reason != case.test.held:
        yield case.differs("the reason to hold the fee", reason or "none", case.test.held or "none", "held")
        return
    fee, vat = trial.payout("fee"), trial.payout("vat")
    nothing = Decimal(0)
    values: dict[str, Decimal | None] = {step.name: step.value for step in fee.steps} if fee else {}
    values |= {"amount": fee.amount if fee else nothing, "vat": vat.amount if vat else nothing}
    for name, expected in case.test.expect.items():
        if name not in values:
            message = f'"{case.test.contract}" computed no step "{name}"'
            yield Issue("CON072", case.place("expect", name), message, suggestion(name, values))
        elif values[name] != expected:
            yield case.differs(name, values[name], expected, "expect", name)


def _text(value: object) -> str:
    return canonical_decimal(value) if isinstance(value, Decimal) else str(value if value is not None else "no value")
