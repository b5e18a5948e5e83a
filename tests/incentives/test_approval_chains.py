"""Who may approve a batch, as rule files say it: groups, limits, delegates, expiry; and what is wrong in such files."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.ids import BatchId, Digest
from domain.periods import Period
from incentives.approval_book import decode_approvals
from incentives.approved import approvals_that_do_not_count
from incentives.batches import (
    Batch,
    BatchPhase,
    Decision,
    DecisionKind,
    acting_for,
    refusals,
    state_of,
)
from incentives.ledger import BatchKind

HEAD = "title: t, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01"
FILE = f"""\
groups:
  - {{id: managers, {HEAD}, people: [{{name: Mai}}, {{name: Mo, employee: E7}}]}}
  - {{id: hr, {HEAD}, people: [{{name: Ha}}, {{name: Mai}}]}}
  - {{id: finance, {HEAD}, people: [{{name: Fu}}]}}
  - {{id: directors, {HEAD}, people: [{{name: Du}}]}}
delegations:
  - {{id: away, title: t, owner: o, valid_from: 2026-06-01, valid_to: 2026-06-15, of: Mai, to: Ade, roles: [manager]}}
chains:
  - id: bonuses
    title: t
    owner: o
    valid_from: 2026-01-01
    review_by: 2027-01-01
    batch: bonus
    steps:
      - role: manager
        approvers:
          - {{group: managers, scopes: [field], up_to: {{VND: 1_000}}}}
          - {{group: directors}}
      - {{role: hr, approvers: [{{group: hr}}]}}
      - {{role: finance, approvers: [{{group: finance}}]}}
      - {{role: director, approvers: [{{group: directors}}], above: {{VND: 5_000}}}}
    approval_days: 10
    complete_within_days: 30
