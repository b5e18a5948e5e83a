"""What is written once a batch is published: from the ledger, after the commit, and the same however often."""

from __future__ import annotations

from pathlib import Path

from adapters.errors import RefusedError
from adapters.world import World
from tasks.stages.brought_in import is_opening
from tasks.stages.payroll import InvoiceAwaitedError, write_pay_files
from tasks.stages.statements import write_statements


def write_outputs(world: World, batch: str) -> tuple[Path, ...]:
    """The statements, the payroll file and the journal of a published batch; of one whose partner's invoice is awaited,
    the statements alone.

    What an opening brought in pays nobody: nothing is written.
    Raises: RefusedError, which says that the batch itself is published.
    """
    if is_opening(batch):
        return ()
    try:
        files = _pay_files(world, batch)
        return (*files, *write_statements(world, batch))
    except RefusedError as error:
        text = "is published; not all that is made from it is written yet. Mend this, and publish it again: nothing is"
        raise RefusedError(f"{batch} {text} posted twice.\n{error}") from None


def _pay_files(world: World, batch: str) -> tuple[Path, ...]:
    try:
        return tuple(export.path for export in write_pay_files(world, batch))
    except InvoiceAwaitedError:
        return ()
