"""Buckets of days past due: the scale on which accounts roll and cure."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

Sql = sa.ColumnElement[Any]

# Days past due of each bucket, from its first to its last day; the last bucket is open.
BUCKETS = ((0, 0), (1, 30), (31, 60), (61, 90), (91, 120), (121, 150), (151, 180), (181, None))
BUCKET_NUMBERS = tuple(range(len(BUCKETS)))


def bucket_of(days_past_due: Sql) -> Sql:
    """The bucket's number; a missing or negative count of days, which the gate refuses, is current."""
    last_days = [(days_past_due <= last, number) for number, (_, last) in enumerate(BUCKETS) if last is not None]
    return sa.cast(sa.case((days_past_due.is_(None), 0), *last_days, else_=BUCKET_NUMBERS[-1]), sa.BigInteger)
