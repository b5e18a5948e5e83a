"""Decisions about one payee beside the calculation: holds; by two people, adjustments and moved debts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.errors import ConflictError, RefusedError
from adapters.store.batches import refuse_other_names
from adapters.store.results import read_held, read_payout_lines
from adapters.store.settlements import (
    adjustments_of,
    holds_of,
    insert_adjustment,
    insert_adjustment_decision,
    insert_hold,
)
from adapters.world import World, business_today
from domain.expressions.parse import suggestion
from domain.ids import AttemptId
from domain.issues import Location
from domain.money import from_minor, minor_digits, to_minor
from domain.periods import Period
from incentives.approvers import PayDecision
from incentives.authority import Matter, Ruling
from incentives.ledger import BatchKind
from tasks.stages.authority import moved_of_payee, refuse, ruling_on
from tasks.stages.debts import owed_of
from tasks.stages.month_end import Frozen, read_frozen
from tasks.stages.rules import RuleSet, sound_rules
from tasks.stages.settling import read_cases

MOST_MINOR = 10**15  # of one adjustment: sums of thousands of them still fit a column of the ledger


@dataclass(frozen=True, slots=True)
class PayeeHold:
    """A decision about one payee of a batch, as it was recorded."""

    batch: str
    payee: str
    decision: str
    by: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class NewAdjustment:
    """What is proposed for a payee of a batch, in major units; `case` is the dispute that it settles."""

    payee: str
    amount: Decimal
    currency: str
    by: str
    reason: str
    case: str = ""


@dataclass(frozen=True, slots=True)
class NewMove:
    """What a payee of a batch owes in another department (`source`), to be deducted by the batch's; in major units.

    Without an amount, all that is owed there in the currency.
    """

    payee: str
    source: str
    currency: str
    by: str
    reason: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class KnownAdjustment:
    """An adjustment as it stands: proposed, approved or rejected."""

    adjustment_id: str
    kind: BatchKind
    scope: str
    period: Period
    payee: str
    amount: Decimal
    currency: str
    reason: str
    proposed_by: str
    state: str
    decided_by: str
    case: str
    proposed_for: str = ""
    moved_from: str = ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The departments or partners whose pay it changes."""
        return (self.scope, self.moved_from) if self.moved_from else (self.scope,)


def hold_payee(
    world: World, batch: str, payee: str, *, by: str, reason: str, until: date | None = None, attempt: AttemptId | None
) -> PayeeHold:
    """Pay and take back nothing of the payee under this department and month, until released or until the day.

    What is frozen already does not change: a batch that would pay the payee is refused when it is published. Raises:
    RefusedError with everything that stands in the way.
    """
    return _decide_hold(world, PayeeHold(batch, payee, "held", by, reason, until), attempt)


def release_payee(
    world: World, batch: str, payee: str, *, by: str, reason: str, attempt: AttemptId | None
) -> PayeeHold:
    """End the hold: the month, prepared again, pays what was held, with the month in which it was earned."""
    return _decide_hold(world, PayeeHold(batch, payee, "released", by, reason), attempt)


def propose(world: World, batch: str, wanted: NewAdjustment, attempt: AttemptId | None) -> KnownAdjustment:
    """Record what somebody wants to be paid, or taken, beside the calculation; it counts once somebody else approves.

    Raises: RefusedError with everything that is wrong with it.
    """
    day, rules = business_today(world), sound_rules(world.settings.rules)
    with world.store.write("adjustment_proposed") as connection:
        refuse_other_names(connection, wanted.by)
        frozen = read_frozen(connection, batch)
        ruled = _ruling_on_new(connection, rules, frozen, wanted, (frozen.batch.scope,), day)
        acting_for = refuse(ruled, tuple(_faults(connection, frozen, wanted)))
        row = _row(connection, frozen, wanted, acting_for, day)
        insert_adjustment(world.store, connection, row, attempt)
        return _named(connection, row["adjustment_id"])


