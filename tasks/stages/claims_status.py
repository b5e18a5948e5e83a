"""How settlement with partners stands: by partner and contract, what is agreed, open and decided, and how old it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from adapters.store.claims import invoices_of, settlements_of
from adapters.world import World, business_today
from domain.ids import RunId
from domain.periods import Period
from incentives.claims.differences import Difference, Standing, age_bucket
from incentives.claims.kinds import AGREED
from incentives.claims.terms import Cycle
from tasks.stages.claims_files import answers_of
from tasks.stages.claims_state import PartnerClaims, partner_claims
from tasks.stages.claims_unpaid import months_to_prepare

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Side:
    """Number and money, in major units."""

    number: int = 0
    amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Numbers and money both ways; what does not tie is a bug. All amounts are of one currency.

    Theirs: what was sent = agreed + each kind of difference. Ours: what is due to be claimed = agreed + held by open
    differences + not claimed. Between them: what agreed lines claim, and what they are payable at, as booked.
    """

    currency: str
    sent: Side
    agreed_as_claimed: Side
    by_kind: Mapping[str, Side]
    due: Side
    agreed: Side
    held: Side
    not_claimed: Side
    agreed_as_booked: Decimal

    @property
    def is_tied(self) -> bool:
        theirs = self.agreed_as_claimed.amount + sum((each.amount for each in self.by_kind.values()), ZERO)
        number = self.agreed_as_claimed.number + sum(each.number for each in self.by_kind.values())
        ours = self.agreed.amount + self.held.amount + self.not_claimed.amount
        count = self.agreed.number + self.held.number + self.not_claimed.number
        return (
            (self.sent.number, self.sent.amount, self.due.number, self.due.amount) == (number, theirs, count, ours)
            and self.agreed_as_booked == self.agreed.amount
        )  # fmt: skip

    @property
    def forgiven(self) -> Decimal:
        """By how much agreed lines claim more than they are payable at: tolerances, and what was taken back."""
        return self.agreed_as_claimed.amount - self.agreed_as_booked


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """A difference that nobody has decided for good, with its age in days and the partner's last answer."""

    difference: Difference
    standing: Standing
    age_days: int
    answer: str
    answer_text: str
    is_overdue: bool

    @property
    def bucket(self) -> str:
        return age_bucket(self.age_days)


@dataclass(frozen=True, slots=True)
class SettlementStatus:
    """The newest settlement of a partner's contract on a day, and all that is open of it.

    `waits_for`: the partner (until its answer is due), us (a decision), a second person, or nobody. `to_prepare`: the
    months of the partner that pay something else once they are prepared.
    """

    partner: str
    contract: str
    settlement_id: str
    run: RunId
    cycle: Cycle
    run_on: date
    reply_by: date
    reconciled: tuple[Reconciled, ...]
    open: tuple[OpenDifference, ...]
    decided: Mapping[str, Side] = field(default_factory=dict)
    invoices_open: int = 0
    to_prepare: tuple[Period, ...] = ()

    @property
    def waits_for(self) -> str:
        if any(each.standing is Standing.PROPOSED for each in self.open):
            return "a second person"
        if any(each.answer or each.is_overdue for each in self.open):
            return "a decision"
        return "the partner" if self.open else ""

    @property
    def currency(self) -> str:
        return self.reconciled[0].currency

    def ages(self) -> dict[str, Side]:
        """Open differences by bucket of age: number, and the larger of what is claimed and what is booked."""
        return _sums(((each.bucket, each.difference) for each in self.open), self.currency)

    def kinds(self) -> dict[str, Side]:
        return _sums(((each.difference.kind.value, each.difference) for each in self.open), self.currency)


