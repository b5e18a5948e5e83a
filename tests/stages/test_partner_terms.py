"""Which partners get nothing new, and how much the others may have: by the law and the contracts of the day after."""

from dataclasses import asdict
from datetime import date

import pytest

from adapters.rule_files import parse_document
from allocation.destinations import Destination, PartnerTerms, RefusedPartner
from incentives.contracts import decode_contracts
from tasks.stages.allocation_report import refused_in
from tasks.stages.partner_terms import refused_partners, terms_of_partners

TODAY = date(2026, 6, 30)
LAW = """\
permissions:
  - {jurisdiction: VN, legal_types: [law_firm, agency], valid_from: 2015-01-01, source: before}
  - {jurisdiction: VN, legal_types: [law_firm], valid_from: 2026-07-02, source: after}
contracts:
"""
CONTRACT = """\
  - id: {id}
    title: A contract
    owner: partners
    valid_from: {first}
    valid_to: {end}
    partners: {partners}
    legal_types: [law_firm]
    jurisdictions: [VN]
    currency: {currency}
    dated_by: placed_on
    counts: [cash]
    schedule: {{cases: [{{rate: 0.1}}]}}
    entitlement: {{after_recall: full, after_term: full}}
    vat_rate: 0
    rounding: {{each: month, digits: 0, mode: half_up}}
"""


def contracts(*entries):
    plain = {"id": "one", "first": "2026-01-01", "end": "2027-01-01", "partners": "all", "currency": "VND"}
    text = LAW + "".join(CONTRACT.format(**{**plain, **each}) + each.get("more", "") for each in entries)
    document, _ = parse_document(text, "a.yaml")
    book, issues = decode_contracts([document])
    assert not issues, "\n".join(map(str, issues))
    return book


def terms(book, legal_type="law_firm", where="VN", day=TODAY, name="P1"):
    row = {"partner_id": name, "legal_type": legal_type, "jurisdiction": where}
    return terms_of_partners(book, [row], day)[name]


@pytest.mark.parametrize(
    ("entries", "asked", "refused"),
    [
        ([{}], {}, ""),
        ([{}], {"legal_type": "asset_manager"}, "legal_type"),
        ([{}], {"where": "CN"}, "legal_type"),
        ([{}], {"legal_type": "agency"}, "no_contract"),
        ([{}], {"legal_type": "agency", "day": date(2026, 7, 1)}, "legal_type"),
        ([{"first": "2026-07-01"}], {}, ""),
        ([{"first": "2026-07-01"}], {"day": date(2026, 6, 29)}, "no_contract"),
        ([{"end": "2026-07-01"}], {}, "no_contract"),
        ([{"end": "2026-07-02"}], {}, ""),
        ([{"partners": "[P2]"}], {}, "no_contract"),
        ([{"partners": "[P2]"}], {"name": "P2"}, ""),
        ([{}, {"id": "two", "currency": "USD"}], {}, ""),
    ],
)
def test_the_law_and_the_contracts_of_the_day_after_decide(entries, asked, refused):
    assert terms(contracts(*entries), **asked).refused == refused


def test_the_least_of_what_contracts_allow_is_the_most():
    more = "    accounts_at_most: {}\n"
    assert terms(contracts({"more": more.format(40)})) == PartnerTerms("", 40)
    two = contracts({"more": more.format(40)}, {"id": "two", "currency": "USD", "more": more.format(30)})
    assert terms(two) == PartnerTerms("", 30)
    assert terms(contracts({})) == PartnerTerms("", None)


def test_who_gets_nothing_new_is_told_with_the_reason():
    ends = [
        Destination("partner", "P1", "VN", 9, legal_type="agency", refused="legal_type"),
        Destination("partner", "P2", "VN", 9, legal_type="law_firm", refused="no_contract"),
        Destination("partner", "P3", "VN", 9, legal_type="law_firm"),
    ]
    assert [str(each) for each in refused_partners(ends)] == [
        "P1: the law of VN does not let a partner of type agency collect",
        "P2: no contract in force",
    ]


def test_a_manifest_names_the_law_and_the_contracts_of_the_day_after():
    book = contracts({"end": "2026-07-01"}, {"id": "two", "first": "2026-07-01"})
    law = book.permissions_on(date(2026, 7, 1))
    assert [(each.rule.id, each.rule.source) for each in law] == [("collecting_in_vn", "before")]
    assert [each.rule.source for each in book.permissions_on(date(2026, 7, 2))] == ["after"]
    assert [each.version.id for each in law] == ["collecting_in_vn"]


def test_the_report_reads_who_gets_nothing_new_from_what_the_night_kept():
    one = RefusedPartner("P1", "legal_type", "VN", "agency")
    kept = {"refused": [{**asdict(one), "words": str(one)}]}
    assert list(refused_in(kept)) == [one]
    assert list(refused_in({})) == [], "a night before contracts decided it"
