"""Plan: what a run is made of becomes its manifest, and the manifest's digest its id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.landing import unread_extracts
from adapters.store.releases import releases_before
from adapters.store.runs import last_night_of_each_month, record_run
from adapters.store.schema import run_files, runs
from adapters.store.signatures import with_signatures
from adapters.store.standing import standings_on
from adapters.store.waivers import waivers_in_force
from adapters.world import World, business_today
from domain.ids import AttemptId, Digest
from domain.manifest import EarlierNight, Manifest, RunKind, Stage, Unread
from domain.periods import Period
from domain.rules import RuleVersion
from kpi_rules.credits import contact_days_before, first_payment_day
from kpi_rules.rulebook import KpiRules
from kpi_rules.views import CREDITS
from tasks.stages.calculation import calculation_version
from tasks.stages.carried_pay import batches_carried
from tasks.stages.confirmed_signals import confirmed_signals
from tasks.stages.decided_complaints import decided_complaints
from tasks.stages.handed_files import handed_files
from tasks.stages.inputs import account_days_read, inputs_of_night
from tasks.stages.late import late_inputs
from tasks.stages.liquidation import liquidation_before
from tasks.stages.lots import drawn_before
from tasks.stages.night import Night
from tasks.stages.planned import first_planned_day, nights_that_planned
from tasks.stages.recovered import recovered_before
from tasks.stages.rules import RuleSet, sound_rules

NIGHT = (Stage.GATE, Stage.ALLOCATE, Stage.MEASURE, Stage.PROJECT, Stage.REPORT)
PRICES = "prices"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for: a date, the stages, and for reruns another rule book or an earlier knowledge."""

    business_date: date
    stages: tuple[Stage, ...] = NIGHT
    what_if: bool = False
    overlay: Path | None = None
    known_as_of: datetime | None = None


def plan_night(world: World, request: Request, attempt: AttemptId) -> Night:
    """The run of what landed for the date, by the rules in force on it.

    Raises: RefusedError for a date without extracts, a rule book with errors, and officially for unsigned rules.
    """
    rules = sound_rules(world.settings.rules, request.overlay)
    manifest = _manifest(world, request, rules)
    if not request.what_if:
        refuse_unsigned(rules, manifest.rules)
    run = record_run(world.store, manifest, attempt)
    return Night(run, attempt, request.business_date, manifest.kind, request.overlay)


def _manifest(world: World, request: Request, rules: RuleSet) -> Manifest:
    day, strategy = request.business_date, rules.strategies.on(request.business_date)
    with world.store.read() as connection:
        inputs = inputs_of_night(
            connection,
            day,
            request.known_as_of,
            contact_days=contact_days_before(rules.kpis, day),
            planned_days=rules.plans.contact_days(first_planned_day(day), day),
            allocation_days=max(
                rules.strategies.contact_days(day),
                rules.plans.contact_days_of_conditions(day),
                rules.experiments.contact_days(day),
            ),
            openings=strategy.recovery.months if strategy else 1,
            payment_days=rules.contracts.during(Period.of(day)).look_back_days(),
            account_days=account_days_read(rules.contracts.during(Period.of(day))),
        )
        if not inputs.landed:
            raise RefusedError(
                f"nothing has landed for {day}. Put its extracts into {world.settings.landing / day.isoformat()}, "
                "or give another date"
            )
        return Manifest(
            kind=RunKind.WHAT_IF if request.what_if else RunKind.NIGHTLY,
            business_date=day,
            effective_on=day,
            stages=request.stages,
            calculation=calculation_version(),
            rules=with_signatures(connection, rules.reached(day)),
            landed=inputs.landed,
            history=inputs.history,
            late=late_inputs(world, connection, day, (*inputs.history, *inputs.landed), request.known_as_of),
            dispatch=tuple(release.release for release in releases_before(world, connection, day)),
            prices=_prices_before(connection, day),
            baselines=inputs.baselines,
            liquidation=liquidation_before(connection, day, request.known_as_of),
            recovered=recovered_before(connection, day, strategy, request.known_as_of),
            gaps=inputs.gaps,
            unread=_unread(world, day),
            waivers=waivers_in_force(connection, inputs.landed, business_today(world), request.known_as_of),
            earlier=_earlier(connection, request, rules.kpis),
            carried=_carried(connection, request, rules.kpis),
            planned=nights_that_planned(connection, day, request.known_as_of),
            drawn=drawn_before(connection, rules.experiments, day, request.known_as_of),
            paid=batches_carried(connection, rules.policies, Period.of(day)),
            standings=standings_on(connection, day + timedelta(days=1), request.known_as_of),
            complaints=decided_complaints(connection, day, request.known_as_of),
            signals=confirmed_signals(connection, day, request.known_as_of),
            handed=handed_files(connection, rules.contracts, day, request.known_as_of),
            known_as_of=request.known_as_of.isoformat() if request.known_as_of else "",
        )


def _unread(world: World, day: date) -> tuple[Unread, ...]:
    found = unread_extracts(world, day)
    return tuple(Unread(table, "; ".join(map(str, issues))) for table, issues in sorted(found.items()))


def _prices_before(connection: sa.Connection, day: date) -> Digest | None:
    """Prices of the last official allocation before `day`, by the digest of their file."""
    statement = (
        sa.select(run_files.c.sha256)
        .join(runs, runs.c.run_id == run_files.c.run_id)
        .where(run_files.c.name == PRICES, runs.c.kind == RunKind.NIGHTLY.value, runs.c.business_date < day)
        .order_by(runs.c.business_date.desc(), runs.c.recorded_at.desc())
    )
    found = connection.execute(statement).scalars().first()
    return None if found is None else Digest(found)


def _earlier(connection: sa.Connection, request: Request, rules: KpiRules) -> tuple[EarlierNight, ...]:
    """The nights whose credits say who had a payment that is reversed now."""
    start, known = Period.of(request.business_date).start, request.known_as_of
    first = Period.of(first_payment_day(rules, start=start, as_of=request.business_date)).start
    return last_night_of_each_month(connection, first, start - timedelta(days=1), known, file=CREDITS.name)


def _carried(connection: sa.Connection, request: Request, rules: KpiRules) -> tuple[EarlierNight, ...]:
    """The nights from which scorecards carry values."""
    start, first = Period.of(request.business_date).start, rules.carries_from(request.business_date)
    if first is None:
        return ()
    return last_night_of_each_month(connection, first, start - timedelta(days=1), request.known_as_of)


def refuse_unsigned(rules: RuleSet, versions: Iterable[RuleVersion]) -> None:
    unsigned = [version for version in versions if not version.signer]
    if unsigned:
        lines = [f"{rules.place_of(version)} SIG002 {version.kind} {version.id} is not signed" for version in unsigned]
        raise RefusedError(
            "an official run uses signed rules only; `recoup sign` records who proposed and who approved them:\n"
            + "\n".join(lines)
        )


def with_stages(request: Request, first: Stage) -> Request:
    """The request from `first` on; the gate comes first always, because every stage needs its verdict."""
    later = NIGHT[NIGHT.index(first) :]
    return replace(request, stages=tuple(dict.fromkeys((Stage.GATE, *later))))
