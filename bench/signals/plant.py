"""Planting: rows of October's landing files changed or added, as somebody would who wants to be paid for it.

Each planting is about one subject, of one kind, at one intensity. Two sets: the first was at hand when the house's
thresholds were chosen; the second, with other books, other subjects and other ways of doing the same, was not.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from adapters.duck import PARQUET_OPTIONS, duck_columns, quoted
from domain.catalogue import CATALOGUE

PLANTED_TABLES = ("payments", "contacts", "promises", "visits", "partner_claims")
FIRST, LAST_PLANTED = date(2026, 10, 1), date(2026, 10, 30)

Sql = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Way:
    """How a kind is planted: whose rows, `plant` with the intensity's number of rows (or percent), by set."""

    signal: str
    subjects: str
    levels: Mapping[int, tuple[int, ...]]
    plant: Callable[[Sql, str, int, int], None]


@dataclass(frozen=True, slots=True)
class Planted:
    """One planting; `rows` is how much of it."""

    signal: str
    subject: str
    level: int
    rows: int


def plant_all(landing: Path, facts: Path, chosen: Sequence[Planted], number: int) -> None:
    """Plant everything into the files of the days, by the ways of the set."""
    with opened(landing, facts) as book:
        for each in chosen:
            WAYS[each.signal].plant(book, each.subject, each.rows, number)


def choose(facts: Path, landing: Path, number: int, seed: int) -> tuple[Planted, ...]:
    """For each kind three subjects, one for each intensity; nobody has two kinds. Drawn by the seed of the book."""
    dice = random.Random(f"{number}:{seed}")
    taken: set[str] = set()
    found: list[Planted] = []
    with opened(landing, facts) as book:
        for signal, way in WAYS.items():
            able = [name for (name,) in book.execute(way.subjects).fetchall() if name not in taken]
            dice.shuffle(able)
            for level, rows in enumerate(way.levels[number], start=1):
                if able:
                    subject = able.pop()
                    taken.add(subject)
                    found.append(Planted(signal, subject, level, rows))
    return tuple(found)


@contextmanager
def opened(landing: Path, facts: Path) -> Iterator[Sql]:
    """October's rows of each planted table, with the day on which they landed; what has changed is written back."""
    with duckdb.connect(config={"memory_limit": "2GB", "threads": 2}) as book:
        for path in sorted(facts.glob("*.parquet")):
            book.execute(f"CREATE VIEW fact_{path.stem} AS FROM '{quoted(path)}'")
        book.execute("""CREATE TABLE owner AS SELECT account_id, owner_id FROM fact_dispatch
            WHERE valid_from <= DATE '2026-10-01' AND coalesce(valid_to, DATE '9999-12-31') > DATE '2026-10-30'""")
        book.execute("""CREATE TABLE handed_over AS
            SELECT now.account_id, now.owner_id FROM fact_dispatch AS now JOIN fact_dispatch AS before
                ON before.account_id = now.account_id AND before.valid_to = now.valid_from
            WHERE now.valid_from = DATE '2026-10-01' AND before.owner_id <> now.owner_id
                AND before.owner_kind <> 'house' AND now.owner_kind <> 'house'""")
        book.execute("""CREATE TABLE unmoved AS SELECT owner.account_id FROM owner JOIN fact_dispatch AS before
            ON before.account_id = owner.account_id AND before.owner_id = owner.owner_id
                AND before.valid_from <= DATE '2026-09-20'""")
        days = {name: _read(book, landing, name) for name in PLANTED_TABLES}
        yield book
        for name in PLANTED_TABLES:
            _write(book, landing, name, days[name])


def _read(book: Sql, landing: Path, name: str) -> tuple[date, ...]:
    days = [FIRST + timedelta(days=each) for each in range((LAST_PLANTED - FIRST).days + 1)]
    files = {day: landing / day.isoformat() / f"{name}.parquet" for day in days}
    parts = [f"SELECT *, DATE '{day}' AS landed_on FROM '{quoted(file)}'" for day, file in files.items()]
    book.execute(f"CREATE TABLE {name} AS {' UNION ALL '.join(parts)}")
    book.execute(f"CREATE TABLE clean_{name} AS FROM {name}")
    return tuple(days)


