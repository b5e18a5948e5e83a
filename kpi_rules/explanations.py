"""What a figure is made of, in words: definition, numerator, denominator, and the line of the rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.ids import canonical_decimal, short
from domain.records import KpiResult, ValueState
from domain.rules import version_digest
from kpi_rules.figures import DAYS_OF_PERIOD, Division, Figure, Formula, Measure, Pieces
from kpi_rules.results import days_of_period, divide
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import CREDITS


def explain(result: KpiResult, rules: KpiRules, others: Iterable[KpiResult] = ()) -> str:
    """The result in lines that people read; `others` are results of the same run, for the operands of a formula.

    Raises: KeyError if no such KPI is in force on the day of the result.
    """
    in_force = rules.on(result.as_of)
    figure = {each.id: each for each in in_force.figures}[result.kpi]
    return "\n".join((*_lines(result, figure, list(others)), *_credit_rules(result, figure, in_force)))


def recomputes(result: KpiResult) -> bool:
    """Whether the stored sums give the stored value; True for figures that have no sums of their own."""
    if result.state is ValueState.HALTED or result.denominator is None:
        return True
    return divide(result.numerator, result.denominator) == result.value


def _lines(result: KpiResult, figure: Figure, others: list[KpiResult]) -> Iterator[str]:
    yield f"{figure.title} ({result.kpi}) of {result.grain} {result.entity}, {result.start} to {result.as_of}"
    yield f"= {_shown(result)}"
    if figure.rule.about:
        yield figure.rule.about
    match figure.made:
        case Measure() | Pieces():
            yield f"made of: {figure.made}"
        case Division(numerator, denominator):
            yield f"numerator: {numerator} = {_number(result.numerator)}"
            yield f"denominator: {denominator} = {_number(result.denominator)}"
        case Formula(expression):
            yield f"formula: {expression.text}"
            yield from (f"  {_operand(name, result, others)}" for name in sorted(expression.names))
    for version in figure.versions:
        digest = short(version_digest(version.placed.rule))
        yield f"rule of {version.first} to {version.last}: {version.placed.place('id')}, version {digest}"
    if not figure.versions:
        yield f"rule: {figure.placed.place('id')}, version {short(result.rule)}"


def _credit_rules(result: KpiResult, figure: Figure, rules: KpiRules) -> Iterator[str]:
    """Of money that is credited, the rules that counted for some days of the period only."""
    reads_credits = any(measure.source.dataset == CREDITS.name for measure in figure.measures)
    for each in rules.credit_rules if reads_credits else ():
        if any(each.days):
            first, last = each.days[0] or result.start, each.days[1] or result.as_of
            named = f"{each.placed.place('id')}, version {short(version_digest(each.rule))}"
            yield f"credit rule of {first} to {last}: {named}"


def _shown(result: KpiResult) -> str:
    if result.value is None:
        return str(result.state)
    return f"{canonical_decimal(result.value)} {result.currency}".strip()


def _number(number: Decimal | None) -> str:
    return "missing" if number is None else canonical_decimal(number)


def _operand(name: str, result: KpiResult, others: list[KpiResult]) -> str:
    if name == DAYS_OF_PERIOD:
        return f"{name} = {days_of_period(result.start, result.as_of)}"
    mine = (result.grain, result.entity, result.start, result.as_of)
    same = [each for each in others if each.kpi == name and (each.grain, each.entity, each.start, each.as_of) == mine]
    found = next((each for each in same if each.currency in {"", result.currency}), None)
    return f"{name} = {_shown(found)}" if found else name
