"""Gate: judge what landed, set aside what fails, accept the rest, and say of every table how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck, duck_columns, open_duck
from adapters.snapshots import Pointer, Version, register, versions, write_version
from adapters.steps import stepwise
from adapters.store.judged import read_met, write_met
from adapters.store.quarantine import write_quarantine
from adapters.store.results import write_verdict
from adapters.store.runs import RunFile, StageResult, State, stage_result
from adapters.store.waivers import write_waived
from adapters.suite_runner import SuiteRun, run_suites
from adapters.world import World
from domain.catalogue import CATALOGUE
from domain.ids import RunId, VersionId, digest_of
from domain.manifest import Input, Manifest, Stage, Waiver
from domain.records import CheckResult, ControlTotals, Outcome, Verdict
from domain.tables import Kind, Type
from expectations.batch_checks import suite_for
from expectations.limits import TableThreshold
from expectations.stated import CONTROL_TOTALS, Statement
from expectations.statements import NOTHING_SET_ASIDE, TableWork, work_digest, work_for
from expectations.suites import Baseline, DayFigures, DayKind
from expectations.suites import Night as SuiteNight
from expectations.verdicts import Judged, night_verdict, not_judgeable, schema_findings
from expectations.waiving import waived
from tasks.stages.night import Night, StageWork, folder_of, run_stage
from tasks.stages.session import create_view

_Thresholds = Mapping[str, TableThreshold]


def gate(world: World, night: Night, manifest: Manifest, thresholds: _Thresholds) -> StageResult:
    """The verdict of the night; what no check halts becomes the accepted version of its date."""
    return run_stage(world, night, Stage.GATE, lambda: _gate(world, night, manifest, thresholds))


def accepted_inputs(world: World, night: Night) -> tuple[Input, ...]:
    """The versions of the night's own date that its gate let through."""
    with world.store.read() as connection:
        return accepted_in(connection, night.run)


def accepted_in(connection: sa.Connection, run: RunId) -> tuple[Input, ...]:
    summary = _summary_of(connection, run)
    day = date.fromisoformat(summary["business_date"])
    return tuple(Input(table, day, VersionId(version)) for table, version in sorted(summary["accepted"].items()))


def halted_tables(world: World, night: Night) -> frozenset[str]:
    """Tables without rows to rely on: halted tonight, or with an increment of this period that was never accepted."""
    with world.store.read() as connection:
        return halted_in(connection, night.run)


def halted_in(connection: sa.Connection, run: RunId) -> frozenset[str]:
    return frozenset(_summary_of(connection, run)["halted"])


def _summary_of(connection: sa.Connection, run: RunId) -> Mapping[str, Any]:
    result = stage_result(connection, run, Stage.GATE.value)
    if result is None:
        raise LookupError(f"run {run} has passed no gate")
    return result.summary


@dataclass(frozen=True, slots=True)
class _Bench:
    """What the gate works with: the session, the versions by name, and for each table those of its own date."""

    world: World
    night: Night
    manifest: Manifest
    duck: Duck
    found: Mapping[VersionId, Version]
    met: Mapping[str, ControlTotals]

    @property
    def landed(self) -> dict[str, Version]:
        return {item.table: self.found[item.version] for item in self.manifest.landed}

    def history(self, table: str) -> list[Input]:
        return [item for item in self.manifest.history if item.table == table]


@dataclass(frozen=True, slots=True)
class _TableResult:
    """A table after its contract: the version to accept, and the file of rows set aside.

    `inputs` is the digest of all that a contract of state read.
    """

    judged: Judged
    accepted: Version
    quarantine: RunFile | None = None
    inputs: str = ""

    @property
    def met(self) -> ControlTotals | None:
        """The control totals of a table of which every row is sound."""
        counts = self.judged.counts
        return self.judged.totals if counts is not None and counts.is_clean else None


