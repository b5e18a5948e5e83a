"""Payees, their leave and working days, read from a session for the calculation of pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import RefusedError
from domain.exact import exact
from domain.expressions.parse import suggestion
from domain.partners import Partner
from domain.periods import Period
from domain.sql import TABLES
from domain.staff import Employee, Leave, StaffPosting, Terms, WorkingDays

# Tables without which nobody can be paid.
BONUS_READS = frozenset({"employees", "employment", "staff_postings", "leave", "calendar"})


def payees_of(duck: Duck, period: Period) -> tuple[Employee, ...]:
    """Everybody employed and posted on a day of the period, by employee."""
    return tuple(employee for employee, is_employed in _staff(duck, period) if is_employed)


def staff_of(duck: Duck, period: Period) -> tuple[Employee, ...]:
    """Everybody ever posted, by employee; without employment in the period, from the first posting on."""
    return tuple(employee for employee, _ in _staff(duck, period))


def partners_of(duck: Duck, period: Period, as_of: date) -> tuple[Partner, ...]:
    """Partners whose contract held on a day of the period up to the date, by partner."""
    columns = TABLES["partners"].c
    named = (columns[name] for name in ("partner_id", "legal_type", "jurisdiction", "active_from", "active_to", "name"))
    found = (Partner(**row) for row in duck.read(exact(sa.select(*named).order_by(columns.partner_id))))
    return tuple(each for each in found if each.is_active_within(period.start, as_of))


def refuse_unknown(partner: str, known: Iterable[Partner], where: str) -> None:
    """Raises: RefusedError (STD002) if a partner is named that is not among those known `where`."""
    names = sorted({each.partner_id for each in known})
    if partner and partner not in names:
        raise RefusedError(f'STD002 no partner "{partner}" is under contract {where}. {suggestion(partner, names)}')


def _staff(duck: Duck, period: Period) -> Iterator[tuple[Employee, bool]]:
    employees, employment = TABLES["employees"].c, TABLES["employment"].c
    terms = _by_employee(duck.read(_ordered("employment")))
    postings = _by_employee(duck.read(_ordered("staff_postings")))
    leave = _by_employee(duck.read(_ordered("leave")))
    in_period = sa.and_(
        employment.employee_id == employees.employee_id,
        employment.hired_on < period.end,
        sa.or_(employment.exited_on.is_(None), employment.exited_on > period.start),
    )
    statement = (
        sa.select(
            employees.employee_id,
            employees.jurisdiction,
            sa.func.min(employment.currency).label("currency"),
            sa.func.min(employment.hired_on).label("hired_on"),
            sa.func.max(employment.exited_on).label("exited_on"),
        )
        .join(TABLES["employment"], in_period, isouter=True)
        .group_by(employees.employee_id, employees.jurisdiction)
        .order_by(employees.employee_id)
    )
    for row in duck.read(exact(statement)):
        name = row["employee_id"]
        if postings[name]:
            yield _employee(row, terms[name], postings[name], leave[name]), row["hired_on"] is not None


def leavers_of(duck: Duck, period: Period) -> frozenset[str]:
    """Everybody who was employed, and no longer is on the day after the period."""
    terms = TABLES["employment"].c
    stays = sa.select(terms.employee_id).where(
        terms.hired_on <= period.end, sa.or_(terms.exited_on.is_(None), terms.exited_on > period.end)
    )
    has_left = sa.and_(terms.exited_on <= period.end, terms.employee_id.not_in(stays))
    statement = sa.select(terms.employee_id).where(has_left).order_by(terms.employee_id)
    return frozenset(row["employee_id"] for row in duck.read(exact(statement)))


def working_days_of(duck: Duck) -> WorkingDays:
    days = TABLES["calendar"].c
    statement = sa.select(days.jurisdiction, days.day).where(days.is_working_day).order_by(days.jurisdiction, days.day)
    found: dict[str, set[Any]] = defaultdict(set)
    for row in duck.read(exact(statement)):
        found[row["jurisdiction"]].add(row["day"])
    return {jurisdiction: frozenset(every) for jurisdiction, every in found.items()}


def calendar_of(duck: Duck, jurisdiction: str, halted: frozenset[str]) -> frozenset[date] | None:
    """The working days of one jurisdiction; None if the gate has stopped the calendar, or it knows none."""
    return None if "calendar" in halted else working_days_of(duck).get(jurisdiction)


def capacities_of(duck: Duck, day: date) -> dict[str, Decimal]:
    """The accounts that each employee may own at once on the day: by the latest row that holds on it."""
    capacity = TABLES["capacity"].c
    statement = (
        sa.select(capacity.employee_id, capacity.accounts_at_most)
        .where(capacity.valid_from <= day)
        .order_by(capacity.employee_id, capacity.valid_from)
    )
    return {row["employee_id"]: Decimal(row["accounts_at_most"]) for row in duck.read(exact(statement))}


def _ordered(table: str) -> Any:
    columns = TABLES[table].c
    started = columns["starts_on" if table == "leave" else "valid_from"]
    return exact(sa.select(*columns).order_by(columns.employee_id, started))


def _by_employee(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["employee_id"]].append(row)
    return found


def _employee(row: Any, terms: list[Any], postings: list[Any], leave: list[Any]) -> Employee:
    return Employee(
        row["employee_id"],
        row["currency"] or "",
        row["jurisdiction"],
        row["hired_on"] or postings[0]["valid_from"],
        row["exited_on"],
        tuple(
            StaffPosting(
                each["department_id"],
                each["team_id"],
                each["role"],
                each["valid_from"],
                each["valid_to"],
                each["manager_id"] or "",
            )
            for each in postings
        ),
        tuple(Terms(each["full_time_share"], each["valid_from"], each["valid_to"]) for each in terms),
        tuple(Leave(each["leave_type"], each["starts_on"], each["ends_on"]) for each in leave),
    )
