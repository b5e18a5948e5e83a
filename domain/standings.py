"""How a partner stands: the states from good to termination proposed, what figures propose, what people decide.

A month proposes; people decide; only what they decided is in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.ids import RunId


class PartnerState(StrEnum):
    """From best to worst."""

    GOOD = "good"
    WATCH = "watch"
    RECTIFICATION = "rectification"
    SUSPENSION = "suspension"
    TERMINATION = "termination"  # proposed: ending the contract itself is a letter, and no decision of this system

    @property
    def rank(self) -> int:
        return list(PartnerState).index(self)

    @property
    def is_suspended(self) -> bool:
        """Whether the partner gets no new placements."""
        return self.rank >= PartnerState.SUSPENSION.rank

    def is_worse_than(self, other: PartnerState) -> bool:
        return self.rank > other.rank


class Placed(StrEnum):
    """What becomes of what a suspended partner has."""

    KEEPS = "keeps"
    RECALLED = "recalled"


class StandingDecisionKind(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MonthFigure:
    """A figure of one month as a condition read it: with its interval, and the cases behind it, where there are any."""

    period: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    cases: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """A condition in words, whether it held, and the figures of the months that it looked at, this one first."""

    condition: str
    holds: bool
    figures: tuple[MonthFigure, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class StandingReview:
    """What a month's figures, or a person, propose for a partner: `proposed` equals `before` where nothing changes.

    `decided_by` are the groups of people who decide, one person of each in this order; `placed` says what becomes of
    what the partner has; `looked` are all conditions of every step that was open, as they were found.
    """

    review_id: str
    partner: str
    period: str
    number: int
    rule: str
    rule_version: str
    run: RunId | None
    before: PartnerState
    proposed: PartnerState
    looked: tuple[Looked, ...]
    decided_by: tuple[str, ...]
    placed: Placed
    deadline: date | None
    reason: str
    proposed_by: str
    proposed_on: date

    @property
    def changes(self) -> bool:
        return self.proposed is not self.before


@dataclass(frozen=True, slots=True)
class StandingDecision:
    """One person's; `deadline` and `plan` belong to a rectification, `effective_from` to the last acceptance."""

    review_id: str
    step: int
    kind: StandingDecisionKind
    by: str
    decided_on: date
    reason: str = ""
    plan: str = ""
    deadline: date | None = None
    effective_from: date | None = None
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class ReviewedStanding:
    """A proposal with what people decided on it so far."""

    review: StandingReview
    decisions: tuple[StandingDecision, ...] = ()

    @property
    def is_refused(self) -> bool:
        return any(each.kind is StandingDecisionKind.REFUSED for each in self.decisions)

    @property
    def is_accepted(self) -> bool:
        """Whether one person of every group accepted it."""
        return not self.is_refused and len(self.decisions) >= len(self.review.decided_by) > 0

    @property
    def is_pending(self) -> bool:
        return self.review.changes and not self.is_refused and not self.is_accepted

    @property
    def next_group(self) -> str:
        return self.review.decided_by[len(self.decisions)] if self.is_pending else ""

    @property
    def effective_from(self) -> date | None:
        return self.decisions[-1].effective_from if self.is_accepted else None

    @property
    def deadline(self) -> date | None:
        return next((each.deadline for each in reversed(self.decisions) if each.deadline), self.review.deadline)

    @property
    def plan(self) -> str:
        return next((each.plan for each in reversed(self.decisions) if each.plan), "")

    @property
    def state(self) -> str:
        """In a word, for lists."""
        if not self.review.changes:
            return "no change"
        return "refused" if self.is_refused else "accepted" if self.is_accepted else "pending"


@dataclass(frozen=True, slots=True, order=True)
class StandingInForce:
    """How a partner stands from `since` on, by which accepted proposal."""

    partner: str
    state: PartnerState
    since: date
    review_id: str
    placed: Placed = Placed.KEEPS


def in_force(history: Iterable[ReviewedStanding], day: date) -> tuple[StandingInForce, ...]:
    """Of partners with a decision: the last one that is effective on the day, by partner; `history` in order of record.

    A partner whose last state is good is among them too; one that nobody ever decided on is good, and is not.
    """
    found: dict[str, StandingInForce] = {}
    for each in history:
        since = each.effective_from
        if since is not None and since <= day:
            review = each.review
            found[review.partner] = StandingInForce(
                review.partner, review.proposed, since, review.review_id, review.placed
            )
    return tuple(found[partner] for partner in sorted(found))


def upcoming(history: Iterable[ReviewedStanding], day: date) -> tuple[StandingInForce, ...]:
    """What is accepted, and holds from a later day on, by partner and day."""
    later = (
        StandingInForce(each.review.partner, each.review.proposed, since, each.review.review_id, each.review.placed)
        for each in history
        if (since := each.effective_from) is not None and since > day
    )
    return tuple(sorted(later, key=lambda each: (each.partner, each.since)))


def state_of(standings: Sequence[StandingInForce], partner: str) -> PartnerState:
    return next((each.state for each in standings if each.partner == partner), PartnerState.GOOD)