"""
DAY = date(2026, 6, 3)
HASH = Digest("a" * 64)


@pytest.fixture(scope="module")
def book(document_of):
    book, issues = decode_approvals([document_of(FILE)])
    assert issues == ()
    return book


@pytest.fixture(scope="module")
def people(book):
    return lambda day=DAY, unsigned=(): book.people_on(
        day, {each.version: each.rule.id not in unsigned for each in (*book.groups, *book.delegations)}
    )


@pytest.fixture(scope="module")
def batch(book):
    terms = book.chain_on(BatchKind.BONUS, DAY).rule.terms
    return Batch(
        BatchId("b1"), BatchKind.BONUS, "field", Period(2026, 5), HASH, terms, "Pa", (), DAY, {"VND": 900},
        frozenset({"E1", "E7"}),
    )  # fmt: skip


def approval(step, role, by, *, on=DAY, on_behalf_of=""):
    return Decision(BatchId("b1"), step, DecisionKind.APPROVED, by, role, HASH, "", on, on_behalf_of)


@pytest.mark.parametrize(
    ("by", "changes", "codes"),
    [
        pytest.param("Mai", {}, [], id="a member of the group"),
        pytest.param("Du", {}, [], id="a member of another group of the step"),
        pytest.param("Zoe", {}, ["BAT024"], id="nobody knows them"),
        pytest.param("Ha", {}, ["BAT024"], id="a member of another step's group"),
        pytest.param("Mai", {"scope": "legal"}, ["BAT024"], id="not for this department"),
        pytest.param("Mai", {"moves_minor": {"VND": 1_000}}, [], id="exactly at the limit"),
        pytest.param("Mai", {"moves_minor": {"VND": 1_001}}, ["BAT029"], id="above the limit"),
        pytest.param("Du", {"moves_minor": {"VND": 1_001}}, [], id="a higher person has none"),
        pytest.param("Mai", {"moves_minor": {"VND": 1, "CNY": 1}}, ["BAT029"], id="a currency without a limit"),
        pytest.param("Mo", {}, ["BAT028"], id="who is paid by the batch"),
        pytest.param("Mo", {"payees": frozenset({"E1"})}, [], id="who is not paid by it"),
    ],
)
def test_who_may_approve_as_manager(batch, people, by, changes, codes):
    found = refusals(approval(1, "manager", by), replace(batch, **changes), (), people())
    assert [issue.code for issue in found] == codes
    assert all(issue.hint for issue in found)


def test_a_member_counts_only_by_a_group_that_is_signed(batch, people):
    found = refusals(approval(1, "manager", "Mai"), batch, (), people(unsigned=("managers",)))
    assert [issue.code for issue in found] == ["BAT024"]


@pytest.mark.parametrize(
    ("by", "day", "role", "acts_for"),
    [
        pytest.param("Ade", date(2026, 6, 1), "manager", "Mai", id="on the first day"),
        pytest.param("Ade", date(2026, 6, 14), "manager", "Mai", id="on the last day"),
        pytest.param("Ade", date(2026, 6, 15), "manager", "", id="the day after"),
        pytest.param("Ade", date(2026, 6, 3), "hr", "", id="a role that was not delegated"),
        pytest.param("Mai", date(2026, 6, 3), "manager", "", id="for oneself"),
    ],
)
def test_for_whom_a_delegate_acts(batch, people, by, day, role, acts_for):
    assert acting_for(by, role, batch, people(day)) == acts_for


@pytest.mark.parametrize(
    ("decision", "changes", "codes"),
    [
        pytest.param(approval(1, "manager", "Ade", on_behalf_of="Mai"), {}, [], id="within the dates"),
        pytest.param(
            approval(1, "manager", "Ade", on_behalf_of="Mai"),
            {"moves_minor": {"VND": 1_001}},
            ["BAT029"],
            id="no more than who delegated",
        ),
        pytest.param(
            approval(1, "manager", "Ade", on_behalf_of="Mai"), {"prepared_by": "Mai"}, ["BAT021"], id="for the preparer"
        ),
        pytest.param(
            approval(1, "manager", "Ade", on_behalf_of="Mai"), {"prepared_by": "Ade"}, ["BAT021"], id="by the preparer"
        ),
        pytest.param(
            approval(1, "manager", "Bo", on_behalf_of="Mai"), {}, ["BAT025"], id="nobody delegated it to them"
        ),
    ],
)
def test_what_a_delegate_may_approve(batch, people, decision, changes, codes):
    assert [issue.code for issue in refusals(decision, replace(batch, **changes), (), people())] == codes


def test_who_was_acted_for_does_not_approve_once_more(batch, people):
    first = approval(1, "manager", "Ade", on_behalf_of="Mai")
    found = refusals(approval(2, "hr", "Mai"), batch, (first,), people())
    assert [issue.code for issue in found] == ["BAT023"]


@pytest.mark.parametrize(("moved", "roles"), [({"VND": 5_000}, 3), ({"VND": 5_001}, 4), ({"VND": 1, "CNY": 1}, 4)])
def test_a_larger_batch_needs_a_further_step(batch, moved, roles):
    assert (
        batch.__class__.chain.fget(replace(batch, moves_minor=moved))
        == (
            "manager",
            "hr",
            "finance",
            "director",
        )[:roles]
    )


def days_later(number):
    return DAY + timedelta(days=number)


WHOLE = (
    approval(1, "manager", "Du"),
    approval(2, "hr", "Ha", on=days_later(5)),
    approval(3, "finance", "Fu", on=days_later(8)),
)


@pytest.mark.parametrize(
    ("on", "phase", "next_role", "expired"),
    [
        pytest.param(days_later(10), BatchPhase.APPROVED, "", (), id="on the last day of the oldest approval"),
        pytest.param(
            days_later(11), BatchPhase.PREPARED, "manager", ("Du", "Ha", "Fu"), id="it takes those after it along"
        ),
    ],
)
def test_an_approval_grows_too_old(batch, on, phase, next_role, expired):
    state = state_of(WHOLE, batch.chain, approval_days=10, on=on)
    assert (state.phase, state.next_role, tuple(each.by for each in state.expired)) == (phase, next_role, expired)


def test_an_approval_that_grew_too_old_is_given_again_and_publishing_says_so(batch, people):
    late = days_later(12)
    publish = replace(approval(4, "publisher", "P", on=late), kind=DecisionKind.PUBLISHED)
    (found,) = refusals(publish, batch, WHOLE, people())
    assert (found.code, found.hint) == ("BAT027", "It must be given again: manager approves next")
    again = approval(4, "manager", "Du", on=late)
    assert refusals(again, batch, WHOLE, people()) == ()
    state = state_of((*WHOLE, again), batch.chain, approval_days=10, on=late)
    assert (state.next_role, [each.role for each in state.expired]) == ("hr", ["hr", "finance"])


@pytest.mark.parametrize(("on", "codes"), [(days_later(30), []), (days_later(31), ["BAT026"])])
def test_a_batch_that_takes_too_long_is_prepared_again(batch, people, on, codes):
    found = refusals(approval(1, "manager", "Du", on=on), batch, (), people(on))
    assert [issue.code for issue in found] == codes


PAY_TERMS = f"""\
pay_terms:
  - id: terms
    {HEAD.replace(", ", chr(10) + "    ")}
    batch: bonus
    deductions: {{VND: 0.3}}
    deductions_source: law
    look_back_months: 12
    dispute_days: 15
    open_cases: hold
    upheld_cases: pay
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("group: hr}", "group: hrr}", "APV001 20"),
        (
            "{group: directors}\n      - {role: hr",
            "{group: directors, up_to: {VND: 9}}\n      - {role: hr",
            "APV003 16",
        ),
        ("approvers: [{group: hr}]", "approvers: []", "APV003 20"),
        ("up_to: {VND: 1_000}", "up_to: {VMD: 1_000}", "APV004 18"),
        ("above: {VND: 5_000}", "above: {VMD: 5_000}", "APV004 22"),
        ("{role: finance,", "{role: hr,", "APV005 21"),
        ("of: Mai", "of: May", "APV006 7"),
        ("to: Ade", "to: Mai", "APV006 7"),
        ("valid_to: 2026-06-15", "review_by: 2026-06-15", "APV006 7"),
        ("roles: [manager]", "roles: [boss]", "APV006 7"),
        ("up_to: {VND: 1_000}", "up_to: {VND: -1}", "RUL005 18"),
        ("batch: bonus", "batch: bonuses", "RUL003 14"),
        ("people: [{name: Fu}]", "people: []", "RUL005 4"),
        ("approval_days: 10", "approval_day: 10", "RUL001 23"),
        ("chains:\n", "chain:\n", "RUL001 8"),
    ],
)
def test_each_mistake_is_told_once_with_its_line(document_of, old, new, found):
    assert FILE.count(old) == 1, old
    _, issues = decode_approvals([document_of(FILE.replace(old, new))])
    assert [f"{issue.code} {issue.location.line}" for issue in issues] == [found]


