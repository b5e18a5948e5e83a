"""Checks of scorecards and targets: one by one, then against the KPIs and each other on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.issues import Issue, Severity
from domain.records import Grain, Unit
from domain.rules import Placed
from domain.staff import DayShareKeys
from kpi_rules.figures import KnownKpis, grows_with_days
from kpi_rules.language import Curve, Scorecard, Target
from kpi_rules.versions import check_refused

_SCOPES = ("department", "team", "employee", "partner")


def check_scorecards(scorecards: Iterable[Placed[Scorecard]]) -> Iterator[Issue]:
    """Weights, curves, KPIs that stand there twice, and changes within a month."""
    known = tuple(scorecards)
    yield from check_refused((each for each in known if each.rule.department), of="department")
    yield from check_refused(each for each in known if each.rule.scores)
    for placed in known:
        yield from _subject_faults(placed)
        if placed.rule.changes == "by_days":
            text = "by_days: a score is of a month, and the parts of two scorecards do not add up to one"
            hint = "Write whole_month, or refuse; targets and KPIs may go by days"
            yield Issue("KPI029", placed.place("changes"), text, hint)
        yield from _weight_faults(placed)
        yield from _double_parts(placed)
        yield from _curve_faults(placed, placed.rule.curve, ("curve",))
        yield from _gate_faults(placed)
        if (placed.rule.missing == "carry") != (placed.rule.carry is not None):
            text = "`missing: carry` and `carry` stand together"
            hint = "State carry: {months: 3, otherwise: redistribute}, or take it out"
            yield Issue("KPI028", placed.place("missing"), text, hint)
        for index, part in enumerate(placed.rule.parts):
            if part.curve:
                yield from _curve_faults(placed, part.curve, ("parts", index, "curve"))


def check_targets(targets: Iterable[Placed[Target]]) -> Iterator[Issue]:
    """Scopes that contradict themselves."""
    for placed in targets:
        yield from _proration_faults(placed)
        given = [scope for scope in _SCOPES if getattr(placed.rule, scope)]
        if len(given) > 1:
            text = f"a target has one scope, found {' and '.join(given)}"
            yield Issue("KPI031", placed.place(given[1]), text, "Write two targets, or leave one scope out")
        elif given and (given == ["partner"]) != (placed.rule.each is Grain.PARTNER):
            text = f"the scope is one {given[0]}, but the values are for each {placed.rule.each}"
            yield Issue("KPI034", placed.place(given[0]), text, f"Write each: {given[0]}, or take the scope out")
        elif given and _SCOPES.index(given[0]) > _SCOPES.index(placed.rule.each):
            text = f"the scope is one {given[0]}, but the values are for each {placed.rule.each}"
            yield Issue("KPI034", placed.place(given[0]), text, f"Write each: {given[0]}")


def check_scorecards_together(
    scorecards: tuple[Placed[Scorecard], ...],
    targets: tuple[Placed[Target], ...],
    known: KnownKpis,
    day: date,
) -> Iterator[Issue]:
    """KPIs that are not there, not per employee, or without target, and departments with two scorecards."""
    departments: dict[str, Placed[Scorecard]] = {}
    for placed in scorecards:
        other = departments.setdefault(placed.rule.department, placed) if placed.rule.department else placed
        if other.rule.id != placed.rule.id:
            text = f'"{placed.rule.department}" already has the scorecard of {other.place("id")} on {day}'
            yield Issue("KPI023", placed.place("department"), text, "A department has one scorecard at a time")
        for index, part in enumerate(placed.rule.parts):
            yield from _part_faults(placed, index, part.kpi, known, day)
            yield from _evidence_faults(placed, index, known, day)
            is_due = not part.peers and _is_measured(placed, part.kpi, known)
            if is_due and not _has_target(part.kpi, placed.rule, targets):
                whom = f"employee of {placed.rule.department}" if placed.rule.department else "partner"
                text = f'"{part.kpi}" has no target for each {whom} on {day}'
                hint = "Without one, the part has no value"
                yield Issue("KPI025", placed.place("parts", index, "kpi"), text, hint, Severity.WARNING)
            if part.peers and not part.peers.currency and _is_money(part.kpi, known):
                text = f'"{part.kpi}" is an amount of money: peers are compared in one currency'
                yield Issue("KPI027", placed.place("parts", index, "peers"), text, "Add `currency`")
        for index, gate in enumerate(placed.rule.gates):
            yield from known.faults(gate.kpi, placed.place("gates", index, "kpi"), day)
            if gate.kpi in known.in_force and (not _is_measured(placed, gate.kpi, known) or _is_money(gate.kpi, known)):
                text = f'"{gate.kpi}" is not measured per {placed.rule.grain}, or is an amount of money'
                hint = f"A gate reads a count or a ratio of the {placed.rule.grain}"
                yield Issue("KPI027", placed.place("gates", index, "kpi"), text, hint)


def check_targets_together(targets: tuple[Placed[Target], ...], known: KnownKpis, day: date) -> Iterator[Issue]:
    """Targets of KPIs that are not there or not so measured, amounts without currency, and targets stated twice."""
    stated: dict[tuple[str | None, ...], Placed[Target]] = {}
    for placed in targets:
        for kpi in placed.rule.values:
            yield from _value_faults(placed, kpi, known, day)
            other = stated.setdefault((kpi, placed.rule.each, *_scope_of(placed.rule)), placed)
            if other.rule.id != placed.rule.id:
                text = f'the target of "{kpi}" for this scope also stands at {other.place("values", kpi)}'
                yield Issue("KPI030", placed.place("values", kpi), text, "State it once")


def _subject_faults(placed: Placed[Scorecard]) -> Iterator[Issue]:
    """One of the two: the people of a department, or partners."""
    if bool(placed.rule.department) == (placed.rule.scores is not None):
        text = "a scorecard scores the people of a department, or partners"
        yield Issue("KPI080", placed.place("id"), text, "State department, or scores: {partners: all}")
    seen: dict[str, str] = {}
    for index, group in enumerate(placed.rule.scores.groups if placed.rule.scores else ()):
        for number, partner in enumerate(group.partners):
            if seen.setdefault(partner, group.id) != group.id:
                text = f"{partner} already stands among {seen[partner]}"
                place = placed.place("scores", "groups", index, "partners", number)
                yield Issue("KPI081", place, text, "A partner has one group of peers")


def _gate_faults(placed: Placed[Scorecard]) -> Iterator[Issue]:
    for index, gate in enumerate(placed.rule.gates):
        if (gate.at_most is None) == (gate.at_least is None):
            text = "a gate has one bound: at_most, or at_least"
            yield Issue("KPI026", placed.place("gates", index), text, "State exactly one of them")
        if (gate.otherwise.times is None) == (gate.otherwise.score_at_most is None):
            text = "a gate has one effect: times, or score_at_most"
            yield Issue("KPI026", placed.place("gates", index, "otherwise"), text, "State exactly one of them")


def _proration_faults(placed: Placed[Target]) -> Iterator[Issue]:
    prorate = placed.rule.prorate
    if prorate and placed.rule.each is not Grain.EMPLOYEE and not placed.rule.cascade:
        text = f"the values are for each {placed.rule.each}: they are not prorated"
        yield Issue("KPI036", placed.place("prorate"), text, "Take `prorate` out, or share them out by `cascade`")
    elif isinstance(prorate, DayShareKeys) and not prorate.is_leave_stated:
        text = "days_worked, and only it, states which kinds of leave are not worked"
        yield Issue("KPI037", placed.place("prorate", "by"), text, "State without_leave: [unpaid, parental], say")


def _weight_faults(placed: Placed[Scorecard]) -> Iterator[Issue]:
    weights = sum((part.weight for part in placed.rule.parts), Decimal(0))
    if weights != 1:
        yield Issue("KPI020", placed.place("parts"), f"the weights sum to {weights}", "They sum to 1")


def _double_parts(placed: Placed[Scorecard]) -> Iterator[Issue]:
    first: dict[str, int] = {}
    for index, part in enumerate(placed.rule.parts):
        if first.setdefault(part.kpi, index) != index:
            text = f'"{part.kpi}" stands in the scorecard twice'
            yield Issue("KPI024", placed.place("parts", index, "kpi"), text, "Give it one weight")


def _curve_faults(placed: Placed[Scorecard], curve: Curve, at: tuple[str | int, ...]) -> Iterator[Issue]:
    for index, (low, high) in enumerate(pairwise(curve.points), start=1):
        if low.attainment >= high.attainment:
            text = f"attainment {high.attainment} comes after {low.attainment}"
            yield Issue(
                "KPI021", placed.place(*at, "points", index, "attainment"), text, "The points rise in attainment"
            )


def _part_faults(placed: Placed[Scorecard], index: int, kpi: str, known: KnownKpis, day: date) -> Iterator[Issue]:
    place = placed.place("parts", index, "kpi")
    yield from known.faults(kpi, place, day)
    if kpi in known.in_force and not _is_measured(placed, kpi, known):
        grain = placed.rule.grain
        yield Issue("KPI022", place, f'"{kpi}" is not measured per {grain}', f"Add {grain} to its grains")


def _evidence_faults(placed: Placed[Scorecard], index: int, known: KnownKpis, day: date) -> Iterator[Issue]:
    """What says whether there is enough to go by is a count or a ratio of the same entity."""
    enough = placed.rule.parts[index].enough
    if enough is None:
        return
    place = placed.place("parts", index, "enough", "kpi")
    yield from known.faults(enough.kpi, place, day)
    wrong = not _is_measured(placed, enough.kpi, known) or _is_money(enough.kpi, known)
    if enough.kpi in known.in_force and wrong:
        text = f'"{enough.kpi}" is not measured per {placed.rule.grain}, or is an amount of money'
        yield Issue("KPI027", place, text, "Take a count, such as accounts_had")


def _value_faults(placed: Placed[Target], kpi: str, known: KnownKpis, day: date) -> Iterator[Issue]:
    place = placed.place("values", kpi)
    yield from known.faults(kpi, place, day)
    if kpi not in known.in_force:
        return
    rule = known.in_force[kpi].rule
    if placed.rule.each not in rule.grains:
        yield Issue(
            "KPI032", place, f'"{kpi}" is not measured per {placed.rule.each}', "Add it to the grains of the KPI"
        )
    if placed.rule.each is Grain.EMPLOYEE and not placed.rule.prorate and grows_with_days(kpi, known.in_force):
        text = f'"{kpi}" grows with the days, and the target does not say what is due for a part of the period'
        hint = "Add `prorate: whole`, or `prorate: {by: working_days, employment_share: true}`"
        yield Issue("KPI035", place, text, hint)
    if rule.unit is Unit.MONEY and not placed.rule.currency:
        yield Issue(
            "KPI033", place, f'"{kpi}" is an amount of money without a currency', "Add `currency` to the target"
        )


def _has_target(kpi: str, card: Scorecard, targets: tuple[Placed[Target], ...]) -> bool:
    """Whether those it scores may have one: its department's, everybody's, that of a team or person; or partners'."""
    department = card.department
    if card.scores:
        return any(kpi in placed.rule.values and placed.rule.each is Grain.PARTNER for placed in targets)
    return any(
        kpi in placed.rule.values
        and (placed.rule.each is Grain.EMPLOYEE or placed.rule.cascade)
        and placed.rule.department in {None, department}
        for placed in targets
    )


def _is_measured(placed: Placed[Scorecard], kpi: str, known: KnownKpis) -> bool:
    """Whether the KPI is there for those that the scorecard scores."""
    return kpi in known.in_force and placed.rule.grain in known.in_force[kpi].rule.grains


def _is_money(kpi: str, known: KnownKpis) -> bool:
    return kpi in known.in_force and known.in_force[kpi].rule.unit is Unit.MONEY


def _scope_of(target: Target) -> tuple[str | None, ...]:
    return target.department, target.team, target.employee, target.partner
