"""Actions: what somebody has to do by a day, where it came from, and what people decided on it.

An action is opened once for its source and key, by whatever found that something has to be done: a stretch of weeks
behind target, a complaint, a partner that needs mending. It never changes; decisions are added to it, and its state,
owner and deadline follow from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.ids import RunId


class ActionState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class ActionDecisionKind(StrEnum):
    CLOSED = "closed"
    EXTENDED = "extended"
    HANDED_OVER = "handed over"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class NewAction:
    """`source` is the kind of finding, `key` what tells findings of it apart; `about` says in words what was found.

    The subject is the employee, team, partner or account that it is about; `run` the run that found it.
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

    @property
    def action_id(self) -> str:
        return f"{self.source}-{self.key}"


@dataclass(frozen=True, slots=True)
class ActionDecision:
    """`outcome` is what came of it, when it was closed; `deadline` and `owner` hold from now on, where one is given.

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


@dataclass(frozen=True, slots=True)
class Action:
    """An action with every decision on it, in order."""

    opened: NewAction
    decisions: tuple[ActionDecision, ...] = ()

    @property
    def action_id(self) -> str:
        return self.opened.action_id

    @property
    def state(self) -> ActionState:
        return ActionState.CLOSED if self._closing else ActionState.OPEN

    @property
    def owner(self) -> str:
        return next((each.owner for each in reversed(self.decisions) if each.owner), self.opened.owner)

    @property
    def deadline(self) -> date:
        return next((each.deadline for each in reversed(self.decisions) if each.deadline), self.opened.deadline)

    @property
    def outcome(self) -> str:
        return self._closing.outcome if self._closing else ""

    @property
    def closed_on(self) -> date | None:
        return self._closing.decided_on if self._closing else None

    def is_overdue(self, day: date) -> bool:
        """Open, and its deadline has passed; on the deadline itself it is not overdue."""
        return self.state is ActionState.OPEN and self.deadline < day

    @property
    def _closing(self) -> ActionDecision | None:
        return next((each for each in self.decisions if each.kind is ActionDecisionKind.CLOSED), None)


def action_refusals(action: Action, decision: ActionDecision) -> Iterator[str]:
    """Everything that stands in the way of the decision, each as a code and a sentence."""
    if action.state is ActionState.CLOSED:
        yield f"ACT002 {action.action_id} was closed on {action.closed_on}: {action.outcome}. Nothing is decided on it"
    if not decision.by.strip():
        yield "ACT003 a decision has a name"
    if decision.decided_on < action.opened.opened_on:
        yield f"ACT004 {decision.decided_on} is before the action was opened, {action.opened.opened_on}"
    yield from _refusals_of_content(action, decision)


def _refusals_of_content(action: Action, decision: ActionDecision) -> Iterator[str]:
    match decision.kind:
        case ActionDecisionKind.CLOSED if not decision.outcome.strip():
            yield "ACT003 an action is closed with an outcome: say what came of it"
        case ActionDecisionKind.EXTENDED if decision.deadline is None or decision.deadline <= action.deadline:
            yield f"ACT005 it is due on {action.deadline}: give a later day"
        case ActionDecisionKind.HANDED_OVER if decision.owner.strip() in {"", action.owner}:
            yield f"ACT006 {action.owner} has it: name somebody else"
        case ActionDecisionKind.ANSWERED if not decision.reason.strip():
            yield "ACT003 an answer is in words: say what the payee is told"
    changes = decision.kind in {ActionDecisionKind.EXTENDED, ActionDecisionKind.HANDED_OVER}
    if changes and not decision.reason.strip():
        yield "ACT003 a later deadline and another owner need a reason"


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
