"""The tables of a session of matching: what goes into it beside the books, and what it makes, column by column."""

from __future__ import annotations

import sqlalchemy as sa

from domain.sql import sql_table
from domain.tables import Column, Kind, Table, Type

_ID, _MONEY, _DATE, _COUNT, _CODE = Type.ID, Type.MONEY, Type.DATE, Type.COUNT, Type.CODE


def _id(name: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, _ID, meaning, required)


def _yes(name: str, meaning: str) -> Column:
    return Column(name, Type.BOOLEAN, meaning)


SENT = Table(
    "claims_sent",
    Kind.EVENT,
    ("claim_id",),
    (
        _id("claim_id", "The line of the claim."),
        _id("partner_id", "Whose claim it is."),
        _id("account_id", "The account, as the partner wrote it."),
        Column("claimed_on", _DATE, "Date of the file."),
        Column("month", _DATE, "First day of the month that is claimed."),
        Column("paid_on", _DATE, "When, the partner says, it was paid."),
        Column("amount", _MONEY, "What, the partner says, was paid."),
        Column("currency", _CODE, "In what currency."),
        _id("payment_id", "The booking that it refers to; empty where it names none."),
        _yes("is_refused", "Whether the gate set it aside."),
    ),
    "Every line that came, what the gate set aside included.",
)

CONCLUDED_LINES = Table(
    "claims_concluded",
    Kind.EVENT,
    ("claim_id",),
    (
        _id("claim_id", "The line."),
        _id("account_id", "Its account."),
        Column("paid_on", _DATE, "Its day."),
        Column("amount", _MONEY, "Its amount."),
        Column("currency", _CODE, "Its currency."),
    ),
    "Lines that earlier runs agreed on, or people decided; one that says something else now is looked at again.",
)

CONCLUDED_PAYMENTS = Table(
    "payments_concluded",
    Kind.EVENT,
    ("payment_id", "partner_id"),
    (
        _id("payment_id", "The booking."),
        _id("partner_id", "With whom it was settled."),
        Column("amount", _MONEY, "How much of it."),
        _yes("is_rejected", "Whether it was decided that nothing is paid for it."),
    ),
    "What earlier runs and decisions have made of bookings, of every partner.",
)

TERMS = Table(
    "claim_terms",
    Kind.EVENT,
    ("valid_from",),
    (
        Column("valid_from", _DATE, "First day of a version of the contract."),
        Column("valid_to", _DATE, "First day after it."),
        _yes("counts_waiver", "Whether what was forgiven counts."),
        Column("recall_days", _COUNT, "Days after the recall that still earn; none: always.", required=False),
        _yes("is_exclusive", "Whether an exclusive placement earns up to its term, and another up to its recall."),
        Column("term_days", _COUNT, "Days after the term that still earn; none: always.", required=False),
    ),
    "What the versions of the contract say of what counts, and for how long.",
)

JUDGED = Table(
    "claims_judged",
    Kind.EVENT,
    ("payment_id",),
    (
        _id("payment_id", "A booking whose terms are not told by columns alone."),
        Column("counted", _MONEY, "What counts of it by the contract."),
        _yes("is_after_recall", "Whether it was posted after the recall, and what is paid beyond it."),
        _yes("is_after_term", "Whether it was posted after the term, and what is paid beyond it."),
    ),
    "What the contract makes of bookings, where it looks at cases, channels or promises.",
)

CYCLES = Table(
    "claim_cycles",
    Kind.EVENT,
    ("starts_on",),
    (
        Column("starts_on", _DATE, "First day of a cycle."),
        Column("ends_on", _DATE, "First day after it."),
        Column("posted_until", _DATE, "First day of posting that is no longer its own."),
        Column("claims_due_on", _DATE, "Last day for claims of it."),
    ),
    "The cycles up to the one that is settled.",
)

