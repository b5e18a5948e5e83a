"""Compare: what a rerun or what-if came to, beside the official result of the same date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapters.store.results import read_kpis, read_payout_lines, read_scores
from adapters.store.runs import official_run
from adapters.world import World
from domain.ids import RunId
from domain.manifest import Manifest, RunKind, Stage
from domain.records import KpiResult, PayoutLine, Score
from incentives.ledger import BatchKind
from reports.comparison import Figures, Pair
from reports.comparison import compare as compare_figures
from tasks.stages.manifests import manifest_of
from tasks.stages.night import Night


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that differs; None where one side has no value, or no such figure."""

    figure: str
    whose: str
    currency: str
    official: Decimal | None
    new: Decimal | None

    @property
    def change(self) -> Decimal | None:
        return None if self.official is None or self.new is None else self.new - self.official


@dataclass(frozen=True, slots=True)
class RunComparison:
    """`rules` and `inputs` name what went into one of the two runs only."""

    official: Figures
    new: Figures
    differences: tuple[Difference, ...]
    equal: int
    rules: tuple[str, ...]
    inputs: tuple[str, ...]


def official_before(world: World, night: Night) -> RunId | None:
    """The official run of the date that has been measured, other than this one: the newest."""
    kind, stage = RunKind.NIGHTLY.value, Stage.MEASURE.value
    with world.store.read() as connection:
        return official_run(connection, kind, night.business_date, stage, other_than=night.run)


def compare_runs(world: World, night: Night, official: RunId) -> RunComparison:
    """Every KPI result, score and forecast of the two runs, side by side."""
    with world.store.read() as connection:
        before, after = manifest_of(connection, official), manifest_of(connection, night.run)
        old, new = _figures(connection, official, before), _figures(connection, night.run, after)
    found = compare_figures(old, new)
    return RunComparison(
        old,
        new,
        (
            *(_difference(pair, pair.one.kpi, f"{pair.one.grain} {pair.one.entity}") for pair in found.kpis.differing),
            *(_difference(pair, pair.one.scorecard, pair.one.entity) for pair in found.scores.differing),
            *(_difference(pair, pair.one.component, pair.one.payee) for pair in found.lines.differing),
        ),
        found.kpis.equal + found.scores.equal + found.lines.equal,
        tuple(f"{pair.one.kind} {pair.one.id}" for pair in found.rules.differing),
        tuple(_inputs_that_differ(before, after)),
    )


def _figures(connection: sa.Connection, run: RunId, manifest: Manifest) -> Figures:
    return Figures(
        run,
        read_kpis(connection, run),
        read_scores(connection, run),
        tuple(line for kind in BatchKind for line in read_payout_lines(connection, run, kind.value)),
        manifest.rules,
    )


def _difference(pair: Pair[Any], figure: str, whose: str) -> Difference:
    currency = getattr(pair.one, "currency", "")
    return Difference(figure, whose, currency, _number(pair.old), _number(pair.new))


def _number(record: Any) -> Decimal | None:
    match record:
        case KpiResult():
            return record.value
        case Score():
            return record.score
        case PayoutLine():
            return record.amount
    return None


def _inputs_that_differ(before: Manifest, after: Manifest) -> Iterator[str]:
    was, now = ({*manifest.landed, *manifest.history, *manifest.late} for manifest in (before, after))
    yield from sorted({f"{item.table} of {item.business_date}" for item in was ^ now})
