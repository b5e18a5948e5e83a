"""Who may decide what about pay beside approving it, as rule files say it; and what is wrong in such files."""

from dataclasses import replace
from datetime import date

import pytest

from domain.issues import Location, Severity
from domain.periods import Period
from incentives.approval_book import decode_approvals
from incentives.approvers import Approvers, Delegation, PayDecision, People
from incentives.authority import About, Authority, Matter, entitled, ruling
from incentives.ledger import BatchKind

HEAD = "title: t, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01"
FILE = f"""\
groups:
  - {{id: leaders, {HEAD}, people: [{{name: Mai}}, {{name: Mo, employee: E7}}]}}
  - {{id: hr, {HEAD}, people: [{{name: Ha}}]}}
  - {{id: directors, {HEAD}, people: [{{name: Du}}]}}
delegations:
  - {{id: away, title: t, owner: o, valid_from: 2026-06-01, valid_to: 2026-06-15, of: Ha, to: Ade, to_employee: E9,
      decisions: [approve_adjustment, release_payee]}}
  - {{id: ill, title: t, owner: o, valid_from: 2026-06-01, valid_to: 2026-06-15, of: Mai, to: Bo, roles: [manager]}}
  - {{id: gone, title: t, owner: o, valid_from: 2026-06-01, valid_to: 2026-06-15, of: Mai, to: Mo}}
chains:
  - id: bonuses
    title: t
    owner: o
    valid_from: 2026-01-01
    review_by: 2027-01-01
    batch: bonus
    steps:
      - {{role: manager, approvers: [{{group: leaders, scopes: [field], up_to: {{VND: 500}}}}, {{group: directors}}]}}
      - {{role: hr, approvers: [{{group: hr}}]}}
authorities:
  - id: on_bonuses
    title: t
    owner: o
    valid_from: 2026-01-01
    review_by: 2027-01-01
    about: bonus
    decisions:
      hold_payee: [{{group: leaders, scopes: [field]}}, {{group: hr}}]
      release_payee: [{{group: hr, up_to: {{VND: 1_000}}}}, {{group: directors}}]
      propose_adjustment: [{{group: leaders}}, {{group: hr}}]
      approve_adjustment: [{{group: hr}}, {{group: directors}}]
"""
DAY, MAY = date(2026, 6, 3), Period(2026, 5)
HOLD, RELEASE, APPROVE = PayDecision.HOLD_PAYEE, PayDecision.RELEASE_PAYEE, PayDecision.APPROVE_ADJUSTMENT
OPEN, UPHOLD, RETURN = PayDecision.OPEN_DISPUTE, PayDecision.UPHOLD_DISPUTE, PayDecision.RETURN


@pytest.fixture(scope="module")
def book(document_of):
    book, issues = decode_approvals([document_of(FILE)])
    assert {(issue.code, issue.severity) for issue in issues} == {("APV008", Severity.WARNING)}
    return book


@pytest.fixture(scope="module")
def ruled(book):
    def ruled(matter, *, kind=BatchKind.BONUS, day=DAY, unsigned=(), period=MAY):
        versions = [placed.version for placed in book.placed()]
        signed = {version: version.id not in unsigned for version in versions}
        may = book.entitled_on(day, matter.decision, kind, period, signed)
        return ruling(matter, may, book.people_on(day, signed))

    return ruled


def matter(decision, by, **changes):
    wanted = Matter(decision, by, Location("batch b1"), "field", {"VND": 900}, frozenset({"E1"}))
    return replace(wanted, **changes)


@pytest.mark.parametrize(
    ("wanted", "codes"),
    [
        pytest.param(matter(HOLD, "Mai"), [], id="a member of a group that is named"),
        pytest.param(matter(HOLD, "Mai", scope="legal"), ["AUT001"], id="not for this department"),
        pytest.param(matter(HOLD, "Ha", scope="legal"), [], id="another group that may for all"),
        pytest.param(matter(HOLD, "Du"), ["AUT001"], id="may approve, but is not named for this"),
        pytest.param(matter(HOLD, "Zoe"), ["AUT001"], id="nobody knows them"),
        pytest.param(matter(HOLD, ""), ["AUT001"], id="nobody at all"),
        pytest.param(matter(RELEASE, "Ha", moves_minor={"VND": 1_000}), [], id="exactly at the limit"),
        pytest.param(matter(RELEASE, "Ha", moves_minor={"VND": 1_001}), ["AUT002"], id="above the limit"),
        pytest.param(matter(RELEASE, "Ha", moves_minor={"CNY": 1}), ["AUT002"], id="a currency without a limit"),
        pytest.param(matter(RELEASE, "Du", moves_minor={"VND": 1_001}), [], id="a higher person has none"),
        pytest.param(matter(HOLD, "Mo", payees=frozenset({"E7"})), ["AUT003"], id="about one's own pay"),
        pytest.param(matter(HOLD, "E1"), ["AUT001", "AUT003"], id="the payee under the employee id"),
        pytest.param(matter(APPROVE, "Ha", involved={"Ha": "proposed it"}), ["AUT004"], id="what one has proposed"),
        pytest.param(matter(APPROVE, "Du", involved={"Ha": "proposed it"}), [], id="what somebody else proposed"),
        pytest.param(matter(OPEN, "E1"), [], id="a payee disputes their own pay"),
        pytest.param(matter(OPEN, "E2"), ["AUT001"], id="nobody disputes a colleague's"),
        pytest.param(matter(UPHOLD, "E1"), ["AUT001", "AUT003"], id="nor upholds their own"),
    ],
)  # fmt: skip
def test_who_may_decide(ruled, wanted, codes):
    found = ruled(wanted).refusals
    assert [issue.code for issue in found] == codes
    assert all(issue.hint for issue in found)


