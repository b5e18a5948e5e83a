"""Serve: a Prefect server on this machine, and the deployments that its UI offers."""

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
from typing import cast

from adapters.errors import WorldError
from adapters.settings import Settings

_START_SECONDS = 120


def serve(settings: Settings, port: int) -> None:
    """Run until interrupted. Raises: WorldError if the server does not come up."""
    with server(settings, port):
        _serve_deployments(settings)


@contextmanager
def server(settings: Settings, port: int) -> Iterator[str]:
    """A Prefect server on 127.0.0.1, its database below the home folder; the address of its API."""
    with starting_server(settings, port) as wait_until_up:
        yield wait_until_up()


@contextmanager
def starting_server(settings: Settings, port: int) -> Iterator[Callable[[], str]]:
    """The server while it starts, which takes seconds; what is given waits until it is up, and says its address.

    The UI asks for the API under the address it was told: on any port but 4200 it calls the wrong one otherwise.
    """
    url = f"http://127.0.0.1:{port}/api"
    os.environ["PREFECT_API_URL"] = url
    os.environ.setdefault("PREFECT_HOME", str((settings.home / "prefect").absolute()))
    environment = {**os.environ, "PREFECT_SERVER_UI_API_URL": url}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
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
    """The six deployments; the nightly one on its schedule, in the time zone of the business."""
    from prefect import serve as serve_deployments
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    from flows.allocation_report import allocation_report
    from flows.month_end import month_end
    from flows.nightly import nightly
    from flows.publish import publish
    from flows.rerun import rerun
    from flows.simulate import simulate

    schedule = Cron(settings.nightly_cron, timezone=settings.time_zone)
    module = EntrypointType.MODULE_PATH  # a file entrypoint reloads its module, and enum members stop being equal
    deployments = (
        nightly.to_deployment(
            "nightly", schedule=schedule, concurrency_limit=1, tags=["recoup", "night"], entrypoint_type=module
        ),
        month_end.to_deployment("month-end", concurrency_limit=1, tags=["recoup", "pay"], entrypoint_type=module),
        rerun.to_deployment("rerun", tags=["recoup", "analysis"], entrypoint_type=module),
        allocation_report.to_deployment("allocation-report", tags=["recoup", "analysis"], entrypoint_type=module),
        simulate.to_deployment("simulate", tags=["recoup", "analysis"], entrypoint_type=module),
        publish.to_deployment("publish", concurrency_limit=1, tags=["recoup", "pay"], entrypoint_type=module),
    )
    serve_deployments(*(cast(RunnerDeployment, deployment) for deployment in deployments))


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2):  # noqa: S310 - our own address
                return url
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise WorldError(f"the Prefect server did not come up at {url}; see prefect-server.log below the home folder")
