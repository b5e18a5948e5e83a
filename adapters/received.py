"""Files that others sent and somebody names at the command line: read whole, if they are plain and no larger than due.

A pipe would wait for ever, and a device never ends; a file of answers has some thousand lines.
"""

from __future__ import annotations

import csv
import stat
from io import StringIO
from pathlib import Path

from adapters.errors import RefusedError

MOST_BYTES = 50_000_000


def received_bytes(path: Path, code: str) -> bytes:
    """Raises: RefusedError with the code, where the file cannot be opened, is none, or is too large."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise RefusedError(f"{path.name} {code} is no plain file. Save what was sent as a file, and name that")
        if found.st_size > MOST_BYTES:
            raise RefusedError(
                f"{path.name} {code} has {found.st_size:,} bytes, and {MOST_BYTES:,} are the most. Ask what it is"
            )
        return path.read_bytes()
    except OSError as error:
        raise RefusedError(f"{path} {code} cannot be opened: {error.strerror}") from None


def received_rows(path: Path, code: str) -> list[list[str]]:
    """The lines of a CSV that are not empty. Raises: RefusedError with the code, where it is none or cannot be read."""
    try:
        text = received_bytes(path, code).decode("utf-8-sig")
        return [row for row in csv.reader(StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        what = f"not UTF-8 at byte {error.start}" if isinstance(error, UnicodeDecodeError) else str(error)
        told = f"{path.name} {code} it cannot be read as CSV: {what}. Save it as CSV in UTF-8, with commas"
        raise RefusedError(told) from None
