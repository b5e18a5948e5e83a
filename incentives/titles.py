"""What people read instead of names: of rules, their columns and components, in each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from domain.rules import Rule

Translations = dict[Literal["vi", "zh"], str]
Names = dict[Literal["en", "vi", "zh"], str]


class TitledRule(Rule):
    """A rule by whose title somebody is paid."""

    titles: Translations = Field(default_factory=dict)
    """The title on statements in Vietnamese and Chinese; left out: as in `title`."""


def in_language(titles: Mapping[Any, str], language: str, otherwise: str) -> str:
    """The text in the language, where there is one."""
    return {str(name): text for name, text in titles.items()}.get(language, otherwise)
