"""Sections of the plan of capacity on people and accounts: by department, team, skill, segment and bucket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from allocation.capacity.plan import DepartmentWeek, StockWeek, TeamWeek
from reports.capacity_view import View, headcount, named, whole, words
from reports.plots import Band, Line, Lines, Tone
from reports.sections import Name, Number, Row, Section

MOST_PLOTS = 12


def departments(view: View) -> Section:
    gettext = view.gettext
    rule = gettext(
        "Needed by minutes: the minutes that accounts ask ÷ those that people have for them. Needed by limit: "
        "accounts ÷ accounts that one may own, where the strategy counts accounts. The larger of both is needed, "
        "and in four of five weeks it lies in the interval. Short and over together: skills keep the ones from "
        "helping the others."
    )
    headings = (
        gettext("Accounts"), gettext("People there"), gettext("By minutes"), gettext("By limit"),
        gettext("People needed"), words(gettext("Interval")), gettext("Short"), gettext("Over"),
    )  # fmt: skip
    rows = tuple(
        Row(
            (
                row.department,
                view.week(row.week),
                whole(row.accounts),
                headcount(row.people),
                headcount(row.by_minutes),
                headcount(row.by_limit),
                headcount(row.needed),
                view.interval(row.low, row.high),
                headcount(row.short, "bad" if row.short >= 1 else ""),
                headcount(row.over),
            )
        )
        for row in view.plan.departments
    )
    title = gettext("People needed by department")
    return view.section("departments", title, rule, (gettext("Department"), *headings), rows, _needs(view))


def _needs(view: View) -> tuple[Lines, ...]:
    gettext = view.gettext
    departments = dict.fromkeys(row.department for row in view.plan.departments)
    title = gettext("people needed and there")
    return tuple(
        Lines(
            f"{name}: {title}",
            gettext("The dark line is how many people are needed, the band its interval; the light one who is there."),
            gettext("Week"),
            (
                Line(gettext("People needed"), Tone.MAIN, _points(view, name, lambda row: row.needed), has_marks=True),
                Line(gettext("People there"), Tone.MIDDLE, _points(view, name, lambda row: row.people)),
            ),
            Band(
                gettext("Interval"),
                tuple(
                    (row.week, headcount(row.low), headcount(row.high))
                    for row in view.plan.departments
                    if row.department == name
                ),
            ),
        )
        for name in list(departments)[:MOST_PLOTS]
    )


def _points(view: View, department: str, value: Callable[[DepartmentWeek], Decimal]) -> tuple[tuple[int, Number], ...]:
    return tuple((row.week, headcount(value(row))) for row in view.plan.departments if row.department == department)


def works(view: View) -> Section:
    gettext = view.gettext
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
                named(row.work),
                view.week(row.week),
                whole(row.accounts),
                whole(row.hours_asked),
                whole(row.hours_short),
                whole(row.accounts_short),
                headcount(row.people_short, "bad" if (row.people_short or 0) >= 1 else ""),
                nobody if row.nobody_may else "",
            )
        )
        for row in sorted(view.plan.works, key=lambda row: (row.work, row.week))
    )
    columns = (gettext("Work"), *headings, words(gettext("Remark")))
    return view.section("skills", gettext("Work by skill"), rule, columns, rows, is_folded=True)


def teams(view: View) -> Section:
    gettext = view.gettext
    rule = gettext(
        "Rostered − expected leavers − away − not carried by joiners yet, × {share} of the time for accounts = "
        "hours there. People needed = people × hours asked ÷ hours there, or × accounts ÷ accounts at most."
    ).format(share=view.formats.share(view.facts.productive_share))
    headings = (
        gettext("People there"), gettext("Hours rostered"), gettext("Leavers"), gettext("Away"),
        gettext("Not carried"), gettext("Hours there"), gettext("Hours asked"), gettext("Accounts at most"),
        gettext("By minutes"), gettext("By limit"), gettext("People needed"), gettext("Short (+) or over (−)"),
    )  # fmt: skip
    rows = tuple(
        _team(view, row)
        for row in sorted(view.plan.teams, key=lambda row: (row.department, row.team, row.jurisdiction, row.week))
    )
    return view.section(
        "teams", gettext("People needed by team"), rule, (gettext("Team"), *headings), rows, is_folded=True
    )


def _team(view: View, row: TeamWeek) -> Row:
    return Row(
        (
            Name(f"{row.department} · {row.team} · {row.jurisdiction}"),
            view.week(row.week),
            headcount(row.people),
            *(
                whole(each)
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
            headcount(row.by_minutes),
            headcount(row.by_limit),
            headcount(row.needed),
            replace(headcount(row.short), is_signed=True),
        )
    )


def stock(
    view: View, name: str, title: str, rows: Sequence[StockWeek], first: str, *, is_folded: bool = False
) -> Section:
    gettext = view.gettext
    rule = gettext(
        "At the start + new in the book + come from elsewhere − gone elsewhere − left the book = at the end. Four "
        "of five weeks are to end within the interval. Pay days, Tết and campaigns are not in it: weeks are taken "
        "to be alike."
    )
    headings = (
        gettext("At the start"), gettext("New"), gettext("Come"), gettext("Gone"), gettext("Left"),
        gettext("At the end"), words(gettext("Interval")),
    )  # fmt: skip
    told = tuple(
        Row(
            (
                row.name,
                view.week(row.week),
                *(whole(each) for each in (row.at_start, row.new, row.came, row.went, row.left, row.at_end)),
                view.interval(row.low, row.high, 0),
            )
        )
        for row in rows
    )
    return view.section(name, title, rule, (first, *headings), told, _books(view, rows), is_folded=is_folded)


def _books(view: View, rows: Sequence[StockWeek]) -> tuple[Lines, ...]:
    """Of what is worked: reasons why accounts are not are in the table alone."""
    gettext = view.gettext
    names = [name for name in dict.fromkeys(row.name for row in rows) if ":" not in name]
    title = gettext("accounts at the end of the week")
    return tuple(
        Lines(
            f"{name}: {title}",
            gettext("The line is the forecast, the band its interval."),
            gettext("Week"),
            (Line(gettext("Accounts"), Tone.MAIN, tuple((row.week, whole(row.at_end)) for row in mine)),),
            Band(gettext("Interval"), tuple((row.week, whole(row.low), whole(row.high)) for row in mine)),
        )
        for name in names[:MOST_PLOTS]
        if (mine := [row for row in rows if row.name == name])
    )
