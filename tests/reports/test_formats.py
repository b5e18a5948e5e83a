"""How money, numbers and dates read, language by language."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MINOR_DIGITS
from domain.periods import Period
from domain.records import Unit, ValueState
from reports.formats import Formats
from reports.languages import Language
from tests.reports.sample import kpi

EN, VI, ZH = Formats(Language.ENGLISH), Formats(Language.VIETNAMESE), Formats(Language.CHINESE)


@pytest.mark.parametrize(
    ("amount", "currency", "english", "vietnamese", "chinese"),
    [
        ("1234567", "VND", "VND 1,234,567", "1.234.567 ₫", "₫1,234,567"),
        ("-1234.5", "CNY", "-CNY 1,234.50", "-1.234,50 CN¥", "-¥1,234.50"),
        ("0", "VND", "VND 0", "0 ₫", "₫0"),
        ("1.5", "JOD", "JOD 1.500", "1,500 JOD", "JOD1.500"),
        ("1234.56", "VND", "VND 1,234.56", "1.234,56 ₫", "₫1,234.56"),  # digits below the minor unit are not hidden
        ("7", "", "7", "7", "7"),  # rows
    ],
)
def test_money_reads_as_people_there_write_it(amount, currency, english, vietnamese, chinese):
    shown = [each.money(Decimal(amount), currency).replace("\xa0", " ") for each in (EN, VI, ZH)]
    assert shown == [english, vietnamese, chinese]


@given(st.decimals(-(10**33), 10**33, places=4), st.sampled_from(sorted(MINOR_DIGITS)))
def test_money_is_shown_to_its_last_digit(amount, currency):
    assert Decimal(EN.amount(amount, currency).replace(",", "")) == amount
    assert Decimal(VI.amount(amount, currency).replace(".", "").replace(",", ".")) == amount


@pytest.mark.parametrize(
    ("number", "shown"),
    [("0.9833333333", "0.983333…"), ("1234.50", "1,234.5"), ("0.000001", "0.000001"), ("3E+6", "3,000,000")],
)
def test_what_is_cut_off_a_number_is_marked(number, shown):
    assert EN.number(Decimal(number)) == shown


def test_shares_dates_and_months():
    assert [each.share(Decimal("0.61538")) for each in (EN, VI, ZH)] == ["61.54%", "61,54%", "61.54%"]
    days = [each.day(date(2026, 9, 30)) for each in (EN, VI, ZH)]
    assert days == ["30 September 2026", "30 tháng 9, 2026", "2026年9月30日"]
    assert [each.period(Period(2026, 9)) for each in (EN, VI, ZH)] == [
        "September 2026",
        "tháng 9 năm 2026",
        "2026年9月",
    ]


def test_a_figure_without_a_value_says_so_and_is_no_zero():
    assert EN.value(kpi("contact_rate", "legal", None)) == "no value"
    assert EN.value(kpi("contact_rate", "legal", None, state=ValueState.HALTED)) == "no value: halted"
    assert VI.value(kpi("contact_rate", "legal", None)) == "không có giá trị"
    assert EN.value(kpi("calls_made", "legal", "0", unit=Unit.COUNT)) == "0"
