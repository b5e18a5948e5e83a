"""The datasets: named sources of rows that KPIs read, each with the columns that rules may name.

A dataset is one table, the rows of it that count in a period, and what is joined to a row: the posting of the employee
on the day of the event, the owner of the account by the dispatch, the account itself. A join is made only when a column
that needs it is read, and none of them multiplies rows. START, LAST and AS_OF are bound when a statement is
planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE
from domain.dispatch import DISPATCH_SQL
from domain.exact import count_rows, product, total
from domain.expressions import Scope, scope_of_columns
from domain.planned import PLANNED, ActionState
from domain.records import Grain
from domain.recovery import BANDS
from domain.sql import TABLES
from domain.tables import Column, Type
from kpi_rules.adherence import BULK_MINUTES, CONTACT_DAYS, last_touch, recorded_in_bulk
from kpi_rules.buckets import BUCKET_NUMBERS, bucket_of
from kpi_rules.owned_days import READS as READ_FOR_OWNED_DAYS
from kpi_rules.owned_days import owned_days
from kpi_rules.ownership import OF_CONTACT, contacts_by_owner, ownership
from kpi_rules.planned import READS as READ_FOR_PLANNED
from kpi_rules.planned import planned_rows
from kpi_rules.recovery import START_DAY, expected_rows, has_expectation, recovered_by_account
from kpi_rules.views import (
    ACCOUNTS_OPENING_SQL,
    AS_OF,
    BREACHES,
    CONFIRMED_SIGNALS,
    CREDITS,
    CREDITS_SQL,
    HANDED_FILES,
    LAST,
    OPENS,
    START,
    VIEWS,
    holds_on,
)

Sql = sa.ColumnElement[Any]

GRAIN_COLUMNS: Mapping[Grain, tuple[str, ...]] = MappingProxyType(
    {
        Grain.EMPLOYEE: ("employee_id",),
        Grain.POSTING: ("employee_id", "department_id"),
        Grain.TEAM: ("team_id",),
        Grain.DEPARTMENT: ("department_id",),
        Grain.PARTNER: ("partner_id",),
        Grain.BRANCH: ("branch_id",),
        Grain.SEGMENT: ("segment",),
        Grain.PORTFOLIO: (),
    }
)
CURRENCY = "currency"
_OF_OWNERS = ("owner_kind", "owner_id", "department_id", "team_id", "segment")

# Ages of vintages in months; the last one is open.
AGES = tuple(range(13))

# Promises made longer ago than this before the period are not judged in it; their payments need not be kept at hand.
PROMISE_LOOK_BACK_DAYS = 62


@dataclass(frozen=True, slots=True)
class Field:
    """A column that rules may name: what it is, how it is computed, and by which join; `members` are all its values."""

    column: Column
    sql: Sql
    join: str = ""
    members: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """At most one row per row of the dataset; `reads` are the views behind it, `needs` another join of its columns."""

    name: str
    target: sa.FromClause
    on: sa.ColumnElement[bool]
    reads: frozenset[str]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of days that a measure has to state."""

    name: str
    meaning: str
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """`is_state`: rows as of one day, of which no window of days can be taken. `look_back_days` by event table."""

    name: str
    meaning: str
    table: sa.FromClause
    reads: frozenset[str]
    rows: sa.ColumnElement[bool]
    joins: tuple[Join, ...]
    fields: Mapping[str, Field]
    is_state: bool = False
    parameters: tuple[Parameter, ...] = ()
    look_back_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return scope_of_columns(field.column for field in self.fields.values())

    @property
    def grains(self) -> frozenset[Grain]:
        """Those that a KPI of it may state."""
        found = {grain for grain, names in GRAIN_COLUMNS.items() if self.fields.keys() >= {*names}}
        return frozenset(found - {Grain.POSTING})

    @property
    def has_currency(self) -> bool:
        return CURRENCY in self.fields

    def views_of(self, names: Iterable[str]) -> frozenset[str]:
        """The views that a statement over these columns reads."""
        return self.reads.union(*(join.reads for join in self._joins_of(names)))

    def select(self, names: Iterable[str]) -> sa.Select[Any]:
        """The rows of the period with these columns."""
        wanted = sorted(names)
        source = self.table
        for join in self._joins_of(wanted):
            source = source.outerjoin(join.target, join.on)
        columns = [self.fields[name].sql.label(name) for name in wanted] or [sa.literal(1).label("one")]
        return sa.select(*columns).select_from(source).where(self.rows)

    def _joins_of(self, names: Iterable[str]) -> list[Join]:
        needed = {self.fields[name].join for name in names}
        needed |= {join.needs for join in self.joins if join.name in needed}
        return [join for join in self.joins if join.name in needed]


