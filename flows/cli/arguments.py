"""Arguments that several commands take, and how their texts become values."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from domain.periods import Period


def parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write year-month-day, such as 2026-10-31") from None


def parse_period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


OnDate = Annotated[date, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="Business date.")]
OfPeriod = Annotated[Period, typer.Option("--period", parser=parse_period, metavar="YYYY-MM", help="Month.")]
ByName = Annotated[str, typer.Option("--by", help="Your name, as it is to be recorded.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
BatchId = Annotated[str, typer.Argument(help="Batch id, or the beginning of one.")]
RuleFolder = Annotated[
    Path | None,
    typer.Option(
        "--rules", exists=True, file_okay=False, help="Folder of rule files that take the place of the book's."
    ),
]
