"""What partners have, by batch, what is due back, and where our dispatch and the books say different things."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import RefusedError
from adapters.store.releases import all_releases, create_dispatch_views
from adapters.store.runs import official_run
from adapters.store.standing import standings_on
from adapters.world import World
from domain.dispatch import DISPATCH_SQL
from domain.exact import ExactSelect, exact, total
from domain.manifest import RunKind, Stage
from domain.partner_review import DueRecall, PlacementBatch, PlacementGap, PlacementsReview
from domain.periods import Period
from domain.recalls import RecallReason, recall_code
from domain.sql import TABLES
from domain.standings import Placed, StandingInForce
from incentives.contracts import ContractBook
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.people import partners_of, refuse_unknown
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night

NOT_PLACED, NOT_DISPATCHED, ELSEWHERE = "dispatched, not placed", "placed, not dispatched", "with another partner"
IDLE_DAYS, AHEAD_DAYS = 14, 31  # contacts are at hand for as many days back; terms that end within a month are told

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """When a placement counts as due back: its term ends within so many days, or nobody was tried for so many."""

    ahead_days: int = AHEAD_DAYS
    idle_days: int = IDLE_DAYS


def placements_on(world: World, night: date, partner: str = "", terms: Terms = Terms()) -> PlacementsReview:
    """As of the newest official night of the date, by the books that it accepted.

    Raises: RefusedError if no night of the date was gated (PLC001); FileChangedError.
    """
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, night, Stage.GATE.value)
        if run is None:
            raise RefusedError(f"PLC001 no night of {night} was gated; `recoup runs` lists those that were")
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        releases = [each for each in all_releases(world, connection) if each.valid_from <= night]
        standings = standings_on(connection, night)
    contracts = sound_rules(world.settings.rules).contracts
    with session_of_night(world, manifest, accepted, releases=False) as duck:
        create_dispatch_views(duck, releases)
        refuse_unknown(partner, partners_of(duck, Period(1900, 1), night), f"on {night} or was before")
        return placements_in(duck, night, contracts, standings, partner, terms)


def placements_in(
    duck: Duck,
    night: date,
    contracts: ContractBook,
    standings: Iterable[StandingInForce],
    partner: str = "",
    terms: Terms = Terms(),
) -> PlacementsReview:
    """The same in a session that is open."""
    rows = [row for row in duck.read(_placements(night)) if partner in {"", row["partner_id"]}]
    touched = {(row["account_id"], row["partner_id"]): row["last"] for row in duck.read(_last_touches(night))}
    gaps = tuple(gap for gap in _gaps(duck, night) if partner in {"", gap.partner})
    return PlacementsReview(
        tuple(_batches(rows, night, contracts)),
        tuple(_due(rows, night, tuple(standings), touched, terms)),
        gaps,
    )


def _placements(night: date) -> ExactSelect:
    """Every placement with the partner's legal facts, what was paid while it ran, and its open promises."""
    placed, partners = TABLES["placements"].c, TABLES["partners"].c
    paid, promised = _paid_while_placed(night), _open_promises(night)
    source = (
        TABLES["placements"]
        .outerjoin(TABLES["partners"], partners.partner_id == placed.partner_id)
        .outerjoin(paid, paid.c.placement_id == placed.placement_id)
        .outerjoin(promised, sa.and_(promised.c.account_id == placed.account_id,
                                     promised.c.partner_id == placed.partner_id))
    )  # fmt: skip
    return exact(
        sa.select(*placed, partners.legal_type, partners.jurisdiction, paid.c.recovered, promised.c.promises,
                  promised.c.promised)
        .select_from(source)
        .order_by(placed.partner_id, placed.placement_batch, placed.currency, placed.placement_number,
                  placed.placement_id)
    )  # fmt: skip


def _paid_while_placed(night: date) -> sa.Subquery:
    """Without what was forgiven; reversals take back. Payments that are at hand: of this month and before."""
    placed, paid = TABLES["placements"].alias("placed_then"), TABLES["payments"].alias("paid")
    ended = sa.func.least(sa.func.coalesce(placed.c.recalled_on, placed.c.term_ends_on), placed.c.term_ends_on)
    during = sa.and_(paid.c.account_id == placed.c.account_id, paid.c.paid_on >= placed.c.placed_on,
                     paid.c.paid_on < ended, paid.c.posted_on <= night)  # fmt: skip
    return (
        sa.select(placed.c.placement_id, total(paid.c.amount - paid.c.waiver).label("recovered"))
        .select_from(placed.join(paid, during))
        .group_by(placed.c.placement_id)
        .subquery("paid_while_placed")
    )


def _open_promises(night: date) -> sa.Subquery:
    promise = TABLES["promises"].c
    mine = (promise.state == "open", promise.due_on >= night, promise.partner_id.is_not(None))
    number = sa.cast(sa.func.count(), sa.BigInteger).label("promises")
    return (
        sa.select(promise.account_id, promise.partner_id, number, total(promise.amount).label("promised"))
        .where(*mine)
        .group_by(promise.account_id, promise.partner_id)
        .subquery("promised")
    )


