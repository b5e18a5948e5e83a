"""How one value comes about in SQL: the value itself, and beside it what is wrong where there is none.

A fault is a text, the code of the issue, a colon and what was found: "IMP040:12,5x". It is NULL where all is well.
Nothing is ever rounded: a number with more digits than its column holds is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.importing.damage import DAMAGED_KEY as DAMAGED_KEY_PATTERN
from adapters.importing.decoding import (
    DATES,
    NUMBERS,
    Calculated,
    Given,
    Joined,
    Part,
    Read,
    Typed,
    Value,
    number_digits,
)
from adapters.importing.language import AnySource, CsvSource
from domain.exact import product
from domain.expressions import Expression, to_sql
from domain.sql import SQL_TYPES
from domain.tables import Type

Sql = sa.ColumnElement[Any]
Source = AnySource

NOT_A_NUMBER = "IMP040"
TOO_MANY_DIGITS = "IMP041"
OUT_OF_RANGE = "IMP042"
NOT_A_TIME = "IMP043"
NOT_IN_CODES = "IMP044"
NOT_IN_CATALOGUE = "IMP045"
NOT_A_BOOLEAN = "IMP046"
OVERFLOW = "IMP047"
DAMAGED_KEY = "IMP048"

# Room for a number before it is fitted: 26 digits before the point, 12 after it.
_WIDE = sa.Numeric(38, 12)
_WIDE_DIGITS = 12
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")


@dataclass(frozen=True, slots=True)
class Converted:
    value: Sql
    fault: Sql | None = None


def converted(value: Value, texts: Mapping[str, Sql], known: Mapping[str, Sql], source: Source) -> Converted:
    """`texts` are columns of the file by name, `known` what expressions may name."""
    match value.how:
        case Given(value=given):
            return Converted(_literal(given, value.type))
        case Calculated(expression=expression):
            return _calculated(expression, known, value)
        case Joined(parts=parts):
            pieces = [sa.literal(part) if isinstance(part, str) else texts[part.name] for part in parts]
            read = [texts[part.name] for part in parts if isinstance(part, Part) and part.name not in DATES]
            return _sound_key(_listed(_concatenated(pieces), value), value, read)
        case Read() as how:
            return _with_default(how, value.type, texts[how.column], _read(how, value, texts[how.column], source))


def _read(how: Read, value: Value, text: Sql, source: Source) -> Converted:
    if how.codes:
        return _decoded(how.codes, value.type, text)
    match value.type:
        case Type.COUNT | Type.MONEY | Type.RATE | Type.DEGREES:
            return _number(how, value.type, text, source)
        case Type.DATE | Type.INSTANT | Type.WALL_TIME:
            return _time(how, value.type, text, source)
        case Type.BOOLEAN:
            return _boolean(text)
    return _sound_key(_listed(text, value), value, [text])


def _sound_key(read: Converted, value: Value, parts: list[Sql]) -> Converted:
    """A key, or a part of one, that a spreadsheet has damaged is a fault."""
    if value.type is not Type.ID or not parts:
        return read
    pattern = _inline(DAMAGED_KEY_PATTERN)
    # Most keys begin with a letter, which no damaged one does: those are not matched.
    damaged = [
        (sa.and_(part < "A", sa.func.regexp_full_match(part, pattern)), _fault(DAMAGED_KEY, part)) for part in parts
    ]
    return Converted(read.value, sa.case(*damaged, else_=read.fault))


def _with_default(how: Read, kind: Type, text: Sql, read: Converted) -> Converted:
    if how.default is None:
        return read
    return Converted(sa.case((text.is_(None), _literal(how.default, kind)), else_=read.value), read.fault)


def _decoded(codes: tuple[tuple[str, Typed], ...], kind: Type, text: Sql) -> Converted:
    value = sa.case(*((text == code, _literal(meaning, kind)) for code, meaning in codes))
    unknown = text.not_in([code for code, _ in codes])
    return Converted(sa.cast(value, SQL_TYPES[kind]), _first_fault(text, (unknown, NOT_IN_CODES)))


def _number(how: Read, kind: Type, text: Sql, source: Source) -> Converted:
    canonical = _signed_in_front(text)
    is_number = sa.func.regexp_full_match(canonical, _inline(_number_pattern(source)))
    plain = sa.case((is_number, _plain(canonical, source)))
    read, too_fine = _read_digits(plain, kind) if how.scale is None else _read_wide(plain)
    value = -read if how.negate else read
    wrong = [(sa.not_(is_number), NOT_A_NUMBER), (too_fine, TOO_MANY_DIGITS), (read.is_(None), OUT_OF_RANGE)]
    if how.scale is None:
        return Converted(value, _first_fault(text, *wrong))
    scaled = _try(product(sa.type_coerce(value, _WIDE), _factor(how.scale)))
    fitted = _fitted(scaled, kind, text)
    return Converted(fitted.value, _first_fault(text, *wrong, (scaled.is_(None), OUT_OF_RANGE), otherwise=fitted.fault))


def _read_digits(plain: Sql, kind: Type) -> tuple[Sql, Sql]:
    """The number, and whether it has more digits after the point than its type holds."""
    return sa.try_cast(plain, SQL_TYPES[kind]), _finer_than(number_digits(kind)[1], plain)


def _read_wide(plain: Sql) -> tuple[Sql, Sql]:
    """With room for a change of unit; by the way of a small type where that does, which is a hundred times as fast."""
    small, too_fine = _read_digits(plain, Type.MONEY)
    fits = sa.and_(small.is_not(None), sa.not_(too_fine))
    return sa.case((fits, sa.cast(small, _WIDE)), else_=sa.try_cast(plain, _WIDE)), _finer_than(_WIDE_DIGITS, plain)


def _finer_than(digits: int, plain: Sql) -> Sql:
    return sa.func.regexp_matches(plain, _inline(rf"\.[0-9]{{{digits}}}0*[1-9]"))


def _factor(scale: Decimal) -> Sql:
    return sa.literal(scale, sa.Numeric(38, max(0, -int(scale.as_tuple().exponent))))


def _signed_in_front(text: Sql) -> Sql:
    """(12) and 12-, as ledgers print them, mean -12."""
    return sa.case(
        (text.like("(%)"), sa.literal("-").concat(sa.func.substr(text, 2, sa.func.length(text) - 2))),
        (text.like("%-"), sa.literal("-").concat(sa.func.substr(text, 1, sa.func.length(text) - 1))),
        else_=text,
    )


def _number_pattern(source: Source) -> str:
    """Digits in ASCII only; groups of three, or of two before the last three as India writes them."""
    point, mark = _marks(source)
    grouped = rf"|[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{2,3}})*{re.escape(mark)}[0-9]{{3}}" if mark else ""
    number = rf"(?:[0-9]+{grouped})(?:{re.escape(point)}[0-9]*)?|{re.escape(point)}[0-9]+"
    shifted = rf"|[0-9](?:{re.escape(point)}[0-9]{{0,{_WIDE_DIGITS}}})?[eE][+]?[0-9]{{1,2}}"
    return rf"[+-]?(?:{number}{shifted if _has_exponents(source) else ''})"


def _plain(text: Sql, source: Source) -> Sql:
    """Digits with a point, and nothing else but a sign in front."""
    point, mark = _marks(source)
    whole = sa.func.replace(text, mark, "") if mark else text
    plain = sa.func.replace(whole, point, ".") if point != "." else whole
    if not _has_exponents(source):
        return plain
    spelt_out = sa.cast(sa.try_cast(plain, _WIDE), sa.String())
    return sa.case((sa.func.contains(sa.func.lower(plain), "e"), spelt_out), else_=plain)


def _has_exponents(source: Source) -> bool:
    return isinstance(source, CsvSource) and source.exponents


def _marks(source: Source) -> tuple[str, str]:
    return (source.decimal_mark, source.thousands_mark) if isinstance(source, CsvSource) else (".", "")


def _fitted(number: Sql, kind: Type, text: Sql) -> Converted:
    """The number in the column's type, if it fits there digit for digit; `text` is what the fault shows."""
    value = sa.try_cast(number, SQL_TYPES[kind])
    fault = sa.case(
        (number.is_(None), None),
        (value.is_(None), _fault(OUT_OF_RANGE, text)),
        (value != number, _fault(TOO_MANY_DIGITS, text)),
    )
    return Converted(value, fault)


