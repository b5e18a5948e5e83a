"""What a form asks for is looked at before any work, and all that is wrong with it is told."""

from __future__ import annotations

from datetime import date

import pytest

from tasks.stages.asked import night_faults, reported_faults

pytestmark = pytest.mark.slow

DAY, PAST = date(2026, 9, 3), date(2025, 12, 31)  # and the clock of the world says 2026-01-01


@pytest.mark.parametrize(
    ("day", "department", "codes", "words"),
    [
        (DAY, "", (), ""),
        (DAY, "field", (), ""),
        (DAY, "fild", ("REP002",), '2026-09-03. Did you mean "field"?'),
        (DAY, "zzzzzz", ("REP002",), "2026-09-03. Known are field, legal, phone_early"),
        (PAST, "", ("FLW013",), "nights: 2026-09-01, 2026-09-02, 2026-09-03"),
        (date(2026, 9, 4), "fild", ("FLW010", "REP002"), "2026-09-04 is in the future: today is 2026-01-01"),
    ],
)
def test_a_report_asks_for_a_night_that_has_run_and_a_department_that_is_there(
    measured_world, day, department, codes, words
):
    found = list(reported_faults(measured_world, day, department))
    assert [fault.split()[0] for fault in found] == list(codes)
    assert words in "\n".join(found)


def test_a_night_asks_for_extracts(measured_world):
    assert list(night_faults(measured_world, DAY)) == []
    (fault,) = night_faults(measured_world, PAST)
    assert fault.startswith("FLW011 nothing has landed for 2025-12-31. Put its extracts into ")
