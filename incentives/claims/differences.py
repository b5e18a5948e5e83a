"""Differences as people decide them: what stands, who may still say what, and what is payable by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.issues import Issue, Location
from domain.money import from_minor
from incentives.claims.kinds import ABOUT, Kind, Verdict


class Step(StrEnum):
    """What can be recorded on a difference: a verdict, a second person's word on one, or that it is open again."""

    OURS = "ours"
    THEIRS = "theirs"
    REJECT = "reject"
    WAIT = "wait"
    CONFIRM = "confirm"
    OBJECT = "object"
    REOPEN = "reopen"


class Standing(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    PROPOSED = "proposed"
    OURS = "ours"
    THEIRS = "theirs"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        return self in _FINAL.values()


_FINAL = {Step.OURS: Standing.OURS, Step.THEIRS: Standing.THEIRS, Step.REJECT: Standing.REJECTED}
_VERDICTS = frozenset(Step(each.value) for each in Verdict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A line or booking that does not agree, as the newest settlement lists it; money in minor units.

    `claimed_minor` is none where nothing was claimed that could be paid, `booked_minor` where nothing is booked.
    """

    difference_id: str
    settlement_id: str
    partner: str
    contract: str
    subject: str
    kind: Kind
    claim_id: str
    account_id: str
    reference: str
    payment_id: str
    claimed_on: date | None
    month: date | None
    paid_on: date | None
    booked_on: date | None
    posted_on: date | None
    claimed_minor: int | None
    booked_minor: int | None
    currency: str
    first_listed_on: date
    reply_by: date

    @property
    def at_stake_minor(self) -> int:
        """What a decision is about: the larger of what is claimed and what is booked."""
        return max(abs(self.claimed_minor or 0), abs(self.booked_minor or 0))

    @property
    def at_stake(self) -> Decimal:
        """The same in major units. A line without an amount that could be paid may have a currency nobody knows."""
        minor = self.at_stake_minor
        return from_minor(minor, self.currency) if minor else Decimal(0)

    @property
    def moves_minor(self) -> Mapping[str, int]:
        minor = self.at_stake_minor
        return {self.currency: minor} if minor else {}


@dataclass(frozen=True, slots=True)
class ClaimDecision:
    """One person's step on a difference; `number` counts up over all of the partner's, `step` over the difference's."""

    partner: str
    number: int
    difference_id: str
    step: int
    verdict: Step
    is_proposal: bool
    until: date | None
    by: str
    reason: str
    on: date
    on_behalf_of: str = ""

    @property
    def persons(self) -> frozenset[str]:
        return frozenset({self.by, self.on_behalf_of} - {""})


@dataclass(frozen=True, slots=True)
class State:
    """How a difference stands; `pending` is the verdict that waits for a second person."""

    standing: Standing
    pending: ClaimDecision | None = None
    last: ClaimDecision | None = None


def state_of(decisions: Iterable[ClaimDecision], *, on: date | None = None) -> State:
    """After the decisions, in the order of their steps; what waited is open again once its day is past."""
    standing, pending, last = Standing.OPEN, None, None
    for each in sorted(decisions, key=lambda decision: decision.step):
        last = each
        match each.verdict:
            case Step.CONFIRM if pending is not None:
                standing, pending = _FINAL[pending.verdict], None
            case Step.OBJECT | Step.REOPEN | Step.CONFIRM:
                standing, pending = Standing.OPEN, None
            case Step.WAIT:
                standing, pending = Standing.WAITING, None
            case _ if each.is_proposal:
                standing, pending = Standing.PROPOSED, each
            case _:
                standing, pending = _FINAL[each.verdict], None
    if standing is Standing.WAITING and on is not None and last is not None and last.until and last.until < on:
        standing = Standing.OPEN
    return State(standing, pending, last)


def payable_minor(difference: Difference, standing: Standing) -> int:
    """What of the booking is payable by the decision: never more than is booked."""
    booked = difference.booked_minor or 0
    match standing:
        case Standing.OURS:
            return booked
        case Standing.THEIRS:
            return min(difference.claimed_minor or 0, booked)
        case _:
            return 0


def refusals(decision: ClaimDecision, difference: Difference, before: Sequence[ClaimDecision]) -> tuple[Issue, ...]:
    """Why the step may not be recorded; whether its person may is for the authorities."""
    return tuple(_refusals(decision, difference, state_of(before)))


def _refusals(decision: ClaimDecision, difference: Difference, state: State) -> Iterator[Issue]:
    place, about = Location(f"difference {difference.difference_id}"), ABOUT[difference.kind]
    if not decision.reason.strip():
        yield Issue("STL020", place, "a difference is decided with a reason", "Give --reason")
    if decision.verdict in _VERDICTS:
        yield from _wrong_verdict(decision, difference, state, place)
    if decision.verdict is Step.WAIT and (decision.until is None or decision.until <= decision.on):
        yield Issue("STL023", place, "what waits, waits until a day to come", "Give --until")
    if decision.verdict in {Step.CONFIRM, Step.OBJECT}:
        if state.pending is None:
            yield Issue("STL024", place, f"nothing waits for a second person: it is {state.standing}", "Decide first")
        elif decision.persons & state.pending.persons:
            message = f"{decision.by} has proposed it: a second person confirms"
            yield Issue("STL025", place, message, "Somebody else types it")
    if decision.verdict is Step.REOPEN and not state.standing.is_final:
        yield Issue("STL026", place, f"it is {state.standing}: nothing is to be reopened", "Decide it")
    if decision.verdict is Step.OURS and about.holds and not difference.payment_id:
        message = f"the books have nothing that fits: {about.text}"
        yield Issue("STL022", place, message, "Reject it, or wait until it is booked")


def _wrong_verdict(decision: ClaimDecision, difference: Difference, state: State, place: Location) -> Iterator[Issue]:
    allowed = ABOUT[difference.kind].verdicts
    if Verdict(decision.verdict.value) not in allowed:
        shown = ", ".join(sorted(each.value for each in allowed))
        message = f"{difference.kind}: {ABOUT[difference.kind].text}; it may be decided {shown}"
        hint = "Only the books earn a fee: what they do not have is booked first, or paid as a manual adjustment"
        yield Issue("STL021", place, message, hint)
    if state.standing.is_final:
        last = state.last
        who = f" by {last.by} on {last.on}" if last else ""
        yield Issue("STL027", place, f"it was decided {state.standing}{who}", "Reopen it first, with a reason")


def age_bucket(days: int) -> str:
    """Buckets of age of what is open.

    >>> [age_bucket(days) for days in (0, 30, 31, 91)]
    ['0-30', '0-30', '31-60', '91+']
    """
    for first, last in ((0, 30), (31, 60), (61, 90)):
        if days <= last:
            return f"{first}-{last}"
    return "91+"
