"""Signatures of rule versions: who proposed a version, who else approved it, and who withdrew that again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.engine import Store
from adapters.store.schema import requested_rules, rule_signatures, signature_decisions, signing_requests
from domain.ids import Digest
from domain.rules import RuleKind, RuleVersion

WITHDRAWN, SIGNED_AGAIN = "withdrawn", "signed again"


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
class Withdrawal:
    """Who took a signature back, when, and why."""

    by: str
    reason: str
    recorded_at: datetime


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
    withdrawn: Withdrawal | None = None


def sign(store: Store, rules: Iterable[RuleContent], *, proposer: str, signer: str, shown: Shown | None = None) -> int:
    """Record the two names for each version that is not signed, and what the signer was shown; how many were signed.

    Raises: RefusedError if one person is both.
    """
    refuse_one_person(proposer, signer)
    with store.write("rules_signed") as connection:
        standing = {one.rule for one in signed_versions(connection) if one.withdrawn is None}
        fresh = [rule for rule in rules if rule.version.digest not in standing]
        if shown and fresh:
            _record_request(store, connection, shown)
        for rule in fresh:
            _record(store, connection, rule, proposer, signer, shown)
    return len(fresh)


def withdraw(store: Store, rules: Iterable[Digest], *, by: str, reason: str) -> int:
    """Record for each version that is signed that it is so no more; how many these were."""
    with store.write("signatures_withdrawn") as connection:
        standing = {one.rule for one in signed_versions(connection) if one.withdrawn is None}
        found = [rule for rule in dict.fromkeys(rules) if rule in standing]
        for rule in found:
            _decide(store, connection, rule, {"decision": WITHDRAWN, "proposer": "", "by_name": by, "reason": reason})
    return len(found)


def refuse_one_person(proposer: str, signer: str) -> None:
    if proposer == signer:
        raise RefusedError("SIG001 a rule needs two people: the signer is not the one who proposed it")


def signed_versions(connection: sa.Connection) -> tuple[Signed, ...]:
    """Every signature ever given, in that order, also those that were withdrawn."""
    decisions: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(sa.select(signature_decisions).order_by(signature_decisions.c.sequence)):
        decisions[row.rule].append(row)
    table = rule_signatures.outerjoin(requested_rules, requested_rules.c.rule == rule_signatures.c.rule)
    statement = (
        sa.select(rule_signatures, requested_rules.c.request).select_from(table).order_by(rule_signatures.c.sequence)
    )
    first, again = [], []
    for row in connection.execute(statement):
        one, *others = _signatures_of(row, decisions[row.rule])
        first.append(one)
        again += others
    return tuple(sorted((*first, *again), key=lambda one: one.recorded_at)) if again else tuple(first)


def withdrawn_among(
    connection: sa.Connection, versions: Iterable[RuleVersion]
) -> tuple[tuple[RuleVersion, Signed], ...]:
    """Those of the versions whose two names do not stand any more, each with the signature that was withdrawn."""
    found = {(one.rule, one.proposer, one.signer): one for one in signed_versions(connection)}
    named = ((version, found.get((version.digest, version.proposer, version.signer))) for version in versions)
    return tuple((version, one) for version, one in named if one is not None and one.withdrawn)


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
    """The versions, with proposer and signer where they are signed, and without names where they are not."""
    rows = connection.execute(sa.select(rule_signatures.c.rule, rule_signatures.c.proposer, rule_signatures.c.signer))
    names = {row.rule: (row.proposer, row.signer) for row in rows}
    for row in connection.execute(sa.select(signature_decisions).order_by(signature_decisions.c.sequence)):
        names[row.rule] = ("", "") if row.decision == WITHDRAWN else (row.proposer, row.by_name)
    nobody = ("", "")
    signed = ((version, names.get(version.digest, nobody)) for version in versions)
    return tuple(replace(version, proposer=proposer, signer=signer) for version, (proposer, signer) in signed)


def _signatures_of(row: Any, decisions: Iterable[Any]) -> Iterator[Signed]:
    """The signatures of one version, one for each time that it was signed."""
    current = Signed(
        RuleKind(row.kind),
        row.rule_id,
        Digest(row.rule),
        row.content,
        row.proposer,
        row.signer,
        row.recorded_at,
        row.request or "",
    )
    for each in decisions:
        if each.decision == WITHDRAWN:
            current = replace(current, withdrawn=Withdrawal(each.by_name, each.reason, each.recorded_at))
            continue
        yield current
        names = {"proposer": each.proposer, "signer": each.by_name, "request": each.request or ""}
        current = replace(current, **names, recorded_at=each.recorded_at, withdrawn=None)
    yield current


def _record(
    store: Store, connection: sa.Connection, rule: RuleContent, proposer: str, signer: str, shown: Shown | None
) -> None:
    version = rule.version
    if _was_signed(connection, version):
        names = {"proposer": proposer, "by_name": signer, "request": shown.request if shown else None}
        _decide(store, connection, version.digest, {"decision": SIGNED_AGAIN, "reason": "", **names})
        return
    connection.execute(
        rule_signatures.insert().values(
            kind=version.kind.value,
            rule_id=version.id,
            rule=version.digest,
            content=rule.content,
            proposer=proposer,
            signer=signer,
            recorded_at=store.seam.recorded(),
        )
    )
    if shown:
        connection.execute(requested_rules.insert().values(rule=version.digest, request=shown.request))


def _decide(store: Store, connection: sa.Connection, rule: Digest, decision: Mapping[str, Any]) -> None:
    last = sa.select(sa.func.max(signature_decisions.c.step)).where(signature_decisions.c.rule == rule)
    step = (connection.execute(last).scalar() or 0) + 1
    values = {"rule": rule, "step": step, **decision, "recorded_at": store.seam.recorded()}
    connection.execute(signature_decisions.insert().values(values))


def _record_request(store: Store, connection: sa.Connection, shown: Shown) -> None:
    """Once: what was shown for several rules may be signed in several steps."""
    known = sa.select(signing_requests.c.request).where(signing_requests.c.request == shown.request)
    if connection.execute(known).first() is None:
        connection.execute(
            signing_requests.insert().values(
                request=shown.request,
                was_named=shown.was_named,
                content=shown.content,
                recorded_at=store.seam.recorded(),
            )
        )


def _was_signed(connection: sa.Connection, version: RuleVersion) -> bool:
    statement = sa.select(rule_signatures.c.sequence).where(rule_signatures.c.rule == version.digest)
    return connection.execute(statement).first() is not None
