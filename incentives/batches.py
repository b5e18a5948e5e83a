"""Batches and periods as recorded decisions make them: who may decide what, and in what state that leaves them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.ids import BatchId, Digest
from domain.issues import Issue, Location
from domain.periods import Period
from domain.rules import RuleVersion
from incentives.approvers import Approvers, People, exceeded, furthest, limits_shown, moves_shown
from incentives.chains import ChainStep, ChainTerms, complete_by
from incentives.ledger import BatchKind, LedgerKey


class DecisionKind(StrEnum):
    APPROVED = "approved"
    RETURNED = "returned"
    HELD = "held"
    RELEASED = "released"
    VOID = "void"
    PUBLISHED = "published"


class BatchPhase(StrEnum):
    PREPARED = "prepared"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETURNED = "returned"
    HELD = "held"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Batch:
    """What was frozen for review.

    `terms` are the approvals as the rules had them, `moves_minor` what the batch moves of each currency, up and down
    added; together they say which steps are needed. `payees` are those whom it pays or takes back from.
    """

    batch_id: BatchId
    kind: BatchKind
    scope: str
    period: Period
    content_hash: Digest
    terms: ChainTerms
    prepared_by: str
    rules: tuple[RuleVersion, ...]
    prepared_on: date | None = None
    moves_minor: Mapping[str, int] = field(default_factory=dict)
    payees: frozenset[str] = frozenset()

    @property
    def steps(self) -> tuple[ChainStep, ...]:
        """The approvals that a batch of this size needs, in order."""
        return tuple(step for step in self.terms.steps if not step.above or exceeded(self.moves_minor, step.above))

    @property
    def chain(self) -> tuple[str, ...]:
        """Their roles."""
        return tuple(step.role for step in self.steps)

    @property
    def complete_by(self) -> date | None:
        return complete_by(self.terms, self.prepared_on)


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's decision on a batch; `step` counts up from 1, `content_hash` is what the person saw.

    `on` is the day, `on_behalf_of` whom a delegate acted for; decisions from before there were any have neither.
    """

    batch: BatchId
    step: int
    kind: DecisionKind
    by: str
    role: str
    content_hash: Digest
    reason: str = ""
    on: date | None = None
    on_behalf_of: str = ""

    @property
    def persons(self) -> frozenset[str]:
        return frozenset({self.by, self.on_behalf_of} - {""})


