"""SQL queries as sources: sessions that only read and give up in time, exact values, addresses kept secret."""

from dataclasses import dataclass
from datetime import date

import duckdb
import pytest
import sqlalchemy as sa

from adapters.importing.language import SqlSource

DAY = date(2025, 12, 31)
SECRET = "hunter2"
MAPPING = """
    title: Costs
    source:
      format: sql
      address: {{environment: CORE_DB}}
      timeout_seconds: {seconds}
      batch_rows: 2
      query: |
        {query}
      {more}
    tables:
      costs:
        columns:
          cost_centre: {{from: centre}}
          month: {{from: month}}
          cost_type: {{constant: staff}}
          amount: {{from: amount}}
          currency: {{constant: VND}}
"""
TABLE = """
    CREATE TABLE costs (centre VARCHAR(20), month DATE, amount NUMERIC(30, 8), estimate DOUBLE PRECISION, paid BOOLEAN)
"""
ROWS = [
    ("A1", date(2025, 12, 1), "123456789012.3400", 1.5, True),
    ("A2", date(2025, 12, 1), "-0.0001", 0.1, False),
    ("A3", date(2025, 11, 1), None, None, None),
]


@dataclass(frozen=True)
class Database:
    url: str

    def execute(self, *statements):
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))
        engine.dispose()

    def scalar(self, statement):
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            found = connection.execute(sa.text(statement)).scalar_one()
        engine.dispose()
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'core banking.sqlite'}")
    else:
        made = Database(request.getfixturevalue("new_database").replace("postgresql://", "postgresql+psycopg://"))
    made.execute(TABLE)
    engine = sa.create_engine(made.url)
    with engine.begin() as connection:
        for centre, month, amount, estimate, paid in ROWS:
            values = {"c": centre, "m": month.isoformat(), "a": amount, "e": estimate, "p": paid}
            cast = "CAST(:a AS NUMERIC)" if "postgres" in made.url else ":a"
            day = "CAST(:m AS DATE)" if "postgres" in made.url else ":m"
            connection.execute(sa.text(f"INSERT INTO costs VALUES (:c, {day}, {cast}, :e, :p)"), values)
    engine.dispose()
    return made


def run(bench, database, query, *, more="", seconds=30, **options):
    environment = {"CORE_DB": database.url if isinstance(database, Database) else database}
    text = MAPPING.format(query=query, more=more, seconds=seconds)
    return bench.run(text, {}, environment={k: v for k, v in environment.items() if v}, **options)


AMOUNT = "SELECT centre, month, CAST(amount AS VARCHAR) AS amount FROM costs"


def test_numbers_dates_and_nulls_come_digit_for_digit(bench, database):
    exact = "amount" if "postgres" in database.url else "CAST(12345678901234 AS INTEGER) AS amount"
    report = run(bench, database, f"SELECT centre, month, {exact} FROM costs ORDER BY centre")
    assert report.issues == ()
    found = bench.rows("costs", "cost_centre, month, amount::VARCHAR")
    amounts = ["123456789012.3400", "-0.0001", None] if "postgres" in database.url else ["12345678901234.0000"] * 3
    assert found == [(row[0], row[1], amount) for row, amount in zip(ROWS, amounts, strict=True)]


def test_the_business_date_and_parameters_are_bound(bench, database):
    query = "SELECT centre, month, 1 AS amount FROM costs WHERE month <= :business_date AND centre = :centre"
    report = run(bench, database, query, more="parameters: {centre: A2}")
    assert report.issues == ()
    assert bench.rows("costs", "cost_centre") == [("A2",)]
    report = run(bench, database, query, more="parameters: {centre: A2}", day=date(2024, 1, 1))
    assert [issue.code for issue in report.issues] == ["IMP034"]


def test_a_parameter_is_a_value_and_never_a_part_of_the_statement(bench, database):
    query = "SELECT centre, month, 1 AS amount FROM costs WHERE centre = :centre"
    report = run(bench, database, query, more='parameters: {centre: "x\' OR 1=1 --"}')
    assert [issue.code for issue in report.issues] == ["IMP034"]


