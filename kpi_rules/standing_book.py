"""The standings and selections of a rule book: decoded, and checked by themselves and beside the KPIs they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from domain.actions import RegisterKind
from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.records import Grain, Unit
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules
from domain.standings import PartnerState
from kpi_rules.action_terms import ActionTermsBook
from kpi_rules.figures import Figure
from kpi_rules.like_for_like import parts_of
from kpi_rules.rulebook import KpiRules
from kpi_rules.standing_language import (
    Bounds,
    Condition,
    Criterion,
    DeadlineCondition,
    KpiCondition,
    LeagueCondition,
    ScoreCondition,
    SelectionRule,
    StandingRule,
    StateTerms,
    TrialTerms,
)

SECTIONS = ("standings", "selections")


@dataclass(frozen=True, slots=True)
class StandingBook:
    """All versions; a rule that is wrong is left out of it."""

    standings: tuple[Placed[StandingRule], ...] = ()
    selections: tuple[Placed[SelectionRule], ...] = ()

    def on(self, day: date) -> tuple[Placed[StandingRule], ...]:
        """Those in force, by id."""
        held = (each for each in self.standings if each.rule.holds_on(day))
        return tuple(sorted(held, key=lambda each: each.rule.id))

    def selection_on(self, day: date, name: str) -> Placed[SelectionRule] | None:
        held = (each for each in self.selections if each.rule.id == name and each.rule.holds_on(day))
        return next(held, None)

    @property
    def placed(self) -> tuple[Placed[StandingRule] | Placed[SelectionRule], ...]:
        return (*self.standings, *self.selections)

    def versions(self, day: date) -> tuple[RuleVersion, ...]:
        """Those of the standings that hold on a day: what a month-end's proposals are made by."""
        return tuple(each.version for each in self.on(day))

    def kpis_read(self) -> Iterator[tuple[str, Rule]]:
        """Every KPI that a condition reads, with its rule."""
        for placed in self.standings:
            for each in _conditions(placed.rule):
                if isinstance(each, KpiCondition):
                    yield each.kpi, placed.rule
                    yield from ((name.kpi, placed.rule) for name in (each.enough,) if name)
                elif isinstance(each, LeagueCondition):
                    yield each.league, placed.rule


def decode_standings(documents: Iterable[Document], kpis: KpiRules) -> tuple[StandingBook, tuple[Issue, ...]]:
    """The rules of the files below kpi_rules/standings, and everything that is wrong with them."""
    files = tuple(documents)
    standings, faults = decode_rules(files, "standings", RuleKind.STANDING, StandingRule)
    selections, more = decode_rules(files, "selections", RuleKind.SELECTION, SelectionRule)
    found: list[Issue] = [*_of_files(files), *faults, *more]
    sound, chosen = [], []
    for standing in standings:
        wrong = tuple(_standing_faults(standing, kpis))
        found += wrong
        sound += [] if wrong else [standing]
    for selection in selections:
        wrong = tuple(_selection_faults(selection))
        found += wrong
        chosen += [] if wrong else [selection]
    found += _competing(sound)
    ordered = sorted(dict.fromkeys(found), key=lambda issue: (issue.location, issue.code))
    return StandingBook(tuple(sound), tuple(chosen)), tuple(ordered)


def group_faults(book: StandingBook, groups: Iterable[str]) -> Iterator[Issue]:
    """Groups that decide and that no rule of approvals names."""
    known = frozenset(groups)
    for placed in book.standings:
        for index, terms in enumerate(placed.rule.states):
            for number, group in enumerate(terms.decided_by):
                if group not in known:
                    place = placed.place("states", index, "decided_by", number)
                    yield Issue("STD020", place, f'no group "{group}" of approvers', suggestion(group, known))


def outcome_faults(book: StandingBook, terms: ActionTermsBook) -> Iterator[Issue]:
    """Endings of a rectification that no terms of the register know: the condition could never find them."""
    known = {
        code for each in terms.placed if each.rule.kind is RegisterKind.RECTIFICATION for code in each.rule.outcomes
    }
    for placed in book.standings:
        for at, condition in _places(placed.rule):
            for number, code in enumerate(condition.outcomes if isinstance(condition, DeadlineCondition) else ()):
                if code not in known:
                    text = f'no terms of rectifications in kpi_rules/actions end as "{code}"'
                    hint = suggestion(code, known) or "Name an outcome of theirs, or add it there"
                    yield Issue("STD029", placed.place(*at, "outcomes", number), text, hint)


