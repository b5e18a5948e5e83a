"""Allocation strategies as managers write them: the keys of a rule file, and what each of them does."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from domain.documents import RuleModel
from domain.rules import Rule
from domain.standings import PartnerState

Channel = Literal["remind", "phone", "field", "legal", "restructuring"]
Skill = Literal["language", "product", "region"]
Code = Field(pattern=r"^[a-z][a-z0-9_]*$")
Share = Field(ge=0, le=1)


class Condition(RuleModel):
    """Accounts that are not worked, and the reason that their owners and reports are told."""

    reason: str = Code
    """Reason code, such as dispute: reports show it as held:dispute or excluded:closed."""
    when: str
    """Condition over the columns of accounts and the facts of docs/rules/strategies.md."""


class Escalation(RuleModel):
    """Accounts that leave the segment whose condition they meet, such as those that nobody can reach by telephone."""

    reason: str = Code
    """Reason code, which the account carries as long as it is escalated."""
    from_segments: tuple[str, ...] = Field(alias="from", min_length=1)
    """Segments by condition that the accounts leave."""
    when: str
    """Condition; the first escalation that fits an account of its segments decides."""
    to: str
    """Where they go."""
    stays_days: int | None = Field(default=None, gt=0)
    """So many days in that segment an account stays there, although the condition is met no longer; left out: it goes
    back at once."""


class Recall(RuleModel):
    """Running placements that end before their term."""

    reason: str = Code
    """Reason code, as the recall file gives it to the partner."""
    when: str
    """Condition; the account is free from the day after on, but not for that partner while it cools off."""


class Conflict(RuleModel):
    """Who must not have accounts of certain debtors: relatives, neighbours, former customers, a partner's clients."""

    employee: str | None = None
    """The collector; either this or `partner`."""
    partner: str | None = None
    """The partner."""
    debtors: tuple[str, ...] = Field(min_length=1)
    """Ids of the debtors."""

    @model_validator(mode="after")
    def _of_one(self) -> Conflict:
        if (self.employee is None) == (self.partner is None):
            raise ValueError("a conflict is of one employee or of one partner")
        return self

    @property
    def owner(self) -> str:
        """The destination's key."""
        return f"employee:{self.employee}" if self.employee else f"partner:{self.partner}"


class PartnerTerms(RuleModel):
    """On what terms partners may take accounts of the segment."""

    share_at_most: Decimal = Share
    """The most of the segment's worked accounts that partners may have together, running placements included."""
    cost_share: Decimal = Share
    """What the partner keeps, on average, of what is recovered: its value is reckoned net of it."""
    needs_consent: bool = False
    """Whether partners get only accounts whose debtor agreed to digital contact."""


class Band(RuleModel):
    """A cell of a table: from a number on, below another; one of the two may be left out."""

    start: Decimal | None = Field(default=None, alias="from")
    """The least, which is inside."""
    below: Decimal | None = None
    """The end, which is outside."""

    @model_validator(mode="after")
    def _has_room(self) -> Band:
        if self.start is None and self.below is None:
            raise ValueError("a band states from, below, or both")
        if self.start is not None and self.below is not None and self.start >= self.below:
            raise ValueError("a band ends above where it begins")
        return self


def _kind_of_cell(written: object) -> str:
    if isinstance(written, bool):
        return "flag"
    return "list" if isinstance(written, list | tuple) else "band"


Cell = Annotated[
    Annotated[bool, Tag("flag")] | Annotated[Band, Tag("band")] | Annotated[tuple[str, ...], Tag("list")],
    Discriminator(_kind_of_cell),
]


