"""Actions: what somebody has to do by a day, where it came from, and what people decided on it.

An action is opened once for its source and key, by whatever found that something has to be done: a stretch of weeks
behind target, a complaint, a partner that needs mending. It never changes; decisions are added to it, and its state,
owner, deadline and whom it waits for follow from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from domain.ids import RunId

CORE_SYSTEM = "core system"  # the name under which what the source says is recorded; nobody's


class RegisterKind(StrEnum):
    """What an action is about, whatever found it."""

    COMPLAINT = "complaint"
    FEEDBACK = "feedback"  # to and from the bank's units that transferred the debt
    FRAUD = "fraud"
    RISK = "risk"  # risk mitigation
    RECTIFICATION = "rectification"
    COACHING = "coaching"
    SIGNAL = "signal"  # integrity
    DISPUTE = "dispute"
    CORRECTION = "correction"  # of what a partner rejected
    OTHER = "other"


# Kinds of the findings that say none, as they did before there were kinds.
KIND_OF_SOURCE: Mapping[str, RegisterKind] = MappingProxyType(
    {
        "falling_behind": RegisterKind.COACHING,
        "dispute": RegisterKind.DISPUTE,
        "partner_rejected": RegisterKind.CORRECTION,
        **{kind.value: kind for kind in RegisterKind},
    }
)


class ActionState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Phase(StrEnum):
    """Where an action stands: what people look for on the board."""

    OPEN = "open"
    WAITING = "waiting"
    TO_APPROVE = "to approve"
    CLOSED = "closed"


class ActionDecisionKind(StrEnum):
    CLOSED = "closed"
    EXTENDED = "extended"
    HANDED_OVER = "handed over"
    ANSWERED = "answered"
    COMMENTED = "commented"
    WAITING = "waiting"
    RESUMED = "resumed"
    PROPOSED = "proposed"  # a closing that somebody else has to approve
    APPROVED = "approved"
    DECLINED = "declined"
    REOPENED = "reopened"
    REMINDED = "reminded"
    REVISED = "revised"  # what the source says now


class PartyKind(StrEnum):
    """Whom an action can wait for."""

    BANK_UNIT = "bank_unit"
    PARTNER = "partner"
    EMPLOYEE = "employee"
    DEPARTMENT = "department"
    DEBTOR = "debtor"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """Who is waited for, by id; people type `bank_unit:HN-01`."""

    kind: PartyKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Party:
        """Raises: ValueError saying what is wrong, and what there is."""
        kind, _, name = text.partition(":")
        if kind not in {*PartyKind} or not name.strip():
            known = ", ".join(PartyKind)
            raise ValueError(f"{text!r} names nobody: write KIND:NAME, such as bank_unit:HN-01; kinds are {known}")
        return cls(PartyKind(kind), name.strip())


@dataclass(frozen=True, slots=True)
class NewAction:
    """`source` is the kind of finding, `key` what tells findings of it apart; `about` says in words what was found.

    The subject is the employee, team, partner, account, complaint or case that it is about; `run` the run that found
    it. `account_id`, `partner_id`, `employee_id` and `unit` (the originator of the account) are whom it concerns
    beside the subject, `code` is its subtype (of a complaint, of a fault), `counted_from` the day from which its
    deadline counts, `due_by` how it was counted in words and `terms` the digest of the rule that said so. `opened_by`
    is the person who entered it, where one did.
    """

    source: str
    key: str
    subject_kind: str
    subject_id: str
    about: str
    owner: str
    department: str
    opened_on: date
    deadline: date
    run: RunId | None = None
    kind: RegisterKind | None = None
    jurisdiction: str = ""
    account_id: str = ""
    partner_id: str = ""
    employee_id: str = ""
    unit: str = ""
    code: str = ""
    counted_from: date | None = None
    due_by: str = ""
    terms: str = ""
    opened_by: str = ""

    @property
    def action_id(self) -> str:
        return f"{self.source}-{self.key}"

    @property
    def of_kind(self) -> RegisterKind:
        """The kind that was stated, else that of the source."""
        return self.kind or KIND_OF_SOURCE.get(self.source, RegisterKind.OTHER)

    @property
    def partner(self) -> str:
        return self.partner_id or (self.subject_id if self.subject_kind == "partner" else "")

    @property
    def employee(self) -> str:
        return self.employee_id or (self.subject_id if self.subject_kind == "employee" else "")

    @property
    def account(self) -> str:
        return self.account_id or (self.subject_id if self.subject_kind == "account" else "")


@dataclass(frozen=True, slots=True)
class ActionDecision:
    """`outcome` is what came of it, when it was closed, and `code` the same from the list of its kind; `deadline` and
    `owner` hold from now on, where one is given; `waiting_on` is who has to do something next, and `stops_clock`
    whether the deadline stands still meanwhile.

    `on_behalf_of` is whom a delegate acted for, where pay depends on it.
    """

    kind: ActionDecisionKind
    by: str
    decided_on: date
    outcome: str = ""
    reason: str = ""
    deadline: date | None = None
    owner: str = ""
    on_behalf_of: str = ""
    code: str = ""
    waiting_on: Party | None = None
    stops_clock: bool = False

    @property
    def is_of_source(self) -> bool:
        return self.by == CORE_SYSTEM


_ENDS_WAITING = frozenset({ActionDecisionKind.RESUMED, ActionDecisionKind.CLOSED, ActionDecisionKind.APPROVED})
_CLOSES = frozenset({ActionDecisionKind.CLOSED, ActionDecisionKind.APPROVED})
_ENDS_PROPOSAL = _CLOSES | {ActionDecisionKind.DECLINED}


@dataclass(frozen=True, slots=True)
class Action:
    """An action with every decision on it, in order."""

    opened: NewAction
    decisions: tuple[ActionDecision, ...] = ()

    @property
    def action_id(self) -> str:
        return self.opened.action_id

    @property
    def kind(self) -> RegisterKind:
        return self.opened.of_kind

    @property
    def state(self) -> ActionState:
        return ActionState.CLOSED if self._closing else ActionState.OPEN

    @property
    def phase(self) -> Phase:
        if self.state is ActionState.CLOSED:
            return Phase.CLOSED
        if self.proposal:
            return Phase.TO_APPROVE
        return Phase.WAITING if self.waiting else Phase.OPEN

    @property
    def owner(self) -> str:
        return next((each.owner for each in reversed(self.decisions) if each.owner), self.opened.owner)

    @property
    def deadline(self) -> date:
        return next((each.deadline for each in reversed(self.decisions) if each.deadline), self.opened.deadline)

    @property
    def outcome(self) -> str:
        closed = self._decided
        return (closed.outcome or closed.code) if closed else ""

    @property
    def code(self) -> str:
        """What came of it, from the list of its kind; empty while it is open, or where it was closed in words only."""
        closed = self._decided
        return closed.code if closed else ""

    @property
    def closed_on(self) -> date | None:
        return self._closing.decided_on if self._closing else None

    @property
    def closed_by(self) -> str:
        return self._closing.by if self._closing else ""

    @property
    def proposal(self) -> ActionDecision | None:
        """The closing that somebody else still has to approve."""
        return self._last(ActionDecisionKind.PROPOSED, _ENDS_PROPOSAL)

    @property
    def waiting(self) -> ActionDecision | None:
        """Who is waited for, since when and for what."""
        return self._last(ActionDecisionKind.WAITING, _ENDS_WAITING)

    @property
    def waits_for(self) -> Party | None:
        return self.waiting.waiting_on if self.waiting else None

    @property
    def said_by_source(self) -> ActionDecision | None:
        """What the core system said last, since it was opened."""
        return next((each for each in reversed(self.decisions) if each.kind is ActionDecisionKind.REVISED), None)

    @property
    def reopened(self) -> ActionDecision | None:
        return next((each for each in reversed(self.decisions) if each.kind is ActionDecisionKind.REOPENED), None)

    @property
    def reminded_on(self) -> date | None:
        mine = (each.decided_on for each in self._this_time if each.kind is ActionDecisionKind.REMINDED)
        return max(mine, default=None)

    @property
    def differs_from_source(self) -> bool:
        """Decided here otherwise than in the core system, or here alone."""
        said = self.said_by_source
        if said is None:
            return False
        if self.state is ActionState.OPEN:
            return bool(said.code)
        return self.code != said.code

    def is_overdue(self, day: date) -> bool:
        """Open, its clock not standing still, and its deadline has passed; on the deadline itself it is not overdue."""
        is_stopped = self.waiting is not None and self.waiting.stops_clock
        return self.state is ActionState.OPEN and not is_stopped and self.deadline < day

    def until(self, day: date) -> Action:
        """As it stood at the end of the day: what was decided later is left out."""
        return Action(self.opened, tuple(each for each in self.decisions if each.decided_on <= day))

    @property
    def _closing(self) -> ActionDecision | None:
        return next((each for each in self._this_time if each.kind in _CLOSES), None)

    @property
    def _decided(self) -> ActionDecision | None:
        """What was decided when it was closed: where that was approved, what had been proposed."""
        closing = self._closing
        if closing is None or closing.kind is ActionDecisionKind.CLOSED:
            return closing
        proposed = (each for each in reversed(self._this_time) if each.kind is ActionDecisionKind.PROPOSED)
        return next(proposed, closing)

    @property
    def _this_time(self) -> tuple[ActionDecision, ...]:
        """The decisions since it was opened last."""
        starts = [place for place, each in enumerate(self.decisions) if each.kind is ActionDecisionKind.REOPENED]
        return self.decisions[starts[-1] + 1 :] if starts else self.decisions

    def _last(self, kind: ActionDecisionKind, ends: frozenset[ActionDecisionKind]) -> ActionDecision | None:
        """The last of the kind, if nothing has ended it since."""
        found = next((each for each in reversed(self._this_time) if each.kind is kind or each.kind in ends), None)
        return found if found and found.kind is kind else None


def fresh_actions(found: Iterable[NewAction], known: Iterable[Action]) -> tuple[NewAction, ...]:
    """Those to open: neither known by source and key, nor about a subject that has an open action of the same source.

    A stretch whose first day moves, because a past night was run again, so opens no second action beside the first.
    """
    register = tuple(known)
    ids = {each.action_id for each in register}
    busy = {_subject(each.opened) for each in register if each.state is ActionState.OPEN}
    return tuple(each for each in found if each.action_id not in ids and _subject(each) not in busy)


def _subject(action: NewAction) -> tuple[str, str, str]:
    return action.source, action.subject_kind, action.subject_id
