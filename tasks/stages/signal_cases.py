"""Cases of signals as people work on them: listed, shown, closed as confirmed or explained, and what they teach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from adapters.errors import RefusedError
from adapters.store.signals import (
    groups_closing,
    newest_signal_run,
    read_signal_cases,
    read_signal_rates,
    signal_case_named,
)
from adapters.world import World
from domain.actions import ActionDecision, ActionDecisionKind
from domain.ids import AttemptId
from domain.periods import Period
from domain.records import Grain
from domain.signals import CaseState, SignalCase
from incentives.approvers import People
from kpi_rules.signals.tuning import Precision, Proposal, precision_of, proposal_of
from kpi_rules.signals.words import unit_of
from reports.languages import Language
from reports.scopes import Scope
from reports.signals import SignalsOfMonth, seen_by, signals_report
from tasks.stages.actions import decide_action
from tasks.stages.authority import people_on
from tasks.stages.files_of_reports import write_report_files
from tasks.stages.labels import book_label, titles_of_signals
from tasks.stages.rules import sound_rules


def list_cases(
    world: World, *, period: Period | None = None, only_open: bool = False, scope: Scope | None = None
) -> tuple[SignalCase, ...]:
    """By month, signal and subject; within a scope those of its own people (`seen_by`)."""
    with world.store.read() as connection:
        found = read_signal_cases(connection, period=period)
    return tuple(case for case in found if (case.is_open or not only_open) and (scope is None or seen_by(scope, case)))


def show_case(world: World, prefix: str) -> SignalCase:
    """Raises: RefusedError if the beginning of an id names none, or several."""
    with world.store.read() as connection:
        return signal_case_named(connection, prefix)


def unit_of_case(world: World, case: SignalCase) -> str:
    """What the figures of its rows are, by the rule of its month; "figure" where the book has the rule no more."""
    signals = sound_rules(world.settings.rules).signals.on(case.period.last_day)
    return next((unit_of(each.rule) for each in signals if each.rule.id == case.signal), "figure")


def close_case(
    world: World, prefix: str, state: CaseState, *, by: str, reason: str, day: date, attempt: AttemptId | None
) -> SignalCase:
    """Close a case: somebody of the groups that its rule names, who is neither its subject nor profits from it.

    Raises: RefusedError with everything that stands in its way.
    """
    case = show_case(world, prefix)
    rules = sound_rules(world.settings.rules)
    with world.store.read() as connection:
        people = people_on(connection, rules, day)
        faults = [*_refusals(connection, case, state, by, reason, people)]
    if faults:
        raise RefusedError("\n".join(faults))
    decision = ActionDecision(ActionDecisionKind.CLOSED, by, day, state.value, reason)
    decide_action(world, case.case_id, decision, attempt, of_signal=True)
    return show_case(world, case.case_id)


def _refusals(
    connection: sa.Connection, case: SignalCase, state: CaseState, by: str, reason: str, people: People
) -> Iterator[str]:
    if state is CaseState.OPEN:
        yield "INT023 a case is closed as confirmed or as explained"
    groups = groups_closing(connection, case.case_id)
    if not any(people.is_in(by, group) for group in groups):
        named = ", ".join(f"{group} ({', '.join(people.names_in(group)) or 'nobody'})" for group in groups)
        yield f"INT024 {by or 'somebody without a name'} does not close {case.case_id}; {named} do. The rule says so"
    own = sorted({by, *people.employee_ids(by)} & {case.subject_id, *case.interested})
    if own:
        yield f"INT025 {by} is paid by what the case is about, as {', '.join(own)}: somebody else closes it"
    if not reason.strip():
        yield "INT026 a case is closed with a reason: say what was looked at, and what was found"


def precisions(world: World) -> tuple[tuple[Precision, Proposal], ...]:
    """By signal of the rule book: how many closed cases were confirmed, and the threshold that they speak for.

    Of each signal, the version that holds last is the one that is tuned.
    """
    with world.store.read() as connection:
        cases = read_signal_cases(connection)
    latest = {each.rule.id: each.rule for each in sound_rules(world.settings.rules).signals.signals}
    return tuple((precision_of(rule, cases), proposal_of(rule, cases)) for _, rule in sorted(latest.items()))


def write_signals_report(world: World, period: Period, language: Language) -> tuple[Path, ...]:
    """The report of the newest run of the month, as page and workbook: of the whole book, and below `departments/` and
    `teams/` cut to each of which there is a case.

    Raises: RefusedError if the month was never looked at (INT028).
    """
    with world.store.read() as connection:
        run = newest_signal_run(connection, period)
        if run is None:
            raise RefusedError(f"INT028 nobody has looked at {period}: `recoup signals run --month {period}`")
        rates, cases = read_signal_rates(connection, run.signal_run), read_signal_cases(connection, period=period)
    left_out = tuple(f"{signal}: {why}" for signal, why in sorted(run.left_out.items()))
    titles = titles_of_signals(sound_rules(world.settings.rules).signals, run.as_of, language)
    month = SignalsOfMonth(period, run.as_of, run.signal_run, rates, cases, left_out, book_label(world), titles)
    folder = world.settings.home / "reports" / "signals" / str(period)
    return tuple(
        folder / place / f"{stem}.{kind}"
        for scope, place, stem in _scopes(cases)
        for kind, _ in write_report_files(world, signals_report(month, scope, language), language, folder / place, stem)
    )


def _scopes(cases: Iterable[SignalCase]) -> Iterator[tuple[Scope, str, str]]:
    """With the folder and the name of the files of each."""
    found = tuple(cases)
    yield Scope(), "", "signals"
    for name in sorted({case.department for case in found} - {""}):
        yield Scope(Grain.DEPARTMENT, name), "departments", name
    for name in sorted({case.team for case in found} - {""}):
        yield Scope(Grain.TEAM, name), "teams", name
