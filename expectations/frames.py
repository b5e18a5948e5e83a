"""Judging a small frame in pandas, through pandera: the same checks as the SQL, row by row and reason by reason.

Frames hold Python values (str, int, Decimal, date, datetime, bool) and None for what is missing. Large tables go
through `statements`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pandera.pandas as pa

from domain.expressions import Expression, evaluate
from domain.money import MINOR_DIGITS
from domain.tables import Table
from expectations.checks import (
    Check,
    InCodes,
    InRange,
    Matches,
    MinorUnits,
    NewKey,
    NoOverlap,
    NotNull,
    OneOf,
    Ordered,
    PlainText,
    References,
    Related,
    Rule,
)
from expectations.contracts import Contract

Views = Mapping[str, pd.DataFrame]
_Fails = Callable[[Any], bool]

_CONTROL_CHARACTERS = re.compile("[\x01-\x1f\x7f]")
_FOR_GOOD = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """The row at `place` of the frame: a further copy of an equal row, or the reasons why it is not accepted."""

    place: int
    is_copy: bool
    reasons: tuple[str, ...]


def judge_frame(contract: Contract, frame: pd.DataFrame, views: Views) -> tuple[JudgedRow, ...]:
    """Every row in the frame's order; `views` are the other tables that the contract reads, by their names.

    The frame is numbered anew: where labels repeat, pandera's failure cases name the wrong rows.
    """
    rows = frame[list(contract.table.names)].reset_index(drop=True).astype(object)
    failed = _failed_checks(contract, rows, views)
    is_copy = rows.duplicated()
    conflicts = _conflicts(contract.table, rows, is_copy)
    codes = [check.code for check in contract.checks]
    return tuple(
        JudgedRow(
            place,
            bool(is_copy[place]),
            (
                *(code for code in codes if (place, code) in failed),
                *((contract.duplicate_key,) if conflicts[place] else ()),
            ),
        )
        for place in range(len(rows))
    )


def schema_of(contract: Contract, views: Views) -> pa.DataFrameSchema:
    """The contract as a pandera schema, with one check for each reason code."""
    checks = [
        pa.Check(_passes(check, contract.table, views), name=check.code, ignore_na=False) for check in contract.checks
    ]
    columns = {name: pa.Column(object, nullable=True) for name in contract.table.names}
    return pa.DataFrameSchema(columns, checks=checks, strict=True)


def _failed_checks(contract: Contract, rows: pd.DataFrame, views: Views) -> frozenset[tuple[int, str]]:
    """Places and reason codes, from the failure cases of one lazy validation."""
    if rows.empty:
        return frozenset()
    own = {contract.table.name: rows}
    try:
        schema_of(contract, {**views, **own}).validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        return frozenset((int(place), str(code)) for place, code in zip(cases["index"], cases["check"], strict=True))
    return frozenset()


def _passes(check: Check, table: Table, views: Views) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    def passes(frame: pd.DataFrame) -> pd.Series[bool]:
        fails = _row_check(check, table, views)
        return pd.Series([not fails(row) for row in records(frame)], index=frame.index, dtype=bool)

    return passes


def records(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """The rows as mappings, with None wherever pandas has a missing value of its own."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def _row_check(check: Check, table: Table, views: Views) -> _Fails:
    match check:
        case NotNull() | InCodes() | InRange() | Matches() | PlainText():
            return _value_check(check)
        case References(_, column, there, column_there):
            known = _values(views[there], column_there)
            return lambda row: row[column] is not None and row[column] not in known
        case NewKey(_, column, history):
            seen = _values(views[history], column)
            return lambda row: row[column] in seen
        case NoOverlap():
            return _overlap_check(check, table, records(views[table.name]))
        case Rule(_, expression):
            return lambda row: evaluate(expression, _of_expression(expression, row)) is False
        case Related():
            return _related_check(check, views)
        case _:
            return _columns_check(check)


def _value_check(check: NotNull | InCodes | InRange | Matches | PlainText) -> _Fails:
    column = check.column
    fails = _fails_of_value(check)
    if isinstance(check, NotNull):
        return lambda row: row[column] is None
    return lambda row: row[column] is not None and fails(row[column])


def _fails_of_value(check: NotNull | InCodes | InRange | Matches | PlainText) -> _Fails:
    match check:
        case NotNull():
            return lambda value: value is None
        case InCodes(codes=codes):
            return lambda value: value not in codes
        case InRange():
            return lambda value: _is_outside(check, value)
        case Matches(pattern=pattern):
            return lambda value: re.fullmatch(pattern, value) is None
        case PlainText(most_characters=most):
            return lambda value: len(value) > most or _CONTROL_CHARACTERS.search(value) is not None


