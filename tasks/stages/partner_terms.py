"""What contracts and the law say of partners, for allocation: who gets nothing new and why, and who how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from allocation.destinations import Destination, PartnerTerms, RefusedPartner
from incentives.contracts import ContractBook


def terms_of_partners(
    contracts: ContractBook, partners: Iterable[Mapping[str, Any]], as_of: date
) -> dict[str, PartnerTerms]:
    """Of the rows of partners, the terms that hold on the day after `as_of`, on which the dispatch begins."""
    day = as_of + timedelta(days=1)
    return {row["partner_id"]: _terms(contracts, row, day) for row in partners}


def _terms(contracts: ContractBook, partner: Mapping[str, Any], day: date) -> PartnerTerms:
    name, legal_type, where = partner["partner_id"], partner["legal_type"], partner["jurisdiction"]
    if not contracts.may_collect(legal_type, where, day):
        return PartnerTerms("legal_type")
    currencies = sorted({each.rule.currency for each in contracts.contracts})
    found = [contracts.for_partner(name, legal_type, where, currency, day) for currency in currencies]
    held = [every for every in found if every]
    if not held:
        return PartnerTerms("no_contract")
    if any(len(every) > 1 for every in held):
        return PartnerTerms("several_contracts")
    bounds = [every[0].rule.accounts_at_most for every in held]
    most = [bound for bound in bounds if bound is not None]
    return PartnerTerms("", min(most) if most else None)


def refused_partners(destinations: Iterable[Destination]) -> Iterator[RefusedPartner]:
    """Of each partner that gets nothing new by law or contract, why."""
    for end in destinations:
        if end.refused:
            yield RefusedPartner(end.id, end.refused, end.jurisdiction, end.legal_type)
