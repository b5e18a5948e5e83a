"""Lots: who is drawn into which arm of an experiment tonight, and what was drawn before and holds on.

A debtor is drawn with all accounts, by a salted hash that does not change from day to day: who is not drawn on the
first night on which they could be is not drawn later. Only debtors that every arm could take are drawn, so that the
arms differ by the lot alone. Within a stratum the arms are dealt like cards, in packs that hold each arm as often as
its probability says. Running placements, holds, exclusions and eligibility come first; the optimiser has the rest.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import lcm
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from allocation.destinations import Destination
from allocation.experiments import Arm, Experiment, ExperimentRule
from allocation.facts import with_facts
from allocation.limits import balances, capacity_of, limits_of, use_of_account
from allocation.problem import Ints
from allocation.rows import MISSING, Book, Coded
from allocation.strategies import Strategy
from allocation.units import Unit, units_of
from domain.drawn import DRAWN
from domain.exact import ExactSelect, exact
from domain.expressions import to_sql
from domain.money import CONTEXT, Rounding, round_to
from domain.sql import TABLES

DIGITS = 10
_WHOLE = 1 << 64


@dataclass(frozen=True, slots=True)
class Lots:
    """What is drawn by: the experiments in their order, the rows of `DRAWN` of the nights before, and the accounts that
    meet the condition of each experiment that has one."""

    experiments: tuple[Experiment, ...]
    day: date
    before: tuple[Mapping[str, Any], ...] = ()
    meets: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """What an experiment did tonight, in debtors: `could` be drawn anew, `drawn` anew, lacked `no_room`, `held_on` from
    nights before and treated as their arm says, `not_treated` although drawn: their arm could not have them."""

    experiment: str
    could: int
    drawn: int
    no_room: int
    held_on: int
    not_treated: int


@dataclass(frozen=True, slots=True)
class Draw:
    """The book in which what was drawn is no longer free, and every lot that holds, as rows of `DRAWN`."""

    book: Book
    rows: tuple[Mapping[str, Any], ...]
    tallies: tuple[Tally, ...]


def draw(book: Book, destinations: Sequence[Destination], strategy: Strategy, lots: Lots) -> Draw:
    """The lots of the night. `destinations` are in the order that the book numbers them in."""
    table = _Table(book, destinations, strategy, lots)
    tallies = tuple(_Drawing(table, experiment).done() for experiment in lots.experiments)
    rows = sorted(table.rows, key=lambda row: (row["experiment_id"], row["account_id"]))
    return Draw(table.book(), tuple(rows), tallies)


def meets_statement(experiment: Experiment, as_of: date) -> ExactSelect:
    """The accounts that meet the experiment's condition."""
    condition, accounts = experiment.when, TABLES["accounts"]
    names = condition.names if condition else ()
    source, known = with_facts(names, accounts, as_of)
    meets = to_sql(condition, known) if condition else sa.true()
    return exact(sa.select(accounts.c.account_id).select_from(source).where(meets).order_by(accounts.c.account_id))


def drawn_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=_SCHEMA)


class _Choice(NamedTuple):
    """A destination by number, and out of how many it was taken."""

    destination: int
    of: int


