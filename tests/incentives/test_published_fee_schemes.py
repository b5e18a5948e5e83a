"""Fee schemes that others published: each is a contract, and pays the published figures."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.rule_files import read_document
from domain.issues import Location
from domain.periods import Period
from incentives.book import decode_policies
from incentives.contract_trial import Given, GivenPayment, GivenPlacement, try_contract
from incentives.contracts import decode_contracts
from incentives.fee_names import full_months
from incentives.trial import try_policy

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "published"
SCHEMES = Path(__file__).with_name("published_fee_schemes.yaml")
OF_FEES = {"agency_fee", "date_rule", "fee_base", "payment_waterfall", "rate_plan_model"}


def _read(name):
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"the published examples are not beside the repository: {path.relative_to(ROOT.parent)}")
    return {each["id"]: each for each in json.loads(path.read_text(), parse_float=Decimal)}


@pytest.fixture(scope="module")
def published():
    return _read("collection_examples.json")


@pytest.fixture(scope="module")
def contracts():
    document, issues = read_document(SCHEMES)
    assert not issues
    book, issues = decode_contracts([document])
    assert not issues, "\n".join(map(str, issues))
    return book


@pytest.fixture(scope="module")
def pays(contracts):
    """The fee of payments on one placement, unrounded sums included: the lines, and what the month pays."""

    def fees_of(contract, *amounts, on=date(2026, 1, 31), legal_type="agency", facts=None, **placement):
        placed = GivenPlacement(**{"placed_on": on.replace(day=1), **placement})
        payments = {
            f"P{number}": GivenPayment(amount=Decimal(amount), on=on, **(facts or {}))
            for number, amount in enumerate(amounts)
        }
        given = Given(legal_type=legal_type, placements={"L": placed}, payments=payments)
        trial = try_contract(contracts, contract, given, Period.of(on), Location("here"))
        assert not trial.issues
        assert not trial.found.without_fee
        return trial

    return fees_of


def fee(trial):
    return sum(line.fee for line in trial.found.lines)


def test_every_fee_scheme_of_the_collection_stands_here(published):
    assert {name for name, each in published.items() if each["kind"] in OF_FEES} == {
        "debitura-rate-card-versions",
        "msccm-marginal",
        "debitura-docs-b2c",
        "debitura-calendar-months",
        "gross-vs-net-base",
        "fccs-901-9-order",
        "collect-listing-vs-age",
    }


def test_a_rate_card_in_two_versions_with_uplifts_by_age(published, pays):
    given, said = (published["debitura-rate-card-versions"][key] for key in ("inputs", "expected"))
    contract = {"INTL": "debitura_international", "EU": "debitura_europe"}
    found = []
    for case in given["cases"]:
        submitted = date(2026, 3, 24) if case["version"] == "old" else date(2026, 3, 25)
        year, month = divmod(submitted.year * 12 + submitted.month - 1 - case["age_months"], 12)
        age_days = (submitted - date(year, month + 1, submitted.day)).days
        (line,) = pays(
            contract[case["region"]],
            case["recovered"],
            on=date(2026, 3, 31),
            placed_on=submitted,
            age_days=age_days,
            balance=Decimal(case["principal"]),
        ).found.lines
        found.append((line.stated, line.fee))
    assert [rate for rate, _ in found] == said["rate"]
    assert [earned for _, earned in found] == said["fee"]


def test_half_of_the_first_300_and_a_fifth_of_the_rest(published, pays):
    given, said = (published["msccm-marginal"][key] for key in ("inputs", "expected"))
    found = [
        fee(
            pays(
                "msccm",
                case["collected"],
                age_days=case.get("age_days", 30),
                number=case.get("placement", 1),
                legal_type="law_firm" if case.get("attorney") else "agency",
            )
        )
        for case in given["cases"]
    ]
    assert found == said["fee"]


def test_by_days_overdue_at_the_payment(published, pays):
    given, said = (published["debitura-docs-b2c"][key] for key in ("inputs", "expected"))
    paid = [pays("debitura_b2c", given["collected"], facts={"days_past_due": days}) for days in given["dpd"]]
    assert [fee(each) for each in paid] == said["fee"]
    assert fee(pays("debitura_b2c", given["collected"], legal_type="law_firm")) == 300


def test_full_calendar_months_end_with_the_month(published):
    given, said = (published["debitura-calendar-months"][key] for key in ("inputs", "expected"))
    found = [full_months(*map(date.fromisoformat, pair)) for pair in given["pairs"]]
    assert found == said["months"]


def test_a_share_of_the_gross_payment_and_of_what_is_applied(published, pays):
    """The fee is 0.20 of the payment that is 0.25 of what is applied; 0.25 of the payment is 0.333333 of the latter."""
    said = published["gross-vs-net-base"]["expected"]
    assert fee(pays("added_on", 500)) / 500 == said["D_from_P"]
    gross = fee(pays("of_gross", 400))
    assert round(gross / (400 - gross), 6) == said["P_from_D"]


def test_a_payment_is_applied_in_the_order_of_the_law(published):
    """No fee, but where money goes: the split of a payment as a policy of its own."""
    document, _ = read_document(Path(__file__).with_name("published_collection_schemes.yaml"))
    policies = decode_policies([document])[0].on(date(2026, 1, 1))
    given, said = (published["fccs-901-9-order"][key] for key in ("inputs", "expected"))
    row = try_policy(policies["payment_waterfall"], {name: Decimal(value) for name, value in given.items()}).row
    values = {step.name: step.value for step in row.steps}
    assert {name: values[f"to_{name}"] for name in said["alloc"]} == said["alloc"]


def test_fixed_part_and_bounds_of_each_payment(pays):
    example = _read("incentive_examples.json")["lago-percentage-min-max-fixed"]
    trial = pays("percent_with_bounds", *example["inputs"]["payments"])
    assert fee(trial) == example["expected"]["amount"]
    assert trial.payout("fee").amount == Decimal("18.69")
    assert [fee(pays("percent_with_bounds", amount)) for amount in ("0.01", 400)] == [Decimal("2.000299"), 12]


def test_a_kicker_of_the_month(pays):
    example = _read("incentive_examples.json")["simplicity-monthly-kicker"]
    found = [pays("kicker", amount).payout("fee").amount for amount in example["inputs"]["base"]]
    assert found == example["expected"]["amount"]
    assert pays("kicker", "3999.99").payout("fee").amount == 0


PLANS = {
    "age_at_placement_days": {"age_days": 250},
    "balance_at_placement": {"balance": Decimal(250)},
    "balance": {"remaining": Decimal(250)},
    "days_since_placed": {"placed_on": date(2026, 1, 31) - timedelta(days=250)},
    "days_since_charge_off": {"charged_off_on": date(2026, 1, 31) - timedelta(days=250)},
}


@pytest.mark.parametrize("by", PLANS)
def test_every_type_of_a_rate_plan_decides_the_level(by, pays):
    assert fee(pays(f"plan_by_{by}", 1000, **PLANS[by])) == 350


def test_a_rate_plan_by_the_payment_by_what_was_paid_to_date_and_by_delinquency(pays):
    assert fee(pays("plan_by_recovered", 250)) == Decimal("87.5")
    assert [line.fee for line in pays("plan_by_recovered_before", 250, 10).found.lines] == [125, Decimal("3.5")]
    assert fee(pays("plan_by_days_past_due", 1000, facts={"days_past_due": 250})) == 350
    assert [fee(pays("plan_by_recovered", amount)) for amount in ("2", "99")] == [5, Decimal("49.5")]


REJECTED = {
    "plan and fixed rate both set": ("- by: balance\n", "- by: balance\n          rate: 0.3\n", "CON031"),
    "missing from": ("{from: 100, rate: 0.40}", "{rate: 0.40}", "RUL002"),
    "missing rate": ("{from: 100, rate: 0.40}", "{from: 100}", "CON031"),
    "a gap at the bottom": ("{from: 0, rate: 0.50", "{from: 1, rate: 0.50", "CON032"),
}


@pytest.mark.parametrize("mistake", REJECTED)
def test_what_the_rate_plan_rejects_is_refused(mistake, document_of):
    """`to` cannot be missing: a level ends where the next begins, so that there is no gap. More than six levels are the
    limit of that product's form; here there may be more."""
    old, new, code = REJECTED[mistake]
    head, plan = SCHEMES.read_text().split("  - id: plan_by_balance\n")
    assert old in plan
    text = head + "  - id: plan_by_balance\n" + plan.replace(old, new, 1)
    assert code in {issue.code for issue in decode_contracts([document_of(text)])[1]}
