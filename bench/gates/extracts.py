"""Spoil the extracts of one date: link what stays as it is, write anew what a kind touches."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from string import Template

import duckdb

from bench.gates.kinds import ONE_ROW, AsText, Bytes, Cut, Edit, Gone, Kind, Rows, Unit, Yesterday
from domain.catalogue import CATALOGUE
from domain.tables import Kind as TableKind

_PAST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Book:
    """The clean extracts, `<date>/<table>.parquet`; `seed` decides which rows are hit."""

    folder: Path
    seed: int

    def file(self, table: str, day: date) -> Path:
        return self.folder / day.isoformat() / f"{table}.parquet"

    def past(self, table: str, day: date) -> list[Path]:
        files = (self.file(table, day - timedelta(days=back)) for back in range(1, _PAST_DAYS + 1))
        return [file for file in files if file.exists()]


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of a kind: its level, and which of its days this is, from 1."""

    level: Decimal
    step: int = 1


def spoil(book: Book, kind: Kind, day: date, dose: Dose, target: Path) -> int:
    """The date's extracts in `target`, with the kind's edits; how many rows differ, 0 if there was nothing to spoil."""
    relink(book, day, target)
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as session:
        return sum(_Spoiler(session, book, kind, day, dose, target).apply(edit) for edit in kind.edits)


def spoilt_content(target: Path) -> str:
    """A digest of the files that a kind wrote, and of the names that there are."""
    names = sorted(path.name for path in target.iterdir())
    written = (path.read_bytes() for path in sorted(target.iterdir()) if path.stat().st_nlink == 1)
    return hashlib.sha256(b"".join([repr(names).encode(), *written])).hexdigest()


def relink(book: Book, day: date, target: Path) -> None:
    """The date's extracts as they are."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted((book.folder / day.isoformat()).iterdir()):
        (target / path.name).hardlink_to(path)  # symbolic links do not land


@dataclass(frozen=True, slots=True)
class _Spoiler:
    session: duckdb.DuckDBPyConnection
    book: Book
    kind: Kind
    day: date
    dose: Dose
    target: Path

    def apply(self, edit: Edit) -> int:
        clean, file = self.book.file(edit.table, self.day), self.target / f"{edit.table}.parquet"
        if not clean.exists():
            return 0
        if not (isinstance(edit, AsText) and edit.beside):
            file.unlink()
        match edit:
            case Gone():
                return self._rows(clean)
            case Yesterday(table=table):
                file.hardlink_to(self.book.file(table, self.day - timedelta(days=1)))
                return self._rows(clean)
            case Bytes(table=table, content=content, ending=ending):
                file.with_name(f"{table}.{ending}").write_bytes(content)
                return self._rows(clean)
            case Cut():
                return self._cut(edit, clean, file)
            case Rows():
                return self._rewrite(edit, file)
            case AsText():
                return self._as_text(edit, file.with_suffix(".csv"))

    def _cut(self, cut: Cut, clean: Path, file: Path) -> int:
        if cut.as_text:
            self._as_text(AsText(cut.table), file := file.with_suffix(".csv"))
            content = file.read_bytes()
        else:
            content = clean.read_bytes()
        file.write_bytes(content[: int(len(content) * self.dose.level)])
        return self._rows(clean)

    def _rewrite(self, edit: Rows, file: Path) -> int:
        hit = self._prepare(edit.table, edit.sql, edit.of)
        self.session.execute(f"COPY ({self._filled(edit.sql)}) TO '{file}' (FORMAT parquet)")
        return self._differing(edit.table, file, hit)

    def _as_text(self, edit: AsText, file: Path) -> int:
        hit = self._prepare(edit.table, edit.sql, "true")
        self.session.execute(f"COPY ({self._filled(edit.sql)}) TO '{file}' (FORMAT csv, {edit.options})")
        text = edit.first + file.read_text(encoding="utf-8") + edit.last
        file.write_bytes(text.encode(edit.encoding, errors="replace"))
        return hit

    def _prepare(self, table: str, sql: str, of: str) -> int:
        """The views that the statements name, and `extract`; how many rows are hit."""
        for name, files in self._sources(f"{sql} {of}"):
            self.session.execute(
                f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM read_parquet({list(map(str, files))})"
            )
        source = f"read_parquet('{self.book.file(table, self.day)}')"
        self.session.execute(f"CREATE OR REPLACE TABLE extract AS SELECT *, false AS hit FROM {source}")
        self.session.execute(f"CREATE OR REPLACE TABLE extract AS {self._with_hits(table, source, of)}")
        return int(self.session.execute("SELECT count(*) FROM extract WHERE hit").fetchall()[0][0])

    def _with_hits(self, table: str, source: str, of: str) -> str:
        """Of the rows that may be hit the level's share, or none where that is less than a row; the seed decides."""
        key = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in CATALOGUE[table].key)
        share = self.dose.level if self.kind.unit is Unit.SHARE else Decimal(1)
        most = "1" if share == ONE_ROW else f"CASE WHEN many * {share:f} >= 1 THEN ceil(many * {share:f}) ELSE 0 END"
        return f"""
            SELECT * EXCLUDE (may, place, many), may AND place <= {most} AS hit
            FROM (SELECT *, count(*) FILTER (may) OVER () AS many,
                    row_number() OVER (PARTITION BY may ORDER BY md5(concat_ws('|', {self.book.seed}, {key})), {key})
                        AS place
                FROM (SELECT *, coalesce({self._filled(of)}, false) AS may FROM {source}))
            ORDER BY {key}"""

    def _sources(self, sql: str) -> Iterator[tuple[str, list[Path]]]:
        for name in sorted(set(re.findall(r"[a-z_]+", sql))):
            table = name.removesuffix("_yesterday").removesuffix("_past")
            if table not in CATALOGUE:
                continue
            if name.endswith("_past") and CATALOGUE[table].kind is not TableKind.STATE:
                yield name, self.book.past(table, self.day)
            else:
                back = int(name.endswith("_yesterday"))
                yield name, [self.book.file(table, self.day - timedelta(days=back))]

    def _filled(self, sql: str) -> str:
        values = {"day": f"DATE '{self.day}'", "level": f"{self.dose.level:f}", "step": str(self.dose.step)}
        return Template(sql).substitute(values)

    def _differing(self, table: str, file: Path, hit: int) -> int:
        """Rows that are in one of the files alone; where their columns differ, the rows that were hit."""
        old, new = (f"read_parquet('{path}')" for path in (self.book.file(table, self.day), file))
        columns = [self.session.execute(f"DESCRIBE SELECT * FROM {source}").fetchall() for source in (old, new)]
        if [row[:2] for row in columns[0]] != [row[:2] for row in columns[1]]:
            return hit
        counts = (
            f"(SELECT count(*) FROM (FROM {one} EXCEPT ALL FROM {other}))" for one, other in ((old, new), (new, old))
        )
        differing = int(self.session.execute(f"SELECT greatest({', '.join(counts)})").fetchall()[0][0])
        return hit if self.kind.wrong_from is None else differing

    def _rows(self, file: Path) -> int:
        return int(self.session.execute(f"SELECT count(*) FROM read_parquet('{file}')").fetchall()[0][0])
