"""A house of three collectors and a partner, small enough that a history of its months runs in seconds: its rule book,
and the extracts of its core systems as they stand at a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from adapters.duck import duck_columns
from domain.catalogue import CATALOGUE
from domain.periods import Period

MONTHS = (Period(2026, 9), Period(2026, 10), Period(2026, 11))
DAYS = tuple(day for month in MONTHS for day in (month.start + timedelta(days=14), month.last_day))
DEPARTMENTS = {"E1": "field", "E2": "field", "E3": "legal"}
OWNERS = {"A1": "E1", "A2": "E2", "A3": "E3", "A4": "P1"}  # P1 is the partner
FINE, MOST = 30_000, 400_000


@dataclass(slots=True)
class Payment:
    """Its amount as the core system has it now, and with which date's extract it comes."""

    account: str
    amount: int
    posted_on: date
    arrives_on: date
    reversed_on: date | None = None
    reversal_arrives_on: date | None = None


@dataclass(slots=True)
class Review:
    """A call in which a rule of conduct was broken, or, once it was corrected, was not."""

    employee: str
    reviewed_on: date
    arrives_on: date
    is_broken: bool = True


@dataclass(slots=True)
class Facts:
    """Everything that is true now, whether anybody has been told or not; rates in percent, by month."""

    payments: list[Payment] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    rates: dict[Period, int] = field(default_factory=lambda: dict.fromkeys(MONTHS, 5))
    fees: dict[Period, int] = field(default_factory=lambda: dict.fromkeys(MONTHS, 20))
    shares: dict[tuple[str, Period], str] = field(default_factory=dict)

    def share(self, employee: str, month: Period) -> Decimal:
        """Of full time."""
        return Decimal(self.shares.get((employee, month), "1"))


def write_extracts(landing: Path, day: date, facts: Facts) -> None:
    """The extracts of one date as the core systems would make them now; on the last of a month, state too."""
    folder = landing / str(day)
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Iterable[Mapping[str, Any]]] = {"payments": _payments(facts, day), "reviews": _reviews(facts, day)}
    if day == Period.of(day).last_day:
        rows |= _state(facts, Period.of(day))
    for name, each in rows.items():
        _write(folder / f"{name}.parquet", name, list(each))


def write_opening(landing: Path) -> date:
    """The day before the first month: who owns which account, and the book."""
    day = MONTHS[0].start
    folder = landing / str(day)
    folder.mkdir(parents=True)
    for name, rows in (_state(Facts(), MONTHS[0]) | {"opening_dispatch": _owners(day)}).items():
        _write(folder / f"{name}.parquet", name, list(rows))
    return day


_TABLES = (
    "accounts", "employees", "employment", "staff_postings", "leave", "calendar", "partners", "placements",
    "opening_dispatch", "payments", "reviews",
)  # fmt: skip


def write_rules(root: Path, facts: Facts) -> None:
    """The rule book with the rates of the facts: a version of policy and contract for each month."""
    for name, text in {**_FIXED, **dict(_versions(facts))}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _payments(facts: Facts, day: date) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(facts.payments, 1):
        if each.arrives_on == day:
            yield _payment(f"P{number}", each.account, each.amount, each.posted_on, None)
        if each.reversed_on and each.reversal_arrives_on == day:
            yield _payment(f"P{number}-back", each.account, -each.amount, each.reversed_on, f"P{number}")


def _payment(name: str, account: str, amount: int, day: date, reverses: str | None) -> dict[str, Any]:
    money = {"amount": amount, "principal": amount, "interest": 0, "fee": 0, "waiver": 0, "currency": "VND"}
    dated = {"paid_on": day, "posted_on": day, "channel": "transfer"}
    return {"payment_id": name, "account_id": account, **dated, **money, "reverses": reverses}


def _reviews(facts: Facts, day: date) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(facts.reviews, 1):
        if each.arrives_on == day:
            row = {"review_id": f"Q{number}", "employee_id": each.employee, "reviewed_on": each.reviewed_on}
            yield {**row, "score": Decimal("0.5"), "critical_fail": each.is_broken}


