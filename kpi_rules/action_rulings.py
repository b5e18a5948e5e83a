"""What the terms of its kind make of a decision on an action: its outcome from the list, and whether it is final."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from domain.actions import Action, ActionDecision, ActionDecisionKind, ActionState, Party
from domain.deadlines import Calendar, after_standing_still, due_after
from domain.expressions.parse import suggestion
from kpi_rules.action_terms import ActionTerms


def closing_by_terms(
    action: Action, decision: ActionDecision, terms: ActionTerms | None
) -> tuple[ActionDecision, tuple[str, ...]]:
    """A closing with its outcome from the list of the kind, as a proposal where somebody else has to approve it.

    The outcome is typed as `code` or `code: words`. An action that was opened under terms takes no other; one that was
    opened without takes words alone, as it always has, and a code where they begin with one.
    """
    if decision.kind is not ActionDecisionKind.CLOSED or terms is None:
        return decision, ()
    code, _, words = decision.outcome.partition(":")
    code = code.strip()
    if code not in terms.outcomes:
        if not action.opened.terms or not decision.outcome.strip():
            return decision, ()
        hint = suggestion(code, terms.outcomes)
        return decision, (f'ACT011 a {action.kind} does not end as "{code}". {hint}. Words follow a colon',)
    outcome = terms.outcomes[code]
    coded = replace(decision, code=code, outcome=words.strip() or outcome.title)
    needs = bool(action.opened.terms) and outcome.needs_approval
    return (replace(coded, kind=ActionDecisionKind.PROPOSED) if needs else coded), ()


def waiting_by_terms(decision: ActionDecision, terms: ActionTerms | None) -> ActionDecision:
    """Whether the clock stands still is said by the terms of the kind; without terms it goes on."""
    party = decision.waiting_on
    if decision.kind is not ActionDecisionKind.WAITING or party is None or terms is None:
        return decision
    return replace(decision, stops_clock=terms.stops_clock_for(party.kind))


def resumed_deadline(action: Action, on: date, terms: ActionTerms | None, calendar: Calendar) -> date | None:
    """The deadline from now on of what waited with its clock standing still; None where it went on."""
    waiting = action.waiting
    if waiting is None or not waiting.stops_clock or terms is None:
        return None
    return after_standing_still(action.deadline, waiting.decided_on, on, terms.due.count, calendar).day


@dataclass(frozen=True, slots=True)
class ByTerms:
    """The deadline of an action, and how it was counted, in words."""

    deadline: date
    due_by: str


def deadline_by_terms(terms: ActionTerms, start: date, calendar: Calendar) -> ByTerms:
    """By when something that came in on `start` is done."""
    due = due_after(start, terms.due.days, terms.due.count, calendar)
    days = f"{terms.due.days} {terms.due.count} days from {start}"
    assumed = "; the calendar does not reach so far: Monday to Friday taken" if due.is_assumed else ""
    return ByTerms(due.day, f"{days}, by {terms.law}{assumed}")


def is_to_be_reminded(action: Action, day: date, terms: ActionTerms | None) -> bool:
    """Open, near its deadline or past it, and not reminded for so many days; of what waits, who is waited for."""
    if action.state is ActionState.CLOSED or terms is None:
        return False
    if day < action.deadline - timedelta(days=terms.remind.before_days):
        return False
    last = action.reminded_on
    return last is None or day >= last + timedelta(days=terms.remind.every_days)


def reminded(action: Action) -> Party | str:
    """Who is reminded: who is waited for, else the owner."""
    return action.waits_for or action.owner


def approval_refusals(
    action: Action, decision: ActionDecision, groups: frozenset[str], terms: ActionTerms | None
) -> Iterator[str]:
    """Why the decider may not approve or decline: they proposed it, or are in none of the groups that approve.

    `groups` are those in which the decider is today.
    """
    proposal = action.proposal
    if decision.kind not in {ActionDecisionKind.APPROVED, ActionDecisionKind.DECLINED} or proposal is None:
        return
    if decision.by == proposal.by and decision.kind is ActionDecisionKind.APPROVED:
        yield f"ACT012 {decision.by} proposed it: somebody else approves it"
    if terms is not None and not groups & {*terms.approvers}:
        yield f"ACT012 {decision.by} may not approve it; the terms name {', '.join(terms.approvers)}"
