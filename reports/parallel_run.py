"""A month beside the old result: the same record is printed, written as JSON, and made into the page and workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ids import Digest, RunId
from incentives.parallel_run import Cause, Difference


@dataclass(frozen=True, slots=True)
class ParallelRun:
    """`old_total` is what the rows of the old file come to, `our_total` what the policies pay in all, by currency."""

    period: str
    night: date
    run: RunId
    old_file: str
    old_digest: Digest
    cut_off: date | None
    differences: tuple[Difference, ...]
    old_total: Mapping[str, Decimal]
    our_total: Mapping[str, Decimal]
    notes: tuple[str, ...] = ()
    book_label: str = ""

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({*self.old_total, *self.our_total}))

    def in_currency(self, currency: str) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.currency == currency)

    def by_cause(self, currency: str) -> dict[Cause, tuple[int, Decimal]]:
        """How many payees, and how much of the difference, by cause, in the order of causes."""
        found: dict[Cause, tuple[set[str], Decimal]] = {}
        for each in self.in_currency(currency):
            for one in each.explained:
                payees, amount = found.get(one.cause, (set(), Decimal(0)))
                found[one.cause] = (payees | {each.payee}, amount + one.amount)
        return {cause: (len(found[cause][0]), found[cause][1]) for cause in Cause if cause in found}
