"""Steps of a payout in words: how each value came about, for those who are paid by it.

Kinds and notes that are not known here stand as the calculation wrote them: nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.records import Step, Unit
from reports.formats import Formats
from reports.languages import message, words_of

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|[*/]|(?<= )-(?= )")
_SIGNS = {"*": "×", "/": "÷", "-": "−"}

# How a kind of step reads, before what it was made from; those that need more than a sentence are in `_how`.
_KINDS: Mapping[str, str] = {
    "base": message("stated in the rule"),
    "input": message("measured"),
    "curve": message("read from the rule's curve"),
    "table": message("the row of the rule's table that holds"),
    "gate": message("a condition of the rule"),
    "cap": message("at most"),
    "floor": message("at least"),
    "prorate": message("for the days that count"),
    "round": message("rounded"),
    "sum": message("the parts of the month together"),
    "kicker": message("more where a condition holds"),
    "penalty": message("taken off"),
    "quota": message("the target of this month"),
    "split": message("a part of it"),
    "draw": message("an advance, and what is paid back of it"),
    "rank": message("the place among the others"),
    "prize": message("the prize of the place"),
    "pool": message("the share of the pool"),
    "scale": message("cut to the budget if it is passed"),
}

_NAMES: Mapping[str, str] = {
    "days": message("days"),
    "days of the period": message("days of the period"),
    "from": message("from"),
    "rate": message("rate"),
    "at": message("limit"),
    "factor": message("what remains"),
    "value": message("value"),
}

# Notes of the calculation, and how they read; a group's number stands for a value.
_NOTES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"between (?P<low>-?[\d.]+) and (?P<high>-?[\d.]+)"), message("between %(low)s and %(high)s")),
    (re.compile(r"first point"), message("at the first point")),
    (re.compile(r"last point"), message("at the last point")),
    (re.compile(r"band (?P<number>\d+) of (?P<all>\d+)"), message("band %(number)s of %(all)s")),
    (re.compile(r"open"), message("it does not hold: nothing is taken away")),
    (re.compile(r"closed: (?P<condition>.+)"), message("it holds (%(condition)s): only a share remains")),
    (re.compile(r"earned: (?P<condition>.+)"), message("it holds: %(condition)s")),
    (re.compile(r"not earned"), message("it does not hold: nothing is added")),
    (re.compile(r"takes no part"), message("takes no part")),
    (re.compile(r"as first paid"), message("as first paid")),
    (re.compile(r"against the others as first paid"), message("against the others as first paid")),
    (re.compile(r"one of (?P<number>\d+) equals"), message("one of %(number)s equals")),
    (
        re.compile(r"one of (?P<number>\d+) equals, against the others as first paid"),
        message("one of %(number)s equals, against the others as first paid"),
    ),
    (re.compile(r"within the budget"), message("within the budget")),
    (re.compile(r"cut to the budget"), message("cut to the budget")),
    (re.compile(r"capped"), message("the most was reached")),
    (re.compile(r"raised"), message("raised to the least")),
    (re.compile(r"half_up, (?P<digits>-?\d+) digits"), message("halves upwards, digits after the point: %(digits)s")),
    (re.compile(r"half_even, (?P<digits>-?\d+) digits"), message("halves to even, digits after the point: %(digits)s")),
    (re.compile(r"down, (?P<digits>-?\d+) digits"), message("downwards, digits after the point: %(digits)s")),
    (re.compile(r"up, (?P<digits>-?\d+) digits"), message("upwards, digits after the point: %(digits)s")),
    (re.compile(r"each slice at its own rate"), message("each slice at its own rate")),
    (re.compile(r"no value: taken as zero, as stated"), message("no value: taken as zero, as the rule states")),
    (re.compile(r"brought in by the opening import"), message("as it stood when this system took over")),
    (re.compile(r"the only policy that matches"), message("the only rule that is for you")),
    (re.compile(r"more specific than (?P<others>.+)"), message("more specific than %(others)s")),
    (re.compile(r"\S+ ?(?P<value>-?[\d.]+) lies below the first band"), message("%(value)s lies below the first band")),
    (re.compile(r"(?P<value>-?[\d.]+) lies below the first point"), message("%(value)s lies below the first point")),
    (re.compile(r"(?P<value>-?[\d.]+) lies below zero"), message("%(value)s lies below zero")),
)


@dataclass(frozen=True, slots=True)
class StepWords:
    """How the steps of one line are said: `units` are those of its columns, `titles` what its inputs are called,
    `shares` the inputs that read in percent."""

    formats: Formats
    currency: str
    units: Mapping[str, Unit]
    titles: Mapping[str, str]
    shares: frozenset[str] = frozenset()

    def name(self, name: str) -> str:
        """A column by the title of what it reads, or by its own name with spaces."""
        return self.titles.get(name) or self._named(name)

    def value(self, step: Step) -> str:
        return "–" if step.value is None else self.number(step.name, step.value)

    def number(self, name: str, value: Decimal) -> str:
        if name in self.shares:
            return self.formats.share(value)
        if self.units.get(name) is Unit.MONEY:
            return self.formats.measured(value, self.currency)
        return self.formats.number(value)

    def how(self, step: Step) -> str:
        """From what, and how: "target 3,000,000 × payout 0.9125"."""
        kind = words_of(self.formats.language).gettext(_KINDS[step.kind]) if step.kind in _KINDS else ""
        if step.kind == "formula":
            return self._formula(step)
        made_from = self._made_from(step)
        if step.kind == "tiers":
            made_from = " + ".join(self._slices(step)) or made_from
        elif step.kind == "input" or [name for name, _ in step.inputs] == ["value"]:
            made_from = ""
        return "; ".join(part for part in (kind, made_from, self.note(step.note, step.kind)) if part)

    def note(self, note: str, kind: str = "") -> str:
        gettext = words_of(self.formats.language).gettext
        if kind == "table" and note:
            return note
        for pattern, text in _NOTES:
            found = pattern.fullmatch(note)
            if found:
                values = {name: self._said(name, value) for name, value in found.groupdict().items()}
                return gettext(text) % values
        return note

    def _said(self, name: str, text: str) -> str:
        """A condition reads its columns by their titles, and everything else as a number."""
        if name != "condition":
            return self._shown(text)
        return _TOKEN.sub(lambda found: self.titles.get(found.group()) or self._shown(found.group()), text)

    def _formula(self, step: Step) -> str:
        """The expression with the value behind each name."""
        values = dict(step.inputs)

        def valued(found: re.Match[str]) -> str:
            text = found.group()
            if text in values:
                return f"{self.name(text)} {self._value_of(text, values[text])}"
            return _SIGNS.get(text) or self._shown(text)

        return _TOKEN.sub(valued, step.note) or self._made_from(step)

    def _slices(self, step: Step) -> Iterator[str]:
        """The slices of marginal tiers, which the calculation names by their amount."""
        for name, rate in step.inputs:
            amount = name.removesuffix(" at")
            if amount != name and _NUMBER.fullmatch(amount):
                yield f"{self._shown(amount)} × {self._shown(rate)}"

    def _made_from(self, step: Step) -> str:
        return ", ".join(f"{self.name(name)} {self._value_of(name, value)}".strip() for name, value in step.inputs)

    def _value_of(self, name: str, text: str) -> str:
        return self.number(name, Decimal(text)) if _NUMBER.fullmatch(text) else text

    def _shown(self, text: str) -> str:
        return self.formats.number(Decimal(text)) if _NUMBER.fullmatch(text) else text

    def _named(self, name: str) -> str:
        if name in _NAMES:
            return words_of(self.formats.language).gettext(_NAMES[name])
        return name.replace("_", " ")
