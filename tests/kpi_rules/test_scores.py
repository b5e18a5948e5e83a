"""Scorecards as people read them: attainment, points of a curve, weights, and who is scored where."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import digest_of
from domain.issues import Location
from domain.periods import days_between
from domain.records import Grain, KpiResult, Unit, ValueState
from domain.staff import Employee, Leave, StaffPosting, Terms
from kpi_rules.figures import adds_up, grows_with_days
from kpi_rules.grading import Measured, attainment_of, grade, points_on
from kpi_rules.language import Curve, CurvePoint, Scorecard, ScorecardPart
from kpi_rules.scores import score
from kpi_rules.tying import untied_ratios, untied_scores

START, AS_OF = date(2026, 10, 1), date(2026, 10, 31)
HIRED = date(2024, 1, 1)
WORKING = {"VN": frozenset(day for day in days_between(START, date(2026, 11, 1)) if day.weekday() < 5)}  # 22 of them
CURVE = Curve(
    points=tuple(
        CurvePoint(attainment=Decimal(a), points=Decimal(p)) for a, p in [("0.5", 0), ("1", 100), ("1.2", 120)]
    ),
    below=Decimal(-10),
    above=Decimal(130),
)


@pytest.mark.parametrize(
    ("attainment", "points"),
    [("0.4999", "-10"), ("0.5", "0"), ("0.75", "50"), ("1", "100"), ("1.1", "110"), ("1.2", "120"), ("1.2001", "130")],
)
def test_the_curve_is_straight_between_stated_points_and_flat_outside(attainment, points):
    assert points_on(CURVE, Decimal(attainment)) == Decimal(points)


@pytest.mark.parametrize(
    ("value", "target", "good", "attainment"),
    [("6", "8", "higher", "0.75"), ("0", "8", "higher", "0"), ("8", "8", "lower", "1"), ("4", "8", "lower", "1.5"),
     ("0", "8", "lower", "2"), ("16", "8", "lower", "0"), ("24", "8", "lower", "-1")],
)  # fmt: skip
def test_attainment_is_one_on_target_whichever_direction_is_good(value, target, good, attainment):
    found = attainment_of(Decimal(value), Decimal(target), lower_is_better=good == "lower")
    assert found == Decimal(attainment)


@pytest.mark.parametrize(
    ("missing", "values", "scored", "contributions"),
    [
        ("redistribute", ("1", "1"), "100", ("75", "25")),
        ("redistribute", ("0.75", "1"), "62.5", ("37.5", "25")),
        ("redistribute", (None, "0.75"), "50", (None, "50")),
        ("redistribute", (None, None), None, (None, None)),
        ("zero", (None, "0.75"), "12.5", ("0", "12.5")),
        ("zero", (None, None), None, ("0", "0")),
    ],
)
def test_a_missing_value_gives_its_weight_away_or_earns_nothing(missing, values, scored, contributions):
    state, found, parts = grade(_card(missing), _measured(values), {})
    assert found == _number(scored)
    assert state is (ValueState.VALUE if scored else ValueState.NO_VALUE)
    assert [part.contribution for part in parts] == [_number(each) for each in contributions]


def test_a_halted_part_halts_the_score_but_shows_the_others():
    measured = _measured(("1", "1")) | {"b": Measured(ValueState.HALTED, None, None)}
    state, found, parts = grade(_card("redistribute"), measured, {})
    assert (state, found) == (ValueState.HALTED, None)
    assert parts[0].points == 100


@given(st.lists(st.one_of(st.none(), st.decimals(0, 3, places=3)), min_size=2, max_size=2))
def test_the_score_is_the_sum_of_what_its_parts_contribute(values):
    _, found, parts = grade(_card("redistribute"), _measured(values), {})
    contributions = [part.contribution for part in parts if part.contribution is not None]
    assert found == (sum(contributions, Decimal(0)) if contributions else None)


RULES = """
kpis:
  - {id: kept, title: K, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: ratio, good: higher,
     grains: [employee], type: ratio, numerator: {dataset: contacts, measure: count},
     denominator: {dataset: contacts, measure: count}}
  - {id: money, title: M, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: money, good: higher,
     grains: [employee], type: simple, dataset: credits, measure: sum, of: recovered}
scorecards:
  - {id: phone, title: P, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, department: phone, missing: zero,
     curve: {points: [{attainment: 0, points: 0}, {attainment: 1, points: 100}], below: 0, above: 100},
     parts: [{kpi: kept, weight: 0.5}, {kpi: money, weight: 0.5}]}
