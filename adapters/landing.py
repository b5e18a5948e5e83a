"""Landing files: what lies in the folder of a date, read into versions, or told with code, file, row, column and value.

A file is looked at before the contract: whether it is whole, of the right kind, encoding, delimiter and date, and
whether a spreadsheet has damaged its keys. What fails here does not land. Single values that do not fit their column
are told too, but such a file lands as it came, so that the gate halts on the column and the evidence is kept.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from adapters.broken import refuse_disk
from adapters.duck import Duck
from adapters.importing.streams import Finding, Trouble, unreadable
from adapters.landing_reader import Landed, LandingReader
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.issues import Issue, Location, Severity
from domain.showing import printable

_NAME = re.compile(r"(?P<table>[a-z_]+?)(?:[-_.](?P<day>\d{4}-?\d{2}-?\d{2}))?\.(?P<ending>parquet|csv|csv\.gz)")
_ASK_AGAIN = "Ask for the extract again"


@dataclass(frozen=True, slots=True)
class LandingFile:
    table: str
    path: Path


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
    """Why extracts that lie in the folder of `day` did not land, by table: of each code the first issue."""
    did_not = (issue for told in _report_of(world, day).values() if not told.sha256 for issue in told.issues)
    return {table: _first_of_each_code(issues) for table, issues in by_table(did_not).items() if table}


def _first_of_each_code(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    first: dict[str, Issue] = {}
    for issue in issues:
        if issue.is_error:
            first.setdefault(issue.code, issue)
    return tuple(first.values())


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
    if folder.is_symlink():
        hint = "Make a folder of that name, and put the files themselves there"
        return (), (Issue("LND020", Location(day.isoformat()), "is a link, and links are not followed", hint),)
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        name = _NAME.fullmatch(path.name)
        place = Location(_relative(path, landing))
        if name is None or name["table"] not in CATALOGUE:
            issues.append(_stray(place))
        elif path.is_symlink():
            hint = "Put the file itself there: what a link leads to can be any file of this machine"
            issues.append(Issue("LND020", place, "is a link, and links are not followed", hint))
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
    reader = LandingReader(world, duck, file.path, CATALOGUE[file.table], day)
    try:
        return reader.read()
    except OSError as error:
        return None, (reader.issue(unreadable(error)),)
    except duckdb.OutOfMemoryException:
        finding = Finding(Trouble.UNREADABLE, "needs more memory than there is to read", "Raise RECOUP_MEMORY_LIMIT")
        return None, (reader.issue(finding),)
    except duckdb.Error as error:
        refuse_disk(error, world.settings.home)
        return None, (reader.issue(Finding(Trouble.UNREADABLE, f"cannot be read: {_kind_of(error)}", _ASK_AGAIN)),)


def _relative(path: Path, landing: Path) -> str:
    """As it is told: names of files are written by others, and may steer a terminal."""
    return printable(path.relative_to(landing).as_posix())


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
