"""Checks of what targets have to do with each other: cascades, parts that sum to a whole, and days without a target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.ids import canonical_decimal
from domain.issues import Issue, Location, Severity
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, Unit
from domain.rules import Placed
from kpi_rules.figures import KnownKpis, adds_up
from kpi_rules.language import CascadeKpi, Sharing, Target
from kpi_rules.versions import check_refused, days_of


def check_cascades(targets: Iterable[Placed[Target]]) -> Iterator[Issue]:
    """Values that are each employee's already, and steps that do not fit into each other."""
    for placed in targets:
        cascade = placed.rule.cascade
        if cascade and placed.rule.each is Grain.EMPLOYEE:
            text = "the values are for each employee already"
            yield Issue("TGT010", placed.place("cascade"), text, "Write each: team or each: department, or take it out")
        elif cascade and placed.rule.each is Grain.PARTNER:
            text = "the values are for each partner: the people of a partner are nobody's here"
            yield Issue("TGT010", placed.place("cascade"), text, "Take `cascade` out")
        elif cascade and cascade.teams and placed.rule.each is Grain.TEAM:
            text = "the values are for each team already"
            yield Issue("TGT010", placed.place("cascade", "teams"), text, "Take `teams` out")
        elif cascade and cascade.teams and not _is_multiple(cascade.teams.step, cascade.step):
            steps = f"{canonical_decimal(cascade.teams.step)} is no multiple of {canonical_decimal(cascade.step)}"
            text = f"teams would get what their people cannot share: the step {steps}"
            yield Issue("TGT011", placed.place("cascade", "teams", "step"), text, "Choose a multiple")


def check_changes_of_targets(targets: Iterable[Placed[Target]]) -> Iterator[Issue]:
    """Versions that must not begin within a month, and what cannot be counted by days."""
    known = sorted(targets, key=lambda each: (each.rule.id, each.rule.valid_from))
    yield from check_refused(known)
    hint = "Write whole_month, or let it begin on the first of a month"
    for placed in known:
        if placed.rule.changes == "by_days" and placed.rule.cascade:
            text = "by_days: what is shared out in whole steps is shared out once a month"
            yield Issue("TGT025", placed.place("changes"), text, hint)
    for before, after in pairwise(known):
        began = after.rule.valid_from
        held = days_of(before.rule, (Period.of(began).start, began))
        if before.rule.id == after.rule.id and after.rule.changes == "by_days" and held:
            if before.rule.currency != after.rule.currency:
                text = f"by_days: in {after.rule.currency}, and before it in {before.rule.currency}"
                yield Issue("TGT025", after.place("changes"), text, hint)
            elif before.rule.cascade and not after.rule.cascade:
                text = f"by_days: the version before it, at {before.place('id')}, is shared out"
                yield Issue("TGT025", after.place("changes"), text, hint)


def check_cascades_together(targets: tuple[Placed[Target], ...], known: KnownKpis, day: date) -> Iterator[Issue]:
    """Values that cannot be shared out, bases that are no weights, and values that people have by another rule too."""
    each = {
        (kpi, placed.rule.department, placed.rule.team): placed
        for placed in targets
        if placed.rule.each is Grain.EMPLOYEE and not placed.rule.employee
        for kpi in placed.rule.values
    }
    for placed in targets:
        if placed.rule.cascade is None or placed.rule.each is Grain.EMPLOYEE:
            continue
        yield from _basis_faults(placed, known, day)
        for kpi, value in placed.rule.values.items():
            if kpi in known.in_force:
                yield from _shared_faults(placed, kpi, value, known)
            if other := each.get((kpi, placed.rule.department, placed.rule.team)):
                text = f'each employee here has a target of "{kpi}" at {other.place("values", kpi)} too'
                yield Issue("KPI030", placed.place("values", kpi), text, "State it once")


def check_parts(targets: tuple[Placed[Target], ...], known: KnownKpis, day: date) -> Iterator[Issue]:
    """Parts of a target that there is not, or of another kind, and parts that do not sum to the whole."""
    wholes = {placed.rule.id: placed for placed in targets}
    parts: dict[tuple[str, str], list[Placed[Target]]] = defaultdict(list)
    for placed in targets:
        if placed.rule.part_of is None:
            continue
        whole = wholes.get(placed.rule.part_of)
        found = list(_part_faults(placed, whole, day))
        yield from found
        for kpi in placed.rule.values if not found else ():
            parts[placed.rule.part_of, kpi].append(placed)
    for (name, kpi), mine in parts.items():
        if adds_up(kpi, known.in_force):
            yield from _sum_faults(wholes[name], kpi, mine, day)


