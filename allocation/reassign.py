"""What stands in the way of an override or handover, and who of a team takes which accounts of an absent colleague."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from allocation.decisions import PARTNER_CHANNEL
from allocation.destinations import Destination
from allocation.eligibility import barrier
from allocation.limits import capacity_of, use_of_account
from allocation.partner_limits import PartnerLimit
from allocation.strategies import Segment, Strategy
from allocation.units import Kind
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.reassignments import Reassigned

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """What holds on the first day: `accounts` are rows of `book_statement`, each with the `reason` of its owner in
    force, of every account that is spoken of and of its debtor; `used` what of each destination's capacity is used;
    `barred` who does not get which account, and why; `away` who is on leave; `partner_limits` what partners have and
    may have by quotas and shares."""

    strategy: Strategy
    destinations: Mapping[str, Destination]
    accounts: Mapping[str, Row]
    used: Mapping[str, int]
    barred: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # account: destination: reason
    away: Mapping[str, date] = field(default_factory=dict)  # employee: the first day back
    partner_limits: Sequence[PartnerLimit] = ()
    debtors: Mapping[tuple[str, ...], Sequence[Row]] = field(init=False)

    def __post_init__(self) -> None:
        found: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in self.accounts.values():
            found[_debtor_of(row)].append(row)
        object.__setattr__(self, "debtors", found)

    def segment_of(self, row: Row) -> Segment:
        return next(one for one in self.strategy.segments if one.id == row["segment"])

    def worked_as(self, row: Row) -> Row:
        """The account that decides the segment and the skills: where a debtor has one owner, the worst of theirs that
        is worked. One that is placed or held is not decided together with those, and keeps its own."""
        if not self.strategy.rule.one_owner_per_debtor or not is_workable(self, row):
            return row
        return min((each for each in self.of_debtor(row) if is_workable(self, each)), key=_worst_first)

    def of_debtor(self, row: Row) -> Sequence[Row]:
        """All accounts of the debtor in the account's jurisdiction and currency."""
        return self.debtors[_debtor_of(row)]

    def barrier(self, row: Row, destination: Destination) -> str:
        """Why the destination may not have the account, empty where it may."""
        worst = self.worked_as(row)
        segment = self.segment_of(worst)
        rule, barred = segment.rule, self.barred.get(row["account_id"], {})
        skills = frozenset(str(worst[name] or "") for name in rule.skills)
        consents = bool(row["consent"]) if rule.partners and rule.partners.needs_consent else None
        number = self.strategy.segments.index(segment)
        kind = Kind(number, row["jurisdiction"], skills, frozenset(barred), consents)
        return barrier(kind, rule, destination, because=barred.get(destination.key, ""))

    def use_of(self, row: Row, destination: Destination) -> int:
        return use_of_account(self.strategy, self.segment_of(self.worked_as(row)).rule, destination)

    def room_at(self, destination: Destination) -> int:
        return capacity_of(destination, self.strategy) - self.used.get(destination.key, 0)

    def channel_of(self, row: Row, owner_kind: str) -> str | None:
        return PARTNER_CHANNEL if owner_kind == "partner" else self.segment_of(self.worked_as(row)).rule.channel


def _worst_first(row: Row) -> tuple[Any, ...]:
    """As `units.py` orders the accounts of a debtor."""
    return -row["days_past_due"], -row["overdue_amount"], row["account_id"]


def owner_of(row: Row) -> str:
    return f"{row['owner_kind']}:{row['owner_id']}"


def is_workable(situation: Situation, row: Row) -> bool:
    """Neither held nor excluded, and not at a partner by a placement that goes on."""
    return row["not_worked"] is None and not is_placed(row) and situation.segment_of(row).rule.hold is None


def is_placed(row: Row) -> bool:
    return bool(row["placed_with"]) and not row["recall"]


def faults(situation: Situation, wanted: Sequence[Reassigned], places: Sequence[Location] = ()) -> tuple[Issue, ...]:
    """Everything that forbids it, account by account and then destination by destination; `places` are where a file
    names each of them."""
    at = places or [Location(f"account {each.account_id}") for each in wanted]
    asked = tuple(zip(wanted, at, strict=True))
    known = [
        (each, place)
        for each, place in asked
        if each.account_id in situation.accounts and each.owner in situation.destinations
    ]
    return (
        *(issue for each, place in asked for issue in _of_account(situation, each, place)),
        *_of_debtors(situation, known),
        *_of_room(situation, [each for each, _ in known]),
        *_of_partners(situation, [each for each, _ in known]),
        *_of_absence(situation, [each for each, _ in known]),
    )


