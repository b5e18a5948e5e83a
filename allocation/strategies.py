"""Allocation strategies as managers write them: who is left alone, which segment an account is in, who may work it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Literal

from pydantic import Field, model_validator

from allocation.facts import SCOPE, contact_days
from domain.catalogue import CATALOGUE
from domain.documents import Document, RuleModel
from domain.expressions import Expression, ExprType, evaluate, parse
from domain.expressions.parse import suggestion
from domain.issues import Issue, has_errors
from domain.money import MINOR_DIGITS
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules, effective

Channel = Literal["remind", "phone", "field", "legal", "restructuring"]
Skill = Literal["language", "product", "region"]
Code = Field(pattern=r"^[a-z][a-z0-9_]*$")
Share = Field(ge=0, le=1)

UNKNOWN_CURRENCY = "held:unknown_currency"
SEVERAL_SEGMENTS = "held:several_segments"


def decode_strategies(documents: Iterable[Document]) -> tuple[StrategyBook, tuple[Issue, ...]]:
    """The strategies of the rule files, and everything that is wrong with them; a faulty strategy is left out."""
    files = tuple(documents)
    placed, issues = decode_rules(files, "strategies", RuleKind.STRATEGY, StrategyRule)
    compiled = [_compile(one) for one in placed]
    found = (
        *(issue for file in files for issue in _faults_of_file(file)),
        *issues,
        *(issue for _, faults in compiled for issue in faults),
        *_two_in_force(placed),
    )
    return StrategyBook(tuple(strategy for strategy, _ in compiled if strategy is not None)), found


@dataclass(frozen=True, slots=True)
class StrategyBook:
    strategies: tuple[Strategy, ...]

    def on(self, day: date) -> Strategy | None:
        """The strategy that holds on `day`; None where none does, and then the dispatch in force stands."""
        return next((strategy for strategy in self.strategies if strategy.rule.holds_on(day)), None)

    def versions(self, day: date) -> tuple[RuleVersion, ...]:
        """The versions in force on `day`, as run manifests name them."""
        return tuple(one.version for one in effective((each.placed for each in self.strategies), day).values())

    def contact_days(self, day: date) -> int:
        """How many days of contacts before the month the strategy that holds on `day` reads."""
        strategy = self.on(day)
        return contact_days(strategy.names | strategy.names_of_owners) if strategy else 0

    @property
    def segments(self) -> frozenset[str]:
        """The ids of all of them, whenever they hold."""
        return frozenset(segment.id for strategy in self.strategies for segment in strategy.segments)


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


class SegmentRule(RuleModel):
    """One kind of accounts and its treatment. The first segment whose condition an account meets is its segment."""

    id: str = Code
    """Name in the dispatch and in reports."""
    title: str
    """What people read."""
    when: str | None = None
    """Condition; left out only in the last segment, which says `otherwise: true`."""
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


class Capacity(RuleModel):
    """What limits a collector; partners are always limited by accounts_at_most."""

    by: Literal["accounts", "minutes"]
    """accounts: capacity.accounts_at_most. minutes: capacity.minutes_per_day × working_days_per_month."""
    working_days_per_month: int | None = Field(default=None, gt=0, le=31)
    """Only with minutes."""

    @model_validator(mode="after")
    def _minutes_need_days(self) -> Capacity:
        if (self.by == "minutes") != (self.working_days_per_month is not None):
            raise ValueError("working_days_per_month goes with capacity by minutes, and only with it")
        return self


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
    recalls: tuple[Recall, ...] = ()
    """Placements that are ended early, by the first condition that is met."""
    recall_days: tuple[int, ...] = ()
    """Days of the month on which recalls take effect, moved to the next day with a dispatch; left out: any day."""
    long_leave_days: int = Field(gt=0)
    """A collector who is away for all of the next so many days gets no accounts."""
    shrinkage_accounts: int = Field(ge=0)
    """How many accounts, observed for a month, weigh as much as what is known without looking at the segment itself."""
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


@dataclass(frozen=True, slots=True)
class NotWorked:
    reason: str  # with its kind: held:dispute, excluded:closed
    when: Expression


@dataclass(frozen=True, slots=True)
class Segment:
    """`when` is None in the last segment, which takes whatever is left."""

    rule: SegmentRule
    when: Expression | None

    @property
    def id(self) -> str:
        return self.rule.id


@dataclass(frozen=True, slots=True)
class ReadyEscalation:
    rule: Escalation
    when: Expression


@dataclass(frozen=True, slots=True)
class ReadyRecall:
    reason: str
    when: Expression


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy whose conditions are parsed: what the rest of this package works with."""

    placed: Placed[StrategyRule]
    not_worked: tuple[NotWorked, ...]
    segments: tuple[Segment, ...]
    escalations: tuple[ReadyEscalation, ...] = ()
    recalls: tuple[ReadyRecall, ...] = ()
    keep_owner: Expression | None = None
    rotate: Expression | None = None

    @property
    def rule(self) -> StrategyRule:
        return self.placed.rule

    @property
    def version(self) -> RuleVersion:
        return self.placed.version

    @property
    def names(self) -> frozenset[str]:
        """Every name that decides the segment of an account, and whether it is worked."""
        conditions = [
            *(one.when for one in self.not_worked),
            *(one.when for one in self.segments if one.when),
            *(one.when for one in self.escalations),
        ]
        stays = any(one.rule.stays_days is not None for one in self.escalations)
        return frozenset(("days_in_segment", "segment_before") if stays else ()).union(
            *(condition.names for condition in conditions)
        )

    @property
    def names_of_owners(self) -> frozenset[str]:
        """Every name that decides who keeps or loses an account."""
        conditions = [self.keep_owner, self.rotate, *(one.when for one in self.recalls)]
        return frozenset().union(*(condition.names for condition in conditions if condition))


