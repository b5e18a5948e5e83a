"""One mistake each: the code that names it, and the place where a manager finds it."""

import pytest

from domain.records import Unit
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


SETTLED = """\
exchange_rates:
  - id: house
    title: Rates
    owner: finance
    valid_from: 2026-01-01
    review_by: 2026-12-31
    to: VND
    rates: {CNY: 3500}
policies:
  - id: bonus
    title: A bonus
    owner: hr
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {roles: [collector]}
    component: bonus
    currency: VND
    part_period: whole
    inputs:
      recovered: {kpi: recovered, unit: money, missing: zero, rates: house}
      quality: {kpi: quality, unit: ratio, missing: hold}
      cases: {kpi: cases, unit: count, missing: zero}
      owed: {carried: owed_after, months_ago: 1, unit: money, missing: zero}
      tenure: {fact: tenure_months, missing: hold}
    steps:
      - name: quota
        kind: quota
        value: 100
        ramp: [{months: 2, share: 0.5}, {months: 3, share: 0.7}]
        seasons: {2: 0.9}
      - name: commission
        kind: tiers
        mode: marginal
        of: recovered
        boundary: at
        below: mirror
        bands: [{from: 0, rate: 0.01, flat: 5}, {from: quota, rate: 0.02}]
      - name: tier
        kind: tiers
        mode: stepped
        basis: tenure
        boundary: at
        below: zero
        bands: [{from: 0, amount: 1}]
        shift: [{when: quality < 0.5, by: -1}]
      - {name: fined, kind: penalty, of: commission, each: 5, times: cases}
      - {name: won, kind: prize, of: quality, best: highest, among: team, held: hold_all,
         prizes: [5, 3], ties: share, digits: 0}
      - {name: topped, kind: kicker, of: fined, when: cases > 3, amount: won}
      - {name: whole, kind: round, of: topped, digits: 0, mode: down}
      - {name: now, kind: split, of: whole, shares: {now: 0.6, later: 0.4}, part: now, digits: 0}
      - {name: pooled, kind: pool, fund: tier, weight: cases, among: policy, held: hold_all,
         reserve: 0, without_weight: hold, digits: 0}
      - {name: together, kind: formula, expression: now + pooled}
      - {name: owed_after, kind: draw, of: together, draw: 9, owed: owed, gives: owed, memo: true}
      - {name: drawn, kind: draw, of: together, draw: 9, owed: owed, gives: pay}
      - {name: scaled, kind: scale, of: drawn, budget: 1000, among: policy, held: leave_out, digits: 0}
      - {name: payable, kind: round, of: scaled, digits: 0, mode: half_up}
"""

SETTLED_MISTAKES = {
    "a ramp out of order": ("{months: 3, share: 0.7}", "{months: 1, share: 0.7}", "POL030", "1, share: 0.7"),
    "a thirteenth month": ("seasons: {2: 0.9}", "seasons: {13: 0.9}", "POL039", "0.9}"),
    "a season in words": ("seasons: {2: 0.9}", "seasons: {two: 0.9}", "RUL005", "0.9}"),
    "flat amounts without a boundary": (
        "        boundary: at\n        below: mirror",
        "        below: mirror",
        "POL038",
        "name: commission",
    ),
    "a band that starts at a ratio": ("{from: quota, rate", "{from: quality, rate", "POL033", "quality, rate"),
    "a shift by half a band": ("by: -1", "by: 0.5", "RUL005", "0.5}]\n      - {name: fined"),
    "a shift by a condition that is none": ("when: quality < 0.5", "when: quality", "EXP004", "quality, by"),
    "a penalty times money": ("times: cases", "times: recovered", "POL033", "recovered}\n      - {name: won"),
    "a penalty in a ratio": ("each: 5", "each: quality", "POL033", "quality, times"),
    "a prize of half a unit": ("[5, 3]", "[5, 2.5]", "POL045", "2.5]"),
    "a prize below zero": ("[5, 3]", "[5, -3]", "RUL005", "-3]"),
    "a way of ties that there is not": ("ties: share", "ties: split", "RUL003", "split, digits"),
    "nobody to look at together": ("among: team, ", "", "RUL002", "{name: won"),
    "a kicker in a count": ("amount: won", "amount: cases", "POL033", "cases}\n      - {name: whole"),
    "shares that do not sum to one": ("later: 0.4", "later: 0.3", "POL044", "{now: 0.6"),
    "a part that there is not": ("part: now", "part: then", "POL044", "then, digits"),
    "a fund that is a count": ("fund: tier", "fund: cases", "POL033", "cases, weight"),
    "a reserve of everything": ("reserve: 0,", "reserve: 1,", "RUL005", "1, without_weight"),
    "a draw that is never paid back": ("owed: owed, gives: pay", "owed: won, gives: pay", "POL028", "won, gives"),
    "a budget in a ratio": ("budget: 1000", "budget: quality", "POL033", "quality, among"),
    "an input of two kinds": (
        "{fact: tenure_months, ",
        "{fact: tenure_months, days: working_days, ",
        "POL021",
        "{fact",
    ),
    "a carried column of no period": ("months_ago: 1, ", "", "POL027", "{carried"),
    "a carried column without a unit": ("months_ago: 1, unit: money", "months_ago: 1", "POL022", "{carried"),
    "a level of a KPI": (
        "unit: ratio, missing: hold}",
        "unit: ratio, level: 1, missing: hold}",
        "POL027",
        "1, missing: hold}",
    ),
    "rates for a ratio": (
        "unit: ratio, missing",
        "unit: ratio, rates: house, missing",
        "POL027",
        "house, missing: hold}",
    ),
    "a fact that there is not": ("fact: tenure_months", "fact: tenure", "RUL003", "tenure, missing: hold}"),
    "an unknown currency to convert from": ("{CNY: 3500}", "{CNX: 3500}", "POL043", "3500}"),
    "a rate for the currency itself": ("{CNY: 3500}", "{VND: 3500}", "POL064", "3500}"),
    "a rate of nothing": ("{CNY: 3500}", "{CNY: 0}", "RUL005", "0}\npolicies"),
}