def _write(book: Sql, landing: Path, name: str, days: Sequence[date]) -> None:
    table = CATALOGUE[name]
    columns = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in duck_columns(table).items())
    touched = {
        day
        for (day,) in book.execute(
            f"SELECT DISTINCT landed_on FROM ((FROM {name} EXCEPT FROM clean_{name}) UNION ALL "
            f"(FROM clean_{name} EXCEPT FROM {name}))"
        ).fetchall()
    }
    for day in days:
        if day in touched:
            path = landing / day.isoformat() / f"{name}.parquet"
            part = path.with_suffix(".part")
            book.execute(
                f"COPY (SELECT {columns} FROM {name} WHERE landed_on = DATE '{day}' ORDER BY {', '.join(table.key)}) "
                f"TO '{quoted(part)}' ({PARQUET_OPTIONS})"
            )
            part.replace(path)


def _pay(book: Sql, rows: str, channel: str = "transfer") -> None:
    """Add payments: `rows` gives payment_id, account_id, paid_on, posted_on, amount, deposited_on."""
    book.execute(f"""
        INSERT INTO payments BY NAME
        SELECT p.*, p.amount AS principal, 0 AS interest, 0 AS fee, 0 AS waiver, a.currency, '{channel}' AS channel,
            NULL AS receipt, NULL AS reverses, p.posted_on AS landed_on
        FROM ({rows}) AS p JOIN fact_accounts AS a USING (account_id)""")


def _after_handover(book: Sql, subject: str, share: int, number: int) -> None:
    on, amount = ("2026-10-02", 400_000) if number == 1 else ("2026-10-03", 150_000)
    _pay(
        book,
        f"""SELECT 'XH' || account_id AS payment_id, account_id, DATE '{on}' AS paid_on, DATE '{on}' AS posted_on,
            {amount} AS amount, CAST(NULL AS DATE) AS deposited_on
        FROM (SELECT account_id, row_number() OVER (ORDER BY hash(account_id)) AS place, count(*) OVER () AS whole
            FROM handed_over WHERE owner_id = '{subject}') WHERE place * 100 <= whole * {share}""",
    )


def _reversed(book: Sql, subject: str, rows: int, number: int) -> None:
    first = 3 if number == 1 else 6
    book.execute(f"""
        INSERT INTO payments BY NAME
        SELECT 'XR' || c.payment_id AS payment_id, c.account_id, d.day AS paid_on, d.day AS posted_on,
            -c.recovered AS amount, -c.recovered AS principal, 0 AS interest, 0 AS fee, 0 AS waiver, c.currency,
            'transfer' AS channel, NULL AS receipt, CAST(NULL AS DATE) AS deposited_on, c.payment_id AS reverses,
            d.day AS landed_on
        FROM (SELECT *, row_number() OVER (ORDER BY posted_on DESC, payment_id) AS place FROM fact_credits
            WHERE owner_id = '{subject}' AND reason IS NULL AND recovered > 0 AND line = 1
                AND posted_on BETWEEN DATE '2026-09-01' AND DATE '2026-09-30'
                AND payment_id NOT IN (SELECT reverses FROM payments WHERE reverses IS NOT NULL)) AS c
        JOIN (SELECT range AS place, DATE '2026-10-01' + CAST({first} + range % 3 AS INTEGER) AS day FROM range(200))
            AS d USING (place)
        WHERE c.place <= {rows}""")


def _cash(book: Sql, subject: str, rows: int, number: int) -> None:
    kept = 7 if number == 1 else 5
    _pay(
        book,
        f"""SELECT 'XC' || account_id AS payment_id, account_id, DATE '2026-10-06' AS paid_on,
            DATE '2026-10-14' AS posted_on, 350000 AS amount, DATE '2026-10-06' + {kept} AS deposited_on
        FROM ({_some_accounts(subject, rows)})""",
        "cash",
    )


def _split(book: Sql, subject: str, rows: int, number: int) -> None:
    pieces = 3 if number == 1 else 4
    book.execute(f"""
        CREATE OR REPLACE TEMP TABLE cut AS SELECT * FROM payments WHERE amount > 0 AND reverses IS NULL AND waiver = 0
            AND posted_on > DATE '2026-10-04'
            AND account_id IN (SELECT account_id FROM owner WHERE owner_id = '{subject}')
        ORDER BY hash(payment_id) LIMIT {rows}""")
    for piece in range(1, pieces + 1):
        parts = {part: _piece(part, piece, pieces) for part in ("principal", "interest", "fee")}
        listed = ", ".join(f"{text} AS {part}" for part, text in parts.items())
        book.execute(f"""
            INSERT INTO payments BY NAME SELECT * REPLACE (payment_id || '-{piece}' AS payment_id,
                {" + ".join(parts.values())} AS amount, {listed}) FROM cut""")
    book.execute("DELETE FROM payments WHERE payment_id IN (SELECT payment_id FROM cut)")


