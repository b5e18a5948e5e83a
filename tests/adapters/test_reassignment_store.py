"""Reassignments in the store, on both databases: which accounts they hold on a day, and that two people decide."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from adapters.store.reassignments import (
    insert_reassignment,
    insert_reassignment_decision,
    read_reassignments,
    reassigned_on,
    reassignment_of,
)
from adapters.store.releases import Decision, ReleaseKind, insert_release, releases_before
from domain.reassignments import Reassigned, Reassignment, ReassignmentKind

FIRST, UNTIL = date(2026, 10, 5), date(2026, 10, 9)


def approve(world, number, to, *, by="head", first=FIRST):
    one = Reassignment(
        ReassignmentKind.OVERRIDE, number, first, UNTIL, (Reassigned("A1", "employee", to),), "leader", "why"
    )
    file = world.seam.write_text(world.settings.home / f"{number}.parquet", to, point="test")
    with world.store.write("test") as connection:
        insert_reassignment(world.store, connection, one, FIRST, None)
        made = Decision(ReleaseKind.OVERRIDE, one.first, by, "why")
        release = insert_release(world, connection, made, number, file, 1, None)
        row = {"reassignment_id": one.reassignment_id, "decision": "approved", "proposed_by": "leader", "by_name": by,
               "reason": "", "decided_on": FIRST, "release_id": release}  # fmt: skip
        insert_reassignment_decision(world.store, connection, row, None)
    return one, release


def test_of_several_the_last_one_approved_comes_last_and_only_named_releases_count(any_world):
    one, first = approve(any_world, 1, "E1")
    _, second = approve(any_world, 2, "E2")
    with any_world.store.read() as connection:
        found = [each.owner_id for each, _ in reassigned_on(connection, [first, second], UNTIL)]
        assert found == ["E1", "E2"]
        assert [each.owner_id for each, _ in reassigned_on(connection, [first], FIRST)] == ["E1"]
        assert not list(reassigned_on(connection, [first, second], UNTIL + timedelta(days=1)))
        assert reassignment_of(connection, read_reassignments(connection, prefix="override-1")[0]) == one


def test_a_night_reads_what_begins_later_if_it_was_made_before_its_own_dispatch(any_world):
    later = approve(any_world, 1, "E1", first=date(2026, 10, 8))[1]
    file = any_world.seam.write_text(any_world.settings.home / "n.parquet", "n", point="test")
    with any_world.store.write("test") as connection:
        night = Decision(ReleaseKind.ALLOCATION, date(2026, 10, 6), "recoup", "nightly allocation")
        insert_release(any_world, connection, night, 2, file, 1, None)
    approve(any_world, 3, "E3", first=date(2026, 10, 8))
    with any_world.store.read() as connection:
        found = [each.release for each in releases_before(any_world, connection, FIRST)]
    assert found == [later]


def test_who_proposed_it_cannot_approve_it_in_the_table_either(any_world):
    with pytest.raises(sa.exc.IntegrityError):
        approve(any_world, 1, "E1", by="leader")
    with any_world.store.read() as connection:
        assert read_reassignments(connection) == ()
