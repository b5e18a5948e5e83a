"""What a month makes of a partner's fees: its steps by the engine of policies, rounding, and the tax on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from domain.ids import canonical_decimal, short
from domain.money import round_to, to_minor
from domain.periods import Period
from domain.records import Grain, PayoutLine, Step, ValueState
from domain.rules import Placed
from incentives.cell import Reason
from incentives.cells import Around
from incentives.contract_language import Contract
from incentives.contracts import ContractBook
from incentives.fee_lines import FeeLine, bands_of
from incentives.measures import Measures, halted_among
from incentives.policies import Input, Missing
from incentives.ready import ReadyPolicy
from incentives.ready_contracts import SUMS, ReadyContract
from incentives.recoveries import AtPartner
from incentives.rows import Row, Start, Stop, fill

ContractOf = Callable[[AtPartner, date], ReadyContract | None]


@dataclass(frozen=True, slots=True)
class HeldFee:
    """A month's fee that is not paid, because a figure that its steps read has no value."""

    partner: str
    component: str
    currency: str
    reason: Reason
    text: str


@dataclass(slots=True)
class _OfMonth:
    """What a partner has under one contract in the month."""

    lines: list[FeeLine] = field(default_factory=list)
    placed: int = 0
    placed_balance: Decimal = Decimal(0)
    returned: int = 0
    running: int = 0

    def sums(self) -> dict[str, Decimal]:
        """By the names that steps read."""
        return {
            "fees": sum((line.fee for line in self.lines), Decimal(0)),
            "recovered": sum((line.base for line in self.lines), Decimal(0)),
            "payments": Decimal(len(self.lines)),
            "placed": Decimal(self.placed),
            "placed_balance": self.placed_balance,
            "returned": Decimal(self.returned),
            "running": Decimal(self.running),
        }


def payouts_of_month(
    contracts: ContractBook,
    contract_of: ContractOf,
    lines: Iterable[FeeLine],
    at_partners: Iterable[AtPartner],
    measures: Measures,
    period: Period,
) -> tuple[tuple[PayoutLine, ...], tuple[HeldFee, ...]]:
    """The payouts by partner and contract, and what is held.

    Minimum, maximum, tax and rounding of a month are those of the version in force last within it. A partner without
    recoveries is paid only what the steps make of its placements.
    """
    months = _months(lines, contract_of, at_partners, period)
    payouts: list[PayoutLine] = []
    held: list[HeldFee] = []
    figures = _Figures(measures, halted_among(measures))
    for (partner, contract_id), month in sorted(months.items()):
        ready = _version_of_month(contracts, contract_id, period)
        made = _made(ready, partner, month, figures, period)
        component = f"fee:{contract_id}"
        if made.stop is not None:
            held.append(HeldFee(partner, component, ready.contract.currency, made.stop.reason, made.stop.text))
        elif month.lines or made.amount:
            payouts.extend(_payouts(ready.placed, partner, period, made))
    return tuple(payouts), tuple(held)


def _months(
    lines: Iterable[FeeLine], contract_of: ContractOf, at_partners: Iterable[AtPartner], period: Period
) -> dict[tuple[str, str], _OfMonth]:
    months: dict[tuple[str, str], _OfMonth] = defaultdict(_OfMonth)
    for line in lines:
        months[line.recovery.partner_id, line.contract].lines.append(line)
    for at in at_partners:
        ready = contract_of(at, period.last_day)
        if ready is not None and ready.sums:
            _count(months[at.partner_id, ready.contract.id], at, period)
    return months


def _count(month: _OfMonth, at: AtPartner, period: Period) -> None:
    placement = at.placement
    if placement.placed_on in period:
        month.placed += 1
        month.placed_balance += placement.balance
    ends_on = min(placement.recalled_on or placement.term_ends_on, placement.term_ends_on)
    month.returned += ends_on in period
    month.running += placement.placed_on < period.end <= ends_on


def _version_of_month(contracts: ContractBook, contract_id: str, period: Period) -> ReadyContract:
    versions = [each for each in contracts.ready if each.contract.id == contract_id]
    begun = (each for each in versions if each.contract.valid_from < period.end)
    return max(begun, key=lambda each: each.contract.valid_from)


class _Made(NamedTuple):
    """The fee of a month with its steps, or why it is held."""

    amount: Decimal
    steps: tuple[Step, ...]
    stop: Stop | None = None


