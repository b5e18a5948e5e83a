"""Work lists for the day after a night: what each collector has, in order, read from the night and what is released.

A list is no figure of the night: whoever asks again later the same day sees overrides that were approved meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa

from adapters.duck import Duck, duck_columns
from adapters.errors import RefusedError
from adapters.store.releases import all_releases, create_dispatch_views
from adapters.store.runs import files_of_run, official_run
from adapters.store.schema import run_files, runs
from adapters.world import World, registered_file
from allocation.contact_hours import BestHour, best_hours, reached_statement
from allocation.strategies import Strategy
from allocation.worth import per_minute
from domain.dispatch import DISPATCH_SQL
from domain.exact import exact
from domain.expressions.parse import suggestion
from domain.ids import RunId, short
from domain.manifest import Manifest, RunKind, Stage
from domain.periods import Period
from domain.planned import PLANNED
from domain.sql import TABLES
from domain.worklists import BestTime, MayContact, NextAction, Promised, WorkItem, in_order, why_of
from kpi_rules.allowance import Used, allowance, used_statement
from kpi_rules.limit_checks import CheckedLimit
from kpi_rules.planned import READS as PLANNED_READS
from kpi_rules.planned import planned_rows
from tasks.stages.gate import accepted_in, halted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.rules import RuleSet
from tasks.stages.rules_then import rules_then
from tasks.stages.session import planned_before, session_of_night

READS = PLANNED_READS | {"accounts", "contacts", "promises", "parties", "calendar", "staff_postings"}
FIELD = "field"
BROKEN_DAYS = 14
"""How long a broken promise keeps an account at the top of the list."""

_CONTACT = {FIELD: "visit"}  # how a channel reaches the debtor; the others by telephone


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose lists: exactly one of them, or all."""

    employee: str = ""
    team: str = ""
    leader: str = ""


@dataclass(frozen=True, slots=True)
class WorkList:
    """One collector's list; `is_field` says that it is ordered by territory, and has names and addresses."""

    employee_id: str
    team_id: str
    items: tuple[WorkItem, ...]

    @property
    def is_field(self) -> bool:
        return any(item.channel == FIELD for item in self.items)


@dataclass(frozen=True, slots=True)
class WorkLists:
    """Of the `day` after the night, by team and employee; `unknown` tables were halted, and their columns are empty."""

    run: RunId
    day: date
    lists: tuple[WorkList, ...]
    unknown: tuple[str, ...]


def work_lists(world: World, night: date, scope: Scope) -> WorkLists:
    """The lists of the day after the night.

    Raises: RefusedError if no night of the date has allocated, its accounts were halted, or nobody has accounts in the
    scope; ConflictError if the rules have changed since and were never signed; FileChangedError.
    """
    with world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, night, Stage.ALLOCATE.value)
        if run is None:
            raise RefusedError(f"WRK001 no night of {night} has allocated; `recoup runs` lists those that have")
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        halted = halted_in(connection, run)
        releases = [each for each in all_releases(world, connection) if each.valid_from <= night + timedelta(days=1)]
        planned = planned_before(world, connection, manifest)
        file = files_of_run(connection, run).get(PLANNED.name)
    if halted & {"accounts", "staff_postings"}:
        raise RefusedError(f"WRK002 accounts or postings of {night} were halted: see `recoup show {short(run)}`")
    rules = rules_then(world, manifest)
    if file is not None and file.rows:
        planned.append(registered_file(world, file.path, file.sha256))
    with session_of_night(world, manifest, accepted, releases=False) as duck:
        create_dispatch_views(duck, releases)
        duck.create_view(PLANNED.name, planned, duck_columns(PLANNED))
        known = _Known(world, manifest, duck, rules, night + timedelta(days=1), halted)
        items = tuple(_items(known, _owned(known, scope)))
    return WorkLists(run, known.day, _by_collector(items), tuple(sorted(halted & READS)))


@dataclass(frozen=True, slots=True)
class _Known:
    world: World
    manifest: Manifest
    duck: Duck
    rules: RuleSet
    day: date
    halted: frozenset[str]


def _by_collector(items: tuple[WorkItem, ...]) -> tuple[WorkList, ...]:
    names = sorted({(item.team_id, item.employee_id) for item in items})
    lists = []
    for team, employee in names:
        mine = tuple(item for item in items if item.employee_id == employee)
        is_field = any(item.channel == FIELD for item in mine)
        lists.append(WorkList(employee, team, in_order(mine, by_territory=is_field)))
    return tuple(lists)