def _places(rule: StandingRule) -> Iterator[tuple[tuple[str | int, ...], Condition]]:
    for index, step in enumerate(rule.steps):
        for name in ("any_of", "all_of"):
            for number, each in enumerate(getattr(step, name)):
                yield ("steps", index, name, number), each


def _of_files(files: Iterable[Document]) -> Iterator[Issue]:
    for document in files:
        if not isinstance(document.data, dict):
            yield Issue("STD010", document.place(()), "the file is no mapping of sections", suggestion("", SECTIONS))
            continue
        for key, value in document.data.items():
            if key not in SECTIONS:
                yield Issue("STD010", document.key_place((key,)), f'unknown section "{key}"', suggestion(key, SECTIONS))
            elif not isinstance(value, list):
                text = f'"{key}" is no list of rules'
                yield Issue("STD010", document.place((key,)), text, "Begin each with a dash")


def _standing_faults(placed: Placed[StandingRule], kpis: KpiRules) -> Iterator[Issue]:
    yield from _state_faults(placed)
    for index, step in enumerate(placed.rule.steps):
        at = ("steps", index)
        if step.to in step.start:
            yield Issue("STD012", placed.place(*at, "to"), f"{step.to} leads to itself", "A step leads elsewhere")
        if placed.rule.terms(step.to) is None:
            text = f"nobody is named who decides that a partner comes to {step.to}"
            yield Issue("STD011", placed.place(*at, "to"), text, "Add it to states, with decided_by")
        if not step.any_of and not step.all_of:
            yield Issue("STD013", placed.place(*at), "the step has no condition", "State any_of, all_of, or both")
        for name in ("any_of", "all_of"):
            for number, each in enumerate(getattr(step, name)):
                yield from _condition_faults(placed, (*at, name, number), each, kpis)


def _state_faults(placed: Placed[StandingRule]) -> Iterator[Issue]:
    seen: set[PartnerState] = set()
    for index, terms in enumerate(placed.rule.states):
        place = placed.place("states", index, "state")
        if terms.state in seen:
            yield Issue("STD014", place, f"{terms.state} stands twice", "State it once")
        seen.add(terms.state)
        yield from _terms_faults(placed, index, terms)


def _terms_faults(placed: Placed[StandingRule], index: int, terms: StateTerms) -> Iterator[Issue]:
    place = placed.place("states", index)
    if (terms.state is PartnerState.RECTIFICATION) != (terms.deadline_days is not None):
        text = "a rectification, and only that, has deadline_days"
        yield Issue("STD015", place, text, "State within how many days it is to be done, or take them out")
    if terms.state.is_suspended != (terms.placed is not None):
        text = "a suspension and a termination, and only these, say what becomes of what is placed"
        yield Issue("STD016", place, text, "State placed: keeps, or placed: recalled")
    if len(set(terms.decided_by)) < len(terms.decided_by):
        text = "a group stands twice: nobody decides twice on one proposal"
        yield Issue("STD014", placed.place("states", index, "decided_by"), text, "Name another group")


def _condition_faults(
    placed: Placed[StandingRule], at: tuple[str | int, ...], condition: Condition, kpis: KpiRules
) -> Iterator[Issue]:
    if isinstance(condition, Bounds):
        stated = [getattr(condition, name) for name in ("below", "above", "at_least", "at_most")]
        if all(each is None for each in stated):
            text = "the condition has no bound"
            yield Issue("STD017", placed.place(*at), text, "State below, above, at_least or at_most")
    for day in _days(placed.rule, kpis):
        faults = tuple(_read_faults(placed, at, condition, kpis.in_force(day), day))
        if faults:
            yield from faults
            return


def _days(rule: StandingRule, kpis: KpiRules) -> list[date]:
    """The first day of the rule, and every day of its own on which a KPI or scorecard begins or ends."""
    turns = {
        day
        for each in (*(figure.rule for figure in kpis.figures), *(card.rule for card in kpis.scorecards))
        for day in (each.valid_from, each.valid_to)
        if day and rule.holds_on(day)
    }
    return sorted({rule.valid_from, *turns})


