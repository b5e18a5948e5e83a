"""Policies put together at random pay what the plain calculator pays, column by column, to the last digit."""

import os
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from domain.documents import Document
from domain.staff import Share
from incentives.book import decode_policies
from incentives.trial import Given, paid_by, try_together
from tests.incentives.plain_policy import plain_rows

INPUTS = {
    "recovered": {"kpi": "recovered", "unit": "money", "missing": "hold"},
    "budgeted": {"kpi": "budgeted", "unit": "money", "missing": "hold"},
    "cases": {"kpi": "cases", "unit": "count", "missing": "hold"},
    "quality": {"kpi": "quality", "unit": "ratio", "missing": "hold"},
    "owed": {"carried": "owed_after", "months_ago": 1, "unit": "money", "missing": "hold"},
}
UNITS = {"recovered": "money", "budgeted": "money", "cases": "count", "quality": "ratio", "owed": "money"}

money = st.sampled_from([Decimal(text) for text in ("0", "100", "250.5", "1000", "-40", "99.99")])
ratio = st.sampled_from([Decimal(text) for text in ("0", "0.1", "0.5", "1", "1.25", "2")])
count = st.integers(0, 6).map(Decimal)
numbers = {"money": money, "ratio": ratio, "count": count}
small = st.integers(0, 3)


@dataclass
class Sheet:
    """The steps so far, and what their names count."""

    draw: object
    units: dict[str, str] = field(default_factory=lambda: dict(UNITS))
    steps: list[dict] = field(default_factory=list)

    def name(self, *units):
        return self.draw(st.sampled_from(sorted(name for name, unit in self.units.items() if unit in units)))

    def either(self, unit):
        return self.name(unit) if self.draw(st.booleans()) else self.draw(numbers[unit])

    def when(self):
        name = self.name("money", "ratio", "count")
        sign = self.draw(st.sampled_from(["<", "<=", ">", ">=", "=="]))
        return f"{name} {sign} {abs(self.draw(numbers[self.units[name]]))}"

    def starts(self, unit, *, from_zero=False):
        found = sorted({abs(self.draw(numbers[unit])) for _ in range(self.draw(st.integers(1, 3)))})
        starts = [Decimal(0), *(start for start in found if start)] if from_zero else found
        return [*starts[:-1], self.name(unit)] if len(starts) > 1 and self.draw(small) == 0 else starts

    def add(self, kind):
        unit, keys = KINDS[kind](self)
        name = f"s{len(self.steps)}"
        self.steps.append({"name": name, "kind": kind, "memo": True, **keys})
        self.units[name] = unit


def base(sheet):
    unit = sheet.draw(st.sampled_from(["money", "ratio", "count"]))
    return unit, {"value": sheet.draw(numbers[unit]), "unit": unit}


def formula(sheet):
    one = sheet.name("money")
    sign, other, unit = sheet.draw(
        st.sampled_from(
            [
                ("+", sheet.name("money"), "money"),
                ("-", sheet.name("money"), "money"),
                ("*", sheet.name("ratio"), "money"),
                ("/", sheet.name("money"), "ratio"),
                ("/", sheet.name("count"), "money"),
            ]
        )
    )
    return unit, {"expression": f"{one} {sign} {other}"}


def tiers(sheet):
    mode = sheet.draw(st.sampled_from(["marginal", "whole_amount", "stepped"]))
    of, basis = sheet.name("money", "count"), sheet.name("money", "ratio", "count")
    keys = {"mode": mode, "below": sheet.draw(st.sampled_from(["zero", "hold"]))}
    flat = sheet.draw(st.booleans())
    boundary = sheet.draw(st.sampled_from(["at", "above"]))
    starts = sheet.starts(sheet.units[of] if mode == "marginal" else sheet.units[basis], from_zero=mode == "marginal")
    if mode == "stepped":
        bands = [{"from": start, "amount": sheet.draw(money)} for start in starts]
    else:
        bands = [{"from": start, "rate": sheet.draw(ratio)} for start in starts]
        if flat:
            bands[-1]["flat"] = sheet.draw(money)
    keys |= {"bands": bands}
    if mode == "marginal":
        keys |= {"of": of, "below": sheet.draw(st.sampled_from(["zero", "hold", "mirror"]))}
        return "money", keys | ({"boundary": boundary} if flat else {})
    keys |= {"basis": basis, "boundary": boundary}
    if sheet.draw(st.booleans()):
        keys["shift"] = [{"when": sheet.when(), "by": sheet.draw(st.integers(-2, 2))}]
    if mode == "stepped":
        return "money", keys | ({"adds_up": True} if flat else {})
    return "money", keys | {"of": of}


