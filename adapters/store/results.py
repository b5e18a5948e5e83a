"""Verdicts, KPI results, scores and payout lines: written whole with their stage, read back as records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.store.schema import check_results, held_payees, kpi_results, payout_lines, scores, table_verdicts
from domain.ids import Digest, RunId
from domain.money import from_minor, to_minor
from domain.records import (
    CheckResult,
    ControlTotals,
    Grain,
    KpiResult,
    Outcome,
    PayoutLine,
    Score,
    ScorePart,
    Step,
    TableVerdict,
    Unit,
    ValueState,
    Verdict,
)


def write_verdict(connection: sa.Connection, run: RunId, verdict: Verdict) -> None:
    _insert(connection, table_verdicts, [_verdict_row(run, table) for table in verdict.tables])
    checks = [check for table in verdict.tables for check in table.checks]
    _insert(connection, check_results, [_check_row(run, check) for check in checks])


def read_verdict(connection: sa.Connection, run: RunId, business_date: date) -> Verdict | None:
    rows = connection.execute(sa.select(table_verdicts).filter_by(run_id=run).order_by(table_verdicts.c.table_name))
    checks = read_checks(connection, run)
    found = tuple(
        TableVerdict(
            row.table_name,
            Outcome(row.outcome),
            _totals(row),
            tuple(check for check in checks if check.table == row.table_name),
        )
        for row in rows
    )
    return Verdict(business_date, found) if found else None


def read_checks(connection: sa.Connection, run: RunId) -> tuple[CheckResult, ...]:
    statement = (
        sa.select(check_results)
        .filter_by(run_id=run)
        .order_by(check_results.c.table_name, check_results.c.layer, check_results.c.check_name)
    )
    return tuple(
        CheckResult(
            row.table_name,
            row.check_name,
            row.layer,
            Outcome(row.outcome),
            row.rows,
            row.failed,
            row.found,
            row.expected,
            row.hint,
        )
        for row in connection.execute(statement)
    )


def write_kpis(connection: sa.Connection, run: RunId, results: Iterable[KpiResult]) -> None:
    rows = [
        {
            "run_id": run,
            "kpi": result.kpi,
            "grain": result.grain.value,
            "entity": result.entity,
            "currency": result.currency,
            "rule": result.rule,
            "start": result.start,
            "as_of": result.as_of,
            "unit": result.unit.value,
            "state": result.state.value,
            "value": result.value,
            "numerator": result.numerator,
            "denominator": result.denominator,
        }
        for result in results
    ]
    _insert(connection, kpi_results, rows)


def read_kpis(
    connection: sa.Connection, run: RunId, only: Iterable[str] | None = None, *, grains: Iterable[Grain] = Grain
) -> tuple[KpiResult, ...]:
    """The results of a run, of all KPIs or of some, at all grains or at some."""
    key = kpi_results.c
    columns = [key[field.name] for field in fields(KpiResult)]
    statement = sa.select(*columns).filter_by(run_id=run).order_by(key.kpi, key.grain, key.entity, key.currency)
    if only is not None:
        statement = statement.where(key.kpi.in_(sorted(only)))
    if grains is not Grain:
        statement = statement.where(key.grain.in_(sorted(grain.value for grain in grains)))
    return tuple(
        KpiResult(kpi, rule, _GRAINS[grain], entity, start, as_of, _UNITS[unit], _STATES[state], *sums_and_currency)
        for kpi, rule, grain, entity, start, as_of, unit, state, *sums_and_currency in connection.execute(statement)
    )


# Members by what is stored: a run has ten thousand results and more, and a month's reports read it many times.
_GRAINS = {each.value: each for each in Grain}
_UNITS = {each.value: each for each in Unit}
_STATES = {each.value: each for each in ValueState}


def write_scores(connection: sa.Connection, run: RunId, found: Iterable[Score]) -> None:
    rows = [
        {
            "run_id": run,
            "scorecard": score.scorecard,
            "grain": score.grain.value,
            "entity": score.entity,
            "rule": score.rule,
            "start": score.start,
            "as_of": score.as_of,
            "state": score.state.value,
            "score": score.score,
            "parts": score.parts,
        }
        for score in found
    ]
    _insert(connection, scores, rows)


def read_scores(connection: sa.Connection, run: RunId) -> tuple[Score, ...]:
    statement = sa.select(scores).filter_by(run_id=run).order_by(scores.c.scorecard, scores.c.grain, scores.c.entity)
    return tuple(
        Score(
            row.scorecard,
            Digest(row.rule),
            Grain(row.grain),
            row.entity,
            row.start,
            row.as_of,
            ValueState(row.state),
            row.score,
            tuple(_part(part) for part in row.parts),
        )
        for row in connection.execute(statement)
    )


def write_payout_lines(connection: sa.Connection, run: RunId, batch_kind: str, lines: Iterable[PayoutLine]) -> None:
    rows = [
        {
            "run_id": run,
            "batch_kind": batch_kind,
            "payee": line.payee,
            "component": line.component,
            "origin_period": line.origin_period,
            "currency": line.currency,
            "scope": line.scope,
            "rule": line.rule,
            "amount_minor": to_minor(line.amount, line.currency),
            "steps": line.steps,
        }
        for line in lines
    ]
    _insert(connection, payout_lines, rows)


def read_payout_lines(connection: sa.Connection, run: RunId, batch_kind: str) -> tuple[PayoutLine, ...]:
    key = payout_lines.c
    statement = (
        sa.select(payout_lines)
        .filter_by(run_id=run, batch_kind=batch_kind)
        .order_by(key.scope, key.payee, key.component, key.origin_period, key.currency)
    )
    return tuple(
        PayoutLine(
            row.payee,
            row.component,
            row.origin_period,
            row.currency,
            from_minor(row.amount_minor, row.currency),
            row.scope,
            Digest(row.rule),
            tuple(step_of(step) for step in row.steps),
        )
        for row in connection.execute(statement)
    )


def write_held(connection: sa.Connection, run: RunId, batch_kind: str, held: Iterable[tuple[str, str, str]]) -> None:
    """Payees that are not paid now, as (payee, component, reason)."""
    rows = [
        {"run_id": run, "batch_kind": batch_kind, "payee": payee, "component": component, "reason": reason}
        for payee, component, reason in held
    ]
    _insert(connection, held_payees, rows)


def read_held(connection: sa.Connection, run: RunId, batch_kind: str) -> tuple[tuple[str, str, str], ...]:
    statement = (
        sa.select(held_payees)
        .filter_by(run_id=run, batch_kind=batch_kind)
        .order_by(held_payees.c.payee, held_payees.c.component)
    )
    return tuple((row.payee, row.component, row.reason) for row in connection.execute(statement))


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _verdict_row(run: RunId, verdict: TableVerdict) -> dict[str, Any]:
    totals = verdict.totals
    return {
        "run_id": run,
        "table_name": verdict.table,
        "outcome": verdict.outcome.value,
        "landed": totals.landed,
        "accepted": totals.accepted,
        "quarantined": totals.quarantined,
        "duplicate": totals.duplicate,
        "money": totals.money,
    }


def _check_row(run: RunId, check: CheckResult) -> dict[str, Any]:
    return {
        "run_id": run,
        "table_name": check.table,
        "check_name": check.check,
        "layer": check.layer,
        "outcome": check.outcome.value,
        "rows": check.rows,
        "failed": check.failed,
        "found": check.found,
        "expected": check.expected,
        "hint": check.hint,
    }


def _totals(row: Any) -> ControlTotals:
    money = tuple(
        (currency, Decimal(landed), Decimal(accepted), Decimal(bad), Decimal(double))
        for currency, landed, accepted, bad, double in row.money
    )
    return ControlTotals(row.landed, row.accepted, row.quarantined, row.duplicate, money)


def _part(part: dict[str, Any]) -> ScorePart:
    numbers = ("value", "target", "attainment", "points", "weight", "contribution")
    return ScorePart(**{**part, **{name: _decimal(part[name]) for name in numbers}})


def step_of(step: dict[str, Any]) -> Step:
    inputs = tuple((name, value) for name, value in step["inputs"])
    return Step(**{**step, "value": _decimal(step["value"]), "inputs": inputs})


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
