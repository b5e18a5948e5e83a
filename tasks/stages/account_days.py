"""Accounts day by day, as far as a manifest names their extracts: for what depends on the day of a payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from adapters.duck import Duck, quoted
from adapters.snapshots import Version
from domain.ids import VersionId
from domain.manifest import Input

DAYS_OLD = 7  # how old the last extract before a payment may be, for the account's state still to count as known

_VIEWS = sa.MetaData()
account_days = sa.Table(
    "account_days",
    _VIEWS,
    sa.Column("account_id", sa.Text),
    sa.Column("day", sa.Date),
    sa.Column("days_past_due", sa.BigInteger),
)
extract_days = sa.Table("extract_days", _VIEWS, sa.Column("table_name", sa.Text), sa.Column("day", sa.Date))


def create_account_days(duck: Duck, inputs: Sequence[Input], found: Mapping[VersionId, Version]) -> None:
    """Views of every day of which the manifest names the accounts, with the days past due of each; and of the days of
    which it names accounts and payments.

    An extract that did not change lies where it lay the day before: the day is that of the manifest, not of the file.
    """
    days = [item for item in inputs if item.table == "accounts"]
    states = [
        f"SELECT account_id, DATE '{item.business_date}' AS day, days_past_due "
        f"FROM read_parquet('{quoted(found[item.version].path)}')"
        for item in days
        if found[item.version].rows
    ]
    nothing = "SELECT '' AS account_id, DATE '1970-01-01' AS day, CAST(0 AS BIGINT) AS days_past_due WHERE false"
    duck.run(f"CREATE OR REPLACE VIEW {account_days.name} AS {' UNION ALL '.join(states) or nothing}")
    named = [item for item in inputs if item.table in {"accounts", "payments"}]
    listed = [f"SELECT '{item.table}' AS table_name, DATE '{item.business_date}' AS day" for item in named]
    none = "SELECT '' AS table_name, DATE '1970-01-01' AS day WHERE false"
    duck.run(f"CREATE OR REPLACE VIEW {extract_days.name} AS {' UNION ALL '.join(listed) or none}")
