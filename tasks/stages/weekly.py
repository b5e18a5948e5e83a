"""What the weekly report shows: the week measured by itself, the weeks before it, and who falls behind.

It looks at several nights, so it is no file of one run: it names the runs that it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path

import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.store.actions import read_actions
from adapters.store.nights import newest_measured_nights
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import files_of_run
from adapters.world import World, registered_file
from domain.actions import Action, ActionState
from domain.ids import AttemptId, RunId
from domain.intervals import Counted, bar_for, moved
from domain.manifest import Manifest, RunKind
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, KpiResult
from domain.rules import Placed
from kpi_rules.credits import credits_read
from kpi_rules.figures import Figure
from kpi_rules.language import Scorecard
from kpi_rules.month_tables import course_statement, payers_statement
from kpi_rules.movement import forecast
from kpi_rules.plan import plan_kpis
from kpi_rules.progress import Stretch, share_passed
from kpi_rules.results import kpi_results
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import BREACHES, CREDITS, RECOVERY_RATES
from reports.languages import Language, words_of
from reports.scopes import Posting
from reports.weekly import HALTED, PAID, Behind, Finding, MonthEnd, ReviewedCard, WeeklyFacts
from reports.weekly_overdue import Overdue
from tasks.stages.about import about_night, postings_of
from tasks.stages.actions import open_actions
from tasks.stages.behind import SOURCE, as_share, behind_now, coaching_actions, place_of, week_of, weekly_nights
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.labels import title_of
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.overdue import counted_by_kpis, overdue_now, pace_of
from tasks.stages.people import calendar_of
from tasks.stages.session import session_of_night

RECOVERED, CONTACTED, ROLLED = "recovered", "contact_rate", "roll_rate_by_cohort_accounts"
PAST_MONTHS = 3
_TENTH = Decimal("0.1")
_WRITTEN = (CREDITS, BREACHES, RECOVERY_RATES)  # by the night: views that its session does not have by itself
_SHOWN = frozenset({Grain.TEAM, Grain.SEGMENT, Grain.PORTFOLIO})


Course = tuple[tuple[int, Decimal], ...]  # by day of the month: recovered by its end


@dataclass(frozen=True, slots=True)
class _Measured:
    """A week measured by itself, with what was read for it; `paid` are the accounts that paid, by segment; `course` is
    the month so far by department ("" for the whole book) and currency."""

    night: Night
    results: tuple[KpiResult, ...]
    paid: Mapping[str, Counted]
    course: Mapping[tuple[str, str], Course]
    postings: tuple[Posting, ...]
    calendar: frozenset[date] | None
    overdue: tuple[Overdue, ...]


def weekly_facts(
    world: World, night: Night, rules: KpiRules, language: Language, *, opens_actions: bool = True
) -> WeeklyFacts:
    """The facts of the week that the night ends; who falls behind gets a coaching action in the register."""
    day = night.business_date
    monday = day - timedelta(days=day.weekday())
    with world.store.read() as connection:
        nights = weekly_nights(connection, day)
        others = newest_measured_nights(connection, (Period.of(day).start - timedelta(days=100)).replace(day=1), day)
    nights[day] = night.run
    now = _measured(world, night, rules, monday)
    before = _last_week(world, nights, rules, monday)
    with world.store.read() as connection:
        weeks = [
            week_of(connection, each, run, rules, now.postings, now.calendar) for each, run in sorted(nights.items())
        ]
        kpis = read_kpis(connection, night.run, grains=(Grain.DEPARTMENT, Grain.PORTFOLIO, Grain.SEGMENT))
        rolled = _rolled(connection, day, kpis, others, now.calendar, rules, language)
        ends = tuple(_month_ends(connection, day, kpis, others, now))
        every, scores = read_kpis(connection, night.run), read_scores(connection, night.run)
    passed = share_passed(now.calendar, day)
    stretches = behind_now(world, weeks)
    if opens_actions:
        open_actions(world, coaching_actions(world, day, night.run, stretches, now.postings), night.attempt or None)
    compared = [*_compared(now, before, rules, language), *rolled]
    bar = bar_for(len(compared))
    defines = (part.kpi for placed in _of_people(rules) for part in placed.rule.parts)
    runs = (night.run, *([before.night.run] if before else []))
    return WeeklyFacts(
        about=about_night(world, night, rules, language, postings=now.postings, defines=defines, runs=runs),
        first_day=monday,
        this_week=now.results,
        last_week=before.results if before else None,
        cards=tuple(_cards(rules)),
        findings=tuple(sorted((each for each in compared if abs(each.errors) > as_share(bar)), key=_strongest)),
        comparisons=len(compared),
        bar=as_share(bar),
        month_ends=ends,
        behind=tuple(_behind(world, stretches, now.postings)),
        weeks_known=len(weeks),
        behind_share=world.settings.behind_share,
        behind_weeks=world.settings.behind_weeks,
        warnings=tuple(_warnings(halted_tables(world, night), language)),
        overdue=now.overdue,
        pace=tuple(pace_of(scores, every, rules, passed)),
        passed=passed,
        counted_overdue=counted_by_kpis(every),
    )


def _measured(world: World, night: Night, rules: KpiRules, monday: date) -> _Measured:
    """The KPIs of the scorecards for the days from Monday on, by the same rules, on the night's own inputs."""
    day, halted = night.business_date, halted_tables(world, night)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    wanted = replace(rules, figures=tuple(_needed(rules)))
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        for table in _WRITTEN:
            duck.create_view(table.name, _stored(world, night, manifest, table.name), duck_columns(table))
        plan = plan_kpis(wanted, start=monday, as_of=day, halted=halted)
        rows = {scan.name: duck.read(scan.statement) for scan in plan.statements}
        without_credits = bool(halted & credits_read(rules, day))
        paid = {} if without_credits else _paid(duck, monday, day)
        course = {} if without_credits else _course(duck, day)
        postings = postings_of(duck, day, halted)
        calendar = calendar_of(duck, world.settings.jurisdiction, halted)
        overdue = overdue_now(duck, day, halted)
    return _Measured(night, kpi_results(plan, rows), paid, course, postings, calendar, overdue)


