"""Month-end: the payouts of a period, frozen into one batch per department or partner, for people to review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
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
from adapters.store.ledger import posted_sums
from adapters.store.results import read_payout_lines, step_of
from adapters.store.runs import official_run, record_run
from adapters.store.seals import FIGURES, results_digest
from adapters.store.signatures import with_signatures
from adapters.world import World, business_today
from domain.ids import AttemptId, BatchId, Digest, RunId, digest_of, short
from domain.manifest import ClaimsRead, Manifest, RunKind, Stage
from domain.money import from_minor
from domain.periods import Period
from domain.records import PayoutLine
from domain.rules import Placed
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
from incentives.chains import ApprovalChain, ChainStep, ChainTerms, PayTerms, complete_by
from incentives.ledger import (
    BatchKind,
    EntryType,
    LedgerKey,
    Posting,
    batch_hash,
    desired_of,
    moves_of,
    nets,
    scope_of,
)
from incentives.settlement import Decided, Hold, OpenMonth, Scope, holds_on, settle
from tasks.stages.brought_in import is_opening, posted_opening
from tasks.stages.calculation import pay_calculation_version
from tasks.stages.carried_pay import batches_carried
from tasks.stages.claims_state import claims_read, payable_digest
from tasks.stages.claims_unpaid import settled_since
from tasks.stages.decided_complaints import decided_since
from tasks.stages.late import arrived_since
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night, StageWork, run_stage
from tasks.stages.pay import Pay, compute_pay, work_of_pay
from tasks.stages.plan import refuse_unsigned
from tasks.stages.published_sets import batches_published
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.rules_read import among, rules_read
from tasks.stages.settling import approved_adjustments, approved_moves, holds_in_force, ledger_key, open_months
from tasks.stages.tying import untied

Posted = Mapping[LedgerKey, int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one preparation froze: the batches, by id, and the scopes in which nothing is left to post; and what has
    come since of months that were prepared, which no night has read yet."""

    run: RunId
    batches: tuple[BatchId, ...]
    settled: tuple[str, ...]
    late: tuple[str, ...] = ()


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
    stored_terms: Mapping[str, Any] | None = None
    open_month: Digest | None = None

    @property
    def state(self) -> BatchState:
        """As it was left by the last decision; `state_on` says what has grown old since."""
        return state_of(self.decisions, self.batch.chain, approval_days=self.batch.terms.approval_days)

    def state_on(self, day: date) -> BatchState:
        return state_of(self.decisions, self.batch.chain, approval_days=self.batch.terms.approval_days, on=day)

    @property
    def hash_now(self) -> Digest:
        """Of the rows as they stand in the store now."""
        return batch_hash(self.lines, self.postings, self.posted, self.stored_terms)

    def paid_although(self, holds: Iterable[Hold]) -> tuple[str, ...]:
        """Payees whom the batch pays or takes back from although they are held."""
        reaching = nets((posting.key, posting.amount_minor) for posting in self.postings)
        held = (each.payee for each in holds for key, net in reaching.items() if net and holds_on(key, [each]))
        return tuple(sorted(set(held)))


