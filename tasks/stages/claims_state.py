"""What was agreed and decided of a partner's claims: read from the files of its settlements and from the store.

A settlement lists everything that is open then, so of each contract the newest one says what is; agreement and final
decisions of all of them stand. What a run reads of this is named in its manifest (`ClaimsRead`), and read again by
that name: later settlements and decisions do not change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.errors import FileChangedError
from adapters.store.claims import claim_decisions_of, differences_of, settlements_of
from adapters.store.runs import RunFile, files_of_run
from adapters.world import World, registered_file
from domain.ids import Digest, RunId, digest_of
from domain.manifest import ClaimsRead, Manifest
from domain.money import from_minor
from incentives.claims.differences import ClaimDecision, Difference, Standing, State, Step, payable_minor, state_of
from incentives.claims.kinds import AGREED, Kind
from incentives.claims.payable import REJECTED, PartnerPayable, Payable

Said = TypeVar("Said")

MATCHES, OUTCOMES = "claims/matches", "claims/outcomes"


@dataclass(frozen=True, slots=True)
class Match:
    """A line and a booking that it is agreed for, or holds while its difference is open; in major units."""

    claim_id: str
    payment_id: str
    kind: str
    posted_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PartnerClaims:
    """A partner's settlements so far, with what people decided. `differences` are all that were ever listed.

    `waits` are those of which an earlier settlement asked the very same, and somebody let it wait.
    """

    partner: str
    settlements: tuple[sa.Row[Any], ...]
    differences: tuple[Difference, ...]
    decisions: Mapping[str, tuple[ClaimDecision, ...]]
    matches: Mapping[str, tuple[Match, ...]]
    waits: Mapping[str, tuple[ClaimDecision, ...]] = field(default_factory=dict)

    @property
    def newest(self) -> frozenset[str]:
        """The settlements that list what is open: of each contract the last one."""
        last = {row.contract_id: row.settlement_id for row in self.settlements}
        return frozenset(last.values())

    def state(self, difference: Difference, on: date | None = None) -> State:
        named = difference.difference_id
        return state_of(self.decisions.get(named) or self.waits.get(named, ()), on=on)

    def listed(self) -> Iterator[Difference]:
        """What the newest settlements list, decided or not."""
        newest = self.newest
        return (each for each in self.differences if each.settlement_id in newest)

    def decided(self) -> Iterator[tuple[Difference, Standing]]:
        """What people decided for good, whatever settlement listed it."""
        for each in self.differences:
            standing = self.state(each).standing
            if standing.is_final:
                yield each, standing

    def open(self, on: date | None = None) -> Iterator[tuple[Difference, State]]:
        for each in self.listed():
            state = self.state(each, on)
            if not state.standing.is_final:
                yield each, state

    def held_by(self, difference: Difference) -> tuple[Match, ...]:
        """The bookings that its line holds."""
        mine = self.matches.get(difference.settlement_id, ())
        return tuple(each for each in mine if each.claim_id == difference.claim_id and each.kind != AGREED)


@dataclass(frozen=True, slots=True)
class PaidFor:
    """So much of a booking is payable, in major units; nothing where that was decided. `settlement` has said so."""

    settlement: str
    payment_id: str
    posted_on: date | None
    amount: Decimal
    is_rejected: bool = False


def partner_claims(
    world: World, connection: sa.Connection, partner: str, named: ClaimsRead | None = None
) -> PartnerClaims:
    """As it is now, or as a manifest names it. Raises: FileChangedError."""
    rows = settlements_of(connection, partner=partner, runs=named.settlements if named else None)
    decided = claim_decisions_of(connection, partner=partner)[: named.decisions if named else None]
    by_difference = defaultdict[str, tuple[ClaimDecision, ...]](tuple)
    for row in decided:
        by_difference[row.difference_id] += (_decision(row),)
    ids = [row.settlement_id for row in rows]
    differences = tuple(_difference(row) for row in differences_of(connection, partner=partner, settlements=ids))
    matches = {row.settlement_id: _matches(world, connection, RunId(row.run_id)) for row in rows}
    last = carried(differences, by_difference)
    waits = {name: each for name, each in last.items() if state_of(each).standing is Standing.WAITING}
    return PartnerClaims(partner, rows, differences, dict(by_difference), matches, waits)


def carried(differences: Sequence[Difference], said: Mapping[str, Said]) -> dict[str, Said]:
    """What was said of each difference, or else of the same one when an earlier settlement listed it.

    The same is what has the same subject, kind and amounts: a line that says something else, or of which the books say
    something else, is another question. Differences come in the order of their settlements.
    """
    found: dict[str, Said] = {}
    last: dict[tuple[object, ...], Said] = {}
    for each in differences:
        question = (each.contract, each.subject, each.kind, each.claimed_minor, each.booked_minor, each.payment_id)
        if each.difference_id in said:
            last[question] = said[each.difference_id]
        if question in last:
            found[each.difference_id] = last[question]
    return found


def paid_for(claims: PartnerClaims) -> Iterator[PaidFor]:
    """Agreed and decided, booking by booking; a booking may come several times, for its parts."""
    for settlement in claims.settlements:
        for match in claims.matches[settlement.settlement_id]:
            if match.kind == AGREED:
                yield PaidFor(settlement.settlement_id, match.payment_id, match.posted_on, match.amount)
    for each, standing in claims.decided():
        yield from decided_for(claims, each, standing)


def decided_for(claims: PartnerClaims, each: Difference, standing: Standing) -> Iterator[PaidFor]:
    """What the decision on a difference says of bookings; a line that is rejected says nothing of any."""
    if not each.claim_id:
        amount, is_rejected = _payable(each, standing), standing is Standing.REJECTED
        yield PaidFor(each.settlement_id, each.payment_id, each.posted_on, amount, is_rejected)
    elif standing in {Standing.OURS, Standing.THEIRS}:
        yield from _of_line(claims, each, standing)


def _of_line(claims: PartnerClaims, each: Difference, standing: Standing) -> Iterator[PaidFor]:
    """Ours: every booking that the line holds; theirs: what the line claims of its only one."""
    held = claims.held_by(each)
    least = _payable(each, standing)
    if not held:  # it was listed again as it was: what it holds is older than what the settlement could read
        yield PaidFor(each.settlement_id, each.payment_id, each.posted_on, least)
    for match in held:
        amount = min(match.amount, least) if len(held) == 1 else match.amount
        yield PaidFor(each.settlement_id, match.payment_id, match.posted_on, amount)


def _payable(each: Difference, standing: Standing) -> Decimal:
    minor = payable_minor(each, standing)
    return from_minor(minor, each.currency) if minor else Decimal(0)


def earning(claims: PartnerClaims) -> Iterator[PaidFor]:
    """What earns by claims: not what was compared with them under a contract that pays by the books."""
    by_books = {row.settlement_id for row in claims.settlements if is_by_books(row)}
    return (each for each in paid_for(claims) if each.settlement not in by_books)


def is_by_books(settlement: sa.Row[Any]) -> bool:
    """Whether the contract pays what is booked, whatever is claimed."""
    return bool(settlement.totals.get("fee_base") == "books")


def payable_of(claims: PartnerClaims, before: date | None = None) -> PartnerPayable:
    """What is payable of bookings posted before a day, and why others are not."""
    amounts, waits = defaultdict[str, Decimal](Decimal), dict[str, str]()
    for each in earning(claims):
        if before is None or each.posted_on is None or each.posted_on < before:
            if each.is_rejected:
                waits[each.payment_id] = REJECTED
            else:
                amounts[each.payment_id] += each.amount
    for difference, _ in claims.open():
        held = claims.held_by(difference) if difference.claim_id else ()
        names = [match.payment_id for match in held] or [difference.payment_id]
        waits |= {name: difference.kind.value for name in names if name and name not in amounts}
    return PartnerPayable({name: amount for name, amount in amounts.items() if amount}, waits)


def claims_read(world: World, connection: sa.Connection, before: date | None = None) -> tuple[ClaimsRead, ...]:
    """What is agreed and decided now, of every partner with settlements, as a manifest names it."""
    partners = dict.fromkeys(row.partner_id for row in settlements_of(connection))
    return tuple(read_of(partner_claims(world, connection, partner), before) for partner in partners)


def read_of(claims: PartnerClaims, before: date | None = None) -> ClaimsRead:
    runs = tuple(RunId(row.run_id) for row in claims.settlements)
    decisions = sum(len(each) for each in claims.decisions.values())
    return ClaimsRead(claims.partner, runs, decisions, digest_of_payable(payable_of(claims, before)))


def digest_of_payable(payable: PartnerPayable) -> Digest:
    """Of the amounts alone: why something waits moves no money."""
    return digest_of(sorted(payable.amounts.items()))


def payable_named(
    world: World, connection: sa.Connection, named: Sequence[ClaimsRead], before: date | None = None
) -> Payable:
    """What is payable as a manifest names it. Raises: FileChangedError if it is not that any more."""
    found: dict[str, PartnerPayable] = {}
    for each in named:
        payable = payable_of(partner_claims(world, connection, each.partner, each), before)
        if digest_of_payable(payable) != each.payable:
            text = "are not those that the run has read: a settlement or a decision was changed by hand"
            raise FileChangedError(f"the settled claims of {each.partner} STL041 {text}. Restore the backup")
        found[each.partner] = payable
    return found


def payable_digest(manifest: Manifest, partner: str) -> Digest:
    """What a manifest names as payable to the partner."""
    nothing = digest_of_payable(PartnerPayable())
    return next((each.payable for each in manifest.claims if each.partner == partner), nothing)


def is_payable_changed(world: World, connection: sa.Connection, partner: str, manifest: Manifest, before: date) -> bool:
    """Whether what is payable to the partner, of bookings before a day, is no longer what the manifest names."""
    now = payable_of(partner_claims(world, connection, partner), before)
    return digest_of_payable(now) != payable_digest(manifest, partner)


def file_of(connection: sa.Connection, run: RunId, name: str) -> RunFile:
    return files_of_run(connection, run)[name]


def _matches(world: World, connection: sa.Connection, run: RunId) -> tuple[Match, ...]:
    file = file_of(connection, run, MATCHES)
    table = pq.read_table(registered_file(world, file.path, file.sha256))
    columns = (table.column(name).to_pylist() for name in ("claim_id", "payment_id", "kind", "posted_on", "amount"))
    return tuple(Match(*row) for row in zip(*columns, strict=True))


def _difference(row: sa.Row[Any]) -> Difference:
    named = {name: getattr(row, name) for name in _SAME}
    return Difference(**named, partner=row.partner_id, contract=row.contract_id, kind=Kind(row.kind))


_SAME = (
    "difference_id", "settlement_id", "subject", "claim_id", "account_id", "reference", "payment_id", "claimed_on",
    "month", "paid_on", "booked_on", "posted_on", "claimed_minor", "booked_minor", "currency", "first_listed_on",
    "reply_by",
)  # fmt: skip


def _decision(row: sa.Row[Any]) -> ClaimDecision:
    return ClaimDecision(
        row.partner_id,
        row.number,
        row.difference_id,
        row.step,
        Step(row.verdict),
        row.is_proposal,
        row.until,
        row.by_name,
        row.reason,
        row.decided_on,
        row.on_behalf_of,
    )
