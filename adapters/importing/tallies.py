"""Findings about single cells, as they come: the first of each column and reason, and how many there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from adapters.importing.broken_rows import MOST_SHOWN
from domain.issues import Issue, Location


@dataclass(slots=True)
class Tally:
    """Issues of one file; memory is bounded however many there are."""

    shown: dict[tuple[str, int], list[Issue]] = field(default_factory=dict)
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)

    def add(self, issue: Issue) -> None:
        kind = issue.code, issue.location.column
        self.counts[kind] += 1
        if self.counts[kind] <= MOST_SHOWN:
            self.shown.setdefault(kind, []).append(issue)

    @property
    def issues(self) -> tuple[Issue, ...]:
        return tuple(issue for kind, listed in self.shown.items() for issue in [*listed, *self._rest(kind)])

    def _rest(self, kind: tuple[str, int]) -> list[Issue]:
        count = self.counts[kind]
        if count <= MOST_SHOWN:
            return []
        first = self.shown[kind][0]
        message = f"{count:,} values like these; the first {MOST_SHOWN} are shown"
        return [Issue(first.code, Location(first.location.path), message, "", first.severity)]
