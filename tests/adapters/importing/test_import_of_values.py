"""What a text becomes, by its column: a table of cases, and numbers that keep every digit."""

import random
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.duck import duck_columns
from domain.catalogue import CATALOGUE
from domain.showing import shown

at = datetime.fromisoformat
VIETNAM = "{format: csv, delimiter: ';', encoding: utf-8, decimal_mark: ',', thousands_mark: '.'}"
PLAIN = "{format: csv, delimiter: ';', encoding: utf-8}"


@pytest.mark.parametrize(
    ("source", "how", "text", "amount"),
    [
        (VIETNAM, "{from: amount}", "1.234,56", "1234.56"),
        (VIETNAM, "{from: amount}", "1.234.567", "1234567"),
        (VIETNAM, "{from: amount}", "1234,5", "1234.5"),
        (VIETNAM, "{from: amount}", ",5", "0.5"),
        (VIETNAM, "{from: amount}", "-1.000,00", "-1000"),
        (VIETNAM, "{from: amount}", "1.23", "IMP040"),
        (VIETNAM, "{from: amount}", "1.2345", "IMP040"),
        (VIETNAM, "{from: amount}", "1,234.56", "IMP040"),
        (VIETNAM, "{from: amount}", "12.34.567", "12 34 567"),
        (PLAIN, "{from: amount}", "  12.30  ", "12.3"),
        (PLAIN, "{from: amount}", "+7", "7"),
        (PLAIN, "{from: amount}", "12-", "-12"),
        (PLAIN, "{from: amount}", "(12.5)", "-12.5"),
        (PLAIN, "{from: amount}", "(-12)", "IMP040"),
        (PLAIN, "{from: amount}", "--12", "IMP040"),
        (PLAIN, "{from: amount}", "12.", "12"),
        (PLAIN, "{from: amount}", ".", "IMP040"),
        (PLAIN, "{from: amount}", "1 234", "IMP040"),
        (PLAIN, "{from: amount}", "１２", "IMP040"),
        (PLAIN, "{from: amount}", "NaN", "IMP040"),
        (PLAIN, "{from: amount}", "1e5", "IMP040"),
        (PLAIN, "{from: amount}", "0x10", "IMP040"),
        (PLAIN, "{from: amount}", "1.23456", "IMP041"),
        (PLAIN, "{from: amount}", "1.2345000", "1.2345"),
        (PLAIN, "{from: amount}", "99999999999999.9999", "99999999999999.9999"),
        (PLAIN, "{from: amount}", "100000000000000", "IMP042"),
        (PLAIN, "{from: amount}", "", None),
        (PLAIN, "{from: amount, default: 5}", "", "5"),
        (PLAIN, "{from: amount, default: 5}", "x", "IMP040"),
        (PLAIN, "{from: amount, sign: negate}", "12.5", "-12.5"),
        (PLAIN, "{from: amount, scale: 0.01}", "12345", "123.45"),
        (PLAIN, "{from: amount, scale: 0.01}", "1.234", "IMP041"),
        (PLAIN, "{from: amount, scale: 1000, sign: negate}", "1.5", "-1500"),
        (PLAIN, "{from: amount, scale: 1000}", "99999999999999", "IMP042"),
        (PLAIN, "{from: amount, scale: 1000}", "99999999999999999999999999", "IMP042"),
        (PLAIN, "{from: amount, scale: 0.001}", "123456789012345.55", "IMP041"),
        (PLAIN, "{from: amount, scale: 0.001}", "123456789012345", "123456789012.345"),
        (PLAIN, "{from: amount, codes: {none: 0, full: 99.5}}", "full", "99.5"),
        (PLAIN, "{from: amount, codes: {none: 0, full: 99.5}}", "half", "IMP044"),
    ],
)
def test_amounts(bench, costs, source, how, text, amount):
    report = bench.run(costs(source, amount=how), f"id;amount\n1;{text}\n")
    if str(amount).startswith("IMP"):
        assert [(issue.code, issue.location.line, issue.location.column) for issue in report.issues] == [(amount, 2, 2)]
        assert shown(text.strip()) in report.issues[0].message
    else:
        assert report.issues == ()
        assert bench.rows("costs", "amount") == [(None if amount is None else Decimal(amount.replace(" ", "")),)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.00E+05", "100000"),
        ("-1.5e2", "-150"),
        ("12", "12"),
        ("1.234567E+01", "IMP041"),
        ("1E+30", "IMP042"),
        ("1E-3", "IMP040"),
        ("10E+3", "IMP040"),
    ],
)
def test_exponents_where_the_mapping_allows_them(bench, costs, text, amount):
    source = "{format: csv, delimiter: ';', exponents: true}"
    report = bench.run(costs(source), f"id;amount\n1;{text}\n")
    if amount.startswith("IMP"):
        assert [issue.code for issue in report.issues] == [amount]
    else:
        assert bench.rows("costs", "amount") == [(Decimal(amount),)]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=4), min_size=1, max_size=40),
    st.sampled_from([(".", ""), (",", "."), (".", ","), (",", "\u00a0"), (".", "'")]),
    st.sampled_from(["in front", "behind", "brackets"]),
)
def test_an_amount_is_read_back_as_it_was_written(bench, costs, amounts, marks, minus):
    point, thousands = marks
    source = f'{{format: csv, delimiter: ";", encoding: utf-8, decimal_mark: "{point}", thousands_mark: "{thousands}"}}'
    lines = [f"{index:03d};{spelt(amount, point, thousands, minus)}" for index, amount in enumerate(amounts)]
    report = bench.run(costs(source), "\n".join(["id;amount", *lines]) + "\n")
    assert report.issues == ()
    assert [row[0] for row in bench.rows("costs", "amount")] == amounts