def _last_touches(night: date) -> ExactSelect:
    """The last day on which a partner tried to reach anybody about an account, or made a visit."""
    contact, visit = TABLES["contacts"].c, TABLES["visits"].c
    called = sa.select(contact.account_id, contact.partner_id, sa.cast(contact.started_wall, sa.Date).label("on_day"))
    called = called.where(contact.partner_id.is_not(None), contact.started_wall < night + timedelta(days=1))
    visited = sa.select(visit.account_id, visit.partner_id, sa.cast(visit.made_at, sa.Date).label("on_day"))
    visited = visited.where(visit.partner_id.is_not(None), visit.made_at.is_not(None))
    both = sa.union_all(called, visited).subquery("touches")
    last = sa.func.max(both.c.on_day).label("last")
    grouped = sa.select(both.c.account_id, both.c.partner_id, last).group_by(both.c.account_id, both.c.partner_id)
    return exact(grouped.order_by(both.c.account_id, both.c.partner_id))


def _runs(row: Row, night: date) -> bool:
    recalled = row["recalled_on"] is not None and row["recalled_on"] <= night
    return bool(row["placed_on"] <= night < row["term_ends_on"] and not recalled)


def _batches(rows: Sequence[Row], night: date, contracts: ContractBook) -> Iterator[PlacementBatch]:
    """One for each partner, batch, currency and placement number, with the tail that its contract leaves."""
    grouped: dict[tuple[str, str, str, int], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["partner_id"], row["placement_batch"], row["currency"], int(row["placement_number"])].append(row)
    for (partner, batch, currency, number), mine in sorted(grouped.items()):
        running = [row for row in mine if _runs(row, night)]
        ended = Counter(_ended(row, night) for row in mine if not _runs(row, night))
        last = max(row["term_ends_on"] for row in mine)
        yield PlacementBatch(
            partner, batch, number, currency, len(mine), len(running),
            sum((row["balance_at_placement"] for row in mine), Decimal(0)),
            sum((row["balance_at_placement"] for row in running), Decimal(0)),
            sum((row["recovered"] or Decimal(0) for row in mine), Decimal(0)),
            min(row["placed_on"] for row in mine), last, all(row["exclusive"] for row in mine),
            tuple(sorted((reason.value, many) for reason, many in ended.items())),
            _tail(mine[0], contracts, last),
            sum(int(row["promises"] or 0) for row in running),
            sum((row["promised"] or Decimal(0) for row in running), Decimal(0)),
        )  # fmt: skip


def _ended(row: Row, night: date) -> RecallReason:
    if row["recalled_on"] is not None and row["recalled_on"] <= night:
        return recall_code(row["recall_reason"])
    return RecallReason.TERM_ENDED


def _tail(row: Row, contracts: ContractBook, last: date) -> date | None:
    """Up to when a recovery after the term still earns a fee; None without a tail, or without one contract."""
    found = contracts.for_partner(
        row["partner_id"], row["legal_type"] or "", row["jurisdiction"] or "", row["currency"], row["placed_on"]
    )
    if len(found) != 1 or found[0].rule.entitlement.after_term != "tail":
        return None
    return last + timedelta(days=found[0].rule.entitlement.tail_days)


def _due(
    rows: Iterable[Row],
    night: date,
    standings: Sequence[StandingInForce],
    touched: Mapping[tuple[str, str], date],
    terms: Terms,
) -> Iterator[DueRecall]:
    """Running placements that are to come back, each for the first reason that holds."""
    recalled = {each.partner: each for each in standings if each.state.is_suspended and each.placed is Placed.RECALLED}
    for row in rows:
        if not _runs(row, night):
            continue
        partner, account, batch = row["partner_id"], row["account_id"], row["placement_batch"]
        idle_since = max(row["placed_on"], touched.get((account, partner)) or row["placed_on"])
        if partner in recalled:
            since = recalled[partner].since
            yield DueRecall(partner, account, batch, since, RecallReason.STANDING.value, recalled[partner].review_id)
        elif row["term_ends_on"] <= night + timedelta(days=terms.ahead_days):
            yield DueRecall(partner, account, batch, row["term_ends_on"], RecallReason.TERM_ENDED.value)
        elif (night - idle_since).days >= terms.idle_days:
            note = f"nothing for {terms.idle_days} days and more"
            yield DueRecall(partner, account, batch, night, RecallReason.LOW_ACTIVITY.value, note)


def _gaps(duck: Duck, night: date) -> Iterator[PlacementGap]:
    """Accounts of which the dispatch and the landed placements name different partners, or one of them names none."""
    dispatch, placed = DISPATCH_SQL.c, TABLES["placements"].c
    ours = {
        row["account_id"]: row["owner_id"]
        for row in duck.read(
            exact(
                sa.select(dispatch.account_id, dispatch.owner_id)
                .where(dispatch.owner_kind == "partner", dispatch.valid_from <= night, dispatch.valid_to > night)
                .order_by(dispatch.account_id)
            )
        )
    }
    theirs: dict[str, list[Row]] = defaultdict(list)
    columns = (placed.account_id, placed.partner_id, placed.placed_on, placed.term_ends_on, placed.recalled_on)
    for row in duck.read(exact(sa.select(*columns).order_by(placed.account_id, placed.placed_on))):
        if _runs(row, night):
            theirs[row["account_id"]].append(row)
    for account in sorted({*ours, *theirs}):
        partners = [row["partner_id"] for row in theirs.get(account, [])]
        if account in ours and not partners:
            yield PlacementGap(account, ours[account], NOT_PLACED, ours[account], "")
        elif account not in ours:
            yield PlacementGap(account, partners[-1], NOT_DISPATCHED, "", ", ".join(partners))
        elif ours[account] not in partners:
            yield PlacementGap(account, ours[account], ELSEWHERE, ours[account], ", ".join(partners))
