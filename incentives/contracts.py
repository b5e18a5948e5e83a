"""Partner contracts as they stand in rule files: what counts as recovered, at what rate, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from domain.documents import Document, decode
from domain.issues import Issue
from domain.periods import Period
from domain.records import Unit
from domain.rules import Placed, RuleKind, RuleVersion, decode_rules
from incentives.book import unknown_figures
from incentives.claims.terms import SettlementTerms
from incentives.contract_checks import competing, faults, permitted
from incentives.contract_language import Contract, Permission
from incentives.ready import ReadyPolicy
from incentives.ready_contracts import OF_PLACEMENTS, ReadyContract, make_contract_ready
from incentives.sections import check_sections


@dataclass(frozen=True, slots=True)
class ContractBook:
    """Contracts that can be settled by, ordered by id and first day."""

    ready: tuple[ReadyContract, ...]
    permissions: tuple[Placed[Permission], ...] = ()

    @classmethod
    def of(
        cls, contracts: Iterable[Placed[Contract]], permissions: tuple[Placed[Permission], ...] = ()
    ) -> ContractBook:
        """The book of contracts that were checked before."""
        made = (ready for each in contracts if (ready := make_contract_ready(each)[0]) is not None)
        return cls(tuple(sorted(made, key=lambda each: (each.contract.id, each.contract.valid_from))), permissions)

    @property
    def contracts(self) -> tuple[Placed[Contract], ...]:
        return tuple(each.placed for each in self.ready)

    def during(self, period: Period) -> ContractBook:
        """The versions that recoveries of the period may fall under; the version of the placement may be an old one."""
        kept = (each for each in self.ready if each.contract.valid_from < period.end)
        return ContractBook(tuple(kept), self.permissions)

    def versions(self) -> tuple[RuleVersion, ...]:
        return tuple(each.placed.version for each in self.ready)

    def holding_for(self, partner: str, currency: str, placed_on: date, posted_on: date) -> tuple[ReadyContract, ...]:
        """The contracts under which a recovery falls: one, where all is well; those that name the partner go first."""
        matching = [each for each in self.ready if _holds_for(each.contract, partner, currency, placed_on, posted_on)]
        named = [each for each in matching if each.contract.partners != "all"]
        return tuple(named or matching)

    def settlement_on(self, contract: str, day: date) -> SettlementTerms | None:
        """How claims under the contract are settled of what is posted on the day: by the version that began last."""
        versions = [each.contract for each in self.ready if each.contract.id == contract]
        begun = [each for each in versions if each.valid_from <= day]
        return max(begun, key=lambda each: each.valid_from).settlement if begun else None

    def tables(self) -> frozenset[str]:
        """Tables that fees are reckoned from, beside payments and placements."""
        return frozenset[str]().union(*(each.tables for each in self.ready))

    def look_back_days(self) -> int:
        """How many days before a month payments are read, where contracts say so; 0 where none does."""
        return max((each.contract.schedule.look_back_days or 0 for each in self.ready), default=0)

    def reads_days_past_due(self) -> bool:
        """Whether a fee goes by the days past due at the payment, for which the books of those days are read."""
        return any("days_past_due" in each.names for each in self.ready)

    def looks_at_placements(self) -> bool:
        """Whether the month of a contract counts placements, which may have brought nothing."""
        return any(each.sums & OF_PLACEMENTS for each in self.ready)

    def figures_read(self) -> Iterator[ReadyPolicy]:
        """The steps of months, as policies: what they read of KPIs and scorecards."""
        return (each.month for each in self.ready if each.month is not None)

    def kpis_read(self) -> Iterator[tuple[str, Contract]]:
        """Each KPI that the month of a contract reads, or by which a commitment is followed, and the contract."""
        for each in self.ready:
            yield from ((promised.kpi, each.contract) for promised in each.contract.commitments)
            inputs = each.month.policy.inputs.values() if each.month is not None else ()
            yield from ((source.kpi, each.contract) for source in inputs if source.kpi)

    def references(
        self, kpis: Mapping[str, Unit], scorecards: Mapping[str, Collection[str]], of_partners: Collection[str]
    ) -> Iterator[Issue]:
        """What months read that is not there: `kpis` with their units, `scorecards` with the KPIs they weigh; or that
        is not measured of partners: `of_partners` are the KPIs that are."""
        for each in self.figures_read():
            yield from unknown_figures(each, kpis, scorecards)
            for name, source in each.policy.inputs.items():
                if source.kpi in kpis and source.kpi not in of_partners:
                    message = f'"{source.kpi}" is not measured of partners: no month would ever have a value'
                    hint = "Add partner to its grains, or read another KPI"
                    yield Issue("CON062", each.placed.place("inputs", name), message, hint)

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
        return legal_type in permitted([each.rule for each in self.permissions], jurisdiction, day)

    def permissions_on(self, day: date) -> tuple[Placed[Permission], ...]:
        """The law that holds on the day, one entry for each jurisdiction that has one."""
        begun = [each for each in self.permissions if each.rule.valid_from <= day]
        return tuple({each.rule.jurisdiction: each for each in begun}.values())


def decode_contracts(documents: Iterable[Document]) -> tuple[ContractBook, tuple[Issue, ...]]:
    """The contracts of the documents, or everything that is wrong with them."""
    documents = tuple(documents)
    issues = [issue for document in documents for issue in check_sections(document, ("permissions", "contracts"))]
    permissions, found = _permissions(documents)
    placed, unreadable = decode_rules(documents, "contracts", RuleKind.CONTRACT, Contract)
    issues += [*found, *unreadable]
    sound: list[Placed[Contract]] = []
    for each in placed:
        wrong = (*faults(each, [law.rule for law in permissions]), *make_contract_ready(each)[1])
        issues += wrong
        if not wrong:
            sound.append(each)
    issues += competing(sound)
    return ContractBook.of(sound, permissions), tuple(
        sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code))
    )


def _holds_for(contract: Contract, partner: str, currency: str, placed_on: date, posted_on: date) -> bool:
    is_for = contract.partners == "all" or partner in contract.partners
    day = placed_on if contract.dated_by == "placed_on" else posted_on
    return is_for and contract.currency == currency and contract.holds_on(day)


def _permissions(documents: tuple[Document, ...]) -> tuple[tuple[Placed[Permission], ...], list[Issue]]:
    found: list[Placed[Permission]] = []
    issues: list[Issue] = []
    for document in documents:
        node = document.data.get("permissions") if isinstance(document.data, dict) else None
        for index in range(len(node) if isinstance(node, list) else 0):
            path = ("permissions", index)
            permission, wrong = decode(document, Permission, path)
            issues.extend(wrong)
            if permission is not None:
                found.append(Placed(RuleKind.PERMISSION, permission, document, path))
    return tuple(sorted(found, key=lambda each: (each.rule.id, each.rule.valid_from))), issues
