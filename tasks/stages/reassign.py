"""Overrides by leaders and handovers in absence: proposed by one person, released to the dispatch by another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.seam import WrittenFile
from adapters.store.batches import refuse_other_names
from adapters.store.reassignments import (
    insert_reassignment,
    insert_reassignment_decision,
    next_number,
    read_reassignments,
    reassignment_of,
)
from adapters.store.releases import (
    Decision,
    ReleaseKind,
    insert_release,
    next_sequence,
)
from adapters.world import World, business_today
from allocation.destinations import Destination
from allocation.overlay import OWNERSHIP, history_of, overlay
from allocation.reassign import Situation, faults, handed_over
from domain.ids import AttemptId, ReleaseId
from domain.issues import Issue, Location
from domain.reassignments import Reassigned, Reassignment, ReassignmentKind, refusals
from domain.worklists import urgency
from tasks.stages.authority import people_on
from tasks.stages.night import write_table
from tasks.stages.rules import sound_rules
from tasks.stages.situation import LookedAt, looked_at_day
from tasks.stages.worklist import promises_of, worth_of


@dataclass(frozen=True, slots=True)
class Terms:
    """From `first` to `until`, both included; who wants it, and why."""

    first: date
    until: date
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account and who is to get it, by id or as kind:id; `place` is where a file says so."""

    account: str
    owner: str
    place: Location | None = None


@dataclass(frozen=True, slots=True)
class KnownReassignment:
    """A reassignment as it stands: proposed, approved or rejected. `stays` is what a handover just proposed leaves
    with its absent owner, each with why, the most urgent first."""

    reassignment: Reassignment
    state: str
    decided_by: str = ""
    release: ReleaseId | None = None
    stays: tuple[Issue, ...] = ()


def propose_override(world: World, terms: Terms, wanted: Sequence[Wanted], attempt: AttemptId) -> KnownReassignment:
    """Record that these accounts are to have these owners for a time; all of them, or none.

    Raises: RefusedError with everything that forbids any of it.
    """
    twice = [each for number, each in enumerate(wanted) if each.account in {one.account for one in wanted[:number]}]
    doubled = [Issue("DSP013", _place(each), "stands twice", "Say once who gets it") for each in twice]
    with looked_at_day(world, terms.first, {each.account for each in wanted}) as looked_at:
        accounts = tuple(
            Reassigned(each.account, *_kind_and_id(each.owner, looked_at.situation.destinations)) for each in wanted
        )
        found = (*doubled, *faults(looked_at.situation, accounts, [_place(each) for each in wanted]))
    one = Reassignment(ReassignmentKind.OVERRIDE, 0, terms.first, terms.until, accounts, terms.by, terms.reason)
    return _record(world, one, looked_at.earliest, found, attempt)


def propose_handover(
    world: World, terms: Terms, absent: str, *, to: Sequence[str] = (), team: str = "", attempt: AttemptId
) -> KnownReassignment:
    """Record that what an absent employee has is to be worked by these colleagues, or by those of a team, until they
    are back: as much as they have room for and may have, the most urgent first. The rest stays, and is told.

    Raises: RefusedError with everything that forbids it, if none of it can be given.
    """
    with looked_at_day(world, terms.first, (), owner=absent) as looked_at:
        situation = looked_at.situation
        takers, unknown = _takers(situation, to, team)
        urgent = _most_urgent_first(world, looked_at, terms.until)
        accounts, stays = handed_over(situation, absent, takers, urgent) if not unknown else ((), ())
        found = (*unknown, *(() if accounts else stays), *faults(situation, accounts))
    days = (terms.first, terms.until)
    one = Reassignment(ReassignmentKind.HANDOVER, 0, *days, accounts, terms.by, terms.reason, absent)
    return replace(_record(world, one, looked_at.earliest, found, attempt), stays=stays)


