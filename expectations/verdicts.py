"""What the gate says of each table and of the night: pure, and failing closed.

What was not looked at does not pass: a table without thresholds, an extract that is due and missing, columns that
cannot be judged, a suite that evaluated nothing. Outcomes are the worst of their checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.expressions.parse import suggestion
from domain.money import CONTEXT, Rounding, round_to
from domain.records import CheckResult, ControlTotals, Outcome, TableVerdict, Verdict, worst
from domain.showing import shown_name
from domain.tables import Table
from expectations.declaring import rows_are_due
from expectations.limits import Due, ReasonLimits, RowLimits, TableThreshold
from expectations.stated import Statement, stated_check
from expectations.statements import ALL_REASONS, NOTHING_SET_ASIDE, Counts, Money, SetAside

NO_TOTALS = ControlTotals(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found out about one table in one night; what was not done is None, and what is None does not pass.

    `schema` are the findings of `schema_findings`, and that of `not_judgeable`. `suite` are the results of the suite
    runner, with the checks that are not yet known; None for a table that has no suite, or one that was not run.
    `stated` is what the source says that the extract comes to; `unread` why a file of it could not be read.
    """

    table: str
    landed: bool
    sent_before: bool
    unread: str = ""
    schema: tuple[CheckResult, ...] = ()
    counts: Counts | None = None
    totals: ControlTotals | None = None
    set_aside: SetAside = NOTHING_SET_ASIDE
    stated: tuple[Statement, ...] = ()
    has_suite: bool = False
    suite: tuple[CheckResult, ...] | None = None


def night_verdict(
    business_date: date, judged: Iterable[Judged], thresholds: Mapping[str, TableThreshold], *, working_day: bool
) -> Verdict:
    """The verdict of the night over all tables of the catalogue; tables that are not due and did not come are left out.

    A night without any table halts: `worst` of nothing is a halt.
    """
    verdicts = (table_verdict(one, thresholds.get(one.table), working_day=working_day) for one in judged)
    return Verdict(business_date, tuple(verdict for verdict in verdicts if verdict is not None))


def table_verdict(judged: Judged, threshold: TableThreshold | None, *, working_day: bool) -> TableVerdict | None:
    """None for a table that did not land and is not due."""
    if not judged.landed:
        missing = _missing(judged, threshold)
        return None if missing is None else TableVerdict(judged.table, missing.outcome, NO_TOTALS, (missing,))
    checks = tuple(_checks(judged, threshold, working_day=working_day))
    return TableVerdict(judged.table, worst(check.outcome for check in checks), judged.totals or NO_TOTALS, checks)


def schema_findings(table: Table, landed: Mapping[str, str], due: Mapping[str, str]) -> tuple[CheckResult, ...]:
    """What is wrong with the columns of a landed file: a missing column or another type halts, an extra one warns.

    `landed` and `due` are SQL types by column name, in the words of the engine that described the file. Where columns
    are missing, types are not spoken of: such a file was stored as it came, text for text.
    """
    missing = [name for name in due if name not in landed]
    wrong = [] if missing else [name for name in due if landed[name] != due[name]]
    found = [
        *(_missing_column(table, name, landed) for name in missing),
        *(_wrong_type(table, name, landed[name], due[name]) for name in wrong),
        *(_extra_column(table, name, due) for name in landed if name not in due),
    ]
    return tuple(found)


def not_judgeable(table: str, reads: Iterable[str], halted: Iterable[str]) -> CheckResult | None:
    """A halt for a table whose contract reads one that cannot be read this night; None if nothing stands in the way."""
    blocked = sorted((set(reads) - {table}) & set(halted))
    if not blocked:
        return None
    hint = f"It is judged once {' and '.join(blocked)} can be read"
    found = f"the columns of {', '.join(blocked)} cannot be read"
    return _result(table, "references", "contract", Outcome.HALT, 0, 0, found, "the tables that it refers to", hint)