def payments_as_counted() -> sa.Subquery:
    """Payments without what was forgiven, on the day on which they count: a reversal on the day of what it reverses.

    A reversal of a payment older than the rows at hand is left out: what it takes back was never counted here.
    """
    booked, original = TABLES["payments"].alias("booked"), TABLES["payments"].alias("original")
    return (
        sa.select(
            booked.c.account_id,
            booked.c.currency,
            sa.func.coalesce(original.c.paid_on, booked.c.paid_on).label("counts_on"),
            (booked.c.amount - booked.c.waiver).label("recovered"),
        )
        .select_from(booked.outerjoin(original, original.c.payment_id == booked.c.reverses))
        .where(booked.c.posted_on <= AS_OF, sa.or_(booked.c.reverses.is_(None), original.c.payment_id.is_not(None)))
        .subquery("counted")
    )


def _fields_of(columns: Iterable[Column], table: sa.FromClause, join: str = "") -> dict[str, Field]:
    """A field per column; a column with codes has them as members, and what must not be shown is left out."""
    return {
        column.name: Field(column, table.c[column.name], join, column.codes)
        for column in columns
        if not column.personal
    }


def _field(name: str, kind: Type, meaning: str, sql: Sql, join: str = "", *, members: tuple[int, ...] = ()) -> Field:
    return Field(Column(name, kind, meaning, required=False), sql, join, members)


def _named(*fields: Field) -> dict[str, Field]:
    return {field.column.name: field for field in fields}


def _posting(employee: Sql, day: Sql) -> Join:
    """Where the employee worked on the day; the postings of one employee do not overlap."""
    posting = TABLES["staff_postings"].alias("posting")
    on = sa.and_(posting.c.employee_id == employee, holds_on(day, posting))
    return Join("posting", posting, on, frozenset({"staff_postings"}))


def _owner(account: Sql, day: Sql) -> Join:
    owner = DISPATCH_SQL.alias("owner")
    return Join("owner", owner, sa.and_(owner.c.account_id == account, holds_on(day, owner)), frozenset({"dispatch"}))


def _account(account: Sql) -> Join:
    book = TABLES["accounts"].alias("book")
    return Join("book", book, book.c.account_id == account, frozenset({"accounts"}))


def _event_joins(table: sa.FromClause, day: Sql) -> tuple[Join, ...]:
    """Of an event that an employee or partner made on an account."""
    return (_posting(table.c.employee_id, day), _owner(table.c.account_id, day), _account(table.c.account_id))


def _event_fields(joins: tuple[Join, ...]) -> dict[str, Field]:
    """Where the event counts: the team and department of its employee on its day, the account's branch and segment."""
    posting, owner, book = (join.target.c for join in joins)
    return {
        **_staff_fields(posting),
        "branch_id": Field(CATALOGUE["accounts"]["branch_id"], book.branch_id, "book"),
        "product": Field(
            CATALOGUE["accounts"]["product"], book["product"], "book", CATALOGUE["accounts"]["product"].codes
        ),
        CURRENCY: Field(CATALOGUE["accounts"][CURRENCY], book.currency, "book"),
        "segment": _field("segment", Type.ID, "Segment of the account on the day.", owner.segment, "owner"),
    }


def _staff_fields(posting: Any) -> dict[str, Field]:
    return _named(
        _field("team_id", Type.ID, "Team of the employee on the day.", posting.team_id, "posting"),
        _field("department_id", Type.ID, "Department of the employee on the day.", posting.department_id, "posting"),
    )


def _owner_fields(owner: Any, join: str = "owner") -> dict[str, Field]:
    """Who had the account, by the dispatch; each is missing where the account had another kind of owner, or none."""
    employee = sa.case((owner.owner_kind == "employee", owner.owner_id))
    partner = sa.case((owner.owner_kind == "partner", owner.owner_id))
    return _named(
        _field("employee_id", Type.ID, "The employee who owned the account.", employee, join),
        _field("partner_id", Type.ID, "The partner that owned the account.", partner, join),
        _field("team_id", Type.ID, "Team of the owner.", owner.team_id, join),
        _field("department_id", Type.ID, "Department of the owner.", owner.department_id, join),
        _field("segment", Type.ID, "Segment in which the account was allocated.", owner.segment, join),
        _field("owner_kind", Type.CODE, "Kind of owner: employee, partner or house.", owner.owner_kind, join),
    )


def _bucket_field(name: str, meaning: str, sql: Sql, *, first: int = 0, last: int = BUCKET_NUMBERS[-1]) -> Field:
    return _field(name, Type.COUNT, meaning, sql, members=tuple(range(first, last + 1)))


