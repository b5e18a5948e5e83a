"""Tests that managers write beside their rules: values in, expected score or figure out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.documents import Document, decode
from domain.expressions import evaluate
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue
from domain.money import Rounding, round_to
from domain.records import ValueState
from domain.staff import StaffPosting
from kpi_rules.figures import Division, Figure, Formula
from kpi_rules.grading import Measured, grade
from kpi_rules.language import KpiTest, KpiTestFile, Scorecard, ScorecardPart, ScorecardTest
from kpi_rules.limit_checks import LIMIT_COLUMNS
from kpi_rules.limit_language import LimitTest, LimitTestContact, Per
from kpi_rules.limit_trial import TriedContact, breaks
from kpi_rules.results import divide
from kpi_rules.rulebook import KpiRules
from kpi_rules.target_values import target_for


def run_rule_tests(rules: KpiRules, documents: Iterable[Document]) -> tuple[Issue, ...]:
    """What the rules do otherwise than the tests say, and what is wrong with the tests; nothing if all pass."""
    return tuple(issue for document in documents for issue in _run_file(rules, document))


def _run_file(rules: KpiRules, document: Document) -> Iterator[Issue]:
    decoded, found = decode(document, KpiTestFile)
    yield from found
    for index, test in enumerate(decoded.tests if decoded else ()):
        match test:
            case ScorecardTest():
                yield from _Run(rules.on(test.on), document, index).scorecard(test)
            case KpiTest():
                yield from _Run(rules.on(test.on), document, index).kpi(test)
            case LimitTest():
                yield from _Run(rules, document, index).limit(test)


class _Run:
    def __init__(self, rules: KpiRules, document: Document, index: int) -> None:
        self._rules, self._document, self._path = rules, document, ("tests", index)

    def scorecard(self, test: ScorecardTest) -> Iterator[Issue]:
        cards = {placed.rule.id: placed.rule for placed in self._rules.scorecards}
        card = cards.get(test.scorecard)
        if card is None:
            text = f'no scorecard "{test.scorecard}" is in force on {test.on}'
            yield self._issue("KPI050", "scorecard", text, suggestion(test.scorecard, cards))
            return
        yield from self._unread(
            "given", test.given, [*(each.kpi for each in card.parts), *(each.kpi for each in card.gates)]
        )
        yield from self._unread("targets", test.targets, [part.kpi for part in card.parts])
        gated = {gate.kpi: Measured(ValueState.VALUE, test.given.get(gate.kpi), None) for gate in card.gates}
        _, found, _ = grade(card, {part.kpi: self._measured(part, card, test) for part in card.parts}, gated)
        yield from self._compare("score", test.score, found, test.digits, test.name)

    def kpi(self, test: KpiTest) -> Iterator[Issue]:
        figures = {figure.id: figure for figure in self._rules.figures if isinstance(figure.made, Division | Formula)}
        figure = figures.get(test.kpi)
        if figure is None:
            text = f'no ratio or derived KPI "{test.kpi}" is in force on {test.on}'
            yield self._issue("KPI050", "kpi", text, suggestion(test.kpi, figures))
            return
        yield from self._unread("given", test.given, _names_of(figure))
        yield from self._compare("value", test.value, _value_of(figure, test), test.digits, test.name)

    def limit(self, test: LimitTest) -> Iterator[Issue]:
        """By every version of the limit: each judges the contacts of its own days."""
        versions = [limit for limit in self._rules.limits if limit.rule.id == test.limit]
        if not versions:
            known = [limit.rule.id for limit in self._rules.limits]
            yield self._issue("KPI050", "limit", f'no limit "{test.limit}"', suggestion(test.limit, known))
            return
        yield from self._unread("given", test.given, list(LIMIT_COLUMNS))
        for each in test.contacts:
            yield from self._unread("contacts", each.given, list(LIMIT_COLUMNS))
        contacts = [_tried(test, each) for each in test.contacts]
        found = [breaks(limit, contacts, test.holidays) for limit in versions]
        for number, each in enumerate(test.contacts):
            is_breach = any(one[number] for one in found)
            if is_breach != each.breaks:
                text = f'"{test.name}": {_breach(each.breaks)} expected at {each.at}, found {_breach(is_breach)}'
                place = self._document.place((*self._path, "contacts", number, "breaks"))
                yield Issue("KPI051", place, text, "Correct the rule, or the test")

    def _measured(self, part: ScorecardPart, card: Scorecard, test: ScorecardTest) -> Measured:
        """Of what is held against peers, the target of the test stands for what they reached."""
        kpi = part.kpi
        somebody = StaffPosting(card.department, "", card.roles[0], test.on)
        of_each = [placed for placed in self._rules.targets if placed.rule.cascade is None]
        stated = target_for(of_each, kpi, "", somebody)
        target = test.targets.get(kpi, stated.rule.values[kpi] if stated and not part.peers else None)
        lower = any(figure.id == kpi and figure.rule.good == "lower" for figure in self._rules.figures)
        tie_band = part.peers.tie_band if part.peers else Decimal(0)
        return Measured(ValueState.VALUE, test.given.get(kpi), target, lower, tie_band=tie_band)

    def _unread(self, key: str, given: Iterable[str], read: list[str]) -> Iterator[Issue]:
        for name in given:
            if name not in read:
                yield self._issue(
                    "KPI052", key, f'"{name}" is not read by what is tested', suggestion(name, read), name
                )

    def _compare(
        self, key: str, expected: Decimal | None, found: Decimal | None, digits: int | None, name: str
    ) -> Iterator[Issue]:
        shown = found if found is None or digits is None else round_to(found, digits, Rounding.HALF_UP)
        if shown != expected:
            text = f'"{name}": expected {_shown(expected)}, found {_shown(shown)}'
            yield self._issue("KPI051", key, text, "Correct the rule, or the test")

    def _issue(self, code: str, key: str, message: str, hint: str, *deeper: str) -> Issue:
        return Issue(code, self._document.place((*self._path, key, *deeper)), message, hint)


def _tried(test: LimitTest, contact: LimitTestContact) -> TriedContact:
    whose = {
        Per.DEBTOR: contact.debtor,
        Per.ACCOUNT: contact.account,
        Per.PARTY: contact.party,
        Per.CONTACT_POINT: contact.contact_point,
    }
    facts = {**dict.fromkeys(LIMIT_COLUMNS), **test.given, **contact.given}
    return TriedContact(contact.at, whose, facts)


def _breach(is_breach: bool) -> str:  # noqa: FBT001
    return "a breach" if is_breach else "no breach"


def _names_of(figure: Figure) -> list[str]:
    if isinstance(figure.made, Formula):
        return sorted(figure.made.expression.names)
    return ["numerator", "denominator"]


def _value_of(figure: Figure, test: KpiTest) -> Decimal | None:
    if isinstance(figure.made, Formula):
        given = {name: test.given.get(name) for name in _names_of(figure)}
        value = evaluate(figure.made.expression, given)
        return value if isinstance(value, Decimal) else None
    return divide(test.given.get("numerator"), test.given.get("denominator"))


def _shown(number: Decimal | None) -> str:
    return "no value" if number is None else canonical_decimal(number)
