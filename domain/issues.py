"""What is wrong with a rule or with data, as a value that carries its place: collected, never raised one by one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; lines and columns count from 1, and 0 says *not known*."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])


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
