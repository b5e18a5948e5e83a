"""Results larger than a batch: worked on batch by batch; no row is lost or doubled, and an order is kept."""

from __future__ import annotations

import pyarrow as pa
import pytest
import sqlalchemy as sa

from adapters.duck import open_duck
from adapters.settings import Settings
from adapters.streams import ROWS_OF_A_BATCH, make_table, make_table_by, rows_of
from domain.exact import count_rows, exact

ROWS = 2 * ROWS_OF_A_BATCH + 7
NUMBERS = sa.table("numbers", sa.column("n", sa.BigInteger()))
DOUBLED = sa.table("doubled", sa.column("n", sa.BigInteger()), sa.column("twice", sa.BigInteger()))


@pytest.fixture
def duck(tmp_path):
    with open_duck(Settings(home=tmp_path)) as duck:
        duck.run(f"CREATE TABLE numbers AS SELECT range AS n FROM range({ROWS})")
        yield duck


def test_each_batch_is_worked_on_once_and_every_row_arrives(duck):
    sizes = []

    def double(batch):
        sizes.append(batch.num_rows)
        numbers = batch.column("n").to_pylist()
        return pa.table({"n": numbers, "twice": [2 * number for number in numbers]})

    columns = {"n": "BIGINT", "twice": "BIGINT"}
    assert make_table_by(duck, "doubled", columns, exact(sa.select(NUMBERS.c.n)), double) == ROWS
    assert len(sizes) > 2
    assert max(sizes) <= ROWS_OF_A_BATCH
    right = sa.select(count_rows(DOUBLED.c.twice == DOUBLED.c.n + DOUBLED.c.n).label("right"))
    assert duck.read(exact(right)) == [{"right": ROWS}]


def test_rows_come_in_the_order_of_the_statement(duck):
    found = [row[0] for row in rows_of(duck, exact(sa.select(NUMBERS.c.n).order_by(NUMBERS.c.n.desc())))]
    assert found == list(range(ROWS - 1, -1, -1))


def test_tables_that_nothing_reads_any_more_are_gone(duck):
    make_table(duck, "doubled", exact(sa.select(NUMBERS.c.n, NUMBERS.c.n.label("twice"))), spent=("numbers",))
    left = duck.run("SELECT table_name FROM information_schema.tables").fetchall()
    assert left == [("doubled",)]


def test_work_that_fails_leaves_the_failure_as_it_is(duck):
    def fail(batch):
        raise ValueError(f"{batch.num_rows} rows of a kind that there is not")

    with pytest.raises(ValueError, match="of a kind that there is not"):
        make_table_by(duck, "doubled", {"n": "BIGINT"}, exact(sa.select(NUMBERS.c.n)), fail)
