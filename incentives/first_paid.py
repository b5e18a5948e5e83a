"""Payees who were settled together, as they were first paid: what a later correction measures itself against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ids import Digest, digest_of
from domain.records import PayoutLine, Step
from incentives.policies import Policy, PolicyBody
from incentives.set_steps import Among

Key = tuple[str, str, str]
"""A row: payee, department, team."""

Group = tuple[Among, str, str]
"""Who is looked at together: of a policy, of a department, of a team in it."""


def group_of(among: Among, key: Key) -> Group:
    _, department, team = key
    match among:
        case Among.POLICY:
            return among, "", ""
        case Among.DEPARTMENT:
            return among, department, ""
        case Among.TEAM:
            return among, department, team


@dataclass(frozen=True, slots=True)
class PaidRow:
    """A row of a published line: whose it is, and its columns by name."""

    key: Key
    columns: Mapping[str, Step]

    @property
    def values(self) -> dict[str, Decimal]:
        return {name: step.value for name, step in self.columns.items() if step.value is not None}


PaidRows = Mapping[Key, PaidRow]
PaidGroups = Mapping[Group, PaidRows]


@dataclass(frozen=True, slots=True)
class Calculated:
    """By what a row was filled: the id and the first day of a policy, and the digest of what it calculates by."""

    policy: str
    valid_from: date
    content: Digest

    @classmethod
    def by(cls, policy: Policy) -> Calculated:
        """The same for a version that differs by its title, owner or last day: those calculate nothing."""
        content = policy.model_dump(include=set(PolicyBody.model_fields))
        return cls(policy.id, policy.valid_from, digest_of(content))


FirstPaid = Mapping[Calculated, PaidGroups]


@dataclass(frozen=True, slots=True)
class PublishedBatch:
    """A published batch: its department, and what its run calculated, for all departments."""

    scope: str
    lines: tuple[PayoutLine, ...]


def first_paid(batches: Iterable[PublishedBatch], policies: Mapping[str, Policy]) -> FirstPaid:
    """Of each policy and group the rows of the first batch that paid any of the group; `batches` in the order in which
    they were published, `policies` by the short digest of each version.

    Always the first: so what a correction comes to does not depend on the corrections before it. A group of several
    departments is that of the run whose batch was published first, in whichever department. Whoever was held then is no
    part of it.
    """
    found: dict[Calculated, dict[Group, PaidRows]] = defaultdict(dict)
    by = {version: Calculated.by(policy) for version, policy in policies.items()}
    for batch in batches:
        for calculated, rows in _by_policy(batch.lines, by).items():
            for group, members in _groups(rows, batch.scope).items():
                found[calculated].setdefault(group, members)
    return found


def _by_policy(lines: Iterable[PayoutLine], by: Mapping[str, Calculated]) -> dict[Calculated, list[PaidRow]]:
    found: dict[Calculated, list[PaidRow]] = defaultdict(list)
    for line in lines:
        for version, row in _rows(line):
            found[by[version]].append(row)
    return found


def _rows(line: PayoutLine) -> Iterator[tuple[str, PaidRow]]:
    """The rows of a line, each with the short digest of its policy: one begins with its policy's heading."""
    starts = [index for index, step in enumerate(line.steps) if step.kind == "policy"]
    for start, end in zip(starts, [*starts[1:], len(line.steps)], strict=False):
        heading, *columns = line.steps[start:end]
        said = dict(heading.inputs)
        key = (line.payee, line.scope, said.get("team", ""))
        yield said["version"], PaidRow(key, {step.name: step for step in columns if step.kind != "sum"})


def _groups(rows: Iterable[PaidRow], scope: str) -> dict[Group, PaidRows]:
    """The groups that the batch of the department paid anybody of."""
    found = groups_of(rows)
    return {group: members for group, members in found.items() if any(key[1] == scope for key in members)}


def groups_of(rows: Iterable[PaidRow]) -> dict[Group, PaidRows]:
    found: dict[Group, dict[Key, PaidRow]] = defaultdict(dict)
    for row in rows:
        for among in Among:
            found[group_of(among, row.key)][row.key] = row
    return {**found}
