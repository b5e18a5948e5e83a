"""What a monthly review of a partner shows: scores beside peers, standing, commitments, placements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from domain.ids import RunId
from domain.partners import Partner
from domain.periods import Period
from domain.records import ValueState
from domain.standings import PartnerState, ReviewedStanding


@dataclass(frozen=True, slots=True)
class ReviewedPart:
    """One KPI of a scorecard: `target` is what it was held beside (`note` says whose), the interval that of a share of
    counts; gates weigh nothing."""

    kpi: str
    title: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    low: Decimal | None
    high: Decimal | None
    target: Decimal | None
    attainment: Decimal | None
    points: Decimal | None
    weight: Decimal
    contribution: Decimal | None
    note: str
    is_share: bool
    is_gate: bool
    lower_is_better: bool


@dataclass(frozen=True, slots=True)
class PeerScore:
    partner: str
    score: Decimal | None
    is_tied_with_best: bool = False


@dataclass(frozen=True, slots=True)
class ReviewedScore:
    """A scorecard of the month: the partner's, and those of its peers, best first; `earlier` are months before."""

    scorecard: str
    title: str
    state: ValueState
    score: Decimal | None
    group: str
    parts: tuple[ReviewedPart, ...]
    peers: tuple[PeerScore, ...]
    earlier: tuple[tuple[str, Decimal | None], ...]
    titles: Mapping[str, str] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        """By the code of the language; English where there is no other."""
        return self.titles.get(language, self.title)


@dataclass(frozen=True, slots=True)
class ReviewedLeague:
    """A rate raw and like for like (`ratio` is actual ÷ expected: 1 is as the others on such accounts), with what
    chance leaves open; `rank` of `of` on the common mix, None where it has too little of it."""

    kpi: str
    title: str
    currency: str
    strata: tuple[str, ...]
    cases: int
    raw: Decimal | None
    raw_rank: int | None
    standardised: Decimal | None
    rank: int | None
    of: int
    ratio: Decimal | None
    low: Decimal | None
    high: Decimal | None
    verdict: str


@dataclass(frozen=True, slots=True)
class ReviewedTrial:
    """An experiment in which the partner has an arm: its rate, and the difference to the champion with its interval."""

    experiment: str
    title: str
    arm: str
    currency: str
    rate: Decimal | None
    difference: Decimal | None
    low: Decimal | None
    high: Decimal | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A commitment of a contract in a month: `is_kept` None where nothing can be said, and `note` says why.

    A duty has no KPI, but a day on which it was `due_on`, and on which it came. `owner` answers for the contract;
    within `answer_days` of the month's end the partner says why it was broken.
    """

    commitment: str
    title: str
    contract: str
    kpi: str
    value: Decimal | None
    at_least: Decimal | None
    at_most: Decimal | None
    is_kept: bool | None
    action_id: str = ""
    note: str = ""
    due_on: date | None = None
    received_on: date | None = None
    owner: str = ""
    answer_days: int = 10


@dataclass(frozen=True, slots=True)
class PlacementBatch:
    """Accounts handed over together: how many run, how many came back and why, and when the term ends."""

    partner: str
    batch: str
    number: int
    currency: str
    accounts: int
    running: int
    balance: Decimal
    running_balance: Decimal
    recovered: Decimal
    placed_on: date
    term_ends_on: date
    is_exclusive: bool
    recalls: tuple[tuple[str, int], ...]
    tail_until: date | None
    open_promises: int
    promised: Decimal


@dataclass(frozen=True, slots=True)
class DueRecall:
    """A running placement that is to come back, the day from which, and the code of why."""

    partner: str
    account: str
    batch: str
    due_on: date
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlacementGap:
    """An account of which our dispatch and the landed placements say different things."""

    account: str
    partner: str
    kind: str
    said_by_dispatch: str
    said_by_placements: str


@dataclass(frozen=True, slots=True)
class PlacementsReview:
    batches: tuple[PlacementBatch, ...]
    due: tuple[DueRecall, ...]
    gaps: tuple[PlacementGap, ...]


@dataclass(frozen=True, slots=True)
class PartnerReview:
    """Everything about one partner and month, as of the month's last measured night."""

    partner: Partner
    period: Period
    night: date
    run: RunId
    scores: tuple[ReviewedScore, ...]
    leagues: tuple[ReviewedLeague, ...]
    trials: tuple[ReviewedTrial, ...]
    state: PartnerState
    since: date | None
    history: tuple[ReviewedStanding, ...]
    commitments: tuple[Kept, ...]
    placements: PlacementsReview
