"""What retention has removed, and what is held against it. Both are append-only: a hold ends by another row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from adapters.errors import FileChangedError, RemovedError
from adapters.store.schema import legal_hold_decisions as holds
from adapters.store.schema import removals, removals_finished, removed_files
from domain.ids import AttemptId, Digest, short


class HoldKind(StrEnum):
    ACCOUNT = "account"
    PERIOD = "period"
    RUN = "run"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class HoldDecision:
    decision: str
    by: str
    reason: str
    decided_on: date


@dataclass(frozen=True, slots=True)
class LegalHold:
    """`subject` is the account, the month or the run; who placed it is the first decision, who released it the last."""

    hold: str
    kind: HoldKind
    subject: str
    decisions: tuple[HoldDecision, ...]

    @property
    def is_in_force(self) -> bool:
        return len(self.decisions) == 1


@dataclass(frozen=True, slots=True, order=True)
class RemovedFile:
    path: str
    kind: str
    sha256: str
    size_bytes: int
    dated: date


@dataclass(frozen=True, slots=True)
class Removal:
    removal: Digest
    by: str
    reason: str
    decided_on: date
    files: int
    size_bytes: int
    is_finished: bool


def read_holds(connection: sa.Connection) -> tuple[LegalHold, ...]:
    """Every hold, in the order in which they were placed."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(holds).order_by(holds.c.step)):
        found[row.hold_id].append(row)
    numbered = sorted(found, key=lambda name: int(name.rpartition("-")[2]))
    return tuple(_hold(name, found[name]) for name in numbered)


def insert_hold_decision(
    connection: sa.Connection, hold: LegalHold, decision: HoldDecision, recorded: Mapping[str, Any]
) -> None:
    connection.execute(
        holds.insert().values(
            hold_id=hold.hold,
            step=len(hold.decisions) + 1,
            decision=decision.decision,
            kind=hold.kind.value,
            subject=hold.subject,
            by_name=decision.by,
            reason=decision.reason,
            decided_on=decision.decided_on,
            **recorded,
        )
    )


def insert_removal(
    connection: sa.Connection, removal: Removal, rules: Mapping[str, Any], files: Sequence[RemovedFile],
    recorded: Mapping[str, Any],
) -> None:  # fmt: skip
    """Before the first file goes: so a file that is gone is never one of which nobody says why."""
    connection.execute(
        removals.insert().values(
            removal_id=removal.removal,
            rules=dict(rules),
            files=removal.files,
            size_bytes=removal.size_bytes,
            by_name=removal.by,
            reason=removal.reason,
            decided_on=removal.decided_on,
            **recorded,
        )
    )
    rows = [
        {"removal_id": removal.removal, "path": file.path, "kind": file.kind, "sha256": file.sha256,
         "size_bytes": file.size_bytes, "dated": file.dated}
        for file in files
    ]  # fmt: skip
    if rows:
        connection.execute(removed_files.insert(), rows)


def finish_removal(connection: sa.Connection, removal: Digest, recorded: Mapping[str, Any]) -> None:
    connection.execute(removals_finished.insert().values(removal_id=removal, **recorded))


def read_removals(connection: sa.Connection) -> tuple[Removal, ...]:
    """Every removal, the oldest first."""
    statement = (
        sa.select(removals, removals_finished.c.removal_id.label("finished"))
        .join(removals_finished, removals_finished.c.removal_id == removals.c.removal_id, isouter=True)
        .order_by(removals.c.decided_on, removals.c.recorded_at)
    )
    return tuple(
        Removal(Digest(row.removal_id), row.by_name, row.reason, row.decided_on, row.files, row.size_bytes,
                row.finished is not None)
        for row in connection.execute(statement)
    )  # fmt: skip


def files_of_removal(connection: sa.Connection, removal: Digest) -> tuple[RemovedFile, ...]:
    statement = sa.select(removed_files).filter_by(removal_id=removal).order_by(removed_files.c.path)
    return tuple(
        RemovedFile(row.path, row.kind, row.sha256, row.size_bytes, row.dated) for row in connection.execute(statement)
    )


def removed_paths(connection: sa.Connection) -> frozenset[str]:
    return frozenset(connection.execute(sa.select(removed_files.c.path)).scalars())


def error_of_missing(connection: sa.Connection, paths: Iterable[str], otherwise: str) -> FileChangedError:
    """What to raise for registered files that are not there: what retention says of them, or else what is said."""
    wanted = sorted(set(paths))
    statement = (
        sa.select(removed_files.c.path, removals.c.removal_id, removals.c.by_name, removals.c.decided_on)
        .join(removals, removals.c.removal_id == removed_files.c.removal_id)
        .where(removed_files.c.path.in_(wanted))
    )
    found = {row.path: row for row in connection.execute(statement)}
    if not found or set(found) != set(wanted):
        return FileChangedError(otherwise)
    said = "; ".join(
        f"{path} was removed by retention on {row.decided_on} (by {row.by_name}, {short(row.removal_id)})"
        for path, row in sorted(found.items())[:_MOST]
    )
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return RemovedError(f"RET010 {said}{more}. What is in the store is still there; its files are not kept so long")


_MOST = 3


def _hold(name: str, rows: Sequence[Any]) -> LegalHold:
    decisions = tuple(HoldDecision(row.decision, row.by_name, row.reason, row.decided_on) for row in rows)
    return LegalHold(name, HoldKind(rows[0].kind), rows[0].subject, decisions)


def recorded_now(clock: Any, attempt: AttemptId) -> dict[str, Any]:
    return {"recorded_at": clock(), "attempt_id": attempt}
