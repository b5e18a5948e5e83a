"""Allocate: who works which account from tomorrow on, released as changes of the dispatch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from adapters.duck import Duck
from adapters.seam import WrittenFile
from adapters.store.reassignments import reassigned_on
from adapters.store.releases import (
    REASSIGNING,
    Decision,
    ReleaseKind,
    insert_release,
    next_sequence,
    releases_named,
)
from adapters.store.runs import RunFile, StageResult, State
from adapters.store.schema import releases, run_files
from adapters.world import World
from allocation.allocate import Allocation, Asked, allocated
from allocation.book import barred_statement, book_statement, in_force_statement
from allocation.destinations import (
    Destination,
    RefusedPartner,
    collectors_statement,
    destinations,
    partners_statement,
    skills_statement,
)
from allocation.drawing import Lots
from allocation.facts import tables_read
from allocation.overlay import coming_statement, in_step
from allocation.pins import Pin, lapsed
from allocation.recovery import RecoveryTable
from allocation.release import changes
from allocation.scores import Scores, scores_statement, told_of_scores
from allocation.strategies import Strategy
from allocation.summary import FairnessSummary
from allocation.unknown_names import named_in, present_statement, unknown
from allocation.work_costs import (
    WorkCosts,
    cost_centres_statement,
    costs_statement,
    work_costs,
    working_days_statement,
)
from domain.ids import Digest
from domain.manifest import Manifest, Stage
from domain.reassignments import Reassigned, Reassignment
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.lots import lots_of_night, told_of_lots, with_arms, write_lots
from tasks.stages.night import Night, StageWork, folder_of, run_stage, write_table
from tasks.stages.partner_terms import refused_partners, terms_of_partners
from tasks.stages.plan import PRICES
from tasks.stages.planned import Planned, plan_actions
from tasks.stages.recovered import expect, recovery_file, see_month
from tasks.stages.rules import RuleSet
from tasks.stages.session import session_of_night

READS = frozenset({"accounts", "placements", "capacity", "skills", "staff_postings", "leave", "employees", "partners"})


@dataclass(frozen=True, slots=True)
class _Made:
    """An allocation with the changes that releasing it makes."""

    allocation: Allocation
    changes: pa.Table
    lapsed: tuple[str, ...]
    unknown: tuple[str, ...]
    refused: tuple[RefusedPartner, ...]


def allocate_night(world: World, night: Night, manifest: Manifest, rules: RuleSet) -> StageResult:
    """Release the dispatch that holds from the day after, and the actions that treatment plans ask for from then on;
    where no dispatch can be made, the one in force stands, and why."""
    return run_stage(world, night, Stage.ALLOCATE, lambda: _allocate(world, night, manifest, rules))


def _allocate(world: World, night: Night, manifest: Manifest, rules: RuleSet) -> StageWork:
    strategy = rules.strategies.on(night.business_date)
    obstacle = _obstacle(world, night, strategy, tables_read(rules.experiments.names(night.business_date)))
    if strategy is None or obstacle is not None:
        return obstacle or _stands(State.HALTED, "no strategy holds on this date")
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        asked_for = rules.plans.on(night.business_date)
        lots = lots_of_night(world, manifest, duck, rules.experiments)
        seen = see_month(world, night, duck, strategy, halted_tables(world, night))
        if not _is_working_day(world, duck, night.business_date):
            in_force = duck.arrow(in_force_statement(night.business_date + timedelta(days=1)))
            planned = plan_actions(world, night, manifest, asked_for, duck, with_arms(in_force, lots))
            return _stands(State.DONE, "not a working day", planned, seen)
        sequence = _sequence(world, manifest)
        recovery = expect(world, manifest, duck, strategy, seen)
        made = _solve(world, manifest, duck, rules, strategy, recovery, lots, sequence)
        planned = plan_actions(world, night, manifest, asked_for, duck, made.allocation.accounts)
    lots_drawn = write_lots(world, night, made.allocation.draw)
    files = (*seen, *lots_drawn, recovery_file(world, night, made.allocation.summary.recovery), *planned.files)
    return _released(world, night, made, sequence, replace(planned, files=files))


def _obstacle(world: World, night: Night, strategy: Strategy | None, by_lots: frozenset[str]) -> StageWork | None:
    halted = halted_tables(world, night) & (READS | by_lots | (_read_besides(strategy) if strategy else frozenset()))
    if halted:
        return _stands(State.HALTED, f"{', '.join(sorted(halted))} halted")
    if strategy is not None and night.is_official and _is_past(world, night.business_date):
        return _stands(State.DONE, "dispatches of the past are not made again")
    return None


def _read_besides(strategy: Strategy) -> frozenset[str]:
    by_scores = frozenset({"bank_scores"}) if strategy.rule.expected_recovery else frozenset[str]()
    return tables_read(strategy.names | strategy.names_of_owners) | strategy.rule.capacity.reads | by_scores


def _stands(outcome: State, why: str, planned: Planned | None = None, files: tuple[RunFile, ...] = ()) -> StageWork:
    also = planned or Planned()
    summary = {"released": 0, "note": f"{why}: the dispatch in force stands", **(also.summary or {})}
    return StageWork(outcome, summary, (*files, *also.files))


def _is_past(world: World, day: date) -> bool:
    """Whether a dispatch that holds from the day after, or from later, has been released by an allocation."""
    statement = sa.select(releases.c.sequence).where(
        releases.c.valid_from > day, releases.c.kind == ReleaseKind.ALLOCATION.value
    )
    with world.store.read() as connection:
        return connection.execute(statement).first() is not None


def _is_working_day(world: World, duck: Duck, day: date) -> bool:
    row = duck.run(
        "SELECT is_working_day FROM calendar WHERE jurisdiction = ? AND day = ?", (world.settings.jurisdiction, day)
    ).fetchone()
    return row is None or bool(row[0])


def _recalls_take_effect(world: World, duck: Duck, strategy: Strategy, day: date) -> bool:
    """Whether a day of recalls lies after the last working day's dispatch began to hold, up to the day after `day`."""
    if not strategy.rule.recall_days:
        return True
    row = duck.run(
        "SELECT max(day) FROM calendar WHERE jurisdiction = ? AND day < ? AND is_working_day",
        (world.settings.jurisdiction, day),
    ).fetchone()
    before = row[0] if row and row[0] else day - timedelta(days=1)
    return any(
        (before + timedelta(days=1 + after)).day in strategy.rule.recall_days
        for after in range(1, (day - before).days + 1)
    )


