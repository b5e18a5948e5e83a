"""Tests that managers write beside policies: inputs, and what the steps should give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from domain.documents import Document, Path, RuleModel, decode
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue, Location
from domain.staff import Share
from incentives.book import PolicyBook
from incentives.first_paid import PaidGroups
from incentives.numbers import Name, Number
from incentives.ready import ReadyPolicy
from incentives.rows import Row
from incentives.sections import check_sections
from incentives.trial import LONG_THERE, Given, Trial, paid_by, try_together


class Days(RuleModel):
    """The days that prorate steps take."""

    counted: Number
    """Days that count."""
    of: Annotated[Number, Field(gt=0)]
    """Days of the period."""


class Expected(RuleModel):
    """The inputs of a payee, and what is expected."""

    inputs: dict[str, Number | None] = Field(default_factory=dict)
    """Values by the policy's own input names; null, or an input left out, has no value."""
    expect: dict[str, Number] = Field(default_factory=dict)
    """Exact values by step; `amount` is what is paid."""
    held: str | None = None
    """The reason for which the payee is held instead, such as `missing_input`."""


class PayeeCase(Expected):
    """One payee: the inputs, what the row stands in, and what is expected."""

    days: Days | None = None
    """For prorate steps; the whole period if left out."""
    tenure_months: Annotated[int, Field(ge=1)] | None = None
    """The month of employment, for quota steps with a ramp; long employed if left out."""
    department: str = ""
    """For steps that look at a department together."""
    team: str = ""
    """For steps that look at a team together."""


class PolicyTest(PayeeCase):
    """One case: a policy, its inputs, and what is expected of it."""

    name: str
    """What the case shows."""
    policy: Name
    """The policy."""
    on: date
    """The version that holds on this day is tested; its month is that of quota steps with seasons."""
    payees: dict[str, PayeeCase] = Field(default_factory=dict)
    """Several payees, by any name, who are settled together; inputs stated above hold for each that does not state
    its own."""
    corrected: dict[str, Expected] = Field(default_factory=dict)
    """What comes out by inputs that are corrected after all of them were paid; whoever is not named stays the same."""


class PolicyTestFile(RuleModel):
    """A file `*.test.yaml` below `incentives/policies`."""

    tests: tuple[PolicyTest, ...] = ()
    """The cases."""


def run_policy_tests(book: PolicyBook, documents: Iterable[Document]) -> tuple[Issue, ...]:
    """What the cases of the documents find: one issue for each value that is not as expected."""
    return tuple(issue for document in documents for issue in _of_document(book, document))


@dataclass(frozen=True, slots=True)
class _Case:
    test: PolicyTest
    document: Document
    path: Path

    def place(self, *steps: str | int) -> Location:
        return self.document.place(self.path + steps)


def _of_document(book: PolicyBook, document: Document) -> Iterator[Issue]:
    faults = tuple(check_sections(document, ("tests",)))
    yield from faults
    for index in range(0 if faults else len(document.data.get("tests", ()))):
        path: Path = ("tests", index)
        test, found = decode(document, PolicyTest, path)
        yield from found
        if test is not None:
            yield from _of_case(book, _Case(test, document, path))


def _of_case(book: PolicyBook, case: _Case) -> Iterator[Issue]:
    policies = book.on(case.test.on)
    if case.test.policy not in policies:
        hint = suggestion(case.test.policy, policies)
        message = f'no policy "{case.test.policy}" holds on {case.test.on}'
        yield Issue("POL071", case.place("policy"), message, hint)
        return
    policy, test = policies[case.test.policy], case.test
    named: dict[str, tuple[PayeeCase, Path]] = {name: (each, ("payees", name)) for name, each in test.payees.items()}
    named = named or {"": (test, ())}
    given = {
        name: _given({**test.inputs, **each.inputs}, each, case.place(*path, "inputs"))
        for name, (each, path) in named.items()
    }
    trials = try_together(policy, given, month=test.on.month)
    yield from _all_compared(case, policy, trials, named)
    if test.corrected and not any(trial.issues for trial in trials.values()):
        yield from _of_correction(case, policy, given, paid_by(given, trials))


_Named = Mapping[str, tuple[Expected, Path]]


def _of_correction(case: _Case, policy: ReadyPolicy, given: dict[str, Given], paid: PaidGroups) -> Iterator[Issue]:
    """What was given once, with the inputs that are corrected, beside those who were paid."""
    test = case.test
    unknown = sorted(test.corrected.keys() - given.keys())
    for name in unknown:
        message = f'"{name}" is none of the payees of this case'
        yield Issue("POL075", case.place("corrected", name), message, suggestion(name, given))
    if unknown:
        return
    now = {
        name: given[name].corrected(each.inputs, case.place("corrected", name, "inputs"))
        for name, each in test.corrected.items()
    }
    trials = try_together(policy, {**given, **now}, month=test.on.month, paid=paid)
    named: _Named = {name: (each, ("corrected", name)) for name, each in test.corrected.items()}
    yield from _all_compared(case, policy, trials, named)


def _all_compared(case: _Case, policy: ReadyPolicy, trials: Mapping[str, Trial], named: _Named) -> Iterator[Issue]:
    for name, (each, path) in named.items():
        yield from trials[name].issues
        row = trials[name].row
        if row is not None:
            yield from _compared(case, policy, row, each, path)


def _given(inputs: dict[str, Decimal | None], each: PayeeCase, at: Location) -> Given:
    days = each.days or Days(counted=Decimal(1), of=Decimal(1))
    tenure = each.tenure_months or LONG_THERE
    return Given(inputs, Share(days.counted, days.of), each.department, each.team, tenure, at)


def _compared(case: _Case, policy: ReadyPolicy, row: Row, due: Expected, path: Path) -> Iterator[Issue]:
    reason = row.stop.reason.value if row.stop else None
    about = ", ".join((f'"{case.test.name}"', *map(str, path[1:])))
    if reason != due.held:
        found = (
            f"the payee is held, {reason}: {row.stop.text}" if row.stop else f"the payee is paid {_text(row.amount)}"
        )
        yield Issue("POL073", case.place(*path, "held"), f"{about}: {found}; expected {due.held or 'pay'}")
        return
    values = {step.name: step.value for step in row.steps} | {"amount": row.amount}
    for name, expected in due.expect.items():
        place = case.place(*path, "expect", name)
        if name not in values:
            message = f'"{policy.policy.id}" computed no step "{name}"'
            yield Issue("POL074", place, message, suggestion(name, values))
        elif values[name] != expected:
            yield Issue("POL072", place, f"{about}: {name} is {_text(values[name])}, expected {_text(expected)}")


def _text(number: Decimal | None) -> str:
    return "no value" if number is None else canonical_decimal(number)
