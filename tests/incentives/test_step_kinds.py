"""Every kind of step by cases in YAML, in the form in which managers test their policies."""

from pathlib import Path

from adapters.rule_files import read_document
from incentives.book import decode_policies
from incentives.rule_tests import run_policy_tests

HERE = Path(__file__).parent


def test_the_cases_of_each_kind_of_step_hold():
    policies, tests = (_document(name) for name in ("step_kinds.yaml", "step_kinds.test.yaml"))
    book, issues = decode_policies([policies])
    assert not issues, "\n".join(map(str, issues))
    assert not run_policy_tests(book, [tests])
    assert {case["policy"] for case in tests.data["tests"]} == {ready.policy.id for ready in book.policies}


def test_a_case_that_does_not_hold_is_told_at_its_place(document_of, book_of):
    book = book_of((HERE / "step_kinds.yaml").read_text())
    case = "{name: N, policy: kickers, on: 2026-06-30, inputs: {commission: 1, kept: 0}"
    (found,) = run_policy_tests(book, [document_of(f"tests: [{case}, expect: {{amount: 2}}}}]")])
    assert (found.code, found.location.line) == ("POL072", 1)
    several = f"tests: [{case}, payees: {{A: {{expect: {{amount: 1}}}}, B: {{inputs: {{kept: 40}}, held: tied}}}}}}]"
    (found,) = run_policy_tests(book, [document_of(several)])
    assert found.code == "POL073"
    assert '"N", B' in found.message


def _document(name):
    document, issues = read_document(HERE / name, name)
    assert not issues
    return document
