"""Whether a row fires, from what is measured of it: what tests beside signal files run, one row at a time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from kpi_rules.signals.language import (
    CashKept,
    HeldOver,
    JustAboveTier,
    KeptWithoutPayment,
    LatePromises,
    LooksFor,
    NeverPlaced,
    PaidAfterReassignment,
    PromiseAfterPayment,
    RecordedAfterShift,
    ReversedAfterCutOff,
    RoundedClaims,
    SamePlace,
    ShortContacts,
    SplitPayments,
    TravelTooFast,
)

# The facts of each kind, as tests give them.
FACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "paid_after_reassignment": ("days", "paid"),
        "reversed_after_cut_off": ("days_after",),
        "travel_too_fast": ("metres", "minutes"),
        "recorded_after_shift": ("recorded", "on_later_day", "together"),
        "same_place": ("debtors",),
        "late_promises": ("working_days_left", "at"),
        "short_contacts": ("seconds", "outcome"),
        "cash_kept": ("days",),
        "never_placed": ("placements",),
        "split_payments": ("pieces", "whole", "largest", "currency"),
        "just_above_tier": ("whole", "late_small", "amount", "currency"),
        "held_over": ("days", "paid_before_month"),
        "promise_after_payment": ("days", "booked", "promised"),
        "kept_without_payment": ("booked", "promised"),
        "rounded_claims": ("claimed", "booked", "currency"),
    }
)


def fires(looks_for: LooksFor, given: Mapping[str, Any]) -> bool:
    """Whether a row with these facts fires; all facts of the kind are given."""
    match looks_for:
        case PaidAfterReassignment(days=days):
            return bool(given["paid"] and given["days"] <= days)
        case ReversedAfterCutOff(within_days=days):
            return bool(1 <= given["days_after"] <= days)
        case TravelTooFast(faster_than_kmh=kmh, at_least_metres=metres):
            return bool(given["metres"] >= metres and 60 * given["metres"] > 1000 * kmh * given["minutes"])
        case RecordedAfterShift(shift_ends=ends, together=together):
            is_after = given["on_later_day"] or str(given["recorded"]) > ends
            return bool(is_after and given["together"] >= together)
        case SamePlace(debtors=debtors):
            return bool(given["debtors"] >= debtors)
        case LatePromises(last_working_days=days, after=after):
            return bool(given["working_days_left"] <= days and str(given["at"]) >= after)
        case ShortContacts(seconds=seconds, outcomes=outcomes):
            return bool(given["outcome"] in outcomes and given["seconds"] <= seconds)
        case CashKept(days=days):
            return bool(given["days"] > days)
        case NeverPlaced():
            return bool(given["placements"] == 0)
    return _fires_by_amount(looks_for, given)


def _fires_by_amount(looks_for: LooksFor, given: Mapping[str, Any]) -> bool:
    match looks_for:
        case SplitPayments(pieces=pieces, boundaries=boundaries):
            crosses = [given["largest"] < each <= given["whole"] for each in boundaries.get(given["currency"], ())]
            return bool(given["pieces"] >= pieces and (any(crosses) or not boundaries))
        case JustAboveTier(boundaries=boundaries, margin=margin, small=small):
            reached = [_just_reached(each, margin, given) for each in boundaries.get(given["currency"], ())]
            return bool(any(reached) and given["amount"] <= small[given["currency"]])
        case HeldOver(days=days):
            return bool(given["paid_before_month"] and given["days"] > days)
        case PromiseAfterPayment(days=days):
            return bool(0 <= given["days"] <= days and given["booked"] >= given["promised"])
        case KeptWithoutPayment(share=share):
            return bool(given["booked"] < given["promised"] * share)
        case RoundedClaims(step=step):
            is_round = given["currency"] in step and given["claimed"] % step[given["currency"]] == 0
            return bool(is_round and given["claimed"] > given["booked"])
    raise AssertionError(looks_for)


def _just_reached(tier: Decimal, margin: Decimal, given: Mapping[str, Any]) -> bool:
    whole = given["whole"]
    return bool(tier <= whole < tier * (1 + margin) and whole - given["late_small"] < tier)
