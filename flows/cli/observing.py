"""Commands for whoever watches the house: figures for Prometheus."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from adapters.world import open_world
from flows.cli.output import say

app = typer.Typer()


@app.command()
def metrics(
    to: Annotated[
        Path | None, typer.Option("--to", dir_okay=False, help="Write into this file, as node_exporter's textfile.")
    ] = None,
    port: Annotated[int | None, typer.Option("--serve", help="Answer scrapes on this port until interrupted.")] = None,
    host: Annotated[str, typer.Option("--host", help="Address to answer on.")] = "127.0.0.1",
) -> None:
    """The newest night by stage, what waits for people and how full the disk is, as Prometheus reads it."""
    from prometheus_client import generate_latest, start_http_server, write_to_textfile

    from tasks.stages.metrics import registry_of

    if to is not None and port is not None:
        raise typer.BadParameter("either --to or --serve")
    registry = registry_of(open_world())
    if port is not None:
        _, thread = start_http_server(port, host, registry)
        say(f"http://{host}:{port}/metrics")
        _until_interrupted(thread)
    elif to is not None:
        write_to_textfile(str(to), registry)
    else:
        typer.echo(generate_latest(registry).decode(), nl=False)


def _until_interrupted(thread: threading.Thread) -> None:
    try:
        thread.join()
    except KeyboardInterrupt:
        return
