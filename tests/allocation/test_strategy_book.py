"""Which strategy holds when, and the house's own one."""

from datetime import date
from pathlib import Path

import pytest

from adapters.rule_files import parse_document, read_document
from allocation.strategies import decode_strategies
from domain.catalogue import CATALOGUE

STANDARD = Path(__file__).resolve().parents[2] / "allocation" / "strategies" / "standard.yaml"


def test_the_standard_strategy_is_sound_and_works_every_overdue_bucket():
    document, issues = read_document(STANDARD)
    book, faults = decode_strategies([document])
    assert (issues, faults) == ((), ())
    strategy = book.on(date(2026, 10, 20))
    departments = {name for segment in strategy.segments for name in segment.rule.departments}
    assert departments == {"phone_early", "phone_late", "field", "legal", "restructuring"}
    assert strategy.segments[0].rule.hold == "current"
    reasons = {one.reason.partition(":")[2] for one in strategy.not_worked}
    assert set(CATALOGUE["accounts"]["hold"].codes) - {"none"} <= reasons


@pytest.mark.parametrize(
    ("day", "found"),
    [(date(2025, 12, 31), None), (date(2026, 1, 1), 0.15), (date(2026, 6, 30), 0.15), (date(2026, 7, 1), 0.2)],
)
def test_versions_follow_one_another(hand, day, found):
    old = hand.text.replace("review_by: 2026-12-31", "valid_to: 2026-07-01")
    new = hand.text.removeprefix("strategies:\n").replace("2026-01-01", "2026-07-01").replace("cost: 0.15", "cost: 0.2")
    document, _ = parse_document(old + new, "two.yaml")
    book, issues = decode_strategies([document])
    assert issues == ()
    strategy = book.on(day)
    assert (float(strategy.rule.switching_cost) if strategy else None) == found
    assert [version.id for version in book.versions(day)] == (["small"] if strategy else [])
