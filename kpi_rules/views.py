"""What a session has beside the catalogue's tables: the opening book and the credits; and the dates of a statement."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from domain.catalogue import CATALOGUE, OWNER_KINDS
from domain.dispatch import DISPATCH_SQL, FOREVER
from domain.partner_files import FileKind
from domain.planned import PLANNED_SQL
from domain.recovery import Level
from domain.sql import TABLES, sql_table
from domain.tables import Column, Kind, Table, Type

# Statements are written once, and bound to the dates of a run when they are planned.
START = sa.bindparam("start", type_=sa.Date())
AS_OF = sa.bindparam("as_of", type_=sa.Date())
# The last day that counts, which is earlier than what is known where a KPI changed since; and the period's first day.
LAST = sa.bindparam("last", type_=sa.Date())
OPENS = sa.bindparam("opens", type_=sa.Date())

UNCREDITED_REASONS = (
    *("original_unknown", "original_is_a_reversal", "no_rule", "house_rule"),
    *("no_owner", "house", "no_contact", "no_promise"),
)

CREDITS = Table(
    "credits",
    Kind.EVENT,
    ("payment_id", "line"),
    (
        Column("payment_id", Type.ID, "The booking.", references="payments.payment_id"),
        Column("line", Type.COUNT, "Number of the part of the payment, from 1."),
        Column("account_id", Type.ID, "The account that this part is for.", references="accounts.account_id"),
        Column("posted_on", Type.DATE, "When the core system booked it: the day on which it counts."),
        Column("paid_on", Type.DATE, "When the debtor paid; for a reversal, the day of the reversal."),
        Column("credited_for", Type.DATE, "The day that decides who has the credit; for a reversal, the original's."),
        Column("credit_rule", Type.ID, "The rule that made the credit.", required=False),
        Column("credit_rule_version", Type.ID, "Digest of the rule's version.", required=False),
        Column("owner_kind", Type.CODE, "Kind of owner.", required=False, codes=OWNER_KINDS),
        Column("owner_id", Type.ID, "Employee or partner; HOUSE where nobody worked the account.", required=False),
        Column("employee_id", Type.ID, "The employee who has the credit.", required=False),
        Column("partner_id", Type.ID, "The partner that has the credit.", required=False),
        Column("team_id", Type.ID, "Team of who has the credit.", required=False),
        Column("department_id", Type.ID, "Department of who has the credit.", required=False),
        Column("through", Type.ID, "The contact or promise that gave the credit.", required=False),
        Column("branch_id", Type.ID, "Branch that keeps the account.", required=False),
        Column("segment", Type.ID, "Segment in which the account was allocated.", required=False),
        Column(
            "recovered", Type.MONEY, "This part of the payment, without what was forgiven; negative for a reversal."
        ),
        Column("currency", Type.CODE, "ISO 4217 code of the amount."),
        Column("share", Type.RATE, "The share by the rule; 1 where the credit is not split."),
        Column("reason", Type.CODE, "Why nobody has the credit.", required=False, codes=UNCREDITED_REASONS),
    ),
    "Payments of the period by parts, and who each part counts for.",
    dated_by="posted_on",
)

BREACHES = Table(
    "breaches",
    Kind.EVENT,
    ("contact_id", "limit_id"),
    (
        Column("contact_id", Type.ID, "The contact that should not have been made.", references="contacts.contact_id"),
        Column("limit_id", Type.ID, "The limit that it breaks."),
        Column("limit_version", Type.ID, "Digest of the limit's version."),
        Column("jurisdiction", Type.CODE, "Whose law."),
        Column("severity", Type.CODE, "Hard: law; soft: advice.", codes=("hard", "soft")),
        Column("account_id", Type.ID, "The account.", references="accounts.account_id"),
        Column("employee_id", Type.ID, "Who made the contact.", required=False),
        Column("partner_id", Type.ID, "Which partner made it.", required=False),
        Column("started_wall", Type.WALL_TIME, "When, by the debtor's clock."),
        Column("number", Type.COUNT, "The how manieth contact it was, where they are counted.", required=False),
    ),
    "Contacts of the period that break a limit of the law.",
    dated_by="started_wall",
)

LIQUIDATION = Table(
    "liquidation",
    Kind.STATE,
    ("currency", "bucket", "product", "band"),
    (
        Column("currency", Type.CODE, "Of the money."),
        Column("bucket", Type.COUNT, "Bucket of days past due."),
        Column("product", Type.CODE, "Product."),
        Column("band", Type.COUNT, "Band of balance."),
        Column("accounts", Type.COUNT, "Accounts of the opening book that were overdue and could be worked."),
        Column("account_days", Type.COUNT, "The accounts times the days of the period so far."),
        Column("overdue", Type.MONEY, "What was overdue at the opening."),
        Column("money_days", Type.MONEY, "The same times the days of the period so far."),
        Column("recovered", Type.MONEY, "What was booked on these accounts in the period, without waivers."),
    ),
    "What a month has seen, by cell.",
)

RECOVERY_RATES = Table(
    "recovery_rates",
    Kind.STATE,
    ("currency", "level", "bucket", "product", "band"),
    (
        Column("currency", Type.CODE, "Of the money."),
        Column("level", Type.CODE, "How narrow the cell is.", codes=tuple(Level)),
        Column("bucket", Type.COUNT, "Bucket of days past due; missing where buckets are together.", required=False),
        Column("product", Type.CODE, "Product; missing where products are together.", required=False),
        Column("band", Type.COUNT, "Band of balance; missing where bands are together.", required=False),
        Column("rate", Type.RATE, "Share of the overdue money that a day is expected to bring: an estimate."),
    ),
    "What overdue money is expected to bring, by cell.",
)

CONFIRMED_SIGNALS = Table(
    "confirmed_signals",
    Kind.EVENT,
    ("case_id",),
    (
        Column("case_id", Type.ID, "The case."),
        Column("signal", Type.ID, "The signal that raised it."),
        Column("opened_on", Type.DATE, "The last day that the signal looked at: the case counts on it."),
        Column("confirmed_on", Type.DATE, "When it was confirmed."),
        Column("employee_id", Type.ID, "Whom it is about.", required=False),
        Column("partner_id", Type.ID, "Which partner it is about.", required=False),
    ),
    "Cases of integrity signals that people have confirmed.",
    dated_by="opened_on",
)

HANDED_FILES = Table(
    "handed_files",
    Kind.EVENT,
    ("file_id",),
    (
        Column("file_id", Type.ID, "The file."),
        Column("partner_id", Type.ID, "The partner."),
        Column("contract_id", Type.ID, "The contract under which it went out."),
        Column("kind", Type.CODE, "What the partner was told.", codes=tuple(FileKind)),
        Column("handed_on", Type.DATE, "When it went out."),
        Column("due_on", Type.DATE, "By when the contract wants every line answered."),
        Column("lines", Type.COUNT, "Accounts in it."),
        Column("answered_on", Type.DATE, "When the last line was answered; missing as long as one is open.",
               required=False),
    ),
    "Placement and recall files that partners were to acknowledge.",
    dated_by="due_on",
)  # fmt: skip

_VIEWS = sa.MetaData()

ACCOUNTS_OPENING_SQL: sa.Table = sql_table(CATALOGUE["accounts"], _VIEWS, "accounts_opening")
CREDITS_SQL: sa.Table = sql_table(CREDITS, _VIEWS)
CREDITS_BEFORE_SQL: sa.Table = sql_table(CREDITS, _VIEWS, "credits_before")
BREACHES_SQL: sa.Table = sql_table(BREACHES, _VIEWS)
CONFIRMED_SIGNALS_SQL: sa.Table = sql_table(CONFIRMED_SIGNALS, _VIEWS)
HANDED_FILES_SQL: sa.Table = sql_table(HANDED_FILES, _VIEWS)
LIQUIDATION_SQL: sa.Table = sql_table(LIQUIDATION, _VIEWS)
RECOVERY_RATES_SQL: sa.Table = sql_table(RECOVERY_RATES, _VIEWS)

# Every view that a statement of this package may name; sessions provide them, tests create them.
VIEWS: dict[str, sa.Table] = {
    **TABLES,
    "dispatch": DISPATCH_SQL,
    "planned_actions": PLANNED_SQL,
    "accounts_opening": ACCOUNTS_OPENING_SQL,
    "credits": CREDITS_SQL,
    "credits_before": CREDITS_BEFORE_SQL,
    "breaches": BREACHES_SQL,
    "confirmed_signals": CONFIRMED_SIGNALS_SQL,
    "handed_files": HANDED_FILES_SQL,
    "recovery_rates": RECOVERY_RATES_SQL,
}


def holds_on(day: sa.ColumnElement[Any], interval: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the half-open interval of the row has begun and not ended on the day; an open end lies far ahead."""
    end = sa.func.coalesce(interval.c.valid_to, sa.literal(FOREVER))
    return sa.and_(interval.c.valid_from <= day, day < end)
