"""What must hold of a partner contract beyond its shape: each check yields what it finds, where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.money import MINOR_DIGITS
from domain.rules import Placed
from incentives.claims.terms import settlement_faults
from incentives.contract_language import AMOUNTS, Contract, Permission


def faults(placed: Placed[Contract], permissions: tuple[Permission, ...]) -> Iterator[Issue]:
    """Everything that is wrong with one contract; a section that is added brings its own function."""
    yield from _term_faults(placed)
    yield from _band_faults(placed)
    yield from _file_faults(placed)
    yield from _not_permitted(placed, permissions)
    yield from _settlement_faults(placed)


def competing(contracts: list[Placed[Contract]]) -> Iterator[Issue]:
    """Contracts for one partner on the same days, of which neither is more specific."""
    ordered = sorted(contracts, key=lambda each: (each.rule.id, each.rule.valid_from))
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            if one.rule.id != other.rule.id and _compete(one.rule, other.rule):
                message = (
                    f'"{other.rule.id}" and "{one.rule.id}" hold for the same partner; see {one.place("partners")}'
                )
                yield Issue("CON040", other.place("partners"), message, "End one of them, or name other partners")


def permitted(permissions: tuple[Permission, ...], jurisdiction: str, day: date) -> tuple[str, ...]:
    holding = [each for each in permissions if each.jurisdiction == jurisdiction and each.valid_from <= day]
    return max(holding, key=lambda each: each.valid_from).legal_types if holding else ()


def _settlement_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    if placed.rule.settlement is not None:
        digits = MINOR_DIGITS.get(placed.rule.currency)
        yield from settlement_faults(placed.rule.settlement, placed.place("settlement"), digits)


def _term_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    contract = placed.rule
    if contract.currency not in MINOR_DIGITS:
        hint = suggestion(contract.currency, MINOR_DIGITS)
        yield Issue("CON020", placed.place("currency"), f'unknown currency "{contract.currency}"', hint)
    elif contract.rounding.digits > MINOR_DIGITS[contract.currency]:
        digits = MINOR_DIGITS[contract.currency]
        message = f"{contract.currency} is paid with {digits} digits after the point, not {contract.rounding.digits}"
        yield Issue("CON021", placed.place("rounding", "digits"), message, f"Round to {digits} or fewer")
    low, high = contract.month_minimum, contract.month_maximum
    if low is not None and high is not None and low > high:
        message = f"the minimum {low} lies above the maximum {high}"
        yield Issue("CON022", placed.place("month_minimum"), message)
    entitlement = contract.entitlement
    if ("tail" in {entitlement.after_recall, entitlement.after_term}) != (entitlement.tail_days > 0):
        message = "a tail, and only a tail, has tail_days"
        yield Issue("CON023", placed.place("entitlement"), message, "State tail_days, or write none")


def _band_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    bands = placed.rule.schedule.bands
    yield from _not_ascending(placed, [band.start for band in bands], ("schedule", "bands"))
    for index, band in enumerate(bands):
        path = ("schedule", "bands", index)
        if (band.rate is None) == (band.slices is None):
            hint = "rate pays on everything recovered, slices by the amount recovered so far"
            yield Issue("CON031", placed.place(*path), "a band has a rate or slices, one of the two", hint)
        if band.slices is not None:
            yield from _not_ascending(placed, [each.start for each in band.slices], (*path, "slices"))


def _not_ascending(placed: Placed[Contract], starts: list[Decimal], path: tuple[str | int, ...]) -> Iterator[Issue]:
    if starts[0] != 0:
        message = f"the first band starts at {starts[0]}; below it nothing is stated"
        yield Issue("CON032", placed.place(*path, 0, "from"), message, "Start it at 0")
    for index, (low, high) in enumerate(pairwise(starts), start=1):
        if low >= high:
            message = f"{high} does not lie above {low}, the one before it"
            yield Issue("CON030", placed.place(*path, index, "from"), message, "Put them in ascending order, each once")


def _file_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    files = placed.rule.files
    for name, columns in (("placement", files.placement), ("recall", files.recall)) if files else ():
        place = placed.place("files", name)
        for column in sorted({each for each in columns if columns.count(each) > 1}):
            yield Issue("CON050", place, f'the column "{column}" stands twice', "Keep one")
        if "account_id" not in columns:
            yield Issue("CON051", place, "no account_id: nobody could acknowledge a line", "Add it")
        if {*AMOUNTS} & {*columns} and "currency" not in columns:
            yield Issue("CON052", place, "amounts without their currency", "Add currency")
    if files and ("term_ends_on" in files.placement) != (files.term_days is not None):
        message = "term_ends_on and term_days go together"
        yield Issue("CON053", placed.place("files", "term_days"), message, "State both, or neither")


def _not_permitted(placed: Placed[Contract], permissions: tuple[Permission, ...]) -> Iterator[Issue]:
    """Whether the contract's partners may collect where it says, on its first day and after each change of the law."""
    contract = placed.rule
    for index, jurisdiction in enumerate(contract.jurisdictions):
        changes = {each.valid_from for each in permissions if each.jurisdiction == jurisdiction}
        days = {contract.valid_from, *(day for day in changes if contract.holds_on(day))}
        for day in sorted(days):
            allowed = permitted(permissions, jurisdiction, day)
            for legal_type in contract.legal_types:
                if legal_type not in allowed:
                    message = f"in {jurisdiction} a partner of type {legal_type} may not collect on {day}"
                    hint = f"Permitted are {', '.join(allowed)}" if allowed else "State who may, under permissions"
                    yield Issue("CON010", placed.place("jurisdictions", index), message, hint)


def _compete(one: Contract, other: Contract) -> bool:
    if one.currency != other.currency or (one.partners == "all") != (other.partners == "all"):
        return False
    together = (other.valid_to is None or one.valid_from < other.valid_to) and (
        one.valid_to is None or other.valid_from < one.valid_to
    )
    return together and (one.partners == "all" or bool({*one.partners} & {*other.partners}))
