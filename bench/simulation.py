"""A simulation of other policies: twelve months of ten thousand employees, with the fifteen steps of `bench.payouts`.

    python -m bench.simulation [MONTHS [PAYEES]]

Both sides read the same figures, which differ from month to month; the new policies pay a higher rate and start a tier
earlier. Timed are both sides with everything that is compared, and then the two sensitivities as well. Seconds are of
the clock and of the processor, and the peak is of the process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

from adapters.processes import in_processes
from adapters.rule_files import parse_document
from bench.payouts import POLICY, given
from domain.ids import Digest
from domain.periods import Period, days_between
from domain.records import Grain, ValueState
from domain.staff import Employee, StaffPosting, Terms
from incentives.book import PolicyBook, decode_policies
from incentives.measures import Measure
from incentives.simulation import CHANGES, Month, simulate

ROOT = Path(__file__).resolve().parent.parent
RULE = Digest("0" * 64)
FIGURES = (
    ("recovered", "kpi:recovered:VND", "VND"),
    ("score", "scorecard:card", ""),
    ("complaints", "kpi:complaints", ""),
    ("fails", "kpi:fails", ""),
)


def main() -> None:
    if sys.argv[1:2] == ["one"]:
        json.dump(timed(*map(int, sys.argv[2:4]), with_changes=sys.argv[4] == "changes"), sys.stdout)
        return
    months, payees = (*map(int, sys.argv[1:]), *(12, 10_000)[len(sys.argv) - 1 :])
    print(f"{months} months of {payees:,} payees, 16 steps")
    print(f"{'':<26}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}{'lines/s':>10}")
    for title, what in (("old and new", "plain"), ("with two sensitivities", "changes")):
        found = _in_process(months, payees, what)
        speed = f"{found['lines'] / found['seconds']:,.0f}"
        print(f"{title:<26}{found['seconds']:>9.2f}{found['cpu']:>9.2f}{found['peak_mib']:>10,}{speed:>10}")


def timed(months: int, payees: int, *, with_changes: bool) -> dict[str, float]:
    old, new = book_of(POLICY), book_of(POLICY.replace("rate: 0.003", "rate: 0.004").replace("from: 100,", "from: 90,"))
    given_months = list(months_of(months, payees))
    began, cpu = time.perf_counter(), cpu_seconds()
    found = simulate(given_months, old, new, changes=CHANGES if with_changes else (), work=in_processes)
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sides = 2 + len(CHANGES) * with_changes
    assert found.totals[0].cost.new > found.totals[0].cost.old
    return {"seconds": seconds, "cpu": cpu, "peak_mib": peak, "lines": months * payees * sides}


def cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def book_of(text: str) -> PolicyBook:
    document, issues = parse_document(text, "bench.yaml")
    assert document is not None, issues
    book, issues = decode_policies([document])
    assert not issues, issues
    return book


def months_of(months: int, payees: int):
    since = date(2020, 1, 1)
    posting, terms = StaffPosting("field", "F1", "collector", since), Terms(Decimal(1), since)
    names = [f"E{number:06}" for number in range(payees)]
    staff = tuple(Employee(name, "VND", "VN", since, None, (posting,), (terms,)) for name in names)
    for month in range(months):
        period = Period(2026, month + 1)
        measures = {
            (Grain.EMPLOYEE, name, figure): Measure(ValueState.VALUE, Decimal(row[key]), RULE, currency)
            for number, name in enumerate(names)
            for row in (given(number + 7 * month),)
            for key, figure, currency in FIGURES
        }
        working = {"VN": frozenset(day for day in days_between(period.start, period.end) if day.weekday() < 5)}
        yield Month(period, staff, measures, working, {("field", "VND"): Decimal(10**12)}, {"VND": Decimal(10**13)})


def _in_process(months: int, payees: int, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.simulation", "one", str(months), str(payees), what]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


if __name__ == "__main__":
    main()
