"""What commands print: tables for people on request of nobody, JSON for programs with --json; errors go to stderr."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from domain.ids import canonical_json
from domain.showing import printable

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


class _Screen(Console):
    """Texts are texts: words of files and people neither colour a terminal, nor steer it, nor break the command."""

    def print(self, *objects: Any, markup: bool = False, **options: Any) -> None:  # type: ignore[override]
        told = (printable(each, kept="\n\t") if isinstance(each, str) else each for each in objects)
        super().print(*told, markup=markup, **options)


# Where nobody looks at a terminal, tables are as wide as a log file takes.
people = _Screen(width=None if sys.stdout.isatty() else 120, markup=False)
errors = _Screen(stderr=True, markup=False)


def show(result: object, rows: Iterable[Mapping[str, Any]], *, as_json: bool, title: str = "") -> None:
    """The result: as JSON with exact numbers as text, or its rows as a table."""
    if as_json:
        sys.stdout.write(json.dumps(json.loads(canonical_json(result)), ensure_ascii=False, indent=2) + "\n")
    else:
        print_table(title, tuple(rows))


def say(text: str, *, as_json: bool = False) -> None:
    """A sentence for people; programs get none."""
    if not as_json:
        people.print(text, highlight=False, soft_wrap=True)


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        people.print(f"{title}: none" if title else "none", highlight=False)
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name in rows[0]:
        _add_column(table, name, [_text(row[name]) for row in rows])
    for row in rows:
        table.add_row(*(_text(row[name]) for name in rows[0]))
    people.print(table, crop=False)


def _add_column(table: Table, name: str, texts: Sequence[str]) -> None:
    """Where the screen is narrow, text is folded between words: a number that is cut in two reads as another one,
    and a heading as no word."""
    is_number = any(texts) and all(_NUMBER.fullmatch(text) for text in texts if text)
    longest = max((len(word) for text in texts for word in text.split()), default=0)
    least = max(longest if is_number else min(longest, _LONGEST_WORD), *(len(word) for word in name.split()), 0)
    table.add_column(name, justify="right" if is_number else "left", overflow="fold", min_width=least)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A spinner on long work, where somebody is looking."""
    with errors.status(what):
        yield


@contextmanager
def running_flow(what: str) -> Iterator[None]:
    """As `working`, with Prefect's folder there before Prefect looks for it.

    Prefect makes that folder, but none above it; without it the server of its own that it starts never comes up.
    """
    if own := os.environ.get("PREFECT_HOME"):
        Path(own).mkdir(mode=0o700, parents=True, exist_ok=True)
    with working(what):
        yield


_LONGEST_WORD = 20  # ids and digests are longer, and are folded
_NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?%?( [A-Z]{3})?")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value), kept="\n\t")
