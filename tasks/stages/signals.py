"""Integrity signals of a month: what fired, beside whom, and the cases that it raises; run again, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from adapters.duck import Duck, duck_columns
from adapters.errors import RefusedError
from adapters.store.nights import newest_measured_nights
from adapters.store.runs import files_of_run, stage_result
from adapters.store.signals import (
    SOURCE,
    RaisedCase,
    SignalRun,
    left_out_of,
    read_signal_rates,
    record_signal_run,
    signal_run_known,
)
from adapters.store.signatures import with_signatures
from adapters.world import World, registered_file
from domain.actions import NewAction
from domain.ids import AttemptId, RunId, digest_of
from domain.manifest import Manifest, RunKind, Stage
from domain.periods import Period
from domain.rules import RuleVersion
from domain.signals import BaseRate, EvidenceRow, SignalCase, SubjectKind
from kpi_rules.signals.checks import CheckedSignal
from kpi_rules.signals.judging import Cell, Finding, base_rates, findings_of
from kpi_rules.signals.statements import alike_names, counts_of, evidence_of, signal_reads, source_table
from kpi_rules.signals.units import Span
from kpi_rules.signals.words import about, figure_of
from kpi_rules.views import CREDITS
from reports.scopes import Posting, above, pages_of
from tasks.stages.about import postings_of
from tasks.stages.calculation import calculation_version
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night


@dataclass(frozen=True, slots=True)
class SignalsDone:
    """What a run came to; `opened` are the new actions, `left_out` the signals that could not look, and why not."""

    signal_run: str
    period: Period
    as_of: date
    rates: tuple[BaseRate, ...]
    opened: tuple[str, ...]
    left_out: Mapping[str, str]
    was_known: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """One signal's cells and findings; `evidence` by subject."""

    signal: CheckedSignal
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    evidence: Mapping[tuple[SubjectKind, str], tuple[EvidenceRow, ...]]


def run_signals(world: World, period: Period, attempt: AttemptId | None) -> SignalsDone:
    """Look at the month by the last official night of it that has measured; nothing is stored twice.

    Raises: RefusedError without such a night (INT020), or without a signal in force that somebody has signed (INT021).
    """
    with world.store.read() as connection:
        nights = newest_measured_nights(connection, period.start, period.last_day)
    if not nights:
        raise RefusedError(f"INT020 no night of {period} has measured; `recoup runs` lists those that have")
    day = max(nights)
    return signals_of_night(world, Night(nights[day], attempt or AttemptId(""), day, RunKind.NIGHTLY), attempt)


def due_signals(world: World, night: Night) -> SignalsDone | None:
    """After the official night of a month's last day: its signals; none where nothing was measured, or none is signed.

    They are no part of the night's run: they have a name of their own, and a month that is run again adds to them.
    """
    day = night.business_date
    if day != Period.of(day).last_day:
        return None
    with world.store.read() as connection:
        if stage_result(connection, night.run, Stage.MEASURE.value) is None:
            return None
    signed, _ = _signed(world, sound_rules(world.settings.rules).signals.on(day))
    return signals_of_night(world, night, night.attempt) if signed else None


def signals_of_night(world: World, night: Night, attempt: AttemptId | None) -> SignalsDone:
    """The signals over what the night read, from the first of its month on; one that is not signed does not look."""
    day = night.business_date
    signed, unsigned = _signed(world, sound_rules(world.settings.rules).signals.on(day))
    if not signed:
        raise RefusedError(f"INT021 no signed signal is in force on {day}: they stand in kpi_rules/signals")
    signals, run = [signal for signal, _ in signed], _named(night.run, day, tuple(version for _, version in signed))
    with world.store.read() as connection:
        known = signal_run_known(connection, run.signal_run)
    if known:
        return _as_known(world, run)
    found, postings, halted = _looked(world, night, signals, Span(run.period.start, day))
    left_out = {**unsigned, **halted}
    raised = tuple(case for each in found for case in _cases(each, run, postings))
    rates = tuple(rate for each in found for rate in _rates(each))
    run = replace(run, left_out=left_out)
    with world.store.write("signals_recorded") as connection:
        opened = record_signal_run(world.store, connection, run, rates, raised, attempt)
    return SignalsDone(run.signal_run, run.period, day, rates, tuple(each.action_id for each in opened), left_out)


def _signed(
    world: World, signals: Iterable[CheckedSignal]
) -> tuple[tuple[tuple[CheckedSignal, RuleVersion], ...], Mapping[str, str]]:
    """Those that somebody has signed, with their versions; the others by id, and why they do not look."""
    every = tuple(signals)
    with world.store.read() as connection:
        versions = with_signatures(connection, [each.version for each in every])
    pairs = tuple(zip(every, versions, strict=True))
    signed = tuple((signal, version) for signal, version in pairs if version.signer)
    return signed, {signal.rule.id: "nobody has signed it" for signal, version in pairs if not version.signer}


def _named(night: RunId, day: date, versions: tuple[RuleVersion, ...]) -> SignalRun:
    """The run's name is the digest of what it is made of: the night, the signals with who signed them, the program."""
    calculation = calculation_version()
    name = digest_of({"night": night, "rules": versions, "calculation": calculation})[:24]
    return SignalRun(name, Period.of(day), day, night, versions, calculation, {})


