"""One landing file on its way into a version: whole, in the catalogue's types, undamaged, or told why not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from adapters.duck import Duck, duck_columns, quoted
from adapters.importing.broken_rows import Layout, broken_rows, end_of
from adapters.importing.parquet_files import columns_of_words, parquet_finding
from adapters.importing.streams import Finding, Limits, Trouble
from adapters.importing.texts import CleanText, clean_utf8, first_record
from adapters.landing_checks import (
    AS_OF,
    DAMAGE,
    Rows,
    damage_checks,
    identifier,
    is_lost,
    issues_of,
    issues_of_date,
    issues_of_rounding,
    lost_values,
    refusing,
)
from adapters.scratch import prefix_of_this_process
from adapters.seam import sha256_of
from adapters.snapshots import Version, version_of_source, write_version
from adapters.world import World
from domain.issues import Issue, Location, Severity, has_errors
from domain.showing import shown_name
from domain.tables import Kind, Table, Type

_CODES: Mapping[Trouble, str] = {
    Trouble.UNREADABLE: "LND003",
    Trouble.EMPTY: "LND004",
    Trouble.NO_ROWS: "LND005",
    Trouble.CUT_OFF: "LND006",
    Trouble.UNDECODABLE: "LND007",
    Trouble.ENCODING: "LND007",
    Trouble.BROKEN_ROWS: "LND009",
    Trouble.LONG_LINE: "LND010",
    Trouble.TOO_LARGE: "LND011",
    Trouble.ZERO_BYTES: "LND012",
    Trouble.OTHER_KIND: "LND017",
}
# In place of hints that speak of mappings: there is none here.
_HINTS: Mapping[Trouble, str] = {
    Trouble.UNDECODABLE: "Write it in UTF-8, or import it through a mapping",
    Trouble.BROKEN_ROWS: "Correct the file, or import it through a mapping that states delimiter and quote",
}
_LOADED = "landing_file"


@dataclass(frozen=True, slots=True)
class Landed:
    """A landing file as read: the version that it became, and whether that version is new."""

    version: Version
    source_sha256: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class LandingReader:
    """One file on its way into a version."""

    world: World
    duck: Duck
    path: Path
    table: Table
    day: date

    def read(self) -> tuple[Landed | None, tuple[Issue, ...]]:
        source = sha256_of(self.path)
        known = version_of_source(self.world, source, self.table, self.day)
        if known is not None and (known.first_date == self.day or self.table.kind is not Kind.STATE):
            return Landed(known, source, is_new=False), ()
        is_parquet = self.path.name.endswith(".parquet")
        version, issues = self._read_parquet(known) if is_parquet else self._read_csv(known)
        landed = None if version is None else Landed(version, source, is_new=version is not known)
        return landed, issues

    def issue(self, finding: Finding, column: int = 0) -> Issue:
        place = Location(self._name, finding.line, column)
        hint = _HINTS.get(finding.trouble, finding.hint)
        return Issue(_CODES[finding.trouble], place, finding.message, hint, finding.severity)

    @property
    def _name(self) -> str:
        return self.path.relative_to(self.world.settings.landing).as_posix()

    @property
    def _limits(self) -> Limits:
        return Limits(self.world.settings.largest_line_bytes, self.world.settings.largest_unpacked_bytes)

    def _read_parquet(self, known: Version | None) -> tuple[Version | None, tuple[Issue, ...]]:
        if finding := parquet_finding(self.path, self._limits):
            return None, (self.issue(finding),)
        relation = f"read_parquet('{quoted(self.path)}')"
        numbered = f"read_parquet('{quoted(self.path)}', file_row_number = true)"
        columns = {row[0]: row[1] for row in self.duck.run(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
        rows = Rows(relation, "file_row_number + 1", columns, columns_of_words(self.path))
        if known is not None and rows.as_of is None:
            return known, ()
        inexact = tuple(self._inexact_keys(columns))
        if inexact:
            return None, inexact
        return self._version(rows, replace(rows, relation=numbered), ())

    def _read_csv(self, known: Version | None) -> tuple[Version | None, tuple[Issue, ...]]:
        with _scratch(self.world) as copy:
            text, findings = clean_utf8(self.path, copy, self._limits)
            if text is None:
                return None, tuple(self.issue(finding) for finding in findings)
            header = [name.strip() for name in first_record(text.path, ",", '"')]
            if issues := tuple(self._header_issues(text, header)):
                return None, issues
            if known is not None and not set(AS_OF) & set(header):
                return known, ()
            return self._read_text(text, header)

    def _read_text(self, text: CleanText, header: Sequence[str]) -> tuple[Version | None, tuple[Issue, ...]]:
        told = [self.issue(found) for found in end_of(text)]
        try:
            rows = self._load(_csv(text.path, header, self._limits), header)
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            broken = broken_rows(text, Layout(",", '"', len(header)), self._limits)
            if not broken:
                raise
            return None, tuple(self.issue(found) for found in broken)
        if self.duck.run(f"SELECT count(*) FROM {_LOADED}").fetchone()[0] == 0:
            message = "has a header and no row; whether rows are due is for the gate to judge"
            told.append(self.issue(Finding(Trouble.NO_ROWS, message, "", 1, Severity.WARNING)))
        version, issues = self._version(rows, rows, tuple(told))
        self.duck.run(f"DROP TABLE {_LOADED}")
        return version, issues

    def _load(self, source: str, header: Sequence[str]) -> Rows:
        """The rows in the catalogue's types, in one pass; as texts where a value would change, or columns are missing.

        Raises: duckdb.Error where a row is none.
        """
        wanted = duck_columns(self.table)
        typed = {name: wanted.get(name, "VARCHAR") for name in header}
        if set(wanted) <= set(header) and self._load_typed(source, typed):
            return Rows(_LOADED, "rowid + 2", typed, header_row=1)
        self.duck.run(f"CREATE OR REPLACE TEMP TABLE {_LOADED} AS SELECT * FROM {source}")
        return Rows(_LOADED, "rowid + 2", dict.fromkeys(header, "VARCHAR"), header_row=1)

    def _load_typed(self, source: str, columns: Mapping[str, str]) -> bool:
        """Whether each value is in its type what it was as a text."""
        named = [(identifier(name), kind) for name, kind in columns.items()]
        casts = ", ".join(f"TRY_CAST({name} AS {kind}) AS {name}" for name, kind in named)
        lost = " OR ".join(is_lost(name, "VARCHAR", kind) for name, kind in columns.items() if kind != "VARCHAR")
        self.duck.run(
            f"CREATE OR REPLACE TEMP TABLE {_LOADED} AS SELECT {casts}, ({lost or 'false'}) AS is_lost FROM {source}"
        )
        if self.duck.run(f"SELECT 1 FROM {_LOADED} WHERE is_lost LIMIT 1").fetchone() is not None:
            return False
        self.duck.run(f"ALTER TABLE {_LOADED} DROP COLUMN is_lost")
        return True

    def _version(self, rows: Rows, numbered: Rows, told: tuple[Issue, ...]) -> tuple[Version | None, tuple[Issue, ...]]:
        """The version, unless the rows are of another date or have damaged keys.

        Damage is looked for while the rows are written, at no cost; only where there is some are they read for it.
        """
        content, values = self._content(rows, numbered)
        other_date = issues_of_date(self.duck, self._name, numbered, self.day)
        rounding = issues_of_rounding(self.duck, self._name, rows, self.table, self.world.settings.round_keys)
        told = (*told, *other_date, *rounding)
        checks = tuple(damage_checks(self.table, rows))
        if not has_errors(told):
            version = self._undamaged_version(content, refusing(checks))
            if version is not None:
                return version, (*values, *told)
        told = (*told, *issues_of(self.duck, self._name, numbered, checks))
        if has_errors(told):
            return None, (*values, *told)
        return write_version(self.world, self.duck, self.table, self.day, content), (*values, *told)

    def _undamaged_version(self, content: str, guard: str) -> Version | None:
        """None if the guard has ended the statement."""
        try:
            return write_version(self.world, self.duck, self.table, self.day, content, guard)
        except duckdb.InvalidInputException as error:
            if DAMAGE not in str(error):
                raise
            return None

    def _content(self, rows: Rows, numbered: Rows) -> tuple[str, tuple[Issue, ...]]:
        """SQL in the catalogue's columns and types where the file fits them, else as it came with what does not fit."""
        wanted = duck_columns(self.table)
        kept = [name for name in rows.columns if name not in AS_OF]
        as_it_came = f"SELECT {', '.join(identifier(name) for name in kept)} FROM {rows.relation}"
        if not set(wanted) <= set(rows.columns):
            return as_it_came, ()
        checks = lost_values(self.table, rows, wanted)
        lost = " OR ".join(check.predicate for check in checks)
        if checks and self.duck.run(f"SELECT 1 FROM {rows.relation} WHERE {lost} LIMIT 1").fetchone() is not None:
            return as_it_came, tuple(issues_of(self.duck, self._name, numbered, checks))
        casts = [f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in wanted.items()]
        extra = [identifier(name) for name in sorted(set(kept) - set(wanted))]
        return f"SELECT {', '.join([*casts, *extra])} FROM {rows.relation}", ()

    def _header_issues(self, text: CleanText, header: Sequence[str]) -> Iterator[Issue]:
        for delimiter in (";", "\t", "|"):
            other = {name.strip() for name in first_record(text.path, delimiter, '"')} & set(self.table.names)
            if len(other) > len(set(header) & set(self.table.names)):
                shown = "a tab" if delimiter == "\t" else f'"{delimiter}"'
                message = f"its columns are parted by {shown}; in landing files by a comma"
                yield Issue("LND008", Location(self._name, 1), message, "Write commas, or import it through a mapping")
                return
        if not set(header) & set(self.table.names):
            message = f"its first row names no column of {self.table.name}: it may be a row, and the header missing"
            hint = f"Ask for the extract with its header: {', '.join(self.table.names[:5])} …"
            yield Issue("LND019", Location(self._name, 1), message, hint)
            return
        for place, name in enumerate(header, 1):
            if name and name.lower() in map(str.lower, header[: place - 1]):
                message = f'a second column "{shown_name(name)}"'
                yield Issue("LND018", Location(self._name, 1, place), message, "Name them apart")
            if not name:
                yield Issue("LND018", Location(self._name, 1, place), "a column without a name", "Name it")

    def _inexact_keys(self, columns: Mapping[str, str]) -> Iterator[Issue]:
        for name, kind in columns.items():
            if name in self.table and self.table[name].type is Type.ID and kind in {"DOUBLE", "FLOAT"}:
                message = f'"{name}" is a {kind}: keys of more than 15 digits are cut'
                yield Issue("LND014", Location(self._name), message, "Export keys as text")


def _csv(path: Path, header: Sequence[str], limits: Limits) -> str:
    columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in header)
    return (
        f"read_csv('{quoted(path)}', auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"new_line = '\\n', columns = {{{columns}}}, strict_mode = true, max_line_size = {limits.line_bytes})"
    )


@contextmanager
def _scratch(world: World) -> Iterator[Path]:
    """A file that is swept should this process be killed."""
    folder = world.seam.scratch or world.settings.home / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=prefix_of_this_process(), suffix=".csv", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
