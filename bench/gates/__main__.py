"""Kinds of corruption, and what the gate makes of each: a table, and an exit code for CI.

    python -m bench.gates [--out FILE.md] [--set second] [--only 'money.*'] [--mutants-only] [--brief] [--jobs N]
        [--home FOLDER]

Clean nights of a demo book are gated in order; then each kind spoils copies of a few of them, at several rates. Exit 1
if a kind is missed at a rate at which a person would call it wrong, if a clean night or a harmless kind halts, or if a
kind found nothing to spoil. With --out the table is written as Markdown, and beside it as JSON.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from adapters.settings import read_settings
from bench.gates import families, second
from bench.gates.bench import Bench, KindResult, Plan, Result, clean_nights, spoilt_nights
from bench.gates.kinds import Kind
from bench.gates.nights import Gated
from bench.gates.report import as_json, halts_of, line_of, markdown, verdict_lines


def main() -> int:
    arguments = _arguments()
    read_settings()
    home = arguments.home or Path(tempfile.mkdtemp(prefix="recoup-bench-gates-"))
    try:
        result = _run(home, arguments)
        if arguments.out:
            arguments.out.write_text(markdown(result), encoding="utf-8")
            arguments.out.with_suffix(".json").write_text(as_json(result), encoding="utf-8")
    finally:
        if not arguments.home:
            shutil.rmtree(home)
    faults = verdict_lines(result)
    print("\n".join(["", *faults, "", f"{len(faults)} faults" if faults else "no faults"]))
    return 1 if faults else 0


def _run(home: Path, arguments: argparse.Namespace) -> Result:
    kinds = tuple(
        kind for kind in _SETS[arguments.set] if any(fnmatchcase(kind.name, only) for only in arguments.only or ["*"])
    )
    kinds = tuple(_briefly(kind) for kind in kinds) if arguments.brief else kinds
    employees = max(15, arguments.accounts // 75)
    plan = Plan(arguments.accounts, employees, seed=arguments.seed, whole=not arguments.mutants_only)
    begun = time.perf_counter()
    chain, nights = clean_nights(home, plan, kinds)
    clean = tuple(_told(night) for night in nights)
    print(f"{len(clean)} clean nights in {time.perf_counter() - begun:.0f} s", flush=True)
    begun = time.perf_counter()
    bench = Bench(chain, plan.dates, {night.day: night for night in clean})
    found = tuple(_told_kind(one) for one in spoilt_nights(home, bench, kinds, arguments.jobs))
    print(f"{len(found)} kinds in {time.perf_counter() - begun:.0f} s")
    return Result(plan, chain.book, clean, found)


# The second set was written by somebody who had not read the checks.
_SETS = {"first": families.KINDS, "second": second.KINDS}


def _briefly(kind: Kind) -> Kind:
    """One night, at the level from which it is wrong and at the highest."""
    levels = sorted({kind.levels[-1], kind.wrong_from if kind.wrong_from is not None else kind.levels[-1]})
    return replace(kind, levels=tuple(levels), nights=kind.nights[:1])


def _told_kind(one: KindResult) -> KindResult:
    print(line_of(one), flush=True)
    return one


def _told(night: Gated) -> Gated:
    if halts := halts_of(night):
        print(f"{night.day}: clean, and yet it halts: {', '.join(halts)}", flush=True)
    return night


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gates", description=__doc__)
    parser.add_argument("--out", type=Path, help="write the table here, and the same as .json")
    parser.add_argument("--set", choices=_SETS, default="first", help="kinds of this set")
    parser.add_argument("--only", action="append", help="kinds by name, with * and ?; may be given again")
    parser.add_argument("--mutants-only", action="store_true", help="gate only as many clean nights as the kinds need")
    parser.add_argument("--brief", action="store_true", help="each kind on one night and at two levels")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, help="keep everything here, and use its book again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
