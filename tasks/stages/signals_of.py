"""The one reading of signals for other reports: the cases about a subject in a month, with figures and evidence."""

from __future__ import annotations

from adapters.store.signals import read_signal_cases
from adapters.world import World
from domain.periods import Period
from domain.signals import SignalCase, SubjectKind


def signals_of(world: World, subject_kind: SubjectKind, subject_id: str, period: Period) -> tuple[SignalCase, ...]:
    """Every case about the subject in the month, open and closed, by signal; none where no signals were run."""
    with world.store.read() as connection:
        return read_signal_cases(connection, period=period, subject=(subject_kind, subject_id))
