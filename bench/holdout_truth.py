"""Two partners whose true difference is known: what a raw comparison, a standardised one and a holdout make of it.

    python -m bench.holdout_truth [DRAWS [DEBTORS]]

Each draw is a book of its own, allocated by the real optimiser with a real holdout. The firms differ by 1.1 points on
every account. But accounts have a quality that no column shows: firm A has long had the better ones and keeps them, and
bad ones that it gave back go to firm B. Compared are the accounts that the optimiser gave out, as they are and like for
like in the bands of the balance, and those that the lot gave out, as assigned. Counted is how often each interval of
95 % holds the truth. Written are docs/holdout-truth.md and docs/images/holdout-truth.svg.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import pyarrow as pa

from adapters.rule_files import parse_document
from allocation.allocate import allocate
from allocation.destinations import Destination
from allocation.drawing import Lots
from allocation.experiment_results import results_of
from allocation.experiments import decode_experiments
from allocation.recovery import recovery_table
from allocation.strategies import decode_strategies
from domain.intervals import Cluster, Estimate, rate_of
from domain.league import Cases, league
from reports.drawing import drawn
from reports.formats import Formats
from reports.languages import Language
from reports.plots import Band, Line, Lines, Tone
from reports.sections import Number, Shape

ROOT = Path(__file__).resolve().parent.parent
DAY = date(2026, 10, 20)
TRUTH = Decimal("0.011")  # firm B less firm A, in what they recover of each overdue amount
BANDS = (20_000_000, 35_000_000, 60_000_000)

STRATEGY = """\
strategies:
  - id: truth
    title: Two firms
    owner: bench
    valid_from: 2026-01-01
    review_by: 2027-01-01
    currencies: {VND: 1}
    capacity: {by: accounts}
    one_owner_per_debtor: true
    switching_cost: 0.15
    cooling_off_days: 90
    long_leave_days: 10
    shrinkage_accounts: 100
    held:
      - {reason: blocked, when: 'hold != "none"'}
    excluded:
      - {reason: closed, when: 'status in ["closed", "sold"]'}
    segments:
      - id: late
        title: Everything
        otherwise: true
        channel: legal
        partners: {share_at_most: 1, cost_share: 0.20}
        recovery_without_history: 0.10
"""
EXPERIMENT = """\
experiments:
  - id: firms
    title: Two firms
    owner: bench
    valid_from: 2026-10-20
    valid_to: 2026-12-01
    draws_until: 2026-10-20
    salt: SALT
    share: 0.15
    strata: {balance_from: [20000000, 35000000, 60000000]}
    capacity_share: 0.30
    arms:
      - {id: firm_a, title: Firm A, probability: 0.50, partners: [A]}
      - {id: firm_b, title: Firm B, probability: 0.50, partners: [B]}
    champion: firm_a
    outcome: {measure: recovered_of_overdue, days: 30}
"""


@dataclass(frozen=True, slots=True)
class Draw:
    """The three estimates of firm B less firm A."""

    raw: Estimate
    standardised: Estimate
    holdout: Estimate


@dataclass(frozen=True, slots=True)
class Book:
    """Accounts as the night reads them, who does not get which, and what nobody sees: the debtors' quality."""

    table: pa.Table
    barred: pa.Table
    quality: dict[str, float]


def main() -> None:
    draws, debtors = (*map(int, sys.argv[1:]), *(200, 6_000)[len(sys.argv) - 1 :])
    began = time.perf_counter()
    found = simulated(draws, debtors)
    page = report(found, debtors)
    print(page)
    print(f"{time.perf_counter() - began:.0f} s")
    if len(sys.argv) == 1:
        (ROOT / "docs" / "holdout-truth.md").write_text(page, encoding="utf-8")
        (ROOT / "docs" / "images" / "holdout-truth.svg").write_text(picture(found), encoding="utf-8")


def simulated(draws: int, debtors: int) -> list[Draw]:
    return [drawn_once(seed, debtors) for seed in range(draws)]


def drawn_once(seed: int, debtors: int) -> Draw:
    chance = np.random.default_rng(seed)
    book = made_book(chance, debtors)
    strategy_file, _ = parse_document(STRATEGY, "truth.yaml")
    strategy = decode_strategies([strategy_file])[0].on(DAY)
    experiment_file, _ = parse_document(EXPERIMENT.replace("SALT", f"salt {seed}"), "firms.yaml")
    (experiment,) = decode_experiments([experiment_file])[0].on(DAY)
    firms = [Destination("partner", name, "VN", debtors, legal_type="law_firm") for name in "AB"]
    made = allocate(
        book.table,
        book.barred,
        firms,
        strategy,
        recovery_table(strategy, []),
        lots=Lots((experiment,), DAY),
    )
    rows = made.accounts.to_pylist()
    recovered = what_they_recover(chance, book, rows)
    optimised = [row for row in rows if row["experiment_arm"] is None and row["owner_kind"] == "partner"]
    lots = [{**row, "recovered": recovered[row["account_id"]], "days_treated": 30} for row in made.draw.rows]
    arms = {arm.arm: arm for arm in results_of(experiment, lots, DAY + timedelta(days=30)).arms}
    return Draw(raw(optimised, recovered), standardised(optimised, recovered), assigned(arms["firm_b"]))


