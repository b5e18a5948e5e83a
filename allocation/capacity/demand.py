"""Minutes that accounts take their collectors in a week, by what has to be known to work them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import sqlalchemy as sa

from allocation.capacity.forecast import Forecast, Interval
from allocation.capacity.staffing import StaffingRule
from allocation.capacity.stock import STRATA, State, Stratum
from allocation.capacity.supply import WEEK_DAYS, Crew
from allocation.credibility import MONTH_DAYS
from allocation.strategies import Segment, Strategy
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, count_rows, exact
from domain.planned import PLANNED_SQL
from domain.sql import TABLES

Row = Mapping[str, Any]

ACTION_WEEKS = 4  # over how many weeks planned actions are counted


class Work(NamedTuple):
    """Accounts that the same people may work; `skills` are what they must know besides."""

    jurisdiction: str
    departments: tuple[str, ...]
    skills: tuple[str, ...]

    def may(self, crew: Crew) -> bool:
        is_theirs = crew.jurisdiction == self.jurisdiction and crew.department in self.departments
        return is_theirs and set(self.skills) <= set(crew.skills)


@dataclass(frozen=True, slots=True)
class Handling:
    """What an account of a segment takes in a week. By `actions`: of each kind, how many a week of an account, and the
    minutes of one; else the segment's `month_minutes` of thirty days."""

    segment: str
    channel: str
    month_minutes: int
    actions: tuple[tuple[str, Decimal, Decimal], ...] = ()

    @property
    def minutes(self) -> Fraction:
        if self.actions:
            return sum((Fraction(number) * Fraction(minutes) for _, number, minutes in self.actions), Fraction(0))
        return Fraction(self.month_minutes * WEEK_DAYS, int(MONTH_DAYS))

    def __str__(self) -> str:
        week = f"{float(self.minutes):.2f} minutes a week"
        if self.actions:
            parts = " + ".join(f"{number:.3f} × {kind} of {minutes} min" for kind, number, minutes in self.actions)
            return f"{self.segment}: {week} = {parts}"
        return f"{self.segment}: {week} = {self.month_minutes} minutes a month × 7 ÷ 30"


@dataclass(frozen=True, slots=True)
class Demand:
    """`house_share` is what collectors, not partners, have of a jurisdiction's segment in the dispatch in force."""

    handling: Mapping[str, Handling]
    house_share: Mapping[tuple[str, str], Fraction]
    strategy: Strategy

    def minutes_of(self, stratum: Stratum, state: State) -> Fraction:
        """Minutes a week that an account takes the house; none where nobody works it."""
        known = self.handling.get(state.segment)
        return known.minutes * self.share_of(stratum[0], state.segment) if known else Fraction(0)

    def share_of(self, jurisdiction: str, segment: str) -> Fraction:
        return self.house_share.get((jurisdiction, segment), Fraction(1))

    def work_of(self, stratum: Stratum, segment: str) -> Work:
        rule = next(each.rule for each in self.strategy.segments if each.id == segment)
        told = dict(zip(STRATA, stratum, strict=True))
        skills = {*(told[name] for name in rule.skills), *rule.licences}
        return Work(stratum[0], tuple(sorted(rule.departments)), tuple(sorted(skills)))

    def asked(self, forecast: Forecast, week: int) -> Mapping[Work, Fraction]:
        """Minutes in a week, by what must be known; from the mean of what its first and its last day have."""
        return self._by_work(forecast, week, self.minutes_of)

    def to_own(self, forecast: Forecast, week: int) -> Mapping[Work, Fraction]:
        """Accounts that collectors should own."""
        return self._by_work(forecast, week, self._owned)

    def _owned(self, stratum: Stratum, state: State) -> Fraction:
        return self.share_of(stratum[0], state.segment) if state.segment in self.handling else Fraction(0)

    def _by_work(
        self, forecast: Forecast, week: int, weight: Callable[[Stratum, State], Fraction]
    ) -> Mapping[Work, Fraction]:
        found: defaultdict[Work, Fraction] = defaultdict(Fraction)
        mean = (forecast.stock[week - 1] + forecast.stock[week]) / 2
        for row, stratum in enumerate(forecast.strata):
            for at, state in enumerate(forecast.states):
                weighs = weight(stratum, state)
                if weighs and mean[row, at] > 0:
                    found[self.work_of(stratum, state.segment)] += weighs * Fraction(round(float(mean[row, at]), 6))
        return dict(sorted(found.items()))

    def accounts(self, forecast: Forecast, week: int, department: str) -> Decimal:
        """The house's accounts in the department's segments: the mean of the week's first and its last day."""

        def mine(stratum: Stratum, state: State) -> float:
            owned = self._owned(stratum, state)
            return float(owned) if owned and department in self.work_of(stratum, state.segment).departments else 0.0

        mean = (forecast.accounts(week - 1, mine) + forecast.accounts(week, mine)) / 2
        return Decimal(repr(round(mean, 2)))

    def interval(self, forecast: Forecast, week: int, department: str) -> Interval:
        """The minutes that a department's accounts take in the week's last state."""

        def weight(stratum: Stratum, state: State) -> float:
            minutes = self.minutes_of(stratum, state)
            is_theirs = minutes and department in self.work_of(stratum, state.segment).departments
            return float(minutes) if is_theirs else 0.0

        return forecast.interval(week, weight)


