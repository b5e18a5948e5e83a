"""A settlement's statement for its partner: every kind and state in words, what ties out, and money of another kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from incentives.claims.differences import Standing
from incentives.claims.kinds import ABOUT
from reports.claims_statement import (
    AGREED,
    DUE,
    HELD,
    NOT_CLAIMED,
    SENT,
    BandOfFee,
    ClaimsStatement,
    CountedMoney,
    ShownDifference,
    statement_report,
)
from reports.languages import Language
from reports.report_files import report_page
from tests.reports import sample

DAY = date(2026, 10, 15)
OURS = ((DUE, 4, 700), (AGREED, 2, 300), (HELD, 1, 300), (NOT_CLAIMED, 1, 100))


def told(label: str = sample.LABEL, text: str = "R01", currency: str = "USD") -> ClaimsStatement:
    """A difference of every kind and state; one line was sent in another currency than the contract's."""
    kinds = [CountedMoney(about.text, 1, Decimal(10)) for about in ABOUT.values() if not about.is_ours]
    sent = CountedMoney(SENT, 2 + len(kinds), Decimal(301 + 10 * len(kinds)), is_total=True)
    agreed = CountedMoney(AGREED, 2, Decimal(301))
    apart = CountedMoney("the account is kept in another currency", 1, Decimal("12.34"), currency=currency)
    states = list(Standing)
    shown = [
        ShownDifference(f"{text}.{number}", text, text, about.text, about.remedy, Decimal(10), None,
                        states[number % len(states)], DAY, "VND")
        for number, about in enumerate(ABOUT.values())
    ]  # fmt: skip
    shown[0] = replace(shown[0], claimed=Decimal("12.34"), currency=currency)
    return ClaimsStatement(
        settlement=f"{text}-by_claims-2026-09-1", partner=text, contract=text, cycle="2026-09",
        run=sample.RUN, run_on=DAY, reply_by=date(2026, 10, 29), currency="VND", theirs=(sent, agreed, *kinds, apart),
        ours=tuple(CountedMoney(what, number, Decimal(money), what == DUE) for what, number, money in OURS),
        agreed_as_claimed=Decimal(301), agreed_as_booked=Decimal(300), decided=Decimal(0),
        bands=(BandOfFee("2026-09", text, text, 2, Decimal(300), Decimal(30)),), differences=tuple(shown),
        book_label=label,
    )  # fmt: skip


def page(language: Language, label: str = sample.LABEL, text: str = "R01") -> str:
    return report_page(statement_report(told(label, text), language), language)


def test_it_ties_out_and_money_of_another_currency_is_no_part_of_it():
    ties = statement_report(told(), Language.ENGLISH).tie_outs
    assert all(each.is_equal for each in ties)
    (apart,) = [row for row in statement_report(told(), Language.ENGLISH).sections[0].rows if row.cells[2].note]
    assert (apart.cells[2].value, apart.cells[2].note) == (Decimal("12.34"), "USD")


def test_what_is_decided_is_not_counted_as_open():
    shown = told()
    (card,) = [each for each in statement_report(shown, Language.ENGLISH).cards if each.title == "Open differences"]
    assert card.number.value == sum(each.state.value in {"open", "waiting", "proposed"} for each in shown.differences)


def test_a_line_without_a_currency_is_shown_as_a_number():
    assert "12.34" in report_page(statement_report(told(currency=""), Language.ENGLISH), Language.ENGLISH)


@pytest.mark.parametrize("language", [Language.VIETNAMESE, Language.CHINESE])
def test_nothing_english_is_left_on_a_translated_page(language):
    html = page(language)
    left = {about.text for about in ABOUT.values()} | {about.remedy for about in ABOUT.values()}
    left |= {"What helps", "Booked", "Since", "payable as", "held by", "due to be claimed"}
    assert {text for text in left if text in html} == set()
