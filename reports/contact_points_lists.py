"""The two lists of a cleaning: what somebody verifies, without values; what the core systems correct, with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from reports.contact_points import FINDINGS
from reports.csv_files import PhoneNumber, Value, is_phone_number, write_csv

VERIFY_COLUMNS = ("contact_point_id", "party_id", "kind", "findings", "last_verified", "suggestion")
CORRECTION_COLUMNS = ("contact_point_id", "column", "value_as_it_came", "corrected_value", "reason", "rule_version")

PERSONAL_DATA_NOTE = """\
The files in this folder hold telephone numbers and addresses of people: personal data.

They go to the core system that keeps the contact points, and to nobody else. Only the account that wrote them can read
them. Delete them once the core system has confirmed the corrections; the same command writes them again.
"""

# Findings for which the cleaning has done what there was to do; they give no suggestion where there is another finding.
SETTLED_CODES = frozenset({"extension", "demo", "duplicate", "wrong_party"})


def write_points_to_verify(path: Path, rows: Iterable[tuple[str, str, str, str, date | None]]) -> int:
    """One row for each point: id, party, kind, codes of findings, last proof, and what to do; the number of rows."""
    return write_csv(path, VERIFY_COLUMNS, ([*row, _suggestion(row[3])] for row in rows))


def write_corrections(path: Path, rows: Iterable[tuple[str, str, str, str, str]], rule_version: str) -> int:
    """One row for each column of a point that changes: old and new value, and the reason's code; the number of rows.

    The new value arrives as it is if it is a telephone number. Any other text that a spreadsheet would run has an
    apostrophe before it, as in every file of ours: whoever reads the file takes it off.
    """
    return write_csv(path, CORRECTION_COLUMNS, _correction_cells(rows, rule_version))


def _suggestion(findings: str) -> str:
    codes = findings.split()
    first = next((code for code in codes if code not in SETTLED_CODES), codes[0])
    return FINDINGS[first].text


def _correction_cells(rows: Iterable[tuple[str, str, str, str, str]], rule_version: str) -> Iterator[list[Value]]:
    for point, column, old, new, reason in rows:
        yield [point, column, old, PhoneNumber(new) if is_phone_number(new) else new, reason, rule_version]
