"""Who falls behind: what was reached by the last measured night of each week, and a coaching action for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import sqlalchemy as sa

from adapters.store.nights import newest_measured_nights
from adapters.store.results import read_kpis, read_scores
from adapters.world import World
from domain.actions import NewAction
from domain.ids import RunId
from domain.records import Grain, KpiResult, Score, ScorePart
from kpi_rules.progress import Stretch, Week, reached, share_passed, stretches
from kpi_rules.rulebook import KpiRules
from reports.formats import Formats
from reports.languages import words_of
from reports.scopes import Posting
from reports.weekly import ABOUT
from tasks.stages.labels import language_of

SOURCE = "falling_behind"
WEEKS = 53  # how far a stretch is followed back


def weekly_nights(connection: sa.Connection, day: date) -> dict[date, RunId]:
    """The last measured night of each week up to the day, whose own night ends its week; oldest first."""
    found = newest_measured_nights(connection, day - timedelta(weeks=WEEKS), day)
    last: dict[tuple[int, int], date] = {}
    for each in found:
        last[each.isocalendar()[:2]] = each
    return {each: found[each] for each in sorted(last.values())}


def week_of(
    connection: sa.Connection,
    day: date,
    run: RunId,
    rules: KpiRules,
    postings: Iterable[Posting],
    calendar: frozenset[date] | None,
) -> Week:
    """What everybody, and each team, had reached by the night; everybody in the department in which they work now.

    A team is held to the targets that its people share; where they differ, that KPI does not count for the team.
    """
    people = tuple(postings)
    departments = {each.employee: each.department for each in people}
    figures = {figure.id: figure for figure in rules.figures}
    passed = share_passed(calendar, day)
    cards = {placed.rule.id: placed.rule.department for placed in rules.scorecards}
    scores = [
        each
        for each in read_scores(connection, run)
        if each.grain is Grain.EMPLOYEE and cards.get(each.scorecard) == departments.get(each.entity)
    ]
    found = {(Grain.EMPLOYEE, each.entity): reached(each.parts, figures, passed) for each in scores}
    results = read_kpis(connection, run, grains=(Grain.TEAM,))
    for team, members in _members(people).items():
        mine = [each for each in scores if each.entity in members]
        found[Grain.TEAM, team] = reached(_parts_of_team(team, mine, results), figures, passed)
    return Week(day, {entity: share for entity, share in found.items() if share is not None})


def behind_now(world: World, weeks: Sequence[Week]) -> tuple[Stretch, ...]:
    settings = world.settings
    return stretches(weeks, below=settings.behind_share, at_least=settings.behind_weeks)


def coaching_actions(
    world: World, day: date, run: RunId, found: Iterable[Stretch], postings: Iterable[Posting]
) -> Iterator[NewAction]:
    """A coaching action for each stretch, for the leader of the employee, or the manager of the team.

    The words are those of the settings' language, written once when the action is opened.
    """
    everybody = tuple(postings)
    formats = Formats(language_of(world))
    said = words_of(formats.language).gettext(ABOUT)
    for stretch in found:
        grain, entity = stretch.entity
        place = _place(grain, entity, everybody)
        text = said % {
            "limit": formats.share(world.settings.behind_share),
            "weeks": stretch.weeks,
            "day": formats.day(stretch.first),
        }
        yield NewAction(
            source=SOURCE,
            key=f"{entity}-{stretch.first}",
            subject_kind=grain.value,
            subject_id=entity,
            about=text,
            owner=place.leader or "nobody",
            department=place.department,
            opened_on=day,
            deadline=day + timedelta(days=world.settings.coaching_days),
            run=run,
        )


def place_of(stretch: Stretch, postings: Iterable[Posting]) -> Posting:
    return _place(*stretch.entity, tuple(postings))


def _place(grain: Grain, entity: str, postings: Sequence[Posting]) -> Posting:
    """Of an employee their posting; of a team that of its leader, whose own leader then has the action."""
    if grain is Grain.EMPLOYEE:
        return next((each for each in postings if each.employee == entity), Posting(entity, "", "", ""))
    team = [each for each in postings if each.team == entity]
    leaders = sorted(team, key=lambda each: (each.role != "leader", not each.leader, each.employee))
    return leaders[0] if leaders else Posting("", "", entity, "")


def _members(postings: Iterable[Posting]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in postings:
        found.setdefault(each.team, set()).add(each.employee)
    return found


def _parts_of_team(team: str, scores: Sequence[Score], results: Iterable[KpiResult]) -> Iterator[ScorePart]:
    """The parts of its people's scorecard with the team's own values, where they share one target."""
    mine = {result.kpi: result for result in results if result.entity == team and result.value is not None}
    parts = {part.kpi: part for score in scores for part in score.parts if not part.is_gate}
    for kpi, part in parts.items():
        targets = {each.target for score in scores for each in score.parts if each.kpi == kpi and each.target}
        if kpi in mine and len(targets) == 1:
            yield ScorePart(kpi, mine[kpi].value, targets.pop(), None, None, part.weight, None)


def as_share(value: float) -> Decimal:
    """An estimate as a number that is shown: six digits."""
    return Decimal(f"{value:.6f}")
