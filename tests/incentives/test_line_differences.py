"""What is told of a line of pay that does not come out again: which column, before and after."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.ids import digest_of
from domain.records import PayoutLine, Step
from incentives.line_differences import what_differs


def step(name, value, kind="formula", line="p.yaml:9:9", note="", **inputs):
    return Step(name, kind, None if value is None else Decimal(value), tuple(inputs.items()), line, note)


STEPS = (
    step("policy", None, "policy", version="abc"),
    step("score", "80", "input", line="p.yaml:3:9"),
    step("rate", "0.5", line="p.yaml:7:9", score="80"),
    step("base", "1000", line="p.yaml:8:9", rate="0.5"),
    step("payable", "1000", "round"),
)
LINE = PayoutLine("E1", "bonus:field", "2026-09", "VND", Decimal(1000), "field", digest_of("rule"), STEPS)


def changed(**steps):
    return replace(LINE, steps=tuple(steps.get(each.name, each) for each in STEPS if steps.get(each.name, each)))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        pytest.param(LINE, "", id="nothing"),
        pytest.param(changed(rate=replace(STEPS[2], line="q.yaml:1:1")), "", id="another place of the same rule"),
        pytest.param(
            changed(rate=step("rate", "0.4", line="p.yaml:7:9", score="80"), base=step("base", "800", rate="0.4"),
                    payable=step("payable", "800", "round")),
            "first at rate: 0.5 before, 0.4 now (p.yaml:7:9); "
            "then base: 1000 before, 800 now, its rate 0.5 before, 0.4 now, payable: 1000 before, 800 now",
            id="the first, and what follows from it",
        ),
        pytest.param(changed(score=step("score", None, "input", line="p.yaml:3:9")),
                     "first at score: 80 before, no value now (p.yaml:3:9)", id="no value"),
        pytest.param(changed(rate=None), "first at rate, which is not there now: 0.5 before (p.yaml:7:9)", id="gone"),
        pytest.param(replace(LINE, steps=(*STEPS, step("vat", "80"))),
                     "first at vat, which was not there: 80 now (p.yaml:9:9)", id="new"),
        pytest.param(changed(payable=step("payable", "1000", "cap")),
                     "first at payable: a round before, a cap now (p.yaml:9:9)", id="another kind"),
        pytest.param(changed(payable=step("payable", "1000", "round", note="up")),
                     'first at payable: noted "" before, "up" now (p.yaml:9:9)', id="another note"),
        pytest.param(replace(LINE, steps=(*STEPS[:2], STEPS[3], STEPS[2], STEPS[4])),
                     "the columns stand in another order", id="the order alone"),
        pytest.param(replace(LINE, scope="legal"), "in field before, in legal now", id="another department"),
        pytest.param(replace(LINE, steps=(*STEPS, step("rate", "0.7"))), "first at rate, which was not there: 0.7 now "
                     "(p.yaml:9:9)", id="a column of a second part"),
    ],
)  # fmt: skip
def test_the_first_column_that_differs_is_told_with_before_and_after(now, said):
    assert what_differs(LINE, now) == said
