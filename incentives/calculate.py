"""What every payee earns in a period: the policy that covers each day, its row, and one line per component."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from graphlib import TopologicalSorter
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple

from domain.collector import no_collection
from domain.ids import canonical_decimal
from domain.money import CONTEXT, to_minor
from domain.periods import Period
from domain.records import PayoutLine, Step
from domain.staff import Employee, WorkingDays
from incentives.book import PolicyBook
from incentives.coverage import Held, Part, WithoutPolicy, coverage_of
from incentives.first_paid import FirstPaid
from incentives.house import Earlier, House
from incentives.led import Led
from incentives.measures import Measures
from incentives.reading import Paid, starts_of
from incentives.ready import ReadyPolicy
from incentives.rows import Row, fill


class Filled(NamedTuple):
    """One row as it was filled: the version of the policy that filled it, and its columns by name."""

    payee: str
    ready: ReadyPolicy
    department: str
    values: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Calculation:
    """Everybody is in one of the three: paid (zero included), held, or without a policy. `rows` are what was paid by,
    several for a line that has several parts."""

    lines: tuple[PayoutLine, ...]
    held: tuple[Held, ...]
    without_policy: tuple[WithoutPolicy, ...]
    rows: tuple[Filled, ...] = ()


def calculate(
    policies: PolicyBook,
    payees: Sequence[Employee],
    measures: Measures,
    *,
    period: Period,
    working_days: WorkingDays,
    earlier: Earlier = MappingProxyType({}),
    first_paid: FirstPaid = MappingProxyType({}),
    traced: bool = True,
    opened: frozenset[int] = frozenset(),
) -> Calculation:
    """Payout lines of the period, one per payee, component and department, in order of their keys.

    A transfer makes one line per department; a policy that changes inside the period, or a change of role, is computed
    by parts that add up to one line, which is held whole if one of its parts is. Components that others read are
    computed first. Nothing depends on the order of `payees`. `PayoutLine.amount` is in major units and payable exactly.
    `first_paid` are those who were settled together when the period was published: they are not settled anew, unless
    their step says so. `opened` says how many periods ago the columns of `earlier` came in by the opening import, and
    were not published. Without `traced`, lines have amounts and no steps.
    Raises: ValueError if an employee comes twice, for both would be paid.
    """
    _refuse_doubles(payees)
    house = House.of(policies, measures, period, working_days, earlier, first_paid, traced=traced, opened=opened)
    ordered = sorted(payees, key=lambda payee: payee.employee_id)
    with no_collection():
        coverages = [coverage_of(house, payee) for payee in ordered]
        paid = _paid(house, ordered, [part for coverage in coverages for part in coverage.parts])
    held = (*paid.held, *(each for coverage in coverages for each in coverage.held))
    return Calculation(
        tuple(sorted(paid.lines, key=lambda line: (line.payee, line.component))),
        tuple(sorted(held, key=lambda each: (each.payee, each.component))),
        tuple(each for coverage in coverages for each in coverage.without_policy),
        tuple(paid.rows),
    )


def _refuse_doubles(payees: Sequence[Employee]) -> None:
    names = [payee.employee_id for payee in payees]
    doubles = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if doubles:
        raise ValueError(f"payees that come twice: {', '.join(doubles)}")


@dataclass(slots=True)
class _Found:
    """What the components computed so far have come to; `amounts` by payee and component, None where one is held."""

    lines: list[PayoutLine] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    rows: list[Filled] = field(default_factory=list)
    amounts: dict[tuple[str, str], Decimal | None] = field(default_factory=dict)


def _paid(house: House, payees: Sequence[Employee], parts: Sequence[Part]) -> _Found:
    """Component by component, those first that others read."""
    led = Led.within(house.period, payees, _levels(house.policies))
    found = _Found()
    for component in _in_order(house.policies):
        _add_component(found, house, [part for part in parts if part.ready.policy.component == component], led)
    return found


def _levels(policies: PolicyBook) -> frozenset[int]:
    inputs = (source for ready in policies.policies for source in ready.policy.inputs.values())
    return frozenset(source.level for source in inputs if source.level is not None)


def _in_order(policies: PolicyBook) -> Iterable[str]:
    reads: dict[str, set[str]] = defaultdict(set)
    for ready in policies.policies:
        reads[ready.policy.component] |= ready.components_read
    return TopologicalSorter(dict(sorted(reads.items()))).static_order()


def _add_component(found: _Found, house: House, parts: Sequence[Part], led: Led) -> None:
    rows = _rows(house, parts, led, found.amounts)
    keys, period = [(part.payee.employee_id, part.component) for part in parts], str(house.period)
    for key, group in groupby(sorted(range(len(parts)), key=keys.__getitem__), key=keys.__getitem__):
        indexes = list(group)
        mine, filled = [parts[index] for index in indexes], [rows[index] for index in indexes]
        if any(row.stop for row in filled):
            found.held.append(_held(mine[0], filled))
            found.amounts[key] = None
        else:
            line = _line(period, mine, filled)
            found.lines.append(line)
            found.rows += map(_filled, mine, filled)
            found.amounts[key] = line.amount


def _filled(part: Part, row: Row) -> Filled:
    return Filled(part.payee.employee_id, part.ready, part.department, row.values)


def _rows(house: House, parts: Sequence[Part], led: Led, paid: Paid) -> Mapping[int, Row]:
    """The rows of all parts, filled policy by policy: a step may look at all who are paid by the same version."""
    first = _first_parts(parts)
    by_version: dict[tuple[str, date], list[int]] = defaultdict(list)
    for index, part in enumerate(parts):
        by_version[part.ready.policy.id, part.ready.policy.valid_from].append(index)
    rows: dict[int, Row] = {}
    for indexes in by_version.values():
        ready = parts[indexes[0]].ready
        starts = starts_of(house, ready, ((parts[index], index in first) for index in indexes), led, paid)
        filled = fill(ready, starts, paid=house.paid_by(ready.policy), traced=house.traced)
        rows |= zip(indexes, filled, strict=True)
    return rows


def _first_parts(parts: Sequence[Part]) -> frozenset[int]:
    """Of each payee the part of the earliest day, which is the one that earlier periods carry over to."""
    first: dict[str, int] = {}
    for index, part in enumerate(parts):
        before = first.setdefault(part.payee.employee_id, index)
        if part.spans[0].start < parts[before].spans[0].start:
            first[part.payee.employee_id] = index
    return frozenset(first.values())


def _held(part: Part, rows: Sequence[Row]) -> Held:
    stops = [row.stop for row in rows if row.stop is not None]
    text = "; ".join(dict.fromkeys(stop.text for stop in stops))
    return Held(part.payee.employee_id, part.component, part.department, stops[0].reason, text, tuple(_steps(rows)))


def _line(period: str, parts: Sequence[Part], rows: Sequence[Row]) -> PayoutLine:
    """One line; where it has several parts, their amounts are summed in a last column."""
    policy = parts[-1].ready.policy
    amounts = [row.amount for row in rows if row.amount is not None]
    amount, steps = sum(amounts, Decimal(0)), tuple(_steps(rows))
    if len(rows) > 1:
        inputs = tuple(
            (part.ready.policy.id, canonical_decimal(each)) for part, each in zip(parts, amounts, strict=True)
        )
        steps = (*steps, Step("sum_of_parts", "sum", amount, inputs, str(parts[-1].ready.placed.place())))
    to_minor(amount, policy.currency)  # payable exactly: the last step of every policy rounds
    return PayoutLine(
        parts[-1].payee.employee_id,
        parts[-1].component,
        period,
        policy.currency,
        amount,
        parts[-1].department,
        parts[-1].ready.version.digest,
        steps,
    )


def _steps(rows: Iterable[Row]) -> Iterator[Step]:
    for row in rows:
        yield from row.steps


def carried_columns(rows: Iterable[Filled]) -> dict[tuple[str, str], dict[str, Decimal]]:
    """Of each payee and component, the sums of the columns over all its rows: what the next period may carry over."""
    found: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        columns = found[row.payee, row.ready.policy.component]
        for name, value in row.values.items():
            columns[name] = CONTEXT.add(columns.get(name, Decimal(0)), value)
    return found
