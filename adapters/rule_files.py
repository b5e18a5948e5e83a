"""Rule files as documents that know their lines: one broken file is named with its place, and hides no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from adapters.rule_sheets import SUFFIXES, read_sheets
from adapters.seam import sha256_of
from domain.documents import Document
from domain.documents import Path as Steps
from domain.ids import Digest, digest_of
from domain.issues import Issue, Location

MOST_BYTES = 1_000_000
MOST_DEPTH = 30

# The layout of a rule book below its root: the folders that hold what managers edit.
FOLDERS = (
    "kpi_rules/rules",
    "kpi_rules/targets",
    "kpi_rules/limits",
    "kpi_rules/standings",
    "kpi_rules/signals",
    "kpi_rules/actions",
    "incentives/policies",
    "incentives/contracts",
    "incentives/approvals",
    "allocation/strategies",
    "allocation/plans",
    "allocation/experiments",
    "allocation/staffing",
    "expectations/thresholds",
    "expectations/contact_points",
)

# Where sheets are read beside YAML.
SHEET_FOLDER = "kpi_rules/targets"


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rule files of one root, in order of their paths, and the digest of everything that they say."""

    documents: tuple[Document, ...]
    issues: tuple[Issue, ...]

    @property
    def digest(self) -> Digest:
        return digest_of([[document.path, document.data] for document in self.documents])

    def below(self, folder: str) -> tuple[Document, ...]:
        return tuple(document for document in self.documents if document.path.startswith(f"{folder}/"))


def read_rule_book(root: Path, overlay: Path | None = None) -> RuleBook:
    """The rule files below `root`; a file of the same relative path below `overlay` takes the place of it.

    Files named `*.test.yaml` are tests beside rules, and no rules.
    """
    files = _files(root, overlay)
    read = [read_document(files[name], name) for name in sorted(files)]
    return RuleBook(
        tuple(document for document, _ in read if document is not None),
        tuple(issue for _, issues in read for issue in issues),
    )


def fingerprint_of(root: Path, overlay: Path | None = None) -> Digest:
    """Digest of the names and bytes of the files that make the rule book: equal as long as none of them is edited."""
    return digest_of([[name, sha256_of(path)] for name, path in sorted(_files(root, overlay).items())])


def read_document(path: Path, name: str | None = None) -> tuple[Document | None, tuple[Issue, ...]]:
    """The file as a document, or what keeps it from being read; `name` stands for it in messages."""
    shown = name or path.name
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None, (Issue("YML001", Location(shown), f"not a plain file of at most {MOST_BYTES} bytes"),)
    if path.suffix.lower() in SUFFIXES:
        return read_sheets(path, shown)
    try:
        return parse_document(path.read_text(encoding="utf-8"), shown)
    except UnicodeDecodeError as error:
        return None, (Issue("YML002", Location(shown), f"not UTF-8: {error.reason} at byte {error.start}"),)


