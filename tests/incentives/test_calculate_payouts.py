"""Who is paid for which days by which policy: joiners, leavers, transfers, part-timers, and those who are held."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import Digest
from domain.money import to_minor
from domain.periods import Period, days_between
from domain.records import Grain, KpiResult, Score, ScorePart, Unit, ValueState
from domain.staff import Employee, Leave, StaffPosting, Terms
from incentives.calculate import calculate
from incentives.cell import Reason
from incentives.coverage import Held
from incentives.ledger import BatchKind, desired_of, differences, posted_after
from incentives.measures import Measure, measures_of

JUNE = Period(2026, 6)  # 30 days, 22 of them working days, Monday the 1st
WORKING = {"VN": frozenset(day for day in days_between(date(2026, 5, 1), date(2026, 8, 1)) if day.weekday() < 5)}
HIRED = date(2024, 1, 1)
RULE = Digest("0" * 64)

POLICY = """\
  - id: {id}
    title: A bonus
    owner: hr
    valid_from: {valid_from}
    valid_to: {valid_to}
    applies_to: {applies_to}
    component: bonus
    currency: {currency}
    part_period: prorated
    inputs:
      score: {{scorecard: card, missing: {missing}}}
    steps:
      - {{name: target, kind: base, value: {target}}}
      - {{name: earned, kind: formula, expression: target * score}}
      - {{name: for_days, kind: prorate, of: earned, by: {by}, employment_share: true{leave}}}
      - {{name: payable, kind: round, of: for_days, digits: 0, mode: half_up}}
"""
DEFAULTS = {
    "id": "field_bonus",
    "valid_from": "2026-01-01",
    "valid_to": "2027-01-01",
    "applies_to": "{departments: [field]}",
    "currency": "VND",
    "missing": "hold",
    "target": "3_000_000",
    "by": "calendar_days",
    "leave": "",
}


@pytest.fixture(scope="session")
def policies(book_of):
    def build(*changes):
        return book_of("policies:\n" + "".join(POLICY.format(**DEFAULTS | each) for each in changes or ({},)))

    return build


def payee(employee_id="E1", *postings, **facts):
    usual = {
        "currency": "VND",
        "jurisdiction": "VN",
        "hired_on": HIRED,
        "exited_on": None,
        "terms": (Terms(Decimal(1), HIRED),),
    }
    return Employee(employee_id=employee_id, postings=postings or (posting(),), **usual | facts)


def posting(department="field", start=HIRED, end=None, *, role="collector", team="F1"):
    return StaffPosting(department, team, role, start, end)


def scores(*employees, score="1", state=ValueState.VALUE):
    value = None if state is not ValueState.VALUE else Decimal(score)
    names = employees or ("E1",)
    return {(Grain.EMPLOYEE, name, "scorecard:card"): Measure(state, value, RULE) for name in names}


def compute(book, payees, measures=None, period=JUNE):
    found = scores(*(each.employee_id for each in payees)) if measures is None else measures
    return calculate(book, payees, found, period=period, working_days=WORKING)


def amounts(calculation):
    return {(line.payee, line.component): line.amount for line in calculation.lines}


@pytest.mark.parametrize(
    ("whom", "pays"),
    [
        pytest.param(payee(), 3_000_000, id="a full month"),
        pytest.param(payee(hired_on=date(2026, 6, 16)), 1_500_000, id="a joiner on the 16th"),
        pytest.param(payee(exited_on=date(2026, 6, 11)), 1_000_000, id="a leaver, gone from the 11th"),
        pytest.param(payee("E1", posting(start=date(2026, 6, 30))), 100_000, id="posted on the last day"),
        pytest.param(payee(terms=(Terms(Decimal("0.4"), HIRED),)), 1_200_000, id="part time"),
        pytest.param(
            payee(terms=(Terms(Decimal(1), HIRED, date(2026, 6, 11)), Terms(Decimal("0.5"), date(2026, 6, 11)))),
            2_000_000,
            id="part time from the 11th",
        ),
        pytest.param(payee(terms=()), 0, id="no terms of employment: no share of full time"),
    ],
)
def test_the_days_covered_are_paid(policies, whom, pays):
    assert amounts(compute(policies(), [whom])) == {("E1", "bonus:field"): pays}


@pytest.mark.parametrize(
    ("by", "leave", "pays"),
    [("working_days", "", 2_200_000), ("days_worked", ", without_leave: [unpaid]", 2_000_000)],
)
def test_working_days_and_days_worked(policies, by, leave, pays):
    """Unpaid leave from a Friday to the Monday after costs two of 22 working days; a day of sick leave costs none."""
    book = policies({"by": by, "leave": leave, "target": "2_200_000"})
    away = (
        Leave("unpaid", date(2026, 6, 19), date(2026, 6, 23)),
        Leave("sick", date(2026, 6, 24), date(2026, 6, 25)),
    )
    found = amounts(compute(book, [payee(leave=away)]))
    assert found == {("E1", "bonus:field"): pays}


BY_MONEY = (
    POLICY.replace("scorecard: card", "kpi: recovered, unit: money")
    .replace("target * score", "score")
    .replace("value: {target}}}", "value: {target}, memo: true}}")
)
RECOVERED = {
    (*whose, "kpi:recovered:VND"): Measure(ValueState.VALUE, Decimal(amount), RULE, "VND")
    for whose, amount in {
        (Grain.EMPLOYEE, "E1"): 500_000,
        (Grain.POSTING, "E1@field"): 200_000,
        (Grain.POSTING, "E1@legal"): 300_000,
        (Grain.EMPLOYEE, "E2"): 700_000,
    }.items()
}


def _moved(text, book_of):
    """The lines of somebody who moved in the middle of the month, and of somebody who did not."""
    texts = (
        text.format(**DEFAULTS | {"applies_to": f"{{departments: [{name}]}}", "id": name})
        for name in ("field", "legal")
    )
    moved = payee("E1", posting(end=date(2026, 6, 16)), posting("legal", date(2026, 6, 16)))
    calculation = compute(book_of("policies:\n" + "".join(texts)), [moved, payee("E2")], RECOVERED)
    return [(line.payee, line.scope, line.amount) for line in calculation.lines]


def test_a_transfer_is_paid_for_what_was_done_in_each_department(book_of):
    """Each policy reads what the payee recovered there; the whole month's figure would be paid twice."""
    halves = [("E1", "field", 100_000), ("E1", "legal", 150_000)]
    assert _moved(BY_MONEY, book_of) == [*halves, ("E2", "field", 700_000)]


