"""What the payroll system answers: each line of its file beside what was handed to it, and everything that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.money import MINOR_DIGITS, from_minor, to_minor

COLUMNS = ("line_id", "outcome", "amount", "currency", "paid_on", "reason")  # layout payroll-return-1


class Outcome(StrEnum):
    PAID = "paid"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A line that was exported; `answered` is what a file said of it before, or None."""

    line_id: str
    amount_minor: int
    currency: str
    answered: Answer | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    line_id: str
    outcome: Outcome
    paid_on: date | None
    reason: str


def read_return(
    path: str, rows: Sequence[Sequence[str]], handed_over: Mapping[str, HandedOver]
) -> tuple[tuple[Answer, ...], tuple[Issue, ...]]:
    """The new answers of a file (header first), or everything that is wrong with it, each at its line and column.

    A line that was answered before in the same way is no new answer, and nothing is wrong: files may repeat. With a
    single issue there are no answers.
    """
    reader = _Reader(path, handed_over)
    found = tuple(reader.answers(rows))
    return ((), tuple(reader.issues)) if reader.issues else (found, ())


class _Reader:
    def __init__(self, path: str, handed_over: Mapping[str, HandedOver]) -> None:
        self.path, self.handed_over = path, handed_over
        self.issues: list[Issue] = []
        self.lines: dict[str, int] = {}  # of each line id, where it stood first
        self.columns: dict[str, int] = {}

    def answers(self, rows: Sequence[Sequence[str]]) -> Iterator[Answer]:
        if not self.header(rows[0] if rows else ()):
            return
        if len(rows) == 1:
            self.report("PRT010", 1, "", "the file has a header and no lines", "Ask for the whole file")
        for number, cells in enumerate(rows[1:], start=2):
            if len(cells) != len(rows[0]):
                message = f"{len(cells)} cells; the header has {len(rows[0])}"
                self.report("PRT001", number, "", message, "A comma within a text needs quotes around it")
                continue
            answer = self.answer(number, {name: cells[at].strip() for name, at in self.columns.items()})
            if answer is not None:
                yield answer

    def header(self, names: Sequence[str]) -> bool:
        stripped = [name.strip() for name in names]
        self.columns = {name: stripped.index(name) for name in COLUMNS if name in stripped}
        missing = [name for name in COLUMNS if name not in stripped]
        for name in missing:
            hint = suggestion(name, stripped) if stripped else f"The header is {','.join(COLUMNS)}"
            self.report("PRT001", 1, "", f'the column "{name}" is missing', hint)
        return not missing

    def answer(self, number: int, cells: Mapping[str, str]) -> Answer | None:
        """None where the row is wrong, or says again what is known."""
        before, line = len(self.issues), self.handed_over.get(cells["line_id"])
        if line is None:
            hint = "It is an id of a payroll file, such as 17-1; lines of other systems do not belong here"
            self.report("PRT002", number, "line_id", f'no line "{cells["line_id"]}" was handed over', hint)
        if cells["line_id"] in self.lines:
            message = (
                f'the line "{cells["line_id"]}" stands here again; it stood in line {self.lines[cells["line_id"]]}'
            )
            self.report("PRT003", number, "line_id", message, "Each line has one answer: ask which of them holds")
        self.lines.setdefault(cells["line_id"], number)
        if line is not None:
            self.check_amount(number, cells, line)
        outcome = self.outcome(number, cells)
        paid_on = self.paid_on(number, cells, outcome)
        if len(self.issues) > before or line is None or outcome is None:
            return None
        return self.new(number, line, Answer(line.line_id, outcome, paid_on, cells["reason"]))

    def new(self, number: int, line: HandedOver, answer: Answer) -> Answer | None:
        if line.answered is None:
            return answer
        if line.answered != answer:
            message = f"the line was answered before: {_said(line.answered)}; here it is {_said(answer)}"
            self.report(
                "PRT008",
                number,
                "outcome",
                message,
                "An answer stands: ask payroll what holds, and correct by the ledger",
            )
        return None

    def check_amount(self, number: int, cells: Mapping[str, str], line: HandedOver) -> None:
        expected = f"{from_minor(line.amount_minor, line.currency):f} {line.currency}"
        if cells["currency"] != line.currency:
            message = f'the currency is "{cells["currency"]}"; {expected} was handed over'
            self.report("PRT004", number, "currency", message, "Nothing is paid in another currency than was posted")
        amount = _amount(cells["amount"])
        if amount is None:
            message = f'"{cells["amount"]}" is no amount; {expected} was handed over'
            self.report("PRT009", number, "amount", message, "Write digits with a point, and no groups: 1234567.50")
        elif _minor(amount, line.currency) != line.amount_minor:
            message = f"the amount is {amount:f}; {expected} was handed over"
            self.report(
                "PRT004", number, "amount", message, "Whoever changed it reverses that: amounts change by the ledger"
            )

    def outcome(self, number: int, cells: Mapping[str, str]) -> Outcome | None:
        if cells["outcome"] not in set(Outcome):
            message = f'the outcome is "{cells["outcome"]}"; it is one of paid, rejected'
            self.report("PRT005", number, "outcome", message, suggestion(cells["outcome"], Outcome))
            return None
        outcome = Outcome(cells["outcome"])
        if outcome is Outcome.REJECTED and not cells["reason"]:
            self.report("PRT006", number, "reason", "a rejected line has no reason", "Ask payroll for it")
        return outcome

    def paid_on(self, number: int, cells: Mapping[str, str], outcome: Outcome | None) -> date | None:
        text = cells["paid_on"]
        if outcome is Outcome.REJECTED and not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            if outcome is not None:
                message = f'"{text}" is no date' if text else "a paid line has no date"
                self.report("PRT007", number, "paid_on", message, "Write year-month-day: 2026-10-31")
            return None

    def report(self, code: str, number: int, column: str, message: str, hint: str) -> None:
        place = Location(self.path, number, self.columns[column] + 1 if column else 0)
        self.issues.append(Issue(code, place, message, hint))


def _amount(text: str) -> Decimal | None:
    """Plain digits alone: `1e999999` would be a number too, of a million of them."""
    return Decimal(text) if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,6})?", text) else None


def _minor(amount: Decimal, currency: str) -> int | None:
    """None where it has digits below the minor unit."""
    try:
        return to_minor(amount, currency) if currency in MINOR_DIGITS else None
    except ValueError:
        return None


def _said(answer: Answer) -> str:
    more = answer.reason if answer.outcome is Outcome.REJECTED else f"on {answer.paid_on}"
    return f"{answer.outcome} ({more})"
