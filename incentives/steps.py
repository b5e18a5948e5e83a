"""The steps of a bonus policy, as they stand in its file: a closed set, told apart by `kind`."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import RuleModel
from domain.money import Rounding
from domain.records import Unit
from domain.staff import DayShareKeys
from incentives.numbers import Name, Number, Operand
from incentives.tiers import Boundary


class Outside(StrEnum):
    """What a number beyond the stated bands or points comes to."""

    ZERO = "zero"
    HOLD = "hold"
    FLAT = "flat"
    EXTEND = "extend"


class Column(RuleModel):
    """Keys that every step has. A step is a column of the calculation, and reads inputs and earlier steps by name."""

    name: Name
    """Name of the column; later steps read it by this name."""
    memo: bool = False
    """Whether the column is only shown. Any other column is read by a later step, or it would not count."""


class Base(Column):
    """Start from a number, or from an input."""

    kind: Literal["base"]
    value: Operand
    """A number, or the name of an input or an earlier step."""
    unit: Unit = Unit.MONEY
    """What a number counts: money (major units of the policy's currency), count or ratio. A name brings its own."""


class Formula(Column):
    """Compute from inputs and earlier steps."""

    kind: Literal["formula"]
    expression: str
    """Names, numbers, + - * /, min, max, abs, coalesce. A zero divisor makes it *no value*, and the payee is held."""


class RateBand(RuleModel):
    """A rate that holds from `from` up to the next band's start."""

    start: Number = Field(alias="from")
    """Where the band starts."""
    rate: Number
    """Fraction of the amount; money for each where a count is tiered."""


class AmountBand(RuleModel):
    """A fixed amount that holds from `from` up to the next band's start."""

    start: Number = Field(alias="from")
    """Where the band starts."""
    amount: Number
    """What is paid once the band is reached."""


class MarginalTiers(Column):
    """Tiers in which each slice of the amount earns the rate of its own band."""

    kind: Literal["tiers"]
    mode: Literal["marginal"]
    of: Name
    """The amount, or count, that is sliced."""
    below: Literal[Outside.ZERO, Outside.HOLD]
    """What an amount below zero comes to."""
    bands: tuple[RateBand, ...] = Field(min_length=1)
    """Bands in ascending order; the first starts at 0, so that every amount has a rate."""


class WholeTiers(Column):
    """Tiers in which everything earns the rate of the band that the basis has reached."""

    kind: Literal["tiers"]
    mode: Literal["whole_amount"]
    basis: Name
    """The number that decides the band: an amount, an attainment, a score, a count."""
    boundary: Boundary
    """`at`: a number exactly at a band's start has reached it; `above`: it has not."""
    of: Name
    """What the rate is applied to."""
    below: Literal[Outside.ZERO, Outside.HOLD]
    """What a basis below the first band comes to."""
    bands: tuple[RateBand, ...] = Field(min_length=1)
    """Bands in ascending order."""


class SteppedTiers(Column):
    """Tiers that pay the fixed amount of the band that the basis has reached."""

    kind: Literal["tiers"]
    mode: Literal["stepped"]
    basis: Name
    """The number that decides the band."""
    boundary: Boundary
    """`at`: a number exactly at a band's start has reached it; `above`: it has not."""
    unit: Unit = Unit.MONEY
    """What the amounts are: money, a ratio (a payout share, say) or a count."""
    below: Literal[Outside.ZERO, Outside.HOLD]
    """What a basis below the first band comes to."""
    bands: tuple[AmountBand, ...] = Field(min_length=1)
    """Bands in ascending order."""


class Point(RuleModel):
    """A point of a curve."""

    at: Number
    """Where on the basis."""
    value: Number
    """The curve's value there."""


class Curve(Column):
    """A curve, linear between its points."""

    kind: Literal["curve"]
    of: Name
    """The number that is looked up."""
    unit: Unit
    """What the values are."""
    points: tuple[Point, ...] = Field(min_length=2)
    """Points in ascending order of `at`."""
    below: Literal[Outside.FLAT, Outside.ZERO, Outside.HOLD]
    """Below the first point: its value, zero, or the payee is held."""
    above: Literal[Outside.FLAT, Outside.EXTEND, Outside.HOLD]
    """Above the last point: its value, the last slope carried on, or the payee is held."""


class TableRow(RuleModel):
    """A row of a decision table."""

    when: str
    """Condition over inputs and earlier steps."""
    value: Number
    """The table's value where the condition holds."""


class DecisionTable(Column):
    """A decision table: exactly one row holds. Gaps and overlaps are refused before anybody is paid by it."""

    kind: Literal["table"]
    unit: Unit
    """What the values are."""
    rows: tuple[TableRow, ...] = Field(min_length=1)
    """The rows, in any order."""


class Gate(Column):
    """A gate: where the condition holds, only a share of the value remains."""

    kind: Literal["gate"]
    of: Name
    """What passes through the gate."""
    when: str
    """The condition that closes the gate, such as `critical_fails >= 1`."""
    factor: Annotated[Number, Field(ge=0)]
    """What remains when the condition holds: 0 pays nothing, 0.5 pays half."""


class Cap(Column):
    """At most so much."""

    kind: Literal["cap"]
    of: Name
    """What is capped."""
    at: Operand
    """The most: a number, or the name of an input or an earlier step."""


class Floor(Column):
    """At least so much."""

    kind: Literal["floor"]
    of: Name
    """What is raised."""
    at: Operand
    """The least: a number, or the name of an input or an earlier step."""


class Prorate(Column, DayShareKeys):
    """The share of the period for which the policy covered the payee: joiners, leavers, transfers, part-timers."""

    kind: Literal["prorate"]
    of: Name
    """What is prorated."""


class Round(Column):
    """Rounding; the last step of every policy."""

    kind: Literal["round"]
    of: Name
    """What is rounded."""
    digits: int
    """Digits after the point; -3 rounds to thousands."""
    mode: Literal["half_up", "half_even", "down", "up"]
    """How halves, and what lies between, are rounded."""

    @property
    def rounding(self) -> Rounding:
        return Rounding[self.mode.upper()]


Tiers = Annotated[MarginalTiers | WholeTiers | SteppedTiers, Field(discriminator="mode")]
AnyStep = Annotated[
    Base | Formula | Tiers | Curve | DecisionTable | Gate | Cap | Floor | Prorate | Round, Field(discriminator="kind")
]
StepModel = (
    Base
    | Formula
    | MarginalTiers
    | WholeTiers
    | SteppedTiers
    | Curve
    | DecisionTable
    | Gate
    | Cap
    | Floor
    | Prorate
    | Round
)


def operands_of(step: StepModel) -> tuple[tuple[str, str], ...]:
    """The keys of a step that hold names, with the names: ("of", "payout")."""
    named = ((key, getattr(step, key, None)) for key in ("of", "basis", "value", "at"))
    return tuple((key, name) for key, name in named if isinstance(name, str))


def parameters_of(step: StepModel) -> tuple[tuple[str, Decimal], ...]:
    """The numbers that a step's line states on its own, for its explanation."""
    named = ((key, getattr(step, key, None)) for key in ("value", "at", "factor"))
    return tuple((key, number) for key, number in named if isinstance(number, Decimal))
