"""The guide for managers: its examples run, and its reference is that of the code."""

from __future__ import annotations

import re

import pytest

from adapters.rule_files import parse_document
from kpi_rules.reference import datasets_as_markdown
from kpi_rules.rule_tests import run_rule_tests
from kpi_rules.rulebook import decode_kpi_rules


def page(request, name):
    return (request.config.rootpath / "docs" / "rules" / name).read_text(encoding="utf-8")


@pytest.fixture
def guide(request):
    return page(request, "kpis.md")


def examples_of(text):
    """The rules of a guide's examples, after its tests have passed."""
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    documents = [parse_document(block, f"example-{number}.yaml")[0] for number, block in enumerate(blocks)]
    rules, issues = decode_kpi_rules([document for document in documents if "tests" not in document.data])
    assert issues == ()
    tests = [document for document in documents if "tests" in document.data]
    assert tests
    assert run_rule_tests(rules, tests) == ()
    return rules


def test_the_examples_of_limits_are_sound_and_their_test_passes(request):
    rules = examples_of(page(request, "limits.md"))
    assert [limit.rule.forbids.kind for limit in rules.limits] == ["too_soon", "more_than"]


def test_the_examples_of_the_guide_are_sound_and_its_tests_pass(guide):
    rules = examples_of(guide)
    assert {figure.rule.type for figure in rules.figures} == {"simple", "ratio", "derived", "cumulative"}


def test_the_reference_of_datasets_is_generated(guide):
    assert guide.endswith(datasets_as_markdown().rstrip() + "\n"), "write datasets_as_markdown() into the guide"
