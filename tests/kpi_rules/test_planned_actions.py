"""What became of planned actions, and whose they are: beside a plain calculator, and by hand as figures."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.dispatch import FOREVER
from domain.exact import exact
from kpi_rules.planned import planned_rows
from kpi_rules.views import VIEWS

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)
FIRST = date(2026, 9, 20)
DAY = timedelta(days=1)

days = st.integers(0, 32).map(lambda offset: FIRST + offset * DAY)
accounts = st.sampled_from(["A1", "A2"])
makers = st.sampled_from(["E1", "E2", "P1", None])
owners = st.sampled_from(
    [("employee", "E1", "S1"), ("employee", "E2", "S1"), ("employee", "E1", "S2"), ("partner", "P1", "S1"),
     ("house", "HOUSE", "S1"), ("employee", "E2", None), None]
)  # fmt: skip

planned = st.tuples(
    accounts, days, st.integers(0, 8), st.sampled_from([",call,bot,", ",sms,", ",visit,", ",legal,"]),
    st.booleans(), st.booleans(), st.sampled_from(["leaves_segment", "leaves_collection"]),
    st.sampled_from(["S1", "S2", None]),
)  # fmt: skip
books = st.fixed_dictionaries(
    {
        "planned": st.lists(planned, min_size=1, max_size=5),
        "stretches": st.lists(st.tuples(accounts, days, owners), max_size=9),
        "contacts": st.lists(
            st.tuples(accounts, days, makers, st.sampled_from(["call", "bot", "sms", "visit"]),
                      st.sampled_from(["out", "in"]), st.sampled_from(["no_answer", "promise", "third_party"])),
            max_size=8),
        "visits": st.lists(st.tuples(accounts, days, makers, st.sampled_from(["met_debtor", "nobody"])), max_size=4),
        "cases": st.lists(st.tuples(accounts, days, makers, st.sampled_from(["legal", "fraud"])), max_size=3),
    }
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books)
def test_states_days_and_owners_are_those_of_a_plain_calculator(rows, shared_book):
    plain = Plain(rows)
    for view in ("planned_actions", "dispatch", "contacts", "visits", "cases"):
        shared_book.connection.execute(sa.delete(VIEWS[view]))
        shared_book.add_all(view, getattr(plain, view))
    found = shared_book.rows(actions_statement())
    assert {row["number"]: row for row in found} == {row["number"]: row for row in plain.became()}
    assert len(found) == len({row["number"] for row in found})


def actions_statement():
    rows = planned_rows()
    names = ("number", "state", "done_on", "withdrawn_on", "owner_kind", "owner_id", "segment")
    return exact(sa.select(*(rows.c[name] for name in names)).params(start=START, as_of=AS_OF))


class Plain:
    """Day by day and action by action; shares nothing with what it checks but the words of the definitions."""

    def __init__(self, rows):
        self.planned_actions = [
            {"number": number, "account_id": account, "due_from": first, "due_by": first + lasts * DAY,
             "proofs": proofs, "effective": effective, "by_owner": by_owner, "withdrawn_when": when,
             "owner_kind": "employee", "owner_id": "E9", "segment": segment}
            for number, row in enumerate(rows["planned"])
            for account, first, lasts, proofs, effective, by_owner, when, segment in [row]
        ]  # fmt: skip
        self.dispatch = [stay for account in ("A1", "A2") for stay in self._stays(account, rows["stretches"])]
        self.contacts = [
            {"contact_id": f"C{n}", "account_id": account, "started_wall": datetime.combine(day, time(23, 59)),
             "employee_id": maker if maker != "P1" else None, "partner_id": maker if maker == "P1" else None,
             "channel": channel, "direction": direction, "outcome": outcome}
            for n, (account, day, maker, channel, direction, outcome) in enumerate(rows["contacts"])
        ]  # fmt: skip
        self.visits = [
            {"visit_id": f"V{n}", "account_id": account, "made_at": datetime.combine(day, time(8)),
             "employee_id": maker if maker != "P1" else None, "partner_id": maker if maker == "P1" else None,
             "outcome": outcome}
            for n, (account, day, maker, outcome) in enumerate(rows["visits"])
        ]  # fmt: skip
        self.cases = [
            {"case_id": f"K{n}", "account_id": account, "opened_on": day, "owner_id": maker, "case_type": case_type}
            for n, (account, day, maker, case_type) in enumerate(rows["cases"])
        ]

    def became(self):
        counted = (row for row in self.planned_actions if row["due_from"] <= AS_OF and row["due_by"] + DAY >= START)
        return [self._became(row) for row in counted]

    def _became(self, action):
        left = self._left_on(action)
        done = self._done_on(action, left)
        has_left = done is None and left is not None and left <= min(action["due_by"] + DAY, AS_OF)
        owner = self._owner(action, left, done)
        return {"number": action["number"], "state": self._state(action, done, has_left), "done_on": done,
                "withdrawn_on": left if has_left else None,
                **{name: owner[name] for name in ("owner_kind", "owner_id", "segment")}}  # fmt: skip

    def _state(self, action, done, has_left):
        if action["due_by"] >= AS_OF:
            return "open"
        if has_left:
            return "withdrawn"
        if done is None:
            return "missed"
        return "done_in_time" if done <= action["due_by"] else "done_late"

    def _left_on(self, action):
        """The first day on which the account is not where the action is asked for; None if there is none by now."""
        day = action["due_from"]
        while day <= AS_OF:
            if not self._is_there(action, day):
                return day
            day += DAY
        return None

    def _is_there(self, action, day):
        owner = self._owner_on(action["account_id"], day)
        if owner is None or owner["owner_kind"] == "house":
            return False
        same = (owner["segment"], owner["owner_kind"]) == (action["segment"], action["owner_kind"])
        return same or action["withdrawn_when"] == "leaves_collection"

    def _done_on(self, action, left):
        end = min(left or AS_OF + DAY, AS_OF + DAY)
        shown = [(day, maker) for day, maker in self._proofs(action) if action["due_from"] <= day < end]
        done = [day for day, maker in shown if not action["by_owner"] or maker == self._owner_id_on(action, day)]
        return min(done, default=None)

    def _owner_id_on(self, action, day):
        return self._owner_on(action["account_id"], day)["owner_id"]

    def _proofs(self, action):
        mine = action["proofs"].strip(",").split(",")
        for row in self.contacts:
            reached = row["outcome"] == "promise" or not action["effective"]
            if (
                row["account_id"] == action["account_id"]
                and row["channel"] in set(mine) - {"visit"}
                and row["direction"] == "out"
                and reached
            ):
                yield row["started_wall"].date(), row["employee_id"] or row["partner_id"]
        for row in self.visits:
            met = row["outcome"] == "met_debtor" or not action["effective"]
            if row["account_id"] == action["account_id"] and "visit" in mine and met:
                yield row["made_at"].date(), row["employee_id"] or row["partner_id"]
        for row in self.cases:
            if row["account_id"] == action["account_id"] and row["case_type"] in mine and not action["effective"]:
                yield row["opened_on"], row["owner_id"]

    def _owner(self, action, left, done):
        if done is not None and done <= action["due_by"]:
            return self._owner_on(action["account_id"], done)
        day, had = action["due_from"], []
        while day <= action["due_by"] and (left is None or day < left):
            had.append(self._owner_on(action["account_id"], day))
            day += DAY
        if not had:
            return action
        counts = {owner["owner_id"]: sum(1 for each in had if each["owner_id"] == owner["owner_id"]) for owner in had}
        return next(owner for owner in reversed(had) if counts[owner["owner_id"]] == max(counts.values()))

    def _owner_on(self, account, day):
        return next((stay for stay in self.dispatch if stay["account_id"] == account
                     and stay["valid_from"] <= day < stay["valid_to"]), None)  # fmt: skip

    def _stays(self, account, stretches):
        mine = {day: owner for each, day, owner in stretches if each == account}
        begins = sorted(mine)
        for begin, end in pairwise([*begins, FOREVER]):
            if mine[begin]:
                kind, owner, segment = mine[begin]
                yield {"account_id": account, "owner_kind": kind, "owner_id": owner, "segment": segment,
                       "valid_from": begin, "valid_to": end}  # fmt: skip
