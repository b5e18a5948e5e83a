"""What each kind of signal finds: a slow, plain reading of the rows, and the SQL on both engines, row by row."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.dispatch import FOREVER
from domain.exact import exact
from kpi_rules.signals.distances import square_metres
from kpi_rules.signals.statements import counts_of, rows_of, signal_reads
from kpi_rules.signals.units import Span
from kpi_rules.views import VIEWS
from tests.kpi_rules.signal_texts import signal_of

START, AS_OF = date(2026, 10, 1), date(2026, 10, 31)
SPAN = Span(START, AS_OF)
SUBJECTS = {"E1": "employee", "E2": "employee", "P1": "partner"}

names = st.sampled_from(sorted(SUBJECTS))
accounts = st.sampled_from(["A1", "A2", "A3"])
offsets = st.integers(-9, 32)
days = offsets.map(lambda offset: START + timedelta(days=offset))
amounts = st.integers(1, 12).map(lambda units: Decimal(units * 50))
quick = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def by(name):
    return {"employee_id": name if SUBJECTS[name] == "employee" else None,
            "partner_id": name if SUBJECTS[name] == "partner" else None}  # fmt: skip


def in_month(day):
    return START <= day <= AS_OF


def found_in(book, signal, tables):
    """What the statement gives over these rows: subject, row, figure and whether it fires."""
    for view in sorted(signal_reads(signal)):
        book.connection.execute(sa.delete(VIEWS[view]))
    for view, rows in tables.items():
        book.add_all(view, rows)
    rows = book.rows(exact(rows_of(signal, SPAN)))
    whole = book.rows(counts_of(signal, SPAN))
    assert sum(each["rows"] for each in whole) == len(rows)
    assert sum(each["hits"] for each in whole) == sum(each["hit"] for each in rows)
    return sorted((each["subject_id"], each["row_id"], int(each["figure"]), each["hit"]) for each in rows)


def credit(number, account, name, posted_on, amount, *, paid_on=None, reason=None, line=1):
    return {"payment_id": f"Y{number}", "line": line, "account_id": account, "posted_on": posted_on,
            "paid_on": paid_on or posted_on, "credited_for": paid_on or posted_on, "recovered": amount,
            "reason": reason, **by(name)}  # fmt: skip


payments = st.lists(st.tuples(accounts, names, days, st.integers(0, 6), amounts), max_size=9)


@quick
@given(
    rows=payments,
    owned=st.dictionaries(accounts, st.lists(st.tuples(offsets, st.sampled_from([*SUBJECTS, "HOUSE"])), max_size=4)),
    limit=st.integers(0, 5),
)
def test_accounts_that_pay_right_after_a_handover(rows, owned, limit, shared_book):
    dispatch = [each for account, turns in owned.items() for each in _intervals(account, turns)]
    credited = [
        credit(number, account, name, posted, amount, paid_on=posted - timedelta(days=lag))
        for number, (account, name, posted, lag, amount) in enumerate(rows)
    ]
    first, last = START - timedelta(days=limit), AS_OF - timedelta(days=limit)
    expected = []
    for account in owned:
        spells = [each for each in dispatch if each["account_id"] == account]
        for before, after in pairwise(spells):
            since, owner = after["valid_from"], after["owner_id"]
            if "HOUSE" in {before["owner_id"], owner} or before["owner_id"] == owner or not first <= since <= last:
                continue
            soon = [
                each for each in credited
                if each["account_id"] == account and owner in {each["employee_id"], each["partner_id"]}
                and since <= each["credited_for"] <= since + timedelta(days=limit)
                and first <= each["posted_on"] <= AS_OF
            ]  # fmt: skip
            row = min((each["payment_id"] for each in soon), default=account)
            waited = min(((each["credited_for"] - since).days for each in soon), default=0)
            expected.append((owner, row, waited, bool(soon)))
    signal = signal_of(f"{{kind: paid_after_reassignment, days: {limit}}}")
    assert found_in(shared_book, signal, {"credits": credited, "dispatch": dispatch}) == sorted(expected)


def _intervals(account, turns):
    starts = dict(sorted(turns))
    ordered = list(starts.items())
    for place, (offset, owner) in enumerate(ordered):
        ends = START + timedelta(days=ordered[place + 1][0]) if place + 1 < len(ordered) else FOREVER
        kind = SUBJECTS.get(owner, "house")
        yield {"account_id": account, "owner_id": owner, "owner_kind": kind,
               "valid_from": START + timedelta(days=offset), "valid_to": ends}  # fmt: skip


@quick
@given(
    rows=st.lists(st.tuples(names, st.integers(1, 32), amounts, st.booleans()), max_size=8),
    back=st.lists(st.tuples(st.integers(0, 9), st.integers(-3, 14)), max_size=4, unique_by=lambda each: each[0]),
    limit=st.integers(1, 12),
)
def test_payments_taken_back_after_the_cut_off(rows, back, limit, shared_book):
    credited = [
        credit(number, "A1", name, START - timedelta(days=before), amount, reason="house" if uncredited else None)
        for number, (name, before, amount, uncredited) in enumerate(rows)
    ]
    reversals = {number: START + timedelta(days=offset) for number, offset in back}
    booked = [{"payment_id": f"R{number}", "reverses": f"Y{number}", "posted_on": day} for number, day in
              reversals.items()]  # fmt: skip
    expected = []
    for number, (name, before, _, uncredited) in enumerate(rows):
        if uncredited or before > 30:
            continue
        day = reversals.get(number)
        fires = day is not None and START <= day < START + timedelta(days=limit)
        expected.append((name, f"Y{number}", (day - START).days + 1 if fires else 0, fires))
    signal = signal_of(f"{{kind: reversed_after_cut_off, within_days: {limit}}}")
    assert found_in(shared_book, signal, {"credits": credited, "payments": booked}) == sorted(expected)


@quick
@given(
    rows=st.lists(st.tuples(names, days, st.integers(0, 6), st.sampled_from(["cash", "transfer"]),
                            st.none() | st.integers(0, 9)), max_size=9),
    limit=st.integers(0, 6),
)  # fmt: skip
def test_cash_that_is_paid_in_late(rows, limit, shared_book):
    credited, booked, expected = [], [], []
    for number, (name, posted, lag, channel, kept) in enumerate(rows):
        paid = posted - timedelta(days=lag)
        credited.append(credit(number, "A1", name, posted, Decimal(10), paid_on=paid))
        reached = None if kept is None else paid + timedelta(days=kept)
        booked.append({"payment_id": f"Y{number}", "paid_on": paid, "channel": channel, "deposited_on": reached})
        if in_month(posted) and channel == "cash":
            waited = ((reached or AS_OF) - paid).days
            expected.append((name, f"Y{number}", waited, waited > limit))
    signal = signal_of(f"{{kind: cash_kept, days: {limit}}}")
    assert found_in(shared_book, signal, {"credits": credited, "payments": booked}) == sorted(expected)


@quick
@given(rows=payments, limit=st.integers(0, 6))
def test_payments_held_over(rows, limit, shared_book):
    credited = [
        credit(number, account, name, posted, amount, paid_on=posted - timedelta(days=lag))
        for number, (account, name, posted, lag, amount) in enumerate(rows)
    ]
    expected = [
        (name, f"Y{number}", lag, posted - timedelta(days=lag) < START and lag > limit)
        for number, (_, name, posted, lag, _) in enumerate(rows)
        if in_month(posted)
    ]
    signal = signal_of(f"{{kind: held_over, days: {limit}}}")
    assert found_in(shared_book, signal, {"credits": credited}) == sorted(expected)


@quick
@given(
    rows=st.lists(st.tuples(accounts, names, st.integers(1, 3), amounts), max_size=10),
    pieces=st.integers(2, 4),
    boundaries=st.lists(st.sampled_from([200, 500, 900]), unique=True, max_size=2).map(sorted),
)
def test_payments_split(rows, pieces, boundaries, shared_book):
    credited = [credit(number, account, name, START + timedelta(days=offset), amount)
               for number, (account, name, offset, amount) in enumerate(rows)]  # fmt: skip
    together = defaultdict(list)
    for account, name, offset, amount in rows:
        together[account, name, offset].append(amount)
    expected = []
    for number, (account, name, offset, _) in enumerate(rows):
        group = together[account, name, offset]
        crosses = any(max(group) < each <= sum(group) for each in boundaries) or not boundaries
        expected.append((name, f"Y{number}", len(group), len(group) >= pieces and crosses))
    stated = f", boundaries: {{VND: {boundaries}}}" if boundaries else ""
    signal = signal_of(f"{{kind: split_payments, pieces: {pieces}{stated}}}")
    assert found_in(shared_book, signal, {"credits": credited}) == sorted(expected)


@quick
@given(
    rows=st.lists(st.tuples(names, st.integers(24, 30), amounts, st.sampled_from(["VND", "CNY"])), max_size=12),
    margin=st.sampled_from(["0.1", "0.5"]),
)
def test_small_payments_that_just_reach_a_tier(rows, margin, shared_book):
    tiers, small, first = (Decimal(500), Decimal(1500)), Decimal(150), AS_OF - timedelta(days=2)
    whole, late = defaultdict(Decimal), defaultdict(Decimal)
    credited = []
    for number, (name, offset, amount, currency) in enumerate(rows):
        day = START + timedelta(days=offset)
        credited.append({**credit(number, "A1", name, day, amount), "currency": currency})
        whole[name, currency] += amount
        if day >= first and amount <= small and currency == "VND":
            late[name, currency] += amount
    expected = []
    for number, (name, offset, amount, currency) in enumerate(rows):
        if START + timedelta(days=offset) < first:
            continue
        mine = whole[name, currency]
        reached = [each for each in tiers if each <= mine < each * (1 + Decimal(margin))
                   and mine - late[name, currency] < each and currency == "VND"]  # fmt: skip
        above = int(mine - reached[0]) if reached else 0
        expected.append((name, f"Y{number}", above, bool(reached) and amount <= small))
    signal = signal_of(
        f"{{kind: just_above_tier, boundaries: {{VND: [500, 1500]}}, margin: {margin}, last_days: 3, "
        "small: {VND: 150}}"
    )
    assert found_in(shared_book, signal, {"credits": credited}) == sorted(expected)


places = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(
    lambda at: (Decimal("10.7") + at[0] * Decimal("0.05"), Decimal("106.6") + at[1] * Decimal("0.05"))
)
visits = st.lists(
    st.tuples(accounts, names, st.integers(1, 3), st.integers(8 * 60, 20 * 60), st.none() | places), max_size=9
)


def visit_rows(rows):
    for number, (account, name, offset, minute, place) in enumerate(rows):
        at = datetime.combine(START, datetime.min.time()) + timedelta(days=offset, minutes=minute)
        north, east = place or (None, None)
        yield {"visit_id": f"V{number}", "account_id": account, "made_at": at, "recorded_at": at, "latitude": north,
               "longitude": east, **by(name)}  # fmt: skip


def great_circle(one, other):
    """Metres by the haversine, in floats: what the SQL's whole numbers are held against."""
    north, east, to_north, to_east = (radians(each) for each in (*one, *other))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return 2 * 6_371_009 * asin(sqrt(half))