def settlement_status(world: World, *, partner: str = "", on: date | None = None) -> tuple[SettlementStatus, ...]:
    """By partner and contract, as of a day (today, unless it is given). Reads the store alone."""
    day = on or business_today(world)
    with world.store.read() as connection:
        partners = dict.fromkeys(row.partner_id for row in settlements_of(connection, partner=partner))
        found: list[SettlementStatus] = []
        for each in partners:
            claims = partner_claims(world, connection, each)
            answers = answers_of(connection, claims)
            waiting = Counter(
                row.partner_id for row in invoices_of(connection, partner=each) if row.differences and not row.decision
            )
            months = months_to_prepare(connection, claims)
            found += _of_partner(claims, answers, waiting[each], months, day)
    return tuple(found)


def _of_partner(
    claims: PartnerClaims, answers: Mapping[str, tuple[str, str]], invoices: int, months: tuple[Period, ...], day: date
) -> Iterator[SettlementStatus]:
    newest = claims.newest
    for row in claims.settlements:
        if row.settlement_id not in newest:
            continue
        mine = ((standing.value, each) for each, standing in claims.decided() if each.contract == row.contract_id)
        both = reconciled(row.totals)
        yield SettlementStatus(
            row.partner_id,
            row.contract_id,
            row.settlement_id,
            RunId(row.run_id),
            Cycle(row.starts_on, row.ends_on),
            row.run_on,
            row.reply_by,
            both,
            tuple(_open(claims, row.settlement_id, answers, day)),
            _sums(mine, both[0].currency),
            invoices,
            months,
        )


def _open(
    claims: PartnerClaims, settlement: str, answers: Mapping[str, tuple[str, str]], day: date
) -> Iterator[OpenDifference]:
    for each, state in claims.open(day):
        if each.settlement_id == settlement:
            answer, text = answers.get(each.difference_id, ("", ""))
            age = (day - each.first_listed_on).days
            yield OpenDifference(each, state.standing, age, answer, text, day > each.reply_by)


def _sums(found: Iterator[tuple[str, Difference]], currency: str) -> dict[str, Side]:
    """By name; lines in another currency than the contract's are counted, and their money is added to none."""
    sums: dict[str, Side] = {}
    for name, each in found:
        before, amount = sums.get(name, Side()), each.at_stake if each.currency == currency else ZERO
        sums[name] = Side(before.number + 1, before.amount + amount)
    return dict(sorted(sums.items()))


def reconciled(totals: Mapping[str, object]) -> tuple[Reconciled, ...]:
    """The totals of a settlement: those of the contract's currency, and of others that lines were sent in."""
    main = str(totals["currency"])
    theirs = _listed(totals["theirs"])
    currencies = [main, *sorted({each["currency"] for each in theirs} - {main})]
    return tuple(_of_currency(totals, theirs, currency, is_main=currency == main) for currency in currencies)


def _of_currency(
    totals: Mapping[str, object], theirs: list[dict[str, str]], currency: str, *, is_main: bool
) -> Reconciled:
    mine = {each["kind"]: Side(int(each["lines"]), Decimal(each["amount"])) for each in theirs
            if each["currency"] == currency}  # fmt: skip
    raw = totals["ours"]
    ours: Mapping[str, str] = raw if is_main and isinstance(raw, dict) else {}
    sent = Side(sum(each.number for each in mine.values()), sum((each.amount for each in mine.values()), ZERO))
    return Reconciled(
        currency,
        sent,
        mine.get(AGREED, Side()),
        {kind: side for kind, side in sorted(mine.items()) if kind != AGREED},
        _side(ours, "bookings", "booked"),
        _side(ours, "agreed_bookings", "agreed"),
        _side(ours, "held_bookings", "held"),
        _side(ours, "unclaimed_bookings", "unclaimed"),
        Decimal(str(totals["agreed_as_booked"])) if is_main else ZERO,
    )


def _side(ours: Mapping[str, str], number: str, amount: str) -> Side:
    return Side(int(ours.get(number, 0)), Decimal(str(ours.get(amount, 0))))


def _listed(rows: object) -> list[dict[str, str]]:
    return list(rows) if isinstance(rows, list) else []
