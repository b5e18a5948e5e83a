"""Which environment this is: the settings, the store and the home folder have to say the same.

A named person names store and home once (`recoup environment production --by NAME`). From then on nothing opens a
production store with a test's home or settings, nor the other way round; a copy that becomes a test is named anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import RefusedError, StoreError
from adapters.settings import Settings
from adapters.store.engine import Store
from adapters.store.schema import environments
from domain.ids import AttemptId

HOME_FILE = "environment"


@dataclass(frozen=True, slots=True)
class Naming:
    environment: str
    by: str
    reason: str
    recorded_at: datetime


def refuse_another_environment(settings: Settings, store: Store) -> None:
    """Raises: StoreError where settings, store and home do not say the same."""
    fault = fault_of_environment(settings, store)
    if fault:
        raise StoreError(f"STO005 {fault}")


def fault_of_environment(settings: Settings, store: Store) -> str:
    """What does not fit, and what to do; empty where everything fits, or nothing was ever named."""
    of_store, of_home = environment_of_store(store), environment_of_home(settings.home)
    named = {settings.environment, of_store, of_home}
    if len(named) == 1 or not (of_store or of_home):
        return ""
    said = (
        f"the settings say {_quoted(settings.environment)}, the store {_quoted(of_store)}, "
        f"the home folder {settings.home} {_quoted(of_home)}"
    )
    return (
        f"{said}. Correct RECOUP_ENVIRONMENT, RECOUP_HOME or RECOUP_DATABASE_URL; a copy that is to become another "
        "environment is named by `recoup environment NAME --by … --reason …`"
    )


def environment_of_store(store: Store) -> str:
    found = namings(store)
    return found[-1].environment if found else ""


def environment_of_home(home: Path) -> str:
    file = home / HOME_FILE
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def namings(store: Store) -> tuple[Naming, ...]:
    """Every name that the store was given, in order."""
    with store.read() as connection:
        rows = connection.execute(sa.select(environments).order_by(environments.c.step)).all()
    return tuple(Naming(row.environment, row.by_name, row.reason, row.recorded_at) for row in rows)


def name_environment(settings: Settings, store: Store, attempt: AttemptId, *, by: str, reason: str) -> None:
    """Name store and home as the settings do; the home after the store, so that a crash between is told.

    Raises: RefusedError without a name in the settings, and without a reason where the store had another one.
    """
    before = environment_of_store(store)
    faults = [] if settings.environment else ["RECOUP_ENVIRONMENT is empty: it says what store and home are named"]
    faults += [] if by.strip() else ["--by is empty: a named person does this"]
    if before not in {"", settings.environment} and not reason.strip():
        faults.append(f"the store is {_quoted(before)}: --reason says why it becomes another environment")
    if faults:
        raise RefusedError("\n".join(faults))
    if before != settings.environment:
        _insert(store, settings.environment, attempt, by, reason)
    store.seam.write_text(settings.home / HOME_FILE, f"{settings.environment}\n", point="environment_of_home")


def _insert(store: Store, name: str, attempt: AttemptId, by: str, reason: str) -> None:
    with store.write("environment_named") as connection:
        last = connection.execute(sa.select(sa.func.max(environments.c.step))).scalar() or 0
        row = {"step": last + 1, "environment": name, "by_name": by, "reason": reason, "attempt_id": attempt}
        connection.execute(environments.insert().values(**row, recorded_at=store.seam.clock()))


def _quoted(name: str) -> str:
    return f'"{name}"' if name else "no name"
