"""The arithmetic of the ledger: what is still to be posted, and the chain of hashes that shows it was never edited."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.ids import Digest, digest_of
from domain.issues import Issue, Location
from domain.money import to_minor
from domain.periods import Period
from domain.records import PayoutLine

# What the first entry follows.
GENESIS = Digest("0" * 64)


class BatchKind(StrEnum):
    BONUS = "bonus"
    FEE = "fee"


class EntryType(StrEnum):
    EARNING = "earning"
    ADJUSTMENT = "adjustment"
    CLAWBACK = "clawback"
    HOLD = "hold"
    RELEASE = "release"
    MANUAL = "manual"
    CARRY_FORWARD = "carry_forward"
    RECEIVABLE = "receivable"
    OPENING = "opening"
    MOVE = "move"


# What is posted beside calculated components, by the word before the slash, which no policy's component can have.
HELD, MANUAL, CARRIED, RECEIVABLE, MOVED = "held", "manual", "carried", "receivable", "moved"

# What payees owed when Recoup took over: carried/opening:field, receivable/opening:field.
OPENING = "opening"


@dataclass(frozen=True, slots=True, order=True)
class LedgerKey:
    """What postings add up by; a batch holds whole keys, because a component carries its department or contract."""

    batch_kind: BatchKind
    payee: str
    component: str
    origin_period: Period
    currency: str

    @property
    def sort(self) -> str:
        """held, manual, carried, receivable or moved; empty for a calculated component."""
        word, slash, _ = self.component.partition("/")
        return word if slash else ""

    @property
    def is_opening(self) -> bool:
        """Whether it is a debt from before going live."""
        return self.sort in {CARRIED, RECEIVABLE} and self.component.partition("/")[2].startswith(f"{OPENING}:")

    @property
    def held(self) -> LedgerKey:
        """The key under which what is held of this one is taken out again."""
        return replace(self, component=f"{HELD}/{self.component}")

    @property
    def base(self) -> LedgerKey:
        """The key whose pay this one holds back; otherwise itself."""
        return replace(self, component=self.component.partition("/")[2]) if self.sort == HELD else self


def scope_of(key: LedgerKey) -> str:
    """The department that a bonus component carries, or the partner that a fee is paid to."""
    return key.component.rpartition(":")[2] if key.batch_kind is BatchKind.BONUS else key.payee


@dataclass(frozen=True, slots=True)
class Posting:
    """A difference to post, in minor units of the key's currency, into `posting_period`."""

    key: LedgerKey
    posting_period: Period
    entry_type: EntryType
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A posting as it stands in the ledger; when it was recorded is no part of it."""

    sequence: int
    batch_id: str
    posting: Posting


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry and its hash, which holds that of the entry before."""

    entry: LedgerEntry
    entry_hash: Digest


def desired_of(kind: BatchKind, lines: Iterable[PayoutLine]) -> dict[LedgerKey, int]:
    """What each key should come to in all, in minor units.

    Raises: ValueError if two lines have one key, or an amount has digits below the minor unit.
    """
    desired: dict[LedgerKey, int] = {}
    for line in lines:
        key = LedgerKey(kind, line.payee, line.component, Period.parse(line.origin_period), line.currency)
        if key in desired:
            raise ValueError(f"two lines for {line.payee}, {line.component}, {line.origin_period}")
        desired[key] = to_minor(line.amount, line.currency)
    return desired


def differences(
    desired: Mapping[LedgerKey, int],
    posted: Mapping[LedgerKey, int],
    *,
    into: Period,
    held: Collection[tuple[str, str]] = (),
) -> tuple[Posting, ...]:
    """Desired minus posted, key by key and in their order; nothing is posted where they are equal.

    `posted` holds the sums of the keys of this batch, and only those: a key that was posted and is no longer desired is
    taken back. `held` names payees and components that are neither paid nor taken back now; an empty component stands
    for all of the payee's. `into` is the open period: what belongs to an earlier one goes into it as an adjustment that
    names its origin.
    Raises: ValueError for a key of a later period: nothing is earned before its time.
    """
    waiting = frozenset(held)
    every = sorted(desired.keys() | posted.keys())
    keys = [key for key in every if not {(key.payee, key.component), (key.payee, "")} & waiting]
    found = (_difference(key, desired.get(key, 0), posted.get(key), into) for key in keys)
    return tuple(posting for posting in found if posting is not None)


def nets(amounts: Iterable[tuple[LedgerKey, int]]) -> dict[LedgerKey, int]:
    """What reaches the payee under each key: what is held back is taken from what it holds."""
    found: dict[LedgerKey, int] = {}
    for key, amount in amounts:
        found[key.base] = found.get(key.base, 0) + amount
    return found


def moves_of(postings: Iterable[Posting]) -> dict[str, int]:
    """What postings move of each currency, up and down added, in minor units: what limits of approvers speak of."""
    moved: dict[str, int] = {}
    for key, net in nets((posting.key, posting.amount_minor) for posting in postings).items():
        moved[key.currency] = moved.get(key.currency, 0) + abs(net)
    return moved


