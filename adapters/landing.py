"""Landing files: what lies in the folder of a date, read into versions, or told with code, file, row, column and value.

A file is looked at before the contract: whether it is whole, of the right kind, encoding, delimiter and date, and
whether a spreadsheet has damaged its keys. What fails here does not land. Single values that do not fit their column
are told too, but such a file lands as it came, so that the gate halts on the column and the evidence is kept.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from adapters.duck import Duck, duck_columns, quoted
from adapters.importing.broken_rows import MOST_SHOWN, Layout, broken_rows, end_of
from adapters.importing.damage import (
    NO_SPREADSHEET,
    RAN,
    RAN_HINT,
    ROUNDED,
    ROUNDED_HINT,
    how_damaged,
    is_damaged_key,
    is_damaged_text,
    is_formula,
    marks_of,
    rounded_keys,
)
from adapters.importing.faults import shown
from adapters.importing.parquet_files import columns_of_words, parquet_finding
from adapters.importing.streams import Finding, Limits, Trouble, unreadable
from adapters.importing.texts import CleanText, clean_utf8, first_record
from adapters.seam import PART, sha256_of
from adapters.settings import Settings
from adapters.snapshots import Version, version_of_source, write_version
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.issues import Issue, Location, Severity, has_errors
from domain.tables import Column, Kind, Table, Type

# Extra columns that say of which day a file is: they are compared with its folder, and not stored.
AS_OF = ("as_of", "as_of_date", "business_date", "extract_date")

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
_NAME = re.compile(r"(?P<table>[a-z_]+?)(?:[-_.](?P<day>\d{4}-?\d{2}-?\d{2}))?\.(?P<ending>parquet|csv|csv\.gz)")
_ASK_AGAIN = "Ask for the extract again"
_SAMPLE_ROWS = 10_000
_MOST_SIGNS = 60
_DAMAGE = "recoup: damage"


@dataclass(frozen=True, slots=True)
class LandingFile:
    table: str
    path: Path


@dataclass(frozen=True, slots=True)
class Landed:
    """A landing file as read: the version that it became, and whether that version is new."""

    version: Version
    source_sha256: str
    is_new: bool


def read_landing(world: World, duck: Duck, day: date) -> tuple[tuple[Landed, ...], tuple[Issue, ...]]:
    """Every extract of `day`, and everything that is wrong with those that lie there; the findings are kept."""
    files, issues = landing_files(world.settings.landing, day)
    before = _report_of(world, day)
    found: dict[str, _Told] = {}
    landed: list[Landed] = []
    for file in files:
        one, wrong = read_landing_file(world, duck, file, day)
        if one is not None and not one.is_new:
            wrong = before[file.path.name].issues if _is_same(before, file, one) else wrong
        found[file.path.name] = _Told(one.source_sha256 if one else "", wrong)
        landed.extend([one] if one else [])
    every = (*issues, *(issue for told in found.values() for issue in told.issues))
    _write_report(world, day, {"": _Told("", issues), **found})
    return tuple(landed), every


def landing_issues(world: World, day: date) -> dict[str, tuple[Issue, ...]]:
    """What the last landing of `day` had to say, by table; files that no table is named by are under ""."""
    return by_table(issue for told in _report_of(world, day).values() for issue in told.issues)


def unread_extracts(world: World, day: date) -> dict[str, tuple[Issue, ...]]:
    """Why extracts that lie in the folder of `day` did not land, by table."""
    did_not = (issue for told in _report_of(world, day).values() if not told.sha256 for issue in told.issues)
    return {table: issues for table, issues in by_table(did_not).items() if table}


def by_table(issues: Iterable[Issue]) -> dict[str, tuple[Issue, ...]]:
    found: dict[str, list[Issue]] = defaultdict(list)
    for issue in issues:
        found[_table_named(Path(issue.location.path).name)].append(issue)
    return {table: tuple(listed) for table, listed in sorted(found.items())}


def landing_files(landing: Path, day: date) -> tuple[tuple[LandingFile, ...], tuple[Issue, ...]]:
    """The extracts of a day, one per table; where there are two for one table, none of them counts."""
    folder = landing / day.isoformat()
    found: dict[str, list[Path]] = defaultdict(list)
    issues: list[Issue] = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        name = _NAME.fullmatch(path.name)
        place = Location(_relative(path, landing))
        if name is None or name["table"] not in CATALOGUE:
            issues.append(_stray(place))
        elif not path.is_file():
            issues.append(Issue("LND003", place, "is a folder or the like, and no file", "Put the file itself there"))
        elif name["day"] and name["day"].replace("-", "") != f"{day:%Y%m%d}":
            message = f"is of another date: its name says {name['day']}, its folder {day}"
            issues.append(Issue("LND013", place, message, "Put it into the folder of its date"))
        else:
            found[name["table"]].append(path)
    for paths in found.values():
        issues.extend(_second(path, paths[0], landing) for path in paths[1:])
    files = (LandingFile(table, paths[0]) for table, paths in found.items() if len(paths) == 1)
    return tuple(files), tuple(issues)


def read_landing_file(
    world: World, duck: Duck, file: LandingFile, day: date
) -> tuple[Landed | None, tuple[Issue, ...]]:
    """The file as a stored version; a file that was read before is not read again."""
    reader = _Reader(world, duck, file, CATALOGUE[file.table], day)
    try:
        return reader.read()
    except OSError as error:
        return None, (reader.issue(unreadable(error)),)
    except duckdb.OutOfMemoryException:
        finding = Finding(Trouble.UNREADABLE, "needs more memory than there is to read", "Raise RECOUP_MEMORY_LIMIT")
        return None, (reader.issue(finding),)
    except duckdb.Error as error:
        return None, (reader.issue(Finding(Trouble.UNREADABLE, f"cannot be read: {_kind_of(error)}", _ASK_AGAIN)),)


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a file in DuckDB: `relation` to select from, `position` the number of a row as people count.

    `columns` are names and types from left to right; in those `of_words` no key can be damaged.
    """

    relation: str
    position: str
    columns: Mapping[str, str]
    of_words: frozenset[str] = frozenset()

    @property
    def as_of(self) -> str | None:
        return next((name for name in AS_OF if name in self.columns), None)


