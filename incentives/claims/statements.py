"""Matching as statements: what was sent and what is booked, the plain pairs, and one kind for each line.

The tables that they read and make are those of `views`; whoever runs them makes each before the next. Only what no
statement can do line by line (`crowded`: several lines for one booking, sums, near misses) is paired in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, ExactSelect, count_rows, exact, total
from domain.sql import TABLES
from incentives.claims.kinds import ABOUT, AGREED, ORDER, Kind
from incentives.claims.pairing import Way
from incentives.claims.views import SQL

Condition = sa.ColumnElement[bool]

NO_ONE, NONE_NAMED = "", ""
AGREED_RANK = len(ORDER)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is settled: a partner under a contract, in a cycle, as the terms say; amounts in major units.

    `other_currencies` are those of the partner's other contracts; `is_first` says that lines of no contract at all are
    listed here; `looks_back_to` is the first day of which bookings are read.
    """

    partner: str
    currency: str
    dated_by: str
    first_day: date
    starts_on: date
    ends_on: date
    posted_until: date
    run_on: date
    looks_back_to: date
    tolerance: Decimal = Decimal(0)
    tolerance_days: int = 0
    estimates: tuple[str, ...] = ()
    prepayments: tuple[str, ...] = ()
    other_currencies: tuple[str, ...] = ()
    is_first: bool = True


def lines(asked: Asked) -> ExactSelect:
    """Rows of `claim_lines`: what the partner has sent up to the day of the run, and no earlier run concluded."""
    sent, known = SQL["claims_sent"].c, _known_accounts()
    named = TABLES["payments"].alias("named")
    reference = sa.func.coalesce(sent.payment_id, NONE_NAMED)
    account_currency = sa.func.coalesce(known.c.currency, "")
    is_estimate, is_prepayment = _begins(reference, asked.estimates), _begins(reference, asked.prepayments)
    can_match = sa.and_(
        sa.not_(is_estimate),
        sa.not_(is_prepayment),
        sa.not_(sent.is_refused),
        sent.amount > 0,
        sent.paid_on <= sent.claimed_on,
        account_currency == asked.currency,
        sent.currency == asked.currency,
        named.c.reverses.is_(None),
    )
    source = (
        SQL["claims_sent"]
        .outerjoin(known, known.c.account_id == sent.account_id)
        .outerjoin(named, named.c.payment_id == reference)
    )
    columns = [sent[name] for name in ("claim_id", "account_id", "claimed_on", "month", "paid_on", "amount")]
    found = (
        *columns,
        sent.currency,
        reference.label("payment_id"),
        sent.is_refused,
        account_currency.label("account_currency"),
        named.c.payment_id.label("named"),
        named.c.account_id.label("named_account"),
        named.c.reverses.is_not(None).label("names_reversal"),
        is_estimate.label("is_estimate"),
        is_prepayment.label("is_prepayment"),
        (account_currency == asked.currency).label("is_of_contract"),
        sa.func.coalesce(can_match, sa.false()).label("can_match"),
    )
    mine = (sent.partner_id == asked.partner, sent.claimed_on <= asked.run_on, _is_here(asked, account_currency))
    return exact(sa.select(*found).select_from(source).where(*mine, ~_concluded(sent)))