def propose_move(world: World, batch: str, wanted: NewMove, attempt: AttemptId | None) -> KnownAdjustment:
    """Record that what a payee owes in another department is to be deducted from what this batch's department pays.

    It counts once somebody else approves. Then the first credits what is still owed, up to the amount, and the second
    takes up what was credited, under its cap. Raises: RefusedError with everything that is wrong with it.
    """
    day, rules = business_today(world), sound_rules(world.settings.rules)
    with world.store.write("move_proposed") as connection:
        refuse_other_names(connection, wanted.by)
        frozen = read_frozen(connection, batch)
        owed = owed_of(connection, frozen.batch.period, wanted.payee)
        minor = owed.get((wanted.source, wanted.currency), 0)
        whole = from_minor(minor, wanted.currency) if minor else Decimal(0)
        amount = whole if wanted.amount is None else wanted.amount
        adjustment = NewAdjustment(wanted.payee, amount, wanted.currency, wanted.by, wanted.reason)
        faults = (*_faults_of_move(frozen, wanted, amount, owed), *_faults(connection, frozen, adjustment, debt=True))
        ruled = _ruling_on_new(connection, rules, frozen, adjustment, (frozen.batch.scope, wanted.source), day)
        acting_for = refuse(ruled, faults)
        row = _row(connection, frozen, adjustment, acting_for, day) | {"moved_from": wanted.source}
        insert_adjustment(world.store, connection, row, attempt)
        return _named(connection, row["adjustment_id"])


def _row(
    connection: sa.Connection, frozen: Frozen, wanted: NewAdjustment, acting_for: str, day: date
) -> dict[str, Any]:
    batch = frozen.batch
    return {
        "adjustment_id": f"{batch.period}-{len(adjustments_of(connection, period=str(batch.period))) + 1:04d}",
        "batch_kind": batch.kind.value,
        "scope": batch.scope,
        "period": str(batch.period),
        "payee": wanted.payee,
        "currency": wanted.currency,
        "amount_minor": to_minor(wanted.amount, wanted.currency),
        "case_id": wanted.case or None,
        "proposed_by": wanted.by,
        "reason": wanted.reason.strip(),
        "proposed_on": day,
        "on_behalf_of": acting_for,
    }


def decide_adjustment(
    world: World, name: str, *, approve: bool, by: str, reason: str = "", attempt: AttemptId | None
) -> KnownAdjustment:
    """Approve or reject a proposed adjustment, once. Raises: RefusedError with every reason why it may not be."""
    day, rules = business_today(world), sound_rules(world.settings.rules)
    try:
        with world.store.write("adjustment_decided") as connection:
            refuse_other_names(connection, by)
            known = _named(connection, name)
            faults = [*_not_due(known)]
            if not approve and not reason.strip():
                faults.append("ADJ005 an adjustment is rejected with a reason: give --reason")
            acting_for = refuse(_ruling_on_known(connection, rules, known, day, by=by, approve=approve), tuple(faults))
            row = {
                "adjustment_id": known.adjustment_id,
                "decision": "approved" if approve else "rejected",
                "by_name": by,
                "reason": reason.strip(),
                "decided_on": day,
                "on_behalf_of": acting_for,
            }
            insert_adjustment_decision(world.store, connection, row, attempt)
            return _named(connection, known.adjustment_id)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on {name} at the same moment: look at it again") from None


def list_adjustments(world: World, period: Period | None = None) -> tuple[KnownAdjustment, ...]:
    with world.store.read() as connection:
        return tuple(_known(row) for row in adjustments_of(connection, period=str(period or "")))


@dataclass(frozen=True, slots=True)
class _Payees:
    """Whom the calculation of the batch's run knows, each with the departments or partners that pay them or wait to."""

    scope: str
    places: Mapping[str, frozenset[str]]

    @property
    def here(self) -> frozenset[str]:
        return frozenset(payee for payee, places in self.places.items() if self.scope in places)

    @property
    def here_or_nowhere(self) -> frozenset[str]:
        """With those for whom nothing is calculated anywhere: no policy holds for them, or their postings overlap."""
        return self.here | {payee for payee, places in self.places.items() if not places}

    def elsewhere(self, payee: str) -> str:
        """Where the payee is paid, for whoever looked for them in this batch."""
        places = ", ".join(sorted(self.places.get(payee, ())))
        if places:
            return f"The month pays them in {places}: decide on that batch"
        return suggestion(payee, self.here)


