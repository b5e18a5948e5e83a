"""What the calculation of a period is given beside the payees: the same for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.periods import Period
from domain.records import Grain
from domain.staff import Employee, Share, Span, WorkingDays, share_of_period
from incentives.book import PolicyBook
from incentives.first_paid import Calculated, FirstPaid, PaidGroups
from incentives.measures import Measures, halted_among
from incentives.policies import Policy
from incentives.steps import Prorate

# How many periods ago, the payee, and the component without its department, to the columns of the lines then published.
Earlier = Mapping[tuple[int, str, str], Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True)
class House:
    """The policies of the period, the figures that they read, the calendar, what earlier periods carry over, and those
    who were settled together as they were first paid.

    Of the figures: those that are halted, the postings that have some, and what all of them are called. `cuts` are the
    days inside the period on which a policy starts or ends.
    """

    policies: PolicyBook
    measures: Measures
    period: Period
    working_days: WorkingDays
    earlier: Earlier
    first_paid: FirstPaid
    halted: frozenset[str]
    postings: frozenset[str]
    named: frozenset[str]
    cuts: tuple[date, ...]
    traced: bool
    opened: frozenset[int] = frozenset()  # how many periods ago what is carried over came in by the opening import

    @classmethod
    def of(
        cls,
        policies: PolicyBook,
        measures: Measures,
        period: Period,
        working_days: WorkingDays,
        earlier: Earlier,
        first_paid: FirstPaid,
        *,
        traced: bool,
        opened: frozenset[int] = frozenset(),
    ) -> House:
        during = policies.during(period)
        return cls(
            during,
            measures,
            period,
            working_days,
            earlier,
            first_paid,
            halted_among(measures),
            postings=frozenset(entity for grain, entity, _ in measures if grain is Grain.POSTING),
            named=frozenset(name for _, _, name in measures),
            cuts=_cuts(during, period),
            traced=traced,
            opened=opened,
        )

    def period_before(self, months: int) -> Period:
        period = self.period
        for _ in range(months):
            period = period.previous()
        return period

    def months_between(self, ago: int) -> frozenset[int]:
        """The calendar months after the one so many periods ago, up to and including this one."""
        return frozenset(self.period_before(months).month for months in range(ago))

    def paid_by(self, policy: Policy) -> PaidGroups:
        return self.first_paid.get(Calculated.by(policy), {}) if self.first_paid else {}

    def share(self, payee: Employee, spans: tuple[Span, ...], step: Prorate) -> Share | None:
        """The days of a prorate step, or None where the calendar is needed and has no working day."""
        return share_of_period(
            payee,
            spans,
            self.period,
            self.working_days.get(payee.jurisdiction),
            by=step.by,
            employment_share=step.employment_share,
            without_leave=step.without_leave,
        )


def _cuts(policies: PolicyBook, period: Period) -> tuple[date, ...]:
    dates = {day for ready in policies.policies for day in (ready.policy.valid_from, ready.policy.valid_to)}
    return tuple(sorted(day for day in dates if day is not None and day in period))