class _Table:
    """The night while it is drawn: units, the room that is left, and what has been decided."""

    def __init__(self, book: Book, destinations: Sequence[Destination], strategy: Strategy, lots: Lots) -> None:
        self.given, self.destinations, self.strategy, self.lots = book, tuple(destinations), strategy, lots
        self.left: Ints = limits_of(book, self.destinations, strategy).hi.copy()
        self.balances = balances(book, strategy)
        self.accounts: list[str] = book.table["account_id"].to_pylist()
        self.debtors: list[str] = book.table["debtor_id"].to_pylist()
        self.row_of = {account: row for row, account in enumerate(self.accounts)}
        self.rows: list[Mapping[str, Any]] = []
        self.segment = book.segment.copy()
        self.arm = np.full(book.size, MISSING, dtype=np.int64)
        self.fixed, self.fixed_to = book.fixed.codes.copy(), book.fixed_to.copy()
        self.not_worked: dict[int, str] = {}
        self.kept = np.zeros(len(self.destinations), dtype=np.int64)
        self.names: list[str] = []
        self.before: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in lots.before:
            self.before[row["experiment_id"]].append(row)
        self.taken = {row["debtor_id"] for each in lots.experiments for row in self.before[each.rule.id]}
        self.units = units_of(book, self.destinations, strategy, self._segments(), self._rows_drawn_before())

    def _segments(self) -> frozenset[int]:
        """Those that some experiment might draw from: the others need not be looked at one by one."""
        ids, rules = enumerate(self.strategy.segments), [each.rule for each in self.lots.experiments]
        return frozenset(number for number, one in ids if any(could_draw(rule, one.id) for rule in rules))

    def _rows_drawn_before(self) -> Ints:
        names = (row["account_id"] for each in self.lots.experiments for row in self.before[each.rule.id])
        return np.array([self.row_of[name] for name in names if name in self.row_of], dtype=np.int64)

    def debtor(self, unit: Unit) -> str:
        return self.debtors[unit.lead]

    def use(self, unit: Unit, destination: int) -> int:
        rule = self.strategy.segments[unit.segment].rule
        return use_of_account(self.strategy, rule, self.destinations[destination]) * len(unit.rows)

    def uses(self, unit: Unit, destination: int) -> Iterator[tuple[int, int]]:
        """By limit what the unit would use of it there: capacity, the partners' share of the segment, quotas."""
        yield destination, self.use(unit, destination)
        end, segments = self.destinations[destination], self.strategy.segments
        if end.is_partner:
            yield len(self.destinations) + unit.segment, len(unit.rows)
            for number, quota in enumerate(self.strategy.rule.quotas):
                if f"partner:{quota.partner}" == end.key and quota.counts(segments[unit.segment].id):
                    owed = int(self.balances[list(unit.rows)].sum())
                    amount = len(unit.rows) if quota.by == "accounts" else owed
                    yield len(self.destinations) + len(segments) + number, amount

    def has_room(self, unit: Unit, destination: int) -> bool:
        return all(use <= self.left[limit] for limit, use in self.uses(unit, destination))

    def mark(self, rows: Iterable[int], arm: int) -> None:
        self.arm[list(rows)] = arm

    def fix(self, unit: Unit, destination: int) -> None:
        """The unit is not the optimiser's any more; without a destination nobody works it."""
        rows, name = list(unit.rows), self.names[int(self.arm[unit.lead])]
        self.segment[rows] = unit.segment
        if destination == MISSING:
            self.not_worked |= dict.fromkeys(rows, f"held:untouched:{name}")
            return
        self.fixed[rows], self.fixed_to[rows] = len(self.given.fixed.names) + self.arm[rows], destination
        for limit, use in self.uses(unit, destination):
            self.left[limit] -= use

    def book(self) -> Book:
        """Rows that nobody is to work are held; rows with a destination are fixed; neither is free."""
        reasons = (*self.given.fixed.names, *(f"held_out:{name}" for name in self.names))
        idle = np.zeros(self.given.size, dtype=np.bool_)
        idle[list(self.not_worked)] = True
        return replace(
            self.given,
            table=_with_reasons(self.given.table, self.not_worked),
            is_free=self.given.is_free & (self.fixed == MISSING) & ~idle,
            segment=self.segment,
            fixed=Coded(self.fixed, reasons),
            fixed_to=self.fixed_to,
            arm=Coded(self.arm, tuple(self.names)),
            kept=self.kept,
        )


def _with_reasons(table: pa.Table, reasons: Mapping[int, str]) -> pa.Table:
    if not reasons:
        return table
    told = table["not_worked"].to_pylist()
    for row, reason in reasons.items():
        told[row] = reason
    return table.set_column(table.schema.get_field_index("not_worked"), "not_worked", pa.array(told, pa.string()))


