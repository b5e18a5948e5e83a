"""A payout as a tree, as it is printed, and as a page whose branches open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from domain.ids import Digest, RunId, canonical_decimal, short
from domain.money import CONTEXT
from domain.records import Outcome
from reports.languages import Language, message, words_of
from reports.marks import outcome_mark
from reports.pages import render

FIRST_IN_TEXT, FIRST_ON_PAGE = 10, 500  # payments of a band that are shown one by one
_MEASURES = {  # what chooses the band of a contract
    "age_at_placement_days": message("days past due at placement"),
    "age_at_placement_months": message("full months past due at placement"),
    "days_past_due": message("days past due"),
    "placement_number": message("number of the placement"),
    "balance_at_placement": message("balance at placement"),
    "balance": message("balance that remains"),
    "recovered": message("amount of the payment"),
    "recovered_before": message("recovered on the placement before"),
    "days_since_placed": message("days since placement"),
    "days_since_charge_off": message("days since the write-off"),
}


@dataclass(frozen=True, slots=True)
class FeePayment:
    """A payment that a fee is made of, as it stands in the books: amounts in major units of `currency`, below zero for
    a reversal, which `reverses` another.

    `recovered` is what counts of it by the contract. `measured`, in what the contract goes by, chose the band: of a
    reversal, that of the payment it takes back; there is none where a case has no bands. `rate` is the band's with the
    points on top; where it has slices there is none, and `before` is what the placement had recovered until then.
    """

    payment: str
    account: str
    debtor: str
    paid_on: date
    posted_on: date
    channel: str
    currency: str
    amount: Decimal
    waiver: Decimal
    reverses: str
    placement: str
    batch: str
    placed_on: date
    measure: str
    measured: Decimal | None
    recovered: Decimal
    rate: Decimal | None
    before: Decimal | None
    fee: Decimal


@dataclass(frozen=True, slots=True)
class PaymentSum:
    """How many payments, and what they come to."""

    payments: int
    recovered: Decimal
    fee: Decimal

    @classmethod
    def of(cls, payments: Iterable[FeePayment]) -> PaymentSum:
        found = tuple(payments)
        with localcontext(CONTEXT):
            recovered = sum((each.recovered for each in found), Decimal(0))
            return cls(len(found), recovered, sum((each.fee for each in found), Decimal(0)))


@dataclass(frozen=True, slots=True)
class Node:
    """One value: its name, what it is, how it was made, the rule line that made it, and what it was made of.

    `untied` says what of the value is not what was found again, and is empty where it is. `payments` are those of a
    band of a fee, all of them.
    """

    name: str
    kind: str
    value: str
    note: str = ""
    line: str = ""
    children: tuple[Node, ...] = ()
    untied: tuple[str, ...] = ()
    payments: tuple[FeePayment, ...] = ()

    def untied_below(self) -> Iterator[str]:
        """What does not tie in the whole branch."""
        yield from self.untied
        for child in self.children:
            yield from child.untied_below()


@dataclass(frozen=True, slots=True)
class PayoutExplanation:
    """One line of a payee: `tree` has a root for each part of the line.

    `run` is the month-end that calculated it, `night` the night whose figures it pays; `differing` says what does not
    come out again, and is empty where all of it does.
    """

    payee: str
    component: str
    period: str
    currency: str
    amount: Decimal
    run: RunId
    night: RunId
    rule: Digest
    tree: tuple[Node, ...]
    differing: tuple[str, ...]


def payout_page(explanations: Sequence[PayoutExplanation], language: Language, book_label: str) -> str:
    """One payee's lines, each as a tree; nobody else is on the page."""
    gettext = words_of(language).gettext
    sound = not any(each.differing for each in explanations)
    headline = gettext("Every figure comes out again") if sound else gettext("Not every figure comes out again")
    return render(
        "payout_tree.html.j2",
        language,
        book_label=book_label,
        explanations=[(each, short(each.run), short(each.night)) for each in explanations],
        payee=explanations[0].payee,
        period=explanations[0].period,
        mark=outcome_mark(Outcome.PASS if sound else Outcome.HALT, language),
        headline=headline,
        first=FIRST_ON_PAGE,
        sum_of=PaymentSum.of,
        measures={name: gettext(text) for name, text in _MEASURES.items()},
    )


def payments_as_text(payments: Sequence[FeePayment]) -> Iterator[str]:
    """The first payments of a band in a line each, and what the rest comes to."""
    yield from map(_payment, payments[:FIRST_IN_TEXT])
    if rest := payments[FIRST_IN_TEXT:]:
        more = PaymentSum.of(rest)
        yield (
            f"… and {more.payments} more: recovered {canonical_decimal(more.recovered)}, "
            f"fee {canonical_decimal(more.fee)}; --json or --rows-to FOLDER has them all"
        )


def _payment(one: FeePayment) -> str:
    recovered = f"recovered {canonical_decimal(one.recovered)} of {canonical_decimal(one.amount)} {one.currency}"
    rate = f"in slices after {canonical_decimal(one.before)}" if one.before is not None else ""
    rate = f"at {canonical_decimal(one.rate)}" if one.rate is not None else rate
    told = (
        f"account {one.account}" + (f" of {one.debtor}" if one.debtor else ""),
        f"paid {one.paid_on} by {one.channel}, posted {one.posted_on}",
        f"placement {one.placement} in batch {one.batch} of {one.placed_on}",
        "" if one.measured is None else f"{one.measure.replace('_', ' ')} {canonical_decimal(one.measured)}",
        f"takes back {one.reverses}" if one.reverses else "",
    )
    return f"{one.payment} = {canonical_decimal(one.fee)}  {recovered} {rate} · " + " · ".join(filter(None, told))
