"""The steps of a bonus policy, as they stand in its file: a closed set, told apart by `kind`."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from domain.documents import Path, RuleModel
from domain.money import Rounding
from domain.records import Unit
from domain.staff import DayShareKeys
from incentives.columns import Column, RoundingMode
from incentives.numbers import Name, Number, Operand
from incentives.set_steps import Pool, Prize, Rank, Scale
from incentives.tiers import Boundary


class Outside(StrEnum):
    """What a number beyond the stated bands or points comes to."""

    ZERO = "zero"
    HOLD = "hold"
    FLAT = "flat"
    EXTEND = "extend"
    MIRROR = "mirror"


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


class StartedBand(RuleModel):
    """A band holds from `from` up to the next band's start."""

    start: Operand = Field(alias="from")
    """Where the band starts: a number, or the name of an input or an earlier step (a quota, a breakeven)."""


class RateBand(StartedBand):
    """A rate that holds from `from` up to the next band's start."""

    rate: Number
    """Fraction of the amount; money for each where a count is tiered."""
    flat: Number | None = None
    """Paid once, beside the rate, as soon as the band is reached; needs `boundary`."""


class AmountBand(StartedBand):
    """A fixed amount that holds from `from` up to the next band's start."""

    amount: Number
    """What is paid once the band is reached."""


class Shift(RuleModel):
    """Moves the band that was reached where a condition holds."""

    when: str
    """The condition, such as `quality < 0.75`."""
    by: int
    """Bands up (1) or down (-1); never beyond the first or the last band."""


class SliceRounding(RuleModel):
    """Rounding within marginal tiers, where a plan prints rounded slices."""

    of: Literal["slices", "earnings", "both"]
    """What is rounded: the part of the amount in each band, what it earns, or both."""
    digits: int
    """Digits after the point; -3 rounds to thousands."""
    mode: RoundingMode
    """How halves, and what lies between, are rounded."""

    @property
    def rounding(self) -> Rounding:
        return Rounding[self.mode.upper()]


class MarginalTiers(Column):
    """Tiers in which each slice of the amount earns the rate of its own band."""

    kind: Literal["tiers"]
    mode: Literal["marginal"]
    of: Name
    """The amount, or count, that is sliced."""
    below: Literal[Outside.ZERO, Outside.HOLD, Outside.MIRROR]
    """What an amount below zero comes to: zero, the payee is held, or the negative of what its opposite earns."""
    boundary: Boundary | None = None
    """`at`: a number exactly at a band's start has reached it; `above`: it has not. Decides on `flat` only, for a slice
    of nothing earns nothing."""
    bands: tuple[RateBand, ...] = Field(min_length=1)
    """Bands in ascending order; the first starts at 0, so that every amount has a rate."""
    rounding: SliceRounding | None = None
    """Where slices are rounded one by one; nothing is rounded if left out."""


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
    shift: tuple[Shift, ...] = ()
    """Moves to another band, all that hold added up: a gate that steps down a tier, a merit that steps up."""


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
    adds_up: Literal[True] | None = None
    """Whether the amounts of all bands reached are paid together, not that of the last alone."""
    shift: tuple[Shift, ...] = ()
    """Moves to another band, all that hold added up: a gate that steps down a tier, a merit that steps up."""


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


class Hit(StrEnum):
    """Which rows of a decision table count."""

    FIRST = "first"
    SUM = "sum"


class DecisionTable(Column):
    """A decision table: exactly one row holds. Gaps and overlaps are refused before anybody is paid by it."""

    kind: Literal["table"]
    unit: Unit
    """What the values are."""
    hit: Hit | None = None
    """`first`: the first row that holds, in their order; `sum`: all rows that hold, added up, zero where none does.
    Exactly one row may hold if left out."""
    rows: tuple[TableRow, ...] = Field(min_length=1)
    """The rows, in any order unless `hit` is first."""


class Gate(Column):
    """A gate: where the condition holds, only a share of the value remains."""

    kind: Literal["gate"]
    of: Name
    """What passes through the gate."""
    when: str
    """The condition that closes the gate, such as `critical_fails >= 1`."""
    factor: Annotated[Number, Field(ge=0)]
    """What remains when the condition holds: 0 pays nothing, 0.5 pays half."""


class Kicker(Column):
    """A fixed amount on top where a condition holds."""

    kind: Literal["kicker"]
    of: Name
    """What it comes on top of."""
    when: str
    """The condition that earns it, such as `promises_kept >= 40`."""
    amount: Operand
    """What is added: a number, or the name of an input or an earlier step."""


