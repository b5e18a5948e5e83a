"""Landing and gating one night at 1 and 10 million accounts, a first load of its month, and frames at 1 million.

    python -m bench.gate_speed [ACCOUNTS …] [--home FOLDER] [--csv]

The night of 30 September has whole accounts, parties and contact points that did not change since the day before, and
the events of one day. The day before is made from it: balances plus what was paid, one day past due less. The days
before that are landed from the month's events, and count as they landed. With --csv the same night is landed once more
from CSV. Each part runs in a process of its own, so that its memory is its own. At 1 million accounts and fewer, the
same row contract runs on a pandas frame through pandera, and a few of the checks through Great Expectations on pandas.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (1_000_000, 10_000_000)
FRAMES_AT_MOST = 1_000_000
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    arguments = _arguments()
    for accounts in arguments.accounts or SIZES:
        home = arguments.home / str(accounts) if arguments.home else Path(tempfile.mkdtemp(prefix="recoup-gate-"))
        try:
            _bench(accounts, home, csv=arguments.csv)
        finally:
            if not arguments.home:
                shutil.rmtree(home)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gate_speed", description=__doc__)
    parser.add_argument("accounts", nargs="*", type=int)
    parser.add_argument("--home", type=Path, help="keep the book here, and use it again if it is there")
    parser.add_argument("--csv", action="store_true", help="land the night once more, from CSV")
    return parser.parse_args()


def _bench(accounts: int, home: Path, *, csv: bool) -> None:
    """This process imports nothing large: the peak memory of a process begins with that of the one that started it."""
    rows: list[dict[str, object]] = []
    if not (home / "prepared.sqlite").exists():
        rows += _said("book", str(home), str(accounts))
        rows += _said("month", str(home))
    rows += _said("night", str(home), "parquet")
    rows += _said("night", str(home), "csv") if csv else []
    for frame in ("pandera", "great_expectations") if accounts <= FRAMES_AT_MOST else ():
        rows += _said(frame, str(home))
    print(f"\n{accounts:,} accounts\n{'part':<44}{'rows':>14}{'seconds':>10}{'peak MiB':>10}")
    for row in rows:
        print(f"{row['part']:<44}{row['rows']:>14,}{row['seconds']:>10.1f}{row['peak_mib']:>10,}", flush=True)


def _said(*arguments: str) -> list[dict[str, object]]:
    command = [sys.executable, "-m", "bench.gate_parts", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


if __name__ == "__main__":
    main()
