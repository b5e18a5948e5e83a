"""When what fired becomes a case, and what closed cases say about the threshold."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ids import Digest
from domain.periods import Period
from domain.signals import CaseState, EvidenceRow, SignalCase, SignalFigures, SubjectKind
from kpi_rules.signals.judging import Cell, base_rates, chance_of, figures_of, findings_of
from kpi_rules.signals.language import CaseRule
from kpi_rules.signals.tuning import precision_of, proposal_of
from kpi_rules.signals.words import figure_of
from tests.kpi_rules.signal_texts import signal_of

EMPLOYEE, PARTNER = SubjectKind.EMPLOYEE, SubjectKind.PARTNER
CASE = CaseRule(at_least=3, peers_at_most=Decimal("0.05"), false_alarms=Decimal("0.05"))


def cell(name, rows, hits, *, peers="field", alike=(), kind=EMPLOYEE):
    return Cell(kind, name, peers, alike, rows, hits)


def honest(number, rows=50, hits=0, **given):
    return [cell(f"H{each}", rows, hits, **given) for each in range(number)]


@given(hits=st.integers(0, 40), rows=st.integers(1, 40), share=st.integers(1, 99))
@settings(max_examples=100)
def test_the_chance_is_the_binomial_tail_counted_out_in_fractions(hits, rows, share):
    hits, p = min(hits, rows), Fraction(share, 100)
    tail = sum(comb(rows, each) * p**each * (1 - p) ** (rows - each) for each in range(hits, rows + 1))
    expected = Fraction(1) if hits <= rows * p else tail
    assert abs(Fraction(chance_of(hits, rows, Decimal(share) / 100)) - expected) <= Fraction(1, 10**20)


@pytest.mark.parametrize(
    ("why", "cells", "named"),
    [
        ("fewer hits than a case needs", [cell("E1", 50, 2), *honest(40)], []),
        ("peers do none of it", [cell("E1", 50, 3), *honest(40)], ["E1"]),
        ("peers do as much", [cell("E1", 50, 3), *honest(40, hits=1)], []),
        ("nobody to compare with: only what the rule tolerates counts", [cell("E1", 50, 9)], ["E1"]),
        ("nobody to compare with, and not above what it tolerates", [cell("E1", 50, 3)], []),
        ("a whole department does it: it counts up to the tolerated share", honest(9, hits=40),
         [f"H{each}" for each in range(9)]),
        ("too few rows of peers protect, and do not accuse", [cell("E1", 50, 3), *honest(1, rows=31)], []),
        ("peers of another department do it, and these do not",
         [cell("E1", 50, 4), *honest(40), cell("X1", 900, 300, peers="phone")], ["E1", "X1"]),
        ("partners are beside partners", [cell("P1", 50, 4, kind=PARTNER, peers="VN"), *honest(40)], []),
    ],
)  # fmt: skip
def test_who_is_named(why, cells, named):
    assert [each.subject_id for each in findings_of(cells, CASE) if each.is_case] == named, why


def test_rows_are_held_against_rows_that_are_alike():
    """Cards pay soon after every handover: who has cards only is beside others' cards."""
    others = [
        each
        for number in range(20)
        for each in (
            cell(f"H{number}", 20, 8, alike=("card",)),
            cell(f"H{number}", 180, 0, alike=("loan",)),
        )
    ]
    loose = replace_case(peers_at_most=Decimal("0.9"))
    cards, loans = cell("C1", 20, 9, alike=("card",)), cell("L1", 20, 9, alike=("loan",))
    found = {each.subject_id for each in findings_of([cards, loans, *others], loose) if each.is_case}
    assert found == {"L1"}
    figures = {each.subject_id: each.figures for each in findings_of([cards, loans, *others], loose)}
    assert (figures["C1"].peer_rows, figures["C1"].peer_hits) == (400, 160)
    assert (figures["L1"].peer_rows, figures["L1"].peer_hits) == (3600, 0)


def replace_case(**changes):
    return CASE.model_copy(update=changes)


def test_what_one_does_is_no_part_of_the_peers():
    (found,) = [each for each in findings_of([cell("E1", 50, 50), *honest(10)], CASE) if each.subject_id == "E1"]
    assert (found.figures.peer_rows, found.figures.peer_hits) == (500, 0)


def test_the_more_are_looked_at_the_less_likely_chance_has_to_be():
    few, many = [cell("E1", 50, 3), *honest(10, rows=400)], [cell("E1", 50, 3), *honest(400, rows=10)]
    assert [each.is_case for each in findings_of(few, CASE)] == [True]
    assert [each.is_case for each in findings_of(many, CASE)] == [True]
    rare = replace_case(false_alarms=Decimal("0.001"))
    assert [each.is_case for each in findings_of(few, rare)] == [True]
    assert [each.is_case for each in findings_of(many, rare)] == [False]


@pytest.mark.parametrize("seed", range(10))
def test_honest_people_who_are_all_alike_are_hardly_ever_named(seed):
    """Of twenty months of sixty people, all with the same share, about one case is allowed; here at most three."""
    dice, cases = random.Random(seed), 0
    for _ in range(20):
        cells = [cell(f"H{name}", 60, sum(dice.random() < 0.02 for _ in range(60))) for name in range(60)]
        cases += sum(each.is_case for each in findings_of(cells, CASE))
    assert cases <= 3


