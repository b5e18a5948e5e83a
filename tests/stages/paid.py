"""Published batches without the nights before them: payout lines by the house's own policies, and their ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from adapters.store.batches import insert_batch, insert_decision
from adapters.store.ledger import Head, append, lock_head, move_head
from adapters.store.results import write_payout_lines
from adapters.store.runs import begin_attempt, record_run
from adapters.store.signatures import sign
from adapters.world import World
from domain.ids import BatchId, Digest, RunId, digest_of, short
from domain.manifest import Input, Manifest, RunKind, Stage
from domain.money import to_minor
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.staff import Share
from incentives.ledger import (
    BatchKind,
    ChainedEntry,
    EntryType,
    LedgerEntry,
    LedgerKey,
    Posting,
    batch_hash,
    chain,
)
from incentives.ready import ReadyPolicy
from incentives.trial import FULL_PERIOD, try_policy
from tasks.stages.rules import sound_rules

CHAIN = ("manager", "hr", "finance")


def house_policy(world: World, policy_id: str) -> ReadyPolicy:
    """A policy of the house, signed in this world's store."""
    rules = sound_rules(world.settings.rules)
    sign(world.store, rules.contents(), proposer="proposer", signer="signer")
    return next(ready for ready in rules.policies.policies if ready.policy.id == policy_id)


def line_by(
    policy: ReadyPolicy,
    payee: str,
    scope: str,
    inputs: Mapping[str, str],
    *,
    period: str = "2026-09",
    share: Share = FULL_PERIOD,
) -> PayoutLine:
    """What the policy makes of the inputs, as the calculation would have stored it."""
    row = try_policy(policy, {name: Decimal(text) for name, text in inputs.items()}, share=share).row
    assert row is not None
    assert row.amount is not None
    days = f"{Period.parse(period).start} to {Period.parse(period).end}"
    shown = (("policy", policy.policy.id), ("version", short(policy.version.digest)), ("days", days))
    heading = Step("policy", "policy", None, shown, "incentives/policies/a.yaml:1:1", "the only policy that matches")
    component, currency = f"{policy.policy.component}:{scope}", policy.policy.currency
    steps = (heading, *row.steps)
    return PayoutLine(payee, component, period, currency, row.amount, scope, policy.version.digest, steps)


def month_end_run(
    world: World,
    period: Period,
    *,
    source: RunId | None = None,
    nonce: str = "",
    calculation: Digest | None = None,
    landed: tuple[Input, ...] = (),
) -> RunId:
    manifest = Manifest(
        kind=RunKind.MONTH_END,
        business_date=period.last_day,
        effective_on=period.last_day,
        stages=(Stage.PREPARE,),
        calculation=calculation or digest_of(f"calculation {nonce}"),
        rules=(),
        landed=landed,
        history=(),
        source=source,
    )
    return record_run(world.store, manifest, begin_attempt(world.store, "month-end", period.last_day))


def publish_lines(
    world: World,
    run: RunId,
    scope: str,
    lines: Iterable[PayoutLine],
    *,
    kind: BatchKind = BatchKind.BONUS,
    posted: Mapping[LedgerKey, int] | None = None,
    into: Period | None = None,
    decisions: int = 4,
    held: Collection[str] = (),
) -> BatchId:
    """A batch of the lines, approved and published (or stopped after fewer decisions); `posted` is what their keys had
    come to before, `held` are payees for whom nothing is posted."""
    lines = tuple(lines)
    period = Period.parse(lines[0].origin_period)
    before = dict(posted or {})
    desired = {
        LedgerKey(kind, line.payee, line.component, period, line.currency): to_minor(line.amount, line.currency)
        for line in lines
    }
    postings = tuple(
        Posting(key, into or period, _type(before.get(key)), amount - before.get(key, 0))
        for key, amount in sorted({**dict.fromkeys(before, 0), **desired}.items())
        if amount != before.get(key, 0) and key.payee not in held
    )
    batch_id = BatchId(f"{kind.value}-{period}-{scope}-{short(digest_of([run, scope, len(before)]))}")
    digest = batch_hash(lines, postings, before)
    with world.store.write("test") as connection:
        write_payout_lines(connection, run, kind.value, lines)
        row = {"batch_id": batch_id, "kind": kind.value, "scope": scope, "period": str(period), "run_id": run}
        row |= {"content_hash": digest, "chain": list(CHAIN), "prepared_by": "preparer"}
        due = {posting.key: posting for posting in postings}
        keys = sorted({*desired, *before})
        rows = [_row(key, desired, before, due.get(key), into or period) for key in keys]
        insert_batch(world.store, connection, row, rows, None)
        every = [*(("approved", role) for role in CHAIN), ("published", "publisher")]
        for step, (decision, role) in enumerate(every[:decisions], 1):
            decided = {"batch_id": batch_id, "step": step, "decision": decision, "role": role, "by_name": role}
            insert_decision(world.store, connection, {**decided, "reason": "", "content_hash": digest})
        _append(connection, batch_id, postings if decisions == len(every) else ())
    return batch_id


def _type(posted: int | None) -> EntryType:
    return EntryType.EARNING if posted is None else EntryType.ADJUSTMENT


def _row(
    key: LedgerKey,
    desired: Mapping[LedgerKey, int],
    posted: Mapping[LedgerKey, int],
    posting: Posting | None,
    into: Period,
) -> dict[str, object]:
    return {
        "payee": key.payee,
        "component": key.component,
        "origin_period": str(key.origin_period),
        "currency": key.currency,
        "desired_minor": desired.get(key, 0),
        "posted_minor": posted.get(key),
        "difference_minor": posting.amount_minor if posting else 0,
        "posting_period": str(into),
        "entry_type": posting.entry_type.value if posting else "",
    }


def _append(connection, batch_id: BatchId, postings: tuple[Posting, ...]) -> None:
    head = lock_head(connection)
    entries = chain(
        [LedgerEntry(head.sequence + number, batch_id, posting) for number, posting in enumerate(postings, 1)],
        head.entry_hash,
    )
    previous = head.entry_hash
    rows = []
    for each in entries:
        rows.append(_ledger_row(each, previous))
        previous = each.entry_hash
    append(connection, rows)
    if entries:
        move_head(connection, Head(entries[-1].entry.sequence, previous))


def _ledger_row(chained: ChainedEntry, previous: Digest) -> dict[str, object]:
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


def owe(world: World, payee: str, scope: str, minor: int) -> None:
    """A debt in the ledger as a batch of August left it, without the nights before it."""
    august = Period(2026, 8)
    line = PayoutLine(payee, f"carried/net:{scope}", str(august), "VND", Decimal(minor), scope, digest_of("terms"), ())
    publish_lines(world, month_end_run(world, august), scope, [line])
