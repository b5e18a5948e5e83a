"""Versions of a rule within a month: which of them counts, and for which days.

What a rule says by `changes` is said by the version that held last, up to the business date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Protocol, TypeVar

from domain.issues import Issue
from domain.periods import Period
from domain.rules import AnyRule, Placed

Days = tuple[date, date]  # the first and the last, both included


class Dated(Protocol):
    """A rule, or what has its days."""

    @property
    def id(self) -> str: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


class Changing(Dated, Protocol):
    """A rule that says what a change of it within a month means."""

    @property
    def changes(self) -> str | None: ...


AnyChanging = TypeVar("AnyChanging", bound=Changing)


def days_of(rule: Dated, within: Days) -> Days | None:
    """Its days among these; None if it has none."""
    last = date.max if rule.valid_to is None else rule.valid_to - timedelta(days=1)
    first, last = max(rule.valid_from, within[0]), min(last, within[1])
    return (first, last) if first <= last else None


def counting_days(rules: Iterable[AnyChanging], day: date) -> Iterator[tuple[AnyChanging, Days]]:
    """The rules that count in the month up to the day, by id and first day, each with its days.

    By days each version counts for its own. Where the last one says `whole_month` it counts for all of them, if it
    still holds on the day; the others of its id count for none.
    """
    month = (Period.of(day).start, day)
    known = sorted((rule for rule in rules if days_of(rule, month)), key=lambda rule: (rule.id, rule.valid_from))
    last = {rule.id: rule for rule in known}
    for rule in known:
        days = days_of(rule, month)
        if last[rule.id].changes != "whole_month" and days:
            yield rule, days
        elif rule is last[rule.id] and days and days[1] == day:
            yield rule, month


def check_refused(placed: Iterable[Placed[AnyRule]], *, of: str = "id") -> Iterator[Issue]:
    """Versions that begin while another one held in the same month, where one of the two says `refuse`; versions are
    the rules with the same value of this key."""
    ordered = sorted(placed, key=lambda each: (getattr(each.rule, of), each.rule.valid_from))
    for before, after in pairwise(ordered):
        began, changes = after.rule.valid_from, {getattr(each.rule, "changes", None) for each in (before, after)}
        held = days_of(before.rule, (Period.of(began).start, began - timedelta(days=1)))
        if getattr(before.rule, of) == getattr(after.rule, of) and held and "refuse" in changes:
            text = f'"{after.rule.id}" changes on {began}, within a month, which `changes: refuse` forbids'
            yield Issue("KPI018", after.place("valid_from"), text, "Let it begin on the first of a month")
