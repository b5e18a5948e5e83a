"""Approvals that were put into the store past the program: whoever may record one could write it in any role."""

from __future__ import annotations

import pytest

from adapters.errors import RefusedError
from adapters.store.batches import insert_decision
from adapters.world import open_world
from domain.periods import Period
from tasks.stages import decide
from tests.conftest import copied
from tests.crashes.moments import office_of_step
from tests.crashes.month import frozen_of
from tests.crashes.office import BY_ROLE, FINANCE
from tests.crashes.settlement import SETTLEMENT

pytestmark = pytest.mark.slow

PREPARED = 6  # steps of the settlement, up to the batch of the first month


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    settings = SETTLEMENT.ready(tmp_path_factory.mktemp("prepared") / "claimed")
    for number in range(PREPARED):
        office_of_step(settings, SETTLEMENT, number).close_connections()
    return settings


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ({}, ""),
        ({"manager": "a clerk"}, "BAT024 the approval of manager by a clerk on"),
        ({"manager": "demo hr"}, "BAT023 the approval of hr by demo hr on"),
    ],
    ids=["by the people of the chain", "by somebody of no group", "by one person in two roles"],
)
def test_what_was_approved_by_hand_is_published_only_where_the_people_of_the_chain_did(
    prepared, tmp_path, instead, said
):
    with copied(prepared, tmp_path / "home") as settings:
        world = open_world(settings)
        (frozen,) = frozen_of(world, Period(2026, 9))
        _approve_by_hand(world, frozen, {**BY_ROLE, **instead})
        if not said:
            assert decide.publish(world, frozen.batch.batch_id, by=FINANCE).entries > 0
        else:
            with pytest.raises(RefusedError, match=said):
                decide.publish(world, frozen.batch.batch_id, by=FINANCE)
        world.store.engine.dispose()


def _approve_by_hand(world, frozen, by_role):
    """As a program of their own would: every row is what Recoup itself would have written for the one who is named."""
    with world.store.write("test") as connection:
        for step, role in enumerate(frozen.batch.chain, 1):
            insert_decision(world.store, connection, {
                "batch_id": frozen.batch.batch_id, "step": step, "decision": "approved", "role": role,
                "by_name": by_role[role], "reason": "", "content_hash": frozen.batch.content_hash,
                "decided_on": frozen.batch.prepared_on})  # fmt: skip
