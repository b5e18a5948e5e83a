"""Every flow that writes, as commands that people type."""

from __future__ import annotations

from tests.crashes.month import PAY
from tests.crashes.nights import FIRST_START, NIGHTS
from tests.crashes.opening import OPENING
from tests.crashes.partners import PARTNERS
from tests.crashes.settlement import SETTLEMENT

SCENARIOS = (FIRST_START, NIGHTS, OPENING, PARTNERS, SETTLEMENT, PAY)

# Every step of every scenario, by turns: the one of a moment is its number's.
PLACES = tuple((scenario, number) for scenario in SCENARIOS for number in range(len(scenario.steps)))
