"""The slow oracle of matching: claims and books as lists, every rule as a sentence, one line after the other.

It shares nothing with `incentives.claims` but the names of kinds. What a kind means stands in
docs/partners/settlement.md; the order of the questions in `kind_of` is the precedence that stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True)
class Payment:
    id: str
    account: str
    paid: date
    posted: date
    amount: int
    waiver: int = 0
    reverses: str = ""


@dataclass(frozen=True)
class Claim:
    id: str
    account: str
    sent: date
    month: date
    paid: date
    amount: int
    names: str = ""
    currency: str = "VND"


@dataclass(frozen=True)
class Placement:
    account: str
    partner: str
    start: date
    recalled: date | None = None


@dataclass
class Terms:
    """Who is settled, when, and what still fits; everything counts but waivers."""

    partner: str = "R01"
    first: date = date(2026, 8, 1)
    end: date = date(2026, 10, 1)
    due_days: int = 10
    reads_from: date = date(2026, 6, 1)
    amount: int = 5
    days: int = 1
    search: int = 45
    tail: int = 30


@dataclass
class Earlier:
    """What was settled before: so much of a payment with a partner; and payments that are not paid for."""

    settled: dict[tuple[str, str], int] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)


class Matching:
    def __init__(self, claims, payments, placements, terms: Terms, earlier: Earlier) -> None:
        self.claims = sorted(claims, key=lambda each: (each.sent, each.id))
        self.payments = {each.id: each for each in payments}
        self.placements, self.terms, self.earlier = placements, terms, earlier
        self.pairs: list[tuple[Claim, Payment, int, str, str]] = []  # line, payment, taken, way, clash
        for account in sorted({each.account for each in self.claims}):
            self._pair(account)

    # ---- the books -----------------------------------------------------------------------------------------------

    def partner_on(self, account: str, day: date) -> str:
        having = [each for each in self.placements if each.account == account and each.start <= day]
        return max(having, key=lambda each: each.start).partner if having else ""

    def counted(self, payment: Payment) -> int:
        return payment.amount - payment.waiver

    def left(self, payment: Payment) -> int:
        others = sum(n for (name, who), n in self.earlier.settled.items() if name == payment.id and who != self.me)
        mine = self.earlier.settled.get((payment.id, self.me), 0)
        over = payment.id in self.earlier.rejected or others > 0
        return 0 if over else max(self.counted(payment) - mine, 0)

    @property
    def me(self) -> str:
        return self.terms.partner

    def back(self, payment: Payment, by: date | None = None) -> int:
        return -sum(
            each.amount for each in self.payments.values()
            if each.reverses == payment.id and (by is None or each.posted <= by)
        )  # fmt: skip

    def reversed_on(self, payment: Payment) -> date | None:
        every = [each.posted for each in self.payments.values() if each.reverses == payment.id]
        return max(every) if every and self.back(payment) >= payment.amount else None

    # ---- who belongs to whom -------------------------------------------------------------------------------------

    def can_match(self, line: Claim) -> bool:
        named = self.payments.get(line.names)
        is_known = any(each.account == line.account for each in self.placements)
        is_money = line.amount > 0 and line.paid <= line.sent and line.currency == "VND"
        return is_money and is_known and not (named and named.reverses) and not line.names.startswith("ESTIMATE")

    def _pair(self, account: str) -> None:
        lines = [each for each in self.claims if each.account == account and self.can_match(each)]
        books = sorted(
            (each for each in self.payments.values() if each.account == account and not each.reverses),
            key=lambda each: (each.paid, each.id),
        )
        self.waiting, self.free = list(lines), [each for each in books if self.left(each) > 0]
        for payment in books:
            naming = [each for each in self.waiting if each.names == payment.id]
            if naming:
                self._named(payment, naming)
        self._while_any("facts", lambda line, p: self.near(line, p) and self.same(line.amount, self.left(p)))
        for payment in list(self.free):
            lines_near = [each for each in self.waiting if self.near(each, payment)]
            run = self._run([each.amount for each in lines_near], self.left(payment))
            if run:
                chosen = lines_near[run[0] : run[1]]
                shares = [each.amount for each in chosen[:-1]]
                for line, share in zip(chosen, [*shares, self.left(payment) - sum(shares)], strict=True):
                    self._give(line, payment, share, "part")
        for line in list(self.waiting):
            before = [p for p in self.free if self.partner_on(account, p.paid) == self.me
                      and not self.reversed_on(p)
                      and -self.terms.days <= (line.paid - p.paid).days <= self.terms.search]  # fmt: skip
            run = self._run([self.left(p) for p in before], line.amount)
            for payment in before[run[0] : run[1]] if run else []:
                self._give(line, payment, self.left(payment), "split")
        self._repeats(lines)
        for line in list(self.waiting):
            over = [p for p in books if self.left(p) <= 0 and self.near(line, p)
                    and self.same(line.amount, self.counted(p))]  # fmt: skip
            if over:
                self._give(line, min(over, key=lambda p: self.rank(line, p)), 0, "facts")
        self._while_any("near", self.near)
        self._while_any(
            "far", lambda line, p: abs((line.paid - p.paid).days) <= self.terms.search
            and self.same(line.amount, self.left(p))
        )  # fmt: skip
        self._repeats(lines)

    def _named(self, payment: Payment, naming: Sequence[Claim]) -> None:
        left, given = self.left(payment), {}
        whole = [each for each in naming if left > 0 and self.same(each.amount, left)]
        if whole:
            given[whole[0]] = left
        else:
            rest = left
            for line in naming:
                if rest > 0 and line.amount <= rest + self.terms.amount:
                    given[line] = min(line.amount, rest)
                    rest -= given[line]
            if given and 0 < rest <= self.terms.amount:
                given[list(given)[-1]] += rest
        if not given and left > 0:
            given[naming[0]] = left
        way = "part" if len(given) > 1 else "reference"
        for number, line in enumerate(naming):
            if line in given:
                self._give(line, payment, given[line], way)
            elif left <= 0:
                self._give(line, payment, 0, "reference")
            else:
                others = [*naming[:number], *(each for each in given if each is not line)]
                self._give(line, payment, 0, "reference", self._repeat_of(line, others) or "over_claimed")

    def _repeat_of(self, line: Claim, others: Sequence[Claim]) -> str:
        same = [each for each in others if (each.paid, each.amount) == (line.paid, line.amount)]
        if not same:
            return ""
        return "duplicate_line" if any(each.sent == line.sent for each in same) else "duplicate_file"

    def _repeats(self, lines: Sequence[Claim]) -> None:
        having = [each for each in lines if each not in self.waiting]
        for line in list(self.waiting):
            clash = self._repeat_of(line, having)
            if clash:
                same = next(each for each in having if (each.paid, each.amount) == (line.paid, line.amount))
                payment = next(p for each, p, *_ in self.pairs if each is same)
                self._give(line, payment, 0, "facts", clash)

    def _while_any(self, way: str, fits) -> None:
        while True:
            every = [(self.rank(line, p), line.id, p.id, line, p) for line in self.waiting for p in self.free
                     if fits(line, p)]  # fmt: skip
            if not every:
                return
            *_, line, payment = min(every, key=lambda each: each[:3])
            left = self.left(payment)
            self._give(line, payment, min(line.amount, left) if way == "near" else left, way)

    def rank(self, line: Claim, payment: Payment) -> tuple:
        is_other = self.partner_on(payment.account, payment.paid) != self.me
        off = abs((line.paid - payment.paid).days), abs(line.amount - self.left(payment))
        return (self.reversed_on(payment) is not None, is_other, *off, payment.paid, payment.id, line.sent)

    def _run(self, amounts: Sequence[int], whole: int) -> tuple[int, int] | None:
        for start in range(len(amounts)):
            for end in range(start + 2, len(amounts) + 1):
                if self.same(sum(amounts[start:end]), whole):
                    return start, end
        return None

    def _give(self, line: Claim, payment: Payment, amount: int, way: str, clash: str = "") -> None:
        self.pairs.append((line, payment, amount, way, clash))
        self.waiting = [each for each in self.waiting if each is not line]
        self.free = [each for each in self.free if each is not payment]

    def near(self, line: Claim, payment: Payment) -> bool:
        return abs((line.paid - payment.paid).days) <= self.terms.days

    def same(self, one: int, other: int) -> bool:
        return abs(one - other) <= self.terms.amount

    # ---- what became of it ---------------------------------------------------------------------------------------

    def outcomes(self) -> dict[str, str]:
        """Of each line, and of each booking that nobody claims (under payment:ID), the kind."""
        found = {line.id: self.kind_of(line) for line in self.claims}
        return found | dict(self.unclaimed(found))

    def kind_of(self, line: Claim) -> str:
        mine = [each for each in self.pairs if each[0] is line]
        order = list(KINDS)
        kinds = [self._kind(line, *each[1:]) for each in mine] or [self._kind(line, None, 0, "", "")]
        return min(kinds, key=lambda kind: order.index(kind))

    def _kind(self, line: Claim, p: Payment | None, taken: int, way: str, clash: str) -> str:  # noqa: C901
        del taken
        named = self.payments.get(line.names)
        ever = any(each.account == line.account and each.partner == self.me for each in self.placements)
        where = self.partner_on(line.account, p.paid if p else line.paid)
        if line.names.startswith("ESTIMATE"):
            return "estimate"
        if line.amount <= 0:
            return "negative_amount" if line.amount else "zero_amount"
        if line.paid > line.sent:
            return "not_yet_paid"
        if not any(each.account == line.account for each in self.placements):
            return "unknown_account"
        if line.currency != "VND":
            return "wrong_currency"
        if not where:
            return "before_placement" if ever else "never_placed"
        if where != self.me:
            return "placed_with_another"
        if named and named.reverses:
            return "is_reversal"
        if named and named.account != line.account:
            return "wrong_reference"
        if p:
            settled = self.earlier.settled.get((p.id, self.me), 0)
            if any(name == p.id and who != self.me for name, who in self.earlier.settled):
                return "settled_with_another"
            if settled and self.left(p) == 0:
                return "settled_before"
            if p.id in self.earlier.rejected:
                return "rejected_before"
        if clash in {"duplicate_line", "duplicate_file"}:
            return clash
        if not p:
            if line.paid < self.terms.reads_from:
                return "too_old"
            return "unknown_reference" if line.names and not named else "not_in_books"
        if p.posted < self.terms.first:
            return "before_first_cycle"
        reversed_on = self.reversed_on(p)
        if reversed_on:
            return "reversed_before" if reversed_on <= line.sent else "reversed_after"
        if self.counted(p) <= 0:
            return "nothing_counts"
        if self.is_after_recall(p):
            return "after_recall"
        if p.posted >= self.terms.end:
            return "later_cycle"
        if line.sent > last_day(p.posted) + timedelta(days=self.terms.due_days):
            return "claimed_late"
        if line.month not in {p.paid.replace(day=1), p.posted.replace(day=1)}:
            return "wrong_period"
        if way != "split" and not self.near(line, p):
            return "wrong_date"
        return self._kind_of_amount(line, p, way, clash)

    def _kind_of_amount(self, line: Claim, p: Payment, way: str, clash: str) -> str:
        if way in {"part", "split"}:
            return "agreed"
        back = self.back(p, line.sent)
        standing = self.left(p) - back
        if self.same(line.amount, standing):
            return "over_claimed" if clash == "over_claimed" else "agreed"
        if back and self.same(line.amount, self.left(p)):
            return "partly_reversed"
        if p.waiver and self.same(line.amount, p.amount) and not self.same(line.amount, self.left(p)):
            return "waiver_as_cash"
        if clash == "over_claimed":
            return "over_claimed"
        return "amount_above" if line.amount > standing else "amount_below"

    def is_after_recall(self, p: Payment) -> bool:
        having = [each for each in self.placements if each.account == p.account and each.start <= p.paid]
        recalled = max(having, key=lambda each: each.start).recalled if having else None
        return recalled is not None and p.posted >= recalled + timedelta(days=self.terms.tail)

    def unclaimed(self, kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
        for p in self.payments.values():
            is_due = self.terms.first <= p.posted < self.terms.end and not p.reverses
            is_mine = self.partner_on(p.account, p.paid) == self.me and not self.is_after_recall(p)
            if not (is_due and is_mine and self.left(p) > 0) or self.reversed_on(p):
                continue
            mine = [each for each in self.pairs if each[1] is p and not each[4]]
            if any(kinds[line.id] in HOLDING for line, *_ in mine):
                continue
            agreed = sum(
                amount if way == "part" else self.left(p) for line, _, amount, way, _ in mine
                if kinds[line.id] == "agreed"
            )  # fmt: skip
            if self.left(p) - agreed > self.terms.amount:
                yield f"payment:{p.id}", "part_not_claimed" if agreed else "not_claimed"


def last_day(posted: date) -> date:
    month = posted.replace(day=28) + timedelta(days=4)
    return month.replace(day=1) - timedelta(days=1)


HOLDING = {"wrong_reference", "claimed_late", "wrong_period", "wrong_date", "partly_reversed", "waiver_as_cash",
           "amount_above", "amount_below"}  # fmt: skip
KINDS = (
    "estimate", "prepayment", "zero_amount", "negative_amount", "not_yet_paid", "unknown_account", "not_under_contract",
    "wrong_currency", "refused_at_gate", "never_placed", "before_placement", "placed_with_another", "is_reversal",
    "wrong_reference", "settled_with_another", "settled_before", "rejected_before", "duplicate_line", "duplicate_file",
    "too_old", "unknown_reference", "not_in_books", "before_first_cycle", "reversed_before", "reversed_after",
    "nothing_counts", "after_recall", "after_term", "later_cycle", "claimed_late", "wrong_period", "wrong_date",
    "partly_reversed", "waiver_as_cash", "over_claimed", "amount_above", "amount_below", "agreed",
)  # fmt: skip