def _state(facts: Facts, month: Period) -> dict[str, Iterable[Mapping[str, Any]]]:
    return {
        "accounts": [_account(name) for name in OWNERS],
        "employees": [
            {"employee_id": name, "full_name": name, "jurisdiction": "VN", "language": "vi"} for name in DEPARTMENTS
        ],
        "employment": [_terms(facts, name, each) for name in DEPARTMENTS for each in MONTHS if each <= month],
        "staff_postings": [_posting(name) for name in DEPARTMENTS],
        "leave": [],
        "calendar": [
            {"jurisdiction": "VN", "day": day, "is_working_day": day.weekday() < 5}
            for each in MONTHS
            for day in (each.start + timedelta(days=number) for number in range((each.end - each.start).days))
        ],
        "partners": [_PARTNER],
        "placements": [_PLACEMENT],
    }


def _account(name: str) -> dict[str, Any]:
    money = {"principal": 9_000_000, "balance": 9_000_000, "overdue_amount": 900_000, "days_past_due": 45}
    who = {"debtor_id": f"D-{name}", "product": "card", "branch_id": "B1", "region": "North", "language": "vi"}
    where = {"currency": "VND", "jurisdiction": "VN", "time_zone": "Asia/Ho_Chi_Minh", "originator": "bank"}
    stands = {"opened_on": date(2024, 1, 1), "status": "open", "hold": "none", "consent": True}
    return {"account_id": name, **who, **where, **money, **stands}


def _terms(facts: Facts, name: str, month: Period) -> dict[str, Any]:
    held = {"valid_from": month.start, "valid_to": None if month == MONTHS[-1] else month.end}
    paid = {"cost_centre": "C1", "payroll_number": f"N-{name}", "currency": "VND"}
    worked = {"contract_type": "permanent", "hired_on": date(2024, 1, 1), "full_time_share": facts.share(name, month)}
    return {"employee_id": name, **held, **worked, **paid}


def _posting(name: str) -> dict[str, Any]:
    place = {"department_id": DEPARTMENTS[name], "team_id": f"T-{DEPARTMENTS[name]}", "role": "collector"}
    return {"employee_id": name, **place, "manager_id": None, "valid_from": date(2024, 1, 1), "valid_to": None}


def _owners(day: date) -> Iterator[dict[str, Any]]:
    for account, owner in OWNERS.items():
        place = {"department_id": DEPARTMENTS.get(owner), "team_id": None, "valid_from": day}
        kind = "partner" if owner == "P1" else "employee"
        yield {"account_id": account, "owner_kind": kind, "owner_id": owner, **place}


_PARTNER = {
    "partner_id": "P1", "name": "One", "legal_type": "law_firm", "jurisdiction": "VN", "active_from": date(2024, 1, 1),
    "accounts_at_most": 100,
}  # fmt: skip
_PLACEMENT = {
    "placement_id": "L1", "placement_batch": "B1", "account_id": "A4", "partner_id": "P1", "placement_number": 1,
    "placed_on": date(2026, 8, 1), "balance_at_placement": 9_000_000, "days_past_due_at_placement": 30,
    "currency": "VND", "exclusive": True, "term_ends_on": date(2027, 12, 31),
}  # fmt: skip


def _write(path: Path, table: str, rows: list[Mapping[str, Any]]) -> None:
    columns = duck_columns(CATALOGUE[table])
    listed, marks = ", ".join(f'"{name}" {kind}' for name, kind in columns.items()), ", ".join("?" for _ in columns)
    with duckdb.connect() as session:
        session.execute(f"CREATE TABLE extract ({listed})")
        for row in rows:
            session.execute(f"INSERT INTO extract VALUES ({marks})", [row.get(name) for name in columns])
        session.execute(f"COPY extract TO '{path}.new' (FORMAT parquet)")
    path.with_name(f"{path.name}.new").replace(path)


_RULE = "title: A rule\n    owner: house\n    valid_from: 2020-01-01\n    review_by: 2030-01-01"

