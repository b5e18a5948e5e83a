"""A partner's acknowledgement, taken in whole or not at all; rejected lines become actions of the register."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.received import received_rows
from adapters.seam import sha256_of
from adapters.store.actions import insert_action, read_actions
from adapters.store.batches import refuse_other_names
from adapters.store.partner_files import (
    handed_out,
    insert_acknowledgement,
    known_acknowledgement,
    partner_files_of,
    unsettled_lines,
)
from adapters.world import World, business_today
from domain.actions import NewAction, fresh_actions
from domain.ids import AttemptId, RunId
from domain.issues import Issue, Location
from domain.partner_files import HandedOut, PartnerAnswer, PartnerOutcome, file_named, read_answers
from tasks.stages.rules import sound_rules

SOURCE, DEPARTMENT, DAYS = "partner_rejected", "partners", 5


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a file said that is new, and the lines of ours of which it, and every one before it, says nothing."""

    file_id: str
    accepted: int
    rejected: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenAtPartner:
    partner_id: str
    file_id: str
    account_id: str
    state: str
    reason: str


def acknowledge(
    world: World, path: Path, *, by: str, attempt: AttemptId, received_on: date | None = None
) -> Acknowledged:
    """Record what the partner says of the lines of one file, and that it came on the day `received_on` (today unless it
    is given). Raises: RefusedError with everything that is wrong."""
    if not by.strip():
        raise RefusedError("PTF011 an acknowledgement is taken in by somebody: give a name")
    rows, digest = _rows(path), sha256_of(path)
    named, issues = file_named(path.name, rows)
    _refuse(issues)
    owners = {each.rule.id: each.rule.owner for each in sound_rules(world.settings.rules).contracts.contracts}
    try:
        with world.store.write("acknowledgement_taken_in") as connection:
            refuse_other_names(connection, by)
            of = handed_out(connection, named)
            if of is None:
                known = Location(path.name)
                _refuse((Issue("PTF006", known, f'no file "{named}" was handed out', "Ask the partner which it is"),))
            assert of is not None  # noqa: S101 - refused above
            missing = of.accounts - of.answered.keys()
            if known_acknowledgement(connection, digest):
                return Acknowledged(named, 0, 0, tuple(sorted(missing)))
            answers, issues = read_answers(path.name, rows, of)
            today = business_today(world)
            received = received_on or today
            _refuse((*issues, *_of_the_day(path.name, of, received, today)))
            taken: dict[str, Any] = {"acknowledgement_id": digest, "file_id": named, "file_name": path.name[:200]}
            taken |= {"rows": len(rows) - 1, "by_name": by, "received_on": received}
            insert_acknowledgement(world.store, connection, taken, answers, attempt)
            _open_actions(world, connection, named, answers, owners, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError("somebody took in an acknowledgement at the same moment: take it in again") from None
    missing = missing - {each.account_id for each in answers}
    rejected = sum(each.outcome is PartnerOutcome.REJECTED for each in answers)
    return Acknowledged(named, len(answers) - rejected, rejected, tuple(sorted(missing)))


def open_at_partners(world: World) -> tuple[OpenAtPartner, ...]:
    """Lines of files in force that were not answered, or rejected with the partner's reason."""
    with world.store.read() as connection:
        rows = unsettled_lines(connection)
    return tuple(
        OpenAtPartner(row.partner_id, row.file_id, row.account_id, row.outcome or "no answer", row.reason or "")
        for row in rows
    )


def _open_actions(
    world: World,
    connection: sa.Connection,
    named: str,
    answers: tuple[PartnerAnswer, ...],
    owners: dict[str, str],
    attempt: AttemptId,
) -> None:
    """One for each rejected line: whoever answers for the contract recalls the account, or mends what was wrong."""
    (file,) = (row for row in partner_files_of(connection) if row.file_id == named)
    today = business_today(world)
    found = [
        NewAction(
            source=SOURCE,
            key=f"{named}.{each.account_id}"[:120],
            subject_kind="account",
            subject_id=each.account_id,
            about=f"{file.partner_id} rejects the {file.kind} of {file.day}: {each.reason}",
            owner=owners.get(file.contract_id, "operations"),
            department=DEPARTMENT,
            opened_on=today,
            deadline=today + timedelta(days=DAYS),
            run=RunId(file.run_id),
        )
        for each in answers
        if each.outcome is PartnerOutcome.REJECTED
    ]
    for action in fresh_actions(found, read_actions(connection, source=SOURCE)):
        insert_action(world.store, connection, action, attempt)


def _of_the_day(name: str, of: HandedOut, received: date, today: date) -> Iterator[Issue]:
    """An answer cannot come before the file went out, nor tomorrow."""
    if received > today:
        yield Issue("PTF019", Location(name), f"it cannot have come on {received}: today is {today}", "Mend --on")
    elif of.handed_on is not None and received < of.handed_on:
        text = f"it cannot have come on {received}: {of.file_id} went out on {of.handed_on}"
        yield Issue("PTF019", Location(name), text, "Mend --on")


def _rows(path: Path) -> list[list[str]]:
    return received_rows(path, "PTF010")


def _refuse(issues: Any) -> None:
    if issues:
        raise RefusedError("\n".join(map(str, issues)))
