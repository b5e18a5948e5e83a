"""The daily report: what is overdue, how far the targets are, and what was left undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from domain.records import Grain, KpiResult
from reports.gaps import Gap, is_worse, share_reached
from reports.languages import Language
from reports.plots import BarRow, Bars, Dot, Dots, Series, Tone
from reports.scopes import Line, Results, Scope, lines_of
from reports.sections import (
    Card,
    Heading,
    Name,
    Number,
    Report,
    Row,
    Section,
    Shape,
    TieOut,
    bar_of,
    percent_of,
)
from reports.views import About, View

BUCKET_ACCOUNTS, BUCKET_BALANCE, OWNED = "overdue_accounts", "overdue_balance", "accounts_owned"
UNTOUCHED, UNTOUCHED_RATE, OVERDUE_UNTOUCHED = "accounts_untouched", "untouched_rate", "overdue_untouched"
KEPT, BROKEN, BROKEN_AMOUNT = "promise_kept", "broken_promises", "broken_promise_amount"
ROLLED, CURED = "roll_rate_by_cohort_accounts", "cure_rate"  # of the accounts in a bucket at the month's opening
VISITS_DUE, ON_TIME, RECORDED = "visits_due", "visits_on_time", "visits_recorded_on_time"

# The KPIs of each section, and the tables without which it has nothing to show.
KPIS = (OWNED, UNTOUCHED, UNTOUCHED_RATE, OVERDUE_UNTOUCHED, KEPT, BROKEN, BROKEN_AMOUNT, VISITS_DUE, ON_TIME, RECORDED)
MOST_BARS = 40  # in a plot; more of them nobody reads
_READS = {
    "overdue": frozenset({"accounts"}),
    "unworked": frozenset({"accounts", "contacts", "visits", "staff_postings"}),
    "promises": frozenset({"promises", "payments"}),
    "visits": frozenset({"visits"}),
}


@dataclass(frozen=True, slots=True)
class DailyFacts:
    about: About
    kpis: tuple[KpiResult, ...]
    gaps: tuple[Gap, ...]
    working_days_passed: int
    working_days: int


def daily_report(facts: DailyFacts, language: Language, scope: Scope = Scope()) -> Report:  # noqa: B008 - frozen
    """The report in the language, of the whole book or cut to one team or department."""
    view, results = View(facts.about, language, scope), Results.of(facts.kpis)
    gettext = view.gettext
    lines = lines_of(scope, facts.about.postings, results, gettext("Whole book"), facts.about.titles)
    day = _Day(facts.about, language, scope, facts, results, lines, results.currencies_of(lines[0]))
    passed = gettext("%(passed)s of %(all)s working days")
    return day.report(
        "daily",
        gettext("Daily report"),
        audience=gettext("heads of departments and of collections"),
        cards=day.cards(),
        sections=(*day.overdue(), day.gaps(), *day.gaps_of_people(), day.unworked(), day.promises(), day.visits()),
        tie_outs=day.tie_outs(),
        facts=[
            (gettext("Month to date"), passed % {"passed": facts.working_days_passed, "all": facts.working_days}),
        ],
    )


@dataclass(frozen=True, slots=True)
class _Day(View):
    facts: DailyFacts
    results: Results
    lines: tuple[Line, ...]
    currencies: tuple[str, ...]

    @property
    def whole(self) -> Line:
        return self.lines[0]

    def cards(self) -> Iterator[Card]:
        gettext = self.gettext
        overdue = [self.results.value(f"{BUCKET_ACCOUNTS}_{number}", self.whole) for number in self.bucket_numbers[1:]]
        known = [each for each in overdue if each is not None]
        yield Card(gettext("Accounts past due"), Number(sum(known) if known else None))
        short = [each for each in self._shown_gaps() if self._is_short(each)]
        note = gettext("of %(num)s KPIs with a target") % {"num": len(self._shown_gaps())}
        yield Card(gettext("Behind target"), Number(len(short)), note)
        rate = self.results.at(UNTOUCHED_RATE, self.whole)
        owned = rate.denominator if rate else None
        note = gettext("of %(num)s overdue") % {"num": self.formats.count(owned)} if owned is not None else ""
        yield Card(self.title(UNTOUCHED), Number(self.results.value(UNTOUCHED, self.whole)), note)
        yield Card(gettext("Broken promises"), Number(self.results.value(BROKEN, self.whole)), gettext("Month to date"))
        yield Card(gettext("Visits not made"), Number(self._visits_of(self.whole)[1]), gettext("Month to date"))

    def overdue(self) -> Iterator[Section]:
        """Accounts by bucket, and a table of balances for each currency."""
        gettext = self.gettext
        rule = gettext("As of the business date, by days past due, with the owners of that day.")
        headings = (
            Heading(gettext("Whose"), is_number=False),
            *(Heading(self.bucket(number)) for number in self.bucket_numbers),
            Heading(gettext("Total")),
        )
        nothing = self._nothing("overdue", f"{BUCKET_ACCOUNTS}_0", gettext("No accounts in the book."))
        rows = tuple(self._overdue_rows(BUCKET_ACCOUNTS, ""))
        plots = tuple(self._distribution())
        yield Section("overdue", gettext("Accounts by days past due"), rule, headings, rows, nothing, plots)
        for currency in self.currencies:
            title = gettext("Balance by days past due, %(currency)s") % {"currency": currency}
            rows = tuple(self._overdue_rows(BUCKET_BALANCE, currency))
            yield Section(f"balance-{currency}", title, rule, headings, rows, nothing)

    def _distribution(self) -> Iterator[Bars]:
        """Buckets past due, now and at the month's opening; only where both are known of each."""
        gettext, past_due = self.gettext, self.bucket_numbers[1:]
        now = [self.results.value(f"{BUCKET_ACCOUNTS}_{number}", self.whole) for number in past_due]
        before = [self._at_opening(number) for number in past_due]
        if not any(now) or None in before or not any(before):
            return  # nothing was owned here when the month began
        rows = zip(past_due, now, before, strict=True)
        yield Bars(
            gettext("Accounts past due, now and at the month's opening"),
            gettext("For each bucket of days past due two bars: accounts now, and accounts at the end of last month."),
            (Series(gettext("now"), Tone.MAIN), Series(gettext("at the end of last month"), Tone.LIGHT)),
            tuple(BarRow(self.bucket(number), (Number(are or 0), Number(were))) for number, are, were in rows),
        )

    def _at_opening(self, number: int) -> Decimal | None:
        """Accounts that were in the bucket at the month's opening: the whole of which the KPIs of rolls are shares."""
        found = (self.results.at(f"{kpi}_{number}", self.whole) for kpi in (ROLLED, CURED))
        return next((each.denominator for each in found if each is not None), None)

    def _overdue_rows(self, kpi: str, currency: str) -> Iterator[Row]:
        """Of the whole book without teams, but with what partners have, and what nobody has."""
        shown = [line for line in self.lines if not self.is_whole or not line.team]
        found = [(line, self._by_bucket(kpi, line, currency)) for line in shown]
        for line, numbers in found:
            if numbers and any(numbers):
                is_sum = line.is_total and (not self.is_whole or line is self.whole)
                yield Row((_name(line), *_with_total(numbers, currency)), "total" if is_sum else "")
        if not self.is_whole or not found or not found[0][1]:
            return
        partners = [
            self._by_bucket(kpi, Line(Grain.PARTNER, name, name), currency)
            for name in sorted(self.results.entities[Grain.PARTNER])
        ]
        placed = _summed(partners, len(self.about.buckets))
        owned = _summed([numbers for line, numbers in found[1:]], len(self.about.buckets))
        rest = [whole - ours - theirs for whole, ours, theirs in zip(found[0][1], owned, placed, strict=True)]
        yield Row((self.gettext("Partners"), *_with_total(placed, currency)))
        yield Row((self.gettext("The house, or nobody"), *_with_total(rest, currency)))

    def _by_bucket(self, kpi: str, line: Line, currency: str) -> list[Decimal]:
        """A number for each bucket; none at all where it is not measured."""
        found = [self.results.value(f"{kpi}_{number}", line, currency) for number in self.bucket_numbers]
        return [each or Decimal(0) for each in found] if any(each is not None for each in found) else []

    def gaps(self) -> Section:
        gettext = self.gettext
        return Section(
            "gaps",
            gettext("Gap to target"),
            gettext(
                "Month to date. What builds up over the month is due in the share of its working days that have "
                "passed; everything else is due in full. Short are the people below what is due of themselves. Gaps "
                "between shares are in percentage points."
            ),
            (
                Heading(gettext("KPI"), is_number=False),
                Heading(gettext("Actual")),
                Heading(gettext("Target of the month")),
                Heading(gettext("Due by now")),
                Heading(gettext("Gap")),
                Heading(gettext("People short")),
            ),
            tuple(self._gap_rows()),
            gettext("No KPI has a target here: targets and scorecards are in the rule book."),
            tuple(self._reached()),
        )

    def _reached(self) -> Iterator[Dots]:
        """What was reached of what is due by now, for each department and KPI."""
        gettext, rows, department = self.gettext, list[Dot](), ""
        for gap in self._shown_gaps():
            reached = self._share_reached(gap)
            if reached is None:
                continue
            if gap.department != department and self.is_whole:
                rows.append(Dot(self.department(gap.department).text))
            department = gap.department
            rows.append(Dot(self.title(gap.kpi, gap.currency), Number(reached, Shape.SHARE)))
        if rows:
            yield Dots(
                gettext("Reached of what is due by now"),
                gettext(
                    "For each KPI with a target a dot: the figure as a share of what is due, or 2 − that share where "
                    "lower is better. At the line or right of it the target is met."
                ),
                tuple(rows),
                line=Decimal(1),
                line_title=gettext("due by now"),
                most=Decimal(2),
            )

    def _share_reached(self, gap: Gap) -> Decimal | None:
        actual = self._actual(gap)
        return None if actual is None else share_reached(actual.value, gap.due, self.label(gap.kpi))

    def _gap_rows(self) -> Iterator[Row]:
        department = ""
        for gap in self._shown_gaps():
            if gap.department != department and self.is_whole:
                yield Row((self.department(gap.department),), "group")
            department = gap.department
            actual = self._actual(gap)
            shown = (self.like(actual, each) for each in (actual.value if actual else None, gap.target, gap.due))
            short = gap.people_short(self.label(gap.kpi), self.formats)
            yield Row((self.title(gap.kpi, gap.currency), *shown, self._gap(gap, actual), short))

    def _gap(self, gap: Gap, actual: KpiResult | None) -> Number:
        if actual is None or actual.value is None or gap.due is None:
            return Number(None, note=self.gettext("people have targets of their own") if gap.due is None else "")
        tone = "bad" if is_worse(actual.value, gap.due, self.label(gap.kpi)) else "good"
        return self.like(actual, actual.value - gap.due, tone=tone, is_signed=True)

    def gaps_of_people(self) -> Iterator[Section]:
        """Everybody of a team beside what is due of them; only in the report of a team or department."""
        if self.is_whole:
            return
        gettext, gaps = self.gettext, self._shown_gaps()
        found = {
            (gap.kpi, gap.currency, name): (gap, value, due)
            for gap in gaps
            for name, value, due in gap.people
        }  # fmt: skip
        people = [line for line in self.lines if line.employee]
        rows = tuple(
            Row((line.label, *(self._own(found.get((gap.kpi, gap.currency, line.employee))) for gap in gaps)))
            for line in people
            if any((gap.kpi, gap.currency, line.employee) in found for gap in gaps)
        )
        titles = [self.title(gap.kpi, gap.currency) for gap in gaps]
        yield Section(
            "people",
            gettext("Everybody beside what is due of them"),
            gettext("The figure, and below it what is due by now."),
            (Heading(gettext("Employee"), is_number=False), *(Heading(title) for title in titles)),
            rows if gaps else (),
            gettext("Nobody is scored here."),
        )

    def _own(self, found: tuple[Gap, Decimal | None, Decimal | None] | None) -> Number:
        if found is None:
            return Number(None)
        gap, value, due = found
        actual = self._actual(gap)
        worse = value is not None and due is not None and is_worse(value, due, self.label(gap.kpi))
        note = self.like(actual, due).text(self.formats) if due is not None else ""
        return self.like(actual, value, note=note, tone="bad" if worse else "")

    def unworked(self) -> Section:
        gettext = self.gettext
        headings = (
            Heading(gettext("Whose"), is_number=False),
            Heading(gettext("Overdue accounts")),
            Heading(gettext("Without work")),
            Heading(gettext("Share")),
            *(Heading(gettext("Overdue in them, %(currency)s") % {"currency": each}) for each in self.currencies),
        )
        nothing = self._nothing("unworked", UNTOUCHED, gettext("Nobody owns an overdue account here."))
        rows = tuple(self._unworked_rows())
        title, about = gettext("Accounts without work"), self.label(UNTOUCHED).about
        return Section("unworked", title, about, headings, rows, nothing, tuple(self._workload()))

    def _workload(self) -> Iterator[Bars]:
        """Overdue accounts with and without work: of the lowest lines, which add up to the others."""
        gettext = self.gettext
        found = [(line, self._worked(line)) for line in self.lines if not line.is_total]
        rows = tuple(
            BarRow(line.label, (Number(untouched), Number(owned - untouched)), share.text(self.formats))
            for line, (owned, untouched) in found
            if owned and (share := percent_of(untouched, owned))
        )
        if 1 < len(rows) <= MOST_BARS:
            yield Bars(
                gettext("Overdue accounts without work and with it"),
                gettext("For each line below the totals a bar: its overdue accounts without work, then those worked; "
                        "behind it the share without work."),
                (Series(gettext("without work"), Tone.BAD), Series(gettext("worked"), Tone.LIGHT)),
                rows,
                is_stacked=True,
            )  # fmt: skip

    def _worked(self, line: Line) -> tuple[Decimal, Decimal]:
        """Overdue accounts of the line, and those of them without work; nothing where it is not measured."""
        rate, untouched = self.results.at(UNTOUCHED_RATE, line), self.results.value(UNTOUCHED, line)
        if rate is None or not rate.denominator or untouched is None:
            return Decimal(0), Decimal(0)
        return rate.denominator, untouched

    def _unworked_rows(self) -> Iterator[Row]:
        for line in self.lines:
            owned, untouched = self._worked(line)
            if not owned:
                continue
            amounts = [
                Number(self.results.value(OVERDUE_UNTOUCHED, line, each), Shape.MONEY, each) for each in self.currencies
            ]
            counts = (Number(owned), Number(untouched), bar_of(untouched, owned))
            yield Row((_name(line), *counts, *amounts), _kind(line))

    def promises(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Month to date. Promises that came due, their days of grace included, as the KPI “%(kpi)s” counts them; "
            "broken are those that it does not count as kept. The money is what was promised, whatever part of it "
            "came in."
        ) % {"kpi": self.title(KEPT)}
        headings = (
            Heading(gettext("Whose"), is_number=False),
            Heading(gettext("Due")),
            Heading(gettext("Were kept")),
            Heading(gettext("Broken")),
            Heading(gettext("Share broken")),
            *(Heading(gettext("Promised in them, %(currency)s") % {"currency": each}) for each in self.currencies),
        )
        rows = tuple(self._promise_rows())
        nothing = self._nothing("promises", KEPT, gettext("No promise came due in the month so far."))
        return Section("promises", gettext("Broken promises"), rule, headings, rows, nothing)

    def _promise_rows(self) -> Iterator[Row]:
        for line in self.lines:
            kept, broken = self.results.at(KEPT, line), self.results.value(BROKEN, line)
            if kept is None or not kept.denominator or broken is None:
                continue
            amounts = [
                Number(self.results.value(BROKEN_AMOUNT, line, each), Shape.MONEY, each) for each in self.currencies
            ]
            counts = (
                Number(kept.denominator),
                Number(kept.numerator),
                Number(broken),
                bar_of(broken, kept.denominator),
            )
            yield Row((_name(line), *counts, *amounts), _kind(line))

    def visits(self) -> Section:
        gettext = self.gettext
        headings = (
            Heading(gettext("Whose"), is_number=False),
            Heading(gettext("Due")),
            Heading(gettext("Not made")),
            Heading(gettext("Share")),
            Heading(gettext("Made late")),
            Heading(gettext("Made")),
            Heading(gettext("Recorded late")),
            Heading(gettext("Share")),
        )
        rule = gettext(
            "Visits planned for a day of the month that has come. Not made are those without a time; made late after "
            "the planned day; recorded late later than the KPI “%(kpi)s” allows."
        ) % {"kpi": self.title(RECORDED)}
        rows = tuple(self._visit_rows())
        nothing = self._nothing("visits", VISITS_DUE, gettext("No visit was due in the month so far."))
        return Section("visits", gettext("Late visits"), rule, headings, rows, nothing)

    def _visit_rows(self) -> Iterator[Row]:
        for line in self.lines:
            due, missed, late, made, unrecorded = self._visits_of(line)
            if due and missed is not None and made is not None and unrecorded is not None:
                yield Row(
                    (
                        _name(line),
                        Number(due),
                        Number(missed),
                        bar_of(missed, due),
                        Number(late),
                        Number(made),
                        Number(unrecorded),
                        percent_of(unrecorded, made),
                    ),
                    _kind(line),
                )  # fmt: skip

    def tie_outs(self) -> Iterator[TieOut]:
        gettext, whole = self.gettext, self.whole
        in_buckets = [self.results.value(f"{BUCKET_ACCOUNTS}_{number}", whole) for number in self.bucket_numbers]
        owned = self.results.value(OWNED, whole)
        if owned is not None and None not in in_buckets:
            counted = sum((each for each in in_buckets if each is not None), Decimal(0))
            title = gettext("Accounts in all buckets, and the KPI “%(kpi)s”") % {"kpi": self.title(OWNED)}
            yield TieOut(title, Number(counted), Number(owned))
        kept, broken = self.results.at(KEPT, whole), self.results.value(BROKEN, whole)
        if kept and kept.denominator is not None and broken is not None:
            left = kept.denominator - (kept.numerator or Decimal(0))
            title = gettext("Broken promises, and those of “%(kpi)s” that were not kept") % {"kpi": self.title(KEPT)}
            yield TieOut(title, Number(broken), Number(left))

    def _shown_gaps(self) -> list[Gap]:
        """Those of the reader's departments in which somebody is scored; of a team with its own people alone."""
        if self.is_whole:
            return [gap for gap in self.facts.gaps if gap.people]
        departments = {line.department for line in self.lines}
        mine = [gap for gap in self.facts.gaps if gap.department in departments]
        if self.scope.grain is Grain.TEAM:
            names = {line.employee for line in self.lines}
            mine = [gap.among(names) for gap in mine]
        return [gap for gap in mine if gap.people]

    def _actual(self, gap: Gap) -> KpiResult | None:
        of_team = self.scope.grain is Grain.TEAM
        grain, entity = (Grain.TEAM, self.scope.name) if of_team else (Grain.DEPARTMENT, gap.department)
        return self.results.found.get((gap.kpi, grain, entity, gap.currency))

    def _is_short(self, gap: Gap) -> bool:
        actual = self._actual(gap)
        if actual is None or actual.value is None or gap.due is None:
            return False
        return is_worse(actual.value, gap.due, self.label(gap.kpi))

    def _visits_of(self, line: Line) -> tuple[Decimal | None, ...]:
        """Due, not made, made late, made, recorded late."""
        due = self.results.value(VISITS_DUE, line)
        on_time, recorded = self.results.at(ON_TIME, line), self.results.at(RECORDED, line)
        if due is None or not on_time or not recorded or recorded.denominator is None or recorded.numerator is None:
            return due, None, None, None, None
        made, in_time = recorded.denominator, on_time.numerator or Decimal(0)
        return due, due - made, made - in_time, made, made - recorded.numerator

    def _nothing(self, section: str, kpi: str, otherwise: str) -> str:
        if stopped := self.stopped(_READS[section]):
            return stopped
        if kpi not in self.results.names:
            return self.gettext("No figures: the rule book has no KPI %(kpi)s in force.") % {"kpi": kpi}
        return otherwise


def _kind(line: Line) -> str:
    return "total" if line.is_total else ""


def _name(line: Line) -> Name:
    return Name(line.label, line.note)


def _summed(rows: Iterable[list[Decimal]], width: int) -> list[Decimal]:
    """Column by column; of no rows, zeros."""
    kept = [row for row in rows if row]
    return [sum((row[number] for row in kept), Decimal(0)) for number in range(width)]


def _with_total(found: Iterable[Decimal], currency: str = "") -> Iterator[Number]:
    shape = Shape.MONEY if currency else Shape.COUNT
    every = list(found)
    yield from (Number(each, shape, currency) for each in every)
    yield Number(sum(every, Decimal(0)), shape, currency)
