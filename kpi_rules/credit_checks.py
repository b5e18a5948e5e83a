"""Checks of credit rules: their conditions, and that their order says which comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from domain.catalogue import CATALOGUE
from domain.expressions import Expression, ExprType, parse, scope_of_columns
from domain.issues import Issue
from domain.rules import Placed
from kpi_rules.language import CreditRule


@dataclass(frozen=True, slots=True)
class CheckedCreditRule:
    placed: Placed[CreditRule]
    where: Expression | None


def check_credit_rules(
    rules: Iterable[Placed[CreditRule]],
) -> tuple[tuple[CheckedCreditRule, ...], tuple[Issue, ...]]:
    """The rules whose conditions are sound, in the order in which they are tried, and what is wrong."""
    placed = sorted(rules, key=lambda rule: (rule.rule.order, rule.rule.id, rule.rule.valid_from))
    checked: list[CheckedCreditRule] = []
    issues: list[Issue] = list(_equal_orders(placed))
    for rule in placed:
        where, found = _condition(rule)
        issues.extend(found)
        if not found:
            checked.append(CheckedCreditRule(rule, where))
    return tuple(checked), tuple(issues)


def _condition(rule: Placed[CreditRule]) -> tuple[Expression | None, tuple[Issue, ...]]:
    """A condition speaks of the columns of the payment only: they never change, so a reversal finds the same rule."""
    if rule.rule.where is None:
        return None, ()
    scope = scope_of_columns(CATALOGUE["payments"])
    return parse(rule.rule.where, scope, at=rule.place("where"), expect=ExprType.BOOL)


def _equal_orders(rules: list[Placed[CreditRule]]) -> Iterator[Issue]:
    for one, other in combinations(rules, 2):
        same = one.rule.order == other.rule.order and one.rule.id != other.rule.id
        if same and (one.rule.holds_on(other.rule.valid_from) or other.rule.holds_on(one.rule.valid_from)):
            text = f'"{other.rule.id}" and "{one.rule.id}" at {one.place("order")} have the same order'
            yield Issue(
                "KPI040", other.place("order"), text, "Number them apart: the first one whose condition holds counts"
            )