def _piece(part: str, piece: int, pieces: int) -> str:
    """An even part in hundredths, the last one with what is left."""
    even = f"trunc({part} / {pieces})"
    return f"({part} - {even} * {pieces - 1})" if piece == pieces else f"({even})"


def _tier(book: Sql, subject: str, rows: int, number: int) -> None:
    """Pay what lacks of a tier so far that the small payments of the last days carry it over."""
    (whole,) = book.execute(f"""
        SELECT coalesce(sum(recovered), 0) FROM fact_credits WHERE owner_id = '{subject}' AND reason IS NULL
            AND recovered > 0 AND posted_on >= DATE '2026-10-01' AND posted_on <= DATE '2026-10-31'""").fetchone() or (
        0,
    )
    small = 250_000 if number == 1 else 180_000
    tier = next(each for each in (100_000_000, 200_000_000, 400_000_000, 10**12) if each > whole)
    lacking = int(tier - whole) - small * rows // 2
    _pay(
        book,
        f"""SELECT 'XB' || account_id AS payment_id, account_id, DATE '2026-10-12' AS paid_on,
            DATE '2026-10-12' AS posted_on, {lacking} AS amount, CAST(NULL AS DATE) AS deposited_on
        FROM ({_some_accounts(subject, 1)})""",
    )
    _pay(
        book,
        f"""SELECT 'XS' || account_id AS payment_id, account_id, DATE '2026-10-30' AS paid_on,
            DATE '2026-10-30' AS posted_on, {small} AS amount, CAST(NULL AS DATE) AS deposited_on
        FROM ({_some_accounts(subject, rows)})""",
    )


def _held(book: Sql, subject: str, rows: int, number: int) -> None:
    paid = "2026-09-25" if number == 1 else "2026-09-27"
    _pay(
        book,
        f"""SELECT 'XO' || account_id AS payment_id, account_id, DATE '{paid}' AS paid_on,
            DATE '2026-10-02' AS posted_on, 600000 AS amount, CAST(NULL AS DATE) AS deposited_on
        FROM ({_some_accounts(subject, rows, stable=True)})""",
    )


def _some_accounts(subject: str, rows: int, *, stable: bool = False) -> str:
    known = "AND account_id IN (SELECT account_id FROM unmoved)" if stable else ""
    return f"""SELECT account_id FROM owner JOIN fact_accounts USING (account_id)
        WHERE owner_id = '{subject}' AND currency = 'VND' AND status = 'open' {known}
        ORDER BY hash(account_id) LIMIT {rows}"""


def _fast(book: Sql, subject: str, rows: int, number: int) -> None:
    """The visits of some days, typed in the evening: each some minutes after the one before."""
    minutes = 5 if number == 1 else 9
    book.execute(f"""
        UPDATE visits SET made_at = s.made_at, recorded_at = greatest(visits.recorded_at, s.made_at)
        FROM (SELECT visit_id, landed_on, CAST(made_at AS DATE) + to_minutes(540 + {minutes} * CAST(row_number() OVER (
                PARTITION BY CAST(made_at AS DATE) ORDER BY hash(visit_id)) AS BIGINT)) AS made_at
            FROM visits WHERE employee_id = '{subject}' AND CAST(made_at AS DATE) IN (
                SELECT CAST(made_at AS DATE) AS day FROM visits WHERE employee_id = '{subject}' AND made_at IS NOT NULL
                GROUP BY 1 HAVING count(*) >= 3 ORDER BY hash(day) LIMIT {rows})) AS s
        WHERE visits.visit_id = s.visit_id AND visits.landed_on = s.landed_on""")


def _recorded(book: Sql, subject: str, share: int, number: int) -> None:
    """Some days' visits, recorded one after the other late in the evening, or early on the next morning."""
    at = "INTERVAL 21 HOUR" if number == 1 else "INTERVAL 30 HOUR"
    book.execute(f"""
        UPDATE visits SET recorded_at = s.recorded_at
        FROM (SELECT visit_id, landed_on, day + {at} + to_minutes(2 * place) AS recorded_at
            FROM (SELECT *, CAST(made_at AS DATE) AS day,
                    row_number() OVER (PARTITION BY CAST(made_at AS DATE) ORDER BY visit_id) AS place
                FROM visits WHERE employee_id = '{subject}' AND made_at IS NOT NULL)
            WHERE hash(day) % 100 < {share}) AS s
        WHERE visits.visit_id = s.visit_id AND visits.landed_on = s.landed_on""")


