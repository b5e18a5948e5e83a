"""Attempts that were killed: they say `running`, and nobody is there any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from adapters.store.alive import is_there, sweep_locks
from adapters.store.engine import Store
from adapters.store.runs import Attempt, State, attempts_with, running_attempts
from adapters.store.schema import attempts as table


def record_killed(store: Store) -> tuple[Attempt, ...]:
    """Those that were killed since somebody last looked; from now on their rows say so.

    When they died nobody saw: their end stays empty, and the last that is known of them is their stages' own times.
    """
    with store.read() as connection:
        dead = [each for each in as_they_are(store, running_attempts(connection)) if each.state is State.KILLED]
    if dead:
        with store.write("killed_recorded") as connection:
            for each in dead:
                mine = sa.and_(table.c.attempt_id == each.attempt, table.c.state == State.RUNNING.value)
                connection.execute(table.update().where(mine).values(state=each.state.value, message=each.message))
    sweep_locks(store)
    return tuple(dead)


def as_they_are(store: Store, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """The attempts, and of those that say `running` whether they are: only looked at, nothing is recorded."""
    gone = {
        each.attempt
        for each in attempts
        if each.state is State.RUNNING and not is_there(store, each.attempt, each.worker)
    }
    with store.read() as connection:  # one that ended between the two looks has let go, and says how it ended
        now = {each.attempt: each for each in attempts_with(connection, sorted(gone))}
    return tuple(_killed(now[each.attempt]) if each.attempt in gone else each for each in attempts)


def _killed(attempt: Attempt) -> Attempt:
    if attempt.state is not State.RUNNING:
        return attempt
    noted = f"; it {attempt.message}" if attempt.message else ""
    return replace(attempt, state=State.KILLED, message=f"{attempt.worker} is gone{noted}")