def bookings(asked: Asked) -> ExactSelect:
    """Rows of `claim_bookings`: payments of the partner's accounts and of those of its lines, with all that decides."""
    placed, judged = _placed(asked), SQL["claim_terms"].c
    back, before = _taken_back(), _settled_before(asked)
    by_contract = SQL["claims_judged"].c
    cash = placed.c.amount - placed.c.waiver
    plain = sa.case((judged.counts_waiver, placed.c.amount), else_=cash)
    counted = sa.cast(sa.func.coalesce(by_contract.counted, plain), MONEY)
    recall = sa.case(
        (
            sa.and_(judged.is_exclusive, placed.c.exclusive, placed.c.recalled_on.is_not(None)),
            sa.func.greatest(placed.c.recalled_on, placed.c.term_ends_on),
        ),
        else_=placed.c.recalled_on,
    )
    after_recall = _is_over(recall, judged.recall_days, placed.c.posted_on)
    after_term = _is_over(placed.c.term_ends_on, judged.term_days, placed.c.posted_on)
    settled = sa.cast(sa.func.coalesce(before.c.settled, 0), MONEY)
    is_rejected = sa.func.coalesce(before.c.is_rejected, sa.false())
    elsewhere = sa.func.coalesce(before.c.elsewhere, 0) > 0
    reversed_amount = sa.cast(sa.func.coalesce(back.c.amount, 0), MONEY)
    is_over = sa.or_(is_rejected, elsewhere, settled >= counted)
    version_day = placed.c.placed_on if asked.dated_by == "placed_on" else placed.c.posted_on
    of_paid, of_posted = SQL["claim_cycles"].alias("of_paid"), SQL["claim_cycles"].alias("of_posted")
    in_time = placed.c.posted_on < of_paid.c.posted_until
    is_due = sa.or_(
        placed.c.posted_on < asked.ends_on,
        sa.and_(placed.c.paid_on < asked.ends_on, placed.c.posted_on < asked.posted_until),
    )
    source = (
        placed.outerjoin(SQL["claim_terms"], sa.and_(judged.valid_from <= version_day, version_day < judged.valid_to))
        .outerjoin(SQL["claims_judged"], by_contract.payment_id == placed.c.payment_id)
        .outerjoin(back, back.c.payment_id == placed.c.payment_id)
        .outerjoin(before, before.c.payment_id == placed.c.payment_id)
        .outerjoin(of_paid, sa.and_(of_paid.c.starts_on <= placed.c.paid_on, placed.c.paid_on < of_paid.c.ends_on))
        .outerjoin(
            of_posted, sa.and_(of_posted.c.starts_on <= placed.c.posted_on, placed.c.posted_on < of_posted.c.ends_on)
        )
    )
    found = (
        *(placed.c[name] for name in ("payment_id", "account_id", "paid_on", "posted_on")),
        placed.c.amount.label("gross"),
        counted.label("counted"),
        settled.label("settled"),
        sa.cast(sa.case((is_over, 0), else_=counted - settled), MONEY).label("left_open"),
        is_rejected.label("is_rejected"),
        elsewhere.label("is_settled_elsewhere"),
        reversed_amount.label("reversed"),
        sa.case((reversed_amount >= placed.c.amount, back.c.last_on)).label("reversed_on"),
        sa.func.coalesce(placed.c.placed_with, NO_ONE).label("placed_with"),
        placed.c.placed_on,
        sa.func.coalesce(placed.c.placed_with == asked.partner, sa.false()).label("is_mine"),
        sa.func.coalesce(by_contract.is_after_recall, after_recall).label("is_after_recall"),
        sa.func.coalesce(by_contract.is_after_term, after_term).label("is_after_term"),
        is_due.label("is_due"),
        (placed.c.posted_on < asked.first_day).label("is_before_first"),
        sa.case((in_time, of_paid.c.claims_due_on), else_=of_posted.c.claims_due_on).label("claims_due_on"),
    )
    return exact(sa.select(*found).select_from(source))


def named_pairs() -> ExactSelect:
    """Rows of `claim_pairs`: lines that name a booking of their account which no other line names."""
    line, booking = SQL["claim_lines"].c, SQL["claim_bookings"].c
    alone = (
        sa.select(line.payment_id, line.account_id)
        .where(line.can_match, line.payment_id != NONE_NAMED)
        .group_by(line.payment_id, line.account_id)
        .having(count_rows() == 1)
        .subquery("alone")
    )
    source = (
        SQL["claim_lines"]
        .join(SQL["claim_bookings"], _names(line, booking))
        .join(alone, sa.and_(alone.c.payment_id == line.payment_id, alone.c.account_id == line.account_id))
    )
    return exact(_pair_columns(Way.REFERENCE).select_from(source).where(line.can_match))


