"""Signatures of rule versions: who proposed a version, and who else approved it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import requested_rules, rule_signatures, signing_requests
from domain.ids import Digest
from domain.rules import RuleKind, RuleVersion


@dataclass(frozen=True, slots=True)
class RuleContent:
    """A rule version with what it says, as it is put before a signer."""

    version: RuleVersion
    content: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """What a signer was shown: the digest of the request, whether the signer named it, and what it said in short."""

    request: Digest
    was_named: bool
    content: Any


@dataclass(frozen=True, slots=True)
class Signed:
    """A version with its two names; `request` is the digest of what the signer was shown, or empty."""

    kind: RuleKind
    id: str
    rule: Digest
    content: Mapping[str, Any]
    proposer: str
    signer: str
    recorded_at: datetime
    request: str = ""


def sign(store: Store, rules: Iterable[RuleContent], *, proposer: str, signer: str, shown: Shown | None = None) -> int:
    """Record the two names for each version that has none yet, and what the signer was shown; how many were signed.

    Raises: RefusedError if one person is both.
    """
    refuse_one_person(proposer, signer)
    with store.write("rules_signed") as connection:
        fresh = [rule for rule in rules if not _is_signed(connection, rule.version)]
        if shown and fresh:
            _record_request(store, connection, shown)
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
            if shown:
                connection.execute(requested_rules.insert().values(rule=rule.version.digest, request=shown.request))
    return len(fresh)


def refuse_one_person(proposer: str, signer: str) -> None:
    if proposer == signer:
        raise RefusedError("SIG001 a rule needs two people: the signer is not the one who proposed it")


def signed_versions(connection: sa.Connection) -> tuple[Signed, ...]:
    """Every version ever signed, in the order in which they were."""
    table = rule_signatures.outerjoin(requested_rules, requested_rules.c.rule == rule_signatures.c.rule)
    statement = (
        sa.select(rule_signatures, requested_rules.c.request).select_from(table).order_by(rule_signatures.c.sequence)
    )
    return tuple(
        Signed(
            RuleKind(row.kind),
            row.rule_id,
            Digest(row.rule),
            row.content,
            row.proposer,
            row.signer,
            row.recorded_at,
            row.request or "",
        )
        for row in connection.execute(statement)
    )


def contents_of(
    connection: sa.Connection, digests: Iterable[Digest]
) -> dict[Digest, tuple[RuleKind, Mapping[str, Any]]]:
    """What was signed under these digests, with its kind."""
    wanted = sa.select(rule_signatures).where(rule_signatures.c.rule.in_(sorted({*digests})))
    return {Digest(row.rule): (RuleKind(row.kind), row.content) for row in connection.execute(wanted)}


def shown_requests(connection: sa.Connection, requests: Iterable[str]) -> dict[str, Shown]:
    """What these requests said, by digest."""
    wanted = sa.select(signing_requests).where(signing_requests.c.request.in_([*requests]))
    return {row.request: Shown(row.request, row.was_named, row.content) for row in connection.execute(wanted)}


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


def _record_request(store: Store, connection: sa.Connection, shown: Shown) -> None:
    """Once: what was shown for several rules may be signed in several steps."""
    known = sa.select(signing_requests.c.request).where(signing_requests.c.request == shown.request)
    if connection.execute(known).first() is None:
        connection.execute(
            signing_requests.insert().values(
                request=shown.request,
                was_named=shown.was_named,
                content=shown.content,
                recorded_at=store.seam.clock(),
            )
        )


def _is_signed(connection: sa.Connection, version: RuleVersion) -> bool:
    statement = sa.select(rule_signatures.c.sequence).where(rule_signatures.c.rule == version.digest)
    return connection.execute(statement).first() is not None
