"""What only PostgreSQL can hold: decisions under one's own login, and rights by role."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.settings import Settings
from adapters.store.engine import make_engine
from adapters.store.ledger import read_entries
from adapters.store.runs import begin_attempt
from adapters.world import open_world
from domain.manifest import Stage
from domain.periods import Period
from incentives.batches import DecisionKind
from tasks.stages import decide
from tasks.stages.month_end import prepare
from tasks.stages.opening import open_book
from tests.stages.logins import as_login

pytestmark = pytest.mark.slow

SEPTEMBER, START, LAST = Period(2026, 9), date(2026, 9, 1), date(2026, 9, 30)
CHAIN = ("manager", "hr", "finance")


@pytest.fixture
def month(new_database, tmp_path, land_book, run_night):
    """A world on PostgreSQL after the first and the last night of September, with a login for each approver."""
    world = open_world(Settings(home=tmp_path / "home", database_url=new_database))
    land_book(world)
    run_night(world, START, (Stage.GATE,))
    open_book(world, START, begin_attempt(world.store, "open", START), by="opener")
    run_night(world, LAST, (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE, Stage.PROJECT))
    return world


def test_a_decision_needs_ones_own_login_and_publishing_the_writers_rights(month):
    batch = prepare(month, SEPTEMBER, begin_attempt(month.store, "month-end", LAST), by="preparer").batches[0]
    with pytest.raises(RefusedError, match="BAT040 the database session is hacker's"):
        decide.decide(as_login(month, "hacker"), batch, DecisionKind.APPROVED, by="manager")
    for role in CHAIN:
        decide.decide(as_login(month, f"demo {role}"), batch, DecisionKind.APPROVED, by=f"demo {role}")
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        decide.publish(as_login(month, "finance"), batch, by="finance")
    with month.store.read() as connection:
        assert read_entries(connection) == ()


def test_without_the_lock_on_the_head_both_would_post(new_database):
    """The trap: two sessions read what is posted, then each posts the difference (READ COMMITTED)."""
    engine = make_engine(new_database)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE toy (amount int)"))
    with engine.connect() as one, engine.connect() as two:
        posted = [
            session.execute(sa.text("SELECT coalesce(sum(amount), 0) FROM toy")).scalar() for session in (one, two)
        ]
        for session, before in zip((one, two), posted, strict=True):
            session.execute(sa.text("INSERT INTO toy VALUES (:due)"), {"due": 5 - before})
            session.commit()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT sum(amount) FROM toy")).scalar() == 10
    engine.dispose()
