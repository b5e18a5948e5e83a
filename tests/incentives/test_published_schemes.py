"""Schemes that others published: each is a policy file, and gives the published figures."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.rule_files import read_document
from domain.ids import Digest
from domain.periods import Period
from domain.records import Grain, ValueState
from domain.staff import Employee, Share, StaffPosting, Terms
from incentives.book import decode_policies
from incentives.calculate import calculate
from incentives.measures import Measure
from incentives.trial import FULL_PERIOD, Given, try_policy, try_together

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT.parent / "shared" / "data" / "published" / "incentive_examples.json"
SCHEMES = Path(__file__).with_name("published_schemes.yaml")

# The example's inputs, one case each, under the policy's input names; and what its source prints, by step.
CASES = {
    "bonuspaycalc-accelerator": lambda given, said: [(given, {"payable": said["amount"]})],
    "excelforum-quarterly-accelerator": lambda given, said: _each(given, said, base="base", payable="amount"),
    "hr-cap": lambda given, said: [(given, {"payable": said["amount"]})],
    "oca-refund-nets-to-zero": lambda given, said: [
        ({"invoiced": given["invoice"]}, {"payable": said["commissions"][0]}),
        ({"invoiced": given["refund"]}, {"payable": said["commissions"][1]}),
    ],
    "spiff-tier-payout": lambda given, said: [(given, {"payable": said["amount"]})],
    "oracle-not-split": lambda given, said: _each(given, said, base="base", rate="rate"),
    "collector-breakeven-plan": lambda given, said: [({"salary": 4000, "fees": given["fees_earned"]}, said)],
    "of-marginal-amount": lambda given, said: _each(given, said, base="base", payable="amount"),
    "oracle-24b-proportional": lambda given, said: [(given, said)],
    "numigi-fixed-rate": lambda given, said: [
        ({"base": given["base"], "rate": rate}, {"payable": amount})
        for rate, amount in zip(given["rates"], said["amount"], strict=True)
    ],
    "oracle-interpolated-rate": lambda given, said: _each(
        given, said, transaction="transactions", payable="per_transaction"
    ),
    "of-marginal-to-average": lambda given, said: _each(given, said, base="base", amount="amount"),
    "of-gross-up-roundtrip": lambda given, _: [({"gross": gross}, {"pay": gross}) for gross in given["gross"]],
    "simplicity-monthly-kicker": lambda given, said: _each(given, said, base="base", payable="amount"),
    "collector-scorecard-cliff": lambda given, said: [(given, said)],
    "bonuspaycalc-blended-tiers": lambda given, said: _each(given, said, base="base", payable="amount"),
    "of-marginal-rates-lookup": lambda given, said: _each(given, said, base="base", marginal_rate="marginal_rate"),
    "commission-problem": lambda given, said: [
        (dict(zip(("locks", "stocks", "barrels"), sold, strict=True)), {"payable": pays})
        for sold, pays in zip(given["cases"], said["amount"], strict=True)
    ],
    "bonuspaycalc-payout-curve": lambda given, said: _each(given, said, attainment="attainment", payable="amount"),
    "ies-stepped-award": lambda given, said: [
        (inputs, {"award_pct": share})
        for inputs, share in zip(IES_POINTS, said["award_pct"], strict=True)
        if given["points"] == ["op_income>=1.0M", "80%", "100%", "200%"]
    ],
    "lago-graduated": lambda given, said: _each(given, said, units="units", payable="amount"),
    "lago-volume": lambda given, said: _each(given, said, units="units", payable="amount"),
    "ed-pca-cpcs-score": lambda given, said: [
        (dict(zip(("collected", "serviced", "resolved"), given["own_over_best"], strict=True)), said)
    ],
    "of-marginal-round-1": lambda given, said: _each(given, said, base="base", pay="amount"),
    "of-marginal-round-2": lambda given, said: _each(given, said, base="base", pay="amount"),
    "xactly-order-split": lambda given, said: [
        ({"order": given["order_amount"]}, dict(zip(("first", "second"), said["credits"], strict=True)))
    ],
    "pool-gate-reserve": lambda given, said: [
        ({**given, "weight": 1}, {**_without(said, "net_pool"), "payable": said["net_pool"]}),
        ({**given, "actual": given["actual"] - 1, "weight": 1}, {"payable": 0}),
    ],
    "pool-marginal-funding": lambda given, said: _each(
        given, said, buckets="buckets_filled", available_cash="available_cash", payable="pool"
    ),
    "of-bracket-indices-boundary": lambda given, said: _each(given, said, base="base", index="index"),
    "of-bracket-indices-rounded": lambda given, said: _each(given, said, base="base", index="index"),
    "hr-3-factor-senior": lambda given, said: [
        (
            dict(zip(("individual", "division", "corporate"), given["achievement"], strict=True)),
            dict(zip(("own_part", "division_part", "corporate_part"), said["parts"], strict=True))
            | {"payable": said["amount"]},
        )
    ],
    "bonuspaycalc-kpi-weighting": lambda given, said: [
        (
            dict(zip(("revenue", "retention", "quality"), given["achievement"], strict=True)),
            {"factor": said["factor"], "payable": said["amount"]},
        )
    ],
    "comish-marginal-quota": lambda given, said: [
        (given, {"effective_rate": said["effective_rate"], "payable": said["amount"]})
    ],
    "quotapath-nonrecoverable-draw": lambda given, said: [(given, {"top_up": said["top_up"], "total": said["total"]})],
}
IES_POINTS = (
    {"income": 1_000_000, "attainment": "0.79"},
    {"income": 1_000_000, "attainment": "0.8"},
    {"income": 1_000_000, "attainment": 1},
    {"income": 1_000_000, "attainment": 2},
)

# Those that take more than one row: days, several payees, periods that follow each other, several policies.
SHOWN_OTHERWISE = {
    "prorate-rounding-order",
    "prorate-days-leaver",
    "lago-percentage-min-max-fixed",
    "lago-docs-graduated-percentage-cumulative",
    "sec-quarterly-weights",
    "rank-tie-three-way",
    "alloc-two-pots",
    "oracle-siebel-recoverable-draw",
    "numigi-multicurrency",
    "numigi-manager-override",
    "oca-product-criteria",
}


@pytest.fixture(scope="module")
def published():
    if not EXAMPLES.exists():
        pytest.skip(f"the published examples are not beside the repository: {EXAMPLES.relative_to(ROOT.parent)}")
    return {each["id"]: each for each in json.loads(EXAMPLES.read_text(), parse_float=Decimal)}


@pytest.fixture(scope="module")
def policies():
    document, issues = read_document(SCHEMES)
    assert not issues
    book, issues = decode_policies([document])
    assert not issues, "\n".join(map(str, issues))
    return book.on(date(2026, 1, 1))


@pytest.mark.parametrize("example", CASES)
def test_the_scheme_gives_the_published_figures(published, policies, example):
    found = published[example]
    for inputs, expected in CASES[example](found["inputs"], found["expected"]):
        values = _columns(policies[example.replace("-", "_")], inputs)
        for name, figure in expected.items():
            assert abs(values[name] - figure) <= found.get("tolerance", 0), name


@pytest.mark.parametrize("example", ["prorate-rounding-order", "prorate-days-leaver"])
def test_days_of_the_year_are_rounded_once(published, policies, example):
    given, said = published[example]["inputs"], published[example]["expected"]
    days = (date.fromisoformat(given["end"]) - date.fromisoformat(given["start"])).days + 1
    assert days == said["days"]
    share = Share(Decimal(days), Decimal(365))
    assert _columns(policies["prorate_rounding_order"], {}, share)["payable"] == said["amount"]


def test_fees_of_single_payments_add_up(published, policies):
    """Policies pay on the figures of a period; a scheme of single payments is tried payment by payment."""
    given, said = (published["lago-percentage-min-max-fixed"][key] for key in ("inputs", "expected"))
    fees = [_columns(policies["lago_percentage_min_max_fixed"], {"payment": each})["pay"] for each in given["payments"]]
    assert sum(fees) == said["amount"]


def test_a_running_total_is_carried_from_period_to_period(published, policies):
    given, said = (published["lago-docs-graduated-percentage-cumulative"][key] for key in ("inputs", "expected"))
    before, found = Decimal(0), []
    for transaction in given["transactions"]:
        policy = policies["lago_docs_graduated_percentage_cumulative"]
        values = _columns(policy, {"before": before, "transaction": transaction})
        before = values["so_far"]
        found.append(values["payable"])
    assert found == said["per_transaction"]


def test_a_draw_is_paid_back_from_what_is_earned_above_it(published, policies):
    given, said = (published["oracle-siebel-recoverable-draw"][key] for key in ("inputs", "expected"))
    owed, paid, owed_after = Decimal(0), [], []
    for gross in given["gross"]:
        values = _columns(policies["oracle_siebel_recoverable_draw"], {"gross": gross, "owed": owed})
        owed = values["owed_after"]
        paid.append(values["payable"])
        owed_after.append(owed)
    assert (paid, owed_after) == (said["net"], said["owed_after"])


def test_a_quarter_weighs_what_the_plan_says(published, policies):
    given, said = (published["sec-quarterly-weights"][key] for key in ("inputs", "expected"))
    for share, amount in zip(given["matrix_payout_pct"], said["amount"], strict=True):
        inputs = {"annual_pay": Decimal(60_000), "matrix_payout": share}
        row = try_together(policies["sec_quarterly_weights"], {"": Given(inputs)}, month=3)[""].row
        values = {step.name: step.value for step in row.steps}
        expected = (said["annual_target"], said["quarter_target"], amount)
        assert (values["annual_target"], values["quarter_target"], values["payable"]) == expected


def test_equals_share_the_prizes_of_their_places(published, policies):
    given, said = (published["rank-tie-three-way"][key] for key in ("inputs", "expected"))
    payees = {f"E{index}": Given({"score": Decimal(score)}) for index, score in enumerate(given["scores"])}
    trials = try_together(policies["rank_tie_three_way"], payees)
    assert [trial.row.amount for trial in trials.values()] == said["amount"]


def test_pots_and_people_both_hold_to_the_cent(published, policies):
    given = published["alloc-two-pots"]["inputs"]
    (first, second), people = given["pots"], given["people"]
    payees = {f"E{index}": Given({"first_pot": first, "person": person}) for index, person in enumerate(people)}
    rows = [trial.row for trial in try_together(policies["alloc_two_pots"], payees).values()]
    columns = [{step.name: step.value for step in row.steps} for row in rows]
    assert [sum(each[name] for each in columns) for name in ("first", "second")] == [first, second]
    assert [row.amount for row in rows] == people


def test_amounts_in_another_currency_count_at_the_stated_rate(published, book_of):
    given, said = (published["numigi-multicurrency"][key] for key in ("inputs", "expected"))
    book = book_of(MULTI_CURRENCY)
    measures = {
        (Grain.EMPLOYEE, "E1", f"kpi:sales:{currency}"): Measure(ValueState.VALUE, amount, Digest("0" * 64), currency)
        for currency, amount in (("USD", Decimal(given["base_ccy"])), ("EUR", Decimal(given["foreign_ccy"])))
    }
    assert [line.amount for line in _calculated(book, [_employee("E1")], measures).lines] == [said["base_amount"]]


def test_a_manager_earns_a_rate_on_what_those_below_are_paid(published, book_of):
    given, said = (published["numigi-manager-override"][key] for key in ("inputs", "expected"))
    sales = {(Grain.EMPLOYEE, "E1", "kpi:sales:USD"): _money(given["team_sales"])}
    payees = [_employee("E1", manager="E2"), _employee("E2", role="leader")]
    paid = {line.payee: line.amount for line in _calculated(book_of(OVERRIDE), payees, sales).lines}
    assert paid == {"E1": said["rep_commission"], "E2": said["manager_commission"]}


def test_the_most_specific_policy_wins(published, book_of):
    given, said = (published["oca-product-criteria"][key] for key in ("inputs", "expected"))
    payees = [
        _employee("E1", department="other"),
        _employee("E2", role="leader"),
        _employee("E3"),
        _employee("E4", team="variant"),
    ]
    sales = {(Grain.EMPLOYEE, each.employee_id, "kpi:sales:USD"): _money(given["amount"]) for each in payees}
    assert [line.amount for line in _calculated(book_of(SPECIFIC), payees, sales).lines] == said["commission"]


def test_every_published_scheme_is_expressed(published, policies):
    assert {*CASES, *SHOWN_OTHERWISE} == set(published)
    several = {"numigi-multicurrency", "numigi-manager-override", "oca-product-criteria", "prorate-days-leaver"}
    assert {name.replace("-", "_") for name in set(published) - several} == set(policies)


POLICY = """
  - id: {id}
    title: Published
    owner: published
    valid_from: 2000-01-01
    review_by: 2099-12-31
    applies_to: {applies_to}
    component: {component}
    currency: USD
    part_period: whole
    inputs: {{base: {{{base}, missing: zero}}}}
    steps:
      - {{name: earned, kind: formula, expression: "{formula}"}}
      - {{name: payable, kind: round, of: earned, digits: 2, mode: half_up}}
