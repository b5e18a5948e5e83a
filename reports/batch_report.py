"""A batch, or all batches of a month-end, as HR reviews them: records, sums, and the sums that must be zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import pairwise

from domain.ids import BatchId, Digest, RunId
from domain.manifest import Waiver
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.rules import RuleVersion
from reports.pay_changes import pay_changes


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What the page and the workbook show; `book_label` says that the book is a demo, and stands on every page.

    `batches` may be one or all of the period; `held` and `without_policy` are those of the same scopes, `before` what
    the month before paid. Money is in major units throughout. `names` are the titles of columns in the reader's
    language, by the version of the rule, where it has any.
    """

    period: Period
    run_id: RunId
    calculation: Digest
    batches: tuple[ReviewedBatch, ...]
    held: tuple[HeldPayee, ...] = ()
    without_policy: tuple[PayeeWithoutPolicy, ...] = ()
    rules: tuple[RuleVersion, ...] = ()
    tie_outs: tuple[TieOut, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    debts: tuple[DebtToDecide, ...] = ()
    source_run: RunId | None = None
    before: tuple[PayoutLine, ...] = ()
    book_label: str = ""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def name_of(self, rule: str, column: str) -> str:
        """What a column of the rule is called: by its title, or else by its name."""
        return self.names.get(rule, {}).get(column, column)


@dataclass(frozen=True, slots=True)
class ReviewedBatch:
    """One batch as it was frozen, and where its review stands.

    `lines` are what the run calculated for the scope, `differences` what was frozen with the batch: that they agree is
    checked here. `phase` and the kinds of `decisions` are the words of the store; `next_role` is empty where nobody
    approves next.
    """

    batch_id: BatchId
    kind: str
    scope: str
    content_hash: Digest
    phase: str
    prepared_by: str
    chain: tuple[str, ...]
    decisions: tuple[ReviewDecision, ...]
    next_role: str
    lines: tuple[PayoutLine, ...]
    differences: tuple[Difference, ...]

    @property
    def next_command(self) -> str:
        """What somebody types next; empty where nothing is due."""
        if self.next_role:
            return f"recoup approve {self.batch_id} --by NAME --role {self.next_role}"
        return f"recoup publish {self.batch_id}" if self.phase == "approved" else ""


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    kind: str
    by: str
    role: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key of the ledger: what it should come to, what was posted when the batch was frozen, what will be posted."""

    payee: str
    component: str
    origin_period: str
    currency: str
    desired: Decimal
    posted: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class HeldPayee:
    """Who is not paid a component now (an empty component: anything), and why."""

    payee: str
    component: str
    scope: str
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class DebtToDecide:
    """What somebody owes and no department deducts now; `told` is the message, which begins with its code."""

    payee: str
    scope: str
    amount: Decimal
    currency: str
    told: str


@dataclass(frozen=True, slots=True)
class PayeeWithoutPolicy:
    payee: str
    text: str


@dataclass(frozen=True, slots=True)
class TieOutStep:
    """A total on the way from payments to pay, and why it differs from the one before it: each reason with its part of
    the difference, which together are the whole of it.

    A step that `starts` is no part of the one before: pay is earned by recoveries, not cut from them.
    """

    name: str
    total: Decimal
    reasons: tuple[tuple[str, Decimal], ...] = ()
    starts: bool = False


@dataclass(frozen=True, slots=True)
class TieOut:
    """The chain of totals in one currency; an empty currency counts rows."""

    currency: str
    steps: tuple[TieOutStep, ...]

    @property
    def rows(self) -> tuple[TieOutRow, ...]:
        first = [TieOutRow(step, None) for step in self.steps[:1]]
        later = [TieOutRow(step, None if step.starts else step.total - before.total) for before, step in self._pairs()]
        return (*first, *later)

    def _pairs(self) -> Iterator[tuple[TieOutStep, TieOutStep]]:
        return pairwise(self.steps)


@dataclass(frozen=True, slots=True)
class TieOutRow:
    """A step and its total less the total before it; None where a chain starts."""

    step: TieOutStep
    difference: Decimal | None

    @property
    def explained(self) -> Decimal:
        return sum((amount for _, amount in self.step.reasons), Decimal(0))

    @property
    def unexplained(self) -> Decimal:
        """The part of the difference that no reason covers; it must be zero."""
        return Decimal(0) if self.difference is None else self.difference - self.explained


@dataclass(frozen=True, slots=True)
class PayRow:
    """One key of a batch: calculated, frozen, posted before, to be posted; and the steps that explain it.

    `amount` is zero and `steps` are empty where something posted before is no longer due. `is_held` keeps what was
    posted as it is.
    """

    batch: ReviewedBatch
    payee: str
    component: str
    origin_period: str
    currency: str
    amount: Decimal
    desired: Decimal
    posted: Decimal
    difference: Decimal
    is_held: bool
    rule: str
    steps: tuple[Step, ...]

    @property
    def left_open(self) -> Decimal:
        """What is neither posted nor about to be; zero unless the payee is held."""
        return self.desired - self.posted - self.difference


def pay_rows(report: BatchReport) -> tuple[PayRow, ...]:
    """The rows of all batches, in order of batch, payee, component, period and currency."""
    held = frozenset((each.payee, each.component) for each in report.held)
    return tuple(row for batch in report.batches for row in _rows_of_batch(batch, held))


_Key = tuple[str, str, str, str]


def _rows_of_batch(batch: ReviewedBatch, held: frozenset[tuple[str, str]]) -> Iterator[PayRow]:
    lines = {(line.payee, line.component, line.origin_period, line.currency): line for line in batch.lines}
    frozen = {(each.payee, each.component, each.origin_period, each.currency): each for each in batch.differences}
    for key in sorted(lines.keys() | frozen.keys()):
        yield _row(batch, key, lines.get(key), frozen.get(key), held)


def _row(
    batch: ReviewedBatch,
    key: _Key,
    line: PayoutLine | None,
    frozen: Difference | None,
    held: frozenset[tuple[str, str]],
) -> PayRow:
    nothing = Decimal(0)
    return PayRow(
        batch,
        *key,
        amount=line.amount if line else nothing,
        desired=frozen.desired if frozen else nothing,
        posted=frozen.posted if frozen else nothing,
        difference=frozen.difference if frozen else nothing,
        is_held=not held.isdisjoint({key[:2], (key[0], "")}),
        rule=line.rule if line else "",
        steps=line.steps if line else (),
    )


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over the rows of one batch or of all, in one currency."""

    currency: str
    payees: int
    amount: Decimal
    posted: Decimal
    difference: Decimal


def totals(rows: Iterable[PayRow]) -> tuple[Total, ...]:
    """One total per currency, in their order; a sum across currencies does not exist."""
    by_currency: dict[str, list[PayRow]] = defaultdict(list)
    for row in rows:
        by_currency[row.currency].append(row)
    return tuple(_total(currency, by_currency[currency]) for currency in sorted(by_currency))


def _total(currency: str, rows: list[PayRow]) -> Total:
    with localcontext(CONTEXT):
        return Total(
            currency,
            len({row.payee for row in rows}),
            sum((row.amount for row in rows), Decimal(0)),
            sum((row.posted for row in rows), Decimal(0)),
            sum((row.difference for row in rows), Decimal(0)),
        )


class CheckKind(StrEnum):
    """Sums that must be zero."""

    TOTALS = "totals"
    FROZEN = "frozen"
    POSTING = "posting"
    STEPS = "steps"
    CHANGES = "changes"
    TIE_OUT = "tie_out"


@dataclass(frozen=True, slots=True)
class ZeroCheck:
    """One such sum in one currency, and what it is."""

    kind: CheckKind
    currency: str
    found: Decimal

    @property
    def holds(self) -> bool:
        return self.found == 0


def zero_checks(report: BatchReport) -> tuple[ZeroCheck, ...]:
    """Every sum of the report that must be zero, by kind and currency.

    Deviations are added up as absolute values, so that two of them cannot cancel out.
    """
    rows = pay_rows(report)
    with localcontext(CONTEXT):
        found = [
            *((CheckKind.TOTALS, total.currency, _missing(total, report, rows)) for total in totals(rows)),
            *((CheckKind.FROZEN, row.currency, row.amount - row.desired) for row in rows),
            *((CheckKind.POSTING, row.currency, Decimal(0) if row.is_held else row.left_open) for row in rows),
            *((CheckKind.STEPS, row.currency, row.amount - explained(row)) for row in rows),
            *((CheckKind.CHANGES, currency, deviation) for currency, deviation in _of_changes(report)),
            *((CheckKind.TIE_OUT, chain.currency, _unexplained(chain)) for chain in report.tie_outs),
        ]
        sums: dict[tuple[CheckKind, str], Decimal] = defaultdict(Decimal)
        for kind, currency, deviation in found:
            sums[kind, currency] += abs(deviation)
    order = {kind: number for number, kind in enumerate(CheckKind)}
    keys = sorted(sums, key=lambda key: (order[key[0]], key[1]))
    return tuple(ZeroCheck(kind, currency, sums[kind, currency]) for kind, currency in keys)


def _missing(total: Total, report: BatchReport, rows: tuple[PayRow, ...]) -> Decimal:
    """The total over everything less the totals batch by batch."""
    of_batches = (each for batch in report.batches for each in totals(row for row in rows if row.batch is batch))
    return total.difference - sum(
        (each.difference for each in of_batches if each.currency == total.currency), Decimal(0)
    )


def _of_changes(report: BatchReport) -> Iterator[tuple[str, Decimal]]:
    """By currency: this month less last month, less the sum of what changed; nothing without a last month."""
    if not report.before:
        return
    lines = [line for batch in report.batches for line in batch.lines]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for change in pay_changes(report.before, lines):
        sums[change.currency] -= change.difference
    for sign, month in ((-1, report.before), (1, lines)):
        for line in month:
            sums[line.currency] += sign * line.amount
    yield from sums.items()


def explained(row: PayRow) -> Decimal:
    """What the explanation comes to: the value of its last step."""
    return (row.steps[-1].value if row.steps else None) or Decimal(0)


def _unexplained(chain: TieOut) -> Decimal:
    return sum((abs(row.unexplained) for row in chain.rows), Decimal(0))