@dataclass(frozen=True, slots=True)
class _Check:
    """SQL that is true for the rows in which something is wrong with a value of the column."""

    code: str
    column: Column
    predicate: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class _Reader:
    """One file on its way into a version."""

    world: World
    duck: Duck
    file: LandingFile
    table: Table
    day: date

    def read(self) -> tuple[Landed | None, tuple[Issue, ...]]:
        source = sha256_of(self.file.path)
        known = version_of_source(self.world, source, self.table, self.day)
        if known is not None and (known.first_date == self.day or self.table.kind is not Kind.STATE):
            return Landed(known, source, is_new=False), ()
        is_parquet = self.file.path.name.endswith(".parquet")
        version, issues = self._read_parquet(known) if is_parquet else self._read_csv(known)
        landed = None if version is None else Landed(version, source, is_new=version is not known)
        return landed, issues

    def issue(self, finding: Finding, column: int = 0) -> Issue:
        place = Location(self._path, finding.line, column)
        return Issue(_CODES[finding.trouble], place, finding.message, finding.hint, finding.severity)

    @property
    def _path(self) -> str:
        return _relative(self.file.path, self.world.settings.landing)

    def _read_parquet(self, known: Version | None) -> tuple[Version | None, tuple[Issue, ...]]:
        if finding := parquet_finding(self.file.path, _limits(self.world.settings)):
            return None, (self.issue(finding),)
        relation = f"read_parquet('{quoted(self.file.path)}')"
        numbered = f"read_parquet('{quoted(self.file.path)}', file_row_number = true)"
        columns = {row[0]: row[1] for row in self.duck.run(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
        rows = _Rows(relation, "file_row_number + 1", columns, columns_of_words(self.file.path))
        if known is not None and rows.as_of is None:
            return known, ()
        inexact = tuple(self._inexact_keys(columns))
        if inexact:
            return None, inexact
        return self._version(rows, replace(rows, relation=numbered), ())

    def _read_csv(self, known: Version | None) -> tuple[Version | None, tuple[Issue, ...]]:
        with _scratch(self.world) as copy:
            text, findings = clean_utf8(self.file.path, copy, _limits(self.world.settings))
            if text is None:
                return None, tuple(self.issue(finding) for finding in findings)
            header = [name.strip() for name in first_record(text.path, ",", '"')]
            if issues := tuple(self._header_issues(text, header)):
                return None, issues
            if known is not None and not set(AS_OF) & set(header):
                return known, ()
            return self._read_text(text, header)

    def _read_text(self, text: CleanText, header: Sequence[str]) -> tuple[Version | None, tuple[Issue, ...]]:
        """The text in one pass, each value as its column's type; only where one is lost are the texts read again."""
        limits, wanted = _limits(self.world.settings), duck_columns(self.table)
        told = [self.issue(found) for found in end_of(text)]
        columns = dict.fromkeys(header, "VARCHAR")
        source = _csv(text.path, header, limits)
        try:
            rows = self._load(source, {**columns, **{name: wanted[name] for name in columns if name in wanted}}, wanted)
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            broken = broken_rows(text, Layout(",", '"', len(header)), limits)
            if not broken:
                raise
            return None, tuple(self.issue(found) for found in broken)
        if rows is None:
            self.duck.run(f"CREATE OR REPLACE TEMP TABLE landing_file AS SELECT * FROM {source}")
            rows = _Rows("landing_file", "rowid + 2", columns)
        if self.duck.run("SELECT count(*) FROM landing_file").fetchone()[0] == 0:
            message = "has a header and no row; whether rows are due is for the gate to judge"
            told.append(self.issue(Finding(Trouble.NO_ROWS, message, "", 1, Severity.WARNING)))
        version, issues = self._version(rows, rows, tuple(told))
        self.duck.run("DROP TABLE landing_file")
        return version, issues

    def _load(self, source: str, columns: Mapping[str, str], wanted: Mapping[str, str]) -> _Rows | None:
        """The rows in the catalogue's types; None where columns are missing or a value would change on its way."""
        if not set(wanted) <= set(columns):
            return None
        casts = ", ".join(f'TRY_CAST("{name}" AS {kind}) AS "{name}"' for name, kind in columns.items())
        typed = [name for name, kind in columns.items() if kind != "VARCHAR"]
        lost = " OR ".join(_is_lost(name, "VARCHAR", columns[name]) for name in typed) or "false"
        self.duck.run(f"CREATE OR REPLACE TEMP TABLE landing_file AS SELECT {casts}, ({lost}) AS is_lost FROM {source}")
        if self.duck.run("SELECT 1 FROM landing_file WHERE is_lost LIMIT 1").fetchone() is not None:
            return None
        self.duck.run("ALTER TABLE landing_file DROP COLUMN is_lost")
        return _Rows("landing_file", "rowid + 2", columns)

    def _version(
        self, rows: _Rows, numbered: _Rows, told: tuple[Issue, ...]
    ) -> tuple[Version | None, tuple[Issue, ...]]:
        """The version, unless the rows are of another date or have damaged keys.

        Damage is looked for while the rows are written, at no cost; only where there is some are they read for it.
        """
        content, values = self._content(rows, numbered)
        told = (*told, *self._of_another_date(numbered), *self._rounded(rows))
        checks = tuple(_damage_checks(self.table, rows))
        if not has_errors(told):
            guard = " OR ".join(check.predicate for check in checks)
            try:
                return write_version(self.world, self.duck, self.table, self.day, content, _refusing(guard)), (
                    *told,
                    *values,
                )
            except duckdb.InvalidInputException as error:
                if _DAMAGE not in str(error):
                    raise
        told = (*told, *values, *self._told(numbered, checks))
        if has_errors(tuple(issue for issue in told if issue not in values)):
            return None, told
        return write_version(self.world, self.duck, self.table, self.day, content), told

    def _content(self, rows: _Rows, numbered: _Rows) -> tuple[str, tuple[Issue, ...]]:
        """SQL in the catalogue's columns and types where the file fits them, else as it came with what does not fit."""
        wanted = duck_columns(self.table)
        kept = [name for name in rows.columns if name not in AS_OF]
        as_it_came = f"SELECT {', '.join(_name(name) for name in kept)} FROM {rows.relation}"
        if not set(wanted) <= set(rows.columns):
            return as_it_came, ()
        checks = [
            _Check("LND015", self.table[name], _is_lost(name, rows.columns[name], kind))
            for name, kind in wanted.items()
            if rows.columns[name] != kind
        ]
        lost = " OR ".join(check.predicate for check in checks)
        if checks and self.duck.run(f"SELECT 1 FROM {rows.relation} WHERE {lost} LIMIT 1").fetchone() is not None:
            return as_it_came, tuple(self._told(numbered, checks))
        casts = [f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in wanted.items()]
        extra = [_name(name) for name in sorted(set(kept) - set(wanted))]
        return f"SELECT {', '.join([*casts, *extra])} FROM {rows.relation}", ()

    def _told(self, rows: _Rows, checks: Sequence[_Check]) -> Iterator[Issue]:
        """The first rows of each check, and how many there are in all."""
        if not checks:
            return
        counts = ", ".join(f"count(*) FILTER ({check.predicate})" for check in checks)
        for check, count in zip(checks, self.duck.run(f"SELECT {counts} FROM {rows.relation}").fetchone(), strict=True):
            if count:
                yield from self._first(rows, check, count)

    def _first(self, rows: _Rows, check: _Check, count: int) -> Iterator[Issue]:
        name, at = check.column.name, list(rows.columns).index(check.column.name) + 1
        found = self.duck.run(
            f"SELECT {rows.position}, CAST({_name(name)} AS VARCHAR) FROM {rows.relation} "
            f"WHERE {check.predicate} ORDER BY 1 LIMIT {MOST_SHOWN}"
        ).fetchall()
        for position, text in found:
            problem, hint = _words(check, text)
            message = f'"{name}": {shown(text, is_personal=check.column.personal)} {problem}'
            yield Issue(check.code, Location(self._path, position, at), message, hint, check.severity)
        if count > MOST_SHOWN:
            message = f'"{name}": {count:,} values like these; the first {MOST_SHOWN} are shown'
            yield Issue(check.code, Location(self._path, 0, at), message, "", check.severity)

    def _header_issues(self, text: CleanText, header: Sequence[str]) -> Iterator[Issue]:
        for delimiter in (";", "\t", "|"):
            other = {name.strip() for name in first_record(text.path, delimiter, '"')} & set(self.table.names)
            if len(other) > len(set(header) & set(self.table.names)):
                shown = "a tab" if delimiter == "\t" else f'"{delimiter}"'
                message = f"its columns are parted by {shown}; in landing files by a comma"
                yield Issue("LND008", Location(self._path, 1), message, "Write commas, or import it through a mapping")
                return
        for place, name in enumerate(header, 1):
            if name and name.lower() in map(str.lower, header[: place - 1]):
                yield Issue("LND018", Location(self._path, 1, place), f'a second column "{name}"', "Name them apart")
            if not name:
                yield Issue("LND018", Location(self._path, 1, place), "a column without a name", "Name it")

    def _inexact_keys(self, columns: Mapping[str, str]) -> Iterator[Issue]:
        for place, (name, kind) in enumerate(columns.items(), 1):
            if name in self.table and self.table[name].type is Type.ID and kind in {"DOUBLE", "FLOAT"}:
                message = f'"{name}" is a {kind}: keys of more than 15 digits are cut'
                yield Issue("LND014", Location(self._path, 0, place), message, "Export keys as text")

    def _of_another_date(self, rows: _Rows) -> Iterator[Issue]:
        if rows.as_of is None:
            return
        name = _name(rows.as_of)
        other = f"TRY_CAST({name} AS DATE) IS DISTINCT FROM DATE '{self.day}'"
        count, position, text = self.duck.run(
            f"SELECT count(*), min({rows.position}), CAST(arg_min({name}, {rows.position}) AS VARCHAR) "
            f"FROM {rows.relation} WHERE {other}"
        ).fetchone()
        if count:
            at = Location(self._path, position, list(rows.columns).index(rows.as_of) + 1)
            said = f'"{text[:_MOST_SIGNS]}"' if text else "nothing"
            message = f'is of another date: "{rows.as_of}" says {said} in {count:,} rows, its folder {self.day}'
            yield Issue("LND013", at, message, "Put it into the folder of its date, or ask for that of this date")

    def _rounded(self, rows: _Rows) -> Iterator[Issue]:
        """Whether long keys were rounded: a guess by the first rows, proved by all of them."""
        exempt = {name.partition(".")[2] for name in _round_keys(self.world.settings, self.table)}
        keys = [
            name
            for name, kind in rows.columns.items()
            if name in self.table and self.table[name].type is Type.ID and kind == "VARCHAR" and name not in exempt
        ]
        if not keys:
            return
        listed = ", ".join(rounded_keys(_name(name)) for name in keys)
        first = f"(SELECT {', '.join(_name(name) for name in keys)} FROM {rows.relation} LIMIT {_SAMPLE_ROWS})"
        for name, guess in zip(keys, self.duck.run(f"SELECT {listed} FROM {first}").fetchone(), strict=True):
            if guess and self.duck.run(f"SELECT {rounded_keys(_name(name))} FROM {rows.relation}").fetchone()[0]:
                at = Location(self._path, 0, list(rows.columns).index(name) + 1)
                yield Issue("LND014", at, f'"{name}": {ROUNDED}', ROUNDED_HINT)


def _damage_checks(table: Table, rows: _Rows) -> Iterator[_Check]:
    for column in table:
        if rows.columns.get(column.name) != "VARCHAR" or column.name in rows.of_words:
            continue
        name = _name(column.name)
        if column.type is Type.ID:
            yield _Check("LND014", column, is_damaged_key(name))
        if column.type is Type.TEXT:
            yield _Check("LND014", column, is_damaged_text(name))
            yield _Check("LND016", column, is_formula(name), Severity.WARNING)


def _refusing(guard: str) -> str:
    """A condition that ends the statement at the first damaged row, and lets every other row through."""
    return f"CASE WHEN {guard} THEN error('{_DAMAGE}') ELSE true END" if guard else ""


def _is_lost(name: str, landed: str, wanted: str) -> str:
    """SQL that is true where a value would change or vanish: text with more decimals than the column, among others.

    1.5 for a count is one, which DuckDB would round; so is 1.5E+07, in which a spreadsheet may have cut digits.
    """
    text = _name(name)
    if landed == "VARCHAR" and (wanted.startswith("DECIMAL") or wanted == "BIGINT"):
        written = f"contains({text}, 'E') OR contains({text}, 'e') OR {_is_finer(text, _scale(wanted))}"
        return f"({text} IS NOT NULL AND (TRY_CAST({text} AS {wanted}) IS NULL OR {written}))"
    if landed == "VARCHAR":
        return f"({text} IS NOT NULL AND TRY_CAST({text} AS {wanted}) IS NULL)"
    back = f"CAST(TRY_CAST({text} AS {wanted}) AS {landed})"
    return f"({text} IS NOT NULL AND {back} IS DISTINCT FROM {text})"


def _is_finer(text: str, scale: int) -> str:
    """By its signs, after a look at its length: comparing the value with a wider one took ten times as long."""
    fraction = rf"\.[0-9]{{{scale}}}[0-9]*[1-9]"
    is_longer = f"contains({text}, '.') AND strlen({text}) - instr({text}, '.') > {scale}"
    return f"({is_longer} AND regexp_matches({text}, '{fraction}'))"


def _scale(wanted: str) -> int:
    return int(wanted.rpartition(",")[2].rstrip(")")) if "," in wanted else 0


def _csv(path: Path, header: Sequence[str], limits: Limits) -> str:
    columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in header)
    return (
        f"read_csv('{quoted(path)}', auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"new_line = '\\n', columns = {{{columns}}}, strict_mode = true, max_line_size = {limits.line_bytes})"
    )


