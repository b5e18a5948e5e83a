"""Reassignments of the dispatch: overrides by leaders and handovers in absence, by two people, for a stated time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MOST_DAYS = 184
"""A reassignment lasts at most half a year: what is to last longer belongs into the strategy."""

ENDED = "_ended"


class ReassignmentKind(StrEnum):
    OVERRIDE = "override"
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class Reassigned:
    """One account, and who gets it."""

    account_id: str
    owner_kind: str
    owner_id: str

    @property
    def owner(self) -> str:
        """The key of the destination."""
        return f"{self.owner_kind}:{self.owner_id}"


@dataclass(frozen=True, slots=True)
class Reassignment:
    """What is proposed: from `first` to `until`, both included; `from_owner` is who is absent, of a handover."""

    kind: ReassignmentKind
    number: int
    first: date
    until: date
    accounts: tuple[Reassigned, ...]
    proposed_by: str
    reason: str
    from_owner: str = ""

    @property
    def reassignment_id(self) -> str:
        """What people type: override-7."""
        return f"{self.kind}-{self.number}"

    @property
    def code(self) -> str:
        """The reason of each of its accounts in the dispatch: override:7."""
        return f"{self.kind}:{self.number}"

    @property
    def ended_code(self) -> str:
        """The reason with which an account goes back: override_ended:7."""
        return f"{self.kind}{ENDED}:{self.number}"


def is_reassigned(reason: str) -> bool:
    """Whether the reason code is that of an override or handover that holds."""
    return reason.startswith(tuple(f"{kind}:" for kind in ReassignmentKind))


def is_return(reason: str) -> bool:
    """Whether the reason code is that of an account that goes back."""
    return reason.startswith(tuple(f"{kind}{ENDED}:" for kind in ReassignmentKind))


def refusals(wanted: Reassignment, *, earliest: date) -> Iterator[str]:
    """What is wrong with the days and the names; `earliest` is the first day that may still change."""
    if wanted.first < earliest:
        yield f"DSP009 {wanted.first} has passed: from {earliest} on an owner may change. Past days stay as they were"
    if wanted.until < wanted.first:
        yield f"DSP009 it would end on {wanted.until}, before it begins on {wanted.first}. Give a later --until"
    elif (wanted.until - wanted.first).days >= MOST_DAYS:
        text = f"DSP009 it would last until {wanted.until}, more than {MOST_DAYS} days."
        yield f"{text} What is to last belongs into the strategy"
    if not wanted.proposed_by.strip() or not wanted.reason.strip():
        yield "DSP010 accounts change hands by name and with a reason: give --by and --reason"
