"""Minutes that are asked held against minutes that are there: who is short together, and who has hours to spare.

Work of a kind may be done by some crews and not by others. All that can be shared is shared evenly: layers are found
from the most to the least loaded, each with the work that cannot go anywhere else. In whole minutes, exactly.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

Work = TypeVar("Work", bound=Hashable)
Crew = TypeVar("Crew", bound=Hashable)

_SOURCE, _SINK = "source", "sink"
_Node = tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Layer(Generic[Work, Crew]):
    """`asked` minutes of these kinds of work, and `there` of the crews that may do it and are in no busier layer.

    Without crews nobody may do the work; without work the crews have nothing to do.
    """

    work: tuple[Work, ...]
    crews: tuple[Crew, ...]
    asked: int
    there: int

    @property
    def load(self) -> Fraction | None:
        """Asked ÷ there: above 1 it is short; None where nobody is there."""
        return Fraction(self.asked, self.there) if self.there else None

    @property
    def short(self) -> int:
        """Minutes that nobody is there for."""
        return max(self.asked - self.there, 0)

    @property
    def spare(self) -> int:
        return max(self.there - self.asked, 0)


def layers(
    asked: Mapping[Work, int], there: Mapping[Crew, int], may: Callable[[Work, Crew], bool]
) -> tuple[Layer[Work, Crew], ...]:
    """From the most loaded to the least; every kind of work and every crew is in exactly one of them.

    `asked` and `there` are minutes, zero or more. The minutes short are the fewest possible.
    """
    crews = [crew for crew, minutes in there.items() if minutes > 0]
    able = {work: [crew for crew in crews if may(work, crew)] for work, minutes in asked.items() if minutes > 0}
    alone = [work for work in able if not able[work]]
    found: list[Layer[Work, Crew]] = [Layer((work,), (), asked[work], 0) for work in alone]
    left = {work: able[work] for work in able if able[work]}
    while left:
        tight = _most_loaded(left, asked, there)
        mine = tuple(crew for crew in crews if any(crew in left[work] for work in tight))
        found.append(Layer(tight, mine, sum(asked[work] for work in tight), sum(there[crew] for crew in mine)))
        taken = set(mine)
        left = {work: [crew for crew in left[work] if crew not in taken] for work in left if work not in tight}
    busy = {crew for layer in found for crew in layer.crews}
    idle = tuple(crew for crew in there if crew not in busy)
    nothing = tuple(work for work, minutes in asked.items() if minutes <= 0)
    if idle or nothing:
        found.append(Layer(nothing, idle, 0, sum(there[crew] for crew in idle)))
    return tuple(found)


def _most_loaded(
    able: Mapping[Work, Collection[Crew]], asked: Mapping[Work, int], there: Mapping[Crew, int]
) -> tuple[Work, ...]:
    """The largest set of work whose crews are loaded most: found by Newton's steps over minimum cuts (Dinkelbach)."""
    crews = list(dict.fromkeys(crew for each in able.values() for crew in each))
    alike: defaultdict[frozenset[int], list[Crew]] = defaultdict(list)
    works = list(able)
    for crew in crews:
        alike[frozenset(number for number, work in enumerate(works) if crew in able[work])].append(crew)
    room = [sum(there[crew] for crew in group) for group in alike.values()]
    edges = [(number, at) for at, signature in enumerate(alike) for number in sorted(signature)]
    inside = frozenset(range(len(works)))
    while True:
        reached = {at for number, at in edges if number in inside}
        share = Fraction(sum(room[at] for at in reached), sum(asked[works[number]] for number in inside))
        flow = _Flow(
            [asked[work] * share.numerator for work in works], [each * share.denominator for each in room], edges
        )
        if flow.is_full:
            return tuple(work for number, work in enumerate(works) if number not in flow.with_a_way_out())
        inside = flow.cut_off()


class _Flow:
    """A largest flow from work to crews, by shortest augmenting paths (Edmonds and Karp)."""

    def __init__(self, supply: list[int], room: list[int], edges: list[tuple[int, int]]) -> None:
        self.left: dict[_Node, dict[_Node, int]] = defaultdict(dict)
        whole = sum(supply)
        for number, amount in enumerate(supply):
            self._edge(_SOURCE, ("work", number), amount)
        for number, at in edges:
            self._edge(("work", number), ("crew", at), whole)
        for at, amount in enumerate(room):
            self._edge(("crew", at), _SINK, amount)
        sent = 0
        while (pushed := self._push()) > 0:
            sent += pushed
        self.is_full = sent == whole
        self._works = range(len(supply))

    def _edge(self, start: _Node, end: _Node, room: int) -> None:
        self.left[start][end] = room
        self.left[end].setdefault(start, 0)

    def _push(self) -> int:
        came = self._reached(_SOURCE)
        if _SINK not in came:
            return 0
        path: list[tuple[_Node, _Node]] = []
        node: _Node = _SINK
        while node != _SOURCE:
            path.append((came[node], node))
            node = came[node]
        amount = min(self.left[start][end] for start, end in path)
        for start, end in path:
            self.left[start][end] -= amount
            self.left[end][start] += amount
        return amount

    def _reached(self, start: _Node) -> dict[_Node, _Node]:
        came: dict[_Node, _Node] = {start: start}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for other, room in self.left[node].items():
                if room > 0 and other not in came:
                    came[other] = node
                    waiting.append(other)
        return came

    def cut_off(self) -> frozenset[int]:
        """Work on the source's side of the smallest cut: together it asks for more than its crews have."""
        reached = self._reached(_SOURCE)
        return frozenset(number for number in self._works if ("work", number) in reached)

    def with_a_way_out(self) -> frozenset[int]:
        """Work of which more could be done, if it were asked."""
        return frozenset(number for number in self._works if _SINK in self._reached(("work", number)))
