"""The monthly review pack of a partner: one document as a review meeting uses it, from what is asked to signatures."""

from __future__ import annotations

from collections.abc import Iterator

from domain.actions import Phase, RegisterKind
from reports.languages import Language, message
from reports.pack_conduct import complaints, compliance, data_returned
from reports.pack_dealings import actions, fees, odd_cases, settlement, signatures
from reports.pack_facts import Pack, PackFacts
from reports.pack_figures import peers, recovery, stock, trend
from reports.pack_standing import commitments, placements, scorecard, standing
from reports.scopes import Scope
from reports.sections import Card, Day, Heading, Number, Report, Row, Section, Shape, Value

LEGAL_TYPES = {
    "law_firm": message("law firm"),
    "asset_manager": message("asset manager"),
    "agency": message("agency"),
}


def partner_pack(facts: PackFacts, language: Language) -> Report:
    """The report in the language. Debtors appear by the ids of their accounts alone, other partners not at all."""
    pack = Pack(facts.about, language, Scope(), facts)
    gettext, day = pack.gettext, pack.formats.day
    partner = facts.partner
    legal = gettext(LEGAL_TYPES.get(partner.legal_type, partner.legal_type))
    return pack.report(
        "partner",
        gettext("Review of partner %(partner)s, %(month)s")
        % {"partner": partner.partner_id, "month": pack.formats.period(facts.period)},
        audience=gettext("the review meeting with the partner"),
        cards=_cards(pack),
        sections=(
            _asked(pack),
            standing(pack),
            *scorecard(pack),
            *recovery(pack),
            peers(pack),
            *trend(pack),
            placements(pack),
            stock(pack),
            complaints(pack),
            compliance(pack),
            data_returned(pack),
            commitments(pack),
            settlement(pack),
            fees(pack),
            odd_cases(pack),
            actions(pack),
            signatures(pack),
        ),
        warnings=facts.warnings,
        facts=[
            (gettext("Partner"), f"{partner.partner_id} {partner.name}".strip()),
            (gettext("Legal type"), f"{legal}, {partner.jurisdiction}"),
            (gettext("Contract since"), day(partner.active_from)),
            (gettext("Figures up to"), day(facts.as_of)),
        ],
    )  # fmt: skip


def _cards(pack: Pack) -> Iterator[Card]:
    gettext = pack.gettext
    for currency in pack.currencies:
        rate = pack.number("recovery_rate", currency)
        note = gettext("%(rate)s of what was due for collection") % {"rate": rate.text(pack.formats)}
        yield Card(
            gettext("Recovered in the month"),
            pack.number("recovered", currency),
            note if rate.value is not None else "",
        )
    for league in pack.facts.review.leagues if pack.facts.review else ():
        if league.ratio is not None and league.kpi == "recovery_rate":
            low, high = (pack.formats.short(each) if each is not None else "–" for each in (league.low, league.high))
            note = gettext("of what the others bring on such accounts; by chance from %(low)s to %(high)s")
            yield Card(gettext("Like for like"), Number(league.ratio, Shape.NUMBER), note % {"low": low, "high": high})
    yield Card(gettext("Upheld complaints"), pack.number("upheld_complaints"), gettext("received in the month"))
    still = pack.open_on_last_day()
    late = sum(each.is_overdue(pack.facts.as_of) for each in still)
    yield Card(
        gettext("Open actions, complaints among them"), Number(len(still)), gettext("%(num)s overdue") % {"num": late}
    )


def _asked(pack: Pack) -> Section:
    """What the meeting has to decide, first of all."""
    gettext = pack.gettext
    headings = (
        Heading(gettext("What"), is_number=False),
        Heading(gettext("Which"), is_number=False),
        Heading(gettext("By"), is_number=False),
        Heading(gettext("Who decides"), is_number=False),
    )
    return Section(
        "asked",
        gettext("What this meeting is asked"),
        gettext("Decisions that wait for somebody on the day of these figures; each is recorded where it is made."),
        headings,
        tuple(Row(cells) for cells in _asks(pack)),
        gettext("Nothing waits for a decision."),
    )


def _asks(pack: Pack) -> Iterator[tuple[Value, ...]]:
    gettext = pack.gettext
    review = pack.facts.review
    for each in review.history if review else ():
        if each.is_pending:
            what = gettext("Decide on its standing: from %(before)s to %(proposed)s")
            said = {"before": gettext(each.review.before.value), "proposed": gettext(each.review.proposed.value)}
            yield what % said, each.review.review_id, "", each.next_group
    for line in pack.facts.settled or ():
        if line.waits_for:
            what = gettext("Settle lines that are disputed: %(num)s") % {"num": pack.formats.count(line.lines)}
            yield what, line.kind, Day(line.reply_by), line.waits_for
    for case in pack.facts.odd or ():
        if case.is_open:
            yield gettext("Look at a signal, and confirm or explain it"), case.case, Day(case.deadline), case.owner
    for action in pack.open_on_last_day():
        if action.phase is Phase.TO_APPROVE:
            yield gettext("Approve or decline a closing"), action.action_id, Day(action.deadline), action.owner
        elif action.is_overdue(pack.facts.as_of):
            what = _OVERDUE.get(action.kind, message("Close what is overdue"))
            yield gettext(what), action.action_id, Day(action.deadline), action.owner


_OVERDUE = {
    RegisterKind.COMPLAINT: message("Answer a complaint that is overdue"),
    RegisterKind.RECTIFICATION: message("Say whether it was put right by the deadline"),
}
