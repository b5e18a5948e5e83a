"""Cleaning, as statements over whole tables: each reads what the ones above it made, and none loses or doubles a point.

`points` joins each contact point with its debtor and jurisdiction · `readings` (filled outside) holds each distinct
value once, as it was read · `grouped` gives equal values of a party one survivor · `proofs`, `wrongs` and `shared`
count what contacts and other debtors say · `decided` gives every point its outcome · `cleaned` tells the findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_distinct, count_rows, exact
from domain.sql import TABLES
from expectations.contact_points.outcomes import BY_CLASS, LISTED, Correction, Finding, PointOutcome
from expectations.contact_points.rules import CleaningRule
from expectations.contact_points.values import SOUND, USABLE

_METADATA = sa.MetaData()
_LIVING = ("active", "unverified")
_RANKS = {"active": 0, "unverified": 1, "wrong_party": 2}
_ONE_PER_DEBTOR_AT_MOST = ("phone", "email")  # a postal address is shared by families and houses


def _table(name: str, *columns: str, **typed: sa.types.TypeEngine[Any]) -> sa.Table:
    return sa.Table(
        name,
        _METADATA,
        *(sa.Column(each, sa.String()) for each in columns),
        *(sa.Column(each, kind) for each, kind in typed.items()),
    )


_POINT = ("contact_point_id", "party_id", "kind", "value", "state", "debtor_id", "jurisdiction")

POINTS = _table("points", *_POINT, verified_on=sa.Date())
READINGS = _table("readings", "kind", "jurisdiction", "value", "value_class", "normalised")
GROUPED = _table(
    "grouped", *_POINT, "value_class", "normalised", "survivor_id", verified_on=sa.Date(), verified=sa.Date()
)
PROOFS = _table("proofs", "survivor_id", reached_at=sa.DateTime())
WRONGS = _table("wrongs", "survivor_id", wrong_parties=sa.BigInteger())
SHARED = _table("shared", "kind", "normalised", debtors=sa.BigInteger())
DECIDED = _table(
    "decided",
    *(*_POINT, "value_class", "normalised", "survivor_id", "outcome"),
    proven_on=sa.Date(),
    wrong_parties=sa.BigInteger(),
    debtors=sa.BigInteger(),
    is_usable=sa.Boolean(),
)
CLEANED = _table(
    "cleaned",
    *(*_POINT, "value_class", "normalised", "survivor_id", "outcome", "new_state", "findings"),
    proven_on=sa.Date(),
    wrong_parties=sa.BigInteger(),
    debtors=sa.BigInteger(),
    is_usable=sa.Boolean(),
    is_listed=sa.Boolean(),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A table to make, and the tables that nothing reads any more once it is there."""

    name: str
    statement: ExactSelect
    spent: tuple[str, ...] = ()


def before_reading() -> Step:
    return Step("points", _points())


def values_to_read() -> ExactSelect:
    """Each distinct value once for each kind and jurisdiction."""
    return exact(sa.select(POINTS.c.kind, POINTS.c.jurisdiction, POINTS.c.value).distinct())


def after_reading(rule: CleaningRule, as_of: date) -> tuple[Step, ...]:
    """What follows from the points and their readings, in order; the last one is `cleaned`."""
    return (
        Step("grouped", _grouped(), ("points", "readings")),
        Step("proofs", _proofs(rule)),
        Step("wrongs", _wrongs(rule)),
        Step("shared", _shared(rule)),
        Step("decided", _decided(rule), ("grouped", "proofs", "wrongs", "shared")),
        Step("cleaned", _cleaned(rule, as_of), ("decided",)),
    )


def counts() -> ExactSelect:
    """How many points there are of each jurisdiction, kind, outcome and set of findings; a few hundred rows."""
    key = [CLEANED.c[name] for name in ("jurisdiction", "kind", "outcome", "findings", "is_usable")]
    return exact(sa.select(*key, count_rows().label("points")).group_by(*key).order_by(*key))


def cleaned_points() -> ExactSelect:
    """Every point that came in, once, by id; `value` is the normalised one where it is sound, `state` the new one."""
    point = CLEANED.c
    return exact(
        sa.select(
            point.contact_point_id,
            point.survivor_id,
            point.party_id,
            point.kind,
            _new_value(CLEANED).label("value"),
            point.normalised,
            point.value_class,
            point.proven_on,
            point.new_state.label("state"),
            point.outcome,
            point.is_usable,
            point.findings,
        ).order_by(point.contact_point_id)
    )


def points_to_verify() -> ExactSelect:
    """What somebody has to look into, by id; no value is in it."""
    point = CLEANED.c
    return exact(
        sa.select(point.contact_point_id, point.party_id, point.kind, point.findings, point.proven_on)
        .where(point.is_listed)
        .order_by(point.contact_point_id)
    )


