"""The register of actions: opened once by what finds them, decided on by people, listed for whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.actions import action_named, insert_action, insert_action_decision, read_actions
from adapters.store.batches import refuse_other_names
from adapters.store.signals import SOURCE as SIGNAL
from adapters.store.signatures import with_signatures
from adapters.world import World
from domain.action_refusals import action_refusals, names_of_the_source
from domain.actions import (
    Action,
    ActionDecision,
    ActionDecisionKind,
    ActionState,
    NewAction,
    Party,
    Phase,
    RegisterKind,
    fresh_actions,
)
from domain.deadlines import Calendar
from domain.ids import AttemptId
from domain.rules import Placed
from kpi_rules.action_rulings import (
    approval_refusals,
    closing_by_terms,
    is_to_be_reminded,
    reminded,
    resumed_deadline,
    waiting_by_terms,
)
from kpi_rules.action_terms import ActionTerms
from tasks.stages.authority import people_on
from tasks.stages.calendars import calendars_on
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.settling import DISPUTE

_COMMANDS = {ActionDecisionKind.CLOSED: "resolve", ActionDecisionKind.ANSWERED: "answer"}
_DECIDES_WHAT_CAME = frozenset(
    {ActionDecisionKind.CLOSED, ActionDecisionKind.APPROVED, ActionDecisionKind.DECLINED, ActionDecisionKind.REOPENED}
)


def open_actions(world: World, found: Iterable[NewAction], attempt: AttemptId | None) -> tuple[NewAction, ...]:
    """Enter those that are new into the register; what was found before, or is being worked on, is opened once only."""
    every = tuple(found)
    if not every:
        return ()
    with world.store.write("actions_opened") as connection:
        fresh = fresh_actions(every, read_actions(connection))
        for action in fresh:
            insert_action(world.store, connection, action, attempt)
    return fresh


def decide_action(
    world: World,
    prefix: str,
    decision: ActionDecision,
    attempt: AttemptId | None,
    *,
    of_dispute: bool = False,
    of_signal: bool = False,
) -> Action:
    """Record a decision on the action whose id starts with `prefix`.

    A closing becomes a proposal where the terms of its kind want somebody else's approval. Pay follows from what
    becomes of a dispute: who answers and resolves it stands in rules, which are looked at for its own commands
    (`of_dispute`); and so does it of cases of signals, which are closed as confirmed or explained (`of_signal`).
    Raises: RefusedError with everything that stands in its way.
    """
    return decide_actions(world, [(prefix, decision)], attempt, of_dispute=of_dispute, of_signal=of_signal)[0]


def decide_actions(
    world: World,
    decisions: Sequence[tuple[str, ActionDecision]],
    attempt: AttemptId | None,
    *,
    of_dispute: bool = False,
    of_signal: bool = False,
) -> tuple[Action, ...]:
    """Record decisions, each on the action whose id starts so: all of them, or none.

    Raises: RefusedError with everything that stands in the way of the first that is refused; ConflictError.
    """
    rules = sound_rules(world.settings.rules)
    decided: dict[str, Action] = {}
    try:
        with world.store.write("action_decided") as connection:
            for prefix, decision in decisions:
                refuse_other_names(connection, decision.by)
                action = action_named(connection, prefix)
                ruled = _Ruled.of(world, connection, rules, action, decision)
                _refuse(action, decision, ruled, of_dispute=of_dispute, of_signal=of_signal)
                insert_action_decision(world.store, connection, action, ruled.decision, attempt)
                decided[action.action_id] = Action(action.opened, (*action.decisions, ruled.decision))
    except sa.exc.IntegrityError:
        named = ", ".join(prefix for prefix, _ in decisions)
        raise ConflictError(f"somebody decided on {named} at the same moment: look at it again") from None
    return tuple(decided.values())


def _refuse(action: Action, decision: ActionDecision, ruled: _Ruled, *, of_dispute: bool, of_signal: bool) -> None:
    faults = [*names_of_the_source(decision.by), *action_refusals(action, ruled.decision), *ruled.faults]
    if action.opened.source == DISPUTE and decision.kind in _COMMANDS and not of_dispute:
        faults.append(f"DIS006 {action.action_id} is a dispute: `recoup disputes {_COMMANDS[decision.kind]}` it")
    if action.opened.source == SIGNAL and decision.kind is ActionDecisionKind.CLOSED and not of_signal:
        faults.append(f"INT027 {action.action_id} is a case of a signal: `recoup signals close` it")
    if faults:
        raise RefusedError("\n".join(faults))


@dataclass(frozen=True, slots=True)
class _Ruled:
    """A decision as the terms of its kind make it, and what they have against it."""

    decision: ActionDecision
    faults: tuple[str, ...]

    @classmethod
    def of(
        cls, world: World, connection: sa.Connection, rules: RuleSet, action: Action, decision: ActionDecision
    ) -> _Ruled:
        placed = terms_of(rules, action.opened, decision.decided_on)
        unsigned = tuple(_unsigned(connection, action, placed))
        terms = placed.rule if placed else None
        coded, faults = closing_by_terms(action, decision, terms)
        coded = waiting_by_terms(coded, terms)
        if decision.kind is ActionDecisionKind.RESUMED:
            coded = replace(
                coded, deadline=resumed_deadline(action, decision.decided_on, terms, _calendar(world, action, decision))
            )
        people = people_on(connection, rules, decision.decided_on)
        groups = frozenset(name for name in people.members if people.is_in(decision.by, name))
        own = tuple(_own(action, decision, people.employee_ids(decision.by)))
        return cls(coded, (*unsigned, *faults, *approval_refusals(action, decision, groups, terms), *own))


def terms_of(rules: RuleSet, opened: NewAction, day: date) -> Placed[ActionTerms] | None:
    """The terms of the kind that hold on the day, where it is and for what it is about."""
    return rules.action_terms.terms_of(opened.of_kind, day, jurisdiction=opened.jurisdiction, code=opened.code)


def _unsigned(connection: sa.Connection, action: Action, placed: Placed[ActionTerms] | None) -> Iterator[str]:
    """What was opened by terms is decided by terms that somebody has signed."""
    if not action.opened.terms:
        return
    if placed is None:
        yield f"ACT013 no terms hold for a {action.kind} any more: add them to kpi_rules/actions"
    elif not with_signatures(connection, [placed.version])[0].signer:
        rule = placed.rule.id
        yield f'ACT013 nobody has signed the terms "{rule}": `recoup sign` records who proposed and who approved'


def _own(action: Action, decision: ActionDecision, ids: frozenset[str]) -> Iterator[str]:
    """Nobody decides what came of an action that was opened by terms and is about themselves."""
    concerned = action.opened.employee
    if decision.kind in _DECIDES_WHAT_CAME and action.opened.terms and concerned and concerned in {decision.by, *ids}:
        yield f"ACT014 it is about {concerned}, who does not decide on it: somebody else does"


def _calendar(world: World, action: Action, decision: ActionDecision) -> Calendar:
    where = action.opened.jurisdiction or world.settings.jurisdiction
    return calendars_on(world, decision.decided_on).get(where, Calendar())


@dataclass(frozen=True, slots=True)
class Filter:
    """Which actions; what is empty keeps all. `overdue_on` and `waiting_for` keep open ones."""

    only_open: bool = False
    owner: str = ""
    overdue_on: date | None = None
    kind: RegisterKind | None = None
    department: str = ""
    waiting_for: Party | None = None
    phase: Phase | None = None
    partner: str = ""
    only_differing: bool = False

    def keeps(self, action: Action) -> bool:
        opened = action.opened
        return (
            (not self.only_open or action.state is ActionState.OPEN)
            and self.owner in {"", action.owner}
            and (self.overdue_on is None or action.is_overdue(self.overdue_on))
            and self.kind in {None, action.kind}
            and self.department in {"", opened.department}
            and self.waiting_for in {None, action.waits_for}
            and self.phase in {None, action.phase}
            and self.partner in {"", opened.partner}
            and (not self.only_differing or action.differs_from_source)
        )


def list_actions(
    world: World, *, only_open: bool = False, owner: str = "", overdue_on: date | None = None
) -> tuple[Action, ...]:
    """By deadline; `overdue_on` keeps those that are open although their deadline lies before that day."""
    return actions_like(world, Filter(only_open, owner, overdue_on))


def actions_like(world: World, wanted: Filter) -> tuple[Action, ...]:
    """By deadline and id."""
    with world.store.read() as connection:
        return tuple(each for each in read_actions(connection) if wanted.keeps(each))


def action_of(world: World, prefix: str) -> Action:
    """The one action whose id starts so. Raises: RefusedError."""
    with world.store.read() as connection:
        return action_named(connection, prefix)


def remind(world: World, day: date, *, by: str, attempt: AttemptId | None) -> tuple[tuple[Action, str], ...]:
    """Those to be reminded on the day, with who is: recorded, so that the same day reminds nobody twice."""
    rules = sound_rules(world.settings.rules)
    with world.store.write("actions_reminded") as connection:
        refuse_other_names(connection, by)
        if faults := tuple(names_of_the_source(by)):
            raise RefusedError("\n".join(faults))
        due = [each for each in read_actions(connection) if _is_to_be_reminded(rules, each, day)]
        for each in due:
            note = ActionDecision(ActionDecisionKind.REMINDED, by, day, reason=f"reminded: {reminded(each)}")
            insert_action_decision(world.store, connection, each, note, attempt)
    return tuple((each, str(reminded(each))) for each in due)


def _is_to_be_reminded(rules: RuleSet, action: Action, day: date) -> bool:
    placed = terms_of(rules, action.opened, day)
    return is_to_be_reminded(action, day, placed.rule if placed else None)
