"""Fees in a session of a real night: the month reads what the night has measured of partners."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.rule_files import parse_document
from adapters.settings import PROJECT
from adapters.store.results import read_kpis, read_scores
from adapters.store.runs import official_run
from domain.manifest import RunKind, Stage
from domain.periods import Period
from domain.records import Grain
from incentives.book import PolicyBook
from incentives.contracts import decode_contracts
from incentives.ledger import BatchKind
from incentives.measures import measures_of
from tasks.stages.gate import accepted_in
from tasks.stages.manifests import manifest_of
from tasks.stages.pay import pay_in
from tasks.stages.session import session_of_night

THIRD = date(2026, 9, 3)
OF_HOUSE = (PROJECT / "incentives" / "contracts" / "standard.yaml").read_text()
PLAIN = """    month:
      steps:
        - {name: at_most, kind: cap, of: fees, at: 2_000_000_000}
"""
BY_KPI = """    month:
      inputs: {figure: {kpi: KPI, unit: UNIT, missing: MISSING}}
      steps:
        - {name: each, kind: base, value: 10_000}
        - {name: for_running, kind: formula, expression: fees + each * running}
        - {name: more, kind: kicker, of: for_running, when: figure > 0, amount: 1_000}
"""


@pytest.fixture(scope="module")
def night(measured_world):
    """What a month-end of the third of September would pay by, and a session of its night."""
    with measured_world.store.read() as connection:
        run = official_run(connection, RunKind.NIGHTLY.value, THIRD, Stage.PROJECT.value)
        manifest, accepted = manifest_of(connection, run), accepted_in(connection, run)
        measures = measures_of(read_kpis(connection, run), read_scores(connection, run))
    with session_of_night(measured_world, manifest, accepted) as duck:
        yield duck, measures


def paid(night, month=PLAIN, halted=frozenset(), **changed):
    duck, measures = night
    assert PLAIN in OF_HOUSE
    text = OF_HOUSE.replace(PLAIN, month)
    for old, new in changed.values():
        assert old in text
        text = text.replace(old, new)
    document, _ = parse_document(text, "a.yaml")
    book, issues = decode_contracts([document])
    assert not issues, "\n".join(map(str, issues))
    return pay_in(duck, measures, PolicyBook(()), book, Period.of(THIRD), halted, {})


def fees_in(pay):
    lines = pay.lines[BatchKind.FEE]
    return {line.payee: line for line in lines if line.component == "fee:standard_vnd"}


def by_kpi(kpi, unit, missing):
    return BY_KPI.replace("KPI", kpi).replace("UNIT", unit).replace("MISSING", missing)


def test_a_month_reads_the_figures_that_the_night_has_measured_of_the_partner(night):
    _, measures = night
    found = fees_in(paid(night, by_kpi("recovered", "money", "zero")))
    assert found, "the book has a partner with placements"
    for partner, line in found.items():
        values = {step.name: step.value for step in line.steps}
        measure = measures.get((Grain.PARTNER, partner, "kpi:recovered:VND"))
        assert values["figure"] == (measure.value if measure is not None else 0)
        assert values["for_running"] == values["sum_of_fees"] + 10_000 * values["running"]
        assert line.amount == values["for_running"] + (1_000 if values["figure"] > 0 else 0)


def test_a_figure_without_a_value_holds_the_month_of_whoever_has_none(night):
    pay = paid(night, by_kpi("no_such_kpi", "count", "hold"))
    assert fees_in(pay) == {}
    held = {payee: text for payee, component, text in pay.held[BatchKind.FEE] if component == "fee:standard_vnd"}
    assert held.keys() == fees_in(paid(night, by_kpi("recovered", "money", "zero"))).keys()
    assert set(held.values()) == {"missing_input: kpi:no_such_kpi has no value"}


def test_fees_wait_for_the_tables_that_their_contracts_read(night):
    by_product = {"counts": ("counts: [cash, settlement, restructured]", "counts: [cash]")}
    assert BatchKind.FEE in paid(night, halted=frozenset({"cases"})).lines
    waiting = paid(night, halted=frozenset({"cases"}), **by_product)
    assert BatchKind.FEE not in waiting.lines
    assert waiting.waiting == ("fee: cases halted",)
