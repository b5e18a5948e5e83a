"""Which actions a night plans: by hand, and beside a plain planner over many nights, some of which are missed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.rule_files import parse_document
from allocation.planned import last_day, planned_statement, several_plans_statement
from allocation.plans import Within, decode_plans

D = date(2026, 10, 20)  # a Tuesday
NEXT = D + timedelta(days=1)
FIRST_NIGHT = date(2026, 10, 1)

PLAN = """\
plans:
  - id: early
    title: Early
    owner: head_of_phone
    valid_from: 2026-01-01
    review_by: 2027-01-01
    order: 1
    match: first
    when: segment == "early"
    withdrawn_when: leaves_segment
    actions:
      - id: call
        title: A call
        kind: call
        due: {days_past_due: 5}
        within: {working_days: 2}
        done: {by: owner}
      - id: weekly
        title: A message every five working days
        kind: message
        due: {every_working_days: 5}
        within: {days: 3}
        done: {channels: [sms], by: anyone}
      - id: broken
        title: A call after a broken promise
        kind: call
        due: {after: broken_promise}
        within: {working_days: 1}
        done: {outcome: effective, by: anyone}
"""


@pytest.fixture
def engine(shared_engine):
    """Either engine, with nothing in what planning reads."""
    shared_engine.empty("accounts", "owners_next", "planned_actions", "promises", "complaints", "cases")
    return shared_engine


def plans_of(text=PLAN):
    document, issues = parse_document(text, "plans.yaml")
    assert document is not None, issues
    book, issues = decode_plans([document])
    assert not issues, [str(issue) for issue in issues]
    return book.on(D)


WEEKDAYS = frozenset(
    day for offset in range(150) if (day := date(2026, 7, 1) + timedelta(days=offset)).isoweekday() <= 5
)
PLANS = plans_of()


def planned(engine, plans=PLANS, *, as_of=D, since=D - timedelta(days=1), working=WEEKDAYS):
    return engine.rows(planned_statement(plans, as_of, since, {"VN": working}))


def found(rows):
    return [(row["account_id"], row["action_id"], row["caused_by"]) for row in rows]


def add_account(engine, account="A1", days_past_due=5, **owner):
    engine.add("accounts", account_id=account, days_past_due=days_past_due)
    given = {"owner_kind": "employee", "owner_id": "E1", "segment": "early", "channel": "phone", **owner}
    engine.add("owners_next", account_id=account, **given)


def add_planned(engine, action, night, *, days=2, caused_by=None, number=1):
    due_from = night + timedelta(days=1)
    engine.add("planned_actions", due_from=due_from, due_by=due_from + timedelta(days=days - 1), number=number,
               account_id="A1", plan_id="early", action_id=action, caused_by=caused_by)  # fmt: skip


def test_a_row_says_what_is_asked_for_of_whom_until_when_and_what_shows_that_it_was_done(engine):
    add_account(engine, department_id="phone_early", team_id="T1")
    engine.add("promises", promise_id="M1", account_id="A1", state="broken", due_on=D)
    rows = {row["action_id"]: row for row in planned(engine)}
    assert [row["number"] for row in planned(engine)] == [1, 2, 3]
    assert {name: rows["call"][name] for name in rows["call"] if name not in {"number", "plan_version"}} == {
        "due_from": NEXT, "account_id": "A1", "plan_id": "early", "action_id": "call", "kind": "call",
        "due_by": date(2026, 10, 22), "caused_by": None, "proofs": ",call,bot,", "effective": False, "by_owner": True,
        "withdrawn_when": "leaves_segment", "owner_kind": "employee", "owner_id": "E1",
        "department_id": "phone_early", "team_id": "T1", "segment": "early",
    }  # fmt: skip
    assert rows["call"]["plan_version"] == PLANS[0].version.digest
    assert (rows["weekly"]["due_by"], rows["weekly"]["proofs"]) == (date(2026, 10, 23), ",sms,")
    assert (rows["broken"]["caused_by"], rows["broken"]["effective"]) == ("M1", True)


@pytest.mark.parametrize(
    ("account", "actions"),
    [
        ({}, ["call", "weekly"]),
        ({"days_past_due": 4}, ["weekly"]),
        ({"days_past_due": 6}, ["weekly"]),
        ({"segment": "late"}, []),
        ({"owner_kind": "house", "owner_id": "HOUSE"}, []),
        ({"owner_kind": "partner", "owner_id": "P1"}, ["call", "weekly"]),
    ],
)
def test_an_account_follows_a_plan_whose_condition_it_meets_while_somebody_works_it(engine, account, actions):
    add_account(engine, **account)
    assert [action for _, action, _ in found(planned(engine))] == actions


@pytest.mark.parametrize(
    ("days_past_due", "nights_missed", "is_planned"), [(5, 0, True), (6, 0, False), (6, 1, True), (7, 1, False)]
)
def test_what_was_reached_since_the_night_before_is_caught_up(engine, days_past_due, nights_missed, is_planned):
    add_account(engine, days_past_due=days_past_due)
    rows = planned(engine, since=D - timedelta(days=1 + nights_missed))
    assert (("A1", "call", None) in found(rows)) == is_planned


@pytest.mark.parametrize(
    ("planned_before", "days_past_due", "is_planned"),
    [
        (D - timedelta(days=1), 5, False),  # the extract of yesterday came again today
        (D - timedelta(days=1), 6, False),
        (D - timedelta(days=2), 5, True),  # the arrears began anew, and the earlier one is over
        (D - timedelta(days=2), 7, False),  # reached that night
    ],
)
def test_an_action_is_planned_once_for_each_time_that_arrears_begin(engine, planned_before, days_past_due, is_planned):
    add_account(engine, days_past_due=days_past_due)
    add_planned(engine, "call", planned_before)
    rows = found(planned(engine, since=D - timedelta(days=14)))
    assert (("A1", "call", None) in rows) == is_planned


@pytest.mark.parametrize(
    ("last_due_from", "is_planned"),
    [(date(2026, 10, 14), True), (date(2026, 10, 15), False), (date(2026, 10, 10), True)],
)
def test_every_five_working_days_counts_from_the_first_day_on_which_it_was_due(engine, last_due_from, is_planned):
    """From Wednesday the 14th to the next Wednesday lie five working days."""
    add_account(engine)
    add_planned(engine, "weekly", last_due_from - timedelta(days=1))
    assert (("A1", "weekly", None) in found(planned(engine))) == is_planned


@pytest.mark.parametrize(
    ("promise", "causes"),
    [
        ({}, ["M1"]),
        ({"state": "kept"}, []),
        ({"due_on": D - timedelta(days=3)}, ["M1"]),
        ({"due_on": D - timedelta(days=4)}, []),
        ({"due_on": NEXT}, []),
        ({"promise_id": "M0"}, []),
        ({"account_id": "A2"}, []),
    ],
)
def test_a_broken_promise_asks_once_however_late_it_is_known(engine, promise, causes):
    add_account(engine)
    add_planned(engine, "broken", D - timedelta(days=1), caused_by="M0")
    engine.add("promises", **{"promise_id": "M1", "account_id": "A1", "state": "broken", "due_on": D, **promise})
    rows = planned(engine, since=D - timedelta(days=4))
    assert [row["caused_by"] for row in rows if row["action_id"] == "broken"] == causes


@pytest.mark.parametrize(
    ("event", "view", "given"),
    [
        ("promise", "promises", {"promise_id": "X1", "made_on": D, "state": "open"}),
        ("complaint", "complaints", {"complaint_id": "X1", "received_on": D}),
    ],
)
def test_a_promise_or_a_complaint_asks_for_what_the_plan_says(engine, event, view, given):
    add_account(engine)
    engine.add(view, account_id="A1", **given)
    rows = planned(engine, plans_of(PLAN.replace("broken_promise", event)))
    assert [row["caused_by"] for row in rows if row["action_id"] == "broken"] == ["X1"]


SECOND = PLAN.partition("\n")[2].replace("id: early", "id: all").replace("order: 1", "order: 2")
SECOND = SECOND.replace('segment == "early"', "days_past_due > 0 and not open_legal_case")


@pytest.mark.parametrize(
    ("match", "case_type", "plans", "several"),
    [
        ("first", "fraud", {"early"}, 0),
        ("unique", "fraud", set(), 1),
        ("unique", "legal", {"early"}, 0),
    ],
)
def test_of_several_plans_the_first_or_where_one_is_unique_none_is_followed(engine, match, case_type, plans, several):
    both = plans_of(PLAN + SECOND.replace("match: first", f"match: {match}"))
    add_account(engine)
    engine.add("cases", case_id="K1", account_id="A1", case_type=case_type, opened_on=D)
    assert {row["plan_id"] for row in planned(engine, both)} == plans
    assert engine.rows(several_plans_statement(both, D)) == [{"accounts": several}]


@pytest.mark.parametrize(
    ("within", "working", "last"),
    [
        ({"days": 1}, WEEKDAYS, NEXT),
        ({"working_days": 1}, WEEKDAYS, NEXT),
        ({"working_days": 4}, WEEKDAYS, date(2026, 10, 26)),
        ({"working_days": 2}, WEEKDAYS - {NEXT}, date(2026, 10, 23)),
        ({"working_days": 4}, WEEKDAYS | {date(2026, 10, 24)}, date(2026, 10, 24)),
        ({"working_days": 4}, frozenset(), date(2026, 10, 26)),
        ({"working_days": 20}, frozenset({date(2026, 1, 1), date(2027, 1, 1)}), date(2026, 12, 4)),
    ],
    ids=["a day", "today", "over a weekend", "a holiday", "a make-up workday", "without a calendar", "at most 45 days"],
)
def test_the_last_day_is_found_by_the_calendar(within, working, last):
    assert last_day(Within(**within), NEXT, working) == last


nights = st.sets(st.integers(0, 24), min_size=1, max_size=9).map(sorted)
histories = st.dictionaries(
    st.sampled_from(["A1", "A2", "A3"]),
    st.lists(st.integers(-8, 24), min_size=1, max_size=3).map(sorted),  # on which days arrears begin anew
    min_size=1,
)
promises = st.lists(st.tuples(st.sampled_from(["A1", "A2"]), st.integers(0, 24), st.integers(0, 4)), max_size=3)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(nights=nights, histories=histories, promises=promises)
def test_over_many_nights_the_statement_plans_what_a_plain_planner_does(nights, histories, promises, shared_engine):
    engine, plain = shared_engine, PlainPlanner(histories, promises)
    engine.empty("planned_actions", "complaints", "cases")
    done = []
    for offset in nights:
        day = FIRST_NIGHT + timedelta(days=offset)
        since = max(done[0], day - timedelta(days=14)) if done else day - timedelta(days=1)
        load(engine, day, histories, promises)
        rows = planned(engine, as_of=day, since=since)
        assert sorted(found(rows), key=str) == sorted(plain.night(day, since), key=str)
        engine.add_all("planned_actions", rows)
        done.append(day)


def load(engine, day, histories, promises):
    engine.empty("accounts", "owners_next", "promises")
    for account, begins in histories.items():
        add_account(engine, account, past_due(begins, day))
    for number, (account, due, known) in enumerate(promises):
        state = "broken" if day >= FIRST_NIGHT + timedelta(days=due + known) else "open"
        engine.add("promises", promise_id=f"M{number}", account_id=account, state=state,
                   due_on=FIRST_NIGHT + timedelta(days=due))  # fmt: skip


def past_due(begins, day):
    """Days since the arrears that run on the day began; none before the first."""
    offset = (day - FIRST_NIGHT).days
    begun = [begin for begin in begins if begin <= offset]
    return offset - begun[-1] if begun else 0


class PlainPlanner:
    """Day by day, as one would by hand: which actions have come due since the last night, and are not planned yet."""

    def __init__(self, histories, promises):
        self.histories, self.promises, self.planned = histories, promises, []

    def night(self, day, since):
        new = [*self._calls(day, since), *self._weekly(day), *self._broken(day, since)]
        self.planned += [(*each, day + timedelta(days=1)) for each in new]
        return new

    def _calls(self, day, since):
        for account, begins in self.histories.items():
            reached = day - timedelta(days=past_due(begins, day) - 5)
            before = [due for each, action, _, due in self.planned if (each, action) == (account, "call")]
            running = before and self._second_working_day(before[-1]) > day
            if since < reached <= day and not running and not any(due > reached for due in before):
                yield account, "call", None

    def _weekly(self, day):
        for account in self.histories:
            before = [due for each, action, _, due in self.planned if (each, action) == (account, "weekly")]
            if not before or self._working_days(before[-1], day + timedelta(days=1)) >= 5:
                yield account, "weekly", None

    def _broken(self, day, since):
        causes = {cause for _, _, cause, _ in self.planned}
        for number, (account, due, known) in enumerate(self.promises):
            due_on = FIRST_NIGHT + timedelta(days=due)
            is_known = due_on + timedelta(days=known) <= day
            if account in self.histories and is_known and due_on > since and f"M{number}" not in causes:
                yield account, "broken", f"M{number}"

    def _working_days(self, first, end):
        return sum(1 for offset in range((end - first).days) if first + timedelta(days=offset) in WEEKDAYS)

    def _second_working_day(self, first):
        day = first
        while self._working_days(first, day + timedelta(days=1)) < 2:
            day += timedelta(days=1)
        return day
