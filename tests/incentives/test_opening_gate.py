"""The gate of an opening of pay: a file is taken whole, or everything that is wrong is told at its place."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.rule_sheets import read_sheets
from domain.periods import Period
from domain.records import Unit
from domain.staff import Employee, StaffPosting, Terms
from incentives.ledger import BatchKind, LedgerKey
from incentives.opening import CarriedColumn, House, debts, expected_lines, gate, payout_lines, read_rows

AUGUST, SEPTEMBER = Period(2026, 8), Period(2026, 9)
HEADER = "what,payee,department,component,column,period,amount,currency,note"
GOOD = (
    "carried,E1,field,commission,year_to_date,2026-08,480000000,VND,",
    "carried,E2,field,commission,year_to_date,2026-08,20000000,VND,",
    "carried,E1,field,commission,owed_after,2026-08,50000,VND,",
    "carried,E2,field,commission,owed_after,2026-08,0,VND,",
    "owed,E1,field,,,2026-08,300000,VND,reversed",
    "receivable,E9,field,,,2026-07,700000,VND,",
)
TOTALS = (
    "carried,TOTAL,,commission,year_to_date,2026-08,500000000,VND,",
    "carried,TOTAL,,commission,owed_after,2026-08,50000,VND,",
    "owed,TOTAL,,,,2026-08,300000,VND,",
    "receivable,TOTAL,,,,2026-07,700000,VND,",
)


def employee(name, exited=None):
    posting = StaffPosting("field", "F1", "collector", date(2025, 1, 1), exited)
    return Employee(
        name, "VND", "VN", date(2025, 1, 1), exited, (posting,), (Terms(Decimal(1), date(2025, 1, 1), exited),)
    )


def column(name, *, is_draw=False):
    return CarriedColumn("commission", name, AUGUST, "VND", Unit.MONEY, "commission_vnd", is_draw, False, ("field",))


STAFF = {"E1": employee("E1"), "E2": employee("E2"), "E9": employee("E9", date(2026, 7, 15))}
HOUSE = House(SEPTEMBER, (column("owed_after", is_draw=True), column("year_to_date")), STAFF, frozenset({"E1", "E2"}))


def read(tmp_path, *lines, header=HEADER):
    path = tmp_path / "state.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    document, issues = read_sheets(path, path.name)
    assert issues == ()
    return read_rows(document)


def told(tmp_path, *lines, header=HEADER):
    file, issues = read(tmp_path, *lines, header=header)
    return issues or gate(file, HOUSE)


def test_a_good_file_is_told_nothing(tmp_path):
    assert told(tmp_path, *GOOD, *TOTALS) == ()


def without(*lines):
    return [line for line in (*GOOD, *TOTALS) if line not in lines]


def instead(old, new):
    return [new if line == old else line for line in (*GOOD, *TOTALS)]


# what is wrong: the file's lines, the code, the place, and what the message says
WRONG = {
    "an unknown word": (instead(GOOD[4], "owes,E1,field,,,2026-08,300000,VND,"), "OPN013", "state.csv:6:1", '"owes"'),
    "an unknown payee": (instead(GOOD[1], GOOD[1].replace("E2", "E22")), "OPN014", "state.csv:3:7", '"E2"'),
    "another department": (instead(GOOD[4], GOOD[4].replace("field", "legal")), "OPN015", "state.csv:6:7", "field"),
    "another component": (
        [line.replace("commission", "comission") for line in without()], "OPN016", "state.csv:2:7", '"commission"'),
    "another column": (instead(GOOD[0], GOOD[0].replace("to_date", "date")), "OPN017", "state.csv:2:7", "year_to_date"),
    "a currency of nobody": (instead(GOOD[4], GOOD[4].replace("VND", "VDN")), "OPN018", "state.csv:6:8", "VND"),
    "another currency": (instead(GOOD[4], GOOD[4].replace("VND", "CNY")), "OPN018", "state.csv:6:7", "paid in VND"),
    "a line twice": ((*GOOD, GOOD[4], *TOTALS), "OPN019", "state.csv:8:7", "state.csv:6:7"),
    "the month of going live": (instead(GOOD[4], GOOD[4].replace("-08", "-09")), "OPN020", "state.csv:6:7", "2026-09"),
    "a month that no policy reads": (
        instead(GOOD[0], GOOD[0].replace("-08", "-07")), "OPN020", "state.csv:2:7", "read 2026-08"),
    "no month": (instead(GOOD[4], GOOD[4].replace("2026-08", "August")), "OPN020", "state.csv:6:6", "2026-08"),
    "no amount": (instead(GOOD[3], GOOD[3].replace(",0,", ",,")), "OPN021", "state.csv:5:7", "Write 0"),
    "groups": (instead(GOOD[4], GOOD[4].replace("300000", "300.000")), "OPN021", "state.csv:6:7", "12.5000"),
    "several groups": (
        instead(GOOD[0], GOOD[0].replace("480000000", "480.000.000")), "OPN021", "state.csv:2:7", "groups"),
    "words": (instead(GOOD[4], GOOD[4].replace("300000", "none")), "OPN021", "state.csv:6:7", "1234567.50"),
    "half a dong": (instead(GOOD[4], GOOD[4].replace("300000", "300000.5")), "OPN022", "state.csv:6:7", "0 digits"),
    "half a dong carried": (
        instead(GOOD[0], GOOD[0].replace("480000000", "480000000.5")), "OPN022", "state.csv:2:7", "0 digits"),
    "a debt below zero": (
        instead(GOOD[4], GOOD[4].replace("300000", "-300000")), "OPN023", "state.csv:6:7", "posit"),
    "draws below zero": (instead(GOOD[2], GOOD[2].replace("50000", "-50000")), "OPN023", "state.csv:4:7", "minus"),
    "no control total": (without(TOTALS[2]), "OPN024", "state.csv:6:7", "owed 2026-08 VND"),
    "another sum": (without(GOOD[1]), "OPN025", "state.csv:7:7", "20,000,000 more"),
    "a smaller sum": (
        instead(TOTALS[0], TOTALS[0].replace("500000000", "499999999")), "OPN025", "state.csv:8:7", "1 less"),
    "a second control total": ((*GOOD, *TOTALS, TOTALS[0]), "OPN026", "state.csv:12:7", "state.csv:8:7"),
    "a control total of nothing": (without(GOOD[5]), "OPN026", "state.csv:10:7", "receivable"),
    "a debt of a leaver": (
        instead(GOOD[5], GOOD[5].replace("receivable", "owed")), "OPN027", "state.csv:7:7", "no pay"),
    "a receivable of a colleague": (
        instead(GOOD[4], GOOD[4].replace("owed", "receivable")), "OPN027", "state.csv:6:7", "owed"),
    "a column of a debt": (
        instead(GOOD[4], GOOD[4].replace(",,,", ",,owed_after,")), "OPN028", "state.csv:6:5", "empty it"),
    "no department": (instead(GOOD[4], GOOD[4].replace("field", "")), "OPN028", "state.csv:6:3", "needs it"),
    "a department of a total": (
        instead(TOTALS[2], TOTALS[2].replace(",,,,", ",field,,,", 1)), "OPN028", "state.csv:10:3", "none"),
    "a payee without a line": (
        [line.replace("500000000", "480000000") for line in without(GOOD[1])], "OPN029", "state.csv", "E2"),
    "no lines": ([], "OPN010", "state.csv:1:1", "whole file"),
    "a cell too many": (instead(GOOD[4], f"{GOOD[4]},oops"), "OPN012", "state.csv:6:10", "quotes"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "code", "place", "said"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_told_at_its_place(tmp_path, lines, code, place, said):
    found = [issue for issue in told(tmp_path, *lines) if issue.code == code]
    assert [str(issue.location) for issue in found[:1]] == [place]
    assert said in str(found[0])


HEADERS = {
    "a column is missing": (HEADER.replace("period,", ""), '"period" is missing'),
    "a column that nobody knows": (HEADER.replace("note", "remark"), '"remark"'),
    "a column twice": (HEADER.replace("note", "amount"), "a second column"),
}


@pytest.mark.parametrize(("header", "said"), HEADERS.values(), ids=list(HEADERS))
def test_a_header_that_does_not_fit_is_told(tmp_path, header, said):
    (issue,) = told(tmp_path, *GOOD, *TOTALS, header=header)
    assert (issue.code, said in str(issue)) == ("OPN011", True)


def test_what_is_missing_is_a_note_and_keeps_nothing_out(tmp_path):
    (issue,) = told(tmp_path, *[line.replace("500000000", "480000000") for line in without(GOOD[1])])
    assert not issue.is_error


def test_columns_pay_nothing_and_debts_are_keys_of_their_own(tmp_path):
    file, _ = read(tmp_path, *GOOD, *TOTALS)
    lines = payout_lines(file, AUGUST, "digest")
    assert [(line.payee, line.component, line.amount) for line in lines] == [
        ("E1", "commission:field", 0),
        ("E2", "commission:field", 0),
    ]
    assert {step.name: step.value for step in lines[0].steps} == {"year_to_date": 480_000_000, "owed_after": 50_000}
    owed = LedgerKey(BatchKind.BONUS, "E1", "carried/opening:field", AUGUST, "VND")
    assert {key: line.amount for key, line in debts(file, AUGUST, "digest").items()} == {owed: 300_000}
    assert owed.is_opening
    assert [key.component for key in debts(file, Period(2026, 7), "digest")] == ["receivable/opening:field"]


def test_who_is_employed_at_going_live_should_have_a_line_of_each_column():
    assert [(payee, department, each.column) for payee, department, each in expected_lines(HOUSE)] == [
        ("E1", "field", "owed_after"),
        ("E1", "field", "year_to_date"),
        ("E2", "field", "owed_after"),
        ("E2", "field", "year_to_date"),
    ]