def _words(check: _Check, text: str) -> tuple[str, str]:
    """What is wrong with the value, and what to do."""
    if check.code == "LND014":
        return how_damaged(text), NO_SPREADSHEET
    if check.code == "LND016":
        return RAN, RAN_HINT
    match check.column.type:
        case Type.COUNT:
            return "is no whole number", marks_of(text) or "Write 1234"
        case Type.MONEY | Type.RATE | Type.DEGREES:
            marks = marks_of(text)
            return "is no number of this column", f"{marks[:1].upper()}{marks[1:]}" if marks else "Write 1234.56"
        case Type.DATE:
            return "is no date", "Write 2026-10-31"
        case Type.INSTANT | Type.WALL_TIME:
            return "is no time", "Write 2026-10-31 17:05:00"
    return f"is no {check.column.type}", "See the data dictionary"


def _limits(settings: Settings) -> Limits:
    return Limits(settings.largest_line_bytes, settings.largest_unpacked_bytes)


def _round_keys(settings: Settings, table: Table) -> list[str]:
    return [name for name in settings.round_keys if name.startswith(f"{table.name}.")]


@contextmanager
def _scratch(world: World) -> Iterator[Path]:
    """A file that is swept should this process be killed."""
    folder = world.seam.scratch or world.settings.home / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{PART}{os.getpid()}-", suffix=".csv", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _relative(path: Path, landing: Path) -> str:
    return path.relative_to(landing).as_posix()


