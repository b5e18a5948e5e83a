"""The Taiwan cards: their roll and cure tables by the house's rules, and whatever is odd in them, counted.

    python -m bench.taiwan_cards ../shared/data/taiwan-cards/cards.csv.gz > docs/examples/taiwan-cards/oddities.md

The tables are what `recoup figures … --json` prints of the six nights in RECOUP_HOME (the page's README says how to run
them). What is odd is counted in the file itself, which the nights never changed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pandas as pd

MONTHS = {"2005-04-30": "April", "2005-05-31": "May", "2005-06-30": "June", "2005-07-31": "July",
          "2005-08-31": "August", "2005-09-30": "September"}  # fmt: skip
DAYS = tuple(MONTHS)
STEPS = tuple(pairwise(DAYS))
KPIS = ("roll_rate_by_stock_accounts", "roll_rate_by_cohort_accounts", "roll_rate_by_stock", "roll_rate_by_cohort",
        "cure_rate")  # fmt: skip
TITLES = {
    "roll_rate_by_stock_accounts": "Roll rates by stock, accounts: in the next bucket now, over in this bucket before",
    "roll_rate_by_cohort_accounts": "Roll rates by cohort, accounts: of those in this bucket before, in the next now",
    "roll_rate_by_stock": "Roll rates by stock, balance",
    "roll_rate_by_cohort": "Roll rates by cohort, balance",
    "cure_rate": "Cure rates, accounts: of those in this bucket before, in a better one now",
}
# By date: the columns of the status, the bill, and what was paid.
STATUS, BILL, PAID = ({day: f"X{last - number}" for number, day in enumerate(DAYS)} for last in (11, 17, 23))

Figures = Mapping[str, Sequence[Mapping[str, str]]]


def main() -> None:
    cards = pd.read_csv(sys.argv[1])
    asked = [str(Path(sys.executable).parent / "recoup"), "figures", *KPIS, "--json", "--date"]
    found = {day: json.loads(subprocess.check_output([*asked, day])) for day in DAYS[1:]}
    sys.stdout.write(page(cards, found))


def page(cards: pd.DataFrame, figures: Figures) -> str:
    """`figures`: of each date but the first, the results with kpi, numerator and denominator, as text or numbers."""
    return "\n".join([INTRODUCTION, *_tables(figures), "## What is odd\n", *oddities(cards)]).rstrip() + "\n"


INTRODUCTION = """# The Taiwan cards: roll and cure tables, and what is odd in them