_LAST_DAY_OF_ALL_MONTHS = 28

# No strategy may let these be worked: each needs a condition of its own, which reads nothing but the column.
_NEVER_WORKED: Mapping[str, tuple[str, ...]] = {
    "hold": tuple(code for code in CATALOGUE["accounts"]["hold"].codes if code != "none"),
    "status": ("closed", "sold"),
}


def _compile(placed: Placed[StrategyRule]) -> tuple[Strategy | None, tuple[Issue, ...]]:
    not_worked, faults_of_conditions = _compile_conditions(placed)
    segments, faults_of_segments = _compile_segments(placed)
    escalations, faults_of_escalations = _compile_escalations(placed)
    recalls, faults_of_recalls = _compile_recalls(placed)
    keep_owner, faults_of_keeping = _optional(placed, placed.rule.keep_owner_when, "keep_owner_when")
    rotate, faults_of_rotation = _optional(placed, placed.rule.rotate_when, "rotate_when")
    faults = (
        *faults_of_conditions,
        *faults_of_segments,
        *faults_of_escalations,
        *faults_of_recalls,
        *faults_of_keeping,
        *faults_of_rotation,
        *_faults_of_escalations(placed),
        *_faults_of_recall_days(placed),
        *_faults_of_currencies(placed),
        *_faults_of_order(placed),
        *(issue for index in range(len(placed.rule.segments)) for issue in _faults_of_segment(placed, index)),
        *(_workable_although_forbidden(placed, not_worked) if not has_errors(faults_of_conditions) else ()),
    )
    if has_errors(faults):
        return None, faults
    return Strategy(placed, not_worked, segments, escalations, recalls, keep_owner, rotate), faults


def _compile_conditions(placed: Placed[StrategyRule]) -> tuple[tuple[NotWorked, ...], tuple[Issue, ...]]:
    found: list[NotWorked] = []
    issues: list[Issue] = []
    lists = (("excluded", placed.rule.excluded), ("held", placed.rule.held))
    for key, conditions in lists:
        for index, condition in enumerate(conditions):
            when, faults = _condition(placed, condition.when, key, index, "when")
            issues.extend(faults)
            if when is not None:
                found.append(NotWorked(f"{key}:{condition.reason}", when))
    return tuple(found), tuple(issues)


def _compile_segments(placed: Placed[StrategyRule]) -> tuple[tuple[Segment, ...], tuple[Issue, ...]]:
    found: list[Segment] = []
    issues: list[Issue] = []
    for index, rule in enumerate(placed.rule.segments):
        when: Expression | None = None
        if rule.when is not None:
            when, faults = _condition(placed, rule.when, "segments", index, "when")
            issues.extend(faults)
        found.append(Segment(rule, when))
    return tuple(found), tuple(issues)


def _compile_escalations(placed: Placed[StrategyRule]) -> tuple[tuple[ReadyEscalation, ...], tuple[Issue, ...]]:
    parsed = [
        (rule, *_condition(placed, rule.when, "escalations", index, "when"))
        for index, rule in enumerate(placed.rule.escalations)
    ]
    ready = tuple(ReadyEscalation(rule, when) for rule, when, _ in parsed if when)
    return ready, tuple(issue for *_, faults in parsed for issue in faults)


def _compile_recalls(placed: Placed[StrategyRule]) -> tuple[tuple[ReadyRecall, ...], tuple[Issue, ...]]:
    parsed = [
        (rule, *_condition(placed, rule.when, "recalls", index, "when"))
        for index, rule in enumerate(placed.rule.recalls)
    ]
    ready = tuple(ReadyRecall(rule.reason, when) for rule, when, _ in parsed if when)
    return ready, tuple(issue for *_, faults in parsed for issue in faults)


def _optional(placed: Placed[StrategyRule], text: str | None, key: str) -> tuple[Expression | None, tuple[Issue, ...]]:
    return (None, ()) if text is None else _condition(placed, text, key)


def _condition(
    placed: Placed[StrategyRule], text: str, *steps: str | int
) -> tuple[Expression | None, tuple[Issue, ...]]:
    return parse(text, SCOPE, at=placed.place(*steps), expect=ExprType.BOOL)


