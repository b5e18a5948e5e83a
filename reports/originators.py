"""What a unit of the bank is told about the debts that it transferred: faults, how often, and what it answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain.actions import Action, ActionState
from domain.money import CONTEXT
from reports.languages import Language, message
from reports.scopes import Scope
from reports.sections import Card, Day, Heading, Name, Number, Report, Row, Section, Shape
from reports.views import About, View

STAGES = {
    "appraisal": message("appraisal"),
    "disbursement": message("disbursement"),
    "servicing": message("servicing"),
    "transfer": message("transfer"),
}
PER_THOUSAND = Decimal(1000)


@dataclass(frozen=True, slots=True)
class UnitBook:
    """What is in the book of the debts that a unit transferred, in one currency."""

    unit: str
    currency: str
    accounts: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class FaultTitle:
    title: str
    stage: str


@dataclass(frozen=True, slots=True)
class OriginatorFacts:
    """`feedback` are the actions of that kind; `balances` what is owed on the accounts that they name."""

    about: About
    books: tuple[UnitBook, ...]
    feedback: tuple[Action, ...]
    faults: Mapping[str, FaultTitle]
    outcomes: Mapping[str, str]
    balances: Mapping[str, tuple[str, Decimal]]
    unit: str = ""


def originators_report(facts: OriginatorFacts, language: Language) -> Report:
    """Of all units beside each other, for the house; or of one, as it is handed to that unit. Accounts by id alone."""
    view = _Units(facts.about, language, Scope(), facts)
    gettext = view.gettext
    audience = gettext("the unit %(unit)s of the bank") % {"unit": facts.unit} if facts.unit else gettext("the house")
    report = view.report(
        "originators",
        gettext("Feedback to the units that transferred the debts"),
        audience=audience,
        cards=view.cards(),
        sections=(view.units(), view.faults(), view.each()),
        facts=(),
    )
    return replace(report, scope=facts.unit)


@dataclass(frozen=True, slots=True)
class _Units(View):
    facts: OriginatorFacts

    def mine(self) -> list[Action]:
        return [each for each in self.facts.feedback if self.facts.unit in {"", each.opened.unit}]

    def cards(self) -> Iterator[Card]:
        gettext, mine = self.gettext, self.mine()
        yield Card(gettext("Faults told"), Number(len(mine)))
        unanswered = sum(each.waits_for is not None for each in mine)
        yield Card(gettext("Without an answer"), Number(unanswered))
        late = sum(each.is_overdue(self.about.business_date) for each in mine)
        yield Card(gettext("Overdue"), Number(late))

    def units(self) -> Section:
        """Faults beside what each unit transferred: a unit that transfers more has more of them."""
        gettext = self.gettext
        headings = (
            Heading(gettext("Unit"), is_number=False),
            Heading(gettext("Currency"), is_number=False),
            Heading(gettext("Accounts in the book")),
            Heading(gettext("Balance")),
            Heading(gettext("Faults told")),
            Heading(gettext("Accounts with a fault")),
            Heading(gettext("Per 1,000 accounts")),
            Heading(gettext("Balance with a fault")),
            Heading(gettext("Of the balance")),
        )
        books = [each for each in self.facts.books if self.facts.unit in {"", each.unit}]
        rows = tuple(self._unit_row(each) for each in books)
        rule = gettext(
            "Accounts of the newest extract by the unit that granted or transferred them. Faults count whatever became "
            "of them, but for those that were withdrawn or shown to be none."
        )
        return Section("units", gettext("By unit"), rule, headings, rows, gettext("No accounts in the book."))

    def _unit_row(self, book: UnitBook) -> Row:
        mine = [each for each in self.mine() if each.opened.unit == book.unit and _stands(each)]
        of_book = [each for each in mine if self._currency(each) == book.currency]
        accounts = {each.opened.account for each in of_book}
        balance = sum((self.facts.balances[each][1] for each in sorted(accounts)), Decimal(0))
        rate = CONTEXT.divide(Decimal(len(accounts)) * PER_THOUSAND, Decimal(book.accounts)) if book.accounts else None
        share = CONTEXT.divide(balance, book.balance) if book.balance else None
        return Row(
            (
                book.unit,
                book.currency,
                Number(book.accounts),
                Number(book.balance, Shape.MONEY, book.currency),
                Number(len(of_book)),
                Number(len(accounts)),
                Number(rate, Shape.NUMBER),
                Number(balance, Shape.MONEY, book.currency),
                Number(share, Shape.SHARE),
            )
        )

    def _currency(self, action: Action) -> str:
        return self.facts.balances.get(action.opened.account, ("", Decimal(0)))[0]

    def faults(self) -> Section:
        """By unit and fault, with what the unit answered."""
        gettext = self.gettext
        found: dict[tuple[str, str], list[Action]] = defaultdict(list)
        for each in self.mine():
            found[each.opened.unit, each.opened.code].append(each)
        codes = sorted({each.code for each in self.mine() if each.code})
        headings = (
            Heading(gettext("Unit"), is_number=False),
            Heading(gettext("Fault"), is_number=False),
            Heading(gettext("Stage"), is_number=False),
            Heading(gettext("Faults told")),
            Heading(gettext("Open")),
            *(Heading(self.facts.outcomes.get(each, each)) for each in codes),
        )
        rows = tuple(self._fault_row(key, actions, codes) for key, actions in sorted(found.items()))
        rule = gettext("What was found, in which part of the unit's work it was made, and what the unit answered.")
        return Section("faults", gettext("By fault"), rule, headings, rows, gettext("Nothing was told."))

    def _fault_row(self, key: tuple[str, str], actions: Sequence[Action], codes: Sequence[str]) -> Row:
        unit, code = key
        fault = self.facts.faults.get(code, FaultTitle(code, ""))
        still = sum(each.state is ActionState.OPEN for each in actions)
        answers = (Number(sum(each.code == one for each in actions)) for one in codes)
        stage = self.gettext(STAGES[fault.stage]) if fault.stage else ""
        return Row((unit, Name(fault.title, code), stage, Number(len(actions)), Number(still), *answers))

    def each(self) -> Section:
        gettext = self.gettext
        headings = (
            Heading(gettext("Action"), is_number=False),
            Heading(gettext("Unit"), is_number=False),
            Heading(gettext("Account"), is_number=False),
            Heading(gettext("Fault"), is_number=False),
            Heading(gettext("In words"), is_number=False),
            Heading(gettext("Told on"), is_number=False),
            Heading(gettext("Answer by"), is_number=False),
            Heading(gettext("Answer"), is_number=False),
            Heading(gettext("Words"), is_number=False),
        )
        rows = tuple(
            Row(
                (
                    each.action_id,
                    each.opened.unit,
                    each.opened.account,
                    each.opened.code,
                    each.opened.about,
                    Day(each.opened.opened_on),
                    Day(each.deadline),
                    each.code,
                    each.outcome,
                )
            )
            for each in self.mine()
        )
        rule = gettext("The unit answers in the columns answer and words, and sends the file back.")
        return Section("each", gettext("One by one"), rule, headings, rows, gettext("Nothing was told."), shown=100)


def _stands(action: Action) -> bool:
    return action.code not in {"withdrawn", "refused"}