@quick
@given(rows=visits, kmh=st.integers(20, 120), metres=st.sampled_from([1, 6000]))
def test_visits_too_far_apart_for_the_time(rows, kmh, metres, shared_book):
    """Places of the examples lie kilometres apart, so that no speed is near enough to the limit for the flat map."""
    made = list(visit_rows(rows))
    by_day = defaultdict(list)
    for row, (_, name, offset, _, _) in zip(made, rows, strict=True):
        if SUBJECTS[name] == "employee":
            by_day[name, offset].append(row)
    expected = {}
    for (name, _), mine in by_day.items():
        ordered = sorted(mine, key=lambda row: (row["made_at"], row["visit_id"]))
        for before, row in pairwise(ordered):
            fires = False
            if before["latitude"] is not None and row["latitude"] is not None:
                far = great_circle(*(((each["latitude"], each["longitude"])) for each in (before, row)))
                minutes = (row["made_at"] - before["made_at"]).seconds // 60
                fires = far >= metres and 60 * far > 1000 * kmh * minutes
            expected[name, row["visit_id"]] = fires
    signal = signal_of(
        f"{{kind: travel_too_fast, faster_than_kmh: {kmh}, at_least_metres: {metres}}}", subjects="employee"
    )
    found = _with_unknown_figures(shared_book, signal, made)
    assert found == expected


