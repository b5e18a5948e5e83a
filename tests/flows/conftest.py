"""One served world for the tests of forms: a small book, `recoup serve` on it, and a browser that has logged in.

With RECOUP_SCREENSHOTS set to a folder, pages are kept there: docs/images and docs/operations are made so.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from adapters.demo import DemoPlan, write_demo_book
from adapters.settings import Settings
from adapters.store.signatures import sign
from adapters.world import World, open_world
from domain.manifest import Stage
from flows.deployments import DEPLOYMENTS
from tasks.stages.rules import sound_rules
from tests.conftest import skip_or_fail
from tests.stages.conftest import night_of

FIRST, DAY, LAST = date(2026, 9, 28), date(2026, 9, 30), date(2026, 10, 4)
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
NAMES = {deployment.name for deployment in DEPLOYMENTS}
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
SECRET = "hook-T0K3N"
_PATIENCE_SECONDS = 400


@pytest.fixture(scope="package")
def book_of_forms(tmp_path_factory):
    """A small book in which somebody is paid a bonus, with an official night of a month's end to compare with."""
    world = open_world(Settings(home=tmp_path_factory.mktemp("served") / "home"))
    write_demo_book(DemoPlan(400, 20, 2, FIRST, LAST, seed=3), world.settings.landing)
    sign(world.store, sound_rules(world.settings.rules).contents(), proposer="proposer", signer="signer")
    night_of(world, FIRST, (Stage.GATE,))
    night_of(world, DAY)
    return world


@dataclass(frozen=True, slots=True)
class Served:
    """A served world as a client sees it. Where its database is busy, the server says 503: a client asks again."""

    world: World
    address: str
    process: subprocess.Popen[bytes]
    told: list[dict]
    deployments: dict[str, dict] = field(default_factory=dict)

    @property
    def password(self) -> str:
        return (self.world.settings.home / "prefect" / "password").read_text(encoding="ascii").strip()

    def call(self, path: str, body: object = None, *, method: str | None = None, password: str | None = None):
        token = base64.b64encode((self.password if password is None else password).encode()).decode()
        content = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "Authorization": f"Basic {token}"}
        request = urllib.request.Request(f"{self.address}/api{path}", content, headers, method=method)
        for left in reversed(range(10)):
            try:
                with urllib.request.urlopen(request, timeout=60) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                if error.code != 503 or not left:
                    raise
                time.sleep(1)
        return None

    def start(self, deployment: str, **parameters: object) -> str:
        path = f"/deployments/{self.deployments[deployment]['id']}/create_flow_run"
        return self.call(path, {"parameters": parameters})["id"]

    def form(self, deployment: str) -> dict[str, dict]:
        """The fields of its form, as they are now."""
        return self.call(f"/deployments/{self.deployments[deployment]['id']}")["parameter_openapi_schema"]["properties"]

    def triggers(self) -> dict[str, str]:
        """The id of each automation's trigger, by name."""
        return {each["name"]: each["trigger"]["id"] for each in self.call("/automations/filter", {})}

    def recoup(self, *arguments: str, **environment: str) -> None:
        """A command, as somebody types it beside the server."""
        command = [sys.executable, "-c", "from flows.cli import main; main()", *arguments]
        home = {"RECOUP_HOME": str(self.world.settings.home)}
        subprocess.run(command, env={**os.environ, **home, **environment}, check=True)

    def ended(self, run: str) -> dict:
        return self.until(lambda: self._run_in(run, ENDED), f"the end of run {run}")

    def newest(self, name: str) -> str:
        """The id of the newest run of this name."""
        wanted = {"flow_runs": {"name": {"any_": [name]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 1}
        return self.until(lambda: self.call("/flow_runs/filter", wanted), f"a run {name!r}")[0]["id"]

    def artifact(self, run: str, key: str) -> dict:
        query = {"artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": [key]}}}
        return self.call("/artifacts/filter", query)[0]

    def was_told(self, what: str, words: str) -> dict:
        """What was posted to the address of the settings by the automation of this name, with these words in it."""
        found = lambda: [each for each in self.told if each["what"] == what and words in each["text"]]  # noqa: E731
        return self.until(found, f"a notice {what!r}")[0]

    def process_of(self, run: str) -> int:
        """The process in which the run is."""
        marked = f"PREFECT__FLOW_RUN_ID={run}".encode()

        def look():
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    if marked in (folder / "environ").read_bytes().split(b"\0"):
                        return int(folder.name)
                except OSError:
                    continue
            return None

        return self.until(look, f"the process of run {run}")

    def _run_in(self, run: str, states: set[str]):
        found = self.call(f"/flow_runs/{run}")
        return found if found["state_type"] in states else None

    def until(self, look, what: str):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := look():
                return found
            time.sleep(0.3)
        log = self.world.settings.home / "prefect-server.log"
        pytest.fail(f"waited for {what}; the server's log ends:\n{log.read_text(encoding='utf-8')[-2000:]}")

    def wait_for_deployments(self) -> None:
        def look():
            try:
                return {each["name"]: each for each in self.call("/deployments/filter", {})}.keys() >= NAMES
            except (urllib.error.URLError, OSError):
                return False

        self.until(look, "the deployments")
        self.deployments.update({each["name"]: each for each in self.call("/deployments/filter", {})})


@pytest.fixture(scope="package")
def served(book_of_forms, tmp_path_factory):
    """`recoup serve` on the book, with nothing given to it but its home and where to tell people."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    log = tmp_path_factory.mktemp("serve") / "serve.log"
    told: list[dict] = []
    receiver = _receiver(told)
    notify = {"RECOUP_NOTIFY_URL": f"http://127.0.0.1:{receiver.server_port}/{SECRET}"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "from flows.cli import main; main()", "serve", "--port", str(port)],
            env={**environment, **notify, "RECOUP_HOME": str(book_of_forms.settings.home)},
            stdout=output,
            stderr=output,
        )
    found = Served(book_of_forms, f"http://127.0.0.1:{port}", process, told)
    try:
        found.wait_for_deployments()
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        receiver.shutdown()


def _receiver(told: list[dict]) -> ThreadingHTTPServer:
    """A chat or pager as the server sees it: what is posted to it lands in `told`."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="package")
def chromium():
    found = shutil.which("chromium")
    if found is None:
        skip_or_fail("Debian's chromium is not installed")
    return found


@pytest.fixture(scope="package")
def page(served, chromium):
    """A page of the UI in a real browser, after the password was typed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(90_000)
        page.goto(served.address)
        page.locator("input[type=password]").fill(served.password)
        keep(page, "login")
        page.keyboard.press("Enter")
        page.locator("input[type=password]").wait_for(state="detached")
        yield page
        browser.close()


def keep(page, name):
    folder = os.environ.get("RECOUP_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(3_000)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def submit(page):
    """Press the button until the form is gone: a busy server says 503, and somebody presses again."""
    form = page.url
    for _ in range(10):
        page.get_by_role("button", name="Submit").click()
        try:
            page.wait_for_url(lambda url: url != form, timeout=20_000)
        except PlaywrightTimeout:
            continue
        return
    pytest.fail("the form was not taken")
