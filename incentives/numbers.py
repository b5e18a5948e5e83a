"""How numbers and names stand in rule files: exact, and with one message when they are neither."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

NAME = r"^[a-z][a-z0-9_]*$"


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"a number is expected; found {value!r}")  # noqa: TRY004 - pydantic reports ValueErrors
    return Decimal(value)


def _operand(value: Any) -> Decimal | str:
    if isinstance(value, str) and re.fullmatch(NAME, value):
        return value
    if isinstance(value, str):
        raise ValueError(f"a number, or the name of an input or an earlier step, is expected; found {value!r}")  # noqa: TRY004
    return _number(value)


Name = Annotated[str, Field(pattern=NAME)]

# Text such as "1.5" is refused: a number in quotes is a mistake that should not pass silently.
Number = Annotated[Decimal, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Operand = Annotated[
    Decimal | str,
    PlainValidator(_operand),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": NAME}]}),
]
