"""From the book to the solver's problem: debtors as units, and units in groups that may go to the same places."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from allocation.destinations import Destination
from allocation.effects import MOST, Effects
from allocation.limits import balances, comparable, limits_of, use_of_account
from allocation.problem import NOWHERE, PARTS, Floats, Group, Hashes, Ints, Limits, Measure, Problem, Uses
from allocation.recovery import Key, RecoveryTable
from allocation.rows import MISSING, Book, coded
from allocation.scores import Scored, scored
from allocation.strategies import Strategy
from allocation.strategy_rules import SegmentRule
from domain.recovery import BAND_STARTS

_SKILLS = ("language", "product", "region")
_DIGITS_AT_MOST = 6
# So that int64 holds every sum, and worth × PARTS, also where destinations bring MOST times the expected.
_SUM_AT_MOST, _WORTH_AT_MOST = 4e18 / MOST, 9e14 / MOST


@dataclass(frozen=True, slots=True)
class Work:
    """The problem, and how its units relate to the book: row `rows[k]` is a part of unit `unit[k]`.

    `segment` of a unit is its worst account's; `expected` is each account's expected recovery in its own currency;
    quanta are 10**-digits of the comparison currency.
    """

    problem: Problem
    rows: Ints
    unit: Ints
    segment: Ints
    expected: Floats
    digits: int
    scored: Scored | None = None


def work_of(
    book: Book, destinations: Sequence[Destination], strategy: Strategy, recovery: RecoveryTable, salt: str
) -> Work:
    """The free accounts of the book as units, and what each of them brings where."""
    crowd = _crowd(book, strategy)
    limits = limits_of(book, destinations, strategy)
    own, scores = _expected(book, strategy, recovery, crowd), None
    if recovery.scores is not None:
        scores = scored(recovery.scores, book.table["account_id"], _channels(book, strategy, crowd), book.overdue, own)
    expected = own if scores is None else scores.expected
    worth_of_account, digits = _in_quanta(comparable(book, strategy, expected)[crowd.rows])
    groups = tuple(
        _group(kind, span, destinations, strategy, limits, recovery, digits)
        for kind, span in _kinds_with_spans(book, strategy, crowd)
    )
    worth, owner = _summed(worth_of_account, crowd), _owner_positions(book, crowd, groups)
    switching = worth * int(strategy.rule.switching_cost * PARTS) // PARTS
    problem = Problem(
        groups,
        np.bincount(crowd.unit, minlength=crowd.size).astype(np.int64),
        worth,
        np.where(owner == NOWHERE, 0, switching),
        owner,
        _hashes(book, strategy, crowd, salt),
        limits,
        _measures(book, strategy, crowd, worth),
    )
    return Work(problem, crowd.rows, crowd.unit, crowd.segment, expected, digits, scores)


@dataclass(frozen=True, slots=True)
class Unit:
    """Free accounts that are decided together, by row; `lead` is the worst of them, `eligible` are the destinations
    that may have them, full or not."""

    rows: tuple[int, ...]
    lead: int
    segment: int
    eligible: frozenset[int]


def units_of(
    book: Book, destinations: Sequence[Destination], strategy: Strategy, segments: frozenset[int], always: Ints
) -> tuple[Unit, ...]:
    """The units in these segments, and those that the rows `always` are in."""
    crowd = _crowd(book, strategy)
    eligible: list[frozenset[int]] = []
    wanted = np.zeros(crowd.size, dtype=np.bool_)
    for kind, (start, stop) in _kinds_with_spans(book, strategy, crowd):
        rule = strategy.segments[kind.segment].rule
        ends = frozenset(number for number, one in enumerate(destinations) if not why_not(kind, rule, one))
        eligible.extend([ends] * (stop - start))
        wanted[start:stop] = kind.segment in segments
    wanted[crowd.unit[np.isin(crowd.rows, always)]] = True
    by_unit = np.argsort(crowd.unit, kind="stable")
    bounds = np.searchsorted(crowd.unit[by_unit], np.arange(crowd.size + 1))
    return tuple(
        Unit(
            tuple(crowd.rows[by_unit[bounds[number] : bounds[number + 1]]].tolist()),
            int(crowd.lead[number]),
            int(crowd.segment[number]),
            eligible[number],
        )
        for number in np.flatnonzero(wanted).tolist()
    )


@dataclass(frozen=True, slots=True)
class Together:
    """What decides where a free row may go: its unit by number, all rows of it, the worst of them, and their kind."""

    unit: int
    rows: tuple[int, ...]
    lead: int
    kind: Kind


def together(book: Book, strategy: Strategy, rows: Ints) -> dict[int, Together]:
    """The unit of each of these rows that is free; units have the numbers that they have in `Work`."""
    crowd = _crowd(book, strategy)
    kinds = [(start, kind) for kind, (start, _) in _kinds_with_spans(book, strategy, crowd)]
    starts = np.array([start for start, _ in kinds], dtype=np.int64)
    by_unit = np.argsort(crowd.unit, kind="stable")
    bounds = np.searchsorted(crowd.unit[by_unit], np.arange(crowd.size + 1))
    found: dict[int, Together] = {}
    for at in np.flatnonzero(np.isin(crowd.rows, rows)).tolist():
        unit = int(crowd.unit[at])
        mine = crowd.rows[by_unit[bounds[unit] : bounds[unit + 1]]]
        kind = kinds[int(np.searchsorted(starts, unit, side="right")) - 1][1]
        found[int(crowd.rows[at])] = Together(unit, tuple(mine.tolist()), int(crowd.lead[unit]), kind)
    return found


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The free rows and their units, ordered by group; `lead` is each unit's worst account.

    `barred[i]` are the keys of who does not get unit i, because of any of its accounts.
    """

    rows: Ints
    unit: Ints
    lead: Ints
    segment: Ints
    group: Ints
    barred: tuple[frozenset[str], ...]

    @property
    def size(self) -> int:
        return len(self.lead)


