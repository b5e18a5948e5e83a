"""The night's figures beside those by hand: number by number, nothing rounded, and nothing left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.records import KpiResult, ValueState

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Keys (KPI, grain, entity, currency) of the figures: `not_covered` are of the night alone, `by_hand_alone` of the
    rival alone; `halted` have no number, because the gate stopped what they are made of."""

    equal: tuple[Key, ...]
    differing: tuple[Key, ...]
    not_covered: tuple[Key, ...]
    by_hand_alone: tuple[Key, ...]
    halted: tuple[Key, ...]

    def lines(self) -> list[str]:
        """Totals, and where figures are not equal, how many of which KPI."""
        night = (*self.equal, *self.differing, *self.not_covered, *self.halted)
        totals = f"{len(night):,} figures of {len({key[0] for key in night})} KPIs: {len(self.equal):,} equal"
        others = {
            "differ": self.differing,
            "not covered": self.not_covered,
            "by hand alone": self.by_hand_alone,
            "halted": self.halted,
        }
        listed = [f"{word}: {_by_kpi(keys)}" for word, keys in others.items() if keys]
        return [", ".join([totals, *(f"{len(keys):,} {word}" for word, keys in others.items())]), *listed]


def compared(night: Iterable[KpiResult], by_hand: Iterable[Sequence[str | None]]) -> Comparison:
    """`by_hand` are rows of KPI, grain, entity, currency, value, numerator and denominator, numbers as text.

    A figure is equal if its value is, to the last digit, and so are numerator and denominator where the night has them.
    """
    ours = {(each.kpi, each.grain.value, each.entity, each.currency): each for each in night}
    theirs = {tuple(row[:4]): tuple(_number(each) for each in row[4:]) for row in by_hand}
    halted = {key for key, each in ours.items() if each.state is ValueState.HALTED}
    both = ours.keys() & theirs.keys() - halted
    equal = {key for key in both if _is_equal(ours[key], *theirs[key])}
    sets = equal, both - equal, ours.keys() - theirs.keys() - halted, theirs.keys() - ours.keys(), halted
    return Comparison(*(tuple(sorted(keys)) for keys in sets))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _is_equal(ours: KpiResult, value: Decimal | None, above: Decimal | None, below: Decimal | None) -> bool:
    is_divided = ours.numerator is not None or ours.denominator is not None
    return ours.value == value and (not is_divided or (ours.numerator, ours.denominator) == (above, below))


def _by_kpi(keys: Iterable[Key]) -> str:
    return ", ".join(f"{kpi} {count:,}" for kpi, count in sorted(Counter(key[0] for key in keys).items()))
