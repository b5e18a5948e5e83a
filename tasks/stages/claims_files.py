"""What goes to a partner about its claims, and what comes back: the list of differences, and the answers to it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.received import received_rows
from adapters.seam import sha256_of
from adapters.store.batches import refuse_other_names
from adapters.store.claims import insert_reply, replies_of, replies_to, settlement_named
from adapters.store.runs import RunFile, files_of_run, register_alike
from adapters.world import World, business_today
from domain.claim_files import LIST_COLUMNS, PartnerReply, ReplyLine, read_reply
from domain.ids import AttemptId, RunId, digest_of, short
from domain.money import from_minor
from incentives.claims.differences import Difference
from incentives.claims.kinds import ABOUT, Kind
from reports.csv_files import Value, csv_text
from reports.partner_workbook import write_partner_workbook
from tasks.stages.claims_state import PartnerClaims, carried, partner_claims


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The list of what is open with a partner, as CSV and as workbook; the same list is the same files."""

    settlement_id: str
    files: tuple[Path, ...]
    lines: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A file of answers, counted. `again`: it was the last one taken in already, and nothing changed; `instead_of`: it
    had been taken in, then this other file, and now its answers count again."""

    settlement_id: str
    agreed: int
    disputed: int
    withdrawn: int
    without_answer: int
    again: bool = False
    instead_of: str = ""


def write_correspondence(world: World, settlement: str) -> Correspondence:
    """The open differences of the settlement, with what the partner needs to look them up, and nothing else.

    No person is named in it, no amount but those that are compared. What the partner has answered stands in its place.
    Raises: RefusedError if nothing is open.
    """
    with world.store.read() as connection:
        row = settlement_named(connection, settlement)
        claims = partner_claims(world, connection, row.partner_id)
        known = files_of_run(connection, RunId(row.run_id))
        answers = answers_of(connection, claims)
    open_now = [each for each, _ in claims.open() if each.settlement_id == row.settlement_id]
    if not open_now:
        raise RefusedError(f"STL035 nothing of {row.settlement_id} is open: there is nothing to write to the partner")
    lines = [_line(each, *answers.get(each.difference_id, ("", ""))) for each in sorted(open_now, key=_number)]
    text = csv_text(LIST_COLUMNS, lines, for_excel=True)
    name = f"correspondence-{short(hashlib.sha256(text.encode()).hexdigest())}"
    folder = f"reports/claims/{row.settlement_id}"
    csv_file, workbook = f"{folder}/{name}.csv", f"{folder}/{name}.xlsx"
    home = world.settings.home
    made = (
        (csv_file, world.seam.write_file(home / csv_file, lambda part: _fill(part, text), point="correspondence")),
        (workbook, world.seam.write_file(
            home / workbook, lambda part: write_partner_workbook(part, "Differences", LIST_COLUMNS, lines),
            point="correspondence",
        )),
    )  # fmt: skip
    fresh = [RunFile(path, path, written.sha256, len(lines)) for path, written in made if path not in known]
    register_alike(world.store, RunId(row.run_id), fresh, "correspondence_registered")
    return Correspondence(row.settlement_id, (home / csv_file, home / workbook), len(lines))


def take_reply(world: World, path: Path, settlement: str, *, by: str, attempt: AttemptId) -> Answered:
    """Take in what the partner answers to a settlement's list: whole, or not at all.

    Line by line the last file counts; the same one once more changes nothing. An answer decides nothing: it stands
    beside the difference for whoever decides. Raises: RefusedError with everything that is wrong with the file.
    """
    if not by.strip():
        raise RefusedError("STL011 an answer is taken in by somebody: give --by")
    rows, digest = _rows(path), sha256_of(path)
    try:
        with world.store.write("claim_reply_taken_in") as connection:
            refuse_other_names(connection, by)
            row = settlement_named(connection, settlement)
            claims = partner_claims(world, connection, row.partner_id)
            lines = _answered(path.name, rows, claims, row.settlement_id)
            before = replies_to(connection, row.settlement_id)
            earlier = _taken_in_as(digest, before)
            is_last = bool(earlier) and before[-1].reply_id == earlier[-1]
            if not is_last:
                named = digest_of([digest, len(earlier)]) if earlier else digest
                taken = {"reply_id": named, "settlement_id": row.settlement_id, "file_name": path.name[:200]}
                taken |= {"rows": len(lines), "received_on": business_today(world), "by_name": by}
                stored = [
                    {"difference_id": each.difference_id, "answer": each.answer.value, "text": each.text}
                    for each in lines
                ]
                insert_reply(world.store, connection, taken, stored, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError("somebody took in an answer at the same moment: take it in again") from None
    agreed, disputed, withdrawn = (sum(each.answer is kind for each in lines) for kind in PartnerReply)
    silent = _silent(world, claims, row.settlement_id)
    instead_of = before[-1].file_name if earlier and not is_last else ""
    return Answered(row.settlement_id, agreed, disputed, withdrawn, silent, is_last, instead_of)


def answers_of(connection: sa.Connection, claims: PartnerClaims) -> dict[str, tuple[str, str]]:
    """The partner's last answer to each difference, and its text; what it answered when an earlier settlement asked the
    very same counts until it says something else."""
    said = {row.difference_id: (row.answer, row.text) for row in replies_of(connection, partner=claims.partner)}
    return carried(claims.differences, said)


def _answered(
    name: str, rows: Sequence[Sequence[str]], claims: PartnerClaims, settlement: str
) -> tuple[ReplyLine, ...]:
    mine = {each.difference_id for each in claims.differences if each.settlement_id == settlement}
    lines, issues = read_reply(name, rows, mine)
    if issues:
        raise RefusedError("\n".join(map(str, issues)))
    if not lines:
        raise RefusedError(f"{name} STL036 answers nothing: the column answer is empty in every line")
    return lines


def _taken_in_as(digest: str, before: Sequence[sa.Row[Any]]) -> list[str]:
    """The names under which this file was taken in so far: its digest, and where it came again one with a number."""
    names = [digest, *(digest_of([digest, number]) for number in range(1, len(before)))]
    known = {each.reply_id for each in before}
    return [each for each in names if each in known]


def _silent(world: World, claims: PartnerClaims, settlement: str) -> int:
    with world.store.read() as connection:
        answered = answers_of(connection, claims)
    return sum(each.difference_id not in answered for each, _ in claims.open() if each.settlement_id == settlement)


def _number(each: Difference) -> int:
    return int(each.difference_id.rpartition(".")[2])


# Lines of accounts that were with somebody else: the partner is not told what the books have of them.
NOT_TOLD = frozenset({Kind.NEVER_PLACED, Kind.BEFORE_PLACEMENT, Kind.PLACED_WITH_ANOTHER, Kind.SETTLED_WITH_ANOTHER})


def _line(each: Difference, answer: str, text: str) -> tuple[Value, ...]:
    about, is_told = ABOUT[each.kind], each.kind not in NOT_TOLD
    return (
        each.difference_id,
        each.claim_id,
        each.account_id,
        each.kind.value,
        about.text,
        about.remedy,
        each.claimed_on,
        each.month.strftime("%Y-%m") if each.month else "",
        each.paid_on,
        _major(each.claimed_minor, each.currency),
        each.reference,
        each.booked_on if is_told else None,
        _major(each.booked_minor, each.currency) if is_told else None,
        each.currency,
        each.reply_by,
        answer,
        text,
    )


def _major(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else from_minor(minor, currency)


def _rows(path: Path) -> Sequence[Sequence[str]]:
    return received_rows(path, "STL037")


def _fill(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8", newline="")
