"""The register of actions and the core system: what landed is opened here once, and its revisions are taken in.

Every official night looks at the complaints and cases that its gate accepted. What the register has not yet is opened
by the terms of its kind; what the core system says anew of what it has is recorded on it, and closes it where the terms
say so and nobody has decided here. What people have decided stays: where the core system says something else, that is
told, and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.store.actions import insert_action, insert_action_decision, read_actions
from adapters.world import World
from domain.actions import CORE_SYSTEM, Action, ActionDecision, ActionDecisionKind, ActionState, NewAction
from domain.deadlines import Calendar
from domain.exact import exact
from domain.manifest import Manifest
from domain.rules import Placed
from domain.sql import TABLES
from kpi_rules.action_rulings import deadline_by_terms
from kpi_rules.action_terms import LEADER, ActionTerms
from tasks.stages.calendars import Calendars, calendars_of
from tasks.stages.decided_complaints import COMPLAINTS, OF_SOURCE
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.night import Night
from tasks.stages.rules import RuleSet
from tasks.stages.session import session_of_tables

CASES, OF_CASES = "cases", "case"
READS = ("accounts", "calendar", CASES, COMPLAINTS, "partners", "staff_postings")


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a night brought: actions opened, revisions recorded, and those of them that closed an action."""

    opened: int = 0
    revised: int = 0
    closed: int = 0


@dataclass(frozen=True, slots=True)
class Landed:
    """A complaint or case as the core system has it now; `says` is its finding or outcome, `decided_on` since when."""

    source: str
    key: str
    code: str
    about: str
    received_on: date
    says: str
    decided_on: date | None
    words: str = ""
    account_id: str = ""
    partner_id: str = ""
    employee_id: str = ""
    jurisdiction: str = ""
    unit: str = ""
    department: str = ""
    owner: str = ""
    leader: str = ""
    deadline: date | None = None

    @property
    def action_id(self) -> str:
        return f"{self.source}-{self.key}"


def take_in_landed(world: World, night: Night, manifest: Manifest, rules: RuleSet) -> TakenIn:
    """Open what is new and record what was revised; a night that is run again, or an older one, changes nothing."""
    terms = tuple(each for each in rules.action_terms.on(night.business_date) if each.rule.landed)
    halted = halted_tables(world, night)
    if not night.is_official or not terms:
        return TakenIn()
    with session_of_tables(world, _as_landed(manifest), accepted_inputs(world, night), READS) as duck:
        landed = tuple(_landed(duck, night.business_date, halted))
        calendars = {} if "calendar" in halted else calendars_of(duck)
    with world.store.write("register_taken_in") as connection:
        known = {each.action_id: each for each in read_actions(connection)}
        return _taken_in(world, connection, night, _Rules(rules, terms, calendars), landed, known)


def _as_landed(manifest: Manifest) -> Manifest:
    """The manifest without what people decided: the register compares itself with the core system's own words."""
    return replace(manifest, complaints=())


@dataclass(frozen=True, slots=True)
class _Rules:
    rules: RuleSet
    terms: tuple[Placed[ActionTerms], ...]
    calendars: Calendars

    def terms_of(self, landed: Landed) -> Placed[ActionTerms] | None:
        """The most precise terms of those that take in what has landed."""
        mine = [each for each in self.terms if _takes_in(each.rule, landed)]
        fitting = [each for each in mine if each.rule.fits(landed.jurisdiction, _subtype(landed))]
        return max(fitting, key=lambda each: each.rule.precision, default=None)


def _takes_in(terms: ActionTerms, landed: Landed) -> bool:
    table = COMPLAINTS if landed.source == OF_SOURCE else CASES
    taken = terms.landed
    return taken is not None and taken.table == table and (table == COMPLAINTS or landed.code in taken.case_types)


def _subtype(landed: Landed) -> str:
    return landed.code if landed.source == OF_SOURCE else ""


def _taken_in(
    world: World,
    connection: sa.Connection,
    night: Night,
    rules: _Rules,
    landed: Iterable[Landed],
    known: Mapping[str, Action],
) -> TakenIn:
    opened = revised = closed = 0
    for each in landed:
        placed = rules.terms_of(each)
        if placed is None:
            continue
        action = known.get(each.action_id)
        if action is None:
            calendar = rules.calendars.get(each.jurisdiction, Calendar())
            new = _new_action(each, placed, calendar, night)
            insert_action(world.store, connection, new, night.attempt)
            action = Action(new)
            opened += 1
        for decision in _revisions(action, each, placed.rule, night.business_date):
            insert_action_decision(world.store, connection, action, decision, night.attempt)
            action = Action(action.opened, (*action.decisions, decision))
            revised += decision.kind is ActionDecisionKind.REVISED
            closed += decision.kind is ActionDecisionKind.CLOSED
    return TakenIn(opened, revised, closed)


def _new_action(landed: Landed, placed: Placed[ActionTerms], calendar: Calendar, night: Night) -> NewAction:
    """By the terms of its kind; a deadline that the core system states counts where it is earlier."""
    terms = placed.rule
    start = landed.received_on if terms.due.counted_from == "received" else night.business_date
    by_terms = deadline_by_terms(terms, start, calendar)
    deadline, due_by = by_terms.deadline, by_terms.due_by
    if landed.deadline is not None and landed.received_on <= landed.deadline < deadline:
        due_by = f"{landed.deadline} as the core system says; by the terms {deadline}: {due_by}"
        deadline = landed.deadline
    return NewAction(
        source=landed.source,
        key=landed.key,
        subject_kind=landed.source,
        subject_id=landed.key,
        about=landed.about,
        owner=landed.owner or _owner(terms, landed.leader),
        department=landed.department or terms.department,
        opened_on=landed.received_on,
        deadline=deadline,
        run=night.run,
        kind=terms.kind,
        jurisdiction=landed.jurisdiction,
        account_id=landed.account_id,
        partner_id=landed.partner_id,
        employee_id=landed.employee_id,
        unit=landed.unit,
        code=_subtype(landed),
        counted_from=start,
        due_by=due_by,
        terms=placed.version.digest,
    )


