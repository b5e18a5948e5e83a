"""The guide of strategies: its first example is sound, the others fit into it, and it tells every code."""

from __future__ import annotations

import re

import pytest

from adapters.rule_files import parse_document
from allocation.strategies import decode_strategies


@pytest.fixture
def guide(request):
    return (request.config.rootpath / "docs" / "rules" / "strategies.md").read_text(encoding="utf-8")


def test_the_examples_are_a_strategy_without_a_fault(guide):
    whole, *parts = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert parts
    for text in (whole, *(with_keys(whole, part) for part in parts)):
        document, unreadable = parse_document(text, "example.yaml")
        assert document is not None, unreadable
        book, issues = decode_strategies([document])
        assert issues == (), [str(issue) for issue in issues]
        assert len(book.strategies) == 1


def with_keys(whole, part):
    """Keys of a strategy in place of those of the same name; segments before those that there are."""
    if part.startswith("    segments:\n"):
        return whole.replace("    segments:\n", part)
    for key in re.findall(r"^    (\w+):", part, re.MULTILINE):
        whole = re.sub(rf"^    {key}:.*\n", "", whole, flags=re.MULTILINE)
    return whole.replace("    segments:\n", f"{part}    segments:\n")


def test_the_codes_of_the_guide_are_those_of_the_code(guide, request):
    source = "".join(
        (request.config.rootpath / "allocation" / name).read_text(encoding="utf-8")
        for name in ("strategy_checks.py", "segment_tables.py")
    )
    assert set(re.findall(r"ALL\d{3}", guide)) == set(re.findall(r"ALL\d{3}", source))
