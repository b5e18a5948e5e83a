"""The projection of a month under way, from a measured night: its results, and the same at the pace of its days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapters.world import World
from domain.ids import Digest
from domain.periods import Period
from domain.records import PayoutLine
from incentives.ledger import BatchKind
from incentives.measures import measures_of
from incentives.next_step import outlook
from incentives.ready import ReadyPolicy
from kpi_rules.pace import at_pace
from kpi_rules.progress import share_passed
from kpi_rules.scores import score
from reports.languages import Language
from reports.projection import ProjectedPay, ProjectionFacts, projected, projection_report
from reports.scopes import Posting, Scope
from tasks.stages.about import OWNER, postings_of
from tasks.stages.carried_pay import columns_carried
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.labels import book_label, titles_of_references
from tasks.stages.measure import carried_values
from tasks.stages.pay import Pay, pay_in
from tasks.stages.people import BONUS_READS, capacities_of, staff_of, working_days_of
from tasks.stages.reporting import Measured, measured_night, refuse_unknown
from tasks.stages.rules import RuleSet
from tasks.stages.rules_then import rules_then
from tasks.stages.session import session_of_night
from tasks.stages.statements import next_of

FOLDER = "projection"


def write_projection(
    world: World, day: date, language: Language, scope: Scope | None = None, folder: Path | None = None
) -> tuple[Path, ...]:
    """Page and workbook of the projection by the night of the date, whole or of one department or team.

    Raises: RefusedError if no night of the date has measured, or there is no such team or department; ConflictError if
    the rules were edited since.
    """
    facts = projection_facts(world, day, language)
    if scope is not None:
        refuse_unknown(scope, facts.postings)
    report = projection_report(facts, language, scope)
    place = folder or world.settings.home / "reports" / FOLDER / day.isoformat()
    stem = scope.name if scope else FOLDER
    kinds = write_report_files(world, report, language, place, stem)
    return tuple(place / f"{stem}.{kind}" for kind, _ in kinds)


def projection_facts(world: World, day: date, language: Language) -> ProjectionFacts:
    found = measured_night(world, day)
    halted = halted_tables(world, found.night)
    if halted & BONUS_READS:
        return _nothing(world, found, halted)
    rules = rules_then(world, found.manifest)
    both = _calculated(world, found, rules, halted)
    policies = {ready.version.digest: ready for ready in rules.policies.policies}
    pay = projected(_lines(both.now), _lines(both.then), _held(both.now))
    titles, period = titles_of_references(found.rules, language), Period.of(day)
    days = [each for each in both.calendar or () if each in period]
    return ProjectionFacts(
        business_date=day,
        run=found.night.run,
        pay=tuple(_with_next_steps(pay, _lines(both.now), _lines(both.then), policies, titles, language)),
        postings=both.postings,
        working_days_passed=sum(each <= day for each in days),
        working_days=len(days),
        owner=OWNER,
        book_label=book_label(world),
    )


@dataclass(frozen=True, slots=True)
class _Both:
    """Pay by the results so far, and by those at the pace of the days; `calendar` are the house's working days."""

    now: Pay
    then: Pay
    postings: tuple[Posting, ...]
    calendar: frozenset[date] | None


def _calculated(world: World, found: Measured, rules: RuleSet, halted: frozenset[str]) -> _Both:
    day = found.night.business_date
    period = Period.of(day)
    with world.store.read() as connection:
        earlier = columns_carried(connection, found.manifest.paid, period)
    with session_of_night(world, found.manifest, accepted_inputs(world, found.night)) as duck:
        working_days = working_days_of(duck)
        house = working_days.get(world.settings.jurisdiction)
        figures = {figure.id: figure for figure in found.rules.figures}
        results = at_pace(found.kpis, figures, share_passed(house, day))
        capacities = None if "capacity" in halted else capacities_of(duck, day)
        carried = carried_values(world, found.manifest, found.rules)
        scores = score(found.rules, results, staff_of(duck, period), working_days, start=period.start, as_of=day,
                       capacities=capacities, earlier=carried)  # fmt: skip
        now, then = (
            pay_in(duck, measures, rules.policies, rules.contracts, period, halted, earlier)
            for measures in (measures_of(found.kpis, found.scores), measures_of(results, scores))
        )
        return _Both(now, then, postings_of(duck, day, halted), house)


def _nothing(world: World, found: Measured, halted: frozenset[str]) -> ProjectionFacts:
    text = f"Nothing can be projected: {', '.join(sorted(halted & BONUS_READS))} halted"
    label = book_label(world)
    return ProjectionFacts(found.night.business_date, found.night.run, (), (), 0, 0, OWNER, (text,), label)


def _lines(pay: Pay) -> tuple[PayoutLine, ...]:
    return pay.lines.get(BatchKind.BONUS, ())


def _held(pay: Pay) -> dict[tuple[str, str], str]:
    """Who would not be paid a component, and why; without a policy there is no component."""
    return {
        (payee, component): reason.partition(": ")[2]
        for payee, component, reason in pay.held.get(BatchKind.BONUS, ())
        if component
    }


def _with_next_steps(
    pay: Iterable[ProjectedPay],
    now: Iterable[PayoutLine],
    then: Iterable[PayoutLine],
    policies: Mapping[Digest, ReadyPolicy],
    titles: Mapping[str, str],
    language: Language,
) -> Iterator[ProjectedPay]:
    lines, later = ({(line.payee, line.component): line for line in each} for each in (now, then))
    for each in pay:
        line = lines.get((each.payee, each.component))
        policy = policies.get(line.rule) if line else None
        ahead = outlook(policy, line) if policy and line else None
        if ahead is None or policy is None or not ahead.steps:
            yield replace(each, unsaid=ahead.unsaid.value) if ahead and ahead.unsaid else each
            continue
        first = ahead.steps[0]
        yield replace(
            each,
            next_step=next_of(first),
            basis_title=_title_of(policy, first.basis, titles, language),
            basis_unit=policy.units[first.basis],
            basis_at_pace=_value_of(later.get((each.payee, each.component)), first.basis),
        )


def _title_of(policy: ReadyPolicy, basis: str, titles: Mapping[str, str], language: Language) -> str:
    """An input by the title of what it reads, a column by its own; what has none by its name, with spaces."""
    source = policy.policy.inputs.get(basis)
    if source is not None:
        return titles.get(source.reference, basis)
    stated = next(step.titles for step in policy.policy.steps if step.name == basis)
    return next((title for name, title in stated.items() if name == language.value), basis.replace("_", " "))


def _value_of(line: PayoutLine | None, name: str) -> Decimal | None:
    steps = line.steps if line else ()
    return next((step.value for step in steps if step.name == name), None)