def test_rows_of_many_batches_all_come(bench, database):
    series = "generate_series(1, 1000) AS s(n)" if "postgres" in database.url else "numbers AS s"
    if "sqlite" in database.url:
        database.execute(
            "CREATE TABLE numbers AS WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000) "
            "SELECT n FROM s"
        )
    report = run(
        bench, database, f"SELECT CAST(n AS VARCHAR) AS centre, '2025-12-01' AS month, n AS amount FROM {series}"
    )
    assert report.issues == ()
    assert bench.rows("costs", "count(*), sum(amount)::INT") == [(1000, 500500)]


def test_the_session_on_postgresql_reads_only_and_has_a_time_out(bench, new_database):
    query = (
        "SELECT current_setting('default_transaction_read_only') || ' ' || current_setting('transaction_read_only') "
        "|| ' ' || current_setting('statement_timeout') AS centre, DATE '2025-12-01' AS month, 1 AS amount"
    )
    assert run(bench, new_database, query, seconds=7).issues == ()
    assert bench.rows("costs", "cost_centre") == [("on on 7s",)]


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM costs RETURNING *) SELECT centre, month, amount FROM gone",
        "SELECT centre, month, amount FROM costs FOR UPDATE",
        "SELECT set_config('transaction_read_only', 'off', true) AS centre, month, amount FROM costs",
        "SELECT nextval('counter')::text AS centre, month, amount FROM costs",
        "SELECT lo_create(0)::text AS centre, month, amount FROM costs",
    ],
)
def test_no_query_writes_on_postgresql(bench, new_database, query):
    database = Database(new_database.replace("postgresql://", "postgresql+psycopg://"))
    database.execute(TABLE, "CREATE SEQUENCE counter", "INSERT INTO costs VALUES ('A1', DATE '2025-12-01', 1, 1, true)")
    (issue,) = run(bench, database, query).issues
    assert issue.code == "IMP061"
    assert database.scalar("SELECT count(*) FROM costs") == 1
    assert database.scalar("SELECT last_value FROM counter") == 1
    assert database.scalar("SELECT count(*) FROM pg_largeobject_metadata") == 0


def test_no_query_writes_on_sqlite_and_a_missing_file_stays_missing(bench, tmp_path):
    path = tmp_path / "core.sqlite"
    (issue,) = run(bench, f"sqlite:///{path}", AMOUNT).issues
    assert (issue.code, path.exists()) == ("IMP061", False)
    database = Database(f"sqlite:///{path}")
    database.execute(TABLE)
    query = "WITH x AS (SELECT 1) INSERT INTO costs SELECT 'A9', '2025-12-01', 1, 1, true FROM x"
    (issue,) = run(bench, database, query).issues
    assert (issue.code, "readonly" in issue.message) == ("IMP061", True)
    assert database.scalar("SELECT count(*) FROM costs") == 0


SLOW = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s) "
    "SELECT 'A' AS centre, '2025-12-01' AS month, max(n) AS amount FROM s",
    "postgresql": "SELECT pg_sleep(60)::text AS centre, month, 1 AS amount FROM costs",
}


def test_a_query_that_takes_too_long_is_ended(bench, database):
    query = SLOW["postgresql" if "postgres" in database.url else "sqlite"]
    (issue,) = run(bench, database, query, seconds=1).issues
    assert (issue.code, "longer than 1 s" in issue.message) == ("IMP062", True)
    assert bench.written == []


@pytest.mark.parametrize("column", ["estimate", "CAST(amount AS DOUBLE PRECISION)", "estimate * 2"])
def test_a_floating_point_number_for_money_is_an_error_with_a_hint(bench, database, column):
    report = run(bench, database, f"SELECT centre, month, {column} AS amount FROM costs ORDER BY centre")
    assert {issue.code for issue in report.issues} == {"IMP063"}
    assert str(report.issues[0].location) == "query of map.yaml:1:3"
    assert "NUMERIC" in report.issues[0].hint
    assert bench.written == []