def _owned(known: _Known, scope: Scope) -> list[dict[str, Any]]:
    """The accounts that collectors of the scope have on the day, with the ownership of each."""
    dispatch, accounts = DISPATCH_SQL.c, TABLES["accounts"]
    ownership = (dispatch.owner_id, dispatch.department_id, dispatch.team_id, dispatch.segment, dispatch.channel)
    wanted = [dispatch.owner_kind == "employee", dispatch.valid_from <= known.day, dispatch.valid_to > known.day]
    if scope.employee:
        wanted.append(dispatch.owner_id == scope.employee)
    teams = (scope.team,) if scope.team else _teams_led(known, scope.leader) if scope.leader else ()
    if teams:
        wanted.append(dispatch.team_id.in_(teams))
    statement = (
        sa.select(*accounts.c, *ownership, dispatch.reason)
        .join(DISPATCH_SQL, dispatch.account_id == accounts.c.account_id)
        .where(*wanted)
        .order_by(accounts.c.account_id)
    )
    rows = known.duck.read(exact(statement))
    if not rows:
        name = scope.employee or scope.team or scope.leader or "anybody"
        raise RefusedError(f"WRK003 no accounts of {name} on {known.day}. {_who_has(known, name)}")
    return rows


def _who_has(known: _Known, name: str) -> str:
    dispatch = DISPATCH_SQL.c
    holds = (dispatch.owner_kind == "employee", dispatch.valid_from <= known.day, dispatch.valid_to > known.day)
    rows = known.duck.read(exact(sa.select(dispatch.owner_id, dispatch.team_id).where(*holds).distinct()))
    names = sorted({str(row[column]) for row in rows for column in ("owner_id", "team_id") if row[column]})
    return suggestion(name, names)


def _teams_led(known: _Known, leader: str) -> tuple[str, ...]:
    """The teams of the people whom the leader leads, and the own team of who leads one."""
    posting = TABLES["staff_postings"].c
    holds = sa.and_(posting.valid_from <= known.day, sa.or_(posting.valid_to.is_(None), posting.valid_to > known.day))
    leads = sa.or_(posting.manager_id == leader, sa.and_(posting.employee_id == leader, posting.role == "leader"))
    collects = sa.or_(posting.role == "collector", posting.employee_id == leader)
    statement = sa.select(posting.team_id).where(holds, leads, collects).distinct().order_by(posting.team_id)
    teams = tuple(row["team_id"] for row in known.duck.read(exact(statement)))
    if not teams:
        raise RefusedError(f"WRK003 {leader} leads no team on {known.day}: see staff_postings")
    return teams


def _items(known: _Known, rows: Sequence[dict[str, Any]]) -> Iterator[WorkItem]:
    accounts = [row["account_id"] for row in rows]
    actions, promises = _next_actions(known, accounts), _promises(known, accounts)
    limits = known.rules.kpis.limits
    used, holidays = _used(known, limits), _holidays(known)
    wanted = {row["debtor_id"]: row["jurisdiction"] for row in rows}
    hours = {} if "contacts" in known.halted else best_hours(known.duck.read(reached_statement()), wanted)
    worth, persons = _per_minute(known), _persons(known, [row for row in rows if row["channel"] == FIELD])
    for row in rows:
        contact = _CONTACT.get(row["channel"] or "", "call")
        is_holiday = row["jurisdiction"] in holidays
        may = _may(allowance(limits, row, contact, known.day, used, holiday=is_holiday), row, known)
        best = hours.get(row["debtor_id"])
        action, promise = actions.get(row["account_id"]), promises.get(row["account_id"])
        name, address = persons.get(row["debtor_id"], ("", ""))
        yield WorkItem(
            account_id=row["account_id"],
            debtor_id=row["debtor_id"],
            employee_id=row["owner_id"],
            team_id=row["team_id"] or "",
            channel=row["channel"] or "",
            segment=row["segment"] or "",
            product=row["product"],
            language=row["language"],
            region=row["region"],
            branch_id=row["branch_id"],
            currency=row["currency"],
            overdue_amount=row["overdue_amount"],
            days_past_due=row["days_past_due"],
            why=why_of(action, promise, may, known.day),
            decided=row["reason"],
            action=action,
            promise=promise,
            may=may,
            best=_best_time(best) if best else None,
            per_minute_estimate=worth.get(row["account_id"], Decimal(0)),
            name=name if row["channel"] == FIELD else "",
            address=address if row["channel"] == FIELD else "",
        )


def _best_time(best: BestHour) -> BestTime:
    return BestTime(best.hour, best.calls, best.reached, best.is_sure, best.is_own)


def _may(found: Any, row: Mapping[str, Any], known: _Known) -> MayContact:
    """A limit on contacts that could not be counted does not let anybody call."""
    lost = sorted(known.halted & {"contacts", "parties", "calendar"})
    blocked = (*found.blocked, f"{', '.join(lost)} halted: what is left is not known") if lost else found.blocked
    left = tuple((each.left, each.count, each.days) for each in found.left)
    return MayContact(found.starts, found.ends, left, blocked, found.also, bool(row["consent"]))


def _next_actions(known: _Known, accounts: Sequence[str]) -> dict[str, NextAction]:
    """Of each account the open action whose last day comes first."""
    if PLANNED_READS & known.halted:
        return {}
    found: dict[str, NextAction] = {}
    actions = {(plan.rule.id, one.id): one for plan in known.rules.plans.plans for one in plan.rule.actions}
    for row in open_actions(known.duck, known.day, accounts):
        first, action = found.get(row["account_id"]), actions.get((row["plan_id"], row["action_id"]))
        title, titles = (action.title, action.titles) if action else (row["action_id"], {})
        found[row["account_id"]] = (
            NextAction(title, row["kind"], row["due_by"], {str(name): text for name, text in titles.items()})
            if first is None
            else replace(first, more=first.more + 1)
        )
    return found


