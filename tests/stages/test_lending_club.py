"""A real loan book with the defects of its file: what the import refuses, what the gate sets aside, by pandas too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import duckdb
import pandas as pd
import pytest

from adapters.importing import import_extract
from adapters.rule_files import read_document
from adapters.settings import PROJECT, Settings
from adapters.store.results import read_verdict
from adapters.store.signatures import sign
from adapters.world import open_world
from domain.documents import Document
from domain.manifest import Stage
from domain.records import Outcome, Verdict
from tasks.stages.rules import sound_rules
from tests.conftest import SteppingClock
from tests.stages.conftest import night_of

pytestmark = pytest.mark.slow

EXAMPLE = PROJECT / "docs" / "examples" / "lending-club"
# The book is taken over on a Sunday without payments, so that the first month-end has balances to compare with.
OPENING, DATES = date(2013, 2, 24), (date(2013, 2, 28), date(2013, 3, 31))
PARTS = {"principal": "total_rec_prncp", "interest": "total_rec_int", "fee": "total_rec_late_fee"}


@dataclass(frozen=True, slots=True)
class Landed:
    verdict: Verdict
    tables: dict[str, pd.DataFrame]
    left_out: dict[str, int]


@pytest.fixture(scope="module")
def extract(shared_data):
    return shared_data / "lending-club" / "loans.csv.gz"


@pytest.fixture(scope="module")
def loans(extract):
    """Every value as the text that the file has."""
    return pd.read_csv(extract, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def address(tmp_path_factory, shared_data):
    path = tmp_path_factory.mktemp("loans") / "loans.duckdb"
    statement = (EXAMPLE / "loans.sql").read_text(encoding="utf-8").replace("../shared/data", str(shared_data))
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
    return f"duckdb:///{path}"


@pytest.fixture(scope="module")
def nights(tmp_path_factory, extract, address):
    settings = Settings(
        home=tmp_path_factory.mktemp("lending") / "home", jurisdiction="US", time_zone="America/New_York"
    )
    world = open_world(settings, clock=SteppingClock())
    sign(world.store, sound_rules(settings.rules).contents(), proposer="proposer", signer="signer")
    found = {}
    for day in (OPENING, *DATES):
        left_out, tables = {}, {}
        for mapping, files in (("loans", []), ("fees", []), ("calendar", [EXAMPLE / "calendar.csv"])):
            document, issues = read_document(EXAMPLE / f"{mapping}.yaml")
            assert not issues
            report = import_extract(
                document,
                files,
                business_date=day,
                landing=settings.landing,
                memory_limit="1GB",
                threads=2,
                environment={"LENDING_CLUB_URL": address},
            )
            assert not report.failed, report.issues
            left_out |= {table.table: table.rows_left_out for table in report.tables}
            tables |= {table.table: pd.read_parquet(table.path) for table in report.tables}
        night = night_of(world, day, (Stage.GATE,))
        with world.store.read() as connection:
            found[day] = Landed(read_verdict(connection, night.run, day), tables, left_out)
    return found


def cents(text):
    return Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)


def summed(column):
    return sum(map(cents, column), Decimal(0))


def ended_in(loans, day):
    return loans[loans.last_pymnt_d == f"{day:%Y-%m}-01"]


def test_no_night_is_halted(nights):
    for day, landed in nights.items():
        halting = [c for t in landed.verdict.tables for c in t.checks if c.outcome is Outcome.HALT]
        assert landed.verdict.halted == frozenset(), (day, halting)


def test_the_file_as_it_is_is_refused_with_the_number_of_values_that_rounding_would_change(extract, loans, tmp_path):
    """What follows the fourth digit is the remainder of binary fractions; a mapping rounds nothing, and says so."""
    columns = ("total_rec_late_fee", "recoveries", "collection_recovery_fee", "total_pymnt")
    lines = "".join(f"      {column}: {{from: {column}, type: money}}\n" for column in columns)
    text = (
        "title: As it is\nsource: {format: csv, encoding: utf-8, delimiter: ','}\ntables:\n  partners:\n    fields:\n"
        f"{lines}    rows: {' + '.join(columns)} > -1\n    columns:\n      partner_id: {{from: id}}\n"
        "      name: {from: title}\n      legal_type: {constant: agency}\n      jurisdiction: {constant: US}\n"
        "      active_from: {from: issue_d}\n      accounts_at_most: {constant: 1}\n"
    )
    path = tmp_path / "as_it_is.yaml"
    path.write_text(text, encoding="utf-8")
    document, _ = read_document(path)
    assert isinstance(document, Document)
    report = import_extract(document, [extract], business_date=OPENING, landing=tmp_path, memory_limit="1GB", threads=2)
    finer = {column: int(loans[column].str.contains(r"\.\d{4}0*[1-9]").sum()) for column in columns}
    assert finer == {
        "total_rec_late_fee": 2_203,
        "recoveries": 24,
        "collection_recovery_fee": 847,
        "total_pymnt": 36_690,
    }
    assert report.failed
    counted = (re.match(r"partners\.(\w+): (\d+) values", i.message) for i in report.issues if i.code == "IMP041")
    assert {match[1]: int(match[2]) for match in counted if match} == finer


def test_the_known_defects_are_those_of_the_file(loans):
    parts = [*PARTS.values(), "recoveries"]
    off = loans.apply(lambda row: sum(cents(row[part]) for part in parts) - cents(row.total_pymnt), axis=1)
    charged_off = loans.loan_status.str.contains("Charged Off")
    rate = loans.collection_recovery_fee.astype(float) / loans.recoveries.astype(float).replace(0, float("nan"))
    assert len(loans) == 42_535
    assert (loans.id == "").all()
    assert not loans.duplicated().any()
    assert set(off) == {Decimal("-0.01"), Decimal(0), Decimal("0.01")}
    assert int(charged_off.sum()) == 6_431
    assert int((charged_off & (loans.last_pymnt_d == "")).sum()) == int((loans.last_pymnt_d == "").sum()) == 83
    assert summed(loans.recoveries) == Decimal("4341987.55")
    clusters = {0: (0, 0), 1: (0.005, 0.015), 18: (0.17, 0.19), 35: (0.33, 0.37)}
    found = {per_cent: int(rate.between(*limits, inclusive="both").sum()) for per_cent, limits in clusters.items()}
    assert found == {0: 2_040, 1: 2_657, 18: 813, 35: 283}


def test_the_gate_sets_aside_every_charge_off_without_a_date_and_nothing_else(loans, nights):
    undated = {f"L{row + 1}" for row in loans.index[loans.last_pymnt_d == ""]}
    for landed in nights.values():
        tables = {table.table: table for table in landed.verdict.tables}
        accounts = landed.tables["accounts"]
        lost = accounts[(accounts.status == "charged_off") & accounts.charged_off_on.isna()]
        assert set(lost.account_id) == undated
        assert tables["accounts"].totals.quarantined == len(undated)
        assert {name for name, table in tables.items() if table.totals.quarantined} == {"accounts"}
        assert all(table.totals.tie_out and table.totals.duplicate == 0 for table in tables.values())


def test_every_row_of_the_file_is_taken_or_counted_as_left_out(loans, nights):
    for landed in nights.values():
        assert len(landed.tables["accounts"]) + landed.left_out["accounts"] == len(loans)
        assert len(landed.tables["payments"]) + landed.left_out["payments"] == 2 * len(loans)
        assert len(landed.tables["cases"]) + landed.left_out["cases"] == len(loans)


@pytest.mark.parametrize("day", DATES)
def test_what_was_paid_ties_out_to_the_cent(loans, nights, day):
    ended, payments = ended_in(loans, day), nights[day].tables["payments"]
    regular, recovered = (payments[payments.payment_id.str.startswith(kind)] for kind in ("P", "R"))
    for column, source in PARTS.items():
        assert regular[column].sum() == summed(ended[source]), column
    assert recovered.amount.sum() == recovered.principal.sum() == summed(ended.recoveries)
    assert abs(payments.amount.sum() - summed(ended.total_pymnt)) <= len(ended) * Decimal("0.01")


@pytest.mark.parametrize("day", DATES)
def test_what_was_never_repaid_is_what_the_book_still_has(loans, nights, day):
    accounts = nights[day].tables["accounts"]
    lost = loans[loans.loan_status.str.contains("Charged Off") & (loans.last_pymnt_d <= day.isoformat())]
    owed = lost.apply(
        lambda row: max(cents(row.funded_amnt) - cents(row.total_rec_prncp) - cents(row.recoveries), Decimal(0)), axis=1
    )
    assert accounts[accounts.status == "charged_off"].balance.sum() == owed.sum()
    assert accounts[accounts.status == "closed"].balance.sum() == 0


@pytest.mark.parametrize("day", DATES)
def test_fees_and_settlements_are_those_of_pandas(loans, nights, day):
    costs, cases = nights[day].tables["costs"], nights[day].tables["cases"]
    known = loans[(loans.last_pymnt_d != "") & (loans.last_pymnt_d <= day.isoformat())]
    assert costs.amount.sum() == summed(known.collection_recovery_fee)
    assert len(cases) == int((loans.settlement_date == f"{day:%b-%Y}").sum()) > 0