def _book(name: str, meaning: str, table: sa.FromClause, view: str, owned_on: Sql) -> Dataset:
    """A book of accounts as of one day, with its owners on a day."""
    owner = _owner(table.c.account_id, owned_on)
    bucket = bucket_of(table.c.days_past_due)
    rolled_from = "The bucket before this account's bucket: what rolled into it came from there."
    return Dataset(
        name,
        meaning,
        table,
        frozenset({view}),
        sa.true(),
        (owner,),
        {
            **_fields_of(CATALOGUE["accounts"], table),
            **_owner_fields(owner.target.c),
            **_named(
                _bucket_field("bucket", "Bucket of days past due.", bucket),
                _bucket_field("rolled_from", rolled_from, bucket - 1, last=BUCKET_NUMBERS[-2]),
            ),
        },
        is_state=True,
    )


def _months(name: str, since: str, first: Sql, join: str = "") -> Field:
    """A column with the whole months from a day to the first of the period, by their names; the last is open."""
    years = sa.extract("year", START_DAY) - sa.extract("year", first)
    months = sa.cast(product(sa.cast(years, sa.BigInteger), sa.literal(12)), sa.BigInteger) + sa.cast(
        sa.extract("month", START_DAY) - sa.extract("month", first), sa.BigInteger
    )
    capped = sa.case((months >= AGES[-1], AGES[-1]), (months < 0, 0), else_=months)
    meaning = f"Months since the month {since}, in the first of the period; {AGES[-1]} is all after that."
    return _field(name, Type.COUNT, meaning, sa.case((first.is_not(None), capped)), join, members=AGES)


def running_placement(account: Sql) -> Join:
    """The placement that runs on the first day of the period; of several the last one."""
    placements = TABLES["placements"]
    runs = sa.and_(
        placements.c.placed_on <= START,
        placements.c.term_ends_on > START,
        sa.or_(placements.c.recalled_on.is_(None), placements.c.recalled_on > START),
    )
    last_first = placements.c.placed_on.desc(), placements.c.placement_id.desc()
    place = sa.func.row_number().over(partition_by=placements.c.account_id, order_by=last_first).label("place")
    known = (placements.c[name] for name in ("account_id", "placed_on", "balance_at_placement"))
    ranked = sa.select(*known, place).where(runs).subquery("ranked")
    placed = sa.select(ranked).where(ranked.c.place == 1).subquery("placed")
    return Join("placed", placed, placed.c.account_id == account, frozenset({"placements"}))


def _paid_in_period(account: sa.FromClause) -> Join:
    paid = recovered_by_account()
    on = sa.and_(paid.c.account_id == account.c.account_id, paid.c.currency == account.c.currency)
    return Join("paid", paid, on, frozenset({"credits"}))


def _cohort() -> Dataset:
    before = ACCOUNTS_OPENING_SQL.alias("before")
    placed, paid = running_placement(before.c.account_id), _paid_in_period(before)
    owner = _owner(before.c.account_id, START)
    now = Join("now", (after := TABLES["accounts"].alias("now")), after.c.account_id == before.c.account_id,
               frozenset({"accounts"}))  # fmt: skip
    bucket_now = sa.case((after.c.account_id.is_not(None), bucket_of(after.c.days_past_due)))
    status_now = sa.func.coalesce(after.c.status, "closed")
    codes = CATALOGUE["accounts"]["status"].codes
    return Dataset(
        "cohort",
        "The accounts at the end of the previous period, each beside itself as of the business date, for whoever owned "
        "it on the first day of the period. An account that is gone from the book is closed, and in no bucket.",
        before,
        frozenset({"accounts_opening"}),
        sa.true(),
        (owner, now, placed, paid),
        {
            **_fields_of(CATALOGUE["accounts"], before),
            **_owner_fields(owner.target.c),
            **_named(
                _bucket_field("bucket", "Bucket at the end of the previous period.", bucket_of(before.c.days_past_due)),
                _field("bucket_now", Type.COUNT, "Bucket as of the business date.", bucket_now, "now",
                       members=BUCKET_NUMBERS),
                _field("balance_now", Type.MONEY, "Balance as of the business date; 0 if gone.",
                       sa.func.coalesce(after.c.balance, 0), "now"),
                Field(Column("status_now", Type.CODE, "State as of the business date.", codes=codes), status_now,
                      "now", codes),
                _field("recovered", Type.MONEY, "Booked on the account in the period, without waivers; for nobody.",
                       sa.func.coalesce(paid.target.c.recovered, 0), "paid"),
                _months("months_since_opening", "in which the account was opened", before.c.opened_on),
                _months("months_since_charge_off", "in which it was written off", before.c.charged_off_on),
                _months("months_since_placement", "in which its running placement began", placed.target.c.placed_on,
                        "placed"),
                _field("placed_balance", Type.MONEY, "Balance handed over in the running placement; 0 without one.",
                       sa.func.coalesce(placed.target.c.balance_at_placement, 0), "placed"),
            ),
        },
        is_state=True,
    )  # fmt: skip


