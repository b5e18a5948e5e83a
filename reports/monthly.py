"""The monthly report: how departments stand, what rolled where, how vintages age, and who did how well with what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.money import CONTEXT
from domain.records import Grain, KpiResult
from reports.gaps import Gap, share_reached
from reports.kpi_tables import KpiLabel
from reports.languages import Language, message
from reports.partner_league import PartnerLeague, partner_leagues
from reports.plots import BarRow, Bars, Dot, Dots, Line, Lines, Series, Tone
from reports.scopes import Scope
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape, TieOut, bar_of, percent_of
from reports.views import About, View

ROLLED_ON = message("Accounts one bucket on, in the roll table and by the KPI of roll rates")
IN_VINTAGES = message("Accounts of all vintages, and the KPI of accounts owned")
MOST_DOTS = 40  # in a plot; more of them nobody reads
MOST_VINTAGES = 24  # in a table; older ones become one row


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a department's people; None where nobody has one."""

    department: str
    scored: int
    without: int
    lowest: Decimal | None
    median: Decimal | None
    highest: Decimal | None


@dataclass(frozen=True, slots=True)
class Rolled:
    """Accounts that were in a bucket at the month's opening and are in another now; None: closed, or gone."""

    from_bucket: int
    to_bucket: int | None
    currency: str
    accounts: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Vintage:
    """Accounts opened in a month; `months` on book as of the business date."""

    opened: str
    currency: str
    months: int
    accounts: int
    past_due: int
    over_30: int
    over_90: int
    balance: Decimal
    overdue_at_opening: Decimal
    recovered: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """A place in a league: `best` to `worst` are those that chance leaves open."""

    grain: Grain
    entity: str
    department: str
    team: str
    actual: Decimal
    expected: Decimal | None
    low: Decimal
    high: Decimal
    n: int
    best: int
    worst: int
    is_few: bool


@dataclass(frozen=True, slots=True)
class MonthlyFacts:
    about: About
    month: str
    kpis: tuple[KpiResult, ...]
    scores: tuple[Scores, ...]
    gaps: tuple[Gap, ...]
    weights: Mapping[tuple[str, str], Decimal]
    rolled: tuple[Rolled, ...]
    vintages: tuple[Vintage, ...]
    league: tuple[Standing, ...]
    league_title: str
    tie_outs: tuple[tuple[str, Decimal, Decimal], ...]
    partners: tuple[PartnerLeague, ...] = ()


def monthly_report(facts: MonthlyFacts, language: Language, scope: Scope = Scope()) -> Report:  # noqa: B008 - frozen
    """The report in the language; that of a department or team has its own people, and no table of the whole book."""
    month = _Month(facts.about, language, scope, facts)
    gettext, whole = month.gettext, month.is_whole
    return month.report(
        "monthly",
        gettext("Monthly report"),
        audience=gettext("heads of departments and of collections, and the board"),
        cards=month.cards(),
        sections=(
            *([] if scope.grain is Grain.TEAM else [month.scores(), month.scorecards()]),
            *month.leagues(),
            *(partner_leagues(month, facts.partners) if whole else []),
            *([*month.rolls(), *month.vintages()] if whole else []),
        ),
        tie_outs=[TieOut(title, Number(here), Number(there)) for title, here, there in facts.tie_outs if whole],
        facts=[(gettext("Month"), facts.month)],
    )


