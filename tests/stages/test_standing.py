"""From a month's figures to a partner without new placements: proposals, decisions of people, the night after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from adapters.errors import RefusedError
from adapters.store.actions import read_actions
from adapters.store.runs import files_of_run
from adapters.store.signatures import sign
from adapters.store.standing import read_standings, standings_on
from adapters.world import business_today, open_world, registered_file
from domain.actions import ActionDecision, ActionDecisionKind, ActionState, Phase
from domain.manifest import Stage
from domain.periods import Period
from domain.standings import PartnerState, Placed, StandingDecisionKind, upcoming
from kpi_rules.standings import proposed
from tasks.stages.actions import decide_action
from tasks.stages.explain_allocation import explain_allocation
from tasks.stages.manifests import manifest_of
from tasks.stages.rules import sound_rules
from tasks.stages.score_shares import propose_shares
from tasks.stages.standing import (
    Decided,
    _Evidence,
    _months,
    decide_standing,
    propose_standing,
    review_standings,
    standings_of,
)
from tests.conftest import SteppingClock, copy_folder
from tests.stages.books import edit, house_book
from tests.stages.conftest import night_of

pytestmark = pytest.mark.slow

SEPTEMBER, NIGHT = Period(2026, 9), date(2026, 9, 4)
ACCEPTED, REFUSED = StandingDecisionKind.ACCEPTED, StandingDecisionKind.REFUSED
STEPS = """    steps:
      - from: [good]
        to: rectification
        any_of: [{kpi: accounts_had, at_least: 1}]
      - from: [rectification]
        to: suspension
        all_of: [{deadline: missed}]
      - from: [rectification]
        to: watch
        all_of: [{deadline: met}]
"""
SHARES = """\
    score_shares: {scorecard: partner_month, segments: [legal], of: 0.5, growth: {watch: 0.5, rectification: 0}}
    quotas:
      - {partner: R01, segments: [legal], at_least: 0.18, at_most: 0.22}
      - {partner: R02, segments: [legal], at_least: 0.18, at_most: 0.22}
    segments:
"""
STRATEGY = "allocation/strategies/standard.yaml"
RULES = "kpi_rules/standings/standard.yaml"


@pytest.fixture(scope="module")
def reviewed(measured_world, tmp_path_factory):
    """September's figures propose a rectification for every partner that has accounts. Only copied, never changed."""
    folder = tmp_path_factory.mktemp("standing")
    rules = house_book(folder / "book")
    text = (rules / RULES).read_text(encoding="utf-8")
    strategy = (rules / STRATEGY).read_text(encoding="utf-8")
    edit(rules, {RULES: ((text[text.index("    steps:\n") :], STEPS),)})
    (rules / STRATEGY).write_text(strategy.replace("    segments:\n", SHARES, 1), encoding="utf-8")
    copy_folder(measured_world.settings.home, folder / "home")
    settings = measured_world.settings.model_copy(update={"home": folder / "home", "rules": rules})
    world = open_world(settings, clock=SteppingClock(datetime(2026, 10, 2, 8, tzinfo=UTC)))
    sign(world.store, sound_rules(rules).contents(), proposer="proposer", signer="signer")
    review_standings(world, SEPTEMBER, None)
    world.store.engine.dispose()
    return world


@pytest.fixture
def world(reviewed, tmp_path):
    copy_folder(reviewed.settings.home, tmp_path / "home")
    settings = reviewed.settings.model_copy(update={"home": tmp_path / "home"})
    return open_world(settings, clock=SteppingClock(reviewed.seam.clock() + timedelta(hours=1)))


def of(world, partner="R01"):
    with world.store.read() as connection:
        return list(read_standings(connection, partner=partner))


def decided(world, proposal, kind=ACCEPTED, by="demo manager", **more):
    return decide_standing(world, proposal, Decided(kind, by, **more), None)


def test_a_month_is_reviewed_once_and_says_what_it_looked_at(world):
    (first,) = of(world)
    assert first.review.proposed is PartnerState.RECTIFICATION
    assert [each.condition for each in first.review.looked if each.holds] == [
        "good → rectification: accounts_had at least 1"
    ]
    assert first.review.looked[0].figures[0].value > 0
    again = review_standings(world, SEPTEMBER, None)
    assert [each.review.review_id for each in again] == ["R01-2026-09-1", "R02-2026-09-1"]


def test_a_rectification_has_a_plan_a_deadline_and_an_action_that_escalates(world):
    with pytest.raises(RefusedError, match="STD025 a rectification has a plan"):
        decided(world, "R01-2026-09-1")
    found = decided(world, "R01-2026-09-1", plan="two more people, weekly calls")
    assert found.is_accepted
    with world.store.read() as connection:
        (action,) = read_actions(connection, source="rectification")
    assert action.opened.subject_id == "R01"
    assert action.deadline == found.deadline == business_today(world) + timedelta(days=60)
    assert "two more people" in action.opened.about
    assert action.state is ActionState.OPEN


