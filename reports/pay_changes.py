"""What changed in somebody's pay against the month before, and why: rule, figures, days, or nothing to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.records import PayoutLine, Step


class Cause(StrEnum):
    NEW = "new"
    ENDED = "ended"
    RULE = "rule"
    FIGURE = "figure"
    DAYS = "days"
    PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; `name` is the input's name, or the rule's id, and the values are None where there is
    none."""

    cause: Cause
    name: str = ""
    before: Decimal | None = None
    now: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PayChange:
    """One payee, component and currency in both months; an amount is None where there was no line."""

    payee: str
    component: str
    scope: str
    currency: str
    before: Decimal | None
    now: Decimal | None
    changes: tuple[Change, ...]

    @property
    def difference(self) -> Decimal:
        return (self.now or Decimal(0)) - (self.before or Decimal(0))

    @property
    def is_unexplained(self) -> bool:
        """The amount differs, and nothing that made it does."""
        return bool(self.difference) and not self.changes


def pay_changes(before: Iterable[PayoutLine], now: Iterable[PayoutLine]) -> tuple[PayChange, ...]:
    """Every payee and component of either month, in their order."""
    earlier, later = _by_key(before), _by_key(now)
    return tuple(_change(earlier.get(key), later.get(key)) for key in sorted(earlier.keys() | later.keys()))


def changes_between(before: PayoutLine, now: PayoutLine) -> tuple[Change, ...]:
    """What differs in how two lines were made: the rule, the figures it read, the days that it counted."""
    if before.rule == now.rule and len(_headings(before)) != len(_headings(now)):
        return (Change(Cause.PARTS), *_figures(before, now))
    rule = (Change(Cause.RULE, _policy(now)),) if before.rule != now.rule else ()
    return (*rule, *_figures(before, now), *_days(before, now))


def _change(before: PayoutLine | None, now: PayoutLine | None) -> PayChange:
    line = now or before
    assert line is not None  # noqa: S101 - a key comes from one of the two
    if before is None or now is None:
        changes: tuple[Change, ...] = (Change(Cause.NEW if before is None else Cause.ENDED),)
    else:
        changes = changes_between(before, now)
    return PayChange(
        line.payee,
        line.component,
        line.scope,
        line.currency,
        before.amount if before else None,
        now.amount if now else None,
        changes,
    )


_Key = tuple[str, str, str]


def _by_key(lines: Iterable[PayoutLine]) -> Mapping[_Key, PayoutLine]:
    return {(line.payee, line.component, line.currency): line for line in lines}


def _figures(before: PayoutLine, now: PayoutLine) -> Iterator[Change]:
    earlier, later = _inputs(before), _inputs(now)
    for name in sorted(earlier.keys() | later.keys()):
        if earlier.get(name) != later.get(name):
            yield Change(Cause.FIGURE, name, earlier.get(name), later.get(name))


def _days(before: PayoutLine, now: PayoutLine) -> Iterator[Change]:
    """The share of the month differs, not only the length of the month."""
    for earlier, later in zip(_prorated(before), _prorated(now), strict=False):
        was, whole_then = _shares(earlier)
        days, whole_now = _shares(later)
        if was * whole_now != days * whole_then:
            yield Change(Cause.DAYS, later.name, was, days)


def _inputs(line: PayoutLine) -> dict[str, Decimal | None]:
    return {step.name: step.value for step in line.steps if step.kind == "input"}


def _headings(line: PayoutLine) -> list[Step]:
    return [step for step in line.steps if step.kind == "policy"]


def _policy(line: PayoutLine) -> str:
    named = [dict(step.inputs).get("policy", "") for step in _headings(line)]
    return named[-1] if named else ""


def _prorated(line: PayoutLine) -> list[Step]:
    return [
        step for step in line.steps if step.kind == "prorate" and {"days", "days of the period"} <= {*dict(step.inputs)}
    ]


def _shares(step: Step) -> tuple[Decimal, Decimal]:
    values = dict(step.inputs)
    return Decimal(values["days"]), Decimal(values["days of the period"])
