"""Fee schedules by several things at once, bounds of payments and placements, rights after recall, and the month."""

from datetime import date
from decimal import Decimal

import pytest

from domain.issues import Location, Severity
from domain.periods import Period
from incentives.contract_trial import Given, payments_as_table, try_contract
from incentives.contracts import decode_contracts
from incentives.fees import fees
from incentives.recoveries import NoFee, PartnerRecovery, Placement

JUNE = Period(2026, 6)
HEAD = """\
permissions:
  - {jurisdiction: US, legal_types: [agency, law_firm], valid_from: 2000-01-01, source: a law}
contracts:
  - id: one
    title: A contract
    owner: partners
    valid_from: 2020-01-01
    review_by: 2030-01-01
    partners: all
    legal_types: [agency, law_firm]
    jurisdictions: [US]
    currency: USD
    dated_by: posted_on
"""
REST = {
    "counts": "[cash, settlement, restructured]",
    "schedule": "{cases: [{rate: 0.10}]}",
    "entitlement": "{after_recall: full, after_term: full}",
    "vat_rate": "0",
    "rounding": "{each: month, digits: 2, mode: half_up}",
}


@pytest.fixture(scope="session")
def contract(document_of):
    """A contract with these keys in place of plain ones, and what is wrong with it."""

    def build(**keys):
        lines = "".join(f"    {key}: {value}\n" for key, value in {**REST, **keys}.items() if value is not None)
        return decode_contracts([document_of(HEAD + lines)])

    return build


@pytest.fixture(scope="session")
def tried(contract):
    def of(payments, placements=None, figures=None, legal_type="agency", **keys):
        book, issues = contract(**keys)
        assert not issues, "\n".join(map(str, issues))
        given = Given.model_validate(
            {
                "payments": {f"P{number}": each for number, each in enumerate(payments, 1)},
                "placements": placements or {},
                "figures": figures or {},
                "legal_type": legal_type,
            }
        )
        trial = try_contract(book, "one", given, JUNE, Location("here"))
        assert not trial.issues
        return trial

    return of


def earned(trial):
    """By payment: the fee, or why there is none."""
    found = {each.recovery.payment_id: each.fee for each in trial.found.lines}
    found |= {each.recovery.payment_id: each.reason for each in trial.found.without_fee}
    return [found[name] for name in sorted(found)]


def amount(trial):
    payout = trial.payout("fee")
    return payout.amount if payout else None


PAID = {"amount": 1000}


@pytest.mark.parametrize(
    ("cases", "placement", "payment", "expected"),
    [
        ("[{when: placement_number >= 2, rate: 0.5}, {rate: 0.1}]", {"number": 2}, PAID, 500),
        ("[{when: placement_number >= 2, rate: 0.5}, {rate: 0.1}]", {"number": 1}, PAID, 100),
        ("[{when: product == 'card', rate: 0.5}, {rate: 0.1}]", {"product": "card"}, PAID, 500),
        ("[{when: product == 'card', rate: 0.5}, {rate: 0.1}]", {}, PAID, NoFee.UNKNOWN_FACT),
        ("[{when: is_missing(product), rate: 0.5}, {rate: 0.1}]", {}, PAID, 500),
        ("[{when: region == 'north' and branch_id != 'B2', rate: 0.5}, {rate: 0.1}]",
         {"region": "north", "branch_id": "B1"}, PAID, 500),
        ("[{when: originator == 'U1', no_fee: true}, {rate: 0.1}]", {"originator": "U1"}, PAID, NoFee.NO_CASE),
        ("[{when: exclusive, rate: 0.2}, {rate: 0.1}]", {"exclusive": True}, PAID, 200),
        ("[{when: charged_off, rate: 0.2}, {rate: 0.1}]", {"product": "card"}, PAID, 100),
        ("[{when: charged_off, rate: 0.2}, {rate: 0.1}]",
         {"product": "card", "charged_off_on": date(2026, 5, 1)}, PAID, 200),
        ("[{when: days_since_opened > 365, rate: 0.2}, {rate: 0.1}]", {"opened_on": date(2025, 6, 30)}, PAID, 100),
        ("[{when: channel == 'cash', rate: 0.2}, {rate: 0.1}]", {}, {**PAID, "channel": "cash"}, 200),
        ("[{when: recovered >= 1000, rate: 0.2}, {rate: 0.1}]", {}, {"amount": 1200, "waiver": 300}, 90),
        ("[{when: days_past_due > 90, rate: 0.2}, {rate: 0.1}]", {}, PAID, NoFee.UNKNOWN_DAYS_PAST_DUE),
        ("[{when: days_past_due > 90, rate: 0.2}, {rate: 0.1}]", {}, {**PAID, "days_past_due": 91}, 200),
        ("[{when: days_past_due > 90 or placement_number == 1, rate: 0.2}, {rate: 0.1}]", {}, PAID, 200),
    ],
)  # fmt: skip
def test_the_first_case_that_holds_counts_and_what_is_not_known_is_no_case(tried, cases, placement, payment, expected):
    trial = tried([payment], {"L": placement}, schedule=f"{{cases: {cases}}}")
    assert earned(trial) == [expected]


