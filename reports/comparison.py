"""The page of a rerun or a what-if: what differs from the official result, and how much is equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Generic, TypeVar

from domain.ids import RunId
from domain.records import KpiResult, PayoutLine, Score
from domain.rules import RuleVersion
from reports.formats import NO_VALUE, Formats
from reports.kpi_tables import GRAINS, KpiLabel
from reports.languages import Language, words_of
from reports.marks import Mark
from reports.pages import render


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run found: the official one, or the one beside it."""

    run_id: RunId
    kpis: tuple[KpiResult, ...] = ()
    scores: tuple[Score, ...] = ()
    lines: tuple[PayoutLine, ...] = ()
    rules: tuple[RuleVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """`is_what_if` says that nothing of `new` counts; `scope` says in words what was run again, such as the stages."""

    business_date: date
    official: Figures
    new: Figures
    is_what_if: bool
    scope: str = ""
    labels: Mapping[str, KpiLabel] = field(default_factory=dict)
    book_label: str = ""


Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Pair(Generic[Record]):
    """The same figure in both runs; None in a run that has none."""

    old: Record | None
    new: Record | None

    @property
    def one(self) -> Record:
        """Either of them, for what they have in common."""
        known = self.old if self.old is not None else self.new
        assert known is not None, "a pair comes from a figure of one run at least"  # noqa: S101 - for the reader
        return known


@dataclass(frozen=True, slots=True)
class Compared(Generic[Record]):
    """How many are equal, and those that differ, in order of their keys."""

    equal: int
    differing: tuple[Pair[Record], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    kpis: Compared[KpiResult]
    scores: Compared[Score]
    lines: Compared[PayoutLine]
    rules: Compared[RuleVersion]

    @property
    def is_equal(self) -> bool:
        """Whether every figure is equal; rules may differ all the same."""
        return not (self.kpis.differing or self.scores.differing or self.lines.differing)


def compare(official: Figures, new: Figures) -> Comparison:
    """Figure by figure. By which version of a rule a figure was made, and its explanation, do not make it another."""
    return Comparison(
        _compared(official.kpis, new.kpis, _kpi_key, lambda each: (each.state, each.value)),
        _compared(official.scores, new.scores, _score_key, lambda each: (each.state, each.score)),
        _compared(official.lines, new.lines, _line_key, lambda each: each.amount),
        _compared(official.rules, new.rules, _rule_key, lambda each: each.digest),
    )


def comparison_page(report: ComparisonReport, language: Language = Language.ENGLISH) -> str:
    """The page: how much differs, money by department, then every figure that does, with both values."""
    page = _page(report, Formats(language))
    return render("comparison.html.j2", language, report=report, page=page, book_label=report.book_label)


def _kpi_key(each: KpiResult) -> tuple[str, ...]:
    return each.kpi, each.grain, each.entity, each.currency


def _score_key(each: Score) -> tuple[str, ...]:
    return each.scorecard, each.grain, each.entity


def _line_key(each: PayoutLine) -> tuple[str, ...]:
    return each.scope, each.payee, each.component, each.origin_period, each.currency


def _rule_key(each: RuleVersion) -> tuple[str, ...]:
    return each.kind, each.id, each.valid_from.isoformat()


def _compared(
    old: Iterable[Record],
    new: Iterable[Record],
    key: Callable[[Record], tuple[str, ...]],
    content: Callable[[Record], object],
) -> Compared[Record]:
    before, after = {key(each): each for each in old}, {key(each): each for each in new}
    keys = sorted(before.keys() | after.keys())
    pairs = [Pair(before.get(each), after.get(each)) for each in keys]
    differing = tuple(pair for pair in pairs if not _is_equal(pair, content))
    return Compared(len(pairs) - len(differing), differing)


def _is_equal(pair: Pair[Record], content: Callable[[Record], object]) -> bool:
    return pair.old is not None and pair.new is not None and content(pair.old) == content(pair.new)


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    mark: Mark
    headline: str
    counts: tuple[tuple[str, int, int], ...]
    money: tuple[_Money, ...]
    lines: tuple[_Difference, ...]
    scores: tuple[_Difference, ...]
    kpis: tuple[tuple[str, tuple[_Difference, ...]], ...]
    rules: tuple[_Difference, ...]


@dataclass(frozen=True, slots=True)
class _Money:
    scope: str
    currency: str
    old: Decimal
    new: Decimal


@dataclass(frozen=True, slots=True)
class _Difference:
    """A figure as it is read: `what` names it, in columns; the difference is empty where one run has no figure."""

    what: tuple[str, ...]
    old: str
    new: str
    difference: str


def _page(report: ComparisonReport, formats: Formats) -> _Page:
    found, words = compare(report.official, report.new), words_of(formats.language)
    differing = len(found.kpis.differing) + len(found.scores.differing) + len(found.lines.differing)
    headline = words.ngettext("%(num)s figure differs", "%(num)s figures differ", differing) % {"num": differing}
    title = words.gettext("What-if for %(day)s") if report.is_what_if else words.gettext("Rerun of %(day)s")
    return _Page(
        title % {"day": formats.day(report.business_date)},
        Mark("=", "", "good") if found.is_equal else Mark("≠", "", "warn"),
        words.gettext("Every figure is equal") if found.is_equal else headline,
        tuple(_counts(found, formats)),
        tuple(_money(report)),
        tuple(_line(pair, formats) for pair in found.lines.differing),
        tuple(_score(pair, formats) for pair in found.scores.differing),
        tuple(_kpis(found.kpis.differing, report.labels, formats)),
        tuple(_rule(pair, formats) for pair in found.rules.differing),
    )


def _counts(found: Comparison, formats: Formats) -> Iterator[tuple[str, int, int]]:
    gettext = words_of(formats.language).gettext
    yield gettext("KPIs"), found.kpis.equal, len(found.kpis.differing)
    yield gettext("Scores"), found.scores.equal, len(found.scores.differing)
    yield gettext("Payout lines"), found.lines.equal, len(found.lines.differing)
    yield gettext("Rules"), found.rules.equal, len(found.rules.differing)


def _money(report: ComparisonReport) -> Iterator[_Money]:
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for place, figures in enumerate((report.official, report.new)):
        for line in figures.lines:
            sums[line.scope, line.currency][place] += line.amount
    for scope, currency in sorted(sums):
        yield _Money(scope, currency, *sums[scope, currency])


def _line(pair: Pair[PayoutLine], formats: Formats) -> _Difference:
    line = pair.one
    old, new = (_side(each, each.amount if each else None, formats) for each in (pair.old, pair.new))
    what = (line.scope, line.payee, line.component, line.origin_period, line.currency)
    return _difference(what, old, new, lambda number: formats.amount(number, line.currency), formats)


def _score(pair: Pair[Score], formats: Formats) -> _Difference:
    old, new = (_side(each, each.score if each else None, formats) for each in (pair.old, pair.new))
    return _difference((pair.one.scorecard, pair.one.entity), old, new, formats.short, formats)


def _kpis(
    pairs: Iterable[Pair[KpiResult]], labels: Mapping[str, KpiLabel], formats: Formats
) -> Iterator[tuple[str, tuple[_Difference, ...]]]:
    by_kpi: dict[str, list[_Difference]] = defaultdict(list)
    for pair in pairs:
        by_kpi[pair.one.kpi].append(_kpi(pair, labels.get(pair.one.kpi), formats))
    for kpi, differences in by_kpi.items():
        yield labels[kpi].title if kpi in labels else kpi, tuple(differences)


def _kpi(pair: Pair[KpiResult], label: KpiLabel | None, formats: Formats) -> _Difference:
    gettext = words_of(formats.language).gettext
    one, is_share = pair.one, label is not None and label.is_share
    old, new = (_side(each, each.value if each else None, formats) for each in (pair.old, pair.new))
    what = (gettext(GRAINS[one.grain]), one.entity, one.currency)
    difference = _difference(what, old, new, lambda number: _figure(number, one, formats, is_share=is_share), formats)
    points = gettext("pp")  # a difference of two percentages is in percentage points
    return replace(difference, difference=difference.difference.replace("%", f" {points}"))


def _figure(number: Decimal, like: KpiResult, formats: Formats, *, is_share: bool) -> str:
    return formats.value(replace(like, value=number), is_share=is_share)


def _rule(pair: Pair[RuleVersion], formats: Formats) -> _Difference:
    absent = words_of(formats.language).gettext("not used")
    old, new = (each.digest[:12] if each is not None else absent for each in (pair.old, pair.new))
    return _Difference((pair.one.kind.value, pair.one.id, pair.one.valid_from.isoformat()), old, new, "")


@dataclass(frozen=True, slots=True)
class _Side:
    """A figure of one run, or the words that say why there is none."""

    number: Decimal | None
    absent: str


def _side(record: KpiResult | Score | PayoutLine | None, number: Decimal | None, formats: Formats) -> _Side:
    gettext = words_of(formats.language).gettext
    if record is None or isinstance(record, PayoutLine):
        return _Side(number, gettext("not in this run"))
    return _Side(number, gettext(NO_VALUE.get(record.state, "no value")))


def _difference(
    what: tuple[str, ...], old: _Side, new: _Side, show: Callable[[Decimal], str], formats: Formats
) -> _Difference:
    """Nothing is subtracted from what is missing. Figures that read alike when shortened are shown to every digit."""
    if old.number is None or new.number is None:
        shown = [show(side.number) if side.number is not None else side.absent for side in (old, new)]
        return _Difference(what, shown[0], shown[1], "")
    if show(old.number) == show(new.number):
        show = formats.count
    change = show(new.number - old.number)
    return _Difference(what, show(old.number), show(new.number), f"+{change}" if new.number > old.number else change)
