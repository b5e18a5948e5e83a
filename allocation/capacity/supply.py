"""Minutes that collectors have for accounts, by week: calendars, postings, part-time, ramp, leave, leavers to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from math import exp
from typing import Any, NamedTuple

import sqlalchemy as sa

from allocation.capacity.staffing import Joiners, StaffingRule
from allocation.credibility import Experience, weights
from allocation.destinations import carried
from allocation.strategies import Strategy
from domain.exact import ExactSelect, exact
from domain.sql import TABLES
from domain.staff import Employee, StaffPosting, WorkingDays

Row = Mapping[str, Any]

YEAR_DAYS = 365
WEEK_DAYS = 7
_COLLECTOR = "collector"
_ANY_LEAVE = ("annual", "sick", "parental", "unpaid")
_DIGITS = Decimal("0.000001")


class Crew(NamedTuple):
    """Collectors who can do the same work: of one team, with the same skills."""

    jurisdiction: str
    department: str
    team: str
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Minutes:
    """A crew's week, from what is rostered to what there is for accounts; all in minutes but `people`.

    `people` are those expected to be there: of everybody whose last day is not known a share is taken off as `leavers`.
    rostered − leavers = paid; − away − not carried by joiners yet = at work; × the productive share = `there`. `room`
    are the accounts that they may own at once.
    """

    people: Decimal = Decimal(0)
    rostered: Decimal = Decimal(0)
    leavers: Decimal = Decimal(0)
    away: Decimal = Decimal(0)
    not_carried: Decimal = Decimal(0)
    there: Decimal = Decimal(0)
    room: Decimal = Decimal(0)

    @property
    def paid(self) -> Decimal:
        return self.rostered - self.leavers

    def plus(self, other: Minutes) -> Minutes:
        return Minutes(
            self.people + other.people,
            self.rostered + other.rostered,
            self.leavers + other.leavers,
            self.away + other.away,
            self.not_carried + other.not_carried,
            self.there + other.there,
            self.room + other.room,
        )


@dataclass(frozen=True, slots=True)
class Capacity:
    """Of one collector on a full day."""

    minutes_per_day: int = 0
    accounts_at_most: int = 0


@dataclass(frozen=True, slots=True)
class Leaving:
    """Expected leavers a year for each person of a department: weight × own + (1 − weight) × the house's."""

    department: str
    leavers: int
    years: Decimal
    house: Decimal
    weight: Decimal
    rate: Decimal

    def __str__(self) -> str:
        own = f"{self.leavers} leavers in {self.years:.1f} person-years"
        return f"{self.department}: {self.rate:.3f} a year ({own}, weight {self.weight:.2f}; house {self.house:.3f})"


@dataclass(frozen=True, slots=True)
class Supply:
    """`weeks[w]` has the minutes of each crew; `crew_of` whom somebody belongs to on the first day, and `working_days`
    how many each week has, by jurisdiction."""

    weeks: tuple[Mapping[Crew, Minutes], ...]
    leaving: tuple[Leaving, ...]
    crew_of: Mapping[str, Crew] = field(default_factory=dict)
    without_calendar: tuple[str, ...] = ()
    working_days: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def exits_statement() -> ExactSelect:
    """Every stretch of terms: `employee_id`, `hired_on`, `exited_on`, and the posting's department; ordered."""
    terms, posting = TABLES["employment"].c, TABLES["staff_postings"].c
    return exact(
        sa.select(terms.employee_id, terms.hired_on, terms.exited_on, posting.department_id, posting.valid_from)
        .join(TABLES["staff_postings"], posting.employee_id == terms.employee_id)
        .where(posting.role == _COLLECTOR)
        .order_by(terms.employee_id, posting.valid_from, terms.valid_from)
    )


def capacities_statement(as_of: date) -> ExactSelect:
    """Minutes of a full day and accounts at most, up to the day after: the last row of an employee counts."""
    capacity = TABLES["capacity"].c
    return exact(
        sa.select(capacity.employee_id, capacity.minutes_per_day, capacity.accounts_at_most)
        .where(capacity.valid_from <= as_of + timedelta(days=1))
        .order_by(capacity.employee_id, capacity.valid_from)
    )


