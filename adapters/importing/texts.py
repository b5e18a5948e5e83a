"""Text files in whatever encoding, checked byte for byte and made clean: UTF-8, no mark, lines that end in a line feed.

The clean text is what DuckDB reads. Handed the original, its reader crashed on a byte that is no UTF-8, refused
files in which line ends are mixed, and left out a line of 300 MB without a word; and it does not say where they are.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from charset_normalizer import from_bytes

from adapters.importing.language import CsvSource
from adapters.importing.streams import (
    UNREADABLE_ERRORS,
    BadFileError,
    Finding,
    Limits,
    Trouble,
    is_packed,
    opened,
    other_kind,
    pieces,
    unreadable,
)
from domain.issues import Severity

# What extracts of banks in Asia and Europe are written in, if not in UTF-8; more candidates make guesses worse.
_CANDIDATES = ["gb18030", "big5", "cp1258", "cp1252"]
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_BYTES = 64 * 1024
_STATE_ENCODING = "State it in the mapping: source: encoding"
_NO_TEXT_HINT = "Ask for the extract again, or state its encoding in a mapping"
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class CleanText:
    """`path` is the copy, or the file itself where that was clean; `has_end` says whether the last line ends."""

    path: Path
    encoding: str
    lines: int
    has_end: bool


def clean_copy(
    file: Path, copy: Path, encoding: str | None, limits: Limits
) -> tuple[CleanText | None, tuple[Finding, ...]]:
    """The copy, written in bounded memory, or why there is none; a guessed encoding is told as a warning."""
    try:
        sample = _sample(file)
        if wrong := _not_a_text(sample, encoding):
            return None, (wrong,)
        known = encoding or _encoding_of(sample)
        found = known or _guess(sample)
        if found is None:
            return None, (Finding(Trouble.ENCODING, "the encoding cannot be told", _STATE_ENCODING, 1),)
        scan = _scanned(file, found, limits, copy)
    except BadFileError as error:
        return None, (error.finding,)
    except UNREADABLE_ERRORS as error:
        return None, (unreadable(error),)
    findings = (*(() if known else (_guessed(found),)), *scan.findings)
    return None if scan.failed else CleanText(copy, found, scan.lines, scan.has_end), findings


def clean_utf8(file: Path, copy: Path, limits: Limits) -> tuple[CleanText | None, tuple[Finding, ...]]:
    """The file itself if it is clean as it lies, else a copy that is; only UTF-8 will do."""
    try:
        sample = _sample(file)
        if wrong := _not_a_text(sample, None) or _not_utf8(sample):
            return None, (wrong,)
        needs_copy = is_packed(file) or b"\r" in sample or sample.startswith(codecs.BOM_UTF8)
        scan = _scanned(file, "utf-8", limits, copy if needs_copy else None)
        if not needs_copy and scan.has_returns and not scan.failed:
            needs_copy, scan = True, _scanned(file, "utf-8", limits, copy)
    except BadFileError as error:
        return None, (error.finding,)
    except UNREADABLE_ERRORS as error:
        return None, (unreadable(error),)
    clean = CleanText(copy if needs_copy else file, "utf-8", scan.lines, scan.has_end)
    return None if scan.failed else clean, scan.findings


def first_record(copy: Path, delimiter: str, quote: str) -> list[str]:
    """The first record's texts, with one given delimiter; nothing if it is none, or longer than a record may be."""
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


def _sample(file: Path) -> bytes:
    with opened(file) as stream:
        return stream.read(_SAMPLE_BYTES)


def _not_a_text(sample: bytes, encoding: str | None) -> Finding | None:
    if not sample:
        return Finding(Trouble.EMPTY, "the file is empty: it has not even a header", "Ask for the extract again")
    if wrong := other_kind(sample):
        return wrong
    if _is_binary(sample[:1000]) and not (encoding or _encoding_of(sample) or "").startswith(("utf-16", "utf-32")):
        return Finding(Trouble.OTHER_KIND, "not a text: it holds zero bytes and the like", _NO_TEXT_HINT)
    return None


def _is_binary(sample: bytes) -> bool:
    """Zero bytes alone may be padding, and are told one by one unless they are many."""
    zeros = sample.count(0)
    return zeros > len(sample) // 5 or sum(byte < 9 for byte in sample) - zeros > len(sample) // 100


def _not_utf8(sample: bytes) -> Finding | None:
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        hint = "Write it in UTF-8, or import it through a mapping"
        return Finding(Trouble.UNDECODABLE, "written in UTF-16; landing files are UTF-8", hint, 1)
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


def _guessed(encoding: str) -> Finding:
    message = f"read as {encoding}, which is a guess from its first bytes"
    return Finding(Trouble.ENCODING, message, _STATE_ENCODING, 1, Severity.WARNING)