def _place(book: Sql, subject: str, share: int, number: int) -> None:
    """One tea house: the very spot, or some metres around it."""
    jitter = "0" if number == 1 else "CAST(hash(visit_id) % 30 AS DECIMAL(9,6)) * 0.000001"
    book.execute(f"""
        UPDATE visits SET latitude = 10.776510 + {jitter}, longitude = 106.700910
        WHERE employee_id = '{subject}' AND latitude IS NOT NULL AND hash(visit_id) % 100 < {share}""")


def _late(book: Sql, subject: str, rows: int, number: int) -> None:
    """Conversations of the month's last working evening that came to a promise, one after the other."""
    step = 2 if number == 1 else 1
    book.execute(f"""
        INSERT INTO contacts BY NAME
        SELECT * EXCLUDE (place) REPLACE (contact_id || '-L' AS contact_id,
            DATE '2026-10-30' + to_minutes(1005 + {step} * place) AS started_wall,
            DATE '2026-10-30' + to_minutes(585 + {step} * place) AS started_at, 'promise' AS outcome,
            CAST(45 AS BIGINT) AS duration_seconds, DATE '2026-10-30' AS landed_on)
        FROM (SELECT *, row_number() OVER (ORDER BY hash(contact_id)) AS place FROM contacts
            WHERE employee_id = '{subject}' AND channel = 'call') WHERE place <= {rows}""")


def _short(book: Sql, subject: str, rows: int, number: int) -> None:
    seconds, outcome = (3, "right_party") if number == 1 else (1, "refused")
    book.execute(f"""
        UPDATE contacts SET outcome = '{outcome}', duration_seconds = {seconds} WHERE contact_id IN (
            SELECT contact_id FROM contacts WHERE employee_id = '{subject}' AND channel = 'call'
                AND outcome = 'no_answer' ORDER BY hash(contact_id) LIMIT {rows})""")


def _promised_after(book: Sql, subject: str, rows: int, number: int) -> None:
    """A promise for what was booked on the day, or two days before."""
    days = 0 if number == 1 else 2
    book.execute(f"""
        INSERT INTO promises BY NAME
        SELECT 'XM' || payment_id AS promise_id, account_id, '{subject}' AS employee_id,
            CAST(NULL AS VARCHAR) AS partner_id, posted_on + {days} AS made_on, posted_on + {days} AS due_on,
            amount - waiver AS amount, currency, 'kept' AS state, posted_on + {days} AS landed_on
        FROM payments WHERE amount - waiver > 0 AND reverses IS NULL AND posted_on <= DATE '2026-10-27'
            AND account_id IN (SELECT account_id FROM owner WHERE owner_id = '{subject}')
        ORDER BY hash(payment_id) LIMIT {rows}""")


def _kept(book: Sql, subject: str, rows: int, number: int) -> None:
    """Broken promises set to kept; in the second set the largest ones."""
    order = "hash(promise_id)" if number == 1 else "amount DESC, promise_id"
    book.execute(f"""
        UPDATE promises SET state = 'kept' WHERE state = 'broken' AND promise_id IN (
            SELECT promise_id FROM promises WHERE employee_id = '{subject}' AND state = 'broken'
                AND made_on >= DATE '2026-10-01' ORDER BY {order} LIMIT {rows})""")


def _others(book: Sql, subject: str, rows: int, number: int) -> None:
    """Claims on what was paid on accounts that the partner never had: of the house, or of another partner."""
    whose = "account_id NOT IN (SELECT account_id FROM fact_placements)" if number == 1 else (
        f"account_id NOT IN (SELECT account_id FROM fact_placements WHERE partner_id = '{subject}') "
        "AND account_id IN (SELECT account_id FROM fact_placements)"
    )  # fmt: skip
    book.execute(f"""
        INSERT INTO partner_claims BY NAME
        SELECT 'XQ' || c.payment_id AS claim_id, '{subject}' AS partner_id, c.account_id,
            DATE '2026-10-03' AS claimed_on, DATE '2026-09-01' AS month, c.paid_on, c.recovered AS amount, c.currency,
            c.payment_id, DATE '2026-10-03' AS landed_on
        FROM (SELECT DISTINCT ON (payment_id) * FROM fact_credits WHERE recovered > 0
            AND posted_on BETWEEN DATE '2026-09-01' AND DATE '2026-09-30' AND {whose}) AS c
        ORDER BY hash(c.payment_id) LIMIT {rows}""")


