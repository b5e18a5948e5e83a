"""A fee down to its payments: in lines of text, of which there may be many, and as a page."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.ids import Digest, RunId
from reports.languages import Language
from reports.payout_tree import (
    FIRST_IN_TEXT,
    FIRST_ON_PAGE,
    FeePayment,
    Node,
    PayoutExplanation,
    payments_as_text,
    payout_page,
)
from tests.reports.reading import Page

EVIL = "<script>alert(1)</script>\"&'></style><!--"
PAYMENT = FeePayment(
    payment="Y1",
    account="A1",
    debtor="D1",
    paid_on=date(2026, 9, 3),
    posted_on=date(2026, 9, 4),
    channel="transfer",
    currency="VND",
    amount=Decimal(1_200_000),
    waiver=Decimal(200_000),
    reverses="",
    placement="L1",
    batch="B1",
    placed_on=date(2026, 7, 3),
    measure="age_at_placement_days",
    measured=Decimal(206),
    recovered=Decimal(1_000_000),
    rate=Decimal("0.22"),
    before=None,
    fee=Decimal(220_000),
)
REVERSAL = replace(
    PAYMENT, payment="Y2", reverses="Y1", amount=-PAYMENT.amount, recovered=-PAYMENT.recovered, fee=-PAYMENT.fee
)


def page_of(*payments, language=Language.ENGLISH):
    band = Node("band_3", "band", "220000", "found again in the payments", payments=payments)
    root = Node("payable", "round", "220000", children=(band,))
    explained = PayoutExplanation(
        "R01", "fee:standard", "2026-09", "VND", Decimal(220_000), RunId("r" * 24), RunId("n" * 24), Digest("d" * 64),
        (root,), (),
    )  # fmt: skip
    return Page(payout_page([explained], language, ""))


def many(number):
    return tuple(replace(PAYMENT, payment=f"Y{index}") for index in range(number))


def test_a_payment_is_told_with_what_its_fee_is_made_of():
    paid, taken_back = payments_as_text([PAYMENT, REVERSAL])
    assert paid == (
        "Y1 = 220000  recovered 1000000 of 1200000 VND at 0.22 · account A1 of D1 · paid 2026-09-03 by transfer, "
        "posted 2026-09-04 · placement L1 in batch B1 of 2026-07-03 · age at placement days 206"
    )
    assert taken_back.startswith("Y2 = -220000  recovered -1000000 of -1200000 VND at 0.22 · ")
    assert taken_back.endswith(" · takes back Y1")


def test_of_slices_it_is_told_from_where_they_count():
    (text,) = payments_as_text([replace(PAYMENT, rate=None, before=Decimal(50))])
    assert "recovered 1000000 of 1200000 VND in slices after 50 · " in text


@pytest.mark.parametrize(("number", "lines"), [(FIRST_IN_TEXT, FIRST_IN_TEXT), (FIRST_IN_TEXT + 3, FIRST_IN_TEXT + 1)])
def test_of_many_payments_the_first_are_told_and_what_the_rest_comes_to(number, lines):
    told = list(payments_as_text(many(number)))
    assert len(told) == lines
    rest = "… and 3 more: recovered 3000000, fee 660000; --json or --rows-to FOLDER has them all"
    assert (told[-1] == rest) is (number > FIRST_IN_TEXT)


def test_the_page_has_a_row_for_each_payment_and_their_sum():
    page = page_of(PAYMENT, REVERSAL, replace(PAYMENT, payment="Y3"))
    assert page.row("Y1")[1:] == [
        "A1 D1",
        "3 September 2026 transfer; posted 4 September 2026",
        "L1 batch B1, 3 July 2026",
        "days past due at placement: 206",
        "1,200,000 200,000 waived",
        "1,000,000",
        "0.22",
        "220,000",
    ]
    assert page.row("Y2 takes back Y1")[-1] == "-220,000"
    assert page.row("Sum") == ["Sum", "1,000,000", "", "220,000"]


def test_the_page_says_what_it_does_not_list():
    page = page_of(*many(FIRST_ON_PAGE + 2))
    (rest,) = [row for row in page.rows if row[0].startswith("The other 2 payments")]
    assert rest[1:] == ["2,000,000", "", "440,000"]
    assert page.row("Sum")[1] == f"{(FIRST_ON_PAGE + 2) * 1_000_000:,}"


@pytest.mark.parametrize("language", Language)
def test_texts_of_payments_are_escaped_in_every_language(language):
    texts = ("payment", "account", "debtor", "channel", "placement", "batch", "reverses")
    page = page_of(replace(PAYMENT, **dict.fromkeys(texts, EVIL)), language=language)
    assert not page.problems
    assert not [tag for tag, _ in page.tags if tag == "script"]
    assert page.text.count("<script>alert(1)</script>") == len(texts)