def _stored(world: World, night: Night, manifest: Manifest, name: str) -> list[Path]:
    """What the night has stored of its month, and the last night of each earlier month of its own: a week may begin in
    the month before. The KPIs take of it the rows of their days. Rates have no days: those of the night count."""
    runs = [night.run, *(earlier.run for earlier in manifest.earlier if name != RECOVERY_RATES.name)]
    with world.store.read() as connection:
        found = [files_of_run(connection, run).get(name) for run in runs]
    return [registered_file(world, file.path, file.sha256) for file in found if file is not None]


def _of_people(rules: KpiRules) -> list[Placed[Scorecard]]:
    """Scorecards of departments: what partners are scored by is read in their monthly review, and not every week."""
    return [placed for placed in rules.scorecards if placed.rule.scores is None]


def _needed(rules: KpiRules) -> Iterator[Figure]:
    """The KPIs of the scorecards, that of contacts, and whatever these are made of, at the grains that are shown."""
    figures = {figure.id: figure for figure in rules.figures}
    wanted = {part.kpi for placed in _of_people(rules) for part in placed.rule.parts} | {CONTACTED}
    todo, found = sorted(wanted & figures.keys()), set[str]()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += sorted(figures[name].operands & figures.keys())
    return (_at_shown_grains(figure) for figure in rules.figures if figure.id in found)


def _at_shown_grains(figure: Figure) -> Figure:
    grains = tuple(grain for grain in figure.rule.grains if grain in _SHOWN)
    return replace(figure, placed=replace(figure.placed, rule=figure.rule.model_copy(update={"grains": grains})))


def _paid(duck: Duck, monday: date, day: date) -> dict[str, Counted]:
    """Of the accounts that were overdue at the month's opening, those that paid on a day of the week, by segment."""
    found = duck.read(payers_statement(start=monday, as_of=day))
    return {row["segment"]: Counted(row["paid"], row["accounts"]) for row in found}


