"""The steps of a stored fee beside the payments that it is made of."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.ids import Digest, canonical_json
from domain.records import PayoutLine, Step
from reports.payout_tree import Node
from tasks.stages.explain_fees import fee_nodes
from tests.reports.test_payout_page import PAYMENT, REVERSAL

BOTH, ONE = (PAYMENT, REVERSAL), (PAYMENT,)


def band(value, recovered, payments, name="band_3"):
    return Step(name, "band", Decimal(value), (("recovered", recovered), ("payments", payments)), "a.yaml:1:1")


def nodes_of(bands, *steps):
    line = PayoutLine("R01", "fee:standard", "2026-09", "VND", Decimal(0), "R01", Digest("d" * 64), steps)
    return fee_nodes(bands, line, steps, [Node(step.name, step.kind, str(step.value)) for step in steps])


@pytest.mark.parametrize(
    ("step", "payments"),
    [(band("220000", "1000000", "1"), ONE), (band("0", "0", "2"), BOTH), (band("0.0", "0", "2"), BOTH)],
)
def test_a_band_that_is_what_its_payments_come_to_is_found_again(step, payments):
    (node,) = nodes_of({"band_3": [payments]}, step)
    assert (node.untied, node.payments, node.note) == ((), payments, "found again in the payments")


@pytest.mark.parametrize(
    "step", [band("220001", "1000000", "1"), band("220000", "1000001", "1"), band("220000", "1000000", "2")]
)
def test_a_band_whose_fee_sum_or_number_differs_is_told(step):
    (node,) = nodes_of({"band_3": [ONE]}, step)
    (said,) = node.untied
    assert said.startswith(f"fee:standard of R01, band_3: {step.value} (recovered ")
    assert said.endswith("is stored, the payments give 220000 for 1000000 recovered in 1 payments")


def test_bands_of_two_versions_of_a_contract_have_their_own_payments():
    second = (replace(PAYMENT, payment="Y3", fee=Decimal(1)),)
    found = nodes_of({"band_3": [ONE, second]}, band("220000", "1000000", "1"), band("1", "1000000", "1"))
    assert [(node.payments, node.untied) for node in found] == [(ONE, ()), (second, ())]


def test_a_band_without_payments_and_payments_without_a_band_are_told():
    without, stored = nodes_of({"band_2": [ONE]}, band("220000", "1000000", "1"))
    assert without.untied == ("fee:standard of R01, band_2: 1 payments give 220000, and the line has no such band",)
    assert "the payments give 0 for 0 recovered in 0 payments" in stored.untied[0]


def test_programs_are_given_every_payment_with_exact_numbers():
    (node,) = nodes_of({"band_3": [BOTH * 20]}, band("0", "0", "40"))
    payments = json.loads(canonical_json(node))["payments"]
    assert len(payments) == 40
    assert (payments[0]["fee"], payments[0]["rate"], payments[0]["posted_on"]) == ("220000", "0.22", "2026-09-04")
    assert payments[1]["reverses"] == "Y1"
