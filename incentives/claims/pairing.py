"""Which claims and which bookings of one account belong together: by reference, by day and amount, in parts, in sums.

Most lines need none of this: they name a payment that no other line names, or fit the one payment of their day and
amount, and SQL pairs them (`plain_pairs`). What is left comes here, account by account. The order of lines and files is
irrelevant: everything is looked through in an order of its own, and each booking is given away once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from incentives.claims.kinds import Kind

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """A claim line that can be matched: money that was received, on an account and in a currency that are right.

    `paired`: the booking that it has already, if it is there only because another line may repeat it.
    """

    claim_id: str
    claimed_on: date
    paid_on: date
    amount: Decimal
    reference: str = ""
    paired: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """A payment of the account; `counted` is what counts of it, `left` what was not settled before, in major units.

    `is_mine`: it falls to a placement with the partner; `is_reversed`: all of it was taken back.
    """

    payment_id: str
    paid_on: date
    counted: Decimal
    left: Decimal
    is_mine: bool = True
    is_reversed: bool = False


class Way(StrEnum):
    """How a line came to its booking; in the last two, day or amount does not fit."""

    REFERENCE = "reference"
    FACTS = "facts"
    PART = "part"
    SPLIT = "split"
    NEAR = "near"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Pair:
    """A line and a booking. `amount` is what the line takes of it; none where another line has taken it: `clash`."""

    claim_id: str
    payment_id: str
    amount: Decimal
    way: Way
    clash: Kind | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What still fits: `amount` in major units, `days` and `search_days` around the day of the claim."""

    amount: Decimal = NOTHING
    days: int = 0
    search_days: int = 45


def pair(lines: Iterable[Line], bookings: Iterable[Booking], limits: Limits) -> tuple[Pair, ...]:
    """Every line with what it belongs to, in order of lines; a line without a pair is found nowhere.

    References count first; then what fits by day and amount; then several lines for one booking, and one line for
    several; then what repeats a line, or was settled before; then the nearest booking of the day, whatever its amount,
    and the nearest one of the amount, whatever its day.
    """
    found = _Found(tuple(sorted(lines, key=_line_order)), tuple(sorted(bookings, key=_booking_order)), limits)
    for step in (_by_reference, _by_facts, _in_parts, _in_sums, _repeated, _settled, _by_day, _by_amount, _repeated):
        if not found.waiting:
            break
        step(found)
    return tuple(sorted(found.pairs, key=lambda each: (each.claim_id, each.payment_id)))


@dataclass(slots=True)
class _Found:
    """Lines and bookings in their order, and the pairs so far."""

    lines: tuple[Line, ...]
    bookings: tuple[Booking, ...]
    limits: Limits
    pairs: list[Pair] = field(default_factory=list)
    paired: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.paired = {line.claim_id: line.paired for line in self.lines if line.paired}

    @property
    def waiting(self) -> list[Line]:
        return [line for line in self.lines if line.claim_id not in self.paired]

    @property
    def free(self) -> list[Booking]:
        return [each for each in self.bookings if each.left > 0 and each.payment_id not in self.given]

    def add(self, pairs: Iterable[Pair]) -> None:
        for each in pairs:
            self.pairs.append(each)
            self.paired.setdefault(each.claim_id, each.payment_id)
            self.given.add(each.payment_id)


def _line_order(line: Line) -> tuple[date, str]:
    return line.claimed_on, line.claim_id


def _booking_order(booking: Booking) -> tuple[date, str]:
    return booking.paid_on, booking.payment_id


def _by_reference(found: _Found) -> None:
    groups: dict[str, list[Line]] = {}
    for line in found.waiting:
        groups.setdefault(line.reference, []).append(line)
    for booking in found.bookings:
        group = groups.get(booking.payment_id, [])
        if group:
            found.add(_shares(booking, group, found.limits))


def _shares(booking: Booking, group: Sequence[Line], limits: Limits) -> Iterator[Pair]:
    """Lines that name one booking: the first that claims all of it has it; else they take their parts in turn, as long
    as there is enough. A line for which nothing is left repeats an earlier one, or claims too much."""
    taken = _whole(booking, group, limits) or _in_turn(booking, group, limits)
    if not taken and booking.left > 0:
        taken = {group[0].claim_id: booking.left}  # too much, and alone
    way = Way.PART if len(taken) > 1 else Way.REFERENCE
    for number, line in enumerate(group):
        if line.claim_id in taken:
            yield Pair(line.claim_id, booking.payment_id, taken[line.claim_id], way)
        elif booking.left <= 0:
            yield Pair(line.claim_id, booking.payment_id, NOTHING, Way.REFERENCE)
        else:
            clash = _clash(line, [*group[:number], *(each for each in group if each.claim_id in taken)])
            yield Pair(line.claim_id, booking.payment_id, NOTHING, Way.REFERENCE, clash or Kind.OVER_CLAIMED)


def _whole(booking: Booking, group: Sequence[Line], limits: Limits) -> dict[str, Decimal]:
    whole = next((line for line in group if booking.left > 0 and _equal(line, booking.left, limits)), None)
    return {whole.claim_id: booking.left} if whole else {}


def _in_turn(booking: Booking, group: Sequence[Line], limits: Limits) -> dict[str, Decimal]:
    left, taken = booking.left, dict[str, Decimal]()
    for line in group:
        if left > 0 and line.amount <= left + limits.amount:
            taken[line.claim_id] = min(line.amount, left)
            left -= taken[line.claim_id]
    if taken and NOTHING < left <= limits.amount:  # what the tolerance forgives goes to the last part
        taken[list(taken)[-1]] += left
    return taken


