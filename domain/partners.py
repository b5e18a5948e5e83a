"""Partners as a month knows them: who they are in law, and on which days their contract held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Partner:
    """`active_to` is the first day on which the contract no longer holds."""

    partner_id: str
    legal_type: str
    jurisdiction: str
    active_from: date
    active_to: date | None = None
    name: str = ""

    def is_active_within(self, first: date, last: date) -> bool:
        """Whether the contract held on a day from `first` to `last`, both included."""
        return self.active_from <= last and (self.active_to is None or self.active_to > first)
