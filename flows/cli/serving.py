"""Commands that run servers: the Prefect server with the deployments, and the demonstration of everything."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from adapters.settings import read_settings

app = typer.Typer()


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; else that of the settings.")] = None,
    host: Annotated[
        str,
        typer.Option(help="Address to listen on. Behind any other than 127.0.0.1, put a proxy that encrypts in front."),
    ] = ("127.0.0.1"),
) -> None:
    """Start a Prefect server on this machine, and serve the deployments until interrupted. It asks for a password."""
    from flows.serve import serve as run

    settings = read_settings()
    run(settings, port or settings.port, host)


@app.command()
def provide() -> None:
    """Make or renew what the deployments need of a Prefect server that others run: its limit and its automations."""
    from flows.serve import provide as run

    run(read_settings())


@app.command("prefect-file")
def prefect_file() -> None:
    """Print prefect.yaml with the schedules of the settings, for `prefect deploy --all` and a work pool."""
    from flows.deployments import project_file

    sys.stdout.write("\n".join(project_file(read_settings())) + "\n")


@app.command("demo-run")
def demo_run(
    accounts: Annotated[int, typer.Option(help="Accounts of the demo book.")] = 20_000,
    employees: Annotated[int, typer.Option(help="Employees.")] = 120,
) -> None:
    """Everything once on a demo book: two months of nights, a month-end through approval, publishing and close."""
    from flows.demo import run

    run(accounts, employees)