def _clash(line: Line, before: Iterable[Line]) -> Kind | None:
    """Whether it repeats another line: of the same file, or of another one."""
    same = [each for each in before if each is not line and (each.paid_on, each.amount) == (line.paid_on, line.amount)]
    if not same:
        return None
    return Kind.DUPLICATE_LINE if any(each.claimed_on == line.claimed_on for each in same) else Kind.DUPLICATE_FILE


def _by_facts(found: _Found) -> None:
    limits = found.limits
    _best_first(found, Way.FACTS, lambda line, each: _near(line, each, limits) and _equal(line, each.left, limits))


def _by_day(found: _Found) -> None:
    _best_first(found, Way.NEAR, lambda line, each: _near(line, each, found.limits))


def _by_amount(found: _Found) -> None:
    limits = found.limits
    _best_first(found, Way.FAR, lambda line, each: _is_in_sight(line, each, limits) and _equal(line, each.left, limits))


def _best_first(found: _Found, way: Way, fits: Callable[[Line, Booking], bool]) -> None:
    """Of all lines and bookings that fit, the best pair first; each line and each booking once."""
    waiting, free = {each.claim_id: each for each in found.waiting}, {each.payment_id: each for each in found.free}
    ranked = sorted(
        (_rank(line, booking), line.claim_id, booking.payment_id)
        for line in waiting.values()
        for booking in free.values()
        if fits(line, booking)
    )
    for _, claim_id, payment_id in ranked:
        if claim_id in waiting and payment_id in free:
            line, booking = waiting.pop(claim_id), free.pop(payment_id)
            whole = way is not Way.NEAR
            found.add([Pair(claim_id, payment_id, booking.left if whole else min(line.amount, booking.left), way)])


def _rank(line: Line, booking: Booking) -> tuple[bool, bool, int, Decimal, date, str, date]:
    """Bookings of the partner before others, standing ones before those taken back; then days, amount, order."""
    days = abs((line.paid_on - booking.paid_on).days)
    difference = abs(line.amount - booking.left)
    return (booking.is_reversed, not booking.is_mine, days, difference, booking.paid_on, booking.payment_id,
            line.claimed_on)  # fmt: skip


def _in_parts(found: _Found) -> None:
    """Several lines of its days that together claim a booking."""
    for booking in found.free:
        lines = [line for line in found.waiting if _near(line, booking, found.limits)]
        run = _run([line.amount for line in lines], booking.left, found.limits.amount)
        if run is not None:
            shares = _exact([line.amount for line in lines[run]], booking.left)
            found.add(
                Pair(line.claim_id, booking.payment_id, share, Way.PART)
                for line, share in zip(lines[run], shares, strict=True)
            )


def _in_sums(found: _Found) -> None:
    """One line that claims several bookings together."""
    for line in found.waiting:
        bookings = [each for each in found.free if _is_before(line, each, found.limits)]
        run = _run([each.left for each in bookings], line.amount, found.limits.amount)
        if run is not None:
            found.add(Pair(line.claim_id, each.payment_id, each.left, Way.SPLIT) for each in bookings[run])


def _run(amounts: Sequence[Decimal], whole: Decimal, tolerance: Decimal) -> slice | None:
    """The first two or more in a row that sum to the whole."""
    for start in range(len(amounts) - 1):
        total = amounts[start]
        for end in range(start + 1, len(amounts)):
            total += amounts[end]
            if abs(total - whole) <= tolerance:
                return slice(start, end + 1)
            if total > whole + tolerance:
                break
    return None


def _exact(parts: Sequence[Decimal], whole: Decimal) -> list[Decimal]:
    """The parts, the last one such that they sum to the whole."""
    return [*parts[:-1], whole - sum(parts[:-1], NOTHING)]


def _repeated(found: _Found) -> None:
    """Lines that say what another line says that has its booking; they take nothing."""
    having = [line for line in found.lines if line.claim_id in found.paired]
    for line in found.waiting:
        same = next((each for each in having if (each.paid_on, each.amount) == (line.paid_on, line.amount)), None)
        clash = _clash(line, having)
        if same is not None and clash is not None:
            found.add([Pair(line.claim_id, found.paired[same.claim_id], NOTHING, Way.FACTS, clash)])


def _settled(found: _Found) -> None:
    """Lines of the day of a booking that was settled before, of which nothing is left."""
    over = [each for each in found.bookings if each.left <= 0]
    for line in found.waiting:
        fitting = [
            each for each in over if _near(line, each, found.limits) and _equal(line, each.counted, found.limits)
        ]
        if fitting:
            best = min(fitting, key=lambda each: _rank(line, each))
            found.add([Pair(line.claim_id, best.payment_id, NOTHING, Way.FACTS)])


def _near(line: Line, booking: Booking, limits: Limits) -> bool:
    return abs((line.paid_on - booking.paid_on).days) <= limits.days


def _is_in_sight(line: Line, booking: Booking, limits: Limits) -> bool:
    return abs((line.paid_on - booking.paid_on).days) <= limits.search_days


def _is_before(line: Line, booking: Booking, limits: Limits) -> bool:
    """Bookings of the partner that stand, up to the day of the line."""
    days = (line.paid_on - booking.paid_on).days
    return booking.is_mine and not booking.is_reversed and -limits.days <= days <= limits.search_days


def _equal(line: Line, amount: Decimal, limits: Limits) -> bool:
    return abs(line.amount - amount) <= limits.amount
