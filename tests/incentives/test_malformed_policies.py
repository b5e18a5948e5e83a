"""One mistake each: the code that names it, and the place where a manager finds it."""

import pytest

from incentives.book import decode_policies

GOOD = """\
policies:
  - id: bonus
    title: A bonus
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {departments: [field], roles: [collector]}
    component: bonus
    currency: VND
    part_period: prorated
    inputs:
      score: {scorecard: field, missing: hold}
      recovered: {kpi: recovered_amount, unit: money, missing: zero}
      fails: {kpi: critical_fails, unit: count, missing: zero}
    steps:
      - name: commission
        kind: tiers
        mode: marginal
        of: recovered
        below: hold
        bands:
          - {from: 0, rate: 0.01}
          - {from: 1000, rate: 0.02}
      - name: payout
        kind: curve
        of: score
        unit: ratio
        points:
          - {at: 60, value: 0.5}
          - {at: 100, value: 1}
        below: zero
        above: flat
      - name: conduct
        kind: table
        unit: ratio
        rows:
          - {when: fails == 0, value: 1}
          - {when: fails >= 1 and payout < 1, value: 0}
          - {when: fails >= 1 and payout >= 1, value: 0.5}
      - name: earned
        kind: formula
        expression: commission * payout * conduct
      - name: passed
        kind: gate
        of: earned
        when: fails >= 3
        factor: 0
      - name: capped
        kind: cap
        of: passed
        at: 5000000
      - name: for_days
        kind: prorate
        of: capped
        by: days_worked
        employment_share: true
        without_leave: [unpaid]
      - name: payable
        kind: round
        of: for_days
        digits: 0
        mode: half_up
"""

TEMPLATE = """\
templates:
  - id: plan
    title: A plan
    parameters:
      target: {meaning: What a full month pays}
    applies_to: {}
    component: bonus
    currency: VND
    part_period: whole
    inputs: {}
    steps:
      - {name: base_pay, kind: base, value: $target}
      - {name: payable, kind: round, of: base_pay, digits: 0, mode: down}
policies:
  - id: bonus
    title: A bonus
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    template: plan
    parameters: {target: 100}
"""

