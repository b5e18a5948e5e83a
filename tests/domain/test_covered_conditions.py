"""Conditions that can never be the first to hold: what is proved, what is not said, and a plain search beside it."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.expressions import ExprType, Name, evaluate, never_first, parse
from domain.issues import Location

SCOPE = {
    "age": Name(ExprType.COUNT),
    "number": Name(ExprType.COUNT),
    "balance": Name(ExprType.MONEY),
    "product": Name(ExprType.TEXT, ("card", "loan", "home")),
    "region": Name(ExprType.TEXT),
    "exclusive": Name(ExprType.BOOL),
}


def parsed(text: str | None):
    if text is None:
        return None
    expression, issues = parse(text, SCOPE, at=Location("a.yaml"), expect=ExprType.BOOL)
    assert not issues, issues
    return expression


def never(*texts: str | None) -> tuple[int, ...]:
    return never_first([parsed(text) for text in texts], SCOPE)


@pytest.mark.parametrize(
    ("texts", "covered"),
    [
        pytest.param(["age > 12", "age > 24"], (1,), id="the lower bound first"),
        pytest.param(["age > 24", "age > 12"], (), id="the higher one first"),
        pytest.param(["age <= 30", "age >= 31", None], (2,), id="whole numbers leave no gap"),
        pytest.param(["balance <= 30", "balance >= 31", None], (), id="money does"),
        pytest.param(['product == "card"', 'product in ["loan", "home"]', None], (2,), id="every code"),
        pytest.param(['region == "north"', 'region != "north"', None], (2,), id="a text and every other"),
        pytest.param(['region == "north"', 'region == "south"', None], (), id="another text"),
        pytest.param(["exclusive", "not exclusive", "age > 3"], (2,), id="yes and no"),
        pytest.param(["exclusive and age > 3", "age > 3", "exclusive and age > 5"], (2,), id="two names"),
        pytest.param(["age > 5 and age < 3"], (0,), id="what holds nowhere"),
        pytest.param(["age > 5", "age < 6", "age > -7"], (2,), id="all numbers"),
        pytest.param([None, "age > 5"], (1,), id="behind one that always holds"),
        pytest.param(["age + 1 > 5", "age > 4"], (), id="arithmetic is no proof"),
        pytest.param(["age > 4", "age + 1 > 5"], (), id="nor is it proved to be covered"),
        pytest.param(["age > 4", "age <= 4", "age + 1 > 5"], (2,), id="unless everything is"),
        pytest.param(["age > number", "age > 4"], (), id="two names beside each other"),
    ],
)
def test_what_is_covered_by_those_before_it(texts, covered):
    assert never(*texts) == covered


def test_beyond_what_can_be_tried_nothing_is_said():
    many = [*range(0, 160, 2)]
    assert never(f"age in {many} and number in {many}", f"age in {many} and number in {many}") == ()
    few = [*range(0, 20, 2)]
    assert never(f"age in {few} and number in {few}", f"age in {few} and number in {few}") == (1,)


SIMPLE = st.sampled_from(["age > {n}", "age <= {n}", "age == {n}", "balance < {n}", "balance >= {n}", "exclusive",
                          'product == "card"', 'product in ["card", "loan"]', "not exclusive"])  # fmt: skip


@st.composite
def conditions(draw):
    parts = [draw(SIMPLE).format(n=draw(st.integers(0, 2))) for _ in range(draw(st.integers(1, 2)))]
    return f" {draw(st.sampled_from(['and', 'or']))} ".join(parts)


@given(st.lists(conditions(), min_size=1, max_size=4))
def test_a_plain_search_agrees(texts):
    """Over a fine grid: what it finds reachable is never called covered, and here also the other way round."""
    known = [parsed(text) for text in texts]
    ages, halves = range(-2, 5), (Decimal(number) / 4 for number in range(-8, 17))
    rows = [
        {"age": Decimal(age), "balance": balance, "exclusive": yes, "product": code, "region": "x"}
        for age, balance, yes, code in product(ages, [*halves], (True, False), SCOPE["product"].codes)
    ]
    reached = {
        next((index for index, each in enumerate(known) if evaluate(each, row) is True), len(known)) for row in rows
    }
    assert {*never(*texts)} == {*range(len(known))} - reached
