"""The KPI rules of a rule book, decoded and checked: everything that is wrong with them, at once, each at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from domain.documents import Document
from domain.expressions.parse import suggestion
from domain.issues import Issue, Location
from domain.periods import Period
from domain.rules import Placed, Rule, RuleKind, RuleVersion, decode_rules
from kpi_rules.changes import by_its_days, check_changes, earlier_versions
from kpi_rules.credit_checks import CheckedCreditRule, check_credit_rules, credit_rules_of
from kpi_rules.credit_language import CreditRule
from kpi_rules.figures import Figure, KnownKpis
from kpi_rules.kpi_checks import check_kpis, check_kpis_together
from kpi_rules.language import Kpi, KpiFile, LongLeave, Scorecard, Target
from kpi_rules.limit_checks import CheckedLimit, check_limits
from kpi_rules.limit_language import Limit
from kpi_rules.score_checks import check_scorecards, check_scorecards_together, check_targets, check_targets_together
from kpi_rules.signals.checks import FOLDER as SIGNALS
from kpi_rules.target_checks import (
    check_cascades,
    check_cascades_together,
    check_changes_of_targets,
    check_gaps,
    check_parts,
)
from kpi_rules.target_days import replaced_within_month
from kpi_rules.target_sheets import check_percentages, with_targets_of_sheets

PlacedKpiRule = (
    Placed[Kpi] | Placed[CreditRule] | Placed[Scorecard] | Placed[Target] | Placed[Limit] | Placed[LongLeave]
)


@dataclass(frozen=True, slots=True)
class KpiRules:
    """Checked rules: of all dates, or those in force on a day."""

    figures: tuple[Figure, ...]
    credit_rules: tuple[CheckedCreditRule, ...]
    scorecards: tuple[Placed[Scorecard], ...]
    targets: tuple[Placed[Target], ...]
    limits: tuple[CheckedLimit, ...]
    long_leave: tuple[Placed[LongLeave], ...] = ()
    earlier: tuple[Figure, ...] = ()
    """Versions of the same month that are not in force any more, and that figures are made of by days."""
    earlier_targets: tuple[Placed[Target], ...] = ()
    """Targets of the same month that are not in force any more, and that others count with by days."""

    @property
    def all_targets(self) -> tuple[Placed[Target], ...]:
        return (*self.targets, *self.earlier_targets)

    def on(self, day: date) -> KpiRules:
        """Those that a night of the day goes by. What goes by its own days, such as limits and credit rules, is here
        if it holds on any day of the month up to this one."""
        known, current = (*self.figures, *self.earlier), self.in_force(day)
        return replace(
            current,
            figures=tuple(by_its_days(figure, known, day) for figure in current.figures),
            credit_rules=credit_rules_of(self.credit_rules, day),
            earlier=earlier_versions(current.figures, known, day),
            earlier_targets=replaced_within_month(self.all_targets, day),
        )

    def in_force(self, day: date) -> KpiRules:
        """Those in force on the day, each by itself."""
        return KpiRules(
            tuple(figure for figure in self.figures if figure.rule.holds_on(day)),
            tuple(rule for rule in self.credit_rules if rule.placed.rule.holds_on(day)),
            tuple(placed for placed in self.scorecards if placed.rule.holds_on(day)),
            tuple(placed for placed in self.targets if placed.rule.holds_on(day)),
            tuple(limit for limit in self.limits if _holds_within(limit.rule, Period.of(day).start, day)),
            tuple(placed for placed in self.long_leave if placed.rule.holds_on(day)),
        )

    def carries_from(self, day: date) -> date | None:
        """The first day of the earliest month from which a scorecard in force carries values; None if none does."""
        cards = (placed.rule for placed in self.scorecards if placed.rule.holds_on(day))
        months = max((card.carry.months for card in cards if card.carry), default=0)
        period = Period.of(day)
        for _ in range(months):
            period = period.previous()
        return period.start if months else None

    def versions(self) -> tuple[RuleVersion, ...]:
        """The versions of all these rules, by kind, id and first day."""
        versions = {placed.version for placed in self.placed()}
        return tuple(sorted(versions, key=lambda version: (version.kind, version.id, version.valid_from)))

    def placed(self) -> Iterator[PlacedKpiRule]:
        yield from (figure.placed for figure in (*self.figures, *self.earlier))
        yield from (rule.placed for rule in self.credit_rules)
        yield from self.scorecards
        yield from self.all_targets
        yield from (limit.placed for limit in self.limits)
        yield from self.long_leave


_BOOKS_OF_THEIR_OWN = (f"{SIGNALS}/", "kpi_rules/actions/", "kpi_rules/standings/")


def _holds_within(rule: Rule, first: date, last: date) -> bool:
    return rule.valid_from <= last and (rule.valid_to is None or rule.valid_to > first)


def decode_kpi_rules(documents: Iterable[Document]) -> tuple[KpiRules, tuple[Issue, ...]]:
    """The rules of the files below kpi_rules/, those apart that are books of their own. What is wrong with one
    rule leaves it out, and hides no other."""
    files, sheet_faults = with_targets_of_sheets(
        each for each in documents if not each.path.startswith(_BOOKS_OF_THEIR_OWN)
    )
    kpis, kpi_faults = decode_rules(files, "kpis", RuleKind.KPI, Kpi)
    credit_rules, credit_faults = decode_rules(files, "credit_rules", RuleKind.CREDIT, CreditRule)
    scorecards, scorecard_faults = decode_rules(files, "scorecards", RuleKind.SCORECARD, Scorecard)
    targets, target_faults = decode_rules(files, "targets", RuleKind.TARGET, Target)
    figures, figure_faults = check_kpis(kpis)
    checked, condition_faults = check_credit_rules(credit_rules)
    limits, limit_faults = decode_rules(files, "limits", RuleKind.LIMIT, Limit)
    checked_limits, forbidden_faults = check_limits(limits)
    long_leave, leave_faults = decode_rules(files, "long_leave", RuleKind.LONG_LEAVE, LongLeave)
    rules = KpiRules(figures, checked, scorecards, targets, checked_limits, long_leave)
    faults = (
        *(*kpi_faults, *credit_faults, *scorecard_faults, *target_faults, *limit_faults),
        *(*figure_faults, *check_changes(figures), *condition_faults, *forbidden_faults, *leave_faults),
    )
    alone = (*sheet_faults, *_section_faults(files), *faults, *check_scorecards(scorecards), *check_targets(targets))
    alone = (*alone, *check_cascades(targets), *check_changes_of_targets(targets), *check_gaps(targets))
    together = _faults_over_time(rules, _ids_in(files) - {figure.rule.id for figure in figures})
    return rules, tuple(sorted((*alone, *together), key=lambda issue: (issue.location, issue.code)))


def _section_faults(documents: Iterable[Document]) -> Iterator[Issue]:
    """A misplaced key would be ignored in silence: whatever is no list of rules is refused."""
    for document in documents:
        if not isinstance(document.data, dict):
            yield Issue("KPI001", document.place(()), "the file is no mapping of sections", _sections())
            continue
        for key, value in document.data.items():
            if key not in KpiFile.model_fields:
                yield Issue("KPI001", document.key_place((key,)), f'unknown section "{key}"', _sections(key))
            elif not isinstance(value, list):
                yield Issue("KPI001", document.place((key,)), f'"{key}" is no list of rules', "Begin each with a dash")


def _sections(name: str = "") -> str:
    return suggestion(name, KpiFile.model_fields)


def _ids_in(documents: Iterable[Document]) -> frozenset[str]:
    """The ids of all KPIs as they are written, those that could not be decoded included."""
    entries = (document.data.get("kpis") for document in documents if isinstance(document.data, dict))
    rules = (rule for section in entries if isinstance(section, list) for rule in section if isinstance(rule, dict))
    return frozenset(str(rule.get("id")) for rule in rules)


def _faults_over_time(rules: KpiRules, broken: frozenset[str]) -> tuple[Issue, ...]:
    """What is wrong between rules, on every day on which one begins or ends; each is told for the first such day."""
    found: dict[tuple[str, Location], Issue] = {}
    ever = frozenset(figure.id for figure in rules.figures)
    for day in sorted({day for placed in rules.placed() for day in _turns(placed.rule)}):
        current = rules.in_force(day)
        known = KnownKpis({figure.id: figure for figure in reversed(current.figures)}, ever, broken)
        for issue in _faults_on(current, known, day):
            found.setdefault((issue.code, issue.location), issue)
    return tuple(found.values())


def _faults_on(current: KpiRules, known: KnownKpis, day: date) -> Iterator[Issue]:
    yield from check_kpis_together(current.figures, known, day)
    yield from check_scorecards_together(current.scorecards, current.targets, known, day)
    yield from check_targets_together(current.targets, known, day)
    yield from check_cascades_together(current.targets, known, day)
    yield from check_parts(current.targets, known, day)
    yield from check_percentages(current.targets, known)


def _turns(rule: Rule) -> set[date]:
    return {day for day in (rule.valid_from, rule.valid_to) if day}
