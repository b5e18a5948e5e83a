"""Checked KPIs: what is computed for each, with names resolved and conditions typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.expressions import Expression
from domain.expressions.parse import suggestion
from domain.expressions.tree import Arithmetic, Call, Literal, Negation, Node, Reference
from domain.issues import Issue, Location
from domain.records import Grain, Unit
from domain.rules import Placed
from domain.tables import Type
from kpi_rules.datasets import CURRENCY, DATASETS, GRAIN_COLUMNS, Dataset
from kpi_rules.language import Aggregation, Kpi

# What formulas may name beside KPIs: how many days the period has, up to and including the business date.
DAYS_OF_PERIOD = "days_of_period"


@dataclass(frozen=True, slots=True)
class Figure:
    """One KPI with results of its own: a rule, or the member of a rule that is broken down by a column.

    `versions` are those of which it is made by days, this one included; none where it is of one version.
    """

    id: str
    title: str
    placed: Placed[Kpi]
    made: Measure | Pieces | Division | Formula
    versions: tuple[Version, ...] = ()

    @property
    def rule(self) -> Kpi:
        return self.placed.rule

    @property
    def grains(self) -> tuple[Grain, ...]:
        """Those of the rule; what is measured per employee is also measured per posting."""
        own = self.rule.grains
        return (*own, Grain.POSTING) if Grain.EMPLOYEE in own else own

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(measure for part in self.parts for measure in measures_in(part))

    @property
    def parts(self) -> tuple[Part, ...]:
        """What has a number of its own: the measure, or numerator and denominator; none of a formula."""
        match self.made:
            case Division(numerator, denominator):
                return numerator, denominator
            case Formula():
                return ()
        return (self.made,)

    @property
    def operands(self) -> frozenset[str]:
        """The other KPIs that it is made of."""
        match self.made:
            case Formula(expression):
                return expression.names - {DAYS_OF_PERIOD}
            case Division(numerator, denominator):
                return frozenset(part for part in (numerator, denominator) if isinstance(part, str))
        return frozenset()


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a rule, and the days of the period for which it counts, both included."""

    placed: Placed[Kpi]
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Formula:
    expression: Expression


@dataclass(frozen=True, slots=True)
class Division:
    """A measure, or the id of a KPI, over another. An average is one: its sum over its count."""

    numerator: Part
    denominator: Part


@dataclass(frozen=True, slots=True)
class Pieces:
    """Measures of several definitions, each over its own days: together they are one number."""

    measures: tuple[Measure, ...]

    def __str__(self) -> str:
        return ", and ".join(map(str, self.measures))


@dataclass(frozen=True, slots=True)
class Source:
    """The rows that a measure reads; measures of the same source share one scan. `days`: of these days alone."""

    dataset: str
    parameters: tuple[tuple[str, int], ...] = ()
    window_days: int | None = None
    days: tuple[date, date] | None = None

    def __str__(self) -> str:
        window = [f"{self.window_days} days"] if self.window_days else []
        days = ["{} to {}".format(*self.days)] if self.days else []
        return " ".join([self.dataset, *(f"{name}={value}" for name, value in self.parameters), *window, *days])

    @property
    def rows(self) -> Dataset:
        return DATASETS[self.dataset]

    def first_day(self, start: date, as_of: date) -> date:
        if self.days:
            return max(start, self.days[0])
        return as_of - timedelta(days=self.window_days - 1) if self.window_days else start

    def bound(self, start: date, as_of: date) -> Mapping[str, object]:
        """The values of a statement: the days that count, the period that they are in, and what is known."""
        first, last = self.first_day(start, as_of), min(as_of, self.days[1]) if self.days else as_of
        opens = start if self.days else first
        return {"start": first, "last": last, "as_of": as_of, "opens": opens, **dict(self.parameters)}


@dataclass(frozen=True, slots=True)
class Measure:
    """`member`: only rows in which the column has the value."""

    source: Source
    aggregation: Aggregation
    of: str | None = None
    where: Expression | None = None
    member: tuple[str, int | str] | None = None

    @property
    def columns(self) -> frozenset[str]:
        read = self.where.names if self.where else frozenset()
        return read | {name for name in (self.of, self.member and self.member[0]) if name}

    @property
    def is_money(self) -> bool:
        return self.of is not None and self.source.rows.fields[self.of].column.type is Type.MONEY

    @property
    def adds_up(self) -> bool:
        """Whether the number of two sets of rows follows from those of each: not for a distinct count."""
        return self.aggregation is not Aggregation.COUNT_DISTINCT

    def __hash__(self) -> int:
        """Measures are keys of every measured number: the tree of the condition need not be walked each time."""
        return hash((self.source, self.aggregation, self.of, self.where and self.where.text, self.member))

    def on_days(self, days: tuple[date, date]) -> Measure:
        return replace(self, source=replace(self.source, days=days))

    def of_member(self, column: str | None, value: int | str) -> Measure:
        return replace(self, member=(column, value)) if column else self

    def __str__(self) -> str:
        """As an explanation says it."""
        what = f"{self.aggregation} of {self.of} in" if self.of else "number of"
        conditions = [self.where.text] if self.where else []
        conditions += [f"{self.member[0]} == {self.member[1]}"] if self.member else []
        return f"{what} {self.source}" + (f" where {' and '.join(conditions)}" if conditions else "")