class SegmentRule(RuleModel):
    """One kind of accounts and its treatment. The first segment whose condition an account meets is its segment."""

    id: str = Code
    """Name in the dispatch and in reports."""
    title: str
    """What people read."""
    when: str | None = None
    """Condition; left out only where `where` stands, and in the last segment, which says `otherwise: true`."""
    where: tuple[dict[str, Cell], ...] = ()
    """Rows of a table instead of `when`: an account that meets every cell of one of them. A cell is a band of a number
    ({from: 1, below: 31}), a list of codes or texts, or true or false."""
    otherwise: Literal[True] | None = None
    """Marks the last segment: whatever no other segment took."""
    hold: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    """Nobody works these accounts, for this reason; takes the place of channel, departments and partners."""
    channel: Channel | None = None
    """How the accounts are treated; with a partner it is the partner's business."""
    departments: tuple[str, ...] = ()
    """Departments whose collectors may own the accounts."""
    partners: PartnerTerms | None = None
    """Terms for partners; left out, partners get no account of the segment."""
    handling_minutes: int | None = Field(default=None, gt=0)
    """Minutes that one account takes its collector in a month."""
    skills: tuple[Skill, ...] = ()
    """What a collector must have among their skills: the account's language, product or region."""
    licences: tuple[str, ...] = ()
    """What a collector must have among their skills whatever the account, such as a permit for visits."""
    recovery_without_history: Decimal | None = Field(default=None, ge=0)
    """Share of the overdue amount that a month is expected to bring where history says nothing yet."""


class Ramp(RuleModel):
    """What joiners can carry, from so many full months after they were hired on."""

    months: int = Field(ge=0)
    """Full months since the day of hire."""
    share: Decimal = Share
    """Share of what an experienced collector carries."""


class Capacity(RuleModel):
    """What limits a collector; partners are always limited by accounts_at_most."""

    by: Literal["accounts", "minutes"]
    """accounts: capacity.accounts_at_most. minutes: capacity.minutes_per_day × working days."""
    working_days_per_month: int | None = Field(default=None, gt=0, le=31)
    """With minutes, instead of calendar_days: so many for everybody."""
    calendar_days: int | None = Field(default=None, gt=0, le=92)
    """The working days, by the calendar of the collector's jurisdiction, among the next so many days, less those on
    leave. With accounts: the share of them that the collector is there is the share of the accounts."""
    part_time: bool = False
    """Whether capacity is multiplied by employment.full_time_share, where the table states that of a full-timer."""
    ramp: tuple[Ramp, ...] = ()
    """What joiners can carry, in order of months, from 0 on; left out: as much as everybody."""

    @model_validator(mode="after")
    def _minutes_need_days(self) -> Capacity:
        if self.by == "minutes" and (self.working_days_per_month is None) == (self.calendar_days is None):
            raise ValueError("capacity by minutes states either working_days_per_month or calendar_days")
        if self.by == "accounts" and self.working_days_per_month is not None:
            raise ValueError("working_days_per_month goes with capacity by minutes, and only with it")
        months = [step.months for step in self.ramp]
        if months and (months[0] != 0 or months != sorted(set(months))):
            raise ValueError("the ramp begins with months: 0, and each step comes later than the one before")
        return self

    @property
    def reads(self) -> frozenset[str]:
        """The landed tables that it needs besides capacity itself."""
        return frozenset(
            (*(("employment",) if self.part_time or self.ramp else ()), *(("calendar",) if self.calendar_days else ()))
        )


class Quota(RuleModel):
    """What one partner must have at least, and may have at most, running placements included."""

    partner: str
    """The partner's id."""
    segments: tuple[str, ...] = ()
    """Of which segments; left out: of all of them."""
    by: Literal["accounts", "balance"] = "accounts"
    """What is counted; balances of several currencies by what the strategy says they are worth."""
    at_least: Decimal | None = Field(default=None, ge=0, le=1)
    """Share of what is worked in the segments."""
    at_most: Decimal | None = Field(default=None, ge=0, le=1)
    """Share of what is worked in the segments."""
    at_least_number: int | None = Field(default=None, gt=0)
    """A number of accounts, or an amount of the comparison currency."""
    at_most_number: int | None = Field(default=None, gt=0)
    """A number of accounts, or an amount of the comparison currency."""

    @model_validator(mode="after")
    def _says_something(self) -> Quota:
        if all(one is None for one in (self.at_least, self.at_most, self.at_least_number, self.at_most_number)):
            raise ValueError("a quota states at_least, at_most, at_least_number or at_most_number")
        for least, most in ((self.at_least, self.at_most), (self.at_least_number, self.at_most_number)):
            if least is not None and most is not None and least > most:
                raise ValueError(f"at least {least} and at most {most} cannot both be")
        return self

    @property
    def name(self) -> str:
        """What the limit is called in prices, summaries and violations."""
        return f"quota:{self.partner}:{'+'.join(self.segments) or 'all'}:{self.by}"

    def counts(self, segment: str) -> bool:
        return not self.segments or segment in self.segments


