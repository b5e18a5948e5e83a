"""What an overdue account is expected to bring: liquidation of months before by cell, shrunk to its parents.

Portfolio → channel → segment → cell (product and band of balance), each in one currency. Everything here is an
estimate, in floats: it decides who works what, never who is paid what.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from allocation.credibility import MONTH_DAYS, Experience, Weights, weights
from allocation.effects import DESTINATIONS, Effects, Owned, destination_effects
from allocation.scores import Scores
from allocation.strategies import Strategy
from allocation.work_costs import WorkCosts
from domain.recovery import BAND_STARTS, Basis

Row = Mapping[str, Any]  # of `history_statement`


@dataclass(frozen=True, slots=True)
class Key:
    """What a rate is of: a product's accounts of a band of balance, or a whole segment where these are empty."""

    segment: str
    currency: str
    product: str = ""
    band: int | None = None

    @property
    def whole(self) -> Key:
        return Key(self.segment, self.currency)

    def __str__(self) -> str:
        if self.band is None:
            return f"segment {self.segment}"
        band = f"from {BAND_STARTS[self.band - 1]:,}" if self.band else f"below {BAND_STARTS[0]:,}"
        return f"{self.product}, balance {band} {self.currency}"


def key_of(segment: str, currency: str, product: str, balance: Decimal) -> Key:
    """The cell of an account."""
    return Key(segment, currency, product, bisect_right(BAND_STARTS, balance))


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a cell, and in which months, first and last as 2026-10."""

    experience: Experience = Experience()  # noqa: RUF009 - frozen
    first: str = ""
    last: str = ""

    def __add__(self, other: Seen) -> Seen:
        firsts, lasts = [one for one in (self.first, other.first) if one], [self.last, other.last]
        return Seen(self.experience.plus(other.experience), min(firsts, default=""), max(lasts))

    def times(self, rate: float) -> Seen:
        return Seen(self.experience.times(rate), self.first, self.last)

    def __str__(self) -> str:
        months = self.first if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.experience.account_months:,.0f} account-months, {months}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step from wide to narrow: rate = weight × own + (1 − weight) × parent; `own` is None where nothing was seen.

    Of cells and segments the rate is what a month of thirty days brings of what was overdue at its beginning; of
    channels and of the portfolio it is what came beside what their segments state. `parent` is the wider step's rate in
    this one's terms. `is_estimated`: the weight comes from how much cells differ, else from shrinkage_accounts.
    """

    of: str
    own: float | None
    parent: float
    weight: float
    seen: Seen
    is_estimated: bool

    @property
    def rate(self) -> float:
        return self.parent if self.own is None else self.weight * self.own + (1 - self.weight) * self.parent

    def __str__(self) -> str:
        if self.own is None:
            return f"{self.of}: {self.rate:.4f}, nothing observed"
        how = "estimated" if self.is_estimated else "stated"
        own, rest = f"{self.weight:.2f} × own {self.own:.4f}", f"{1 - self.weight:.2f} × {self.parent:.4f}"
        return f"{self.of}: {self.rate:.4f} = {own} + {rest} ({self.seen}; weight {how})"


@dataclass(frozen=True, slots=True)
class RecoveryRate:
    """The share of its overdue amount that an account is expected to bring within the horizon, and how it came about.

    `steps` holds, for each month of the horizon, the steps from the portfolio down; the rate is the sum of the months'.
    """

    key: Key
    horizon_days: int
    basis: Basis | None
    steps: tuple[tuple[Step, ...], ...]

    @property
    def rate(self) -> float:
        return sum(month[-1].rate for month in self.steps)

    def __str__(self) -> str:
        months = " + ".join(f"{month[-1].rate:.4f}" for month in self.steps)
        sum_of = f" = {months}" if len(self.steps) > 1 else ""
        source = f"from {self.basis}" if self.basis else "as stated, without history"
        return f"{self.rate:.4f} of what is overdue in {self.horizon_days} days{sum_of}, {source}"

    def lines(self) -> Iterator[str]:
        """The steps from the narrowest to the widest, month by month."""
        for number, month in enumerate(self.steps, start=1):
            if len(self.steps) > 1:
                yield f"month {number}:"
            yield from (str(step) for step in reversed(month))


@dataclass(frozen=True, slots=True)
class RecoveryTable:
    """Rates of every worked segment and of the cells that were seen, what destinations make of them, what it costs to
    work them, and what a bank's own scores say instead."""

    rates: Mapping[Key, RecoveryRate]
    horizon_days: int = 30
    effects: Effects = field(default_factory=Effects)
    currencies: Mapping[str, Decimal] = field(default_factory=dict)
    work: WorkCosts = field(default_factory=WorkCosts)
    scores: Scores | None = None

    def of(self, key: Key) -> RecoveryRate | None:
        """The cell's rate, or its segment's; None for a segment or currency that is not worked."""
        return self.rates.get(key) or self.rates.get(key.whole)


