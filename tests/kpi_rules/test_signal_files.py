"""Signal files: one mistake each, told with its code and place; what scope, conditions and being alike come to."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapters.rule_files import parse_document, read_rule_book
from adapters.settings import PROJECT
from domain.exact import exact
from domain.issues import Location
from kpi_rules.signals.checks import FOLDER, HAS, decode_signals
from kpi_rules.signals.language import THRESHOLDS, UNITS
from kpi_rules.signals.plain import FACTS
from kpi_rules.signals.rule_tests import run_signal_tests
from kpi_rules.signals.statements import READS, rows_of
from kpi_rules.signals.units import Span
from kpi_rules.views import VIEWS
from tests.kpi_rules.signal_texts import decoded, signal_of, text_of

ALL_OF_NINE = "{rows: 9, hits: 9, peer_rows: 900, peer_hits: 0, case: false}"
CALLS = "{kind: short_contacts, seconds: 3, outcomes: [promise]}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (text_of("{kind: cash_kept, day: 3}"), 'signals/a.yaml:9:34 RUL001 unknown key "day". Did you mean "days"?'),
        (text_of("{kind: cash}"), "RUL003"),
        (text_of("{kind: cash_kept, days: -1}"), "RUL005"),
        (text_of(CALLS, case="{at_least: 0, peers_at_most: 0.05, false_alarms: 0.05}"), "RUL005"),
        (text_of(CALLS, case="{at_least: 3, peers_at_most: 5, false_alarms: 0.05}"), "RUL005"),
        (text_of(CALLS, more="    where: chanel == \"call\"\n"), 'EXP003 unknown name "chanel"'),
        (text_of(CALLS, more="    where: amount > 5\n"), 'INT002 rows of "short_contacts" have no amount'),
        (text_of(CALLS, more="    alike: [currency]\n"), 'INT002 rows of "short_contacts" have no currency'),
        (text_of("{kind: never_placed}"), 'INT003 "never_placed" looks at each partner'),
        (text_of("{kind: travel_too_fast, faster_than_kmh: 9, at_least_metres: 1}"), "INT003"),
        (text_of("{kind: split_payments, pieces: 2, boundaries: {VND: [5, 3]}}"), "INT004 boundaries are amounts"),
        (text_of("{kind: split_payments, pieces: 2, boundaries: {VND: []}}"), "INT004 boundaries are amounts"),
        (text_of("{kind: just_above_tier, boundaries: {VND: [5]}, margin: 0.1, last_days: 3, small: {CNY: 1}}"),
         "INT004 nothing says what a small payment in VND is"),
        ("kpis: []\n", 'INT001 found "kpis" in a file of signals'),
        ("signals: 3\n", "INT001"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(text, told):
    _, found = decoded(text)
    assert len(found) == 1, found
    assert told in found[0]


def test_groups_that_nobody_has_made_are_told():
    book, _ = decoded(text_of(CALLS))
    assert [each.code for each in book.strange_groups({"managers"})] == ["INT006"]
    assert not [*book.strange_groups({"integrity_officers"})]


def test_an_amount_from_which_pay_jumps_is_asked_for_where_the_house_looks_for_small_payments():
    tiers = "{kind: just_above_tier, boundaries: {VND: [5000]}, margin: 0.1, last_days: 3, small: {VND: 1}}"
    place = Location("incentives/policies/a.yaml", 7)

    def told(looks_for, *cliffs):
        book, faults = decoded(text_of(looks_for))
        assert faults == ()
        return [str(each) for each in book.unwatched_tiers(("bonus", *each, place) for each in cliffs)]

    assert told(tiers, ("VND", Decimal(5000))) == []
    (issue,) = told(tiers, ("VND", Decimal(6000)), ("VND", Decimal("5000.00")))
    assert issue.startswith("incentives/policies/a.yaml:7 INT007 bonus pays more at once from 6000 VND on")
    assert len(told(tiers, ("CNY", Decimal(5000)))) == 1, "in another currency it is another amount"
    assert told(CALLS, ("VND", Decimal(6000))) == [], "who does not look has nothing to add it to"


def test_every_kind_is_known_everywhere():
    kinds = READS.keys()
    assert kinds == HAS.keys() == FACTS.keys() == UNITS.keys()
    assert THRESHOLDS.keys() <= kinds


def test_the_house_looks_for_every_kind_and_tests_every_signal():
    book = read_rule_book(PROJECT)
    signals, found = decode_signals(book.below(FOLDER))
    assert not found
    assert {each.rule.looks_for.kind for each in signals.signals} == READS.keys()
    tested = set()
    for path in sorted((PROJECT / FOLDER).glob("*.test.yaml")):
        document, _ = parse_document(path.read_text(encoding="utf-8"), path.name)
        assert run_signal_tests(signals, [document]) == ()
        tested |= {each["signal"] for each in document.data["tests"]}
    assert tested == {each.rule.id for each in signals.signals}


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("{name: N, signal: tried, on: 2026-10-31, rows: [{given: {seconds: 3, outcome: promise}, fires: true}]}", ""),
        ("{name: N, signal: tried, on: 2026-10-31, rows: [{given: {seconds: 4, outcome: promise}, fires: true}]}",
         "INT011"),
        ("{name: N, signal: tried, on: 2026-10-31, rows: [{given: {seconds: 3}, fires: true}]}", "INT012"),
        ("{name: N, signal: tired, on: 2026-10-31}", "INT010"),
        ("{name: N, signal: tried, on: 2019-10-31}", "INT010"),
        (f"{{name: N, signal: tried, on: 2026-10-31, people: [{ALL_OF_NINE}]}}", "INT011"),
    ],
)  # fmt: skip
def test_tests_beside_signals_are_run(test, code):
    book, _ = decoded(text_of(CALLS))
    document, issues = parse_document(f"tests:\n  - {test}\n", "a.test.yaml")
    assert not issues
    assert [each.code for each in run_signal_tests(book, [document])] == ([code] if code else [])


def test_scope_condition_peers_and_what_is_alike(shared_book):
    """Nine calls: whose they are, of what account, and in which department somebody works that day."""
    for view in ("contacts", "accounts", "accounts_opening", "staff_postings", "partners"):
        shared_book.connection.execute(sa.delete(VIEWS[view]))
    shared_book.add_all("accounts", [
        {"account_id": "A1", "product": "card", "days_past_due": 0, "jurisdiction": "VN"},
        {"account_id": "A2", "product": "card", "days_past_due": 40, "jurisdiction": "CN"},
    ])  # fmt: skip
    shared_book.add("accounts_opening", account_id="A1", product="card", days_past_due=40, jurisdiction="VN")
    shared_book.add_all("staff_postings", [
        {"employee_id": "E1", "department_id": "phone", "valid_to": date(2026, 10, 5)},
        {"employee_id": "E1", "department_id": "field", "valid_from": date(2026, 10, 5)},
    ])  # fmt: skip
    shared_book.add("partners", partner_id="P1", jurisdiction="CN")
    shared_book.add_all("contacts", [
        {"contact_id": f"C{day}{account}{name}", "account_id": account, "employee_id": name if name != "P1" else None,
         "partner_id": "P1" if name == "P1" else None, "outcome": "promise", "duration_seconds": 3,
         "started_wall": datetime.fromisoformat(f"2026-10-{day:02} 09:00")}
        for day in (4, 5) for account in ("A1", "A2") for name in ("E1", "P1")
    ])  # fmt: skip

    def found(**given):
        signal = signal_of(CALLS, **given)
        rows = shared_book.rows(exact(rows_of(signal, Span(date(2026, 10, 1), date(2026, 10, 31)))))
        return {
            (row["row_id"], row["peers"], *(row[name] for name in row if name.startswith("alike_"))) for row in rows
        }

    every = {("C4A1E1", "phone"), ("C4A2E1", "phone"), ("C5A1E1", "field"), ("C5A2E1", "field"),
             ("C4A1P1", "CN"), ("C4A2P1", "CN"), ("C5A1P1", "CN"), ("C5A2P1", "CN")}  # fmt: skip
    employees = {each for each in every if "E1" in each[0]}
    assert found() == every
    assert found(subjects="employee") == employees
    assert found(more="    scope: {departments: [field]}\n", subjects="employee") == {
        each for each in employees if each[1] == "field"
    }
    assert found(more="    scope: {jurisdictions: [VN]}\n") == {each for each in every if "A1" in each[0]}
    assert found(more="    scope: {partners: [P2]}\n") == employees
    assert found(more="    where: days_past_due >= 40\n") == every, "of A1, what it was when the month opened"
    assert found(more='    where: department_id == "phone"\n') == {each for each in every if each[1] == "phone"}
    assert found(more="    alike: [product, bucket]\n", subjects="employee") == {
        (*each, "card", 2) for each in employees
    }


def test_the_example_of_the_guide_is_sound_its_test_passes_and_every_kind_stands_there_with_its_facts():
    text = (PROJECT / "docs" / "rules" / "signals.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    rule, tests = (parse_document(block, "kpi_rules/signals/example.yaml")[0] for block in blocks)
    book, found = decode_signals([rule])
    assert not found
    assert run_signal_tests(book, [tests]) == ()
    rows = {cells[0].strip("`"): cells[-1] for cells in _table(text)}
    assert rows.keys() == FACTS.keys()
    for kind, facts in FACTS.items():
        assert rows[kind] == ", ".join(f"`{fact}`" for fact in facts), kind


def _table(text):
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == 5 and cells[0] != "`kind`":
            yield cells
