"""Pay by two books of policies, side by side: cost, winners and losers, distribution, tiers, and what is not known.

Amounts are in major units; those of different currencies are never added. `old` and `new` are the two books.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from domain.money import CONTEXT
from domain.periods import Period
from incentives.calculate import Calculation
from incentives.tiers_reached import Bands, Place, Reached, bands_of

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sides:
    """One amount by both books."""

    old: Decimal = ZERO
    new: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        return self.new - self.old

    @property
    def share(self) -> Decimal | None:
        """The difference as a share of the old amount; there is none of nothing."""
        return CONTEXT.divide(self.difference, abs(self.old)) if self.old else None


@dataclass(frozen=True, slots=True)
class Total:
    """All months in one currency. `per_recovered` is what one unit recovered costs; winners and losers are payees."""

    currency: str
    cost: Sides
    recovered: Decimal
    per_recovered: Sides | None
    winners: int
    losers: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a department costs in one month; `budget` is None where there is none in this currency."""

    period: str
    department: str
    currency: str
    cost: Sides
    budget: Decimal | None


@dataclass(frozen=True, slots=True)
class PayeeCost:
    """What one payee gets in all months together, and in which departments."""

    payee: str
    departments: tuple[str, ...]
    currency: str
    cost: Sides


@dataclass(frozen=True, slots=True)
class Spread:
    """How what payees get lies around the middle: quantiles are amounts that somebody gets (the nearest rank)."""

    currency: str
    book: str
    payees: int
    without_pay: int
    least: Decimal
    tenth: Decimal
    quarter: Decimal
    median: Decimal
    three_quarters: Decimal
    nine_tenths: Decimal
    most: Decimal


@dataclass(frozen=True, slots=True)
class ChangeBand:
    """Payees whose pay changes by more than the share `above`, up to `up_to` (None: no end), and by how much together.

    Who got nothing before has no share: both ends are None, and `from_nothing` holds.
    """

    currency: str
    above: Decimal | None
    up_to: Decimal | None
    from_nothing: bool
    payees: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BandCount:
    """How many payee-months reached a band of a step: 1 is the first, 0 lies below it. `start` as each rule states it,
    or "" where it has no such band."""

    policy: str
    step: str
    band: int
    old_start: str
    new_start: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """A payee who reaches another band of a step by the new policies, in one month."""

    period: str
    payee: str
    department: str
    policy: str
    step: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A payee whom one of the books cannot pay a component in one month, and why; the other side is "" or says why too.

    Without a component, no policy holds for the payee on some days.
    """

    period: str
    payee: str
    component: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class MonthCount:
    """A month by how many: payees who are paid a line, and lines that are held, by both books."""

    period: str
    paid_old: int
    paid_new: int
    held_old: int
    held_new: int


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What the new policies cost if scores, attainments and money were `change` times as measured."""

    change: Decimal
    currency: str
    cost: Decimal
    difference: Decimal


@dataclass(frozen=True, slots=True)
class BandMove:
    """How many payee-months reach a higher or a lower band of a step then."""

    change: Decimal
    policy: str
    step: str
    up: int
    down: int


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A figure that a new policy reads and a month has not measured; `missing` says how the policy takes it."""

    period: str
    figure: str
    policy: str
    missing: str


@dataclass(frozen=True, slots=True)
class PayCompared:
    """Everything that two books differ in, over all months; what is equal is counted."""

    periods: tuple[str, ...]
    totals: tuple[Total, ...]
    costs: tuple[Cost, ...]
    counts: tuple[MonthCount, ...]
    payees: tuple[PayeeCost, ...]
    spreads: tuple[Spread, ...]
    changes: tuple[ChangeBand, ...]
    bands: tuple[BandCount, ...]
    crossings: tuple[Crossing, ...]
    sensitivities: tuple[Sensitivity, ...]
    moves: tuple[BandMove, ...]
    unpaid: tuple[Unpaid, ...]
    not_measured: tuple[NotMeasured, ...]


_PayKey = tuple[str, str]  # payee and currency


@dataclass(frozen=True, slots=True)
class Paid:
    """What is kept of a calculation of one month: amounts by payee, department and currency, why others are not paid,
    and the bands reached, with the starts of each step's bands."""

    amounts: Mapping[tuple[str, str, str], Decimal]
    held: int
    reasons: Mapping[tuple[str, str], str]
    reached: Reached
    starts: Mapping[tuple[str, str], Bands]

    @classmethod
    def of(cls, found: Calculation) -> Paid:
        amounts: dict[tuple[str, str, str], Decimal] = {}
        for line in found.lines:
            key = (line.payee, line.scope, line.currency)
            amounts[key] = amounts[key] + line.amount if key in amounts else line.amount
        starts: dict[tuple[str, str], Bands] = {}
        reached = bands_of(found.rows, starts)
        return cls(amounts, len(found.held), _reasons(found), reached, starts)


