"""Few scans, whatever is measured; and a halted table stops what reads it, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from domain.exact import exact
from domain.records import ValueState
from kpi_rules.plan import plan_kpis, stopped_kpis
from kpi_rules.plan_text import plan_as_sql
from kpi_rules.results import kpi_results

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)


def test_all_kpis_of_a_dataset_share_one_scan_and_a_distinct_count_has_its_own(house_rules):
    plan = plan_kpis(house_rules, start=START, as_of=AS_OF)
    assert [(scan.name, sorted(scan.reads)) for scan in plan.statements] == [
        ("accounts", ["accounts", "contacts", "dispatch", "visits"]),
        ("attendance", ["attendance", "staff_postings"]),
        ("breaches for advised_against_contacts", ["accounts", "breaches", "dispatch", "staff_postings"]),
        ("breaches for unlawful_contacts", ["accounts", "breaches", "dispatch", "staff_postings"]),
        (
            "callbacks_due callback_days=2 grace_days=3",
            ["accounts", "contacts", "dispatch", "payments", "promises", "staff_postings"],
        ),
        ("cohort", ["accounts", "accounts_opening", "credits", "dispatch", "placements"]),
        ("complaints", ["accounts", "complaints", "dispatch", "staff_postings"]),
        ("complaints 90 days", ["accounts", "complaints", "dispatch", "staff_postings"]),
        ("complaints_due answer_days=7", ["complaints", "staff_postings"]),
        ("confirmed_signals", ["confirmed_signals", "staff_postings"]),
        ("contacts", ["accounts", "contacts", "dispatch", "staff_postings"]),
        ("contacts for accounts_contacted", ["accounts", "contacts", "dispatch", "staff_postings"]),
        ("contacts_by_owner for contact_rate", ["accounts", "contacts", "dispatch"]),
        ("costs", ["costs", "employment", "staff_postings"]),
        ("credits", ["accounts_opening", "credits"]),
        ("expected", ["accounts_opening", "dispatch", "recovery_rates"]),
        ("handed_files", ["handed_files"]),
        ("opening", ["accounts_opening", "dispatch"]),
        ("owned_days", ["accounts", "accounts_opening", "dispatch", "payments"]),
        ("ownership for accounts_had", ["accounts", "dispatch"]),
        ("partner_reports", ["partner_reports"]),
        ("partner_reviews", ["partner_reviews"]),
        ("planned_actions", ["accounts", "cases", "contacts", "dispatch", "planned_actions", "visits"]),
        ("promises_due grace_days=3", ["accounts", "dispatch", "payments", "promises", "staff_postings"]),
        ("reviews", ["reviews", "staff_postings"]),
        ("staff", ["employment", "leave", "staff_postings"]),
        ("visits", ["accounts", "dispatch", "staff_postings", "visits"]),
    ]


def test_a_ratio_of_two_distinct_counts_divides_the_one_by_the_other(book, rules_of):
    """Both read the same rows for the same KPI: they are two scans, of two names."""
    of = "dataset: contacts, measure: count_distinct, of: account_id"
    rule = _two_kpis("count", "true").partition("    unit:")[0]
    rule += "    unit: ratio\n    good: higher\n    grains: [portfolio]\n"
    rule += f"    type: ratio\n    numerator: {{{of}, where: 'outcome == \"promise\"'}}\n    denominator: {{{of}}}\n"
    rules = rules_of(rule)
    book.add("contacts", contact_id="C1", account_id="A1", outcome="promise")
    book.add("contacts", contact_id="C2", account_id="A2")
    assert book.night(rules).shown("k0", "portfolio") == "1/2"
    assert len({scan.name for scan in plan_kpis(rules, start=START, as_of=AS_OF).statements}) == 2


def test_an_equal_measure_is_summed_once(rules_of):
    rules = rules_of(_two_kpis("count", "channel == 'call'", "channel == 'call'"))
    assert [len(scan.measures) for scan in plan_kpis(rules, start=START, as_of=AS_OF).statements] == [1]


def test_only_what_is_read_is_joined(rules_of):
    plan = plan_kpis(rules_of(_two_kpis("count", "duration_seconds >= 0")), start=START, as_of=AS_OF)
    assert plan.statements[0].reads == {"contacts"}
    assert "JOIN" not in str(plan.statements[0].statement)


def test_the_session_is_told_from_which_day_on_rows_are_needed(house_rules):
    days = plan_kpis(house_rules, start=START, as_of=AS_OF).first_days
    assert days["contacts"] == date(2026, 9, 17)  # 14 days before the period: what is known of untouched accounts
    assert days["complaints"] == date(2026, 7, 23)  # 90 days, the business date included
    assert days["promises"] == date(2026, 7, 31)  # 62 days before the period
    assert days["payments"] == date(2026, 7, 1)  # 92 days of look-back for reversals


def test_the_plan_as_text_names_every_statement_and_what_each_column_is_for(house_rules):
    plan = plan_kpis(house_rules, start=START, as_of=AS_OF, halted=frozenset({"visits"}))
    text = plan_as_sql(plan, lambda statement: f"SELECT {id(statement)}")
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("SELECT")] == [
        f"SELECT {id(scan.statement)};" for scan in plan.statements
    ]
    columns = [line for line in lines if line.startswith("-- m")]
    assert len(columns) == sum(len(scan.measures) for scan in plan.statements)
    named = {name for line in columns for name in line.rpartition(": ")[2].split(", ")}
    measured = {figure.id for figure in plan.figures if figure.measures and figure.id not in plan.halted}
    assert named == measured
    assert lines[1] == f"-- halted, and not computed: {', '.join(sorted(plan.halted))}"


def test_every_statement_passes_the_gate_of_exactness(house_rules):
    for scan in plan_kpis(house_rules, start=START, as_of=AS_OF).statements:
        assert exact(scan.statement) is scan.statement


@pytest.mark.parametrize(
    ("halted", "stops", "leaves"),
    [
        ("attendance", {"minutes_worked", "calls_per_hour"}, {"calls_made", "recovered"}),
        (
            "payments",
            {"recovered", "recovery_rate", "promise_kept", "expected_recovery"},
            {"overdue_at_opening", "calls_made"},
        ),
        ("reviews", {"qa_score", "critical_fails"}, {"complaints_received", "complaint_rate"}),
        ("accounts", {"accounts_owned", "contact_rate", "roll_rate_by_cohort_1"}, {"overdue_at_opening", "qa_score"}),
    ],
)
def test_a_halted_table_stops_what_reads_it_and_what_is_made_of_that(halted, stops, leaves, book, house_rules):
    plan = plan_kpis(house_rules, start=START, as_of=AS_OF, halted=frozenset({halted}))
    assert not any(halted in scan.reads for scan in plan.statements)
    states = {each.kpi: each.state for each in book.results(plan) if each.entity == "portfolio" or each.kpi in stops}
    assert {states[kpi] for kpi in stops if kpi in states} == {ValueState.HALTED}
    assert ValueState.HALTED not in {states.get(kpi) for kpi in leaves}


def test_a_halted_figure_has_neither_value_nor_sums(book, house_rules):
    plan = plan_kpis(house_rules, start=START, as_of=AS_OF, halted=frozenset({"contacts"}))
    result = next(each for each in book.results(plan) if each.kpi == "contact_rate")
    assert (result.value, result.numerator, result.denominator) == (None, None, None)


def test_a_sum_that_comes_back_as_a_float_is_a_bug(book, house_rules):
    plan = plan_kpis(house_rules, start=START, as_of=AS_OF)
    rows = {scan.name: book.rows(scan.statement) for scan in plan.statements}
    rows["attendance"] = [{name: 0.5 if name.startswith("m") else value for name, value in row.items()}
                          for row in rows["attendance"]]  # fmt: skip
    with pytest.raises(TypeError, match="float"):
        kpi_results(plan, rows)


def _two_kpis(measure, *conditions):
    head = "title: T\n    owner: o\n    valid_from: 2026-01-01\n    review_by: 2027-01-01\n    unit: count\n"
    return "kpis:\n" + "".join(
        f"  - id: k{number}\n    {head}    good: higher\n    grains: [portfolio]\n    type: simple\n"
        f"    dataset: contacts\n    measure: {measure}\n    where: {condition}\n"
        for number, condition in enumerate(conditions)
    )


@pytest.mark.parametrize("table", ["visits", "payments", "accounts", "dispatch"])
def test_what_is_stopped_is_known_without_a_plan(house_rules, table):
    halted = frozenset({table})
    plan = plan_kpis(house_rules, start=START, as_of=AS_OF, halted=halted)
    assert stopped_kpis(house_rules, AS_OF, halted) == plan.halted != frozenset()
