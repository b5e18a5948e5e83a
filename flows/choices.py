"""Choices in forms: what the store knows is put into the schemas by which Prefect draws forms and refuses what is not
in them. Renewed after each run that changes the book, and every minute by `recoup serve`.

A department is one of the list. What may have been made a moment ago (a batch, a month, a night) is chosen, or typed
beside the list: the flow itself refuses at once what is not there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.settings import Settings
from adapters.world import World, open_world
from tasks.stages.choices import Choices, choices_of

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

Schema = dict[str, Any]

_EVERY_SECONDS = 60.0
_OF_TYPED = ("type", "pattern", "minLength")
_log = logging.getLogger("recoup.forms")


@dataclass(frozen=True, slots=True)
class _Offered:
    """Which list a field offers, and whether something else may be typed beside it."""

    which: str
    or_typed: bool


_DEPARTMENT = {"department": _Offered("departments", or_typed=False)}
FIELDS: Mapping[str, Mapping[str, _Offered]] = {
    "report": _DEPARTMENT,
    "allocation-report": _DEPARTMENT,
    "publish": {"batch": _Offered("batches", or_typed=True)},
    "month-end": {"period": _Offered("whole_months", or_typed=True)},
    "simulate": {
        "first_month": _Offered("months", or_typed=True),
        "last_month": _Offered("months", or_typed=True),
    },
    "resume": {"run": _Offered("unfinished", or_typed=True)},
}


def with_choices(deployment: str, schema: Mapping[str, Any], choices: Choices) -> Schema:
    """The schema of a deployment's form with what may be chosen now, whatever was offered in it before; where there is
    nothing to choose, the field is as the flow has it."""
    fields = dict(schema["properties"])
    for name, offered in FIELDS.get(deployment, {}).items():
        plain = _plain(fields[name])
        found: Sequence[str] = getattr(choices, offered.which)
        listed = {**plain, "enum": [*_word_for_none(plain), *found]}
        fields[name] = plain if not found else _or_typed(plain, listed) if offered.or_typed else listed
    return {**schema, "properties": fields}


def _plain(field: Mapping[str, Any]) -> Schema:
    typed = field["anyOf"][-1] if "anyOf" in field else {}
    return {
        **{name: value for name, value in field.items() if name not in ("anyOf", "enum")},
        **{name: typed[name] for name in _OF_TYPED if name in typed},
    }


def _word_for_none(field: Mapping[str, Any]) -> list[str]:
    return [field["default"]] if "default" in field else []


def _or_typed(plain: Mapping[str, Any], listed: Mapping[str, Any]) -> Schema:
    about = {name: value for name, value in plain.items() if name not in _OF_TYPED}
    typed = {name: plain[name] for name in _OF_TYPED if name in plain}
    return {
        **about,
        "anyOf": [{"title": "choose", "type": "string", "enum": listed["enum"]}, {"title": "type", **typed}],
    }


def renew_choices(world: World) -> tuple[str, ...]:
    """Put what may be chosen now into the forms of the server; the deployments whose form had something else."""
    from prefect.client.orchestration import get_client

    choices = choices_of(world)
    with get_client(sync_client=True) as client:
        return tuple(_renewed(client, choices))


def _renewed(client: SyncPrefectClient, choices: Choices) -> Iterator[str]:
    from prefect.client.schemas.actions import DeploymentUpdate
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    ours = DeploymentFilter(name=DeploymentFilterName(any_=list(FIELDS)))
    for each in client.read_deployments(deployment_filter=ours):
        stands = each.parameter_openapi_schema or {}
        if FIELDS[each.name].keys() <= stands.get("properties", {}).keys():
            wanted = with_choices(each.name, stands, choices)
            if wanted != stands:
                client.update_deployment(each.id, DeploymentUpdate(parameter_openapi_schema=wanted))
                yield each.name


@contextmanager
def choices_kept_new(settings: Settings) -> Iterator[None]:
    """While this lasts: what is prepared and decided at command lines is in the forms within a minute."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(_EVERY_SECONDS):
            renew_if_possible(settings)

    thread = threading.Thread(target=keep, name="choices of forms", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=10)


def renew_if_possible(settings: Settings) -> None:
    """Whatever stands in the way: a form with an older list is no reason to end a night badly, and the log has why."""
    try:
        renewed = renew_choices(open_world(settings))
    except Exception:  # noqa: BLE001 - the night is done, whatever the server or a file of last year has
        _log.exception("FLW025 forms keep their old choices")
    else:
        _log.info("forms with new choices: %s", ", ".join(renewed) or "none")