def fitting_pairs(asked: Asked) -> ExactSelect:
    """Rows of `claim_pairs`: lines that name none, and one booking, which no line names, has their day and amount, as
    far as the tolerances go; no other such line has it."""
    line, booking = SQL["claim_lines"].c, SQL["claim_bookings"].c
    days = sa.type_coerce(line.paid_on - booking.paid_on, sa.BigInteger)
    fits = sa.and_(
        line.account_id == booking.account_id,
        days <= asked.tolerance_days,
        days >= -asked.tolerance_days,
        _within(line.amount - booking.left_open, asked.tolerance),
    )
    candidate = (
        sa.select(
            line.claim_id,
            booking.payment_id,
            sa.cast(sa.func.count().over(partition_by=line.claim_id), sa.BigInteger).label("bookings"),
            sa.cast(sa.func.count().over(partition_by=booking.payment_id), sa.BigInteger).label("lines"),
        )
        .select_from(SQL["claim_lines"].join(SQL["claim_bookings"], fits))
        .where(line.can_match, ~_names_one(line), ~_is_named(booking), booking.left_open > 0)
        .subquery("candidate")
    )
    source = (
        SQL["claim_lines"]
        .join(candidate, candidate.c.claim_id == line.claim_id)
        .join(SQL["claim_bookings"], booking.payment_id == candidate.c.payment_id)
    )
    alone = (candidate.c.bookings == 1, candidate.c.lines == 1)
    return exact(_pair_columns(Way.FACTS).select_from(source).where(*alone))


def crowded_lines() -> ExactSelect:
    """What is left for pairing in Python: lines without a pair, and beside them those that they may repeat, with the
    booking that these have."""
    line, given = SQL["claim_lines"].c, SQL["claim_pairs"].c
    waiting = _waiting()
    same = sa.and_(
        waiting.c.account_id == line.account_id, waiting.c.paid_on == line.paid_on, waiting.c.amount == line.amount
    )
    is_wanted = sa.or_(given.claim_id.is_(None), sa.exists().where(same))
    wanted = ("account_id", "claim_id", "claimed_on", "paid_on", "amount", "payment_id")
    statement = (
        sa.select(*(line[name] for name in wanted), given.payment_id.label("paired"))
        .select_from(SQL["claim_lines"].outerjoin(SQL["claim_pairs"], given.claim_id == line.claim_id))
        .where(line.can_match, is_wanted)
    )
    return exact(statement.order_by(line.account_id, line.claim_id))


def crowded_bookings() -> ExactSelect:
    """The bookings of their accounts that no line has yet."""
    booking, given, waiting = SQL["claim_bookings"].c, SQL["claim_pairs"].c, _waiting()
    wanted = ("account_id", "payment_id", "paid_on", "counted", "left_open", "is_mine", "reversed_on")
    statement = sa.select(*(booking[name] for name in wanted)).where(
        booking.account_id.in_(sa.select(waiting.c.account_id)),
        booking.payment_id.not_in(sa.select(given.payment_id)),
    )
    return exact(statement.order_by(booking.account_id, booking.payment_id))


def outcomes(asked: Asked) -> ExactSelect:
    """Rows of `claim_outcomes`: each line with the first kind that holds of it or of one of its bookings."""
    judged = _judged(asked)
    line = SQL["claim_lines"].c
    kinds = {AGREED_RANK: AGREED, **{number: kind.value for number, kind in enumerate(ORDER)}}
    first = (
        sa.select(
            judged.c.claim_id,
            sa.func.min(judged.c.rank).label("rank"),
            sa.func.min(judged.c.way).label("way"),
            sa.func.min(judged.c.booking).label("booking"),
            total(judged.c.booked, as_type=MONEY).label("booked"),
            sa.func.min(judged.c.booked_on).label("booked_on"),
            sa.func.min(judged.c.posted_on).label("posted_on"),
        )
        .group_by(judged.c.claim_id)
        .subquery("first")
    )
    wanted = ("claim_id", "account_id", "claimed_on", "month", "paid_on", "amount", "currency", "payment_id")
    found = (
        *(line[name] for name in wanted),
        sa.case(kinds, value=first.c.rank).label("kind"),
        sa.func.coalesce(first.c.way, "").label("way"),
        sa.func.coalesce(first.c.booking, "").label("booking"),
        first.c.booked,
        first.c.booked_on,
        first.c.posted_on,
    )
    source = SQL["claim_lines"].join(first, first.c.claim_id == line.claim_id)
    return exact(sa.select(*found).select_from(source).order_by(line.claim_id))


