"""Every flow that writes, as commands that people type."""

from __future__ import annotations

from tests.crashes.decisions import DECISIONS
from tests.crashes.disputes import DISPUTES
from tests.crashes.house import HOUSE
from tests.crashes.month import PAY
from tests.crashes.nights import FIRST_START, NIGHTS
from tests.crashes.opening import OPENING
from tests.crashes.partners import PARTNERS
from tests.crashes.settlement import SETTLEMENT

DRAWN = (FIRST_START, NIGHTS, OPENING, PARTNERS, SETTLEMENT, PAY)

# Every step of these scenarios, by turns: the one of a moment is its number's. The log holds numbers, so none is added.
PLACES = tuple((scenario, number) for scenario in DRAWN for number in range(len(scenario.steps)))

# The others are killed at every named point, and never by lot.
SCENARIOS = (*DRAWN, HOUSE, DECISIONS, DISPUTES)
