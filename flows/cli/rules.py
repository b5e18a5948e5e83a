"""Commands for managers: check, sign and try rules; schemas for their editors."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from adapters.seam import system_clock
from adapters.settings import read_settings
from adapters.world import open_world
from domain.issues import has_errors
from flows.cli.arguments import RuleFolder, parse_date
from flows.cli.output import AsJson, errors, people, say, show
from flows.cli.sarif import as_sarif

app = typer.Typer()


@app.command()
def check(
    rules: RuleFolder = None,
    day: Annotated[
        date | None,
        typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Reviews are due by this day; else today."),
    ] = None,
    *,
    as_json: AsJson = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print findings as SARIF, for editors and reviews.")] = False,
) -> None:
    """Read all rule files and their tests, and report everything that is wrong, at once."""
    from tasks.stages.rule_tests import run_tests
    from tasks.stages.rules import read_rules

    settings = read_settings()
    found = read_rules(settings.rules, rules)
    overdue = found.stale(day or system_clock().astimezone(ZoneInfo(settings.time_zone)).date())
    issues = (*found.issues, *run_tests(settings.rules, found, rules), *overdue)
    if as_json or sarif:
        show(as_sarif(issues) if sarif else issues, (), as_json=True)
        raise typer.Exit(1 if has_errors(issues) else 0)
    for issue in issues:
        people.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    versions = {content.version for content in found.contents()}
    say(f"{len(found.book.documents)} files, {len(versions)} rule versions, {len(issues)} findings")
    raise typer.Exit(1 if has_errors(issues) else 0)


@app.command()
def sign(
    proposer: Annotated[str, typer.Option("--proposer", help="Who proposed the versions.")],
    by: Annotated[str, typer.Option("--by", help="Who approves them: somebody else.")],
    rule: Annotated[str, typer.Option("--rule", help="Sign one rule only, by its id.")] = "",
    rules: RuleFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Record who proposed and who approved the rule versions that have no signature yet."""
    from adapters.store.signatures import sign as record
    from tasks.stages.rules import sound_rules

    world = open_world()
    contents = [each for each in sound_rules(world.settings.rules, rules).contents() if rule in {"", each.version.id}]
    if not contents:
        raise typer.BadParameter(f"no rule has the id {rule!r}")
    number = record(world.store, contents, proposer=proposer, signer=by)
    show({"signed": number}, [{"signed": number, "proposer": proposer, "by": by}], as_json=as_json, title="Signatures")


@app.command("try")
def try_rule(
    policy: Annotated[str, typer.Argument(help="Id of a bonus policy.")],
    inputs: Annotated[Path, typer.Option("--inputs", exists=True, dir_okay=False, help="YAML: input name to value.")],
    rules: RuleFolder = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Evaluate one bonus policy on given values, and print the row with its explanation."""
    from tasks.stages.trying import try_policy_file

    trial = try_policy_file(read_settings().rules, rules, policy, inputs)
    for issue in trial.issues:
        errors.print(str(issue), markup=False, highlight=False, soft_wrap=True)
    if trial.row is None:
        raise typer.Exit(1)
    rows = [
        {
            "step": step.name,
            "kind": step.kind,
            "value": "no value" if step.value is None else f"{step.value:f}",
            "from": ", ".join(f"{name} {value}" for name, value in step.inputs),
            "rule line": step.line,
        }
        for step in trial.row.steps
    ]
    show(trial.row, rows, as_json=as_json, title=policy)
    if trial.row.stop is not None:
        errors.print(f"held: {trial.row.stop.reason}: {trial.row.stop.text}", highlight=False)
        raise typer.Exit(1)


@app.command()
def schemas(
    *, check_only: Annotated[bool, typer.Option("--check", help="Only tell whether they are up to date.")] = False
) -> None:
    """Write the JSON schemas of rule files and the data dictionary into docs/."""
    from flows.generated import outdated, write_all

    if not check_only:
        say(f"{write_all()} files written")
        return
    stale = outdated()
    for name in stale:
        errors.print(f"{name} is not what the models say: run `make schemas`", highlight=False)
    raise typer.Exit(1 if stale else 0)
