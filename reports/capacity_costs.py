"""Sections of the plan of capacity on money and moves: costs, ten more hours, who could help where."""

from __future__ import annotations

from reports.capacity_view import View, headcount, text_of, words
from reports.sections import Number, Row, Section, Shape


def costs(view: View) -> Section:
    gettext = view.gettext
    rule = gettext(
        "Paid hours × what an hour costs; needed: the same for the people needed. A week has of each month's "
        "budget as many days as lie in it. In {currency}, as the strategy weighs currencies."
    ).format(currency=view.plan.currency or "?")
    headings = (
        gettext("Cost of who is there"), gettext("Cost of who is needed"), gettext("Budget"),
        gettext("Budget − needed"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                row.department,
                view.week(row.week),
                view.money(row.cost),
                view.money(row.cost_needed),
                view.money(row.budget),
                view.money(None if row.budget is None or row.cost_needed is None else row.budget - row.cost_needed),
            )
        )
        for row in view.plan.departments
    )
    title = gettext("Cost against budget")
    return view.section("costs", title, rule, (gettext("Department"), *headings), rows, is_folded=True)


def hours(view: View) -> Section:
    gettext = view.gettext
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
                view.money(each.value),
                view.money(each.low),
                view.money(each.high),
                view.money(each.by_price),
                view.money(each.cost),
            )
        )
        for each in view.facts.hours
    )
    return view.plain(
        "hours", gettext("What ten more hours would bring"), rule, (gettext("Team"), *headings), rows,
        gettext("The allocation could not be solved again."),
    )  # fmt: skip


def proposals(view: View) -> Section:
    gettext = view.gettext
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
                f"{each.department} · {each.team} → {text_of(each.work)}",
                Number(each.people),
                headcount(each.spare_before),
                headcount(each.spare_after),
                headcount(each.short_before),
                headcount(each.short_after),
                view.money(each.hours_here),
                view.money(each.hours_there),
            )
        )
        for each in view.facts.proposals
    )
    title, empty = gettext("Who could help where"), gettext("Nobody is short, or nobody can be spared who may.")
    return view.plain("proposals", title, rule, (gettext("From and to"), *headings), rows, empty)


def people_by_name(view: View) -> Section:
    gettext = view.gettext
    rule = gettext(
        "For whoever decides on postings, and nobody else. Believed is what somebody recovered beside what their "
        "accounts were expected to bring whoever works them, shrunk to their team's; with few account-months it is "
        "the team's. It says little about other accounts, and is no verdict on anybody."
    )
    headings = (gettext("Believed"), gettext("Own"), gettext("Weight"), gettext("Account-months"))
    rows = tuple(
        Row(
            (
                f"{each.employee} · {each.department} · {each.team} → {text_of(each.work)}",
                Number(each.ability.believed, Shape.NUMBER),
                Number(each.ability.own, Shape.NUMBER),
                Number(each.ability.weight, Shape.NUMBER),
                Number(each.ability.account_months, Shape.NUMBER),
                gettext("too few cases to tell") if each.ability.is_thin else "",
            )
        )
        for each in view.facts.people
    )
    return view.plain(
        "people", gettext("Proposals by name"), rule,
        (gettext("Who"), *headings, words(gettext("Remark"))), rows, "",
    )  # fmt: skip
