"""Complaints as people decided on them in the register of actions: what a night reads in place of the core system's.

A complaint that people have closed here has their finding, whatever the core system says; one that they opened again
is open until they have decided; what nobody has decided here stays as it landed. What they decide counts in KPIs from
the next night on, and through KPIs in scorecards and pay. The night names each decision in its manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import pyarrow as pa
import sqlalchemy as sa

from adapters.duck import Duck
from adapters.store.actions import read_actions
from adapters.store.nights import newest_measured_nights
from adapters.world import World
from domain.actions import Action, ActionDecisionKind, ActionState, RegisterKind
from domain.catalogue import CATALOGUE
from domain.manifest import DecidedComplaint, Manifest
from domain.periods import Period
from incentives.contracts import ContractBook
from tasks.stages.confirmed_signals import untold_signals
from tasks.stages.handed_files import untold_acknowledgements
from tasks.stages.manifests import manifest_of

COMPLAINTS = "complaints"
OF_SOURCE = "complaint"  # actions that the nights opened of landed complaints
ENTERED = "entered"  # actions that people entered
FINDINGS = frozenset({"upheld", "rejected"})


def decided_complaints(
    connection: sa.Connection, day: date, known_as_of: datetime | None = None
) -> tuple[DecidedComplaint, ...]:
    """What people have found, of complaints that a night of the day may read; in order of the complaints.

    A decision counts for the day on which the complaint came in, however late it is made: a night of that month that
    is run again has it.
    """
    return tuple(sorted(decided for _, decided in _with_actions(connection, day, known_as_of)))


def _with_actions(
    connection: sa.Connection, day: date, known_as_of: datetime | None = None
) -> Iterator[tuple[Action, DecidedComplaint]]:
    first = Period.of(day).start - timedelta(days=CATALOGUE[COMPLAINTS].window_days)
    for each in read_actions(connection, known_as_of=known_as_of):
        if each.kind is RegisterKind.COMPLAINT and first <= _received(each) <= day:
            decided = _decided(each)
            if decided is not None:
                yield each, decided


def decided_since(world: World, periods: Iterable[Period], contracts: ContractBook) -> tuple[str, ...]:
    """What was decided of complaints and cases of signals of these months, and entered of partners' acknowledgements,
    after their last night measured: to be said before pay."""
    with world.store.read() as connection:
        return tuple(
            told
            for period in sorted(periods)
            for told in (
                *_untold(connection, period),
                *untold_signals(connection, period),
                *untold_acknowledgements(connection, contracts, period),
            )
        )


def _untold(connection: sa.Connection, period: Period) -> Iterator[str]:
    day = period.last_day
    of_month = {decided for action, decided in _with_actions(connection, day) if _received(action) >= period.start}
    for run in newest_measured_nights(connection, day, day).values():
        new = sorted(each.action for each in of_month - {*manifest_of(connection, run).complaints})
        if new:
            yield (
                f"complaints of {period} were decided after the night of {day} ({', '.join(new)}): run "
                f"`recoup nightly --date {day}` again, then prepare {period}"
            )


def judge_complaints(duck: Duck, manifest: Manifest) -> None:
    """The view `complaints` of the session, as the manifest says that they were decided."""
    if not manifest.complaints:
        return
    duck.create_table_of("complaints_decided", _as_table(manifest.complaints))
    duck.run('ALTER VIEW "complaints" RENAME TO "complaints_landed"')
    duck.run(f'CREATE VIEW "complaints" AS {_as_decided()}')


def _as_decided() -> str:
    """Landed rows with what was decided of them, and the rows that were entered in the register alone."""
    names = CATALOGUE[COMPLAINTS].names
    taken = {"finding": "coalesce(d.finding, l.finding)", "answered_on": _ANSWERED}
    landed = ", ".join(f'{taken.get(name, f"l.{name}")} AS "{name}"' for name in names)
    entered = ", ".join(f'"{name}"' for name in names)
    return (
        f"SELECT {landed} FROM complaints_landed AS l LEFT JOIN complaints_decided AS d USING (complaint_id) "
        f"UNION ALL SELECT {entered} FROM complaints_decided WHERE account_id <> '' "
        "AND complaint_id NOT IN (SELECT complaint_id FROM complaints_landed)"
    )


# Of one that was opened again the answer counts no longer; of one that was decided the first that was given.
_ANSWERED = (
    "CASE WHEN d.finding = 'open' THEN NULL WHEN d.finding IS NULL THEN l.answered_on "
    "ELSE least(coalesce(l.answered_on, d.answered_on), d.answered_on) END"
)


def _as_table(decided: tuple[DecidedComplaint, ...]) -> pa.Table:
    names = ("complaint_id", "finding", "account_id", "employee_id", "partner_id", "complaint_type")
    columns = {name: pa.array([getattr(each, name) for each in decided], pa.string()) for name in names}
    for name in ("employee_id", "partner_id"):
        columns[name] = pa.array([getattr(each, name) or None for each in decided], pa.string())
    for name in ("answered_on", "received_on"):
        columns[name] = pa.array([getattr(each, name) for each in decided], pa.date32())
    return pa.table(columns)


def _received(action: Action) -> date:
    return action.opened.counted_from or action.opened.opened_on


def _decided(action: Action) -> DecidedComplaint | None:
    """What counts by the register; None where the core system says it alone."""
    finding, by, answered = _finding(action)
    opened = action.opened
    if opened.source == OF_SOURCE:
        if not finding:
            return None
        return DecidedComplaint(opened.key, finding, answered, action.action_id, by)
    if opened.source != ENTERED or not opened.account_id:
        return None
    return DecidedComplaint(
        action.action_id,
        finding or "open",
        answered,
        action.action_id,
        by or opened.opened_by,
        opened.account_id,
        opened.employee_id,
        opened.partner_id,
        _received(action),
        opened.code,
    )


def _finding(action: Action) -> tuple[str, str, date | None]:
    """Finding, who decided, and when it was answered: of what people closed, or opened again and have not closed."""
    if action.state is ActionState.CLOSED and action.code in FINDINGS:
        last = next(each for each in reversed(action.decisions) if each.kind in _CLOSES)
        return ("", "", None) if last.is_of_source else (action.code, last.by, last.decided_on)
    reopened = action.reopened
    if reopened is not None and not reopened.is_of_source and action.state is ActionState.OPEN:
        return "open", reopened.by, None
    return "", "", None


_CLOSES = frozenset({ActionDecisionKind.CLOSED, ActionDecisionKind.APPROVED})
