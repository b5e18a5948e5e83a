"""Retention: which files may go by the settings, what holds them, and their removal by a named person.

Removed are files only: versions of extracts, files of nights and what-ifs, pages of checks, landing files. Rows of the
store stay, and so do releases of the dispatch, work of people and everything that was handed out. A removal is recorded
before its first file goes: killed in between, the next one finishes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.logs import FOLDER as LOG_FOLDER
from adapters.seam import sha256_of
from adapters.settings import Settings
from adapters.store.batches import refuse_other_names
from adapters.store.registered import registered_files
from adapters.store.retention import (
    HoldKind,
    LegalHold,
    Removal,
    RemovedFile,
    files_of_removal,
    finish_removal,
    insert_removal,
    read_holds,
    read_removals,
    recorded_now,
    removed_paths,
)
from adapters.store.schema import run_files, runs, snapshot_pointers, snapshot_versions, source_files
from adapters.world import World, business_today
from domain.ids import AttemptId, Digest, digest_of, short
from domain.manifest import RunKind
from domain.periods import Period
from tasks.stages.kept import Kept, Terms, versions_with, what_is_kept
from tasks.stages.legal_holds import lock_retention

SNAPSHOTS, RUNS, WHAT_IFS, DATA_DOCS, LANDING, LOGS = "snapshots", "runs", "what_ifs", "data_docs", "landing", "logs"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What would go today; `plan` is its digest, by which it is applied. `holds` are those in force."""

    plan: Digest
    today: date
    rules: dict[str, int]
    files: tuple[RemovedFile, ...]
    holds: tuple[LegalHold, ...]

    def sums(self) -> tuple[tuple[str, int, int], ...]:
        """Kind, files, bytes."""
        kinds = sorted({file.kind for file in self.files})
        of = {kind: [file.size_bytes for file in self.files if file.kind == kind] for kind in kinds}
        return tuple((kind, len(of[kind]), sum(of[kind])) for kind in kinds)


def plan_retention(world: World) -> RetentionPlan:
    """Nothing is removed by planning."""
    today, rules = business_today(world), rules_of(world.settings)
    with world.store.read() as connection:
        holds = tuple(hold for hold in read_holds(connection) if hold.is_in_force)
        gone = removed_paths(connection)
    files = tuple(sorted(file for file in _candidates(world, today, holds) if file.path not in gone))
    content = [rules, [(file.path, file.sha256, file.size_bytes) for file in files], [hold.hold for hold in holds]]
    return RetentionPlan(digest_of(content), today, rules, files, holds)


def apply_retention(world: World, plan: str, attempt: AttemptId, *, by: str, reason: str) -> tuple[Removal, ...]:
    """Remove what the plan names, and finish what an earlier attempt could not; the removals that came to their end.

    Raises: RefusedError without a name and a reason; ConflictError where today's plan is another one (RET001).
    """
    _refuse_nameless(by, reason)
    now = plan_retention(world)
    if not plan or not now.plan.startswith(plan):
        raise ConflictError(
            f'RET001 the plan is "{short(now.plan)}" by now, and not "{plan}". `recoup retain --dry-run` shows it'
        )
    with world.store.write("removal_recorded") as connection:
        refuse_other_names(connection, by)
        lock_retention(connection)
        held = tuple(hold for hold in read_holds(connection) if hold.is_in_force)
        if held != now.holds:
            raise ConflictError("RET001 a legal hold was placed or released meanwhile. Look at the plan again")
        if now.files:
            size = sum(file.size_bytes for file in now.files)
            removal = Removal(now.plan, by, reason, now.today, len(now.files), size, is_finished=False)
            insert_removal(connection, removal, now.rules, now.files, recorded_now(world.seam.clock, attempt))
    return finish_removals(world, attempt)


def finish_removals(world: World, attempt: AttemptId) -> tuple[Removal, ...]:
    """Remove what is recorded as removed and still there, but for what has come to be held or needed since."""
    with world.store.read() as connection:
        waiting = tuple(each for each in read_removals(connection) if not each.is_finished)
        holds = tuple(hold for hold in read_holds(connection) if hold.is_in_force)
    if not waiting:
        return ()
    may_go = {file.path for file in _candidates(world, business_today(world), holds)}
    for removal in waiting:
        with world.store.read() as connection:
            files = files_of_removal(connection, removal.removal)
        for file in files:
            if file.path in may_go:
                _remove(world, world.settings.home / file.path)
        with world.store.write("removal_finished") as connection:
            finish_removal(connection, removal.removal, recorded_now(world.seam.clock, attempt))
    return waiting


def rules_of(settings: Settings) -> dict[str, int]:
    return {name: getattr(settings, name) for name in Settings.model_fields if name.startswith("keep_")}


def _refuse_nameless(by: str, reason: str) -> None:
    faults = [f"RET002 --{name} is empty: a named person removes, and says why" for name, text in
              (("by", by), ("reason", reason)) if not text.strip()]  # fmt: skip
    if faults:
        raise RefusedError("\n".join(faults))


