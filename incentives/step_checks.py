"""What can be wrong with one step of a policy, beside its names and expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from domain.documents import Path
from domain.records import Unit
from incentives.set_steps import Pool, Prize, Scale
from incentives.steps import (
    BANDED,
    Cap,
    Curve,
    Draw,
    Floor,
    Kicker,
    MarginalTiers,
    Penalty,
    Prorate,
    Quota,
    Split,
    StepModel,
    SteppedTiers,
    WholeTiers,
)

Units = Mapping[str, Unit | None]  # None: what has the name is itself wrong


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake, and the keys at which it stands within the step."""

    code: str
    path: Path
    message: str
    hint: str = ""


def faults_of(step: StepModel) -> Iterator[Fault]:
    """What is wrong with the step as it stands, whatever the names in it mean."""
    match step:
        case MarginalTiers() | WholeTiers() | SteppedTiers():
            yield from _ascending([band.start for band in step.bands], ("bands",), "from")
            yield from _flats(step)
        case Curve():
            yield from _ascending([point.at for point in step.points], ("points",), "at")
        case Quota():
            yield from _ascending([each.months for each in step.ramp], ("ramp",), "months")
            yield from _seasons(step)
        case Split():
            yield from _shares(step)
        case Prize():
            yield from _prizes(step)
        case Prorate() if not step.is_leave_stated:
            message = "days_worked, and only it, states which kinds of leave are not worked"
            yield Fault("POL034", ("by",), message, "State without_leave: [unpaid, parental], say")


def unit_faults(step: StepModel, units: Units) -> Iterator[Fault]:
    """Numbers of different kinds that the step would compare or add; a stated number is of the kind that is due."""
    match step:
        case MarginalTiers():
            yield from _starts(step, step.of, units)
        case WholeTiers() | SteppedTiers():
            yield from _starts(step, step.basis, units)
        case Cap() | Floor():
            yield from _alike(step, ("at",), step.of, units, "Compute the bound in an earlier formula")
        case Kicker():
            yield from _alike(step, ("amount",), step.of, units)
        case Penalty():
            yield from _alike(step, ("each",), step.of, units)
            yield from _alike(step, ("at_most",), step.of, units)
            yield from _is(step, "times", Unit.COUNT, units)
        case Draw():
            yield from (fault for key in ("of", "draw", "owed") for fault in _is(step, key, Unit.MONEY, units))
        case Prize():
            yield from _alike(step, ("least",), step.of, units)
        case Pool():
            yield from _is(step, "fund", Unit.MONEY, units)
        case Scale():
            yield from _alike(step, ("budget",), step.of, units)


def _ascending(starts: list[Decimal | str] | list[Decimal] | list[int], path: Path, key: str) -> Iterator[Fault]:
    """Of neighbours that are numbers; where one is a name, the payee is held unless they are in order."""
    for index, (low, high) in enumerate(pairwise(starts), start=1):
        if not isinstance(low, str) and not isinstance(high, str) and not low < high:
            message = f"{high} does not lie above {low}, the one before it"
            yield Fault("POL030", (*path, index, key), message, "Put them in ascending order, each once")


def _flats(step: BANDED) -> Iterator[Fault]:
    if not isinstance(step, MarginalTiers):
        return
    first = step.bands[0].start
    if first != 0:
        message = f"the first band starts at {first}; below it no rate is stated"
        yield Fault("POL031", ("bands", 0, "from"), message, "Start it at 0, with rate 0 if nothing is paid")
    if (step.boundary is None) == any(band.flat is not None for band in step.bands):
        message = "boundary goes with flat amounts, and says whether a number exactly at a band's start earns them"
        yield Fault("POL038", () if step.boundary is None else ("boundary",), message, "State both, or neither")


def _seasons(step: Quota) -> Iterator[Fault]:
    for month in step.seasons:
        if not 1 <= month <= 12:
            yield Fault("POL039", ("seasons", str(month)), f"{month} is no calendar month", "Months are 1 to 12")


def _prizes(step: Prize) -> Iterator[Fault]:
    for index, prize in enumerate(step.prizes):
        units = prize.scaleb(step.digits)
        if units != units.to_integral_value():
            message = f"{prize} has more than {step.digits} digits after the point"
            yield Fault("POL045", ("prizes", index), message, "Prizes are whole units of what is paid")


def _shares(step: Split) -> Iterator[Fault]:
    whole = sum(step.shares.values(), Decimal(0))
    if whole != 1:
        yield Fault("POL044", ("shares",), f"the shares sum to {whole}", "They sum to 1: nothing is left over")
    if step.part not in step.shares:
        message = f'"{step.part}" is none of the parts {", ".join(step.shares)}'
        yield Fault("POL044", ("part",), message, "Name one of them")


def _starts(step: BANDED, basis: str, units: Units) -> Iterator[Fault]:
    for index, band in enumerate(step.bands):
        if isinstance(band.start, str):
            yield from _pair(band.start, basis, ("bands", index, "from"), units)


def _alike(step: StepModel, path: Path, of: str, units: Units, hint: str = "") -> Iterator[Fault]:
    name = getattr(step, str(path[0]))
    if isinstance(name, str):
        yield from _pair(name, of, path, units, hint)


def _pair(name: str, of: str, path: Path, units: Units, hint: str = "") -> Iterator[Fault]:
    one, other = units.get(name), units.get(of)
    if one is not None and other is not None and one is not other:
        message = f'"{name}" is {a(one)}, "{of}" is {a(other)}: they cannot be compared'
        yield Fault("POL033", path, message, hint or "Compute one of them in an earlier formula")


def _is(step: StepModel, key: str, due: Unit, units: Units) -> Iterator[Fault]:
    name = getattr(step, key)
    found = units.get(name) if isinstance(name, str) else None
    if found is not None and found is not due:
        yield Fault("POL033", (key,), f'"{name}" is {a(found)}; {a(due)} is due here')


def a(unit: Unit | None) -> str:
    return "money" if unit is Unit.MONEY else f"a {unit}"
