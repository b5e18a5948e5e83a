"""Mail addresses by their form, postal addresses by their spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.contact_points.mails import read_address, read_email
from expectations.contact_points.values import ValueClass

MAILS = [
    ("an.nguyen@bank.vn", "valid", "an.nguyen@bank.vn"),
    (" An.Nguyen@BANK.Vn ", "valid", "An.Nguyen@bank.vn"),  # the local part belongs to its host
    ("mailto:an@bank.vn", "valid", "an@bank.vn"),
    ("an+tag@mail.bank.com.vn.", "valid", "an+tag@mail.bank.com.vn"),
    ("người@ví-dụ.vn", "valid", "người@ví-dụ.vn"),
    ("an@bank.vn; binh@bank.vn", "several_values", "an@bank.vn; binh@bank.vn"),
    ("an@bank.vn, an@BANK.vn", "valid", "an@bank.vn"),
    ("an@bank", "not_an_email", "an@bank"),
    ("an@@bank.vn", "not_an_email", "an@@bank.vn"),
    ("an..n@bank.vn", "not_an_email", "an..n@bank.vn"),
    ("an@bank..vn", "not_an_email", "an@bank..vn"),
    ("an@-bank.vn", "not_an_email", "an@-bank.vn"),
    ("an nguyen@bank.vn", "not_an_email", "an nguyen@bank.vn"),
    ("an@10.0.0.1", "not_an_email", "an@10.0.0.1"),
    ("@bank.vn", "not_an_email", "@bank.vn"),
    ("khong co", "not_an_email", "khong co"),
    ("", "not_an_email", ""),
    (f"{'a' * 65}@bank.vn", "not_an_email", f"{'a' * 65}@bank.vn"),
    ("an@example.com", "not_an_email", "an@example.com"),  # nobody can have it
    ("demo1@example.invalid", "not_an_email", "demo1@example.invalid"),
]

ADDRESSES = [
    ("12 Lê Lợi", "valid", "12 Lê Lợi"),
    ("  12\u00a0 Lê  Lợi ", "valid", "12 Lê Lợi"),
    ("12 Le\u0302 Lo\u031b\u0323i", "valid", "12 Lê Lợi"),
    ("北京市　朝阳区", "valid", "北京市 朝阳区"),
    ("---", "not_an_address", "---"),
    ("", "not_an_address", ""),
]


@pytest.mark.parametrize(("text", "value_class", "normalised"), MAILS)
def test_a_mail_address_is_judged_by_its_form(text, value_class, normalised):
    reading = read_email(text)
    assert (reading.value_class.value, reading.normalised) == (value_class, normalised)


def test_domains_that_cannot_exist_are_a_demo_books_own():
    assert read_email("demo1@example.invalid", is_demo=True).value_class is ValueClass.DEMO
    assert read_email("an@bank.vn", is_demo=True).value_class is ValueClass.VALID


@pytest.mark.parametrize(("text", "value_class", "normalised"), ADDRESSES)
def test_of_a_postal_address_only_spaces_and_composition_change(text, value_class, normalised):
    reading = read_address(text)
    assert (reading.value_class.value, reading.normalised) == (value_class, normalised)


MAIL_LIKE = st.one_of(
    st.lists(st.sampled_from(["an", "@", "bank", ".", "vn", "BANK", " ", ";", "ê", "e\u0302", "mailto:", "-"])).map(
        "".join
    ),
    st.emails(),
    st.text(),
)


@given(MAIL_LIKE, st.booleans())
def test_normalising_a_mail_address_twice_is_normalising_it_once(text, is_demo):
    once = read_email(text, is_demo=is_demo)
    assert read_email(once.normalised, is_demo=is_demo) == once


@given(st.text())
def test_normalising_a_postal_address_twice_is_normalising_it_once(text):
    once = read_address(text)
    assert read_address(once.normalised) == once
