"""Commands on the register of actions: list them, and decide on one."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from adapters.world import business_today, open_world
from domain.actions import Action, ActionDecision, ActionDecisionKind
from flows.attempts import attempt_at
from flows.cli.arguments import ByName, parse_date
from flows.cli.output import AsJson, say, show

actions = typer.Typer(help="What has to be done by a day, and what people decided on it.", invoke_without_command=True)

Day = Annotated[
    date | None, typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="As of this day; else today.")
]
Owner = Annotated[str, typer.Option("--owner", help="Only what this one has to do.")]


@actions.callback()
def listed(
    context: typer.Context,
    owner: Owner = "",
    day: Day = None,
    *,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are not closed.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open ones whose deadline has passed.")] = False,
    as_json: AsJson = False,
) -> None:
    """The actions, by deadline."""
    if context.invoked_subcommand:
        return
    from tasks.stages.actions import list_actions

    world = open_world()
    today = day or business_today(world)
    found = list_actions(world, only_open=only_open, owner=owner, overdue_on=today if overdue else None)
    show(found, [_row(each, today) for each in found], as_json=as_json, title="Actions")
    if found:
        say("`recoup actions decide ID --by NAME --outcome TEXT` closes one", as_json=as_json)


@actions.command()
def decide(
    action: Annotated[str, typer.Argument(help="The action's id, or the beginning of it.")],
    by: ByName,
    outcome: Annotated[str, typer.Option("--outcome", help="What came of it: closes the action.")] = "",
    deadline: Annotated[
        date | None, typer.Option("--until", parser=parse_date, metavar="YYYY-MM-DD", help="A later deadline.")
    ] = None,
    owner: Annotated[str, typer.Option("--hand-to", help="Another owner.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why; a later deadline and another owner need one.")] = "",
    day: Annotated[
        date | None,
        typer.Option("--on", parser=parse_date, metavar="YYYY-MM-DD", help="Day of the decision; else today."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Close an action with its outcome, or give it a later deadline or another owner."""
    from tasks.stages.actions import decide_action

    world = open_world()
    kind = _kind(outcome, deadline, owner)
    said = " ".join(reason.split())
    decision = ActionDecision(kind, by, day or business_today(world), outcome.strip(), said, deadline, owner.strip())
    with attempt_at(world, f"decide {action}", None) as attempt:
        decided = decide_action(world, action, decision, attempt)
    show(decided, [_row(decided, decision.decided_on)], as_json=as_json, title=f"{by}: {kind.value}")


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
    state = "overdue" if action.is_overdue(day) else action.state.value
    return {
        "action": action.action_id,
        "about": f"{opened.subject_kind} {opened.subject_id}: {opened.about}",
        "department": opened.department,
        "owner": action.owner,
        "opened": opened.opened_on.isoformat(),
        "deadline": action.deadline.isoformat(),
        "state": state,
        "outcome": f"{action.outcome} ({action.closed_on})" if action.outcome else "",
    }
