"""Work lists: the accounts of a collector for a day, in the order in which they are to be worked, each with its why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Why(StrEnum):
    """Why an account stands where it stands; a list has them in this order."""

    BROKEN_PROMISE = "broken_promise"
    PROMISE_DUE = "promise_due"
    LAST_DAY = "last_day_of_action"
    ACTION = "action_due"
    VALUE = "value"
    OPEN_PROMISE = "open_promise"
    NOT_TODAY = "not_today"


@dataclass(frozen=True, slots=True)
class NextAction:
    """The action of the treatment plan that is due first; `more` others are open besides."""

    title: str
    kind: str
    due_by: date
    titles: Mapping[str, str] = field(default_factory=dict)  # by language, where the plan has any
    more: int = 0


@dataclass(frozen=True, slots=True)
class Promised:
    due_on: date
    amount: Decimal
    currency: str
    is_broken: bool


@dataclass(frozen=True, slots=True)
class MayContact:
    """Hours on the debtor's clock; `left` are (left, of, days); `blocked` why not on this day, `also` what else the
    limits say."""

    starts: str
    ends: str
    left: tuple[tuple[int, int, int], ...]
    blocked: tuple[str, ...]
    also: tuple[str, ...]
    digital: bool

    @property
    def is_allowed(self) -> bool:
        return not self.blocked and self.starts < self.ends and all(left > 0 for left, _, _ in self.left)


@dataclass(frozen=True, slots=True)
class BestTime:
    """`calls` and `reached` are the debtor's own; `is_own` is false where only everybody's calls say so."""

    hour: int
    calls: int
    reached: int
    is_sure: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One account; `per_minute_estimate` is its expected recovery for a minute of work, in the comparison currency.

    `name` and `address` are filled on field lists alone: a visit needs them, a call does not.
    """

    account_id: str
    debtor_id: str
    employee_id: str
    team_id: str
    channel: str
    segment: str
    product: str
    language: str
    region: str
    branch_id: str
    currency: str
    overdue_amount: Decimal
    days_past_due: int
    why: Why
    decided: str
    action: NextAction | None
    promise: Promised | None
    may: MayContact
    best: BestTime | None
    per_minute_estimate: Decimal
    name: str = ""
    address: str = ""


def why_of(action: NextAction | None, promise: Promised | None, may: MayContact, day: date) -> Why:
    """The first that holds. A promise that is not due yet is left alone, unless the plan asks for something."""
    if not may.is_allowed:
        return Why.NOT_TODAY
    if promise is not None and promise.is_broken:
        return Why.BROKEN_PROMISE
    if promise is not None and promise.due_on <= day:
        return Why.PROMISE_DUE
    if action is not None:
        return Why.LAST_DAY if action.due_by <= day else Why.ACTION
    return Why.VALUE if promise is None else Why.OPEN_PROMISE


def urgency(promise: Promised | None, until: date) -> int:
    """The place of an account among those that somebody else takes over until a day, by its promise: broken lately, due
    by then, none, due later. As on a list, what is not due is waited for."""
    if promise is None:
        return 2
    if promise.is_broken:
        return 0
    return 1 if promise.due_on <= until else 3


def in_order(items: tuple[WorkItem, ...], *, by_territory: bool) -> tuple[WorkItem, ...]:
    """By reason, then by the last day of the action, then by what a minute brings; on field lists region by region, and
    in it branch by branch, the one with the most urgent account first."""
    ordered = sorted(items, key=_order)
    if not by_territory:
        return tuple(ordered)
    regions: dict[str, int] = {}
    branches: dict[tuple[str, str], int] = {}
    for place, item in enumerate(ordered):
        regions.setdefault(item.region, place)
        branches.setdefault((item.region, item.branch_id), place)
    return tuple(sorted(ordered, key=lambda item: (regions[item.region], branches[item.region, item.branch_id])))


def _order(item: WorkItem) -> tuple[int, date, Decimal, str]:
    due_by = item.action.due_by if item.action else date.max
    is_timed = item.why in {Why.LAST_DAY, Why.ACTION}
    return list(Why).index(item.why), due_by if is_timed else date.max, -item.per_minute_estimate, item.account_id