def matches() -> ExactSelect:
    """Rows of `claim_matches`: what is agreed, and what lines hold whose difference is open, booking by booking.

    A line that is agreed alone has all that is left of its booking, whatever the tolerance forgave.
    """
    outcome, given, booking = SQL["claim_outcomes"].c, SQL["claim_pairs"].c, SQL["claim_bookings"].c
    holding = [AGREED, *(kind.value for kind, about in ABOUT.items() if about.holds)]
    found = (
        given.claim_id,
        given.payment_id,
        outcome.kind,
        booking.posted_on,
        sa.cast(sa.case((given.way == Way.PART.value, given.amount), else_=booking.left_open), MONEY).label("amount"),
    )
    source = (
        SQL["claim_pairs"]
        .join(SQL["claim_outcomes"], outcome.claim_id == given.claim_id)
        .join(SQL["claim_bookings"], booking.payment_id == given.payment_id)
    )
    statement = sa.select(*found).select_from(source).where(outcome.kind.in_(holding), given.clash == "")
    return exact(statement.order_by(given.claim_id, given.payment_id))


def unclaimed(asked: Asked) -> ExactSelect:
    """What the books have for the partner, up to the cycle, and no line has: whole bookings, and rests of them.

    A booking that a line holds while its difference is open is not listed twice.
    """
    booking, spoken = SQL["claim_bookings"].c, _spoken_for()
    rest = booking.left_open - sa.func.coalesce(spoken.c.amount, 0)
    is_payable = (
        booking.is_mine,
        booking.left_open > 0,
        booking.is_due,
        ~booking.is_before_first,
        ~booking.is_after_recall,
        ~booking.is_after_term,
        booking.reversed_on.is_(None),
        ~sa.func.coalesce(spoken.c.is_held, sa.false()),
        rest > asked.tolerance,
    )
    kind = sa.case((spoken.c.amount > 0, Kind.PART_NOT_CLAIMED.value), else_=Kind.NOT_CLAIMED.value)
    found = (
        booking.payment_id,
        booking.account_id,
        booking.paid_on,
        booking.posted_on,
        sa.cast(rest, MONEY).label("amount"),
        kind.label("kind"),
    )
    source = SQL["claim_bookings"].outerjoin(spoken, spoken.c.payment_id == booking.payment_id)
    return exact(sa.select(*found).select_from(source).where(*is_payable).order_by(booking.payment_id))


def differences() -> ExactSelect:
    """The lines that are not agreed."""
    outcome = SQL["claim_outcomes"].c
    return exact(sa.select(*outcome).where(outcome.kind != AGREED).order_by(outcome.claim_id))


def all_outcomes() -> ExactSelect:
    """Every line with what became of it."""
    outcome = SQL["claim_outcomes"].c
    return exact(sa.select(*outcome).order_by(outcome.claim_id))


def sum_of_agreed() -> ExactSelect:
    """What agreed lines are payable at, as booked."""
    match = SQL["claim_matches"].c
    return exact(sa.select(total(match.amount, match.kind == AGREED).label("amount")))


def counts_of_lines() -> ExactSelect:
    """Theirs: number and money of lines, by kind and currency."""
    outcome = SQL["claim_outcomes"].c
    statement = sa.select(
        outcome.kind, outcome.currency, count_rows().label("lines"), total(outcome.amount).label("amount")
    )
    return exact(statement.group_by(outcome.kind, outcome.currency).order_by(outcome.kind, outcome.currency))


