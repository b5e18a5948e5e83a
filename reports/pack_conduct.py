"""How a partner behaves, in its pack: complaints, limits of the law, and whether it returns its data."""

from __future__ import annotations

from domain.actions import Action, RegisterKind
from reports.languages import message
from reports.pack_facts import Pack
from reports.sections import Day, Heading, Number, Row, Section, Value

FINDINGS = {"upheld": message("upheld"), "rejected": message("rejected"), "": message("open")}
_OF_CONDUCT = ("complaints_received", "upheld_complaints", "open_complaints", "complaint_rate", "answered_in_time")


def complaints(pack: Pack) -> Section:
    """Those that came in this month, and older ones that are still open; the debtor is nobody's business here."""
    gettext = pack.gettext
    mine = [each for each in pack.facts.actions if each.kind is RegisterKind.COMPLAINT and _counts(pack, each)]
    headings = (
        Heading(gettext("Complaint"), is_number=False),
        Heading(gettext("Type"), is_number=False),
        Heading(gettext("Received"), is_number=False),
        Heading(gettext("Due"), is_number=False),
        Heading(gettext("Finding"), is_number=False),
        Heading(gettext("Closed"), is_number=False),
    )
    rows = tuple(Row(_complaint_cells(pack, each)) for each in mine)
    rule = gettext("Received in the month, or open since before; an upheld one counts in scores and pay.")
    figures = [f"{pack.title(kpi)}: {pack.number(kpi).text(pack.formats)}" for kpi in _OF_CONDUCT if pack.result(kpi)]
    notes = (" · ".join(figures),) if figures else ()
    return Section("complaints", gettext("Complaints"), rule, headings, rows, gettext("None."), notes=notes, shown=20)


def _counts(pack: Pack, action: Action) -> bool:
    received = action.opened.counted_from or action.opened.opened_on
    return pack.is_of_month(received) or (received < pack.facts.period.start and pack.was_open(action))


def _complaint_cells(pack: Pack, action: Action) -> tuple[Value, ...]:
    opened = action.opened
    finding = "" if pack.was_open(action) else action.code
    late = f", {pack.gettext('overdue')}" if pack.was_open(action) and action.deadline < pack.facts.as_of else ""
    return (
        opened.key if opened.source == "complaint" else action.action_id,
        opened.code,
        Day(opened.counted_from or opened.opened_on),
        Day(action.deadline),
        f"{pack.gettext(FINDINGS.get(finding, finding))}{late}",
        Day(action.closed_on if finding else None),
    )


def compliance(pack: Pack) -> Section:
    """Contacts that break a limit, by limit."""
    gettext, broken = pack.gettext, pack.facts.broken
    headings = (
        Heading(gettext("Limit"), is_number=False),
        Heading(gettext("Severity"), is_number=False),
        Heading(gettext("Contacts")),
        Heading(gettext("Accounts")),
    )
    rows = tuple(
        Row(
            (
                each.title,
                gettext("law") if each.is_hard else gettext("advice"),
                Number(each.contacts, tone="bad" if each.is_hard else ""),
                Number(each.accounts),
            )
        )
        for each in broken or ()
    )
    calls, unlawful = pack.number("calls_made"), pack.number("unlawful_contacts")
    notes = (
        gettext("%(calls)s calls in the month, %(unlawful)s contacts against the law.")
        % {"calls": calls.text(pack.formats), "unlawful": unlawful.text(pack.formats)},
    )
    rule = gettext("Contacts of the month that break a limit, each held against the law where the debtor lives.")
    empty = gettext("No contact broke a limit.") if broken is not None else gettext("Contacts were not judged.")
    return Section("compliance", gettext("Limits of the law"), rule, headings, rows, empty, notes=notes)


def data_returned(pack: Pack) -> Section:
    """Files that were handed to the partner in the month, and what it answered to their lines."""
    gettext = pack.gettext
    headings = (
        Heading(gettext("File"), is_number=False),
        Heading(gettext("Day"), is_number=False),
        Heading(gettext("Kind"), is_number=False),
        Heading(gettext("Lines")),
        Heading(gettext("Accepted")),
        Heading(gettext("Rejected")),
        Heading(gettext("No answer")),
    )
    rows = tuple(
        Row(
            (
                each.file,
                Day(each.day),
                gettext(_KINDS.get(each.kind, each.kind)),
                Number(each.lines),
                Number(each.accepted),
                Number(each.rejected, tone="bad" if each.rejected else ""),
                Number(each.unanswered, tone="bad" if each.unanswered else ""),
            )
        )
        for each in pack.facts.files
    )
    rule = gettext("Files of placements and recalls of the month, line by line as the partner acknowledged them.")
    empty = gettext("No file was handed to it in the month.")
    return Section("data", gettext("Data returned"), rule, headings, rows, empty)


_KINDS = {"placement": message("placement"), "recall": message("recall")}
