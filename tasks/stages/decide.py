"""Decisions of people: approve, return, hold and release a batch, publish it, close and reopen a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.snapshots import Pointer, pointed
from adapters.store.batches import insert_period_decision, read_batches, refuse_other_names
from adapters.store.ledger import Head, append, lock_head, move_head
from adapters.store.signatures import withdrawn_among
from adapters.world import World, business_today
from domain.ids import BatchId, Digest, RunId, short
from domain.issues import Issue, Location
from domain.manifest import Input, Manifest, RunKind
from domain.periods import Period
from incentives.approved import approvals_that_do_not_count
from incentives.approvers import PayDecision
from incentives.authority import Matter, Ruling
from incentives.batches import (
    BatchPhase,
    Decision,
    DecisionKind,
    PeriodDecision,
    PeriodDecisionKind,
    PeriodState,
    acting_for,
    period_refusals,
    period_state,
    refusals,
    signatures_withdrawn,
    void_reasons,
)
from incentives.ledger import BatchKind, ChainedEntry, LedgerEntry, chain, scope_of
from incentives.settlement import OpenMonth
from tasks.stages.authority import people_on, ruling_on
from tasks.stages.brought_in import posted_opening
from tasks.stages.calculation import pay_calculation_version
from tasks.stages.claims_state import is_payable_changed
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.month_end import (
    Frozen,
    decisions_on_periods,
    period_states,
    posted_of,
    read_frozen,
    record_decision,
)
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.rules_read import changed_rules
from tasks.stages.settling import holds_in_force, open_months
from tasks.stages.withdrawing import withdrawn_said


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did: entries posted now, or before by somebody else (`entries` is 0 then)."""

    batch: BatchId
    entries: int
    head: Head


def decide(
    world: World,
    batch: str,
    kind: DecisionKind,
    *,
    by: str,
    role: str = "",
    reason: str = "",
    seen: str = "",
    on: date | None = None,
) -> Frozen:
    """Record a decision on the batch whose id starts with `batch`; the batch as it is afterwards.

    `role` defaults to the one that is due; `seen` is the content hash that was looked at, and defaults to the batch's;
    `on` is the day of the decision, today unless it is given. A delegate acts for whoever delegated to them. Who
    approves is the chain's, who decides anything else is said by the authorities. Raises:
    RefusedError with every reason why it may not be recorded.
    """
    day = on or business_today(world)
    rules = sound_rules(world.settings.rules)
    try:
        with world.store.write("batch_decided") as connection:
            refuse_other_names(connection, by)
            frozen = read_frozen(connection, batch)
            people = people_on(connection, rules, day)
            due = role or frozen.state_on(day).next_role
            may = _ruling(connection, rules, frozen, kind, by, day)
            decision = Decision(
                frozen.batch.batch_id,
                len(frozen.decisions) + 1,
                kind,
                by,
                due,
                Digest(seen) if seen else frozen.hash_now,
                reason,
                day,
                acting_for(by, due, frozen.batch, people) if kind is DecisionKind.APPROVED else may.on_behalf_of,
            )
            unsigned = _unsigned(connection, frozen) if kind is DecisionKind.APPROVED else ()
            refused = refusals(decision, frozen.batch, frozen.decisions, people)
            _refuse((*refused, *signatures_withdrawn(frozen.batch, unsigned), *may.refusals))
            record_decision(world, connection, decision)
    except sa.exc.IntegrityError:
        raise ConflictError("somebody decided on this batch at the same moment: look at it again") from None
    with world.store.read() as connection:
        return read_frozen(connection, batch)


_OF_BATCHES = {
    DecisionKind.RETURNED: PayDecision.RETURN,
    DecisionKind.HELD: PayDecision.HOLD,
    DecisionKind.RELEASED: PayDecision.RELEASE,
}


def _ruling(
    connection: sa.Connection, rules: RuleSet, frozen: Frozen, kind: DecisionKind, by: str, day: date
) -> Ruling:
    """By the authorities; who approves is the chain's, and publishing decides nothing."""
    batch = frozen.batch
    if kind not in _OF_BATCHES:
        return Ruling("", ())
    place = Location(f"batch {batch.batch_id}")
    matter = Matter(_OF_BATCHES[kind], by, place, batch.scope, batch.moves_minor, batch.payees)
    return ruling_on(connection, rules, batch.kind, batch.period, matter, day)


def publish(world: World, batch: str, *, by: str, on: date | None = None) -> Published:
    """Post the frozen differences once; a batch that is published already posts nothing.

    Raises: RefusedError if the batch is not approved, or void, with the reasons.
    """
    return publish_all(world, [batch], by=by, on=on)[0]


