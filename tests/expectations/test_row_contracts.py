"""Each business rule with the row that breaks it, and the one reason that it gets."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from domain.catalogue import CATALOGUE
from expectations.checks import Matches, References
from expectations.contracts import CONTRACTS
from expectations.statements import split_of, work_for

DAY = date(2026, 3, 4)

BROKEN = [
    ("accounts", {"account_id": ""}, "accounts.account_id.form"),
    ("accounts", {"account_id": " A1"}, "accounts.account_id.form"),
    ("accounts", {"account_id": "A\t1"}, "accounts.account_id.form"),
    ("accounts", {"account_id": "A１"}, "accounts.account_id.form"),
    ("accounts", {"account_id": "A" * 65}, "accounts.account_id.form"),
    ("accounts", {"account_id": None}, "accounts.account_id.missing"),
    ("accounts", {"product": "mortgage"}, "accounts.product.code"),
    ("accounts", {"currency": "XXX"}, "accounts.currency.code"),
    ("accounts", {"region": "Hà\x07Nội"}, "accounts.region.text"),
    ("accounts", {"region": "ả" * 501}, "accounts.region.text"),
    ("accounts", {"language": "vie"}, "accounts.language.form"),
    ("accounts", {"balance": Decimal("1000000.5")}, "accounts.balance.minor_units"),
    ("accounts", {"days_past_due": -1}, "accounts.days_past_due.range"),
    ("accounts", {"opened_on": date(1900, 1, 1)}, "accounts.opened_on.range"),
    ("accounts", {"overdue_amount": Decimal(-1)}, "accounts.overdue_amount.negative"),
    ("accounts", {"status": "closed"}, "accounts.overdue.closed"),
    ("accounts", {"status": "charged_off"}, "accounts.charged_off_on.status"),
    ("accounts", {"charged_off_on": date(2020, 1, 1)}, "accounts.charged_off_on.order"),
    ("payments", {"principal": Decimal(8_001)}, "payments.amount.split"),
    ("payments", {"account_id": "A9"}, "payments.account_id.unknown"),
    ("payments", {"currency": "CNY"}, "payments.currency.account"),
    ("payments", {"paid_on": date(2026, 3, 5)}, "payments.posted_on.order"),
    ("payments", {"payment_id": "P0"}, "payments.payment_id.seen_before"),
    ("contacts", {"contact_id": "C0"}, "contacts.contact_id.seen_before"),
    ("reviews", {"review_id": "Q0"}, "reviews.review_id.seen_before"),
    ("payments", {"amount": Decimal(-10_000), "principal": Decimal(-12_000)}, "payments.amount.sign"),
    ("payments", {"reverses": "P0"}, "payments.amount.sign,payments.reverses.original"),
    ("staff_postings", {"valid_to": date(2026, 1, 1)}, "staff_postings.valid_to.order"),
    ("contacts", {"partner_id": "PA1"}, "contacts.employee_id.or_partner"),
    ("contacts", {"duration_seconds": 4}, "contacts.duration_seconds.answered"),
    ("contacts", {"started_wall": datetime.fromisoformat("2026-03-04T20:00")}, "contacts.started_wall.clock"),
    ("promises", {"due_on": date(2026, 3, 3)}, "promises.due_on.order"),
    ("promises", {"amount": Decimal(0)}, "promises.amount.positive"),
    ("visits", {"employee_id": None}, "visits.employee_id.or_partner"),
    ("visits", {"recorded_at": datetime.fromisoformat("2026-03-04T08:00")}, "visits.recorded_at.order"),
    ("visits", {"outcome": "missed"}, "visits.made_at.outcome"),
    ("visits", {"latitude": Decimal(91)}, "visits.latitude.range"),
    ("visits", {"longitude": None}, "visits.longitude.pair"),
    ("visits", {"latitude": Decimal(0), "longitude": Decimal(0)}, "visits.latitude.nowhere"),
    ("complaints", {"finding": "upheld"}, "complaints.finding.answered"),
    ("bank_scores", {"account_id": "A9"}, "bank_scores.account_id.unknown"),
    ("bank_scores", {"probability": Decimal("1.01")}, "bank_scores.probability.range"),
    ("bank_scores", {"probability": None}, "bank_scores.probability.or_amount"),
    ("bank_scores", {"expected_amount": Decimal(5)}, "bank_scores.probability.or_amount"),
    ("bank_scores", {"probability": None, "expected_amount": Decimal(10**9)}, "bank_scores.expected_amount.balance"),
    ("bank_scores", {"currency": "CNY"}, "bank_scores.currency.account"),
    ("bank_scores", {"horizon_days": 0}, "bank_scores.horizon_days.none"),
    ("bank_scores", {"channel": "fax"}, "bank_scores.channel.code"),
    ("reviews", {"score": Decimal("1.01")}, "reviews.score.range"),
    ("reviews", {"employee_id": "E2"}, "reviews.contact_id.employee"),
    ("partner_reviews", {"partner_id": "PA9"}, "partner_reviews.partner_id.unknown"),
    ("partner_reviews", {"visit_id": None}, "partner_reviews.contact_id.or_visit"),
    ("partner_reviews", {"visit_id": None, "contact_id": "C1"}, "partner_reviews.contact_id.partner"),
    ("partner_reviews", {"has_recording": False}, "partner_reviews.score.recording"),
    ("partner_reports", {"duty": "letter", "staff": None}, "partner_reports.duty.code"),
    ("partner_reports", {"month": date(2027, 1, 1)}, "partner_reports.month.due"),
    ("partner_reports", {"received_on": None}, "partner_reports.accepted.received"),
    ("partner_reports", {"duty": "audit"}, "partner_reports.staff.duty"),
]


@pytest.fixture
def standing_book(book, good):
    """One good row of each table that others refer to; yesterday's payment, contact and review in the history."""
    book.fill(
        accounts=[good("accounts")],
        employees=[good("employees"), good("employees", employee_id="E2")],
        parties=[good("parties")],
        partners=[good("partners"), good("partners", partner_id="PA2")],
        contacts=[good("contacts")],
        contacts_history=[good("contacts", contact_id="C0")],
        reviews_history=[good("reviews", review_id="Q0")],
        payments_history=[good("payments", payment_id="P0", posted_on=date(2026, 3, 3), amount=Decimal(9_000))],
    )
    return book