def _most_urgent_first(world: World, looked_at: LookedAt, until: date) -> list[str]:
    """As work lists order them: promises broken lately, promises due by the last day, then what a minute of work is
    expected to bring; a promise that is due later is waited for."""
    names = sorted(looked_at.situation.accounts)
    worth = worth_of(world, looked_at.night, looked_at.situation.strategy)
    is_known = "promises" not in looked_at.halted
    promises = promises_of(looked_at.duck, looked_at.night + timedelta(days=1), names) if is_known else {}

    def place(name: str) -> tuple[int, Decimal, str]:
        return urgency(promises.get(name), until), -worth.get(name, Decimal(0)), name

    return sorted(names, key=place)


def decide_reassignment(
    world: World, name: str, *, approve: bool, by: str, reason: str = "", attempt: AttemptId
) -> KnownReassignment:
    """Approve or reject what somebody else proposed, once; approved, it is released at once.

    What forbids it is looked at again, by the newest night. Raises: RefusedError with every reason why it may not be;
    ConflictError if another release or decision was made at the same moment.
    """
    with world.store.read() as connection:
        known = _named(connection, name)
        refused = [*_not_due(known), *_of_approver(world, connection, known.reassignment, by)]
    if not approve:
        _refuse((*refused, *_no_reason(reason)))
        return _decide(world, known, "rejected", by, reason, attempt)
    one = known.reassignment
    with looked_at_day(world, one.first, {each.account_id for each in one.accounts}) as looked_at:
        _refuse(
            (
                *refused,
                *refusals(one, earliest=looked_at.earliest),
                *faults(looked_at.situation, one.accounts),
            )
        )
        with world.store.read() as connection:
            sequence = next_sequence(connection)
        rows = overlay(one, _owners(looked_at.situation, one), looked_at.duck.read(_history(one)), sequence)
    path = world.settings.home / "dispatch" / f"{one.reassignment_id}.{sequence}.parquet"
    written = world.seam.write_file(path, lambda part: write_table(rows, part), point="reassignment")
    return _decide(world, known, "approved", by, reason, attempt, (written, sequence, rows.num_rows))


def list_reassignments(world: World, day: date | None = None) -> tuple[KnownReassignment, ...]:
    """All of them, or those that are proposed for, or hold on, a day."""
    with world.store.read() as connection:
        found = tuple(_known(connection, row) for row in read_reassignments(connection))
    if day is None:
        return found
    return tuple(
        each for each in found if each.state != "rejected" and each.reassignment.first <= day <= each.reassignment.until
    )


def _kind_and_id(text: str, ends: Mapping[str, Destination]) -> tuple[str, str]:
    """Collectors and partners have ids of their own; where one id is both, kind:id says which."""
    kind, _, name = text.partition(":")
    if name and kind in {"employee", "partner"}:
        return kind, name
    return ("partner", text) if f"employee:{text}" not in ends and f"partner:{text}" in ends else ("employee", text)


def _takers(situation: Situation, to: Sequence[str], team: str) -> tuple[tuple[Destination, ...], tuple[Issue, ...]]:
    ends = situation.destinations
    if team:
        found = tuple(one for one in ends.values() if one.team == team)
        text = f"nobody of team {team} gets accounts on that day"
        return found, () if found else (Issue("DSP002", Location(f"team {team}"), text, "Name another team"),)
    named = [ends.get(":".join(_kind_and_id(name, ends))) for name in to]
    hint = "Only collectors at work and partners under contract get accounts"
    unknown = [
        Issue("DSP002", Location(f"employee {name}"), "gets no accounts on that day", hint)
        for name, one in zip(to, named, strict=True)
        if one is None
    ]
    away = [name for name in to if name in situation.away]
    unknown += [
        Issue("DSP012", Location(f"employee {name}"), f"is on leave, and back on {situation.away[name]}",
              "Name somebody who is there")
        for name in away
    ]  # fmt: skip
    return tuple(one for one in named if one is not None), tuple(unknown)


def _owners(situation: Situation, one: Reassignment) -> dict[str, dict[str, Any]]:
    """The ownership of each account while it is reassigned."""
    found = {}
    for each in one.accounts:
        row, end = situation.accounts[each.account_id], situation.destinations[each.owner]
        channel, worked_as = situation.channel_of(row, each.owner_kind), situation.worked_as(row)["segment"]
        values = (each.owner_kind, each.owner_id, end.department, end.team, worked_as, channel)
        found[each.account_id] = dict(zip(OWNERSHIP, values, strict=True))
    return found


