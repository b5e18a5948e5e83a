"""What the digest of a rule depends on: all that it says, and nothing that it does not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import Field

from domain.rules import Rule, version_digest


class _Before(Rule):
    limit: Decimal = Decimal(1)
    parts: tuple[str, ...] = ()
    named: dict[str, Decimal | None] = Field(default_factory=dict)


class _After(_Before):
    note: str | None = None
    more: tuple[int, ...] = ()


def _rule(model: type[Rule], **changes: Any) -> Rule:
    stated = {"id": "a", "title": "A", "owner": "operations", "valid_from": date(2026, 1, 1)}
    return model.model_validate({**stated, "review_by": date(2026, 6, 1), **changes})


def test_a_key_that_is_new_and_not_used_keeps_the_digest():
    changes = {"parts": ("x",), "named": {"y": None}}
    assert version_digest(_rule(_After, **changes)) == version_digest(_rule(_Before, **changes))


@pytest.mark.parametrize(
    "changes",
    [{"note": "x"}, {"more": (0,)}, {"limit": Decimal(0)}, {"parts": ("x",)}, {"valid_to": date(2026, 2, 1)}],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_is_stated_changes_it(changes):
    assert version_digest(_rule(_After, **changes)) != version_digest(_rule(_After))


def test_the_order_of_parts_counts():
    assert version_digest(_rule(_After, parts=("x", "y"))) != version_digest(_rule(_After, parts=("y", "x")))
