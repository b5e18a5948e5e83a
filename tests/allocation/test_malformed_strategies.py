"""One mistake per case: what is said about it, and where."""

import pytest

from adapters.rule_files import parse_document
from allocation.strategies import decode_strategies
from domain.issues import Location

SMALL = "id: small"
SEGMENTS = "    segments:"


def change(old: str, new: str):
    def changed(strategy: str) -> str:
        assert old in strategy
        return strategy.replace(old, new, 1)

    return changed


def by_minutes_without_minutes(strategy: str) -> str:
    by_minutes = change("{by: accounts}", "{by: minutes, working_days_per_month: 21}")(strategy)
    return change("        handling_minutes: 20\n", "")(by_minutes)


def two_strategies(strategy: str) -> str:
    return strategy + strategy.removeprefix("strategies:\n").replace(SMALL, "id: other")


def two_versions(strategy: str) -> str:
    return strategy + strategy.removeprefix("strategies:\n").replace("title: A small", "title: Another small")


def table(rows):
    return change("when: days_past_due <= 90", f"where: {rows}")


def quota(listed):
    return change(SEGMENTS, f"    quotas: [{listed}]\n{SEGMENTS}")


def fair_among_nobody(strategy: str) -> str:
    terms = "partners: {share_at_most: 0.50, cost_share: 0.20}"
    for departments in ("restructuring", "phone"):
        strategy = change(f"departments: [{departments}]", terms)(strategy)
    strategy = change("        departments: [legal]\n", "")(strategy)
    return change(SEGMENTS, f"    fairness: {{band: 0.1}}\n{SEGMENTS}")(strategy)


def two_tables(strategy: str) -> str:
    replaced = {
        "when: days_past_due <= 0": "where: [{days_past_due: {below: 1}}]",
        "when: open_restructuring_case": "where: [{days_past_due: {from: 1}, consent: true, product: [card]}]",
        "when: days_past_due <= 90": "where: [{days_past_due: {from: 1}, consent: false},"
                                     " {days_past_due: {from: 9}, balance: {from: 50}, product: [card]}]",
        "    excluded:": "    match: unique\n    excluded:",
    }  # fmt: skip
    for old, new in replaced.items():
        strategy = change(old, new)(strategy)
    return strategy