def _owned_days() -> Dataset:
    rows = owned_days()
    days, overdue = rows.c.days, rows.c.overdue_amount
    bucket = bucket_of(rows.c.days_past_due)
    codes = CATALOGUE["accounts"]["product"].codes
    return Dataset(
        "owned_days",
        "One row for each account and stretch of days with one owner, within the period. Of an account that is cured "
        "or gone by the business date, whoever worked it last has the days up to that date. Accounts that came and "
        "went within the period are not there.",
        rows,
        READ_FOR_OWNED_DAYS,
        sa.true(),
        (),
        {
            **_owner_fields(rows.c, ""),
            **_named(
                Field(CATALOGUE["accounts"]["account_id"], rows.c.account_id),
                Field(CATALOGUE["accounts"]["branch_id"], rows.c.branch_id),
                Field(CATALOGUE["accounts"]["product"], rows.c["product"], members=codes),
                Field(CATALOGUE["accounts"][CURRENCY], rows.c.currency),
                _bucket_field("bucket", "Bucket at the end of the previous period; of a new account, now.", bucket),
                _field("days", Type.COUNT, "Days of the stretch, up to and including the business date.", days),
                _field("balance", Type.MONEY, "Balance at the end of the previous period; of a new account, now.",
                       rows.c.balance),
                _field("overdue_amount", Type.MONEY, "What there was to collect in the period: past due at the end of "
                       "the previous one or, if more, past due now and recovered since.", overdue),
                _field("overdue_days", Type.MONEY, "That amount × the days of the stretch.", product(overdue, days)),
            ),
        },
        is_state=True,
    )  # fmt: skip


def _ownership() -> Dataset:
    rows = ownership()
    return Dataset(
        "ownership",
        "One row for each account and stretch of days with one owner that touches the period, by the dispatch: who had "
        "it on any day, whatever became of it. Accounts that nobody had are not there.",
        rows,
        frozenset({"dispatch"}),
        sa.true(),
        (book := _account(rows.c.account_id),),
        _had_fields(rows, book),
        is_state=True,
    )


def _contacts_by_owner() -> Dataset:
    rows = contacts_by_owner()
    known = (CATALOGUE["contacts"][name] for name in OF_CONTACT)
    return Dataset(
        "contacts_by_owner",
        "Attempts to reach somebody, each for whoever had the account on its day, whoever made it; the dataset "
        "contacts has them for who made them. Attempts on accounts that nobody had are not there.",
        rows,
        frozenset({"contacts", "dispatch"}),
        sa.true(),
        (book := _account(rows.c.account_id),),
        {**_had_fields(rows, book), **_fields_of(known, rows)},
    )


def _had_fields(rows: sa.Subquery, book: Join) -> dict[str, Field]:
    """Of an account that somebody had: the owner, and where the account is kept now."""
    accounts, now = CATALOGUE["accounts"], book.target.c
    return {
        **_owner_fields(rows.c, ""),
        **_named(
            Field(accounts["account_id"], rows.c.account_id),
            Field(accounts["branch_id"], now.branch_id, book.name),
            Field(accounts["product"], now["product"], book.name, accounts["product"].codes),
            Field(accounts[CURRENCY], now.currency, book.name),
        ),
    }


def _credits() -> Dataset:
    table, opened = CREDITS_SQL, ACCOUNTS_OPENING_SQL.alias("opened")
    same = sa.and_(opened.c.account_id == table.c.account_id, opened.c.currency == table.c.currency)
    found = sa.func.coalesce(has_expectation(opened.c), sa.false())
    return Dataset(
        "credits",
        "Payments booked in the period, and who they count for by the credit rules; uncredited ones have a reason.",
        table,
        frozenset({"credits"}),
        table.c.posted_on.between(START, LAST),
        (Join("opened", opened, same, frozenset({"accounts_opening"})),),
        {
            **_fields_of(CREDITS, table),
            **_named(
                _field(
                    "has_expectation",
                    Type.BOOLEAN,
                    "Whether the account is one of those that the dataset expected has.",
                    found,
                    "opened",
                )
            ),
        },
    )


def _expected() -> Dataset:
    table = expected_rows()
    own = [CATALOGUE["accounts"][name] for name in ("account_id", "product", "branch_id", "region", CURRENCY)]
    money = "What such accounts are expected to bring in these days, whoever works them: an estimate."
    return Dataset(
        "expected",
        "Of the accounts that were overdue at the end of the previous period and could be worked, what each is "
        "expected to bring in the period up to the business date: a row for each owner that the account had, by the "
        "days owned, and one for the days on which nobody owned it. `recoup explain recovery` shows the rates.",
        table,
        frozenset({"accounts_opening", "dispatch", "recovery_rates"}),
        sa.true(),
        (),
        {
            **_fields_of(own, table),
            **_owner_fields(table.c, join=""),
            **_named(
                _bucket_field("bucket", "Bucket at the end of the previous period.", table.c.bucket),
                _field("band", Type.COUNT, "Band of balance: 0 below 1,000, 1 below 10,000 … 7 from 1,000,000,000 on.",
                       table.c.band, members=BANDS),
                _field("owned_days", Type.COUNT, "Days of the period on which the owner had it.", table.c.owned_days),
                _field("expected", Type.MONEY, money, table.c.expected),
            ),
        },
        is_state=True,
    )  # fmt: skip


