"""Signals of a month: run again nothing is raised twice, what grows is added, and people close cases within rules."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from adapters.errors import RefusedError, StoreError
from adapters.store.results import read_kpis
from adapters.store.runs import begin_attempt, record_run
from adapters.store.schema import actions, signal_cases, signal_evidence, signal_findings, signal_runs
from adapters.store.signals import RaisedCase, SignalRun, read_signal_cases, record_signal_run
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.actions import ActionDecision, ActionDecisionKind, NewAction
from domain.ids import AttemptId, Digest, digest_of
from domain.manifest import ConfirmedSignal, Manifest, RunKind, Stage
from domain.periods import Period
from domain.records import Grain
from domain.signals import BaseRate, CaseState, EvidenceRow, SignalCase, SignalFigures, SubjectKind
from flows.cli import app
from reports.scopes import Posting, Scope, pages_of
from tasks.stages.actions import decide_action
from tasks.stages.confirmed_signals import confirmed_signals, untold_signals
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night
from tasks.stages.rules import sound_rules
from tasks.stages.signal_cases import close_case, list_cases, show_case
from tasks.stages.signals import due_signals, interested_in, run_signals
from tasks.stages.signals_of import signals_of
from tests.conftest import copy_of
from tests.stages.books import edit, house_book
from tests.stages.conftest import night_of

SEPTEMBER, THIRD, DAY = Period(2026, 9), date(2026, 9, 3), date(2026, 9, 30)
MEASURED = (Stage.GATE, Stage.MEASURE)
EMPLOYEE = SubjectKind.EMPLOYEE
CASE_ID = "signal-cash_kept-E1-2026-09"

# A signal at which the clean book of three days fires: every call that reached somebody is short.
LOOSE = {
    "kpi_rules/signals/work.yaml": (
        ("      seconds: 3\n", "      seconds: 60\n"),
        (
            "      outcomes: [right_party, promise, refused]\n    case: {at_least: 5, peers_at_most: 0.01",
            "      outcomes: [right_party, promise, refused]\n    case: {at_least: 1, peers_at_most: 0.0001",
        ),
    )
}


@pytest.fixture(scope="module")
def loose_world(request, tmp_path_factory, measured_world):
    """The measured world with a rule book in which one signal fires at honest people."""
    rules = edit(house_book(tmp_path_factory.mktemp("loose") / "rules"), LOOSE)
    with copy_of(measured_world, tmp_path_factory.mktemp("loose-home") / "home", request) as world:
        loose = open_world(world.settings.model_copy(update={"rules": rules}), clock=world.seam.clock)
        known = {each.version.digest for each in sound_rules(measured_world.settings.rules).contents()}
        new = [each for each in sound_rules(rules).contents() if each.version.digest not in known]
        sign(loose.store, new, proposer="proposer", signer="signer")
        run_signals(loose, SEPTEMBER, None)
        yield loose


def test_a_month_is_looked_at_once_and_raises_each_case_once(loose_world):
    before = _counts(loose_world)
    assert before["signal_cases"] > 0
    again = run_signals(loose_world, SEPTEMBER, None)
    assert again.was_known
    assert again.opened == ()
    assert _counts(loose_world) == before
    cases = list_cases(loose_world, period=SEPTEMBER)
    assert {case.signal for case in cases} == {"short_contacts"}
    assert len({case.case_id for case in cases}) == len(cases) == before["actions"]


def test_a_case_has_its_rows_its_figures_and_its_words(loose_world):
    case = next(each for each in list_cases(loose_world) if each.subject_kind is EMPLOYEE)
    assert case.figures.hits == len(case.evidence) > 0
    assert {row.table for row in case.evidence} == {"contacts"}
    assert all(0 <= row.figure <= 60 and row.day <= date(2026, 9, 3) for row in case.evidence)
    assert f"fired at {case.figures.hits} of {case.figures.rows} rows" in case.about
    assert case.subject_id in case.interested
    assert case.department
    assert signals_of(loose_world, EMPLOYEE, case.subject_id, SEPTEMBER) == (case,)
    assert signals_of(loose_world, EMPLOYEE, case.subject_id, Period(2026, 8)) == ()


def test_a_team_sees_its_own_people_and_no_partner(loose_world):
    every = list_cases(loose_world)
    case = next(each for each in every if each.team)
    mine = list_cases(loose_world, scope=Scope(Grain.TEAM, case.team))
    assert mine == tuple(each for each in every if each.team == case.team)
    assert len(mine) < len(every)
    assert list_cases(loose_world, scope=Scope(Grain.TEAM, "")) == ()


def test_the_commands_list_show_and_close(loose_world, request, tmp_path, monkeypatch):
    with copy_of(loose_world, tmp_path / "home", request) as world:
        monkeypatch.setenv("RECOUP_HOME", str(world.settings.home))
        monkeypatch.setenv("RECOUP_RULES", str(world.settings.rules))
        run = CliRunner().invoke
        listed = json.loads(run(app, ["signals", "list", "--open", "--json"]).stdout)
        name = listed[0]["case_id"]
        files = json.loads(run(app, ["signals", "report", "--month", "2026-09", "--json"]).stdout)
        assert [Path(each).name for each in files[:2]] == ["signals.html", "signals.xlsx"]
        assert all(Path(each).exists() for each in files)
        assert "INT028" in str(run(app, ["signals", "report", "--month", "2026-08"]).exception)
        assert "Evidence" in run(app, ["signals", "show", name]).stdout
        assert run(app, ["signals", "close", name, "--by", "demo auditor"]).exit_code == 2
        asked = ["signals", "close", name, "--by", "demo auditor", "--explained", "--reason", "a bad line", "--json"]
        assert json.loads(run(app, asked).stdout)["state"] == "explained"
        assert name not in run(app, ["signals", "list", "--open", "--json"]).stdout
        tuned = json.loads(run(app, ["signals", "tune", "--json"]).stdout)
        assert {known["signal"]: known["closed"] for known, _ in tuned}["short_contacts"] == 1


def test_no_night_no_signals(world):
    with pytest.raises(RefusedError, match="INT020 no night of 2026-09 has measured"):
        run_signals(world, SEPTEMBER, None)


def test_unsigned_signals_do_not_look_and_a_night_before_the_last_day_has_none(measured_world, request, tmp_path):
    rules = edit(house_book(tmp_path / "rules"), LOOSE)
    with copy_of(measured_world, tmp_path / "home", request) as world:
        loose = open_world(world.settings.model_copy(update={"rules": rules}), clock=world.seam.clock)
        done = run_signals(loose, SEPTEMBER, None)
        assert done.left_out["short_contacts"] == "nobody has signed it"
        assert "short_contacts" not in {rate.signal for rate in done.rates}
        assert "cash_kept" in {rate.signal for rate in done.rates}


@pytest.mark.slow
def test_a_confirmed_case_is_a_figure_of_the_night_that_is_run_again(loose_world, request, tmp_path):
    """Open and explained ones are none, and one that was opened again is one no more."""
    with copy_of(loose_world, tmp_path / "home", request) as world:
        one, other, *_ = [case for case in list_cases(world) if case.subject_kind is EMPLOYEE]
        first = night_of(world, THIRD, MEASURED)
        for case, state in ((one, CaseState.CONFIRMED), (other, CaseState.EXPLAINED)):
            close_case(world, case.case_id, state, by="demo auditor", reason="looked", day=DAY, attempt=None)
        second = night_of(world, THIRD, MEASURED)
        reopened = ActionDecision(ActionDecisionKind.REOPENED, "demo auditor", DAY, reason="the wrong calls")
        decide_action(world, one.case_id, reopened, None)
        third = night_of(world, THIRD, MEASURED)
        with world.store.read() as connection:
            named = [manifest_of(connection, each.run).signals for each in (first, second, third)]
            found = [read_kpis(connection, each.run, {"confirmed_signals"}) for each in (first, second, third)]
    confirmed = ConfirmedSignal(one.case_id, one.signal, THIRD, DAY, "demo auditor", employee_id=one.subject_id)
    assert named == [(), (confirmed,), ()]
    assert [_figures(each) for each in found] == [{}, {one.subject_id: 1}, {}]


def _figures(results):
    return {each.entity: each.value for each in results if each.grain is Grain.EMPLOYEE and each.value}


# ---- the store, on both databases


@pytest.fixture
def night(any_world):
    manifest = Manifest(RunKind.NIGHTLY, DAY, DAY, (Stage.MEASURE,), digest_of("program"), ())
    return record_run(any_world.store, manifest, begin_attempt(any_world.store, "night", DAY))


def raised(rows, night, interested=("E1", "E9")):
    evidence = tuple(EvidenceRow(DAY, f"Y{each}", "payments", "A1", "", Decimal(5)) for each in range(rows))
    figures = SignalFigures(20, rows, 500, 1, Decimal("0.0123"), Decimal("0.0000001"))
    action = NewAction("signal", "cash_kept-E1-2026-09", "employee", "E1", f"{rows} rows", "integrity_officers",
                       "internal_audit", DAY, date(2026, 10, 20), night)  # fmt: skip
    case = SignalCase(CASE_ID, "cash_kept", "Cash paid in late", Digest("d"), EMPLOYEE, "E1", SEPTEMBER, "field", "F1",
                      f"{rows} rows", figures, DAY, date(2026, 10, 20), "integrity_officers", evidence=evidence,
                      interested=interested)  # fmt: skip
    return RaisedCase(action, case, ("integrity_officers",))


def record(world, night, name, found):
    run = SignalRun(name, SEPTEMBER, DAY, night, (), digest_of("program"), {})
    rates = [BaseRate("cash_kept", "Cash paid in late", EMPLOYEE, "", 500, 4, 20, 1)]
    with world.store.write("signals_recorded") as connection:
        return record_signal_run(world.store, connection, run, rates, found, None)


def test_what_a_later_run_finds_is_added_also_to_a_closed_case(any_world, night):
    assert [each.action_id for each in record(any_world, night, "one", [raised(3, night)])] == [CASE_ID]
    who = _login(any_world, "demo auditor")
    decision = ActionDecision(ActionDecisionKind.CLOSED, who, DAY, "explained", "far from a branch")
    decide_action(any_world, CASE_ID, decision, None, of_signal=True)
    assert record(any_world, night, "two", [raised(5, night)]) == ()
    (case,) = _cases(any_world)
    assert (case.state, case.reason, case.closed_by) == (CaseState.EXPLAINED, "far from a branch", who)
    assert [row.row_id for row in case.evidence] == ["Y0", "Y1", "Y2", "Y3", "Y4"]
    assert case.figures.hits == 5
    assert case.about == "5 rows"
    assert _counts(any_world)["signal_findings"] == 2
    assert _counts(any_world)["actions"] == 1


def test_what_was_confirmed_counts_for_the_month_that_it_is_about(any_world, night):
    record(any_world, night, "one", [raised(3, night)])
    who = _login(any_world, "demo auditor")
    assert (_confirmed(any_world), _told(any_world)) == ((), [])
    closed = ActionDecision(ActionDecisionKind.CLOSED, who, date(2026, 10, 9), "confirmed", "read the receipts")
    decide_action(any_world, CASE_ID, closed, None, of_signal=True)
    assert _confirmed(any_world) == (
        ConfirmedSignal(CASE_ID, "cash_kept", DAY, date(2026, 10, 9), who, employee_id="E1"),
    )
    assert _confirmed(any_world, date(2026, 9, 29)) == (), "a night before has it not"
    assert _confirmed(any_world, date(2026, 10, 31)) == _confirmed(any_world), "a window may reach back to it"
    assert _told(any_world) == [], "no night has measured"


def _confirmed(world, day=DAY):
    with world.store.read() as connection:
        return confirmed_signals(connection, day)


def _told(world):
    with world.store.read() as connection:
        return [*untold_signals(connection, SEPTEMBER)]


def test_figures_come_back_as_they_were_stored(any_world, night):
    wanted = raised(3, night)
    record(any_world, night, "one", [wanted])
    assert _cases(any_world) == (wanted.case,)


def test_nothing_of_a_case_can_be_changed(any_world, night):
    record(any_world, night, "one", [raised(3, night)])
    for statement in (
        signal_evidence.update().values(figure=Decimal(0)),
        signal_cases.delete(),
        signal_findings.update().values(hits=0),
    ):
        with (
            pytest.raises((sa.exc.DatabaseError, StoreError), match="append-only"),
            any_world.store.write("x") as write,
        ):
            write.execute(statement)


@pytest.mark.parametrize(
    ("by", "reason", "state", "codes"),
    [
        ("demo auditor", "looked at receipts", CaseState.CONFIRMED, []),
        ("demo auditor", " ", CaseState.CONFIRMED, ["INT026"]),
        ("demo manager", "looked", CaseState.EXPLAINED, ["INT024"]),
        ("demo auditor", "looked", CaseState.OPEN, ["INT023"]),
        ("E9", "looked", CaseState.EXPLAINED, ["INT024", "INT025"]),
        ("E1", "", CaseState.EXPLAINED, ["INT024", "INT025", "INT026"]),
    ],
)
def test_who_closes_a_case_and_how(any_world, night, by, reason, state, codes):
    if _login(any_world, by) != by and not codes:
        pytest.skip("on PostgreSQL the auditor has a login of their own: test_logins.py")
    sign(any_world.store, sound_rules(any_world.settings.rules).contents(), proposer="proposer", signer="signer")
    record(any_world, night, "one", [raised(3, night)])
    if not codes:
        done = close_case(any_world, CASE_ID, state, by=by, reason=reason, day=DAY, attempt=None)
        assert (done.state, done.closed_on, done.closed_by) == (state, DAY, by)
        with pytest.raises(RefusedError, match="ACT002"):
            close_case(any_world, CASE_ID, state, by=by, reason=reason, day=DAY, attempt=None)
        return
    with pytest.raises(RefusedError) as refused:
        close_case(any_world, CASE_ID, state, by=by, reason=reason, day=DAY, attempt=None)
    assert [line[:6] for line in str(refused.value).splitlines()] == codes
    assert show_case(any_world, CASE_ID).is_open


def test_a_case_is_closed_by_its_own_command_only(any_world, night):
    record(any_world, night, "one", [raised(3, night)])
    who = _login(any_world, "somebody")
    decision = ActionDecision(ActionDecisionKind.CLOSED, who, DAY, "done")
    with pytest.raises(RefusedError, match="INT027"):
        decide_action(any_world, CASE_ID, decision, None)
    later = ActionDecision(ActionDecisionKind.EXTENDED, who, DAY, "", "ill", date(2026, 11, 1))
    decide_action(any_world, CASE_ID, later, None)
    assert show_case(any_world, "signal-cash").deadline == date(2026, 11, 1)


def test_a_run_that_is_cut_off_leaves_nothing_and_the_next_one_everything(any_world, night):
    with pytest.raises(ZeroDivisionError):
        _cut_off(any_world, night)
    assert set(_counts(any_world).values()) == {0}
    record(any_world, night, "one", [raised(3, night)])
    assert _counts(any_world)["signal_evidence"] == 3


def test_a_case_that_does_not_exist_is_told_with_those_that_do(any_world):
    with pytest.raises(RefusedError, match="INT022 'x' should name one case; it names none"):
        show_case(any_world, "x")


def test_who_is_paid_by_what_somebody_does():
    postings = [
        Posting("E1", "field", "F1", "collector", "L1"),
        Posting("E2", "field", "F1", "collector", "L1"),
        Posting("L1", "field", "F1", "leader", "M1"),
        Posting("E3", "field", "F2", "collector", "L2"),
        Posting("L2", "field", "F2", "leader", "M1"),
        Posting("M1", "field", "", "manager", "M1"),
    ]
    assert interested_in("E1", postings) == ("E1", "E2", "L1", "M1")
    assert interested_in("M1", postings) == ("M1",)
    assert interested_in("E7", postings) == ("E7",)


@pytest.mark.parametrize(
    ("subject", "pages"),
    [
        ("E1", ("field", "F1")),
        ("L1", ("field", "")),  # who leads the team reads its page
        ("M1", ("", "")),  # sits in a team whose leader is below, and is the head of the department
        ("D1", ("", "")),  # nobody is above
        ("E7", ("", "")),
        ("C1", ("field", "")),  # two who lead each other: no page is above them
    ],
)
def test_a_case_is_on_pages_that_its_subject_does_not_read(subject, pages):
    postings = [
        Posting("E1", "field", "F1", "collector", "L1"),
        Posting("L1", "field", "F1", "leader", "M1"),
        Posting("M1", "field", "F1", "manager", "D1"),
        Posting("D1", "board", "", "director", ""),
        Posting("C1", "field", "F9", "collector", "C2"),
        Posting("C2", "field", "F9", "collector", "C1"),
    ]
    assert pages_of(subject, postings) == pages


def test_the_last_day_of_a_month_is_looked_at_in_its_night(measured_world, request, tmp_path):
    with copy_of(measured_world, tmp_path / "home", request) as world:
        early = Night(digest_of("x")[:24], AttemptId(""), date(2026, 9, 3), RunKind.NIGHTLY)
        assert due_signals(world, early) is None
        last = Night(digest_of("x")[:24], AttemptId(""), DAY, RunKind.NIGHTLY)
        assert due_signals(world, last) is None, "nothing was measured"


def _cut_off(world, night):
    with world.store.write("signals_recorded") as connection:
        run = SignalRun("one", SEPTEMBER, DAY, night, (), digest_of("program"), {})
        record_signal_run(world.store, connection, run, [], [raised(3, night)], None)
        raise ZeroDivisionError


def _login(world, name):
    """On PostgreSQL who decides is whose session it is."""
    return name if world.store.dialect == "sqlite" else "postgres"


def _cases(world):
    with world.store.read() as connection:
        return read_signal_cases(connection)


def _counts(world):
    with world.store.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in (actions, signal_runs, signal_cases, signal_findings, signal_evidence)
        }
