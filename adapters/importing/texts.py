"""Text files in whatever encoding, as clean copies: UTF-8, no byte-order mark, lines that end in a line feed.

The copy is what DuckDB reads. Handed the original, its reader crashed on a byte that is no UTF-8, and refused
files in which line ends are mixed; and it does not say where the bad byte is.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from charset_normalizer import from_bytes

from adapters.importing.language import CsvSource
from domain.issues import Issue, Location, Severity

# What extracts of banks in Asia and Europe are written in, if not in UTF-8; more candidates make guesses worse.
_CANDIDATES = ["gb18030", "big5", "cp1258", "cp1252"]
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"


@dataclass(frozen=True, slots=True)
class CleanText:
    path: Path
    encoding: str


def clean_copy(file: Path, copy: Path, encoding: str | None) -> tuple[CleanText | None, tuple[Issue, ...]]:
    """The copy, written in bounded memory, or why there is none; a guessed encoding is told as a warning."""
    try:
        sample = _sample(file)
        known = encoding or _encoding_of(sample)
        if issue := _not_a_text(file, sample, known):
            return None, (issue,)
        found = known or _guess(sample)
        if found is None:
            return None, (Issue("IMP022", Location(str(file), 1), "the encoding cannot be told", _STATE_ENCODING),)
        _transcode(file, copy, found)
    except _UndecodableError as error:
        return None, (error.issue,)
    except (OSError, EOFError, zlib.error) as error:
        return None, (Issue("IMP020", Location(str(file)), f"the file cannot be read: {_reason(error)}"),)
    return CleanText(copy, found), () if known else (_guessed(file, found),)


def first_record(copy: Path, delimiter: str, quote: str) -> list[str]:
    """The first record's texts, with one given delimiter."""
    with copy.open(encoding="utf-8", newline="") as lines:
        try:
            if not quote:
                return next(csv.reader(lines, delimiter=delimiter, quotechar=None, quoting=csv.QUOTE_NONE), [])
            return next(csv.reader(lines, delimiter=delimiter, quotechar=quote), [])
        except csv.Error:
            return []


def delimiter_of(copy: Path, source: CsvSource, wanted: Collection[str]) -> str | None:
    """The delimiter under which the first record shows most of the wanted columns; None if several do."""
    if source.delimiter is not None:
        return source.delimiter
    records = {delimiter: first_record(copy, delimiter, source.quote) for delimiter in _DELIMITERS}
    if source.names:
        shown = {delimiter: -abs(len(record) - len(source.names)) for delimiter, record in records.items()}
    else:
        shown = {delimiter: len({*map(str.strip, record)} & {*wanted}) for delimiter, record in records.items()}
    ranked = sorted(_DELIMITERS, key=lambda delimiter: (shown[delimiter], len(records[delimiter])), reverse=True)
    best, second = ranked[:2]
    tied = (shown[best], len(records[best])) == (shown[second], len(records[second]))
    return None if tied and len(records[best]) > 1 else best


_STATE_ENCODING = "State it in the mapping: source: encoding"


class _UndecodableError(Exception):
    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue


def _sample(file: Path) -> bytes:
    with _opened(file) as stream:
        return stream.read(_SAMPLE_BYTES)


def _opened(file: Path) -> IO[bytes]:
    with file.open("rb") as stream:
        compressed = stream.read(2) == _GZIP
    return cast("IO[bytes]", gzip.open(file)) if compressed else file.open("rb")


def _not_a_text(file: Path, sample: bytes, encoding: str | None) -> Issue | None:
    if not sample:
        return Issue("IMP020", Location(str(file)), "the file is empty: it has not even a header")
    if sample.startswith(_ZIP):
        return Issue("IMP027", Location(str(file)), "a workbook or an archive, not a text", "Save it as CSV")
    if sample.startswith(_PARQUET):
        return Issue("IMP027", Location(str(file)), "a Parquet file, not a text", "State source: format: parquet")
    if b"\0" in sample and not (encoding or "").startswith("utf"):
        return Issue("IMP027", Location(str(file)), "not a text: it holds zero bytes", _STATE_ENCODING)
    return None


def _encoding_of(sample: bytes) -> str | None:
    """What the bytes prove: a byte-order mark, or text that is valid UTF-8."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _guess(sample: bytes) -> str | None:
    whole_lines = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(whole_lines, cp_isolation=_CANDIDATES).best()
    return None if best is None else best.encoding


def _guessed(file: Path, encoding: str) -> Issue:
    message = f"read as {encoding}, which is a guess from its first bytes"
    return Issue("IMP022", Location(str(file), 1), message, _STATE_ENCODING, Severity.WARNING)


def _transcode(file: Path, copy: Path, encoding: str) -> None:
    text = codecs.getincrementaldecoder(encoding)()
    lines = io.IncrementalNewlineDecoder(None, translate=True)
    row, passed, is_start = 1, 0, True
    with _opened(file) as source, copy.open("w", encoding="utf-8", newline="") as target:
        while True:
            chunk = source.read(_CHUNK_BYTES)
            try:
                decoded = lines.decode(text.decode(chunk, final=not chunk), final=not chunk)
            except UnicodeDecodeError as error:
                raise _UndecodableError(_undecodable(file, encoding, error, row, passed + len(chunk))) from None
            target.write(decoded.removeprefix("\ufeff") if is_start else decoded)
            row, passed, is_start = row + decoded.count("\n"), passed + len(chunk), is_start and not decoded
            if not chunk:
                return


def _undecodable(file: Path, encoding: str, error: UnicodeDecodeError, row: int, fed: int) -> Issue:
    """`fed` bytes were given to the decoder; what it kept back from earlier chunks is part of error.object."""
    offset = fed - len(error.object) + error.start
    before = error.object[: error.start].decode(encoding, "replace")
    line = row + before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    message = f"the byte 0x{error.object[error.start]:02X} at offset {offset} is not {encoding}"
    return Issue("IMP021", Location(str(file), line), message, _STATE_ENCODING)


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is none of this name"
    if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
        return "the gzip archive is damaged or cut off"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
