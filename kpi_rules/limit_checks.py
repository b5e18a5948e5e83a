"""Checks of limits: their conditions, and that they forbid something and allow something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.catalogue import CATALOGUE
from domain.expressions import Expression, ExprType, Scope, parse, scope_of_columns
from domain.issues import Issue
from domain.rules import Placed
from domain.tables import Column, Type
from kpi_rules.limit_language import Limit, Never, OnDays, OutsideHours, TooSoon, Weekday

_OF_CONTACTS = ("employee_id", "partner_id", "channel", "direction", "outcome", "duration_seconds")
_OF_ACCOUNTS = ("product", "region", "originator", "days_past_due", "status", "hold", "consent")


def _columns() -> Iterator[Column]:
    yield from (CATALOGUE["contacts"][name] for name in _OF_CONTACTS)
    yield from (CATALOGUE["accounts"][name] for name in _OF_ACCOUNTS)
    role = CATALOGUE["parties"]["role"]
    yield Column("party_role", Type.CODE, role.meaning, codes=role.codes)
    yield CATALOGUE["parties"]["duty_to_repay"]


# What conditions of limits may name.
LIMIT_COLUMNS: Mapping[str, Column] = MappingProxyType({column.name: column for column in _columns()})


@dataclass(frozen=True, slots=True)
class CheckedLimit:
    placed: Placed[Limit]
    where: Expression | None
    after: Expression | None

    @property
    def rule(self) -> Limit:
        return self.placed.rule


def check_limits(limits: Iterable[Placed[Limit]]) -> tuple[tuple[CheckedLimit, ...], tuple[Issue, ...]]:
    """The limits whose conditions are sound, by id and first day, and what is wrong."""
    checked: list[CheckedLimit] = []
    issues: list[Issue] = []
    for placed in sorted(limits, key=lambda each: (each.rule.id, each.rule.valid_from)):
        forbids, scope = placed.rule.forbids, scope_of_columns(LIMIT_COLUMNS.values())
        where, of_where = _condition(placed, scope, placed.rule.where, "where")
        text = forbids.after if isinstance(forbids, TooSoon) else None
        after, of_after = _condition(placed, scope, text, "forbids", "after")
        found = (*of_where, *of_after, *_empty(placed))
        issues.extend(found)
        if not found:
            checked.append(CheckedLimit(placed, where, after))
    return tuple(checked), tuple(issues)


def _condition(
    placed: Placed[Limit], scope: Scope, text: str | None, *path: str
) -> tuple[Expression | None, tuple[Issue, ...]]:
    if text is None:
        return None, ()
    return parse(text, scope, at=placed.place(*path), expect=ExprType.BOOL)


def _empty(placed: Placed[Limit]) -> Iterator[Issue]:
    """Limits that forbid nothing, or everything, by mistake."""
    match placed.rule.forbids:
        case OutsideHours(starts=starts, ends=ends) if starts >= ends:
            text = f"the hours from {starts} to {ends} are none"
            yield Issue("KPI060", placed.place("forbids", "starts"), text, "State the hours that are allowed, in order")
        case OnDays(weekdays=weekdays, holidays=holidays) if not weekdays and not holidays:
            hint = f"State weekdays ({', '.join(Weekday)}), or holidays: true"
            yield Issue("KPI061", placed.place("forbids"), "no day is forbidden", hint)
        case Never() if placed.rule.where is None:
            yield Issue("KPI062", placed.place("forbids"), "every contact is forbidden", "Say which: where")
