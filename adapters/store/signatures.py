"""Signatures of rule versions: who proposed a version, and who else approved it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import rule_signatures
from domain.rules import RuleVersion


@dataclass(frozen=True, slots=True)
class RuleContent:
    """A rule version with what it says, as it is put before a signer."""

    version: RuleVersion
    content: Any


def sign(store: Store, rules: Iterable[RuleContent], *, proposer: str, signer: str) -> int:
    """Record the two names for each version that has none yet; the number of versions signed.

    Raises: RefusedError if one person is both.
    """
    if proposer == signer:
        raise RefusedError("SIG001 a rule needs two people: the signer is not the one who proposed it")
    with store.write("rules_signed") as connection:
        fresh = [rule for rule in rules if not _is_signed(connection, rule.version)]
        for rule in fresh:
            connection.execute(
                rule_signatures.insert().values(
                    kind=rule.version.kind.value,
                    rule_id=rule.version.id,
                    rule=rule.version.digest,
                    content=rule.content,
                    proposer=proposer,
                    signer=signer,
                    recorded_at=store.seam.clock(),
                )
            )
    return len(fresh)


def with_signatures(connection: sa.Connection, versions: Iterable[RuleVersion]) -> tuple[RuleVersion, ...]:
    """The versions, with proposer and signer where they were recorded."""
    rows = connection.execute(sa.select(rule_signatures.c.rule, rule_signatures.c.proposer, rule_signatures.c.signer))
    signed = {row.rule: (row.proposer, row.signer) for row in rows}
    return tuple(
        replace(version, proposer=signed[version.digest][0], signer=signed[version.digest][1])
        if version.digest in signed
        else version
        for version in versions
    )


def _is_signed(connection: sa.Connection, version: RuleVersion) -> bool:
    statement = sa.select(rule_signatures.c.sequence).where(rule_signatures.c.rule == version.digest)
    return connection.execute(statement).first() is not None