def _event(name: str, meaning: str, day: str, columns: Iterable[Column] = ()) -> Dataset:
    """An event table with account, employee and partner, by the day of the event."""
    table = VIEWS[name]
    joins = _event_joins(table, table.c[day])
    in_period = sa.and_(table.c[day] >= START, table.c[day] < LAST + 1)
    fields = {**_event_fields(joins), **_fields_of(columns or CATALOGUE[name], table)}
    return Dataset(name, meaning, table, frozenset({name}), in_period, joins, fields)


def _promises_due() -> Dataset:
    table = TABLES["promises"]
    grace = sa.bindparam("grace_days", type_=sa.Integer())
    joins = (*_event_joins(table, table.c.made_on), _paid_join(table, grace))
    judged_on = table.c.due_on + grace
    rows = sa.and_(judged_on.between(START, LAST), table.c.made_on >= OPENS - PROMISE_LOOK_BACK_DAYS)
    paid = sa.func.coalesce(joins[-1].target.c.paid, 0)
    return Dataset(
        "promises_due",
        "Promises whose days of grace ended in the period, and what was paid from the day they were made until then; "
        f"promises made over {PROMISE_LOOK_BACK_DAYS} days before the period are left out. Two promises that run "
        "at once both count the same payment.",
        table,
        frozenset({"promises"}),
        rows,
        joins,
        {
            **_event_fields(joins[:3]),
            **_fields_of(CATALOGUE["promises"], table),
            **_named(
                _field("paid", Type.MONEY, "Paid on the account for the promise, waivers left out.", paid, "paid")
            ),
        },
        parameters=(Parameter("grace_days", "Days after the due day within which a payment still keeps it.", 0, 31),),
        look_back_days=MappingProxyType({"promises": PROMISE_LOOK_BACK_DAYS, "payments": PROMISE_LOOK_BACK_DAYS}),
    )


def _callbacks_due() -> Dataset:
    """Promises again, judged some days later: whether anybody tried to reach the debtor meanwhile."""
    table, due = TABLES["promises"], _promises_due()
    grace, days = sa.bindparam("grace_days", type_=sa.Integer()), sa.bindparam("callback_days", type_=sa.Integer())
    called = _called_join(table, grace, days)
    judged_on = table.c.due_on + grace + days
    called_back = sa.func.coalesce(called.target.c.called_back, sa.false())
    return _with(
        replace(
            due,
            name="callbacks_due",
            meaning="Promises whose days of grace, and days to be called back in after them, ended in the period, kept "
            "or not: `paid` says which. Otherwise as `promises_due`.",
            rows=sa.and_(judged_on.between(START, LAST), table.c.made_on >= OPENS - PROMISE_LOOK_BACK_DAYS),
            joins=(*due.joins, called),
            parameters=(
                *due.parameters,
                Parameter("callback_days", "Days after those of grace within which to call back.", 1, CONTACT_DAYS),
            ),
            look_back_days=MappingProxyType({**due.look_back_days, "contacts": CONTACT_DAYS}),
        ),
        _field("called_back", Type.BOOLEAN, "Whether somebody tried to reach anybody about the account in those days.",
               called_back, "called"),
    )  # fmt: skip


def _called_join(promises: sa.FromClause, grace: Sql, days: Sql) -> Join:
    """Of each promise that has an outgoing contact in the days after its grace."""
    promise, contacts = TABLES["promises"].alias("promise_called"), TABLES["contacts"].alias("called_contacts")
    broken_on = promise.c.due_on + grace
    within = sa.and_(
        contacts.c.account_id == promise.c.account_id,
        contacts.c.direction == "out",
        contacts.c.started_wall >= broken_on + 1,
        contacts.c.started_wall < broken_on + days + 1,
    )
    called = (
        sa.select(promise.c.promise_id, sa.true().label("called_back"))
        .select_from(promise.join(contacts, within))
        .where(broken_on + days >= START, broken_on + days <= LAST)
        .distinct()
        .subquery("called")
    )
    return Join("called", called, called.c.promise_id == promises.c.promise_id, frozenset({"contacts"}))