def _columns_check(check: MinorUnits | Ordered | OneOf) -> _Fails:
    match check:
        case MinorUnits(_, column, currency):
            return lambda row: _is_below_minor_unit(row[column], row[currency])
        case Ordered(_, first, then, strict):
            return lambda row: _is_out_of_order(row[first], row[then], strict=strict)
        case OneOf(_, columns, needed):
            return lambda row: _is_wrong_number(sum(row[name] is not None for name in columns), needed=needed)


def _is_outside(check: InRange, value: Any) -> bool:
    too_low = check.least is not None and (value <= check.least if check.above else value < check.least)
    return too_low or (check.most is not None and value > check.most)


def _is_below_minor_unit(amount: Decimal | None, currency: str | None) -> bool:
    if amount is None or currency is None or currency not in MINOR_DIGITS:
        return False
    return amount != amount.quantize(Decimal(1).scaleb(-MINOR_DIGITS[currency]))


def _is_out_of_order(first: Any, then: Any, *, strict: bool) -> bool:
    if first is None or then is None:
        return False
    return bool(first >= then if strict else first > then)


def _is_wrong_number(given: int, *, needed: bool) -> bool:
    return given != 1 if needed else given > 1


def _overlap_check(check: NoOverlap, table: Table, others: Iterable[Mapping[Hashable, Any]]) -> _Fails:
    """As the SQL has it: a comparison with a missing value is not true, so a row without a start overlaps nothing."""
    by_owner: dict[Any, list[Mapping[Hashable, Any]]] = {}
    for other in others:
        by_owner.setdefault(other[check.owner], []).append(other)

    def ends(row: Mapping[Hashable, Any]) -> date:
        return next((row[name] for name in check.ends if row[name] is not None), _FOR_GOOD)

    def overlaps(row: Any, other: Mapping[Hashable, Any]) -> bool:
        keys = [(row[name], other[name]) for name in table.key]
        differs = any(mine is not None and theirs is not None and mine != theirs for mine, theirs in keys)
        started = row[check.starts] is not None and other[check.starts] is not None
        alone = not check.alone or bool(row[check.alone] or other[check.alone])
        held = started and other[check.starts] < ends(row) and row[check.starts] < ends(other)
        return bool(differs and alone and held)

    def fails(row: Any) -> bool:
        owner = row[check.owner]
        return owner is not None and any(overlaps(row, other) for other in by_owner.get(owner, ()))

    return fails


def _related_check(check: Related, views: Views) -> _Fails:
    columns = (check.column_there, *(name for name in check.needed if name != check.column_there))
    versions: dict[Any, set[tuple[Any, ...]]] = {}
    for view in check.tables:
        for other in records(views[view]):
            if other[check.column_there] is not None:
                versions.setdefault(other[check.column_there], set()).add(tuple(other[name] for name in columns))

    def fails(row: Any) -> bool:
        found = versions.get(row[check.column], set()) if row[check.column] is not None else set()
        if len(found) != 1:
            return False
        theirs = {f"other_{name}": value for name, value in zip(columns, next(iter(found)), strict=True)}
        return evaluate(check.rule, _of_expression(check.rule, {**row, **theirs})) is False

    return fails


def _of_expression(expression: Expression, row: Mapping[Any, Any]) -> dict[str, Any]:
    """The values that the expression reads; whole numbers as Decimal, as it computes with them."""
    return {name: _as_number(row[name]) for name in expression.names}


def _as_number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _values(view: pd.DataFrame, column: str) -> frozenset[Any]:
    return frozenset(value for value in view[column] if not pd.isna(value))


def _conflicts(table: Table, rows: pd.DataFrame, is_copy: pd.Series[bool]) -> pd.Series[bool]:
    """Rows whose key, with no part missing, is that of a different row too."""
    key = list(table.key)
    once = rows[~is_copy]
    shared = once[once.duplicated(subset=key, keep=False)][key]
    keys = {tuple(values) for values in shared.itertuples(index=False)}
    complete = rows[key].notna().all(axis=1)
    in_conflict = [tuple(values) in keys for values in rows[key].itertuples(index=False)]
    return complete & pd.Series(in_conflict, index=rows.index, dtype=bool)
