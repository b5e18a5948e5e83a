"""Chance without state: a draw is a hash of seed, purpose and key, the same in Python and in SQL.

The hash is `lowbias32` (Chris Wellons, hash-prospector, public domain) over `key * 2654435761 + salt`, modulo 2**32.
It is spelled out rather than taken from the database, whose own hash may change with its version.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_WORD = 0xFFFFFFFF
_SPREAD = 2_654_435_761
_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B

MACROS = f"""
CREATE MACRO mix_one(x) AS (xor(x, x >> 16) * {_FIRST}::UBIGINT) & {_WORD}::UBIGINT;
CREATE MACRO mix_two(x) AS (xor(x, x >> 15) * {_SECOND}::UBIGINT) & {_WORD}::UBIGINT;
CREATE MACRO mix_end(x) AS xor(x, x >> 16);
CREATE MACRO draw(key, salt) AS CAST(
    mix_end(mix_two(mix_one((key::UBIGINT * {_SPREAD}::UBIGINT + salt::UBIGINT) & {_WORD}::UBIGINT))) AS BIGINT);
"""


@dataclass(frozen=True, slots=True)
class Draws:
    """The draws of one book.

    >>> Draws(7).number("hold", 12) == Draws(7).number("hold", 12), Draws(7).number("hold", 12, below=100)
    (True, 79)
    """

    seed: int

    def salt(self, purpose: str) -> int:
        return int.from_bytes(hashlib.sha256(f"{self.seed}:{purpose}".encode()).digest()[:4], "big")

    def number(self, purpose: str, key: int, *, below: int = _WORD + 1) -> int:
        """A whole number from 0 up to, not including, `below`."""
        word = (key * _SPREAD + self.salt(purpose)) & _WORD
        word = ((word ^ (word >> 16)) * _FIRST) & _WORD
        word = ((word ^ (word >> 15)) * _SECOND) & _WORD
        return (word ^ (word >> 16)) % below

    def sql(self, purpose: str, key: str, below: int | str, *, salted_by: str = "0") -> str:
        """The same in SQL; `salted_by` is a column that makes the draw another one, such as a day's salt."""
        return f"(draw({key}, {self.salt(purpose)} + {salted_by}) % ({below}))"