def counts_of_bookings() -> ExactSelect:
    """Ours: number and money of what is due to be claimed, in all and by what became of it."""
    booking, spoken = SQL["claim_bookings"].c, _spoken_for()
    taken = sa.cast(sa.func.coalesce(spoken.c.amount, 0), MONEY)
    is_held = sa.func.coalesce(spoken.c.is_held, sa.false())
    is_due = (
        booking.is_mine,
        booking.left_open > 0,
        booking.is_due,
        ~booking.is_before_first,
        ~booking.is_after_recall,
        ~booking.is_after_term,
        booking.reversed_on.is_(None),
    )
    rest = booking.left_open - taken
    statement = sa.select(
        count_rows().label("bookings"),
        total(booking.left_open).label("booked"),
        count_rows(sa.and_(~is_held, taken > 0)).label("agreed_bookings"),
        total(taken).label("agreed"),
        count_rows(is_held).label("held_bookings"),
        total(rest, is_held).label("held"),
        count_rows(sa.and_(~is_held, taken == 0)).label("unclaimed_bookings"),
        total(rest, ~is_held).label("unclaimed"),
    )
    source = SQL["claim_bookings"].outerjoin(spoken, spoken.c.payment_id == booking.payment_id)
    return exact(statement.select_from(source).where(*is_due))


def _known_accounts() -> sa.Subquery:
    """Every account of the book, and those that were ever placed: the book may have closed them since."""
    accounts, placements = TABLES["accounts"].c, TABLES["placements"].c
    both = sa.union_all(
        sa.select(accounts.account_id, accounts.currency), sa.select(placements.account_id, placements.currency)
    ).subquery("both")
    statement = sa.select(both.c.account_id, sa.func.min(both.c.currency).label("currency"))
    return statement.group_by(both.c.account_id).subquery("known")


def _begins(reference: Any, marks: Sequence[str]) -> Condition:
    return sa.or_(*(sa.func.upper(reference).startswith(mark.upper(), autoescape=True) for mark in marks), sa.false())


def _is_here(asked: Asked, account_currency: Any) -> Condition:
    """Lines of accounts in the contract's currency; those of no contract of the partner come with its first one."""
    mine = account_currency == asked.currency
    return sa.or_(mine, account_currency.not_in(asked.other_currencies)) if asked.is_first else mine


def _concluded(sent: Any) -> Condition:
    done = SQL["claims_concluded"].c
    same = (
        done[name].is_not_distinct_from(sent[name])
        for name in ("claim_id", "account_id", "paid_on", "amount", "currency")
    )
    return sa.exists().where(*same)


def _placed(asked: Asked) -> sa.Subquery:
    """Payments, no reversals, with the placement that each falls to: the latest one up to the day it was paid."""
    payments, placements = TABLES["payments"], TABLES["placements"]
    rank = sa.func.row_number().over(
        partition_by=payments.c.payment_id,
        order_by=(
            placements.c.placed_on.desc().nulls_last(),
            placements.c.placement_number.desc().nulls_last(),
            placements.c.placement_id.nulls_last(),
        ),
    )
    then = sa.and_(placements.c.account_id == payments.c.account_id, placements.c.placed_on <= payments.c.paid_on)
    wanted = ("payment_id", "account_id", "paid_on", "posted_on", "amount", "waiver")
    ranked = (
        sa.select(
            *(payments.c[name] for name in wanted),
            placements.c.partner_id.label("placed_with"),
            *(placements.c[name] for name in ("placed_on", "recalled_on", "term_ends_on", "exclusive")),
            rank.label("rank"),
        )
        .select_from(payments.outerjoin(placements, then))
        .where(
            payments.c.reverses.is_(None),
            payments.c.currency == asked.currency,
            payments.c.account_id.in_(_accounts_in_play(asked)),
        )
        .subquery("ranked")
    )
    kept = [column for column in ranked.c if column.name != "rank"]
    return sa.select(*kept).where(ranked.c.rank == 1).subquery("placed")


def _accounts_in_play(asked: Asked) -> sa.CompoundSelect[Any]:
    placements, line = TABLES["placements"].c, SQL["claim_lines"].c
    return sa.union(
        sa.select(placements.account_id).where(placements.partner_id == asked.partner), sa.select(line.account_id)
    )


