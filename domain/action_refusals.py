"""What stands in the way of a decision on an action, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator

from domain.actions import CORE_SYSTEM, Action, ActionDecision, ActionDecisionKind, ActionState, Phase

_CHANGES = frozenset({*ActionDecisionKind}) - {
    *(ActionDecisionKind.COMMENTED, ActionDecisionKind.REMINDED, ActionDecisionKind.REVISED)
}
_OF_CLOSED = frozenset({ActionDecisionKind.REOPENED, ActionDecisionKind.COMMENTED, ActionDecisionKind.REVISED})
_CLOSES = frozenset({ActionDecisionKind.CLOSED, ActionDecisionKind.PROPOSED})
_ANSWERS_PROPOSAL = frozenset({ActionDecisionKind.APPROVED, ActionDecisionKind.DECLINED})


def action_refusals(action: Action, decision: ActionDecision) -> Iterator[str]:
    """Everything that stands in the way of the decision, each as a code and a sentence."""
    if not decision.by.strip():
        yield "ACT003 a decision has a name"
    if decision.decided_on < action.opened.opened_on:
        yield f"ACT004 {decision.decided_on} is before the action was opened, {action.opened.opened_on}"
    before = max((each.decided_on for each in action.decisions if each.kind in _CHANGES), default=None)
    if before is not None and decision.decided_on < before:
        yield f"ACT017 {decision.decided_on} is before the last decision on it, of {before}"
    yield from _out_of_turn(action, decision)
    yield from _says_too_little(action, decision)


def names_of_the_source(by: str) -> Iterator[str]:
    """People do not decide under the name by which the core system is recorded."""
    if by.strip().casefold() == CORE_SYSTEM:
        yield f'ACT008 "{CORE_SYSTEM}" is whom the register names where the core system says something: give your own'


def _out_of_turn(action: Action, decision: ActionDecision) -> Iterator[str]:
    """Decisions that do not go with where the action stands."""
    kind = decision.kind
    if action.state is ActionState.CLOSED and kind not in _OF_CLOSED:
        outcome = action.outcome or "without words"
        yield (
            f"ACT002 {action.action_id} was closed on {action.closed_on}: {outcome}. Nothing is decided on it; "
            "`recoup actions reopen` opens it again, with a reason"
        )
    if action.state is ActionState.OPEN and kind is ActionDecisionKind.REOPENED:
        yield f"ACT007 {action.action_id} is open: there is nothing to open again"
    if kind is ActionDecisionKind.WAITING and action.waits_for is not None:
        yield f"ACT009 it waits for {action.waits_for} already: `recoup actions resume` it first"
    if kind is ActionDecisionKind.RESUMED and action.waits_for is None:
        yield f"ACT009 {action.action_id} waits for nobody"
    if kind in _CLOSES and action.proposal:
        proposal = action.proposal
        said = f"{proposal.by} proposed on {proposal.decided_on} to close it as {proposal.outcome}"
        yield f"ACT010 {said}: somebody else approves or declines that first"
    if kind in _ANSWERS_PROPOSAL and action.phase is not Phase.TO_APPROVE:
        yield f"ACT010 nobody has proposed to close {action.action_id}"


def _says_too_little(action: Action, decision: ActionDecision) -> Iterator[str]:
    match decision.kind:
        case ActionDecisionKind.CLOSED | ActionDecisionKind.PROPOSED if not decision.outcome.strip():
            yield "ACT003 an action is closed with an outcome: say what came of it"
        case ActionDecisionKind.EXTENDED if decision.deadline is None or decision.deadline <= action.deadline:
            yield f"ACT005 it is due on {action.deadline}: give a later day"
        case ActionDecisionKind.HANDED_OVER if decision.owner.strip() in {"", action.owner}:
            yield f"ACT006 {action.owner} has it: name somebody else"
    if decision.kind in _WORDS and not decision.reason.strip():
        yield f"ACT003 {_WORDS[decision.kind]}"


_WORDS = {
    ActionDecisionKind.EXTENDED: "a later deadline and another owner need a reason",
    ActionDecisionKind.HANDED_OVER: "a later deadline and another owner need a reason",
    ActionDecisionKind.ANSWERED: "an answer is in words: say what the payee is told",
    ActionDecisionKind.COMMENTED: "a comment is in words",
    ActionDecisionKind.REOPENED: "an action is opened again for a reason: say it",
    ActionDecisionKind.DECLINED: "a closing is declined for a reason: say it",
    ActionDecisionKind.WAITING: "who is waited for is asked something: say what",
    ActionDecisionKind.RESUMED: "say what came of the waiting: the answer, or that none came",
}