@dataclass(frozen=True, slots=True)
class _Month(View):
    facts: MonthlyFacts

    def cards(self) -> Iterator[Card]:
        gettext = self.gettext
        scores = self._scores()
        if self.scope.grain is not Grain.TEAM:
            yield Card(gettext("People scored"), Number(sum(each.scored for each in scores)))
        if self.is_whole and self.facts.rolled:
            overdue = [each for each in self.facts.rolled if each.from_bucket]
            better, worse = (
                sum(each.accounts for each in overdue if _roll_tone(each.from_bucket, each.to_bucket) == tone)
                for tone in ("good", "bad")
            )
            of = sum(each.accounts for each in overdue)
            yield Card(gettext("Overdue accounts that rolled on"), percent_of(worse, of))
            yield Card(gettext("Overdue accounts that got better"), percent_of(better, of))
        told = [each for each in self._league(Grain.TEAM) if each.best == each.worst]
        yield Card(gettext("Teams with a place of their own"), Number(len(told)),
                   gettext("of %(num)s") % {"num": len(self._league(Grain.TEAM))})  # fmt: skip

    def scores(self) -> Section:
        gettext = self.gettext
        headings = (
            Heading(gettext("Department"), is_number=False),
            *(
                Heading(title)
                for title in (
                    gettext("People scored"),
                    gettext("Without a score"),
                    gettext("Lowest"),
                    gettext("Median"),
                    gettext("Highest"),
                )
            ),
        )
        rows = tuple(
            Row(
                (
                    self.department(each.department),
                    Number(each.scored),
                    Number(each.without),
                    *(Number(value, Shape.NUMBER) for value in (each.lowest, each.median, each.highest)),
                )
            )
            for each in self._scores()
        )
        rule = gettext("The scores of the month's last night; 100 is everything on target.")
        return Section("scores", gettext("Scores by department"), rule, headings, rows, gettext("Nobody is scored."))

    def scorecards(self) -> Section:
        gettext = self.gettext
        headings = (
            Heading(gettext("KPI"), is_number=False),
            Heading(gettext("Weight")),
            Heading(gettext("Actual")),
            Heading(gettext("Target")),
            Heading(gettext("Reached")),
            Heading(gettext("People short")),
        )
        rule = gettext(
            "The figure of the department as a whole beside the target that its people share. Reached is figure ÷ "
            "target, or 2 − figure ÷ target where lower is better."
        )
        nothing = gettext("No KPI has a target here: targets and scorecards are in the rule book.")
        return Section(
            "scorecards", gettext("Scorecards of departments"), rule, headings, tuple(self._card_rows()), nothing
        )

    def _card_rows(self) -> Iterator[Row]:
        found = {(each.kpi, each.entity, each.currency): each for each in self.facts.kpis
                 if each.grain is Grain.DEPARTMENT}  # fmt: skip
        before = ""
        for gap in self.facts.gaps:
            if self.scope.name not in {"", gap.department}:
                continue
            if gap.department != before:
                yield Row((self.department(gap.department),), "group")
            before = gap.department
            label, actual = self.label(gap.kpi), found.get((gap.kpi, gap.department, gap.currency))
            value = actual.value if actual else None
            yield Row(
                (
                    self.title(gap.kpi, gap.currency),
                    Number(self.facts.weights.get((gap.department, gap.kpi)), Shape.SHARE),
                    self.like(actual, value),
                    self.like(actual, gap.target),
                    _reached(value, gap.target, label),
                    gap.people_short(label, self.formats),
                )
            )

    def leagues(self) -> Iterator[Section]:
        """Teams, and of one department or team its people."""
        gettext = self.gettext
        yield self._league_section("league-teams", gettext("League of teams"), Grain.TEAM)
        if not self.is_whole:
            yield self._league_section("league-people", gettext("League of people"), Grain.EMPLOYEE)

    def _league_section(self, name: str, title: str, grain: Grain) -> Section:
        gettext = self.gettext
        rule = gettext(
            "%(what)s. Expected is what the whole book reached in the same buckets, so whoever has the harder accounts "
            "is expected less; the order is by actual ÷ expected. The interval is where the actual share lies with "
            "95 %%, given so many accounts. A place is told only as far as the intervals tell it: 2–5 means anything "
            "between. Estimates, on which nobody is paid."
        ) % {"what": self.facts.league_title}
        headings = (
            Heading(gettext("Who"), is_number=False),
            Heading(gettext("Place"), is_number=False),
            Heading(gettext("Actual")),
            Heading(gettext("Expected")),
            Heading(gettext("Actual ÷ expected")),
            Heading(gettext("Interval"), is_number=False),
            Heading(gettext("Accounts")),
            Heading(gettext("Remark"), is_number=False),
        )
        rows = tuple(self._standing(each) for each in self._league(grain))
        nothing = gettext("Nobody had an overdue account at the opening.")
        return Section(name, title, rule, headings, rows, nothing, tuple(self._intervals(title, grain)))

    def _intervals(self, title: str, grain: Grain) -> Iterator[Dots]:
        """Actual ÷ expected with its interval; who has few accounts has an empty dot."""
        known = [(each, each.expected) for each in self._league(grain) if each.expected]
        if 1 < len(known) <= MOST_DOTS:
            yield Dots(
                self.gettext("%(league)s: actual ÷ expected, with intervals") % {"league": title},
                self.gettext(
                    "For each a dot at actual ÷ expected and a line over its interval; a dot is empty where there are "
                    "few accounts. Whose interval crosses the line in the middle cannot be told from what was expected."
                ),
                tuple(
                    Dot(
                        each.entity,
                        Number(CONTEXT.divide(each.actual, expected), Shape.NUMBER),
                        low=CONTEXT.divide(each.low, expected),
                        high=CONTEXT.divide(each.high, expected),
                        is_faint=each.is_few,
                    )
                    for each, expected in known
                ),
                line=Decimal(1),
                line_title=self.gettext("as expected"),
                most=Decimal(2),
            )

    def _standing(self, each: Standing) -> Row:
        share = self.formats.share
        ratio = CONTEXT.divide(each.actual, each.expected) if each.expected else None
        return Row(
            (
                each.entity,
                str(each.best) if each.best == each.worst else f"{each.best}–{each.worst}",
                Number(each.actual, Shape.SHARE),
                Number(each.expected, Shape.SHARE),
                Number(ratio, Shape.NUMBER),
                f"{share(each.low)} – {share(each.high)}",
                Number(each.n),
                self.gettext("few accounts: no verdict") if each.is_few else "",
            )
        )

    def rolls(self) -> Iterator[Section]:
        """By accounts, and by the opening's balance in each currency."""
        gettext = self.gettext
        rule = gettext(
            "Of the accounts that were in a bucket at the end of the previous month, where they are now; below each "
            "the share of its row. Closed are also those that have left the book."
        )
        yield self._roll("roll-accounts", gettext("Roll table, accounts"), rule, "")
        for currency in sorted({each.currency for each in self.facts.rolled}):
            title = gettext("Roll table, balance, %(currency)s") % {"currency": currency}
            yield self._roll(f"roll-{currency}", title, rule, currency)

    def _roll(self, name: str, title: str, rule: str, currency: str) -> Section:
        gettext, numbers = self.gettext, self.bucket_numbers
        headings = (
            Heading(gettext("From"), is_number=False),
            *(Heading(self.bucket(number)) for number in numbers),
            Heading(gettext("Closed")),
            Heading(gettext("Total")),
        )
        rows = tuple(row for number in numbers for row in self._roll_row(number, currency))
        plots = tuple(self._where_to(title, currency))
        return Section(name, title, rule, headings, rows, self._nothing(), plots)

    def _where_to(self, title: str, currency: str) -> Iterator[Bars]:
        """Of each bucket the shares that were closed, got better, stayed and rolled on."""
        gettext = self.gettext
        rows = tuple(row for number in self.bucket_numbers for row in self._ways(number, currency))
        if rows:
            yield Bars(
                gettext("%(table)s: where each bucket went") % {"table": title},
                gettext(
                    "For each bucket of the end of last month a bar of the shares that were closed, are in a better "
                    "bucket, in the same one, and in a worse one; behind it the whole."
                ),
                (
                    Series(gettext("closed"), Tone.OPEN),
                    Series(gettext("better"), Tone.LIGHT),
                    Series(gettext("the same"), Tone.MIDDLE),
                    Series(gettext("worse"), Tone.BAD),
                ),
                rows,
                is_stacked=True,
            )

    def _ways(self, number: int, currency: str) -> Iterator[BarRow]:
        mine = [each for each in self.facts.rolled if each.from_bucket == number and currency in {"", each.currency}]
        found = {to: _sum(mine, to, currency) for to in (*self.bucket_numbers, None)}
        whole = sum(found.values(), Decimal(0))
        if whole:
            parts = (
                found[None],
                sum((found[to] for to in range(number)), Decimal(0)),
                found[number],
                sum((found[to] for to in self.bucket_numbers if to > number), Decimal(0)),
            )
            shown = Number(whole, Shape.MONEY if currency else Shape.COUNT, currency)
            yield BarRow(
                self.bucket(number), tuple(percent_of(part, whole) for part in parts), shown.text(self.formats)
            )

    def _roll_row(self, number: int, currency: str) -> Iterator[Row]:
        mine = [each for each in self.facts.rolled if each.from_bucket == number and currency in {"", each.currency}]
        found = {to: _sum(mine, to, currency) for to in (*self.bucket_numbers, None)}
        whole = sum(found.values(), Decimal(0))
        if whole:
            shape = Shape.MONEY if currency else Shape.COUNT
            cells = [
                Number(value, shape, currency, note=percent_of(value, whole).text(self.formats) if value else "",
                       tone=_roll_tone(number, to) if value else "")
                for to, value in found.items()
            ]  # fmt: skip
            yield Row((self.bucket(number), *cells, Number(whole, shape, currency)))

    def vintages(self) -> Iterator[Section]:
        gettext = self.gettext
        rule = gettext(
            "Accounts by the month in which they were opened, as the book has them now: accounts that have left it are "
            "not in it. Liquidation is what was recovered in the month, of what was overdue at its opening."
        )
        headings = (
            Heading(gettext("Opened"), is_number=False),
            Heading(gettext("Months on book"), is_number=False),
            Heading(gettext("Accounts")),
            Heading(gettext("Past due")),
            Heading(gettext("Over 30 days")),
            Heading(gettext("Over 90 days")),
            Heading(gettext("Balance")),
            Heading(gettext("Overdue at opening")),
            Heading(gettext("Recovered")),
            Heading(gettext("Liquidation")),
        )
        for currency in sorted({each.currency for each in self.facts.vintages}) or [""]:
            newest = sorted(
                (each for each in self.facts.vintages if each.currency == currency),
                key=lambda each: each.opened,
                reverse=True,
            )
            title = gettext("Vintages, %(currency)s") % {"currency": currency} if currency else gettext("Vintages")
            rows = tuple(self._vintage_rows(newest, currency))
            plots = tuple(self._by_age(newest, title))
            yield Section(f"vintages-{currency}", title, rule, headings, rows, self._nothing(), plots)

    def _by_age(self, newest: list[Vintage], title: str) -> Iterator[Lines]:
        """How much of each vintage is how late, by its months on book; of those that have a row of their own."""
        gettext = self.gettext
        shown = sorted((each for each in newest[:MOST_VINTAGES] if each.accounts), key=lambda each: each.months)
        curves = (
            (gettext("past due"), Tone.MIDDLE, [each.past_due for each in shown]),
            (gettext("over 30 days"), Tone.MAIN, [each.over_30 for each in shown]),
            (gettext("over 90 days"), Tone.OPEN, [each.over_90 for each in shown]),
        )
        if len(shown) > 1:
            yield Lines(
                gettext("%(table)s: how many are late, by age") % {"table": title},
                gettext(
                    "Three curves over the months since accounts were opened: the shares of each month's accounts that "
                    "are past due, over 30 and over 90 days late now. Each point is another vintage."
                ),
                gettext("months on book"),
                tuple(
                    Line(name, tone, tuple((each.months, percent_of(late, each.accounts))
                                           for each, late in zip(shown, counts, strict=True)), has_marks=True)
                    for name, tone, counts in curves
                ),
            )  # fmt: skip

    def _vintage_rows(self, newest: list[Vintage], currency: str) -> Iterator[Row]:
        shown = newest if len(newest) <= MOST_VINTAGES else newest[: MOST_VINTAGES - 1]
        for each in shown:
            yield _vintage(each.opened, str(each.months), [each], currency)
        older = newest[len(shown) :]
        if older:
            months = f"{older[0].months}–{older[-1].months}"
            yield _vintage(self.gettext("until %(month)s") % {"month": older[0].opened}, months, older, currency)
        if newest:
            yield _vintage(self.gettext("Total"), "", newest, currency, kind="total")

    def _nothing(self) -> str:
        return self.stopped(frozenset({"accounts"})) or self.gettext("No accounts in the book.")

    def _scores(self) -> list[Scores]:
        return [each for each in self.facts.scores if self.scope.name in {"", each.department}]

    def _league(self, grain: Grain) -> list[Standing]:
        mine = (each for each in self.facts.league if each.grain is grain)
        return [each for each in mine if self.holds(each.department, each.team)]


