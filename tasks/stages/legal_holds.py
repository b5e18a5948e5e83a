"""Legal holds: nothing that is held is removed by retention, until another person than who placed it releases it."""

from __future__ import annotations

import re

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import refuse_other_names
from adapters.store.retention import HoldDecision, HoldKind, LegalHold, insert_hold_decision, read_holds, recorded_now
from adapters.store.runs import run_named
from adapters.world import World, business_today
from domain.ids import AttemptId

PLACED, RELEASED = "placed", "released"
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LOCK = 0x5265746169  # of PostgreSQL's advisory locks: this program's number for retention


def holds_on_record(world: World) -> tuple[LegalHold, ...]:
    with world.store.read() as connection:
        return read_holds(connection)


def place_hold(world: World, kind: HoldKind, subject: str, attempt: AttemptId, *, by: str, reason: str) -> LegalHold:
    """Raises: RefusedError without name, reason, or something that can be held (RET002, RET003)."""
    decision = HoldDecision(PLACED, by, reason, business_today(world))
    with world.store.write("hold_placed") as connection:
        lock_retention(connection)
        found, faults = _subject(connection, kind, subject)
        _refuse([*_nameless(by, reason), *faults])
        refuse_other_names(connection, by)
        number = len(read_holds(connection)) + 1
        hold = LegalHold(f"hold-{number}", kind, found, ())
        insert_hold_decision(connection, hold, decision, recorded_now(world.seam.clock, attempt))
    return LegalHold(hold.hold, kind, found, (decision,))


def release_hold(world: World, name: str, attempt: AttemptId, *, by: str, reason: str) -> LegalHold:
    """Raises: RefusedError for a hold that is not in force (RET004), and for who placed it (RET005)."""
    decision = HoldDecision(RELEASED, by, reason, business_today(world))
    with world.store.write("hold_released") as connection:
        lock_retention(connection)
        held = {hold.hold: hold for hold in read_holds(connection) if hold.is_in_force}
        faults = _nameless(by, reason)
        if name not in held:
            known = ", ".join(held) or "none"
            faults.append(
                f'RET004 no hold "{name}" is in force; in force: {known}. `recoup legal-hold list` shows them'
            )
        elif held[name].decisions[0].by.casefold() == by.strip().casefold():
            faults.append(f"RET005 {by} placed {name}: another person releases it")
        _refuse(faults)
        refuse_other_names(connection, by)
        hold = held[name]
        insert_hold_decision(connection, hold, decision, recorded_now(world.seam.clock, attempt))
    return LegalHold(hold.hold, hold.kind, hold.subject, (*hold.decisions, decision))


def lock_retention(connection: sa.Connection) -> None:
    """Holds and removals one after the other: SQLite's write lock does it, PostgreSQL is asked to."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _subject(connection: sa.Connection, kind: HoldKind, subject: str) -> tuple[str, list[str]]:
    """What is held, in full; and what is wrong with it."""
    if kind is HoldKind.PERIOD and not _MONTH.fullmatch(subject):
        return subject, [f'RET003 "{subject}" is no month. Write, say, 2026-09']
    if kind is HoldKind.ACCOUNT and not subject.strip():
        return subject, ["RET003 --account is empty"]
    if kind is not HoldKind.RUN:
        return subject.strip(), []
    found = run_named(connection, subject)
    if len(found) == 1:
        return str(found[0].run_id), []
    return subject, [f'RET003 "{subject}" names {len(found)} runs. `recoup runs` lists them']


def _nameless(by: str, reason: str) -> list[str]:
    return [
        f"RET002 --{name} is empty: a named person decides, and says why"
        for name, text in (("by", by), ("reason", reason))
        if not text.strip()
    ]


def _refuse(faults: list[str]) -> None:
    if faults:
        raise RefusedError("\n".join(faults))
