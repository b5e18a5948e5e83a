"""Task: a simulation of other bonus policies, with its page and its workbook."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.errors import RefusedError
from adapters.world import world_of_process
from domain.periods import Period
from incentives.simulation_checks import Allowed
from tasks import artifacts
from tasks.limits import stage_limit
from tasks.places import places
from tasks.stages.simulate import simulate_policies, write_simulation


@task(name="simulate", cache_policy=NO_CACHE)
def simulate(
    policies: str, first: str, last: str, at_most: Decimal | None, *, within_budget: bool, as_dated: bool
) -> None:
    """The artifact says what it costs and where the files lie. Raises: RefusedError with every check that is broken."""
    world, allowed = world_of_process(), Allowed(at_most, within_budget)
    months = Period.parse(first), Period.parse(last)
    with stage_limit(f"the simulation of {first} to {last}"):
        found = simulate_policies(world, Path(policies), *months, allowed=allowed, as_dated=as_dated)
    artifacts.show_simulation(found, places(write_simulation(world, found), world.settings))
    if found.broken:
        raise RefusedError("\n".join(found.broken))
