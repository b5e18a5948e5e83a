"""What other bonus policies would have cost in months that are past: the same records are printed, written as JSON, and
made into the page and the workbook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from domain.ids import RunId
from domain.rule_changes import RuleChange
from incentives.pay_compared import PayCompared
from reports.rule_effects import AsIf, MonthWithout


@dataclass(frozen=True, slots=True)
class SimulatedMonth:
    """A month, and the official night whose figures both books read."""

    period: str
    night: date
    run: RunId
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Simulation:
    """`as_if` names policies that begin, or end, after the months, and were taken as if before; `not_measured_again`
    the changed rules that act before pay; `without_budget` departments and currencies; `broken` what keeps the new
    policies from passing what was asked of them."""

    old: str
    new: str
    changes: tuple[RuleChange, ...]
    as_if: tuple[AsIf, ...]
    not_measured_again: tuple[str, ...]
    months: tuple[SimulatedMonth, ...]
    without: tuple[MonthWithout, ...]
    pay: PayCompared
    without_budget: tuple[tuple[str, str], ...]
    broken: tuple[str, ...]
    book_label: str = ""
