"""The statements of the house's signals over a month of a large book, made in DuckDB row by row, without nights.

python -m bench.signals.large 1000000
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.duck import Duck, duck_columns, open_duck
from adapters.rule_files import read_rule_book
from adapters.settings import PROJECT, Settings
from domain.catalogue import CATALOGUE
from kpi_rules.signals.checks import FOLDER, decode_signals
from kpi_rules.signals.statements import counts_of
from kpi_rules.signals.units import Span
from kpi_rules.views import CREDITS

SPAN = Span(date(2026, 10, 1), date(2026, 10, 31))
_DAY = "DATE '2026-10-01' + CAST(i % 31 AS INTEGER)"
_WHO = "'E' || (hash(i, 'who') % {people})"


def main() -> None:
    accounts = int(sys.argv[1])
    signals, _ = decode_signals(read_rule_book(PROJECT).below(FOLDER))
    with TemporaryDirectory(prefix="recoup-large-") as folder, open_duck(Settings(home=Path(folder))) as duck:
        _make(duck, accounts)
        made_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        whole = time.perf_counter()
        for signal in signals.on(SPAN.as_of):
            begun = time.perf_counter()
            cells = duck.read(counts_of(signal, SPAN))
            rows = sum(cell["rows"] for cell in cells)
            print(f"{signal.rule.id:26}{rows:12,} rows{time.perf_counter() - begun:8.2f} s")
        seconds, peak_mib = time.perf_counter() - whole, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{accounts:,} accounts: {seconds:.1f} s, peak {peak_mib:,} MiB ({made_mib:,} MiB before, with the tables)")


def _make(duck: Duck, accounts: int) -> None:
    """A month: calls by 4.8 an account, payments by 0.6, promises by 0.15, visits by 0.1, handovers by 0.4."""
    people = max(20, accounts // 400)
    who = _WHO.format(people=people)
    _fill(duck, "accounts", accounts, account_id="'A' || i", debtor_id="'D' || i // 2", product="'card'",
          jurisdiction="'VN'", days_past_due="i % 200", currency="'VND'")  # fmt: skip
    duck.run("CREATE TABLE accounts_opening AS FROM accounts")
    _fill(duck, "staff_postings", people, employee_id="'E' || i", department_id="'D' || i % 5",
          valid_from="DATE '2020-01-01'")  # fmt: skip
    _fill(duck, "partners", 20, partner_id="'P' || i", jurisdiction="'VN'")
    _fill(duck, "calendar", 31, jurisdiction="'VN'", day=_DAY, is_working_day="i % 7 < 5")
    account = f"'A' || (hash(i, 'account') % {accounts})"
    _fill(duck, "contacts", accounts * 48 // 10, contact_id="'C' || i", account_id=account, employee_id=who,
          started_wall=f"{_DAY} + to_minutes(480 + CAST(hash(i) % 600 AS BIGINT))", channel="'call'",
          outcome="CASE WHEN i % 3 = 0 THEN 'right_party' WHEN i % 30 = 1 THEN 'promise' ELSE 'no_answer' END",
          duration_seconds="30 + i % 300")  # fmt: skip
    paid = {"payment_id": "'Y' || i", "account_id": account, "posted_on": _DAY, "paid_on": _DAY, "amount": "1000 + i",
            "currency": "'VND'", "waiver": "0"}  # fmt: skip
    _fill(duck, "payments", accounts * 6 // 10, **paid, channel="CASE WHEN i % 10 = 0 THEN 'cash' ELSE 'transfer' END")
    columns = duck_columns(CREDITS)
    listed = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in columns.items())
    duck.run(f"CREATE TABLE credits AS SELECT {listed} WHERE false")
    duck.run(f"""INSERT INTO credits BY NAME SELECT payment_id, 1 AS line, account_id, posted_on, paid_on,
        posted_on AS credited_for, amount AS recovered, currency, 'E' || (hash(account_id) % {people}) AS employee_id
        FROM payments""")
    _fill(duck, "promises", accounts * 15 // 100, promise_id="'M' || i", account_id=account, employee_id=who,
          made_on=_DAY, due_on=f"{_DAY} + 5", amount="1000", currency="'VND'",
          state="CASE WHEN i % 2 = 0 THEN 'kept' ELSE 'broken' END")  # fmt: skip
    at = f"{_DAY} + to_minutes(480 + CAST(hash(i, 'at') % 600 AS BIGINT))"
    _fill(duck, "visits", accounts // 10, visit_id="'V' || i", account_id=account, employee_id=who, made_at=at,
          recorded_at=f"{at} + INTERVAL 1 HOUR", outcome="'nobody'", planned_on=_DAY,
          latitude="10.5 + CAST(hash(i, 'n') % 400000 AS DECIMAL(9,0)) * 0.000001",
          longitude="106.5 + CAST(hash(i, 'e') % 400000 AS DECIMAL(9,0)) * 0.000001")  # fmt: skip
    claimed = {"partner_id": "'P' || i % 20", "account_id": "'A' || i"}
    _fill(duck, "placements", accounts // 5, placement_id="'L' || i", **claimed, placed_on="DATE '2026-06-01'")
    _fill(duck, "partner_claims", accounts // 20, claim_id="'Q' || i", **claimed, claimed_on="DATE '2026-10-03'",
          paid_on="DATE '2026-09-10'", amount="1000", currency="'VND'", payment_id="'Y' || i")  # fmt: skip
    duck.run(f"""CREATE TABLE dispatch AS
        SELECT 'A' || i AS account_id, 'employee' AS owner_kind, 'E' || (hash(i, 'before') % {people}) AS owner_id,
            DATE '2026-08-31' AS valid_from, DATE '2026-10-01' + CAST(i % 40 AS INTEGER) AS valid_to
        FROM range({accounts}) AS numbers (i) UNION ALL
        SELECT 'A' || i, 'employee', 'E' || (hash('A' || i) % {people}), DATE '2026-10-01' + CAST(i % 40 AS INTEGER),
            DATE '9999-12-31' FROM range({accounts}) AS numbers (i) WHERE i % 10 < 4""")


def _fill(duck: Duck, table: str, rows: int, **given: str) -> None:
    kinds = duck_columns(CATALOGUE[table])
    columns = ", ".join(f"CAST({given.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in kinds.items())
    duck.run(f"CREATE TABLE {table} AS SELECT {columns} FROM range({rows}) AS numbers (i)")


if __name__ == "__main__":
    main()
