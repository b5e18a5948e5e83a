"""Integrity signals in the store: runs with their base rates, cases with what each run found, and the rows behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.actions import insert_action, read_actions
from adapters.store.engine import Store
from adapters.store.schema import (
    signal_cases,
    signal_evidence,
    signal_findings,
    signal_interested,
    signal_rates,
    signal_runs,
)
from domain.actions import Action, ActionDecisionKind, NewAction
from domain.ids import AttemptId, Digest, RunId
from domain.manifest import ConfirmedSignal
from domain.periods import Period
from domain.rules import RuleVersion
from domain.signals import BaseRate, CaseState, EvidenceRow, SignalCase, SignalFigures, SubjectKind

SOURCE = "signal"


@dataclass(frozen=True, slots=True)
class SignalRun:
    """A run of the signals over a month; `left_out` says of signals that could not look why not."""

    signal_run: str
    period: Period
    as_of: date
    night: RunId
    rules: tuple[RuleVersion, ...]
    calculation: Digest
    left_out: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RaisedCase:
    """What a run found about one subject: the action that it opens, if there is none yet, and what is added to it."""

    action: NewAction
    case: SignalCase
    closed_by: tuple[str, ...]


def record_signal_run(
    store: Store,
    connection: sa.Connection,
    run: SignalRun,
    rates: Iterable[BaseRate],
    raised: Sequence[RaisedCase],
    attempt: AttemptId | None,
) -> tuple[NewAction, ...]:
    """Everything of a run, in the transaction of the caller; the actions that are new.

    One case per signal, subject and month: what is there already, open or closed, gets the finding and the rows that
    are new, and stays as people left it.
    """
    connection.execute(
        signal_runs.insert().values(
            signal_run=run.signal_run,
            period=str(run.period),
            as_of=run.as_of,
            run_id=run.night,
            rules=run.rules,
            calculation=run.calculation,
            left_out=run.left_out,
            recorded_at=store.seam.recorded(),
            attempt_id=attempt,
        )
    )
    _insert(connection, signal_rates, [{"signal_run": run.signal_run, **_rate(each)} for each in rates])
    known = set(connection.execute(sa.select(signal_cases.c.action_id)).scalars())
    fresh = tuple(each for each in raised if each.action.action_id not in known)
    for each in fresh:
        insert_action(store, connection, each.action, attempt)
    _insert(connection, signal_cases, [_case(each) for each in fresh])
    _insert(connection, signal_interested, [row for each in fresh for row in _interested(each)])
    _insert(connection, signal_findings, [_finding(run, each) for each in raised])
    _insert(connection, signal_evidence, list(_new_evidence(connection, run, raised)))
    return tuple(each.action for each in fresh)


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), list(rows))


def _rate(rate: BaseRate) -> dict[str, Any]:
    return {
        "signal_id": rate.signal,
        "subject_kind": rate.subject_kind.value,
        "peers": rate.peers,
        "title": rate.title,
        "rows": rate.rows,
        "hits": rate.hits,
        "subjects": rate.subjects,
        "cases": rate.cases,
    }


def _case(raised: RaisedCase) -> dict[str, Any]:
    case = raised.case
    return {
        "action_id": raised.action.action_id,
        "signal_id": case.signal,
        "title": case.title,
        "rule": case.rule,
        "closed_by": raised.closed_by,
        "subject_kind": case.subject_kind.value,
        "subject_id": case.subject_id,
        "period": str(case.period),
        "department_id": case.department,
        "team_id": case.team,
    }


def _interested(raised: RaisedCase) -> Iterator[dict[str, str]]:
    for name in raised.case.interested:
        yield {"action_id": raised.action.action_id, "employee_id": name}


def _finding(run: SignalRun, raised: RaisedCase) -> dict[str, Any]:
    figures = raised.case.figures
    return {
        "action_id": raised.action.action_id,
        "signal_run": run.signal_run,
        "about": raised.case.about,
        "rows": figures.rows,
        "hits": figures.hits,
        "peer_rows": figures.peer_rows,
        "peer_hits": figures.peer_hits,
        "expected_rate": figures.expected_rate,
        "chance": figures.chance,
    }


def _new_evidence(connection: sa.Connection, run: SignalRun, raised: Sequence[RaisedCase]) -> Iterator[dict[str, Any]]:
    names = [each.action.action_id for each in raised]
    found = sa.select(signal_evidence.c.action_id, signal_evidence.c.row_id)
    known = {tuple(row) for row in connection.execute(found.where(signal_evidence.c.action_id.in_(names)))}
    for each in raised:
        for row in each.case.evidence:
            if (each.action.action_id, row.row_id) not in known:
                yield {
                    "action_id": each.action.action_id,
                    "row_id": row.row_id,
                    "table_name": row.table,
                    "day": row.day,
                    "account_id": row.account_id,
                    "other_id": row.other_id,
                    "figure": row.figure,
                    "signal_run": run.signal_run,
                }


def signal_run_known(connection: sa.Connection, signal_run: str) -> bool:
    found = sa.select(signal_runs.c.signal_run).where(signal_runs.c.signal_run == signal_run)
    return connection.execute(found).first() is not None


def left_out_of(connection: sa.Connection, signal_run: str) -> Mapping[str, str]:
    """The signals that could not look, and why not."""
    found = sa.select(signal_runs.c.left_out).where(signal_runs.c.signal_run == signal_run)
    return dict(connection.execute(found).scalar_one())


def newest_signal_run(connection: sa.Connection, period: Period) -> SignalRun | None:
    """The run of the month that counts: of the latest day, and of that day the one that was recorded last."""
    statement = (
        sa.select(signal_runs)
        .where(signal_runs.c.period == str(period))
        .order_by(signal_runs.c.as_of.desc(), signal_runs.c.recorded_at.desc(), signal_runs.c.signal_run)
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    rules = tuple(RuleVersion(**{**each, "valid_from": date.fromisoformat(each["valid_from"])}) for each in row.rules)
    return SignalRun(row.signal_run, period, row.as_of, RunId(row.run_id), rules, Digest(row.calculation), row.left_out)


def read_signal_rates(connection: sa.Connection, signal_run: str) -> tuple[BaseRate, ...]:
    """By signal, kind of subject and peers; everybody first."""
    order = (signal_rates.c.signal_id, signal_rates.c.subject_kind, signal_rates.c.peers)
    statement = sa.select(signal_rates).where(signal_rates.c.signal_run == signal_run).order_by(*order)
    return tuple(
        BaseRate(
            row.signal_id,
            row.title,
            SubjectKind(row.subject_kind),
            row.peers,
            row.rows,
            row.hits,
            row.subjects,
            row.cases,
        )
        for row in connection.execute(statement)
    )


def read_signal_cases(
    connection: sa.Connection,
    *,
    period: Period | None = None,
    subject: tuple[SubjectKind, str] | None = None,
    prefix: str = "",
    with_evidence: bool = True,
) -> tuple[SignalCase, ...]:
    """Cases with what the newest run found, by month, signal and subject."""
    cases = signal_cases.c
    statement = sa.select(signal_cases).order_by(cases.period, cases.signal_id, cases.subject_kind, cases.subject_id)
    if period:
        statement = statement.where(cases.period == str(period))
    if subject:
        statement = statement.where(cases.subject_kind == subject[0].value, cases.subject_id == subject[1])
    if prefix:
        statement = statement.where(cases.action_id.startswith(prefix, autoescape=True))
    rows = connection.execute(statement).all()
    if not rows:
        return ()
    names = [row.action_id for row in rows]
    actions = {each.action_id: each for each in read_actions(connection, source=SOURCE)}
    findings = _newest_findings(connection, names)
    evidence = _evidence(connection, names) if with_evidence else {}
    interested = _names_interested(connection, names)
    return tuple(
        _read_case(row, actions[row.action_id], findings[row.action_id], evidence.get(row.action_id, ()), interested)
        for row in rows
    )


def confirmed_cases(connection: sa.Connection, known_as_of: datetime | None = None) -> tuple[ConfirmedSignal, ...]:
    """Cases that are closed as confirmed, as they were known at a moment, where one is given; by id."""
    found = read_actions(connection, source=SOURCE, known_as_of=known_as_of)
    closed = {each.action_id: each for each in found if each.closed_on and each.outcome == CaseState.CONFIRMED.value}
    statement = sa.select(signal_cases).order_by(signal_cases.c.action_id)
    return tuple(
        _confirmed(row, closed[row.action_id]) for row in connection.execute(statement) if row.action_id in closed
    )


def _confirmed(row: sa.Row[Any], action: Action) -> ConfirmedSignal:
    subject = {f"{row.subject_kind}_id": row.subject_id}
    last = next(each for each in reversed(action.decisions) if each.kind is ActionDecisionKind.CLOSED)
    return ConfirmedSignal(row.action_id, row.signal_id, action.opened.opened_on, last.decided_on, last.by, **subject)


def signal_case_named(connection: sa.Connection, prefix: str) -> SignalCase:
    """The one case whose id starts with `prefix`, or is it. Raises: RefusedError naming those that there are."""
    found = read_signal_cases(connection, prefix=prefix)
    whole = [case for case in found if case.case_id == prefix] or found
    if len(whole) != 1:
        known = ", ".join(case.case_id for case in found) or "none; `recoup signals list` lists them"
        raise RefusedError(f"INT022 {prefix!r} should name one case; it names {known}")
    return whole[0]


def groups_closing(connection: sa.Connection, case_id: str) -> tuple[str, ...]:
    """The groups of approvers whose members close the case."""
    return tuple(
        connection.execute(sa.select(signal_cases.c.closed_by).where(signal_cases.c.action_id == case_id)).scalar_one()
    )


def _newest_findings(connection: sa.Connection, names: Sequence[str]) -> Mapping[str, sa.Row[Any]]:
    statement = (
        sa.select(signal_findings)
        .join(signal_runs, signal_runs.c.signal_run == signal_findings.c.signal_run)
        .where(signal_findings.c.action_id.in_(names))
        .order_by(signal_runs.c.as_of, signal_runs.c.recorded_at, signal_runs.c.signal_run)
    )
    return {row.action_id: row for row in connection.execute(statement)}


def _evidence(connection: sa.Connection, names: Sequence[str]) -> Mapping[str, list[EvidenceRow]]:
    found: dict[str, list[EvidenceRow]] = defaultdict(list)
    rows = signal_evidence.c
    statement = sa.select(signal_evidence).where(rows.action_id.in_(names)).order_by(rows.day, rows.row_id)
    for row in connection.execute(statement):
        evidence = EvidenceRow(row.day, row.row_id, row.table_name, row.account_id, row.other_id, row.figure)
        found[row.action_id].append(evidence)
    return found


def _names_interested(connection: sa.Connection, names: Sequence[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    rows = signal_interested.c
    statement = sa.select(signal_interested).where(rows.action_id.in_(names)).order_by(rows.employee_id)
    for row in connection.execute(statement):
        found[row.action_id].append(row.employee_id)
    return found


def _read_case(
    row: sa.Row[Any],
    action: Action,
    finding: sa.Row[Any],
    evidence: Sequence[EvidenceRow],
    interested: Mapping[str, Sequence[str]],
) -> SignalCase:
    last = action.decisions[-1] if action.closed_on else None
    return SignalCase(
        case_id=row.action_id,
        signal=row.signal_id,
        title=row.title,
        rule=Digest(row.rule),
        subject_kind=SubjectKind(row.subject_kind),
        subject_id=row.subject_id,
        period=Period.parse(row.period),
        department=row.department_id,
        team=row.team_id,
        about=finding.about,
        figures=SignalFigures(
            finding.rows,
            finding.hits,
            finding.peer_rows,
            finding.peer_hits,
            finding.expected_rate,
            finding.chance,
        ),
        opened_on=action.opened.opened_on,
        deadline=action.deadline,
        owner=action.owner,
        state=CaseState(action.outcome) if last else CaseState.OPEN,
        closed_on=action.closed_on,
        closed_by=last.by if last else "",
        reason=last.reason if last else "",
        evidence=tuple(evidence),
        interested=tuple(interested.get(row.action_id, ())),
    )
