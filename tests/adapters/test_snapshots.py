"""Snapshots: versions by content, pointers that keep landed and accepted apart, and a total order in every file."""

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from adapters.duck import duck_columns, open_duck
from adapters.landing import landing_files
from adapters.snapshots import Pointer, pointed, register, versions
from adapters.store.types import ExactText
from domain.catalogue import CATALOGUE
from domain.exact import InexactStatementError
from tasks.stages.land import land

DAY = date(2026, 10, 5)
NEXT = date(2026, 10, 6)


def reviews(number, start=0):
    return [(f"R{index:04d}", "E0001", None, DAY, f"0.{index % 10}", False) for index in range(start, start + number)]


def put(world, table, rows, day=DAY, columns=None, ending="parquet"):
    """A landing file of the table with these rows, all columns as text but for the types DuckDB casts."""
    folder = world.settings.landing / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    kinds = columns or duck_columns(CATALOGUE[table])
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
    if rows:
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' for _ in kinds)})", rows)
    form = "FORMAT parquet" if ending == "parquet" else "FORMAT csv, HEADER"
    connection.execute(f"COPY t TO '{folder / table}.{ending}' ({form})")


def landed(world, table, day=DAY):
    with world.store.read() as connection:
        name = pointed(connection, Pointer.LANDED, day, day)[table, day]
        return versions(world, connection, [name])[name]


def test_the_same_rows_in_another_order_are_the_same_version(world):
    rows = reviews(500)
    put(world, "reviews", rows)
    land(world, DAY, None)
    first = landed(world, "reviews")
    random.Random(1).shuffle(rows)
    put(world, "reviews", rows)
    land(world, DAY, None)
    assert landed(world, "reviews") == first
    assert len(list((world.settings.home / "snapshots").rglob("*.parquet"))) == 1


def test_doubled_rows_are_kept_and_still_have_one_order(world):
    """By a key with ties, DuckDB wrote different bytes at every run."""
    rows = [*reviews(3_000), *[(*row[:4], "0.5", True) for row in reviews(3_000)]]
    put(world, "reviews", rows)
    land(world, DAY, None)
    first = landed(world, "reviews")
    put(world, "reviews", rows[::-1])
    land(world, DAY, None)
    assert landed(world, "reviews").version == first.version
    assert first.rows == 6_000


def test_a_corrected_extract_is_a_new_version_and_does_not_touch_what_was_accepted(world):
    put(world, "reviews", reviews(5))
    land(world, DAY, None)
    good = landed(world, "reviews")
    with world.store.write("test") as connection:
        register(world, connection, Pointer.ACCEPTED, DAY, [good], None)
    put(world, "reviews", reviews(4))
    land(world, DAY, None)
    with world.store.read() as connection:
        assert pointed(connection, Pointer.ACCEPTED, DAY, DAY) == {("reviews", DAY): good.version}
        assert pointed(connection, Pointer.LANDED, DAY, DAY) != {("reviews", DAY): good.version}
    assert good.path.exists()


def test_known_as_of_resolves_to_the_version_that_counted_then(world):
    put(world, "reviews", reviews(5))
    land(world, DAY, None)
    first, then = landed(world, "reviews"), world.seam.clock()
    put(world, "reviews", reviews(6))
    land(world, DAY, None)
    with world.store.read() as connection:
        assert pointed(connection, Pointer.LANDED, DAY, DAY, known_as_of=then)["reviews", DAY] == first.version


def test_state_that_did_not_change_is_stored_once_and_an_increment_has_a_version_of_its_own(world):
    skills = [("E0001", "zh"), ("E0002", "vi")]
    for day in (DAY, NEXT):
        put(world, "skills", skills, day)
        put(world, "reviews", [], day)
        land(world, day, None)
    assert landed(world, "skills", DAY) == landed(world, "skills", NEXT)
    assert landed(world, "reviews", DAY).version != landed(world, "reviews", NEXT).version


