"""What all steps of a policy share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.documents import RuleModel
from incentives.numbers import Name
from incentives.titles import Names

RoundingMode = Literal["half_up", "half_even", "down", "up"]


class Column(RuleModel):
    """Keys that every step has. A step is a column of the calculation, and reads inputs and earlier steps by name."""

    name: Name
    """Name of the column; later steps read it by this name."""
    memo: bool = False
    """Whether the column is only shown. Any other column is read by a later step, or it would not count."""
    titles: Names = Field(default_factory=dict)
    """What statements call it, by language; left out: its name, with spaces."""
