"""Where an action stands after any decisions: a table of histories, and what stands in the way of the next one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.action_refusals import action_refusals, names_of_the_source
from domain.actions import (
    CORE_SYSTEM,
    Action,
    ActionDecision,
    ActionDecisionKind,
    ActionState,
    NewAction,
    Party,
    PartyKind,
    Phase,
    RegisterKind,
)

OPENED, DEADLINE = date(2026, 10, 1), date(2026, 10, 12)
NEW = NewAction("complaint", "X1", "complaint", "X1", "about E7", "E1", "quality", OPENED, DEADLINE,
                kind=RegisterKind.COMPLAINT, employee_id="E7", terms="digest")  # fmt: skip
UNIT = Party(PartyKind.BANK_UNIT, "retail bank")


def on(day, kind, by="ann", **more):
    return ActionDecision(ActionDecisionKind(kind), by, date(2026, 10, day), **more)


PROPOSED = on(5, "proposed", code="upheld", outcome="recording heard")
APPROVED = on(6, "approved", by="ben")
WAITS = on(4, "waiting", reason="which call?", waiting_on=UNIT, stops_clock=True)
SAID = on(7, "revised", by=CORE_SYSTEM, code="rejected", reason="rejected")
CLOSED_BY_SOURCE = on(7, "closed", by=CORE_SYSTEM, code="rejected", outcome="Rejected")


@pytest.mark.parametrize(
    ("decisions", "phase", "code", "waits", "differs"),
    [
        ((), Phase.OPEN, "", None, False),
        ((WAITS,), Phase.WAITING, "", UNIT, False),
        ((WAITS, on(5, "resumed", reason="the second")), Phase.OPEN, "", None, False),
        ((PROPOSED,), Phase.TO_APPROVE, "", None, False),
        ((PROPOSED, on(6, "declined", reason="hear it again")), Phase.OPEN, "", None, False),
        ((PROPOSED, APPROVED), Phase.CLOSED, "upheld", None, False),
        ((WAITS, PROPOSED, APPROVED), Phase.CLOSED, "upheld", None, False),
        ((PROPOSED, APPROVED, SAID), Phase.CLOSED, "upheld", None, True),
        ((SAID,), Phase.OPEN, "", None, True),
        ((SAID, CLOSED_BY_SOURCE), Phase.CLOSED, "rejected", None, False),
        ((SAID, CLOSED_BY_SOURCE, on(8, "reopened", reason="new")), Phase.OPEN, "", None, True),
        ((PROPOSED, APPROVED, on(8, "reopened", reason="new"), PROPOSED), Phase.TO_APPROVE, "", None, False),
    ],
)
def test_where_it_stands_follows_from_its_decisions(decisions, phase, code, waits, differs):
    action = Action(NEW, decisions)
    assert (action.phase, action.code, action.waits_for, action.differs_from_source) == (phase, code, waits, differs)
    assert (action.state is ActionState.CLOSED) is (phase is Phase.CLOSED)


def test_an_approved_closing_has_the_words_of_who_proposed_it_and_the_day_and_name_of_who_approved():
    action = Action(NEW, (PROPOSED, APPROVED))
    assert (action.outcome, action.closed_on, action.closed_by) == ("recording heard", date(2026, 10, 6), "ben")


def test_it_is_not_overdue_while_its_clock_stands_still():
    late = date(2026, 10, 20)
    assert Action(NEW).is_overdue(late)
    assert not Action(NEW, (WAITS,)).is_overdue(late)
    assert Action(NEW, (replace(WAITS, stops_clock=False),)).is_overdue(late)
    assert Action(NEW, (WAITS, on(9, "resumed", reason="came"))).is_overdue(late)


@pytest.mark.parametrize(
    ("decisions", "decision", "told"),
    [
        ((), on(5, "reopened", reason="why"), "ACT007"),
        ((WAITS,), replace(WAITS, decided_on=date(2026, 10, 5)), "ACT009 it waits for bank_unit:retail bank already"),
        ((), on(5, "resumed", reason="came"), "ACT009"),
        ((PROPOSED,), on(6, "closed", outcome="x"), "ACT010 ann proposed on 2026-10-05 to close it as recording heard"),
        ((), APPROVED, "ACT010 nobody has proposed"),
        ((PROPOSED, APPROVED), on(8, "extended", deadline=date(2026, 11, 1), reason="r"), "ACT002"),
        ((PROPOSED,), on(6, "declined"), "ACT003 a closing is declined for a reason"),
        ((), replace(WAITS, reason=" "), "ACT003 who is waited for is asked something"),
        ((), on(5, "commented"), "ACT003 a comment is in words"),
    ],
)
def test_what_does_not_go_with_where_it_stands_is_refused(decisions, decision, told):
    (refusal,) = action_refusals(Action(NEW, decisions), decision)
    assert refusal.startswith(told)


def test_a_closed_action_takes_comments_what_its_source_says_and_being_opened_again():
    closed = Action(NEW, (PROPOSED, APPROVED))
    for decision in (on(8, "commented", reason="noted"), SAID, on(8, "reopened", reason="new recording")):
        assert tuple(action_refusals(closed, decision)) == ()


def test_nobody_decides_in_the_name_of_the_core_system():
    assert [*names_of_the_source("Core System ")] != []
    assert [*names_of_the_source("ann")] == []


@pytest.mark.parametrize(
    ("text", "told"), [("HN-01", "names nobody"), ("branch:HN", "kinds are bank_unit"), ("partner: ", "names nobody")]
)
def test_who_is_waited_for_is_typed_with_its_kind(text, told):
    with pytest.raises(ValueError, match=told):
        Party.parse(text)
    assert Party.parse(str(UNIT)) == UNIT


def test_findings_that_say_no_kind_have_that_of_their_source():
    kinds = {source: replace(NEW, source=source, kind=None).of_kind for source in ("falling_behind", "dispute", "else")}
    assert kinds == {
        "falling_behind": RegisterKind.COACHING,
        "dispute": RegisterKind.DISPUTE,
        "else": RegisterKind.OTHER,
    }
