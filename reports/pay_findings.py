"""What HR looks at first in a month's pay: by policy, how it is spread, who stands out, what changed.

An amount stands out if it lies further outside the middle half of those who are paid by the same policy than one and a
half times the width of that half (Tukey's fences), among at least eight payees; the page says so beside the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum

from domain.money import CONTEXT
from domain.records import PayoutLine
from reports.batch_report import BatchReport, PayRow, pay_rows
from reports.pay_changes import PayChange, pay_changes

FEWEST = 8  # payees of a policy below which nobody stands out
REACH = Decimal("1.5")  # widths of the middle half
BINS = 8


@dataclass(frozen=True, slots=True)
class Spread:
    """How the amounts of one policy and currency lie; `low` and `high` are the ends of the middle half."""

    policy: str
    currency: str
    payees: int
    total: Decimal
    least: Decimal
    low: Decimal
    median: Decimal
    high: Decimal
    most: Decimal

    @property
    def fences(self) -> tuple[Decimal, Decimal] | None:
        """Below and above which an amount stands out; None where too few are paid to say so."""
        if self.payees < FEWEST:
            return None
        reach = (self.high - self.low) * REACH
        return self.low - reach, self.high + reach


@dataclass(frozen=True, slots=True)
class Bin:
    """How many are paid from `start` up to, not including, `end`, in one currency."""

    currency: str
    start: Decimal
    end: Decimal
    payees: int
    share: Decimal  # of the fullest bin


class ExceptionKind(StrEnum):
    HELD = "held"
    WITHOUT_POLICY = "without_policy"
    OUTLIER = "outlier"
    CAPPED = "capped"
    TAKEN_BACK = "taken_back"
    UNEXPLAINED = "unexplained"
    OWED = "owed"


@dataclass(frozen=True, slots=True)
class PayException:
    """Somebody to look at: why, in the words of the calculation or by the numbers that decided."""

    kind: ExceptionKind
    payee: str
    component: str
    scope: str
    code: str
    text: str
    amount: Decimal | None = None
    currency: str = ""
    fences: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """One department or partner and currency, last month and this."""

    scope: str
    currency: str
    before: Decimal
    now: Decimal

    @property
    def difference(self) -> Decimal:
        return self.now - self.before


def spreads(report: BatchReport) -> tuple[Spread, ...]:
    """By policy and currency, in their order."""
    amounts: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for line in _calculated(report):
        amounts[policy_of(line), line.currency].append(line.amount)
    return tuple(_spread(*key, sorted(amounts[key])) for key in sorted(amounts))


def bins(report: BatchReport) -> tuple[Bin, ...]:
    """The amounts of each currency in bins of one width; payees with several lines are counted once, by their sum."""
    by_payee: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in _lines(report):
        by_payee[line.currency, line.payee] += line.amount
    found: dict[str, list[Decimal]] = defaultdict(list)
    for (currency, _), amount in by_payee.items():
        found[currency].append(amount)
    return tuple(each for currency in sorted(found) for each in _bins(currency, found[currency]))


def changes(report: BatchReport) -> tuple[PayChange, ...]:
    """Every payee and component of last month or this, the largest difference first; none without a last month."""
    if not report.before:
        return ()
    found = pay_changes(report.before, _lines(report))
    return tuple(sorted(found, key=lambda each: (each.currency, -abs(each.difference), each.payee, each.component)))


def month_on_month(report: BatchReport) -> tuple[MonthTotal, ...]:
    """By department or partner and currency; none without a last month."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for place, lines in enumerate((report.before, tuple(_lines(report)))):
        for line in lines:
            sums[line.scope, line.currency][place] += line.amount
    return tuple(MonthTotal(*key, *sums[key]) for key in sorted(sums)) if report.before else ()


def exceptions(report: BatchReport) -> tuple[PayException, ...]:
    """Who is held, has no policy, stands out, reached a cap, is taken from, changed without a reason, or owes what no
    department deducts."""
    fences = {(each.policy, each.currency): each.fences for each in spreads(report)}
    found = (
        *_not_paid(report),
        *_of_lines(report, fences),
        *_taken_back(report),
        *_unexplained(report),
        *_owed(report),
    )
    order = list(ExceptionKind)
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.scope, each.payee, each.component)))


