"""Who is told what: automations of the Prefect server, as code. They live in the server, and so see a worker die.

Each posts a few words as JSON to the address of the settings; `text` is what chats show. Without an address the
automations are there all the same, and what triggers them is on the page *Events*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from pydantic import SecretStr

from adapters.settings import Settings
from flows.events import APPROVAL_WAITS
from flows.runbook import runbook_entry

if TYPE_CHECKING:
    from prefect.events.schemas.automations import AutomationCore

BLOCK = "recoup-notifications"
_OURS: Mapping[str, str] = {"prefect.resource.id": "prefect.tag.recoup"}
_ENDINGS = ("Completed", "NoNight", "Failed", "Halted", "Refused", "TimedOut", "Crashed", "Cancelled")
_ENDED = frozenset(f"prefect.flow-run.{name}" for name in _ENDINGS)
_NO_SIGN_OF_LIFE = timedelta(seconds=390)  # two of Prefect's heartbeats, which come every three minutes
_FIRST_LINE = "flow_run.name ~ ': ' ~ (flow_run.state.message or flow_run.state.name).split('\n')[0]"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told when one of the events is seen; or, with `within`, when none is seen so long after `after`."""

    name: str
    about: str
    words: str
    events: frozenset[str]
    entry: str
    after: frozenset[str] = frozenset()
    within: timedelta = timedelta()
    crashes: bool = False


def notices(settings: Settings) -> tuple[Notice, ...]:
    late = timedelta(minutes=settings.late_minutes)
    return (
        Notice("recoup halted", "A gate has halted a night", _FIRST_LINE, _named("Halted"), "halted"),
        Notice(
            "recoup failed",
            "A run has failed, was refused, took too long or crashed",
            _FIRST_LINE,
            _named("Failed", "Refused", "TimedOut", "Crashed"),
            "failed",
        ),
        Notice(
            "recoup not started",
            "A scheduled run was not picked up: nobody serves it",
            "flow_run.name ~ ' is late: nobody has started it'",
            _named("Late"),
            "late",
        ),
        Notice(
            "recoup still running",
            f"A run has not ended {settings.late_minutes} minutes after it began (RECOUP_LATE_MINUTES)",
            f"flow_run.name ~ ' has not ended after {settings.late_minutes} minutes'",
            _ENDED,
            "late",
            after=_named("Running"),
            within=late,
        ),
        Notice(
            "recoup died",
            "A run shows no sign of life any more: its process or its machine is gone",
            "flow_run.name ~ ' shows no sign of life: its process is gone'",
            _ENDED | _named("heartbeat"),
            "died",
            after=_named("heartbeat"),
            within=_NO_SIGN_OF_LIFE,
            crashes=True,
        ),
        Notice(
            "recoup approval waits",
            "Batches of pay wait for people",
            "'Batches wait for approval: ' ~ event.payload.batches",
            frozenset({APPROVAL_WAITS}),
            "approval-waits",
        ),
    )


def provide_automations(settings: Settings) -> None:
    """The automations as the settings want them now; those that somebody made by hand, or has paused, stay so.

    One that is as wanted is not written again: the server would forget which signs of life it waits for, and a run that
    died with the server before would say Running for ever.
    """
    from prefect.blocks.webhook import Webhook
    from prefect.client.orchestration import get_client

    address = settings.notify_url.get_secret_value()
    block = cast(UUID, Webhook(method="POST", url=SecretStr(address)).save(BLOCK, overwrite=True)) if address else None
    with get_client(sync_client=True) as client:
        for notice in notices(settings):
            wanted = _automation(notice, block, settings)
            standing = next(iter(client.read_automations_by_name(notice.name)), None)
            if standing is None:
                client.create_automation(wanted)
                continue
            wanted = wanted.model_copy(update={"enabled": standing.enabled})
            if standing.model_dump(exclude={"id"}) != wanted.model_dump():
                client.update_automation(standing.id, wanted)


def _automation(notice: Notice, block: UUID | None, settings: Settings) -> AutomationCore:
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import CallWebhook, ChangeFlowRunState, DoNothing
    from prefect.events.schemas.automations import AutomationCore

    place = runbook_entry(notice.entry, settings.runbook_url)
    actions: list[Any] = [
        CallWebhook(block_document_id=block, payload=_payload(notice, place)) if block else DoNothing()
    ]
    if notice.crashes:
        message = f"no sign of life any more: its process is gone\nRunbook: {place}"
        actions.append(ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=message))
    return AutomationCore(
        name=notice.name,
        description=f"{notice.about}. Runbook: {place}",
        trigger=_trigger(notice),
        actions=actions,
        tags=["recoup"],
    )


def _trigger(notice: Notice) -> Any:
    from prefect.events.schemas.automations import EventTrigger, Posture

    of_runs = APPROVAL_WAITS not in notice.events
    return EventTrigger(
        expect=set(notice.events),
        after=set(notice.after),
        match={"prefect.resource.id": "prefect.flow-run.*"} if of_runs else {"prefect.resource.id": "recoup.*"},
        match_related=dict(_OURS) if of_runs else {},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive if notice.within else Posture.Reactive,
        threshold=1,
        within=notice.within,
    )


def _payload(notice: Notice, place: str) -> str:
    """JSON as a template of the server; only the first line of a message leaves the house."""
    about_run = "flow_run" in notice.words
    fixed = {"what": notice.name, "about": notice.about, "runbook": place}
    run = ', "run": {{ flow_run.name | tojson }}, "address": {{ (flow_run | ui_url) | tojson }}' if about_run else ""
    return f'{{"text": {{{{ ({notice.words}) | tojson }}}}, {json.dumps(fixed)[1:-1]}{run}}}'


def _named(*names: str) -> frozenset[str]:
    return frozenset(f"prefect.flow-run.{name}" for name in names)
