"""The register and the core system: what landed is opened once, revisions are taken in, what people decided counts."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.errors import RefusedError
from adapters.store.ledger import read_entries
from adapters.store.results import read_kpis, read_payout_lines
from adapters.store.runs import begin_attempt
from domain.actions import CORE_SYSTEM, ActionDecision, ActionDecisionKind, Party, Phase, RegisterKind
from domain.manifest import DecidedComplaint, Stage
from domain.periods import Period
from domain.records import Grain
from incentives.batches import DecisionKind
from incentives.contracts import ContractBook
from tasks.stages import decide
from tasks.stages.actions import Filter, action_of, actions_like, decide_action, remind
from tasks.stages.decided_complaints import decided_since
from tasks.stages.entered_actions import Entry, enter_action
from tasks.stages.manifests import manifest_of
from tasks.stages.month_end import prepare
from tasks.stages.register import TakenIn, take_in_landed
from tasks.stages.rules import rules_of_run
from tests.conftest import copy_of
from tests.stages.conftest import night_of

THIRD, FOURTH, LAST = date(2026, 9, 3), date(2026, 9, 4), date(2026, 9, 30)
MEASURED = (Stage.GATE, Stage.MEASURE)
PAID = (Stage.GATE, Stage.MEASURE, Stage.PROJECT)


@pytest.fixture
def book_of_three_days(measured_world, tmp_path, request):
    with copy_of(measured_world, tmp_path / "home", request) as world:
        yield world


@pytest.fixture(scope="module")
def one_complaint(measured_world, tmp_path_factory, request):
    """The book with one complaint about E0007, which the fourth has landed and taken in; only read, never changed."""
    with copy_of(measured_world, tmp_path_factory.mktemp("one-complaint") / "home", request) as world:
        land(world, FOURTH, ("N1", "E0007", FOURTH, "open"))
        taken_in(world, FOURTH)
        yield world


@pytest.fixture
def book_with_a_complaint(one_complaint, tmp_path, request):
    with copy_of(one_complaint, tmp_path / "home", request) as world:
        yield world


@pytest.fixture(scope="module")
def decided_nights(measured_world, tmp_path_factory, request):
    """The fourth, measured three times, and people decide in between; with the runs, and what was entered."""
    with copy_of(measured_world, tmp_path_factory.mktemp("decided") / "home", request) as world:
        account = land(
            world,
            FOURTH,
            ("N1", "E0007", FOURTH, "open"),
            ("N2", "R01", THIRD, "open"),
            ("N3", "E0007", THIRD, "upheld"),
        )
        first, _ = taken_in(world, FOURTH, MEASURED)
        uphold(world, "complaint-N1")
        entry = Entry(RegisterKind.COMPLAINT, "called at night", "demo clerk", FOURTH, "hours", account, partner="R02")
        entered = enter_action(world, entry, None)
        second, _ = taken_in(world, FOURTH, MEASURED)
        uphold(world, "complaint-N2")
        uphold(world, entered.action_id)
        reopened = by("demo hr", "reopened", reason="the call was another one")
        decide_action(world, "complaint-N3", reopened, None)
        third, _ = taken_in(world, FOURTH, MEASURED)
        yield world, (first.run, second.run, third.run), entered


def land(world, day, *complaints):
    """The complaints of the day's extract, in place of those of the demo book: (id, about whom, received, finding)."""
    path = world.settings.landing / str(day) / "complaints.parquet"
    accounts = world.settings.landing / "2026-09-01" / "accounts.parquet"
    (account,) = duckdb.execute(f"SELECT min(account_id) FROM '{accounts}' WHERE jurisdiction = 'VN'").fetchone()
    columns = {
        "complaint_id": [name for name, *_ in complaints],
        "account_id": [account for _ in complaints],
        "employee_id": [who if who.startswith("E") else None for _, who, *_ in complaints],
        "partner_id": [who if who.startswith("R") else None for _, who, *_ in complaints],
        "received_on": [received for _, _, received, _ in complaints],
        "complaint_type": ["conduct" for _ in complaints],
        "answered_on": [None if finding == "open" else day for *_, finding in complaints],
        "finding": [finding for *_, finding in complaints],
    }
    pq.write_table(pa.table(columns, _SCHEMA), path)
    return account


_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("complaint_id", "account_id", "employee_id", "partner_id")]
    + [("received_on", pa.date32()), ("complaint_type", pa.string()), ("answered_on", pa.date32())]
    + [("finding", pa.string())]
)


def taken_in(world, day, stages=(Stage.GATE,)):
    night = night_of(world, day, stages)
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    return night, take_in_landed(world, night, manifest, rules_of_run(world, manifest, None))


def by(name, kind, day=FOURTH, **more):
    return ActionDecision(ActionDecisionKind(kind), name, day, **more)


