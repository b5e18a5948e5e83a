"""What a settlement lists and counts: differences as rows of the store, numbers and money of both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.duck import Duck
from domain.ids import canonical_decimal
from domain.money import to_minor
from incentives.claims import statements
from incentives.claims.asked import Asked
from incentives.claims.differences import Difference
from incentives.contract_language import Contract
from tasks.stages.claims_state import PartnerClaims


def listed_rows(
    duck: Duck, asked: Asked, before: PartnerClaims, contract: Contract, day: date
) -> Sequence[Mapping[str, Any]]:
    """Every line that is not agreed, every booking that nobody claimed, and what was open and can no longer be seen.

    In the order of their subjects; each is open since the first settlement of the contract that listed it.
    """
    since = {each.subject: each.first_listed_on for each in before.listed() if each.contract == contract.id}
    lines = [_of_line(row) for row in duck.arrow(statements.differences()).to_pylist()]
    ours = [_of_booking(row, contract.currency) for row in duck.read(statements.unclaimed(asked))]
    carried = list(_no_longer_seen(duck, before, contract))
    rows = [{**row, "first_listed_on": since.get(row["subject"], day)} for row in (*lines, *ours)]
    return sorted((*rows, *carried), key=lambda row: str(row["subject"]))


def totals_of(duck: Duck, asked: Asked) -> dict[str, Any]:
    """Theirs by kind and currency, ours by what became of it; amounts in major units, as text."""
    theirs = [
        {"kind": row["kind"], "currency": row["currency"] or "", "lines": row["lines"],
         "amount": _text(row["amount"])}
        for row in duck.read(statements.counts_of_lines())
    ]  # fmt: skip
    (row,) = duck.read(statements.counts_of_bookings())
    (agreed,) = duck.read(statements.sum_of_agreed())
    ours = {name: _text(value) if name in _MONEY else int(value or 0) for name, value in row.items()}
    return {"currency": asked.currency, "theirs": theirs, "ours": ours, "agreed_as_booked": _text(agreed["amount"])}


_MONEY = frozenset({"booked", "agreed", "held", "unclaimed"})


def _text(amount: Decimal | None) -> str:
    return canonical_decimal(amount or Decimal(0))


def _of_line(row: Mapping[str, Any]) -> dict[str, Any]:
    currency = row["currency"] or ""
    return {
        "subject": row["claim_id"],
        "kind": row["kind"],
        "claim_id": row["claim_id"],
        "account_id": row["account_id"] or "",
        "reference": row["payment_id"] or "",
        "payment_id": row["booking"] or "",
        "claimed_on": row["claimed_on"],
        "month": row["month"],
        "paid_on": row["paid_on"],
        "booked_on": row["booked_on"],
        "posted_on": row["posted_on"],
        "claimed_minor": _minor(row["amount"], currency),
        "booked_minor": _minor(row["booked"], currency),
        "currency": currency[:3],
    }


def _of_booking(row: Mapping[str, Any], currency: str) -> dict[str, Any]:
    return {
        "subject": f"payment:{row['payment_id']}",
        "kind": row["kind"],
        "claim_id": "",
        "account_id": row["account_id"],
        "reference": "",
        "payment_id": row["payment_id"],
        "claimed_on": None,
        "month": None,
        "paid_on": None,
        "booked_on": row["paid_on"],
        "posted_on": row["posted_on"],
        "claimed_minor": None,
        "booked_minor": _minor(row["amount"], currency),
        "currency": currency,
    }


def _minor(amount: Decimal | None, currency: str) -> int | None:
    """None where there is no amount, or none that could be paid in the currency."""
    try:
        return None if amount is None else to_minor(amount, currency)
    except ValueError:
        return None


def _no_longer_seen(duck: Duck, before: PartnerClaims, contract: Contract) -> Iterator[dict[str, Any]]:
    """What is open, and older than what the night reads: it stays open as it was."""
    open_now = [each for each, _ in before.open() if each.contract == contract.id]
    if not open_now:
        return
    lines = {row[0] for row in duck.run("SELECT claim_id FROM claim_lines").fetchall()}
    bookings = {row[0] for row in duck.run("SELECT payment_id FROM claim_bookings").fetchall()}
    for each in open_now:
        if (each.claim_id not in lines) if each.claim_id else (each.payment_id not in bookings):
            yield _as_it_was(each)


def _as_it_was(each: Difference) -> dict[str, Any]:
    names = ("subject", "claim_id", "account_id", "reference", "payment_id", "claimed_on", "month", "paid_on",
             "booked_on", "posted_on", "claimed_minor", "booked_minor", "currency", "first_listed_on")  # fmt: skip
    return {"kind": each.kind.value, **{name: getattr(each, name) for name in names}}
