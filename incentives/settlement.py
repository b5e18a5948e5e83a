"""From what is calculated to what is posted: holds, adjustments, deductions under their cap, debts that move.

Nothing here changes a calculated line. What people decided stands beside it under keys of its own (`held/…`,
`manual/…`, `moved/…`, `carried/…`, `receivable/…`), so that the difference to post is desired minus posted, key by key,
for these as for all others, and so that doing it twice posts nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from domain.ids import Digest, canonical_decimal, digest_of
from domain.money import CONTEXT, from_minor
from domain.periods import Period
from domain.records import PayoutLine, Step
from incentives.ledger import (
    CARRIED,
    MANUAL,
    MOVED,
    RECEIVABLE,
    BatchKind,
    LedgerKey,
    Posting,
    differences,
    nets,
)

NO_TERMS = Digest("")

Account = tuple[str, str]  # payee and currency


@dataclass(frozen=True, slots=True)
class Hold:
    """Why somebody is not paid now: by whose decision, or by which case; an empty component holds all of theirs.

    `until` is the first day on which it no longer holds, if that was said.
    """

    payee: str
    component: str
    by: str
    reason: str
    is_case: bool = False
    until: date | None = None

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Who holds, apart from the reason: a payee reads the reason, and no name."""
        decided = ("case" if self.is_case else "held by", self.by)
        return (decided, ("until", self.until.isoformat())) if self.until else (decided,)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What somebody proposed and somebody else approved, in minor units; `case` is the dispute that it settles."""

    adjustment_id: str
    payee: str
    currency: str
    amount_minor: int
    reason: str
    proposed_by: str
    approved_by: str
    case: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody owes in one department, to be deducted by another that pays them; in minor units, and at most.

    `credited` is what the first has credited in the ledger so far: the second takes up exactly this, and so nothing
    before; `taken_up` is what it has. A move that is credited in part is over.
    """

    adjustment_id: str
    payee: str
    currency: str
    amount_minor: int
    source: str
    target: str
    reason: str
    proposed_by: str
    approved_by: str
    credited: int = 0
    taken_up: int = 0

    def key_in(self, scope: Scope) -> LedgerKey:
        return scope.key(MOVED, self.payee, self.currency, self.adjustment_id)

    def line(self, scope: Scope, minor: int, decided: Decided) -> PayoutLine:
        """What the department credits (above zero) or takes up, with whom it is moved from and to."""
        value = from_minor(minor, self.currency)
        named = (("from", self.source), ("to", self.target))
        by = (("proposed by", self.proposed_by), ("approved by", self.approved_by))
        steps = (Step("moved", "manual", value, (*named, *by), decided.terms_place, self.reason),)
        return _line(scope, self.key_in(scope), value, decided, steps)


@dataclass(frozen=True, slots=True)
class OpenMonth:
    """What was posted for a department or partner into the month that is open, whatever month it was earned in.

    `posted` are the sums by key of the month without what was carried; `owed_before` is what each payee owed when the
    month began, `owed_now` what they owe now, `receivable` what became a receivable in the month; `brought_in` how much
    of `owed_before` came in by the opening import, if what is owed longest is deducted first.
    """

    posted: Mapping[LedgerKey, int] = field(default_factory=dict)
    owed_before: Mapping[Account, int] = field(default_factory=dict)
    owed_now: Mapping[Account, int] = field(default_factory=dict)
    receivable: Mapping[Account, int] = field(default_factory=dict)
    brought_in: Mapping[Account, int] = field(default_factory=dict)

    def digest_for(self, payees: Collection[str]) -> Digest:
        """Of what deductions of these payees follow from: if it changes, a batch that was frozen before is void."""
        posted = [[key.payee, key.component, str(key.origin_period), key.currency, self.posted[key]]
                  for key in sorted(self.posted) if key.payee in payees and self.posted[key]]  # fmt: skip
        owed = [[*account, side.get(account, 0)] for side in (self.owed_before, self.owed_now, self.receivable)
                for account in sorted(side) if account[0] in payees]  # fmt: skip
        return digest_of([posted, owed])


