"""The strategies of the rule files, with their conditions parsed: what the rest of this package works with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from allocation.facts import SCOPE, contact_days
from allocation.segment_tables import condition_of, faults_of_tables
from allocation.strategy_checks import faults_of_file, faults_of_strategy, two_in_force, workable_although_forbidden
from allocation.strategy_rules import Escalation, RecoveryTerms, SegmentRule, StrategyRule
from domain.documents import Document
from domain.expressions import Expression, ExprType, parse
from domain.issues import Issue, has_errors
from domain.rules import Placed, RuleKind, RuleVersion, decode_rules, effective

UNKNOWN_CURRENCY = "held:unknown_currency"
SEVERAL_SEGMENTS = "held:several_segments"


def decode_strategies(documents: Iterable[Document]) -> tuple[StrategyBook, tuple[Issue, ...]]:
    """The strategies of the rule files, and everything that is wrong with them; a faulty strategy is left out."""
    files = tuple(documents)
    placed, issues = decode_rules(files, "strategies", RuleKind.STRATEGY, StrategyRule)
    compiled = [_compile(one) for one in placed]
    found = (
        *(issue for file in files for issue in faults_of_file(file)),
        *issues,
        *(issue for _, faults in compiled for issue in faults),
        *two_in_force(placed),
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

    @property
    def departments(self) -> frozenset[str]:
        """Those that work some segment, whenever it holds."""
        segments = (segment for strategy in self.strategies for segment in strategy.segments)
        return frozenset(department for segment in segments for department in segment.rule.departments)


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
    def recovery(self) -> RecoveryTerms:
        return self.rule.recovery or RecoveryTerms()

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
    def counts_balances(self) -> bool:
        return any(quota.by == "balance" for quota in self.rule.quotas)

    @property
    def names_of_owners(self) -> frozenset[str]:
        """Every name that decides who keeps or loses an account."""
        conditions = [self.keep_owner, self.rotate, *(one.when for one in self.recalls)]
        return frozenset().union(*(condition.names for condition in conditions if condition))


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
        *faults_of_strategy(placed),
        *faults_of_tables(placed),
        *(
            workable_although_forbidden(placed, [one.when for one in not_worked])
            if not has_errors(faults_of_conditions)
            else ()
        ),
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
        text, key = (condition_of(rule.where), "where") if rule.where else (rule.when, "when")
        if text is not None:
            when, faults = _condition(placed, text, "segments", index, key)
            issues.extend(faults if key == "when" else ())
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
