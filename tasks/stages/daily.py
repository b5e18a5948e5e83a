"""What the daily report shows, from what a night has stored, and from one statement over its inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from adapters.duck import Duck
from adapters.world import World
from domain.manifest import Manifest
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, Unit, posting_name
from kpi_rules.buckets import BUCKETS
from kpi_rules.postings import postings_statement
from kpi_rules.progress import due_by_now, share_passed
from kpi_rules.rulebook import KpiRules
from reports.daily import BUCKET_ACCOUNTS, BUCKET_BALANCE, KPIS, DailyFacts, Gap
from reports.languages import Language
from reports.scopes import Posting
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.labels import book_label, definition_of, labels_of, titles_of_departments
from tasks.stages.night import Night
from tasks.stages.people import working_days_of
from tasks.stages.session import session_of_tables

OWNER = "head_of_collections"


def daily_facts(
    world: World,
    night: Night,
    manifest: Manifest,
    rules: KpiRules,
    kpis: tuple[KpiResult, ...],
    scores: tuple[Score, ...],
    language: Language,
) -> DailyFacts:
    """The facts of a measured night; `rules` are those in force on its date. Titles are in the language."""
    day, halted = night.business_date, halted_tables(world, night)
    with session_of_tables(world, manifest, accepted_inputs(world, night), ("staff_postings", "calendar")) as duck:
        postings = () if "staff_postings" in halted else postings_of(duck, day)
        calendar = None if "calendar" in halted else working_days_of(duck).get(world.settings.jurisdiction)
    period = Period.of(day)
    days = [each for each in calendar or () if each in period]
    figures = {figure.id: figure for figure in rules.figures}
    gaps = tuple(gaps_of(scores, kpis, rules, share_passed(calendar, day)))
    shown = [*KPIS, *dict.fromkeys(gap.kpi for gap in gaps), f"{BUCKET_ACCOUNTS}_0", f"{BUCKET_BALANCE}_0"]
    return DailyFacts(
        business_date=day,
        run=night.run,
        kpis=kpis,
        labels=labels_of(rules, language),
        buckets=BUCKETS,
        gaps=gaps,
        postings=postings,
        titles=titles_of_departments(rules, language),
        working_days_passed=sum(each <= day for each in days),
        working_days=len(days),
        halted=halted,
        definitions=tuple(definition_of(figures[kpi], figures, language) for kpi in shown if kpi in figures),
        owner=OWNER,
        book_label=book_label(world),
        run_label="" if night.is_official else "What-if: not an official result",
    )


def gaps_of(scores: Iterable[Score], kpis: Iterable[KpiResult], rules: KpiRules, passed: Decimal) -> Iterator[Gap]:
    """For each department and KPI of its scorecard: the targets of its people as the scores have them."""
    cards = {placed.rule.id: placed.rule for placed in rules.scorecards}
    figures = {figure.id: figure for figure in rules.figures}
    currencies = _currencies(kpis)
    in_money = {kpi for kpi, _, _ in currencies}
    found: dict[tuple[str, str, str], list[tuple[str, Decimal | None, Decimal | None, Decimal]]] = defaultdict(list)
    for score in scores:
        department = cards[score.scorecard].department
        for part in score.parts:
            if part.is_gate or part.target is None or part.kpi not in figures:
                continue
            if part.value is None and part.kpi in in_money:
                continue  # nothing says in which currency the figure would have been
            due = due_by_now(part.kpi, part.target, figures, passed)
            names = (posting_name(score.entity, department), score.entity)
            currency = next((at for name in names if (at := currencies.get((part.kpi, name, part.value)))), "")
            found[department, part.kpi, currency].append((score.entity, part.value, due, part.target))
    order = {(card.department, part.kpi): number for card in cards.values() for number, part in enumerate(card.parts)}
    for department, kpi, currency in sorted(found, key=lambda key: (key[0], order[key[0], key[1]], key[2])):
        people = found[department, kpi, currency]
        targets = {target for *_, target in people}
        is_sum = figures[kpi].rule.unit is not Unit.RATIO
        target = sum(target for *_, target in people) if is_sum else targets.pop() if len(targets) == 1 else None
        due_of_all = None if target is None else due_by_now(kpi, Decimal(target), figures, passed)
        yield Gap(
            department,
            kpi,
            currency,
            None if target is None else Decimal(target),
            due_of_all,
            tuple((name, value, due) for name, value, due, _ in people),
        )


def _currencies(kpis: Iterable[KpiResult]) -> dict[tuple[str, str, Decimal | None], str]:
    """In which currency somebody's figure is: that of their result with the value that was scored."""
    return {
        (each.kpi, each.entity, each.value): each.currency
        for each in kpis
        if each.currency and each.grain in {Grain.EMPLOYEE, Grain.POSTING}
    }


def postings_of(duck: Duck, day: date) -> tuple[Posting, ...]:
    rows = duck.read(postings_statement(as_of=day))
    return tuple(
        Posting(row["employee_id"], row["department_id"], row["team_id"], row["role"], row["manager_id"] or "")
        for row in rows
    )