@dataclass(slots=True)
class Comparison:
    """The two books' months, added up as they come."""

    periods: list[str] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    counts: list[MonthCount] = field(default_factory=list)
    pay: dict[_PayKey, list[Decimal]] = field(default_factory=lambda: defaultdict(lambda: [ZERO, ZERO]))
    departments: dict[_PayKey, set[str]] = field(default_factory=lambda: defaultdict(set))
    recovered: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    reached: tuple[Counter[Place], Counter[Place]] = field(default_factory=lambda: (Counter(), Counter()))
    starts: tuple[dict[tuple[str, str], Bands], dict[tuple[str, str], Bands]] = field(default_factory=lambda: ({}, {}))
    crossings: list[Crossing] = field(default_factory=list)
    changed: dict[tuple[Decimal, str], list[Decimal]] = field(default_factory=lambda: defaultdict(lambda: [ZERO, ZERO]))
    moved: dict[tuple[Decimal, str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    unpaid: list[Unpaid] = field(default_factory=list)
    unmeasured: list[NotMeasured] = field(default_factory=list)

    def add_month(
        self,
        period: Period,
        old: Paid,
        new: Paid,
        budgets: Mapping[tuple[str, str], Decimal],
        recovered: Mapping[str, Decimal],
    ) -> None:
        """The month by both books; `budgets` by department and currency, `recovered` by currency."""
        self.periods.append(str(period))
        sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
        for side, paid in enumerate((old, new)):
            for (payee, department, currency), amount in paid.amounts.items():
                sums[department, currency][side] += amount
                key = (payee, currency)
                self.pay[key][side] += amount
                self.departments[key].add(department)
        for key in sorted(sums.keys() | budgets.keys()):
            self.costs.append(Cost(str(period), *key, Sides(*sums[key]), budgets.get(key)))
        for currency, amount in recovered.items():
            self.recovered[currency] += amount
        before, after = (len({payee for payee, _, _ in paid.amounts}) for paid in (old, new))
        self.counts.append(MonthCount(str(period), before, after, old.held, new.held))
        self.unpaid += _unpaid(str(period), old, new)
        self._add_bands(str(period), old, new)

    def _add_bands(self, period: str, old: Paid, new: Paid) -> None:
        for paid, counted, starts in zip((old, new), self.reached, self.starts, strict=True):
            starts.update(paid.starts)
            for key, bands in paid.reached.items():
                for band, payees in Counter(bands.values()).items():
                    counted[*key, band] += payees
        if new is not old:
            moved = [
                Crossing(period, *place, *key, before, band)
                for key, place, before, band in _moved(old.reached, new.reached)
            ]
            self.crossings += sorted(moved, key=lambda each: (each.payee, each.department))

    def add_change(self, change: Decimal, new: Paid, varied: Paid) -> None:
        """One month by the new book as it is, and if everybody did `change` times as well."""
        for side, paid in enumerate((new, varied)):
            for (_, _, currency), amount in paid.amounts.items():
                self.changed[change, currency][side] += amount
        for key, _, before, band in _moved(new.reached, varied.reached):
            self.moved[change, *key][band < before] += 1

    def add_unmeasured(self, found: Iterable[NotMeasured]) -> None:
        self.unmeasured += dict.fromkeys(found)

    def compared(self) -> PayCompared:
        payees = tuple(self._payees())
        return PayCompared(
            tuple(self.periods),
            tuple(self._totals(payees)),
            tuple(self.costs),
            tuple(self.counts),
            payees,
            tuple(_spreads(payees)),
            tuple(_changes(payees)),
            tuple(self._bands()),
            tuple(self.crossings),
            tuple(
                Sensitivity(change, currency, varied, varied - base)
                for (change, currency), (base, varied) in sorted(self.changed.items())
            ),
            tuple(BandMove(*key, up, down) for key, (up, down) in sorted(self.moved.items())),
            tuple(self.unpaid),
            tuple(self.unmeasured),
        )

    def _payees(self) -> list[PayeeCost]:
        """By currency; first whose pay changes most, those whose pay does not change at the end."""
        found = [
            PayeeCost(payee, tuple(sorted(self.departments[payee, currency])), currency, Sides(*amounts))
            for (payee, currency), amounts in self.pay.items()
        ]
        return sorted(found, key=lambda each: (each.currency, -abs(each.cost.difference), each.payee))

    def _totals(self, payees: Sequence[PayeeCost]) -> Iterator[Total]:
        by_currency: dict[str, list[Sides]] = defaultdict(list)
        for each in payees:
            by_currency[each.currency].append(each.cost)
        for currency in sorted(by_currency.keys() | self.recovered.keys()):
            costs, recovered = by_currency[currency], self.recovered.get(currency, ZERO)
            cost = Sides(sum((each.old for each in costs), ZERO), sum((each.new for each in costs), ZERO))
            moved = Counter(_sign(each.difference) for each in costs)
            per = Sides(*(CONTEXT.divide(each, recovered) for each in (cost.old, cost.new))) if recovered else None
            yield Total(currency, cost, recovered, per, moved[1], moved[-1], moved[0])

    def _bands(self) -> Iterator[BandCount]:
        for key in sorted(self.starts[0].keys() | self.starts[1].keys()):
            old, new = (side.get(key, ()) for side in self.starts)
            for band in range(max(len(old), len(new)) + 1):
                starts = [side[band - 1] if 0 < band <= len(side) else "" for side in (old, new)]
                before, after = (side[*key, band] for side in self.reached)
                yield BandCount(*key, band, starts[0], starts[1], before, after)


def _moved(old: Reached, new: Reached) -> Iterator[tuple[tuple[str, str], tuple[str, str], int, int]]:
    """By policy and step, and by payee and department, the bands of those who reach another one."""
    for key, bands in new.items():
        before = old.get(key, {})
        for place, band in bands.items():
            was = before.get(place, band)
            if was != band:
                yield key, place, was, band


def _sign(amount: Decimal) -> int:
    return (amount > 0) - (amount < 0)


def _unpaid(period: str, old: Paid, new: Paid) -> Iterator[Unpaid]:
    """Where the books differ: what both hold alike is only counted."""
    for key in sorted(old.reasons.keys() ^ new.reasons.keys()):
        yield Unpaid(period, *key, old.reasons.get(key, ""), new.reasons.get(key, ""))


def _reasons(found: Calculation) -> dict[tuple[str, str], str]:
    held = {(each.payee, each.component): f"{each.reason}: {each.text}" for each in found.held}
    return {**held, **{(each.payee, ""): each.text for each in found.without_policy}}


def _spreads(payees: Sequence[PayeeCost]) -> Iterator[Spread]:
    for currency in sorted({each.currency for each in payees}):
        for book in ("old", "new"):
            amounts = sorted(getattr(each.cost, book) for each in payees if each.currency == currency)
            low, quarter, half, upper, high = (
                amounts[-(-len(amounts) * each // 100) - 1] for each in (10, 25, 50, 75, 90)
            )
            without = sum(not amount for amount in amounts)
            yield Spread(
                currency, book, len(amounts), without, amounts[0], low, quarter, half, upper, high, amounts[-1]
            )


# Ends of the bands of changes, as shares of what was paid before.
SHARES = tuple(map(Decimal, ("-0.2", "-0.05", "0", "0.05", "0.2")))


def _changes(payees: Sequence[PayeeCost]) -> Iterator[ChangeBand]:
    """Payees whose pay changes, by the share: more than a fifth less, up to a fifth, up to a twentieth, and upwards."""
    found: dict[tuple[str, int | None], list[Decimal]] = defaultdict(list)
    for each in payees:
        share = each.cost.share
        if each.cost.difference:
            found[each.currency, None if share is None else _band_of_share(share)].append(each.cost.difference)
    for currency in sorted({each.currency for each in payees}):
        for band in (*range(len(SHARES) + 1), None):
            above = SHARES[band - 1] if band else None
            up_to = SHARES[band] if band is not None and band < len(SHARES) else None
            amounts = found[currency, band]
            yield ChangeBand(currency, above, up_to, band is None, len(amounts), sum(amounts, ZERO))


def _band_of_share(share: Decimal) -> int:
    """How many of the ends lie below the share: an end belongs to the band below it."""
    return sum(end < share for end in SHARES)
