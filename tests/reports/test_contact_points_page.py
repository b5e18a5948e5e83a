"""The page and the workbook of a cleaning: numbers that agree, in words for every code, with nobody's data."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from io import BytesIO

import openpyxl
import pytest

from domain.catalogue import CATALOGUE
from domain.ids import Digest, VersionId, digest_of
from domain.manifest import Input
from domain.periods import Period
from domain.rules import RuleKind, RuleVersion
from expectations.contact_points.outcomes import SETTLED, Finding, PointOutcome
from reports.cells import HEADER_ROW
from reports.contact_points import (
    FINDINGS,
    KINDS,
    OUTCOMES,
    CleaningLimits,
    ContactPointReport,
    LookBack,
    PointCount,
    contact_points_page,
)
from reports.contact_points_lists import SETTLED_CODES, write_corrections, write_points_to_verify
from reports.contact_points_workbook import write_contact_points_workbook
from reports.languages import Language
from reports.night import Link
from tests.reports import sample
from tests.reports.reading import Page

COUNTS = (
    PointCount("CN", "phone", "kept", (), True, 40),
    PointCount("CN", "phone", "unusable", ("several_values",), False, 5),
    PointCount("VN", "phone", "corrected", ("stale",), True, 30),
    PointCount("VN", "phone", "retired", ("wrong_party", "last_point"), False, 2),
    PointCount("VN", "email", "kept", ("shared", "never_verified"), True, 3),
    PointCount("", "address", "merged", ("duplicate",), False, 20),
)


def report(**changes: object) -> ContactPointReport:
    rule = RuleVersion(RuleKind.CLEANING, "contact_points", Digest("e" * 64), date(2026, 1, 1), "Proposer", "Signer")
    known = ContactPointReport(
        period=Period(2026, 9),
        as_of=date(2026, 9, 30),
        cleaning=digest_of("cleaning"),
        counts=COUNTS,
        points_landed=100,
        limits=CleaningLimits(rule, "operations", "Nobody is called again.", date(2027, 1, 1), 365, 3, 4),
        look_back=LookBack(date(2026, 4, 4), date(2026, 9, 30), 30, 1, 12_345),
        states=(Input("contact_points", date(2026, 9, 30), VersionId("a" * 64)),),
        to_verify=40,
        corrections=52,
        demo_prefixes=("+84000",),
        links=(Link("Points to verify", "to-verify.csv", "40 rows"),),
        book_label=sample.LABEL,
    )
    return replace(known, **changes)


def page(**changes: object) -> Page:
    return Page(contact_points_page(report(**changes)))


def test_every_code_of_the_cleaning_has_words_in_its_order():
    assert list(OUTCOMES) == [each.value for each in PointOutcome]
    assert list(FINDINGS) == [each.value for each in Finding]
    assert {each.value for each in SETTLED} == SETTLED_CODES
    settled = {code for code, wording in FINDINGS.items() if wording.text.startswith("Nothing to do")}
    assert settled == SETTLED_CODES


def test_the_page_says_how_many_can_be_used_and_what_became_of_the_others():
    found = page()
    assert "73 of 100 contact points can be used" in found.text
    assert "That is 73.00%. 40 are listed for somebody to verify." in found.text
    assert [row[:3] for row in found.rows[1:7]] == [
        ["Kept", "43", "43.00%"],
        ["Corrected", "30", "30.00%"],
        ["Merged", "20", "20.00%"],
        ["Retired", "2", "2.00%"],
        ["Retired before", "0", "0.00%"],
        ["Unusable", "5", "5.00%"],
    ]
    assert "Each point that came in is in exactly one row: 100." in found.text


def test_a_point_counts_for_each_of_its_findings_and_findings_that_nothing_has_are_left_out():
    found = page()
    assert found.row("Last point of a person", "2", "2.00%")
    assert found.row("Wrong party", "2", "2.00%")
    assert found.row("Shared by many debtors", "3", "3.00%")
    assert "Emergency number" not in found.text


def test_findings_stand_by_jurisdiction_and_by_kind():
    found = page()
    assert ["", "not known", "CN", "VN"] in found.rows
    assert ["All of them", "20", "45", "35"] in found.rows
    assert ["Several in one field", "0", "5", "0"] in found.rows
    assert ["", "Telephone", "Mail", "Postal address"] in found.rows
    assert ["All of them", "77", "3", "20"] in found.rows


def test_the_look_back_and_the_limits_are_stated():
    found = page()
    assert "12,345, from 4 April 2026 to 30 September 2026" in found.row("Contacts read")[1]
    assert "30 days have accepted contacts; 1 day landed and was never accepted" in found.row("Contacts read")[1]
    assert "Nobody is called again." in found.row("Rule version")[1]


def test_points_that_do_not_add_up_are_told():
    found = page(points_landed=101)
    assert "does not add up" in found.text
    assert "101 points came in, 100 are accounted for." in found.text


def test_only_a_demo_book_speaks_of_invented_numbers():
    assert "Every number in this book is invented" in page().text
    assert "invented" not in page(demo_prefixes=(), book_label="").text


def test_a_month_without_points_divides_nothing():
    found = page(counts=(), points_landed=0)
    assert "0 of 0 contact points can be used" in found.text
    assert found.row("Kept", "0", "–")


@pytest.mark.parametrize("language", Language)
def test_the_workbook_has_the_numbers_of_the_page(tmp_path, language):
    path = tmp_path / "book"
    write_contact_points_workbook(report(), path, language)
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    outcomes, findings, _ = (list(sheet.iter_rows(min_row=HEADER_ROW + 2, values_only=True)) for sheet in book)
    assert sum(row[3] for row in outcomes) == 100
    assert sum(row[4] for row in outcomes) == 73
    assert {row[3]: row[4] for row in findings}["last_point"] == 2
    assert len({row[:2] for row in outcomes}) == 4
    again = tmp_path / "again"
    write_contact_points_workbook(report(), again, language)
    assert again.read_bytes() == path.read_bytes()


def test_kinds_are_those_of_the_catalogue():
    assert tuple(KINDS) == CATALOGUE["contact_points"]["kind"].codes


def test_the_list_suggests_what_to_do_about_the_first_finding_that_is_open(tmp_path):
    rows = [
        ("K1", "X1", "phone", "demo stale", date(2025, 1, 1)),
        ("K2", "X2", "phone", "wrong_party last_point", None),
    ]
    assert write_points_to_verify(tmp_path / "list.csv", rows) == 2
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["suggestion"] for row in found] == [FINDINGS["stale"].text, FINDINGS["last_point"].text]
    assert [row["last_verified"] for row in found] == ["2025-01-01", ""]


def test_corrections_bring_numbers_as_they_are_and_run_nothing(tmp_path):
    rows = [
        ("K1", "value", "=1+1", "+84912345678", "normalised"),
        ("K2", "value", "-  5 Lê Lợi", "- 5 Lê Lợi", "normalised"),
    ]
    assert write_corrections(tmp_path / "list.csv", rows, "abc") == 2
    lines = (tmp_path / "list.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == [
        "K1,value,'=1+1,+84912345678,normalised,abc",
        "K2,value,'-  5 Lê Lợi,'- 5 Lê Lợi,normalised,abc",
    ]
