"""Whether somebody may decide something about pay, by the rules and signatures of the day."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.signatures import with_signatures
from domain.periods import Period
from domain.rules import RuleVersion
from incentives.approvers import People
from incentives.authority import Matter, Ruling, ruling
from incentives.ledger import BatchKind, LedgerKey
from tasks.stages.month_end import Frozen
from tasks.stages.rules import RuleSet


def ruling_on(
    connection: sa.Connection, rules: RuleSet, kind: BatchKind | None, period: Period, matter: Matter, day: date
) -> Ruling:
    """On a matter of batches of the kind and month; without a kind, on the month itself."""
    is_signed = _is_signed(connection, rules)
    may = rules.approvals.entitled_on(day, matter.decision, kind, period, is_signed)
    return ruling(matter, may, rules.approvals.people_on(day, is_signed))


def people_on(connection: sa.Connection, rules: RuleSet, day: date) -> People:
    """Who may approve on the day, by the groups and delegations that are signed."""
    return rules.approvals.people_on(day, _is_signed(connection, rules))


def refuse(ruled: Ruling, faults: tuple[str, ...] = ()) -> str:
    """Whom it is decided for; the decision is refused with everything that was found against it."""
    said = tuple(f"{issue.code} {issue.message}. {issue.hint}" for issue in ruled.refusals)
    if faults or said:
        raise RefusedError("\n".join((*faults, *said)))
    return ruled.on_behalf_of


def moved_of_payee(frozen: Frozen, payee: str, component: str = "") -> dict[str, int]:
    """What a decision about a payee is about: what the batch calculates for them, up and down added, by currency."""
    moved: dict[str, int] = {}
    for key, amount in frozen.desired.items():
        if key.payee == payee and component in {"", key.component} and _is_calculated(key):
            moved[key.currency] = moved.get(key.currency, 0) + abs(amount)
    return moved


def _is_calculated(key: LedgerKey) -> bool:
    """What people decided stands beside it, under keys with a slash."""
    return "/" not in key.component


def _is_signed(connection: sa.Connection, rules: RuleSet) -> dict[RuleVersion, bool]:
    versions = rules.approvals.of_people()
    signed = with_signatures(connection, versions)
    return {version: bool(known.signer) for version, known in zip(versions, signed, strict=True)}
