"""The plan of capacity: accounts by week, what they ask of whom, who is there, what is short, and what it costs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from allocation.capacity.balance import Layer, layers
from allocation.capacity.demand import Demand, Work
from allocation.capacity.forecast import Forecast
from allocation.capacity.money import HOUR_MINUTES, Money
from allocation.capacity.stock import BUCKETS, Flow, State, Stratum
from allocation.capacity.supply import WEEK_DAYS, Crew, Minutes, Supply, total_of
from domain.intervals import wilson
from domain.money import CONTEXT

_CENTS = Decimal("0.01")
_TO_SIX = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class StockWeek:
    """`name` is a segment, a reason why accounts are not worked, or a bucket of days past due: at_end = at_start + new
    + came − went − left. `low` to `high` is the interval of at_end."""

    name: str
    week: int
    at_start: Decimal
    new: Decimal
    came: Decimal
    went: Decimal
    left: Decimal
    at_end: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class TeamWeek:
    """rostered − leavers − away − not carried, × the productive share, are the hours there. `by_minutes` people are
    needed for the hours that are asked, `by_limit` for the accounts, where the strategy limits how many one may own
    (None where it does not); `needed` is the larger. Work that several crews may do is shared evenly among them.
    """

    jurisdiction: str
    department: str
    team: str
    week: int
    people: Decimal
    hours_rostered: Decimal
    hours_leavers: Decimal
    hours_away: Decimal
    hours_not_carried: Decimal
    hours_there: Decimal
    hours_asked: Decimal
    room: Decimal
    by_minutes: Decimal
    by_limit: Decimal | None
    needed: Decimal

    @property
    def short(self) -> Decimal:
        """People missing; below zero people over."""
        return self.needed - self.people


@dataclass(frozen=True, slots=True)
class Asked:
    """What a segment asks for in a week: mean accounts × the house's share × minutes of an account = hours."""

    jurisdiction: str
    segment: str
    channel: str
    week: int
    accounts: Decimal
    house_share: Decimal
    minutes: Decimal
    hours: Decimal


@dataclass(frozen=True, slots=True)
class Roll:
    """Of `seen` accounts × weeks in a segment `went` were in another one a week later; `to` is empty out of the book.

    `low` to `high` is the interval of the share by chance (Wilson, 95 %).
    """

    segment: str
    to: str
    went: int
    seen: int
    share: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class WorkWeek:
    """Work by what must be known for it. `accounts_short` are accounts that nobody has room for, None where a strategy
    counts minutes; `people_short` is the larger of what the hours and the accounts take, None where nobody is there to
    go by."""

    work: Work
    week: int
    hours_asked: Decimal
    hours_short: Decimal
    accounts: Decimal
    accounts_short: Decimal | None
    people_short: Decimal | None
    nobody_may: bool


@dataclass(frozen=True, slots=True)
class DepartmentWeek:
    """`needed`, `by_minutes` and `by_limit` as of teams, with people for work that nobody there may do now; `low` to
    `high` is the interval of `needed`. `short` and `over` are people: both above zero where skills keep the ones from
    helping the others. Costs are of all paid hours, in the comparison currency; None where an hour's cost or the budget
    is not known.
    """

    department: str
    week: int
    people: Decimal
    accounts: Decimal
    room: Decimal
    by_minutes: Decimal
    by_limit: Decimal | None
    needed: Decimal
    low: Decimal
    high: Decimal
    short: Decimal
    over: Decimal
    cost: Decimal | None
    cost_needed: Decimal | None
    budget: Decimal | None


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    as_of: date
    starts: tuple[date, ...]
    segments: tuple[StockWeek, ...]
    buckets: tuple[StockWeek, ...]
    asked: tuple[Asked, ...]
    teams: tuple[TeamWeek, ...]
    works: tuple[WorkWeek, ...]
    departments: tuple[DepartmentWeek, ...]
    currency: str


