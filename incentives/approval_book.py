"""Everything that `incentives/approvals` says: who approves, who decides what else, on what terms pay is settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from domain.documents import Document, RuleModel
from domain.issues import Issue
from domain.periods import Period
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules
from incentives.approval_checks import approval_faults
from incentives.approvers import ApproverGroup, Approvers, Delegation, PayDecision, People
from incentives.authority import About, Authority, Entitled, entitled
from incentives.chains import ApprovalChain, PayTerms
from incentives.ledger import BatchKind
from incentives.sections import check_sections

SECTIONS = ("groups", "chains", "authorities", "delegations", "pay_terms")


class ApprovalFile(RuleModel):
    """A file below `incentives/approvals`."""

    groups: tuple[ApproverGroup, ...] = ()
    """Who may decide."""
    chains: tuple[ApprovalChain, ...] = ()
    """The approvals that each kind of batch needs."""
    authorities: tuple[Authority, ...] = ()
    """Who decides what else about pay."""
    delegations: tuple[Delegation, ...] = ()
    """Who decides for whom, and when."""
    pay_terms: tuple[PayTerms, ...] = ()
    """Deductions, look-back and disputes."""


@dataclass(frozen=True, slots=True)
class ApprovalBook:
    """What the files say, each rule in all its versions."""

    groups: tuple[Placed[ApproverGroup], ...] = ()
    chains: tuple[Placed[ApprovalChain], ...] = ()
    authorities: tuple[Placed[Authority], ...] = ()
    delegations: tuple[Placed[Delegation], ...] = ()
    pay_terms: tuple[Placed[PayTerms], ...] = ()

    def chain_on(self, kind: BatchKind, day: date) -> Placed[ApprovalChain] | None:
        return next((each for each in self.chains if each.rule.batch is kind and each.rule.holds_on(day)), None)

    def terms_on(self, kind: BatchKind, day: date) -> Placed[PayTerms] | None:
        return next((each for each in self.pay_terms if each.rule.batch is kind and each.rule.holds_on(day)), None)

    def people_on(self, day: date, is_signed: Mapping[RuleVersion, bool]) -> People:
        """Members and delegates of the day, by those versions alone that are signed."""
        groups = [each.rule for each in self.groups if each.rule.holds_on(day) and is_signed[each.version]]
        acting = [each.rule for each in self.delegations if each.rule.holds_on(day) and is_signed[each.version]]
        return People({group.id: group.people for group in groups}, tuple(acting))

    def entitled_on(
        self,
        day: date,
        decision: PayDecision,
        kind: BatchKind | None,
        period: Period,
        is_signed: Mapping[RuleVersion, bool],
    ) -> Entitled:
        """Who may decide this about a kind of batch of the period, or about the period itself, without a kind.

        The authorities are those of the day of the decision. One that holds but is not signed entitles nobody: else an
        edit would hand the decision to those whom it does not name.
        """
        about = About(kind.value) if kind else About.MONTH
        rules = (each for each in self.authorities if each.rule.about is about and each.rule.holds_on(day))
        rule = next(rules, None)
        if rule and not is_signed[rule.version]:
            return Entitled((), "", unsigned=rule.rule.id)
        kinds = (kind,) if kind else tuple(BatchKind)
        chains = (self.chain_on(each, period.last_day) for each in kinds)
        return entitled(decision, rule, {each.rule.id: _everyone_of(each.rule) for each in chains if each})

    def of_people(self) -> tuple[RuleVersion, ...]:
        """The versions that say who decides; they count once they are signed."""
        people = (*(each.version for each in self.groups), *(each.version for each in self.delegations))
        return (*people, *(each.version for each in self.authorities))

    def placed(self) -> Iterator[Placed[Rule]]:
        rules = (*self.groups, *self.chains, *self.authorities, *self.delegations, *self.pay_terms)
        yield from rules  # type: ignore[misc]


def decode_approvals(documents: Iterable[Document]) -> tuple[ApprovalBook, tuple[Issue, ...]]:
    """The rules of approving, deciding and settling, and everything that is wrong with them."""
    read = tuple(documents)
    groups, of_groups = decode_rules(read, "groups", RuleKind.APPROVER_GROUP, ApproverGroup)
    chains, of_chains = decode_rules(read, "chains", RuleKind.APPROVAL_CHAIN, ApprovalChain)
    authorities, of_authorities = decode_rules(read, "authorities", RuleKind.AUTHORITY, Authority)
    delegations, of_delegations = decode_rules(read, "delegations", RuleKind.DELEGATION, Delegation)
    terms, of_terms = decode_rules(read, "pay_terms", RuleKind.PAY_TERMS, PayTerms)
    issues = [issue for document in read for issue in check_sections(document, SECTIONS)]
    issues += [*of_groups, *of_chains, *of_authorities, *of_delegations, *of_terms]
    issues += approval_faults(groups, chains, authorities, delegations, terms, _named(read))
    book = ApprovalBook(groups, chains, authorities, delegations, terms)
    return book, tuple(sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code)))


def _everyone_of(chain: ApprovalChain) -> tuple[Approvers, ...]:
    return tuple(each for step in chain.steps for each in step.approvers)


def _named(documents: Iterable[Document]) -> frozenset[str]:
    """Ids of all groups, wrong ones too: what names a group with a mistake in it is no second mistake."""
    entries = (document.data.get("groups") for document in documents if isinstance(document.data, dict))
    groups = (group for each in entries if isinstance(each, list) for group in each)
    return frozenset(str(group.get("id")) for group in groups if isinstance(group, dict))