def _history(one: Reassignment) -> Any:
    return history_of(each.account_id for each in one.accounts)


_NOTHING = (
    "DSP016 no account would change hands: {who} works none. Check the number, and with `recoup explain allocation` "
    "who has the accounts"
)


def _record(
    world: World, one: Reassignment, earliest: date, found: Sequence[Issue], attempt: AttemptId
) -> KnownReassignment:
    nothing = () if one.accounts or found else (_NOTHING.format(who=one.from_owner or "nobody"),)
    _refuse((*refusals(one, earliest=earliest), *found, *nothing))
    with world.store.write("reassignment_proposed") as connection:
        refuse_other_names(connection, one.proposed_by)
        numbered = replace(one, number=next_number(connection))
        insert_reassignment(world.store, connection, numbered, business_today(world), attempt)
    return KnownReassignment(numbered, "proposed")


def _decide(
    world: World,
    known: KnownReassignment,
    decision: str,
    by: str,
    reason: str,
    attempt: AttemptId,
    released: tuple[WrittenFile, int, int] | None = None,
) -> KnownReassignment:
    """The decision and, if it was approved, the release, in one transaction."""
    one = known.reassignment
    try:
        with world.store.write("reassignment_decided") as connection:
            refuse_other_names(connection, by)
            _refuse(_not_due(_named(connection, one.reassignment_id)))
            release = None
            if released is not None:
                file, sequence, rows = released
                why = f"{one.reassignment_id}, proposed by {one.proposed_by}: {one.reason}"
                made = Decision(ReleaseKind(one.kind.value), one.first, by, why)
                release = insert_release(world, connection, made, sequence, file, rows, attempt)
            row = {
                "reassignment_id": one.reassignment_id,
                "decision": decision,
                "proposed_by": one.proposed_by,
                "by_name": by,
                "reason": reason.strip(),
                "decided_on": business_today(world),
                "release_id": release,
            }
            insert_reassignment_decision(world.store, connection, row, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on {one.reassignment_id} at the same moment: look at it again") from None
    return KnownReassignment(one, decision, by, release)


def _of_approver(world: World, connection: sa.Connection, one: Reassignment, by: str) -> Iterator[str]:
    """Another person than the proposer, and nobody who gets, or gives away, the accounts."""
    if not by.strip():
        yield "DSP010 a decision has a name: give --by"
    if by == one.proposed_by:
        yield f"DSP014 {by} proposed it: somebody else approves"
    people = people_on(connection, sound_rules(world.settings.rules), business_today(world))
    mine = {by, *people.employee_ids(by)}
    for name in sorted({one.from_owner, *(each.owner_id for each in one.accounts)} & mine):
        yield f"DSP014 {by} is {name}: nobody approves what they get, or give away, themselves"


def _no_reason(reason: str) -> Iterator[str]:
    if not reason.strip():
        yield "DSP010 it is rejected with a reason: give --reason"


def _not_due(known: KnownReassignment) -> Iterator[str]:
    if known.state != "proposed":
        yield f"DSP015 {known.reassignment.reassignment_id} was {known.state} by {known.decided_by}: propose another"


def _named(connection: sa.Connection, prefix: str) -> KnownReassignment:
    found = read_reassignments(connection, prefix=prefix)
    whole = [row for row in found if row.reassignment_id == prefix] or found
    if len(whole) != 1:
        known = ", ".join(row.reassignment_id for row in found) or "none; `recoup dispatch` lists them"
        raise RefusedError(f"DSP015 {prefix!r} should name one override or handover; it names {known}")
    return _known(connection, whole[0])


def _known(connection: sa.Connection, row: sa.Row[Any]) -> KnownReassignment:
    release = None if row.release_id is None else ReleaseId(row.release_id)
    one = reassignment_of(connection, row)
    return KnownReassignment(one, row.decision or "proposed", row.decided_by or "", release)


def _place(each: Wanted) -> Location:
    return each.place or Location(f"account {each.account}")


def _refuse(found: Iterable[Issue | str]) -> None:
    texts = [str(each) for each in found]
    if texts:
        raise RefusedError("\n".join(texts))
