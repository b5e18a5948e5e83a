"""Who may decide what on a batch, in which order; and when a month may be closed."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import BatchId, Digest
from domain.periods import Period
from domain.rules import RuleKind, RuleVersion
from incentives.batches import (
    Batch,
    BatchPhase,
    BatchState,
    Decision,
    DecisionKind,
    PeriodDecision,
    PeriodDecisionKind,
    PeriodState,
    open_period,
    period_refusals,
    period_state,
    refusals,
    state_of,
    void_reasons,
)
from incentives.chains import ChainStep, ChainTerms
from incentives.ledger import BatchKind, LedgerKey

JUNE = Period(2026, 6)
HASH, OTHER_HASH = Digest("a" * 64), Digest("b" * 64)
RULE = RuleVersion(RuleKind.POLICY, "bonus", Digest("c" * 64), date(2026, 1, 1), "Petra Proposer", "Sam Signer")
CHAIN = ("manager", "hr", "finance")
TERMS = ChainTerms(steps=tuple(ChainStep(role=role) for role in CHAIN))
BATCH = Batch(BatchId("b1"), BatchKind.BONUS, "field", JUNE, HASH, TERMS, "Paul Preparer", (RULE,))
KINDS = DecisionKind


def decide(*kinds):
    """Decisions in order: an approval is the next role's, by somebody of that role."""
    made, roles = [], iter(CHAIN)
    for step, kind in enumerate(kinds, start=1):
        role = next(roles) if kind is KINDS.APPROVED else "hr"
        made.append(Decision(BATCH.batch_id, step, kind, f"a {role}", role, HASH, "because"))
    return made


def approval(step, role, by=None, **changes):
    return replace(Decision(BATCH.batch_id, step, KINDS.APPROVED, by or f"a {role}", role, HASH), **changes)


@pytest.mark.parametrize(
    ("kinds", "phase", "next_role"),
    [
        ((), BatchPhase.PREPARED, "manager"),
        ((KINDS.APPROVED,), BatchPhase.PREPARED, "hr"),
        ((KINDS.APPROVED,) * 3, BatchPhase.APPROVED, ""),
        (((KINDS.APPROVED,) * 3 + (KINDS.PUBLISHED,)), BatchPhase.PUBLISHED, ""),
        ((KINDS.APPROVED, KINDS.RETURNED), BatchPhase.RETURNED, ""),
        ((KINDS.APPROVED, KINDS.HELD), BatchPhase.HELD, ""),
        ((KINDS.APPROVED, KINDS.HELD, KINDS.RELEASED), BatchPhase.PREPARED, "hr"),
        (((KINDS.APPROVED,) * 3 + (KINDS.HELD, KINDS.RELEASED)), BatchPhase.APPROVED, ""),
        (((KINDS.APPROVED,) * 3 + (KINDS.VOID,)), BatchPhase.VOID, ""),
        ((KINDS.HELD, KINDS.VOID), BatchPhase.VOID, ""),
    ],
)
def test_the_state_follows_from_the_decisions(kinds, phase, next_role):
    state = state_of(decide(*kinds), CHAIN)
    assert (state.phase, state.next_role) == (phase, next_role)
    assert state_of(reversed(decide(*kinds)), CHAIN) == state


@pytest.mark.parametrize(
    ("decision", "before", "codes"),
    [
        pytest.param(approval(1, "manager"), (), [], id="the first of the chain"),
        pytest.param(approval(2, "hr"), (KINDS.APPROVED,), [], id="the second of the chain"),
        pytest.param(approval(1, "hr"), (), ["BAT006"], id="out of order"),
        pytest.param(approval(1, "manager", content_hash=OTHER_HASH), (), ["BAT001"], id="on other content"),
        pytest.param(approval(1, "hr"), (KINDS.APPROVED,), ["BAT002"], id="somebody decided in between"),
        pytest.param(approval(1, "manager", "Paul Preparer"), (), ["BAT021"], id="by the preparer"),
        pytest.param(approval(1, "manager", "Petra Proposer"), (), ["BAT022"], id="by the proposer of a rule"),
        pytest.param(approval(1, "manager", "Sam Signer"), (), ["BAT022"], id="by the signer of a rule"),
        pytest.param(approval(2, "hr", "a manager"), (KINDS.APPROVED,), ["BAT023"], id="by one who has approved"),
        pytest.param(approval(1, "manager", " "), (), ["BAT020"], id="by nobody"),
        pytest.param(approval(4, "finance"), (KINDS.APPROVED,) * 3, ["BAT005", "BAT023"], id="the chain is complete"),
        pytest.param(approval(2, "manager"), (KINDS.HELD,), ["BAT005"], id="while it is held"),
        pytest.param(approval(3, "hr"), (KINDS.APPROVED, KINDS.RETURNED), ["BAT004"], id="after it was returned"),
    ],
)
def test_who_may_approve(decision, before, codes):
    assert [issue.code for issue in refusals(decision, BATCH, decide(*before))] == codes


