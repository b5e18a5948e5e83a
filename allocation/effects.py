"""What destinations make of their accounts, beside what these were expected to bring whoever worked them.

Department → team → collector, and partners → partner. The expectation has no collector in it, so that nobody is the
better for the accounts that they were given; each ratio is shrunk to the wider one's, because the best of many guesses
is mostly luck: an allocation that believed them would promise what nobody brings (the optimiser's curse).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from allocation.credibility import Experience, Weights, weights
from allocation.destinations import Destination
from allocation.strategies import Strategy

DESTINATIONS = frozenset({"employee", "partner"})
PARTNERS = "partners"

# No destination is believed to bring more than this many times what is expected, nor less than this part of it: so that
# whole numbers hold what the solver adds up.
MOST, LEAST = 4.0, 0.25


@dataclass(frozen=True, slots=True)
class Owned:
    """What a destination's accounts brought beside what was expected of them in the days that it owned them."""

    kind: str
    id: str
    department: str | None
    team: str | None
    seen: Experience

    @property
    def path(self) -> tuple[str, ...]:
        """From wide to narrow."""
        return path_of(self.kind, self.id, self.department, self.team)


def path_of(kind: str, name: str, department: str | None, team: str | None) -> tuple[str, ...]:
    """What a destination is a part of, from wide to narrow, and itself."""
    if kind == "partner":
        return (PARTNERS, f"partner:{name}")
    of_department = f"department:{department or ''}"
    return (of_department, f"{of_department} team:{team or ''}", f"{of_department} team:{team or ''} {kind}:{name}")


@dataclass(frozen=True, slots=True)
class Effect:
    """What was recovered ÷ what was expected: factor = weight × own + (1 − weight) × parent."""

    of: str
    own: float
    parent: float
    weight: float
    account_months: float
    is_estimated: bool

    @property
    def factor(self) -> float:
        return min(max(self.weight * self.own + (1 - self.weight) * self.parent, LEAST), MOST)

    def __str__(self) -> str:
        how = "estimated" if self.is_estimated else "stated"
        own, rest = f"{self.weight:.2f} × own {self.own:.3f}", f"{1 - self.weight:.2f} × {self.parent:.3f}"
        seen = f"{self.account_months:,.0f} account-months; weight {how}"
        return f"{self.of}: {self.factor:.3f} = {own} + {rest} ({seen})"


@dataclass(frozen=True, slots=True)
class Effects:
    """By place in the hierarchy; where nothing was seen, the wider place's holds, and at the top 1."""

    found: Mapping[str, Effect] = field(default_factory=dict)

    def factor(self, destination: Destination) -> float:
        """How many times the collector-neutral expectation it is expected to bring."""
        path = path_of(destination.kind, destination.id, destination.department, destination.team)
        return next((effect.factor for effect in self.along(path)), 1.0)

    def along(self, path: Sequence[str]) -> Iterator[Effect]:
        """The effects of a destination and of what it is a part of, the narrowest first."""
        yield from (self.found[place] for place in reversed(path) if place in self.found)


def destination_effects(strategy: Strategy, owned: Iterable[Owned]) -> Effects:
    """From the widest to the narrowest, each beside what the wider one's factor promises."""
    if not strategy.recovery.destination_effects:
        return Effects()
    rows, found = list(owned), dict[str, Effect]()
    for level in range(3):
        cells: defaultdict[tuple[str, str], Experience] = defaultdict(Experience)
        for row in (row for row in rows if len(row.path) > level):
            parent = row.path[level - 1] if level else ""
            factor = found[parent].factor if parent in found else 1.0
            place = (parent, row.path[level])
            cells[place] = cells[place].plus(row.seen.times(factor))
        found |= dict(_effects(cells, found, float(strategy.rule.shrinkage_accounts)))
    return Effects(found)


def _effects(
    cells: Mapping[tuple[str, str], Experience], wider: Mapping[str, Effect], stated: float
) -> Iterator[tuple[str, Effect]]:
    in_order = sorted(cells)
    weigh: Weights = weights([(parent, cells[parent, place]) for parent, place in in_order], stated)
    for parent, place in in_order:
        seen = cells[parent, place]
        above = wider[parent].factor if parent in wider else 1.0
        if seen.ratio is not None:
            is_estimated = weigh.between is not None
            yield place, Effect(place, seen.ratio * above, above, weigh.of(seen), seen.account_months, is_estimated)
