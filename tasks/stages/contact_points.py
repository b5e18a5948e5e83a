"""Contact points: the monthly cleaning of what was accepted, as lists, corrections, a report, and a cleaned table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from adapters.duck import Duck, open_duck
from adapters.errors import RefusedError
from adapters.seam import WrittenFile
from adapters.snapshots import Pointer, Version, pointed, versions
from adapters.store.signatures import with_signatures
from adapters.streams import make_table, make_table_by, rows_of
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.ids import Digest, VersionId, canonical_json, digest_of, short
from domain.manifest import Input
from domain.periods import Period
from domain.rules import RuleVersion
from expectations.contact_points.readings import read_values
from expectations.contact_points.rules import CleaningRule
from expectations.contact_points.statements import (
    after_reading,
    before_reading,
    cleaned_points,
    corrections,
    counts,
    points_to_verify,
    values_to_read,
)
from reports.contact_points import (
    CleaningLimits,
    ContactPointReport,
    LookBack,
    PointCount,
    contact_points_page,
    outcomes_of,
)
from reports.contact_points_lists import PERSONAL_DATA_NOTE, write_corrections, write_points_to_verify
from reports.contact_points_workbook import write_contact_points_workbook
from reports.night import Link
from tasks.stages.calculation import calculation_version
from tasks.stages.inputs import STATE_DAYS
from tasks.stages.labels import book_label, language_of
from tasks.stages.plan import refuse_unsigned
from tasks.stages.rules import sound_rules
from tasks.stages.session import create_view

STATES = ("accounts", "contact_points", "parties")
FOLDER = "contact-points"

PRIVATE = 0o600  # for files with people's data
PRIVATE_FOLDER = 0o700

_READING_COLUMNS = dict.fromkeys(("kind", "jurisdiction", "value", "value_class", "normalised"), "VARCHAR")


@dataclass(frozen=True, slots=True)
class Sources:
    """What a cleaning is made of; its digest names the cleaning. `is_demo` says that the whole book is invented."""

    as_of: date
    first_day: date
    states: tuple[Input, ...]
    contacts: tuple[Input, ...]
    never_accepted: tuple[Input, ...]
    rule: RuleVersion
    calculation: Digest
    is_demo: bool


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What a cleaning came to; `files` are below the home folder."""

    cleaning: Digest
    as_of: date
    points: int
    usable: int
    outcomes: Mapping[str, int]
    to_verify: int
    corrections: int
    files: tuple[str, ...]


def clean_contact_points(world: World, period: Period, as_of: date | None = None) -> Cleaning:
    """Clean what was accepted by `as_of`, or else by the last date of the period with accepted contact points.

    Files are written first, and the cleaning's own manifest last: readers trust only what that names.
    Raises: RefusedError without accepted contact points in the period, without a rule in force, or an unsigned one.
    """
    rules = sound_rules(world.settings.rules)
    day = _day_of(world, period, as_of)
    placed = rules.cleaning.at(day)
    if placed is None:
        raise RefusedError(f"PNT012 no rule of cleaning holds on {day}: add one to expectations/contact_points/")
    sources = _sources(world, day, placed.rule, placed.version)
    refuse_unsigned(rules, [sources.rule])
    with world.store.read() as connection:
        inputs = (*sources.states, *sources.contacts)
        found = versions(world, connection, [item.version for item in inputs])
    with open_duck(world.settings) as duck:
        for table in ("contacts", *STATES):
            create_view(duck, CATALOGUE[table], [item for item in inputs if item.table == table], found)
        _clean(duck, placed.rule, sources)
        return _write(_Work(world, period, sources, placed.rule, found, duck))


def _day_of(world: World, period: Period, as_of: date | None) -> date:
    if as_of is not None and as_of not in period:
        raise RefusedError(f"PNT011 {as_of} is no day of {period}")
    with world.store.read() as connection:
        accepted = pointed(connection, Pointer.ACCEPTED, period.start, as_of or period.last_day)
    days = [day for table, day in accepted if table == "contact_points"]
    if not days:
        raise RefusedError(f"PNT010 no contact points were accepted in {period} by {as_of or period.last_day}")
    return as_of or max(days)


def _sources(world: World, day: date, rule: CleaningRule, version: RuleVersion) -> Sources:
    first = rule.first_day_read(day)
    with world.store.read() as connection:
        accepted = pointed(connection, Pointer.ACCEPTED, min(first, day - timedelta(days=STATE_DAYS)), day)
        landed = pointed(connection, Pointer.LANDED, first, day)
        (signed,) = with_signatures(connection, [version])
    return Sources(
        as_of=day,
        first_day=first,
        states=tuple(_newest(accepted, table, day) for table in STATES),
        contacts=_inputs(accepted, first),
        never_accepted=_inputs({key: name for key, name in landed.items() if key not in accepted}, first),
        rule=signed,
        calculation=calculation_version(),
        is_demo=(world.settings.landing / "book.json").exists(),
    )


def _newest(accepted: Mapping[tuple[str, date], VersionId], table: str, day: date) -> Input:
    days = [each for name, each in accepted if name == table and each >= day - timedelta(days=STATE_DAYS)]
    if not days:
        raise RefusedError(f"PNT010 no {table} were accepted in the {STATE_DAYS} days up to {day}")
    return Input(table, max(days), accepted[table, max(days)])


def _inputs(found: Mapping[tuple[str, date], VersionId], first: date) -> tuple[Input, ...]:
    return tuple(Input(*key, name) for key, name in sorted(found.items()) if key[0] == "contacts" and key[1] >= first)