def _taken_back() -> sa.Subquery:
    payments = TABLES["payments"].c
    statement = sa.select(
        payments.reverses.label("payment_id"),
        sa.cast(total(-payments.amount), MONEY).label("amount"),
        sa.func.max(payments.posted_on).label("last_on"),
    )
    return statement.where(payments.reverses.is_not(None)).group_by(payments.reverses).subquery("back")


def _settled_before(asked: Asked) -> sa.Subquery:
    done = SQL["payments_concluded"].c
    mine, others = done.partner_id == asked.partner, done.partner_id != asked.partner
    statement = sa.select(
        done.payment_id,
        total(done.amount, mine, as_type=MONEY).label("settled"),
        total(done.amount, others, as_type=MONEY).label("elsewhere"),
        sa.func.bool_or(sa.and_(mine, done.is_rejected)).label("is_rejected"),
    )
    return statement.group_by(done.payment_id).subquery("before")


def _is_over(end: Any, days: Any, posted_on: Any) -> Condition:
    """Whether a right that ends on a day, and so many days after it, had ended; none where no version of the contract
    holds."""
    ends = sa.type_coerce(end + sa.cast(days, sa.Integer), sa.Date())
    return sa.func.coalesce(posted_on >= ends, sa.false())


def _pair_columns(way: Way) -> sa.Select[Any]:
    line, booking = SQL["claim_lines"].c, SQL["claim_bookings"].c
    whole = sa.case((line.amount > booking.left_open, booking.left_open), else_=line.amount)
    taken = whole if way is Way.REFERENCE else booking.left_open
    found = (sa.cast(taken, MONEY).label("amount"), sa.literal(way.value).label("way"), sa.literal("").label("clash"))
    return sa.select(line.claim_id, booking.payment_id, *found)


def _names(line: Any, booking: Any) -> Condition:
    return sa.and_(line.payment_id == booking.payment_id, line.account_id == booking.account_id)


def _names_one(line: Any) -> Condition:
    """Whether the line names a booking of its own account."""
    booking = SQL["claim_bookings"].alias("named_booking").c
    return sa.exists().where(_names(line, booking))


def _is_named(booking: Any) -> Condition:
    line = SQL["claim_lines"].alias("naming_line").c
    return sa.exists().where(_names(line, booking), line.can_match)


def _waiting() -> sa.Subquery:
    """Lines that could be matched and have no pair."""
    line, given = SQL["claim_lines"].alias("unpaired").c, SQL["claim_pairs"].c
    statement = sa.select(line.account_id, line.paid_on, line.amount).where(
        line.can_match, line.claim_id.not_in(sa.select(given.claim_id))
    )
    return statement.subquery("waiting")


def _spoken_for() -> sa.Subquery:
    """Of each booking: what lines have agreed on, and whether one holds it while its difference is open."""
    match = SQL["claim_matches"].c
    is_agreed = match.kind == AGREED
    statement = sa.select(
        match.payment_id,
        total(match.amount, is_agreed, as_type=MONEY).label("amount"),
        sa.func.bool_or(~is_agreed).label("is_held"),
    )
    return statement.group_by(match.payment_id).subquery("spoken")


def _judged(asked: Asked) -> sa.Subquery:
    """Each line beside each of its bookings, with the rank of the first kind that holds."""
    line, given, booking = SQL["claim_lines"].c, SQL["claim_pairs"].c, SQL["claim_bookings"].c
    then, back = _placement_of_lines(asked), _taken_back_by_claim()
    source = (
        SQL["claim_lines"]
        .outerjoin(SQL["claim_pairs"], given.claim_id == line.claim_id)
        .outerjoin(SQL["claim_bookings"], booking.payment_id == given.payment_id)
        .outerjoin(then, then.c.claim_id == line.claim_id)
        .outerjoin(back, sa.and_(back.c.claim_id == line.claim_id, back.c.payment_id == given.payment_id))
    )
    facts = _Facts(asked, line, given, booking, then.c, sa.func.coalesce(back.c.amount, 0))
    whens = [(sa.func.coalesce(condition, sa.false()), ORDER.index(kind)) for kind, condition in _conditions(facts)]
    found = (
        line.claim_id,
        sa.case(*whens, else_=AGREED_RANK).label("rank"),
        given.way,
        given.payment_id.label("booking"),
        booking.left_open.label("booked"),
        booking.paid_on.label("booked_on"),
        booking.posted_on,
    )
    return sa.select(*found).select_from(source).subquery("judged")