def _with_unknown_figures(book, signal, made):
    for view in ("visits", "accounts", "accounts_opening", "staff_postings", "partners"):
        book.connection.execute(sa.delete(VIEWS[view]))
    book.add_all("visits", made)
    return {(each["subject_id"], each["row_id"]): each["hit"] for each in book.rows(exact(rows_of(signal, SPAN)))}


degrees = st.integers(-400_000, 400_000)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(north=st.integers(-65_000_000, 65_000_000), east=st.integers(0, 170_000_000), away=st.tuples(degrees, degrees))
def test_the_flat_map_is_within_a_thousandth_of_the_great_circle_on_both_engines(north, east, away, shared_book):
    one = tuple(Decimal(each) / 1_000_000 for each in (north, east))
    other = tuple(Decimal(each + more) / 1_000_000 for each, more in zip((north, east), away, strict=True))
    given_places = [[sa.cast(sa.literal(each), sa.Numeric(9, 6)) for each in place] for place in (one, other)]
    statement = sa.select(square_metres(*map(tuple, given_places)).label("metres2"))
    (row,) = shared_book.rows(exact(statement))
    assert sqrt(row["metres2"]) == pytest.approx(great_circle(one, other), rel=0.001, abs=1.5)


@quick
@given(
    rows=st.lists(st.tuples(names, st.integers(1, 4), st.integers(8, 17), st.integers(0, 40)), max_size=10),
    together=st.integers(2, 4),
    minutes=st.sampled_from([10, 60]),
)
def test_visits_recorded_in_bulk_after_the_shift(rows, together, minutes, shared_book):
    made, recorded = [], defaultdict(list)
    for number, (name, offset, hour, later) in enumerate(rows):
        at = datetime.combine(START, datetime.min.time()) + timedelta(days=offset, hours=hour)
        noted = at + timedelta(minutes=later * 20)
        made.append({"visit_id": f"V{number}", "account_id": "A1", "made_at": at, "recorded_at": noted, **by(name)})
        recorded[name].append(noted)
    expected = []
    for number, (name, _, _, _) in enumerate(rows):
        if SUBJECTS[name] == "partner":
            continue
        at, noted = made[number]["made_at"], made[number]["recorded_at"]
        length = timedelta(minutes=minutes)
        windows = [first for first in recorded[name] if first <= noted <= first + length]
        in_bulk = any(sum(first <= each <= first + length for each in recorded[name]) >= together for first in windows)
        is_after = noted.date() > at.date() or noted.hour * 60 + noted.minute > 18 * 60 + 30
        hours = (noted.date() - at.date()).days * 24 + noted.hour - at.hour
        expected.append((name, f"V{number}", hours, in_bulk and is_after))
    signal = signal_of(
        f'{{kind: recorded_after_shift, shift_ends: "18:30", together: {together}, minutes: {minutes}}}',
        subjects="employee",
    )
    assert found_in(shared_book, signal, {"visits": made}) == sorted(expected)


