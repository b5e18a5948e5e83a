"""The guide of treatment plans: its example is sound, and tells every code that there is."""

from __future__ import annotations

import re

import pytest

from adapters.rule_files import parse_document
from allocation.plans import decode_plans


@pytest.fixture
def guide(request):
    return (request.config.rootpath / "docs" / "rules" / "plans.md").read_text(encoding="utf-8")


def test_the_example_is_a_plan_without_a_fault(guide):
    (block,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    book, issues = decode_plans([parse_document(block, "example.yaml")[0]], ["late"])
    assert issues == ()
    (plan,) = book.plans
    assert [action.kind.value for action in plan.rule.actions] == ["call", "letter", "call", "case"]


def test_the_codes_of_the_guide_are_those_of_the_code(guide, request):
    source = (request.config.rootpath / "allocation" / "plans.py").read_text(encoding="utf-8")
    assert set(re.findall(r"PLN\d{3}", guide)) == set(re.findall(r"PLN\d{3}", source))
