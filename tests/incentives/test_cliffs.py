"""Amounts from which pay jumps: of whole and stepped tiers by one's own money, and of no others."""

from __future__ import annotations

import pytest

from incentives.cliffs import cliffs_of

BODY = """
inputs:
  mine: {given}
steps:
  - {step}
  - {{name: payable, kind: round, of: paid, digits: 0, mode: half_up}}
"""
WHOLE = ("{name: paid, kind: tiers, mode: whole_amount, basis: mine, boundary: at, of: mine, below: zero, "
         "bands: [{from: 0, rate: 0.01}, {from: 5000, rate: 0.02}, {from: 9000.5, rate: 0.03}]}")  # fmt: skip
STEPPED = ("{name: paid, kind: tiers, mode: stepped, basis: mine, boundary: at, below: zero, "
           "bands: [{from: 0, amount: 0}, {from: 5000, amount: 70}]}")  # fmt: skip
SLICES = ("{name: paid, kind: tiers, mode: marginal, of: mine, below: zero, "
          "bands: [{from: 0, rate: 0.01}, {from: 5000, rate: 0.02}]}")  # fmt: skip
OWN = "{kpi: recovered, unit: money, missing: hold}"
OF_TEAM = "{kpi: recovered, unit: money, grain: team, missing: hold}"
RATIO = "{kpi: recovery_rate, unit: ratio, missing: hold}"


@pytest.mark.parametrize(
    ("step", "given", "starts"),
    [
        (WHOLE, OWN, ["5000", "9000.5"]),
        (STEPPED, OWN, ["5000"]),
        (SLICES, OWN, []),
        (WHOLE, OF_TEAM, []),
        (STEPPED, RATIO, []),
    ],
    ids=["whole amounts", "steps", "slices pay the same at both sides", "of the team", "of a ratio"],
)
def test_where_pay_jumps(policy_of, step, given, starts):
    found = [*cliffs_of([policy_of(BODY.format(step=step, given=given), currency="VND")])]
    assert [(str(each.start), each.currency) for each in found] == [(start, "VND") for start in starts]
    assert all(each.place.line for each in found)
