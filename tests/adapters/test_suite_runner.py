"""Suites carried out inside the caller's session: what passes, what fails, and what must not pass."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from adapters.duck import Duck, duck_columns, open_duck
from adapters.settings import Settings
from adapters.suite_runner import _load_when_used, run_suites
from domain.catalogue import CATALOGUE
from domain.exact import count_rows, exact, total
from domain.records import Outcome
from domain.sql import sql_table
from expectations.declaring import counted_shares
from expectations.limits import Share
from expectations.lowering import view_named
from expectations.suites import Expectation, Fact, NoRows, RowCount, Severity, Suite

VIEW = view_named("payments")
CURRENCIES = exact(
    sa.select(VIEW.c.currency, total(VIEW.c.amount).label("amount"), count_rows().label("rows"))
    .group_by(VIEW.c.currency)
    .order_by(VIEW.c.currency)
)
NO_REVERSALS = exact(sa.select(VIEW.c.payment_id).where(VIEW.c.amount < Decimal(0)))
ODD_TEXT = exact(sa.select(VIEW.c.payment_id).where(VIEW.c.receipt == "50% {off} :now ::date 'x'"))

PAYMENTS = [
    {"payment_id": f"P{number}", "account_id": "A1", "amount": Decimal("0.1"), "currency": currency, "receipt": None}
    for number, currency in enumerate(("CNY", "VND", "VND"))
]

CASES = [
    ("rows within bounds", RowCount(1, 3), Outcome.PASS, "3 rows", 0),
    ("too few rows", RowCount(4, 9), Outcome.HALT, "3 rows", 0),
    ("nothing is off", NoRows(NO_REVERSALS), Outcome.PASS, "as expected", 0),
    (
        "something is off",
        NoRows(CURRENCIES),
        Outcome.HALT,
        "currency CNY, amount 0.1000, rows 1; currency VND, amount 0.2000, rows 2",
        2,
    ),
    ("text that libraries format", NoRows(ODD_TEXT), Outcome.PASS, "as expected", 0),
]


@pytest.fixture
def duck(tmp_path) -> Iterator[Duck]:
    """A session that is in the middle of a transaction, as a task's is: its view is not committed."""
    with open_duck(Settings(home=tmp_path)) as session:
        session.connection.execute(sa.text("SELECT 1"))
        session.create_view("payments", [], duck_columns(CATALOGUE["payments"]))
        yield session


@pytest.fixture(params=["duckdb", "postgresql"])
def connection(request) -> Iterator[sa.Connection]:
    """A session of either engine with three payments in it."""
    if request.param == "duckdb":
        engine = sa.create_engine("duckdb:///:memory:", poolclass=StaticPool)
    else:
        url = request.getfixturevalue("new_database").replace("postgresql://", "postgresql+psycopg://", 1)
        engine = sa.create_engine(url)
    bare = sql_table(CATALOGUE["payments"], sa.MetaData())
    table = sa.Table("payments", sa.MetaData(), *(sa.Column(column.name, column.type) for column in bare.columns))
    with engine.connect() as session:
        table.create(session)
        session.execute(table.insert(), PAYMENTS)
        yield session
    engine.dispose()


def expect(measure, severity: Severity = Severity.CRITICAL, check: str = "payments.check") -> Expectation:
    return Expectation(check, severity, measure, "what is expected", "what to do")


def test_each_kind_of_check_on_both_engines(connection):
    suite = Suite("payments", (expect(RowCount(1), check="rows"), *(expect(case[1]) for case in CASES)))
    (run,) = run_suites([suite], connection)
    found = [(one.outcome, one.found, one.failed) for one in run.results[1:]]
    assert found == [case[2:] for case in CASES]
    assert all(one.rows == len(PAYMENTS) for one in run.results)
    assert all(bool(one.hint) == (one.outcome is not Outcome.PASS) for one in run.results)


@pytest.mark.parametrize("severity", Severity)
def test_an_expectation_that_errors_halts_whatever_its_severity(connection, severity):
    broken = expect(NoRows(exact(sa.select(sa.table("nowhere", sa.column("n")).c.n))), severity)
    (run,) = run_suites([Suite("payments", (expect(RowCount(1), check="rows"), broken))], connection)
    assert run.results[1].outcome is Outcome.HALT
    assert "the check broke:" in run.results[1].found
    assert "nowhere" in run.results[1].found


def test_a_failing_warning_warns(connection):
    (run,) = run_suites([Suite("payments", (expect(RowCount(9), Severity.WARNING),))], connection)
    assert run.results[0].outcome is Outcome.WARN


def test_an_empty_suite_halts_although_the_library_calls_it_a_success(connection):
    (run,) = run_suites([Suite("payments", ())], connection)
    assert [(one.check, one.outcome, one.found) for one in run.results] == [
        ("payments.suite", Outcome.HALT, "nothing was evaluated")
    ]


