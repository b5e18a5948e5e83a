"""Names of things, and digests that name content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NewType

RunId = NewType("RunId", str)
AttemptId = NewType("AttemptId", str)
VersionId = NewType("VersionId", str)
BatchId = NewType("BatchId", str)
ReleaseId = NewType("ReleaseId", str)
Digest = NewType("Digest", str)


def digest_of(value: object) -> Digest:
    """The SHA-256 of the canonical JSON of `value`, in hexadecimal."""
    return Digest(hashlib.sha256(canonical_json(value).encode()).hexdigest())


def short(digest: str) -> str:
    """The first twelve digits: enough to tell apart what one operation makes in decades."""
    return digest[:12]


def canonical_json(value: object) -> str:
    """Text that is equal exactly when the values are: sorted keys, Decimal without trailing zeros, no floats.

    Raises: TypeError for a float or any other type whose text is not exact.

    >>> canonical_json({"b": Decimal("1.50"), "a": (1, None)})
    '{"a":[1,null],"b":"1.5"}'
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical_decimal(number: Decimal) -> str:
    """The one text of a number: no exponent, no trailing zeros, no negative zero.

    >>> [canonical_decimal(Decimal(text)) for text in ("1E+2", "0.500", "-0.0")]
    ['100', '0.5', '0']
    """
    text = str(number)
    if not text.isdigit() or (text[0] == "0" and len(text) > 1):
        if not number.is_finite():
            raise ValueError(f"{number} is no number that can be stored")
        text = format(number, "f")
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _plain(value: object) -> object:
    if (isinstance(value, bool | int | str) and not isinstance(value, Enum)) or value is None:
        return value
    if isinstance(value, Decimal):
        return canonical_decimal(value)
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return _plain_collection(value)


def _plain_collection(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical text")
