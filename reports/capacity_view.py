"""How the plan of capacity is worded: its sections, weeks, intervals, people and money in one language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from allocation.capacity.demand import Work
from allocation.capacity.plan import CapacityPlan, DepartmentWeek
from domain.money import MINOR_DIGITS, Rounding, round_to
from reports.capacity_facts import CapacityFacts
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.plots import Lines
from reports.sections import Heading, Name, Number, Row, Section, Shape, Value


@dataclass(frozen=True, slots=True)
class View:
    """A plan for readers of a language."""

    facts: CapacityFacts
    language: Language

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    @property
    def plan(self) -> CapacityPlan:
        return self.facts.plan

    def section(
        self,
        name: str,
        title: str,
        rule: str,
        columns: Iterable[str | Heading],
        rows: tuple[Row, ...],
        plots: tuple[Lines, ...] = (),
        *,
        is_folded: bool = False,
    ) -> Section:
        """With the week after the first column."""
        first, *rest = map(heading, columns)
        headings = (replace(first, is_number=False), words(self.gettext("Week")), *rest)
        shown = tuple(plot for plot in plots if len(plot.lines[0].points) > 1)
        return Section(name, title, rule, headings, rows, self.gettext("Nothing."), shown, is_folded=is_folded)

    def plain(
        self, name: str, title: str, rule: str, columns: Iterable[str | Heading], rows: tuple[Row, ...], empty: str
    ) -> Section:
        first, *rest = map(heading, columns)
        return Section(name, title, rule, (replace(first, is_number=False), *rest), rows, empty)

    def week(self, week: int) -> str:
        return f"{week}: {self.plan.starts[week - 1]}"

    def ahead(self, steps: int) -> str:
        return self.gettext("{weeks} ahead").format(weeks=steps)

    def interval(self, low: Decimal, high: Decimal, digits: int = 1) -> str:
        return " – ".join(
            self.formats.count(round_to(each, 0, Rounding.HALF_EVEN)) if digits == 0 else self.formats.short(each)
            for each in (low, high)
        )

    def money(self, amount: Decimal | None) -> Number:
        currency = self.plan.currency
        if amount is None:
            return Number(None, Shape.MONEY, currency)
        digits = MINOR_DIGITS.get(currency, 2)
        return Number(round_to(amount, digits, Rounding.HALF_EVEN), Shape.MONEY if currency else Shape.COUNT, currency)


def heading(title: str | Heading) -> Heading:
    return title if isinstance(title, Heading) else Heading(title)


def words(title: str) -> Heading:
    return Heading(title, is_number=False)


def named(work: Work) -> Value:
    return Name(text_of(work))


def text_of(work: Work) -> str:
    return " · ".join([*work.departments, work.jurisdiction, *work.skills])


def total(rows: Iterable[DepartmentWeek], value: Callable[[DepartmentWeek], Decimal]) -> Decimal:
    return sum((value(row) for row in rows), Decimal(0))


def headcount(number: Decimal | None, tone: str = "") -> Number:
    return Number(number, Shape.NUMBER, tone=tone)


def whole(number: Decimal | None) -> Number:
    return Number(None if number is None else round_to(number, 0, Rounding.HALF_EVEN))
