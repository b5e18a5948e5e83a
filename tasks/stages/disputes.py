"""Disputes: a payee's case about a line of pay, in the register of actions: opened, answered, resolved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.actions import insert_action
from adapters.store.batches import batches_that_count, read_batches, refuse_other_names
from adapters.store.settlements import insert_case
from adapters.world import World, business_today
from domain.actions import Action, ActionDecision, ActionDecisionKind, NewAction
from domain.expressions.parse import suggestion
from domain.ids import AttemptId
from domain.issues import Location
from domain.periods import Period
from incentives.approvers import PayDecision
from incentives.authority import Matter, Ruling
from incentives.batches import BatchPhase, DecisionKind
from incentives.chains import PayTerms
from tasks.stages.actions import decide_action
from tasks.stages.authority import moved_of_payee, refuse, ruling_on
from tasks.stages.month_end import Frozen, read_frozen
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.settling import DISPUTE, UPHELD, Case, read_cases

REJECTED = "rejected"


def open_dispute(
    world: World, batch: str, payee: str, component: str, *, by: str, about: str, owner: str, attempt: AttemptId | None
) -> Case:
    """Open a case on a line of the batch; `owner` has to answer it within the window of disputes.

    Without `component` it is the payee's only line. Raises: RefusedError with everything that stands in the way.
    """
    day, rules = business_today(world), sound_rules(world.settings.rules)
    with world.store.write("dispute_opened") as connection:
        refuse_other_names(connection, by)
        frozen = read_frozen(connection, batch)
        terms = rules.approvals.terms_on(frozen.batch.kind, frozen.batch.period.last_day)
        if terms is None:
            raise RefusedError(f"BAT043 no pay_terms of {frozen.batch.kind} batches: add them to incentives/approvals")
        line = component or _only_line(frozen, payee)
        known = read_cases(connection, frozen.batch.kind, frozen.batch.period)
        faults = (*_faults(frozen, payee, line, about), *_busy(known, payee, line), *_late(frozen, terms.rule, day))
        acting_for = refuse(_ruling_on_new(connection, rules, frozen, (payee, line), by, day), faults)
        number = sum(case.payee == payee for case in known) + 1
        action = NewAction(
            DISPUTE,
            f"{frozen.batch.period}-{payee}-{number}",
            "employee" if frozen.batch.kind.value == "bonus" else "partner",
            payee,
            f"{line}, {frozen.batch.period}: {about.strip()}",
            owner,
            frozen.batch.scope,
            day,
            day + timedelta(days=terms.rule.dispute_days),
        )
        insert_action(world.store, connection, action, attempt)
        row = {"action_id": action.action_id, "batch_id": frozen.batch.batch_id, "payee": payee, "component": line}
        insert_case(connection, {**row, "opened_by": by, "on_behalf_of": acting_for})
    return case_named(world, action.action_id)


def answer(world: World, name: str, *, by: str, text: str, attempt: AttemptId | None) -> Case:
    """Record what the payee is told; the case stays open until it is resolved."""
    answered = (PayDecision.ANSWER_DISPUTE, ActionDecisionKind.ANSWERED)
    return _decided(world, name, answered, by, attempt, reason=text)


def resolve(world: World, name: str, *, upheld: bool, by: str, reason: str, attempt: AttemptId | None) -> Case:
    """Close the case. One that is upheld is settled by an approved adjustment that names it.

    Whoever opened it does not resolve it.
    """
    if not reason.strip():
        raise RefusedError("DIS004 a dispute is resolved with a reason: give --reason")
    outcome = f"{UPHELD if upheld else REJECTED}: {reason.strip()}"
    what = PayDecision.UPHOLD_DISPUTE if upheld else PayDecision.REJECT_DISPUTE
    return _decided(world, name, (what, ActionDecisionKind.CLOSED), by, attempt, outcome=outcome)


def list_disputes(world: World, period: Period | None = None) -> tuple[Case, ...]:
    with world.store.read() as connection:
        return read_cases(connection, period=period)


def case_named(world: World, prefix: str) -> Case:
    """The dispute whose id starts with `prefix`. Raises: RefusedError if it is none or several."""
    with world.store.read() as connection:
        found = [case for case in read_cases(connection) if case.action.action_id.startswith(prefix)]
    whole = [case for case in found if case.action.action_id == prefix] or found
    if len(whole) != 1:
        known = ", ".join(case.action.action_id for case in found) or "none; `recoup disputes` lists them"
        raise RefusedError(f"DIS001 {prefix!r} should name one dispute; it names {known}")
    return whole[0]


def batch_to_adjust(world: World, case: Case) -> str:
    """The batch that an adjustment for the case is proposed on: the last one that counts of its department or partner.

    The batch in which the case was opened may have been prepared again since.
    """
    with world.store.read() as connection:
        mine = (case.kind.value, case.scope)
        rows = [row for row in read_batches(connection, str(case.period)) if (row.kind, row.scope) == mine]
        counting = batches_that_count(connection, rows)
    return counting[-1].batch_id if counting else case.batch


def _decided(
    world: World,
    name: str,
    what: tuple[PayDecision, ActionDecisionKind],
    by: str,
    attempt: AttemptId | None,
    *,
    outcome: str = "",
    reason: str = "",
) -> Case:
    case = case_named(world, name)
    day, rules = business_today(world), sound_rules(world.settings.rules)
    with world.store.read() as connection:
        acting_for = refuse(_ruling_on_known(connection, rules, case, what[0], by, day))
    decision = ActionDecision(what[1], by, day, outcome, reason, on_behalf_of=acting_for)
    action: Action = decide_action(world, case.action.action_id, decision, attempt, of_dispute=True)
    return case_named(world, action.action_id)


def _ruling_on_new(
    connection: sa.Connection, rules: RuleSet, frozen: Frozen, whose: tuple[str, str], by: str, day: date
) -> Ruling:
    batch, (payee, line) = frozen.batch, whose
    place, moved = Location(f"batch {batch.batch_id}"), moved_of_payee(frozen, payee, line)
    matter = Matter(PayDecision.OPEN_DISPUTE, by, place, batch.scope, moved, frozenset({payee}))
    return ruling_on(connection, rules, batch.kind, batch.period, matter, day)


def _ruling_on_known(
    connection: sa.Connection, rules: RuleSet, case: Case, what: PayDecision, by: str, day: date
) -> Ruling:
    moved = moved_of_payee(read_frozen(connection, case.batch), case.payee, case.component)
    resolving = what in {PayDecision.UPHOLD_DISPUTE, PayDecision.REJECT_DISPUTE}
    involved = dict.fromkeys(case.opened_by if resolving else (), "opened it")
    place = Location(f"dispute {case.action.action_id}")
    matter = Matter(what, by, place, case.scope, moved, frozenset({case.payee}), involved)
    return ruling_on(connection, rules, case.kind, case.period, matter, day)


def _only_line(frozen: Frozen, payee: str) -> str:
    lines = sorted({line.component for line in frozen.lines if line.payee == payee})
    if len(lines) != 1:
        shown = ", ".join(lines) or "no line"
        raise RefusedError(f"DIS001 {payee} has {shown} in {frozen.batch.batch_id}: name one with --component")
    return lines[0]


def _faults(frozen: Frozen, payee: str, line: str, about: str) -> Iterator[str]:
    lines = {each.component for each in frozen.lines if each.payee == payee}
    if line not in lines:
        yield f'DIS001 {payee} has no line "{line}" in {frozen.batch.batch_id}. {suggestion(line, lines)}'.rstrip()
    if not about.strip():
        yield "DIS004 a dispute says what it is about: give --about"
    if frozen.state.phase in {BatchPhase.VOID, BatchPhase.RETURNED}:
        yield f"DIS003 {frozen.batch.batch_id} is {frozen.state.phase}: dispute the batch that took its place"


def _busy(known: tuple[Case, ...], payee: str, line: str) -> Iterator[str]:
    for case in known:
        if case.is_open and (case.payee, case.component) == (payee, line):
            yield f"DIS002 {case.action.action_id} is open on this line"


def _late(frozen: Frozen, terms: PayTerms, day: date) -> Iterator[str]:
    """A line can be disputed from when it is prepared until the window after publishing is over."""
    published = next((each.on for each in frozen.decisions if each.kind is DecisionKind.PUBLISHED), None)
    if published and day > published + timedelta(days=terms.dispute_days):
        last = published + timedelta(days=terms.dispute_days)
        yield f"DIS003 lines of this batch could be disputed until {last}, {terms.dispute_days} days after publishing"
