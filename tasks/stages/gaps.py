"""How far the targets are: for each department the KPIs of its scorecard, with the targets of its people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from domain.records import Grain, KpiResult, Score, Unit, posting_name
from kpi_rules.figures import Figure
from kpi_rules.progress import due_by_now
from kpi_rules.rulebook import KpiRules
from reports.gaps import Gap

_Person = tuple[str, Decimal | None, Decimal | None, Decimal]  # employee, value, due, target
_Key = tuple[str, str, str]  # department, KPI, currency


def gaps_of(scores: Iterable[Score], kpis: Iterable[KpiResult], rules: KpiRules, passed: Decimal) -> Iterator[Gap]:
    """For each department and KPI of its scorecard: the targets of its people as the scores have them."""
    cards = (placed.rule for placed in rules.scorecards)
    figures = {figure.id: figure for figure in rules.figures}
    order = {(card.department, part.kpi): number for card in cards for number, part in enumerate(card.parts)}
    found = _people(scores, _currencies(kpis), rules, passed)
    for department, kpi, currency in sorted(found, key=lambda key: (key[0], order[key[0], key[1]], key[2])):
        people = found[department, kpi, currency]
        target = _target([target for *_, target in people], figures[kpi])
        due = None if target is None else due_by_now(kpi, target, figures, passed)
        yield Gap(department, kpi, currency, target, due, tuple((name, value, mine) for name, value, mine, _ in people))


def _people(
    scores: Iterable[Score],
    currencies: Mapping[tuple[str, str, Decimal | None], str],
    rules: KpiRules,
    passed: Decimal,
) -> Mapping[_Key, list[_Person]]:
    """Who is scored by what. A part in money without a value is left out: nothing says in which currency it were."""
    departments = {placed.rule.id: placed.rule.department for placed in rules.scorecards}
    figures, in_money = {figure.id: figure for figure in rules.figures}, {kpi for kpi, _, _ in currencies}
    found: dict[_Key, list[_Person]] = defaultdict(list)
    for score in scores:
        if score.grain is not Grain.EMPLOYEE:
            continue
        department = departments[score.scorecard]
        for part in score.parts:
            if part.is_gate or part.target is None or part.kpi not in figures:
                continue
            if part.value is None and part.kpi in in_money:
                continue
            due = due_by_now(part.kpi, part.target, figures, passed)
            names = (posting_name(score.entity, department), score.entity)
            currency = next((at for name in names if (at := currencies.get((part.kpi, name, part.value)))), "")
            found[department, part.kpi, currency].append((score.entity, part.value, due, part.target))
    return found


def _target(targets: Sequence[Decimal], figure: Figure) -> Decimal | None:
    """Of sums the sum; of a ratio the one that all share, None where they differ."""
    if figure.rule.unit is not Unit.RATIO:
        return sum(targets, Decimal(0))
    return targets[0] if len(set(targets)) == 1 else None


def _currencies(kpis: Iterable[KpiResult]) -> dict[tuple[str, str, Decimal | None], str]:
    """In which currency somebody's figure is: that of their result with the value that was scored."""
    return {
        (each.kpi, each.entity, each.value): each.currency
        for each in kpis
        if each.currency and each.grain in {Grain.EMPLOYEE, Grain.POSTING}
    }