def open_actions(duck: Duck, day: date, accounts: Sequence[str]) -> list[dict[str, Any]]:
    """The actions that are open on the day, by account and last day, from the session's `planned_actions`."""
    rows = planned_rows()
    mine = (rows.c.state == "open", rows.c.due_by >= day, rows.c.account_id.in_(accounts))
    columns = (rows.c.account_id, rows.c.plan_id, rows.c.action_id, rows.c.kind, rows.c.due_from, rows.c.due_by)
    statement = sa.select(*columns).where(*mine).order_by(rows.c.account_id, rows.c.due_by, rows.c.number)
    return duck.read(exact(statement.params(start=Period.of(day).start, as_of=day)))


def _promises(known: _Known, accounts: Sequence[str]) -> dict[str, Promised]:
    return {} if "promises" in known.halted else promises_of(known.duck, known.day, accounts)


def promises_of(duck: Duck, day: date, accounts: Sequence[str]) -> dict[str, Promised]:
    """Of each account the promise that was broken lately, else the open one that is due first."""
    promise = TABLES["promises"].c
    lately = sa.and_(promise.state == "broken", promise.due_on >= day - timedelta(days=BROKEN_DAYS))
    statement = (
        sa.select(promise.account_id, promise.due_on, promise.amount, promise.currency, promise.state)
        .where(promise.account_id.in_(accounts), sa.or_(promise.state == "open", lately))
        .order_by(promise.account_id, promise.state, promise.due_on, promise.promise_id)
    )
    found: dict[str, Promised] = {}
    for row in duck.read(exact(statement)):
        one = Promised(row["due_on"], row["amount"], row["currency"], row["state"] == "broken")
        found.setdefault(row["account_id"], one)
    return found


def _used(known: _Known, limits: Sequence[CheckedLimit]) -> Used:
    found: dict[tuple[str, str], tuple[int, date]] = {}
    for limit in limits:
        statement = used_statement(limit, known.day) if limit.rule.holds_on(known.day) else None
        if statement is not None:
            rows = known.duck.read(statement)
            found |= {(limit.rule.id, row["key"]): (row["contacts"], row["last_on"]) for row in rows}
    return found


def _holidays(known: _Known) -> frozenset[str]:
    calendar = TABLES["calendar"].c
    off = (calendar.day == known.day, calendar.name.is_not(None), sa.not_(calendar.is_working_day))
    return frozenset(
        row["jurisdiction"] for row in known.duck.read(exact(sa.select(calendar.jurisdiction).where(*off)))
    )


def _persons(known: _Known, rows: Sequence[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Name and address of the debtors who are visited: the address that was verified last."""
    if not rows or known.halted & {"parties", "contact_points"}:
        return {}
    party, point = TABLES["parties"].c, TABLES["contact_points"].c
    is_address = sa.and_(
        point.party_id == party.party_id, point.kind == "address", point.state.in_(["active", "unverified"])
    )
    statement = (
        sa.select(party.debtor_id, party.full_name, point.value)
        .outerjoin(TABLES["contact_points"], is_address)
        .where(party.role == "debtor", party.debtor_id.in_(sorted({row["debtor_id"] for row in rows})))
        .order_by(party.debtor_id, point.verified_on.desc().nulls_last(), point.contact_point_id)
    )
    found: dict[str, tuple[str, str]] = {}
    for row in known.duck.read(exact(statement)):
        found.setdefault(row["debtor_id"], (row["full_name"], row["value"] or ""))
    return found


def _per_minute(known: _Known) -> dict[str, Decimal]:
    strategy = known.rules.strategies.on(known.day - timedelta(days=1))
    return {} if strategy is None else worth_of(known.world, known.manifest.business_date, strategy)


def worth_of(world: World, night: date, strategy: Strategy) -> dict[str, Decimal]:
    """Expected recovery by the newest allocation up to the night, for each minute that the segment takes; an
    estimate."""
    file = _newest_allocation(world, night)
    if file is None:
        return {}
    table = pq.read_table(file, columns=["account_id", "currency", "segment", "expected_recovery"])
    return dict(per_minute(table, strategy))


def _newest_allocation(world: World, night: date) -> Any:
    statement = (
        sa.select(run_files.c.path, run_files.c.sha256)
        .join(runs, runs.c.run_id == run_files.c.run_id)
        .where(run_files.c.name == "allocation", runs.c.kind == RunKind.NIGHTLY.value, runs.c.business_date <= night)
        .order_by(runs.c.business_date.desc(), runs.c.recorded_at.desc())
        .limit(1)
    )
    with world.store.read() as connection:
        row = connection.execute(statement).first()
    return None if row is None else registered_file(world, row.path, row.sha256)