def capacity_plan(as_of: date, forecast: Forecast, demand: Demand, supply: Supply, money: Money) -> CapacityPlan:
    """One week after the other, from the day after `as_of`."""
    weeks = range(1, forecast.steps + 1)
    starts = tuple(as_of + timedelta(days=1 + WEEK_DAYS * (week - 1)) for week in weeks)
    shared = {week: _Shared.of(forecast, demand, supply, week) for week in weeks}
    departments = sorted(
        {name for each in shared.values() for work in each.asked for name in work.departments}
        | {crew.department for each in shared.values() for crew in each.crews}
    )
    names = sorted({state.segment for state in forecast.states}, key=lambda name: _place(name, demand))
    return CapacityPlan(
        as_of,
        starts,
        tuple(_stock(forecast, name, week, _of_segment(name)) for name in names for week in weeks),
        tuple(_stock(forecast, name, week, _of_bucket(name)) for name in BUCKETS for week in weeks),
        tuple(row for week in weeks for row in _asked(forecast, demand, week)),
        tuple(row for week in weeks for row in shared[week].teams(week)),
        tuple(row for week in weeks for row in shared[week].works(week)),
        tuple(
            shared[week].department(name, week, starts[week - 1], forecast, demand, money)
            for name in departments
            for week in weeks
        ),
        money.currency,
    )


def _place(segment: str, demand: Demand) -> tuple[int, str]:
    """Segments in the strategy's order, then what is not worked."""
    order = [each.id for each in demand.strategy.segments]
    return (order.index(segment) if segment in order else len(order), segment)


def _of_segment(name: str) -> Callable[[State], bool]:
    return lambda state: state.segment == name


def _of_bucket(name: str) -> Callable[[State], bool]:
    return lambda state: state.bucket == name


def _stock(forecast: Forecast, name: str, week: int, inside: Callable[[State], bool]) -> StockWeek:
    flows = forecast.flows(week, inside)
    end = forecast.interval(week, lambda _, state: float(inside(state)))
    start = forecast.accounts(week - 1, lambda _, state: float(inside(state)))
    came = sum(value for key, value in flows.items() if key[0] == "+" and key != "+new")
    went = sum(value for key, value in flows.items() if key[0] == "-" and key != "-left")
    numbers = (start, flows.get("+new", 0.0), came, went, flows.get("-left", 0.0), end.value, end.low, end.high)
    return StockWeek(name, week, *(_cents(number) for number in numbers))


def _asked(forecast: Forecast, demand: Demand, week: int) -> Iterator[Asked]:
    segments = {(stratum[0], state.segment) for stratum in forecast.strata for state in forecast.states}
    for jurisdiction, segment in sorted(segments, key=lambda key: (key[0], _place(key[1], demand))):
        handling = demand.handling.get(segment)
        if handling is None:
            continue

        def mine(stratum: Stratum, state: State, place: tuple[str, str] = (jurisdiction, segment)) -> float:
            return float((stratum[0], state.segment) == place)

        mean = (forecast.accounts(week - 1, mine) + forecast.accounts(week, mine)) / 2
        share = demand.share_of(jurisdiction, segment)
        if mean > 0:
            minutes = _times(Decimal(1), handling.minutes)
            hours = _cents(mean * float(share * handling.minutes) / HOUR_MINUTES)
            told = (_cents(mean), _times(Decimal(1), share), minutes)
            yield Asked(jurisdiction, segment, handling.channel, week, *told, hours)