def _time(how: Read, kind: Type, text: Sql, source: Source) -> Converted:
    moment: Sql = sa.func.try_strptime(text, _inline(how.date_format), type_=sa.DateTime())
    if not isinstance(source, CsvSource):
        moment = sa.func.coalesce(moment, sa.try_cast(text, sa.DateTime()))
    day = sa.cast(moment, sa.Date())
    wrong = sa.or_(moment.is_(None), day < sa.literal(_EARLIEST), day > sa.literal(_LATEST))
    value = day if kind is Type.DATE else _on_clock(moment, kind, how.time_zone)
    return Converted(sa.case((sa.not_(wrong), value)), _first_fault(text, (wrong, NOT_A_TIME)))


def _on_clock(moment: Sql, kind: Type, zone: str | None) -> Sql:
    """One constant zone for the column: converting by a zone per row took a hundred times as long."""
    if zone is None:
        return moment
    given, wanted = (zone, "UTC") if kind is Type.INSTANT else ("UTC", zone)
    return sa.cast(sa.func.timezone(wanted, sa.func.timezone(given, moment)), sa.DateTime())


def _boolean(text: Sql) -> Converted:
    small = sa.func.lower(text)
    value = sa.case((small.in_(_TRUE), sa.true()), (small.in_(_FALSE), sa.false()))
    return Converted(value, _first_fault(text, (small.not_in([*_TRUE, *_FALSE]), NOT_A_BOOLEAN)))