def other(step, kind, reason="because"):
    return Decision(BATCH.batch_id, step, kind, "somebody", "hr", HASH, reason)


@pytest.mark.parametrize(
    ("decision", "before", "codes"),
    [
        pytest.param(other(4, KINDS.PUBLISHED, ""), (KINDS.APPROVED,) * 3, [], id="publish after the whole chain"),
        pytest.param(
            replace(other(4, KINDS.PUBLISHED), by=" "), (KINDS.APPROVED,) * 3, ["BAT020"], id="publish by nobody"
        ),
        pytest.param(other(3, KINDS.PUBLISHED), (KINDS.APPROVED,) * 2, ["BAT007"], id="publish before finance"),
        pytest.param(
            other(5, KINDS.PUBLISHED), ((KINDS.APPROVED,) * 3 + (KINDS.HELD,)), ["BAT007"], id="publish while held"
        ),
        pytest.param(
            other(5, KINDS.PUBLISHED), ((KINDS.APPROVED,) * 3 + (KINDS.PUBLISHED,)), ["BAT004"], id="publish twice"
        ),
        pytest.param(
            other(5, KINDS.PUBLISHED), ((KINDS.APPROVED,) * 3 + (KINDS.VOID,)), ["BAT004"], id="publish when void"
        ),
        pytest.param(other(1, KINDS.RETURNED, " "), (), ["BAT003"], id="return without a reason"),
        pytest.param(other(1, KINDS.RELEASED), (), ["BAT005"], id="release what is not held"),
        pytest.param(other(2, KINDS.HELD), (KINDS.HELD,), ["BAT005"], id="hold twice"),
        pytest.param(other(2, KINDS.RELEASED), (KINDS.HELD,), [], id="release"),
        pytest.param(
            other(5, KINDS.HELD), ((KINDS.APPROVED,) * 3 + (KINDS.PUBLISHED,)), ["BAT004"], id="hold what is paid"
        ),
    ],
)
def test_what_else_may_be_decided(decision, before, codes):
    found = refusals(decision, BATCH, decide(*before))
    assert [issue.code for issue in found] == codes
    assert all(issue.location.path == "batch b1" for issue in found)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(KINDS)),
            st.sampled_from(CHAIN),
            st.sampled_from(["Ann", "Bo", "Cy", "Paul Preparer", "Sam Signer"]),
        ),
        max_size=12,
    )
)
def test_no_sequence_of_accepted_decisions_publishes_without_three_other_people(attempts):
    """Whatever is tried, recording only what is not refused: a published batch has its chain, by three people."""
    made: list[Decision] = []
    for kind, role, by in attempts:
        decision = Decision(BATCH.batch_id, len(made) + 1, kind, by, role, HASH, "because")
        if not refusals(decision, BATCH, made):
            made.append(decision)
    if state_of(made, CHAIN).phase is BatchPhase.PUBLISHED:
        approvals = [decision for decision in made if decision.kind is KINDS.APPROVED]
        assert tuple(decision.role for decision in approvals) == CHAIN
        assert {decision.by for decision in approvals} == {"Ann", "Bo", "Cy"}
        assert made[-1].kind is KINDS.PUBLISHED


