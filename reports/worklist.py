"""Work lists as CSV and workbook: one row for each account, in the order in which it is to be worked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from domain.planned import ActionKind
from domain.worklists import BestTime, MayContact, NextAction, Promised, Why, WorkItem
from reports.cells import Book, Cell, Column, Money
from reports.csv_files import Value, csv_text
from reports.languages import Language, message, words_of

TITLE = message("Work list of %(name)s, %(day)s")

WHY: Mapping[Why, str] = {
    Why.BROKEN_PROMISE: message("A promise was broken"),
    Why.PROMISE_DUE: message("A promise is due today"),
    Why.LAST_DAY: message("Last day of the action"),
    Why.ACTION: message("The plan asks for it"),
    Why.VALUE: message("By what a minute is expected to bring"),
    Why.OPEN_PROMISE: message("A promise is open: wait for it"),
    Why.NOT_TODAY: message("Not today: the law"),
}

KINDS: Mapping[str, str] = {
    ActionKind.CALL: message("call"),
    ActionKind.MESSAGE: message("message"),
    ActionKind.LETTER: message("letter"),
    ActionKind.VISIT: message("visit"),
    ActionKind.CASE: message("case"),
}


@dataclass(frozen=True, slots=True)
class ListPage:
    """A list as it is handed out; `owners` says whose each row is, on a leader's, and `persons` whether names and
    addresses are on it: on a field collector's own list alone."""

    title: str
    label: str
    items: tuple[WorkItem, ...]
    owners: bool
    persons: bool
    language: Language


def write_worklist_csv(page: ListPage, path: Path) -> None:
    titles = [column.title for column in _columns(page)]
    path.write_text(csv_text(titles, _csv_rows(page), for_excel=True), encoding="utf-8", newline="")


def write_worklist_workbook(page: ListPage, path: Path) -> None:
    with Book(path, title=page.title, label=page.label) as book:
        book.sheet(words_of(page.language).gettext("Work list"), _columns(page), list(_rows(page)), fixed=2)


def _csv_rows(page: ListPage) -> Iterator[Sequence[Value]]:
    for row in _rows(page):
        yield [cell.amount if isinstance(cell, Money) else cell for cell in row]  # type: ignore[misc]


def _columns(page: ListPage) -> tuple[Column, ...]:
    _ = words_of(page.language).gettext
    return (
        Column(_("No."), 6, is_number=True),
        Column(_("Account"), 14, grows=True),
        *((Column(_("Collector"), 12, grows=True),) if page.owners else ()),
        *((Column(_("Name"), 24, grows=True), Column(_("Address"), 36, grows=True)) if page.persons else ()),
        Column(_("Region"), 12, grows=True),
        Column(_("Branch"), 10, grows=True),
        Column(_("Why here"), 26, grows=True),
        Column(_("Next action"), 24, grows=True),
        Column(_("By"), 12),
        Column(_("Promise"), 26, grows=True),
        Column(_("May be contacted"), 34, grows=True),
        Column(_("Best time"), 26, grows=True),
        Column(_("Overdue"), 16, is_number=True),
        Column(_("Currency"), 10),
        Column(_("Days past due"), 10, is_number=True),
        Column(_("Product"), 14, grows=True),
        Column(_("Language"), 10),
        Column(_("Segment"), 14, grows=True),
        Column(_("Decided by"), 20, grows=True),
        Column(_("Debtor"), 14, grows=True),
    )


def _rows(page: ListPage) -> Iterator[list[Cell]]:
    for number, item in enumerate(page.items, start=1):
        action = item.action
        yield [
            number,
            item.account_id,
            *([item.employee_id] if page.owners else []),
            *([item.name, item.address] if page.persons else []),
            item.region,
            item.branch_id,
            why_text(item.why, page.language),
            action_text(action, page.language),
            action.due_by.isoformat() if action else "",
            promise_text(item.promise, page.language),
            may_text(item.may, page.language),
            best_text(item.best, page.language),
            Money(item.overdue_amount, item.currency),
            item.currency,
            item.days_past_due,
            item.product,
            item.language,
            item.segment,
            item.decided,
            item.debtor_id,
        ]


def why_text(why: Why, language: Language) -> str:
    return words_of(language).gettext(WHY[why])


def action_text(action: NextAction | None, language: Language) -> str:
    if action is None:
        return ""
    _ = words_of(language).gettext
    said = f"{action.titles.get(language.value, action.title)} ({_(KINDS[action.kind])})"
    return f"{said}, " + _("%(number)s more") % {"number": action.more} if action.more else said


def promise_text(promise: Promised | None, language: Language) -> str:
    if promise is None:
        return ""
    _ = words_of(language).gettext
    values = {"amount": _amount(promise.amount), "currency": promise.currency, "day": promise.due_on.isoformat()}
    if promise.is_broken:
        return _("%(amount)s %(currency)s broken on %(day)s") % values
    return _("%(amount)s %(currency)s due on %(day)s") % values


def may_text(may: MayContact, language: Language) -> str:
    """Hours of the debtor's clock, and how many contacts are left; why not, where it is forbidden."""
    _ = words_of(language).gettext
    said = [_("no contact: %(why)s") % {"why": "; ".join(may.blocked)}] if may.blocked else []
    if not may.blocked:
        said.append(f"{may.starts}–{may.ends}")
    for left, count, days in may.left:
        values = {"left": left, "count": count, "days": days}
        one = _("%(left)s of %(count)s left today") if days == 1 else _("%(left)s of %(count)s left in %(days)s days")
        said.append(one % values)
    said += may.also
    if not may.digital:
        said.append(_("no digital contact"))
    return "; ".join(said)


def best_text(best: BestTime | None, language: Language) -> str:
    """Nothing where no hour stands out; else the hour, what is behind it, and how sure it is."""
    if best is None:
        return ""
    _ = words_of(language).gettext
    hours = f"{best.hour:02}:00–{best.hour + 1:02}:00"
    sure = _("sure") if best.is_sure else _("likely")
    said = _("as for others")
    if best.is_own:
        said = _("reached %(reached)s of %(calls)s") % {"reached": best.reached, "calls": best.calls}
    return f"{hours}, {said} ({sure})"


def screen_rows(items: Iterable[WorkItem], language: Language) -> list[dict[str, object]]:
    """The most needed columns, for the terminal."""
    return [
        {
            "no.": number,
            "account": item.account_id,
            "why": why_text(item.why, language),
            "next action": action_text(item.action, language),
            "by": item.action.due_by.isoformat() if item.action else "",
            "may be contacted": may_text(item.may, language),
            "best time": best_text(item.best, language),
            "overdue": f"{item.overdue_amount:,.0f} {item.currency}",
        }
        for number, item in enumerate(items, start=1)
    ]


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}".removesuffix(".00")