@dataclass(frozen=True, slots=True)
class _Facts:
    """Columns of a line, of what it was paired with, of where its account was, and what had been taken back by then."""

    asked: Asked
    line: Any
    given: Any
    booking: Any
    then: Any
    taken_back: Any


def _conditions(facts: _Facts) -> tuple[tuple[Kind, Condition], ...]:
    """Each kind with what makes it, in their order."""
    found = {**_of_the_line(facts), **_of_the_placement(facts), **_of_the_booking(facts), **_of_the_amount(facts)}
    return tuple((kind, found[kind]) for kind in ORDER if kind in found)


def _of_the_line(facts: _Facts) -> dict[Kind, Condition]:
    line, given, asked = facts.line, facts.given, facts.asked
    is_nowhere = given.payment_id.is_(None)
    names_none = sa.or_(line.payment_id == NONE_NAMED, line.named.is_not(None))
    return {
        Kind.ESTIMATE: line.is_estimate,
        Kind.PREPAYMENT: line.is_prepayment,
        Kind.ZERO_AMOUNT: line.amount == 0,
        Kind.NEGATIVE_AMOUNT: line.amount < 0,
        Kind.NOT_YET_PAID: line.paid_on > line.claimed_on,
        Kind.UNKNOWN_ACCOUNT: line.account_currency == "",
        Kind.NOT_UNDER_CONTRACT: ~line.is_of_contract,
        Kind.WRONG_CURRENCY: line.currency != line.account_currency,
        Kind.REFUSED_AT_GATE: line.is_refused,
        Kind.IS_REVERSAL: line.names_reversal,
        Kind.WRONG_REFERENCE: line.named_account != line.account_id,
        Kind.DUPLICATE_LINE: given.clash == Kind.DUPLICATE_LINE.value,
        Kind.DUPLICATE_FILE: given.clash == Kind.DUPLICATE_FILE.value,
        Kind.TOO_OLD: sa.and_(is_nowhere, line.paid_on < asked.looks_back_to),
        Kind.UNKNOWN_REFERENCE: sa.and_(is_nowhere, ~names_none),
        Kind.NOT_IN_BOOKS: is_nowhere,
    }  # fmt: skip


def _of_the_placement(facts: _Facts) -> dict[Kind, Condition]:
    """By the day on which it was paid, as booked; of a line that is not booked, by the day that it names."""
    then, booking, asked = facts.then, facts.booking, facts.asked
    placed_with = sa.func.coalesce(booking.placed_with, then.placed_with, NO_ONE)
    return {
        Kind.NEVER_PLACED: sa.and_(~then.was_placed, placed_with == NO_ONE),
        Kind.BEFORE_PLACEMENT: sa.and_(placed_with == NO_ONE, then.was_placed),
        Kind.PLACED_WITH_ANOTHER: placed_with != asked.partner,
        Kind.AFTER_RECALL: booking.is_after_recall,
        Kind.AFTER_TERM: booking.is_after_term,
    }


def _of_the_booking(facts: _Facts) -> dict[Kind, Condition]:
    line, given, booking, asked = facts.line, facts.given, facts.booking, facts.asked
    months = (sa.func.date_trunc("month", booking.paid_on), sa.func.date_trunc("month", booking.posted_on))
    is_far = sa.func.abs(sa.type_coerce(line.paid_on - booking.paid_on, sa.BigInteger)) > asked.tolerance_days
    return {
        Kind.SETTLED_WITH_ANOTHER: booking.is_settled_elsewhere,
        Kind.SETTLED_BEFORE: sa.and_(booking.settled > 0, booking.left_open == 0),
        Kind.REJECTED_BEFORE: booking.is_rejected,
        Kind.BEFORE_FIRST_CYCLE: booking.is_before_first,
        Kind.REVERSED_BEFORE: booking.reversed_on <= line.claimed_on,
        Kind.REVERSED_AFTER: booking.reversed_on > line.claimed_on,
        Kind.NOTHING_COUNTS: booking.counted <= 0,
        Kind.LATER_CYCLE: ~booking.is_due,
        Kind.CLAIMED_LATE: line.claimed_on > booking.claims_due_on,
        Kind.WRONG_PERIOD: line.month.not_in([sa.cast(month, sa.Date) for month in months]),
        Kind.WRONG_DATE: sa.and_(is_far, given.way != Way.SPLIT.value),
    }


