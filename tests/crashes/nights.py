"""Nights as the flow runs them, below Prefect, one stage further at each step; then a resend, a rerun and a what-if."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from adapters.store.releases import all_releases
from adapters.store.results import read_kpis
from adapters.store.runs import official_run
from adapters.world import World
from domain.manifest import Manifest, RunKind, Stage
from domain.records import Grain
from flows.attempts import attempt_at
from tasks.stages.allocate import allocate_night
from tasks.stages.compare import compare_runs, official_before
from tasks.stages.gate import gate
from tasks.stages.land import land
from tasks.stages.manifests import manifest_of
from tasks.stages.measure import measure
from tasks.stages.night import Night
from tasks.stages.opening import open_book
from tasks.stages.pay import project
from tasks.stages.plan import NIGHT, Request, plan_night
from tasks.stages.register import take_in_landed
from tasks.stages.report import report, write_comparison
from tasks.stages.rules import RuleSet, rules_of_run
from tests.crashes.month import deliver
from tests.crashes.office import Office, Scenario, Step
from tests.crashes.ready import landed, nothing, sign_whatever_is_new

START, THIRD, FOURTH = (date(2026, 9, day) for day in (1, 3, 4))


def run_night(world: World, day: date, until: Stage = Stage.REPORT, stages: tuple[Stage, ...] = NIGHT) -> Night:
    """The night's command, which comes as far as the stage: what `flows.nightly` calls, in its order."""
    with attempt_at(world, f"nightly {day}", day) as attempt:
        land(world, day, attempt)
        night = plan_night(world, Request(day, stages), attempt)
        _run(world, night, stages[: stages.index(until) + 1])
        return night


def rerun(world: World, day: date, **asked: Any) -> None:
    """What `flows.rerun` calls: beside the official result of before, with the page of the comparison."""
    with attempt_at(world, f"rerun {day}", day) as attempt:
        land(world, day, attempt)
        night = plan_night(world, Request(day, **asked), attempt)
        official = official_before(world, night)
        rules = _run(world, night, NIGHT)
        if official:
            write_comparison(world, night, rules, compare_runs(world, night, official))


def _run(world: World, night: Night, stages: tuple[Stage, ...]) -> RuleSet:
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    rules = rules_of_run(world, manifest, night.overlay)
    for stage in stages:
        _STAGES[stage](world, night, manifest, rules)
    return rules


def _gate(world: World, night: Night, manifest: Manifest, rules: RuleSet) -> None:
    gate(world, night, manifest, rules.thresholds.at(manifest.effective_on))
    take_in_landed(world, night, manifest, rules)


_STAGES: dict[Stage, Callable[[World, Night, Manifest, RuleSet], object]] = {
    Stage.GATE: _gate,
    Stage.ALLOCATE: allocate_night,
    Stage.MEASURE: lambda world, night, manifest, rules: measure(world, night, manifest, rules.kpis),
    Stage.PROJECT: lambda world, night, manifest, rules: project(
        world, night, manifest, rules.policies, rules.contracts
    ),
    Stage.REPORT: report,
}


def _open(office: Office) -> None:
    """Where it is on record, nobody types it again: a second opening would be refused."""
    with office.world.store.read() as connection:
        is_open = bool(all_releases(office.world, connection))
    if not is_open:
        with attempt_at(office.world, f"open {START}", START) as attempt:
            open_book(office.world, START, attempt, by="operations")


def _typed(day: date, until: Stage) -> Callable[[Office], None]:
    return lambda office: _unused(run_night(office.world, day, until))


def _unused(_: object) -> None:
    """A step gives nothing."""


def _resent(office: Office) -> None:
    deliver(office.world, _somebody(office.world), FOURTH)
    rerun(office.world, FOURTH)


def _what_if(office: Office) -> None:
    rerun(office.world, FOURTH, what_if=True, overlay=office.beside("overlay"))


def _somebody(world: World) -> str:
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, THIRD, Stage.MEASURE.value)
        assert run is not None
        return min(each.entity for each in read_kpis(connection, run) if each.grain is Grain.EMPLOYEE)


MORNING = datetime(2026, 9, 5, tzinfo=UTC)

NIGHTS = Scenario(
    "nights",
    "the opening of the dispatch; a night, stage by stage; the next one, most of whose state has not changed; an "
    "extract that comes anew and its official rerun; a what-if by other rules",
    landed,
    MORNING,
    (
        Step("the first gate", lambda office: _unused(run_night(office.world, START, Stage.GATE, (Stage.GATE,)))),
        Step("open the dispatch", _open),
        Step("land and gate", _typed(THIRD, Stage.GATE)),
        Step("allocate", _typed(THIRD, Stage.ALLOCATE)),
        Step("measure", _typed(THIRD, Stage.MEASURE)),
        Step("project", _typed(THIRD, Stage.PROJECT)),
        Step("report", _typed(THIRD, Stage.REPORT)),
        Step("the next night", _typed(FOURTH, Stage.REPORT)),
        Step("resend and rerun", _resent),
        Step("what-if", _what_if),
    ),
    people=(),
)

FIRST_START = Scenario(
    "first start",
    "the first command ever: the home, the tables, their guards and rights, and the signatures of the rules",
    nothing,
    MORNING,
    (
        Step("sign the rules", lambda office: sign_whatever_is_new(office.world)),
        Step("sign them again", lambda office: sign_whatever_is_new(office.world)),
    ),
    people=(),
)
