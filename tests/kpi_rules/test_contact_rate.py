"""The contact rate: accounts reached of accounts owned in the month. Who passes accounts on cannot pass 1 by it."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from domain.records import Grain
from kpi_rules.evidence import Entity, evidence_of

START, AS_OF = date(2026, 10, 1), date(2026, 10, 20)
OWNERS = {
    "phone": ("employee", "E1", "phone_early", "T1"),
    "field": ("employee", "E2", "field", "T2"),
    "partner": ("partner", "P1", None, None),
    "house": ("house", "HOUSE", None, None),
}


@pytest.fixture
def desk(book):
    book.add("staff_postings", employee_id="E1", department_id="phone_early", team_id="T1")
    book.add("staff_postings", employee_id="E2", department_id="field", team_id="T2")
    return book


def own(book, account, *since, in_book=True):
    """Owners of an account, each from a day of October on."""
    for number, (name, day) in enumerate(since):
        kind, owner, department, team = OWNERS[name]
        ends = date(2026, 10, since[number + 1][1]) if number + 1 < len(since) else date(9999, 12, 31)
        book.add("dispatch", account_id=account, owner_kind=kind, owner_id=owner, department_id=department,
                 team_id=team, segment=name, valid_from=date(2026, 10, day), valid_to=ends)  # fmt: skip
    if in_book:
        book.add("accounts", account_id=account, branch_id="B1", days_past_due=40)


def call(book, account, by, day, outcome="right_party"):
    book.add("contacts", contact_id=f"{account}-{by}-{day}", account_id=account, employee_id=by, outcome=outcome,
             started_wall=datetime.fromisoformat(f"2026-10-{day:02} 23:59"))  # fmt: skip


def rates(book, rules, *entities):
    figures = book.night(rules)
    return {entity: figures.shown("contact_rate", entity) for entity in entities}


def test_who_passes_accounts_on_is_measured_by_all_that_they_had(desk, house_rules):
    for account in ("A1", "A2", "A3"):
        own(desk, account, ("phone", 1), ("field", 11))
    own(desk, "A4", ("phone", 1))
    for account, day in (("A1", 3), ("A2", 4), ("A4", 5)):
        call(desk, account, "E1", day)
    found = rates(desk, house_rules, "E1", "phone_early", "E2", "field", "portfolio")
    assert found == {"E1": "3/4", "phone_early": "3/4", "E2": "0/3", "field": "0/3", "portfolio": "3/4"}


def test_a_contact_counts_for_who_owned_the_account_on_its_day_whoever_made_it(desk, house_rules):
    own(desk, "A1", ("phone", 1), ("field", 11))
    own(desk, "A2", ("phone", 1))
    call(desk, "A1", "E1", 10)  # the last day of the telephone, the last minute
    call(desk, "A1", "E1", 11)  # made by the telephone, for the field
    call(desk, "A2", "E2", 12)
    assert rates(desk, house_rules, "phone_early", "field") == {"phone_early": "2/2", "field": "1/1"}


def test_an_account_that_comes_back_counts_once(desk, house_rules):
    own(desk, "A1", ("phone", 1), ("field", 5), ("phone", 9))
    for day in (2, 6, 10):
        call(desk, "A1", "E1", day)
    found = rates(desk, house_rules, "phone_early", "field", "portfolio")
    assert found == {"phone_early": "1/1", "field": "1/1", "portfolio": "1/1"}


def test_an_account_that_came_and_went_within_the_month_counts(desk, house_rules):
    own(desk, "A1", ("partner", 3), ("phone", 5), in_book=False)
    call(desk, "A1", None, 4)
    found = rates(desk, house_rules, "P1", "phone_early", "portfolio")
    assert found == {"P1": "1/1", "phone_early": "0/1", "portfolio": "1/1"}


def test_what_the_house_has_and_what_nobody_has_counts_for_nobody(desk, house_rules):
    own(desk, "A1", ("house", 1))
    own(desk, "A2", ("phone", 1))
    call(desk, "A1", "E1", 3)
    call(desk, "A3", "E1", 3)  # nobody's
    call(desk, "A2", "E1", 3, "third_party")
    assert rates(desk, house_rules, "phone_early", "portfolio") == {"phone_early": "0/1", "portfolio": "0/1"}


def test_the_explanation_finds_both_parts_again_and_the_rows_behind_them(desk, house_rules):
    for account in ("A1", "A2"):
        own(desk, account, ("phone", 1), ("field", 11))
    call(desk, "A1", "E1", 3)
    call(desk, "A1", "E1", 4)
    (figure,) = (each for each in house_rules.on(AS_OF).figures if each.id == "contact_rate")
    evidence = evidence_of(figure, Entity(Grain.DEPARTMENT, ("phone_early",)), start=START, as_of=AS_OF)
    assert [desk.rows(each.number)[0]["number"] for each in evidence] == [1, 2]
    assert [len(desk.rows(each.rows)) for each in evidence] == [2, 2]
