"""Tests that compliance writes beside the terms of actions: what came in, by which terms, and by when it is due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from pydantic import Field

from domain.actions import PartyKind, RegisterKind
from domain.deadlines import Calendar, after_standing_still
from domain.documents import Document, RuleModel, decode
from domain.issues import Issue
from kpi_rules.action_rulings import deadline_by_terms
from kpi_rules.action_terms import ActionTermsBook

_BEFORE, _AFTER = timedelta(days=30), timedelta(days=400)  # of the days of a test, as far as its calendar reaches


class Waited(RuleModel):
    """For whom it waited, and from when to when."""

    on: PartyKind
    """For whom."""
    start: date = Field(alias="from")
    """The day on which the waiting began."""
    until: date
    """The day on which it ended."""


class ActionTest(RuleModel):
    """What came in, and by when it is due."""

    name: str
    """What the test shows, as a sentence."""
    kind: RegisterKind
    """Of which kind it is."""
    on: date
    """The day on which it came in and was entered."""
    jurisdiction: str = ""
    """Where."""
    code: str = ""
    """Its subtype."""
    days_off: tuple[date, ...] = ()
    """Days from Monday to Friday on which nobody works there."""
    waited: Waited | None = None
    """For whom it waited meanwhile."""
    terms: str
    """Id of the terms that are expected to hold."""
    due: date
    """The expected deadline."""


class ActionTestFile(RuleModel):
    """A file of tests of terms of actions."""

    tests: tuple[ActionTest, ...]
    """The tests."""


def run_action_tests(book: ActionTermsBook, documents: Iterable[Document]) -> tuple[Issue, ...]:
    """What the terms do otherwise than the tests say, and what is wrong with the tests; nothing if all pass."""
    return tuple(issue for document in documents for issue in _run_file(book, document))


def _run_file(book: ActionTermsBook, document: Document) -> Iterator[Issue]:
    decoded, found = decode(document, ActionTestFile)
    yield from found
    for index, test in enumerate(decoded.tests if decoded else ()):
        for key, expected, was in _run(book, test):
            place = document.place(("tests", index, key))
            text = f'"{test.name}": expected {expected}, found {was}'
            yield Issue("ACT023", place, text, "Correct the terms, or the test")


def _run(book: ActionTermsBook, test: ActionTest) -> Iterator[tuple[str, str, str]]:
    placed = book.terms_of(test.kind, test.on, jurisdiction=test.jurisdiction, code=test.code)
    if placed is None or placed.rule.id != test.terms:
        yield "terms", test.terms, placed.rule.id if placed else "no terms"
        return
    terms, calendar = placed.rule, _calendar(test)
    due = deadline_by_terms(terms, test.on, calendar).deadline
    waited = test.waited
    if waited and terms.stops_clock_for(waited.on):
        due = after_standing_still(due, waited.start, waited.until, terms.due.count, calendar).day
    if due != test.due:
        yield "due", test.due.isoformat(), due.isoformat()


def _calendar(test: ActionTest) -> Calendar:
    first, last = test.on - _BEFORE, max(test.on, test.due) + _AFTER
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    return Calendar(frozenset(day for day in days if day.weekday() < 5 and day not in test.days_off))
