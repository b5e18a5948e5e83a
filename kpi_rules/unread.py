"""KPIs that nobody uses: measured every night, for no rule and no stated reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from domain.issues import Issue, Severity
from domain.rules import Placed, Rule
from kpi_rules.language import Kpi
from kpi_rules.rulebook import KpiRules

Reading = tuple[str, Rule]  # a figure, and a rule that reads it


def unread_kpis(rules: KpiRules, read_elsewhere: Iterable[Reading] = ()) -> tuple[Issue, ...]:
    """A warning for each KPI that no scorecard, gate, target, policy or other KPI reads on any day on which it holds,
    and that does not say whom it is shown to. `read_elsewhere` is what rules of other packages read."""
    readers: dict[str, list[Rule]] = {}
    for figure, rule in chain(_readings(rules), read_elsewhere):
        readers.setdefault(figure, []).append(rule)
    figures: dict[tuple[str, int], tuple[Placed[Kpi], list[str]]] = {}
    for each in rules.figures:
        key = (each.rule.id, each.rule.valid_from.toordinal())
        figures.setdefault(key, (each.placed, []))[1].append(each.id)
    return tuple(
        Issue(
            "KPI070",
            placed.place("id"),
            f'nothing reads "{placed.rule.id}": no scorecard, target, policy or other KPI',
            f"Use it, take it out, or say who looks at it: `shown_to: [{placed.rule.owner}]`",
            Severity.WARNING,
        )
        for placed, ids in figures.values()
        if not placed.rule.shown_to and not _is_read(placed.rule, ids, readers)
    )


def _readings(rules: KpiRules) -> Iterator[Reading]:
    for card in rules.scorecards:
        yield from ((part.kpi, card.rule) for part in card.rule.parts)
        yield from ((part.enough.kpi, card.rule) for part in card.rule.parts if part.enough)
        yield from ((gate.kpi, card.rule) for gate in card.rule.gates)
    for target in rules.targets:
        yield from ((kpi, target.rule) for kpi in (*target.rule.values, *target.rule.weighed_by))
    for figure in rules.figures:
        yield from ((operand, figure.rule) for operand in figure.operands)


def _is_read(kpi: Kpi, figures: Iterable[str], readers: dict[str, list[Rule]]) -> bool:
    return any(_share_a_day(kpi, reader) for figure in figures for reader in readers.get(figure, ()))


def _share_a_day(one: Rule, other: Rule) -> bool:
    return (one.valid_to is None or other.valid_from < one.valid_to) and (
        other.valid_to is None or one.valid_from < other.valid_to
    )