@dataclass(frozen=True, slots=True)
class BatchState:
    """`next_role` approves next; empty where nobody does. `expired` are approvals that must be given again."""

    phase: BatchPhase
    approved_by: tuple[str, ...]
    next_role: str
    expired: tuple[Decision, ...] = ()
    approvals: tuple[Decision, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.phase in {BatchPhase.PUBLISHED, BatchPhase.RETURNED, BatchPhase.VOID}


_ENDS: Mapping[DecisionKind, BatchPhase] = {
    DecisionKind.RETURNED: BatchPhase.RETURNED,
    DecisionKind.VOID: BatchPhase.VOID,
    DecisionKind.PUBLISHED: BatchPhase.PUBLISHED,
}


def state_of(
    decisions: Iterable[Decision], chain: Sequence[str], *, approval_days: int | None = None, on: date | None = None
) -> BatchState:
    """The state after the decisions, in the order of their steps, as it is on a day.

    Approvals count up the chain; one that is older than `approval_days`, and those that were given after it, no longer
    count. A returned, void or published batch stays so (what is prepared after a return is a batch of its own); a hold
    stands until it is released, and keeps the approvals. Without `on`, the day is that of the last decision.
    """
    phase, held = BatchPhase.PREPARED, False
    given: list[Decision] = []
    expired: list[Decision] = []
    for decision in sorted(decisions, key=lambda each: each.step):
        if decision.kind is DecisionKind.APPROVED:
            standing = _standing(given, approval_days, decision.on)
            expired += given[standing:]
            given = [*given[:standing], decision]
        held = decision.kind is DecisionKind.HELD or (held and decision.kind is not DecisionKind.RELEASED)
        phase = _ENDS.get(decision.kind, phase)
    if phase is not BatchPhase.PREPARED:
        return BatchState(phase, tuple(each.by for each in given), "", (), tuple(given))
    standing = _standing(given, approval_days, on)
    given, expired = given[:standing], [*expired, *given[standing:]]
    complete = len(given) >= len(chain)
    phase = BatchPhase.HELD if held else BatchPhase.APPROVED if complete else BatchPhase.PREPARED
    next_role = chain[len(given)] if phase is BatchPhase.PREPARED else ""
    roles = {each.role for each in given}
    again = tuple(each for each in expired if each.role not in roles)
    return BatchState(phase, tuple(each.by for each in given), next_role, again, tuple(given))


def _standing(given: Sequence[Decision], approval_days: int | None, on: date | None) -> int:
    """How many of the approvals still count, from the first one on."""
    if approval_days is None or on is None:
        return len(given)
    old = (number for number, each in enumerate(given) if each.on and (on - each.on).days > approval_days)
    return next(old, len(given))


# What is refused by who is in a group, or acts for whom, on the day.
OF_GROUPS = frozenset({"BAT024", "BAT025", "BAT029"})


def refusals(
    decision: Decision, batch: Batch, decisions: Sequence[Decision], people: People | None = None
) -> tuple[Issue, ...]:
    """Why the decision may not be recorded after `decisions`; nothing if it may.

    `people` are those of the day of the decision; they count where a step of the chain names who approves.
    """
    state = state_of(decisions, batch.chain, approval_days=batch.terms.approval_days, on=decision.on)
    return tuple(_refusals(decision, batch, decisions, state, people or People({})))


def acting_for(by: str, role: str, batch: Batch, people: People) -> str:
    """Whom `by` approves for in the role: themselves (empty) where they may, else whoever delegated it to them."""
    step = next((each for each in batch.steps if each.role == role), None)
    if step is None or not step.approvers or _entitled(by, step, batch, people):
        return ""
    principals = people.principals(by, role)
    return next((each for each in principals if _entitled(each, step, batch, people)), "")


def void_reasons(
    batch: Batch,
    *,
    content_hash: Digest,
    posted: Mapping[LedgerKey, int],
    posted_now: Mapping[LedgerKey, int],
    changed_rules: Iterable[RuleVersion],
    withdrawn: Iterable[str],
    held_since: Iterable[str] = (),
    is_month_changed: bool = False,
    is_calculation_changed: bool = False,
    unsigned: Iterable[str] = (),
    is_settlement_changed: bool = False,
) -> tuple[Issue, ...]:
    """What has made the batch void since it was frozen; publishing compares, and computes nothing.

    `content_hash` is computed anew from the stored rows, `posted` was frozen with the batch, `posted_now` is read
    under the lock for the same keys, `changed_rules` are those that it read and that are not in the rule book as
    they were, and those that have come to them, `withdrawn` names pinned inputs that were withdrawn, `held_since`
    payees whom it would pay although they are held; `is_month_changed` says that something else was posted for its
    payees from which deductions follow, `is_calculation_changed` that another version of the program calculates
    now; `unsigned` names the rules whose signatures were withdrawn; `is_settlement_changed` says that a settlement of
    its partner's claims, or a decision on them, has made other recoveries payable.
    """
    keys = sorted(posted.keys() | posted_now.keys())
    changed = [key for key in keys if posted.get(key, 0) != posted_now.get(key, 0)]
    texts = (
        *([("BAT010", "its rows are not those that were frozen")] if content_hash != batch.content_hash else []),
        *(("BAT011", f"{key.payee}, {key.component}, {key.origin_period}: posted in between") for key in changed),
        *(("BAT012", f'the {version.kind} "{version.id}" {_how(version, batch)}') for version in changed_rules),
        *(("BAT013", f"the input {name} was withdrawn") for name in withdrawn),
        *(("BAT014", f"{payee} is held, and the batch would pay or take back") for payee in held_since),
        *([("BAT015", "deductions of its payees have changed: something was posted")] if is_month_changed else []),
        *([("BAT016", "another version of Recoup calculates now")] if is_calculation_changed else []),
        *([("BAT018", "other recoveries of its partner are payable now")] if is_settlement_changed else []),
    )
    issues = (Issue(code, _place(batch), text, "Prepare it again") for code, text in texts)
    return (*issues, *signatures_withdrawn(batch, unsigned))


def _how(version: RuleVersion, batch: Batch) -> str:
    return "has changed" if version.digest in {each.digest for each in batch.rules} else "was signed since"


def signatures_withdrawn(batch: Batch, unsigned: Iterable[str]) -> tuple[Issue, ...]:
    """BAT017 for each rule whose signature was withdrawn: what was calculated by it is neither approved nor paid."""
    return tuple(Issue("BAT017", _place(batch), f"the signature of {name}", "Prepare it again") for name in unsigned)


def _refusals(
    decision: Decision, batch: Batch, decisions: Sequence[Decision], state: BatchState, people: People
) -> Iterator[Issue]:
    place = _place(batch)
    if decision.content_hash != batch.content_hash:
        message = "the decision was made on other content than the batch has"
        yield Issue("BAT001", place, message, "Look at the batch as it is now, and decide on that")
    if decision.step != len(decisions) + 1:
        message = f"the decision is number {decision.step}, but {len(decisions) + 1} is due"
        yield Issue("BAT002", place, message, "Somebody has decided in between: look again")
    if decision.kind not in {DecisionKind.APPROVED, DecisionKind.PUBLISHED} and not decision.reason.strip():
        yield Issue("BAT003", place, f"a batch is {decision.kind} with a reason", "Say why")
    yield from _out_of_order(decision, place, state)
    if decision.kind in {DecisionKind.APPROVED, DecisionKind.PUBLISHED} and not state.is_over:
        yield from _too_late(decision, batch)
    if decision.kind in {DecisionKind.APPROVED, DecisionKind.PUBLISHED} and not decision.by.strip():
        yield Issue("BAT020", place, "an approval, and publishing, need a name", "Say who decides")
    if decision.kind is DecisionKind.APPROVED:
        yield from not_impartial(decision, batch, state, people)
        yield from not_entitled(decision, batch, people)


def _out_of_order(decision: Decision, place: Location, state: BatchState) -> Iterator[Issue]:
    """Whether the batch is in a state in which this can be decided."""
    if state.is_over:
        yield Issue("BAT004", place, f"the batch is {state.phase}: nothing more is decided on it", "Prepare a new one")
        return
    match decision.kind:
        case DecisionKind.APPROVED if not state.next_role:
            yield Issue("BAT005", place, f"the batch is {state.phase}: no approval is due")
        case DecisionKind.APPROVED if decision.role != state.next_role:
            message = f"{state.next_role} approves next, not {decision.role}"
            yield Issue("BAT006", place, message, "The chain goes in order")
        case DecisionKind.PUBLISHED if state.next_role and state.expired:
            old = ", ".join(f"{each.role} by {each.by} of {each.on}" for each in state.expired)
            hint = f"It must be given again: {state.next_role} approves next"
            yield Issue("BAT027", place, f"an approval is too old to count: {old}", hint)
        case DecisionKind.PUBLISHED if state.phase is not BatchPhase.APPROVED:
            due = f"the approval of {state.next_role} is missing" if state.next_role else "it is not approved"
            yield Issue("BAT007", place, f"the batch is {state.phase}: {due}", "Publishing follows the whole chain")
        case DecisionKind.RELEASED if state.phase is not BatchPhase.HELD:
            yield Issue("BAT005", place, f"the batch is {state.phase}, not held: there is nothing to release")
        case DecisionKind.HELD if state.phase is BatchPhase.HELD:
            yield Issue("BAT005", place, "the batch is held already")


def _too_late(decision: Decision, batch: Batch) -> Iterator[Issue]:
    if batch.complete_by and decision.on and decision.on > batch.complete_by:
        message = f"everything was to be approved and published by {batch.complete_by}"
        yield Issue("BAT026", _place(batch), message, f"Prepare it again: `recoup month-end --period {batch.period}`")


def not_impartial(decision: Decision, batch: Batch, state: BatchState, people: People) -> Iterator[Issue]:
    """Nobody approves what they had a hand in, or are paid by; nor does a delegate for them."""
    place, hint = _place(batch), "Somebody else approves it"
    for name in sorted(decision.persons):
        shown = name if name == decision.by else f"{name}, for whom {decision.by} acts,"
        if name == batch.prepared_by:
            yield Issue("BAT021", place, f"{shown} prepared the batch", hint)
        signed = sorted({rule.id for rule in batch.rules if name in {rule.proposer, rule.signer}})
        if signed:
            yield Issue("BAT022", place, f"{shown} proposed or signed {', '.join(signed)}", hint)
        if any(name in each.persons for each in state.approvals):
            yield Issue("BAT023", place, f"{shown} has approved it in another role", hint)
        paid = sorted(people.employee_ids(name) & batch.payees)
        if paid:
            yield Issue("BAT028", place, f"{shown} is paid by it, as {', '.join(paid)}", hint)


def not_entitled(decision: Decision, batch: Batch, people: People) -> Iterator[Issue]:
    """Whether the chain names who approves: a member of a group of the step, for the department, up to a limit."""
    step = next((each for each in batch.steps if each.role == decision.role), None)
    if step is None or not step.approvers:
        return
    name = decision.on_behalf_of or decision.by
    if decision.on_behalf_of and name not in people.principals(decision.by, step.role):
        message = f"{name} has not delegated {step.role} to {decision.by} for {decision.on}"
        yield Issue("BAT025", _place(batch), message, "A signed delegation in incentives/approvals says who, and when")
    mine = [each for each in _for_scope(step, batch) if people.is_in(name, each.group)]
    if not mine:
        groups = ", ".join(dict.fromkeys(each.group for each in _for_scope(step, batch))) or "nobody"
        message = f"{name} may not approve as {step.role} for {batch.scope}: {groups} may"
        yield Issue("BAT024", _place(batch), message, "Groups and delegations stand in incentives/approvals")
    elif not any(each.may_move(batch.moves_minor) for each in mine):
        able = (each.group for each in _for_scope(step, batch) if each.may_move(batch.moves_minor))
        most, moves = limits_shown(furthest(mine).up_to), moves_shown(batch.moves_minor)
        message = f"{name} may approve up to {most}; the batch moves {moves}"
        yield Issue("BAT029", _place(batch), message, f"Above it approve: {', '.join(able) or 'nobody'}")


def _entitled(name: str, step: ChainStep, batch: Batch, people: People) -> bool:
    return any(each.may_move(batch.moves_minor) and people.is_in(name, each.group) for each in _for_scope(step, batch))


def _for_scope(step: ChainStep, batch: Batch) -> tuple[Approvers, ...]:
    return tuple(each for each in step.approvers if each.are_for(batch.scope))


def _place(batch: Batch) -> Location:
    return Location(f"batch {batch.batch_id}")


class PeriodDecisionKind(StrEnum):
    CLOSED = "closed"
    REOPENED = "reopened"


class PeriodState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class PeriodDecision:
    """A recorded decision to close or reopen a month; `step` counts up from 1."""

    period: Period
    step: int
    kind: PeriodDecisionKind
    by: str
    reason: str


def period_state(decisions: Iterable[PeriodDecision]) -> PeriodState:
    """The last decision counts; without one the month is open."""
    last = max(decisions, key=lambda each: each.step, default=None)
    return PeriodState(last.kind.value) if last else PeriodState.OPEN


def open_period(origin: Period, states: Mapping[Period, PeriodState]) -> Period:
    """Where what belongs to `origin` is posted: in that period, or in the first one after it that is not closed."""
    while states.get(origin) is PeriodState.CLOSED:
        origin = origin.next()
    return origin


def period_refusals(
    decision: PeriodDecision, decisions: Sequence[PeriodDecision], batches: Sequence[tuple[Batch, BatchState]]
) -> tuple[Issue, ...]:
    """Why the month may not be closed or reopened; `batches` are all of it, in the order of their preparation."""
    issues = [*_not_due(decision, period_state(decisions))]
    if decision.kind is PeriodDecisionKind.CLOSED:
        issues += _unfinished(decision.period, batches)
    return tuple(issues)


def _not_due(decision: PeriodDecision, state: PeriodState) -> Iterator[Issue]:
    place = Location(f"period {decision.period}")
    if not decision.by.strip() or not decision.reason.strip():
        yield Issue("BAT030", place, "a month is closed and reopened by name and with a reason", "Say who, and why")
    if (decision.kind is PeriodDecisionKind.CLOSED) is (state is PeriodState.CLOSED):
        yield Issue("BAT031", place, f"the month is {state} already")


def _unfinished(period: Period, batches: Sequence[tuple[Batch, BatchState]]) -> Iterator[Issue]:
    """Every department and partner with a batch has one that is published or held, and none that still waits.

    What was returned or made void is told where nothing was prepared after it, and then only the last one.
    """
    place = Location(f"period {period}")
    if not batches:
        yield Issue("BAT032", place, "no batch was prepared for the month", "Prepare it, or there is nothing to close")
    over = {BatchPhase.RETURNED, BatchPhase.VOID}
    replaced = {(batch.kind, batch.scope) for batch, state in batches if state.phase not in over}
    last = {(batch.kind, batch.scope): batch.batch_id for batch, _ in batches}
    for batch, state in sorted(batches, key=lambda each: each[0].batch_id):
        if state.phase in {BatchPhase.PREPARED, BatchPhase.APPROVED}:
            message = f"batch {batch.batch_id} is {state.phase}"
            yield Issue("BAT033", place, message, "Publish it, or hold it with a reason")
        elif (batch.kind, batch.scope) not in replaced and batch.batch_id == last[batch.kind, batch.scope]:
            message = f"batch {batch.batch_id} is {state.phase}, and none has taken its place"
            yield Issue("BAT034", place, message, "Prepare it again")
