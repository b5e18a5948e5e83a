"""Commands on what people read of their pay."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.world import open_world
from flows.attempts import attempt_at
from flows.cli.arguments import BatchId, OfPeriod
from flows.cli.naming import batch_meant
from flows.cli.output import AsJson, errors, show, working
from reports.batch_report import TieOutRow
from reports.languages import Language

app = typer.Typer()

InLanguage = Annotated[Language | None, typer.Option("--language", help="en, vi or zh; without it, the house's.")]


@app.command()
def statements(batch: BatchId, language: InLanguage = None, *, as_json: AsJson = False) -> None:
    """The statement of each payee of a published batch, as page and PDF; in another language on request."""
    from tasks.stages.statements import write_statements

    world = open_world()
    with working("Statements"), attempt_at(world, f"statements {batch}", None):
        batch = batch_meant(world, batch, as_json=as_json)
        paths = write_statements(world, batch, language)
    folder = paths[0].parent if paths else ""
    show(paths, [{"files": len(paths), "folder": folder}], as_json=as_json, title="Statements")


@app.command("tie-out")
def tie_out(period: OfPeriod, *, as_json: AsJson = False) -> None:
    """From the payments of a month to what was paid: each total, its difference, and why; fails without a reason."""
    from tasks.stages.review import tie_out_of
    from tasks.stages.tie_out import plain_tie_outs

    found, issues = tie_out_of(open_world(), period)
    if as_json:
        show({each.kind: plain_tie_outs(each.chains) for each in found}, (), as_json=True)
    for each in found if not as_json else ():
        for chain in each.chains:
            show(
                chain, [_tie_out_row(row) for row in chain.rows], as_json=False, title=f"{each.kind}, {chain.currency}"
            )
    for issue in issues:
        errors.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if issues else 0)


def _tie_out_row(row: TieOutRow) -> dict[str, str]:
    return {
        "step": row.step.name,
        "total": f"{row.step.total:,f}",
        "difference": "starts" if row.difference is None else f"{row.difference:,f}",
        "reasons": "; ".join(f"{text} {amount:,f}" for text, amount in row.step.reasons),
        "unexplained": f"{row.unexplained:,f}" if row.unexplained else "",
    }