# What is changed, into what, the code (and those of what follows from the mistake), and the text at whose first
# character the finding points: the value, not its key.
# character the finding points: the value, not its key.
MISTAKES = {
    "a misspelt section": ("policies:", "polices:", "RUL001", "polices:"),
    "a misspelt key": ("component: bonus", "componant: bonus", "RUL001", "componant"),
    "a key left out": ("        factor: 0\n", "", "RUL002", "name: passed"),
    "a kind that there is not": ("kind: gate", "kind: gates", "RUL003", "gates"),
    "a mode that there is not": ("mode: marginal", "mode: marginally", "RUL003", "marginally"),
    "a number in quotes": ("at: 5000000", "at: '5000000'", "RUL004", "'5000000'"),
    "yes for a number": ("rate: 0.02", "rate: true", "RUL004", "true}"),
    "no end and no review": ("    review_by: 2026-12-31\n", "", "RUL004", "id: bonus"),
    "a factor below zero": ("factor: 0\n", "factor: -1\n", "RUL005", "-1\n"),
    "a name used twice": (
        "name: payout",
        "name: commission",
        "POL020 EXP003 EXP003",
        "commission\n        kind: curve",
    ),
    "a step with the name of an input": (
        "name: payout",
        "name: score",
        "POL020 EXP003 EXP003",
        "score\n        kind: curve",
    ),
    "an input of two kinds": ("scorecard: field, missing", "scorecard: field, kpi: a, missing", "POL021", "{scorecard"),
    "a KPI without its unit": ("unit: count, missing", "missing", "POL022", "{kpi: critical_fails"),
    "a unit for a score": ("field, missing: hold", "field, unit: ratio, missing: hold", "POL022", "ratio, missing"),
    "a name that there is not": ("of: recovered", "of: recoverd", "POL023", "recoverd"),
    "a step read before it is computed": ("of: recovered", "of: earned", "POL024", "earned\n        below"),
    "a step that reads itself": ("of: earned", "of: passed", "POL024", "passed\n        when"),
    "a gate that nothing reads": ("of: passed", "of: earned", "POL025", "passed\n        kind: gate"),
    "an input that nothing reads": ("of: recovered", "of: fails", "POL026", "{kpi: recovered_amount"),
    "bands out of order": ("{from: 1000, rate: 0.02}", "{from: 0, rate: 0.02}", "POL030", "0, rate: 0.02"),
    "points out of order": ("{at: 100, value: 1}", "{at: 60, value: 1}", "POL030", "60, value: 1}"),
    "marginal tiers that start late": ("{from: 0, rate: 0.01}", "{from: 5, rate: 0.01}", "POL031", "5, rate: 0.01"),
    "a formula that is a condition": ("commission * payout * conduct", "fails > 1", "POL032", "fails > 1"),
    "money capped by a ratio": ("at: 5000000", "at: payout", "POL033", "payout\n      - name: for_days"),
    "days worked without a word on leave": ("        without_leave: [unpaid]\n", "", "POL034", "days_worked"),
    "prorated pay without proration": ("part_period: prorated", "part_period: whole", "POL035", "whole"),
    "a table with a gap": ("and payout < 1,", "and payout < 0.9,", "POL036", "name: conduct"),
    "a table with a gap between counts": (
        "fails == 0, value: 1",
        "fails == 5, value: 1",
        "POL036 POL037",
        "name: conduct",
    ),
    "a table with an overlap": ("payout >= 1,", "payout >= 0.9,", "POL037", "fails >= 1 and payout >= 0.9"),
    "a pay in a ratio": ("of: for_days\n", "of: payout\n", "POL041 POL025", "name: payable"),
    "digits that cannot be paid": ("digits: 0", "digits: 2", "POL042", "2\n        mode"),
    "a currency that there is not": ("currency: VND", "currency: VDN", "POL043", "VDN"),
    "an unknown name in a formula": ("commission * payout *", "comission * payout *", "EXP003", "comission *"),
    "money compared with a count": ("when: fails >= 3", "when: fails >= earned", "EXP004", "earned\n        factor"),
    "something that is no expression": ("when: fails >= 3", "when: fails >=", "EXP001", "\n        factor"),
    "an unknown fact of the payee": ("roles: [collector]}", "when: rule == 'x'}", "EXP003", "rule =="),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_at_its_place(document_of, mistake):
    old, new, code, where = MISTAKES[mistake]
    assert GOOD.count(old) == 1, "the mistake is made in one place"
    text = GOOD.replace(old, new)
    book, issues = decode_policies([document_of(text)])
    first = code.split()[0]
    assert (first, *_place(text, where)) in {(each.code, each.location.line, each.location.column) for each in issues}
    assert sorted(each.code for each in issues) == sorted(code.split()), "\n".join(map(str, issues))
    assert not book.policies


TEMPLATE_MISTAKES = {
    "an unknown template": ("template: plan", "template: plane", "POL014", "plane"),
    "an unknown parameter": ("{target: 100}", "{target: 100, cap: 3}", "POL015", "3}"),
    "a missing parameter": ("{target: 100}", "{ }", "POL016", "{ }"),
    "a parameter that is not declared": ("of: base_pay", "of: $amount", "POL011", "$amount"),
    "a parameter that is not used": ("value: $target", "value: 5", "POL012", "{meaning"),
    "a value of the wrong kind": ("{target: 100}", "{target: [1]}", "RUL004", "[1]"),
    "a mistake in the template's own step": ("mode: down", "mode: sideways", "RUL003", "sideways"),
}


@pytest.mark.parametrize("mistake", TEMPLATE_MISTAKES)
def test_a_mistake_with_a_template_is_named_where_it_was_made(document_of, mistake):
    old, new, code, where = TEMPLATE_MISTAKES[mistake]
    text = TEMPLATE.replace(old, new)
    _, issues = decode_policies([document_of(text)])
    assert (code, *_place(text, where)) in {(each.code, each.location.line, each.location.column) for each in issues}


def test_two_templates_of_one_name_and_one_that_nobody_uses(document_of):
    unused = TEMPLATE.split("policies:")[0].replace("id: plan", "id: other")
    documents = [document_of(TEMPLATE, "a.yaml"), document_of(TEMPLATE.split("policies:")[0], "b.yaml")]
    _, issues = decode_policies([*documents, document_of(unused, "c.yaml")])
    assert [(str(each.location), each.code, each.is_error) for each in issues] == [
        ("b.yaml:2:9", "POL010", True),
        ("c.yaml:2:9", "POL013", False),
    ]


def test_the_last_step_rounds(document_of):
    text = GOOD[: GOOD.index("      - name: payable")]
    _, issues = decode_policies([document_of(text)])
    assert [(each.code, each.location.line) for each in issues] == [
        ("POL040", text[: text.index("name: for_days")].count("\n") + 1)
    ]


def test_two_policies_that_match_alike_are_refused(document_of):
    text = GOOD + GOOD.removeprefix("policies:\n").replace("id: bonus", "id: rival")
    _, issues = decode_policies([document_of(text)])
    assert [each.code for each in issues] == ["POL050"]
    assert "a.yaml:7:17" in issues[0].message


def test_two_versions_on_one_day_are_refused(document_of):
    text = GOOD + GOOD.removeprefix("policies:\n").replace("valid_from: 2026-01-01", "valid_from: 2026-06-01")
    _, issues = decode_policies([document_of(text)])
    assert [each.code for each in issues] == ["RUL010"]


def test_one_broken_policy_hides_no_other(document_of):
    other = GOOD.removeprefix("policies:\n").replace("id: bonus", "id: other").replace("[field]", "[legal]")
    book, issues = decode_policies([document_of(GOOD.replace("of: recovered", "of: nothing") + other)])
    assert [each.code for each in issues] == ["POL023"]
    assert [ready.policy.id for ready in book.policies] == ["other"]


def test_everything_wrong_is_said_at_once(document_of):
    text = GOOD.replace("digits: 0", "digits: 3").replace("factor: 0\n", "factor: 0\n        colour: red\n")
    _, first = decode_policies([document_of(text)])
    assert [each.code for each in first] == ["RUL001"]  # keys first: a policy that cannot be read is not judged further
    text = GOOD.replace("digits: 0", "digits: 3").replace("VND", "CNY").replace("of: earned", "of: earnt")
    _, second = decode_policies([document_of(text)])
    assert [each.code for each in second] == ["POL023", "POL042"]


def test_what_policies_read_must_be_there(document_of):
    from domain.records import Unit

    book, _ = decode_policies([document_of(GOOD)])
    known = {"recovered_amount": Unit.COUNT}
    found = list(book.references(known, {"fields": ()}))
    assert [(each.code, each.location.line) for each in found] == [("POL061", 12), ("POL062", 13), ("POL060", 14)]
    assert not list(
        book.references(
            {"recovered_amount": Unit.MONEY, "critical_fails": Unit.COUNT}, {"field": ("recovered_amount",)}
        )
    )


def _place(text: str, where: str) -> tuple[int, int]:
    before = text[: text.index(where)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
