"""The parts of the KPI stage, timed one by one over the inputs of a night that was measured before.

python -m bench.kpi_stage measure HOME      seconds by part, figures, and the files of the book, as JSON
python -m bench.kpi_stage compare HOME      `ours` and `by_hand` from standard input, figure by figure
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.settings import Settings
from adapters.store.schema import STORE
from adapters.world import World, open_world
from bench.comparison import compared
from bench.demo_month import book_of
from domain.dispatch import DISPATCH_SQL
from domain.ids import Digest, RunId
from domain.manifest import Manifest, Stage
from domain.periods import Period
from domain.records import Grain, KpiResult, Unit, ValueState
from kpi_rules.breaches import breach_statements, breaches_in_order
from kpi_rules.credits import credit_statement
from kpi_rules.plan import plan_kpis
from kpi_rules.results import kpi_results
from kpi_rules.rulebook import KpiRules
from kpi_rules.stays import moved_among, stays_of
from kpi_rules.views import BREACHES, CREDITS, RECOVERY_RATES
from tasks.stages.gate import accepted_in
from tasks.stages.liquidation import rates_in
from tasks.stages.manifests import manifest_of
from tasks.stages.people import staff_of
from tasks.stages.rules import sound_rules
from tasks.stages.session import session_of_night

Made = TypeVar("Made")


def main() -> None:
    command, home = sys.argv[1], Path(sys.argv[2])
    if command == "measure":
        json.dump(measured(open_world(Settings(home=home))), sys.stdout, default=str)
    else:
        told = json.load(sys.stdin)
        print(*compared(map(_result, told["ours"]), told["by_hand"]).lines(), sep="\n")


def measured(world: World) -> dict[str, Any]:
    """Of the newest run that was measured, by the rules that lie here; files go to a folder that is then removed."""
    runs = STORE.tables["stage_results"]
    with world.store.read() as connection:
        found = connection.execute(sa.select(runs.c.run_id).where(runs.c.stage == Stage.MEASURE)).scalars().all()
        run = RunId(found[-1])
        manifest = manifest_of(connection, run)
        accepted = accepted_in(connection, run)
    parts = _Parts()
    with session_of_night(world, manifest, accepted) as duck, tempfile.TemporaryDirectory() as folder:
        results = _stage(duck, sound_rules(world.settings.rules).kpis, manifest, Path(folder), parts)
        counts = {name: duck.run(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("accounts", "contacts")}
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    figures = [asdict(result) for result in results]
    return {"parts": parts.seconds, "peak_mib": peak_mib, "figures": figures, "book": book_of(world, run), **counts}


class _Parts:
    def __init__(self) -> None:
        self.seconds: list[tuple[str, float]] = []

    def timed(self, name: str, work: Callable[[], Made]) -> Made:
        begun = time.perf_counter()
        made = work()
        self.seconds.append((name, round(time.perf_counter() - begun, 3)))
        return made


def _stage(duck: Duck, rules: KpiRules, manifest: Manifest, folder: Path, parts: _Parts) -> tuple[KpiResult, ...]:
    """As `tasks.stages.measure` does it, without the store."""
    start, as_of = Period.of(manifest.business_date).start, manifest.business_date
    path = folder / "credits.parquet"
    parts.timed("owners of accounts", lambda: duck.keep(DISPATCH_SQL.name))
    statement = credit_statement(rules, start=start, as_of=as_of)
    parts.timed("money credits, written", lambda: duck.write_parquet(statement, path))
    duck.create_view(CREDITS.name, [path], duck_columns(CREDITS))
    statements = breach_statements(rules.on(as_of).limits, start=start, as_of=as_of)
    parts.timed("breaches, found", lambda: duck.create_table(BREACHES.name, duck_columns(BREACHES), statements))
    parts.timed("breaches, written", lambda: duck.write_parquet(breaches_in_order(), folder / "breaches.parquet"))
    _, rates = parts.timed("rates of expected recovery", lambda: rates_in(duck, as_of))
    duck.create_table_of(RECOVERY_RATES.name, rates)
    plan = parts.timed("plan", lambda: plan_kpis(rules, start=start, as_of=as_of))
    rows = {
        scan.name: parts.timed(f"scan {scan.name}"[:33], lambda scan=scan: duck.read(scan.statement))  # type: ignore[misc]
        for scan in plan.statements
    }
    moved = moved_among(stays_of(staff_of(duck, Period.of(as_of)), start, as_of))
    return parts.timed("results, divided", lambda: kpi_results(plan, rows, moved))


def _result(told: dict[str, Any]) -> KpiResult:
    numbers = {name: None if told[name] is None else Decimal(told[name]) for name in _NUMBERS}
    days = {name: date.fromisoformat(told[name]) for name in ("start", "as_of")}
    return KpiResult(
        **{name: value for name, value in told.items() if name not in {*_NUMBERS, *days, *_KINDS}},
        **numbers,
        **days,
        rule=Digest(told["rule"]),
        grain=Grain(told["grain"]),
        unit=Unit(told["unit"]),
        state=ValueState(told["state"]),
    )


_NUMBERS, _KINDS = ("value", "numerator", "denominator"), ("rule", "grain", "unit", "state")

if __name__ == "__main__":
    main()
