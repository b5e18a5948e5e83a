"""Which changed rules a figure goes through: its own, an operand's, a credit rule, limit, target, scorecard, policy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from domain.periods import Period
from domain.records import PayoutLine
from domain.rule_changes import name_of
from domain.rules import RuleKind
from incentives.contract_language import Contract
from incentives.contracts import ContractBook
from incentives.policies import Input
from incentives.ready import ReadyPolicy
from kpi_rules.figures import Figure
from kpi_rules.plan import views_read_by
from kpi_rules.rulebook import KpiRules
from kpi_rules.trial import read_by_scorecard
from kpi_rules.views import BREACHES, CREDITS
from tasks.stages.rules import RuleSet

RuleKey = tuple[RuleKind, str]

_READ_THROUGH = {CREDITS.name: RuleKind.CREDIT, BREACHES.name: RuleKind.LIMIT}


@dataclass(frozen=True, slots=True)
class _Side:
    """One book as it stands in the month."""

    kpis: KpiRules
    policies: tuple[ReadyPolicy, ...]
    contracts: ContractBook

    def figures(self, kpi: str) -> Iterator[Figure]:
        return (figure for figure in self.kpis.figures if figure.id == kpi)


@dataclass(frozen=True, slots=True)
class Causes:
    """The ways from a figure to the rules that changed, in either of the two books."""

    sides: tuple[_Side, ...]
    changed: frozenset[RuleKey]
    known: dict[str, frozenset[RuleKey]] = field(default_factory=dict)

    def of_kpi(self, kpi: str) -> tuple[str, ...]:
        return _names(self._kpi(kpi))

    def of_score(self, scorecard: str, employee: str) -> tuple[str, ...]:
        return _names(self._score(scorecard, employee))

    def of_pay(self, line: PayoutLine) -> tuple[str, ...]:
        return _names(frozenset().union(*self._ways_to_pay(line)))

    def _kpi(self, kpi: str) -> frozenset[RuleKey]:
        if kpi not in self.known:
            self.known[kpi] = frozenset()  # a circle adds nothing
            figures = [figure for side in self.sides for figure in side.figures(kpi)]
            self.known[kpi] = frozenset().union(*(self._figure(figure) for figure in figures))
        return self.known[kpi]

    def _figure(self, figure: Figure) -> frozenset[RuleKey]:
        views = views_read_by(figure, by_currency=True)
        kinds = {kind for view, kind in _READ_THROUGH.items() if view in views}
        own = {key for key in self.changed if key[0] in kinds or key == (RuleKind.KPI, figure.rule.id)}
        return frozenset(own).union(*(self._kpi(operand) for operand in figure.operands))

    def _score(self, scorecard: str, employee: str) -> frozenset[RuleKey]:
        away = {key for key in self.changed if key[0] is RuleKind.LONG_LEAVE}
        found = away | ({(RuleKind.SCORECARD, scorecard)} & self.changed)
        for side in self.sides:
            for placed in side.kpis.scorecards:
                if placed.rule.id == scorecard:
                    read = {*read_by_scorecard(placed.rule)}
                    found |= self._targets(read, placed.rule.department, employee)
                    found = found.union(*map(self._kpi, read))
        return frozenset(found)

    def _targets(self, kpis: Collection[str], department: str, employee: str) -> set[RuleKey]:
        """The changed targets of these KPIs whose scope the person may be in (of teams, every one), and what a value
        that is shared out is shared out by."""
        targets = [placed.rule for side in self.sides for placed in side.kpis.all_targets]
        mine = [
            target
            for target in targets
            if target.values.keys() & {*kpis}
            and target.department in {None, department}
            and target.employee in {None, employee}
        ]
        weights = {kpi for target in mine for kpi in target.weighed_by}
        return ({(RuleKind.TARGET, target.id) for target in mine} & self.changed).union(*map(self._kpi, weights))

    def _ways_to_pay(self, line: PayoutLine) -> Iterator[frozenset[RuleKey]]:
        component, _, of = line.component.partition(":")
        for side in self.sides:
            for ready in side.policies:
                policy, departments = ready.policy, ready.policy.applies_to.departments
                mine = policy.component == component and policy.currency == line.currency
                if mine and (departments is None or line.scope in departments):
                    yield frozenset({(RuleKind.POLICY, policy.id)} & self.changed)
                    yield from (self._input(source, line.payee) for source in policy.inputs.values())
            for each in side.contracts.ready if line.scope == line.payee else ():
                if each.contract.id == of or _is_for(each.contract, line.payee):
                    yield frozenset({(RuleKind.CONTRACT, each.contract.id)} & self.changed)
                    inputs = each.month.policy.inputs.values() if each.month is not None else ()
                    yield from (self._input(source, line.payee) for source in inputs)

    def _input(self, source: Input, payee: str) -> frozenset[RuleKey]:
        if source.kpi is not None:
            return self._kpi(source.kpi)
        return self._score(source.scorecard, payee) if source.scorecard is not None else frozenset()


def _is_for(contract: Contract, partner: str) -> bool:
    return contract.partners == "all" or partner in contract.partners


def causes_between(old: RuleSet, new: RuleSet, changed: Iterable[RuleKey], day: date) -> Causes:
    return Causes((_side(old, day), _side(new, day)), frozenset(changed))


def _side(rules: RuleSet, day: date) -> _Side:
    period = Period.of(day)
    return _Side(rules.kpis.on(day), rules.policies.during(period).policies, rules.contracts.during(period))


def _names(keys: Iterable[RuleKey]) -> tuple[str, ...]:
    return tuple(sorted(name_of(kind, rule) for kind, rule in keys))
