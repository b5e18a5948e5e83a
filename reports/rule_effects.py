"""What another rule book changes: the rules that differ, and month by month whose figures, by how much, and why.

The same records are printed in a terminal, as JSON and as the page that this module makes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

from domain.ids import RunId
from domain.records import Grain, Unit, ValueState
from domain.rule_changes import ChangeKind, RuleChange
from reports.formats import NO_VALUE, Formats
from reports.kpi_tables import GRAINS, KpiLabel
from reports.languages import Language, words_of
from reports.marks import Mark
from reports.pages import render


class FigureKind(StrEnum):
    PAY = "pay"
    SCORE = "score"
    KPI = "kpi"


@dataclass(frozen=True, slots=True)
class FigureChange:
    """One figure that differs; `state` of a side is None where that side has no such figure.

    `name` is the KPI, scorecard or component, `scope` the department or partner of pay. `why` names the changed rules
    that the figure goes through; `note` says why a payee is held.
    """

    kind: FigureKind
    name: str
    grain: Grain | None
    entity: str
    scope: str
    currency: str
    unit: Unit
    old: Decimal | None
    new: Decimal | None
    old_state: ValueState | None
    new_state: ValueState | None
    why: tuple[str, ...]
    note: str = ""

    @property
    def difference(self) -> Decimal | None:
        """Nothing is subtracted from what is missing."""
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def amount(self) -> Decimal:
        """Of pay: how much more is paid; a line that one side lacks pays nothing there."""
        return (self.new or Decimal(0)) - (self.old or Decimal(0))


@dataclass(frozen=True, slots=True)
class Total:
    """Figures of one name (and grain, scope, currency) that differ: how many, and the one that differs most.

    `old` and `new` are what all of the scope's pay comes to, or the mean of all scores of a scorecard; None of KPIs.
    """

    kind: FigureKind
    name: str
    grain: Grain | None
    currency: str
    differing: int
    raised: int
    lowered: int
    one_sided: int
    largest: FigureChange
    old: Decimal | None = None
    new: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AsIf:
    """A rule that begins, or ends, after the month, and was measured as if it had done so before."""

    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class MonthEffect:
    """A month, measured by both books over what its last measured night read.

    `unlike_official` counts the figures of the old book that are not what that night has stored: none, if it is the
    book that the night was measured by. `halted` are the tables that the gate had stopped, `not_read` says of
    which events the new rules ask for more than the night had read.
    """

    period: str
    night: date
    run: RunId
    as_if: tuple[AsIf, ...]
    equal: int
    unlike_official: int
    halted: tuple[str, ...]
    not_read: tuple[str, ...]
    totals: tuple[Total, ...]
    figures: tuple[FigureChange, ...]

    def of(self, kind: FigureKind) -> tuple[FigureChange, ...]:
        return tuple(each for each in self.figures if each.kind is kind)

    def totals_of(self, kind: FigureKind) -> tuple[Total, ...]:
        return tuple(each for each in self.totals if each.kind is kind)


@dataclass(frozen=True, slots=True)
class MonthWithout:
    """A month of which nothing can be said, and why."""

    period: str
    reason: str


@dataclass(frozen=True, slots=True)
class RuleEffects:
    """`not_measured` names the changed rules that act before measuring: nothing is gated or allocated again."""

    old: str
    new: str
    changes: tuple[RuleChange, ...]
    not_measured: tuple[str, ...]
    months: tuple[MonthEffect, ...]
    without: tuple[MonthWithout, ...]


Wholes = Mapping[tuple[FigureKind, str, str], tuple[Decimal | None, Decimal | None]]


def totals_of(figures: Iterable[FigureChange], wholes: Wholes) -> list[Total]:
    """A total for each run of figures of one name; `wholes` has what all of a scope's pay comes to, and what the scores
    of a scorecard are in the middle, by both books: what is equal is in it too."""
    found = []
    for key, group in groupby(figures, key=_total_key):
        every = tuple(group)
        kind, name, grain, currency = key
        sizes = [_size(each) for each in every]
        old, new = wholes.get((kind, name, currency), (None, None))
        found.append(
            Total(
                kind, name, grain, currency, len(every),
                sum(size is not None and size > 0 for size in sizes),
                sum(size is not None and size < 0 for size in sizes),
                sum(each.old_state is None or each.new_state is None for each in every),
                every[0], old, new,
            )
        )  # fmt: skip
    return found


def _size(figure: FigureChange) -> Decimal | None:
    return figure.amount if figure.kind is FigureKind.PAY else figure.difference


def _total_key(figure: FigureChange) -> tuple[FigureKind, str, Grain | None, str]:
    name = figure.scope if figure.kind is FigureKind.PAY else figure.name
    return figure.kind, name, figure.grain, figure.currency


def in_order(figures: Iterable[FigureChange]) -> tuple[FigureChange, ...]:
    """Pay, then scores, then KPIs. First the department whose pay moves most in its currency, the scorecard or KPI of
    which most figures differ; of one name together, the largest difference first, those without one last."""
    every = tuple(figures)
    weights: dict[tuple[FigureKind, str, str], Decimal] = defaultdict(Decimal)
    for each in every:
        weights[_group(each)] += abs(each.amount) if each.kind is FigureKind.PAY else 1
    return tuple(sorted(every, key=lambda each: _order(each, weights[_group(each)])))


def _group(figure: FigureChange) -> tuple[FigureKind, str, str]:
    kind, name, _, currency = _total_key(figure)
    return kind, name, currency if kind is FigureKind.PAY else ""


def _order(figure: FigureChange, weight: Decimal) -> tuple[object, ...]:
    kind, name, grain, currency = _total_key(figure)
    size = _size(figure)
    return (
        list(FigureKind).index(kind), currency if kind is FigureKind.PAY else "", -weight, name,
        _FROM_THE_WHOLE_DOWN.index(grain or Grain.EMPLOYEE), currency,
        size is None, -abs(size or Decimal(0)), figure.entity, figure.name,
    )  # fmt: skip


_FROM_THE_WHOLE_DOWN = (
    Grain.PORTFOLIO, Grain.DEPARTMENT, Grain.TEAM, Grain.EMPLOYEE, Grain.POSTING, Grain.PARTNER, Grain.BRANCH,
    Grain.SEGMENT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """A figure as people read it, in one language."""

    formats: Formats
    labels: Mapping[str, KpiLabel]

    def side(self, figure: FigureChange, value: Decimal | None, state: ValueState | None) -> str:
        gettext = words_of(self.formats.language).gettext
        if state is None:
            return gettext("none")
        return self.number(figure, value) if value is not None else gettext(NO_VALUE.get(state, "no value"))

    def sides(self, figure: FigureChange) -> tuple[str, str, str]:
        """Old, new and the difference; figures that read alike when shortened are shown to every digit."""
        old, new = self.side(figure, figure.old, figure.old_state), self.side(figure, figure.new, figure.new_state)
        difference = figure.difference
        if figure.kind is FigureKind.PAY:
            return old, new, self.signed(figure.amount, lambda number: self.number(figure, number))
        if difference is None:
            return old, new, ""
        if old == new and figure.old is not None and figure.new is not None:
            exact = self.formats.count
            return exact(figure.old), exact(figure.new), self.signed(difference, exact)
        change = self.signed(difference, lambda number: self.number(figure, number))
        points = words_of(self.formats.language).gettext("pp")  # two percentages differ by percentage points
        return old, new, change.replace("%", f" {points}")

    def signed(self, number: Decimal, show: Callable[[Decimal], str]) -> str:
        return f"+{show(number)}" if number > 0 else show(number)

    def number(self, figure: FigureChange, number: Decimal) -> str:
        if figure.unit is Unit.MONEY:
            return self.formats.amount(number, figure.currency)
        if figure.kind is FigureKind.KPI and (label := self.labels.get(figure.name)) and label.is_share:
            return self.formats.share(number)
        return self.formats.count(number) if figure.unit is Unit.COUNT else self.formats.short(number)

    def grain(self, grain: Grain | None) -> str:
        return words_of(self.formats.language).gettext(GRAINS[grain]) if grain else ""

    def title(self, kpi: str) -> str:
        return self.labels[kpi].title if kpi in self.labels else kpi


def said_together(changes: Iterable[RuleChange]) -> list[tuple[RuleChange, ...]]:
    """Rules that were edited alike stand together: a template's policies are edited in one place."""
    groups: dict[object, list[RuleChange]] = defaultdict(list)
    for change in changes:
        alone = "" if change.what is ChangeKind.CHANGED else change.id
        groups[change.kind, change.what, change.fields, alone].append(change)
    return [tuple(group) for group in groups.values()]


