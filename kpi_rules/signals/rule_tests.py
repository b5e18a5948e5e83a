"""Tests that auditors write beside signals: rows that fire or do not, people about whom there is a case or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.documents import Document, decode
from domain.expressions.parse import suggestion
from domain.ids import canonical_decimal
from domain.issues import Issue
from kpi_rules.signals.checks import CheckedSignal, SignalBook
from kpi_rules.signals.judging import figures_of, is_case
from kpi_rules.signals.language import SignalTest, SignalTestFile
from kpi_rules.signals.plain import FACTS, fires


def run_signal_tests(book: SignalBook, documents: Iterable[Document]) -> tuple[Issue, ...]:
    """What the signals do otherwise than the tests say, and what is wrong with the tests; nothing if all pass.

    INT010 no such signal in force, INT011 another result, INT012 a fact that the kind does not have or one missing.
    """
    return tuple(issue for document in documents for issue in _run_file(book, document))


def _run_file(book: SignalBook, document: Document) -> Iterator[Issue]:
    decoded, found = decode(document, SignalTestFile)
    yield from found
    for index, test in enumerate(decoded.tests if decoded else ()):
        known = {each.rule.id: each for each in book.on(test.on)}
        signal = known.get(test.signal)
        if signal is None:
            text = f'no signal "{test.signal}" is in force on {test.on}'
            place = document.place(("tests", index, "signal"))
            yield Issue("INT010", place, text, suggestion(test.signal, known))
            continue
        yield from _rows(document, index, test, signal)
        yield from _people(document, index, test, signal)


def _rows(document: Document, index: int, test: SignalTest, signal: CheckedSignal) -> Iterator[Issue]:
    looks_for = signal.rule.looks_for
    facts = FACTS[looks_for.kind]
    for number, row in enumerate(test.rows):
        place = document.place(("tests", index, "rows", number))
        odd = sorted({*row.given} ^ {*facts})
        if odd:
            text = f'"{test.name}": {", ".join(odd)}: given and not read, or read and not given'
            yield Issue("INT012", place, text, f"Rows of {looks_for.kind} have {', '.join(facts)}")
            continue
        found = fires(looks_for, row.given)
        if found != row.fires:
            text = f'"{test.name}": row {number + 1} {"fires" if found else "does not fire"}'
            yield Issue("INT011", place, text, "Correct the rule, or the test")


def _people(document: Document, index: int, test: SignalTest, signal: CheckedSignal) -> Iterator[Issue]:
    case = signal.rule.case
    for number, each in enumerate(test.people):
        figures = figures_of(each.rows, each.hits, each.peer_rows, each.peer_hits, case)
        found = is_case(figures, case, each.subjects)
        if found != each.case:
            verdict = "a case" if found else "no case"
            chance = f"the chance is {canonical_decimal(figures.chance)} for each of {each.subjects}"
            text = f'"{test.name}": {each.hits} of {each.rows} make {verdict}; {chance}'
            place = document.place(("tests", index, "people", number))
            yield Issue("INT011", place, text, "Correct the rule, or the test")
