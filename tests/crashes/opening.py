"""The state of pay before going live: brought in, brought in again corrected, signed by somebody else, posted."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.periods import Period
from flows.attempts import attempt_at
from tasks.stages.brought_in import OpeningState, openings
from tasks.stages.opening_pay import bring_in, house_of, post_opening, sign_opening
from tasks.stages.rules import sound_rules
from tests.crashes.office import HR, Office, Scenario, Step
from tests.crashes.ready import three_nights
from tests.stages.test_opening_of_pay import opening_of

GO_LIVE = Period(2026, 9)


def _bring(office: Office, name: str, owed: int) -> None:
    """The old system's file lies in the landing folder; brought in twice it counts once."""
    folder = office.world.settings.landing
    file = folder / name
    if not file.exists():
        written = opening_of(_payee(office), folder, owed=owed, name=f"{name}.new")
        written.replace(file)
    with attempt_at(office.world, f"opening of pay {name}", GO_LIVE.start) as attempt:
        bring_in(office.world, file, GO_LIVE, attempt, by="importer")


def _payee(office: Office) -> str:
    """A collector in the field who is paid in VND."""
    house = house_of(office.world, sound_rules(office.world.settings.rules), GO_LIVE)
    return next(
        each.employee_id
        for each in house.staff.values()
        if each.currency == "VND" and {posting.department for posting in each.postings} == {"field"}
    )


def _sign(office: Office) -> None:
    if _is_in(office, OpeningState.BROUGHT_IN):
        with attempt_at(office.world, "sign opening of pay", None):
            sign_opening(office.under(HR), by=HR)


def _post(office: Office) -> None:
    if _is_in(office, OpeningState.SIGNED):
        with attempt_at(office.world, "post opening of pay", None):
            post_opening(office.world, by="operations")


def _is_in(office: Office, state: OpeningState) -> bool:
    with office.world.store.read() as connection:
        return any(each.state is state for each in openings(connection))


OPENING = Scenario(
    "opening of pay",
    "what payees carry over and owe at going live: brought in, replaced by a corrected file, signed, posted; and a "
    "correction after that, which posts the difference",
    three_nights,
    datetime(2026, 9, 5, tzinfo=UTC),
    (
        Step("bring in", lambda office: _bring(office, "first.csv", 300_000)),
        Step("bring in the corrected file", lambda office: _bring(office, "second.csv", 200_000)),
        Step("sign", _sign),
        Step("post", _post),
        Step("bring in what was wrong", lambda office: _bring(office, "third.csv", 100_000)),
        Step("sign again", _sign),
        Step("post the difference", _post),
    ),
)
