"""Files that were handed to partners, their lines, and what the partners answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from adapters.store.engine import Store
from adapters.store.schema import partner_acknowledgements, partner_answers, partner_file_lines, partner_files
from domain.ids import AttemptId
from domain.partner_files import HandedOut, PartnerAnswer, PartnerOutcome


def partner_files_of(connection: sa.Connection, *, day: date | None = None) -> tuple[sa.Row[Any], ...]:
    """Those of a day, or all, each with `replaced_by`; by partner, contract, day, kind and number."""
    newer = partner_files.alias("newer")
    statement = sa.select(*partner_files.c, newer.c.file_id.label("replaced_by")).select_from(
        partner_files.outerjoin(newer, newer.c.replaces == partner_files.c.file_id)
    )
    if day is not None:
        statement = statement.where(partner_files.c.day == day)
    key = partner_files.c
    return tuple(connection.execute(statement.order_by(key.partner_id, key.contract_id, key.day, key.kind, key.number)))


def insert_partner_file(
    store: Store, connection: sa.Connection, file: Mapping[str, Any], lines: Iterable[tuple[str, str]],
    attempt: AttemptId,
) -> None:  # fmt: skip
    row = {**file, "recorded_at": store.seam.recorded(), "attempt_id": attempt}
    connection.execute(partner_files.insert().values(**row))
    rows = [{"file_id": file["file_id"], "account_id": account, "reason": reason} for account, reason in lines]
    if rows:
        connection.execute(partner_file_lines.insert(), rows)


def handed_out(connection: sa.Connection, file_id: str) -> HandedOut | None:
    lines = sa.select(partner_file_lines.c.account_id).where(partner_file_lines.c.file_id == file_id)
    said = sa.select(partner_answers).where(partner_answers.c.file_id == file_id)
    found = sa.select(partner_files.c.handed_on).where(partner_files.c.file_id == file_id)
    known = connection.execute(found).first()
    if known is None:
        return None
    newer = connection.execute(sa.select(partner_files.c.file_id).where(partner_files.c.replaces == file_id)).scalar()
    answers = {
        row.account_id: PartnerAnswer(row.account_id, PartnerOutcome(row.outcome), row.reason)
        for row in connection.execute(said)
    }
    return HandedOut(file_id, frozenset(connection.execute(lines).scalars()), answers, newer or "", known.handed_on)


def known_acknowledgement(connection: sa.Connection, digest: str) -> bool:
    table = partner_acknowledgements.c
    statement = sa.select(table.acknowledgement_id).where(table.acknowledgement_id == digest)
    return connection.execute(statement).first() is not None


def insert_acknowledgement(
    store: Store, connection: sa.Connection, taken: Mapping[str, Any], answers: Iterable[PartnerAnswer],
    attempt: AttemptId,
) -> None:  # fmt: skip
    row = {**taken, "recorded_at": store.seam.recorded(), "attempt_id": attempt}
    connection.execute(partner_acknowledgements.insert().values(**row))
    rows = [
        {
            "file_id": taken["file_id"],
            "account_id": each.account_id,
            "acknowledgement_id": taken["acknowledgement_id"],
            "outcome": each.outcome.value,
            "reason": each.reason,
        }
        for each in answers
    ]
    if rows:
        connection.execute(partner_answers.insert(), rows)


def acknowledged_files(connection: sa.Connection, known_as_of: datetime | None = None) -> tuple[sa.Row[Any], ...]:
    """Files that nothing replaces: `lines`, how many of them are `answered`, `received_on`, when the last of these
    answers came, and how many answers are `undated`; as it was known at a moment, where one is given."""
    newer, taken = partner_files.alias("newer"), partner_acknowledgements.c
    answers = (
        sa.select(
            partner_answers.c.file_id,
            sa.func.count().label("answered"),
            sa.func.max(taken.received_on).label("received_on"),
            sa.func.sum(sa.case((taken.received_on.is_(None), 1), else_=0)).label("undated"),
        )
        .join(partner_acknowledgements, taken.acknowledgement_id == partner_answers.c.acknowledgement_id)
        .group_by(partner_answers.c.file_id)
    )
    replaced = [newer.c.replaces == partner_files.c.file_id]
    if known_as_of is not None:
        answers = answers.where(taken.recorded_at <= known_as_of)
        replaced.append(newer.c.recorded_at <= known_as_of)
    answered = answers.subquery("answered")
    file = partner_files.c
    statement = (
        sa.select(
            *(file[name] for name in ("file_id", "partner_id", "contract_id", "day", "kind", "handed_on")),
            file.rows.label("lines"), answered.c.answered, answered.c.received_on, answered.c.undated,
        )
        .select_from(
            partner_files.outerjoin(newer, sa.and_(*replaced)).outerjoin(answered, answered.c.file_id == file.file_id)
        )
        .where(newer.c.file_id.is_(None))
        .order_by(file.file_id)
    )  # fmt: skip
    if known_as_of is not None:
        statement = statement.where(file.recorded_at <= known_as_of)
    return tuple(connection.execute(statement))


def unsettled_lines(connection: sa.Connection) -> tuple[sa.Row[Any], ...]:
    """Lines of files that nothing replaces, without an answer or rejected."""
    newer = partner_files.alias("newer")
    line, answer = partner_file_lines.c, partner_answers.c
    same = sa.and_(answer.file_id == line.file_id, answer.account_id == line.account_id)
    source = (
        partner_file_lines.join(partner_files, partner_files.c.file_id == line.file_id)
        .outerjoin(newer, newer.c.replaces == line.file_id)
        .outerjoin(partner_answers, same)
    )
    columns = (partner_files.c.partner_id, line.file_id, line.account_id, answer.outcome, answer.reason)
    open_ = sa.or_(answer.outcome.is_(None), answer.outcome == PartnerOutcome.REJECTED.value)
    statement = sa.select(*columns).select_from(source).where(newer.c.file_id.is_(None), open_)
    return tuple(connection.execute(statement.order_by(line.file_id, line.account_id)))


def answers_by_file(connection: sa.Connection) -> tuple[sa.Row[Any], ...]:
    """Files that nothing replaces, with how many of their lines were accepted and rejected."""
    newer = partner_files.alias("newer")
    answered = (
        sa.select(
            partner_answers.c.file_id,
            *(
                sa.func.sum(sa.case((partner_answers.c.outcome == outcome.value, 1), else_=0)).label(outcome.value)
                for outcome in PartnerOutcome
            ),
        )
        .group_by(partner_answers.c.file_id)
        .subquery("answered")
    )
    file = partner_files.c
    statement = (
        sa.select(file.file_id, file.partner_id, file.day, file.kind, file.rows.label("lines"),
                  answered.c.accepted, answered.c.rejected)
        .select_from(partner_files.outerjoin(newer, newer.c.replaces == file.file_id)
                     .outerjoin(answered, answered.c.file_id == file.file_id))
        .where(newer.c.file_id.is_(None))
        .order_by(file.day, file.file_id)
    )  # fmt: skip
    return tuple(connection.execute(statement))