def uphold(world, action, day=FOURTH):
    decide_action(world, action, by("demo quality", "closed", day, outcome="upheld: recording heard"), None)
    return decide_action(world, action, by("demo manager", "approved", day), None)


def upheld(world, run, grain, entity):
    with world.store.read() as connection:
        found = read_kpis(connection, run, {"upheld_complaints"})
    return sum((each.value or 0) for each in found if (each.grain, each.entity) == (grain, entity))


def test_what_landed_is_opened_once_by_the_terms_of_its_kind_and_place(book_of_three_days):
    world = book_of_three_days
    account = land(world, FOURTH, ("N1", "E0007", FOURTH, "open"), ("N2", "R01", THIRD, "open"))
    _, first = taken_in(world, FOURTH)
    assert (first.opened >= 2, first.closed) == (True, first.revised)
    action = action_of(world, "complaint-N1")
    assert (action.kind, action.opened.employee, action.opened.account) == (RegisterKind.COMPLAINT, "E0007", account)
    assert (action.opened.code, action.opened.jurisdiction) == ("conduct", "VN")
    assert (action.deadline, action.opened.due_by[:14]) == (date(2026, 9, 15), "7 working days")
    assert action.owner not in {"", "E0007", "head_of_quality"}, "the employee's leader"
    assert action_of(world, "complaint-N2").owner == "head_of_quality"
    assert taken_in(world, FOURTH)[1] == TakenIn(), "again: nothing"
    assert taken_in(world, THIRD)[1] == TakenIn(), "an older night: nothing"


def test_what_the_core_system_decides_closes_what_nobody_decided_here_and_contradicts_nobody(book_of_three_days):
    world = book_of_three_days
    land(world, THIRD, ("N1", "E0007", THIRD, "open"), ("N2", "R01", THIRD, "open"))
    taken_in(world, THIRD)
    uphold(world, "complaint-N2", THIRD)
    land(world, FOURTH, ("N1", "E0007", THIRD, "upheld"), ("N2", "R01", THIRD, "rejected"))
    _, taken = taken_in(world, FOURTH)
    assert (taken.revised, taken.closed) == (2, 1)
    closed, other = action_of(world, "complaint-N1"), action_of(world, "complaint-N2")
    assert (closed.phase, closed.code, closed.closed_by) == (Phase.CLOSED, "upheld", CORE_SYSTEM)
    assert (other.code, other.closed_by, other.differs_from_source) == ("upheld", "demo manager", True)
    assert actions_like(world, Filter(only_differing=True)) == (other,)
    assert taken_in(world, THIRD)[1] == TakenIn(), "what the older night says is older"
    assert taken_in(world, FOURTH)[1] == TakenIn()


def test_what_the_core_system_takes_back_opens_again_what_it_had_closed(book_of_three_days):
    world = book_of_three_days
    land(world, THIRD, ("N1", "E0007", THIRD, "rejected"))
    taken_in(world, THIRD)
    land(world, FOURTH, ("N1", "E0007", THIRD, "open"))
    taken_in(world, FOURTH)
    action = action_of(world, "complaint-N1")
    assert (action.phase, action.reopened.by) == (Phase.OPEN, CORE_SYSTEM)
    night = night_of(world, FOURTH, (Stage.GATE,))
    with world.store.read() as connection:
        assert manifest_of(connection, night.run).complaints == (), "the core system says it itself"


def test_what_people_found_counts_from_the_next_night_on_for_employee_and_partner(decided_nights):
    world, runs, entered = decided_nights
    assert [upheld(world, run, Grain.EMPLOYEE, "E0007") for run in runs] == [1, 2, 1]
    assert [upheld(world, run, Grain.PARTNER, "R01") for run in runs] == [0, 0, 1]
    with world.store.read() as connection:
        named = [each for each in manifest_of(connection, runs[-1]).complaints if each.action != entered.action_id]
    assert named == [
        DecidedComplaint("N1", "upheld", FOURTH, "complaint-N1", "demo manager"),
        DecidedComplaint("N2", "upheld", FOURTH, "complaint-N2", "demo manager"),
        DecidedComplaint("N3", "open", None, "complaint-N3", "demo hr"),
    ]


def test_a_complaint_that_came_to_the_house_alone_counts_like_one_that_landed(decided_nights):
    world, runs, entered = decided_nights
    assert (entered.action_id, entered.opened.unit != "") == (f"entered-complaint-{FOURTH}-1", True)
    assert [upheld(world, run, Grain.PARTNER, "R02") for run in runs] == [0, 0, 1]
    with world.store.read() as connection:
        counts = [_received(connection, run) for run in runs]
    assert [count - counts[0] for count in counts] == [0, 1, 1]


def _received(connection, run):
    (found,) = (each for each in read_kpis(connection, run, {"complaints_received"}) if each.grain is Grain.PORTFOLIO)
    return found.value


