"""What the core packages hand to one another: measured values, scores, verdicts and payout lines, as frozen records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.ids import Digest


class Grain(StrEnum):
    """Whose figure it is; `posting` is what an employee did in one department, of those who moved in the period."""

    EMPLOYEE = "employee"
    POSTING = "posting"
    TEAM = "team"
    DEPARTMENT = "department"
    PARTNER = "partner"
    BRANCH = "branch"
    SEGMENT = "segment"
    PORTFOLIO = "portfolio"


def posting_name(employee: str, department: str) -> str:
    """The entity of the grain `posting`."""
    return f"{employee}@{department}"


class ValueState(StrEnum):
    """Whether a figure has a value; a zero denominator is *no value*, never zero."""

    VALUE = "value"
    NO_VALUE = "no value"
    HALTED = "no value: halted"


class Unit(StrEnum):
    MONEY = "money"
    COUNT = "count"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class KpiResult:
    """One KPI of one entity from `start` up to and including `as_of`, by one version of its rule.

    `numerator` and `denominator` are the exact sums behind a ratio (both None for other types, unless halted);
    money is in major units of `currency`, which is empty for counts and ratios.
    """

    kpi: str
    rule: Digest
    grain: Grain
    entity: str
    start: date
    as_of: date
    unit: Unit
    state: ValueState
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ScorePart:
    """A row of a scorecard: the KPI's value, its target, the attainment, the points of the curve, times the weight."""

    kpi: str
    value: Decimal | None
    target: Decimal | None
    attainment: Decimal | None
    points: Decimal | None
    weight: Decimal
    contribution: Decimal | None
    note: str = ""

    @property
    def is_gate(self) -> bool:
        """A gate weighs nothing; its contribution is what it takes away."""
        return not self.weight


@dataclass(frozen=True, slots=True)
class Score:
    scorecard: str
    rule: Digest
    grain: Grain
    entity: str
    start: date
    as_of: date
    state: ValueState
    score: Decimal | None
    parts: tuple[ScorePart, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One column of a calculation: the value after the step, what it was made from, and the rule line that made it."""

    name: str
    kind: str
    value: Decimal | None
    inputs: tuple[tuple[str, str], ...]
    line: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """What one payee gets for one component of one origin period; `amount` is in major units, and payable exactly."""

    payee: str
    component: str
    origin_period: str
    currency: str
    amount: Decimal
    scope: str  # the department or partner whose batch it belongs to
    rule: Digest
    steps: tuple[Step, ...]


class Outcome(StrEnum):
    """Of a check, and of a table: the worst of its checks."""

    PASS = "pass"  # noqa: S105 - an outcome, no password
    NOT_YET_KNOWN = "not yet known"  # a baseline with too little history: shown as a warning, never as a pass
    WARN = "warn"
    WAIVED = "waived"  # it would halt, and a named person decided to go on
    HALT = "halt"

    @property
    def rank(self) -> int:
        return list(Outcome).index(self)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of them; no outcome at all is a halt, because a gate that evaluated nothing fails closed."""
    return max(outcomes, key=lambda outcome: outcome.rank, default=Outcome.HALT)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of one table: what was found and expected, how many rows it looked at, and how many failed."""

    table: str
    check: str
    layer: str  # "contract", "suite" or "control"
    outcome: Outcome
    rows: int
    failed: int
    found: str
    expected: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """landed = accepted + quarantined + duplicate, by rows, and by the sum of the table's money column per currency."""

    landed: int
    accepted: int
    quarantined: int
    duplicate: int
    money: tuple[tuple[str, Decimal, Decimal, Decimal, Decimal], ...] = ()  # currency, and the same four sums

    @property
    def tie_out(self) -> bool:
        rows = self.landed == self.accepted + self.quarantined + self.duplicate
        return rows and all(landed == accepted + bad + double for _, landed, accepted, bad, double in self.money)


@dataclass(frozen=True, slots=True)
class TableVerdict:
    table: str
    outcome: Outcome
    totals: ControlTotals
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one night."""

    business_date: date
    tables: tuple[TableVerdict, ...]

    @property
    def outcome(self) -> Outcome:
        return worst(table.outcome for table in self.tables)

    @property
    def halted(self) -> frozenset[str]:
        return frozenset(table.table for table in self.tables if table.outcome is Outcome.HALT)
