"""From the sums of the scans to KPI results: Python divides, in Decimal, and says where there is no value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from domain.collector import no_collection
from domain.expressions import evaluate
from domain.ids import Digest
from domain.money import CONTEXT
from domain.records import Grain, KpiResult, ValueState, posting_name
from domain.rules import version_digest
from kpi_rules.datasets import CURRENCY, GRAIN_COLUMNS
from kpi_rules.figures import DAYS_OF_PERIOD, Division, Figure, Formula, Measure, Part, Pieces, measures_in
from kpi_rules.language import Aggregation
from kpi_rules.plan import MASK, GroupingSet, KpiPlan, Scan, measure_column

PORTFOLIO = "portfolio"

Entity = tuple[Grain, str]


def kpi_results(
    plan: KpiPlan, rows: Mapping[str, Sequence[Mapping[str, Any]]], moved: Iterable[tuple[str, str]] = ()
) -> tuple[KpiResult, ...]:
    """The results of every figure of the plan, by KPI, grain, entity and currency.

    `rows` holds the rows of each statement by its name, `moved` each department of each employee who was posted in
    several. Every entity that occurs at a grain has a result for each figure of that grain: a count or sum over no rows
    is zero, a ratio without denominator has no value.
    Raises: KeyError if the rows of a statement are missing, TypeError if a sum is a float.
    """
    with no_collection():
        sums = _read(plan.statements, rows, frozenset(moved))
        results: dict[Key, KpiResult] = {}
        for figure in plan.figures:
            version = version_digest(figure.rule)
            for entity in sums.entities_at(figure.grains):
                for currency in _currencies(figure, plan, sums, entity):
                    result = _result(figure, version, plan, sums, results, entity, currency)
                    results[figure.id, entity, currency] = result
        return tuple(sorted(results.values(), key=_total_order))


Key = tuple[str, Entity, str]

_Numbers = dict[tuple[Entity, str], Decimal | None]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Every measured number, by measure, then by entity and currency; empty currency: over all of them."""

    numbers: dict[Measure, _Numbers] = field(default_factory=lambda: defaultdict(dict))
    entities: dict[Entity, set[str]] = field(default_factory=lambda: defaultdict(set))

    def entities_at(self, grains: tuple[Grain, ...]) -> list[Entity]:
        return [entity for entity in self.entities if entity[0] in grains]

    def currencies_of(self, entity: Entity) -> list[str]:
        """Those of the entity; where it has none, those of the whole book."""
        return sorted(self.entities[entity] or self.entities[Grain.PORTFOLIO, PORTFOLIO] or {""})

    def number(self, measure: Measure, entity: Entity, currency: str) -> Decimal | None:
        """A count or sum over no rows is zero; a minimum or maximum over none is missing."""
        found = self.numbers[measure].get((entity, currency if measure.source.rows.has_currency else ""))
        is_extreme = measure.aggregation in {Aggregation.MIN, Aggregation.MAX}
        return found if found is not None or is_extreme else Decimal(0)


def _read(
    scans: Iterable[Scan], rows: Mapping[str, Sequence[Mapping[str, Any]]], moved: frozenset[tuple[str, str]]
) -> _Sums:
    sums = _Sums()
    sums.entities[Grain.PORTFOLIO, PORTFOLIO] = set()
    for employee, department in sorted(moved):
        sums.entities[Grain.POSTING, posting_name(employee, department)] = set()
    for scan in scans:
        sets = {_mask(each, scan.dimensions): each for each in scan.sets}
        columns = [
            (measure_column(index), measure, sums.numbers[measure], measure.adds_up and not measure.is_money)
            for index, measure in enumerate(scan.measures)
        ]
        for row in rows[scan.name]:
            each = sets[row[MASK]]
            if name := _entity(each.grain, row, moved):
                _read_row(columns, row, each, (each.grain, name), sums)
    return sums


def _entity(grain: Grain, row: Mapping[str, Any], moved: frozenset[tuple[str, str]]) -> str | None:
    if grain is Grain.PORTFOLIO:
        return PORTFOLIO
    names: tuple[str, ...] = tuple(row[column] for column in GRAIN_COLUMNS[grain])
    if grain is not Grain.POSTING:
        return names[0]
    return posting_name(*names) if names in moved else None