@lru_cache(maxsize=256)
def parse_document(text: str, name: str) -> tuple[Document | None, tuple[Issue, ...]]:
    """The text as a document. Anchors, tags and duplicate keys are refused; numbers never pass through float.

    Books that are compared have most of their files alike: the same text is the same document, which nobody changes.
    """
    try:
        root = YAML(typ="rt", pure=True).compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name)
        problem = str(error.problem or error.context)
        return None, (Issue("YML003", place, f"not YAML: {problem}", _what_to_do(problem)),)
    except ReaderError as error:
        before = text[: error.position]
        place = Location(name, before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        character = f"the character U+{ord(text[error.position]):04X}"
        return None, (Issue("YML003", place, f"not YAML: {character} cannot stand in a text file", "Take it out"),)
    except (YAMLError, ValueError, AttributeError, IndexError) as error:
        return None, (Issue("YML003", Location(name, 1, 1), f"not YAML: {error}"),)
    except RecursionError:
        return None, (Issue("YML006", Location(name, 1, 1), f"nested deeper than {MOST_DEPTH}"),)
    reader = _Reader(name, {}, [], set())
    data = reader.read(root, ()) if root is not None else {}
    issues = tuple(reader.issues)
    return (None if issues else Document(name, data, reader.places, reader.keys)), issues


def _what_to_do(problem: str) -> str:
    return next((hint for words, hint in _REMEDIES.items() if words in problem), "")


# What people do most often, by words of the parser's own message.
_REMEDIES: Mapping[str, str] = {
    "mapping values are not allowed": "Put a text with a colon in quotes; if it is a key, it is indented too far",
    "'\\t'": "Indent with spaces, not with tabs",
    "that cannot start any token": "Put the text in quotes",
    "could not find expected ':'": "A key ends with a colon and a space; a text of several lines stands in quotes",
    "expected <block end>": "Begin the line as far in as those it belongs to; a text that begins with a quote is "
    "quoted as a whole",
    "expected ',' or": "Close the bracket, or put a comma between the entries",
    "while scanning a quoted scalar": "Close the quotes",
    "unexpected end of stream": "Close the quotes",
    "another document": "One file is one document: take the line --- out",
}


@dataclass(slots=True)
class _Reader:
    name: str
    places: dict[Steps, Location]
    issues: list[Issue]
    seen: set[int]
    keys: dict[Steps, Location] = field(default_factory=dict)

    def read(self, node: Node, path: Steps) -> Any:
        self.places[path] = self._place(node)
        if not self._is_plain(node, path):
            return None
        match node:
            case ScalarNode():
                return self._scalar(node)
            case _ if str(node.tag) not in _PLAIN_TAGS:
                self._report("YML007", node, f"the tag {node.tag} is not allowed in rule files", "Take it out")
                return None
            case SequenceNode():
                return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
            case MappingNode():
                return dict(self._entries(node, path))
        raise AssertionError(node)

    def _entries(self, node: MappingNode, path: Steps) -> Iterator[tuple[str, Any]]:
        known: dict[str, Location] = {}
        for key_node, child in node.value:
            if not self._is_key(key_node):
                continue
            key = str(key_node.value)
            if key in known:
                self._report("YML004", key_node, f'the key "{key}" stands here twice; first at line {known[key].line}')
            self.keys[*path, key] = known.setdefault(key, self._place(key_node))
            if _is_left_empty(child):
                self._report(
                    "YML009", key_node, f'nothing stands behind "{key}:"', "Write the value, or take the key out"
                )
            yield key, self.read(child, (*path, key))

    def _is_key(self, node: Node) -> bool:
        kind = str(node.tag).rpartition(":")[2]
        if isinstance(node, ScalarNode) and (kind in _SCALARS or kind == "merge") and _is_text(node.value):
            return True
        self._report("YML007", node, "a key is a plain word", "Write a word before the colon; quote one with brackets")
        return False

    def _is_plain(self, node: Node, path: Steps) -> bool:
        if id(node) in self.seen:
            self._report("YML005", node, "anchors and aliases are not allowed in rule files", "Write the value out")
            return False
        self.seen.add(id(node))
        if len(path) > MOST_DEPTH:
            self._report("YML006", node, f"nested deeper than {MOST_DEPTH}")
            return False
        return True

    def _scalar(self, node: ScalarNode) -> Any:
        kind = str(node.tag).rpartition(":")[2]
        read = _SCALARS.get(kind)
        if read is None:
            self._report("YML007", node, f"the tag {node.tag} is not allowed in rule files", "Take it out")
            return None
        try:
            return read(node.value)
        except (ValueError, ArithmeticError):
            shown = node.value if len(node.value) <= _MOST_SHOWN else f"{node.value[:_MOST_SHOWN]}…"
            what, hint = _KINDS.get(kind, (f"no {kind}", "Put it in quotes if it is text"))
            self._report("YML008", node, f"{shown!r} is {what}", hint)
            return None

    def _report(self, code: str, node: Node, message: str, hint: str = "") -> None:
        self.issues.append(Issue(code, self._place(node), message, hint))

    def _place(self, node: Node) -> Location:
        return Location(self.name, node.start_mark.line + 1, node.start_mark.column + 1)


def _is_left_empty(node: Node) -> bool:
    """An empty value would count as none: an unfinished condition would hold for every row."""
    return isinstance(node, ScalarNode) and node.value == "" and not node.style and str(node.tag).endswith(":null")


def _text(text: str) -> str:
    if not _is_text(text):
        raise ValueError(text)
    return text


def _is_text(text: str) -> bool:
    """Half of a surrogate pair, which an escape can write, is no character: nothing could store it."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _integer(text: str) -> int:
    """Plain decimal digits only: 010 is ten or eight, depending on whom one asks, so it is refused."""
    if not re.fullmatch(r"[-+]?(0|[1-9][0-9_]*)", text) or len(text) > _MOST_DIGITS:
        raise ValueError(text)
    return int(text)


def _decimal(text: str) -> Decimal:
    """As many digits as SQL has room for, before and behind the point: 1e999999999 would fill the memory."""
    number = Decimal(text.replace("_", ""))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or max(number.adjusted() + 1, 0) + max(-exponent, 0) > _MOST_DIGITS:
        raise ValueError(text)
    return number


_MOST_DIGITS = 38
_MOST_SHOWN = 60
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_KINDS = {
    "int": (
        f"no plain number of at most {_MOST_DIGITS} digits",
        "Write it without zeros in front; quote it if it is text",
    ),
    "float": (f"no plain number of at most {_MOST_DIGITS} digits", "Write it out; quote it if it is text"),
    "timestamp": ("no date", "Write year-month-day: 2026-01-05; quote it if it is text"),
    "str": ("no text", "It has half of a character: write the character itself"),
}

_SCALARS: Mapping[str, Any] = {
    "str": _text,
    "int": _integer,
    "float": _decimal,
    "bool": lambda text: {"true": True, "false": False}[text.lower()],
    "null": lambda _: None,
    "timestamp": date.fromisoformat,
}


def _files(root: Path, overlay: Path | None) -> dict[str, Path]:
    return {path.relative_to(top).as_posix(): path for top in (root, overlay) if top for path in _rule_files(top)}


def _rule_files(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (path for path in sorted((root / folder).rglob("*.yaml")) if not path.name.endswith(".test.yaml"))
    for path in sorted((root / SHEET_FOLDER).rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~$")):  # what spreadsheets leave open
            yield path