def test_base_rates_are_of_everybody_and_of_each_group():
    cells = [cell("E1", 50, 9), cell("E1", 10, 1, peers="phone"), *honest(40)]
    rates = base_rates("tried", "Tried", cells, findings_of(cells, CASE))
    assert [(each.peers, each.rows, each.hits, each.subjects, each.cases) for each in rates] == [
        ("", 2060, 10, 41, 1),
        ("field", 2050, 9, 41, 1),
        ("phone", 10, 1, 1, 1),
    ]


def test_the_expected_share_is_the_upper_end_of_the_peers_interval():
    figures = figures_of(50, 3, 1000, 10, CASE)
    assert round(figures.expected_rate, 6) == Decimal("0.018310")
    assert figures_of(50, 3, 1000, 100, CASE).expected_rate == CASE.peers_at_most
    assert figures_of(50, 3, 29, 0, CASE).expected_rate == CASE.peers_at_most


def test_a_speed_is_told_in_kilometres_an_hour():
    travel = signal_of("{kind: travel_too_fast, faster_than_kmh: 90, at_least_metres: 1}", subjects="employee")
    assert figure_of(travel.rule, 3000**2, 2) == Decimal("90.0")
    assert figure_of(travel.rule, 3000**2, 0) == Decimal("180.0")


def closed(number, state, figures, signal="tried"):
    rows = tuple(EvidenceRow(date(2026, 10, 5), f"Y{each}", "payments", figure=Decimal(figure))
                 for each, figure in enumerate(figures))  # fmt: skip
    counted = SignalFigures(50, len(figures), 1000, 0, Decimal(0), Decimal(0))
    return SignalCase(
        f"signal-tried-E{number}-2026-10", signal, "Tried", Digest(""), EMPLOYEE, f"E{number}", Period(2026, 10), "",
        "", "", counted, date(2026, 10, 31), date(2026, 11, 20), "", state, evidence=rows,
    )  # fmt: skip


CONFIRMED, EXPLAINED = CaseState.CONFIRMED, CaseState.EXPLAINED
cash = signal_of("{kind: cash_kept, days: 3}").rule


@pytest.mark.parametrize(
    ("why", "cases", "parameter", "proposed", "lost"),
    [
        ("too few are closed", [closed(1, EXPLAINED, [4] * 3)] * 9, "", None, 0),
        ("half of them were confirmed",
         [closed(1, CONFIRMED, [4] * 3)] * 5 + [closed(2, EXPLAINED, [4] * 3)] * 5, "", None, 0),
        ("explained ones are of four days, confirmed ones of nine",
         [closed(1, CONFIRMED, [9] * 3)] * 3 + [closed(2, EXPLAINED, [4] * 3)] * 9, "days", 4, 0),
        ("explained ones have three rows, confirmed ones six, and the days are alike",
         [closed(1, CONFIRMED, [5] * 6)] * 3 + [closed(2, EXPLAINED, [5] * 3)] * 9, "at_least", 4, 0),
        ("one confirmed case is lost, for there is nothing that tells it from explained ones",
         [closed(1, CONFIRMED, [5] * 6)] * 2 + [closed(3, CONFIRMED, [5] * 3)] + [closed(2, EXPLAINED, [5] * 3)] * 9,
         "at_least", 4, 1),
        ("nothing tells them apart",
         [closed(1, CONFIRMED, [5] * 3)] + [closed(2, EXPLAINED, [5] * 3)] * 9, "", None, 0),
        ("open cases say nothing", [closed(1, CaseState.OPEN, [9] * 3)] * 30, "", None, 0),
        ("cases of another signal say nothing", [closed(1, EXPLAINED, [9] * 3, "other")] * 30, "", None, 0),
    ],
)  # fmt: skip
def test_which_threshold_closed_cases_speak_for(why, cases, parameter, proposed, lost):
    found = proposal_of(cash, cases)
    assert (found.parameter, found.proposed, found.lost) == (parameter, proposed, lost), f"{why}: {found.why}"


def test_a_proposal_is_lines_of_the_rule_that_can_be_put_in():
    cases = [closed(1, CONFIRMED, [9] * 3)] * 3 + [closed(2, EXPLAINED, [4] * 3)] * 9
    assert proposal_of(cash, cases).yaml == "# tried: was 3\nlooks_for:\n  days: 4\n"


def test_precision_is_confirmed_of_closed_with_its_interval():
    cases = [closed(1, CONFIRMED, [9]), closed(2, EXPLAINED, [9]), closed(3, CaseState.OPEN, [9])]
    known = precision_of(cash, cases)
    assert (known.open, known.closed, known.confirmed, known.share) == (1, 2, 1, Decimal("0.5"))
    assert known.interval is not None
    assert precision_of(cash, []).share is None


def test_a_closed_case_keeps_its_state():
    case = closed(1, CONFIRMED, [9])
    assert not case.is_open
    assert replace(case, state=CaseState.OPEN).is_open
