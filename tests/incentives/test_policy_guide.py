"""What the guide shows is a policy and a test that hold."""

import re
from pathlib import Path

from incentives.book import decode_policies
from incentives.contract_tests import run_contract_tests
from incentives.contracts import decode_contracts
from incentives.fee_names import NAMES
from incentives.rule_tests import run_policy_tests

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "rules"
GUIDE, OF_CONTRACTS = GUIDES / "policies.md", GUIDES / "contracts.md"
SOURCES = Path(__file__).resolve().parents[2] / "incentives"


def test_the_examples_of_the_guide_hold(document_of):
    examples = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    tests = [text for text in examples if text.startswith("tests:")]
    policies = [text for text in examples if text not in tests]
    book, issues = decode_policies([document_of(text, f"{index}.yaml") for index, text in enumerate(policies)])
    assert not issues, "\n".join(map(str, issues))
    assert (len(book.policies), len(tests)) == (5, 2)
    assert run_policy_tests(book, [document_of(text) for text in tests]) == ()
    here = ("lines", "carried", "rates")
    assert not [issue for issue in book.references({}, {}) if any(word in issue.message for word in here)]


def test_the_contract_of_the_guide_holds(document_of):
    contract, test = re.findall(r"```yaml\n(.*?)```", OF_CONTRACTS.read_text(), re.DOTALL)
    book, issues = decode_contracts([document_of(contract)])
    assert not issues, "\n".join(map(str, issues))
    assert run_contract_tests(book, [document_of(test, "a.test.yaml")]) == ()


def test_every_name_of_a_schedule_is_in_the_guide():
    rows = [row for row in OF_CONTRACTS.read_text().splitlines() if row.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert {*NAMES} <= told


def test_every_code_is_in_the_guide():
    used = set(
        re.findall(r'"((?:POL|CON|LED|BAT)[0-9]{3})"', "".join(path.read_text() for path in SOURCES.glob("*.py")))
    )
    listed = {code for guide in (GUIDE, OF_CONTRACTS) for row in guide.read_text().splitlines() for code in _codes(row)}
    assert used <= listed
    assert len(used) > 40


def _codes(row: str):
    for kind, first, last in re.findall(
        r"\b([A-Z]{3})([0-9]{3})(?:–[A-Z]{3}([0-9]{3}))?", row.split("|")[1] if "|" in row else ""
    ):
        yield from (f"{kind}{number:03}" for number in range(int(first), int(last or first) + 1))