def _crowd(book: Book, strategy: Strategy) -> _Crowd:
    rows = np.flatnonzero(book.is_free)
    unit, lead = _units(book, rows, strategy)
    barred = _barred_of_units(book, rows, unit, len(lead))
    group = _groups_of_units(book, strategy, lead, barred)
    order = np.argsort(group, kind="stable")
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    in_order = tuple(barred[number] for number in order)
    return _Crowd(rows, position[unit], lead[order], book.segment[lead[order]], group[order], in_order)


def _units(book: Book, rows: Ints, strategy: Strategy) -> tuple[Ints, Ints]:
    """The unit of each free row, and the worst account of each unit: longest overdue, then most, then first by id.

    A debtor's accounts in another jurisdiction or currency are a unit of their own: no owner could have both.
    """
    if not strategy.rule.one_owner_per_debtor:
        return np.arange(len(rows)), rows
    debtor = coded(book.table["debtor_id"]).codes[rows]
    unit = _combined(debtor, book.currency.codes[rows], book.jurisdiction.codes[rows])
    order = np.lexsort((rows, -book.overdue[rows], -book.days_past_due[rows], unit))
    _, first = np.unique(unit[order], return_index=True)
    return unit, rows[order[first]]


def _barred_of_units(book: Book, rows: Ints, unit: Ints, units: int) -> tuple[frozenset[str], ...]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    if book.barred:
        unit_of_row = dict(zip(rows.tolist(), unit.tolist(), strict=True))
        for one in book.barred:
            found[unit_of_row.get(one.row, MISSING)].add(one.owner)
    nobody = frozenset[str]()
    return tuple(frozenset(found[number]) if number in found else nobody for number in range(units))


def _groups_of_units(book: Book, strategy: Strategy, lead: Ints, barred: Sequence[frozenset[str]]) -> Ints:
    """Units may go to the same places if segment, jurisdiction, needed skills, consent where partners need it, and who
    is barred are the same."""
    distinct = {owners: number for number, owners in enumerate(sorted(set(barred), key=sorted))}
    barred_codes = np.array([distinct[owners] for owners in barred], dtype=np.int64)
    segment = book.segment[lead]
    needed = []
    for name in _SKILLS:
        asked = np.array([name in one.rule.skills for one in strategy.segments])
        needed.append(np.where(asked[segment], coded(book.table[name]).codes[lead], MISSING))
    asks_consent = np.array([bool(one.rule.partners and one.rule.partners.needs_consent) for one in strategy.segments])
    consents = asks_consent[segment] & book.table["consent"].to_numpy(zero_copy_only=False)[lead]
    return _combined(segment, book.jurisdiction.codes[lead], *needed, consents.astype(np.int64), barred_codes)


def _combined(*columns: Ints) -> Ints:
    """A number for each distinct combination of codes, in their order."""
    key = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, key = np.unique(key * (int(column.max(initial=0)) + 2) + column + 1, return_inverse=True)
    return key


