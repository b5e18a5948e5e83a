"""Partners' recoveries and placements, read from a session for the calculation of fees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from domain.exact import exact
from domain.periods import Period
from domain.sql import TABLES
from incentives.contracts import ContractBook
from incentives.recoveries import (
    UNKNOWN_ACCOUNT,
    AccountFacts,
    AtPartner,
    Money,
    PartnerRecovery,
    Placement,
    Promised,
)
from tasks.stages.account_days import DAYS_OLD, account_days, extract_days

# Tables without which no fee can be reckoned; contracts may read more.
FEE_READS = frozenset({"payments", "placements"})

_PAYMENT = ("payment_id", "account_id", "posted_on", "paid_on", "amount", "waiver", "currency", "channel")
_PLACEMENT = (
    "placement_id", "partner_id", "placement_batch", "placement_number", "placed_on", "balance_at_placement",
    "days_past_due_at_placement", "term_ends_on", "exclusive", "recalled_on",
)  # fmt: skip
_ACCOUNT = ("product", "branch_id", "region", "originator", "opened_on", "charged_off_on", "balance")
_Rows = Iterator[tuple[Any, ...]]


def recoveries_of(duck: Duck, period: Period, contracts: ContractBook) -> tuple[PartnerRecovery, ...]:
    """Payments up to the end of the period on accounts that were ever placed, each with the placement that it falls to:
    the latest one placed on or before the day on which the debtor paid. A reversal falls where its original does.

    What no contract of the book reads of accounts, cases, partners and promises is not looked for.
    """
    reads = contracts.tables()
    accounts = _accounts(duck) if "accounts" in reads else {}
    past_due = _days_past_due(duck, period) if contracts.reads_days_past_due() else {}
    promised = _promised(duck) if "promises" in reads else {}
    legal_types = _legal_types(duck) if "partners" in reads else {}
    changed = _changed_on(duck) if "cases" in reads else {}
    placements: dict[str, Placement] = {}
    return tuple(
        PartnerRecovery(
            payment, account, partner, posted_on, amount, currency,
            placements.get(placement[0]) or placements.setdefault(placement[0], _placement(placement)),
            waiver, past_due.get(payment), reverses or "", paid_on, channel,
            _kind(changed, account, judged_on), legal_types.get(partner), accounts.get(account, UNKNOWN_ACCOUNT),
            promised.get((partner, account), ()),
        )
        for payment, account, posted_on, paid_on, amount, waiver, currency, channel, reverses, judged_on, partner,
            *placement in _rows(duck, _recoveries(period))
    )  # fmt: skip


def placements_of(duck: Duck, period: Period) -> tuple[AtPartner, ...]:
    """Every placement that was at its partner on a day of the period, for fees that look at placements."""
    placed, partners = TABLES["placements"].c, TABLES["partners"].c
    back = sa.func.least(placed.term_ends_on, sa.func.coalesce(placed.recalled_on, placed.term_ends_on))
    statement = (
        sa.select(partners.legal_type, placed.partner_id, placed.currency, *(placed[name] for name in _OF_PLACEMENT))
        .select_from(TABLES["placements"].outerjoin(TABLES["partners"], partners.partner_id == placed.partner_id))
        .where(placed.placed_on < period.end, back >= period.start)
        .order_by(placed.placement_id)
    )
    return tuple(
        AtPartner(partner, currency, _placement(placement), legal_type or "")
        for legal_type, partner, currency, *placement in _rows(duck, exact(statement))
    )


_OF_PLACEMENT = tuple(name for name in _PLACEMENT if name != "partner_id")


def known_from(duck: Duck) -> date | None:
    """The first day whose payments the session has; None where it has none."""
    days = extract_days.c
    statement = sa.select(sa.func.min(days.day).label("day")).where(days.table_name == "payments")
    return next((day for (day,) in _rows(duck, exact(statement))), None)


def _recoveries(period: Period) -> Any:
    payments, placements = TABLES["payments"], TABLES["placements"]
    original = payments.alias("original")
    judged_on = sa.func.coalesce(original.c.paid_on, payments.c.paid_on)
    rank = sa.func.row_number().over(
        partition_by=payments.c.payment_id,
        order_by=(placements.c.placed_on.desc(), placements.c.placement_number.desc(), placements.c.placement_id),
    )
    source = payments.join(placements, placements.c.account_id == payments.c.account_id).outerjoin(
        original, original.c.payment_id == payments.c.reverses
    )
    named = ("partner_id", *_OF_PLACEMENT)
    found = (
        sa.select(
            *(payments.c[name] for name in _PAYMENT),
            payments.c.reverses,
            judged_on.label("judged_on"),
            *(placements.c[name] for name in named),
            rank.label("rank"),
        )
        .select_from(source)
        .where(placements.c.placed_on <= judged_on, payments.c.posted_on < period.end)
        .subquery("found")
    )
    kept = [found.c[name] for name in (*_PAYMENT, "reverses", "judged_on", *named)]
    return exact(sa.select(*kept).where(found.c.rank == 1).order_by(found.c.payment_id))


def _rows(duck: Duck, statement: Any) -> _Rows:
    """The rows as tuples, batch by batch: a million of them as mappings would take gigabytes."""
    for batch in duck.arrow(statement).to_batches(max_chunksize=50_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _placement(row: list[Any]) -> Placement:
    placement, batch, number, placed_on, balance, age_days, term_ends_on, exclusive, recalled_on = row
    return Placement(placement, batch, number, placed_on, balance, term_ends_on, recalled_on, age_days, exclusive)


def _accounts(duck: Duck) -> dict[str, AccountFacts]:
    """Accounts that were ever placed, by the newest of the night's extracts that has them: who has paid everything may
    be in none of today."""
    placed = sa.select(TABLES["placements"].c.account_id)
    found: dict[str, AccountFacts] = {}
    for name in ("accounts_opening", "accounts_previous", "accounts"):
        view = TABLES["accounts"].to_metadata(sa.MetaData(), name=name)
        columns = [view.c[each] for each in ("account_id", *_ACCOUNT)]
        statement = sa.select(*columns).where(view.c.account_id.in_(placed)).order_by(view.c.account_id)
        found |= {account: AccountFacts(*facts) for account, *facts in _rows(duck, exact(statement))}
    return found


def _days_past_due(duck: Duck, period: Period) -> dict[str, int]:
    """Of each payment on a placed account, by the last extract before it was posted, of the week before.

    A reversal has its own; fees judge it by the payment that it takes back.
    """
    payments, states, known = TABLES["payments"].c, account_days.c, extract_days.c
    placed = sa.select(TABLES["placements"].c.account_id)
    near = sa.and_(
        known.table_name == "accounts",
        known.day < payments.posted_on,
        known.day >= payments.posted_on - sa.cast(sa.literal(DAYS_OLD), sa.Integer),
    )
    seen = (
        sa.select(payments.payment_id, payments.account_id, sa.func.max(known.day).label("day"))
        .select_from(TABLES["payments"].join(extract_days, near))
        .where(payments.account_id.in_(placed), payments.posted_on < period.end)
        .group_by(payments.payment_id, payments.account_id)
        .subquery("seen")
    )
    same = sa.and_(states.account_id == seen.c.account_id, states.day == seen.c.day)
    statement = sa.select(seen.c.payment_id, states.days_past_due).select_from(seen.join(account_days, same))
    return dict(_rows(duck, exact(statement.order_by(seen.c.payment_id))))


def _promised(duck: Duck) -> dict[tuple[str, str], tuple[Promised, ...]]:
    """Promises that partners took, cancelled ones left out, by partner and account."""
    promises = TABLES["promises"].c
    statement = (
        sa.select(promises.partner_id, promises.account_id, promises.made_on, promises.due_on)
        .where(promises.partner_id.is_not(None), promises.state != "cancelled")
        .order_by(promises.promise_id)
    )
    found: dict[tuple[str, str], list[Promised]] = defaultdict(list)
    for partner, account, made_on, due_on in _rows(duck, exact(statement)):
        found[partner, account].append(Promised(made_on, due_on))
    return {key: tuple(each) for key, each in found.items()}


def _legal_types(duck: Duck) -> dict[str, str]:
    partners = TABLES["partners"].c
    return dict(_rows(duck, exact(sa.select(partners.partner_id, partners.legal_type).order_by(partners.partner_id))))


_Changed = Mapping[str, tuple[date | None, date | None]]


def _changed_on(duck: Duck) -> _Changed:
    """Of accounts, from when on they are restructured, and from when on settled: by the opening of the first case that
    came to that."""
    cases = TABLES["cases"].c
    restructured = sa.and_(cases.case_type == "restructuring", cases.outcome.in_(("confirmed", "settled")))
    settled = sa.and_(cases.case_type != "restructuring", cases.outcome == "settled")
    statement = (
        sa.select(
            cases.account_id,
            sa.func.min(sa.case((restructured, cases.opened_on))).label("restructured_on"),
            sa.func.min(sa.case((settled, cases.opened_on))).label("settled_on"),
        )
        .where(cases.account_id.is_not(None), sa.or_(restructured, settled))
        .group_by(cases.account_id)
        .order_by(cases.account_id)
    )
    return {account: (first, second) for account, first, second in _rows(duck, exact(statement))}


def _kind(changed: _Changed, account: str, paid_on: date) -> Money:
    restructured_on, settled_on = changed.get(account, (None, None))
    if restructured_on is not None and restructured_on <= paid_on:
        return Money.RESTRUCTURED
    return Money.SETTLEMENT if settled_on is not None and settled_on <= paid_on else Money.CASH
