"""Commands on the register of actions: list them, enter one, and decide on one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.errors import RefusedError
from adapters.world import World, business_today, open_world
from domain.actions import (
    Action,
    ActionDecision,
    ActionDecisionKind,
    ActionState,
    Party,
    Phase,
    RegisterKind,
)
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, parse_date
from flows.cli.output import AsJson, say, show

actions = typer.Typer(
    help="What has to be done by a day, who waits for whom, and what people decided on it.",
    invoke_without_command=True,
)


def _parse_party(text: str) -> Party:
    try:
        return Party.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


ActionId = Annotated[str, typer.Argument(help="The action's id, or the beginning of it.")]
Day = Annotated[
    date | None, typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="As of this day; else today.")
]
OnDay = Annotated[
    date | None, typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Day of the decision; else today.")
]
Owner = Annotated[str, typer.Option("--owner", help="Only what this one has to do.")]
Said = Annotated[str, typer.Option("--text", "--reason", help="What there is to say.")]
OfKind = Annotated[RegisterKind | None, typer.Option("--kind", help="Only of this kind.")]
WaitingFor = Annotated[
    Party | None,
    typer.Option("--waiting-for", parser=_parse_party, metavar="KIND:NAME", help="Only what waits for this one."),
]


@actions.callback()
def listed(
    context: typer.Context,
    owner: Owner = "",
    kind: OfKind = None,
    department: Annotated[str, typer.Option("--department", help="Only of this department.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="Only what is about this partner.")] = "",
    waiting_for: WaitingFor = None,
    day: Day = None,
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open ones whose deadline has passed.")] = False,
    to_approve: Annotated[bool, typer.Option("--to-approve", help="Only closings that wait for approval.")] = False,
    differs: Annotated[
        bool, typer.Option("--differs", help="Only those decided here otherwise than in the core system.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The actions, by deadline."""
    if context.invoked_subcommand:
        return
    from tasks.stages.actions import Filter, actions_like

    world = open_world()
    today = day or business_today(world)
    wanted = Filter(
        only_open, owner, today if overdue else None, kind, department, waiting_for,
        Phase.TO_APPROVE if to_approve else None, partner, differs,
    )  # fmt: skip
    found = actions_like(world, wanted)
    show(found, [_row(each, today) for each in found], as_json=as_json, title="Actions")
    if found:
        say(
            "`recoup actions show ID` has the whole history; `recoup actions decide ID --by NAME --outcome TEXT` "
            "closes one",
            as_json=as_json,
        )


@actions.command("show")
def show_one(action: ActionId, day: Day = None, *, as_json: AsJson = False) -> None:
    """One action with its whole history."""
    from tasks.stages.actions import action_of

    world = open_world()
    found = action_of(world, action)
    if as_json:
        show(found, (), as_json=True)
        return
    today = day or business_today(world)
    show(found, [{"": name, " ": text} for name, text in _facts(found, today)], as_json=False, title=found.action_id)
    show(found, [_step(number, each) for number, each in enumerate(found.decisions, 1)], as_json=False, title="History")


