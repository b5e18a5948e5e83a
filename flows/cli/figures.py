"""Commands that read the figures of a night: as they are, and as a league, like for like."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import open_world
from domain.records import Grain
from flows.cli.arguments import OnDate
from flows.cli.output import AsJson, say, show

if TYPE_CHECKING:
    from decimal import Decimal

    from domain.league import Standing
    from tasks.stages.league import FoundLeague

app = typer.Typer()


class LeagueGrain(StrEnum):
    """Whose league it can be."""

    EMPLOYEE = Grain.EMPLOYEE
    TEAM = Grain.TEAM
    DEPARTMENT = Grain.DEPARTMENT
    PARTNER = Grain.PARTNER
    BRANCH = Grain.BRANCH
    SEGMENT = Grain.SEGMENT


@app.command()
def figures(
    kpis: Annotated[list[str], typer.Argument(help="Ids of KPIs; of one by bucket, all its parts.")],
    day: OnDate,
    grain: Annotated[Grain, typer.Option("--grain", help="Of whom.")] = Grain.PORTFOLIO,
    entity: Annotated[str, typer.Option("--entity", help="Only of this one.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """The figures of the newest official night of a date: value, numerator, denominator."""
    from tasks.stages.measured import figures_on

    found = figures_on(open_world(), day, kpis, grain, entity)
    rows = [
        {
            "kpi": each.kpi,
            "entity": each.entity,
            "currency": each.currency,
            "value": each.state.value if each.value is None else _shown(each.value),
            "numerator": "" if each.numerator is None else f"{each.numerator:,f}",
            "denominator": "" if each.denominator is None else f"{each.denominator:,f}",
        }
        for each in found
    ]
    show(found, rows, as_json=as_json, title=f"Figures per {grain}, up to {day}")


@app.command()
def league(
    kpi: Annotated[str, typer.Argument(help="Id of a rate over accounts, such as recovery_rate.")],
    day: OnDate,
    grain: Annotated[LeagueGrain, typer.Option("--grain", help="Of whom.")] = LeagueGrain.EMPLOYEE,
    department: Annotated[str, typer.Option("--department", help="Only within this department.")] = "",
    like: Annotated[
        str, typer.Option("--like", help="What accounts have to be alike in, with commas; empty: nothing.")
    ] = "bucket,product",
    currency: Annotated[str, typer.Option("--currency", help="Of amounts, where there are several.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """A rate like for like: raw and on the common mix, with an interval, and no verdict where chance alone would do."""
    from tasks.stages.league import Asked, league_on

    strata = tuple(name.strip() for name in like.split(",") if name.strip())
    found = league_on(open_world(), day, Asked(kpi, Grain(grain.value), strata, department, currency))
    rows = [_row(each) for each in found.league.standings]
    show(
        found,
        rows,
        as_json=as_json,
        title=f"{' '.join(filter(None, (found.title, found.currency)))}, per {found.grain}, up to {day}",
    )
    for line in _lines(found):
        say(line, as_json=as_json)


def _row(each: Standing) -> dict[str, object]:
    interval = "" if each.low is None or each.high is None else f"{each.low:.2f} to {each.high:.2f}"
    return {
        "rank": each.rank,
        "entity": each.entity,
        "cases": each.cases,
        "like for like": _shown(each.standardised),
        "raw": _shown(each.raw),
        "raw rank": each.raw_rank,
        "actual": f"{each.actual:,.0f}",
        "expected": f"{each.expected:,.0f}",
        "ratio": _shown(each.ratio, digits=2),
        "95 %": interval,
        "against the average": each.verdict.value,
    }


def _lines(found: FoundLeague) -> list[str]:
    whole, strata = found.league, ", ".join(found.strata) or "nothing: one stratum"
    told_apart = sum(each.tells_apart for each in whole.standings)
    lines = [
        f"All together {_shown(whole.rate)}; alike in {strata} ({whole.strata} strata).",
        f"{told_apart} of {len(whole.standings)} can be told apart from the average.",
        "A rank without a verdict may be chance; of twenty who are all alike, one is told apart by chance.",
    ]
    if any(each.outside for each in whole.standings):
        lines.append("Left out of like for like: what came in on accounts that the denominator does not know.")
    return [*lines, "The denominator is an estimate."] if found.is_estimate else lines


def _shown(rate: Decimal | None, digits: int = 4) -> str:
    return "" if rate is None else f"{rate:.{digits}f}"
