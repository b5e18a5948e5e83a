"""Rule files written in the test itself, read as files are."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from textwrap import dedent

import pytest

from adapters.rule_files import parse_document, read_document
from domain.documents import Document
from incentives.book import PolicyBook, decode_policies

ROOT = Path(__file__).resolve().parents[2]

HEAD = """\
policies:
  - id: bonus
    title: A bonus
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {departments: [field], roles: [collector]}
    component: bonus
"""


@pytest.fixture(scope="session")
def document_of() -> Callable[[str], Document]:
    """The document of a text; the text must be YAML."""

    def read(text: str, name: str = "a.yaml") -> Document:
        document, issues = parse_document(text, name)
        assert document is not None, issues
        return document

    return read


@pytest.fixture(scope="session")
def book_of(document_of) -> Callable[[str], PolicyBook]:
    """The book of a text without a fault."""

    def decode(*texts: str) -> PolicyBook:
        book, issues = decode_policies([document_of(text, f"{index}.yaml") for index, text in enumerate(texts)])
        assert not issues, "\n".join(map(str, issues))
        return book

    return decode


@pytest.fixture(scope="session")
def policy_of(book_of):
    """One policy from its inputs and steps alone; it pays JOD (three digits) unless told otherwise."""

    def decode(body: str, *, currency: str = "JOD", part_period: str = "whole"):
        head = f"{HEAD}    currency: {currency}\n    part_period: {part_period}\n"
        indented = "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
        return book_of(head + indented).policies[0]

    return decode


@pytest.fixture(scope="session")
def files_below():
    """The rule files of the repository below a folder: rules, and the tests beside them."""

    def read(folder: str) -> tuple[list[Document], list[Document]]:
        paths = sorted((ROOT / folder).glob("*.yaml"))
        read = [read_document(path, path.relative_to(ROOT).as_posix()) for path in paths]
        assert not [issue for _, issues in read for issue in issues]
        # a document is read once in a process, and one of these tests edits its own
        documents = [deepcopy(document) for document, _ in read if document]
        tests = [document for document in documents if document.path.endswith(".test.yaml")]
        return [document for document in documents if document not in tests], tests

    return read
