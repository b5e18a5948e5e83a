"""Why an account is where it is: the arithmetic of one row, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.compute as pc

from allocation.allocate import Allocation
from allocation.effects import DESTINATIONS, path_of
from allocation.recovery import key_of
from allocation.rows import PLACEMENT_IN_FORCE, STAYS, WITH_DEBTOR

_WORDS: Mapping[str, str] = {
    "best_value": "it brings most there, net of the price of capacity",
    "kept_owner": "it stays with its owner",
    "capacity_moved": "where it would bring more, there was no room left",
    "fair_share": "it makes up its owner's share of what the team has; without the fairness band it would go elsewhere",
    "held:no_capacity": "nobody who may work it has room for it, or it brings less than the capacity is worth",
    "held:no_destination": "nobody may work it: no department or partner for its segment, jurisdiction and skills",
    "override": "a leader decided so, and somebody else approved it",
    "handover": "its owner is absent, and it goes back to them",
    STAYS: "it stays with its owner, as the strategy says, or as the standing of a suspended partner does, whatever it "
    "would bring elsewhere",
    WITH_DEBTOR: "its debtor was given to that owner by people, and one owner has all of a debtor's accounts",
    PLACEMENT_IN_FORCE: "it is placed there until it is recalled or the term ends",
}


def explain(allocation: Allocation, account_id: str) -> str:
    """The decision on one account: who, why, the arithmetic, and what would have been next.

    Raises: KeyError if the account is not in the book.
    """
    found = allocation.accounts.filter(pc.equal(allocation.accounts["account_id"], account_id)).to_pylist()
    if not found:
        raise KeyError(f"account {account_id} is not in the book of this night")
    row = found[0]
    return "\n".join([_headline(row), *_lot(row), *_arithmetic(row), *_score(row), *_rates(allocation, row)])


def words_of_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The decision of a stored row, and its arithmetic."""
    return (_headline(row), *_lot(row), *_arithmetic(row), *_score(row))


def _score(row: Mapping[str, Any]) -> Iterator[str]:
    """What the bank's own score says, beside our rates, and which of them counted."""
    if row.get("rate_estimate"):
        currency, by_rates = row["currency"], f"our rates expect {row['rate_estimate']:,.2f}"
        if row["score"] is None:
            yield f"  no usable score: {by_rates} {currency}"
            return
        by_score = f"the score {row['score']} expects {row['score_estimate']:,.2f}"
        counted = (by_score, by_rates) if row["expected_recovery"] == row["score_estimate"] else (by_rates, by_score)
        yield f"  {counted[0]} {currency}, which counts; {counted[1]} (estimates)"


def _headline(row: Mapping[str, Any]) -> str:
    place = " ".join(part for part in (row["department_id"], row["team_id"]) if part)
    owner = f"{row['owner_kind']} {row['owner_id']}" + (f" ({place})" if place else "")
    kind, _, detail = row["reason"].partition(":")
    words = _WORDS.get(row["reason"]) or _WORDS.get(kind, f"{kind}, because of {detail}")
    if kind == "held_out" or detail.startswith("untouched:"):
        experiment, _, arm = detail.removeprefix("untouched:").partition(":")
        words = f"by lot, in the experiment {experiment}, arm {arm}"
    segment = f", segment {row['segment']}" if row["segment"] else ""
    channel = f", by {row['channel']}" if row["channel"] else ""
    return f"{row['account_id']}: {row['disposition']}, {owner}{segment}{channel}. {row['reason']}: {words}."


def _lot(row: Mapping[str, Any]) -> Iterator[str]:
    """Which arm it was drawn into, where the reason is another."""
    arm = row.get("experiment_arm")
    if arm is not None and not row["reason"].endswith(f":{arm}"):
        yield f"  drawn into {arm}: it counts there, wherever it is"


def _arithmetic(row: Mapping[str, Any]) -> Iterator[str]:
    if row["next_best"] is None:
        return
    value, price, margin = row["value_estimate"], row["price_estimate"], row["margin_estimate"]
    if row["debtor_accounts"] > 1:
        yield f"  decided together with other accounts of the debtor: {row['debtor_accounts']} in all"
    yield f"  value {value:,.2f} − price {price:,.2f} = {value - price:,.2f} (estimates)"
    yield f"  next best {row['next_best']}: {value - price - margin:,.2f}; margin {margin:,.2f}"


def _rates(allocation: Allocation, row: Mapping[str, Any]) -> Iterator[str]:
    """How the account's expected recovery came about, and what its owner makes of it, where it has one."""
    recovery = allocation.summary.recovery
    rate = recovery.of(key_of(row["segment"] or "", row["currency"], row["product"], row["balance"]))
    if not row["expected_recovery"] or rate is None:
        return
    by_rates = row.get("rate_estimate", row["expected_recovery"])
    overdue, expected = f"{row['overdue_amount']:,f} overdue", f"{by_rates:,.2f} {row['currency']}"
    yield f"  expected recovery {expected} of {overdue}: {rate}"
    yield from (f"    {line}" for line in rate.lines())
    cost = recovery.work.accounts.get((row["segment"], row["department_id"] or ""))
    if cost and row["owner_kind"] == "employee":
        yield f"    work there: {cost}"
    if row["owner_kind"] in DESTINATIONS:
        path = path_of(row["owner_kind"], row["owner_id"], row["department_id"], row["team_id"])
        yield from (f"    what its owner brings beside that: {effect}" for effect in recovery.effects.along(path))
