"""Planned actions: what a treatment plan asks for on an account, by when, and what counts as having done it."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from domain.catalogue import CASE_TYPES, CHANNELS, OWNER_KINDS
from domain.sql import SNAPSHOTS, sql_table
from domain.tables import Column, Kind, Table, Type

MOST_DAYS = 45
"""No planned action runs longer, from its first day to its last: rows of older nights need not be read."""


class ActionKind(StrEnum):
    CALL = "call"
    MESSAGE = "message"
    LETTER = "letter"
    VISIT = "visit"
    CASE = "case"


class Withdrawn(StrEnum):
    """When an action that is not done is no longer asked for."""

    LEAVES_SEGMENT = "leaves_segment"
    LEAVES_COLLECTION = "leaves_collection"


class ActionState(StrEnum):
    OPEN = "open"
    DONE_IN_TIME = "done_in_time"
    DONE_LATE = "done_late"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


VISIT = "visit"
PROOFS = (*(channel for channel in CHANNELS if channel != VISIT), VISIT, *CASE_TYPES)
"""What can show that an action was done: an outgoing contact by a channel, a visit made, or a case of a type."""

PLANNED = Table(
    "planned_actions",
    Kind.EVENT,
    ("due_from", "number"),
    (
        Column("due_from", Type.DATE, "First day on which it is due: the day after the night that planned it."),
        Column("number", Type.COUNT, "Number among the actions of its night, from 1."),
        Column("account_id", Type.ID, "The account.", references="accounts.account_id"),
        Column("plan_id", Type.ID, "The treatment plan."),
        Column("plan_version", Type.ID, "Digest of the plan's version."),
        Column("action_id", Type.ID, "The action, by its name in the plan."),
        Column("kind", Type.CODE, "What is to be done.", codes=tuple(ActionKind)),
        Column("due_by", Type.DATE, "Last day on which it is in time."),
        Column("caused_by", Type.ID, "The promise or complaint that asks for it.", required=False),
        Column("proofs", Type.TEXT, f"What counts as done, such as ,call,bot, of {', '.join(PROOFS)}."),
        Column("effective", Type.BOOLEAN, "Whether the debtor must be spoken to or met; else an attempt is enough."),
        Column("by_owner", Type.BOOLEAN, "Whether only the owner of the day can do it."),
        Column("withdrawn_when", Type.CODE, "When it is no longer asked for.", codes=tuple(Withdrawn)),
        Column("owner_kind", Type.CODE, "Kind of owner on its first day.", codes=OWNER_KINDS),
        Column("owner_id", Type.ID, "Employee or partner on its first day."),
        Column("department_id", Type.ID, "Department of that owner.", required=False),
        Column("team_id", Type.ID, "Team of that owner.", required=False),
        Column("segment", Type.ID, "Segment of the account on its first day.", required=False),
    ),
    "Actions that treatment plans ask for, as each night released them.",
    dated_by="due_from",
)

# Sessions provide it as a view: the rows of the nights before, those that may still count.
PLANNED_SQL: sa.Table = sql_table(PLANNED, SNAPSHOTS)
