"""A measured month beside an old result: figures put in, the policies paid again, page, workbook and JSON."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.nights import newest_measured_nights
from adapters.store.results import read_kpis, read_payout_lines, read_scores
from adapters.store.schema import kpi_results
from domain.periods import Period
from domain.records import Grain
from incentives.old_result import Layout
from incentives.parallel_run import Cause
from kpi_rules.regrading import Given, regraded
from reports.languages import Language
from reports.parallel_run_report import parallel_run_report
from tasks.stages.parallel_run import compare_with_old, write_parallel_run
from tasks.stages.rules import sound_rules
from tests.conftest import copy_of

SEPTEMBER, NIGHT = Period(2026, 9), date(2026, 9, 3)
COLUMNS = {"payee": "payee", "amount": "amount", "component": "component", "currency": "currency"}


@pytest.fixture(scope="module")
def ours(measured_world):
    """Lines, scores and KPI results of the last night."""
    with measured_world.store.read() as connection:
        run = newest_measured_nights(connection)[NIGHT]
        return (
            read_payout_lines(connection, run, "bonus"),
            read_scores(connection, run),
            read_kpis(connection, run),
        )


def old_file(tmp_path, lines, header=(), **more):
    """Ours as an old result, with more columns by payee."""
    path = tmp_path / "old.csv"
    rows = ["payee,component,currency,amount" + "".join(f",{name}" for name in header)]
    for line in lines:
        cells = [more.get(line.payee, {}).get(name, "") for name in header]
        amount = more.get(line.payee, {}).get("amount", line.amount)
        rows.append(
            ",".join(map(str, (line.payee, line.component.partition(":")[0], line.currency, f"{amount:f}", *cells)))
        )
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def compare(world, path, *more, cut_off=None):
    return compare_with_old(
        world, SEPTEMBER, path, Layout({**COLUMNS, **{each: each for each in more}}), cut_off=cut_off
    )


def test_equal_results_have_no_difference_and_tie_out(measured_world, ours, tmp_path):
    lines, _, _ = ours
    found = compare(measured_world, old_file(tmp_path, lines), cut_off=date(2026, 9, 2))
    assert {each.difference for each in found.differences} == {0}
    assert [each for each in found.differences if each.explained or each.notes] == []
    report = parallel_run_report(found)
    assert report.tie_outs
    assert all(tie.is_equal for tie in report.tie_outs)


def test_every_stored_score_comes_out_again_when_it_is_graded_again(measured_world, ours):
    rules = sound_rules(measured_world.settings.rules).kpis.on(NIGHT)
    cards = {placed.rule.id: placed.rule for placed in rules.scorecards}
    figures = {figure.id: figure for figure in rules.figures}
    _, scores, _ = ours
    scored = [score for score in scores if score.score is not None]
    assert scored
    for score in scored:
        assert regraded(cards[score.scorecard], score, figures, Given()).score == score.score
        part = next(each for each in score.parts if each.attainment is not None)
        halved = regraded(cards[score.scorecard], score, figures, Given(attainments={part.kpi: Decimal(0)}))
        assert halved.score <= score.score


def test_an_old_score_and_an_old_kpi_explain_what_the_policies_pay_with_them(measured_world, ours, tmp_path):
    lines, scores, results = ours
    scored = {score.entity for score in scores if score.score is not None}
    collector = next(line for line in lines if line.payee in scored and line.currency == "VND")
    leader = next(line for line in lines if line.component.startswith("leader_bonus") and line.amount > 1)
    recovered = next(step.value for step in leader.steps if step.name == "recovered")
    columns = ("score", "kpi:recovered")
    more = {collector.payee: {"score": 120}, leader.payee: {"kpi:recovered": 0, "amount": Decimal(0)}}
    first = compare(measured_world, old_file(tmp_path, lines, columns, **more), *columns)
    (by_score,) = next(each.explained for each in first.differences if each.payee == collector.payee)
    assert (by_score.cause, by_score.amount < 0) == (Cause.SCORE, True)  # with 120 points the policy pays more
    more[collector.payee]["amount"] = collector.amount - by_score.amount
    found = compare(measured_world, old_file(tmp_path, lines, columns, **more), *columns)
    differing = {each.payee: each for each in found.differences if each.difference}
    assert differing.keys() == more.keys()
    assert {each.unexplained for each in differing.values()} == {0}
    (by_kpi,) = differing[leader.payee].explained
    assert (by_kpi.cause, by_kpi.name, by_kpi.amount) == (Cause.FIGURE, "recovered", leader.amount)
    assert recovered in {each.value for each in results if each.grain is Grain.TEAM}


def test_what_came_after_the_cut_off_is_named_where_it_brings_the_two_together(measured_world, ours, tmp_path, request):
    """In this copy nothing had been recovered by the second."""
    lines, _, _ = ours
    paid = {line.payee: line.amount for line in lines if line.component.startswith("leader_bonus") and line.amount > 1}
    leader, other = sorted(paid)[:2]
    with copy_of(measured_world, tmp_path / "home", request) as world:
        with world.store.write("test") as connection:
            run = newest_measured_nights(connection)[date(2026, 9, 2)]
            mine = sa.and_(kpi_results.c.run_id == run, kpi_results.c.kpi == "recovered")
            connection.exec_driver_sql("DROP TRIGGER guard_kpi_results_update")
            connection.execute(kpi_results.update().where(mine).values(value=Decimal(0)))
        path = old_file(tmp_path, lines, **{leader: {"amount": Decimal(0)}})
        found = compare(world, path, cut_off=date(2026, 9, 2))
    explained = {each.payee: each.explained for each in found.differences}
    (cause,) = explained[leader]
    assert (cause.cause, cause.name, cause.amount) == (Cause.AFTER_CUT_OFF, "recovered", paid[leader])
    assert cause.text.startswith("0 at the cut-off, ")
    assert explained[other] == ()  # the old result had what came later


REFUSED = {
    "a KPI that nobody measures": (("kpi:recoverd",), None, "PAR017", '"recovered"'),
    "a cut-off outside the month": ((), date(2026, 8, 31), "PAR003", "a day of the month"),
    "a cut-off that was not measured": ((), date(2026, 9, 20), "PAR003", "recoup rerun --date 2026-09-20"),
}


@pytest.mark.parametrize(("header", "cut_off", "code", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_cannot_be_compared_is_refused(measured_world, ours, tmp_path, header, cut_off, code, said):
    lines, _, _ = ours
    more = {line.payee: dict.fromkeys(header, 1) for line in lines}
    with pytest.raises(RefusedError) as refused:
        compare(measured_world, old_file(tmp_path, lines, header, **more), *header, cut_off=cut_off)
    assert code in str(refused.value)
    assert said in str(refused.value)


def test_a_month_without_a_night_is_refused(measured_world, ours, tmp_path):
    with pytest.raises(RefusedError, match="PAR001"):
        compare_with_old(measured_world, Period(2026, 7), old_file(tmp_path, ours[0]), Layout(COLUMNS))


def test_page_workbook_and_json_say_the_same(measured_world, ours, tmp_path):
    found = compare(measured_world, old_file(tmp_path, ours[0][1:]))
    page, workbook, data = write_parallel_run(measured_world, found, tmp_path / "out")
    missing = ours[0][0].payee
    assert missing in page.read_text(encoding="utf-8")
    sheets = openpyxl.load_workbook(workbook)
    assert {row[0] for row in sheets.worksheets[2].iter_rows(min_row=5, values_only=True)} == {missing}
    (difference,) = [each for each in json.loads(data.read_text())["differences"] if each["explained"]]
    assert (difference["payee"], difference["old"]) == (missing, None)
    assert page.read_bytes() == write_parallel_run(measured_world, found, tmp_path / "again")[0].read_bytes()


@pytest.mark.parametrize("language", list(Language))
def test_the_report_is_in_every_language(measured_world, ours, tmp_path, language):
    report = parallel_run_report(compare(measured_world, old_file(tmp_path, ours[0])), language)
    assert report.title
    assert [section.name for section in report.sections] == ["causes", "payees", "details", "notes"]
