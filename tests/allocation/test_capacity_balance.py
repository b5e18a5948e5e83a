"""Work held against who is there: shared evenly, exactly, and never shorter than it has to be."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.capacity.balance import layers

WORK, CREWS = ("a", "b", "c", "d"), ("p", "q", "r", "s")
few = settings(max_examples=40)
minutes = st.integers(0, 60)
asked_of = st.fixed_dictionaries(dict.fromkeys(WORK, minutes))
there_of = st.fixed_dictionaries(dict.fromkeys(CREWS, minutes))
able_of = st.sets(st.tuples(st.sampled_from(WORK), st.sampled_from(CREWS)))


def balance(asked, there, able):
    return layers(asked, there, lambda work, crew: (work, crew) in able)


@pytest.mark.parametrize(
    ("asked", "there", "able", "loads"),
    [
        ({"a": 90}, {"p": 60}, {"ap"}, [(("a",), ("p",), Fraction(3, 2))]),
        # q may do both, and takes from a what it can: 100 asked of 100 there.
        ({"a": 80, "b": 20}, {"p": 50, "q": 50}, {"ap", "aq", "bq"}, [(("a", "b"), ("p", "q"), Fraction(1))]),
        # b is easy on q, but a may not go there.
        ({"a": 90, "b": 10}, {"p": 60, "q": 40}, {"ap", "bq", "bp"},
         [(("a",), ("p",), Fraction(3, 2)), (("b",), ("q",), Fraction(1, 4))]),
        ({"a": 5}, {"p": 60}, set(), [(("a",), (), None), ((), ("p",), Fraction(0))]),
    ],
)  # fmt: skip
def test_layers_by_hand(asked, there, able, loads):
    found = balance(asked, there, {tuple(pair) for pair in able})
    assert [(layer.work, layer.crews, layer.load) for layer in found] == loads


@few
@given(asked_of, there_of, able_of)
def test_as_little_is_short_as_can_be(asked, there, able):
    """The slow oracle: what any set of work asks beyond all who may do any of it is short (max-flow, min-cut)."""
    short = sum(layer.short for layer in balance(asked, there, able))
    sets = (some for size in range(len(WORK) + 1) for some in combinations(WORK, size))
    assert short == max(_asked_beyond(some, asked, there, able) for some in sets)


def _asked_beyond(some, asked, there, able):
    crews = {crew for work, crew in able if work in some}
    return sum(asked[work] for work in some) - sum(there[crew] for crew in crews)


@few
@given(asked_of, there_of, able_of)
def test_everything_is_in_one_layer_and_the_most_loaded_come_first(asked, there, able):
    found = balance(asked, there, able)
    assert sorted(work for layer in found for work in layer.work) == sorted(WORK)
    assert sorted(crew for layer in found for crew in layer.crews) == sorted(CREWS)
    assert sum(layer.asked for layer in found) == sum(asked.values())
    assert sum(layer.there for layer in found) == sum(there.values())
    loads = [layer.load for layer in found if layer.load is not None]
    assert all(busier > other for busier, other in pairwise(loads))


@few
@given(asked_of, there_of, able_of)
def test_within_a_layer_nothing_is_tighter_than_the_whole(asked, there, able):
    """Any part of its work has at least its part of the crews that may do it, so all can be loaded alike."""
    for layer in balance(asked, there, able):
        for size in range(1, len(layer.work) + 1):
            for some in combinations(layer.work, size):
                room = sum(there[crew] for crew in layer.crews if any((work, crew) in able for work in some))
                assert layer.load is None or sum(asked[work] for work in some) <= layer.load * room


@few
@given(asked_of, there_of, able_of)
def test_work_is_never_in_a_busier_layer_than_a_crew_that_may_do_it(asked, there, able):
    """Else it could be shared more evenly."""
    place = {name: number for number, layer in enumerate(balance(asked, there, able))
             for name in (*layer.work, *layer.crews)}  # fmt: skip
    for work, crew in able:
        if asked[work] and there[crew]:
            assert place[crew] <= place[work]


@few
@given(asked_of, there_of, able_of, st.sampled_from(CREWS), st.integers(1, 40))
def test_more_people_never_make_more_short(asked, there, able, crew, more):
    before, after = (
        sum(layer.short for layer in balance(asked, each, able)) for each in (there, there | {crew: there[crew] + more})
    )
    assert after <= before


@few
@given(asked_of, there_of, able_of, st.integers(2, 9))
def test_twice_as_much_of_both_is_twice_as_short(asked, there, able, times):
    once = balance(asked, there, able)
    often = balance({k: v * times for k, v in asked.items()}, {k: v * times for k, v in there.items()}, able)
    assert [(layer.work, layer.crews, layer.load) for layer in often] == [
        (layer.work, layer.crews, layer.load) for layer in once
    ]
