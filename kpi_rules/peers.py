"""A figure beside those of peers: the best of them, or the middle one, and what a score reads of somebody's results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.money import CONTEXT
from domain.records import KpiResult, Unit, ValueState
from kpi_rules.figures import Figure
from kpi_rules.grading import Measured
from kpi_rules.language import Evidence, Peers, ScorecardPart

HALTED = Measured(ValueState.HALTED, None, None, note="halted: it reads a table that the gate has stopped")


@dataclass(frozen=True, slots=True)
class Reference:
    """What peers reached in one KPI: how many had a value, and the best or middle one. `said` names the peers and who
    among them has that value, where that may be told."""

    peers: int
    value: Decimal
    said: str = ""


def reference_of(values: Sequence[Decimal], peers: Peers, figure: Figure, said: str = "") -> Reference:
    """Of at least one value, in any order."""
    found = middle(values) if peers.against == "median" else best(values, figure)
    return Reference(len(values), found, said)


def best(values: Sequence[Decimal], figure: Figure) -> Decimal:
    return min(values) if figure.rule.good == "lower" else max(values)


def middle(values: Sequence[Decimal]) -> Decimal:
    """The middle value; of an even number of them, halfway between the two in the middle."""
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else CONTEXT.divide(CONTEXT.add(low, high), Decimal(2))


def beside_peers(
    results: Sequence[KpiResult], kpi: str, peers: Peers, reference: Reference | None, figures: Mapping[str, Figure]
) -> Measured:
    """The figure with what the peers reached as its target; none where too few of them have a value, or it is 0."""
    result, why = of_one_currency(results, peers.currency)
    number = reference.peers if reference else 0
    if result is None or result.value is None:
        return Measured(ValueState.NO_VALUE, None, None, note=why)
    if reference is None or number < peers.fewest:
        note = f"no target: {number} peers with a value, {peers.fewest} are needed"
        return Measured(ValueState.NO_VALUE, result.value, None, note=note)
    if not reference.value:
        note = f"no target: the {peers.against} of {number} peers is 0"
        return Measured(ValueState.NO_VALUE, result.value, None, note=note)
    note, is_lower = f"{peers.against} of {number} peers{reference.said}", figures[kpi].rule.good == "lower"
    return Measured(ValueState.VALUE, result.value, reference.value, is_lower, note, peers.tie_band)


def gated(results: Sequence[KpiResult]) -> Measured:
    """What a gate reads: a count or a ratio, beside no target."""
    if any(result.state is ValueState.HALTED for result in results):
        return HALTED
    result, why = of_one_currency(results, None)
    value = result.value if result else None
    return Measured(ValueState.NO_VALUE if value is None else ValueState.VALUE, value, None, note=why)


def of_one_currency(results: Sequence[KpiResult], currency: str | None) -> tuple[KpiResult | None, str]:
    """The result that can be held against the target; amounts in different currencies are never added or compared."""
    fitting = [result for result in results if not currency or result.currency in {"", currency}]
    if len(fitting) == 1 and (fitting[0].unit is not Unit.MONEY or currency):
        return fitting[0], "" if fitting[0].value is not None else "no value"
    if not fitting:
        return None, "no value" if not results else f"no value in {currency}"
    return None, "several currencies: " + ", ".join(sorted(result.currency for result in fitting))


def is_halted(part: ScorecardPart, results: Mapping[str, Sequence[KpiResult]]) -> bool:
    """Whether the gate has stopped what the part reads, or what says whether there is enough of it."""
    names = {part.kpi} | ({part.enough.kpi} if part.enough else set())
    return any(result.state is ValueState.HALTED for name in names for result in results.get(name, ()))


def too_little(evidence: Evidence | None, results: Mapping[str, Sequence[KpiResult]]) -> str:
    """Why a part does not count for want of evidence; empty where it does. No figure is no evidence."""
    if evidence is None:
        return ""
    result, _ = of_one_currency(results.get(evidence.kpi, ()), None)
    found = result.value if result else None
    if found is not None and found >= evidence.at_least:
        return ""
    shown = "nothing" if found is None else canonical_decimal(found)
    return f"too little to go by: {evidence.kpi} is {shown}, {canonical_decimal(evidence.at_least)} are needed"


def without_evidence(results: Sequence[KpiResult], part: ScorecardPart, why: str) -> Measured:
    """The figure as it is, beside no target: it earns nothing, and costs nothing."""
    result, _ = of_one_currency(results, part.peers.currency if part.peers else None)
    return Measured(ValueState.NO_VALUE, result.value if result else None, None, note=why)