def said_of(change: RuleChange) -> str:
    match change.what, change.new:
        case ChangeKind.NEW_VERSION, new if new is not None:
            return f"new version from {new.valid_from}"
        case ChangeKind.ADDED, new if new is not None:
            return f"added, from {new.valid_from}"
    return change.what.value


@dataclass(frozen=True, slots=True)
class RuleEffectsReport:
    effects: RuleEffects
    labels: Mapping[str, KpiLabel] = field(default_factory=dict)
    book_label: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    entity: str
    grain: str
    currency: str
    old: str
    new: str
    difference: str
    why: str
    note: str


@dataclass(frozen=True, slots=True)
class _KpiBlock:
    title: str
    name: str
    rows: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _Month:
    effect: MonthEffect
    money: tuple[Total, ...]
    pay: tuple[_Row, ...]
    means: tuple[Total, ...]
    scores: tuple[_Row, ...]
    kpis: tuple[_KpiBlock, ...]


def rule_effects_page(report: RuleEffectsReport, language: Language = Language.ENGLISH) -> str:
    """The page: rules field by field, then of each month the money, the scores and every KPI that differ."""
    words, gettext = Words(Formats(language), report.labels), words_of(language)
    months = tuple(_month(effect, words) for effect in report.effects.months)
    differing = sum(len(effect.figures) for effect in report.effects.months)
    headline = gettext.ngettext("%(num)s figure differs", "%(num)s figures differ", differing) % {"num": differing}
    return render(
        "rule_effects.html.j2",
        language,
        report=report,
        months=months,
        groups=[[(change, said_of(change)) for change in group] for group in said_together(report.effects.changes)],
        mark=Mark("≠", "", "warn") if differing else Mark("=", "", "good"),
        headline=headline if differing else gettext.gettext("Every figure is equal"),
        book_label=report.book_label,
    )


def _month(effect: MonthEffect, words: Words) -> _Month:
    kpis = groupby(effect.of(FigureKind.KPI), key=lambda each: each.name)
    return _Month(
        effect,
        effect.totals_of(FigureKind.PAY),
        tuple(_rows(effect.of(FigureKind.PAY), words)),
        effect.totals_of(FigureKind.SCORE),
        tuple(_rows(effect.of(FigureKind.SCORE), words)),
        tuple(_KpiBlock(words.title(name), name, tuple(_rows(tuple(group), words))) for name, group in kpis),
    )


def _rows(figures: Sequence[FigureChange], words: Words) -> Iterator[_Row]:
    for each in figures:
        old, new, difference = words.sides(each)
        yield _Row(
            each.name,
            each.entity,
            words.grain(each.grain),
            each.currency,
            old,
            new,
            difference,
            why_of(each),
            each.note,
        )


def why_of(figure: FigureChange) -> str:
    return ", ".join(figure.why) or "not traced to one rule"
