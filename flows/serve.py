"""Serve: a Prefect server on this machine that asks for a password, and the deployments that its UI offers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from adapters.errors import WorldError
from adapters.settings import Settings
from adapters.world import open_world
from flows.choices import choices_kept_new
from flows.deployments import served
from flows.server_keys import password_file, set_keys
from tasks.stages.choices import choices_of

LOOPBACK, EVERY_ADDRESS = "127.0.0.1", "0.0.0.0"  # noqa: S104 - asked for by who types it, in a container
_START_SECONDS = 120
_RUNS_AT_ONCE = 20  # a process each; what waits for its turn or for a slot is one of them


def serve(settings: Settings, port: int, host: str = LOOPBACK) -> None:
    """Run until interrupted. Raises: WorldError if the server does not come up."""
    with server(settings, port, host) as url:
        provide(settings)
        sys.stderr.write(f"{url.removesuffix('/api')} asks for the password in {password_file(settings)}\n")
        _serve_deployments(settings)


def provide(settings: Settings) -> None:
    """What the deployments need of the server, whoever serves them: the limit of the book, the automations, and what
    may be chosen in forms of deployments that are there already."""
    from flows.automations import provide_automations
    from flows.choices import renew_if_possible
    from flows.turns import ensure_limit

    ensure_limit()
    provide_automations(settings)
    renew_if_possible(settings)


@contextmanager
def server(settings: Settings, port: int, host: str = LOOPBACK) -> Iterator[str]:
    """A Prefect server, its database below the home folder; the address of its API."""
    with starting_server(settings, port, host) as wait_until_up:
        yield wait_until_up()


@contextmanager
def starting_server(settings: Settings, port: int, host: str = LOOPBACK) -> Iterator[Callable[[], str]]:
    """The server while it starts, which takes seconds; what is given waits until it is up, and says its address.

    The UI asks for the API under the address it was told: on any port but 4200 it calls the wrong one otherwise.
    """
    url = f"http://{LOOPBACK if host == EVERY_ADDRESS else host}:{port}/api"
    os.environ["PREFECT_API_URL"] = url
    os.environ.setdefault("PREFECT_HOME", str((settings.home / "prefect").absolute()))
    set_keys(settings, os.environ)
    environment = {
        **os.environ,
        "PREFECT_SERVER_UI_API_URL": url,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": url.removesuffix("/api"),
        # Why it answered 503: on SQLite, a form that reads and then writes while somebody else has written in between.
        "PREFECT_SERVER_LOG_RETRYABLE_ERRORS": "true",
    }
    # What the command line keeps from the terminal belongs into the server's own log.
    environment.pop("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", None)
    command = [sys.executable, "-m", "flows.prefect_server", "--host", host, "--port", str(port)]
    log = settings.home / "prefect-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)  # noqa: S603 - our own words
    try:
        yield lambda: _wait_until_up(url, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _serve_deployments(settings: Settings) -> None:
    """While nobody serves, schedules are not paused: what was missed is caught up."""
    from prefect import serve as serve_deployments

    offered = tuple(served(settings, choices_of(open_world(settings))))
    with choices_kept_new(settings):
        serve_deployments(*offered, pause_on_shutdown=False, limit=_RUNS_AT_ONCE)


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - our own address
                return url
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise WorldError(f"the Prefect server did not come up at {url}; see prefect-server.log below the home folder")