# A number that is divided, or divides: a measure, or the id of a KPI.
Part = Measure | Pieces | str


def measures_in(part: Part) -> tuple[Measure, ...]:
    match part:
        case Measure():
            return (part,)
        case Pieces(measures):
            return measures
    return ()


def grows_with_days(kpi: str, figures: Mapping[str, Figure]) -> bool:
    """Whether twice the days give about twice the figure: sums and counts of events of the period, and what is made of
    them alone; not shares, means, extremes, windows of days, or what stands on one day."""
    figure = figures.get(kpi)
    if figure is None or figure.rule.unit is Unit.RATIO:
        return False
    if isinstance(figure.made, Measure | Pieces):
        first, extremes = figure.measures[0], {Aggregation.MIN, Aggregation.MAX}
        return not (first.source.rows.is_state or first.source.window_days or first.aggregation in extremes)
    return _is_sum(figure) and all(grows_with_days(operand, figures) for operand in figure.operands)


def adds_up(kpi: str, figures: Mapping[str, Figure]) -> bool:
    """Whether the figures of two people sum to that of both: sums and counts, and what is made of them alone; not
    shares, means or extremes."""
    figure = figures.get(kpi)
    if figure is None or figure.rule.unit is Unit.RATIO:
        return False
    if isinstance(figure.made, Measure | Pieces):
        return figure.measures[0].aggregation not in {Aggregation.MIN, Aggregation.MAX}
    return _is_sum(figure) and all(adds_up(operand, figures) for operand in figure.operands)


def _is_sum(figure: Figure) -> bool:
    """Whether a formula adds and takes away its operands, perhaps times a number: an amount per call is no sum."""
    return isinstance(figure.made, Formula) and _is_linear(figure.made.expression.node)


def _is_linear(node: Node) -> bool:
    match node:
        case Reference():
            return True
        case Negation(operand):
            return _is_linear(operand)
        case Arithmetic("+" | "-", left, right):
            return _is_linear(left) and _is_linear(right)
        case Arithmetic("*", Literal(), other) | Arithmetic("*" | "/", other, Literal()):
            return _is_linear(other)
        case Call("coalesce", arguments):
            return all(_is_zero(argument) or _is_linear(argument) for argument in arguments)
    return False


def _is_zero(node: Node) -> bool:
    return isinstance(node, Literal) and node.value == 0


@dataclass(frozen=True, slots=True)
class KnownKpis:
    """Names that other rules may use on a day: those in force, those of any day, and those of rules that are broken."""

    in_force: Mapping[str, Figure]
    ever: frozenset[str]
    broken: frozenset[str]

    def faults(self, name: str, place: Location, day: date) -> Iterator[Issue]:
        """Nothing is said of a broken rule: it has its own issues."""
        if name in self.in_force or any(name == rule or name.startswith(f"{rule}_") for rule in self.broken):
            return
        if name in self.ever:
            yield Issue("KPI008", place, f'"{name}" is not in force on {day}', "Let both hold on the same days")
        else:
            yield Issue("KPI007", place, f'unknown KPI "{name}"', suggestion(name, self.ever))


def columns_for(measure: Measure, grains: Iterable[Grain], *, by_currency: bool) -> frozenset[str]:
    """Every column that the measure's scan reads at these grains."""
    dimensions = {name for grain in grains for name in GRAIN_COLUMNS[grain]}
    currency = {CURRENCY} if by_currency and measure.source.rows.has_currency else set()
    return measure.columns | dimensions | currency


def figures_with_currency(figures: Mapping[str, Figure]) -> frozenset[str]:
    """The figures that are made of money, at whatever distance: they have one result per currency."""
    return frozenset(name for name in figures if any(_is_money(part) for part in _made_of(name, figures)))


def in_order(figures: Mapping[str, Figure]) -> Iterator[Figure]:
    """Each figure after those that it is made of."""
    done: dict[str, Figure] = {}
    for name in sorted(figures):
        for part in _made_of(name, figures):
            done.setdefault(part.id, part)
    yield from done.values()


def _made_of(name: str, figures: Mapping[str, Figure]) -> Iterator[Figure]:
    for operand in sorted(figures[name].operands):
        yield from _made_of(operand, figures)
    yield figures[name]


def _is_money(figure: Figure) -> bool:
    return any(measure.is_money for measure in figure.measures)
