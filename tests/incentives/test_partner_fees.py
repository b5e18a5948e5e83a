"""What partners are paid for, at what rate, and for how long after an account is back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.periods import Period
from incentives.contracts import decode_contracts
from incentives.fee_lines import bands_of
from incentives.fees import fees
from incentives.recoveries import NoFee, PartnerRecovery, Placement

JUNE = Period(2026, 6)
CONTRACTS = """\
permissions:
  - {jurisdiction: US, legal_types: [agency], valid_from: 2000-01-01, source: a law}
contracts:
  - id: standard
    title: A contract
    owner: partners
    valid_from: 2026-01-01
    review_by: 2026-12-31
    partners: all
    legal_types: [agency]
    jurisdictions: [US]
    currency: USD
    dated_by: placed_on
    counts: [cash]
    schedule:
      cases:
        - by: age_at_placement_days
          boundary: at
          bands:
            - {from: 0, rate: 0.15}
            - {from: 91, rate: 0.25}
    entitlement: {after_recall: tail, after_term: none, tail_days: 30}
    vat_rate: 0
    rounding: {each: month, digits: 2, mode: half_up}
"""
PLACEMENT = Placement("L1", "B1", 1, date(2026, 3, 1), Decimal(5_000), date(2026, 9, 1), None, 100)


@pytest.fixture(scope="session")
def contracts(document_of):
    def build(*changes: tuple[str, str], more: str = ""):
        text = CONTRACTS
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        book, issues = decode_contracts([document_of(text + more)])
        assert not issues, "\n".join(map(str, issues))
        return book

    return build


def recovery(payment_id="P1", amount="1000", posted_on=date(2026, 6, 10), **facts):
    placement = facts.pop("placement", PLACEMENT)
    return PartnerRecovery(payment_id, "A1", "P01", posted_on, Decimal(amount), "USD", placement, **facts)


def paid(calculation):
    return {(line.payee, line.component): line.amount for line in calculation.payouts}


@pytest.mark.parametrize(
    ("age_days", "at", "above"), [(0, 150, 150), (90, 150, 150), (91, 250, 150), (92, 250, 250), (5_000, 250, 250)]
)
def test_the_rate_is_that_of_the_age_at_placement(contracts, age_days, at, above):
    recoveries = [recovery(placement=replace(PLACEMENT, age_days=age_days))]
    assert paid(fees(contracts(), recoveries, period=JUNE)) == {("P01", "fee:standard"): at}
    later = contracts(("boundary: at", "boundary: above"))
    assert paid(fees(later, recoveries, period=JUNE)) == {("P01", "fee:standard"): above}


@pytest.mark.parametrize(
    ("by", "facts", "pays"),
    [
        ("placement_number", {"placement": replace(PLACEMENT, number=91)}, 250),
        ("balance_at_placement", {"placement": replace(PLACEMENT, balance=Decimal(90))}, 150),
        ("days_past_due", {"days_past_due": 30}, 150),
        ("days_past_due", {"days_past_due": 400}, 250),
    ],
)
def test_other_measures_decide_the_band_where_the_contract_says_so(contracts, by, facts, pays):
    book = contracts(("by: age_at_placement_days", f"by: {by}"))
    assert paid(fees(book, [recovery(**facts)], period=JUNE)) == {("P01", "fee:standard"): pays}


def test_a_waiver_is_recovered_only_where_the_contract_names_it(contracts):
    recoveries = [recovery(amount="1000", waiver=Decimal(400))]
    assert paid(fees(contracts(), recoveries, period=JUNE)) == {("P01", "fee:standard"): 150}
    generous = contracts(("counts: [cash]", "counts: [cash, waiver]"))
    assert paid(fees(generous, recoveries, period=JUNE)) == {("P01", "fee:standard"): 250}


@pytest.mark.parametrize(
    ("posted_on", "facts", "reason"),
    [
        pytest.param(date(2026, 6, 10), {"recalled_on": None}, None, id="not recalled"),
        pytest.param(date(2026, 6, 10), {"recalled_on": date(2026, 5, 12)}, None, id="the last day of the tail"),
        pytest.param(date(2026, 6, 10), {"recalled_on": date(2026, 5, 11)}, NoFee.AFTER_RECALL, id="after the tail"),
        pytest.param(date(2026, 6, 10), {"term_ends_on": date(2026, 6, 11)}, None, id="the last day of the term"),
        pytest.param(date(2026, 6, 10), {"term_ends_on": date(2026, 6, 10)}, NoFee.AFTER_TERM, id="after the term"),
        pytest.param(date(2026, 6, 10), {"placed_on": date(2026, 6, 11)}, NoFee.BEFORE_PLACEMENT, id="not placed yet"),
        pytest.param(date(2026, 6, 10), {"placed_on": date(2025, 6, 11)}, NoFee.NO_CONTRACT, id="placed too early"),
    ],
)
def test_entitlement_ends_and_what_earns_nothing_is_listed(contracts, posted_on, facts, reason):
    found = fees(contracts(), [recovery(posted_on=posted_on, placement=replace(PLACEMENT, **facts))], period=JUNE)
    assert [each.reason for each in found.without_fee] == ([reason] if reason else [])
    assert len(found.lines) == (0 if reason else 1)


def test_days_past_due_that_are_not_known_earn_nothing_and_are_listed(contracts):
    book = contracts(("by: age_at_placement_days", "by: days_past_due"))
    found = fees(book, [recovery()], period=JUNE)
    assert [each.reason for each in found.without_fee] == [NoFee.UNKNOWN_DAYS_PAST_DUE]


def test_a_contract_that_names_the_partner_takes_precedence(contracts):
    named = CONTRACTS[CONTRACTS.index("  - id: standard") :].replace("standard", "special")
    book = contracts(more=named.replace("partners: all", "partners: [P01]").replace("rate: 0.25", "rate: 0.30"))
    others = replace(recovery("P2"), partner_id="P02")
    assert paid(fees(book, [recovery(), others], period=JUNE)) == {
        ("P01", "fee:special"): 300,
        ("P02", "fee:standard"): 250,
    }


def test_slices_count_from_what_the_placement_has_recovered_before(contracts):
    """50 % of the first 300, 20 % of the rest (a published agency schedule)."""
    slices = "slices: [{from: 0, rate: 0.5}, {from: 300, rate: 0.2}]"
    book = contracts(("rate: 0.25", slices))
    may = recovery("P0", "200", date(2026, 5, 20))
    assert paid(fees(book, [recovery(amount="1300")], period=JUNE)) == {("P01", "fee:standard"): 350}
    assert paid(fees(book, [may, recovery(amount="1300")], period=JUNE)) == {("P01", "fee:standard"): 290}


MONTH = """\
    month:
      steps:
        - {name: at_least, kind: floor, of: fees, at: 40}
        - {name: at_most, kind: cap, of: at_least, at: 300}
