"""The best hour to reach a debtor, from the contacts that were made: an estimate, shrunk, and nothing where unknown."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact
from domain.sql import TABLES

Row = Mapping[str, Any]

_REACHED = ("right_party", "promise", "refused")
_OF_ALL, _OF_GROUP = 50, 8  # calls: how much what is known of all weighs beside an hour, and of an hour beside a debtor
_SURE, _LIKELY = 0.95, 0.80  # how often chance alone would not make the best of so many hours look so good


@dataclass(frozen=True, slots=True)
class BestHour:
    """From `hour` to the next: `calls` and `reached` are the debtor's own in it; `is_own` says whether the debtor's
    own calls say so, or those of everybody in the jurisdiction; `share_estimate` of calls that reach them."""

    hour: int
    calls: int
    reached: int
    share_estimate: float
    is_sure: bool
    is_own: bool


def reached_statement() -> ExactSelect:
    """Outgoing calls by debtor and hour of the debtor's clock: `calls`, and those that `reached` the right person."""
    contacts, accounts = TABLES["contacts"].c, TABLES["accounts"].c
    hour = sa.cast(sa.extract("hour", contacts.started_wall), sa.BigInteger)
    key = (accounts.jurisdiction, accounts.debtor_id, hour)
    return exact(
        sa.select(
            accounts.jurisdiction,
            accounts.debtor_id,
            hour.label("hour"),
            count_rows().label("calls"),
            count_rows(contacts.outcome.in_(_REACHED)).label("reached"),
        )
        .join(TABLES["accounts"], accounts.account_id == contacts.account_id)
        .where(contacts.channel == "call", contacts.direction == "out")
        .group_by(*key)
        .order_by(*key)
    )


def best_hours(rows: Iterable[Row], wanted: Mapping[str, str]) -> dict[str, BestHour]:
    """The best hour of each wanted debtor (by id, with their jurisdiction), where one stands out.

    An hour's share is shrunk to that of all hours, a debtor's share in it to the hour's. It is said only where it is
    above the mean of the hours by more than chance makes of the best of so many hours in four cases of five.
    """
    own: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    of_hour: defaultdict[str, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in rows:
        sums = of_hour[row["jurisdiction"]][row["hour"]]
        sums[0], sums[1] = sums[0] + row["calls"], sums[1] + row["reached"]
        if row["debtor_id"] in wanted:
            own[row["debtor_id"]][row["hour"]] = (row["calls"], row["reached"])
    shares = {jurisdiction: _shares(hours) for jurisdiction, hours in of_hour.items()}
    general = {jurisdiction: _best({}, shares[jurisdiction], of_hour[jurisdiction]) for jurisdiction in shares}
    found: dict[str, BestHour] = {}
    for debtor, jurisdiction in wanted.items():
        best = _best(own.get(debtor, {}), shares.get(jurisdiction, {}), {}) or general.get(jurisdiction)
        if best is not None:
            found[debtor] = best
    return found


def _shares(hours: Mapping[int, list[int]]) -> dict[int, float]:
    calls, reached = (sum(each[place] for each in hours.values()) for place in (0, 1))
    whole = reached / max(calls, 1)
    return {hour: (each[1] + _OF_ALL * whole) / (each[0] + _OF_ALL) for hour, each in hours.items()}


def _best(
    own: Mapping[int, tuple[int, int]], shares: Mapping[int, float], everybody: Mapping[int, list[int]]
) -> BestHour | None:
    """Of the debtor's own calls, or without any of everybody's; None where no hour stands out."""
    if not shares or not (own or everybody):
        return None
    calls = {hour: own.get(hour, (0, 0)) for hour in shares}
    estimate = {hour: (calls[hour][1] + _OF_GROUP * share) / (calls[hour][0] + _OF_GROUP)
                for hour, share in shares.items()}  # fmt: skip
    hour = max(sorted(estimate), key=estimate.__getitem__)
    mean = sum(estimate.values()) / len(estimate)
    seen = calls[hour][0] + _OF_GROUP if own else everybody[hour][0] + _OF_ALL
    error = math.sqrt(max(mean * (1 - mean), 1e-9) / seen)
    above, normal = (estimate[hour] - mean) / error, NormalDist()
    likely, sure = (normal.inv_cdf(often ** (1 / len(estimate))) for often in (_LIKELY, _SURE))
    if len(estimate) < 2 or above < likely or (own and not calls[hour][0]):
        return None
    return BestHour(hour, *calls[hour], estimate[hour], above >= sure, bool(own))