class GrowthByStanding(RuleModel):
    """How much of the growth that its score gives a partner gets, as it stands; a suspended one gets no share."""

    watch: Decimal = Field(default=Decimal(1), ge=0, le=1)
    """Of a partner on watch: 0.5 halves it."""
    rectification: Decimal = Field(default=Decimal(1), ge=0, le=1)
    """Of one that puts something right: 0 lets it grow not at all."""

    def of(self, state: PartnerState) -> Decimal:
        """The part of the growth; 1 in good standing."""
        known = {PartnerState.WATCH: self.watch, PartnerState.RECTIFICATION: self.rectification}
        return known.get(state, Decimal(1))


class ScoreShares(RuleModel):
    """How `recoup shares` proposes quotas from the partners' scores of a month."""

    scorecard: str
    """A scorecard that scores partners."""
    segments: tuple[str, ...] = ()
    """Of which segments the quotas are; left out: of all of them."""
    by: Literal["accounts", "balance"] = "accounts"
    """What the quotas count."""
    of: Decimal = Share
    """What the partners share among them, of what is worked in the segments."""
    ties_within: Decimal = Field(default=Decimal(0), ge=0)
    """Scores so near to the best of their group count as the group's mean."""
    at_least: Decimal = Field(default=Decimal(0), ge=0, le=1)
    """What every partner keeps."""
    change_at_most: Decimal | None = Field(default=None, gt=0, le=1)
    """How far a share may move from the one in force."""
    growth: GrowthByStanding | None = None
    """How much of what their score adds partners get that do not stand well; left out: all of it."""
    tolerance: Decimal = Field(default=Decimal("0.02"), ge=0, le=1)
    """How far below and above the share the quota lets a partner be."""


class RecoveryTerms(RuleModel):
    """What expected recovery is reckoned from, and for how long ahead."""

    horizon_days: Literal[30, 60, 90] = 30
    """For how many days ahead recovery is expected."""
    later_months_without_history: tuple[Decimal, ...] = ()
    """What the second and third months bring beside the first where history says nothing: one number for 60 days, two
    for 90."""
    history_months: int = Field(default=6, ge=1, le=24)
    """How many months before this one are looked at."""
    destination_effects: bool = True
    """Whether what collectors and partners brought beside what was expected of their accounts counts."""

    @property
    def months(self) -> int:
        return self.horizon_days // 30

    @model_validator(mode="after")
    def _later_months_are_stated(self) -> RecoveryTerms:
        if len(self.later_months_without_history) != self.months - 1:
            raise ValueError("later_months_without_history has one number for 60 days, two for 90, none for 30")
        if any(not 0 <= share <= 1 for share in self.later_months_without_history):
            raise ValueError("later_months_without_history are shares between 0 and 1 of what the first month brings")
        return self


class ExpectedFrom(RuleModel):
    """A bank's own scores (table `bank_scores`) in the place of our rates, or beside them."""

    source: Literal["scores", "history"] = Field(alias="from")
    """scores: what the score says, and our rates where it says nothing. history: our rates; what the score says is kept
    beside them, for `recoup calibration`."""
    score: str = Field(min_length=1)
    """Which one, by its score_name; that of the recovery's horizon."""
    stale_after_days: int = Field(default=40, gt=0)
    """A score of longer ago says nothing any more."""
    paid_of_overdue: Decimal = Field(default=Decimal(1), gt=0, le=4)
    """How many times the overdue amount comes in from who pays, where a score is a probability."""


