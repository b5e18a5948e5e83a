"""Commands on nights: run one, run one again, and look at what ran."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, cast

import typer

from adapters.store.killed import as_they_are
from adapters.store.results import read_checks, read_verdict
from adapters.store.runs import (
    Attempt,
    StageResult,
    attempts_of_run,
    files_of_run,
    newest_attempts,
    run_named,
    stages_of,
)
from adapters.store.signatures import withdrawn_among
from adapters.world import open_world
from domain.ids import RunId, short
from domain.manifest import Stage
from domain.records import CheckResult, Outcome, TableVerdict
from flows.cli.arguments import OnDate, RuleFolder, parse_date
from flows.cli.output import AsJson, print_table, running_flow, say, show
from tasks.stages.manifests import manifest_of
from tasks.stages.plan import NIGHT
from tasks.stages.waive import waivers_of_run

app = typer.Typer()


class NightStage(StrEnum):
    """The stages that a rerun can begin with."""

    GATE = Stage.GATE
    ALLOCATE = Stage.ALLOCATE
    MEASURE = Stage.MEASURE
    PROJECT = Stage.PROJECT
    REPORT = Stage.REPORT


@app.command()
def nightly(
    day: OnDate,
    stage: Annotated[
        list[NightStage] | None,
        typer.Option("--stage", help="Only this stage, and others that are given so: the gate before the opening."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Run the night of a date: land, gate, allocate, measure, project, report."""
    stages = tuple(Stage(each) for each in stage) if stage else NIGHT
    with running_flow(f"Night of {day}"):
        from flows.nightly import nightly as flow

        flow(day, stages)
    _show_newest(day, as_json=as_json)


@app.command("catch-up")
def catch_up(
    until: Annotated[
        date | None,
        typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="Last business date; else yesterday's."),
    ] = None,
) -> None:
    """Run the nights that are missing since the last official one, oldest first."""
    with running_flow("Catching up"):
        from flows.catch_up import catch_up as flow

        flow(until)
    runs(most=10)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="Run id, or the beginning of one; without it, the newest.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Go on with a night that was killed, after its last finished stage, with what it was planned with."""
    with running_flow("Going on"):
        from flows.resume import resume as flow

        night = flow(run)
    _show_newest(night.business_date, as_json=as_json)


