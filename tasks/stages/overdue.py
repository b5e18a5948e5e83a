"""What the weekly report says of the overdue book: where it lies, what flowed, and how far departments are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from adapters.duck import Duck
from domain.periods import Period
from domain.records import Grain, KpiResult, Score
from kpi_rules.distribution import MONEY_READS, Dimension, distribution_statement
from kpi_rules.progress import accrues
from kpi_rules.rulebook import KpiRules
from reports.weekly_overdue import Overdue, Pace
from tasks.stages.gaps import gaps_of

_BY_BUCKET = "overdue_accounts_"


def overdue_now(duck: Duck, day: date, halted: frozenset[str]) -> tuple[Overdue, ...]:
    """By each dimension; nothing where a table that says it is halted."""
    if halted & MONEY_READS:
        return ()
    return tuple(each for dimension in Dimension for each in _rows(duck, dimension, day))


def _rows(duck: Duck, dimension: Dimension, day: date) -> Iterator[Overdue]:
    for row in duck.read(distribution_statement(dimension, start=Period.of(day).start, as_of=day)):
        counts = (row[name] for name in ("opening", "went", "came", "now", "worse", "better"))
        money = (row[name] or Decimal(0) for name in ("overdue_before", "overdue_now", "recovered"))
        yield Overdue(dimension.value, row["place"], row["currency"], *counts, *money)


def pace_of(scores: Iterable[Score], kpis: Iterable[KpiResult], rules: KpiRules, passed: Decimal) -> Iterator[Pace]:
    """Departments' KPIs that build up over the month and have one target there, beside what is due of it by now."""
    found = tuple(kpis)
    figures = {figure.id: figure for figure in rules.figures}
    values = {(each.kpi, each.entity, each.currency): each.value for each in found if each.grain is Grain.DEPARTMENT}
    for gap in gaps_of(scores, found, rules, passed):
        if gap.target is not None and gap.due is not None and accrues(gap.kpi, figures):
            value = values.get((gap.kpi, gap.department, gap.currency))
            yield Pace(gap.department, gap.kpi, gap.currency, value, gap.due, gap.target)


def counted_by_kpis(kpis: Iterable[KpiResult]) -> Decimal | None:
    """Overdue accounts by the KPIs of buckets; None where one of them has no value."""
    mine = [each for each in kpis if each.grain is Grain.PORTFOLIO and each.kpi.startswith(_BY_BUCKET)]
    late = [each.value for each in mine if each.kpi != f"{_BY_BUCKET}0"]
    known = [value for value in late if value is not None]
    return sum(known, Decimal(0)) if late and len(known) == len(late) else None
