"""The book of policies: every rule file decoded and made ready, or everything that is wrong, all at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue
from domain.money import MINOR_DIGITS
from domain.periods import Period
from domain.records import Unit
from domain.rules import Placed, RuleKind, RuleVersion, decode_rules, effective
from incentives.policies import ExchangeRates, Policy
from incentives.ready import ReadyPolicy, circles, competing, make_ready
from incentives.sections import check_sections
from incentives.set_steps import Together
from incentives.templates import written_out


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Policies that can be computed, ordered by id and first day."""

    policies: tuple[ReadyPolicy, ...]
    rates: tuple[Placed[ExchangeRates], ...] = ()

    def rates_on(self, day: date) -> Mapping[str, Placed[ExchangeRates]]:
        """The tables of exchange rates that hold on `day`, by id."""
        return effective(self.rates, day)

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
            ),
            self.rates_in(period),
        )

    def rates_in(self, period: Period) -> tuple[Placed[ExchangeRates], ...]:
        """The tables that count for the period: those of its last day that a policy reads."""
        read = {source.rates for ready in self.policies for source in ready.policy.inputs.values()}
        return tuple(
            placed for placed in self.rates if placed.rule.id in read and placed.rule.holds_on(period.last_day)
        )

    def most_months_carried(self) -> int:
        """How many months back the farthest column lies that is carried over; 0 where none is."""
        inputs = (source for ready in self.policies for source in ready.policy.inputs.values())
        return max((source.months_ago or 0 for source in inputs), default=0)

    def keeps_sets(self) -> bool:
        """Whether a step settles payees together whom a later correction does not settle anew."""
        steps = (step for ready in self.policies for step in ready.policy.steps)
        return any(isinstance(step, Together) and not step.reopens for step in steps)

    def versions(self) -> tuple[RuleVersion, ...]:
        """What a manifest names, and a signer signs."""
        return (*(ready.version for ready in self.policies), *(placed.version for placed in self.rates))

    def kpis_read(self) -> Iterator[tuple[str, Policy]]:
        """Each KPI that a policy reads, and the policy."""
        for ready in self.policies:
            yield from ((source.kpi, ready.policy) for source in ready.policy.inputs.values() if source.kpi)

    def references(self, kpis: Mapping[str, Unit], scorecards: Mapping[str, Collection[str]]) -> Iterator[Issue]:
        """What the policies read that is not there: `kpis` with their units, `scorecards` with the KPIs they weigh."""
        for ready in self.policies:
            yield from unknown_figures(ready, kpis, scorecards)
            yield from self._unknown_here(ready)

    def _unknown_here(self, ready: ReadyPolicy) -> Iterator[Issue]:
        """Components, columns and rates of this book that a policy names."""
        components = {other.policy.component for other in self.policies}
        tables = {placed.rule.id: placed.rule.to for placed in self.rates}
        for name, source in ready.policy.inputs.items():
            place = ready.placed.place("inputs", name)
            if source.lines is not None and source.lines not in components:
                hint = suggestion(source.lines, components)
                yield Issue("POL063", place, f'no policy pays a component "{source.lines}"', hint)
            elif source.carried is not None and source.carried not in self._columns_of(ready.policy.component):
                hint = suggestion(source.carried, self._columns_of(ready.policy.component))
                message = f'no policy of "{ready.policy.component}" has a column "{source.carried}"'
                yield Issue("POL063", place, message, hint)
            elif source.rates is not None and source.rates not in tables:
                yield Issue("POL063", place, f'no exchange rates "{source.rates}"', suggestion(source.rates, tables))
            elif source.rates is not None and tables[source.rates] != ready.policy.currency:
                message = (
                    f'"{source.rates}" converts into {tables[source.rates]}, the policy pays {ready.policy.currency}'
                )
                yield Issue("POL065", place, message, f"Name rates that convert into {ready.policy.currency}")

    def _columns_of(self, component: str) -> frozenset[str]:
        alike = (ready.policy for ready in self.policies if ready.policy.component == component)
        return frozenset(step.name for policy in alike for step in policy.steps)


def decode_policies(documents: Iterable[Document]) -> tuple[PolicyBook, tuple[Issue, ...]]:
    """The policies of the documents. A broken one is reported with its place, and hides no other."""
    documents = tuple(documents)
    issues = [issue for document in documents for issue in check_sections(document, SECTIONS)]
    whole, found = written_out(documents)
    placed, faults = decode_rules(whole, "policies", RuleKind.POLICY, Policy)
    rates, rate_faults = decode_rules(documents, "exchange_rates", RuleKind.EXCHANGE, ExchangeRates)
    made = [make_ready(each) for each in placed]
    policies = tuple(sorted((ready for ready, _ in made if ready), key=lambda ready: _order(ready.policy)))
    issues += [*found, *faults, *rate_faults, *(issue for _, each in made for issue in each)]
    issues += [*competing(policies), *circles(policies), *_rate_faults(rates)]
    book = PolicyBook(policies, tuple(sorted(rates, key=lambda each: (each.rule.id, each.rule.valid_from))))
    return book, tuple(sorted(dict.fromkeys(issues), key=lambda issue: (issue.location, issue.code)))


SECTIONS = ("exchange_rates", "templates", "policies")


def _rate_faults(rates: Iterable[Placed[ExchangeRates]]) -> Iterator[Issue]:
    for placed in rates:
        stated = [(("to",), placed.rule.to), *((("rates", currency), currency) for currency in placed.rule.rates)]
        for path, currency in stated:
            if currency not in MINOR_DIGITS:
                hint = suggestion(currency, MINOR_DIGITS)
                yield Issue("POL043", placed.place(*path), f'unknown currency "{currency}"', hint)
        if placed.rule.to in placed.rule.rates:
            place = placed.place("rates", placed.rule.to)
            yield Issue("POL064", place, f"{placed.rule.to} is what amounts are converted into", "Take it out")


def _order(policy: Policy) -> tuple[str, date]:
    return policy.id, policy.valid_from


def unknown_figures(
    ready: ReadyPolicy, kpis: Mapping[str, Unit], scorecards: Mapping[str, Collection[str]]
) -> Iterator[Issue]:
    """KPIs and scorecards that the policy, or a month of a contract, reads and that are not there as it reads them."""
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
