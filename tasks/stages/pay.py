"""Pay: the forecast of a night, and at month-end the frozen batches; both from the same calculation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from adapters.duck import Duck
from adapters.store.results import read_kpis, read_scores, write_held, write_payout_lines
from adapters.store.runs import StageResult, State
from adapters.store.seals import PAYOUTS, write_seals
from adapters.world import World
from domain.manifest import Manifest, RunKind, Stage
from domain.periods import Period
from domain.records import PayoutLine
from incentives.book import PolicyBook
from incentives.calculate import calculate
from incentives.claims.payable import Payable, Waiting, payable_recoveries
from incentives.contracts import ContractBook
from incentives.fee_month import HeldFee
from incentives.fees import fees
from incentives.first_paid import FirstPaid
from incentives.house import Earlier
from incentives.ledger import BatchKind
from incentives.measures import Measures, measures_of
from tasks.stages.carried_pay import columns_carried, months_opened
from tasks.stages.claims_state import payable_named
from tasks.stages.gate import accepted_inputs, halted_tables
from tasks.stages.night import Night, StageWork, run_stage
from tasks.stages.people import BONUS_READS, leavers_of, payees_of, working_days_of
from tasks.stages.published_sets import sets_published
from tasks.stages.recoveries import FEE_READS, known_from, placements_of, recoveries_of
from tasks.stages.session import session_of_night

Held = tuple[str, str, str]  # payee, component, reason


@dataclass(frozen=True, slots=True)
class Pay:
    """What the calculation came to, by kind of batch; everybody is in lines or in held."""

    lines: Mapping[BatchKind, tuple[PayoutLine, ...]]
    held: Mapping[BatchKind, tuple[Held, ...]]
    waiting: tuple[str, ...]  # kinds that could not be computed, and why
    leavers: frozenset[str] = frozenset()  # who has left: what they owe is no longer carried forward


def project(
    world: World, night: Night, manifest: Manifest, policies: PolicyBook, contracts: ContractBook
) -> StageResult:
    """This month's bonuses and fees as they stand: a forecast, not a payout."""

    def work() -> StageWork:
        pay = compute_pay(world, night, manifest, policies, contracts, of=manifest)
        return work_of_pay(night, pay)

    return run_stage(world, night, Stage.PROJECT, work)


def compute_pay(
    world: World,
    night: Night,
    manifest: Manifest,
    policies: PolicyBook,
    contracts: ContractBook,
    *,
    of: Manifest,
) -> Pay:
    """Bonuses from the KPI results and scores of the night, fees from the payments in its books. The batches that were
    paid and published are those that the manifest `of` the calculation names: a month-end may know of more than its
    night did."""
    period, halted = Period.of(night.business_date), halted_tables(world, night)
    with world.store.read() as connection:
        measures = measures_of(read_kpis(connection, night.run), read_scores(connection, night.run))
        earlier, sets = columns_carried(connection, of.paid, period), sets_published(connection, of.published)
        opened = months_opened(connection, of.paid, period)
        claims = payable_named(world, connection, of.claims, period.end) if of.kind is RunKind.MONTH_END else None
    with session_of_night(world, manifest, accepted_inputs(world, night)) as duck:
        return pay_in(duck, measures, policies, contracts, period, halted, earlier, sets, opened=opened, claims=claims)


def pay_in(
    duck: Duck,
    measures: Measures,
    policies: PolicyBook,
    contracts: ContractBook,
    period: Period,
    halted: frozenset[str],
    earlier: Earlier,
    first_paid: FirstPaid = MappingProxyType({}),
    *,
    opened: frozenset[int] = frozenset(),
    claims: Payable | None = None,
) -> Pay:
    """The same from given measures, over the session of a night. `claims` say what is payable where a contract is
    settled by them; without them, as in a forecast, everything is that the books have."""
    contracts = contracts.during(period)
    fee_reads = FEE_READS | contracts.tables()
    lines: dict[BatchKind, tuple[PayoutLine, ...]] = {}
    held: dict[BatchKind, tuple[Held, ...]] = {}
    waiting = tuple(
        f"{kind}: {', '.join(sorted(halted & reads))} halted"
        for kind, reads in ((BatchKind.BONUS, BONUS_READS), (BatchKind.FEE, fee_reads))
        if halted & reads
    )
    leavers: frozenset[str] = frozenset()
    if not halted & BONUS_READS:
        leavers = leavers_of(duck, period)
        before = _Before(earlier, first_paid, opened)
        lines[BatchKind.BONUS], held[BatchKind.BONUS] = _bonuses(duck, measures, policies, period, before)
    if not halted & fee_reads:
        lines[BatchKind.FEE], held[BatchKind.FEE] = _fees(duck, measures, contracts, period, claims)
    return Pay(lines, held, waiting, leavers)


