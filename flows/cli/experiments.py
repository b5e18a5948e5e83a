"""Commands that read experiments: what the arms have shown, as they were drawn."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.world import open_world
from flows.cli.arguments import parse_date
from flows.cli.output import AsJson, print_table, say, show
from reports.languages import Language

if TYPE_CHECKING:
    from allocation.experiment_results import ArmResult
    from tasks.stages.experiments import FoundExperiment

app = typer.Typer()


@app.command()
def experiment(
    name: Annotated[str, typer.Argument(help="Id of the experiment.")],
    as_of: Annotated[
        date, typer.Option("--as-of", parser=parse_date, metavar="YYYY-MM-DD", help="What is known by this date.")
    ],
    page: Annotated[Path | None, typer.Option("--page", dir_okay=False, help="Write a page for reading.")] = None,
    language: Annotated[Language, typer.Option("--language", help="Of the page.")] = Language.ENGLISH,
    *,
    as_json: AsJson = False,
) -> None:
    """What an experiment has shown: its arms as they were drawn, with intervals, and no verdict before there is one."""
    from tasks.stages.experiments import experiment_as_of

    world = open_world()
    found = experiment_as_of(world, name, as_of)
    results = found.results
    title = f"{results.title}: {results.measure} in {results.days} days, as assigned, up to {as_of}"
    show(found, [_row(each) for each in results.arms], as_json=as_json, title=title)
    if not as_json:
        rows = [{"stratum": each.stratum, "arm": each.arm, "debtors": each.debtors, "expected": f"{each.expected:,.1f}"}
                for each in results.strata]  # fmt: skip
        print_table("Dealt by stratum", rows)
        _notes(found)
    if page is not None:
        from reports.experiment import experiment_page
        from tasks.stages.labels import book_label

        text = experiment_page(found.results, found.run, found.gaps, language, book_label(world))
        page.write_text(text, encoding="utf-8")
        say(f"the page lies in {page}", as_json=as_json)


def _row(each: ArmResult) -> dict[str, object]:
    return {
        "currency": each.currency,
        "arm": each.arm,
        "debtors": each.debtors,
        "accounts": each.accounts,
        "balance": f"{each.balance:,.0f}",
        "outcome": f"{each.outcome:,.0f}",
        "rate": _percent(each.rate),
        "interval": _interval(each.low, each.high),
        "to champion": _points(each.difference),
        "its interval": _interval(each.difference_low, each.difference_high),
        "verdict": each.verdict.value,
        "crossed over": each.crossed_over,
        "not yet": each.not_yet,
    }


def _notes(found: FoundExperiment) -> None:
    results = found.results
    if not any(arm.accounts for arm in results.arms):
        say(f"not yet: the first outcomes are known on {results.first_known}")
    elif results.is_interim:
        say(f"interim: all outcomes are known on {results.all_known}; decide then")
    if found.gaps:
        say(f"payments of {', '.join(map(str, found.gaps))} were never accepted: outcomes are too low")


def _percent(value: Decimal | None) -> str:
    return "" if value is None else f"{value * 100:.2f}%"


def _points(value: Decimal | None) -> str:
    return "" if value is None else f"{value * 100:+.2f}%"


def _interval(low: Decimal | None, high: Decimal | None) -> str:
    return "" if low is None or high is None else f"{low * 100:.2f} to {high * 100:.2f}"