def test_a_policy_that_pays_the_whole_month_reads_all_that_was_done_in_it(book_of):
    whole = BY_MONEY.replace("part_period: prorated", "part_period: whole")
    whole = "\n".join(line for line in whole.splitlines() if "kind: prorate" not in line) + "\n"
    whole = whole.replace("of: for_days", "of: earned")
    assert _moved(whole, book_of) == [("E1", "legal", 500_000), ("E2", "field", 700_000)]


def test_a_transfer_makes_one_line_per_department(policies):
    book = policies({}, {"id": "legal_bonus", "applies_to": "{departments: [legal]}", "target": "6_000_000"})
    moved = payee("E1", posting(end=date(2026, 6, 11)), posting("legal", date(2026, 6, 11)))
    calculation = compute(book, [moved])
    assert amounts(calculation) == {("E1", "bonus:field"): 1_000_000, ("E1", "bonus:legal"): 4_000_000}
    assert [line.scope for line in calculation.lines] == ["field", "legal"]


def test_a_return_to_the_department_is_still_one_line(policies):
    back = payee("E1", posting(end=date(2026, 6, 11)), posting(start=date(2026, 6, 21), team="F2"))
    assert amounts(compute(policies(), [back])) == {("E1", "bonus:field"): 2_000_000}


def test_a_change_of_policy_inside_the_period_is_computed_by_parts(policies):
    book = policies({"valid_to": "2026-06-21"}, {"valid_from": "2026-06-21", "target": "6_000_000"})
    calculation = compute(book, [payee()])
    assert amounts(calculation) == {("E1", "bonus:field"): 4_000_000}
    columns = [step.name for step in calculation.lines[0].steps]
    assert columns == [*(["policy", "score", "target", "earned", "for_days", "payable"] * 2), "sum_of_parts"]
    assert calculation.lines[0].rule == book.on(date(2026, 6, 21))["field_bonus"].version.digest


def test_the_most_specific_policy_wins_and_the_line_says_why(policies):
    book = policies(
        {"id": "house_bonus", "applies_to": "{}", "target": "1"},
        {"id": "collectors", "applies_to": "{departments: [field], roles: [collector]}", "target": "3"},
        {"id": "part_timers", "applies_to": "{departments: [field], roles: [collector], when: full_time_share < 1}"},
        {"target": "2"},
    )
    people = [
        payee("E1"),
        payee("E2", posting(role="leader")),
        payee("E3", posting("legal")),
        payee("E4", terms=(Terms(Decimal("0.5"), HIRED),)),
    ]
    calculation = compute(book, people)
    assert amounts(calculation) == {
        ("E1", "bonus:field"): 3,
        ("E2", "bonus:field"): 2,
        ("E3", "bonus:legal"): 1,
        ("E4", "bonus:field"): 1_500_000,
    }
    heading = calculation.lines[0].steps[0]
    assert (heading.kind, heading.note) == ("policy", "more specific than field_bonus, house_bonus")
    assert heading.inputs[0] == ("policy", "collectors")