def _sum(rows: Iterable[Rolled], to: int | None, currency: str) -> Decimal:
    mine = [each for each in rows if each.to_bucket == to]
    return sum((each.balance if currency else Decimal(each.accounts) for each in mine), Decimal(0))


def _roll_tone(number: int, to: int | None) -> str:
    if to is None or to < number:
        return "good"
    return "bad" if to > number else ""


def _vintage(title: str, months: str, rows: list[Vintage], currency: str, kind: str = "") -> Row:
    accounts = sum(each.accounts for each in rows)
    late = [sum(counts) for counts in zip(*((each.past_due, each.over_30, each.over_90) for each in rows), strict=True)]
    money = [
        sum(amounts, Decimal(0))
        for amounts in zip(*((each.balance, each.overdue_at_opening, each.recovered) for each in rows), strict=True)
    ]
    return Row(
        (
            title,
            months,
            Number(accounts),
            *(bar_of(each, accounts) for each in late),
            *(Number(each, Shape.MONEY, currency) for each in money),
            percent_of(money[2], money[1]),
        ),
        kind,
    )


def _reached(value: Decimal | None, target: Decimal | None, label: KpiLabel) -> Number:
    share = share_reached(value, target, label)
    return Number(share, Shape.SHARE, tone="" if share is None else "good" if share >= 1 else "bad")
