"""The plan of capacity as a report: terminal, page, workbook and JSON show the same. All figures are estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from allocation.capacity.backtest import BackTest
from allocation.capacity.demand import Handling, Work
from allocation.capacity.hours import TenHours
from allocation.capacity.money import HourCost
from allocation.capacity.moves import Move, Proposal
from allocation.capacity.plan import CapacityPlan, DepartmentWeek, Roll, StockWeek, TeamWeek
from allocation.capacity.rates import RateRow
from allocation.capacity.supply import Leaving
from domain.money import MINOR_DIGITS, Rounding, round_to
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.plots import Band, Line, Lines, Tone
from reports.sections import Card, Heading, Name, Number, Report, Row, Section, Shape, Value

MOST_PLOTS = 12


class Gap(StrEnum):
    """What a plan could not know, by the codes of docs/codes.md."""

    NO_WEEKS = "CAP020"
    FEW_WEEKS = "CAP021"
    MISSING_NIGHTS = "CAP022"
    NO_STAFFING = "CAP023"
    NEVER_LEFT = "CAP024"
    NO_CALENDAR = "CAP025"
    NO_HANDLING = "CAP026"
    NO_COST = "CAP027"
    NO_BUDGET = "CAP028"
    NOT_SOLVED = "CAP029"


@dataclass(frozen=True, slots=True)
class Notice:
    gap: Gap
    what: str = ""


@dataclass(frozen=True, slots=True)
class HourCosted:
    """What an hour of a department costs at the beginning of the plan."""

    department: str
    cost: HourCost


@dataclass(frozen=True, slots=True)
class CapacityFacts:
    """`digest` names nights, rules, date and weeks: the same make the same plan. `people` are the proposals by name,
    empty where they were not asked for."""

    digest: str
    runs: tuple[str, ...]
    strategy: str
    lookback_weeks: int
    weeks_seen: int
    productive_share: Decimal
    plan: CapacityPlan
    rolls: tuple[Roll, ...]
    handling: tuple[Handling, ...]
    leaving: tuple[Leaving, ...]
    working_days: tuple[tuple[str, tuple[int, ...]], ...]
    hour_costs: tuple[HourCosted, ...]
    hours: tuple[TenHours, ...]
    proposals: tuple[Proposal, ...]
    people: tuple[Move, ...]
    rates: tuple[RateRow, ...]
    back_tests: tuple[BackTest, ...]
    notices: tuple[Notice, ...]
    book_label: str = ""

    @property
    def as_of(self) -> date:
        return self.plan.as_of


def capacity_report(facts: CapacityFacts, language: Language = Language.ENGLISH) -> Report:
    """First what is needed and missing, then what could be done, then what it is made of."""
    view = _View(facts, language)
    gettext = view.gettext
    return Report(
        name="capacity",
        title=gettext("Capacity: people needed in the weeks ahead"),
        business_date=facts.as_of,
        scope="",
        owner=gettext("head of operations"),
        audience=gettext("heads of operations; proposals by name only for whoever decides on postings"),
        runs=facts.runs,
        cards=tuple(view.cards()),
        sections=tuple(view.sections()),
        warnings=tuple(view.notice(each) for each in facts.notices),
        book_label=facts.book_label,
        facts=(
            (gettext("Weeks ahead"), str(len(facts.plan.starts))),
            (gettext("Weeks looked back on"), f"{facts.weeks_seen} / {facts.lookback_weeks}"),
            (gettext("Strategy"), facts.strategy),
            (gettext("Plan"), facts.digest[:12]),
        ),
    )


@dataclass(frozen=True, slots=True)
class _View:
    facts: CapacityFacts
    language: Language

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def formats(self) -> Formats:
        return Formats(self.language)

    @property
    def plan(self) -> CapacityPlan:
        return self.facts.plan

    def notice(self, notice: Notice) -> str:
        gettext = self.gettext
        text = {
            Gap.NO_WEEKS: gettext(
                "No night lies a week before this one: nothing is known of how accounts move, and all stay where they "
                "are. Run nights for some weeks, then ask again."
            ),
            Gap.FEW_WEEKS: gettext(
                "Only {what} weeks were seen: intervals are of chance among accounts alone, and too narrow."
            ),
            Gap.MISSING_NIGHTS: gettext(
                "No accounts were accepted on {what}: the weeks to and from these dates are left out."
            ),
            Gap.NO_STAFFING: gettext(
                "No staffing rule holds: all minutes at work count for accounts, and nobody is expected to leave. "
                "State one in allocation/staffing."
            ),
            Gap.NEVER_LEFT: gettext("Nobody was seen in {what} a week before: these accounts are taken to stay there."),
            Gap.NO_CALENDAR: gettext(
                "The calendar of {what}: after it Monday to Friday are taken as working days. Land a longer one."
            ),
            Gap.NO_HANDLING: gettext(
                "Segments without handling_minutes ask for no work: {what}. State them in the strategy."
            ),
            Gap.NO_COST: gettext(
                "What an hour costs is not known in {what}: land the table costs, or state cost_per_hour in "
                "allocation/staffing."
            ),
            Gap.NO_BUDGET: gettext(
                "No budget of cost covers all weeks in {what}: land the table budgets for these months."
            ),
            Gap.NOT_SOLVED: gettext(
                "A table that allocation reads was halted: what ten more hours would bring is not known."
            ),
        }[notice.gap]
        return f"{notice.gap} {text.format(what=notice.what)}"

    def cards(self) -> Iterator[Card]:
        gettext = self.gettext
        first, last = (self._of_week(week) for week in (1, len(self.plan.starts)))
        ahead = gettext("in week {week}").format(week=len(self.plan.starts))
        yield Card(gettext("People there next week"), _people(_total(first, lambda row: row.people)))
        yield Card(gettext("People needed next week"), _people(_total(first, lambda row: row.needed)))
        yield Card(gettext("Short next week"), _people(_total(first, lambda row: row.short)))
        yield Card(gettext("Over next week"), _people(_total(first, lambda row: row.over)))
        yield Card(gettext("Short"), _people(_total(last, lambda row: row.short)), ahead)

    def _of_week(self, week: int) -> tuple[DepartmentWeek, ...]:
        return tuple(row for row in self.plan.departments if row.week == week)

    def sections(self) -> Iterator[Section]:
        yield self._departments()
        yield self._teams()
        yield self._works()
        yield self._costs()
        yield self._hours()
        yield self._proposals()
        if self.facts.people:
            yield self._people()
        yield self._stock(
            "segments",
            self.gettext("Accounts by segment"),
            self.plan.segments,
            self.gettext("Segment, or why it is not worked"),
        )
        yield self._stock(
            "buckets",
            self.gettext("Accounts by days past due"),
            self.plan.buckets,
            self.gettext("Days past due"),
            is_folded=True,
        )
        yield self._back_tests()
        yield self._asked()
        yield self._rolls()
        yield self._basis()
        if self.facts.rates:
            yield self._rates()

    def _departments(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Needed by minutes: the minutes that accounts ask ÷ those that people have for them. Needed by limit: "
            "accounts ÷ accounts that one may own, where the strategy counts accounts. The larger of both is needed, "
            "and in four of five weeks it lies in the interval. Short and over together: skills keep the ones from "
            "helping the others."
        )
        headings = (
            gettext("Accounts"), gettext("People there"), gettext("By minutes"), gettext("By limit"),
            gettext("People needed"), _text(gettext("Interval")), gettext("Short"), gettext("Over"),
        )  # fmt: skip
        rows = tuple(
            Row(
                (
                    row.department,
                    self._week(row.week),
                    _whole(row.accounts),
                    _people(row.people),
                    _people(row.by_minutes),
                    _people(row.by_limit),
                    _people(row.needed),
                    self._interval(row.low, row.high),
                    _people(row.short, "bad" if row.short >= 1 else ""),
                    _people(row.over),
                )
            )
            for row in self.plan.departments
        )
        title = gettext("People needed by department")
        return self._section("departments", title, rule, (gettext("Department"), *headings), rows, self._needs())

    def _needs(self) -> tuple[Lines, ...]:
        gettext = self.gettext
        departments = dict.fromkeys(row.department for row in self.plan.departments)
        title = gettext("people needed and there")
        return tuple(
            Lines(
                f"{name}: {title}",
                gettext(
                    "The dark line is how many people are needed, the band its interval; the light one who is there."
                ),
                gettext("Week"),
                (
                    Line(
                        gettext("People needed"), Tone.MAIN, self._points(name, lambda row: row.needed), has_marks=True
                    ),
                    Line(gettext("People there"), Tone.MIDDLE, self._points(name, lambda row: row.people)),
                ),
                Band(
                    gettext("Interval"),
                    tuple(
                        (row.week, _people(row.low), _people(row.high))
                        for row in self.plan.departments
                        if row.department == name
                    ),
                ),
            )
            for name in list(departments)[:MOST_PLOTS]
        )

    def _points(self, department: str, value: Callable[[DepartmentWeek], Decimal]) -> tuple[tuple[int, Number], ...]:
        return tuple((row.week, _people(value(row))) for row in self.plan.departments if row.department == department)

    def _works(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Work by who may do it: the country, the departments, and what they must know. What is short of work that "
            "shares its people is short of each of it alike."
        )
        headings = (
            gettext("Accounts"), gettext("Hours asked"), gettext("Hours short"), gettext("Accounts without room"),
            gettext("People short"),
        )  # fmt: skip
        nobody = gettext("nobody there may do it: hire or train")
        rows = tuple(
            Row(
                (
                    _named(row.work),
                    self._week(row.week),
                    _whole(row.accounts),
                    _whole(row.hours_asked),
                    _whole(row.hours_short),
                    _whole(row.accounts_short),
                    _people(row.people_short, "bad" if (row.people_short or 0) >= 1 else ""),
                    nobody if row.nobody_may else "",
                )
            )
            for row in sorted(self.plan.works, key=lambda row: (row.work, row.week))
        )
        columns = (gettext("Work"), *headings, _text(gettext("Remark")))
        return self._section("skills", gettext("Work by skill"), rule, columns, rows, is_folded=True)

    def _teams(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Rostered − expected leavers − away − not carried by joiners yet, × {share} of the time for accounts = "
            "hours there. People needed = people × hours asked ÷ hours there, or × accounts ÷ accounts at most."
        ).format(share=self.formats.share(self.facts.productive_share))
        headings = (
            gettext("People there"), gettext("Hours rostered"), gettext("Leavers"), gettext("Away"),
            gettext("Not carried"), gettext("Hours there"), gettext("Hours asked"), gettext("Accounts at most"),
            gettext("By minutes"), gettext("By limit"), gettext("People needed"), gettext("Short (+) or over (−)"),
        )  # fmt: skip
        rows = tuple(
            self._team(row)
            for row in sorted(self.plan.teams, key=lambda row: (row.department, row.team, row.jurisdiction, row.week))
        )
        return self._section(
            "teams", gettext("People needed by team"), rule, (gettext("Team"), *headings), rows, is_folded=True
        )

    def _team(self, row: TeamWeek) -> Row:
        return Row(
            (
                Name(f"{row.department} · {row.team} · {row.jurisdiction}"),
                self._week(row.week),
                _people(row.people),
                *(
                    _whole(each)
                    for each in (
                        row.hours_rostered,
                        row.hours_leavers,
                        row.hours_away,
                        row.hours_not_carried,
                        row.hours_there,
                        row.hours_asked,
                        row.room,
                    )
                ),
                _people(row.by_minutes),
                _people(row.by_limit),
                _people(row.needed),
                replace(_people(row.short), is_signed=True),
            )
        )

    def _costs(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Paid hours × what an hour costs; needed: the same for the people needed. A week has of each month's "
            "budget as many days as lie in it. In {currency}, as the strategy weighs currencies."
        ).format(currency=self.plan.currency or "?")
        headings = (
            gettext("Cost of who is there"), gettext("Cost of who is needed"), gettext("Budget"),
            gettext("Budget − needed"),
        )  # fmt: skip
        rows = tuple(
            Row(
                (
                    row.department,
                    self._week(row.week),
                    self._money(row.cost),
                    self._money(row.cost_needed),
                    self._money(row.budget),
                    self._money(
                        None if row.budget is None or row.cost_needed is None else row.budget - row.cost_needed
                    ),
                )
            )
            for row in self.plan.departments
        )
        title = gettext("Cost against budget")
        return self._section("costs", title, rule, (gettext("Department"), *headings), rows, is_folded=True)

    def _hours(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "The allocation of this night solved again with ten more hours at one team: what it brings more over the "
            "horizon of expected recovery, surely between the proven bounds. The price is what tonight's allocation "
            "says of a first minute, and promises too much of ten hours. Where the strategy counts accounts, ten hours "
            "are that part of the team's accounts at most."
        )
        headings = (
            gettext("More capacity"), gettext("Value (estimate)"), gettext("At least"), gettext("At most"),
            gettext("By tonight's price"), gettext("Cost of ten hours"),
        )  # fmt: skip
        rows = tuple(
            Row(
                (
                    f"{each.department} · {each.team} · {each.jurisdiction}",
                    Number(each.extra),
                    self._money(each.value),
                    self._money(each.low),
                    self._money(each.high),
                    self._money(each.by_price),
                    self._money(each.cost),
                )
            )
            for each in self.facts.hours
        )
        return self._plain(
            "hours", gettext("What ten more hours would bring"), rule, (gettext("Team"), *headings), rows,
            gettext("The allocation could not be solved again."),
        )  # fmt: skip

    def _proposals(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "People of other departments who know what the work asks for, from teams that can spare them in their "
            "fullest week; nobody from where ten hours are sure to bring more. These are sums, and no decision: talk "
            "to the people first."
        )
        headings = (
            gettext("People"), gettext("To spare before"), gettext("To spare after"), gettext("Short before"),
            gettext("Short after"), gettext("Ten hours here"), gettext("Ten hours there"),
        )  # fmt: skip
        rows = tuple(
            Row(
                (
                    f"{each.department} · {each.team} → {_text_of(each.work)}",
                    Number(each.people),
                    _people(each.spare_before),
                    _people(each.spare_after),
                    _people(each.short_before),
                    _people(each.short_after),
                    self._money(each.hours_here),
                    self._money(each.hours_there),
                )
            )
            for each in self.facts.proposals
        )
        title, empty = gettext("Who could help where"), gettext("Nobody is short, or nobody can be spared who may.")
        return self._plain("proposals", title, rule, (gettext("From and to"), *headings), rows, empty)

    def _people(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "For whoever decides on postings, and nobody else. Believed is what somebody recovered beside what their "
            "accounts were expected to bring whoever works them, shrunk to their team's; with few account-months it is "
            "the team's. It says little about other accounts, and is no verdict on anybody."
        )
        headings = (gettext("Believed"), gettext("Own"), gettext("Weight"), gettext("Account-months"))
        rows = tuple(
            Row(
                (
                    f"{each.employee} · {each.department} · {each.team} → {_text_of(each.work)}",
                    Number(each.ability.believed, Shape.NUMBER),
                    Number(each.ability.own, Shape.NUMBER),
                    Number(each.ability.weight, Shape.NUMBER),
                    Number(each.ability.account_months, Shape.NUMBER),
                    gettext("too few cases to tell") if each.ability.is_thin else "",
                )
            )
            for each in self.facts.people
        )
        return self._plain(
            "people", gettext("Proposals by name"), rule,
            (gettext("Who"), *headings, _text(gettext("Remark"))), rows, "",
        )  # fmt: skip

    def _stock(
        self, name: str, title: str, rows: Sequence[StockWeek], first: str, *, is_folded: bool = False
    ) -> Section:
        gettext = self.gettext
        rule = gettext(
            "At the start + new in the book + come from elsewhere − gone elsewhere − left the book = at the end. Four "
            "of five weeks are to end within the interval. Pay days, Tết and campaigns are not in it: weeks are taken "
            "to be alike."
        )
        headings = (
            gettext("At the start"), gettext("New"), gettext("Come"), gettext("Gone"), gettext("Left"),
            gettext("At the end"), _text(gettext("Interval")),
        )  # fmt: skip
        told = tuple(
            Row(
                (
                    row.name,
                    self._week(row.week),
                    *(_whole(each) for each in (row.at_start, row.new, row.came, row.went, row.left, row.at_end)),
                    self._interval(row.low, row.high, 0),
                )
            )
            for row in rows
        )
        return self._section(name, title, rule, (first, *headings), told, self._books(rows), is_folded=is_folded)

    def _books(self, rows: Sequence[StockWeek]) -> tuple[Lines, ...]:
        """Of what is worked: reasons why accounts are not are in the table alone."""
        gettext = self.gettext
        names = [name for name in dict.fromkeys(row.name for row in rows) if ":" not in name]
        title = gettext("accounts at the end of the week")
        return tuple(
            Lines(
                f"{name}: {title}",
                gettext("The line is the forecast, the band its interval."),
                gettext("Week"),
                (Line(gettext("Accounts"), Tone.MAIN, tuple((row.week, _whole(row.at_end)) for row in mine)),),
                Band(gettext("Interval"), tuple((row.week, _whole(row.low), _whole(row.high)) for row in mine)),
            )
            for name in names[:MOST_PLOTS]
            if (mine := [row for row in rows if row.name == name])
        )

    def _back_tests(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "What would have been forecast at earlier weeks by what was known then, beside what came. Off is the mean "
            "of |forecast − came| ÷ came; beside it, how far off it is to say that nothing changes."
        )
        headings = (
            gettext("Forecasts"), gettext("Off"), gettext("Off if nothing changes"), gettext("Within the interval"),
        )  # fmt: skip
        rows = tuple(
            Row(
                (
                    each.name,
                    self._ahead(each.steps),
                    Number(each.cases),
                    Number(each.off, Shape.SHARE),
                    Number(each.unmoved, Shape.SHARE),
                    Number(each.within),
                )
            )
            for each in self.facts.back_tests
        )
        empty = gettext("Too few weeks lie before this one to forecast any of them from those before it.")
        return replace(
            self._section("back_tests", gettext("Was it right?"), rule, (gettext("Segment"), *headings), rows),
            empty=empty,
        )

    def _asked(self) -> Section:
        gettext = self.gettext
        rule = gettext("Accounts × the house's share × minutes of an account in the week ÷ 60 = hours.")
        headings = (gettext("Accounts"), gettext("House's share"), gettext("Minutes of an account"), gettext("Hours"))
        rows = tuple(
            Row(
                (
                    f"{row.segment} · {row.jurisdiction} · {row.channel}",
                    self._week(row.week),
                    Number(row.accounts, Shape.NUMBER),
                    Number(row.house_share, Shape.SHARE),
                    Number(row.minutes, Shape.NUMBER),
                    Number(row.hours, Shape.NUMBER),
                )
            )
            for row in self.plan.asked
        )
        title = gettext("How the hours are reckoned")
        return self._section("asked", title, rule, (gettext("Segment"), *headings), rows, is_folded=True)

    def _rolls(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Of the accounts in a segment, how many were where a week later, over the weeks looked back on; the "
            "interval is of 95 %, by chance alone. The forecast goes by finer states, and by country and product where "
            "these differ."
        )
        headings = (
            _text(gettext("A week later")),
            gettext("Accounts"),
            gettext("Of"),
            gettext("Share"),
            _text(gettext("Interval")),
        )
        rows = tuple(
            Row(
                (
                    row.segment,
                    row.to or gettext("out of the book"),
                    Number(row.went),
                    Number(row.seen),
                    Number(row.share, Shape.SHARE),
                    f"{self.formats.share(row.low)} – {self.formats.share(row.high)}",
                )
            )
            for row in self.facts.rolls
        )
        section = self._plain(
            "rolls", gettext("Roll rates of a week"), rule, (gettext("Segment"), *headings), rows,
            gettext("No two nights lie a week apart."),
        )  # fmt: skip
        return replace(section, is_folded=True)

    def _basis(self) -> Section:
        gettext = self.gettext
        rows = (
            *(
                Row((gettext("Minutes of an account"), each.segment, self._handling(each)))
                for each in self.facts.handling
            ),
            *(Row((gettext("Expected leavers"), each.department, self._leaving(each))) for each in self.facts.leaving),
            *(
                Row((gettext("Cost of an hour"), each.department, self._cost(each.cost)))
                for each in self.facts.hour_costs
            ),
        )
        rows += tuple(
            Row((gettext("Working days of the weeks"), name, ", ".join(map(str, days))))
            for name, days in self.facts.working_days
        )
        headings = tuple(map(_text, (gettext("What"), gettext("Of"), gettext("Reckoned from"))))
        return Section("basis", gettext("What it rests on"), "", headings, rows, gettext("Nothing."), is_folded=True)

    def _rates(self) -> Section:
        gettext = self.gettext
        rule = gettext(
            "Of the accounts × weeks in a state, how many went where in a week. Share = weight × went ÷ accounts + "
            "(1 − weight) × the wider share, scaled so that the shares of a state sum to one."
        )
        titles = (gettext("Went"), gettext("Accounts"), gettext("Wider"), gettext("Weight"), gettext("Share"))
        rows = tuple(
            Row(
                (
                    row.of,
                    row.state,
                    row.to or gettext("out of the book"),
                    Number(row.went),
                    Number(row.seen),
                    *(Number(each, Shape.SHARE) for each in (row.wider, row.weight, row.share)),
                )
            )
            for row in self.facts.rates
        )
        columns = (gettext("Country and product"), _text(gettext("State")), _text(gettext("A week later")), *titles)
        return self._plain("rates", gettext("Rates one by one"), rule, columns, rows, "")

    def _handling(self, one: Handling) -> str:
        week = self.formats.short(Decimal(one.minutes.numerator) / Decimal(one.minutes.denominator))
        if not one.actions:
            text = self.gettext("{week} minutes a week = {month} minutes a month × 7 ÷ 30")
            return text.format(week=week, month=one.month_minutes)
        parts = (f"{number} × {minutes} ({kind})" for kind, number, minutes in one.actions)
        return self.gettext("{week} minutes a week = actions a week × minutes of one: {parts}").format(
            week=week, parts=" + ".join(parts)
        )

    def _leaving(self, one: Leaving) -> str:
        text = self.gettext(
            "{rate} a year: {leavers} leavers in {years} person-years with the weight {weight}, and the house's {house}"
        )
        number = self.formats.short
        return text.format(
            rate=number(one.rate),
            leavers=one.leavers,
            years=number(one.years),
            weight=number(one.weight),
            house=number(one.house),
        )

    def _cost(self, one: HourCost) -> str:
        amount = self._money(one.amount).text(self.formats)
        if one.spent is None:
            return self.gettext("{amount} as stated from {day} on").format(amount=amount, day=one.stated_from)
        text = self.gettext("{amount} = costs of {month}, {spent} ÷ {minutes} minutes × 60")
        spent, minutes = self._money(one.spent).text(self.formats), self.formats.count(one.minutes or 0)
        return text.format(amount=amount, month=one.month, spent=spent, minutes=minutes)

    def _section(
        self,
        name: str,
        title: str,
        rule: str,
        columns: Iterable[str | Heading],
        rows: tuple[Row, ...],
        plots: tuple[Lines, ...] = (),
        *,
        is_folded: bool = False,
    ) -> Section:
        """With the week after the first column."""
        first, *rest = map(_heading, columns)
        headings = (replace(first, is_number=False), _text(self.gettext("Week")), *rest)
        shown = tuple(plot for plot in plots if len(plot.lines[0].points) > 1)
        return Section(name, title, rule, headings, rows, self.gettext("Nothing."), shown, is_folded=is_folded)

    def _plain(
        self, name: str, title: str, rule: str, columns: Iterable[str | Heading], rows: tuple[Row, ...], empty: str
    ) -> Section:
        first, *rest = map(_heading, columns)
        return Section(name, title, rule, (replace(first, is_number=False), *rest), rows, empty)

    def _week(self, week: int) -> str:
        return f"{week}: {self.plan.starts[week - 1]}"

    def _ahead(self, steps: int) -> str:
        return self.gettext("{weeks} ahead").format(weeks=steps)

    def _interval(self, low: Decimal, high: Decimal, digits: int = 1) -> str:
        return " – ".join(
            self.formats.count(round_to(each, 0, Rounding.HALF_EVEN)) if digits == 0 else self.formats.short(each)
            for each in (low, high)
        )

    def _money(self, amount: Decimal | None) -> Number:
        currency = self.plan.currency
        if amount is None:
            return Number(None, Shape.MONEY, currency)
        digits = MINOR_DIGITS.get(currency, 2)
        return Number(round_to(amount, digits, Rounding.HALF_EVEN), Shape.MONEY if currency else Shape.COUNT, currency)


def _heading(title: str | Heading) -> Heading:
    return title if isinstance(title, Heading) else Heading(title)


def _text(title: str) -> Heading:
    return Heading(title, is_number=False)


def _named(work: Work) -> Value:
    return Name(_text_of(work))


def _text_of(work: Work) -> str:
    return " · ".join([*work.departments, work.jurisdiction, *work.skills])


def _total(rows: Iterable[DepartmentWeek], value: Callable[[DepartmentWeek], Decimal]) -> Decimal:
    return sum((value(row) for row in rows), Decimal(0))


def _people(number: Decimal | None, tone: str = "") -> Number:
    return Number(number, Shape.NUMBER, tone=tone)


def _whole(number: Decimal | None) -> Number:
    return Number(None if number is None else round_to(number, 0, Rounding.HALF_EVEN))