@quick
@given(
    rows=st.lists(st.tuples(accounts, names, st.integers(0, 2), st.integers(0, 12)), max_size=12),
    debtors=st.integers(2, 3),
)
def test_the_same_place_for_several_debtors(rows, debtors, shared_book):
    """Places differ by ten-thousandths of a degree, and within them by millionths; A1 and A2 are of one debtor."""
    debtor_of = {"A1": "D1", "A2": "D1", "A3": "A3"}
    made, at_place, at = [], defaultdict(set), datetime.fromisoformat("2026-10-05 09:00")
    for number, (account, name, cell, jitter) in enumerate(rows):
        north = Decimal("10.7000") + cell * Decimal("0.0001") + jitter * Decimal("0.000003")
        made.append({"visit_id": f"V{number}", "account_id": account, "made_at": at,
                     "latitude": north, "longitude": Decimal("106.6"), **by(name)})  # fmt: skip
        at_place[name, cell].add(debtor_of[account])
    expected = [
        (name, f"V{number}", len(at_place[name, cell]), len(at_place[name, cell]) >= debtors)
        for number, (_, name, cell, _) in enumerate(rows)
    ]
    book_rows = [{"account_id": name, "debtor_id": "D1"} for name in ("A1", "A2")]
    signal = signal_of(f"{{kind: same_place, debtors: {debtors}, digits: 4}}")
    assert found_in(shared_book, signal, {"visits": made, "accounts": book_rows}) == sorted(expected)