def test_what_no_case_holds_for_earns_nothing_where_that_is_said(tried):
    schedule = "{cases: [{when: legal_type == 'law_firm', rate: 0.3}], otherwise: no_fee}"
    assert earned(tried([PAID], schedule=schedule)) == [NoFee.NO_CASE]
    assert earned(tried([PAID], legal_type="law_firm", schedule=schedule)) == [300]


def test_of_uplifts_only_the_first_that_holds_counts_on_rates_and_on_slices(tried):
    up = "uplifts: [{when: age_at_placement_days > 700, points: 0.2}, {when: age_at_placement_days > 365, points: 0.1}]"
    for days, points in ((365, 0), (366, 100), (701, 200)):
        whole = tried([PAID], {"L": {"age_days": days}}, schedule=f"{{cases: [{{rate: 0.3}}], {up}}}")
        assert earned(whole) == [300 + points]
        slices = "cases: [{slices: [{from: 0, rate: 0.5}, {from: 300, rate: 0.2}]}]"
        assert earned(tried([PAID], {"L": {"age_days": days}}, schedule=f"{{{slices}, {up}}}")) == [290 + points]


def test_days_past_due_are_counted_on_from_placement_where_the_contract_says_so(tried):
    bands = "cases: [{by: days_past_due, boundary: at, bands: [{from: 0, rate: 0.1}, {from: 61, rate: 0.2}]}]"
    placement = {"L": {"age_days": 31, "placed_on": date(2026, 5, 31)}}
    days = [date(2026, 6, 29), date(2026, 6, 30)]
    payments = [{**PAID, "on": day} for day in days]
    assert earned(tried(payments, placement, schedule=f"{{{bands}}}")) == [NoFee.UNKNOWN_DAYS_PAST_DUE] * 2
    counted = f"{{{bands}, unknown_days_past_due: from_placement}}"
    assert earned(tried(payments, placement, schedule=counted)) == [100, 200]
    known = [{**each, "days_past_due": 5} for each in payments]
    assert earned(tried(known, placement, schedule=counted)) == [100, 100]


BOUNDS = "{cases: [{rate: 0.1, fixed: 1, at_least: 3, at_most: 50}]}"


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([10], [3]),
        ([100], [11]),
        ([1000], [50]),
        ([1000, -1000], [50, -50]),
        ([1000, -900], [50, -39]),
        ([1000, -900, -100], [50, -39, -11]),
        ([10, -4], [3, 0]),
        ([10, -4, -6], [3, 0, -3]),
    ],
)
def test_bounds_of_a_payment_count_what_takes_it_back(tried, amounts, expected):
    """A payment and its reversals are one: taken back whole, it has earned nothing, in however many parts."""
    for rounding in ("month", "payment"):
        payments = [{"amount": each, "reverses": "P1" if number else None} for number, each in enumerate(amounts)]
        rounded = f"{{each: {rounding}, digits: 2, mode: half_up}}"
        assert earned(tried(payments, schedule=BOUNDS, rounding=rounded)) == expected


def test_a_payment_that_is_rounded_and_taken_back_in_parts_leaves_no_cent(tried):
    payments = [{"amount": "10.05"}, *({"amount": part, "reverses": "P1"} for part in ("-3.35", "-3.35", "-3.35"))]
    trial = tried(
        [{**each, "amount": Decimal(each["amount"])} for each in payments],
        schedule="{cases: [{rate: 0.1}]}",
        rounding="{each: payment, digits: 2, mode: half_up}",
    )
    assert sum(earned(trial)) == 0
    assert amount(trial) == 0