def test_the_example_of_the_guide_is_without_a_fault(document_of):
    guide = (Path(__file__).resolve().parents[2] / "docs" / "hr.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    book, issues = decode_approvals([document_of(example)])
    assert issues == ()
    assert all((book.groups, book.chains, book.authorities, book.delegations, book.pay_terms))


def test_two_rules_for_a_kind_of_batch_on_one_day_are_told(document_of):
    second = PAY_TERMS.replace("id: terms", "id: other").replace("2026-01-01", "2026-05-01")
    documents = [document_of(PAY_TERMS, "a.yaml"), document_of(second, "b.yaml")]
    assert [str(issue.location) for issue in decode_approvals(documents)[1] if issue.code == "APV002"] == ["b.yaml:2:9"]
    later = PAY_TERMS.replace("id: terms", "id: other").replace("batch: bonus", "batch: fee")
    assert decode_approvals([documents[0], document_of(later, "b.yaml")])[1] == ()


@pytest.mark.parametrize(("old", "new"), [("VND: 0.3", "VND: 1.3"), ("VND: 0.3", "VMD: 0.3")])
def test_a_cap_is_a_share_of_a_known_currency(document_of, old, new):
    _, issues = decode_approvals([document_of(PAY_TERMS.replace(old, new))])
    assert [issue.location.line for issue in issues] == [8]


@pytest.mark.parametrize(
    ("manager", "hr", "codes"),
    [
        pytest.param(approval(1, "manager", "Mai"), approval(2, "hr", "Ha"), [], id="members of their groups"),
        pytest.param(approval(1, "manager", "Zoe"), approval(2, "hr", "Ha"), ["BAT024"], id="put in past the program"),
        pytest.param(approval(1, "manager", "Mai"), approval(2, "hr", "Mai"), ["BAT023"], id="one person in two roles"),
        pytest.param(approval(1, "manager", "Pa"), approval(2, "hr", "Ha"), ["BAT021", "BAT024"], id="who prepared it"),
        pytest.param(approval(1, "manager", "Mo"), approval(2, "hr", "Ha"), ["BAT028"], id="who is paid by it"),
        pytest.param(
            approval(1, "manager", "Ade", on_behalf_of="Mai"), approval(2, "hr", "Ha"), [], id="a delegate of that day"
        ),
        pytest.param(
            approval(1, "manager", "Ade", on=date(2026, 6, 20), on_behalf_of="Mai"), approval(2, "hr", "Ha"),
            ["BAT025"], id="a delegate whose delegation was over",
        ),
    ],
)  # fmt: skip
def test_approvals_are_looked_at_again_before_publishing(batch, people, manager, hr, codes):
    state = state_of((manager, hr), batch.chain)
    found = list(approvals_that_do_not_count(batch, state, people, DAY))
    assert [issue.code for issue in found] == codes
    assert all(
        f"the approval of {manager.role} by {manager.by}" in each.message or "hr" in each.message for each in found
    )


def test_who_was_struck_out_of_a_group_since_counts_no_more_and_who_left_it_by_its_dates_does(batch, document_of):
    """Published in July: Mai was a manager in June by the one file, and by the other she never was."""
    names = "[{name: Mai}, {name: Mo, employee: E7}]"
    known = f"  - {{id: managers, {HEAD}, people: {names}}}\n"
    ended, begun = "valid_from: 2026-01-01, valid_to: 2026-07-01", "valid_from: 2026-07-01, review_by: 2027-01-01"
    dated = f"  - {{id: managers, title: t, owner: o, {ended}, people: {names}}}\n"
    dated += f"  - {{id: managers, title: t, owner: o, {begun}, people: [{{name: Mo}}]}}\n"
    assert known in FILE
    left, struck = (
        decode_approvals([document_of(FILE.replace(*change))])[0]
        for change in ((known, dated), (names, "[{name: Mo}]"))
    )
    state = state_of((approval(1, "manager", "Mai"),), batch.chain)
    codes = [
        [issue.code for issue in approvals_that_do_not_count(batch, state, _of(book), date(2026, 7, 20))]
        for book in (left, struck)
    ]
    assert codes == [[], ["BAT024"]]


def _of(book):
    signed = {each.version: True for each in (*book.groups, *book.delegations)}
    return lambda day: book.people_on(day, signed)
