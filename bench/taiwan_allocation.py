"""The Taiwan cards allocated over their six dates: what was expected of the accounts, beside what came.

    python -m bench.taiwan_allocation > docs/examples/taiwan-cards/allocation.md

Reads the six nights in RECOUP_HOME (docs/examples/taiwan-cards/README.md says how to run them), made without importing
the calendar; stages up to the allocation are enough.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.store.runs import official_run, stages_of
from adapters.world import World, open_world
from allocation.calibration import Compared
from domain.manifest import RunKind, Stage
from domain.periods import Period
from reports.calibration import CalibrationOfMonth
from tasks.stages.calibrate import calibrate, expected_by

DATES = tuple(date(2005, month, day) for month, day in ((4, 30), (5, 31), (6, 30), (7, 31), (8, 31), (9, 30)))
MONTHS = tuple(Period(2005, month) for month in range(5, 10))


def main() -> None:
    sys.stdout.write(page(found_in(open_world())))


@dataclass(frozen=True, slots=True)
class Found:
    """`allocated` is what the stage says of each date, `calibrated` the five months that are compared, as if collectors
    were alike, `by_collector` the last with what was believed of them; `effects` what the last night believed of each,
    `whole_rates` the monthly rate of each segment by each night."""

    allocated: Mapping[date, Mapping[str, Any]]
    calibrated: tuple[CalibrationOfMonth, ...]
    by_collector: CalibrationOfMonth
    effects: Mapping[str, float]
    whole_rates: Mapping[date, Mapping[str, float]]


def found_in(world: World) -> Found:
    allocated, rates, effects = {}, {}, {}
    for day in DATES:
        with world.store.read() as connection:
            run = official_run(connection, RunKind.NIGHTLY.value, day, Stage.ALLOCATE.value)
            if run is None:
                raise SystemExit(f"no night of {day} has allocated; docs/examples/taiwan-cards says how to run them")
            (allocated[day],) = (one.summary for one in stages_of(connection, run) if one.stage == Stage.ALLOCATE.value)
        kept = expected_by(world, day)
        whole = (rate for rate in kept["rates"] if rate["band"] is None and rate["currency"] == "TWD")
        rates[day] = {rate["segment"]: float(rate["rate"]) for rate in whole}
        effects = {place: float(one["factor"]) for place, one in kept["effects"].items()}
    months = tuple(calibrate(world, month, neutral=True) for month in MONTHS)
    return Found(allocated, months, calibrate(world, MONTHS[-1]), effects, rates)


def page(found: Found) -> str:
    told = (_allocated, _whole, _segments, _deciles, _ends)
    parts = (INTRODUCTION, *(line for tell in told for line in tell(found)), ODD)
    return "\n".join(parts).rstrip() + "\n"


INTRODUCTION = """# The Taiwan cards, allocated: predicted beside realised

Made by `python -m bench.taiwan_allocation`; a test makes it again. The six nights allocate the real accounts to twelve
**invented** collectors; each allocation predicts, per account, what the month after it will bring, and here stands
beside it what it brought (`recoup calibration --month 2005-09`). All predictions are estimates. Amounts are TWD; a
ratio is realised ÷ predicted, with its interval of 95 % by chance among debtors. But for the last table, predictions
are those whoever works the account: what was believed of invented collectors is left out.

