"""What other policies would have paid in months that are measured: month after month, by both books.

Nothing is measured again: both books read the same figures, so that they differ by the policies alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from functools import partial
from itertools import pairwise

from domain.collector import no_collection
from domain.money import CONTEXT
from domain.periods import Period
from domain.staff import Employee, WorkingDays
from incentives.book import PolicyBook
from incentives.calculate import Calculation, calculate, carried_columns
from incentives.house import Earlier
from incentives.measures import Measure, Measures
from incentives.pay_compared import Comparison, NotMeasured, Paid, PayCompared

# By payee and component, the sums of the columns of one period.
Carried = Mapping[tuple[str, str], Mapping[str, Decimal]]

# How much better or worse everybody might perform.
CHANGES = (Decimal("0.9"), Decimal("1.1"))


@dataclass(frozen=True, slots=True)
class Month:
    """What a month is paid by; budgets by department and currency, what was recovered by currency.

    `measured` names the figures that the night has measured, as inputs refer to them; None means whatever is asked.
    """

    period: Period
    payees: Sequence[Employee]
    measures: Measures
    working_days: WorkingDays
    budgets: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    recovered: Mapping[str, Decimal] = field(default_factory=dict)
    measured: Collection[str] | None = None


# One book's months; and how the books are worked through: one by one, or side by side.
Piece = Callable[[], dict[Period, Paid]]
Work = Callable[[Sequence[Piece]], list[dict[Period, Paid]]]


def one_by_one(pieces: Sequence[Piece]) -> list[dict[Period, Paid]]:
    return [piece() for piece in pieces]


def simulate(
    months: Sequence[Month],
    old: PolicyBook,
    new: PolicyBook,
    *,
    published: Mapping[Period, Carried] | None = None,
    changes: Sequence[Decimal] = CHANGES,
    work: Work = one_by_one,
) -> PayCompared:
    """What both books would have paid in the months, side by side, and the new one if everybody did better or worse.

    Each book carries its own columns over from month to month (year to date, draws, what was kept back); `published`
    has those of months that are not simulated. `changes` are factors of scores, attainments and money: counts and other
    ratios stay as they were measured, because more complaints are no better performance. `work` does the books, which
    know nothing of each other.
    Raises: ValueError unless the months come in their order.
    """
    _refuse_disorder(months)
    carried = published or {}
    equal = _equal_months(months, old, new)
    before, after, *varied = work(
        [
            partial(_paid, months, _Running(old, dict(carried))),
            partial(_paid, months, _Running(new, dict(carried)), left_out=equal),
            *(partial(_paid, months, _Running(new, dict(carried)), change) for change in changes),
        ]
    )
    found = Comparison()
    with no_collection(), localcontext(CONTEXT):
        for month in months:
            one = before[month.period]
            other = after.get(month.period, one)
            found.add_month(month.period, one, other, month.budgets, month.recovered)
            found.add_unmeasured(not_measured(month, new))
            for change, paid in zip(changes, varied, strict=True):
                found.add_change(change, other, paid[month.period])
        return found.compared()


def _refuse_disorder(months: Sequence[Month]) -> None:
    for one, other in pairwise(months):
        if one.period >= other.period:
            raise ValueError(f"{other.period} comes after {one.period}: columns are carried over in order")


def _equal_months(months: Sequence[Month], old: PolicyBook, new: PolicyBook) -> frozenset[Period]:
    """Months in which the books cannot differ: the same versions, and nothing carried over."""
    periods = (month.period for month in months)
    alike = (period for period in periods if old.during(period).versions() == new.during(period).versions())
    return frozenset() if new.most_months_carried() else frozenset(alike)


def _paid(
    months: Sequence[Month],
    running: _Running,
    change: Decimal = Decimal(1),
    left_out: Collection[Period] = (),
) -> dict[Period, Paid]:
    """Every month by one book that is not left out, if everybody did `change` times as well."""
    with no_collection(), localcontext(CONTEXT):
        return {month.period: running.paid(month, change) for month in months if month.period not in left_out}


@dataclass(slots=True)
class _Running:
    """A book that is paid by month after month; `carried` are the columns of the months so far."""

    policies: PolicyBook
    carried: dict[Period, Carried]
    ago: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        sources = (source for ready in self.policies.policies for source in ready.policy.inputs.values())
        self.ago = tuple(sorted({source.months_ago or 1 for source in sources if source.carried is not None}))

    def paid(self, month: Month, change: Decimal) -> Paid:
        found = calculate(
            self.policies,
            month.payees,
            month.measures if change == 1 else scaled(month.measures, change),
            period=month.period,
            working_days=month.working_days,
            earlier=self._earlier(month.period),
            traced=False,
        )
        self._carry(month.period, found)
        return Paid.of(found)

    def _earlier(self, period: Period) -> Earlier:
        before = {ago: self.carried.get(months_before(period, ago), {}) for ago in self.ago}
        return {(ago, *key): columns for ago, found in before.items() for key, columns in found.items()}

    def _carry(self, period: Period, found: Calculation) -> None:
        if self.ago:
            self.carried[period] = carried_columns(found.rows)


def months_before(period: Period, months: int) -> Period:
    for _ in range(months):
        period = period.previous()
    return period


def scaled(measures: Measures, change: Decimal) -> Measures:
    """The figures if everybody had done so many times as well: scores, attainments and money, nothing else."""
    return {
        key: _times(measure, change) if _is_scaled(key[2], measure) else measure for key, measure in measures.items()
    }


def _is_scaled(name: str, measure: Measure) -> bool:
    return measure.value is not None and (bool(measure.currency) or not name.startswith("kpi:"))


def _times(measure: Measure, change: Decimal) -> Measure:
    value = CONTEXT.multiply(measure.value or Decimal(0), change)
    return Measure(measure.state, value, measure.rule, measure.currency)


def not_measured(month: Month, policies: PolicyBook) -> Iterator[NotMeasured]:
    """What a policy of the month reads and the month has not measured: it must not be taken for nothing."""
    if month.measured is None:
        return
    for ready in policies.during(month.period).policies:
        for source in ready.policy.inputs.values():
            is_measured = source.kpi is None and source.scorecard is None
            if not is_measured and source.reference not in month.measured:
                missing = source.missing.value
                yield NotMeasured(str(month.period), source.reference, ready.policy.id, missing)