def _read_faults(
    placed: Placed[StandingRule], at: tuple[str | int, ...], condition: Condition, current: KpiRules, day: date
) -> Iterator[Issue]:
    figures = {figure.id: figure for figure in current.figures}
    match condition:
        case ScoreCondition(score=score):
            cards = [card.rule.id for card in current.scorecards if card.rule.scores]
            if score not in cards:
                text = f'no scorecard of partners "{score}" is in force on {day}'
                yield Issue("STD018", placed.place(*at, "score"), text, suggestion(score, cards))
        case KpiCondition(kpi=kpi, enough=enough):
            yield from _kpi_faults(placed, (*at, "kpi"), kpi, figures, day)
            if enough:
                yield from _kpi_faults(placed, (*at, "enough", "kpi"), enough.kpi, figures, day)
        case LeagueCondition(league=kpi):
            figure = figures.get(kpi)
            if figure is None or Grain.PARTNER not in figure.grains or parts_of(figure, figures, 1) is None:
                text = f'"{kpi}" is no rate of two sums over accounts measured per partner on {day}'
                rates = [each for each, one in figures.items() if Grain.PARTNER in one.grains and one.operands]
                yield Issue("STD019", placed.place(*at, "league"), text, suggestion(kpi, rates))


def _kpi_faults(
    placed: Placed[StandingRule], at: tuple[str | int, ...], kpi: str, figures: dict[str, Figure], day: date
) -> Iterator[Issue]:
    figure = figures.get(kpi)
    if figure is None or Grain.PARTNER not in figure.grains or figure.rule.unit is Unit.MONEY:
        known = [name for name, one in figures.items() if Grain.PARTNER in one.grains]
        text = f'"{kpi}" is no count or ratio measured per partner on {day}'
        yield Issue("STD019", placed.place(*at), text, suggestion(kpi, known))


def _conditions(rule: StandingRule) -> Iterator[Condition]:
    for step in rule.steps:
        yield from (*step.any_of, *step.all_of)


def _competing(standings: Iterable[Placed[StandingRule]]) -> Iterator[Issue]:
    """Two rules for one partner on one day: a partner stands in one way only."""
    ordered = sorted(standings, key=lambda each: (each.rule.valid_from, each.rule.id))
    for index, one in enumerate(ordered):
        for other in ordered[index + 1 :]:
            together = one.rule.holds_on(other.rule.valid_from) and one.rule.id != other.rule.id
            both = "all" in {one.rule.partners, other.rule.partners}
            if together and (both or {*one.rule.partners} & {*other.rule.partners}):
                text = f'"{other.rule.id}" and "{one.rule.id}" hold for the same partner on {other.rule.valid_from}'
                yield Issue("STD021", other.place("partners"), text, "End one of them, or name other partners")


def _selection_faults(placed: Placed[SelectionRule]) -> Iterator[Issue]:
    weights = sum((each.weight for each in placed.rule.criteria), Decimal(0))
    if weights != 1:
        yield Issue("SEL010", placed.place("criteria"), f"the weights sum to {weights}", "They sum to 1")
    seen: set[str] = set()
    for index, each in enumerate(placed.rule.criteria):
        if each.id in seen:
            yield Issue("SEL011", placed.place("criteria", index, "id"), f'"{each.id}" stands twice', "Rename one")
        seen.add(each.id)
        yield from _criterion_faults(placed, index, each)
    if placed.rule.trial:
        yield from _trial_faults(placed, placed.rule.trial)


def _criterion_faults(placed: Placed[SelectionRule], index: int, each: Criterion) -> Iterator[Issue]:
    if (each.points is None) == (each.choices is None):
        text = "a criterion has points of a number, or choices of a word: one of the two"
        yield Issue("SEL012", placed.place("criteria", index), text, "State points, or choices")
    for number, (low, high) in enumerate(pairwise(each.points or ()), start=1):
        if low.value >= high.value:
            place = placed.place("criteria", index, "points", number, "value")
            yield Issue("SEL013", place, f"{high.value} does not lie above {low.value}", "Put them in rising order")


def _trial_faults(placed: Placed[SelectionRule], trial: TrialTerms) -> Iterator[Issue]:
    if (trial.measure == "paid") == (trial.scatter is not None):
        text = "the scatter of a rate of money is stated, and that of `paid` follows from the rate"
        yield Issue("SEL014", placed.place("trial"), text, "Add scatter, or take it out")
    if trial.usual_rate + trial.worth_knowing >= 1 and trial.measure == "paid":
        text = "the usual rate and the difference come to 1 or more"
        yield Issue("SEL015", placed.place("trial", "worth_knowing"), text, "A share stays below 1")
