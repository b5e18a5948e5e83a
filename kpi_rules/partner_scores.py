"""Scores of partners: their KPIs beside the best of their peers or a target, weighed as the scorecard says.

All partners of a scorecard are graded together: what the best of a peer group reached is found before anybody is
graded, so that no order of rows can matter. Who is a peer of whom the scorecard says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.partners import Partner
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, ValueState
from domain.rules import Placed, version_digest
from kpi_rules.figures import Figure
from kpi_rules.grading import Measured, grade
from kpi_rules.language import Scorecard, ScorecardPart, ScoredPartners
from kpi_rules.peers import (
    HALTED,
    Reference,
    beside_peers,
    gated,
    is_halted,
    of_one_currency,
    reference_of,
    too_little,
    without_evidence,
)
from kpi_rules.rulebook import KpiRules
from kpi_rules.target_values import partner_target

_Own = Mapping[str, Sequence[KpiResult]]

_SHOWN = 6  # digits of the best figure in a note; the target beside it has all of them


def score_partners(
    rules: KpiRules,
    results: Iterable[KpiResult],
    partners: Iterable[Partner],
    *,
    start: date,
    as_of: date,
    earlier: Iterable[KpiResult] = (),
) -> tuple[Score, ...]:
    """One score per scorecard of partners and partner, in that order, by the rules in force on `as_of`.

    `earlier` are the results of nights of earlier months, from which values are carried.
    """
    current = rules.on(as_of)
    figures = {figure.id: figure for figure in current.figures}
    known = tuple(partners)
    now, nights = _by_partner(results), _by_night(earlier)
    found: list[Score] = []
    for card in sorted(current.scorecards, key=lambda each: each.rule.id):
        if card.rule.scores is None:
            continue
        scored = [each for each in known if _is_scored(each, card.rule.scores, start, as_of)]
        graded = _Graded(card, current, figures, _by_group(card.rule.scores, scored), now, nights, as_of)
        found += [_score(graded, each, start) for each in sorted(scored, key=lambda each: each.partner_id)]
    return tuple(found)


def peer_group(scored: ScoredPartners, partner: Partner) -> str:
    """The name of the group whose members are peers: what they are alike in, and the list in which they stand.

    >>> law_firm = Partner("P1", "law_firm", "VN", date(2026, 1, 1))
    >>> peer_group(ScoredPartners(alike_in=("jurisdiction", "legal_type")), law_firm)
    'VN law_firm'
    """
    named = [group.id for group in scored.groups if partner.partner_id in group.partners]
    listed = named[:1] or (["in no group"] if scored.groups else [])
    return " ".join([*(getattr(partner, name) for name in scored.alike_in), *listed])


def _is_scored(partner: Partner, scored: ScoredPartners, start: date, as_of: date) -> bool:
    is_named = scored.partners == "all" or partner.partner_id in scored.partners
    return is_named and partner.is_active_within(start, as_of)


def _by_group(scored: ScoredPartners, partners: Iterable[Partner]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for each in sorted(partners, key=lambda each: each.partner_id):
        found[peer_group(scored, each)].append(each.partner_id)
    return found


@dataclass(frozen=True, slots=True)
class _Graded:
    """A scorecard with all that its partners are graded by; `groups` are the peers by the name of their group."""

    card: Placed[Scorecard]
    rules: KpiRules
    figures: Mapping[str, Figure]
    groups: Mapping[str, Sequence[str]]
    now: Mapping[str, _Own]
    nights: Mapping[date, Mapping[str, _Own]]
    as_of: date

    def reference(self, part: ScorecardPart, group: str, results: Mapping[str, _Own]) -> Reference | None:
        """What the peers of the group reached, by name of whoever is first among those who reached it."""
        if part.peers is None or part.kpi not in self.figures:
            return None
        values: dict[str, Decimal] = {}
        for partner in self.groups[group]:
            own = results.get(partner, {})
            result, _ = of_one_currency(own.get(part.kpi, ()), part.peers.currency)
            if result and result.value is not None and not too_little(part.enough, own):
                values[partner] = result.value
        if not values:
            return None
        found = reference_of(list(values.values()), part.peers, self.figures[part.kpi])
        who = [partner for partner, value in values.items() if value == found.value]
        said = f": {', '.join(who)} with {canonical_decimal(round(found.value, _SHOWN))}" if who else ""
        return replace(found, said=f"{f' of {group}' if group else ''}{said}")


def _score(graded: _Graded, partner: Partner, start: date) -> Score:
    card = graded.card.rule
    assert card.scores is not None  # noqa: S101 - only those are graded here
    own, group = graded.now.get(partner.partner_id, {}), peer_group(card.scores, partner)
    measured = {part.kpi: _measured(graded, part, partner.partner_id, group) for part in card.parts}
    gates = {gate.kpi: gated(own.get(gate.kpi, ())) for gate in card.gates}
    state, points, parts = grade(card, measured, gates)
    return Score(
        card.id, version_digest(card), Grain.PARTNER, partner.partner_id, start, graded.as_of, state, points, parts
    )


def _measured(graded: _Graded, part: ScorecardPart, partner: str, group: str) -> Measured:
    """The value of the month, or where the card says so, the last one of an earlier month."""
    found = _beside(graded, part, partner, group, graded.now)
    carry = graded.card.rule.carry
    if carry is None or found.value is not None or found.state is ValueState.HALTED:
        return found
    for night in sorted(graded.nights, reverse=True):
        if Period.of(graded.as_of).months_after(Period.of(night)) <= carry.months:
            carried = _beside(graded, part, partner, group, graded.nights[night])
            if carried.state is ValueState.VALUE:
                return replace(carried, note=f"carried from {night}; {carried.note}")
    return found


def _beside(graded: _Graded, part: ScorecardPart, partner: str, group: str, results: Mapping[str, _Own]) -> Measured:
    own = results.get(partner, {})
    found = own.get(part.kpi, ())
    if is_halted(part, own):
        return HALTED
    if why := too_little(part.enough, own):
        return without_evidence(found, part, why)
    if part.peers:
        return beside_peers(found, part.kpi, part.peers, graded.reference(part, group, results), graded.figures)
    placed = partner_target(graded.rules.targets, part.kpi, partner)
    result, why = of_one_currency(found, placed.rule.currency if placed else None)
    value = result.value if result else None
    if placed is None:
        return Measured(ValueState.NO_VALUE, value, None, note="no target")
    state = ValueState.NO_VALUE if value is None else ValueState.VALUE
    note = f"target: {placed.place('values', part.kpi)}"
    is_lower = graded.figures[part.kpi].rule.good == "lower"
    return Measured(state, value, placed.rule.values[part.kpi], is_lower, f"{why}; {note}" if why else note)


def _by_partner(results: Iterable[KpiResult]) -> Mapping[str, _Own]:
    found: dict[str, dict[str, list[KpiResult]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.grain is Grain.PARTNER:
            found[result.entity][result.kpi].append(result)
    return found


def _by_night(results: Iterable[KpiResult]) -> Mapping[date, Mapping[str, _Own]]:
    found: dict[date, list[KpiResult]] = defaultdict(list)
    for result in results:
        found[result.as_of].append(result)
    return {night: _by_partner(each) for night, each in found.items()}