def recovery_table(strategy: Strategy, history: Iterable[Row], this_month: Iterable[Row] = ()) -> RecoveryTable:
    """A rate for each worked segment in each currency of the strategy, and for the cells that were seen.

    The rows are of `history_statement`: of the months before and, the stated fallback for currencies in which they saw
    nothing, of this month so far. Without either, what the strategy states holds.
    """
    rows, basis = _by_currency(strategy, history, this_month)
    rates: dict[Key, RecoveryRate] = {}
    for currency in strategy.rule.currencies:
        months = [_month(strategy, currency, age, rows[currency]) for age in range(strategy.recovery.months)]
        for key in sorted({key for month in months for key in month}, key=_in_order):
            steps = tuple(month.get(key) or month[key.whole] for month in months)
            rates[key] = RecoveryRate(key, strategy.recovery.horizon_days, basis.get(currency), steps)
    effects = destination_effects(strategy, _owned(strategy, rows, rates))
    return RecoveryTable(rates, strategy.recovery.horizon_days, effects, strategy.rule.currencies)


def as_told(table: RecoveryTable) -> dict[str, Any]:
    """What a night keeps of it: every rate and effect with the steps that it came about by, all of them estimates."""
    return {
        "horizon_days": table.horizon_days,
        "currencies": {currency: str(worth) for currency, worth in table.currencies.items()},
        "reckoned_in": next((name for name, worth in table.currencies.items() if worth == 1), ""),
        "rates": [
            {
                "currency": key.currency,
                "segment": key.segment,
                "product": key.product,
                "band": key.band,
                "rate": rate.rate,
                "basis": rate.basis,
                "how": list(rate.lines()),
            }
            for key, rate in table.rates.items()
        ],
        "work": {f"{segment} {name}": str(cost) for (segment, name), cost in table.work.accounts.items()},
        "effects": {place: {"factor": one.factor, "how": str(one)} for place, one in table.effects.found.items()},
    }


def _by_currency(
    strategy: Strategy, history: Iterable[Row], this_month: Iterable[Row]
) -> tuple[Mapping[str, list[Row]], Mapping[str, Basis]]:
    """The rows that count for each currency: those of the months before, else those of this month."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    basis: dict[str, Basis] = {}
    worked = {segment.id for segment in strategy.segments if segment.rule.hold is None}
    for source, rows in ((Basis.HISTORY, history), (Basis.OWN_MONTH, this_month)):
        for row in rows:
            currency = row["currency"]
            if row["segment"] in worked and row["money_days"] > 0 and basis.setdefault(currency, source) is source:
                found[currency].append(row)
    return found, basis


def _month(strategy: Strategy, currency: str, age: int, rows: Iterable[Row]) -> Mapping[Key, tuple[Step, ...]]:
    """The steps to each segment and cell, of the month that begins `age` months after the opening book."""
    cells: defaultdict[Key, Seen] = defaultdict(Seen)
    for row in rows:
        if row["age"] == age:
            cells[_key(row)] += seen_in(row)
    steps = _segments(strategy, currency, age, cells)
    expected = {key: cells[key].times(steps[key.whole][-1].rate) for key in sorted(cells, key=_in_order)}
    weigh = weights([(key.segment, seen.experience) for key, seen in expected.items()], _stated_weight(strategy))
    for key, seen in expected.items():
        above = steps[key.whole]
        steps[key] = (*above, _step(str(key), seen, _own_rate(seen), above[-1].rate, weigh))
    return steps


def _segments(strategy: Strategy, currency: str, age: int, cells: Mapping[Key, Seen]) -> dict[Key, tuple[Step, ...]]:
    """The steps to each worked segment, by its channel, from the portfolio."""
    stated = _stated_rates(strategy, age)
    seen = {segment: sum((one for key, one in cells.items() if key.segment == segment), Seen()) for segment in stated}
    top = _portfolio(strategy, currency, stated, seen)
    channels = _channels(strategy, stated, seen, top)
    channel_of = {one.id: one.rule.channel or "" for one in strategy.segments}
    expected = {one: seen[one].times(rate * channels[channel_of[one]].rate) for one, rate in stated.items()}
    weigh = weights([(channel_of[one], each.experience) for one, each in expected.items()], _stated_weight(strategy))
    found: dict[Key, tuple[Step, ...]] = {}
    for segment, rate in stated.items():
        channel = channels[channel_of[segment]]
        own = _step(f"segment {segment}", expected[segment], _own_rate(seen[segment]), rate * channel.rate, weigh)
        found[Key(segment, currency)] = (top, channel, own)
    return found


def _stated_rates(strategy: Strategy, age: int) -> Mapping[str, float]:
    """What each worked segment is said to bring in the month of this age, where nothing is known."""
    later = float((Decimal(1), *strategy.recovery.later_months_without_history)[age])
    worked = (segment for segment in strategy.segments if segment.rule.hold is None)
    return {segment.id: later * float(segment.rule.recovery_without_history or 0) for segment in worked}


def _stated_weight(strategy: Strategy) -> float:
    return float(strategy.rule.shrinkage_accounts)


def _portfolio(strategy: Strategy, currency: str, stated: Mapping[str, float], seen: Mapping[str, Seen]) -> Step:
    """What all segments brought beside what they state: one cell, so its weight is the stated one."""
    whole = sum((seen[segment].times(rate) for segment, rate in stated.items()), Seen())
    weigh = Weights(None, 0.0, _stated_weight(strategy))
    return _step(f"portfolio {currency} beside what is stated", whole, whole.experience.ratio, 1.0, weigh)


def _channels(
    strategy: Strategy, stated: Mapping[str, float], seen: Mapping[str, Seen], top: Step
) -> Mapping[str, Step]:
    wholes: defaultdict[str, Seen] = defaultdict(Seen)
    for segment in strategy.segments:
        if segment.id in stated:
            wholes[segment.rule.channel or ""] += seen[segment.id].times(stated[segment.id] * top.rate)
    weigh = weights([("", whole.experience) for whole in wholes.values()], _stated_weight(strategy))
    found = {}
    for channel, whole in wholes.items():
        ratio = whole.experience.ratio
        own = None if ratio is None else ratio * top.rate
        found[channel] = _step(f"channel {channel} beside what is stated", whole, own, top.rate, weigh)
    return found


def _own_rate(seen: Seen) -> float | None:
    one = seen.experience
    return max(one.recovered, 0.0) / one.money_months if one.money_months > 0 else None


def _step(of: str, seen: Seen, own: float | None, parent: float, weigh: Weights) -> Step:
    """`seen` is beside what the parent's rate promised."""
    return Step(of, own, parent, weigh.of(seen.experience), seen, weigh.between is not None)