def _table_named(file: str) -> str:
    """The table that the name of a file begins with, if it is one."""
    begun = [table for table in CATALOGUE if re.match(rf"{table}(?![a-z])", file.lower())]
    return max(begun, key=len, default="")


def _stray(place: Location) -> Issue:
    known = ", ".join(sorted(CATALOGUE))
    return Issue("LND001", place, "is no extract of a known table", f"Name it <table>.parquet or .csv; tables: {known}")


def _second(path: Path, first: Path, landing: Path) -> Issue:
    place = Location(_relative(path, landing))
    message = f"is a second file for one table; the other is {first.name}, and none of them is read"
    return Issue("LND002", place, message, "Remove one of them")


def _kind_of(error: duckdb.Error) -> str:
    """Without the text of the message, which may show a row."""
    return f"DuckDB says {type(error).__name__.removesuffix('Exception')}"


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a file, and the digest of its content."""

    sha256: str
    issues: tuple[Issue, ...]


def _is_same(before: Mapping[str, _Told], file: LandingFile, landed: Landed) -> bool:
    """Whether the file lay here before: then what was told of it then still holds."""
    return file.path.name in before and before[file.path.name].sha256 == landed.source_sha256


def _report(world: World, day: date) -> Path:
    return world.settings.home / "landed" / f"{day.isoformat()}.json"


def _write_report(world: World, day: date, told: Mapping[str, _Told]) -> None:
    content = {
        name: {"sha256": one.sha256, "issues": [_as_json(issue) for issue in one.issues]} for name, one in told.items()
    }
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    world.seam.write_text(_report(world, day), text, point="landing_issues")


def _report_of(world: World, day: date) -> dict[str, _Told]:
    path = _report(world, day)
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: _Told(one["sha256"], tuple(map(_from_json, one["issues"]))) for name, one in content.items()}


def _as_json(issue: Issue) -> dict[str, str | int]:
    return {
        "code": issue.code,
        "path": issue.location.path,
        "line": issue.location.line,
        "column": issue.location.column,
        "message": issue.message,
        "hint": issue.hint,
        "severity": issue.severity.value,
    }


def _from_json(one: Mapping[str, str | int]) -> Issue:
    place = Location(str(one["path"]), int(one["line"]), int(one["column"]))
    return Issue(str(one["code"]), place, str(one["message"]), str(one["hint"]), Severity(str(one["severity"])))