def _made(ready: ReadyContract, partner: str, month: _OfMonth, figures: _Figures, period: Period) -> _Made:
    sums, placed = month.sums(), ready.placed
    steps = [*bands_of(month.lines), _step(placed, "sum_of_fees", "sum", sums["fees"], {}, "id")]
    if ready.month is None:
        rounding = ready.contract.rounding
        amount = round_to(sums["fees"], rounding.digits, rounding.rounding)
        return _Made(amount, (*steps, _step(placed, "payable", "round", amount, {}, "rounding")))
    row = _row(ready, ready.month, partner, sums, figures, period)
    amount = row.amount or Decimal(0)
    return _Made(amount, (*steps, *row.steps), row.stop)


def _row(
    ready: ReadyContract,
    steps: ReadyPolicy,
    partner: str,
    sums: Mapping[str, Decimal],
    figures: _Figures,
    period: Period,
) -> Row:
    values = {name: sums[name] for name in SUMS}
    columns = [
        Step(name, "input", values[name], (("the month's", name),), str(ready.placed.place("month")))
        for name in SUMS
        if name in ready.sums and name != "fees"
    ]
    stop = None
    for name, source in steps.policy.inputs.items():
        column, stop = figures.read(ready, partner, name, source)
        columns.append(column)
        if stop is not None or column.value is None:
            break
        values[name] = column.value
    around = Around(partner, "", "", period.month, 0, lambda _: None)
    (row,) = fill(steps, [Start(around, values, tuple(columns), stop)])
    return row


@dataclass(frozen=True, slots=True)
class _Figures:
    """KPIs and scores of partners, as the night measured them."""

    measures: Measures
    halted: frozenset[str]

    def read(self, ready: ReadyContract, partner: str, name: str, source: Input) -> tuple[Step, Stop | None]:
        """The column of an input, and why the row stops where there is no value."""
        currency, reference = ready.contract.currency, source.reference
        names = (f"{reference}:{currency}", reference)
        found = [self.measures[key] for each in names if (key := (Grain.PARTNER, partner, each)) in self.measures]
        measure = found[0] if found else None
        line = str(ready.placed.place("month", "inputs", name))
        if reference in self.halted or (measure is not None and measure.state is ValueState.HALTED):
            stop = Stop(Reason.HALTED_INPUT, f"{reference} is halted")
            return Step(name, "input", None, ((reference, ""),), line, stop.text), stop
        told = short(measure.rule) if measure is not None else ""
        if measure is not None and measure.value is not None:
            return Step(name, "input", measure.value, ((reference, told),), line), None
        if source.missing is Missing.ZERO:
            return Step(name, "input", Decimal(0), ((reference, told),), line, _AS_ZERO), None
        stop = Stop(Reason.MISSING_INPUT, f"{reference} has no value")
        return Step(name, "input", None, ((reference, told),), line, stop.text), stop


_AS_ZERO = "no value: taken as zero, as stated"


def _payouts(placed: Placed[Contract], partner: str, period: Period, made: _Made) -> Sequence[PayoutLine]:
    fee = _payout("fee", partner, placed, period, made.amount, made.steps)
    if not placed.rule.vat_rate:
        return (fee,)
    return (fee, _payout("vat", partner, placed, period, *_vat(placed, made.amount)))


def _vat(placed: Placed[Contract], fee: Decimal) -> tuple[Decimal, tuple[Step, ...]]:
    contract = placed.rule
    exact = fee * contract.vat_rate
    value = round_to(exact, contract.rounding.digits, contract.rounding.rounding)
    inputs = {"fee": fee, "vat_rate": contract.vat_rate}
    return value, (
        _step(placed, "vat", "formula", exact, inputs, "vat_rate"),
        _step(placed, "payable", "round", value, {}, "rounding"),
    )


def _step(
    placed: Placed[Contract], name: str, kind: str, value: Decimal, inputs: Mapping[str, Decimal], key: str
) -> Step:
    shown = tuple((each, canonical_decimal(number)) for each, number in inputs.items())
    return Step(name, kind, value, shown, str(placed.place(key)))


def _payout(
    component: str, partner: str, placed: Placed[Contract], period: Period, amount: Decimal, steps: tuple[Step, ...]
) -> PayoutLine:
    contract = placed.rule
    to_minor(amount, contract.currency)  # payable exactly: it was rounded
    name = f"{component}:{contract.id}"
    return PayoutLine(partner, name, str(period), contract.currency, amount, partner, placed.version.digest, steps)
