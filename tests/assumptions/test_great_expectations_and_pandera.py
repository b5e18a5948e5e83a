"""Surprising facts about Great Expectations, pandera and DuckDB that the gate relies on or guards against.

Nothing of ours is tested here. If one of these fails after an upgrade, see whether the guard beside it is still needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import pandera.pandas as pa
import pytest
import sqlalchemy as sa
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.pool import StaticPool


@pytest.fixture(scope="module")
def gxe() -> Any:
    return pytest.importorskip("great_expectations.expectations")


@pytest.fixture
def bare_engine() -> Iterator[sa.Engine]:
    engine = sa.create_engine("duckdb:///:memory:", poolclass=StaticPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE few AS SELECT * FROM (VALUES (1, 'a'), (NULL, 'a')) AS t(n, k)")
        connection.exec_driver_sql("CREATE TABLE none AS SELECT * FROM few WHERE false")
    yield engine
    engine.dispose()


@pytest.fixture
def engine(bare_engine: sa.Engine) -> sa.Engine:
    """With rows buffered at execution, as the suite runner does it."""

    @sa.event.listens_for(bare_engine, "after_cursor_execute")
    def buffer(_: Any, cursor: Any, __: Any, ___: Any, context: Any, ____: Any) -> None:
        if cursor.description:
            context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=cursor.fetchall())

    return bare_engine


def validate(engine: sa.Engine, table: str, *expectations: Any) -> list[Any]:
    from great_expectations.core.batch import Batch
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.validator.validator import Validator

    execution = SqlAlchemyExecutionEngine(engine=engine)
    batch = Batch(data=SqlAlchemyBatchData(execution_engine=execution, table_name=table))
    validator = Validator(execution_engine=execution, batches=[batch])
    return validator.graph_validate([one.configuration for one in expectations])


def raised(result: Any) -> bool:
    nested = [result.exception_info, *result.exception_info.values()]
    return any(info.get("raised_exception") for info in nested if isinstance(info, dict))


def test_gx_reads_rows_after_closing_the_connection_so_that_duckdb_needs_them_buffered(gxe, bare_engine):
    (result,) = validate(bare_engine, "few", gxe.ExpectTableRowCountToBeBetween(min_value=1))
    assert raised(result)


def test_gx_works_once_they_are(gxe, engine):
    (result,) = validate(engine, "few", gxe.ExpectTableRowCountToBeBetween(min_value=1))
    assert result.success
    assert not raised(result)


def test_gx_reports_an_errored_check_at_no_more_than_its_severity(gxe, engine):
    (result,) = validate(engine, "few", gxe.ExpectColumnValuesToBeUnique(column="nope", severity="info"))
    assert raised(result)
    assert not result.success
    assert str(result.expectation_config.severity.value) == "info"


def test_gx_calls_an_empty_suite_a_success():
    gx = pytest.importorskip("great_expectations")
    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    frame = pd.DataFrame({"n": [1]})
    result = batch.get_batch(batch_parameters={"dataframe": frame}).validate(gx.ExpectationSuite(name="empty"))
    assert result.success
    assert result.statistics["evaluated_expectations"] == 0


def test_gx_column_checks_pass_over_no_rows(gxe, engine):
    results = validate(
        engine,
        "none",
        gxe.ExpectColumnValuesToBeUnique(column="n"),
        gxe.ExpectColumnValuesToNotBeNull(column="n"),
        gxe.ExpectColumnValuesToBeBetween(column="n", min_value=5, max_value=6),
    )
    assert all(result.success for result in results)


def test_gx_lets_missing_values_pass_between(gxe, engine):
    (result,) = validate(engine, "few", gxe.ExpectColumnValuesToBeBetween(column="n", min_value=1, max_value=1))
    assert result.success


def test_gx_returns_results_in_an_order_of_its_own(gxe, engine):
    declared = [
        gxe.ExpectColumnValuesToBeUnique(column="nope", meta={"place": 1}),
        gxe.ExpectTableRowCountToBeBetween(min_value=1, meta={"place": 0}),
    ]
    orders = [validate(engine, "few", *reversed(declared)), validate(engine, "few", *declared)]
    assert [[one.expectation_config.meta["place"] for one in order] for order in orders] == [[1, 0], [1, 0]]


def test_gx_turns_a_decimal_bound_into_a_float(gxe):
    """So money is compared in exact statements that yield no rows, and never by the library's own bounds."""
    bound = gxe.ExpectColumnSumToBeBetween(column="n", max_value=Decimal("123456789012345678.91")).max_value
    assert bound != Decimal("123456789012345678.91")


def test_gx_has_no_regular_expressions_on_duckdb(gxe, engine):
    (result,) = validate(engine, "few", gxe.ExpectColumnValuesToMatchRegex(column="k", regex="a"))
    assert raised(result)


def test_gx_formats_queries_so_braces_are_doubled(gxe):
    with pytest.raises(ValueError, match="brace"):
        gxe.UnexpectedRowsExpectation(unexpected_rows_query="SELECT '{' FROM few")


def test_pandera_drops_the_wrong_rows_where_labels_repeat():
    frame = pd.DataFrame({"n": [1, -1, 2]}, index=[0, 7, 7])
    schema = pa.DataFrameSchema({"n": pa.Column(int, pa.Check.ge(0))}, drop_invalid_rows=True)
    assert schema.validate(frame, lazy=True)["n"].tolist() == [1]


def test_pandera_judges_every_row_in_a_frame_check_and_names_it_by_its_label():
    frame = pd.DataFrame({"n": [1, 2, 1], "note": [None, "x", "y"]}, dtype=object)
    check = pa.Check(lambda rows: pd.Series([n > 1 for n in rows["n"]]), name="our.code", ignore_na=False)
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        pa.DataFrameSchema(checks=[check]).validate(frame, lazy=True)
    cases = caught.value.failure_cases
    assert set(zip(cases["index"], cases["check"], strict=True)) == {(0, "our.code"), (2, "our.code")}


def test_python_and_re2_disagree_on_digits_and_letters():
    full_width, vietnamese = "１", "Đặng"
    assert full_width.isdigit()
    found = duckdb.sql(
        f"SELECT regexp_full_match('{full_width}', '\\d'), regexp_full_match('{vietnamese}', '\\w+')"
    ).fetchone()
    assert found == (False, False)


def test_missing_values_and_lists_in_sql():
    """NULL is not in an empty list, which is true; of a list with NULL in it nothing is known to be left out."""
    found = duckdb.sql(
        "SELECT NULL NOT IN (SELECT 1 WHERE false), NULL NOT IN (SELECT 1), 2 NOT IN (SELECT unnest([1, NULL]))"
    ).fetchone()
    assert found == (True, None, None)


def test_casting_a_decimal_to_fewer_digits_rounds_it_exactly():
    found = duckdb.sql(
        "SELECT CAST(12345678901234.5000::DECIMAL(18,4) AS DECIMAL(18,0)), CAST(0.0050::DECIMAL(18,4) AS DECIMAL(18,2))"
    ).fetchone()
    assert found == (Decimal(12345678901235), Decimal("0.01"))
