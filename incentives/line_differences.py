"""What differs between a line of pay as it was stored and as it comes out now: by column, first the first of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from domain.ids import canonical_decimal, short
from domain.records import PayoutLine, Step

_MOST = 4


def what_differs(before: PayoutLine, now: PayoutLine) -> str:
    """The first column that differs with its rule line, before and after; then those that follow from it, and the rest.

    Columns are compared in the order of the calculation, each with its own name and part, so the first is where the
    difference comes from. Inputs of a policy stand in no order. Empty if nothing differs but places in rule files.
    """
    columns = tuple(_columns(_by_name(before.steps), _by_name(now.steps)))
    found = [*_first(columns), *_of_line(before, now)]
    if not found and _order(before) != _order(now):
        found = ["the columns stand in another order"]
    return "; ".join(found)


def _first(columns: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """`columns` are what differs, and where it stands."""
    if columns:
        what, line = columns[0]
        yield f"first at {what}{f' ({line})' if line else ''}"
    if len(columns) > 1:
        more = f" and {len(columns) - 1 - _MOST} more" if len(columns) - 1 > _MOST else ""
        yield f"then {', '.join(what for what, _ in columns[1 : 1 + _MOST])}{more}"


def _columns(before: Mapping[tuple[str, int], Step], now: Mapping[tuple[str, int], Step]) -> Iterator[tuple[str, str]]:
    for key in dict.fromkeys((*before, *now)):
        then, since = before.get(key), now.get(key)
        if then is None and since is not None:
            yield f"{key[0]}, which was not there: {_number(since.value)} now", since.line
        elif since is None and then is not None:
            yield f"{key[0]}, which is not there now: {_number(then.value)} before", then.line
        elif then and since and (said := ", ".join(_of_step(then, since))):
            yield f"{key[0]}: {said}", since.line


def _of_step(before: Step, now: Step) -> Iterator[str]:
    if before.value != now.value:
        yield f"{_number(before.value)} before, {_number(now.value)} now"
    then, since = dict(before.inputs), dict(now.inputs)
    for name in dict.fromkeys((*then, *since)):
        if then.get(name) != since.get(name):
            yield f"its {name} {then.get(name, 'nothing')} before, {since.get(name, 'nothing')} now"
    if before.kind != now.kind:
        yield f"a {before.kind} before, a {now.kind} now"
    if before.note != now.note:
        yield f'noted "{before.note}" before, "{now.note}" now'


def _of_line(before: PayoutLine, now: PayoutLine) -> Iterator[str]:
    if before.scope != now.scope:
        yield f"in {before.scope} before, in {now.scope} now"
    if before.rule != now.rule:
        yield f"by version {short(before.rule)} of its rule before, by {short(now.rule)} now"


def _by_name(steps: Iterable[Step]) -> dict[tuple[str, int], Step]:
    """Each column by its name, and how often the name stood before it: a line may have several parts."""
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], Step] = {}
    for step in steps:
        found[step.name, seen[step.name]] = step
        seen[step.name] += 1
    return found


def _order(line: PayoutLine) -> list[str]:
    return [step.name for step in line.steps if step.kind != "input"]


def _number(value: Decimal | None) -> str:
    return "no value" if value is None else canonical_decimal(value)