@pytest.mark.slow
def test_what_is_decided_after_the_month_was_paid_is_told_and_posts_the_difference(book_of_three_days):
    """Landed open, paid; upheld in the register; the night again: the gate takes its part, and opening it again gives
    it back."""
    world, september = book_of_three_days, Period(2026, 9)
    land(world, LAST, ("N0", "R01", FOURTH, "open"))
    night = night_of(world, LAST, PAID)
    with world.store.read() as connection:
        lines = read_payout_lines(connection, night.run, "bonus")
    line = max((line for line in lines if line.scope == "field" and line.currency == "VND"), key=_amount)
    land(world, LAST, ("N1", line.payee, FOURTH, "open"))
    taken_in(world, LAST, PAID)
    whole = _paid_now(world, september, line)
    assert whole > 0
    assert decided_since(world, [september], ContractBook(())) == ()

    uphold(world, "complaint-N1", LAST)
    (told,) = decided_since(world, [september], ContractBook(()))
    assert told.startswith("complaints of 2026-09 were decided after the night of 2026-09-30 (complaint-N1)")
    night_of(world, LAST, PAID)
    assert decided_since(world, [september], ContractBook(())) == ()
    assert abs(2 * _paid_now(world, september, line) - whole) <= 1, "in the field the first upheld one costs half"
    decide_action(world, "complaint-N1", by("demo hr", "reopened", LAST, reason="wrong recording"), None)
    night_of(world, LAST, PAID)
    assert _paid_now(world, september, line) == whole


def _amount(line):
    return line.amount


def _paid_now(world, period, line):
    """What the ledger has for the line once the month is prepared, approved and published as it stands."""
    prepared = prepare(world, period, begin_attempt(world.store, "month-end", LAST), by="preparer")
    for batch in (each for each in prepared.batches if each.startswith(f"bonus-{period}-{line.scope}")):
        for role in ("manager", "hr", "finance"):
            decide.decide(world, batch, DecisionKind.APPROVED, by=f"demo {role}")
        decide.publish(world, batch, by="publisher")
    with world.store.read() as connection:
        posted = read_entries(connection)
    mine = [each for each in posted if (each.payee, each.component) == (line.payee, line.component)]
    return sum(each.amount_minor for each in mine)


@pytest.mark.parametrize(
    ("decisions", "told"),
    [
        ([by("demo quality", "closed", outcome="uphold: x")], 'ACT011 a complaint does not end as "uphold"'),
        ([by("core system", "commented", reason="x")], "ACT008"),
        ([by("demo quality", "closed", outcome="upheld"), by("demo quality", "approved")], "ACT012 demo quality pro"),
        ([by("demo quality", "closed", outcome="upheld"), by("demo clerk", "approved")], "ACT012 demo clerk may not"),
        ([by("E0007", "closed", outcome="rejected: not me")], "ACT014 it is about E0007"),
    ],
)
def test_a_finding_is_from_the_list_and_takes_two_people_neither_of_them_the_one_concerned(
    book_with_a_complaint, decisions, told
):
    world = book_with_a_complaint
    for decision in decisions[:-1]:
        decide_action(world, "complaint-N1", decision, None)
    with pytest.raises(RefusedError, match=told):
        decide_action(world, "complaint-N1", decisions[-1], None)


def test_feedback_waits_for_the_unit_that_transferred_the_account_and_is_reminded(book_with_a_complaint):
    world = book_with_a_complaint
    account = action_of(world, "complaint-N1").opened.account
    entry = Entry(RegisterKind.FEEDBACK, "no payslip", "demo clerk", FOURTH, "income_not_verified", account)
    action = enter_action(world, entry, None)
    unit = action.waits_for
    assert (str(unit), action.deadline) == (f"bank_unit:{action.opened.unit}", date(2026, 9, 25))
    assert actions_like(world, Filter(waiting_for=unit)) == (action,)
    assert actions_like(world, Filter(waiting_for=Party.parse("partner:R01"))) == ()
    near = date(2026, 9, 21)
    mine = [(each.action_id, whom) for each, whom in remind(world, near, by="demo clerk", attempt=None)]
    assert (action.action_id, str(unit)) in mine
    assert remind(world, near, by="demo clerk", attempt=None) == (), "once in so many days"
    answered = decide_action(world, action.action_id, by("demo clerk", "resumed", near, reason="it is lost"), None)
    assert (answered.phase, answered.deadline) == (Phase.OPEN, action.deadline), "its clock went on"


def test_an_entry_is_refused_with_everything_that_is_missing(world):
    entry = Entry(RegisterKind.COMPLAINT, " ", "core system", FOURTH, "rude", "A-none")
    with pytest.raises(RefusedError) as caught:
        enter_action(world, entry, None)
    codes = [line.split()[0] for line in str(caught.value).splitlines()]
    assert codes == ["ACT016", "ACT008", "ACT015", "ACT015", "ACT015", "ACT013"]