"""
SALES = "kpi: sales, unit: money"
MULTI_CURRENCY = """
exchange_rates:
  - id: house
    title: Rates
    owner: published
    valid_from: 2000-01-01
    review_by: 2099-12-31
    to: USD
    rates: {EUR: 1.25}
policies:""" + POLICY.format(
    id="multi", applies_to="{}", component="pay", base=f"{SALES}, rates: house", formula="base * 1"
)
OVERRIDE = "policies:" + "".join(
    (
        POLICY.format(id="rep", applies_to="{roles: [collector]}", component="pay", base=SALES, formula="base * 0.05"),
        POLICY.format(
            id="boss",
            applies_to="{roles: [leader]}",
            component="override",
            base="lines: pay, level: 1",
            formula="base * 0.05",
        ),
    )
)
SPECIFIC = "policies:" + "".join(
    POLICY.format(id=name, applies_to=applies_to, component="pay", base=SALES, formula=formula)
    for name, applies_to, formula in (
        ("global", "{}", "min(base, 10)"),
        ("category", "{departments: [field]}", "min(base, 20)"),
        ("product", "{departments: [field], roles: [collector]}", "base * 0.05"),
        ("variant", "{departments: [field], roles: [collector], when: \"team == 'variant'\"}", "base * 0.15"),
    )
)


def _money(amount):
    return Measure(ValueState.VALUE, Decimal(amount), Digest("0" * 64), "USD")


def _employee(name, *, department="field", role="collector", team="usual", manager=""):
    since = date(2020, 1, 1)
    posting = StaffPosting(department, team, role, since, None, manager)
    return Employee(name, "USD", "US", since, None, (posting,), (Terms(Decimal(1), since),))


def _calculated(book, payees, measures):
    found = calculate(book, payees, measures, period=Period(2026, 3), working_days={})
    assert not found.held
    return found


def _each(given, said, **names):
    """One case for each value: the first name is the input, the others are steps."""
    (name, key), *steps = names.items()
    return [
        ({name: value}, {step: said[column][index] for step, column in steps}) for index, value in enumerate(given[key])
    ]


def _without(said, name):
    return {key: value for key, value in said.items() if key != name}


def _columns(policy, inputs, share=FULL_PERIOD):
    row = try_policy(policy, {name: Decimal(value) for name, value in inputs.items()}, share=share).row
    assert row is not None
    assert row.stop is None
    return {step.name: step.value for step in row.steps}