@dataclass(frozen=True, slots=True)
class Kind:
    """What the units of a group have in common; `consents` is None where nobody asks for it."""

    segment: int
    jurisdiction: str
    skills: frozenset[str]
    barred: frozenset[str]
    consents: bool | None


def _kinds_with_spans(book: Book, strategy: Strategy, crowd: _Crowd) -> Iterator[tuple[Kind, tuple[int, int]]]:
    columns = {name: coded(book.table[name]) for name in _SKILLS}
    starts = np.flatnonzero(np.diff(crowd.group, prepend=MISSING))
    for start, stop in pairwise(np.append(starts, crowd.size)):
        lead, segment = int(crowd.lead[start]), int(crowd.segment[start])
        skills = frozenset(columns[name].name(lead) for name in strategy.segments[segment].rule.skills)
        terms = strategy.segments[segment].rule.partners
        consents = book.table["consent"][lead].as_py() if terms and terms.needs_consent else None
        kind = Kind(segment, book.jurisdiction.name(lead), skills, crowd.barred[start], consents)
        yield kind, (int(start), int(stop))


def _group(
    kind: Kind,
    span: tuple[int, int],
    destinations: Sequence[Destination],
    strategy: Strategy,
    limits: Limits,
    recovery: RecoveryTable,
    digits: int,
) -> Group:
    """The group's places: whoever may have its accounts and has any room at all."""
    rule, share = strategy.segments[kind.segment].rule, len(destinations) + kind.segment
    eligible = [number for number, one in enumerate(destinations) if not why_not(kind, rule, one)]
    with_room = [n for n in eligible if limits.hi[n] and (limits.hi[share] or not destinations[n].is_partner)]
    partners = np.array([destinations[number].is_partner for number in with_room], dtype=np.bool_)
    own = [(at, n, use_of_account(strategy, rule, destinations[n])) for at, n in enumerate(with_room)]
    shared = [(int(at), share, 1) for at in np.flatnonzero(partners)]
    quotas = [
        (at, len(destinations) + len(strategy.segments) + number, 1)
        for at, n in enumerate(with_room)
        for number, quota in enumerate(strategy.rule.quotas)
        if f"partner:{quota.partner}" == destinations[n].key and quota.counts(rule.id)
    ]
    return Group(
        *span,
        np.array(with_room, dtype=np.int64),
        np.array([fit_parts(rule, destinations[number], recovery.effects) for number in with_room], dtype=np.int64),
        Uses.of([*own, *shared, *quotas]),
        _costs(rule, [destinations[number] for number in with_room], recovery, digits),
        is_reachable=bool(eligible),
    )


def why_not(kind: Kind, rule: SegmentRule, destination: Destination) -> str:
    """Why a destination may not have accounts of a kind: a code, empty where it may."""
    if destination.jurisdiction != kind.jurisdiction:
        return "jurisdiction"
    if destination.key in kind.barred:
        return "barred"
    return (
        _why_no_partner(kind, rule, destination)
        if destination.is_partner
        else _why_no_collector(kind, rule, destination)
    )


def _why_no_partner(kind: Kind, rule: SegmentRule, partner: Destination) -> str:
    if rule.partners is None:
        return "no_partners"
    if partner.refused:
        return partner.refused
    if partner.suspended:
        return "suspended"
    return "consent" if kind.consents is False else ""


def _why_no_collector(kind: Kind, rule: SegmentRule, collector: Destination) -> str:
    if collector.department not in rule.departments:
        return "department"
    if not kind.skills <= collector.skills:
        return "skills"
    return "licences" if not collector.skills.issuperset(rule.licences) else ""


def fit_parts(rule: SegmentRule, destination: Destination, effects: Effects) -> int:
    """Of ten thousand parts of what is expected: what it brings there, less what a partner keeps of it."""
    brought = round(PARTS * effects.factor(destination))
    kept = PARTS - int(rule.partners.cost_share * PARTS) if destination.is_partner and rule.partners else PARTS
    return brought * kept // PARTS


def _costs(rule: SegmentRule, places: Sequence[Destination], recovery: RecoveryTable, digits: int) -> Ints | None:
    """What working one account costs at each place, in quanta."""
    if not recovery.work.accounts:
        return None
    return np.array([round(recovery.work.of(rule.id, place) * 10.0**digits) for place in places], dtype=np.int64)


