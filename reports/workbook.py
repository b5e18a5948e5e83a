"""The workbook of a month-end: what the page shows, to be filtered and summed, with its checks as formulas.

A number stands as a number only where a spreadsheet keeps every digit of it (at most fifteen); a longer one is written
as text with all of its digits, so that it is never silently shortened. Equal reports give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from domain.money import MINOR_DIGITS
from domain.records import Step
from reports.batch import CHECK_TITLES, EXCEPTION_TITLES, exception_text, kind_text, tie_out_name, title_of
from reports.batch_report import (
    BatchReport,
    CheckKind,
    PayRow,
    ReviewedBatch,
    TieOut,
    TieOutRow,
    ZeroCheck,
    pay_rows,
    totals,
    zero_checks,
)
from reports.cells import HEADER_ROW, Book, Cell, Column, Formula, Money
from reports.change_words import why_changed
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.marks import state_mark
from reports.pay_changes import PayChange
from reports.pay_findings import PayException, Spread, changes, exceptions, spreads

FIRST_ROW = HEADER_ROW + 2  # of a table's content, as spreadsheets count

Row = Sequence[Cell]


def write_batch_workbook(report: BatchReport, path: Path, language: Language = Language.ENGLISH) -> None:
    """Fills `path` with the sheets Summary, Lines, Steps, Changes, By policy, Exceptions, Checks, Tie-out and Rules."""
    content = _Content(report, language, pay_rows(report), zero_checks(report), changes(report))
    with Book(path, title=title_of(report, language), label=report.book_label) as book:
        _write_summary(book, content)
        _write_lines(book, content)
        _write_steps(book, content)
        _write_changes(book, content)
        _write_policies(book, content)
        _write_exceptions(book, content)
        _write_checks(book, content)
        _write_tie_out(book, content)
        _write_rules(book, content)


@dataclass(frozen=True, slots=True)
class _Content:
    report: BatchReport
    language: Language
    rows: tuple[PayRow, ...]
    checks: tuple[ZeroCheck, ...]
    changes: tuple[PayChange, ...]

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text) if text else ""

    def currency(self, currency: str) -> str:
        return currency or self.gettext("rows")


def _write_summary(book: Book, content: _Content) -> None:
    _ = content.gettext
    columns = (
        Column(_("Department or partner"), 20, grows=True),
        Column(_("Kind"), 12, grows=True),
        Column(_("State"), 12),
        Column(_("Next"), 12, grows=True),
        Column(_("Payees"), 9, is_number=True),
        Column(_("Currency"), 10),
        Column(_("Amount"), 18, is_number=True),
        Column(_("Posted before"), 18, is_number=True),
        Column(_("To be posted"), 18, is_number=True),
        Column(_("Approved by"), 24, grows=True),
        Column(_("Batch"), 30, grows=True),
        Column(_("Content hash"), 36),
    )
    rows = list(_summary_rows(content))
    sheet = book.sheet(_("Summary"), columns, rows)
    below = HEADER_ROW + 1 + max(len(rows), 1) + 1
    for number, total in enumerate(totals(content.rows), start=below):
        money = [Money(each, total.currency) for each in (total.amount, total.posted, total.difference)]
        cells = [_("All of them"), None, None, None, total.payees, total.currency, *money]
        book.write_row(sheet, number, cells, bold=True, top=1)
    facts = below + len(totals(content.rows)) + 1
    for number, (label, value) in enumerate(_facts(content), start=facts):
        book.write_row(sheet, number, [label, value])


def _summary_rows(content: _Content) -> Iterator[Row]:
    _ = content.gettext
    for batch in content.report.batches:
        approved = "; ".join(f"{each.role}: {each.by}" for each in batch.decisions if each.kind == "approved")
        state, kind = state_mark(batch.phase, content.language).text, kind_text(batch.kind, content.language)
        due = batch.next_role or (_("publish") if batch.next_command else "")
        for total in totals(row for row in content.rows if row.batch is batch):
            money = [Money(each, total.currency) for each in (total.amount, total.posted, total.difference)]
            start: list[Cell] = [batch.scope, kind, state, due, total.payees, total.currency]
            yield [*start, *money, approved, batch.batch_id, batch.content_hash]


def _facts(content: _Content) -> Iterator[tuple[str, str]]:
    _, report = content.gettext, content.report
    yield _("Run"), report.run_id
    if report.source_run:
        yield _("Pays the results of the night"), report.source_run
    yield _("Calculation version"), report.calculation
    for waiver in report.waivers:
        texts = {"by": waiver.by, "until": waiver.until.isoformat(), "reason": waiver.reason}
        yield f"{waiver.check}, {waiver.business_date}", _("waived by %(by)s until %(until)s: %(reason)s") % texts


def _write_lines(book: Book, content: _Content) -> None:
    """Columns are referred to by letter in the checks: A department … M frozen amount."""
    _ = content.gettext
    columns = (
        Column(_("Department or partner"), 20, grows=True),
        Column(_("Kind"), 12, grows=True),
        Column(_("Batch"), 26),
        Column(_("Payee"), 12, grows=True),
        Column(_("Component"), 26, grows=True),
        Column(_("Earned in"), 11),
        Column(_("Currency"), 10),
        Column(_("Amount"), 18, is_number=True),
        Column(_("Posted before"), 18, is_number=True),
        Column(_("To be posted"), 18, is_number=True),
        Column(_("Left open"), 14, is_number=True),
        Column(_("Held"), 8),
        Column(_("Frozen amount"), 18, is_number=True),
        Column(_("Rule version"), 16),
    )
    rows = [_line_cells(row, number, content) for number, row in enumerate(content.rows, start=FIRST_ROW)]
    book.sheet(_("Lines"), columns, rows, fixed=4)


def _line_cells(row: PayRow, number: int, content: _Content) -> Row:
    batch: ReviewedBatch = row.batch
    left_open = Formula(f"=M{number}-I{number}-J{number}", row.left_open, row.currency)
    money = [Money(each, row.currency) for each in (row.amount, row.posted, row.difference)]
    kind, held = kind_text(batch.kind, content.language), content.gettext("held") if row.is_held else ""
    start = [batch.scope, kind, batch.batch_id, row.payee, row.component, row.origin_period, row.currency]
    return [*start, *money, left_open, held, Money(row.desired, row.currency), row.rule[:12]]


def _write_steps(book: Book, content: _Content) -> None:
    """Column E is the currency, I the value, M marks the step that is the amount: the checks refer to them."""
    _ = content.gettext
    columns = (
        Column(_("Department or partner"), 20, grows=True),
        Column(_("Payee"), 12, grows=True),
        Column(_("Component"), 26, grows=True),
        Column(_("Earned in"), 11),
        Column(_("Currency"), 10),
        Column(_("Number"), 9, is_number=True),
        Column(_("Step"), 16, grows=True),
        Column(_("Kind"), 12),
        Column(_("Value"), 20, is_number=True),
        Column(_("Made from"), 30, grows=True),
        Column(_("Note"), 20, grows=True),
        Column(_("Rule"), 30, grows=True),
        Column(_("Is the amount"), 12),
    )
    book.sheet(_("Steps"), columns, list(_step_rows(content)), fixed=3)


def _step_rows(content: _Content) -> Iterator[Row]:
    yes = content.gettext("yes")
    for row in content.rows:
        start = [row.batch.scope, row.payee, row.component, row.origin_period, row.currency]
        for number, step in enumerate(row.steps, start=1):
            last = number == len(row.steps)
            value = Money(step.value, row.currency) if last and step.value is not None else step.value
            yield [*start, number, *_step_cells(row.rule, step, value, content.report), yes if last else ""]


def _step_cells(rule: str, step: Step, value: Cell, report: BatchReport) -> Row:
    made_from = "; ".join(f"{report.name_of(rule, name)} {text}".strip() for name, text in step.inputs)
    return [report.name_of(rule, step.name), step.kind, value, made_from, step.note, step.line]


def _write_changes(book: Book, content: _Content) -> None:
    """Columns E currency, F last month, G this month and H difference: the checks refer to them."""
    _ = content.gettext
    columns = (
        Column(_("Department or partner"), 20, grows=True),
        Column(_("Payee"), 12, grows=True),
        Column(_("Component"), 26, grows=True),
        Column(_("What"), 12, grows=True),
        Column(_("Currency"), 10),
        Column(_("Last month"), 18, is_number=True),
        Column(_("This month"), 18, is_number=True),
        Column(_("Difference"), 18, is_number=True),
        Column(_("Posted before"), 18, is_number=True),
        Column(_("Why"), 60, grows=True),
    )
    posted = {(row.payee, row.component, row.currency): row.posted for row in content.rows}
    rows = [
        _change_cells(change, posted.get((change.payee, change.component, change.currency)), number, content)
        for number, change in enumerate(content.changes, start=FIRST_ROW)
    ]
    book.sheet(_("Changes"), columns, rows, fixed=3)


def _change_cells(change: PayChange, posted: Decimal | None, number: int, content: _Content) -> Row:
    """What was posted for this month before is no part of the difference: it says that the batch corrects it."""
    formats, currency = Formats(content.language), change.currency
    before, now = (None if each is None else Money(each, currency) for each in (change.before, change.now))
    difference = Formula(f"=N(G{number})-N(F{number})", change.difference, currency)
    what = content.gettext(_WHAT[change.before is None, change.now is None])
    start = [change.scope, change.payee, change.component, what, currency, before, now, difference]
    return [*start, Money(posted or Decimal(0), currency), why_changed(change, formats)]


_WHAT = {
    (False, False): message("both months"),
    (True, False): message("new this month"),
    (False, True): message("no longer paid"),
}


def _write_policies(book: Book, content: _Content) -> None:
    _ = content.gettext
    columns = (
        Column(_("Policy"), 26, grows=True),
        Column(_("Currency"), 10),
        Column(_("Payees"), 9, is_number=True),
        Column(_("Amount"), 18, is_number=True),
        Column(_("Least"), 18, is_number=True),
        Column(_("Lower quarter"), 18, is_number=True),
        Column(_("Median"), 18, is_number=True),
        Column(_("Upper quarter"), 18, is_number=True),
        Column(_("Most"), 18, is_number=True),
    )
    rows = [_policy_cells(spread) for spread in spreads(content.report)]
    book.sheet(_("By policy"), columns, rows)


def _policy_cells(spread: Spread) -> Row:
    amounts = (spread.total, spread.least, spread.low, spread.median, spread.high, spread.most)
    return [spread.policy, spread.currency, spread.payees, *(Money(each, spread.currency) for each in amounts)]


def _write_exceptions(book: Book, content: _Content) -> None:
    """Who is not paid now, who stands out, who reached a cap, from whom something is taken."""
    _ = content.gettext
    columns = (
        Column(_("What"), 18, grows=True),
        Column(_("Payee"), 12, grows=True),
        Column(_("Component"), 20, grows=True),
        Column(_("Department or partner"), 20, grows=True),
        Column(_("Code"), 20, grows=True),
        Column(_("Currency"), 10),
        Column(_("Amount"), 18, is_number=True),
        Column(_("Why"), 50, grows=True),
    )
    rows = [_exception_cells(each, content) for each in exceptions(content.report)]
    book.sheet(_("Exceptions"), columns, rows)


def _exception_cells(found: PayException, content: _Content) -> Row:
    _ = content.gettext
    amount = None if found.amount is None else Money(found.amount, found.currency)
    why = exception_text(found, Formats(content.language)) if found.fences else found.text
    start = [_(EXCEPTION_TITLES[found.kind]), found.payee, found.component or _("everything"), found.scope]
    return [*start, found.code, found.currency, amount, why]


def _write_checks(book: Book, content: _Content) -> None:
    _ = content.gettext
    columns = (
        Column(_("Check"), 50, grows=True),
        Column(_("Currency"), 10),
        Column(_("By formula"), 18, is_number=True),
        Column(_("By recoup"), 18, is_number=True),
        Column(_("Outcome"), 14),
    )
    rows = [_check_cells(check, number, content) for number, check in enumerate(content.checks, start=FIRST_ROW)]
    book.sheet(_("Checks"), columns, rows)


def _check_cells(check: ZeroCheck, number: int, content: _Content) -> Row:
    _ = content.gettext
    zero, not_zero = _("zero"), _("not zero")
    outcome = Formula(f'=IF(AND(C{number}=0,D{number}=0),"{zero}","{not_zero}")', zero if check.holds else not_zero)
    sum_by_formula = Formula(_sum_formula(check, content), check.found, check.currency)
    currency = content.currency(check.currency)
    return [_(CHECK_TITLES[check.kind]), currency, sum_by_formula, Money(check.found, check.currency), outcome]


def _sum_formula(check: ZeroCheck, content: _Content) -> str:
    """The sum as a spreadsheet computes it, rounded two digits below the minor unit: its numbers are binary."""
    lines, steps = _Sheet(content.gettext("Lines"), len(content.rows)), _steps_sheet(content)
    of, digits = f'"{content.currency(check.currency)}"', MINOR_DIGITS.get(check.currency, 0) + 2
    ours = f"({lines.column('G')}={of})"
    match check.kind:
        case CheckKind.TOTALS:
            summary = _Sheet(content.gettext("Summary"), len(list(_summary_rows(content))))
            parts = f"SUMIFS({summary.column('I')},{summary.column('F')},{of})"
            inner = f"{parts}-SUMIFS({lines.column('J')},{lines.column('G')},{of})"
        case CheckKind.FROZEN:
            inner = f"SUMPRODUCT({ours}*ABS({lines.column('H')}-{lines.column('M')}))"
        case CheckKind.POSTING:
            inner = f'SUMPRODUCT({ours}*({lines.column("L")}="")*ABS({lines.column("K")}))'
        case CheckKind.STEPS:
            amounts = (
                f'SUMIFS({steps.column("I")},{steps.column("E")},{of},{steps.column("M")},"{content.gettext("yes")}")'
            )
            inner = f"ABS(SUMIFS({lines.column('H')},{lines.column('G')},{of})-{amounts})"
        case CheckKind.CHANGES:
            changed = _Sheet(content.gettext("Changes"), len(content.changes))
            before, now, difference = (f"SUMIFS({changed.column(at)},{changed.column('E')},{of})" for at in "FGH")
            amounts = f"SUMIFS({lines.column('H')},{lines.column('G')},{of})"
            inner = f"ABS({now}-{before}-{difference})+ABS({amounts}-{now})"
        case CheckKind.TIE_OUT:
            chain = _Sheet(content.gettext("Tie-out"), sum(len(each.steps) for each in content.report.tie_outs))
            inner = f"SUMIFS({chain.column('F')},{chain.column('B')},{of})"
    return f"=ROUND({inner},{digits})"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A table as formulas refer to it."""

    name: str
    rows: int

    def column(self, letter: str) -> str:
        last = FIRST_ROW + max(self.rows, 1) - 1
        return f"'{self.name}'!${letter}${FIRST_ROW}:${letter}${last}"


