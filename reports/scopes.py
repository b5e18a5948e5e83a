"""Whose figures a report shows: the whole book by department and team, or one department's or team's own people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.records import Grain, KpiResult, posting_name


@dataclass(frozen=True, slots=True)
class Scope:
    """A team or a department, or, without a name, the whole book."""

    grain: Grain = Grain.PORTFOLIO
    name: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """Where somebody works on the business date; `leader` is whom they report to."""

    employee: str
    department: str
    team: str
    role: str
    leader: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a report: an entity, how it is called, and whether the lines below it add up to it."""

    grain: Grain
    entity: str
    label: str
    note: str = ""
    department: str = ""
    team: str = ""
    employee: str = ""
    is_total: bool = False

    def holds(self, department: str | None, team: str | None, employee: str | None) -> bool:
        """Whether something of that department, team and employee belongs to the line."""
        wanted = ((self.department, department), (self.team, team), (self.employee, employee))
        return all(mine in {"", theirs} for mine, theirs in wanted)


@dataclass(frozen=True, slots=True)
class Results:
    """KPI results by KPI, entity and currency."""

    found: Mapping[tuple[str, Grain, str, str], KpiResult]
    names: frozenset[str]
    entities: Mapping[Grain, set[str]]

    @classmethod
    def of(cls, results: Iterable[KpiResult]) -> Results:
        found = {(each.kpi, each.grain, each.entity, each.currency): each for each in results}
        by_grain: dict[Grain, set[str]] = defaultdict(set)
        for _, grain, entity, _ in found:
            by_grain[grain].add(entity)
        return cls(found, frozenset(kpi for kpi, *_ in found), by_grain)

    def at(self, kpi: str, line: Line, currency: str = "") -> KpiResult | None:
        return self.found.get((kpi, line.grain, line.entity, currency))

    def currencies_of(self, line: Line) -> tuple[str, ...]:
        """Those in which the line has figures: a team of one country has one."""
        mine = (line.grain, line.entity)
        return tuple(sorted({currency for _, *entity, currency in self.found if currency and (*entity,) == mine}))

    def value(self, kpi: str, line: Line, currency: str = "") -> Decimal | None:
        result = self.at(kpi, line, currency)
        return result.value if result else None


def pages_of(employee: str, postings: Sequence[Posting]) -> tuple[str, str]:
    """The department and the team on whose pages something confidential about the employee may stand.

    Those where they are posted, but of whoever leads somebody no team's, which they or people below them read, and no
    department's where nobody of it is above them.
    """
    by_name = {each.employee: each for each in postings}
    mine = by_name.get(employee)
    if mine is None:
        return "", ""
    if not any(each.leader == employee for each in postings if each.employee != employee):
        return mine.department, mine.team
    higher = (by_name[name] for name in above(employee, by_name) if name in by_name)
    is_led = any(each.department == mine.department for each in higher)
    return mine.department if is_led else "", ""


def above(employee: str, by_name: Mapping[str, Posting]) -> tuple[str, ...]:
    """Who leads the employee, the nearest first, up to the top; nobody leads themselves."""
    found: list[str] = []
    leader = by_name[employee].leader if employee in by_name else ""
    while leader and leader not in {employee, *found}:
        found.append(leader)
        leader = by_name[leader].leader if leader in by_name else ""
    return tuple(found)


def lines_of(
    scope: Scope, postings: Iterable[Posting], results: Results, whole: str, titles: Mapping[str, str]
) -> tuple[Line, ...]:
    """The lines of a report in this scope; `whole` names the line of the whole book, `titles` departments.

    The whole book has a line for each department and each team; a department also for everybody in its teams; a team
    for its own people. A leader sees nobody else.
    """
    everybody = sorted(postings, key=lambda each: (each.department, each.team, each.employee))
    match scope.grain:
        case Grain.TEAM:
            return tuple(_team(scope.name, [each for each in everybody if each.team == scope.name], results))
        case Grain.DEPARTMENT:
            mine = [each for each in everybody if each.department == scope.name]
            return tuple(_department(scope.name, mine, results, titles, with_people=True))
    departments = sorted(results.entities.get(Grain.DEPARTMENT, set()))
    found = [
        line
        for name in departments
        for line in _department(name, [each for each in everybody if each.department == name], results, titles)
    ]
    return (Line(Grain.PORTFOLIO, "portfolio", whole, is_total=True), *found)


def _department(
    name: str, people: list[Posting], results: Results, titles: Mapping[str, str], *, with_people: bool = False
) -> Iterator[Line]:
    title = titles.get(name, name)
    yield Line(Grain.DEPARTMENT, name, title, "" if title == name else name, department=name, is_total=True)
    for team in sorted({each.team for each in people}):
        lines = _team(team, [each for each in people if each.team == team], results)
        if with_people:
            yield from lines
        else:
            yield Line(Grain.TEAM, team, team, department=name, team=team)


def _team(name: str, people: list[Posting], results: Results) -> Iterator[Line]:
    department = people[0].department if people else ""
    yield Line(Grain.TEAM, name, name, department=department, team=name, is_total=True)
    for each in people:
        posting = posting_name(each.employee, department)
        moved = posting in results.entities.get(Grain.POSTING, set())
        grain, entity = (Grain.POSTING, posting) if moved else (Grain.EMPLOYEE, each.employee)
        yield Line(grain, entity, each.employee, "", department, name, each.employee)
