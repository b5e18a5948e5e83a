"""What happens to pay, as events of the Prefect server, so that automations can tell people of it."""

from __future__ import annotations

from collections.abc import Iterable

APPROVAL_WAITS = "recoup.approval.waits"


def tell_approval_waits(batches: Iterable[str]) -> None:
    """That batches wait for people; ids of batches only, nothing of anybody's pay."""
    from prefect.events import emit_event

    named = ", ".join(batches)
    if named:
        resource = {"prefect.resource.id": "recoup.batches", "prefect.resource.name": named}
        emit_event(event=APPROVAL_WAITS, resource=resource, payload={"batches": named})