@dataclass(frozen=True, slots=True)
class Scope:
    """The batch that is settled: its kind, department or partner, month, and the open month that it posts into."""

    kind: BatchKind
    name: str
    period: Period
    into: Period

    def key(self, sort: str, payee: str, currency: str, name: str = "net") -> LedgerKey:
        """The key of something that is not calculated; a bonus's names its department, like all of its keys."""
        ending = f":{self.name}" if self.kind is BatchKind.BONUS else ""
        return LedgerKey(self.kind, payee, f"{sort}/{name}{ending}", self.period, currency)


@dataclass(frozen=True, slots=True)
class Decided:
    """What people and rules decided about the batch.

    `waiting` are payees and components that could not be calculated (an empty component: all calculated ones);
    `caps` the most that may be deducted, as a share of the month's pay by currency; `leavers` who has left; `terms` the
    version and the place of the rule.
    """

    waiting: frozenset[tuple[str, str]] = frozenset()
    holds: tuple[Hold, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    moves: tuple[Move, ...] = ()
    caps: Mapping[str, Decimal] = field(default_factory=dict)
    leavers: frozenset[str] = frozenset()
    terms: Digest = NO_TERMS
    terms_place: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """`desired` is what each key should come to in all; `lines` explain those that are not calculated."""

    desired: Mapping[LedgerKey, int]
    lines: tuple[PayoutLine, ...]
    postings: tuple[Posting, ...]


def settle(
    scope: Scope,
    calculated: Mapping[LedgerKey, int],
    posted: Mapping[LedgerKey, int],
    decided: Decided,
    month: OpenMonth,
) -> Settlement:
    """The frozen differences of one batch, in minor units.

    `posted` holds the sums of the batch's own keys. A payee who is held keeps what reached them, and gets no more. What
    is taken back in the open month is set off against what the department or contract pays in it, up to the cap; the
    rest is carried forward, and of somebody who has left it is a receivable. So no month's pay is ever negative.
    What is moved away is credited at most up to what is left to be carried, and never taken back; the department that
    it is moved to takes it up once the credit is in the ledger, and deducts it as anything that is taken back.
    Raises: ValueError for a key of a later period than the open one.
    """
    desired = {**calculated, **{_key_of(scope, each): each.amount_minor for each in decided.adjustments}}
    desired |= _moved_so_far(scope, posted, decided.moves)
    waiting = frozenset(key for key in (*desired, *posted) if _waits(key.base, decided.waiting))
    held = _held(desired, posted, decided.holds, waiting)
    desired |= {key: amount for key, (amount, _) in held.items()}
    skipped = {(key.payee, key.component) for key in (*waiting, *(key.held for key in waiting))}
    postings = differences(desired, posted, into=scope.into, held=skipped)
    deductions = tuple(_deductions(scope, postings, posted, decided, month))
    desired |= {key: amount for each in deductions for key, amount in (*each.desired.items(), *each.credits.items())}
    lines = (
        *(_line_of_hold(scope, key, *held[key], decided) for key in sorted(held)),
        *(_line_of_adjustment(scope, each, decided) for each in decided.adjustments),
        *(each.line(scope, amount, decided) for each in decided.moves if (amount := desired.get(each.key_in(scope)))),
        *(line for each in deductions for line in each.lines(scope, decided)),
    )
    return Settlement(desired, lines, differences(desired, posted, into=scope.into, held=skipped))


def owes(key: LedgerKey) -> bool:
    """Whether the key says what a payee owes, and not what they earn."""
    return key.sort in {CARRIED, RECEIVABLE}


def holds_on(key: LedgerKey, holds: Iterable[Hold]) -> tuple[Hold, ...]:
    return tuple(each for each in holds if each.payee == key.payee and each.component in {"", key.base.component})


def _key_of(scope: Scope, adjustment: Adjustment) -> LedgerKey:
    return scope.key(MANUAL, adjustment.payee, adjustment.currency, adjustment.adjustment_id)


def _moved_so_far(scope: Scope, posted: Mapping[LedgerKey, int], moves: Iterable[Move]) -> dict[LedgerKey, int]:
    """What was credited stays, and what was credited elsewhere is taken up here."""
    found = {key: amount for key, amount in posted.items() if key.sort == MOVED}
    taken = {each.key_in(scope): -each.credited for each in moves if each.target == scope.name and each.credited}
    return {**found, **taken}


def _is_credit(key: LedgerKey, amount: int) -> bool:
    """What a department credits that another takes up: it pays what is owed, and is no pay."""
    return key.sort == MOVED and amount > 0


def _waits(key: LedgerKey, waiting: frozenset[tuple[str, str]]) -> bool:
    """Manual adjustments do not wait for a calculation, nor does what is owed."""
    return not key.sort and bool({(key.payee, key.component), (key.payee, "")} & waiting)


def _held(
    desired: Mapping[LedgerKey, int],
    posted: Mapping[LedgerKey, int],
    holds: Iterable[Hold],
    waiting: Collection[LedgerKey],
) -> dict[LedgerKey, tuple[int, tuple[Hold, ...]]]:
    """By the keys of what is held: minus what has not reached the payee yet, and why; zero where a hold is over."""
    holds = tuple(holds)
    found: dict[LedgerKey, tuple[int, tuple[Hold, ...]]] = {}
    own = {key.base for key in (*desired, *posted) if not owes(key) and key.sort != MOVED}
    for key in sorted(own - {*waiting}):
        reasons = holds_on(key, holds)
        reached = posted.get(key, 0) + posted.get(key.held, 0)
        amount = reached - desired.get(key, 0) if reasons else 0
        if amount or key.held in posted:
            found[key.held] = (amount, reasons)
    return found


@dataclass(frozen=True, slots=True)
class _Deduction:
    """How the month stands with one payee in one currency; minor units."""

    account: Account
    pay: int
    taken_back: int
    owed_before: int
    most: int
    deducted: int
    left: int
    brought_in: int
    moved: int
    desired: Mapping[LedgerKey, int]
    credits: Mapping[LedgerKey, int]

    @property
    def origin(self) -> str:
        """How much of what was owed comes from before going live."""
        amount, currency = self.brought_in, self.account[1]
        if not amount:
            return ""
        return f"{from_minor(amount, currency)} {currency} of what was owed came in by the opening import"

    def lines(self, scope: Scope, decided: Decided) -> Iterator[PayoutLine]:
        """The explanation, from the month's pay to what is still owed; once for each key that changes."""
        currency = self.account[1]
        named = {
            "pay_of_the_month": self.pay,
            "taken_back": self.taken_back,
            "owed_before": self.owed_before,
            "most_deducted": self.most,
            "deducted": self.deducted,
            **({"moved_away": self.moved} if self.moved else {}),
            "still_owed": self.left,
        }
        shown = {name: from_minor(minor, currency) for name, minor in named.items()}
        cap = (("cap", canonical_decimal(decided.caps.get(currency, Decimal(0)))),)
        notes = {"owed_before": self.origin}
        steps = tuple(
            Step(
                name,
                "deduction",
                value,
                cap if name == "most_deducted" else (),
                decided.terms_place,
                notes.get(name, ""),
            )
            for name, value in shown.items()
        )
        for key, minor in sorted(self.desired.items()):
            amount = from_minor(minor, currency)
            owed = f"posted into {scope.into}, of which {shown['still_owed']} {currency} is still owed"
            note = "; ".join(text for text in (owed, self.origin) if text)
            last = Step(key.sort, "deduction", amount, (), decided.terms_place, note)
            yield _line(scope, key, amount, decided, (*steps, last))


def _deductions(
    scope: Scope,
    postings: Iterable[Posting],
    posted: Mapping[LedgerKey, int],
    decided: Decided,
    month: OpenMonth,
) -> Iterator[_Deduction]:
    here = [(each.key, each.amount_minor) for each in postings if not owes(each.key)]
    accounts = {(key.payee, key.currency) for key in posted} | {(key.payee, key.currency) for key, _ in here}
    accounts |= {account for account, owed in month.owed_now.items() if owed and account[0] in decided.leavers}
    accounts |= {(each.payee, each.currency) for each in decided.moves}
    by_account, credited = defaultdict[Account, list[int]](list), defaultdict[Account, int](int)
    for key, net in nets((*here, *month.posted.items())).items():
        account = key.payee, key.currency
        if _is_credit(key, net):
            credited[account] += net
        else:
            by_account[account].append(net)
    for account in sorted(accounts):
        deduction = _deduction(scope, account, (by_account[account], credited[account]), posted, decided, month)
        if deduction.credits or any(amount or key in posted for key, amount in deduction.desired.items()):
            yield deduction


def _deduction(
    scope: Scope,
    account: Account,
    of_month: tuple[Collection[int], int],
    posted: Mapping[LedgerKey, int],
    decided: Decided,
    month: OpenMonth,
) -> _Deduction:
    payee, currency = account
    amounts, credited = of_month
    pay, taken_back = sum(net for net in amounts if net > 0), -sum(net for net in amounts if net < 0)
    before = month.owed_before.get(account, 0)
    most = _share(decided.caps.get(currency, Decimal(0)), pay)
    # More was moved away than is owed by now, if a correction has been corrected: then the rest of it is paid.
    due = max(taken_back + before - credited, 0)
    deducted = min(due, most)
    credits_now = _credits(scope, account, due - deducted, posted, decided.moves)
    moved = sum(credits_now.values())
    left = due - deducted - moved
    carried, receivable = (0, left) if payee in decided.leavers else (left, 0)
    targets = {
        scope.key(CARRIED, payee, currency): carried - month.owed_now.get(account, 0),
        scope.key(RECEIVABLE, payee, currency): receivable - month.receivable.get(account, 0),
    }
    desired = {key: posted.get(key, 0) + due for key, due in targets.items() if due or key in posted}
    brought_in = month.brought_in.get(account, 0)
    amounts_now = (pay, taken_back, before, most, deducted, left, brought_in, credited + moved)
    return _Deduction(account, *amounts_now, desired, credits_now)


def _credits(
    scope: Scope, account: Account, left: int, posted: Mapping[LedgerKey, int], moves: Iterable[Move]
) -> dict[LedgerKey, int]:
    """What is moved away now, of what is left to be carried; each move once."""
    found: dict[LedgerKey, int] = {}
    for each in moves:
        key = each.key_in(scope)
        if each.source == scope.name and (each.payee, each.currency) == account and key not in posted:
            amount = min(each.amount_minor, left - sum(found.values()))
            found |= {key: amount} if amount > 0 else {}
    return found


def _share(cap: Decimal, pay: int) -> int:
    """Whole minor units, rounded down: never more than the cap."""
    return int(CONTEXT.multiply(cap, Decimal(pay)).to_integral_value(ROUND_FLOOR))


def _line_of_hold(scope: Scope, key: LedgerKey, amount: int, reasons: tuple[Hold, ...], decided: Decided) -> PayoutLine:
    value = from_minor(amount, key.currency)
    note = "; ".join(each.reason for each in reasons) or "no longer held"
    shown = (("of", key.base.component), *(named for each in reasons for named in each.shown))
    steps = (Step("held", "hold", value, shown, decided.terms_place, note),)
    return _line(scope, key, value, decided, steps)


def _line_of_adjustment(scope: Scope, adjustment: Adjustment, decided: Decided) -> PayoutLine:
    value = from_minor(adjustment.amount_minor, adjustment.currency)
    by = (("proposed by", adjustment.proposed_by), ("approved by", adjustment.approved_by))
    shown = (*by, ("case", adjustment.case)) if adjustment.case else by
    steps = (Step("adjustment", "manual", value, shown, decided.terms_place, adjustment.reason),)
    return _line(scope, _key_of(scope, adjustment), value, decided, steps)


def _line(scope: Scope, key: LedgerKey, amount: Decimal, decided: Decided, steps: tuple[Step, ...]) -> PayoutLine:
    return PayoutLine(
        key.payee, key.component, str(key.origin_period), key.currency, amount, scope.name, decided.terms, steps
    )
