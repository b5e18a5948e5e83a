"""Prefect's server as it is, but for one thing that it cannot do with the SQLAlchemy of our lock, and for where it
keeps what it must remember: `python -m flows.prefect_server --host … --port …` takes what `prefect server start` takes.

From SQLAlchemy 2.1 on, a bulk insert asks each hybrid attribute what it makes of its value, and Prefect's
`FlowRun.state` does not say: so its scheduler failed at every schedule, told nobody, and no night ever started by
itself. The state is inserted by the scheduler in its own next statement; here it says so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any


def run() -> None:
    remember_in_files(os.environ)
    from prefect.cli import app

    let_schedules_be_inserted()
    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    app()


def remember_in_files(environment: MutableMapping[str, str]) -> None:
    """Below Prefect's home: who holds which slot, and the unpacked pages of the UI; unless the environment says where.

    Kept in the server's memory alone, the slot of a night that died with it is held for ever, and that of a night that
    goes on is lost. Beside the package, where the pages are unpacked otherwise, a unit of systemd and a container may
    not write.
    """
    own = Path(environment.get("PREFECT_HOME", "~/.prefect")).expanduser()
    leases = "prefect.server.concurrency.lease_storage.filesystem"
    environment.setdefault("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", leases)
    environment.setdefault("PREFECT_SERVER_UI_STATIC_DIRECTORY", str(own / "ui"))


def let_schedules_be_inserted() -> None:
    from prefect.server.database import orm_models

    for model in (orm_models.FlowRun, orm_models.TaskRun):
        hybrid: Any = vars(model)["state"]
        if hybrid.bulk_dml_setter is None:
            hybrid.bulk_dml_setter = _is_inserted_beside


def _is_inserted_beside(_: type, __: MutableMapping[str, Any], ___: object) -> None:
    """The column is not set by the bulk insert of the run."""


if __name__ == "__main__":
    run()
