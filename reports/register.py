"""The register of actions as a report: what is open and how old, what is overdue, who waits for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from domain.actions import Action, ActionState, Phase, RegisterKind
from domain.money import CONTEXT
from domain.records import Grain
from reports.languages import Language
from reports.pack_dealings import KINDS, PHASES
from reports.scopes import Scope, pages_of
from reports.sections import Card, Day, Heading, Number, Report, Row, Section, Shape
from reports.views import About, View

AGES = ((0, 7), (8, 30), (31, 90), (91, None))  # calendar days since it was opened
SIGNAL = "signal"  # source of the cases that integrity signals raise
CLOSED_DAYS = 31  # how far back closed ones are counted


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """`actions` are all that were opened by the day of the report, by deadline."""

    about: About
    actions: tuple[Action, ...]


def register_report(facts: RegisterFacts, language: Language, scope: Scope = Scope()) -> Report:  # noqa: B008 - frozen
    """The report of everything, or of what is about or with the people of one team or department."""
    view = _Register(facts.about, language, scope, facts)
    gettext = view.gettext
    return view.report(
        "actions",
        gettext("Register of actions"),
        audience=gettext("heads of departments and of quality"),
        cards=view.cards(),
        sections=(
            view.by_kind(),
            view.by_owner(),
            view.waiting(),
            view.to_approve(),
            view.outcomes(),
            view.differing(),
            view.open(),
        ),
        facts=(),
    )


@dataclass(frozen=True, slots=True)
class _Register(View):
    facts: RegisterFacts

    def mine(self) -> list[Action]:
        return [each for each in self.facts.actions if self._is_mine(each)]

    def _is_mine(self, action: Action) -> bool:
        """A leader sees what is about, or with, the own people, and nothing else; of signals none about themselves."""
        if self.is_whole:
            return True
        people = {each.employee for each in self.about.postings if self.holds(each.department, each.team)}
        concerned = action.opened.employee
        if concerned and action.opened.source == SIGNAL:
            department, team = pages_of(concerned, self.about.postings)
            pages = {team} if self.scope.grain is Grain.TEAM else {department, action.opened.department}
            return self.scope.name in pages
        if self.scope.grain is Grain.TEAM:
            of_team = action.opened.subject_kind == "team" and action.opened.subject_id == self.scope.name
            return of_team or (concerned in people if concerned else action.owner in people)
        return action.opened.department == self.scope.name or concerned in people

    def still(self) -> list[Action]:
        return [each for each in self.mine() if each.state is ActionState.OPEN]

    def late(self) -> list[Action]:
        return [each for each in self.still() if each.is_overdue(self.about.business_date)]

    def cards(self) -> Iterator[Card]:
        gettext, still = self.gettext, self.still()
        yield Card(gettext("Open"), Number(len(still)))
        yield Card(gettext("Overdue"), Number(len(self.late())))
        yield Card(gettext("Waiting for somebody"), Number(sum(each.waits_for is not None for each in still)))
        yield Card(gettext("To be approved"), Number(sum(each.phase is Phase.TO_APPROVE for each in still)))

    def by_kind(self) -> Section:
        gettext, found = self.gettext, self._grouped(self.still(), lambda each: each.kind)
        rows = tuple(self._age_row(gettext(KINDS[kind]), found[kind]) for kind in RegisterKind if kind in found)
        rule = gettext("What is open, by the calendar days since it was opened; overdue by the deadline of its kind.")
        return Section("kinds", gettext("Open, by kind and age"), rule, self._age_headings(gettext("Kind")), rows,
                       gettext("Nothing is open."))  # fmt: skip

    def by_owner(self) -> Section:
        gettext, found = self.gettext, self._grouped(self.late(), lambda each: each.owner)
        most = sorted(found, key=lambda owner: (-len(found[owner]), owner))
        rows = tuple(self._age_row(owner, found[owner]) for owner in most)
        rule = gettext("Open ones whose deadline has passed, by who has them.")
        return Section("overdue", gettext("Overdue, by owner"), rule, self._age_headings(gettext("Owner")), rows,
                       gettext("Nothing is overdue."))  # fmt: skip

    def _age_headings(self, first: str) -> tuple[Heading, ...]:
        gettext = self.gettext
        ages = (f"{low}–{high}" if high is not None else f"{low}+" for low, high in AGES)
        return (
            Heading(first, is_number=False),
            Heading(gettext("Open")),
            Heading(gettext("Overdue")),
            *(Heading(each, note=gettext("days")) for each in ages),
            Heading(gettext("Oldest, days")),
        )

    def _age_row(self, title: str, actions: Sequence[Action]) -> Row:
        day = self.about.business_date
        ages = [(day - each.opened.opened_on).days for each in actions]
        counts = [sum(low <= age and (high is None or age <= high) for age in ages) for low, high in AGES]
        late = sum(each.is_overdue(day) for each in actions)
        cells = (
            Number(len(actions)),
            Number(late, tone="bad" if late else ""),
            *map(Number, counts),
            Number(max(ages)),
        )
        return Row((title, *cells))

    def waiting(self) -> Section:
        """Who waits for whom: a row for each pair, the longest wait first."""
        gettext, day = self.gettext, self.about.business_date
        waiting = [each for each in self.still() if each.waits_for is not None]
        pairs = self._grouped(waiting, lambda each: (each.owner, str(each.waits_for)))
        rows = []
        for (owner, whom), actions in pairs.items():
            days = [(day - each.waiting.decided_on).days for each in actions if each.waiting]
            stopped = sum(each.waiting.stops_clock for each in actions if each.waiting)
            rows.append((-max(days), Row((owner, whom, Number(len(actions)), Number(stopped), Number(max(days))))))
        rows.sort(key=lambda each: (each[0], each[1].cells[0], each[1].cells[1]))
        headings = (
            Heading(gettext("Who waits"), is_number=False),
            Heading(gettext("For whom"), is_number=False),
            Heading(gettext("Actions")),
            Heading(gettext("Clock stands still")),
            Heading(gettext("Longest, days")),
        )
        rule = gettext("What cannot go on until somebody else has done something.")
        return Section("waiting", gettext("Who waits for whom"), rule, headings, tuple(row for _, row in rows),
                       gettext("Nobody waits for anybody."))  # fmt: skip

    def to_approve(self) -> Section:
        gettext = self.gettext
        mine = [each for each in self.still() if each.proposal]
        rows = tuple(
            Row((each.action_id, gettext(KINDS[each.kind]), f"{each.proposal.code}: {each.proposal.outcome}",
                 each.proposal.by, Day(each.proposal.decided_on)))
            for each in mine if each.proposal
        )  # fmt: skip
        headings = (
            Heading(gettext("Action"), is_number=False),
            Heading(gettext("Kind"), is_number=False),
            Heading(gettext("Outcome"), is_number=False),
            Heading(gettext("Proposed by"), is_number=False),
            Heading(gettext("Day"), is_number=False),
        )
        rule = gettext("Closings that somebody else has to approve or decline.")
        return Section("approve", gettext("To be approved"), rule, headings, rows, gettext("None."))

    def outcomes(self) -> Section:
        """What was closed lately, by kind and outcome, and how much of it in time."""
        gettext, day = self.gettext, self.about.business_date
        since = day - timedelta(days=CLOSED_DAYS)
        closed = [each for each in self.mine() if each.closed_on is not None and since < each.closed_on <= day]
        found = self._grouped(closed, lambda each: (each.kind, each.code))
        rows = []
        for kind, code in sorted(found):
            actions = found[kind, code]
            took = sorted((each.closed_on - each.opened.opened_on).days for each in actions if each.closed_on)
            in_time = sum(each.closed_on <= each.deadline for each in actions if each.closed_on)
            share = CONTEXT.divide(Decimal(in_time), Decimal(len(actions)))
            middle = Number(took[(len(took) - 1) // 2])
            cells = (Number(len(actions)), Number(share, Shape.SHARE), middle, Number(took[-1]))
            rows.append(Row((gettext(KINDS[kind]), code or gettext("in words"), *cells)))
        headings = (
            Heading(gettext("Kind"), is_number=False),
            Heading(gettext("Outcome"), is_number=False),
            Heading(gettext("Closed")),
            Heading(gettext("In time")),
            Heading(gettext("Days, the middle one")),
            Heading(gettext("Longest, days")),
        )
        rule = gettext("Closed in the last %(num)s days.") % {"num": CLOSED_DAYS}
        return Section("outcomes", gettext("What came of it"), rule, headings, tuple(rows), gettext("None."))

    def differing(self) -> Section:
        gettext = self.gettext
        rows = tuple(
            Row((each.action_id, each.code or gettext(PHASES[each.phase]),
                 (each.said_by_source.code if each.said_by_source else "") or gettext("open"),
                 each.closed_by, Day(each.closed_on)))
            for each in self.mine() if each.differs_from_source
        )  # fmt: skip
        headings = (
            Heading(gettext("Action"), is_number=False),
            Heading(gettext("Here"), is_number=False),
            Heading(gettext("In the core system"), is_number=False),
            Heading(gettext("Decided by"), is_number=False),
            Heading(gettext("Closed"), is_number=False),
        )
        rule = gettext("What people decided here counts; somebody brings the core system in line, or opens it again.")
        return Section(
            "differing", gettext("Otherwise than in the core system"), rule, headings, rows, gettext("None.")
        )

    def open(self) -> Section:
        gettext, day = self.gettext, self.about.business_date
        rows = tuple(
            Row(
                (
                    each.action_id,
                    gettext(KINDS[each.kind]),
                    each.opened.about,
                    each.opened.department,
                    each.owner,
                    Day(each.opened.opened_on),
                    Day(each.deadline),
                    gettext("overdue") if each.is_overdue(day) else self._where(each),
                )
            )
            for each in self.still()
        )
        headings = (
            Heading(gettext("Action"), is_number=False),
            Heading(gettext("Kind"), is_number=False),
            Heading(gettext("About"), is_number=False),
            Heading(gettext("Department"), is_number=False),
            Heading(gettext("Owner"), is_number=False),
            Heading(gettext("Opened"), is_number=False),
            Heading(gettext("Deadline"), is_number=False),
            Heading(gettext("State"), is_number=False),
        )
        rule = gettext("Everything that is open, by deadline.")
        return Section("open", gettext("Open actions"), rule, headings, rows, gettext("Nothing is open."), shown=100)

    def _where(self, action: Action) -> str:
        if action.waits_for is not None and action.phase is Phase.WAITING:
            return self.gettext("waits for %(whom)s") % {"whom": action.waits_for}
        return self.gettext(PHASES[action.phase])

    @staticmethod
    def _grouped(actions: Sequence[Action], key: Callable[[Action], object]) -> dict:  # type: ignore[type-arg]
        found = defaultdict(list)
        for each in actions:
            found[key(each)].append(each)
        return dict(found)
