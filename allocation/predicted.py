"""What a night predicted of each account where it was sent, beside what was booked on it: one currency, in floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from allocation.effects import DESTINATIONS, path_of

_OWNER = ("owner_kind", "owner_id", "department_id", "team_id")

# The columns of an allocation that tell what was predicted, and those that it has where scores were looked at.
PREDICTED = ("account_id", "debtor_id", "segment", "currency", *_OWNER, "expected_recovery")
BESIDE = ("score", "score_estimate", "rate_estimate")

Effects = Mapping[str, Mapping[str, Any]]


def side_by_side(accounts: pa.Table, booked: pa.Table, kept: Mapping[str, Any], *, days: int) -> tuple[str, pa.Table]:
    """The currency that all is reckoned in, and the rows that `calibration` reads.

    `accounts` are the PREDICTED columns, and those of BESIDE where the night has them; `booked` the rows of
    `booked_statement`, `kept` what the night kept of its expectation. What was predicted for the horizon is brought to
    the days that are compared: whole months are, so that a month's habits are in both, and a horizon has thirty days
    for each.
    """
    currency, worth_of = _reckoned(accounts, kept)
    joined = accounts.join(booked, ["account_id", "currency"], join_type="left outer").sort_by("account_id")
    worth = pa.array([worth_of.get(name, 0.0) for name in joined["currency"].to_pylist()], pa.float64())
    came = pc.fill_null(pc.cast(joined["realised"], pa.float64()), 0.0)
    owners = list(zip(*(joined[name].to_pylist() for name in _OWNER), strict=True))

    def in_days(name: str) -> pa.Array:
        return pc.multiply(pc.multiply(joined[name], worth), days / float(kept["horizon_days"]))

    neutral = in_days("expected_recovery")
    believed = pa.array([_factor(kept["effects"], *owner) for owner in owners], pa.float64())
    return currency, pa.table(
        {
            **{name: joined[name] for name in ("account_id", "debtor_id", "segment")},
            "destination": pa.array([_destination(kind, name) for kind, name, *_ in owners], pa.string()),
            "neutral": neutral,
            "predicted": pc.multiply(neutral, believed),
            "realised": pc.multiply(came, worth),
            **_beside(joined, in_days, believed),
        }
    )


def _beside(joined: pa.Table, in_days: Callable[[str], pa.Array], believed: pa.Array) -> dict[str, pa.Array]:
    """The score, and what it and our rates predicted, where both spoke of the account."""
    if not {*BESIDE} <= {*joined.column_names}:
        return {}
    estimates = {name: pc.multiply(in_days(name), believed) for name in BESIDE[1:]}
    return {"score": joined["score"], **estimates}


def _reckoned(accounts: pa.Table, kept: Mapping[str, Any]) -> tuple[str, Mapping[str, float]]:
    """What amounts are reckoned in, and what each currency is worth in it; a book of one currency needs no weighing."""
    found = sorted(set(accounts["currency"].to_pylist()))
    if len(found) == 1:
        return found[0], {found[0]: 1.0}
    return kept["reckoned_in"], {name: float(worth) for name, worth in kept["currencies"].items()}


def _destination(kind: str, name: str) -> str | None:
    return f"{kind}:{name}" if kind in DESTINATIONS else None


def _factor(effects: Effects, kind: str, name: str, department: str | None, team: str | None) -> float:
    """What the night believed of the owner: the narrowest effect that there is."""
    if _destination(kind, name) is None:
        return 1.0
    found = (effects[place]["factor"] for place in reversed(path_of(kind, name, department, team)) if place in effects)
    return float(next(found, 1.0))