def prepare(world: World, period: Period, attempt: AttemptId, *, by: str, on: date | None = None) -> Prepared:
    """Freeze the payouts of `period` as of the official night of its last day.

    A batch that is still under review and differs from what is computed now becomes void, and so does one whose time
    for approving is over. `on` is the day of the preparation, today unless it is given. Raises: RefusedError if that
    night has not been measured or its figures do not hold together, if a rule is unsigned, wrong or missing, if the
    month lies before the look-back, or if the preparer has no name.
    """
    if not by.strip():
        raise RefusedError("BAT041 a batch is prepared by somebody: give a name")
    day = on or business_today(world)
    rules = sound_rules(world.settings.rules)
    terms = _terms_of(rules, period)
    with world.store.read() as connection:
        _refuse_brought_in(connection, period)
    source, source_manifest = _source(world, period)
    with world.store.read() as connection:
        _refuse_before_look_back(terms, period, opened_for(connection, period))
        posted = {kind: posted_of(connection, kind, period) for kind in BatchKind}
        claims = claims_read(world, connection, period.end)
        manifest = _manifest(connection, period, source, source_manifest, rules, posted, claims)
        _refuse_untied(connection, source)
    run = record_run(world.store, manifest, attempt)
    night = Night(run, attempt, period.last_day, RunKind.MONTH_END)
    measured = Night(source, attempt, period.last_day, RunKind.NIGHTLY)
    pay = compute_pay(world, measured, source_manifest, rules.policies, rules.contracts, of=manifest)
    if pay.waiting:
        raise RefusedError(
            f"month-end {period} waits: {'; '.join(pay.waiting)}. Correct the extracts, run the night again"
        )
    with world.store.read() as connection:
        into = opened_for(connection, period)
        drafts = [
            draft
            for kind in BatchKind
            for draft in _batches_of(connection, pay, terms[kind], posted[kind], (period, into, day))
        ]

    def work() -> StageWork:
        return work_of_pay(night, pay)

    run_stage(world, night, Stage.PREPARE, work)
    stored = _store(world, night, rules, drafts, (by, day))
    months = tuple(_open_to_change(world, terms, into))
    told = (
        *arrived_since(world, months),
        *decided_since(world, months, rules.contracts),
        *settled_since(world, months),
    )
    return replace(stored, late=told)


def read_frozen(connection: sa.Connection, prefix: str) -> Frozen:
    """The batch whose id starts with `prefix`, as it stands. Raises: RefusedError if it is none or several."""
    row = batch_named(connection, prefix)
    kind, run = BatchKind(row.kind), RunId(row.run_id)
    rules = manifest_of(connection, run).rules
    rows = {_key_of_row(kind, each): each for each in lines_of(connection, row.batch_id)}
    calculated = (line for line in read_payout_lines(connection, run, kind.value) if line.scope == row.scope)
    lines = (*calculated, *(_line_of_row(key, each, row.scope) for key, each in sorted(rows.items()) if each.steps))
    postings = tuple(
        Posting(key, Period.parse(each.posting_period), EntryType(each.entry_type), each.difference_minor)
        for key, each in sorted(rows.items())
        if each.entry_type
    )
    posted = {key: each.posted_minor for key, each in rows.items() if each.posted_minor is not None}
    desired = {key: each.desired_minor for key, each in rows.items()}
    brought_in_for = frozenset(line.payee for line in lines) if is_opening(row.batch_id) else frozenset[str]()
    batch = Batch(
        BatchId(row.batch_id),
        kind,
        row.scope,
        Period.parse(row.period),
        Digest(row.content_hash),
        _stored_terms(row.chain),
        row.prepared_by,
        rules,
        row.prepared_on,
        moves_of(postings),
        frozenset(posting.key.payee for posting in postings) | brought_in_for,
    )
    decisions = decisions_of(connection, batch.batch_id)
    stored = row.chain if isinstance(row.chain, dict) else None
    return Frozen(batch, run, lines, desired, posted, postings, decisions, stored, row.open_month)


def _stored_terms(stored: Any) -> ChainTerms:
    """The frozen terms; of a batch from before there were any, the roles alone, each approved by anybody."""
    if isinstance(stored, dict):
        return ChainTerms.model_validate(stored)
    return ChainTerms(steps=tuple(ChainStep(role=role) for role in stored))


def decisions_of(connection: sa.Connection, batch_id: BatchId) -> tuple[Decision, ...]:
    return tuple(
        Decision(
            batch_id,
            row.step,
            DecisionKind(row.decision),
            row.by_name,
            row.role,
            Digest(row.content_hash),
            row.reason,
            row.decided_on,
            row.on_behalf_of or "",
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
            "decided_on": decision.on,
            "on_behalf_of": decision.on_behalf_of,
        },
    )


