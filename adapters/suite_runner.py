"""Carries out declared suites with Great Expectations, in SQL, on DuckDB and PostgreSQL.

The library fails open in four ways, each guarded here or in the suites: an expectation that errors reports only its
severity, an empty suite is a success, column checks pass over no rows, and missing values pass *between*. So every
check is a statement that yields what is off, over figures that say how many rows were looked at. The library also reads
rows after it has closed the connection, by when DuckDB's cursor is gone: rows are buffered at execution. Importing it
takes seconds, so it is imported by the first run. Settings switch its analytics off.
"""

from __future__ import annotations

import gc
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import LazyLoader, find_spec, module_from_spec
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.pool import StaticPool

from adapters.broken import refuse_disk
from adapters.data_docs import page_of
from adapters.duck import without_row
from domain.exact import ExactSelect
from domain.records import CheckResult, Outcome
from expectations.suites import Expectation, NoRows, RowCount, Severity, Suite

_ROWS, _ROW_COUNT = "unexpected_rows_query.table", "unexpected_rows_query.row_count"
_MOST_SHOWN = 3
_MOST_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """The results of one suite, the checks that are not yet known included, and its page for people, if asked for."""

    table: str
    results: tuple[CheckResult, ...]
    page: str = ""


def run_suites(suites: Iterable[Suite], connection: sa.Connection, *, pages: bool = False) -> tuple[SuiteRun, ...]:
    """Evaluate the suites inside the connection's own database session, all of them at once.

    Each suite's facts are taken first; the library then judges them. What passes a limit that warns has passed the one
    that halts, so that is asked only where the first was not passed. An errored check halts, and so does a suite in
    which nothing was evaluated. With `pages`, each run has its Data Docs as one HTML page, which fetches nothing when
    it is opened; whoever calls writes it where it belongs.
    """
    engine = _engine_over(connection)
    taken = [_take(suite, engine) for suite in suites]
    found = _evaluate(taken, engine)
    return tuple(_run(one, found[number], pages=pages) for number, one in enumerate(taken))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A suite whose facts are there; `rows` are those of its table, and `fault` says why there are none."""

    suite: Suite
    rows: int
    fault: str = ""

    @property
    def graver(self) -> frozenset[int]:
        """Places of checks that halt beyond a limit that warned first."""
        warned = {one.check for one in self.suite.expectations if one.severity is Severity.WARNING}
        return frozenset(
            place
            for place, one in enumerate(self.suite.expectations)
            if one.severity is Severity.CRITICAL and one.check in warned
        )


def _take(suite: Suite, engine: sa.Engine) -> _Taken:
    """The facts of a suite as temporary tables of the session, made anew each time."""
    try:
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(f'SELECT count(*) FROM "{suite.table}"').scalar_one()
            for fact in suite.facts:
                sql = str(fact.statement.compile(engine, compile_kwargs={"literal_binds": True}))
                for statement in _anew(engine.dialect.name, fact.name, sql):
                    connection.exec_driver_sql(statement)
    except sa.exc.SQLAlchemyError as error:
        refuse_disk(error, Path("tmp"))
        return _Taken(suite, 0, _short(str(error)))
    return _Taken(suite, int(rows))


def _anew(dialect: str, name: str, sql: str) -> tuple[str, ...]:
    """PostgreSQL replaces no table; on DuckDB it is one statement less of each of many facts."""
    if dialect == "duckdb":
        return (f'CREATE OR REPLACE TEMPORARY TABLE "{name}" AS {sql}',)
    return f'DROP TABLE IF EXISTS "{name}"', f'CREATE TEMPORARY TABLE "{name}" AS {sql}'


_Found = Mapping[int, Any]


def _evaluate(taken: Sequence[_Taken], engine: sa.Engine) -> Mapping[int, _Found]:
    """The library's result of each expectation, by the place of its suite and its own."""
    first = [
        (number, place)
        for number, one in enumerate(taken)
        if not one.fault
        for place in range(len(one.suite.expectations))
        if place not in one.graver
    ]
    validate = _validator(taken, engine)
    found = validate(first)
    passed = {
        (number, taken[number].suite.expectations[place].check) for (number, place), one in found.items() if one.success
    }
    second = [
        (number, place)
        for number, one in enumerate(taken)
        if not one.fault
        for place in sorted(one.graver)
        if (number, one.suite.expectations[place].check) not in passed
    ]
    found |= validate(second)
    return {
        number: {place: result for (suite, place), result in found.items() if suite == number}
        for number in range(len(taken))
    }