def _clean(duck: Duck, rule: CleaningRule, sources: Sources) -> None:
    """Tables of the session, up to `cleaned`; each distinct value is read once."""

    def read(batch: pa.RecordBatch) -> pa.Table:
        columns = [batch.column(name).to_pylist() for name in ("kind", "jurisdiction", "value")]
        readings = list(read_values(zip(*columns, strict=True), rule, is_demo=sources.is_demo))
        columns.append([reading.value_class.value for reading in readings])
        columns.append([reading.normalised for reading in readings])
        return pa.table(dict(zip(_READING_COLUMNS, (pa.array(each, pa.string()) for each in columns), strict=True)))

    first = before_reading()
    make_table(duck, first.name, first.statement)
    make_table_by(duck, "readings", _READING_COLUMNS, values_to_read(), read)
    for step in after_reading(rule, sources.as_of):
        make_table(duck, step.name, step.statement, step.spent)


@dataclass(frozen=True, slots=True)
class _Work:
    """What the files are written from; `home` and `folder` are where they go."""

    world: World
    period: Period
    sources: Sources
    rule: CleaningRule
    found: Mapping[VersionId, Version]
    duck: Duck

    @property
    def home(self) -> Path:
        return self.world.settings.home

    @property
    def folder(self) -> Path:
        return self.home / "reports" / str(self.period) / FOLDER

    @property
    def cleaning(self) -> Digest:
        return digest_of(self.sources)

    def write(self, path: Path, produce: Callable[[Path], int], point: str) -> tuple[WrittenFile, int]:
        """A file that only its owner reads, and the number of its rows."""
        rows: list[int] = []

        def fill(part: Path) -> None:
            rows.append(produce(part))
            part.chmod(PRIVATE)

        return self.world.seam.write_file(path, fill, point=point), rows[-1]


def _write(work: _Work) -> Cleaning:
    folder, duck = work.folder, work.duck
    found = tuple(PointCount(**{**row, "findings": tuple(row["findings"].split())}) for row in duck.read(counts()))
    (folder / "corrections").mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    points, _ = work.write(_points_path(work), lambda part: _points(duck, part), "cleaned_points")
    verify, to_verify = work.write(
        folder / "to-verify.csv",
        lambda part: write_points_to_verify(part, rows_of(duck, points_to_verify())),
        "points_to_verify",
    )
    version = short(work.sources.rule.digest)
    changes, corrected = work.write(
        folder / "corrections" / "contact_points.csv",
        lambda part: write_corrections(part, rows_of(duck, corrections()), version),
        "point_corrections",
    )
    work.world.seam.write_text(folder / "corrections" / "PERSONAL-DATA.txt", PERSONAL_DATA_NOTE, point="personal_data")
    report = _report(work, found, to_verify, corrected)
    page = work.world.seam.write_text(
        folder / "cleaning.html", contact_points_page(report, language_of(work.world)), point="cleaning_page"
    )
    book = work.world.seam.write_file(
        folder / "cleaning.xlsx",
        lambda part: write_contact_points_workbook(report, part, language_of(work.world)),
        point="cleaning_workbook",
    )
    _register(work, points, report.points)
    files = tuple(each.path.relative_to(work.home).as_posix() for each in (page, book, verify, changes, points))
    return Cleaning(
        work.cleaning,
        work.sources.as_of,
        report.points,
        report.usable,
        outcomes_of(found),
        to_verify,
        corrected,
        files,
    )


def _points_path(work: _Work) -> Path:
    return work.home / FOLDER / work.sources.as_of.isoformat() / short(work.cleaning) / "points.parquet"


def _points(duck: Duck, part: Path) -> int:
    duck.write_parquet(cleaned_points(), part)
    return 0


def _register(work: _Work, points: WrittenFile, rows: int) -> None:
    """The date's cleaning: the last one made for it counts."""
    content: dict[str, Any] = {
        "cleaning": work.cleaning,
        "sources": work.sources,
        "points": {"path": points.path.relative_to(work.home).as_posix(), "sha256": points.sha256, "rows": rows},
    }
    text = json.dumps(json.loads(canonical_json(content)), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    path = work.home / FOLDER / f"{work.sources.as_of}.json"
    work.world.seam.write_text(path, text, point="cleaning_registered")


def _report(work: _Work, found: tuple[PointCount, ...], to_verify: int, corrected: int) -> ContactPointReport:
    sources, rule = work.sources, work.rule
    landed = {item.table: work.found[item.version].rows for item in sources.states}
    contacts = sum(work.found[item.version].rows for item in sources.contacts)
    return ContactPointReport(
        period=work.period,
        as_of=sources.as_of,
        cleaning=work.cleaning,
        counts=found,
        points_landed=landed["contact_points"],
        limits=CleaningLimits(
            sources.rule,
            rule.owner,
            rule.reason,
            rule.review_by,
            rule.stale_after_days,
            rule.retire_after_wrong_parties,
            rule.shared_from_debtors,
        ),
        look_back=LookBack(
            sources.first_day, sources.as_of, len(sources.contacts), len(sources.never_accepted), contacts
        ),
        states=sources.states,
        to_verify=to_verify,
        corrections=corrected,
        demo_prefixes=rule.demo_prefixes if sources.is_demo else (),
        links=(
            Link("Points to verify", "to-verify.csv", f"{to_verify:,} rows"),
            Link("Corrections", "corrections/contact_points.csv", f"{corrected:,} rows; personal data"),
            Link("Workbook", "cleaning.xlsx"),
        ),
        book_label=book_label(work.world),
    )
