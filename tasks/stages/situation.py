"""What holds on a day as far as is known: the newest night's extracts beside everything that has been released."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import RefusedError
from adapters.store.releases import all_releases, create_dispatch_views
from adapters.store.runs import newest_run
from adapters.store.standing import standings_on
from adapters.world import World, business_today
from allocation.book import barred_statement, book_statement
from allocation.destinations import (
    Destination,
    collectors_statement,
    destinations,
    partners_statement,
    skills_statement,
)
from allocation.limits import use_of_account
from allocation.partner_limits import partner_limits
from allocation.reassign import Situation
from allocation.rows import read_book
from allocation.strategies import Strategy
from domain.exact import exact
from domain.manifest import RunKind, Stage
from domain.sql import TABLES
from domain.standings import StandingInForce
from incentives.contracts import ContractBook
from tasks.stages.allocate import READS
from tasks.stages.gate import accepted_in, halted_in
from tasks.stages.lots import arms_in_force
from tasks.stages.manifests import manifest_of
from tasks.stages.partner_terms import terms_of_partners
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night


@dataclass(frozen=True, slots=True)
class LookedAt:
    """By the newest `night`. `earliest` is the first day that may still change: neither past by the clock, nor part of
    a night that ran; `halted` are tables that are not known."""

    duck: Duck
    situation: Situation
    earliest: date
    night: date
    halted: frozenset[str]


@contextmanager
def looked_at_day(world: World, first: date, accounts: Collection[str], owner: str = "") -> Iterator[LookedAt]:
    """These accounts, those of an employee, and all of their debtors', as they stand on `first`.

    Raises: RefusedError if no night has been gated, no strategy holds, or what says who may have them was halted.
    """
    with world.store.read() as connection:
        found = newest_run(connection, RunKind.NIGHTLY.value, Stage.GATE.value)
        if found is None:
            raise RefusedError("DSP018 no night has been gated yet: there is no book to look at")
        run, night = found
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        releases, unknown = all_releases(world, connection), halted_in(connection, run)
        standings = standings_on(connection, first)
    halted = unknown & READS
    if halted:
        text = f"DSP018 {', '.join(sorted(halted))} of {night} was halted, and so it is not known who may have what"
        raise RefusedError(f"{text}. Correct the extract first")
    rules = sound_rules(world.settings.rules)
    strategy = rules.strategies.on(night)
    if strategy is None:
        raise RefusedError(f"DSP018 no strategy holds on {night}: it would say who may have which account")
    earliest = max(business_today(world), night + timedelta(days=1))
    with session_of_night(world, manifest, accepted, releases=False) as duck:
        create_dispatch_views(duck, releases)
        arms = arms_in_force(world, rules.experiments, first)
        situation = situation_of(duck, rules.contracts, strategy, first, accounts, owner, arms, standings)
        yield LookedAt(duck, situation, earliest, night, frozenset(unknown))


def situation_of(
    duck: Duck,
    contracts: ContractBook,
    strategy: Strategy,
    first: date,
    accounts: Collection[str],
    owner: str = "",
    arms: Mapping[str, str] = MappingProxyType({}),
    standings: Iterable[StandingInForce] = (),
) -> Situation:
    """As the session has it: these accounts, those of an employee, and all of their debtors', on `first`; `arms` are
    what experiments have drawn, `standings` how partners stand."""
    before = first - timedelta(days=1)  # statements speak of the day after
    partners = duck.read(partners_statement(before))
    found = destinations(
        duck.read(collectors_statement(strategy, before)),
        duck.read(skills_statement()),
        partners,
        strategy,
        before,
        terms_of_partners(contracts, partners, before),
        standings,
    )
    ends = {one.key: one for one in found}
    book = duck.arrow(book_statement(strategy, before))
    mine = _with_debtors(book, accounts, owner)
    read = read_book(book, duck.arrow(barred_statement(strategy, before)), found, strategy)
    barred: dict[str, dict[str, str]] = {}
    for one in read.barred:
        barred.setdefault(read.table["account_id"][one.row].as_py(), {})[one.owner] = one.reason
    return Situation(
        strategy,
        ends,
        {row["account_id"]: {**row, "arm": arms.get(row["account_id"])} for row in mine},
        _used(book, ends, strategy),
        barred,
        _away(duck, first),
        partner_limits(read, found, strategy),
    )


def _with_debtors(book: pa.Table, accounts: Collection[str], owner: str) -> list[dict[str, Any]]:
    wanted = pc.is_in(book["account_id"], pa.array(sorted(accounts), pa.string()))
    if owner:
        mine = pc.and_(pc.equal(book["owner_kind"], "employee"), pc.equal(book["owner_id"], owner))
        wanted = pc.or_kleene(wanted, mine)
    debtors = book.filter(wanted)["debtor_id"].combine_chunks()
    return list(book.filter(pc.is_in(book["debtor_id"], debtors)).to_pylist())


def _away(duck: Duck, day: date) -> dict[str, date]:
    leave = TABLES["leave"].c
    holds = sa.and_(leave.starts_on <= day, leave.ends_on > day)
    rows = duck.read(exact(sa.select(leave.employee_id, leave.ends_on).where(holds).order_by(leave.ends_on)))
    return {row["employee_id"]: row["ends_on"] for row in rows}


def _used(book: pa.Table, ends: Mapping[str, Destination], strategy: Strategy) -> dict[str, int]:
    """What each destination has of its capacity; a running placement counts at its partner."""
    rules = {segment.id: segment.rule for segment in strategy.segments}
    worked = book.filter(pc.is_null(book["not_worked"]))
    worked = worked.append_column("placed", pc.and_(pc.is_valid(worked["placed_with"]), pc.is_null(worked["recall"])))
    kinds = ["owner_kind", "owner_id", "segment", "placed_with", "placed"]
    used: dict[str, int] = {}
    for row in worked.group_by(kinds).aggregate([([], "count_all")]).to_pylist():
        rule = rules[row["segment"]]
        key = f"partner:{row['placed_with']}" if row["placed"] else f"{row['owner_kind']}:{row['owner_id']}"
        if key in ends and (row["placed"] or rule.hold is None):
            used[key] = used.get(key, 0) + row["count_all"] * use_of_account(strategy, rule, ends[key])
    return used
