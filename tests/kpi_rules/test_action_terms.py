"""Terms of actions: one malformed file per mistake, the most precise terms hold, and what they make of decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adapters.rule_files import parse_document
from adapters.settings import PROJECT
from domain.actions import Action, ActionDecision, ActionDecisionKind, NewAction, Party, PartyKind, RegisterKind
from kpi_rules.action_rulings import (
    approval_refusals,
    closing_by_terms,
    is_to_be_reminded,
    reminded,
    waiting_by_terms,
)
from kpi_rules.action_terms import decode_action_terms
from kpi_rules.action_tests import run_action_tests

TERMS = """
action_terms:
  - id: complaints
    title: Complaints
    owner: quality
    valid_from: 2026-01-01
    review_by: 2027-01-01
    kind: complaint
    law: the house's order
    due: {days: 7, count: working}
    department: quality
    owned_by: leader
    outcomes:
      upheld: {title: Upheld, finding: upheld, needs_approval: true}
      rejected: {title: Rejected, finding: rejected}
    approvers: [managers]
    waiting: [{on: debtor, stops_clock: true}, {on: partner}]
    remind: {before_days: 3, every_days: 2}
"""
GROUPS = {"managers"}


def decoded(text=TERMS):
    document, issues = parse_document(text, "kpi_rules/actions/house.yaml")
    assert not issues
    return decode_action_terms([document], GROUPS)


def book(text=TERMS):
    found, issues = decoded(text)
    assert issues == ()
    return found


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("    approvers: [managers]\n", ""), "RUL004 closing as upheld needs approval: say by which groups"),
        (("[managers]", "[manager]"), 'ACT021 no group of approvers is called "manager". Did you mean "managers"?'),
        (("kind: complaint", "kind: fraud"), "RUL004 only complaints have findings"),
        (("kind: complaint", "kind: complaints"), 'RUL003 "kind" is'),
        (("days: 7", "days: -1"), "RUL005"),
        (("count: working", "count: business"), 'RUL003 "count" is'),
        (("action_terms:", "terms:"), "ACT022 the file has no list `action_terms`"),
        (("remind:", "faults: {f: {title: F, stage: appraisal}}\n    remind:"), "RUL004 only feedback names faults"),
        (
            ("remind:", "landed: {table: complaints, outcomes: {upheld: right}}\n    remind:"),
            "RUL004 landed.outcomes names right, and outcomes are rejected, upheld",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(change, told):
    _, issues = decoded(TERMS.replace(*change))
    assert any(told in str(issue) for issue in issues), issues
    assert all(issue.location.line for issue in issues)


OTHER = TERMS.split("action_terms:\n")[1].replace("id: complaints", "id: others")


@pytest.mark.parametrize(
    ("other", "clash"),
    [
        (OTHER, True),
        (OTHER.replace("law:", "jurisdictions: [VN]\n    law:"), False),
        (OTHER.replace("law:", "codes: [hours]\n    law:"), False),
        (OTHER.replace("2026-01-01", "2027-02-01").replace("review_by: 2027-01-01", "review_by: 2028-01-01"), True),
    ],
    ids=["the same", "another jurisdiction", "a subtype", "later, while the first still holds"],
)
def test_two_terms_for_the_same_at_the_same_time_are_refused(other, clash):
    _, issues = decoded(TERMS + other)
    assert [issue.code for issue in issues] == (["ACT020"] if clash else [])


def test_the_most_precise_terms_hold_the_subtype_before_the_jurisdiction():
    vietnam = OTHER.replace("others", "vietnam").replace("law:", "jurisdictions: [VN]\n    law:")
    hours = OTHER.replace("others", "hours").replace("law:", "codes: [hours]\n    law:")
    found, day = book(TERMS + vietnam + hours), date(2026, 10, 1)

    def held(jurisdiction, code):
        return found.terms_of(RegisterKind.COMPLAINT, day, jurisdiction=jurisdiction, code=code).rule.id

    assert [held("CN", "conduct"), held("VN", "conduct"), held("VN", "hours")] == ["complaints", "vietnam", "hours"]
    assert found.terms_of(RegisterKind.FRAUD, day) is None
    assert found.terms_of(RegisterKind.COMPLAINT, date(2025, 12, 31)) is None


OPENED = NewAction("complaint", "X", "complaint", "X", "x", "E1", "quality", date(2026, 10, 1), date(2026, 10, 12),
                   kind=RegisterKind.COMPLAINT, terms="digest")  # fmt: skip


def closing(outcome):
    return ActionDecision(ActionDecisionKind.CLOSED, "ann", date(2026, 10, 5), outcome)


@pytest.mark.parametrize(
    ("outcome", "opened_by_terms", "kind", "code", "words"),
    [
        ("upheld: recording heard", True, "proposed", "upheld", "recording heard"),
        ("upheld", True, "proposed", "upheld", "Upheld"),
        ("rejected: nothing said", True, "closed", "rejected", "nothing said"),
        ("upheld: as of old", False, "closed", "upheld", "as of old"),
        ("talked to them", False, "closed", "", "talked to them"),
    ],
)
def test_an_outcome_is_from_the_list_and_becomes_a_proposal_where_it_needs_approval(
    outcome, opened_by_terms, kind, code, words
):
    action = Action(OPENED if opened_by_terms else replace(OPENED, terms=""))
    found, faults = closing_by_terms(action, closing(outcome), book().placed[0].rule)
    assert (found.kind.value, found.code, found.outcome, faults) == (kind, code, words, ())


def test_what_was_opened_by_terms_takes_no_other_outcome():
    _, (fault,) = closing_by_terms(Action(OPENED), closing("uphold: x"), book().placed[0].rule)
    assert fault.startswith('ACT011 a complaint does not end as "uphold". Did you mean "upheld"?')


def test_who_proposed_does_not_approve_and_who_approves_is_in_a_group_but_may_decline_what_they_proposed():
    terms = book().placed[0].rule
    action = Action(
        OPENED, (ActionDecision(ActionDecisionKind.PROPOSED, "ann", date(2026, 10, 5), "x", code="upheld"),)
    )

    def refused(by, kind, groups):
        decision = ActionDecision(ActionDecisionKind(kind), by, date(2026, 10, 6), reason="r")
        return [each.split()[0] for each in approval_refusals(action, decision, frozenset(groups), terms)]

    assert refused("ann", "approved", ["managers"]) == ["ACT012"]
    assert refused("ben", "approved", []) == ["ACT012"]
    assert refused("ben", "approved", ["managers"]) == []
    assert refused("ann", "declined", ["managers"]) == []


@pytest.mark.parametrize(("party", "stops"), [("debtor", True), ("partner", False), ("authority", False)])
def test_the_clock_stands_still_for_whom_the_terms_say(party, stops):
    asked = ActionDecision(ActionDecisionKind.WAITING, "ann", date(2026, 10, 5), reason="?",
                           waiting_on=Party(PartyKind(party), "x"))  # fmt: skip
    assert waiting_by_terms(asked, book().placed[0].rule).stops_clock is stops
    assert waiting_by_terms(asked, None).stops_clock is False


@pytest.mark.parametrize(("day", "last", "due"), [(8, None, False), (9, None, True), (10, 9, False), (11, 9, True)])
def test_whoever_has_it_is_reminded_near_its_deadline_and_then_every_so_many_days(day, last, due):
    told = ActionDecision(ActionDecisionKind.REMINDED, "ann", date(2026, 10, last or 1))
    action = Action(OPENED, (told,) if last else ())
    assert is_to_be_reminded(action, date(2026, 10, day), book().placed[0].rule) is due
    assert reminded(action) == "E1"
    waits = ActionDecision(ActionDecisionKind.WAITING, "ann", date(2026, 10, 2), waiting_on=Party.parse("partner:R1"))
    assert str(reminded(Action(OPENED, (waits,)))) == "partner:R1"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("due: 2026-09-11", "due: 2026-09-10"), "ACT023"),
        (
            ("terms: complaints_china", "terms: complaints_vietnam"),
            "expected complaints_vietnam, found complaints_china",
        ),
        (("days_off: [2026-09-01, 2026-09-02]", "days_off: []"), "expected 2026-09-11, found 2026-09-09"),
    ],
)
def test_the_house_s_tests_pass_and_fail_where_they_are_changed(change, told):
    rules = (PROJECT / "kpi_rules/actions/house.yaml").read_text(encoding="utf-8")
    tests = (PROJECT / "kpi_rules/actions/house.test.yaml").read_text(encoding="utf-8")
    document, _ = parse_document(rules, "kpi_rules/actions/house.yaml")
    found, issues = decode_action_terms([document], {"managers", "hr_controllers", "directors"})
    assert issues == ()
    as_is, _ = parse_document(tests, "kpi_rules/actions/house.test.yaml")
    assert run_action_tests(found, [as_is]) == ()
    changed, _ = parse_document(tests.replace(*change), "kpi_rules/actions/house.test.yaml")
    assert any(told in str(issue) for issue in run_action_tests(found, [changed]))