def test_policies_that_match_alike_hold_the_payee(policies):
    wide = {"id": "seniors", "applies_to": "{departments: [field], when: tenure_days > 365}"}
    book = policies(wide, {"applies_to": "{departments: [field], roles: [collector]}"})
    calculation = compute(book, [payee("E1"), payee("E2", hired_on=date(2026, 5, 1))])
    assert amounts(calculation) == {("E2", "bonus:field"): 3_000_000}
    assert [(held.payee, held.component, held.reason) for held in calculation.held] == [
        ("E1", "bonus:field", Reason.SEVERAL_POLICIES)
    ]
    (held,) = calculation.held
    assert (held.scope, held.text) == ("field", "field_bonus and seniors match alike, and neither is more specific")


@pytest.mark.parametrize(
    ("when", "pays"),
    [
        ("department == 'field'", ["E1", "E2", "E3"]),
        ("team == 'F2'", ["E2"]),
        ("role == 'leader'", ["E3"]),
        ("jurisdiction == 'CN'", ["E2"]),
        ("full_time_share < 1", ["E3"]),
        ("tenure_days >= 30", ["E1", "E2"]),
        ("tenure_days >= 31", ["E1"]),
    ],
)
def test_a_condition_reads_where_and_on_what_terms_somebody_works(policies, when, pays):
    book = policies({"applies_to": f"{{departments: [field], when: {when}}}"})
    people = [
        payee("E1", hired_on=date(2026, 5, 31)),
        payee("E2", posting(team="F2"), jurisdiction="CN", hired_on=date(2026, 6, 1)),
        payee("E3", posting(role="leader"), terms=(Terms(Decimal("0.5"), HIRED),), hired_on=date(2026, 6, 2)),
    ]
    assert [line.payee for line in compute(book, people).lines] == pays


def test_a_move_between_teams_is_one_part_of_which_both_stretches_of_days_are_shown(policies):
    moved = payee("E1", posting(end=date(2026, 6, 11)), posting(start=date(2026, 6, 11), team="F2"))
    (line,) = compute(policies(), [moved]).lines
    assert [step.kind for step in line.steps].count("policy") == 1
    heading = line.steps[0]
    assert heading.inputs[-1] == ("days", "2026-06-01 to 2026-06-11, 2026-06-11 to 2026-07-01")
    assert (heading.name, heading.note, heading.value) == ("policy", "the only policy that matches", None)


def test_a_component_with_a_tie_on_some_days_is_held_for_all(policies):
    """A leader until the 10th, whom one policy matches; then a collector, whom two match alike."""
    wide = {"id": "seniors", "applies_to": "{departments: [field], when: role == 'collector'}"}
    leaders = {"id": "leaders", "applies_to": "{departments: [field], roles: [leader]}"}
    book = policies(wide, leaders, {"applies_to": "{departments: [field], roles: [collector]}"})
    changed = payee("E1", posting(end=date(2026, 6, 11), role="leader"), posting(start=date(2026, 6, 11)))
    calculation = compute(book, [changed])
    assert [(held.component, held.reason) for held in calculation.held] == [("bonus:field", Reason.SEVERAL_POLICIES)]
    assert not calculation.lines


def test_a_policy_that_starts_with_the_period_has_no_part_before_it(policies):
    book = policies({"valid_from": "2026-06-01", "valid_to": "2026-07-01"})
    days = [step.inputs[-1] for step in compute(book, [payee()]).lines[0].steps if step.kind == "policy"]
    assert days == [("days", "2026-06-01 to 2026-07-01")]
    assert [len(book.during(Period(2026, month)).versions()) for month in (5, 6, 7)] == [0, 1, 0]


def test_what_is_reversed_after_a_change_of_rules_is_clawed_back_at_the_rate_of_its_month(policies):
    """June paid 3,000,000, and the policy doubles from July on; then June's score turns out to be half."""
    july = JUNE.next()
    book = policies({"valid_to": "2026-07-01"}, {"valid_from": "2026-07-01", "target": "6_000_000"})

    def due(score, period=JUNE):
        return desired_of(BatchKind.BONUS, compute(book, [payee()], scores("E1", score=score), period).lines)

    posted = posted_after({}, differences(due("1"), {}, into=JUNE))
    (clawback,) = differences(due("0.5"), posted, into=july)
    assert (clawback.amount_minor, clawback.key.origin_period, clawback.posting_period) == (-1_500_000, JUNE, july)
    assert sum(due("0.5", july).values()) == 3_000_000