def _expected(book: Book, strategy: Strategy, recovery: RecoveryTable, crowd: _Crowd) -> Floats:
    """Overdue amount × the rate of the account's cell in its segment, of free and placed accounts; else 0."""
    worked_as = _worked_as(book, crowd)
    product, band = coded(book.table["product"]), _bands(book)
    cell = _combined(worked_as, book.currency.codes, product.codes, band)
    _, first, of_cell = np.unique(cell, return_index=True, return_inverse=True)
    keys = [
        Key(strategy.segments[worked_as[row]].id, book.currency.name(row), product.name(row), int(band[row]))
        for row in first.tolist()
    ]
    found = [recovery.of(key) for key in keys]
    rate = np.array([one.rate if one else 0.0 for one in found], dtype=np.float64)[of_cell]
    is_worked = book.is_free | book.is_fixed
    expected: Floats = np.where(is_worked, np.maximum(book.overdue, 0.0) * rate, 0.0)
    return expected


def _worked_as(book: Book, crowd: _Crowd) -> Ints:
    """The segment of each row, where a debtor's worst account decides for all of its unit."""
    found = book.segment.copy()
    found[crowd.rows] = crowd.segment[crowd.unit]
    return found


def _channels(book: Book, strategy: Strategy, crowd: _Crowd) -> list[str]:
    """By which treatment each row is worked; a running placement is the partner's."""
    names = [*(segment.rule.channel or "" for segment in strategy.segments), ""]
    placed = book.is_fixed & pc.is_valid(book.table["placed_with"]).to_numpy()
    worked = _worked_as(book, crowd).tolist()
    return ["partner" if is_placed else names[at] for at, is_placed in zip(worked, placed.tolist(), strict=True)]


def _measures(book: Book, strategy: Strategy, crowd: _Crowd, worth: Ints) -> tuple[Measure, ...]:
    if not strategy.counts_balances:
        return ()
    return (Measure.of("balance", _summed(balances(book, strategy)[crowd.rows], crowd), worth),)


def _bands(book: Book) -> Ints:
    balance = pc.cast(book.table["balance"], pa.float64()).to_numpy()
    bands: Ints = np.searchsorted(np.array(BAND_STARTS, dtype=np.float64), balance, side="right").astype(np.int64)
    return bands


def _in_quanta(worth: Floats) -> tuple[Ints, int]:
    """Whole quanta, at least one each, so that working an account is never worth nothing; and the digits kept."""
    largest, whole = float(worth.max(initial=0)) + 1e-9, float(worth.sum()) + 1e-9
    digits = int(np.floor(min(_DIGITS_AT_MOST, np.log10(_SUM_AT_MOST / whole), np.log10(_WORTH_AT_MOST / largest))))
    return np.maximum(np.rint(worth * 10.0**digits), 1).astype(np.int64), digits


def _summed(amounts: Ints, crowd: _Crowd) -> Ints:
    """Sums in int64: np.bincount would add up floats."""
    sums = np.zeros(crowd.size, dtype=np.int64)
    np.add.at(sums, crowd.unit, amounts)
    return sums


def _owner_positions(book: Book, crowd: _Crowd, groups: tuple[Group, ...]) -> Ints:
    """Where among its places each unit's present owner is: the owner of the worst account that has one."""
    is_owned = book.owner[crowd.rows] != MISSING
    owned, unit = crowd.rows[is_owned], crowd.unit[is_owned]
    order = np.lexsort((owned, -book.overdue[owned], -book.days_past_due[owned], unit))
    found, first = np.unique(unit[order], return_index=True)
    destination = np.full(crowd.size, MISSING, dtype=np.int64)
    destination[found] = book.owner[owned[order[first]]]
    position = np.full(crowd.size, NOWHERE, dtype=np.int64)
    for group in (group for group in groups if len(group.places)):
        inside = destination[group.start : group.stop]
        at = np.minimum(np.searchsorted(group.places, inside), len(group.places) - 1)
        position[group.start : group.stop] = np.where(group.places[at] == inside, at, NOWHERE)
    return position


def _hashes(book: Book, strategy: Strategy, crowd: _Crowd, salt: str) -> Hashes:
    """A number for each unit that nobody can steer: the salted hash of the debtor's (else the account's) id."""
    column = "debtor_id" if strategy.rule.one_owner_per_debtor else "account_id"
    ids = book.table[column].take(pa.array(crowd.lead)).to_pylist()
    return np.fromiter(_numbers(ids, salt), dtype=np.uint64, count=len(ids))


def _numbers(ids: list[str], salt: str) -> Iterator[int]:
    salted = hashlib.blake2b(salt.encode(), digest_size=8)
    for one in ids:
        drawn = salted.copy()
        drawn.update(one.encode())
        yield int.from_bytes(drawn.digest(), "big")