@dataclass(frozen=True, slots=True)
class _Before:
    """What bonuses read of other months: columns that are carried on, groups that were paid, months that came in."""

    earlier: Earlier
    first_paid: FirstPaid
    opened: frozenset[int]


_Paid = tuple[tuple[PayoutLine, ...], tuple[Held, ...]]


def _bonuses(duck: Duck, measures: Measures, policies: PolicyBook, period: Period, before: _Before) -> _Paid:
    found = calculate(
        policies,
        payees_of(duck, period),
        measures,
        period=period,
        working_days=working_days_of(duck),
        earlier=before.earlier,
        first_paid=before.first_paid,
        opened=before.opened,
    )
    held = (
        *((each.payee, each.component, f"{each.reason}: {each.text}") for each in found.held),
        *((each.payee, "", f"without_policy: {each.text}") for each in found.without_policy),
    )
    return found.lines, held


def _fees(duck: Duck, measures: Measures, contracts: ContractBook, period: Period, claims: Payable | None) -> _Paid:
    since, recoveries = known_from(duck), recoveries_of(duck, period, contracts)
    payable, waits = (recoveries, ()) if claims is None else payable_recoveries(contracts, recoveries, claims, since)
    settled = fees(
        contracts,
        payable,
        period=period,
        at_partners=placements_of(duck, period) if contracts.looks_at_placements() else (),
        measures=measures,
        known_from=since,
    )
    held = (
        *_without_fee(settled.without_fee),
        *map(_held_fee, settled.held),
        *_waiting_for_claims(each for each in waits if each.recovery.posted_on in period),
    )
    return settled.payouts, held


def write_pay(connection: sa.Connection, night: Night, pay: Pay) -> None:
    for kind, lines in pay.lines.items():
        write_payout_lines(connection, night.run, kind.value, lines)
    for kind, held in pay.held.items():
        write_held(connection, night.run, kind.value, held)
    write_seals(connection, night.run, PAYOUTS)


def work_of_pay(night: Night, pay: Pay) -> StageWork:
    lines = sum(map(len, pay.lines.values()))
    return StageWork(State.DONE, summary_of_pay(pay), (), lambda connection: write_pay(connection, night, pay), lines)


def summary_of_pay(pay: Pay) -> dict[str, Any]:
    """Totals by kind, scope and currency."""
    return {
        "waiting": list(pay.waiting),
        "totals": [
            {"kind": kind, "scope": scope, "currency": currency, "payees": payees, "amount": amount}
            for kind in pay.lines
            for (scope, currency), (payees, amount) in sorted(_totals(pay.lines[kind]).items())
        ],
        "held": {kind.value: len(found) for kind, found in pay.held.items()},
    }


def _totals(lines: Iterable[PayoutLine]) -> dict[tuple[str, str], tuple[int, Decimal]]:
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    payees: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        amounts[line.scope, line.currency] += line.amount
        payees[line.scope, line.currency].add(line.payee)
    return {key: (len(payees[key]), amount) for key, amount in amounts.items()}


def _held_fee(each: HeldFee) -> Held:
    return each.partner, each.component, f"{each.reason}: {each.text}"


def _waiting_for_claims(found: Iterable[Waiting]) -> tuple[Held, ...]:
    """Recoveries that wait until the partner's claims agree or somebody decides, by partner and reason."""
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for each in found:
        sums[each.recovery.partner_id, each.reason, each.recovery.currency].append(each.recovery.amount)
    return tuple(
        (
            partner,
            f"waits_{reason}:{currency}",
            f"{len(amounts)} recoveries of {sum(amounts)} {currency} wait: {reason}",
        )
        for (partner, reason, currency), amounts in sorted(sums.items())
    )


def _without_fee(found: Iterable[Any]) -> tuple[Held, ...]:
    """Recoveries that earn no fee, by partner and reason, with their number and money."""
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    money: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for each in found:
        key = (each.recovery.partner_id, each.reason.value, each.recovery.currency)
        counts[key] += 1
        money[key] += each.recovery.amount
    return tuple(
        (partner, f"{reason}:{currency}", f"{counts[key]} recoveries of {money[key]} {currency} earn no fee: {reason}")
        for key in sorted(counts)
        for partner, reason, currency in (key,)
    )
