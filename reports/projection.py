"""The projection of a month under way: what its results so far would pay, and what they would at this pace.

A forecast throughout, for managers: nothing of it is approved, posted or promised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from domain.records import PayoutLine, Unit
from reports.formats import Formats
from reports.languages import Language, message, words_of
from reports.scopes import Posting, Scope
from reports.sections import Card, Heading, Number, Report, Row, Section, Shape
from reports.statement import UNSAID, Next, reaching

Key = TypeVar("Key", str, tuple[str, str])


@dataclass(frozen=True, slots=True)
class ProjectedPay:
    """One payee and component; an amount is None where nothing would be paid, and `held` says why. `next_step` is the
    nearest band or point above what stands so far, and `unsaid` the code of why none is said."""

    payee: str
    component: str
    scope: str
    currency: str
    so_far: Decimal | None
    at_pace: Decimal | None
    held: str = ""
    next_step: Next | None = None
    basis_title: str = ""
    basis_unit: Unit | None = None
    basis_at_pace: Decimal | None = None
    unsaid: str = ""


@dataclass(frozen=True, slots=True)
class ProjectionFacts:
    """`postings` say who is in which team on the date; working days are those of the house's calendar."""

    business_date: date
    run: str
    pay: tuple[ProjectedPay, ...]
    postings: tuple[Posting, ...]
    working_days_passed: int
    working_days: int
    owner: str
    warnings: tuple[str, ...] = ()
    book_label: str = ""


def projected(
    so_far: Iterable[PayoutLine], at_pace: Iterable[PayoutLine], held: Mapping[tuple[str, str], str]
) -> tuple[ProjectedPay, ...]:
    """Lines of both calculations side by side, and who has neither, by payee and component."""
    now, then = ({(line.payee, line.component): line for line in lines} for lines in (so_far, at_pace))
    return tuple(_projected(key, now.get(key), then.get(key), held) for key in sorted({*now, *then, *held}))


def projection_report(facts: ProjectionFacts, language: Language, scope: Scope | None = None) -> Report:
    """The report for the whole book, a department or a team: totals, teams, and everybody in it."""
    return _Writer(facts, language, scope or Scope()).report()


