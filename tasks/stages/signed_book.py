"""The rule book as it is signed: the files, with every version that has no signature taken back to the one that has."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from adapters.rule_files import RuleBook
from adapters.store.signatures import Signed
from allocation.capacity.staffing import StaffingRule
from allocation.experiments import ExperimentRule
from allocation.plans import PlanRule
from allocation.strategy_rules import StrategyRule
from domain.documents import Document
from domain.ids import Digest
from domain.issues import Location
from domain.rules import Placed, Rule, RuleKind, RuleVersion, version_digest
from expectations.contact_points.rules import CleaningRule
from expectations.limits import TableThreshold
from incentives.approvers import ApproverGroup, Delegation
from incentives.authority import Authority
from incentives.chains import ApprovalChain, PayTerms
from incentives.contract_language import Contract, Permission
from incentives.policies import ExchangeRates, Policy
from kpi_rules.action_terms import ActionTerms
from kpi_rules.credit_language import CreditRule
from kpi_rules.language import Kpi, LongLeave, Scorecard, Target
from kpi_rules.limit_language import Limit
from kpi_rules.signals.language import Signal
from kpi_rules.standing_language import SelectionRule, StandingRule
from tasks.stages.as_if import SECTIONS_OF_ALL, without

AS_SIGNED = "as signed"

_MODELS: Mapping[RuleKind, type[Rule]] = {
    RuleKind.KPI: Kpi,
    RuleKind.CREDIT: CreditRule,
    RuleKind.SCORECARD: Scorecard,
    RuleKind.TARGET: Target,
    RuleKind.LIMIT: Limit,
    RuleKind.LONG_LEAVE: LongLeave,
    RuleKind.STANDING: StandingRule,
    RuleKind.SELECTION: SelectionRule,
    RuleKind.ACTION_TERMS: ActionTerms,
    RuleKind.POLICY: Policy,
    RuleKind.EXCHANGE: ExchangeRates,
    RuleKind.CONTRACT: Contract,
    RuleKind.PERMISSION: Permission,
    RuleKind.STRATEGY: StrategyRule,
    RuleKind.PLAN: PlanRule,
    RuleKind.EXPERIMENT: ExperimentRule,
    RuleKind.STAFFING: StaffingRule,
    RuleKind.SIGNAL: Signal,
    RuleKind.THRESHOLD: TableThreshold,
    RuleKind.CLEANING: CleaningRule,
    RuleKind.APPROVER_GROUP: ApproverGroup,
    RuleKind.APPROVAL_CHAIN: ApprovalChain,
    RuleKind.AUTHORITY: Authority,
    RuleKind.DELEGATION: Delegation,
    RuleKind.PAY_TERMS: PayTerms,
}
_FOLDERS = {
    RuleKind.STANDING: "kpi_rules/standings",
    RuleKind.SELECTION: "kpi_rules/standings",
    RuleKind.ACTION_TERMS: "kpi_rules/actions",
    RuleKind.POLICY: "incentives/policies",
    RuleKind.EXCHANGE: "incentives/policies",
    RuleKind.CONTRACT: "incentives/contracts",
    RuleKind.PERMISSION: "incentives/contracts",
    RuleKind.STRATEGY: "allocation/strategies",
    RuleKind.PLAN: "allocation/plans",
    RuleKind.EXPERIMENT: "allocation/experiments",
    RuleKind.STAFFING: "allocation/staffing",
    RuleKind.SIGNAL: "kpi_rules/signals",
    RuleKind.THRESHOLD: "expectations/thresholds",
    RuleKind.CLEANING: "expectations/contact_points",
    RuleKind.APPROVER_GROUP: "incentives/approvals",
    RuleKind.APPROVAL_CHAIN: "incentives/approvals",
    RuleKind.AUTHORITY: "incentives/approvals",
    RuleKind.DELEGATION: "incentives/approvals",
    RuleKind.PAY_TERMS: "incentives/approvals",
}


def taken_back(
    book: RuleBook, placed: Iterable[Placed[Rule]], unsigned: Collection[RuleVersion], signed: Iterable[Signed]
) -> RuleBook:
    """The book in which these versions say what was signed before them; what nobody ever signed is not there.

    Before a version stands the newest signature of the same rule and first day, else that of its last earlier version.
    """
    here = {version_digest(each.rule) for each in placed}
    before = {one.rule: one for version in unsigned if (one := _before(version, signed))}
    left = without(book, [(version.kind, version.id, version.valid_from) for version in unsigned])
    back = [one for digest, one in before.items() if digest not in here]
    return replace(left, documents=(*left.documents, *documents_as_signed(back)))


def read_back(kind: RuleKind, content: Mapping[str, Any]) -> dict[str, Any]:
    """What was signed, from the store's text to what stands in a file.

    The store keeps numbers as text, and a rule file must not: what is refused as text is taken as the number it is.
    A content that is no rule of this version of the program is returned as it is, and told like any wrong file.
    """
    entry = copy.deepcopy(dict(content))
    while True:
        try:
            rule = _MODELS[kind].model_validate(entry, by_name=True, by_alias=False)
        except ValidationError as error:
            refused = [fault["loc"] for fault in error.errors() if _is_number(fault["input"])]
            made = [_make_number(entry, location) for location in refused]
            if not any(made):
                return entry
        else:
            return rule.model_dump(mode="python", by_alias=True)


def _before(version: RuleVersion, signed: Iterable[Signed]) -> Signed | None:
    mine = [one for one in signed if (one.kind, one.id) == (version.kind, version.id)]
    same_day = [one for one in mine if _first_day(one) == version.valid_from]
    earlier = sorted((one for one in mine if _first_day(one) < version.valid_from), key=_first_day)
    if same_day:
        return same_day[-1]
    return next((one for one in reversed(mine) if earlier and _first_day(one) == _first_day(earlier[-1])), None)


def _first_day(signed: Signed) -> date:
    return date.fromisoformat(signed.content["valid_from"])


def documents_as_signed(signed: Iterable[Signed]) -> Iterator[Document]:
    """A document for each version, as if it stood in a file."""
    for one in signed:
        path = f"{_FOLDERS.get(one.kind, 'kpi_rules/rules')}/{AS_SIGNED}"
        section = SECTIONS_OF_ALL[one.kind]
        yield Document(path, {section: [read_back(one.kind, one.content)]}, {(): Location(path)})


def _is_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is not None


def _make_number(entry: dict[str, Any], location: tuple[str | int, ...]) -> bool:
    """Whether there was a text to make a number of. pydantic puts the names of variants into a location: steps that
    the content does not have are passed over."""
    holder, key = _holder(entry, location)
    if holder is None or not _is_number(holder[key]):
        return False
    holder[key] = Decimal(holder[key])
    return True


def _holder(entry: Any, location: tuple[str | int, ...]) -> tuple[Any, Any]:
    """The innermost mapping or list on the way, and the step in it."""
    node, holder, key = entry, None, None
    for step in location:
        if step in node if isinstance(node, dict) else isinstance(node, list) and isinstance(step, int):
            holder, key, node = node, step, node[step]
    return holder, key


def unsigned_among(versions: Iterable[RuleVersion], signed: Iterable[Signed]) -> tuple[RuleVersion, ...]:
    known: set[Digest] = {one.rule for one in signed}
    return tuple(version for version in versions if version.digest not in known)
