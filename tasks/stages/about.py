"""What every report says of the night that it was made from: its run, its people, its definitions, what was halted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from adapters.duck import Duck
from adapters.world import World
from domain.ids import RunId
from kpi_rules.buckets import BUCKETS
from kpi_rules.postings import postings_statement
from kpi_rules.rulebook import KpiRules
from reports.languages import Language
from reports.scopes import Posting
from reports.views import About
from tasks.stages.gate import halted_tables
from tasks.stages.labels import book_label, definition_of, labels_of, run_label, titles_of_departments
from tasks.stages.night import Night

OWNER = "head_of_collections"


def about_night(
    world: World,
    night: Night,
    rules: KpiRules,
    language: Language,
    *,
    postings: tuple[Posting, ...],
    defines: Iterable[str],
    runs: tuple[RunId, ...] = (),
) -> About:
    """`defines` are the KPIs of which the report has the definition; `runs` are more than the night's own, if any."""
    figures = {figure.id: figure for figure in rules.figures}
    return About(
        business_date=night.business_date,
        runs=runs or (night.run,),
        labels=labels_of(rules, language),
        titles=titles_of_departments(rules, language),
        buckets=BUCKETS,
        postings=postings,
        halted=halted_tables(world, night),
        definitions=tuple(
            definition_of(figures[kpi], figures, language) for kpi in dict.fromkeys(defines) if kpi in figures
        ),
        owner=OWNER,
        book_label=book_label(world),
        run_label=run_label(night, language),
    )


def postings_of(duck: Duck, day: date, halted: frozenset[str]) -> tuple[Posting, ...]:
    """Who works where on the day; nobody, if the gate has stopped the postings."""
    if "staff_postings" in halted:
        return ()
    rows = duck.read(postings_statement(as_of=day))
    return tuple(
        Posting(row["employee_id"], row["department_id"], row["team_id"], row["role"], row["manager_id"] or "")
        for row in rows
    )
