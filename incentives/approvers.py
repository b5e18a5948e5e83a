"""People who decide about pay: in which groups, up to which amounts, and who acts for whom while they are away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.documents import RuleModel
from domain.money import from_minor
from domain.rules import Rule
from incentives.numbers import Name

Limits = dict[str, Annotated[int, Field(ge=0)]]
"""Whole major units of each currency."""


class PayDecision(StrEnum):
    """What people decide about pay beside approving batches; publishing computes and decides nothing."""

    RETURN = "return"
    HOLD = "hold"
    RELEASE = "release"
    HOLD_PAYEE = "hold_payee"
    RELEASE_PAYEE = "release_payee"
    PROPOSE_ADJUSTMENT = "propose_adjustment"
    APPROVE_ADJUSTMENT = "approve_adjustment"
    REJECT_ADJUSTMENT = "reject_adjustment"
    OPEN_DISPUTE = "open_dispute"
    ANSWER_DISPUTE = "answer_dispute"
    UPHOLD_DISPUTE = "uphold_dispute"
    REJECT_DISPUTE = "reject_dispute"
    DECIDE_CLAIM = "decide_claim"
    CONFIRM_CLAIM = "confirm_claim"
    ACCEPT_INVOICE = "accept_invoice"
    CLOSE = "close"
    REOPEN = "reopen"


class Person(RuleModel):
    """Somebody who may decide."""

    name: str = Field(min_length=1)
    """The name under which decisions are recorded; on PostgreSQL the login."""
    employee: str = ""
    """Employee id, so that nobody decides about their own pay."""


class ApproverGroup(Rule):
    """People who may decide; who they are on the day of a decision counts."""

    people: tuple[Person, ...] = Field(min_length=1)
    """The members."""


class Approvers(RuleModel):
    """A group that may approve in a step, or decide."""

    group: Name
    """Id of the group."""
    scopes: tuple[str, ...] = ()
    """Departments of bonuses, or partners of fees, for which it may; without it, for all."""
    up_to: Limits = Field(default_factory=dict)
    """The most that a batch or a decision may move; a currency that is not named may not be moved. Without it, no
    limit."""

    def are_for(self, scope: str) -> bool:
        return not self.scopes or scope in self.scopes

    def may_move(self, moves_minor: Mapping[str, int]) -> bool:
        return not self.up_to or not exceeded(moves_minor, self.up_to)


class Delegation(Rule):
    """Somebody decides for somebody else, from `valid_from` up to the day before `valid_to`; never passed on."""

    of: str = Field(min_length=1)
    """Who is away."""
    to: str = Field(min_length=1)
    """Who decides instead, within the same limits."""
    to_employee: str | None = None
    """Employee id of whoever decides instead, if no group says it: nobody decides about their own pay."""
    roles: tuple[str, ...] = ()
    """Steps of chains for which it holds; without it and `decisions`, it holds for everything."""
    decisions: tuple[PayDecision, ...] = ()
    """Other decisions for which it holds."""

    def covers_role(self, role: str) -> bool:
        return role in self.roles if self.roles or self.decisions else True

    def covers(self, decision: PayDecision) -> bool:
        return decision in self.decisions if self.roles or self.decisions else True


@dataclass(frozen=True, slots=True)
class People:
    """Who may decide on a day: members by group, and for whom each delegate acts."""

    members: Mapping[str, tuple[Person, ...]]
    delegations: tuple[Delegation, ...] = ()

    def employee_ids(self, name: str) -> frozenset[str]:
        everyone = (person for group in self.members.values() for person in group)
        as_member = {person.employee for person in everyone if person.name == name and person.employee}
        as_delegate = {each.to_employee for each in self.delegations if each.to == name and each.to_employee}
        return frozenset(as_member | as_delegate)

    def is_in(self, name: str, group: str) -> bool:
        return any(person.name == name for person in self.members.get(group, ()))

    def names_in(self, group: str) -> tuple[str, ...]:
        return tuple(person.name for person in self.members.get(group, ()))

    def principals(self, name: str, role: str) -> tuple[str, ...]:
        """For whom `name` may approve in the role."""
        return tuple(each.of for each in self.delegations if each.to == name and each.covers_role(role))

    def principals_of(self, name: str, decision: PayDecision) -> tuple[str, ...]:
        """For whom `name` may decide this."""
        return tuple(each.of for each in self.delegations if each.to == name and each.covers(decision))


def exceeded(moves_minor: Mapping[str, int], limits: Limits) -> tuple[str, ...]:
    """The currencies of which more is moved than the limit; of one without a limit, whatever is moved is more."""
    return tuple(
        currency
        for currency, minor in sorted(moves_minor.items())
        if minor and (currency not in limits or from_minor(minor, currency) > limits[currency])
    )


def limits_shown(limits: Limits) -> str:
    return ", ".join(f"{amount:,} {currency}" for currency, amount in sorted(limits.items()))


def moves_shown(moves_minor: Mapping[str, int]) -> str:
    moved = sorted(moves_minor.items())
    return ", ".join(f"{from_minor(minor, currency):,f} {currency}" for currency, minor in moved) or "nothing"


def furthest(approvers: Iterable[Approvers]) -> Approvers:
    """Of several with limits, the one who may move most."""
    return max(approvers, key=lambda each: max(each.up_to.values(), default=0))