def curve(sheet):
    of = sheet.name("money", "ratio", "count")
    at = sorted({abs(sheet.draw(numbers[sheet.units[of]])) for _ in range(4)} | {Decimal(0), Decimal(3000)})
    points = [{"at": each, "value": sheet.draw(ratio)} for each in at]
    below, above = (
        sheet.draw(st.sampled_from(each)) for each in (["flat", "zero", "hold"], ["flat", "extend", "hold"])
    )
    return "ratio", {"of": of, "unit": "ratio", "points": points, "below": below, "above": above}


def table(sheet):
    hit = sheet.draw(st.sampled_from(["first", "sum", None]))
    rows = [{"when": sheet.when(), "value": sheet.draw(money)} for _ in range(sheet.draw(st.integers(1, 3)))]
    name = sheet.name("money")
    if hit != "sum":  # so that there is no gap, and where one row has to hold, no overlap
        rows = [{"when": f"{name} < 100", "value": Decimal(5)}, {"when": f"{name} >= 100", "value": Decimal(9)}]
    return "money", {"unit": "money", "rows": rows} | ({"hit": hit} if hit else {})


def gate(sheet):
    of = sheet.name("money", "ratio")
    return sheet.units[of], {"of": of, "when": sheet.when(), "factor": abs(sheet.draw(ratio))}


def kicker(sheet):
    of = sheet.name("money")
    return "money", {"of": of, "when": sheet.when(), "amount": sheet.either("money")}


def penalty(sheet):
    keys = {"of": sheet.name("money"), "each": sheet.either("money"), "times": sheet.name("count")}
    return "money", keys | ({"at_most": sheet.either("money")} if sheet.draw(st.booleans()) else {})


def quota(sheet):
    ramp = [{"months": months, "share": sheet.draw(ratio)} for months in sorted(sheet.draw(st.sets(st.integers(1, 4))))]
    seasons = {str(month): sheet.draw(ratio) for month in sheet.draw(st.sets(st.integers(1, 3)))}
    return "money", {"value": sheet.either("money"), "unit": "money", "ramp": ramp, "seasons": seasons}


def split(sheet):
    share = sheet.draw(st.sampled_from([Decimal("0.3"), Decimal("0.5"), Decimal("0.333")]))
    part, digits = sheet.draw(st.sampled_from(["one", "other"])), sheet.draw(small)
    return "money", {
        "of": sheet.name("money"),
        "shares": {"one": share, "other": 1 - share},
        "part": part,
        "digits": digits,
    }


def draw_step(sheet):
    gives = sheet.draw(st.sampled_from(["pay", "owed"]))
    return "money", {"of": sheet.name("money"), "draw": sheet.either("money"), "owed": "owed", "gives": gives}


def bound(sheet):
    return "money", {"of": sheet.name("money"), "at": sheet.either("money")}


def prorate(sheet):
    return "money", {"of": sheet.name("money"), "by": "calendar_days", "employment_share": False}


def rounding(sheet):
    mode = sheet.draw(st.sampled_from(["half_up", "half_even", "down", "up"]))
    return "money", {"of": sheet.name("money"), "digits": sheet.draw(st.integers(-1, 3)), "mode": mode}


def among(sheet):
    return {
        "among": sheet.draw(st.sampled_from(["policy", "department", "team"])),
        "held": sheet.draw(st.sampled_from(["hold_all", "leave_out"])),
        **({"reopens": True} if sheet.draw(small) == 0 else {}),
    }


def rank(sheet):
    ties = sheet.draw(st.sampled_from(["best", "worst", "dense", "hold"]))
    best = sheet.draw(st.sampled_from(["highest", "lowest"]))
    return "count", {"of": sheet.name("money", "ratio", "count"), "best": best, "ties": ties, **among(sheet)}


def prize(sheet):
    prizes = [abs(sheet.draw(count)) for _ in range(sheet.draw(st.integers(1, 3)))]
    best, ties = sheet.draw(st.sampled_from(["highest", "lowest"])), sheet.draw(st.sampled_from(["share", "each"]))
    keys = {"of": sheet.name("money", "ratio", "count"), "best": best, "prizes": prizes, "ties": ties}
    return "money", keys | {"digits": sheet.draw(small), **among(sheet)}


def pool(sheet):
    keys = {"fund": sheet.either("money"), "weight": sheet.name("money", "ratio", "count"), "digits": sheet.draw(small)}
    keys |= {"reserve": sheet.draw(st.sampled_from([Decimal(0), Decimal("0.25")]))}
    return "money", keys | {"without_weight": sheet.draw(st.sampled_from(["equal", "hold"])), **among(sheet)}


