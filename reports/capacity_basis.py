"""Sections of the plan of capacity on what it rests on: forecasts that came due, hours, rolls, rates."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.capacity.demand import Handling
from allocation.capacity.money import HourCost
from allocation.capacity.supply import Leaving
from reports.capacity_view import View, words
from reports.sections import Number, Row, Section, Shape


def back_tests(view: View) -> Section:
    gettext = view.gettext
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
                view.ahead(each.steps),
                Number(each.cases),
                Number(each.off, Shape.SHARE),
                Number(each.unmoved, Shape.SHARE),
                Number(each.within),
            )
        )
        for each in view.facts.back_tests
    )
    empty = gettext("Too few weeks lie before this one to forecast any of them from those before it.")
    return replace(
        view.section("back_tests", gettext("Was it right?"), rule, (gettext("Segment"), *headings), rows),
        empty=empty,
    )


def asked(view: View) -> Section:
    gettext = view.gettext
    rule = gettext("Accounts × the house's share × minutes of an account in the week ÷ 60 = hours.")
    headings = (gettext("Accounts"), gettext("House's share"), gettext("Minutes of an account"), gettext("Hours"))
    rows = tuple(
        Row(
            (
                f"{row.segment} · {row.jurisdiction} · {row.channel}",
                view.week(row.week),
                Number(row.accounts, Shape.NUMBER),
                Number(row.house_share, Shape.SHARE),
                Number(row.minutes, Shape.NUMBER),
                Number(row.hours, Shape.NUMBER),
            )
        )
        for row in view.plan.asked
    )
    title = gettext("How the hours are reckoned")
    return view.section("asked", title, rule, (gettext("Segment"), *headings), rows, is_folded=True)


def rolls(view: View) -> Section:
    gettext = view.gettext
    rule = gettext(
        "Of the accounts in a segment, how many were where a week later, over the weeks looked back on; the "
        "interval is of 95 %, by chance alone. The forecast goes by finer states, and by country and product where "
        "these differ."
    )
    headings = (
        words(gettext("A week later")),
        gettext("Accounts"),
        gettext("Of"),
        gettext("Share"),
        words(gettext("Interval")),
    )
    rows = tuple(
        Row(
            (
                row.segment,
                row.to or gettext("out of the book"),
                Number(row.went),
                Number(row.seen),
                Number(row.share, Shape.SHARE),
                f"{view.formats.share(row.low)} – {view.formats.share(row.high)}",
            )
        )
        for row in view.facts.rolls
    )
    section = view.plain(
        "rolls", gettext("Roll rates of a week"), rule, (gettext("Segment"), *headings), rows,
        gettext("No two nights lie a week apart."),
    )  # fmt: skip
    return replace(section, is_folded=True)


def basis(view: View) -> Section:
    gettext = view.gettext
    rows = (
        *(Row((gettext("Minutes of an account"), each.segment, _handling(view, each))) for each in view.facts.handling),
        *(Row((gettext("Expected leavers"), each.department, _leaving(view, each))) for each in view.facts.leaving),
        *(Row((gettext("Cost of an hour"), each.department, _cost(view, each.cost))) for each in view.facts.hour_costs),
    )
    rows += tuple(
        Row((gettext("Working days of the weeks"), name, ", ".join(map(str, days))))
        for name, days in view.facts.working_days
    )
    headings = tuple(map(words, (gettext("What"), gettext("Of"), gettext("Reckoned from"))))
    return Section("basis", gettext("What it rests on"), "", headings, rows, gettext("Nothing."), is_folded=True)


def rates(view: View) -> Section:
    gettext = view.gettext
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
        for row in view.facts.rates
    )
    columns = (gettext("Country and product"), words(gettext("State")), words(gettext("A week later")), *titles)
    return view.plain("rates", gettext("Rates one by one"), rule, columns, rows, "")


def _handling(view: View, one: Handling) -> str:
    week = view.formats.short(Decimal(one.minutes.numerator) / Decimal(one.minutes.denominator))
    if not one.actions:
        text = view.gettext("{week} minutes a week = {month} minutes a month × 7 ÷ 30")
        return text.format(week=week, month=one.month_minutes)
    parts = (f"{number} × {minutes} ({kind})" for kind, number, minutes in one.actions)
    return view.gettext("{week} minutes a week = actions a week × minutes of one: {parts}").format(
        week=week, parts=" + ".join(parts)
    )


def _leaving(view: View, one: Leaving) -> str:
    text = view.gettext(
        "{rate} a year: {leavers} leavers in {years} person-years with the weight {weight}, and the house's {house}"
    )
    number = view.formats.short
    return text.format(
        rate=number(one.rate),
        leavers=one.leavers,
        years=number(one.years),
        weight=number(one.weight),
        house=number(one.house),
    )


def _cost(view: View, one: HourCost) -> str:
    amount = view.money(one.amount).text(view.formats)
    if one.spent is None:
        return view.gettext("{amount} as stated from {day} on").format(amount=amount, day=one.stated_from)
    text = view.gettext("{amount} = costs of {month}, {spent} ÷ {minutes} minutes × 60")
    spent, minutes = view.money(one.spent).text(view.formats), view.formats.count(one.minutes or 0)
    return text.format(amount=amount, month=one.month, spent=spent, minutes=minutes)