def posted_of(connection: sa.Connection, kind: BatchKind, period: Period) -> dict[LedgerKey, int]:
    return {ledger_key(key): amount for key, amount in posted_sums(connection, kind.value, str(period)).items()}


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
    claims: tuple[ClaimsRead, ...],
) -> Manifest:
    """The night that is paid, the pay rules of the period as they are now, and what its keys have come to."""
    pay_rules = (
        *rules.policies.during(period).versions(),
        *rules.contracts.during(period).versions(),
        *(placed.version for each in _terms_of(rules, period).values() for placed in (each.chain, each.pay)),
    )
    signed = with_signatures(connection, (*pay_rules, *source_manifest.rules))
    refuse_unsigned(rules, signed)
    state = [[kind.value, key, amount] for kind in BatchKind for key, amount in sorted(posted[kind].items())]
    return Manifest(
        kind=RunKind.MONTH_END,
        business_date=period.last_day,
        effective_on=period.last_day,
        stages=(Stage.PREPARE,),
        calculation=pay_calculation_version(),
        rules=tuple(sorted(set(signed), key=lambda version: (version.kind, version.id, version.digest))),
        landed=source_manifest.landed,
        history=source_manifest.history,
        late=source_manifest.late,
        ledger=digest_of(_plain(state)),
        source=source,
        paid=batches_carried(connection, rules.policies, period),
        published=batches_published(connection, rules.policies, period),
        opening=opening.file if (opening := posted_opening(connection)) else None,
        results=results_digest(connection, source, FIGURES),
        claims=claims,
    )


def _refuse_brought_in(connection: sa.Connection, period: Period) -> None:
    """The other system has paid the months whose pay came in by the opening import."""
    opening = posted_opening(connection)
    if opening and period < opening.go_live:
        raise RefusedError(
            f"BAT046 the state of pay came in by the opening import {short(opening.file)}: Recoup pays from "
            f"{opening.go_live} on, and {period} lies before it"
        )


def _refuse_untied(connection: sa.Connection, source: RunId) -> None:
    """Nobody is paid by figures that are not those that were stored, or that do not hold together."""
    found = untied(connection, source)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RefusedError(f"BAT047 the figures of the night do not hold together: {found[0]}{more}")