def leaving_of(rows: Iterable[Row], staffing: StaffingRule, as_of: date) -> tuple[Leaving, ...]:
    """Leavers of the last year among collectors, by the department that they were last posted in.

    The house's rate is that of history, with what is stated weighing `weight_years` person-years; each department's is
    shrunk to it as far as departments cannot be told apart. Nothing where no attrition is stated.
    """
    terms = staffing.attrition
    if terms is None:
        return ()
    seen = _seen_to_leave(rows, as_of)
    years = sum((one for _, one in seen.values()), Decimal(0))
    leavers = sum(number for number, _ in seen.values())
    house = (Decimal(leavers) + terms.per_year * terms.weight_years) / (years + terms.weight_years)
    cells = {department: _experience(*seen[department], float(house)) for department in sorted(seen)}
    weigh = weights([("house", one) for one in cells.values()], float(terms.weight_years) * 12)
    return tuple(_leaving(department, *seen[department], house, weigh.of(one)) for department, one in cells.items())


def _leaving(department: str, leavers: int, years: Decimal, house: Decimal, weight: float) -> Leaving:
    believed = Decimal(repr(weight)).quantize(_DIGITS)
    own = Decimal(leavers) / years if years else house
    rate = believed * own + (1 - believed) * house
    return Leaving(department, leavers, years, house.quantize(_DIGITS), believed, rate.quantize(_DIGITS))


def _seen_to_leave(rows: Iterable[Row], as_of: date) -> dict[str, tuple[int, Decimal]]:
    first = as_of - timedelta(days=YEAR_DAYS)
    people: dict[str, tuple[str, date, date | None]] = {}
    for row in rows:
        hired = min(row["hired_on"], people[row["employee_id"]][1] if row["employee_id"] in people else row["hired_on"])
        people[row["employee_id"]] = (row["department_id"], hired, row["exited_on"])
    found: defaultdict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for department, hired, exited in people.values():
        start, end = max(hired, first), min(exited or as_of, as_of)
        if start < end:
            leavers, years = found[department]
            has_left = exited is not None and exited <= as_of
            found[department] = leavers + has_left, years + Decimal((end - start).days) / YEAR_DAYS
    return dict(found)


def _experience(leavers: int, years: Decimal, house: float) -> Experience:
    """Person-months in place of account-months; each person-year is a part."""
    exposed = float(years)
    return Experience(
        parts=max(exposed, 1.0),
        account_months=exposed * 12,
        money_months=exposed * 12,
        expected=exposed * house,
        recovered=leavers,
        expected_squared=exposed * house**2,
        expected_recovered=leavers * house,
        recovered_squared=leavers,
    )


def supply_of(
    staff: Sequence[Employee],
    skills: Mapping[str, Iterable[str]],
    capacities: Mapping[str, Capacity],
    strategy: Strategy,
    staffing: StaffingRule,
    leaving: Sequence[Leaving],
    working_days: WorkingDays,
    as_of: date,
    weeks: int,
) -> Supply:
    """The minutes of each crew in each of the weeks after `as_of`.

    Beyond the end of a calendar, Monday to Friday are worked. Whoever's last day is known is there up to it; of the
    others a share is expected to have left by the middle of each week.
    """
    plan = _Plan(strategy, staffing, {each.department: each.rate for each in leaving}, working_days, as_of)
    every = [*(_person(each, skills, capacities) for each in staff), *_joiners(staffing.joiners)]
    found = tuple(plan.week(every, number) for number in range(weeks))
    tomorrow = as_of + timedelta(days=1)
    crews = {each.name: plan.crew(each, posting) for each in every for posting in each.on(tomorrow) if not each.joins}
    days = {name: plan.days(name, weeks) for name in sorted({crew.jurisdiction for week in found for crew in week})}
    return Supply(found, tuple(leaving), crews, plan.without_calendar(weeks), days)


@dataclass(frozen=True, slots=True)
class _Person:
    """`number` of them are alike: joiners who are agreed have no names yet."""

    name: str
    employee: Employee
    skills: tuple[str, ...]
    capacity: Capacity
    number: int = 1
    joins: bool = False

    def on(self, day: date) -> Iterator[StaffPosting]:
        """The posting as a collector on the day, if they are still employed then."""
        if self.employee.exited_on is not None and day >= self.employee.exited_on:
            return
        for each in self.employee.postings:
            if each.role == _COLLECTOR and each.valid_from <= day and (each.valid_to is None or day < each.valid_to):
                yield each


