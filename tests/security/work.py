"""What a house does with a month, command by command, in one process: `python -m tests.security.work STEPS.json`.

A Prefect server runs meanwhile, with the automations; each step is what somebody types, with what is in their
environment, or what they change in a file. The outcome of each goes to the file beside it, with the notices that could
not be delivered. Bugs keep their traceback, as they do at the command line.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.settings import read_settings
from adapters.world import world_of_process
from flows.cli import main
from flows.serve import provide, starting_server

_PATIENCE_SECONDS = 60


def run(steps: Path) -> None:
    settings = read_settings()
    with starting_server(settings, _free_port()) as wait_until_up:
        import great_expectations  # noqa: F401 - the server takes as long to start

        wait_until_up()
        provide(settings)
        codes = [_done(step) for step in json.loads(steps.read_text(encoding="utf-8"))]
        outcome = {"codes": codes, "failed_notices": _failed_notices()}
    steps.with_suffix(".outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _done(step: dict[str, Any]) -> object:
    if "file" in step:
        path = Path(step["file"])
        path.write_text(path.read_text(encoding="utf-8").replace(*step["replace"]), encoding="utf-8")
        return 0
    os.environ.update(step["environment"])
    world_of_process.cache_clear()
    sys.argv = ["recoup", *step["words"]]
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} $ recoup {' '.join(step['words'])}\n")
    try:
        main()
    except SystemExit as ended:
        return ended.code or 0
    except Exception:  # noqa: BLE001 - a bug is told as the command line tells it, and the work goes on
        traceback.print_exc()
        return "a bug"
    return 0


def _failed_notices() -> list[str]:
    """What the server says of notices that it could not deliver; it tries when the event has come to it."""
    from prefect.client.orchestration import get_client

    wanted = {"filter": {"event": {"name": ["prefect.automation.action.failed"]}}}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            found = client._client.post("/events/filter", json=wanted).json()["events"]
            if found:
                return [json.dumps(each["payload"]) for each in found]
            time.sleep(0.5)
    return []


if __name__ == "__main__":
    run(Path(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # at an exit of its own, Prefect's client would look for the server that is gone, for over a minute
