"""The lines of a fee: each recovery with the terms that it was paid by, and their sums band by band."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.records import Step
from incentives.earned import Terms
from incentives.recoveries import NoFee, PartnerRecovery


@dataclass(frozen=True, slots=True)
class FeeLine:
    """One recovery under its contract, by the version that begins on `valid_from`: `base` is what counts of it, `fee`
    rounded only where the contract says so.

    `name` is that of the case and band, `measure` what chose the band (empty without bands) and `measured` its value:
    of a reversal, what the payment that it takes back had. `stated` is the rate with the points on top, None for
    slices. `before` is what its placement had recovered until then, from which slices count.
    """

    recovery: PartnerRecovery
    contract: str
    valid_from: date
    case: int
    band: int
    name: str
    base: Decimal
    fee: Decimal
    line: str
    measure: str
    measured: Decimal | None
    stated: Decimal | None
    before: Decimal

    @classmethod
    def of(cls, recovery: PartnerRecovery, terms: Terms, base: Decimal, fee: Decimal, before: Decimal) -> FeeLine:
        contract, rate = terms.ready.contract, terms.rate
        return cls(
            recovery,
            contract.id,
            contract.valid_from,
            terms.case,
            terms.band,
            rate.name,
            base,
            fee,
            rate.place,
            terms.ready.cases[terms.case].model.by or "",
            terms.measured,
            None if rate.rate is None else rate.rate + terms.points,
            before,
        )

    @property
    def rate(self) -> Decimal | None:
        """What the fee is of the base; None where nothing counts."""
        return CONTEXT.divide(self.fee, self.base) if self.base else None


@dataclass(frozen=True, slots=True)
class WithoutFee:
    """A recovery that earns no fee, and why."""

    recovery: PartnerRecovery
    reason: NoFee


def bands_of(lines: Iterable[FeeLine]) -> Iterator[Step]:
    """What was recovered and earned in each band of each version of the schedule, in order of versions: by where they
    stand in files, the same would be told otherwise once a file has moved on."""
    for name, of_band in by_band(lines):
        base = sum((each.base for each in of_band), Decimal(0))
        fee = sum((each.fee for each in of_band), Decimal(0))
        shown = (("recovered", canonical_decimal(base)), ("payments", str(len(of_band))))
        yield Step(name, "band", fee, shown, of_band[0].line)


def by_band(lines: Iterable[FeeLine]) -> Iterator[tuple[str, tuple[FeeLine, ...]]]:
    """The lines of each band of each version, under the name of the step that sums them."""
    ordered = sorted(lines, key=_band)
    for _, group in groupby(ordered, key=_band):
        of_band = tuple(group)
        yield of_band[0].name, of_band


def _band(line: FeeLine) -> tuple[date, int, int]:
    return line.valid_from, line.case, line.band
