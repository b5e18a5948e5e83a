"""One mistake per case: what is said about it, and where."""

import pytest

from adapters.rule_files import parse_document
from allocation.plans import decode_plans
from tests.allocation.test_malformed_strategies import change, text_at
from tests.allocation.test_planned_actions import PLAN

SEGMENTS = ("early", "late")


def two_plans(text: str) -> str:
    return text + text.partition("\n")[2].replace("id: early", "id: late")


# The mistake, the code, what stands at the place that is pointed at, and some words of the message.
CASES = {
    "unknown key": (change("    order: 1\n", "    order: 1\n    aim: x\n"), "RUL001", "aim: x\n", 'unknown key "aim"'),
    "unknown key of an action": (change("kind: call", "kind: call\n        who: x"), "RUL001", "who: x", '"who"'),
    "no order": (change("    order: 1\n", ""), "RUL002", "id: early", '"order" is missing'),
    "who is not stated": (change("done: {by: owner}", "done: {}"), "RUL002", "{}", '"by" is missing'),
    "neither end nor review": (change("    review_by: 2027-01-01\n", ""), "RUL004", "id: early", "valid_to or review"),
    "unknown match": (change("match: first", "match: last"), "RUL003", "last", '"match" is'),
    "unknown kind": (change("kind: call", "kind: chat"), "RUL003", "chat", '"kind" is'),
    "unknown withdrawal": (change("leaves_segment", "never"), "RUL003", "never", '"withdrawn_when" is'),
    "unknown event": (change("broken_promise", "payment"), "RUL003", "payment", '"after" is'),
    "no actions": (lambda text: text.partition("    actions:")[0] + "    actions: []\n", "RUL005", "[]", "at least 1"),
    "too often": (change("every_working_days: 5", "every_working_days: 21"), "RUL005", "21", "or equal to 20"),
    "too long": (change("{days: 3}", "{days: 32}"), "RUL005", "32", "less than or equal to 31"),
    "a day past due of none": (change("days_past_due: 5", "days_past_due: 0"), "RUL005", "0}", "greater than or"),
    "a name that is no code": (change("id: weekly", "id: Every week"), "RUL005", "Every week", "pattern"),
    "unknown column": (change('segment == "early"', "dpd > 5"), "EXP003", "dpd > 5", 'unknown name "dpd"'),
    "no condition": (change('segment == "early"', "balance"), "EXP004", "balance", "expected a bool"),
    "a segment that no strategy has": (change('"early"', '"erly"'), "EXP007", '"erly"', 'segment is never "erly"'),
    "action id twice": (change("- id: weekly", "- id: call"), "PLN001", "call\n        title: A m", "again"),
    "never due": (change("due: {days_past_due: 5}", "due: {}"), "PLN002", "{}", "states nothing"),
    "due twice over": (change("{days_past_due: 5}", "{days_past_due: 5, after: promise}"), "PLN002",
                       "{days_past_due", "states days_past_due and after"),
    "without an end": (change("within: {days: 3}", "within: {}"), "PLN003", "{}", "states nothing"),
    "two ends": (change("{days: 3}", "{days: 3, working_days: 2}"), "PLN003", "{days: 3", "working_days and days"),
    "due again before its end": (change("{days: 3}", "{working_days: 6}"), "PLN004", "6", "before the 6 that it may"),
    "a channel of another kind": (change("channels: [sms]", "channels: [sms, call]"), "PLN005", "call]",
                                  '"call" is no channel of a message'),
    "a visit by telephone": (change("kind: message", "kind: visit"), "PLN005", "sms]", "no channel of a visit"),
    "a case of no type": (change("kind: call", "kind: case"), "PLN006", "{by: owner}", "cases of which types"),
    "a call with cases": (change("{by: owner}", "{by: owner, case_types: [legal]}"), "PLN006", "[legal]", "no case"),
    "a message that reaches": (change("[sms], by", "[sms], outcome: effective, by"), "PLN007", "effective",
                               "nobody knows whether it reached"),
    "two plans of one order": (two_plans, "PLN008", "1\n", '"late" has the order 1, as "early" has'),
    "two versions at once": (lambda text: text + text.partition("\n")[2], "RUL010", "early\n", 'two versions of'),
    "no list": (lambda _: "plans: 7\n", "PLN009", "7", "no list `plans`"),
    "another section": (lambda text: text + "kpis: 7\n", "RUL001", "kpis: 7\n", 'unknown key "kpis"'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_is_told_at_its_place(case):
    spoil, code, pointed_at, words = CASES[case]
    text = spoil(PLAN)
    document, unreadable = parse_document(text, "plans.yaml")
    assert document is not None, unreadable
    _, issues = decode_plans([document], SEGMENTS)
    assert [issue.code for issue in issues] == [code], [str(issue) for issue in issues]
    assert text_at(text, issues[0].location).startswith(pointed_at), issues[0]
    assert words in issues[0].message


def test_all_mistakes_are_told_at_once_and_a_broken_plan_hides_no_other():
    text = two_plans(PLAN.replace("{days: 3}", "{}").replace("kind: message", "kind: letter")).replace(
        "order: 1", "", 1
    )
    document, _ = parse_document(text.replace("    \n", ""), "plans.yaml")
    book, issues = decode_plans([document], SEGMENTS)
    assert [issue.code for issue in issues] == ["RUL002", "PLN003", "PLN005"]
    assert book.plans == ()
