"""What was predicted beside what came, as a report: terminal, page and JSON show the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from allocation.calibration import Calibration, Compared, Verdict
from domain.ids import RunId
from domain.money import MINOR_DIGITS, Rounding, round_to
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.plots import Dot, Dots
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape

MOST_DOTS = 60


@dataclass(frozen=True, slots=True)
class CalibrationOfMonth:
    """`night` predicted, by `run`; what came from `first` to `last` is as `realised_by` knows it.

    Amounts are estimates, reckoned in `currency` as the strategy weighs currencies.
    """

    month: str
    night: date
    run: RunId
    first: date
    last: date
    realised_by: RunId
    currency: str
    found: Calibration
    book_label: str = ""


def calibration_report(month: CalibrationOfMonth, language: Language = Language.ENGLISH) -> Report:
    view = _View(month, language)
    gettext = view.gettext
    return Report(
        name="calibration",
        title=gettext("Expected recovery: predicted beside realised"),
        business_date=month.last,
        scope="",
        owner=gettext("whoever answers for the strategy"),
        audience=gettext("heads of collections, analysts and auditors"),
        runs=(month.run, month.realised_by),
        cards=tuple(view.cards()),
        sections=tuple(view.sections()),
        warnings=tuple(view.warnings()),
        book_label=month.book_label,
        facts=(
            (gettext("Predicted by the night of"), view.formats.day(month.night)),
            (gettext("Realised"), f"{view.formats.day(month.first)} – {view.formats.day(month.last)}"),
        ),
    )


@dataclass(frozen=True, slots=True)
class _View:
    month: CalibrationOfMonth
    language: Language

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    def cards(self) -> Iterator[Card]:
        gettext, whole = self.gettext, self.month.found.whole
        yield Card(gettext("Predicted (estimate)"), self._money(whole.predicted))
        yield Card(gettext("Realised"), self._money(whole.realised))
        yield Card(gettext("Realised ÷ predicted"), _ratio(whole.ratio), self._interval(whole))

    def warnings(self) -> Iterator[str]:
        whole = self.month.found.whole
        if whole.verdict is Verdict.TOO_HIGH:
            yield self.gettext("Less came than was predicted, by more than chance explains: look at the segments below")
        elif whole.verdict is Verdict.TOO_LOW:
            yield self.gettext("More came than was predicted, by more than chance explains: look at the segments below")

    def sections(self) -> Iterator[Section]:
        gettext, found = self.gettext, self.month.found
        rule = gettext(
            "Predicted is what accounts were expected to bring where they were sent; realised is what was booked on "
            "them, without waivers, whoever had them later. The interval is of 95 %, by chance among debtors alone."
        )
        yield self._section("whole", gettext("Whole book"), rule, (found.whole, found.neutral), gettext("Book"))
        if found.scores:
            yield self._scores()
        yield self._section("segments", gettext("By segment"), "", found.segments, gettext("Segment"))
        deciles = gettext("Tenths of the accounts, from the lowest prediction to the highest.")
        yield self._section("deciles", gettext("By decile of prediction"), deciles, found.deciles, gettext("Decile"))
        ends = gettext(
            "As the accounts were sent. Who was sent accounts because much was expected of them there comes short by "
            "chance alone (the optimiser's curse), unless the effects were shrunk enough."
        )
        yield self._section(
            "destinations", gettext("By collector and partner"), ends, found.destinations, gettext("Destination")
        )

    def _scores(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "The accounts that a bank's own score spoke of: what the score predicted, and what our own rates did, "
            "beside the same money that came."
        )
        by_score, by_rates = gettext("%(score)s: by the score"), gettext("%(score)s: the same by our rates")
        rows = [
            replace(each, name=text % {"score": each.name})
            for pair in self.month.found.scores
            for text, each in zip((by_score, by_rates), pair, strict=True)
        ]
        return self._section("scores", gettext("Scores beside our rates"), rule, rows, gettext("Score"))

    def _section(self, name: str, title: str, rule: str, rows: Sequence[Compared], first: str) -> Section:
        gettext = self.gettext
        numbers = (
            gettext("Accounts"), gettext("Debtors who paid"), gettext("Predicted (estimate)"), gettext("Realised"),
            gettext("Realised ÷ predicted"),
        )  # fmt: skip
        return Section(
            name,
            title,
            rule,
            (
                Heading(first, is_number=False),
                *(Heading(each) for each in numbers),
                Heading(gettext("Interval"), is_number=False),
                Heading(gettext("Verdict"), is_number=False),
            ),
            tuple(self._row(each) for each in rows),
            gettext("Nothing was expected of any."),
            tuple(self._plots(title, rows)) if name != "whole" else (),
        )

    def _row(self, each: Compared) -> Row:
        return Row(
            (
                self._name(each),
                Number(each.accounts),
                Number(each.payers),
                self._money(each.predicted),
                self._money(each.realised),
                _ratio(each.ratio),
                self._interval(each),
                self._verdict(each.verdict),
            )
        )

    def _name(self, each: Compared) -> str:
        titles = {
            self.month.found.whole.name: self.gettext("all accounts"),
            self.month.found.neutral.name: self.gettext("all accounts, whoever works them"),
        }
        return titles.get(each.name, each.name)

    def _verdict(self, verdict: Verdict) -> str:
        return {
            Verdict.AS_PREDICTED: self.gettext("as predicted"),
            Verdict.TOO_HIGH: self.gettext("predicted too high"),
            Verdict.TOO_LOW: self.gettext("predicted too low"),
            Verdict.TOO_FEW: self.gettext("too few payers to tell"),
        }[verdict]

    def _interval(self, each: Compared) -> str:
        if each.low is None or each.high is None:
            return "–"
        return f"{self.formats.short(each.low)} – {self.formats.short(each.high)}"

    def _plots(self, title: str, rows: Sequence[Compared]) -> Iterator[Dots]:
        known = [each for each in rows if each.ratio is not None]
        if 1 < len(known) <= MOST_DOTS:
            yield Dots(
                f"{title}: {self.gettext('realised ÷ predicted, with intervals')}",
                self.gettext(
                    "For each a dot at realised ÷ predicted and a line over its interval; a dot is empty where too few "
                    "paid. Left of the line in the middle too much was predicted, right of it too little."
                ),
                tuple(
                    Dot(
                        each.name,
                        _ratio(each.ratio),
                        low=each.low,
                        high=each.high,
                        is_faint=each.verdict is Verdict.TOO_FEW,
                    )
                    for each in known
                ),
                line=Decimal(1),
                line_title=self.gettext("as predicted"),
                most=Decimal(2),
            )

    def _money(self, amount: Decimal) -> Number:
        digits = MINOR_DIGITS.get(self.month.currency, 2)
        return Number(round_to(amount, digits, Rounding.HALF_EVEN), Shape.MONEY, self.month.currency)


def _ratio(ratio: Decimal | None) -> Number:
    return Number(ratio, Shape.NUMBER)
