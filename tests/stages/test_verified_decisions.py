"""`recoup verify` takes nothing for paid that was not published, and nothing for published that was not approved."""

from __future__ import annotations

import pytest

from adapters.store.batches import insert_decision
from adapters.store.ledger import Head, append, lock_head, move_head
from domain.ids import BatchId
from domain.periods import Period
from incentives.ledger import BatchKind, EntryType, LedgerEntry, LedgerKey, Posting, chain
from tasks.stages.explain import verify_ledger
from tasks.stages.month_end import read_frozen
from tests.stages.paid import CHAIN, _ledger_row, house_policy, line_by, month_end_run, publish_lines

SEPTEMBER = Period(2026, 9)
SCORES = {"score": "80", "critical_fails": "0", "upheld_complaints": "0"}


@pytest.fixture
def batch_of(world):
    """A batch of field with its entries in the ledger, as far as the decisions go."""

    def batch(decisions):
        run = month_end_run(world, SEPTEMBER)
        line = line_by(house_policy(world, "field_vnd"), "E0001", "field", SCORES)
        return publish_lines(world, run, "field", [line], decisions=decisions)

    return batch


def test_a_batch_that_was_approved_and_published_stands(world, batch_of):
    batch_of(len(CHAIN) + 1)
    assert not _codes(world) & {"LED021", "LED022"}


def test_entries_of_a_batch_that_nobody_published_are_found(world, batch_of):
    _post(world, batch_of(len(CHAIN)))
    assert "LED021" in _codes(world)


@pytest.mark.parametrize("approvals", range(len(CHAIN)))
def test_a_batch_published_without_its_whole_chain_is_found(world, batch_of, approvals):
    batch = batch_of(approvals)
    _decide(world, batch, approvals + 1, "published", "publisher")
    assert "LED022" in _codes(world)


@pytest.mark.parametrize(("by", "code"), [("preparer", "BAT021"), ("manager", "BAT023"), ("", "BAT020")])
def test_an_approval_by_whom_it_may_not_be_is_found(world, batch_of, by, code):
    batch = batch_of(1)
    _decide(world, batch, 2, "approved", "hr", by)
    _decide(world, batch, 3, "approved", "finance")
    _decide(world, batch, 4, "published", "publisher")
    (found,) = (each.message for each in verify_ledger(world) if each.code == "LED022")
    assert code in found


def _codes(world):
    return {issue.code for issue in verify_ledger(world)}


def _decide(world, batch, step, decision, role, by=None):
    with world.store.write("test") as connection:
        digest = read_frozen(connection, batch).batch.content_hash
        row = {"batch_id": batch, "step": step, "decision": decision, "role": role, "by_name": role}
        row |= {"reason": "", "content_hash": digest} | ({} if by is None else {"by_name": by})
        insert_decision(world.store, connection, row)


def _post(world, batch):
    key = LedgerKey(BatchKind.BONUS, "E0001", "performance_bonus:field", SEPTEMBER, "VND")
    with world.store.write("test") as connection:
        head = lock_head(connection)
        entry = LedgerEntry(head.sequence + 1, BatchId(batch), Posting(key, SEPTEMBER, EntryType.EARNING, 1))
        (chained,) = chain([entry], head.entry_hash)
        append(connection, [_ledger_row(chained, head.entry_hash)])
        move_head(connection, Head(entry.sequence, chained.entry_hash))