def test_whoever_has_no_policy_is_listed(policies):
    people = [
        payee("E1", posting("legal")),
        payee("E2", currency="CNY"),
        payee("E3", posting(end=date(2026, 5, 1))),
        payee("E4", posting(end=date(2026, 6, 16)), posting("legal", date(2026, 6, 16))),
    ]
    calculation = compute(policies(), people)
    assert [(each.payee, each.text) for each in calculation.without_policy] == [
        ("E1", "no policy for collector in legal from 2026-06-01"),
        ("E2", "no policy for collector in field from 2026-06-01"),
        ("E3", "no posting within 2026-06"),
        ("E4", "no policy for collector in legal from 2026-06-16"),
    ]
    assert amounts(calculation) == {("E4", "bonus:field"): 1_500_000}


@pytest.mark.parametrize(
    ("measures", "missing", "found"),
    [
        pytest.param({}, "hold", Reason.MISSING_INPUT, id="no score, hold"),
        pytest.param({}, "zero", 0, id="no score, zero"),
        pytest.param(scores(state=ValueState.NO_VALUE), "hold", Reason.MISSING_INPUT, id="no value, hold"),
        pytest.param(scores(state=ValueState.NO_VALUE), "zero", 0, id="no value, zero"),
        pytest.param(scores(state=ValueState.HALTED), "zero", Reason.HALTED_INPUT, id="halted always holds"),
        pytest.param(scores(score="0"), "hold", 0, id="a score of zero is a value"),
    ],
)
def test_a_missing_score_is_treated_as_the_policy_says(policies, measures, missing, found):
    calculation = compute(policies({"missing": missing}), [payee()], measures)
    everyone = [*(line.amount for line in calculation.lines), *(held.reason for held in calculation.held)]
    assert everyone == [found]


def test_a_figure_that_is_halted_for_anybody_is_halted_for_those_without_a_row(policies):
    """Nobody's complaints are taken as zero because the table of complaints was stopped."""
    measures = {(Grain.PORTFOLIO, "BOOK", "scorecard:card"): Measure(ValueState.HALTED, None, RULE)}
    held = compute(policies({"missing": "zero"}), [payee()], measures).held
    assert [each.reason for each in held] == [Reason.HALTED_INPUT]


def test_a_held_part_holds_the_whole_line(policies):
    book = policies({"valid_to": "2026-06-21", "missing": "zero"}, {"valid_from": "2026-06-21"})
    calculation = compute(book, [payee()], {})
    assert [(held.component, held.text) for held in calculation.held] == [
        ("bonus:field", "scorecard:card has no value")
    ]
    assert not calculation.lines


def test_money_in_another_currency_is_never_taken_for_the_policys(book_of):
    text = POLICY.format(**DEFAULTS).replace("scorecard: card", "kpi: recovered, unit: money")
    book = book_of(
        "policies:\n" + text.replace("target * score", "score").replace("name: target,", "name: target, memo: true,")
    )
    result = KpiResult(
        "recovered",
        RULE,
        Grain.EMPLOYEE,
        "E1",
        JUNE.start,
        JUNE.last_day,
        Unit.MONEY,
        ValueState.VALUE,
        Decimal(500),
        currency="CNY",
    )
    held = compute(book, [payee()], measures_of([result], ())).held
    assert [(each.reason, each.text) for each in held] == [
        (Reason.OTHER_CURRENCY, "kpi:recovered is in CNY, the policy pays VND")
    ]
    both = measures_of([result, replace(result, currency="VND", value=Decimal(700))], ())
    assert amounts(compute(book, [payee()], both)) == {("E1", "bonus:field"): 700}
    nothing = replace(result, currency="VND", state=ValueState.NO_VALUE, value=None)
    neither = compute(book, [payee()], measures_of([result, nothing], ())).held
    assert [each.reason for each in neither] == [Reason.MISSING_INPUT]
    halted = replace(result, state=ValueState.HALTED, value=None, currency="")
    assert compute(book, [payee()], measures_of([halted], ())).held[0].reason is Reason.HALTED_INPUT