The house's strategy is used as it is: nothing was fitted to this book. So the first night has what the strategy states,
and each later one what the months before it taught.
"""


ALLOCATED, BY_COLLECTOR = "What was allocated", "By collector: synthetic"  # these two move with the solver


def _allocated(found: Found) -> Iterator[str]:
    yield f"## {ALLOCATED}\n"
    yield "| night | book | allocated | held | of these without room | gap to the bound | violations |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for day, told in found.allocated.items():
        full = sum(row["accounts"] for row in told["reasons"] if row["reason"] == "held:no_capacity")
        counts = " | ".join(f"{number:,}" for number in (told["book"], told["allocated"], told["held"], full))
        yield f"| {day} | {counts} | {_gap(told['gap'])} | {len(told['violations'])} |"
    yield ""


def _gap(text: str) -> str:
    return f"{Decimal(text):.0e}" if Decimal(text) else "0"


def _whole(found: Found) -> Iterator[str]:
    yield "## All accounts of which something was expected\n"
    yield "| month | accounts | debtors who paid | predicted | realised | realised ÷ predicted | verdict |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for month in found.calibrated:
        one = month.found.whole
        counts = f"{one.accounts:,} | {one.payers:,} | {one.predicted:,.0f} | {one.realised:,.0f}"
        yield f"| {month.month} | {counts} | {_ratio(one)} | {one.verdict} |"
    yield ""


def _segments(found: Found) -> Iterator[str]:
    yield "## By segment\n"
    yield "Realised ÷ predicted, and the rate by which it was predicted: a month's share of what is overdue.\n"
    names = sorted({one.name for month in found.calibrated for one in month.found.segments})
    yield f"| month | {' | '.join(names)} |"
    yield "| --- |" + " --- |" * len(names)
    for month in found.calibrated:
        by_name = {one.name: one for one in month.found.segments}
        rates = found.whole_rates[month.night]
        cells = (f"{_ratio(by_name[name])} at {rates[name]:.3f}" if name in by_name else "–" for name in names)
        yield f"| {month.month} | {' | '.join(cells)} |"
    yield ""


def _deciles(found: Found) -> Iterator[str]:
    yield "## By decile of prediction\n"
    yield "Tenths of the accounts, from the lowest prediction to the highest: realised ÷ predicted.\n"
    yield f"| decile | {' | '.join(month.month for month in found.calibrated)} |"
    yield "| --- |" + " --- |" * len(found.calibrated)
    for number in range(10):
        yield (
            f"| {number + 1} | " + " | ".join(_ratio(month.found.deciles[number]) for month in found.calibrated) + " |"
        )
    yield ""


def _ends(found: Found) -> Iterator[str]:
    last = found.by_collector
    yield f"## {BY_COLLECTOR}\n"
    yield (
        "The collectors are invented: nobody of them ever worked an account, so no true difference lies between them. "
        f"Believed by the last night: factors from {min(found.effects.values()):.3f} to "
        f"{max(found.effects.values()):.3f} over {len(found.effects)} departments, teams and collectors.\n"
    )
    yield f"| {last.month} | accounts | predicted | realised | realised ÷ predicted | verdict |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in last.found.destinations:
        counts = f"{one.accounts:,} | {one.predicted:,.0f} | {one.realised:,.0f}"
        yield f"| {one.name} | {counts} | {_ratio(one)} | {one.verdict} |"
    yield ""


def _ratio(one: Compared) -> str:
    if one.ratio is None:
        return "–"
    if one.low is None or one.high is None:
        return f"{one.ratio:.2f}"
    return f"{one.ratio:.2f} ({one.low:.2f}–{one.high:.2f})"


ODD = """## What is odd

- **The first month is predicted some twenty times too high.** The house's stated rates are shares of overdue
  instalments; this file does not say which part of a bill is overdue, so the whole bill is taken. One month of history
  puts it right: nothing else was changed.
- **Field and legal rest on almost nothing.** Some hundred accounts are more than ninety days overdue, and of those few
  pay; legal has hardly any payer at all, so most of its ratios have no interval, and the rate falls slowly from what is
  stated.
- **Early has no accounts before June** because status 1 hardly exists in this file before September; then it has three
  thousand, by a change of coding ([oddities](oddities.md)). What is predicted for October has nothing to stand on.
- **Low predictions are too low and high ones too high**, month after month, while the whole is right: within a band of
  balance, which spans a power of ten, the share that is paid falls with the bill. Narrower bands would follow it.
- **The collectors differ, though none of them ever worked an account.** Because a change of owner costs something, who
  is overdue for long stays with one collector, and the fresh accounts of a month go where there is room: on 31 August
  C07 kept three quarters of its accounts from before, C05 half, and the fresh ones of C05 were the largest bills.
  Fresh accounts seem to bring a smaller share of their bills here than those that stay two months overdue and pay each
  month; cells of product and balance do not see the difference. Shrinking takes luck off, not selection. Here the truth
  is known to be none; in a house only a holdout can tell
  ([strategies](../../rules/strategies.md#expected-recovery)).
- **Payments lie on the last day of each month**, so a month is compared as a whole, and the days owned within it say
  nothing.
- **The calendar is left out of these six nights**: 30 April is a Saturday and 31 July a Sunday, on which nothing would
  be allocated, and this file has no other days.
"""

if __name__ == "__main__":
    main()
