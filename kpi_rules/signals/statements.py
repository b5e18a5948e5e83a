"""The statements of a signal: how often it fires by subject and kind of row, and the rows behind a case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from domain.exact import ExactSelect, count_rows, exact
from domain.expressions import to_sql
from domain.sql import TABLES
from kpi_rules.buckets import bucket_of
from kpi_rules.signals import of_claims, of_payments, of_work
from kpi_rules.signals.checks import CheckedSignal
from kpi_rules.signals.language import AlikeBy
from kpi_rules.signals.units import Span, Sql
from kpi_rules.views import ACCOUNTS_OPENING_SQL, holds_on

_Find = Callable[[Any, Span], sa.Select[Any]]


def signal_reads(signal: CheckedSignal) -> frozenset[str]:
    """The views that the signal looks at; if one of them is halted, it cannot look."""
    return READS[signal.rule.looks_for.kind] | {"accounts", "staff_postings", "partners"}


def counts_of(signal: CheckedSignal, span: Span) -> ExactSelect:
    """Rows and hits by subject, its peers, and what is alike; one row each, in order."""
    rows = rows_of(signal, span).subquery("looked_at")
    keys = [rows.c[name] for name in ("subject_kind", "subject_id", "peers", *alike_names(signal))]
    counted = (count_rows().label("rows"), count_rows(rows.c.hit).label("hits"))
    return exact(sa.select(*keys, *counted).group_by(*keys).order_by(*(key.nulls_first() for key in keys)))


def evidence_of(signal: CheckedSignal, span: Span, subjects: Iterable[tuple[str, str]]) -> ExactSelect:
    """The rows that fired, of these subjects (kind, id), by subject, day and row."""
    rows = rows_of(signal, span).subquery("looked_at")
    named = [sa.and_(rows.c.subject_kind == kind, rows.c.subject_id == name) for kind, name in sorted(subjects)]
    names = ("subject_kind", "subject_id", "day", "row_id", "other_id", "account_id", "figure", "per")
    order = [rows.c[name] for name in names[:4]]
    return exact(sa.select(*(rows.c[name] for name in names)).where(rows.c.hit, sa.or_(*named)).order_by(*order))


def rows_of(signal: CheckedSignal, span: Span) -> sa.Select[Any]:
    """The rows in the signal's scope, each with its peers, and with what it has to be alike in.

    Peers of an employee are the department's people of the row's day, those of a partner the partners of its
    jurisdiction. An account is what it was when the month opened, for a payment changes it; one that is new, what it is
    now. None of the joins multiplies rows.
    """
    found = _KINDS[signal.rule.looks_for.kind](signal.rule.looks_for, span).subquery("units")
    opened, book = ACCOUNTS_OPENING_SQL.alias("opened"), TABLES["accounts"].alias("book")
    partner = TABLES["partners"].alias("partner")
    posting = TABLES["staff_postings"].alias("posting")
    is_employee = found.c.subject_kind == "employee"
    source = (
        found.outerjoin(opened, opened.c.account_id == found.c.account_id)
        .outerjoin(book, book.c.account_id == found.c.account_id)
        .outerjoin(
            posting,
            sa.and_(is_employee, posting.c.employee_id == found.c.subject_id, holds_on(found.c.day, posting)),
        )
        .outerjoin(partner, sa.and_(sa.not_(is_employee), partner.c.partner_id == found.c.subject_id))
    )
    of_accounts = {name: sa.func.coalesce(opened.c[name], book.c[name]) for name in _OF_ACCOUNTS}
    columns = {**dict(found.c), **of_accounts}
    columns["department_id"] = posting.c.department_id
    peers = sa.func.coalesce(sa.case((is_employee, posting.c.department_id), else_=partner.c.jurisdiction), "")
    alike = [_ALIKE[each](columns).label(f"alike_{each}") for each in signal.rule.alike]
    return sa.select(*found.c, peers.label("peers"), *alike).select_from(source).where(*_kept(signal, columns))


def source_table(signal: CheckedSignal) -> str:
    """The table in which the rows of the signal stand by their ids."""
    return _TABLES[signal.rule.looks_for.kind]


def alike_names(signal: CheckedSignal) -> tuple[str, ...]:
    return tuple(f"alike_{each}" for each in signal.rule.alike)


def _kept(signal: CheckedSignal, columns: Mapping[str, Sql]) -> Iterable[sa.ColumnElement[bool]]:
    scope = signal.rule.scope
    yield columns["subject_kind"].in_([kind.value for kind in signal.rule.subjects])
    if scope.departments:
        is_partner = columns["subject_kind"] == "partner"
        yield sa.or_(is_partner, columns["department_id"].in_(scope.departments))
    if scope.partners:
        yield sa.or_(columns["subject_kind"] == "employee", columns["subject_id"].in_(scope.partners))
    if scope.jurisdictions:
        yield columns["jurisdiction"].in_(scope.jurisdictions)
    if signal.where:
        yield to_sql(signal.where, columns)


_OF_ACCOUNTS = ("product", "region", "originator", "days_past_due", "status", "hold", "jurisdiction")
_ALIKE: Mapping[AlikeBy, Callable[[Mapping[str, Sql]], Sql]] = {
    AlikeBy.PRODUCT: lambda columns: columns["product"],
    AlikeBy.BUCKET: lambda columns: bucket_of(columns["days_past_due"]),
    AlikeBy.CURRENCY: lambda columns: columns["currency"],
    AlikeBy.CHANNEL: lambda columns: columns["channel"],
}

READS: Mapping[str, frozenset[str]] = {
    "paid_after_reassignment": frozenset({"credits", "dispatch"}),
    "reversed_after_cut_off": frozenset({"credits", "payments"}),
    "travel_too_fast": frozenset({"visits"}),
    "recorded_after_shift": frozenset({"visits"}),
    "same_place": frozenset({"visits"}),
    "late_promises": frozenset({"contacts", "calendar"}),
    "short_contacts": frozenset({"contacts"}),
    "cash_kept": frozenset({"credits", "payments"}),
    "never_placed": frozenset({"partner_claims", "placements"}),
    "split_payments": frozenset({"credits"}),
    "just_above_tier": frozenset({"credits"}),
    "held_over": frozenset({"credits"}),
    "promise_after_payment": frozenset({"promises", "payments"}),
    "kept_without_payment": frozenset({"promises", "payments"}),
    "rounded_claims": frozenset({"partner_claims", "payments"}),
}

_KINDS: Mapping[str, _Find] = {
    "paid_after_reassignment": of_payments.paid_after_reassignment,
    "reversed_after_cut_off": of_payments.reversed_after_cut_off,
    "travel_too_fast": of_work.travel_too_fast,
    "recorded_after_shift": of_work.recorded_after_shift,
    "same_place": of_work.same_place,
    "late_promises": of_work.late_promises,
    "short_contacts": of_work.short_contacts,
    "cash_kept": of_payments.cash_kept,
    "never_placed": of_claims.never_placed,
    "split_payments": of_payments.split_payments,
    "just_above_tier": of_payments.just_above_tier,
    "held_over": of_payments.held_over,
    "promise_after_payment": of_work.promise_after_payment,
    "kept_without_payment": of_work.kept_without_payment,
    "rounded_claims": of_claims.rounded_claims,
}

_TABLES: Mapping[str, str] = {
    **dict.fromkeys(_KINDS, "payments"),
    **dict.fromkeys(("travel_too_fast", "recorded_after_shift", "same_place"), "visits"),
    **dict.fromkeys(("late_promises", "short_contacts"), "contacts"),
    **dict.fromkeys(("promise_after_payment", "kept_without_payment"), "promises"),
    **dict.fromkeys(("never_placed", "rounded_claims"), "partner_claims"),
}
