"""Explaining a KPI: its definition, its sums, the same sums found again in the run's inputs, and the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapters.errors import RefusedError
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import RunId
from domain.periods import Period
from domain.records import KpiResult, ValueState
from kpi_rules.evidence import Entity, Evidence, evidence_of
from kpi_rules.explanations import explain
from kpi_rules.figures import Division, Figure, Measure, Pieces, measures_in
from kpi_rules.results import together
from reports.csv_files import csv_text
from tasks.stages.measured import MeasuredNight, measured_night


@dataclass(frozen=True, slots=True)
class FoundAgain:
    """A sum behind the figure, as the run's inputs give it now: `is_equal` to what was stored."""

    measure: str
    stored: Decimal | None
    found: Decimal | None
    sql: str

    @property
    def is_equal(self) -> bool:
        return self.stored == self.found


@dataclass(frozen=True, slots=True)
class KpiExplanation:
    """`parts` are those of the KPIs that a formula or a ratio is made of."""

    run: RunId
    result: KpiResult
    text: str
    sums: tuple[FoundAgain, ...]
    parts: tuple[KpiExplanation, ...] = ()


def explain_kpi(world: World, kpi: str, entity: Entity, day: date, rows_to: Path | None = None) -> KpiExplanation:
    """The figure of the newest official night of the date, and with `rows_to` the rows behind it, as CSV files there.

    Raises: RefusedError if there is no such night, KPI or entity; ConflictError if the rules were edited since;
    FileChangedError.
    """
    with measured_night(world, day) as night:
        return explained_in(world, night, kpi, entity, rows_to)


def explained_in(
    world: World, night: MeasuredNight, kpi: str, entity: Entity, rows_to: Path | None = None
) -> KpiExplanation:
    """The same of a night that is open. Raises: RefusedError if there is no such KPI or entity."""
    return _Case(world, night, entity, rows_to).explained(kpi)


@dataclass(frozen=True, slots=True)
class _Case:
    world: World
    night: MeasuredNight
    entity: Entity
    rows_to: Path | None

    def explained(self, kpi: str) -> KpiExplanation:
        figures = {figure.id: figure for figure in self.night.rules.figures}
        result = self._result(kpi, figures)
        mine, start = replace(self.entity, currency=result.currency), Period.of(self.night.day).start
        evidence = evidence_of(figures[kpi], mine, start=start, as_of=self.night.day)
        is_halted = result.state is ValueState.HALTED
        sums = () if is_halted else tuple(self._found_again(result, figures[kpi], evidence))
        if self.rows_to is not None and not is_halted:
            self._write_rows(kpi, evidence, self.rows_to)
        of_entity = [each for each in self.night.results if _is_of(each, mine)]
        parts = tuple(self.explained(name) for name in sorted(figures[kpi].operands))
        return KpiExplanation(self.night.run, result, explain(result, self.night.rules, of_entity), sums, parts)

    def _result(self, kpi: str, figures: Mapping[str, Figure]) -> KpiResult:
        """Of an amount, the one in the stated currency, or the only one that there is."""
        mine = [each for each in self.night.results if each.kpi == kpi and _is_of(each, self.entity)]
        fitting = [each for each in mine if each.currency in {"", self.entity.currency}] or mine
        if len(fitting) != 1 or (self.entity.currency and fitting[0].currency not in {"", self.entity.currency}):
            raise RefusedError(self._not_there(kpi, figures, mine))
        return fitting[0]

    def _not_there(self, kpi: str, figures: Mapping[str, Figure], mine: Sequence[KpiResult]) -> str:
        grain, name = self.entity.grain, self.entity.name
        if kpi not in figures:
            return f'EXK002 no KPI "{kpi}" is in force on {self.night.day}. {suggestion(kpi, figures)}'
        if mine:
            return f'EXK004 "{kpi}" of {name} is in {", ".join(each.currency for each in mine)}: state --currency'
        if grain not in figures[kpi].grains:
            return f'EXK003 "{kpi}" is not measured per {grain}, but per {", ".join(figures[kpi].grains)}'
        known = sorted({each.entity for each in self.night.results if each.kpi == kpi and each.grain is grain})
        return f'EXK003 {grain} "{name}" has no figure on {self.night.day}. {suggestion(name, known)}'

    def _found_again(self, result: KpiResult, figure: Figure, evidence: Sequence[Evidence]) -> Iterator[FoundAgain]:
        left = iter(evidence)
        for part, stored in _stored_sums(result, figure):
            mine = [next(left) for _ in measures_in(part)]
            found = together(part, [self._number(one) for one in mine])
            if found is None and stored is not None:
                found = Decimal(0)  # the sum over no rows
            yield FoundAgain(str(part), stored, found, ";\n".join(self.night.duck.sql(one.number) for one in mine))

    def _number(self, one: Evidence) -> Decimal | None:
        (row,) = self.night.duck.read(one.number)
        return None if row["number"] is None else Decimal(row["number"])

    def _write_rows(self, kpi: str, evidence: Sequence[Evidence], folder: Path) -> None:
        for number, one in enumerate(evidence, start=1):
            header = [column.name for column in one.rows.selected_columns]
            rows = [[row[name] for name in header] for row in self.night.duck.read(one.rows)]
            text = csv_text(header, rows, for_excel=True)
            self.world.seam.write_text(folder / f"{kpi}-{number}.csv", text, point="evidence")


def _is_of(result: KpiResult, entity: Entity) -> bool:
    return (result.grain, result.entity) == (entity.grain, entity.name)


def _stored_sums(result: KpiResult, figure: Figure) -> list[tuple[Measure | Pieces, Decimal | None]]:
    """What was stored for each number of the figure that is measured, in the order of its parts."""
    stored = (result.numerator, result.denominator) if isinstance(figure.made, Division) else (result.value,)
    return [(part, number) for part, number in zip(figure.parts, stored, strict=False) if not isinstance(part, str)]
