"""What is looked for in the values of a landing file, as SQL over its rows, and what is said of what is found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from adapters.duck import OWN_WORDS, Duck
from adapters.importing.broken_rows import MOST_SHOWN
from adapters.importing.damage import (
    NO_SPREADSHEET,
    RAN,
    RAN_HINT,
    ROUNDED,
    ROUNDED_HINT,
    has_long_keys,
    how_damaged,
    is_damaged_key,
    is_damaged_text,
    is_formula,
    marks_of,
    rounded_keys,
)
from domain.issues import Issue, Location, Severity
from domain.showing import shown
from domain.tables import Column, Table, Type

# Extra columns that say of which day a file is: they are compared with its folder, and not stored.
AS_OF = ("as_of", "as_of_date", "business_date", "extract_date")
DAMAGE = OWN_WORDS
_SAMPLE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file in DuckDB: `relation` to select from, `position` the number of a row as people count.

    `columns` are names and types from left to right; in those `of_words` no key can be damaged. `header_row` is 0 where
    names do not stand in a row.
    """

    relation: str
    position: str
    columns: Mapping[str, str]
    of_words: frozenset[str] = frozenset()
    header_row: int = 0

    @property
    def as_of(self) -> str | None:
        return next((name for name in AS_OF if name in self.columns), None)

    def position_of(self, column: str) -> int:
        """Counted from 1."""
        return list(self.columns).index(column) + 1

    def place_of(self, file: str, column: str) -> Location:
        """Where the name of the column stands, if it stands in a row."""
        return Location(file, self.header_row, self.position_of(column)) if self.header_row else Location(file)


@dataclass(frozen=True, slots=True)
class Check:
    """SQL that is true for the rows in which something is wrong with a value of the column."""

    code: str
    column: Column
    predicate: str
    severity: Severity = Severity.ERROR


def issues_of(duck: Duck, file: str, rows: Rows, checks: Sequence[Check]) -> Iterator[Issue]:
    """The first rows of each check, and how many there are in all."""
    if not checks:
        return
    counts = ", ".join(f"count(*) FILTER ({check.predicate})" for check in checks)
    for check, count in zip(checks, duck.run(f"SELECT {counts} FROM {rows.relation}").fetchone(), strict=True):
        if count:
            yield from _first(duck, file, rows, check, count)


def _first(duck: Duck, file: str, rows: Rows, check: Check, count: int) -> Iterator[Issue]:
    name, at = check.column.name, rows.position_of(check.column.name)
    found = duck.run(
        f"SELECT {rows.position}, CAST({identifier(name)} AS VARCHAR) FROM {rows.relation} "
        f"WHERE {check.predicate} ORDER BY 1 LIMIT {MOST_SHOWN}"
    ).fetchall()
    for position, text in found:
        problem, hint = _words(check, text)
        message = f'"{name}": {shown(text, is_personal=check.column.personal)} {problem}'
        yield Issue(check.code, Location(file, position, at), message, hint, check.severity)
    if count > MOST_SHOWN:
        message = f'"{name}": {count:,} values like these; the first {MOST_SHOWN} are shown'
        yield Issue(check.code, rows.place_of(file, name), message, "", check.severity)


def damage_checks(table: Table, rows: Rows) -> Iterator[Check]:
    for column in table:
        if rows.columns.get(column.name) != "VARCHAR" or column.name in rows.of_words:
            continue
        name = identifier(column.name)
        if column.type is Type.ID:
            yield Check("LND014", column, is_damaged_key(name))
        if column.type is Type.TEXT:
            yield Check("LND014", column, is_damaged_text(name))
            yield Check("LND016", column, is_formula(name), Severity.WARNING)


def refusing(checks: Sequence[Check]) -> str:
    """A condition that ends the statement at the first row of which one of the checks is true; empty without checks."""
    guard = " OR ".join(check.predicate for check in checks)
    return f"CASE WHEN {guard} THEN error('{DAMAGE}') ELSE true END" if guard else ""


def issues_of_rounding(duck: Duck, file: str, rows: Rows, table: Table, round_keys: Collection[str]) -> Iterator[Issue]:
    """Whether long keys were rounded: a guess by the first rows, proved by all of them.

    Most columns have no long key, and are asked for nothing else.
    """
    keys = [
        column.name
        for column in table
        if column.type is Type.ID
        and rows.columns.get(column.name) == "VARCHAR"
        and f"{table.name}.{column.name}" not in round_keys
    ]
    first = f"(SELECT * FROM {rows.relation} LIMIT {_SAMPLE_ROWS})"
    for condition in (has_long_keys, rounded_keys):
        keys = _of_which(duck, keys, condition, first)
    for name in _of_which(duck, keys, rounded_keys, rows.relation):
        yield Issue("LND014", rows.place_of(file, name), f'"{name}": {ROUNDED}', ROUNDED_HINT)


def _of_which(duck: Duck, keys: Sequence[str], condition: Callable[[str], str], source: str) -> list[str]:
    """The keys of whose column in the source the condition is true."""
    if not keys:
        return []
    listed = ", ".join(condition(identifier(name)) for name in keys)
    found = duck.run(f"SELECT {listed} FROM {source}").fetchone()
    return [name for name, is_true in zip(keys, found, strict=True) if is_true]


def issues_of_date(duck: Duck, file: str, rows: Rows, day: date) -> Iterator[Issue]:
    """Whether a column that says of which day the rows are says another one."""
    if rows.as_of is None:
        return
    name = identifier(rows.as_of)
    other = f"TRY_CAST({name} AS DATE) IS DISTINCT FROM DATE '{day}'"
    count, position, text = duck.run(
        f"SELECT count(*), min({rows.position}), CAST(arg_min({name}, {rows.position}) AS VARCHAR) "
        f"FROM {rows.relation} WHERE {other}"
    ).fetchone()
    if count:
        said = shown(text, is_personal=False) if text else "nothing"
        message = f'is of another date: "{rows.as_of}" says {said}, its folder {day}; rows: {count:,}'
        hint = "Put it into the folder of its date, or ask for that of this date"
        yield Issue("LND013", Location(file, position, rows.position_of(rows.as_of)), message, hint)


def lost_values(table: Table, rows: Rows, wanted: Mapping[str, str]) -> tuple[Check, ...]:
    """For each column of another type than `wanted`, the values that would change or vanish on their way."""
    return tuple(
        Check("LND015", table[name], is_lost(name, rows.columns[name], kind))
        for name, kind in wanted.items()
        if rows.columns[name] != kind
    )


def is_lost(name: str, landed: str, wanted: str) -> str:
    """SQL that is true where a value would change or vanish: text with more decimals than the column, among others.

    1.5 for a count is one, which DuckDB would round; so is 1.5E+07, in which a spreadsheet may have cut digits.
    """
    text = identifier(name)
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


def _words(check: Check, text: str) -> tuple[str, str]:
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


def identifier(column: str) -> str:
    """The name in SQL, whatever a file calls it."""
    return '"' + column.replace('"', '""') + '"'
