"""Calibration: what was predicted beside what came, where the truth is known."""

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from allocation.calibration import PAYERS_AT_LEAST, Verdict, booked_statement, calibration
from allocation.predicted import side_by_side

D = Decimal


def accounts_of(rows):
    """Rows of (debtor, segment, destination, predicted, realised); the neutral prediction is the same."""
    columns = {
        "account_id": pa.array([f"A{number:05d}" for number in range(len(rows))]),
        "debtor_id": pa.array([row[0] for row in rows]),
        "segment": pa.array([row[1] for row in rows]),
        "destination": pa.array([row[2] for row in rows], pa.string()),
        "neutral": pa.array([float(row[3]) for row in rows]),
        "predicted": pa.array([float(row[3]) for row in rows]),
        "realised": pa.array([float(row[4]) for row in rows]),
    }
    return pa.table(columns)


def paying(rng, count, rate, predicted_rate, segment="phone", destination="employee:E1", amount=100.0):
    return [
        (f"{segment} {destination} {number}", segment, destination, predicted_rate * amount, amount * (draw < rate))
        for number, draw in enumerate(rng.random(count))
    ]


def test_predicted_and_realised_are_summed_where_the_accounts_were_sent():
    found = calibration(accounts_of([("D1", "phone", "employee:E1", 10, 0), ("D2", "phone", "partner:P1", 20, 50),
                                     ("D3", "legal", None, 5, 1)]))  # fmt: skip
    told = [(one.name, one.accounts, one.payers, one.predicted, one.realised, one.ratio) for one in found.every]
    assert told[:4] == [
        ("all accounts", 3, 2, D("35.00"), D("51.00"), D("1.4571")),
        ("all accounts, whoever works them", 3, 2, D("35.00"), D("51.00"), D("1.4571")),
        ("legal", 1, 1, D("5.00"), D("1.00"), D("0.2000")),
        ("phone", 2, 1, D("30.00"), D("50.00"), D("1.6667")),
    ]
    assert [one.name for one in found.destinations] == ["employee:E1", "partner:P1"]


@pytest.mark.parametrize(
    ("predicted", "verdict"),
    [(0.30, Verdict.AS_PREDICTED), (0.45, Verdict.TOO_HIGH), (0.20, Verdict.TOO_LOW)],
)
def test_a_prediction_outside_the_interval_was_wrong(predicted, verdict):
    found = calibration(accounts_of(paying(np.random.default_rng(1), 2_000, 0.30, predicted)))
    assert found.whole.verdict is verdict
    assert found.whole.low < found.whole.ratio < found.whole.high


def test_too_few_payers_tell_nothing():
    rng = np.random.default_rng(1)
    few = paying(rng, PAYERS_AT_LEAST - 1, 1.0, 0.5) + paying(rng, 100, 0.0, 0.5, destination="employee:E2")
    found = calibration(accounts_of(few))
    assert {one.verdict for one in found.every} == {Verdict.TOO_FEW}
    assert all(one.low is None for one in found.every)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """400 draws of 400 debtors with amounts from 20 to 2,000, of whom a tenth pay: 95 in 100, give or take three."""
    rng, covered = np.random.default_rng(3), 0
    amounts = np.geomspace(20, 2_000, 400)
    for _ in range(400):
        came = amounts * (rng.random(400) < 0.1)
        rows = [
            (f"D{n}", "phone", None, 0.1 * owed, paid) for n, (owed, paid) in enumerate(zip(amounts, came, strict=True))
        ]
        covered += calibration(accounts_of(rows)).whole.verdict is Verdict.AS_PREDICTED
    assert 0.92 <= covered / 400 <= 0.98


def test_accounts_of_one_debtor_are_one_draw():
    """The same payments by a tenth of the debtors are known less well: the interval is wider."""
    rng = np.random.default_rng(2)
    alone = paying(rng, 1_000, 0.3, 0.3)
    together = [(f"D{number // 10}", *row[1:]) for number, row in enumerate(sorted(alone, key=lambda row: row[4]))]
    wide, narrow = (calibration(accounts_of(rows)).whole for rows in (together, alone))
    assert wide.ratio == narrow.ratio
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_deciles_are_tenths_of_the_accounts_by_prediction():
    rows = [(f"D{n}", "phone", None, n, 2 * n) for n in range(100)]
    deciles = calibration(accounts_of(rows[::-1])).deciles
    assert [one.accounts for one in deciles] == [10] * 10
    assert [one.predicted for one in deciles] == [
        D(sum(range(n, n + 10))).quantize(D("0.01")) for n in range(0, 100, 10)
    ]


def test_the_order_of_rows_leaves_no_trace():
    table = accounts_of(paying(np.random.default_rng(4), 300, 0.3, 0.3))
    shuffled = table.take(pa.array(np.random.default_rng(5).permutation(300)))
    assert calibration(table) == calibration(shuffled)


def test_what_was_predicted_stands_beside_what_was_booked_in_one_currency():
    """Thirty days brought to fifteen, by the narrowest effect that was kept; what another currency has is weighed."""
    rows = [("A1", "VND", "employee", "E1", "phone", "T1", 100.0), ("A2", "CNY", "partner", "P1", None, None, 10.0),
            ("A3", "VND", "house", "HOUSE", None, None, 50.0)]  # fmt: skip
    names = ("account_id", "currency", "owner_kind", "owner_id", "department_id", "team_id", "expected_recovery")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    accounts = pa.table({**columns, "debtor_id": ["D1", "D2", "D3"], "segment": ["phone"] * 3})
    booked = pa.table({"account_id": ["A1", "A2", "A2"], "currency": ["VND", "CNY", "VND"],
                       "realised": pa.array([D(7), D(2), D(9)], pa.decimal128(38, 4))})  # fmt: skip
    kept = {"horizon_days": 30, "reckoned_in": "VND", "currencies": {"VND": "1", "CNY": "3600"},
            "effects": {"department:phone": {"factor": 2.0}, "partners": {"factor": 0.5}}}  # fmt: skip
    currency, found = side_by_side(accounts, booked, kept, days=15)
    assert (currency, found["destination"].to_pylist()) == ("VND", ["employee:E1", "partner:P1", None])
    assert found["neutral"].to_pylist() == [50, 18_000, 25]
    assert found["predicted"].to_pylist() == [100, 9_000, 25]
    assert found["realised"].to_pylist() == [7, 7_200, 0]
    assert side_by_side(accounts.slice(1, 1), booked, kept, days=30)[1]["neutral"].to_pylist() == [10]


def test_what_was_booked_is_summed_in_the_days_asked_for(shared_engine):
    shared_engine.empty("payments")
    for number, (day, amount, waiver) in enumerate([(1, 5, 0), (2, 10, 3), (2, -2, 0), (3, 7, 0)]):
        given = {"amount": D(amount), "waiver": D(waiver), "posted_on": date(2026, 10, day)}
        shared_engine.add("payments", payment_id=str(number), account_id="A1", **given)
    (row,) = shared_engine.rows(booked_statement(date(2026, 10, 2), date(2026, 10, 2)))
    assert (row["account_id"], row["currency"], row["realised"]) == ("A1", "VND", D(5))
