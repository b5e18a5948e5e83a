"""The staff: departments with teams, leaders and collaborators, and how they come, go, move and are away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum

import duckdb
import pyarrow as pa

from adapters.demo.draws import Draws
from adapters.demo.names import person_name
from adapters.demo.plan import EMPLOYEES_AT_LEAST, DemoPlan
from domain.money import share_out

FULL_DAY_MINUTES = 450
TEAM_SIZE = 12


@dataclass(frozen=True, slots=True)
class Department:
    department_id: str
    prefix: str  # of its teams
    share_percent: int  # of the staff
    works_weekends: bool


DEPARTMENTS = (
    Department("phone_early", "PE", 30, works_weekends=True),
    Department("phone_late", "PL", 25, works_weekends=True),
    Department("field", "FD", 22, works_weekends=False),
    Department("legal", "LG", 13, works_weekends=False),
    Department("restructuring", "RS", 10, works_weekends=False),
)


@dataclass(frozen=True, slots=True)
class Posting:
    valid_from: date
    valid_to: date | None
    department_id: str
    team_id: str
    role: str
    manager_id: str | None


@dataclass(frozen=True, slots=True)
class Terms:
    valid_from: date
    valid_to: date | None
    contract_type: str
    full_time_percent: int


@dataclass(frozen=True, slots=True)
class Absence:
    starts_on: date
    ends_on: date
    leave_type: str


@dataclass(frozen=True, slots=True)
class Employee:
    employee_id: str
    number: int
    jurisdiction: str
    hired_on: date
    exited_on: date | None
    cost_centre: str
    postings: tuple[Posting, ...]
    terms: tuple[Terms, ...]
    absences: tuple[Absence, ...] = field(default=())

    @property
    def language(self) -> str:
        return "zh" if self.jurisdiction == "CN" else "vi"


class _Fate(Enum):
    """What happens to somebody inside the book."""

    STAYS = "stays"
    JOINS = "joins"
    LEAVES = "leaves"
    MOVES = "moves to another department"
    CUTS_HOURS = "goes part time"


@dataclass(frozen=True, slots=True)
class _Seat:
    """A place in the organisation, before anybody's history is known. An anchor never leaves, moves or is away, so
    that each department can work in each jurisdiction on every working day."""

    employee_id: str
    number: int
    jurisdiction: str
    department: Department
    team_id: str
    role: str
    manager_id: str | None
    anchor: bool


def staff_of(plan: DemoPlan, draws: Draws) -> tuple[Employee, ...]:
    seats = tuple(_seats(plan.employees))
    anchors = [seat for seat in seats if seat.anchor and seat.role != "manager"]
    doors = {(seat.department.department_id, seat.jurisdiction): seat for seat in reversed(anchors)}
    fates = _fates(seats, draws)
    return tuple(_employee(seat, fates[seat.number], doors, plan, draws) for seat in seats)


def load_staff(connection: duckdb.DuckDBPyConnection, staff: tuple[Employee, ...], draws: Draws) -> None:
    """Makes the tables employee, posting, term and absence."""
    for name, rows in (
        ("employee", [_employee_row(person, draws) for person in staff]),
        ("posting", [row for person in staff for row in _posting_rows(person)]),
        ("term", [row for person in staff for row in _term_rows(person)]),
        ("absence", [row for person in staff for row in _absence_rows(person)]),
    ):
        connection.register("rows", pa.Table.from_pylist(rows, _SCHEMAS[name]))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
        connection.unregister("rows")


def _seats(employees: int) -> Iterator[_Seat]:
    """Seats by department: a manager, then the teams of each jurisdiction, each led by its first member if it has
    four or more; the first collector of each jurisdiction is the anchor."""
    spare = share_out(
        employees - EMPLOYEES_AT_LEAST, {each.department_id: Decimal(each.share_percent) for each in DEPARTMENTS}
    )
    width, number = max(4, len(str(employees))), 0
    for department in DEPARTMENTS:
        size = spare[department.department_id] + 2
        chinese = max(1, size * 15 // 100)
        seats = _seats_of_department(department, size - chinese, chinese, number + 1, width)
        yield from seats
        number += size + 1


def _seats_of_department(
    department: Department, vietnamese: int, chinese: int, first_number: int, width: int
) -> list[_Seat]:
    manager_id = f"E{first_number:0{width}}"
    seats = [_Seat(manager_id, first_number, "VN", department, f"{department.prefix}-1", "manager", None, anchor=True)]
    team = 0
    for jurisdiction, people in (("VN", vietnamese), ("CN", chinese)):
        for members in _teams(people):
            team += 1
            seats += _team(seats, members, f"{department.prefix}-{team}", jurisdiction, width)
    return seats


def _teams(people: int) -> list[int]:
    teams = -(-people // TEAM_SIZE)
    return [people // teams + (index < people % teams) for index in range(teams)]


def _team(before: list[_Seat], members: int, team_id: str, jurisdiction: str, width: int) -> list[_Seat]:
    manager, first = before[0], before[-1].number + 1
    led = members >= 4
    anchored = any(seat.jurisdiction == jurisdiction and seat.role == "collector" for seat in before)
    seats = []
    for number in range(first, first + members):
        leads = led and number == first
        above = f"E{first:0{width}}" if led and not leads else manager.employee_id
        anchor = leads or (not anchored and number == first + led)
        role = "leader" if leads else "collector"
        name = f"E{number:0{width}}"
        seats.append(_Seat(name, number, jurisdiction, manager.department, team_id, role, above, anchor))
    return seats


def _fates(seats: tuple[_Seat, ...], draws: Draws) -> dict[int, _Fate]:
    """One in 25 joins, one leaves, one moves and one goes part time, spread over the staff; anchors stay."""
    first = draws.number("first fate", 0, below=25)
    mobile = [seat.number for seat in seats if not seat.anchor]
    drawn = {number: (first + 7 * rank) % 25 for rank, number in enumerate(mobile)}
    eventful = dict(enumerate((_Fate.JOINS, _Fate.LEAVES, _Fate.MOVES, _Fate.CUTS_HOURS)))
    return {seat.number: eventful.get(drawn.get(seat.number, 24), _Fate.STAYS) for seat in seats}


def _employee(seat: _Seat, fate: _Fate, doors: dict[tuple[str, str], _Seat], plan: DemoPlan, draws: Draws) -> Employee:
    hired_on = _hired_on(seat, fate, plan, draws)
    exited_on = _day_inside(seat, plan, draws) if fate is _Fate.LEAVES else None
    return Employee(
        seat.employee_id,
        seat.number,
        seat.jurisdiction,
        hired_on,
        exited_on,
        f"CC-{seat.department.prefix}-{seat.jurisdiction}",
        _postings(seat, doors, fate, hired_on, exited_on, plan, draws),
        _terms(seat, fate, hired_on, exited_on, plan, draws),
        () if seat.anchor else tuple(_absences(seat, hired_on, exited_on, plan, draws)),
    )


def _hired_on(seat: _Seat, fate: _Fate, plan: DemoPlan, draws: Draws) -> date:
    """Who does not join inside the book came up to five years earlier."""
    if fate is _Fate.JOINS:
        return _day_inside(seat, plan, draws)
    return plan.start - timedelta(days=20 + draws.number("hired", seat.number, below=1_800))


def _day_inside(seat: _Seat, plan: DemoPlan, draws: Draws) -> date:
    span = (plan.end - plan.start).days
    return plan.start + timedelta(days=1 + draws.number("day inside", seat.number, below=max(1, span - 1)))


def _postings(
    seat: _Seat,
    doors: dict[tuple[str, str], _Seat],
    fate: _Fate,
    hired_on: date,
    exited_on: date | None,
    plan: DemoPlan,
    draws: Draws,
) -> tuple[Posting, ...]:
    """One posting, or two of somebody who moves to the next department inside the book."""
    own = Posting(hired_on, exited_on, seat.department.department_id, seat.team_id, seat.role, seat.manager_id)
    if fate is not _Fate.MOVES:
        return (own,)
    moved_on = _day_inside(seat, plan, draws)
    index = (DEPARTMENTS.index(seat.department) + 1) % len(DEPARTMENTS)
    door = doors[DEPARTMENTS[index].department_id, seat.jurisdiction]
    above = door.manager_id if door.role == "collector" else door.employee_id
    return (
        Posting(own.valid_from, moved_on, own.department_id, own.team_id, own.role, own.manager_id),
        Posting(moved_on, exited_on, door.department.department_id, door.team_id, "collector", above),
    )


def _terms(
    seat: _Seat, fate: _Fate, hired_on: date, exited_on: date | None, plan: DemoPlan, draws: Draws
) -> tuple[Terms, ...]:
    """Fifteen in a hundred are part-time collaborators; some go from full time to part time."""
    kind = 0 if seat.anchor else draws.number("contract", seat.number, below=100)
    if fate is _Fate.CUTS_HOURS:
        changed_on = _day_inside(seat, plan, draws)
        return (Terms(hired_on, changed_on, "permanent", 100), Terms(changed_on, exited_on, "permanent", 60))
    if kind < 70:
        return (Terms(hired_on, exited_on, "permanent", 100),)
    if kind < 85:
        return (Terms(hired_on, exited_on, "fixed_term", 100),)
    share = (40, 50, 60)[draws.number("share", seat.number, below=3)]
    return (Terms(hired_on, exited_on, "collaborator", share),)


def _absences(seat: _Seat, hired_on: date, exited_on: date | None, plan: DemoPlan, draws: Draws) -> Iterator[Absence]:
    """At most one spell in a month, within it; one in a hundred is on parental leave through the whole book."""
    if draws.number("parental", seat.number, below=100) < 1 and hired_on < plan.start and exited_on is None:
        yield Absence(plan.start - timedelta(days=30), plan.end + timedelta(days=60), "parental")
        return
    for index, month in enumerate(plan.months):
        kind = draws.number(f"leave {index}", seat.number, below=100)
        starts_on = month.start + timedelta(days=draws.number(f"leave start {index}", seat.number, below=20))
        ends_on = starts_on + timedelta(days=1 + draws.number(f"leave days {index}", seat.number, below=6))
        leave_type = "annual" if kind < 30 else "sick" if kind < 45 else "unpaid"
        if kind < 47 and hired_on <= starts_on and (exited_on is None or ends_on <= exited_on):
            yield Absence(starts_on, ends_on, leave_type)


_SCHEMAS = {
    "employee": pa.schema(
        [
            ("number", pa.int64()),
            ("employee_id", pa.string()),
            ("full_name", pa.string()),
            ("jurisdiction", pa.string()),
            ("language", pa.string()),
            ("hired_on", pa.date32()),
            ("exited_on", pa.date32()),
            ("cost_centre", pa.string()),
        ]
    ),
    "posting": pa.schema(
        [
            ("number", pa.int64()),
            ("employee_id", pa.string()),
            ("valid_from", pa.date32()),
            ("valid_to", pa.date32()),
            ("department_id", pa.string()),
            ("team_id", pa.string()),
            ("role", pa.string()),
            ("manager_id", pa.string()),
            ("jurisdiction", pa.string()),
            ("works_weekends", pa.bool_()),
        ]
    ),
    "term": pa.schema(
        [
            ("employee_id", pa.string()),
            ("valid_from", pa.date32()),
            ("valid_to", pa.date32()),
            ("contract_type", pa.string()),
            ("full_time_percent", pa.int64()),
        ]
    ),
    "absence": pa.schema(
        [
            ("employee_id", pa.string()),
            ("starts_on", pa.date32()),
            ("ends_on", pa.date32()),
            ("leave_type", pa.string()),
        ]
    ),
}


def _employee_row(person: Employee, draws: Draws) -> dict[str, object]:
    return {
        "number": person.number,
        "employee_id": person.employee_id,
        "full_name": person_name(person.jurisdiction, person.number, draws),
        "jurisdiction": person.jurisdiction,
        "language": person.language,
        "hired_on": person.hired_on,
        "exited_on": person.exited_on,
        "cost_centre": person.cost_centre,
    }


def _posting_rows(person: Employee) -> Iterator[dict[str, object]]:
    weekends = {each.department_id: each.works_weekends for each in DEPARTMENTS}
    for posting in person.postings:
        yield {
            "number": person.number,
            "employee_id": person.employee_id,
            "valid_from": posting.valid_from,
            "valid_to": posting.valid_to,
            "department_id": posting.department_id,
            "team_id": posting.team_id,
            "role": posting.role,
            "manager_id": posting.manager_id,
            "jurisdiction": person.jurisdiction,
            "works_weekends": weekends[posting.department_id],
        }


def _term_rows(person: Employee) -> Iterator[dict[str, object]]:
    for terms in person.terms:
        yield {
            "employee_id": person.employee_id,
            "valid_from": terms.valid_from,
            "valid_to": terms.valid_to,
            "contract_type": terms.contract_type,
            "full_time_percent": terms.full_time_percent,
        }


def _absence_rows(person: Employee) -> Iterator[dict[str, object]]:
    for absence in person.absences:
        yield {
            "employee_id": person.employee_id,
            "starts_on": absence.starts_on,
            "ends_on": absence.ends_on,
            "leave_type": absence.leave_type,
        }