contacts = st.lists(
    st.tuples(names, offsets, st.integers(8 * 60, 20 * 60), st.sampled_from(["promise", "right_party", "no_answer"]),
              st.sampled_from(["call", "sms"]), st.integers(0, 9)), max_size=10
)  # fmt: skip


def contact_rows(rows):
    for number, (name, offset, minute, outcome, channel, seconds) in enumerate(rows):
        at = datetime.combine(START, datetime.min.time()) + timedelta(days=offset, minutes=minute)
        yield {"contact_id": f"C{number}", "account_id": "A1", "started_wall": at, "outcome": outcome,
               "channel": channel, "duration_seconds": seconds, **by(name)}  # fmt: skip


@quick
@given(rows=contacts, resting=st.sets(st.integers(27, 30)), last=st.integers(1, 3))
def test_promises_of_the_last_hours(rows, resting, last, shared_book):
    working = [START + timedelta(days=offset) for offset in range(31) if offset not in resting]
    calendar = [{"jurisdiction": "VN", "day": START + timedelta(days=offset), "is_working_day": offset not in resting}
                for offset in range(40)]  # fmt: skip
    expected = []
    for number, (name, offset, minute, outcome, _, _) in enumerate(rows):
        day = START + timedelta(days=offset)
        if outcome == "promise" and in_month(day):
            expected.append((name, f"C{number}", minute, day >= working[-last] and minute >= 16 * 60 + 30))
    signal = signal_of(f'{{kind: late_promises, last_working_days: {last}, after: "16:30"}}')
    tables = {"contacts": list(contact_rows(rows)), "calendar": calendar,
              "accounts": [{"account_id": "A1", "jurisdiction": "VN"}]}  # fmt: skip
    assert found_in(shared_book, signal, tables) == sorted(expected)


@quick
@given(rows=contacts, seconds=st.integers(0, 5))
def test_calls_of_seconds_that_reached_somebody(rows, seconds, shared_book):
    expected = [
        (name, f"C{number}", length, length <= seconds)
        for number, (name, offset, _, outcome, channel, length) in enumerate(rows)
        if in_month(START + timedelta(days=offset)) and channel == "call" and outcome != "no_answer"
    ]
    signal = signal_of(f"{{kind: short_contacts, seconds: {seconds}, outcomes: [promise, right_party]}}")
    assert found_in(shared_book, signal, {"contacts": list(contact_rows(rows))}) == sorted(expected)


promises = st.lists(
    st.tuples(accounts, names, days, st.integers(0, 6), amounts, st.sampled_from(["kept", "broken"])), max_size=6
)
bookings = st.lists(st.tuples(accounts, days, amounts, st.booleans()), max_size=6)


def promise_rows(rows):
    for number, (account, name, made, due, amount, state) in enumerate(rows):
        yield {"promise_id": f"M{number}", "account_id": account, "made_on": made, "amount": amount, "state": state,
               "due_on": made + timedelta(days=due), **by(name)}  # fmt: skip