def _validator(
    taken: Sequence[_Taken], engine: sa.Engine
) -> Callable[[Sequence[tuple[int, int]]], dict[tuple[int, int], Any]]:
    """Evaluates expectations in one graph of the library; the batch is a formality: statements name their views."""
    _load_when_used("scipy", "stats")
    from great_expectations.core.batch import Batch
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.validator.validator import Validator

    def validate(places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Any]:
        if not places:
            return {}
        execution = SqlAlchemyExecutionEngine(engine=engine)
        data: Any = SqlAlchemyBatchData(execution_engine=execution, table_name=taken[places[0][0]].suite.table)
        validator = Validator(execution_engine=execution, batches=[Batch(data=data)], data_context=_context())

        def ask(kind: Any, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Any]:
            declared = [_declared(kind, key, taken[key[0]], engine).configuration for key in places]
            results: list[Any] = validator.graph_validate(declared) if declared else []
            return {tuple(result.expectation_config.meta["place"]): result for result in results}

        found = ask(_nothing_off().seen, places)
        return found | ask(_nothing_off().counted, (key for key, result in found.items() if not result.success))

    return validate


@cache
def _load_when_used(package: str, part: str) -> None:
    """A module that the library imports for checks which are not ours is loaded by whoever uses it first.

    scipy.stats is a third of what importing the library costs, at the first gate of every process.
    """
    name = f"{package}.{part}"
    spec = None if name in sys.modules else find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    setattr(sys.modules[package], part, module)  # where `from scipy import stats` finds it without a look into it


def _run(taken: _Taken, found: _Found, *, pages: bool) -> SuiteRun:
    suite = taken.suite
    if taken.fault:
        broken = (_halted(suite, one, f"the check broke: {taken.fault}") for one in suite.expectations)
        return SuiteRun(suite.table, (*(tuple(broken) or (_empty(suite),)), *suite.not_yet_known))
    spared = taken.graver - set(found)
    results = tuple(
        replace(_result(taken, one, found.get(place)), rows=taken.rows)
        for place, one in enumerate(suite.expectations)
        if place not in spared
    )
    page = page_of(suite.table, list(found.values())) if pages else ""
    return SuiteRun(suite.table, (*(results or (_empty(suite),)), *suite.not_yet_known), page)


@cache
def _context() -> Any:
    """One ephemeral context for the process; it holds nothing but that no progress bars are drawn.

    What the library has loaded stays for good: the collector of garbage need not walk through it again and again.
    """
    import great_expectations as gx

    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)  # temporary folders
    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    gc.collect()
    gc.freeze()
    return context


class _NothingOff(NamedTuple):
    """The library's expectation of no rows: `seen` reads rows, of which it takes 200 at most, `counted` counts them
    too, which is a second statement; only what was not passed is counted."""

    seen: Any
    counted: Any


@cache
def _nothing_off() -> _NothingOff:
    """Their configuration, which is asked for often, is put together once."""
    from great_expectations.compatibility import pydantic
    from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation

    class NothingOffCounted(UnexpectedRowsExpectation):
        _configuration: Any = pydantic.PrivateAttr(None)

        @property
        def configuration(self) -> Any:
            if self._configuration is None:
                self._configuration = super().configuration
            return self._configuration

    class NothingOff(NothingOffCounted):
        metric_dependencies = (_ROWS,)

        def _validate(self, metrics: dict[str, Any], *others: Any, **named: Any) -> Any:
            return super()._validate(metrics | {_ROW_COUNT: len(metrics[_ROWS])}, *others, **named)

    return _NothingOff(NothingOff, NothingOffCounted)


def _declared(kind: Any, place: tuple[int, int], taken: _Taken, engine: sa.Engine) -> Any:
    expectation = taken.suite.expectations[place[1]]
    return kind(
        unexpected_rows_query=_query(expectation, taken, engine),
        description=f"{expectation.check}: {expectation.expected}",
        result_format="COMPLETE",
        severity=str(expectation.severity),
        meta={"place": list(place)},
    )