def test_bounds_of_a_placement_hold_over_its_months(tried):
    schedule = "{cases: [{rate: 0.1}], each_placement: {at_least: 20, at_most: 120}, look_back_days: 400}"
    may, june = date(2026, 5, 20), date(2026, 6, 20)
    placement = {"L": {"placed_on": date(2026, 5, 1)}}
    payments = [{"amount": 1000, "on": may}, {"amount": 500, "on": june}, {"amount": 500, "on": june}]
    assert earned(tried(payments, placement, schedule=schedule)) == [20, 0]
    small = [{"amount": 50, "on": may}, {"amount": 100, "on": june}, {"amount": 100, "on": june}]
    assert earned(tried(small, placement, schedule=schedule)) == [0, 5]
    back = [{"amount": 50}, {"amount": -50, "reverses": "P1"}]
    assert earned(tried(back, schedule=schedule)) == [20, -20]


def test_a_placement_whose_first_payments_were_not_read_earns_nothing_where_they_matter(contract):
    recovery = PartnerRecovery(
        "P1", "A1", "P", date(2026, 6, 2), Decimal(100), "USD",
        Placement("L", "B", 1, date(2025, 1, 1), Decimal(0), date(2030, 1, 1), None, 0),
    )  # fmt: skip
    for schedule, reason in (
        ("{cases: [{rate: 0.1}]}", None),
        ("{cases: [{slices: [{from: 0, rate: 0.1}]}]}", NoFee.HISTORY_TOO_SHORT),
        ("{cases: [{rate: 0.1}], each_placement: {at_most: 9}}", NoFee.HISTORY_TOO_SHORT),
        ("{cases: [{when: recovered_before > 5, rate: 0.1}, {rate: 0.2}]}", NoFee.HISTORY_TOO_SHORT),
    ):
        book, _ = contract(schedule=schedule)
        found = fees(book, [recovery], period=JUNE, known_from=date(2025, 1, 2))
        assert [each.reason for each in found.without_fee] == ([reason] if reason else [])
        assert not fees(book, [recovery], period=JUNE, known_from=date(2025, 1, 1)).without_fee


MONEY = [
    {"amount": 100},
    {"amount": 100, "kind": "settlement"},
    {"amount": 100, "kind": "restructured"},
    {"amount": 100, "channel": "direct_debit"},
    {"amount": 100, "waiver": 100},
    {"amount": 100, "kind": "settlement", "channel": "direct_debit"},
]


@pytest.mark.parametrize(
    ("counts", "direct", "expected"),
    [
        ("[cash]", None, [10, None, None, 10, None, None]),
        ("[cash]", "[direct_debit, counter]", [10, None, None, None, None, None]),
        ("[cash, direct]", "[direct_debit]", [10, None, None, 10, None, None]),
        ("[settlement]", None, [None, 10, None, None, None, 10]),
        ("[restructured, waiver]", None, [None, None, 10, None, 10, None]),
    ],
)
def test_what_counts_as_recovered(tried, counts, direct, expected):
    trial = tried(MONEY, counts=counts, direct_channels=direct)
    assert earned(trial) == [NoFee.NOT_COUNTED if each is None else each for each in expected]


def test_what_is_booked_before_it_is_paid_is_no_recovery(tried):
    days = [date(2026, 6, 9), date(2026, 6, 10), date(2026, 6, 11)]
    payments = [{**PAID, "on": date(2026, 6, 10), "paid_on": day} for day in days]
    assert earned(tried(payments)) == [100, 100, NoFee.NOT_PAID_YET]


TERM = date(2026, 6, 20)


@pytest.mark.parametrize(
    ("entitlement", "placement", "last", "reason"),
    [
        ("none", {"recalled_on": date(2026, 6, 10)}, 9, NoFee.AFTER_RECALL),
        ("tail", {"recalled_on": date(2026, 6, 10)}, 14, NoFee.AFTER_RECALL),
        ("full", {"recalled_on": date(2026, 6, 10)}, 19, NoFee.AFTER_TERM),
        ("exclusive", {"recalled_on": date(2026, 6, 10), "exclusive": True}, 19, NoFee.AFTER_RECALL),
        ("exclusive", {"recalled_on": date(2026, 6, 10)}, 9, NoFee.AFTER_RECALL),
        ("none", {}, 19, NoFee.AFTER_TERM),
    ],
)
def test_rights_after_recall(tried, entitlement, placement, last, reason):
    """Recalled on the tenth, agreed until the twentieth: the last day that earns, and why the next one does not."""
    rights = f"{{after_recall: {entitlement}, after_term: none, tail_days: 5}}"
    rights = rights if entitlement == "tail" else rights.replace(", tail_days: 5", "")
    payments = [{**PAID, "on": date(2026, 6, day)} for day in (last, last + 1)]
    placed = {"L": {"placed_on": date(2026, 6, 1), "term_ends_on": TERM, **placement}}
    assert earned(tried(payments, placed, entitlement=rights)) == [100, reason]


