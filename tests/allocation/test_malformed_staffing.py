"""One mistake per case: what is said about it, and where; and the guide, whose example is sound."""

import re

import pytest

from adapters.rule_files import parse_document
from adapters.settings import PROJECT
from allocation.capacity.staffing import decode_staffing
from tests.allocation.test_malformed_strategies import change, text_at

DEPARTMENTS = ("phone_early", "phone_late", "legal")
(GUIDE,) = re.findall(r"```yaml\n(.*?)```", (PROJECT / "docs" / "capacity.md").read_text(encoding="utf-8"), re.DOTALL)
_, _, LATER = GUIDE.replace("id: house", "id: other").replace("2026-01-01\n    r", "2026-07-01\n    r").partition("\n")

# The mistake, the code, what stands at the place that is pointed at, and some words of the message.
CASES = {
    "unknown key": (change("    lookback_weeks: 13\n", "    lookback: 13\n"), "RUL001", "lookback: 13", '"lookback"'),
    "one week": (change("lookback_weeks: 13", "lookback_weeks: 1"), "RUL005", "1\n", "2"),
    "more than all the time": (change("0.85", "1.2"), "RUL005", "1.2", "1"),
    "less than no leavers": (change("per_year: 0.30", "per_year: -1"), "RUL005", "-1", "0"),
    "no weight": (change(", weight_years: 20", ""), "RUL002", "{per_year", "weight_years"),
    "a kind that no plan has": (change("call: 6", "phone_call: 6"), "RUL003", "6, message", "call"),
    "no minutes": (change("call: 6", "call: 0"), "RUL005", "0, message", "0"),
    "a free hour": (change("amount: 95000", "amount: 0"), "RUL005", "0, currency", "0"),
    "no such department": (change("department: legal", "department: legl"), "CAP002", "legl", '"legl"'),
    "an hour of nobody": (change("phone_early, amount: 95000", "phone, amount: 95000"), "CAP002", "phone, a",
                          '"phone"'),
    "two costs of a day": (change("valid_from: 2027-01-01}", "valid_from: 2026-01-01}"), "CAP003",
                           "{department: phone_early, amount: 102000", "two costs"),
    "two rules": (lambda text: text + LATER, "CAP001", "2026-07-01", '"other"'),
    "no list": (lambda _: "staffing: 7\n", "CAP004", "7", "no list `staffing`"),
    "another section": (lambda text: text + "kpis: 7\n", "RUL001", "kpis: 7\n", 'unknown key "kpis"'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_is_told_at_its_place(case):
    spoil, code, pointed_at, words = CASES[case]
    text = spoil(GUIDE)
    document, unreadable = parse_document(text, "staffing.yaml")
    assert document is not None, unreadable
    _, issues = decode_staffing([document], DEPARTMENTS)
    assert [issue.code for issue in issues] == [code], [str(issue) for issue in issues]
    assert text_at(text, issues[0].location).startswith(pointed_at), (issues[0], text_at(text, issues[0].location)[:60])
    assert words in issues[0].message


def test_the_guides_example_is_sound():
    book, issues = decode_staffing([parse_document(GUIDE, "example.yaml")[0]], DEPARTMENTS)
    assert not issues, [str(issue) for issue in issues]
    assert [each.rule.id for each in book.placed] == ["house"]
