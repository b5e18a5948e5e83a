"""The plan of capacity as a report: terminal, page, workbook and JSON show the same. All figures are estimates."""

from __future__ import annotations

from collections.abc import Iterator

from allocation.capacity.plan import DepartmentWeek
from reports.capacity_basis import asked, back_tests, basis, rates, rolls
from reports.capacity_costs import costs, hours, people_by_name, proposals
from reports.capacity_facts import CapacityFacts, Gap, Notice
from reports.capacity_needs import departments, stock, teams, works
from reports.capacity_view import View, headcount, total
from reports.languages import Language
from reports.sections import Card, Report, Section


def capacity_report(facts: CapacityFacts, language: Language = Language.ENGLISH) -> Report:
    """First what is needed and missing, then what could be done, then what it is made of."""
    view = View(facts, language)
    gettext = view.gettext
    return Report(
        name="capacity",
        title=gettext("Capacity: people needed in the weeks ahead"),
        business_date=facts.as_of,
        scope="",
        owner=gettext("head of operations"),
        audience=gettext("heads of operations; proposals by name only for whoever decides on postings"),
        runs=facts.runs,
        cards=tuple(_cards(view)),
        sections=tuple(_sections(view)),
        warnings=tuple(_notice(view, each) for each in facts.notices),
        book_label=facts.book_label,
        facts=(
            (gettext("Weeks ahead"), str(len(facts.plan.starts))),
            (gettext("Weeks looked back on"), f"{facts.weeks_seen} / {facts.lookback_weeks}"),
            (gettext("Strategy"), facts.strategy),
            (gettext("Plan"), facts.digest[:12]),
        ),
    )


def _cards(view: View) -> Iterator[Card]:
    gettext = view.gettext
    first, last = (_of_week(view, week) for week in (1, len(view.plan.starts)))
    ahead = gettext("in week {week}").format(week=len(view.plan.starts))
    yield Card(gettext("People there next week"), headcount(total(first, lambda row: row.people)))
    yield Card(gettext("People needed next week"), headcount(total(first, lambda row: row.needed)))
    yield Card(gettext("Short next week"), headcount(total(first, lambda row: row.short)))
    yield Card(gettext("Over next week"), headcount(total(first, lambda row: row.over)))
    yield Card(gettext("Short"), headcount(total(last, lambda row: row.short)), ahead)


def _of_week(view: View, week: int) -> tuple[DepartmentWeek, ...]:
    return tuple(row for row in view.plan.departments if row.week == week)


def _sections(view: View) -> Iterator[Section]:
    yield departments(view)
    yield teams(view)
    yield works(view)
    yield costs(view)
    yield hours(view)
    yield proposals(view)
    if view.facts.people:
        yield people_by_name(view)
    yield stock(
        view,
        "segments",
        view.gettext("Accounts by segment"),
        view.plan.segments,
        view.gettext("Segment, or why it is not worked"),
    )
    yield stock(
        view,
        "buckets",
        view.gettext("Accounts by days past due"),
        view.plan.buckets,
        view.gettext("Days past due"),
        is_folded=True,
    )
    yield back_tests(view)
    yield asked(view)
    yield rolls(view)
    yield basis(view)
    if view.facts.rates:
        yield rates(view)


def _notice(view: View, notice: Notice) -> str:
    gettext = view.gettext
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
