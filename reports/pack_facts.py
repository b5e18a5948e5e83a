"""What the monthly review pack of a partner shows, and how its figures are found; sections are made of it beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.actions import Action, RegisterKind
from domain.partner_review import PartnerReview
from domain.partners import Partner
from domain.periods import Period
from domain.records import KpiResult
from reports.sections import Number
from reports.stored_words import said, state_said
from reports.views import About, View

Figures = Mapping[tuple[str, str], KpiResult]  # by KPI and currency


@dataclass(frozen=True, slots=True)
class MonthOf:
    """The partner's figures as of the last night of a month that measured."""

    period: Period
    as_of: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class LimitBroken:
    """Contacts of the partner that break one limit of the law, and accounts that they were about."""

    limit: str
    title: str
    is_hard: bool
    contacts: int
    accounts: int


@dataclass(frozen=True, slots=True)
class DataReturned:
    """One file that was handed to the partner, and what it answered to its lines."""

    file: str
    day: date
    kind: str
    lines: int
    accepted: int
    rejected: int

    @property
    def unanswered(self) -> int:
        return self.lines - self.accepted - self.rejected


@dataclass(frozen=True, slots=True)
class FeeOfMonth:
    """A component of the partner's pay of the month: as the night calculates it, and what the ledger has of it."""

    component: str
    currency: str
    calculated: Decimal | None
    posted: Decimal


@dataclass(frozen=True, slots=True)
class SettledLines:
    """Lines of the month's claim in one state: agreed, disputed and of which kind, waiting for whom and since when."""

    state: str
    kind: str
    currency: str
    lines: int
    amount: Decimal
    oldest_days: int | None = None
    waits_for: str = ""
    reply_by: date | None = None


@dataclass(frozen=True, slots=True)
class OddCase:
    """An integrity signal about the partner: a question, never a verdict, until somebody has confirmed it. `about` was
    stored in English, and calls the signal by the title `in_english`."""

    case: str
    title: str
    state: str
    about: str
    opened_on: date
    deadline: date
    owner: str
    closed_on: date | None
    reason: str
    is_open: bool
    in_english: str = ""


@dataclass(frozen=True, slots=True)
class PackFacts:
    """`months` are the newest last, this month's among them; `peers` the values of the other partners, nobody named.

    `review`, `settled` and `odd` are None where nothing can be said; empty where there is nothing to say.
    """

    about: About
    partner: Partner
    period: Period
    as_of: date
    months: tuple[MonthOf, ...]
    peers: Mapping[tuple[str, str], tuple[Decimal, ...]]
    actions: tuple[Action, ...]
    broken: tuple[LimitBroken, ...] | None
    files: tuple[DataReturned, ...]
    fees: tuple[FeeOfMonth, ...]
    fee_state: str
    review: PartnerReview | None
    settled: tuple[SettledLines, ...] | None
    odd: tuple[OddCase, ...] | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack(View):
    """The pack in one language."""

    facts: PackFacts

    @property
    def now(self) -> MonthOf:
        return self.facts.months[-1]

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those in which the partner has accounts or money."""
        mine = {
            currency
            for each in self.facts.months
            for (kpi, currency), result in each.figures.items()
            if currency and kpi in {"overdue_now", "recovered"} and result.value
        }
        return tuple(sorted(mine))

    def said(self, text: str, titles: Mapping[str, str] | None = None) -> str:
        """What was stored in English, in the language of the pack; KPIs by their titles."""
        return said(
            text, self.formats, {kpi: label.title for kpi, label in self.about.labels.items()} | {**(titles or {})}
        )

    def state_said(self, state: str) -> str:
        return state_said(state, self.formats)

    def result(self, kpi: str, currency: str = "", month: MonthOf | None = None) -> KpiResult | None:
        return (month or self.now).figures.get((kpi, currency))

    def value(self, kpi: str, currency: str = "", month: MonthOf | None = None) -> Decimal | None:
        found = self.result(kpi, currency, month)
        return found.value if found else None

    def number(self, kpi: str, currency: str = "", month: MonthOf | None = None) -> Number:
        found = self.result(kpi, currency, month)
        return self.like(found, found.value if found else None)

    def peer_values(self, kpi: str, currency: str = "") -> tuple[Decimal, ...]:
        return self.facts.peers.get((kpi, currency), ())

    def open_on_last_day(self, *kinds: RegisterKind) -> tuple[Action, ...]:
        """Actions about the partner that were open at the end of the day of the pack."""
        return tuple(each for each in self.facts.actions if self.was_open(each) and (not kinds or each.kind in kinds))

    def was_open(self, action: Action) -> bool:
        return action.closed_on is None or action.closed_on > self.facts.as_of

    def is_of_month(self, day: date | None) -> bool:
        return day is not None and self.facts.period.start <= day <= self.facts.as_of
