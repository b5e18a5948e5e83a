"""Acknowledgements of partners: whole or not at all, with everything that is wrong told at once."""

from __future__ import annotations

import pytest

from domain.partner_files import HandedOut, PartnerAnswer, PartnerOutcome, file_named, read_answers

HEADER = ["file_id", "account_id", "outcome", "reason"]
FILE = HandedOut("F1", frozenset({"A1", "A2", "A3"}), {"A3": PartnerAnswer("A3", PartnerOutcome.ACCEPTED)})


def told(*rows, of=FILE):
    found, issues = read_answers("answer.csv", [HEADER, *rows], of)
    return found, [str(each).split(" ", 2)[:2] for each in issues]


def test_answers_that_are_new_are_taken_and_what_was_said_before_may_stand_again():
    rows = (["F1", "A1", "accepted", ""], ["F1", "A2", "rejected", "unknown"], ["F1", "A3", "accepted", ""])
    assert told(*rows) == (
        (PartnerAnswer("A1", PartnerOutcome.ACCEPTED), PartnerAnswer("A2", PartnerOutcome.REJECTED, "unknown")),
        [],
    )


def test_everything_wrong_is_told_with_its_place():
    _, issues = told(
        ["F1", "A9", "accepted", ""],
        ["F1", "A1", "maybe", ""],
        ["F1", "A2", "rejected", ""],
        ["F1", "A3", "rejected", "no"],
        ["F1", "A1"],
    )
    assert issues == [
        ["answer.csv:2:2", "PTF013"],
        ["answer.csv:3:3", "PTF014"],
        ["answer.csv:4:4", "PTF015"],
        ["answer.csv:5:3", "PTF016"],
        ["answer.csv:6", "PTF010"],
    ]


def test_a_line_twice_and_a_file_that_was_replaced():
    assert told(["F1", "A1", "accepted", ""], ["F1", "A1", "accepted", ""])[1] == [["answer.csv:3:2", "PTF017"]]
    old = HandedOut("F1", FILE.accounts, {}, replaced_by="F1-2")
    assert told(["F1", "A1", "accepted", ""], of=old)[1] == [["answer.csv", "PTF018"]]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "PTF010"),
        ([["file", "account_id", "outcome", "reason"]], "PTF010"),
        ([HEADER], "PTF012"),
        ([HEADER, ["F1", "A1", "accepted", ""], ["F2", "A1", "accepted", ""]], "PTF012"),
    ],
)
def test_an_acknowledgement_answers_one_file(rows, code):
    named, issues = file_named("answer.csv", rows)
    assert named == ""
    assert {issue.code for issue in issues} == {code}