def publish_all(world: World, batches: Iterable[str], *, by: str, on: date | None = None) -> tuple[Published, ...]:
    """The same for several batches: all of them in one transaction, or none.

    Everything happens under the lock of the ledger's head: the posted state is read again and compared, the entries are
    chained, the decision is recorded. Raises: RefusedError if the batch is not approved, or void, with the reasons.
    """
    day = on or business_today(world)
    rules = sound_rules(world.settings.rules)
    with world.store.write("ledger_published") as connection:
        head = lock_head(connection)
        published: list[Published] = []
        for batch in batches:
            published.append(_publish(world, connection, read_frozen(connection, batch), rules, (by, day, head)))
            head = published[-1].head
    return tuple(published)


def _publish(
    world: World, connection: sa.Connection, frozen: Frozen, rules: RuleSet, whom: tuple[str, date, Head]
) -> Published:
    by, day, head = whom
    if frozen.state.phase is BatchPhase.PUBLISHED:
        return Published(frozen.batch.batch_id, 0, head)
    _refuse_void(world, connection, frozen, rules, day)
    number = len(frozen.decisions) + 1
    decision = Decision(
        frozen.batch.batch_id, number, DecisionKind.PUBLISHED, by, "publisher", frozen.batch.content_hash, on=day
    )
    state = frozen.state_on(day)
    uncounted = approvals_that_do_not_count(frozen.batch, state, partial(people_on, connection, rules), day)
    _refuse((*refusals(decision, frozen.batch, frozen.decisions), *uncounted))
    entries = _chained(frozen, head)
    append(connection, [_row(entry, previous) for entry, previous in _with_previous(entries, head)])
    after = Head(entries[-1].entry.sequence, entries[-1].entry_hash) if entries else head
    move_head(connection, after)
    record_decision(world, connection, decision)
    return Published(frozen.batch.batch_id, len(entries), after)


def decide_period(
    world: World, period: Period, kind: PeriodDecisionKind, *, by: str, reason: str, on: date | None = None
) -> PeriodState:
    """Close or reopen a month by a recorded decision. Raises: RefusedError with every reason why it may not be."""
    day, rules = on or business_today(world), sound_rules(world.settings.rules)
    what = PayDecision.CLOSE if kind is PeriodDecisionKind.CLOSED else PayDecision.REOPEN
    try:
        with world.store.write("period_decided") as connection:
            refuse_other_names(connection, by)
            before = decisions_on_periods(connection).get(period, ())
            decision = PeriodDecision(period, len(before) + 1, kind, by, reason)
            may = ruling_on(connection, rules, None, period, Matter(what, by, Location(f"period {period}")), day)
            frozen = [read_frozen(connection, row.batch_id) for row in read_batches(connection, str(period))]
            refused = period_refusals(decision, before, [(each.batch, each.state) for each in frozen])
            _refuse((*refused, *may.refusals))
            insert_period_decision(
                world.store,
                connection,
                {
                    "period": str(period),
                    "step": decision.step,
                    "decision": kind.value,
                    "by_name": by,
                    "reason": reason,
                    "decided_on": day,
                    "on_behalf_of": may.on_behalf_of,
                },
            )
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on {period} at the same moment: look at it again") from None
    return period_state((*before, decision))


def _refuse(issues: Iterable[Issue]) -> None:
    found = tuple(issues)
    if found:
        raise RefusedError("\n".join(str(issue) for issue in found))


def _refuse_void(world: World, connection: sa.Connection, frozen: Frozen, rules: RuleSet, day: date) -> None:
    batch = frozen.batch
    posted_now = {
        key: amount
        for key, amount in posted_of(connection, batch.kind, batch.period).items()
        if scope_of(key) == batch.scope
    }
    manifest = manifest_of(connection, frozen.run)
    closed = {period for period, state in period_states(connection).items() if state is PeriodState.CLOSED}
    shut = sorted({str(each.posting_period) for each in frozen.postings if each.posting_period in closed})
    _refuse(
        void_reasons(
            batch,
            content_hash=frozen.hash_now,
            posted=frozen.posted,
            posted_now=posted_now,
            changed_rules=changed_rules(connection, batch, manifest, rules),
            withdrawn=(
                *_replaced_inputs(connection, frozen.run),
                *_replaced_openings(connection, frozen),
                *(f"open month {period}" for period in shut),
            ),
            held_since=_held_since(connection, frozen, rules, day),
            is_month_changed=_is_month_changed(connection, frozen),
            is_calculation_changed=manifest.calculation != pay_calculation_version(),
            unsigned=_unsigned(connection, frozen),
            is_settlement_changed=_is_settlement_changed(world, connection, frozen, manifest),
        )
    )