def _course(duck: Duck, day: date) -> dict[tuple[str, str], Course]:
    """Day by day what had been recovered in the month, of each department and of the whole book."""
    daily: dict[tuple[str, str], dict[int, Decimal]] = {}
    for row in duck.read(course_statement(start=Period.of(day).start, as_of=day)):
        for department in {"", row["department_id"] or ""}:
            sums = daily.setdefault((department, row["currency"]), dict.fromkeys(range(1, day.day + 1), Decimal(0)))
            sums[row["posted_on"].day] += row["recovered"]
    return {key: tuple(zip(sums, accumulate(sums.values()), strict=True)) for key, sums in daily.items()}


def _last_week(world: World, nights: Mapping[date, RunId], rules: KpiRules, monday: date) -> _Measured | None:
    """The week before, on the inputs of its own last measured night; None if none of its nights has measured, or only
    by a program whose files had other columns."""
    first = monday - timedelta(days=7)
    day = next((each for each in sorted(nights, reverse=True) if first <= each < monday), None)
    if day is None:
        return None
    night = Night(nights[day], AttemptId(""), day, RunKind.NIGHTLY)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    for table in _WRITTEN:
        written = (set(pq.read_schema(path).names) for path in _stored(world, night, manifest, table.name))
        if any(not names >= set(table.names) for names in written):
            return None
    return _measured(world, night, rules, first)


def _compared(now: _Measured, before: _Measured | None, rules: KpiRules, language: Language) -> Iterator[Finding]:
    """Contacts and payers of each segment beside those of the week before."""
    if before is None:
        return
    gettext = words_of(language).gettext
    for segment in sorted(now.paid.keys() & before.paid.keys()):
        title, was, are = gettext(PAID), before.paid[segment], now.paid[segment]
        yield _finding(segment, title, was, are, higher_is_better=True)
    yield from _both(CONTACTED, before.results, now.results, rules, language)


def _both(
    kpi: str, before: Iterable[KpiResult], now: Iterable[KpiResult], rules: KpiRules, language: Language
) -> Iterator[Finding]:
    figure = next((each for each in rules.figures if each.id == kpi), None)
    if figure is None:
        return
    was, are = _counted(kpi, before), _counted(kpi, now)
    title = title_of(figure, language)
    if figure.id != figure.rule.id:
        title = f"{title} {figure.id.removeprefix(figure.rule.id).lstrip('_')}"
    for segment in sorted(was.keys() & are.keys()):
        yield _finding(segment, title, was[segment], are[segment], higher_is_better=figure.rule.good == "higher")


def _counted(kpi: str, results: Iterable[KpiResult]) -> dict[str, Counted]:
    """Segments' shares that are counts of accounts: a share above 1 counts something else."""
    return {
        each.entity: Counted(int(each.numerator), int(each.denominator))
        for each in results
        if each.kpi == kpi and each.grain is Grain.SEGMENT
        if each.numerator is not None and each.denominator and each.numerator <= each.denominator
    }


def _finding(segment: str, title: str, before: Counted, now: Counted, *, higher_is_better: bool) -> Finding:
    errors = as_share(moved(before, now))
    return Finding(segment, title, as_share(before.share), as_share(now.share), now.of, errors, higher_is_better)


def _strongest(finding: Finding) -> tuple[Decimal, str, str]:
    return -abs(finding.errors), finding.segment, finding.title


def _rolled(
    connection: sa.Connection,
    day: date,
    kpis: Iterable[KpiResult],
    nights: Mapping[date, RunId],
    calendar: frozenset[date] | None,
    rules: KpiRules,
    language: Language,
) -> tuple[Finding, ...]:
    """What rolled on since the month's opening, beside last month by a night as far into the month."""
    previous = Period.of(day).previous()
    then = _same_day_in(previous, day, nights, calendar)
    if then is None:
        return ()
    before = read_kpis(connection, nights[then], grains=(Grain.SEGMENT,))
    names = [figure.id for figure in rules.figures if figure.rule.id == ROLLED]
    now = tuple(kpis)
    return tuple(each for kpi in names for each in _both(kpi, before, now, rules, language))


def _same_day_in(
    period: Period, day: date, nights: Mapping[date, RunId], calendar: frozenset[date] | None
) -> date | None:
    """The last measured night of the period by which no larger share of the month's working days had gone, and at most
    a tenth less: None if there is none."""
    gone = share_passed(calendar, day)
    fitting = [each for each in nights if each in period and gone - _TENTH <= share_passed(calendar, each) <= gone]
    return max(fitting, default=None)


