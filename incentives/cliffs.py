"""Where pay jumps: amounts of one's own recovered money from which a tier pays more at once, not from there on only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from domain.issues import Location
from domain.records import Grain, Unit
from incentives.policies import Input
from incentives.ready import ReadyPolicy
from incentives.steps import SteppedTiers, WholeTiers

RECOVERED = "recovered"  # what the month of a contract sums up


@dataclass(frozen=True, slots=True)
class Cliff:
    """A tier of a policy, or of a contract's month: its first amount in major units of `currency`."""

    policy: str
    currency: str
    start: Decimal
    place: Location


def cliffs_of(policies: Iterable[ReadyPolicy]) -> Iterator[Cliff]:
    """Of tiers by the payee's own money; slices pay the same at both sides of a start, and are none."""
    for ready in policies:
        own = {name for name, source in ready.policy.inputs.items() if _is_own_money(source)} | {RECOVERED}
        for index, step in enumerate(ready.policy.steps):
            if isinstance(step, WholeTiers | SteppedTiers) and step.basis in own:
                for number, band in enumerate(step.bands):
                    if isinstance(band.start, Decimal) and band.start > 0:
                        place = ready.placed.place("steps", index, "bands", number, "from")
                        yield Cliff(ready.policy.id, ready.policy.currency, band.start, place)


def _is_own_money(source: Input) -> bool:
    return bool(source.kpi) and source.measured_in is Unit.MONEY and source.grain is Grain.EMPLOYEE