def made_book(chance: np.random.Generator, debtors: int) -> Book:
    """A debtor has one account or two. The better the quality, the larger the balance, on the whole, and the likelier
    that firm A has the account; one in ten is with neither yet. Half of the worst were recalled from firm A."""
    quality = chance.random(debtors)
    who = np.repeat(np.arange(debtors), 1 + (chance.random(debtors) < 0.25))
    accounts = len(who)
    overdue = np.round(10_000_000 * np.exp(2.2 * quality[who] + 0.4 * chance.standard_normal(accounts)))
    with_a = chance.random(debtors) < 0.04 + 0.92 * quality**1.5
    new, back = chance.random(debtors) < 0.10, (quality < 0.25) & (chance.random(debtors) < 0.5)
    owner = np.where(new, None, np.where(with_a & ~back, "A", "B"))[who]
    names, text = [f"N{number:06d}" for number in range(accounts)], dict.fromkeys
    constant = {"segment": "late", "jurisdiction": "VN", "language": "vi", "region": "hn", "product": "card",
                "currency": "VND", **text(("not_worked", "placed_with", "recall", "escalated", "case_id"))}  # fmt: skip
    table = pa.table(
        {
            "account_id": names,
            "debtor_id": [f"D{number:06d}" for number in who],
            **{name: pa.array([value] * accounts, pa.string()) for name, value in constant.items()},
            "owner_kind": pa.array([None if one is None else "partner" for one in owner], pa.string()),
            "owner_id": pa.array(list(owner), pa.string()),
            **{name: pa.array([Decimal(int(each)) for each in overdue], pa.decimal128(18, 4))
               for name in ("balance", "overdue_amount")},
            "days_past_due": pa.array([200] * accounts, pa.int64()),
            **{name: pa.array([value] * accounts) for name, value in
               {"consent": True, "stays": False, "rotates": False}.items()},
        }
    )  # fmt: skip
    recalled = [names[row] for row in np.flatnonzero(back[who])]
    barred = {"account_id": recalled, "owner_kind": ["partner"] * len(recalled), "owner_id": ["A"] * len(recalled),
              "reason": ["cooling_off"] * len(recalled)}  # fmt: skip
    return Book(
        table,
        pa.table({name: pa.array(values, pa.string()) for name, values in barred.items()}),
        {f"D{number:06d}": float(one) for number, one in enumerate(quality)},
    )


def what_they_recover(chance: np.random.Generator, book: Book, rows: Iterable[dict]) -> dict[str, Decimal]:
    """Each account pays all or nothing, all of a debtor's often alike; firm B collects 1.1 points more."""
    found: dict[str, Decimal] = {}
    mood = {debtor: chance.random() for debtor in book.quality}
    for row in rows:
        likely = 0.03 + 0.80 * book.quality[row["debtor_id"]] ** 2 + (float(TRUTH) if row["owner_id"] == "B" else 0.0)
        lot = mood[row["debtor_id"]] if chance.random() < 0.5 else chance.random()
        found[row["account_id"]] = row["overdue_amount"] if lot < likely else Decimal(0)
    return found


def raw(rows: Sequence[dict], recovered: dict[str, Decimal]) -> Estimate:
    found = {firm: rate_of(clusters(rows, recovered, firm)) for firm in "AB"}
    return found["B"].less(found["A"])


