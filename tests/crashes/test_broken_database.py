"""PostgreSQL stopped, failed over or cut off while a command runs: told with a code; typed again, nothing is twice."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.errors import WorldError
from adapters.store.engine import make_engine
from adapters.store.ledger import read_entries
from adapters.world import open_world
from tests.crashes.at_points import at_point
from tests.crashes.cluster import server_at, standby_of, url_of, wire_to
from tests.crashes.moments import differing, give_logins, left_of, office_of_step, undisturbed
from tests.crashes.nights import NIGHTS
from tests.crashes.settlement import SETTLEMENT
from tests.stages.copied_rows import copy_of_store

pytestmark = pytest.mark.slow

BRIEFLY = replace(SETTLEMENT, steps=SETTLEMENT.steps[:8])
A_GATE = replace(NIGHTS, steps=NIGHTS.steps[:1])
PUBLISH, DECIDE, MATCH = 6, 3, 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The settlement that nobody disturbed, on SQLite: both databases come to the same tables and files."""
    folder = tmp_path_factory.mktemp("whole")
    with undisturbed(BRIEFLY, BRIEFLY.ready(folder / "claimed"), folder) as found:
        yield found


@pytest.fixture
def place():
    """Servers want a folder that their own user may enter."""
    with tempfile.TemporaryDirectory(prefix="recoup-pg-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def server():
    with (
        tempfile.TemporaryDirectory(prefix="recoup-pg-", ignore_cleanup_errors=True) as folder,
        server_at(Path(folder) / "data") as found,
    ):
        yield found


def _moved(whole, step, home, server, *ports):
    """What stood before the step, on a new database of the server; the URL names the ports."""
    name = f"recoup_{home.parent.name}".lower().replace("-", "_")[:60]
    admin = sa.create_engine(
        url_of("postgres", server.port).replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    there = whole.before[step].model_copy(
        update={"home": home, "database_url": url_of(name, *(ports or (server.port,)))}
    )
    copy_of_store(open_world(whole.before[step]), open_world(there)).store.engine.dispose()
    give_logins(there, whole.scenario.people, None)
    return there


def _again(whole, settings, step):
    office = office_of_step(settings, whole.scenario, step, minutes=10)
    office.world.seam.sweep()
    return differing(whole.after[step], left_of(office))


def _typed(whole, settings, step):
    """What the command says where it fails; nothing if it came through all the same."""
    try:
        office_of_step(settings, whole.scenario, step)
    except WorldError as error:
        return str(error)
    return ""


STOPPED = [
    (MATCH, "claims_settled:before_commit"),
    (DECIDE, "claim_decided:before_commit"),
    (PUBLISH, "ledger_published:before_commit"),
    (PUBLISH, "ledger_published:after_commit"),
]


@pytest.mark.parametrize(("step", "point"), STOPPED, ids=[point for _, point in STOPPED])
def test_a_server_that_is_stopped_and_started_in_the_middle(whole, server, tmp_path, step, point):
    settings = _moved(whole, step, tmp_path / "home", server)
    with at_point(point, server.restart):
        told = _typed(whole, settings, step)
    assert told.startswith(("STO002", "STO003")) if "before" in point else not told or told.startswith("STO002"), told
    assert _again(whole, settings, step) == ()


def test_a_server_that_stays_away_is_told_when_the_next_command_starts(whole, place, tmp_path):
    with server_at(place / "data") as server:
        settings = _moved(whole, PUBLISH, tmp_path / "home", server)
        with at_point("ledger_published:before_commit", server.stop_at_once):
            assert _typed(whole, settings, PUBLISH).startswith(("STO002", "STO003"))
        assert _typed(whole, settings, PUBLISH).startswith("STO004 the store cannot be reached")
        server.start()
        assert _again(whole, settings, PUBLISH) == ()


@pytest.mark.parametrize("is_lost", [True, False], ids=["the commit is lost", "its answer is lost"])
def test_a_wire_that_is_cut_after_commit_was_sent(whole, server, tmp_path, is_lost):
    """Nobody can know whether it was stored: the message says so, and typed again nothing is there twice."""
    with wire_to(server, is_lost=is_lost) as wire:
        settings = _moved(whole, PUBLISH, tmp_path / "home", server, wire.port)
        with at_point("ledger_published:before_commit", wire.arm):
            told = _typed(whole, settings, PUBLISH)
        assert told.startswith("STO003 the connection broke while ledger_published was being committed")
        engine = make_engine(settings.store_url)
        with engine.connect() as connection:
            assert bool(read_entries(connection)) is not is_lost
        engine.dispose()
        assert _again(whole, settings, PUBLISH) == ()


def _fails_over(primary, standby):
    def deed() -> None:
        primary.stop_at_once()
        standby.promote()

    return deed


def _failed_over(whole, place, tmp_path, step, point):
    with (
        server_at(place / "primary", "-c synchronous_standby_names='*'") as primary,
        standby_of(primary, place / "standby") as standby,
    ):
        settings = _moved(whole, step, tmp_path / "home", primary, primary.port, standby.port)
        with at_point(point, _fails_over(primary, standby)):
            told = _typed(whole, settings, step)
        assert told.startswith(("STO002", "STO003")), told
        assert _again(whole, settings, step) == ()


def test_a_failover_to_a_synchronous_standby_in_the_middle_of_a_publish(whole, place, tmp_path):
    _failed_over(whole, place, tmp_path, PUBLISH, "ledger_published:before_commit")


def test_a_failover_to_a_synchronous_standby_in_the_middle_of_a_night(place, tmp_path):
    with undisturbed(A_GATE, A_GATE.ready(tmp_path / "landed"), tmp_path) as night:
        _failed_over(night, place, tmp_path / "there", 0, "stage_gate:before_commit")