def spelt(amount, point, thousands, minus):
    digits = f"{abs(amount):,f}".replace(",", "t").replace(".", point).replace("t", thousands)
    if amount >= 0:
        return digits
    return {"in front": f"-{digits}", "behind": f"{digits}-", "brackets": f"({digits})"}[minus]


ACCOUNT = {
    "account_id": "{from: id}",
    "debtor_id": "{from: id}",
    "product": "{constant: card}",
    "branch_id": "{constant: B}",
    "region": "{constant: R}",
    "language": "{constant: vi}",
    "currency": "{constant: VND}",
    "jurisdiction": "{constant: VN}",
    "time_zone": "{constant: Asia/Ho_Chi_Minh}",
    "originator": "{constant: O}",
    "opened_on": "{constant: 2020-01-01}",
    "principal": "{constant: 0}",
    "balance": "{constant: 0}",
    "overdue_amount": "{constant: 0}",
    "days_past_due": "{constant: 0}",
    "status": "{constant: open}",
    "hold": "{constant: none}",
    "consent": "{constant: true}",
}


def accounts(source=PLAIN, before="", **columns):
    lines = "".join(f"      {name}: {how}\n" for name, how in {**ACCOUNT, **columns}.items())
    return f"title: Accounts\nsource: {source}\ntables:\n  accounts:\n{before}    columns:\n{lines}"


