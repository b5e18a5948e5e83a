"""The page on which HR reviews a batch, or all batches of a month-end, before approving."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.records import Step
from domain.rules import RuleVersion
from reports.batch_report import (
    BatchReport,
    CheckKind,
    HeldPayee,
    PayeeWithoutPolicy,
    PayRow,
    ReviewDecision,
    ReviewedBatch,
    Total,
    ZeroCheck,
    pay_rows,
    totals,
    zero_checks,
)
from reports.change_words import why_changed
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.marks import Mark, state_mark
from reports.pages import render
from reports.pay_changes import PayChange
from reports.pay_findings import (
    Bin,
    ExceptionKind,
    MonthTotal,
    PayException,
    Spread,
    bins,
    changes,
    exceptions,
    month_on_month,
    spreads,
)

CHECK_TITLES: Mapping[CheckKind, str] = {
    CheckKind.TOTALS: message("What will be posted in all, less what each batch will post"),
    CheckKind.FROZEN: message("Calculated amounts less the amounts that were frozen"),
    CheckKind.POSTING: message("Amounts less what was posted before, less what will be posted"),
    CheckKind.STEPS: message("Amounts less the last step of their explanation"),
    CheckKind.CHANGES: message("This month less last month, less the sum of what changed"),
    CheckKind.TIE_OUT: message("Differences without a reason, from payments to pay"),
}

EXCEPTION_TITLES: Mapping[ExceptionKind, str] = {
    ExceptionKind.HELD: message("held"),
    ExceptionKind.WITHOUT_POLICY: message("without a policy"),
    ExceptionKind.OUTLIER: message("stands out"),
    ExceptionKind.CAPPED: message("capped"),
    ExceptionKind.TAKEN_BACK: message("taken back"),
    ExceptionKind.UNEXPLAINED: message("changed without a reason"),
    ExceptionKind.OWED: message("owed, and deducted nowhere"),
}

TIE_OUT_STEPS = frozenset(
    {
        message("Payments without waivers"),
        message("Credited to an owner"),
        message("KPI “recovered” of employees"),
        message("KPI “recovered” of partners"),
        message("Payout lines"),
        message("To be posted by the batches"),
        message("Posted in the ledger"),
        message("In the payroll files"),
        message("In the journals"),
        message("Paid, by the return files"),
    }
)

_KINDS: Mapping[str, str] = {"bonus": message("Bonus"), "fee": message("Partner fee")}

_NAMING = frozenset({"policy", "input"})  # kinds of steps whose inputs name things and versions


def batch_page(report: BatchReport, language: Language = Language.ENGLISH) -> str:
    """The page: sums first, then who is not paid, then every line with its explanation, the checks and the rules."""
    return render("batch.html.j2", language, report=report, page=_page(report, language), book_label=report.book_label)


def title_of(report: BatchReport, language: Language) -> str:
    """What stands on top of the page and of the workbook."""
    words, period = words_of(language), Formats(language).period(report.period)
    if len(report.batches) != 1:
        return words.gettext("Month-end %(period)s") % {"period": period}
    batch = report.batches[0]
    named = {"kind": kind_text(batch.kind, language), "scope": batch.scope, "period": period}
    return words.gettext("%(kind)s of %(scope)s, %(period)s") % named


def kind_text(kind: str, language: Language) -> str:
    """What a kind of batch is called; an unknown word stands as it is."""
    return words_of(language).gettext(_KINDS[kind]) if kind in _KINDS else kind


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    checks_mark: Mark
    checks_headline: str
    checks_detail: str
    totals: tuple[Total, ...]
    sections: tuple[_Section, ...]
    held: tuple[HeldPayee, ...]
    without_policy: tuple[PayeeWithoutPolicy, ...]
    checks: tuple[_Check, ...]
    rules: tuple[RuleVersion, ...]
    spreads: tuple[Spread, ...]
    bins: tuple[Bin, ...]
    exceptions: tuple[_Exception, ...]
    months: tuple[MonthTotal, ...]
    changes: tuple[tuple[PayChange, str, str], ...]
    step_names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Exception:
    """Somebody to look at; `anchor` is the line that explains it, empty where there is none."""

    payee: str
    title: str
    component: str
    why: str
    amount: str
    anchor: str


@dataclass(frozen=True, slots=True)
class _Check:
    title: str
    currency: str
    found: Decimal
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Section:
    """One batch; `chain` are the roles in order, each with who approved in it."""

    batch: ReviewedBatch
    anchor: str
    kind: str
    mark: Mark
    chain: tuple[tuple[str, str], ...]
    decisions: tuple[tuple[Mark, ReviewDecision], ...]
    rows: tuple[_Line, ...]
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    anchor: str
    pay: PayRow
    steps: tuple[_Step, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step as it is read; `exact` is its value to the last digit where `value` is shortened."""

    name: str
    kind: str
    value: str
    exact: str
    made_from: str
    note: str
    line: str


