"""Fees of partners over many recoveries: time and memory, beside summing the same recoveries in plain Python.

    python -m bench.fees [RECOVERIES …] [--contract flat|bands|rich]

A quarter of the recoveries is of the month, the rest of the four before it; some take the one before them back. There
are ten partners and four recoveries for each placement. `flat` is one rate; `bands` goes by age at placement, as the
house's contracts do; `rich` has cases with conditions, uplifts, slices, bounds of payments and placements, rounding of
each payment and steps over the month. Each size runs in a process of its own, so that its memory is its own. The rival
is one pass that sums the month's amounts by partner. Times are seconds of the processor. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from adapters.rule_files import parse_document
from domain.periods import Period
from incentives.contracts import ContractBook, decode_contracts
from incentives.fees import fees
from incentives.recoveries import AccountFacts, PartnerRecovery, Placement

SIZES = (100_000, 1_000_000)
JUNE, FIRST = Period(2026, 6), date(2026, 2, 1)
PRODUCTS = ("card", "cash_loan", "overdraft")

HEAD = """\
permissions: [{jurisdiction: US, legal_types: [agency], valid_from: 2000-01-01, source: a law}]
contracts:
  - {id: one, title: A contract, owner: partners, valid_from: 2020-01-01, review_by: 2030-01-01, partners: all,
     legal_types: [agency], jurisdictions: [US], currency: USD, dated_by: placed_on, vat_rate: 0.1,
     counts: [cash, settlement, restructured], entitlement: {after_recall: tail, after_term: none, tail_days: 30},
"""
CONTRACTS = {
    "flat": "schedule: {cases: [{rate: 0.2}]}, rounding: {each: month, digits: 2, mode: half_up}}",
    "bands": """schedule: {cases: [{by: age_at_placement_days, boundary: at, bands: [
        {from: 0, rate: 0.08}, {from: 91, rate: 0.15}, {from: 181, rate: 0.22}, {from: 361, rate: 0.30}]}]},
      rounding: {each: month, digits: 2, mode: half_up}}""",
    "rich": """schedule: {cases: [
        {when: 'product in ["card", "overdraft"] and placement_number >= 2', rate: 0.35, at_most: 500},
        {when: balance_at_placement < 500, rate: 0.30, fixed: 1, at_least: 2},
        {by: age_at_placement_days, boundary: at, bands: [
          {from: 0, slices: [{from: 0, rate: 0.10}, {from: 1000, rate: 0.06}]}, {from: 181, rate: 0.20}]}],
        uplifts: [{when: age_at_placement_months > 24, points: 0.05},
          {when: age_at_placement_months > 12, points: 0.02}],
        each_placement: {at_most: 400}},
      month: {steps: [{name: most, kind: cap, of: fees, at: 1_000_000}]},
      rounding: {each: payment, digits: 2, mode: half_up}}""",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fees", description=__doc__)
    parser.add_argument("recoveries", nargs="*", type=int)
    parser.add_argument("--contract", choices=tuple(CONTRACTS))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        _measure(arguments.recoveries[0], arguments.contract)
        return
    print("| recoveries | contract | fees, s | µs each | sum, s | times | lines | memory, MB |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for number in arguments.recoveries or SIZES:
        for name in [arguments.contract] if arguments.contract else CONTRACTS:
            command = [sys.executable, "-m", "bench.fees", str(number), "--contract", name, "--here"]
            subprocess.run(command, check=True)


def _measure(number: int, name: str) -> None:
    book, recoveries = _book(CONTRACTS[name]), tuple(_recoveries(number))
    summed, _ = _timed(lambda: _sum(recoveries))
    taken, found = _timed(lambda: fees(book, recoveries, period=JUNE))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    each = taken / number * 1e6
    print(
        f"| {number:,} | {name} | {taken:.1f} | {each:.1f} | {summed:.2f} | {taken / summed:.0f} "
        f"| {len(found.lines):,} | {memory:,} |",
        flush=True,
    )


def _timed(work):
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def _sum(recoveries: tuple[PartnerRecovery, ...]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in recoveries:
        if JUNE.start <= each.posted_on < JUNE.end:
            sums[each.partner_id] += each.amount
    return sums


def _book(contract: str) -> ContractBook:
    document, issues = parse_document(HEAD + "     " + contract, "bench.yaml")
    if document is None:
        raise ValueError("\n".join(map(str, issues)))
    book, issues = decode_contracts([document])
    if issues:
        raise ValueError("\n".join(map(str, issues)))
    return book


def _recoveries(number: int) -> Iterator[PartnerRecovery]:
    """The same every time: drawn by arithmetic alone."""
    before: PartnerRecovery | None = None
    for index in range(number):
        placement, part = divmod(index, 4)
        draw = (placement * 2_654_435_761 + part * 40_503) % 1_000_003
        if part == 0:
            placed = Placement(
                f"L{placement}", f"B{placement % 50}", 1 + draw % 3, FIRST - timedelta(days=draw % 60),
                Decimal(draw % 5_000), date(2027, 1, 1), None, draw % 900,
            )  # fmt: skip
            account = AccountFacts(PRODUCTS[draw % 3])
        amount, back = Decimal(draw % 90_000 + 100) / 100, ""
        if before is not None and part == 3 and draw % 13 == 0:
            amount, back = -before.amount, before.payment_id
        day = FIRST + timedelta(days=min(149, part * 40 + draw % 30))
        before = PartnerRecovery(
            f"R{index}", f"A{placement}", f"P{placement % 10}", day, amount, "USD", placed, reverses=back,
            account=account,
        )  # fmt: skip
        yield before


if __name__ == "__main__":
    main()
