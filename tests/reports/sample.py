"""Made-up records for the tests of pages and workbooks: nobody in them exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from domain.ids import BatchId, Digest, RunId, VersionId, digest_of
from domain.manifest import Waiver
from domain.money import Rounding, round_to
from domain.periods import Period
from domain.records import (
    CheckResult,
    ControlTotals,
    Grain,
    KpiResult,
    Outcome,
    PayoutLine,
    Score,
    ScorePart,
    Step,
    TableVerdict,
    Unit,
    ValueState,
    Verdict,
    worst,
)
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
from reports.kpi_tables import KpiLabel
from reports.night import Link, NightReport, RollRow, RollTable, StageSummary

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
        before=tuple(replace(line, origin_period="2026-08") for line in last_month()),
        book_label=LABEL,
    )


def last_month() -> Iterator[PayoutLine]:
    """E0001 scored less, E0002 the same, E0003 was not there, E0097 was."""
    yield payout_line("E0001", score="60")
    yield from (payout_line(f"E{number:04d}", score=str(62 + number % 38)) for number in (2, *range(4, 15)))
    yield payout_line("E0097", score="70")


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
        TieOutStep("Payments without waivers", Decimal(47_990_150_000), (("waivers", Decimal(-221_200_000)),)),
        TieOutStep("Credited to an owner", Decimal(45_610_000_000), (("uncredited: house", Decimal(-2_380_150_000)),)),
        TieOutStep("KPI “recovered” of employees", Decimal(45_610_000_000)),
        TieOutStep("Payout lines", paid, starts=True),
        TieOutStep("To be posted by the batches", paid),
    )
    return (
        TieOut("VND", steps),
        TieOut("", (TieOutStep("Payments accepted", Decimal(6120)), TieOutStep("Credited", Decimal(6120)))),
    )


def night() -> NightReport:
    """A night with a halted table, a warning, KPIs at five grains in two currencies, scores and a forecast."""
    early = [payout_line(f"E{number:04d}", score=str(62 + number % 38)) for number in range(1, 15)]
    return NightReport(
        DAY,
        RUN,
        verdict(),
        stages(),
        labels(),
        tuple(kpi_results()),
        (roll_table(),),
        tuple(scores()),
        (*early, payout_line("E0015", "CNY", "88.375"), payout_line("E0040", score="71", scope="field")),
        links=(
            Link("Verdict of the gate", "gate/verdict.json"),
            Link("Quarantined payments", "quarantine/payments.parquet", "14 rows"),
            Link("Data Docs of Great Expectations", "gate/docs/index.html"),
            Link("Dispatch of the next day", "dispatch/changes.parquet", "1,204 changes"),
        ),
        waivers=(waiver("complaints", "the source is late by agreement", date(2026, 10, 2)),),
        book_label=LABEL,
    )


DAY = date(2026, 9, 30)


def waiver(table: str, reason: str, until: date) -> Waiver:
    return Waiver(table, DAY, f"{table}.volume", VersionId("v1"), "Head of operations", reason, until)


def check(table: str, outcome: Outcome, name: str = "volume", **texts: str) -> CheckResult:
    filled = {"found": "", "expected": "", **texts}
    return CheckResult(table, name, "suite", outcome, 6120, 0 if outcome is Outcome.PASS else 14, **filled)


def table_verdict(table: str, *checks: CheckResult, landed: int = 6120, quarantined: int = 0) -> TableVerdict:
    money = (("VND", Decimal(48_225_350_000), Decimal(48_211_350_000), Decimal(14_000_000), Decimal(0)),)
    totals = ControlTotals(landed, landed - quarantined, quarantined, 0, money if table == "payments" else ())
    return TableVerdict(table, worst(each.outcome for each in checks), totals, checks)


def verdict() -> Verdict:
    references = check(
        "payments",
        Outcome.WARN,
        "account_id_exists",
        found="14 payments of accounts that do not exist",
        expected="every account_id in accounts",
        hint="Ask core banking for the accounts, or correct the payments and send them again",
    )
    halted = check(
        "promises",
        Outcome.HALT,
        "volume_promises",
        found="0 rows",
        expected="180 to 420 rows on a Wednesday",
        hint="The extract is empty: ask the telephony team to send it again",
    )
    new = check(
        "visits",
        Outcome.NOT_YET_KNOWN,
        "volume_visits",
        found="212 rows",
        expected="4 Wednesdays of history; there are 2",
    )
    return Verdict(
        DAY,
        (
            table_verdict("accounts", check("accounts", Outcome.PASS), landed=20_000),
            table_verdict("payments", check("payments", Outcome.PASS), references, quarantined=14),
            table_verdict("promises", halted, landed=0),
            table_verdict("visits", new, landed=212),
            table_verdict("contacts", check("contacts", Outcome.PASS), landed=9_871),
        ),
    )


def stages() -> tuple[StageSummary, ...]:
    return (
        StageSummary("gate", "halted", (("Tables", 5), ("Rows landed", 36_203), ("Quarantined", 14))),
        StageSummary(
            "allocate",
            "done",
            (
                ("Allocated", 7_812),
                ("Held", 301),
                ("Excluded", 96),
                ("Changed owner", 1_204),
                ("Gap to the bound", "0.31%"),
            ),
        ),
        StageSummary("measure", "done", (("KPI figures", 8_114), ("No value", 212), ("No value: halted", 118))),
        StageSummary("project", "waiting", (("Payees", 15),), "Scores wait for promises."),
    )


def labels() -> dict[str, KpiLabel]:
    return {
        "recovered": KpiLabel("Recovered", higher_is_better=True, group="Recovery"),
        "recovery_rate": KpiLabel("Recovery rate", higher_is_better=True, is_share=True, group="Recovery"),
        "calls_made": KpiLabel("Calls made", higher_is_better=True, group="Telephone"),
        "calls_per_hour": KpiLabel("Calls per hour", higher_is_better=True, group="Telephone", unit="calls per hour"),
        "contact_rate": KpiLabel("Contact rate", higher_is_better=True, is_share=True, group="Telephone"),
        "promise_kept": KpiLabel("Promises kept", higher_is_better=True, is_share=True, group="Telephone"),
        "complaint_rate": KpiLabel("Complaints per account", higher_is_better=False, is_share=True, group="Conduct"),
    }


def kpi(
    name: str,
    entity: str,
    value: str | None,
    *,
    grain: Grain = Grain.DEPARTMENT,
    unit: Unit = Unit.RATIO,
    sums: tuple[str, str] | None = None,
    currency: str = "",
    state: ValueState | None = None,
) -> KpiResult:
    numerator, denominator = (Decimal(text) for text in sums) if sums else (None, None)
    number = Decimal(value) if value is not None else None
    known = state or (ValueState.NO_VALUE if value is None else ValueState.VALUE)
    return KpiResult(
        name, digest_of(name), grain, entity, PERIOD.start, DAY, unit, known, number, numerator, denominator, currency
    )


def kpi_results() -> Iterator[KpiResult]:
    entities = {
        Grain.PORTFOLIO: ["portfolio"],
        Grain.DEPARTMENT: ["field", "legal", "phone_early", "phone_late", "restructuring"],
        Grain.TEAM: [f"phone_early_{number}" for number in range(1, 9)],
        Grain.EMPLOYEE: [f"E{number:04d}" for number in range(1, 31)],
        Grain.PARTNER: ["P001", "P002"],
    }
    for grain, names in entities.items():
        for place, entity in enumerate(names, start=3):
            yield from _kpis_of(grain, entity, place)


def _kpis_of(grain: Grain, entity: str, place: int) -> Iterator[KpiResult]:
    due, paid, calls = 1_000_000 * place * 37, 1_000_000 * place * (5 + place % 7), place * 311
    yield kpi("recovered", entity, str(paid), grain=grain, unit=Unit.MONEY, currency="VND")
    yield kpi("recovered", entity, f"{paid / 3500:.2f}", grain=grain, unit=Unit.MONEY, currency="CNY")
    yield kpi("recovery_rate", entity, str(Decimal(paid) / due), grain=grain, sums=(str(paid), str(due)))
    yield kpi("calls_made", entity, str(calls), grain=grain, unit=Unit.COUNT)
    yield kpi("calls_per_hour", entity, str(Decimal(calls) / 91), grain=grain)
    if entity == "legal":
        yield kpi("contact_rate", entity, None, grain=grain, sums=("0", "0"))
    else:
        yield kpi(
            "contact_rate", entity, str(Decimal(calls // 3) / calls), grain=grain, sums=(str(calls // 3), str(calls))
        )
    yield kpi("promise_kept", entity, None, grain=grain, state=ValueState.HALTED)
    if grain is not Grain.PARTNER:
        yield kpi("complaint_rate", entity, str(Decimal(place) / 900), grain=grain, sums=(str(place), "900"))


def roll_table() -> RollTable:
    names = ["current", "1 to 30", "31 to 60", "61 to 90", "91 to 120"]
    rates = [("0.021", "0.018"), ("0.34", "0.21"), ("1.72", "0.55"), ("0.86", "0.71"), (None, None)]
    rows = [
        RollRow(
            name,
            kpi(f"roll_stock_{number}", "portfolio", stock, sums=("184250", "107125")),
            kpi(f"roll_cohort_{number}", "portfolio", cohort),
        )
        for number, (name, (stock, cohort)) in enumerate(zip(names, rates, strict=True))
    ]
    return RollTable("Balance", tuple(rows))


def scores() -> Iterator[Score]:
    for card, first, last in (("phone_early", 1, 14), ("field", 40, 47)):
        for number in range(first, last + 1):
            yield score(card, f"E{number:04d}", None if number == 3 else str(60 + number))


def score(card: str, entity: str, value: str | None) -> Score:
    halted = ScorePart("promise_kept", None, Decimal("0.6"), None, None, Decimal("0.4"), None, "halted")
    points = Decimal(value or 0)
    part = ScorePart(
        "recovery_rate",
        Decimal("0.19"),
        Decimal("0.2"),
        Decimal("0.95"),
        points,
        Decimal("0.6"),
        points * Decimal("0.6"),
    )
    state = ValueState.HALTED if value is None else ValueState.VALUE
    number = Decimal(value) if value is not None else None
    return Score(card, digest_of(card), Grain.EMPLOYEE, entity, PERIOD.start, DAY, state, number, (part, halted))
