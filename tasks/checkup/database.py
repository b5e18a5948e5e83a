"""The database: whether it is reached, of this version, guarded, used under the right role, and not ahead of the clock.

Unlike every other command this one does not migrate: an engineer looks before an update changes anything.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.store.engine import MIGRATIONS, WRITES
from adapters.store.guards import APPROVER, READER, WRITER, guard_faults
from adapters.store.schema import APPEND_ONLY, attempts, runs, snapshot_pointers, stage_results
from adapters.world import World
from tasks.checkup.looked import Looked, warned, wrong

_BACK = timedelta(seconds=2)  # two hosts' clocks may differ by so much


def is_usable(world: World) -> bool:
    """Whether there is a store of this version, so that the rest can be looked at."""
    try:
        return not _no_file(world) and _revision(world) == _head()
    except (sa.exc.SQLAlchemyError, OSError):
        return False


def look_at_database(world: World) -> Looked:
    named = world.store.engine.url.render_as_string(hide_password=True)
    if _no_file(world):
        hint = "The first command makes it; if there should be one already, correct RECOUP_HOME"
        return Looked("database", named, (warned("DOC010", "database", "there is no store yet", hint),))
    try:
        revision = _revision(world)
    except sa.exc.DBAPIError as error:
        hint = "Start it, or correct RECOUP_DATABASE_URL"
        return Looked("database", named, (wrong("DOC010", "database", f"cannot be reached: {_first(error)}", hint),))
    known = [script.revision for script in _scripts().walk_revisions()]
    if revision == _head():
        return Looked("database", f"{named}, version {revision}")
    if revision is not None and revision not in known:
        said = f"has version {revision}, which this program does not know"
        return Looked("database", named, (wrong("DOC011", "database", said, "Update Recoup"),))
    waiting = known[: known.index(revision)] if revision else known
    hint = "Back it up; the next command migrates it. On PostgreSQL let the owner give it: `recoup runs`"
    said = f"has version {revision or 'none'}, this program {_head()}: {len(waiting)} migrations wait"
    return Looked("database", named, (warned("DOC011", "database", said, hint),))


def no_address() -> Looked:
    """What was given is not repeated: there may be a password in it."""
    hint = "Write it as postgresql://user@host/database; docs/settings.md"
    return Looked(
        "database", "no address", (wrong("DOC010", "RECOUP_DATABASE_URL", "is no address of a database", hint),)
    )


def look_at_guards(world: World) -> Looked:
    with world.store.read() as connection:
        faults = guard_faults(connection, APPEND_ONLY)
    hint = "Find out who changed them and what was written since; restore the store from the backup"
    issues = tuple(wrong("DOC012", str(fault.guard), fault.fault, hint) for fault in faults)
    return Looked("guards", f"{len(APPEND_ONLY)} append-only tables", issues)


def look_at_roles(world: World) -> Looked:
    """On PostgreSQL: the roles are there, and nights do not run as somebody who could drop guards."""
    if world.store.dialect != "postgresql":
        name = world.settings.environment
        if name == "production":
            hint = "Use PostgreSQL where several people decide"
            said = "in production SQLite is for one operator: it cannot tell who is at the keyboard"
            return Looked("roles", "none: SQLite", (warned("DOC013", "database", said, hint),))
        return Looked("roles", "none: SQLite is for one operator")
    with world.store.read() as connection:
        user, is_super = connection.execute(
            sa.text("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        ).one()
        owns = connection.execute(
            sa.text("SELECT count(*) FROM pg_tables WHERE tablename = 'ledger' AND tableowner = current_user")
        ).scalar()
        known = set(connection.execute(sa.text("SELECT rolname FROM pg_roles")).scalars())
        of = [role for role in (WRITER, APPROVER, READER) if role in known and _is_member(connection, role)]
    issues = [
        wrong("DOC013", role, "there is no such role", "Restore the roles with the backup of the server")
        for role in (WRITER, APPROVER, READER)
        if role not in known
    ]
    if is_super or owns:
        what = "a superuser" if is_super else "the owner of the tables"
        hint = f"Migrate as the owner, and run everything else as a login that is a member of {WRITER}"
        issues.append(warned("DOC013", user, f"is {what}, who could drop guards", hint))
    elif not of:
        issues.append(wrong("DOC013", user, "is a member of none of Recoup's roles", f"GRANT {WRITER} TO {user}"))
    return Looked("roles", f"{user}, as {', '.join(of) or 'nobody'}", tuple(issues))


def look_at_clock(world: World) -> Looked:
    """Whether now is after everything that is recorded: what is newest counts, so a clock that went back hides it."""
    columns = (
        attempts.c.started_at, attempts.c.ended_at, runs.c.recorded_at, stage_results.c.recorded_at,
        snapshot_pointers.c.recorded_at,
    )  # fmt: skip
    with world.store.read() as connection:
        times = [connection.execute(sa.select(sa.func.max(column))).scalar() for column in columns]
    newest, now = max((each for each in times if each is not None), default=None), world.seam.clock()
    if newest is None or now > newest - _BACK:
        return Looked("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, after everything that is recorded")
    said = f"is {now:%Y-%m-%d %H:%M:%S} UTC, and the store has recorded something at {newest:%Y-%m-%d %H:%M:%S}"
    hint = "Set the clock by NTP, and start nothing before it is past that time: what was recorded last is what counts"
    return Looked("clock", "has gone back", (wrong("DOC009", "clock", said, hint),))


def _is_member(connection: sa.Connection, role: str) -> bool:
    return bool(
        connection.execute(sa.text("SELECT pg_has_role(current_user, :role, 'MEMBER')"), {"role": role}).scalar()
    )


def _no_file(world: World) -> bool:
    """SQLite would make the file on being asked."""
    url = world.store.engine.url
    return url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()


def _revision(world: World) -> str | None:
    """Past the store's own reading, whose errors are told to people who run something. Raises: SQLAlchemyError."""
    with world.store.engine.connect().execution_options(**{WRITES: False}) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _first(error: sa.exc.DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
