"""The rules of cleaning, as operations edit them in `contact_points/*.yaml`: when a point is stale, shared, retired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from pydantic import Field

from domain.catalogue import CATALOGUE
from domain.documents import Document, RuleModel
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.rules import Placed, Rule, RuleKind, decode_rules
from expectations.contact_points.numbers import NumberType

SECTION = "cleaning"

_OUTCOMES = CATALOGUE["contacts"]["outcome"].codes


class CleaningRule(Rule):
    """How contact points are cleaned; one rule holds on a day."""

    reason: str = Field(min_length=1)
    """Why the limits are what they are."""
    look_back_days: int = Field(ge=1, le=1100)
    """Days of contacts that are read, the last accepted date included."""
    stale_after_days: int = Field(ge=1)
    """A point that was last proved to reach the person more days ago than this is stale."""
    retire_after_wrong_parties: int = Field(ge=1)
    """So many contacts that reached somebody else, since the last proof, retire a point."""
    shared_from_debtors: int = Field(ge=2)
    """A number or mail address of the parties of so many debtors is shared: a shop's, or made up."""
    wrong_party_outcomes: tuple[str, ...] = Field(min_length=1)
    """Outcomes of contacts that say that the point reaches somebody else."""
    proving_outcomes: tuple[str, ...] = ()
    """Outcomes of contacts that prove that it reaches the person; they count like a verification."""
    refused_number_types: tuple[NumberType, ...]
    """Kinds of numbers at which nobody is called. Emergency numbers and short codes are refused always."""
    demo_prefixes: tuple[str, ...] = ()
    """Beginnings of the demo book's telephone numbers; in any other book they count as what they are."""

    def first_day_read(self, as_of: date) -> date:
        return as_of - timedelta(days=self.look_back_days - 1)


class CleaningFile(RuleModel):
    """A file of rules for cleaning."""

    cleaning: tuple[CleaningRule, ...] = ()
    """One entry for each time."""


@dataclass(frozen=True, slots=True)
class CleaningBook:
    """Every version of the rule; `at` gives the one of a date."""

    placed: tuple[Placed[CleaningRule], ...] = ()

    def at(self, day: date) -> Placed[CleaningRule] | None:
        return next((placed for placed in self.placed if placed.rule.holds_on(day)), None)


def decode_cleaning(documents: Iterable[Document]) -> tuple[CleaningBook, tuple[Issue, ...]]:
    """All rules of cleaning, and all that is wrong with them.

    PNT001 no such outcome of contacts, PNT002 an outcome that would count for both, PNT003 two rules on one day,
    PNT004 a file that holds something else, PNT005 a prefix that is no beginning of an international number; and RUL0xx
    of the decoder.
    """
    read = tuple(documents)
    placed, issues = decode_rules(read, SECTION, RuleKind.CLEANING, CleaningRule)
    found = [issue for one in placed for issue in _misfits(one)]
    return CleaningBook(placed), (*_strangers(read), *issues, *found, *_rivals(placed))


def _strangers(documents: Iterable[Document]) -> Iterator[Issue]:
    for document in documents:
        for key in document.data if isinstance(document.data, dict) else ("",):
            if key != SECTION or not isinstance(document.data[key], list):
                place = document.place((key,) if key else ())
                yield Issue("PNT004", place, f'found "{key}" in a file of cleaning', f'Write "{SECTION}:" and a list')


def _misfits(placed: Placed[CleaningRule]) -> Iterator[Issue]:
    rule = placed.rule
    for name, outcomes in (
        ("wrong_party_outcomes", rule.wrong_party_outcomes),
        ("proving_outcomes", rule.proving_outcomes),
    ):
        for number, outcome in enumerate(outcomes):
            if outcome not in _OUTCOMES:
                place = placed.place(name, number)
                yield Issue("PNT001", place, f'no outcome "{outcome}" of contacts', suggestion(outcome, _OUTCOMES))
    for outcome in sorted({*rule.wrong_party_outcomes} & {*rule.proving_outcomes}):
        place = placed.place("proving_outcomes", rule.proving_outcomes.index(outcome))
        yield Issue("PNT002", place, f'"{outcome}" cannot prove a point and retire it', "Leave it in one of the lists")
    for number, prefix in enumerate(rule.demo_prefixes):
        if not (prefix.startswith("+") and prefix[1:].isdecimal() and len(prefix) > 3):
            place = placed.place("demo_prefixes", number)
            yield Issue("PNT005", place, f'"{prefix}" begins no international number', 'Write, say, "+84000"')


def _rivals(rules: Iterable[Placed[CleaningRule]]) -> Iterator[Issue]:
    ordered = sorted(rules, key=lambda placed: (placed.rule.valid_from, placed.rule.id))
    for one, other in combinations(ordered, 2):
        if one.rule.id != other.rule.id and one.rule.holds_on(other.rule.valid_from):
            message = f'two rules of cleaning hold on {other.rule.valid_from}: "{one.rule.id}" and "{other.rule.id}"'
            yield Issue("PNT003", other.place("id"), message, "End the older one with valid_to")