def _owned(strategy: Strategy, rows: Mapping[str, Iterable[Row]], rates: Mapping[Key, RecoveryRate]) -> Iterator[Owned]:
    """What each owner's accounts brought, beside what their cells' first months were expected to, in one currency.

    Only owners who work the segment by the strategy are held beside each other, and what they brought together in it is
    what is expected: accounts that roll on leave their owner in mid-month, which is nobody's merit and nobody's fault.
    """
    for currency, worth in strategy.rule.currencies.items():
        mine = [row for row in rows.get(currency, ()) if row["age"] == 0 and _works(strategy, row)]
        together: defaultdict[str, Experience] = defaultdict(Experience)
        owners: defaultdict[tuple[Any, ...], Experience] = defaultdict(Experience)
        for row in mine:
            seen = experience_in(row).times(rates[_key(row)].steps[0][-1].rate)
            owner = (row["segment"], *(row[name] for name in _OWNER))
            together[row["segment"]], owners[owner] = together[row["segment"]].plus(seen), owners[owner].plus(seen)
        for (segment, kind, name, department, team), seen in owners.items():
            came = together[segment].ratio or 0.0
            yield Owned(kind, name, department, team, seen.times(came).in_worth(float(worth)))


_OWNER = ("owner_kind", "owner_id", "department_id", "team_id")


def _works(strategy: Strategy, row: Row) -> bool:
    rule = next(segment.rule for segment in strategy.segments if segment.id == row["segment"])
    if row["owner_kind"] == "partner":
        return rule.partners is not None
    return row["owner_kind"] in DESTINATIONS and row["department_id"] in rule.departments


def seen_in(row: Row) -> Seen:
    """The row as experience, beside a rate of one a month, and its months."""
    first, last = (str(row[name])[: len("2026-10")] for name in ("first_month", "last_month"))
    return Seen(experience_in(row), first, last)


def experience_in(row: Row) -> Experience:
    """Beside a rate of one a month."""
    money_months = float(row["money_days"]) / MONTH_DAYS
    return Experience(
        float(row["parts"]),
        float(row["account_days"]) / MONTH_DAYS,
        money_months,
        money_months,
        float(row["recovered"]),
        float(row["money_days_squared"]) / MONTH_DAYS**2,
        float(row["money_days_recovered"]) / MONTH_DAYS,
        float(row["recovered_squared"]),
    )


def _key(row: Row) -> Key:
    return Key(row["segment"], row["currency"], row["product"], row["band"])


def _in_order(key: Key) -> tuple[str, str, str, int]:
    return key.segment, key.currency, key.product, -1 if key.band is None else key.band