def _paid_join(promises: sa.FromClause, grace: Sql) -> Join:
    """What was paid for each promise: summed per promise before it is joined, so that no row doubles."""
    promise, counted = TABLES["promises"].alias("promise"), payments_as_counted()
    within = sa.and_(
        counted.c.account_id == promise.c.account_id,
        counted.c.currency == promise.c.currency,
        counted.c.counts_on.between(promise.c.made_on, promise.c.due_on + grace),
    )
    paid = (
        sa.select(promise.c.promise_id, total(counted.c.recovered).label("paid"))
        .select_from(promise.join(counted, within))
        .group_by(promise.c.promise_id)
        .subquery("paid")
    )
    return Join("paid", paid, paid.c.promise_id == promises.c.promise_id, frozenset({"payments"}))


def _of_employees(name: str, meaning: str, day: str) -> Dataset:
    """An event table that knows the employee only."""
    table = TABLES[name]
    posting = _posting(table.c.employee_id, table.c[day])
    fields = {**_staff_fields(posting.target.c), **_fields_of(CATALOGUE[name], table)}
    rows = table.c[day].between(START, LAST)
    return Dataset(name, meaning, table, frozenset({name}), rows, (posting,), fields)


def _of_partners(name: str, meaning: str, day: str, *fields: Field) -> Dataset:
    """An event table that knows the partner only."""
    table = TABLES[name]
    rows = table.c[day].between(START, LAST)
    dataset = Dataset(name, meaning, table, frozenset({name}), rows, (), _fields_of(CATALOGUE[name], table))
    return _with(dataset, *fields)


def _confirmed_signals() -> Dataset:
    table = VIEWS[CONFIRMED_SIGNALS.name]
    posting = _posting(table.c.employee_id, table.c.opened_on)
    return Dataset(
        CONFIRMED_SIGNALS.name,
        "Cases of integrity signals that people have confirmed, by the last day of the month that they are about; a "
        "case that is open or explained is no row.",
        table,
        frozenset({CONFIRMED_SIGNALS.name}),
        table.c.opened_on.between(START, LAST),
        (posting,),
        {**_staff_fields(posting.target.c), **_fields_of(CONFIRMED_SIGNALS, table)},
    )


def _partner_reports() -> Dataset:
    """Judged in the month in which they are due, by what has come in up to the business date."""
    table = TABLES["partner_reports"]
    in_time = sa.and_(table.c.received_on <= table.c.due_on, table.c.accepted)
    late = sa.cast(sa.func.coalesce(table.c.received_on, AS_OF) - table.c.due_on, sa.BigInteger)
    return _of_partners(
        "partner_reports",
        "What partners were to return in the period, by the day on which it was due.",
        "due_on",
        _field("in_time", Type.BOOLEAN, "Whether it came by the day on which it was due, in the agreed form.",
               sa.func.coalesce(in_time, sa.false())),
        _field("days_late", Type.COUNT, "Days from when it was due to when it came, or to the business date; negative "
               "if before.", late),
    )  # fmt: skip


def _handed_files() -> Dataset:
    """Judged in the month in which the answer is due, by what has come in up to the business date."""
    table = VIEWS[HANDED_FILES.name]
    in_time = sa.func.coalesce(table.c.answered_on <= table.c.due_on, sa.false())
    late = sa.cast(sa.func.coalesce(table.c.answered_on, AS_OF) - table.c.due_on, sa.BigInteger)
    dataset = Dataset(
        HANDED_FILES.name,
        "Placement and recall files whose acknowledgement fell due in the period, where the contract says by when; a "
        "file that was replaced, or is empty, is no row.",
        table,
        frozenset({HANDED_FILES.name}),
        table.c.due_on.between(START, LAST),
        (),
        _fields_of(HANDED_FILES, table),
    )
    return _with(
        dataset,
        _field("in_time", Type.BOOLEAN, "Whether every line was answered by the day on which it was due.", in_time),
        _field("days_late", Type.COUNT, "Days from when it was due to when its last line was answered, or to the "
               "business date; negative if before.", late),
    )  # fmt: skip


def _planned_actions() -> Dataset:
    rows = planned_rows()
    book, of_accounts = _account(rows.c.account_id), CATALOGUE["accounts"]
    own = [column for column in PLANNED if column.name not in {"proofs", *_OF_OWNERS}]
    states = tuple(ActionState)
    days_late = sa.cast(rows.c.done_on - rows.c.due_by, sa.BigInteger)
    return Dataset(
        "planned_actions",
        "Actions that treatment plans asked for, whose last day ended before the business date and not before the day "
        "before the period, or has not ended: these are open. Each is the owner's who had the account on the day on "
        "which it was done in time; else of whoever had it on most of the days on which it was due.",
        rows,
        READ_FOR_PLANNED,
        sa.true(),
        (book,),
        {
            **_fields_of(own, rows),
            **_owner_fields(rows.c, ""),
            **{
                name: Field(of_accounts[name], book.target.c[name], "book", of_accounts[name].codes)
                for name in ("branch_id", "product")
            },
            **_named(
                Field(Column("state", Type.CODE, "What became of it.", codes=states), rows.c.state, members=states),
                _field("done_on", Type.DATE, "First day on which it was done, in time or late.", rows.c.done_on),
                _field("withdrawn_on", Type.DATE, "From when on it was no longer asked for, not being done.",
                       rows.c.withdrawn_on),
                _field("days_late", Type.COUNT, "Days from its last day to when it was done; negative if before.",
                       days_late),
            ),
        },
        is_state=True,
    )  # fmt: skip


