"""What a run is made of: everything that it reads, by name and version. Its digest is the run's id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.ids import Digest, ReleaseId, RunId, VersionId, digest_of
from domain.rules import RuleVersion
from domain.standings import StandingInForce


class RunKind(StrEnum):
    NIGHTLY = "nightly"
    MONTH_END = "month-end"
    WHAT_IF = "what-if"
    OPENING = "opening"  # the state of pay before going live, as it was brought in
    SETTLEMENT = "settlement"  # a partner's claims of a cycle, matched to the books


class Stage(StrEnum):
    """The stages of a night, in order; `land` comes before the manifest, because it makes the versions named in it."""

    GATE = "gate"
    ALLOCATE = "allocate"
    MEASURE = "measure"
    PROJECT = "project"
    REPORT = "report"
    PREPARE = "prepare"  # of a month-end, and of an opening
    MATCH = "match"  # of a settlement


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """One version of one table of one business date."""

    table: str
    business_date: date
    version: VersionId


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person's decision to go on over a halted check of one extract, until a day.

    It speaks of the landed version that was looked at: other data make it void.
    """

    table: str
    business_date: date
    check: str
    version: VersionId
    by: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True, order=True)
class Unread:
    """An extract that lay there and did not land, and why."""

    table: str
    reason: str


@dataclass(frozen=True, slots=True, order=True)
class EarlierNight:
    """An official night of an earlier month: the run that measured it."""

    business_date: date
    run: RunId


@dataclass(frozen=True, slots=True, order=True)
class PaidBatch:
    """A published batch: its month and department, and the run whose lines it holds."""

    period: str
    scope: str
    run: RunId


@dataclass(frozen=True, slots=True, order=True)
class Settled:
    """What a settlement is of: a partner, a contract, and a cycle from its first day to the day after its last."""

    partner: str
    contract: str
    start: date
    end: date


@dataclass(frozen=True, slots=True, order=True)
class ClaimsRead:
    """What was agreed and decided of a partner's claims: the settlements that count, in order, how many decisions on
    them, and the digest of what is payable by them."""

    partner: str
    settlements: tuple[RunId, ...]
    decisions: int
    payable: Digest


@dataclass(frozen=True, slots=True, order=True)
class DecidedComplaint:
    """What people found of a complaint in the register of actions, in place of what the core system says of it.

    `action` is where they did, `by` who decided last. A complaint that was only entered in the register comes with
    the rest of its row: `account_id` is empty where the core system has one.
    """

    complaint_id: str
    finding: str
    answered_on: date | None
    action: str
    by: str
    account_id: str = ""
    employee_id: str = ""
    partner_id: str = ""
    received_on: date | None = None
    complaint_type: str = ""


@dataclass(frozen=True, slots=True, order=True)
class ConfirmedSignal:
    """A case of an integrity signal that people have confirmed; `opened_on` is the last day that it looked at, on which
    it counts, and `by` who closed it. It is about an employee or a partner: the other is empty."""

    case_id: str
    signal: str
    opened_on: date
    confirmed_on: date
    by: str
    employee_id: str = ""
    partner_id: str = ""


@dataclass(frozen=True, slots=True, order=True)
class HandedFile:
    """A placement or recall file that a partner was to acknowledge by `due_on`; `answered_on` is the day on which the
    last of its lines was answered, or None as long as one is open on the business date."""

    file_id: str
    partner_id: str
    contract_id: str
    kind: str
    handed_on: date
    due_on: date
    lines: int
    answered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Complete and stored; it holds no recorded time, so the same inputs give the same id.

    `landed` are the extracts that the gate judges, `unread` those that could not be read, `history` the accepted
    versions of earlier dates that it and later stages read; `late` those of later dates that brought rows of the
    date or before, which count as if they had come in time, but not for its gate; `dispatch` the releases in force
    before the run, in order; `prices` the digest of yesterday's prices; `baselines` the versions whose rows and
    totals the batch suites compare with; `liquidation` the digests of what earlier months saw of the recovery of
    overdue money, `recovered` the same by segment and owner, for allocation; `ledger` (batches) the posted state of
    the batch's own keys; `gaps` increments of the period that landed and were never accepted, so that what adds up
    the period has no value; `source` (month-ends) the night whose results are paid; `earlier` the last measured
    nights of earlier months, whose credits a reversal takes back; `carried` those from which scorecards carry
    values; `planned` those that released planned actions which may still count; `drawn` the digest of the lots of
    the last night that drew, where an experiment holds; `paid` the published batches of earlier months whose
    columns policies carry over; `published` (month-ends) those of the month itself, in the order in which they were
    published: who was settled together in them is not settled anew; `opening` the file from which the state of pay
    before going live came in: of an opening the file itself, of a month-end the one that was posted when it was
    prepared; `results` (month-ends) the digest of what the seals of the source say of its figures, so that they are
    under the month's own id, and with it under its ledger entries; `complaints` what people found of complaints in the
    register of actions, and `signals` which cases of signals they confirmed; `handed` the files for partners whose
    acknowledgement fell due; `standings` how partners stand by
    decisions of people on the day after, but for those in good standing: a suspended one gets no new placements.
    `settles` (settlements) is whose claims of which cycle match;
    `claims` what was agreed and decided of partners' claims before: of a month-end, what its recoveries are payable by;
    `refused` (settlements) the files of claim lines that the gate set aside. `known_as_of` is what was asked for, and
    empty where nothing was: the newest versions counted.
    """

    kind: RunKind
    business_date: date
    effective_on: date
    stages: tuple[Stage, ...]
    calculation: Digest
    rules: tuple[RuleVersion, ...]
    landed: tuple[Input, ...] = ()
    history: tuple[Input, ...] = ()
    late: tuple[Input, ...] = ()
    dispatch: tuple[ReleaseId, ...] = ()
    prices: Digest | None = None
    baselines: tuple[Input, ...] = ()
    gaps: tuple[Input, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    unread: tuple[Unread, ...] = ()
    liquidation: tuple[Digest, ...] = ()
    recovered: tuple[Digest, ...] = ()
    ledger: Digest | None = None
    source: RunId | None = None
    earlier: tuple[EarlierNight, ...] = ()
    carried: tuple[EarlierNight, ...] = ()
    planned: tuple[EarlierNight, ...] = ()
    drawn: Digest | None = None
    paid: tuple[PaidBatch, ...] = ()
    published: tuple[PaidBatch, ...] = ()
    opening: Digest | None = None
    results: Digest | None = None
    standings: tuple[StandingInForce, ...] = ()
    settles: Settled | None = None
    claims: tuple[ClaimsRead, ...] = ()
    refused: tuple[Digest, ...] = ()
    complaints: tuple[DecidedComplaint, ...] = ()
    signals: tuple[ConfirmedSignal, ...] = ()
    handed: tuple[HandedFile, ...] = ()
    known_as_of: str = ""


def run_id_of(manifest: Manifest) -> RunId:
    """The digest of the manifest; *known as of* is left out, because only the versions it resolved to are inputs."""
    content = {name: getattr(manifest, name) for name in Manifest.__slots__ if name != "known_as_of"}
    return RunId(digest_of(content)[:24])
