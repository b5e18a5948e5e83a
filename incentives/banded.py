"""Tiers: the cell of a step whose bands say what a number has reached, and what that earns."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from domain.expressions import Evaluator
from domain.ids import canonical_decimal
from domain.money import CONTEXT, round_to
from incentives.cell import Cell, MadeFrom, Reason, Values, number, outside
from incentives.steps import BANDED, AmountBand, Curve, MarginalTiers, Outside, SliceRounding, SteppedTiers, WholeTiers
from incentives.tiers import Boundary, Slice, reached, slices


class _Band(NamedTuple):
    """A band whose start is known: its rate, and what reaching it pays."""

    start: Decimal
    rate: Decimal
    flat: Decimal


def filled(step: BANDED, conditions: Sequence[Evaluator]) -> Callable[[Values], Cell]:
    """The function that fills the column of tiers; `conditions` are those of its shifts.

    Where bands start at names, their values must ascend, or the payee is held.
    """
    stated = _bands(step, {}) if all(isinstance(band.start, Decimal) for band in step.bands) else None
    shifts = () if isinstance(step, MarginalTiers) else step.shift
    if stated is not None and not shifts:
        return lambda values: _in_bands(step, stated, values, 0)

    def fill(values: Values) -> Cell:
        bands = stated or _bands(step, values)
        if stated is None and not all(low.start < high.start for low, high in pairwise(bands)):
            starts = ", ".join(canonical_decimal(band.start) for band in bands)
            return Cell(None, f"the bands start at {starts}, which is no ascending order", reason=Reason.OUT_OF_ORDER)
        moved = [condition(values) for condition in conditions]
        if None in moved:
            return Cell(None, "a condition has no value: a divisor is zero")
        by = sum(shift.by for shift, holds in zip(shifts, moved, strict=True) if holds)
        return _in_bands(step, bands, values, by)

    return fill


def band_of(step: BANDED | Curve, conditions: Sequence[Evaluator]) -> Callable[[Values], int]:
    """The function that tells which band a filled row has reached: 1 is the first, 0 lies below it.

    Of marginal tiers the band into which the last slice falls, of a curve the last of its points that was reached. What
    lies exactly at a start has reached it, unless the step's boundary says otherwise. Shifts are counted in.
    """
    if isinstance(step, Curve):
        points = [point.at for point in step.points]
        return lambda values: bisect_right(points, values[step.of])
    boundary = step.boundary or Boundary.AT
    basis, shifts = (step.of, ()) if isinstance(step, MarginalTiers) else (step.basis, step.shift)
    stated = all(isinstance(band.start, Decimal) for band in step.bands)
    starts_once = [number(band.start, {}) for band in step.bands] if stated else []

    def tell(values: Values) -> int:
        starts = starts_once or [number(band.start, values) for band in step.bands]
        place = _place(starts, abs(values[basis]) if isinstance(step, MarginalTiers) else values[basis], boundary)
        if not place or not shifts:
            return place
        by = sum(shift.by for shift, condition in zip(shifts, conditions, strict=True) if condition(values))
        return min(max(place + by, 1), len(starts))

    return tell


def _place(starts: Sequence[Decimal], basis: Decimal, boundary: Boundary) -> int:
    """As `reached` counts, from 1: a first band that starts at 0 has its start either way."""
    if boundary is Boundary.AT or basis == starts[0] == 0:
        return bisect_right(starts, basis)
    return bisect_left(starts, basis)


def _bands(step: BANDED, values: Values) -> tuple[_Band, ...]:
    return tuple(
        _Band(number(band.start, values), Decimal(0), band.amount)
        if isinstance(band, AmountBand)
        else _Band(number(band.start, values), band.rate, band.flat or Decimal(0))
        for band in step.bands
    )


def _in_bands(step: BANDED, bands: tuple[_Band, ...], values: Values, by: int) -> Cell:
    if isinstance(step, MarginalTiers):
        return _marginal(step, bands, values[step.of])
    return _whole(step, bands, values, by) if isinstance(step, WholeTiers) else _stepped(step, bands, values, by)


def _marginal(step: MarginalTiers, bands: tuple[_Band, ...], amount: Decimal) -> Cell:
    if amount < 0 and step.below is not Outside.MIRROR:
        return outside(step.below, f"{canonical_decimal(amount)} lies below zero")
    parts = slices(bands, amount)
    earned = [_earned(part, step.rounding) for part in parts]
    flats = _flats(step.boundary, bands, amount)
    whole = sum((*earned, *(flat for _, flat in flats)), Decimal(0))
    return Cell(whole, "each slice at its own rate", lambda: (*_told(parts), *flats))


def _told(parts: Sequence[Slice]) -> MadeFrom:
    return tuple((f"{canonical_decimal(part.amount)} at", part.rate) for part in parts)


def _earned(part: Slice, rounding: SliceRounding | None) -> Decimal:
    if rounding is None:
        return part.earned
    size = part.amount if rounding.of == "earnings" else round_to(part.amount, rounding.digits, rounding.rounding)
    earned = CONTEXT.multiply(size, part.rate)
    return earned if rounding.of == "slices" else round_to(earned, rounding.digits, rounding.rounding)


def _flats(boundary: Boundary | None, bands: tuple[_Band, ...], amount: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """The flat amounts of all bands reached; what is taken back takes them back too."""
    if boundary is None:
        return ()
    last = reached(bands, abs(amount), boundary)
    sign = -1 if amount < 0 else 1
    entered = bands[: (last if last is not None else -1) + 1]
    return tuple((f"from {canonical_decimal(band.start)}", sign * band.flat) for band in entered if band.flat)


def _whole(step: WholeTiers, bands: tuple[_Band, ...], values: Values, by: int) -> Cell:
    found = _reached(step, bands, values[step.basis], by)
    if isinstance(found, Cell):
        return found
    band = bands[found]
    flat = (("flat", band.flat),) if band.flat else ()
    made_from = (("from", band.start), ("rate", band.rate), *flat)
    return Cell(values[step.of] * band.rate + band.flat, lambda: _band_note(found, bands, by), made_from)


def _stepped(step: SteppedTiers, bands: tuple[_Band, ...], values: Values, by: int) -> Cell:
    found = _reached(step, bands, values[step.basis], by)
    if isinstance(found, Cell):
        return found
    whole = sum((band.flat for band in bands[: found + 1]), Decimal(0)) if step.adds_up else bands[found].flat
    return Cell(whole, lambda: _band_note(found, bands, by), (("from", bands[found].start),))


def _reached(step: WholeTiers | SteppedTiers, bands: tuple[_Band, ...], basis: Decimal, by: int) -> int | Cell:
    index = reached(bands, basis, step.boundary)
    if index is None:
        return outside(step.below, f"{step.basis} {canonical_decimal(basis)} lies below the first band")
    return min(max(index + by, 0), len(bands) - 1)


def _band_note(index: int, bands: tuple[_Band, ...], by: int) -> str:
    moved = f", moved by {by:+d}" if by else ""
    return f"band {index + 1} of {len(bands)}{moved}"