def test_a_real_of_sqlite_can_come_as_text_or_in_the_smallest_unit(bench, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'core.sqlite'}")
    database.execute("CREATE TABLE costs (centre TEXT, amount REAL)", "INSERT INTO costs VALUES ('A1', 12.34)")
    for column, how in (
        ("printf('%.2f', amount)", "amount"),
        ("CAST(round(amount * 100) AS INTEGER)", "amount, scale: 0.01"),
    ):
        query = f"SELECT centre, '2025-12-01' AS month, {column} AS amount FROM costs"
        mapping = MAPPING.format(query=query, more="", seconds=9).replace("{from: amount}", f"{{from: {how}}}")
        assert bench.run(mapping, {}, environment={"CORE_DB": database.url}).issues == ()
        assert bench.rows("costs", "amount::VARCHAR") == [("12.3400",)]


def test_a_floating_point_number_elsewhere_is_a_warning(bench, database):
    mapping = MAPPING.format(query="SELECT centre, estimate FROM costs WHERE centre = 'A2'", more="", seconds=9)
    head = mapping[: mapping.index("tables:")]
    reviews = head + (
        "tables:\n      reviews:\n        columns:\n          review_id: {from: centre}\n"
        "          employee_id: {from: centre}\n          reviewed_on: {constant: 2025-12-01}\n"
        "          score: {from: estimate}\n          critical_fail: {constant: false}\n"
    )
    report = bench.run(reviews, {}, environment={"CORE_DB": database.url})
    assert [(issue.code, issue.is_error) for issue in report.issues] == [("IMP028", False)]
    assert bench.rows("reviews", "score::VARCHAR") == [("0.1000000000",)]


@pytest.mark.parametrize(
    ("query", "code", "place", "said"),
    [
        ("SELECT centre, month, amount FROM costs WHERE centre = :branch", "IMP064", "map.yaml:4:3", ":branch"),
        ("SELECT centre, month, amount FROM cost", "IMP061", "map.yaml:4:3", "cost"),
        ("SELECT centre, month FROM costs", "IMP025", "query of map.yaml", 'no column "amount"'),
        ("SELECT centre, month, month, 1 AS amount FROM costs", "IMP024", "query of map.yaml:2", "2 columns"),
        ("SELECT centre, 'soon' AS month, 1 AS amount FROM costs", "IMP043", "query of map.yaml:1:2", '"soon"'),
        ("SELECT '1.1E+22' AS centre, month, 1 AS amount FROM costs", "IMP048", "query of map.yaml:1:1", "are lost"),
    ],
)  # fmt: skip
def test_mistakes_in_queries(bench, database, query, code, place, said):
    issue = run(bench, database, query).issues[0]
    assert (issue.code, str(issue.location)) == (code, place)
    assert said in str(issue)
    assert bench.written == []


def test_bytes_and_the_like_are_refused(bench, database):
    blob = "CAST('x' AS BYTEA)" if "postgres" in database.url else "x'00ff'"
    issues = run(bench, database, f"SELECT {blob} AS centre, month, 1 AS amount FROM costs").issues
    assert {issue.code for issue in issues} == {"IMP029"}


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        (None, "IMP060", "the variable CORE_DB has no address"),
        ("", "IMP060", "the variable CORE_DB has no address"),
        (f"user:{SECRET}@host", "IMP060", "no SQLAlchemy address"),
        (f"nonsense://u:{SECRET}@host/db", "IMP061", "no driver for nonsense"),
        (f"postgresql+psycopg://u:{SECRET}@127.0.0.1:9/db", "IMP061", "OperationalError"),
        ("sqlite://", "IMP061", "no such table"),
    ],
)
def test_addresses_that_lead_nowhere_are_told_and_never_shown(bench, address, code, said):
    (issue,) = run(bench, address, AMOUNT, seconds=2).issues
    assert (issue.code, issue.location.path) == (code, "map.yaml")
    assert said in str(issue)
    assert SECRET not in repr(issue)


