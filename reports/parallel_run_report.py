"""The comparison with the old spreadsheet as a report: page, workbook and terminal show the same sections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.periods import Period
from incentives.parallel_run import Cause, Difference
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.parallel_run import ParallelRun
from reports.plots import BarRow, Bars, Series, Tone
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape, TieOut

MOST_ROWS = 300  # of payees on a page; the workbook has all of them
ZERO = Decimal(0)

_CAUSES: Mapping[Cause, str] = {
    Cause.NOT_IN_OLD: message("not in the old result"),
    Cause.NOT_IN_OURS: message("not in ours"),
    Cause.HELD: message("held by us, not paid now"),
    Cause.AFTER_CUT_OFF: message("after the cut-off"),
    Cause.FIGURE: message("another value of a KPI"),
    Cause.TARGET: message("another target"),
    Cause.ATTAINMENT: message("another attainment"),
    Cause.SCORE: message("another score"),
    Cause.RATE: message("another value of a step"),
    Cause.PRORATION: message("days that count"),
    Cause.CARRIED: message("carried over from earlier months"),
    Cause.STEP: message("a step of the policy"),
    Cause.ROUNDING: message("rounding"),
}


def parallel_run_report(found: ParallelRun, language: Language = Language.ENGLISH, most: int | None = None) -> Report:
    """The report in the language; `most` cuts the list of payees, and says so."""
    view = _View(found, language, most)
    gettext = view.gettext
    cut_off = view.formats.day(found.cut_off) if found.cut_off else gettext("not stated")
    return Report(
        name="parallel-run",
        title=gettext("The month beside the old result"),
        business_date=found.night,
        scope="",
        owner=gettext("HR"),
        audience=gettext("HR and finance"),
        runs=(found.run,),
        cards=tuple(view.cards()),
        sections=(view.causes(), view.payees(), view.details(), view.notes()),
        tie_outs=tuple(view.tie_outs()),
        warnings=tuple(view.warnings()),
        book_label=found.book_label,
        facts=(
            (gettext("Month"), view.formats.period(Period.parse(found.period))),
            (gettext("Old result"), found.old_file),
            (gettext("Cut-off of the old result"), cut_off),
        ),
    )


@dataclass(frozen=True, slots=True)
class _View:
    found: ParallelRun
    language: Language
    most: int | None

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    def cards(self) -> Iterator[Card]:
        for currency in self.found.currencies:
            mine = self.found.in_currency(currency)
            whole = sum((each.difference for each in mine), ZERO)
            title = self.gettext("Ours less old, %(currency)s") % {"currency": currency}
            yield Card(title, _money(whole, currency, is_signed=True))
            rest = sum((each.unexplained for each in mine), ZERO)
            title = self.gettext("Unexplained, %(currency)s") % {"currency": currency}
            yield Card(title, _money(rest, currency, is_signed=True))
        alike = sum(not each.difference for each in self.found.differences)
        note = self.gettext("of %(all)s") % {"all": self.formats.count(len(self.found.differences))}
        yield Card(self.gettext("Without a difference"), Number(alike), note)
        explained = sum(bool(each.difference) and not each.unexplained for each in self.found.differences)
        yield Card(self.gettext("Explained to the last unit"), Number(explained))

    def warnings(self) -> Iterator[str]:
        night, period = self.found.night, Period.parse(self.found.period)
        if night != period.last_day:
            text = self.gettext("Ours is of the night of %(night)s, before the month ended")
            yield text % {"night": self.formats.day(night)}
        rest = sum(1 for each in self.found.differences if each.unexplained)
        if rest:
            yield self.gettext("Differences that are not explained in full: %(number)s") % {"number": rest}

    def causes(self) -> Section:
        gettext = self.gettext
        rows: list[Row] = []
        for currency in self.found.currencies:
            rows += self._causes_of(currency)
        headings = (
            Heading(gettext("Cause"), is_number=False),
            Heading(gettext("Currency"), is_number=False),
            Heading(gettext("Payees")),
            Heading(gettext("Amount")),
        )
        rule = gettext(
            "Old, and what each cause adds, come to ours. A figure explains what the policy pays less or more with the "
            "old value put in; a step of the policy is named only where leaving it out gives the old amount. Nothing "
            "here says which side is right."
        )
        empty = gettext("Neither side pays anybody.")
        return Section("causes", gettext("By cause"), rule, headings, tuple(rows), empty, plots=tuple(self._plots()))

    def _causes_of(self, currency: str) -> Iterator[Row]:
        gettext, mine = self.gettext, self.found.in_currency(currency)
        old = sum((each.old or ZERO for each in mine), ZERO)
        ours = sum((each.ours or ZERO for each in mine), ZERO)
        in_old = len({each.payee for each in mine if each.old is not None})
        in_ours = len({each.payee for each in mine if each.ours is not None})
        yield Row((gettext("Old"), currency, Number(in_old), _money(old, currency)), "total")
        for cause, (payees, amount) in self.found.by_cause(currency).items():
            signed = _money(amount, currency, is_signed=True)
            yield Row((gettext(_CAUSES[cause]), currency, Number(payees), signed))
        rest = [each for each in mine if each.unexplained]
        whole = _money(sum((each.unexplained for each in rest), ZERO), currency, is_signed=True)
        yield Row((gettext("unexplained"), currency, Number(len(rest)), whole))
        yield Row((gettext("Ours"), currency, Number(in_ours), _money(ours, currency)), "total")

    def _plots(self) -> Iterator[Bars]:
        """How much each cause moves: bars begin at nothing, so what is less with us has a tone of its own."""
        gettext = self.gettext
        for currency in self.found.currencies:
            causes = {gettext(_CAUSES[cause]): amount for cause, (_, amount) in self.found.by_cause(currency).items()}
            causes[gettext("unexplained")] = sum((e.unexplained for e in self.found.in_currency(currency)), ZERO)
            rows = tuple(self._bar(name, amount, currency) for name, amount in causes.items())
            if len(rows) > 1 and any(causes.values()):
                title = gettext("What the difference is made of, %(currency)s") % {"currency": currency}
                about = f"{title}. " + "; ".join(f"{row.label}: {row.text}" for row in rows)
                series = (Series(gettext("More with us"), Tone.MAIN), Series(gettext("Less with us"), Tone.LIGHT))
                yield Bars(title, about, series, rows, is_stacked=True)

    def _bar(self, name: str, amount: Decimal, currency: str) -> BarRow:
        more, less = _money(max(amount, ZERO), currency), _money(max(-amount, ZERO), currency)
        return BarRow(name, (more, less), _money(amount, currency, is_signed=True).text(self.formats))

    def payees(self) -> Section:
        gettext = self.gettext
        ordered = sorted(self.found.differences, key=lambda each: (-abs(each.unexplained), -abs(each.difference)))
        shown = ordered[: self.most]
        headings = (
            *(Heading(gettext(title), is_number=False) for title in (message("Payee"), message("Component"),
              message("Department"), message("Currency"))),
            *(Heading(gettext(title)) for title in (message("Old"), message("Ours"), message("Difference"),
              message("Explained"), message("Unexplained"))),
            Heading(gettext("Causes"), is_number=False),
        )  # fmt: skip
        cut = gettext("The first %(shown)s of %(all)s; the workbook has all of them.")
        notes = () if len(shown) == len(ordered) else (cut % {"shown": len(shown), "all": len(ordered)},)
        return Section(
            "payees",
            gettext("Payee by payee"),
            gettext("What is least explained stands first. – is a side that has no such line."),
            headings,
            tuple(self._payee(each) for each in shown),
            gettext("Neither side pays anybody."),
            notes=notes,
        )

    def _payee(self, each: Difference) -> Row:
        tone = "bad" if each.unexplained else ""
        causes = dict.fromkeys(self.gettext(_CAUSES[one.cause]) for one in each.explained)
        return Row(
            (
                each.payee,
                each.component or self.gettext("all"),
                ", ".join(each.departments),
                each.currency,
                _money(each.old, each.currency),
                _money(each.ours, each.currency),
                _money(each.difference, each.currency, is_signed=True),
                _money(each.difference - each.unexplained, each.currency, is_signed=True),
                Number(each.unexplained, Shape.MONEY, each.currency, tone=tone, is_signed=True),
                "; ".join(causes),
            )
        )

    def details(self) -> Section:
        gettext = self.gettext
        headings = (
            *(Heading(gettext(title), is_number=False) for title in (message("Payee"), message("Component"),
              message("Cause"), message("Name"))),
            Heading(gettext("Amount")),
            Heading(gettext("What differs"), is_number=False),
        )  # fmt: skip
        rows = [
            Row(
                (
                    each.payee,
                    each.component or gettext("all"),
                    gettext(_CAUSES[one.cause]),
                    one.name,
                    _money(one.amount, each.currency, is_signed=True),
                    one.text,
                )
            )
            for each in self.found.differences
            for one in each.explained
        ]
        cut = gettext("The first %(shown)s of %(all)s; the workbook has all of them.")
        shown = rows[: self.most]
        notes = () if len(shown) == len(rows) else (cut % {"shown": len(shown), "all": len(rows)},)
        rule = gettext("Each cause with its share of the difference, in the order in which they are put in.")
        empty = gettext("Nothing differs that could be explained.")
        return Section("details", gettext("Causes, one by one"), rule, headings, tuple(shown), empty, notes=notes)

    def notes(self) -> Section:
        gettext = self.gettext
        headings = (Heading(gettext("Payee"), is_number=False), Heading(gettext("Note"), is_number=False))
        rows = [Row((each.payee, note)) for each in self.found.differences for note in each.notes]
        rows += [Row((gettext("the file"), note)) for note in self.found.notes]
        rule = gettext(
            "What differs without changing the amount, rows that were read as totals, and what may be looked at where "
            "something is unexplained."
        )
        return Section("notes", gettext("Notes"), rule, headings, tuple(rows[: self.most]), gettext("None."))

    def tie_outs(self) -> Iterator[TieOut]:
        """Both totals as they were read and paid, against the sum over payees; and old, causes and the rest."""
        gettext = self.gettext
        for currency in self.found.currencies:
            mine = self.found.in_currency(currency)
            old = sum((each.old or ZERO for each in mine), ZERO)
            ours = sum((each.ours or ZERO for each in mine), ZERO)
            causes = sum((amount for _, amount in self.found.by_cause(currency).values()), ZERO)
            rest = sum((each.unexplained for each in mine), ZERO)
            for title, here, there in (
                (gettext("Old, and the rows of the file"), old, self.found.old_total.get(currency, ZERO)),
                (gettext("Ours, and what the policies pay"), ours, self.found.our_total.get(currency, ZERO)),
                (gettext("Old, causes and unexplained, and ours"), old + causes + rest, ours),
            ):
                yield TieOut(f"{title}: {currency}", _money(here, currency), _money(there, currency))


def _money(amount: Decimal | None, currency: str, *, is_signed: bool = False) -> Number:
    return Number(amount, Shape.MONEY, currency, is_signed=is_signed)
