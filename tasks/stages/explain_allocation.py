"""Why an account is where it is: the night's decision, who else could have it or not, who had it, what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.errors import RefusedError
from adapters.store.releases import all_releases, create_dispatch_views
from adapters.store.runs import allocating_run, files_of_run, stage_result
from adapters.store.schema import releases as releases_table
from adapters.world import World, registered_file
from allocation.explain import words_of_row
from allocation.moves import Move
from allocation.overlay import history_of
from allocation.reassign import Situation
from domain.ids import RunId
from domain.manifest import Stage
from domain.planned import PLANNED
from reports.allocation import WHYS
from tasks.stages.allocated_night import allocated_night
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.rules_then import rules_then
from tasks.stages.session import planned_before, session_of_night
from tasks.stages.situation import situation_of
from tasks.stages.worklist import open_actions


@dataclass(frozen=True, slots=True)
class Place:
    """A destination beside the account: chosen, next best, possible or excluded, and why. `capacity` and `used` are
    those of the night, `price_estimate` what one more of it would be worth."""

    destination: str
    standing: str
    why: str
    capacity: int | None
    used: int | None
    price_estimate: str


@dataclass(frozen=True, slots=True)
class Owned:
    """From `valid_from` on; `release` is how it was released, by whom and why."""

    valid_from: date
    owner: str
    reason: str
    release: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Who worked the account the day before, and why somebody else does, or nobody: `why` and `detail` are codes."""

    from_owner: str
    to_owner: str
    why: str
    detail: str
    words: str


@dataclass(frozen=True, slots=True)
class PlannedNext:
    plan_id: str
    action_id: str
    kind: str
    due_from: date
    due_by: date


@dataclass(frozen=True, slots=True)
class AllocationExplanation:
    """`decision` is the row of the run's file, with estimates as text; `text` says it in words, with its arithmetic."""

    account_id: str
    run: RunId
    valid_from: date
    text: tuple[str, ...]
    decision: Mapping[str, Any]
    places: tuple[Place, ...]
    history: tuple[Owned, ...]
    actions: tuple[PlannedNext, ...]
    moved: Moved | None = None


def explain_allocation(world: World, account: str, night: date) -> AllocationExplanation:
    """What the newest official night of the date decided on the account.

    Raises: RefusedError if it has not allocated, or does not know the account; ConflictError if the rules were edited
    since; FileChangedError.
    """
    with world.store.read() as connection:
        run = allocating_run(connection, night)
        if run is None:
            raise RefusedError(f"EXA001 no night of {night} has allocated; `recoup runs` lists those that have")
        result, files = stage_result(connection, run, Stage.ALLOCATE.value), files_of_run(connection, run)
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        released, planned = all_releases(world, connection), planned_before(world, connection, manifest)
        made = {row.sequence: row for row in connection.execute(sa.select(releases_table))}
    summary = result.summary if result else {}
    if "allocation" not in files:
        raise RefusedError(f"EXA002 the night of {night} decided nothing: {summary.get('note', 'see `recoup show`')}")
    row = _row(world, files, account, night)
    if PLANNED.name in files and files[PLANNED.name].rows:
        planned.append(registered_file(world, files[PLANNED.name].path, files[PLANNED.name].sha256))
    rules = rules_then(world, manifest)
    strategy = rules.strategies.on(night)
    day = night + timedelta(days=1)
    with session_of_night(world, manifest, accepted) as duck:
        situation = (
            situation_of(duck, rules.contracts, strategy, day, [account], standings=manifest.standings)
            if strategy
            else None
        )
        create_dispatch_views(duck, released)
        duck.create_view(PLANNED.name, planned, duck_columns(PLANNED))
        history = tuple(_owned(each, made) for each in duck.read(history_of([account])))
        actions = _actions(duck, day, account)
    places = _places(situation, row, account, summary.get("destinations", ())) if situation else ()
    decision = {name: f"{value:.2f}" if isinstance(value, float) else value for name, value in row.items()}
    again = allocated_night(world, night)
    move = again.move_of(account)
    moved = None if move is None else _moved(move)
    text = (*words_of_row(row), *(f"  {each}" for each in again.shortages_of(account)))
    return AllocationExplanation(account, run, day, text, decision, places, history, actions, moved)


def _moved(move: Move) -> Moved:
    """In the words of the report of the allocation, and by the same facts."""
    who = f"{move.from_owner or 'nobody'} → {move.to_owner or 'nobody'}"
    gain = "" if move.gain_estimate is None else f"; it brings {move.gain_estimate:+,.2f} there (estimate)"
    words = f"{who}: {WHYS[move.why]}{f' ({move.detail})' if move.detail else ''}{gain}"
    return Moved(move.from_owner, move.to_owner, move.why.value, move.detail, words)


def _row(world: World, files: Mapping[str, Any], account: str, night: date) -> dict[str, Any]:
    file = files["allocation"]
    path = registered_file(world, file.path, file.sha256)
    found = pq.read_table(path, filters=[("account_id", "=", account)]).to_pylist()
    if not found:
        raise RefusedError(f"EXA003 account {account} is not in the book of the night of {night}: correct the number")
    return dict(found[0])


def _places(
    situation: Situation, row: Mapping[str, Any], account: str, summaries: Sequence[Mapping[str, Any]]
) -> tuple[Place, ...]:
    """The chosen one first, then the next best, then who could have it, then who could not."""
    known = {each["destination"]: each for each in summaries}
    of = situation.accounts.get(account)
    decided = row["next_best"] is not None
    found = []
    for key, destination in situation.destinations.items():
        end = known.get(key, {})
        barrier = situation.barrier(of, destination) if of is not None and of["segment"] else row["reason"]
        standing, why = _standing(row, key, barrier, end, decided=decided)
        found.append(Place(key, standing, why, end.get("capacity"), end.get("used"), end.get("price_estimate", "")))
    order = ("chosen", "next best", "possible", "excluded")
    return tuple(sorted(found, key=lambda place: (order.index(place.standing), place.destination)))


def _standing(
    row: Mapping[str, Any], key: str, barrier: str, end: Mapping[str, Any], *, decided: bool
) -> tuple[str, str]:
    if key == f"{row['owner_kind']}:{row['owner_id']}":
        return "chosen", row["reason"]
    if key == row["next_best"]:
        return "next best", f"margin {row['margin_estimate']:,.2f}"
    if barrier:
        return "excluded", barrier
    if not decided:
        return "possible", f"not compared: {row['reason']}"
    is_full = end and end["used"] >= end["capacity"]
    return "possible", "full" if is_full else "brings less, net of the price"


def _owned(row: Mapping[str, Any], made: Mapping[int, Any]) -> Owned:
    release = made[row["release_sequence"]]
    owner = f"{row['owner_kind']}:{row['owner_id']}"
    name = f"{release.kind} {release.sequence}"
    return Owned(row["valid_from"], owner, row["reason"], name, release.by_name, release.reason)


def _actions(duck: Duck, day: date, account: str) -> tuple[PlannedNext, ...]:
    rows = open_actions(duck, day, [account])
    return tuple(PlannedNext(**{name: row[name] for name in PlannedNext.__slots__}) for row in rows)
