"""Tests that managers write beside their rules: values in, expected score or figure out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.documents import Document, decode
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue
from domain.money import Rounding, round_to
from kpi_rules.language import KpiTest, KpiTestFile, ScorecardTest
from kpi_rules.limit_checks import LIMIT_COLUMNS
from kpi_rules.limit_language import LimitTest, LimitTestContact, Per
from kpi_rules.limit_trial import TriedContact, breaks
from kpi_rules.rulebook import KpiRules
from kpi_rules.trial import read_by_figure, read_by_scorecard, try_figure, try_scorecard


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
        yield from self._unread("given", test.given, read_by_scorecard(card))
        yield from self._unread("targets", test.targets, [part.kpi for part in card.parts])
        found = try_scorecard(self._rules, card, test.given, test.targets, test.on)
        yield from self._compare("score", test.score, found.score, test.digits, test.name)

    def kpi(self, test: KpiTest) -> Iterator[Issue]:
        figures = {figure.id: figure for figure in self._rules.figures if read_by_figure(figure)}
        figure = figures.get(test.kpi)
        if figure is None:
            text = f'no ratio or derived KPI "{test.kpi}" is in force on {test.on}'
            yield self._issue("KPI050", "kpi", text, suggestion(test.kpi, figures))
            return
        yield from self._unread("given", test.given, read_by_figure(figure))
        yield from self._compare("value", test.value, try_figure(figure, test.given), test.digits, test.name)

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


def _shown(number: Decimal | None) -> str:
    return "no value" if number is None else canonical_decimal(number)