def _month_ends(
    connection: sa.Connection,
    day: date,
    kpis: Iterable[KpiResult],
    nights: Mapping[date, RunId],
    now: _Measured,
) -> Iterator[MonthEnd]:
    """The course is shown only where it leads to the figure: a rule may count less than what was credited."""
    passed = share_passed(now.calendar, day)
    shares = _shares_of_past_months(connection, day, nights, now.calendar)
    for each in sorted(kpis, key=lambda each: (each.grain is not Grain.PORTFOLIO, each.entity, each.currency)):
        if each.kpi == RECOVERED and each.grain is not Grain.SEGMENT and each.value:
            made = forecast(each.value, passed, shares.get(each.currency, ()))
            department = "" if each.grain is Grain.PORTFOLIO else each.entity
            course = now.course.get((department, each.currency), ())
            yield MonthEnd(
                department,
                each.currency,
                each.value,
                made.by_days,
                made.by_shape,
                made.low,
                made.high,
                made.months,
                course if course and course[-1][1] == each.value else (),
            )


def _shares_of_past_months(
    connection: sa.Connection, day: date, nights: Mapping[date, RunId], calendar: frozenset[date] | None
) -> dict[str, list[Decimal]]:
    """By currency: of each past month with a measured last night, the share that was recovered by the same day."""
    found: dict[str, list[Decimal]] = {}
    period = Period.of(day)
    for _ in range(PAST_MONTHS):
        period = period.previous()
        then = _same_day_in(period, day, nights, calendar)
        if then is None or period.last_day not in nights:
            continue
        by_then, whole = (_recovered(connection, nights[each]) for each in (then, period.last_day))
        for currency, end in whole.items():
            if end > 0:
                found.setdefault(currency, []).append(CONTEXT.divide(by_then.get(currency, Decimal(0)), end))
    return found


def _recovered(connection: sa.Connection, run: RunId) -> dict[str, Decimal]:
    results = read_kpis(connection, run, grains=(Grain.PORTFOLIO,))
    return {each.currency: each.value for each in results if each.kpi == RECOVERED and each.value is not None}


def _cards(rules: KpiRules) -> Iterator[ReviewedCard]:
    for placed in sorted(_of_people(rules), key=lambda each: each.rule.department):
        yield ReviewedCard(placed.rule.department, tuple(part.kpi for part in placed.rule.parts))


def _behind(world: World, found: Iterable[Stretch], postings: Iterable[Posting]) -> Iterator[Behind]:
    everybody = tuple(postings)
    with world.store.read() as connection:
        register = read_actions(connection, source=SOURCE)
    for stretch in found:
        grain, entity = stretch.entity
        place = place_of(stretch, everybody)
        action = _action_of(stretch, register)
        named = action.action_id if action else ""
        yield Behind(grain, entity, place.department, place.team, stretch.first, stretch.weeks, stretch.reached, named)


def _action_of(stretch: Stretch, register: Iterable[Action]) -> Action | None:
    """The open action on somebody, or that of this very stretch."""
    grain, entity = stretch.entity
    mine = [each for each in register if (each.opened.subject_kind, each.opened.subject_id) == (grain.value, entity)]
    still = [each for each in mine if each.state is ActionState.OPEN]
    return next(iter(still), None) or next(
        (each for each in mine if each.opened.key.endswith(str(stretch.first))), None
    )


def _warnings(halted: frozenset[str], language: Language) -> Iterator[str]:
    if halted:
        said = words_of(language).gettext(HALTED)
        yield said % {"tables": ", ".join(sorted(halted))}


def is_last_working_day_of_week(day: date, calendar: frozenset[date] | None) -> bool:
    """Whether a weekly report is due: no later day of the week is a working day; without a calendar on Fridays."""
    if not calendar:
        return day.weekday() == 4
    rest = [day + timedelta(days=ahead) for ahead in range(1, 7 - day.weekday())]
    return day in calendar and not calendar & set(rest)