@pytest.mark.parametrize(
    ("column", "how", "text", "value"),
    [
        ("opened_on", "{from: x}", "2005-09-30", date(2005, 9, 30)),
        ("opened_on", "{from: x}", "30/09/2005", "IMP043"),
        ("opened_on", "{from: x, date_format: '%d/%m/%Y'}", "30/09/2005", date(2005, 9, 30)),
        ("opened_on", "{from: x, date_format: '%d/%m/%Y'}", "31/09/2005", "IMP043"),
        ("opened_on", "{from: x, date_format: '%d/%m/%Y'}", "30/09/05", "IMP043"),
        ("opened_on", "{from: x, date_format: '%d/%m/%y'}", "30/09/05", date(2005, 9, 30)),
        ("opened_on", "{from: x, date_format: '%Y%m%d'}", "20050930", date(2005, 9, 30)),
        ("opened_on", "{from: x}", "9999-12-31", "IMP043"),
        ("opened_on", "{expression: business_date - 30}", "", date(2025, 12, 1)),
        ("days_past_due", "{from: x}", "30", 30),
        ("days_past_due", "{from: x}", "30.0", 30),
        ("days_past_due", "{from: x}", "30.5", "IMP041"),
        ("days_past_due", "{from: x}", "9223372036854775808", "IMP042"),
        ("days_past_due", "{from: x, codes: {-1: 0, 1: 15}}", "-1", 0),
        ("days_past_due", "{from: x, codes: {-1: 0, 1: 15}}", "3", "IMP044"),
        ("status", "{from: x}", "open", "open"),
        ("status", "{from: x}", "Open", "IMP045"),
        ("status", "{from: x, codes: {O: open, C: closed}}", "C", "closed"),
        ("status", '{format: "{x}ed"}', "clos", "closed"),
        ("status", '{format: "{x}ed"}', "open", "IMP045"),
        ("consent", "{from: x}", "Y", True),
        ("consent", "{from: x}", "0", False),
        ("consent", "{from: x}", "có", "IMP046"),
        ("consent", "{from: x, codes: {có: true, không: false}}", "không", False),
        ("account_id", '{format: "A{x}-{business_date}"}', "007", "A007-2025-12-31"),
        ("account_id", '{format: "A{x}"}', "", None),
        ("account_id", "{from: x}", " 007 ", "007"),
        ("branch_id", "{constant: 7}", "", "7"),
    ],
)
def test_values_by_type(bench, column, how, text, value):
    report = bench.run(accounts(**{column: how}), f"id;x\n1;{text}\n")
    if str(value).startswith("IMP"):
        assert [(issue.code, issue.location.line) for issue in report.issues] == [(value, 2)]
    else:
        assert report.issues == ()
        assert bench.rows("accounts", column) == [(value,)]


@pytest.mark.parametrize(
    ("how", "text", "stored"),
    [
        ("{from: x}", "2025-12-31 23:30:00", at("2025-12-31 23:30")),
        ("{from: x, time_zone: Asia/Ho_Chi_Minh}", "2025-12-31 06:30:00", at("2025-12-30 23:30")),
        ("{from: x, time_zone: America/New_York}", "2025-07-01 00:00:00", at("2025-07-01 04:00")),
        ("{from: x, date_format: '%d.%m.%Y %H:%M'}", "31.12.2025 06:30", at("2025-12-31 06:30")),
        ("{constant: '2025-12-31 06:30:00'}", "", at("2025-12-31 06:30")),
    ],
)
def test_instants_are_utc(bench, how, text, stored):
    bench.run(contacts(started_at=how, started_wall="{constant: '2025-12-31 06:30:00'}"), f"id;x\n1;{text}\n")
    assert bench.rows("contacts", "started_at") == [(stored,)]


def test_a_wall_time_is_what_the_clock_in_its_zone_shows(bench):
    bench.run(contacts(started_wall="{from: x, time_zone: Asia/Taipei}"), "id;x\n1;2025-12-31 23:30:00\n")
    assert bench.rows("contacts", "started_wall") == [(at("2026-01-01 07:30"),)]


def contacts(**columns):
    own = {
        "contact_id": "{from: id}",
        "account_id": "{from: id}",
        "party_id": "{from: id}",
        "started_at": "{from: x}",
        "started_wall": "{from: x}",
        "channel": "{constant: call}",
        "direction": "{constant: out}",
        "outcome": "{constant: busy}",
        "duration_seconds": "{constant: 0}",
        **columns,
    }
    lines = "".join(f"      {name}: {how}\n" for name, how in own.items())
    return f"title: Calls\nsource: {PLAIN}\ntables:\n  contacts:\n    columns:\n{lines}"


