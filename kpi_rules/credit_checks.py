"""Checks of credit rules: their conditions and shares, and that their order says which comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations

from domain.catalogue import CATALOGUE
from domain.expressions import Expression, ExprType, parse, scope_of_columns
from domain.issues import Issue
from domain.periods import Period
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
from kpi_rules.versions import check_refused, counting_days

PartTo = ToOwner | ToHouse | ToLastContact | ToPromiseTaker | ToHandover


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """Who has a stated share; `where` is the condition on contacts."""

    share: Decimal
    to: PartTo
    where: Expression | None


@dataclass(frozen=True, slots=True)
class CheckedCreditRule:
    """`days`: the first and the last day of booking that it counts for, or None where there is no such bound."""

    placed: Placed[CreditRule]
    where: Expression | None
    parts: tuple[CheckedPart, ...]
    days: tuple[date | None, date | None] = (None, None)

    @property
    def rule(self) -> CreditRule:
        return self.placed.rule

    @property
    def date(self) -> str:
        """The column of the payment that says whose account it was: all parts of a rule agree on it."""
        dates = (owner.date for part in self.parts for owner in _owners(part.to))
        return next(dates, "paid_on")


def credit_rules_of(rules: Iterable[CheckedCreditRule], day: date) -> tuple[CheckedCreditRule, ...]:
    """Those that payments of the month up to the day go by, each with its days, in the order in which they are tried.

    A version that holds on the first of the month has no first day, so that a payment of an earlier month which a
    reversal of this one takes back goes by the rules of the first.
    """
    known, start = {(each.rule.id, each.rule.valid_from): each for each in rules}, Period.of(day).start
    counting = {
        (rule.id, rule.valid_from): (first if first > start else None, last if last < day else None)
        for rule, (first, last) in counting_days((each.rule for each in known.values()), day)
    }
    return tuple(replace(each, days=counting[key]) for key, each in known.items() if key in counting)


def check_credit_rules(
    rules: Iterable[Placed[CreditRule]],
) -> tuple[tuple[CheckedCreditRule, ...], tuple[Issue, ...]]:
    """The rules whose conditions are sound, in the order in which they are tried, and what is wrong."""
    placed = sorted(rules, key=lambda rule: (rule.rule.order, rule.rule.id, rule.rule.valid_from))
    checked: list[CheckedCreditRule] = []
    issues: list[Issue] = [*_equal_orders(placed), *_other_ways_over_accounts(placed), *check_refused(placed)]
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
    for one, other in combinations(rules, 2):
        if one.rule.order == other.rule.order and one.rule.id != other.rule.id and _count_at_once(one.rule, other.rule):
            text = f'"{other.rule.id}" and "{one.rule.id}" at {one.place("order")} have the same order'
            yield Issue(
                "KPI040", other.place("order"), text, "Number them apart: the first one whose condition holds counts"
            )


def _count_at_once(one: CreditRule, other: CreditRule) -> bool:
    """Whether a payment may be tried against both: one that says `whole_month` counts from the first of its month."""
    return _counts_from(one) < _end(other) and _counts_from(other) < _end(one)


def _counts_from(rule: CreditRule) -> date:
    return Period.of(rule.valid_from).start if rule.changes == "whole_month" else rule.valid_from


def _end(rule: CreditRule) -> date:
    return rule.valid_to or date.max


def _other_ways_over_accounts(rules: list[Placed[CreditRule]]) -> Iterator[Issue]:
    """What is overdue is filled once a month: two orders over the same accounts would fill it twice."""
    spreading = sorted((each for each in rules if each.rule.over_accounts), key=lambda each: each.rule.valid_from)
    for one, other in combinations(spreading, 2):
        if one.rule.over_accounts != other.rule.over_accounts and _count_in_one_month(one.rule, other.rule):
            text = f'"{other.rule.over_accounts}", but "{one.rule.over_accounts}" at {one.place("over_accounts")}'
            hint = "Use one order in all credit rules of a month"
            yield Issue("KPI043", other.place("over_accounts"), text, hint)


def _count_in_one_month(one: CreditRule, other: CreditRule) -> bool:
    """`other` begins later, or on the same day; a version for the whole month leaves nothing to the one before it."""
    if one.id == other.id and other.changes == "whole_month":
        return False
    return Period.of(other.valid_from).start < _end(one)
