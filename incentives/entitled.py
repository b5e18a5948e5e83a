"""Whether a recovery still earns a fee: while the account is placed, and by the contract's rights once it is back."""

from __future__ import annotations

from datetime import date, timedelta

from incentives.contract_language import Contract
from incentives.recoveries import NoFee, PartnerRecovery, Placement


def not_entitled(contract: Contract, recovery: PartnerRecovery) -> NoFee | None:
    """Why the recovery earns nothing, by the day on which it was posted; None where it earns.

    An account is back from the first day after the recall, or after the agreed term, whichever rights are the less. A
    promise that the partner took before that day, and that is kept within its due date and the days of grace, earns.
    """
    placement = recovery.placement
    if recovery.posted_on < placement.placed_on:
        return NoFee.BEFORE_PLACEMENT
    ends = (
        (placement.recalled_on, NoFee.AFTER_RECALL, _last_right_after_recall(contract, placement)),
        (placement.term_ends_on, NoFee.AFTER_TERM, _last_right_after_term(contract, placement)),
    )
    for back_on, reason, until in ends:
        is_over = back_on is not None and until is not None and recovery.posted_on >= max(back_on, until)
        if is_over and back_on is not None and not _keeps_a_promise(contract, recovery, back_on):
            return reason
    return None


def _last_right_after_recall(contract: Contract, placement: Placement) -> date | None:
    """The first day without any right; None where it never ends."""
    back_on = placement.recalled_on
    if back_on is None or contract.entitlement.after_recall == "full":
        return None
    if contract.entitlement.after_recall == "exclusive":
        return placement.term_ends_on if placement.exclusive else back_on
    return back_on + _tail(contract, contract.entitlement.after_recall)


def _last_right_after_term(contract: Contract, placement: Placement) -> date | None:
    if contract.entitlement.after_term == "full":
        return None
    return placement.term_ends_on + _tail(contract, contract.entitlement.after_term)


def _tail(contract: Contract, right: str) -> timedelta:
    return timedelta(days=contract.entitlement.tail_days if right == "tail" else 0)


def _keeps_a_promise(contract: Contract, recovery: PartnerRecovery, back_on: date) -> bool:
    in_flight = contract.entitlement.promises_in_flight
    if in_flight is None:
        return False
    paid_on, grace = recovery.paid_on or recovery.posted_on, timedelta(days=in_flight.grace_days)
    return any(each.made_on < back_on and each.made_on <= paid_on <= each.due_on + grace for each in recovery.promised)
