"""How far a KPI with a target is from what is due of it, for a department and for everybody who is scored by it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from domain.money import CONTEXT
from reports.formats import Formats
from reports.kpi_tables import KpiLabel


@dataclass(frozen=True, slots=True)
class Gap:
    """A KPI with a target in a department: `due` is what of the month's target is due by now, None where people have
    different ones. `people` are everybody scored by it: employee, value, and what is due of them."""

    department: str
    kpi: str
    currency: str
    target: Decimal | None
    due: Decimal | None
    people: tuple[tuple[str, Decimal | None, Decimal | None], ...]

    def among(self, employees: Collection[str]) -> Gap:
        """The same of these people alone."""
        mine = tuple(each for each in self.people if each[0] in employees)
        return Gap(self.department, self.kpi, self.currency, self.target, self.due, mine)

    def people_short(self, label: KpiLabel, formats: Formats) -> str:
        """How many of those with a figure and a target are below what is due of themselves."""
        known = [(value, due) for _, value, due in self.people if value is not None and due is not None]
        short = sum(is_worse(value, due, label) for value, due in known)
        return f"{formats.count(short)} / {formats.count(len(known))}"


def share_reached(value: Decimal | None, due: Decimal | None, label: KpiLabel) -> Decimal | None:
    """Figure ÷ what is due, or 2 − figure ÷ due where lower is better; None of nothing."""
    if value is None or not due:
        return None
    share = CONTEXT.divide(value, due)
    return share if label.higher_is_better else CONTEXT.subtract(Decimal(2), share)


def is_worse(value: Decimal, due: Decimal, label: KpiLabel) -> bool:
    return value < due if label.higher_is_better else value > due
