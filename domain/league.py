"""Leagues: a rate of several people or partners like for like, with what chance alone would do, and no rank without it.

`league` makes what is expected of everybody from the cases themselves; `places` takes it as given.

Raw rates compare what people were given. Here each is held against what all of them together bring on accounts of the
same strata, and the interval says how far off chance alone may take somebody with so few cases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from domain.intervals import FEWEST_CASES, Z, wilson
from domain.money import CONTEXT, Rounding, round_to

LEAST_COVERED = Decimal("0.5")  # of the common mix: a rate on a mix of which one has less says little
DIGITS = 10

Stratum = tuple[str, ...]


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    ALIKE = "not told apart"
    TOO_FEW = "too few cases"


@dataclass(frozen=True, slots=True)
class Cases:
    """One entity in one stratum: its cases (accounts, or rows of a count), the sums of both parts of the rate over
    them, and the sums of their squares and of their product, case by case."""

    entity: str
    stratum: Stratum
    cases: int
    numerator: Decimal
    denominator: Decimal
    numerator_squared: Decimal = Decimal(0)
    both: Decimal = Decimal(0)
    denominator_squared: Decimal = Decimal(0)

    def scatter(self, rate: Decimal) -> Decimal:
        """The sum over the cases of (numerator − rate × denominator)²."""
        return self.numerator_squared - 2 * rate * self.both + rate * rate * self.denominator_squared


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of a league.

    `raw` is the rate as the KPI has it. `outside` is the part of its numerator in strata of which nobody has anything
    in the denominator: it is like nothing, and in no other number here. `expected` is the numerator that the common
    rates of the strata give for the entity's own cases, `ratio` the `actual` one over it, `low` and `high` its
    interval: 1 within it means that the entity cannot be told apart from the average. `standardised` is the entity's
    rate on the common mix of strata; a stratum in which it has no case counts at the common rate, and `covered` is the
    share of the mix in which it has some. Ranks begin with 1, the best; `rank` is None below half of the mix.
    """

    entity: str
    cases: int
    actual: Decimal
    outside: Decimal
    denominator: Decimal
    raw: Decimal | None
    raw_rank: int | None
    standardised: Decimal | None
    rank: int | None
    covered: Decimal
    expected: Decimal
    ratio: Decimal | None
    low: Decimal | None
    high: Decimal | None
    verdict: Verdict

    @property
    def tells_apart(self) -> bool:
        return self.verdict in {Verdict.BETTER, Verdict.WORSE}


@dataclass(frozen=True, slots=True)
class League:
    """`rate` is that of all together, on what is alike; rows by rank, those without one at the end, then by entity."""

    rate: Decimal | None
    strata: int
    standings: tuple[Standing, ...]


def league(found: Iterable[Cases], *, higher_is_better: bool, is_share: bool) -> League:
    """The standings of all entities in `found`, each stratum of which is one row per entity.

    `is_share`: the numerator counts some of the rows that the denominator counts, so that Wilson's interval holds;
    otherwise the interval comes from the scatter of the cases. Every number has at most ten digits after the point.
    """
    rows = tuple(sorted(found, key=lambda row: (row.entity, row.stratum)))
    common = _Common(rows)
    by_entity: dict[str, list[Cases]] = defaultdict(list)
    for row in rows:
        by_entity[row.entity].append(row)
    standings = [
        _standing(entity, own, common, higher_is_better=higher_is_better, is_share=is_share)
        for entity, own in by_entity.items()
    ]
    ranked = _ranked(standings, higher_is_better=higher_is_better)
    ordered = sorted(ranked, key=lambda each: (each.rank is None, each.rank or 0, each.entity))
    return League(_rounded(common.rate), len(common.strata), tuple(ordered))


@dataclass(frozen=True, slots=True)
class Share:
    """What an entity reached of so many cases, and which share was `expected` of it for how hard they are, if known."""

    entity: str
    successes: int
    cases: int
    expected: Decimal | None = None

    @property
    def actual(self) -> Decimal:
        return CONTEXT.divide(Decimal(self.successes), Decimal(self.cases))

    @property
    def interval(self) -> tuple[Decimal, Decimal]:
        return wilson(self.successes, self.cases)

    @property
    def ratio(self) -> Decimal:
        """By which it is placed: actual ÷ expected, or the share itself."""
        return self.actual / (self.expected or Decimal(1))

    @property
    def is_few(self) -> bool:
        return self.cases < FEWEST_CASES


@dataclass(frozen=True, slots=True)
class Place:
    """The places that chance leaves open: best 1 and worst 1 is a sure first."""

    share: Share
    best: int
    worst: int


def places(shares: Iterable[Share]) -> tuple[Place, ...]:
    """Places by the share of what was expected; only intervals that do not meet tell two apart.

    The interval is that of the actual share, divided as the share is. A share has at least one case.
    """
    every = sorted(shares, key=lambda share: (-share.ratio, share.entity))
    scaled = [tuple(bound / (share.expected or Decimal(1)) for bound in share.interval) for share in every]
    return tuple(
        Place(
            share,
            best=1 + sum(other_low > high for other_low, _ in scaled),
            worst=len(scaled) - sum(other_high < low for _, other_high in scaled),
        )
        for share, (low, high) in zip(every, scaled, strict=True)
    )