def _as_known(world: World, run: SignalRun) -> SignalsDone:
    with world.store.read() as connection:
        rates, left_out = read_signal_rates(connection, run.signal_run), left_out_of(connection, run.signal_run)
    return SignalsDone(run.signal_run, run.period, run.as_of, rates, (), left_out, was_known=True)


def _looked(
    world: World, night: Night, signals: Iterable[CheckedSignal], span: Span
) -> tuple[tuple[_Found, ...], tuple[Posting, ...], Mapping[str, str]]:
    """What each signal found; one whose tables the gate has stopped does not look, and says so."""
    halted = halted_tables(world, night)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    credited = credits_read_by(world, night, manifest)
    missing = halted if credited else halted | {CREDITS.name}
    found, left_out = [], {}
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        duck.create_view(CREDITS.name, credited, duck_columns(CREDITS))
        for signal in signals:
            without = sorted(signal_reads(signal) & missing)
            if without:
                left_out[signal.rule.id] = f"the gate has stopped {', '.join(without)}"
            else:
                found.append(_found(duck, signal, span))
        return tuple(found), postings_of(duck, span.as_of, halted), left_out


def credits_read_by(world: World, night: Night, manifest: Manifest) -> list[Path]:
    """The credits of the month, and of the months before that the night names."""
    runs = [night.run, *(earlier.run for earlier in manifest.earlier)]
    with world.store.read() as connection:
        files = [files_of_run(connection, run).get(CREDITS.name) for run in runs]
    return [registered_file(world, file.path, file.sha256) for file in files if file is not None]


def _found(duck: Duck, signal: CheckedSignal, span: Span) -> _Found:
    names = alike_names(signal)
    cells = tuple(_cell(row, names) for row in duck.read(counts_of(signal, span)))
    findings = findings_of(cells, signal.rule.case)
    named = [(each.subject_kind.value, each.subject_id) for each in findings if each.is_case]
    evidence: dict[tuple[SubjectKind, str], list[EvidenceRow]] = {}
    for row in duck.read(evidence_of(signal, span, named)) if named else ():
        key = (SubjectKind(row["subject_kind"]), row["subject_id"])
        evidence.setdefault(key, []).append(_evidence(row, signal))
    return _Found(signal, cells, findings, {key: tuple(rows) for key, rows in evidence.items()})


def _rates(found: _Found) -> tuple[BaseRate, ...]:
    rule = found.signal.rule
    return base_rates(rule.id, rule.title, found.cells, found.findings, rule.subjects)


def _cell(row: Mapping[str, Any], names: Iterable[str]) -> Cell:
    alike = tuple("" if row[name] is None else str(row[name]) for name in names)
    return Cell(SubjectKind(row["subject_kind"]), row["subject_id"], row["peers"], alike, row["rows"], row["hits"])


def _evidence(row: Mapping[str, Any], signal: CheckedSignal) -> EvidenceRow:
    figure = figure_of(signal.rule, int(row["figure"]), int(row["per"]))
    return EvidenceRow(
        row["day"], row["row_id"], source_table(signal), row["account_id"] or "", row["other_id"] or "", figure
    )


def _cases(found: _Found, run: SignalRun, postings: Sequence[Posting]) -> Iterator[RaisedCase]:
    rule = found.signal.rule
    for finding in found.findings:
        if not finding.is_case:
            continue
        action = NewAction(
            source=SOURCE,
            key=f"{rule.id}-{finding.subject_id}-{run.period}",
            subject_kind=finding.subject_kind.value,
            subject_id=finding.subject_id,
            about=about(rule, finding.figures, finding.subjects),
            owner=rule.closing.groups[0],
            department=rule.closing.department,
            opened_on=run.as_of,
            deadline=run.as_of + timedelta(days=rule.closing.days),
            run=run.night,
        )
        yield RaisedCase(action, _case(found, finding, action, run, postings), rule.closing.groups)


def _case(
    found: _Found,
    finding: Finding,
    action: NewAction,
    run: SignalRun,
    postings: Sequence[Posting],
) -> SignalCase:
    is_employee = finding.subject_kind is SubjectKind.EMPLOYEE
    department, team = pages_of(finding.subject_id, postings) if is_employee else ("", "")
    return SignalCase(
        case_id=action.action_id,
        signal=found.signal.rule.id,
        title=found.signal.rule.title,
        rule=found.signal.version.digest,
        subject_kind=finding.subject_kind,
        subject_id=finding.subject_id,
        period=run.period,
        department=department,
        team=team,
        about=action.about,
        figures=finding.figures,
        opened_on=action.opened_on,
        deadline=action.deadline,
        owner=action.owner,
        evidence=found.evidence[finding.subject_kind, finding.subject_id],
        interested=interested_in(finding.subject_id, postings) if is_employee else (),
    )


def interested_in(employee: str, postings: Sequence[Posting]) -> tuple[str, ...]:
    """Who is paid by what the employee does: themselves, their team, and who leads them, up to the top."""
    by_name = {each.employee: each for each in postings}
    mine = by_name.get(employee)
    if mine is None:
        return (employee,)
    team = (each.employee for each in postings if mine.team and each.team == mine.team)
    return tuple(sorted({employee, *team, *above(employee, by_name)}))
