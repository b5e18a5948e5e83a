"""Who was settled together in a month that was published: read back from the lines of its batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import decisions_on, read_batches
from adapters.store.results import read_payout_lines
from adapters.store.signatures import contents_of
from domain.ids import RunId, short
from domain.manifest import PaidBatch
from domain.periods import Period
from domain.rules import RuleKind
from incentives.batches import DecisionKind
from incentives.book import PolicyBook
from incentives.first_paid import FirstPaid, PublishedBatch, first_paid
from incentives.ledger import BatchKind
from incentives.policies import Policy
from tasks.stages.manifests import manifest_of
from tasks.stages.signed_book import read_back


def batches_published(connection: sa.Connection, policies: PolicyBook, period: Period) -> tuple[PaidBatch, ...]:
    """The published batches of the period in the order in which they were published; none where no policy has a step
    that needs them."""
    if not policies.during(period).keeps_sets():
        return ()
    found = []
    for row in read_batches(connection, str(period)):
        if row.kind == BatchKind.BONUS.value:
            found += [(at, PaidBatch(str(period), row.scope, RunId(row.run_id))) for at in _published(connection, row)]
    return tuple(batch for _, batch in sorted(found))


def _published(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> Iterator[int]:
    for decision in decisions_on(connection, row.batch_id):
        if decision.decision == DecisionKind.PUBLISHED.value:
            yield decision.sequence


def sets_published(connection: sa.Connection, batches: Iterable[PaidBatch]) -> FirstPaid:
    """The groups of these batches as they were first paid.

    Raises: RefusedError if a policy by which they were calculated is not in the store.
    """
    batches = tuple(batches)
    runs = dict.fromkeys(batch.run for batch in batches)
    lines = {run: read_payout_lines(connection, run, BatchKind.BONUS.value) for run in runs}
    policies = {version: policy for run in runs for version, policy in _policies(connection, run)}
    return first_paid((PublishedBatch(batch.scope, lines[batch.run]) for batch in batches), policies)


def _policies(connection: sa.Connection, run: RunId) -> Iterator[tuple[str, Policy]]:
    """The policies of the run as they were signed, by the short digests that headings of lines name."""
    digests = [each.digest for each in manifest_of(connection, run).rules if each.kind is RuleKind.POLICY]
    signed = contents_of(connection, digests)
    missing = [short(digest) for digest in digests if digest not in signed]
    if missing:
        raise RefusedError(f"BAT045 run {run} was paid by policies that are not in the store: {', '.join(missing)}")
    for digest, (kind, content) in signed.items():
        yield short(digest), Policy.model_validate(read_back(kind, content))
