"""Leagues of a measured night: a rate of everybody at a grain, like for like, found again in the run's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from adapters.errors import RefusedError
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import RunId
from domain.league import League, league
from domain.periods import Period
from domain.records import Grain
from kpi_rules.figures import Figure, figures_with_currency
from kpi_rules.like_for_like import STRATA, Question, cases_of, cases_statement, is_share, parts_of
from kpi_rules.plan import stopped_kpis
from tasks.stages.measured import MeasuredNight, measured_night


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which KPI, whose, alike in what; `department` and `currency` may be empty."""

    kpi: str
    grain: Grain = Grain.EMPLOYEE
    strata: tuple[str, ...] = ("bucket", "product")
    department: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class FoundLeague:
    """`is_estimate`: something in the rate is one."""

    run: RunId
    kpi: str
    title: str
    grain: Grain
    currency: str
    strata: tuple[str, ...]
    is_share: bool
    is_estimate: bool
    league: League


def league_on(world: World, day: date, asked: Asked) -> FoundLeague:
    """Of the newest official night of the date.

    Raises: RefusedError for what cannot be compared (EXK001, LGE001 to LGE006); ConflictError; FileChangedError.
    """
    with measured_night(world, day) as night:
        return league_in(night, asked)


def league_in(night: MeasuredNight, asked: Asked) -> FoundLeague:
    """The same within a session that is open already. Raises: RefusedError."""
    figures = {figure.id: figure for figure in night.rules.figures}
    _refuse_what_is_not_there(night, asked, figures)
    figure = figures[asked.kpi]
    start = Period.of(night.day).start
    parts = parts_of(figure, figures, (night.day - start).days + 1)
    if parts is None:
        raise RefusedError(f'LGE002 "{asked.kpi}" is no rate of two sums over accounts, so accounts cannot be alike')
    question = Question(figure, asked.grain, asked.strata, asked.department, _currency(night, asked, figures))
    share = is_share(parts)
    rows = night.duck.read(cases_statement(question, parts, start=start, as_of=night.day))
    found = league(cases_of(question, parts, rows), higher_is_better=figure.rule.good == "higher", is_share=share)
    estimate = any(part.measure.source.dataset == "expected" for part in parts)
    return FoundLeague(night.run, figure.id, figure.title, asked.grain, question.currency, asked.strata, share,
                       estimate, found)  # fmt: skip


def _refuse_what_is_not_there(night: MeasuredNight, asked: Asked, figures: Mapping[str, Figure]) -> None:
    figure = figures.get(asked.kpi)
    if figure is None:
        raise RefusedError(f'LGE001 no KPI "{asked.kpi}" is in force on {night.day}. {suggestion(asked.kpi, figures)}')
    if asked.grain not in figure.grains or asked.grain in {Grain.PORTFOLIO, Grain.POSTING}:
        known = ", ".join(grain for grain in figure.rule.grains if grain is not Grain.PORTFOLIO)
        raise RefusedError(f'LGE003 "{asked.kpi}" has no league per {asked.grain}, but per {known}')
    for name in asked.strata:
        if name not in STRATA:
            raise RefusedError(f'LGE004 accounts cannot be alike in "{name}". {suggestion(name, STRATA)}')
    if asked.kpi in stopped_kpis(night.rules, night.day, night.halted):
        raise RefusedError(f'LGE005 "{asked.kpi}" has no value on {night.day}: a table that it reads was halted')


def _currency(night: MeasuredNight, asked: Asked, figures: Mapping[str, Figure]) -> str:
    """Of money the one that is stated, or the only one; of counts none."""
    if asked.kpi not in figures_with_currency(figures):
        return ""
    known = night.currencies_of(asked.kpi)
    if asked.currency in known or (not asked.currency and len(known) == 1):
        return asked.currency or known[0]
    raise RefusedError(f'LGE006 "{asked.kpi}" is in {", ".join(known) or "no currency"}: state one with --currency')
