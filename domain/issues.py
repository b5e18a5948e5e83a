"""What is wrong with a rule or with data, as a value that carries its place: collected, never raised one by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; lines and columns count from 1, and 0 says *not known*. A workbook's has the sheet's name."""

    path: str
    line: int = 0
    column: int = 0
    sheet: str = ""

    def __str__(self) -> str:
        """As compilers and spreadsheets name it.

        >>> print(Location("rules/phone.yaml", 14, 7), Location("targets/plan.xlsx", 14, 6, "Q1"))
        rules/phone.yaml:14:7 targets/plan.xlsx!Q1!F14
        """
        if self.sheet:
            cell = f"{column_letters(self.column)}{self.line or ''}"
            return "!".join([self.path, self.sheet, *([cell] if cell else [])])
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])


def column_letters(number: int) -> str:
    """The name of a spreadsheet's column, which counts from 1.

    >>> column_letters(1), column_letters(26), column_letters(27), column_letters(0)
    ('A', 'Z', 'AA', '')
    """
    letters = ""
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: `code` is stable and documented, `message` says what was found and expected, `hint` what to do."""

    code: str
    location: Location
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """One line as compilers print it.

        >>> print(Issue("KPI012", Location("rules/phone.yaml", 14, 7), 'unknown column "dpd"', 'Did you mean "days"?'))
        rules/phone.yaml:14:7 KPI012 unknown column "dpd". Did you mean "days"?
        """
        text = f"{self.location} {self.code} {self.message}"
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def has_errors(issues: tuple[Issue, ...]) -> bool:
    return any(issue.is_error for issue in issues)