def rolls_of(steps: Iterable[Iterable[Flow]]) -> tuple[Roll, ...]:
    """How accounts went from segment to segment in a week, over the weeks seen."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for flow in (flow for step in steps for flow in step):
        if flow.before is not None:
            counts[flow.before.segment][flow.after.segment if flow.after else ""] += flow.accounts
    return tuple(_roll(segment, to, went, counts[segment].total())
                 for segment in sorted(counts) for to, went in sorted(counts[segment].items()))  # fmt: skip


def _roll(segment: str, to: str, went: int, seen: int) -> Roll:
    low, high = wilson(went, seen)
    return Roll(segment, to, went, seen, CONTEXT.divide(Decimal(went), Decimal(seen)), low, high)


_Layers = tuple[Layer[Work, Crew], ...]


@dataclass(frozen=True, slots=True)
class _Shared:
    """A week's work held against a week's crews: by minutes, and by accounts where the strategy counts these."""

    asked: Mapping[Work, Fraction]
    to_own: Mapping[Work, Fraction]
    crews: Mapping[Crew, Minutes]
    by_minutes: _Layers
    by_limit: _Layers | None

    @classmethod
    def of(cls, forecast: Forecast, demand: Demand, supply: Supply, week: int) -> _Shared:
        asked, to_own, crews = demand.asked(forecast, week), demand.to_own(forecast, week), supply.weeks[week - 1]
        by_minutes = _layers(asked, {crew: each.there for crew, each in crews.items()})
        by_accounts = demand.strategy.rule.capacity.by == "accounts"
        room = {crew: each.room for crew, each in crews.items()}
        return cls(asked, to_own, crews, by_minutes, _layers(to_own, room) if by_accounts else None)

    def teams(self, week: int) -> Iterator[TeamWeek]:
        of_team: defaultdict[tuple[str, str, str], list[Crew]] = defaultdict(list)
        for crew in self.crews:
            of_team[crew.jurisdiction, crew.department, crew.team].append(crew)
        minutes, limit = _loads(self.by_minutes), _loads(self.by_limit)
        for (jurisdiction, department, team), mine in sorted(of_team.items()):
            whole = total_of(self.crews[crew] for crew in mine)
            yield TeamWeek(
                jurisdiction,
                department,
                team,
                week,
                whole.people.quantize(_CENTS),
                hours_rostered=_hours(whole.rostered),
                hours_leavers=_hours(whole.leavers),
                hours_away=_hours(whole.away),
                hours_not_carried=_hours(whole.not_carried),
                hours_there=_hours(whole.there),
                hours_asked=_hours(_sum(_times(self.crews[crew].there, minutes[crew]) for crew in mine)),
                room=whole.room.quantize(_CENTS),
                by_minutes=_sum(self._people(crew, minutes) for crew in mine).quantize(_CENTS),
                by_limit=_sum(self._people(crew, limit) for crew in mine).quantize(_CENTS) if limit else None,
                needed=_sum(self._people(crew, minutes, limit) for crew in mine).quantize(_CENTS),
            )

    def works(self, week: int) -> Iterator[WorkWeek]:
        """What is short in a layer is short of each of its work alike."""
        short, accounts_short = _shorts(self.by_minutes, self.asked), _shorts(self.by_limit or (), self.to_own)
        for work, asked in self.asked.items():
            is_limited = self.by_limit is not None
            yield WorkWeek(
                work,
                week,
                _hours(_decimal(asked)),
                _hours(short.get(work, Decimal(0))),
                _decimal(self.to_own.get(work, Fraction(0))).quantize(_CENTS),
                accounts_short.get(work, Decimal(0)).quantize(_CENTS) if is_limited else None,
                self._people_short(work, short, accounts_short),
                not any(work.may(crew) for crew in self.crews),
            )

    def department(
        self, name: str, week: int, start: date, forecast: Forecast, demand: Demand, money: Money
    ) -> DepartmentWeek:
        mine = [crew for crew in self.crews if crew.department == name]
        minutes, limit = _loads(self.by_minutes), _loads(self.by_limit)
        whole, nobody = total_of(self.crews[crew] for crew in mine), self._short_of_nobody(name)
        load = {crew: max(minutes[crew], limit.get(crew, Fraction(0))) for crew in mine}
        over = _sum(_times(self.crews[crew].people, max(1 - load[crew], Fraction(0))) for crew in mine)
        short = nobody + _sum(_times(self.crews[crew].people, max(load[crew] - 1, Fraction(0))) for crew in mine)
        needed = whole.people - over + short
        interval = demand.interval(forecast, week, name)
        spread = _share(interval.high - interval.value, interval.value)
        cost = money.hour_cost(name, start)
        paid = None if cost is None else cost.amount * whole.paid / HOUR_MINUTES
        return DepartmentWeek(
            name,
            week,
            whole.people.quantize(_CENTS),
            demand.accounts(forecast, week, name).quantize(_CENTS),
            whole.room.quantize(_CENTS),
            (nobody + _sum(self._people(crew, minutes) for crew in mine)).quantize(_CENTS),
            (nobody + _sum(self._people(crew, limit) for crew in mine)).quantize(_CENTS) if limit else None,
            needed.quantize(_CENTS),
            max(needed * (1 - spread), Decimal(0)).quantize(_CENTS),
            (needed * (1 + spread)).quantize(_CENTS),
            short.quantize(_CENTS),
            over.quantize(_CENTS),
            _rounded(paid),
            None if paid is None or not whole.people else (paid * needed / whole.people).quantize(_CENTS),
            _rounded(money.budget(name, start)),
        )

    def _people(self, crew: Crew, *loads: Mapping[Crew, Fraction]) -> Decimal:
        return _times(self.crews[crew].people, max(load.get(crew, Fraction(0)) for load in loads))

    def _people_short(
        self, work: Work, minutes: Mapping[Work, Decimal], accounts: Mapping[Work, Decimal]
    ) -> Decimal | None:
        a_person = self._of_a_person(work)
        if not a_person.people or not a_person.there:
            return None
        by_minutes = minutes.get(work, Decimal(0)) * a_person.people / a_person.there
        by_limit = accounts.get(work, Decimal(0)) * a_person.people / a_person.room if a_person.room else Decimal(0)
        return max(by_minutes, by_limit).quantize(_CENTS)

    def _short_of_nobody(self, department: str) -> Decimal:
        """People for work that none of the crews may do now: as many as it would take of those that there are."""
        alone = {work for layer in self.by_minutes for work in layer.work if layer.asked and not layer.crews}
        short = {work: _decimal(self.asked[work]) for work in alone if work.departments[0] == department}
        return _sum(self._people_short(work, short, {}) or Decimal(0) for work in short)

    def _of_a_person(self, work: Work) -> Minutes:
        """Those of the work's departments in the week, to go by; of the whole country if nobody of them is there."""
        country = {crew: each for crew, each in self.crews.items() if crew.jurisdiction == work.jurisdiction}
        of_work = total_of(each for crew, each in country.items() if crew.department in work.departments)
        return of_work if of_work.people and of_work.there else total_of(country.values())


