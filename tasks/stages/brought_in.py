"""Openings of pay as they stand in the store: which files came in, who brought them in, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from adapters.store.batches import decisions_on
from adapters.store.schema import batches
from domain.ids import BatchId, Digest, RunId
from domain.periods import Period
from incentives.batches import DecisionKind
from incentives.opening import BROUGHT_IN
from tasks.stages.manifests import manifest_of


class OpeningState(StrEnum):
    """An opening is posted as a whole; then a later one may take its place."""

    BROUGHT_IN = "brought in"
    SIGNED = "signed"
    POSTED = "posted"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class BatchBroughtIn:
    """What one department brought in of one month; `signed_by` and `posted_by` are empty before somebody did so."""

    batch: BatchId
    period: Period
    scope: str
    run: RunId
    by: str
    signed_by: str
    posted_by: str
    is_void: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """One file, and the first month that Recoup pays; `name` is how the ids of its batches end."""

    name: str
    file: Digest
    go_live: Period
    batches: tuple[BatchBroughtIn, ...]

    @property
    def state(self) -> OpeningState:
        if any(each.posted_by for each in self.batches):
            return OpeningState.POSTED
        if any(each.is_void for each in self.batches):
            return OpeningState.REPLACED
        return OpeningState.SIGNED if all(each.signed_by for each in self.batches) else OpeningState.BROUGHT_IN


def is_opening(batch: str) -> bool:
    """Whether the id is that of a batch of an opening: such a batch pays nobody."""
    return batch.startswith(f"{BROUGHT_IN}-")


def openings(connection: sa.Connection) -> tuple[Opening, ...]:
    """Every opening in the order in which they came; of several that were posted, the last one counts."""
    found: dict[str, list[sa.Row[tuple[object, ...]]]] = {}
    statement = sa.select(batches).where(batches.c.batch_id.startswith(f"{BROUGHT_IN}-"))
    for row in connection.execute(statement.order_by(batches.c.recorded_at, batches.c.batch_id)):
        found.setdefault(row.batch_id.rpartition("-")[2], []).append(row)
    return tuple(_opening(connection, name, rows) for name, rows in found.items())


def posted_opening(connection: sa.Connection) -> Opening | None:
    """The one that counts."""
    posted = [each for each in openings(connection) if each.state is OpeningState.POSTED]
    return posted[-1] if posted else None


def pending_opening(connection: sa.Connection) -> Opening | None:
    """The one that waits for its signature, or to be posted."""
    waiting = (OpeningState.BROUGHT_IN, OpeningState.SIGNED)
    return next((each for each in openings(connection)[::-1] if each.state in waiting), None)


def _opening(connection: sa.Connection, name: str, rows: list[sa.Row[tuple[object, ...]]]) -> Opening:
    manifest = manifest_of(connection, RunId(str(rows[0].run_id)))
    go_live = Period.of(manifest.effective_on)
    return Opening(name, manifest.opening or Digest(""), go_live, tuple(_batch(connection, row) for row in rows))


def _batch(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> BatchBroughtIn:
    by = {DecisionKind(each.decision): each.by_name for each in decisions_on(connection, row.batch_id)}
    return BatchBroughtIn(
        BatchId(row.batch_id),
        Period.parse(row.period),
        row.scope,
        RunId(row.run_id),
        row.prepared_by,
        by.get(DecisionKind.APPROVED, ""),
        by.get(DecisionKind.PUBLISHED, ""),
        DecisionKind.VOID in by or DecisionKind.RETURNED in by,
    )