def _staff() -> Dataset:
    """One row per person: postings, and terms, of one employee do not overlap; of leaves that do, the last to end."""
    posting, terms, leave = (TABLES[name] for name in ("staff_postings", "employment", "leave"))
    rank = sa.func.row_number().over(
        partition_by=leave.c.employee_id, order_by=(leave.c.ends_on.desc(), leave.c.starts_on)
    )
    days = sa.cast(leave.c.ends_on - leave.c.starts_on, sa.BigInteger)
    running = (
        sa.select(leave.c.employee_id, leave.c.leave_type, days.label("leave_days"), rank.label("place"))
        .where(leave.c.starts_on <= AS_OF, leave.c.ends_on > AS_OF)
        .subquery("running")
    )
    away_on = sa.and_(running.c.employee_id == posting.c.employee_id, running.c.place == 1)
    away = Join("away", running, away_on, frozenset({"leave"}))
    employed = sa.exists().where(
        terms.c.employee_id == posting.c.employee_id,
        holds_on(AS_OF, terms),
        terms.c.hired_on <= AS_OF,
        sa.or_(terms.c.exited_on.is_(None), terms.c.exited_on > AS_OF),
    )
    share = sa.select(sa.func.max(terms.c.full_time_share)).where(
        terms.c.employee_id == posting.c.employee_id, holds_on(AS_OF, terms)
    )
    kinds = CATALOGUE["leave"]["leave_type"].codes
    return Dataset(
        "staff",
        "Everybody who is employed and posted on the business date, with the leave that they are on.",
        posting,
        frozenset({"staff_postings", "employment"}),
        sa.and_(holds_on(AS_OF, posting), employed),
        (away,),
        {
            **_fields_of(CATALOGUE["staff_postings"], posting),
            **_named(
                _field(
                    "full_time_share",
                    Type.RATE,
                    "Share of full time, of which the sum is full-time equivalents.",
                    share.scalar_subquery(),
                ),
                Field(
                    Column(
                        "leave_type",
                        Type.CODE,
                        "The leave of that day; missing for those at work.",
                        required=False,
                        codes=kinds,
                    ),
                    running.c.leave_type,
                    "away",
                    kinds,
                ),
                _field("leave_days", Type.COUNT, "Calendar days of that leave.", running.c.leave_days, "away"),
            ),
        },
        is_state=True,
    )


def _costs() -> Dataset:
    """A cost centre is the department's that has the most of its people: nothing is divided up."""
    table, centre = TABLES["costs"], _departments_of_centres()
    join = Join("centre", centre, centre.c.cost_centre == table.c.cost_centre,
                frozenset({"employment", "staff_postings"}))  # fmt: skip
    return Dataset(
        "costs",
        "Costs of the month, as the extract has them: of the whole month, also before it has ended. A cost centre is "
        "the department's in which most of its people are posted on the business date.",
        table,
        frozenset({"costs"}),
        table.c.month == START,
        (join,),
        {
            **_fields_of(CATALOGUE["costs"], table),
            **_named(
                _field("department_id", Type.ID, "The department of the cost centre.", centre.c.department_id, "centre")
            ),
        },
        is_state=True,
    )


def _departments_of_centres() -> sa.Subquery:
    """Of departments with equally many people the first by id."""
    terms, posting = TABLES["employment"].alias("terms"), TABLES["staff_postings"].alias("posting")
    people = count_rows()
    ranked = (
        sa.select(
            terms.c.cost_centre,
            posting.c.department_id,
            sa.func.row_number()
            .over(partition_by=terms.c.cost_centre, order_by=(people.desc(), posting.c.department_id))
            .label("place"),
        )
        .select_from(terms.join(posting, posting.c.employee_id == terms.c.employee_id))
        .where(holds_on(AS_OF, terms), holds_on(AS_OF, posting))
        .group_by(terms.c.cost_centre, posting.c.department_id)
        .subquery("ranked")
    )
    return sa.select(ranked.c.cost_centre, ranked.c.department_id).where(ranked.c.place == 1).subquery("centre")