class _Drawing:
    """One experiment on one night."""

    def __init__(self, table: _Table, experiment: Experiment) -> None:
        self.table, self.experiment, self.rule = table, experiment, experiment.rule
        self.first_arm = len(table.names)
        table.names.extend(experiment.named(arm) for arm in self.rule.arms)
        numbers = range(len(table.destinations))
        self.given = [frozenset(n for n in numbers if _belongs(table.destinations[n], arm)) for arm in self.rule.arms]
        self.before = table.before[self.rule.id]
        self.first_lot = {row["debtor_id"]: row for row in reversed(self.before)}
        self.arm_of = {debtor: row["arm"] for debtor, row in self.first_lot.items()}
        self.known = {row["account_id"]: row for row in self.before}
        self.dealt = Counter({stratum: len(who) for stratum, who in _debtors_by_stratum(self.before).items()})
        self.slices = {number: self._slice(number) for number in frozenset[int]().union(*self.given)}

    def done(self) -> Tally:
        held_on, not_treated = self._hold_on()
        candidates = self._candidates() if self.experiment.draws_on(self.table.lots.day) else {}
        drawn, no_room = self._draw_from(candidates)
        self._keep_slices()
        return Tally(self.rule.id, len(candidates), drawn, no_room, held_on, not_treated)

    def _slice(self, number: int) -> int:
        """What the experiment may still have of the destination: its share less what it has there already."""
        table, destination = self.table, self.table.destinations[number]
        whole = int((self.rule.capacity_share or Decimal(0)) * capacity_of(destination, table.strategy))
        fixed = np.flatnonzero(table.given.is_fixed & (table.given.fixed_to == number)).tolist()
        mine = [table.given.segment[row] for row in fixed if table.accounts[row] in self.known]
        rules = (table.strategy.segments[segment].rule for segment in mine)
        return whole - sum(use_of_account(table.strategy, rule, destination) for rule in rules)

    def _hold_on(self) -> tuple[int, int]:
        """Who was drawn before goes where the lot says, as long as that is allowed and has room."""
        table, treated, missed = self.table, set[str](), set[str]()
        for row in self.before:
            number = self._arm_number(row["arm"])
            if number is not None and row["account_id"] in table.row_of:
                table.mark([table.row_of[row["account_id"]]], self.first_arm + number)
        held = [unit for unit in table.units if self.arm_of.get(table.debtor(unit)) is not None]
        for unit in sorted(held, key=self._order):
            logged = [self.known[name] for row in unit.rows if (name := table.accounts[row]) in self.known]
            if not logged and not self._may_be_drawn(unit):
                continue
            arm = self._arm_number(self.arm_of[table.debtor(unit)])
            done = arm is not None and self._treat(unit, arm, logged)
            (treated if done else missed).add(table.debtor(unit))
        self.table.rows.extend(self.before)
        return len(treated - missed), len(missed)

    def _order(self, unit: Unit) -> tuple[Any, ...]:
        drawn_on = min((self.known[name]["drawn_on"] for row in unit.rows
                        if (name := self.table.accounts[row]) in self.known), default=date.max)  # fmt: skip
        debtor = self.table.debtor(unit)
        return drawn_on, self._number("debtor", debtor), debtor, unit.lead

    def _arm_number(self, name: str) -> int | None:
        """None for an arm that a later version of the experiment has no more."""
        return next((number for number, arm in enumerate(self.rule.arms) if arm.id == name), None)

    def _treat(self, unit: Unit, arm: int, logged: Sequence[Mapping[str, Any]]) -> bool:
        """Treats a unit of a debtor drawn before; accounts that have come since are drawn with it."""
        table, rule = self.table, self.rule.arms[arm]
        table.mark(unit.rows, self.first_arm + arm)
        number, key = MISSING, ""
        if rule.is_given:
            wanted = next((row["destination"] for row in logged), "")
            ends = self._with_room(unit, arm)
            found = [n for n in ends if table.destinations[n].key == wanted] or ends
            if not found:
                return False
            number = found[self._number("destination", table.debtor(unit)) % len(found)]
            key = table.destinations[number].key
        if not rule.usual:
            table.fix(unit, number)
            self._use_slice(unit, number)
        self._log_newcomers(unit, key)
        return True

    def _log_newcomers(self, unit: Unit, key: str) -> None:
        table = self.table
        if not self._may_be_drawn(unit):
            return
        first = self.first_lot[table.debtor(unit)]
        like = {name: first[name] for name in _OF_DEBTOR}
        table.rows.extend(
            self._row(row, unit, {**like, "destination": key})
            for row in unit.rows
            if table.accounts[row] not in self.known
        )

    def _candidates(self) -> dict[str, list[Unit]]:
        """Debtors that no experiment has and that every arm could take, with their units, the leading one first."""
        found: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.table.units:
            if self.table.debtor(unit) not in self.table.taken and self._may_be_drawn(unit):
                found[self.table.debtor(unit)].append(unit)
        days = self.table.given.days_past_due
        return {who: sorted(units, key=lambda unit: (-days[unit.lead], unit.lead)) for who, units in found.items()}

    def _may_be_drawn(self, unit: Unit) -> bool:
        rule, table = self.rule, self.table
        if not could_draw(rule, table.strategy.segments[unit.segment].id):
            return False
        if rule.when is not None and table.accounts[unit.lead] not in table.lots.meets.get(rule.id, frozenset()):
            return False
        return all(ends & unit.eligible for arm, ends in zip(rule.arms, self.given, strict=True) if arm.is_given)

    def _draw_from(self, candidates: Mapping[str, list[Unit]]) -> tuple[int, int]:
        chances = self._chances(candidates)
        drawn = no_room = 0
        for debtor in sorted(chances, key=lambda one: (self._number("debtor", one), one)):
            units = candidates[debtor]
            if not self._all_arms_have_room(units):
                no_room += 1
                continue
            self._deal(debtor, units, chances[debtor])
            drawn += 1
        return drawn, no_room

    def _chances(self, candidates: Mapping[str, list[Unit]]) -> dict[str, Decimal]:
        """Who is drawn, if there is room, and with which probability."""
        if self.rule.share is not None:
            below = int(self.rule.share * _WHOLE)
            return {one: self.rule.share for one in candidates if self._number("debtor", one) < below}
        wanted = min(max((self.rule.debtors or 0) - len(self.arm_of), 0), len(candidates))
        chance = _divided(wanted, len(candidates))
        return dict.fromkeys(self._every_so_many(candidates, wanted), chance)

    def _every_so_many(self, candidates: Mapping[str, list[Unit]], wanted: int) -> list[str]:
        """So many of them, each as likely as any other and of each stratum its part: at equal steps through the strata,
        from a start by lot."""
        whole, day = len(candidates), self.table.lots.day.isoformat()
        ordered = sorted(
            candidates, key=lambda one: (self._stratum(candidates[one][0]), self._number("debtor", one), one)
        )
        start = self._number("start", day) * whole // _WHOLE
        reached = [(place * wanted + start) // max(whole, 1) for place in range(whole + 1)]
        return [one for place, one in enumerate(ordered) if reached[place + 1] > reached[place]]

    def _all_arms_have_room(self, units: Sequence[Unit]) -> bool:
        return all(
            self._with_room(unit, number, is_new=True)
            for number, arm in enumerate(self.rule.arms)
            if arm.is_given
            for unit in units
        )

    def _with_room(self, unit: Unit, arm: int, *, is_new: bool = False) -> list[int]:
        """Destinations of the arm that may have the unit and have room for it; new ones within the slice."""
        table = self.table
        ends = sorted(self.given[arm] & unit.eligible)
        return [
            number
            for number in ends
            if table.has_room(unit, number) and not (is_new and table.use(unit, number) > self.slices[number])
        ]

    def _deal(self, debtor: str, units: Sequence[Unit], chance: Decimal) -> None:
        table, stratum = self.table, self._stratum(units[0])
        number = self._card(stratum, self.dealt[stratum])
        arm = self.rule.arms[number]
        self.dealt[stratum] += 1
        self.arm_of[debtor] = arm.id
        table.taken.add(debtor)
        choice = _Choice(MISSING, 1)
        for unit in units:
            table.mark(unit.rows, self.first_arm + number)
            choice = self._choose(unit, number, debtor, choice) if arm.is_given else choice
            if arm.untouched or choice.destination != MISSING:
                table.fix(unit, choice.destination)
                self._use_slice(unit, choice.destination)
            lot = {
                "arm": arm.id,
                "destination": table.destinations[choice.destination].key if choice.destination != MISSING else "",
                "stratum": stratum,
                "chance": _rate(chance),
                "chance_of_arm": _rate(arm.probability),
                "chance_of_destination": _rate(_divided(1, choice.of)),
            }
            table.rows.extend(self._row(row, unit, lot) for row in unit.rows)

    def _choose(self, unit: Unit, arm: int, debtor: str, before: _Choice) -> _Choice:
        """By lot; the units of a debtor stay together if they can. Where the debtor's units before it took what room
        there was, the optimiser decides on this one."""
        ends = self._with_room(unit, arm, is_new=True)
        if before.destination in ends:
            return before
        return (
            _Choice(ends[self._number("destination", debtor) % len(ends)], len(ends))
            if ends
            else before._replace(destination=MISSING)
        )

    def _card(self, stratum: str, position: int) -> int:
        """The arm at this position of the stratum's packs, each of which is shuffled by its own hash."""
        size = lcm(*(arm.probability.as_integer_ratio()[1] for arm in self.rule.arms))
        cards = [number for number, arm in enumerate(self.rule.arms) for _ in range(int(arm.probability * size))]
        pack, place = divmod(position, size)
        order = sorted(range(size), key=lambda slot: self._number("pack", stratum, str(pack), str(slot)))
        return cards[order[place]]

    def _use_slice(self, unit: Unit, number: int) -> None:
        if number != MISSING and number in self.slices:
            self.slices[number] -= self.table.use(unit, number)

    def _keep_slices(self) -> None:
        """What is left of the slices stays free for later lots."""
        if self.experiment.draws_on(self.table.lots.day):
            for number, rest in self.slices.items():
                kept = max(min(rest, int(self.table.left[number])), 0)
                self.table.kept[number] += kept
                self.table.left[number] -= kept

    def _stratum(self, unit: Unit) -> str:
        table, rule = self.table, self.rule.strata
        read = {"segment": table.strategy.segments[unit.segment].id}
        names = [read.get(name) or str(table.given.table[name][unit.lead].as_py()) for name in rule.by]
        balance = table.given.table["balance"][unit.lead].as_py()
        reached = [start for start in rule.balance_from if start <= (balance or 0)]
        bands = [f"{max(reached, default=0)}+"] if rule.balance_from else []
        return " ".join([*names, *bands, table.given.currency.name(unit.lead)])

    def _row(self, row: int, unit: Unit, lot: Mapping[str, Any]) -> dict[str, Any]:
        table = self.table
        amounts = {name: table.given.table[name][row].as_py() for name in ("currency", "balance", "overdue_amount")}
        return {
            **lot,
            **amounts,
            "experiment_id": self.rule.id,
            "account_id": table.accounts[row],
            "debtor_id": table.debtors[row],
            "drawn_on": table.lots.day,
            "segment": table.strategy.segments[unit.segment].id,
        }

    def _number(self, *what: str) -> int:
        """Between 0 and 2⁶⁴, for ever the same for the same texts."""
        text = "\0".join((self.rule.salt, *what)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def could_draw(rule: ExperimentRule, segment: str) -> bool:
    return not rule.segments or segment in rule.segments


def _belongs(destination: Destination, arm: Arm) -> bool:
    if destination.is_partner:
        return destination.id in arm.partners
    return destination.department in arm.departments


def _debtors_by_stratum(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row["stratum"]].add(row["debtor_id"])
    return found


def _divided(above: int, below: int) -> Decimal:
    return CONTEXT.divide(Decimal(above), Decimal(max(below, 1)))


def _rate(number: Decimal) -> Decimal:
    return round_to(number, DIGITS, Rounding.HALF_EVEN)


# What newcomers take over from the debtor's first lot.
_OF_DEBTOR = ("arm", "stratum", "chance", "chance_of_arm", "chance_of_destination")

_TYPES = {"drawn_on": pa.date32(), **dict.fromkeys(("balance", "overdue_amount"), pa.decimal128(18, 4)),
          **dict.fromkeys(("chance", "chance_of_arm", "chance_of_destination"), pa.decimal128(18, 10))}  # fmt: skip
_SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in DRAWN.names])
