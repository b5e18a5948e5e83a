"""Reports of a small book: files of its nights, figures as they were stored, and a team's own copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.results import read_kpis
from adapters.store.runs import begin_attempt, files_of_run
from adapters.world import open_world, registered_file
from domain.manifest import Stage
from domain.records import Grain, ValueState
from flows.cli import app
from kpi_rules.plan import plan_kpis
from kpi_rules.views import RECOVERY_RATES
from reports.languages import Language
from reports.scopes import Scope
from tasks.stages import weekly
from tasks.stages.actions import list_actions
from tasks.stages.opening import open_book
from tasks.stages.reporting import ReportKind, report_files
from tasks.stages.rules import sound_rules
from tasks.stages.weekly import is_last_working_day_of_week
from tests.conftest import SteppingClock
from tests.reports.reading import Page
from tests.stages.conftest import night_of, put_book

pytestmark = pytest.mark.slow

FIRST, THURSDAY, FRIDAY = date(2026, 9, 1), date(2026, 9, 3), date(2026, 9, 4)


@pytest.fixture(scope="module")
def reported(tmp_path_factory, book):
    """A world whose last night is a full one, on the last working day of a week."""
    world = open_world(Settings(home=tmp_path_factory.mktemp("reported") / "home"), clock=SteppingClock())
    put_book(world, book)
    night_of(world, FIRST, (Stage.GATE,))
    open_book(world, FIRST, begin_attempt(world.store, "open", FIRST), by="operations")
    night_of(world, date(2026, 9, 2), (Stage.GATE,))
    night_of(world, THURSDAY, (Stage.GATE, Stage.ALLOCATE))
    return world, night_of(world, FRIDAY)


def page_of(path):
    return Page(path.read_text(encoding="utf-8"))


def test_the_night_has_its_daily_report_and_every_figure_in_it_ties_out(reported):
    world, night = reported
    with world.store.read() as connection:
        files = files_of_run(connection, night.run)
        kpis = {(each.kpi, each.grain, each.entity): each for each in read_kpis(connection, night.run)}
    page = page_of(registered_file(world, files["daily.html"].path, files["daily.html"].sha256))
    assert files["daily.xlsx"].path.endswith(f"{night.run}/daily.xlsx")
    assert page.problems == []
    assert "daily.html" in page_of(world.settings.home / files["night.html"].path).text

    owned = str(kpis["accounts_owned", Grain.PORTFOLIO, "portfolio"].value)
    assert page.row("Accounts in all buckets, and the KPI “Accounts owned”")[1:] == [owned, owned, "✓ equal"]
    broken = kpis["broken_promises", Grain.PORTFOLIO, "portfolio"].value
    kept = kpis["promise_kept", Grain.PORTFOLIO, "portfolio"]
    assert broken == kept.denominator - kept.numerator
    assert "not equal" not in page.text


def test_on_request_it_is_written_for_the_book_each_department_and_each_team(reported, tmp_path):
    world, night = reported
    files = {
        path.relative_to(tmp_path).as_posix()
        for path in report_files(world, ReportKind.DAILY, FRIDAY, Language.ENGLISH, tmp_path)
    }
    assert {"daily.html", "daily.xlsx", "departments/field.html", "teams/FD-1.html", "teams/FD-1.xlsx"} <= files
    with world.store.read() as connection:
        stored = files_of_run(connection, night.run)["daily.html"]
    assert (tmp_path / "daily.html").read_bytes() == (world.settings.home / stored.path).read_bytes()


def test_a_team_has_only_its_own_people_in_the_language_asked_for(reported, tmp_path):
    world, _ = reported
    (path, _) = report_files(world, ReportKind.DAILY, FRIDAY, Language.VIETNAMESE, tmp_path, Scope(Grain.TEAM, "FD-1"))
    page = page_of(path)
    assert page.title.startswith("Báo cáo ngày")
    shown = {word for word in page.text.split() if word.startswith(("FD-", "PE-", "LG-"))}
    assert shown == {"FD-1"}


def test_what_cannot_be_reported_is_refused_with_a_suggestion(reported, tmp_path):
    world, _ = reported
    with pytest.raises(RefusedError, match="REP001 no night of 2026-09-03 has measured"):
        report_files(world, ReportKind.DAILY, THURSDAY, Language.ENGLISH, tmp_path)
    with pytest.raises(RefusedError, match=r'REP002 nobody works in the team "FD1"\. Did you mean "FD-1"'):
        report_files(world, ReportKind.DAILY, FRIDAY, Language.ENGLISH, tmp_path, Scope(Grain.TEAM, "FD1"))
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_where_the_files_are(reported, tmp_path, monkeypatch):
    world, _ = reported
    monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
    asked = ["report", "daily", "--date", str(FRIDAY), "--team", "FD-1", "--to", str(tmp_path), "--json"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert f"{tmp_path}/FD-1.html" in told.stdout
    both = CliRunner().invoke(app, [*asked, "--department", "field"])
    assert (both.exit_code, "either --team or --department" in both.output) == (2, True)


def test_the_last_working_day_of_a_week_has_its_weekly_report_and_too_few_weeks_are_said(reported):
    world, night = reported
    folder = world.settings.home / "reports" / "weekly" / str(FRIDAY)
    page = page_of(folder / "weekly.html")
    assert "Not yet known: 1 of the 3 weekly nights" in page.text
    assert night.run in page.text, "it names the runs that it was made from"
    assert {"FD-1.html", "FD-1.xlsx"} <= {path.name for path in (folder / "teams").iterdir()}
    assert not (world.settings.home / "reports" / "monthly").exists()
    assert list_actions(world) == ()
    drawn = (folder / "weekly.html").read_text(encoding="utf-8")
    assert "<title" in drawn.partition('id="month-end"')[2], "the course leads to what was recovered, so it is drawn"


def test_who_falls_behind_gets_one_coaching_action_however_often_the_week_is_reported(reported, tmp_path):
    world, night = reported
    hasty = replace(world, settings=world.settings.model_copy(update={"behind_weeks": 1, "behind_share": Decimal(1)}))
    report_files(hasty, ReportKind.WEEKLY, FRIDAY, Language.ENGLISH, tmp_path)
    found = list_actions(world)
    assert found
    assert {each.opened.source for each in found} == {"falling_behind"}
    employee = next(each for each in found if each.opened.subject_kind == "employee")
    assert employee.opened.run == night.run
    assert employee.owner.startswith("E")
    assert (employee.deadline - FRIDAY).days == 14
    assert employee.action_id in page_of(tmp_path / "weekly.html").text
    report_files(hasty, ReportKind.WEEKLY, FRIDAY, Language.CHINESE, tmp_path)
    assert list_actions(world) == found


def test_the_monthly_report_ties_out_with_the_kpis(reported, tmp_path):
    world, _ = reported
    report_files(world, ReportKind.MONTHLY, FRIDAY, Language.ENGLISH, tmp_path)
    page = page_of(tmp_path / "monthly.html")
    assert page.row("Accounts of all vintages, and the KPI of accounts owned")[-1] == "✓ equal"
    assert page.row("Accounts one bucket on, in the roll table and by the KPI of roll rates")[-1] == "✓ equal"


@pytest.mark.parametrize(
    ("day", "off", "is_last"),
    [(30, (), True), (29, (), False), (29, (30,), True), (30, (30,), False), (31, (), False)],
    ids=["Friday", "Thursday", "Thursday before a holiday", "the holiday", "Saturday"],
)
def test_the_last_working_day_of_a_week_is_that_of_the_calendar(day, off, is_last):
    calendar = frozenset(date(2026, 10, each) for each in range(26, 31) if each not in off)
    assert is_last_working_day_of_week(date(2026, 10, day), calendar) is is_last


def test_a_week_asks_for_no_table_that_its_session_has_not(reported):
    """What partners are scored by reads the month's rates of recovery: the weekly report crashed on it."""
    world, night = reported
    rules = sound_rules(world.settings.rules).kpis.on(FRIDAY)
    wanted = replace(rules, figures=tuple(weekly._needed(rules)))
    every = plan_kpis(rules, start=FRIDAY, as_of=FRIDAY, halted=frozenset())
    asked = plan_kpis(wanted, start=FRIDAY, as_of=FRIDAY, halted=frozenset())
    assert any(RECOVERY_RATES.name in scan.reads for scan in every.statements), "some KPI reads them"
    assert {placed.rule.scores for placed in rules.scorecards} > {None}, "there is a scorecard of partners"
    assert [scan.name for scan in asked.statements if RECOVERY_RATES.name in scan.reads] == []
    assert weekly.weekly_facts(world, night, rules, Language.ENGLISH, opens_actions=False).cards


def test_a_department_may_be_scored_beside_what_was_expected(reported):
    """Expected recovery reads the rates that the night has written: they are a view of the week's session too."""
    world, night = reported
    rules = sound_rules(world.settings.rules).kpis.on(FRIDAY)
    first = next(placed for placed in rules.scorecards if placed.rule.scores is None)
    part = first.rule.parts[0].model_copy(update={"kpi": "recovery_vs_expected"})
    card = replace(first, rule=first.rule.model_copy(update={"parts": (*first.rule.parts, part)}))
    cards = tuple(card if placed is first else placed for placed in rules.scorecards)
    asked = replace(rules, scorecards=cards)
    assert "recovery_vs_expected" in {each.id for each in weekly._needed(asked)}
    found = weekly.weekly_facts(world, night, asked, Language.ENGLISH, opens_actions=False)
    (whole,) = (
        each for each in found.this_week
        if (each.kpi, each.grain, each.currency) == ("recovery_vs_expected", Grain.PORTFOLIO, "VND")
    )  # fmt: skip
    assert whole.state is ValueState.NO_VALUE, "no month before this one: nothing is expected yet"