def _layers(asked: Mapping[Work, Fraction], there: Mapping[Crew, Decimal]) -> _Layers:
    """In whole hundredths."""
    return layers(
        {work: round(amount * 100) for work, amount in asked.items()},
        {crew: int(amount * 100) for crew, amount in there.items()},
        Work.may,
    )


def _loads(found: _Layers | None) -> dict[Crew, Fraction]:
    return {crew: layer.load or Fraction(0) for layer in found or () for crew in layer.crews}


def _shorts(found: _Layers, asked: Mapping[Work, Fraction]) -> dict[Work, Decimal]:
    return {
        work: _decimal(asked[work] * Fraction(layer.short, layer.asked))
        for layer in found
        for work in layer.work
        if layer.asked
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _decimal(amount: Fraction) -> Decimal:
    return _times(Decimal(1), amount)


def _times(amount: Decimal, share: Fraction) -> Decimal:
    return (amount * share.numerator / share.denominator).quantize(_TO_SIX)


def _hours(minutes: Decimal) -> Decimal:
    return (minutes / HOUR_MINUTES).quantize(_CENTS)


def _cents(number: float) -> Decimal:
    return Decimal(repr(round(float(number), 2))).quantize(_CENTS)


def _share(part: float, whole: float) -> Decimal:
    return Decimal(0) if whole <= 0 else Decimal(repr(round(part / whole, 6)))


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_CENTS)
