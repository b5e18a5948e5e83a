"""The closed list of row checks, as plain data: what must hold of a row, and the reason code of a row that fails.

A missing value fails `NotNull` and nothing else. Patterns are ASCII and spelled out, because Python and RE2 disagree on
what a digit or a letter is. `lowering` turns each kind into SQL, `frames` into pandera; tests hold the two equal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.expressions import Expression

Bound = Decimal | int | date

_PATTERN = re.compile(r"(?:\[[!-\[\]^_`a-z{|}~ -]+\]|[A-Za-z0-9_/-]|\(\?:|[()|+*?]|\{[0-9]+(?:,[0-9]+)?\})+")


@dataclass(frozen=True, slots=True)
class NotNull:
    """The column has a value."""

    code: str
    column: str


@dataclass(frozen=True, slots=True)
class InCodes:
    """The value is one of the codes."""

    code: str
    column: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InRange:
    """The value is `least` or more (`above`: more) and `most` or less; a bound of None is no bound."""

    code: str
    column: str
    least: Bound | None = None
    most: Bound | None = None
    above: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """The whole value matches the pattern: classes, alternatives and counts over ASCII, no escapes and no dot.

    Raises: ValueError for a pattern on which Python, RE2 and PostgreSQL might disagree.
    """

    code: str
    column: str
    pattern: str

    def __post_init__(self) -> None:
        if not _PATTERN.fullmatch(self.pattern) or "[:" in self.pattern:
            raise ValueError(f"{self.code}: spell the pattern out in ASCII classes; found {self.pattern!r}")


@dataclass(frozen=True, slots=True)
class PlainText:
    """The text has at most so many characters (code points), and no control characters."""

    code: str
    column: str
    most_characters: int


@dataclass(frozen=True, slots=True)
class MinorUnits:
    """The amount has no digits below the minor unit of the row's currency; unknown currencies fail elsewhere."""

    code: str
    column: str
    currency: str = "currency"


@dataclass(frozen=True, slots=True)
class References:
    """The value is found in `column_there` of the view `table`."""

    code: str
    column: str
    table: str
    column_there: str


@dataclass(frozen=True, slots=True)
class Related:
    """The row agrees with the one that it refers to, where that one is in view and there is one version of it.

    `rule` speaks of the other row's columns as `other_<column>`; `tables` are the views in which it is looked up.
    """

    code: str
    column: str
    tables: tuple[str, ...]
    column_there: str
    rule: Expression

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns of the other row that the rule reads."""
        return tuple(sorted(name.removeprefix("other_") for name in self.rule.names if name.startswith("other_")))


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key was not accepted on an earlier day: an event lands once."""

    code: str
    column: str
    history: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """`first` lies before `then`, or (unless `strict`) on the same day or moment."""

    code: str
    first: str
    then: str
    strict: bool = False


@dataclass(frozen=True, slots=True)
class NoOverlap:
    """No other row of the same owner, under another key, holds at the same time; half-open, no end means for good.

    It ends with the first of `ends` that has a value. With `alone`, only where either row says that it is.
    """

    code: str
    owner: str
    starts: str
    ends: tuple[str, ...]
    alone: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """At most one of the columns has a value; with `needed`, exactly one."""

    code: str
    columns: tuple[str, ...]
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """The expression does not turn out false; where a value that it reads is missing, it says nothing."""

    code: str
    expression: Expression


Check = (
    NotNull
    | InCodes
    | InRange
    | Matches
    | PlainText
    | MinorUnits
    | References
    | Related
    | NewKey
    | Ordered
    | NoOverlap
    | OneOf
    | Rule
)


def views_of(check: Check) -> tuple[str, ...]:
    """The views beside the judged one that the check looks into."""
    match check:
        case References(table=table):
            return (table,)
        case Related(tables=tables):
            return tables
        case NewKey(history=history):
            return (history,)
        case _:
            return ()
