"""A KPI whose definition changes within a month: each definition counts its own days, or the file says otherwise."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.records import Grain
from domain.rules import version_digest
from kpi_rules.evidence import Entity, evidence_of
from kpi_rules.explanations import explain
from kpi_rules.figures import measures_in
from kpi_rules.language import Kpi
from kpi_rules.plan import plan_kpis
from kpi_rules.results import together
from kpi_rules.views import VIEWS

START, CHANGE, AS_OF = date(2026, 10, 1), date(2026, 10, 11), date(2026, 10, 20)
MEASURE = "type: simple, dataset: contacts, measure: count"
SECONDS = "unit: count, type: simple, dataset: contacts, measure: {}, of: duration_seconds"


def kpi(name, keys, begins="2026-01-01", ends="", changes=""):
    unit = "" if "unit:" in keys else "unit: count, "
    ends = f"valid_to: {ends}, " if ends else ""
    changes = f"changes: {changes}, " if changes else ""
    head = f"id: {name}, title: T, owner: o, valid_from: {begins}, {ends}review_by: 2027-01-01, {changes}good: higher"
    return f"  - {{{head}, grains: [employee, portfolio], {unit}{keys}}}\n"


def changed(before, after, changes="by_days", *, name="k", others=""):
    """The KPI before and since the 11th of October."""
    first, second = (keys.replace("{}", "sum") for keys in (before, after))
    return f"kpis:\n{others}{kpi(name, first, ends=CHANGE)}{kpi(name, second, CHANGE, changes=changes)}"


def call(book, day, **given):
    given = {"employee_id": "E1", "account_id": "A1", **given}
    book.add("contacts", contact_id=f"{day}{given}", started_wall=datetime(2026, 10, day, 23, 59), **given)  # noqa: DTZ001


CALLS, ANSWERED = f'{MEASURE}, where: channel == "call"', f'{MEASURE}, where: outcome != "no_answer"'


@pytest.mark.parametrize(
    ("changes", "expected"),
    [("by_days", "3"), ("whole_month", "2"), ("", "2")],  # two calls before, one of the two since was answered
)
def test_each_definition_counts_its_own_days_if_the_file_says_so(changes, expected, book, rules_of):
    for day, outcome in ((1, "no_answer"), (10, "promise"), (11, "promise"), (20, "no_answer"), (21, "promise")):
        call(book, day, outcome=outcome)
    figures = book.night(rules_of(changed(CALLS, ANSWERED, changes)))
    assert figures.shown("k", "E1") == figures.shown("k", "portfolio") == expected


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("sum", "107"), ("min", "3"), ("max", "100"), ("average", "107/3")]
)
def test_sums_add_up_and_extremes_are_compared(aggregation, expected, book, rules_of):
    """Before the 11th the seconds of all, since then of what was answered."""
    keys = SECONDS.format(aggregation)
    keys = keys.replace("unit: count", "unit: ratio") if aggregation == "average" else keys
    for day, seconds, outcome in ((2, 4, "busy"), (3, 3, "promise"), (12, 100, "promise"), (13, 1, "busy")):
        call(book, day, duration_seconds=seconds, outcome=outcome)
    rules = rules_of(changed(keys, f'{keys}, where: outcome == "promise"'))
    assert book.night(rules).shown("k", "E1") == expected


def test_a_ratio_adds_up_above_and_below_and_what_it_names_goes_by_its_own_versions(book, rules_of):
    """`attempts` counts calls, and since the 6th everything; the ratio counts promises, and since the 11th refusals."""
    named = kpi("attempts", CALLS, ends="2026-10-06") + kpi("attempts", MEASURE, "2026-10-06")
    ratio = (
        "unit: ratio, type: ratio, numerator: {{dataset: contacts, measure: count, where: {}}}, denominator: attempts"
    )
    rules = rules_of(changed(ratio.format("outcome == 'promise'"), ratio.format("outcome == 'refused'"), others=named))
    for day, channel, outcome in (
        (5, "call", "promise"), (5, "sms", "refused"), (6, "sms", "refused"), (10, "call", "promise"),
        (11, "call", "promise"), (12, "sms", "refused"),
    ):  # fmt: skip
        call(book, day, channel=channel, outcome=outcome)
    assert book.night(rules).shown("k", "E1") == "3/5"  # not the message of the 5th: it was no attempt then


def test_a_kpi_that_begins_within_a_month_counts_from_then_on(book, rules_of):
    for day in (10, 11, 12):
        call(book, day)
    assert book.night(rules_of("kpis:\n" + kpi("k", CALLS, CHANGE, changes="by_days"))).shown("k", "E1") == "2"


def test_the_next_month_has_one_definition_and_no_pieces(rules_of):
    rules = rules_of(changed(CALLS, ANSWERED))
    assert [len(scan.measures) for scan in plan_kpis(rules, start=START, as_of=AS_OF).statements] == [1, 1]
    later = plan_kpis(rules, start=date(2026, 11, 1), as_of=date(2026, 11, 3))
    assert [scan.name for scan in later.statements] == ["contacts"]


def test_promises_of_the_days_before_are_judged_by_what_is_known_now(book, rules_of):
    """Due on the 8th, with two days of grace judged on the 10th; paid in time, and booked on the 13th."""
    keys = "type: simple, dataset: promises_due, measure: count, parameters: {{grace_days: 2}}, where: {}"
    rules = rules_of(changed(keys.format("paid >= amount"), keys.format("paid > amount")))
    book.add("promises", promise_id="M1", account_id="A1", employee_id="E1", made_on=date(2026, 8, 2),
             due_on=date(2026, 10, 8), amount=Decimal(5))  # fmt: skip
    book.add("payments", payment_id="Y1", account_id="A1", amount=Decimal(5), paid_on=date(2026, 10, 9),
             posted_on=date(2026, 10, 13))  # fmt: skip
    assert book.night(rules).shown("k", "E1") == "1"


def test_the_explanation_names_both_versions_and_the_sums_are_found_again(book, rules_of):
    rules = rules_of(changed(CALLS, ANSWERED))
    for day in (9, 10, 12):
        call(book, day, outcome="promise")
    result = book.night(rules).of("k", "E1")
    told = explain(result, rules).splitlines()
    assert told[2] == (
        'made of: number of contacts 2026-10-01 to 2026-10-10 where channel == "call", '
        'and number of contacts 2026-10-11 to 2026-10-20 where outcome != "no_answer"'
    )
    assert [line.partition(": ")[0] for line in told[3:]] == [
        "rule of 2026-10-01 to 2026-10-10", "rule of 2026-10-11 to 2026-10-20"
    ]  # fmt: skip
    (figure,) = rules.on(AS_OF).figures
    evidence = evidence_of(figure, Entity(Grain.EMPLOYEE, ("E1",)), start=START, as_of=AS_OF)
    numbers = [Decimal(book.rows(one.number)[0]["number"]) for one in evidence]
    assert (numbers, together(figure.made, numbers)) == ([2, 1], result.value)
    assert len(measures_in(figure.made)) == 2


def test_a_run_names_and_needs_signatures_for_all_versions_that_count(rules_of):
    rules = rules_of(changed(CALLS, ANSWERED))
    both = {version_digest(figure.rule) for figure in rules.figures}
    assert {version.digest for version in rules.on(AS_OF).versions()} == both
    assert {version.digest for version in rules.on(AS_OF).on(AS_OF).versions()} == both
    assert len(rules_of(changed(CALLS, ANSWERED, "whole_month")).on(AS_OF).versions()) == 1
    assert len(rules.on(date(2026, 11, 1)).versions()) == 1


def test_what_does_not_state_it_keeps_its_signature():
    keys = {"id": "k", "title": "T", "owner": "o", "valid_from": "2026-01-01", "review_by": "2027-01-01",
            "unit": "count", "good": "higher", "grains": ["portfolio"], "type": "simple", "dataset": "contacts",
            "measure": "count"}  # fmt: skip
    digest, none, stated = (
        version_digest(Kpi.model_validate(each))
        for each in (keys, {**keys, "changes": None}, {**keys, "changes": "refuse"})
    )
    assert digest == none != stated


STATE = "type: simple, dataset: accounts, measure: count"
WINDOW = "type: cumulative, dataset: contacts, measure: count, window_days: 7"
DISTINCT = "type: simple, dataset: contacts, measure: count_distinct, of: account_id"
FORMULA = "type: derived, formula: a + a"
OF_STATE = "unit: ratio, type: ratio, numerator: {dataset: contacts, measure: count}, denominator: a"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (changed(CALLS, ANSWERED, "refuse"), "KPI018", "changes on 2026-10-11, within a month"),
        (changed(CALLS, STATE), "KPI019", "accounts shows one day"),
        (changed(CALLS, WINDOW), "KPI019", "a window of days reaches over the change"),
        (changed(CALLS, DISTINCT), "KPI019", "distinct in two parts of a month"),
        (changed(CALLS, FORMULA, others=kpi("a", CALLS)), "KPI019", "a formula goes by the version"),
        (changed(OF_STATE, OF_STATE, others=kpi("a", STATE)), "KPI019", '"a": accounts shows one day'),
        (changed(OF_STATE, OF_STATE, others=kpi("a", FORMULA.replace("a + a", "b + b")) + kpi("b", CALLS)), "KPI019",
         '"a" is no single measure'),
        (changed(CALLS, f"{STATE}, by: bucket, values: [1, 2]"), "KPI019", "accounts shows one day"),
        (changed(CALLS, SECONDS.format("max")), "KPI019", "measured in another way since 2026-10-11"),
        (changed(SECONDS.format("min"), SECONDS.format("max")), "KPI019", "measured in another way"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_apart_by_days_is_refused_with_its_place(text, code, said, decoded):
    _, issues = decoded(text)
    assert [issue.code for issue in issues] == [code]
    assert said in issues[0].message
    assert issues[0].hint
    line = len(text.splitlines())
    assert (issues[0].location.line, issues[0].location.column > 10) == (line, True)


def test_a_change_on_the_first_of_a_month_is_none_within_it(decoded):
    text = changed(CALLS, ANSWERED, "refuse").replace("2026-10-11", "2026-11-01")
    assert decoded(text)[1] == ()
    assert [issue.code for issue in decoded(changed(CALLS, STATE, "whole_month"))[1]] == []


days = st.integers(0, 24).map(lambda offset: date(2026, 9, 28) + timedelta(days=offset))
contacts = st.lists(st.tuples(days, st.sampled_from(["call", "sms"]), st.integers(0, 9)), max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rows=contacts, change=st.integers(2, 20), second=st.integers(2, 20))
def test_by_days_is_what_a_day_by_day_count_gives(rows, change, second, shared_book, decoded_rules):
    """Three versions, a plain loop over the days, and each version's own condition on its own days."""
    cuts = sorted({START, date(2026, 10, change), date(2026, 10, second)})
    conditions = ['channel == "call"', "duration_seconds > 4", 'channel == "sms"']
    begins = [date(2026, 1, 1), *cuts[1:]]
    text = "kpis:\n" + "".join(
        kpi("k", f"{SECONDS.format('sum')}, where: {where}", begin, end, "by_days")
        for where, begin, end in zip(conditions, begins, [*cuts[1:], ""], strict=False)
    )
    rules, issues = decoded_rules(text)
    assert issues == ()
    shared_book.connection.execute(sa.delete(VIEWS["contacts"]))
    shared_book.add_all(
        "contacts",
        [{"contact_id": f"C{n}", "started_wall": datetime.combine(day, datetime.min.time()), "channel": channel,
          "duration_seconds": seconds} for n, (day, channel, seconds) in enumerate(rows)],
    )  # fmt: skip
    holds = [lambda row: row[1] == "call", lambda row: row[2] > 4, lambda row: row[1] == "sms"]
    expected = 0
    for row in rows:
        version = max((n for n, begin in enumerate(begins) if begin <= row[0]), default=0)
        expected += row[2] if START <= row[0] <= AS_OF and holds[version](row) else 0
    results = shared_book.results(plan_kpis(rules, start=START, as_of=AS_OF))
    assert {each.entity: each.value for each in results}["portfolio"] == expected
