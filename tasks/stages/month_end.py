"""Month-end: the payouts of a period, frozen into one batch per department or partner, for people to review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import (
    batch_named,
    decisions_on,
    insert_batch,
    insert_decision,
    lines_of,
    period_decisions_on,
    read_batches,
)
from adapters.store.ledger import PostedKey, posted_sums
from adapters.store.results import read_payout_lines
from adapters.store.runs import State, official_run, record_run
from adapters.store.signatures import with_signatures
from adapters.world import World
from domain.ids import AttemptId, BatchId, Digest, RunId, digest_of, short
from domain.manifest import Manifest, RunKind, Stage
from domain.periods import Period
from domain.records import PayoutLine
from incentives.batches import (
    Batch,
    BatchState,
    Decision,
    DecisionKind,
    PeriodDecision,
    PeriodDecisionKind,
    PeriodState,
    open_period,
    period_state,
    state_of,
)
from incentives.ledger import BatchKind, EntryType, LedgerKey, Posting, batch_hash, desired_of, differences
from tasks.stages.calculation import calculation_version
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night, StageWork, run_stage
from tasks.stages.pay import Pay, compute_pay, summary_of_pay, write_pay
from tasks.stages.plan import refuse_unsigned
from tasks.stages.rules import RuleSet, sound_rules

Posted = Mapping[LedgerKey, int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one preparation froze: the batches, by id, and the scopes in which nothing is left to post."""

    run: RunId
    batches: tuple[BatchId, ...]
    settled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A batch with everything that its content hash covers, read back from the store."""

    batch: Batch
    run: RunId
    lines: tuple[PayoutLine, ...]
    desired: Posted
    posted: Posted
    postings: tuple[Posting, ...]
    decisions: tuple[Decision, ...]

    @property
    def state(self) -> BatchState:
        return state_of(self.decisions, self.batch.chain)

    @property
    def hash_now(self) -> Digest:
        """Of the rows as they stand in the store now."""
        return batch_hash(self.lines, self.postings, self.posted)


def prepare(world: World, period: Period, attempt: AttemptId, *, by: str) -> Prepared:
    """Freeze the payouts of `period` as of the official night of its last day.

    A batch that is still under review and differs from what is computed now becomes void. Raises: RefusedError if that
    night has not been measured, if a rule is unsigned or wrong, or if the preparer has no name.
    """
    if not by.strip():
        raise RefusedError("BAT041 a batch is prepared by somebody: give a name")
    rules = sound_rules(world.settings.rules)
    source, source_manifest = _source(world, period)
    with world.store.read() as connection:
        posted = {kind: posted_of(connection, kind, period) for kind in BatchKind}
        manifest = _manifest(connection, period, source, source_manifest, rules, posted)
    run = record_run(world.store, manifest, attempt)
    night = Night(run, attempt, period.last_day, RunKind.MONTH_END)
    measured = Night(source, attempt, period.last_day, RunKind.NIGHTLY)
    pay = compute_pay(world, measured, source_manifest, rules.policies, rules.contracts)
    if pay.waiting:
        raise RefusedError(
            f"month-end {period} waits: {'; '.join(pay.waiting)}. Correct the extracts, run the night again"
        )
    with world.store.read() as connection:
        into = _open_period(connection, period)
    drafts = [
        (kind, scope, draft)
        for kind in BatchKind
        for scope, draft in _batches_of(pay, kind, posted[kind], into).items()
    ]

    def work() -> StageWork:
        return StageWork(State.DONE, summary_of_pay(pay), (), lambda connection: write_pay(connection, night, pay))

    run_stage(world, night, Stage.PREPARE, work)
    return _store(world, night, period, drafts, by)


def read_frozen(connection: sa.Connection, prefix: str) -> Frozen:
    """The batch whose id starts with `prefix`, as it stands. Raises: RefusedError if it is none or several."""
    row = batch_named(connection, prefix)
    kind, run = BatchKind(row.kind), RunId(row.run_id)
    rules = manifest_of(connection, run).rules
    batch = Batch(
        BatchId(row.batch_id),
        kind,
        row.scope,
        Period.parse(row.period),
        Digest(row.content_hash),
        tuple(row.chain),
        row.prepared_by,
        rules,
    )
    lines = tuple(line for line in read_payout_lines(connection, run, kind.value) if line.scope == row.scope)
    rows = {_key_of_row(kind, each): each for each in lines_of(connection, row.batch_id)}
    postings = tuple(
        Posting(key, Period.parse(each.posting_period), EntryType(each.entry_type), each.difference_minor)
        for key, each in sorted(rows.items())
        if each.entry_type
    )
    posted = {key: each.posted_minor for key, each in rows.items() if each.posted_minor is not None}
    desired = {key: each.desired_minor for key, each in rows.items()}
    return Frozen(batch, run, lines, desired, posted, postings, decisions_of(connection, batch.batch_id))


def decisions_of(connection: sa.Connection, batch_id: BatchId) -> tuple[Decision, ...]:
    return tuple(
        Decision(
            batch_id, row.step, DecisionKind(row.decision), row.by_name, row.role, Digest(row.content_hash), row.reason
        )
        for row in decisions_on(connection, batch_id)
    )


def record_decision(world: World, connection: sa.Connection, decision: Decision) -> None:
    insert_decision(
        world.store,
        connection,
        {
            "batch_id": decision.batch,
            "step": decision.step,
            "decision": decision.kind.value,
            "role": decision.role,
            "by_name": decision.by,
            "reason": decision.reason,
            "content_hash": decision.content_hash,
        },
    )


def posted_of(connection: sa.Connection, kind: BatchKind, period: Period) -> dict[LedgerKey, int]:
    return {_ledger_key(key): amount for key, amount in posted_sums(connection, kind.value, str(period)).items()}


def scope_of(key: LedgerKey) -> str:
    """The department that a bonus component carries, or the partner that a fee is paid to."""
    return key.component.rpartition(":")[2] if key.batch_kind is BatchKind.BONUS else key.payee


def decisions_on_periods(connection: sa.Connection) -> dict[Period, tuple[PeriodDecision, ...]]:
    found: dict[Period, tuple[PeriodDecision, ...]] = defaultdict(tuple)
    for row in period_decisions_on(connection):
        period, kind = Period.parse(row.period), PeriodDecisionKind(row.decision)
        found[period] += (PeriodDecision(period, row.step, kind, row.by_name, row.reason),)
    return found


def period_states(connection: sa.Connection) -> dict[Period, PeriodState]:
    return {period: period_state(decisions) for period, decisions in decisions_on_periods(connection).items()}


def _source(world: World, period: Period) -> tuple[RunId, Manifest]:
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, period.last_day, Stage.MEASURE.value)
        if run is None:
            raise RefusedError(
                f"BAT042 the night of {period.last_day} has not been measured. "
                f"Run `recoup nightly --date {period.last_day}` first"
            )
        return run, manifest_of(connection, run)


def _manifest(
    connection: sa.Connection,
    period: Period,
    source: RunId,
    source_manifest: Manifest,
    rules: RuleSet,
    posted: Mapping[BatchKind, Posted],
) -> Manifest:
    """The night that is paid, the pay rules of the period as they are now, and what its keys have come to."""
    pay_rules = (*rules.policies.during(period).versions(), *rules.contracts.during(period).versions())
    signed = with_signatures(connection, (*pay_rules, *source_manifest.rules))
    refuse_unsigned(rules, signed)
    state = [[kind.value, key, amount] for kind in BatchKind for key, amount in sorted(posted[kind].items())]
    return Manifest(
        kind=RunKind.MONTH_END,
        business_date=period.last_day,
        effective_on=period.last_day,
        stages=(Stage.PREPARE,),
        calculation=calculation_version(),
        rules=tuple(sorted(set(signed), key=lambda version: (version.kind, version.id, version.digest))),
        landed=source_manifest.landed,
        history=source_manifest.history,
        ledger=digest_of(_plain(state)),
        source=source,
    )


def _plain(state: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [
        [kind, key.payee, key.component, str(key.origin_period), key.currency, amount] for kind, key, amount in state
    ]


def _batches_of(pay: Pay, kind: BatchKind, posted: Posted, into: Period) -> dict[str, _Draft]:
    """What each scope would post: all keys that are desired or were posted, but for those of held payees."""
    desired = desired_of(kind, pay.lines[kind])
    held = [(payee, component) for payee, component, _ in pay.held[kind]] if kind is BatchKind.BONUS else []
    scopes: dict[str, _Draft] = {}
    lines_by_scope: dict[str, list[PayoutLine]] = defaultdict(list)
    for line in pay.lines[kind]:
        lines_by_scope[line.scope].append(line)
    for scope in sorted({scope_of(key) for key in (*desired, *posted)}):
        mine = {key: amount for key, amount in desired.items() if scope_of(key) == scope}
        before = {key: amount for key, amount in posted.items() if scope_of(key) == scope}
        postings = differences(mine, before, into=into, held=held)
        scopes[scope] = _Draft(tuple(lines_by_scope[scope]), mine, before, postings)
    return scopes


@dataclass(frozen=True, slots=True)
class _Draft:
    lines: tuple[PayoutLine, ...]
    desired: Posted
    posted: Posted
    postings: tuple[Posting, ...]

    @property
    def content_hash(self) -> Digest:
        return batch_hash(self.lines, self.postings, self.posted)


def _store(
    world: World, night: Night, period: Period, drafts: Sequence[tuple[BatchKind, str, _Draft]], by: str
) -> Prepared:
    """One transaction: new batches in, and those that they replace void.

    A batch that still waits, of the same run and content, stays as it is. One that was returned or void does not come
    back: what is prepared after it is a batch of its own, even if nothing changed.
    """
    stored: list[BatchId] = []
    settled: list[str] = []
    with world.store.write("batches_prepared") as connection:
        into = _open_period(connection, period)
        for kind, scope, draft in drafts:
            siblings = [row for row in read_batches(connection, str(period)) if (row.kind, row.scope) == (kind, scope)]
            waiting = [row for row in siblings if not _is_over(connection, row)]
            same = [row for row in waiting if (row.run_id, row.content_hash) == (night.run, draft.content_hash)]
            if not draft.postings and any(_is_over(connection, row) for row in siblings):
                settled.append(scope)
            elif same:
                stored.append(BatchId(same[0].batch_id))
            else:
                _void_open(world, connection, siblings, by)
                version = digest_of([night.run, draft.content_hash, len(siblings)])
                batch_id = BatchId(f"{kind.value}-{period}-{scope}-{short(version)}")
                _insert(world, connection, night, period, into, (kind, scope, draft), batch_id, by)
                stored.append(batch_id)
    return Prepared(night.run, tuple(stored), tuple(settled))


def _is_over(connection: sa.Connection, row: sa.Row[Any]) -> bool:
    return state_of(decisions_of(connection, BatchId(row.batch_id)), row.chain).is_over


def _void_open(world: World, connection: sa.Connection, siblings: Iterable[sa.Row[Any]], by: str) -> None:
    for row in siblings:
        decisions = decisions_of(connection, BatchId(row.batch_id))
        if not state_of(decisions, row.chain).is_over:
            decision = Decision(
                BatchId(row.batch_id),
                len(decisions) + 1,
                DecisionKind.VOID,
                by,
                "preparer",
                Digest(row.content_hash),
                "prepared again with other content",
            )
            record_decision(world, connection, decision)


def _insert(
    world: World,
    connection: sa.Connection,
    night: Night,
    period: Period,
    into: Period,
    draft_of: tuple[BatchKind, str, _Draft],
    batch_id: BatchId,
    by: str,
) -> None:
    kind, scope, draft = draft_of
    row = {
        "batch_id": batch_id,
        "kind": kind.value,
        "scope": scope,
        "period": str(period),
        "run_id": night.run,
        "content_hash": draft.content_hash,
        "chain": list(world.settings.approval_chain),
        "prepared_by": by,
    }
    postings = {posting.key: posting for posting in draft.postings}
    lines = [_line_row(key, draft, postings.get(key), into) for key in sorted({*draft.desired, *draft.posted})]
    insert_batch(world.store, connection, row, lines, night.attempt)


def _line_row(key: LedgerKey, draft: _Draft, posting: Posting | None, into: Period) -> dict[str, Any]:
    return {
        "payee": key.payee,
        "component": key.component,
        "origin_period": str(key.origin_period),
        "currency": key.currency,
        "desired_minor": draft.desired.get(key, 0),
        "posted_minor": draft.posted.get(key),
        "difference_minor": posting.amount_minor if posting else 0,
        "posting_period": str(posting.posting_period if posting else into),
        "entry_type": posting.entry_type.value if posting else "",
    }


def _open_period(connection: sa.Connection, period: Period) -> Period:
    return open_period(period, period_states(connection))


def _key_of_row(kind: BatchKind, row: Any) -> LedgerKey:
    return LedgerKey(kind, row.payee, row.component, Period.parse(row.origin_period), row.currency)


def _ledger_key(key: PostedKey) -> LedgerKey:
    return LedgerKey(BatchKind(key.batch_kind), key.payee, key.component, Period.parse(key.origin_period), key.currency)
