"""The rule book as the core packages understand it: everything decoded, and everything that is wrong, at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from adapters.errors import ConflictError, RefusedError
from adapters.rule_files import RuleBook, fingerprint_of, read_rule_book
from adapters.store.signatures import RuleContent
from adapters.world import World
from allocation.capacity.staffing import StaffingBook, decode_staffing
from allocation.experiments import ExperimentBook, decode_experiments
from allocation.plans import PlanBook, decode_plans
from allocation.strategies import StrategyBook, decode_strategies
from domain.ids import Digest
from domain.issues import Issue, Location, has_errors
from domain.manifest import Manifest
from domain.periods import Period
from domain.records import Grain, Unit
from domain.rules import Placed, Rule, RuleVersion, stale, version_digest
from expectations.contact_points.rules import CleaningBook, decode_cleaning
from expectations.limits import Thresholds, decode_thresholds
from incentives.approval_book import ApprovalBook, decode_approvals
from incentives.book import PolicyBook, decode_policies
from incentives.cliffs import cliffs_of
from incentives.contracts import ContractBook, decode_contracts
from incentives.duties import Commitment, commitment_references
from kpi_rules.action_terms import ActionTermsBook, decode_action_terms
from kpi_rules.rulebook import KpiRules, decode_kpi_rules
from kpi_rules.signals.checks import FOLDER as SIGNALS
from kpi_rules.signals.checks import SignalBook, decode_signals
from kpi_rules.standing_book import StandingBook, decode_standings, group_faults, outcome_faults
from kpi_rules.target_sheets import with_targets_of_sheets
from kpi_rules.unread import unread_kpis


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one root; a rule that is wrong is left out of its book and told in `issues`."""

    book: RuleBook
    kpis: KpiRules
    policies: PolicyBook
    contracts: ContractBook
    strategies: StrategyBook
    plans: PlanBook
    experiments: ExperimentBook
    thresholds: Thresholds
    cleaning: CleaningBook
    approvals: ApprovalBook
    staffing: StaffingBook
    standings: StandingBook
    signals: SignalBook
    action_terms: ActionTermsBook
    issues: tuple[Issue, ...]

    def reached(self, day: date) -> tuple[RuleVersion, ...]:
        """The versions that a night of `day` uses, in a total order. Its dispatch begins on the day after, by the law
        and the contracts of that day."""
        period, tomorrow = Period.of(day), day + timedelta(days=1)
        versions = (
            *self.kpis.on(day).versions(),
            *self.policies.during(period).versions(),
            *self.contracts.during(Period.of(tomorrow)).versions(),
            *(placed.version for placed in self.contracts.permissions_on(tomorrow)),
            *self.strategies.versions(day),
            *self.plans.versions(day),
            *self.experiments.versions(day),
            *self.standings.versions(day),
            *self.thresholds.versions_at(day),
            *self.action_terms.versions(day),
        )
        return tuple(sorted(set(versions), key=lambda version: (version.kind, version.id, version.valid_from)))

    def contents(self) -> tuple[RuleContent, ...]:
        """Every version with what it says, for signing; a rule that makes several figures is one version."""
        found = {placed.version: placed.rule.model_dump(mode="python") for placed in self.placed()}
        return tuple(RuleContent(version, content) for version, content in found.items())

    def stale(self, day: date) -> tuple[Issue, ...]:
        """A warning for each rule in force whose review is overdue; a rule that makes several figures is one."""
        return tuple(dict.fromkeys(stale(self.placed(), day)))

    def place_of(self, version: RuleVersion) -> str:
        """Where the version stands: file and line."""
        for placed in self.placed():
            if version_digest(placed.rule) == version.digest:
                return str(placed.place("id"))
        return ""

    def placed(self) -> Iterator[Placed[Rule]]:
        yield from self.kpis.placed()  # type: ignore[misc]
        yield from (ready.placed for ready in self.policies.policies)  # type: ignore[misc]
        yield from self.policies.rates  # type: ignore[misc]
        yield from self.contracts.contracts  # type: ignore[misc]
        yield from self.contracts.permissions  # type: ignore[misc]
        yield from (strategy.placed for strategy in self.strategies.strategies)  # type: ignore[misc]
        yield from (plan.placed for plan in self.plans.plans)  # type: ignore[misc]
        yield from (each.placed for each in self.experiments.experiments)  # type: ignore[misc]
        yield from self.thresholds.placed  # type: ignore[misc]
        yield from self.cleaning.placed  # type: ignore[misc]
        yield from self.staffing.placed  # type: ignore[misc]
        yield from self.standings.placed  # type: ignore[misc]
        yield from self.signals.placed()  # type: ignore[misc]
        yield from self.action_terms.placed  # type: ignore[misc]
        yield from self.approvals.placed()


def read_rules(root: Path, overlay: Path | None = None) -> RuleSet:
    """The rules of `root`, with the files of `overlay` in place of those of the same name."""
    return _decoded(root, overlay, fingerprint_of(root, overlay))


