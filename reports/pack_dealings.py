"""What is between the house and a partner, in its pack: settlement, fees, signals, actions, and who signs."""

from __future__ import annotations

from domain.actions import Action, Phase, RegisterKind
from reports.languages import message
from reports.pack_facts import Pack
from reports.sections import Day, Heading, Name, Number, Row, Section, Shape

KINDS = {
    RegisterKind.COMPLAINT: message("complaint"),
    RegisterKind.FEEDBACK: message("feedback"),
    RegisterKind.FRAUD: message("fraud"),
    RegisterKind.RISK: message("risk"),
    RegisterKind.RECTIFICATION: message("rectification"),
    RegisterKind.COACHING: message("coaching"),
    RegisterKind.SIGNAL: message("integrity signal"),
    RegisterKind.DISPUTE: message("dispute"),
    RegisterKind.CORRECTION: message("correction"),
    RegisterKind.OTHER: message("other"),
}
PHASES = {
    Phase.OPEN: message("open"),
    Phase.WAITING: message("waiting"),
    Phase.TO_APPROVE: message("to approve"),
    Phase.CLOSED: message("closed"),
}


def settlement(pack: Pack) -> Section:
    """The claim of the month: agreed and disputed lines, how old, who has to answer."""
    gettext, settled = pack.gettext, pack.facts.settled
    headings = (
        Heading(gettext("State"), is_number=False),
        Heading(gettext("Kind"), is_number=False),
        Heading(gettext("Lines")),
        Heading(gettext("Amount")),
        Heading(gettext("Oldest, days")),
        Heading(gettext("Waits for"), is_number=False),
        Heading(gettext("Reply by"), is_number=False),
    )
    rows = tuple(
        Row(
            (
                pack.state_said(each.state),
                gettext(each.kind) if each.kind else "",
                Number(each.lines),
                Number(each.amount, Shape.MONEY, each.currency, note=each.currency),
                Number(each.oldest_days),
                pack.state_said(each.waits_for),
                Day(each.reply_by),
            )
        )
        for each in settled or ()
    )
    rule = gettext(
        "What the partner claims, matched to the books; nothing is paid on a difference until it is decided."
    )
    empty = gettext("No claim of this month was taken in.")
    return Section("settlement", gettext("Settlement"), rule, headings, rows, empty)


def fees(pack: Pack) -> Section:
    gettext = pack.gettext
    headings = (
        Heading(gettext("Fee"), is_number=False),
        Heading(gettext("Calculated")),
        Heading(gettext("Posted in the ledger")),
        Heading(gettext("Currency"), is_number=False),
    )
    rows = tuple(
        Row(
            (
                each.component,
                Number(each.calculated, Shape.MONEY, each.currency),
                Number(each.posted, Shape.MONEY, each.currency),
                each.currency,
            )
        )
        for each in pack.facts.fees
    )
    rule = gettext("The partner's pay of the month by its contract; what is posted later follows as a difference.")
    notes = (
        (gettext("State of its batch: %(state)s") % {"state": pack.state_said(pack.facts.fee_state)},)
        if pack.facts.fee_state
        else ()
    )
    return Section("fees", gettext("Fees"), rule, headings, rows, gettext("No fee of this month."), notes=notes)


def odd_cases(pack: Pack) -> Section:
    gettext, odd = pack.gettext, pack.facts.odd
    headings = (
        Heading(gettext("Case"), is_number=False),
        Heading(gettext("Signal"), is_number=False),
        Heading(gettext("What was seen"), is_number=False),
        Heading(gettext("State"), is_number=False),
        Heading(gettext("Due"), is_number=False),
        Heading(gettext("What was found"), is_number=False),
    )
    rows = tuple(
        Row(
            (
                each.case,
                each.title,
                pack.said(each.about, {each.in_english: each.title}),
                pack.state_said(each.state),
                Day(each.deadline),
                each.reason,
            )
        )
        for each in odd or ()
    )
    rule = gettext("Questions, and no verdicts: a case says something only once somebody has confirmed it.")
    empty = gettext("No signal about this partner.") if odd is not None else gettext("Not yet known.")
    return Section("signals", gettext("Integrity signals"), rule, headings, rows, empty)


def actions(pack: Pack) -> Section:
    """What is open, by deadline, and what was closed in the month; complaints have a section of their own."""
    gettext = pack.gettext
    mine = [each for each in pack.facts.actions if each.kind is not RegisterKind.COMPLAINT and _is_shown(pack, each)]
    headings = (
        Heading(gettext("Action"), is_number=False),
        Heading(gettext("Kind"), is_number=False),
        Heading(gettext("About"), is_number=False),
        Heading(gettext("Owner"), is_number=False),
        Heading(gettext("Deadline"), is_number=False),
        Heading(gettext("State"), is_number=False),
        Heading(gettext("Outcome"), is_number=False),
    )
    rows = tuple(
        Row(
            (
                each.action_id,
                gettext(KINDS[each.kind]),
                each.opened.about,
                each.owner,
                Day(each.deadline),
                _state(pack, each),
                "" if pack.was_open(each) else each.outcome,
            )
        )
        for each in mine
    )
    rule = gettext("Open at the end of the month, or closed in it; complaints stand above.")
    return Section("actions", gettext("Actions"), rule, headings, rows, gettext("None."), shown=25)


def _is_shown(pack: Pack, action: Action) -> bool:
    return pack.was_open(action) or pack.is_of_month(action.closed_on)


def _state(pack: Pack, action: Action) -> str:
    if not pack.was_open(action):
        return pack.gettext(PHASES[Phase.CLOSED])
    if action.is_overdue(pack.facts.as_of):
        return pack.gettext("overdue")
    waits = action.waits_for
    if waits is not None:
        return pack.gettext("waits for %(whom)s") % {"whom": waits}
    return pack.gettext(PHASES[Phase.OPEN if action.phase is Phase.CLOSED else action.phase])


def signatures(pack: Pack) -> Section:
    """Who was there and agrees to what was said; names are written by hand."""
    gettext = pack.gettext
    headings = (
        Heading(gettext("For"), is_number=False),
        Heading(gettext("Name"), is_number=False),
        Heading(gettext("Date"), is_number=False),
        Heading(gettext("Signature"), is_number=False),
    )
    who = (
        Name(pack.facts.partner.partner_id, gettext("the partner")),
        gettext("head of partners"),
        gettext("head of quality"),
        gettext("finance"),
    )
    rows = tuple(Row((each, "", "", "")) for each in who)
    rule = gettext("Signed at the meeting; what was decided is recorded in the system by who decided it.")
    return Section("signatures", gettext("Signatures"), rule, headings, rows)