@pytest.mark.parametrize(
    ("made", "due", "on", "paid_on", "pays"),
    [
        (9, 15, 15, 15, True),
        (9, 15, 18, 18, True),
        (9, 15, 19, 19, False),
        (9, 15, 25, 17, True),
        (10, 15, 15, 15, False),
        (9, 15, 12, 8, False),
    ],
)
def test_a_promise_in_flight_at_the_recall_still_earns_when_it_is_kept(tried, made, due, on, paid_on, pays):
    """Made before the tenth, on which the account was back; kept by its due date and three days."""
    promises = [{"made_on": date(2026, 6, made), "due_on": date(2026, 6, due)}]
    placed = {"L": {"placed_on": date(2026, 6, 1), "recalled_on": date(2026, 6, 10), "promises": promises}}
    payment = {**PAID, "on": date(2026, 6, on), "paid_on": date(2026, 6, paid_on)}
    rights = "{after_recall: none, after_term: none, promises_in_flight: {grace_days: 3}}"
    assert earned(tried([payment], placed, entitlement=rights)) == [100 if pays else NoFee.AFTER_RECALL]
    without = rights.replace(", promises_in_flight: {grace_days: 3}", "")
    assert earned(tried([payment], placed, entitlement=without)) == [NoFee.AFTER_RECALL]


MONTH = """
      inputs:
        score: {scorecard: partners, missing: hold}
        complaints: {kpi: upheld, unit: count, missing: zero}
      steps:
        - name: factor
          kind: table
          unit: ratio
          rows: [{when: score >= 90, value: 1.1}, {when: score < 90, value: 1}]
        - {name: scored, kind: formula, expression: fees * factor}
        - {name: fined, kind: penalty, of: scored, each: 30, times: complaints}
        - {name: least, kind: floor, of: fined, at: 50}"""


@pytest.mark.parametrize(
    ("figures", "paid"),
    [
        ({"score": 95}, 110),
        ({"score": 80}, 100),
        ({"score": 95, "complaints": 1}, 80),
        ({"score": 1, "complaints": 3}, 50),
    ],
)
def test_the_month_is_paid_by_steps_over_its_fees(tried, figures, paid):
    trial = tried([PAID], figures=figures, month=MONTH, vat_rate="0.1")
    assert (amount(trial), trial.payout("vat").amount) == (paid, Decimal(paid) / 10)
    names = [step.name for step in trial.payout("fee").steps]
    assert names == ["case_1", "sum_of_fees", "score", "complaints", "factor", "scored", "fined", "least", "payable"]


def test_a_score_that_is_missing_holds_the_month_and_its_tax(tried):
    trial = tried([PAID], month=MONTH, vat_rate="0.1")
    assert not trial.found.payouts
    ((held),) = trial.found.held
    assert (held.component, held.reason.value, held.text) == (
        "fee:one",
        "missing_input",
        "scorecard:partners has no value",
    )


def test_placements_are_paid_for_though_nothing_was_recovered(tried):
    month = """
      steps:
        - {name: each, kind: base, value: 5}
        - {name: placing, kind: formula, expression: fees + each * placed + each * running}"""
    placements = {
        "new": {"placed_on": date(2026, 6, 1)},
        "returned": {"placed_on": date(2026, 5, 1), "recalled_on": date(2026, 6, 30)},
        "long": {"placed_on": date(2026, 1, 1), "term_ends_on": date(2026, 7, 1)},
        "next": {"placed_on": date(2026, 7, 1)},
    }
    assert amount(tried([], placements, month=month)) == 5 + 5 * 2
    assert amount(tried([{**PAID, "placement": "new"}], placements, month=month)) == 115
    assert tried([], {"next": placements["next"]}, month=month).found.payouts == ()


def test_a_month_without_steps_for_placements_pays_nobody_without_recoveries(tried):
    assert tried([], {"L": {}}).found.payouts == ()


def test_every_payment_is_shown_with_what_it_earned_or_why_not(tried):
    trial = tried([PAID, {"amount": 50, "waiver": 50}], schedule="{cases: [{name: all, rate: 0.1}]}")
    first, second = payments_as_table(trial.found)
    assert (first["by"], first["rate"], first["fee"]) == ("all", "0.1", "100.0")
    assert (second["by"], second["fee"]) == ("no fee: not_counted", "")


