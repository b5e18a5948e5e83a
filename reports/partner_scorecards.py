"""The scorecard of partners as a page and a workbook: scores beside peers, like for like with intervals, standing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

from domain.partner_review import Kept, PartnerReview, ReviewedLeague, ReviewedPart, ReviewedScore
from domain.standings import PartnerState, ReviewedStanding
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.plots import Dot, Dots
from reports.report_files import report_page, write_report_workbook
from reports.sections import Card, Day, Heading, Name, Number, Report, Row, Section, Shape, Value
from reports.stored_words import said

_STATES = {
    PartnerState.GOOD: message("good"),
    PartnerState.WATCH: message("watch"),
    PartnerState.RECTIFICATION: message("rectification"),
    PartnerState.SUSPENSION: message("suspension of placements"),
    PartnerState.TERMINATION: message("termination proposed"),
}
_VERDICTS = {
    "better": message("better"),
    "worse": message("worse"),
    "not told apart": message("not told apart"),
    "too few cases": message("too few cases"),
}
NO_TITLES: Mapping[str, str] = MappingProxyType({})
_TONES = {"better": "good", "worse": "bad"}
_DECISIONS = {
    "pending": message("waits for a decision"),
    "accepted": message("accepted"),
    "refused": message("refused"),
    "no change": message("no change"),
}


def scorecards_page(
    reviews: Sequence[PartnerReview], language: Language, book_label: str = "", titles: Mapping[str, str] = NO_TITLES
) -> str:
    """Of one partner or several of one month; at least one. `titles` are those of KPIs in the language, by id."""
    return report_page(scorecards_report(reviews, language, book_label, titles), language)


def write_scorecards_workbook(
    reviews: Sequence[PartnerReview],
    path: Path,
    language: Language,
    book_label: str = "",
    titles: Mapping[str, str] = NO_TITLES,
) -> None:
    write_report_workbook(scorecards_report(reviews, language, book_label, titles), path, language)


def scorecards_report(
    reviews: Sequence[PartnerReview], language: Language, book_label: str = "", titles: Mapping[str, str] = NO_TITLES
) -> Report:
    return _Writer(tuple(reviews), language, book_label, titles).report()


@dataclass(frozen=True, slots=True)
class _Writer:
    reviews: tuple[PartnerReview, ...]
    language: Language
    book_label: str
    titles: Mapping[str, str]

    def gettext(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    def said(self, text: str) -> str:
        return said(text, Formats(self.language), self.titles)

    def report(self) -> Report:
        _, first = words_of(self.language).gettext, self.reviews[0]
        return Report(
            name="partner_scorecards",
            title=_("Scorecard of partners, %(month)s") % {"month": str(first.period)},
            business_date=first.night,
            scope=first.partner.partner_id if len(self.reviews) == 1 else "",
            owner="head_of_partners",
            audience=_("whoever decides about partners"),
            runs=(first.run,),
            cards=tuple(self.cards()),
            sections=(self.scores(), self.leagues(), self.parts(), self.standings(), self.commitments(), self.trials()),
            book_label=self.book_label,
            facts=((_("Night"), first.run),),
        )

    def cards(self) -> Iterator[Card]:
        _ = words_of(self.language).gettext
        waiting = [each for review in self.reviews for each in review.history if each.is_pending]
        suspended = [review for review in self.reviews if review.state.is_suspended]
        broken = [each for review in self.reviews for each in review.commitments if each.is_kept is False]
        yield Card(_("Partners"), Number(len(self.reviews)))
        yield Card(_("Proposals that wait"), Number(len(waiting), tone="bad" if waiting else ""))
        yield Card(_("Without new placements"), Number(len(suspended), tone="bad" if suspended else ""))
        yield Card(_("Commitments broken"), Number(len(broken), tone="bad" if broken else ""))

    def scores(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "The score is the sum of points × weight over the parts; what is held beside peers is held beside the best "
            "of the group. Scores differ by chance too: the plot of the next section says whom recovery tells apart."
        )
        headings = (
            *(Heading(text, is_number=False) for text in (_("Partner"), _("Standing"), _("Scorecard"), _("Peers"))),
            Heading(_("Score")),
            Heading(_("Place")),
            Heading(_("Month before")),
        )
        rows = tuple(Row(self.score_cells(review, score)) for review in self.reviews for score in review.scores)
        empty = _("No scorecard scores partners in this month.")
        return Section("scores", _("Scores"), rule, headings, rows, "" if rows else empty)

    def score_cells(self, review: PartnerReview, score: ReviewedScore) -> tuple[Value, ...]:
        known = [each.score for each in score.peers if each.score is not None]
        better = sum(each > (score.score or Decimal(0)) for each in known)
        place = f"{better + 1} / {len(known)}" if score.score is not None else "–"
        before = score.earlier[-1][1] if score.earlier else None
        bar = None if score.score is None else score.score / 100
        return (
            self.name(review),
            self.gettext(_STATES[review.state]),
            score.title_in(self.language.value),
            score.group,
            Number(score.score, Shape.NUMBER, bar=bar),
            place,
            Number(before, Shape.NUMBER),
        )

    def leagues(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "What each brought, of what all of them together bring on such accounts; 1 is as the others. The interval "
            "of 95 % says how far chance alone may take it: only who lies wholly beside 1 is told apart."
        )
        headings = (
            Heading(_("Partner"), is_number=False),
            Heading(_("KPI"), is_number=False),
            Heading(_("Alike in"), is_number=False),
            *(Heading(text) for text in (_("Accounts"), _("Raw"), _("Raw rank"), _("Like for like"), _("Rank"))),
            *(Heading(text) for text in (_("Of what was expected"), _("from"), _("to"))),
            Heading(_("Verdict"), is_number=False),
        )
        rows = tuple(Row(self.league_cells(review, each)) for review in self.reviews for each in review.leagues)
        empty = _("The standing of partners reads no rate like for like.")
        plots = tuple(self.plots())
        return Section("leagues", _("Like for like"), rule, headings, rows, "" if rows else empty, plots)

    def league_cells(self, review: PartnerReview, each: ReviewedLeague) -> tuple[Value, ...]:
        currency = f", {each.currency}" if each.currency else ""
        return (
            self.name(review),
            f"{self.titles.get(each.kpi, each.title)}{currency}",
            ", ".join(each.strata),
            Number(each.cases),
            Number(each.raw, Shape.SHARE),
            Number(each.raw_rank),
            Number(each.standardised, Shape.SHARE),
            Number(each.rank),
            Number(each.ratio, Shape.NUMBER, tone=_TONES.get(each.verdict, "")),
            Number(each.low, Shape.NUMBER),
            Number(each.high, Shape.NUMBER),
            self.gettext(_VERDICTS.get(each.verdict, each.verdict)),
        )

    def plots(self) -> Iterator[Dots]:
        """One for each rate and currency: every partner's ratio with its interval, beside the line at 1."""
        _, formats = words_of(self.language).gettext, Formats(self.language)
        found: dict[tuple[str, str, tuple[str, ...]], list[Dot]] = {}
        for review in self.reviews:
            for each in review.leagues:
                if each.ratio is not None:
                    value = Number(each.ratio, Shape.NUMBER)
                    dot = Dot(review.partner.partner_id, value, each.low, each.high,
                              is_faint=each.verdict == "too few cases", text=value.text(formats))  # fmt: skip
                    title = self.titles.get(each.kpi, each.title)
                    found.setdefault((title, each.currency, each.strata), []).append(dot)
        for (title, currency, _strata), dots in found.items():
            about = _("What each partner brought, of what was expected of its accounts, with its interval.")
            named = f"{title}, {currency}" if currency else title
            yield Dots(named, about, tuple(dots), Decimal(1), _("as the others"), Decimal(3))

    def parts(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "Each part of each score: the figure, with its interval where it is a share of counts, what it is held "
            "beside (the best of the peers, or a target), the points of the curve and what they come to."
        )
        headings = (
            Heading(_("Partner"), is_number=False),
            Heading(_("KPI"), is_number=False),
            *(Heading(text) for text in (_("Figure"), _("from"), _("to"), _("Held beside"), _("Attainment"))),
            *(Heading(text) for text in (_("Points"), _("Weight"), _("Comes to"))),
            Heading(_("How"), is_number=False),
        )
        rows = tuple(
            Row(self.part_cells(review, part))
            for review in self.reviews
            for score in review.scores
            for part in score.parts
        )
        return Section("parts", _("Parts of the scores"), rule, headings, rows, "" if rows else _("Nothing is scored."))

    def part_cells(self, review: PartnerReview, part: ReviewedPart) -> tuple[Value, ...]:
        shape = Shape.SHARE if part.is_share else Shape.NUMBER
        return (
            self.name(review),
            Name(self.titles.get(part.kpi, part.title), part.kpi),
            Number(part.value, shape),
            Number(part.low, shape),
            Number(part.high, shape),
            Number(part.target, shape),
            Number(part.attainment, Shape.SHARE),
            Number(part.points, Shape.NUMBER),
            Number(part.weight, Shape.SHARE),
            Number(part.contribution, Shape.NUMBER),
            self.said(part.note),
        )

    def standings(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _("What months proposed, and what people decided; only what every group has accepted is in force.")
        texts = (_("Partner"), _("Proposal"), _("Stood"), _("Proposed"), _("Because"), _("Decision"), _("By"),
                 _("Holds from"), _("Deadline and plan"))  # fmt: skip
        headings = tuple(Heading(text, is_number=False) for text in texts)
        rows = tuple(
            Row(self.standing_cells(review, each))
            for review in self.reviews
            for each in review.history
            if each.review.changes
        )
        empty = _("Nothing was ever proposed: every partner is in good standing.")
        return Section("standings", _("Standing"), rule, headings, rows, "" if rows else empty)

    def standing_cells(self, review: PartnerReview, each: ReviewedStanding) -> tuple[Value, ...]:
        formats, of = Formats(self.language), each.review
        is_rectification = of.proposed is PartnerState.RECTIFICATION and each.deadline is not None
        until = f"{formats.day(each.deadline)}: {each.plan}" if is_rectification and each.deadline else ""
        return (
            self.name(review),
            of.review_id,
            self.gettext(_STATES[of.before]),
            self.gettext(_STATES[of.proposed]),
            self.said(of.reason),
            self.gettext(_DECISIONS[each.state]),
            ", ".join(decision.by for decision in each.decisions) or of.proposed_by,
            Day(each.effective_from),
            until,
        )

    def commitments(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _("What the contract promises, beside what the month shows. Without a figure nothing is kept or broken.")
        headings = (
            *(Heading(text, is_number=False) for text in (_("Partner"), _("Promised"), _("Contract"))),
            *(Heading(text) for text in (_("at least"), _("at most"), _("Shown"))),
            *(Heading(text, is_number=False) for text in (_("Outcome"), _("Action"))),
        )
        rows = tuple(Row(self.kept_cells(review, each)) for review in self.reviews for each in review.commitments)
        empty = _("The contracts promise nothing that is followed.")
        return Section("commitments", _("Commitments"), rule, headings, rows, "" if rows else empty)

    def kept_cells(self, review: PartnerReview, each: Kept) -> tuple[Value, ...]:
        _ = words_of(self.language).gettext
        outcome = {True: _("kept"), False: _("broken"), None: _("not known")}[each.is_kept]
        return (
            self.name(review),
            Name(
                self.said(each.title),
                _("by %(day)s") % {"day": Formats(self.language).day(each.due_on)} if each.due_on else each.kpi,
            ),
            each.contract,
            Number(each.at_least, Shape.NUMBER),
            Number(each.at_most, Shape.NUMBER),
            Day(each.received_on)
            if each.received_on
            else Number(each.value, Shape.NUMBER, tone="bad" if each.is_kept is False else ""),
            outcome,
            each.action_id,
        )

    def trials(self) -> Section:
        _ = words_of(self.language).gettext
        rule = _(
            "Experiments in which accounts were drawn by lot: the difference to the champion is the partner's own."
        )
        headings = (
            *(Heading(text, is_number=False) for text in (_("Partner"), _("Experiment"), _("Arm"))),
            *(Heading(text) for text in (_("Rate"), _("Difference"), _("from"), _("to"))),
            Heading(_("Verdict"), is_number=False),
        )
        rows = tuple(
            Row((
                self.name(review),
                each.title,
                each.arm,
                Number(each.rate, Shape.SHARE),
                Number(each.difference, Shape.SHARE, is_signed=True, tone=_TONES.get(each.verdict, "")),
                Number(each.low, Shape.SHARE, is_signed=True),
                Number(each.high, Shape.SHARE, is_signed=True),
                self.gettext(_VERDICTS.get(each.verdict, each.verdict)),
            ))
            for review in self.reviews
            for each in review.trials
        )  # fmt: skip
        return Section(
            "trials", _("Trials"), rule, headings, rows, "" if rows else _("No experiment has an arm of these.")
        )

    def name(self, review: PartnerReview) -> Name:
        name = review.partner.name
        return Name(name, review.partner.partner_id) if name else Name(review.partner.partner_id)
