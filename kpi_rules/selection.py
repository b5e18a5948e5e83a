"""Applicants who want to become partners: points by criteria, knock-outs, and a rank that explains itself.

Every applicant is judged by itself, so that no order of rows can matter; the rank only sorts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue, Location
from domain.money import CONTEXT
from kpi_rules.standing_language import Criterion, SelectionRule, ValuePoint

OWN_COLUMNS = ("applicant", "legal_type")


@dataclass(frozen=True, slots=True)
class Applicant:
    """A row of the application sheet: what was answered, by the column; `place` says where it stands."""

    name: str
    legal_type: str
    answers: Mapping[str, str]
    place: Location


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """A criterion: what was answered, the points of it, the weight and what they come to."""

    criterion: str
    title: str
    answer: str
    points: Decimal | None
    weight: Decimal
    contribution: Decimal
    note: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """`knocked_out` are the reasons for which the applicant is out, whatever the result; `rank` counts those who are
    not, and those with one result share it."""

    applicant: str
    result: Decimal
    parts: tuple[JudgedPart, ...]
    knocked_out: tuple[str, ...]
    is_chosen: bool
    rank: int | None = None


def judged(rule: SelectionRule, applicants: Iterable[Applicant], permitted: Collection[str]) -> tuple[Judged, ...]:
    """Everybody, best first, those who are knocked out last; `permitted` are the legal types that may collect there."""
    found = [_judged(rule, each, permitted) for each in applicants]
    known = [each.result for each in found if not each.knocked_out]
    ranked = [
        each if each.knocked_out else replace(each, rank=1 + sum(other > each.result for other in known))
        for each in found
    ]
    return tuple(sorted(ranked, key=lambda each: (each.rank is None, each.rank or 0, -each.result, each.applicant)))


def sheet_faults(rule: SelectionRule, header: Sequence[str], place: Location) -> Iterator[Issue]:
    """Columns that the sheet lacks, or that no criterion reads; a sheet with any of them judges nobody."""
    wanted = (*OWN_COLUMNS, *(each.id for each in rule.criteria))
    for name in wanted:
        if name not in header:
            yield Issue("SEL001", place, f'no column "{name}"', suggestion(name, header))
    for name in header:
        if name not in wanted:
            yield Issue("SEL002", place, f'nothing reads the column "{name}"', suggestion(name, wanted))


def answer_faults(rule: SelectionRule, applicants: Iterable[Applicant]) -> Iterator[Issue]:
    """Answers that are no number, or no choice that there is, and applicants who stand there twice."""
    seen: set[str] = set()
    for each in applicants:
        if not each.name or each.name in seen:
            text = f'"{each.name}" stands twice' if each.name else "an applicant without a name"
            yield Issue("SEL003", each.place, text, "Name every applicant once")
        seen.add(each.name)
        for criterion in rule.criteria:
            answer = each.answers.get(criterion.id, "")
            if criterion.choices is not None and answer and answer not in criterion.choices:
                hint = suggestion(answer, criterion.choices)
                yield Issue("SEL004", each.place, f'{criterion.id}: "{answer}" is no answer that there is', hint)
            if criterion.points is not None and answer and _number(answer) is None:
                text = f'{criterion.id}: "{answer}" is no number'
                yield Issue("SEL004", each.place, text, "Write digits, and a point before decimals")


def _judged(rule: SelectionRule, applicant: Applicant, permitted: Collection[str]) -> Judged:
    parts = tuple(_part(each, applicant) for each in rule.criteria)
    result = sum((each.contribution for each in parts), Decimal(0))
    out = tuple(_knock_outs(rule, applicant, parts, permitted))
    return Judged(applicant.name, result, parts, out, is_chosen=not out and result >= rule.at_least)


def _part(criterion: Criterion, applicant: Applicant) -> JudgedPart:
    answer = applicant.answers.get(criterion.id, "")
    points = _points(criterion, answer)
    note = "" if answer else "nothing said"
    return JudgedPart(criterion.id, criterion.title, answer, points, criterion.weight,
                      CONTEXT.multiply(criterion.weight, points or Decimal(0)), note)  # fmt: skip


def _points(criterion: Criterion, answer: str) -> Decimal | None:
    if criterion.choices is not None:
        return criterion.choices.get(answer)
    number = _number(answer)
    return None if number is None or criterion.points is None else on_line(criterion.points, number)


def on_line(points: Sequence[ValuePoint], value: Decimal) -> Decimal:
    """Straight lines between the stated points; before the first and after the last, theirs."""
    if value <= points[0].value:
        return points[0].points
    if value >= points[-1].value:
        return points[-1].points
    low, high = next(pair for pair in pairwise(points) if value <= pair[1].value)
    gone = CONTEXT.multiply(value - low.value, high.points - low.points)
    return CONTEXT.add(low.points, CONTEXT.divide(gone, high.value - low.value))


def _knock_outs(
    rule: SelectionRule, applicant: Applicant, parts: Iterable[JudgedPart], permitted: Collection[str]
) -> Iterator[str]:
    if applicant.legal_type not in permitted:
        may = ", ".join(sorted(permitted)) or "nobody"
        yield f"type {applicant.legal_type} may not collect in {rule.jurisdiction}: {may} may"
    for criterion, part in zip(rule.criteria, parts, strict=True):
        if part.points is None and criterion.missing == "knocked_out":
            yield f"{part.title}: nothing said"
        elif criterion.at_least is not None and (part.points or Decimal(0)) < criterion.at_least:
            shown = canonical_decimal(round(part.points or Decimal(0), 2))
            yield f"{part.title}: {shown} points, at least {canonical_decimal(criterion.at_least)} are needed"


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace("_", "")) if text else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None
