"""What planning assumes of staff, as managers write it: hours that count, leavers to come, joiners, costs of an hour.

Nothing official is made from it: it is no input of a night.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Annotated

from pydantic import Field

from domain.documents import Document, RuleModel
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.planned import ActionKind
from domain.rules import Placed, Rule, RuleKind, decode_rules

LOOKBACK_WEEKS = 13


def decode_staffing(
    documents: Iterable[Document], departments: Iterable[str] = ()
) -> tuple[StaffingBook, tuple[Issue, ...]]:
    """The staffing rules, and everything that is wrong with them; `departments` are those of the strategies."""
    files, known = tuple(documents), tuple(sorted({*departments}))
    placed, issues = decode_rules(files, "staffing", RuleKind.STAFFING, StaffingRule)
    found = (
        *(issue for file in files for issue in _faults_of_file(file)),
        *issues,
        *_two_at_once(placed),
        *(issue for one in placed for issue in _faults(one, known)),
    )
    return StaffingBook(placed), found


@dataclass(frozen=True, slots=True)
class StaffingBook:
    placed: tuple[Placed[StaffingRule], ...] = ()

    def on(self, day: date) -> StaffingRule | None:
        """The one that holds on `day`."""
        return next((one.rule for one in self.placed if one.rule.holds_on(day)), None)


class HourCost(RuleModel):
    """What an hour of a collector costs the house, everything included: pay, taxes, desk, telephone."""

    department: str
    """Department of the collector."""
    amount: Decimal = Field(gt=0)
    """Per paid hour, in `currency`."""
    currency: str
    """Currency of the amount; the strategy says what it is worth."""
    valid_from: date
    """First day on which it holds; until the department's next one."""


class Joiners(RuleModel):
    """People who are coming and are not in the staff tables yet."""

    department: str
    """Where they will work."""
    team: str
    """The team within the department."""
    jurisdiction: str
    """Whose calendar and accounts."""
    skills: tuple[str, ...] = ()
    """Languages, products, regions and licences, as in the table `skills`."""
    starts_on: date
    """First day at work; the strategy's ramp counts from it."""
    people: int = Field(gt=0)
    """How many."""
    minutes_per_day: int = Field(gt=0)
    """Working minutes of one of them on a full day."""
    accounts_at_most: int = Field(default=0, ge=0)
    """Accounts that one of them may own at once."""


class Attrition(RuleModel):
    """Leavers to be expected: the house's own history, and what is stated beside it."""

    per_year: Decimal = Field(ge=0, le=5)
    """Leavers a year for each person employed, where history says nothing."""
    weight_years: Decimal = Field(gt=0)
    """So many person-years of history weigh as much as what is stated."""


class StaffingRule(Rule):
    """What planning of capacity assumes; one holds at a time."""

    lookback_weeks: int = Field(default=LOOKBACK_WEEKS, ge=2, le=53)
    """Over how many weeks before the business date roll rates are measured."""
    productive_share: Decimal = Field(default=Decimal(1), gt=0, le=1)
    """Share of the minutes at work that go into accounts: without breaks, training and meetings."""
    attrition: Attrition | None = None
    """Expected leavers; left out: only those whose last day is known."""
    minutes_per_action: dict[ActionKind, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)
    """Minutes that one action of a treatment plan takes, its follow-up included. Stated for every kind of action that a
    segment's plans ask for, demand is actions × minutes; left out, it is the segment's handling_minutes."""
    cost_per_hour: tuple[HourCost, ...] = ()
    """Where the table `costs` says nothing, or something else is to be planned with."""
    joiners: tuple[Joiners, ...] = ()
    """Hires that are agreed."""


class StaffingFile(RuleModel):
    """A file of staffing rules."""

    staffing: tuple[StaffingRule, ...] = ()
    """Versions; their days do not overlap."""


def _two_at_once(placed: tuple[Placed[StaffingRule], ...]) -> Iterator[Issue]:
    for one, two in combinations(sorted(placed, key=lambda each: each.rule.valid_from), 2):
        if one.rule.id != two.rule.id and one.rule.holds_on(two.rule.valid_from):
            text = f'"{two.rule.id}" begins while "{one.rule.id}" holds; see {one.place("valid_from")}'
            yield Issue("CAP001", two.place("valid_from"), text, "One holds at a time: end the other one before")


def _faults(placed: Placed[StaffingRule], departments: tuple[str, ...]) -> Iterator[Issue]:
    rule = placed.rule
    named = [
        *(("cost_per_hour", index, cost.department) for index, cost in enumerate(rule.cost_per_hour)),
        *(("joiners", index, group.department) for index, group in enumerate(rule.joiners)),
    ]
    for key, index, department in named:
        if departments and department not in departments:
            text, at = f'no strategy has the department "{department}"', placed.place(key, index, "department")
            yield Issue("CAP002", at, text, suggestion(department, departments))
    seen: dict[tuple[str, date], int] = {}
    for index, cost in enumerate(rule.cost_per_hour):
        first = seen.setdefault((cost.department, cost.valid_from), index)
        if first != index:
            at = placed.place("cost_per_hour", index)
            text = f"two costs of an hour in {cost.department} from {cost.valid_from} on"
            yield Issue("CAP003", at, f"{text}; see {placed.place('cost_per_hour', first)}", "Keep one of them")


def _faults_of_file(document: Document) -> Iterator[Issue]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("staffing"), list):
        yield Issue("CAP004", document.place(("staffing",)), "the file has no list `staffing`", "Add it")
    for key in data if isinstance(data, dict) else ():
        if key != "staffing":
            yield Issue("RUL001", document.key_place((key,)), f'unknown key "{key}"', suggestion(key, ["staffing"]))