def test_scores_and_attainments_are_measures():
    part = ScorePart("calls", Decimal(9), Decimal(10), Decimal("0.9"), Decimal(90), Decimal(1), Decimal(90))
    score = Score("card", RULE, Grain.EMPLOYEE, "E1", JUNE.start, JUNE.last_day, ValueState.VALUE, Decimal(90), (part,))
    measures = measures_of((), [score])
    assert measures[Grain.EMPLOYEE, "E1", "scorecard:card"].value == 90
    assert measures[Grain.EMPLOYEE, "E1", "attainment:card.calls"].value == Decimal("0.9")
    halted = measures_of((), [replace(score, state=ValueState.HALTED, score=None)])
    assert {measure.state for measure in halted.values()} == {ValueState.HALTED}
    with pytest.raises(ValueError, match="two values of scorecard:card"):
        measures_of((), [score, replace(score, score=Decimal(91))])


def test_leaders_are_paid_by_the_figures_of_each_team_they_led(book_of):
    text = POLICY.format(**DEFAULTS).replace("scorecard: card,", "scorecard: card, grain: team,")
    led = payee("E1", posting(end=date(2026, 6, 16)), posting(start=date(2026, 6, 16), team="F2"))
    measures = {
        (Grain.TEAM, team, "scorecard:card"): Measure(ValueState.VALUE, Decimal(value), RULE)
        for team, value in (("F1", 1), ("F2", 2))
    }
    assert amounts(compute(book_of("policies:\n" + text), [led], measures)) == {("E1", "bonus:field"): 4_500_000}


def test_a_policy_for_the_whole_period_pays_once(book_of):
    both = DEFAULTS | {"applies_to": "{}"}
    text = POLICY.format(**both).replace("part_period: prorated", "part_period: whole")
    lines = [line for line in text.splitlines() if "for_days" not in line or "payable" in line]
    book = book_of("policies:\n" + "\n".join(lines).replace("of: for_days", "of: earned"))
    moved = payee("E1", posting(end=date(2026, 6, 11)), posting("legal", date(2026, 6, 11)))
    calculation = compute(book, [moved])
    assert amounts(calculation) == {("E1", "bonus:legal"): 3_000_000}
    (held,) = calculation.held
    assert (held.payee, held.component, held.scope, held.reason) == (
        "E1",
        "bonus:field",
        "field",
        Reason.NOT_LAST_POSTING,
    )
    assert held.text == "field_bonus pays the whole period once, in the department of the last day"
    assert [step.inputs[-1] for step in held.steps] == [("days", "2026-06-01 to 2026-06-11")]


def test_working_days_without_a_calendar_hold(policies):
    calculation = compute(policies({"by": "working_days"}), [payee(jurisdiction="TW")])
    assert [held.reason for held in calculation.held] == [Reason.NO_CALENDAR]


def test_postings_that_overlap_hold_everything_of_the_payee(policies):
    twice = payee("E1", posting(), posting("legal", date(2026, 6, 20)))
    calculation = compute(policies(), [twice])
    assert calculation.held == (Held("E1", "", "", Reason.POSTINGS_OVERLAP, "two postings hold on the same day"),)


def test_the_same_employee_twice_is_a_mistake_of_the_caller(policies):
    with pytest.raises(ValueError, match="come twice: E1"):
        compute(policies(), [payee(), payee()])


@given(st.data())
def test_the_order_of_payees_postings_and_measures_changes_nothing(policies, data):
    book = policies({}, {"id": "legal_bonus", "applies_to": "{departments: [legal]}"})
    people = [
        payee(f"E{number}", posting(end=date(2026, 6, 3 * number + 1)), posting("legal", date(2026, 6, 3 * number + 1)))
        for number in range(1, 6)
    ]
    shuffled = data.draw(st.permutations([replace(each, postings=each.postings[::-1]) for each in people]))
    measures = scores(*(each.employee_id for each in people[1:]))
    backwards = dict(reversed(measures.items()))
    assert compute(book, people, measures) == compute(book, shuffled, backwards)


DAYS = st.dates(date(2026, 5, 25), date(2026, 7, 5))


@st.composite
def histories(draw):
    """A payee who joined, moved between departments, worked part time, and left, on any days."""
    cuts = sorted(draw(st.lists(DAYS, min_size=1, max_size=4, unique=True)))
    ends = [*cuts[1:], draw(st.one_of(st.none(), st.just(date(2026, 7, 10))))]
    postings = tuple(
        posting(draw(st.sampled_from(["field", "legal"])), start, end) for start, end in zip(cuts, ends, strict=True)
    )
    changed = draw(DAYS)
    terms = (Terms(draw(st.sampled_from([Decimal(1), Decimal("0.6")])), HIRED, changed), Terms(Decimal("0.5"), changed))
    return payee("E1", *postings, terms=terms, hired_on=draw(DAYS), exited_on=draw(st.one_of(st.none(), DAYS)))


