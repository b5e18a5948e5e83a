"""What the daily, the weekly and the monthly report have in common: what each knows, how it calls things, its frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ids import RunId
from domain.records import Grain, KpiResult
from reports.formats import Formats
from reports.kpi_tables import KpiLabel
from reports.languages import Language, message, words_of
from reports.scopes import Posting, Scope
from reports.sections import Card, Definition, Name, Number, Report, Section, Shape, TieOut, figure

WHAT_IF = message("What-if: not an official result")
# Who reads a report that is cut to one place.
LEADER, HEAD = message("the leader of the team"), message("the head of the department")


@dataclass(frozen=True, slots=True)
class About:
    """What every report knows of the nights that it was made from, and how things are called in its language.

    `titles` are those of departments, `buckets` the days past due of each bucket of the KPIs, `halted` the tables that
    the gate has stopped.
    """

    business_date: date
    runs: tuple[RunId, ...]
    labels: Mapping[str, KpiLabel]
    titles: Mapping[str, str]
    buckets: tuple[tuple[int, int | None], ...]
    postings: tuple[Posting, ...]
    halted: frozenset[str] = frozenset()
    definitions: tuple[Definition, ...] = ()
    owner: str = ""
    book_label: str = ""
    run_label: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A report as it is read: in one language, by the head of all, of a department, or the leader of a team."""

    about: About
    language: Language
    scope: Scope

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    @property
    def is_whole(self) -> bool:
        return self.scope.grain is Grain.PORTFOLIO

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    def report(
        self,
        name: str,
        title: str,
        *,
        audience: str,
        cards: Iterable[Card],
        sections: Iterable[Section],
        facts: Iterable[tuple[str, str]],
        tie_outs: Iterable[TieOut] = (),
        warnings: Iterable[str] = (),
    ) -> Report:
        """The frame around the sections; `audience` are the readers of the whole book's."""
        of_scope = {Grain.TEAM: LEADER, Grain.DEPARTMENT: HEAD}.get(self.scope.grain)
        return Report(
            name=name,
            title=title,
            business_date=self.about.business_date,
            scope=self.scope.name,
            owner=self.about.owner,
            audience=self.gettext(of_scope) if of_scope else audience,
            runs=self.about.runs,
            cards=tuple(cards),
            sections=tuple(sections),
            definitions=self.about.definitions,
            tie_outs=tuple(tie_outs),
            warnings=tuple(warnings),
            book_label=self.about.book_label,
            run_label=self.about.run_label,
            facts=tuple(facts),
        )

    def label(self, kpi: str) -> KpiLabel:
        """How the KPI is shown; one that the rules no longer have goes by its id."""
        return self.about.labels.get(kpi) or KpiLabel(kpi, higher_is_better=True)

    def title(self, kpi: str, currency: str = "") -> str:
        title = self.label(kpi).title
        return f"{title}, {currency}" if currency else title

    def department(self, name: str) -> Name:
        title = self.about.titles.get(name, name)
        return Name(title, "" if title == name else name)

    @property
    def bucket_numbers(self) -> range:
        return range(len(self.about.buckets))

    def bucket(self, number: int) -> str:
        first, last = self.about.buckets[number]
        if last == 0:
            return self.gettext("current")
        return f"{first}–{last}" if last is not None else f"{first}+"

    def stopped(self, tables: frozenset[str]) -> str:
        """What to say where the gate has stopped one of the tables; "" where it has not."""
        text, found = self.gettext("No figures: the gate has halted %(tables)s."), sorted(self.about.halted & tables)
        return text % {"tables": ", ".join(found)} if found else ""

    def holds(self, department: str, team: str) -> bool:
        """Whether somebody of the department and team is seen by the reader."""
        match self.scope.grain:
            case Grain.TEAM:
                return team == self.scope.name
            case Grain.DEPARTMENT:
                return department == self.scope.name
        return True

    def like(
        self,
        result: KpiResult | None,
        value: Decimal | None,
        *,
        note: str = "",
        tone: str = "",
        is_signed: bool = False,
    ) -> Number:
        """A number in the shape of the KPI's results."""
        if result is None:
            return Number(value, Shape.NUMBER, note=note, tone=tone, is_signed=is_signed)
        is_share, currency = self.label(result.kpi).is_share, result.currency
        return figure(
            value, result.unit, is_share=is_share, currency=currency, note=note, tone=tone, is_signed=is_signed
        )