def rules_of_run(world: World, manifest: Manifest, overlay: Path | None) -> RuleSet:
    """The rules that the manifest names.

    Raises: ConflictError if they were edited after the run was planned.
    """
    rules = sound_rules(world.settings.rules, overlay)
    known = {version.digest for version in rules.reached(manifest.effective_on)}
    edited = [version.id for version in manifest.rules if version.digest not in known]
    if edited:
        raise ConflictError(f"rules were edited while the run went on: {', '.join(edited)}. Start it again")
    return rules


@lru_cache(maxsize=4)
def _decoded(root: Path, overlay: Path | None, fingerprint: Digest) -> RuleSet:  # noqa: ARG001 - part of the key
    return decode_rule_book(read_rule_book(root, overlay))


def decode_rule_book(book: RuleBook) -> RuleSet:
    book = _with_sheets(book)
    signals, signal_issues = decode_signals(book.below(SIGNALS))
    kpis, kpi_issues = decode_kpi_rules(book.below("kpi_rules"))
    policies, policy_issues = decode_policies(book.below("incentives/policies"))
    contracts, contract_issues = decode_contracts(book.below("incentives/contracts"))
    strategies, strategy_issues = decode_strategies(book.below("allocation/strategies"))
    experiments, arm_issues = decode_experiments(
        book.below("allocation/experiments"), strategies.segments, strategies.departments
    )
    plans, plan_issues = decode_plans(book.below("allocation/plans"), strategies.segments, experiments.arms)
    thresholds, threshold_issues = decode_thresholds(book.below("expectations/thresholds"))
    cleaning, cleaning_issues = decode_cleaning(book.below("expectations/contact_points"))
    staffing, staffing_issues = decode_staffing(book.below("allocation/staffing"), strategies.departments)
    approvals, approval_issues = decode_approvals(book.below("incentives/approvals"))
    groups = {each.rule.id for each in approvals.groups}
    terms, terms_issues = decode_action_terms(book.below("kpi_rules/actions"), groups)
    standings, standing_issues = decode_standings(book.below("kpi_rules/standings"), kpis)
    units, cards = _units(kpis), _scorecards(kpis)
    together = (*policies.references(units, cards),
                *contracts.references(units, cards, _measured_of_partners(kpis)),
                *group_faults(standings, groups),
                *outcome_faults(standings, terms),
                *commitment_references(_commitments(contracts), _of_partners(kpis)))  # fmt: skip
    found = (
        *(kpi_issues, policy_issues, contract_issues, strategy_issues, plan_issues, threshold_issues),
        *(arm_issues, cleaning_issues, staffing_issues, approval_issues, signal_issues, terms_issues),
        standing_issues,
        (*together, *signals.strange_groups(groups), *signals.unwatched_tiers(_cliffs(policies, contracts))),
    )
    issues = tuple(dict.fromkeys((*book.issues, *(issue for issues in found for issue in issues))))
    if not has_errors(issues):  # a broken rule may be the one that reads the KPI
        issues = (*issues, *unread_kpis(kpis, (*policies.kpis_read(), *standings.kpis_read(), *contracts.kpis_read())))
    return RuleSet(
        book,
        kpis,
        policies,
        contracts,
        strategies,
        plans,
        experiments,
        thresholds,
        cleaning,
        approvals,
        staffing,
        standings,
        signals,
        terms,
        issues,
    )


def _with_sheets(book: RuleBook) -> RuleBook:
    """The book with the targets of its sheets as rules, like those of any other file."""
    documents, issues = with_targets_of_sheets(book.documents)
    return RuleBook(documents, (*book.issues, *issues))


def sound_rules(root: Path, overlay: Path | None = None) -> RuleSet:
    """The rules, fit for a run.

    Raises: RefusedError with every error, so that nobody is measured or paid by half a rule book.
    """
    rules = read_rules(root, overlay)
    refuse_errors(rules, "the rule book has errors; `recoup check` shows them")
    return rules


def refuse_errors(rules: RuleSet, what: str) -> None:
    if has_errors(rules.issues):
        errors = "\n".join(str(issue) for issue in rules.issues if issue.is_error)
        raise RefusedError(f"{what}:\n{errors}")


def _cliffs(policies: PolicyBook, contracts: ContractBook) -> Iterator[tuple[str, str, Decimal, Location]]:
    for each in cliffs_of((*policies.policies, *contracts.figures_read())):
        yield each.policy, each.currency, each.start, each.place


def _units(kpis: KpiRules) -> dict[str, Unit]:
    return {figure.id: figure.rule.unit for figure in kpis.figures}


def _measured_of_partners(kpis: KpiRules) -> set[str]:
    return {figure.id for figure in kpis.figures if Grain.PARTNER in figure.grains}


def _of_partners(kpis: KpiRules) -> Iterator[str]:
    for figure in kpis.figures:
        if Grain.PARTNER in figure.grains and figure.rule.unit is not Unit.MONEY:
            yield figure.id


def _commitments(contracts: ContractBook) -> Iterator[tuple[Placed[Any], tuple[Commitment, ...]]]:
    return ((placed, placed.rule.commitments) for placed in contracts.contracts)


def _scorecards(kpis: KpiRules) -> dict[str, list[str]]:
    return {placed.rule.id: [part.kpi for part in placed.rule.parts] for placed in kpis.scorecards}
