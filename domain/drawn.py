"""Who was drawn into which arm of an experiment, with which probability: what the next night reads, and analyses."""

from __future__ import annotations

import sqlalchemy as sa

from domain.sql import SNAPSHOTS, sql_table
from domain.tables import Column, Kind, Table, Type

DRAWN = Table(
    "drawn",
    Kind.STATE,
    ("experiment_id", "account_id"),
    (
        Column("experiment_id", Type.ID, "The experiment."),
        Column("account_id", Type.ID, "The account.", references="accounts.account_id"),
        Column("debtor_id", Type.ID, "Its debtor, drawn with all accounts.", references="parties.party_id"),
        Column("arm", Type.ID, "The arm, by its name in the experiment."),
        Column("destination", Type.ID, "Who was to have it, such as partner:P001; empty: nobody, or as usual."),
        Column("stratum", Type.TEXT, "What those among whom the lot was drawn were alike in."),
        Column("chance", Type.RATE, "Probability of being drawn into the experiment."),
        Column("chance_of_arm", Type.RATE, "Probability of this arm, for those in the experiment."),
        Column("chance_of_destination", Type.RATE, "Probability of this destination, for those in the arm."),
        Column("drawn_on", Type.DATE, "Business date of the night that drew it."),
        Column("segment", Type.ID, "Segment on that night."),
        Column("currency", Type.CODE, "Currency of the amounts."),
        Column("balance", Type.MONEY, "Balance on that night."),
        Column("overdue_amount", Type.MONEY, "Amount overdue on that night."),
    ),
    "Accounts that experiments have drawn, all of them since each experiment began.",
)  # fmt: skip

# Sessions that analyse an experiment provide it as a view.
DRAWN_SQL: sa.Table = sql_table(DRAWN, SNAPSHOTS)
