"""The state of pay before going live, as HR hands it in: columns that policies carry over, and what payees owe.

A file has one line for each amount, and for each sort of line a control total, whose payee is TOTAL. It is taken whole
or not at all: everything that is wrong with it is told at once, each at its line and column.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.ids import Digest, canonical_decimal
from domain.issues import Issue, Location, Severity
from domain.money import MINOR_DIGITS, minor_digits, to_minor
from domain.periods import Period
from domain.records import PayoutLine, Step, Unit
from domain.staff import Employee, spans_of
from incentives.book import PolicyBook
from incentives.ledger import CARRIED, OPENING, RECEIVABLE, BatchKind, LedgerKey
from incentives.steps import Draw

COLUMNS = ("what", "payee", "department", "component", "column", "period", "amount", "currency", "note")
TOTAL = "TOTAL"
BROUGHT_IN = "opening"  # the kind of the steps whose values came in, and the beginning of the ids of their batches
MOST_NAMED = 5  # payees in one sentence


class What(StrEnum):
    """What a line states: a column that a policy carries over, or what a payee owes, or owes after leaving."""

    CARRIED = "carried"
    OWED = "owed"
    RECEIVABLE = "receivable"


_SORTS = {What.OWED: CARRIED, What.RECEIVABLE: RECEIVABLE}


@dataclass(frozen=True, slots=True)
class CarriedColumn:
    """A column that policies read after going live, from a month before it; `is_draw`: it is what is owed of draws."""

    component: str
    column: str
    period: Period
    currency: str
    unit: Unit
    policy: str
    is_draw: bool
    holds: bool  # whether who has no line of it is held, instead of beginning with zero
    departments: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class House:
    """What a file is held against: the first month that Recoup pays, the columns that its policies carry over, all who
    were ever posted, and those among them who are employed in that month."""

    go_live: Period
    columns: tuple[CarriedColumn, ...]
    staff: Mapping[str, Employee]
    employed: frozenset[str]


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """One amount: in major units for money, a plain number for a count or a ratio."""

    what: What
    payee: str
    department: str
    component: str
    column: str
    period: Period
    amount: Decimal
    currency: str
    note: str
    place: Location

    @property
    def key(self) -> tuple[str, ...]:
        return (self.what, self.payee, self.department, self.component, self.column, str(self.period), self.currency)

    @property
    def sort(self) -> Sort:
        return self.what, self.component, self.column, str(self.period), self.currency


Sort = tuple[str, str, str, str, str]  # what a control total is the sum of


@dataclass(frozen=True, slots=True)
class OpeningFile:
    """The lines of a file and its control totals, by what they are the sum of."""

    lines: tuple[OpeningLine, ...] = ()
    totals: tuple[OpeningLine, ...] = ()


def columns_carried_into(policies: PolicyBook, go_live: Period) -> tuple[CarriedColumn, ...]:
    """Every column of a month before `go_live` that a policy reads in it or in a later month, once."""
    found: dict[tuple[object, ...], CarriedColumn] = {}
    month = go_live
    for _ in range(max(policies.most_months_carried(), 1)):
        for ready in policies.during(month).policies:
            policy = ready.policy
            draws = {step.owed for step in policy.steps if isinstance(step, Draw)}
            for name, source in policy.inputs.items():
                period = _months_before(month, source.months_ago or 1)
                if source.carried is None or period >= go_live or source.begins_anew in _after(period, month):
                    continue
                column = CarriedColumn(
                    policy.component,
                    source.carried,
                    period,
                    policy.currency,
                    source.measured_in,
                    policy.id,
                    name in draws,
                    source.missing.value == "hold",
                    policy.applies_to.departments,
                )
                found.setdefault((column.component, column.column, period, column.currency, column.policy), column)
        month = month.next()
    return tuple(sorted(found.values(), key=lambda each: (each.component, each.column, each.period, each.currency)))


def expected_lines(house: House) -> Iterator[tuple[str, str, CarriedColumn]]:
    """Payee, department and column of every line that a file should have: what the template is made of."""
    for payee in sorted(house.employed):
        employee = house.staff[payee]
        spans = spans_of(employee, house.go_live)
        for column in house.columns if spans else ():
            departments = [span.posting.department for span in spans]
            fitting = [name for name in departments if column.departments is None or name in column.departments]
            if fitting and employee.currency == column.currency:
                yield payee, fitting[0], column


def read_rows(document: Document) -> tuple[OpeningFile, tuple[Issue, ...]]:
    """The lines as they are written, or what is wrong with how they are written."""
    reader = _Reader(document)
    reader.read()
    return reader.file, tuple(reader.issues)


def gate(file: OpeningFile, house: House) -> tuple[Issue, ...]:
    """What does not fit: errors that keep the file out, and warnings of what is not in it."""
    return tuple(sorted(_faults(file, house), key=lambda issue: (not issue.is_error, issue.location)))


def payout_lines(file: OpeningFile, period: Period, source: Digest) -> tuple[PayoutLine, ...]:
    """The columns brought in for the month: one line for each payee, component and department, which pays nothing."""
    found: dict[tuple[str, str, str], list[OpeningLine]] = defaultdict(list)
    for line in file.lines:
        if line.what is What.CARRIED and line.period == period:
            found[line.payee, f"{line.component}:{line.department}", line.currency].append(line)
    return tuple(
        PayoutLine(
            payee,
            component,
            str(period),
            currency,
            Decimal(0),
            component.partition(":")[2],
            source,
            tuple(_step(line, line.column) for line in sorted(found[payee, component, currency], key=_order)),
        )
        for payee, component, currency in sorted(found)
    )


def debts(file: OpeningFile, period: Period, source: Digest) -> dict[LedgerKey, PayoutLine]:
    """What payees owe for the month, by the key under which it is posted; each line explains itself."""
    found: dict[LedgerKey, PayoutLine] = {}
    for line in sorted(file.lines, key=_order):
        if line.what in _SORTS and line.period == period:
            component = f"{_SORTS[line.what]}/{OPENING}:{line.department}"
            key = LedgerKey(BatchKind.BONUS, line.payee, component, period, line.currency)
            step = _step(line, line.what.value)
            found[key] = PayoutLine(
                line.payee, component, str(period), line.currency, line.amount, line.department, source, (step,)
            )
    return found


def periods_of(file: OpeningFile) -> tuple[Period, ...]:
    return tuple(sorted({line.period for line in file.lines}))


def departments_of(file: OpeningFile, period: Period) -> frozenset[str]:
    return frozenset(line.department for line in file.lines if line.period == period)


def _step(line: OpeningLine, name: str) -> Step:
    return Step(name, BROUGHT_IN, line.amount, (("brought in", line.what.value),), str(line.place), line.note)


def _order(line: OpeningLine) -> tuple[str, ...]:
    return line.key


def _months_before(period: Period, months: int) -> Period:
    for _ in range(months):
        period = period.previous()
    return period


def _after(earlier: Period, later: Period) -> frozenset[int]:
    """The calendar months after the earlier one, up to the later one."""
    found = set()
    while earlier < later:
        earlier = earlier.next()
        found.add(earlier.month)
    return frozenset(found)


_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,10})?")
_GROUPS = re.compile(r"-?[1-9][0-9]{0,2}([.,'\s\u00a0\u202f][0-9]{3})+([.,][0-9]+)?")
_NEEDED: Mapping[What, tuple[str, ...]] = {
    What.CARRIED: ("department", "component", "column"),
    What.OWED: ("department",),
    What.RECEIVABLE: ("department",),
}


@dataclass(slots=True)
class _Reader:
    """Cells into lines; what cannot be one is in `issues`."""

    document: Document
    file: OpeningFile = field(default_factory=OpeningFile)
    issues: list[Issue] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)

    def read(self) -> None:
        sheets = [sheet for sheet in self.document.data["sheets"] if any(_is_filled(row) for row in sheet["rows"])]
        if len(sheets) != 1:
            names = ", ".join(repr(sheet["name"]) for sheet in sheets) or "none"
            message = f"one sheet with lines is read; there are {names}"
            hint = "Leave one; begin the names of notes with #"
            self.issues.append(Issue("OPN010", Location(self.document.path), message, hint))
            return
        number, rows = self.document.data["sheets"].index(sheets[0]), sheets[0]["rows"]
        head = next(index for index, row in enumerate(rows) if _is_filled(row))
        if not self.header(number, head, rows[head]):
            return
        lines = [self.line(number, index, row) for index, row in enumerate(rows) if index > head and _is_filled(row)]
        if not lines:
            self.report("OPN010", (number, head, 0), "there is a header and no line", "Ask for the whole file")
        found = [line for line in lines if line is not None]
        self.file = OpeningFile(
            tuple(line for line in found if line.payee != TOTAL), tuple(line for line in found if line.payee == TOTAL)
        )

    def header(self, sheet: int, row: int, cells: Sequence[Any]) -> bool:
        names = [str(cell).strip().lower() if cell is not None else "" for cell in cells]
        self.at = {name: names.index(name) for name in COLUMNS if name in names}
        for index, name in enumerate(names):
            if name and (name not in COLUMNS or names.index(name) != index):
                what = "a second column" if name in COLUMNS else "an unknown column"
                hint = suggestion(name, COLUMNS) or f"The columns are {', '.join(COLUMNS)}"
                self.report("OPN011", (sheet, row, index), f'{what} "{name}"', hint)
        for name in COLUMNS[:-1]:
            if name not in self.at:
                self.report("OPN011", (sheet, row, 0), f'the column "{name}" is missing', "Add it, even if it is empty")
        return not self.issues

    def line(self, sheet: int, row: int, cells: Sequence[Any]) -> OpeningLine | None:
        before = len(self.issues)
        texts = {name: _text(cells[at]) if at < len(cells) else "" for name, at in self.at.items()}
        if len(cells) > len(self.at) and any(_text(cell) for cell in cells[max(self.at.values()) + 1 :]):
            hint = "A comma within a text needs quotes around it; amounts have no groups"
            self.report(
                "OPN012", (sheet, row, max(self.at.values()) + 1), "the line has more cells than the header", hint
            )
        what = self.what(sheet, row, texts["what"])
        if what is not None:
            self.needed(sheet, row, what, texts)
        period = self.period(sheet, row, cells, texts["period"])
        amount = self.amount(sheet, row, cells[self.at["amount"]] if self.at["amount"] < len(cells) else None)
        if texts["currency"] not in MINOR_DIGITS:
            hint = suggestion(texts["currency"], MINOR_DIGITS) or f"Known are {', '.join(MINOR_DIGITS)}"
            self.report("OPN018", (sheet, row, self.at["currency"]), f'unknown currency "{texts["currency"]}"', hint)
        if len(self.issues) > before or what is None or period is None or amount is None:
            return None
        return OpeningLine(
            what,
            texts["payee"],
            texts["department"],
            texts["component"],
            texts["column"],
            period,
            amount,
            texts["currency"],
            texts.get("note", ""),
            self.place(sheet, row, "amount"),
        )

    def what(self, sheet: int, row: int, text: str) -> What | None:
        if text in set(What):
            return What(text)
        hint = suggestion(text, What) or f"It is one of {', '.join(What)}"
        self.report("OPN013", (sheet, row, self.at["what"]), f'"{text}" is nothing that a line states', hint)
        return None

    def needed(self, sheet: int, row: int, what: What, texts: Mapping[str, str]) -> None:
        """Cells that are empty and must not be, or the other way round. A control total is of all departments."""
        needed = {*_NEEDED[what], "payee"} - ({"department"} if texts["payee"] == TOTAL else set())
        for name in ("payee", "department", "component", "column"):
            if name in needed and not texts[name]:
                self.report(
                    "OPN028", (sheet, row, self.at[name]), f"the {name} is missing", f"A line of {what} needs it"
                )
            elif name not in needed and texts[name]:
                of = "A control total" if texts["payee"] == TOTAL else f"A line of {what}"
                self.report("OPN028", (sheet, row, self.at[name]), f"a {name} is stated", f"{of} has none: empty it")

    def period(self, sheet: int, row: int, cells: Sequence[Any], text: str) -> Period | None:
        """A month; a spreadsheet makes the first day of it, which is taken for it."""
        cell = cells[self.at["period"]] if self.at["period"] < len(cells) else None
        if isinstance(cell, date) and cell.day == 1:
            return Period.of(cell)
        try:
            return Period.parse(text)
        except ValueError:
            hint = "Write year and month, such as 2026-08"
            self.report("OPN020", (sheet, row, self.at["period"]), f'"{text}" is no month', hint)
            return None

    def amount(self, sheet: int, row: int, cell: Any) -> Decimal | None:
        """A number of the sheet, or digits with a point. `300.000` is refused: some read three hundred thousand."""
        text, place = _text(cell), (sheet, row, self.at["amount"])
        if isinstance(cell, Decimal) or (_AMOUNT.fullmatch(text) and not _GROUPS.fullmatch(text)):
            return Decimal(text)
        if not text:
            self.report("OPN021", place, "no amount", "Write 0 where there is nothing: an empty cell was forgotten")
        elif _GROUPS.fullmatch(text):
            hint = "Write digits with a point: 1234567.50; behind three decimals a zero: 12.5000"
            self.report("OPN021", place, f'"{text}" is written with groups', hint)
        else:
            self.report("OPN021", place, f'"{text}" is no amount', "Write digits with a point: 1234567.50")
        return None

    def place(self, sheet: int, row: int, column: str) -> Location:
        return self.document.place(("sheets", sheet, "rows", row, self.at[column]))

    def report(self, code: str, at: tuple[int, int, int], message: str, hint: str) -> None:
        sheet, row, column = at
        self.issues.append(Issue(code, self.document.place(("sheets", sheet, "rows", row, column)), message, hint))


def _is_filled(row: Iterable[Any]) -> bool:
    return any(_text(cell) for cell in row)


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return canonical_decimal(cell)
    return str(cell).strip()


def _faults(file: OpeningFile, house: House) -> Iterator[Issue]:
    first: dict[tuple[str, ...], OpeningLine] = {}
    for line in file.lines:
        if line.key in first:
            message = f"{line.payee} has this line already, at {first[line.key].place}"
            yield Issue("OPN019", line.place, message, "Each amount stands once: ask which of them holds")
        first.setdefault(line.key, line)
        yield from _payee_faults(line, house)
        yield from _amount_faults(line)
        yield from _column_faults(line, house.columns) if line.what is What.CARRIED else _month_faults(line, house)
    yield from _total_faults(file)
    yield from _missing(file, house)


def _payee_faults(line: OpeningLine, house: House) -> Iterator[Issue]:
    employee = house.staff.get(line.payee)
    if employee is None:
        hint = suggestion(line.payee, house.staff) or "Employees come in with the extracts: land and gate them first"
        yield Issue("OPN014", line.place, f'no employee "{line.payee}"', hint)
        return
    departments = {posting.department for posting in employee.postings}
    if line.department not in departments:
        message = f'{line.payee} was never posted in "{line.department}"'
        yield Issue("OPN015", line.place, message, f"Postings are in {', '.join(sorted(departments))}")
    if employee.currency and line.currency != employee.currency:
        message = f"{line.payee} is paid in {employee.currency}, not in {line.currency}"
        yield Issue("OPN018", line.place, message, "State the currency of pay")
    if line.what is What.OWED and line.payee not in house.employed:
        message = f"{line.payee} is not employed in {house.go_live}: no pay is left to deduct from"
        yield Issue("OPN027", line.place, message, "Write receivable instead of owed")
    if line.what is What.RECEIVABLE and line.payee in house.employed:
        message = f"{line.payee} is employed in {house.go_live}: what is owed is deducted from pay"
        yield Issue("OPN027", line.place, message, "Write owed instead of receivable")


def _amount_faults(line: OpeningLine) -> Iterator[Issue]:
    if line.what is What.CARRIED:
        return
    try:
        if to_minor(line.amount, line.currency) <= 0:
            message = f"{line.amount:f} is not above zero: what is owed is stated as a positive amount"
            yield Issue("OPN023", line.place, message, "Leave the line out where nothing is owed")
    except ValueError:
        yield _not_minor(line)


def _not_minor(line: OpeningLine) -> Issue:
    digits = minor_digits(line.currency)
    message = f"{line.amount:f} {line.currency} has digits below the minor unit"
    return Issue("OPN022", line.place, message, f"{line.currency} has {digits} digits after the point")


def _column_faults(line: OpeningLine, columns: Collection[CarriedColumn]) -> Iterator[Issue]:
    components = {each.component for each in columns}
    if line.component not in components:
        hint = suggestion(line.component, components) or f"Policies carry {', '.join(sorted(components)) or 'nothing'}"
        yield Issue("OPN016", line.place, f'no policy of "{line.component}" carries a column over', hint)
        return
    names = {each.column for each in columns if each.component == line.component}
    if line.column not in names:
        hint = suggestion(line.column, names) or f"They carry {', '.join(sorted(names))}"
        yield Issue("OPN017", line.place, f'no policy of "{line.component}" carries "{line.column}" over', hint)
        return
    mine = [each for each in columns if (each.component, each.column) == (line.component, line.column)]
    periods = sorted({str(each.period) for each in mine})
    if str(line.period) not in periods:
        message = f'"{line.column}" of {line.period} would never be read'
        yield Issue("OPN020", line.place, message, f"Policies read {', '.join(periods)}")
    currencies = sorted({each.currency for each in mine})
    if line.currency not in currencies:
        message = f'"{line.component}" is paid in {", ".join(currencies)}, not in {line.currency}'
        yield Issue("OPN018", line.place, message, "State the currency of the policy")
        return
    is_draw, is_money = any(each.is_draw for each in mine), any(each.unit is Unit.MONEY for each in mine)
    if is_draw and line.amount < 0:
        yield Issue(
            "OPN023",
            line.place,
            f"{line.amount:f}: what is owed of draws is not below zero",
            "Write it without a minus",
        )
    try:
        _ = to_minor(line.amount, line.currency) if is_money else None
    except ValueError:
        yield _not_minor(line)


def _month_faults(line: OpeningLine, house: House) -> Iterator[Issue]:
    if line.period >= house.go_live:
        message = f"{line.period} does not lie before going live, {house.go_live}"
        yield Issue("OPN020", line.place, message, "What is earned from then on is computed, not brought in")


def _total_faults(file: OpeningFile) -> Iterator[Issue]:
    """Every sort of line has a control total of the old system, and comes to it."""
    sums: dict[Sort, Decimal] = defaultdict(Decimal)
    first: dict[Sort, OpeningLine] = {}
    for line in file.lines:
        sums[line.sort] += line.amount
        first.setdefault(line.sort, line)
    stated: dict[Sort, OpeningLine] = {}
    for total in file.totals:
        if total.sort in stated:
            message = f"a second control total of {_said(total.sort)}; the first is at {stated[total.sort].place}"
            yield Issue("OPN026", total.place, message, "State each once")
            continue
        stated[total.sort] = total
        if total.sort not in sums:
            message = f"a control total of {_said(total.sort)}, of which there is no line"
            yield Issue("OPN026", total.place, message, "Lines are missing, or the total names something else")
        elif sums[total.sort] != total.amount:
            found, difference = sums[total.sort], total.amount - sums[total.sort]
            more = "more" if difference > 0 else "less"
            message = (
                f"the lines of {_said(total.sort)} come to {found:,f}; the control total is {total.amount:,f}, "
                f"{abs(difference):,f} {more}"
            )
            yield Issue("OPN025", total.place, message, "Find the line that is missing, doubled or altered")
    for sort in sorted(sums.keys() - stated.keys()):
        message = f"no control total of {_said(sort)}"
        hint = f"Add a line with the payee {TOTAL} and the sum that the old system states"
        yield Issue("OPN024", first[sort].place, message, hint)


def _said(sort: Sort) -> str:
    what, component, column, period, currency = sort
    return " ".join(part for part in (what, f"{component}.{column}" if component else "", period, currency) if part)


def _missing(file: OpeningFile, house: House) -> Iterator[Issue]:
    """Payees whom a policy reads a column of, and who have no line of it: zero, or held, as the policy says."""
    there = {(line.payee, line.component, line.column, line.period) for line in file.lines}
    without: dict[CarriedColumn, list[str]] = defaultdict(list)
    for payee, _, column in expected_lines(house):
        if (payee, column.component, column.column, column.period) not in there:
            without[column].append(payee)
    for column, payees in without.items():
        named = ", ".join(payees[:MOST_NAMED]) + (
            f" and {len(payees) - MOST_NAMED} more" if payees[MOST_NAMED:] else ""
        )
        what = "are held" if column.holds else "begin with zero"
        message = f"no line of {column.component}.{column.column} of {column.period} for {named}: they {what}"
        place = Location(file.lines[0].place.path if file.lines else "")
        hint = f'The policy "{column.policy}" reads it. Leave it so if that is meant'
        yield Issue("OPN029", place, message, hint, Severity.WARNING)