def _of_the_amount(facts: _Facts) -> dict[Kind, Condition]:
    """Lines that were matched in parts or in sums fit by how they were matched."""
    line, given, booking, asked = facts.line, facts.given, facts.booking, facts.asked
    is_alone = given.way.in_([Way.REFERENCE.value, Way.FACTS.value, Way.NEAR.value, Way.FAR.value])
    standing = booking.left_open - facts.taken_back
    fits_standing = _within(line.amount - standing, asked.tolerance)
    fits_whole = _within(line.amount - booking.left_open, asked.tolerance)
    fits_gross = sa.and_(_within(line.amount - booking.gross, asked.tolerance), booking.gross > booking.counted)
    return {
        Kind.PARTLY_REVERSED: sa.and_(is_alone, facts.taken_back > 0, fits_whole, ~fits_standing),
        Kind.WAIVER_AS_CASH: sa.and_(is_alone, fits_gross, ~fits_whole),
        Kind.OVER_CLAIMED: given.clash == Kind.OVER_CLAIMED.value,
        Kind.AMOUNT_ABOVE: sa.and_(is_alone, ~fits_standing, line.amount > standing),
        Kind.AMOUNT_BELOW: sa.and_(is_alone, ~fits_standing, line.amount < standing),
    }


def _within(difference: Any, tolerance: Decimal) -> Condition:
    return sa.and_(difference <= tolerance, difference >= -tolerance)


def _placement_of_lines(asked: Asked) -> sa.Subquery:
    """Where the account of each line was on the day that the line names, and whether it was ever with the partner."""
    line, placements = SQL["claim_lines"].c, TABLES["placements"].c
    rank = sa.func.row_number().over(
        partition_by=line.claim_id,
        order_by=(
            (placements.placed_on <= line.paid_on).desc().nulls_last(),
            placements.placed_on.desc().nulls_last(),
            placements.placement_number.desc().nulls_last(),
            placements.placement_id.nulls_last(),
        ),
    )
    was_placed = sa.func.bool_or(sa.func.coalesce(placements.partner_id == asked.partner, sa.false())).over(
        partition_by=line.claim_id
    )
    placed_with = sa.case((placements.placed_on <= line.paid_on, placements.partner_id), else_=NO_ONE)
    source = SQL["claim_lines"].outerjoin(TABLES["placements"], placements.account_id == line.account_id)
    ranked = (
        sa.select(line.claim_id, placed_with.label("placed_with"), was_placed.label("was_placed"), rank.label("rank"))
        .select_from(source)
        .subquery("ranked_lines")
    )
    kept = (ranked.c.claim_id, ranked.c.placed_with, ranked.c.was_placed)
    return sa.select(*kept).where(ranked.c.rank == 1).subquery("then")


def _taken_back_by_claim() -> sa.Subquery:
    """Of a booking that was taken back in part: how much of it, up to the day of the claim."""
    given, line, payments = SQL["claim_pairs"].c, SQL["claim_lines"].c, TABLES["payments"].c
    source = (
        SQL["claim_pairs"]
        .join(SQL["claim_lines"], line.claim_id == given.claim_id)
        .join(TABLES["payments"], payments.reverses == given.payment_id)
    )
    statement = (
        sa.select(given.claim_id, given.payment_id, sa.cast(total(-payments.amount), MONEY).label("amount"))
        .select_from(source)
        .where(payments.posted_on <= line.claimed_on)
    )
    return statement.group_by(given.claim_id, given.payment_id).subquery("taken_back")