@actions.command()
def add(
    kind: Annotated[RegisterKind, typer.Option("--kind", help="What it is.")],
    about: Annotated[str, typer.Option("--about", help="What was found, in words; no names, no telephone numbers.")],
    by: ByName,
    code: Annotated[str, typer.Option("--code", help="Type of the complaint, or the fault of feedback.")] = "",
    account: Annotated[str, typer.Option("--account", help="The account that it is about.")] = "",
    employee: Annotated[str, typer.Option("--employee", help="The employee whom it is about.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="The partner that it is about.")] = "",
    unit: Annotated[str, typer.Option("--unit", help="The bank's unit; else the one that the account came from.")] = "",
    owner: Annotated[str, typer.Option("--owner", help="Who has it; else whom the terms of the kind name.")] = "",
    department: Annotated[str, typer.Option("--department", help="Else that of the terms.")] = "",
    received: Annotated[
        date | None,
        typer.Option("--received", parser=parse_date, metavar="YYYY-MM-DD", help="When it came in; else --on."),
    ] = None,
    day: OnDay = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Enter an action; its deadline is counted by the terms of its kind."""
    from tasks.stages.entered_actions import Entry, enter_action

    world = open_world()
    entry = Entry(
        kind,
        about,
        by,
        day or business_today(world),
        code,
        account,
        employee,
        partner,
        unit,
        owner,
        department,
        received,
    )
    _refuse_future(world, max(entry.on, received or entry.on))
    with attempt_at(world, f"enter {kind}", None) as attempt:
        entered = enter_action(world, entry, attempt)
    show(entered, [_row(entered, entry.on)], as_json=as_json, title=f"{by} entered")
    say(f"Due on {entered.deadline}: {entered.opened.due_by}", as_json=as_json)


@actions.command()
def decide(
    action: ActionId,
    by: ByName,
    outcome: Annotated[
        str, typer.Option("--outcome", help="What came of it, `CODE: words` by the terms of its kind: closes it.")
    ] = "",
    deadline: Annotated[
        date | None, typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="A later deadline.")
    ] = None,
    owner: Annotated[str, typer.Option("--hand-to", help="Another owner.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; a later deadline and another owner need one.")] = "",
    day: OnDay = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Close an action with its outcome, or give it a later deadline or another owner."""
    kind = _kind(outcome, deadline, owner)
    world = open_world()
    decision = ActionDecision(
        kind, by, day or business_today(world), outcome.strip(), " ".join(reason.split()), deadline, owner.strip()
    )
    decided = _decided(world, action, decision, as_json=as_json)
    if decided.phase is Phase.TO_APPROVE:
        say(
            f"Somebody else approves it: `recoup actions approve {decided.action_id} --by NAME`, or declines it",
            as_json=as_json,
        )


def _add_decision(name: str, kind: ActionDecisionKind, about: str) -> None:
    """A command that records one kind of decision in words."""

    @actions.command(name, help=about)
    def command(
        action: ActionId,
        by: ByName,
        text: Said = "",
        day: OnDay = None,
        *,
        as_json: AsJson = False,
    ) -> None:
        world = open_world()
        said = " ".join(text.split())
        _decided(world, action, ActionDecision(kind, by, day or business_today(world), reason=said), as_json=as_json)


_SAID = (
    ("resume", ActionDecisionKind.RESUMED, "What was waited for came, or did not: the clock goes on. Say the answer."),
    ("comment", ActionDecisionKind.COMMENTED, "Say something on an action; nothing else changes."),
    ("approve", ActionDecisionKind.APPROVED, "Approve the closing that somebody else has proposed."),
    ("decline", ActionDecisionKind.DECLINED, "Decline it, with a reason: the action stays open."),
    ("reopen", ActionDecisionKind.REOPENED, "Open again what was closed, with a reason."),
)
for _each in _SAID:
    _add_decision(*_each)


@actions.command()
def wait(
    action: ActionId,
    on: Annotated[
        Party, typer.Argument(parser=_parse_party, metavar="KIND:NAME", help="Who has to do something first.")
    ],
    by: ByName,
    text: Annotated[str, typer.Option("--text", help="What is asked of them.")],
    day: OnDay = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Record who is waited for, and what for; the terms of its kind say whether the deadline stands still."""
    world = open_world()
    said = " ".join(text.split())
    day_of = day or business_today(world)
    _decided(
        world,
        action,
        ActionDecision(ActionDecisionKind.WAITING, by, day_of, reason=said, waiting_on=on),
        as_json=as_json,
    )


@actions.command()
def answers(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The CSV that a unit of the bank sent back.")
    ],
    by: ByName,
    day: OnDay = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take in what a unit of the bank answered to feedback: the whole file, or nothing of it."""
    from tasks.stages.originators import take_answers

    world = open_world()
    today = day or business_today(world)
    with attempt_at(world, f"answers of {file.name}", None) as attempt:
        found = take_answers(world, file, by=by, on=today, attempt=attempt)
    show(found, [_row(each, today) for each in found], as_json=as_json, title=f"{len(found)} answers taken in")


@actions.command()
def remind(by: ByName, day: OnDay = None, *, as_json: AsJson = False) -> None:
    """List who is to be reminded of what, and record that they were: once in so many days, as the terms say."""
    from tasks.stages.actions import remind as remind_of

    world = open_world()
    today = day or business_today(world)
    with attempt_at(world, f"remind on {today}", None) as attempt:
        found = remind_of(world, today, by=by, attempt=attempt)
    rows = [{"remind": whom, **_row(each, today)} for each, whom in found]
    show([{"remind": whom, "action": each} for each, whom in found], rows, as_json=as_json, title="To be reminded")


def _decided(world: World, action: str, decision: ActionDecision, *, as_json: bool) -> Action:
    from tasks.stages.actions import decide_action

    _refuse_future(world, decision.decided_on)
    with attempt_at(world, f"{decision.kind} {action}", None) as attempt:
        decided = decide_action(world, action, decision, attempt)
    done = decided.decisions[-1].kind
    show(decided, [_row(decided, decision.decided_on)], as_json=as_json, title=f"{decision.by}: {done.value}")
    return decided


def _refuse_future(world: World, day: date) -> None:
    """What people type is of today, or of a day that they enter later."""
    if day > (today := business_today(world)):
        raise RefusedError(f"ACT017 {day} has not come yet: today is {today}")


def _kind(outcome: str, deadline: date | None, owner: str) -> ActionDecisionKind:
    asked = {
        ActionDecisionKind.CLOSED: bool(outcome),
        ActionDecisionKind.EXTENDED: deadline is not None,
        ActionDecisionKind.HANDED_OVER: bool(owner),
    }
    chosen = [kind for kind, is_asked in asked.items() if is_asked]
    if len(chosen) != 1:
        raise typer.BadParameter("decide one thing: --outcome closes it, --until extends it, --hand-to hands it over")
    return chosen[0]


def _row(action: Action, day: date) -> dict[str, object]:
    opened = action.opened
    return {
        "action": action.action_id,
        "kind": action.kind.value,
        "about": f"{opened.subject_kind} {opened.subject_id}: {opened.about}",
        "department": opened.department,
        "owner": action.owner,
        "opened": opened.opened_on.isoformat(),
        "deadline": action.deadline.isoformat(),
        "state": _state(action, day),
        "outcome": f"{action.outcome} ({action.closed_on})" if action.outcome else "",
    }


def _state(action: Action, day: date) -> str:
    if action.state is ActionState.CLOSED:
        return action.phase.value
    late = "overdue" if action.is_overdue(day) else ""
    match action.phase:
        case Phase.TO_APPROVE:
            where = f"to approve: {action.proposal.code or action.proposal.outcome}" if action.proposal else ""
        case Phase.WAITING:
            where = f"waiting for {action.waits_for}"
        case _:
            where = "" if late else "open"
    return ", ".join(filter(None, (late, where)))


def _facts(action: Action, day: date) -> Iterator[tuple[str, str]]:
    """What there is to say, line by line."""
    opened, waiting = action.opened, action.waiting
    yield "kind", f"{action.kind}{f', {opened.code}' if opened.code else ''}"
    yield "about", f"{opened.subject_kind} {opened.subject_id}: {opened.about}"
    named = {"account": opened.account, "employee": opened.employee, "partner": opened.partner, "unit": opened.unit}
    yield from ((name, found) for name, found in named.items() if found)
    yield "state", _state(action, day)
    yield "owner", f"{action.owner} ({opened.department})"
    yield "opened", f"{opened.opened_on}{f' by {opened.opened_by}' if opened.opened_by else ''}"
    yield "deadline", f"{action.deadline}{f' ({opened.due_by})' if opened.due_by else ''}"
    if waiting:
        clock = "the clock stands still" if waiting.stops_clock else "the clock goes on"
        yield "waiting", f"for {waiting.waiting_on} since {waiting.decided_on}, {clock}: {waiting.reason}"
    if action.differs_from_source:
        said = action.said_by_source
        there = (said.code or "still open") if said else ""
        yield "differs", f"the core system says {there}, here it is {action.code or action.phase.value}"


def _step(number: int, decision: ActionDecision) -> dict[str, object]:
    parts = (
        decision.code,
        decision.outcome,
        decision.reason,
        f"until {decision.deadline}" if decision.deadline else "",
        f"to {decision.owner}" if decision.owner else "",
        f"for {decision.waiting_on}" if decision.waiting_on else "",
    )
    said = "; ".join(dict.fromkeys(part for part in parts if part))
    return {
        "step": number,
        "on": decision.decided_on.isoformat(),
        "by": decision.by,
        "what": decision.kind.value,
        "said": said,
    }
