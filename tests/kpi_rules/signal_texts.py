"""Signals for tests: the text of a rule file with one signal of a kind."""

from __future__ import annotations

from adapters.rule_files import parse_document
from kpi_rules.signals.checks import CheckedSignal, SignalBook, decode_signals

CASE = "{at_least: 3, peers_at_most: 0.05, false_alarms: 0.05}"


def text_of(looks_for: str, *, subjects: str = "employee, partner", case: str = CASE, more: str = "") -> str:
    return f"""signals:
  - id: tried
    title: Tried
    about: It may be, and it may not be.
    owner: head_of_internal_audit
    valid_from: 2020-01-01
    review_by: 2027-06-30
    subjects: [{subjects}]
    looks_for: {looks_for}
    case: {case}
    closing: {{department: internal_audit, days: 20, groups: [integrity_officers]}}
{more}"""


def decoded(text: str) -> tuple[SignalBook, tuple[str, ...]]:
    document, issues = parse_document(text, "kpi_rules/signals/a.yaml")
    assert document is not None, issues
    book, found = decode_signals([document])
    return book, tuple(str(each) for each in found)


def signal_of(looks_for: str, **given: str) -> CheckedSignal:
    book, found = decoded(text_of(looks_for, **given))
    assert not found, found
    return book.signals[0]
