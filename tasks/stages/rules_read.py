"""Which rules a batch was calculated by: of all that its month names, those that its own payees' figures read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapters.store.signatures import contents_of, with_signatures
from domain.manifest import Manifest
from domain.periods import Period
from domain.rules import Placed, Rule, RuleKind, RuleVersion
from incentives.batches import Batch
from incentives.ledger import BatchKind
from incentives.policies import Input, Policy
from incentives.set_steps import Among, Together
from kpi_rules.rulebook import KpiRules
from tasks.stages.rules import RuleSet

# Of the rules of measuring, those of which one changes the figures of everybody.
_OF_ALL = frozenset({RuleKind.CREDIT, RuleKind.LIMIT, RuleKind.LONG_LEAVE})
_BY_ID = frozenset({RuleKind.KPI, RuleKind.SCORECARD, RuleKind.EXCHANGE})


@dataclass(frozen=True, slots=True)
class RulesRead:
    """What the calculation of one batch reads by the rule book of today.

    `components` are those of which lines of other departments count too; `ids` the KPIs, scorecards and exchange rates
    that are reached, `figures` the KPIs as figures. What allocates or gates is none: dispatch and accepted extracts are
    inputs, whatever rules made them.
    """

    kind: BatchKind
    scope: str
    components: frozenset[str]
    ids: frozenset[tuple[RuleKind, str]]
    figures: frozenset[str]

    def has(self, kind: RuleKind, content: Mapping[str, Any]) -> bool:
        """Whether a rule of this content, of today or of then, is one of them.

        That holds for a rule that has changed too: what leads to the first one that changed has not.
        """
        if kind in {RuleKind.APPROVAL_CHAIN, RuleKind.PAY_TERMS}:
            return bool(content["batch"] == self.kind.value)
        if self.kind is BatchKind.FEE and kind is RuleKind.CONTRACT:
            return bool(content["partners"] == "all" or self.scope in content["partners"])
        if self.kind is BatchKind.FEE and (kind is RuleKind.POLICY or not self.ids):
            return False
        if kind is RuleKind.POLICY:
            return _applies(content["applies_to"], self.scope) or content["component"] in self.components
        if kind is RuleKind.TARGET:
            mine = self.components or content.get("department") in {None, self.scope}
            return bool(mine and self.figures & {*content["values"]})
        return kind in _OF_ALL or (kind in _BY_ID and (kind, content["id"]) in self.ids)


def rules_read(rules: RuleSet, kind: BatchKind, scope: str, period: Period) -> RulesRead:
    """What a batch of the department or partner reads for the period."""
    if kind is BatchKind.FEE:
        months = (each for each in rules.contracts.during(period).ready if each.month is not None)
        mine = [each.month for each in months if each.contract.partners == "all" or scope in each.contract.partners]
        inputs = [source for month in mine if month for source in month.policy.inputs.values()]
        return _read(rules, kind, scope, period, inputs)
    policies, components = _policies(rules, scope, period)
    inputs = [source for policy in policies for source in policy.inputs.values()]
    return _read(rules, kind, scope, period, inputs, components)


def _read(
    rules: RuleSet,
    kind: BatchKind,
    scope: str,
    period: Period,
    inputs: Sequence[Input],
    components: frozenset[str] = frozenset(),
) -> RulesRead:
    """What these inputs lead to: scorecards, the KPIs that they weigh, and what those are made of."""
    kpis = rules.kpis.on(period.last_day)
    cards = {source.scorecard for source in inputs if source.scorecard}
    figures = _figures(kpis, {source.kpi for source in inputs if source.kpi}, cards)
    ids = {
        *((RuleKind.SCORECARD, card) for card in cards),
        *((RuleKind.EXCHANGE, source.rates) for source in inputs if source.rates),
        *((RuleKind.KPI, each.rule.id) for each in (*kpis.figures, *kpis.earlier) if each.id in figures),
    }
    return RulesRead(kind, scope, components, frozenset(ids), figures)


def changed_rules(
    connection: sa.Connection, batch: Batch, manifest: Manifest, rules: RuleSet
) -> tuple[RuleVersion, ...]:
    """The rules that the batch read and that are not in the book any more as they were, and the policies or contracts
    of its month that have been signed since and speak of it."""
    here = {content.version.digest for content in rules.contents()}
    gone = [version for version in batch.rules if version.digest not in here]
    if manifest.source is None:  # an opening: nothing was calculated
        return tuple(gone)
    read = rules_read(rules, batch.kind, batch.scope, batch.period)
    left = {(version.kind, version.id) for version in gone}
    added = [each for each in _added(rules, batch, read) if (each.kind, each.id) not in left]
    signed = (version for version in with_signatures(connection, added) if version.signer)
    return (*among(connection, gone, read), *signed)


def among(connection: sa.Connection, versions: Iterable[RuleVersion], read: RulesRead) -> tuple[RuleVersion, ...]:
    """Those of the versions that are read, by what was signed; what the store does not know counts as read."""
    wanted = tuple(versions)
    signed = contents_of(connection, (version.digest for version in wanted)) if wanted else {}
    return tuple(each for each in wanted if each.digest not in signed or read.has(*signed[each.digest]))


def _added(rules: RuleSet, batch: Batch, read: RulesRead) -> Iterator[RuleVersion]:
    known = {version.digest for version in batch.rules}
    policies = (ready.placed for ready in rules.policies.during(batch.period).policies)
    every: Iterable[Placed[Any]] = (*policies, *rules.contracts.during(batch.period).contracts)
    for placed in every:
        if placed.version.digest not in known and read.has(placed.kind, _content(placed.rule)):
            yield placed.version


def _content(rule: Rule) -> Mapping[str, Any]:
    return rule.model_dump()


def _policies(rules: RuleSet, scope: str, period: Period) -> tuple[list[Policy], frozenset[str]]:
    """The policies that may pay somebody of the department, and those whose lines or payees these look at."""
    every = [ready.policy for ready in rules.policies.during(period).policies]
    components: frozenset[str] = frozenset()
    while True:
        read = [each for each in every if _applies(each.applies_to.model_dump(), scope) or each.component in components]
        looked_at = frozenset(name for each in read for name in _looks_at(each))
        if looked_at <= components:
            return read, components
        components |= looked_at


def _looks_at(policy: Policy) -> Iterator[str]:
    """Components of other departments: of those below a payee, and of all whom a step settles together."""
    yield from (source.lines for source in policy.inputs.values() if source.lines)
    if any(isinstance(step, Together) and step.among is Among.POLICY for step in policy.steps):
        yield policy.component


def _applies(applies_to: Mapping[str, Any], scope: str) -> bool:
    departments = applies_to.get("departments")
    return departments is None or scope in departments


def _figures(kpis: KpiRules, read: set[str], cards: set[str]) -> frozenset[str]:
    """These KPIs, those of the scorecards, those that share their targets out, and what any of them is made of."""
    weighed = [placed.rule for placed in kpis.scorecards if placed.rule.id in cards]
    found = {*read, *(part.kpi for card in weighed for part in card.parts)}
    found |= {gate.kpi for card in weighed for gate in card.gates}
    found |= {part.enough.kpi for card in weighed for part in card.parts if part.enough}
    made = {figure.id: figure.operands for figure in (*kpis.figures, *kpis.earlier)}
    while True:
        more = {name for figure in found for name in made.get(figure, ())}
        more |= {
            name for placed in kpis.all_targets if found & {*placed.rule.values} for name in placed.rule.weighed_by
        }
        if more <= found:
            return frozenset(found)
        found |= more
