"""The policies and contracts of the repository: without a fault, tested beside themselves, and versioned by content."""

from datetime import date
from decimal import Decimal

import pytest

from domain.periods import Period
from incentives.book import decode_policies
from incentives.contracts import decode_contracts
from incentives.fees import fees
from incentives.recoveries import PartnerRecovery, Placement
from incentives.rule_tests import run_policy_tests
from incentives.trial import try_policy

DEPARTMENTS = ("phone_early", "phone_late", "field", "legal", "restructuring")


@pytest.fixture(scope="module")
def policies(files_below):
    documents, tests = files_below("incentives/policies")
    book, issues = decode_policies(documents)
    assert not issues, "\n".join(map(str, issues))
    return book, tests


def test_the_tests_beside_the_policies_pass(policies):
    book, tests = policies
    assert sum(len(document.data["tests"]) for document in tests) >= 13
    assert run_policy_tests(book, tests) == ()


def test_every_department_has_a_policy_in_each_currency_of_pay(policies):
    found = policies[0].on(date(2026, 6, 30))
    assert {f"{name}_{currency}" for name in DEPARTMENTS for currency in ("vnd", "cny")} <= set(found)


def test_a_parameter_is_part_of_the_version_and_a_figure_points_at_it(files_below):
    (document, *_), _ = files_below("incentives/policies")
    before, _ = decode_policies([document])
    entry = next(each for each in document.data["policies"] if each["id"] == "legal_vnd")
    entry["parameters"]["target_bonus"] = 4_000_001
    after, _ = decode_policies([document])
    changed = [one.id for one, other in zip(before.versions(), after.versions(), strict=True) if one != other]
    assert changed == ["legal_vnd"]
    inputs = {"score": Decimal(100), "critical_fails": Decimal(0), "upheld_complaints": Decimal(0)}
    row = try_policy(after.on(date(2026, 6, 30))["legal_vnd"], inputs).row
    target = next(step for step in row.steps if step.name == "target")
    line = int(target.line.split(":")[1])
    assert (target.value, document.place(("policies",)).line < line) == (4_000_001, True)


def test_the_contracts_are_without_a_fault_and_pay_thirty_days_after_recall(files_below):
    documents, _ = files_below("incentives/contracts")
    book, issues = decode_contracts(documents)
    assert not issues, "\n".join(map(str, issues))
    back = Placement("L1", "B1", 1, date(2026, 3, 1), Decimal(9_000_000), date(2026, 12, 1), date(2026, 6, 1), 200)
    days = {"last of the tail": date(2026, 6, 30), "after it": date(2026, 7, 1)}
    payments = {
        name: PartnerRecovery(name, "A1", "P02", day, Decimal(1_000_001), "VND", back) for name, day in days.items()
    }
    june = fees(book, payments.values(), period=Period(2026, 6))
    assert [(each.component, each.amount) for each in june.payouts] == [
        ("fee:standard_vnd", 220_000),
        ("vat:standard_vnd", 22_000),
    ]
    july = fees(book, payments.values(), period=Period(2026, 7))
    assert [each.recovery.payment_id for each in july.without_fee] == ["after it"]


TEST_FILE = """\
tests:
  - name: on target
    policy: legal_vnd
    on: 2026-06-30
    inputs: {score: 100, critical_fails: 0, upheld_complaints: 0}
    expect: {payout: 1, amount: 4_000_000}
  - name: on target, and corrected
    policy: legal_vnd
    on: 2026-06-30
    payees:
      one: {inputs: {score: 100}, expect: {amount: 4_000_000}}
    corrected:
      one: {inputs: {score: 60}, expect: {amount: 2_000_000}}
"""


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "text"),
    [
        ("amount: 4_000_000", "amount: 4_000_001", "POL072", 6, "amount is 4000000, expected 4000001"),
        ("payout: 1", "pay: 1", "POL074", 6, 'computed no step "pay"'),
        ("legal_vnd", "legal_vn", "POL071", 3, 'no policy "legal_vn" holds on 2026-06-30'),
        ("2026-06-30", "2024-06-30", "POL071", 3, 'no policy "legal_vnd" holds on 2024-06-30'),
        ("score: 100", "scores: 100", "POL070", 5, 'no input "scores"'),
        ("score: 100, ", "", "POL073", 2, "the payee is held, missing_input"),
        ("expect:", "held: missing_input\n    expect:", "POL073", 6, "the payee is paid 4000000"),
        ("score: 100", "score: null", "POL073", 2, "the payee is held"),
        ("expect:", "days: {counted: 1, of: 0}\n    expect:", "RUL005", 6, "greater than 0"),
        (
            "    policy: legal_vnd\n    on: 2026-06-30\n    inputs",
            "    on: 2026-06-30\n    inputs",
            "RUL002",
            2,
            "policy",
        ),
        ("amount: 2_0", "amount: 3_0", "POL072", 13, '"on target, and corrected", one: amount is 2000000, expected 3'),
        ("one: {inputs: {score: 60}", "two: {inputs: {score: 60}", "POL075", 13, '"two" is none of the payees'),
        ("{score: 60}", "{scores: 60}", "POL070", 13, 'no input "scores"'),
        ("{score: 60}", "{score: null}", "POL073", 13, "one: the payee is held, missing_input"),
        ("tests:", "test:", "RUL001", 1, 'unknown key "test"'),
    ],
)
def test_a_test_that_fails_says_where_and_what(policies, document_of, old, new, code, line, text):
    assert run_policy_tests(policies[0], [document_of(TEST_FILE)]) == ()
    found = run_policy_tests(policies[0], [document_of(TEST_FILE.replace(old, new, 1), "a.test.yaml")])
    assert [(each.code, each.location.line) for each in found] == [(code, line)]
    assert text in found[0].message
