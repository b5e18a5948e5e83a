"""Which lines of a text are no rows: too few or too many values, or quotes that do not close.

DuckDB reads a sound file, and stops at the first broken row; its own table of rejects took 2 GB for 3 million of them.
So a file that it refuses is looked through once more, a record at a time, only to say where and how often.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.importing.streams import Finding, Limits, Trouble
from adapters.importing.texts import CleanText
from domain.issues import Severity

MOST_SHOWN = 20
_ASK = "Ask for the extract again"
_MEND = "Correct the file, or state delimiter and quote"
_NOT_CLOSED = "a quote is not closed, or closes before the value ends"
_OPEN_AT_THE_END = "a quote is not closed before the file ends"


@dataclass(frozen=True, slots=True)
class Layout:
    delimiter: str
    quote: str
    width: int
    has_header: bool = True


def broken_rows(text: CleanText, layout: Layout, limits: Limits) -> tuple[Finding, ...]:
    """The first twenty, and how many there are; a broken last row of a file without an end is said to be cut off."""
    shown: list[Finding] = []
    count = 0
    for line, message in _broken(text.path, layout, limits):
        count += 1
        if len(shown) < MOST_SHOWN:
            shown.append(Finding(Trouble.BROKEN_ROWS, message, _MEND, line))
        last = line, message
    if count and not text.has_end and _reaches_the_end(text, *last):
        cut = Finding(Trouble.CUT_OFF, f"cut off: the file ends in the middle of this row ({last[1]})", _ASK, last[0])
        shown = [*(found for found in shown if found.line != last[0]), cut]
    if count > MOST_SHOWN:
        message = f"{count:,} rows are broken; the first {MOST_SHOWN} are shown"
        shown.append(Finding(Trouble.BROKEN_ROWS, message, _MEND))
    return tuple(shown)


def end_of(text: CleanText) -> tuple[Finding, ...]:
    """A warning for a file whose last line has no end: its last value may lack signs, which nobody can see."""
    if text.has_end:
        return ()
    message = "the last line does not end: the file may be cut off"
    return (Finding(Trouble.CUT_OFF, message, "Let the export end each line", text.lines, Severity.WARNING),)


def _reaches_the_end(text: CleanText, line: int, message: str) -> bool:
    return line == text.lines or message == _OPEN_AT_THE_END


@contextmanager
def _cells_up_to(characters: int) -> Iterator[None]:
    """The limit is the whole process's: others who read CSV files have theirs back afterwards."""
    before = csv.field_size_limit(characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _broken(path: Path, layout: Layout, limits: Limits) -> Iterator[tuple[int, str]]:
    """The line on which each broken record begins, and why it is none; blank lines are no records."""
    with _cells_up_to(limits.line_bytes), path.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(
            lines,
            delimiter=layout.delimiter,
            quotechar=layout.quote or None,
            quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
            strict=True,
        )
        while True:
            line = reader.line_num + 1
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, _OPEN_AT_THE_END if "end of data" in str(error) else _NOT_CLOSED
                continue
            if record and len(record) != layout.width and not (layout.has_header and line == 1):
                yield line, f"the row has {'fewer' if len(record) < layout.width else 'more'} columns than the header"
