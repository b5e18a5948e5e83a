"""Task: the proof of the ledger."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.store.ledger import read_head
from adapters.world import world_of_process
from tasks import artifacts
from tasks.limits import stage_limit
from tasks.stages.explain import verify_ledger


@task(name="prove", cache_policy=NO_CACHE)
def prove() -> tuple[str, ...]:
    """What does not hold; the artifact keeps the head of the ledger as it was found, and what retention removed."""
    world = world_of_process()
    with stage_limit("the proof of the ledger"):
        issues = verify_ledger(world)
    findings = tuple(str(issue) for issue in issues if issue.is_error)
    with world.store.read() as connection:
        artifacts.show_proof(read_head(connection), findings, [str(each) for each in issues if not each.is_error])
    return findings
