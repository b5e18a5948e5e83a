"""Breaches of a month up to a day: counted by limit, or one by one, from the run that measured it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from adapters.duck import Duck, duck_columns, open_duck
from adapters.errors import RefusedError
from adapters.store.runs import files_of_run, official_run
from adapters.world import World, registered_file
from domain.expressions.parse import suggestion
from domain.ids import RunId, short
from domain.manifest import RunKind, Stage
from domain.rules import RuleKind
from kpi_rules.views import BREACHES
from tasks.stages.manifests import manifest_of


@dataclass(frozen=True, slots=True)
class BreachCount:
    """Of one limit; a contact that breaks several is counted under each."""

    limit_id: str
    jurisdiction: str
    severity: str
    contacts: int
    employees: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Breach:
    """`number` is the how manieth contact it was, where the limit counts them."""

    contact_id: str
    limit_id: str
    severity: str
    account_id: str
    employee_id: str | None
    partner_id: str | None
    started_wall: datetime
    number: int | None


@dataclass(frozen=True, slots=True)
class Breaches:
    run: RunId
    counts: tuple[BreachCount, ...]
    rows: tuple[Breach, ...]


def breaches_of(world: World, day: date, *, employee: str = "", limit: str = "", each: bool = False) -> Breaches:
    """What the newest official night of the date found in its month so far; `each` also gives the rows, in order.

    Raises: RefusedError if no night of the date has measured or judged contacts, or no such limit; FileChangedError.
    """
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.MEASURE.value)
        if run is None:
            raise RefusedError(f"LIM001 no night of {day} has measured; `recoup runs` lists those that have")
        file = files_of_run(connection, run).get(BREACHES.name)
        limits = sorted(rule.id for rule in manifest_of(connection, run).rules if rule.kind is RuleKind.LIMIT)
    if limit and limit not in limits:
        raise RefusedError(f'LIM003 no limit "{limit}" was in force. {suggestion(limit, limits)}')
    if file is None:
        text = f"LIM002 contacts of {day} were not judged, for a table was halted: see `recoup show {short(run)}`"
        raise RefusedError(text)
    path = registered_file(world, file.path, file.sha256)
    with open_duck(world.settings) as duck:
        duck.create_view(BREACHES.name, [path], duck_columns(BREACHES))
        of = ("WHERE ($1 = '' OR employee_id = $1) AND ($2 = '' OR limit_id = $2)", (employee, limit))
        return Breaches(run, _counts(duck, *of), _rows(duck, *of) if each else ())


def _counts(duck: Duck, where: str, values: Sequence[Any]) -> tuple[BreachCount, ...]:
    rows = duck.run(
        "SELECT limit_id, any_value(jurisdiction), any_value(severity), count(*), count(DISTINCT employee_id), "
        f"count(DISTINCT account_id) FROM {BREACHES.name} {where} GROUP BY limit_id ORDER BY limit_id",
        values,
    )
    return tuple(BreachCount(*row) for row in rows.fetchall())


def _rows(duck: Duck, where: str, values: Sequence[Any]) -> tuple[Breach, ...]:
    names = ", ".join(Breach.__slots__)
    rows = duck.run(f"SELECT {names} FROM {BREACHES.name} {where} ORDER BY started_wall, contact_id, limit_id", values)
    return tuple(Breach(*row) for row in rows.fetchall())