def _payees_of(connection: sa.Connection, frozen: Frozen) -> _Payees:
    """A decision counts for the department or partner of its batch, so that is where the payee has to be paid."""
    batch = frozen.batch
    if batch.kind is BatchKind.FEE:
        partners = {line.payee for line in read_payout_lines(connection, frozen.run, batch.kind.value)}
        return _Payees(batch.scope, {each: frozenset({each}) for each in partners | {batch.scope}})
    found: dict[str, set[str]] = defaultdict(set)
    for line in read_payout_lines(connection, frozen.run, batch.kind.value):
        found[line.payee].add(line.scope)
    for payee, component, _ in read_held(connection, frozen.run, batch.kind.value):
        found[payee] |= {component.rpartition(":")[2]} - {""}
    for key in (*frozen.desired, *frozen.posted):
        found[key.payee].add(batch.scope)
    return _Payees(batch.scope, {payee: frozenset(places) for payee, places in found.items()})


def _ruling_on_new(
    connection: sa.Connection,
    rules: RuleSet,
    frozen: Frozen,
    wanted: NewAdjustment,
    scopes: tuple[str, ...],
    day: date,
) -> Ruling:
    batch, place = frozen.batch, Location(f"batch {frozen.batch.batch_id}")
    moved = _moved(wanted.amount, wanted.currency)
    payees = frozenset({wanted.payee})
    matter = Matter(PayDecision.PROPOSE_ADJUSTMENT, wanted.by, place, batch.scope, moved, payees)
    return _in_each(
        ruling_on(connection, rules, batch.kind, batch.period, replace(matter, scope=scope), day) for scope in scopes
    )


def _in_each(rulings: Iterable[Ruling]) -> Ruling:
    """Who moves a debt decides about pay of two departments, and must be entitled in both."""
    every = tuple(rulings)
    refusals = tuple(dict.fromkeys(issue for each in every for issue in each.refusals))
    return Ruling(next((each.on_behalf_of for each in every if each.on_behalf_of), ""), refusals)


def _ruling_on_known(
    connection: sa.Connection, rules: RuleSet, known: KnownAdjustment, day: date, *, by: str, approve: bool
) -> Ruling:
    """Whoever proposed it, or was acted for, does not approve it; taking one's own proposal back is no harm."""
    what = PayDecision.APPROVE_ADJUSTMENT if approve else PayDecision.REJECT_ADJUSTMENT
    proposers = {known.proposed_by, known.proposed_for} - {""} if approve else set[str]()
    matter = Matter(
        what,
        by,
        Location(f"adjustment {known.adjustment_id}"),
        known.scope,
        _moved(known.amount, known.currency),
        frozenset({known.payee}),
        dict.fromkeys(proposers, "proposed it"),
    )
    return _in_each(
        ruling_on(connection, rules, known.kind, known.period, replace(matter, scope=scope), day)
        for scope in known.scopes
    )


def _moved(amount: Decimal, currency: str) -> dict[str, int]:
    """Of an amount that cannot be paid nothing moves: that it cannot be is told beside it."""
    try:
        return {currency: abs(to_minor(amount, currency))}
    except ValueError:
        return {}


