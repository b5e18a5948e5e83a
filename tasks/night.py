"""Tasks: the stages of a night. Each passes a small reference on, and shows an artifact that can be worked from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.store.runs import StageResult, files_of_run
from adapters.store.turns import refuse_if_lost
from adapters.world import World, world_of_process
from domain.ids import RunId
from domain.manifest import Manifest, Stage
from tasks import artifacts
from tasks.limits import stage_limit
from tasks.stages.allocate import allocate_night
from tasks.stages.compare import RunComparison, compare_runs
from tasks.stages.gate import gate as gate_night
from tasks.stages.manifests import manifest_of
from tasks.stages.measure import measure as measure_night
from tasks.stages.night import Night
from tasks.stages.pay import project as project_night
from tasks.stages.register import take_in_landed
from tasks.stages.report import report as report_night
from tasks.stages.report import write_comparison
from tasks.stages.rules import RuleSet, rules_of_run


@task(name="gate", cache_policy=NO_CACHE)
def gate(night: Night) -> StageResult:
    with _at_stage(night, Stage.GATE) as (world, manifest, rules):
        result = gate_night(world, night, manifest, rules.thresholds.at(manifest.effective_on))
        take_in_landed(world, night, manifest, rules)
    artifacts.show_verdict(world, night)
    return result


@task(name="allocate", cache_policy=NO_CACHE)
def allocate(night: Night) -> StageResult:
    with _at_stage(night, Stage.ALLOCATE) as (world, manifest, rules):
        result = allocate_night(world, night, manifest, rules)
    artifacts.show_allocation(night, result)
    return result


@task(name="measure", cache_policy=NO_CACHE)
def measure(night: Night) -> StageResult:
    with _at_stage(night, Stage.MEASURE) as (world, manifest, rules):
        result = measure_night(world, night, manifest, rules.kpis)
    artifacts.show_stage(night, result)
    return result


@task(name="project", cache_policy=NO_CACHE)
def project(night: Night) -> StageResult:
    with _at_stage(night, Stage.PROJECT) as (world, manifest, rules):
        result = project_night(world, night, manifest, rules.policies, rules.contracts)
    artifacts.show_stage(night, result)
    return result


@task(name="report", cache_policy=NO_CACHE)
def report(night: Night) -> StageResult:
    with _at_stage(night, Stage.REPORT) as (world, manifest, rules):
        result = report_night(world, night, manifest, rules)
    artifacts.show_files(world, night)
    artifacts.show_plots(_daily_page(world, night))
    return result


@task(name="compare", cache_policy=NO_CACHE)
def compare(night: Night, official: RunId) -> RunComparison:
    with stage_limit(f"the comparison of {night.business_date}"):
        world, _, rules = _opened(night)
        comparison = compare_runs(world, night, official)
        write_comparison(world, night, rules, comparison)
    artifacts.show_comparison(comparison)
    return comparison


@contextmanager
def _at_stage(night: Night, stage: Stage) -> Iterator[tuple[World, Manifest, RuleSet]]:
    """What the stage works with, within its time limit, and officially only while the book is ours."""
    with stage_limit(f"stage {stage} of {night.business_date}"):
        opened = _opened(night)
        if night.is_official:
            refuse_if_lost(opened[0].store, night.attempt)
        yield opened


def _opened(night: Night) -> tuple[World, Manifest, RuleSet]:
    world = world_of_process()
    with world.store.read() as connection:
        manifest = manifest_of(connection, night.run)
    return world, manifest, rules_of_run(world, manifest, night.overlay)


def _daily_page(world: World, night: Night) -> list[Path]:
    with world.store.read() as connection:
        files = files_of_run(connection, night.run)
    return [world.settings.home / file.path for file in files.values() if file.path.endswith("/daily.html")]