@pytest.mark.parametrize("mistake", SETTLED_MISTAKES)
def test_a_mistake_in_what_settles_payees_is_named_at_its_place(document_of, mistake):
    old, new, code, where = SETTLED_MISTAKES[mistake]
    assert SETTLED.count(old) == 1, "the mistake is made in one place"
    text = SETTLED.replace(old, new)
    _, issues = decode_policies([document_of(text)])
    first = code.split()[0]
    assert (first, *_place(text, where)) in {(each.code, each.location.line, each.location.column) for each in issues}
    assert sorted(each.code for each in issues) == sorted(code.split()), "\n".join(map(str, issues))


def test_the_policy_that_these_mistakes_are_made_in_has_none(document_of):
    book, issues = decode_policies([document_of(SETTLED)])
    assert not issues, "\n".join(map(str, issues))
    assert not list(book.references(SETTLED_KPIS, {}))


SETTLED_KPIS = {"recovered": Unit.MONEY, "quality": Unit.RATIO, "cases": Unit.COUNT}


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("rates: house}", "rates: hause}", "POL063", "{kpi: recovered"),
        ("carried: owed_after", "carried: owed_afer", "POL063", "{carried"),
        ("{fact: tenure_months,", "{lines: bonuses, level: 1,", "POL063", "{lines"),
        ("to: VND", "to: USD", "POL065", "{kpi: recovered"),
    ],
)
def test_what_a_policy_names_in_the_book_must_be_there(document_of, old, new, code, where):
    text = SETTLED.replace(old, new).replace(
        "basis: tenure", "basis: commission" if "lines" in new else "basis: tenure"
    )
    if "lines" in new:
        text = text.replace("when: cases > 3", "when: cases > 3 and tenure > won")
    book, issues = decode_policies([document_of(text)])
    assert not issues, "\n".join(map(str, issues))
    (found,) = book.references(SETTLED_KPIS, {})
    assert (found.code, found.location.line, found.location.column) == (code, *_place(text, where))


def test_components_that_read_each_other_are_refused(document_of):
    def policy(name, reads):
        text = GOOD.removeprefix("policies:\n").replace("id: bonus", f"id: {name}").replace("[field]", f"[{name}]")
        text = text.replace("component: bonus", f"component: {name}")
        return text.replace("{kpi: recovered_amount, unit: money, missing", f"{{lines: {reads}, level: 1, missing")

    _, issues = decode_policies([document_of("policies:\n" + policy("one", "other") + policy("other", "one"))])
    assert [each.code for each in issues] == ["POL051"]
    _, issues = decode_policies([document_of("policies:\n" + policy("one", "one"))])
    assert [each.code for each in issues] == ["POL051"]


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
