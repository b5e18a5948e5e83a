"""The plan of a night as text, kept with the run: every statement, and the KPIs that each of its columns is for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from domain.exact import ExactSelect
from kpi_rules.figures import Measure
from kpi_rules.plan import KpiPlan, Scan, measure_column


def plan_as_sql(plan: KpiPlan, sql: Callable[[ExactSelect], str]) -> str:
    """Statements in the order of their names, each behind comments; `sql` writes one in the dialect of the session."""
    return "\n".join(_lines(plan, sql)) + "\n"


def _lines(plan: KpiPlan, sql: Callable[[ExactSelect], str]) -> Iterator[str]:
    yield f"-- KPIs of {plan.start} to {plan.as_of}: {len(plan.figures)} figures by {len(plan.statements)} statements"
    if plan.halted:
        yield f"-- halted, and not computed: {', '.join(sorted(plan.halted))}"
    served = _served(plan)
    for scan in plan.statements:
        yield ""
        yield from _scan(scan, served)
        yield f"{sql(scan.statement)};"


def _served(plan: KpiPlan) -> Mapping[Measure, list[str]]:
    found: dict[Measure, list[str]] = defaultdict(list)
    for figure in plan.figures:
        for measure in figure.measures if figure.id not in plan.halted else ():
            found[measure].append(figure.id)
    return found


def _scan(scan: Scan, served: Mapping[Measure, list[str]]) -> Iterator[str]:
    yield f"-- {scan.name}, over {', '.join(sorted(scan.reads))}"
    grains = dict.fromkeys(f"{each.grain}{' by currency' if each.by_currency else ''}" for each in sorted(scan.sets))
    yield f"-- by {'; '.join(grains)}"
    for index, measure in enumerate(scan.measures):
        said = " ".join(str(measure).split())
        yield f"-- {measure_column(index)}: {said}: {', '.join(dict.fromkeys(served.get(measure, ())))}"