def _gate(world: World, night: Night, manifest: Manifest, thresholds: _Thresholds) -> StageWork:
    names = [item.version for item in (*manifest.landed, *manifest.history, *manifest.baselines)]
    with world.store.read() as connection:
        found = versions(world, connection, names)
        met = read_met(connection, filter(None, (_inputs_of(manifest, item.table) for item in manifest.landed)))
    with open_duck(world.settings) as duck:
        bench = _Bench(world, night, manifest, duck, found, met)
        judged = _judge_contracts(bench)
        calendar = _calendar(bench)
        kind = calendar.kind_of(manifest.business_date)
        runs = _run_suites(bench, judged, thresholds, calendar)
        every = tuple(_every_table(bench, judged, runs))
        judged_night = night_verdict(manifest.business_date, every, thresholds, working_day=kind is DayKind.WORKING)
        verdict = waived(judged_night, manifest.waivers)
        pages = tuple(_write_pages(bench, runs))
    files = (*(result.quarantine for result in judged.values() if result.quarantine), *pages)
    accepted = {table: result.accepted for table, result in sorted(judged.items()) if _may_pass(verdict, table, result)}

    set_aside = {table: result.judged.set_aside for table, result in sorted(judged.items())}

    def write(connection: sa.Connection) -> None:
        write_verdict(connection, night.run, verdict)
        write_quarantine(connection, night.run, set_aside)
        if night.is_official:
            register(world, connection, Pointer.ACCEPTED, night.business_date, accepted.values(), night.attempt)
            used = [waiver for waiver in manifest.waivers if waiver.table in accepted and _was_used(verdict, waiver)]
            write_waived(connection, night.run, used, {table: one.version for table, one in accepted.items()})
            for table, result in sorted(judged.items()):
                if result.inputs and result.met:
                    write_met(connection, night.run, table, result.inputs, result.met)

    summary = _summary(manifest, verdict, accepted, kind)
    landed = sum(table.totals.landed for table in verdict.tables)
    return StageWork(State.HALTED if verdict.halted else State.DONE, summary, files, write, landed)


def _was_used(verdict: Verdict, waiver: Waiver) -> bool:
    checks = (check for table in verdict.tables for check in table.checks)
    return any(check.check == waiver.check and check.outcome is Outcome.WAIVED for check in checks)


def _judge_contracts(bench: _Bench) -> dict[str, _TableResult]:
    """Every landed table against its contract, over views of what landed and of what it refers to."""
    schemas = {
        table: schema_findings(CATALOGUE[table], version.columns, duck_columns(CATALOGUE[table]))
        for table, version in bench.landed.items()
    }
    unreadable = {table for table, found in schemas.items() if any(check.outcome is Outcome.HALT for check in found)}
    _create_views(bench, unreadable)
    return {
        table: _judge_table(bench, table, schemas[table], unreadable, sent_before=_was_sent(bench.manifest, table))
        for table in stepwise("contract of", sorted(bench.landed))
    }


def _judge_table(
    bench: _Bench, table: str, schema: tuple[CheckResult, ...], unreadable: set[str], *, sent_before: bool
) -> _TableResult:
    version, work = bench.landed[table], work_for(table)
    blocked = not_judgeable(table, [name.removesuffix("_history") for name in work.views], unreadable)
    judged = Judged(
        table,
        landed=True,
        sent_before=sent_before,
        unread=_unread(bench.manifest, table),
        schema=(*schema, *((blocked,) if blocked else ())),
    )
    if table in unreadable or blocked:
        return _TableResult(judged, version)
    judged, inputs = replace(judged, stated=_stated(bench, table, unreadable)), _inputs_of(bench.manifest, table)
    if met := bench.met.get(inputs):
        return _TableResult(replace(judged, counts=work.clean_counts(met.landed), totals=met), version, inputs=inputs)
    counts = work.read_counts(bench.duck.read(work.counts))
    return replace(_split(bench, work, replace(judged, counts=counts), version), inputs=inputs)


def _inputs_of(manifest: Manifest, table: str) -> str:
    """Digest of a contract and all that it reads, if that is nothing but state: what is equal is judged alike."""
    views = work_for(table).views
    if any(view not in CATALOGUE or CATALOGUE[view].kind is not Kind.STATE for view in views):
        return ""
    newest = {item.table: item.version for item in sorted((*manifest.history, *manifest.landed))}
    return digest_of([work_digest(table), [[view, newest.get(view)] for view in views]])