def policy_of(line: PayoutLine) -> str:
    """The policy that made the line; the last of them where its month has parts."""
    named = [dict(step.inputs).get("policy", "") for step in line.steps if step.kind == "policy"]
    return named[-1] if named else line.component.partition(":")[2] or line.component


def _lines(report: BatchReport) -> Iterator[PayoutLine]:
    for batch in report.batches:
        yield from batch.lines


def _calculated(report: BatchReport) -> Iterator[PayoutLine]:
    """Lines that a policy or contract made; what people decided beside them has a slash in its component."""
    return (line for line in _lines(report) if "/" not in line.component)


def _spread(policy: str, currency: str, amounts: Sequence[Decimal]) -> Spread:
    low, median, high = (_quantile(amounts, Decimal(share)) for share in ("0.25", "0.5", "0.75"))
    return Spread(policy, currency, len(amounts), sum(amounts, Decimal(0)), amounts[0], low, median, high, amounts[-1])


def _quantile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    """Linear between the two nearest, as spreadsheets' QUARTILE.INC has it.

    >>> _quantile([Decimal(1), Decimal(2), Decimal(3), Decimal(4)], Decimal("0.25"))
    Decimal('1.75')
    """
    with localcontext(CONTEXT):
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _bins(currency: str, amounts: list[Decimal]) -> Iterator[Bin]:
    first, last = min(*amounts, Decimal(0)), max(amounts)
    width = _round_width((last - first) / BINS) or Decimal(1)
    start = (first // width) * width
    counts = [0] * (int((last - start) / width) + 1)
    for amount in amounts:
        counts[int((amount - start) / width)] += 1
    for number, count in enumerate(counts):
        begin = start + number * width
        yield Bin(currency, begin, begin + width, count, Decimal(count) / max(counts))


def _round_width(width: Decimal) -> Decimal:
    """The next of 1, 2, 5, 10, 20 …: ends of bins that people can read.

    >>> [str(_round_width(Decimal(text))) for text in ("487500", "0.3", "1")]
    ['500000', '0.5', '1']
    """
    if width <= 0:
        return Decimal(0)
    unit = Decimal(1).scaleb(width.adjusted())
    found = next(unit * step for step in (1, 2, 5, 10) if unit * step >= width)
    return Decimal(f"{found:f}")


def _not_paid(report: BatchReport) -> Iterator[PayException]:
    for held in report.held:
        yield PayException(ExceptionKind.HELD, held.payee, held.component, held.scope, held.reason, held.text)
    for bare in report.without_policy:
        kind = ExceptionKind.WITHOUT_POLICY
        yield PayException(kind, bare.payee, "", "", kind.value, bare.text)


def _of_lines(
    report: BatchReport, fences: Mapping[tuple[str, str], tuple[Decimal, Decimal] | None]
) -> Iterator[PayException]:
    for line in _calculated(report):
        between = fences[policy_of(line), line.currency]
        place = (line.payee, line.component, line.scope, policy_of(line))
        if between is not None and not between[0] <= line.amount <= between[1]:
            yield PayException(ExceptionKind.OUTLIER, *place, "", line.amount, line.currency, between)
        capped = [step.name for step in line.steps if step.kind == "cap" and step.note == "capped"]
        if capped:
            yield PayException(ExceptionKind.CAPPED, *place, ", ".join(capped), line.amount, line.currency)


def _owed(report: BatchReport) -> Iterator[PayException]:
    for debt in report.debts:
        code, _, text = debt.told.partition(" ")
        kind = ExceptionKind.OWED
        yield PayException(kind, debt.payee, "", debt.scope, code, text, debt.amount, debt.currency)


def _taken_back(report: BatchReport) -> Iterator[PayException]:
    for row in _negative(pay_rows(report)):
        place = (row.payee, row.component, row.batch.scope, row.origin_period)
        yield PayException(ExceptionKind.TAKEN_BACK, *place, "", row.difference, row.currency)


def _negative(rows: Iterable[PayRow]) -> Iterator[PayRow]:
    return (row for row in rows if row.difference < 0)


def _unexplained(report: BatchReport) -> Iterator[PayException]:
    for change in changes(report):
        if change.is_unexplained:
            place = (change.payee, change.component, change.scope, "")
            yield PayException(ExceptionKind.UNEXPLAINED, *place, "", change.difference, change.currency)