class WorkCost(RuleModel):
    """What a minute of work costs; partners cost their share of what they recover."""

    from_costs: bool = False
    """Reckon it from the table `costs`: the last whole month, by the minutes of the collectors of each cost centre."""
    per_minute: dict[str, Decimal] = Field(default_factory=dict)
    """By department, in the comparison currency: what holds where the table says nothing."""

    @model_validator(mode="after")
    def _says_something(self) -> WorkCost:
        if not self.from_costs and not self.per_minute:
            raise ValueError("say from_costs: true, or per_minute for some department, or leave work_cost out")
        if any(cost < 0 for cost in self.per_minute.values()):
            raise ValueError("per_minute: a minute costs nothing or more")
        return self


class Fairness(RuleModel):
    """How far apart the members of a team may be in what their accounts are expected to bring for their capacity."""

    within: Literal["team", "department"] = "team"
    """Who is held beside each other."""
    band: Decimal = Field(default=Decimal("0.10"), ge=Decimal("0.001"), lt=1)
    """How far below and above their mean each of them may be, as a share of it."""


class StrategyRule(Rule):
    """A whole strategy: one holds at a time, for the whole book."""

    currencies: dict[str, Decimal] = Field(min_length=1)
    """What one major unit of each currency is worth beside the others, for weighing accounts; never used for money."""
    capacity: Capacity
    """What limits collectors."""
    one_owner_per_debtor: bool
    """Whether all accounts of a debtor go to one owner; the one longest overdue then decides the segment of all."""
    switching_cost: Decimal = Share
    """What a change of owner costs, as a share of the expected recovery; an unavoidable change costs nothing."""
    cooling_off_days: int = Field(ge=0)
    """Days after a recall during which the same partner does not get the account again."""
    placements_at_most: int | None = Field(default=None, gt=0)
    """How often one partner may have the same account: 2 means no third placement. Left out: any number of times."""
    conflicts: tuple[Conflict, ...] = ()
    """Who must not have whose accounts."""
    keep_owner_when: str | None = None
    """Accounts that stay with their owner, such as those with a promise in progress: `open_promise`. All that the owner
    has of the debtor stays too, where one owner has all accounts of a debtor."""
    rotate_when: str | None = None
    """Accounts that another collector must have: the present one does not get them again that night."""
    quotas: tuple[Quota, ...] = ()
    """What partners must have at least, and may have at most, beyond share_at_most of a segment's partners together."""
    score_shares: ScoreShares | None = None
    """How quotas follow scores, where they do."""
    fairness: Fairness | None = None
    """The band within which members of a team get expected value for their capacity; left out, there is none."""
    recalls: tuple[Recall, ...] = ()
    """Placements that are ended early, by the first condition that is met."""
    recall_days: tuple[int, ...] = ()
    """Days of the month on which recalls take effect, moved to the next day with a dispatch; left out: any day."""
    long_leave_days: int = Field(gt=0)
    """A collector who is away for all of the next so many days gets no accounts."""
    shrinkage_accounts: int = Field(ge=0)
    """How many accounts, observed for a month, weigh as much as what is known without looking at the segment itself."""
    recovery: RecoveryTerms | None = None
    """What expected recovery is reckoned from; left out, 30 days ahead from six months."""
    expected_recovery: ExpectedFrom | None = None
    """Whether a bank's own scores say what is expected of an account; left out, our rates do."""
    work_cost: WorkCost | None = None
    """What working an account costs, by its segment's handling_minutes; left out, nothing."""
    match: Literal["first", "unique"] = "first"
    """first: the first segment that fits. unique: an account that fits two is held as held:several_segments."""
    excluded: tuple[Condition, ...] = ()
    """Accounts that have left collection."""
    held: tuple[Condition, ...] = ()
    """Accounts that must not be worked for now; after `excluded`, and before running placements."""
    segments: tuple[SegmentRule, ...] = Field(min_length=1)
    """In order; the last one takes whatever is left."""
    escalations: tuple[Escalation, ...] = ()
    """In order; applied to what the segments took."""


class StrategyFile(RuleModel):
    """A file of strategies."""

    strategies: tuple[StrategyRule, ...] = ()
    """Versions of strategies; their days do not overlap."""