def test_the_address_may_stand_in_a_file_beside_the_mapping(bench, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'core.sqlite'}")
    database.execute(TABLE, "INSERT INTO costs VALUES ('A1', '2025-12-01', 1, 1, true)")
    mapping = MAPPING.format(query=AMOUNT, more="", seconds=9).replace(
        "{environment: CORE_DB}", f"{{file: {tmp_path / 'core.url'}}}"
    )
    assert [issue.code for issue in bench.run(mapping, {}).issues] == ["IMP060"]
    (tmp_path / "core.url").write_text(database.url + "\n", encoding="utf-8")
    assert bench.run(mapping, {}).issues == ()


@pytest.mark.parametrize(
    "address",
    ["{environment: 'postgresql://u:p@h/d'}", "{file: 'postgresql://u:p@h/d'}", "{}", "{environment: A, file: b}", "A"],
)
def test_an_address_in_the_mapping_is_refused(bench, address):
    mapping = MAPPING.format(query=AMOUNT, more="", seconds=9).replace("{environment: CORE_DB}", address)
    report = bench.run(mapping, {})
    assert report.failed
    assert {issue.code[:3] for issue in report.issues} == {"RUL"}


@pytest.mark.parametrize(
    ("query", "taken"),
    [
        ("select 1", True),
        ("-- what\n /* and; why */ With x as (select 1) select 1;", True),
        ("values (1)", True),
        ("delete from costs", False),
        ("select 1; delete from costs", False),
        ("select 1 where ';' = ';'", False),
        ("/* */ update costs set amount = 1", False),
        ("selection", False),
    ],
)
def test_a_query_is_one_select(query, taken):
    def source():
        return SqlSource(format="sql", address={"environment": "A"}, query=query, timeout_seconds=1)

    if taken:
        assert source().query == query
    else:
        with pytest.raises(ValueError, match="the query is one"):
            source()


def test_files_beside_a_query_are_refused(bench, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'core.sqlite'}")
    report = bench.run(
        MAPPING.format(query=AMOUNT, more="", seconds=9), {"a.csv": "x"}, environment={"CORE_DB": database.url}
    )
    assert [issue.code for issue in report.issues] == ["IMP020"]


def test_a_duckdb_file_is_opened_for_reading_only(bench, tmp_path):
    path = tmp_path / "core.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE costs AS SELECT 'A1' AS centre, DATE '2025-12-01' AS month, 1.5::DECIMAL(9,2) AS amount"
        )
    assert run(bench, f"duckdb:///{path}", "SELECT centre, month, amount FROM costs").issues == ()
    assert bench.rows("costs", "amount::VARCHAR") == [("1.5000",)]
    (issue,) = run(bench, f"duckdb:///{tmp_path / 'other.duckdb'}", AMOUNT).issues
    assert (issue.code, (tmp_path / "other.duckdb").exists()) == ("IMP061", False)


def test_of_a_database_that_cannot_be_kept_from_writing_a_warning_says_so(bench, tmp_path):
    """Any dialect by a name of its own; here SQLite's."""
    sa.dialects.registry.register("corebank", "sqlalchemy.dialects.sqlite.pysqlite", "SQLiteDialect_pysqlite")
    database = Database(f"sqlite:///{tmp_path / 'core.sqlite'}")
    database.execute(TABLE, "INSERT INTO costs VALUES ('A1', '2025-12-01', 1, 1, true)")
    report = run(bench, f"corebank:///{tmp_path / 'core.sqlite'}", AMOUNT)
    assert [(issue.code, issue.is_error) for issue in report.issues] == [("IMP065", False)]
    assert bench.rows("costs", "cost_centre") == [("A1",)]
