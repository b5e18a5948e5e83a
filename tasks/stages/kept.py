"""What retention must keep: whatever a later night, a ledger entry within its term, or a legal hold still needs.

A run needs what its manifest names, and the files of the runs that it names. So the runs to keep are found first (the
roots), and what they name is kept with them; a manifest's names are found by looking for them in all of its text, so
that a part which is added to manifests later is kept without anybody thinking of it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck, open_duck, quoted
from adapters.store.retention import HoldKind, LegalHold
from adapters.store.schema import batches, ledger, run_files, runs, snapshot_versions
from adapters.world import World
from domain.ids import RunId
from domain.manifest import RunKind
from domain.periods import Period

_OF_NIGHTS = (RunKind.NIGHTLY.value, RunKind.WHAT_IF.value)


@dataclass(frozen=True, slots=True)
class Kept:
    """`runs` keep their files; `roots` among them could be run or calculated again; `files` are kept by digest."""

    roots: frozenset[RunId]
    runs: frozenset[RunId]
    versions: frozenset[str]
    files: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """First day of nights, and first month of ledger entries, that are kept whatever else."""

    nights_from: date
    ledger_from: Period


def what_is_kept(world: World, terms: Terms, holds: Iterable[LegalHold]) -> Kept:
    in_force = [hold for hold in holds if hold.is_in_force]
    with world.store.read() as connection:
        known = _Known.read(connection)
        roots = {*_recent(known, terms), *_of_ledger(connection, known, terms), *_of_holds(known, in_force)}
        roots |= {RunId(source) for root in roots if (source := known.manifest(connection, root).get("source"))}
        accounts = [hold.subject for hold in in_force if hold.kind is HoldKind.ACCOUNT]
        if accounts:
            roots |= _with_accounts(world, connection, known, roots, accounts)
        return _named_by(connection, known, roots)


def versions_with(world: World, paths: Mapping[str, Path], accounts: Iterable[str]) -> frozenset[str]:
    """Those of the Parquet files, by name, that have a row of one of the accounts."""
    wanted = sorted(set(accounts))
    if not wanted or not paths:
        return frozenset()
    with open_duck(world.settings) as duck:
        return frozenset(name for name, path in paths.items() if _has(duck, path, wanted))


def _has(duck: Duck, path: Path, accounts: list[str]) -> bool:
    """A file that is not there any more cannot be asked: it counts as having them."""
    if not path.exists():
        return True
    listed = ", ".join("'" + each.replace("'", "''") + "'" for each in accounts)
    found = duck.run(
        f"SELECT count(*) FROM read_parquet('{quoted(path)}') WHERE account_id::VARCHAR IN ({listed})"
    ).fetchone()
    return bool(found[0])


@dataclass(frozen=True, slots=True)
class _Known:
    """Every name that a manifest may hold, and what is needed to tell runs apart without reading their manifests."""

    runs: Mapping[RunId, tuple[str, date]]
    versions: Mapping[str, str]
    files: frozenset[str]

    @staticmethod
    def read(connection: sa.Connection) -> _Known:
        listed = connection.execute(sa.select(runs.c.run_id, runs.c.kind, runs.c.business_date))
        versions = connection.execute(sa.select(snapshot_versions.c.version, snapshot_versions.c.table_name))
        files = connection.execute(sa.select(run_files.c.sha256).where(run_files.c.sha256 != "").distinct())
        return _Known(
            {RunId(row.run_id): (row.kind, row.business_date) for row in listed},
            {row.version: row.table_name for row in versions},
            frozenset(files.scalars()),
        )

    def manifest(self, connection: sa.Connection, run: RunId) -> dict[str, Any]:
        return dict(connection.execute(sa.select(runs.c.manifest).where(runs.c.run_id == run)).scalar_one())


def _recent(known: _Known, terms: Terms) -> set[RunId]:
    """Official nights within their term, and everything of pay within the term of the ledger; what-ifs have one of
    their own, and what they read is no reason to keep it."""
    return {
        run
        for run, (kind, day) in known.runs.items()
        if (kind == RunKind.NIGHTLY.value and day >= terms.nights_from)
        or (kind not in _OF_NIGHTS and day >= terms.ledger_from.start)
    }


def _of_ledger(connection: sa.Connection, known: _Known, terms: Terms) -> set[RunId]:
    """What entries within the term were calculated by, however old the month is in which they were earned."""
    statement = (
        sa.select(batches.c.run_id)
        .join(ledger, ledger.c.batch_id == batches.c.batch_id)
        .where(ledger.c.posting_period >= str(terms.ledger_from))
        .distinct()
    )
    return {RunId(run) for run in connection.execute(statement).scalars() if run in known.runs}


def _of_holds(known: _Known, holds: Iterable[LegalHold]) -> set[RunId]:
    found: set[RunId] = set()
    for hold in holds:
        if hold.kind is HoldKind.RUN:
            found.add(RunId(hold.subject))
        elif hold.kind is HoldKind.PERIOD:
            month = Period.parse(hold.subject)
            found |= {run for run, (_, day) in known.runs.items() if Period.of(day) == month}
    return found


def _with_accounts(
    world: World, connection: sa.Connection, known: _Known, roots: set[RunId], accounts: list[str]
) -> set[RunId]:
    """Runs that nobody else keeps, of dates on which one of the accounts was on the book."""
    named: dict[RunId, set[str]] = {}
    for run, (kind, _) in known.runs.items():
        if run not in roots and kind in _OF_NIGHTS:
            texts = set(_texts(known.manifest(connection, run)))
            named[run] = {text for text in texts if known.versions.get(text) == "accounts"}
    every = sorted({version for versions in named.values() for version in versions})
    statement = sa.select(snapshot_versions.c.version, snapshot_versions.c.path)
    rows = connection.execute(statement.where(snapshot_versions.c.version.in_(every)))
    holding = versions_with(world, {row.version: world.settings.home / row.path for row in rows}, accounts)
    return {run for run, versions in named.items() if versions & holding}


def _named_by(connection: sa.Connection, known: _Known, roots: Iterable[RunId]) -> Kept:
    kept_roots = frozenset(roots) & known.runs.keys()
    named_runs, versions, files = set[RunId](), set[str](), set[str]()
    for root in sorted(kept_roots):
        for text in _texts(known.manifest(connection, root)):
            if text in known.runs:
                named_runs.add(RunId(text))
            elif text in known.versions:
                versions.add(text)
            elif text in known.files:
                files.add(text)
    return Kept(kept_roots, kept_roots | named_runs, frozenset(versions), frozenset(files))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
