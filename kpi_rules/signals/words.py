"""What a case says in words, and its figures in the units that people read."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from math import isqrt

from domain.intervals import wilson
from domain.money import CONTEXT
from domain.signals import SignalFigures
from kpi_rules.signals.language import UNITS, Signal, TravelTooFast


def figure_of(signal: Signal, figure: int, per: int) -> Decimal:
    """What was measured of a row, in the unit of its kind: of journeys km/h from square metres and minutes.

    A journey within one minute took at most one, so its speed is at least what is told.
    """
    if not isinstance(signal.looks_for, TravelTooFast):
        return Decimal(figure)
    speed = CONTEXT.divide(Decimal(60 * isqrt(figure)), Decimal(1000 * max(per, 1)))
    return speed.quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)


def unit_of(signal: Signal) -> str:
    return UNITS[signal.looks_for.kind]


def about(signal: Signal, figures: SignalFigures, subjects: int) -> str:
    """Counts, the peers' share with its interval, and how likely chance is: everything that made it a case."""
    mine, theirs = share_shown(figures.hits, figures.rows), share_shown(figures.peer_hits, figures.peer_rows)
    peers = f"of the peers' {figures.peer_rows:,} rows it fired at {figures.peer_hits:,} ({theirs})"
    if figures.peer_rows:
        low, high = wilson(figures.peer_hits, figures.peer_rows)
        peers += f", 95 %: {percent(low)} to {percent(high)}"
    likely = chance_shown(figures.chance * subjects)
    return (
        f"{signal.title}: fired at {figures.hits:,} of {figures.rows:,} rows ({mine}); {peers}. Up to "
        f"{percent(figures.expected_rate)} counts as usual; of {subjects:,} honest ones looked at, {likely} would show "
        "as many"
    )


def share_shown(hits: int, rows: int) -> str:
    return percent(CONTEXT.divide(Decimal(hits), Decimal(rows))) if rows else "no rows"


def percent(share: Decimal) -> str:
    """With two digits behind the point.

    >>> percent(Decimal("0.00253")), percent(Decimal(1))
    ('0.25 %', '100.00 %')
    """
    return f"{(share * 100).quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN)} %"


def chance_shown(expected: Decimal) -> str:
    """How many are expected by chance.

    >>> chance_shown(Decimal("0.0423")), chance_shown(Decimal("0.0000001"))
    ('0.042', 'fewer than 0.001')
    """
    if expected < Decimal("0.001"):
        return "fewer than 0.001"
    return str(expected.quantize(Decimal("0.001"), rounding=ROUND_HALF_EVEN))
