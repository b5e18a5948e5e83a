"""The Taiwan cards forecast from month to month: what would have been said of each month's book, beside what came.

    python -m bench.taiwan_capacity > docs/examples/taiwan-cards/capacity.md

Reads the six nights in RECOUP_HOME (docs/examples/taiwan-cards/README.md says how to run them); gated is enough.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from adapters.world import World, open_world
from allocation.capacity.backtest import BackTest, Case, back_tests, cases_of
from allocation.capacity.stock import BUCKETS, State
from bench.taiwan_allocation import DATES
from tasks.stages.capacity import night_of_plan, seen_on

MONTH_DAYS = 30
FEWEST_MONTHS = 2


def main() -> None:
    sys.stdout.write(page(cases_in(open_world())))


def cases_in(world: World) -> tuple[Case, ...]:
    """By bucket of days past due: from June on, each by the months before it."""
    strategy = night_of_plan(world, DATES[-1]).strategy
    seen = seen_on(world, DATES, strategy)
    names = {bucket: _in_bucket(bucket) for bucket in BUCKETS}
    stated = strategy.rule.shrinkage_accounts
    found = cases_of(seen.stocks, seen.steps, names, step_days=MONTH_DAYS, stated_months=stated, fewest=FEWEST_MONTHS)
    return tuple(found)


def page(cases: Sequence[Case]) -> str:
    return "\n".join((INTRODUCTION, *_summary(back_tests(cases)), *_each(cases), ODD)).rstrip() + "\n"


def _in_bucket(bucket: str) -> Callable[[State], bool]:
    return lambda state: state.bucket == bucket


def _summary(found: Sequence[BackTest]) -> Iterator[str]:
    yield "## How far off\n"
    yield "| bucket | months ahead | forecasts | off | off if nothing changes | within the interval |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in found:
        off, unmoved = _percent(one.off), _percent(one.unmoved)
        yield f"| {one.name} | {one.steps} | {one.cases} | {off} | {unmoved} | {one.within} |"
    yield ""


def _each(cases: Sequence[Case]) -> Iterator[str]:
    yield "## One month ahead, one by one\n"
    yield "| forecast on | bucket | there were | forecast | interval | came |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for case in cases:
        if case.steps == 1:
            numbers = f"{case.forecast:,.0f} | {case.low:,.0f}–{case.high:,.0f} | {case.came:,}"
            yield f"| {case.origin} | {case.name} | {case.before:,} | {numbers} |"
    yield ""


def _percent(share: Decimal | None) -> str:
    return "–" if share is None else f"{share:.1%}"


INTRODUCTION = """# The Taiwan cards, forecast from month to month

Made by `python -m bench.taiwan_capacity`; a test makes it again. The forecast of [capacity planning](../../capacity.md)
goes by weeks; this book has six month-ends, so here a step is a month. Standing at the end of June, July and August,
each with what was known then alone, the months up to September are forecast by bucket of days past due. *Off* is the
mean of |forecast − came| ÷ came; beside it what it is to say that nothing changes. With fewer than three steps it is
not known how steps differ, so June's intervals are of chance among accounts alone; July's and August's go by the three
and four months before them.
"""

ODD = """## What is odd

- **September's 1–30 days cannot be foreseen**: status 1 hardly exists in this file before September, when 3,688
  accounts have it ([oddities](oddities.md)). No rate that was seen leads there. Those accounts come out of bucket 0 and
  31–60, whose forecasts are off by as many, and outside their intervals: an interval knows how months differed, and
  nothing of a change of coding.
- **Statuses skip buckets.** Accounts go from 0 days straight to the second month overdue, so 31–60 is fed by bucket 0,
  and the chain follows: it takes whatever transitions were seen, and does not expect the next bucket.
- **June's intervals, of chance alone, hold 2 of 8**: months differ by more than chance, and two of them do not tell by
  how much. With one month more they hold 6 of 8 in July; in August 4, and three of the four that they miss are of the
  changed coding.
- **It is hardly better than saying that nothing changes** for the large buckets: in three months they move by what no
  two months before had in common. In 61–90 and 151–180 it is.
- **Nobody enters or leaves this book**: the file follows the same 30,000 accounts. Inflow is between buckets alone.
"""

if __name__ == "__main__":
    main()