def _sequence(world: World, manifest: Manifest) -> int:
    """The number after the releases that the run read; another release in between makes inserting fail."""
    with world.store.read() as connection:
        before = releases_named(world, connection, manifest.dispatch)
        return max((release.sequence for release in before), default=next_sequence(connection) - 1) + 1


def _reassigned(world: World, manifest: Manifest) -> dict[str, tuple[Reassigned, Reassignment]]:
    """What people have decided about owners on the day after, by account; of several decisions the last one."""
    with world.store.read() as connection:
        found = reassigned_on(connection, manifest.dispatch, manifest.business_date + timedelta(days=1))
        return {each.account_id: (each, of) for each, of in found}


def _solve(
    world: World,
    manifest: Manifest,
    duck: Duck,
    rules: RuleSet,
    strategy: Strategy,
    recovery: RecoveryTable,
    lots: Lots | None,
    sequence: int,
) -> _Made:
    asked = asked_of_night(world, manifest, duck, rules, strategy, recovery, lots)
    allocation = allocated(asked)
    tomorrow = manifest.business_date + timedelta(days=1)
    in_force = duck.arrow(in_force_statement(tomorrow))
    made = changes(allocation, in_force, valid_from=tomorrow, release_sequence=sequence)
    if _has_reassigned(world, manifest):
        holding = {account: of for account, (_, of) in _reassigned(world, manifest).items()}
        made = in_step(made, duck.read(coming_statement(tomorrow)), holding, sequence=sequence)
    gone, refused = lapsed(asked.destinations, asked.pins), tuple(refused_partners(asked.destinations))
    return _Made(allocation, made, gone, _unknown(duck, strategy), refused)


def _unknown(duck: Duck, strategy: Strategy) -> tuple[str, ...]:
    named = named_in(strategy)
    return unknown(named, duck.read(present_statement(named))) if named else ()


def asked_of_night(
    world: World,
    manifest: Manifest,
    duck: Duck,
    rules: RuleSet,
    strategy: Strategy,
    recovery: RecoveryTable,
    lots: Lots | None,
) -> Asked:
    """What the night decides on, in a session of it; the same for whoever looks at it later."""
    day = manifest.business_date
    partners = duck.read(partners_statement(day))
    found = destinations(
        duck.read(collectors_statement(strategy, day)),
        duck.read(skills_statement()),
        partners,
        strategy,
        day,
        terms_of_partners(rules.contracts, partners, day),
        manifest.standings,
    )
    return Asked(
        duck.arrow(
            book_statement(strategy, day, recalls=_recalls_take_effect(world, duck, strategy, day)),
        ),
        duck.arrow(barred_statement(strategy, day)),
        found,
        strategy,
        replace(recovery, work=_work_costs(duck, strategy, found, day), scores=_scores(duck, strategy, day)),
        prices_before=_prices(world, manifest.prices),
        pins={account: Pin(each.owner, of.code) for account, (each, of) in _reassigned(world, manifest).items()},
        salt=strategy.rule.id,
        lots=lots,
    )


