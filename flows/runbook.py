"""The runbook's entry for a failure: by the kind of its first code, else by what the message is about."""

from __future__ import annotations

import re

PAGE = "docs/operations/runbook.md"

_CODE = re.compile(r"\b[A-Z]{3}[0-9]{3}\b")
# Kinds of codes with an entry of their own, which is named like the kind; the others are those of refused decisions.
ENTRIES = frozenset({"STO", "SIG", "BAT", "LED"})
_WORDS = {
    "is halted": "halted",
    "nothing has landed": "nothing-has-landed",
    "uses signed rules only": "sig",
    "rule book has errors": "rule-book",
    "another release was made": "start-it-again",
    "rules were edited while": "start-it-again",
    "snapshots are missing": "files-are-gone",
    "is gone, or not what was registered": "files-are-gone",
    "store cannot be reached": "the-store-cannot-be-reached",
    "which this program does not know": "sto",
}


def runbook_place(message: str, address: str = "") -> str:
    """The address of the entry, or its place in the repository.

    >>> runbook_place("FLW001 the book is taken by …")
    'docs/operations/runbook.md#flw001'
    >>> runbook_place("the night of 2026-10-30 is halted: payments", "https://wiki.example/runbook")
    'https://wiki.example/runbook#halted'
    """
    return runbook_entry(_entry(message), address)


def runbook_entry(entry: str, address: str = "") -> str:
    return f"{address or PAGE}#{entry}"


def _entry(message: str) -> str:
    """A code of runs comes first; then what is known by its words, then the kind of another code."""
    codes: list[str] = _CODE.findall(message)
    if codes and codes[0].startswith("FLW"):
        return codes[0].lower()
    worded = next((entry for words, entry in _WORDS.items() if words in message), "")
    if worded or not codes:
        return worded or "failed"
    kind = codes[0][:3]
    return kind.lower() if kind in ENTRIES else "refused"