# The mistake, the code, what stands at the place that is pointed at, and some words of the message.
CASES = {
    "unknown key": (change("    title: A", "    aim: x\n    title: A"), "RUL001", "aim: x\n", 'unknown key "aim"'),
    "missing key": (change("    switching_cost: 0.15\n", ""), "RUL002", SMALL, '"switching_cost" is missing'),
    "neither end nor review": (change("    review_by: 2026-12-31\n", ""), "RUL004", SMALL, "valid_to or review_by"),
    "a cost above one": (change("cost: 0.15", "cost: 1.5"), "RUL005", "1.5", "less than or equal to 1"),
    "a cost in words": (change("cost: 0.15", "cost: much"), "RUL005", "much", "a number is expected"),
    "unknown channel": (change("channel: phone", "channel: pigeon"), "RUL003", "pigeon", '"channel"'),
    "minutes, but no days": (change("by: accounts", "by: minutes"), "RUL004", "{by: ", "working_days_per_month"),
    "a reason that is no code": (change("reason: closed", "reason: It is closed"), "RUL005", "It is closed", "pattern"),
    "days of two kinds": (change("by: accounts", "by: minutes, calendar_days: 30, working_days_per_month: 21"),
                          "RUL004", "{by: ", "either working_days_per_month or calendar_days"),
    "a ramp that begins late": (change("by: accounts", "by: accounts, ramp: [{months: 1, share: 0.5}]"),
                                "RUL004", "{by: ", "begins with months: 0"),
    "a ramp in disorder": (change("by: accounts", "by: accounts, ramp: [{months: 0, share: 0}, {months: 0, share: 1}]"),
                            "RUL004", "{by: ", "each step comes later"),
    "unknown column": (change("days_past_due <= 90", "dpd <= 90"), "EXP003", "dpd <= 90", 'unknown name "dpd"'),
    "no condition": (change("when: days_past_due <= 90", "when: balance"), "EXP004", "balance", "expected a bool"),
    "unknown case": (change("open_restructuring_case", "open_case"), "EXP003", "open_case", 'unknown name "open_case"'),
    "division": (change("due <= 90", "due / 30 <= 3"), "EXP008", "days_past_due / 30", "summed, not divided"),
    "a call of anything": (change("days_past_due <= 90", "exit(1)"), "EXP005", "exit(1)", 'unknown function "exit"'),
    "unknown currency": (change("CNY: 3600", "RMB: 3600"), "ALL001", "3600", 'unknown currency "RMB"'),
    "worthless currency": (change("CNY: 3600", "CNY: 0"), "ALL002", "0}", "one CNY is worth 0"),
    "segment id twice": (change("- id: legal", "- id: phone"), "ALL003", "phone\n        title: The r", "again"),
    "catch-all not last": (change("when: open_restructuring_case", "otherwise: true"), "ALL004", "true", "never be"),
    "no catch-all": (change("otherwise: true", "when: consent"), "ALL005", "id: legal", "fit no segment"),
    "no condition at all": (change("        when: days_past_due <= 90\n", ""), "ALL006", "id: phone", "one of `when`"),
    "two conditions": (change("wise: true", "wise: true\n        when: consent"), "ALL006", "consent", "one of"),
    "nobody to go to": (change("        departments: [phone]\n", ""), "ALL007", "id: phone", "somebody to go to"),
    "held, and worked": (change("hold: current", "hold: paid\n        partners: {share_at_most: 1, cost_share: 0}"
                                "\n        channel: phone\n        recovery_without_history: 1"),
                         "ALL007", "paid", "a reason to hold"),
    "no channel": (change("        channel: phone\n", ""), "ALL008", "phone\n        title: Up", "by no channel"),
    "no stated recovery": (change("        recovery_without_history: 0.50\n", ""),
                           "ALL009", "phone\n        title: Up", "without history"),
    "by minutes, of what": (by_minutes_without_minutes, "ALL010", "phone\n        title: Up", "how many an account"),
    "disputes worked": (change("hold != ", "hold not in [\"dispute\"] and hold != "),
                        "ALL011", "- {reason: blocked", 'hold "dispute" would be worked'),
    "sold accounts worked": (change('["closed", "sold"]', '["closed"]'),
                             "ALL011", "- {reason: blocked", 'status "sold" would be worked'),
    "two strategies at once": (two_strategies, "ALL012", "other\n", '"small" and "other" both hold on 2026-01-01'),
    "two versions at once": (two_versions, "RUL010", "small\n    title: Another", 'two versions of "small"'),
    "a fact that is none": (change("days_past_due <= 90", "broken_promises > 1"),
                            "EXP003", "broken_promises", 'unknown name'),
    "a table without cells": (table("[{}]"), "ALL017", "{}", "no cells"),
    "a table of unknown columns": (table("[{dpd: {from: 1}}]"), "ALL018", "{from: 1}", 'unknown column "dpd"'),
    "a band of a text": (table("[{product: {from: 1}}]"), "ALL018", "{from: 1}", "is a text"),
    "a list of numbers": (table("[{days_past_due: [low, high]}]"), "ALL018", "[low", "is a count"),
    "a product that is none": (table("[{product: [cart]}]"), "ALL018", "[cart", 'never "cart"'),
    "a band upside down": (table("[{days_past_due: {from: 31, below: 1}}]"), "RUL004", "{from", "ends above"),
    "rows of two segments": (two_tables, "ALL019", "{days_past_due: {from: 9", "9, consent true, product card"),
    "a quota of nothing": (quota("{partner: P1}"), "RUL004", "{partner", "states at_least"),
    "a quota that cannot be": (quota("{partner: P1, at_least: 0.5, at_most: 0.4}"),
                               "RUL004", "{partner", "cannot both be"),
    "a quota of an unknown segment": (quota("{partner: P1, at_least: 0.5, segments: [fone]}"),
                                      "ALL014", "fone", 'unknown segment "fone"'),
    "a quota of what no partner gets": (quota("{partner: P1, at_least: 0.5, segments: [phone]}"),
                                        "ALL020", "phone]", "partners get nothing"),
    "a quota twice": (quota("{partner: P1, at_least: 0.1}, {partner: P1, at_most: 0.3}"),
                      "ALL021", "P1, at_most", "a second quota"),
    "escalated from nowhere": (change(SEGMENTS, "    escalations: [{reason: lost, from: [fone], when: consent,"
                                      " to: legal}]\n    segments:"), "ALL014", "fone", 'unknown segment "fone"'),
    "escalated to nowhere": (change(SEGMENTS, "    escalations: [{reason: lost, from: [phone], when: consent,"
                                    " to: court}]\n    segments:"), "ALL014", "court", 'unknown segment "court"'),
    "escalated to itself": (change(SEGMENTS, "    escalations: [{reason: lost, from: [phone], when: consent,"
                                   " to: phone}]\n    segments:"), "ALL015", "phone}", "to itself"),
    "recalls on a day that February lacks": (change("    segments:", "    recall_days: [1, 30]\n    segments:"),
                                             "ALL016", "30]", "not every month"),
    "kept by what is no condition": (change("    segments:", "    keep_owner_when: days_with_owner\n    segments:"),
                                     "EXP004", "days_with_owner", "expected a bool"),
    "a conflict of two": (change(SEGMENTS, "    conflicts: [{employee: E1, partner: P1, debtors: [D1]}]\n"
                                 "    segments:"),
                          "RUL004", "{employee", "of one employee or of one partner"),
    "fair among nobody": (fair_among_nobody, "ALL024", "{band", "nobody to be fair among"),
    "a band of nothing": (change(SEGMENTS, f"    fairness: {{band: 0}}\n{SEGMENTS}"), "RUL005", "0}", "0.001"),
    "no list": (lambda _: "strategies: 7\n", "ALL013", "7", "no list"),
    "another section": (lambda text: text + "kpis: 7\n", "RUL001", "kpis: 7\n", 'unknown key "kpis"'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_is_told_at_its_place(hand, case):
    change, code, pointed_at, words = CASES[case]
    text = change(hand.text)
    document, unreadable = parse_document(text, "small.yaml")
    assert document is not None, unreadable
    _, issues = decode_strategies([document])
    assert [issue.code for issue in issues] == [code], [str(issue) for issue in issues]
    assert text_at(text, issues[0].location).startswith(pointed_at), issues[0]
    assert words in issues[0].message


def text_at(text: str, place: Location) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[place.line - 1 :])[place.column - 1 :]


def test_all_mistakes_of_a_file_are_told_at_once(hand):
    text = hand.text.replace("CNY: 3600", "RMB: 3600").replace("- id: legal", "- id: phone")
    document, _ = parse_document(text.replace("when: open_restructuring_case", "when: open_case"), "small.yaml")
    book, issues = decode_strategies([document])
    assert {issue.code for issue in issues} == {"ALL001", "ALL003", "EXP003"}
    assert book.strategies == ()
