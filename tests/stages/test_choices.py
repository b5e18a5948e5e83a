"""What forms offer: departments, batches, months and nights, as the store knows them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.settings import Settings
from adapters.world import open_world
from domain.ids import Digest
from domain.periods import Period
from domain.records import PayoutLine
from tasks.stages.choices import Choices, choices_of
from tests.stages.paid import month_end_run, publish_lines


def test_an_empty_store_offers_nothing(tmp_path):
    assert choices_of(open_world(Settings(home=tmp_path / "home"))) == Choices()


DEPARTMENTS = ("field", "legal", "phone_early", "phone_late", "restructuring")


@pytest.mark.slow
def test_a_store_offers_what_it_knows(measured_world):
    assert choices_of(measured_world) == Choices(departments=DEPARTMENTS, months=("2026-09",))


def test_batches_are_offered_until_they_are_published_and_the_newest_month_comes_first(tmp_path):
    world = open_world(Settings(home=tmp_path / "home"))
    done, older, newer = (
        publish_lines(world, month_end_run(world, month), "field", [_line(month)], decisions=decisions)
        for month, decisions in ((Period(2026, 8), 4), (Period(2026, 9), 3), (Period(2026, 10), 0))
    )
    assert choices_of(world).batches == (newer, older)
    assert done not in choices_of(world).batches


def _line(month: Period) -> PayoutLine:
    return PayoutLine("E1", "commission", str(month), "VND", Decimal(100), "field", Digest("0" * 64), ())