def _rounded(book: Sql, subject: str, share: int, number: int) -> None:
    steps = {1: (100_000, 100), 2: (500_000, 1_000)}[number]
    step = f"CASE currency WHEN 'VND' THEN {steps[0]} ELSE {steps[1]} END"
    book.execute(f"""
        UPDATE partner_claims SET amount = ceil(amount / {step}) * {step}
        WHERE partner_id = '{subject}' AND payment_id IS NOT NULL AND hash(claim_id) % 100 < {share}""")


_VISITORS = """SELECT employee_id FROM visits WHERE made_at IS NOT NULL AND employee_id IS NOT NULL
    GROUP BY 1 HAVING count(*) >= 20 ORDER BY 1"""
_CALLERS = """SELECT employee_id FROM contacts WHERE channel = 'call' AND employee_id IS NOT NULL AND
    outcome = 'no_answer' GROUP BY 1 HAVING count(*) >= 80 ORDER BY 1"""
_PROMISED = """SELECT employee_id FROM promises WHERE state = 'broken' AND employee_id IS NOT NULL
    AND made_on >= DATE '2026-10-01' GROUP BY 1 HAVING count(*) >= 8 ORDER BY 1"""
_OWNERS = """SELECT owner_id FROM owner JOIN fact_accounts USING (account_id)
    JOIN fact_staff_postings AS s ON s.employee_id = owner_id
    WHERE currency = 'VND' AND status = 'open' AND s.role = 'collector' AND s.valid_to IS NULL
    GROUP BY 1 HAVING count(DISTINCT account_id) >= 30 ORDER BY 1"""
_STABLE = """SELECT owner_id FROM owner JOIN unmoved USING (account_id) JOIN fact_accounts USING (account_id)
    JOIN fact_staff_postings AS s ON s.employee_id = owner_id
    WHERE currency = 'VND' AND status = 'open' AND s.role = 'collector' AND s.valid_to IS NULL
    GROUP BY 1 HAVING count(DISTINCT account_id) >= 20 ORDER BY 1"""
_PAID = """SELECT owner_id FROM owner JOIN payments USING (account_id)
    JOIN fact_staff_postings AS s ON s.employee_id = owner_id WHERE s.role = 'collector'
    GROUP BY 1 HAVING count(DISTINCT payment_id) >= 40 ORDER BY 1"""
_HANDED = """SELECT owner_id FROM handed_over WHERE owner_id LIKE 'E%' GROUP BY 1 HAVING count(*) >= 15 ORDER BY 1"""
_CLAIMING = "SELECT partner_id FROM partner_claims GROUP BY 1 HAVING count(*) >= 15 ORDER BY 1"

WAYS: Mapping[str, Way] = {
    way.signal: way
    for way in (
        Way("travel_too_fast", _VISITORS, {1: (2, 5, 10), 2: (3, 6, 12)}, _fast),
        Way("recorded_after_shift", _VISITORS, {1: (30, 60, 100), 2: (40, 70, 90)}, _recorded),
        Way("same_place", _VISITORS, {1: (15, 40, 80), 2: (20, 50, 90)}, _place),
        Way("paid_after_reassignment", _HANDED, {1: (30, 60, 90), 2: (40, 70, 100)}, _after_handover),
        Way("reversed_after_cut_off", _PAID, {1: (4, 8, 16), 2: (5, 10, 20)}, _reversed),
        Way("cash_kept", _OWNERS, {1: (3, 6, 12), 2: (4, 8, 16)}, _cash),
        Way("split_payments", _PAID, {1: (2, 4, 8), 2: (3, 5, 10)}, _split),
        Way("just_above_tier", _OWNERS, {1: (6, 12, 24), 2: (8, 16, 30)}, _tier),
        Way("held_over", _STABLE, {1: (4, 8, 16), 2: (5, 10, 20)}, _held),
        Way("late_promises", _CALLERS, {1: (8, 16, 30), 2: (10, 20, 40)}, _late),
        Way("short_contacts", _CALLERS, {1: (5, 15, 40), 2: (7, 20, 60)}, _short),
        Way("promise_after_payment", _PAID, {1: (5, 10, 20), 2: (6, 12, 24)}, _promised_after),
        Way("kept_without_payment", _PROMISED, {1: (3, 6, 12), 2: (4, 8, 16)}, _kept),
        Way("claims_never_placed", _CLAIMING, {1: (3, 6, 12), 2: (4, 8, 16)}, _others),
        Way("claims_rounded_up", _CLAIMING, {1: (10, 30, 60), 2: (20, 40, 80)}, _rounded),
    )
}
