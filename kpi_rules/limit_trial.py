"""One limit over a few contacts, by hand: what tests beside limit files run, slowly and plainly."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.expressions import Expression, Value, evaluate
from kpi_rules.limit_checks import CheckedLimit
from kpi_rules.limit_language import MoreThan, Never, OnDays, OutsideHours, Per, TooSoon, Weekday


@dataclass(frozen=True, slots=True)
class TriedContact:
    """A contact on an account of the limit's jurisdiction, at a time of the debtor's clock."""

    at: datetime
    whose: Mapping[Per, str | None]
    facts: Mapping[str, Value]


def breaks(limit: CheckedLimit, contacts: Sequence[TriedContact], holidays: Collection[date]) -> tuple[bool, ...]:
    """For each contact, in the order in which they were made, whether it breaks the limit."""
    return tuple(
        limit.rule.holds_on(contact.at.date())
        and _meets(limit.where, contact)
        and _is_forbidden(limit, contacts, number, holidays)
        for number, contact in enumerate(contacts)
    )


def _is_forbidden(
    limit: CheckedLimit, contacts: Sequence[TriedContact], number: int, holidays: Collection[date]
) -> bool:
    contact = contacts[number]
    at, day = contact.at, contact.at.date()
    match limit.rule.forbids:
        case Never():
            return True
        case OutsideHours(starts=starts, ends=ends):
            return not starts <= f"{at:%H:%M:%S}" <= f"{ends}:00"
        case OnDays(weekdays=weekdays, holidays=are_forbidden):
            return list(Weekday)[day.weekday()] in weekdays or (are_forbidden and day in holidays)
        case MoreThan(count=count, per=per, days=days):
            before = _before(contacts, number, per, day - timedelta(days=days - 1))
            counted = sum(_meets(limit.where, each) for each in before)
            return contact.whose[per] is not None and counted >= count
        case TooSoon(days=days, per=per):
            before = _before(contacts, number, per, day - timedelta(days=days))
            return any(_meets(limit.after, each) for each in before)
    raise AssertionError(limit.rule.forbids)


def _before(contacts: Sequence[TriedContact], number: int, per: Per, first: date) -> list[TriedContact]:
    """The contacts made before, from a day on, with the same debtor, account, party or contact point."""
    whose = contacts[number].whose[per]
    return [each for each in contacts[:number] if each.whose[per] == whose and each.at.date() >= first]


def _meets(condition: Expression | None, contact: TriedContact) -> bool:
    return condition is None or evaluate(condition, contact.facts) is True