def _split(bench: _Bench, work: TableWork, judged: Judged, landed: Version) -> _TableResult:
    """The accepted version (the landed one where nothing is set aside or doubled), and the quarantine's file."""
    table, split = work.contract.table, work.split(judged.counts) if judged.counts else None
    if split is None:
        return _TableResult(replace(judged, totals=work.read_totals(bench.duck.read(work.clean_totals))), landed)
    totals = work.read_totals(bench.duck.read(split.totals))
    aside = work.read_set_aside(bench.duck.read(split.index)) if totals.quarantined else NOTHING_SET_ASIDE
    accepted = write_version(bench.world, bench.duck, table, bench.night.business_date, bench.duck.sql(split.accepted))
    quarantine = _write_quarantine(bench, table.name, split.quarantined, totals.quarantined)
    return _TableResult(replace(judged, totals=totals, set_aside=aside), accepted, quarantine)


def _stated(bench: _Bench, table: str, unreadable: set[str]) -> tuple[Statement, ...]:
    """What the source states of the table's extract of this date, if it states anything."""
    if CONTROL_TOTALS not in bench.landed or CONTROL_TOTALS in unreadable:
        return ()
    rows = bench.duck.run(
        f"SELECT coalesce(currency, ''), \"rows\", amount FROM {CONTROL_TOTALS} "
        "WHERE table_name = ? AND stated_on = ? ORDER BY statement_id",
        (table, bench.manifest.business_date),
    )
    return tuple(Statement(table, *row) for row in rows.fetchall())


def _write_quarantine(bench: _Bench, table: str, statement: Any, rows: int) -> RunFile | None:
    if not rows:
        return None
    name = f"{folder_of(bench.night)}/quarantine/{table}.parquet"
    written = bench.world.seam.write_file(
        bench.world.settings.home / name, lambda part: bench.duck.write_parquet(statement, part), point="quarantine"
    )
    return RunFile(f"quarantine/{table}", name, written.sha256, rows)


def _create_views(bench: _Bench, unreadable: set[str]) -> None:
    """The judged rows under the table's name, and what checks look up beside them."""
    for table in CATALOGUE.values():
        tonight = [item for item in bench.manifest.landed if item.table == table.name and table.name not in unreadable]
        history = bench.history(table.name)
        create_view(bench.duck, table, tonight or history, bench.found)
        if table.kind is Kind.STATE:
            create_view(bench.duck, table, history, bench.found, f"{table.name}_previous")
        else:
            create_view(bench.duck, table, history, bench.found, f"{table.name}_history")


def _run_suites(
    bench: _Bench, judged: Mapping[str, _TableResult], thresholds: _Thresholds, calendar: _Calendar
) -> dict[str, SuiteRun]:
    """The batch suites over the accepted rows of the tables that could be judged."""
    sound = {table: result for table, result in judged.items() if result.judged.counts is not None}
    for table, result in sound.items():
        bench.duck.create_view(table, [result.accepted.path], duck_columns(CATALOGUE[table]))
    night = _suite_night(bench, frozenset(sound), calendar)
    for table in (name for name in sound if name in thresholds and thresholds[name].history_mix):
        alike = [bench.found[item.version] for item in bench.history(table) if item.business_date in night.alike[table]]
        files = [version.path for version in alike if version.rows]
        bench.duck.create_view(f"{table}_alike", files, duck_columns(CATALOGUE[table]))
    suites = [
        suite
        for table in sorted(sound)
        if table in thresholds and (suite := suite_for(thresholds[table], night, _baseline(bench, table, calendar)))
    ]
    pages = Stage.REPORT in bench.manifest.stages
    return {run.table: run for run in run_suites(suites, bench.duck.connection, pages=pages)}


_MOST_ALIKE = 20  # the newest days of a kind say how codes are shared; older ones are read for nothing


def _suite_night(bench: _Bench, sound: frozenset[str], calendar: _Calendar) -> SuiteNight:
    day, history = bench.manifest.business_date, bench.manifest.history
    state = sorted(item for item in history if CATALOGUE[item.table].kind is Kind.STATE)
    previous = {item.table: item.business_date for item in state}
    newest = {item.table: item.version for item in state}
    events = [table.name for table in CATALOGUE.values() if table.kind is not Kind.STATE]
    earlier = {table: frozenset(item.business_date for item in bench.history(table)) for table in events}
    kind = calendar.kind_of(day)
    return SuiteNight(
        day,
        kind,
        sound,
        previous,
        earlier,
        {
            table: frozenset(sorted(one for one in dates if calendar.kind_of(one) is kind)[-_MOST_ALIKE:])
            for table, dates in earlier.items()
        },
        frozenset(item.table for item in bench.manifest.landed if newest.get(item.table) == item.version),
    )


