"""Overrides and handovers: proposed by one, released by another, kept by the nights after, followed by attribution."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from adapters.duck import open_duck
from adapters.errors import RefusedError
from adapters.store.releases import all_releases, create_dispatch_views
from adapters.store.runs import begin_attempt, files_of_run
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.dispatch import DISPATCH_SQL
from domain.exact import exact
from domain.manifest import Stage
from domain.worklists import Why, in_order
from tasks.stages.explain_allocation import explain_allocation
from tasks.stages.reassign import (
    Terms,
    Wanted,
    decide_reassignment,
    list_reassignments,
    propose_handover,
    propose_override,
)
from tasks.stages.reassignment_files import read_overrides
from tasks.stages.rules import sound_rules
from tasks.stages.worklist import Scope, work_lists
from tests.conftest import SteppingClock, copy_of
from tests.stages.books import edit, house_book

NIGHT, FIRST, NEXT = (date(2026, 9, number) for number in (3, 4, 5))
UNTIL = date(2026, 9, 10)
MORNING = datetime(2026, 9, 4, 2, tzinfo=UTC)
STRATEGY = "allocation/strategies/standard.yaml"
SHORT = (Stage.GATE, Stage.ALLOCATE)


@pytest.fixture(scope="module")
def roomy(tmp_path_factory):
    """The house's rules, by which collectors have more room than accounts."""
    book = house_book(tmp_path_factory.mktemp("roomy") / "rules")
    return edit(
        book, {STRATEGY: (("capacity: {by: accounts}", "capacity: {by: minutes, working_days_per_month: 31}"),)}
    )


@pytest.fixture
def world(measured_world, tmp_path, request, roomy):
    """The morning after the night of the third of September."""
    with copy_of(measured_world, tmp_path / "home", request) as copy:
        settings = copy.settings.model_copy(update={"rules": roomy})
        found = open_world(settings, clock=SteppingClock(MORNING))
        sign(found.store, sound_rules(roomy).contents(), proposer="proposer", signer="signer")
        yield found


def attempt(world):
    return begin_attempt(world.store, "dispatch", None)


def owners_on(world, day, columns=("owner_id",)):
    with world.store.read() as connection:
        releases = all_releases(world, connection)
    with open_duck(world.settings) as duck:
        create_dispatch_views(duck, releases)
        dispatch = DISPATCH_SQL.c
        statement = sa.select(dispatch).where(dispatch.valid_from <= day, dispatch.valid_to > day)
        rows = duck.read(exact(statement))
    return {row["account_id"]: row for row in rows}


def collectors_with(world, count):
    """Employees by the number of accounts that they own on the first day, of one department and language."""
    owned = {}
    for account, row in owners_on(world, FIRST).items():
        if row["owner_kind"] == "employee":
            owned.setdefault((row["owner_id"], row["team_id"]), []).append(account)
    return sorted(owned.items(), key=lambda item: (-len(item[1]), item[0]))[:count]


def handover(world, by="leader", until=UNTIL):
    (absent, team), accounts = collectors_with(world, 1)[0]
    terms = Terms(FIRST, until, by, "ill")
    return absent, accounts, propose_handover(world, terms, absent, team=team, attempt=attempt(world))


def test_a_handover_holds_from_its_first_day_to_its_last_and_then_goes_back_by_itself(world):
    absent, accounts, proposed = handover(world)
    before = owners_on(world, FIRST)
    assert proposed.state == "proposed"
    assert {each.account_id for each in proposed.reassignment.accounts} == set(accounts)
    name = proposed.reassignment.reassignment_id
    assert owners_on(world, FIRST) == before, "pending: nothing changes"
    decide_reassignment(world, name, approve=True, by="head", attempt=attempt(world))
    for day in (FIRST, UNTIL):
        after = owners_on(world, day)
        assert all(after[account]["owner_id"] != absent for account in accounts)
        assert {after[account]["reason"] for account in accounts} == {"handover:1"}
        assert {after[account]["team_id"] for account in accounts} == {before[accounts[0]]["team_id"]}
    back = owners_on(world, UNTIL + timedelta(days=1))
    assert {back[account]["owner_id"] for account in accounts} == {absent}
    assert {back[account]["reason"] for account in accounts} == {"handover_ended:1"}
    (known,) = list_reassignments(world, FIRST)
    assert (known.state, known.decided_by) == ("approved", "head")


