"""The result of the system before, as its spreadsheet has it: a row for each payee, perhaps for each component.

Columns go by their own headings. Texts that are written like `1.234.567` are read where they can mean only one number;
whatever can mean two is refused, at its cell. A row of totals is taken for one only where it is the sum of rows above.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue, Location, Severity
from domain.money import MINOR_DIGITS
from incentives.parallel_run import OldLine

NAMES = ("payee", "component", "currency", "amount")
FIGURES = ("kpi", "target", "attainment", "step")  # kpi:recovered; beside them `score`
MOST_ROWS_ABOVE = 40  # the header

_TOTAL = re.compile(r"(tổng|tong|cộng|cong|total|sum|grand total|subtotal|合计|总计|小计)", re.IGNORECASE)
_PLAIN = re.compile(r"-?[0-9]+")
_ONE_MARK = re.compile(r"-?[0-9]+([.,])([0-9]+)")
_GROUPS = re.compile(r"-?[0-9]{1,3}(?:([.,'\s\u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*(?:(?!\1)([.,])([0-9]+))?")
_CURRENCY = re.compile(r"(?i)\s*(₫|đ|vnd|vnđ|cny|rmb|¥|元)$")

Mark = Literal["", ".", ","]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the spreadsheet is laid out: headings by what they hold (`payee`, `amount`, `kpi:recovered` …), the mark
    before decimals where texts do not say it, the sheet and row of the header where they are not found by themselves,
    and the currency where no column states it."""

    columns: Mapping[str, str]
    decimal_mark: Mark = ""
    sheet: str = ""
    header_row: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class OldResult:
    """The rows, the sum by currency, and what was read as a row of totals."""

    lines: tuple[OldLine, ...] = ()
    notes: tuple[Issue, ...] = ()

    @property
    def totals(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.lines:
            found[line.currency] += line.amount
        return dict(sorted(found.items()))


def read_old_result(
    document: Document, layout: Layout, faults: Iterable[Issue] = ()
) -> tuple[OldResult, tuple[Issue, ...]]:
    """The rows, or everything that is wrong, each at its cell.

    `faults` are what cells of the file have (joined ones, errors, computed digits): those above the header, or in
    columns that are not read, do not matter.
    """
    reader = _Reader(document, layout)
    reader.read(tuple(faults))
    return (OldResult() if reader.issues else reader.found), tuple(
        sorted(reader.issues, key=lambda each: each.location)
    )


def number_of(text: str, mark: Mark = "") -> Decimal | str:
    """The number that the text means, or why it cannot be told.

    >>> number_of("1.234.567"), number_of("1,234,567.5"), number_of("(1 234 567 đ)"), number_of("12,5", ",")
    (Decimal('1234567'), Decimal('1234567.5'), Decimal('-1234567'), Decimal('12.5'))
    >>> number_of("1.234")
    'means 1234 to some and 1.234 to others'
    """
    bare = _CURRENCY.sub("", text.strip())
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{_CURRENCY.sub('', bare[1:-1].strip())}"
    if _PLAIN.fullmatch(bare):
        return Decimal(bare)
    found = _grouped(bare.removesuffix("%").strip(), mark)
    return found.scaleb(-2) if bare.endswith("%") and isinstance(found, Decimal) else found


def _grouped(text: str, mark: Mark) -> Decimal | str:
    """A number with a mark before its decimals, between its groups, or both."""
    one = _ONE_MARK.fullmatch(text)
    if one and mark:
        if one[1] == mark:
            return Decimal(text.replace(mark, "."))
        return (
            Decimal(text.replace(one[1], ""))
            if _GROUPS.fullmatch(text)
            else f"is no number with {mark!r} before decimals"
        )
    if one and len(one[2]) != 3:
        return Decimal(text.replace(one[1], "."))
    if one:
        return f"means {text.replace(one[1], '')} to some and {text.replace(one[1], '.')} to others"
    groups = _GROUPS.fullmatch(text)
    if groups is None or (mark and groups[1] == mark):
        return "is no number" if _PLAIN.fullmatch(text) is None else Decimal(text)
    if mark and groups[2] not in {None, mark}:
        return f"is no number with {mark!r} before decimals"
    whole, decimals = (text.rpartition(groups[2])[::2]) if groups[2] else (text, "")
    digits = re.sub(r"[^0-9-]", "", whole)
    return Decimal(f"{digits}.{decimals}" if decimals else digits)


@dataclass(slots=True)
class _Reader:
    document: Document
    layout: Layout
    found: OldResult = field(default_factory=OldResult)
    issues: list[Issue] = field(default_factory=list)
    sheet: int = 0
    at: dict[str, int] = field(default_factory=dict)

    def read(self, faults: Sequence[Issue]) -> None:
        if not self.names() or (rows := self.rows()) is None:
            return
        head = self.header(rows)
        if head is None:
            return
        self.issues += self.relevant(faults, head)
        lines: list[OldLine] = []
        notes: list[Issue] = []
        for number, cells in enumerate(rows[head + 1 :], start=head + 1):
            if any(_text(cell) for cell in cells):
                self.row(number, cells, lines, notes)
        self.doubles(lines)
        if not lines and not self.issues:
            self.report(
                "PAR010", head, 0, "no row of a payee follows the header", "State --header-row, or another --sheet"
            )
        self.found = OldResult(tuple(lines), tuple(notes))

    def names(self) -> bool:
        """Whether what columns are said to hold is something that is compared."""
        for name in self.layout.columns:
            kind, _, what = name.partition(":")
            if name not in (*NAMES, "score") and not (kind in FIGURES and what):
                known = (*NAMES, "score", *(f"{each}:NAME" for each in FIGURES))
                hint = suggestion(name, known) or f"It is one of {', '.join(known)}"
                self.issues.append(Issue("PAR011", Location("--column"), f'nothing is called "{name}"', hint))
        if self.layout.currency and self.layout.currency not in MINOR_DIGITS:
            hint = suggestion(self.layout.currency, MINOR_DIGITS)
            self.issues.append(Issue("PAR015", Location("--currency"), f'unknown "{self.layout.currency}"', hint))
        return not self.issues

    def rows(self) -> list[list[Any]] | None:
        sheets = self.document.data["sheets"]
        filled = [
            index for index, each in enumerate(sheets) if any(_text(cell) for row in each["rows"] for cell in row)
        ]
        named = [index for index in filled if sheets[index]["name"] == self.layout.sheet]
        chosen = named if self.layout.sheet else filled
        if len(chosen) != 1:
            names = ", ".join(f'"{sheets[index]["name"]}"' for index in filled) or "none"
            message = (
                f'no sheet "{self.layout.sheet}"' if self.layout.sheet else "one sheet is read, and none is stated"
            )
            hint = f"State --sheet; there are {names}"
            self.issues.append(Issue("PAR010", Location(self.document.path), message, hint))
            return None
        self.sheet = chosen[0]
        rows: list[list[Any]] = sheets[self.sheet]["rows"]
        return rows

    def heading(self, name: str) -> str:
        return self.layout.columns.get(name, name)

    def header(self, rows: Sequence[Sequence[Any]]) -> int | None:
        """The row with the headings of the payee and the amount: the stated one, or the first such one."""
        wanted = {name: self.heading(name) for name in ("payee", "amount", *self.layout.columns)}
        optional = {name for name in ("component", "currency") if name not in wanted}
        candidates = [self.layout.header_row - 1] if self.layout.header_row else range(min(len(rows), MOST_ROWS_ABOVE))
        for number in candidates:
            titles = [_title(cell) for cell in rows[number]] if number < len(rows) else []
            if _title(wanted["payee"]) in titles and _title(wanted["amount"]) in titles:
                return number if self.columns(number, titles, wanted, optional) else None
        titles = [_text(cell) for cell in rows[min(candidates)]] if candidates and min(candidates) < len(rows) else []
        message = f'no row has the headings "{wanted["payee"]}" and "{wanted["amount"]}"'
        hint = 'Name them: --column payee="…" --column amount="…"'
        shown = ", ".join(title for title in titles if title)
        self.report("PAR012", min(candidates, default=0), 0, f"{message}; the first row has {shown or 'nothing'}", hint)
        return None

    def columns(self, row: int, titles: Sequence[str], wanted: Mapping[str, str], optional: Iterable[str]) -> bool:
        before = len(self.issues)
        for name, heading in (*wanted.items(), *((each, each) for each in optional)):
            places = [index for index, title in enumerate(titles) if title == _title(heading)]
            if len(places) > 1:
                self.report("PAR012", row, places[1], f'a second column "{heading}"', "Rename the one that is not read")
            elif places:
                self.at[name] = places[0]
            elif name in wanted:
                hint = suggestion(_title(heading), [title for title in titles if title])
                self.report("PAR012", row, 0, f'no column "{heading}" for {name}', hint)
        return len(self.issues) == before

    def relevant(self, faults: Iterable[Issue], head: int) -> Iterator[Issue]:
        """What is wrong with cells that are read: joined ones anywhere from the header on, others in our columns."""
        first = self.place(head, 0)
        read = {self.place(head, at).column for at in self.at.values()}
        for issue in faults:
            is_below = issue.location.sheet == first.sheet and issue.location.line >= first.line
            if is_below and (issue.code == "SHT002" or issue.location.column in read):
                yield issue

    def row(self, number: int, cells: Sequence[Any], lines: list[OldLine], notes: list[Issue]) -> None:
        texts = {name: _text(cells[at]) if at < len(cells) else "" for name, at in self.at.items()}
        if not texts["payee"] or _TOTAL.match(texts["payee"]):
            self.total(number, cells, lines, notes)
            return
        amount = self.number(number, cells, "amount")
        currency = texts.get("currency") or self.layout.currency
        if not currency:
            hint = "State --currency, or a column: --column currency=…"
            self.report("PAR015", number, self.at["amount"], "no currency is stated", hint)
        elif currency not in MINOR_DIGITS:
            hint = suggestion(currency, MINOR_DIGITS)
            self.report("PAR015", number, self.at.get("currency", 0), f'unknown currency "{currency}"', hint)
        figures = {name: self.number(number, cells, name) for name in self.at if name not in NAMES and texts[name]}
        if amount is not None:
            given = {name: value for name, value in figures.items() if value is not None}
            place = self.place(number, self.at["payee"])
            lines.append(OldLine(texts["payee"], texts.get("component", ""), currency, amount, given, place))

    def number(self, row: int, cells: Sequence[Any], name: str) -> Decimal | None:
        at = self.at[name]
        cell = cells[at] if at < len(cells) else None
        if isinstance(cell, Decimal):
            return cell
        text = _text(cell)
        if not text:
            self.report("PAR013", row, at, f"no {name}", "Write 0 where nothing was paid, or take the row out")
            return None
        found = number_of(text, self.layout.decimal_mark)
        if isinstance(found, str):
            hint = "State --decimal-mark , or .; or make a number of the cell" if "means" in found else "Write a number"
            self.report("PAR013", row, at, f'"{text}" {found}', hint)
            return None
        return found

    def total(self, number: int, cells: Sequence[Any], lines: Sequence[OldLine], notes: list[Issue]) -> None:
        """A row without a payee: text is passed over; an amount has to be a sum of rows right above it."""
        at = self.at["amount"]
        if at >= len(cells) or not _text(cells[at]):
            return
        amount = self.number(number, cells, "amount")
        if amount is None:
            return
        sums = list(_sums(lines))
        if amount in sums:
            text = f"taken for a row of totals: {canonical_decimal(amount)} is the sum of rows above"
            notes.append(Issue("PAR016", self.place(number, at), text, "", Severity.WARNING))
        else:
            whole = f"{sums[-1]:,f}" if sums else "nothing"
            message = f"a row without a payee has the amount {amount:,f}, and the rows above come to {whole}"
            hint = "Name the payee, take the row out, or find the row that is missing from the sum"
            self.report("PAR016", number, at, message, hint)

    def doubles(self, lines: Iterable[OldLine]) -> None:
        first: dict[tuple[str, str, str], OldLine] = {}
        with_all: dict[tuple[str, str], OldLine] = {}
        for line in lines:
            key = (line.payee, line.component, line.currency)
            if key in first:
                message = f"{line.payee} {line.component} stands here again; it stood at {first[key].place}"
                self.issues.append(Issue("PAR014", line.place, message, "Add them up, or map a column to component"))
            first.setdefault(key, line)
            other = with_all.setdefault((line.payee, line.currency), line)
            if (not other.component) != (not line.component):
                message = f"{line.payee} has a row with a component and one without; the other is at {other.place}"
                self.issues.append(Issue("PAR014", line.place, message, "Name the component in both, or in none"))

    def place(self, row: int, column: int) -> Location:
        return self.document.place(("sheets", self.sheet, "rows", row, column))

    def report(self, code: str, row: int, column: int, message: str, hint: str) -> None:
        self.issues.append(Issue(code, self.place(row, column), message, hint))


def _sums(lines: Sequence[OldLine]) -> Iterator[Decimal]:
    """What the last row comes to, the last two, and so on up to all."""
    whole = Decimal(0)
    for line in reversed(lines):
        whole += line.amount
        yield whole


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case Decimal():
            return canonical_decimal(cell)
    return str(cell).strip()


def _title(cell: Any) -> str:
    """A heading as it is compared: without breaks and double spaces, in small letters."""
    return " ".join(_text(cell).split()).casefold()