@given(histories(), st.sampled_from(["calendar_days", "working_days"]))
def test_proration_equals_counting_day_by_day(policies, whom, by):
    book = policies({"by": by}, {"id": "legal_bonus", "applies_to": "{departments: [legal]}", "by": by})
    assert amounts(compute(book, [whom])) == _day_by_day(whom, by)


def _day_by_day(whom: Employee, by: str) -> dict[tuple[str, str], Decimal]:
    """The slow oracle: one day after the other, in fractions."""
    days = [JUNE.start + timedelta(days=offset) for offset in range(30)]
    counting = [day for day in days if by == "calendar_days" or day.weekday() < 5]
    shares: dict[tuple[str, str], Fraction] = {}
    for day in days:
        if day < whom.hired_on or (whom.exited_on and day >= whom.exited_on):
            continue
        for each in whom.postings:
            if each.valid_from <= day and (each.valid_to is None or day < each.valid_to):
                key = ("E1", f"bonus:{each.department}")
                share = next(
                    terms.full_time_share for terms in whom.terms if terms.valid_to is None or day < terms.valid_to
                )
                shares[key] = shares.get(key, Fraction(0)) + (Fraction(share) if day in counting else 0)
    whole = {key: 3_000_000 * share / len(counting) for key, share in shares.items()}
    return {key: _rounded(pay) for key, pay in whole.items()}


def _rounded(pay: Fraction) -> Decimal:
    return (Decimal(pay.numerator) / pay.denominator).quantize(Decimal(1), ROUND_HALF_UP)


def test_every_amount_can_be_paid_and_every_line_names_its_rule_lines(policies):
    calculation = compute(policies(), [payee(f"E{number}", hired_on=date(2026, 6, number)) for number in range(1, 30)])
    for line in calculation.lines:
        assert to_minor(line.amount, line.currency) == line.amount
        assert line.steps[-1].value == line.amount
        assert all(step.line.startswith("0.yaml:") for step in line.steps)


@given(
    st.lists(st.dictionaries(st.sampled_from(["E1", "E2", "E3"]), st.decimals(0, 2, places=4)), min_size=1, max_size=4)
)
def test_calculate_post_correct_and_reverse_comes_back_to_zero(policies, history):
    """Scores are corrected again and again, and gone in the end; each posting is a difference, and they sum to zero."""
    people, posted = [payee(name) for name in ("E1", "E2", "E3")], {}
    for scored in [*history, {}]:
        measures = {key: each for name, score in scored.items() for key, each in scores(name, score=str(score)).items()}
        desired = desired_of(BatchKind.BONUS, compute(policies({"missing": "zero"}), people, measures).lines)
        posted = posted_after(posted, differences(desired, posted, into=JUNE.next()))
        assert differences(desired, posted, into=JUNE.next()) == ()
    assert not any(posted.values())


TEXT = """\
{head}policies:
  - id: {id}
    title: A bonus
    owner: hr
    valid_from: 2026-01-01
    valid_to: 2027-01-01
    applies_to: {applies_to}
    component: {component}
    currency: VND
    part_period: {part}
    inputs: {{x: {{{source}, missing: {missing}}}}}
    steps:
{steps}      - {{name: payable, kind: round, of: earned, digits: 0, mode: half_up}}
"""
OF_X = "      - {name: one, kind: base, value: 1}\n      - {name: earned, kind: formula, expression: one * x}\n"
MONEY_X = "      - {name: earned, kind: formula, expression: x * 1}\n"
USUAL = {"head": "", "id": "p", "applies_to": "{}", "component": "bonus", "part": "whole", "missing": "hold"}


def reading(book_of, source, steps=OF_X, **changes):
    return book_of(TEXT.format(**USUAL | {"source": source, "steps": steps} | changes))


