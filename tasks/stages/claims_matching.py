"""A partner's claims matched in a session: each line agreed or listed under one kind, and what nobody claimed.

The session has the catalogue's tables, `claims_sent`, `claims_concluded`, `payments_concluded`, `claim_terms` and
`claim_cycles` (`incentives.claims.views`); everything else is made here, table after table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from adapters.duck import Duck, duck_columns
from domain.exact import ExactSelect
from domain.tables import Table
from incentives.claims import outcomes, plain_pairs, sides, views
from incentives.claims.asked import Asked
from incentives.claims.pairing import Booking, Limits, Line, Pair, pair


def match_claims(duck: Duck, asked: Asked, search_days: int) -> None:
    """Fill `claim_lines`, `claim_bookings`, `claim_pairs`, `claim_outcomes` and `claim_matches`."""
    _make(duck, views.LINES, sides.lines(asked))
    _make(duck, views.BOOKINGS, sides.bookings(asked))
    duck.create_table(
        views.PAIRS.name, duck_columns(views.PAIRS), [plain_pairs.named_pairs(), plain_pairs.fitting_pairs(asked)]
    )
    limits = Limits(asked.tolerance, asked.tolerance_days, search_days)
    _add_pairs(duck, crowded_pairs(duck, limits))
    _make(duck, views.OUTCOMES, outcomes.outcomes(asked))
    _make(duck, views.MATCHES, outcomes.matches())


def crowded_pairs(duck: Duck, limits: Limits) -> Iterator[Pair]:
    """The pairs of accounts that no statement pairs, account by account."""
    bookings = {account: list(rows) for account, rows in _by_account(duck, plain_pairs.crowded_bookings())}
    for account, rows in _by_account(duck, plain_pairs.crowded_lines()):
        lines = [_line(row) for row in rows]
        yield from pair(lines, [_booking(row) for row in bookings.get(account, [])], limits)


def _make(duck: Duck, table: Table, statement: ExactSelect) -> None:
    duck.create_table(table.name, duck_columns(table), [statement])


def _by_account(duck: Duck, statement: ExactSelect) -> Iterator[tuple[str, Iterable[Mapping[str, Any]]]]:
    return groupby(duck.arrow(statement).to_pylist(), key=itemgetter("account_id"))


def _line(row: Mapping[str, Any]) -> Line:
    return Line(
        row["claim_id"], row["claimed_on"], row["paid_on"], row["amount"], row["payment_id"], row["paired"] or ""
    )


def _booking(row: Mapping[str, Any]) -> Booking:
    return Booking(
        row["payment_id"],
        row["paid_on"],
        row["counted"],
        row["left_open"],
        row["is_mine"],
        row["reversed_on"] is not None,
    )


_PAIRS = pa.schema(
    [
        ("claim_id", pa.string()),
        ("payment_id", pa.string()),
        ("amount", pa.decimal128(18, 4)),
        ("way", pa.string()),
        ("clash", pa.string()),
    ]
)


def _add_pairs(duck: Duck, pairs: Iterable[Pair]) -> None:
    rows = [
        (each.claim_id, each.payment_id, each.amount, each.way.value, each.clash.value if each.clash else "")
        for each in pairs
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(_PAIRS)
    table = pa.table([pa.array(list(column), field.type) for column, field in zip(columns, _PAIRS, strict=True)],
                     schema=_PAIRS)  # fmt: skip
    duck.create_table_of("crowded_pairs", table)
    duck.run(f"INSERT INTO {views.PAIRS.name} SELECT * FROM crowded_pairs")
