"""Two books of one small rule: which versions differ, how, and in which fields."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.documents import Document, RuleModel
from domain.issues import Location
from domain.rule_changes import ChangeKind, rule_changes, says_the_same
from domain.rules import Placed, Rule, RuleKind


class _Band(RuleModel):
    start: int
    rate: Decimal


class _Part(RuleModel):
    kpi: str
    weight: Decimal
    curve: tuple[int, ...] = ()


class _Rule(Rule):
    parts: tuple[_Part, ...] = ()
    bands: tuple[_Band, ...] = ()
    values: dict[str, Decimal] = {}  # noqa: RUF012 - a pydantic model copies it
    where: str | None = None


def rule(**changes):
    stated = {"id": "a", "title": "A", "owner": "operations", "valid_from": date(2026, 1, 1)}
    return _Rule.model_validate({"review_by": date(2027, 6, 1), **stated, **changes})


def placed(*rules, file="rules.yaml"):
    places = {(number, "id"): Location(file, number * 10 + 1, 5) for number in range(len(rules))}
    places |= {(number, "values", "b"): Location(file, number * 10 + 4, 9) for number in range(len(rules))}
    return [Placed(RuleKind.TARGET, one, Document(file, [], places), (number,)) for number, one in enumerate(rules)]


def changes(old, new):
    return rule_changes(placed(*old), placed(*new, file="new.yaml"))


@pytest.mark.parametrize(
    ("new", "fields"),
    [
        ({"values": {"b": Decimal("0.30")}}, [("values.b", "0.2", "0.3")]),
        ({"values": {"c": Decimal(1)}}, [("values.b", "0.2", "–"), ("values.c", "–", "1")]),
        ({"where": "amount > 5"}, [("where", "–", "amount > 5")]),
        ({"parts": [{"kpi": "y", "weight": 1}]}, [
            ("parts[x].kpi", "x", "–"), ("parts[x].weight", "1", "–"), ("parts[x].curve", "[1, 2]", "–"),
            ("parts[y].kpi", "–", "y"), ("parts[y].weight", "–", "1"),
        ]),
        ({"parts": [{"kpi": "y", "weight": "0.5"}, {"kpi": "x", "weight": "0.5", "curve": [1, 2]}]}, [
            ("parts[x].weight", "1", "0.5"), ("parts[y].kpi", "–", "y"), ("parts[y].weight", "–", "0.5"),
        ]),
        ({"bands": [{"start": 0, "rate": 0}, {"start": 60, "rate": "0.4"}]},
         [("bands[start 60].rate", "0.5", "0.4")]),
        ({"review_by": date(2027, 7, 1)}, [("review_by", "2027-06-01", "2027-07-01")]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)  # fmt: skip
def test_an_edit_is_told_field_by_field_with_the_names_that_people_use(new, fields):
    before = {
        "values": {"b": Decimal("0.20")},
        "parts": [{"kpi": "x", "weight": 1, "curve": [1, 2]}],
        "bands": [{"start": 0, "rate": 0}, {"start": 60, "rate": "0.5"}],
    }
    (change,) = changes([rule(**before)], [rule(**{**before, **new})])
    assert change.what is ChangeKind.CHANGED
    assert [(field.field, field.old, field.new) for field in change.fields] == fields


def test_equal_books_have_no_changes_wherever_the_rules_stand():
    assert changes([rule(), rule(id="b")], [rule(id="b"), rule()]) == ()


def test_one_edited_field_is_placed_at_its_line_and_a_rule_otherwise_at_its_id():
    (change,) = changes([rule(values={"b": 1})], [rule(values={"b": 2})])
    assert (change.old_place, change.new_place) == ("rules.yaml:4:9", "new.yaml:4:9")
    (change,) = changes([rule(values={"b": 1})], [rule(values={"b": 2}, where="x")])
    assert (change.old_place, change.new_place) == ("rules.yaml:1:5", "new.yaml:1:5")


LATER = {"valid_from": date(2026, 11, 1), "where": "new"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([], [rule()], [(ChangeKind.ADDED, "", "new.yaml:1:5")]),
        ([rule()], [], [(ChangeKind.REMOVED, "rules.yaml:1:5", "")]),
        ([rule()], [rule(valid_to=date(2026, 11, 1))], [(ChangeKind.ENDS, "rules.yaml:1:5", "new.yaml:1:5")]),
        (
            [rule()],
            [rule(valid_to=date(2026, 11, 1)), rule(**LATER)],
            [
                (ChangeKind.ENDS, "rules.yaml:1:5", "new.yaml:1:5"),
                (ChangeKind.NEW_VERSION, "rules.yaml:1:5", "new.yaml:11:5"),
            ],
        ),
        (
            [rule(valid_to=date(2026, 11, 1)), rule(**LATER)],
            [rule(valid_to=date(2026, 11, 1)), rule(**{**LATER, "where": "newer"})],
            [(ChangeKind.CHANGED, "rules.yaml:11:5", "new.yaml:11:5")],
        ),
    ],
    ids=["added", "removed", "ends", "a new version beside the one before", "a version of the same day is edited"],
)
def test_versions_are_held_against_their_like(old, new, told):
    assert [(one.what, one.old_place, one.new_place) for one in changes(old, new)] == told


def test_dates_alone_do_not_say_anything_else():
    assert says_the_same(rule(), rule(valid_to=date(2026, 11, 1), review_by=None, valid_from=date(2025, 1, 1)))
    assert not says_the_same(rule(), rule(where="x"))
