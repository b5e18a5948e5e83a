"""The rows behind one figure: a measure of one entity again, and the rows that it counts or sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from domain.exact import ExactSelect, exact
from domain.records import Grain
from kpi_rules.datasets import CURRENCY, GRAIN_COLUMNS
from kpi_rules.figures import Figure, Measure
from kpi_rules.plan import conditions_of, value_of


@dataclass(frozen=True, slots=True)
class Entity:
    """Whose figure; `names` are those of the grain's columns, an employee and a department for a posting."""

    grain: Grain
    names: tuple[str, ...]
    currency: str = ""

    @property
    def name(self) -> str:
        return "@".join(self.names) or "portfolio"


@dataclass(frozen=True, slots=True)
class Evidence:
    """`number` gives one row with the column `number`; `rows` every column of the dataset, in a total order."""

    measure: Measure
    number: ExactSelect
    rows: ExactSelect


def evidence_of(figure: Figure, entity: Entity, *, start: date, as_of: date) -> tuple[Evidence, ...]:
    """For each measure of the figure, in its order: numerator, denominator."""
    return tuple(_evidence(measure, entity, start, as_of) for measure in figure.measures)


def _evidence(measure: Measure, entity: Entity, start: date, as_of: date) -> Evidence:
    """In the dataset's own joins and conditions: only the entity, and the currency of what is money, are added."""
    dataset = measure.source.rows
    every = dataset.select(dataset.fields).subquery("counted_rows")
    columns = GRAIN_COLUMNS[entity.grain]
    mine = [every.c[column] == name for column, name in zip(columns, entity.names, strict=True)]
    if entity.currency and dataset.has_currency:
        mine.append(every.c[CURRENCY] == entity.currency)
    rows = sa.select(every).where(sa.true(), *mine).subquery("rows_of_entity")
    counted = sa.select(*rows.c).where(sa.true(), *conditions_of(measure, rows)).order_by(*rows.c)
    number = sa.select(value_of(measure, rows).label("number")).select_from(rows).order_by("number")
    dates = measure.source.bound(start, as_of)
    return Evidence(measure, exact(number.params(dates)), exact(counted.params(dates)))
