"""The book of policies: every rule file decoded and made ready, or everything that is wrong, all at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.periods import Period
from domain.records import Unit
from domain.rules import RuleKind, RuleVersion, decode_rules
from incentives.policies import Policy
from incentives.ready import ReadyPolicy, competing, make_ready
from incentives.sections import check_sections
from incentives.templates import written_out


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Policies that can be computed, ordered by id and first day."""

    policies: tuple[ReadyPolicy, ...]

    def on(self, day: date) -> Mapping[str, ReadyPolicy]:
        """The versions that hold on `day`, by id."""
        return {ready.policy.id: ready for ready in self.policies if ready.policy.holds_on(day)}

    def during(self, period: Period) -> PolicyBook:
        """The versions that hold on some day of the period."""
        return PolicyBook(
            tuple(
                ready
                for ready in self.policies
                if ready.policy.valid_from < period.end
                and (ready.policy.valid_to is None or period.start < ready.policy.valid_to)
            )
        )

    def versions(self) -> tuple[RuleVersion, ...]:
        """What a manifest names, and a signer signs."""
        return tuple(ready.version for ready in self.policies)

    def kpis_read(self) -> Iterator[tuple[str, Policy]]:
        """Each KPI that a policy reads, and the policy."""
        for ready in self.policies:
            yield from ((source.kpi, ready.policy) for source in ready.policy.inputs.values() if source.kpi)

    def references(self, kpis: Mapping[str, Unit], scorecards: Mapping[str, Collection[str]]) -> Iterator[Issue]:
        """What the policies read that is not there: `kpis` with their units, `scorecards` with the KPIs they weigh."""
        for ready in self.policies:
            yield from _unknown(ready, kpis, scorecards)


def decode_policies(documents: Iterable[Document]) -> tuple[PolicyBook, tuple[Issue, ...]]:
    """The policies of the documents. A broken one is reported with its place, and hides no other."""
    documents = tuple(documents)
    issues = [issue for document in documents for issue in check_sections(document, ("templates", "policies"))]
    whole, found = written_out(documents)
    placed, faults = decode_rules(whole, "policies", RuleKind.POLICY, Policy)
    made = [make_ready(each) for each in placed]
    policies = tuple(sorted((ready for ready, _ in made if ready), key=lambda ready: _order(ready.policy)))
    issues += [*found, *faults, *(issue for _, each in made for issue in each), *competing(policies)]
    return PolicyBook(policies), tuple(sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code)))


def _order(policy: Policy) -> tuple[str, date]:
    return policy.id, policy.valid_from


def _unknown(
    ready: ReadyPolicy, kpis: Mapping[str, Unit], scorecards: Mapping[str, Collection[str]]
) -> Iterator[Issue]:
    for name, source in ready.policy.inputs.items():
        place = ready.placed.place("inputs", name)
        if source.kpi is not None and source.kpi not in kpis:
            yield Issue("POL060", place, f'no KPI "{source.kpi}"', suggestion(source.kpi, kpis))
        elif source.kpi is not None and kpis[source.kpi] is not source.unit:
            found = kpis[source.kpi]
            yield Issue("POL062", place, f'"{source.kpi}" is a {found}, not a {source.unit}', f"Write unit: {found}")
        elif source.scorecard is not None and source.scorecard not in scorecards:
            yield Issue("POL061", place, f'no scorecard "{source.scorecard}"', suggestion(source.scorecard, scorecards))
        elif source.attainment is not None and source.attainment not in scorecards[source.scorecard or ""]:
            hint = suggestion(source.attainment, scorecards[source.scorecard or ""])
            yield Issue("POL060", place, f'"{source.scorecard}" does not weigh "{source.attainment}"', hint)