"""


def test_minimum_maximum_tax_and_rounding_of_the_month(contracts):
    book = contracts(
        ("vat_rate: 0\n", "vat_rate: 0.055\n"),
        ("    vat_rate", MONTH + "    vat_rate"),
    )
    fee, vat = ("P01", "fee:standard"), ("P01", "vat:standard")
    assert paid(fees(book, [recovery(amount="10")], period=JUNE)) == {fee: 40, vat: Decimal("2.20")}
    assert paid(fees(book, [recovery(amount="1000.50")], period=JUNE)) == {
        fee: Decimal("250.13"),
        vat: Decimal("13.76"),
    }
    assert paid(fees(book, [recovery(amount="9000")], period=JUNE)) == {fee: 300, vat: Decimal("16.50")}
    assert paid(fees(book, [], period=JUNE)) == {}


def test_rounding_each_payment_differs_from_rounding_the_month(contracts):
    three = [recovery(f"P{number}", "10.01") for number in range(3)]
    assert paid(fees(contracts(), three, period=JUNE)) == {("P01", "fee:standard"): Decimal("7.51")}
    each = contracts(("each: month", "each: payment"))
    assert paid(fees(each, three, period=JUNE)) == {("P01", "fee:standard"): Decimal("7.50")}


def test_a_reversal_takes_back_by_the_terms_of_the_payment_it_names(contracts):
    """Recalled on 1 April, tail until 30 April: paid in April, reversed in June, long after the tail."""
    back = replace(PLACEMENT, recalled_on=date(2026, 4, 1))
    payment = recovery("P1", "1000", date(2026, 4, 20), placement=back)
    reversal = recovery("P2", "-1000", date(2026, 6, 5), placement=back, reverses="P1")
    assert paid(fees(contracts(), [payment], period=Period(2026, 4))) == {("P01", "fee:standard"): 250}
    assert paid(fees(contracts(), [payment, reversal], period=JUNE)) == {("P01", "fee:standard"): -250}
    late = replace(payment, posted_on=date(2026, 5, 20))
    assert [each.reason for each in fees(contracts(), [late, reversal], period=JUNE).without_fee] == [
        NoFee.AFTER_RECALL
    ]


def test_the_bands_of_two_versions_are_told_in_their_order_wherever_they_stand(contracts):
    """Also where no place is known, as of what was signed: two versions are never one step."""
    head, contract = CONTRACTS.split("contracts:\n")
    by_day = contract.replace("dated_by: placed_on", "dated_by: posted_on")
    until_june = by_day.replace("    review_by: 2026-12-31", "    valid_to: 2026-06-01").replace("0.25", "0.20")
    from_june = by_day.replace("2026-01-01", "2026-06-01")
    of_may = recovery("P0", "400", date(2026, 5, 20))
    some = [of_may, recovery(), recovery("P2", "-400", date(2026, 6, 12), reverses="P0")]
    told = []
    for versions in ((until_june, from_june), (from_june, until_june)):
        book = contracts((CONTRACTS, head + "contracts:\n" + "".join(versions)))
        (payout,) = fees(book, some, period=JUNE).payouts
        nowhere = [replace(line, line="") for line in fees(book, some, period=JUNE).lines]
        told.append([(step.name, step.value) for step in payout.steps])
        assert [step.value for step in bands_of(nowhere)] == [-80, 250]
    assert told[0] == told[1] == [("band_2", -80), ("band_2", 250), ("sum_of_fees", 170), ("payable", 170)]


def test_a_payment_handed_in_twice_is_a_mistake_of_the_caller(contracts):
    with pytest.raises(ValueError, match="twice"):
        fees(contracts(), [recovery(), recovery()], period=JUNE)


def test_the_payout_explains_itself(contracts):
    book = contracts(("rate: 0.15", "slices: [{from: 0, rate: 0.15}]"))
    young = replace(PLACEMENT, placement_id="L2", age_days=10)
    payout = fees(book, [recovery(), recovery("P2", "2000", placement=young)], period=JUNE).payouts[0]
    assert [(step.name, step.value, step.line) for step in payout.steps] == [
        ("band_1", Decimal(300), "a.yaml:20:15"),
        ("band_2", Decimal(250), "a.yaml:21:15"),
        ("sum_of_fees", Decimal(550), "a.yaml:4:9"),
        ("payable", Decimal(550), "a.yaml:24:15"),
    ]


RECOVERIES = st.lists(
    st.tuples(st.decimals(-500, 500, places=2), st.dates(date(2026, 3, 1), date(2026, 6, 30)), st.sampled_from("ABC")),
    max_size=12,
)


@given(RECOVERIES, st.randoms(use_true_random=False))
def test_fees_are_the_contract_applied_to_the_sum_whatever_the_order(contracts, some, random):
    """Months add up to the fee of what each placement recovered in all, by an oracle of two lines."""
    book = contracts(("rate: 0.25", "slices: [{from: 0, rate: 0.5}, {from: 300, rate: 0.2}]"))
    recoveries = [
        recovery(f"P{index}", amount, day, placement=replace(PLACEMENT, placement_id=name))
        for index, (amount, day, name) in enumerate(some)
    ]
    months = [fees(book, recoveries, period=Period(2026, month)) for month in (3, 4, 5, 6)]
    random.shuffle(recoveries)
    assert months[-1] == fees(book, recoveries, period=JUNE)
    total = sum((line.fee for month in months for line in month.lines), Decimal(0))
    sums = [sum((amount for amount, _, name in some if name == each), Decimal(0)) for each in "ABC"]
    assert total == sum((_fee_of_sum(each) for each in sums), Decimal(0))
    assert sum(len(month.lines) + len(month.without_fee) for month in months) == len(some)


def _fee_of_sum(amount: Decimal) -> Decimal:
    size = abs(amount)
    fee = size / 2 if size <= 300 else 150 + (size - 300) / 5
    return fee if amount > 0 else -fee


MISTAKES = {
    "an agency where agencies may not collect": ("[US]", "[VN]", "CON010", "VN]"),
    "a currency that there is not": ("currency: USD", "currency: UDS", "CON020", "UDS"),
    "digits that cannot be paid": ("digits: 2", "digits: 4", "CON021", "4, mode"),
    "a least above the most": ("rate: 0.15", "rate: 0.15, at_least: 5, at_most: 4", "CON022", "5, at_most"),
    "a tail without days": (", tail_days: 30", "", "CON023", "{after_recall"),
    "bands out of order": ("from: 91", "from: 0", "CON030", "0, rate: 0.25"),
    "a band without a rate": ("91, rate: 0.25", "91", "CON031", "{from: 91"),
    "a schedule that starts late": ("from: 0", "from: 1", "CON032", "1, rate: 0.15"),
    "a misspelt key": ("vat_rate", "vat_rat", "RUL001", "vat_rat:"),
    "a negative rate": ("rate: 0.15", "rate: -0.15", "RUL005", "-0.15"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_contract_is_named_at_its_place(document_of, mistake):
    old, new, codes, where = MISTAKES[mistake]
    text = CONTRACTS.replace(old, new)
    book, issues = decode_contracts([document_of(text)])
    before = text[: text.index(where)]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert (codes.split()[0], *place) in {(each.code, each.location.line, each.location.column) for each in issues}
    assert sorted(each.code for each in issues) == codes.split(), "\n".join(map(str, issues))
    assert not book.contracts


def test_two_contracts_for_one_partner_are_refused(document_of):
    more = CONTRACTS[CONTRACTS.index("  - id: standard") :].replace("standard", "special")
    _, issues = decode_contracts([document_of(CONTRACTS + more)])
    assert [each.code for each in issues] == ["CON040"]


def test_who_may_collect_follows_the_law_in_force(contracts):
    later = "  - {jurisdiction: US, legal_types: [law_firm], valid_from: 2027-01-01, source: a law}\ncontracts:"
    book = contracts(("contracts:", later), ("review_by: 2026-12-31", "valid_to: 2027-01-01"))
    assert book.may_collect("agency", "US", date(2026, 12, 31))
    assert not book.may_collect("agency", "US", date(2027, 1, 1))
    assert not book.may_collect("agency", "VN", date(2026, 1, 1)), "where no law is stated, nobody may"