_FIXED = {
    "kpi_rules/rules/kpis.yaml": f"""
kpis:
  - id: recovered
    {_RULE}
    unit: money
    good: higher
    grains: [employee, partner]
    type: simple
    dataset: credits
    measure: sum
    of: recovered
  - id: broken
    {_RULE}
    unit: count
    good: lower
    grains: [employee]
    type: simple
    dataset: reviews
    measure: count
    where: critical_fail
credit_rules:
  - id: owner
    {_RULE}
    order: 1
    to: {{kind: owner, date: posted_on}}
    look_back_days: 92
""",
    "expectations/thresholds/tables.yaml": "thresholds:"
    + "".join(
        f"""
  - id: {name}
    {_RULE}
    reason: The house is small.
    due: when_sent
    empty: any_day
    quarantine: {{halt_share: 0}}
    duplicates: {{halt_share: 0}}"""
        for name in _TABLES
    ),
    "incentives/approvals/approvals.yaml": f"""
groups:
  - id: leaders
    {_RULE}
    people: [{{name: leader}}]
chains:
  - id: bonuses
    {_RULE}
    batch: bonus
    steps: [{{role: leader, approvers: [{{group: leaders}}]}}]
  - id: fees
    {_RULE}
    batch: fee
    steps: [{{role: leader, approvers: [{{group: leaders}}]}}]
pay_terms:
  - id: of_bonuses
    {_RULE}
    batch: bonus
    deductions: {{VND: 0.3}}
    deductions_source: the house
    look_back_months: 12
    dispute_days: 10
    open_cases: hold
    upheld_cases: hold
  - id: of_fees
    {_RULE}
    batch: fee
    deductions: {{VND: 1}}
    deductions_source: the house
    look_back_months: 12
    dispute_days: 10
    open_cases: pay
    upheld_cases: pay
""",
}


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    policies, contracts = defaultdict[str, str](str), ""
    for month in MONTHS:
        days = f"valid_from: {month.start}\n    valid_to: {month.end}"
        for department in sorted({*DEPARTMENTS.values()}):
            policies[department] += _POLICY.format(department=department, days=days, rate=facts.rates[month])
        contracts += _CONTRACT.format(days=days, rate=facts.fees[month])
    yield from ((f"incentives/policies/{each}.yaml", "policies:" + text) for each, text in policies.items())
    yield "incentives/contracts/contracts.yaml", _PERMISSIONS + "contracts:" + contracts


_POLICY = f"""
  - id: {{department}}
    title: A share of what was recovered, less a fine for each rule that was broken
    owner: house
    {{days}}
    applies_to: {{{{departments: [{{department}}]}}}}
    component: bonus
    currency: VND
    part_period: prorated
    inputs:
      recovered: {{{{kpi: recovered, unit: money, missing: zero}}}}
      broken: {{{{kpi: broken, unit: count, missing: zero}}}}
    steps:
      - {{{{name: earned, kind: formula, expression: recovered * {{rate}} / 100}}}}
      - {{{{name: fined, kind: penalty, of: earned, each: {FINE}, times: broken}}}}
      - {{{{name: not_below, kind: floor, of: fined, at: 0}}}}
      - {{{{name: at_most, kind: cap, of: not_below, at: {MOST}}}}}
      - {{{{name: for_days, kind: prorate, of: at_most, by: calendar_days, employment_share: true, without_leave: []}}}}
      - {{{{name: payable, kind: round, of: for_days, digits: 0, mode: half_up}}}}"""

_PERMISSIONS = """
permissions:
  - {jurisdiction: VN, legal_types: [law_firm], valid_from: 2020-01-01, source: the house}
"""
_CONTRACT = """
  - id: contract
    title: A share of what was recovered
    owner: house
    {days}
    partners: [P1]
    legal_types: [law_firm]
    jurisdictions: [VN]
    currency: VND
    dated_by: posted_on
    counts: [cash, settlement, restructured]
    schedule: {{cases: [{{by: age_at_placement_days, boundary: at, bands: [{{from: 0, rate: 0.{rate:02}}}]}}]}}
    entitlement: {{after_recall: full, after_term: full}}
    vat_rate: 0
    rounding: {{each: month, digits: 0, mode: half_up}}"""