def test_the_next_night_keeps_it_as_stated_and_says_why(world, run_night):
    _, accounts, proposed = handover(world)
    name = proposed.reassignment.reassignment_id
    decide_reassignment(world, name, approve=True, by="head", attempt=attempt(world))
    gets = {each.account_id: each.owner_id for each in proposed.reassignment.accounts}
    night = run_night(world, FIRST, SHORT)
    with world.store.read() as connection:
        file = files_of_run(connection, night.run)["allocation"]
    rows = {row["account_id"]: row for row in pq.read_table(world.settings.home / file.path).to_pylist()}
    worked = [account for account in accounts if rows[account]["disposition"] == "allocated"]
    assert worked
    for account in worked:
        if rows[account]["reason"] != "placement_in_force":
            assert (rows[account]["reason"], rows[account]["owner_id"]) == ("handover:1", gets[account])
    held = [account for account in accounts if rows[account]["disposition"] != "allocated"]
    after = owners_on(world, UNTIL + timedelta(days=1))
    assert all(after[account]["owner_id"] == "HOUSE" for account in held if account in after), "the law comes first"


def as_full_as_ever(world, rules):
    """By the house's own rules, with which a normal night leaves collectors hardly any room."""
    found = open_world(world.settings.model_copy(update={"rules": rules}), clock=SteppingClock(MORNING))
    sign(found.store, sound_rules(rules).contents(), proposer="proposer", signer="signer")
    return found


def test_a_handover_to_colleagues_who_are_nearly_full_gives_what_fits_and_tells_the_rest(world, tmp_path):
    world = as_full_as_ever(world, house_book(tmp_path / "rules"))
    absent, accounts, known = handover(world)
    given = {each.account_id for each in known.reassignment.accounts}
    stays = [issue.location.path.removeprefix("account ") for issue in known.stays]
    assert len(given) > 1
    assert len(stays) > 1
    assert sorted([*given, *stays]) == sorted(accounts)
    assert {issue.code for issue in known.stays} <= {"DSP004", "DSP005"}
    (mine,) = work_lists(world, NIGHT, Scope(employee=absent)).lists
    by_value = [item.account_id for item in in_order(mine.items, by_territory=False) if item.why is Why.VALUE]
    in_both = [name for name in by_value if name in stays]
    assert len(in_both) > 1
    assert [name for name in stays if name in in_both] == in_both, "the rest, in the order of the work list"
    decide_reassignment(world, known.reassignment.reassignment_id, approve=True, by="head", attempt=attempt(world))
    after = owners_on(world, FIRST)
    assert {after[name]["owner_id"] for name in stays} == {absent}
    team = after[next(iter(given))]["team_id"]
    with pytest.raises(RefusedError, match="DSP005") as refused:
        propose_handover(world, terms(), absent, team=team, attempt=attempt(world))
    assert str(refused.value).count("account ") == len(stays), (
        "nothing more fits: every one of the rest with its reason"
    )
    assert len(list_reassignments(world)) == 1


def moved(world, count=2):
    """Some accounts of one collector, whole debtors, and a colleague of the same team who may have them."""
    for (owner, team), accounts in collectors_with(world, 99):
        for (other, of_team), _ in collectors_with(world, 99):
            if of_team == team and other != owner:
                try:
                    known = propose_override(world, terms(), wanted(accounts[:count], other), attempt(world))
                except RefusedError:
                    continue
                return owner, other, known
    raise AssertionError("nobody can take anything over")


def terms(first=FIRST, until=UNTIL, by="leader", reason="speaks their dialect"):
    return Terms(first, until, by, reason)