@pytest.mark.parametrize(
    ("outcome", "state"), [("put_right", "watch"), ("not_put_right: nobody came", "suspension"), ("", "rectification")]
)
def test_only_what_was_put_right_leads_back_and_only_as_it_stood_at_the_months_end(world, outcome, state):
    """Closed as not put right it is as good as missed; an action is nothing closed before two people say so."""
    decided(world, "R01-2026-09-1", plan="two more people")
    today = business_today(world)
    if outcome:
        closing = ActionDecision(ActionDecisionKind.CLOSED, "head_of_partners", today, outcome=outcome)
        closed = decide_action(world, "rectification-R01-2026-09-1", closing, None)
        assert closed.phase is Phase.TO_APPROVE
        approval = ActionDecision(ActionDecisionKind.APPROVED, "demo manager", today)
        decide_action(world, "rectification-R01-2026-09-1", approval, None)
    rules = sound_rules(world.settings.rules)
    (rule,) = rules.standings.on(today)
    assert _would_be(world, rule.rule, Period.of(today)) == state
    assert _would_be(world, rule.rule, Period.of(today).previous()) == "good"  # nothing of it was known then


def _would_be(world, rule, period):
    """What the month would propose, were there no figures but the rectification."""
    evidence = _Evidence(period, None, (), {}, {}, {}, {}, None)
    with world.store.read() as connection:
        history = read_standings(connection)
        actions = {each.opened.key: each for each in read_actions(connection, source="rectification")}
    mine = tuple(each for each in history if each.review.partner == "R01")
    return proposed(rule, _months(evidence, mine, actions, "R01"), period).state


@pytest.mark.parametrize(
    ("proposal", "wanted", "code"),
    [
        ("R09", Decided(ACCEPTED, "demo manager"), "STD003"),
        ("R01-2026-09-1", Decided(ACCEPTED, "", plan="p"), "STD005"),
        ("R01-2026-09-1", Decided(REFUSED, "demo manager"), "STD005"),
        ("R01-2026-09-1", Decided(ACCEPTED, "demo director", plan="p"), "STD007"),
        ("R01-2026-09-1", Decided(ACCEPTED, "somebody", plan="p"), "STD007"),
        ("R01-2026-09-1", Decided(ACCEPTED, "demo manager", plan="p", deadline=date(2020, 1, 1)), "STD026"),
        ("R01-2026-09-1", Decided(ACCEPTED, "demo manager", plan="p", effective_from=date(2020, 1, 1)), "STD027"),
    ],
)
def test_what_stands_in_the_way_is_told(world, proposal, wanted, code):
    with pytest.raises(RefusedError, match=code):
        decide_standing(world, proposal, wanted, None)
    assert of(world)[0].decisions == ()


def test_what_was_refused_is_over_and_not_proposed_again_by_the_same_month(world):
    found = decided(world, "R01-2026-09-1", REFUSED, reason="the bank lost its file")
    assert found.is_refused
    with pytest.raises(RefusedError, match="STD008"):
        decided(world, "R01-2026-09-1", plan="p")
    review_standings(world, SEPTEMBER, None)
    assert len(of(world)) == 1


def test_a_person_may_propose_and_what_figures_proposed_before_is_overtaken(world):
    with pytest.raises(RefusedError, match="STD005"):
        propose_standing(world, "R01", PartnerState.WATCH, by="demo quality", reason="", attempt=None)
    with pytest.raises(RefusedError, match="STD006"):
        propose_standing(world, "R01", PartnerState.GOOD, by="demo quality", reason="r", attempt=None)
    with pytest.raises(RefusedError, match='STD002 no partner "R9" is under contract in 2026-09'):
        propose_standing(world, "R9", PartnerState.WATCH, by="demo quality", reason="r", attempt=None)
    own = propose_standing(world, "R01", PartnerState.WATCH, by="demo quality", reason="a raid", attempt=None)
    with pytest.raises(RefusedError, match="STD009"):
        decided(world, "R01-2026-09-1", plan="p")
    assert decided(world, own.review.review_id).is_accepted


def test_nobody_accepts_what_they_have_proposed_themselves(world):
    own = propose_standing(world, "R01", PartnerState.WATCH, by="demo manager", reason="a raid", attempt=None)
    with pytest.raises(RefusedError, match="STD031 demo manager proposed it"):
        decided(world, own.review.review_id)
    assert decided(world, own.review.review_id, REFUSED, reason="a mistake").is_refused, "but may take it back"


