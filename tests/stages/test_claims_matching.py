"""Matching beside a slow plain oracle, on random books; and every kind of difference, on lines of the bench."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.duck import duck_columns, open_duck
from adapters.settings import Settings
from bench import claims as bench
from domain.catalogue import CATALOGUE
from incentives.claims import statements, views
from incentives.claims.asked import Asked
from incentives.claims.kinds import ABOUT, ORDER, Kind, Verdict
from tasks.stages.claims_matching import match_claims
from tests.incentives.plain_matching import KINDS, Claim, Earlier, Matching, Payment, Placement, Terms

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))  # 120 were looked at once

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
ASKED = Asked(
    partner="R01",
    currency="VND",
    dated_by="posted_on",
    first_day=date(2026, 8, 1),
    starts_on=SEPTEMBER,
    ends_on=OCTOBER,
    posted_until=OCTOBER,
    run_on=date(2026, 10, 15),
    looks_back_to=date(2026, 6, 1),
    tolerance=Decimal(5),
    tolerance_days=1,
    estimates=("ESTIMATE",),
    prepayments=("PREPAYMENT",),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Settings(home=tmp_path_factory.mktemp("matching"))


def matched(place, claims, payments, placements, earlier: Earlier) -> dict[str, str]:
    """What the software makes of it: of each line and each unclaimed booking, the kind."""
    with open_duck(place) as duck:
        _match(duck, claims, payments, placements, earlier)
        lines = {row["claim_id"]: row["kind"] for row in duck.read(statements.all_outcomes())}
        ours = {f"payment:{row['payment_id']}": row["kind"] for row in duck.read(statements.unclaimed(ASKED))}
        given = duck.run(
            "SELECT payment_id, sum(amount) FROM claim_matches WHERE kind = 'agreed' GROUP BY 1"
        ).fetchall()
    left = {each.id: each.amount - each.waiver for each in payments}
    assert all(amount <= left[payment] for payment, amount in given), "no booking is given away twice"
    return lines | ours


def _match(duck, claims, payments, placements, earlier: Earlier) -> None:
    _fill(duck, "accounts", [{"account_id": each.account, "currency": "VND"} for each in placements])
    _fill(duck, "placements", [_placement(number, each) for number, each in enumerate(placements)])
    _fill(duck, "payments", [_payment(each) for each in payments])
    for table in (views.SENT, views.CONCLUDED_LINES, views.CONCLUDED_PAYMENTS, views.TERMS, views.JUDGED, views.CYCLES):
        duck.create_table(table.name, duck_columns(table), [])
    duck.run("INSERT INTO claim_terms VALUES (DATE '2025-01-01', DATE '9999-12-31', false, 30, false, 30)")
    for month in (8, 9):
        starts, ends = date(2026, month, 1), date(2026, month + 1, 1)
        duck.run("INSERT INTO claim_cycles VALUES (?, ?, ?, ?)", (starts, ends, ends, ends + timedelta(days=9)))
    for each in claims:
        row = (each.id, "R01", each.account, each.sent, each.month, each.paid, each.amount, each.currency)
        duck.run(f"INSERT INTO claims_sent VALUES ({', '.join('?' * 10)})", (*row, each.names or None, False))
    for (payment, partner), amount in earlier.settled.items():
        duck.run("INSERT INTO payments_concluded VALUES (?, ?, ?, false)", (payment, partner, amount))
    for payment in earlier.rejected:
        duck.run("INSERT INTO payments_concluded VALUES (?, 'R01', 0, true)", (payment,))
    match_claims(duck, ASKED, 45)


def _fill(duck, table: str, rows) -> None:
    columns = CATALOGUE[table].names
    duck.create_table_of("given", pa.table({name: pa.array([row.get(name) for row in rows]) for name in columns}))
    cells = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in duck_columns(CATALOGUE[table]).items())
    duck.run(f"CREATE OR REPLACE TABLE {table} AS SELECT {cells} FROM given")


def _placement(number: int, each: Placement) -> dict[str, object]:
    return {
        "placement_id": f"L{number}",
        "account_id": each.account,
        "partner_id": each.partner,
        "placement_number": number,
        "placed_on": each.start,
        "currency": "VND",
        "term_ends_on": date(2027, 12, 31),
        "recalled_on": each.recalled,
        "exclusive": False,
    }


def _payment(each: Payment) -> dict[str, object]:
    return {
        "payment_id": each.id,
        "account_id": each.account,
        "paid_on": each.paid,
        "posted_on": each.posted,
        "amount": Decimal(each.amount),
        "waiver": Decimal(each.waiver),
        "currency": "VND",
        "reverses": each.reverses or None,
    }


AMOUNTS = st.sampled_from([100, 103, 150, 200, 250, 300])
DAYS = st.integers(1, 6).map(lambda day: date(2026, 9, day))
ACCOUNTS = ("A1", "A2")


@st.composite
def books(draw):
    """A few payments, claims and placements that get into each other's way on purpose."""
    placements = [Placement("A1", "R01", date(2026, 8, 1), draw(st.sampled_from([None, None, date(2026, 8, 4)])))]
    placements.append(Placement("A2", draw(st.sampled_from(["R01", "R02"])), date(2026, 9, draw(st.integers(1, 5)))))
    payments = [
        Payment(f"P{number}", draw(st.sampled_from(ACCOUNTS)), day := draw(DAYS), _posted(draw, day), draw(AMOUNTS),
                draw(st.sampled_from([0, 0, 0, 50])))
        for number in range(draw(st.integers(0, 5)))
    ]  # fmt: skip
    payments += [
        Payment(f"T{each.id}", each.account, each.paid, date(2026, 9, 20), -draw(st.sampled_from([each.amount, 50])),
                0, each.id)
        for each in payments if draw(st.integers(0, 5)) == 0
    ]  # fmt: skip
    names = ["", "", "PNONE", "ESTIMATE-1", *(each.id for each in payments)]
    claims = [
        Claim(f"C{number}", draw(st.sampled_from((*ACCOUNTS, "A1", "A9"))), draw(st.sampled_from(SENT)),
              draw(st.sampled_from([SEPTEMBER, SEPTEMBER, date(2026, 8, 1)])), draw(DAYS), draw(CLAIMED),
              draw(st.sampled_from(names)))
        for number in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    earlier = Earlier(
        {(each.id, draw(st.sampled_from(["R01", "R02"]))): each.amount - each.waiver for each in payments
         if each.amount > 0 and draw(st.integers(0, 7)) == 0},
        {each.id for each in payments if not each.reverses and draw(st.integers(0, 11)) == 0},
    )  # fmt: skip
    return claims, payments, placements, earlier


SENT = [date(2026, 10, 3), date(2026, 10, 3), date(2026, 10, 6), date(2026, 10, 14)]
CLAIMED = st.one_of(AMOUNTS, AMOUNTS, AMOUNTS, st.sampled_from([0, -100, 50, 350, 450]))


def _posted(draw, day: date) -> date:
    return draw(st.sampled_from([day, day, day + timedelta(days=1), date(2026, 10, 2)]))


@settings(max_examples=EXAMPLES)
@given(book=books())
def test_the_software_and_the_plain_oracle_agree_line_by_line(place, book):
    claims, payments, placements, earlier = book
    expected = Matching(claims, payments, placements, Terms(), earlier).outcomes()
    assert matched(place, claims, payments, placements, earlier) == expected


@settings(max_examples=max(EXAMPLES // 5, 1))
@given(book=books(), shuffled=st.randoms(use_true_random=False))
def test_the_order_of_lines_and_files_is_irrelevant(place, book, shuffled):
    claims, payments, placements, earlier = book
    first = matched(place, claims, payments, placements, earlier)
    for rows in (claims, payments):
        shuffled.shuffle(rows)
    assert matched(place, claims, payments, placements, earlier) == first


def test_a_booking_is_given_away_at_most_once(place):
    """Five lines for one payment of 300: what they take of it is 300."""
    claims = [Claim(f"C{n}", "A1", date(2026, 10, 3), SEPTEMBER, date(2026, 9, 3), 150, "P1") for n in range(5)]
    payments = [Payment("P1", "A1", date(2026, 9, 3), date(2026, 9, 3), 300)]
    found = matched(place, claims, payments, [Placement("A1", "R01", SEPTEMBER)], Earlier())
    assert sorted(found.values()) == ["agreed", "agreed", "duplicate_line", "duplicate_line", "duplicate_line"]


def test_every_difference_of_the_bench_is_listed_under_its_kind(tmp_path):
    found = bench.measured(1_500)
    wrong = {kind: rates for kind, rates in bench.rates_of(found["found"]).items() if len(set(rates)) != 1}
    assert wrong == {}
    assert all(rates[0] > 0 for rates in bench.rates_of(found["found"]).values()), "every kind is put in"


def test_the_kinds_are_those_of_the_oracle_in_their_order():
    assert [kind.value for kind in ORDER[:-2]] == list(KINDS[:-1])
    assert {*ABOUT} == {*Kind}


def test_only_what_the_books_have_can_be_decided_to_be_paid():
    """Ours and theirs are allowed for kinds that hold a booking, or are one."""
    for about in ABOUT.values():
        if about.verdicts & {Verdict.OURS, Verdict.THEIRS}:
            assert about.holds or about.is_ours