def _of_account(situation: Situation, wanted: Reassigned, place: Location) -> Iterator[Issue]:
    row, destination = situation.accounts.get(wanted.account_id), situation.destinations.get(wanted.owner)
    if destination is None:
        known = [one.id for one in situation.destinations.values()]
        hint = suggestion(wanted.owner_id, known) or "Only collectors at work and partners under contract get accounts"
        yield Issue("DSP002", place, f'"{wanted.owner_id}" gets no accounts on that day', hint)
    if row is None:
        yield Issue("DSP001", place, "is not in the book of the newest night", "Correct the number")
        return
    if row["not_worked"] is not None:
        yield Issue("DSP003", place, f"must not be worked: {row['not_worked']}", "Leave it out")
        return
    rule = situation.segment_of(row).rule
    if rule.hold is not None:
        yield Issue("DSP003", place, f"is not worked: held:{rule.hold}", "Leave it out")
        return
    if is_placed(row):
        text = f"is placed with {row['placed_with']} until it is recalled or the term ends"
        yield Issue("DSP007", place, text, "Recall it first")
    if row["arm"]:
        yield Issue("DSP006", place, f"is drawn for measuring, into {row['arm']}", "It stays where it was drawn to")
    if owner_of(row) == wanted.owner:
        yield Issue("DSP008", place, f"{wanted.owner_id} has it already", "Leave it out")
    if destination is not None:
        why = situation.barrier(row, destination)
        if why:
            yield Issue("DSP004", place, f"{wanted.owner_id} may not have it, {why}", "Name somebody else")


def _of_debtors(situation: Situation, asked: Sequence[tuple[Reassigned, Location]]) -> Iterator[Issue]:
    """Where a debtor has one owner, all that this one has of the debtor and works change hands together."""
    if not situation.strategy.rule.one_owner_per_debtor:
        return
    goes = {each.account_id: each.owner for each, _ in asked}
    for each, place in asked:
        row = situation.accounts[each.account_id]
        others = [
            other["account_id"]
            for other in situation.of_debtor(row)
            if owner_of(other) == owner_of(row) and is_workable(situation, other)
            and goes.get(other["account_id"], owner_of(other)) != each.owner
        ]  # fmt: skip
        if others:
            text = f"its debtor also has {', '.join(sorted(others))}, and one owner has all of a debtor's accounts"
            yield Issue("DSP011", place, text, "Name these too, with the same owner")


def _debtor_of(row: Row) -> tuple[str, ...]:
    return row["debtor_id"], row["jurisdiction"], row["currency"]


def _of_room(situation: Situation, wanted: Sequence[Reassigned]) -> Iterator[Issue]:
    added: defaultdict[str, int] = defaultdict(int)
    for each in wanted:
        row = situation.accounts[each.account_id]
        if is_workable(situation, row) and owner_of(row) != each.owner:
            added[each.owner] += situation.use_of(row, situation.destinations[each.owner])
    for owner, more in sorted(added.items()):
        room = situation.room_at(situation.destinations[owner])
        if more > room:
            capacity = capacity_of(situation.destinations[owner], situation.strategy)
            text = f"has room for {max(room, 0)} of {capacity}, and {more} would come"
            yield Issue("DSP005", Location(owner.replace(":", " ")), text, "Give them to several, or fewer of them")


def _of_partners(situation: Situation, wanted: Sequence[Reassigned]) -> Iterator[Issue]:
    """Quotas and shares that would be broken by all of it together, or more broken than they are."""
    rows = [(each, situation.accounts[each.account_id]) for each in wanted]
    going = [(each.owner, row) for each, row in rows if is_workable(situation, row) and owner_of(row) != each.owner]
    for limit in situation.partner_limits:
        comes = sum(limit.counts(owner, row, situation.strategy) for owner, row in going)
        goes = sum(limit.counts(owner_of(row), row, situation.strategy) for _, row in going)
        why = limit.broken_by(comes - goes)
        if why:
            yield Issue("DSP019", Location(limit.name), why, "Name others or fewer, or change the strategy")


