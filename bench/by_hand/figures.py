"""The figures: which sums each KPI is made of, at which grains; and the division, which SQL cannot do exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

ALL = "employee", "posting", "team", "department", "partner", "branch", "segment", "portfolio"
STAFF = "employee", "posting", "team", "department", "portfolio"
WORKERS = "employee", "posting", "team", "department", "partner", "portfolio"
ANSWERS = "department", "partner", "portfolio"
DEPARTMENTS = "department", "portfolio"
STOCKS = "branch", "segment", "portfolio"
FIFTY_DIGITS = Context(prec=50)
REASONS = (
    *("original_unknown", "original_is_a_reversal", "no_rule", "house_rule"),
    *("no_owner", "house", "no_contact", "no_promise"),
)


@dataclass(frozen=True, slots=True)
class Kpi:
    """One sum (or several, with a plus), or one over another; `in_money` if it has a figure per currency, `a_day` if
    the last sum is taken as that of an average day."""

    grains: tuple[str, ...]
    above: str
    below: str = ""
    in_money: bool = False
    a_day: bool = False


KPIS = {
    "visits_due": Kpi(ALL, "visits"),
    "visits_on_time": Kpi(ALL, "visits_in_time", "visits"),
    "visits_recorded_on_time": Kpi(ALL, "recorded_in_time", "visited"),
    "debtor_met_rate": Kpi(ALL, "debtors_met", "visited"),
    "days_to_record": Kpi(ALL, "days_to_record", "visited"),
    "visits_in_bulk": Kpi(ALL, "visits_in_bulk", "visits_recorded"),
    "calls_made": Kpi(ALL, "calls"),
    "headcount": Kpi(("team", "department", "portfolio"), "heads"),
    "minutes_worked": Kpi(STAFF, "minutes"),
    "calls_per_hour": Kpi(STAFF, "sixty_calls", "minutes"),
    "accounts_contacted": Kpi(ALL, "contacted"),
    "contact_rate": Kpi(ALL, "had_contacted", "had"),
    "right_party_per_attempt": Kpi(ALL, "right_calls", "calls"),
    "right_party_per_person_reached": Kpi(ALL, "right_calls", "answered_calls"),
    "promise_rate": Kpi(ALL, "promised", "reached"),
    "unlawful_contacts": Kpi(ALL, "unlawful"),
    "advised_against_contacts": Kpi(ALL, "advised_against"),
    "unlawful_contact_rate": Kpi(ALL, "unlawful", "contacts"),
    "promise_kept": Kpi(ALL, "kept", "due"),
    "broken_called_back": Kpi(ALL, "called_back", "broken"),
    "broken_promises": Kpi(ALL, "broken_due"),
    "broken_promise_amount": Kpi(ALL, "broken_amount", in_money=True),
    "accounts_owned": Kpi(ALL, "owned"),
    **{f"overdue_accounts_{b}": Kpi(ALL, f"accounts_{b}") for b in range(8)},
    **{f"overdue_balance_{b}": Kpi(ALL, f"balance_{b}", in_money=True) for b in range(8)},
    **{f"roll_rate_by_stock_{b}": Kpi(STOCKS, f"balance_{b + 1}", f"was_balance_{b}", in_money=True) for b in range(7)},
    **{f"roll_rate_by_stock_accounts_{b}": Kpi(STOCKS, f"accounts_{b + 1}", f"was_{b}") for b in range(7)},
    **{
        f"roll_rate_by_cohort_{b}": Kpi(ALL, f"rolled_balance_{b}", f"was_balance_{b}", in_money=True) for b in range(7)
    },
    **{f"roll_rate_by_cohort_accounts_{b}": Kpi(ALL, f"rolled_{b}", f"was_{b}") for b in range(7)},
    **{f"cure_rate_{b}": Kpi(ALL, f"cured_{b}", f"was_{b}") for b in range(1, 8)},
    "cure_rate_overdue": Kpi(ALL, "cured", "was_overdue"),
    "qa_score": Kpi(STAFF, "score", "reviews"),
    "critical_fails": Kpi(STAFF, "critical_fails"),
    "complaints_received": Kpi(ALL, "complaints"),
    "upheld_complaints": Kpi(WORKERS, "upheld"),
    "confirmed_signals": Kpi(("employee", "posting", "partner"), "confirmed_signals"),
    "complaint_rate": Kpi(ALL, "complaints", "owned"),
    "complaints_last_90_days": Kpi(ALL, "recent_complaints"),
    "days_to_answer": Kpi(("department", "portfolio"), "days_to_answer", "answered"),
    "days_to_answer_so_far": Kpi(ANSWERS, "days_so_far", "complaints"),
    "answered_in_time": Kpi(ANSWERS, "answered_in_time", "answers_due"),
    "open_complaints": Kpi(ANSWERS, "open_complaints"),
    "accounts_untouched": Kpi(ALL, "untouched"),
    "overdue_untouched": Kpi(ALL, "overdue_idle", in_money=True),
    "untouched_rate": Kpi(ALL, "untouched", "worked"),
    "planned_actions_due": Kpi(ALL, "actions_due"),
    "actions_done_in_time": Kpi(ALL, "actions_in_time"),
    "actions_done_late": Kpi(ALL, "actions_late"),
    "actions_missed": Kpi(ALL, "actions_missed"),
    "plan_adherence": Kpi(ALL, "actions_in_time", "actions_due"),
    "cost": Kpi(DEPARTMENTS, "cost", in_money=True),
    "cost_to_collect": Kpi(DEPARTMENTS, "cost", "recovered", in_money=True),
    "recovered": Kpi(ALL, "recovered", in_money=True),
    **{f"recovered_uncredited_{each}": Kpi(("portfolio",), f"recovered_{each}", in_money=True) for each in REASONS},
    "overdue_at_opening": Kpi(ALL, "was_overdue_amount", in_money=True),
    "recovery_rate_of_opening": Kpi(ALL, "recovered", "was_overdue_amount", in_money=True),
    "overdue_days": Kpi(ALL, "overdue_days", in_money=True),
    "average_overdue": Kpi(ALL, "overdue_days", in_money=True, a_day=True),
    "recovery_rate": Kpi(ALL, "recovered", "overdue_days", in_money=True, a_day=True),
    "overdue_now": Kpi(ALL, "overdue_now", in_money=True),
    "due_for_collection": Kpi(ALL, "recovered + overdue_now", in_money=True),
    "collection_effectiveness": Kpi(ALL, "recovered", "recovered + overdue_now", in_money=True),
    **{
        f"liquidation_since_{since}_{age}": Kpi(
            grains, f"paid_by_age_{since}_{age}", f"base_by_age_{since}_{age}", in_money=True
        )
        for since, grains in (
            ("charge_off", ("portfolio",)),
            ("placement", ("partner", "portfolio")),
            ("opening", ("portfolio",)),
        )
        for age in range(13)
    },
    "accounts_had": Kpi(("partner",), "had"),
    "liquidation": Kpi(("partner", "portfolio"), "paid_placed", "base_placed", in_money=True),
    "upheld_complaint_rate": Kpi(("partner",), "upheld", "had"),
    "partner_review_score": Kpi(("partner", "portfolio"), "partner_score", "partner_scored"),
    "partner_reviews_made": Kpi(("partner", "portfolio"), "partner_reviews"),
    "share_reviewed": Kpi(("partner",), "partner_calls_reviewed", "conversations"),
    "recordings_present": Kpi(("partner", "portfolio"), "with_recording", "partner_reviews"),
    "partner_critical_fails": Kpi(("partner", "portfolio"), "partner_fails"),
    "returns_in_time": Kpi(("partner", "portfolio"), "returned_in_time", "returns_due"),
    "acknowledged_in_time": Kpi(("partner", "portfolio"), "files_in_time", "files_due"),
    "partner_staff": Kpi(("partner",), "staff", "staff_lists"),
    "calls_per_account": Kpi(("partner",), "calls", "had"),
    "expected_recovery": Kpi(ALL, "expected", in_money=True),
    "recovery_vs_expected": Kpi(ALL, "recovered_of_overdue", "expected", in_money=True),
}

Entity = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Figure:
    """A number of an entity; the denominator is missing where the KPI is one sum."""

    kpi: str
    grain: str
    entity: str
    currency: str
    value: Decimal | None
    above: Decimal
    below: Decimal | None


def rates(cells: Sequence[Mapping[str, Any]], days: int) -> Iterator[tuple[Any, ...]]:
    """The daily rate of each cell: what was seen of it weighs n / (n + k), the rest is the rate of its parent."""
    found: dict[tuple[Any, ...], Decimal] = {}
    for row in cells:
        key = tuple(row[name] for name in ("currency", "bucket", "product", "band") if row[name] is not None)
        own = _ten_digits(FIFTY_DIGITS.divide(row["paid"], row["overdue"] * days))
        account_days = row["accounts"] * days
        weight = _ten_digits(FIFTY_DIGITS.divide(account_days, account_days + (300 if len(key) == 2 else 3000)))
        rate = own if len(key) == 1 else weight * own + (1 - weight) * found[key[:-1]]
        found[key] = max(_ten_digits(rate), Decimal(0))
    yield from ((*key, rate) for key, rate in found.items() if len(key) == 4)


def _ten_digits(number: Decimal) -> Decimal:
    return number.quantize(Decimal("1e-10"), context=FIFTY_DIGITS)


def figures(rows: Sequence[Mapping[str, Any]], days: int) -> Iterator[Figure]:
    """Of the rows of all scans: each KPI for every entity that occurs, and every currency of it; of so many days."""
    found = _read(rows)
    for grain, entity in found.currencies:
        currencies = found.currencies[grain, entity] or found.currencies["portfolio", "portfolio"]
        for name, kpi in KPIS.items():
            if grain in kpi.grains:
                for currency in sorted(currencies) if kpi.in_money else ("",):
                    yield _figure(name, kpi, found.sums, (grain, entity), currency, days)


@dataclass(frozen=True, slots=True)
class _Found:
    sums: dict[tuple[str, Entity, str], Decimal] = field(default_factory=dict)
    currencies: dict[Entity, set[str]] = field(default_factory=dict)


def _read(rows: Sequence[Mapping[str, Any]]) -> _Found:
    """Decimals of a row with a currency are money; whatever else there is adds up over currencies."""
    found = _Found()
    for row in rows:
        entity, currency, part = (row["grain"], row["entity"]), row["currency"] or "", row["part"]
        found.currencies.setdefault(entity, set()).update({currency} - {""})
        for name, number in list(row.items())[4:]:
            named = f"{name}{part}" if name.endswith("_") else name
            key = named, entity, currency if isinstance(number, Decimal) else ""
            found.sums[key] = found.sums.get(key, Decimal(0)) + (number or 0)
    return found


def _figure(
    name: str, kpi: Kpi, sums: Mapping[tuple[str, Entity, str], Decimal], entity: Entity, currency: str, days: int
) -> Figure:
    above = _sum(kpi.above, sums, entity, currency)
    if not kpi.below:
        value = FIFTY_DIGITS.divide(above, Decimal(days)) if kpi.a_day else above
        return Figure(name, *entity, currency, value, above, None)
    below = _sum(kpi.below, sums, entity, currency)
    below = FIFTY_DIGITS.divide(below, Decimal(days)) if kpi.a_day else below
    return Figure(name, *entity, currency, FIFTY_DIGITS.divide(above, below) if below else None, above, below)


def _sum(names: str, sums: Mapping[tuple[str, Entity, str], Decimal], entity: Entity, currency: str) -> Decimal:
    return sum((sums.get((name, entity, currency), Decimal(0)) for name in names.split(" + ")), Decimal(0))
