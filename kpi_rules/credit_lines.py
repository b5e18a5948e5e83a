"""Lines: who has each piece of a payment, in which share, and with how much money.

Whoever a part of a rule speaks of beside the owner on the day (the last contact, the taker of a promise, the owner
before a handover) is looked up as a *claim*; a part without a claim goes to the owner or to nobody, as the rule says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from domain.dispatch import DISPATCH_SQL
from domain.exact import MONEY, RATE, product, running_total
from domain.expressions import to_sql
from domain.money import MINOR_DIGITS
from domain.sql import TABLES
from kpi_rules.credit_checks import CheckedCreditRule, CheckedPart
from kpi_rules.credit_language import ToHandover, ToHouse, ToLastContact, ToPromiseTaker
from kpi_rules.views import CREDITS, holds_on

Sql = sa.ColumnElement[Any]

_Part = tuple[int, int, CheckedPart]  # number of the rule, number of the part from 1

_CLAIMED = ("employee_id", "partner_id", "team_id", "department_id", "through", "decided_on", "share")


def credit_lines(pieces: sa.CTE, rules: tuple[CheckedCreditRule, ...]) -> sa.Select[Any]:
    """The rows of `CREDITS` for the pieces, and `is_booked`; the money of a piece is the sum of its lines."""
    parts = [(rule, part, each) for rule, one in enumerate(rules) for part, each in enumerate(one.parts, start=1)]
    credited = _credited(pieces, parts)
    is_split = any(len(each.parts) > 1 for each in rules)
    shared = _shared(credited) if is_split else credited
    several = is_split or any(each.rule.over_accounts for each in rules)
    line = _line_number(shared) if several else sa.literal(1, sa.BigInteger)
    every = {**{column.name: column for column in shared.c}, "line": line}
    return sa.select(*(every[name].label(name) for name in CREDITS.names), shared.c.is_booked)


def _credited(pieces: sa.CTE, parts: list[_Part]) -> sa.Subquery:
    """A row for each piece and part: who has it, or the reason why nobody has; `recovered` is the whole piece."""
    owner, book = DISPATCH_SQL.alias("owner"), TABLES["accounts"].alias("book")
    stated, claim = _stated(parts), _claims(pieces, parts)
    is_claimed = sa.or_(claim.c.employee_id.is_not(None), claim.c.partner_id.is_not(None))
    reason = _reason(pieces, stated, owner, is_claimed, parts)

    def credited(claimed: Sql, owned: Sql) -> Sql:
        return sa.case((reason.is_not(None), sa.null()), (is_claimed, claimed), else_=owned)

    computed: Mapping[str, Sql] = {
        **{column.name: column for column in pieces.c},
        **{name: owner.c[name] for name in ("owner_kind", "owner_id", "segment")},
        "employee_id": credited(claim.c.employee_id, sa.case((owner.c.owner_kind == "employee", owner.c.owner_id))),
        "partner_id": credited(claim.c.partner_id, sa.case((owner.c.owner_kind == "partner", owner.c.owner_id))),
        "team_id": credited(claim.c.team_id, owner.c.team_id),
        "department_id": credited(claim.c.department_id, owner.c.department_id),
        "credited_for": sa.func.coalesce(claim.c.decided_on, pieces.c.credited_for),
        "through": claim.c.through,
        "branch_id": book.c.branch_id,
        "share": sa.cast(sa.func.coalesce(claim.c.share, stated.c.share, 1), RATE),
        "reason": reason,
        "part": sa.func.coalesce(stated.c.part, 1),
    }
    of_part = sa.and_(
        claim.c.payment_id == pieces.c.payment_id,
        claim.c.account_id == pieces.c.account_id,
        claim.c.part == stated.c.part,
    )
    joined = (
        pieces.outerjoin(stated, stated.c.rule == pieces.c.rule)
        .outerjoin(claim, of_part)
        .outerjoin(owner, sa.and_(owner.c.account_id == pieces.c.account_id, holds_on(pieces.c.credited_for, owner)))
        .outerjoin(book, book.c.account_id == pieces.c.account_id)
    )
    names = ("piece", "part", "is_booked", *(name for name in CREDITS.names if name != "line"))
    rows = sa.select(*(computed[name].label(name) for name in names)).select_from(joined)
    return rows.where(computed["share"] > 0).subquery("credited")


def _stated(parts: list[_Part]) -> sa.Subquery:
    """The parts of the rules as rows. Of a handover the owner has all, unless a claim says otherwise."""
    columns = (sa.column("rule", sa.Integer), sa.column("part", sa.Integer), sa.column("share", RATE))
    rows = [(rule, part, _share_without_claim(rule, each, parts)) for rule, part, each in parts]
    return sa.select(sa.values(*columns, name="stated_parts").data(rows or [(-1, 1, Decimal(1))])).subquery("stated")


def _share_without_claim(rule: int, each: CheckedPart, parts: list[_Part]) -> Decimal:
    if isinstance(each.to, ToHandover):
        return Decimal(0)
    first = next(other for number, _, other in parts if number == rule)
    return Decimal(1) if isinstance(first.to, ToHandover) else each.share


def _reason(
    pieces: sa.CTE, stated: sa.Subquery, owner: sa.FromClause, is_claimed: sa.ColumnElement[bool], parts: list[_Part]
) -> Sql:
    """Why nobody has the part; NULL: somebody has."""
    by_part = [
        (sa.and_(pieces.c.rule == rule, stated.c.part == part), reason)
        for rule, part, each in parts
        if (reason := _reason_of_house(each))
    ]
    return sa.case(
        (pieces.c.fault.is_not(None), pieces.c.fault),
        (pieces.c.rule.is_(None), "no_rule"),
        (is_claimed, sa.null()),
        *by_part,
        (owner.c.account_id.is_(None), "no_owner"),
        (owner.c.owner_kind == "house", "house"),
        else_=sa.null(),
    )


def _reason_of_house(part: CheckedPart) -> str | None:
    match part.to:
        case ToHouse():
            return "house_rule"
        case ToLastContact(otherwise=ToHouse()):
            return "no_contact"
        case ToPromiseTaker(otherwise=ToHouse()):
            return "no_promise"
    return None


def _claims(pieces: sa.CTE, parts: list[_Part]) -> sa.Subquery:
    """At most one row per piece and part: whom the part speaks of, where it is not the owner."""
    found = [claim for part in parts for claim in _claims_of(pieces, *part)]
    return (sa.union_all(*found) if found else _no_claim(pieces)).subquery("claim")


def _claims_of(pieces: sa.CTE, rule: int, part: int, checked: CheckedPart) -> Iterator[sa.Select[Any]]:
    match checked.to:
        case ToLastContact() as to:
            yield _claim(_at_work(_contacts(pieces, rule, to, checked)), part)
        case ToPromiseTaker() as to:
            yield _claim(_at_work(_promises(pieces, rule, to)), part)
        case ToHandover() as to:
            before = _owners_before(pieces, rule, to)
            yield _claim(before, part)
            owner_too = {name: sa.null() for name in ("employee_id", "partner_id", "team_id", "department_id")}
            yield _claim(before, part + 1, {**owner_too, "share": sa.literal(1 - to.before, RATE)})


def _claim(rows: sa.FromClause, part: int, instead: Mapping[str, Sql] | None = None) -> sa.Select[Any]:
    columns = {name: rows.c[name] for name in _CLAIMED} | dict(instead or {})
    kinds = _types()
    shown = [sa.cast(columns[name], kinds[name]).label(name) for name in _CLAIMED]
    return sa.select(rows.c.payment_id, rows.c.account_id, sa.literal(part).label("part"), *shown)


def _no_claim(pieces: sa.CTE) -> sa.Select[Any]:
    nothing = [sa.cast(sa.null(), kind).label(name) for name, kind in _types().items()]
    key = (pieces.c.payment_id, pieces.c.account_id, sa.literal(0).label("part"))
    return sa.select(*key, *nothing).where(sa.false())


def _types() -> dict[str, Any]:
    text = dict.fromkeys(_CLAIMED[:5], sa.String())
    return {**text, "decided_on": sa.Date(), "share": RATE}


def _contacts(pieces: sa.CTE, rule: int, to: ToLastContact, part: CheckedPart) -> sa.Subquery:
    contact = TABLES["contacts"].alias("contact")
    made = sa.and_(
        contact.c.account_id == pieces.c.account_id,
        contact.c.started_wall >= pieces.c.paid_on - to.within_days,
        contact.c.started_wall < pieces.c.paid_on + 1,
        to_sql(part.where, dict(contact.c)) if part.where else sa.true(),
    )
    last = (contact.c.started_at.desc(), contact.c.contact_id.desc())
    day = sa.cast(contact.c.started_wall, sa.Date)
    return _last_of(pieces, rule, contact, made, day=day, through=contact.c.contact_id, last=last)


def _promises(pieces: sa.CTE, rule: int, to: ToPromiseTaker) -> sa.Subquery:
    promise = TABLES["promises"].alias("promise")
    ran = sa.and_(
        promise.c.account_id == pieces.c.account_id,
        promise.c.made_on <= pieces.c.paid_on,
        promise.c.due_on + to.grace_days >= pieces.c.paid_on,
    )
    last = (promise.c.made_on.desc(), promise.c.promise_id.desc())
    return _last_of(pieces, rule, promise, ran, day=promise.c.made_on, through=promise.c.promise_id, last=last)


def _last_of(
    pieces: sa.CTE,
    rule: int,
    event: sa.FromClause,
    meets: sa.ColumnElement[bool],
    *,
    day: Sql,
    through: Sql,
    last: Iterable[Sql],
) -> sa.Subquery:
    """The last event of each piece of the rule that somebody has made."""
    key = (pieces.c.payment_id, pieces.c.account_id)
    place = sa.func.row_number().over(partition_by=key, order_by=tuple(last))
    somebody = sa.or_(event.c.employee_id.is_not(None), event.c.partner_id.is_not(None))
    own = (event.c.employee_id, event.c.partner_id, day.label("day"), through.label("through"), place.label("place"))
    ranked = sa.select(*key, *own).select_from(pieces.join(event, meets)).where(pieces.c.rule == rule, somebody)
    rows = ranked.subquery()
    return sa.select(*(column for column in rows.c if column.name != "place")).where(rows.c.place == 1).subquery()


def _at_work(rows: sa.Subquery) -> sa.Subquery:
    """Where the employee worked on the day of the event."""
    posting = TABLES["staff_postings"].alias("posting")
    on = sa.and_(posting.c.employee_id == rows.c.employee_id, holds_on(rows.c.day, posting))
    shown = (*(column for column in rows.c if column.name != "day"), rows.c.day.label("decided_on"))
    added = (posting.c.team_id, posting.c.department_id, sa.cast(sa.null(), RATE).label("share"))
    return sa.select(*shown, *added).select_from(rows.outerjoin(posting, on)).subquery()


def _owners_before(pieces: sa.CTE, rule: int, to: ToHandover) -> sa.Subquery:
    """The last owner of another name, if the account has left them few enough days ago; the house shares nothing."""
    owner, before = DISPATCH_SQL.alias("owner_then"), DISPATCH_SQL.alias("owner_before")
    day, key = pieces.c.credited_for, (pieces.c.payment_id, pieces.c.account_id)
    owned = sa.and_(owner.c.account_id == pieces.c.account_id, holds_on(day, owner))
    left = sa.and_(
        before.c.account_id == owner.c.account_id,
        before.c.owner_id != owner.c.owner_id,
        before.c.valid_to <= day,
        before.c.valid_to > day - to.within_days,
    )
    place = sa.func.row_number().over(partition_by=key, order_by=before.c.valid_to.desc())
    rows = (
        sa.select(
            *key,
            *(before.c[name] for name in ("owner_kind", "owner_id", "team_id", "department_id")),
            owner.c.department_id.label("into"),
            place.label("place"),
        )
        .select_from(pieces.join(owner, owned).join(before, left))
        .where(pieces.c.rule == rule, owner.c.owner_kind != "house")
        .subquery()
    )
    kept = [rows.c.place == 1, rows.c.owner_kind != "house"]
    kept += [rows.c.department_id == to.from_department] if to.from_department else []
    kept += [rows.c.into == to.to_department] if to.to_department else []
    return (
        sa.select(
            *(rows.c.payment_id, rows.c.account_id, rows.c.team_id, rows.c.department_id),
            sa.case((rows.c.owner_kind == "employee", rows.c.owner_id)).label("employee_id"),
            sa.case((rows.c.owner_kind == "partner", rows.c.owner_id)).label("partner_id"),
            sa.null().label("through"),
            sa.null().label("decided_on"),
            sa.literal(to.before, RATE).label("share"),
        )
        .where(*kept)
        .subquery()
    )


def _shared(credited: sa.Subquery) -> sa.Subquery:
    """The money of each line: its share in whole minor units, rounded down; of what is then left of the piece, a unit
    each to the largest remainders, at a tie to the part that is stated first, and what is no whole unit to the first.
    """
    floored = _floored(credited)
    rows = floored.c
    piece = (rows.payment_id, rows.account_id)
    place = sa.func.row_number().over(partition_by=piece, order_by=(rows.remainder.desc(), rows.part))
    left = sa.cast(rows.amount - running_total(rows.floor, partition_by=piece), MONEY)
    placed = sa.select(*rows, place.label("place"), left.label("left")).subquery("placed")
    of_unit = sa.case((placed.c.left >= sa.cast(product(placed.c.place, placed.c.unit), MONEY), placed.c.unit), else_=0)
    whole_units = product(sa.func.floor(product(placed.c.left, placed.c.units)), placed.c.unit)
    below_unit = sa.case((placed.c.place == 1, placed.c.left - sa.cast(whole_units, MONEY)), else_=0)
    money = placed.c.floor + of_unit + below_unit
    signed = sa.cast(sa.case((placed.c.recovered < 0, -money), else_=money), MONEY)
    kept = [placed.c[column.name] for column in credited.c if column.name != "recovered"]
    return sa.select(*kept, signed.label("recovered")).subquery("shared")


def _floored(credited: sa.Subquery) -> sa.Subquery:
    unit = _by_currency(credited, {code: Decimal(1).scaleb(-digits) for code, digits in MINOR_DIGITS.items()})
    units = _by_currency(credited, {code: Decimal(10) ** digits for code, digits in MINOR_DIGITS.items()})
    amount = sa.cast(sa.func.abs(credited.c.recovered), MONEY)
    part = product(amount, credited.c.share)
    floor = sa.cast(product(sa.func.floor(product(part, units)), unit), MONEY)
    computed = {"amount": amount, "floor": floor, "remainder": part - floor, "unit": unit, "units": units}
    columns = (column.label(name) for name, column in computed.items())
    return sa.select(*credited.c, *columns).subquery("floored")


def _by_currency(credited: sa.Subquery, values: Mapping[str, Decimal]) -> Sql:
    """By ISO 4217; the gate lets no currency pass of which the minor unit is not known."""
    cases = [(credited.c.currency == currency, value) for currency, value in values.items()]
    return sa.cast(sa.case(*cases, else_=Decimal(1)), MONEY)


def _line_number(rows: sa.Subquery) -> Sql:
    number = sa.func.row_number().over(partition_by=rows.c.payment_id, order_by=(rows.c.piece, rows.c.part))
    return sa.cast(number, sa.BigInteger)
