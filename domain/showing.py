"""Texts of the data in messages: what might be a person's is told by its shape, and nothing steers a terminal.

Columns of people are named in the catalogue, but extracts go wrong: a column is left out, and names stand where amounts
are due. So every value that is told is looked at.
"""

from __future__ import annotations

import re

_MOST_CHARACTERS = 60
# From so many digits on a number may be a telephone or identity number.
_FEWEST_DIGITS = 9
_DAY = re.compile(
    r"\d{1,4}([/.-])\d{1,2}\1\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[APap][Mm]| ?UTC|Z|[+-]\d{2}:?\d{2})?)?"
)
_AMOUNT = re.compile(r"[-+]?(?!0\d)\d{1,3}(([.,'])\d{3}(\2\d{3})*([.,]\d+)?|([.,]\d+)?(E[-+]?\d+)?)", re.IGNORECASE)
_FRACTION = re.compile(r"[-+]?(0|[1-9]\d*)[.,]\d+")


def shown(text: str, *, is_personal: bool = False) -> str:
    """The text in quotes, at most its first 60 characters; of what may be somebody's name or number only the shape.

    >>> [shown(text) for text in ("1.234,56", "31/02/2026", "Phan Anh", "0912345678")]
    ['"1.234,56"', '"31/02/2026"', 'a value like "Aaaa Aaa"', 'a value like "9999999999"']
    >>> shown("3 Lê Lợi", is_personal=True)
    'a value'
    """
    if is_personal:
        return "a value"
    cut = text[:_MOST_CHARACTERS]
    told = f'"{printable(cut)}{"…" if len(text) > _MOST_CHARACTERS else ""}"'
    return f"a value like {_shape(told)}" if may_be_personal(text) else told


def shown_name(text: str) -> str:
    """The same for what stands where a column's name is due, without the quotes."""
    cut = printable(text[:_MOST_CHARACTERS])
    return _shape(cut) if may_be_personal(text) else cut


def may_be_personal(text: str) -> bool:
    """Whether it looks like a mail address, like words, like letters beyond ASCII, or like a long number.

    Days, and amounts with a point or comma, are none. One plain word is taken for a code: extracts are full of them.
    """
    text = text.strip()
    if _DAY.fullmatch(text) or _AMOUNT.fullmatch(text) or _FRACTION.fullmatch(text):
        return False
    words = re.findall(r"[^\W\d_]{2,}", text)
    is_words = len(words) > 1 and re.search(r"[^\W\d_][\s;,|\t]+[^\W\d_]", text) is not None
    long_number = sum(sign.isdigit() for sign in text) >= _FEWEST_DIGITS
    return "@" in text or is_words or long_number or any(not word.isascii() for word in words)


def printable(text: str, *, kept: str = "") -> str:
    """Without line breaks, and signs that steer a terminal or turn the direction of reading; but for those `kept`."""
    return "".join(sign if sign.isprintable() or sign in kept else "\ufffd" for sign in text)


def _shape(text: str) -> str:
    return "".join(_sign_of(sign) for sign in text)


def _sign_of(sign: str) -> str:
    if sign.isdigit():
        return "9"
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign
