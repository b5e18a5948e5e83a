"""The weekly report's tables of what is overdue: where it lies, what flowed since the opening, and the pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.money import CONTEXT
from reports.gaps import share_reached
from reports.languages import message
from reports.sections import Heading, Number, Row, Section, Shape, TieOut, Value, percent_of
from reports.views import View

TITLES: Mapping[str, str] = {
    "bucket": message("Overdue by bucket"),
    "product": message("Overdue by product"),
    "region": message("Overdue by region"),
    "owner_kind": message("Overdue by kind of owner"),
    "department": message("Overdue by department"),
    "partner": message("Overdue by partner"),
}
OWNERS: Mapping[str, str] = {
    "employee": message("employees"),
    "partner": message("partners"),
    "house": message("the house"),
    "": message("nobody"),
}
_MOST_ROWS = 30  # of regions on the page


@dataclass(frozen=True, slots=True)
class Overdue:
    """One place of a dimension in one currency: overdue at the month's opening and now, and what flowed between.

    opening − went + came = now, in accounts; money is what was overdue, and what was recovered of the opening's.
    """

    dimension: str
    place: str
    currency: str
    opening: int
    went: int
    came: int
    now: int
    worse: int
    better: int
    overdue_before: Decimal
    overdue_now: Decimal
    recovered: Decimal


@dataclass(frozen=True, slots=True)
class Pace:
    """A department's KPI that builds up over the month: what it is, what is due by now, and the month's target."""

    department: str
    kpi: str
    currency: str
    value: Decimal | None
    due: Decimal
    target: Decimal


def overdue_sections(view: View, rows: Sequence[Overdue]) -> Iterator[Section]:
    """A table for each dimension of which there is something."""
    gettext = view.gettext
    rule = gettext(
        "Accounts and what is overdue on them, at the month's opening and now. Went: paid up, gone, or elsewhere now; "
        "came: newly late, or from elsewhere. Worse and better changed buckets and stayed overdue."
    )
    for dimension, title in TITLES.items():
        mine = [each for each in rows if each.dimension == dimension]
        found = [_row(view, each) for each in mine]
        totals = [_row(view, each, kind="total") for each in _totals(mine)]
        yield Section(
            f"overdue-{dimension}",
            gettext(title),
            rule if dimension == "bucket" else "",
            tuple(_headings(view)),
            (*found, *totals),
            view.stopped(frozenset({"accounts"})) or gettext("Nothing is overdue, and nothing was."),
            shown=_MOST_ROWS,
        )


def _headings(view: View) -> Iterator[Heading]:
    gettext = view.gettext
    yield Heading(gettext("Where"), is_number=False)
    yield Heading(gettext("Currency"), is_number=False)
    names = (gettext("Accounts at opening"), gettext("Went"), gettext("Came"), gettext("Now"), gettext("Worse"),
             gettext("Better"), gettext("Overdue at opening"), gettext("Overdue now"), gettext("Change"),
             gettext("Recovered ÷ overdue at opening"))  # fmt: skip
    yield from (Heading(name) for name in names)


def _row(view: View, each: Overdue, kind: str = "") -> Row:
    change = each.overdue_now - each.overdue_before
    share = CONTEXT.divide(change, each.overdue_before) if each.overdue_before else None
    recovered = percent_of(each.recovered, each.overdue_before)
    return Row(
        (
            view.gettext("Total") if kind else _where(view, each),
            each.currency,
            Number(each.opening),
            Number(each.went),
            Number(each.came),
            Number(each.now),
            Number(each.worse),
            Number(each.better),
            Number(each.overdue_before, Shape.MONEY, each.currency),
            Number(each.overdue_now, Shape.MONEY, each.currency),
            Number(share, Shape.SHARE, tone="" if not share else "bad" if share > 0 else "good", is_signed=True),
            Number(recovered.value, Shape.SHARE),
        ),
        kind,
    )


def _where(view: View, each: Overdue) -> Value:
    match each.dimension:
        case "bucket":
            return view.bucket(int(each.place))
        case "owner_kind":
            return view.gettext(OWNERS.get(each.place, each.place))
        case "department" if each.place:
            return view.department(each.place)
        case "partner" if not each.place:
            return view.gettext("no partner")
    return each.place or view.gettext("nobody")


def _totals(rows: Sequence[Overdue]) -> Iterator[Overdue]:
    """One for each currency, where there is more than one place."""
    for currency in sorted({each.currency for each in rows}):
        mine = [each for each in rows if each.currency == currency]
        if len(mine) < 2:
            continue
        counts = [sum(getattr(each, name) for each in mine) for name in _COUNTS]
        money = [sum((getattr(each, name) for each in mine), Decimal(0)) for name in _MONEY]
        yield Overdue(mine[0].dimension, "", currency, *counts, *money)


_COUNTS = ("opening", "went", "came", "now", "worse", "better")
_MONEY = ("overdue_before", "overdue_now", "recovered")


def pace_section(view: View, rows: Sequence[Pace], passed: Decimal | None) -> Section:
    """What builds up over the month, beside the part of its target that is due by now."""
    gettext = view.gettext
    rule = gettext(
        "What builds up over the month, beside the share of its target for the working days that have passed."
    )
    share = "" if passed is None else view.formats.share(passed)
    notes = (gettext("%(share)s of the month's working days have passed.") % {"share": share},) if share else ()
    found = []
    for each in rows:
        label = view.label(each.kpi)
        reached = share_reached(each.value, each.due, label)
        shape = Shape.SHARE if label.is_share else Shape.MONEY if each.currency else Shape.COUNT
        end = CONTEXT.divide(each.value, passed) if each.value is not None and passed else None
        tone = "" if reached is None else "good" if reached >= 1 else "bad"
        found.append(
            Row(
                (
                    view.department(each.department),
                    view.title(each.kpi, each.currency),
                    Number(each.value, shape, each.currency),
                    Number(each.due, shape, each.currency),
                    Number(reached, Shape.SHARE, tone=tone, bar=reached),
                    Number(end, shape, each.currency),
                    Number(each.target, shape, each.currency),
                )
            )
        )
    headings = (
        Heading(gettext("Department"), is_number=False),
        Heading(gettext("KPI"), is_number=False),
        Heading(gettext("So far")),
        Heading(gettext("Due by now")),
        Heading(gettext("Reached of what is due")),
        Heading(gettext("At this pace"), note=gettext("estimate")),
        Heading(gettext("Target of the month")),
    )
    empty = gettext("No KPI that builds up over the month has one target for a department.")
    return Section("pace", gettext("Progress against the pace"), rule, headings, tuple(found), empty, notes=notes)


def overdue_ties(view: View, rows: Sequence[Overdue], counted: Decimal | None) -> Iterator[TieOut]:
    """The accounts of each table, and those that the KPIs of buckets count; and what flowed comes to what is there."""
    gettext = view.gettext
    by = {dimension: sum(each.now for each in rows if each.dimension == dimension) for dimension in TITLES}
    if rows and counted is not None:
        yield TieOut(
            gettext("Overdue accounts by bucket, and by the KPIs of buckets"), Number(by["bucket"]), Number(counted)
        )
    if rows:
        yield TieOut(gettext("Overdue accounts by product, and by bucket"), Number(by["product"]), Number(by["bucket"]))
        flowed = sum(each.opening - each.went + each.came for each in rows)
        there = sum(each.now for each in rows)
        yield TieOut(gettext("Opening − went + came, and now, in every table"), Number(flowed), Number(there))