class Penalty(Column):
    """Less for each case, and no more than stated in all; it may leave less than zero where no floor follows."""

    kind: Literal["penalty"]
    of: Name
    """What it is taken from."""
    each: Operand
    """What one case costs: a number, or the name of an input or an earlier step."""
    times: Name
    """How many cases: the name of a count."""
    at_most: Operand | None = None
    """The most that is taken in all."""


class RampStep(RuleModel):
    """A share of the quota in the first months."""

    months: Annotated[int, Field(ge=1)]
    """Up to and including this month of tenure; the month of hire is the first."""
    share: Annotated[Number, Field(ge=0)]
    """Share of the whole quota."""


class Quota(Column):
    """A quota of the period: less in the first months of tenure, and by the season."""

    kind: Literal["quota"]
    value: Operand
    """The quota of a whole period: a number, or the name of an input or an earlier step."""
    unit: Unit = Unit.MONEY
    """What a number counts; a name brings its own."""
    ramp: tuple[RampStep, ...] = ()
    """Shares in the first months, in ascending order; the whole quota afterwards."""
    seasons: dict[int, Annotated[Number, Field(ge=0)]] = Field(default_factory=dict)
    """Factors by the calendar month, 1 to 12; a month that is not named has factor 1."""


class Split(Column):
    """One part of an amount that is split by shares; the parts sum to the whole, in the smallest unit stated."""

    kind: Literal["split"]
    of: Name
    """What is split; it must have no digits beyond `digits`."""
    shares: dict[Name, Annotated[Number, Field(gt=0)]] = Field(min_length=2)
    """The parts and their shares, which sum to 1."""
    part: Name
    """The part that this column is."""
    digits: int
    """Digits after the point of the smallest unit; remainders go to the largest, ties by the part's name."""


class Draw(Column):
    """An advance on earnings, paid back from what is earned above it in later periods."""

    kind: Literal["draw"]
    of: Name
    """What was earned."""
    draw: Operand
    """The least that is paid: a number, or the name of an input or an earlier step."""
    owed: Name
    """What is still owed of earlier draws: a `carried` input."""
    gives: Literal["pay", "owed"]
    """`pay`: the draw, or the earnings less what they pay back; `owed`: what is owed afterwards."""


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
    mode: RoundingMode
    """How halves, and what lies between, are rounded."""

    @property
    def rounding(self) -> Rounding:
        return Rounding[self.mode.upper()]


Tiers = Annotated[MarginalTiers | WholeTiers | SteppedTiers, Field(discriminator="mode")]
RowStep = (
    Base
    | Formula
    | Tiers
    | Curve
    | DecisionTable
    | Gate
    | Kicker
    | Penalty
    | Quota
    | Split
    | Draw
    | Cap
    | Floor
    | Prorate
    | Round
)
AnyStep = Annotated[RowStep | Rank | Prize | Pool | Scale, Field(discriminator="kind")]
StepModel = RowStep | Rank | Prize | Pool | Scale | MarginalTiers | WholeTiers | SteppedTiers
BANDED = MarginalTiers | WholeTiers | SteppedTiers

_OPERANDS = (
    "of",
    "basis",
    "value",
    "at",
    "amount",
    "each",
    "times",
    "at_most",
    "draw",
    "owed",
    "least",
    "fund",
    "weight",
    "budget",
)


def operands_of(step: StepModel) -> tuple[tuple[Path, str], ...]:
    """Where a step holds names, with the names: (("of",), "payout"), (("bands", 1, "from"), "quota")."""
    named: list[tuple[Path, object]] = [((key,), getattr(step, key, None)) for key in _OPERANDS]
    if isinstance(step, BANDED):
        named += [(("bands", index, "from"), band.start) for index, band in enumerate(step.bands)]
    if isinstance(step, Rank):
        named += [(("then", index), name) for index, name in enumerate(step.then)]
    return tuple((path, name) for path, name in named if isinstance(name, str))


def parameters_of(step: StepModel) -> tuple[tuple[str, Decimal], ...]:
    """The numbers that a step's line states on its own, for its explanation."""
    named = ((key, getattr(step, key, None)) for key in (*_OPERANDS, "factor", "reserve"))
    return tuple((key, number) for key, number in named if isinstance(number, Decimal))