def _of_absence(situation: Situation, wanted: Sequence[Reassigned]) -> Iterator[Issue]:
    for owner_id in sorted({each.owner_id for each in wanted if each.owner_kind == "employee"}):
        if owner_id in situation.away:
            text = f"is on leave, and back on {situation.away[owner_id]}"
            yield Issue("DSP012", Location(f"employee {owner_id}"), text, "Name somebody who is there")


def handed_over(
    situation: Situation, absent: str, takers: Iterable[Destination], urgent: Sequence[str] = ()
) -> tuple[tuple[Reassigned, ...], tuple[Issue, ...]]:
    """Who of the takers gets which of the absent employee's accounts that are worked; and those that stay, each with
    why, the most urgent first.

    What is first in `urgent` finds the most room; accounts that are not in it come last. The accounts of a debtor stay
    together, and are as urgent as the first of them; those drawn for measuring stay where they are. Each goes to
    whoever may have it and has, for their capacity, the most room left; of several the first by id.
    """
    ends = {one.key: one for one in takers if one.id != absent and one.id not in situation.away}
    taken = dict.fromkeys(ends, 0)
    found: list[Reassigned] = []
    issues: list[Issue] = []
    for rows in _by_debtor(situation, absent, urgent):
        if any(row["arm"] for row in rows):
            issues.extend(_drawn(row) for row in rows)
            continue
        able = [one for one in ends.values() if not any(situation.barrier(row, one) for row in rows)]
        roomy = [one for one in able if _needed(situation, rows, one) <= situation.room_at(one) - taken[one.key]]
        fits = [one for one in roomy if not _breaks_limits(situation, found, rows, one)]
        if not fits:
            issues.extend(_nobody(situation, row, ends.values(), able, roomy) for row in rows)
            continue
        best = min(fits, key=lambda one: (-_share_left(situation, one, taken[one.key]), one.id))
        taken[best.key] += _needed(situation, rows, best)
        found.extend(Reassigned(row["account_id"], best.kind, best.id) for row in rows)
    return tuple(sorted(found, key=lambda each: each.account_id)), tuple(issues)


def _by_debtor(situation: Situation, absent: str, urgent: Sequence[str]) -> list[list[Row]]:
    """What changes hands together, the most urgent first; of equals by the number of the account."""
    groups: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    together, place = situation.strategy.rule.one_owner_per_debtor, {name: at for at, name in enumerate(urgent)}
    for account, row in sorted(situation.accounts.items(), key=lambda item: (place.get(item[0], len(place)), item[0])):
        if owner_of(row) == f"employee:{absent}" and is_workable(situation, row):
            groups[_debtor_of(row) if together else (account,)].append(row)
    return list(groups.values())


def _breaks_limits(situation: Situation, given: Sequence[Reassigned], rows: Sequence[Row], taker: Destination) -> bool:
    """Whether a partner's quota or share would be broken by these beside what is given already."""
    if not taker.is_partner:
        return False
    more = (Reassigned(row["account_id"], taker.kind, taker.id) for row in rows)
    return any(_of_partners(situation, [*given, *more]))


def _needed(situation: Situation, rows: Sequence[Row], taker: Destination) -> int:
    return sum(situation.use_of(row, taker) for row in rows)


def _share_left(situation: Situation, taker: Destination, taken: int) -> float:
    return (situation.room_at(taker) - taken) / max(capacity_of(taker, situation.strategy), 1)


def _drawn(row: Row) -> Issue:
    text = f"is drawn for measuring, into {row['arm']}" if row["arm"] else "its debtor has another that is drawn"
    return Issue("DSP006", Location(f"account {row['account_id']}"), text, "It waits for who is absent")


def _nobody(
    situation: Situation, row: Row, takers: Iterable[Destination], able: Sequence[Destination],
    roomy: Sequence[Destination],
) -> Issue:  # fmt: skip
    place = Location(f"account {row['account_id']}")
    if roomy:
        text = "it would break a quota or a share of each partner with room for it"
        return Issue("DSP019", place, text, "Name others, or change the strategy")
    if able:
        return Issue("DSP005", place, "nobody of those who may have it has room", "Name more people")
    why = [f"{one.id}, {situation.barrier(row, one)}" for one in takers]
    said = "; ".join(why[:3]) or "nobody is there"
    return Issue("DSP004", place, f"nobody of those named may have it: {said}", "Name others")
