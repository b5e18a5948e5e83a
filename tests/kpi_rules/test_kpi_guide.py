"""The guide for managers: its examples run, and its reference is that of the code."""

from __future__ import annotations

import re

import pytest

from adapters.rule_files import parse_document
from kpi_rules.reference import datasets_as_markdown
from kpi_rules.rule_tests import run_rule_tests
from kpi_rules.rulebook import decode_kpi_rules


@pytest.fixture(scope="module")
def guide(request):
    return (request.config.rootpath / "docs" / "rules" / "kpis.md").read_text(encoding="utf-8")


def test_the_examples_of_the_guide_are_sound_and_its_tests_pass(guide):
    blocks = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    documents = [parse_document(block, f"example-{number}.yaml")[0] for number, block in enumerate(blocks)]
    rules, issues = decode_kpi_rules([document for document in documents if "tests" not in document.data])
    assert issues == ()
    assert run_rule_tests(rules, [document for document in documents if "tests" in document.data]) == ()
    assert {figure.rule.type for figure in rules.figures} == {"simple", "ratio", "derived", "cumulative"}


def test_the_reference_of_datasets_is_generated(guide):
    assert guide.endswith(datasets_as_markdown().rstrip() + "\n"), "write datasets_as_markdown() into the guide"