def _remove(world: World, path: Path) -> None:
    """The file, what lies beside it for its sake, and folders that are empty then."""
    world.seam.remove_file(path, point="retention")
    if path.name == "part.parquet":
        world.seam.remove_file(path.with_name("manifest.json"), point="retention")
    for folder in path.parents:
        if folder == world.settings.home or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def _candidates(world: World, today: date, holds: tuple[LegalHold, ...]) -> Iterator[RemovedFile]:
    """Files that are there, whose term is over, and that nothing keeps."""
    if any(hold.kind is HoldKind.EVERYTHING for hold in holds):
        return
    settings = world.settings
    terms = Terms(
        _months_before(today, settings.keep_nights_months),
        Period.of(_months_before(today, 12 * settings.keep_ledger_years)),
    )
    kept = what_is_kept(world, terms, holds)
    with world.store.read() as connection:
        pinned = frozenset(file.path for file in registered_files(connection) if file.table not in _MAY_GO)
        found = [
            *_of_versions(world, connection, terms, kept, holds),
            *_of_runs(world, connection, today, terms, kept),
        ]
        landed = frozenset(connection.execute(sa.select(source_files.c.source_sha256)).scalars())
    found += [*_of_landing(world, today, landed, holds), *_of_logs(world, today)]
    yield from (file for file in found if file.path not in pinned and (settings.home / file.path).is_file())


_MAY_GO = frozenset({"snapshot_versions", "run_files"})


def _of_versions(
    world: World, connection: sa.Connection, terms: Terms, kept: Kept, holds: Iterable[LegalHold]
) -> list[RemovedFile]:
    """Versions by the last date that they stood for: state that did not change stands for every date since."""
    pointers = snapshot_pointers.c
    statement = (
        sa.select(snapshot_versions, sa.func.max(pointers.business_date).label("last"))
        .join(snapshot_pointers, pointers.version == snapshot_versions.c.version, isouter=True)
        .group_by(*snapshot_versions.c)
        .order_by(snapshot_versions.c.path)
    )
    rows = [
        row
        for row in connection.execute(statement)
        if (row.last or row.first_date) < terms.nights_from and row.version not in kept.versions
    ]
    months = {hold.subject for hold in holds if hold.kind is HoldKind.PERIOD}
    accounts = [hold.subject for hold in holds if hold.kind is HoldKind.ACCOUNT]
    asked = {row.version: world.settings.home / row.path for row in rows if accounts and "account_id" in row.columns}
    held = versions_with(world, asked, accounts)
    return [
        _file(world, row.path, SNAPSHOTS, row.content_sha256, row.last or row.first_date)
        for row in rows
        if row.version not in held and str(Period.of(row.last or row.first_date)) not in months
    ]


def _of_runs(world: World, connection: sa.Connection, today: date, terms: Terms, kept: Kept) -> list[RemovedFile]:
    """Files of nights by their business date; what-ifs and pages of checks by the day on which they were made."""
    statement = (
        sa.select(run_files, runs.c.kind, runs.c.business_date, runs.c.recorded_at)
        .join(runs, runs.c.run_id == run_files.c.run_id)
        .where(runs.c.kind.in_([RunKind.NIGHTLY.value, RunKind.WHAT_IF.value]))
        .order_by(run_files.c.path)
    )
    settings, found = world.settings, list[RemovedFile]()
    for row in connection.execute(statement):
        made, is_page = row.recorded_at.date(), row.name.startswith("data-docs/")
        is_what_if = row.kind == RunKind.WHAT_IF.value
        if is_what_if:
            over, kind = made < today - timedelta(days=settings.keep_what_ifs_days), WHAT_IFS
            is_kept = row.run_id in kept.roots
        elif is_page:
            over, kind = made < today - timedelta(days=settings.keep_data_docs_days), DATA_DOCS
            is_kept = row.run_id in kept.roots and row.business_date < terms.nights_from
        else:
            over, kind = row.business_date < terms.nights_from, RUNS
            is_kept = row.run_id in kept.runs or row.sha256 in kept.files
        if over and not is_kept:
            found.append(_file(world, row.path, kind, row.sha256, made if is_what_if or is_page else row.business_date))
    return found


def _of_landing(world: World, today: date, landed: frozenset[str], holds: Iterable[LegalHold]) -> list[RemovedFile]:
    """Landing files of dates that are over, once they have landed as they are; a hold on an account keeps them all."""
    holding = {hold.kind for hold in holds}
    if HoldKind.ACCOUNT in holding or HoldKind.RUN in holding or not world.settings.landing.is_dir():
        return []
    months = {hold.subject for hold in holds if hold.kind is HoldKind.PERIOD}
    last = today - timedelta(days=world.settings.keep_landing_days)
    found = list[RemovedFile]()
    for folder in sorted(world.settings.landing.iterdir()):
        day = date.fromisoformat(folder.name) if _DAY.fullmatch(folder.name) else None
        if day is None or day >= last or str(Period.of(day)) in months:
            continue
        for path in sorted(folder.iterdir()):
            if path.is_file() and (sha256 := sha256_of(path)) in landed:
                found.append(_file(world, path.relative_to(world.settings.home).as_posix(), LANDING, sha256, day))
    return found


def _of_logs(world: World, today: date) -> list[RemovedFile]:
    """Logs of days that are over; they hold ids and figures, and nothing is read from them."""
    last = today - timedelta(days=world.settings.keep_logs_days)
    days = {path: path.stem for path in sorted((world.settings.home / LOG_FOLDER).glob("*.jsonl"))}
    old = {path: date.fromisoformat(day) for path, day in days.items() if _DAY.fullmatch(day)}
    return [
        _file(world, path.relative_to(world.settings.home).as_posix(), LOGS, "", day)
        for path, day in old.items()
        if day < last
    ]


def _file(world: World, path: str, kind: str, sha256: str, dated: date) -> RemovedFile:
    file = world.settings.home / path
    return RemovedFile(path, kind, sha256, file.stat().st_size if file.is_file() else 0, dated)


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many months before.

    >>> _months_before(date(2026, 3, 31), 14)
    datetime.date(2025, 1, 1)
    """
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
