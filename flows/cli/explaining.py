"""Commands that explain a figure: a payout step by step, a KPI down to its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text
from rich.tree import Tree

from adapters.world import open_world
from domain.ids import canonical_decimal
from domain.records import Grain
from domain.recovery import BAND_STARTS, RecoveryRate
from flows.cli.arguments import OfPeriod, OnDate
from flows.cli.output import AsJson, people, print_table, say, show

if TYPE_CHECKING:
    from reports.payout_tree import Node
    from tasks.stages.explain_kpi import KpiExplanation

explaining = typer.Typer(help="How a figure came about.", no_args_is_help=True)


@explaining.command()
def payout(
    payee: Annotated[str, typer.Argument(help="Employee or partner.")],
    period: OfPeriod,
    page: Annotated[Path | None, typer.Option("--page", dir_okay=False, help="Write it as a page.")] = None,
    rows_to: Annotated[
        Path | None,
        typer.Option("--rows-to", file_okay=False, help="Folder for the rows behind its KPIs and fees, as CSV."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """How a payout came about: from the amount through every step to scores, KPIs and rows; and computed again."""
    from reports.payout_tree import payout_page
    from tasks.stages.explain_payout import explain_payout
    from tasks.stages.labels import book_label, language_of

    world = open_world()
    found = explain_payout(world, payee, period, rows_to=rows_to)
    if as_json:
        show(found, (), as_json=True)
    for each in () if as_json else found:
        heading = f"{each.component} {each.period}: {each.amount:,f} {each.currency}"
        people.print(_as_tree(heading, each.tree), highlight=False)
        for said in each.differing or ("Calculated again: the same, step by step.",):
            say(said)
    if page is not None:
        page.write_text(payout_page(found, language_of(world), book_label(world)), encoding="utf-8")
        say(f"Page: {page}", as_json=as_json)
    if any(each.differing for each in found):
        raise typer.Exit(1)


def _as_tree(heading: str, nodes: Sequence[Node], tree: Tree | None = None) -> Tree:
    from reports.payout_tree import payments_as_text

    tree = Tree(Text(heading, style="bold")) if tree is None else tree
    for node in nodes:
        told = " · ".join(text for text in (node.kind, node.note, node.line) if text)
        branch = tree.add(Text.assemble(f"{node.name} = ", (node.value, "bold"), (f"  {told}", "dim")))
        for text in payments_as_text(node.payments):
            branch.add(Text(text))
        _as_tree("", node.children, branch)
    return tree


@explaining.command()
def kpi(
    name: Annotated[str, typer.Argument(help="Id of the KPI.")],
    day: OnDate,
    employee: Annotated[str, typer.Option("--employee", help="Whose figure; with --department, there only.")] = "",
    team: Annotated[str, typer.Option("--team")] = "",
    department: Annotated[str, typer.Option("--department")] = "",
    partner: Annotated[str, typer.Option("--partner")] = "",
    branch: Annotated[str, typer.Option("--branch")] = "",
    segment: Annotated[str, typer.Option("--segment")] = "",
    currency: Annotated[str, typer.Option("--currency", help="Of amounts, where there are several.")] = "",
    rows_to: Annotated[
        Path | None, typer.Option("--rows-to", file_okay=False, help="Folder for the rows, as CSV.")
    ] = None,
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements.")] = False,
    as_json: AsJson = False,
) -> None:
    """How a KPI of the month, up to the date, came about: definition, sums, the same sums again, and its rows."""
    from kpi_rules.evidence import Entity
    from tasks.stages.explain_kpi import explain_kpi

    given = {
        Grain.EMPLOYEE: employee,
        Grain.TEAM: team,
        Grain.DEPARTMENT: department,
        Grain.PARTNER: partner,
        Grain.BRANCH: branch,
        Grain.SEGMENT: segment,
    }
    named = {grain: value for grain, value in given.items() if value}
    if named.keys() == {Grain.EMPLOYEE, Grain.DEPARTMENT}:
        named = {Grain.POSTING: f"{employee}@{department}"}
    if len(named) > 1:
        raise typer.BadParameter("state one of --employee, --team, --department, --partner, --branch, --segment")
    grain, names = next(iter(named.items()), (Grain.PORTFOLIO, ""))
    parts = tuple(names.rsplit("@", 1)) if grain is Grain.POSTING else (names,) if names else ()
    found = explain_kpi(open_world(), name, Entity(grain, parts, currency), day, rows_to)
    if as_json:
        show(found, (), as_json=True)
    for line in _lines(found, sql=sql) if not as_json else ():
        people.print(line, markup=False, highlight=False, soft_wrap=True)
    if rows_to:
        say(f"Rows below {rows_to}", as_json=as_json)


@explaining.command()
def allocation(
    account: Annotated[str, typer.Argument(help="Account.")],
    day: OnDate,
    *,
    as_json: AsJson = False,
) -> None:
    """Who works an account from the day after a night, why, who else could or could not, who had it, what is next."""
    from tasks.stages.explain_allocation import explain_allocation

    found = explain_allocation(open_world(), account, day)
    show(found, [asdict(each) for each in found.places], as_json=as_json, title="\n".join(found.text))
    if as_json:
        return
    if found.moved is not None:
        people.print(f"Changed hands: {found.moved.words}", markup=False, highlight=False, soft_wrap=True)
    print_table("Owners", [asdict(each) for each in found.history])
    print_table("Open actions of the treatment plan", [asdict(each) for each in found.actions])


@explaining.command()
def recovery(
    day: OnDate,
    currency: Annotated[str, typer.Option("--currency", help="Only of this currency.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """What overdue money is expected to bring, by cell: what was seen, the parent's rate, the weight, the rate."""
    from tasks.stages.liquidation import rates_on

    found = [rate for rate in rates_on(open_world(), day) if currency in {"", rate.cell.currency}]
    show(found, [_row_of_rate(rate) for rate in found], as_json=as_json, title=f"Expected recovery, {day}")
    say("Estimates, in percent of the overdue money in 30 days: weight × seen + (1 − weight) × parent", as_json=as_json)


