"""Cases of integrity signals: what looked odd, how odd beside others, and what somebody found when they looked.

A signal is a question, never a verdict: nothing here says that somebody did wrong until a person has confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.ids import Digest
from domain.periods import Period


class SubjectKind(StrEnum):
    """Whose work a signal looks at."""

    EMPLOYEE = "employee"
    PARTNER = "partner"


class CaseState(StrEnum):
    """Open until a person has looked; then what they found."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class SignalFigures:
    """How often the signal fires, and why chance is no good explanation.

    `hits` of `rows` of the subject's own rows in the month (payments, visits, calls); `peer_hits` of `peer_rows` of the
    others that it is compared with. `expected_rate` is what an honest subject with the same kinds of rows may have: the
    upper end of the interval of the peers' rate, at most what the rule tolerates. `chance` is the probability that such
    a subject shows `hits` or more.
    """

    rows: int
    hits: int
    peer_rows: int
    peer_hits: int
    expected_rate: Decimal
    chance: Decimal


@dataclass(frozen=True, slots=True, order=True)
class EvidenceRow:
    """A source row that fired: `row_id` is its key in `table`, `other_id` the row or owner that it is held against.

    `figure` is what was measured, in the unit of the signal's kind (days, seconds, km/h); no personal data.
    """

    day: date
    row_id: str
    table: str
    account_id: str = ""
    other_id: str = ""
    figure: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class SignalCase:
    """One signal about one subject in one month. `figures` are those of the newest run; `about` says it in words.

    `interested` are the employees who profit from what is in question, the subject included: they do not close it.
    `department` and `team` are those on whose pages the case may stand: a subject who leads somebody has no
    team, one who heads a department no department, and partners have neither.
    """

    case_id: str
    signal: str
    title: str
    rule: Digest
    subject_kind: SubjectKind
    subject_id: str
    period: Period
    department: str
    team: str
    about: str
    figures: SignalFigures
    opened_on: date
    deadline: date
    owner: str
    state: CaseState = CaseState.OPEN
    closed_on: date | None = None
    closed_by: str = ""
    reason: str = ""
    evidence: tuple[EvidenceRow, ...] = ()
    interested: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN


@dataclass(frozen=True, slots=True)
class BaseRate:
    """How often a signal fires in a month, by rows: of everybody (`peers` empty), or of one group of peers.

    `subjects` are those who have rows, `cases` those about whom there is a case.
    """

    signal: str
    title: str
    subject_kind: SubjectKind
    peers: str
    rows: int
    hits: int
    subjects: int
    cases: int
