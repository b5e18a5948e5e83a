"""Partners like for like, month by month, as the conditions of standings ask for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.world import World
from domain.league import Standing
from domain.manifest import EarlierNight
from domain.periods import Period
from domain.records import Grain
from domain.standings import MonthFigure
from kpi_rules.figures import figures_with_currency
from kpi_rules.plan import stopped_kpis
from kpi_rules.standing_language import LeagueCondition
from tasks.stages.league import Asked, FoundLeague, league_in
from tasks.stages.measured import MeasuredNight, measured_night

Leagues = Mapping[tuple[Period, LeagueCondition], Mapping[str, MonthFigure]]


def leagues_of(
    world: World, earlier: Mapping[Period, EarlierNight], wanted: Collection[LeagueCondition]
) -> dict[tuple[Period, LeagueCondition], Mapping[str, MonthFigure]]:
    """Those of the months before the one that is looked at, as far back as the conditions look.

    Raises: RefusedError for a rate that cannot be compared; ConflictError; FileChangedError.
    """
    found: dict[tuple[Period, LeagueCondition], Mapping[str, MonthFigure]] = {}
    for back, month in enumerate(sorted(earlier, reverse=True), start=1):
        asked = [each for each in wanted if each.months > back]
        if asked:
            with measured_night(world, earlier[month].business_date) as night:
                found |= leagues_of_night(night, asked, month)
    return found


def leagues_of_night(
    night: MeasuredNight, wanted: Collection[LeagueCondition], month: Period
) -> dict[tuple[Period, LeagueCondition], Mapping[str, MonthFigure]]:
    """The figure of each partner, by month and condition: the ratio to what was expected, and the verdict as its
    note."""
    return {(month, each): _figures(night, each, month) for each in wanted}


def leagues_in(night: MeasuredNight, kpi: str, strata: tuple[str, ...], currency: str = "") -> tuple[FoundLeague, ...]:
    """One league for each currency that partners have, of a rate of counts one; none of what the gate has stopped."""
    figures = {figure.id: figure for figure in night.rules.figures}
    if kpi in stopped_kpis(night.rules, night.day, night.halted):
        return ()
    is_money = kpi in figures_with_currency(figures)
    currencies = [currency] if currency or not is_money else night.currencies_of(kpi)
    return tuple(league_in(night, Asked(kpi, Grain.PARTNER, strata, currency=each)) for each in currencies)


def _figures(night: MeasuredNight, condition: LeagueCondition, month: Period) -> dict[str, MonthFigure]:
    """Of a partner with several currencies, the one in which it has most cases."""
    rows: dict[str, Standing] = {}
    for league in leagues_in(night, condition.league, condition.alike_in, condition.currency):
        for each in league.league.standings:
            if each.entity not in rows or rows[each.entity].cases < each.cases:
                rows[each.entity] = each
    return {
        partner: MonthFigure(str(month), each.ratio, each.low, each.high, each.cases, each.verdict.value)
        for partner, each in rows.items()
    }