def _complaints_due() -> Dataset:
    table, days = TABLES["complaints"], sa.bindparam("answer_days", type_=sa.Integer())
    due_on = table.c.received_on + days
    due = _complaints("complaints_due", "Complaints whose days to be answered in ended in the period.")
    return replace(
        due,
        rows=due_on.between(START, LAST),
        parameters=(Parameter("answer_days", "Days from receipt within which a complaint is to be answered.", 0, 62),),
        look_back_days=MappingProxyType({"complaints": 62}),
    )


def _complaints(name: str, meaning: str) -> Dataset:
    table = TABLES["complaints"]
    to_answer = sa.cast(table.c.answered_on - table.c.received_on, sa.BigInteger)
    so_far = sa.cast(sa.func.coalesce(table.c.answered_on, AS_OF) - table.c.received_on, sa.BigInteger)
    return _with(
        replace(_event("complaints", meaning, "received_on"), name=name),
        _field("days_to_answer", Type.COUNT, "Days from receipt to answer; missing while open.", to_answer),
        _field("days_so_far", Type.COUNT, "Days from receipt to answer, or to the business date while open.", so_far),
    )


def _visits() -> Dataset:
    table, bulk = TABLES["visits"], recorded_in_bulk()
    visits = _event("visits", "Visits planned for the period.", "planned_on")
    made_on = sa.cast(table.c.made_at, sa.Date)
    so_far = sa.func.coalesce(sa.cast(table.c.recorded_at, sa.Date), AS_OF) - made_on
    join = Join("bulk", bulk, bulk.c.visit_id == table.c.visit_id, frozenset())
    return _with(
        replace(visits, joins=(*visits.joins, join)),
        _field("made_on", Type.DATE, "Day on which it was made.", made_on),
        _field("days_to_record", Type.COUNT, "Days from when it was made to when it was recorded, or to the business "
               "date while it is not; missing of a visit that was not made.", sa.cast(so_far, sa.BigInteger)),
        _field("in_bulk", Type.BOOLEAN, "Whether it is one of three or more visits that the employee recorded within "
               f"{BULK_MINUTES} minutes.", sa.func.coalesce(bulk.c.in_bulk, sa.false()), "bulk"),
    )  # fmt: skip


def _accounts() -> Dataset:
    table, touch = TABLES["accounts"], last_touch()
    book = _book("accounts", "The book as of the business date, with the owners of that day.", table, "accounts", AS_OF)
    owner = next(join for join in book.joins if join.name == "owner").target
    owned_from = sa.func.coalesce(owner.c.valid_from, AS_OF)
    last = sa.case((touch.c.touched_on > owned_from, touch.c.touched_on), else_=owned_from)
    join = Join("touch", touch, touch.c.account_id == table.c.account_id, frozenset({"contacts", "visits"}), "owner")
    return _with(
        replace(book, joins=(*book.joins, join), look_back_days=MappingProxyType({"contacts": CONTACT_DAYS})),
        _field("days_untouched", Type.COUNT, "Days since somebody last tried to reach anybody about the account, or "
               f"made a visit, or since the owner has it if that is later; exact up to {CONTACT_DAYS}.",
               sa.cast(AS_OF - last, sa.BigInteger), "touch"),
    )  # fmt: skip


def _with(dataset: Dataset, *fields: Field) -> Dataset:
    return replace(dataset, fields={**dataset.fields, **_named(*fields)})


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        dataset.name: dataset
        for dataset in (
            _accounts(),
            _book(
                "opening",
                "The book at the end of the previous period, with the owners of the first day of this one.",
                ACCOUNTS_OPENING_SQL,
                "accounts_opening",
                START,
            ),
            _cohort(),
            _owned_days(),
            _ownership(),
            _contacts_by_owner(),
            _credits(),
            _expected(),
            _event("contacts", "Attempts to reach somebody, by the debtor's clock.", "started_wall"),
            _event(
                "breaches",
                "Contacts that break a limit of the law: one row for each limit that a contact breaks.",
                "started_wall",
                BREACHES,
            ),
            _event("promises", "Promises made in the period.", "made_on"),
            _promises_due(),
            _callbacks_due(),
            _visits(),
            _complaints("complaints", "Complaints received in the period, about whom they were raised."),
            _complaints_due(),
            _of_employees("reviews", "Quality reviews of the period.", "reviewed_on"),
            _of_partners("partner_reviews", "Reviews of samples of partners' calls and visits.", "reviewed_on"),
            _partner_reports(),
            _handed_files(),
            _confirmed_signals(),
            _of_employees("attendance", "Days and minutes at work in the period.", "day"),
            _staff(),
            _costs(),
            _planned_actions(),
        )
    }
)

# What a view is made of: if a table is halted, so is the view. Credit rules say what credits are made of.
MADE_OF: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        BREACHES.name: frozenset({"contacts", "accounts", "parties", "calendar"}),
    }
)