def _plain(state: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [
        [kind, key.payee, key.component, str(key.origin_period), key.currency, amount] for kind, key, amount in state
    ]


@dataclass(frozen=True, slots=True)
class _Terms:
    """The chain and the terms of pay of one kind of batch, as they hold on the last day of the month."""

    chain: Placed[ApprovalChain]
    pay: Placed[PayTerms]


def _terms_of(rules: RuleSet, period: Period) -> dict[BatchKind, _Terms]:
    found: dict[BatchKind, _Terms] = {}
    missing: list[str] = []
    for kind in BatchKind:
        chain, pay = rules.approvals.chain_on(kind, period.last_day), rules.approvals.terms_on(kind, period.last_day)
        missing += [f"no {what} of {kind} batches" for what, rule in (("chain", chain), ("pay_terms", pay)) if not rule]
        if chain and pay:
            found[kind] = _Terms(chain, pay)
    if missing:
        raise RefusedError(f"BAT043 {'; '.join(missing)} on {period.last_day}: add them to incentives/approvals")
    return found


def _refuse_before_look_back(terms: Mapping[BatchKind, _Terms], period: Period, into: Period) -> None:
    """What is older than the shorter look-back is closed for good: one night makes the batches of both kinds."""
    months = min(each.pay.rule.look_back_months for each in terms.values())
    if into.months_after(period) > months:
        raise RefusedError(
            f"BAT044 {period} lies {into.months_after(period)} months before the open month {into}, and the look-back "
            f"is {months}: nothing of it changes any more"
        )


def _open_to_change(world: World, terms: Mapping[BatchKind, _Terms], into: Period) -> tuple[Period, ...]:
    """The months with batches that lie within the look-back."""
    months = min(each.pay.rule.look_back_months for each in terms.values())
    with world.store.read() as connection:
        prepared = {Period.parse(row.period) for row in read_batches(connection)}
    return tuple(sorted(period for period in prepared if into.months_after(period) <= months))


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is not stored yet; `open_month` is None for what is deducted from no pay."""

    scope: Scope
    terms: ChainTerms
    lines: tuple[PayoutLine, ...]
    explained: Mapping[LedgerKey, PayoutLine]
    desired: Posted
    posted: Posted
    postings: tuple[Posting, ...]
    open_month: Digest | None = None

    @property
    def content_hash(self) -> Digest:
        return batch_hash((*self.lines, *self.explained.values()), self.postings, self.posted, self.frozen_terms)

    @property
    def frozen_terms(self) -> dict[str, Any]:
        """What a batch keeps, and an approval binds to."""
        return self.terms.model_dump(mode="json")

    @property
    def prefix(self) -> str:
        return f"{self.scope.kind.value}-{self.scope.period}-{self.scope.name}"


def _batches_of(
    connection: sa.Connection, pay: Pay, terms: _Terms, posted: Posted, dates: tuple[Period, Period, date]
) -> Iterator[Draft]:
    """What each department or partner would post: all that is due or was posted, but for what is held."""
    period, into, day = dates
    kind = terms.chain.rule.batch
    desired = desired_of(kind, pay.lines[kind])
    waiting = frozenset((payee, part) for payee, part, _ in pay.held[kind]) if kind is BatchKind.BONUS else frozenset()
    holds = holds_in_force(connection, kind, period, terms.pay.rule, day)
    adjusted, moves = approved_adjustments(connection, kind, period), approved_moves(connection, kind, period)
    moving = {each.source for each in moves} | {each.target for each in moves if each.credited}
    months = open_months(connection, kind, into)
    owing = {scope for scope, month in months.items() if any(_of_leavers(month, pay.leavers))}
    decided = Decided(
        waiting=waiting,
        caps=terms.pay.rule.deductions,
        leavers=pay.leavers if kind is BatchKind.BONUS else frozenset(),
        terms=terms.pay.version.digest,
        terms_place=str(terms.pay.place("deductions")),
    )
    for name in sorted({scope_of(key) for key in (*desired, *posted)} | {*adjusted} | owing | moving):
        mine = replace(
            decided,
            holds=holds.get(name, ()),
            adjustments=adjusted.get(name, ()),
            moves=tuple(each for each in moves if name in {each.source, each.target}),
        )
        scope, month = Scope(kind, name, period, into), months.get(name, OpenMonth())
        calculated, before = ({key: each[key] for key in each if scope_of(key) == name} for each in (desired, posted))
        settled = settle(scope, calculated, before, mine, month)
        payees = {key.payee for key in (*settled.desired, *before)}
        lines = tuple(line for line in pay.lines[kind] if line.scope == name)
        explained = {key_of_line(kind, line): line for line in settled.lines}
        yield Draft(
            scope,
            terms.chain.rule.terms,
            lines,
            explained,
            settled.desired,
            before,
            settled.postings,
            month.digest_for(payees),
        )


def _of_leavers(month: OpenMonth, leavers: frozenset[str]) -> Iterator[int]:
    return (owed for (payee, _), owed in month.owed_now.items() if owed and payee in leavers)


def _store(world: World, night: Night, rules: RuleSet, drafts: Sequence[Draft], prepared: tuple[str, date]) -> Prepared:
    """One transaction: new batches in, and those that they replace void.

    A batch that still waits, of the same content made from the same, stays as it is, with its approvals, while there
    is time to approve it: what other departments have published meanwhile is none of it, nor are rules that it does not
    read. One that was returned or void
    does not come back: what is prepared after it is a batch of its own, even if nothing changed.
    """
    day, period = prepared[1], Period.of(night.business_date)
    stored: list[BatchId] = []
    settled: list[str] = []
    with world.store.write("batches_prepared") as connection:
        into = opened_for(connection, period)
        now = manifest_of(connection, night.run)
        for draft in drafts:
            mine = (draft.scope.kind.value, draft.scope.name)
            siblings = [row for row in read_batches(connection, str(period)) if (row.kind, row.scope) == mine]
            waiting = [row for row in siblings if not _is_over(connection, row)]
            same = [
                row
                for row in waiting
                if _is_same(row, draft, day)
                and _is_made_from_the_same(connection, manifest_of(connection, RunId(row.run_id)), now, draft, rules)
            ]
            if not draft.postings and any(_is_over(connection, row) for row in siblings):
                settled.append(draft.scope.name)
            elif same:
                stored.append(BatchId(same[0].batch_id))
            else:
                void_open(world, connection, siblings, prepared)
                version = digest_of([night.run, draft.content_hash, len(siblings)])
                batch_id = BatchId(f"{draft.prefix}-{short(version)}")
                insert_draft(world, connection, night, into, draft, batch_id, prepared)
                stored.append(batch_id)
    return Prepared(night.run, tuple(stored), tuple(settled))


def _is_same(row: sa.Row[Any], draft: Draft, day: date) -> bool:
    until = complete_by(draft.terms, row.prepared_on)
    content = (row.content_hash, row.open_month)
    return content == (draft.content_hash, draft.open_month) and (until is None or day <= until)


def _is_made_from_the_same(
    connection: sa.Connection, before: Manifest, now: Manifest, draft: Draft, rules: RuleSet
) -> bool:
    """Whether the manifests differ only by what the ledger had of all departments (a batch's own part of it is its
    content), by the claims of other partners, and by rules that the batch does not read."""
    one, other = (replace(each, ledger=None, published=(), rules=(), claims=()) for each in (before, now))
    if draft.scope.kind is BatchKind.FEE and payable_digest(before, draft.scope.name) != payable_digest(
        now, draft.scope.name
    ):
        return False
    differing = {*before.rules} ^ {*now.rules}
    if one != other or not differing:
        return one == other
    return not among(connection, differing, rules_read(rules, draft.scope.kind, draft.scope.name, draft.scope.period))


def _is_over(connection: sa.Connection, row: sa.Row[Any]) -> bool:
    return state_of(decisions_of(connection, BatchId(row.batch_id)), ()).is_over


def void_open(
    world: World, connection: sa.Connection, siblings: Iterable[sa.Row[Any]], prepared: tuple[str, date]
) -> None:
    by, day = prepared
    for row in siblings:
        decisions = decisions_of(connection, BatchId(row.batch_id))
        if not state_of(decisions, ()).is_over:
            decision = Decision(
                BatchId(row.batch_id),
                len(decisions) + 1,
                DecisionKind.VOID,
                by,
                "preparer",
                Digest(row.content_hash),
                "prepared again",
                day,
            )
            record_decision(world, connection, decision)


def insert_draft(
    world: World,
    connection: sa.Connection,
    night: Night,
    into: Period,
    draft: Draft,
    batch_id: BatchId,
    prepared: tuple[str, date],
) -> None:
    by, day = prepared
    row = {
        "batch_id": batch_id,
        "kind": draft.scope.kind.value,
        "scope": draft.scope.name,
        "period": str(draft.scope.period),
        "run_id": night.run,
        "content_hash": draft.content_hash,
        "chain": draft.frozen_terms,
        "prepared_by": by,
        "prepared_on": day,
        "open_month": draft.open_month,
    }
    postings = {posting.key: posting for posting in draft.postings}
    lines = [_line_row(key, draft, postings.get(key), into) for key in sorted({*draft.desired, *draft.posted})]
    insert_batch(world.store, connection, row, lines, night.attempt)


def _line_row(key: LedgerKey, draft: Draft, posting: Posting | None, into: Period) -> dict[str, Any]:
    explained = draft.explained.get(key)
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
        "steps": explained.steps if explained else None,
        "rule": explained.rule if explained else None,
    }


def _line_of_row(key: LedgerKey, row: Any, scope: str) -> PayoutLine:
    """What is not calculated explains itself from the batch's own row."""
    amount = from_minor(row.desired_minor, key.currency)
    steps = tuple(step_of(step) for step in row.steps)
    return PayoutLine(
        key.payee, key.component, str(key.origin_period), key.currency, amount, scope, Digest(row.rule), steps
    )


def key_of_line(kind: BatchKind, line: PayoutLine) -> LedgerKey:
    return LedgerKey(kind, line.payee, line.component, Period.parse(line.origin_period), line.currency)


def opened_for(connection: sa.Connection, period: Period) -> Period:
    """The open month into which batches of `period` are posted."""
    return open_period(period, period_states(connection))


def _key_of_row(kind: BatchKind, row: Any) -> LedgerKey:
    return LedgerKey(kind, row.payee, row.component, Period.parse(row.origin_period), row.currency)
