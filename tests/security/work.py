"""What a house does with a month, command by command, in one process: `python -m tests.security.work STEPS.json`.

Each step is what somebody types, with what is in their environment; the outcome of each goes to the file beside it.
Bugs keep their traceback, as they do at the command line.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

from adapters.world import world_of_process
from flows.cli import main


def run(steps: Path) -> None:
    codes = []
    for step in json.loads(steps.read_text(encoding="utf-8")):
        os.environ.update(step["environment"])
        world_of_process.cache_clear()
        sys.argv = ["recoup", *step["words"]]
        sys.stderr.write(f"$ recoup {' '.join(step['words'])}\n")
        try:
            main()
            codes.append(0)
        except SystemExit as ended:
            codes.append(ended.code or 0)
        except Exception:  # noqa: BLE001 - a bug is told as the command line tells it, and the work goes on
            traceback.print_exc()
            codes.append("a bug")
    steps.with_suffix(".codes.json").write_text(json.dumps(codes), encoding="utf-8")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