def owners_statement(as_of: date) -> ExactSelect:
    """Of each jurisdiction and segment in the dispatch in force on the day: `accounts`, and those `placed`."""
    dispatch, account = DISPATCH_SQL.c, TABLES["accounts"].c
    keys = (account.jurisdiction, dispatch.segment)
    return exact(
        sa.select(
            *keys,
            count_rows().label("accounts"),
            count_rows(dispatch.owner_kind == "partner").label("placed"),
        )
        .join(TABLES["accounts"], account.account_id == dispatch.account_id)
        .where(dispatch.valid_from <= as_of, dispatch.valid_to > as_of, dispatch.segment.is_not(None))
        .group_by(*keys)
        .order_by(*keys)
    )


def actions_statement(as_of: date) -> ExactSelect:
    """What plans asked collectors for in the last weeks: `segment`, `kind`, `actions`, and the first day of any."""
    planned = PLANNED_SQL.c
    first = as_of - timedelta(days=ACTION_WEEKS * WEEK_DAYS - 1)
    lately = (planned.due_from >= first, planned.due_from <= as_of, planned.segment.is_not(None))
    keys = (planned.segment, planned.kind)
    return exact(
        sa.select(*keys, count_rows().label("actions"), sa.func.min(planned.due_from).label("first"))
        .where(planned.owner_kind == "employee", *lately)
        .group_by(*keys)
        .order_by(*keys)
    )


def demand_of(
    strategy: Strategy,
    staffing: StaffingRule,
    owners: Iterable[Row],
    actions: Iterable[Row],
    now: Mapping[tuple[Stratum, State], int],
    as_of: date,
) -> Demand:
    """From the rows of the two statements, and the accounts of today: those of the house are what actions are of."""
    share = {
        (row["jurisdiction"], row["segment"]): 1 - Fraction(int(row["placed"]), int(row["accounts"])) for row in owners
    }
    held: defaultdict[str, Fraction] = defaultdict(Fraction)
    for (stratum, state), accounts in now.items():
        held[state.segment] += accounts * share.get((stratum[0], state.segment), Fraction(1))
    asked = tuple(actions)
    weeks = Fraction((as_of - min((row["first"] for row in asked), default=as_of)).days + 1, WEEK_DAYS)
    handling = {
        segment.id: _handling(segment, staffing, asked, held[segment.id] * weeks)
        for segment in worked_segments(strategy)
        if segment.rule.handling_minutes
    }
    return Demand(handling, share, strategy)


def worked_segments(strategy: Strategy) -> Iterator[Segment]:
    """Those that collectors work."""
    return (segment for segment in strategy.segments if segment.rule.departments and not segment.rule.hold)


def _handling(segment: Segment, staffing: StaffingRule, asked: Iterable[Row], account_weeks: Fraction) -> Handling:
    rule = segment.rule
    mine = [row for row in asked if row["segment"] == segment.id]
    plain = Handling(segment.id, rule.channel or "", rule.handling_minutes or 0)
    if not mine or not account_weeks or any(row["kind"] not in staffing.minutes_per_action for row in mine):
        return plain
    actions = tuple(
        (row["kind"], _decimal(Fraction(int(row["actions"])) / account_weeks), staffing.minutes_per_action[row["kind"]])
        for row in mine
    )
    return Handling(segment.id, plain.channel, plain.month_minutes, actions)


def _decimal(share: Fraction) -> Decimal:
    return (Decimal(share.numerator) / Decimal(share.denominator)).quantize(Decimal("0.0001"))
