"""A slow, plain calculator over rows, and the SQL: equal to the last digit on whatever book Hypothesis thinks of."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.dispatch import FOREVER
from domain.money import CONTEXT
from kpi_rules.plan import plan_kpis
from kpi_rules.views import VIEWS

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)
FIRST = date(2026, 9, 20)
PERIOD = [START + timedelta(days=number) for number in range(20)]
LAST_DAYS = [0, 30, 60, 90, 120, 150, 180]

days = st.integers(0, 32).map(lambda offset: FIRST + timedelta(days=offset))
money = st.integers(-50, 500).map(lambda minor: Decimal(minor) / 4)
accounts = st.sampled_from(["A1", "A2", "A3", "A4"])
outcomes = st.sampled_from(["no_answer", "promise", "refused"])
employees = st.sampled_from(["E1", "E2", None])
owners = st.sampled_from([("employee", "E1"), ("employee", "E2"), ("partner", "P1"), ("house", "HOUSE")])
MOVED = frozenset((employee, department) for employee in ("E1", "E2") for department in ("DT1", "phone_early"))
CURRENCY_OF = {"A1": "VND", "A2": "VND", "A3": "USD", "A4": "USD"}

PRODUCT_OF = {"A1": "card", "A2": "card", "A3": "card", "A4": "overdraft"}
SCALE_OF = {"A1": 1, "A2": 100, "A3": 1, "A4": 1}

COMPARED = (
    "calls_made",
    "accounts_contacted",
    "contact_rate",
    "promise_kept",
    "overdue_balance_2",
    "cure_rate_overdue",
    "roll_rate_by_stock_1",
    "roll_rate_by_cohort_1",
    "roll_rate_by_cohort_accounts_0",
    "recovered",
    "overdue_at_opening",
    "recovery_rate_of_opening",
    "average_overdue",
    "recovery_rate",
    "expected_recovery",
    "recovery_vs_expected",
)

book_rows = st.fixed_dictionaries(
    {
        "accounts": st.dictionaries(accounts, st.tuples(st.integers(0, 200), money), max_size=4),
        "accounts_opening": st.dictionaries(accounts, st.tuples(st.integers(0, 200), money), max_size=4),
        "dispatch": st.dictionaries(accounts, st.tuples(owners, days, owners), max_size=4),
        "moves": st.dictionaries(st.sampled_from(["E1", "E2"]), days, max_size=2),
        "contacts": st.lists(st.tuples(accounts, employees, days, outcomes), max_size=8),
        "payments": st.lists(st.tuples(accounts, days, st.integers(0, 3), money), max_size=8),
        "reversals": st.lists(st.tuples(st.integers(0, 9), days), max_size=3),
        "promises": st.lists(st.tuples(accounts, employees, days, st.integers(0, 12), money), max_size=6),
    }
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rows=book_rows)
def test_sql_and_the_plain_calculator_agree(rows, night):
    oracle = Oracle(rows)
    night.load(oracle)
    found = {(each.kpi, each.grain, each.entity, each.currency): each.value for each in night.figures()}
    for key, value in found.items():
        if key[0] in COMPARED:
            assert (key, value) == (key, oracle.value(*key))
            assert key[0] != "contact_rate" or value is None or 0 <= value <= 1
    assert set(COMPARED) <= {key[0] for key in found}
    postings = {entity for _, grain, entity, _ in found if grain.value == "posting"}
    assert postings == {f"{employee}@{department}" for employee, department in MOVED}


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rows=book_rows)
def test_every_payment_of_the_period_is_credited_or_has_a_reason(rows, night):
    oracle = Oracle(rows)
    night.load(oracle)
    made = night.credits()
    booked = [payment for payment in oracle.payments if START <= payment["posted_on"] <= AS_OF]
    assert [each["payment_id"] for each in made] == sorted(payment["payment_id"] for payment in booked)
    assert all((each["reason"] is None) == bool(each["employee_id"] or each["partner_id"]) for each in made)
    totals = night.totals()
    assert all(each.tie_out for each in totals)
    money = sum((payment["amount"] - payment["waiver"] for payment in booked), Decimal(0))
    assert sum((each.eligible for each in totals), Decimal(0)) == money


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(rows=book_rows)
def test_a_reversal_takes_all_of_the_credit_from_whoever_had_it(rows, night):
    oracle = Oracle(rows)
    night.load(oracle)
    by_payment = {each["payment_id"]: each for each in night.credits()}
    for credit in by_payment.values():
        original = by_payment.get(oracle.reversed_by(credit["payment_id"]))
        if original:
            assert (credit["owner_id"], credit["reason"]) == (original["owner_id"], original["reason"])
            assert credit["recovered"] == -original["recovered"]


class Night:
    """One book for all examples: each of them empties the tables that it fills."""

    def __init__(self, book, rules):
        self._book, self._rules = book, rules
        self._plan = plan_kpis(rules, start=START, as_of=AS_OF)

    def load(self, oracle):
        for view in ("accounts", "accounts_opening", "dispatch", "staff_postings", "contacts", "payments", "promises"):
            self._book.connection.execute(sa.delete(VIEWS[view]))
            self._book.add_all(view, getattr(oracle, view))

    def figures(self):
        self.credits()
        self._book.expect()
        return self._book.results(self._plan, MOVED)

    def credits(self):
        return self._book.credit(self._rules)

    def totals(self):
        return self._book.totals()


@pytest.fixture(scope="module")
def night(shared_book, house_rules):
    return Night(shared_book, house_rules)


class Oracle:
    """Plain Python over the rows; shares nothing with what it checks but the words of the definitions."""

    def __init__(self, rows):
        self.accounts, self.accounts_opening = self._book(rows["accounts"]), self._book(rows["accounts_opening"])
        self.dispatch = [
            interval for account, owned in rows["dispatch"].items() for interval in self._intervals(account, owned)
        ]
        self.staff_postings = [
            posting for employee in ("E1", "E2") for posting in self._postings(employee, rows["moves"])
        ]
        self.contacts = [
            {
                "contact_id": f"C{n}",
                "account_id": account,
                "employee_id": employee,
                "started_wall": datetime.combine(day, time(23, 59)),
                "outcome": outcome,
            }
            for n, (account, employee, day, outcome) in enumerate(rows["contacts"])
        ]
        self.payments = self._payments(rows["payments"], rows["reversals"])
        self.promises = [
            {"promise_id": f"M{n}", "account_id": account, "employee_id": employee, "made_on": made_on,
             "amount": amount, "due_on": made_on + timedelta(days=wait), "currency": CURRENCY_OF[account]}
            for n, (account, employee, made_on, wait, amount) in enumerate(rows["promises"])
        ]  # fmt: skip

    def value(self, kpi, grain, entity, currency):
        made = getattr(self, f"_{kpi}")(lambda row: self._counts(row, grain, entity, currency))
        if not isinstance(made, tuple):
            return made
        return CONTEXT.divide(Decimal(made[0]), Decimal(made[1])) if made[1] else None

    def reversed_by(self, payment_id):
        return next(each["reverses"] for each in self.payments if each["payment_id"] == payment_id)

    def _calls_made(self, counts):
        return sum(1 for row in self._contacts_of_period() if counts(row))

    def _accounts_contacted(self, counts):
        return len(
            {row["account_id"] for row in self._contacts_of_period() if counts(row) and row["outcome"] != "no_answer"}
        )

    def _contact_rate(self, counts):
        """Day by day: the accounts that somebody worked, and those of them that were reached on that very day."""
        worked = [row for day in PERIOD for row in self._worked_on(day) if counts(row)]
        reached = {row["account_id"] for row in worked if self._is_reached(row["account_id"], row["day"])}
        return len(reached), len({row["account_id"] for row in worked})

    def _worked_on(self, day):
        for account in sorted({each["account_id"] for each in self.dispatch}):
            owner = self._owner(account, day)
            if owner and owner["owner_kind"] != "house":
                book = self._now({"account_id": account}) or {}
                known = {"account_id": account, "branch_id": book.get("branch_id"), "day": day}
                yield {**known, **self._dimensions(owner)}

    def _is_reached(self, account, day):
        made = [row for row in self.contacts if row["account_id"] == account and row["started_wall"].date() == day]
        return any(row["outcome"] != "no_answer" for row in made)

    def _promise_kept(self, counts):
        due = [row for row in self._promises_judged() if counts(row)]
        return sum(1 for row in due if self._paid_for(row) >= row["amount"] * Decimal("0.9")), len(due)

    def _overdue_balance_2(self, counts):
        return self._balance(self._owned(self.accounts, AS_OF), counts, 2)

    def _roll_rate_by_stock_1(self, counts):
        now = self._balance(self._owned(self.accounts, AS_OF), counts, 2)
        return now, self._balance(self._owned(self.accounts_opening, START), counts, 1)

    def _roll_rate_by_cohort_1(self, counts):
        before = [row for row in self._owned(self.accounts_opening, START) if counts(row) and bucket(row) == 1]
        rolled = [row for row in before if self._now(row) and bucket(self._now(row)) == 2]
        return sum(row["balance"] for row in rolled), sum(row["balance"] for row in before)

    def _roll_rate_by_cohort_accounts_0(self, counts):
        before = [row for row in self._owned(self.accounts_opening, START) if counts(row) and bucket(row) == 0]
        return sum(1 for row in before if self._now(row) and bucket(self._now(row)) == 1), len(before)

    def _cure_rate_overdue(self, counts):
        before = [row for row in self._owned(self.accounts_opening, START) if counts(row) and bucket(row) > 0]
        return sum(1 for row in before if not self._now(row) or bucket(self._now(row)) < bucket(row)), len(before)

    def _recovered(self, counts):
        booked = [row for row in self.payments if START <= row["posted_on"] <= AS_OF]
        return sum((row["amount"] - row["waiver"] for row in booked if counts(self._credited(row))), Decimal(0))

    def _overdue_at_opening(self, counts):
        owned = self._owned(self.accounts_opening, START)
        return sum((row["overdue_amount"] for row in owned if counts(row)), Decimal(0))

    def _recovery_rate_of_opening(self, counts):
        return self._recovered(counts), self._overdue_at_opening(counts)

    def _average_overdue(self, counts):
        """Day by day: what there was to collect, for whoever had the account on the day."""
        owned = [row for day in PERIOD for row in self._had(day) if counts(row)]
        return sum((row["to_collect"] for row in owned), Decimal(0)), len(PERIOD)

    def _recovery_rate(self, counts):
        return self._recovered(counts), CONTEXT.divide(*map(Decimal, self._average_overdue(counts)))

    def _expected_recovery(self, counts):
        rows = [row for account in self.accounts_opening for row in self._expected_of(account)]
        return sum((row["expected"] for row in rows if counts(row)), Decimal(0))

    def _recovery_vs_expected(self, counts):
        expected_of = {row["account_id"] for row in self.accounts_opening if row["overdue_amount"] > 0}
        booked = [row for row in self.payments if START <= row["posted_on"] <= AS_OF]
        kept = [row for row in booked if row["account_id"] in expected_of and counts(self._credited(row))]
        return sum((row["amount"] - row["waiver"] for row in kept), Decimal(0)), self._expected_recovery(counts)

    def _expected_of(self, account):
        """A row for each owner that the account had, counted day by day, and one for the days of nobody."""
        rate, days = self._daily_rate(account), defaultdict(int)
        for offset in range((AS_OF - START).days + 1):
            owner = self._owner(account["account_id"], START + timedelta(days=offset))
            days[owner.get("valid_from")] += 1
        for begin, owned in days.items() if account["overdue_amount"] > 0 else ():
            owner = self._owner(account["account_id"], begin) if begin else {}
            money = (account["overdue_amount"] * rate * owned).quantize(Decimal("0.0001"), ROUND_HALF_UP, CONTEXT)
            yield {**account, **self._dimensions(owner), "expected": money}

    def _daily_rate(self, account):
        """From all of the currency to the account's own cell: what was seen, n / (n + k) of it."""
        like = [row for row in self.accounts_opening if row["overdue_amount"] > 0]
        rate = None
        for same, k in (("currency", 0), ("bucket", 300), ("product", 3_000), ("band", 3_000)):
            like = [row for row in like if cell(row)[same] == cell(account)[same]]
            seen = [row["overdue_amount"] for row in like]
            if seen:
                brought = sum((self._brought(row["account_id"]) for row in like), Decimal(0))
                raw = ten_digits(CONTEXT.divide(brought, sum(seen) * 20))
                weight = ten_digits(CONTEXT.divide(Decimal(len(seen) * 20), Decimal(len(seen) * 20 + k)))
                blended = raw if rate is None else weight * raw + (1 - weight) * rate
                rate = max(ten_digits(blended), Decimal(0))
        return rate

    def _brought(self, account_id):
        booked = [row for row in self.payments if START <= row["posted_on"] <= AS_OF]
        return sum((row["amount"] - row["waiver"] for row in booked if row["account_id"] == account_id), Decimal(0))

    def _counts(self, row, grain, entity, currency):
        if currency and row["currency"] != currency:
            return False
        own = {"employee": row.get("employee_id"), "partner": row.get("partner_id"), "team": row.get("team_id"),
               "department": row.get("department_id"), "branch": row.get("branch_id"), "segment": row.get("segment"),
               "portfolio": "portfolio"}  # fmt: skip
        if grain.value == "posting":
            return f"{own['employee']}@{own['department']}" == entity
        return own[grain.value] == entity

    def _contacts_of_period(self):
        in_period = [row for row in self.contacts if START <= row["started_wall"].date() <= AS_OF]
        return [self._event(row, row["started_wall"].date()) for row in in_period]

    def _promises_judged(self):
        judged = [row for row in self.promises if START <= row["due_on"] + timedelta(days=3) <= AS_OF]
        return [self._event(row, row["made_on"]) for row in judged]

    def _event(self, row, day):
        posting = next((each for each in self.staff_postings if each["employee_id"] == row["employee_id"]
                        and each["valid_from"] <= day < each["valid_to"]), {})  # fmt: skip
        book = next((each for each in self.accounts if each["account_id"] == row["account_id"]), {})
        owner = self._owner(row["account_id"], day)
        return {**row, "team_id": posting.get("team_id"), "department_id": posting.get("department_id"),
                "branch_id": book.get("branch_id"), "segment": owner.get("segment")}  # fmt: skip

    def _paid_for(self, promise):
        paid = Decimal(0)
        for row in self.payments:
            original = next((each for each in self.payments if each["payment_id"] == row["reverses"]), row)
            in_time = promise["made_on"] <= original["paid_on"] <= promise["due_on"] + timedelta(days=3)
            if row["account_id"] == promise["account_id"] and in_time and row["posted_on"] <= AS_OF:
                paid += row["amount"] - row["waiver"]
        return paid

    def _credited(self, payment):
        original = next((each for each in self.payments if each["payment_id"] == payment["reverses"]), payment)
        owner = self._owner(payment["account_id"], original["paid_on"])
        book = next((each for each in self.accounts if each["account_id"] == payment["account_id"]), {})
        credited = {} if owner.get("owner_kind") == "house" else self._dimensions(owner)
        return {**payment, **credited, "segment": owner.get("segment"), "branch_id": book.get("branch_id")}

    def _owned(self, book, day):
        return [{**row, **self._dimensions(self._owner(row["account_id"], day))} for row in book]

    def _owner(self, account, day):
        return next((each for each in self.dispatch if each["account_id"] == account
                     and each["valid_from"] <= day < each["valid_to"]), {})  # fmt: skip

    def _dimensions(self, owner):
        kind, owner_id = owner.get("owner_kind"), owner.get("owner_id")
        return {"employee_id": owner_id if kind == "employee" else None, "team_id": owner.get("team_id"),
                "partner_id": owner_id if kind == "partner" else None, "department_id": owner.get("department_id"),
                "segment": owner.get("segment")}  # fmt: skip

    def _had(self, day):
        """Every account that somebody had on the day, and those of the opening that nobody had on any day."""
        for account in sorted({row["account_id"] for row in (*self.accounts, *self.accounts_opening)}):
            before = next((row for row in self.accounts_opening if row["account_id"] == account), None)
            owners = {each: self._owner(account, each) for each in PERIOD}
            if any(owners.values()) or before:
                owner = self._worker(account, owners, day) if any(owners.values()) else {"owner_kind": "nobody"}
                known = before or self._now({"account_id": account})
                if owner:
                    to_collect = self._to_collect(account, before)
                    yield {**known, **self._dimensions(owner), "to_collect": to_collect}

    def _worker(self, account, owners, day):
        """The owner of the day; of an account that is cured or gone by now, for good whoever worked it last."""
        now, worked = self._now({"account_id": account}), [each for each in PERIOD if owners[each]]
        worked = [each for each in worked if owners[each]["owner_kind"] != "house"]
        is_over = now is None or now["days_past_due"] <= 0
        return owners[worked[-1]] if is_over and worked and day > worked[-1] else owners[day]

    def _to_collect(self, account, before):
        booked = [row for row in self.payments if row["account_id"] == account and START <= row["posted_on"] <= AS_OF]
        paid = sum((row["amount"] - row["waiver"] for row in booked), Decimal(0))
        now = self._now({"account_id": account})
        return max(before["overdue_amount"] if before else 0, (now["overdue_amount"] if now else 0) + paid)

    def _balance(self, rows, counts, number):
        return sum((row["balance"] for row in rows if counts(row) and bucket(row) == number), Decimal(0))

    def _now(self, row):
        return next((each for each in self.accounts if each["account_id"] == row["account_id"]), None)

    def _book(self, rows):
        return [
            {"account_id": account, "days_past_due": past_due, "balance": balance, "overdue_amount": abs(balance),
             "currency": CURRENCY_OF[account], "branch_id": f"B{account[1]}", "product": PRODUCT_OF[account]}
            for account, (past_due, balance) in _scaled(rows).items()
        ]  # fmt: skip

    def _intervals(self, account, owned):
        (before, day, after) = owned
        for (kind, owner), begin, end in ((before, FIRST, day), (after, day, FOREVER)):
            team = f"T{owner}" if kind == "employee" else None
            yield {"account_id": account, "owner_kind": kind, "owner_id": owner, "valid_from": begin, "valid_to": end,
                   "team_id": team, "department_id": team and "phone_early", "segment": f"S{kind}"}  # fmt: skip

    def _postings(self, employee, moves):
        day = moves.get(employee, date(9999, 1, 1))
        for team, begin, end in (("T1", FIRST, day), ("T2", day, FOREVER)):
            if begin < end:
                yield {
                    "employee_id": employee,
                    "valid_from": begin,
                    "valid_to": end,
                    "team_id": team,
                    "department_id": f"D{team}",
                }

    def _payments(self, payments, reversals):
        made = [
            {"payment_id": f"Y{n}", "account_id": account, "paid_on": paid_on, "amount": amount, "reverses": None,
             "posted_on": paid_on + timedelta(days=late), "waiver": Decimal("0.25"), "currency": CURRENCY_OF[account]}
            for n, (account, paid_on, late, amount) in enumerate(payments)
        ]  # fmt: skip
        taken: dict[str, dict] = defaultdict(dict)
        for number, day in reversals:
            if number < len(made) and made[number]["posted_on"] <= day:
                original = made[number]
                taken[original["payment_id"]] = {
                    **original, "payment_id": f"Z{number}", "reverses": original["payment_id"], "paid_on": day,
                    "posted_on": day, "amount": -original["amount"], "waiver": -original["waiver"],
                }  # fmt: skip
        return [*made, *taken.values()]


def _scaled(rows):
    return {account: (past_due, SCALE_OF[account] * money) for account, (past_due, money) in rows.items()}


def bucket(row):
    return sum(1 for last in LAST_DAYS if row["days_past_due"] > last)


def cell(row):
    band = len(str(int(row["balance"]))) - 3 if row["balance"] >= 1000 else 0
    return {"currency": row["currency"], "bucket": bucket(row), "product": row["product"], "band": band}


def ten_digits(number):
    return number.quantize(Decimal("1e-10"), ROUND_HALF_EVEN, CONTEXT)
