"""Reads a page as a browser would: its text, its tables, and everything that would be loaded or run."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}


@dataclass
class Page(HTMLParser):
    """`rows` are the cells' texts of every table row; `problems` are tags that do not match."""

    html: str
    texts: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    title: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.html)
        self.close()
        self.problems += [f"never closed: {tag}" for tag in self._open]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def row(self, *start: str) -> list[str]:
        """The only row whose first cells are these."""
        found = [row for row in self.rows if row[: len(start)] == list(start)]
        assert len(found) == 1, f"{len(found)} rows begin with {start}"
        return found[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.problems.append(f"does not match: {tag} at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        if self._open[-1:] == ["title"] and "svg" not in self._open:
            self.title += data
            return
        self.texts.append(data)
        if {"td", "th"} & set(self._open) and self.rows[-1]:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())