def test_what_a_killed_attempt_left_does_not_stand_in_the_way_of_known_state(world):
    skills = [("E0001", "zh"), ("E0002", "vi")]
    put(world, "skills", skills)
    land(world, DAY, None)
    version = landed(world, "skills")
    left = world.settings.home / "snapshots" / "skills" / NEXT.isoformat() / version.path.parent.name
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{}")
    put(world, "skills", skills, NEXT, ending="csv")
    assert land(world, NEXT, None).issues == ()
    assert landed(world, "skills", NEXT) == version
    assert not left.exists()


def test_a_csv_lands_in_the_catalogues_types(world):
    put(world, "reviews", reviews(5), ending="csv")
    land(world, DAY, None)
    assert dict(landed(world, "reviews").columns) == duck_columns(CATALOGUE["reviews"])


@pytest.mark.parametrize("bad", ["not a number", "1e400", "0.12345678901"])
def test_values_that_the_type_would_change_land_as_they_came(world, bad):
    kinds = {**duck_columns(CATALOGUE["reviews"]), "score": "VARCHAR"}
    put(world, "reviews", [("R1", "E1", None, DAY, bad, False)], columns=kinds)
    land(world, DAY, None)
    assert pq.read_table(landed(world, "reviews").path).column("score").to_pylist() == [bad]


def test_a_dropped_column_lands_as_it_came_for_the_gate_to_judge(world):
    kinds = duck_columns(CATALOGUE["reviews"])
    del kinds["score"]
    put(world, "reviews", [("R1", "E1", None, DAY, False)], columns=kinds)
    land(world, DAY, None)
    assert "score" not in landed(world, "reviews").columns


def test_strays_and_second_files_are_told(world):
    put(world, "reviews", reviews(1))
    put(world, "reviews", reviews(1), ending="csv")
    (world.settings.landing / DAY.isoformat() / "revues.parquet").write_bytes(b"")
    found, issues = landing_files(world.settings.landing, DAY)
    assert found == ()
    assert [issue.code for issue in issues] == ["LND001", "LND002"]


def test_a_broken_file_is_told_and_the_others_land(world):
    put(world, "reviews", reviews(1))
    (world.settings.landing / DAY.isoformat() / "skills.parquet").write_bytes(b"PAR1 cut off")
    result = land(world, DAY, None)
    assert result.rows == (("reviews", 1),)
    assert [issue.code for issue in result.issues] == ["LND006"]


def test_money_totals_are_exact_and_by_currency(world):
    put(
        world,
        "costs",
        [("C1", DAY, "staff", "0.1", "CNY"), ("C2", DAY, "staff", "0.2", "CNY"), ("C3", DAY, "staff", "5", "VND")],
    )
    land(world, DAY, None)
    assert landed(world, "costs").totals == {
        "amount": {"CNY": "0.3000", "VND": "5.0000"},
        "rows": {"CNY": "2", "VND": "1"},
    }


def test_arrow_and_rows_keep_decimals(world):
    """`.df()` turns DECIMAL into float64; the read gate never uses it, and refuses a float that slips through."""
    with open_duck(world.settings) as duck:
        statement = sa.select(sa.literal_column("123456789012345678.91::DECIMAL(38,2)").label("amount"))
        assert str(duck.read(statement)[0]["amount"]) == "123456789012345678.91"
        assert pa.types.is_decimal128(duck.arrow(statement).schema.field("amount").type)
        for kind in ("DOUBLE", "HUGEINT", "FLOAT"):
            slipped = sa.select(sa.literal_column(f"1::{kind}").label("amount")).order_by(sa.text("1"))
            for read in (duck.read, duck.arrow, lambda bad: duck.write_parquet(bad, Path("never.parquet"))):
                with pytest.raises(InexactStatementError, match="would lose digits"):
                    read(slipped)


def test_sqlalchemys_numeric_on_sqlite_loses_digits_and_ours_does_not(world):
    amount = Decimal("123456789012345678.91")
    for kind, same in ((sa.Numeric(38, 2), False), (ExactText(), True)):
        table = sa.Table("t", sa.MetaData(), sa.Column("amount", kind))
        engine = sa.create_engine("sqlite://")
        with engine.connect() as connection:
            table.create(connection)
            connection.execute(table.insert().values(amount=amount))
            assert (connection.execute(sa.select(table.c.amount)).scalar() == amount) is same