def _query(expectation: Expectation, taken: _Taken, engine: sa.Engine) -> str:
    match expectation.measure:
        case RowCount(least, most):
            over = "" if most is None else f" OR rows > {most}"
            return f"/* {{batch}} */ SELECT rows FROM (SELECT {taken.rows} AS rows) counted WHERE rows < {least}{over}"
        case NoRows(statement):
            return _sql(statement, engine)


def _sql(statement: ExactSelect, engine: sa.Engine) -> str:
    """Text as the library formats and SQLAlchemy parses it: braces doubled, colons of no parameter escaped.

    The library asks for its name of the batch, here in a comment: the statement names its own views.
    """
    text = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
    plain = re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", text.replace("{", "{{").replace("}", "}}"))
    return f"/* {{batch}} */ {plain}"


def _result(taken: _Taken, expectation: Expectation, found: Any) -> CheckResult:
    suite = taken.suite
    if found is None:
        return _halted(suite, expectation, "the check was not evaluated")
    error = _error_of(found.exception_info)
    if error is not None:
        return _halted(suite, expectation, f"the check broke: {error}")
    outcome = Outcome.PASS
    if not found.success:
        outcome = Outcome.HALT if expectation.severity is Severity.CRITICAL else Outcome.WARN
    text, failed = _what_was_found(taken, expectation, found)
    hint = "" if found.success else expectation.hint
    return CheckResult(suite.table, expectation.check, "suite", outcome, 0, failed, text, expectation.expected, hint)


def _what_was_found(taken: _Taken, expectation: Expectation, found: Any) -> tuple[str, int]:
    match expectation.measure:
        case RowCount():
            return f"{taken.rows:,} rows", 0
        case NoRows() if found.success:
            return "as expected", 0
        case NoRows():
            return _described(found.result), int(found.result["observed_value"])


def _described(result: Mapping[str, Any]) -> str:
    rows: Sequence[Mapping[str, Any]] = result.get("details", {}).get("unexpected_rows", ())
    shown = [", ".join(f"{name} {value}" for name, value in row.items()) for row in rows[:_MOST_SHOWN]]
    more = f" and {len(rows) - len(shown)} more" if len(rows) > len(shown) else ""
    return f"{'; '.join(shown)}{more}"


def _error_of(exception_info: Mapping[str, Any]) -> str | None:
    """The first error: the library gives one mapping where nothing happened, and one for each metric where it did."""
    nested = [info for info in (exception_info, *exception_info.values()) if isinstance(info, Mapping)]
    raised = (info for info in nested if info.get("raised_exception"))
    return next((_short(str(info.get("exception_message"))) for info in raised), None)


def _short(text: str) -> str:
    return " ".join(without_row(text).split())[:_MOST_CHARACTERS]


def _halted(suite: Suite, expectation: Expectation, found: str) -> CheckResult:
    hint = "A check that was not evaluated does not pass: see the log"
    return CheckResult(suite.table, expectation.check, "suite", Outcome.HALT, 0, 0, found, expectation.expected, hint)


def _empty(suite: Suite) -> CheckResult:
    check, hint = f"{suite.table}.suite", "Declare at least one check"
    return CheckResult(
        suite.table, check, "suite", Outcome.HALT, 0, 0, "nothing was evaluated", "at least one check", hint
    )


def _engine_over(connection: sa.Connection) -> sa.Engine:
    """An engine whose every connection is the caller's session, with its views and its transaction.

    The session is only lent: the library begins, commits, rolls back and closes, and none of it gets through.
    """
    session = connection.connection.dbapi_connection
    engine = sa.create_engine(connection.engine.url, creator=lambda: session, poolclass=StaticPool)
    for name in ("do_begin", "do_commit", "do_rollback", "do_close", "do_terminate"):
        setattr(engine.dialect, name, _leave_alone)
    if engine.dialect.name == "duckdb":
        sa.event.listen(engine, "after_cursor_execute", _buffer_rows)
    return engine


def _leave_alone(_: Any) -> None:
    """What the caller's session does, the caller decides."""


def _buffer_rows(_: Any, cursor: Any, __: Any, ___: Any, context: Any, ____: Any) -> None:
    if cursor.description:
        rows = cursor.fetchall()
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(cursor, initial_buffer=rows)
