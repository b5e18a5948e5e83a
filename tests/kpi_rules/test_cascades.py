"""Targets of teams and departments, shared out among people: by days, heads, capacity or a KPI, to the last step."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import digest_of
from domain.periods import Period, days_between
from domain.records import Grain, KpiResult, Unit, ValueState
from domain.staff import Employee, Leave, StaffPosting, Terms
from kpi_rules.cascades import Cascades
from kpi_rules.stays import Workforce, stays_of
from kpi_rules.target_values import due_target

OCTOBER = Period(2026, 10)
START, LAST = OCTOBER.start, OCTOBER.last_day
LONG_AGO = date(2024, 1, 1)
WORKING = {"VN": frozenset(day for day in days_between(START, OCTOBER.end) if day.weekday() < 5)}  # 22 of them

KPIS = """
kpis:
  - {id: calls, title: C, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: count, good: higher,
     grains: [employee, team, department], type: simple, dataset: contacts, measure: count}
  - {id: rate, title: R, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: ratio, good: higher,
     grains: [employee, team], type: ratio, numerator: calls, denominator: calls}
  - {id: money, title: M, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: money, good: higher,
     grains: [employee, team, department], type: simple, dataset: credits, measure: sum, of: recovered}
  - {id: overdue, title: O, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: money, good: lower,
     grains: [employee], type: simple, dataset: opening, measure: sum, of: overdue_amount}