@pytest.mark.parametrize(
    ("fact", "whom", "value"),
    [
        pytest.param("tenure_months", payee(hired_on=date(2026, 6, 30)), 1, id="the month of hire is the first"),
        pytest.param("tenure_months", payee(hired_on=date(2026, 5, 1)), 2, id="the month after the second"),
        pytest.param("tenure_months", payee(hired_on=date(2024, 7, 31)), 24, id="a year before counts twelve"),
        pytest.param("month", payee(), 6, id="the calendar month"),
        pytest.param("leaving", payee(exited_on=date(2026, 6, 11)), 1, id="leaves within the month"),
        pytest.param("leaving", payee(exited_on=date(2026, 7, 1)), 1, id="the last day is the month's last"),
        pytest.param("leaving", payee(exited_on=date(2026, 7, 2)), 0, id="leaves later"),
        pytest.param("leaving", payee(), 0, id="stays"),
    ],
)
def test_facts_of_the_payee(book_of, fact, whom, value):
    (line,) = compute(reading(book_of, f"fact: {fact}"), [whom], {}).lines
    assert line.amount == value


def test_the_share_of_full_time_is_that_of_the_last_day_covered(book_of):
    terms = (Terms(Decimal(1), HIRED, date(2026, 6, 30)), Terms(Decimal("0.5"), date(2026, 6, 30)))
    steps = "      - {name: all, kind: base, value: 10}\n      - {name: earned, kind: formula, expression: all * x}\n"
    (line,) = compute(reading(book_of, "fact: full_time_share", steps), [payee(terms=terms)], {}).lines
    assert line.amount == 5


EARLIER = {
    (1, "E1", "bonus"): {"so_far": Decimal(70)},
    (3, "E1", "bonus"): {"so_far": Decimal(5)},
    (1, "E1", "other"): {"so_far": Decimal(999)},
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("carried: so_far, months_ago: 1", 70),
        ("carried: so_far, months_ago: 3", 5),
        ("carried: so_far, months_ago: 1, begins_anew: 6", 0),
        ("carried: so_far, months_ago: 1, begins_anew: 5", 70),
        ("carried: so_far, months_ago: 3, begins_anew: 4", 0),
        ("carried: so_far, months_ago: 3, begins_anew: 3", 5),
    ],
)
def test_columns_are_carried_over_until_the_count_begins_anew(book_of, source, value):
    book = reading(book_of, f"{source}, unit: money", MONEY_X)
    found = calculate(book, [payee()], {}, period=JUNE, working_days=WORKING, earlier=EARLIER)
    assert [line.amount for line in found.lines] == [value]


@pytest.mark.parametrize(("missing", "pays", "held"), [("zero", [0], []), ("hold", [], [Reason.MISSING_INPUT])])
def test_without_an_earlier_line_there_is_nothing_or_the_payee_is_held(book_of, missing, pays, held):
    book = reading(book_of, "carried: so_far, months_ago: 2, unit: money", MONEY_X, missing=missing)
    found = calculate(book, [payee()], {}, period=JUNE, working_days=WORKING, earlier=EARLIER)
    assert [line.amount for line in found.lines] == pays
    assert [each.reason for each in found.held] == held


def test_somebody_who_moves_carries_over_once(book_of):
    steps = MONEY_X.replace("earned", "all") + (
        "      - {name: days, kind: prorate, of: zero, by: calendar_days, employment_share: false, memo: true}\n"
        "      - {name: earned, kind: formula, expression: all * 1}\n"
    )
    steps = "      - {name: zero, kind: base, value: 0}\n" + steps
    book = reading(book_of, "carried: so_far, months_ago: 1, unit: money", steps, part="prorated")
    middle = date(2026, 6, 16)
    moved = payee("E1", posting("legal", HIRED, middle), posting("field", middle))
    found = calculate(book, [moved], {}, period=JUNE, working_days=WORKING, earlier=EARLIER)
    assert amounts(found) == {("E1", "bonus:legal"): 70, ("E1", "bonus:field"): 0}


def led_by(name, leader, *, start=HIRED, end=None, department="field", role="collector"):
    return StaffPosting(department, "F1", role, start, end, leader)


def overrides(book_of, level=1, missing="hold"):
    paid = TEXT.format(**USUAL | {"source": "kpi: sales, unit: money", "steps": MONEY_X})
    paid = paid.replace("applies_to: {}", "applies_to: {roles: [collector]}")
    above = TEXT.format(
        **USUAL
        | {"id": "above", "component": "override", "missing": missing, "steps": MONEY_X}
        | {"source": f"lines: bonus, level: {level}", "applies_to": "{roles: [leader, manager]}"}
    )
    return book_of(paid, above)


def sales(**amounts_of):
    return {
        (Grain.EMPLOYEE, name, "kpi:sales:VND"): Measure(ValueState.VALUE, Decimal(amount), RULE, "VND")
        for name, amount in amounts_of.items()
    }


def hierarchy(*postings):
    leader = payee("L1", led_by("L1", "M1", role="leader"))
    manager = payee("M1", led_by("M1", "", role="manager"))
    return [payee("E1", *(postings or (led_by("E1", "L1"),))), leader, manager]


