"""KPI results as tables that fit a page: few entities become columns, many become rows, and KPIs come in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from domain.records import Grain, KpiResult, Unit, ValueState
from reports.formats import Formats
from reports.languages import message, words_of

MOST_ENTITY_COLUMNS = 6
MOST_KPI_COLUMNS = 7

GRAINS: Mapping[Grain, str] = {
    Grain.PORTFOLIO: message("Portfolio"),
    Grain.DEPARTMENT: message("Department"),
    Grain.TEAM: message("Team"),
    Grain.EMPLOYEE: message("Employee"),
    Grain.POSTING: message("Employee, by department"),
    Grain.PARTNER: message("Partner"),
    Grain.BRANCH: message("Branch"),
    Grain.SEGMENT: message("Segment"),
}

UNITS: Mapping[Unit, str] = {
    Unit.MONEY: message("money"),
    Unit.COUNT: message("number"),
    Unit.RATIO: message("ratio"),
}

IN_ENGLISH = message("(in English) %(text)s")

Heading = tuple[str, str]  # KPI and currency


@dataclass(frozen=True, slots=True)
class KpiLabel:
    """How a KPI is shown: `is_share` for a share of a whole, which reads in percent; `group` heads its table.

    KPIs that are one per bucket have a label for each bucket, with one group. `unit` says what one of it is: days.
    """

    title: str
    higher_is_better: bool
    is_share: bool = False
    about: str = ""
    group: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    note: str = ""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    heading: Text
    cells: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """`bodies` are groups of rows below one header, each with its title, which may be empty."""

    caption: str
    corner: str
    columns: tuple[Text, ...]
    bodies: tuple[tuple[str, tuple[MatrixRow, ...]], ...]

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        return tuple(row for _, rows in self.bodies for row in rows)


def kpi_matrices(
    results: Iterable[KpiResult], labels: Mapping[str, KpiLabel], grain: Grain, formats: Formats
) -> tuple[Matrix, ...]:
    """The tables of one grain; KPIs in the order of their labels, entities by id; nothing measured gives no table."""
    found = {(each.kpi, each.currency, each.entity): each for each in results if each.grain is grain}
    entities = sorted({entity for _, _, entity in found})
    headings = _ordered({(kpi, currency) for kpi, currency, _ in found}, labels)
    tables = _Tables(found, labels, formats, grain)
    if not entities:
        return ()
    if len(entities) <= MOST_ENTITY_COLUMNS:
        return (tables.by_kpi(headings, entities),)
    return tuple(tables.by_entity(caption, some, entities) for caption, some in _packed(_groups(headings, labels)))


@dataclass(frozen=True, slots=True)
class _Tables:
    found: Mapping[tuple[str, str, str], KpiResult]
    labels: Mapping[str, KpiLabel]
    formats: Formats
    grain: Grain

    def by_kpi(self, headings: Sequence[Heading], entities: Sequence[str]) -> Matrix:
        """KPIs down, entities across; the sums behind a ratio stand below it."""
        bodies = (
            (group, tuple(self._row(heading, entities) for heading in some))
            for group, some in _groups(headings, self.labels)
        )
        return Matrix("", self.gettext("KPI"), tuple(Text(entity) for entity in entities), tuple(bodies))

    def _row(self, heading: Heading, entities: Sequence[str]) -> MatrixRow:
        return MatrixRow(self._title(heading), tuple(self._cell(heading, entity, sums=True) for entity in entities))

    def by_entity(self, group: str, headings: Sequence[Heading], entities: Sequence[str]) -> Matrix:
        rows = (
            MatrixRow(Text(entity), tuple(self._cell(heading, entity, sums=False) for heading in headings))
            for entity in entities
        )
        columns = tuple(self._title(heading) for heading in headings)
        return Matrix(group, self.gettext(GRAINS[self.grain]), columns, (("", tuple(rows)),))

    def _title(self, heading: Heading) -> Text:
        kpi, currency = heading
        label = self.labels.get(kpi)
        if label is None:
            return Text(f"{kpi}, {currency}" if currency else kpi)
        better = self.gettext("higher is better") if label.higher_is_better else self.gettext("lower is better")
        note = f"{label.unit} · {better}" if label.unit else better
        return Text(f"{label.title}, {currency}" if currency else label.title, note)

    def _cell(self, heading: Heading, entity: str, *, sums: bool) -> Text:
        result = self.found.get((*heading, entity))
        if result is None:
            return Text("–", is_missing=True)
        if result.value is None:
            return Text(self.formats.value(result), self._reason(result), is_missing=True)
        if result.unit is Unit.MONEY:
            return Text(self.formats.measured(result.value, result.currency))
        label = self.labels.get(result.kpi)
        shown = self.formats.value(result, is_share=label is not None and label.is_share)
        return Text(shown, self._sums(result) if sums else "")

    def _sums(self, result: KpiResult) -> str:
        if result.numerator is None or result.denominator is None:
            return ""
        return f"{self.formats.number(result.numerator)} / {self.formats.number(result.denominator)}"

    def _reason(self, result: KpiResult) -> str:
        """Why there is no figure, as far as the result says; that data was halted its state says already."""
        if result.state is ValueState.HALTED:
            return ""
        return self.gettext("divided by zero") if result.denominator == 0 else self.gettext("nothing to measure")

    def gettext(self, text: str) -> str:
        return words_of(self.formats.language).gettext(text)


def _ordered(headings: set[Heading], labels: Mapping[str, KpiLabel]) -> list[Heading]:
    place = {kpi: number for number, kpi in enumerate(labels)}
    return sorted(headings, key=lambda heading: (place.get(heading[0], len(place)), heading))


def _groups(headings: Sequence[Heading], labels: Mapping[str, KpiLabel]) -> Iterator[tuple[str, list[Heading]]]:
    """By the group of the labels, in the order in which groups first come."""
    groups: dict[str, list[Heading]] = defaultdict(list)
    for heading in headings:
        label = labels.get(heading[0])
        groups[label.group if label else ""].append(heading)
    yield from groups.items()


def _packed(groups: Iterable[tuple[str, list[Heading]]]) -> Iterator[tuple[str, list[Heading]]]:
    """Groups side by side as far as a page is wide; one that is wider is cut into parts of nearly equal size."""
    names: list[str] = []
    held: list[Heading] = []
    for name, headings in groups:
        for part in _parts(headings, MOST_KPI_COLUMNS):
            if held and len(held) + len(part) > MOST_KPI_COLUMNS:
                yield ", ".join(dict.fromkeys(filter(None, names))), held
                names, held = [], []
            names, held = [*names, name], [*held, *part]
    yield ", ".join(dict.fromkeys(filter(None, names))), held


def _parts(headings: Sequence[Heading], size: int) -> Iterator[list[Heading]]:
    """Parts of nearly equal size, so that no table is left with one column."""
    number = -(-len(headings) // size)
    for _, part in groupby(enumerate(headings), key=lambda item: item[0] * number // len(headings)):
        yield [heading for _, heading in part]