def corrections() -> ExactSelect:
    """What the core systems are asked to change, by point and column: the column, its value as it came, the new one."""
    point = CLEANED.c
    changes = (
        ("value", point.value, point.normalised, Correction.NORMALISED, PointOutcome.CORRECTED),
        ("contact_point_id", point.contact_point_id, point.survivor_id, Correction.DUPLICATE, PointOutcome.MERGED),
        ("state", point.state, point.new_state, Correction.WRONG_PARTY, PointOutcome.RETIRED),
    )
    parts = [
        sa.select(
            point.contact_point_id,
            sa.literal(column).label("column_name"),
            old.label("old_value"),
            new.label("new_value"),
            sa.literal(reason.value).label("reason"),
        ).where(point.outcome == outcome.value)
        for column, old, new, reason, outcome in changes
    ]
    rows = sa.union_all(*parts).subquery("changes")
    return exact(sa.select(rows).order_by(rows.c.contact_point_id, rows.c.column_name))


def _points() -> ExactSelect:
    """The jurisdiction is that of most accounts of the debtor; among as many, the first by code; else empty."""
    points, parties, accounts = TABLES["contact_points"], TABLES["parties"], TABLES["accounts"]
    counted = (
        sa.select(accounts.c.debtor_id, accounts.c.jurisdiction, count_rows().label("accounts"))
        .group_by(accounts.c.debtor_id, accounts.c.jurisdiction)
        .subquery("counted")
    )
    place = sa.func.row_number().over(
        partition_by=counted.c.debtor_id, order_by=(counted.c.accounts.desc(), counted.c.jurisdiction)
    )
    ranked = sa.select(counted.c.debtor_id, counted.c.jurisdiction, place.label("place")).subquery("ranked")
    return exact(
        sa.select(
            *(points.c[name] for name in ("contact_point_id", "party_id", "kind", "value", "state", "verified_on")),
            parties.c.debtor_id,
            sa.func.coalesce(ranked.c.jurisdiction, "").label("jurisdiction"),
        )
        .select_from(points)
        .outerjoin(parties, parties.c.party_id == points.c.party_id)
        .outerjoin(ranked, sa.and_(ranked.c.debtor_id == parties.c.debtor_id, ranked.c.place == 1))
    )


def _grouped() -> ExactSelect:
    """Equal values of a party: the one in use stands for all, then the one verified last, then the lowest id.

    Points that are retired already stand apart: they neither merge nor are merged into.
    """
    point = POINTS.c
    apart = sa.case((point.state == "retired", point.contact_point_id), else_="")
    group = (point.party_id, point.kind, READINGS.c.normalised, apart)
    order = (
        sa.case(_RANKS, value=point.state, else_=len(_RANKS)),
        point.verified_on.desc().nulls_last(),
        point.contact_point_id,
    )
    survivor = sa.func.first_value(point.contact_point_id).over(partition_by=group, order_by=order)
    return exact(
        sa.select(
            *point,
            READINGS.c.value_class,
            READINGS.c.normalised,
            survivor.label("survivor_id"),
            sa.func.max(point.verified_on).over(partition_by=group).label("verified"),
        ).join_from(
            POINTS,
            READINGS,
            sa.and_(*(READINGS.c[name] == point[name] for name in ("kind", "jurisdiction", "value"))),
        )
    )


def _proofs(rule: CleaningRule) -> ExactSelect:
    """When each survivor last reached the person, through whichever of its points."""
    contacts = TABLES["contacts"]
    return exact(
        sa.select(GROUPED.c.survivor_id, sa.func.max(contacts.c.started_wall).label("reached_at"))
        .join_from(contacts, GROUPED, GROUPED.c.contact_point_id == contacts.c.contact_point_id)
        .where(contacts.c.outcome.in_(rule.proving_outcomes))
        .group_by(GROUPED.c.survivor_id)
    )


def _wrongs(rule: CleaningRule) -> ExactSelect:
    """How often each survivor reached somebody else since its last proof; the day of a verification is before."""
    contacts = TABLES["contacts"]
    since = sa.and_(
        sa.or_(PROOFS.c.reached_at.is_(None), contacts.c.started_wall > PROOFS.c.reached_at),
        sa.or_(GROUPED.c.verified.is_(None), sa.cast(contacts.c.started_wall, sa.Date) > GROUPED.c.verified),
    )
    return exact(
        sa.select(GROUPED.c.survivor_id, count_rows().label("wrong_parties"))
        .join_from(contacts, GROUPED, GROUPED.c.contact_point_id == contacts.c.contact_point_id)
        .outerjoin(PROOFS, PROOFS.c.survivor_id == GROUPED.c.survivor_id)
        .where(contacts.c.outcome.in_(rule.wrong_party_outcomes), since)
        .group_by(GROUPED.c.survivor_id)
    )


def _shared(rule: CleaningRule) -> ExactSelect:
    """Numbers and mail addresses of the parties of many debtors; a guarantor's family stays below the limit."""
    group = GROUPED.c
    debtors = count_distinct(group.debtor_id)
    return exact(
        sa.select(group.kind, group.normalised, debtors.label("debtors"))
        .where(
            group.kind.in_(_ONE_PER_DEBTOR_AT_MOST),
            group.state != "retired",
            group.value_class.in_([each.value for each in USABLE]),
        )
        .group_by(group.kind, group.normalised)
        .having(debtors >= rule.shared_from_debtors)
    )


