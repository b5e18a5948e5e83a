"""Files for the payroll system and the general ledger: their layouts, by name and version.

A column is never moved or taken out within a version; what is added comes at the end, under the next version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from reports.csv_files import csv_text

PAYROLL_LAYOUT, JOURNAL_LAYOUT = "payroll-1", "journal-1"

_PAYROLL = (
    "layout",
    "line_id",
    "payroll_number",
    "employee_id",
    "cost_centre",
    "posting_period",
    "origin_period",
    "component",
    "entry_type",
    "amount",
    "currency",
    "batch_id",
)
_JOURNAL = (
    "layout",
    "batch_id",
    "line",
    "account",
    "cost_centre",
    "debit",
    "credit",
    "currency",
    "posting_period",
    "origin_period",
    "text",
)


@dataclass(frozen=True, slots=True)
class PayrollRow:
    """One entry of the ledger; `amount` is in major units, and below zero where something is taken back."""

    line_id: str
    payroll_number: str
    employee_id: str
    cost_centre: str
    posting_period: str
    origin_period: str
    component: str
    entry_type: str
    amount: Decimal
    currency: str
    batch_id: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One side of a posting, in major units; the other side's amount is zero."""

    batch_id: str
    account: str
    cost_centre: str
    debit: Decimal
    credit: Decimal
    currency: str
    posting_period: str
    origin_period: str
    text: str


def payroll_csv(rows: Iterable[PayrollRow]) -> str:
    """The payroll file: UTF-8, commas, CRLF, amounts with a point and no groups."""
    return csv_text(_PAYROLL, ([PAYROLL_LAYOUT, *(getattr(row, name) for name in _PAYROLL[1:])] for row in rows))


def journal_csv(rows: Iterable[JournalRow]) -> str:
    """The journal: as the payroll file is written, with its lines numbered."""
    return csv_text(
        _JOURNAL,
        (
            [JOURNAL_LAYOUT, row.batch_id, number, *(getattr(row, name) for name in _JOURNAL[3:])]
            for number, row in enumerate(rows, start=1)
        ),
    )