KEY = LedgerKey(BatchKind.BONUS, "E1", "bonus:field", JUNE, "VND")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"content_hash": OTHER_HASH}, ["BAT010"]),
        ({"posted_now": {KEY: 60}}, ["BAT011"]),
        ({"posted": {}, "posted_now": {KEY: 0}}, []),
        ({"changed_rules": [RULE]}, ["BAT012"]),
        ({"withdrawn": ["payments 2026-06-30"]}, ["BAT013"]),
        ({"held_since": ["E1", "E2"]}, ["BAT014", "BAT014"]),
        ({"is_month_changed": True}, ["BAT015"]),
        ({"is_calculation_changed": True}, ["BAT016"]),
    ],
)
def test_what_makes_a_batch_void(changes, codes):
    usual = {
        "content_hash": HASH,
        "posted": {KEY: 50},
        "posted_now": {KEY: 50},
        "changed_rules": (),
        "withdrawn": (),
    }
    assert [issue.code for issue in void_reasons(BATCH, **usual | changes)] == codes


def period_decision(step, kind, by="Finn Finance", reason="month-end"):
    return PeriodDecision(JUNE, step, kind, by, reason)


CLOSED, REOPENED = PeriodDecisionKind.CLOSED, PeriodDecisionKind.REOPENED
PUBLISHED = BatchState(BatchPhase.PUBLISHED, (), "")


@pytest.mark.parametrize(
    ("decision", "before", "batches", "codes"),
    [
        pytest.param(
            period_decision(1, CLOSED), (), {"b1": BatchPhase.PUBLISHED, "b2": BatchPhase.HELD}, [], id="close"
        ),
        pytest.param(
            period_decision(1, CLOSED),
            (),
            {"f1": BatchPhase.VOID, "f2": BatchPhase.PUBLISHED},
            [],
            id="a void batch was replaced",
        ),
        pytest.param(
            period_decision(1, CLOSED),
            (),
            {"f1": BatchPhase.RETURNED, "l1": BatchPhase.PUBLISHED},
            ["BAT034"],
            id="a returned batch was not replaced",
        ),
        pytest.param(
            period_decision(1, CLOSED),
            (),
            {"f1": BatchPhase.VOID, "f2": BatchPhase.PREPARED},
            ["BAT033"],
            id="a void batch beside its prepared successor is not told",
        ),
        pytest.param(
            period_decision(1, CLOSED),
            (),
            {"f2": BatchPhase.VOID, "f1": BatchPhase.RETURNED},
            ["BAT034"],
            id="only the last of those that nothing took the place of is told",
        ),
        pytest.param(period_decision(1, CLOSED), (), {"b1": BatchPhase.PREPARED}, ["BAT033"], id="a batch waits"),
        pytest.param(
            period_decision(1, CLOSED), (), {"b1": BatchPhase.APPROVED}, ["BAT033"], id="a batch is not published"
        ),
        pytest.param(period_decision(1, CLOSED), (), {}, ["BAT032"], id="nothing was prepared"),
        pytest.param(period_decision(1, CLOSED, reason=""), (), {"b1": BatchPhase.HELD}, ["BAT030"], id="no reason"),
        pytest.param(
            period_decision(2, CLOSED), (CLOSED,), {"b1": BatchPhase.PUBLISHED}, ["BAT031"], id="closed already"
        ),
        pytest.param(period_decision(1, REOPENED), (), {}, ["BAT031"], id="reopen what is open"),
        pytest.param(period_decision(2, REOPENED), (CLOSED,), {}, [], id="reopen"),
        pytest.param(
            period_decision(3, CLOSED), (CLOSED, REOPENED), {"b1": BatchPhase.PUBLISHED}, [], id="close again"
        ),
    ],
)
def test_when_a_month_may_be_closed_or_reopened(decision, before, batches, codes):
    decisions = [period_decision(step, kind) for step, kind in enumerate(before, start=1)]
    states = [
        (replace(BATCH, batch_id=BatchId(name), scope=name[0]), replace(PUBLISHED, phase=phase))
        for name, phase in batches.items()
    ]
    assert [issue.code for issue in period_refusals(decision, decisions, states)] == codes


def test_the_state_of_a_month_and_where_its_differences_go():
    decisions = [period_decision(1, CLOSED), period_decision(2, REOPENED)]
    assert [period_state(decisions[:count]) for count in range(3)] == [
        PeriodState.OPEN,
        PeriodState.CLOSED,
        PeriodState.REOPENED,
    ]
    may, july = JUNE.previous(), JUNE.next()
    assert open_period(may, {may: PeriodState.CLOSED, JUNE: PeriodState.CLOSED}) == july
    assert open_period(may, {may: PeriodState.REOPENED, JUNE: PeriodState.CLOSED}) == may
