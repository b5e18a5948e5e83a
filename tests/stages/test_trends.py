"""The trend page of a book: one official night for each date, the one whose gate was finished last."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.store.nights import newest_gated_nights
from domain.manifest import Stage
from tasks.stages.trends import gate_trends
from tests.reports.reading import Page
from tests.stages.test_nights import DAY, NEXT, rewrite

pytestmark = pytest.mark.slow

DOUBLED = "SELECT * FROM extract UNION ALL SELECT * FROM extract"
GATE = (Stage.GATE,)


def nights_of(world, *edges):
    with world.store.read() as connection:
        return newest_gated_nights(connection, *edges)


def text_of(world, found):
    return Page((world.settings.home / found.page).read_text(encoding="utf-8")).text


def test_two_nights_of_which_one_halts(any_world, land_book, run_night):
    land_book(any_world)
    first = run_night(any_world, DAY, GATE)
    rewrite(any_world, "payments", DOUBLED, NEXT)
    second = run_night(any_world, NEXT, GATE)
    assert nights_of(any_world) == {DAY: first.run, NEXT: second.run}
    found = gate_trends(any_world)
    assert (found.first, found.last, found.nights, found.outcomes["halt"]) == (DAY, NEXT, 2, 1)
    doubles = next(each for each in found.checks if each.check == "payments.duplicates")
    assert (doubles.halted, doubles.last) == (1, NEXT)
    assert "1 of 2 nights halted" in text_of(any_world, found)

    page = any_world.settings.home / found.page
    before = page.read_bytes()
    gate_trends(any_world)
    assert page.read_bytes() == before

    rewrite(any_world, "payments", "SELECT DISTINCT * FROM extract", NEXT)
    mended = run_night(any_world, NEXT, GATE)
    assert nights_of(any_world, NEXT) == {NEXT: mended.run}, "the gate that was finished last"
    assert gate_trends(any_world).outcomes["halt"] == 0


def test_days_are_chosen_by_their_edges_which_belong_to_them(world, land_book, run_night):
    land_book(world)
    run_night(world, DAY, GATE)
    run_night(world, NEXT, GATE)
    assert set(nights_of(world, DAY, DAY)) == {DAY}
    assert set(nights_of(world, NEXT)) == {NEXT}
    assert set(nights_of(world, None, DAY)) == {DAY}
    assert gate_trends(world, DAY, NEXT).nights == 2
    none = gate_trends(world, date(2026, 10, 1))
    assert (none.first, none.last, none.nights, none.checks) == (None, None, 0, ())
    assert "No night was gated in these days" in text_of(world, none)
