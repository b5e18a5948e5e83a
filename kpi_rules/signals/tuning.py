"""What closed cases say about a signal: how many were confirmed, and which threshold would have named fewer in vain.

Nothing changes by itself: what is proposed are lines of YAML that somebody puts into the rule, and somebody else signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.intervals import wilson
from domain.money import CONTEXT
from domain.signals import CaseState, SignalCase
from kpi_rules.signals.language import THRESHOLDS, Signal

AT_LEAST = "at_least"


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the closed cases of a signal, those that were confirmed."""

    signal: str
    title: str
    open: int
    closed: int
    confirmed: int

    @property
    def share(self) -> Decimal | None:
        return CONTEXT.divide(Decimal(self.confirmed), Decimal(self.closed)) if self.closed else None

    @property
    def interval(self) -> tuple[Decimal, Decimal] | None:
        return wilson(self.confirmed, self.closed) if self.closed else None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another value of one parameter, and what of the closed cases it would have raised; `yaml` goes into the rule.

    `why` says by which rule it was chosen, or why there is none: then `parameter` is empty.
    """

    parameter: str
    current: Decimal | None
    proposed: Decimal | None
    closed: int
    confirmed: int
    lost: int
    why: str
    yaml: str = ""


def precision_of(signal: Signal, cases: Iterable[SignalCase]) -> Precision:
    """Over all months."""
    mine = [case for case in cases if case.signal == signal.id]
    closed = [case for case in mine if not case.is_open]
    confirmed = sum(case.state is CaseState.CONFIRMED for case in closed)
    return Precision(signal.id, signal.title, len(mine) - len(closed), len(closed), confirmed)


def proposal_of(signal: Signal, cases: Iterable[SignalCase]) -> Proposal:
    """The threshold that the closed cases speak for.

    Rule: of all stricter values of the figure's threshold, with `at_least` as it is, and of all higher `at_least`, with
    the threshold as it is, those count by which the share of confirmed among the cases that would still have been
    raised reaches `confirmed_at_least`. Of these the one that loses the fewest confirmed cases is proposed, then the
    one that spares the most explained ones, then the one nearest to today's. Looser values are not proposed: of what
    was never raised nobody has looked.
    """
    closed = [case for case in cases if case.signal == signal.id and not case.is_open]
    known = precision_of(signal, closed)
    if known.closed < signal.tuning.closed_at_least:
        why = f"{signal.tuning.closed_at_least} closed cases are needed for a proposal; so far {known.closed}"
        return Proposal("", None, None, known.closed, known.confirmed, 0, why)
    if (known.share or Decimal(0)) >= signal.tuning.confirmed_at_least:
        why = f"{known.confirmed} of {known.closed} closed cases were confirmed: the threshold stays as it is"
        return Proposal("", None, None, known.closed, known.confirmed, 0, why)
    found = [each for each in _candidates(signal, closed, known) if _reaches(each, signal)]
    if not found:
        why = "no stricter threshold would have left out the explained cases alone: the signal itself is to be reviewed"
        return Proposal("", None, None, known.closed, known.confirmed, 0, why)
    return min(found, key=lambda each: (each.lost, each.closed, abs((each.proposed or 0) - (each.current or 0))))


def _candidates(signal: Signal, closed: Sequence[SignalCase], known: Precision) -> Iterator[Proposal]:
    at_least = signal.case.at_least
    for count in sorted({len(case.evidence) for case in closed} | {len(case.evidence) + 1 for case in closed}):
        if count > at_least:
            yield _tried(signal, closed, known, AT_LEAST, Decimal(at_least), Decimal(count), _by_count(count))
    threshold = THRESHOLDS.get(signal.looks_for.kind)
    if threshold is None:
        return
    current = Decimal(getattr(signal.looks_for, threshold.parameter))
    figures = {row.figure.to_integral_value() for case in closed for row in case.evidence}
    for value in sorted(figures):
        if value >= 0 and (value < current if threshold.is_lower else value > current):
            still = _by_figure(lambda figure, at=value: threshold.fires(figure, at), at_least)  # type: ignore[misc]
            yield _tried(signal, closed, known, threshold.parameter, current, value, still)


def _by_count(count: int) -> Callable[[SignalCase], bool]:
    return lambda case: len(case.evidence) >= count


def _by_figure(fires: Callable[[Decimal], bool], at_least: int) -> Callable[[SignalCase], bool]:
    return lambda case: sum(fires(row.figure) for row in case.evidence) >= at_least


def _tried(
    signal: Signal,
    closed: Sequence[SignalCase],
    known: Precision,
    parameter: str,
    current: Decimal,
    value: Decimal,
    is_raised: Callable[[SignalCase], bool],
) -> Proposal:
    raised = [case for case in closed if is_raised(case)]
    confirmed = sum(case.state is CaseState.CONFIRMED for case in raised)
    holder = "case" if parameter == AT_LEAST else "looks_for"
    why = (
        f"of the {known.closed} closed cases it would have raised {len(raised)}, {confirmed} of them confirmed; "
        f"{known.confirmed - confirmed} confirmed ones would not have been raised"
    )
    yaml = f"# {signal.id}: was {canonical_decimal(current)}\n{holder}:\n  {parameter}: {canonical_decimal(value)}\n"
    lost = known.confirmed - confirmed
    return Proposal(parameter, current, value, len(raised), confirmed, lost, why, yaml)


def _reaches(proposal: Proposal, signal: Signal) -> bool:
    share = CONTEXT.divide(Decimal(proposal.confirmed), Decimal(proposal.closed)) if proposal.closed else Decimal(0)
    return share >= signal.tuning.confirmed_at_least
