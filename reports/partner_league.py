"""Partners side by side in the monthly report: a rate raw and like for like, with what chance leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.league import Standing
from reports.pack_figures import VERDICTS
from reports.plots import Dot, Dots
from reports.sections import Heading, Number, Row, Section, Shape
from reports.views import View


@dataclass(frozen=True, slots=True)
class PartnerLeague:
    """Of one rate in one currency; `rate` is that of all together on what is alike."""

    kpi: str
    title: str
    currency: str
    strata: tuple[str, ...]
    rate: Decimal | None
    standings: tuple[Standing, ...]


def partner_leagues(view: View, leagues: Sequence[PartnerLeague]) -> Iterator[Section]:
    """A table for each; one that says so where there is none."""
    gettext = view.gettext
    for each in leagues:
        rule = gettext(
            "%(title)s. Raw is what the accounts happened to bring; like for like is the rate on the common mix of "
            "%(strata)s. Actual ÷ expected holds each beside what all together bring on its own accounts. Where the "
            "interval holds 1, nobody can tell it from chance, and a place says nothing."
        ) % {"title": each.title, "strata": ", ".join(each.strata)}
        yield Section(
            f"league-partners-{each.kpi}-{each.currency}",
            _title(view, each),
            rule,
            tuple(_headings(view)),
            tuple(_row(view, standing) for standing in each.standings),
            gettext("No partner has an account."),
            tuple(_dots(view, each)),
        )
    if not leagues:
        nothing = gettext("No league: nobody to be compared with, or its figures are halted.")
        yield Section("league-partners", gettext("League of partners"), "", tuple(_headings(view)), (), nothing)


def _title(view: View, league: PartnerLeague) -> str:
    title = view.gettext("League of partners")
    return f"{title}, {league.currency}" if league.currency else title


def _headings(view: View) -> Iterator[Heading]:
    gettext = view.gettext
    yield Heading(gettext("Partner"), is_number=False)
    names = (gettext("Place"), gettext("Cases"), gettext("Raw"), gettext("On the common mix"))
    yield from (Heading(name) for name in names)
    yield Heading(gettext("Actual ÷ expected"), note=gettext("estimate"))
    yield Heading(gettext("95 % interval"), is_number=False)
    yield Heading(gettext("Verdict"), is_number=False)


def _row(view: View, each: Standing) -> Row:
    short = view.formats.short
    span = f"{short(each.low)} – {short(each.high)}" if each.low is not None and each.high is not None else "–"
    raw_place = view.gettext("raw: %(place)s") % {"place": each.raw_rank} if each.raw_rank else ""
    return Row(
        (
            each.entity,
            Number(each.rank, note=raw_place),
            Number(each.cases),
            Number(each.raw, Shape.SHARE),
            Number(each.standardised, Shape.SHARE),
            Number(each.ratio, Shape.NUMBER, tone={"better": "good", "worse": "bad"}.get(each.verdict.value, "")),
            span,
            view.gettext(VERDICTS[each.verdict]),
        )
    )


def _dots(view: View, league: PartnerLeague) -> Iterator[Dots]:
    known = [each for each in league.standings if each.ratio is not None]
    if len(known) > 1:
        gettext = view.gettext
        yield Dots(
            gettext("Actual ÷ expected, with what chance leaves open"),
            gettext("A dot for each partner, with its interval, beside a line at 1: as all together on such accounts."),
            tuple(
                Dot(each.entity, Number(each.ratio, Shape.NUMBER), each.low, each.high, is_faint=not each.tells_apart)
                for each in known
            ),
            Decimal(1),
            gettext("as the others"),
        )
