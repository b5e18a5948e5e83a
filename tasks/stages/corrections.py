"""Corrections: quarantined rows go out on a sheet, and come back as a corrected version of the same extract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from adapters.corrections import corrected_rows, misfits, quarantined_rows, write_texts
from adapters.duck import Duck, open_duck
from adapters.errors import RefusedError
from adapters.seam import WrittenFile
from adapters.snapshots import Pointer, Version, pointed, register, versions, write_version
from adapters.store.batches import refuse_other_names
from adapters.store.nights import newest_gated_night
from adapters.store.quarantine import (
    Correction,
    Quarantined,
    corrections_on_record,
    insert_correction,
    read_quarantine,
)
from adapters.store.runs import files_of_run, run_named
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.ids import AttemptId, RunId, VersionId, canonical_json, digest_of, short
from domain.issues import Issue
from domain.tables import Table
from reports.correction_sheet import (
    Edited,
    QuarantinedRow,
    correction_sheet,
    quarantined_row,
    read_correction_sheet,
)
from tasks.stages.manifests import manifest_of


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What one table's gate set aside: the run, the version that had landed, and the rows."""

    run: RunId
    business_date: date
    table: Table
    landed: VersionId
    rows: tuple[QuarantinedRow, ...]


def quarantine_of(world: World, duck: Duck, table: str, day: date) -> Quarantine:
    """The quarantine of the newest official night of the date.

    Raises: RefusedError if there is no such night, or nothing of the table in its quarantine.
    """
    if table not in CATALOGUE:
        raise RefusedError(f"COR005 no table {table!r}; `recoup quarantine` lists what was set aside")
    with world.store.read() as connection:
        run = newest_gated_night(connection, day)
        if run is None:
            raise RefusedError(f"COR005 no night of {day} has passed its gate")
        file = files_of_run(connection, run).get(f"quarantine/{table}")
        if file is None:
            raise RefusedError(f"COR005 nothing of {table} of {day} is in quarantine (run {short(run)})")
        landed = next(item.version for item in manifest_of(connection, run).landed if item.table == table)
    found = quarantined_rows(duck, CATALOGUE[table], world.settings.home / file.path)
    rows = tuple(quarantined_row(CATALOGUE[table], row[0], row[1], row[2:]) for row in found)
    return Quarantine(run, day, CATALOGUE[table], landed, rows)


def list_quarantine(
    world: World, *, day: date | None = None, table: str = "", run: str = ""
) -> tuple[Quarantined, ...]:
    """The index: of the run whose id starts with `run`, or of the newest official night of each date."""
    with world.store.read() as connection:
        named = run_named(connection, run) if run else ()
        if run and len(named) != 1:
            raise RefusedError(f"COR005 {run!r} should name one run; `recoup runs` lists them")
        one = RunId(named[0].run_id) if named else None
        return read_quarantine(connection, run=one, business_date=day, table=table)


def export_quarantine(world: World, table: str, day: date, path: Path) -> int:
    """Write the sheet on which the rows are corrected; the number of rows."""
    with open_duck(world.settings) as duck:
        quarantine = quarantine_of(world, duck, table, day)
    world.seam.write_text(path, correction_sheet(quarantine.table, quarantine.rows), point="correction_sheet")
    path.chmod(0o600)
    return len(quarantine.rows)


def correct(
    world: World, sheet: Path, table: str, day: date, *, by: str, reason: str, attempt: AttemptId | None
) -> Correction:
    """Take a corrected sheet back in: the extract lands anew with the corrected rows, to be judged by the next night.

    Raises: RefusedError with everything that is wrong with the sheet; nothing is then changed.
    """
    with open_duck(world.settings) as duck:
        quarantine = quarantine_of(world, duck, table, day)
        edited, issues = read_correction_sheet(sheet, quarantine.table, quarantine.rows)
        _refuse(issues)
        if not edited.replaced and not edited.dropped:
            raise RefusedError(f"COR006 {sheet.name} changes nothing: correct a row, or write drop as its action")
        version = _corrected(world, duck, quarantine, edited, sheet.name)
    trail = _write_trail(world, quarantine, edited)
    with world.store.write("corrected") as connection:
        refuse_other_names(connection, by)
        _refuse_other_data(connection, quarantine)
        register(world, connection, Pointer.LANDED, day, [version], attempt)
        correction = Correction(
            table,
            day,
            quarantine.landed,
            version.version,
            quarantine.run,
            len(edited.replaced),
            len(edited.dropped),
            trail.path.relative_to(world.settings.home).as_posix(),
            trail.sha256,
            by,
            " ".join(reason.split()),
        )
        insert_correction(world.store, connection, correction, attempt)
    return correction


def with_corrections(connection: sa.Connection, world: World, day: date, landed: Iterable[Version]) -> list[Version]:
    """The versions that land: where rows of an extract were corrected, the corrected version in place of it."""
    by_base = {(each.table, each.base): each.version for each in corrections_on_record(connection, day)}
    names = {version.version: _last_correction(version, by_base) for version in landed}
    found = versions(world, connection, [name for base, name in names.items() if name != base])
    return [found.get(names[version.version], version) for version in landed]


def _last_correction(version: Version, by_base: Mapping[tuple[str, VersionId], VersionId]) -> VersionId:
    name = version.version
    while (version.table, name) in by_base:
        name = by_base[version.table, name]
    return name


def _corrected(world: World, duck: Duck, quarantine: Quarantine, edited: Edited, sheet: str) -> Version:
    """The extract's new version. Raises: RefusedError for values that do not fit their column."""
    table, day = quarantine.table, quarantine.business_date
    with world.store.read() as connection:
        landed = versions(world, connection, [quarantine.landed])[quarantine.landed]
    scratch = world.settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=scratch) as folder:
        texts = Path(folder) / "texts.parquet"
        write_texts(texts, table, edited.replaced)
        _refuse(misfits(duck, table, texts, sheet))
        gone = [*edited.replaced, *edited.dropped]
        return write_version(world, duck, table, day, corrected_rows(table, landed.path, texts, gone))


def _write_trail(world: World, quarantine: Quarantine, edited: Edited) -> WrittenFile:
    """Each row that was changed or left out, as it was and as it is now: a line of JSON for each."""
    before = {row.row: row for row in quarantine.rows}
    lines = [
        canonical_json({"row": name, "reasons": before[name].reasons, "before": before[name].cells, "after": after})
        for name, after in sorted({**edited.replaced, **dict.fromkeys(edited.dropped)}.items())
    ]
    table, day = quarantine.table.name, quarantine.business_date
    path = world.settings.home / "corrections" / str(day) / f"{table}-{short(digest_of(lines))}.jsonl"
    return world.seam.write_text(path, "\n".join(lines) + "\n", point="correction")


def _refuse(issues: Iterable[Issue]) -> None:
    lines = [str(issue) for issue in issues]
    if lines:
        raise RefusedError("\n".join(lines))


def _refuse_other_data(connection: sa.Connection, quarantine: Quarantine) -> None:
    day, table = quarantine.business_date, quarantine.table.name
    if pointed(connection, Pointer.LANDED, day, day).get((table, day)) != quarantine.landed:
        raise RefusedError(f"COR007 {table} of {day} has landed anew since: run its night again, and export anew")
