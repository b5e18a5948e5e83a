"""Publish: the frozen differences of one approved batch go into the ledger, once."""

from __future__ import annotations

from prefect import flow

from adapters.world import world_of_process
from flows.dates import name_of_publish
from flows.endings import ends_told
from flows.parameters import BatchText, By
from flows.turns import our_turn
from tasks.pay import publish as publish_batch
from tasks.stages.asked import batch_faults, name_faults
from tasks.stages.decide import Published


@flow(name="publish", flow_run_name=name_of_publish)
@ends_told
def publish(batch: BatchText, by: By) -> Published:
    """Post what was approved; a batch that is published already posts nothing.

    Args:
        batch: Batch id, or the beginning of one.
        by: Your name, as it is to be recorded.
    """
    faults = (*batch_faults(world_of_process(), batch), *name_faults(by))
    with our_turn(f"publish {batch}", None, faults):
        return publish_batch(batch, by)
