"""Which batches a changed rule makes void: those whose own calculation reads it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.settings import Settings
from adapters.store.signatures import sign
from domain.ids import BatchId
from domain.manifest import Manifest, RunKind
from domain.periods import Period
from domain.rules import RuleKind, RuleVersion
from incentives.batches import Batch
from incentives.chains import ChainStep, ChainTerms
from incentives.ledger import BatchKind
from tasks.stages.rules import sound_rules
from tasks.stages.rules_read import RulesRead, among, changed_rules, rules_read
from tests.stages.books import POLICIES, RECOVERY, SCORECARDS, TARGETS, edit, house_book

SEPTEMBER, PAY = Period(2026, 9), {RuleKind.POLICY, RuleKind.CONTRACT}
TERMS = ChainTerms(steps=(ChainStep(role="manager"),))
FIELD, LEGAL, PARTNER = (BatchKind.BONUS, "field"), (BatchKind.BONUS, "legal"), (BatchKind.FEE, "R01")
APPROVALS, THRESHOLDS = "incentives/approvals/approvals.yaml", "expectations/thresholds/money.yaml"

# What is edited, and whose batches read it.
EDITS = {
    POLICIES: (("target_bonus: 4_200_000", "target_bonus: 4_300_000"),),
    SCORECARDS: (("title: Field\n", "title: The field\n"),),
    TARGETS: (("recovery_rate: 0.06\n", "recovery_rate: 0.07\n"), ("recovery_rate: 0.04\n", "recovery_rate: 0.03\n")),
    RECOVERY: (("- id: recovery_rate\n    title: R", "- id: recovery_rate\n    title: The r"),
               ("- id: expected_recovery\n    title: E", "- id: expected_recovery\n    title: The e")),
    "kpi_rules/rules/field.yaml": (("title: Visits recorded on time\n", "title: Visits recorded in time\n"),),
    "kpi_rules/limits/vietnam.yaml": (("- id: vn_hours\n    title: ", "- id: vn_hours\n    title: The "),),
    "incentives/policies/leader_bonus.yaml": (("- id: leaders_vnd\n    title: ", "- id: leaders_vnd\n    title: x"),),
    "incentives/contracts/standard.yaml": (("at: 2_000_000_000", "at: 2_100_000_000"),),
    APPROVALS: (("look_back_months: 12", "look_back_months: 11"), ("look_back_months: 24", "look_back_months: 23")),
    THRESHOLDS: (("factor: 1.5, warn_share: 0.05", "factor: 1.6, warn_share: 0.05"),),
}  # fmt: skip
EVERYBODYS = {"recovery_rate", "vn_hours", "terms_of_bonuses"}


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    return edit(house_book(tmp_path_factory.mktemp("edited")), EDITS)


def changed_in(world, edited):
    house, now = (sound_rules(root) for root in (Settings().rules, edited))
    sign(world.store, house.contents(), proposer="proposer", signer="signer")
    here = {content.version for content in now.contents()}
    return now, [each.version for each in house.contents() if each.version not in here]


def test_a_batch_is_void_by_the_rules_that_its_own_payees_are_calculated_by(world, edited):
    now, changed = changed_in(world, edited)
    assert {"expected_recovery", "payments"} < {version.id for version in changed}
    with world.store.read() as connection:
        read = {
            batch: {version.id for version in among(connection, changed, rules_read(now, *batch, SEPTEMBER))}
            for batch in (FIELD, LEGAL, PARTNER)
        }
    assert read[FIELD] == EVERYBODYS | {
        "field_vnd", "field_scorecard", "field_targets", "visits_recorded_on_time", "leaders_vnd"
    }  # fmt: skip
    assert read[LEGAL] == EVERYBODYS | {"legal_targets", "leaders_vnd"}
    assert read[PARTNER] == {"standard_vnd", "terms_of_fees"}


CONTRACTS = "incentives/contracts/standard.yaml"
BY_RATE = """    month:
      inputs: {rate: {kpi: recovery_rate, unit: ratio, missing: hold}}
      steps:
        - {name: bonus, kind: gate, of: fees, when: rate < 0.05, factor: 0.9}
        - {name: at_most, kind: cap, of: bonus"""


def test_a_batch_of_fees_reads_what_the_month_of_its_contract_reads(world, tmp_path):
    """And what that is made of; rules that no month of the partner reads leave it alone."""
    of_month = {CONTRACTS: (("    month:\n      steps:\n        - {name: at_most, kind: cap, of: fees", BY_RATE),)}
    book = edit(house_book(tmp_path), {**EDITS, CONTRACTS: (*of_month[CONTRACTS], *EDITS[CONTRACTS])})
    now, changed = changed_in(world, book)
    with world.store.read() as connection:
        read = {version.id for version in among(connection, changed, rules_read(now, *PARTNER, SEPTEMBER))}
    assert {"standard_vnd", "terms_of_fees", "recovery_rate"} <= read
    assert not read & {"field_vnd", "leaders_vnd", "visits_recorded_on_time", "field_scorecard"}


LED = RulesRead(*FIELD, frozenset({"bonus"}), frozenset(), frozenset({"recovered"}))
ALONE = replace(LED, components=frozenset())
OF_PARTNER = RulesRead(*PARTNER, frozenset(), frozenset(), frozenset())


def policy(department, component):
    return {"applies_to": {"departments": [department]}, "component": component}


@pytest.mark.parametrize(
    ("read", "kind", "content", "is_read"),
    [
        pytest.param(ALONE, RuleKind.POLICY, policy("legal", "bonus"), False, id="another department's"),
        pytest.param(LED, RuleKind.POLICY, policy("legal", "bonus"), True, id="lines of those below are read"),
        pytest.param(LED, RuleKind.POLICY, policy("legal", "prize"), False, id="but not these lines"),
        pytest.param(
            ALONE, RuleKind.TARGET, {"department": "legal", "values": {"recovered": 1}}, False, id="its target"
        ),
        pytest.param(LED, RuleKind.TARGET, {"department": "legal", "values": {"recovered": 1}}, True, id="led by them"),
        pytest.param(OF_PARTNER, RuleKind.CONTRACT, {"partners": ["R01", "R02"]}, True, id="its own contract"),
        pytest.param(OF_PARTNER, RuleKind.CONTRACT, {"partners": ["R02"]}, False, id="another partner's"),
        pytest.param(OF_PARTNER, RuleKind.CONTRACT, {"partners": "all"}, True, id="everybody's contract"),
        pytest.param(OF_PARTNER, RuleKind.POLICY, policy("field", "bonus"), False, id="no policy pays a partner"),
        pytest.param(ALONE, RuleKind.CONTRACT, {"partners": "all"}, False, id="no contract pays an employee"),
    ],
)
def test_whose_rule_it_is(read, kind, content, is_read):
    assert read.has(kind, content) is is_read


@pytest.mark.parametrize(
    ("is_signed", "batch", "added"),
    [
        (True, FIELD, {"field_vnd", "field_cny", "leaders_vnd", "leaders_cny"}),
        (True, PARTNER, {"standard_vnd", "standard_cny"}),
        (False, FIELD, set()),
    ],
)
def test_a_policy_or_contract_that_was_signed_since_and_speaks_of_the_batch_counts_as_changed(
    world, is_signed, batch, added
):
    rules = sound_rules(Settings().rules)
    if is_signed:
        sign(world.store, rules.contents(), proposer="proposer", signer="signer")
    known = tuple(each.version for each in rules.contents() if each.version.kind not in PAY)
    frozen = Batch(BatchId("b"), batch[0], batch[1], SEPTEMBER, "0" * 64, TERMS, "preparer", known)
    manifest = Manifest(
        RunKind.MONTH_END, SEPTEMBER.last_day, SEPTEMBER.last_day, (), "0" * 64, known, source="a night"
    )
    with world.store.read() as connection:
        assert {version.id for version in changed_rules(connection, frozen, manifest, rules)} == added


def test_a_rule_that_the_store_does_not_know_counts_as_read(world):
    unknown = RuleVersion(RuleKind.STRATEGY, "unknown", "0" * 64, SEPTEMBER.start)
    read = rules_read(sound_rules(Settings().rules), *PARTNER, SEPTEMBER)
    with world.store.read() as connection:
        assert among(connection, [unknown], read) == (unknown,)
