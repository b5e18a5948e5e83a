"""A rerun started by an analyst: the form of the Prefect UI, in a real browser, against `recoup serve`.

With RECOUP_SCREENSHOTS set to a folder, the pages are kept there: docs/images is made so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path

import pytest

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.runs import newest_attempts
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.manifest import Stage
from tasks.stages.rules import sound_rules
from tests.conftest import skip_or_fail
from tests.stages.conftest import night_of

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.prefect]

FIRST, DAY = date(2026, 9, 1), date(2026, 9, 3)
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
DEPLOYMENTS = {"nightly", "month-end", "rerun", "allocation-report", "simulate", "publish"}


@pytest.fixture(scope="module")
def chromium():
    found = shutil.which("chromium")
    if found is None:
        skip_or_fail("Debian's chromium is not installed")
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A small book with an official night to compare with, in which somebody is paid a bonus."""
    world = open_world(Settings(home=tmp_path_factory.mktemp("served") / "home"))
    write_demo_book(DemoPlan(400, 20, 2, FIRST, DAY, seed=3), world.settings.landing)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")
    night_of(world, FIRST, (Stage.GATE,))
    night_of(world, DAY)
    return world


@pytest.fixture(scope="module")
def served(world):
    """The address of `recoup serve`, and its deployments by name."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from flows.cli import main; main()", "serve", "--port", str(port)],
        env={**environment, "RECOUP_HOME": str(world.settings.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        yield address, _deployments(address, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_a_what_if_is_started_from_the_form_and_shows_what_to_work_from(world, served, chromium):
    address, deployments = served
    assert set(deployments) == DEPLOYMENTS
    assert deployments["rerun"]["entrypoint"] == "flows.rerun.rerun"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/v2/deployments/deployment/{deployments['rerun']['id']}/run")
        _pick_date(page)
        assert page.get_by_text("First stage to run; the gate always comes first").is_visible()
        _keep(page, "rerun-form")
        page.get_by_role("button", name="Submit").click()
        run = _finished_run(address)
        assert (run["name"], run["state_name"]) == (f"what-if of {DAY}", "Completed"), run["state"]["message"]
        page.goto(f"{address}/v2/runs/flow-run/{run['id']}?tab=Artifacts")
        page.get_by_text("comparison").first.wait_for()
        for artifact in ("verdict", "stage-measure", "files"):
            assert page.get_by_text(artifact).first.is_visible()
        _keep(page, "rerun-run")
        page.goto(f"{address}/v2/artifacts/artifact/{_artifact(address, run, 'verdict')}")
        page.get_by_text("Checks that did not pass").wait_for()
        _keep(page, "verdict-artifact")
        browser.close()
    with world.store.read() as connection:
        (attempt,) = newest_attempts(connection, 1)
    assert (attempt.command, attempt.state.value) == (f"what-if {DAY}", "done")


def test_a_wrong_date_is_refused_at_once_with_what_to_do(served):
    address, deployments = served
    _post(
        address,
        f"/deployments/{deployments['rerun']['id']}/create_flow_run",
        {"parameters": {"business_date": "2030-01-01"}},
    )
    run = _finished_run(address, name="what-if of 2030-01-01")
    assert run["state_name"] == "Failed"
    assert "nothing has landed for 2030-01-01" in run["state"]["message"]


@pytest.mark.parametrize(
    ("at_most", "ends"),
    [(None, ("Completed", "")), ("-1", ("Failed", "SIM010 the new policies cost"))],
)
def test_a_simulation_ends_as_its_check_does_and_links_its_files(world, served, at_most, ends):
    address, deployments = served
    policies = str(world.settings.rules / "incentives" / "policies")
    asked = {"policies": policies, "first_month": "2026-09", "last_month": "2026-09", "at_most": at_most}
    path = f"/deployments/{deployments['simulate']['id']}/create_flow_run"
    run = _finished_run(address, run_id=_post(address, path, {"parameters": asked})["id"])
    assert run["name"] == "simulation of 2026-09 to 2026-09"
    assert run["state_name"] == ends[0], run["state"]["message"]
    assert ends[1] in (run["state"]["message"] or "")
    query = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}, "key": {"any_": ["simulation"]}}}
    (artifact,) = _post(address, "/artifacts/filter", query)
    page = re.search(r"`(/.*simulation\.html)`", artifact["data"])
    assert Path(page[1]).is_file()


def _pick_date(page):
    page.get_by_text("Pick a date").click()
    page.get_by_label("Choose the Month").select_option(label="Sep")
    page.get_by_label("Choose the Year").select_option(label="2026")
    page.get_by_role("button", name="September 3rd, 2026").click()
    page.keyboard.press("Escape")
    page.get_by_text("Choose the Month").wait_for(state="detached")
    page.wait_for_timeout(500)  # the calendar fades out


def _keep(page, name):
    folder = os.environ.get("RECOUP_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(1_500)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def _deployments(address, process):
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found = {each["name"]: each for each in _post(address, "/deployments/filter", {})}
        except (urllib.error.URLError, OSError):
            found = {}
        if found.keys() >= DEPLOYMENTS:
            return found
        time.sleep(0.5)
    pytest.fail("recoup serve did not come up")


def _finished_run(address, name=f"what-if of {DAY}", run_id=None):
    wanted = {"id": {"any_": [run_id]}} if run_id else {"name": {"any_": [name]}}
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        runs = _post(address, "/flow_runs/filter", {"flow_runs": wanted, "limit": 1})
        if runs and runs[0]["state_type"] in {"COMPLETED", "FAILED", "CRASHED"}:
            return runs[0]
        time.sleep(0.5)
    pytest.fail(f"no run {name!r} ended")


def _artifact(address, run, key):
    query = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}, "key": {"any_": [key]}}}
    return _post(address, "/artifacts/filter", query)[0]["id"]


def _post(address, path, body):
    request = urllib.request.Request(
        f"{address}/api{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)
