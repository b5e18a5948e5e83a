"""What became of planned actions, and whose they are: beside a plain calculator, and by hand as figures."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
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

near = st.integers(-3, 14)  # days after the first one of an action
lasts = st.integers(0, 4)
proofs = st.sampled_from([",call,bot,", ",call,bot,", ",visit,", ",legal,"])
accounts = st.sampled_from(["A1", "A1", "A1", "A2"])
makers = st.sampled_from(["E1", "E1", "E2", "P1", None])
owners = st.sampled_from(
    [("employee", "E1", "S1"), ("employee", "E2", "S1"), ("employee", "E2", "S2"), ("partner", "P1", "S1"),
     ("house", "HOUSE", "S1"), ("employee", "E1", None), None]
)  # fmt: skip
books = st.fixed_dictionaries(
    {
        "first": st.integers(0, 26).map(lambda offset: FIRST + offset * DAY),
        "planned": st.lists(
            st.tuples(accounts, st.integers(0, 3), lasts, proofs, st.booleans(), st.booleans(),
                      st.sampled_from(["leaves_segment", "leaves_collection"]),
                      st.sampled_from(["S1", "S1", "S2", None])),
            min_size=1, max_size=4),
        "first_owner": owners,
        "stretches": st.lists(st.tuples(accounts, near, owners), max_size=4),
        "contacts": st.lists(
            st.tuples(accounts, near, makers, st.sampled_from(["call", "bot", "visit"]),
                      st.sampled_from(["out", "out", "in"]), st.sampled_from(["no_answer", "promise"])),
            max_size=4),
        "visits": st.lists(st.tuples(accounts, near, makers, st.sampled_from(["met_debtor", "nobody"])), max_size=2),
        "cases": st.lists(st.tuples(accounts, near, makers, st.sampled_from(["legal", "fraud"])), max_size=2),
    }
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(rows=books)
def test_states_days_and_owners_are_those_of_a_plain_calculator(rows, shared_book):
    plain = Plain(rows)
    _empty(shared_book)
    for view in READ:
        shared_book.add_all(view, getattr(plain, view))
    found = shared_book.rows(actions_statement())
    assert {row["number"]: row for row in found} == {row["number"]: row for row in plain.became()}
    assert len(found) == len({row["number"] for row in found})


READ = ("planned_actions", "dispatch", "contacts", "visits", "cases")


def _empty(book):
    for view in READ:
        book.connection.execute(sa.delete(VIEWS[view]))


def on(day, month=10):
    return date(2026, month, day)


E1, E2 = ("employee", "E1", "S1"), ("employee", "E2", "S1")
ALWAYS = {FIRST: E1}
BY_HAND = {
    "a call on the first day": ({"calls": [(10, "E1")]}, "done_in_time", on(10), None, "E1"),
    "a call on the day before": ({"calls": [(9, "E1")]}, "missed", None, None, "E1"),
    "a call on the last day": ({"calls": [(12, "E1")]}, "done_in_time", on(12), None, "E1"),
    "a call on the day after": ({"calls": [(13, "E1")]}, "done_late", on(13), None, "E1"),
    "a call of somebody else": ({"calls": [(11, "E2")]}, "missed", None, None, "E1"),
    "somebody else may call": ({"by_owner": False, "calls": [(11, None)]}, "done_in_time", on(11), None, "E1"),
    "a call that came in": ({"calls": [(11, "E1")], "direction": "in"}, "missed", None, None, "E1"),
    "a message": ({"calls": [(11, "E1")], "channel": "sms"}, "missed", None, None, "E1"),
    "nobody answered": ({"effective": True, "calls": [(11, "E1")]}, "missed", None, None, "E1"),
    "the debtor answered": ({"effective": True, "calls": [(11, "E1")], "outcome": "refused"}, "done_in_time", on(11),
                            None, "E1"),
    "cured on its first day": ({"owners": {FIRST: E1, on(11): None}}, "withdrawn", None, on(11), "E1"),
    "cured on its last day": ({"owners": {FIRST: E1, on(13): None}}, "withdrawn", None, on(13), "E1"),
    "cured a day later": ({"owners": {FIRST: E1, on(14): None}}, "missed", None, None, "E1"),
    "held by the house": ({"owners": {FIRST: E1, on(12): ("house", "HOUSE", "S1")}}, "withdrawn", None, on(12), "E1"),
    "placed with a partner": ({"owners": {FIRST: E1, on(12): ("partner", "P1", "S1")}}, "withdrawn", None, on(12),
                              "E1"),
    "placed, and still asked for": ({"owners": {FIRST: E1, on(11): ("partner", "P1", "S1")}, "calls": [(12, "P1")],
                                     "withdrawn_when": "leaves_collection"}, "done_in_time", on(12), None, "P1"),
    "in another segment": ({"owners": {FIRST: E1, on(12): ("employee", "E1", "S2")}}, "withdrawn", None, on(12), "E1"),
    "gone and back again": ({"owners": {FIRST: E1, on(11): None, on(12): E2}, "calls": [(12, "E2")]}, "withdrawn", None,
                            on(11), "E1"),
    "done before it left": ({"owners": {FIRST: E1, on(12): None}, "calls": [(11, "E1")]}, "done_in_time", on(11), None,
                            "E1"),
    "done on the day it left": ({"owners": {FIRST: E1, on(12): None}, "calls": [(12, "E1")]}, "withdrawn", None, on(12),
                                "E1"),
    "handed over on the last day": ({"owners": {FIRST: E1, on(12): E2}}, "missed", None, None, "E1"),
    "handed over on the second day": ({"owners": {FIRST: E1, on(11): E2}}, "missed", None, None, "E2"),
    "as many days each": ({"owners": {FIRST: E1, on(12): E2}, "due_by": on(13)}, "missed", None, None, "E2"),
    "handed over, and done before": ({"owners": {FIRST: E1, on(11): E2}, "calls": [(10, "E1")]}, "done_in_time", on(10),
                                     None, "E1"),
    "handed over, and done after": ({"owners": {FIRST: E1, on(12): E2}, "calls": [(12, "E2")]}, "done_in_time", on(12),
                                    None, "E2"),
    "the new owner does it late": ({"owners": {FIRST: E1, on(13): E2}, "calls": [(13, "E2")]}, "done_late", on(13),
                                   None, "E1"),
    "worked from its second day on": ({"owners": {on(11): E1}, "calls": [(11, "E1")]}, "withdrawn", None, on(10), "E9"),
    "handed over on the last day, and done late": ({"owners": {FIRST: E1, on(12): E2}, "calls": [(13, "E2")]},
                                                   "done_late", on(13), None, "E1"),
    "never worked": ({"owners": {}}, "withdrawn", None, on(10), "E9"),
    "its last day is today": ({"due_by": AS_OF, "calls": [(11, "E1")]}, "open", on(11), None, "E1"),
    "its last day was yesterday": ({"due_by": on(19)}, "missed", None, None, "E1"),
    "judged on the first day": ({"due_from": on(28, 9), "due_by": on(30, 9)}, "missed", None, None, "E1"),
    "judged before the month": ({"due_from": on(28, 9), "due_by": on(29, 9)}, None, None, None, None),
    "not due yet": ({"due_from": on(21), "due_by": on(22)}, None, None, None, None),
}  # fmt: skip


@pytest.mark.parametrize("case", BY_HAND)
def test_what_becomes_of_an_action_and_whose_it_is(case, shared_book):
    given, state, done_on, withdrawn_on, owner = BY_HAND[case]
    _empty(shared_book)
    _add_action(shared_book, **given)
    found = [
        (row["state"], row["done_on"], row["withdrawn_on"], row["owner_id"])
        for row in shared_book.rows(actions_statement())
    ]
    assert found == ([(state, done_on, withdrawn_on, owner)] if state else [])


def _add_action(book, owners=ALWAYS, calls=(), channel="call", direction="out", outcome="no_answer", **planned):
    """An action that is due from the 10th to the 12th, of the owner alone, on an account in segment S1."""
    action = {"number": 1, "account_id": "A1", "due_from": on(10), "due_by": on(12), "proofs": ",call,bot,",
              "effective": False, "by_owner": True, "withdrawn_when": "leaves_segment", "owner_kind": "employee",
              "owner_id": "E9", "segment": "S1", **planned}  # fmt: skip
    book.add("planned_actions", **action)
    for (begin, owner), (end, _) in pairwise([*owners.items(), (FOREVER, None)]):
        if owner:
            kind, owner_id, segment = owner
            book.add("dispatch", account_id="A1", owner_kind=kind, owner_id=owner_id, segment=segment,
                     valid_from=begin, valid_to=end)  # fmt: skip
    for number, (day, maker) in enumerate(calls):
        of = "partner_id" if maker == "P1" else "employee_id"
        book.add("contacts", contact_id=f"C{number}", account_id="A1", started_wall=datetime.combine(on(day), time(8)),
                 channel=channel, direction=direction, outcome=outcome, **{of: maker})  # fmt: skip


def test_the_figures_divide_what_was_in_time_by_what_was_due(book, house_rules):
    _add_action(book, calls=[(10, "E1")])
    planned = {"due_from": on(14), "due_by": on(15), "account_id": "A1", "segment": "S1", "owner_kind": "employee"}
    book.add("planned_actions", number=2, proofs=",sms,", withdrawn_when="leaves_segment", **planned)
    night = book.night(house_rules)
    assert night.shown("plan_adherence", "E1") == "1/2"
    assert [night.shown(f"actions_{name}", "E1") for name in ("done_in_time", "done_late", "missed")] == ["1", "0", "1"]
    assert night.shown("plan_adherence", "S1") == night.shown("plan_adherence", "portfolio") == "1/2"


def actions_statement():
    rows = planned_rows()
    names = ("number", "state", "done_on", "withdrawn_on", "owner_kind", "owner_id", "segment")
    return exact(sa.select(*(rows.c[name] for name in names)).params(start=START, as_of=AS_OF))


class Plain:
    """Day by day and action by action; shares nothing with what it checks but the words of the definitions."""

    def __init__(self, rows):
        self.first = rows["first"]
        self.planned_actions = [
            {"number": number, "account_id": account, "due_from": self.on(later), "due_by": self.on(later + lasts),
             "proofs": proofs, "effective": effective, "by_owner": by_owner, "withdrawn_when": when,
             "owner_kind": "employee", "owner_id": "E9", "segment": segment}
            for number, row in enumerate(rows["planned"])
            for account, later, lasts, proofs, effective, by_owner, when, segment in [row]
        ]  # fmt: skip
        self.dispatch = [stay for account in ("A1", "A2") for stay in self._stays(account, rows)]
        self.contacts = [
            {"contact_id": f"C{n}", "account_id": account, "started_wall": datetime.combine(self.on(day), time(23, 59)),
             "employee_id": maker if maker != "P1" else None, "partner_id": maker if maker == "P1" else None,
             "channel": channel, "direction": direction, "outcome": outcome}
            for n, (account, day, maker, channel, direction, outcome) in enumerate(rows["contacts"])
        ]  # fmt: skip
        self.visits = [
            {"visit_id": f"V{n}", "account_id": account, "made_at": datetime.combine(self.on(day), time(8)),
             "employee_id": maker if maker != "P1" else None, "partner_id": maker if maker == "P1" else None,
             "outcome": outcome}
            for n, (account, day, maker, outcome) in enumerate(rows["visits"])
        ]  # fmt: skip
        self.cases = [
            {
                "case_id": f"K{n}",
                "account_id": account,
                "opened_on": self.on(day),
                "owner_id": maker,
                "case_type": case_type,
            }
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

    def _stays(self, account, rows):
        mine = {self.on(-9): rows["first_owner"]}
        mine |= {self.on(day): owner for each, day, owner in rows["stretches"] if each == account}
        for begin, end in pairwise([*sorted(mine), FOREVER]):
            if mine[begin]:
                kind, owner, segment = mine[begin]
                yield {"account_id": account, "owner_kind": kind, "owner_id": owner, "segment": segment,
                       "valid_from": begin, "valid_to": end}  # fmt: skip

    def on(self, later):
        return self.first + later * DAY
