"""The payroll system's return file, taken in whole or not at all; and what is still open at the payroll system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.received import received_rows
from adapters.seam import sha256_of
from adapters.store.batches import refuse_other_names
from adapters.store.payroll import handed_over, insert_return, known_return
from adapters.world import World
from domain.money import from_minor
from domain.periods import Period
from incentives.returns import Answer, HandedOver, Outcome, read_return


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a file said: answers that are new; none if it was taken in before."""

    file: str
    paid: int
    rejected: int


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that is not paid: not answered yet, or rejected and not handed over again."""

    line_id: str
    batch_id: str
    payee: str
    payroll_number: str
    amount: str
    currency: str
    state: str
    reason: str


def take_in(world: World, path: Path, *, by: str) -> TakenIn:
    """Record what the payroll system did with the lines that were handed to it.

    Raises: RefusedError with everything that is wrong with the file, and then nothing of it is recorded.
    """
    if not by.strip():
        raise RefusedError("PRT011 a return file is taken in by somebody: give a name")
    rows, digest = _rows(path), sha256_of(path)
    try:
        with world.store.write("return_taken_in") as connection:
            refuse_other_names(connection, by)
            if known_return(connection, digest):
                return TakenIn(path.name, 0, 0)
            answers, issues = read_return(path.name, rows, _handed_over(connection))
            if issues:
                raise RefusedError("\n".join(map(str, issues)))
            returned = {"return_id": digest, "file_name": path.name[:200], "rows": len(rows) - 1, "by_name": by}
            insert_return(world.store, connection, returned, [_stored(answer, digest) for answer in answers])
    except sa.exc.IntegrityError:
        raise ConflictError("somebody took in a return file at the same moment: take it in again") from None
    paid = sum(answer.outcome is Outcome.PAID for answer in answers)
    return TakenIn(path.name, paid, len(answers) - paid)


def open_lines(world: World, period: Period | None = None) -> tuple[OpenLine, ...]:
    """What the payroll system has not paid, of all months or of one; of each entry the newest line."""
    with world.store.read() as connection:
        newest = {row.sequence: row for row in handed_over(connection, period=str(period or ""))}
    return tuple(_open(row) for row in newest.values() if row.outcome != Outcome.PAID.value)


def _open(row: sa.Row[Any]) -> OpenLine:
    amount = f"{from_minor(row.amount_minor, row.currency):f}"
    who = (row.payee, row.payroll_number, amount, row.currency)
    return OpenLine(row.line_id, row.batch_id, *who, row.outcome or "no answer", row.reason or "")


def _rows(path: Path) -> list[list[str]]:
    return received_rows(path, "PRT010")


def _handed_over(connection: sa.Connection) -> dict[str, HandedOver]:
    return {row.line_id: _one(row) for row in handed_over(connection)}


def _one(row: sa.Row[Any]) -> HandedOver:
    answered = Answer(row.line_id, Outcome(row.outcome), row.paid_on, row.reason) if row.outcome else None
    return HandedOver(row.line_id, row.amount_minor, row.currency, answered)


def _stored(answer: Answer, return_id: str) -> dict[str, Any]:
    return {
        "line_id": answer.line_id,
        "return_id": return_id,
        "outcome": answer.outcome.value,
        "paid_on": answer.paid_on,
        "reason": answer.reason,
    }
