"""What must hold of a partner contract beyond its shape: each check yields what it finds, where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.documents import Path
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.money import MINOR_DIGITS
from domain.rules import Placed
from incentives.claims.terms import settlement_faults
from incentives.contract_language import AMOUNTS, Contract, Earned, FeeCase, OfPlacement, Permission
from incentives.duties import commitment_faults


def faults(placed: Placed[Contract], permissions: Sequence[Permission]) -> Iterator[Issue]:
    """Everything that is wrong with one contract; a section that is added brings its own function."""
    yield from _term_faults(placed)
    yield from _schedule_faults(placed)
    yield from _money_faults(placed)
    yield from _month_faults(placed)
    yield from _file_faults(placed)
    yield from commitment_faults(placed, placed.rule.commitments, placed.rule.duties)
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


def permitted(permissions: Sequence[Permission], jurisdiction: str, day: date) -> tuple[str, ...]:
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
    entitlement = contract.entitlement
    if ("tail" in {entitlement.after_recall, entitlement.after_term}) != (entitlement.tail_days > 0):
        message = "a tail, and only a tail, has tail_days"
        yield Issue("CON023", placed.place("entitlement"), message, "State tail_days, or write none")


def _schedule_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    schedule = placed.rule.schedule
    for index, case in enumerate(schedule.cases):
        path: Path = ("schedule", "cases", index)
        yield from _case_faults(placed, case, path)
        if case.when is None and index < len(schedule.cases) - 1:
            message = f"the cases after case {index + 1} are never reached: it has no condition, and the first counts"
            yield Issue("CON034", placed.place(*path), message, "State when it holds, or put it last")
    is_open = schedule.cases[-1].when is not None
    if is_open and schedule.otherwise is None:
        hint = "End with a case without `when`, or write otherwise: no_fee"
        yield Issue("CON033", placed.place("schedule", "cases"), "a recovery may fall under no case", hint)
    if not is_open and schedule.otherwise is not None:
        message = "the last case holds for all that is left: nothing is otherwise"
        yield Issue("CON033", placed.place("schedule", "otherwise"), message, "Take it out")
    if schedule.rates_on == "applied" and any(_has_slices(case) for case in schedule.cases):
        message = "slices are of what was recovered: of what is left for the debt there is no such schedule"
        yield Issue("CON037", placed.place("schedule", "rates_on"), message, "State rates, or rates_on: recovered")
    bounds = schedule.each_placement
    if bounds is not None:
        yield from _bound_faults(placed, bounds, ("schedule", "each_placement"))


def _has_slices(case: FeeCase) -> bool:
    return any(each.slices is not None for each in (case, *(case.bands or ())))


def _case_faults(placed: Placed[Contract], case: FeeCase, path: Path) -> Iterator[Issue]:
    stated = [key for key in ("rate", "slices", "bands", "no_fee") if getattr(case, key) is not None]
    if len(stated) != 1:
        found = f"states {' and '.join(stated)}" if stated else "states nothing that is earned"
        yield Issue("CON031", placed.place(*path), f"the case {found}", "State one of rate, slices, bands, no_fee")
    if (case.bands is None) != (case.by is None) or (case.bands is None) != (case.boundary is None):
        yield Issue("CON035", placed.place(*path), "bands, by and boundary go together", "State all, or none")
    if case.bands is None:
        yield from _earned_faults(placed, case, path)
        return
    beside = [key for key in ("fixed", "at_least", "at_most") if getattr(case, key) is not None]
    if beside:
        message = f"{beside[0]} stands beside bands, and would count for none of them"
        yield Issue("CON035", placed.place(*path, beside[0]), message, "State it in each band that has it")
    yield from _not_ascending(placed, [band.start for band in case.bands], (*path, "bands"))
    for index, band in enumerate(case.bands):
        place = (*path, "bands", index)
        if (band.rate is None) == (band.slices is None):
            hint = "rate pays on everything recovered, slices by the amount recovered so far"
            yield Issue("CON031", placed.place(*place), "a band has a rate or slices, one of the two", hint)
        yield from _earned_faults(placed, band, place)


def _earned_faults(placed: Placed[Contract], earned: Earned, path: Path) -> Iterator[Issue]:
    yield from _bound_faults(placed, earned, path)
    if earned.slices is not None:
        yield from _not_ascending(placed, [each.start for each in earned.slices], (*path, "slices"))


def _bound_faults(placed: Placed[Contract], bounds: Earned | OfPlacement, path: Path) -> Iterator[Issue]:
    low, high = bounds.at_least, bounds.at_most
    if low is not None and high is not None and low > high:
        message = f"the least, {low}, lies above the most, {high}"
        yield Issue("CON022", placed.place(*path, "at_least"), message, "Correct one of them")
    rounding = placed.rule.rounding
    for key in ("fixed", "at_least", "at_most"):
        amount = getattr(bounds, key, None)
        if rounding.each == "payment" and amount is not None and -amount.as_tuple().exponent > rounding.digits:
            message = f"{amount} has more than {rounding.digits} digits after the point, to which payments are rounded"
            yield Issue("CON036", placed.place(*path, key), message, "Round it here")


def _money_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    contract = placed.rule
    if "direct" in contract.counts and not contract.direct_channels:
        hint = "State direct_channels: [direct_debit, counter], say"
        yield Issue("CON024", placed.place("counts"), "no channel is said to be direct", hint)
    for key, values in (("counts", contract.counts), ("direct_channels", contract.direct_channels)):
        for value in sorted({each for each in values if values.count(each) > 1}):
            yield Issue("CON025", placed.place(key), f'"{value}" stands twice', "Keep one")


_OF_MONTH = (
    "base",
    "formula",
    "tiers",
    "curve",
    "table",
    "gate",
    "kicker",
    "penalty",
    "split",
    "cap",
    "floor",
    "round",
)


def _month_faults(placed: Placed[Contract]) -> Iterator[Issue]:
    """Kinds of steps that ask for a person's days, tenure or earlier pay, or for several payees."""
    steps = placed.rule.month.steps if placed.rule.month else ()
    for index, step in enumerate(steps):
        if step.kind not in _OF_MONTH:
            message = f"a step of kind {step.kind} is for people, not for a partner's month"
            yield Issue("CON061", placed.place("month", "steps", index, "kind"), message, _KINDS_HINT)


_KINDS_HINT = f"There are {', '.join(_OF_MONTH)}"


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


def _not_permitted(placed: Placed[Contract], permissions: Sequence[Permission]) -> Iterator[Issue]:
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