def _steps_sheet(content: _Content) -> _Sheet:
    return _Sheet(content.gettext("Steps"), sum(len(row.steps) for row in content.rows))


def _write_tie_out(book: Book, content: _Content) -> None:
    """Columns B currency, C total, D difference, E explained, F unexplained: the checks refer to them."""
    _ = content.gettext
    columns = (
        Column(_("Step"), 34, grows=True),
        Column(_("Currency"), 10),
        Column(_("Total"), 20, is_number=True),
        Column(_("Difference"), 20, is_number=True),
        Column(_("Explained"), 20, is_number=True),
        Column(_("Unexplained"), 16, is_number=True),
        Column(_("Reason"), 60, grows=True),
    )
    book.sheet(_("Tie-out"), columns, list(_tie_out_rows(content)))


def _tie_out_rows(content: _Content) -> Iterator[Row]:
    number = FIRST_ROW
    for chain in content.report.tie_outs:
        for row in chain.rows:
            yield _tie_out_cells(chain, row, number, content)
            number += 1


def _tie_out_cells(chain: TieOut, row: TieOutRow, number: int, content: _Content) -> Row:
    digits = MINOR_DIGITS.get(chain.currency, 0) + 2
    formats = Formats(content.language)
    difference: Cell = content.gettext("starts")
    unexplained: Cell = Money(Decimal(0), chain.currency)
    if row.difference is not None:
        difference = Formula(f"=ROUND(C{number}-C{number - 1},{digits})", row.difference, chain.currency)
        unexplained = Formula(f"=ROUND(ABS(D{number}-E{number}),{digits})", abs(row.unexplained), chain.currency)
    total, explained = (Money(each, chain.currency) for each in (row.step.total, row.explained))
    why = "; ".join(f"{text}: {formats.amount(amount, chain.currency)}" for text, amount in row.step.reasons)
    name = tie_out_name(row.step.name, content.language)
    return [name, content.currency(chain.currency), total, difference, explained, unexplained, why]


def _write_rules(book: Book, content: _Content) -> None:
    _ = content.gettext
    columns = (
        Column(_("Rule"), 24, grows=True),
        Column(_("Kind"), 12),
        Column(_("Valid from"), 12),
        Column(_("Version"), 30),
        Column(_("Proposed by"), 20, grows=True),
        Column(_("Signed by"), 20, grows=True),
    )
    rows = [
        [
            rule.id,
            rule.kind.value,
            rule.valid_from.isoformat(),
            rule.digest,
            rule.proposer,
            rule.signer or _("not signed"),
        ]
        for rule in sorted(content.report.rules, key=lambda rule: (rule.kind, rule.id, rule.valid_from))
    ]
    book.sheet(_("Rules"), columns, rows)