def standardised(rows: Sequence[dict], recovered: dict[str, Decimal]) -> Estimate:
    """The difference of the house's league, like for like in bands of the balance; its variance from the bands."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    for row in rows:
        kept = sums[row["owner_id"], band_of(row)]
        for place, amount in enumerate((Decimal(1), recovered[row["account_id"]], row["overdue_amount"])):
            kept[place] += amount
    cases = [Cases(firm, (band,), int(one), above, below) for (firm, band), (one, above, below) in sums.items()]
    found = {each.entity: each for each in league(cases, higher_is_better=True, is_share=False).standings}
    whole = sum((each.denominator for each in cases), Decimal(0))
    variance = Decimal(0)
    for band in {row.stratum[0] for row in cases}:
        share = sum((each.denominator for each in cases if each.stratum == (band,)), Decimal(0)) / whole
        of_band = [row for row in rows if band_of(row) == band]
        for firm in "AB":
            variance += share * share * rate_of(clusters(of_band, recovered, firm)).variance
    return Estimate(found["B"].standardised - found["A"].standardised, variance, len(rows))


def assigned(arm) -> Estimate:
    half = (arm.difference_high - arm.difference_low) / 2
    return Estimate(arm.difference, (half / Decimal("1.96")) ** 2, arm.debtors)


def clusters(rows: Iterable[dict], recovered: dict[str, Decimal], firm: str) -> list[Cluster]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in (row for row in rows if row["owner_id"] == firm):
        sums[row["debtor_id"]][0] += recovered[row["account_id"]]
        sums[row["debtor_id"]][1] += row["overdue_amount"]
    return [Cluster("all", above, below) for above, below in sums.values()]


def band_of(row: dict) -> str:
    return str(max((start for start in BANDS if start <= row["balance"]), default=0))


def covers(estimates: Sequence[Estimate]) -> int:
    return sum(low <= TRUTH <= high for low, high in (each.interval for each in estimates))


def report(found: Sequence[Draw], debtors: int) -> str:
    rows = []
    for name, title in (("raw", "raw"), ("standardised", "like for like, by balance"), ("holdout", "holdout")):
        estimates = [getattr(each, name) for each in found]
        values = [float(each.value) for each in estimates]
        half = fmean(float(each.interval[1] - each.value) for each in estimates)
        scatter = stdev(values) if len(values) > 1 else 0.0
        told = f"{covers(estimates)} of {len(found)}"
        rows.append(f"| {title} | {fmean(values):+.3f} | {scatter:.3f} | ± {half:.3f} | {told} |")
    return _PAGE.format(draws=len(found), debtors=f"{debtors:,}", rows="\n".join(rows), truth=f"{TRUTH:+}")


_PAGE = """\
# Does a holdout tell the truth?

Two law firms, of which B recovers 1.1 points more of every overdue amount than A ({truth}): that is known, because\
 the books are made up. Each of {draws} books has {debtors} debtors with a quality that no column shows. Firm A has\
 long had the better ones, and the optimiser leaves accounts where they are as long as nothing is gained; half of \
the worst were recalled from A, and cool off at B. In each book 15 % of the debtors are drawn by lot, half for each\
 firm.

`python -m bench.holdout_truth` makes the books, and puts them through the drawing, the optimiser and the analysis \
that a night and `recoup experiment` use.

| compared | B less A, mean | its scatter | interval of 95 %, mean | interval holds {truth} |
| --- | ---: | ---: | ---: | ---: |
{rows}

- *raw*: what each firm recovered of the accounts that the optimiser gave it. The interval is narrow, and wrong: it\
 knows chance alone, and not that the accounts differ.
- *like for like*: the same in bands of the balance, as `recoup league` does it. What the columns do not show stays\
 in the difference.
- *holdout*: the accounts that the lot gave out, as assigned. The interval is wider, and holds the truth about as \
often as it says: of 200 intervals of 95 % one expects 190, and 184 to 196 by chance.

![The three estimates of each book, in the order of the holdout's, with the holdout's \
interval](images/holdout-truth.svg)
"""


def picture(found: Sequence[Draw]) -> str:
    """Each book's three estimates, in the order of the holdout's, with the holdout's interval and the truth."""
    ordered = sorted(found, key=lambda each: each.holdout.value)

    def line(title: str, tone: Tone, values: Iterable[Decimal], *, is_broken: bool = False) -> Line:
        points = tuple((at, Number(value, Shape.SHARE, is_signed=True)) for at, value in enumerate(values, start=1))
        return Line(title, tone, points, is_broken=is_broken)

    def share(value: Decimal) -> Number:
        return Number(value, Shape.SHARE, is_signed=True)

    intervals = tuple((at, *map(share, each.holdout.interval)) for at, each in enumerate(ordered, start=1))
    plot = Lines(
        "B less A",
        "Raw and standardised differences lie far below the truth; the holdout's interval mostly holds it.",
        "books",
        (
            line("holdout", Tone.MAIN, (each.holdout.value for each in ordered)),
            line("truth", Tone.BAD, (TRUTH for _ in ordered), is_broken=True),
            line("like for like", Tone.MIDDLE, (each.standardised.value for each in ordered)),
            line("raw", Tone.OPEN, (each.raw.value for each in ordered)),
        ),
        Band("interval of 95 %", intervals),
    )
    svg = str(drawn(plot, "holdout-truth", Formats(Language.ENGLISH)))
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#fff" ', 1) + "\n"


if __name__ == "__main__":
    main()
