"""What a source says that its extract comes to, beside what landed: rows and money, equal to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from domain.records import CheckResult, ControlTotals, Outcome

CONTROL_TOTALS = "control_totals"


@dataclass(frozen=True, slots=True)
class Statement:
    """A row of `control_totals`: rows of the whole extract, or the sum of its money column in one currency, or both."""

    table: str
    currency: str
    rows: int | None
    amount: Decimal | None


def stated_check(table: str, statements: Iterable[Statement], totals: ControlTotals) -> CheckResult | None:
    """One check over all that was stated of the table; None where nothing was."""
    pairs = [pair for statement in statements for pair in _pairs(statement, totals)]
    if not pairs:
        return None
    off = [pair for pair in pairs if pair[1] != pair[2]]
    found = "; ".join(f"{what} {landed:,f}" for what, _, landed in off or pairs)
    expected = "; ".join(f"{what} {stated:,f}" for what, stated, _ in off or pairs)
    outcome = Outcome.HALT if off else Outcome.PASS
    hint = "Ask the source which of the two is right; the extract may be cut off or sent twice" if off else ""
    check = f"{table}.stated_totals"
    return CheckResult(
        table, check, "control", outcome, totals.landed, 0, f"landed {found}", f"{expected}, as the source states", hint
    )


def _pairs(statement: Statement, totals: ControlTotals) -> Iterator[tuple[str, Decimal, Decimal]]:
    """What was stated, and the same as it landed."""
    if statement.rows is not None:
        yield "rows", Decimal(statement.rows), Decimal(totals.landed)
    if statement.amount is not None:
        landed = {currency: amount for currency, amount, *_ in totals.money}
        yield statement.currency or "amount", statement.amount, landed.get(statement.currency, Decimal(0))
