"""Commands on integrity signals: look at a month, work on cases, see what closed cases teach."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from adapters.world import business_today, open_world
from domain.ids import canonical_decimal
from domain.intervals import wilson
from domain.periods import Period
from domain.records import Grain
from domain.signals import BaseRate, CaseState, SignalCase
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, parse_date, parse_period
from flows.cli.output import AsJson, say, show, working
from kpi_rules.signals.tuning import Precision, Proposal
from kpi_rules.signals.words import percent, share_shown
from reports.scopes import Scope

signals = typer.Typer(help="Integrity signals: questions that figures ask, and what people found.")

Month = Annotated[Period, typer.Option("--month", parser=parse_period, metavar="YYYY-MM", help="Month.")]
AnyMonth = Annotated[
    Period | None, typer.Option("--month", parser=parse_period, metavar="YYYY-MM", help="Only cases of this month.")
]
Case = Annotated[str, typer.Argument(help="The case's id, or the beginning of it.")]
Team = Annotated[str, typer.Option("--team", help="Only what the leader of this team may see.")]
Department = Annotated[str, typer.Option("--department", help="Only cases about people of this department.")]


@signals.command()
def run(month: Month, *, as_json: AsJson = False) -> None:
    """Look at a month: base rates, and the cases that they raise; what is known already is not raised again."""
    from tasks.stages.signals import run_signals

    world = open_world()
    with working(f"Signals of {month}"), attempt_at(world, f"signals {month}", None) as attempt:
        done = run_signals(world, month, attempt)
    show(done, [_rate(each) for each in done.rates if not each.peers], as_json=as_json, title=f"As of {done.as_of}")
    for signal, why in done.left_out.items():
        say(f"{signal} did not look: {why}", as_json=as_json)
    known = "this has been looked at before; " if done.was_known else ""
    say(f"{known}{len(done.opened)} new cases; `recoup signals list --open` shows what is open", as_json=as_json)


@signals.command("list")
def listed(
    month: AnyMonth = None,
    team: Team = "",
    department: Department = "",
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    as_json: AsJson = False,
) -> None:
    """The cases, by month and signal."""
    from tasks.stages.signal_cases import list_cases

    if team and department:
        raise typer.BadParameter("give a team or a department")
    grain = Grain.TEAM if team else Grain.DEPARTMENT
    scope = Scope(grain, team or department) if team or department else None
    found = list_cases(open_world(), period=month, only_open=only_open, scope=scope)
    show(found, [_case(each) for each in found], as_json=as_json, title="Cases of signals")
    if found:
        say("`recoup signals show CASE` has the evidence; a case is a question, and no verdict", as_json=as_json)


@signals.command("show")
def shown(case: Case, *, as_json: AsJson = False) -> None:
    """One case: what was found, beside whom, and every row of it."""
    from tasks.stages.signal_cases import show_case, unit_of_case

    world = open_world()
    found = show_case(world, case)
    if not as_json:
        for line in _told(found):
            say(line)
    unit = unit_of_case(world, found)
    show(found, [_row(each, unit) for each in found.evidence], as_json=as_json, title="Evidence")


@signals.command()
def close(
    case: Case,
    by: ByName,
    reason: Annotated[str, typer.Option("--reason", help="What was looked at, and what was found.")] = "",
    day: Annotated[
        date | None, typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Day; else today.")
    ] = None,
    *,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="It was as it looked.")] = False,
    explained: Annotated[bool, typer.Option("--explained", help="There is a good explanation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Close a case: neither its subject does, nor who is paid by it."""
    from tasks.stages.signal_cases import close_case

    if confirmed == explained:
        raise typer.BadParameter("say one: --confirmed or --explained")
    world = open_world()
    state = CaseState.CONFIRMED if confirmed else CaseState.EXPLAINED
    said, when = " ".join(reason.split()), day or business_today(world)
    with attempt_at(world, f"signals close {case}", None) as attempt:
        done = close_case(world, case, state, by=by, reason=said, day=when, attempt=attempt)
    show(done, [_case(done)], as_json=as_json, title=f"{by}: {state.value}")


@signals.command()
def report(month: Month, *, as_json: AsJson = False) -> None:
    """Write the month's signals as page and workbook: the book's, and each department's and team's own."""
    from tasks.stages.labels import language_of
    from tasks.stages.signal_cases import write_signals_report

    world = open_world()
    with attempt_at(world, f"signals report {month}", None):
        files = write_signals_report(world, month, language_of(world))
    names = [path.as_posix() for path in files]
    show(names, [{"file": name} for name in names], as_json=as_json, title=f"Signals of {month}")


@signals.command()
def tune(*, as_json: AsJson = False) -> None:
    """What closed cases say about each signal, and the threshold that they speak for; nothing changes by itself."""
    from tasks.stages.signal_cases import precisions

    found = precisions(open_world())
    show(found, [_precision(*each) for each in found], as_json=as_json, title="Precision")
    for _, proposal in found:
        if proposal.parameter:
            say(f"{proposal.why}:\n\n{proposal.yaml}\nPut it into the rule, `recoup request`, and somebody else signs",
                as_json=as_json)  # fmt: skip


def _rate(rate: BaseRate) -> dict[str, Any]:
    low, high = wilson(rate.hits, rate.rows) if rate.rows else (None, None)
    between = f"{percent(low)} to {percent(high)}" if low is not None and high is not None else ""
    return {
        "signal": rate.signal,
        "of": f"{rate.subject_kind.value}s",
        "looked at": rate.subjects,
        "rows": rate.rows,
        "fired": rate.hits,
        "base rate": share_shown(rate.hits, rate.rows),
        "95 %": between,
        "cases": rate.cases,
    }


def _case(case: SignalCase) -> dict[str, Any]:
    closed = f"{case.state.value} by {case.closed_by} ({case.closed_on}): {case.reason}"
    return {
        "case": case.case_id,
        "signal": case.title,
        "about": f"{case.subject_kind.value} {case.subject_id}",
        "fired": f"{case.figures.hits} of {case.figures.rows}",
        "usual": f"up to {percent(case.figures.expected_rate)}",
        "deadline": case.deadline.isoformat(),
        "state": "open" if case.is_open else closed,
    }


def _told(case: SignalCase) -> tuple[str, ...]:
    state = f"{case.state.value}, due {case.deadline}, with {case.owner}"
    paid_by_it = ", ".join(case.interested) or "nobody"
    return (
        f"{case.case_id}: {case.subject_kind.value} {case.subject_id}, {case.period}; {state}",
        case.about,
        f"Paid by what it is about, so they do not close it: {paid_by_it}",
    )


def _row(row: Any, unit: str) -> dict[str, Any]:
    return {
        "day": row.day.isoformat(),
        row.table: row.row_id,
        "account": row.account_id,
        "held against": row.other_id,
        unit: canonical_decimal(row.figure),
    }


def _precision(known: Precision, proposal: Proposal) -> dict[str, Any]:
    interval = known.interval
    moved = f"{proposal.parameter}: {proposal.current} → {proposal.proposed}" if proposal.parameter else ""
    return {
        "signal": known.signal,
        "open": known.open,
        "closed": known.closed,
        "confirmed": known.confirmed,
        "precision": "" if known.share is None else percent(known.share),
        "95 %": "" if interval is None else f"{percent(interval[0])} to {percent(interval[1])}",
        "proposed": moved or proposal.why,
    }
