"""Partner contracts as they stand in rule files: what counts as recovered, at what rate, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from domain.documents import Document, decode
from domain.issues import Issue
from domain.periods import Period
from domain.rules import Placed, RuleKind, RuleVersion, decode_rules
from incentives.contract_checks import competing, faults, permitted
from incentives.contract_language import Contract, Permission
from incentives.sections import check_sections


@dataclass(frozen=True, slots=True)
class ContractBook:
    """Contracts that can be settled by, ordered by id and first day."""

    contracts: tuple[Placed[Contract], ...]
    permissions: tuple[Permission, ...]

    def during(self, period: Period) -> ContractBook:
        """The versions that recoveries of the period may fall under; the version of the placement may be an old one."""
        kept = (each for each in self.contracts if each.rule.valid_from < period.end)
        return ContractBook(tuple(kept), self.permissions)

    def kpis_read(self) -> Iterator[tuple[str, Contract]]:
        """Each KPI by which a commitment is followed, and its contract."""
        for placed in self.contracts:
            yield from ((each.kpi, placed.rule) for each in placed.rule.commitments)

    def versions(self) -> tuple[RuleVersion, ...]:
        return tuple(placed.version for placed in self.contracts)

    def for_partner(
        self, partner: str, legal_type: str, jurisdiction: str, currency: str, day: date
    ) -> tuple[Placed[Contract], ...]:
        """The contracts under which accounts are placed with the partner on the day: one, where all is well."""
        holding = [each for each in self.contracts if each.rule.holds_on(day) and each.rule.currency == currency]
        named = [each for each in holding if each.rule.partners != "all" and partner in each.rule.partners]
        for_all = [
            each
            for each in holding
            if each.rule.partners == "all" and legal_type in each.rule.legal_types
            and jurisdiction in each.rule.jurisdictions
        ]  # fmt: skip
        return tuple(named or for_all)

    def may_collect(self, legal_type: str, jurisdiction: str, day: date) -> bool:
        """Whether the law in force lets the legal type collect there; where no law is stated, nobody may."""
        return legal_type in permitted(self.permissions, jurisdiction, day)


def decode_contracts(documents: Iterable[Document]) -> tuple[ContractBook, tuple[Issue, ...]]:
    """The contracts of the documents, or everything that is wrong with them."""
    documents = tuple(documents)
    issues = [issue for document in documents for issue in check_sections(document, ("permissions", "contracts"))]
    permissions, found = _permissions(documents)
    placed, unreadable = decode_rules(documents, "contracts", RuleKind.CONTRACT, Contract)
    issues += [*found, *unreadable]
    sound: list[Placed[Contract]] = []
    for each in placed:
        wrong = tuple(faults(each, permissions))
        issues += wrong
        if not wrong:
            sound.append(each)
    issues += competing(sound)
    ordered = sorted(sound, key=lambda each: (each.rule.id, each.rule.valid_from))
    return ContractBook(tuple(ordered), permissions), tuple(
        sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code))
    )


def _permissions(documents: tuple[Document, ...]) -> tuple[tuple[Permission, ...], list[Issue]]:
    found: list[Permission] = []
    issues: list[Issue] = []
    for document in documents:
        node = document.data.get("permissions") if isinstance(document.data, dict) else None
        for index in range(len(node) if isinstance(node, list) else 0):
            permission, wrong = decode(document, Permission, ("permissions", index))
            issues.extend(wrong)
            found.extend([permission] if permission else [])
    return tuple(found), issues
