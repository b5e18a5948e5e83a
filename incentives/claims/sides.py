"""Both sides of a settlement as statements: what the partner has sent, and what the books have, with what decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from domain.exact import MONEY, ExactSelect, exact, total
from domain.sql import TABLES
from incentives.claims.asked import NO_ONE, Asked, Condition
from incentives.claims.views import SQL


def lines(asked: Asked) -> ExactSelect:
    """Rows of `claim_lines`: what the partner has sent up to the day of the run, and no earlier run concluded."""
    sent, known = SQL["claims_sent"].c, _known_accounts()
    named = TABLES["payments"].alias("named")
    reference = sa.func.coalesce(sent.payment_id, "")
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
    placed, back, before = _placed(asked), _taken_back(), _settled_before(asked)
    of_paid, of_posted = SQL["claim_cycles"].alias("of_paid"), SQL["claim_cycles"].alias("of_posted")
    reversed_amount = sa.cast(sa.func.coalesce(back.c.amount, 0), MONEY)
    in_time = placed.c.posted_on < of_paid.c.posted_until
    is_in_time = sa.and_(placed.c.paid_on < asked.ends_on, placed.c.posted_on < asked.posted_until)
    found = (
        *(placed.c[name] for name in ("payment_id", "account_id", "paid_on", "posted_on")),
        placed.c.amount.label("gross"),
        *_settled_columns(placed, before),
        reversed_amount.label("reversed"),
        sa.case((reversed_amount >= placed.c.amount, back.c.last_on)).label("reversed_on"),
        sa.func.coalesce(placed.c.placed_with, NO_ONE).label("placed_with"),
        placed.c.placed_on,
        sa.func.coalesce(placed.c.placed_with == asked.partner, sa.false()).label("is_mine"),
        *_rights(placed),
        sa.or_(placed.c.posted_on < asked.ends_on, is_in_time).label("is_due"),
        (placed.c.posted_on < asked.first_day).label("is_before_first"),
        sa.case((in_time, of_paid.c.claims_due_on), else_=of_posted.c.claims_due_on).label("claims_due_on"),
    )
    source = (
        _under_contract(asked, placed)
        .outerjoin(back, back.c.payment_id == placed.c.payment_id)
        .outerjoin(before, before.c.payment_id == placed.c.payment_id)
        .outerjoin(of_paid, _lies_in(placed.c.paid_on, of_paid))
        .outerjoin(of_posted, _lies_in(placed.c.posted_on, of_posted))
    )
    return exact(sa.select(*found).select_from(source))


def _under_contract(asked: Asked, placed: sa.Subquery) -> sa.Join:
    """Payments with the version of the contract that each falls under, and what it makes of those that it looks at."""
    judged, by_contract = SQL["claim_terms"].c, SQL["claims_judged"].c
    day = placed.c.placed_on if asked.dated_by == "placed_on" else placed.c.posted_on
    holds = sa.and_(judged.valid_from <= day, day < judged.valid_to)
    return placed.outerjoin(SQL["claim_terms"], holds).outerjoin(
        SQL["claims_judged"], by_contract.payment_id == placed.c.payment_id
    )


def _settled_columns(placed: sa.Subquery, before: sa.Subquery) -> tuple[sa.ColumnElement[Any], ...]:
    """What counts of each payment, what of that was settled, and what is left."""
    cash = placed.c.amount - placed.c.waiver
    plain = sa.case((SQL["claim_terms"].c.counts_waiver, placed.c.amount), else_=cash)
    counted = sa.cast(sa.func.coalesce(SQL["claims_judged"].c.counted, plain), MONEY)
    settled = sa.cast(sa.func.coalesce(before.c.settled, 0), MONEY)
    is_rejected = sa.func.coalesce(before.c.is_rejected, sa.false())
    elsewhere = sa.func.coalesce(before.c.elsewhere, 0) > 0
    is_over = sa.or_(is_rejected, elsewhere, settled >= counted)
    return (
        counted.label("counted"),
        settled.label("settled"),
        sa.cast(sa.case((is_over, 0), else_=counted - settled), MONEY).label("left_open"),
        is_rejected.label("is_rejected"),
        elsewhere.label("is_settled_elsewhere"),
    )


def _rights(placed: sa.Subquery) -> tuple[sa.ColumnElement[Any], ...]:
    """Whether each payment came after the recall or the term, and what the contract pays beyond it."""
    judged, by_contract = SQL["claim_terms"].c, SQL["claims_judged"].c
    is_exclusive = sa.and_(judged.is_exclusive, placed.c.exclusive, placed.c.recalled_on.is_not(None))
    recall = sa.case(
        (is_exclusive, sa.func.greatest(placed.c.recalled_on, placed.c.term_ends_on)), else_=placed.c.recalled_on
    )
    after_recall = _is_over(recall, judged.recall_days, placed.c.posted_on)
    after_term = _is_over(placed.c.term_ends_on, judged.term_days, placed.c.posted_on)
    return (
        sa.func.coalesce(by_contract.is_after_recall, after_recall).label("is_after_recall"),
        sa.func.coalesce(by_contract.is_after_term, after_term).label("is_after_term"),
    )


def _lies_in(day: sa.ColumnElement[Any], cycle: Any) -> Condition:
    return sa.and_(cycle.c.starts_on <= day, day < cycle.c.ends_on)


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
