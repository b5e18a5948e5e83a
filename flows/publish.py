"""Publish: the frozen differences of one approved batch go into the ledger, once."""

from __future__ import annotations

from prefect import flow

from adapters.world import world_of_process
from flows.attempts import attempt_at
from flows.dates import name_of_publish
from flows.parameters import BatchText, By
from tasks.pay import publish as publish_batch
from tasks.stages.decide import Published


@flow(name="publish", flow_run_name=name_of_publish)
def publish(batch: BatchText, by: By) -> Published:
    """Post what was approved; a batch that is published already posts nothing.

    Args:
        batch: Batch id, or the beginning of one.
        by: Your name, as it is to be recorded.
    """
    with attempt_at(world_of_process(), f"publish {batch}", None):
        return publish_batch(batch, by)
