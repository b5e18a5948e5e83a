"""Who was led by whom on which days, for overrides on what subordinates are paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.periods import Period, days_between
from domain.staff import Employee, Share, Span, spans_of

_Place = tuple[str, str]  # a subordinate, and the department of the line


@dataclass(frozen=True, slots=True)
class Led:
    """By leader and level, the days on which somebody was led, and how many days each worked in a department."""

    days: Mapping[tuple[str, int], Mapping[_Place, tuple[date, ...]]]
    whole: Mapping[_Place, int]

    @classmethod
    def within(cls, period: Period, payees: Sequence[Employee], levels: frozenset[int]) -> Led:
        """Day by day: the leader of the posting of the day, and upwards by the leaders' own postings of that day."""
        spans = {payee.employee_id: spans_of(payee, period) for payee in payees} if levels else {}
        days: dict[tuple[str, int], dict[_Place, list[date]]] = defaultdict(lambda: defaultdict(list))
        whole: dict[_Place, int] = defaultdict(int)
        for payee, worked in spans.items():
            for span in worked:
                place = (payee, span.posting.department)
                for day in days_between(span.start, span.end):
                    whole[place] += 1
                    for level, leader in _leaders(spans, payee, day, max(levels)):
                        if level in levels:
                            days[leader, level][place].append(day)
        kept = {key: {place: tuple(found) for place, found in places.items()} for key, places in days.items()}
        return cls(kept, whole)

    def below(self, leader: str, level: int, spans: tuple[Span, ...]) -> Iterator[tuple[str, str, Share]]:
        """Subordinates in order of their ids, the department, and which share of its days fell to the leader."""
        for (payee, department), days in sorted(self.days.get((leader, level), {}).items()):
            counted = sum(any(span.start <= day < span.end for span in spans) for day in days)
            if counted:
                yield payee, department, Share(Decimal(counted), Decimal(self.whole[payee, department]))


def _leaders(spans: Mapping[str, tuple[Span, ...]], payee: str, day: date, most: int) -> Iterator[tuple[int, str]]:
    seen = {payee}
    for level in range(1, most + 1):
        leader = next((span.posting.manager for span in spans.get(payee, ()) if span.start <= day < span.end), "")
        if not leader or leader in seen:
            return
        yield level, leader
        seen.add(leader)
        payee = leader
