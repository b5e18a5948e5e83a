"""Policies as they were signed: what a line was paid by, whatever the rule files say today."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from adapters.store.signatures import contents_of
from domain.documents import Document
from domain.ids import Digest
from domain.rules import Placed, RuleKind, version_digest
from incentives.policies import Policy
from incentives.ready import ReadyPolicy, make_ready
from incentives.titles import in_language

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class SignedRule:
    """The titles that people know it by, and the policy ready to compute; None for other kinds of rules."""

    title: str
    policy: ReadyPolicy | None
    titles: Mapping[str, str] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        return in_language(self.titles, language, self.title)

    def names_in(self, language: str) -> dict[str, str]:
        """What the policy's columns are called, those that have a title."""
        steps = self.policy.policy.steps if self.policy else ()
        return {step.name: step.titles[name] for step in steps for name in step.titles if name == language}


def signed_rules(connection: sa.Connection, digests: Iterable[Digest]) -> dict[Digest, SignedRule]:
    """The versions by digest; one that was never signed is left out."""
    return {
        digest: SignedRule(
            str(content.get("title", "")),
            _ready(digest, content) if kind == RuleKind.POLICY else None,
            content.get("titles", {}),
        )
        for digest, (kind, content) in contents_of(connection, digests).items()
    }


def column_names(connection: sa.Connection, digests: Iterable[Digest], language: str) -> dict[str, dict[str, str]]:
    """What the columns of these versions of policies are called in the language, those that have a title there."""
    found = contents_of(connection, digests)
    return {str(digest): dict(_names(content.get("steps", ()), language)) for digest, (_, content) in found.items()}


def _names(steps: Iterable[Any], language: str) -> Iterator[tuple[str, str]]:
    for step in steps:
        if title := in_language(step.get("titles", {}), language, ""):
            yield step["name"], title


def _ready(digest: Digest, content: Any) -> ReadyPolicy | None:
    """None where what was signed can no longer be read: by another version of this program, say."""
    try:
        policy = Policy.model_validate(_as_read(content), by_name=True, by_alias=True)
    except ValidationError:
        return None
    if version_digest(policy) != digest:
        return None
    ready, _ = make_ready(Placed(RuleKind.POLICY, policy, Document("", {}, {}), ()))
    return ready


def _as_read(node: Any) -> Any:
    """Numbers are stored as text; a text that only looks like one is told by the digest."""
    if isinstance(node, dict):
        return {key: _as_read(each) for key, each in node.items()}
    if isinstance(node, list):
        return [_as_read(each) for each in node]
    return Decimal(node) if isinstance(node, str) and _NUMBER.fullmatch(node) else node