def test_a_suspension_needs_two_people(world):
    own = propose_standing(world, "R01", PartnerState.SUSPENSION, by="demo quality", reason="a raid", attempt=None)
    first = decided(world, own.review.review_id)
    assert first.is_pending
    assert first.next_group == "directors"
    with pytest.raises(RefusedError, match="STD024 demo manager has decided on it already"):
        decided(world, own.review.review_id)
    day = business_today(world) + timedelta(days=5)
    assert decided(world, own.review.review_id, by="demo director", effective_from=day).effective_from == day
    history, now = standings_of(world)
    assert now == ()
    assert [(each.partner, each.since) for each in upcoming(history, day - timedelta(days=1))] == [("R01", day)]
    assert upcoming(history, day) == ()
    with world.store.read() as connection:
        assert standings_on(connection, day - timedelta(days=1)) == ()
        (held,) = standings_on(connection, day)
        assert held.state is PartnerState.SUSPENSION
        assert standings_on(connection, day, world.seam.clock() - timedelta(days=400)) == ()


@pytest.mark.parametrize("placed", [Placed.KEEPS, Placed.RECALLED])
def test_a_suspended_partner_gets_nothing_new_and_what_it_has_stays_or_comes_back(world, placed):
    to = PartnerState.SUSPENSION if placed is Placed.KEEPS else PartnerState.TERMINATION
    with world.store.write("test") as connection:
        before = _suspend(world, connection, to, placed)
    had = _allocated(world, date(2026, 9, 3))
    night_of(world, NIGHT, (Stage.GATE, Stage.ALLOCATE))
    run, now = _run(world, NIGHT), _allocated(world, NIGHT)
    with world.store.read() as connection:
        assert manifest_of(connection, run).standings == (before,)
    mine = {account for account, (owner, _) in now.items() if owner == "R01"}
    kept = {account for account, (owner, _) in had.items() if owner == "R01"}
    assert kept
    if placed is Placed.RECALLED:
        assert mine == set()
    else:
        assert mine <= kept
        assert {now[account][1] for account in mine} <= {"placement_in_force", "stays_with_owner"}
        assert len(mine) > len(kept) / 2  # the others were paid off, or their term ended
    legal = [row for row in _rows(world, NIGHT) if row["segment"] == "legal" and row["currency"] == "VND"]
    other = next(row["account_id"] for row in legal if row["owner_id"] != "R01" and row["disposition"] == "allocated")
    places = {each.destination: each for each in explain_allocation(world, other, NIGHT).places}
    told = f"suspended: {to} since 2026-09-04, by R01-2026-09-9: no new placements"
    assert places["partner:R01"].why == told


@pytest.mark.parametrize(
    ("to", "share", "why"),
    [
        (PartnerState.WATCH, "0.2", "watch: only a part of its growth"),
        (PartnerState.RECTIFICATION, "0.2", "rectification: only a part of its growth"),
        (PartnerState.SUSPENSION, "0", "suspension: no new placements"),
    ],
)
def test_shares_are_proposed_by_the_months_scores_and_the_standing(world, to, share, why):
    """The night has scored both partners; who stands well is left what the other one may not have."""
    found = {one.partner: one for one in propose_shares(world, SEPTEMBER).proposal.shares}
    assert {one.score is None for one in found.values()} == {False}
    assert sum(one.share for one in found.values()) == Decimal("0.5")
    with world.store.write("test") as connection:
        _suspend(world, connection, to, Placed.KEEPS)
    proposal = propose_shares(world, SEPTEMBER).proposal
    mine = next(one for one in proposal.shares if one.partner == "R01")
    if to.is_suspended:
        assert (str(mine.share), mine.why) == (share, why)
    else:
        before, by_score = Decimal("0.2"), found["R01"].share
        part = Decimal("0.5") if to is PartnerState.WATCH else Decimal(0)
        assert abs(mine.share - (before + part * (by_score - before))) <= Decimal("0.0001")
        assert mine.why == why


def _suspend(world, connection, to, placed):
    """As two people would have decided the day before the night, whenever that is by the clock."""
    from adapters.store.standing import insert_standing_decision, insert_standing_review
    from domain.standings import StandingDecision, StandingInForce

    (known,) = list(read_standings(connection, partner="R01"))
    review = replace(known.review, review_id="R01-2026-09-9", number=9, proposed=to, placed=placed,
                     decided_by=("managers", "directors"))  # fmt: skip
    insert_standing_review(world.store, connection, review, None)
    for step, by in enumerate(("demo manager", "demo director"), start=1):
        decision = StandingDecision(review.review_id, step, ACCEPTED, by, date(2026, 9, 3), effective_from=NIGHT)
        insert_standing_decision(world.store, connection, decision, None)
    return StandingInForce("R01", to, NIGHT, review.review_id, placed)


def _run(world, day):
    from adapters.store.runs import allocating_run

    with world.store.read() as connection:
        return allocating_run(connection, day)


def _allocated(world, day):
    return {row["account_id"]: (row["owner_id"], row["reason"]) for row in _rows(world, day)}


def _rows(world, day):
    with world.store.read() as connection:
        file = files_of_run(connection, _run(world, day))["allocation"]
    return pq.read_table(registered_file(world, file.path, file.sha256)).to_pylist()
