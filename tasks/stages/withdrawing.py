"""Withdrawing a signature: from then on the version is not signed, and what was prepared by it is void."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.batches import read_batches, refuse_other_names
from adapters.store.signatures import Signed, signed_versions, withdraw, withdrawn_among
from adapters.world import World
from domain.expressions.parse import suggestion
from domain.ids import short
from domain.rules import RuleVersion
from tasks.stages.month_end import Frozen, read_frozen


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was withdrawn, and the batches that it has made void: prepared by it, and not published."""

    signed: Signed
    void: tuple[Frozen, ...]


def withdraw_signature(world: World, rule: str, *, by: str, reason: str, version: str = "") -> Withdrawn:
    """Withdraw the signature of the rule's version whose digest begins with `version`, or of its only one.

    Runs that have used it stay as they are. Raises: RefusedError if it is not to be found (SIG005), if several are
    signed (SIG006), or without a reason (SIG007).
    """
    if not reason.strip():
        raise RefusedError("SIG007 a signature is withdrawn with a reason: say why, --reason")
    with world.store.read() as connection:
        refuse_other_names(connection, by)
        one = _only(signed_versions(connection), rule, version)
    withdraw(world.store, [one.rule], by=by, reason=reason)
    with world.store.read() as connection:
        void = tuple(each for each in _open_batches(connection) if _uses(connection, each, one))
    return Withdrawn(one, void)


def withdrawn_said(version: RuleVersion, signed: Signed) -> str:
    """Such as `the kpi "contact_rate" was withdrawn by head of phone on 2026-10-20: counts bots`."""
    taken = signed.withdrawn
    when = f" by {taken.by} on {taken.recorded_at:%Y-%m-%d}: {taken.reason}" if taken else ""
    return f'the {version.kind.value.replace("_", " ")} "{version.id}" was withdrawn{when}'


def _only(found: tuple[Signed, ...], rule: str, version: str) -> Signed:
    mine = [one for one in found if one.id == rule]
    if not mine:
        known = sorted({one.id for one in found})
        raise RefusedError(f"SIG005 no version of {rule!r} was ever signed. {suggestion(rule, known)}")
    standing = [one for one in mine if one.withdrawn is None and one.rule.startswith(version)]
    if not standing:
        raise RefusedError(f"SIG005 no version of {rule} that is signed begins with {version!r}; look at "
                           f"`recoup signatures --rule {rule}`")  # fmt: skip
    if len(standing) > 1:
        listed = "\n".join(f"  {short(one.rule)}  from {one.content.get('valid_from')}" for one in standing)
        raise RefusedError(f"SIG006 several versions of {rule} are signed; name one, --version:\n{listed}")
    return standing[0]


def _open_batches(connection: sa.Connection) -> Iterator[Frozen]:
    for row in read_batches(connection):
        frozen = read_frozen(connection, row.batch_id)
        if not frozen.state.is_over:
            yield frozen


def _uses(connection: sa.Connection, frozen: Frozen, signed: Signed) -> bool:
    return any(version.digest == signed.rule for version, _ in withdrawn_among(connection, frozen.batch.rules))
