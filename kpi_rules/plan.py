"""The plan of a night's KPIs: few scans, each with every grain and every measure of its rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.exact import MONEY_SUM, ExactSelect, count_distinct, count_rows, exact, total
from domain.expressions import to_sql
from domain.records import Grain
from domain.tables import Kind, Type
from kpi_rules.credits import credits_read, first_payment_day
from kpi_rules.datasets import CURRENCY, GRAIN_COLUMNS, MADE_OF
from kpi_rules.figures import Figure, Measure, Source, columns_for, figures_with_currency, in_order
from kpi_rules.language import Aggregation
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import CREDITS, RECOVERY_RATES

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
        return frozenset({*GRAIN_COLUMNS[self.grain], *([CURRENCY] if self.by_currency else [])})


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
    stopped = _stopped(ordered, with_currency, credits_read(rules, as_of), halted)
    uses = _uses((figure for figure in ordered if figure.id not in stopped), with_currency)
    scans = tuple(sorted(_scans(uses, start, as_of), key=lambda scan: scan.name))
    first_days = _first_days(uses, start, as_of, {"payments": first_payment_day(rules, start=start, as_of=as_of)})
    return KpiPlan(in_force, start, as_of, ordered, with_currency, stopped, scans, first_days)


def stopped_kpis(rules: KpiRules, as_of: date, halted: frozenset[str]) -> frozenset[str]:
    """The KPIs in force that have no value because of `halted` tables; the same as a plan says."""
    figures = {figure.id: figure for figure in rules.on(as_of).figures}
    return _stopped(in_order(figures), figures_with_currency(figures), credits_read(rules, as_of), halted)


def measure_column(index: int) -> str:
    """The name in the rows of a scan of its measure with that number."""
    return f"m{index}"


def value_of(measure: Measure, rows: sa.Subquery) -> sa.ColumnElement[Any]:
    """The measure of rows that have its columns; a distinct count counts what is distinct among them."""
    conditions = conditions_of(measure, rows)
    if measure.of is None:
        return count_rows(_all(conditions))
    column = rows.c[measure.of]
    if measure.aggregation is Aggregation.COUNT:
        return count_rows(_all([*conditions, column.is_not(None)]))
    if measure.aggregation is Aggregation.COUNT_DISTINCT:
        return count_distinct(column, _all(conditions))
    kind = _SUM_TYPES[measure.source.rows.fields[measure.of].column.type]
    match measure.aggregation:
        case Aggregation.MIN | Aggregation.MAX:
            extreme = sa.func.min if measure.aggregation is Aggregation.MIN else sa.func.max
            return sa.cast(extreme(sa.case((sa.and_(sa.true(), *conditions), column))), kind)
    return total(column, _all(conditions), as_type=kind)


def conditions_of(measure: Measure, rows: sa.Subquery) -> list[sa.ColumnElement[bool]]:
    """Which of the rows the measure counts."""
    conditions = [to_sql(measure.where, dict(rows.c))] if measure.where else []
    return [*conditions, rows.c[measure.member[0]] == measure.member[1]] if measure.member else conditions


def views_read_by(figure: Figure, *, by_currency: bool) -> frozenset[str]:
    """The views that the measures of the figure read, at all its grains."""
    return frozenset().union(
        *(
            measure.source.rows.views_of(columns_for(measure, figure.grains, by_currency=by_currency))
            for measure in figure.measures
        )
    )


def _stopped(
    figures: Iterable[Figure],
    with_currency: frozenset[str],
    of_credits: frozenset[str],
    halted: frozenset[str],
) -> frozenset[str]:
    made_of = {**MADE_OF, CREDITS.name: of_credits, RECOVERY_RATES.name: of_credits}
    stopped: set[str] = set()
    for figure in figures:
        views = views_read_by(figure, by_currency=figure.id in with_currency)
        tables = views.union(*(made_of.get(view, frozenset()) for view in views))
        if tables & halted or figure.operands & stopped:
            stopped.add(figure.id)
    return frozenset(stopped)


@dataclass(frozen=True, slots=True)
class _Use:
    """A measure of a figure; `by_currency` if the figure is made of money and the rows know their currency."""

    figure: Figure
    measure: Measure
    by_currency: bool

    @property
    def columns(self) -> frozenset[str]:
        return columns_for(self.measure, self.figure.grains, by_currency=self.by_currency)

    @property
    def sets(self) -> frozenset[GroupingSet]:
        return frozenset(GroupingSet(grain, self.by_currency) for grain in self.figure.grains)


_Uses = Mapping[Source, list[_Use]]


def _uses(figures: Iterable[Figure], with_currency: frozenset[str]) -> _Uses:
    uses: dict[Source, list[_Use]] = defaultdict(list)
    for figure in figures:
        for measure in figure.measures:
            by_currency = figure.id in with_currency and measure.source.rows.has_currency
            uses[measure.source].append(_Use(figure, measure, by_currency))
    return uses


def _scans(uses: _Uses, start: date, as_of: date) -> Iterator[Scan]:
    """One scan per source for whatever adds up, and one for each distinct count, which does not."""
    for source, all_uses in uses.items():
        dates = source.bound(start, as_of)
        fused = [use for use in all_uses if use.measure.adds_up]
        if fused:
            yield _fused_scan(source, fused, dates)
        named: Counter[str] = Counter()
        for measure in dict.fromkeys(use.measure for use in all_uses if not use.measure.adds_up):
            uses_of = [use for use in all_uses if use.measure == measure]
            name = f"{source} for {uses_of[0].figure.id}"
            named[name] += 1  # a ratio may divide two distinct counts
            yield _distinct_scan(name if named[name] == 1 else f"{name} {named[name]}", measure, uses_of, dates)


def _fused_scan(source: Source, uses: list[_Use], dates: Mapping[str, Any]) -> Scan:
    """Where one measure needs the currency, all are split by it: the others are added up again when they are read."""
    by_currency = any(use.by_currency for use in uses)
    sets = {GroupingSet(grain, by_currency) for use in uses for grain in use.figure.grains}
    columns = frozenset().union(*(use.columns for use in uses))
    measures = tuple(dict.fromkeys(use.measure for use in uses))
    rows = source.rows.select(columns).subquery("counted_rows")
    values = [value_of(measure, rows) for measure in measures]
    return _scan(str(source), rows, sets, measures, values, dates, source.rows.views_of(columns))


def _distinct_scan(name: str, measure: Measure, uses: list[_Use], dates: Mapping[str, Any]) -> Scan:
    """The distinct values beside the dimensions first: far fewer rows are then counted distinctly for each grain."""
    sets = frozenset().union(*(use.sets for use in uses))
    columns = frozenset().union(*(use.columns for use in uses))
    dataset, of = measure.source.rows, str(measure.of)
    rows = dataset.select(columns).subquery("counted_rows")
    kept = sorted({of}.union(*(each.columns for each in sets)))
    met = sa.and_(sa.true(), *conditions_of(measure, rows))
    distinct = sa.select(*(rows.c[name] for name in kept)).where(met).distinct().subquery("distinct_rows")
    return _scan(name, distinct, sets, (measure,), [count_distinct(distinct.c[of])], dates, dataset.views_of(columns))


def _scan(
    name: str,
    rows: sa.Subquery,
    sets: Iterable[GroupingSet],
    measures: tuple[Measure, ...],
    values: list[sa.ColumnElement[Any]],
    dates: Mapping[str, Any],
    reads: frozenset[str],
) -> Scan:
    ordered = tuple(sorted(sets))
    dimensions = tuple(sorted(frozenset().union(*(each.columns for each in ordered))))
    statement = _aggregate(rows, ordered, dimensions, values)
    return Scan(name, exact(statement.params(dates)), reads, ordered, dimensions, measures)


def _aggregate(
    rows: sa.Subquery,
    sets: tuple[GroupingSet, ...],
    dimensions: tuple[str, ...],
    values: list[sa.ColumnElement[Any]],
) -> sa.Select[Any]:
    """One pass over the rows: every value for every grouping set, in a total order."""
    keys = [rows.c[name] for name in dimensions]
    mask = sa.func.grouping(*keys) if keys else sa.literal(0)
    named = [value.label(measure_column(index)) for index, value in enumerate(values)]
    statement = sa.select(mask.label(MASK), *keys, *named)
    if not keys:
        return statement
    grouped = [sa.tuple_(*(rows.c[name] for name in dimensions if name in each.columns)) for each in sets]
    order = [key.asc().nulls_first() for key in keys]
    return statement.group_by(sa.func.grouping_sets(*grouped)).order_by(sa.literal_column(MASK), *order)


def _all(conditions: list[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool] | None:
    return sa.and_(*conditions) if conditions else None


def _first_days(uses: _Uses, start: date, as_of: date, known: Mapping[str, date]) -> Mapping[str, date]:
    """The earliest day that any source counts from or looks back to, per landed event table."""
    days = dict(known)
    for source in uses:
        first = source.first_day(start, as_of)
        for table in CATALOGUE.keys() & (source.rows.reads | source.rows.look_back_days.keys()):
            day = first - timedelta(days=source.rows.look_back_days.get(table, 0))
            if CATALOGUE[table].kind is not Kind.STATE:
                days[table] = min(day, days.get(table, day))
    return dict(sorted(days.items()))
