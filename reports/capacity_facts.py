"""What the report of a plan of capacity is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from allocation.capacity.backtest import BackTest
from allocation.capacity.demand import Handling
from allocation.capacity.hours import TenHours
from allocation.capacity.money import HourCost
from allocation.capacity.moves import Move, Proposal
from allocation.capacity.plan import CapacityPlan, Roll
from allocation.capacity.rates import RateRow
from allocation.capacity.supply import Leaving


class Gap(StrEnum):
    """What a plan could not know, by the codes of docs/codes.md."""

    NO_WEEKS = "CAP020"
    FEW_WEEKS = "CAP021"
    MISSING_NIGHTS = "CAP022"
    NO_STAFFING = "CAP023"
    NEVER_LEFT = "CAP024"
    NO_CALENDAR = "CAP025"
    NO_HANDLING = "CAP026"
    NO_COST = "CAP027"
    NO_BUDGET = "CAP028"
    NOT_SOLVED = "CAP029"


@dataclass(frozen=True, slots=True)
class Notice:
    gap: Gap
    what: str = ""


@dataclass(frozen=True, slots=True)
class HourCosted:
    """What an hour of a department costs at the beginning of the plan."""

    department: str
    cost: HourCost


@dataclass(frozen=True, slots=True)
class CapacityFacts:
    """`digest` names nights, rules, date and weeks: the same make the same plan. `people` are the proposals by name,
    empty where they were not asked for."""

    digest: str
    runs: tuple[str, ...]
    strategy: str
    lookback_weeks: int
    weeks_seen: int
    productive_share: Decimal
    plan: CapacityPlan
    rolls: tuple[Roll, ...]
    handling: tuple[Handling, ...]
    leaving: tuple[Leaving, ...]
    working_days: tuple[tuple[str, tuple[int, ...]], ...]
    hour_costs: tuple[HourCosted, ...]
    hours: tuple[TenHours, ...]
    proposals: tuple[Proposal, ...]
    people: tuple[Move, ...]
    rates: tuple[RateRow, ...]
    back_tests: tuple[BackTest, ...]
    notices: tuple[Notice, ...]
    book_label: str = ""

    @property
    def as_of(self) -> date:
        return self.plan.as_of