def _decided(rule: CleaningRule) -> ExactSelect:
    group = GROUPED.c
    wrong = sa.func.coalesce(WRONGS.c.wrong_parties, 0)
    reached_on = sa.cast(PROOFS.c.reached_at, sa.Date)
    proven_on = sa.case(
        (group.verified.is_(None), reached_on),
        (sa.and_(reached_on.is_not(None), reached_on > group.verified), reached_on),
        else_=group.verified,
    )
    outcome = _outcome(wrong >= rule.retire_after_wrong_parties)
    in_use = (PointOutcome.KEPT.value, PointOutcome.CORRECTED.value)
    return exact(
        sa.select(
            *(group[name] for name in (*_POINT, "value_class", "normalised", "survivor_id")),
            outcome.label("outcome"),
            proven_on.label("proven_on"),
            wrong.label("wrong_parties"),
            sa.func.coalesce(SHARED.c.debtors, 0).label("debtors"),
            sa.and_(outcome.in_(in_use), group.state.in_(_LIVING)).label("is_usable"),
        )
        .select_from(GROUPED)
        .outerjoin(PROOFS, PROOFS.c.survivor_id == group.survivor_id)
        .outerjoin(WRONGS, WRONGS.c.survivor_id == group.survivor_id)
        .outerjoin(SHARED, sa.and_(SHARED.c.kind == group.kind, SHARED.c.normalised == group.normalised))
    )


def _outcome(is_wrong: sa.ColumnElement[bool]) -> sa.ColumnElement[str]:
    """The first that fits: every point has one, and only one."""
    group = GROUPED.c
    is_sound = group.value_class.in_([each.value for each in SOUND])
    return sa.case(
        (group.state == "retired", PointOutcome.RETIRED_BEFORE.value),
        (group.survivor_id != group.contact_point_id, PointOutcome.MERGED.value),
        (is_wrong, PointOutcome.RETIRED.value),
        (group.value_class.not_in([each.value for each in USABLE]), PointOutcome.UNUSABLE.value),
        (sa.and_(is_sound, group.normalised != group.value), PointOutcome.CORRECTED.value),
        else_=PointOutcome.KEPT.value,
    )


def _cleaned(rule: CleaningRule, as_of: date) -> ExactSelect:
    """`left` are the parties that somebody can still be reached at; a point retired elsewhere is a person's last."""
    left = sa.select(DECIDED.c.party_id).where(DECIDED.c.is_usable).distinct().subquery("left_parties")
    conditions = _conditions(rule, as_of, is_last=left.c.party_id.is_(None))
    told = [sa.case((condition, finding.value)) for finding, condition in conditions.items()]
    new_state = sa.case((DECIDED.c.outcome == PointOutcome.RETIRED.value, "retired"), else_=DECIDED.c.state)
    columns = [DECIDED.c[column.name] for column in CLEANED.c if column.name in DECIDED.c]
    return exact(
        sa.select(
            *columns,
            new_state.label("new_state"),
            sa.func.concat_ws(" ", *told).label("findings"),
            sa.or_(*(conditions[finding] for finding in LISTED)).label("is_listed"),
        )
        .select_from(DECIDED)
        .outerjoin(left, left.c.party_id == DECIDED.c.party_id)
    )


def _conditions(
    rule: CleaningRule, as_of: date, *, is_last: sa.ColumnElement[bool]
) -> Mapping[Finding, sa.ColumnElement[bool]]:
    """When each finding is told, in their order; none of the conditions is NULL for any point."""
    point = DECIDED.c
    stays = point.outcome.in_([each.value for each in _STAYING])
    is_retired = point.outcome == PointOutcome.RETIRED.value
    found = {
        finding: sa.and_(stays, point.value_class == value_class.value) for finding, value_class in BY_CLASS.items()
    }
    found |= {
        Finding.DUPLICATE: point.outcome == PointOutcome.MERGED.value,
        Finding.WRONG_PARTY: is_retired,
        Finding.LAST_POINT: sa.and_(is_retired, is_last),
        Finding.MARKED_WRONG: sa.and_(stays, point.state == "wrong_party"),
        Finding.SHARED: sa.and_(point.is_usable, point.debtors >= rule.shared_from_debtors),
        Finding.NEVER_VERIFIED: sa.and_(point.is_usable, point.proven_on.is_(None)),
        Finding.STALE: sa.and_(
            point.is_usable,
            sa.func.coalesce(point.proven_on, as_of) < as_of - timedelta(days=rule.stale_after_days),
        ),
    }
    return {finding: found[finding] for finding in Finding}


_STAYING = (PointOutcome.KEPT, PointOutcome.CORRECTED, PointOutcome.UNUSABLE)


def _new_value(point: sa.Table) -> sa.ColumnElement[str]:
    is_sound = point.c.value_class.in_([each.value for each in SOUND])
    return sa.case((is_sound, point.c.normalised), else_=point.c.value)
