"""What a fairness band would make of a night: spread and cost for several bands, as terminal, page and JSON show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.ids import RunId
from domain.money import MINOR_DIGITS, Rounding, round_to
from reports.formats import Formats
from reports.languages import Language, words_of
from reports.plots import Dot, Dots, Line, Lines, Plot, Tone
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape

_HUNDRED = Decimal(100)
_WIDEST = Decimal(3)  # multiples of the mean that the plot has room for


@dataclass(frozen=True, slots=True)
class FairBand:
    """A band as a share of the mean (None: without one), the value in the comparison currency, and shares of the value
    without one: what this allocation gives up, and what any would that keeps the band as well.

    `lowest` and `highest` are over all members beside their team's mean; `outside` is how many lie outside the band.
    """

    band: Decimal | None
    value: Decimal
    cost: Decimal
    cost_at_least: Decimal
    lowest: Decimal
    highest: Decimal
    outside: int


@dataclass(frozen=True, slots=True)
class FairTeam:
    """A team as the night stands without a band: expected value for one of capacity on average (`mean`, in the
    comparison currency), and the lowest and the highest member beside it."""

    team: str
    members: int
    mean: Decimal
    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True)
class FairnessOfNight:
    """All estimates. `in_force` is the band that the night's strategy has."""

    night: date
    run: RunId
    strategy: str
    currency: str
    by_minutes: bool
    in_force: Decimal | None
    bands: tuple[FairBand, ...]
    teams: tuple[FairTeam, ...]
    book_label: str = ""


def fairness_report(found: FairnessOfNight, language: Language = Language.ENGLISH) -> Report:
    view = _View(found, language)
    gettext = view.gettext
    return Report(
        name="fairness",
        title=gettext("Fairness inside teams: spread and cost"),
        business_date=found.night,
        scope="",
        owner=gettext("whoever answers for the strategy"),
        audience=gettext("heads of collections and HR"),
        runs=(found.run,),
        cards=tuple(view.cards()),
        sections=(view.bands(), view.teams()),
        book_label=found.book_label,
        facts=((gettext("Strategy"), found.strategy), (gettext("Band in force"), view.name(found.in_force))),
    )


@dataclass(frozen=True, slots=True)
class _View:
    found: FairnessOfNight
    language: Language

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    def cards(self) -> Iterator[Card]:
        gettext, without = self.gettext, self.found.bands[0]
        yield Card(gettext("Lowest beside its team's mean, without a band"), Number(without.lowest, Shape.NUMBER))
        yield Card(gettext("Highest beside its team's mean, without a band"), Number(without.highest, Shape.NUMBER))

    def bands(self) -> Section:
        gettext = self.gettext
        per = gettext("minute of capacity") if self.found.by_minutes else gettext("account of capacity")
        rule = gettext(
            "The night solved again with each band. Members of a team are held beside its mean by expected value for "
            "each %(per)s, whoever works the accounts. The cost is what is given up of the value without a band; at "
            "least: by any allocation that keeps the band as well, from the proven bound. Estimates."
        ) % {"per": per}
        names = (
            gettext("Value (estimate)"), gettext("Cost"), gettext("Cost at least"), gettext("Lowest"),
            gettext("Highest"), gettext("Outside the band"),
        )  # fmt: skip
        return Section(
            "bands",
            gettext("What each band costs"),
            rule,
            (Heading(gettext("Band"), is_number=False), *(Heading(name) for name in names)),
            tuple(self._row(band) for band in self.found.bands),
            gettext("Nobody is compared: no team has two members with capacity."),
            tuple(self._plots()),
        )

    def _row(self, band: FairBand) -> Row:
        digits = MINOR_DIGITS.get(self.found.currency, 2)
        value = round_to(band.value, digits, Rounding.HALF_EVEN)
        return Row(
            (
                self.name(band.band),
                Number(value, Shape.MONEY, self.found.currency),
                Number(band.cost, Shape.SHARE),
                Number(band.cost_at_least, Shape.SHARE),
                Number(band.lowest, Shape.NUMBER),
                Number(band.highest, Shape.NUMBER),
                Number(band.outside if band.band is not None else None),
            )
        )

    def name(self, band: Decimal | None) -> str:
        if band is None:
            return self.gettext("none")
        formats = Formats(self.language)
        return f"± {formats.share(band) if band * _HUNDRED % 1 else formats.percent(band)}"

    def teams(self) -> Section:
        gettext = self.gettext
        names = (gettext("Members"), gettext("Mean (estimate)"), gettext("Lowest"), gettext("Highest"))
        return Section(
            "teams",
            gettext("Teams without a band"),
            gettext("The mean is expected value for each one of capacity; the members stand beside it, which is 1."),
            (Heading(gettext("Team"), is_number=False), *(Heading(name) for name in names)),
            tuple(
                Row(
                    (
                        team.team,
                        Number(team.members),
                        Number(team.mean, Shape.NUMBER),
                        Number(team.lowest, Shape.NUMBER),
                        Number(team.highest, Shape.NUMBER),
                    )
                )
                for team in self.found.teams
            ),
            gettext("Nobody is compared: no team has two members with capacity."),
        )

    def _plots(self) -> Iterator[Plot]:
        gettext = self.gettext
        banded = sorted((band for band in self.found.bands if band.band is not None), key=lambda one: one.band or 0)
        if len(banded) > 1:
            yield Lines(
                gettext("Cost of fairness"),
                gettext("By the width of the band: the share of the value that this allocation gives up, and below it, "
                        "broken, what any allocation in the band gives up."),
                "± %",
                (
                    Line(gettext("Cost in %"), Tone.MAIN, tuple(
                        (_percents(one), Number(one.cost * _HUNDRED, Shape.NUMBER)) for one in banded), has_marks=True),
                    Line(gettext("Cost at least in %"), Tone.MIDDLE, tuple(
                        (_percents(one), Number(one.cost_at_least * _HUNDRED, Shape.NUMBER)) for one in banded),
                        is_broken=True),
                ),
            )  # fmt: skip
        yield Dots(
            gettext("Spread inside teams"),
            gettext("For each band a line from the lowest to the highest member, beside the team's mean, and a dot at "
                    "the highest."),
            tuple(
                Dot(self.name(one.band), Number(one.highest, Shape.NUMBER), low=one.lowest, high=one.highest,
                    text=f"{one.lowest:.2f} – {one.highest:.2f}")
                for one in self.found.bands
            ),
            line=Decimal(1),
            line_title=gettext("mean of the team"),
            most=_WIDEST,
        )  # fmt: skip


def _percents(band: FairBand) -> int:
    return int((band.band or Decimal(0)) * _HUNDRED)