def _baseline(bench: _Bench, table: str, calendar: _Calendar) -> Baseline:
    days = [item for item in bench.manifest.baselines if item.table == table]
    return Baseline(table, tuple(_figures(bench, item, calendar) for item in days))


def _figures(bench: _Bench, item: Input, calendar: _Calendar) -> DayFigures:
    version = bench.found[item.version]
    column = next((column.name for column in CATALOGUE[item.table] if column.type is Type.MONEY), "")
    sums = tuple((currency, Decimal(text)) for currency, text in sorted(version.totals.get(column, {}).items()))
    counts = tuple((currency, int(text)) for currency, text in sorted(version.totals.get("rows", {}).items()))
    return DayFigures(item.business_date, calendar.kind_of(item.business_date), version.rows, sums, counts)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """The days off of the business, and those of them on which staff of another jurisdiction work."""

    days_off: frozenset[date]
    others_work: frozenset[date]

    def kind_of(self, day: date) -> DayKind:
        """A day that the calendar lacks is a working day: the stricter way."""
        if day not in self.days_off:
            return DayKind.WORKING
        return DayKind.PARTLY if day in self.others_work else DayKind.OFF


def _calendar(bench: _Bench) -> _Calendar:
    own = bench.world.settings.jurisdiction
    rows = bench.duck.run(
        "SELECT day, bool_or(jurisdiction = $1 AND NOT is_working_day), bool_or(jurisdiction <> $1 AND is_working_day) "
        "FROM calendar WHERE jurisdiction = $1 OR jurisdiction IN (SELECT jurisdiction FROM employees) GROUP BY day",
        (own,),
    ).fetchall()
    return _Calendar(
        frozenset(day for day, is_off, _ in rows if is_off),
        frozenset(day for day, _, others_work in rows if others_work),
    )


def _every_table(bench: _Bench, judged: Mapping[str, _TableResult], runs: Mapping[str, SuiteRun]) -> Iterator[Judged]:
    for table in sorted(CATALOGUE):
        result = judged.get(table)
        if result is None:
            sent_before, unread = _was_sent(bench.manifest, table), _unread(bench.manifest, table)
            yield Judged(table, landed=False, sent_before=sent_before, unread=unread)
        elif table in runs:
            yield replace(result.judged, has_suite=True, suite=runs[table].results)
        else:
            yield result.judged


def _unread(manifest: Manifest, table: str) -> str:
    return next((one.reason for one in manifest.unread if one.table == table), "")


def _was_sent(manifest: Manifest, table: str) -> bool:
    return any(item.table == table for item in (*manifest.history, *manifest.baselines))


def _may_pass(verdict: Verdict, table: str, result: _TableResult) -> bool:
    return table not in verdict.halted and result.judged.counts is not None


def _write_pages(bench: _Bench, runs: Mapping[str, SuiteRun]) -> Iterator[RunFile]:
    """Data Docs: one page per suite; they are exempt from the rule of equal bytes."""
    for table, run in sorted(runs.items()):
        if run.page:
            name = f"{folder_of(bench.night)}/data-docs/{table}.html"
            bench.world.seam.write_text(bench.world.settings.home / name, run.page, point="data_docs")
            yield RunFile(f"data-docs/{table}", name, "", 0)


def _summary(manifest: Manifest, verdict: Verdict, accepted: Mapping[str, Version], kind: DayKind) -> dict[str, Any]:
    gaps = sorted({item.table for item in manifest.gaps})
    return {
        "business_date": manifest.business_date,
        "compared_with": kind,
        "outcome": verdict.outcome.value,
        "accepted": {table: version.version for table, version in accepted.items()},
        "halted": sorted({*verdict.halted, *gaps}),
        "gaps": [f"{item.table} of {item.business_date}" for item in manifest.gaps],
        "tables": {outcome.value: _count(verdict, outcome) for outcome in Outcome},
    }


def _count(verdict: Verdict, outcome: Outcome) -> int:
    return sum(table.outcome is outcome for table in verdict.tables)