def _mask(each: GroupingSet, dimensions: tuple[str, ...]) -> int:
    """What GROUPING gives: a bit per dimension, the last one the lowest, set where it is not grouped by."""
    bits = (0 if name in each.columns else 1 for name in dimensions)
    return sum(bit << place for place, bit in enumerate(reversed(list(bits))))


def _read_row(
    columns: Iterable[tuple[str, Measure, _Numbers, bool]],
    row: Mapping[str, Any],
    each: GroupingSet,
    entity: Entity,
    sums: _Sums,
) -> None:
    currency = row[CURRENCY] if each.by_currency else ""
    if currency:
        sums.entities[Grain.PORTFOLIO, PORTFOLIO].add(currency)
    sums.entities[entity].update({currency} - {"", None})
    over_all = entity, ""
    for column, measure, numbers, is_summed in columns:
        number = _decimal(row[column])
        if currency is not None:
            numbers[entity, currency] = number
        if each.by_currency and is_summed:
            numbers[over_all] = _both(measure, numbers.get(over_all), number)


def together(part: Measure | Pieces, numbers: Iterable[Decimal | None]) -> Decimal | None:
    """The number of a measure; of pieces, those of each of them together."""
    measure = measures_in(part)[0]
    return reduce(lambda one, other: _both(measure, one, other), numbers)


def _both(measure: Measure, one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """The number of two sets of rows: of two currencies of what is no money, of the days of two definitions."""
    if one is None or other is None:
        return one if other is None else other
    match measure.aggregation:
        case Aggregation.MIN:
            return min(one, other)
        case Aggregation.MAX:
            return max(one, other)
    return one + other


def _decimal(number: object) -> Decimal | None:
    if isinstance(number, float):
        raise TypeError(f"a sum came back as the float {number}: read decimals, never doubles")
    return None if number is None else Decimal(number)  # type: ignore[arg-type]


def _currencies(figure: Figure, plan: KpiPlan, sums: _Sums, entity: Entity) -> list[str]:
    is_split = figure.id in plan.with_currency and figure.id not in plan.halted
    return sums.currencies_of(entity) if is_split else [""]


def _result(
    figure: Figure,
    version: Digest,
    plan: KpiPlan,
    sums: _Sums,
    results: Mapping[Key, KpiResult],
    entity: Entity,
    currency: str,
) -> KpiResult:
    is_halted = figure.id in plan.halted
    made = _Made(ValueState.HALTED) if is_halted else _make(figure, plan, sums, results, entity, currency)
    return KpiResult(
        kpi=figure.id,
        rule=version,
        grain=entity[0],
        entity=entity[1],
        start=plan.start,
        as_of=plan.as_of,
        unit=figure.rule.unit,
        state=made.state,
        value=made.value,
        numerator=made.numerator,
        denominator=made.denominator,
        currency=currency,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    state: ValueState
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


def _make(
    figure: Figure, plan: KpiPlan, sums: _Sums, results: Mapping[Key, KpiResult], entity: Entity, currency: str
) -> _Made:
    def operand(part: Part) -> Decimal | None:
        if not isinstance(part, str):
            return together(part, [sums.number(measure, entity, currency) for measure in measures_in(part)])
        return (results.get((part, entity, currency)) or results[part, entity, ""]).value

    match figure.made:
        case Measure() | Pieces():
            return _valued(operand(figure.made))
        case Division(numerator, denominator):
            above, below = operand(numerator), operand(denominator)
            return _valued(divide(above, below), above, below)
        case Formula(expression):
            named = {name: operand(name) for name in figure.operands}
            value = evaluate(expression, {**named, DAYS_OF_PERIOD: days_of_period(plan.start, plan.as_of)})
            return _valued(value if isinstance(value, Decimal) else None)


def days_of_period(start: date, as_of: date) -> Decimal:
    return Decimal((as_of - start).days + 1)


def divide(numerator: Decimal | None, denominator: Decimal | None) -> Decimal | None:
    """No value without a numerator, or with a denominator that is missing or zero."""
    return CONTEXT.divide(numerator, denominator) if numerator is not None and denominator else None


def _valued(value: Decimal | None, numerator: Decimal | None = None, denominator: Decimal | None = None) -> _Made:
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    return _Made(state, value, numerator, denominator)


def _total_order(result: KpiResult) -> tuple[Any, ...]:
    return result.kpi, _PLACES[result.grain], result.entity, result.currency


_PLACES = {grain: place for place, grain in enumerate(Grain)}
