"""What happens to a house over its months, and what it should have paid in the end.

A story is a list of events. They change what is true (`Facts`), let time pass, or are what people type: nights, the
month's pay, holds. However it went, after the last word is typed for every month the ledger holds what one calculation
with full knowledge gives, which is made here without any of the program's arithmetic.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.batches import read_batches
from adapters.store.ledger import read_entries
from adapters.store.runs import begin_attempt
from adapters.store.settlements import holds_of
from adapters.store.signatures import sign
from adapters.world import World, open_world
from domain.manifest import Stage
from domain.periods import Period
from incentives.batches import BatchPhase, DecisionKind, PeriodDecisionKind
from incentives.ledger import BatchKind
from tasks.stages import decide
from tasks.stages.adjust import hold_payee, release_payee
from tasks.stages.explain import verify_ledger
from tasks.stages.month_end import Frozen, prepare, read_frozen
from tasks.stages.opening import open_book
from tasks.stages.rules import sound_rules
from tasks.stages.settling import ledger_key
from tests.conftest import SteppingClock
from tests.history.house import (
    DAYS,
    DEPARTMENTS,
    FINE,
    MONTHS,
    MOST,
    OWNERS,
    Facts,
    Payment,
    Review,
    write_extracts,
    write_opening,
    write_rules,
)
from tests.stages.conftest import night_of
from tests.stages.logins import as_login

Event = tuple[str, int, int, int]
"""What happens, and three numbers, each taken modulo what it chooses among."""

KINDS = ("pay", "pay", "pay", "reverse", "correct", "review", "unbreak", "rate", "fee", "share", "pass", "pass",
         "month", "prepare", "publish", "hold", "release", "close")  # fmt: skip
LEADER = "leader"
GATE, MEASURED = (Stage.GATE,), (Stage.GATE, Stage.MEASURE)

Key = tuple[str, str, str]
"""Payee, component, month of origin."""


@dataclass(slots=True)
class House:
    """The world, the facts, and the dates whose extracts have changed since the last night read them; its time ends
    after so many dates."""

    world: World
    dates: int = len(DAYS)
    facts: Facts = field(default_factory=Facts)
    today: int = 0
    changed: set[date] = field(default_factory=lambda: {DAYS[0]})
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def months(self) -> tuple[Period, ...]:
        """Those whose last day has come."""
        return tuple(month for month in MONTHS if month.last_day <= DAYS[self.today])

    def begin(self) -> None:
        self._write_rules()
        day = write_opening(self.world.settings.landing)
        night_of(self.world, day, GATE)
        open_book(self.world, day, begin_attempt(self.world.store, "open", day), by="operations")

    def live(self, event: Event) -> None:
        kind, *numbers = event
        getattr(self, f"_{kind}")(*numbers)

    def settle(self) -> None:
        """The last word: time is over, nobody is held, and every month is measured and paid by what is known now."""
        self._let_pass(self.dates)
        for month in self.months:
            for payee in sorted(self._held(month)):
                self._decide_hold(month, payee, is_held=False)
        for number in range(len(self.months)):
            self._month(number, 0, 0)

    def _pay(self, account: int, thousands: int, late: int) -> None:
        posted, arrives = DAYS[self.today], self._arrival(late)
        self.facts.payments.append(Payment(sorted(OWNERS)[account % 4], thousands * 10_000 + 10_000, posted, arrives))
        self.changed.add(arrives)

    def _reverse(self, which: int, late: int, _: int) -> None:
        """It may come before the payment that it takes back."""
        standing = [each for each in self.facts.payments if each.reversed_on is None]
        if standing:
            payment = standing[which % len(standing)]
            payment.reversed_on, payment.reversal_arrives_on = DAYS[self.today], self._arrival(late)
            self.changed.add(payment.reversal_arrives_on)

    def _correct(self, which: int, thousands: int, _: int) -> None:
        """The extracts with the payment, and with what takes it back, come anew."""
        if self.facts.payments:
            payment = self.facts.payments[which % len(self.facts.payments)]
            payment.amount = thousands * 10_000 + 10_000
            self.changed |= {payment.arrives_on, *filter(None, [payment.reversal_arrives_on])}

    def _review(self, who: int, late: int, _: int) -> None:
        arrives = self._arrival(late)
        self.facts.reviews.append(Review(sorted(DEPARTMENTS)[who % 3], DAYS[self.today], arrives))
        self.changed.add(arrives)

    def _unbreak(self, which: int, _: int, __: int) -> None:
        if self.facts.reviews:
            review = self.facts.reviews[which % len(self.facts.reviews)]
            review.is_broken = not review.is_broken
            self.changed.add(review.arrives_on)

    def _rate(self, month: int, percent: int, _: int) -> None:
        self.facts.rates[MONTHS[month % 3]] = percent % 12 + 1
        self._write_rules()

    def _fee(self, month: int, percent: int, _: int) -> None:
        self.facts.fees[MONTHS[month % 3]] = percent % 40 + 1
        self._write_rules()

    def _share(self, who: int, month: int, half: int) -> None:
        """The list of people of a month was wrong: somebody worked half of full time, or did not."""
        period = MONTHS[month % 3]
        self.facts.shares[sorted(DEPARTMENTS)[who % 3], period] = "0.5" if half % 2 else "1"
        self.changed.add(period.last_day)

    def _pass(self, dates: int, _: int, __: int) -> None:
        """Time passes, by one date or two, and a night reads the extracts of each."""
        self._let_pass(1 + dates % 2)

    def _let_pass(self, dates: int) -> None:
        last = min(self.today + dates, self.dates - 1)
        self.changed |= {DAYS[number] for number in range(self.today, last + 1)}
        self.today = last
        self._nights()

    def _month(self, month: int, _: int, __: int) -> None:
        """Measured, prepared, approved, published, and published again."""
        if self.months:
            period = self.months[month % len(self.months)]
            self._prepare(month, 0, 0)
            self._publish(month, 0, 0)
            before = len(self.entries())
            for frozen in self._batches(period, BatchPhase.PUBLISHED):
                decide.publish(self.world, frozen.batch.batch_id, by="publisher")
            assert len(self.entries()) == before, "publishing twice posts nothing"

    def _prepare(self, month: int, _: int, __: int) -> None:
        if self.months:
            period = self.months[month % len(self.months)]
            self._nights()
            night_of(self.world, period.last_day, MEASURED)
            attempt = begin_attempt(self.world.store, f"month-end {period}", period.last_day)
            late = prepare(self.world, period, attempt, by="preparer").late
            assert not any(f" of {period} came" in text for text in late), "its night has just run"

    def _publish(self, month: int, _: int, __: int) -> None:
        """What waits is approved and published; of what has grown void nothing is posted."""
        if self.months:
            for frozen in self._batches(self.months[month % len(self.months)], BatchPhase.PREPARED):
                batch = frozen.batch.batch_id
                decide.decide(as_login(self.world, LEADER), batch, DecisionKind.APPROVED, by=LEADER)
            for frozen in self._batches(self.months[month % len(self.months)], BatchPhase.APPROVED):
                self._trying(partial(decide.publish, self.world, frozen.batch.batch_id, by="publisher"))

    def _hold(self, month: int, who: int, _: int) -> None:
        if self.months:
            self._decide_hold(self.months[month % len(self.months)], sorted(DEPARTMENTS)[who % 3], is_held=True)

    def _release(self, month: int, who: int, _: int) -> None:
        if self.months:
            self._decide_hold(self.months[month % len(self.months)], sorted(DEPARTMENTS)[who % 3], is_held=False)

    def _close(self, month: int, _: int, __: int) -> None:
        if self.months:
            period, world = self.months[month % len(self.months)], as_login(self.world, LEADER)
            kind = PeriodDecisionKind.CLOSED
            self._trying(lambda: decide.decide_period(world, period, kind, by=LEADER, reason="all is paid"))

    def entries(self) -> tuple[sa.Row[Any], ...]:
        with self.world.store.read() as connection:
            return read_entries(connection)

    def _arrival(self, late: int) -> date:
        return DAYS[min(self.today + (0, 0, 1, 2)[late % 4], self.dates - 1)]

    def _nights(self) -> None:
        """Every date that has come and whose extracts are other ones than the last night read."""
        for day in sorted(day for day in self.changed if day <= DAYS[self.today]):
            write_extracts(self.world.settings.landing, day, self.facts)
            night_of(self.world, day, MEASURED if day == Period.of(day).last_day else GATE)
            self.changed.discard(day)

    def _write_rules(self) -> None:
        write_rules(self.world.settings.rules, self.facts)
        contents = sound_rules(self.world.settings.rules).contents()
        sign(self.world.store, contents, proposer="proposer", signer="signer")

    def _batches(self, period: Period, phase: BatchPhase) -> list[Frozen]:
        with self.world.store.read() as connection:
            found = [read_frozen(connection, row.batch_id) for row in read_batches(connection, str(period))]
        return [each for each in found if each.state.phase is phase]

    def _held(self, period: Period) -> set[str]:
        with self.world.store.read() as connection:
            last = {row.payee: row.decision for row in holds_of(connection, BatchKind.BONUS.value, str(period))}
        return {payee for payee, decision in last.items() if decision == "held"}

    def _decide_hold(self, period: Period, payee: str, *, is_held: bool) -> None:
        with self.world.store.read() as connection:
            rows = [row for row in read_batches(connection, str(period)) if row.scope == DEPARTMENTS[payee]]
        if rows and is_held is (payee not in self._held(period)):
            world, batch = as_login(self.world, LEADER), rows[-1].batch_id
            attempt = begin_attempt(self.world.store, "hold", None)
            act = hold_payee if is_held else release_payee
            self._trying(partial(act, world, batch, payee, by=LEADER, reason="a doubt", attempt=attempt))

    def _trying(self, act: Callable[[], object]) -> None:
        """What may be refused in between: the last word is what counts."""
        try:
            act()
        except RefusedError as error:
            self.refused[next(word for word in str(error).split() if word[:3].isupper())] += 1


def full_knowledge(facts: Facts, months: Iterable[Period] = MONTHS) -> dict[Key, int]:
    """What each month should have paid by all that is true, added up by hand."""
    found: dict[Key, int] = {}
    for month in months:
        for employee, department in DEPARTMENTS.items():
            fines = sum(
                FINE for each in facts.reviews
                if each.employee == employee and each.is_broken and each.reviewed_on in month
            )  # fmt: skip
            earned = Decimal(_recovered(facts, employee, month) * facts.rates[month]) / 100
            amount = min(max(earned - fines, Decimal(0)), Decimal(MOST)) * facts.share(employee, month)
            found[employee, f"bonus:{department}", str(month)] = int(amount.quantize(Decimal(1), ROUND_HALF_UP))
        found["P1", "fee:contract", str(month)] = _fee(facts, month)
    return {key: amount for key, amount in found.items() if amount}


def _recovered(facts: Facts, owner: str, month: Period) -> int:
    mine = [each for each in facts.payments if OWNERS[each.account] == owner]
    came = sum(each.amount for each in mine if each.posted_on in month)
    return came - sum(each.amount for each in mine if each.reversed_on and each.reversed_on in month)


def _fee(facts: Facts, month: Period) -> int:
    """Each payment by the rate of its own month, also where it is taken back later."""
    mine = [each for each in facts.payments if OWNERS[each.account] == "P1"]
    signed = [(each.amount, each) for each in mine if each.posted_on in month]
    signed += [(-each.amount, each) for each in mine if each.reversed_on and each.reversed_on in month]
    return sum(amount * facts.fees[Period.of(each.posted_on)] for amount, each in signed) // 100


def faults_of(house: House) -> list[str]:
    """In what the ledger is not as one calculation with full knowledge; empty if it is."""
    sums: Counter[Key] = Counter()
    owed: Counter[str] = Counter()
    for row in house.entries():
        key = ledger_key(row)
        if key.sort in {"carried", "receivable"}:
            owed[key.payee] += row.amount_minor
        else:
            sums[key.payee, key.base.component, str(key.origin_period)] += row.amount_minor
    once = full_knowledge(house.facts, house.months)
    found = [
        f"{' '.join(key)}: the ledger has {sums[key]:,}, full knowledge gives {once.get(key, 0):,}"
        for key in sorted({*sums, *once})
        if sums[key] != once.get(key, 0)
    ]
    found += [f"{payee} is owed a debt of {-amount:,}" for payee, amount in owed.items() if amount < 0]
    return [*found, *map(str, verify_ledger(house.world))]


def events_of(seed: int, number: int) -> tuple[Event, ...]:
    """The story of that number: the same seed and number give the same one."""
    lot = random.Random(f"{seed}/{number}")
    return tuple(
        (lot.choice(KINDS), lot.randrange(60), lot.randrange(60), lot.randrange(60)) for _ in range(lot.randint(8, 22))
    )


def new_house(folder: Path, database_url: str = "", *, dates: int = len(DAYS)) -> House:
    """A house of its own in the folder, opened."""
    settings = Settings(home=folder / "home", rules=folder / "rules", database_url=database_url)
    house = House(open_world(settings, clock=SteppingClock()), dates)
    house.begin()
    return house


def told(house: House, events: Iterable[Event]) -> House:
    """The house after the events, and after the last word."""
    for event in events:
        house.live(event)
    house.settle()
    return house
