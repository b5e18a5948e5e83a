"""Why somebody's pay changed, in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from reports.formats import Formats
from reports.languages import message, words_of
from reports.pay_changes import Cause, Change, PayChange

_WORDS = {
    Cause.NEW: message("new this month"),
    Cause.ENDED: message("no longer paid"),
    Cause.RULE: message("another version of %(name)s"),
    Cause.FIGURE: message("%(name)s %(before)s → %(now)s"),
    Cause.DAYS: message("days %(before)s → %(now)s"),
    Cause.PARTS: message("the month has other parts"),
}


def why_changed(change: PayChange, formats: Formats) -> str:
    """ "score 80 → 90; days 20 → 10", or that nothing explains the difference; empty where there is none."""
    if change.is_unexplained:
        return words_of(formats.language).gettext("no reason found")
    return "; ".join(_words(change.changes, formats))


def _words(changes: tuple[Change, ...], formats: Formats) -> Iterator[str]:
    gettext = words_of(formats.language).gettext
    for each in changes:
        values = {
            "name": each.name.replace("_", " "),
            "before": _number(each.before, formats),
            "now": _number(each.now, formats),
        }
        yield gettext(_WORDS[each.cause]) % values


def _number(number: Decimal | None, formats: Formats) -> str:
    return "–" if number is None else formats.number(number)
