"""Cases and uplifts of a schedule that can never count, because those before them hold wherever they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.expressions import Expression, ExprType, never_first, parse
from domain.issues import Issue, Location, Severity
from incentives.fee_names import SCOPE
from incentives.ready_contracts import ReadyContract


def overlaps(ready: ReadyContract) -> Iterator[Issue]:
    """CON038, a warning: a case that is never reached, an uplift that never counts. Only what can be proved is said."""
    schedule, placed = ready.contract.schedule, ready.placed
    for index in never_first(_conditions([case.when for case in schedule.cases]), SCOPE):
        if all(case.when is not None for case in schedule.cases[:index]):  # else CON034 has said it
            message = f"case {index + 1} is never reached: wherever it holds, a case before it does"
            place = placed.place("schedule", "cases", index)
            yield Issue("CON038", place, message, "Put it before them, or take it out", Severity.WARNING)
    for index in never_first(_conditions([uplift.when for uplift in schedule.uplifts]), SCOPE):
        message = f"uplift {index + 1} never counts: wherever it holds, one before it does, and only the first counts"
        place = placed.place("schedule", "uplifts", index)
        yield Issue("CON038", place, message, "Put the highest first", Severity.WARNING)


def _conditions(texts: Sequence[str | None]) -> list[Expression | None]:
    """Parsed again: they were found sound when the contract was made ready."""
    return [None if text is None else _parsed(text) for text in texts]


def _parsed(text: str) -> Expression:
    expression, issues = parse(text, SCOPE, at=Location(""), expect=ExprType.BOOL)
    if expression is None:
        raise ValueError(f"{text} was sound: {issues}")
    return expression
