"""Actions that people enter into the register: complaints that came to the house, feedback to the bank's units,
referrals for fraud and risk, rectification and coaching, each by the terms of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.errors import ConflictError, RefusedError
from adapters.store.actions import insert_action, insert_action_decision, keys_of_source
from adapters.store.batches import refuse_other_names
from adapters.store.signatures import with_signatures
from adapters.world import World
from domain.action_refusals import names_of_the_source
from domain.actions import Action, ActionDecision, ActionDecisionKind, NewAction, Party, PartyKind, RegisterKind
from domain.catalogue import CATALOGUE
from domain.deadlines import Calendar
from domain.exact import exact
from domain.expressions.parse import suggestion
from domain.ids import AttemptId
from domain.rules import Placed
from domain.sql import TABLES
from kpi_rules.action_rulings import deadline_by_terms
from kpi_rules.action_terms import LEADER, ActionTerms
from kpi_rules.postings import postings_statement
from tasks.stages.calendars import calendars_on, newest_session
from tasks.stages.decided_complaints import COMPLAINTS, ENTERED
from tasks.stages.rules import RuleSet, sound_rules

_ASKED_AT_ONCE = frozenset({RegisterKind.FEEDBACK})  # the unit is asked with the entry, so it is waited for


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody enters. `code` is the type of the complaint or the fault found; `received_on` when it came in."""

    kind: RegisterKind
    about: str
    by: str
    on: date
    code: str = ""
    account: str = ""
    employee: str = ""
    partner: str = ""
    unit: str = ""
    owner: str = ""
    department: str = ""
    received_on: date | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the newest extracts say of whom the entry names; empty of what is not there."""

    jurisdiction: str
    unit: str
    leader: str
    faults: tuple[str, ...]


def enter_action(world: World, entry: Entry, attempt: AttemptId | None) -> Action:
    """Open it by the terms of its kind; feedback on an account waits for the account's unit from the first day on.

    Raises: RefusedError with everything that is wrong; ConflictError if somebody entered one at the same moment.
    """
    rules = sound_rules(world.settings.rules)
    known = _looked_up(world, entry)
    placed = rules.action_terms.terms_of(entry.kind, entry.on, jurisdiction=known.jurisdiction, code=entry.code)
    try:
        with world.store.write("action_entered") as connection:
            refuse_other_names(connection, entry.by)
            faults = (*_faults(entry, known), *_faults_of_terms(connection, rules, entry, placed))
            if faults or placed is None:
                raise RefusedError("\n".join(faults))
            action = _new(world, connection, entry, known, placed)
            insert_action(world.store, connection, action, attempt)
            asked = tuple(_asked(action, entry, placed.rule))
            for decision in asked:
                insert_action_decision(world.store, connection, Action(action), decision, attempt)
    except sa.exc.IntegrityError:
        raise ConflictError("somebody entered an action at the same moment: enter it again") from None
    return Action(action, asked)


def _new(
    world: World, connection: sa.Connection, entry: Entry, known: _Known, placed: Placed[ActionTerms]
) -> NewAction:
    terms, received = placed.rule, entry.received_on or entry.on
    start = received if terms.due.counted_from == "received" else entry.on
    where = known.jurisdiction or world.settings.jurisdiction
    by_terms = deadline_by_terms(terms, start, calendars_on(world, entry.on).get(where, Calendar()))
    kind, subject = _subject(entry)
    leader = known.leader or terms.owner
    return NewAction(
        source=ENTERED,
        key=_key(connection, entry),
        subject_kind=kind,
        subject_id=subject,
        about=" ".join(entry.about.split()),
        owner=entry.owner or (leader if terms.owned_by == LEADER else terms.owned_by),
        department=entry.department or terms.department,
        opened_on=entry.on,
        deadline=by_terms.deadline,
        kind=entry.kind,
        jurisdiction=known.jurisdiction,
        account_id=entry.account,
        partner_id=entry.partner,
        employee_id=entry.employee,
        unit=entry.unit or known.unit,
        code=entry.code,
        counted_from=start,
        due_by=by_terms.due_by,
        terms=placed.version.digest,
        opened_by=entry.by,
    )


def _key(connection: sa.Connection, entry: Entry) -> str:
    """Kind, day and number of the day."""
    first = f"{entry.kind.value}-{entry.on}-"
    numbers = [int(key.removeprefix(first)) for key in keys_of_source(connection, ENTERED) if key.startswith(first)]
    return f"{first}{max(numbers, default=0) + 1}"


def _asked(action: NewAction, entry: Entry, terms: ActionTerms) -> Iterator[ActionDecision]:
    if entry.kind in _ASKED_AT_ONCE and action.unit:
        unit = Party(PartyKind.BANK_UNIT, action.unit)
        stops = terms.stops_clock_for(PartyKind.BANK_UNIT)
        yield ActionDecision(
            ActionDecisionKind.WAITING, entry.by, entry.on, reason=action.about, waiting_on=unit, stops_clock=stops
        )


def _subject(entry: Entry) -> tuple[str, str]:
    """The narrowest of what it names."""
    named = (("account", entry.account), ("employee", entry.employee), ("partner", entry.partner), ("unit", entry.unit))
    return next(((kind, name) for kind, name in named if name), ("house", "house"))


def _faults(entry: Entry, known: _Known) -> Iterator[str]:
    yield from known.faults
    yield from names_of_the_source(entry.by)
    if not entry.by.strip():
        yield "ACT003 a decision has a name"
    if not entry.about.strip():
        yield "ACT015 say in words what was found: --about"
    if entry.received_on is not None and entry.received_on > entry.on:
        yield f"ACT015 it came in on {entry.received_on}, and is entered on {entry.on}: it cannot come in later"
    if entry.kind is RegisterKind.DISPUTE:
        yield "ACT015 a dispute is about a line of pay: `recoup disputes open`"
    if entry.kind is RegisterKind.COMPLAINT:
        yield from _faults_of_complaint(entry)


def _faults_of_complaint(entry: Entry) -> Iterator[str]:
    """A complaint counts like one that landed, so it says what one says that landed."""
    types = CATALOGUE[COMPLAINTS]["complaint_type"].codes
    if entry.code not in types:
        yield f'ACT015 a complaint has no type "{entry.code}". {suggestion(entry.code, types)}'
    if not entry.account:
        yield "ACT015 a complaint is about an account: --account"
    if bool(entry.employee) == bool(entry.partner):
        yield "ACT015 a complaint is about an employee or a partner, one of them: --employee or --partner"


def _faults_of_terms(
    connection: sa.Connection, rules: RuleSet, entry: Entry, placed: Placed[ActionTerms] | None
) -> Iterator[str]:
    if placed is None:
        yield f"ACT013 no terms hold for a {entry.kind} on {entry.on}: add them to kpi_rules/actions"
        return
    if not with_signatures(connection, [placed.version])[0].signer:
        rule = placed.rule.id
        yield f'ACT013 nobody has signed the terms "{rule}": `recoup sign` records who proposed and who approved'
    known = rules.action_terms.faults_on(entry.on)
    if entry.kind is RegisterKind.FEEDBACK and entry.code not in known:
        yield f'ACT015 feedback has no fault "{entry.code}". {suggestion(entry.code, known)}'


def _looked_up(world: World, entry: Entry) -> _Known:
    """Whom the entry names, in the newest extracts. A name that they do not have is a fault."""
    wanted = {"accounts": entry.account, "employees": entry.employee, "partners": entry.partner}
    tables = [name for name, asked in wanted.items() if asked] + (["staff_postings"] if entry.employee else [])
    with newest_session(world, tables, entry.on) as duck:
        rows = {name: _row(duck, name, asked) for name, asked in wanted.items() if asked}
        leader = _leader(duck, entry) if entry.employee else ""
    faults = tuple(
        f'ACT016 the newest extract of {name} has no "{wanted[name]}"' for name, row in rows.items() if row is None
    )
    places = [row["jurisdiction"] for row in rows.values() if row and row.get("jurisdiction")]
    account = rows.get("accounts") or {}
    return _Known(next(iter(places), ""), account.get("originator") or "", leader, faults)


def _row(duck: Duck, table: str, name: str) -> Mapping[str, Any] | None:
    columns = TABLES[table].c
    (key,) = CATALOGUE[table].key
    wanted = [columns[each] for each in ("jurisdiction", "originator") if each in columns]
    statement = sa.select(columns[key], *wanted).where(columns[key] == name).order_by(columns[key])
    return next(iter(duck.read(exact(statement))), None)


def _leader(duck: Duck, entry: Entry) -> str:
    mine = (row for row in duck.read(postings_statement(as_of=entry.on)) if row["employee_id"] == entry.employee)
    return next((row["manager_id"] or "" for row in mine), "")