def _is_settlement_changed(world: World, connection: sa.Connection, frozen: Frozen, manifest: Manifest) -> bool:
    """Of a fee batch: whether a settlement or a decision has made other recoveries payable since."""
    batch = frozen.batch
    if batch.kind is not BatchKind.FEE:
        return False
    return is_payable_changed(world, connection, batch.scope, manifest, batch.period.end)


def _unsigned(connection: sa.Connection, frozen: Frozen) -> tuple[str, ...]:
    return tuple(withdrawn_said(*each) for each in withdrawn_among(connection, frozen.batch.rules))


def _held_since(connection: sa.Connection, frozen: Frozen, rules: RuleSet, day: date) -> tuple[str, ...]:
    """Payees who were put on hold, by a decision or a dispute, after the batch was frozen."""
    batch = frozen.batch
    terms = rules.approvals.terms_on(batch.kind, batch.period.last_day)
    if terms is None:
        return ()
    return frozen.paid_although(
        holds_in_force(connection, batch.kind, batch.period, terms.rule, day).get(batch.scope, ())
    )


def _is_month_changed(connection: sa.Connection, frozen: Frozen) -> bool:
    """Whether the open month, of which deductions are a share, is another one than when the batch was frozen."""
    if not frozen.open_month or not frozen.postings:
        return False
    batch, into = frozen.batch, frozen.postings[0].posting_period
    month = open_months(connection, batch.kind, into).get(batch.scope, OpenMonth())
    return month.digest_for({key.payee for key in (*frozen.desired, *frozen.posted)}) != frozen.open_month


def _replaced_inputs(connection: sa.Connection, run: RunId) -> tuple[str, ...]:
    """Pinned extracts for which a corrected one of the same date was accepted since; a later day's rows are none."""
    manifest = manifest_of(connection, run)
    dates = [item.business_date for item in (*manifest.landed, *manifest.history, *manifest.late)]
    if not dates:
        return ()
    now = pointed(connection, Pointer.ACCEPTED, min(dates), max(dates))
    return tuple(
        f"{item.table} of {item.business_date}"
        for item in _accepted(connection, manifest)
        if now.get((item.table, item.business_date)) != item.version
    )


def _replaced_openings(connection: sa.Connection, frozen: Frozen) -> tuple[str, ...]:
    """The opening of pay that was posted when the batch was prepared, if another one has been posted since; of a batch
    that an opening brought in, nothing: it does not start from one."""
    manifest, opening = manifest_of(connection, frozen.run), posted_opening(connection)
    if manifest.kind is RunKind.OPENING or frozen.batch.kind is not BatchKind.BONUS:
        return ()
    now = opening.file if opening else None
    return () if manifest.opening == now else (f"opening of pay {short(manifest.opening or Digest('none'))}",)


def _accepted(connection: sa.Connection, manifest: Manifest) -> tuple[Input, ...]:
    """What the night that is paid had accepted: its history, late rows, and what its gate let through of its date."""
    return (*manifest.history, *manifest.late, *(accepted_in(connection, manifest.source) if manifest.source else ()))


def _chained(frozen: Frozen, head: Head) -> tuple[ChainedEntry, ...]:
    entries = [
        LedgerEntry(head.sequence + offset, frozen.batch.batch_id, posting)
        for offset, posting in enumerate(frozen.postings, start=1)
    ]
    return chain(entries, head.entry_hash)


def _with_previous(entries: tuple[ChainedEntry, ...], head: Head) -> Iterable[tuple[ChainedEntry, Digest]]:
    previous = head.entry_hash
    for entry in entries:
        yield entry, previous
        previous = entry.entry_hash


def _row(chained: ChainedEntry, previous: Digest) -> dict[str, object]:
    entry, posting = chained.entry, chained.entry.posting
    return {
        "sequence": entry.sequence,
        "batch_kind": posting.key.batch_kind.value,
        "payee": posting.key.payee,
        "component": posting.key.component,
        "origin_period": str(posting.key.origin_period),
        "currency": posting.key.currency,
        "posting_period": str(posting.posting_period),
        "entry_type": posting.entry_type.value,
        "amount_minor": posting.amount_minor,
        "batch_id": entry.batch_id,
        "previous_hash": previous,
        "entry_hash": chained.entry_hash,
    }