def _decide_hold(world: World, wanted: PayeeHold, attempt: AttemptId | None) -> PayeeHold:
    day, rules = business_today(world), sound_rules(world.settings.rules)
    try:
        with world.store.write("payee_held") as connection:
            refuse_other_names(connection, wanted.by)
            frozen = read_frozen(connection, wanted.batch)
            batch = frozen.batch
            known = [
                row
                for row in holds_of(connection, batch.kind.value, str(batch.period))
                if (row.scope, row.payee) == (batch.scope, wanted.payee)
            ]
            is_held = bool(known) and known[-1].decision == "held" and (known[-1].until or date.max) > day
            faults = _faults_of_hold(wanted, day, _payees_of(connection, frozen), is_held=is_held)
            acting_for = refuse(_ruling_on_hold(connection, rules, frozen, wanted, day), tuple(faults))
            row = {
                "batch_kind": batch.kind.value,
                "scope": batch.scope,
                "period": str(batch.period),
                "payee": wanted.payee,
                "step": len(known) + 1,
                "decision": wanted.decision,
                "until": wanted.until,
                "by_name": wanted.by,
                "reason": wanted.reason.strip(),
                "decided_on": day,
                "on_behalf_of": acting_for,
            }
            insert_hold(world.store, connection, row, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError(f"somebody decided on {wanted.payee} at the same moment: look again") from None
    return PayeeHold(batch.batch_id, wanted.payee, wanted.decision, wanted.by, wanted.reason, wanted.until)


def _ruling_on_hold(connection: sa.Connection, rules: RuleSet, frozen: Frozen, wanted: PayeeHold, day: date) -> Ruling:
    what = PayDecision.HOLD_PAYEE if wanted.decision == "held" else PayDecision.RELEASE_PAYEE
    batch, place = frozen.batch, Location(f"batch {frozen.batch.batch_id}")
    moved = moved_of_payee(frozen, wanted.payee)
    matter = Matter(what, wanted.by, place, batch.scope, moved, frozenset({wanted.payee}))
    return ruling_on(connection, rules, batch.kind, batch.period, matter, day)


def _faults_of_hold(wanted: PayeeHold, day: date, payees: _Payees, *, is_held: bool) -> Iterator[str]:
    if wanted.payee not in payees.here and not is_held:
        yield f'HLD001 "{wanted.payee}" is no payee of the batch. {payees.elsewhere(wanted.payee)}'.rstrip()
    if not wanted.reason.strip():
        yield "HLD002 a payee is held and released with a reason: give --reason"
    if is_held is (wanted.decision == "held"):
        state = "held already" if is_held else "not held: there is nothing to release"
        yield f"HLD003 {wanted.payee} is {state}"
    if wanted.until and wanted.until <= day:
        yield f"HLD004 {wanted.until} is no later than today, {day}: give a later day, or none"


def _faults(connection: sa.Connection, frozen: Frozen, wanted: NewAdjustment, *, debt: bool = False) -> Iterator[str]:
    payees = _payees_of(connection, frozen)
    if wanted.payee not in payees.here_or_nowhere:
        yield f'ADJ001 "{wanted.payee}" is no payee of the batch. {payees.elsewhere(wanted.payee)}'.rstrip()
    if not wanted.reason.strip():
        yield "ADJ005 an adjustment is proposed with a reason: give --reason"
    in_vain = tuple(_faults_of_money(wanted))
    # Of a debt that is not there the amount is nothing, and that is told already.
    yield from () if debt and not wanted.amount else in_vain
    if not in_vain and wanted.payee in payees.here_or_nowhere:
        yield from _faults_of_currency(connection, frozen, wanted)
    if wanted.case:
        yield from _faults_of_case(connection, frozen, wanted)


def _faults_of_currency(connection: sa.Connection, frozen: Frozen, wanted: NewAdjustment) -> Iterator[str]:
    """Payroll pays somebody in the currencies of their policies; of whom nothing is calculated, in the batch's."""
    lines = read_payout_lines(connection, frozen.run, frozen.batch.kind.value)
    keys = {(key.payee, key.currency) for key in (*frozen.desired, *frozen.posted)}
    every = {(line.payee, line.currency) for line in lines if line.scope == frozen.batch.scope} | keys
    mine = {currency for payee, currency in every if payee == wanted.payee} or {currency for _, currency in every}
    if mine and wanted.currency not in mine:
        message = f"ADJ009 {frozen.batch.scope} does not pay {wanted.payee} in {wanted.currency}"
        yield f"{message}, but in {', '.join(sorted(mine))}: no policy of theirs is in it"


def _faults_of_move(
    frozen: Frozen, wanted: NewMove, amount: Decimal, owed: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    """Only what is owed can move, between two departments."""
    batch = frozen.batch
    if batch.kind is not BatchKind.BONUS:
        yield "ADJ008 what a partner owes is deducted from its own fees: only debts of employees move"
        return
    if wanted.source == batch.scope:
        yield f"ADJ008 {batch.scope} deducts what is owed there itself: name another department with --from"
        return
    there = [f"{from_minor(minor, paid):,f} {paid} in {scope}" for (scope, paid), minor in sorted(owed.items())]
    most = owed.get((wanted.source, wanted.currency), 0)
    moved = _moved(amount, wanted.currency).get(wanted.currency, 0)
    if not most:
        nothing = f"{wanted.payee} owes nothing in {wanted.source} in {wanted.currency}"
        yield f"ADJ008 {nothing} that is posted; they owe {', '.join(there) or 'nothing anywhere'}"
    elif amount < 0 or moved > most:
        yield f"ADJ008 {amount:,f} {wanted.currency} is not between nothing and what is owed: {', '.join(there)}"


def _faults_of_case(connection: sa.Connection, frozen: Frozen, wanted: NewAdjustment) -> Iterator[str]:
    """An adjustment settles a dispute of the same payee, department and month, and none that was rejected."""
    case = next((each for each in read_cases(connection) if each.action.action_id == wanted.case), None)
    if case is None:
        yield f'ADJ007 no dispute "{wanted.case}"; `recoup disputes` lists them'
    elif case.payee != wanted.payee:
        yield f"ADJ007 {wanted.case} is about {case.payee}, not {wanted.payee}"
    elif (case.kind, case.scope, case.period) != (frozen.batch.kind, frozen.batch.scope, frozen.batch.period):
        yield f"ADJ007 {wanted.case} is about pay of {case.scope} for {case.period}: propose it on that batch"
    elif not case.is_open and not case.is_upheld:
        yield f"ADJ007 {wanted.case} was closed as {case.action.outcome}: an adjustment beside it names no dispute"


def _faults_of_money(wanted: NewAdjustment) -> Iterator[str]:
    """`500.000` is five hundred to one reader and half a million to another: no digits that the currency has not.

    Nothing is an amount only where it settles a dispute: what was wrong was corrected in the data.
    """
    try:
        digits = minor_digits(wanted.currency)
        minor = to_minor(wanted.amount, wanted.currency)
    except ValueError as error:
        yield f"ADJ004 {error}"
        return
    if -int(wanted.amount.as_tuple().exponent) > digits:
        yield f"ADJ004 {wanted.amount} has more than {digits} digits after the point: write it without them"
    if abs(minor) > MOST_MINOR:
        yield f"ADJ004 {wanted.amount:,f} {wanted.currency} is no amount that anybody is paid: correct it"
    if minor == 0 and not wanted.case:
        yield f"ADJ004 an adjustment of nothing: give an amount, with at most {digits} digits after the point"


def _not_due(known: KnownAdjustment) -> Iterator[str]:
    if known.state != "proposed":
        yield f"ADJ002 {known.adjustment_id} was {known.state} by {known.decided_by}: propose another one"


def _named(connection: sa.Connection, prefix: str) -> KnownAdjustment:
    found = [row for row in adjustments_of(connection) if row.adjustment_id.startswith(prefix)]
    whole = [row for row in found if row.adjustment_id == prefix] or found
    if len(whole) != 1:
        known = ", ".join(row.adjustment_id for row in found) or "none; `recoup adjustments` lists them"
        raise RefusedError(f"ADJ001 {prefix!r} should name one adjustment; it names {known}")
    return _known(whole[0])


def _known(row: sa.Row[Any]) -> KnownAdjustment:
    return KnownAdjustment(
        row.adjustment_id,
        BatchKind(row.batch_kind),
        row.scope,
        Period.parse(row.period),
        row.payee,
        from_minor(row.amount_minor, row.currency),
        row.currency,
        row.reason,
        row.proposed_by,
        row.decision or "proposed",
        row.decided_by or "",
        row.case_id or "",
        row.on_behalf_of or "",
        row.moved_from or "",
    )
