"""Waive: a named person goes on over a halted check of one extract, with a reason and an end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.snapshots import Pointer, pointed
from adapters.store.batches import refuse_other_names
from adapters.store.results import read_checks
from adapters.store.runs import run_named
from adapters.store.waivers import insert_waiver, waivers_behind, waivers_on_record
from adapters.world import World, business_today
from domain.ids import AttemptId, RunId, VersionId, short
from domain.manifest import Manifest, RunKind, Waiver
from domain.records import CheckResult, Outcome
from expectations.waiving import is_waivable
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of

MOST_DAYS = 31


class Standing(StrEnum):
    """How a waiver on record stands."""

    IN_FORCE = "in force"
    PAST = "void: its day is past"
    OTHER_DATA = "void: other data have landed"


@dataclass(frozen=True, slots=True)
class WaiverOnRecord:
    waiver: Waiver
    run: RunId
    standing: Standing


def waive(
    world: World, run: str, check: str, *, by: str, reason: str, until: date, attempt: AttemptId | None
) -> Waiver:
    """Record the waiver of a check that halted in the run whose id starts with `run`: the date's next run goes on.

    Raises: RefusedError with everything that stands in its way.
    """
    try:
        with world.store.write("waived") as connection:
            refuse_other_names(connection, by)
            found = _only_run(connection, run)
            manifest, result = manifest_of(connection, found), _halt_of(connection, found, check)
            _refuse(_refusals_of_terms(business_today(world), by, reason, until))
            _refuse(_refusals_of_data(connection, manifest, result.table))
            said = " ".join(reason.split())
            version = _landed(manifest, result.table)
            waiver = Waiver(result.table, manifest.business_date, check, version, by, said, until)
            insert_waiver(world.store, connection, found, waiver, attempt)
    except sa.exc.IntegrityError:
        raise RefusedError(f"WAV006 {check} of this run is waived already; `recoup waivers` lists them") from None
    return waiver


def waivers_of_run(connection: sa.Connection, run: RunId) -> tuple[Waiver, ...]:
    """What a night's results, or a month-end's, rest on: waivers of its own date, and of the others it read."""
    night = manifest_of(connection, run).source or run
    manifest = manifest_of(connection, night)
    return waivers_behind(connection, (*manifest.history, *manifest.late, *accepted_in(connection, night)))


def list_waivers(world: World) -> tuple[WaiverOnRecord, ...]:
    """Every waiver on record, newest first, and whether it still holds."""
    today = business_today(world)
    with world.store.read() as connection:
        return tuple(
            WaiverOnRecord(one.waiver, one.run, _standing(connection, one.waiver, today))
            for one in waivers_on_record(connection)
        )


def _standing(connection: sa.Connection, waiver: Waiver, today: date) -> Standing:
    day = waiver.business_date
    landed = pointed(connection, Pointer.LANDED, day, day).get((waiver.table, day))
    if landed != waiver.version:
        return Standing.OTHER_DATA
    return Standing.PAST if today > waiver.until else Standing.IN_FORCE


def _only_run(connection: sa.Connection, prefix: str) -> RunId:
    found = [row for row in run_named(connection, prefix) if row.kind == RunKind.NIGHTLY.value]
    if len(found) != 1:
        known = ", ".join(short(row.run_id) for row in found) or "none; `recoup runs` lists them"
        raise RefusedError(f"WAV001 {prefix!r} should name one official night; it names {known}")
    return RunId(found[0].run_id)


def _halt_of(connection: sa.Connection, run: RunId, name: str) -> CheckResult:
    halted = [check for check in read_checks(connection, run) if check.outcome is Outcome.HALT]
    one = next((check for check in halted if check.check == name), None)
    if one is None:
        named = ", ".join(check.check for check in halted) or "no check"
        raise RefusedError(f"WAV002 {name!r} did not halt in this run; halted: {named}")
    if not is_waivable(one):
        raise RefusedError(
            f"WAV003 {name} cannot be waived: {one.found}, so there is nothing to go on with. {one.hint}"
        )
    return one


def _refuse(refusals: Iterator[str]) -> None:
    lines = list(refusals)
    if lines:
        raise RefusedError("\n".join(lines))


def _refusals_of_terms(today: date, by: str, reason: str, until: date) -> Iterator[str]:
    if not by.strip() or not reason.strip():
        yield "WAV004 a waiver has a name and a reason"
    if not 0 <= (until - today).days <= MOST_DAYS:
        yield f"WAV004 it holds until {until}: give a day from {today} on, at most {MOST_DAYS} days ahead"


def _refusals_of_data(connection: sa.Connection, manifest: Manifest, table: str) -> Iterator[str]:
    day = manifest.business_date
    if pointed(connection, Pointer.LANDED, day, day).get((table, day)) != _landed(manifest, table):
        yield f"WAV005 {table} of {day} has landed anew since: run the night again, and look at its halts"


def _landed(manifest: Manifest, table: str) -> VersionId:
    return next(item.version for item in manifest.landed if item.table == table)
