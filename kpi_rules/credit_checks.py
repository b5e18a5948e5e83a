"""Checks of credit rules: their conditions and shares, and that their order says which comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from domain.catalogue import CATALOGUE
from domain.expressions import Expression, ExprType, parse, scope_of_columns
from domain.issues import Issue
from domain.rules import Placed
from kpi_rules.credit_language import (
    AnyCredit,
    CreditRule,
    ToHandover,
    ToHouse,
    ToLastContact,
    ToOwner,
    ToPromiseTaker,
    ToSplit,
)

PartTo = ToOwner | ToHouse | ToLastContact | ToPromiseTaker | ToHandover


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """Who has a stated share; `where` is the condition on contacts."""

    share: Decimal
    to: PartTo
    where: Expression | None


@dataclass(frozen=True, slots=True)
class CheckedCreditRule:
    placed: Placed[CreditRule]
    where: Expression | None
    parts: tuple[CheckedPart, ...]

    @property
    def rule(self) -> CreditRule:
        return self.placed.rule

    @property
    def date(self) -> str:
        """The column of the payment that says whose account it was: all parts of a rule agree on it."""
        dates = (owner.date for part in self.parts for owner in _owners(part.to))
        return next(dates, "paid_on")


def check_credit_rules(
    rules: Iterable[Placed[CreditRule]],
) -> tuple[tuple[CheckedCreditRule, ...], tuple[Issue, ...]]:
    """The rules whose conditions are sound, in the order in which they are tried, and what is wrong."""
    placed = sorted(rules, key=lambda rule: (rule.rule.order, rule.rule.id, rule.rule.valid_from))
    checked: list[CheckedCreditRule] = []
    issues: list[Issue] = list(_equal_orders(placed)) + list(_other_ways_over_accounts(placed))
    for rule in placed:
        where, wrong = _condition(rule)
        parts, wrong_parts = _parts(rule)
        found = (*wrong, *wrong_parts, *_shares(rule), *_dates(rule))
        issues.extend(found)
        if not found:
            checked.append(CheckedCreditRule(rule, where, parts))
    return tuple(checked), tuple(issues)


def _condition(rule: Placed[CreditRule]) -> tuple[Expression | None, tuple[Issue, ...]]:
    """A condition speaks of the columns of the payment only: they never change."""
    if rule.rule.where is None:
        return None, ()
    scope = scope_of_columns(CATALOGUE["payments"])
    return parse(rule.rule.where, scope, at=rule.place("where"), expect=ExprType.BOOL)


def _parts(rule: Placed[CreditRule]) -> tuple[tuple[CheckedPart, ...], tuple[Issue, ...]]:
    checked: list[CheckedPart] = []
    issues: list[Issue] = []
    for share, to, path in _stated_parts(rule.rule.to):
        where = None
        if isinstance(to, ToLastContact) and to.where is not None:
            scope = scope_of_columns(column for column in CATALOGUE["contacts"] if not column.personal)
            where, found = parse(to.where, scope, at=rule.place(*path, "where"), expect=ExprType.BOOL)
            issues.extend(found)
        checked.append(CheckedPart(share, to, where))
    return tuple(checked), tuple(issues)


def _stated_parts(to: AnyCredit) -> Iterator[tuple[Decimal, PartTo, tuple[str | int, ...]]]:
    """Each with its place in the rule. A handover has two: the owner before, and the owner."""
    match to:
        case ToSplit(parts=parts):
            yield from ((part.share, part.to, ("to", "parts", number, "to")) for number, part in enumerate(parts))
        case ToHandover(before=before):
            yield before, to, ("to",)
            yield 1 - before, ToOwner(kind="owner", date="paid_on"), ("to",)
        case _:
            yield Decimal(1), to, ("to",)


def _shares(rule: Placed[CreditRule]) -> Iterator[Issue]:
    if not isinstance(rule.rule.to, ToSplit):
        return
    whole = sum((part.share for part in rule.rule.to.parts), Decimal(0))
    if whole != 1:
        text = f"the shares sum to {whole:f}, expected 1"
        yield Issue("KPI041", rule.place("to", "parts"), text, "Make the parts sum to the whole payment")


def _dates(rule: Placed[CreditRule]) -> Iterator[Issue]:
    """Two owners by two dates could be two owners of one part."""
    dates = {owner.date for _, to, _ in _stated_parts(rule.rule.to) for owner in _owners(to)}
    if len(dates) > 1:
        text = "the rule asks for the owner on paid_on and on posted_on"
        yield Issue("KPI042", rule.place("to"), text, "Use one of the dates in all parts of a rule")


def _owners(to: PartTo) -> Iterator[ToOwner]:
    stated = to.otherwise if isinstance(to, ToLastContact | ToPromiseTaker) else to
    if isinstance(stated, ToOwner):
        yield stated


def _equal_orders(rules: list[Placed[CreditRule]]) -> Iterator[Issue]:
    for one, other in _at_once(rules):
        if one.rule.order == other.rule.order:
            text = f'"{other.rule.id}" and "{one.rule.id}" at {one.place("order")} have the same order'
            yield Issue(
                "KPI040", other.place("order"), text, "Number them apart: the first one whose condition holds counts"
            )


def _other_ways_over_accounts(rules: list[Placed[CreditRule]]) -> Iterator[Issue]:
    """What is overdue is filled once: two orders over the same accounts would fill it twice."""
    for one, other in _at_once([rule for rule in rules if rule.rule.over_accounts]):
        if one.rule.over_accounts != other.rule.over_accounts:
            text = f'"{other.rule.over_accounts}", but "{one.rule.over_accounts}" at {one.place("over_accounts")}'
            yield Issue("KPI043", other.place("over_accounts"), text, "Use one order in all credit rules of a time")


def _at_once(rules: list[Placed[CreditRule]]) -> Iterator[tuple[Placed[CreditRule], Placed[CreditRule]]]:
    for one, other in combinations(rules, 2):
        meet = one.rule.holds_on(other.rule.valid_from) or other.rule.holds_on(one.rule.valid_from)
        if meet and one.rule.id != other.rule.id:
            yield one, other
