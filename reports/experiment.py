"""The page of an experiment: its arms as they were drawn, with intervals, and how they were dealt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from allocation.experiment_results import ArmResult, ExperimentResults, Verdict
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.plots import Dot, Dots
from reports.report_files import report_page
from reports.sections import Heading, Number, Report, Row, Section, Shape

_MEASURES = {
    "recovered_of_overdue": message("recovered, of what was overdue"),
    "recovered_of_balance": message("recovered, of the balance"),
    "paid": message("debtors who paid"),
}
_VERDICTS = {
    Verdict.BETTER: message("better"),
    Verdict.WORSE: message("worse"),
    Verdict.ALIKE: message("not told apart"),
    Verdict.TOO_FEW: message("too few debtors"),
    Verdict.CHAMPION: message("champion"),
}
_TONES = {Verdict.BETTER: "good", Verdict.WORSE: "bad"}


def experiment_page(
    results: ExperimentResults, run: str, gaps: Sequence[date], language: Language, book_label: str = ""
) -> str:
    """`run` is the night whose lots are compared; `gaps` are dates whose payments were never accepted."""
    return report_page(_Writer(results, run, tuple(gaps), language, book_label).report(), language)


@dataclass(frozen=True, slots=True)
class _Writer:
    results: ExperimentResults
    run: str
    gaps: tuple[date, ...]
    language: Language
    book_label: str

    def say(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    def report(self) -> Report:
        _, found = words_of(self.language).gettext, self.results
        measure = _("%(what)s in %(days)s days") % {"what": self.say(_MEASURES[found.measure]), "days": found.days}
        return Report(
            name="experiment",
            title=found.title,
            business_date=found.as_of,
            scope="",
            owner=found.owner,
            audience=_("whoever decides between the arms"),
            runs=(self.run,),
            sections=(self.arms(), self.strata()),
            warnings=tuple(self.warnings()),
            book_label=self.book_label,
            facts=((_("Compared by"), measure), (_("Experiment"), found.experiment), (_("Night"), self.run)),
        )

    def warnings(self) -> Iterator[str]:
        _, found, formats = words_of(self.language).gettext, self.results, Formats(self.language)
        if not any(arm.accounts for arm in found.arms):
            yield _("Not yet: the first outcomes are known on %(day)s.") % {"day": formats.day(found.first_known)}
        elif found.is_interim:
            told = _("Interim: all outcomes are known on %(day)s. Decide then, not on the first difference that shows.")
            yield told % {"day": formats.day(found.all_known)}
        if self.gaps:
            days = ", ".join(map(formats.day, self.gaps))
            yield _("Payments of %(days)s were never accepted: outcomes are too low.") % {"days": days}

    def arms(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "As assigned: an account counts in the arm that it was drawn into, wherever it went afterwards; crossed "
            "over are those that were not treated as drawn on every day. Only outcomes that are known count. The "
            "difference to the champion has an interval of 95 %, from the scatter between debtors within strata, each "
            "weighing 1 ÷ the probability of its lot; with fewer than 30 debtors in an arm there is no verdict."
        )
        texts, numbers = (_("Arm"), _("Currency")), (
            _("Debtors"), _("Accounts"), _("Balance"), _("Rate"), _("Difference"), _("from"), _("to"), _("Verdict"),
            _("Crossed over"), _("Not yet"),
        )  # fmt: skip
        headings = (*(Heading(text, is_number=False) for text in texts), *(Heading(text) for text in numbers))
        rows = tuple(Row(self.arm_cells(each)) for each in self.results.arms)
        return Section("arms", _("Arms"), rule, headings, rows, plots=tuple(self.plots()))

    def arm_cells(self, each: ArmResult) -> tuple[str | Number, ...]:
        return (
            each.title,
            each.currency,
            Number(each.debtors),
            Number(each.accounts),
            Number(each.balance, Shape.MONEY, each.currency),
            Number(each.rate, Shape.SHARE),
            Number(each.difference, Shape.SHARE, is_signed=True, tone=_TONES.get(each.verdict, "")),
            Number(each.difference_low, Shape.SHARE, is_signed=True),
            Number(each.difference_high, Shape.SHARE, is_signed=True),
            self.say(_VERDICTS[each.verdict]),
            Number(each.crossed_over),
            Number(each.not_yet),
        )

    def plots(self) -> Iterator[Dots]:
        """The rate of each arm with its interval, beside the champion's."""
        _ = words_of(self.language).gettext
        for currency, arms in _by_currency(self.results.arms):
            champion = next((each.rate for each in arms if each.verdict is Verdict.CHAMPION), None)
            if champion is not None:
                about = _("Rates of the arms with their intervals, beside the champion's rate.")
                yield Dots(currency, about, tuple(map(self.dot, arms)), champion, self.say(message("champion")))

    def dot(self, each: ArmResult) -> Dot:
        rate = Number(each.rate, Shape.SHARE)
        low = None if each.low is None else max(each.low, Decimal(0))
        return Dot(each.title, rate, low, each.high, text=rate.text(Formats(self.language)))

    def strata(self) -> Section:
        _ = words_of(self.language).gettext
        headings = (
            Heading(_("Stratum"), is_number=False),
            Heading(_("Arm"), is_number=False),
            Heading(_("Debtors drawn")),
            Heading(_("By the probabilities")),
        )
        rows = tuple(
            Row((each.stratum, each.arm, Number(each.debtors), Number(each.expected, Shape.NUMBER)))
            for each in self.results.strata
        )
        rule = _("How debtors were dealt, whether their outcome is known or not: the arms differ by less than a pack.")
        return Section("strata", _("How they were dealt"), rule, headings, rows)


def _by_currency(arms: Iterable[ArmResult]) -> Iterator[tuple[str, list[ArmResult]]]:
    found: dict[str, list[ArmResult]] = {}
    for each in arms:
        found.setdefault(each.currency, []).append(each)
    yield from found.items()