targets:
  - {id: all, title: A, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, currency: VND, prorate: whole,
     values: {kept: 0.8, money: 1000}}
  - {id: dept, title: D, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, department: phone,
     values: {kept: 0.5}}
  - {id: team, title: T, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, team: T2, values: {kept: 0.4}}
  - {id: one, title: O, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, employee: E3, values: {kept: 0.2}}
"""


@pytest.mark.parametrize(
    ("employee", "team", "target"), [("E1", "T1", "0.5"), ("E1", "T2", "0.4"), ("E3", "T1", "0.2"), ("E3", "T2", "0.2")]
)
def test_the_target_of_the_narrowest_scope_counts(employee, team, target, rules_of):
    somebody = _employee(StaffPosting("phone", team, "collector", START), name=employee)
    (found,) = _scores(rules_of(RULES), [_result("kept", "0.1", employee)], somebody)
    assert found.parts[0].target == Decimal(target)


def test_amounts_in_several_currencies_are_never_compared_with_a_target_of_one(rules_of):
    results = [_result("money", "700", currency="VND"), _result("money", "9", currency="USD")]
    assert _score(rules_of(RULES), results).parts[1].value == Decimal(700)
    (euros,) = [_score(rules_of(RULES), [_result("money", "9", currency="EUR")])]
    assert (euros.parts[1].value, euros.parts[1].note.split(";")[0]) == (None, "no value in VND")


@pytest.mark.parametrize(
    ("postings", "scored"),
    [
        ([("phone", "collector", START, None)], ["E1"]),
        ([("phone", "leader", START, None)], []),  # the card is for collectors
        ([("legal", "collector", START, None)], []),  # no card
        ([("phone", "collector", date(2026, 1, 1), START)], []),  # left before the period
        ([("phone", "collector", date(2026, 11, 1), None)], []),  # joins after it
        ([("phone", "collector", START, date(2026, 10, 9)), ("legal", "collector", date(2026, 10, 9), None)], ["E1"]),
        ([("legal", "collector", START, date(2026, 10, 9)), ("phone", "collector", date(2026, 10, 9), None)], ["E1"]),
        ([("phone", "collector", START, date(2026, 10, 9))], ["E1"]),  # left during it
    ],
)
def test_people_are_scored_where_they_were_posted_in_the_period(postings, scored, rules_of):
    held = [StaffPosting(department, "T1", role, first, end) for department, role, first, end in postings]
    for order in (held, held[::-1]):
        found = _scores(rules_of(RULES), [_result("kept", "0.5")], _employee(*order))
        assert [each.entity for each in found] == scored


@pytest.mark.parametrize("here", [0, 1])
def test_somebody_who_moved_is_scored_in_each_department_for_what_they_did_there(here, rules_of):
    departments = ("phone", "legal") if here == 0 else ("legal", "phone")
    moved_on = date(2026, 10, 9)
    postings = [
        StaffPosting(departments[0], "T1", "collector", START, moved_on),
        StaffPosting(departments[1], "T2", "collector", moved_on),
    ]
    results = [
        _result("kept", "0.9"),
        _result("kept", "0.2", "E1@phone", grain=Grain.POSTING),
        _result("kept", "0.7", "E1@legal", grain=Grain.POSTING),
    ]
    (found,) = _scores(rules_of(RULES), results, _employee(*postings))
    assert (found.entity, found.parts[0].value) == ("E1", Decimal("0.2"))
    assert found.parts[0].target == Decimal("0.5" if here == 0 else "0.4"), "the target of the team in that department"


GATES = """gates: [{kpi: late, at_most: 2, otherwise: {times: 0.5}, missing: holds},
     {kpi: heard, at_least: 0.6, otherwise: {score_at_most: 30}, missing: fails}],
     parts"""


def _gated(rules_of, late, heard):
    kpis = "".join(
        f"  - {{id: {name}, title: G, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: count,\n"
        "     good: lower, grains: [employee], type: simple, dataset: contacts, measure: count}\n"
        for name in ("late", "heard")
    )
    text = RULES.replace("     parts", f"     {GATES}", 1).replace("scorecards:", f"{kpis}scorecards:", 1)
    given = [("kept", "0.5"), *((name, each) for name, each in (("late", late), ("heard", heard)) if each)]
    return _score(rules_of(text), [_result("money", "1000", currency="VND"), *(_result(*each) for each in given)])


@pytest.mark.parametrize(
    ("late", "heard", "score", "taken"),
    [
        ("2", "0.6", "100", ["0", "0"]),
        ("3", "0.6", "50", ["-50", "0"]),
        ("2", "0.59", "30", ["0", "-70"]),
        ("3", "0.1", "30", ["-50", "-20"]),
        (None, "1", "100", ["0", "0"]),
        ("0", None, "30", ["0", "-70"]),
    ],
    ids=["on the bounds", "above", "below", "both, in order", "missing and it holds", "missing and it fails"],
)
def test_a_gate_cuts_the_score_and_says_by_how_much(late, heard, score, taken, rules_of):
    found = _gated(rules_of, late, heard)
    gates = [part for part in found.parts if part.is_gate]
    assert found.score == Decimal(score) == sum(part.contribution for part in found.parts)
    assert [gate.contribution for gate in gates] == [Decimal(each) for each in taken]
    assert gates[0].note.endswith("at most 2, or else times 0.5")


def test_a_gate_never_lifts_a_score(rules_of):
    text = RULES.replace(
        "     parts", "     gates: [{kpi: kept, at_least: 1, otherwise: {times: 0.5}, missing: holds}], parts", 1
    )
    text = text.replace("below: 0", "below: -20").replace("attainment: 0, points", "attainment: 0.5, points")
    found = _score(rules_of(text), [_result("kept", "0.1"), _result("money", "1", currency="VND")])
    assert (found.score, found.parts[-1].contribution) == (Decimal(-20), 0)


@pytest.mark.parametrize("as_of", [START, AS_OF])
def test_open_postings_are_scored_from_the_first_day_of_the_month_on(as_of, rules_of):
    somebody = _employee(StaffPosting("phone", "T1", "collector", HIRED))
    found = score(rules_of(RULES), [_result("kept", "0.5")], [somebody], WORKING, start=START, as_of=as_of)
    assert [each.entity for each in found] == ["E1"]


def test_a_halted_gate_halts_the_score(rules_of):
    found = _gated(rules_of, "2", "1")
    assert found.state is ValueState.VALUE
    text = RULES.replace(
        "     parts", "     gates: [{kpi: kept, at_most: 2, otherwise: {times: 0}, missing: holds}], parts", 1
    )
    halted = replace(_result("kept", "1"), state=ValueState.HALTED, value=None)
    assert _score(rules_of(text), [halted]).state is ValueState.HALTED


@pytest.mark.parametrize(
    ("peers", "values", "attainments", "note"),
    [
        ("best, tie_band: 0", (10, 8, 5), ("1", "0.8", "0.5"), "best of 3 peers"),
        ("best, tie_band: 0.25", (10, 8, 5), ("1", "1", "0.5"), "best of 3 peers"),
        ("best, tie_band: 0.2", (10, 8, 5), ("1", "1", "0.5"), "best of 3 peers"),
        ("median, tie_band: 0", (10, 8, 5), ("1.25", "1", "0.625"), "median of 3 peers"),
        ("median, tie_band: 0", (10, 8, 6, 5), ("1.42857", "1.14286", "0.85714", "0.71429"), "median of 4 peers"),
        ("best, tie_band: 0", (10, 8), (None, None), "no target: 2 peers with a value, 3 are needed"),
        ("best, tie_band: 0", (0, 0, 0), (None, None, None), "no target: the best of 3 peers is 0"),
    ],
    ids=["best", "a tie band", "its very edge", "median", "an even number", "too few", "nothing to divide by"],
)
def test_a_part_may_be_held_against_the_others_with_the_same_scorecard(peers, values, attainments, note, rules_of):
    text = RULES.replace("weight: 0.5}", f"weight: 0.5, peers: {{against: {peers}, fewest: 3}}}}", 1)
    staff = [_employee(StaffPosting("phone", "T1", "collector", START), name=f"E{n}") for n in range(len(values))]
    elsewhere = _employee(StaffPosting("legal", "T1", "collector", START), name="E9")
    results = [_result("kept", str(value), f"E{n}") for n, value in enumerate(values)]
    found = _scores(rules_of(text), [*results, _result("kept", "99", "E9")], *staff, elsewhere)
    rounded = [None if each.parts[0].attainment is None else round(each.parts[0].attainment, 5) for each in found]
    assert rounded == [_number(each) for each in attainments]
    assert found[0].parts[0].note == note


def test_the_best_is_the_lowest_where_lower_is_better(rules_of):
    text = RULES.replace("weight: 0.5}", "weight: 0.5, peers: {against: best, tie_band: 0, fewest: 2}}", 1)
    text = text.replace("good: higher", "good: lower", 1)
    staff = [_employee(StaffPosting("phone", "T1", "collector", START), name=f"E{n}") for n in range(2)]
    found = _scores(rules_of(text), [_result("kept", "4", "E0"), _result("kept", "6", "E1")], *staff)
    assert [each.parts[0].attainment for each in found] == [Decimal(1), Decimal("0.5")]


@pytest.mark.parametrize(
    ("dataset", "kind", "grows"),
    [
        ("contacts", "type: simple", True),
        ("accounts", "type: simple", False),
        ("contacts", "type: cumulative, window_days: 90", False),
    ],
    ids=["events of the period", "what stands on one day", "a window of days"],
)
def test_what_grows_with_the_days(dataset, kind, grows, rules_of):
    rules = rules_of(
        f"kpis: [{{id: n, title: N, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, unit: count, good: higher,"
        f" grains: [employee], {kind}, dataset: {dataset}, measure: count}}]"
    )
    assert grows_with_days("n", {figure.id: figure for figure in rules.figures}) is grows


@pytest.mark.parametrize(
    ("formula", "unit", "sums"),
    [("a + b", "count", True), ("2 * a - b", "count", True), ("coalesce(a, 0) + b", "count", True),
     ("-a", "count", True), ("max(a - 5, 0)", "count", False), ("a + 5", "count", False), ("m / a", "money", False),
     ("m / 4", "money", True), ("a / b", "ratio", False)],
)  # fmt: skip
def test_a_sum_of_sums_is_one_and_an_amount_per_call_is_none(formula, unit, sums, rules_of):
    head = "title: N, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, good: higher, grains: [employee]"
    rules = rules_of(
        f"kpis:\n  - {{id: a, {head}, unit: count, type: simple, dataset: contacts, measure: count}}\n"
        f"  - {{id: b, {head}, unit: count, type: simple, dataset: visits, measure: count}}\n"
        f"  - {{id: m, {head}, unit: money, type: simple, dataset: credits, measure: sum, of: recovered}}\n"
        f"  - {{id: n, {head}, unit: {unit}, type: derived, formula: '{formula}'}}\n"
    )
    figures = {figure.id: figure for figure in rules.figures}
    assert (grows_with_days("n", figures), adds_up("n", figures)) == (sums, sums)


BY_DAYS = "prorate: {by: days_worked, employment_share: true, without_leave: [parental]}"
HALF = "target: a.yaml:14:33, 1000 for 11 of 22 days worked"


@pytest.mark.parametrize(
    ("facts", "ends", "target", "note"),
    [
        ({}, None, "1000", "target: a.yaml:14:33"),
        ({"hired_on": date(2026, 10, 16)}, None, "500", HALF),
        ({}, date(2026, 10, 16), "500", HALF),
        ({"terms": (Terms(Decimal("0.5"), HIRED),)}, None, "500", HALF),
        ({"leave": (Leave("parental", START, date(2026, 10, 16)),)}, None, "500", HALF),
        ({"leave": (Leave("annual", START, date(2026, 10, 16)),)}, None, "1000", "target: a.yaml:14:33"),
        (
            {"leave": (Leave("parental", START, date(2027, 1, 1)),)},
            None,
            None,
            "no target: 0 of 22 days worked; target: a.yaml:14:33",
        ),
        ({"jurisdiction": "CN"}, None, None, "no target: the calendar of CN has no working day of 2026-10"),
    ],
    ids=["whole", "joiner", "leaver", "half-time", "parental leave", "annual leave", "away all month", "no calendar"],
)
def test_a_target_that_grows_with_the_days_is_due_for_those_worked(facts, ends, target, note, rules_of):
    """Money is due for the share of the days; the rate of promises kept is due in full."""
    somebody = _employee(StaffPosting("phone", "T1", "collector", START, ends), **facts)
    rules = rules_of(RULES.replace("prorate: whole", BY_DAYS))
    (found,) = _scores(rules, [_result("money", "250", currency="VND"), _result("kept", "0.5")], somebody)
    rate, money = found.parts
    assert (rate.target, money.target) == (Decimal("0.5"), _number(target))
    assert money.note == note
    assert money.attainment == (None if target is None else Decimal(250) / Decimal(target))


def test_each_department_has_its_days_of_the_target(rules_of):
    card = RULES[RULES.index("  - {id: phone") : RULES.index("targets:")]
    legal = card.replace("id: phone", "id: legal").replace("department: phone", "department: legal")
    rules = rules_of(RULES.replace("targets:", f"{legal}targets:").replace("prorate: whole", BY_DAYS))
    moved = _employee(
        StaffPosting("phone", "T1", "collector", START, date(2026, 10, 8)),
        StaffPosting("legal", "T9", "collector", date(2026, 10, 8)),
    )
    found = {each.scorecard: each.parts[1].note.split(", ")[1] for each in _scores(rules, [], moved)}
    assert found == {"phone": "1000 for 5 of 22 days worked", "legal": "1000 for 17 of 22 days worked"}


def test_where_the_days_are_halted_so_is_what_they_make_due(rules_of):
    somebody = _employee(StaffPosting("phone", "T1", "collector", START))
    results = [_result("money", "250", currency="VND"), _result("kept", "0.5")]
    (found,) = _scores(rules_of(RULES.replace("prorate: whole", BY_DAYS)), results, somebody, working_days=None)
    assert (found.state, found.parts[1].note.split(":")[0]) == (ValueState.HALTED, "halted")
    (found,) = _scores(rules_of(RULES), results, somebody, working_days=None)
    assert found.state is ValueState.VALUE


LONG = (
    "long_leave:\n  - {id: away, title: A, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01, "
    "kinds: [parental, unpaid], days: 30}\n"
)


@pytest.mark.parametrize(
    ("leave", "targets", "note"),
    [
        ([("parental", START, date(2026, 11, 20))], (None, None),
         "no target: on long leave from 2026-10-01 up to 2026-11-20, a.yaml:20:10"),
        ([("parental", date(2026, 10, 16), date(2026, 12, 1))], ("0.5", "500"), HALF.replace("worked", "")),
        ([("unpaid", date(2026, 9, 1), date(2026, 9, 20)), ("parental", date(2026, 9, 20), date(2026, 10, 16))],
         ("0.5", "500"), HALF.replace("worked", "")),
        ([("unpaid", date(2026, 9, 1), date(2026, 9, 20)), ("parental", date(2026, 9, 21), date(2026, 10, 16))],
         ("0.5", "1000"), "target: a.yaml:14:33"),
        ([("parental", date(2026, 10, 2), date(2026, 10, 31))], ("0.5", "1000"), "target: a.yaml:14:33"),
        ([("annual", START, date(2026, 11, 20))], ("0.5", "1000"), "target: a.yaml:14:33"),
    ],
    ids=["all month", "from the middle on", "back from two in a row", "two with a day between", "a day too short",
         "of another kind"],
)  # fmt: skip
def test_long_leave_is_out_of_targets_and_what_was_done_before_is_scored(leave, targets, note, rules_of):
    """By working days, which say nothing of leave themselves; the rate of promises kept is due in full."""
    by_days = "prorate: {by: working_days, employment_share: true}"
    rules = rules_of(RULES.replace("prorate: whole", by_days) + LONG)
    somebody = _employee(StaffPosting("phone", "T1", "collector", HIRED), leave=tuple(Leave(*each) for each in leave))
    (found,) = _scores(rules, [_result("money", "250", currency="VND"), _result("kept", "0.5")], somebody)
    assert tuple(part.target for part in found.parts) == tuple(_number(each) for each in targets)
    assert found.parts[1].note == note.replace("days ", "working days")
    assert found.state is (ValueState.NO_VALUE if targets[0] is None else ValueState.VALUE)


def test_whoever_is_on_long_leave_is_no_peer_and_keeps_what_they_did_before(rules_of):
    text = RULES.replace("weight: 0.5}", "weight: 0.5, peers: {against: best, tie_band: 0, fewest: 2}}", 1) + LONG
    away = (Leave("parental", date(2026, 10, 16), date(2026, 12, 1)),)
    staff = [_employee(StaffPosting("phone", "T1", "collector", HIRED), name=f"E{n}") for n in (1, 2)]
    staff.append(_employee(StaffPosting("phone", "T1", "collector", HIRED), name="E3", leave=away))
    results = [_result("kept", value, name) for value, name in (("4", "E1"), ("5", "E2"), ("10", "E3"))]
    found = {each.entity: each.parts[0] for each in _scores(rules_of(text), results, *staff)}
    assert (found["E1"].attainment, found["E1"].note) == (Decimal("0.8"), "best of 2 peers")
    assert found["E3"].attainment == Decimal(2)
    still_there = score(rules_of(text), results, staff, WORKING, start=START, as_of=date(2026, 10, 15))
    assert still_there[0].parts[0].note == "best of 3 peers"


def test_whoever_has_not_been_there_at_all_is_held_against_nobody(rules_of):
    text = RULES.replace("weight: 0.5}", "weight: 0.5, peers: {against: best, tie_band: 0, fewest: 2}}", 1) + LONG
    away = (Leave("parental", date(2026, 8, 1), date(2027, 1, 1)),)
    staff = [_employee(StaffPosting("phone", "T1", "collector", HIRED), name=f"E{n}") for n in (1, 2)]
    staff.append(_employee(StaffPosting("phone", "T1", "collector", HIRED), name="E3", leave=away))
    results = [_result("kept", value, name) for value, name in (("4", "E1"), ("5", "E2"), ("10", "E3"))]
    found = _scores(rules_of(text), results, *staff)[2]
    assert found.state is ValueState.NO_VALUE
    assert found.parts[0].note == "no target: on long leave from 2026-08-01 up to 2027-01-01, a.yaml:20:10"


CARRIED = RULES.replace("missing: zero", "missing: carry, carry: {months: 2, otherwise: OTHERWISE}")
SEPTEMBER, AUGUST, JULY = date(2026, 9, 30), date(2026, 8, 31), date(2026, 7, 31)


def _earlier(value, night, entity="E1", **facts):
    return replace(_result("kept", value, entity, **facts), start=night.replace(day=1), as_of=night)


@pytest.mark.parametrize(
    ("earlier", "otherwise", "score", "note"),
    [
        ([("0.4", SEPTEMBER), ("0.1", AUGUST)], "zero", "90", "carried from 2026-09-30; target: a.yaml:16:21"),
        ([("0.1", AUGUST)], "zero", "60", "carried from 2026-08-31; target: a.yaml:16:21"),
        ([("0.1", JULY)], "zero", "50", "no value; target: a.yaml:16:21"),
        ([("0.1", JULY)], "redistribute", "100", "no value; target: a.yaml:16:21; weight of 0.5 in all"),
        ([], "zero", "50", "no value; target: a.yaml:16:21"),
    ],
    ids=["the last month's", "the last that there is", "too long ago", "else to the others", "nothing to carry"],
)
def test_a_part_without_value_carries_the_last_one(earlier, otherwise, score, note, rules_of):
    rules = rules_of(CARRIED.replace("OTHERWISE", otherwise))
    somebody = _employee(StaffPosting("phone", "T1", "collector", HIRED))
    before = [_earlier(*each) for each in earlier]
    (found,) = _scores(rules, [_result("money", "1000", currency="VND")], somebody, earlier=before)
    assert (found.score, found.parts[0].note) == (Decimal(score), note)


def test_only_what_is_missing_is_carried_and_what_is_halted_stays_halted(rules_of):
    rules = rules_of(CARRIED.replace("OTHERWISE", "zero"))
    somebody, before = _employee(StaffPosting("phone", "T1", "collector", HIRED)), [_earlier("0.5", SEPTEMBER)]
    (found,) = _scores(rules, [_result("kept", "0.1")], somebody, earlier=before)
    assert found.parts[0].value == Decimal("0.1")
    halted = replace(_result("kept", "1"), state=ValueState.HALTED, value=None)
    (found,) = _scores(rules, [halted], somebody, earlier=before)
    assert found.state is ValueState.HALTED


@pytest.mark.parametrize(
    ("since", "entity", "grain", "value"),
    [
        (date(2026, 9, 15), "E1@phone", Grain.POSTING, "0.4"),
        (date(2026, 9, 15), "E1", Grain.EMPLOYEE, None),
        (date(2026, 10, 1), "E1", Grain.EMPLOYEE, None),
    ],
    ids=["what was done there", "not the whole month's of somebody who moved", "nothing from another department"],
)
def test_what_is_carried_was_reached_in_the_same_department(since, entity, grain, value, rules_of):
    moved = _employee(
        StaffPosting("legal", "T9", "collector", HIRED, since), StaffPosting("phone", "T1", "collector", since)
    )
    before = [_earlier("0.4", SEPTEMBER, entity, grain=grain)]
    (found,) = _scores(rules_of(CARRIED.replace("OTHERWISE", "zero")), [], moved, earlier=before)
    assert found.parts[0].value == _number(value)


def test_a_score_names_the_line_of_each_target(rules_of):
    found = _score(rules_of(RULES), [_result("kept", "0.25")])
    assert found.score == Decimal(25)
    assert found.parts[0].note == "target: a.yaml:16:21"
    assert found.parts[1].note == "no value; target: a.yaml:14:33"


def _score(rules, results):
    (found,) = _scores(rules, results, _employee(StaffPosting("phone", "T1", "collector", START)))
    return found


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({}, []),
        ({"score": Decimal(119)}, ["phone of employee E1: 119 is stored, its parts give 45"]),
        ({"score": None}, ["phone of employee E1: no value is stored, its parts give 45"]),
        ({"state": ValueState.HALTED}, ["phone of employee E1: 45 is stored, its parts give no value"]),
        ({"attainment": Decimal(1)}, ["phone of employee E1, kept, attainment: 1 is stored, its parts give 0.4"]),
        ({"contribution": Decimal(94)}, ["phone of employee E1, kept, contribution: 94 is stored, its parts give 20"]),
    ],
)
def test_a_score_that_was_edited_is_told_beside_what_its_parts_give(edit, told, rules_of):
    rules = rules_of(RULES)
    results = [_result("kept", "0.2"), _result("money", "500", currency="VND")]
    (found,) = _scores(rules, results, _employee(StaffPosting("phone", "T1", "collector", START)))
    of_part = edit.keys() & {"attainment", "contribution"}
    edited = replace(found, parts=(replace(found.parts[0], **edit), found.parts[1])) if of_part else found
    edited = edited if of_part else replace(found, **edit)
    issues = list(untied_scores([edited], rules.on(AS_OF), Location("night n")))
    assert [issue.message for issue in issues] == told
    assert {issue.code for issue in issues} <= {"LED016"}


def test_a_ratio_that_was_edited_is_told_beside_what_its_sums_give():
    ratio = replace(_result("kept", "0.75"), numerator=Decimal(3), denominator=Decimal(4))
    of_nothing = replace(ratio, value=None, state=ValueState.NO_VALUE, denominator=Decimal(0))
    edited = [replace(ratio, value=Decimal(1)), replace(of_nothing, value=Decimal(1))]
    issues = list(untied_ratios([ratio, of_nothing, _result("other", "0.9"), *edited], Location("night n")))
    assert [(issue.code, issue.message) for issue in issues] == [
        ("LED017", "kept of employee E1: 1 is stored, its sums give 0.75"),
        ("LED017", "kept of employee E1: 1 is stored, its sums give no value"),
    ]


def _scores(rules, results, *staff, working_days=WORKING, earlier=()):
    return score(rules, results, staff, working_days, start=START, as_of=AS_OF, earlier=earlier)


def _employee(*postings, name="E1", **facts):
    usual = {
        "currency": "VND",
        "jurisdiction": "VN",
        "hired_on": HIRED,
        "exited_on": None,
        "terms": (Terms(Decimal(1), HIRED),),
    }
    return Employee(employee_id=name, postings=postings, **usual | facts)


def _result(kpi, value, entity="E1", *, currency="", grain=Grain.EMPLOYEE):
    unit = Unit.MONEY if currency else Unit.RATIO
    return KpiResult(kpi, digest_of(kpi), grain, entity, START, AS_OF, unit, ValueState.VALUE, Decimal(value),
                     currency=currency)  # fmt: skip


def _card(missing):
    parts = (ScorecardPart(kpi="a", weight=Decimal("0.75")), ScorecardPart(kpi="b", weight=Decimal("0.25")))
    return Scorecard(id="s", title="S", owner="o", valid_from=START, review_by=AS_OF, department="d", missing=missing,
                     curve=CURVE, parts=parts)  # fmt: skip


def _measured(values):
    return {
        kpi: Measured(ValueState.VALUE if value is not None else ValueState.NO_VALUE, _number(value), Decimal(1))
        for kpi, value in zip("ab", values, strict=True)
    }


def _number(text):
    return None if text is None else Decimal(text)
