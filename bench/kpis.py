"""The KPI stage alone, part by part, beside the same figures by hand in DuckDB SQL, and in pandas.

    python -m bench.kpis HOME …

HOME is a home of `bench.night --home`, whose last night has been measured; nothing is written to it. Each contender
runs in a process of its own. The money credits, which the others do not write, and the breaches, which the others only
count, are timed on their own. Every figure is compared: with the SQL figure by figure, with pandas sum by sum.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from bench.by_hand.figures import KPIS

ROOT = Path(__file__).resolve().parent.parent
MOST_FOR_PANDAS = 2_000_000  # accounts; with more its frames do not fit beside one another


def main() -> None:
    """This process imports nothing large: the peak memory of a process begins with that of the one that started it."""
    for home in sys.argv[1:]:
        ours = json.loads(_said("bench.kpi_stage", "measure", home))
        book = json.dumps(ours["book"])
        by_hand = json.loads(_said("bench.by_hand", told=book))
        fits_pandas = ours["accounts"] <= MOST_FOR_PANDAS
        by_pandas = json.loads(_said("bench.by_pandas", told=book)) if fits_pandas else None
        _print_table(home, ours, by_hand, by_pandas)
        figures = json.dumps({"ours": ours["figures"], "by_hand": by_hand["figures"]})
        print(_said("bench.kpi_stage", "compare", home, told=figures), end="")
        if by_pandas is not None:
            print(sums_compared(by_hand["figures"], by_pandas["rows"]))


def sums_compared(by_hand: Iterable[Sequence[str | None]], by_pandas: Iterable[Sequence[str]]) -> str:
    """How many numerators and denominators by hand pandas has too, and how many of them are equal."""
    sums = {tuple(row[:4]): Decimal(row[4]) for row in by_pandas}
    known = {name for name, *_ in sums}
    equal = differing = 0
    for kpi, grain, entity, currency, _, *numbers in by_hand:
        stated = KPIS[str(kpi)]
        for name, number in zip((stated.above, stated.below), numbers, strict=True):
            if number is not None and name in known and grain != "posting":
                found = sums.get((name, grain, entity, currency if stated.in_money else ""), Decimal(0))
                equal, differing = equal + (found == Decimal(number)), differing + (found != Decimal(number))
    return f"pandas: {equal:,} sums equal to those by hand, {differing:,} differ"


def _said(module: str, *arguments: str, told: str = "") -> str:
    """What a process of its own prints."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=True, input=told, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout


def _print_table(home: str, ours: dict, by_hand: dict, by_pandas: dict | None) -> None:
    print(f"\n{home}: {ours['accounts']:,} accounts, {ours['contacts']:,} contacts\n{'part':<34}{'seconds':>9}")
    for name, seconds in ours["parts"]:
        print(f"{name:<34}{seconds:>9.2f}")
    total = sum(seconds for _, seconds in ours["parts"])
    alone = total - sum(seconds for name, seconds in ours["parts"] if name.startswith("money credits"))
    print(f"{'KPI stage, credits apart':<34}{alone:>9.2f}   peak {ours['peak_mib']:,} MiB")
    for name, rival in (
        ("by hand in DuckDB SQL", by_hand),
        ("pandas, without breaches and plans", by_pandas),
    ):
        if rival is None:
            continue
        ratio = f"ours takes {alone / rival['seconds']:.2f} times as long"
        print(f"{name:<34}{rival['seconds']:>9.2f}   peak {rival['peak_mib']:,} MiB   {ratio}")


if __name__ == "__main__":
    main()
