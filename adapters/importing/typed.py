"""Values that come in a type of their own, from cells and queries, as texts that the conversions read back exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Context, Decimal
from uuid import UUID

from adapters.importing.damage import KEPT_DIGITS

_FIFTEEN = Context(prec=KEPT_DIGITS, rounding=ROUND_HALF_EVEN)


class NoTextError(Exception):
    """A value of a kind that no landing table holds."""


def text_of(value: object) -> str | None:
    """Numbers digit for digit; a float as the shortest decimal number that gives it; times in UTC if they have a zone.

    Raises: NoTextError for bytes, lists and the like.
    """
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | UUID():
            return str(value)
        case Decimal():
            return format(value, "f")
        case float():
            return plain(Decimal(repr(value)))
        case datetime():
            return _moment(value)
        case date() | time():
            return value.isoformat()
    raise NoTextError(type(value).__name__)


def plain(number: Decimal) -> str:
    """All digits and no exponent: 1.1E+3 is 1100, 1234.0 is 1234."""
    return format(number.normalize(), "f") if number.is_finite() else str(number)


def digits_of(number: Decimal) -> int:
    """How many digits count: 1234.50 has five, 1.1E+22 two."""
    return len(number.normalize().as_tuple().digits)


def with_fifteen_digits(number: Decimal) -> Decimal:
    return _FIFTEEN.plus(number)


def _moment(value: datetime) -> str:
    """Midnight is a day: workbooks have no other kind of day."""
    local = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return local.date().isoformat() if local.time() == time() else local.isoformat(sep=" ")
