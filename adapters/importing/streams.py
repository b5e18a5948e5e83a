"""Bytes of extracts, read piece by piece within stated limits, whatever a file claims to be."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, cast

from domain.issues import Severity

PIECE_BYTES = 1_000_000
# Below this, no ratio is absurd: a small table of equal rows is packed a thousandfold.
_FREE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask of the machine; `ratio` is bytes unpacked for each byte packed, beyond the first 100 MB."""

    line_bytes: int = 2_000_000
    unpacked_bytes: int = 50_000_000_000
    ratio: int = 200

    def __post_init__(self) -> None:
        if self.line_bytes < PIECE_BYTES:
            raise ValueError(f"lines are measured over pieces: the limit is at least {PIECE_BYTES:,} bytes")


LIMITS = Limits()


class Trouble(StrEnum):
    """What can be wrong with a file before its rows are looked at; importing and landing have codes for each."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    CUT_OFF = "cut off"
    OTHER_KIND = "other kind"
    UNDECODABLE = "undecodable"
    ENCODING = "encoding"
    ZERO_BYTES = "zero bytes"
    LONG_LINE = "long line"
    TOO_LARGE = "too large"
    NO_ROWS = "no rows"
    BROKEN_ROWS = "broken rows"


@dataclass(frozen=True, slots=True)
class Finding:
    """One trouble; `line` counts from 1, and 0 says that it is the file as a whole."""

    trouble: Trouble
    message: str
    hint: str = ""
    line: int = 0
    severity: Severity = Severity.ERROR


class BadFileError(Exception):
    """A file that cannot be read on; never leaves the adapters."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


UNREADABLE_ERRORS = (OSError, EOFError, zlib.error)

_ASK_AGAIN = "Ask for the extract again"
_GZIP = b"\x1f\x8b"
_KINDS = (
    (b"PK\x03\x04", "a workbook or an archive", "Save it as CSV"),
    (b"PAR1", "a Parquet file", "Name it .parquet; in a mapping, state source: format: parquet"),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Office file", "Save it as .xlsx without a password, or as CSV"),
    (b"%PDF", "a PDF", _ASK_AGAIN),
    (b"BZh", "packed by bzip2", "Pack it by gzip, or not at all"),
    (b"\xfd7zXZ", "packed by xz", "Pack it by gzip, or not at all"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "Pack it by gzip, or not at all"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Pack it by gzip, or not at all"),
    (b"SQLite format 3", "a database", "Export its tables as CSV"),
)
_MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml")


def opened(file: Path) -> IO[bytes]:
    """The file's bytes, unpacked if gzip packed them.

    Raises: OSError.
    """
    with file.open("rb") as stream:
        packed = stream.read(2) == _GZIP
    return cast("IO[bytes]", gzip.open(file)) if packed else file.open("rb")


def is_packed(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(2) == _GZIP


def pieces(file: Path, limits: Limits) -> Iterator[bytes]:
    """The file's bytes, a million at a time.

    Raises: BadFileError where it unpacks to more than the limits allow; UNREADABLE_ERRORS.
    """
    packed, size, passed = is_packed(file), file.stat().st_size, 0
    with opened(file) as stream:
        while piece := stream.read(PIECE_BYTES):
            passed += len(piece)
            if packed:
                refuse_bomb(passed, size, limits)
            yield piece


def refuse_bomb(unpacked: int, packed: int, limits: Limits) -> None:
    """Raises: BadFileError."""
    if unpacked > limits.unpacked_bytes:
        message = f"unpacks to more than {limits.unpacked_bytes:,} bytes, the limit"
        raise BadFileError(Finding(Trouble.TOO_LARGE, message, "If it is right, raise RECOUP_LARGEST_UNPACKED_BYTES"))
    if unpacked > max(_FREE_BYTES, packed * limits.ratio):
        message = f"unpacks to more than {limits.ratio} times its {packed:,} bytes, as no extract does"
        raise BadFileError(Finding(Trouble.TOO_LARGE, message, _ASK_AGAIN))


def other_kind(sample: bytes) -> Finding | None:
    """What the first bytes are, if not those of a text."""
    for magic, kind, hint in _KINDS:
        if sample.startswith(magic):
            return Finding(Trouble.OTHER_KIND, f"{kind}, not a text", hint)
    if sample[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        return Finding(Trouble.OTHER_KIND, "a web page or markup, not a table", "Save it as CSV")
    return None


def unreadable(error: Exception) -> Finding:
    """One of UNREADABLE_ERRORS in words."""
    if isinstance(error, FileNotFoundError):
        return Finding(Trouble.UNREADABLE, "cannot be read: there is none of this name", "Correct the name")
    if isinstance(error, EOFError):
        return Finding(Trouble.CUT_OFF, "cut off: the gzip archive ends before its end", _ASK_AGAIN)
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return Finding(Trouble.UNREADABLE, "cannot be read: the gzip archive is damaged", _ASK_AGAIN)
    reason = error.strerror if isinstance(error, OSError) else None
    return Finding(
        Trouble.UNREADABLE, f"cannot be read: {reason or type(error).__name__}", "Mend the file or its place"
    )