def test_leaders_read_what_those_below_are_paid_level_by_level(book_of):
    found = amounts(compute(overrides(book_of), hierarchy(), sales(E1=300)))
    assert found == {("E1", "bonus:field"): 300, ("L1", "override:field"): 300, ("M1", "override:field"): 0}
    found = amounts(compute(overrides(book_of, level=2), hierarchy(), sales(E1=300)))
    assert found == {("E1", "bonus:field"): 300, ("L1", "override:field"): 0, ("M1", "override:field"): 300}


def test_a_line_counts_by_the_days_on_which_somebody_was_led(book_of):
    """Ten of thirty days under the leader, twenty under the manager."""
    day = date(2026, 6, 11)
    people = hierarchy(led_by("E1", "L1", end=day), led_by("E1", "M1", start=day))
    found = amounts(compute(overrides(book_of), people, sales(E1=300)))
    assert found == {("E1", "bonus:field"): 300, ("L1", "override:field"): 100, ("M1", "override:field"): 200}


@pytest.mark.parametrize(("missing", "leader"), [("zero", 300), ("hold", Reason.OTHERS_HELD)])
def test_where_somebody_below_is_held_the_leader_waits_or_goes_on(book_of, missing, leader):
    people = [*hierarchy(), payee("E2", led_by("E2", "L1"))]
    found = compute(overrides(book_of, missing=missing), people, sales(E1=300))
    results = {line.payee: line.amount for line in found.lines} | {each.payee: each.reason for each in found.held}
    assert results == {"E1": 300, "E2": Reason.MISSING_INPUT, "L1": leader, "M1": 0}


def test_people_who_lead_each_other_are_no_endless_ladder(book_of):
    people = [payee("E1", led_by("E1", "E2")), payee("E2", led_by("E2", "E1", role="leader"))]
    found = amounts(compute(overrides(book_of, level=3), people, sales(E1=300)))
    assert found == {("E1", "bonus:field"): 300, ("E2", "override:field"): 0}


RATES = """exchange_rates:
  - {id: house, title: R, owner: f, valid_from: 2026-01-01, valid_to: 2026-06-30, to: VND, rates: {CNY: 3000}}
  - {id: house, title: R, owner: f, valid_from: 2026-06-30, review_by: 2026-12-31, to: VND, rates: {CNY: 4000}}
"""


@pytest.mark.parametrize(
    ("measured", "pays"),
    [
        ({"VND": 500, "CNY": 2}, 8_500),
        ({"CNY": 2}, 8_000),
        ({"VND": 500}, 500),
        ({"VND": 500, "USD": 1}, Reason.NO_RATE),
        ({}, Reason.MISSING_INPUT),
    ],
)
def test_other_currencies_count_at_the_rates_of_the_last_day(book_of, measured, pays):
    book = reading(book_of, "kpi: sales, unit: money, rates: house", MONEY_X, head=RATES)
    figures = {
        (Grain.EMPLOYEE, "E1", f"kpi:sales:{currency}"): Measure(ValueState.VALUE, Decimal(amount), RULE, currency)
        for currency, amount in measured.items()
    }
    found = compute(book, [payee()], figures)
    assert [line.amount for line in found.lines] + [each.reason for each in found.held] == [pays]


@pytest.mark.parametrize("rates", [", rates: house", ""])
def test_money_that_is_halted_for_somebody_is_zero_for_nobody(book_of, rates):
    book = reading(book_of, f"kpi: sales, unit: money{rates}", MONEY_X, head=RATES, missing="zero")
    halted = {(Grain.EMPLOYEE, "E2", "kpi:sales:VND"): Measure(ValueState.HALTED, None, RULE, "VND")}
    assert [each.reason for each in compute(book, [payee()], halted).held] == [Reason.HALTED_INPUT]


def test_without_a_trace_the_amounts_are_the_same(policies):
    people = [payee(), payee("E2", hired_on=date(2026, 6, 16)), payee("E3", posting("legal"))]
    measures = scores("E1", "E2", "E3")
    traced, bare = (
        calculate(policies(), people, measures, period=JUNE, working_days=WORKING, traced=traced)
        for traced in (True, False)
    )
    assert amounts(traced) == amounts(bare)
    assert all(line.steps for line in traced.lines)
    assert not any(line.steps for line in bare.lines)
    assert [(row.payee, row.values) for row in traced.rows] == [(row.payee, row.values) for row in bare.rows]
    assert traced.without_policy == bare.without_policy
