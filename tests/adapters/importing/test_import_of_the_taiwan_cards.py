"""The real book: six business dates through the mapping of the example, against a few lines of pandas."""

from datetime import date
from pathlib import Path

import duckdb
import holidays
import pandas as pd
import pytest

from adapters.importing import import_extract
from adapters.rule_files import read_document

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "taiwan-cards"
DATES = [
    date(2005, 9, 30),
    date(2005, 8, 31),
    date(2005, 7, 31),
    date(2005, 6, 30),
    date(2005, 5, 31),
    date(2005, 4, 30),
]
BUCKETS = """
    SELECT CASE WHEN days_past_due = 0 THEN 0 WHEN days_past_due > 180 THEN 7 ELSE (days_past_due + 29) // 30 END
        AS bucket, count(*) FROM '{file}' GROUP BY 1 ORDER BY 1
"""


def run(mapping: str, extract: Path, day: date, landing: Path):
    document, _ = read_document(EXAMPLE / mapping)
    assert document is not None
    report = import_extract(document, [extract], business_date=day, landing=landing, memory_limit="512MB", threads=2)
    assert report.issues == ()
    return {table.table: table for table in report.tables}


@pytest.fixture(scope="session")
def landed(shared_data, tmp_path_factory):
    """The tables of each date, and the folder in which they lie."""
    landing = tmp_path_factory.mktemp("landing")
    extract = shared_data / "taiwan-cards" / "cards.csv.gz"
    return landing, {day: run("cards.yaml", extract, day, landing) for day in DATES}


@pytest.fixture(scope="session")
def cards(shared_data):
    return pd.read_csv(shared_data / "taiwan-cards" / "cards.csv.gz")


def test_thirty_thousand_accounts_at_each_date_and_143103_payments_in_all(landed):
    _, tables = landed
    assert {day: (one["accounts"].rows, one["parties"].rows) for day, one in tables.items()} == dict.fromkeys(
        DATES, (30_000, 30_000)
    )
    assert sum(one["payments"].rows for one in tables.values()) == 143_103


@pytest.mark.parametrize("month", range(6))
def test_buckets_are_the_statuses_and_amounts_are_the_bills_and_payments(landed, cards, month):
    folder = landed[0] / DATES[month].isoformat()
    status, bill, paid = cards[f"X{6 + month}"], cards[f"X{12 + month}"], cards[f"X{18 + month}"]
    buckets = status.clip(0, 7).value_counts().sort_index()
    assert dict(duckdb.sql(BUCKETS.format(file=folder / "accounts.parquet")).fetchall()) == buckets.to_dict()
    sums = "sum(balance), sum(principal), sum(overdue_amount)"
    expected = (bill.sum(), bill.clip(lower=0).sum(), bill[status >= 1].clip(lower=0).sum())
    assert duckdb.sql(f"SELECT {sums} FROM '{folder}/accounts.parquet'").fetchone() == expected
    payments = "sum(amount), count(DISTINCT payment_id), min(posted_on), max(posted_on)"
    assert duckdb.sql(f"SELECT {payments} FROM '{folder}/payments.parquet'").fetchone() == (
        paid.sum(),
        (paid > 0).sum(),
        DATES[month],
        DATES[month],
    )


def test_the_staff_is_invented_says_so_and_fits_together(tmp_path):
    run("staff.yaml", EXAMPLE / "staff.csv", DATES[0], tmp_path)
    folder = tmp_path / DATES[0].isoformat()
    names = duckdb.sql(f"SELECT full_name FROM '{folder}/employees.parquet'").fetchall()
    assert all(name.startswith("Invented ") for (name,) in names)
    departments = f"SELECT DISTINCT department_id FROM '{folder}/staff_postings.parquet' ORDER BY 1"
    assert [row[0] for row in duckdb.sql(departments).fetchall()] == [
        "field",
        "legal",
        "phone_early",
        "phone_late",
        "restructuring",
    ]
    for table, rows in {"employees": 17, "employment": 17, "staff_postings": 17, "capacity": 17, "skills": 34}.items():
        assert duckdb.sql(f"SELECT count(*) FROM '{folder}/{table}.parquet'").fetchone() == (rows,)
    leaders = f"SELECT manager_id FROM '{folder}/staff_postings.parquet' WHERE role = 'collector'"
    assert {row[0] for row in duckdb.sql(leaders).fetchall()} == {"L01", "L02", "L03", "L04", "L05"}


def test_the_calendar_is_what_the_library_says(tmp_path):
    run("calendar.yaml", EXAMPLE / "calendar.csv", DATES[0], tmp_path)
    known = holidays.country_holidays("TW", years=2005, language="en_US")
    days = duckdb.sql(f"SELECT day, is_working_day, name FROM '{tmp_path}/2005-09-30/calendar.parquet'").fetchall()
    assert len(days) == 365
    assert days == [(day, known.is_working_day(day), known.get(day)) for day, _, _ in days]
