"""Decisions of people on differences between a partner's claims and the books."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.batches import refuse_other_names
from adapters.store.claims import insert_claim_decision, lock_claims, settlement_named
from adapters.world import World, business_today
from domain.ids import AttemptId
from domain.issues import Location
from domain.periods import Period
from incentives.approvers import PayDecision
from incentives.authority import Matter
from incentives.claims.differences import ClaimDecision, Difference, State, Step, refusals
from incentives.claims.kinds import Kind
from incentives.ledger import BatchKind
from tasks.stages.authority import refuse, ruling_on
from tasks.stages.claims_state import PartnerClaims, partner_claims
from tasks.stages.rules import RuleSet, sound_rules


@dataclass(frozen=True, slots=True)
class Which:
    """The differences that are meant: by id, or by number in a settlement, or all that are open of a settlement, of a
    kind, up to an amount."""

    named: tuple[str, ...] = ()
    settlement: str = ""
    kind: Kind | None = None
    at_most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    difference: Difference
    state: State


def decide_differences(
    world: World,
    which: Which,
    step: Step,
    *,
    by: str,
    reason: str,
    until: date | None = None,
    on: date | None = None,
    attempt: AttemptId | None,
) -> tuple[Decided, ...]:
    """Record one step on each difference: all of them, or none. Each as it stands afterwards.

    Who may is said by the authorities of fees (`decide_claim`, `confirm_claim`); above what the contract's terms say, a
    second person confirms. Raises: RefusedError with everything that stands against it; ConflictError if somebody
    decided at the same moment.
    """
    day, rules = on or business_today(world), sound_rules(world.settings.rules)
    try:
        with world.store.write("claim_decided") as connection:
            refuse_other_names(connection, by)
            lock_claims(connection)
            claims, chosen = _chosen(world, connection, which, step)
            number = sum(len(each) for each in claims.decisions.values())
            faults: list[str] = []
            for offset, difference in enumerate(chosen, start=1):
                before = claims.decisions.get(difference.difference_id, ())
                proposal = _needs_two(rules, difference, step, day)
                decision = ClaimDecision(
                    claims.partner, number + offset, difference.difference_id, len(before) + 1, step, proposal, until,
                    by, reason, day,
                )  # fmt: skip
                faults += _faults(claims, decision, difference, before)
                acting_for = _ruled(connection, rules, difference, claims, decision, faults)
                insert_claim_decision(world.store, connection, _row(decision, acting_for), attempt)
            if faults:
                raise RefusedError("\n".join(dict.fromkeys(faults)))
    except sa.exc.IntegrityError:
        raise ConflictError(
            f"somebody decided on claims of {which.settlement or ', '.join(which.named)} at the same moment: look again"
        ) from None
    with world.store.read() as connection:
        after = partner_claims(world, connection, claims.partner)
    return tuple(Decided(each, after.state(each, day)) for each in chosen)


def _chosen(
    world: World, connection: sa.Connection, which: Which, step: Step
) -> tuple[PartnerClaims, tuple[Difference, ...]]:
    prefix = which.settlement or (which.named[0].rpartition(".")[0] if which.named else "")
    settlement = settlement_named(connection, prefix)
    claims = partner_claims(world, connection, settlement.partner_id)
    if which.named:
        known = {each.difference_id: each for each in claims.differences}
        named = [f"{settlement.settlement_id}.{name}" if name.isdigit() else name for name in which.named]
        missing = [name for name in named if name not in known]
        if missing:
            text = f"STL010 no difference {', '.join(missing)}"
            raise RefusedError(f"{text}; `recoup settlement show {settlement.settlement_id}` lists them")
        return claims, tuple(known[name] for name in dict.fromkeys(named))
    found = tuple(each for each in _listed(claims, settlement.settlement_id, step) if _is_meant(each, which))
    if not found:
        waits = " that waits for a second person" if step in {Step.CONFIRM, Step.OBJECT} else " that is not decided yet"
        raise RefusedError(f"STL010 {settlement.settlement_id} has no such difference{waits}")
    return claims, found


def _listed(claims: PartnerClaims, settlement: str, step: Step) -> Iterator[Difference]:
    wants_pending = step in {Step.CONFIRM, Step.OBJECT}
    for each in claims.differences:
        state = claims.state(each)
        if each.settlement_id == settlement and not state.standing.is_final and (not wants_pending or state.pending):
            yield each


def _is_meant(each: Difference, which: Which) -> bool:
    is_small = which.at_most is None or each.at_stake <= which.at_most
    return is_small and which.kind in {None, each.kind}


def _faults(
    claims: PartnerClaims, decision: ClaimDecision, difference: Difference, before: Sequence[ClaimDecision]
) -> Iterator[str]:
    for issue in refusals(decision, difference, before):
        yield f"{issue.location} {issue.code} {issue.message}. {issue.hint}".rstrip()
    if difference.settlement_id not in claims.newest and decision.verdict is not Step.REOPEN:
        text = "was listed by an earlier settlement: a later one has looked at it again"
        yield f"difference {difference.difference_id} STL028 {text}. Decide what it lists"


def _ruled(
    connection: sa.Connection,
    rules: RuleSet,
    difference: Difference,
    claims: PartnerClaims,
    decision: ClaimDecision,
    faults: list[str],
) -> str:
    """Whom it is decided for; what stands against it is added to the faults."""
    confirms = decision.verdict in {Step.CONFIRM, Step.OBJECT}
    what = PayDecision.CONFIRM_CLAIM if confirms else PayDecision.DECIDE_CLAIM
    pending = claims.state(difference).pending
    involved = dict.fromkeys(pending.persons if confirms and pending else (), "proposed it")
    place = Location(f"difference {difference.difference_id}")
    payees = frozenset({difference.partner})
    matter = Matter(what, decision.by, place, difference.partner, difference.moves_minor, payees, involved)
    period = Period.of(difference.booked_on or difference.month or decision.on)
    try:
        return refuse(ruling_on(connection, rules, BatchKind.FEE, period, matter, decision.on))
    except RefusedError as refused:
        faults.extend(str(refused).splitlines())
        return ""


def _needs_two(rules: RuleSet, difference: Difference, step: Step, day: date) -> bool:
    """Whether a verdict of this size counts only once a second person confirms it; what waits needs nobody."""
    if step not in {Step.OURS, Step.THEIRS, Step.REJECT}:
        return False
    versions = [each.rule for each in rules.contracts.contracts if each.rule.id == difference.contract]
    holding = [each for each in versions if each.holds_on(day)] or versions[-1:]
    terms = holding[-1].settlement if holding else None
    if terms is None or terms.two_people_above is None:
        return False
    return difference.at_stake > terms.two_people_above


def _row(decision: ClaimDecision, acting_for: str) -> dict[str, object]:
    return {
        "partner_id": decision.partner,
        "number": decision.number,
        "difference_id": decision.difference_id,
        "step": decision.step,
        "verdict": decision.verdict.value,
        "is_proposal": decision.is_proposal,
        "until": decision.until,
        "by_name": decision.by,
        "reason": decision.reason,
        "decided_on": decision.on,
        "on_behalf_of": acting_for,
    }
