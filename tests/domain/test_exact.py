"""The compile gate, and the engine's habits that make it necessary."""

import duckdb
import pytest
import sqlalchemy as sa

from domain.exact import InexactStatementError, count_distinct, count_rows, exact, product, total
from domain.sql import TABLES

payments = TABLES["payments"].c


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (sa.select(payments.amount / 2), "divides"),
        (sa.select(sa.func.avg(payments.amount)), "not exact"),
        (sa.select(sa.func.sum(payments.amount)), "no declared type"),
        (sa.select(sa.func.count()), "no declared type"),
        (sa.select(payments.amount * payments.amount), "without room"),
        (sa.select(sa.cast(payments.amount, sa.Float)), "floating-point"),
        (sa.select(sa.literal(0.1)), "floating-point"),
        (sa.select(total(payments.amount)).where(payments.amount / 2 > 1), "divides"),
        (sa.select(payments.amount).where(sa.exists(sa.select(sa.func.avg(payments.fee)))), "not exact"),
    ],
)
def test_a_statement_that_could_lose_a_digit_is_refused(statement, reason):
    with pytest.raises(InexactStatementError, match=reason):
        exact(statement)


def test_every_fault_is_named_at_once():
    with pytest.raises(InexactStatementError) as caught:
        exact(sa.select(sa.func.sum(payments.amount), payments.fee / 2))
    assert "no declared type" in str(caught.value)
    assert "divides" in str(caught.value)


def test_sums_counts_and_products_pass():
    statement = sa.select(
        total(payments.amount, payments.amount > 0),
        count_rows(),
        count_rows(payments.fee > 0),
        count_distinct(payments.account_id),
        product(payments.amount, payments.fee),
    )
    assert exact(statement) is statement


def test_products_of_money_and_rates_keep_every_digit_on_duckdb():
    """DECIMAL(18,4) times DECIMAL(18,10) stays 18 digits wide in DuckDB, and overflows."""
    connection = duckdb.connect()
    bare = "SELECT 99999999999.9999::DECIMAL(18,4) * 0.1234567891::DECIMAL(18,10)"
    with pytest.raises(duckdb.Error, match=r"[Oo]verflow|[Oo]ut of [Rr]ange"):
        connection.execute(bare).fetchall()
    left = sa.literal_column("99999999999.9999::DECIMAL(18,4)", sa.Numeric(18, 4))
    right = sa.literal_column("0.1234567891::DECIMAL(18,10)", sa.Numeric(18, 10))
    (found,) = connection.execute(str(sa.select(product(left, right)))).fetchone()
    assert str(found) == "12345678909.99998765432109"


def test_a_bare_sum_of_integers_is_hugeint_and_parquet_writes_it_as_a_double(tmp_path):
    """The trap that the declared types avoid."""
    path = tmp_path / "sum.parquet"
    connection = duckdb.connect()
    connection.execute(f"COPY (SELECT sum(CASE WHEN i > 1 THEN 1 END) AS n FROM range(3) t(i)) TO '{path}'")
    assert connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchone()[1] == "DOUBLE"