def posted_after(posted: Mapping[LedgerKey, int], postings: Iterable[Posting]) -> dict[LedgerKey, int]:
    """The sums by key once the postings are in the ledger."""
    after = dict(posted)
    for posting in postings:
        after[posting.key] = after.get(posting.key, 0) + posting.amount_minor
    return after


def batch_hash(
    lines: Iterable[PayoutLine],
    postings: Iterable[Posting],
    posted: Mapping[LedgerKey, int],
    terms: object = None,
) -> Digest:
    """What an approval binds to: the lines with their explanations, what will be posted, what was posted before, and
    the terms of approval and deduction that were frozen with them.

    The order in which they come does not matter. Batches from before there were terms have none.
    """
    ordered = sorted(lines, key=lambda line: (line.payee, line.component, line.origin_period, line.currency))
    content = {
        "lines": ordered,
        "differences": [_plain(posting) for posting in sorted(postings, key=lambda posting: posting.key)],
        "posted": [[_plain_key(key), posted[key]] for key in sorted(posted)],
    }
    return digest_of(content if terms is None else {**content, "terms": terms})


def entry_hash(previous_hash: Digest, entry: LedgerEntry) -> Digest:
    """The hash of the entry and of everything before it; no recorded time is in it."""
    content = {"previous": previous_hash, "sequence": entry.sequence, "batch": entry.batch_id}
    return digest_of({**content, "posting": _plain(entry.posting)})


def chain(entries: Iterable[LedgerEntry], previous_hash: Digest = GENESIS) -> tuple[ChainedEntry, ...]:
    """The entries, each with its hash after `previous_hash`."""
    chained: list[ChainedEntry] = []
    for entry in entries:
        previous_hash = entry_hash(previous_hash, entry)
        chained.append(ChainedEntry(entry, previous_hash))
    return tuple(chained)


def verify_chain(entries: Sequence[ChainedEntry], head: Digest | None = None) -> tuple[Issue, ...]:
    """Every break in the chain: LED001 a number is missing or twice, LED002 an entry was edited, LED003 not the head.

    `head` is the hash that was printed or stored when the last entry was posted. After a break the chain is followed
    from the stored hash, so that one edit is one finding.
    """
    return tuple(_breaks(entries, head))


def _difference(key: LedgerKey, desired: int, posted: int | None, into: Period) -> Posting | None:
    if key.origin_period > into:
        raise ValueError(f"{key.payee}, {key.component}: {key.origin_period} is later than the open period {into}")
    amount = desired - (posted or 0)
    return Posting(key, into, _entry_type(key, posted, amount, into), amount) if amount else None


_TYPES = {
    MANUAL: EntryType.MANUAL,
    CARRIED: EntryType.CARRY_FORWARD,
    RECEIVABLE: EntryType.RECEIVABLE,
    MOVED: EntryType.MOVE,
}


def _entry_type(key: LedgerKey, posted: int | None, amount: int, into: Period) -> EntryType:
    if key.sort == HELD:
        return EntryType.HOLD if amount + (posted or 0) else EntryType.RELEASE
    if key.is_opening:
        return EntryType.OPENING
    if key.sort in _TYPES:
        return _TYPES[key.sort]
    if amount < 0 < (posted or 0):
        return EntryType.CLAWBACK
    first = posted is None and key.origin_period == into
    return EntryType.EARNING if first else EntryType.ADJUSTMENT


def _breaks(entries: Sequence[ChainedEntry], head: Digest | None) -> Iterator[Issue]:
    previous = GENESIS
    for number, chained in enumerate(entries, start=1):
        place = Location("ledger", chained.entry.sequence)
        if chained.entry.sequence != number:
            message = f"entry {chained.entry.sequence} stands where {number} is due"
            yield Issue("LED001", place, message, "An entry was taken out, put in, or moved")
        if chained.entry_hash != entry_hash(previous, chained.entry):
            message = f"entry {chained.entry.sequence} does not have the hash of its content and of the entry before it"
            yield Issue("LED002", place, message, "It was edited after it was posted; nothing is to be paid from it")
        previous = chained.entry_hash
    if head is not None and previous != head:
        place = Location("ledger", len(entries))
        yield Issue(
            "LED003", place, f"the chain ends with {previous[:12]}, the head says {head[:12]}", "Entries are missing"
        )


def _plain(posting: Posting) -> dict[str, object]:
    return {
        **_plain_key(posting.key),
        "posting_period": str(posting.posting_period),
        "entry_type": posting.entry_type,
        "amount_minor": posting.amount_minor,
    }


def _plain_key(key: LedgerKey) -> dict[str, object]:
    return {
        "batch_kind": key.batch_kind,
        "payee": key.payee,
        "component": key.component,
        "origin_period": str(key.origin_period),
        "currency": key.currency,
    }
