"""What a demo book is to hold, and what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.periods import Period, days_between

LABEL = "Demo book: invented people, debts and payments"

ACCOUNTS_AT_LEAST = 100
ACCOUNTS_AT_MOST = 99_999_999  # account ids have nine digits, and draws take eight keys per account
EMPLOYEES_AT_LEAST = 15  # a manager and a collector for each of two jurisdictions, in five departments
PARTNERS_AT_LEAST = 2  # one for each jurisdiction


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """Sizes, the first and the last business date (both inclusive), and the seed.

    `state_dates` are the dates for which whole state tables are written; None is every date. Events are
    written for every date.

    Raises: ValueError naming the first figure that makes no book.
    """

    accounts: int
    employees: int
    partners: int
    start: date
    end: date
    seed: int
    state_dates: tuple[date, ...] | None = None

    def __post_init__(self) -> None:
        _demand(
            ACCOUNTS_AT_LEAST <= self.accounts <= ACCOUNTS_AT_MOST,
            f"accounts: from {ACCOUNTS_AT_LEAST} to {ACCOUNTS_AT_MOST}, got {self.accounts}",
        )
        _demand(
            self.employees >= EMPLOYEES_AT_LEAST,
            f"employees: at least {EMPLOYEES_AT_LEAST}, so that five departments have a manager and a collector "
            f"in each jurisdiction; got {self.employees}",
        )
        _demand(
            self.partners >= PARTNERS_AT_LEAST,
            f"partners: at least {PARTNERS_AT_LEAST}, one for each jurisdiction; got {self.partners}",
        )
        _demand(self.start <= self.end, f"the book ends on {self.end}, before it starts on {self.start}")
        _demand(self.seed >= 0, f"seed: zero or more, got {self.seed}")
        outside = [day for day in self.state_dates or () if not self.start <= day <= self.end]
        _demand(not outside, f"state dates outside the book: {', '.join(map(str, outside))}")

    @property
    def days(self) -> tuple[date, ...]:
        return (*days_between(self.start, self.end), self.end)

    @property
    def months(self) -> tuple[Period, ...]:
        found = [Period.of(self.start)]
        while self.end not in found[-1]:
            found.append(found[-1].next())
        return tuple(found)

    @property
    def dates_of_state(self) -> tuple[date, ...]:
        return self.days if self.state_dates is None else tuple(sorted(set(self.state_dates)))


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was written.

    `rows` counts the rows of all files of a table; `disagreements` counts, by kind, the lines of partners'
    claims that were made to differ from the books (what each kind means is in docs/demo-book.md).
    """

    plan: DemoPlan
    files: int
    rows: Mapping[str, int]
    disagreements: Mapping[str, int]


def _demand(holds: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise ValueError(message)
