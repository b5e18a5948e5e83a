"""Commands that run servers: the Prefect server with the deployments, and the demonstration of everything."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.settings import read_settings

app = typer.Typer()


@app.command()
def serve(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 4200) -> None:
    """Start a Prefect server on this machine, and serve the deployments until interrupted."""
    from flows.serve import serve as run

    run(read_settings(), port)


@app.command("demo-run")
def demo_run(
    accounts: Annotated[int, typer.Option(help="Accounts of the demo book.")] = 20_000,
    employees: Annotated[int, typer.Option(help="Employees.")] = 120,
) -> None:
    """Everything once on a demo book: two months of nights, a month-end through approval, publishing and close."""
    from flows.demo import run

    run(accounts, employees)
