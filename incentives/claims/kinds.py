"""The ways in which a partner's claim and the books differ, in the order in which they are looked for.

Each line of a claim is agreed or listed under exactly one kind: the first that holds. What decides first is what no
later finding could mend: money that was never received, then accounts, placement, what was settled before, what is not
booked, and only then days and amounts. So a line that is wrong twice is told the reason that matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """In order of precedence; the last two are what our books have and the partner did not claim."""

    ESTIMATE = "estimate"
    PREPAYMENT = "prepayment"
    ZERO_AMOUNT = "zero_amount"
    NEGATIVE_AMOUNT = "negative_amount"
    NOT_YET_PAID = "not_yet_paid"
    UNKNOWN_ACCOUNT = "unknown_account"
    NOT_UNDER_CONTRACT = "not_under_contract"
    WRONG_CURRENCY = "wrong_currency"
    REFUSED_AT_GATE = "refused_at_gate"
    NEVER_PLACED = "never_placed"
    BEFORE_PLACEMENT = "before_placement"
    PLACED_WITH_ANOTHER = "placed_with_another"
    IS_REVERSAL = "is_reversal"
    WRONG_REFERENCE = "wrong_reference"
    SETTLED_WITH_ANOTHER = "settled_with_another"
    SETTLED_BEFORE = "settled_before"
    REJECTED_BEFORE = "rejected_before"
    DUPLICATE_LINE = "duplicate_line"
    DUPLICATE_FILE = "duplicate_file"
    TOO_OLD = "too_old"
    UNKNOWN_REFERENCE = "unknown_reference"
    NOT_IN_BOOKS = "not_in_books"
    BEFORE_FIRST_CYCLE = "before_first_cycle"
    REVERSED_BEFORE = "reversed_before"
    REVERSED_AFTER = "reversed_after"
    NOTHING_COUNTS = "nothing_counts"
    AFTER_RECALL = "after_recall"
    AFTER_TERM = "after_term"
    LATER_CYCLE = "later_cycle"
    CLAIMED_LATE = "claimed_late"
    WRONG_PERIOD = "wrong_period"
    WRONG_DATE = "wrong_date"
    PARTLY_REVERSED = "partly_reversed"
    WAIVER_AS_CASH = "waiver_as_cash"
    OVER_CLAIMED = "over_claimed"
    AMOUNT_ABOVE = "amount_above"
    AMOUNT_BELOW = "amount_below"
    PART_NOT_CLAIMED = "part_not_claimed"
    NOT_CLAIMED = "not_claimed"


AGREED = "agreed"


class Verdict(StrEnum):
    """What a person decides on a difference."""

    OURS = "ours"
    """The books count: the booking is payable at what is booked."""
    THEIRS = "theirs"
    """The claim counts: the booking is payable at what was claimed, which is less."""
    REJECT = "reject"
    """Nothing is payable on it, for good."""
    WAIT = "wait"
    """It stays open, until a day."""


@dataclass(frozen=True, slots=True)
class About:
    """What a kind means to people: in words, what the partner can do about it, and what may be decided.

    `holds`: the booking that the line names or fits is kept for it while it is open, and is listed nowhere else.
    """

    text: str
    remedy: str
    verdicts: frozenset[Verdict]
    holds: bool = False
    is_ours: bool = False


_REFUSED = frozenset({Verdict.REJECT, Verdict.WAIT})
_BOOKED = frozenset({Verdict.OURS, Verdict.REJECT, Verdict.WAIT})
_ALL = frozenset(Verdict)


def _refused(text: str, remedy: str) -> About:
    return About(text, remedy, _REFUSED)


def _booked(text: str, remedy: str) -> About:
    return About(text, remedy, _BOOKED, holds=True)


ABOUT: Mapping[Kind, About] = MappingProxyType(
    {
        Kind.ESTIMATE: _refused("an estimate: no money was received", "claim what was paid, once it was"),
        Kind.PREPAYMENT: _refused("to be paid in advance: no money was received", "claim what was paid, once it was"),
        Kind.REFUSED_AT_GATE: _refused("the line cannot be read as it stands", "send the line again, whole"),
        Kind.ZERO_AMOUNT: _refused("nothing is claimed", "leave the line out"),
        Kind.NEGATIVE_AMOUNT: _refused("less than nothing is claimed", "leave the line out: the books know reversals"),
        Kind.NOT_YET_PAID: _refused("the day of payment lies after the claim", "claim it once it was paid"),
        Kind.UNKNOWN_ACCOUNT: _refused("no account has this number", "state the number of the placement file"),
        Kind.NOT_UNDER_CONTRACT: _refused("no contract covers accounts of this currency", "ask for a contract first"),
        Kind.WRONG_CURRENCY: _refused("the account is kept in another currency", "state the account's currency"),
        Kind.NEVER_PLACED: _refused("the account was never placed with you", "state the placement file that has it"),
        Kind.BEFORE_PLACEMENT: _refused("it was paid before the account was placed with you",
                                        "state the placement file that has it earlier"),
        Kind.PLACED_WITH_ANOTHER: _refused("the account was placed with somebody else when it was paid",
                                           "state the placement file that has it"),
        Kind.IS_REVERSAL: _refused("the reference names a booking that takes money back", "name the payment"),
        Kind.WRONG_REFERENCE: _booked("the reference names a payment of another account", "state the right reference"),
        Kind.SETTLED_WITH_ANOTHER: _refused("the payment was settled with somebody else", "nothing is due"),
        Kind.SETTLED_BEFORE: _refused("the payment was settled in an earlier cycle", "nothing more is due"),
        Kind.REJECTED_BEFORE: _refused("the payment was decided not to be paid for", "nothing is due"),
        Kind.DUPLICATE_LINE: _refused("the same line stands in the file already", "leave the second line out"),
        Kind.DUPLICATE_FILE: _refused("the same line stands in an earlier file", "leave the line out"),
        Kind.TOO_OLD: _refused("it was paid before what is looked through", "send proof of payment"),
        Kind.UNKNOWN_REFERENCE: _refused("no booking has this reference, and none fits the line",
                                         "send proof of payment"),
        Kind.NOT_IN_BOOKS: _refused("no booking fits the line", "send proof of payment"),
        Kind.BEFORE_FIRST_CYCLE: _refused("it was posted before settlement by claims began", "it is paid by the books"),
        Kind.REVERSED_BEFORE: _refused("the payment had been taken back when it was claimed", "leave the line out"),
        Kind.REVERSED_AFTER: _refused("the payment has been taken back since", "nothing is due"),
        Kind.NOTHING_COUNTS: _refused("the booking is a waiver, which does not count", "nothing is due"),
        Kind.AFTER_RECALL: _refused("it was posted after the recall, and after what the contract pays beyond it",
                                    "nothing is due"),
        Kind.AFTER_TERM: _refused("it was posted after the term, and after what the contract pays beyond it",
                                  "nothing is due"),
        Kind.LATER_CYCLE: _refused("it was posted after the cut-off: it belongs to the next cycle",
                                   "nothing to do: it is looked at again then"),
        Kind.CLAIMED_LATE: _booked("the claim came after the last day for its cycle", "say why it is late"),
        Kind.WRONG_PERIOD: _booked("it is claimed for another month than it was paid or posted in",
                                   "state the right month"),
        Kind.WRONG_DATE: _booked("it was paid on another day than is claimed", "state the right day"),
        Kind.PARTLY_REVERSED: _booked("a part of the payment had been taken back when it was claimed",
                                      "claim what is left"),
        Kind.WAIVER_AS_CASH: _booked("a part that was forgiven is claimed as paid", "claim what was paid"),
        Kind.OVER_CLAIMED: _refused("other lines have claimed all of the payment", "leave the line out"),
        Kind.AMOUNT_ABOVE: _booked("more is claimed than is booked", "send proof of the amount"),
        Kind.AMOUNT_BELOW: About("less is claimed than is booked", "state what was paid", _ALL, holds=True),
        Kind.PART_NOT_CLAIMED: About("a part of a booking is not claimed", "claim it, or say that it is not yours",
                                     _BOOKED, is_ours=True),
        Kind.NOT_CLAIMED: About("the books have it, and it is not claimed", "claim it, or say that it is not yours",
                                _BOOKED, is_ours=True),
    }
)  # fmt: skip

ORDER: tuple[Kind, ...] = tuple(Kind)