def check_gaps(targets: Iterable[Placed[Target]]) -> Iterator[Issue]:
    """Days between two versions of a target, or between two targets of one scope, on which there is none."""
    stated: dict[tuple[str | None, ...], list[tuple[date, date | None, Location]]] = defaultdict(list)
    for placed in targets:
        rule = placed.rule
        for kpi in rule.values:
            key = (kpi, rule.each, rule.department, rule.team, rule.employee, rule.partner, rule.currency)
            stated[key].append((rule.valid_from, rule.valid_to, placed.place("values", kpi)))
    for scope, stretches in stated.items():
        for (_, end, _), (start, _, place) in pairwise(sorted(stretches, key=lambda each: each[0])):
            if end is not None and end < start:
                text = f'no target of "{scope[0]}" for this scope from {end} up to {start}'
                hint = "Let one begin where the other ends, unless a wider one is meant for these days"
                yield Issue("TGT024", place, text, hint, Severity.WARNING)


def _basis_faults(placed: Placed[Target], known: KnownKpis, day: date) -> Iterator[Issue]:
    cascade = placed.rule.cascade
    both: tuple[tuple[tuple[str, ...], Sharing | None], ...] = (
        (("cascade",), cascade),
        (("cascade", "teams"), cascade.teams if cascade else None),
    )
    for path, sharing in both:
        if sharing is None or not isinstance(sharing.by, CascadeKpi):
            continue
        kpi, place = sharing.by.kpi, placed.place(*path, "by", "kpi")
        yield from known.faults(kpi, place, day)
        if kpi not in known.in_force:
            continue
        rule = known.in_force[kpi].rule
        if Grain.EMPLOYEE not in rule.grains or not adds_up(kpi, known.in_force):
            text = f'"{kpi}" is no weight: it is not measured per employee, or does not add up over people'
            yield Issue("TGT012", place, text, "Choose a count, a sum or an amount per employee")
        elif rule.unit is Unit.MONEY and not placed.rule.currency:
            text = f'"{kpi}" is an amount of money: amounts are weighed in one currency'
            yield Issue("TGT012", place, text, "Add `currency` to the target")


def _shared_faults(placed: Placed[Target], kpi: str, value: Decimal, known: KnownKpis) -> Iterator[Issue]:
    cascade, place = placed.rule.cascade, placed.place("values", kpi)
    if Grain.EMPLOYEE not in known.in_force[kpi].rule.grains:
        yield Issue("KPI032", place, f'"{kpi}" is not measured per employee', "Add it to the grains of the KPI")
    if cascade is None or not adds_up(kpi, known.in_force):
        return
    if placed.rule.prorate is None:
        text = f'"{kpi}" is shared out, and the target does not say for which days somebody has a part'
        hint = "Add `prorate: whole`, or `prorate: {by: working_days, employment_share: true}`"
        yield Issue("TGT013", place, text, hint)
    step = cascade.teams.step if cascade.teams else cascade.step
    if not _is_multiple(value, step):
        text = (
            f"{canonical_decimal(value)} is no multiple of the step {canonical_decimal(step)}: parts cannot sum to it"
        )
        yield Issue("TGT011", place, text, "Change the value or the step")


def _part_faults(placed: Placed[Target], whole: Placed[Target] | None, day: date) -> Iterator[Issue]:
    rule, place = placed.rule, placed.place("part_of")
    if whole is None or whole.rule.id == rule.id:
        text = f'a part of "{rule.part_of}", of which no other target holds on {day}'
        yield Issue("TGT020", place, text, "Name the id of the whole, and let it hold on the same days")
        return
    if getattr(rule, rule.each) is None:
        text = f"a part is the target of one {rule.each}, and this one is for each"
        yield Issue("TGT021", place, text, f"Name the {rule.each}")
    if whole.rule.currency != rule.currency:
        text = f"a part in {rule.currency or 'no currency'} of a whole in {whole.rule.currency or 'none'}"
        yield Issue("TGT022", place, text, "Parts and whole have one currency")
    for kpi in rule.values:
        if kpi not in whole.rule.values:
            text = f'the whole at {whole.place("id")} states no "{kpi}"'
            yield Issue("TGT022", placed.place("values", kpi), text, "State it there, or in a target of its own")


def _sum_faults(whole: Placed[Target], kpi: str, parts: list[Placed[Target]], day: date) -> Iterator[Issue]:
    total, due = sum((part.rule.values[kpi] for part in parts), Decimal(0)), whole.rule.values[kpi]
    if total == due:
        return
    off = f"{canonical_decimal(abs(due - total))} too {'little' if total < due else 'much'}"
    places = ", ".join(str(part.place("values", kpi)) for part in parts[:5])
    more = f" and {len(parts) - 5} more" if len(parts) > 5 else ""
    text = (
        f'the parts of "{kpi}" sum to {canonical_decimal(total)} of {canonical_decimal(due)} on {day}: {off}; '
        f"they stand at {places}{more}"
    )
    yield Issue("TGT023", whole.place("values", kpi), text, "Change the whole, or a part")


def _is_multiple(value: Decimal, step: Decimal) -> bool:
    return not CONTEXT.remainder(value, step)
