"""What spreadsheets do to keys, and texts that a spreadsheet would run: patterns for DuckDB, in ASCII only.

A key is damaged for certain if it looks as only a program writes a number (1.10E+22, 1.1E22, 4711.0), or as only a
spreadsheet writes a text ('00123, ="00123"). Digits that were cut show in no single key: 16 digits may end in a zero.
"""

from __future__ import annotations

import re

# 1E5 is a branch, and 1E+05 is not; 4711.0 is what a floating-point column makes of 4711.
_EXPONENT = r"[0-9](?:[.,][0-9]+[eE][+]?|[eE][+])[0-9]{1,3}"
FORMULA = r"[ \t\r\n]*(?:=|[+\-@][A-Za-z_][A-Za-z0-9_.]*[(|!]).*"
DAMAGED_KEY = rf"{_EXPONENT}|[0-9]+\.0|'.*|(?s:{FORMULA})"
DAMAGED_TEXT = _EXPONENT
RAN_TEXT = rf"(?s:{FORMULA})"

# A spreadsheet keeps fifteen digits of a number and writes zeros for the rest.
KEPT_DIGITS = 15
ROUNDED_KEY = rf"[0-9]{{{KEPT_DIGITS}}}0+"
LONG_KEY = rf"[0-9]{{{KEPT_DIGITS + 1},}}"
# All long keys of a column end in zeros by chance, if they lose so few digits together: one column in a million.
SURELY_ROUNDED_DIGITS = 6


def is_damaged_key(column: str) -> str:
    """SQL that is true for a damaged key; most keys are told sound by their first sign, without the pattern."""
    return f"({_may_be(column)} AND regexp_full_match({column}, {_text(DAMAGED_KEY)}))"


def is_damaged_text(column: str) -> str:
    return f"({_may_be(column)} AND regexp_full_match({column}, {_text(DAMAGED_TEXT)}))"


def is_formula(column: str) -> str:
    """SQL that is true for a text that a spreadsheet would run."""
    return f"({column} < 'A' AND NOT {column} BETWEEN '0' AND ':' AND regexp_full_match({column}, {_text(RAN_TEXT)}))"


def has_long_keys(column: str) -> str:
    """SQL of one condition over the whole column, quickly found: some value is longer than what is kept."""
    return f"max(strlen({column})) > {KEPT_DIGITS}"


def rounded_keys(column: str) -> str:
    """SQL of one condition over the whole column: all its long keys end in zeros, too many to be so by chance."""
    long = f"strlen({column}) > {KEPT_DIGITS} AND regexp_full_match({column}, {_text(LONG_KEY)})"
    rounded = f"strlen({column}) > {KEPT_DIGITS} AND regexp_full_match({column}, {_text(ROUNDED_KEY)})"
    digits = f"sum(strlen({column}) - {KEPT_DIGITS}) FILTER ({rounded})"
    return (
        f"(count(*) FILTER ({rounded}) = count(*) FILTER ({long}) AND {digits} >= {SURELY_ROUNDED_DIGITS} "
        f"AND min({column}) FILTER ({rounded}) <> max({column}) FILTER ({rounded}))"
    )


def _may_be(column: str) -> str:
    parts = " OR ".join(f"contains({column}, '{sign}')" for sign in ("E", "e", "."))
    return f"{column} < 'A' AND ({column} < '0' OR {column} >= ':' OR {parts})"


def _text(pattern: str) -> str:
    return "'" + pattern.replace("'", "''") + "'"


def how_damaged(key: str) -> str:
    """What is wrong with a damaged key, in words."""
    if key.startswith("'"):
        return "begins with an apostrophe, as spreadsheets mark texts"
    if key.strip()[:1] in {"=", "+", "-", "@"}:
        return "is a formula of a spreadsheet, and no key"
    if key.endswith(".0"):
        return "is a floating-point number, and no key"
    return "is a number as spreadsheets shorten it: digits are lost"


ROUNDED = "all keys of 16 digits and more end in zeros: a spreadsheet has rounded them"
NO_SPREADSHEET = "Ask for the extract from the system itself, not saved by a spreadsheet"
ROUNDED_HINT = f"{NO_SPREADSHEET}; if they are right, name the column in RECOUP_ROUND_KEYS"
RAN = "is a formula to a spreadsheet; it is kept as text, and neutralised in what is exported"
RAN_HINT = "Ask where it comes from"


def marks_of(number: str) -> str:
    """How a text that was not read as a number seems to be written; empty if it seems to be none."""
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+", number):
        return "the comma stands for thousands or for the decimal mark"
    if re.fullmatch(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]*)?", number):
        return "it is written with a decimal comma, or with points for thousands"
    if re.fullmatch(r"[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]*", number):
        return "it is written with commas for thousands"
    if re.fullmatch(r"[+-]?[0-9][0-9.,]*[eE][+-]?[0-9]+", number):
        return "a spreadsheet wrote it shortened, and may have cut digits"
    return ""