def _page(report: BatchReport, language: Language) -> _Page:
    rows, checks = pay_rows(report), zero_checks(report)
    mark, headline, detail = _headline(checks, language)
    sections = tuple(
        _section(report, batch, rows, number, language) for number, batch in enumerate(report.batches, start=1)
    )
    anchors = {(line.pay.payee, line.pay.component): line.anchor for section in sections for line in section.rows}
    return _Page(
        title_of(report, language),
        mark,
        headline,
        detail,
        totals(rows),
        sections,
        tuple(sorted(report.held, key=lambda held: (held.scope, held.payee, held.component))),
        tuple(sorted(report.without_policy, key=lambda payee: (payee.payee, payee.text))),
        tuple(_check(check, language) for check in checks),
        tuple(sorted(report.rules, key=lambda rule: (rule.kind, rule.id, rule.valid_from))),
        spreads(report),
        bins(report),
        tuple(
            _exception(each, anchors, language)
            for each in exceptions(report)
            if each.kind not in {ExceptionKind.HELD, ExceptionKind.WITHOUT_POLICY}
        ),
        month_on_month(report),
        tuple(
            (each, why_changed(each, Formats(language)), anchors.get((each.payee, each.component), ""))
            for each in changes(report)
            if each.difference
        ),
        {step.name: tie_out_name(step.name, language) for chain in report.tie_outs for step in chain.steps},
    )


def tie_out_name(name: str, language: Language) -> str:
    """A step of the tie-out in the language; one that is not known here stands as it is."""
    return words_of(language).gettext(name) if name in TIE_OUT_STEPS else name


def exception_text(found: PayException, formats: Formats) -> str:
    """Why somebody is to be looked at: the reason of the calculation, or the numbers that decided."""
    gettext = words_of(formats.language).gettext
    if found.fences is not None:
        low, high = (formats.measured(fence, found.currency) for fence in found.fences)
        values = {"policy": found.code, "low": low, "high": high}
        return gettext("%(policy)s: expected between %(low)s and %(high)s") % values
    return "; ".join(part for part in (found.code, found.text) if part)


def _exception(found: PayException, anchors: Mapping[tuple[str, str], str], language: Language) -> _Exception:
    formats = Formats(language)
    return _Exception(
        found.payee,
        words_of(language).gettext(EXCEPTION_TITLES[found.kind]),
        found.component,
        exception_text(found, formats),
        "" if found.amount is None else formats.money(found.amount, found.currency),
        anchors.get((found.payee, found.component), ""),
    )


def _headline(checks: tuple[ZeroCheck, ...], language: Language) -> tuple[Mark, str, str]:
    """A report in which nothing was summed has shown nothing, and does not say that all is well."""
    words, broken = words_of(language), [check for check in checks if not check.holds]
    if not checks:
        return Mark("?", "", "open"), words.gettext("Nothing to check: there are no lines"), ""
    if not broken:
        detail = words.gettext("Every amount is explained, frozen and about to be posted as calculated.")
        return Mark("✓", "", "good"), words.gettext("All sums agree"), detail
    headline = words.ngettext("%(num)s sum does not agree", "%(num)s sums do not agree", len(broken))
    detail = words.gettext("Do not approve before this is explained; see “Sums that must be zero” below.")
    return Mark("✕", "", "bad"), headline % {"num": len(broken)}, detail


def _check(check: ZeroCheck, language: Language) -> _Check:
    gettext = words_of(language).gettext
    mark = Mark("✓", gettext("zero"), "good") if check.holds else Mark("✕", gettext("not zero"), "bad")
    return _Check(gettext(CHECK_TITLES[check.kind]), check.currency, check.found, mark)


def _section(
    report: BatchReport, batch: ReviewedBatch, rows: Iterable[PayRow], number: int, language: Language
) -> _Section:
    mine = tuple(row for row in rows if row.batch is batch)
    return _Section(
        batch,
        f"batch-{number}",
        kind_text(batch.kind, language),
        state_mark(batch.phase, language),
        tuple(_approvals(batch)),
        tuple((state_mark(decision.kind, language), decision) for decision in batch.decisions),
        tuple(
            _Line(
                f"batch-{number}-{place}", row, tuple(_step(report, row, step, Formats(language)) for step in row.steps)
            )
            for place, row in enumerate(mine, start=1)
        ),
        totals(mine),
    )


def _approvals(batch: ReviewedBatch) -> Iterator[tuple[str, str]]:
    """Approvals count up the chain, in order."""
    approvers = [decision.by for decision in batch.decisions if decision.kind == "approved"]
    for number, role in enumerate(batch.chain):
        yield role, approvers[number] if number < len(approvers) else ""


def _step(report: BatchReport, row: PayRow, step: Step, formats: Formats) -> _Step:
    exact = formats.count(step.value) if step.value is not None else ""
    shown = formats.number(step.value) if step.value is not None else "–"
    named = ((report.name_of(row.rule, name), _input(text, step, formats)) for name, text in step.inputs)
    made_from, name = "; ".join(f"{name} {text}".strip() for name, text in named), report.name_of(row.rule, step.name)
    return _Step(name, step.kind, shown, "" if exact == shown else exact, made_from, step.note, step.line)


def _input(text: str, step: Step, formats: Formats) -> str:
    """Numbers are stored as canonical text; days stand as they are, and so do versions, which may be all digits."""
    is_number = step.kind not in _NAMING and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text)
    return formats.number(Decimal(text)) if is_number else text
