"""Verify: every morning, the ledger is proved against its hashes, its batches and its rules."""

from __future__ import annotations

from prefect import flow

from adapters.errors import WorldError
from adapters.world import world_of_process
from flows.attempts import attempt_at
from flows.endings import ends_told
from tasks.verify import prove


@flow(name="verify", flow_run_name="proof of the ledger")
@ends_told
def verify() -> None:
    """Prove the ledger: its chain of hashes, its head, its sums, and that every line comes out again when it is
    calculated by the rules that were signed then. What does not hold is told, and the run fails.
    """
    with attempt_at(world_of_process(), "verify", None):
        findings = prove()
        if findings:
            raise WorldError("FLW021 the ledger does not prove: nothing more should be paid\n" + "\n".join(findings))
