"""Why a destination may not have an account, in words: for people who decide otherwise, and for explanations."""

from __future__ import annotations

from allocation.destinations import Destination
from allocation.strategy_rules import SegmentRule
from allocation.units import Kind, why_not


def barrier(kind: Kind, rule: SegmentRule, destination: Destination, *, because: str = "") -> str:
    """The code of `why_not` and what was found; empty where it may. Room is another question.

    `because` is why this destination is barred, where it is.
    """
    code = why_not(kind, rule, destination)
    if not code:
        return ""
    words = {
        "jurisdiction": f"works in {destination.jurisdiction}, the account is of {kind.jurisdiction}",
        "barred": because or "barred from the account",
        "no_partners": f"segment {rule.id} goes to no partner",
        "legal_type": f"the law of {destination.jurisdiction} does not let a {destination.legal_type} collect",
        "suspended": f"{destination.suspended}: no new placements",
        "no_contract": f"no contract in force lets {destination.id} have accounts",
        "several_contracts": f"several contracts hold for {destination.id}, and none is more specific",
        "consent": "the debtor has not agreed",
        "department": f"is in {destination.department}, segment {rule.id} goes to {_listed(rule.departments)}",
        "skills": f"lacks {_listed(sorted(kind.skills - destination.skills))}",
        "licences": f"lacks {_listed(sorted({*rule.licences} - destination.skills))}",
    }
    return f"{code}: {words[code]}" if code in words else code


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names) or "none"
