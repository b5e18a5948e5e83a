"""What other policies would have paid in months that are measured: month after month, by both books.

Nothing is measured again: both books read the same figures, so that they differ by the policies alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext

from domain.collector import no_collection
from domain.money import CONTEXT
from domain.periods import Period
from domain.staff import Employee, WorkingDays
from incentives.book import PolicyBook
from incentives.calculate import Calculation, calculate, carried_columns
from incentives.house import Earlier
from incentives.measures import Measure, Measures
from incentives.pay_compared import Comparison, NotMeasured, PayCompared

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


def simulate(
    months: Iterable[Month],
    old: PolicyBook,
    new: PolicyBook,
    *,
    published: Mapping[Period, Carried] | None = None,
    changes: Sequence[Decimal] = CHANGES,
) -> PayCompared:
    """What both books would have paid in the months, side by side, and the new one if everybody did better or worse.

    Each book carries its own columns over from month to month (year to date, draws, what was kept back); `published`
    has those of months that are not simulated. `changes` are factors of scores, attainments and money: counts and other
    ratios stay as they were measured, because more complaints are no better performance.
    Raises: ValueError unless the months come in their order.
    """
    before, after = _Running(old, dict(published or {})), _Running(new, dict(published or {}))
    varied = [(change, _Running(new, dict(published or {}))) for change in changes]
    found = Comparison()
    for month in months:
        if found.periods and str(month.period) <= found.periods[-1]:
            raise ValueError(f"{month.period} comes after {found.periods[-1]}: columns are carried over in order")
        with no_collection(), localcontext(CONTEXT):
            paid = before.paid(month)
            other = after.paid_alike(month, before, paid) or after.paid(month)
            found.add_month(month.period, paid, other, month.budgets, month.recovered)
            found.add_unmeasured(not_measured(month, new))
            for change, running in varied:
                found.add_change(change, other, running.paid(replace(month, measures=scaled(month.measures, change))))
    with localcontext(CONTEXT):
        return found.compared()


@dataclass(slots=True)
class _Running:
    """A book that is paid by month after month; `carried` are the columns of the months so far."""

    policies: PolicyBook
    carried: dict[Period, Carried]
    ago: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        sources = (source for ready in self.policies.policies for source in ready.policy.inputs.values())
        self.ago = tuple(sorted({source.months_ago or 1 for source in sources if source.carried is not None}))

    def paid(self, month: Month) -> Calculation:
        found = calculate(
            self.policies,
            month.payees,
            month.measures,
            period=month.period,
            working_days=month.working_days,
            earlier=self._earlier(month.period),
            traced=False,
        )
        self._carry(month.period, found)
        return found

    def paid_alike(self, month: Month, other: _Running, found: Calculation) -> Calculation | None:
        """What the other book paid, if this one cannot differ: the same versions, and nothing carried over."""
        books = (self.policies.during(month.period), other.policies.during(month.period))
        if books[0].versions() != books[1].versions() or self.ago:
            return None
        return found

    def _earlier(self, period: Period) -> Earlier:
        before = {ago: self.carried.get(_months_before(period, ago), {}) for ago in self.ago}
        return {(ago, *key): columns for ago, found in before.items() for key, columns in found.items()}

    def _carry(self, period: Period, found: Calculation) -> None:
        if self.ago:
            self.carried[period] = carried_columns(found.rows)


def _months_before(period: Period, months: int) -> Period:
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
