"""Return files: one mistake each with its code and place, all of them at once, and a file without any."""

from __future__ import annotations

import random
from datetime import date

import pytest

from incentives.returns import COLUMNS, Answer, HandedOver, Outcome, read_return

PAID = Answer("3-1", Outcome.PAID, date(2026, 10, 5), "")
HANDED = {
    "1-1": HandedOver("1-1", 329_896, "VND"),
    "2-1": HandedOver("2-1", 123_050, "CNY"),
    "3-1": HandedOver("3-1", 500, "VND", PAID),
}
GOOD = [
    ["1-1", "paid", "329896", "VND", "2026-10-05", ""],
    ["2-1", "rejected", "1230.50", "CNY", "", "account closed"],
]


def read(*rows, header=COLUMNS):
    return read_return("back.csv", [list(header), *map(list, rows)], HANDED)


def changed(column: str, text: str) -> list[str]:
    row = list(GOOD[0])
    row[COLUMNS.index(column)] = text
    return row


def test_a_good_file_gives_an_answer_for_each_line():
    answers, issues = read(*GOOD)
    assert issues == ()
    assert answers == (
        Answer("1-1", Outcome.PAID, date(2026, 10, 5), ""),
        Answer("2-1", Outcome.REJECTED, None, "account closed"),
    )


def test_columns_may_come_in_another_order_with_others_between_them():
    header = ("bank", *reversed(COLUMNS))
    answers, issues = read(["x", *reversed(GOOD[0])], header=header)
    assert (issues, answers[0].line_id) == ((), "1-1")


@pytest.mark.parametrize(
    ("row", "code", "column", "said"),
    [
        (changed("line_id", "9-1"), "PRT002", 1, 'no line "9-1" was handed over'),
        (changed("amount", "329897"), "PRT004", 3, "the amount is 329897; 329896 VND was handed over"),
        (changed("amount", "329896.5"), "PRT004", 3, "the amount is 329896.5; 329896 VND was handed over"),
        (changed("amount", "-329896"), "PRT004", 3, "the amount is -329896; 329896 VND was handed over"),
        (changed("currency", "USD"), "PRT004", 4, 'the currency is "USD"; 329896 VND was handed over'),
        (changed("amount", "329,896"), "PRT009", 3, '"329,896" is no amount'),
        (changed("amount", "NaN"), "PRT009", 3, '"NaN" is no amount'),
        (changed("amount", "329_896"), "PRT009", 3, '"329_896" is no amount'),
        (changed("amount", ""), "PRT009", 3, '"" is no amount'),
        (changed("outcome", "payed"), "PRT005", 2, 'the outcome is "payed"'),
        (changed("outcome", "PAID"), "PRT005", 2, 'the outcome is "PAID"'),
        (changed("paid_on", ""), "PRT007", 5, "a paid line has no date"),
        (changed("paid_on", "05/10/2026"), "PRT007", 5, '"05/10/2026" is no date'),
        (["2-1", "rejected", "1230.50", "CNY", "", ""], "PRT006", 6, "a rejected line has no reason"),
        (["3-1", "rejected", "500", "VND", "", "closed"], "PRT008", 2, "answered before: paid (on 2026-10-05)"),
        (["3-1", "paid", "500", "VND", "2026-10-06", ""], "PRT008", 2, "here it is paid (on 2026-10-06)"),
        (["1-1", "paid"], "PRT001", 0, "2 cells; the header has 6"),
    ],
)
def test_one_mistake_has_its_code_and_its_place(row, code, column, said):
    answers, (issue,) = read(row)
    assert answers == ()
    assert (issue.code, issue.location.line, issue.location.column) == (code, 2, column)
    assert said in issue.message


def test_a_line_that_stands_twice_is_told_with_where_it_stood_first():
    _, (issue,) = read(GOOD[0], GOOD[1], GOOD[0])
    assert (issue.code, issue.location.line) == ("PRT003", 4)
    assert "it stood in line 2" in issue.message


def test_everything_wrong_is_told_at_once_and_nothing_of_the_file_counts():
    answers, issues = read(GOOD[1], changed("line_id", "9-1"), ["x"], changed("amount", "1"), changed("outcome", "?"))
    assert answers == ()
    assert [(issue.code, issue.location.line) for issue in issues] == [
        ("PRT002", 3), ("PRT001", 4), ("PRT004", 5), ("PRT003", 6), ("PRT005", 6),
    ]  # fmt: skip


def test_a_missing_column_is_named_and_a_likely_one_suggested():
    _, issues = read(header=("line_id", "outcom", "amount", "currency", "paid_on"))
    assert [issue.code for issue in issues] == ["PRT001", "PRT001"]
    assert "outcom" in issues[0].hint


@pytest.mark.parametrize("rows", [[], [list(COLUMNS)]])
def test_a_file_without_lines_is_no_answer(rows):
    answers, issues = read_return("back.csv", rows, HANDED)
    assert answers == ()
    assert issues


def test_the_same_answer_again_is_no_answer_and_no_mistake():
    assert read(["3-1", "paid", "500", "VND", "2026-10-05", ""]) == ((), ())


def test_random_cells_never_give_a_traceback():
    source = random.Random(1)
    texts = ["", "paid", "rejected", "1-1", "9", "NaN", "1e999999", "=1+1", "２", "2026-13-01", "\x00", "VND", "-"]
    for _ in range(300):
        rows = [[source.choice(texts) for _ in range(source.choice([5, 6, 6, 6, 7]))] for _ in range(4)]
        answers, issues = read(*rows)
        assert not (answers and issues)