def _scanned(file: Path, encoding: str, limits: Limits, copy: Path | None) -> _Scan:
    """The whole file looked through; what is clean goes into `copy`.

    Raises: as `pieces` does.
    """
    scan = _Scan(encoding, limits)
    with ExitStack() as stack:
        target = stack.enter_context(copy.open("w", encoding="utf-8", newline="")) if copy else None
        for piece in pieces(file, limits):
            _pass_on(scan.text(piece), target, scan)
            if scan.is_lost:
                return scan
        _pass_on(scan.text(b""), target, scan)
    return scan


def _pass_on(text: str, target: TextIO | None, scan: _Scan) -> None:
    if target is not None and not scan.failed:
        target.write(text)


@dataclass(slots=True)
class _Scan:
    """What was seen so far; `row` is the line that the next sign belongs to, `run` how long that line is already."""

    encoding: str
    limits: Limits
    row: int = 1
    run: int = 0
    passed: int = 0
    is_lost: bool = False
    has_end: bool = False
    first: dict[Trouble, Finding] = field(default_factory=dict)
    times: dict[Trouble, int] = field(default_factory=dict)
    decoder: codecs.IncrementalDecoder = field(init=False)
    line_ends: io.IncrementalNewlineDecoder = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder(self.encoding)()
        self.line_ends = io.IncrementalNewlineDecoder(None, translate=True)

    @property
    def failed(self) -> bool:
        return bool(self.first)

    @property
    def lines(self) -> int:
        return self.row - int(self.has_end)

    @property
    def has_returns(self) -> bool:
        return self.line_ends.newlines not in {None, "\n"}

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._counted(trouble, finding) for trouble, finding in self.first.items())

    def text(self, piece: bytes) -> str:
        """The piece as text with plain line ends; an empty piece ends the file."""
        decoded = self.line_ends.decode(self._decoded(piece), final=not piece)
        if self.passed == 0:
            decoded = decoded.removeprefix(_BYTE_ORDER_MARK)
        self._measure(decoded)
        self.passed += len(piece)
        return decoded

    def _decoded(self, piece: bytes) -> str:
        try:
            return self.decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            self.first[Trouble.UNDECODABLE] = self._undecodable(error, self.passed + len(piece))
            # In UTF-16 nothing after a bad byte can be trusted; elsewhere the rest is looked through, and counted.
            self.is_lost = self.encoding.startswith(("utf-16", "utf-32"))
            self.decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
            return "" if self.is_lost else self.decoder.decode(error.object, final=not piece)

    def _undecodable(self, error: UnicodeDecodeError, fed: int) -> Finding:
        """`fed` bytes were given to the decoder; what it kept back from earlier pieces is part of error.object."""
        offset = fed - len(error.object) + error.start
        before = error.object[: error.start].decode(self.encoding, "replace")
        line = self.row + before.replace("\r\n", "\n").replace("\r", "\n").count("\n")
        message = f"the byte 0x{error.object[error.start]:02X} at offset {offset} is not {self.encoding}"
        return Finding(Trouble.UNDECODABLE, message, _STATE_ENCODING, line)

    def _measure(self, text: str) -> None:
        if Trouble.UNDECODABLE in self.first:
            self._count(Trouble.UNDECODABLE, text.count("\ufffd"))
        if "\0" in text:
            line = self.row + text[: text.index("\0")].count("\n")
            self.first.setdefault(Trouble.ZERO_BYTES, Finding(Trouble.ZERO_BYTES, "a zero byte", _ZERO_HINT, line))
            self._count(Trouble.ZERO_BYTES, text.count("\0"))
        for length, row in self._lines(text):
            if length > self.limits.line_bytes:
                message = f"the line is longer than {self.limits.line_bytes:,} signs, the limit"
                self.first.setdefault(Trouble.LONG_LINE, Finding(Trouble.LONG_LINE, message, _LONG_HINT, row))
                self._count(Trouble.LONG_LINE, int(self.run <= self.limits.line_bytes))
        if text:
            self.has_end = text.endswith("\n")

    def _lines(self, text: str) -> Iterator[tuple[int, int]]:
        """The lines that may be too long: those that pieces share; a line within one piece never is."""
        first, last = text.find("\n"), text.rfind("\n")
        if first < 0:
            yield self.run + len(text), self.row
            self.run += len(text)
            return
        yield self.run + first, self.row
        self.row += text.count("\n")
        self.run = len(text) - last - 1

    def _count(self, trouble: Trouble, times: int) -> None:
        self.times[trouble] = self.times.get(trouble, 0) + times

    def _counted(self, trouble: Trouble, finding: Finding) -> Finding:
        times = self.times.get(trouble, 0)
        if times <= 1:
            return finding
        message = f"{finding.message}; {times:,} such places in the file, this is the first"
        return Finding(trouble, message, finding.hint, finding.line)


_ZERO_HINT = "Fixed-length fields were written out with their padding: ask for the extract without it"
_LONG_HINT = "Ask for the extract again; if it is right, raise RECOUP_LARGEST_LINE_BYTES"
