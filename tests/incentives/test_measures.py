"""What policies look up: figures, scores and attainments, each once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from domain.ids import Digest
from domain.records import Grain, Score, ScorePart, ValueState
from incentives.measures import measures_of


def test_a_gate_is_no_attainment_also_where_it_reads_the_kpi_of_a_part():
    part = ScorePart("calls", Decimal(9), Decimal(10), Decimal("0.9"), Decimal(80), Decimal(1), Decimal(80))
    gate = ScorePart("calls", Decimal(9), Decimal(10), None, None, Decimal(0), Decimal(-40), "gate")
    score = Score("card", Digest("0" * 64), Grain.EMPLOYEE, "E1", date(2026, 6, 1), date(2026, 6, 30),
                  ValueState.VALUE, Decimal(40), (part, gate))  # fmt: skip
    found = measures_of([], [score])
    assert {key[2]: measure.value for key, measure in found.items()} == {
        "scorecard:card": Decimal(40),
        "attainment:card.calls": Decimal("0.9"),
    }