def _row_of_rate(rate: RecoveryRate) -> dict[str, object]:
    cell = rate.cell
    bucket = "all" if cell.bucket is None else f"bucket {cell.bucket}"
    band = "" if cell.band is None else f"from {BAND_STARTS[cell.band - 1]:,}" if cell.band else "lowest"
    return {
        "cell": ", ".join(part for part in (cell.currency, bucket, cell.product, band) if part),
        "accounts": rate.seen.accounts,
        "overdue": f"{rate.seen.overdue:,.0f}",
        "recovered": f"{rate.seen.recovered:,.0f}",
        "seen": _monthly_percent(rate.raw),
        "parent": _monthly_percent(rate.parent),
        "weight": f"{rate.weight:.3f}",
        "rate": _monthly_percent(rate.rate),
        "from": rate.basis.value,
    }


def _monthly_percent(rate: Decimal | None) -> str:
    return "" if rate is None else f"{rate * 3000:.2f}"


def _lines(found: KpiExplanation, *, sql: bool, indent: str = "") -> Iterator[str]:
    yield from (f"{indent}{line}" for line in found.text.splitlines())
    for one in found.sums:
        again = "none" if one.found is None else canonical_decimal(one.found)
        stored = "none" if one.stored is None else canonical_decimal(one.stored)
        verdict = "as stored" if one.is_equal else f"BUT STORED {stored}"
        yield f"{indent}found again: {one.measure} = {again}, {verdict}"
        if sql:
            yield from (f"{indent}    {line}" for line in one.sql.splitlines())
    for part in found.parts:
        yield ""
        yield from _lines(part, sql=sql, indent=f"{indent}  ")
