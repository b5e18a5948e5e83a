"""Months that should be prepared, because something has become payable, or is so no more, since they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import sqlalchemy as sa

from adapters.store.claims import settlements_of
from adapters.store.runs import official_run
from adapters.store.schema import runs
from adapters.world import World
from domain.manifest import RunKind, Stage
from domain.periods import Period
from tasks.stages.claims_state import (
    PartnerClaims,
    digest_of_payable,
    earning,
    partner_claims,
    payable_digest,
    payable_of,
)
from tasks.stages.manifests import manifest_of


def months_to_prepare(connection: sa.Connection, claims: PartnerClaims) -> tuple[Period, ...]:
    """The months whose newest month-end paid by other settlements or decisions than there are now, and those that have
    something payable and had no month-end yet; of months whose last night was measured, in order.

    A month counts too if what has changed is of an earlier one: a reversal in it takes back, and slices go by, what
    was payable before it.
    """
    posted = sorted(each.posted_on for each in earning(claims) if each.posted_on is not None)
    if not posted:
        return ()
    newest = sa.select(sa.func.max(runs.c.business_date)).where(runs.c.kind == RunKind.MONTH_END.value)
    last = Period.of(max(posted[-1], connection.execute(newest).scalar() or posted[-1]))
    return tuple(month for month in _months(Period.of(posted[0]), last) if _is_due(connection, claims, month, posted))


def settled_since(world: World, periods: Iterable[Period]) -> tuple[str, ...]:
    """The same of all partners, of these months, to be said before pay."""
    wanted = frozenset(periods)
    with world.store.read() as connection:
        partners = dict.fromkeys(row.partner_id for row in settlements_of(connection))
        due = {each: months_to_prepare(connection, partner_claims(world, connection, each)) for each in partners}
    return tuple(
        f"what is payable of claims of {partner} in {month} changed after it was prepared: prepare {month} again"
        for partner, months in due.items()
        for month in months
        if month in wanted
    )


def _months(first: Period, last: Period) -> Iterator[Period]:
    while first <= last:
        yield first
        first = first.next()


def _is_due(connection: sa.Connection, claims: PartnerClaims, month: Period, posted: Iterable[date]) -> bool:
    if official_run(connection, RunKind.NIGHTLY.value, month.last_day, Stage.MEASURE.value) is None:
        return False
    run = official_run(connection, RunKind.MONTH_END.value, month.last_day, Stage.PREPARE.value)
    if run is None:
        return any(day in month for day in posted)
    now = digest_of_payable(payable_of(claims, month.end))
    return now != payable_digest(manifest_of(connection, run), claims.partner)
