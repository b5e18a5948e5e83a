"""Contracts made ready to pay by: conditions parsed, the steps of the month compiled, what they read collected."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from domain.documents import Path
from domain.expressions import Evaluator, Expression, ExprType, evaluator, parse
from domain.issues import Issue
from domain.records import Unit
from domain.rules import Placed
from incentives.contract_language import Contract, Earned, FeeCase, FeeSlice, Month
from incentives.fee_names import NAMES, SCOPE, Read, counted_on
from incentives.policies import AppliesTo, Input, PartPeriod, Policy
from incentives.ready import ReadyPolicy, make_ready
from incentives.steps import Round
from incentives.tiers import Boundary

# What the steps of a month read without declaring it.
SUMS: Mapping[str, Unit] = {
    "fees": Unit.MONEY,
    "recovered": Unit.MONEY,
    "payments": Unit.COUNT,
    "placed": Unit.COUNT,
    "placed_balance": Unit.MONEY,
    "returned": Unit.COUNT,
    "running": Unit.COUNT,
}
OF_PLACEMENTS = frozenset({"placed", "placed_balance", "returned", "running"})
COUNTS_BACK = frozenset({"recovered_before"})


_BY_CASES = frozenset({"cash", "settlement", "restructured"})  # told apart by what cases came to


class Rate(NamedTuple):
    """What a recovery earns in a band: a whole rate or slices, uplifts left out; `name` is that of the step that sums
    the band, `place` its line."""

    rate: Decimal | None
    slices: tuple[FeeSlice, ...]
    fixed: Decimal
    at_least: Decimal | None
    at_most: Decimal | None
    name: str
    place: str

    @property
    def is_bounded(self) -> bool:
        return bool(self.fixed) or self.at_least is not None or self.at_most is not None


@dataclass(frozen=True, slots=True)
class ReadyCase:
    """A case whose condition can be asked; `rates` has one entry where there are no bands, none where nothing is
    earned."""

    model: FeeCase
    condition: Evaluator | None
    names: tuple[str, ...]
    rates: tuple[Rate, ...]

    @property
    def boundary(self) -> Boundary:
        return self.model.boundary or Boundary.AT


@dataclass(frozen=True, slots=True)
class ReadyUplift:
    condition: Evaluator
    names: tuple[str, ...]
    points: Decimal
    text: str


@dataclass(frozen=True, slots=True)
class ReadyContract:
    """A contract that can be paid by. `names` are what the schedule reads of a recovery, `counts_back` whether earlier
    payments of a placement matter for what a payment earns."""

    placed: Placed[Contract]
    cases: tuple[ReadyCase, ...]
    uplifts: tuple[ReadyUplift, ...]
    names: frozenset[str]
    month: ReadyPolicy | None
    sums: frozenset[str]
    reads: Mapping[str, Read]
    counts_back: bool

    @property
    def contract(self) -> Contract:
        return self.placed.rule

    @property
    def tables(self) -> frozenset[str]:
        """Tables that the fees are reckoned from, beside payments and placements."""
        contract = self.contract
        besides = {NAMES[name].table for name in self.names} - {""}
        if contract.entitlement.promises_in_flight is not None:
            besides.add("promises")
        if len(_BY_CASES & {*contract.counts}) not in {0, len(_BY_CASES)} or contract.direct_channels:
            besides.add("cases")
        return frozenset(besides)


def make_contract_ready(placed: Placed[Contract]) -> tuple[ReadyContract | None, tuple[Issue, ...]]:
    """The contract ready to pay by, or what is wrong with its conditions and the steps of its month."""
    issues: list[Issue] = []
    schedule = placed.rule.schedule
    cases = [_case(placed, index, case, issues) for index, case in enumerate(schedule.cases)]
    uplifts = [_uplift(placed, index, issues) for index in range(len(schedule.uplifts))]
    month, sums, found = _month(placed)
    issues += found
    if issues:
        return None, tuple(issues)
    asked = {name for case in cases for name in case.names} | {name for each in uplifts for name in each.names}
    names = frozenset(asked | {case.model.by for case in cases if case.model.by is not None})
    reads = {name: NAMES[name].read for name in sorted(names)}
    if "days_past_due" in reads and schedule.unknown_days_past_due == "from_placement":
        reads["days_past_due"] = counted_on
    counts_back = _counts_back(placed.rule, cases, names)
    return ReadyContract(placed, tuple(cases), tuple(uplifts), names, month, sums, reads, counts_back), ()


def _counts_back(contract: Contract, cases: Sequence[ReadyCase], names: frozenset[str]) -> bool:
    slices = any(rate.slices for case in cases for rate in case.rates)
    return contract.schedule.each_placement is not None or slices or bool(COUNTS_BACK & names)


def _case(placed: Placed[Contract], index: int, case: FeeCase, issues: list[Issue]) -> ReadyCase:
    path: Path = ("schedule", "cases", index)
    condition = _condition(placed, case.when, (*path, "when"), issues)
    rates: tuple[Rate, ...] = ()
    is_told = len(placed.rule.schedule.cases) > 1 or case.name is not None
    name = case.name or f"case_{index + 1}"
    if case.bands is not None:
        of_bands = f"{name}_band" if is_told else "band"
        rates = tuple(
            _rate(placed, band, f"{of_bands}_{number + 1}", (*path, "bands", number))
            for number, band in enumerate(case.bands)
        )
    elif case.no_fee is None:
        rates = (_rate(placed, case, name, path),)
    asked = evaluator(condition) if condition else None
    names = tuple(sorted(condition.names)) if condition else ()
    return ReadyCase(case, asked, names, rates)


def _rate(placed: Placed[Contract], earned: Earned, name: str, path: Path) -> Rate:
    fixed, place = earned.fixed or Decimal(0), str(placed.place(*path))
    return Rate(earned.rate, earned.slices or (), fixed, earned.at_least, earned.at_most, name, place)


def _uplift(placed: Placed[Contract], index: int, issues: list[Issue]) -> ReadyUplift:
    uplift = placed.rule.schedule.uplifts[index]
    condition = _condition(placed, uplift.when, ("schedule", "uplifts", index, "when"), issues)
    asked: Evaluator = evaluator(condition) if condition else lambda _: None
    names = tuple(sorted(condition.names)) if condition else ()
    return ReadyUplift(asked, names, uplift.points, uplift.when)


def _condition(placed: Placed[Contract], text: str | None, path: Path, issues: list[Issue]) -> Expression | None:
    if text is None:
        return None
    expression, found = parse(text, SCOPE, at=placed.place(*path), expect=ExprType.BOOL)
    issues.extend(found)
    return expression


def _month(placed: Placed[Contract]) -> tuple[ReadyPolicy | None, frozenset[str], tuple[Issue, ...]]:
    """The steps of the month as the engine of policies has them, with a last one that rounds."""
    contract = placed.rule
    if contract.month is None:
        return None, frozenset(), ()
    taken = [name for name in contract.month.inputs if name in SUMS]
    if taken:
        message = f'"{taken[0]}" is always there, as the month\'s own sum'
        return None, frozenset(), (Issue("CON060", placed.place("month", "inputs", taken[0]), message, "Rename it"),)
    words = {word for step in contract.month.steps for word in re.findall(r"[a-z][a-z0-9_]*", str(step.model_dump()))}
    of_month: Placed[Policy] = Placed(
        placed.kind, _as_policy(contract, contract.month), placed.document, (*placed.path, "month")
    )
    ready, issues = make_ready(of_month, given=SUMS)
    if ready is None:
        return None, frozenset(), issues
    last = replace(ready.columns[-1], line=str(placed.place("rounding")))
    whole = replace(ready, columns=(*ready.columns[:-1], last))
    return whole, frozenset(SUMS.keys() & words), ()


def _as_policy(contract: Contract, month: Month) -> Policy:
    """The month as a policy for nobody in particular: what runs is its steps."""
    rounding, last = contract.rounding, month.steps[-1].name
    payable = Round(kind="round", name="payable", of=last, digits=rounding.digits, mode=rounding.mode)
    inputs = {name: Input(**each.model_dump()) for name, each in month.inputs.items()}
    return Policy.model_construct(
        id=contract.id,
        title=contract.title,
        owner=contract.owner,
        valid_from=contract.valid_from,
        valid_to=contract.valid_to,
        review_by=contract.review_by,
        applies_to=AppliesTo(),
        component="fee",
        currency=contract.currency,
        part_period=PartPeriod.WHOLE,
        inputs=inputs,
        steps=(*month.steps, payable),
    )
