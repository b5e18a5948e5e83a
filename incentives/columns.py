"""What all steps of a policy share."""

from __future__ import annotations

from typing import Literal

from domain.documents import RuleModel
from incentives.numbers import Name

RoundingMode = Literal["half_up", "half_even", "down", "up"]


class Column(RuleModel):
    """Keys that every step has. A step is a column of the calculation, and reads inputs and earlier steps by name."""

    name: Name
    """Name of the column; later steps read it by this name."""
    memo: bool = False
    """Whether the column is only shown. Any other column is read by a later step, or it would not count."""
