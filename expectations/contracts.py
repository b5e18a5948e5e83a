"""The row contract of every table: what the catalogue says of its columns, and the rules of its business.

Reason codes are stable: `<table>.<column or subject>.<what is wrong>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from zoneinfo import available_timezones

from domain.catalogue import CATALOGUE
from domain.expressions import Expression, ExprType, Scope, parse, scope_of_columns
from domain.issues import Location
from domain.money import MINOR_DIGITS
from domain.tables import Column, Kind, Table, Type
from expectations.checks import (
    Check,
    InCodes,
    InRange,
    Matches,
    MinorUnits,
    NewKey,
    NoOverlap,
    NotNull,
    OneOf,
    Ordered,
    PlainText,
    References,
    Related,
    Rule,
    views_of,
)

DUPLICATE_KEY = "duplicate_key"

ID_PATTERN = "[!-~](?:[ -~]{0,62}[!-~])?"
EARLIEST_DATE = date(1950, 1, 1)
MOST_CHARACTERS = 500
CURRENCIES = tuple(MINOR_DIGITS)
TIME_ZONES = tuple(sorted(available_timezones()))

_ONE, _ZERO = Decimal(1), Decimal(0)
_MINUTES_OF_A_DAY, _SECONDS_OF_A_DAY = 1_440, 86_400


@dataclass(frozen=True, slots=True)
class Contract:
    """What the rows of one table must fulfil; `money` is the column whose control totals are kept, per currency."""

    table: Table
    checks: tuple[Check, ...]
    money: str = ""

    def __post_init__(self) -> None:
        codes = [check.code for check in self.checks]
        if len(set(codes)) < len(codes):
            raise ValueError(f"{self.table.name}: two checks share a reason code: {sorted(codes)}")

    @property
    def duplicate_key(self) -> str:
        """The reason of rows that share a key and differ: both sides are quarantined."""
        return f"{self.table.name}.{DUPLICATE_KEY}"

    @property
    def views(self) -> tuple[str, ...]:
        """The views that judging this table reads, its own first."""
        return tuple(dict.fromkeys([self.table.name, *(view for check in self.checks for view in views_of(check))]))


def contract_for(table: Table) -> Contract:
    """What the catalogue says of each column, then the rules of the table's business."""
    derived = (check for column in table for check in _of_column(table, column))
    checks = (*derived, *_BUSINESS.get(table.name, ()), *_landing_once(table))
    return Contract(table, checks, MONEY_COLUMNS.get(table.name, ""))


def _landing_once(table: Table) -> Iterator[Check]:
    """Events that are never revised; where the day is part of the key, no other day can have it."""
    if table.kind is Kind.EVENT and len(table.key) == 1:
        yield NewKey(f"{table.name}.{table.key[0]}.seen_before", table.key[0], f"{table.name}_history")


def _of_column(table: Table, column: Column) -> Iterator[Check]:
    code = f"{table.name}.{column.name}"
    if column.required:
        yield NotNull(f"{code}.missing", column.name)
    if column.codes or column.name == "currency":
        yield InCodes(f"{code}.code", column.name, column.codes or CURRENCIES)
    yield from _of_type(table, column, code)
    if column.references:
        yield References(f"{code}.unknown", column.name, *column.references.split("."))


def _of_type(table: Table, column: Column, code: str) -> Iterator[Check]:
    match column.type:
        case Type.ID:
            yield Matches(f"{code}.form", column.name, ID_PATTERN)
        case Type.TEXT:
            yield PlainText(f"{code}.text", column.name, MOST_CHARACTERS)
        case Type.COUNT:
            yield InRange(f"{code}.range", column.name, least=0)
        case Type.RATE:
            yield InRange(f"{code}.range", column.name, least=_ZERO, most=_ONE)
        case Type.DATE:
            yield InRange(f"{code}.range", column.name, least=EARLIEST_DATE)
        case Type.MONEY if "currency" in table:
            yield MinorUnits(f"{code}.minor_units", column.name)


def _rule(code: str, text: str) -> Rule:
    table = CATALOGUE[code.partition(".")[0]]
    return Rule(code, _parsed(text, scope_of_columns(table), code))


def _related(code: str, column: str, tables: tuple[str, ...], text: str) -> Related:
    table, other = CATALOGUE[code.partition(".")[0]], CATALOGUE[tables[0]]
    others = {f"other_{name}": meaning for name, meaning in scope_of_columns(other).items()}
    expression = _parsed(text, {**scope_of_columns(table), **others}, code)
    return Related(code, column, tables, other.key[0], expression)