@pytest.mark.parametrize(
    ("wanted", "message", "hint"),
    [
        (
            matter(HOLD, "Zoe"),
            "Zoe may not hold a payee of field; leaders (Mai, Mo), hr (Ha) may",
            'In incentives/approvals the authorities "on_bonuses" say so',
        ),
        (
            matter(RELEASE, "Ha", moves_minor={"VND": 1_001}),
            "Ha may release a payee of field up to 1,000 VND; this is about 1,001 VND",
            "Above it: directors (Du)",
        ),
        (
            matter(RETURN, "Zoe"),
            "Zoe may not return a batch of field; directors (Du), hr (Ha) may",
            'In incentives/approvals no authorities say who may, so those of the chain do: "bonuses"',
        ),
    ],
)
def test_a_refusal_says_what_was_found_who_may_and_where_that_is_said(ruled, wanted, message, hint):
    (found,) = ruled(wanted).refusals
    assert (found.message, found.hint) == (message, hint)


@pytest.mark.parametrize(
    ("by", "scope", "moved", "codes"),
    [
        pytest.param("Mai", "field", 500, [], id="within the step's limit"),
        pytest.param("Mai", "field", 501, ["AUT002"], id="above it"),
        pytest.param("Mai", "legal", 1, ["AUT001"], id="for another department"),
        pytest.param("Ha", "legal", 9_999, [], id="of another step"),
        pytest.param("Zoe", "field", 1, ["AUT001"], id="of none"),
    ],
)
def test_what_is_left_unsaid_is_decided_by_who_may_approve_a_step_of_the_chain(ruled, by, scope, moved, codes):
    wanted = matter(RETURN, by, scope=scope, moves_minor={"VND": moved})
    assert [issue.code for issue in ruled(wanted).refusals] == codes


@pytest.mark.parametrize(("by", "codes"), [("Du", []), ("Ha", []), ("Mai", ["AUT001"])])
def test_a_month_is_closed_by_who_approves_without_limits_where_nothing_is_said(ruled, by, codes):
    wanted = Matter(PayDecision.CLOSE, by, Location("period 2026-05"))
    assert [issue.code for issue in ruled(wanted, kind=None).refusals] == codes


@pytest.mark.parametrize("limit", [{"scopes": ["field"]}, {"up_to": {"VND": 500}}])
def test_one_limit_is_enough_not_to_close_a_month(limit):
    limited, free = (Approvers.model_validate({"group": name, **more}) for name, more in (("a", limit), ("b", {})))
    chains = {"bonuses": (limited, free)}
    assert entitled(PayDecision.CLOSE, None, chains).approvers == (free,)
    assert entitled(PayDecision.RETURN, None, chains).approvers == (limited, free)


def test_a_delegate_who_is_in_no_group_is_known_by_the_number_that_the_delegation_says():
    people = People({}, (Delegation.model_construct(of="Ha", to="Ade", to_employee="E9"),))
    assert (people.employee_ids("Ade"), people.employee_ids("Ha")) == ({"E9"}, frozenset())


def test_without_a_chain_nobody_decides(ruled):
    (found,) = ruled(matter(RETURN, "Ha"), kind=BatchKind.FEE).refusals
    assert (found.code, found.message) == ("AUT001", "Ha may not return a batch of field; nobody may")


@pytest.mark.parametrize(
    ("wanted", "day", "acts_for", "codes"),
    [
        pytest.param(matter(RELEASE, "Ade"), DAY, "Ha", [], id="within the dates"),
        pytest.param(matter(RELEASE, "Ade"), date(2026, 6, 15), "", ["AUT001"], id="the day after"),
        pytest.param(matter(HOLD, "Ade"), DAY, "", ["AUT001"], id="a decision that was not delegated"),
        pytest.param(matter(HOLD, "Bo"), DAY, "", ["AUT001"], id="a step of the chain alone was delegated"),
        pytest.param(matter(RELEASE, "Ade", moves_minor={"VND": 1_001}), DAY, "", ["AUT001"], id="no more than they"),
        pytest.param(matter(RELEASE, "Ade", payees=frozenset({"E9"})), DAY, "Ha", ["AUT003"], id="about their own pay"),
        pytest.param(
            matter(APPROVE, "Ade", involved={"Ha": "proposed it"}), DAY, "Ha", ["AUT004"], id="for who proposed"
        ),
        pytest.param(matter(HOLD, "Mo"), DAY, "", [], id="for oneself, although for somebody else too"),
    ],
)
def test_for_whom_a_delegate_decides(ruled, wanted, day, acts_for, codes):
    found = ruled(wanted, day=day)
    assert (found.on_behalf_of, [issue.code for issue in found.refusals]) == (acts_for, codes)


