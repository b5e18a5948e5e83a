"""Which batch is meant by the beginning of an id."""

from __future__ import annotations

from adapters.store.batches import batch_named, batches_named
from adapters.world import World
from flows.cli.output import say


def batch_meant(world: World, prefix: str, *, as_json: bool) -> str:
    """The whole id; where others begin like it, and no longer count, it is said which one is meant.

    Raises: RefusedError if no batch is meant, or several might be.
    """
    with world.store.read() as connection:
        meant = str(batch_named(connection, prefix).batch_id)
        others = len(batches_named(connection, prefix)) - 1
    if others:
        text = "another one is" if others == 1 else f"{others} others are"
        say(f"{prefix} means {meant}: {text} void or returned", as_json=as_json)
    return meant
