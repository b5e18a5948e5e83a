"""The command `recoup`. Exit codes: 0 done, 1 failed, 2 wrong use, 3 halted by a gate."""

from __future__ import annotations

import os
import sys

import sqlalchemy as sa
import typer

from adapters.errors import WorldError
from adapters.redaction import redacted
from adapters.settings import read_settings
from adapters.store.engine import refused_right
from flows.cli import (
    actions,
    adjusting,
    auditing,
    books,
    calibrating,
    capacity,
    contact_points,
    dispatching,
    doctor,
    experiments,
    explaining,
    fairness,
    figures,
    gates,
    nights,
    observing,
    opening,
    parallel,
    partners,
    pay,
    payroll,
    projection,
    reporting,
    retention,
    rules,
    serving,
    settlement,
    sharing,
    signals,
    simulating,
    standing,
    statements,
    targets,
    worklists,
)
from flows.cli.output import errors
from flows.halting import Halted
from flows.server_keys import close_own_server

FAILED, HALTED = 1, 3

app = typer.Typer(
    help="The nightly batch system of debt-collection operations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (
    nights.app,
    gates.app,
    pay.app,
    auditing.app,
    statements.app,
    projection.app,
    contact_points.app,
    worklists.app,
    figures.app,
    experiments.app,
    rules.app,
    sharing.app,
    simulating.app,
    calibrating.app,
    fairness.app,
    capacity.app,
    parallel.app,
    books.app,
    doctor.app,
    retention.app,
    serving.app,
    observing.app,
):
    app.registered_commands.extend(commands.registered_commands)
app.add_typer(explaining.explaining, name="explain")
app.add_typer(retention.legal_hold, name="legal-hold")
app.add_typer(targets.targets, name="targets")
app.add_typer(actions.actions, name="actions")
app.add_typer(signals.signals, name="signals")
app.add_typer(dispatching.dispatch, name="dispatch")
app.add_typer(adjusting.adjustments, name="adjustments")
app.add_typer(adjusting.disputes, name="disputes")
app.add_typer(reporting.report, name="report")
app.add_typer(payroll.payroll, name="payroll")
app.add_typer(opening.opening, name="opening")
partners.partners.registered_commands.extend(standing.app.registered_commands)
app.add_typer(partners.partners, name="partners")
app.add_typer(settlement.settlement, name="settlement")


def main() -> None:
    """What goes wrong in the world, and what a gate halts, is told in a few lines; a bug keeps its traceback."""
    try:
        _prepare_prefect()
        app()
    except Halted as halted:
        errors.print("[bold red]halted[/]: ", end="", markup=True)
        errors.print(redacted(str(halted)), highlight=False, soft_wrap=True)
        sys.exit(HALTED)
    except WorldError as error:
        errors.print("[bold red]failed[/]: ", end="", markup=True)
        errors.print(redacted(str(error)), markup=False, highlight=False, soft_wrap=True)
        sys.exit(FAILED)
    except sa.exc.ProgrammingError as error:
        told = refused_right(error)
        if told is None:
            raise
        errors.print("[bold red]failed[/]: ", end="", markup=True)
        errors.print(told, markup=False, highlight=False, soft_wrap=True)
        sys.exit(FAILED)


def _prepare_prefect() -> None:
    """Prefect's files lie below the home folder like everything else.

    What went wrong is told once, by `main`: Prefect's own words go to the log of the run, and not to the terminal.
    """
    os.environ.setdefault("PREFECT_HOME", str(read_settings().home.absolute() / "prefect"))
    close_own_server(os.environ)
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "recoup")  # what stages say stands in the run's log too
    os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
