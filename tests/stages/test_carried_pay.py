"""What pay carries over: the columns of what was published, named in the manifest, and read as they were."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.rule_files import parse_document
from domain.manifest import PaidBatch
from domain.periods import Period
from incentives.book import decode_policies
from tasks.stages.carried_pay import batches_carried, columns_carried
from tasks.stages.published_sets import batches_published
from tasks.stages.simulate import published_before
from tests.stages.paid import house_policy, line_by, month_end_run, publish_lines

AUGUST, SEPTEMBER, OCTOBER = Period(2026, 8), Period(2026, 9), Period(2026, 10)
CARRIES = """
policies:
  - id: year
    title: By the year to date
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {}
    component: performance_bonus
    currency: VND
    part_period: whole
    inputs:
      before: {carried: earned, months_ago: MONTHS, unit: money, missing: zero}
    steps:
      - {name: earned, kind: base, value: before}
      - {name: payable, kind: round, of: earned, digits: 0, mode: half_up}
"""


def carrying(months: int, step: str = ""):
    text = CARRIES.replace("MONTHS", str(months)).replace("    steps:\n", f"    steps:\n{step}")
    document, _ = parse_document(text, "a.yaml")
    book, issues = decode_policies([document])
    assert not issues
    return book


@pytest.fixture
def months(world):
    """September paid in two departments, the first of them twice; August in one; October not published yet."""
    field, legal = (house_policy(world, name) for name in ("field_vnd", "legal_vnd"))
    august = month_end_run(world, AUGUST)
    publish_lines(world, august, "field", [_line(field, "E1", "field", "60", "2026-08")])
    first, then = month_end_run(world, SEPTEMBER), month_end_run(world, SEPTEMBER, nonce="again")
    publish_lines(world, first, "field", [_line(field, "E1", "field", "60", "2026-09")])
    publish_lines(world, then, "field", [_line(field, "E1", "field", "100", "2026-09")])
    moved = month_end_run(world, SEPTEMBER, nonce="legal")
    publish_lines(world, moved, "legal", [_line(legal, "E1", "legal", "100", "2026-09")])
    waiting = month_end_run(world, OCTOBER)
    publish_lines(world, waiting, "field", [_line(field, "E1", "field", "100", "2026-10")], decisions=3)
    return august, then, moved


def _line(policy, payee, scope, score, period):
    given = {"score": score, "critical_fails": "0", "upheld_complaints": "0"}
    return line_by(policy, payee, scope, given, period=period)


def test_the_newest_published_batch_of_each_department_is_named_as_far_back_as_a_policy_reaches(world, months):
    august, september, moved = months
    of_september = (PaidBatch("2026-09", "field", september), PaidBatch("2026-09", "legal", moved))
    with world.store.read() as connection:
        assert batches_carried(connection, carrying(1), OCTOBER) == of_september
        assert batches_carried(connection, carrying(2), OCTOBER) == (
            PaidBatch("2026-08", "field", august),
            *of_september,
        )
        assert (
            batches_carried(connection, carrying(1), Period(2026, 11)) == ()
        )  # October is approved, and not published


def test_the_published_batches_of_the_month_are_named_in_the_order_of_publishing_where_a_step_needs_them(world, months):
    """The first batch of field was replaced by the second; legal was published last, and October not at all."""
    rank = "kind: rank, of: before, best: highest, ties: best, among: policy, held: leave_out, memo: true"
    closed, open_again = (carrying(1, f"      - {{name: place, {rank}{more}}}\n") for more in ("", ", reopens: true"))
    with world.store.read() as connection:
        assert [batch.scope for batch in batches_published(connection, closed, SEPTEMBER)] == [
            "field",
            "field",
            "legal",
        ]
        assert batches_published(connection, closed, SEPTEMBER)[1].run == months[1]
        assert batches_published(connection, closed, OCTOBER) == ()
        assert batches_published(connection, open_again, SEPTEMBER) == ()
        assert batches_published(connection, carrying(1), SEPTEMBER) == ()


def test_columns_are_summed_over_the_departments_of_a_month(world, months):
    with world.store.read() as connection:
        found = columns_carried(connection, batches_carried(connection, carrying(2), OCTOBER), OCTOBER)
    assert {key: found[key]["earned"] for key in found} == {
        (1, "E1", "performance_bonus"): Decimal(4_200_000 + 4_000_000),
        (2, "E1", "performance_bonus"): Decimal(2_100_000),
    }


def test_both_sides_of_a_simulation_begin_with_what_was_published(world, months):
    found = published_before(world, [carrying(1), carrying(2)], OCTOBER)
    assert {(month, key): columns["earned"] for month in found for key, columns in found[month].items()} == {
        (SEPTEMBER, ("E1", "performance_bonus")): Decimal(4_200_000 + 4_000_000),
        (AUGUST, ("E1", "performance_bonus")): Decimal(2_100_000),
    }