def booking_rows(rows):
    for number, (account, posted, amount, is_reversal) in enumerate(rows):
        yield {"payment_id": f"Y{number}", "account_id": account, "posted_on": posted, "amount": amount,
               "reverses": "Y99" if is_reversal else None}  # fmt: skip


@quick
@given(rows=promises, booked=bookings, limit=st.integers(0, 5))
def test_promises_kept_before_they_were_made(rows, booked, limit, shared_book):
    expected = []
    for number, (account, name, made, _, amount, _) in enumerate(rows):
        if not in_month(made):
            continue
        covering = [
            posted
            for paid, posted, got, is_reversal in booked
            if paid == account and got >= amount and not is_reversal and 0 <= (made - posted).days <= limit
        ]
        waited = (made - max(covering)).days if covering else 0
        expected.append((name, f"M{number}", waited, bool(covering)))  # fmt: skip
    signal = signal_of(f"{{kind: promise_after_payment, days: {limit}}}")
    tables = {"promises": list(promise_rows(rows)), "payments": list(booking_rows(booked))}
    assert found_in(shared_book, signal, tables) == sorted(expected)


@quick
@given(rows=promises, booked=bookings, grace=st.integers(0, 4))
def test_promises_kept_without_the_money(rows, booked, grace, shared_book):
    expected = []
    for number, (account, name, made, due, amount, state) in enumerate(rows):
        if state == "kept" and in_month(made):
            last = made + timedelta(days=due + grace)
            got = sum(paid for of, posted, paid, _ in booked if of == account and made <= posted <= last)
            expected.append((name, f"M{number}", int(got), got < amount * Decimal("0.9")))
    signal = signal_of(f"{{kind: kept_without_payment, grace_days: {grace}, share: 0.9}}")
    tables = {"promises": list(promise_rows(rows)), "payments": list(booking_rows(booked))}
    assert found_in(shared_book, signal, tables) == sorted(expected)


claims = st.lists(
    st.tuples(st.sampled_from(["P1", "P2"]), accounts, days, days, amounts, st.none() | st.integers(0, 5)), max_size=8
)


def claim_rows(rows):
    for number, (partner, account, claimed, paid, amount, booked) in enumerate(rows):
        yield {"claim_id": f"Q{number}", "partner_id": partner, "account_id": account, "claimed_on": claimed,
               "paid_on": paid, "amount": amount, "payment_id": None if booked is None else f"Y{booked}"}  # fmt: skip


@quick
@given(rows=claims, placed=st.lists(st.tuples(st.sampled_from(["P1", "P2"]), accounts, days), max_size=5))
def test_claims_on_accounts_never_placed(rows, placed, shared_book):
    expected = []
    for number, (partner, account, claimed, paid, _, _) in enumerate(rows):
        if in_month(claimed):
            had = sum(1 for who, what, day in placed if (who, what) == (partner, account) and day <= paid)
            expected.append((partner, f"Q{number}", had, had == 0))
    signal = signal_of("{kind: never_placed}", subjects="partner")
    placements = [{"placement_id": f"L{number}", "partner_id": partner, "account_id": account, "placed_on": day}
                  for number, (partner, account, day) in enumerate(placed)]  # fmt: skip
    assert found_in(
        shared_book, signal, {"partner_claims": list(claim_rows(rows)), "placements": placements}
    ) == sorted(expected)


@quick
@given(rows=claims, booked=st.lists(amounts, min_size=3, max_size=3))
def test_claims_rounded_up(rows, booked, shared_book):
    expected = []
    for number, (partner, _, claimed, _, amount, named) in enumerate(rows):
        if in_month(claimed) and named is not None and named < 3:
            above = amount - booked[named]
            expected.append((partner, f"Q{number}", int(above), above > 0 and amount % 100 == 0))
    signal = signal_of("{kind: rounded_claims, step: {VND: 100}}", subjects="partner")
    paid = [{"payment_id": f"Y{number}", "amount": amount} for number, amount in enumerate(booked)]
    assert found_in(shared_book, signal, {"partner_claims": list(claim_rows(rows)), "payments": paid}) == sorted(
        expected
    )
