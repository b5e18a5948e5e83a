"""What payroll and general ledger are given: entries of the ledger as lines, and as postings that balance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from incentives.ledger import BatchKind, EntryType


@dataclass(frozen=True, slots=True)
class PaidEntry:
    """An entry of the ledger, in minor units of its currency."""

    sequence: int
    kind: BatchKind
    payee: str
    component: str
    origin_period: str
    posting_period: str
    entry_type: EntryType | str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What employment says of a payee: the number in the payroll system, and who bears the cost."""

    payroll_number: str
    cost_centre: str


@dataclass(frozen=True, slots=True)
class PayrollLine:
    """One entry as it goes to the payroll system; `attempt` counts how often it went."""

    entry: PaidEntry
    terms: Terms
    attempt: int = 1

    @property
    def line_id(self) -> str:
        return f"{self.entry.sequence}-{self.attempt}"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts of the general ledger: what pay costs, what is owed to payees until it is paid, what payees owe: more
    was taken back from them than could be deducted."""

    expense: str
    payable: str
    receivable: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of a posting; either `debit_minor` or `credit_minor` is zero, and neither is ever below."""

    account: str
    cost_centre: str
    currency: str
    origin_period: str
    posting_period: str
    debit_minor: int
    credit_minor: int


_OWED_BY_PAYEES = frozenset({EntryType.CARRY_FORWARD, EntryType.RECEIVABLE, EntryType.MOVE})


def journal(
    entries: Iterable[PaidEntry], cost_centres: Mapping[str, str], accounts: Accounts
) -> tuple[JournalLine, ...]:
    """Entries summed by cost centre, currency, months and the account that they are held against; of each sum a debit
    and a credit of the same amount.

    Pay is an expense (debit) and a liability (credit); a sum below zero takes both back. What could not be deducted is
    owed by the payee instead of being an expense. What is held back is no expense until it is released. `cost_centres`
    are those of payees, empty for whoever has none. Sums of zero post nothing.
    """
    sums: dict[tuple[tuple[str, str, str, str], str], int] = defaultdict(int)
    for entry in entries:
        key = (cost_centres.get(entry.payee, ""), entry.currency, entry.origin_period, entry.posting_period)
        against = accounts.receivable if entry.entry_type in _OWED_BY_PAYEES else accounts.expense
        sums[key, against] += entry.amount_minor
    lines: list[JournalLine] = []
    for key, against in sorted(each for each, amount in sums.items() if amount):
        amount = sums[key, against]
        debited, credited = (against, accounts.payable) if amount > 0 else (accounts.payable, against)
        lines.append(JournalLine(debited, *key, abs(amount), 0))
        lines.append(JournalLine(credited, *key, 0, abs(amount)))
    return tuple(lines)


def totals_of_lines(lines: Iterable[PayrollLine]) -> dict[str, int]:
    """The control totals of a payroll file: its sum in each currency, in minor units."""
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.entry.currency] += line.entry.amount_minor
    return dict(sorted(sums.items()))


def totals_of_journal(lines: Iterable[JournalLine], accounts: Accounts) -> dict[str, dict[str, int]]:
    """The control totals of a journal, in minor units by currency: debits and credits, which are equal, and what it
    says is owed to payees."""
    sums: dict[str, dict[str, int]] = defaultdict(lambda: {"debit": 0, "credit": 0, "owed": 0})
    for line in lines:
        totals = sums[line.currency]
        totals["debit"] += line.debit_minor
        totals["credit"] += line.credit_minor
        if line.account == accounts.payable:
            totals["owed"] += line.credit_minor - line.debit_minor
    return dict(sorted(sums.items()))
