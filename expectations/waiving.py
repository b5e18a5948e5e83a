"""Waiving: a halt over which a named person goes on is shown as *waived*, and never as a pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.manifest import Waiver
from domain.records import CheckResult, Outcome, TableVerdict, Verdict, worst

# Where one of these halts there are no rows to go on with, or the gate itself is broken.
_NOT_WAIVABLE = ("extract", "judged", "references", "suite", "tie_out")


def is_waivable(check: CheckResult) -> bool:
    """Whether a person may go on over this halt: the rows are there and were judged."""
    subject = check.check.removeprefix(f"{check.table}.")
    return subject not in _NOT_WAIVABLE and not (check.layer == "contract" and subject.endswith((".column", ".type")))


def waived(verdict: Verdict, waivers: Iterable[Waiver]) -> Verdict:
    """The verdict in which halts that somebody waived are *waived*; what was not judged stays halted."""
    by_check = {(waiver.table, waiver.check): waiver for waiver in waivers}
    return replace(verdict, tables=tuple(_waived_table(table, by_check) for table in verdict.tables))


def _waived_table(table: TableVerdict, by_check: Mapping[tuple[str, str], Waiver]) -> TableVerdict:
    checks = tuple(_waived_check(check, by_check.get((check.table, check.check))) for check in table.checks)
    return replace(table, checks=checks, outcome=worst(check.outcome for check in checks))


def _waived_check(check: CheckResult, waiver: Waiver | None) -> CheckResult:
    if waiver is None or check.outcome is not Outcome.HALT or not is_waivable(check):
        return check
    return replace(check, outcome=Outcome.WAIVED, hint=f"Waived by {waiver.by} until {waiver.until}: {waiver.reason}")