def _projected(
    key: tuple[str, str], now: PayoutLine | None, then: PayoutLine | None, held: Mapping[tuple[str, str], str]
) -> ProjectedPay:
    line = now or then
    return ProjectedPay(
        *key,
        scope=line.scope if line else key[1].rpartition(":")[2],
        currency=line.currency if line else "",
        so_far=now.amount if now else None,
        at_pace=then.amount if then else None,
        held=held.get(key, ""),
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    facts: ProjectionFacts
    language: Language
    scope: Scope

    def say(self, text: str) -> str:
        return words_of(self.language).gettext(text)

    @property
    def teams(self) -> dict[str, Posting]:
        return {each.employee: each for each in self.facts.postings}

    def report(self) -> Report:
        _ = words_of(self.language).gettext
        pay, facts = tuple(self.mine()), self.facts
        days = _("%(passed)s of %(all)s") % {"passed": facts.working_days_passed, "all": facts.working_days}
        return Report(
            name="projection",
            title=_("Projection of pay"),
            business_date=facts.business_date,
            scope=self.scope.name,
            owner=facts.owner,
            audience=_("heads of departments and leaders of teams"),
            runs=(facts.run,),
            cards=tuple(self.cards(pay)),
            sections=(self.teams_section(pay), self.people_section(pay)),
            warnings=(
                _("A forecast, not a payout: nothing of it is approved or posted, and nobody is promised it."),
                *facts.warnings,
            ),
            book_label=facts.book_label,
            facts=((_("Working days passed"), days), (_("Night"), facts.run)),
        )

    def mine(self) -> Iterator[ProjectedPay]:
        """Those of the scope; a leader sees only the own team."""
        teams = self.teams
        for each in self.facts.pay:
            at = teams.get(each.payee)
            names = {"", *((at.team, at.department) if at else ())}
            if self.scope.name in names:
                yield each

    def cards(self, pay: tuple[ProjectedPay, ...]) -> Iterator[Card]:
        for currency, (so_far, at_pace) in sorted(_sums(pay, lambda each: each.currency).items()):
            if currency:
                note = self.say(message("so far: %(amount)s")) % {
                    "amount": Formats(self.language).amount(so_far, currency)
                }
                yield Card(self.say(message("At this pace")), Number(at_pace, Shape.MONEY, currency), note)

    def teams_section(self, pay: tuple[ProjectedPay, ...]) -> Section:
        _ = words_of(self.language).gettext
        headings = (
            Heading(_("Team"), is_number=False),
            Heading(_("Currency"), is_number=False),
            Heading(_("Earned so far")),
            Heading(_("At this pace")),
        )
        teams = self.teams
        sums = _sums(
            [each for each in pay if each.currency],
            lambda each: (teams[each.payee].team if each.payee in teams else "", each.currency),
        )
        rows = tuple(
            Row((team or _("no team now"), currency, *self.money(sums[team, currency], currency)))
            for team, currency in sorted(sums)
        )
        rule = _("The sums of the people who are in the team on the date.")
        return Section("teams", _("Teams"), rule, headings, rows, empty=_("Nobody is paid yet."))

    def people_section(self, pay: tuple[ProjectedPay, ...]) -> Section:
        _ = words_of(self.language).gettext
        headings = (
            Heading(_("Employee"), is_number=False),
            Heading(_("Team"), is_number=False),
            Heading(_("Component"), is_number=False),
            Heading(_("Currency"), is_number=False),
            Heading(_("Earned so far")),
            Heading(_("At this pace")),
            Heading(_("Next step"), is_number=False),
            Heading(_("Distance"), is_number=False),
            Heading(_("Would bring")),
        )
        rule = _(
            "Earned so far: what the results to date would pay if the month ended now. At this pace: figures that "
            "build up, and of which more is better, grow by the working days that are left; rates and complaints stay "
            "as they are. Next step: the nearest band or point of the rule that would pay more than what stands so "
            "far, all else being equal."
        )
        rows = tuple(self.person_row(each) for each in pay)
        return Section("people", _("Employees"), rule, headings, rows, empty=_("Nobody is paid yet."))

    def person_row(self, each: ProjectedPay) -> Row:
        at, component = self.teams.get(each.payee), each.component.partition(":")[0].replace("_", " ")
        start = (each.payee, at.team if at else "–", component, each.currency or "–")
        amounts = tuple(Number(amount, Shape.MONEY, each.currency) for amount in (each.so_far, each.at_pace))
        step = each.next_step
        if step is None:
            unsaid = self.say(UNSAID[each.unsaid]) if each.unsaid else "–"
            return Row((*start, *amounts, each.held or unsaid, "–", Number(None)))
        gain = Number(step.gain, Shape.MONEY, each.currency)
        return Row((*start, *amounts, self.next_text(each, step), self.distance_text(each, step), gain))

    def next_text(self, each: ProjectedPay, step: Next) -> str:
        return f"{each.basis_title} {reaching(self.say, step.reach, self.number(each, step.start))}"

    def distance_text(self, each: ProjectedPay, step: Next) -> str:
        """How far it is, and whether the pace leads there."""
        distance = reaching(self.say, step.reach, self.number(each, step.start - step.at))
        if each.basis_at_pace is None or step.start < step.at or step.reach == "below":
            return distance
        leads = each.basis_at_pace > step.start or (each.basis_at_pace == step.start and step.reach == "at")
        said = message("reached at this pace") if leads else message("not reached at this pace")
        return f"{distance}, {self.say(said)}"

    def number(self, each: ProjectedPay, value: Decimal) -> str:
        formats = Formats(self.language)
        if each.basis_unit is Unit.MONEY:
            return formats.measured(value, each.currency)
        return formats.short(value) if each.basis_unit is Unit.RATIO else formats.number(value)

    def money(self, sums: tuple[Decimal, Decimal], currency: str) -> tuple[Number, Number]:
        so_far, at_pace = sums
        return Number(so_far, Shape.MONEY, currency), Number(at_pace, Shape.MONEY, currency)


def _sums(pay: Iterable[ProjectedPay], key: Callable[[ProjectedPay], Key]) -> dict[Key, tuple[Decimal, Decimal]]:
    """So far and at pace; who has no line adds nothing."""
    found: dict[Key, tuple[Decimal, Decimal]] = {}
    for each in pay:
        so_far, at_pace = found.get(key(each), (Decimal(0), Decimal(0)))
        found[key(each)] = so_far + (each.so_far or 0), at_pace + (each.at_pace or 0)
    return found
