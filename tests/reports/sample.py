"""Made-up records for the tests of pages and workbooks: nobody in them exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.ids import BatchId, Digest, RunId, digest_of
from domain.money import Rounding, round_to
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.rules import RuleKind, RuleVersion
from reports.batch_report import (
    BatchReport,
    Difference,
    HeldPayee,
    PayeeWithoutPolicy,
    ReviewDecision,
    ReviewedBatch,
    TieOut,
    TieOutStep,
)

LABEL = "Demo book: invented people, debts and payments"
PERIOD = Period(2026, 9)
RUN = RunId(digest_of("run")[:24])
POLICY = "incentives/policies/collector_bonus.yaml"


def payout_line(payee: str, currency: str = "VND", score: str = "93.125", scope: str = "phone_early") -> PayoutLine:
    """A bonus of a score between 60 and 100, explained step by step."""
    target, digits = (Decimal(3_000_000), 0) if currency == "VND" else (Decimal(1_000), 2)
    share = Decimal("0.5") + (Decimal(score) - 60) / 80
    earned = target * share
    amount = round_to(earned, digits, Rounding.HALF_UP)
    days = (
        ("policy", f"{scope}_{currency.lower()}"),
        ("version", "1234e5678901"),
        ("days", "2026-09-01 to 2026-10-01"),
    )
    steps = (
        Step("policy", "policy", None, days, f"{POLICY}:69:5", "the only policy that matches"),
        Step("score", "input", Decimal(score), ((f"{scope}_scorecard", "123456789012"),), f"{POLICY}:24:7"),
        Step("target", "base", target, (), f"{POLICY}:29:9"),
        Step("payout", "curve", share, (("score", score),), f"{POLICY}:32:9", "between 60 and 100"),
        Step("earned", "formula", earned, (("target", str(target)), ("payout", str(share))), f"{POLICY}:41:9"),
        Step("payable", "round", amount, (("earned", str(earned)),), f"{POLICY}:66:9", f"half_up, {digits} digits"),
    )
    component = f"performance_bonus:{scope}"
    return PayoutLine(payee, component, str(PERIOD), currency, amount, scope, digest_of(f"{scope}_{currency}"), steps)


def frozen(line: PayoutLine, posted: str = "0") -> Difference:
    before = Decimal(posted)
    key = (line.payee, line.component, line.origin_period, line.currency)
    return Difference(*key, desired=line.amount, posted=before, difference=line.amount - before)


def reviewed_batch(scope: str = "phone_early", *lines: PayoutLine, decisions: int = 0) -> ReviewedBatch:
    """A batch on which the first `decisions` roles of manager, HR and finance have approved."""
    chain = ("manager", "hr", "finance")
    approved = tuple(ReviewDecision("approved", f"Approver {role}", role) for role in chain[:decisions])
    return ReviewedBatch(
        BatchId(f"bonus-2026-09-{scope}-1a2b3c4d5e6f"),
        "bonus",
        scope,
        digest_of(scope),
        "approved" if decisions == len(chain) else "prepared",
        "operator",
        chain,
        approved,
        chain[decisions] if decisions < len(chain) else "",
        lines,
        tuple(frozen(line) for line in lines),
    )


def month_end() -> BatchReport:
    """Three batches in two currencies, an adjustment, a payment taken back, held payees, and a chain that ties out."""
    early = [payout_line(f"E{number:04d}", score=str(62 + number % 38)) for number in range(1, 15)]
    early.append(payout_line("E0015", "CNY", "88.375"))
    late = [payout_line(f"E{number:04d}", score=str(60 + number % 40), scope="field") for number in range(40, 48)]
    first = reviewed_batch("phone_early", *early, decisions=1)
    gone = Difference(
        "E0099", "performance_bonus:phone_early", "2026-08", "VND", Decimal(0), Decimal(410_000), Decimal(-410_000)
    )
    first = replace(first, differences=(frozen(early[0], "1000000"), *first.differences[1:], gone))
    second = reviewed_batch("field", *late, decisions=3)
    legal = replace(
        reviewed_batch("legal"),
        phase="held",
        next_role="",
        decisions=(ReviewDecision("held", "Approver hr", "hr", "waiting for the court's list"),),
    )
    return BatchReport(
        PERIOD,
        RUN,
        digest_of("calculation"),
        (first, second, legal),
        held=(
            HeldPayee(
                "E0031",
                "performance_bonus:phone_early",
                "phone_early",
                "missing_input",
                "phone_early_scorecard has no value",
            ),
            HeldPayee("E0072", "", "", "postings_overlap", "two postings hold on the same day"),
        ),
        without_policy=(PayeeWithoutPolicy("E0088", "no policy for manager in restructuring from 2026-09-01"),),
        rules=rule_versions(),
        tie_outs=tie_outs(sum((line.amount for line in (*early, *late) if line.currency == "VND"), Decimal(0))),
        source_run=RunId(digest_of("night")[:24]),
        book_label=LABEL,
    )


def rule_versions() -> tuple[RuleVersion, ...]:
    signed = [
        RuleVersion(
            RuleKind.POLICY, f"{scope}_vnd", digest_of(f"{scope}_VND"), date(2025, 1, 1), "Demo proposer", "Demo signer"
        )
        for scope in ("phone_early", "field")
    ]
    return (*signed, RuleVersion(RuleKind.KPI, "recovery_rate", Digest("f" * 64), date(2025, 1, 1)))


def tie_outs(paid: Decimal) -> tuple[TieOut, ...]:
    steps = (
        TieOutStep("Payments accepted", Decimal(48_211_350_000)),
        TieOutStep("Payments that count as recovered", Decimal(47_990_150_000), "waivers are not recovered"),
        TieOutStep("Credited", Decimal(45_610_000_000), "uncredited: house 2,380,150,000"),
        TieOutStep("KPI: recovered", Decimal(45_610_000_000)),
        TieOutStep("Payout lines", paid, starts=True),
        TieOutStep("Batches", paid),
    )
    return (
        TieOut("VND", steps),
        TieOut("", (TieOutStep("Payments accepted", Decimal(6120)), TieOutStep("Credited", Decimal(6120)))),
    )
