"""Telephone numbers: a table of what people write in each jurisdiction, and what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import JURISDICTIONS
from expectations.contact_points.numbers import NumberType, read_number
from expectations.contact_points.values import SOUND, ValueClass

REFUSED = frozenset(NumberType)
DEMO = ("+84000", "+86000")

WRITTEN = [
    # Vietnam
    ("VN", "0912 345 678", "valid", "+84912345678"),
    ("VN", "912345678", "valid", "+84912345678"),
    ("VN", "(+84) 912.345.678", "valid", "+84912345678"),
    ("VN", "0084 912 345 678", "valid", "+84912345678"),
    ("VN", "024 3825 1234", "valid", "+842438251234"),
    ("VN", "０９１２３４５６７８", "valid", "+84912345678"),
    ("VN", "\u202a+84 912 345 678\u202c", "valid", "+84912345678"),
    ("VN", "'0912345678", "valid", "+84912345678"),
    ("VN", "84912345678.0", "valid", "+84912345678"),
    ("VN", "8.49E+10", "not_a_number", "8.49E+10"),
    ("VN", "01201234567", "possible", "+841201234567"),  # eleven digits, as they were until 2018
    ("VN", "+84000123456", "not_a_number", "+84000123456"),
    ("VN", "024 3825 1234 máy lẻ 12", "extension", "+842438251234;ext=12"),
    ("VN", "024 3825 1234 x12", "extension", "+842438251234;ext=12"),
    ("VN", "0912345678, 0987654321", "several_values", "+84912345678; +84987654321"),
    ("VN", "0912345678/0987654321", "several_values", "+84912345678; +84987654321"),
    ("VN", "0912345678 0987654321", "several_values", "+84912345678; +84987654321"),
    ("VN", "0912-345-678 - 0987-654-321", "several_values", "+84912345678; +84987654321"),
    ("VN", "0912345678 hoặc 0987654321", "several_values", "+84912345678; +84987654321"),
    ("VN", "0912345678 / +84912345678", "valid", "+84912345678"),  # one number, written twice
    ("VN", "0912345678 (mẹ)", "with_text", "0912345678 (mẹ)"),
    ("VN", "mẹ 0912345678", "with_text", "mẹ 0912345678"),
    ("VN", "mẹ 0912345678, bố 0987654321", "several_values", "mẹ 0912345678, bố 0987654321"),
    ("VN", "1900 1234", "premium", "+8419001234"),
    ("VN", "1800 1234", "service", "+8418001234"),
    ("VN", "113", "emergency", "113"),
    ("VN", "không có", "not_a_number", "không có"),
    ("VN", "0", "not_a_number", "0"),
    ("VN", "=1+1", "not_a_number", "=1+1"),
    ("VN", "12345678901234567890", "not_a_number", "12345678901234567890"),
    ("VN", "+1 650 253 0000", "valid", "+16502530000"),  # abroad, and valid there
    # China
    ("CN", "138 0013 8000", "valid", "+8613800138000"),
    ("CN", "010-12345678转8001", "extension", "+861012345678;ext=8001"),
    ("CN", "13800138000、13900139000", "several_values", "+8613800138000; +8613900139000"),
    ("CN", "400 810 9999", "service", "+864008109999"),
    ("CN", "110", "emergency", "110"),
    ("CN", "10086", "short_code", "10086"),
    ("CN", "1380013800", "possible", "+861380013800"),
    # Taiwan
    ("TW", "0912-345-678", "valid", "+886912345678"),
    ("TW", "02-2712-3456 #123", "extension", "+886227123456;ext=123"),
    ("TW", "119", "emergency", "119"),
    # United States
    ("US", "(650) 253-0000", "valid", "+16502530000"),
    ("US", "1-650-253-0000", "valid", "+16502530000"),
    ("US", "650-253-0000 ext. 42", "extension", "+16502530000;ext=42"),
    ("US", "253-0000", "not_a_number", "253-0000"),  # without its area code nobody can dial it
    ("US", "1-900-250-1234", "premium", "+19002501234"),
    ("US", "800-253-0000", "service", "+18002530000"),
    ("US", "1800FLOWERS", "not_a_number", "1800FLOWERS"),
    ("US", "911", "emergency", "911"),
    # India
    ("IN", "098765 43210", "valid", "+919876543210"),
    ("IN", "98765-43210 / 98765-43211", "several_values", "+919876543210; +919876543211"),
    ("IN", "1800 123 1234", "service", "+9118001231234"),
    ("IN", "112", "emergency", "112"),
    # Indonesia
    ("ID", "0812-3456-7890", "valid", "+6281234567890"),
    ("ID", "(021) 345 6789", "valid", "+62213456789"),
    ("ID", "110", "emergency", "110"),
    # nobody knows in which country
    ("", "0912345678", "unknown_region", "0912345678"),
    ("", "+84 912 345 678", "valid", "+84912345678"),
    ("", "113", "not_a_number", "113"),
]


@pytest.mark.parametrize(("jurisdiction", "text", "value_class", "normalised"), WRITTEN)
def test_what_people_write_is_read_by_the_country_of_the_debt(jurisdiction, text, value_class, normalised):
    reading = read_number(text, jurisdiction, REFUSED)
    assert (reading.value_class.value, reading.normalised) == (value_class, normalised)


def test_the_table_has_every_jurisdiction_and_every_class_of_numbers():
    of_other_kinds = {ValueClass.DEMO, ValueClass.NOT_AN_EMAIL, ValueClass.NOT_AN_ADDRESS}
    assert {row[0] for row in WRITTEN} == {*JURISDICTIONS, ""}
    assert {row[2] for row in WRITTEN} == {each.value for each in set(ValueClass) - of_other_kinds}


def test_kinds_of_numbers_that_the_rule_does_not_refuse_are_valid():
    assert read_number("1800 1234", "VN", frozenset({NumberType.PREMIUM_RATE})).value_class is ValueClass.VALID
    assert read_number("1900 1234", "VN", frozenset()).value_class is ValueClass.VALID


@pytest.mark.parametrize("text", ["+84000123456", "+84 000 123-456", "(+84)000123456"])
def test_numbers_of_a_demo_book_are_demo_and_keep_every_digit(text):
    reading = read_number(text, "VN", REFUSED, DEMO)
    assert (reading.value_class, reading.normalised) == (ValueClass.DEMO, "+84000123456")


FRAGMENTS = st.sampled_from(
    ["0912345678", "0987 654 321", "+84", "84", "0", "113", "1900", "138 0013 8000", "(650) 253-0000", "+84000123456",
     " ext 5", " máy lẻ 12", "x", "#7", ";", ", ", " / ", " - ", " ", "-", ".", ".0", "(mẹ)", "or", "和", "'", "+",
     "00", "\u200b", "\u00a0", "１２", "911", "9"]
)  # fmt: skip
TEXTS = st.one_of(st.lists(FRAGMENTS, max_size=6).map("".join), st.text(max_size=20), st.from_regex(r"\+?[0-9 ]{2,16}"))


@given(TEXTS, st.sampled_from(["", *JURISDICTIONS]))
def test_normalising_twice_is_normalising_once(text, jurisdiction):
    once = read_number(text, jurisdiction, REFUSED, DEMO)
    assert read_number(once.normalised, jurisdiction, REFUSED, DEMO) == once


@given(TEXTS, st.sampled_from(JURISDICTIONS), st.sampled_from(JURISDICTIONS))
def test_a_sound_number_is_the_same_number_in_every_country(text, jurisdiction, other):
    reading = read_number(text, jurisdiction, REFUSED)
    if reading.value_class in SOUND:
        assert read_number(reading.normalised, other, REFUSED) == reading


@given(
    st.lists(st.sampled_from(["0912345678", "mother", "office", "ask for", "An", "(", ")", "12", ":"])).map(" ".join)
)
def test_a_text_with_words_keeps_all_of_them(text):
    reading = read_number(text, "VN", REFUSED)
    if any(character.isalpha() for character in text):
        assert reading.value_class in {ValueClass.NOT_A_NUMBER, ValueClass.WITH_TEXT, ValueClass.SEVERAL}
        assert reading.normalised == text
