"""A partner's claims with every kind of difference put in by hand: what is found of each, and how long it takes.

    python -m bench.claims [LINES …]      100,000 and 1,000,000 lines without arguments

The book and the claims are invented: accounts with three payments of a month each, claimed by reference or by day and
amount, in parts and in sums; one account in five has one difference (`INJECTED`). Each side is a process of its own:
seconds of the processor and by the clock, and its peak memory. `--write` puts the table of the first size
into docs/partners/claims-bench.md.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from adapters.duck import Duck, duck_columns, open_duck
from adapters.settings import Settings
from domain.catalogue import CATALOGUE
from incentives.claims import outcomes, statements, views
from incentives.claims.asked import Asked
from incentives.claims.kinds import AGREED, Kind
from tasks.stages.claims_matching import match_claims

ROOT = Path(__file__).resolve().parent.parent
SIZES = (100_000, 1_000_000)
THREADS = 2
SEARCH_DAYS = 45
ASKED = Asked(
    partner="R01",
    currency="VND",
    dated_by="placed_on",
    first_day=date(2026, 7, 1),
    starts_on=date(2026, 9, 1),
    ends_on=date(2026, 10, 1),
    posted_until=date(2026, 10, 1),
    run_on=date(2026, 10, 8),
    looks_back_to=date(2026, 6, 1),
    tolerance=Decimal(500),
    tolerance_days=2,
    estimates=("ESTIMATE",),
    prepayments=("PREPAYMENT",),
    other_currencies=("CNY",),
)

# Ways in which lines agree, beside naming their payment or having its day and amount.
_AGREEING = ("plain", "plain", "plain", "plain", "parts", "unnamed_parts", "sum", "days", "round", "recalled_in_tail")
INJECTED = tuple(kind.value for kind in Kind)

# Kinds that are one of the whole account: it has a single payment, and a single line.
_OF_ACCOUNT = ("unknown_account", "not_under_contract", "never_placed", "before_placement", "placed_with_another",
               "after_recall", "after_term")  # fmt: skip
# Kinds of which the books have no payment: what is claimed was never received.
_UNBOOKED = ("estimate", "prepayment", "zero_amount", "negative_amount", "not_yet_paid", "unknown_account",
             "not_under_contract", "wrong_currency", "refused_at_gate", "too_old", "unknown_reference",
             "not_in_books")  # fmt: skip
_TWICE = ("duplicate_line", "duplicate_file", "over_claimed", "part_not_claimed", "parts", "unnamed_parts")


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] == "measured":
        json.dump(measured(int(sys.argv[2])), sys.stdout)
        return
    wanted = [int(each) for each in sys.argv[1:] if each.isdigit()] or SIZES
    found = {lines: _in_process(lines) for lines in wanted}
    for each in found.values():
        print("\n".join(speed_of(each)))
    print("\n".join(table_of(found[wanted[0]])))
    if "--write" in sys.argv:
        text = [
            *_HEADING,
            *(line for each in found.values() for line in speed_of(each)),
            "",
            *table_of(found[wanted[0]]),
        ]
        (ROOT / "docs" / "partners" / "claims-bench.md").write_text("\n".join(text) + "\n", encoding="utf-8")


_HEADING = (
    "# Claims with differences put in by hand",
    "",
    "Written by `python -m bench.claims --write`. The book and the claims are invented. How each difference is put in:",
    "[bench/claims.py](../../bench/claims.py); what the kinds mean: [settlement](settlement.md#kinds).",
    "",
)


def measured(lines: int) -> dict[str, object]:
    """What is found of so many lines, beside what was put in, and what it took."""
    with tempfile.TemporaryDirectory(prefix="recoup-claims-") as folder:
        home = Path(folder)
        with session(home) as duck:
            write_book(duck, home, lines)
        with session(home) as duck:
            begun, spent = time.perf_counter(), time.process_time()
            open_book(duck, home)
            match_claims(duck, ASKED, SEARCH_DAYS)
            ours = duck.read(statements.unclaimed(ASKED))
            duck.read(statements.counts_of_lines())
            duck.read(statements.counts_of_bookings())
            duck.write_parquet(outcomes.matches(), home / "matches.parquet")
            duck.arrow(statements.differences())
            seconds, processor = time.perf_counter() - begun, time.process_time() - spent
            peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            sent = duck.run("SELECT count(*) FROM claims_sent").fetchone()[0]
            by_hand = duck.run("SELECT count(*) FROM crowded_pairs").fetchone()[0]
            confusion = confused(duck, home, ours)
    return {
        "lines": sent,
        "seconds": seconds,
        "processor": processor,
        "peak_mib": peak_mib,
        "in_python": by_hand,
        "found": confusion,
    }


@contextmanager
def session(home: Path) -> Iterable[Duck]:
    with open_duck(Settings(home=home, threads=THREADS, memory_limit="4GB")) as duck:
        yield duck


def write_book(duck: Duck, home: Path, lines: int) -> None:
    """Parquet files of the book, of the claims and of what is right (`truth`)."""
    for name, sql in _book(lines).items():
        duck.run(f"CREATE TABLE made_{name} AS {sql}")
    for name in ("accounts", "placements", "payments", "sent", "concluded", "truth"):
        duck.run(f"COPY (FROM made_{name}) TO '{home / name}.parquet' (FORMAT parquet)")


def open_book(duck: Duck, home: Path) -> None:
    """The session that matching asks for (`tasks.stages.claims_matching`)."""
    for name in ("accounts", "placements", "payments"):
        every = ", ".join(
            f'"{column}"' if column in _COLUMNS[name] else f'CAST(NULL AS {kind}) AS "{column}"'
            for column, kind in duck_columns(CATALOGUE[name]).items()
        )
        duck.run(f"CREATE VIEW {name} AS SELECT {every} FROM read_parquet('{home / name}.parquet')")
    duck.run(f"CREATE VIEW claims_sent AS FROM read_parquet('{home / 'sent'}.parquet')")
    duck.run(f"CREATE VIEW payments_concluded AS FROM read_parquet('{home / 'concluded'}.parquet')")
    for table in (views.CONCLUDED_LINES, views.TERMS, views.JUDGED, views.CYCLES):
        duck.create_table(table.name, duck_columns(table), [])
    duck.run("INSERT INTO claim_terms VALUES (DATE '2025-01-01', DATE '9999-12-31', false, 30, false, 30)")
    for month in (7, 8, 9):
        starts, ends = date(2026, month, 1), date(2026, month + 1, 1)
        duck.run("INSERT INTO claim_cycles VALUES (?, ?, ?, ?)", (starts, ends, ends, ends + timedelta(days=9)))


def confused(duck: Duck, home: Path, ours: Iterable[Mapping[str, object]]) -> list[tuple[str, str, int]]:
    """What was put in, what was found, and how often; of our own records by their payment."""
    truth = f"read_parquet('{home / 'truth'}.parquet')"
    rows = duck.run(
        f"SELECT coalesce(truth.kind, '{AGREED}'), outcome.kind, count(*) FROM claim_outcomes AS outcome "
        f"LEFT JOIN {truth} AS truth ON truth.subject = outcome.claim_id GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    expected = dict(duck.run(f"SELECT subject, kind FROM {truth} WHERE kind LIKE '%not_claimed'").fetchall())
    listed = {str(each["payment_id"]): str(each["kind"]) for each in ours}
    counted = Counter((expected.get(key, AGREED), listed.get(key, AGREED)) for key in {*expected, *listed})
    return [*rows, *((one, other, number) for (one, other), number in sorted(counted.items()))]


def rates_of(found: Iterable[tuple[str, str, int]]) -> dict[str, tuple[int, int, int]]:
    """By kind: how many were put in, how many were listed under it, and how many of these rightly."""
    put, listed, right = Counter[str](), Counter[str](), Counter[str]()
    for truth, kind, number in found:
        put[truth] += number
        listed[kind] += number
        right[kind] += number if truth == kind else 0
    return {kind: (put[kind], listed[kind], right[kind]) for kind in (AGREED, *INJECTED)}


def table_of(each: Mapping[str, object]) -> list[str]:
    rows = ["| kind | put in | listed | rightly | precision | recall |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for kind, (put, listed, right) in rates_of(each["found"]).items():
        precision, recall = (f"{100 * right / of:.2f} %" if of else "–" for of in (listed, put))
        rows.append(f"| {kind} | {put:,} | {listed:,} | {right:,} | {precision} | {recall} |")
    return rows


def speed_of(each: Mapping[str, object]) -> list[str]:
    clock = f"{each['seconds']:.1f} s by the clock on {THREADS} threads"
    spent = f"{each['processor']:.1f} s of the processor, {clock}, peak {each['peak_mib']:,} MiB"
    return [f"{each['lines']:,} lines: {spent}; {each['in_python']:,} of the pairs made in Python.", ""]


def _in_process(lines: int) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.claims", "measured", str(lines)], capture_output=True, check=True, cwd=ROOT
    )
    return json.loads(done.stdout)


_COLUMNS = {
    "accounts": ("account_id", "currency"),
    "placements": ("placement_id", "account_id", "partner_id", "placement_number", "placed_on", "currency",
                   "term_ends_on", "recalled_on"),
    "payments": ("payment_id", "account_id", "paid_on", "posted_on", "amount", "waiver", "currency", "reverses"),
}  # fmt: skip


def _book(lines: int) -> dict[str, str]:
    """SQL of each table, in the order in which they are made."""
    accounts = max(lines * 100 // 275, len(INJECTED) * 6)
    return {
        "case": _cases(accounts),
        "booked": _booked(),
        "accounts": _accounts(),
        "placements": _placements(),
        "payments": _payments(),
        "claimed": _claimed(),
        "sent": _sent(),
        "concluded": _concluded(),
        "truth": _truth(),
    }


def _cases(accounts: int) -> str:
    """One row for each account: what is put in, and a scale for its amounts."""
    kinds, agreeing = (f"[{', '.join(repr(each) for each in names)}]" for names in (INJECTED, _AGREEING))
    return f"""
        SELECT n, 'A' || lpad(CAST(n AS VARCHAR), 9, '0') AS account_id,
            CASE WHEN n % 5 = 0 THEN {kinds}[1 + n // 5 % {len(INJECTED)}]
                ELSE {agreeing}[1 + CAST(hash(n, 'way') % {len(_AGREEING)} AS BIGINT)] END AS kind,
            CAST(200000 + CAST(hash(n, 'scale') % 900 AS BIGINT) * 1000 AS DECIMAL(18,4)) AS scale
        FROM (SELECT range AS n FROM range({accounts}))"""


def _booked() -> str:
    """The payments as they would be if nothing were wrong: three a week apart; what is of a whole account has one."""
    return f"""
        SELECT n, account_id, kind, j, 'P' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || j AS payment_id,
            CASE WHEN j = 0 AND kind = 'before_first_cycle' THEN DATE '2026-06-20'
                WHEN j = 0 AND kind = 'claimed_late' THEN DATE '2026-07-10'
                WHEN j = 0 AND kind = 'later_cycle' THEN DATE '2026-10-01'
                ELSE DATE '2026-09-03' + j * 7 END AS paid_on,
            scale + j * 17000 AS amount
        FROM made_case CROSS JOIN (SELECT CAST(range AS INTEGER) AS j FROM range(3))
        WHERE j = 0 OR kind NOT IN {_OF_ACCOUNT}"""


def _accounts() -> str:
    return """
        SELECT account_id, CASE WHEN kind = 'not_under_contract' THEN 'USD' ELSE 'VND' END AS currency
        FROM made_case WHERE kind <> 'unknown_account'"""


def _placements() -> str:
    return """
        SELECT 'L' || n AS placement_id, account_id,
            CASE WHEN kind = 'placed_with_another' THEN 'R02' ELSE 'R01' END AS partner_id, 1 AS placement_number,
            CASE WHEN kind = 'before_placement' THEN DATE '2026-09-25'
                WHEN kind = 'too_old' THEN DATE '2026-01-05' ELSE DATE '2026-03-01' END AS placed_on,
            'VND' AS currency,
            CASE WHEN kind = 'after_term' THEN DATE '2026-07-15' ELSE DATE '2027-03-01' END AS term_ends_on,
            CASE WHEN kind = 'after_recall' THEN DATE '2026-07-15'
                WHEN kind = 'recalled_in_tail' THEN DATE '2026-09-01' END AS recalled_on
        FROM made_case WHERE kind NOT IN ('never_placed', 'unknown_account')"""


def _payments() -> str:
    """What is booked: without what was never received, with waivers, and with what was taken back."""
    return f"""
        WITH kept AS (SELECT * FROM made_booked WHERE j > 0 OR kind NOT IN {_UNBOOKED}),
        booked AS (
            SELECT payment_id, account_id, paid_on, paid_on + 1 AS posted_on,
                CASE WHEN j = 0 AND kind = 'waiver_as_cash' THEN amount + 40000 ELSE amount END AS amount,
                CASE WHEN j = 0 AND kind = 'waiver_as_cash' THEN 40000
                    WHEN j = 0 AND kind = 'nothing_counts' THEN amount ELSE 0 END AS waiver,
                CAST(NULL AS VARCHAR) AS reverses
            FROM kept
        ), reversed AS (
            SELECT 'T' || payment_id, account_id, paid_on,
                CASE WHEN kind = 'reversed_after' THEN DATE '2026-10-05' ELSE DATE '2026-09-20' END,
                CASE WHEN kind = 'partly_reversed' THEN -CAST(amount // 2 AS DECIMAL(18,4)) ELSE -amount END, 0,
                payment_id
            FROM kept
            WHERE j = 0 AND kind IN ('reversed_before', 'reversed_after', 'partly_reversed', 'is_reversal')
        )
        SELECT payment_id, account_id, paid_on, posted_on, CAST(amount AS DECIMAL(18,4)) AS amount,
            CAST(waiver AS DECIMAL(18,4)) AS waiver, 'VND' AS currency, reverses
        FROM (FROM booked UNION ALL FROM reversed)"""


def _claimed() -> str:
    """The lines, one for each payment, with what is put in; some payments have two, and one line has two payments."""
    return f"""
        SELECT *, CASE WHEN j > 0 OR kind IN ('plain', 'round', 'days', 'recalled_in_tail') THEN 'agreed'
            WHEN kind IN ('parts', 'unnamed_parts', 'sum', 'part_not_claimed') THEN 'agreed'
            WHEN kind IN ('duplicate_line', 'duplicate_file', 'over_claimed') AND copy = 0 THEN 'agreed'
            ELSE kind END AS truth,
            j > 0 AND hash(n, j, 'named') % 5 < 2 OR j = 0 AND kind IN ('plain', 'days') AND hash(n, 'named') % 2 = 0
                AS is_unnamed
        FROM made_booked CROSS JOIN (VALUES (0), (1)) AS copies (copy)
        WHERE (copy = 0 OR j = 0 AND kind IN {_TWICE}) AND NOT (j = 0 AND kind = 'not_claimed')
            AND NOT (j = 0 AND kind = 'sum')"""


def _sent() -> str:
    return """
        SELECT 'C' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || j || '-' || copy AS claim_id, 'R01' AS partner_id,
            account_id,
            DATE '2026-10-03' + CASE WHEN kind = 'duplicate_file' AND copy = 1 THEN 3 ELSE 0 END AS claimed_on,
            CAST(date_trunc('month', CASE WHEN j = 0 AND kind = 'wrong_period' THEN DATE '2026-08-01' ELSE paid_on END)
                AS DATE) AS month,
            CASE WHEN j > 0 THEN paid_on
                WHEN kind = 'not_yet_paid' THEN DATE '2026-10-05'
                WHEN kind = 'too_old' THEN DATE '2026-01-10'
                WHEN kind = 'wrong_date' THEN paid_on + 4
                WHEN kind = 'days' THEN paid_on + 2
                WHEN kind = 'unnamed_parts' THEN paid_on + copy
                ELSE paid_on END AS paid_on,
            CAST(CASE WHEN kind = 'sum' AND j = 1 THEN 2 * amount - 17000 WHEN j > 0 THEN amount
                WHEN kind = 'zero_amount' THEN 0
                WHEN kind = 'negative_amount' THEN -amount
                WHEN kind = 'waiver_as_cash' THEN amount + 40000
                WHEN kind = 'amount_above' THEN amount + 14000
                WHEN kind = 'amount_below' THEN amount - 14000
                WHEN kind = 'round' THEN amount + 400
                WHEN kind IN ('parts', 'unnamed_parts') THEN CASE WHEN copy = 0 THEN 80000 ELSE amount - 80000 END
                WHEN kind = 'part_not_claimed' THEN 60000 + 10000 * copy
                WHEN kind = 'over_claimed' AND copy = 1 THEN 50000
                ELSE amount END AS DECIMAL(18,4)) AS amount,
            CASE WHEN j = 0 AND kind IN ('wrong_currency') THEN 'CNY'
                WHEN kind = 'not_under_contract' THEN 'USD' ELSE 'VND' END AS currency,
            CASE WHEN is_unnamed THEN NULL WHEN kind = 'sum' AND j = 1 THEN NULL
                WHEN j > 0 THEN payment_id
                WHEN kind = 'estimate' THEN 'ESTIMATE-' || n
                WHEN kind = 'prepayment' THEN 'prepayment ' || n
                WHEN kind IN ('too_old', 'not_in_books', 'unnamed_parts') THEN NULL
                WHEN kind = 'is_reversal' THEN 'T' || payment_id
                WHEN kind = 'wrong_reference' THEN 'P' || lpad(CAST(n + 1 AS VARCHAR), 9, '0') || '-0'
                ELSE payment_id END AS payment_id,
            j = 0 AND kind = 'refused_at_gate' AS is_refused
        FROM made_claimed"""


def _concluded() -> str:
    return """
        SELECT payment_id, CASE WHEN kind = 'settled_with_another' THEN 'R02' ELSE 'R01' END AS partner_id,
            CAST(CASE WHEN kind = 'rejected_before' THEN 0 ELSE amount END AS DECIMAL(18,4)) AS amount,
            kind = 'rejected_before' AS is_rejected
        FROM made_booked WHERE j = 0 AND kind IN ('settled_with_another', 'settled_before', 'rejected_before')"""


def _truth() -> str:
    return """
        SELECT 'C' || lpad(CAST(n AS VARCHAR), 9, '0') || '-' || j || '-' || copy AS subject, truth AS kind
        FROM made_claimed
        UNION ALL
        SELECT payment_id, kind FROM made_booked WHERE j = 0 AND kind IN ('not_claimed', 'part_not_claimed')"""


if __name__ == "__main__":
    main()
