"""What `recoup check` finds in the rules of who approves and decides: unknown names, rivals, gaps, what cannot work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import TypeVar

from domain.expressions.parse import suggestion
from domain.issues import Issue, Severity
from domain.money import MINOR_DIGITS
from domain.rules import AnyRule, Placed, Rule
from incentives.approvers import ApproverGroup, Approvers, Delegation, PayDecision
from incentives.authority import About, Authority, belongs
from incentives.chains import ApprovalChain, PayTerms

Path = tuple[str | int, ...]
OneOf = TypeVar("OneOf", ApprovalChain, Authority, PayTerms)


def approval_faults(
    groups: Collection[Placed[ApproverGroup]],
    chains: Collection[Placed[ApprovalChain]],
    authorities: Collection[Placed[Authority]],
    delegations: Collection[Placed[Delegation]],
    terms: Collection[Placed[PayTerms]],
    known: Collection[str],
) -> Iterator[Issue]:
    """`known` are the ids of all groups, those with mistakes too.

    APV001 no such group, APV002 two rules for the same on one day, APV003 what nobody may decide, APV004 no such
    currency, APV005 a step that stands twice, APV006 a delegation that cannot work, APV007 a decision about something
    else, APV008 a decision that nobody is named for, APV009 days without a rule or a group, APV010 one person on both
    sides, APV011 a group that stands twice.
    """
    for chain in chains:
        yield from _faults_of_chain(chain, known)
        yield from _groups_that_end(chain, _approvers_of_chain(chain), groups)
    for authority in authorities:
        yield from _faults_of_authority(authority, known)
        yield from _groups_that_end(authority, _approvers_of_authority(authority), groups)
        yield from _one_person_on_both_sides(authority, groups)
    for delegation in delegations:
        yield from _faults_of_delegation(delegation, groups, chains)
    for each in terms:
        yield from _unknown_currencies(each, each.rule.deductions, ("deductions",))
    yield from _rivals(chains, lambda rule: f"{rule.batch}")
    yield from _rivals(authorities, lambda rule: f"{rule.about}")
    yield from _rivals(terms, lambda rule: f"{rule.batch}")
    yield from _days_without_authority(chains, authorities)


def _faults_of_chain(placed: Placed[ApprovalChain], known: Collection[str]) -> Iterator[Issue]:
    roles = [step.role for step in placed.rule.steps]
    for index, step in enumerate(placed.rule.steps):
        path = ("steps", index)
        if step.role in roles[:index]:
            message = f'the step "{step.role}" stands here twice'
            yield Issue("APV005", placed.place(*path, "role"), message, "Give it a name of its own")
        yield from _unknown_currencies(placed, step.above, (*path, "above"))
        yield from _faults_of_approvers(placed, step.approvers, (*path, "approvers"), known)
        if all(approvers.up_to for approvers in step.approvers):
            message = f'nobody may approve as "{step.role}" whatever a batch comes to'
            yield Issue("APV003", placed.place(*path), message, "Name a group without up_to")


def _faults_of_authority(placed: Placed[Authority], known: Collection[str]) -> Iterator[Issue]:
    about = placed.rule.about
    for decision, approvers in placed.rule.decisions.items():
        path = ("decisions", decision.value)
        if not belongs(decision, about):
            where = "about: month" if about is not About.MONTH else "about: bonus or about: fee"
            message = f'"{decision}" is not decided about {_ABOUT[about]}'
            yield Issue("APV007", placed.document.key_place((*placed.path, *path)), message, f"It stands with {where}")
            continue
        yield from _faults_of_approvers(placed, approvers, path, known)
        if about is About.MONTH and any(each.scopes or each.up_to for each in approvers):
            message = "a month is of no single department, and of no amount"
            yield Issue("APV007", placed.place(*path), message, "Take scopes and up_to out")
        elif all(each.up_to for each in approvers):
            message = f'nobody may "{decision}" whatever it comes to'
            yield Issue("APV003", placed.place(*path), message, "Name a group without up_to")
    if placed.rule.unsaid:
        message = f"of {_ABOUT[about]} it says of nobody who may {', '.join(placed.rule.unsaid)}"
        hint = "Those may who approve a step of the chain; name somebody if that is not what you want"
        yield Issue("APV008", placed.place("decisions"), message, hint, Severity.WARNING)


_ABOUT = {About.BONUS: "bonuses", About.FEE: "fees", About.MONTH: "months"}


def _faults_of_approvers(
    placed: Placed[AnyRule],
    approvers: tuple[Approvers, ...],
    path: Path,
    known: Collection[str],
) -> Iterator[Issue]:
    for number, each in enumerate(approvers):
        place = (*path, number)
        if each.group not in known:
            message = f'no group "{each.group}"'
            yield Issue("APV001", placed.place(*place, "group"), message, suggestion(each.group, known))
        yield from _unknown_currencies(placed, each.up_to, (*place, "up_to"))
        if any(_overlap(other, each) for other in approvers[:number]):
            message = f'the group "{each.group}" stands here twice for the same; the wider limit would count'
            yield Issue("APV011", placed.place(*place), message, "Say it once, or for other scopes")


def _overlap(one: Approvers, other: Approvers) -> bool:
    is_apart = bool(one.scopes and other.scopes) and not set(one.scopes) & set(other.scopes)
    return one.group == other.group and not is_apart


def _groups_that_end(
    placed: Placed[AnyRule], named: Iterable[Approvers], groups: Iterable[Placed[ApproverGroup]]
) -> Iterator[Issue]:
    """Days on which the rule holds, and a group that it names does not."""
    versions = tuple(groups)
    for name in sorted({each.group for each in named}):
        group = [each for each in versions if each.rule.id == name]
        day = _first_without(placed.rule, group) if group else None
        if day:
            message = f'from {day} on there is no group "{name}", which "{placed.rule.id}" names'
            hint = "Give the group a version for these days, or end the rule"
            yield Issue("APV009", placed.place("id"), message, hint, Severity.WARNING)


def _days_without_authority(
    chains: Collection[Placed[ApprovalChain]], authorities: Collection[Placed[Authority]]
) -> Iterator[Issue]:
    """Days on which a chain holds, but nothing says who decides, although it is said of other days."""
    for chain in chains:
        for about in (About(chain.rule.batch.value), About.MONTH):
            said = [each for each in authorities if each.rule.about is about]
            day = _first_without(chain.rule, said) if said else None
            if day:
                message = f"from {day} on no authorities say who decides about {_ABOUT[about]}"
                hint = "Those may who approve a step of the chain; let a version begin there"
                last = max((each for each in said), key=lambda each: each.rule.valid_from)
                yield Issue("APV009", last.place("id"), message, hint, Severity.WARNING)


def _first_without(rule: Rule, others: Collection[Placed[OneOf]] | Collection[Placed[ApproverGroup]]) -> date | None:
    """The first day on which the rule holds and none of the others does."""
    days = [rule.valid_from, *(each.rule.valid_to for each in others if each.rule.valid_to)]
    return min(
        (day for day in days if rule.holds_on(day) and not any(each.rule.holds_on(day) for each in others)),
        default=None,
    )


def _one_person_on_both_sides(placed: Placed[Authority], groups: Iterable[Placed[ApproverGroup]]) -> Iterator[Issue]:
    """Who proposes does not approve, and who opens does not resolve: one person alone can do neither."""
    people = {each.rule.id: {person.name for person in each.rule.people} for each in groups}
    said = placed.rule.decisions
    for one, other in _TWO_PEOPLE:
        if one not in said or other not in said:
            continue
        sides = [{name for each in said[side] for name in people.get(each.group, ())} for side in (one, other)]
        if sides[0] == sides[1] and len(sides[0]) == 1:
            message = f"{min(sides[0])} alone may {one} and {other}, and nobody may do both"
            place = placed.place("decisions", other.value)
            yield Issue("APV010", place, message, "Name somebody else for one of them", Severity.WARNING)


_TWO_PEOPLE = (
    (PayDecision.PROPOSE_ADJUSTMENT, PayDecision.APPROVE_ADJUSTMENT),
    (PayDecision.OPEN_DISPUTE, PayDecision.UPHOLD_DISPUTE),
    (PayDecision.OPEN_DISPUTE, PayDecision.REJECT_DISPUTE),
)


def _approvers_of_chain(placed: Placed[ApprovalChain]) -> Iterator[Approvers]:
    return (each for step in placed.rule.steps for each in step.approvers)


def _approvers_of_authority(placed: Placed[Authority]) -> Iterator[Approvers]:
    return (each for approvers in placed.rule.decisions.values() for each in approvers)


def _faults_of_delegation(
    placed: Placed[Delegation], groups: Iterable[Placed[ApproverGroup]], chains: Iterable[Placed[ApprovalChain]]
) -> Iterator[Issue]:
    rule = placed.rule
    names = {person.name for group in groups for person in group.rule.people}
    roles = {step.role for chain in chains for step in chain.rule.steps}
    if rule.of not in names:
        message = f'"{rule.of}" is in no group, and has nothing to delegate'
        yield Issue("APV006", placed.place("of"), message, suggestion(rule.of, names))
    if rule.of == rule.to:
        yield Issue("APV006", placed.place("to"), f'"{rule.to}" cannot act for themselves', "Name somebody else")
    if rule.valid_to is None:
        yield Issue("APV006", placed.place("id"), "a delegation ends on a day", "Add valid_to")
    for index, role in enumerate(rule.roles):
        if roles and role not in roles:
            yield Issue("APV006", placed.place("roles", index), f'no step "{role}"', suggestion(role, roles))


def _unknown_currencies(placed: Placed[AnyRule], limits: Iterable[str], path: Path) -> Iterator[Issue]:
    for currency in limits:
        if currency not in MINOR_DIGITS:
            hint = suggestion(currency, MINOR_DIGITS)
            yield Issue("APV004", placed.place(*path, currency), f'unknown currency "{currency}"', hint)


def _rivals(rules: Iterable[Placed[OneOf]], subject: Callable[[OneOf], str]) -> Iterator[Issue]:
    ordered = sorted(rules, key=lambda placed: (placed.rule.valid_from, placed.rule.id))
    for one, other in combinations(ordered, 2):
        is_other = one.rule.id != other.rule.id and subject(one.rule) == subject(other.rule)
        if is_other and one.rule.holds_on(other.rule.valid_from):
            message = (
                f'"{one.rule.id}" and "{other.rule.id}" both hold for {subject(other.rule)} on {other.rule.valid_from}'
            )
            yield Issue("APV002", other.place("id"), message, "End the older one with valid_to")
