"""Column types of the store that lose nothing: SQLAlchemy's Numeric on SQLite is a float, so it is not used."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from domain.ids import canonical_decimal, canonical_json


class MinorUnits(TypeDecorator[int]):
    """Money: a whole number of the currency's minor units, beside a currency column."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"money is stored in whole minor units, got {value!r}")
        return value


class ExactText(TypeDecorator[Decimal]):
    """Rates, scores and sums: canonical decimal text, which every database returns as it was given."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        if value is not None and not isinstance(value, Decimal):
            raise TypeError(f"an exact number is a Decimal, got {value!r}")
        return None if value is None else canonical_decimal(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else Decimal(value)


class CanonicalJson(TypeDecorator[Any]):
    """A structure whose text is the same for the same content: steps of a payout, manifests, parts of a score."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return None if value is None else json.loads(value)


class UtcTime(TypeDecorator[Any]):
    """A recorded time, UTC, to the microsecond; never part of content."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        if value.utcoffset() is None:
            raise TypeError("a recorded time needs a time zone")
        return str(value.astimezone(UTC).isoformat(timespec="microseconds"))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        return None if value is None else datetime.fromisoformat(value)
