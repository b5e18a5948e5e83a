"""The standing of partners: what a month's figures propose for one of them, by the steps of the rule.

Nothing here decides. A step is proposed where its conditions hold, worse states before better ones; people decide.
A condition without a figure does not hold, whichever way it points: nobody is promoted or demoted by nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from domain.ids import canonical_decimal
from domain.intervals import FEWEST_CASES, wilson
from domain.periods import Period
from domain.records import KpiResult, Score, Unit, ValueState
from domain.standings import Looked, MonthFigure, PartnerState
from kpi_rules.standing_language import (
    Bounds,
    CommitmentCondition,
    Condition,
    DeadlineCondition,
    KpiCondition,
    LeagueCondition,
    ScoreCondition,
    StandingRule,
    Step,
    TimeCondition,
)

FigureOf = Callable[[Period], MonthFigure | None]


@dataclass(frozen=True, slots=True)
class PartnerMonths:
    """What is known of one partner: scores and KPIs by month and id; leagues and broken commitments by month.

    `since` is the day from which it is in `state`, None where nobody ever decided. `is_overdue` and `ended` speak
    of the action of its rectification: `is_overdue` is None where there is none; `ended` is the code of how it ended,
    empty where it was closed in words alone, None while it is open.
    """

    partner: str
    state: PartnerState
    since: date | None
    scores: Mapping[Period, Mapping[str, Score]]
    kpis: Mapping[Period, Mapping[str, KpiResult]]
    leagues: Mapping[tuple[Period, LeagueCondition], MonthFigure] = field(default_factory=dict)
    broken: Mapping[Period, tuple[str, ...]] = field(default_factory=dict)
    is_overdue: bool | None = None
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """The state that is proposed, the one before where nothing is; `step` is the one whose conditions hold."""

    state: PartnerState
    step: Step | None
    looked: tuple[Looked, ...]


def proposed(rule: StandingRule, months: PartnerMonths, period: Period) -> Proposed:
    """The first step from the partner's state whose conditions hold, worse ones first; with all that was looked at."""
    open_steps = [step for step in rule.steps if months.state in step.start]
    looked: list[Looked] = []
    for step in sorted(open_steps, key=lambda each: -each.to.rank):
        found = tuple(_looked(step, months, period))
        looked += found
        if _holds(step, found):
            return Proposed(step.to, step, tuple(looked))
    return Proposed(months.state, None, tuple(looked))


def conditions_of(rule: StandingRule) -> Iterator[Condition]:
    for step in rule.steps:
        yield from (*step.any_of, *step.all_of)


def looks_back(rule: StandingRule) -> int:
    """How many months its conditions look at, this one included."""
    return max((getattr(each, "months", 1) for each in conditions_of(rule)), default=1)


def share_of_counts(result: KpiResult) -> tuple[Decimal, Decimal, int] | None:
    """The interval of a KPI that counts some of what it counts, and of how many; None of any other."""
    above, below = result.numerator, result.denominator
    if result.unit is not Unit.RATIO or above is None or below is None or not 0 <= above <= below or below < 1:
        return None
    if above != above.to_integral_value() or below != below.to_integral_value():
        return None
    return *wilson(int(above), int(below)), int(below)


def _looked(step: Step, months: PartnerMonths, period: Period) -> Iterator[Looked]:
    start = "/".join(step.start)
    for each in (*step.any_of, *step.all_of):
        found = _condition(each, months, period)
        yield Looked(f"{start} → {step.to}: {found.condition}", found.holds, found.figures, found.note)


def _holds(step: Step, looked: Sequence[Looked]) -> bool:
    any_of, all_of = looked[: len(step.any_of)], looked[len(step.any_of) :]
    return all(each.holds for each in all_of) and (not any_of or any(each.holds for each in any_of))


def _condition(condition: Condition, months: PartnerMonths, period: Period) -> Looked:
    match condition:
        case ScoreCondition():
            words = f"score {condition.score} {bound_in_words(condition)}"
            return _in_a_row(words, condition, period, lambda each: _score(condition, months, each))
        case KpiCondition():
            surely = ", the whole interval" if condition.surely else ""
            words = f"{condition.kpi} {bound_in_words(condition)}{surely}"
            return _in_a_row(words, condition, period, lambda each: _kpi(condition, months, each))
        case LeagueCondition():
            return _league(condition, months, period)
        case CommitmentCondition():
            return _broken(condition, months, period)
        case DeadlineCondition():
            return _deadline(condition, months)
        case TimeCondition():
            return _time(condition, months, period)


def bound_in_words(bounds: Bounds) -> str:
    stated = ((name, getattr(bounds, name)) for name in ("below", "above", "at_least", "at_most"))
    words = [f"{name.replace('_', ' ')} {canonical_decimal(value)}" for name, value in stated if value is not None]
    in_a_row = f" in {bounds.months} months" if bounds.months > 1 else ""
    return f"{' and '.join(words)}{in_a_row}"