def test_no_rows_halt_where_the_suite_says_that_some_are_due(duck):
    (run,) = run_suites([Suite("payments", (expect(RowCount(1)), expect(RowCount(0), check="any")))], duck.connection)
    assert [one.outcome for one in run.results] == [Outcome.HALT, Outcome.PASS]


LEVELS = [(0, [Outcome.PASS]), (2, [Outcome.WARN, Outcome.PASS]), (3, [Outcome.WARN, Outcome.HALT])]


@pytest.mark.parametrize(("rows_off", "outcomes"), LEVELS)
def test_a_limit_that_halts_is_asked_where_the_one_that_warns_is_not_passed(connection, rows_off, outcomes):
    """The facts are taken once, and both limits read them."""
    few = exact(sa.select(sa.literal(rows_off, sa.BigInteger).label("off"), sa.literal(3, sa.BigInteger).label("rows")))
    limits = Share(warn_share=Decimal("0.5"), halt_share=Decimal("0.9"))
    declared = list(counted_shares("payments.check", limits, few, "what is expected", "what to do"))
    facts = tuple(one for one in declared if isinstance(one, Fact))
    expectations = tuple(one for one in declared if isinstance(one, Expectation))
    (run,) = run_suites([Suite("payments", expectations, facts=facts)], connection)
    assert [one.outcome for one in run.results] == outcomes


def test_a_fact_that_cannot_be_taken_halts_its_suite(connection):
    nowhere = Fact("fact_nowhere", exact(sa.select(sa.table("nowhere", sa.column("n")).c.n)))
    (run,) = run_suites([Suite("payments", (expect(RowCount(1)),), facts=(nowhere,))], connection)
    assert [one.outcome for one in run.results] == [Outcome.HALT]
    assert "the check broke:" in run.results[0].found


def test_a_view_that_is_not_there_halts_every_check_and_leaves_the_session_alone(duck):
    suites = [
        Suite("visits", (expect(RowCount(1)), expect(RowCount(0)))),
        Suite("payments", (expect(RowCount(0)),)),
    ]
    missing, present = run_suites(suites, duck.connection)
    assert [one.outcome for one in missing.results] == [Outcome.HALT, Outcome.HALT]
    assert [one.outcome for one in present.results] == [Outcome.PASS]


def test_the_callers_session_keeps_its_views_and_its_transaction(duck):
    for _ in range(2):
        run_suites([Suite("payments", (expect(RowCount(0)),))], duck.connection)
        view = view_named("payments")
        assert duck.read(exact(sa.select(count_rows().label("rows")).select_from(view))) == [{"rows": 0}]


def test_what_is_not_yet_known_is_among_the_results(connection):
    (known,) = run_suites([Suite("payments", (expect(RowCount(1)),))], connection)
    later = tuple(known.results)
    (run,) = run_suites([Suite("payments", (expect(RowCount(1)),), not_yet_known=later)], connection)
    assert run.results == (*known.results, *later)


def test_a_page_shows_the_checks_and_fetches_nothing(connection):
    suite = Suite("payments", (expect(RowCount(1)), expect(NoRows(CURRENCIES), check="payments.currencies")))
    (run,) = run_suites([suite], connection, pages=True)
    assert "payments.currencies" in run.page
    assert "<html" in run.page
    for fetching in ('src="http', "src='http", '<link rel="stylesheet" href="http', "url('http", "url(http"):
        assert fetching not in run.page
    (without,) = run_suites([suite], connection)
    assert without.page == ""


def test_a_run_talks_to_nobody(duck):
    """Settings switch analytics off; an audit hook sees every address that Python connects to or looks up."""
    reached: list[object] = []
    listening = [True]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
            reached.append((event, arguments[1:]))

    sys.addaudithook(hook)
    run_suites([Suite("payments", (expect(RowCount(0)),))], duck.connection, pages=True)
    assert reached == []
    with pytest.raises(ConnectionRefusedError), socket.socket() as probe:
        probe.connect(("127.0.0.1", 1))
    listening.clear()
    assert reached, "the hook would have seen it"


def test_what_a_library_imports_for_others_is_loaded_by_whoever_uses_it_first(tmp_path, monkeypatch):
    package = tmp_path / "library_of_others"
    package.mkdir()
    (package / "__init__.py").write_text("loaded = []")
    (package / "heavy.py").write_text("from library_of_others import loaded\nloaded.append('heavy')\nanswer = 42")
    monkeypatch.syspath_prepend(tmp_path)
    _load_when_used("library_of_others", "heavy")
    from library_of_others import heavy, loaded

    assert loaded == []
    assert heavy.answer == 42
    assert loaded == ["heavy"]