def _faults_of_currencies(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    for currency, worth in placed.rule.currencies.items():
        place = placed.place("currencies", currency)
        if currency not in MINOR_DIGITS:
            yield Issue("ALL001", place, f'unknown currency "{currency}"', suggestion(currency, MINOR_DIGITS))
        if worth <= 0:
            yield Issue("ALL002", place, f"one {currency} is worth {worth}", "Give a number above zero")


def _faults_of_order(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    segments = placed.rule.segments
    seen: dict[str, int] = {}
    for index, segment in enumerate(segments):
        if segment.id in seen:
            first = placed.place("segments", seen[segment.id], "id")
            yield Issue("ALL003", placed.place("segments", index, "id"), f'segment "{segment.id}" again; see {first}')
        seen.setdefault(segment.id, index)
        if segment.otherwise and index < len(segments) - 1:
            place = placed.place("segments", index, "otherwise")
            yield Issue("ALL004", place, "segments after this one would never be reached", "Put `otherwise` last")
    if not segments[-1].otherwise:
        place = placed.place("segments", len(segments) - 1)
        hint = "End with a segment that says `otherwise: true`"
        yield Issue("ALL005", place, "accounts that fit no segment would be lost", hint)


def _faults_of_segment(placed: Placed[StrategyRule], index: int) -> Iterator[Issue]:
    rule = placed.rule.segments[index]

    def place(key: str) -> tuple[str | int, ...]:
        return ("segments", index, key)

    if (rule.when is None) == (rule.otherwise is None):
        at = placed.place(*place("when"))
        yield Issue("ALL006", at, f'segment "{rule.id}" needs either `when` or `otherwise: true`')
    worked = bool(rule.departments or rule.partners)
    if worked == (rule.hold is not None):
        message = f'segment "{rule.id}" needs somebody to go to (departments, partners) or a reason to hold'
        yield Issue("ALL007", placed.place(*place("hold")), message, "Give one of the two")
    if worked and rule.channel is None:
        yield Issue("ALL008", placed.place(*place("id")), f'segment "{rule.id}" is worked, but by no channel')
    if worked and rule.recovery_without_history is None:
        message = f'segment "{rule.id}" does not say what it brings without history'
        yield Issue("ALL009", placed.place(*place("id")), message, "Add recovery_without_history, such as 0.10")
    if placed.rule.capacity.by == "minutes" and rule.departments and rule.handling_minutes is None:
        message = f'capacity is in minutes, and segment "{rule.id}" does not say how many an account takes'
        yield Issue("ALL010", placed.place(*place("id")), message, "Add handling_minutes")


def _faults_of_escalations(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    known = [segment.id for segment in placed.rule.segments]
    for index, one in enumerate(placed.rule.escalations):
        for steps, name in (
            *((("from", number), name) for number, name in enumerate(one.from_segments)),
            (("to",), one.to),
        ):
            if name not in known:
                at = placed.place("escalations", index, *steps)
                yield Issue("ALL014", at, f'unknown segment "{name}"', suggestion(name, known))
        if one.to in one.from_segments:
            at = placed.place("escalations", index, "to")
            yield Issue("ALL015", at, f'"{one.reason}" leads from "{one.to}" to itself', "Take it out of `from`")


def _faults_of_recall_days(placed: Placed[StrategyRule]) -> Iterator[Issue]:
    for index, day in enumerate(placed.rule.recall_days):
        if not 1 <= day <= _LAST_DAY_OF_ALL_MONTHS:
            at = placed.place("recall_days", index)
            yield Issue("ALL016", at, f"not every month has a day {day}", f"Take 1 to {_LAST_DAY_OF_ALL_MONTHS}")


def _workable_although_forbidden(placed: Placed[StrategyRule], conditions: tuple[NotWorked, ...]) -> Iterator[Issue]:
    for column, codes in _NEVER_WORKED.items():
        own = [condition.when for condition in conditions if condition.when.names == {column}]
        for code in codes:
            if not any(evaluate(when, {column: code}) for when in own):
                message = f'accounts with {column} "{code}" would be worked'
                hint = f'Add to held or excluded: when: {column} == "{code}"'
                yield Issue("ALL011", placed.place("held"), message, hint)


def _two_in_force(placed: tuple[Placed[StrategyRule], ...]) -> Iterator[Issue]:
    for one, two in combinations(sorted(placed, key=lambda each: each.rule.valid_from), 2):
        if one.rule.id != two.rule.id and one.rule.holds_on(two.rule.valid_from):
            message = f'"{one.rule.id}" and "{two.rule.id}" both hold on {two.rule.valid_from}; see {one.place("id")}'
            yield Issue("ALL012", two.place("id"), message, "One strategy holds at a time: end the older one")


def _faults_of_file(document: Document) -> Iterator[Issue]:
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("strategies"), list):
        yield Issue("ALL013", document.place(("strategies",)), "the file has no list `strategies`")
    for key in data if isinstance(data, dict) else ():
        if key != "strategies":
            yield Issue("RUL001", document.key_place((key,)), f'unknown key "{key}"', suggestion(key, ["strategies"]))
