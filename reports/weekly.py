"""The weekly report: teams side by side, segments that moved, where the month may end, and who falls behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.periods import Period
from domain.records import Grain, KpiResult
from reports.languages import Language, message
from reports.plots import Band, Line, Lines, Tone
from reports.scopes import Results, Scope
from reports.sections import Card, Day, Heading, Name, Number, Report, Row, Section, Shape
from reports.views import About, View
from reports.weekly_overdue import Overdue, Pace, overdue_sections, overdue_ties, pace_section

PAID = message("Paid in the week, of those overdue at opening")
ABOUT = message("below %(limit)s of the targets due for %(weeks)s weeks, since %(day)s")
HALTED = message("The gate has halted %(tables)s: figures that read them are missing.")


@dataclass(frozen=True, slots=True)
class ReviewedCard:
    """The scorecard of a department: its KPIs in order."""

    department: str
    kpis: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A segment's share of accounts before and now, and by how many standard errors it moved."""

    segment: str
    title: str
    before: Decimal
    now: Decimal
    accounts: int
    errors: Decimal
    higher_is_better: bool


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """What a department, or the whole book, has recovered, and the estimates of what it may be at the month's end.

    `course` is what had been recovered by the end of each day of the month so far; empty where that is not known.
    """

    department: str
    currency: str
    so_far: Decimal
    by_days: Decimal | None
    by_shape: Decimal | None
    low: Decimal | None
    high: Decimal | None
    months: int
    course: tuple[tuple[int, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Behind:
    """Weeks in a row below the share of the targets due; `action` is the id of the coaching action, "" if none."""

    grain: Grain
    entity: str
    department: str
    team: str
    first: date
    weeks: int
    reached: Decimal
    action: str


@dataclass(frozen=True, slots=True)
class WeeklyFacts:
    """`this_week` and `last_week` are KPIs measured for the days of the week alone; None: no night measured it."""

    about: About
    first_day: date
    this_week: tuple[KpiResult, ...]
    last_week: tuple[KpiResult, ...] | None
    cards: tuple[ReviewedCard, ...]
    findings: tuple[Finding, ...]
    comparisons: int
    bar: Decimal
    month_ends: tuple[MonthEnd, ...]
    behind: tuple[Behind, ...]
    weeks_known: int
    behind_share: Decimal
    behind_weeks: int
    warnings: tuple[str, ...] = ()
    overdue: tuple[Overdue, ...] = ()
    pace: tuple[Pace, ...] = ()
    passed: Decimal | None = None
    counted_overdue: Decimal | None = None


def weekly_report(facts: WeeklyFacts, language: Language, scope: Scope = Scope()) -> Report:  # noqa: B008 - frozen
    """The report in the language, of the whole book or cut to one team or department."""
    now, before = Results.of(facts.this_week), None if facts.last_week is None else Results.of(facts.last_week)
    week = _Week(facts.about, language, scope, facts, now, before)
    gettext, day = week.gettext, week.formats.day
    return week.report(
        "weekly",
        gettext("Weekly report"),
        audience=gettext("heads of departments and of collections"),
        cards=week.cards(),
        sections=(
            week.behind(),
            *week.reviews(),
            *([week.findings()] if week.is_whole else []),
            *(overdue_sections(week, facts.overdue) if week.is_whole else []),
            *([] if scope.grain is Grain.TEAM else [pace_section(week, week.paces(), facts.passed)]),
            *([week.month_end()] if scope.grain is not Grain.TEAM else []),
        ),
        tie_outs=overdue_ties(week, facts.overdue, facts.counted_overdue) if week.is_whole else (),
        warnings=facts.warnings,
        facts=[(gettext("Week"), f"{day(facts.first_day)} – {day(facts.about.business_date)}")],
    )


@dataclass(frozen=True, slots=True)
class _Week(View):
    facts: WeeklyFacts
    now: Results
    before: Results | None

    def cards(self) -> Iterator[Card]:
        gettext, mine = self.gettext, self._behind()
        teams = sum(each.grain is Grain.TEAM for each in mine)
        note = gettext("%(num)s weeks or more in a row") % {"num": self.facts.behind_weeks}
        yield Card(gettext("People falling behind"), Number(len(mine) - teams), note)
        if self.scope.grain is not Grain.TEAM:
            yield Card(gettext("Teams falling behind"), Number(teams), note)
        if self.is_whole:
            yield Card(gettext("Segments that moved"), Number(len(self.facts.findings)))
        for end in self._month_ends():
            if end.department == self._own_department():
                title = gettext("Recovered by month-end, an estimate")
                shown = end.by_shape if end.by_shape is not None else end.by_days
                yield Card(title, Number(shown, Shape.MONEY, end.currency))

    def paces(self) -> list[Pace]:
        return [each for each in self.facts.pace if self.is_whole or each.department == self.scope.name]

    def reviews(self) -> Iterator[Section]:
        """A table for each department: its teams side by side, and in that of a team the team alone."""
        gettext = self.gettext
        rule = gettext(
            "Each KPI measured for the days of the week alone, by the rules of the night; below it the change from "
            "the week before, of shares in percentage points."
        )
        if self.before is None:
            rule = gettext(
                "Each KPI measured for the days of the week alone, by the rules of the night. No night of the week "
                "before has measured, so no change is shown."
            )
        for card in self.facts.cards:
            teams = self._teams(card.department)
            if not teams:
                continue
            columns = self._columns(card, teams)
            yield Section(
                f"review-{card.department}",
                gettext("Teams of %(department)s") % {"department": self.department(card.department).text},
                rule,
                (Heading(gettext("Team"), is_number=False), *(self._heading(*column) for column in columns)),
                tuple(Row((team, *(self._cell(team, *column) for column in columns))) for team in teams),
            )

    def _teams(self, department: str) -> list[str]:
        mine = (each for each in self.about.postings if each.department == department)
        return sorted({each.team for each in mine if self.holds(each.department, each.team)})

    def _columns(self, card: ReviewedCard, teams: list[str]) -> list[tuple[str, str]]:
        """KPIs with the currencies in which one of the teams has a value."""
        found = {
            (kpi, currency)
            for (kpi, grain, entity, currency), result in self.now.found.items()
            if grain is Grain.TEAM and entity in teams and kpi in card.kpis and result.value is not None
        }
        return sorted(found, key=lambda each: (card.kpis.index(each[0]), each[1]))

    def _heading(self, kpi: str, currency: str) -> Heading:
        better = "" if self.label(kpi).higher_is_better else self.gettext("lower is better")
        return Heading(self.title(kpi, currency), note=better)

    def _cell(self, team: str, kpi: str, currency: str) -> Number:
        key = (kpi, Grain.TEAM, team, currency)
        now, before = self.now.found.get(key), self.before.found.get(key) if self.before else None
        if now is None or now.value is None:
            return Number(None)
        if before is None or before.value is None:
            return self.like(now, now.value)
        change = now.value - before.value
        tone = "" if not change else "good" if (change > 0) is self.label(kpi).higher_is_better else "bad"
        shown = self.like(now, change, is_signed=True)
        return self.like(now, now.value, note=shown.text(self.formats), tone=tone)

    def behind(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Below %(share)s of the targets due, for %(weeks)s weekly nights in a row or more. What was reached is "
            "weighed as the scorecard weighs it, each KPI up to its target and no further; a week without a value "
            "neither counts nor ends the row. For each a coaching action is in the register; recoup actions lists them."
        ) % {"share": self.formats.share(self.facts.behind_share), "weeks": self.facts.behind_weeks}
        headings = (
            Heading(gettext("Who"), is_number=False),
            Heading(gettext("Team"), is_number=False),
            Heading(gettext("Behind since"), is_number=False),
            Heading(gettext("Weeks")),
            Heading(gettext("Reached of what is due")),
            Heading(gettext("Action"), is_number=False),
        )
        empty = gettext("Nobody. %(weeks)s weekly nights were looked at.") % {"weeks": self.facts.weeks_known}
        if self.facts.weeks_known < self.facts.behind_weeks:
            empty = gettext("Not yet known: %(known)s of the %(weeks)s weekly nights that it takes have measured.") % {
                "known": self.facts.weeks_known,
                "weeks": self.facts.behind_weeks,
            }
        rows = tuple(self._behind_row(each) for each in self._behind())
        return Section("behind", gettext("Who falls behind, and since when"), rule, headings, rows, empty)

    def _behind_row(self, each: Behind) -> Row:
        kind = self.gettext("the team as a whole") if each.grain is Grain.TEAM else ""
        return Row(
            (
                Name(each.entity, kind) if kind else each.entity,
                each.team,
                Day(each.first),
                Number(each.weeks),
                Number(each.reached, Shape.SHARE, bar=each.reached),
                each.action,
            )
        )

    def _behind(self) -> list[Behind]:
        return [each for each in self.facts.behind if self.holds(each.department, each.team)]

    def findings(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Shares of accounts by segment beside those of the week before; what rolls is held against the night of "
            "last month that was as far into the month. A segment is listed if its share moved by more than %(bar)s "
            "standard errors: so many comparisons (%(num)s) without any real change give one such finding in twenty "
            "weeks. A test of two shares; it knows nothing of why."
        ) % {"bar": self.formats.short(self.facts.bar), "num": self.formats.count(self.facts.comparisons)}
        headings = (
            Heading(gettext("Segment"), is_number=False),
            Heading(gettext("Share of accounts"), is_number=False),
            Heading(gettext("Before")),
            Heading(gettext("Now")),
            Heading(gettext("Change")),
            Heading(gettext("Accounts now")),
            Heading(gettext("Standard errors"), note=gettext("estimate")),
        )
        rows = tuple(self._finding_row(each) for each in self.facts.findings)
        nothing = gettext("No segment moved by more than chance moves it.")
        if not self.facts.comparisons:
            nothing = gettext("Nothing to compare with: no earlier night has measured.")
        return Section("segments", gettext("Segments that moved"), rule, headings, rows, nothing)

    def _finding_row(self, each: Finding) -> Row:
        change = each.now - each.before
        tone = "good" if (change > 0) is each.higher_is_better else "bad"
        return Row(
            (
                each.segment,
                each.title,
                Number(each.before, Shape.SHARE),
                Number(each.now, Shape.SHARE),
                Number(change, Shape.SHARE, tone=tone, is_signed=True),
                Number(each.accounts),
                Number(each.errors, Shape.NUMBER, is_signed=True),
            )
        )

    def month_end(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "An estimate. By days: what was recovered so far, divided by the share of the month's working days that "
            "have passed. By shape: divided by the share that past months had recovered by the same working day, in "
            "the whole book; lowest and highest are those of the single months."
        )
        headings = (
            Heading(gettext("Department"), is_number=False),
            Heading(gettext("Currency"), is_number=False),
            Heading(gettext("Recovered so far")),
            Heading(gettext("By days"), note=gettext("estimate")),
            Heading(gettext("By shape"), note=gettext("estimate")),
            Heading(gettext("Lowest"), note=gettext("estimate")),
            Heading(gettext("Highest"), note=gettext("estimate")),
            Heading(gettext("Past months")),
        )
        rows = tuple(self._month_end_row(each) for each in self._month_ends())
        nothing = gettext("Nothing recovered so far, or the KPI recovered is not in force.")
        plots = tuple(plot for each in self._month_ends() if each.department == self._own_department()
                      for plot in self._course(each))  # fmt: skip
        return Section("month-end", gettext("Where the month may end"), rule, headings, rows, nothing, plots)

    def _course(self, end: MonthEnd) -> Iterator[Lines]:
        """The month so far day by day, its week set off, and from here the estimates of where it goes."""
        if len(end.course) < 2:
            return
        gettext = self.gettext
        day, monday = self.about.business_date, self.facts.first_day
        first = monday.day if monday.month == day.month else 1
        earlier = [each for each in end.course if each[0] <= first]
        week = [each for each in end.course if each[0] >= first]
        yield Lines(
            gettext("The course of the month, %(currency)s") % {"currency": end.currency},
            gettext(
                "A line of what had been recovered by the end of each day, with marks for the days of this week; from "
                "the last of them broken lines to the estimates by shape and by days, and a band from the lowest to "
                "the highest of past months."
            ),
            gettext("day of the month"),
            tuple(
                line
                for line in (
                    self._amounts(gettext("earlier in the month"), Tone.MIDDLE, earlier, end.currency),
                    self._amounts(gettext("this week"), Tone.MAIN, week, end.currency, has_marks=True),
                    self._ahead(gettext("by shape, estimate"), Tone.MAIN, end, end.by_shape),
                    self._ahead(gettext("by days, estimate"), Tone.MIDDLE, end, end.by_days),
                )
                if len(line.points) > 1
            ),
            self._band(end),
        )

    def _amounts(
        self, title: str, tone: Tone, found: Iterable[tuple[int, Decimal]], currency: str, *,
        is_broken: bool = False, has_marks: bool = False,
    ) -> Line:  # fmt: skip
        points = tuple((day, Number(amount, Shape.MONEY, currency)) for day, amount in found)
        return Line(title, tone, points, is_broken=is_broken, has_marks=has_marks)

    def _ahead(self, title: str, tone: Tone, end: MonthEnd, estimate: Decimal | None) -> Line:
        """From today to the estimate; nothing where there is none, or the month is over."""
        today, last = self._today_and_last()
        known = estimate is not None and today < last
        found = [(today, end.so_far), (last, estimate or Decimal(0))] if known else []
        return self._amounts(title, tone, found, end.currency, is_broken=True)

    def _band(self, end: MonthEnd) -> Band | None:
        today, last = self._today_and_last()
        if end.low is None or end.high is None or today >= last:
            return None
        so_far, low, high = (Number(each, Shape.MONEY, end.currency) for each in (end.so_far, end.low, end.high))
        title = self.gettext("lowest to highest, estimate")
        return Band(title, ((today, so_far, so_far), (last, low, high)))

    def _today_and_last(self) -> tuple[int, int]:
        day = self.about.business_date
        return day.day, Period.of(day).last_day.day

    def _month_end_row(self, each: MonthEnd) -> Row:
        name = self.department(each.department) if each.department else Name(self.gettext("Whole book"))
        amounts = (each.so_far, each.by_days, each.by_shape, each.low, each.high)
        return Row(
            (
                name,
                each.currency,
                *(Number(amount, Shape.MONEY, each.currency) for amount in amounts),
                Number(each.months),
            ),
            "" if each.department else "total",
        )

    def _month_ends(self) -> list[MonthEnd]:
        if self.is_whole:
            return list(self.facts.month_ends)
        return [each for each in self.facts.month_ends if each.department == self._own_department()]

    def _own_department(self) -> str:
        return self.scope.name if self.scope.grain is Grain.DEPARTMENT else "" if not self.scope.name else "-"
