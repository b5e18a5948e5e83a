"""What all rules share: an id, dates between which they hold, a version that is the digest of their content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Generic, TypeVar

from pydantic import Field, model_validator

from domain.documents import Document, Path, RuleModel, decode
from domain.ids import Digest, digest_of
from domain.issues import Issue, Location, Severity


class RuleKind(StrEnum):
    """The kinds of rules that are signed, one version of one rule at a time."""

    KPI = "kpi"
    CREDIT = "credit_rule"
    SCORECARD = "scorecard"
    TARGET = "target"
    LIMIT = "limit"
    LONG_LEAVE = "long_leave"
    STANDING = "standing"
    SELECTION = "selection"
    ACTION_TERMS = "action_terms"
    POLICY = "policy"
    EXCHANGE = "exchange_rates"
    CONTRACT = "contract"
    PERMISSION = "permission"
    STRATEGY = "strategy"
    PLAN = "plan"
    EXPERIMENT = "experiment"
    STAFFING = "staffing"
    SIGNAL = "signal"
    THRESHOLD = "threshold"
    CLEANING = "cleaning"
    APPROVER_GROUP = "approver_group"
    APPROVAL_CHAIN = "approval_chain"
    AUTHORITY = "authority"
    DELEGATION = "delegation"
    PAY_TERMS = "pay_terms"


class Rule(RuleModel):
    """Keys that every rule has; each needs `valid_to` or `review_by`, so that nothing stays in force unseen."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Name in reports, references and commands: small letters, digits and underscores."""
    title: str
    """What people read."""
    owner: str
    """The role that answers for the rule."""
    valid_from: date
    """First day on which it holds."""
    valid_to: date | None = None
    """First day on which it no longer holds."""
    review_by: date | None = None
    """By when somebody looks at it again."""

    @model_validator(mode="after")
    def _ends_or_is_reviewed(self) -> Rule:
        if self.valid_to is None and self.review_by is None:
            raise ValueError("a rule needs valid_to or review_by, so that it does not stay in force unseen")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is the first day on which the rule no longer holds; it lies after valid_from")
        return self

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


AnyRule = TypeVar("AnyRule", bound=Rule)


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of one rule, as run manifests name it; `proposer` and `signer` are empty until it is signed."""

    kind: RuleKind
    id: str
    digest: Digest
    valid_from: date
    proposer: str = ""
    signer: str = ""


@dataclass(frozen=True)  # without slots: the digest of a rule is computed once
class Placed(Generic[AnyRule]):
    """A rule, its version, and where in its file each part of it stands."""

    kind: RuleKind
    rule: AnyRule
    document: Document
    path: Path

    @cached_property
    def version(self) -> RuleVersion:
        return RuleVersion(self.kind, self.rule.id, version_digest(self.rule), self.rule.valid_from)

    def place(self, *steps: str | int) -> Location:
        return self.document.place(self.path + steps)


def version_digest(rule: Rule) -> Digest:
    """The digest of the rule's canonical content: an edit elsewhere in the file, or in a comment, keeps it.

    Keys without a value, or with an empty one, are no part of it, so that a key that is new, and that the rule does not
    use, keeps the digest, and with it the signature.
    """
    return digest_of(_stated(rule.model_dump(mode="python")))


def _stated(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _stated(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each is not None and each not in ((), {})}
    return tuple(map(_stated, value)) if isinstance(value, list | tuple) else value


def decode_rules(
    documents: Iterable[Document], section: str, kind: RuleKind, model: type[AnyRule]
) -> tuple[tuple[Placed[AnyRule], ...], tuple[Issue, ...]]:
    """Every rule under the key `section` of the documents that have it; a broken one does not hide the others."""
    placed: list[Placed[AnyRule]] = []
    issues: list[Issue] = []
    for document in documents:
        for path in _entries(document, section):
            rule, found = decode(document, model, path)
            issues.extend(found)
            if rule is not None:
                placed.append(Placed(kind, rule, document, path))
    return tuple(placed), (*issues, *_overlaps(placed))


def effective(rules: Iterable[Placed[AnyRule]], day: date) -> Mapping[str, Placed[AnyRule]]:
    """The versions that hold on `day`, by id."""
    return {placed.rule.id: placed for placed in rules if placed.rule.holds_on(day)}


def stale(rules: Iterable[Placed[AnyRule]], day: date) -> tuple[Issue, ...]:
    """A warning for each rule in force whose review is overdue."""
    return tuple(
        Issue(
            "RUL011",
            placed.place("review_by"),
            f'"{placed.rule.id}" was to be reviewed by {placed.rule.review_by}',
            "Review it, and set the next date",
            Severity.WARNING,
        )
        for placed in rules
        if placed.rule.review_by and placed.rule.review_by < day and placed.rule.holds_on(day)
    )


def _entries(document: Document, section: str) -> Iterator[Path]:
    if isinstance(document.data, dict) and isinstance(document.data.get(section), list):
        yield from ((section, index) for index in range(len(document.data[section])))


def _overlaps(rules: list[Placed[AnyRule]]) -> Iterator[Issue]:
    ordered = sorted(rules, key=lambda placed: (placed.rule.id, placed.rule.valid_from))
    for before, after in pairwise(ordered):
        ends = before.rule.valid_to
        if before.rule.id == after.rule.id and (ends is None or ends > after.rule.valid_from):
            yield Issue(
                "RUL010",
                after.place("id"),
                f'two versions of "{after.rule.id}" hold on {after.rule.valid_from}; see {before.place("id")}',
                "End the older one with valid_to",
            )
