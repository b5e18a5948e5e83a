"""Payout lines a second with their traces kept, beside zen-engine on the same policy, and beside a plain loop.

    python -m bench.payouts [PAYEES …]

Fifteen steps and a rounding, four inputs, a full month. Each contender runs in a process of its own, computes every
amount, and keeps a trace of every step: ours as `Step` records, zen-engine by its own `trace` (in floating point), the
plain loop as a dictionary per payee, with no file to read, no days and no explanation. Amounts are compared; seconds
are of the processor, so that what else runs does not count.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 100_000)
CONTENDERS = ("recoup", "zen", "loop")


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] in CONTENDERS:
        json.dump(contend(sys.argv[1], int(sys.argv[2])), sys.stdout)
        return
    for payees in map(int, sys.argv[1:]) if len(sys.argv) > 1 else SIZES:
        print_table(payees, {name: _in_process(name, payees) for name in CONTENDERS})


def contend(name: str, payees: int) -> dict[str, object]:
    rows = [given(number) for number in range(payees)]
    run = {"recoup": by_recoup, "zen": by_zen, "loop": by_loop}[name](rows)
    begun = time.process_time()
    amounts = run()
    seconds = time.process_time() - begun
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"seconds": seconds, "peak_mib": peak_mib, "amounts": list(map(str, amounts))}


def print_table(payees: int, found: dict[str, dict]) -> None:
    ours = found["recoup"]
    print(f"\n{payees:,} payees, 16 steps\n{'contender':<12}{'CPU s':>9}{'lines/s':>10}{'peak MiB':>10}{'amounts':>22}")
    for name, each in found.items():
        pairs = zip(ours["amounts"], each["amounts"], strict=True)
        equal = sum(Decimal(one) == Decimal(other) for one, other in pairs)
        speed = f"{payees / each['seconds']:,.0f}"
        print(f"{name:<12}{each['seconds']:>9.2f}{speed:>10}{each['peak_mib']:>10,}{equal:>15,} equal")
    ratios = ", ".join(
        f"{each['seconds'] / ours['seconds']:.2f} times as long: {name}"
        for name, each in found.items()
        if each is not ours
    )
    print(ratios)


def given(number: int) -> dict[str, int]:
    return {
        "recovered": 1_000_000 * (number * 7919 % 500),
        "score": number * 31 % 130,
        "complaints": number % 4,
        "fails": int(number % 97 == 0),
    }


POLICY = """
policies:
  - id: bench
    title: Fifteen steps and a rounding
    owner: bench
    valid_from: 2026-01-01
    review_by: 2026-12-31
    applies_to: {departments: [field], roles: [collector]}
    component: bonus
    currency: VND
    part_period: prorated
    inputs:
      recovered: {kpi: recovered, unit: money, missing: zero}
      score: {scorecard: card, missing: hold}
      complaints: {kpi: complaints, unit: count, missing: zero}
      fails: {kpi: fails, unit: count, missing: zero}
    steps:
      - {name: target, kind: base, value: 4_000_000}
      - name: commission
        kind: tiers
        mode: marginal
        of: recovered
        below: zero
        bands: [{from: 0, rate: 0.001}, {from: 100_000_000, rate: 0.002}, {from: 300_000_000, rate: 0.003}]
      - name: payout
        kind: curve
        of: score
        unit: ratio
        points: [{at: 60, value: 0.5}, {at: 100, value: 1}, {at: 120, value: 1.5}]
        below: zero
        above: flat
      - {name: by_score, kind: formula, expression: target * payout}
      - name: conduct
        kind: table
        unit: ratio
        rows:
          - {when: complaints == 0, value: 1}
          - {when: "complaints in [1, 2]", value: 0.8}
          - {when: complaints >= 3, value: 0}
      - {name: earned, kind: formula, expression: (commission + by_score) * conduct}
      - {name: kicked, kind: kicker, of: earned, when: score >= 110, amount: 500_000}
      - {name: fined, kind: penalty, of: kicked, each: 100_000, times: complaints, at_most: 250_000}
      - {name: passed, kind: gate, of: fined, when: fails >= 1, factor: 0}
      - {name: floored, kind: floor, of: passed, at: 0}
      - {name: most, kind: formula, expression: target * 1.4}
      - {name: capped, kind: cap, of: floored, at: most}
      - name: tier
        kind: tiers
        mode: stepped
        basis: score
        boundary: at
        unit: ratio
        below: zero
        bands: [{from: 0, amount: 1}, {from: 100, amount: 1.05}]
      - {name: with_tier, kind: formula, expression: capped * tier}
      - {name: for_days, kind: prorate, of: with_tier, by: working_days, employment_share: true}
      - {name: payable, kind: round, of: for_days, digits: 0, mode: half_up}