def scale(sheet):
    return "money", {
        "of": sheet.name("money"),
        "budget": sheet.either("money"),
        "digits": sheet.draw(small),
        **among(sheet),
    }


KINDS = {
    "base": base,
    "formula": formula,
    "tiers": tiers,
    "curve": curve,
    "table": table,
    "gate": gate,
    "kicker": kicker,
    "penalty": penalty,
    "quota": quota,
    "split": split,
    "draw": draw_step,
    "cap": bound,
    "floor": bound,
    "prorate": prorate,
    "round": rounding,
    "rank": rank,
    "prize": prize,
    "pool": pool,
    "scale": scale,
}


ALL = tuple(sorted(KINDS))
TOGETHER = ("formula", "pool", "prize", "rank", "scale")


@st.composite
def policies(draw, kinds=ALL, most=8):
    sheet = Sheet(draw)
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=most)):
        sheet.add(kind)
    sheet.add("prorate")
    last = {"name": "payable", "kind": "round", "of": sheet.name("money"), "digits": 2, "mode": "half_up"}
    owed_after = {"name": "owed_after", "kind": "base", "value": "owed", "memo": True}
    used = {"name": "used", "kind": "formula", "expression": "recovered + budgeted", "memo": True}
    rest = {"name": "rest", "kind": "table", "unit": "money", "hit": "sum", "memo": True}
    rest["rows"] = [{"when": "cases > 0 and quality > 0", "value": Decimal(1)}]
    head = {"id": "p", "title": "P", "owner": "o", "valid_from": "2026-01-01", "review_by": "2026-12-31"}
    body = {"applies_to": {}, "component": "pay", "currency": "USD", "part_period": "prorated", "inputs": INPUTS}
    return {**head, **body, "steps": [*sheet.steps, owed_after, used, rest, last]}


inputs = st.fixed_dictionaries(
    {
        name: numbers[unit] if name != "recovered" else st.one_of(money, money, money, st.none())
        for name, unit in UNITS.items()
    }
)
payee = st.fixed_dictionaries(
    {
        "inputs": inputs,
        "tenure_months": st.integers(1, 5),
        "department": st.sampled_from(["a", "b"]),
        "team": st.sampled_from(["1", "2"]),
        "days": st.tuples(st.integers(0, 30).map(Decimal), st.just(Decimal(30))),
    }
)
MANY = int(os.environ.get("FUZZ_EXAMPLES", "500"))
names = st.sampled_from([f"E{number}" for number in range(8)])
payees = st.dictionaries(names, payee, min_size=1)
corrections = st.lists(st.dictionaries(names, payee, max_size=3), min_size=1, max_size=3)


@given(policies(), payees, st.integers(1, 12))
@settings(max_examples=300)
def test_random_policies_pay_what_the_plain_calculator_pays(policy, people, month):
    compare(policy, people, month)


@given(policies(TOGETHER, most=4), payees, corrections)
@settings(max_examples=150)
def test_random_corrections_pay_what_the_plain_calculator_pays(policy, people, corrected):
    compare(policy, people, 1, corrected)


@pytest.mark.slow
@given(st.one_of(policies(), policies(TOGETHER, most=4)), payees, st.integers(1, 12), corrections)
@settings(max_examples=MANY)
def test_hundreds_of_random_policies(policy, people, month, corrected):
    compare(policy, people, month, corrected)


def compare(policy, people, month, corrected=()):
    """What is paid at first, and after each of the corrections, which come one after the other."""
    book, issues = decode_policies([Document("a.yaml", {"policies": [policy]}, {})])
    refused = {issue.code for issue in issues}
    assert refused <= {"POL036", "POL037"}, issues
    if refused:
        event("refused")
        return
    plain_policy = {**policy, "steps": [step for step in policy["steps"] if step["name"] != "rest"]}
    wholes = {}
    trials = try_together(book.policies[0], given_to(people), month=month)
    plain = plain_rows(plain_policy, people, month, wholes=wholes)
    equal(trials, plain)
    paid, first = paid_by(given_to(people), trials), (people, plain, wholes)
    for changes in corrected:
        people = people | changes
        trials = try_together(book.policies[0], given_to(people), month=month, paid=paid)
        equal(trials, plain_rows(plain_policy, people, month, first))


def given_to(people):
    return {
        name: Given(each["inputs"], Share(*each["days"]), each["department"], each["team"], each["tenure_months"])
        for name, each in people.items()
    }


def equal(trials, plain):
    for name, trial in trials.items():
        values = {step.name: step.value for step in trial.row.steps if step.name != "rest"}
        assert (trial.row.stop is None) == (plain[name] is not None), (name, trial.row.stop)
        if plain[name] is not None:
            event("paid")
            assert values == plain[name]