@pytest.mark.parametrize(
    "table",
    [
        "accounts",
        "payments",
        "staff_postings",
        "contacts",
        "promises",
        "visits",
        "complaints",
        "placements",
        "reviews",
        "partner_reviews",
        "partner_reports",
        "bank_scores",
    ],
)
def test_a_good_row_passes(standing_book, good, table):
    standing_book.fill(**{table: [good(table)]})
    work = work_for(table)
    assert work.read_counts(standing_book.read(work.counts)).is_clean


@pytest.mark.parametrize(("table", "change", "reasons"), BROKEN, ids=[f"{r}" for _, __, r in BROKEN])
def test_a_broken_row_is_quarantined_for_its_reason_alone(standing_book, good, table, change, reasons):
    standing_book.fill(**{table: [good(table, **change)]})
    found = standing_book.read(split_of(CONTRACTS[table], doubled=False).reasons)
    assert [one["reasons"] for one in found] == [reasons + ","]


@pytest.mark.parametrize(
    ("changes", "is_fine"),
    [
        ({}, True),
        ({"account_id": "A2"}, False),
        ({"amount": Decimal(-9_999), "principal": Decimal(-7_999)}, False),
        ({"reverses": "P77"}, True),
    ],
    ids=["its own", "another account", "another amount", "an original that is not in view"],
)
def test_a_reversal_takes_back_an_earlier_payment_of_the_account_and_amount(book, good, changes, is_fine):
    parts = ("amount", "principal", "interest", "fee")
    reversal = good("payments", payment_id="P9", reverses="P0") | {p: -good("payments")[p] for p in parts} | changes
    book.fill(
        accounts=[good("accounts"), good("accounts", account_id="A2")],
        payments=[reversal],
        payments_history=[good("payments", payment_id="P0", posted_on=date(2026, 3, 1))],
    )
    found = work_for("payments").read_counts(book.read(work_for("payments").counts))
    assert dict(found.by_check)["payments.reverses.original"] == (0 if is_fine else 1)


def test_postings_that_overlap_are_both_at_fault_and_those_that_touch_are_not(book, good):
    def posting(start, end):
        return good("staff_postings", valid_from=start, valid_to=end)

    january, february, march = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
    book.fill(employees=[good("employees")], staff_postings=[posting(january, february), posting(february, None)])
    assert work_for("staff_postings").read_counts(book.read(work_for("staff_postings").counts)).is_clean
    book.fill(staff_postings=[posting(january, None), posting(february, march)])
    found = book.read(split_of(CONTRACTS["staff_postings"], doubled=False).reasons)
    assert [one["reasons"] for one in found] == ["staff_postings.overlap,"] * 2


@pytest.mark.parametrize(
    ("first", "second", "rows_at_fault"),
    [
        ({}, {}, 2),
        ({}, {"placed_on": date(2026, 7, 1)}, 0),
        ({}, {"account_id": "A2"}, 0),
        ({}, {"exclusive": False}, 2),
        ({"exclusive": False}, {"exclusive": False}, 0),
        ({"recalled_on": date(2026, 3, 1)}, {}, 0),
    ],
    ids=["at once", "after its term", "another account", "one is exclusive", "none is", "recalled before"],
)
def test_an_account_is_with_one_partner_at_a_time_where_either_has_it_alone(book, good, first, second, rows_at_fault):
    book.fill(
        accounts=[good("accounts"), good("accounts", account_id="A2")],
        partners=[good("partners"), good("partners", partner_id="PA2")],
        placements=[
            good("placements", **first),
            good("placements", placement_id="L2", partner_id="PA2", term_ends_on=date(2027, 1, 1))
            | {"placed_on": date(2026, 3, 1)}
            | second,
        ],
    )
    found = book.read(split_of(CONTRACTS["placements"], doubled=False).reasons)
    assert [one["reasons"] for one in found] == ["placements.overlap,"] * rows_at_fault


def test_a_missing_reference_is_unknown_even_where_the_other_table_is_empty_or_has_missing_keys(book, good):
    for accounts in ([], [good("accounts", account_id=None)]):
        book.fill(accounts=accounts, payments=[good("payments")])
        counts = work_for("payments").read_counts(book.read(work_for("payments").counts))
        assert dict(counts.by_check)["payments.account_id.unknown"] == 1
        assert dict(counts.by_check)["payments.currency.account"] == 0


def test_every_table_of_the_catalogue_has_a_contract_and_every_reference_is_checked():
    assert CONTRACTS.keys() == CATALOGUE.keys()
    for name, contract in CONTRACTS.items():
        checked = {
            (one.column, f"{one.table}.{one.column_there}") for one in contract.checks if isinstance(one, References)
        }
        assert checked == {(one.name, one.references) for one in CATALOGUE[name] if one.references}
        assert all(check.code.startswith(f"{name}.") for check in contract.checks)


@pytest.mark.parametrize("pattern", [r"\d+", r"\w", "[[:alpha:]]", "é", "a.c", "[０-９]"])
def test_patterns_on_which_engines_disagree_are_refused(pattern):
    with pytest.raises(ValueError, match="ASCII classes"):
        Matches("t.c.form", "c", pattern)