def _has_reassigned(world: World, manifest: Manifest) -> bool:
    with world.store.read() as connection:
        return any(each.kind in REASSIGNING for each in releases_named(world, connection, manifest.dispatch))


def _work_costs(duck: Duck, strategy: Strategy, found: Sequence[Destination], day: date) -> WorkCosts:
    if strategy.rule.work_cost is None:
        return WorkCosts()
    statements = (costs_statement(day), cost_centres_statement(day), working_days_statement(day))
    return work_costs(strategy, found, day, *(duck.read(statement) for statement in statements))


def _scores(duck: Duck, strategy: Strategy, day: date) -> Scores | None:
    terms = strategy.rule.expected_recovery
    return None if terms is None else Scores(terms, day, duck.arrow(scores_statement(strategy, terms)))


def _prices(world: World, digest: Digest | None) -> dict[str, float] | None:
    """Yesterday's prices, as the file that the manifest names by digest."""
    if digest is None:
        return None
    with world.store.read() as connection:
        path = connection.execute(sa.select(run_files.c.path).where(run_files.c.sha256 == digest)).scalars().first()
    if path is None:
        return None
    content: dict[str, float] = json.loads((world.settings.home / path).read_text(encoding="utf-8"))
    return content


def _released(world: World, night: Night, made: _Made, sequence: int, planned: Planned) -> StageWork:
    folder = world.settings.home / folder_of(night)
    decided = made.allocation.accounts
    files = {
        "allocation": world.seam.write_file(
            folder / "allocation.parquet", lambda part: write_table(decided, part), point="allocation"
        ),
        "dispatch": world.seam.write_file(
            folder / "dispatch.parquet", lambda part: write_table(made.changes, part), point="dispatch"
        ),
        PRICES: world.seam.write_text(
            folder / "prices.json", json.dumps(dict(made.allocation.summary.prices), sort_keys=True), point="prices"
        ),
    }
    rows = {"allocation": decided.num_rows, "dispatch": made.changes.num_rows, PRICES: 0}
    registered = [_file(world, name, file, rows[name]) for name, file in files.items()]
    tomorrow = night.business_date + timedelta(days=1)
    decision = Decision(ReleaseKind.ALLOCATION, tomorrow, "recoup", "nightly allocation", night.run)

    def write(connection: sa.Connection) -> None:
        if night.is_official:
            insert_release(
                world, connection, decision, sequence, files["dispatch"], made.changes.num_rows, night.attempt
            )

    summary = {**_summary(made, tomorrow), **told_of_lots(made.allocation.draw), **(planned.summary or {})}
    return StageWork(State.DONE, summary, (*registered, *planned.files), write, decided.num_rows)


def _file(world: World, name: str, written: WrittenFile, rows: int) -> RunFile:
    return RunFile(name, written.path.relative_to(world.settings.home).as_posix(), written.sha256, rows)


def _summary(made: _Made, valid_from: date) -> dict[str, Any]:
    """Estimates as text: the store holds no floats."""
    summary = made.allocation.summary
    return {
        "valid_from": valid_from,
        "released": made.changes.num_rows,
        "book": summary.book,
        "allocated": summary.allocated,
        "held": summary.held,
        "excluded": summary.excluded,
        "reasons": [{"reason": reason, "accounts": accounts} for reason, accounts in summary.reasons],
        "segments": [
            {"segment": segment, "disposition": disposition, "accounts": accounts}
            for segment, disposition, accounts in summary.segments
        ],
        "value_estimate": f"{summary.value:.0f}",
        "bound_estimate": f"{summary.bound:.0f}",
        "gap": f"{summary.gap:.2e}",
        "violations": list(summary.violations),
        "shortages": [{**asdict(each), "words": str(each)} for each in summary.shortages],
        "fairness": _fairness(summary.fairness),
        "spreads": [
            {
                "team": spread.team,
                "members": spread.members,
                "mean_estimate": f"{spread.mean:.2f}",
                "lowest": f"{spread.lowest:.4f}",
                "highest": f"{spread.highest:.4f}",
            }
            for spread in summary.spreads
        ],
        "lapsed": list(made.lapsed),
        "unknown": list(made.unknown),
        "refused": [{**asdict(each), "words": str(each)} for each in made.refused],
        **told_of_scores(made.allocation.accounts, summary.recovery.scores),
        "destinations": [
            {
                "destination": end.key,
                "department": end.department,
                "team": end.team,
                "accounts": end.accounts,
                "capacity": end.capacity,
                "used": end.used,
                "price_estimate": f"{end.price:.2f}",
            }
            for end in summary.destinations
        ],
    }


def _fairness(told: FairnessSummary | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {
        "band": f"{told.band}",
        "value_without_estimate": f"{told.value_without:.0f}",
        "cost": f"{told.cost:.6f}",
        "cost_at_least": f"{told.cost_at_least:.6f}",
        "outside": list(told.outside),
    }