LINES = Table(
    "claim_lines",
    Kind.EVENT,
    ("claim_id",),
    (
        *(column for column in SENT if column.name != "partner_id"),
        _id("account_currency", "Currency of the account; empty: there is no such account."),
        _id("named", "The booking that the reference names, on whatever account; empty: none.", required=False),
        _id("named_account", "Its account.", required=False),
        _yes("names_reversal", "Whether that booking takes money back."),
        _yes("is_estimate", "Whether its reference is marked as an estimate."),
        _yes("is_prepayment", "Whether it is marked as a prepayment."),
        _yes("is_of_contract", "Whether the account's currency is that of the contract."),
        _yes("can_match", "Whether it is money received, on an account and in a currency that are right."),
    ),
    "Lines of the run that no earlier one concluded.",
)

BOOKINGS = Table(
    "claim_bookings",
    Kind.EVENT,
    ("payment_id",),
    (
        _id("payment_id", "The booking."),
        _id("account_id", "Its account."),
        Column("paid_on", _DATE, "When the debtor paid."),
        Column("posted_on", _DATE, "When it was booked."),
        Column("gross", _MONEY, "The whole booking."),
        Column("counted", _MONEY, "What counts of it by the contract."),
        Column("settled", _MONEY, "How much was settled with this partner before."),
        Column("left_open", _MONEY, "What is left; nothing where it is settled, rejected or settled with another."),
        _yes("is_rejected", "Whether it was decided that nothing is paid for it."),
        _yes("is_settled_elsewhere", "Whether it was settled with another partner."),
        Column("reversed", _MONEY, "How much was taken back."),
        Column("reversed_on", _DATE, "When the whole of it had been taken back.", required=False),
        _id("placed_with", "The partner with the account on the day; empty: nobody."),
        Column("placed_on", _DATE, "Since when.", required=False),
        _yes("is_mine", "Whether that is the partner of the run."),
        _yes("is_after_recall", "Whether it was posted after the recall, and what is paid beyond it."),
        _yes("is_after_term", "Whether it was posted after the term, and what is paid beyond it."),
        _yes("is_due", "Whether it belongs to the cycle, or an earlier one."),
        _yes("is_before_first", "Whether it was posted before the first cycle."),
        Column("claims_due_on", _DATE, "Last day for claims of its cycle.", required=False),
    ),
    "Payments on accounts of the partner and of its claims.",
)

PAIRS = Table(
    "claim_pairs",
    Kind.EVENT,
    ("claim_id", "payment_id"),
    (
        _id("claim_id", "The line."),
        _id("payment_id", "The booking."),
        Column("amount", _MONEY, "What the line takes of it."),
        Column("way", _CODE, "How they came together."),
        _id("clash", "What another line has done to it; empty: nothing."),
    ),
    "Lines and bookings that belong together.",
)

OUTCOMES = Table(
    "claim_outcomes",
    Kind.EVENT,
    ("claim_id",),
    (
        *(column for column in SENT if column.name not in {"partner_id", "is_refused"}),
        Column("kind", _CODE, "agreed, or the kind of the difference."),
        Column("way", _CODE, "How it was matched; empty: not at all."),
        _id("booking", "The booking that it fits, or the first of several; empty: none."),
        Column("booked", _MONEY, "What was open of it; of several together.", required=False),
        Column("booked_on", _DATE, "When the debtor paid, by the books.", required=False),
        Column("posted_on", _DATE, "When it was booked.", required=False),
    ),
    "What became of each line: agreed, or listed under one kind.",
)

MATCHES = Table(
    "claim_matches",
    Kind.EVENT,
    ("claim_id", "payment_id"),
    (
        _id("claim_id", "The line."),
        _id("payment_id", "The booking that it is agreed for, or that it holds while it is open."),
        Column("kind", _CODE, "agreed, or the kind of the difference."),
        Column("posted_on", _DATE, "When that was booked."),
        Column("amount", _MONEY, "What is payable of it by this line, as booked; of an open one, what would be."),
    ),
    "What is agreed, and what open differences hold, booking by booking.",
)

_METADATA = sa.MetaData()

SQL = {
    table.name: sql_table(table, _METADATA)
    for table in (
        SENT,
        CONCLUDED_LINES,
        CONCLUDED_PAYMENTS,
        TERMS,
        JUDGED,
        CYCLES,
        LINES,
        BOOKINGS,
        PAIRS,
        OUTCOMES,
        MATCHES,
    )
}
