"""What fills one cell of a payee's row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from incentives.steps import Outside

Values = Mapping[str, Decimal]
MadeFrom = tuple[tuple[str, Decimal], ...]


class Reason(StrEnum):
    """Why a payee is held: not paid now, and not dropped."""

    MISSING_INPUT = "missing_input"
    HALTED_INPUT = "halted_input"
    OTHER_CURRENCY = "other_currency"
    NO_RATE = "no_rate"
    NO_VALUE = "no_value"
    NO_ROW = "no_row"
    SEVERAL_ROWS = "several_rows"
    OUT_OF_RANGE = "out_of_range"
    OUT_OF_ORDER = "out_of_order"
    NOT_IN_UNITS = "not_in_units"
    NO_CALENDAR = "no_calendar"
    SEVERAL_POLICIES = "several_policies"
    POSTINGS_OVERLAP = "postings_overlap"
    NOT_LAST_POSTING = "not_last_posting"
    OTHERS_HELD = "others_held"
    TIED = "tied"
    FUNDS_DIFFER = "funds_differ"
    NO_WEIGHT = "no_weight"


class Cell(NamedTuple):
    """A value and what made it beside the names read; without a value, `reason` and `note` say why.

    What is only told may be told later: a forecast, or a simulation, shows no steps. There is one for each step of each
    payee, which is why it is a tuple: those are made in half the time.
    """

    value: Decimal | None
    note: str | Callable[[], str] = ""
    made_from: MadeFrom | Callable[[], MadeFrom] = ()
    reason: Reason = Reason.NO_VALUE

    @property
    def text(self) -> str:
        return self.note if isinstance(self.note, str) else self.note()

    @property
    def numbers(self) -> MadeFrom:
        return self.made_from if isinstance(self.made_from, tuple) else self.made_from()


def outside(treatment: Outside, note: str) -> Cell:
    if treatment is Outside.ZERO:
        return Cell(Decimal(0), note)
    return Cell(None, note, reason=Reason.OUT_OF_RANGE)


def number(operand: Decimal | str, values: Values) -> Decimal:
    """A number as stated, or the value of what is named."""
    return values[operand] if isinstance(operand, str) else operand