def _parsed(text: str, scope: Scope, code: str) -> Expression:
    expression, issues = parse(text, scope, at=Location(code), expect=ExprType.BOOL)
    if expression is None:
        raise ValueError("; ".join(map(str, issues)))
    return expression


def _currency_of_account(table: str) -> Related:
    return _related(f"{table}.currency.account", "account_id", ("accounts",), "currency == other_currency")


def _at_most(table: str, column: str, most: int) -> InRange:
    return InRange(f"{table}.{column}.most", column, most=most)


def _positive(table: str, column: str) -> InRange:
    return InRange(f"{table}.{column}.positive", column, least=0, above=True)


def _not_negative(table: str, column: str) -> InRange:
    return InRange(f"{table}.{column}.negative", column, least=0)


MONEY_COLUMNS: Mapping[str, str] = {
    "accounts": "balance",
    "placements": "balance_at_placement",
    "costs": "amount",
    "budgets": "amount",
    "payments": "amount",
    "promises": "amount",
    "partner_claims": "amount",
}

_BUSINESS: Mapping[str, tuple[Check, ...]] = {
    "accounts": (
        _not_negative("accounts", "overdue_amount"),
        Matches("accounts.language.form", "language", "[a-z]{2}"),
        Ordered("accounts.charged_off_on.order", "opened_on", "charged_off_on"),
        InCodes("accounts.time_zone.code", "time_zone", TIME_ZONES),
        _rule("accounts.overdue_amount.balance", "overdue_amount <= balance or overdue_amount == 0"),
        _rule("accounts.principal.balance", "principal <= balance or principal == 0"),
        _rule(
            "accounts.overdue.closed",
            'status != "closed" or (days_past_due == 0 and overdue_amount == 0)',
        ),
        _rule("accounts.charged_off_on.status", 'status != "charged_off" or not is_missing(charged_off_on)'),
    ),
    "parties": (Matches("parties.national_id.form", "national_id", "[A-Z]{0,2}[0-9]{5,18}[0-9A-Z]{0,2}"),),
    "employees": (Matches("employees.language.form", "language", "[a-z]{2}"),),
    "employment": (
        _positive("employment", "full_time_share"),
        Ordered("employment.valid_to.order", "valid_from", "valid_to", strict=True),
        Ordered("employment.valid_from.hired", "hired_on", "valid_from"),
        Ordered("employment.exited_on.order", "hired_on", "exited_on"),
        NoOverlap("employment.overlap", "employee_id", "valid_from", ("valid_to",)),
    ),
    "staff_postings": (
        Ordered("staff_postings.valid_to.order", "valid_from", "valid_to", strict=True),
        _rule("staff_postings.manager_id.self", "is_missing(manager_id) or manager_id != employee_id"),
        NoOverlap("staff_postings.overlap", "employee_id", "valid_from", ("valid_to",)),
    ),
    "leave": (
        Ordered("leave.ends_on.order", "starts_on", "ends_on", strict=True),
        _rule("leave.ends_on.endless", "days_between(starts_on, ends_on) <= 1100"),
    ),
    "capacity": (_at_most("capacity", "minutes_per_day", _MINUTES_OF_A_DAY),),
    "partners": (Ordered("partners.active_to.order", "active_from", "active_to", strict=True),),
    "placements": (
        InRange("placements.placement_number.first", "placement_number", least=1),
        Ordered("placements.term_ends_on.order", "placed_on", "term_ends_on", strict=True),
        Ordered("placements.recalled_on.order", "placed_on", "recalled_on"),
        _currency_of_account("placements"),
        NoOverlap("placements.overlap", "account_id", "placed_on", ("recalled_on", "term_ends_on"), alone="exclusive"),
    ),
    "bank_scores": (
        InRange("bank_scores.horizon_days.none", "horizon_days", least=1),
        _rule("bank_scores.probability.or_amount", "is_missing(probability) != is_missing(expected_amount)"),
        _not_negative("bank_scores", "expected_amount"),
        _currency_of_account("bank_scores"),
        _related(
            "bank_scores.expected_amount.balance",
            "account_id",
            ("accounts",),
            "is_missing(expected_amount) or expected_amount <= other_balance or expected_amount == 0",
        ),
    ),
    "opening_dispatch": (_rule("opening_dispatch.owner_id.house", '(owner_kind == "house") == (owner_id == "HOUSE")'),),
    "costs": (_not_negative("costs", "amount"),),
    "budgets": (_not_negative("budgets", "amount"),),
    "cases": (Ordered("cases.deadline.order", "opened_on", "deadline"),),
    "payments": (
        _rule("payments.amount.split", "amount == principal + interest + fee + waiver"),
        _rule("payments.amount.sign", "(amount < 0) == (not is_missing(reverses)) and amount != 0"),
        Ordered("payments.posted_on.order", "paid_on", "posted_on"),
        _rule("payments.posted_on.late", "days_between(paid_on, posted_on) <= 92"),
        Ordered("payments.deposited_on.order", "paid_on", "deposited_on"),
        _currency_of_account("payments"),
        _related(
            "payments.reverses.original",
            "reverses",
            ("payments", "payments_history"),
            "account_id == other_account_id and amount == -other_amount and posted_on >= other_posted_on",
        ),
    ),
    "contacts": (
        OneOf("contacts.employee_id.or_partner", ("employee_id", "partner_id")),
        _at_most("contacts", "duration_seconds", _SECONDS_OF_A_DAY),
        _related(
            "contacts.contact_point_id.party", "contact_point_id", ("contact_points",), "party_id == other_party_id"
        ),
        _rule("contacts.duration_seconds.answered", 'outcome not in ["no_answer", "busy"] or duration_seconds == 0'),
        _rule(
            "contacts.started_wall.clock",
            "started_wall >= started_at - hours(13) and started_wall <= started_at + hours(15)",
        ),
    ),
    "promises": (
        OneOf("promises.employee_id.or_partner", ("employee_id", "partner_id")),
        _positive("promises", "amount"),
        Ordered("promises.due_on.order", "made_on", "due_on"),
        _rule("promises.due_on.far", "days_between(made_on, due_on) <= 366"),
        _currency_of_account("promises"),
    ),
    "visits": (
        OneOf("visits.employee_id.or_partner", ("employee_id", "partner_id"), needed=True),
        Ordered("visits.recorded_at.order", "made_at", "recorded_at"),
        _rule("visits.made_at.outcome", 'is_missing(made_at) == (outcome in ["planned", "missed"])'),
        InRange("visits.latitude.range", "latitude", least=-90, most=90),
        InRange("visits.longitude.range", "longitude", least=-180, most=180),
        _rule("visits.longitude.pair", "is_missing(latitude) == is_missing(longitude)"),
        _rule("visits.latitude.nowhere", "latitude != 0 or longitude != 0"),
    ),
    "complaints": (
        OneOf("complaints.employee_id.or_partner", ("employee_id", "partner_id")),
        Ordered("complaints.answered_on.order", "received_on", "answered_on"),
        _rule("complaints.finding.answered", 'finding == "open" or not is_missing(answered_on)'),
    ),
    "reviews": (
        _related(
            "reviews.contact_id.employee",
            "contact_id",
            ("contacts", "contacts_history"),
            "employee_id == other_employee_id",
        ),
    ),
    "partner_reviews": (
        OneOf("partner_reviews.contact_id.or_visit", ("contact_id", "visit_id"), needed=True),
        _rule("partner_reviews.score.recording", "is_missing(score) == (not has_recording)"),
        _related(
            "partner_reviews.contact_id.partner",
            "contact_id",
            ("contacts", "contacts_history"),
            "is_missing(contact_id) or (not is_missing(other_partner_id) and partner_id == other_partner_id)",
        ),
    ),
    "partner_reports": (
        _rule("partner_reports.month.due", "month <= due_on"),
        _rule("partner_reports.accepted.received", "is_missing(accepted) == is_missing(received_on)"),
        _rule("partner_reports.staff.duty", 'is_missing(staff) or duty == "staff_list"'),
    ),
    "attendance": (
        _at_most("attendance", "minutes_worked", _MINUTES_OF_A_DAY),
        _rule("attendance.minutes_on_calls.worked", "minutes_on_calls <= minutes_worked"),
    ),
    "control_totals": (
        _rule("control_totals.amount.nothing", "not is_missing(rows) or not is_missing(amount)"),
        _rule("control_totals.amount.currency", "is_missing(amount) == is_missing(currency)"),
    ),
    "partner_claims": (
        Ordered("partner_claims.claimed_on.order", "paid_on", "claimed_on"),
        _currency_of_account("partner_claims"),
    ),
}

CONTRACTS: Mapping[str, Contract] = MappingProxyType({name: contract_for(table) for name, table in CATALOGUE.items()})
