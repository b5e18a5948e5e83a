"""Turns as the Prefect UI shows them: a limit of one, beside the store's own turn, which is the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

from adapters.errors import SettingsError
from adapters.world import world_of_process
from domain.ids import AttemptId
from flows.attempts import turn_at
from flows.choices import renew_if_possible
from tasks.notices import is_watched

BOOK = "recoup-book"
_LEASE_SECONDS = 60  # the least that Prefect takes; renewed while the run lives
_SLOT_SECONDS = 5


@contextmanager
def our_turn(command: str, business_date: date | None, faults: Iterable[str] = ()) -> Iterator[AttemptId]:
    """An attempt that has the book to itself; the limit shows it on the page *Concurrency* while it runs.

    Whoever has the store's turn is alone. A slot that is taken all the same is that of a run that was killed, which
    Prefect gives back after a minute: nobody waits for it. Afterwards forms offer what has come of it.
    """
    world = world_of_process()
    with ExitStack() as afterwards:
        if is_watched():
            afterwards.callback(renew_if_possible, world.settings)
        with turn_at(world, command, business_date, faults) as attempt, ExitStack() as stack:
            if is_watched():
                _take_slot(stack)
            yield attempt


def _take_slot(stack: ExitStack) -> None:
    slot = concurrency(
        BOOK,
        timeout_seconds=_SLOT_SECONDS,
        lease_duration=_LEASE_SECONDS,
        strict=True,
        raise_on_lease_renewal_failure=False,
    )
    try:
        stack.enter_context(slot)
    except ConcurrencySlotAcquisitionError:
        raise SettingsError(f"FLW024 the Prefect server has no limit {BOOK}: `recoup provide` makes it") from None
    except TimeoutError:
        get_run_logger().warning("the slot of %s is still that of a run that died; the turn is ours", BOOK)


def ensure_limit() -> None:
    """The limit is there; what somebody has changed about it stays."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(BOOK)
        except ObjectNotFound:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=BOOK, limit=1))