def _in_a_row(
    words: str, bounds: ScoreCondition | KpiCondition, period: Period, figure_of: Callable[[Period], MonthFigure]
) -> Looked:
    figures = tuple(figure_of(each) for each in _back(period, bounds.months))
    surely = isinstance(bounds, KpiCondition) and bounds.surely
    holds = all(_beyond(bounds, each, surely=surely) for each in figures)
    return Looked(words, holds, figures)


def _beyond(bounds: Bounds, figure: MonthFigure, *, surely: bool) -> bool:
    """Whether the figure, or the whole of its interval, is where the bounds say; without a figure it is not."""
    low, high = (figure.low, figure.high) if surely else (figure.value, figure.value)
    if low is None or high is None or figure.note:
        return False
    return (
        (bounds.below is None or high < bounds.below)
        and (bounds.above is None or low > bounds.above)
        and (bounds.at_least is None or low >= bounds.at_least)
        and (bounds.at_most is None or high <= bounds.at_most)
    )


def _score(condition: ScoreCondition, months: PartnerMonths, period: Period) -> MonthFigure:
    found = months.scores.get(period, {}).get(condition.score)
    note = "not measured" if found is None else "" if found.state is ValueState.VALUE else str(found.state)
    return MonthFigure(str(period), found.score if found else None, note=note)


def _kpi(condition: KpiCondition, months: PartnerMonths, period: Period) -> MonthFigure:
    found = months.kpis.get(period, {})
    result = found.get(condition.kpi)
    if result is None or result.value is None:
        return MonthFigure(str(period), None, note=str(result.state) if result else "not measured")
    interval = share_of_counts(result)
    low, high, cases = interval or (None, None, None)
    note = _too_little(condition, found)
    if condition.surely and not note:
        note = "no share of counts: it has no interval" if interval is None else ""
        note = f"{cases} cases, {FEWEST_CASES} are needed" if cases is not None and cases < FEWEST_CASES else note
    return MonthFigure(str(period), result.value, low, high, cases, note)


def _too_little(condition: KpiCondition, found: Mapping[str, KpiResult]) -> str:
    enough = condition.enough
    if enough is None:
        return ""
    known = found.get(enough.kpi)
    value = known.value if known else None
    if value is not None and value >= enough.at_least:
        return ""
    shown = "nothing" if value is None else canonical_decimal(value)
    return f"too little to go by: {enough.kpi} is {shown}, {canonical_decimal(enough.at_least)} are needed"


def _league(condition: LeagueCondition, months: PartnerMonths, period: Period) -> Looked:
    """`note` of the figure is the verdict of the league."""
    strata = f", alike in {', '.join(condition.alike_in)}" if condition.alike_in else ""
    in_a_row = f" in {condition.months} months" if condition.months > 1 else ""
    words = f"{condition.league} like for like{strata} is {condition.verdict}{in_a_row}"
    figures = tuple(
        months.leagues.get((each, condition), MonthFigure(str(each), None, note="not measured"))
        for each in _back(period, condition.months)
    )
    wanted = {"better": {"better"}, "worse": {"worse"}, "not worse": {"better", "not told apart"}}[condition.verdict]
    return Looked(words, all(each.note in wanted for each in figures), figures)


def _broken(condition: CommitmentCondition, months: PartnerMonths, period: Period) -> Looked:
    """The figure is how many were broken; a month that was not followed is neither broken nor kept."""
    is_kept, in_a_row = (
        condition.commitments == "kept",
        f" in {condition.months} months" if condition.months > 1 else "",
    )
    words = f"all commitments kept{in_a_row}" if is_kept else f"at least {condition.count} commitments broken{in_a_row}"
    figures = tuple(
        MonthFigure(str(each), Decimal(len(months.broken[each])))
        if each in months.broken
        else MonthFigure(str(each), None, note="not followed")
        for each in _back(period, condition.months)
    )
    counts = [each.value for each in figures]
    holds = all(count is not None and (not count if is_kept else count >= condition.count) for count in counts)
    return Looked(words, holds, figures, "; ".join(months.broken.get(period, ())))


def _deadline(condition: DeadlineCondition, months: PartnerMonths) -> Looked:
    """Closing the action is not enough: what came of it decides."""
    words = f"the deadline of the rectification is {condition.deadline}"
    if months.is_overdue is None:
        return Looked(words, holds=False, note="there is no rectification")
    if months.ended is None:
        return Looked(words, holds=condition.deadline == "missed" and months.is_overdue)
    is_met = months.ended in condition.outcomes
    note = f"it ended as {months.ended}" if months.ended else "it was closed in words, without an outcome of the list"
    return Looked(words, holds=is_met is (condition.deadline == "met"), note=note)


def _time(condition: TimeCondition, months: PartnerMonths, period: Period) -> Looked:
    words = f"at least {condition.months_in_state} months in the state"
    if months.since is None:
        return Looked(words, holds=False, note="nobody ever decided on it")
    passed = period.months_after(Period.of(months.since))
    figure = MonthFigure(str(period), Decimal(passed))
    return Looked(words, passed >= condition.months_in_state, (figure,))


def _back(period: Period, months: int) -> Iterator[Period]:
    for _ in range(months):
        yield period
        period = period.previous()
