"""Who approves pay, in which order and up to what amount, and on what terms pay is settled; as rule files say it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from domain.documents import Document, RuleModel
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.money import MINOR_DIGITS
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules
from incentives.ledger import BatchKind
from incentives.numbers import Name, Number
from incentives.sections import check_sections

SECTIONS = ("groups", "chains", "delegations", "pay_terms")

Limits = dict[str, Annotated[int, Field(ge=0)]]
"""Whole major units of each currency."""


class Person(RuleModel):
    """Somebody who may approve."""

    name: str = Field(min_length=1)
    """The name under which decisions are recorded; on PostgreSQL the login."""
    employee: str = ""
    """Employee id, so that nobody approves a batch that pays them."""


class ApproverGroup(Rule):
    """People who may approve; who they are on the day of a decision counts."""

    people: tuple[Person, ...] = Field(min_length=1)
    """The members."""


class Approvers(RuleModel):
    """A group that may approve in a step."""

    group: Name
    """Id of the group."""
    scopes: tuple[str, ...] = ()
    """Departments of bonuses, or partners of fees, for which it may; without it, for all."""
    up_to: Limits = Field(default_factory=dict)
    """The most that a batch may move; a currency that is not named may not be moved. Without it, no limit."""


class ChainStep(RuleModel):
    """One approval."""

    role: str = Field(min_length=1)
    """What the step is called."""
    approvers: tuple[Approvers, ...] = ()
    """Who may approve: any one of them."""
    above: Limits = Field(default_factory=dict)
    """The step is needed only for a batch that moves more than this; a currency that is not named always needs it."""


class ChainTerms(RuleModel):
    """What of a chain is frozen with a batch."""

    steps: tuple[ChainStep, ...] = Field(min_length=1)
    """The approvals, in order."""
    approval_days: int | None = Field(default=None, ge=1)
    """Days for which an approval stands; then it, and those that followed it, must be given again."""
    complete_within_days: int | None = Field(default=None, ge=1)
    """Days after the preparation within which everything is approved and published."""


class ApprovalChain(Rule, ChainTerms):
    """The approvals that a kind of batch needs."""

    batch: BatchKind
    """The kind of batch: bonus or fee."""

    @property
    def terms(self) -> ChainTerms:
        return ChainTerms(
            steps=self.steps, approval_days=self.approval_days, complete_within_days=self.complete_within_days
        )


class Delegation(Rule):
    """Somebody approves for somebody else, from `valid_from` up to the day before `valid_to`; never passed on."""

    of: str = Field(min_length=1)
    """Who is away."""
    to: str = Field(min_length=1)
    """Who approves instead, within the same limits."""
    roles: tuple[str, ...] = ()
    """Steps for which it holds; without it, all."""


class PayTerms(Rule):
    """How what was paid wrongly is taken back, and how long anything of a month can still change."""

    batch: BatchKind
    """The kind of batch: bonus or fee."""
    deductions: dict[str, Annotated[Number, Field(ge=0, le=1)]]
    """The most that is deducted for earlier months, as a share of what the department or contract pays in the month, by
    currency; what is more is carried forward. Of a currency that is not named nothing is deducted."""
    deductions_source: str = Field(min_length=1)
    """The law or agreement that the caps come from."""
    look_back_months: int = Field(ge=1, le=120)
    """So many months before the open one can be prepared again; what is older is closed for good."""
    dispute_days: int = Field(ge=0, le=366)
    """Days after publishing during which a line can be disputed."""
    open_cases: Literal["hold", "pay"]
    """What becomes of a line while a case on it is open."""
    upheld_cases: Literal["hold", "pay"]
    """What becomes of it after a case was upheld, until the adjustment that settles it is approved."""


class ApprovalFile(RuleModel):
    """A file below `incentives/approvals`."""

    groups: tuple[ApproverGroup, ...] = ()
    """Who may approve."""
    chains: tuple[ApprovalChain, ...] = ()
    """The approvals that each kind of batch needs."""
    delegations: tuple[Delegation, ...] = ()
    """Who approves for whom, and when."""
    pay_terms: tuple[PayTerms, ...] = ()
    """Deductions, look-back and disputes."""


@dataclass(frozen=True, slots=True)
class People:
    """Who may approve on a day: members by group, and for whom each delegate acts."""

    members: Mapping[str, tuple[Person, ...]]
    delegations: tuple[Delegation, ...] = ()

    def employee_ids(self, name: str) -> frozenset[str]:
        everyone = (person for group in self.members.values() for person in group)
        return frozenset(person.employee for person in everyone if person.name == name and person.employee)

    def is_in(self, name: str, group: str) -> bool:
        return any(person.name == name for person in self.members.get(group, ()))

    def principals(self, name: str, role: str) -> tuple[str, ...]:
        """For whom `name` may approve in the role."""
        return tuple(each.of for each in self.delegations if each.to == name and (not each.roles or role in each.roles))


OneOf = TypeVar("OneOf", ApprovalChain, PayTerms)


@dataclass(frozen=True, slots=True)
class ApprovalBook:
    """Everything that the files below `incentives/approvals` say, each in all its versions."""

    groups: tuple[Placed[ApproverGroup], ...] = ()
    chains: tuple[Placed[ApprovalChain], ...] = ()
    delegations: tuple[Placed[Delegation], ...] = ()
    pay_terms: tuple[Placed[PayTerms], ...] = ()

    def chain_on(self, kind: BatchKind, day: date) -> Placed[ApprovalChain] | None:
        return _one_on(self.chains, kind, day)

    def terms_on(self, kind: BatchKind, day: date) -> Placed[PayTerms] | None:
        return _one_on(self.pay_terms, kind, day)

    def people_on(self, day: date, is_signed: Mapping[RuleVersion, bool]) -> People:
        """Members and delegates of the day, by those versions alone that are signed."""
        groups = [each.rule for each in self.groups if each.rule.holds_on(day) and is_signed[each.version]]
        acting = [each.rule for each in self.delegations if each.rule.holds_on(day) and is_signed[each.version]]
        return People({group.id: group.people for group in groups}, tuple(acting))

    def placed(self) -> Iterator[Placed[Rule]]:
        yield from (*self.groups, *self.chains, *self.delegations, *self.pay_terms)  # type: ignore[misc]


def decode_approvals(documents: Iterable[Document]) -> tuple[ApprovalBook, tuple[Issue, ...]]:
    """The rules of approving and settling, or everything that is wrong with them.

    APV001 no such group, APV002 two rules for a kind of batch on one day, APV003 a step that nobody may approve,
    APV004 no such currency, APV005 a step that stands twice, APV006 a delegation that cannot work.
    """
    read = tuple(documents)
    issues = [issue for document in read for issue in check_sections(document, SECTIONS)]
    groups, of_groups = decode_rules(read, "groups", RuleKind.APPROVER_GROUP, ApproverGroup)
    chains, of_chains = decode_rules(read, "chains", RuleKind.APPROVAL_CHAIN, ApprovalChain)
    delegations, of_delegations = decode_rules(read, "delegations", RuleKind.DELEGATION, Delegation)
    terms, of_terms = decode_rules(read, "pay_terms", RuleKind.PAY_TERMS, PayTerms)
    book = ApprovalBook(groups, chains, delegations, terms)
    issues += [*of_groups, *of_chains, *of_delegations, *of_terms, *_faults(book, _named(read))]
    return book, tuple(sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code)))


def complete_by(terms: ChainTerms, prepared_on: date | None) -> date | None:
    """The last day on which a batch of these terms is approved and published; None where none is stated."""
    if prepared_on is None or terms.complete_within_days is None:
        return None
    return prepared_on + timedelta(days=terms.complete_within_days)


def _one_on(rules: Iterable[Placed[OneOf]], kind: BatchKind, day: date) -> Placed[OneOf] | None:
    return next((each for each in rules if each.rule.batch is kind and each.rule.holds_on(day)), None)


def _named(documents: Iterable[Document]) -> frozenset[str]:
    """Ids of all groups, wrong ones too: what names a group with a mistake in it is no second mistake."""
    entries = (document.data.get("groups") for document in documents if isinstance(document.data, dict))
    groups = (group for each in entries if isinstance(each, list) for group in each)
    return frozenset(str(group.get("id")) for group in groups if isinstance(group, dict))


def _faults(book: ApprovalBook, known: Collection[str]) -> Iterator[Issue]:
    for chain in book.chains:
        yield from _faults_of_chain(chain, known)
    for delegation in book.delegations:
        yield from _faults_of_delegation(delegation, book)
    for terms in book.pay_terms:
        yield from _unknown_currencies(terms, terms.rule.deductions, "deductions")
    yield from _rivals(book.chains)
    yield from _rivals(book.pay_terms)


def _faults_of_chain(placed: Placed[ApprovalChain], known: Collection[str]) -> Iterator[Issue]:
    roles = [step.role for step in placed.rule.steps]
    for index, step in enumerate(placed.rule.steps):
        path = ("steps", index)
        if step.role in roles[:index]:
            message = f'the step "{step.role}" stands here twice'
            yield Issue("APV005", placed.place(*path, "role"), message, "Give it a name of its own")
        yield from _unknown_currencies(placed, step.above, *path, "above")
        for number, approvers in enumerate(step.approvers):
            place = (*path, "approvers", number)
            if approvers.group not in known:
                message = f'no group "{approvers.group}"'
                yield Issue("APV001", placed.place(*place, "group"), message, suggestion(approvers.group, known))
            yield from _unknown_currencies(placed, approvers.up_to, *place, "up_to")
        if all(approvers.up_to for approvers in step.approvers):
            message = f'nobody may approve as "{step.role}" whatever a batch comes to'
            yield Issue("APV003", placed.place(*path), message, "Name a group without up_to")


def _faults_of_delegation(placed: Placed[Delegation], book: ApprovalBook) -> Iterator[Issue]:
    rule = placed.rule
    names = {person.name for group in book.groups for person in group.rule.people}
    roles = {step.role for chain in book.chains for step in chain.rule.steps}
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


def _unknown_currencies(placed: Placed[OneOf], limits: Iterable[str], *path: str | int) -> Iterator[Issue]:
    for currency in limits:
        if currency not in MINOR_DIGITS:
            hint = suggestion(currency, MINOR_DIGITS)
            yield Issue("APV004", placed.place(*path, currency), f'unknown currency "{currency}"', hint)


def _rivals(rules: Iterable[Placed[OneOf]]) -> Iterator[Issue]:
    ordered = sorted(rules, key=lambda placed: (placed.rule.valid_from, placed.rule.id))
    for one, other in combinations(ordered, 2):
        is_other = one.rule.id != other.rule.id and one.rule.batch is other.rule.batch
        if is_other and one.rule.holds_on(other.rule.valid_from):
            message = (
                f'"{one.rule.id}" and "{other.rule.id}" both hold for {other.rule.batch} on {other.rule.valid_from}'
            )
            yield Issue("APV002", other.place("id"), message, "End the older one with valid_to")