"""
WORKED = "{by: days_worked, employment_share: true, without_leave: [parental]}"
HEAD = "id: t, title: T, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01"


def rule(rest, values="{money: 40000}", prorate=WORKED):
    return f"{KPIS}targets:\n  - {{{HEAD}, currency: VND, {rest},\n     prorate: {prorate}, values: {values}}}\n"


def person(name, *postings, **facts):
    held = postings or (StaffPosting("field", "T1", "collector", LONG_AGO),)
    usual = {"hired_on": LONG_AGO, "exited_on": None, "terms": (Terms(Decimal(1), LONG_AGO),)}
    return Employee(name, "VND", facts.pop("jurisdiction", "VN"), postings=held, **usual | facts)


def amount(kpi, name, value, currency="VND", grain=Grain.EMPLOYEE, state=ValueState.VALUE):
    number = Decimal(value) if state is ValueState.VALUE else None
    return KpiResult(kpi, digest_of(kpi), grain, name, START, LAST, Unit.MONEY, state, number, currency=currency)


class Due:
    """What is due of each stay, by employee and department."""

    def __init__(self, rules, staff, results=(), *, working=WORKING, capacities=None, as_of=LAST):
        current = rules.on(as_of)
        found = defaultdict(lambda: defaultdict(list))
        for result in results:
            found[result.grain, result.entity][result.kpi].append(result)
        people = Workforce(tuple(staff), OCTOBER, as_of, working, capacities, current.long_leave)
        figures = {figure.id: figure for figure in current.figures}
        self.stays = {stay.key: stay for stay in stays_of(staff, START, as_of)}
        self._targets, self._cascades = current.targets, Cascades(people, found, figures)

    def of(self, name, kpi="money"):
        return due_target(self._targets, kpi, self.stays[name if "@" in name else f"{name}@field"], self._cascades)

    def values(self, kpi="money"):
        return {key: self.of(key, kpi).value for key in self.stays}


TEAM = "each: team, team: T1, cascade: {by: equal, step: 1}"


def test_a_team_s_amount_is_shared_out_by_days_worked(rules_of):
    halftime = person("E2", terms=(Terms(Decimal("0.5"), LONG_AGO),))
    joiner = person("E3", StaffPosting("field", "T1", "collector", date(2026, 10, 16)))
    away = person("E4", leave=(Leave("parental", START, date(2026, 11, 9)),))
    due = Due(rules_of(rule(TEAM)), [person("E1"), halftime, joiner, away])
    assert due.values() == {"E1@field": 20000, "E2@field": 10000, "E3@field": 10000, "E4@field": None}
    assert due.of("E2").note == "target: a.yaml:13:101, 10000 of 40000 of team T1 by days worked, 11 of 44"
    assert due.of("E4").note == "no target: 0 of 40000 of team T1 by days worked, 0 of 44; target: a.yaml:13:101"
    assert due.of("E1").currency == "VND"


@pytest.mark.parametrize(
    ("step", "parts"),
    [("1", [13334, 13333, 13333]), ("1000", [14000, 13000, 13000]), ("20000", [20000, 20000, None])],
)
def test_parts_are_whole_steps_and_sum_to_the_whole(step, parts, rules_of):
    due = Due(rules_of(rule(TEAM.replace("step: 1", f"step: {step}"))), [person(f"E{n}") for n in (1, 2, 3)])
    assert list(due.values().values()) == parts
    assert sum(each or 0 for each in parts) == 40000


def test_whoever_comes_later_in_the_month_has_a_part_from_the_beginning(rules_of):
    later = person("E2", StaffPosting("field", "T1", "collector", date(2026, 10, 16)))
    early = Due(rules_of(rule(TEAM)), [person("E1"), later], as_of=START)
    late = Due(rules_of(rule(TEAM)), [person("E1"), later])
    assert early.of("E1").value == late.of("E1").value == 26667
    assert late.of("E2").value == 13333


def test_somebody_who_changed_teams_has_a_part_of_each(rules_of):
    moved = person(
        "E1",
        StaffPosting("field", "T1", "collector", LONG_AGO, date(2026, 10, 16)),
        StaffPosting("field", "T2", "collector", date(2026, 10, 16)),
    )
    each = "each: team, department: field, cascade: {by: equal, step: 1}"
    others = [person("E2"), person("E3", StaffPosting("field", "T2", "collector", LONG_AGO))]
    due = Due(rules_of(rule(each)), [moved, *others])
    assert due.values() == {"E1@field": 26666, "E2@field": 26667, "E3@field": 26667}
    assert due.of("E1").note.partition(", ")[2] == (
        "13333 of 40000 of team T1 by days worked, 11 of 33 + 13333 of 40000 of team T2 by days worked, 11 of 33"
    )
    whole = Due(rules_of(rule(each, prorate="whole")), [moved, *others])
    assert whole.values() == {"E1@field": 20000, "E2@field": 40000, "E3@field": 20000}, "where they were last"


def test_somebody_who_changed_departments_has_a_part_of_what_was_theirs_there(rules_of):
    moved = person(
        "E1",
        StaffPosting("field", "T1", "collector", LONG_AGO, date(2026, 10, 16)),
        StaffPosting("legal", "T9", "collector", date(2026, 10, 16)),
    )
    each = "each: department, department: field, cascade: {by: equal, step: 1}"
    due = Due(rules_of(rule(each)), [moved, person("E2")])
    assert due.values() == {"E1@field": 13333, "E1@legal": None, "E2@field": 26667}
    assert due.of("E1@legal").note == "no target"


def test_a_department_s_amount_goes_to_its_teams_first(rules_of):
    """By capacity to the teams, in hundreds: 90 of 120 and 30 of 120. Then by heads."""
    rest = "each: department, cascade: {by: equal, step: 10, teams: {by: capacity, step: 100}}"
    second = StaffPosting("field", "T2", "collector", LONG_AGO)
    staff = [person("E1"), person("E2"), person("E3"), person("E4", second)]
    capacities = {name: Decimal(30) for name in ("E1", "E2", "E3", "E4")}
    due = Due(rules_of(rule(rest, prorate="whole")), staff, capacities=capacities)
    assert due.values() == {"E1@field": 10000, "E2@field": 10000, "E3@field": 10000, "E4@field": 10000}
    capacities["E4"] = Decimal(10)
    due = Due(rules_of(rule(rest, prorate="whole")), staff, capacities=capacities)
    assert due.values() == {"E1@field": 12000, "E2@field": 12000, "E3@field": 12000, "E4@field": 4000}
    assert due.of("E4").note == (
        "target: a.yaml:13:38, 4000 of 4000 of team T2 by head, 1 of 1, "
        "which has 4000 of 40000 of department field by capacity, 10 of 100"
    )


def test_a_kpi_may_be_the_weight(rules_of):
    """The overdue money that each owned at the opening: 300, 100, nothing, and a debit that counts as none."""
    rest = "each: team, cascade: {by: {kpi: overdue}, step: 1000}"
    results = [amount("overdue", "E1", 300), amount("overdue", "E2", 100), amount("overdue", "E2", 900, "USD"),
               amount("overdue", "E4", -50)]  # fmt: skip
    due = Due(rules_of(rule(rest, prorate="whole")), [person(f"E{n}") for n in (1, 2, 3, 4)], results)
    assert due.values() == {"E1@field": 30000, "E2@field": 10000, "E3@field": None, "E4@field": None}
    assert due.of("E2").note.endswith("10000 of 40000 of team T1 by overdue, 100 of 400")
    by_days = Due(rules_of(rule(rest)), [person(f"E{n}") for n in (1, 2)], results)
    assert by_days.of("E2").note.endswith("by overdue × days worked, 2200 of 8800")


def test_the_weight_of_somebody_who_moved_is_what_they_had_in_the_department(rules_of):
    moved = person(
        "E1",
        StaffPosting("field", "T1", "collector", LONG_AGO, date(2026, 10, 16)),
        StaffPosting("legal", "T9", "collector", date(2026, 10, 16)),
    )
    results = [amount("overdue", "E1", 900), amount("overdue", "E1@field", 300, grain=Grain.POSTING),
               amount("overdue", "E2", 100)]  # fmt: skip
    rest = "each: department, department: field, cascade: {by: {kpi: overdue}, step: 1}"
    due = Due(rules_of(rule(rest, prorate="whole")), [moved, person("E2")], results)
    assert due.of("E1@field").value == 30000


def test_a_share_passes_down_whole(rules_of):
    rest = "each: team, team: T1, cascade: {by: equal, step: 1}"
    rules = rules_of(rule(rest, values="{rate: 0.06, money: 10}"))
    due = Due(rules, [person("E1"), person("E2")])
    assert due.values("rate") == {"E1@field": Decimal("0.06"), "E2@field": Decimal("0.06")}
    assert due.of("E1", "rate").note == "target: a.yaml:13:100, as of team T1"
    assert due.values() == {"E1@field": 5, "E2@field": 5}


def test_only_the_stated_roles_have_a_part(rules_of):
    leader = person("E9", StaffPosting("field", "T1", "leader", LONG_AGO))
    due = Due(rules_of(rule(TEAM)), [person("E1"), leader])
    assert due.values() == {"E1@field": 40000, "E9@field": None}
    both = Due(rules_of(rule(TEAM.replace("step: 1", "step: 1, roles: [leader, collector]"))), [person("E1"), leader])
    assert both.values() == {"E1@field": 20000, "E9@field": 20000}


def test_a_narrower_target_counts_instead_of_a_part(rules_of):
    head = HEAD.replace("id: t", "id: u")
    own = f"  - {{{head}, currency: VND, employee: E2, prorate: whole, values: {{money: 7}}}}\n"
    due = Due(rules_of(rule(TEAM) + own), [person("E1"), person("E2")])
    assert due.values() == {"E1@field": 20000, "E2@field": 7}


NOBODY = "no target: nobody in team T1 has a weight by capacity × days worked"


@pytest.mark.parametrize(
    ("rest", "facts", "state", "note"),
    [
        (TEAM, {"working": None}, ValueState.HALTED, "halted: it depends on the days worked"),
        (TEAM.replace("equal", "capacity"), {}, ValueState.HALTED, "halted: the gate has stopped the table capacity"),
        (TEAM.replace("equal", "{kpi: overdue}"),
         {"results": [amount("overdue", "E1", 0, state=ValueState.HALTED)]}, ValueState.HALTED, "halted: overdue"),
        (TEAM, {"working": {}}, ValueState.NO_VALUE, "no target: the calendar of VN has no working day of 2026-10"),
        (TEAM.replace("equal", "capacity"), {"capacities": {}}, ValueState.NO_VALUE, NOBODY),
    ],
    ids=["days halted", "capacity halted", "KPI halted", "no calendar", "nobody has a weight"],
)  # fmt: skip
def test_without_a_weight_there_is_no_target(rest, facts, state, note, rules_of):
    due = Due(rules_of(rule(rest)), [person("E1")], **facts).of("E1")
    assert (due.state, due.value, due.note[: len(note)]) == (state, None, note)


# --- the plain calculator -------------------------------------------------------------------------------------------

days = st.integers(-40, 40).map(lambda offset: START + timedelta(days=offset))
places = st.sampled_from([("field", "T1"), ("field", "T2"), ("legal", "T9")])


@st.composite
def people(draw):
    found = []
    for number in range(draw(st.integers(1, 5))):
        turns = sorted(draw(st.sets(days, max_size=2)))
        held = [draw(places) for _ in range(len(turns) + 1)]
        roles = [draw(st.sampled_from(["collector", "collector", "leader"])) for _ in held]
        ends = [*turns, None]
        postings = [
            StaffPosting(*place, role, first, end)
            for place, role, first, end in zip(held, roles, [LONG_AGO, *turns], ends, strict=True)
        ]
        away = draw(st.none() | st.tuples(st.sampled_from(["parental", "annual"]), days, st.integers(1, 60)))
        leave = (Leave(away[0], away[1], away[1] + timedelta(days=away[2])),) if away else ()
        found.append(
            person(
                f"E{number}", *postings, leave=leave, exited_on=draw(st.none() | days),
                terms=(Terms(draw(st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("0.8")])), LONG_AGO),),
            )
        )  # fmt: skip
    return found


@settings(max_examples=60)
@given(
    staff=people(),
    each=st.sampled_from(["department", "team"]),
    by=st.sampled_from(["equal", "capacity", "{kpi: overdue}"]),
    prorate=st.sampled_from(["whole", WORKED, "{by: calendar_days, employment_share: false}"]),
    units=st.integers(1, 50),
    teams=st.booleans(),
    long_leave=st.booleans(),
    bases=st.lists(st.integers(-1, 9), min_size=5, max_size=5),
)
def test_the_plain_calculator_agrees_and_the_parts_sum_to_the_whole(
    staff, each, by, prorate, units, teams, long_leave, bases, decoded_rules
):
    first = ", teams: {by: equal, step: 30}" if teams and each == "department" else ""
    text = rule(f"each: {each}, cascade: {{by: {by}, step: 10{first}}}", f"{{money: {units * 30}}}", prorate)
    if long_leave:
        text += f"long_leave: [{{{HEAD}, kinds: [annual, parental], days: 20}}]\n"
    rules, issues = decoded_rules(text)
    assert not issues
    basis = {f"E{n}": number for n, number in enumerate(bases)}
    results = [
        amount("overdue", stay.entity[1], basis[stay.employee.employee_id], grain=stay.entity[0])
        for stay in stays_of(staff, START, LAST)
    ]
    capacities = {name: Decimal(max(number, 0)) for name, number in basis.items()}
    due = Due(rules, staff, results, capacities=capacities)
    weight = (lambda _: 1) if by == "equal" else (lambda name: max(basis[name], 0))
    expected = _shared_by_hand(staff, each, units * 30, bool(first), weight, prorate, long_leave)
    scored = {key for key, stay in due.stays.items() if stay.last.role == "collector"}
    for key in scored:
        assert (key, due.of(key).value or 0) == (key, expected.get(key, 0))


def _shared_by_hand(staff, each, value, through_teams, weight, prorate, long_leave):
    """Day by day: who was a collector where, and what the day counts; then steps are dealt out one by one."""
    due = defaultdict(int)
    for teams in _days_by_hand(staff, each, prorate, long_leave).values():
        if through_teams:
            heads = {team: sum(mine.values()) for team, mine in teams.items()}
            groups = [(amount, teams[team]) for team, amount in _dealt(value, 30, heads).items()]
        else:
            stays = {stay for mine in teams.values() for stay in mine}
            groups = [(value, {stay: sum(mine.get(stay, 0) for mine in teams.values()) for stay in stays})]
        for part, mine in groups:
            weights = {stay: number * weight(stay.partition("@")[0]) for stay, number in mine.items()}
            got = _dealt(part, 10, weights)
            assert sum(got.values()) == (part if any(weights.values()) else 0)
            for stay, amount in got.items():
                due[stay] += amount
    return due


def _days_by_hand(staff, each, prorate, long_leave):
    """What the days of each stay count, by team within each whole."""
    wholes = defaultdict(lambda: defaultdict(lambda: defaultdict(Fraction)))
    for employee in staff:
        all_days = list(days_between(START, OCTOBER.end))
        there = [(day, at) for day in all_days if (at := _posting_on(employee, day, long_leave))]
        last = {at.department: day for day, at in there}
        for day, at in there:
            if at.role == "collector":
                unit, stay = at.team if each == "team" else at.department, f"{employee.employee_id}@{at.department}"
                counted = _counted(employee, day, prorate, is_last=last[at.department] == day)
                wholes[unit][at.team][stay] += counted
    return wholes


def _posting_on(employee, day, long_leave):
    if employee.exited_on and day >= employee.exited_on:
        return None
    if long_leave and any(each.starts_on <= day < each.ends_on for each in employee.leave
                          if (each.ends_on - each.starts_on).days >= 20):  # fmt: skip
        return None
    return next(
        (at for at in employee.postings if at.valid_from <= day and (at.valid_to is None or day < at.valid_to)), None
    )


def _counted(employee, day, prorate, *, is_last):
    if prorate == "whole":
        return Fraction(is_last)
    if prorate != WORKED:
        return Fraction(1)
    is_away = any(each.leave_type == "parental" and each.starts_on <= day < each.ends_on for each in employee.leave)
    return Fraction(0) if is_away or day not in WORKING["VN"] else Fraction(employee.terms[0].full_time_share)


def _dealt(value, step, weights):
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    exact = {name: Fraction(value, step) * number / whole for name, number in weights.items()}
    got = {name: int(number) for name, number in exact.items()}
    for name in sorted(exact, key=lambda name: (got[name] - exact[name], name))[: value // step - sum(got.values())]:
        got[name] += 1
    return {name: number * step for name, number in got.items()}
