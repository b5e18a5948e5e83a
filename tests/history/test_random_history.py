"""A history over the store's tables ends as one calculation with full knowledge; many more by `make test-history`."""

from __future__ import annotations

from tests.history.story import faults_of, new_house, told

# September is paid and closed; then comes what was late, taken back, corrected twice, or decided anew.
STORY = (
    ("pay", 0, 29, 0), ("review", 1, 0, 0), ("pay", 3, 49, 3), ("pay", 0, 19, 2), ("pass", 1, 0, 0),
    ("month", 0, 0, 0), ("close", 0, 0, 0),
    ("reverse", 2, 0, 0), ("correct", 0, 9, 0), ("correct", 0, 34, 0), ("rate", 0, 7, 0), ("share", 0, 0, 1),
    ("prepare", 0, 0, 0), ("fee", 0, 24, 0), ("rate", 0, 8, 0), ("publish", 0, 0, 0),
)  # fmt: skip


def test_a_history_over_the_tables_ends_as_one_calculation_with_full_knowledge(tmp_path):
    house = told(new_house(tmp_path, dates=4), STORY)
    assert faults_of(house) == []
    late = {(row.origin_period, row.posting_period) for row in house.entries()}
    assert ("2026-09", "2026-10") in late, "what was late is an adjustment that names its origin"
    assert house.refused["BAT012"], "a rule that changed after preparing was not published"