Made by `python -m bench.taiwan_cards`; a test makes it again. The tables are the house's own KPIs of six nights
(`recoup figures roll_rate_by_cohort_accounts --date 2005-09-30`), each month beside the month before; a cell is
numerator / denominator = rate. Bucket 0 holds the statuses −2, −1 and 0, bucket *k* the status *k*, bucket 7 the
statuses 7 and 8. Nothing is smoothed or left out: below stands why several of these figures must not be believed.
"""


def _tables(figures: Figures) -> Iterator[str]:
    for kpi in KPIS:
        yield f"## {TITLES[kpi]}\n"
        yield f"| bucket | {' | '.join(MONTHS[day] for day in DAYS[1:])} |"
        yield "| --- |" + " --- |" * len(DAYS[1:])
        by_day = {day: {row["kpi"]: row for row in figures[day]} for day in DAYS[1:]}
        for bucket in range(8):
            name = f"{kpi}_{bucket}"
            if all(name in rows for rows in by_day.values()):
                yield f"| {bucket} | " + " | ".join(_cell(by_day[day][name]) for day in DAYS[1:]) + " |"
        yield ""


def _cell(row: Mapping[str, str]) -> str:
    above, below = Decimal(row["numerator"] or 0), Decimal(row["denominator"] or 0)
    return f"{above:,.0f} / {below:,.0f} = {100 * above / below:.1f} %" if below else f"{above:,.0f} / 0"


def oddities(cards: pd.DataFrame) -> Iterator[str]:
    """What the file itself says, month by month, that cannot be so."""
    for told in (_leaps, _statuses_of_september, _standing_still, _cures, _blocks, _codes_without_definition,
                 _payments, _balances):  # fmt: skip
        yield from told(cards)
    yield from _of_people(cards)


def _moves(cards: pd.DataFrame) -> list[tuple[pd.Series, pd.Series]]:
    """The statuses of each month beside those of the month before."""
    return [(cards[STATUS[before]], cards[STATUS[now]]) for before, now in STEPS]


def _leaps(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Two months overdue a month after nothing was",
        "A card that was not overdue can be one month overdue a month later, and no more. These went from −2, −1 or 0 "
        "straight to 2. So bucket 1 is nearly empty, the cohort rates 0 → 1 and 1 → 2 measure nothing, and 0 → 2 is in "
        "no roll table at all.",
        {
            "from −2, −1 or 0 to 2": [((was <= 0) & (now == 2)).sum() for was, now in _moves(cards)],
            "from −2, −1 or 0 to 1": [((was <= 0) & (now == 1)).sum() for was, now in _moves(cards)],
            "from −2, −1 or 0 to 3 or more": [((was <= 0) & (now >= 3)).sum() for was, now in _moves(cards)],
            "from k ≥ 1 up by two or more": [((was >= 1) & (now - was >= 2)).sum() for was, now in _moves(cards)],
        },
    )


def _statuses_of_september(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Status 1 appears in September",
        "Before September status 1 hardly exists; then 3,688 cards have it, nearly half of them with nothing billed. "
        "So the stock rate 0 → 1 leaps in September, by a change of coding and not of customers.",
        {
            "status 1": [(cards[STATUS[day]] == 1).sum() for day in DAYS],
            "… of these with a bill of 0 or less": [
                ((cards[STATUS[day]] == 1) & (cards[BILL[day]] <= 0)).sum() for day in DAYS
            ],
            "status 2 or more with a bill of 0 or less": [
                ((cards[STATUS[day]] >= 2) & (cards[BILL[day]] <= 0)).sum() for day in DAYS
            ],
        },
    )


def _standing_still(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Two months overdue, month after month",
        "Most of those with status 2 have status 2 a month later. One instalment paid each month would explain it; "
        "where nothing was paid in either month, nothing does.",
        {
            "2, and 2 again": [((was == 2) & (now == 2)).sum() for was, now in _moves(cards)],
            "… with nothing paid in either month": [
                ((cards[STATUS[before]] == 2) & (cards[STATUS[now]] == 2) & _nothing_paid(cards, before, now)).sum()
                for before, now in STEPS
            ],
            "overdue, and one worse": [((was >= 1) & (now == was + 1)).sum() for was, now in _moves(cards)],
        },
    )


def _cures(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Cured without a payment",
        "From 1 or more to 0, −1 or −2 although nothing was paid in either month. The cure rates count them.",
        {
            "cured": [((was >= 1) & (now <= 0)).sum() for was, now in _moves(cards)],
            "… with nothing paid in either month": [
                ((cards[STATUS[before]] >= 1) & (cards[STATUS[now]] <= 0) & _nothing_paid(cards, before, now)).sum()
                for before, now in STEPS
            ],
        },
    )


def _blocks(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Seven months overdue, and there to stay",
        "A block of cards stands at 7 for months, though each month without its instalment adds one. Of those at 7 in "
        "July none is at 7 in August.",
        {
            "status 7": [(cards[STATUS[day]] == 7).sum() for day in DAYS],
            "status 8": [(cards[STATUS[day]] == 8).sum() for day in DAYS],
            "7, and 7 again": [None, *(((was == 7) & (now == 7)).sum() for was, now in _moves(cards))],
        },
    )


def _codes_without_definition(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "−2, −1 and 0: codes without a definition",
        "The publisher documents −1 (paid duly) and 1 to 9; −2 and 0 are in the file, and their common readings (no "
        "use, revolving) came later. −2 is not *no use*: many such cards have a bill, or pay. 9 never occurs.",
        {
            "−2": [(cards[STATUS[day]] == -2).sum() for day in DAYS],
            "… with a bill above 0": [((cards[STATUS[day]] == -2) & (cards[BILL[day]] > 0)).sum() for day in DAYS],
            "… with a payment": [((cards[STATUS[day]] == -2) & (cards[PAID[day]] > 0)).sum() for day in DAYS],
            "0, revolving, with a bill of 0 or less": [
                ((cards[STATUS[day]] == 0) & (cards[BILL[day]] <= 0)).sum() for day in DAYS
            ],
        },
    )


def _payments(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Payments belong to the bill of the month before",
        "The file does not say which bill a payment settles. To the last dollar it equals the bill of the month before "
        "six to eight times as often as that of its own month. So money of September belongs beside the book at the "
        "end of August, as the KPIs have it, and a bill less the payment of its own month reconciles to nothing.",
        {
            "equal to the bill of the month before": [
                ((cards[PAID[now]] == cards[BILL[before]]) & (cards[PAID[now]] > 0)).sum() for before, now in STEPS
            ],
            "equal to the bill of its own month": [
                ((cards[PAID[now]] == cards[BILL[now]]) & (cards[PAID[now]] > 0)).sum() for _, now in STEPS
            ],
        },
    )


def _balances(cards: pd.DataFrame) -> Iterator[str]:
    return _counted(
        "Balances that no payment explains",
        "There are no purchases, interest or fees in the file, so growth is not explained; but a fall has to be paid, "
        "or credited.",
        {
            "bill above the limit": [(cards[BILL[day]] > cards["X1"]).sum() for day in DAYS],
            "bill below 0": [(cards[BILL[day]] < 0).sum() for day in DAYS],
            "bill fell by more than was paid in this month and the one before": [
                None,
                *(
                    (cards[BILL[before]] - cards[BILL[now]] > cards[PAID[before]] + cards[PAID[now]]).sum()
                    for before, now in STEPS
                ),
            ],
        },
    )


def _nothing_paid(cards: pd.DataFrame, before: str, now: str) -> pd.Series:
    return (cards[PAID[before]] == 0) & (cards[PAID[now]] == 0)


def _counted(title: str, text: str, rows: Mapping[str, Sequence[int | None]]) -> Iterator[str]:
    columns = DAYS[-max(len(counts) for counts in rows.values()) :]
    yield f"### {title}\n"
    yield f"{text}\n"
    yield f"| accounts | {' | '.join(MONTHS[day] for day in columns)} |"
    yield "| --- |" + " --- |" * len(columns)
    for name, counts in rows.items():
        yield f"| {name} | {' | '.join('' if count is None else f'{int(count):,}' for count in counts)} |"
    yield ""


def _of_people(cards: pd.DataFrame) -> Iterator[str]:
    """What is not by month."""
    no_bill = (cards[list(BILL.values())] == 0).all(axis=1)
    doubled = cards.drop(columns="ID").duplicated().sum()
    by_status = cards.groupby(STATUS[DAYS[-1]]).Y.agg(["sum", "size"])
    yield "### Of the accounts themselves\n"
    yield f"- {len(cards):,} rows, every `ID` once; without `ID` {doubled} repeat another. They may be people alike."
    education, marriage = _codes(cards, "X3", (0, 5, 6)), _codes(cards, "X4", (0,))
    yield f"- Education 0, 5 and 6 without a definition: {education}. Marriage 0: {marriage}."
    yield (
        f"- {no_bill.sum():,} cards have no bill in any of the six months; {cards.Y[no_bill].sum():,} of them "
        f"({100 * cards.Y[no_bill].mean():.1f} %) are said to default in October, of all {100 * cards.Y.mean():.1f} %. "
        "There is nothing on which they could."
    )
    yield "- The original's names jump from `PAY_0` to `PAY_2`; here they are `X6` and `X7`, and no month is missing."
    yield "- Who is further behind in September does not always default more often in October:\n"
    yield "| status in September | accounts | default in October |\n| --- | --- | --- |"
    for status, row in by_status.iterrows():
        yield f"| {status} | {row['size']:,} | {100 * row['sum'] / row['size']:.1f} % |"


def _codes(cards: pd.DataFrame, column: str, codes: Sequence[int]) -> str:
    return ", ".join(f"{int((cards[column] == code).sum()):,}" for code in codes)


if __name__ == "__main__":
    main()