MISTAKES = {
    "no last case": ("schedule", "{cases: [{when: exclusive, rate: 0.1}]}", {"CON033"}),
    "nothing is otherwise": ("schedule", "{cases: [{rate: 0.1}], otherwise: no_fee}", {"CON033"}),
    "a case behind all": ("schedule", "{cases: [{rate: 0.1}, {when: exclusive, rate: 0.2}, {rate: 0.1}]}", {"CON034"}),
    "nothing earned": ("schedule", "{cases: [{name: a}]}", {"CON031"}),
    "rate and slices": ("schedule", "{cases: [{rate: 0.1, slices: [{from: 0, rate: 0.1}]}]}", {"CON031"}),
    "bands of nothing": ("schedule", "{cases: [{bands: [{from: 0, rate: 0.1}]}]}", {"CON035"}),
    "a measure without bands": ("schedule", "{cases: [{rate: 0.1, by: recovered}]}", {"CON035"}),
    "a bound beside bands": (
        "schedule",
        "{cases: [{at_most: 5, by: recovered, boundary: at, bands: [{from: 0, rate: 0.1}]}]}",
        {"CON035"},
    ),
    "least above most": ("schedule", "{cases: [{rate: 0.1}], each_placement: {at_least: 2, at_most: 1}}", {"CON022"}),
    "an unknown name": ("schedule", "{cases: [{when: produkt == 'card', rate: 0.1}, {rate: 0.1}]}", {"EXP003"}),
    "an unknown product": ("schedule", "{cases: [{when: product == 'kard', rate: 0.1}, {rate: 0.1}]}", {"EXP007"}),
    "no condition": ("schedule", "{cases: [{when: placement_number, rate: 0.1}, {rate: 0.1}]}", {"EXP004"}),
    "a measure that is no number": (
        "schedule",
        "{cases: [{by: product, boundary: at, bands: [{from: 0, rate: 0.1}]}]}",
        {"RUL003"},
    ),
    "slices of what is applied": (
        "schedule",
        "{cases: [{slices: [{from: 0, rate: 0.1}]}], rates_on: applied}",
        {"CON037"},
    ),
    "direct without a channel": ("counts", "[cash, direct]", {"CON024"}),
    "twice": ("counts", "[cash, cash]", {"CON025"}),
    "an input named as a sum": (
        "month",
        "{inputs: {fees: {kpi: a, unit: money, missing: zero}}, steps: [{name: a, kind: cap, of: fees, at: 1}]}",
        {"CON060"},
    ),
    "a step for people": ("month", "{steps: [{name: a, kind: draw, of: fees, draw: 1, owed: fees, gives: pay}]}",
                          {"CON061", "POL028"}),
    "a step of an unknown name": ("month", "{steps: [{name: a, kind: cap, of: fee, at: 1}]}", {"POL023"}),
    "an input that nothing reads": (
        "month",
        "{inputs: {a: {kpi: a, unit: money, missing: zero}}, steps: [{name: b, kind: cap, of: fees, at: 1}]}",
        {"POL026"},
    ),
    "a count as a fee": ("month", "{steps: [{name: a, kind: formula, expression: payments * 2}]}", {"POL041"}),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_code(contract, mistake):
    key, value, codes = MISTAKES[mistake]
    _, issues = contract(**{key: value})
    assert {issue.code for issue in issues} == codes
    assert all(issue.location.line > 4 for issue in issues)


COVERED = {
    "a lower bound first": (
        "schedule",
        "{cases: [{when: recovered > 5, rate: 0.1}, {when: recovered > 9, rate: 0.2}, {rate: 0.1}]}",
        "case 2 is never reached",
    ),
    "nothing is left": (
        "schedule",
        "{cases: [{when: exclusive, rate: 0.1}, {when: not exclusive, rate: 0.2}, {rate: 0.1}]}",
        "case 3 is never reached",
    ),
    "a lower uplift first": (
        "schedule",
        "{cases: [{rate: 0.1}], uplifts: [{when: recovered > 12, points: 0.02}, {when: recovered > 24, points: 0.05}]}",
        "uplift 2 never counts",
    ),
}


@pytest.mark.parametrize("overlap", COVERED)
def test_what_can_never_count_is_a_warning_and_the_contract_pays_all_the_same(contract, overlap):
    key, value, message = COVERED[overlap]
    book, (warning,) = contract(**{key: value})
    assert (warning.code, warning.severity) == ("CON038", Severity.WARNING)
    assert warning.message.startswith(message)
    assert len(book.ready) == 1