"""


def by_recoup(rows):
    from datetime import date

    from adapters.rule_files import parse_document
    from domain.ids import Digest
    from domain.periods import Period, days_between
    from domain.records import Grain, ValueState
    from domain.staff import Employee, StaffPosting, Terms
    from incentives.book import decode_policies
    from incentives.calculate import calculate
    from incentives.measures import Measure

    document, _ = parse_document(POLICY, "bench.yaml")
    book, _ = decode_policies([document])
    since, rule, period = date(2020, 1, 1), Digest("0" * 64), Period(2026, 10)
    names = [f"E{number:06}" for number in range(len(rows))]
    posting, terms = StaffPosting("field", "F1", "collector", since), Terms(Decimal(1), since)
    payees = [Employee(name, "VND", "VN", since, None, (posting,), (terms,)) for name in names]
    figures = (
        ("recovered", "kpi:recovered:VND", "VND"),
        ("score", "scorecard:card", ""),
        ("complaints", "kpi:complaints", ""),
        ("fails", "kpi:fails", ""),
    )
    measures = {
        (Grain.EMPLOYEE, name, figure): Measure(ValueState.VALUE, Decimal(row[key]), rule, currency)
        for name, row in zip(names, rows, strict=True)
        for key, figure, currency in figures
    }
    working = {"VN": frozenset(day for day in days_between(period.start, period.end) if day.weekday() < 5)}
    return lambda: [
        line.amount for line in calculate(book, payees, measures, period=period, working_days=working).lines
    ]


def by_zen(rows):
    import zen

    expressions = {
        "target": "4000000",
        "commission": (
            "min([recovered, 100000000]) * 0.001 + max([min([recovered, 300000000]) - 100000000, 0]) * 0.002"
            " + max([recovered - 300000000, 0]) * 0.003"
        ),
        "payout": (
            "score < 60 ? 0 : score <= 100 ? 0.5 + (score - 60) * 0.5 / 40"
            " : score <= 120 ? 1 + (score - 100) * 0.5 / 20 : 1.5"
        ),
        "by_score": "$.target * $.payout",
        "conduct": "complaints == 0 ? 1 : complaints <= 2 ? 0.8 : 0",
        "earned": "($.commission + $.by_score) * $.conduct",
        "kicked": "score >= 110 ? $.earned + 500000 : $.earned",
        "fined": "$.kicked - min([complaints * 100000, 250000])",
        "passed": "fails >= 1 ? 0 : $.fined",
        "floored": "max([$.passed, 0])",
        "most": "$.target * 1.4",
        "capped": "min([$.floored, $.most])",
        "tier": "score >= 100 ? 1.05 : 1",
        "with_tier": "$.capped * $.tier",
        "for_days": "$.with_tier * 22 / 22",
        "payable": "round($.for_days)",
    }
    stated = [{"id": name, "key": name, "value": text} for name, text in expressions.items()]
    at = {"x": 0, "y": 0}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "position": at},
        {"id": "steps", "type": "expressionNode", "name": "steps", "position": at, "content": {"expressions": stated}},
        {"id": "out", "type": "outputNode", "name": "out", "position": at},
    ]
    edges = [
        {"id": f"{one}-{other}", "sourceId": one, "targetId": other, "type": "edge"}
        for one, other in (("in", "steps"), ("steps", "out"))
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def run():
        kept = [decision.evaluate(row, {"trace": True}) for row in rows]
        return [each["result"]["payable"] for each in kept]

    return run


def by_loop(rows):
    exact = [{name: Decimal(value) for name, value in row.items()} for row in rows]

    def run():
        kept = [_row_of_loop(row) for row in exact]
        return [each["payable"] for each in kept]

    return run


def _row_of_loop(row: dict[str, Decimal]) -> dict[str, Decimal]:
    recovered, score, complaints, zero = row["recovered"], row["score"], row["complaints"], Decimal(0)
    step = dict(row)
    step["target"] = Decimal(4_000_000)
    step["commission"] = (
        min(recovered, Decimal(100_000_000)) * Decimal("0.001")
        + max(min(recovered, Decimal(300_000_000)) - 100_000_000, zero) * Decimal("0.002")
        + max(recovered - 300_000_000, zero) * Decimal("0.003")
    )
    step["payout"] = _payout(score)
    step["by_score"] = step["target"] * step["payout"]
    step["conduct"] = Decimal(1) if complaints == 0 else Decimal("0.8") if complaints <= 2 else zero
    step["earned"] = (step["commission"] + step["by_score"]) * step["conduct"]
    step["kicked"] = step["earned"] + (500_000 if score >= 110 else 0)
    step["fined"] = step["kicked"] - min(complaints * 100_000, Decimal(250_000))
    step["passed"] = zero if row["fails"] >= 1 else step["fined"]
    step["floored"] = max(step["passed"], zero)
    step["most"] = step["target"] * Decimal("1.4")
    step["capped"] = min(step["floored"], step["most"])
    step["tier"] = Decimal("1.05") if score >= 100 else Decimal(1)
    step["with_tier"] = step["capped"] * step["tier"]
    step["for_days"] = step["with_tier"] * 22 / 22
    step["payable"] = step["for_days"].quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return step


def _payout(score: Decimal) -> Decimal:
    if score < 60:
        return Decimal(0)
    if score <= 100:
        return Decimal("0.5") + (score - 60) * Decimal("0.5") / 40
    return Decimal(1) + (score - 100) * Decimal("0.5") / 20 if score <= 120 else Decimal("1.5")


def _in_process(name: str, payees: int) -> dict:
    command = [sys.executable, "-m", "bench.payouts", name, str(payees)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


if __name__ == "__main__":
    main()