def test_authorities_that_nobody_has_signed_entitle_nobody(ruled):
    """Not even those of the chain: else an unsigned edit would hand the decision over."""
    (found,) = ruled(matter(HOLD, "Ha"), unsigned=("on_bonuses",)).refusals
    assert (found.code, "on_bonuses" in found.message) == ("AUT005", True)
    assert [issue.code for issue in ruled(matter(HOLD, "Ha"), unsigned=("hr",)).refusals] == ["AUT001"]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("hold_payee: [", "hold_payees: [", "RUL003 28"),
        ("about: bonus", "about: month", "APV007 28"),
        ("about: bonus", "about: bonuses", "RUL003 26"),
        ("hold_payee: [{group: leaders", "hold_payee: [{group: leader", "APV001 28"),
        ("up_to: {VND: 1_000}", "up_to: {VMD: 1_000}", "APV004 29"),
        ("{group: hr, up_to: {VND: 1_000}}, {group: directors}", "{group: hr, up_to: {VND: 1}}", "APV003 29"),
        ("[{group: leaders}, {group: hr}]", "[]", "APV003 30"),
        ("[{group: hr}, {group: directors}]\n", "[{group: hr}, {group: hr}]\n", "APV011 31"),
        ("decisions: [approve_adjustment", "decisions: [approve", "RUL003 7"),
    ],
)
def test_each_mistake_is_told_with_its_line(document_of, old, new, found):
    assert FILE.count(old) == 1, old
    _, issues = decode_approvals([document_of(FILE.replace(old, new))])
    assert found in [f"{issue.code} {issue.location.line}" for issue in issues if issue.is_error]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("", "", ("APV008", "of bonuses it says of nobody who may return, hold, release, reject_adj"),
                     id="decisions that nobody is named for"),
        pytest.param("review_by: 2027-01-01\n    about", "valid_to: 2026-09-01\n    about",
                     ("APV009", "from 2026-09-01 on no authorities say who decides about bonuses"),
                     id="days after the last version"),
        pytest.param("{id: hr, title: t, owner: o, valid_from: 2026-01-01, review_by: 2027-01-01",
                     "{id: hr, title: t, owner: o, valid_from: 2026-01-01, valid_to: 2026-09-01",
                     ("APV009", 'from 2026-09-01 on there is no group "hr", which "on_bonuses" names'),
                     id="days without a group"),
        pytest.param("propose_adjustment: [{group: leaders}, {group: hr}]\n      approve_adjustment: [{group: hr}, "
                     "{group: directors}]",
                     "propose_adjustment: [{group: hr}]\n      approve_adjustment: [{group: hr}]",
                     ("APV010", "Ha alone may propose_adjustment and approve_adjustment, and nobody may do both"),
                     id="one person on both sides"),
    ],
)  # fmt: skip
def test_what_leaves_a_decision_open_is_warned_of(document_of, old, new, said):
    _, issues = decode_approvals([document_of(FILE.replace(old, new) if old else FILE)])
    assert not [issue for issue in issues if issue.is_error]
    assert any(issue.code == said[0] and said[1] in issue.message for issue in issues), issues


def test_two_authorities_about_the_same_on_one_day_are_told(document_of):
    other = FILE[FILE.index("authorities:") :].replace("on_bonuses", "more").replace("2026-01-01", "2026-03-01")
    _, issues = decode_approvals([document_of(FILE, "a.yaml"), document_of(other, "b.yaml")])
    assert [str(issue.location) for issue in issues if issue.code == "APV002"] == ["b.yaml:2:9"]


def test_a_month_is_of_no_department_and_no_amount(document_of):
    text = (
        FILE
        + f"""\
  - id: on_months
    {HEAD.replace(", ", chr(10) + "    ")}
    about: month
    decisions: {{close: [{{group: hr, scopes: [field]}}], reopen: [{{group: hr}}]}}
"""
    )
    _, issues = decode_approvals([document_of(text)])
    assert [issue.code for issue in issues if issue.is_error] == ["APV007"]


def test_every_decision_belongs_to_batches_or_to_months(document_of):
    """A rule that names each of its kind leaves nothing unsaid."""
    said = dict.fromkeys(PayDecision, ())
    rule = Authority.model_construct(about=About.MONTH, decisions={})
    assert {*rule.unsaid} == {PayDecision.CLOSE, PayDecision.REOPEN}
    rest = Authority.model_construct(about=About.FEE, decisions={})
    assert {*rest.unsaid, *rule.unsaid} == set(said)