@app.command()
def rerun(
    day: OnDate,
    stage: Annotated[NightStage, typer.Option("--stage", help="First stage to run.")] = NightStage.GATE,
    rules: RuleFolder = None,
    *,
    what_if: Annotated[bool, typer.Option("--what-if", help="Beside the official result, releasing nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a date again, and compare it with the official result."""
    if rules and not what_if:
        raise typer.BadParameter("another rule book is for --what-if: an official run uses the book that is signed")
    with running_flow(f"{'What-if' if what_if else 'Rerun'} of {day}"):
        from flows.parameters import FirstStage
        from flows.rerun import rerun as flow

        comparison = flow(day, cast(FirstStage, stage.value), str(rules or ""), what_if=what_if)
    if comparison is None:
        say("No other official result of this date: nothing to compare with.", as_json=as_json)
        _show_newest(day, as_json=as_json)
        return
    rows = [{**asdict(each), "change": each.change} for each in comparison.differences]
    show(comparison, rows[:50], as_json=as_json, title="Beside the official result")
    say(f"{len(rows)} figures differ, {comparison.equal} are equal; the page: what-if/ or runs/", as_json=as_json)


@app.command()
def runs(
    most: Annotated[int, typer.Option("--most", help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """What was started, newest first, and how it ended."""
    store = open_world().store
    with store.read() as connection:
        listed = newest_attempts(connection, most)
    found = as_they_are(store, listed)
    rows = [
        {
            "started": attempt.started_at.strftime("%Y-%m-%d %H:%M:%S"),
            "command": attempt.command,
            "run": short(attempt.run) if attempt.run else "",
            "state": attempt.state.value,
            "message": attempt.message.splitlines()[0] if attempt.message else "",
        }
        for attempt in found
    ]
    show(found, rows, as_json=as_json, title="Runs")


@app.command("show")
def show_run(
    run: Annotated[str, typer.Argument(help="Run id, or the beginning of one.")], *, as_json: AsJson = False
) -> None:
    """What a run was made of, and what it came to: stages, verdicts, files."""
    from tasks.stages.withdrawing import withdrawn_said

    world = open_world()
    with world.store.read() as connection:
        found = run_named(connection, run)
        if len(found) != 1:
            known = ", ".join(row.run_id for row in found) or "none; `recoup runs` lists them"
            raise typer.BadParameter(f"{run!r} should name one run; it names {known}")
        row = found[0]
        run_id = RunId(row.run_id)
        stages = stages_of(connection, run_id)
        verdict = read_verdict(connection, run_id, row.business_date)
        checks = [check for check in read_checks(connection, run_id) if check.outcome is not Outcome.PASS]
        files = files_of_run(connection, run_id)
        recorded = attempts_of_run(connection, run_id)
        waived = waivers_of_run(connection, run_id) if stages else ()
        unsigned = [
            withdrawn_said(*each) for each in withdrawn_among(connection, manifest_of(connection, run_id).rules)
        ]
    attempts = as_they_are(world.store, recorded)
    if as_json:
        content = {
            "run": run_id,
            "kind": row.kind,
            "business_date": row.business_date,
            "manifest": row.manifest,
            "stages": stages,
            "verdict": verdict,
            "waivers": waived,
            "signatures_withdrawn_since": unsigned,
            "files": files,
            "attempts": attempts,
        }
        show(content, (), as_json=True)
        return
    say(f"{row.kind} of {row.business_date}, run {run_id}")
    print_table(
        "Stages", [{"stage": stage.stage, "outcome": stage.outcome.value, **_first(stage.summary)} for stage in stages]
    )
    _say_how_far(stages, row.manifest["stages"], attempts)
    for text in unsigned:
        say(f"The signature of {text}; the run stays as it was")
    if waived:
        print_table("Rests on waived halts", [asdict(waiver) for waiver in waived])
    print_table("Verdicts", [_verdict_row(table) for table in (verdict.tables if verdict else ())])
    print_table("Checks that did not pass", [_check_row(check) for check in checks])
    print_table("Files", [{"file": name, "rows": file.rows, "path": file.path} for name, file in files.items()])


def _say_how_far(stages: tuple[StageResult, ...], asked: list[str], attempts: tuple[Attempt, ...]) -> None:
    """Of a run that is not finished, which stages wait, and whether somebody is at work on them."""
    waiting = [stage for stage in asked if stage not in {each.stage for each in stages}]
    if waiting and attempts:
        last = attempts[-1]
        say(f"Not finished: {', '.join(waiting)}; the last attempt, of {last.started_at:%Y-%m-%d %H:%M} UTC, "
            f"is {last.state.value}. `recoup resume` goes on from {waiting[0]}")  # fmt: skip


def _verdict_row(table: TableVerdict) -> dict[str, object]:
    totals = table.totals
    return {
        "table": table.table,
        "verdict": table.outcome.value,
        "landed": totals.landed,
        "accepted": totals.accepted,
        "quarantined": totals.quarantined,
        "duplicate": totals.duplicate,
    }


def _check_row(check: CheckResult) -> dict[str, object]:
    return {
        "check": check.check,
        "outcome": check.outcome.value,
        "found": check.found,
        "expected": check.expected,
        "what to do": check.hint,
    }


def _first(summary: Any) -> dict[str, str]:
    """The plain figures of a stage's summary, in a few words."""
    plain = [f"{name} {value}" for name, value in summary.items() if isinstance(value, str | int) and value != ""]
    return {"summary": ", ".join(plain[:6])}


def _show_newest(day: date, *, as_json: bool) -> None:
    with open_world().store.read() as connection:
        (attempt,) = newest_attempts(connection, 1)
    if attempt.message:
        say(f"The run {attempt.message}", as_json=as_json)
    if attempt.run:
        show_run(attempt.run, as_json=as_json)
    say(f"`recoup show {short(attempt.run or '')}` shows the run of {day} again", as_json=as_json)


@app.command()
def breaches(
    day: OnDate,
    employee: Annotated[str, typer.Option("--employee", help="Only what this employee did.")] = "",
    limit: Annotated[str, typer.Option("--limit", help="Only of this limit, by its id.")] = "",
    *,
    each: Annotated[bool, typer.Option("--each", help="Every contact, instead of numbers by limit.")] = False,
    as_json: AsJson = False,
) -> None:
    """Contacts of the month, up to the date, that break a limit of the law."""
    from tasks.stages.breaches import breaches_of

    found = breaches_of(open_world(), day, employee=employee, limit=limit, each=each)
    listed = found.rows if each else found.counts
    rows = [
        {name.removesuffix("_id").replace("_", " "): value for name, value in asdict(one).items()} for one in listed
    ]
    show(found, rows, as_json=as_json, title=f"Breaches in {day:%Y-%m} up to {day}, run {short(found.run)}")
    if rows and not each:
        say("`--each` lists the contacts; `--employee` and `--limit` choose among them", as_json=as_json)


@app.command()
def planned(
    day: OnDate,
    owner: Annotated[str, typer.Option("--owner", help="Only what counts for this employee or partner.")] = "",
    account: Annotated[str, typer.Option("--account", help="Only of this account.")] = "",
    *,
    each: Annotated[bool, typer.Option("--each", help="Every action, instead of numbers by plan.")] = False,
    as_json: AsJson = False,
) -> None:
    """What treatment plans asked for in the month, up to the date, and what became of it."""
    from tasks.stages.adherence import planned_actions_of

    found = planned_actions_of(open_world(), day, owner=owner, account=account, each=each)
    listed = found.rows if each else found.counts
    rows = [
        {name.removesuffix("_id").replace("_", " "): value for name, value in asdict(one).items()} for one in listed
    ]
    show(found, rows, as_json=as_json, title=f"Planned actions in {day:%Y-%m} up to {day}, run {short(found.run)}")
    if rows and not each:
        say("`--each` lists the actions; `--owner` and `--account` choose among them", as_json=as_json)
