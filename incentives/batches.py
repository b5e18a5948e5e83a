"""Batches and periods as recorded decisions make them: who may decide what, and in what state that leaves them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.ids import BatchId, Digest
from domain.issues import Issue, Location
from domain.periods import Period
from domain.rules import RuleVersion
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
    """What was frozen for review; `chain` are the roles that approve, in order."""

    batch_id: BatchId
    kind: BatchKind
    scope: str
    period: Period
    content_hash: Digest
    chain: tuple[str, ...]
    prepared_by: str
    rules: tuple[RuleVersion, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's decision on a batch; `step` counts up from 1, `content_hash` is what the person saw."""

    batch: BatchId
    step: int
    kind: DecisionKind
    by: str
    role: str
    content_hash: Digest
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BatchState:
    """`next_role` approves next; empty where nobody does."""

    phase: BatchPhase
    approved_by: tuple[str, ...]
    next_role: str

    @property
    def is_over(self) -> bool:
        return self.phase in {BatchPhase.PUBLISHED, BatchPhase.RETURNED, BatchPhase.VOID}


_ENDS: Mapping[DecisionKind, BatchPhase] = {
    DecisionKind.RETURNED: BatchPhase.RETURNED,
    DecisionKind.VOID: BatchPhase.VOID,
    DecisionKind.PUBLISHED: BatchPhase.PUBLISHED,
}


def state_of(decisions: Iterable[Decision], chain: Sequence[str]) -> BatchState:
    """The state after the decisions, in the order of their steps.

    Approvals count up the chain; a returned, void or published batch stays so (what is prepared after a return is a
    batch of its own); a hold stands until it is released, and keeps the approvals.
    """
    phase, approved_by, held = BatchPhase.PREPARED, [], False
    for decision in sorted(decisions, key=lambda each: each.step):
        if decision.kind is DecisionKind.APPROVED:
            approved_by.append(decision.by)
        held = decision.kind is DecisionKind.HELD or (held and decision.kind is not DecisionKind.RELEASED)
        phase = _ENDS.get(decision.kind, phase)
    complete = len(approved_by) >= len(chain)
    if phase is BatchPhase.PREPARED:
        phase = BatchPhase.HELD if held else BatchPhase.APPROVED if complete else BatchPhase.PREPARED
    next_role = chain[len(approved_by)] if phase is BatchPhase.PREPARED else ""
    return BatchState(phase, tuple(approved_by), next_role)


def refusals(decision: Decision, batch: Batch, decisions: Sequence[Decision]) -> tuple[Issue, ...]:
    """Why the decision may not be recorded after `decisions`; nothing if it may."""
    state = state_of(decisions, batch.chain)
    return tuple(_refusals(decision, batch, decisions, state))


def void_reasons(
    batch: Batch,
    *,
    content_hash: Digest,
    posted: Mapping[LedgerKey, int],
    posted_now: Mapping[LedgerKey, int],
    rules_now: Collection[Digest],
    withdrawn: Iterable[str],
) -> tuple[Issue, ...]:
    """What has made the batch void since it was frozen; publishing compares, and computes nothing.

    `content_hash` is computed anew from the stored rows, `posted` was frozen with the batch, `posted_now` is read under
    the lock for the same keys, `rules_now` holds the digests of all versions in the rule book, `withdrawn` names pinned
    inputs that were withdrawn.
    """
    keys = sorted(posted.keys() | posted_now.keys())
    changed = [key for key in keys if posted.get(key, 0) != posted_now.get(key, 0)]
    texts = (
        *([("BAT010", "its rows are not those that were frozen")] if content_hash != batch.content_hash else []),
        *(("BAT011", f"{key.payee}, {key.component}, {key.origin_period}: posted in between") for key in changed),
        *(
            ("BAT012", f'the {version.kind} "{version.id}" has changed')
            for version in batch.rules
            if version.digest not in rules_now
        ),
        *(("BAT013", f"the input {name} was withdrawn") for name in withdrawn),
    )
    return tuple(Issue(code, _place(batch), text, "Prepare it again") for code, text in texts)


def _refusals(decision: Decision, batch: Batch, decisions: Sequence[Decision], state: BatchState) -> Iterator[Issue]:
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
    if decision.kind is DecisionKind.APPROVED:
        yield from _not_impartial(decision, batch, state)


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
        case DecisionKind.PUBLISHED if state.phase is not BatchPhase.APPROVED:
            due = f"the approval of {state.next_role} is missing" if state.next_role else "it is not approved"
            yield Issue("BAT007", place, f"the batch is {state.phase}: {due}", "Publishing follows the whole chain")
        case DecisionKind.RELEASED if state.phase is not BatchPhase.HELD:
            yield Issue("BAT005", place, f"the batch is {state.phase}, not held: there is nothing to release")
        case DecisionKind.HELD if state.phase is BatchPhase.HELD:
            yield Issue("BAT005", place, "the batch is held already")


def _not_impartial(decision: Decision, batch: Batch, state: BatchState) -> Iterator[Issue]:
    place, hint = _place(batch), "Somebody else approves it"
    if not decision.by.strip():
        yield Issue("BAT020", place, "an approval needs a name", "Say who approves")
    if decision.by == batch.prepared_by:
        yield Issue("BAT021", place, f"{decision.by} prepared the batch", hint)
    signed = sorted({rule.id for rule in batch.rules if decision.by in {rule.proposer, rule.signer}})
    if signed:
        yield Issue("BAT022", place, f"{decision.by} proposed or signed {', '.join(signed)}", hint)
    if decision.by in state.approved_by:
        yield Issue("BAT023", place, f"{decision.by} has approved it in another role", hint)


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


# A batch that is paid, or that somebody has put aside by name and with a reason.
_SETTLED = frozenset({BatchPhase.PUBLISHED, BatchPhase.HELD})


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
    """Why the month may not be closed or reopened; `batches` are all batches of it, none left out."""
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
    """Every department and partner with a batch has one that is published or held, and none that still waits."""
    place = Location(f"period {period}")
    if not batches:
        yield Issue("BAT032", place, "no batch was prepared for the month", "Prepare it, or there is nothing to close")
    settled = {(batch.kind, batch.scope) for batch, state in batches if state.phase in _SETTLED}
    for batch, state in sorted(batches, key=lambda each: each[0].batch_id):
        if state.phase in {BatchPhase.PREPARED, BatchPhase.APPROVED}:
            message = f"batch {batch.batch_id} is {state.phase}"
            yield Issue("BAT033", place, message, "Publish it, or hold it with a reason")
        elif (batch.kind, batch.scope) not in settled:
            message = f"batch {batch.batch_id} is {state.phase}, and none has taken its place"
            yield Issue("BAT034", place, message, "Prepare it again")