def _owner(terms: ActionTerms, leader: str) -> str:
    if terms.owned_by == LEADER:
        return leader or terms.owner
    return terms.owned_by


def _revisions(action: Action, landed: Landed, terms: ActionTerms, day: date) -> Iterator[ActionDecision]:
    """What the core system says anew. A night of an earlier day than the last that was taken in says nothing new."""
    said = action.said_by_source
    assert terms.landed is not None  # noqa: S101 - these terms take in what lands
    code = terms.landed.outcomes.get(landed.says, "")
    if (said.code if said else "") == code or (said is not None and said.decided_on > day):
        return
    words = landed.words or landed.says
    yield ActionDecision(ActionDecisionKind.REVISED, CORE_SYSTEM, day, reason=words, code=code)
    if not terms.landed.closes:
        return
    if action.state is ActionState.CLOSED and action.closed_by == CORE_SYSTEM:
        yield ActionDecision(ActionDecisionKind.REOPENED, CORE_SYSTEM, day, reason=f"the core system says {words}")
    elif action.state is ActionState.CLOSED or _decided_here(action):
        return
    if code:
        outcome = landed.words or terms.outcomes[code].title
        on = max(action.opened.opened_on, min(day, landed.decided_on or day))
        yield ActionDecision(ActionDecisionKind.CLOSED, CORE_SYSTEM, on, outcome, code=code)


def _decided_here(action: Action) -> bool:
    """Whether people have taken its end into their hands: proposed one, or opened it again."""
    return action.proposal is not None or (action.reopened is not None and not action.reopened.is_of_source)


def _landed(duck: Duck, day: date, halted: frozenset[str]) -> Iterator[Landed]:
    """Complaints and cases up to the day; nothing of a table that was halted."""
    if COMPLAINTS not in halted:
        yield from (_complaint(row) for row in duck.read(exact(_complaints_statement(day))))
    if CASES not in halted:
        yield from (_case(row) for row in duck.read(exact(_cases_statement(day))))


def _complaints_statement(day: date) -> sa.Select[Any]:
    complaints, accounts, leads = TABLES["complaints"].c, TABLES["accounts"].c, _leaders(day)
    return (
        sa.select(
            *(complaints[name] for name in ("complaint_id", "account_id", "employee_id", "partner_id")),
            *(complaints[name] for name in ("received_on", "complaint_type", "answered_on", "finding")),
            accounts.jurisdiction,
            accounts.originator,
            leads.c.leader,
        )
        .join(TABLES["accounts"], accounts.account_id == complaints.account_id, isouter=True)
        .join(leads, leads.c.employee_id == complaints.employee_id, isouter=True)
        .where(complaints.received_on <= day)
        .order_by(complaints.complaint_id)
    )


def _cases_statement(day: date) -> sa.Select[Any]:
    cases, accounts, partners = TABLES["cases"].c, TABLES["accounts"].c, TABLES["partners"].c
    return (
        sa.select(
            *(cases[name] for name in ("case_id", "account_id", "case_type", "source", "opened_on", "department_id")),
            *(cases[name] for name in ("owner_id", "deadline", "decision", "outcome")),
            accounts.jurisdiction,
            accounts.originator,
            partners.partner_id,
        )
        .join(TABLES["accounts"], accounts.account_id == cases.account_id, isouter=True)
        .join(TABLES["partners"], partners.partner_id == cases.source, isouter=True)
        .where(cases.opened_on <= day)
        .order_by(cases.case_id)
    )


def _leaders(day: date) -> Any:
    """The leader of everybody who is posted on the day; of two postings the first by name."""
    postings = TABLES["staff_postings"].c
    holds = sa.and_(postings.valid_from <= day, sa.or_(postings.valid_to.is_(None), postings.valid_to > day))
    return (
        sa.select(postings.employee_id, sa.func.min(postings.manager_id).label("leader"))
        .where(holds)
        .group_by(postings.employee_id)
        .subquery("leads")
    )


def _complaint(row: Mapping[str, Any]) -> Landed:
    about = row["employee_id"] or row["partner_id"] or "nobody named"
    return Landed(
        source=OF_SOURCE,
        key=row["complaint_id"],
        code=row["complaint_type"],
        about=f"complaint about {about}: {row['complaint_type']}",
        received_on=row["received_on"],
        says=row["finding"],
        decided_on=row["answered_on"],
        account_id=row["account_id"],
        partner_id=row["partner_id"] or "",
        employee_id=row["employee_id"] or "",
        jurisdiction=row["jurisdiction"] or "",
        unit=row["originator"] or "",
        leader=row["leader"] or "",
    )


def _case(row: Mapping[str, Any]) -> Landed:
    return Landed(
        source=OF_CASES,
        key=row["case_id"],
        code=row["case_type"],
        about=f"{row['case_type']}, raised by {row['source']}",
        received_on=row["opened_on"],
        says=row["outcome"],
        decided_on=None,
        words=row["decision"] or "",
        account_id=row["account_id"] or "",
        partner_id=row["partner_id"] or "",
        jurisdiction=row["jurisdiction"] or "",
        unit=row["originator"] or "",
        department=row["department_id"] or "",
        owner=row["owner_id"] or "",
        deadline=row["deadline"],
    )
