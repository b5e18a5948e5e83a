"""Integrity signals of a month as a report: base rates, cases beside their peers, and every row of evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from domain.intervals import wilson
from domain.periods import Period
from domain.records import Grain
from domain.signals import BaseRate, CaseState, SignalCase
from reports.languages import Language, message, words_of
from reports.scopes import Scope
from reports.sections import Card, Day, Heading, Name, Number, Report, Row, Section, Shape, percent_of

MOST_ROWS_SHOWN = 60

_STATES = {
    CaseState.OPEN: message("open"),
    CaseState.CONFIRMED: message("confirmed"),
    CaseState.EXPLAINED: message("explained"),
}


@dataclass(frozen=True, slots=True)
class SignalsOfMonth:
    """What the newest run of the month found; `cases` and `rates` are of the whole book, `titles` those of signals in
    the language of the report; without them stored titles stand."""

    period: Period
    as_of: date
    run: str
    rates: tuple[BaseRate, ...]
    cases: tuple[SignalCase, ...]
    left_out: tuple[str, ...] = ()
    book_label: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)


def signals_report(month: SignalsOfMonth, scope: Scope, language: Language = Language.ENGLISH) -> Report:
    """Cut to the scope: a team or department has its own people's cases, and the rates among its department's peers."""
    view = _View(month, scope, language)
    gettext = view.gettext
    return Report(
        name="signals",
        title=gettext("Integrity signals"),
        business_date=month.as_of,
        scope=scope.name,
        owner=gettext("internal audit"),
        audience=gettext("internal audit, and who answers for the people named"),
        runs=(month.run,),
        cards=tuple(view.cards()),
        sections=(view.rates(), view.cases(), view.evidence()),
        warnings=tuple(view.warnings()),
        book_label=month.book_label,
    )


def seen_by(scope: Scope, case: SignalCase) -> bool:
    """Whether whoever may see a team or department may see the case: the whole book shows all, a team its own people.

    Partners are in no team, and neither are cases about who leads it: these are on no page that they read themselves.
    """
    match scope.grain:
        case Grain.TEAM:
            return bool(case.team) and case.team == scope.name
        case Grain.DEPARTMENT:
            return bool(case.department) and case.department == scope.name
    return True


@dataclass(frozen=True, slots=True)
class _View:
    month: SignalsOfMonth
    scope: Scope
    language: Language

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def found(self) -> Sequence[SignalCase]:
        return [case for case in self.month.cases if seen_by(self.scope, case)]

    def cards(self) -> Iterator[Card]:
        for state in CaseState:
            count = sum(case.state is state for case in self.found)
            yield Card(self.gettext(_STATES[state]), Number(count))

    def warnings(self) -> Iterator[str]:
        yield self.gettext("A case is a question, and no verdict: only what people have confirmed is found")
        yield from self.month.left_out

    def rates(self) -> Section:
        gettext = self.gettext
        return Section(
            "rates",
            gettext("How often signals fire"),
            gettext(
                "Rows are payments, visits, calls, promises, claims or handovers; a signal fires at some of them, also "
                "at honest ones. The interval is of 95 %."
            ),
            (
                Heading(gettext("Signal"), is_number=False),
                Heading(gettext("Of whom"), is_number=False),
                Heading(gettext("Looked at")),
                Heading(gettext("Rows")),
                Heading(gettext("Fired")),
                Heading(gettext("Base rate")),
                Heading(gettext("From")),
                Heading(gettext("To")),
                Heading(gettext("Cases")),
            ),
            tuple(self._rate(rate) for rate in self.month.rates if rate.peers == self._peers),
            gettext("No signal has rows of these people"),
        )

    @property
    def _peers(self) -> str:
        """A team is compared with its department; which one, its cases say."""
        if self.scope.grain is Grain.DEPARTMENT:
            return self.scope.name
        return next((case.department for case in self.found), "") if self.scope.grain is Grain.TEAM else ""

    def _rate(self, rate: BaseRate) -> Row:
        low, high = wilson(rate.hits, rate.rows) if rate.rows else (None, None)
        return Row(
            (
                Name(self.month.titles.get(rate.signal, rate.title), rate.signal),
                self.gettext("employees") if rate.subject_kind == "employee" else self.gettext("partners"),
                Number(rate.subjects),
                Number(rate.rows),
                Number(rate.hits),
                percent_of(rate.hits, rate.rows),
                _share(low),
                _share(high),
                Number(rate.cases),
            )
        )

    def cases(self) -> Section:
        gettext = self.gettext
        return Section(
            "cases",
            gettext("Cases"),
            gettext(
                "Fired, of how many rows, beside the share up to which it counts as usual: the upper end of what peers "
                "do, as far as the rule tolerates it."
            ),
            (
                Heading(gettext("Case"), is_number=False),
                Heading(gettext("About"), is_number=False),
                Heading(gettext("Fired")),
                Heading(gettext("Rows")),
                Heading(gettext("Share")),
                Heading(gettext("Usual up to")),
                Heading(gettext("Deadline"), is_number=False),
                Heading(gettext("State"), is_number=False),
            ),
            tuple(self._case(case) for case in self.found),
            gettext("No case"),
        )

    def _case(self, case: SignalCase) -> Row:
        figures = case.figures
        state = self.gettext(_STATES[case.state])
        return Row(
            (
                Name(self.month.titles.get(case.signal, case.title), case.case_id),
                case.subject_id,
                Number(figures.hits),
                Number(figures.rows),
                percent_of(figures.hits, figures.rows),
                _share(figures.expected_rate),
                Day(case.deadline),
                state if case.is_open else f"{state}: {case.reason}",
            )
        )

    def evidence(self) -> Section:
        gettext = self.gettext
        return Section(
            "evidence",
            gettext("Rows behind the cases"),
            gettext("Ids of the source rows, what each is held against, and what was measured in the signal's unit."),
            (
                Heading(gettext("Case"), is_number=False),
                Heading(gettext("Day"), is_number=False),
                Heading(gettext("Table"), is_number=False),
                Heading(gettext("Row"), is_number=False),
                Heading(gettext("Account"), is_number=False),
                Heading(gettext("Held against"), is_number=False),
                Heading(gettext("Figure")),
            ),
            tuple(
                Row(
                    (
                        case.case_id,
                        Day(row.day),
                        row.table,
                        row.row_id,
                        row.account_id,
                        row.other_id,
                        Number(row.figure, Shape.NUMBER),
                    )
                )
                for case in self.found
                for row in case.evidence
            ),
            gettext("No case"),
            shown=MOST_ROWS_SHOWN,
        )


def _share(value: Decimal | None) -> Number:
    return Number(value, Shape.SHARE)
