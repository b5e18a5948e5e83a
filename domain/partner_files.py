"""Files for partners: which accounts are placed and recalled on a day, and what the partner answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.expressions.parse import suggestion
from domain.issues import Issue, Location

ACKNOWLEDGED = ("file_id", "account_id", "outcome", "reason")


class FileKind(StrEnum):
    PLACEMENT = "placement"
    RECALL = "recall"


class PartnerOutcome(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class PartnerAnswer:
    """What a partner says of a line; `reason` where it was rejected."""

    account_id: str
    outcome: PartnerOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A file as it was handed out: its accounts, what was answered of them, the file that replaced it, and the day on
    which it was made, where that is known."""

    file_id: str
    accounts: frozenset[str]
    answered: Mapping[str, PartnerAnswer]
    replaced_by: str = ""
    handed_on: date | None = None


def file_named(name: str, rows: Sequence[Sequence[str]]) -> tuple[str, tuple[Issue, ...]]:
    """The one file that an acknowledgement answers, by its column file_id."""
    header = list(rows[0]) if rows else []
    missing = [each for each in ACKNOWLEDGED if each not in header]
    if missing:
        return "", tuple(_no_column(name, each, header) for each in missing)
    place = header.index("file_id")
    named = sorted({row[place].strip() for row in rows[1:] if len(row) > place})
    if len(named) != 1:
        text = f"it answers {', '.join(named) or 'no file'}"
        return "", (Issue("PTF012", Location(name), text, "An acknowledgement answers one file"),)
    return named[0], ()


def read_answers(
    name: str, rows: Sequence[Sequence[str]], of: HandedOut
) -> tuple[tuple[PartnerAnswer, ...], tuple[Issue, ...]]:
    """The answers that are new, and everything that is wrong with the rest; with anything wrong, nothing counts."""
    if of.replaced_by:
        text = f"{of.file_id} was replaced by {of.replaced_by}"
        return (), (Issue("PTF018", Location(name), text, "Ask for an acknowledgement of the newer file"),)
    places = [list(rows[0]).index(each) for each in ACKNOWLEDGED]
    issues: list[Issue] = []
    found: dict[str, PartnerAnswer] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            text = f"the line has {len(row)} cells, the header {len(rows[0])}"
            issues.append(Issue("PTF010", Location(name, line), text, "Mend the line"))
            continue
        _, account, outcome, reason = (row[place].strip() for place in places)
        at = [Location(name, line, place + 1) for place in places]
        wrong = [*_faults(of, account, outcome, reason, at)]
        if account in found:
            wrong.append(Issue("PTF017", at[1], f"{account} stands twice", "Say once what came of it"))
        issues += wrong
        if not wrong:
            found[account] = PartnerAnswer(account, PartnerOutcome(outcome), reason)
    return tuple(each for account, each in found.items() if account not in of.answered), tuple(issues)


def _faults(of: HandedOut, account: str, outcome: str, reason: str, at: Sequence[Location]) -> Iterator[Issue]:
    if account not in of.accounts:
        hint = suggestion(account, of.accounts) or "Ask the partner which account is meant"
        yield Issue("PTF013", at[1], f'"{account}" is no line of {of.file_id}', hint)
    if outcome not in {*PartnerOutcome}:
        yield Issue("PTF014", at[2], f'"{outcome}" is no outcome', f"Write {' or '.join(PartnerOutcome)}")
    elif outcome == PartnerOutcome.REJECTED and not reason:
        yield Issue("PTF015", at[3], f"{account} was rejected without a reason", "Ask the partner for it")
    before = of.answered.get(account)
    if before is not None and before.outcome != outcome:
        text = f"{account} was {before.outcome} before"
        yield Issue("PTF016", at[2], text, "An answer stands: recall the account, or place it again")


def _no_column(name: str, column: str, header: Sequence[str]) -> Issue:
    hint = suggestion(column, header) or f"The header names {', '.join(ACKNOWLEDGED)}"
    return Issue("PTF010", Location(name, 1), f'no column "{column}"', hint)
