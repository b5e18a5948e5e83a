"""Whatever is signed can be taken back, and taken as if it had held before: no kind of rule is forgotten."""

from __future__ import annotations

import json

import pytest

from adapters.settings import PROJECT
from domain.ids import canonical_json
from domain.rules import RuleKind
from tasks.stages.as_if import SECTIONS_OF_ALL, without
from tasks.stages.rules import decode_rule_book, read_rules
from tasks.stages.signed_book import read_back


def test_every_kind_has_a_section():
    assert SECTIONS_OF_ALL.keys() == {*RuleKind}


@pytest.mark.parametrize("kind", [RuleKind.LONG_LEAVE, RuleKind.TARGET, RuleKind.PLAN])
def test_a_rule_can_be_left_out_and_read_back_from_what_was_signed(kind):
    rules = read_rules(PROJECT)
    signed = next(each for each in rules.contents() if each.version.kind is kind)
    left = decode_rule_book(without(rules.book, [(kind, signed.version.id, signed.version.valid_from)]))
    assert signed.version not in {each.version for each in left.contents()}
    kept = json.loads(canonical_json(signed.content))
    assert canonical_json(read_back(kind, kept)) == canonical_json(signed.content)