class _Common:
    """What all entities do together: their rate in each stratum, its share of the mix, its scatter per case."""

    def __init__(self, rows: Sequence[Cases]) -> None:
        self.strata: dict[Stratum, Cases] = {}
        for row in rows:
            known = self.strata.get(row.stratum)
            self.strata[row.stratum] = _together(known, row) if known else replace(row, entity="")
        self.whole = sum((each.denominator for each in self.strata.values()), Decimal(0))
        brought = sum((each.numerator for each in self.strata.values() if each.denominator > 0), Decimal(0))
        self.rate = _divided(brought, self.whole)

    def rate_in(self, stratum: Stratum) -> Decimal:
        """Where a stratum has nothing to divide by, nothing is expected of it."""
        each = self.strata[stratum]
        return _divided(each.numerator, each.denominator) or Decimal(0)

    def share_of(self, stratum: Stratum) -> Decimal:
        return _divided(self.strata[stratum].denominator, self.whole) or Decimal(0)

    def scatter_per_case(self, stratum: Stratum) -> Decimal:
        each = self.strata[stratum]
        return _divided(each.scatter(self.rate_in(stratum)), Decimal(each.cases - 1)) or Decimal(0)


def _together(one: Cases, other: Cases) -> Cases:
    return Cases(
        "",
        one.stratum,
        one.cases + other.cases,
        one.numerator + other.numerator,
        one.denominator + other.denominator,
        one.numerator_squared + other.numerator_squared,
        one.both + other.both,
        one.denominator_squared + other.denominator_squared,
    )


def _standing(
    entity: str, own: Sequence[Cases], common: _Common, *, higher_is_better: bool, is_share: bool
) -> Standing:
    alike = [row for row in own if common.share_of(row.stratum) > 0]
    cases = sum(row.cases for row in alike)
    actual = sum((row.numerator for row in alike), Decimal(0))
    outside = sum((row.numerator for row in own), Decimal(0)) - actual
    denominator = sum((row.denominator for row in alike), Decimal(0))
    expected = sum((common.rate_in(row.stratum) * row.denominator for row in alike), Decimal(0))
    covered = sum((common.share_of(row.stratum) for row in alike if row.denominator), Decimal(0))
    low, high = _interval(alike, actual, denominator, expected, common, is_share=is_share)
    return Standing(
        entity,
        cases,
        actual,
        outside,
        _rounded(denominator) or Decimal(0),
        raw=_rounded(_divided(actual + outside, denominator)),
        raw_rank=None,
        standardised=_rounded(_standardised(alike, common)) if denominator > 0 else None,
        rank=None,
        covered=_rounded(covered) or Decimal(0),
        expected=_rounded(expected) or Decimal(0),
        ratio=_rounded(_divided(actual, expected)),
        low=_rounded(low),
        high=_rounded(high),
        verdict=_verdict(cases, low, high, higher_is_better=higher_is_better),
    )


def _standardised(own: Sequence[Cases], common: _Common) -> Decimal:
    """Each stratum's rate of the entity, weighed with the stratum's share of the common mix."""
    known = {row.stratum: rate for row in own if (rate := _divided(row.numerator, row.denominator)) is not None}
    return sum((common.share_of(each) * known.get(each, common.rate_in(each)) for each in common.strata), Decimal(0))


def _interval(
    own: Sequence[Cases],
    actual: Decimal,
    denominator: Decimal,
    expected: Decimal,
    common: _Common,
    *,
    is_share: bool,
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    """Of actual ÷ expected.

    A share of counts: Wilson's interval of the share, over the expected share; that the strata differ makes it a little
    too wide. Sums: the residuals of the cases from the common rates of their strata; of the entity's own scatter and
    that of all cases of these strata the larger, so that a few cases that happen to be alike do not look certain.
    """
    if expected <= 0:
        return None, None
    if is_share:
        low, high = wilson(int(actual), int(denominator))
        return low * denominator / expected, high * denominator / expected
    scatter = sum((row.scatter(common.rate_in(row.stratum)) for row in own), Decimal(0))
    of_all = sum((row.cases * common.scatter_per_case(row.stratum) for row in own), Decimal(0))
    spread = Z * max(scatter, of_all, Decimal(0)).sqrt(CONTEXT) / expected
    ratio = actual / expected
    return max(ratio - spread, min(ratio, Decimal(0))), ratio + spread


def _verdict(cases: int, low: Decimal | None, high: Decimal | None, *, higher_is_better: bool) -> Verdict:
    """Few cases get their interval, and no verdict."""
    if low is None or high is None or cases < FEWEST_CASES:
        return Verdict.TOO_FEW
    if low <= 1 <= high:
        return Verdict.ALIKE
    return Verdict.BETTER if (low > 1) is higher_is_better else Verdict.WORSE


def _ranked(standings: Sequence[Standing], *, higher_is_better: bool) -> list[Standing]:
    raw = _ranks({each.entity: each.raw for each in standings}, higher_is_better=higher_is_better)
    known = {each.entity: each.standardised if each.covered >= LEAST_COVERED else None for each in standings}
    fair = _ranks(known, higher_is_better=higher_is_better)
    return [replace(each, raw_rank=raw.get(each.entity), rank=fair.get(each.entity)) for each in standings]


def _ranks(rates: Mapping[str, Decimal | None], *, higher_is_better: bool) -> dict[str, int]:
    """Equal rates share a rank, and the next one is as many places further."""
    known = [rate for rate in rates.values() if rate is not None]
    return {
        entity: 1 + sum((other > rate) if higher_is_better else (other < rate) for other in known)
        for entity, rate in rates.items()
        if rate is not None
    }


def _divided(above: Decimal, below: Decimal) -> Decimal | None:
    return CONTEXT.divide(above, below) if below > 0 else None


def _rounded(number: Decimal | None) -> Decimal | None:
    return None if number is None else round_to(number, DIGITS, Rounding.HALF_EVEN)
