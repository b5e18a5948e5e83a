"""The doctor: whether everything that nights need is there, and what to do where it is not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from adapters.environment import name_environment, namings
from adapters.errors import SettingsError
from adapters.settings import Settings, read_settings
from adapters.world import open_any_world, open_world
from domain.issues import Issue
from flows.attempts import attempt_at
from flows.cli.output import AsJson, errors, people, say, show
from flows.server_keys import given_password
from tasks.checkup.looked import Looked, wrong
from tasks.checkup.server import Server

app = typer.Typer()

FAILED = 1


@app.command()
def doctor(
    item: Annotated[
        str, typer.Option("--confirm", metavar="ITEM", help="Confirm an item of going live, with --by and --note.")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="Your name, as it is to be recorded.")] = "",
    note: Annotated[str, typer.Option("--note", help="What you saw or did.")] = "",
    *,
    go_live: Annotated[bool, typer.Option("--go-live", help="Also the checklist of going live.")] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also read every registered file, and compare its digest.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at everything that nights need: settings, machine, disk, database, rules, server, unfinished work.

    Nothing is changed, but for what --confirm records. Exit 0 with nothing worse than warnings, 1 with errors.
    """
    from tasks.checkup.checkup import check_up
    from tasks.checkup.going_live import look_at_going_live

    if item:
        _confirm(item, by, note, as_json=as_json)
        return
    try:
        settings = read_settings()
    except SettingsError as error:
        wrong_settings = wrong("DOC002", "settings", str(error), "Correct them; docs/settings.md has each")
        tell((Looked("settings", "wrong", (wrong_settings,)),), as_json=as_json)
        return
    found = check_up(settings, served_here(settings), thorough=thorough)
    if go_live:
        found = (*found, *look_at_going_live(open_any_world(settings)))
    tell(found, as_json=as_json)


def _confirm(item: str, by: str, note: str, *, as_json: bool) -> None:
    from tasks.checkup.going_live import confirm

    world = open_world()
    with attempt_at(world, f"confirm {item}", None) as attempt:
        one = confirm(world, item, attempt, by=by, note=note)
    show(one, [asdict(one)], as_json=as_json, title="Confirmed")


def served_here(settings: Settings) -> Server:
    """The server that Prefect's own variables name, or this machine's; its password from there, or from its file."""
    password = given_password(os.environ)
    kept = settings.home / "prefect" / "password"
    if not password and kept.is_file():
        password = kept.read_text(encoding="ascii").strip()
    return Server(os.environ.get("PREFECT_API_URL", f"http://127.0.0.1:{settings.port}/api"), password)


def tell(found: tuple[Looked, ...], *, as_json: bool) -> None:
    """A line for each look, then every finding; exits with 1 where one is an error."""
    show(found, [_row(each) for each in found], as_json=as_json, title="Doctor")
    issues = tuple(issue for each in found for issue in each.issues)
    if not as_json:
        _print(issues)
    if any(issue.is_error for issue in issues):
        raise typer.Exit(FAILED)


def _row(looked: Looked) -> dict[str, str]:
    severities = [issue.severity.value for issue in looked.issues]
    state = "error" if "error" in severities else "warning" if severities else "fine"
    return {"looked at": looked.about, "state": state, "found": looked.found}


def _print(issues: Iterable[Issue]) -> None:
    ordered = sorted(issues, key=lambda issue: not issue.is_error)
    for issue in ordered:
        errors.print(f"{issue.severity.value}: {issue}", markup=False, highlight=False, soft_wrap=True)
    if not ordered:
        people.print("Nothing is wrong")


@app.command()
def environment(
    by: Annotated[str, typer.Option("--by", help="Name store and home as RECOUP_ENVIRONMENT says: your name.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why it becomes another environment.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Of which environment the store and the home are; with --by, name them: nothing else opens them from then on."""
    settings = read_settings()
    world = open_any_world(settings)
    if by or reason:
        with attempt_at(world, f"environment {settings.environment}", None) as attempt:
            name_environment(settings, world.store, attempt, by=by, reason=reason)
    found = namings(world.store)
    rows = [
        {
            "environment": each.environment,
            "by": each.by,
            "named": f"{each.recorded_at:%Y-%m-%d %H:%M}",
            "reason": each.reason,
        }
        for each in found
    ]
    show(found, rows, as_json=as_json, title="The store was named")
    if not found:
        say("`RECOUP_ENVIRONMENT=production recoup environment --by NAME` names it", as_json=as_json)
