"""A standing rule on stated figures: what it would propose, in tests beside the rules and with `recoup try`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from domain.documents import Document, RuleModel, decode
from domain.expressions.parse import suggestion
from domain.ids import digest_of
from domain.issues import Issue
from domain.money import CONTEXT
from domain.periods import Period
from domain.records import Grain, KpiResult, Score, Unit, ValueState
from domain.standings import MonthFigure, PartnerState
from kpi_rules.standing_book import StandingBook
from kpi_rules.standing_language import KpiCondition, LeagueCondition, ScoreCondition, StandingRule
from kpi_rules.standings import PartnerMonths, Proposed, conditions_of, looks_back, proposed

FOLDER = "kpi_rules/standings"
_NOBODY = "the partner"
_NO_RULE = digest_of("stated")


class Counts(RuleModel):
    """A ratio by its two sums, as an interval needs it."""

    numerator: Decimal
    """What is counted above the line."""
    denominator: Decimal = Field(gt=0)
    """And below it."""


class StatedMonth(RuleModel):
    """What is known of the partner in one month; what is not stated was not measured."""

    scores: dict[str, Decimal] = Field(default_factory=dict)
    """Scorecard to score."""
    kpis: dict[str, Decimal | Counts] = Field(default_factory=dict)
    """KPI to value; or to numerator and denominator, where a condition asks for the whole interval."""
    leagues: dict[str, Literal["better", "worse", "not told apart", "too few cases"]] = Field(default_factory=dict)
    """Rate to what the league says of it, whatever accounts are alike in."""
    broken: int | None = Field(default=None, ge=0)
    """How many commitments were broken; 0: all were kept."""


class StatedRectification(RuleModel):
    """What has become of the rectification on the month's last day."""

    overdue: bool = False
    """Whether it is open after its deadline."""
    ended: str | None = None
    """The outcome with which it ended; empty: in words alone. Left out, it is open."""


class StandingInputs(RuleModel):
    """How a partner stands, and what its months came to."""

    on: date
    """A day of the month that is looked at."""
    state: PartnerState = PartnerState.GOOD
    """How it stands before."""
    since: date | None = None
    """Since when, if somebody ever decided on it."""
    months: tuple[StatedMonth, ...] = ()
    """This month first, then the one before it, and so on."""
    rectification: StatedRectification | None = None
    """Where it is in rectification."""


class StandingTest(StandingInputs):
    """What a rule proposes of stated figures."""

    name: str
    """What the test shows, as a sentence."""
    standing: str
    """Id of the rule."""
    proposed: PartnerState
    """The expected state; the same as before where nothing is proposed."""


class StandingTestFile(RuleModel):
    """A file of tests of standings."""

    tests: tuple[StandingTest, ...]
    """The tests."""


def try_standing(rule: StandingRule, given: StandingInputs) -> Proposed:
    """What the rule proposes, and every condition that was looked at with its figures."""
    return proposed(rule, _months(rule, given), Period.of(given.on))


def unread_inputs(rule: StandingRule, given: StandingInputs) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is stated and no condition reads: where, what, and a suggestion."""
    read = _read(rule)
    for index, month in enumerate(given.months):
        if index >= looks_back(rule):
            yield ("months", index), f"the rule looks at {looks_back(rule)} months", "Take this month out"
            continue
        for key, names in read.items():
            for name in getattr(month, key):
                if name not in names:
                    text = f'"{name}" is not read by {rule.id}'
                    yield ("months", index, key, name), text, suggestion(name, names)


def run_standing_tests(book: StandingBook, documents: Iterable[Document]) -> tuple[Issue, ...]:
    """What the rules do otherwise than the tests say, and what is wrong with the tests; nothing if all pass."""
    return tuple(issue for document in documents for issue in _run_file(book, document))


def _run_file(book: StandingBook, document: Document) -> Iterator[Issue]:
    decoded, found = decode(document, StandingTestFile)
    yield from found
    for index, test in enumerate(decoded.tests if decoded else ()):
        yield from _run(book, document, ("tests", index), test)


def _run(book: StandingBook, document: Document, at: tuple[str | int, ...], test: StandingTest) -> Iterator[Issue]:
    rules = {placed.rule.id: placed.rule for placed in book.on(test.on)}
    rule = rules.get(test.standing)
    if rule is None:
        text = f'no standing rule "{test.standing}" is in force on {test.on}'
        yield Issue("STD030", document.place((*at, "standing")), text, suggestion(test.standing, rules))
        return
    for path, text, hint in unread_inputs(rule, test):
        yield Issue("STD030", document.place((*at, *path)), text, hint)
    found = try_standing(rule, test).state
    if found is not test.proposed:
        text = f'"{test.name}": expected {test.proposed}, found {found}'
        yield Issue("STD028", document.place((*at, "proposed")), text, "Correct the rule, or the test")


def _read(rule: StandingRule) -> Mapping[str, list[str]]:
    read: dict[str, set[str]] = {"scores": set(), "kpis": set(), "leagues": set()}
    for each in conditions_of(rule):
        match each:
            case ScoreCondition():
                read["scores"].add(each.score)
            case KpiCondition():
                read["kpis"] |= {each.kpi} | ({each.enough.kpi} if each.enough else set())
            case LeagueCondition():
                read["leagues"].add(each.league)
    return {key: sorted(names) for key, names in read.items()}


def _months(rule: StandingRule, given: StandingInputs) -> PartnerMonths:
    period, stated = Period.of(given.on), dict[Period, StatedMonth]()
    for month in given.months:
        stated[period] = month
        period = period.previous()
    action = given.rectification
    return PartnerMonths(
        _NOBODY,
        given.state,
        given.since,
        {each: {name: _score(name, value, each) for name, value in month.scores.items()}
         for each, month in stated.items()},
        {each: {name: _kpi(name, value, each) for name, value in month.kpis.items()} for each, month in stated.items()},
        dict(_leagues(rule, stated)),
        {each: tuple(f"commitment {number}" for number in range(1, month.broken + 1))
         for each, month in stated.items() if month.broken is not None},
        is_overdue=action.overdue if action else None,
        ended=action.ended if action else None,
    )  # fmt: skip


def _score(scorecard: str, value: Decimal, period: Period) -> Score:
    return Score(
        scorecard, _NO_RULE, Grain.PARTNER, _NOBODY, period.start, period.last_day, ValueState.VALUE, value, ()
    )


def _kpi(kpi: str, stated: Decimal | Counts, period: Period) -> KpiResult:
    at = (kpi, _NO_RULE, Grain.PARTNER, _NOBODY, period.start, period.last_day)
    if isinstance(stated, Counts):
        above, below = stated.numerator, stated.denominator
        return KpiResult(*at, Unit.RATIO, ValueState.VALUE, CONTEXT.divide(above, below), above, below)
    return KpiResult(*at, Unit.COUNT, ValueState.VALUE, stated)


def _leagues(
    rule: StandingRule, stated: Mapping[Period, StatedMonth]
) -> Iterator[tuple[tuple[Period, LeagueCondition], MonthFigure]]:
    for each in conditions_of(rule):
        if isinstance(each, LeagueCondition):
            for period, month in stated.items():
                if each.league in month.leagues:
                    yield (period, each), MonthFigure(str(period), None, note=month.leagues[each.league])
