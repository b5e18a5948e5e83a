"""Explaining and proving pay: a payee's lines with every step, and the ledger beside what posted it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import read_batches
from adapters.store.ledger import read_entries, read_head
from adapters.world import World
from domain.ids import Digest, RunId
from domain.issues import Issue, Location
from domain.money import from_minor
from domain.periods import Period
from domain.records import PayoutLine
from incentives.batches import OF_GROUPS, BatchPhase, refusals
from incentives.ledger import (
    MOVED,
    BatchKind,
    ChainedEntry,
    EntryType,
    LedgerEntry,
    LedgerKey,
    Posting,
    scope_of,
    verify_chain,
)
from tasks.stages.month_end import Frozen, read_frozen
from tasks.stages.recompute import recomputed
from tasks.stages.tying import untied_nights


def lines_of_payee(world: World, payee: str, period: Period) -> tuple[tuple[RunId, PayoutLine], ...]:
    """The payee's lines of the newest batches of the period, each with the run that calculated it.

    Raises: RefusedError if no batch of the period pays the payee.
    """
    with world.store.read() as connection:
        newest = {(row.kind, row.scope): row.batch_id for row in read_batches(connection, str(period))}
        batches = [read_frozen(connection, batch) for batch in newest.values()]
    lines = tuple((batch.run, line) for batch in batches for line in batch.lines if line.payee == payee)
    if not lines:
        raise RefusedError(f"no batch of {period} has a line for {payee!r}; `recoup batches` lists the batches")
    return lines


def verify_ledger(world: World) -> tuple[Issue, ...]:
    """Breaks in the chain, a head that is not its end, batches whose rows or postings are not what was frozen, entries
    that no published batch has posted, batches published without their approvals, months of a payee that come to less
    than nothing, figures of the nights that were paid that are not what their parts come
    to, and lines of published batches that do not come out again."""
    with world.store.read() as connection:
        entries = tuple(_entry(row) for row in read_entries(connection))
        issues = [*verify_chain(entries, read_head(connection).entry_hash)]
        batches = [read_frozen(connection, row.batch_id) for row in read_batches(connection)]
    for frozen in batches:
        issues += (*_of_batch(frozen, entries), *_unapproved(frozen))
    issues += _unpublished(entries, batches)
    issues += _below_zero(entries, {frozen.batch.batch_id for frozen in batches if frozen.open_month is None})
    issues += _taken_without_credit(entries)
    published = [frozen.run for frozen in batches if frozen.state.phase is BatchPhase.PUBLISHED]
    return (*issues, *untied_nights(world, published), *recomputed(world, published))


def _below_zero(entries: tuple[ChainedEntry, ...], uncapped: Collection[str]) -> Iterator[Issue]:
    """Deductions are capped, so no month of a payee, in a department or under a contract, ends below zero; months with
    batches from before there were caps are passed over."""
    sums: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    passed_over: set[tuple[str, str, str, str, str]] = set()
    for chained in entries:
        posting = chained.entry.posting
        key = (posting.key.batch_kind, scope_of(posting.key), posting.key.payee, str(posting.posting_period))
        sums[*key, posting.key.currency] += posting.amount_minor
        if chained.entry.batch_id in uncapped:
            passed_over.add((*key, posting.key.currency))
    for (kind, scope, payee, period, currency), minor in sorted(sums.items()):
        if minor < 0 and (kind, scope, payee, period, currency) not in passed_over:
            message = f"{kind} of {payee} in {scope} comes to {from_minor(minor, currency):,f} {currency}"
            yield Issue(
                "LED015", Location(f"month {period}"), message, "Nobody is paid less than nothing: do not pay it"
            )


def _taken_without_credit(entries: tuple[ChainedEntry, ...]) -> Iterator[Issue]:
    """A department takes up what another has credited, never more; less is named by every month-end (OWE002)."""
    sums: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for posting in (chained.entry.posting for chained in entries):
        if posting.key.sort == MOVED:
            name = posting.key.component.partition("/")[2].rpartition(":")[0]
            sums[posting.key.payee, name, str(posting.key.origin_period), posting.key.currency] += posting.amount_minor
    for (payee, name, _, currency), minor in sorted(sums.items()):
        if minor < 0:
            message = f"{from_minor(-minor, currency):,f} {currency} of {payee} is taken up, and was credited nowhere"
            yield Issue("LED023", Location(f"adjustment {name}"), message, "It would be taken twice: do not deduct it")


def _of_batch(frozen: Frozen, entries: tuple[ChainedEntry, ...]) -> Iterator[Issue]:
    place = Location(f"batch {frozen.batch.batch_id}")
    if frozen.hash_now != frozen.batch.content_hash:
        yield Issue("LED010", place, "its rows are not those that were frozen", "Find out who changed them")
    posted: dict[LedgerKey, int] = defaultdict(int)
    for chained in entries:
        if chained.entry.batch_id == frozen.batch.batch_id:
            posted[chained.entry.posting.key] += chained.entry.posting.amount_minor
    due = {posting.key: posting.amount_minor for posting in frozen.postings}
    if posted and posted != due:
        yield Issue("LED011", place, "the ledger does not hold what the batch posted", "Find out who changed it")
    if frozen.state.phase is BatchPhase.PUBLISHED and due and not posted:
        yield Issue("LED012", place, "it is published, and the ledger has none of it", "Restore the backup")


def _unpublished(entries: tuple[ChainedEntry, ...], batches: Collection[Frozen]) -> Iterator[Issue]:
    """Entries under a batch that is not published, or not in the store."""
    published = {each.batch.batch_id for each in batches if each.state.phase is BatchPhase.PUBLISHED}
    posted = Counter(chained.entry.batch_id for chained in entries if chained.entry.batch_id not in published)
    for batch, number in sorted(posted.items()):
        message = f"{number} entries of the ledger are of it, and it is not published"
        yield Issue("LED021", Location(f"batch {batch}"), message, "Find out who posted them: do not pay them")


def _unapproved(frozen: Frozen) -> Iterator[Issue]:
    """A published batch whose decisions, taken again one after the other, would not be taken.

    Who was in which group on the day is not asked again.
    """
    if frozen.state.phase is not BatchPhase.PUBLISHED:
        return
    for number, decision in enumerate(frozen.decisions):
        found = refusals(decision, frozen.batch, frozen.decisions[:number])
        for refused in (each for each in found if each.code not in OF_GROUPS):
            message = f"it is {decision.kind} by {decision.by or 'nobody'}, although {refused.code} {refused.message}"
            yield Issue("LED022", refused.location, message, "Find out who changed its decisions: do not pay it")


def _entry(row: sa.Row[tuple[object, ...]]) -> ChainedEntry:
    key = LedgerKey(BatchKind(row.batch_kind), row.payee, row.component, Period.parse(row.origin_period), row.currency)
    posting = Posting(key, Period.parse(row.posting_period), EntryType(row.entry_type), row.amount_minor)
    return ChainedEntry(LedgerEntry(row.sequence, row.batch_id, posting), Digest(row.entry_hash))
