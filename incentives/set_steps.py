"""Steps that look at several payees at once: ranks, prizes, pools, budgets."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from incentives.columns import Column
from incentives.numbers import Name, Number, Operand


class Among(StrEnum):
    """Who is looked at together: everybody paid by this version of the policy, or those of one department or team."""

    POLICY = "policy"
    DEPARTMENT = "department"
    TEAM = "team"


class Together(Column):
    """Keys of steps that look at several payees at once."""

    among: Among
    """Whose columns are looked at together."""
    held: Literal["hold_all", "leave_out"]
    """Where one of them is held before this step: all of them wait, or the others are settled without that one."""
    reopens: Literal[True] | None = None
    """Whether a correction after publishing settles all of them anew. Otherwise whoever's own figures are the same
    keeps what was first paid, and anybody else is measured against that."""


class Best(StrEnum):
    HIGHEST = "highest"
    LOWEST = "lowest"


class Rank(Together):
    """The place among the others, 1 for the best."""

    kind: Literal["rank"]
    of: Name
    """The number that ranks."""
    best: Best
    """Whether the highest or the lowest number is the best."""
    then: tuple[Name, ...] = ()
    """Further columns that decide between equals, the higher first, in this order."""
    ties: Literal["best", "worst", "dense", "hold"]
    """Equals: all have the best of their places (1, 1, 3), the worst (2, 2, 3), places without gaps (1, 1, 2), or are
    held for a person to decide."""


class Prize(Together):
    """A prize by place."""

    kind: Literal["prize"]
    of: Name
    """The number that ranks."""
    best: Best
    """Whether the highest or the lowest number is the best."""
    prizes: tuple[Annotated[Number, Field(ge=0)], ...] = Field(min_length=1)
    """What the first place gets, the second, and so on; later places get nothing."""
    least: Operand | None = None
    """Whoever is not at least as good takes no part."""
    ties: Literal["share", "each"]
    """Equals share the prizes of their places equally, or each gets that of the best of them."""
    digits: int
    """Digits after the point of the smallest unit in which shared prizes are paid; they sum to the prizes."""


class Pool(Together):
    """A share of a fund by weight; the shares sum to what is paid out of the fund."""

    kind: Literal["pool"]
    fund: Operand
    """The fund: a number, or a name that has the same value for all who share it (a figure of their team, say)."""
    weight: Name
    """By what it is shared out; nobody's weight is below zero."""
    reserve: Annotated[Number, Field(ge=0, lt=1)]
    """The share of the fund that is kept back; 0 keeps nothing."""
    without_weight: Literal["equal", "hold"]
    """Where all weights are zero: equal parts, or all are held."""
    digits: int
    """Digits after the point of the smallest unit; remainders go to the largest, ties by the payee's id."""


class Scale(Together):
    """Cut in proportion where all together pass a budget; never raised. What is below zero is left as it is."""

    kind: Literal["scale"]
    of: Name
    """What is scaled."""
    budget: Operand
    """The most for all together: a number, or a name that has the same value for all of them."""
    digits: int
    """Digits after the point of the smallest unit; cut amounts sum to the budget, remainders go to the largest."""


SetStep = Rank | Prize | Pool | Scale
