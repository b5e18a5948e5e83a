"""The standing of a partner in its pack: its state and what is proposed, its scorecard, its commitments, placements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.money import CONTEXT
from domain.partner_review import Kept, PlacementBatch, ReviewedPart, ReviewedScore
from domain.standings import PartnerState
from reports.languages import message
from reports.pack_facts import Pack
from reports.sections import Day, Heading, Number, Row, Section, Shape

STATES = {
    PartnerState.GOOD: message("good"),
    PartnerState.WATCH: message("watch"),
    PartnerState.RECTIFICATION: message("rectification"),
    PartnerState.SUSPENSION: message("suspension"),
    PartnerState.TERMINATION: message("termination"),
}
_MOST_STEPS = 6


def standing(pack: Pack) -> Section:
    """The state in force, and the last steps: what was proposed by which figures, and what people decided."""
    gettext, review = pack.gettext, pack.facts.review
    headings = (
        Heading(gettext("Month"), is_number=False),
        Heading(gettext("From"), is_number=False),
        Heading(gettext("Proposed"), is_number=False),
        Heading(gettext("Because"), is_number=False),
        Heading(gettext("State"), is_number=False),
        Heading(gettext("Deadline"), is_number=False),
    )
    name, title = "standing", gettext("Standing")
    if review is None:
        return Section(name, title, "", headings, (), gettext("Not yet known: no rule of standing is in force."))
    state = {"state": gettext(STATES[review.state])}
    note = gettext("In force: %(state)s") % state
    if review.since:
        since = {**state, "day": pack.formats.day(review.since)}
        note = gettext("In force: %(state)s, since %(day)s") % since
    rows = tuple(
        Row(
            (
                each.review.period,
                gettext(STATES[each.review.before]),
                gettext(STATES[each.review.proposed]),
                pack.said(each.review.reason),
                pack.state_said(each.state),
                Day(each.deadline),
            )
        )
        for each in review.history[-_MOST_STEPS:]
        if each.review.changes
    )
    rule = gettext("A month's figures propose, people decide; only what they decided is in force.")
    return Section(name, title, rule, headings, rows, gettext("Nothing was proposed."), notes=(note,))


def scorecard(pack: Pack) -> Iterator[Section]:
    """A table for each scorecard, its parts in order; none where the partner is not scored."""
    gettext, review = pack.gettext, pack.facts.review
    for score in review.scores if review else ():
        yield Section(
            f"score-{score.scorecard}",
            gettext("Scorecard: %(title)s") % {"title": score.title_in(pack.language.value)},
            gettext("What was reached beside its target, and what it adds to the score."),
            (
                Heading(gettext("KPI"), is_number=False),
                Heading(gettext("Value")),
                Heading(gettext("Target")),
                Heading(gettext("Attainment")),
                Heading(gettext("Points")),
                Heading(gettext("Weight")),
                Heading(gettext("Contribution")),
                Heading(gettext("Note"), is_number=False),
            ),
            tuple(_part_row(pack, each, pack.said(_unnamed(pack, score, each.note))) for each in score.parts),
            notes=(_score_note(pack, score),),
        )


def _score_note(pack: Pack, score: ReviewedScore) -> str:
    gettext = pack.gettext
    if score.score is None:
        return gettext("No score.")
    others = [each.score for each in score.peers if each.partner != pack.facts.partner.partner_id]
    known = sorted((each for each in others if each is not None), reverse=True)
    said = {"score": pack.formats.short(score.score), "num": len(known)}
    if not known:
        return gettext("Score %(score)s; there are no others to be held beside.") % said
    place = 1 + sum(each > score.score for each in known)
    return gettext("Score %(score)s, place %(place)s of %(all)s; best of the others %(best)s.") % {
        **said, "place": place, "all": len(known) + 1, "best": pack.formats.short(known[0])
    }  # fmt: skip


def _unnamed(pack: Pack, score: ReviewedScore, note: str) -> str:
    """What a note says of the best of the peers, without saying who that is where it is another partner."""
    for peer in score.peers:
        if peer.partner != pack.facts.partner.partner_id:
            note = re.sub(rf"\b{re.escape(peer.partner)}\b", pack.gettext("another partner"), note)
    return note


def _part_row(pack: Pack, part: ReviewedPart, note: str) -> Row:
    shape = Shape.SHARE if part.is_share else Shape.NUMBER
    return Row(
        (
            pack.title(part.kpi) if part.kpi in pack.about.labels else part.title,
            Number(part.value, shape),
            Number(part.target, shape),
            Number(part.attainment, Shape.SHARE),
            Number(part.points, Shape.NUMBER),
            Number(part.weight, Shape.SHARE),
            Number(part.contribution, Shape.NUMBER),
            note,
        )
    )


def commitments(pack: Pack) -> Section:
    gettext, review = pack.gettext, pack.facts.review
    headings = (
        Heading(gettext("Commitment"), is_number=False),
        Heading(gettext("Contract"), is_number=False),
        Heading(gettext("Promised"), is_number=False),
        Heading(gettext("Value")),
        Heading(gettext("Kept"), is_number=False),
        Heading(gettext("Action"), is_number=False),
    )
    rows = tuple(_kept_row(pack, each) for each in (review.commitments if review else ()))
    rule = gettext("What the partner promised in its contract, beside what its data show.")
    empty = gettext("Its contract has no commitments.") if review else gettext("Not yet known.")
    return Section("commitments", gettext("Commitments"), rule, headings, rows, empty)


def _kept_row(pack: Pack, each: Kept) -> Row:
    gettext, short = pack.gettext, pack.formats.short
    least = "" if each.at_least is None else gettext("at least %(value)s") % {"value": short(each.at_least)}
    most = "" if each.at_most is None else gettext("at most %(value)s") % {"value": short(each.at_most)}
    said = {True: gettext("yes"), False: gettext("no"), None: pack.said(each.note) or gettext("not yet known")}[
        each.is_kept
    ]
    due = gettext("by %(day)s") % {"day": pack.formats.day(each.due_on)} if each.due_on else ""
    value = Number(each.value, Shape.NUMBER, tone={True: "good", False: "bad", None: ""}[each.is_kept])
    promised = ", ".join(filter(None, (least, most, due)))
    shown = Day(each.received_on) if each.received_on else value
    return Row((pack.said(each.title), each.contract, promised, shown, said, each.action_id))


def placements(pack: Pack) -> Section:
    """Batches of accounts handed over together, newest first."""
    gettext, review = pack.gettext, pack.facts.review
    headings = (
        Heading(gettext("Placement batch"), is_number=False),
        Heading(gettext("Placed on"), is_number=False),
        Heading(gettext("Number")),
        Heading(gettext("Accounts")),
        Heading(gettext("Still there")),
        Heading(gettext("Balance handed over")),
        Heading(gettext("Recovered so far")),
        Heading(gettext("Liquidation")),
        Heading(gettext("Term ends"), is_number=False),
        Heading(gettext("Recalled, and why"), is_number=False),
    )
    batches = review.placements.batches if review else ()
    newest = sorted(batches, key=lambda each: (each.placed_on, each.batch), reverse=True)
    rule = gettext("Accounts placed together; liquidation is what was recovered since, of the balance handed over.")
    rows = tuple(_batch_row(pack, each) for each in newest)
    empty = gettext("Nothing is placed with it.") if review else gettext("Not yet known.")
    notes = tuple(_placement_notes(pack))
    return Section("placements", gettext("Placements"), rule, headings, rows, empty, notes=notes, shown=12)


def _batch_row(pack: Pack, each: PlacementBatch) -> Row:
    share = CONTEXT.divide(each.recovered, each.balance) if each.balance else None
    recalls = ", ".join(
        f"{pack.state_said(reason) or '–'}: {pack.formats.count(count)}" for reason, count in each.recalls
    )
    return Row(
        (
            each.batch,
            Day(each.placed_on),
            Number(each.number),
            Number(each.accounts),
            Number(each.running),
            Number(each.balance, Shape.MONEY, each.currency, note=each.currency),
            Number(each.recovered, Shape.MONEY, each.currency),
            Number(share, Shape.SHARE),
            Day(each.term_ends_on),
            recalls,
        )
    )


def _placement_notes(pack: Pack) -> Iterator[str]:
    review = pack.facts.review
    if review and review.placements.due:
        yield pack.gettext("To be recalled: %(num)s accounts.") % {"num": len(review.placements.due)}
    if review and review.placements.gaps:
        yield pack.gettext("Our dispatch and the placements that landed differ on %(num)s accounts.") % {
            "num": len(review.placements.gaps)
        }