def test_expressions_read_fields_and_columns_above(bench):
    fields = "    fields:\n      due: {from: due, type: money}\n      share: {from: share, type: ratio}\n"
    how = {"balance": '{expression: "max(due, 0) * share"}', "overdue_amount": "{expression: balance + due}"}
    bench.run(accounts(before=fields, **how), "id;due;share\n1;100;0.25\n2;-4;0.5\n3;;0.5\n")
    rows = bench.rows("accounts", "balance, overdue_amount")
    assert rows == [(Decimal(25), Decimal(125)), (Decimal(0), Decimal(-4)), (None, None)]


@pytest.mark.parametrize(
    ("expression", "share", "code"),
    [
        ("due * share", "0.333333", "IMP041"),
        ("due * 1000000", "1", "IMP042"),
        ("due * 1000000000000000000 * 1000000000000000000", "1", "IMP047"),
    ],
)
def test_a_computed_amount_is_told_rather_than_rounded(bench, expression, share, code):
    fields = "    fields:\n      due: {from: due, type: money}\n      share: {from: share, type: ratio}\n"
    mapping = accounts(before=fields, balance=f"{{expression: {expression}}}")
    (issue,) = bench.run(mapping, f"id;due;share\n1;900000000.01;{share}\n").issues
    assert (issue.code, issue.location.line, issue.location.column) == (code, 2, 0)
    assert "accounts.balance" in issue.message


def test_rows_are_taken_by_a_condition_and_the_others_counted(bench):
    mapping = accounts(before="    rows: balance > 0\n", balance="{from: x}")
    report = bench.run(mapping, "id;x\n1;5\n2;0\n3;\n4;7\n")
    assert bench.rows("accounts", "account_id") == [("1",), ("4",)]
    assert [(table.rows, table.rows_left_out) for table in report.tables] == [(2, 2)]


def test_a_row_that_is_left_out_may_hold_what_cannot_be_read(bench):
    mapping = accounts(before="    rows: balance > 0\n", balance="{from: x}", days_past_due="{from: d}")
    assert bench.run(mapping, "id;x;d\n1;5;3\n2;0;no\n").issues == ()


def test_a_row_whose_condition_cannot_be_computed_is_told(bench):
    fields = "    fields:\n      due: {from: x, type: money}\n"
    mapping = accounts(before=fields + "    rows: balance > 0\n", balance="{expression: due + 1}")
    (issue,) = bench.run(mapping, "id;x\n1;5\n2;no\n").issues
    assert (issue.code, issue.location.line) == ("IMP040", 3)
    assert '"x" for accounts.due' in issue.message


def test_null_texts_are_no_values(bench):
    source = "{format: csv, delimiter: ';', null_texts: ['NULL', '00/00/0000']}"
    mapping = accounts(source, charged_off_on="{from: x}", balance="{from: y}")
    bench.run(mapping, "id;x;y\n1;00/00/0000; NULL \n")
    assert bench.rows("accounts", "charged_off_on, balance") == [(None, None)]


MONTHS = """    unpivot:
      only_business_date: {only}
      entries:
        - {{date: 2025-12-31, columns: {{bill: dec}}, texts: {{word: winter}}}}
        - {{date: 2025-11-30, columns: {{bill: nov}}, texts: {{word: autumn}}}}
"""


def test_a_wide_row_becomes_many(bench):
    how = {"account_id": '{format: "{id}-{entry_date}"}', "balance": "{from: bill}", "region": "{from: word}"}
    mapping = accounts(before=MONTHS.format(only="false"), opened_on="{expression: entry_date}", **how)
    bench.run(mapping, "id;nov;dec\n1;5;6\n2;7;8\n")
    assert bench.rows("accounts", "account_id, balance, region, opened_on") == [
        ("1-2025-11-30", Decimal(5), "autumn", date(2025, 11, 30)),
        ("1-2025-12-31", Decimal(6), "winter", date(2025, 12, 31)),
        ("2-2025-11-30", Decimal(7), "autumn", date(2025, 11, 30)),
        ("2-2025-12-31", Decimal(8), "winter", date(2025, 12, 31)),
    ]


