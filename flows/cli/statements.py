"""Commands on what people read of their pay."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.world import open_world
from flows.attempts import attempt_at
from flows.cli.arguments import BatchId
from flows.cli.output import AsJson, show, working
from reports.languages import Language

app = typer.Typer()

InLanguage = Annotated[Language | None, typer.Option("--language", help="en, vi or zh; without it, the house's.")]


@app.command()
def statements(batch: BatchId, language: InLanguage = None, *, as_json: AsJson = False) -> None:
    """The statement of each payee of a published batch, as page and PDF; in another language on request."""
    from tasks.stages.statements import write_statements

    world = open_world()
    with working("Statements"), attempt_at(world, f"statements {batch}", None):
        paths = write_statements(world, batch, language)
    folder = paths[0].parent if paths else ""
    show(paths, [{"files": len(paths), "folder": folder}], as_json=as_json, title="Statements")
