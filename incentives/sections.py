"""The top of a rule file: only sections that are read, because a misspelt one would silently count for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue


def check_sections(document: Document, known: tuple[str, ...]) -> Iterator[Issue]:
    """RUL001 for a section that nothing reads, RUL005 for one that is no list."""
    if not isinstance(document.data, dict):
        yield Issue("RUL005", document.place(()), "a rule file holds sections", f"Known are {', '.join(known)}")
        return
    for key, node in document.data.items():
        if key not in known:
            yield Issue("RUL001", document.key_place((key,)), f'unknown key "{key}"', suggestion(key, known))
        elif not isinstance(node, list):
            yield Issue("RUL005", document.place((key,)), f'"{key}" is a list', "Begin each entry with a dash")