@pytest.mark.parametrize(("day", "balance"), [(date(2025, 12, 31), 6), (date(2025, 11, 30), 5)])
def test_a_wide_row_gives_the_state_of_the_business_date(bench, day, balance):
    mapping = accounts(before=MONTHS.format(only="true"), balance="{from: bill}")
    bench.run(mapping, "id;nov;dec\n1;5;6\n", day)
    assert bench.rows("accounts", "balance", day) == [(balance,)]


def test_a_wrong_value_in_a_wide_row_is_told_with_the_column_of_its_month(bench):
    mapping = accounts(before=MONTHS.format(only="false"), balance="{from: bill}")
    (issue,) = bench.run(mapping, "id;nov;dec\n1;5;6\n2;no;8\n").issues
    assert (issue.code, issue.location.line, issue.location.column) == ("IMP040", 3, 2)
    assert '"nov" for accounts.balance' in issue.message


def test_parquet_keeps_its_types(bench, tmp_path):
    columns = {
        "id": pa.array(["1"]),
        "due": pa.array([Decimal("12.3400")], pa.decimal128(20, 4)),
        "days": pa.array([7], pa.int32()),
        "opened": pa.array([date(2020, 2, 29)]),
        "closed": pa.array([at("2021-03-04 05:06")]),
        "ok": pa.array([True]),
    }
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    how = {
        "balance": "{from: due}",
        "days_past_due": "{from: days}",
        "opened_on": "{from: opened}",
        "charged_off_on": "{from: closed}",
        "consent": "{from: ok}",
    }
    report = bench.run(accounts("{format: parquet}", **how), (tmp_path / "x.parquet").read_bytes())
    assert report.issues == ()
    expected = (Decimal("12.34"), 7, date(2020, 2, 29), date(2021, 3, 4), True)
    assert bench.rows("accounts", ", ".join(how)) == [expected]


@pytest.mark.parametrize(("amount", "codes"), [(1234.5, ["IMP028"]), (0.1 + 0.2, ["IMP028", "IMP041"])])
def test_a_float_is_read_as_what_it_shows_and_told(bench, costs, tmp_path, amount, codes):
    pq.write_table(pa.table({"id": ["1"], "amount": [amount]}), tmp_path / "x.parquet")
    report = bench.run(costs("{format: parquet}"), (tmp_path / "x.parquet").read_bytes())
    assert [issue.code for issue in report.issues] == codes
    assert report.failed == (len(codes) == 2)


def test_types_are_exactly_those_of_the_catalogue(bench):
    names = [name for name in CATALOGUE if name != "accounts"]
    bench.run(accounts() + f"empty: [{', '.join(names)}]\n", "id\n1\n")
    for name, table in CATALOGUE.items():
        described = duckdb.sql(f"DESCRIBE SELECT * FROM '{bench.file(name)}'").fetchall()
        assert {row[0]: row[1] for row in described} == duck_columns(table)


def test_shuffled_rows_give_the_same_bytes(bench):
    lines = [f"{number % 90};{number}" for number in range(100)]
    written = set()
    for seed in range(3):
        random.Random(seed).shuffle(lines)
        bench.run(accounts(balance="{from: x}"), "id;x\n" + "\n".join(lines) + "\n")
        written.add(bench.file("accounts").read_bytes())
    assert len(written) == 1
    assert [row[0] for row in bench.rows("accounts", "account_id")] == sorted(line.split(";")[0] for line in lines)


def test_files_are_published_by_what_the_caller_gives(bench, costs):
    published = []

    def write(path, produce):
        path.parent.mkdir(parents=True, exist_ok=True)
        produce(path)
        published.append(path)

    bench.run(costs(), "id,amount\n1,2\n", write=write)
    assert published == [bench.file("costs")]
