"""Checks of KPIs: one by one against the datasets, then together against one another on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from domain.expressions import Expression, ExprType, Name, parse
from domain.expressions.parse import TYPES, Scope, suggestion
from domain.issues import Issue, Location
from domain.records import Grain, Unit
from domain.rules import Placed
from kpi_rules.datasets import DATASETS, Dataset
from kpi_rules.figures import DAYS_OF_PERIOD, Division, Figure, Formula, KnownKpis, Measure, Part, Source
from kpi_rules.language import (
    Aggregation,
    CumulativeKpi,
    DerivedKpi,
    Kpi,
    MeasureKeys,
    RatioKpi,
    SimpleKpi,
)

Steps = tuple[str, ...]

UNIT_TYPES: Mapping[Unit, ExprType] = {
    Unit.MONEY: ExprType.MONEY,
    Unit.COUNT: ExprType.COUNT,
    Unit.RATIO: ExprType.RATIO,
}


def check_kpis(kpis: Iterable[Placed[Kpi]]) -> tuple[tuple[Figure, ...], tuple[Issue, ...]]:
    """The figures of all KPIs that are sound by themselves, and what is wrong with the others."""
    checks = [_Check(placed) for placed in kpis]
    names = {name: Name(UNIT_TYPES[check.kpi.unit]) for check in checks for name in check.names()}
    names |= {DAYS_OF_PERIOD: Name(ExprType.COUNT)}
    figures = tuple(figure for check in checks for figure in check.figures(names))
    found = tuple(issue for check in checks for issue in check.issues)
    return figures, (*found, *_changed_units(figures))


def check_kpis_together(current: tuple[Figure, ...], known: KnownKpis, day: date) -> Iterator[Issue]:
    """What is wrong between the KPIs in force on a day."""
    for figure in current:
        other = known.in_force[figure.id]
        if other.rule.id != figure.rule.id:
            text = f'"{figure.id}" is also the name of a figure of {other.placed.place("id")}'
            yield Issue("KPI012", figure.placed.place("id"), text, "Rename one of them")
        yield from _operand_faults(figure, known, day)
    yield from _cycles(known.in_force)


class _Check:
    """The check of one KPI; whatever it finds is in `issues`."""

    def __init__(self, placed: Placed[Kpi]) -> None:
        self.placed, self.kpi = placed, placed.rule
        self.issues: list[Issue] = []

    def names(self) -> Iterator[str]:
        """The ids of its figures: its own, or one per member of its breakdown."""
        members = self._members()
        yield from (f"{self.kpi.id}_{member}" for member in members) if members else (self.kpi.id,)

    def figures(self, names: Scope) -> tuple[Figure, ...]:
        made = self._made(names)
        if self.issues or made is None:
            return ()
        members = self._members()
        if not members:
            return (Figure(self.kpi.id, self.kpi.title, self.placed, made),)
        return tuple(self._member(made, member) for member in members)

    def _made(self, names: Scope) -> Measure | Division | Formula | None:
        if self.kpi.id == DAYS_OF_PERIOD:
            self._refuse("KPI012", ("id",), f'"{DAYS_OF_PERIOD}" is what formulas call the days', "Rename the KPI")
        match self.kpi:
            case SimpleKpi() | CumulativeKpi():
                return self._simple(self.kpi)
            case RatioKpi():
                return self._ratio(self.kpi, names)
            case DerivedKpi(formula=formula):
                expression = self._expression(formula, names, ("formula",), UNIT_TYPES[self.kpi.unit], division=True)
                return Formula(expression) if expression else None
        raise AssertionError(self.kpi)

    def _simple(self, kpi: SimpleKpi | CumulativeKpi) -> Measure | Division | None:
        measure = self._measure(kpi, ())
        if measure is None:
            return None
        self._expect_unit(_type_of(measure))
        return _as_division(measure) if measure.aggregation is Aggregation.AVERAGE else measure

    def _ratio(self, kpi: RatioKpi, names: Scope) -> Division | None:
        parts = [self._operand(kpi.numerator, names, "numerator"), self._operand(kpi.denominator, names, "denominator")]
        numerator, denominator = parts
        if numerator is None or denominator is None:
            return None
        self._expect_ratio_unit(_type_in(numerator, names), _type_in(denominator, names))
        return Division(numerator, denominator)

    def _operand(self, operand: MeasureKeys | str, names: Scope, key: str) -> Measure | str | None:
        if isinstance(operand, MeasureKeys):
            if operand.measure is Aggregation.AVERAGE:
                self._refuse("KPI005", (key, "measure"), "an average is no sum: a ratio divides sums", "Write sum")
                return None
            return self._measure(operand, (key,))
        if operand not in names or operand == DAYS_OF_PERIOD:
            self._refuse("KPI007", (key,), f'unknown KPI "{operand}"', suggestion(operand, names))
            return None
        return operand

    def _measure(self, keys: MeasureKeys, at: Steps) -> Measure | None:
        dataset = DATASETS.get(keys.dataset)
        if dataset is None:
            found = f'unknown dataset "{keys.dataset}"'
            self._refuse("KPI002", (*at, "dataset"), found, suggestion(keys.dataset, DATASETS))
            return None
        self._check_of(keys, dataset, at)
        self._check_by(keys, dataset, at)
        self._check_grains(dataset)
        self._check_parameters(keys, dataset, at)
        self._check_window(dataset)
        where = self._where(keys, dataset, at)
        window_days = self.kpi.window_days if isinstance(self.kpi, CumulativeKpi) else None
        source = Source(keys.dataset, tuple(sorted(keys.parameters.items())), window_days)
        return None if self.issues else Measure(source, keys.measure, keys.of, where)

    def _check_of(self, keys: MeasureKeys, dataset: Dataset, at: Steps) -> None:
        if (keys.of is None) != (keys.measure is Aggregation.COUNT):
            text = "counts rows, and has no column" if keys.of else "needs a column"
            hint = "Write count_distinct, or leave `of` out" if keys.of else "Add `of`"
            self._refuse("KPI004", (*at, "of" if keys.of else "measure"), f"{keys.measure} {text}", hint)
        elif keys.of and self._has_column(dataset, keys.of, (*at, "of")):
            kind = TYPES[dataset.fields[keys.of].column.type]
            if keys.measure is not Aggregation.COUNT_DISTINCT and not kind.is_numeric:
                self._refuse("KPI005", (*at, "of"), f'"{keys.of}" is a {kind}: it has no {keys.measure}')

    def _check_by(self, keys: MeasureKeys, dataset: Dataset, at: Steps) -> None:
        if keys.by is None:
            if keys.values:
                self._refuse("KPI011", (*at, "values"), "values of no column", "Add `by`, or leave `values` out")
            return
        if not self._has_column(dataset, keys.by, (*at, "by")):
            return
        members = dataset.fields[keys.by].members
        if not members:
            closed = ", ".join(sorted(name for name, field in dataset.fields.items() if field.members))
            self._refuse(
                "KPI011", (*at, "by"), f'"{keys.by}" has no closed list of values', f"Such columns are {closed}"
            )
        for value in keys.values:
            if members and value not in members:
                known = ", ".join(str(member) for member in members)
                self._refuse("KPI011", (*at, "values"), f'"{keys.by}" is never {value!r}', f"Its values are {known}")

    def _has_column(self, dataset: Dataset, name: str, at: Steps) -> bool:
        if name in dataset.fields:
            return True
        self._refuse("KPI003", at, f'unknown column "{name}" in {dataset.name}', suggestion(name, dataset.fields))
        return False

    def _check_grains(self, dataset: Dataset) -> None:
        for grain in self.kpi.grains:
            if grain not in dataset.grains:
                known = ", ".join(sorted(dataset.grains))
                self._refuse(
                    "KPI006", ("grains",), f"{dataset.name} does not know the {grain} of a row", f"It knows {known}"
                )

    def _check_parameters(self, keys: MeasureKeys, dataset: Dataset, at: Steps) -> None:
        known = {parameter.name: parameter for parameter in dataset.parameters}
        for name in keys.parameters.keys() - known.keys():
            self._refuse("KPI013", (*at, "parameters", name), f'{dataset.name} has no parameter "{name}"')
        for name, parameter in known.items():
            value = keys.parameters.get(name)
            if value is None:
                self._refuse(
                    "KPI013", at or ("dataset",), f'{dataset.name} needs the parameter "{name}"', parameter.meaning
                )
            elif not parameter.lowest <= value <= parameter.highest:
                limits = f"from {parameter.lowest} to {parameter.highest}"
                self._refuse("KPI013", (*at, "parameters", name), f'"{name}" is {value}; it goes {limits}')

    def _check_window(self, dataset: Dataset) -> None:
        if isinstance(self.kpi, CumulativeKpi) and dataset.is_state:
            text = f"{dataset.name} shows one day: a balance is not summed over days"
            self._refuse("KPI014", ("window_days",), text, "Use a simple KPI")

    def _where(self, keys: MeasureKeys, dataset: Dataset, at: Steps) -> Expression | None:
        if keys.where is None:
            return None
        return self._expression(keys.where, dataset.scope, (*at, "where"), ExprType.BOOL)

    def _expression(
        self, text: str, scope: Scope, at: Steps, expect: ExprType, *, division: bool = False
    ) -> Expression | None:
        expression, found = parse(text, scope, at=self.placed.place(*at), expect=expect, division=division)
        self.issues.extend(found)
        return expression

    def _expect_unit(self, kind: ExprType) -> None:
        expected = UNIT_TYPES[self.kpi.unit]
        if kind is not expected:
            self._refuse(
                "KPI010", ("unit",), f"the unit is {expected}, but the measure gives a {kind}", f"Write {kind}"
            )

    def _expect_ratio_unit(self, numerator: ExprType, denominator: ExprType) -> None:
        scope = {"numerator": Name(numerator), "denominator": Name(denominator)}
        divided, _ = parse("numerator / denominator", scope, at=self.placed.place(), division=True)
        if divided is None:
            self._refuse("KPI017", ("denominator",), f"a {numerator} divided by a {denominator} has no meaning")
        else:
            self._expect_unit(divided.type)

    def _members(self) -> tuple[int | str, ...]:
        """The values of the breakdown that every broken-down measure has; none for a KPI without breakdown."""
        lists = [members for keys in self._broken_down() if (members := _members_of(keys))]
        return tuple(member for member in lists[0] if all(member in other for other in lists)) if lists else ()

    def _broken_down(self) -> list[MeasureKeys]:
        parts = [self.kpi.numerator, self.kpi.denominator] if isinstance(self.kpi, RatioKpi) else [self.kpi]
        return [part for part in parts if isinstance(part, MeasureKeys) and part.by]

    def _member(self, made: Measure | Division | Formula, member: int | str) -> Figure:
        title = f"{self.kpi.title}: {self._broken_down()[0].by} {member}"
        return Figure(f"{self.kpi.id}_{member}", title, self.placed, self._made_of_member(made, member))

    def _made_of_member(self, made: Measure | Division | Formula, member: int | str) -> Measure | Division | Formula:
        match self.kpi, made:
            case ((SimpleKpi(by=by) | CumulativeKpi(by=by)), Measure()):
                return made.of_member(by, member)
            case ((SimpleKpi(by=by) | CumulativeKpi(by=by)), Division(Measure() as above, Measure() as below)):
                return Division(above.of_member(by, member), below.of_member(by, member))
            case RatioKpi(numerator=top, denominator=bottom), Division(above, below):
                return Division(_part_of_member(above, top, member), _part_of_member(below, bottom, member))
        raise AssertionError(made)

    def _refuse(self, code: str, at: Steps, message: str, hint: str = "") -> None:
        self.issues.append(Issue(code, self.placed.place(*at), message, hint))


def _part_of_member(made: Part, keys: MeasureKeys | str, member: int | str) -> Part:
    if isinstance(made, Measure) and isinstance(keys, MeasureKeys):
        return made.of_member(keys.by, member)
    return made


def _members_of(keys: MeasureKeys) -> tuple[int | str, ...]:
    dataset = DATASETS.get(keys.dataset)
    field = dataset.fields.get(keys.by or "") if dataset else None
    members = field.members if field else ()
    return tuple(member for member in members if member in keys.values) if keys.values else members


def _as_division(average: Measure) -> Division:
    """SQL sums, Python divides: the sum over the number of rows that have a value."""
    return Division(
        Measure(average.source, Aggregation.SUM, average.of, average.where),
        Measure(average.source, Aggregation.COUNT, average.of, average.where),
    )


def _type_of(measure: Measure) -> ExprType:
    if measure.of is None or measure.aggregation is Aggregation.COUNT_DISTINCT:
        return ExprType.COUNT
    kind = TYPES[measure.source.rows.fields[measure.of].column.type]
    is_mean_count = measure.aggregation is Aggregation.AVERAGE and kind is ExprType.COUNT
    return ExprType.RATIO if is_mean_count else kind


def _type_in(operand: Measure | str, names: Scope) -> ExprType:
    return names[operand].type if isinstance(operand, str) else _type_of(operand)


def _changed_units(figures: tuple[Figure, ...]) -> Iterator[Issue]:
    first: dict[str, Figure] = {}
    for figure in figures:
        other = first.setdefault(figure.id, figure)
        if other.rule.unit is not figure.rule.unit:
            before = f"a {other.rule.unit} at {other.placed.place('unit')}"
            text = f'"{figure.id}" was {before} and is a {figure.rule.unit} here'
            yield Issue("KPI016", figure.placed.place("unit"), text, "Give the new figure a new id")


def _operand_faults(figure: Figure, known: KnownKpis, day: date) -> Iterator[Issue]:
    for operand in sorted(figure.operands):
        place = _place_of(figure, operand)
        yield from known.faults(operand, place, day)
        for grain in _missing_grains(figure, known.in_force.get(operand, figure)):
            text = f'"{operand}" is not measured per {grain}'
            yield Issue("KPI009", place, text, f"Add {grain} to its grains, or leave it out here")


def _place_of(figure: Figure, operand: str) -> Location:
    if isinstance(figure.made, Division):
        return figure.placed.place("numerator" if figure.made.numerator == operand else "denominator")
    return figure.placed.place("formula")


def _missing_grains(figure: Figure, operand: Figure) -> list[Grain]:
    return [grain for grain in figure.rule.grains if grain not in operand.rule.grains]


def _cycles(figures: Mapping[str, Figure]) -> Iterator[Issue]:
    """Each circle once, at the KPI of it that comes first by name."""
    for figure in figures.values():
        for operand in sorted(figure.operands):
            way = _way(operand, figure.id, figures, (figure.id,))
            if way and figure.id == min(way):
                yield Issue("KPI015", _place_of(figure, operand), f"made of itself: {' → '.join(way)}")


def _way(name: str, goal: str, figures: Mapping[str, Figure], passed: tuple[str, ...]) -> tuple[str, ...]:
    """How `name` comes to be made of `goal`; empty if it is not."""
    here = (*passed, name)
    if name == goal:
        return here
    if name in passed or name not in figures:
        return ()
    return next(filter(None, (_way(operand, goal, figures, here) for operand in sorted(figures[name].operands))), ())
