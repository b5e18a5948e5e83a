"""The state of the house as Prometheus takes it: the newest night by stage, what waits for people, free disk.

Read from the store at each scrape, so an exporter that starts again says the same. Labels are stages, states, tables'
outcomes and roles: never a person, an account or a partner. Times are seconds of Unix time, in UTC.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.store.actions import read_actions
from adapters.store.batches import batches_not_over
from adapters.store.costs import costs_of_newest_night
from adapters.store.ledger import read_head
from adapters.store.results import read_verdict
from adapters.store.runs import State
from adapters.world import World, business_today
from domain.actions import ActionState
from domain.costs import Cost, NightCost
from domain.records import Outcome
from tasks.stages.month_end import read_frozen

_MIB = 1024 * 1024


def registry_of(world: World) -> CollectorRegistry:
    """A registry whose only collector reads this world."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OfWorld(world))
    return registry


@dataclass(frozen=True, eq=False, slots=True)
class _OfWorld(Collector):
    world: World

    def collect(self) -> Iterator[Metric]:
        """Nothing of a night before the first: an alert on a series that is absent tells of that."""
        with self.world.store.read() as connection:
            night = costs_of_newest_night(connection)
            if night is not None:
                yield from _night(night)
                yield _outcomes(connection, night)
            yield _batches(self.world, connection)
            yield from _actions(connection, business_today(self.world))
            yield _one("ledger_entries", "Entries of the ledger.", read_head(connection).sequence)
        yield from _sizes(self.world)


def _night(night: NightCost) -> Iterator[Metric]:
    yield _one("night_business_date_seconds", "Business date of the newest night.", _midnight(night.business_date))
    yield _one("night_started_seconds", "When its newest attempt began.", night.started_at.timestamp())
    if night.ended_at is not None:
        yield _one("night_ended_seconds", "When its newest attempt ended.", night.ended_at.timestamp())
    states = {each.value: int(night.state == each.value) for each in State}
    yield _several("night_state", "1 at the state of its newest attempt.", "state", states)
    for name, (about, value_of) in _OF_STAGES.items():
        values = {cost.stage: value_of(cost) for cost in night.stages}
        known = {stage: value for stage, value in values.items() if value is not None}
        yield _several(name, about, "stage", known)


_OF_STAGES: Mapping[str, tuple[str, Callable[[Cost], int | float | None]]] = {
    "stage_seconds": ("Wall time of a stage of the newest night.", lambda cost: _number(cost.seconds)),
    "stage_cpu_seconds": ("Processor time of it, all threads.", lambda cost: _number(cost.cpu_seconds)),
    "stage_peak_bytes": ("Highest resident memory of its process so far.", lambda cost: cost.peak_mib * _MIB),
    "stage_written_bytes": ("What it wrote to disk.", lambda cost: _bytes(cost.written_mib)),
    "stage_rows": ("Rows landed or judged, accounts decided on, figures, payout lines, files.", lambda cost: cost.rows),
}


def _outcomes(connection: sa.Connection, night: NightCost) -> Metric:
    """Tables by what the gate said of them; none where it was not reached."""
    verdict = read_verdict(connection, night.run, night.business_date)
    found = Counter(table.outcome for table in verdict.tables) if verdict else Counter[Outcome]()
    counts = {outcome.value: found[outcome] for outcome in Outcome} if verdict else {}
    return _several("night_tables", "Tables of the newest night by outcome of the gate.", "outcome", counts)


def _batches(world: World, connection: sa.Connection) -> Metric:
    """Of bonuses and fees, by what they are in and whose approval is due next."""
    today = business_today(world)
    states = [read_frozen(connection, batch).state_on(today) for batch in batches_not_over(connection)]
    gauge = GaugeMetricFamily("recoup_batches_open", "Batches that are not over.", labels=["phase", "next_role"])
    for (phase, role), count in sorted(Counter((each.phase.value, each.next_role) for each in states).items()):
        gauge.add_metric([phase, role], count)
    return gauge


def _actions(connection: sa.Connection, today: date) -> Iterator[Metric]:
    still = [each for each in read_actions(connection) if each.state is ActionState.OPEN]
    yield _one("actions_open", "Open actions of the register.", len(still))
    yield _one("actions_overdue", "Those whose deadline has passed.", sum(each.is_overdue(today) for each in still))


def _sizes(world: World) -> Iterator[Metric]:
    """The SQLite file, where there is one: a server's database is measured by its own exporter."""
    file = world.settings.home / "recoup.sqlite"
    if not world.settings.database_url and file.exists():
        yield _one("store_bytes", "Size of the store's file.", file.stat().st_size)
    yield _one("home_free_bytes", "Free on the disk of the home folder.", shutil.disk_usage(world.settings.home).free)


def _one(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"recoup_{name}", about, value=value)


def _several(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(f"recoup_{name}", about, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()


def _number(seconds: Decimal | None) -> float | None:
    return None if seconds is None else int(seconds * 1000) / 1000


def _bytes(mebibytes: int | None) -> int | None:
    return None if mebibytes is None else mebibytes * _MIB