def wanted(accounts, owner):
    return [Wanted(account, owner) for account in accounts]


@pytest.mark.parametrize(
    ("day", "by", "refused"),
    [
        (MORNING, "leader", "DSP014 leader proposed it"),
        (MORNING, "", "DSP010 a decision has a name"),
        (MORNING + timedelta(days=1), "head", "DSP009 2026-09-04 has passed: from 2026-09-05 on"),
    ],
)
def test_who_may_not_approve_and_when(world, day, by, refused):
    _, _, known = moved(world)
    later = open_world(world.settings, clock=SteppingClock(day))
    with pytest.raises(RefusedError, match=refused):
        decide_reassignment(later, known.reassignment.reassignment_id, approve=True, by=by, attempt=attempt(later))
    assert owners_on(world, FIRST) == owners_on(later, FIRST)


def test_it_is_decided_once_and_a_rejection_has_a_reason(world):
    owner, _, known = moved(world)
    name = known.reassignment.reassignment_id
    with pytest.raises(RefusedError, match="DSP010 it is rejected with a reason"):
        decide_reassignment(world, name, approve=False, by="head", attempt=attempt(world))
    decide_reassignment(world, name, approve=False, by="head", reason="no", attempt=attempt(world))
    with pytest.raises(RefusedError, match="DSP015 override-1 was rejected by head"):
        decide_reassignment(world, name, approve=True, by="head", attempt=attempt(world))
    assert {owners_on(world, FIRST)[each.account_id]["owner_id"] for each in known.reassignment.accounts} == {owner}


def test_a_file_is_taken_whole_or_not_at_all_and_everything_wrong_is_told_at_once(world, tmp_path):
    owners = owners_on(world, FIRST)
    held = next(account for account, row in owners.items() if row["reason"] == "held:current")
    before = {account: row["owner_id"] for account, row in owners_on(world, NIGHT).items()}
    mine = next(account for account, row in owners.items()
                if row["owner_kind"] == "employee" and before.get(account) == row["owner_id"])  # fmt: skip
    path = tmp_path / "moves.csv"
    lines = [
        "account_id,owner,note",
        f"A404,{owners[mine]['owner_id']},who",
        f"{held},{owners[mine]['owner_id']},",
        f"{mine},{owners[mine]['owner_id']},",
        f"{mine},E9999,",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    asked = read_overrides(path)
    with pytest.raises(RefusedError) as refused:
        propose_override(world, terms(first=NIGHT, reason=" "), asked, attempt(world))
    told = str(refused.value)
    for each in (
        "DSP009",
        "DSP010",
        "moves.csv:2:1 DSP001",
        "moves.csv:3:1 DSP003",
        "moves.csv:4:1 DSP008",
        "moves.csv:5:1 DSP002",
        "moves.csv:5:1 DSP013",
    ):
        assert each in told
    assert list_reassignments(world) == ()


def test_an_override_counts_from_its_first_day(world):
    _, other, known = moved(world)
    done = decide_reassignment(
        world, known.reassignment.reassignment_id, approve=True, by="head", attempt=attempt(world)
    )
    assert done.release is not None
    mine = {each.account_id for each in known.reassignment.accounts}
    assert {owners_on(world, FIRST)[account]["owner_id"] for account in mine} == {other}
    assert {owners_on(world, FIRST)[account]["reason"] for account in mine} == {"override:1"}


def test_a_night_of_the_past_run_again_decides_nothing_and_what_was_decided_is_still_explained(world, run_night):
    account, row = next((name, row) for name, row in owners_on(world, FIRST).items() if row["owner_kind"] == "employee")
    before = explain_allocation(world, account, NIGHT)
    again = run_night(world, NIGHT, SHORT)
    assert again.run != before.run
    after = explain_allocation(world, account, NIGHT)
    assert (after.run, after.text, after.places[0].destination) == (
        before.run,
        before.text,
        f"employee:{row['owner_id']}",
    )