@dataclass(frozen=True, slots=True)
class _Plan:
    strategy: Strategy
    staffing: StaffingRule
    leave_a_year: Mapping[str, Decimal]
    working_days: WorkingDays
    as_of: date

    def week(self, people: Sequence[_Person], number: int) -> Mapping[Crew, Minutes]:
        found: defaultdict[Crew, Minutes] = defaultdict(Minutes)
        for person in people:
            for posting, days in self._posted(person, number):
                crew = self.crew(person, posting)
                found[crew] = found[crew].plus(self._minutes(person, posting, days, number))
        return dict(sorted(found.items()))

    def crew(self, person: _Person, posting: StaffPosting) -> Crew:
        return Crew(person.employee.jurisdiction, posting.department, posting.team, person.skills)

    def _posted(self, person: _Person, number: int) -> list[tuple[StaffPosting, list[date]]]:
        """The days of the week in each posting, in order."""
        found: dict[StaffPosting, list[date]] = {}
        for day in self._week(number):
            for posting in person.on(day):
                found.setdefault(posting, []).append(day)
        return list(found.items())

    def _minutes(self, person: _Person, posting: StaffPosting, days: Sequence[date], number: int) -> Minutes:
        worked = [day for day in days if self.is_worked(person.employee.jurisdiction, day)]
        full = Decimal(person.capacity.minutes_per_day * person.number)
        shares = {day: self._share(person.employee, day) for day in worked}
        away = [day for day in worked if person.employee.is_away(day, _ANY_LEAVE)]
        rostered = sum((full * shares[day] for day in worked), Decimal(0))
        gone = sum((full * shares[day] for day in away), Decimal(0))
        capacity = self.strategy.rule.capacity
        begun = {day: 1 - carried(capacity, person.employee.hired_on, day) for day in worked if day not in away}
        not_carried = sum((full * shares[day] * begun[day] for day in begun), Decimal(0))
        stays = Decimal(1) if person.employee.exited_on else self._stays(posting.department, number)
        people = Decimal(person.number) * len(days) / WEEK_DAYS * stays
        loaded = self._share(person.employee, days[0]) * carried(capacity, person.employee.hired_on, days[0])
        return Minutes(
            people=people,
            rostered=rostered,
            leavers=rostered * (1 - stays),
            away=gone * stays,
            not_carried=not_carried * stays,
            there=(rostered - gone - not_carried) * stays * self.staffing.productive_share,
            room=person.capacity.accounts_at_most * people * loaded,
        )

    def _share(self, employee: Employee, day: date) -> Decimal:
        """Of full time, where the strategy's capacity counts it so."""
        return (employee.share_on(day) or Decimal(1)) if self.strategy.rule.capacity.part_time else Decimal(1)

    def _stays(self, department: str, number: int) -> Decimal:
        """The chance of still being there in the middle of the week."""
        years = (number * WEEK_DAYS + WEEK_DAYS / 2) / YEAR_DAYS
        return Decimal(repr(exp(-float(self.leave_a_year.get(department, Decimal(0))) * years))).quantize(_DIGITS)

    def is_worked(self, jurisdiction: str, day: date) -> bool:
        days = self.working_days.get(jurisdiction, frozenset())
        return day in days if days and day <= max(days) else day.isoweekday() <= 5

    def days(self, jurisdiction: str, weeks: int) -> tuple[int, ...]:
        return tuple(sum(self.is_worked(jurisdiction, day) for day in self._week(number)) for number in range(weeks))

    def without_calendar(self, weeks: int) -> tuple[str, ...]:
        last = self._week(weeks - 1)[-1]
        return tuple(
            f"{name} ends on {max(days)}" for name, days in sorted(self.working_days.items()) if max(days) < last
        )

    def _week(self, number: int) -> list[date]:
        first = self.as_of + timedelta(days=1 + number * WEEK_DAYS)
        return [first + timedelta(days=day) for day in range(WEEK_DAYS)]


def _person(employee: Employee, skills: Mapping[str, Iterable[str]], capacities: Mapping[str, Capacity]) -> _Person:
    name = employee.employee_id
    return _Person(name, employee, tuple(sorted(skills.get(name, ()))), capacities.get(name, Capacity()))


def _joiners(groups: Iterable[Joiners]) -> Iterator[_Person]:
    for group in groups:
        posting = StaffPosting(group.department, group.team, _COLLECTOR, group.starts_on)
        employee = Employee("", "", group.jurisdiction, group.starts_on, None, (posting,), ())
        capacity = Capacity(group.minutes_per_day, group.accounts_at_most)
        yield _Person("", employee, tuple(sorted(group.skills)), capacity, group.people, joins=True)


def total_of(every: Iterable[Minutes]) -> Minutes:
    return reduce(Minutes.plus, every, Minutes())