def _calculated(expression: Expression, known: Mapping[str, Sql], value: Value) -> Converted:
    result = to_sql(expression, known)
    safe = _try(result)
    if value.type in NUMBERS:
        fitted = _fitted(safe, value.type, sa.cast(safe, sa.String()))
    else:
        fitted = _listed(sa.cast(safe, SQL_TYPES[value.type]), value)
    overflows = _try(result.is_(None)).is_(None)
    fault = sa.case((overflows, sa.literal(f"{OVERFLOW}:{expression.text}")), else_=fitted.fault)
    return Converted(fitted.value, fault)


def _listed(text: Sql, value: Value) -> Converted:
    """A code must be one that the catalogue knows; any other text will do."""
    if not value.codes:
        return Converted(text)
    return Converted(text, _first_fault(text, (text.not_in(value.codes), NOT_IN_CATALOGUE)))


def _first_fault(text: Sql, *faults: tuple[Sql, str], otherwise: Sql | None = None) -> Sql:
    return sa.case((text.is_(None), None), *((wrong, _fault(code, text)) for wrong, code in faults), else_=otherwise)


def _fault(code: str, text: Sql) -> Sql:
    return sa.literal(f"{code}:").concat(text)


def _concatenated(pieces: list[Sql]) -> Sql:
    """NULL if one of them is: an id without one of its parts names nothing."""
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole.concat(piece)
    return sa.cast(whole, sa.String())


def _try(element: Sql) -> Sql:
    """DuckDB's TRY: an overflow in one row becomes NULL there, instead of ending the statement."""
    return sa.Function("try", element, type_=element.type)


def _inline(text: str) -> sa.BindParameter[str]:
    """Written into the statement: a pattern that is bound as a parameter is compiled anew for each row."""
    return sa.bindparam(None, text, sa.String(), literal_execute=True)


def _literal(value: Typed, kind: Type) -> Sql:
    return sa.cast(sa.literal(value), SQL_TYPES[kind])
