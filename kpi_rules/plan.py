"""The plan of a night's KPIs: one scan per source of rows, with every grain and every measure in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import MONEY_SUM, ExactSelect, count_distinct, count_rows, exact, total
from domain.expressions import to_sql
from domain.records import Grain
from domain.tables import Kind, Type
from kpi_rules.credits import first_payment_day
from kpi_rules.datasets import CURRENCY, GRAIN_COLUMNS, MADE_OF
from kpi_rules.figures import Figure, Measure, Source, columns_for, figures_with_currency, in_order
from kpi_rules.language import Aggregation
from kpi_rules.rulebook import KpiRules

MASK = "grouping_mask"

_SUM_TYPES: Mapping[Type, sa.types.TypeEngine[Any]] = {
    Type.MONEY: MONEY_SUM,
    Type.COUNT: sa.BigInteger(),
    Type.RATE: sa.Numeric(38, 10),
    Type.DEGREES: sa.Numeric(38, 6),
}


@dataclass(frozen=True, slots=True)
class Scan:
    """One statement; `reads` are the views that the session provides for it, `sets` what its rows are grouped by."""

    name: str
    statement: ExactSelect
    reads: frozenset[str]
    sets: tuple[GroupingSet, ...]
    dimensions: tuple[str, ...]
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True, order=True)
class GroupingSet:
    grain: Grain
    by_currency: bool

    @property
    def columns(self) -> frozenset[str]:
        entity = {GRAIN_COLUMNS[self.grain]} if self.grain in GRAIN_COLUMNS else set()
        return frozenset(entity | ({CURRENCY} if self.by_currency else set()))


@dataclass(frozen=True, slots=True)
class KpiPlan:
    """What will be computed, by which statements.

    `figures` come after those that they are made of; those in `halted` read a table that the gate has stopped, or are
    made of one that does. `first_days` says per event table from which day on the session gives rows, what the credit
    statement looks back to included.
    """

    rules: KpiRules
    start: date
    as_of: date
    figures: tuple[Figure, ...]
    with_currency: frozenset[str]
    halted: frozenset[str]
    statements: tuple[Scan, ...]
    first_days: Mapping[str, date]


def plan_kpis(rules: KpiRules, *, start: date, as_of: date, halted: frozenset[str] = frozenset()) -> KpiPlan:
    """The plan for the rules in force on `as_of`, from `start` up to and including it, without what `halted` stops."""
    in_force = rules.on(as_of)
    figures = {figure.id: figure for figure in in_force.figures}
    with_currency = figures_with_currency(figures)
    ordered = tuple(in_order(figures))
    stopped = _stopped(ordered, with_currency, halted)
    uses = _uses(figure for figure in ordered if figure.id not in stopped)
    scans = tuple(_scan(source, uses[source], with_currency, start, as_of) for source in sorted(uses, key=str))
    first_days = _first_days(uses, start, as_of, {"payments": first_payment_day(rules, start=start, as_of=as_of)})
    return KpiPlan(in_force, start, as_of, ordered, with_currency, stopped, scans, first_days)


def measure_column(index: int) -> str:
    """The name in the rows of a scan of its measure with that number."""
    return f"m{index}"


def views_read_by(figure: Figure, *, by_currency: bool) -> frozenset[str]:
    """The views that the measures of the figure read, at all its grains."""
    return frozenset().union(
        *(
            measure.source.rows.views_of(columns_for(measure, figure.rule.grains, by_currency=by_currency))
            for measure in figure.measures
        )
    )


def _stopped(figures: Iterable[Figure], with_currency: frozenset[str], halted: frozenset[str]) -> frozenset[str]:
    stopped: set[str] = set()
    for figure in figures:
        views = views_read_by(figure, by_currency=figure.id in with_currency)
        tables = views.union(*(MADE_OF.get(view, frozenset()) for view in views))
        if tables & halted or figure.operands & stopped:
            stopped.add(figure.id)
    return frozenset(stopped)


Uses = Mapping[Source, list[tuple[Figure, Measure]]]


def _uses(figures: Iterable[Figure]) -> Uses:
    uses: dict[Source, list[tuple[Figure, Measure]]] = defaultdict(list)
    for figure in figures:
        for measure in figure.measures:
            uses[measure.source].append((figure, measure))
    return uses


def _scan(
    source: Source, uses: list[tuple[Figure, Measure]], with_currency: frozenset[str], start: date, as_of: date
) -> Scan:
    dataset = source.rows
    splits = [(figure, measure, figure.id in with_currency and dataset.has_currency) for figure, measure in uses]
    columns = frozenset().union(*(columns_for(measure, figure.rule.grains, by_currency=split)
                                  for figure, measure, split in splits))  # fmt: skip
    sets = tuple(sorted({GroupingSet(grain, split) for figure, _, split in splits for grain in figure.rule.grains}))
    dimensions = tuple(sorted(frozenset().union(*(each.columns for each in sets))))
    measures = tuple(dict.fromkeys(measure for _, measure in uses))
    rows = dataset.select(columns).subquery("counted_rows")
    dates = {"start": source.first_day(start, as_of), "as_of": as_of, **dict(source.parameters)}
    statement = exact(_aggregate(rows, sets, dimensions, measures).params(dates))
    return Scan(str(source), statement, dataset.views_of(columns), sets, dimensions, measures)


def _aggregate(
    rows: sa.Subquery, sets: tuple[GroupingSet, ...], dimensions: tuple[str, ...], measures: tuple[Measure, ...]
) -> sa.Select[Any]:
    """One pass over the rows: every measure for every grouping set, in a total order."""
    keys = [rows.c[name] for name in dimensions]
    mask = sa.func.grouping(*keys) if keys else sa.literal(0)
    values = [_value(measure, rows).label(measure_column(index)) for index, measure in enumerate(measures)]
    statement = sa.select(mask.label(MASK), *keys, *values)
    if not keys:
        return statement
    grouped = [sa.tuple_(*(rows.c[name] for name in dimensions if name in each.columns)) for each in sets]
    order = [key.asc().nulls_first() for key in keys]
    return statement.group_by(sa.func.grouping_sets(*grouped)).order_by(sa.literal_column(MASK), *order)


def _value(measure: Measure, rows: sa.Subquery) -> sa.ColumnElement[Any]:
    conditions = [to_sql(measure.where, dict(rows.c))] if measure.where else []
    if measure.member:
        conditions.append(rows.c[measure.member[0]] == measure.member[1])
    if measure.of is None:
        return count_rows(_all(conditions))
    column = rows.c[measure.of]
    kind = _SUM_TYPES.get(measure.source.rows.fields[measure.of].column.type, sa.BigInteger())
    match measure.aggregation:
        case Aggregation.COUNT:
            return count_rows(_all([*conditions, column.is_not(None)]))
        case Aggregation.COUNT_DISTINCT:
            return count_distinct(column, _all(conditions))
        case Aggregation.MIN | Aggregation.MAX:
            extreme = sa.func.min if measure.aggregation is Aggregation.MIN else sa.func.max
            return sa.cast(extreme(sa.case((sa.and_(sa.true(), *conditions), column))), kind)
    return total(column, _all(conditions), as_type=kind)


def _all(conditions: list[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool] | None:
    return sa.and_(*conditions) if conditions else None


def _first_days(uses: Uses, start: date, as_of: date, known: Mapping[str, date]) -> Mapping[str, date]:
    """The earliest day that any source counts from or looks back to, per landed event table."""
    days = dict(known)
    for source in uses:
        first = source.first_day(start, as_of)
        for table in CATALOGUE.keys() & (source.rows.reads | source.rows.look_back_days.keys()):
            day = first - timedelta(days=source.rows.look_back_days.get(table, 0))
            if CATALOGUE[table].kind is not Kind.STATE:
                days[table] = min(day, days.get(table, day))
    return dict(sorted(days.items()))
