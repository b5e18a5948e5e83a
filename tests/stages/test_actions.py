"""The register of actions: one for each finding, and decisions that are only added to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.schema import actions
from domain.actions import Action, ActionDecision, ActionDecisionKind, ActionState, NewAction, fresh_actions
from tasks.stages.actions import decide_action, list_actions, open_actions
from tests.stages.logins import as_login

OPENED, DEADLINE = date(2026, 10, 16), date(2026, 10, 30)
FOUND = NewAction(
    source="falling_behind",
    key="E0007-2026-10-02",
    subject_kind="employee",
    subject_id="E0007",
    about="below 80 % for 3 weeks",
    owner="E0001",
    department="field",
    opened_on=OPENED,
    deadline=DEADLINE,
)
CLOSED = ActionDecision(ActionDecisionKind.CLOSED, "lead", date(2026, 10, 20), outcome="coached on promises")
EXTENDED = ActionDecision(
    ActionDecisionKind.EXTENDED, "lead", date(2026, 10, 20), reason="on leave", deadline=date(2026, 11, 6)
)
HANDED = ActionDecision(ActionDecisionKind.HANDED_OVER, "lead", date(2026, 10, 20), reason="moved", owner="E0002")


def test_an_action_is_opened_once_however_often_it_is_found(any_world):
    assert open_actions(any_world, [FOUND], None) == (FOUND,)
    assert open_actions(any_world, [replace(FOUND, about="below 80 % for 4 weeks")], None) == ()
    assert list_actions(any_world) == (Action(FOUND),)


@pytest.mark.parametrize(
    ("found", "opens"),
    [
        (FOUND, False),
        (replace(FOUND, key="E0007-2026-09-25"), False),
        (replace(FOUND, key="E0008-2026-10-02", subject_id="E0008"), True),
        (replace(FOUND, key="E0007-2026-09-25", subject_kind="team"), True),
        (replace(FOUND, source="complaint"), True),
    ],
    ids=["the same", "another first day of an open one", "another employee", "a team of that name", "another source"],
)
def test_who_has_an_open_action_of_a_source_gets_no_second_one(found, opens):
    assert bool(fresh_actions([found], [Action(FOUND)])) is opens


def test_after_it_is_closed_a_new_stretch_opens_a_new_one_and_the_old_stretch_none():
    register = [Action(FOUND, (CLOSED,))]
    assert fresh_actions([FOUND], register) == ()
    later = replace(FOUND, key="E0007-2026-12-04")
    assert fresh_actions([later], register) == (later,)


def test_state_owner_and_deadline_follow_from_the_decisions(any_world):
    open_actions(any_world, [FOUND], None)
    mine = as_login(any_world, "lead")
    assert decide_action(mine, "falling_behind-E0007", EXTENDED, None).deadline == date(2026, 11, 6)
    assert decide_action(mine, FOUND.action_id, HANDED, None).owner == "E0002"
    (action,) = list_actions(any_world, owner="E0002")
    assert (action.state, action.is_overdue(date(2026, 11, 6))) == (ActionState.OPEN, False)
    assert list_actions(any_world, overdue_on=date(2026, 11, 7)) == (action,)
    assert list_actions(any_world, owner="E0001") == ()

    decide_action(mine, FOUND.action_id, CLOSED, None)
    (action,) = list_actions(any_world)
    assert (action.state, action.outcome) == (ActionState.CLOSED, "coached on promises")
    assert (action.closed_on, action.is_overdue(date(2027, 1, 1))) == (date(2026, 10, 20), False)
    assert list_actions(any_world, only_open=True) == ()


@pytest.mark.parametrize(
    ("decision", "told"),
    [
        (replace(CLOSED, outcome=" "), "ACT003 an action is closed with an outcome"),
        (replace(CLOSED, by=""), "ACT003 a decision has a name"),
        (replace(CLOSED, decided_on=date(2026, 10, 15)), "ACT004 2026-10-15 is before the action was opened"),
        (replace(EXTENDED, deadline=DEADLINE), "ACT005 it is due on 2026-10-30: give a later day"),
        (replace(EXTENDED, reason=""), "ACT003 a later deadline and another owner need a reason"),
        (replace(HANDED, owner="E0001"), "ACT006 E0001 has it: name somebody else"),
    ],
    ids=["no outcome", "nobody", "too early", "no later day", "no reason", "the same owner"],
)
def test_a_decision_that_says_too_little_is_refused(world, decision, told):
    open_actions(world, [FOUND], None)
    with pytest.raises(RefusedError, match=told):
        decide_action(world, FOUND.action_id, decision, None)
    assert list_actions(world) == (Action(FOUND),)


def test_nothing_is_decided_on_a_closed_action_and_nothing_on_an_unknown_one(world):
    open_actions(world, [FOUND], None)
    decide_action(world, FOUND.action_id, CLOSED, None)
    with pytest.raises(RefusedError, match=r"ACT002 .* was closed on 2026-10-20: coached on promises"):
        decide_action(world, FOUND.action_id, EXTENDED, None)
    with pytest.raises(RefusedError, match="ACT001 'complaint' should name one action; it names none"):
        decide_action(world, "complaint", CLOSED, None)


def test_an_action_is_never_changed(any_world):
    open_actions(any_world, [FOUND], None)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), any_world.store.write("test") as connection:
        connection.execute(actions.update().values(owner="somebody else"))


def test_on_postgresql_a_decision_needs_the_login_of_its_name(any_world):
    if any_world.store.dialect == "sqlite":
        pytest.skip("SQLite has no logins")
    open_actions(any_world, [FOUND], None)
    with pytest.raises(RefusedError, match="BAT040"):
        decide_action(as_login(any_world, "lead"), FOUND.action_id, replace(CLOSED, by="somebody"), None)
