"""Credits of every kind of rule: a slow, plain calculator over rows, and the SQL, equal to the last digit."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.dispatch import FOREVER
from domain.money import minor_digits
from domain.rules import version_digest
from kpi_rules.credit_language import ToHandover, ToHouse, ToLastContact, ToOwner, ToPromiseTaker, ToSplit
from kpi_rules.views import VIEWS

START, AS_OF, LOOK_BACK_DAYS = date(2026, 10, 1), date(2026, 10, 20), 20
EARLIEST = START - timedelta(days=LOOK_BACK_DAYS)
FIRST = date(2026, 9, 8)
DEBTOR_OF = {"A1": "D1", "A2": "D1", "A3": "D1", "A4": "D2"}
CURRENCY_OF = {"A1": "CNY", "A2": "CNY", "A3": "VND", "A4": "VND"}

OWNER, HOUSE = "{kind: owner, date: paid_on}", "{kind: house}"
CONTACT = f'{{kind: last_contact, within_days: 5, where: channel == "call", otherwise: {OWNER}}}'
PROMISE = f"{{kind: promise_taker, grace_days: 2, otherwise: {HOUSE}}}"
SPLIT = f"""{{kind: split, parts: [{{share: 0.335, to: {CONTACT}}}, {{share: 0.335, to: {PROMISE}}},
    {{share: 0.33, to: {OWNER}}}]}}"""
HANDOVER = "{kind: handover, within_days: 6, before: 0.4}"
FIELD = "{kind: handover, within_days: 30, before: 0.25, from_department: DE1, to_department: DE2}"

days = st.integers(0, 44).map(lambda offset: FIRST + timedelta(days=offset))
money = st.integers(1, 5000).map(lambda units: Decimal(units) / 100)
accounts, people = st.sampled_from(sorted(DEBTOR_OF)), st.sampled_from(["E1", "E2", "P1", None])
owners = st.sampled_from(["E1", "E2", "P1", "HOUSE"])
targets = st.sampled_from([OWNER, HOUSE, CONTACT, PROMISE, SPLIT, HANDOVER, FIELD])

ways = st.sampled_from(["oldest_first", "largest_first", None])
# Since a day both rules are other ones, or the first is no more; `first` spreads over accounts before it, or ever.
changes = st.fixed_dictionaries(
    {
        "day": st.integers(-2, 21).map(lambda offset: START + timedelta(days=offset)),
        "first": st.sampled_from([None, OWNER, CONTACT, HANDOVER]),
        "spreads": st.booleans(),
        "second": targets,
        "says": st.sampled_from(["by_days", "whole_month", None]),
    }
)
rule_texts = st.tuples(targets, targets, ways, st.none() | changes)
book_rows = st.fixed_dictionaries(
    {
        "due": st.dictionaries(accounts, st.tuples(st.integers(0, 90), st.integers(0, 30).map(Decimal))),
        "owned": st.dictionaries(accounts, st.lists(st.tuples(days, owners), min_size=1, max_size=3), max_size=4),
        "contacts": st.lists(st.tuples(accounts, people, days, st.sampled_from(["call", "sms"])), max_size=8),
        "promises": st.lists(st.tuples(accounts, people, days, st.integers(0, 9)), max_size=6),
        "payments": st.lists(
            st.tuples(accounts, days, st.integers(0, 4), money, st.sampled_from(["cash", "transfer"])), max_size=7
        ),
        "reversals": st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.booleans()), max_size=3),
    }
)


@pytest.mark.slow
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(texts=rule_texts, rows=book_rows)
def test_sql_and_the_plain_calculator_agree(texts, rows, decoded_rules, shared_book):
    _agree(shared_book, _rules(decoded_rules, texts), Oracle(rows))


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(texts=rule_texts, rows=book_rows)
def test_postgresql_agrees_too(texts, rows, decoded_rules, postgresql_book):
    _agree(postgresql_book, _rules(decoded_rules, texts), Oracle(rows))


def _agree(book, rules, oracle):
    oracle.load(book)
    made = book.credit(rules, START, AS_OF)
    shown = [{name: row[name] for name in SHOWN} for row in made]
    assert shown == oracle.credits([each.rule for each in rules.credit_rules])
    assert all(each.tie_out for each in book.totals())


SHOWN = ("payment_id", "line", "account_id", "credit_rule", "credit_rule_version", "employee_id", "partner_id",
         "department_id", "through", "recovered", "share", "reason")  # fmt: skip


def _rules(decode, texts):
    first, second, way, change = texts
    over = f", over_accounts: {way}" if way else ""
    ends = f", valid_to: {change['day']}" if change else ""
    lines = [_rule("first", first, f"{over}{ends}"), _rule("second", second, ends)]
    if change:
        says = f", changes: {change['says']}" if change["says"] else ""
        lines += [_rule("second", change["second"], says, change["day"])]
        since = f"{over if change['spreads'] else ''}{says}"
        lines += [_rule("first", change["first"], since, change["day"])] if change["first"] else []
    rules, issues = decode("credit_rules:\n" + "".join(lines))
    assert not issues, issues
    return rules


def _rule(name, to, keys, begins=date(2020, 1, 1)):
    order, where = {"first": (1, 'channel == "cash"'), "second": (2, "amount >= 2")}[name]
    head = f"owner: o, title: T, valid_from: {begins}, review_by: 2027-01-01, look_back_days: {LOOK_BACK_DAYS}"
    return f"  - {{id: {name}, {head}, order: {order}, where: '{where}', to: {to}{keys}}}\n"


class Oracle:
    """The rows of a book, and what the rules make of them, one payment after the other."""

    def __init__(self, rows):
        self.rows = {
            "accounts_opening": [
                {"account_id": name, "debtor_id": DEBTOR_OF[name], "currency": CURRENCY_OF[name],
                 "days_past_due": age, "overdue_amount": amount}
                for name, (age, amount) in rows["due"].items()
            ],
            "accounts": [{"account_id": name, "branch_id": "B"} for name in DEBTOR_OF],
            "dispatch": [each for name, owned in rows["owned"].items() for each in _intervals(name, owned)],
            "staff_postings": [
                {"employee_id": f"E{number}", "valid_from": FIRST, "valid_to": FOREVER, "team_id": f"TE{number}",
                 "department_id": f"DE{number}"} for number in (1, 2)
            ],
            "contacts": [
                {"contact_id": f"C{number}", "account_id": account, **_maker(who), "channel": channel,
                 "started_wall": _noon(day), "started_at": _noon(day)}
                for number, (account, who, day, channel) in enumerate(rows["contacts"])
            ],
            "promises": [
                {"promise_id": f"M{number}", "account_id": account, **_maker(who), "made_on": day,
                 "due_on": day + timedelta(days=wait)}
                for number, (account, who, day, wait) in enumerate(rows["promises"])
            ],
            "payments": list(_payments(rows)),
            "credits_before": [],
        }  # fmt: skip

    def load(self, book):
        for name, rows in self.rows.items():
            book.connection.execute(sa.delete(VIEWS[name]))
            book.add_all(name, rows)

    def credits(self, rules):
        self._rules = rules
        self._pieces = self._spread()
        booked = sorted(self._in_period(), key=lambda row: row["payment_id"])
        found = []
        for row in booked:
            lines = self._taken_back(row) if row["reverses"] else self._lines(row)
            found += [{name: line[name] for name in SHOWN} for line in lines]
        return found

    def _in_period(self):
        return [row for row in self.rows["payments"] if START <= row["posted_on"] <= AS_OF]

    def _taken_back(self, row):
        original = next((each for each in self.rows["payments"]
                         if each["payment_id"] == row["reverses"] and each["posted_on"] >= EARLIEST), None)  # fmt: skip
        fault = "original_unknown" if original is None else original["reverses"] and "original_is_a_reversal"
        if fault:
            return [_line(row, 1, row["account_id"], None, {}, row["amount"], Decimal(1), fault)]
        had = self._lines(original)
        left, taken = -row["amount"], {}
        for line in reversed(had[1:]):
            taken[line["line"]] = min(left, line["recovered"])
            left -= taken[line["line"]]
        taken[1] = left
        return [{**line, "payment_id": row["payment_id"], "recovered": -taken[line["line"]]} for line in had]

    def _lines(self, row):
        rule = self._rule_of(row)
        lines = []
        for account, amount in self._pieces.get(row["payment_id"], [(row["account_id"], row["amount"])]):
            parts = self._parts(rule, row, account)
            for (share, who, reason), part in zip(parts, _by_shares(amount, parts, row["currency"]), strict=True):
                lines.append(_line(row, len(lines) + 1, account, rule, who, part, share, reason))
        return lines

    def _rule_of(self, row):
        """The first that it meets, each in the version of the day of booking, or in the last one if that says so."""
        for name in ("first", "second"):
            versions = sorted((each for each in self._rules if each.id == name), key=lambda each: each.valid_from)
            held = [each for each in versions if any(each.holds_on(START + timedelta(days=n)) for n in range(20))]
            day = AS_OF if held and held[-1].changes == "whole_month" else max(START, row["posted_on"])
            rule = next((each for each in versions if each.holds_on(day)), None)
            if rule and _meets(rule, row):
                return rule
        return None

    def _parts(self, rule, row, account):
        owner = self._owner(account, row["paid_on"])
        if rule is None:
            return [(Decimal(1), {}, "no_rule")]
        if isinstance(rule.to, ToHandover):
            before = self._before(rule.to, owner, account, row["paid_on"])
            if before:
                mine = self._owned(owner)
                return [(rule.to.before, _of_owner(before), None), (1 - rule.to.before, *mine)]
            return [(Decimal(1), *self._owned(owner))]
        parts = rule.to.parts if isinstance(rule.to, ToSplit) else None
        return (
            [(part.share, *self._who(part.to, row, account)) for part in parts]
            if parts
            else [(Decimal(1), *self._who(rule.to, row, account))]
        )

    def _who(self, to, row, account):
        match to:
            case ToHouse():
                return {}, "house_rule"
            case ToOwner():
                return self._owned(self._owner(account, row["paid_on"]))
        name, found = self._last(to, row, account)
        if found:
            employee = found["employee_id"]
            department = employee and f"D{employee}"
            return {**found, "department_id": department, "through": found[f"{name}_id"]}, None
        if isinstance(to.otherwise, ToHouse):
            return {}, f"no_{name}"
        return self._owned(self._owner(account, row["paid_on"]))

    def _last(self, to, row, account):
        paid_on = row["paid_on"]
        if isinstance(to, ToLastContact):
            kept = [
                each
                for each in self.rows["contacts"]
                if each["channel"] == "call"
                and paid_on - timedelta(days=to.within_days) <= each["started_wall"].date() <= paid_on
            ]
            name, when = "contact", "started_at"
        else:
            assert isinstance(to, ToPromiseTaker)
            kept = [
                each
                for each in self.rows["promises"]
                if each["made_on"] <= paid_on <= each["due_on"] + timedelta(days=to.grace_days)
            ]
            name, when = "promise", "made_on"
        kept = [each for each in kept if each["account_id"] == account and (each["employee_id"] or each["partner_id"])]
        return name, max(kept, key=lambda each: (each[when], each[f"{name}_id"]), default=None)  # fmt: skip

    def _owner(self, account, day):
        return next((each for each in self.rows["dispatch"] if each["account_id"] == account
                     and each["valid_from"] <= day < each["valid_to"]), None)  # fmt: skip

    def _owned(self, owner):
        if owner is None or owner["owner_kind"] == "house":
            return {}, "house" if owner else "no_owner"
        return _of_owner(owner), None

    def _before(self, to, owner, account, day):
        if owner is None or owner["owner_kind"] == "house":
            return None
        others = [each for each in self.rows["dispatch"] if each["account_id"] == account
                  and each["owner_id"] != owner["owner_id"] and each["valid_to"] <= day]  # fmt: skip
        before = max(others, key=lambda each: each["valid_to"], default=None)
        if before is None or before["owner_kind"] == "house" or (day - before["valid_to"]).days >= to.within_days:
            return None
        stated = (to.from_department, to.to_department)
        if any(want not in (None, has) for want, has in zip(stated, (before["department_id"], owner["department_id"]),
                                                            strict=True)):  # fmt: skip
            return None
        return before

    def _spread(self):
        """Payment by payment, in the order of booking, each fills what earlier ones have left open."""
        spreading = [each for each in self._rules if each.over_accounts]
        if not spreading:
            return {}
        way = spreading[0].over_accounts
        book = {each["account_id"]: each for each in self.rows["accounts_opening"]}
        due = {name: each["overdue_amount"] for name, each in book.items()}
        pieces = {}
        for row in sorted(self._in_period(), key=lambda row: (row["posted_on"], row["payment_id"])):
            rule = self._rule_of(row)
            if row["reverses"] or rule not in spreading or row["account_id"] not in book:
                continue
            pieces[row["payment_id"]] = self._filled(row, book, due, way)
        return pieces

    def _filled(self, row, book, due, way):
        mine = [each for each in book.values() if each["debtor_id"] == DEBTOR_OF[row["account_id"]]
                and each["currency"] == row["currency"]]  # fmt: skip
        first = "days_past_due" if way == "oldest_first" else "overdue_amount"
        left, filled = row["amount"], {}
        for each in sorted(mine, key=lambda each: (-each[first], each["account_id"])):
            part = min(left, due[each["account_id"]])
            if part > 0:
                filled[each["account_id"]] = part
                due[each["account_id"]] -= part
                left -= part
        if left > 0:
            filled[row["account_id"]] = filled.get(row["account_id"], Decimal(0)) + left
        return list(filled.items())


def _by_shares(amount, parts, currency):
    unit = Decimal(1).scaleb(-minor_digits(currency))
    exact = [amount * share for share, *_ in parts]
    floors = [each.quantize(unit, rounding=ROUND_DOWN) for each in exact]
    order = sorted(range(len(parts)), key=lambda number: (floors[number] - exact[number], number))
    left = amount - sum(floors)
    for number in order:
        if left >= unit:
            floors[number] += unit
            left -= unit
    floors[order[0]] += left
    return floors


def _line(row, number, account, rule, who, amount, share, reason):
    names = ("employee_id", "partner_id", "department_id", "through")
    return {"payment_id": row["payment_id"], "line": number, "account_id": account,
            "credit_rule": rule and rule.id, "credit_rule_version": rule and version_digest(rule),
            **{name: who.get(name) for name in names}, "recovered": amount, "share": share,
            "reason": reason}  # fmt: skip


def _meets(rule, row):
    return row["channel"] == "cash" if rule.id == "first" else row["amount"] >= 2


def _of_owner(owner):
    kind = f"{owner['owner_kind']}_id"
    return {kind: owner["owner_id"], "department_id": owner["department_id"]}


def _maker(who):
    return {"employee_id": who if who and who[0] == "E" else None, "partner_id": "P1" if who == "P1" else None}


def _intervals(account, owned):
    starts = sorted(dict(owned).items())
    for (begin, owner), end in zip(starts, [*(day for day, _ in starts[1:]), FOREVER], strict=True):
        kind = {"E": "employee", "P": "partner", "H": "house"}[owner[0]]
        department = None if kind == "house" else f"D{owner}"
        yield {"account_id": account, "owner_kind": kind, "owner_id": owner, "valid_from": begin, "valid_to": end,
               "department_id": department, "team_id": None, "segment": "S"}  # fmt: skip


def _payments(rows):
    made = []
    for number, (account, paid_on, wait, amount, channel) in enumerate(rows["payments"]):
        made.append({"payment_id": f"Y{number}", "account_id": account, "paid_on": paid_on, "amount": amount,
                     "posted_on": paid_on + timedelta(days=wait), "channel": channel, "reverses": None,
                     "currency": CURRENCY_OF[account]})  # fmt: skip
    yield from made
    for number, (which, wait, whole) in enumerate(rows["reversals"]):
        if not made:
            return
        back = made[which % len(made)]
        amount = back["amount"] if whole else (back["amount"] / 2).quantize(Decimal("0.01"))
        yield {**back, "payment_id": f"Z{number}", "amount": -amount, "reverses": back["payment_id"],
               "posted_on": back["posted_on"] + timedelta(days=wait)}  # fmt: skip


def _noon(day):
    return datetime.fromisoformat(f"{day} 12:00")