def worst_by_check(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """One result for each check: of a warning and a halt of the same check, the graver one."""
    kept: dict[str, CheckResult] = {}
    for result in results:
        known = kept.setdefault(result.check, result)
        if result.outcome.rank > known.outcome.rank:
            kept[result.check] = result
    return tuple(kept.values())


def _missing(judged: Judged, threshold: TableThreshold | None) -> CheckResult | None:
    due = Due.ONCE_SENT if threshold is None else threshold.due
    if judged.unread:
        return _unread(judged, "an extract that can be read", Outcome.HALT)
    if due is not Due.ALWAYS and (due is Due.ONLY_ONCE or not judged.sent_before):
        return None
    halts = due in {Due.ALWAYS, Due.ONCE_SENT}
    hint = "Ask for the extract" if halts else "The last accepted extract is used"
    outcome = Outcome.HALT if halts else Outcome.WARN
    return _result(judged.table, "extract", "control", outcome, 0, 0, "no extract has landed", "one", hint)


def _unread(judged: Judged, expected: str, outcome: Outcome) -> CheckResult:
    """What was sent and cannot be read was due; where one had landed before, that one counts."""
    hint = "Ask for the extract again" if outcome is Outcome.HALT else "It counts until a better one comes"
    return _result(judged.table, "extract", "control", outcome, 0, 0, judged.unread, expected, hint)


def _checks(judged: Judged, threshold: TableThreshold | None, *, working_day: bool) -> Iterator[CheckResult]:
    if judged.unread:
        yield _unread(judged, "the extract that landed before", Outcome.WARN)
    yield from judged.schema
    if any(check.outcome is Outcome.HALT for check in judged.schema):
        return
    if threshold is None or judged.counts is None or judged.totals is None:
        yield _not_looked_at(judged, threshold)
        return
    yield from _of_rows(judged, judged.counts, judged.totals, threshold, working_day=working_day)
    yield from _of_suite(judged)


def _of_rows(
    judged: Judged, counts: Counts, totals: ControlTotals, threshold: TableThreshold, *, working_day: bool
) -> Iterator[CheckResult]:
    """The contract's checks that failed, what they come to, and whether the totals tie out and are those stated."""
    table, aside = counts.table, judged.set_aside
    if not judged.has_suite:
        yield _emptiness(counts, rows_due=rows_are_due(threshold, working_day=working_day))
    by_reason = {limits.reason: limits for limits in threshold.quarantine.rules}
    for code, failed in counts.by_check:
        if failed:
            yield _of_reason(table, code, failed, counts.rows, by_reason.get(code), aside.money_of(code))
    why = _main_reasons(counts)
    money = aside.money_of(ALL_REASONS)
    yield _limited(table, "quarantine", totals.quarantined, totals.landed, threshold.quarantine, why, money)
    yield _limited(table, "duplicates", totals.duplicate, totals.landed, threshold.duplicates, "equal rows", ())
    yield _tie_out(table, totals)
    stated = stated_check(table, judged.stated, totals)
    yield from [stated] if stated else []


def _of_reason(table: str, code: str, failed: int, rows: int, limits: ReasonLimits | None, money: Money) -> CheckResult:
    """A row that fails its contract warns; more of them than the rule's own limits allow halt."""
    if limits is not None:
        return _limited(table, code.removeprefix(f"{table}."), failed, rows, limits, "", money)
    hint = "See the quarantine for the rows"
    found = f"{failed:,} of {rows:,} rows"
    return CheckResult(table, code, "contract", Outcome.WARN, rows, failed, found, "no row", hint)


def _of_suite(judged: Judged) -> Iterator[CheckResult]:
    if judged.suite:
        yield from worst_by_check(judged.suite)
    elif judged.has_suite:
        hint = "See the log of the suite runner"
        yield _result(judged.table, "suite", "suite", Outcome.HALT, 0, 0, "nothing was evaluated", "its suite", hint)


def _emptiness(counts: Counts, *, rows_due: bool) -> CheckResult:
    outcome = Outcome.HALT if rows_due and not counts.rows else Outcome.PASS
    expected = "rows" if rows_due else "rows, or none on such a day"
    hint = "Ask for the extract again" if outcome is Outcome.HALT else ""
    return _result(counts.table, "rows", "control", outcome, counts.rows, 0, f"{counts.rows:,} rows", expected, hint)


def _limited(table: str, check: str, failed: int, rows: int, limits: RowLimits, why: str, money: Money) -> CheckResult:
    outcome = _outcome_of(failed, rows, limits, money)
    amounts = ", ".join(f"{amount:,f} {currency}" for currency, amount in money if amount)
    found = f"{failed:,} of {rows:,} rows ({_percent(failed, rows)} %)"
    if failed:
        found = f"{found}{f' and {amounts}' if amounts else ''}{f': {why}' if why else ''}"
    hint = "" if outcome is Outcome.PASS else "Ask for a corrected extract of the same date"
    return _result(table, check, "contract", outcome, rows, failed, found, _expected(limits), hint)


def _outcome_of(failed: int, rows: int, limits: RowLimits, money: Money) -> Outcome:
    over_share = failed > limits.spare_rows and failed > CONTEXT.multiply(limits.halt_share, Decimal(rows))
    over_rows = limits.halt_rows is not None and failed > limits.halt_rows
    amounts = dict(money)
    over_money = any(amounts.get(limit.currency, 0) > limit.amount for limit in limits.halt_money)
    if over_share or over_rows or over_money:
        return Outcome.HALT
    return Outcome.WARN if failed > CONTEXT.multiply(limits.warn_share, Decimal(rows)) else Outcome.PASS


def _expected(limits: RowLimits) -> str:
    spare = f", or {limits.spare_rows:,} rows" if limits.spare_rows else ""
    most = f", and at most {limits.halt_rows:,} rows" if limits.halt_rows is not None else ""
    money = "".join(f", and at most {limit.amount:,f} {limit.currency}" for limit in limits.halt_money)
    return f"at most {round_to(limits.halt_share * 100, 2, Rounding.HALF_UP)} %{spare}{most}{money}"


def _tie_out(table: str, totals: ControlTotals) -> CheckResult:
    parts = f"{totals.accepted:,} + {totals.quarantined:,} + {totals.duplicate:,}"
    found = f"landed {totals.landed:,} rows; accepted + quarantined + duplicate are {parts}"
    money = "; ".join(
        f"{currency} {landed:,} landed, {accepted:,} + {bad:,} + {double:,}"
        for currency, landed, accepted, bad, double in totals.money
    )
    outcome = Outcome.PASS if totals.tie_out else Outcome.HALT
    hint = "" if totals.tie_out else "Report this: the gate lost or doubled rows"
    found = f"{found}; {money}" if money else found
    return _result(table, "tie_out", "control", outcome, totals.landed, 0, found, "equal, by rows and money", hint)


def _main_reasons(counts: Counts) -> str:
    """The three commonest reasons; rows that share a key and differ are in no check's count."""
    commonest = sorted(counts.by_check, key=lambda pair: (-pair[1], pair[0]))[:3]
    named = [f"{code} {failed:,}" for code, failed in commonest if failed]
    return ", ".join(named) or f"{counts.table}.duplicate_key"


def _not_looked_at(judged: Judged, threshold: TableThreshold | None) -> CheckResult:
    found = "no thresholds in force" if threshold is None else "its rows were not judged"
    hint = "Add an entry to expectations/thresholds" if threshold is None else "See the log of the gate"
    return _result(judged.table, "judged", "control", Outcome.HALT, 0, 0, found, "a table that was judged", hint)


def _missing_column(table: Table, name: str, landed: Mapping[str, str]) -> CheckResult:
    near = suggestion(name, [other for other in landed if other not in table])
    hint = near if near.startswith("Did") else "Ask for the extract again, or mend the mapping"
    found = f'no column "{name}"'
    return _result(table.name, f"{name}.column", "contract", Outcome.HALT, 0, 0, found, f"a column {name}", hint)


def _wrong_type(table: Table, name: str, found: str, due: str) -> CheckResult:
    hint = "Some value does not fit the type: see the column's values in the extract"
    return _result(table.name, f"{name}.type", "contract", Outcome.HALT, 0, 0, f"{name} is {found}", due, hint)


def _extra_column(table: Table, name: str, due: Sequence[str] | Mapping[str, str]) -> CheckResult:
    expected = f"the {len(due)} columns of the catalogue"
    hint = "It is not read; drop it from the extract or the mapping"
    told = shown_name(name)
    return _result(
        table.name, f"{told}.extra", "contract", Outcome.WARN, 0, 0, f'a column "{told}" more', expected, hint
    )


def _percent(part: int, whole: int) -> Decimal:
    if not whole:
        return Decimal(0)
    return round_to(CONTEXT.divide(Decimal(100 * part), Decimal(whole)), 2, Rounding.HALF_UP)


def _result(
    table: str, check: str, layer: str, outcome: Outcome, rows: int, failed: int, found: str, expected: str, hint: str
) -> CheckResult:
    return CheckResult(table, f"{table}.{check}", layer, outcome, rows, failed, found, expected, hint)
