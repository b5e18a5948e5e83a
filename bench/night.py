"""One full night at 100 thousand and 1 million accounts, by stage, beside hand-written DuckDB for the same KPI figures.

    python -m bench.night [ACCOUNTS …] [--home FOLDER]

A demo book of one month is landed day by day (whole state on the first day, in the middle and on the last; five
contacts per account and month), and allocated twice, so that owners change within the month. The last night then runs
in full, in a process of its own; so does the rival, which reads the same Parquet and imports DuckDB alone. Every figure
of the night is compared with the rival's. The KPI stage alone, part by part, and pandas follow (`bench.kpis`). Ratios
are of this machine and this run; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (100_000, 1_000_000)
ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    arguments = _arguments()
    for accounts in arguments.accounts or SIZES:
        home = arguments.home / str(accounts) if arguments.home else Path(tempfile.mkdtemp(prefix="recoup-bench-"))
        try:
            _bench(accounts, home)
        finally:
            if not arguments.home:
                shutil.rmtree(home)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__)
    parser.add_argument("accounts", nargs="*", type=int)
    parser.add_argument("--home", type=Path, help="keep the book here, and use it again if it is there")
    return parser.parse_args()


def _bench(accounts: int, home: Path) -> None:
    """This process imports nothing large: the peak memory of a process begins with that of the one that started it."""
    if not (home / "prepared.sqlite").exists():
        print(_said("bench.demo_month", "prepare", str(home), str(accounts)), end="", flush=True)
    night = json.loads(_said("bench.demo_month", "night", str(home)))
    rival = json.loads(_said("bench.by_hand", told=json.dumps(night["book"])))
    _print_table(accounts, night, rival)
    figures = json.dumps(rival["figures"])
    print(_said("bench.demo_month", "compare", str(home), night["run"], told=figures), end="")
    print(_said("bench.kpis", str(home)), end="")


def _said(module: str, *arguments: str, told: str = "") -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=True, input=told, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def _print_table(accounts: int, night: dict, rival: dict) -> None:
    print(f"\nA night of {accounts:,} accounts\n{'stage':<10}{'seconds':>9}{'peak MiB so far':>18}")
    for stage, seconds, peak in night["stages"]:
        print(f"{stage:<10}{seconds:>9.2f}{peak or '':>18}")
    total = sum(seconds for _, seconds, _ in night["stages"])
    measured = next(seconds for stage, seconds, _ in night["stages"] if stage == "measure")
    print(f"{'in all':<10}{total:>9.2f}{night['peak_mib']:>18}")
    print(f"{'by hand':<10}{rival['seconds']:>9.2f}{rival['peak_mib']:>18}")
    ratios = f"time {measured / rival['seconds']:.1f}, memory {night['peak_mib'] / rival['peak_mib']:.1f}"
    print(f"measure ÷ by hand: {ratios}")


if __name__ == "__main__":
    main()
