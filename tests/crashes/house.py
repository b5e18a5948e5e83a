"""What people do to the house itself: its environment, confirmations of going live, a legal hold, and retention."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters.environment import name_environment
from adapters.settings import Settings
from adapters.store.confirmations import newest_confirmations
from adapters.store.retention import HoldKind
from adapters.store.signatures import signed_versions
from flows.attempts import attempt_at
from tasks.checkup.going_live import confirm
from tasks.stages.legal_holds import holds_on_record, place_hold, release_hold
from tasks.stages.retain import apply_retention, plan_retention
from tasks.stages.withdrawing import withdraw_signature
from tests.crashes.office import CLERK, FINANCE, HR, Office, Scenario, Step
from tests.crashes.ready import three_nights

_ITEM, _RULE = "backup", "promise_rate"


def _years_ago(folder: Path) -> Settings:
    return three_nights(folder).model_copy(update={"environment": "test"})


def _name(office: Office) -> None:
    """The home is named after the store: killed in between, nothing else opens them until it is typed again."""
    settings, store = office.world.settings, office.world.store
    with attempt_at(office.world, "environment test", None) as attempt:
        name_environment(settings, store, attempt, by=CLERK, reason="")


def _confirm(office: Office) -> None:
    with office.world.store.read() as connection:
        known = newest_confirmations(connection)
    with attempt_at(office.world, f"confirm {_ITEM}", None) as attempt:
        if _ITEM not in known:
            confirm(office.under(HR), _ITEM, attempt, by=HR, note="restored on another machine, and it proves")


def _place(office: Office) -> None:
    """A hold is one more each time that it is typed: who has lost the answer looks at the list first."""
    with attempt_at(office.world, "legal-hold place period", None) as attempt:
        if not holds_on_record(office.world):
            place_hold(office.under(HR), HoldKind.PERIOD, "2026-09", attempt, by=HR, reason="a claim")


def _release(office: Office) -> None:
    with attempt_at(office.world, "legal-hold release hold-1", None) as attempt:
        for hold in holds_on_record(office.world):
            if hold.is_in_force:
                release_hold(office.under(FINANCE), hold.hold, attempt, by=FINANCE, reason="settled")


def _withdraw(office: Office) -> None:
    """Where it is withdrawn already, typing it again is refused (SIG005)."""
    with office.world.store.read() as connection:
        stands = any(each.id == _RULE and each.withdrawn is None for each in signed_versions(connection))
    with attempt_at(office.world, f"withdraw {_RULE}", None):
        if stands:
            withdraw_signature(office.under(HR), _RULE, by=HR, reason="it counts bots")


def _retain(office: Office) -> None:
    """As it was planned a moment ago; what an attempt before could not finish is finished."""
    plan = plan_retention(office.world).plan
    with attempt_at(office.world, f"retain {plan}", None) as attempt:
        apply_retention(office.under(CLERK), plan, attempt, by=CLERK, reason="past its term")


HOUSE = Scenario(
    "house",
    "the environment named; an item of going live confirmed; a signature withdrawn; a legal hold placed, retention "
    "beside it, the hold released by somebody else, and what is past its term removed",
    _years_ago,
    datetime(2029, 1, 5, tzinfo=UTC),
    (
        Step("name the environment", _name),
        Step("confirm", _confirm),
        Step("withdraw a signature", _withdraw),
        Step("place a hold", _place),
        Step("retain what is held", _retain),
        Step("release the hold", _release),
        Step("retain", _retain),
    ),
)
